"""Chat messages: every container they come in, every way to call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from magistrate.core.intake import Intake, head_of
from magistrate.core.records import Action, Message, Outcome, Session
from magistrate.hosts.openai_chat import IMPORTER
from magistrate.testing.samples import write_lines
from magistrate.testing.samples_formats import chat_messages, write_json


def read(path: Path) -> tuple[list[Session], Intake]:
    intake = Intake()
    assert IMPORTER.claims(head_of(path))
    return list(IMPORTER.read(path, intake)), intake


def events_of(tmp_path: Path, value: Any) -> list[Message | Action | Outcome]:
    sessions, intake = read(write_json(tmp_path / "in.json", value))
    assert not intake.count, intake.problems
    assert len(sessions) == 1
    return list(sessions[0].events)


def test_a_conversation(tmp_path: Path) -> None:
    assert events_of(tmp_path, chat_messages()) == [
        Message(author="system", text="You keep the calendar of a swimming club."),
        Message(author="person", text="Move lane 3 to Friday\n[image_url]"),
        Action(tool="find_slot", arguments={"lane": 3}, call_id="call_a"),
        Action(tool="run_sql", arguments={"input": "SELECT 1"}, call_id="call_b"),
        Outcome(call_id="call_b", tool="run_sql", text="1"),
        Outcome(call_id="call_a", tool="find_slot", text="Friday 18:00 is free"),
        Message(author="agent", text="Moving it."),
        Action(tool="move", arguments={"to": "Fri 18:00"}, call_id="call-3"),
        Outcome(call_id="call-3", tool="move", text="moved"),
        Message(author="agent", text="I will not message the whole club."),
    ]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "value",
    [
        chat_messages(),
        {"messages": chat_messages(), "model": "m"},
        {"custom_id": "b1", "method": "POST", "url": "/v1/x", "body": {"messages": chat_messages()}},
    ],
)
def test_one_document_however_it_is_written(tmp_path: Path, value: Any, indent: int | None) -> None:
    sessions, intake = read(write_json(tmp_path / "in.json", value, indent=indent))
    assert [sum(isinstance(event, Action) for event in session.events) for session in sessions] == [3]
    assert not intake.count


def test_lines_of_conversations_of_arrays_and_of_messages(tmp_path: Path) -> None:
    talk = {"messages": chat_messages()}
    assert len(read(write_lines(tmp_path / "a.jsonl", [talk, talk]))[0]) == 2
    assert len(read(write_lines(tmp_path / "b.jsonl", [chat_messages(), chat_messages()]))[0]) == 2
    assert len(read(write_json(tmp_path / "c.json", [talk, talk, talk]))[0]) == 3
    (one,), _ = read(write_lines(tmp_path / "d.jsonl", chat_messages()))
    assert list(one.events) == events_of(tmp_path, chat_messages())


def test_descriptions_of_tools_go_with_their_calls(tmp_path: Path) -> None:
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
    ]
    for tools in (
        {"tools": [{"type": "function", "function": {"name": "f", "description": "Does f."}}]},
        {"tools": [{"type": "function", "name": "f", "description": "Does f."}]},
        {"functions": [{"name": "f", "description": "Does f."}]},
    ):
        events = events_of(tmp_path, {"messages": messages, **tools})
        assert [event.about for event in events if isinstance(event, Action)] == ["Does f."]


def test_arguments_that_are_no_object_are_kept_as_they_are(tmp_path: Path) -> None:
    def call(given: Any) -> dict[str, Any]:
        return {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "i", "function": {"name": "f", "arguments": given}}],
        }

    def arguments(given: Any) -> Any:
        return next(event.arguments for event in events_of(tmp_path, [call(given)]) if isinstance(event, Action))

    assert arguments('{"a": 1}') == {"a": 1}
    assert arguments({"a": 1}) == {"a": 1}
    assert arguments('{"a": ') == {"raw": '{"a": '}
    assert arguments("[1]") == {"raw": "[1]"}
    assert arguments("") == {}
    deep = '{"a":' * 90 + "1" + "}" * 90
    assert arguments(deep) == {"raw": deep}


def test_items_of_the_responses_interface(tmp_path: Path) -> None:
    value = {
        "instructions": "Be brief.",
        "input": "Clean up",
        "model": "m",
        "output": [
            {"type": "reasoning", "id": "r", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "On it."}]},
            {"type": "function_call", "call_id": "c1", "name": "rm", "arguments": '{"path": "/x"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "done"},
            {"type": "local_shell_call", "call_id": "c2", "action": {"command": ["ls"]}},
            {
                "type": "mcp_call",
                "id": "m1",
                "name": "post",
                "server_label": "forum",
                "arguments": '{"t": 1}',
                "error": "no",
            },
            {"type": "mcp_approval_request", "id": "a1", "name": "drop", "server_label": "db", "arguments": "{}"},
            {"type": "mcp_approval_response", "approval_request_id": "a1", "approve": False},
            {"type": "web_search_call", "id": "w1", "action": {"query": "q"}, "status": "completed"},
        ],
    }
    assert events_of(tmp_path, value) == [
        Message(author="system", text="Be brief."),
        Message(author="person", text="Clean up"),
        Message(author="agent", text="On it."),
        Action(tool="rm", arguments={"path": "/x"}, call_id="c1"),
        Outcome(call_id="c1", tool="rm", text="done"),
        Action(tool="local_shell", arguments={"command": ["ls"]}, call_id="c2"),
        Action(tool="post", arguments={"t": 1}, call_id="m1", server="forum"),
        Outcome(call_id="m1", tool="post", text="no", status="error"),
        Action(tool="drop", arguments={}, call_id="a1", server="db"),
        Outcome(call_id="a1", tool="drop", status="refused", refused_by="person"),
        Action(tool="web_search", arguments={"query": "q"}, call_id="w1"),
        Outcome(call_id="c2", tool="local_shell", status="unknown"),
        Outcome(call_id="w1", tool="web_search", status="unknown"),
    ]


def test_content_blocks_of_the_anthropic_interface(tmp_path: Path) -> None:
    value = {
        "system": [{"type": "text", "text": "You tidy."}],
        "messages": [
            {"role": "user", "content": "Delete a.txt"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "Deleting."},
                    {"type": "tool_use", "id": "t1", "name": "rm", "input": {"path": "a.txt"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [{"type": "text", "text": "no such file"}],
                        "is_error": True,
                    },
                    {"type": "text", "text": "Then stop"},
                ],
            },
        ],
    }
    assert events_of(tmp_path, value) == [
        Message(author="system", text="You tidy."),
        Message(author="person", text="Delete a.txt"),
        Message(author="agent", text="Deleting."),
        Action(tool="rm", arguments={"path": "a.txt"}, call_id="t1"),
        Outcome(call_id="t1", tool="rm", text="no such file", status="error"),
        Message(author="person", text="Then stop"),
    ]


def test_half_a_message_is_never_read(tmp_path: Path) -> None:
    path = write_json(tmp_path / "in.json", {"messages": chat_messages()})
    data = path.read_bytes()
    whole = events_of(tmp_path, {"messages": chat_messages()})
    path.write_bytes(data[: data.index(b"Fri 18:00") + 4])
    sessions, intake = read(path)
    assert list(sessions[0].events) == whole[:6]
    assert intake.lost == 1


def test_a_damaged_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "in.jsonl", [{"messages": chat_messages()}] * 3)
    data = path.read_bytes()
    path.write_bytes(data[200:])
    sessions, intake = read(path)
    assert len(sessions) == 2
    assert [problem.line for problem in intake.problems] == [1]


def test_other_documents_are_not_claimed(tmp_path: Path) -> None:
    for value in (
        [],
        {},
        {"messages": []},
        {"messages": [{"text": "x"}]},
        [1],
        {"suite_name": "s", "messages": chat_messages()},
    ):
        assert not IMPORTER.claims(head_of(write_json(tmp_path / "in.json", value)))
