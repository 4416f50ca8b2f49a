"""When a quiet world stops being quiet: e-detectors over streams of counts.

Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change detection" (arXiv 2203.03532). For each batch
with `k` events in `n` trials, a baseline `p0` that the quiet rate does not exceed, and alternatives `q` above it,

    M(q) <- (M(q) + 1) (q / p0)^k ((1 - q) / (1 - p0))^(n - k),   from M(q) = 0

and the alarm rings when the mean of M(q) over the alternatives reaches 1 / alpha. Whatever the quiet rate at or below `p0`, the average
number of batches to a false alarm is then at least 1 / alpha, and every batch may be looked at. The state is one number for each
alternative, so it survives restarts in the ledger. Pure, standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, inf, log, log1p

from magistrate.core.records import Record, Watched

TIMES = (2.0, 4.0, 8.0, 16.0)
"""Alternatives, as multiples of the baseline."""
QUIET = 1000.0
"""Least average number of batches to a false alarm, unless told otherwise."""


class Detector(Record, frozen=True, kw_only=True):
    """One watched indicator."""

    baseline: float
    """Upper bound of the quiet rate, in (0, 1). Fixed until declared anew: one that follows the data follows a slow defector too."""
    bar: float = QUIET
    """The alarm rings at this; it is also the least average run length, in batches."""
    times: tuple[float, ...] = TIMES
    state: tuple[float, ...] = ()
    """Logarithms of M(q); empty at the start."""

    @property
    def alternatives(self) -> tuple[float, ...]:
        """Rates that are watched for: multiples of the baseline, at most halfway between it and one."""
        most = (1 + self.baseline) / 2
        return tuple(min(self.baseline * times, most) for times in self.times)

    @property
    def evidence(self) -> float:
        """The mean of M(q)."""
        if not self.state:
            return 0.0
        return exp(min(_log_mean(self.state), 700.0))

    @property
    def rings(self) -> bool:
        return bool(self.state) and _log_mean(self.state) >= log(self.bar)

    def step(self, events: int, trials: int) -> Detector:
        """The detector after one more batch. Raises ValueError for impossible counts or baselines."""
        if not 0 <= events <= trials:
            raise ValueError(f"{events} events in {trials} trials")
        if not 0 < self.baseline < 1:
            raise ValueError(f"baseline {self.baseline}: a rate between 0 and 1 is needed")
        before = self.state or (-inf,) * len(self.times)
        after = tuple(
            _log_plus_one(value)
            + events * log(q / self.baseline)
            + (trials - events) * (log1p(-q) - log1p(-self.baseline))
            for value, q in zip(before, self.alternatives, strict=True)
        )
        return Detector(baseline=self.baseline, bar=self.bar, times=self.times, state=after)

    def again(self) -> Detector:
        """The detector from the start, after an alarm was answered."""
        return Detector(baseline=self.baseline, bar=self.bar, times=self.times)


def together(steps: Iterable[tuple[Detector, int, int]], state: Sequence[float] = ()) -> tuple[float, ...]:
    """One batch of several *independent* streams: their ratios multiply within the recursion, for the least number of alternatives
    among them. Finished detectors must not be multiplied; that would lose the guarantee."""
    ratios: list[list[float]] = []
    for detector, events, trials in steps:
        fresh = detector.again().step(events, trials).state
        ratios.append(list(fresh))  # from M = 0: exactly the log ratio of this batch
    if not ratios:
        return tuple(state)
    width = min(len(one) for one in ratios)
    before = tuple(state) or (-inf,) * width
    return tuple(_log_plus_one(before[at]) + sum(one[at] for one in ratios) for at in range(width))


def after(last: Watched | None, baseline: float, bar: float = QUIET, times: tuple[float, ...] = TIMES) -> Detector:
    """The detector as it stood after its last recorded batch; from the start when there is none or the baseline was declared anew."""
    if last is None or last.baseline != baseline or len(last.state) != len(times) or last.evidence >= bar:
        return Detector(baseline=baseline, bar=bar, times=times)
    return Detector(baseline=baseline, bar=bar, times=times, state=last.state)


def _log_plus_one(value: float) -> float:
    """log(exp(value) + 1), for -inf too."""
    return value + log1p(exp(-value)) if value > 0 else log1p(exp(value))


def _log_mean(values: Sequence[float]) -> float:
    top = max(values)
    return top + log(sum(exp(value - top) for value in values) / len(values)) if top > -inf else -inf
