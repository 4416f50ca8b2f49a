"""Every interval that is printed covers what it says, in worlds with known truth. Seeds are fixed; `bench/coverage.py` prints the table."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import pytest

from magistrate.audit import betting
from magistrate.audit.designed import Labels, clustered_rate, count, part_of, shared
from magistrate.audit.judges import corrected, errors
from magistrate.audit.limits import binomial, bootstrap, wald
from magistrate.testing.worlds import SIZE, World, counted, found, labels

REPEATS = 1500
PREVALENCES = (1e-4, 1e-3, 1e-2)
AUDITS = (200, 1000, 5000)
BLIND = (0.0, 0.2)


def least(repeats: int) -> float:
    """The lowest share that a true coverage of .95 gives, less three standard errors of the simulation."""
    return 0.95 - 3 * sqrt(0.05 * 0.95 / repeats)


def covered(limits: list[tuple[float, float]], truth: Any) -> float:
    return float(np.mean([low <= true <= high for (low, high), true in zip(limits, truth, strict=True)]))


@pytest.mark.parametrize("prevalence", PREVALENCES)
@pytest.mark.parametrize("audits", AUDITS)
@pytest.mark.parametrize("blind", BLIND)
def test_misses_among_the_allowed(prevalence: float, audits: int, blind: float) -> None:
    """Uniform, and half the audits on the highest tenth of the scores."""
    rng = np.random.default_rng([round(1 / prevalence), audits, round(10 * blind)])
    world = World(prevalence=prevalence, blind=blind)
    harmful = world.harmful(REPEATS, rng)
    truth = harmful[:, 1:].sum(axis=1)
    _, high, low = world.sizes
    uniform = found(truth[:, None], (high + low,), (audits,), rng)
    of_one = counted((audits,), (high + low,))
    assert covered([(c.low, c.high) for c in map(of_one, uniform)], truth) >= least(REPEATS)
    quotas = (audits // 2, audits - audits // 2)
    of_two = counted(quotas, (high, low))
    stratified = found(harmful[:, 1:], (high, low), quotas, rng)
    assert covered([(c.low, c.high) for c in map(of_two, stratified)], truth) >= least(REPEATS)


@pytest.mark.parametrize("prevalence", PREVALENCES)
@pytest.mark.parametrize("blind", BLIND)
@pytest.mark.parametrize("quotas", [(50, 75, 75), (500, 500, 1000), (1000, 1000, 3000)], ids=str)
def test_the_miss_rate(prevalence: float, blind: float, quotas: tuple[int, int, int]) -> None:
    """Harmful and allowed over harmful: a ratio of two estimated counts; the last design labels all that was stopped."""
    rng = np.random.default_rng([round(1 / prevalence), round(10 * blind), sum(quotas)])
    world = World(prevalence=prevalence, blind=blind)
    harmful = world.harmful(REPEATS, rng)
    hits = found(harmful, world.sizes, quotas, rng)
    caught = counted(quotas[:1], world.sizes[:1], shared(0.95))
    missed = counted(quotas[1:], world.sizes[1:], shared(0.95))
    rates = [part_of(missed(row[1:]), caught(row[:1])) for row in hits]
    truth = harmful[:, 1:].sum(axis=1) / harmful.sum(axis=1)
    assert covered([(one.low, one.high) for one in rates], truth) >= least(REPEATS)


@pytest.mark.parametrize(("method", "fails"), [(wald, True), (bootstrap, True), (binomial, False)])
def test_why_not_the_textbook(method: Any, fails: bool) -> None:
    """What Wald and the bootstrap do in the same world: the reason they are not here."""
    rng = np.random.default_rng(7)
    truth = 80
    hits = rng.hypergeometric(truth, SIZE - truth, 500, size=REPEATS)
    low, high = method(hits, 500)
    share = float(((low <= truth / SIZE) & (truth / SIZE <= high)).mean())
    assert (share < 0.6) if fails else (share >= least(REPEATS))


@pytest.mark.parametrize("prevalence", PREVALENCES)
@pytest.mark.parametrize("quotas", [(100, 100), (500, 1000)], ids=str)
def test_betting_holds_at_every_look(prevalence: float, quotas: tuple[int, int]) -> None:
    """The last interval lies within all earlier ones (below), so when it covers, every look did."""
    repeats = 120
    rng = np.random.default_rng([round(1 / prevalence), sum(quotas)])
    world = World(prevalence=prevalence, blind=0.2)
    harmful = world.harmful(repeats, rng)[:, 1:]
    limits = []
    for row in found(harmful, world.sizes[1:], quotas, rng):
        told = labels(row, quotas, world.sizes[1:], rng)
        steps = betting.steps(told.hit.tolist(), told.stratum.tolist(), list(told.sizes), list(told.quotas))
        limits.append(betting.limits(steps, sum(world.sizes[1:])))
    assert covered(limits, harmful.sum(axis=1)) >= least(repeats)


def test_later_looks_only_narrow() -> None:
    rng = np.random.default_rng(3)
    told = labels((12, 2), (300, 300), (9_000, 90_000), rng)
    steps = betting.steps(told.hit.tolist(), told.stratum.tolist(), [9_000, 90_000], [300, 300])
    looks = [betting.limits(first(steps, n), 99_000) for n in range(50, len(steps.x), 50)]
    for (low, high), (later_low, later_high) in pairwise(looks):
        assert later_low >= low
        assert later_high <= high


def first(told: betting.Steps, n: int) -> betting.Steps:
    return betting.Steps(x=told.x[:n], bound=told.bound[:n], found=told.found[:n])


@pytest.mark.parametrize("prevalence", [1e-3, 1e-2])
@pytest.mark.parametrize("alike", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("trees", [60, 2000])
def test_rates_of_runs_to_come(prevalence: float, alike: float, trees: int) -> None:
    """Run trees whose own rates vary; all of what they hold is a sample of what may come."""
    repeats, size, quotas = 300, 12_000, (400, 400)
    rng = np.random.default_rng([round(1 / prevalence), round(100 * alike), trees])
    spread = (1 - alike) / alike if alike else 0.0
    limits = []
    for _ in range(repeats):
        own = rng.beta(prevalence * spread, (1 - prevalence) * spread, trees) if alike else np.full(trees, prevalence)
        tree = rng.integers(0, trees, size)
        bad = rng.random(size) < own[tree]
        high = rng.random(size) < np.where(bad, 0.6, 0.1)
        drawn = np.concatenate(
            [
                rng.permutation(np.flatnonzero(high == top))[:quota]
                for top, quota in zip((True, False), quotas, strict=True)
            ]
        )
        told = Labels(
            stratum=np.repeat([0, 1], quotas),
            hit=bad[drawn],
            unsure=np.zeros(len(drawn), dtype=bool),
            sizes=np.array([high.sum(), (~high).sum()]),
            quotas=np.array(quotas),
        )
        estimate = clustered_rate(told, tree[drawn])
        limits.append((estimate.low, estimate.high))
    assert covered(limits, [prevalence] * repeats) >= least(repeats)


@pytest.mark.parametrize("error", [0.0, 0.02, 0.05, 0.15])
@pytest.mark.parametrize("prevalence", [1e-3, 1e-2, 0.1])
def test_labellers_that_err(error: float, prevalence: float) -> None:
    """A fifth of the items is labelled twice; the count behind the errors stays inside."""
    repeats, n, sizes = 400, 1500, (10_000, 90_000)
    rng = np.random.default_rng([round(100 * error), round(1 / prevalence)])
    shares = np.array([0.6, 0.4])
    harmful = rng.multinomial(round(100_000 * prevalence), shares, size=repeats)
    hits = found(harmful, sizes, (n // 2, n // 2), rng)
    wrong = rng.binomial(n // 2 - hits, error) + rng.binomial(hits, 1 - error)
    twice = n // 5
    disagreed = rng.binomial(twice, 2 * error * (1 - error), size=repeats)
    of = counted((n // 2, n // 2), sizes, shared(0.95))
    counts = [
        corrected(of(row), errors(int(d), twice, level=shared(0.95))) for row, d in zip(wrong, disagreed, strict=True)
    ]
    assert covered([(one.low, one.high) for one in counts], harmful.sum(axis=1)) >= least(repeats)


@pytest.mark.parametrize("prevalence", PREVALENCES)
def test_what_could_not_be_told_is_covered_whatever_it_was(prevalence: float) -> None:
    """A labeller who cannot tell half of what is harmful."""
    repeats, quotas = 300, (500, 500)
    rng = np.random.default_rng(round(1 / prevalence))
    world = World(prevalence=prevalence)
    harmful = world.harmful(repeats, rng)[:, 1:]
    limits = []
    for row in found(harmful, world.sizes[1:], quotas, rng):
        told = labels(row, quotas, world.sizes[1:])
        doubtful = told.hit & (rng.random(len(told.hit)) < 0.5)
        counts = count(
            Labels(
                stratum=told.stratum, hit=told.hit & ~doubtful, unsure=doubtful, sizes=told.sizes, quotas=told.quotas
            )
        )
        limits.append((counts.low, counts.high))
    assert covered(limits, harmful.sum(axis=1)) >= least(repeats)
