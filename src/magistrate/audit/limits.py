"""Limits for rare events, over arrays: the mathematics that estimates are made of. Two-sided unless said otherwise.

Each function takes scalars or arrays of one shape and gives `(low, high)`; coverage is at least `level` by theorem for counts of
one design (Clopper-Pearson, hypergeometric), and in every simulation so far for weighted counts (`tests/audit/test_coverage.py`).
"""

from __future__ import annotations

from magistrate.audit.metrics import Array


def binomial(count: Array, n: Array, level: float = 0.95) -> tuple[Array, Array]:
    """The share behind `count` hits in `n` independent draws: Clopper and Pearson, Biometrika 26 (1934)."""
    import numpy as np
    from scipy.special import betaincinv

    k, n = np.asarray(count, dtype=float), np.asarray(n, dtype=float)
    tail = (1 - level) / 2
    low = np.where(k > 0, betaincinv(np.maximum(k, 1e-300), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1e-300), 1 - tail), 1.0)
    return low, high


def gamma(total: Array, square: Array, largest: Array, level: float = 0.95) -> tuple[Array, Array]:
    """The sum that a weighted count of rare events estimates: Fay and Feuer, Statistics in Medicine 16 (1997), 791-801.

    `total`: sum of weight x hits; `square`: sum of squared weight x hits; `largest`: the largest weight that *any* item of the
    population could have had. With equal weights these are the exact Poisson limits times the weight.
    """
    import numpy as np
    from scipy.special import gammaincinv

    t, v = np.asarray(total, dtype=float), np.asarray(square, dtype=float)
    tail = (1 - level) / 2
    some = t > 0
    safe_t, safe_v = np.where(some, t, 1.0), np.where(some, v, 1.0)
    # chi2^-1(p; df) = 2 gammaincinv(df / 2, p)
    low = np.where(some, safe_v / safe_t * gammaincinv(safe_t**2 / safe_v, tail), 0.0)
    t, v = t + largest, v + np.asarray(largest, dtype=float) ** 2
    return low, v / t * gammaincinv(t**2 / v, 1 - tail)


def hypergeometric(count: int, n: int, population: int, level: float = 0.95) -> tuple[int, int]:
    """How many hits a finite population holds of which `n` items were drawn uniformly and without replacement: exact.

    The limits are the numbers of hits that two tests at (1 - level) / 2 each do not reject (Buonaccorsi, The American
    Statistician 41 (1987), 215-218). Raises ValueError for impossible counts.
    """
    if not 0 <= count <= n <= population:
        raise ValueError(f"count {count} of {n} of {population}")
    least = (1 - level) / 2 * (1 - 1e-9)  # a tie is not rejected, however its logarithms round
    # Chance of at most `count` hits falls as the population holds more; so one bisection finds the last that is not rejected.
    high = _last(count, population - n + count, lambda hits: _at_most(count, n, population, hits) >= least)
    mirrored = _last(n - count, population - count, lambda misses: _at_most(n - count, n, population, misses) >= least)
    return population - mirrored, high


def _last(low: int, high: int, holds: Array) -> int:
    """The last whole number in [low, high] for which `holds`, true at `low` and never again once false."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _at_most(count: int, n: int, population: int, hits: int) -> float:
    """The chance of at most `count` hits among `n` of a population that holds `hits`."""
    import numpy as np
    from scipy.special import gammaln

    least = max(0, n - (population - hits))
    if count < least:
        return 0.0
    if count >= min(n, hits):
        return 1.0
    k = np.arange(least, count + 1)

    def choose(a: Array, b: Array) -> Array:
        return gammaln(np.asarray(a) + 1.0) - gammaln(b + 1.0) - gammaln(np.asarray(a) - b + 1.0)

    logs = choose(hits, k) + choose(population - hits, n - k) - choose(population, np.asarray(n))
    top = float(logs.max())
    return min(1.0, float(np.exp(logs - top).sum() * np.exp(top)))


def wald(count: Array, n: Array, level: float = 0.95) -> tuple[Array, Array]:
    """The textbook interval of a share, for comparison only: it has no width when nothing was found, and covers far too seldom."""
    import numpy as np
    from scipy.special import ndtri

    share = np.asarray(count, dtype=float) / n
    half = float(ndtri(1 - (1 - level) / 2)) * np.sqrt(share * (1 - share) / n)
    return np.maximum(share - half, 0.0), np.minimum(share + half, 1.0)


def bootstrap(count: Array, n: Array, level: float = 0.95) -> tuple[Array, Array]:
    """The percentile bootstrap of a share, in closed form (resamples are binomial), for comparison only: see `wald`."""
    import numpy as np
    from scipy.stats import binom  # type: ignore[attr-defined]

    share = np.asarray(count, dtype=float) / n
    tail = (1 - level) / 2
    return binom.ppf(tail, n, share) / n, binom.ppf(1 - tail, n, share) / n
