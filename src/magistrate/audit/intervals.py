"""Intervals for clustered data that do not collapse at 0 or 1, shown by simulation to cover (`tests/audit/test_metrics.py`).

Actions of one run, and runs of one task, resemble each other, so they tell less than their number. Both intervals here go the
way of Korn and Graubard (1998, Survey Methodology 24): the variance that the clusters show is turned into the number of
independent draws that would have had it, and this effective number goes into the exact limits of Clopper and Pearson.

- For a share or a mean, the variance is the between-cluster (ultimate cluster) one, with their correction for few clusters.
- For AUROC, it is that of Obuchowski (1997, Biometrics 53) over the placements of both classes. A placement lies in [0, 1],
  where no variable varies more than a binary one of the same mean, so binomial limits err on the safe side.

A sample without any variance (no miss seen, perfect separation) says nothing about clusters that were not drawn, and there the
published methods are as sure as if the draws were independent. So each limit is also computed as if one further cluster, of
average size, had been drawn that speaks for that limit (a share: all or none of it; AUROC: scores no better than chance), and
the smaller effective number counts. This is the idea of the upper limit of Fay and Feuer (1997, Statistics in Medicine 16), who
add one event of the largest weight. With no miss in J clusters it gives the exact limits for J independent draws; with many
clusters it changes little.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isfinite

from magistrate.audit.estimate import Estimate
from magistrate.audit.metrics import Array, placements

_TINY = 1e-15


def clustered_mean(values: Array, clusters: Array, *, level: float = 0.95, assumptions: Iterable[str] = ()) -> Estimate:
    """The mean of values in [0, 1], a share when they are 0 and 1, with its interval for clusters like these.

    `clusters` are labels (integers), one for each value; `count` of the estimate is the rounded sum. Without values the interval
    is [0, 1]. Raises ValueError for values outside [0, 1].
    """
    import numpy as np

    n = len(values)
    values = np.asarray(values, dtype=float)
    if n and not 0 <= float(values.min()) <= float(values.max()) <= 1:
        raise ValueError("values outside [0, 1]")
    share = min(1.0, float(values.mean())) if n else None
    sums, sizes = _by_cluster(values, clusters)
    limits = [0.0, 1.0]
    if share is not None:
        few = _for_few(n, len(sizes), level)
        shown = min(n, _effective(sums, sizes) * few) if 0 < share < 1 else float(n)
        for side in (0, 1):
            size = min(shown, _effective(*_with_one_more(sums, sizes, float(side))))
            limits[side] = _limit(share, max(size, 1.0), level, side)
    return Estimate(
        value=share,
        low=limits[0],
        high=limits[1],
        n=n,
        count=round(float(values.sum())),
        level=level,
        method="Korn-Graubard, one further cluster",
        assumptions=(_drawn(len(sizes)), *assumptions),
    )


def clustered_auroc(
    harmful: Array,
    harmless: Array,
    harmful_clusters: Array,
    harmless_clusters: Array,
    *,
    level: float = 0.95,
    assumptions: Iterable[str] = (),
) -> Estimate:
    """AUROC with its interval. `n` of the estimate counts all scores, `count` the harmful ones.

    Clusters are integer labels; one that holds scores of both classes ties them together. No value when a class is empty.
    """
    if not len(harmful) or not len(harmless):
        return Estimate(
            value=None, low=0.0, high=1.0, n=len(harmful) + len(harmless), count=len(harmful), method="none"
        )
    above, below = placements(harmful, harmless)
    value = min(1.0, float(above.mean()))
    sides = (_by_cluster(above, harmful_clusters), _by_cluster(below, harmless_clusters))
    few = _for_few(inf, min(len(sizes) for _, sizes in sides), level)
    plain = [1 / _effective(*side) for side in sides]
    shared = _shared(value, above, below, harmful_clusters, harmless_clusters)
    limits = [0.0, 1.0]
    for side, told in ((0, 0.5), (1, 1.0)):
        further = [1 / _effective(*_with_one_more(sums, sizes, told)) for sums, sizes in sides]
        worse = 0 if further[0] - plain[0] >= further[1] - plain[1] else 1
        widest = max((plain[0] + plain[1] + shared) / few, further[worse] + plain[1 - worse] + shared)
        limits[side] = _limit(value, max(1 / widest, 1.0) if widest else float(len(harmful)), level, side)
    clusters = f"{len(sides[0][1])} harmful, {len(sides[1][1])} harmless"
    return Estimate(
        value=value,
        low=limits[0],
        high=limits[1],
        n=len(harmful) + len(harmless),
        count=len(harmful),
        level=level,
        method="Obuchowski, Korn-Graubard, one further cluster",
        assumptions=(_drawn(clusters), *assumptions),
    )


def _drawn(clusters: object) -> str:
    return f"clusters ({clusters}) drawn independently"


def _by_cluster(values: Array, clusters: Array) -> tuple[Array, Array]:
    """Sum and size of each cluster."""
    import numpy as np

    _, at = np.unique(clusters, return_inverse=True)
    return np.bincount(at, weights=values), np.bincount(at).astype(float)


def _with_one_more(sums: Array, sizes: Array, share: float) -> tuple[Array, Array]:
    import numpy as np

    size = float(sizes.mean())
    return np.append(sums, size * share), np.append(sizes, size)


def _effective(sums: Array, sizes: Array) -> float:
    """How many independent draws would vary as much as these clusters do; infinite when they do not vary."""
    share, spread = _spread(sums, sizes)
    return share * (1 - share) / spread if spread > _TINY and 0 < share < 1 else inf


def _spread(sums: Array, sizes: Array) -> tuple[float, float]:
    """The mean, and the between-cluster variance of it; one cluster alone counts as one draw."""
    total, count = float(sizes.sum()), len(sizes)
    share = float(sums.sum()) / total
    if count < 2:
        return share, share * (1 - share)
    return share, count / (count - 1) * float(((sums - share * sizes) ** 2).sum()) / total**2


def _shared(value: float, above: Array, below: Array, harmful: Array, harmless: Array) -> float:
    """Twice the covariance of the two classes' parts through clusters they share, as a part of 1 / effective size.

    A negative one would narrow the interval; it is left out.
    """
    import numpy as np

    both, at = np.unique(np.concatenate([harmful, harmless]), return_inverse=True)
    first, second = at[: len(harmful)], at[len(harmful) :]
    count = len(both)
    if count < 2 or not 0 < value < 1:
        return 0.0
    up = np.bincount(first, weights=above - value, minlength=count)
    down = np.bincount(second, weights=below - value, minlength=count)
    together = 2 * count / (count - 1) * float((up * down).sum()) / (len(harmful) * len(harmless))
    return max(0.0, together) / (value * (1 - value))


def _for_few(n: float, clusters: int, level: float) -> float:
    """Korn and Graubard's factor on the effective size: squared t quantiles at n - 1 and at clusters - 1 degrees of freedom."""
    from scipy.special import stdtrit

    tail = 1 - (1 - level) / 2
    wide = float(stdtrit(max(clusters - 1, 1), tail))
    narrow = float(stdtrit(max(n - 1, 1), tail)) if isfinite(n) else float(stdtrit(1e9, tail))
    return min(1.0, (narrow / wide) ** 2)


def _limit(share: float, size: float, level: float, side: int) -> float:
    """Clopper and Pearson's lower (side 0) or upper (1) limit for a share of `size` draws, which need not be whole."""
    from scipy.special import betaincinv

    tail, hits = (1 - level) / 2, share * size
    if side == 0:
        return float(betaincinv(hits, size - hits + 1, tail)) if hits > _TINY else 0.0
    return float(betaincinv(hits + 1, size - hits, 1 - tail)) if size - hits > _TINY else 1.0
