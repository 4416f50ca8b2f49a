"""Exact intervals against known values and by enumeration."""

from __future__ import annotations

from math import comb

import pytest

from magistrate.audit.estimate import proportion


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(0, 10, 0.0, 0.30850), (10, 10, 0.69150, 1.0), (1, 20, 0.00127, 0.24873), (50, 100, 0.39832, 0.60168)],
)
def test_published_values(count: int, n: int, low: float, high: float) -> None:
    found = proportion(count, n)
    assert found.low == pytest.approx(low, abs=1e-5)
    assert found.high == pytest.approx(high, abs=1e-5)


@pytest.mark.parametrize("truth", [0.001, 0.01, 0.1, 0.37, 0.5, 0.9])
@pytest.mark.parametrize("n", [1, 7, 40, 150])
def test_coverage_is_at_least_the_level(truth: float, n: int) -> None:
    """By enumeration of every outcome, not by simulation."""
    covered = 0.0
    for count in range(n + 1):
        found = proportion(count, n)
        if found.low <= truth <= found.high:
            covered += comb(n, count) * truth**count * (1 - truth) ** (n - count)
    assert covered >= 0.95 - 1e-9


def test_nothing_measured_is_said() -> None:
    found = proportion(0, 0)
    assert found.value is None
    assert (found.low, found.high) == (0.0, 1.0)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="count 3 of 2"):
        proportion(3, 2)
