"""Trust in Codex's settings: exactly what a person gave, and nothing left of it afterwards."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.errors import ConfigError
from magistrate.hosts.live.install import Content, guard, unguard
from magistrate.hosts.live.trust import composed, distrust, hashes, hook_hash, known, stripped, trust, trusted
from magistrate.hosts.live.trust import settings as settings_of
from magistrate.hosts.live.wiring import WIRINGS, Place

MARK = "/state/hook.py"
CODEX = WIRINGS["codex"]
MINE = b"""# mine
model = "m"

[hooks.state."/other/hooks.json:pre_tool_use:0:0"]
trusted_hash = "sha256:00"

[projects."/x"]
trust_level = "trusted"  # yes"""
PLACE = Place(file=Path("/nowhere/config.toml"), root=Path("/nowhere"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    (folder / ".codex").mkdir(parents=True)
    return folder


def guarded(home: Path, keep: Path, *, below: str = "", dry_run: bool = False) -> Path:
    """The file of hooks, with ours in it."""
    root = home / below if below else home
    place = CODEX.place("user" if not below else "project", home=home, project=root, env={})
    commands = {event: ["py", MARK, "codex", event] + ["--dry-run"] * dry_run for event in CODEX.events()}
    guard(CODEX, place, Content(commands=commands, mark=MARK, dry_run=dry_run), keep)
    return place.file


def config(home: Path) -> Path:
    return home / ".codex" / "config.toml"


def states(file: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(file.read_text())["hooks"]["state"]
    return found


def test_the_hash_of_a_definition() -> None:
    """Held against Codex's own list by the end-to-end tests; here against what it must and must not rest on."""
    hook = {"type": "command", "command": "a", "timeout": 60}
    assert hook_hash("PreToolUse", hook) == hook_hash("PreToolUse", {**hook, "async": False, "later": 1})
    different = [
        hook_hash("PreToolUse", hook),
        hook_hash("PostToolUse", hook),
        hook_hash("PreToolUse", {**hook, "command": "b"}),
        hook_hash("PreToolUse", {**hook, "timeout": 61}),
        hook_hash("PreToolUse", {**hook, "statusMessage": "s"}),
        hook_hash("PreToolUse", hook, ""),
    ]
    assert len(set(different)) == len(different)
    assert hook_hash("Stop", hook, "*") == hook_hash("Stop", hook)
    assert hook_hash("SessionEnd", hook) == hook_hash("SessionEnd", {**hook, "timeout": 3})


@pytest.mark.parametrize("before", [None, b"", b"\n", MINE, b"a = 1\r\n"], ids=range(5))
def test_trust_comes_and_goes_byte_for_byte(before: bytes | None, home: Path, tmp_path: Path) -> None:
    keep, place = tmp_path / "keep", settings_of(home, {})
    if before is not None:
        config(home).write_bytes(before)
    file = guarded(home, keep)
    wanted = hashes(file, MARK)
    assert len(wanted) == len(CODEX.events())
    assert not trusted(place, wanted)
    assert trust(place, file, wanted, keep) == "written"
    assert trusted(place, wanted)
    assert trust(place, file, wanted, keep) == "unchanged"
    assert config(home).read_bytes().startswith(before or b"")
    assert config(home).stat().st_mode & 0o777 == (0o644 if before is not None else 0o600)
    # Other options make other hooks: the old trust is worth nothing, and is replaced.
    renewed = hashes(guarded(home, keep, dry_run=True), MARK)
    assert not trusted(place, renewed)
    assert trust(place, file, renewed, keep) == "written"
    assert [entry["trusted_hash"] for key, entry in states(config(home)).items() if key in renewed] == [
        *renewed.values()
    ]
    assert distrust(place, file, keep) == "restored"
    assert (config(home).read_bytes() if config(home).exists() else None) == before
    assert distrust(place, file, keep) == "absent"


def test_what_others_wrote_meanwhile_stays(home: Path, tmp_path: Path) -> None:
    keep, place = tmp_path / "keep", settings_of(home, {})
    config(home).write_bytes(MINE)
    file = guarded(home, keep)
    trust(place, file, hashes(file, MARK), keep)
    more = b'\n[projects."/y"]\ntrust_level = "trusted"\n'
    config(home).write_bytes(config(home).read_bytes() + more)
    assert distrust(place, file, keep) == "removed"
    assert config(home).read_bytes() == MINE + b"\n" + more


def test_a_trust_that_a_person_gave_by_themselves_stays(home: Path, tmp_path: Path) -> None:
    keep, place = tmp_path / "keep", settings_of(home, {})
    file = guarded(home, keep)
    wanted = hashes(file, MARK)
    text = composed(MINE, wanted, place)
    config(home).write_bytes(text)
    assert trust(place, file, wanted, keep) == "unchanged"
    assert distrust(place, file, keep) == "absent"
    assert config(home).read_bytes() == text


def test_two_files_of_hooks(home: Path, tmp_path: Path) -> None:
    keep, place = tmp_path / "keep", settings_of(home, {})
    config(home).write_bytes(MINE)
    (home / "work").mkdir()
    files = [guarded(home, keep), guarded(home, keep, below="work")]
    first, second = (hashes(file, MARK) for file in files)
    trust(place, files[0], first, keep)
    trust(place, files[1], second, keep)
    assert trusted(place, first)
    assert trusted(place, second)
    assert distrust(place, files[0], keep) == "removed"
    assert not trusted(place, first)
    assert trusted(place, second)
    assert distrust(place, files[1], keep) == "restored"
    assert config(home).read_bytes() == MINE


def test_a_home_by_another_name(home: Path, tmp_path: Path) -> None:
    """Codex follows links in a home that is named to it, and nowhere else."""
    link = tmp_path / "link"
    link.symlink_to(home)
    real, named = home / "hooks.json", link / "hooks.json"
    assert known(named, {"CODEX_HOME": str(link)}) == real
    assert known(named, {}) == named
    assert known(named, {"CODEX_HOME": str(tmp_path / "else")}) == named


def test_only_ours_are_trusted(home: Path, tmp_path: Path) -> None:
    """Other people's hooks in the same file are theirs to trust; ours keep their place behind them."""
    file = home / ".codex" / "hooks.json"
    theirs = {"matcher": "Bash", "hooks": [{"type": "command", "command": "lint"}]}
    file.write_text(json.dumps({"hooks": {"PreToolUse": [theirs, theirs]}}))
    wanted = hashes(guarded(home, tmp_path / "keep"), MARK)
    assert [key for key in wanted if ":pre_tool_use:" in key] == [f"{file}:pre_tool_use:2:0"]
    unguard(CODEX, CODEX.place("user", home=home, project=home, env={}), MARK, tmp_path / "keep")
    assert hashes(file, MARK) == {}


@pytest.mark.parametrize(
    "text",
    [
        b"hooks = 1",
        b"hooks.state = {}",
        b"[hooks]\nstate = 3",
        b'model = """\n[hooks.state."k"]\ntrusted_hash = "sha256:%s"\n"""' % (b"0" * 64),
        b'[hooks.state."k"]\nenabled = false\n',
        b"not toml",
        b"\xff",
    ],
)
def test_what_does_not_fit_is_left_alone(text: bytes) -> None:
    with pytest.raises(ConfigError):
        composed(text, {"k": "sha256:" + "1" * 64}, PLACE)


@settings(max_examples=50)
@given(st.dictionaries(st.text(min_size=1), st.sampled_from(["0" * 64, "a" * 64]), min_size=1, max_size=3))
def test_any_place_is_written_so_that_it_is_read(keys: dict[str, str]) -> None:
    wanted = {key: f"sha256:{value}" for key, value in keys.items()}
    text = composed(MINE, wanted, PLACE)
    state = tomllib.loads(text.decode())["hooks"]["state"]
    assert {key: state[key]["trusted_hash"] for key in wanted} == wanted
    assert stripped(text, wanted) == MINE + b"\n"
