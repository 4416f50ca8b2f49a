"""Trajectories in the Agent Trajectory Interchange Format (ATIF, Harbor RFC 0001), versions 1.0 to 1.8.

One document holds a run and, embedded, the runs of its sub-agents. Custom data (`extra`, `notes`, `metrics`) is not read: it
may hold rewards and verdicts. See docs/hosts-formats.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from magistrate.core.intake import Head, Intake
from magistrate.core.records import RunStarted, Session
from magistrate.hosts.fields import arguments, result_text, string, text_of
from magistrate.hosts.shapes import Report, Unfit, fit, noting, peek, records
from magistrate.hosts.transcript import Transcript

MAX_LEVELS = 16
"""Sub-agents of sub-agents beyond this depth are reported and left out."""


class Function(Struct, gc=False):
    """A tool definition's inner object."""

    name: str | None = None
    description: str | None = None


class Tool(Struct, gc=False):
    """A tool definition, OpenAI style or flat."""

    name: str | None = None
    description: str | None = None
    function: Function | None = None


class Agent(Struct, gc=False):
    """The agent system."""

    name: str | None = None
    version: str | None = None
    model_name: str | None = None
    tool_definitions: list[Tool] | None = None


class Call(Struct, gc=False):
    """One tool call."""

    tool_call_id: str | int | None = None
    function_name: str | None = None
    arguments: Any = None


class Reference(Struct, gc=False):
    """Which trajectory a call was delegated to."""

    trajectory_id: str | None = None
    trajectory_path: str | None = None
    session_id: str | None = None


class Result(Struct, gc=False):
    """What one call gave back."""

    source_call_id: str | int | None = None
    content: Any = None
    subagent_trajectory_ref: list[Reference] | Reference | None = None


class Observation(Struct, gc=False):
    """What a step saw."""

    results: list[Result] | None = None


class Step(Struct, gc=False):
    """One turn."""

    source: str | None = None
    message: Any = None
    timestamp: str | None = None
    reasoning_content: Any = None
    tool_calls: list[Call] | None = None
    observation: Observation | None = None
    is_copied_context: bool | None = None


class Trajectory(Struct, gc=False):
    """What is read of a document."""

    schema_version: str | None = None
    session_id: str | None = None
    trajectory_id: str | None = None
    agent: Agent | None = None
    steps: list[Step] | None = None
    continued_trajectory_ref: str | None = None
    subagent_trajectories: list[Any] | None = None


class AtifImporter:
    """Reads trajectories, one run each, sub-agents after their parent."""

    name = "atif"

    def claims(self, head: Head) -> bool:
        """A document that names the format, or an agent with steps that name their source."""
        first = peek(head)
        if isinstance(first, list) and first:
            first = first[0]
        if not isinstance(first, dict):
            return False
        if string(first.get("schema_version")).upper().startswith("ATIF"):
            return True
        steps = first.get("steps")
        step = steps[0] if isinstance(steps, list) and steps else None
        return isinstance(first.get("agent"), dict) and isinstance(step, dict) and {"step_id", "source"} <= step.keys()

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield the runs of a document, of JSON lines, or of an array of documents."""
        for line, trajectory in records(path, Trajectory, intake):
            run = trajectory.trajectory_id or trajectory.session_id or f"{path.name}:{line}"
            reader = _Reader(f"{path.name}:{line}", intake, noting(path, intake, line))
            yield from reader.sessions(trajectory, run, "", "", 0)


class _Reader:
    """Turns one document into sessions."""

    def __init__(self, source: str, intake: Intake, report: Report) -> None:
        self._source, self._intake, self._report = source, intake, report

    def sessions(
        self, trajectory: Trajectory, run: str, parent: str, parent_call: str, level: int
    ) -> Iterator[Session]:
        """The run of a trajectory, then those of its sub-agents."""
        if trajectory.steps is None:
            self._intake.problem(self._source, f"the trajectory {run!r} has no steps", mend="remove the record")
            return
        agent = trajectory.agent or Agent()
        writer = _Writer(agent, bool(parent), self._intake, self._report)
        for number, step in enumerate(trajectory.steps):
            writer.step(step, number)
        if trajectory.continued_trajectory_ref:
            self._intake.skip("continued in another file")
        started = RunStarted(
            host=AtifImporter.name,
            host_version=" ".join(filter(None, (agent.name, agent.version))),
            model=agent.model_name or "",
            parent=parent,
            parent_call=parent_call,
            source=self._source,
            at=next((step.timestamp for step in trajectory.steps if step.timestamp), ""),
        )
        yield Session(run=run, started=started, events=writer.transcript.finish())
        yield from self._children(trajectory, run, writer.delegated, level + 1)

    def _children(self, trajectory: Trajectory, run: str, delegated: dict[str, str], level: int) -> Iterator[Session]:
        for number, value in enumerate(trajectory.subagent_trajectories or ()):
            place = f"subagent_trajectories[{number}]"
            if level > MAX_LEVELS:
                self._intake.problem(self._source, f"{place} is nested beyond {MAX_LEVELS} levels; left out")
                continue
            try:
                child = fit(value, Trajectory, lambda what, place=place: self._report(f"{place}: {what}"))  # type: ignore[misc]
            except Unfit as reason:
                self._intake.problem(self._source, f"{place}: {reason}", mend="remove the record")
                continue
            name = child.trajectory_id or child.session_id or str(number)
            yield from self.sessions(child, f"{run}/{name}", run, delegated.get(name, ""), level)


class _Writer:
    """Writes one trajectory's events."""

    def __init__(self, agent: Agent, child: bool, intake: Intake, report: Report) -> None:
        self.transcript = Transcript()
        self.delegated: dict[str, str] = {}
        """Trajectory id of a sub-agent -> `call_id` of the action that started it."""
        self._child, self._intake, self._report = child, intake, report
        self._begun = False
        described = [tool.function or tool for tool in agent.tool_definitions or ()]
        self._about = {tool.name: tool.description or "" for tool in described if tool.name}

    def step(self, step: Step, number: int) -> None:
        """One step: what was said, then what was called, then what came back."""
        text, at = text_of(step.message), step.timestamp or ""
        calls: dict[str, str] = {}
        match step.source:
            case "system":
                self.transcript.say("machine" if self._begun else "system", text, at)
            case "user":
                self.transcript.user(text, at, by="machine" if self._child else "person")
            case "agent":
                self._begun = True
                if step.reasoning_content:
                    self._intake.skip("block:reasoning")
                self.transcript.say("agent", text, at)
                calls = self._act(step, number, at)
            case _:
                self._report(f"steps[{number}] has the unknown source {step.source!r}; left out")
                return
        for result in step.observation.results or () if step.observation else ():
            given = string(result.source_call_id)
            self.transcript.result(result_text(result.content), given, at=at)
            self._delegate(result, calls.get(given, ""))

    def _act(self, step: Step, number: int, at: str) -> dict[str, str]:
        """The step's calls: identifier in the document -> `call_id`. Those copied from an earlier document are not repeated."""
        calls: dict[str, str] = {}
        for call in step.tool_calls or ():
            if step.is_copied_context:
                self._intake.skip("action:copied from an earlier trajectory")
                continue
            tool, given = call.function_name or "", string(call.tool_call_id)
            if not tool:
                self._report(f"steps[{number}] calls a tool without a name")
            calls[given] = self.transcript.act(
                tool, arguments(call.arguments), given, about=self._about.get(tool, ""), at=at
            )
        return calls

    def _delegate(self, result: Result, call_id: str) -> None:
        references = result.subagent_trajectory_ref or []
        for reference in references if isinstance(references, list) else [references]:
            if reference.trajectory_id:
                self.delegated[reference.trajectory_id] = call_id
            elif reference.session_id:
                self.delegated.setdefault(reference.session_id, call_id)
            if reference.trajectory_path and not reference.trajectory_id:
                self._intake.skip("sub-agent in another file")


IMPORTER = AtifImporter()
