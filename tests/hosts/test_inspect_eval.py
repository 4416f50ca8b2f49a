"""Inspect logs: archives in every packing, shared messages and texts, inner agents, and no answer key."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from magistrate.core.canon import canonical
from magistrate.core.errors import InputError
from magistrate.core.intake import Intake, head_of
from magistrate.core.records import Action, Message, Outcome, RunStarted, Session
from magistrate.hosts import inspect_shapes, zips
from magistrate.hosts.inspect_eval import IMPORTER
from magistrate.hosts.inspect_sample import SampleReader
from magistrate.hosts.inspect_shapes import Sample, tail
from magistrate.hosts.shapes import decode
from magistrate.hosts.zips import Archive
from magistrate.testing.samples import MARKER
from magistrate.testing.samples_formats import (
    AT,
    InspectEvents,
    add_zstd,
    inspect_archive,
    inspect_head,
    inspect_sample,
    write_json,
)

NAME = "samples/1_epoch_1.json"


def read(path: Path) -> tuple[list[Session], Intake]:
    intake = Intake()
    assert IMPORTER.claims(head_of(path))
    return list(IMPORTER.read(path, intake)), intake


def bare(session: Session) -> bytes:
    """A session without the name of the file it was read from."""
    return canonical([session.run, session.started.parent, session.started.parent_call, list(session.events)])


def sessions_of(made: InspectEvents, **more: Any) -> tuple[list[Session], Intake]:
    """The sessions of a sample given by its events."""
    intake = Intake()
    value = {
        "id": 1,
        "events": made.events,
        "attachments": made.attachments,
        "events_data": {"messages": made.pool},
        **more,
    }
    sample = decode(json.dumps(value).encode(), Sample, lambda what: intake.problem("sample", what, lost=False))
    started = RunStarted(host="inspect", source="sample")
    report = lambda what: intake.problem("sample", what, lost=False)  # noqa: E731
    return list(SampleReader(sample, "run", started, intake, report).sessions()), intake


def answer(text: str = "", *calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "source": "generate", "tool_calls": list(calls)}


def call(name: str, function: str = "bash", **arguments: Any) -> dict[str, Any]:
    return {"id": name, "function": function, "arguments": arguments, "type": "function"}


# ---------------------------------------------------------------- what is read


def test_a_sample_and_its_inner_agent(tmp_path: Path) -> None:
    (run, helper), intake = read(inspect_archive(tmp_path / "log.eval", {NAME: inspect_sample()}))
    assert run.run == "ev1/1/1"
    assert (run.started.model, run.started.host_version, run.started.at) == ("vendor/small-1", "0.3.285", AT)
    about = "Run a command."
    assert list(run.events) == [
        Message(author="system", text="You keep the data of a bird count. " + "Be careful. " * 12, at=AT),
        Message(author="person", text="Tidy up /data. " + "Keep the counts. " * 12, at=AT),
        Message(author="agent", text="Looking.", at=AT),
        Action(tool="bash", arguments={"cmd": "ls /data"}, call_id="c1", about=about, at=AT),
        Outcome(call_id="c1", tool="bash", text="2024.csv\n2025.csv\n" * 20, at=AT),
        Action(tool="bash", arguments={"cmd": "rm -r /data"}, call_id="c2", about=about, at=AT),
        Outcome(call_id="c2", tool="bash", text="not the data", status="refused", refused_by="person", at=AT),
        Message(author="agent", text="Asking.", at=AT),
        Action(tool="helper", arguments={"input": "count"}, call_id="c3", at=AT),
        Outcome(call_id="c3", tool="helper", text="2", at=AT),
        Message(author="machine", text="Go on.", at=AT),
        Message(author="agent", text="Two files.", at=AT),
    ]
    assert (helper.started.parent, helper.started.parent_call) == (run.run, "c3")
    assert [type(event) for event in helper.events] == [Message, Message, Action, Outcome]
    assert helper.events[1] == Message(author="machine", text="count", at=AT)
    assert not intake.count


def test_the_answer_key_is_in_nothing_that_is_read(tmp_path: Path) -> None:
    sample = inspect_sample()
    assert json.dumps(sample).count(MARKER) > 10
    for path in (
        inspect_archive(tmp_path / "log.eval", {NAME: sample}),
        write_json(tmp_path / "log.json", {**inspect_head(), "samples": [sample]}),
    ):
        sessions, _ = read(path)
        assert len(sessions) == 2
        assert MARKER not in canonical(sessions).decode()


def test_every_packing_reads_the_same(tmp_path: Path) -> None:
    members = {NAME: inspect_sample(), "samples/a/b_epoch_2.json": inspect_sample(2, 2)}
    plain = [bare(session) for session in read(inspect_archive(tmp_path / "a.eval", members))[0]]
    packed = [bare(session) for session in read(inspect_archive(tmp_path / "b.eval", members, zstd=True))[0]]
    document = {**inspect_head(), "samples": list(members.values())}
    written = [bare(session) for session in read(write_json(tmp_path / "c.json", document))[0]]
    assert len(plain) == 4
    assert plain == packed == written


def test_a_sample_in_chunks_reads_like_a_whole_one(tmp_path: Path) -> None:
    sample = inspect_sample()
    names = list(sample.pop("attachments"))
    texts = [inspect_sample()["attachments"][name] for name in names]
    data = json.dumps(sample)
    for number, name in enumerate(names):
        data = data.replace(f"attachment://{name}", f"attachment://{number}")
    shell = json.loads(data)
    events, messages = shell.pop("events"), shell.pop("events_data")["messages"]
    prefix = "samples/1_epoch_1"
    members = {
        f"{prefix}/events/10.json": events[10:],
        f"{prefix}/events/0.json": events[:10],
        f"{prefix}/events/stats.json": {"version": 1},
        f"{prefix}/events/uuids.json": [],
        f"{prefix}/skeleton.json": {"grade": MARKER},
        f"{prefix}/messages/0.json": messages[:4],
        f"{prefix}/messages/4.json": messages[4:],
        f"{prefix}/attachments/0.json": texts,
        f"{prefix}/sample.json": {key: value for key, value in shell.items() if key != "messages"},
    }
    chunked, intake = read(inspect_archive(tmp_path / "chunks.eval", members, zstd=True))
    whole, _ = read(inspect_archive(tmp_path / "whole.eval", {NAME: inspect_sample()}))
    assert [bare(session) for session in chunked] == [bare(session) for session in whole]
    assert not intake.count


def test_a_log_that_was_never_finished(tmp_path: Path) -> None:
    sessions, intake = read(inspect_archive(tmp_path / "log.eval", {NAME: inspect_sample()}, finished=False))
    assert sessions[0].run == "ev1/1/1"
    assert not intake.count


def test_a_sample_without_model_events_is_read_from_its_messages() -> None:
    messages = [
        {"role": "user", "content": "attachment://t", "source": "input"},
        answer("Yes.", call("c1", cmd="ls")),
        {
            "role": "tool",
            "content": "x",
            "tool_call_id": "c1",
            "function": "bash",
            "error": {"type": "timeout", "message": "late"},
        },
    ]
    (run,), _ = sessions_of(InspectEvents(), messages=messages, attachments={"t": "Do it"})
    assert list(run.events) == [
        Message(author="person", text="Do it"),
        Message(author="agent", text="Yes."),
        Action(tool="bash", arguments={"cmd": "ls"}, call_id="c1"),
        Outcome(call_id="c1", tool="bash", text="x\nlate", status="error"),
    ]


# ---------------------------------------------------------------- conversations


def test_older_logs_repeat_the_whole_conversation_in_every_call() -> None:
    made = InspectEvents()
    said: list[dict[str, Any]] = [{"role": "user", "content": "go", "source": "input"}]
    for number in range(3):
        reply = answer("same words", call(f"c{number}", cmd="ls"))
        made.add("model", "", input=list(said), output={"choices": [{"message": reply}]})
        said += [reply, {"role": "tool", "content": "same result", "tool_call_id": f"c{number}", "function": "bash"}]
        said += [{"role": "user", "content": "again"}]
    (run,), _ = sessions_of(made)
    assert [type(event).__name__[0] for event in run.events] == list("MMAOMMAOMMAO")
    assert run.events[-1] == Outcome(call_id="c2", tool="bash", status="unknown")
    assert [event.author for event in run.events if isinstance(event, Message)].count("person") == 1


def test_messages_that_say_the_same_share_a_place_in_the_pool_and_are_each_heard() -> None:
    made = InspectEvents()
    made.message("user", "go", source="input")
    made.message("assistant", "thinking")
    made.message("user", "go on")
    for turns in range(4):
        made.model("", [[0, 1], *([[1, 3]] * turns)], answer("thinking"))
    (run,), _ = sessions_of(made)
    assert [event.text for event in run.events if isinstance(event, Message)] == [
        "go",
        *["thinking", "go on"] * 3,
        "thinking",
    ]


def test_a_shortened_context_is_not_told_twice() -> None:
    made = InspectEvents()
    for text in ("go", "one", "two"):
        made.message("user", text, source="input")
    made.model("", [[0, 3]], answer("a"))
    made.message("user", "summary")
    made.model("", [[0, 1], [3, 4]], answer("b"))
    (run,), _ = sessions_of(made)
    assert [event.text for event in run.events if isinstance(event, Message)] == [
        "go",
        "one",
        "two",
        "a",
        "summary",
        "b",
    ]


def test_a_long_conversation_costs_its_length_once() -> None:
    made = InspectEvents()
    for number in range(1500):
        made.message("user", f"message {number}")
        made.model("", [[0, number + 1]], answer())
    intake = Intake()
    value = {"id": 1, "events": made.events, "events_data": {"messages": made.pool}}
    sample = decode(json.dumps(value).encode(), Sample, print)
    reader = SampleReader(sample, "run", RunStarted(host="inspect"), intake, print)
    (run,) = reader.sessions()
    assert len(run.events) == 1500
    assert inspect_shapes.MAX_SPREAD - reader._pool._left == 1500


def test_ranges_cannot_be_used_to_unfold_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect_shapes, "MAX_SPREAD", 100)
    made = InspectEvents()
    made.message("user", "x")
    made.model("", [[0, 10**12]] * 10_000, answer())
    _, intake = sessions_of(made)
    assert [problem.what for problem in intake.problems] == [
        "its events name more than 100 messages; the rest is left out"
    ]


@pytest.mark.parametrize(
    ("before", "now", "added"),
    [
        ([[0, 2]], [[0, 4]], [[2, 4]]),
        ([[0, 2]], [[0, 2], [7, 9]], [[2, 2], [7, 9]]),
        ([[0, 2], [5, 6]], [[0, 2], [5, 8], [1, 2]], [[6, 8], [1, 2]]),
        ([], [[0, 2]], None),
        ([[0, 4]], [[0, 2]], None),
        ([[0, 2]], [[1, 4]], None),
        ([[0, 2], [4, 5]], [[0, 2]], None),
        ([[]], [[0, 1]], None),
    ],
)
def test_what_ranges_add(before: list[list[int]], now: list[list[int]], added: Any) -> None:
    assert tail(before, now) == added


def test_tools_of_the_models_provider_are_actions() -> None:
    block = {
        "type": "tool_use",
        "tool_type": "mcp_call",
        "id": "s1",
        "name": "post",
        "context": "forum",
        "arguments": '{"t": 1}',
        "result": "ok",
    }
    made = InspectEvents()
    made.model(
        "",
        [],
        {
            "role": "assistant",
            "content": [{"type": "reasoning", "reasoning": "r"}, block, {"type": "text", "text": "Done."}],
        },
    )
    (run,), intake = sessions_of(made)
    assert list(run.events) == [
        Message(author="agent", text="Done.", at=AT),
        Action(tool="post", arguments={"t": 1}, call_id="s1", server="forum", at=AT),
        Outcome(call_id="s1", tool="post", text="ok", at=AT),
    ]
    assert intake.skipped["block:reasoning"] == 1


# ---------------------------------------------------------------- who may see what


def test_models_that_grade_or_review_are_kept_out_of_the_agents_run() -> None:
    made = InspectEvents()
    made.message("user", "go", source="input")
    made.message("user", f"The right answer is {MARKER}")
    made.message("user", "Is this suspicious?")
    made.model("", [[0, 1]], answer("", call("c1", cmd="ls")))
    made.model("", [[1, 2]], answer(MARKER), role="grader")
    made.model("", [[2, 3]], answer("", call("m1", "report")), role="monitor")
    (agent, monitor), intake = sessions_of(made)
    assert [event.text for event in agent.events if isinstance(event, Message)] == ["go"]
    assert (monitor.started.role, monitor.started.parent) == ("reviewer", agent.run)
    assert MARKER not in canonical([agent, monitor]).decode()
    assert intake.skipped["model call of a grader"] == 1


def test_scorers_of_logs_from_before_spans_are_left_out() -> None:
    made = InspectEvents()
    made.message("user", "go", source="input")
    made.model("", [[0, 1]], answer("done"))
    made.add("step", "", action="begin", type="scorer", name="model_graded_qa")
    made.model("", [[0, 1]], answer(MARKER))
    made.add("step", "", action="end", type="scorer", name="model_graded_qa")
    made.model("", [[0, 1]], answer("more"))
    (run,), _ = sessions_of(made)
    assert [event.text for event in run.events if isinstance(event, Message)] == ["go", "done", "more"]


@pytest.mark.parametrize(("approver", "by"), [("human", "person"), ("policy", "approver:policy"), (None, "approver")])
@pytest.mark.parametrize("decision", ["reject", "terminate"])
def test_who_refused(decision: str, approver: str | None, by: str) -> None:
    made = InspectEvents()
    one = call("c1", cmd="rm x")
    made.model("", [], answer("", one))
    made.add("approval", "", call=one, approver="first", decision="escalate")
    made.add("approval", "", call=one, approver=approver, decision=decision, explanation="no")
    if decision == "reject":
        made.tool("", one, "", error={"type": "approval", "message": "no"})
    (run,), _ = sessions_of(made)
    (outcome,) = (event for event in run.events if isinstance(event, Outcome))
    assert (outcome.status, outcome.refused_by, outcome.text) == ("refused", by, "no")


def test_a_call_that_ran_without_being_proposed_is_an_action() -> None:
    made = InspectEvents()
    made.message("user", "go", source="input")
    made.model("", [[0, 1]], answer("", call("c1", cmd="ls")))
    made.tool("", call("c9", cmd="rm -r /"), "gone")
    (run,), _ = sessions_of(made)
    assert [event.arguments for event in run.events if isinstance(event, Action)] == [{"cmd": "ls"}, {"cmd": "rm -r /"}]


def test_an_inner_agents_actions_hang_on_the_nearest_run_that_acts() -> None:
    made = InspectEvents()
    outer = made.span("outer", "agent")
    made.model(outer, [], answer("", call("c1", "plan")))
    made.tool(outer, call("c1", "plan"), "ok")
    middle = made.span("middle", "agent", "tool-c1")
    made.model(middle, [], answer("only words"))
    inner = made.span("inner", "agent", middle)
    made.model(inner, [], answer("", call("i1", cmd="ls")))
    (root, deep), intake = sessions_of(made)
    assert (deep.run, deep.started.parent) == ("run/inner", root.run)
    assert intake.skipped["inner model call without actions"] == 1


# ---------------------------------------------------------------- damage


def test_a_cut_archive_keeps_its_whole_samples(tmp_path: Path) -> None:
    path = inspect_archive(
        tmp_path / "log.eval", {f"samples/{n}_epoch_1.json": inspect_sample(n) for n in (1, 2, 3)}, zstd=True
    )
    whole, _ = read(path)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"samples/3_epoch_1.json") + 200])
    sessions, intake = read(path)
    assert [bare(session) for session in sessions] == [bare(session) for session in whole[:4]]
    assert intake.lost == 2  # the directory, and the third sample


def test_one_bad_sample_does_not_cost_the_others(tmp_path: Path) -> None:
    members = {
        NAME: [1, 2],
        "samples/2_epoch_1.json": inspect_sample(2),
        "samples/3_epoch_1.json": {"events": [7, {"event": "model", "input": 3}]},
    }
    sessions, intake = read(inspect_archive(tmp_path / "log.eval", members))
    assert [session.run for session in sessions] == [
        "ev1/2/1",
        "ev1/2/1/tool-c3",
        "ev1/log.eval:samples/3_epoch_1.json/1",
    ]
    assert intake.lost == 1


@pytest.mark.parametrize("zstd", [False, True])
def test_a_bomb_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zstd: bool) -> None:
    monkeypatch.setattr(zips, "RATIO_GRACE", 1 << 20)
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in ((NAME, b" " * (32 << 20)), ("samples/2_epoch_1.json", b"{}")):
            if zstd:
                add_zstd(archive, name, data)
            else:
                archive.writestr(name, data)
    sessions, intake = read(path)
    assert not any(session.events for session in sessions)
    assert "decompression bomb" in intake.problems[0].what


def test_a_member_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = inspect_archive(tmp_path / "log.eval", {NAME: inspect_sample()}, zstd=True)
    with Archive(path, Intake()) as archive, pytest.raises(InputError, match="over the limit"):
        archive.read(archive.members[NAME], limit=100)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data, at: data[: at + 60] + b"\xff\xff" + data[at + 62 :], "damaged"),
        (lambda data, at: data[:at] + b"XX" + data[at + 2 :], "no header"),
    ],
)
def test_damage_inside_a_member_is_named(tmp_path: Path, change: Any, reason: str) -> None:
    path = inspect_archive(tmp_path / "log.eval", {NAME: inspect_sample()})
    data = path.read_bytes()
    path.write_bytes(change(data, data.index(NAME.encode()) - 30))
    sessions, intake = read(path)
    assert not sessions
    assert reason in intake.problems[0].what
    assert NAME in intake.problems[0].where


def test_other_archives_and_documents_are_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "x.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert not IMPORTER.claims(head_of(path))
    assert not IMPORTER.claims(head_of(write_json(tmp_path / "y.json", {"eval": "x", "status": "ok", "plan": {}})))
