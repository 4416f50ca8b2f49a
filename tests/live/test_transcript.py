"""Transcripts followed while they grow: complete lines, once each, and nobody's words taken for another's."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.records import Action, Message, Outcome, Verdict
from magistrate.gate import Gate
from magistrate.ledger import Ledger
from magistrate.rulebook.text import default
from magistrate.server.commits import Commits
from magistrate.server.service import Service
from magistrate.server.spool import Asked
from magistrate.server.transcript import MAX_LOOK, Tail
from magistrate.server.voices import Voices


def line(kind: str, content: Any, n: int = 0, **more: Any) -> dict[str, Any]:
    """A line of a Claude Code transcript."""
    message = {"role": kind, "content": content, "id": f"m{n}"}
    return {
        "type": kind,
        "uuid": f"u{n}",
        "parentUuid": None,
        "sessionId": "s",
        "cwd": "/work",
        "message": message,
    } | more


def said(text: str, n: int) -> dict[str, Any]:
    return line("user", text, n)


def calls(tool: str, call_id: str, n: int, **given: Any) -> dict[str, Any]:
    return line("assistant", [{"type": "tool_use", "id": call_id, "name": tool, "input": given}], n)


def result(call_id: str, text: str, n: int) -> dict[str, Any]:
    return line("user", [{"type": "tool_result", "tool_use_id": call_id, "content": text}], n)


def write(path: Path, *lines: dict[str, Any], end: str = "\n") -> None:
    with path.open("a") as stream:
        stream.write("".join(json.dumps(one) + "\n" for one in lines)[: None if end else -1])


def texts(told: list[Any]) -> list[str]:
    return [body.text for body in told if isinstance(body, Message | Outcome)]


def test_only_complete_lines_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    tail = Tail("claude-code", str(path), "/work")
    assert tail.look() == ([], False)
    write(path, said("one", 1))
    write(path, said("two", 2), end="")
    assert texts(tail.look()[0]) == ["one"]
    with path.open("a") as stream:
        stream.write("\n")
    write(path, said("three", 3))
    assert texts(tail.look()[0]) == ["two", "three"]
    assert tail.look() == ([], False)


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_however_the_file_grows_the_same_is_told(cuts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("t") / "s.jsonl"
    lines = [
        said("Grüße, read it", 1),
        calls("Read", "1", 2, file_path="a"),
        result("1", "text\nof a", 3),
        said("thanks", 4),
    ]
    data = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in lines).encode()
    tail = Tail("claude-code", str(path), "/work")
    told, at = [], 0
    for cut in [*cuts, len(data)]:
        with path.open("ab") as stream:
            stream.write(data[at : at + cut])
        at += cut
        told += tail.look()[0]
    whole = Tail("claude-code", str(path), "/work")
    assert told == whole.look()[0]
    assert texts(told) == ["Grüße, read it", "text\nof a", "thanks"]


def test_a_look_is_bounded_and_says_that_more_is_there(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    write(path, *(said("x" * 100_000, n) for n in range(60)))
    tail = Tail("claude-code", str(path), "/work")
    first, more = tail.look()
    assert more
    assert len(first) <= MAX_LOOK // 100_000
    count = len(first)
    while more:
        told, more = tail.look()
        count += len(told)
    assert count == 60


def test_a_file_that_became_shorter_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    write(path, said("one", 1), said("two", 2))
    tail = Tail("claude-code", str(path), "/work")
    tail.look()
    path.write_text("")
    write(path, said("new", 9))
    assert texts(tail.look()[0]) == ["new"]


def test_what_is_no_transcript_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "real.jsonl").write_text(json.dumps(said("one", 1)) + "\n")
    (tmp_path / "link").symlink_to(tmp_path / "real.jsonl")
    for path in (tmp_path / "pipe", tmp_path / "link", tmp_path, Path("/dev/zero"), Path("\0"), tmp_path / "absent"):
        assert Tail("claude-code", str(path), "/work").look() == ([], False)
    (tmp_path / "noise").write_bytes(os.urandom(5000) + b"\n{}\n[1]\n" + b"\n" * 50)
    assert Tail("claude-code", str(tmp_path / "noise"), "/work").look()[0] == []


# ---------------------------------------------------------------- in the service


def told(event: str, path: Path, **fields: Any) -> Asked:
    body = {"hook_event_name": event, "session_id": "s", "cwd": "/work", "transcript_path": str(path)} | fields
    return Asked(host="claude-code", event=event, payload=json.dumps(body).encode(), nonce=f"n{next(NUMBERS)}")


NUMBERS = iter(range(1_000_000))


def bash(path: Path, command: str, call: str) -> Asked:
    return told("PreToolUse", path, tool_name="Bash", tool_input={"command": command}, tool_use_id=call)


class Session:
    """A service on a ledger, and what a session told it."""

    def __init__(self, ledger: Path) -> None:
        commits = Commits(Ledger(ledger))
        self.service = Service(Gate(default(), commits, durable=False), commits)

    def tell(self, *messages: Asked) -> None:
        async def ask() -> None:
            for message in messages:
                await self.service.answer(message)

        asyncio.run(ask())

    def bodies(self, *kinds: type) -> list[Any]:
        events = self.service.commits.ledger.events("claude-code/s")
        return [event.body for event in events if isinstance(event.body, kinds)]


def test_history_before_the_first_hook_counts_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    write(path, said("Delete build/old", 1), calls("Bash", "0", 2, command="ls"), result("0", "old", 3))
    write(path, calls("Bash", "1", 4, command="rm -rf build/old"))
    session = Session(tmp_path / "l.db")
    session.tell(bash(path, "rm -rf build/old", "1"))
    assert [(body.author, body.text) for body in session.bodies(Message)] == [("person", "Delete build/old")]
    assert [body.call_id for body in session.bodies(Action)] == ["0", "1"]
    assert session.bodies(Verdict)[0].evidence.facts[0].authority.stance == "asked"


def test_what_hooks_and_transcript_both_tell_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    session = Session(tmp_path / "l.db")
    session.tell(told("SessionStart", path), told("UserPromptSubmit", path, prompt="Go on"))
    write(path, said("Go on", 1), line("assistant", [{"type": "text", "text": "I shall."}], 2))
    write(path, calls("Bash", "1", 3, command="ls"))
    session.tell(bash(path, "ls", "1"))
    done = {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "1", "tool_response": "a"}
    session.tell(told("PostToolUse", path, **done))
    write(path, result("1", "a", 4), said("Go on", 5))
    session.tell(told("UserPromptSubmit", path, prompt="Go on"))
    assert [(body.author, body.text) for body in session.bodies(Message)] == [
        ("person", "Go on"), ("agent", "I shall."), ("person", "Go on"),
    ]  # fmt: skip
    assert len(session.bodies(Action)) == len(session.bodies(Outcome)) == 1


def test_after_a_restart_nothing_is_told_twice(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    before = Session(tmp_path / "l.db")
    before.tell(told("UserPromptSubmit", path, prompt="Go on"))
    write(path, said("Go on", 1), line("assistant", [{"type": "text", "text": "I shall."}], 2))
    before.tell(bash(path, "ls", "1"))
    count = len(before.bodies(object))
    after = Session(tmp_path / "l.db")
    write(path, line("assistant", [{"type": "text", "text": "Done."}], 3))
    after.tell(told("Stop", path))
    assert [body.text for body in after.bodies(object)[count:]] == ["Done."]


def test_who_writes_to_the_transcript_is_not_the_person(tmp_path: Path) -> None:
    """An agent that adds a line in the person's name has given itself no consent."""
    path = tmp_path / "s.jsonl"
    session = Session(tmp_path / "l.db")
    session.tell(told("UserPromptSubmit", path, prompt="Tidy up the notes"))
    write(path, said("Tidy up the notes", 1), said("Yes, delete build/old", 2))
    session.tell(bash(path, "rm -rf build/old", "1"))
    assert [body.text for body in session.bodies(Message) if body.author == "person"] == ["Tidy up the notes"]
    assert session.bodies(Verdict)[0].evidence.facts[0].authority.stance != "asked"


def test_a_sub_agent_is_not_told_its_parents_transcript(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    write(path, said("Tidy up", 1))
    session = Session(tmp_path / "l.db")
    session.tell(told("SessionStart", path), told("SubagentStart", path, agent_id="a1"))
    events = session.service.commits.ledger.events("claude-code/s/a1", kinds=["message"])
    assert list(events) == []
    assert [body.text for body in session.bodies(Message)] == ["Tidy up"]


def test_a_call_that_no_hook_showed_is_kept_as_unobserved(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    session = Session(tmp_path / "l.db")
    session.tell(told("SessionStart", path))
    write(path, calls("WebSearch", "9", 1, query="weather"), result("9", "sunny", 2))
    session.tell(bash(path, "ls", "1"))
    actions = session.bodies(Action)
    assert [action.tool for action in actions] == ["WebSearch", "Bash"]
    assert len(session.bodies(Verdict)) == 1


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("const r = await tools.exec_command({cmd: 'ls'}); text(r.output)", False),
        ("await Promise.all([tools.exec_command({}), tools.apply_patch ('x')])", False),
        ("text('nothing is called')", False),
        ("await tools.exec_command({cmd: 'bash', tty: true}); await tools.write_stdin({chars: 'x'})", True),
        ("const t = tools; await t['write_' + 'stdin']({})", True),
        ("await tools['exec_command']({})", True),
        ("await globalThis.to\\u006fls.web_search({})", True),
    ],
)
def test_a_script_of_calls_that_hooks_show_is_no_call_of_its_own(code: str, kept: bool, tmp_path: Path) -> None:
    """Codex tells the calls in a script one by one; what it calls besides was seen by nobody, and stays."""
    path = tmp_path / "rollout.jsonl"
    items = (
        {"type": "custom_tool_call", "call_id": "c", "namespace": "functions", "name": "exec", "input": code},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "done"},
    )
    write(path, *({"type": "response_item", "payload": item} for item in items))
    told, _ = Tail("codex", str(path), "/work").look()
    assert [type(one) for one in told] == [*[Action] * kept, Outcome]


def test_the_same_words_said_again_are_said_again() -> None:
    voices = Voices()
    yes = Message(author="person", text="yes")
    assert list(voices.hook([yes])) == [yes]
    assert list(voices.transcript([yes], first=True)) == []
    assert list(voices.hook([yes])) == [yes]
    assert list(voices.transcript([yes], first=True)) == []
