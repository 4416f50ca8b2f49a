"""Confidence sequences by betting: an interval that holds at every look, however often and whenever you stop.

Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (JRSS B 86, 2024; arXiv 2010.09686), with
sampling without replacement as in their "Confidence sequences for sampling without replacement" (2006.04347), and weights as in
Waudby-Smith, Stark and Ramdas, "RiLACS" (2107.11323).

A sceptic doubts that a population holds D hits and bets against it. Before each label, the label's inflated value `x`, hit times
(items left in its stratum / chance that this stratum is next), has mean D - hits found so far, if D is right. Capital that grows by
bets on `x` is then a nonnegative martingale that ever reaches 1/alpha with a chance of at most alpha (Ville), so all D at which it
did are ruled out. Capital is averaged over several fixed stakes and one that learns from what was seen (predictable plug-in).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from magistrate.audit.metrics import Array
from magistrate.core.records import Record

_STAKES_UP = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
"""Fractions of the largest bet that "there are fewer than D" allows."""
_STAKES_DOWN = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Bets that "there are more than D", in units of one over the largest possible value."""
_MOST = 0.9
"""No bet risks more than this share of the capital."""


class Steps(Record, frozen=True, kw_only=True):
    """The labels in order, as arrays of one length."""

    x: Array
    """Inflated value of each label: not negative, at most `bound`."""
    bound: Array
    """The largest value that could have come at this step."""
    found: Array
    """Hits found before this step."""


def steps(hits: Sequence[bool], strata: Sequence[int], sizes: Sequence[int], quotas: Sequence[int]) -> Steps:
    """Labels in the random order of the draw as steps of a bet.

    `strata[i]` is the stratum of label `i`; `sizes` and `quotas` how many items each stratum holds and how many were drawn of it.
    The order of the draw is a random permutation, so the next label comes from a stratum with the chance that its open quota has
    among all. Steps end where a stratum's quota is used up and items of it remain: from there on they would say nothing of them.
    """
    import numpy as np

    left, open_ = np.asarray(sizes, dtype=float), np.asarray(quotas, dtype=float)
    x, bound, found = list[float](), list[float](), list[int]()
    total = 0
    for hit, stratum in zip(hits, strata, strict=True):
        if bool(((open_ <= 0) & (left > 0)).any()):
            break
        alive = open_ > 0
        inflated = np.where(alive, left * open_.sum() / np.where(alive, open_, 1.0), 0.0)
        x.append(float(inflated[stratum]) if hit else 0.0)
        bound.append(float(inflated.max()))
        found.append(total)
        total += hit
        left[stratum] -= 1
        open_[stratum] -= 1
    return Steps(x=np.array(x), bound=np.array(bound), found=np.array(found, dtype=float))


def limits(told: Steps, population: int, level: float = 0.95) -> tuple[float, float]:
    """The hits in the population that no bet has ruled out, at any time up to now: `(low, high)`."""
    import numpy as np

    seen = float(told.found[-1] + (told.x[-1] > 0)) if len(told.x) else 0.0
    most = population - (len(told.x) - seen)
    if not len(told.x):
        return 0.0, float(population)
    bar = float(np.log(2 / (1 - level)))
    learned = _plug_in(told, level)
    high = _border(lambda d: _fewer(told, d, learned) < bar, seen, most)
    low = _border(lambda d: _more(told, d, learned) >= bar, seen, most)
    return max(seen, floor(low)), float(floor(high))


def _border(holds: Array, low: float, high: float) -> float:
    """Where a predicate that is true first and false later changes, to a whole number; `low` when it never holds."""
    if holds(high):
        return high
    if not holds(low):
        return low
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high


def _fewer(told: Steps, d: float, learned: Array) -> float:
    """The highest log capital so far of bets that there are fewer than `d`; grows with `d`."""
    import numpy as np

    mean = np.clip(d - told.found, 0.0, told.bound * (1 - 1e-12))
    odds = (mean - told.x) / (told.bound - mean)
    stakes = np.vstack(
        [np.full((len(_STAKES_UP), 1), 0.0) + np.array(_STAKES_UP)[:, None] * np.ones(len(mean)), learned]
    )
    return _best(np.log1p(np.maximum(stakes * odds, -_MOST)))


def _more(told: Steps, d: float, learned: Array) -> float:
    """The highest log capital so far of bets that there are more than `d`; falls with `d`."""
    import numpy as np

    mean = np.maximum(d - told.found, 1e-9)
    rates = np.vstack([np.array(_STAKES_DOWN)[:, None] / told.bound, learned / told.bound])
    return _best(np.log1p(np.minimum(rates, _MOST / mean) * (told.x - mean)))


def _best(logs: Array) -> float:
    import numpy as np

    capital = np.cumsum(logs, axis=1)
    top = capital.max(axis=0)
    return float((top + np.log(np.exp(capital - top).mean(axis=0))).max())


def _plug_in(told: Steps, level: float) -> Array:
    """The stake that their predictable plug-in bets, on values scaled to [0, 1]; it knows only what came before each step."""
    import numpy as np

    at = np.arange(1, len(told.x) + 1)
    scaled = told.x / told.bound
    mean = (0.5 + np.cumsum(scaled)) / (at + 1)
    before = np.concatenate([[0.5], mean[:-1]])
    spread = (0.25 + np.cumsum((scaled - before) ** 2)) / (at + 1)
    spread = np.concatenate([[0.25], spread[:-1]])
    return np.minimum(np.sqrt(2 * np.log(2 / (1 - level)) / (spread * at * np.log1p(at))), _MOST)[None, :]
