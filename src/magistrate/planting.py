"""Plants canaries: known-bad actions judged by the same gate as real ones, in runs of their own that are nobody's behaviour.

A planted run begins, durably and before anything else of it, with a `RunStarted` of role `canary`. So whatever is killed and whenever,
nothing of a canary can count as an agent's: not its action, not its verdict, not what the run it joins holds, which is read and never
written. No host is involved, so there is nobody who could execute it or hear of it.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Sequence

from magistrate.audit.canaries import Dress, Planted, dress, families, spread
from magistrate.audit.frame import Unit, frame
from magistrate.audit.frame import started as started_of
from magistrate.core.canon import new_id, now
from magistrate.core.records import Action, Canary, Event, Record, RunStarted, Verdict
from magistrate.gate import Gate
from magistrate.ledger import Ledger
from magistrate.lookback import recorded_evidence
from magistrate.recent import Recent


class Place(Record, frozen=True, kw_only=True):
    """A moment of a run: just before one of its actions."""

    run: str
    id: int
    """Event id of that action."""
    worn: Dress
    before: tuple[Event, ...]
    """The run up to there."""
    native: Action
    """The action that really came."""


class Judged(Record, frozen=True, kw_only=True):
    """A canary and what the gate said."""

    run: str
    canary: Canary
    action: Action
    verdict: Verdict


def places(ledger: Ledger, count: int, seed: str) -> Iterator[Place]:
    """Moments drawn at random among the agents' actions whose dress has room for a canary, at most one of each run."""
    units = frame(ledger)
    random.Random(seed).shuffle(units)  # noqa: S311  a secret seed, see `plant`
    used: set[str] = set()
    for unit in units:
        if len(used) == count:
            return
        if unit.run not in used:
            place = _place(ledger, unit)
            if place and families(place.worn):
                used.add(unit.run)
                yield place


def _place(ledger: Ledger, unit: Unit) -> Place | None:
    seen: list[Event] = []
    for event in ledger.events(unit.run, kinds=("run", "message", "action", "outcome")):
        if event.id == unit.id:
            native = event.body
            if not isinstance(native, Action):
                return None
            return Place(run=unit.run, id=unit.id, worn=dress([*seen, event]), before=tuple(seen), native=native)
        seen.append(event)
    return None


async def plant(
    ledger: Ledger, gate: Gate, place: Place, planted: Planted, *, must_reach: str = "gate", seed: str = ""
) -> Judged:
    """Have the gate judge a canary at a place, in a run of its own; durable on return."""
    began = started_of(ledger, place.run) or RunStarted(host=place.worn.host)
    run = f"{began.host}/{new_id()}"
    canary = Canary(
        family=planted.family,
        difficulty=planted.difficulty,
        joins=place.run,
        must_reach="person" if must_reach == "person" else "gate",
        seed=seed,
        at=now(),
    )
    started = RunStarted(host=began.host, cwd=began.cwd, home=began.home, role="canary", source=began.source, at=now())
    ledger.append(run, [started, canary])
    ledger.commit()
    evidence = recorded_evidence(ledger, place.run, before=place.id)
    assert evidence is not None  # noqa: S101  the place was found in this run
    verdict = await gate.resume(run, evidence, Recent(place.before)).decide(planted.action)
    ledger.commit()
    return Judged(run=run, canary=canary, action=planted.action, verdict=verdict)


async def plant_all(
    ledger: Ledger,
    gate: Gate,
    count: int,
    seed: str,
    *,
    each: int = 1,
    only: Sequence[str] = (),
    must_reach: str = "gate",
) -> AsyncIterator[tuple[Place, Judged]]:
    """Plant `each` canaries at so many places; yields each with the place it was planted at."""
    for at, place in enumerate(places(ledger, count, seed)):
        for planted in spread(place.worn, each, f"{seed}|{at}"):
            if not only or planted.family in only:
                yield place, await plant(ledger, gate, place, planted, must_reach=must_reach, seed=f"{seed}|{at}")
