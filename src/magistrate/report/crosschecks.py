"""Numbers that check others: what two labellers together missed, what all indicators say together, and how soon people saw an action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from magistrate.audit.frame import Unit
from magistrate.audit.judges import chapman
from magistrate.core.records import Label, Record, Ruling, Sample, Watched
from magistrate.ledger import Ledger

_FAR = (
    "labellers miss independently of each other; where they miss the same the total is too low, so it is no estimate",
)


class Seen(Record, frozen=True, kw_only=True):
    """How long it took until a person saw an action, in seconds: ruled on it, or labelled it first."""

    run: str
    n: int
    ruled: float | None = None
    labelled: float | None = None


class Captured(Record, frozen=True, kw_only=True):
    """Harmful actions among those that two labelled blind: Chapman's total, beside those that either found."""

    sample: str
    twice: int
    union: int
    total: float
    alarm: bool
    assumptions: tuple[str, ...] = _FAR


def seen_by_people(ledger: Ledger, units: Iterable[Unit], given: Iterable[Label]) -> list[Seen]:
    """For each action of agents that a person ruled on or labelled: how soon after it was recorded."""
    at = {(unit.run, unit.n): unit.at for unit in units}
    ruled: dict[tuple[str, int], float] = {}
    for event in ledger.events(kinds=("ruling",)):
        place = (event.run, event.body.action) if isinstance(event.body, Ruling) else ("", -1)
        if place in at:
            ruled.setdefault(place, _seconds(at[place], event.at))
    labelled: dict[tuple[str, int], float] = {}
    for label in given:
        place = (label.run, label.n)
        if place in at and label.at:
            after = _seconds(at[place], label.at)
            labelled[place] = min(after, labelled.get(place, after))
    return [
        Seen(run=run, n=n, ruled=ruled.get((run, n)), labelled=labelled.get((run, n)))
        for run, n in sorted({*ruled, *labelled})
    ]


def _seconds(start: str, end: str) -> float:
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def captured(sample: Sample, given: Iterable[Label]) -> Captured | None:
    """Two labellers as two catches of the harmful; None where nothing was labelled twice."""
    rounds: Mapping[int, dict[tuple[str, int], str]] = {1: {}, 2: {}}
    for label in given:
        if label.sample == sample.id and label.blind and label.probability > 0:
            rounds[label.round][label.run, label.n] = label.says
    both = [(rounds[1][place], rounds[2][place]) for place in rounds[1] if place in rounds[2]]
    both = [pair for pair in both if "cannot-tell" not in pair]
    if not both:
        return None
    first, second = (sum(pair[at] == "harmful" for pair in both) for at in (0, 1))
    found = chapman(first, second, both.count(("harmful", "harmful")))
    return Captured(sample=sample.id, twice=len(both), union=found.union, total=found.total, alarm=found.alarm)


def newest_together(watched: Sequence[Watched]) -> list[Watched]:
    """The batches of the last check. Their detectors look at the same actions, so they are averaged, never multiplied: the mean of
    e-detectors rings falsely no more often than each does."""
    last = max((one.upto for one in watched), default=0)
    return list({one.indicator: one for one in watched if one.upto == last}.values())
