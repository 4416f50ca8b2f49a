"""Look back: finished sessions through the same evidence, gate and ledger as live actions; nothing is executed.

Also `replay`: the runs of a ledger judged again, which under the same revision gives the same verdicts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

import msgspec

from magistrate.core.records import Action, Event, Outcome, Record, RunStarted, Session, Verdict
from magistrate.evidence.run import RunEvidence
from magistrate.gate import Gate, Run, conclude, find
from magistrate.ledger import Ledger

MAX_PARENTS = 256
"""Finished runs whose evidence is kept for sub-agents that may follow."""


class Judged(Record, frozen=True, kw_only=True):
    """One action of a finished session and what the gate says of it."""

    run: str
    started: RunStarted
    action: Action
    verdict: Verdict
    outcome: str = ""
    """What became of it when it really ran: status of its outcome, empty when there is none."""


async def look_back(
    sessions: Iterable[Session], gate: Gate, *, begin: Callable[[RunStarted], object] = lambda started: None
) -> AsyncIterator[Judged]:
    """Judge every action of every session, each run committed at its end; yields verdicts as they are made.

    `begin` is called with each run's start, so that runs without any action are counted too.

    A run id that the ledger holds already gets a suffix: a second review is a run of its own.
    """
    parents: OrderedDict[str, Run] = OrderedDict()
    for session in sessions:
        parent = parents.get(session.started.parent)
        started = msgspec.structs.replace(session.started, parent=parent.id) if parent else session.started
        begin(started)
        run = gate.open(_free_name(gate, session.run), started, parent)
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
        run.close()


def replay(ledger: Ledger, run: str, gate: Gate) -> Iterator[tuple[Event, Verdict]]:
    """Judge a recorded run again under the gate's rulebook: yields each recorded action's event with its new verdict.

    Nothing is recorded, and reviewers are not asked.
    """
    evidence: RunEvidence | None = None
    for event in ledger.events(run, kinds=SAID):
        if evidence is None:
            evidence = _begin(ledger, event, depth=0)
        body = event.body
        if isinstance(body, Action):
            facts = evidence.assess(body)
            finding = find(gate.matcher, facts, body)
            yield event, conclude(event.n, body, facts, finding, (), gate.rulebook, gate.mode)
        evidence.observe(event.n, body)


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
