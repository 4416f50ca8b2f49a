"""Guarding edits a host's settings; unguarding leaves them as they were, byte for byte."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from magistrate.core.errors import ConfigError, InputError
from magistrate.hosts.live.install import Content, guard, plugin, recall, unguard
from magistrate.hosts.live.jsonc import tree
from magistrate.hosts.live.wiring import DEADLINE, WAIT, WIRINGS, Place, Wiring

MARK = "/state dir/hook.py"
HOSTS = sorted(WIRINGS)
SETTINGS = [host for host in HOSTS if not WIRINGS[host].plugin]
MINE = b"""{
    // mine
    "theme": "dark",
    "hooks": {
        "PreToolUse": [ {"hooks": [{"type": "command", "command": "my-linter"}]} ],
        "preToolUse": [ {"command": "my-linter", "bash": "my-linter"} ],
        "BeforeTool": [],
    },
}"""


def content(wiring: Wiring, *, dry_run: bool = False) -> Content:
    words = ["/usr/bin/python3", "-I", "-S", MARK, wiring.host]
    commands = {
        event: words + ([] if wiring.plugin else [event]) + ["--dry-run"] * dry_run for event in wiring.events()
    }
    return Content(commands=commands, mark=MARK, dry_run=dry_run)


def place(wiring: Wiring, root: Path) -> Place:
    return wiring.place(next(iter(wiring.files)), home=root, project=root, env={})


def everything(root: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    return tmp_path / "state" / "guards"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_left_of_what_was_not_there_before(host: str, home: Path, keep: Path) -> None:
    wiring = WIRINGS[host]
    where = place(wiring, home)
    assert guard(wiring, where, content(wiring), keep) == "written"
    assert stat.S_IMODE(where.file.stat().st_mode) == 0o600
    assert guard(wiring, where, content(wiring), keep) == "unchanged"
    assert unguard(wiring, where, MARK, keep) == "restored"
    assert everything(home) == {}
    assert unguard(wiring, where, MARK, keep) == "absent"


@pytest.mark.parametrize("before", [MINE, b"{}", b"", b'\r\n{\r\n\t"a": [1,\r\n2]}\r\n\r\n'], ids=range(4))
@pytest.mark.parametrize("host", SETTINGS)
def test_settings_come_back_byte_for_byte(host: str, before: bytes, home: Path, keep: Path) -> None:
    wiring = WIRINGS[host]
    where = place(wiring, home)
    where.file.parent.mkdir(parents=True)
    where.file.write_bytes(before)
    where.file.chmod(0o640)
    guard(wiring, where, content(wiring), keep)
    for _ in range(2):
        guard(wiring, where, content(wiring, dry_run=True), keep)
        guard(wiring, where, content(wiring), keep)
    hooks = tree(where.file.read_text()).plain()["hooks"]
    assert all(MARK in json.dumps(hooks[event][-1]) for event in wiring.events())
    assert where.file.read_text().count(MARK) == len(wiring.events())
    assert stat.S_IMODE(where.file.stat().st_mode) == 0o640
    assert unguard(wiring, where, MARK, keep) == "restored"
    assert where.file.read_bytes() == before
    assert stat.S_IMODE(where.file.stat().st_mode) == 0o640


@pytest.mark.parametrize("host", SETTINGS)
def test_other_entries_and_comments_stay(host: str, home: Path, keep: Path) -> None:
    wiring = WIRINGS[host]
    where = place(wiring, home)
    where.file.parent.mkdir(parents=True)
    where.file.write_bytes(MINE)
    guard(wiring, where, content(wiring), keep)
    text = where.file.read_text()
    assert "// mine" in text
    assert text.count("my-linter") == MINE.count(b"my-linter")
    assert tree(text).plain()["theme"] == "dark"


@pytest.mark.parametrize("host", SETTINGS)
def test_of_settings_changed_meanwhile_only_ours_are_taken_out(host: str, home: Path, keep: Path) -> None:
    wiring = WIRINGS[host]
    where = place(wiring, home)
    where.file.parent.mkdir(parents=True)
    where.file.write_bytes(MINE)
    guard(wiring, where, content(wiring), keep)
    where.file.write_text(where.file.read_text().replace('"dark"', '"light"'))
    assert unguard(wiring, where, MARK, keep) == "removed"
    left = where.file.read_text()
    assert MARK not in left
    assert "// mine" in left
    mine = tree(MINE.decode()).plain()
    after = tree(left).plain()
    assert after["theme"] == "light"
    assert {event: entries for event, entries in after["hooks"].items() if entries} == {
        event: entries for event, entries in mine["hooks"].items() if entries
    }
    assert recall(keep, where) is None


@pytest.mark.parametrize("host", SETTINGS)
def test_hooks_without_a_note_are_found_by_their_mark(host: str, home: Path, keep: Path) -> None:
    wiring = WIRINGS[host]
    where = place(wiring, home)
    guard(wiring, where, content(wiring), keep)
    for note in keep.iterdir():
        note.unlink()
    guard(wiring, where, content(wiring), keep)
    assert where.file.read_text().count(MARK) == len(wiring.events())
    for note in keep.iterdir():
        note.write_text("not a note")
    assert unguard(wiring, where, MARK, keep) == "removed"
    assert not where.file.exists() or MARK not in where.file.read_text()


@pytest.mark.parametrize("host", SETTINGS)
@pytest.mark.parametrize("text", [b"{", b'{"hooks": 1}', b'{"hooks": []}', b"[]", b"\xff{}", b'{"hooks": {"X": 1}} x'])
def test_settings_that_cannot_be_read_are_left_alone(host: str, text: bytes, home: Path, keep: Path) -> None:
    wiring = WIRINGS[host]
    where = place(wiring, home)
    where.file.parent.mkdir(parents=True)
    where.file.write_bytes(text)
    with pytest.raises((ConfigError, InputError), match=where.file.name):
        guard(wiring, where, content(wiring), keep)
    assert where.file.read_bytes() == text


@pytest.mark.parametrize("host", HOSTS)
def test_links_lead_nowhere(host: str, home: Path, keep: Path, tmp_path: Path) -> None:
    """A project may be anybody's: neither a folder nor the file of it may lead a write elsewhere."""
    wiring = WIRINGS[host]
    where = place(wiring, home)
    outside = tmp_path / "outside"
    outside.mkdir()
    first = home / where.file.relative_to(home).parts[0]
    first.symlink_to(outside)
    with pytest.raises(ConfigError, match="link"):
        guard(wiring, where, content(wiring), keep)
    first.unlink()
    where.file.parent.mkdir(parents=True)
    target = outside / "file"
    target.write_text("{}")
    where.file.symlink_to(target)
    for change in (lambda: guard(wiring, where, content(wiring), keep), lambda: unguard(wiring, where, MARK, keep)):
        with pytest.raises(ConfigError, match="link"):
            change()
    assert target.read_text() == "{}"
    assert list(outside.iterdir()) == [target]


def test_pipes_and_huge_files_do_not_hold_it_up(home: Path, keep: Path) -> None:
    wiring = WIRINGS["claude-code"]
    where = place(wiring, home)
    where.file.parent.mkdir()
    os.mkfifo(where.file)
    with pytest.raises(ConfigError, match="no plain file"):
        guard(wiring, where, content(wiring), keep)
    where.file.unlink()
    where.file.write_bytes(b" " * (5 << 20))
    with pytest.raises(ConfigError, match="is over"):
        guard(wiring, where, content(wiring), keep)


def test_folders_that_came_to_hold_more_stay(home: Path, keep: Path) -> None:
    wiring = WIRINGS["copilot"]
    where = place(wiring, home)
    guard(wiring, where, content(wiring), keep)
    other = where.file.with_name("mine.json")
    other.write_text("{}")
    assert unguard(wiring, where, MARK, keep) == "restored"
    assert [path for path in home.rglob("*") if path.is_file()] == [other]


def test_another_plugin_of_that_name_is_not_overwritten(home: Path, keep: Path) -> None:
    wiring = WIRINGS["opencode"]
    where = place(wiring, home)
    where.file.parent.mkdir(parents=True)
    where.file.write_text("export const Mine = 1")
    with pytest.raises(ConfigError, match="move it away"):
        guard(wiring, where, content(wiring), keep)


@pytest.mark.parametrize("host", SETTINGS)
def test_the_host_waits_longer_than_the_hook(host: str) -> None:
    """And blocks on a failed hook wherever it can be told so."""
    wiring = WIRINGS[host]
    for event in wiring.events(approve=True):
        hook: Any = wiring.entry(["hook"], wiring.patience(event), wiring.gated(event))
        hook = hook["hooks"][0] if "hooks" in hook else hook
        waits = hook.get("timeout") or hook["timeoutSec"]
        seconds = waits / 1000 if waits > 1000 else waits
        assert wiring.deadline(event) < seconds
        if wiring.gated(event):
            assert (wiring.deadline(event), seconds) == (DEADLINE, WAIT)
    if host == "claude-code":
        assert wiring.entry(["hook"], 60, True)["hooks"][0]["onFailure"] == "block"
    if host == "cursor":
        assert wiring.entry(["hook"], 60, True)["failClosed"] is True


def test_a_moved_folder_is_found(home: Path, tmp_path: Path) -> None:
    moved = {
        "CLAUDE_CONFIG_DIR": str(tmp_path / "c"),
        "CODEX_HOME": str(tmp_path / "x"),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    found = {
        host: WIRINGS[host].place("user", home=home, project=home, env=moved).file.relative_to(tmp_path)
        for host in ("claude-code", "codex", "opencode", "gemini-cli")
    }
    assert {host: str(path) for host, path in found.items()} == {
        "claude-code": "c/settings.json",
        "codex": "x/hooks.json",
        "opencode": "opencode/plugin/magistrate.js",
        "gemini-cli": "home/.gemini/settings.json",
    }


def test_a_scope_that_a_host_does_not_have_is_named(home: Path) -> None:
    with pytest.raises(ConfigError, match="--project"):
        WIRINGS["vscode"].place("user", home=home, project=home, env={})


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_waits_as_long_as_a_person_may_take(host: str) -> None:
    wiring = WIRINGS[host]
    gate, tell = wiring.gates[0], wiring.tells[0]
    if wiring.longest < 1000:
        with pytest.raises(ConfigError, match="lets the call pass"):
            wiring.patience(gate, 900)
        assert DEADLINE + 30 < wiring.patience(gate, 30) <= wiring.longest
        return
    assert wiring.patience(gate, 900) > 900 + DEADLINE
    assert wiring.patience(tell, 900) == WAIT


def test_the_plugin_waits_as_long() -> None:
    waiting = Content(commands={"tool.execute.before": ["hook", "opencode"]}, mark=MARK, wait=900)
    assert b"const WAIT = /*WAIT*/ 960000" in plugin(waiting)
