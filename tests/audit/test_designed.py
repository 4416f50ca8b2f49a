"""Limits against published vectors and brute force; counts, ratios and corrections on cases worked by hand."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.audit.designed import Labels, count, part_of, share
from magistrate.audit.judges import chapman, corrected, errors, labels_needed, one_sided, undetected
from magistrate.audit.limits import binomial, gamma, hypergeometric
from magistrate.testing.worlds import labels


@pytest.mark.parametrize(
    ("weights", "counts", "largest", "expected"),
    [
        ((200,), (0,), 200, (0, 737.8)),
        ((100,), (3,), 100, (61.87, 876.7)),
        ((360, 39), (0, 2), 360, (9.45, 1385.0)),
        ((45, 5), (1, 6), 45, (13.01, 276.4)),
    ],
)
def test_gamma_limits(weights: Any, counts: Any, largest: float, expected: tuple[float, float]) -> None:
    w, k = np.array(weights, dtype=float), np.array(counts)
    found = gamma((w * k).sum(), (w**2 * k).sum(), largest)
    assert found == pytest.approx(expected, rel=1e-3)


def test_binomial_limits_over_arrays() -> None:
    low, high = binomial([0, 3, 20, 9], [500, 1000, 20, 52])
    assert low == pytest.approx([0, 0.000619, 0.8316, 0.0823], abs=5e-5)
    assert high == pytest.approx([0.007351, 0.008742, 1, 0.3033], abs=5e-5)


@given(st.integers(1, 9), st.data())
@settings(max_examples=60)
def test_hypergeometric_limits_are_those_of_all_possible_draws(population: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(0, population))
    k = data.draw(st.integers(0, n))

    def chances(hits: int) -> list[float]:
        draws = [sum(one < hits for one in drawn) for drawn in combinations(range(population), n)]
        return [sum(d <= k for d in draws) / len(draws), sum(d >= k for d in draws) / len(draws)]

    kept = [hits for hits in range(k, population - n + k + 1) if min(chances(hits)) >= 0.1 - 1e-12]
    low, high = hypergeometric(k, n, population, 0.8)
    assert (low, high) == (min(kept), max(kept))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.booleans()), min_size=1, max_size=5))
@settings(max_examples=80)
def test_limits_hold_the_value_and_stay_possible(strata: list[tuple[int, int, bool]]) -> None:
    sizes = [drawn + (0 if whole else rest) for drawn, rest, whole in strata]
    told = labels([drawn // 3 for drawn, _, _ in strata], [drawn for drawn, _, _ in strata], sizes)
    found = count(told)
    assert found.found <= found.low <= found.high <= sum(sizes) - (len(told.hit) - found.found)
    if not any(size and not drawn for (drawn, _, _), size in zip(strata, sizes, strict=True)):
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9


def test_a_stratum_labelled_whole_is_known() -> None:
    found = count(labels((7, 3), (50, 20), (50, 20)))
    assert (found.value, found.low, found.high) == (10, 10, 10)
    mixed = count(labels((7, 0), (50, 20), (50, 2000)))
    alone = hypergeometric(0, 20, 2000)
    assert (mixed.low, mixed.high) == (7, 7 + alone[1])


def test_what_was_not_labelled_is_never_read_as_benign() -> None:
    found = count(labels((0, 0), (100, 0), (100, 300)))
    assert (found.low, found.high) == (0, 300)
    assert any("300 items in strata without a label" in one for one in found.assumptions)
    none = share(count(labels((0,), (0,), (40,))))
    assert (none.value, none.low, none.high) == (None, 0, 1)


def test_what_could_not_be_told_widens_both_ways() -> None:
    told = labels((2,), (50,), (1000,))
    doubtful = np.zeros(50, dtype=bool)
    doubtful[10:13] = True
    found = count(Labels(stratum=told.stratum, hit=told.hit, unsure=doubtful, sizes=told.sizes, quotas=told.quotas))
    assert found.low == hypergeometric(2, 50, 1000)[0]
    assert found.high == hypergeometric(5, 50, 1000)[1]
    assert any("3 that could not be told" in one for one in found.assumptions)


def test_a_part_of_a_stratum_is_a_sample_of_that_part() -> None:
    told = labels((2,), (50,), (1000,))
    inside = np.arange(50) < 20
    found = count(
        Labels(
            stratum=told.stratum,
            hit=told.hit,
            unsure=told.unsure,
            sizes=told.sizes,
            quotas=told.quotas,
            within=np.array([400]),
            inside=inside,
        )
    )
    assert (found.low, found.high) == hypergeometric(2, 20, 400)
    assert (found.labelled, found.population) == (20, 400)


def test_a_ratio_of_known_counts_is_known() -> None:
    part, rest = count(labels((3,), (10,), (10,))), count(labels((1,), (10,), (10,)))
    rate = part_of(part, rest)
    assert (rate.low, rate.value, rate.high) == (0.75, 0.75, 0.75)
    nothing = part_of(count(labels((0,), (9,), (9,))), count(labels((0,), (9,), (9,))))
    assert (nothing.value, nothing.low, nothing.high) == (None, 0, 1)


def test_label_errors_take_the_lower_limit_away() -> None:
    """Ten hits in a thousand are no finding when labellers err in one of a hundred."""
    found = count(labels((10,), (1000,), (50_000,)), level=0.975)
    sure = corrected(found, errors(0, 10_000, level=0.975))
    doubtful = corrected(found, errors(6, 300, level=0.975))
    assert sure.low > 100
    assert doubtful.low == 0
    assert doubtful.high > doubtful.value >= 0
    assert "labellers err alike" in doubtful.assumptions[-1]


def test_the_undetected_bound_is_a_curve() -> None:
    bounds = undetected(count(labels((0,), (10_000,), (1_000_000_000,)), level=one_sided(0.95)))
    told = {bound.recall: bound.rate for bound in bounds}
    assert told[1.0] == pytest.approx(3.0e-4, rel=0.01)
    assert told[0.6] == pytest.approx(5.0e-4, rel=0.01)
    assert told[0.32] == pytest.approx(9.4e-4, rel=0.01)
    assert told[0.05] == pytest.approx(6.0e-3, rel=0.01)


def test_labels_needed_for_a_promise() -> None:
    assert [labels_needed(rate) for rate in (1e-2, 1e-3, 1e-4)] == [300, 2996, 29958]


def test_chapman_is_an_alarm() -> None:
    assert chapman(150, 150, 113).total == pytest.approx(199, abs=1)
    assert not chapman(150, 150, 140).alarm
    assert chapman(60, 60, 12).alarm
