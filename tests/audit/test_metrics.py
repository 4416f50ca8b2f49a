"""Metrics against brute force; intervals by simulation with fixed seeds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.audit.estimate import proportion
from magistrate.audit.intervals import clustered_auroc, clustered_mean
from magistrate.audit.metrics import auroc, calibration, histogram, placements, roc, threshold_for
from magistrate.audit.performance import Cases, performance

# Few distinct values, so that ties are the rule; infinities are what missing verdicts become.
SCORES = st.lists(st.sampled_from([-inf, 0.0, 0.1, 0.25, 0.5, 0.5000001, 0.9, 1.0, inf]), min_size=1, max_size=25)
FINITE = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), min_size=1, max_size=25)


def floats(values: list[float]) -> Any:
    return np.array(values, dtype=float)


@settings(max_examples=80, deadline=None)
@given(up=SCORES, down=SCORES)
def test_auroc_is_the_share_of_pairs_in_order(up: list[float], down: list[float]) -> None:
    pairs = sum((a > b) + (a == b) / 2 for a in up for b in down) / (len(up) * len(down))
    assert auroc(floats(up), floats(down)) == pytest.approx(pairs)
    for side in placements(floats(up), floats(down)):
        assert side.mean() == pytest.approx(pairs)


@settings(max_examples=80, deadline=None)
@given(
    up=SCORES.map(lambda scores: [min(one, 1.0) for one in scores]),
    down=SCORES,
    limit=st.sampled_from([0.0, 0.001, 0.01, 0.05, 0.2, 0.5, 1.0]),
)
def test_the_threshold_is_the_best_of_all(up: list[float], down: list[float], limit: float) -> None:
    best = 0
    for at in {*up, *down} - {-inf}:
        if sum(score >= at for score in down) <= limit * len(down) + 1e-9:
            best = max(best, sum(score >= at for score in up))
    found = threshold_for(floats(up), floats(down), limit)
    assert found.caught == best
    assert found.false_alarms <= limit * len(down) + 1e-9
    if found.at < inf:
        assert found.caught == sum(score >= found.at for score in up)
        assert found.false_alarms == sum(score >= found.at for score in down)


@settings(max_examples=60, deadline=None)
@given(up=FINITE, down=FINITE)
def test_the_curve_holds_the_same_area(up: list[float], down: list[float]) -> None:
    points = roc(floats(up), floats(down))
    assert points[0] == (0, 0)
    assert points[-1] == (1, 1)
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points))
    assert area == pytest.approx(auroc(floats(up), floats(down)))


@settings(max_examples=60, deadline=None)
@given(up=FINITE, down=FINITE, bins=st.integers(1, 12))
def test_calibration_by_hand(up: list[float], down: list[float], bins: int) -> None:
    scores, truth = floats(up + down), np.array([True] * len(up) + [False] * len(down))
    found = calibration(scores, truth, bins=bins)
    assert found
    pairs = list(zip(scores.tolist(), truth.tolist(), strict=True))
    assert found.brier == pytest.approx(sum((score - bad) ** 2 for score, bad in pairs) / len(pairs))
    error = 0.0
    for number in range(bins):
        inside = [(score, bad) for score, bad in pairs if min(int(score * bins), bins - 1) == number]
        assert found.bins[number].n == len(inside)
        error += abs(sum(bad for _, bad in inside) - sum(score for score, _ in inside)) / len(pairs)
    assert found.error == pytest.approx(error)


def test_scores_that_are_no_probabilities_are_not_calibrated() -> None:
    assert calibration(floats([0.2, 1.2]), np.array([True, False])) is None
    assert calibration(floats([]), np.array([], dtype=bool)) is None


def test_histograms_lose_nothing() -> None:
    assert histogram(floats([-5, 0, 0.4, 0.5, 1, 9]), (0, 0.5, 1)) == [3, 3]


def test_empty_classes_have_no_figures() -> None:
    assert auroc(floats([]), floats([1])) is None
    assert clustered_auroc(floats([]), floats([1]), np.array([], int), np.array([1])).value is None
    nothing = clustered_mean(floats([]), np.array([], int))
    assert (nothing.value, nothing.low, nothing.high) == (None, 0, 1)


def test_values_that_are_no_shares_are_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        clustered_mean(floats([0, 2]), np.array([0, 1]))


# ---------------------------------------------------------------- intervals


@pytest.mark.parametrize("n", [1, 4, 30, 200])
def test_without_clusters_nothing_seen_gives_the_exact_limits(n: int) -> None:
    for value in (0.0, 1.0):
        found, exact = clustered_mean(np.full(n, value), np.arange(n)), proportion(int(value) * n, n)
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-6)


def test_copies_of_one_cluster_add_nothing() -> None:
    """Ten draws, each seen fifty times, are ten draws."""
    once = clustered_mean(np.zeros(10), np.arange(10))
    often = clustered_mean(np.zeros(500), np.repeat(np.arange(10), 50))
    assert often.high == pytest.approx(once.high, abs=1e-6)


def test_the_interval_holds_the_value_and_depends_on_the_sides_alike() -> None:
    rng = np.random.default_rng(5)
    clusters = rng.integers(0, 12, 150)
    values = (rng.random(150) < 0.2 + 0.05 * (clusters % 5)).astype(float)
    found, turned = clustered_mean(values, clusters), clustered_mean(1 - values, clusters)
    assert found.value is not None
    assert 0 <= found.low < found.value < found.high <= 1
    assert (found.low, found.high) == pytest.approx((1 - turned.high, 1 - turned.low))


def test_one_cluster_alone_says_next_to_nothing() -> None:
    found = clustered_mean(np.ones(1000), np.zeros(1000, int))
    assert found.low < 0.03


REPEATS = 160
SLACK = 3 * sqrt(0.05 * 0.95 / REPEATS)
"""Three standard errors of a simulated coverage of .95."""


def coverage(draw: Callable[[], Any], truth: float) -> float:
    return sum(found.low - 1e-9 <= truth <= found.high + 1e-9 for found in (draw() for _ in range(REPEATS))) / REPEATS


@pytest.mark.parametrize("count", [4, 12, 60])
@pytest.mark.parametrize("truth", [0.5, 0.9, 0.98])
@pytest.mark.parametrize("alike", [0.0, 0.1, 0.4])
def test_shares_of_clusters_are_covered(count: int, truth: float, alike: float) -> None:
    """Clusters of very unequal size whose own shares follow a beta distribution; `alike` is their intra-cluster correlation."""
    rng = np.random.default_rng([count, round(1000 * truth), round(10 * alike)])

    def draw() -> Any:
        sizes = rng.geometric(1 / 15, count)
        spread = (1 - alike) / alike if alike else 0
        shares = rng.beta(truth * spread, (1 - truth) * spread, count) if alike else np.full(count, truth)
        clusters = np.repeat(np.arange(count), sizes)
        return clustered_mean((rng.random(len(clusters)) < shares[clusters]).astype(float), clusters)

    assert coverage(draw, truth) >= 0.95 - SLACK


@pytest.mark.parametrize("count", [5, 25])
@pytest.mark.parametrize("apart", [0.0, 1.2, 2.5, 4.0])
@pytest.mark.parametrize("alike", [0.0, 0.3])
@pytest.mark.parametrize("steps", [(), (1.0, 2.5)], ids=["fine", "three-valued"])
def test_areas_are_covered(count: int, apart: float, alike: float, steps: tuple[float, ...]) -> None:
    """Two normal classes, `apart` up to all but perfect separation, in clusters; `steps` makes three-valued scores of them."""
    rng = np.random.default_rng([count, round(10 * apart), round(10 * alike), len(steps)])

    def scores(n: int, mean: float, shared: Any) -> Any:
        raw = mean + sqrt(alike) * shared + sqrt(1 - alike) * rng.normal(size=n)
        return np.digitize(raw, steps).astype(float) if steps else raw

    many = np.zeros(200_000)
    truth = auroc(scores(200_000, apart, rng.normal(size=200_000)), scores(200_000, 0, rng.normal(size=len(many))))
    assert truth is not None

    def draw() -> Any:
        up, down = (np.repeat(np.arange(count), rng.geometric(1 / mean, count)) for mean in (4, 20))
        of_up, of_down = rng.normal(size=count), rng.normal(size=count)
        harmful, harmless = scores(len(up), apart, of_up[up]), scores(len(down), 0, of_down[down])
        return clustered_auroc(harmful, harmless, up, count + down)

    assert coverage(draw, truth) >= 0.95 - SLACK


@pytest.mark.parametrize("harmful", [1, 2, 3])
def test_a_handful_of_positives_is_covered(harmful: int) -> None:
    rng = np.random.default_rng(harmful)
    truth = 0.9214  # of normal classes two apart

    def draw() -> Any:
        up, down = rng.normal(2, 1, harmful), rng.normal(0, 1, 80)
        return clustered_auroc(up, down, np.arange(harmful), harmful + np.arange(80))

    assert coverage(draw, truth) >= 0.95 - SLACK


def test_perfect_separation_is_no_certainty() -> None:
    found = clustered_auroc(np.ones(20), np.zeros(400), np.arange(20), 20 + np.arange(400))
    assert found.value == 1
    assert found.high == 1
    assert 0.8 < found.low < 0.98


# ---------------------------------------------------------------- an arm


def arm(scores: list[float], decisions: list[int], truth: list[bool]) -> Any:
    cases = Cases(harmful=np.array(truth), clusters=np.arange(len(truth)))
    return performance("a", cases, floats(scores), np.array(decisions), limits=(0.5,))


def test_a_missing_verdict_is_never_read_as_benign() -> None:
    nan = float("nan")
    found = arm([0.9, nan, 0.1, nan], [1, -1, 0, -1], [True, True, False, False])
    assert (found.missing_harmful, found.missing_harmless) == (1, 1)
    assert (found.recall.count, found.recall.n) == (1, 2)
    assert (found.overblock.count, found.overblock.n) == (1, 2)
    assert found.auroc.value == pytest.approx(0.25)  # of four pairs, one is in order
    assert found.answered.auroc.value == 1
    assert found.answered.overblock.count == 0


def test_a_limit_that_the_data_cannot_tell_is_said_not_guessed() -> None:
    few = arm([0.9, 0.1], [1, 0], [True, False])
    assert few.recall_at[0].recall is None
    assert few.recall_at[0].why == "1 harmless, 2 needed"
    enough = arm([0.9, 0.1, 0.2], [1, 0, 0], [True, False, False])
    assert "given the threshold" in enough.recall_at[0].recall.assumptions[1]


def test_scores_that_all_tie_catch_nothing_without_false_alarms() -> None:
    found = arm([0.5] * 5, [0] * 5, [True, True, False, False, False])
    assert found.recall_at[0].recall.value == 0
    assert found.recall_at[0].threshold is None
    assert found.auroc.value == 0.5
