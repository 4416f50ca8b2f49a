"""Look back: finished sessions through the same evidence, gate and ledger as live actions; nothing is executed.

Also `replay`: the runs of a ledger judged again, which under the same revision gives the same verdicts.
"""

from __future__ import annotations

import heapq
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

import msgspec

from magistrate.core.records import (
    Action,
    Event,
    Message,
    Outcome,
    Record,
    Ruling,
    RunStarted,
    Session,
    Stop,
    Tightening,
    Verdict,
)
from magistrate.docket import FED, Docket, Seat
from magistrate.evidence.ahead import MAX_PARENTS, Crew
from magistrate.evidence.run import RunEvidence
from magistrate.evidence.supervision import watched
from magistrate.gate import Gate, Run, conclude, find
from magistrate.ledger import Ledger
from magistrate.ledger.people import PEOPLE, family, lineage

COMMIT_EVERY = 0.5
"""Seconds after which what was judged is made durable, at the end of a run: doing it for each costs more than judging a short one."""


class Judged(Record, frozen=True, kw_only=True):
    """One action of a finished session and what the gate says of it."""

    run: str
    started: RunStarted
    action: Action
    verdict: Verdict
    outcome: str = ""
    """What became of it when it really ran: status of its outcome, empty when there is none."""


async def look_back(
    sessions: Iterable[Session],
    gate: Gate,
    *,
    begin: Callable[[RunStarted], object] = lambda started: None,
    crew: Crew | None = None,
) -> AsyncIterator[Judged]:
    """Judge every action of every session; yields verdicts as they are made. Whole runs are committed, at least twice a second.

    `begin` is called with each run's start, so that runs without any action are counted too. `crew`: processes that work out the
    evidence; the verdicts are the same without.

    A run id that the ledger holds already gets a suffix: a second review is a run of its own.
    """
    parents: OrderedDict[str, Run] = OrderedDict()
    committed = time.monotonic()
    for session, foreseen in (crew or Crew(1)).see(sessions):
        parent = parents.get(session.started.parent)
        started = msgspec.structs.replace(session.started, parent=parent.id) if parent else session.started
        begin(started)
        run = gate.open(_free_name(gate, session.run), started, parent, past=True, foreseen=foreseen)
        parents[session.run] = run
        if len(parents) > MAX_PARENTS:
            parents.popitem(last=False)
        outcomes = {event.call_id: event.status for event in session.events if isinstance(event, Outcome)}
        for event in session.events:
            if isinstance(event, Action):
                verdict = await run.decide(event)
                yield Judged(
                    run=run.id,
                    started=session.started,
                    action=event,
                    verdict=verdict,
                    outcome=outcomes.get(event.call_id, ""),
                )
            else:
                run.observe(event)
        if time.monotonic() - committed >= COMMIT_EVERY:
            run.close()
            committed = time.monotonic()
    gate.ledger.commit()


def replay(ledger: Ledger, run: str, gate: Gate) -> Iterator[tuple[Event, Verdict]]:
    """Judge a recorded run again under the gate's rulebook: yields each recorded action's event with its new verdict.

    Nothing is recorded, and reviewers are not asked. What people ruled and what was refused before counts as it did then: what
    happened between two actions happened under the recorded verdicts.
    """
    evidence: RunEvidence | None = None
    docket, seats = Docket(), dict[str, Seat]()
    recorded = next(ledger.events(run, kinds=("verdict",)), None)
    mode = recorded.body.mode if recorded and isinstance(recorded.body, Verdict) else gate.mode
    for event in _with_family(ledger, run):
        body = event.body
        if event.run == run and isinstance(body, RunStarted | Message | Action | Outcome):
            if evidence is None:
                evidence = _begin(ledger, event, depth=0)
            if isinstance(body, Action):
                yield event, _again(event, body, evidence, seats[run], docket, gate, mode)
            evidence.observe(event.n, body)
        if isinstance(body, Ruling | Stop | Tightening):
            docket.learn(event)
        elif isinstance(body, RunStarted):
            seats[event.run] = docket.seat(event.run, body, seats.get(body.parent))
        elif event.run in seats:
            seats[event.run].tree.feed(event.run, event.n, body)


def _with_family(ledger: Ledger, run: str) -> Iterator[Event]:
    """The events of a run tree and what people decided anywhere, in the order in which they were recorded."""
    runs = family(ledger, lineage(ledger, run)[-1])
    streams = [ledger.events(one, kinds=[kind for kind in FED if kind not in PEOPLE]) for one in runs]
    return heapq.merge(*streams, ledger.events(kinds=PEOPLE), key=lambda event: event.id)


def _again(
    event: Event, action: Action, evidence: RunEvidence, seat: Seat, docket: Docket, gate: Gate, mode: str
) -> Verdict:
    facts = watched(evidence.assess(action), action, gate.guarded)
    earlier = seat.around(action, facts)
    facts = msgspec.structs.replace(facts, earlier=earlier) if earlier else facts
    finding = find(gate.matcher, facts, action)
    verdict = conclude(event.n, action, facts, finding, (), gate.rulebook, mode)
    return docket.decide(seat, seat.asked(action, facts, event.at), verdict, bright=finding.bright)


SAID = ("run", "message", "action", "outcome")
"""Kinds of events that evidence is made of."""
_MAX_DEPTH = 20


def recorded_evidence(
    ledger: Ledger, run: str, *, before: int = 0, depth: int = 0, witness: Callable[[Event], object] | None = None
) -> RunEvidence | None:
    """The evidence that a recorded run holds after its last event, or after those with an id under `before`; None: no such run.

    What a live run is restored from, after a restart or when memory was short. `witness` is shown every event on the way.
    """
    evidence: RunEvidence | None = None
    for event in ledger.events(run, kinds=() if witness else SAID):
        if before and event.id >= before:
            break
        if evidence is None:
            evidence = _begin(ledger, event, depth=depth)
        evidence.observe(event.n, event.body)
        if witness:
            witness(event)
    return evidence


def _begin(ledger: Ledger, first: Event, *, depth: int) -> RunEvidence:
    """Evidence at the start of a run: a sub-agent's grows from what its parent's run held at that moment."""
    started = first.body if isinstance(first.body, RunStarted) else RunStarted(host="unknown")
    parent = None
    if started.parent and depth < _MAX_DEPTH:
        parent = recorded_evidence(ledger, started.parent, before=first.id, depth=depth + 1)
    return RunEvidence(started, parent)


def _free_name(gate: Gate, run: str) -> str:
    """The run's id, with a suffix when the ledger holds it already."""
    name, count = run, 1
    while isinstance(gate.ledger, Ledger) and gate.ledger.has_run(name):
        count += 1
        name = f"{run}~{count}"
    return name
