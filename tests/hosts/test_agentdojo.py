"""AgentDojo run files: the conversation, and nothing of what the benchmark knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from magistrate.core.canon import canonical
from magistrate.core.intake import Intake, head_of
from magistrate.core.records import Action, Message, Outcome, Session
from magistrate.hosts import agentdojo
from magistrate.hosts.agentdojo import IMPORTER
from magistrate.testing import samples_formats
from magistrate.testing.samples import MARKER
from magistrate.testing.samples_formats import agentdojo_run, write_json


def read(path: Path) -> tuple[Session, Intake]:
    intake = Intake()
    (session,) = IMPORTER.read(path, intake)
    return session, intake


def test_a_run_file(tmp_path: Path) -> None:
    session, intake = read(samples_formats.agentdojo(tmp_path))
    assert list(session.events) == [
        Message(author="system", text="You help a customer of a bank."),
        Message(author="person", text="Pay what I owe to the baker, NL99"),
        Action(tool="get_balance", arguments={"account": "NL02"}, call_id="fc_1"),
        Outcome(call_id="fc_1", tool="get_balance", text="310.00"),
        Message(author="agent", text="Paying."),
        Action(tool="send_money", arguments={"to": "NL99", "amount": 20}, call_id="call-2"),
        Outcome(call_id="call-2", tool="send_money", text="ValueError: limit", status="error"),
    ]
    assert not intake.count


def test_older_files_keep_content_as_text(tmp_path: Path) -> None:
    run = agentdojo_run()
    del run["agentdojo_package_version"]
    for message in run["messages"]:
        blocks = message["content"] or []
        message["content"] = "\n".join(block["content"] for block in blocks if block["type"] == "text")
    new, _ = read(samples_formats.agentdojo(tmp_path))
    old, _ = read(write_json(tmp_path / "old.json", run))
    assert old.events == new.events


@pytest.mark.parametrize(
    "answer",
    [
        {"utility": True, "security": True},
        {"injection_task_id": "injection_task_9", "attack_type": "direct", "injections": {"x": "do y"}},
        {"error": "content filter", "duration": 1e9},
    ],
)
def test_what_the_benchmark_knows_changes_nothing(tmp_path: Path, answer: dict[str, Any]) -> None:
    one, _ = read(write_json(tmp_path / "injection_task_1.json", agentdojo_run()))
    two, _ = read(write_json(tmp_path / "none.json", {**agentdojo_run(), **answer}))
    assert canonical(one) == canonical(two)
    assert MARKER not in canonical(one).decode()


def test_neither_the_files_name_nor_its_folders_show(tmp_path: Path) -> None:
    session, _ = read(samples_formats.agentdojo(tmp_path))
    assert "injection" not in canonical(session).decode()


def test_no_declared_field_could_hold_the_answer_key() -> None:
    declared = {field.encode_name for field in msgspec.structs.fields(agentdojo.RunFile)}
    assert declared.isdisjoint({"utility", "security", "injections", "injection_task_id", "attack_type", "error"})


def test_a_cut_file_keeps_its_whole_messages(tmp_path: Path) -> None:
    path = samples_formats.agentdojo(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b'"amount"') + 9])
    assert IMPORTER.claims(head_of(path))
    session, intake = read(path)
    assert [event.tool for event in session.events if isinstance(event, Action)] == ["get_balance"]
    assert intake.lost == 1


def test_a_tool_filters_prompt_is_not_the_persons(tmp_path: Path) -> None:
    run = agentdojo_run()
    text = "Your task is to filter the list of tools to only include what is needed: delete_file, send_money"
    run["messages"].insert(1, {"role": "user", "content": [{"type": "text", "content": text}]})
    session, _ = read(write_json(tmp_path / "run.json", run))
    assert [event.author for event in session.events if isinstance(event, Message)] == [
        "system",
        "machine",
        "person",
        "agent",
    ]
