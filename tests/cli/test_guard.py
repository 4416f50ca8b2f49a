"""guard, unguard and doctor on a home of their own."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from magistrate.cli import cli
from magistrate.core.records import RunStarted
from magistrate.ledger import Ledger
from magistrate.server import checkup
from magistrate.server.checkup import health
from magistrate.server.codex_trust import distrusted
from magistrate.server.state import State

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("MAGISTRATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "COPILOT_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def state(home: Path) -> Iterator[State]:
    """The state folder; a server that a hook started there is ended."""
    found = State(folder=home.parent / "state")
    yield found
    try:
        pid = health(found)["pid"]
    except (OSError, ValueError):
        return
    os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.05)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def findings(*words: str) -> tuple[int, dict[str, Any]]:
    done = run("doctor", *words, "--json")
    (line,) = done.output.splitlines()
    report = json.loads(line)["report"]
    return done.exit_code, {check["name"]: (check["ok"], check.get("what", "")) for check in report["checks"]}


def test_guard_says_where_and_unguard_leaves_nothing(home: Path) -> None:
    done = run("guard", "claude-code")
    assert done.exit_code == 0, done.output
    settings = home / ".claude" / "settings.json"
    assert str(settings) in done.output
    assert "was guarded already" in run("guard", "claude-code").output
    assert "byte for byte" in run("unguard", "claude-code").output
    assert not settings.parent.exists()
    assert "no hook of ours" in run("unguard", "claude-code").output


def test_what_guard_writes_into_the_command(home: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.md"
    rules.write_text("# Ours\n")
    run("guard", "claude-code", "--project", "--dry-run", "--allow-means", "approve", "--rules", str(rules))
    hooks = json.loads((home / ".claude" / "settings.local.json").read_text())["hooks"]
    commands = {event: entries[0]["hooks"][0]["command"] for event, entries in hooks.items()}
    assert all(" --dry-run" in command for command in commands.values())
    assert {event for event, command in commands.items() if " --approve" in command} == {
        "PreToolUse",
        "PermissionRequest",
    }
    assert str(rules).encode() in (tmp_path / "state" / "serve").read_bytes()
    assert str(rules) in run("guard", "codex").output
    assert str(rules).encode() in (tmp_path / "state" / "serve").read_bytes()


def test_a_hook_tried_by_hand_leaves_the_rules(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda path, words: started.append(words))
    rules = tmp_path / "rules.md"
    rules.write_text("# Ours\n")
    run("guard", "claude-code", "--rules", str(rules))
    before = (tmp_path / "state" / "serve").read_bytes()
    assert run("hook", "claude-code", "PreToolUse").exit_code == 0
    assert started[0][-2:] == ["claude-code", "PreToolUse"]
    assert (tmp_path / "state" / "serve").read_bytes() == before
    assert str(rules).encode() in before


def test_a_file_of_ones_own(home: Path, tmp_path: Path) -> None:
    named = tmp_path / "dotfiles" / "settings.json"
    named.parent.mkdir()
    named.write_text('{"a": 1}')
    (home / ".claude").symlink_to(named.parent)
    refused = run("guard", "claude-code")
    assert "--config" in str(refused.exception)
    assert run("guard", "claude-code", "--config", str(named)).exit_code == 0
    assert "hook.py" in named.read_text()
    run("unguard", "claude-code", "--config", str(named))
    assert named.read_text() == '{"a": 1}'


def test_a_host_that_has_its_own_say_cannot_be_answered_for(home: Path) -> None:
    assert run("guard", "gemini-cli", "--allow-means", "approve").exit_code == 2
    assert list(home.iterdir()) == []


def test_an_unknown_host_is_named(home: Path) -> None:
    assert "claude-code" in str(run("guard", "emacs").exception)


def test_doctor_without_anything_guarded(home: Path) -> None:
    done = run("doctor")
    assert done.exit_code == 4
    assert "no host is guarded" in done.output


def test_doctor_sees_both_probes_decided_and_recorded(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    run("guard", "claude-code")
    code, found = findings("claude-code")
    assert code == 0, found
    assert found["harmless"][1].startswith("silence")
    assert found["planted"][1].startswith("deny")
    assert found["recorded"] == (True, "allow (no-effect), deny (bright-line)")
    assert found["server"][0]
    with Ledger(state.ledger, readonly=True) as ledger:
        started = [event.body for event in ledger.events() if isinstance(event.body, RunStarted)]
    assert [body.role for body in started] == ["probe"]
    text = run("doctor").output
    assert "files that the user mentions with @" in text

    settings = Path.home() / ".claude" / "settings.json"
    settings.chmod(0o666)
    assert findings("claude-code")[1]["modes"][0] is False
    settings.chmod(0o600)
    hook = state.folder / "magistrate_hook.py"
    hook.write_text(hook.read_text().replace("Magistrate could not", "Nobody could"))
    assert findings("claude-code")[1]["hook"][0] is False
    monkeypatch.setattr(checkup, "PATIENCE", 0.5)
    # A hook that lets everything pass is found out, whatever its settings say.
    state.hook.write_text("import sys\nsys.exit(0)\n")
    code, found = findings("claude-code")
    assert code == 4
    assert found["planted"][0] is False
    assert found["gate"][0] is True
    # And so is one that is gone from the settings.
    written = json.loads(settings.read_text())
    del written["hooks"]["PreToolUse"]
    settings.write_text(json.dumps(written))
    code, found = findings("claude-code")
    assert code == 4
    assert found["gate"] == (False, "no hook for PreToolUse")
    assert "changed since" in found["settings"][1]


def test_doctor_of_a_dry_run(state: State) -> None:
    run("guard", "opencode", "--dry-run")
    code, found = findings("opencode")
    assert code == 0, found
    assert found["planted"][1].startswith("allow")
    assert found["recorded"][1] == "allow (no-effect), deny (bright-line)"


@pytest.mark.parametrize(
    ("host", "file", "text"),
    [
        ("claude-code", ".claude/settings.local.json", '{"disableAllHooks": true}'),
        ("gemini-cli", ".gemini/settings.json", '{"hooksConfig": {"enabled": false}} // mine'),
        ("gemini-cli", ".gemini/settings.json", '{"hooksConfig": {"disabled": ["other", "magistrate"]}}'),
        ("qwen-code", ".qwen/settings.json", '{"disableAllHooks": true}'),
    ],
)
def test_hooks_that_are_switched_off(
    host: str, file: str, text: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "_tried", lambda *words: [])
    run("guard", host)
    assert findings(host)[1]["switch"][0] is True
    run("unguard", host)
    (home / file).parent.mkdir(exist_ok=True)
    (home / file).write_text(text)
    run("guard", host)
    assert findings(host)[1]["switch"][0] is False


def test_hooks_that_codex_leaves_out() -> None:
    def hook(command: str, trust: str, enabled: bool = True) -> dict[str, Any]:
        return {"command": command, "trustStatus": trust, "enabled": enabled, "eventName": "preToolUse"}

    assert distrusted([hook("py /s/hook.py codex", "trusted"), hook("other", "untrusted")], "/s/hook.py") == []
    for left in (hook("/s/hook.py", "untrusted"), hook("/s/hook.py", "modified"), hook("/s/hook.py", "trusted", False)):
        assert distrusted([left], "/s/hook.py") == ["preToolUse"]
    (none,) = distrusted([hook("other", "trusted")], "/s/hook.py")
    assert "all" in none


def test_codex_is_told_of_the_persons_trust_only_when_they_say_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkup, "_tried", lambda *words: [])
    config = home / ".codex" / "config.toml"
    assert run("guard", "gemini-cli", "--trust").exit_code == 2
    said = run("guard", "codex").output
    assert "NOT YET IN FORCE" in said
    assert "--trust" in said
    assert "/hooks" in said
    assert not config.exists()
    code, found = findings("codex")
    assert code == 4
    assert found["trust"][0] is False

    monkeypatch.setenv("CODEX_THREAD_ID", "1")
    assert "for people" in str(run("guard", "codex", "--trust").exception)
    monkeypatch.delenv("CODEX_THREAD_ID")
    assert not config.exists()
    assert "NOT YET" not in run("guard", "codex", "--trust").output
    assert findings("codex")[1]["trust"] == (True, "trusted, by its settings")
    # What was trusted stays so when the person guards anew with other options.
    assert "NOT YET" not in run("guard", "codex", "--dry-run").output
    assert findings("codex")[1]["trust"][0] is True
    assert "byte for byte" in run("unguard", "codex").output
    assert not config.parent.exists()


@pytest.mark.parametrize(
    ("told", "said"), [("2.1.197 (Claude Code)", True), ("2.1.295 (Claude Code)", False), ("2.2.0", False), ("?", True)]
)
def test_doctor_names_a_host_that_lets_calls_pass_when_a_hook_fails(
    told: str, said: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "_tried", lambda *words: [])
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{told}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    run("guard", "claude-code")
    found = findings("claude-code")[1]
    assert ("failures" in found) is said
    assert found["host"][1] == f"claude {told}"
    run("guard", "cursor")
    assert "never tried" in findings("cursor")[1]["adapter"][1]


def test_trust_that_cannot_be_written_says_what_is_left_to_do(home: Path) -> None:
    (home / ".codex").mkdir()
    (home / "dotfiles.toml").write_text("")
    (home / ".codex" / "config.toml").symlink_to(home / "dotfiles.toml")
    said = run("guard", "codex", "--trust")
    assert said.exit_code != 0
    assert "not in force" in str(said.exception)
    assert "/hooks" in str(said.exception)
    assert (home / "dotfiles.toml").read_text() == ""
    assert "no trust of ours" in run("unguard", "codex").output
