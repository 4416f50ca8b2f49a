"""Small invented sessions in formats that belong to no host: see `magistrate.testing.samples` for the conventions.

Each builder plants `MARKER` wherever its format keeps what no reviewer may see: labels, targets, scores, injected goals.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

from magistrate.testing.samples import MARKER, write_lines

AT = "2026-09-14T15:00:00.000000+00:00"
_ZSTANDARD = 93


def write_json(path: Path, value: Any, *, indent: int | None = 1) -> Path:
    """Write one JSON document, making the folders; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent), encoding="utf-8")
    return path


# ---------------------------------------------------------------- labelled sessions


def labelled_record(name: str, *, harmful: bool | None = True, key: str = MARKER) -> dict[str, Any]:
    """One record: a mail desk that reads a message and forwards it. `key` stands all over its answer key."""
    return {
        "id": name,
        "source": "invented",
        "group": key,
        "model": "small-1",
        "user_task": "Forward the invoice of Tuesday to billing@orchard.example",
        "system": "You look after the mailbox of a garden shop.",
        "steps": [
            {"role": "user", "text": "Forward the invoice of Tuesday to billing@orchard.example"},
            {
                "role": "assistant",
                "text": "I look for it.",
                "reasoning": "The person wants one mail forwarded.",
                "tool_calls": [{"id": None, "name": "search_mail", "arguments": {"query": "invoice Tuesday"}}],
            },
            {"role": "tool", "text": "1 hit: #88 Invoice 2026-31, 412.50 EUR", "tool_call_id": None},
            {
                "role": "assistant",
                "text": "",
                "tool_calls": [
                    {"id": "c2", "name": "forward", "arguments": '{"mail": 88, "to": "billing@orchard.example"}'},
                    {"id": "c3", "name": "note", "arguments": {"raw": "forwarded 88"}},
                ],
            },
            {"role": "tool", "text": "noted", "tool_call_id": "c3"},
            {"role": "tool", "text": "sent", "tool_call_id": "c2"},
        ],
        "label": {"harmful": harmful, "where": 3, "kind": key, "provenance": key},
        "meta": {"judge": key, "goal": {"text": key}},
    }


def labelled(folder: Path) -> Path:
    """Three labelled sessions, one a line; the last is a single proposed command."""
    lone = {
        "id": "lone",
        "source": "invented",
        "user_task": "",
        "steps": [
            {
                "role": "assistant",
                "text": "",
                "tool_calls": [{"id": "t1", "name": "bash", "arguments": {"command": "ls"}}],
            }
        ],
        "label": {"harmful": False, "kind": MARKER},
    }
    return write_lines(folder / "sessions.jsonl", [labelled_record("one"), labelled_record("two", harmful=None), lone])


# ---------------------------------------------------------------- chat messages


def chat_messages() -> list[dict[str, Any]]:
    """A conversation in the shape of the chat interface, with old and new ways to call."""
    return [
        {"role": "developer", "content": "You keep the calendar of a swimming club."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Move lane 3 to Friday"},
                {"type": "image_url", "image_url": {"url": "x"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_a", "type": "function", "function": {"name": "find_slot", "arguments": '{"lane": 3}'}},
                {"id": "call_b", "type": "custom", "custom": {"name": "run_sql", "input": "SELECT 1"}},
            ],
        },
        {"role": "tool", "tool_call_id": "call_b", "content": "1"},
        {"role": "tool", "tool_call_id": "call_a", "content": [{"type": "text", "text": "Friday 18:00 is free"}]},
        {
            "role": "assistant",
            "content": "Moving it.",
            "function_call": {"name": "move", "arguments": '{"to": "Fri 18:00"}'},
        },
        {"role": "function", "name": "move", "content": "moved"},
        {"role": "assistant", "content": None, "refusal": "I will not message the whole club."},
    ]


def openai_chat(folder: Path) -> Path:
    """Two conversations of a fine-tuning file, one a line."""
    tools = [{"type": "function", "function": {"name": "find_slot", "description": "Find a free time."}}]
    return write_lines(
        folder / "chat.jsonl",
        [
            {"id": "first", "messages": chat_messages(), "tools": tools, "metadata": {"grade": MARKER}},
            {"id": "second", "messages": chat_messages()[:5], "expected": MARKER},
        ],
    )


# ---------------------------------------------------------------- ATIF


def atif(folder: Path) -> Path:
    """A trajectory with an embedded sub-agent."""
    child = {
        "schema_version": "ATIF-v1.8",
        "trajectory_id": "count-1",
        "agent": {"name": "counter", "version": "0.2"},
        "steps": [
            {"step_id": 1, "source": "user", "message": "Count the beds."},
            {
                "step_id": 2,
                "source": "agent",
                "message": "",
                "tool_calls": [{"tool_call_id": "k1", "function_name": "sh", "arguments": {"cmd": "wc -l beds.csv"}}],
                "observation": {"results": [{"source_call_id": "k1", "content": "12 beds.csv"}]},
            },
        ],
    }
    steps = [
        {"step_id": 1, "source": "system", "message": "You tend a greenhouse.", "timestamp": "2026-09-14T15:00:00Z"},
        {"step_id": 2, "source": "user", "message": [{"type": "text", "text": "Open the vents of bed 4"}]},
        {
            "step_id": 3,
            "timestamp": "2026-09-14T15:00:02Z",
            "source": "agent",
            "model_name": "small-1",
            "message": "First I count.",
            "reasoning_content": "Bed 4 may not exist.",
            "tool_calls": [
                {
                    "tool_call_id": "c1",
                    "function_name": "delegate",
                    "arguments": {"task": "count"},
                    "extra": {"reward": MARKER},
                },
                {"tool_call_id": "c2", "function_name": "open_vent", "arguments": {"bed": 4}},
            ],
            "observation": {
                "results": [
                    {
                        "source_call_id": "c2",
                        "content": [{"type": "text", "text": "vent 4 open"}],
                        "extra": {"score": MARKER},
                    },
                    {"source_call_id": "c1", "subagent_trajectory_ref": [{"trajectory_id": "count-1"}]},
                ]
            },
            "metrics": {"extra": {"reward": MARKER}},
        },
        {"step_id": 4, "source": "system", "message": "Context was shortened."},
    ]
    return write_json(
        folder / "trajectory.json",
        {
            "schema_version": "ATIF-v1.8",
            "session_id": "greenhouse-7",
            "trajectory_id": "greenhouse-7-a",
            "agent": {
                "name": "gardener",
                "version": "3.1",
                "model_name": "small-1",
                "tool_definitions": [
                    {"type": "function", "function": {"name": "open_vent", "description": "Open a vent."}}
                ],
            },
            "steps": steps,
            "notes": MARKER,
            "final_metrics": {"total_steps": 4, "extra": {"reward": MARKER}},
            "extra": {"verifier": MARKER},
            "subagent_trajectories": [child],
        },
    )


# ---------------------------------------------------------------- AgentDojo


def agentdojo_run() -> dict[str, Any]:
    """A run file with blocks of content; what the attack wanted is planted."""
    call = {"function": "get_balance", "args": {"account": "NL02"}, "id": "fc_1", "placeholder_args": None}
    sent = {"function": "send_money", "args": {"to": "NL99", "amount": 20}, "id": None, "placeholder_args": None}
    return {
        "suite_name": "invented",
        "pipeline_name": "small-1-no_defence",
        "user_task_id": "user_task_4",
        "injection_task_id": f"injection_{MARKER}",
        "attack_type": MARKER,
        "injections": {"bill_text": MARKER},
        "messages": [
            {"role": "system", "content": [{"type": "text", "content": "You help a customer of a bank."}]},
            {"role": "user", "content": [{"type": "text", "content": "Pay what I owe to the baker, NL99"}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {
                "role": "tool",
                "content": [{"type": "text", "content": "310.00"}],
                "tool_call_id": "fc_1",
                "tool_call": call,
                "error": None,
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "content": "Twenty is owed.", "id": None},
                    {"type": "text", "content": "Paying."},
                ],
                "tool_calls": [sent],
            },
            {
                "role": "tool",
                "content": [{"type": "text", "content": ""}],
                "tool_call_id": None,
                "tool_call": sent,
                "error": "ValueError: limit",
            },
        ],
        "error": None,
        "utility": MARKER,
        "security": MARKER,
        "duration": 3.4,
        "agentdojo_package_version": "0.1.35",
        "evaluation_timestamp": "2026-09-14 15:00:00",
    }


def agentdojo(folder: Path) -> Path:
    """A run file under the folders the benchmark makes, whose names spell the attack."""
    return write_json(folder / "user_task_4" / "important" / "injection_task_2.json", agentdojo_run(), indent=4)


# ---------------------------------------------------------------- Inspect


class InspectEvents:
    """Builds the events of one sample, with its pool of messages and its attachments."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.pool: list[dict[str, Any]] = []
        self.attachments: dict[str, str] = {}

    def text(self, text: str) -> str:
        """A text as a log keeps it: moved to the attachments when it is long."""
        if len(text) <= 100:
            return text
        name = f"{zlib.crc32(text.encode()):032x}"
        self.attachments[name] = text
        return f"attachment://{name}"

    def message(self, role: str, content: str, **more: Any) -> dict[str, Any]:
        """A message, put into the pool."""
        self.pool.append({"id": f"m{len(self.pool)}", "content": self.text(content), "role": role, **more})
        return self.pool[-1]

    def add(self, kind: str, span: str, **fields: Any) -> None:
        """An event in a span."""
        self.events.append(
            {
                "event": kind,
                "span_id": span,
                "timestamp": AT,
                "working_start": 1.5,
                "uuid": f"e{len(self.events)}",
                **fields,
            }
        )

    def span(self, name: str, kind: str, parent: str | None = None) -> str:
        """Open a span; its identifier."""
        self.add("span_begin", name, id=name, parent_id=parent, type=kind, name=name)
        return name

    def model(self, span: str, refs: list[list[int]], answer: dict[str, Any], **fields: Any) -> None:
        """A call of the model: what it was given, as ranges of the pool, and its answer."""
        tools = [{"name": "bash", "description": "Run a command.", "parameters": {"type": "object"}}]
        output = {"model": "small-1", "choices": [{"message": answer, "stop_reason": "tool_calls"}]}
        request = {"request": {"messages": [], "grade": MARKER}, "response": {}}
        given = {
            "model": "small-1",
            "input": [],
            "input_refs": refs,
            "tools": tools,
            "tool_choice": "auto",
            "config": {},
        }
        self.add("model", span, **given, output=output, call=request, **fields)

    def tool(self, span: str, call: dict[str, Any], result: Any, **fields: Any) -> None:
        """A tool's call: its own span, and the event outside of it."""
        self.span(f"tool-{call['id']}", "tool", span)
        self.add(
            "tool",
            span,
            type="function",
            id=call["id"],
            function=call["function"],
            arguments=call["arguments"],
            result=result,
            **fields,
        )


def _call(name: str, function: str, **arguments: Any) -> dict[str, Any]:
    return {"id": name, "function": function, "arguments": arguments, "type": "function"}


def inspect_sample(number: int = 1, epoch: int = 1) -> dict[str, Any]:
    """A sample: one agent, a refused call, a sub-agent as a tool, and a model-graded score."""
    made = InspectEvents()
    made.add(
        "sample_init", made.span("init", "init"), sample={"input": "x", "target": MARKER, "metadata": {"k": MARKER}}
    )
    agent = made.span("agent", "agent", made.span("solver", "solver", made.span("solvers", "solvers")))
    list_it, drop, ask = (
        _call("c1", "bash", cmd="ls /data"),
        _call("c2", "bash", cmd="rm -r /data"),
        _call("c3", "helper", input="count"),
    )
    made.message("system", "You keep the data of a bird count. " + "Be careful. " * 12)
    made.message("user", "Tidy up /data. " + "Keep the counts. " * 12, source="input")
    first = made.message("assistant", "Looking.", source="generate", tool_calls=[list_it], model="small-1")
    made.model(agent, [[0, 2]], first)
    made.add("approval", agent, message="Looking.", call=list_it, approver="human", decision="approve")
    listing = "2024.csv\n2025.csv\n" * 20
    made.tool(agent, list_it, made.text(listing))
    made.message("tool", listing, tool_call_id="c1", function="bash")
    second = made.message("assistant", "", source="generate", tool_calls=[drop], model="small-1")
    made.model(agent, [[0, 4]], second)
    made.add("approval", agent, message="", call=drop, approver="human", decision="reject", explanation="not the data")
    made.tool(agent, drop, "", error={"type": "approval", "message": "not the data"})
    made.message("tool", "", tool_call_id="c2", function="bash", error={"type": "approval", "message": "not the data"})
    third = made.message("assistant", "Asking.", source="generate", tool_calls=[ask], model="small-1")
    made.model(agent, [[0, 6]], third)
    made.tool(agent, ask, "2")
    _inspect_helper(made)
    made.message("tool", "2", tool_call_id="c3", function="helper")
    made.message("user", "Go on.")
    made.model(
        agent,
        [[0, 7], [len(made.pool) - 2, len(made.pool)]],
        {"role": "assistant", "content": "Two files.", "source": "generate"},
    )
    grader = made.span("grade", "scorer", made.span("scorers", "scorers"))
    made.model(grader, [[0, 1]], {"role": "assistant", "content": MARKER})
    made.add("score", grader, score={"value": "C", "explanation": MARKER}, target=MARKER)
    return {
        "id": number,
        "epoch": epoch,
        "input": "Tidy up /data.",
        "target": MARKER,
        "messages": [],
        "scores": {"grade": {"value": MARKER}},
        "metadata": {"k": MARKER, "ratio": float("nan")},
        "store": {"answer": MARKER},
        "output": {"completion": MARKER},
        "events": made.events,
        "attachments": made.attachments,
        "events_data": {"messages": made.pool, "calls": []},
        "started_at": AT,
    }


def _inspect_helper(made: InspectEvents) -> None:
    """The sub-agent behind the tool call `c3`: a run of its own."""
    inner = made.span("helper", "agent", "tool-c3")
    start = len(made.pool)
    count = _call("h1", "bash", cmd="ls /data | wc -l")
    made.message("system", "You count.")
    made.message("user", "count", source="input")
    made.model(inner, [[start, start + 2]], made.message("assistant", "", tool_calls=[count], source="generate"))
    made.tool(inner, count, "2")


def inspect_head() -> dict[str, Any]:
    """The head of a log, without its samples."""
    about = {
        "eval_id": "ev1",
        "run_id": "rn1",
        "created": AT,
        "dataset": {},
        "config": {},
        "task": "tidy",
        "model": "vendor/small-1",
        "packages": {"inspect_ai": "0.3.285"},
        "metadata": {"k": MARKER},
    }
    return {"version": 2, "status": "success", "eval": about, "plan": {"name": "plan", "steps": []}}


def inspect(folder: Path) -> Path:
    """An archive with two samples."""
    samples = {f"samples/{number}_epoch_1.json": inspect_sample(number) for number in (1, 2)}
    return inspect_archive(folder / "log.eval", samples)


def inspect_archive(path: Path, samples: dict[str, Any], *, zstd: bool = False, finished: bool = True) -> Path:
    """An archive of the given members, between those that every log has; packed with Zstandard as newer ones are."""
    members = {"_journal/start.json": inspect_head(), **samples}
    if finished:
        members |= {
            "summaries.json": [{"scores": MARKER}],
            "header.json": {**inspect_head(), "results": {"metadata": {"k": MARKER}}},
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in members.items():
            data = json.dumps(value).encode()
            if zstd:
                add_zstd(archive, name, data)
            else:
                archive.writestr(name, data)
    return path


def add_zstd(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a member packed with Zstandard, which `zipfile` cannot do before Python 3.14: as stored bytes, relabelled."""
    packed = zstandard.ZstdCompressor().compress(data)
    info = zipfile.ZipInfo(name)
    start = archive.start_dir
    archive.writestr(info, packed, zipfile.ZIP_STORED)
    info.compress_type, info.file_size, info.CRC = _ZSTANDARD, len(data), zlib.crc32(data)
    stream = archive.fp
    if stream is None:
        raise ValueError("the archive is closed")
    end = stream.tell()
    stream.seek(start)
    stream.write(info.FileHeader())
    stream.seek(end)


SAMPLES: dict[str, Callable[[Path], Path]] = {
    "labelled": labelled,
    "openai-chat": openai_chat,
    "atif": atif,
    "agentdojo": agentdojo,
    "inspect": inspect,
}
"""Importer name -> builder."""
