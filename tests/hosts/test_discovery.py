"""Finding sessions: the user's own history, folders, whose file it is, and what is said of files that hold none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from magistrate import hosts
from magistrate.core.errors import ConfigError, InputError
from magistrate.core.intake import Head, Intake
from magistrate.core.records import Action, Outcome, RunStarted, Session
from magistrate.hosts import importer_for, sessions
from magistrate.hosts.discover import own_history
from magistrate.testing.samples import CLAUDE_SESSION, CODEX_SESSION, claude_code, codex, write_lines


def runs(*paths: Path) -> tuple[list[str], Intake]:
    intake = Intake()
    return [session.run for session in sessions(paths, intake)], intake


# ---------------------------------------------------------------- own history


def test_no_history_is_an_empty_list(tmp_path: Path) -> None:
    assert own_history({"HOME": str(tmp_path)}) == []
    assert own_history({"HOME": str(tmp_path / "missing")}) == []


def test_history_in_the_usual_places(tmp_path: Path) -> None:
    for place in (".claude/projects", ".codex/sessions", ".codex/archived_sessions", ".claude/todos"):
        (tmp_path / place).mkdir(parents=True)
    found = own_history({"HOME": str(tmp_path)})
    assert found == [tmp_path / ".claude/projects", tmp_path / ".codex/sessions", tmp_path / ".codex/archived_sessions"]


def test_history_moved_by_variables(tmp_path: Path) -> None:
    (tmp_path / "c" / "projects").mkdir(parents=True)
    (tmp_path / "x" / "sessions").mkdir(parents=True)
    (tmp_path / ".claude" / "projects").mkdir(parents=True)
    environ = {"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "c"), "CODEX_HOME": str(tmp_path / "x")}
    assert own_history(environ) == [tmp_path / "c" / "projects", tmp_path / "x" / "sessions"]
    assert own_history({**environ, "CLAUDE_CONFIG_DIR": str(tmp_path / "gone")}) == [tmp_path / "x" / "sessions"]


def test_history_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", none)
    assert own_history({}) == []


def test_history_is_read_end_to_end(tmp_path: Path) -> None:
    claude_code(tmp_path / ".claude" / "projects" / "-home-mia-shop")
    codex(tmp_path / ".codex" / "sessions")
    found, intake = runs(*own_history({"HOME": str(tmp_path)}))
    assert found[0] == CLAUDE_SESSION
    assert CODEX_SESSION in found
    assert len(found) == 3
    assert not intake.problems


# ---------------------------------------------------------------- folders and files


def test_a_bad_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    claude_code(tmp_path / "b")
    (tmp_path / "a.jsonl").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "c.jsonl").write_bytes(b"")
    (tmp_path / "d.txt").write_text("notes")
    found, intake = runs(tmp_path, tmp_path / "missing.jsonl")
    assert found[0] == CLAUDE_SESSION
    said = {Path(problem.where).name: problem for problem in intake.problems}
    assert set(said) == {"a.jsonl", "c.jsonl", "missing.jsonl"}
    assert "codex" in said["a.jsonl"].mend  # what would have been known
    assert said["c.jsonl"].what == "is empty"
    assert intake.skipped["file of another kind"] == 2  # the notes, and what describes the sub-agent


def test_hidden_and_linked_folders_are_left_out(tmp_path: Path) -> None:
    claude_code(tmp_path / "real")
    claude_code(tmp_path / ".git" / "x")
    (tmp_path / "again").symlink_to(tmp_path)
    assert runs(tmp_path)[0][0] == CLAUDE_SESSION
    assert len(runs(tmp_path)[0]) == 2


def test_order_is_the_same_whatever_the_file_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "c"):
        codex(tmp_path / name)
    forward = [session.started.source for session in sessions([tmp_path], Intake())]
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: sorted(listed(path), reverse=True))
    assert [session.started.source for session in sessions([tmp_path], Intake())] == forward
    assert forward == sorted(forward)


def test_a_folder_that_may_not_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    found, intake = runs(tmp_path)
    assert not found
    assert "Permission denied" in intake.problems[0].what


def test_what_may_not_be_looked_at_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, asked = codex(tmp_path), Path.stat

    def refuse(self: Path, **how: bool) -> os.stat_result:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return asked(self, **how)

    monkeypatch.setattr(Path, "stat", refuse)
    for given in (path, tmp_path):
        found, intake = runs(given)
        assert not found
        assert "Permission denied" in intake.problems[0].what


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.jsonl")
    found, intake = runs(tmp_path)
    assert not found
    assert "not a regular file" in intake.problems[0].what


def test_the_same_run_in_two_files_stays_two_runs(tmp_path: Path) -> None:
    first, second = codex(tmp_path / "a"), codex(tmp_path / "b")
    assert runs(first, second)[0] == [CODEX_SESSION, f"{CODEX_SESSION}~2"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = codex(tmp_path)
    assert runs(path, path, tmp_path)[0] == [CODEX_SESSION]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"hello\n", "no session of a known kind"), (b'{"a": 1}\n', "no session of a known kind")],
)
def test_importer_for_says_what_was_expected(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as raised:
        importer_for(path)
    assert raised.value.where == str(path)


# ---------------------------------------------------------------- third-party importers


class Theirs:
    """An importer from elsewhere."""

    name = "theirs"

    def claims(self, head: Head) -> bool:
        return b"theirs" in head.start

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        if b"trip" in path.read_bytes():
            raise KeyError("oops")
        events = [Action(tool="t", call_id="1"), Outcome(call_id="1")]
        yield Session(run="theirs", started=RunStarted(host="theirs", source=str(path)), events=events)


class Confused(Theirs):
    """One whose claim fails on every file."""

    name = "confused"

    def claims(self, head: Head) -> bool:
        raise TypeError("not for me")


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    entries: list[EntryPoint] = []
    monkeypatch.setattr(metadata, "entry_points", lambda group: entries if group == hosts.GROUP else [])
    hosts.importers.cache_clear()
    yield entries
    hosts.importers.cache_clear()


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=f"{__name__}:{value}" if ":" not in value else value, group=hosts.GROUP)


def test_third_party_importers_are_asked_first(tmp_path: Path, plugged: list[EntryPoint]) -> None:
    plugged += [entry("theirs", "Theirs"), entry("confused", "Confused")]
    path = write_lines(tmp_path / "x.jsonl", [{"theirs": 1}])
    assert runs(path)[0] == ["theirs"]
    assert importer_for(codex(tmp_path)).name == "codex"


def test_a_third_party_importer_that_trips_does_not_stop_the_rest(tmp_path: Path, plugged: list[EntryPoint]) -> None:
    plugged.append(entry("theirs", "Theirs"))
    bad = write_lines(tmp_path / "a.jsonl", [{"theirs": "trip"}])
    found, intake = runs(bad, codex(tmp_path))
    assert found == [CODEX_SESSION]
    assert "importer theirs failed: KeyError" in intake.problems[0].what


def test_a_third_party_importer_that_cannot_be_loaded_is_named(plugged: list[EntryPoint]) -> None:
    plugged.append(entry("broken", "no_such_module_here:IMPORTER"))
    with pytest.raises(ConfigError, match="broken"):
        hosts.importers()
