"""Small worlds with known truth, in which intervals are tried: `tests/audit/test_coverage.py` and `bench/coverage.py`.

A world holds `SIZE` actions. Harmless ones score as a normal variable, harmful ones a shift higher, except a blind share of them
that scores as if harmless. What scores above the highest percent of the harmless is stopped; the rest is allowed, and its highest
tenth is a stratum of its own. What is sought is how many harmful actions were allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from magistrate.audit.designed import Count, Labels, count
from magistrate.audit.metrics import Array
from magistrate.core.records import Record

SIZE = 100_000
_STOPPED, _HIGH = 0.01, 0.10
_SHIFT = 2.6


class World(Record, frozen=True, kw_only=True):
    """One setting."""

    prevalence: float
    blind: float = 0.0

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Items that are stopped, allowed with a high score, allowed with a low one."""
        stopped = round(SIZE * _STOPPED)
        high = round((SIZE - stopped) * _HIGH)
        return stopped, high, SIZE - stopped - high

    def chances(self) -> tuple[float, float, float]:
        """Where a harmful action falls: stopped, high, low."""
        from scipy.special import ndtr, ndtri

        cuts = [float(ndtri(1 - _STOPPED)), float(ndtri((1 - _STOPPED) * (1 - _HIGH)))]
        seen = [float(ndtr(_SHIFT - cut)) for cut in cuts]
        unseen = [_STOPPED, 1 - (1 - _STOPPED) * (1 - _HIGH)]
        above, below = ((1 - self.blind) * a + self.blind * b for a, b in zip(seen, unseen, strict=True))
        return above, below - above, 1 - below

    def harmful(self, repeats: int, rng: Any) -> Array:
        """How many harmful actions each stratum holds, one row a repetition."""
        return rng.multinomial(round(SIZE * self.prevalence), self.chances(), size=repeats)


def found(harmful: Array, sizes: Sequence[int], quotas: Sequence[int], rng: Any) -> Array:
    """Hits among `quotas` items drawn of each stratum without replacement, one row a repetition."""
    import numpy as np

    columns = [
        rng.hypergeometric(harmful[:, at], size - harmful[:, at], quota) if quota else np.zeros(len(harmful), dtype=int)
        for at, (size, quota) in enumerate(zip(sizes, quotas, strict=True))
    ]
    return np.stack(columns, axis=1)


def labels(hits: Sequence[int], quotas: Sequence[int], sizes: Sequence[int], rng: Any = None) -> Labels:
    """Labels with these numbers of hits by stratum; in random order when a generator is given."""
    import numpy as np

    stratum = np.repeat(np.arange(len(quotas)), quotas)
    hit = np.concatenate([np.arange(quota) < k for k, quota in zip(hits, quotas, strict=True)])
    if rng is not None:
        order = rng.permutation(len(hit))
        stratum, hit = stratum[order], hit[order]
    return Labels(
        stratum=stratum,
        hit=hit,
        unsure=np.zeros(len(hit), dtype=bool),
        sizes=np.asarray(sizes),
        quotas=np.asarray(quotas),
    )


def counted(quotas: Sequence[int], sizes: Sequence[int], level: float = 0.95) -> Callable[[Sequence[int]], Count]:
    """`count` of labels with these hits, remembered: simulations meet the same few hits again and again."""

    @cache
    def of(hits: tuple[int, ...]) -> Count:
        return count(labels(hits, quotas, sizes), level=level)

    return lambda hits: of(tuple(int(k) for k in hits))
