"""Estimates: a value never travels without its interval, method, n and assumptions."""

from __future__ import annotations

from magistrate.core.records import Record


class Estimate(Record, frozen=True, kw_only=True):
    """A measured quantity."""

    value: float | None
    """None when there is nothing to measure it on."""
    low: float
    high: float
    n: int
    count: int
    level: float = 0.95
    method: str = "Clopper-Pearson"
    assumptions: tuple[str, ...] = ("independent draws",)
    population: int = 0
    """How many items the estimate speaks of, where they are counted: a finite population. 0: a rate of what may come."""
    command: str = ""
    """What recomputes it."""

    def __str__(self) -> str:
        if self.value is None:
            return "none"
        return f"{self.value:6.1%} [{self.low:.1%}, {self.high:.1%}]  {self.count}/{self.n}"


def proportion(count: int, n: int, *, level: float = 0.95) -> Estimate:
    """A share with its exact two-sided interval (Clopper and Pearson, Biometrika 26, 1934): coverage is at least `level`.

    With n = 0 the interval is [0, 1] and there is no value.
    """
    if not 0 <= count <= n:
        raise ValueError(f"count {count} of {n}")
    from scipy.special import betaincinv  # imported here: it costs a third of a second

    tail = (1 - level) / 2
    low = float(betaincinv(count, n - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return Estimate(value=count / n if n else None, low=low, high=high, n=n, count=count, level=level)
