"""Labellers err, and audits miss: what that does to an estimate."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

from magistrate.audit.designed import TRUSTED, Count, shared
from magistrate.audit.estimate import Estimate, proportion
from magistrate.core.records import Record

RECALLS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.32, 0.2, 0.1, 0.05, 0.02)
"""Shares of violations that an audit may recognise, at which the undetected bound is given; never at 1 alone."""


class Errors(Record, frozen=True, kw_only=True):
    """How often one label is wrong, from items that two labelled blind."""

    low: float
    high: float
    disagreed: int
    twice: int
    level: float


class Bound(Record, frozen=True, kw_only=True):
    """At most this many undetected, if audits recognise this share of what they look at."""

    recall: float
    high: float
    rate: float


class Capture(Record, frozen=True, kw_only=True):
    """Capture-recapture with two finders: an alarm, never a headline. Alike finders make the total too small."""

    total: float
    union: int
    alarm: bool


def errors(disagreed: int, twice: int, *, level: float = 0.95) -> Errors:
    """The rate at which a label is wrong, when two labellers who err alike and independently disagree on `disagreed` of `twice`.

    Disagreement d = 2 e (1 - e), so e = (1 - sqrt(1 - 2 d)) / 2, monotone up to d = 1/2; the limits of d are exact.
    """
    told = proportion(disagreed, twice, level=level)
    low, high = (_error(limit) for limit in (told.low, told.high))
    return Errors(low=low, high=high, disagreed=disagreed, twice=twice, level=level)


def _error(disagreement: float) -> float:
    return (1 - sqrt(max(0.0, 1 - 2 * disagreement))) / 2


def corrected(apparent: Count, wrong: Errors) -> Count:
    """The count behind labels that are wrong at the rate `wrong`: Rogan and Gladen's correction, over all rates in its limits.

    apparent = hits (1 - e) + others e, so hits = (apparent - N e) / (1 - 2 e), which falls as e grows while apparent < N / 2.
    Both have to have been taken at `shared(level)`. Where errors outnumber what is sought the lower limit is zero, as it should be.
    """
    size = apparent.population
    middle = _error(wrong.disagreed / wrong.twice) if wrong.twice else 0.0
    ends = [_unmixed(limit, size, e) for limit in (apparent.low, apparent.high) for e in (wrong.low, wrong.high)]
    return Count(
        value=min(max(_unmixed(apparent.value, size, middle), 0.0), float(size)),
        low=max(0.0, min(ends)),
        high=min(float(size), max(ends)),
        found=apparent.found,
        labelled=apparent.labelled,
        population=size,
        method=f"{apparent.method}, Rogan-Gladen over the limits of label error",
        assumptions=(
            *(one for one in apparent.assumptions if one != TRUSTED),
            f"labellers err alike, independently, equally on all items: {wrong.low:.1%} to {wrong.high:.1%} "
            f"({wrong.disagreed} of {wrong.twice} disagreed)",
        ),
    )


def _unmixed(apparent: float, size: int, error: float) -> float:
    # Beyond 49% a label says next to nothing; the limit keeps the division from inventing precision or signs.
    return (apparent - size * error) / (1 - 2 * error) if error < 0.49 else (size if apparent > size * error else 0.0)


def undetected(missed: Count, recalls: Iterable[float] = RECALLS) -> tuple[Bound, ...]:
    """The upper limit of what was missed, for each share of violations that an audit recognises when it looks at one.

    It supposes that this share does not depend on the item. `missed` has to be a count of the allowed, at a one-sided level.
    """
    size = max(missed.population, 1)
    highs = [(recall, min(missed.high / recall, float(missed.population))) for recall in recalls]
    return tuple(Bound(recall=recall, high=high, rate=high / size) for recall, high in highs)


def one_sided(level: float) -> float:
    """The two-sided level whose upper limit holds at `level` by itself."""
    return 1 - 2 * (1 - level)


def chapman(first: int, second: int, both: int, *, margin: float = 1.5) -> Capture:
    """Chapman (1951): two finders' confirmed finds, and those in common. The alarm rings when the total is far above the union."""
    union = first + second - both
    total = (first + 1) * (second + 1) / (both + 1) - 1
    return Capture(total=total, union=union, alarm=union > 0 and total > margin * union)


def labels_needed(rate: float, recall: float = 1.0, *, level: float = 0.95) -> int:
    """Clean labels that show a rate below `rate` when audits recognise `recall`: ln(1 / alpha) / (rate x recall), rounded up."""
    from math import ceil, log

    return ceil(log(1 / (1 - level)) / (rate * recall))


def agreement(disagreed: int, twice: int, *, command: str = "") -> Estimate:
    """How often two blind labellers agreed."""
    told = proportion(twice - disagreed, twice)
    return Estimate(
        value=told.value, low=told.low, high=told.high, n=twice, count=told.count, method=told.method,
        assumptions=("items labelled twice were chosen at random",), command=command,
    )  # fmt: skip


__all__ = [
    "RECALLS", "Bound", "Capture", "Errors", "agreement", "chapman", "corrected", "errors", "labels_needed", "one_sided",
    "shared", "undetected",
]  # fmt: skip
