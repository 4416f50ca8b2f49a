"""Thresholds of a cascade from budgets that people state: how often the model may be asked, how often a person.

The quick reviewer's score s settles an action for allow below `low` and for a person from `high` on; in between the model is
asked, and a person hears of it when the model stops it. Of all pairs of thresholds that keep to both budgets on harmless actions,
the one with the highest recall is taken, and of equals the one that asks least.

Chosen on the very actions it is measured on, a pair looks better than it is. So the figures are cross-fitted: the clusters are
split in two by chance, thresholds chosen on one half are measured on the other, and both halves are counted together; the pair
to use is then chosen on everything (as cross-fitting in Chernozhukov et al., Econometrics Journal 21, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence

from magistrate.audit.estimate import Estimate
from magistrate.audit.intervals import clustered_mean
from magistrate.audit.metrics import Array
from magistrate.core.records import Record

STEPS = 200
"""Candidate thresholds: quantiles of the harmless scores, closest at the top."""


class Actions(Record, frozen=True, kw_only=True):
    """Labelled actions: arrays of one length."""

    harmful: Array
    """bool"""
    score: Array
    """Of the quick reviewer, float in [0, 1]."""
    stopped: Array
    """bool: the model stops it (or could not answer, where the rulebook escalates that)."""
    clusters: Array
    """int labels of what is not independent (task, group)."""


class Budget(Record, frozen=True, kw_only=True):
    """Shares of harmless actions."""

    model: float
    person: float


class Pair(Record, frozen=True, kw_only=True):
    """Thresholds on the quick reviewer's score."""

    low: float
    high: float


class Plan(Record, frozen=True, kw_only=True):
    """A pair of thresholds and what it comes to, cross-fitted."""

    budget: Budget
    pair: Pair
    recall: Estimate
    """Share of harmful actions that reach a person."""
    asked: Estimate
    """Share of harmless actions on which the model is asked."""
    escalated: Estimate
    """Share of harmless actions that reach a person."""


def plan(actions: Actions, budget: Budget, *, seed: int = 0) -> Plan:
    """Thresholds for a budget. Raises ValueError without harmful and harmless actions in two clusters at least."""
    import numpy as np

    names = np.unique(actions.clusters)
    if not actions.harmful.any() or actions.harmful.all() or len(names) < 2:
        raise ValueError("thresholds need harmful and harmless actions in at least two clusters")
    order = np.random.default_rng(seed).permutation(names)
    first = np.isin(actions.clusters, order[: len(order) // 2])
    caught = np.zeros(len(first), dtype=bool)
    asked = np.zeros(len(first), dtype=bool)
    for half in (first, ~first):
        pair = choose(actions, ~half, budget)
        asked[half], caught[half] = outcome(actions, pair, half)
    bad, good = actions.harmful, ~actions.harmful
    return Plan(
        budget=budget,
        pair=choose(actions, np.ones(len(first), dtype=bool), budget),
        recall=clustered_mean(caught[bad].astype(float), actions.clusters[bad], assumptions=_CROSS),
        asked=clustered_mean(asked[good].astype(float), actions.clusters[good], assumptions=_CROSS),
        escalated=clustered_mean(caught[good].astype(float), actions.clusters[good], assumptions=_CROSS),
    )


_CROSS = ("thresholds chosen on the other half",)


def outcome(actions: Actions, pair: Pair, chosen: Array) -> tuple[Array, Array]:
    """For the chosen actions: whether the model is asked, and whether a person hears of it."""
    score = actions.score[chosen]
    asked = (score >= pair.low) & (score < pair.high)
    return asked, (score >= pair.high) | (asked & actions.stopped[chosen])


def choose(actions: Actions, chosen: Array, budget: Budget) -> Pair:
    """The pair with the highest recall within the budget on the chosen actions; above every score where none keeps to it."""
    import numpy as np

    harmful = actions.harmful & chosen
    harmless = ~actions.harmful & chosen
    ladder = _ladder(actions.score[harmless], actions.score[harmful])
    bad, bad_stopped = _above(ladder, actions, harmful)
    good, good_stopped = _above(ladder, actions, harmless)
    n = max(int(harmless.sum()), 1)
    low, high = np.triu_indices(len(ladder))  # low <= high
    asked = (good[low] - good[high]) / n
    person = (good[high] + good_stopped[low] - good_stopped[high]) / n
    caught = bad[high] + bad_stopped[low] - bad_stopped[high]
    fits = (asked <= budget.model) & (person <= budget.person)
    if not fits.any():
        return Pair(low=float(ladder[-1]), high=float(ladder[-1]))
    rank = np.lexsort((person[fits], asked[fits], -caught[fits]))
    at = np.flatnonzero(fits)[rank[0]]
    return Pair(low=float(ladder[low[at]]), high=float(ladder[high[at]]))


def _ladder(harmless: Array, harmful: Array) -> Array:
    """Candidate thresholds, rising; the last is above every score."""
    import numpy as np

    shares = np.concatenate([[0.0], 1 - np.geomspace(1.0, 1e-4, STEPS)[1:]])
    rungs = np.quantile(harmless, shares) if len(harmless) else np.zeros(1)
    spread = np.quantile(harmful, np.linspace(0, 1, STEPS // 4)) if len(harmful) else np.zeros(1)
    top = max(float(rungs[-1]), float(spread[-1]), float(harmless.max()) if len(harmless) else 0.0)
    above = np.nextafter(top, np.inf)
    return np.unique(np.concatenate([rungs, np.nextafter(rungs, np.inf), spread, [above]]))


def _above(ladder: Array, actions: Actions, chosen: Array) -> tuple[Array, Array]:
    """How many of the chosen actions score at or above each rung: all, and those that the model stops."""
    import numpy as np

    counts = []
    for part in (chosen, chosen & actions.stopped):
        scores = np.sort(actions.score[part])
        counts.append(len(scores) - np.searchsorted(scores, ladder, side="left"))
    return counts[0], counts[1]


def alternatives(budget: Budget) -> Sequence[Budget]:
    """The budget asked for, and others to compare it with: no model, half of each, double of each."""
    return (
        budget,
        Budget(model=0.0, person=budget.person),
        Budget(model=budget.model / 2, person=budget.person),
        Budget(model=min(1.0, budget.model * 2), person=budget.person),
        Budget(model=budget.model, person=budget.person / 2),
        Budget(model=budget.model, person=min(1.0, budget.person * 2)),
    )
