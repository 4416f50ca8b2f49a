"""Drawing: strata, quotas, and which items. Pure: the same seed and population always give the same sample, in any language.

An item's key is SHA-256 of `seed|run|n|`; of each stratum the items with the smallest keys are drawn, which is a uniform draw without
replacement to whoever did not know the seed. The seed is a secret, whose hash is in the ledger before the draw, joined with the
ledger's checkpoint over that very event: nobody, not even who draws, can choose it to please, and an abandoned secret stays visible.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt

from magistrate.audit.frame import CLASSES, Unit
from magistrate.core.records import Item, Record, Stratum

FLOOR = 0.5
"""Share of the budget that is spread over everything by size alone. Scores steer the rest; they may be blind."""
TWICE = 0.2
"""Share of the items that are labelled a second time."""
TOP = (0.9, 0.99)
"""Quantiles of the score at which bands of the allowed begin."""
LEAST = 2
"""Items drawn of the smallest stratum, if it holds as many."""
_STEERED_TO_ALLOWED = 2 / 3
_BANDS = ("low", "high", "highest")


class Plan(Record, frozen=True, kw_only=True):
    """What would be drawn."""

    strata: tuple[Stratum, ...]
    bands: tuple[float, ...]
    floor: float


def bands(units: Iterable[Unit], top: Sequence[float] = TOP) -> tuple[float, ...]:
    """Scores at which the bands of the allowed begin; fewer than asked where scores tie, none without scores."""
    scores = sorted(unit.score for unit in units if unit.verdict == "allow" and unit.score is not None)
    if not scores:
        return ()
    cuts = sorted({scores[min(int(share * len(scores)), len(scores) - 1)] for share in top})
    return tuple(cut for cut in cuts if cut > scores[0])


def stratum_of(unit: Unit, cuts: Sequence[float]) -> str:
    """The name of the stratum that an action belongs to."""
    if unit.verdict != "allow":
        return f"{unit.verdict}/all"
    if unit.score is None:
        return "allow/unscored"
    return f"allow/{_BANDS[bisect_right(cuts, unit.score)]}"


def plan(units: Sequence[Unit], budget: int, *, floor: float = FLOOR, top: Sequence[float] = TOP) -> Plan:
    """Strata of a population with their quotas, which sum to the budget (or to the population, if that is smaller)."""
    cuts = bands(units, top)
    sizes = Counter(stratum_of(unit, cuts) for unit in units)
    names = sorted(sizes, key=lambda name: (CLASSES.index(name.split("/")[0]), name))
    steered = _steered(sizes)
    total = max(len(units), 1)
    wanted = [budget * (floor * sizes[name] / total + (1 - floor) * steered[name]) for name in names]
    quotas = _whole(wanted, [sizes[name] for name in names], min(budget, len(units)))
    strata = tuple(Stratum(name=name, size=sizes[name], quota=quota) for name, quota in zip(names, quotas, strict=True))
    return Plan(strata=strata, bands=cuts, floor=floor)


def _steered(sizes: Mapping[str, int]) -> dict[str, float]:
    """Shares of the budget that scores steer: two thirds to the allowed, every band alike, the rest by the root of the size.

    Bands are ranks. A raw score is no probability, and an allocation that took it for one would trust it too far.
    """
    allowed = {name: 1.0 for name in sizes if name.startswith("allow/")}
    others = {name: sqrt(size) for name, size in sizes.items() if name not in allowed}
    part = _STEERED_TO_ALLOWED if allowed and others else 1.0 if allowed else 0.0
    return {name: part * w / sum(allowed.values()) for name, w in allowed.items()} | {
        name: (1 - part) * w / sum(others.values()) for name, w in others.items()
    }


def _whole(wanted: Sequence[float], sizes: Sequence[int], budget: int) -> list[int]:
    """Whole quotas near the wanted ones: at least `LEAST`, at most the stratum, `budget` in all where that is possible."""
    quotas = [min(size, max(int(want), LEAST)) for want, size in zip(wanted, sizes, strict=True)]
    while sum(quotas) != budget:
        short = sum(quotas) < budget
        open_ = [at for at in range(len(quotas)) if (quotas[at] < sizes[at] if short else quotas[at] > 1)]
        if not open_:
            break
        at = max(open_, key=lambda at: (wanted[at] - quotas[at]) if short else (quotas[at] - wanted[at]))
        # A large gap closes in large steps: to what is wanted, and one by one from there.
        gap = abs(budget - sum(quotas))
        step = max(1, min(gap, int(abs(wanted[at] - quotas[at])), sizes[at] - quotas[at] if short else quotas[at] - 1))
        quotas[at] += step if short else -step
    return quotas


def draw(units: Iterable[Unit], planned: Plan, seed: str, *, twice: float = TWICE) -> tuple[Item, ...]:
    """The items, in the order in which they have to be labelled."""
    by_stratum: dict[str, list[tuple[bytes, Unit]]] = {stratum.name: [] for stratum in planned.strata}
    for unit in units:
        by_stratum[stratum_of(unit, planned.bands)].append((key(seed, unit.run, unit.n), unit))
    drawn: list[tuple[bytes, Item]] = []
    for at, stratum in enumerate(planned.strata):
        chosen = sorted(by_stratum[stratum.name], key=lambda entry: entry[0])[: stratum.quota]
        probability = stratum.quota / stratum.size
        drawn += [
            (
                key(seed, unit.run, unit.n, "order"),
                Item(
                    run=unit.run,
                    n=unit.n,
                    stratum=at,
                    probability=probability,
                    twice=int.from_bytes(key(seed, unit.run, unit.n, "twice")[:8]) < twice * 2**64,
                ),
            )
            for _, unit in chosen
        ]
    return tuple(item for _, item in sorted(drawn, key=lambda entry: entry[0]))


def key(seed: str, run: str, n: int, use: str = "") -> bytes:
    """The random number of an item, for one use of it."""
    return hashlib.sha256(f"{seed}|{run}|{n}|{use}".encode("utf-8", "surrogatepass")).digest()


def seed_of(secret: str, checkpoint: str) -> str:
    """The seed that a secret makes with the checkpoint over its commitment."""
    return f"{secret}|{checkpoint}"
