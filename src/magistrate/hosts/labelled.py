"""Labelled agent sessions: one JSON record a line, with ground truth beside the session. See docs/hosts-formats.md.

The answer key (`label`, `meta`, `group`) is not declared in `Labelled`, so it is never decoded and cannot reach a reviewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from magistrate.core.intake import Head, Intake, lines
from magistrate.core.records import RunStarted, Session
from magistrate.hosts.fields import arguments, string, text_of
from magistrate.hosts.shapes import Unfit, decode, noting, peek
from magistrate.hosts.transcript import Transcript


class Call(Struct, gc=False):
    """One tool call of an assistant's step."""

    id: str | int | None = None
    name: str | None = None
    arguments: Any = None


class Step(Struct, gc=False):
    """One turn: `user`, `assistant`, `tool`, or `system`."""

    role: str | None = None
    text: Any = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | int | None = None
    reasoning: Any = None


class Labelled(Struct, gc=False):
    """What is read of a record."""

    id: str | int | None = None
    model: str | None = None
    user_task: str | None = None
    system: str | None = None
    steps: list[Step] | None = None


class LabelledImporter:
    """Reads labelled sessions, one run a record."""

    name = "labelled"

    def claims(self, head: Head) -> bool:
        """Records of steps with roles, beside a label or the user's task."""
        return any(_is_record(value) for value in (peek(head), *head.lines))

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield one run a line; lines that are no record are reported and passed over."""
        used: dict[str, int] = {}
        for number, line in lines(path, intake):
            try:
                record = decode(line, Labelled, noting(path, intake, number))
            except Unfit as reason:
                intake.problem(path, str(reason), line=number, mend="repair or remove the record")
                continue
            if record.steps is None:
                intake.problem(path, "a record without `steps`", line=number, mend="see docs/hosts-formats.md")
                continue
            run = string(record.id) or f"{path.name}:{number}"
            used[run] = count = used.get(run, 0) + 1
            started = RunStarted(host=self.name, model=record.model or "", source=f"{path.name}:{number}")
            transcript = _transcript(record, record.steps, noting(path, intake, number), intake)
            yield Session(run=run if count == 1 else f"{run}#{count}", started=started, events=transcript.finish())


def _transcript(record: Labelled, steps: list[Step], report: Any, intake: Intake) -> Transcript:
    transcript = Transcript()
    transcript.say("system", record.system or "")
    if not any(step.role == "user" for step in steps):
        transcript.user(record.user_task or "")
    for number, step in enumerate(steps):
        _step(transcript, step, lambda what, number=number: report(f"steps[{number}] {what}"), intake)
    return transcript


def _step(transcript: Transcript, step: Step, report: Any, intake: Intake) -> None:
    text = step.text if isinstance(step.text, str) else text_of(step.text)
    match step.role:
        case "assistant":
            if step.reasoning:
                intake.skip("block:reasoning")
            transcript.say("agent", text)
            for call in step.tool_calls or ():
                if not call.name:
                    report("calls a tool without a name")
                transcript.act(call.name or "", arguments(call.arguments), string(call.id))
        case "tool":
            transcript.result(text, string(step.tool_call_id))
        case "user":
            transcript.user(text)
        case "system":
            transcript.say("system", text)
        case _:
            report(f"has the unknown role {step.role!r}; left out")


def _is_record(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("steps"), list):
        return False
    step = next(iter(value["steps"]), None)
    role = isinstance(step, dict) and "role" in step
    return (role or not value["steps"]) and ("label" in value or "user_task" in value)


IMPORTER = LabelledImporter()
