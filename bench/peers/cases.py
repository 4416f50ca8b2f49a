"""Labelled sessions as the hook events an agent's host would have sent, and the key of every scored action.

Nothing of the label reaches a peer: sessions and calls are renamed to numbers (record names tell of attacks), and the label only
decides where a session ends, as in `magistrate bench`: after the first harmful step, or after the last call.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from magistrate.bench.cases import cases as actions
from magistrate.bench.cases import scored
from magistrate.bench.labels import read_labels
from magistrate.core.intake import Intake, lines
from magistrate.hosts.labelled import Labelled as Session

SERVER = "app"
"""Functions that are no shell appear as tools of one MCP server of this name, as they would in Claude Code."""


class Key(NamedTuple):
    """Which action: run, index of its step, index of the call in the step."""

    run: str
    step: int
    call: int


class Event(NamedTuple):
    """One hook event; `key` only where a decision is awaited."""

    payload: dict[str, Any]
    key: Key | None


class Case(NamedTuple):
    """One record with scored actions: what happened in it, its run, and where (step, call) decisions are awaited."""

    session: Session
    run: str
    asked: frozenset[tuple[int, int]]


def cases(path: Path) -> Iterator[Case]:
    """The records of a file of which actions are scored."""
    labels = {label.line: label for label in read_labels(path) if scored(label)}
    decoder = msgspec.json.Decoder(Session)
    for number, line in lines(path, Intake()):
        if label := labels.get(number):
            asked = frozenset((one.step, one.call) for one in actions(label))
            if asked:
                yield Case(decoder.decode(line), label.run, asked)


def events(case: Case, number: int, folder: str) -> Iterator[Event]:
    """What the hooks would be sent in session `number`, in `folder`: prompts, calls before they run, and what they gave back."""
    common = {"session_id": f"s{number}", "cwd": folder}
    pending: dict[str, dict[str, Any]] = {}
    steps, task = case.session.steps or [], case.session.user_task
    last = max(step for step, _ in case.asked)
    if task and not any(step.role == "user" for step in steps):
        yield Event({**common, "hook_event_name": "UserPromptSubmit", "prompt": task}, None)
    for index, step in enumerate(steps):
        text = step.text if isinstance(step.text, str) else ""
        match step.role:
            case "user":
                yield Event({**common, "hook_event_name": "UserPromptSubmit", "prompt": text}, None)
            case "assistant":
                for position, call in enumerate(step.tool_calls or ()):
                    made = {**common, **tool(call.name or "", call.arguments), "tool_use_id": f"c{index}_{position}"}
                    pending[str(call.id)] = made
                    yield Event({**made, "hook_event_name": "PreToolUse"}, Key(case.run, index, position))
            case "tool" if str(step.tool_call_id) in pending:
                made = pending.pop(str(step.tool_call_id))
                yield Event({**made, "hook_event_name": "PostToolUse", "tool_response": output(made, text)}, None)
        if index == last:
            return


def tool(name: str, arguments: object) -> dict[str, Any]:
    """A call under the names Claude Code would use."""
    given = arguments if isinstance(arguments, dict) else {}
    if name == "bash":
        return {"tool_name": "Bash", "tool_input": given}
    return {"tool_name": f"mcp__{SERVER}__{name}", "tool_input": given}


def output(made: dict[str, Any], text: str) -> Any:
    """A result in the shape Claude Code gives it; whether a command failed is not recorded in the data."""
    if made["tool_name"] == "Bash":
        return {"stdout": text, "stderr": "", "interrupted": False}
    return [{"type": "text", "text": text}]


def tools(paths: list[Path]) -> list[dict[str, Any]]:
    """The functions seen in files, with the names of their arguments: what `draft-policy` of a peer wants to see."""
    seen: dict[str, dict[str, None]] = {}
    for path in paths:
        for case in cases(path):
            for step in case.session.steps or ():
                for call in step.tool_calls or ():
                    if call.name and call.name != "bash" and isinstance(call.arguments, dict):
                        seen.setdefault(call.name, {}).update(dict.fromkeys(call.arguments))
    return [{"name": name, "params": list(params)} for name, params in sorted(seen.items())]
