"""One sample of an Inspect log as runs: the agent's, and one for each agent or tool in it that calls a model itself.

Spans say where an event belongs. What a scorer or a grader did is left out whole, since it knows the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Raw, Struct
from msgspec.structs import replace

from magistrate.core.intake import Intake
from magistrate.core.records import RunStarted, Session
from magistrate.hosts.inspect_run import Run
from magistrate.hosts.inspect_shapes import (
    ApprovalEvent,
    Kind,
    Message,
    ModelEvent,
    Pool,
    Sample,
    SpanBegin,
    StepMark,
    Texts,
    ToolEvent,
    message_of,
)
from magistrate.hosts.shapes import Report, Unfit, decode

GRADERS = frozenset({"grader", "scorer", "judge"})
"""Model roles that see the answer key."""
REVIEWERS = frozenset({"monitor", "reviewer", "approver", "sentinel", "supervisor"})
"""Model roles that review: their conversations are kept apart from the agent's."""
HUMAN = "human"
"""Inspect's own name for the approver that asks a person."""


class Zone(Struct, frozen=True):
    """Where the events of a span belong."""

    run: str = ""
    """Key of the run: empty for the sample's own, else the span that opened it."""
    in_agent: bool = False
    """Whether an agent's span is open in it already: the next one inside is another agent."""
    hidden: bool = False
    """Inside a scorer."""


ROOT = Zone()


class SampleReader:
    """Turns one sample into sessions, parents first."""

    def __init__(self, sample: Sample, name: str, started: RunStarted, intake: Intake, report: Report) -> None:
        self._sample, self._name, self._started = sample, name, started
        self._intake, self._report = intake, report
        self._texts = Texts(sample.attachments or {})
        pooled = sample.events_data.messages if sample.events_data else None
        self._pool = Pool(pooled or (), self._texts, report)
        self._runs: dict[str, Run] = {"": Run(name, None, intake, self._texts)}
        self._above: dict[str, str] = {}
        """Key of a run, opened or not -> key of the one it stands in."""
        self._callers: dict[str, str] = {}
        """Span of a tool or agent -> identifier of the call that opened it."""
        self._zones: dict[str, Zone] = {}
        self._refused: dict[str, tuple[Run, str, str]] = {}
        """Identifier of a call -> its run, who refused it, and why."""
        self._last_tool_span = ""
        self._scoring = 0
        self._models = 0

    def sessions(self) -> Iterator[Session]:
        """The sample's runs. Inner ones without an action of their own are left out and counted."""
        for raw in self._sample.events or ():
            self._event(raw)
        root = self._runs[""]
        if not self._models:
            root.plain(self._final_messages())
        for call, (run, by, why) in self._refused.items():
            if not run.transcript.answered(call):
                run.transcript.result(why, call, status="refused", refused_by=by)
        yield Session(run=root.name, started=self._started, events=root.transcript.finish())
        for key, run in self._runs.items():
            if key and run.acted:
                yield Session(run=run.name, started=self._start_of(key, run), events=run.transcript.finish())
            elif key:
                self._intake.skip("inner model call without actions")

    def _start_of(self, key: str, run: Run) -> RunStarted:
        above = run.parent
        while above is not None and above.parent is not None and not above.acted:
            above = above.parent
        return replace(
            self._started,
            parent=above.name if above else "",
            parent_call=self._callers.get(key, ""),
            role="reviewer" if run.reviewer else "agent",
            at=run.at,
        )

    def _final_messages(self) -> Iterator[Message]:
        if self._sample.message_refs:
            yield from self._pool.spread(self._sample.message_refs)
            return
        for number, raw in enumerate(self._sample.messages or ()):
            yield message_of(raw, f"messages[{number}]", self._report)
        if not self._sample.messages and isinstance(self._sample.input, str):
            yield Message(role="user", content=self._sample.input, source="input")

    # ------------------------------------------------------------ events

    def _event(self, raw: Raw) -> None:
        data = bytes(raw)
        try:
            kind = decode(data, Kind, self._report)
            match kind.event:
                case "span_begin":
                    self._span(decode(data, SpanBegin, self._report))
                case "step":
                    self._step(decode(data, StepMark, self._report))
                case "model":
                    self._model(decode(data, ModelEvent, self._report), kind)
                case "tool":
                    self._tool(decode(data, ToolEvent, self._report), kind)
                case "approval":
                    self._approval(decode(data, ApprovalEvent, self._report), kind)
                case "span_end":
                    pass  # events name their span, so only its beginning matters
                case _:
                    self._intake.skip(f"event:{kind.event}")
        except Unfit as reason:
            self._report(f"an event does not fit: {reason}; left out")

    def _span(self, span: SpanBegin) -> None:
        if not span.id:
            return
        zone = self._zones.get(span.parent_id or "", ROOT)
        kind = span.type or ""
        if zone.hidden or kind.startswith("scorer"):
            zone = Zone(hidden=True)
        elif kind == "tool" or (kind == "agent" and zone.in_agent):
            self._above.setdefault(span.id, zone.run)
            zone = Zone(run=span.id, in_agent=kind == "agent")
        elif kind == "agent":
            zone = Zone(run=zone.run, in_agent=True)
        if kind == "tool":
            self._last_tool_span = span.id
        self._zones[span.id] = zone

    def _step(self, mark: StepMark) -> None:
        if (mark.type or mark.name or "").startswith("score"):
            self._scoring += 1 if mark.action == "begin" else -1

    def _run_of(self, kind: Kind, what: str) -> Run | None:
        zone = self._zones.get(kind.span_id or "", ROOT)
        if zone.hidden or self._scoring > 0:
            self._intake.skip(f"{what} of a scorer")
            return None
        if zone.run not in self._runs:
            above = self._above[zone.run]
            while above not in self._runs:
                above = self._above[above]
            name = f"{self._name}/{zone.run}"
            self._runs[zone.run] = Run(name, self._runs[above], self._intake, self._texts)
        return self._runs[zone.run]

    def _model(self, event: ModelEvent, kind: Kind) -> None:
        run = self._run_of(kind, "model call")
        if run is None:
            return
        if event.role in GRADERS:
            self._intake.skip("model call of a grader")
            return
        if event.role in REVIEWERS:
            run = self._review_run(run, event.role or "")
        self._models += not run.reviewer
        run.given(event, self._pool)
        choices = event.output.choices if event.output else None
        if choices and choices[0].message is not None and not kind.pending:
            run.said(choices[0].message, event.timestamp or "")

    def _review_run(self, run: Run, role: str) -> Run:
        key = f"{run.name}/{role}"
        if key not in self._runs:
            self._runs[key] = Run(key, run, self._intake, self._texts, reviewer=True)
        return self._runs[key]

    def _tool(self, event: ToolEvent, kind: Kind) -> None:
        """A tool's event follows the opening of its span, and stands outside of it."""
        call = event.id or ""
        for span in (event.agent_span_id, self._last_tool_span):
            if span:
                self._callers.setdefault(span, call)
        run = self._run_of(kind, "tool call")
        if run is not None and not kind.pending:
            run.result(event, self._refused[call][1] if call in self._refused else "")

    def _approval(self, event: ApprovalEvent, kind: Kind) -> None:
        run = self._run_of(kind, "approval")
        call = event.call.id if event.call and event.call.id else ""
        if event.decision in ("reject", "terminate") and run is not None and call:
            by = "person" if event.approver == HUMAN else f"approver:{event.approver or ''}".rstrip(":")
            self._refused[call] = (run, by, event.explanation or "")
        elif event.decision == "modify":
            self._intake.skip("approval:modify")
