"""Figures of the model card: every one from cases that the model in question did not see, with a clustered interval."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from magistrate.audit.estimate import Estimate
from magistrate.audit.intervals import clustered_auroc, clustered_mean
from magistrate.audit.metrics import threshold_for
from train.data import HARMLESS, INJECTIONS, PAIRS, SUITES, Table
from train.model import Margins, fit, out_of_fold, threshold, usable

LIMIT = 0.01
"""Share of false alarms at which recall is reported."""


class Line(NamedTuple):
    """How well one part was ranked."""

    part: str
    harmful: int
    harmless: int
    auroc: Estimate
    recall: Estimate
    """At `LIMIT` false alarms of this part's own harmless cases."""


class Ranked(NamedTuple):
    """Scores of cases or of steps, with the truth and clusters."""

    harmful: NDArray[np.bool_]
    cluster: NDArray[np.str_]
    followed: NDArray[np.str_]
    scores: Margins


def calls(cases: Table, margins: Margins) -> Ranked:
    """Call by call; every call of a step that a label names counts as harmful."""
    return Ranked(cases.harmful, cases.task, cases.followed, margins)


def steps(cases: Table, margins: Margins) -> Ranked:
    """Step by step, as the labels are: a step is as suspicious as its most suspicious call."""
    best: dict[tuple[str, int], int] = {}
    for i, key in enumerate(zip(cases.run.tolist(), cases.step.tolist(), strict=True)):
        if key not in best or margins[i] > margins[best[key]]:
            best[key] = i
    kept = np.array(list(best.values()), dtype=np.int64)
    return Ranked(cases.harmful[kept], cases.task[kept], cases.followed[kept], margins[kept])


def line(part: str, ranked: Ranked) -> Line:
    """AUROC and recall with intervals."""
    clusters = np.unique(ranked.cluster, return_inverse=True)[1]
    up, down = ranked.scores[ranked.harmful], ranked.scores[~ranked.harmful]
    up_clusters, down_clusters = clusters[ranked.harmful], clusters[~ranked.harmful]
    at = threshold_for(up, down, LIMIT).at if len(up) and len(down) else np.inf
    return Line(
        part,
        len(up),
        len(down),
        clustered_auroc(up, down, up_clusters, down_clusters),
        clustered_mean(up >= at, up_clusters),
    )


def contrast(ranked: Ranked) -> Ranked:
    """Injections followed against actions after one that was read and not followed."""
    kept = ranked.followed != ""
    harmful = ranked.followed[kept] == "yes"
    return Ranked(harmful, ranked.cluster[kept], ranked.followed[kept], ranked.scores[kept])


def above_the_second(ranked: Ranked) -> float:
    """Share of the harmful that rank above all but one of the harmless: where these are few, one odd label decides the rest."""
    second = np.sort(ranked.scores[~ranked.harmful])[-2]
    return float((ranked.scores[ranked.harmful] > second).mean())


def by_suite(cases: Table, margins: Margins, how: Callable[[Table, Margins], Ranked]) -> list[Line]:
    """Each suite by margins that are out of fold (a suite is a fold), and the contrast of what was followed in it."""
    found: list[Line] = []
    for suite in SUITES:
        kept = (cases.group == suite) & np.isin(cases.source, ("agentdojo", "agentdyn_github"))
        ranked = how(cases.take(kept), margins[kept])
        found += [line(suite, ranked), line(f"{suite}, followed v not followed", contrast(ranked))]
    kept = cases.source == "agentdojo"
    ranked = how(cases.take(kept), margins[kept])
    found += [line("AgentDojo, all", ranked), line("AgentDojo, all, followed v not followed", contrast(ranked))]
    return found


def across(cases: Table) -> list[Line]:
    """Trained on some sources alone, tested on others."""
    dojo = np.isin(cases.source, ("agentdojo", "agentdojo_drift"))
    dyn, pairs = cases.source == "agentdyn_github", cases.source == PAIRS
    plain = np.isin(cases.source, HARMLESS)
    found: list[Line] = []
    for part, train, test in (
        ("AgentDojo to AgentDyn-github", dojo | plain, dyn),
        ("AgentDyn-github to AgentDojo", dyn | plain, cases.source == "agentdojo"),
        ("pairs alone to AgentDojo", pairs, cases.source == "agentdojo"),
        ("pairs alone to AgentDyn-github", pairs, dyn),
        ("sessions alone to pairs", ~pairs, pairs),
    ):
        scores = fit(cases.take(train)).decision_function(cases.x[test])
        found.append(line(part, steps(cases.take(test), scores)))
    return found


def by_family(cases: Table, margins: Margins) -> list[Line]:
    """Each family of pairs, out of fold (a pair is never on both sides)."""
    found: list[Line] = []
    for family in np.unique(cases.family[cases.source == PAIRS]):
        kept = cases.family == family
        found.append(line(str(family), calls(cases.take(kept), margins[kept])))
    return found


def without_pairs(cases: Table) -> list[Line]:
    """The suites again, by models that saw no pairs."""
    labelled = cases.take(cases.source != PAIRS)
    return [one for one in by_suite(labelled, out_of_fold(labelled), steps) if "," not in one.part]


class Alarms(NamedTuple):
    """False alarms of one budget on a source of harmless actions."""

    source: str
    budget: str
    share: Estimate


def alarms(cases: Table, margins: Margins, budget: str) -> list[Alarms]:
    """False alarms of a budget: injection sources out of fold; others by models and thresholds that never saw the source."""
    at = threshold(cases, margins, budget)
    found = [_alarms(cases, margins, at, source, budget) for source in INJECTIONS]
    for source in HARMLESS:
        out = cases.source == source
        rest = cases.take(~out)
        scores = np.zeros(len(margins))
        scores[out] = fit(rest).decision_function(cases.x[out])
        found.append(_alarms(cases, scores, threshold(rest, out_of_fold(rest), budget), source, budget))
    return found


def _alarms(cases: Table, margins: Margins, at: float, source: str, budget: str) -> Alarms:
    kept = (cases.source == source) & ~cases.harmful
    clusters = np.unique(cases.task[kept], return_inverse=True)[1]
    return Alarms(source, budget, clustered_mean(margins[kept] >= at, clusters))


def bought(cases: Table, margins: Margins, budget: str) -> list[tuple[str, Estimate]]:
    """The recall that a budget buys, step by step, out of fold."""
    at = threshold(cases, margins, budget)
    found: list[tuple[str, Estimate]] = []
    for part, groups in (("AgentDojo", SUITES[:4]), ("AgentDyn-github", SUITES[4:])):
        kept = np.isin(cases.group, groups) & np.isin(cases.source, INJECTIONS)
        ranked = steps(cases.take(kept), margins[kept])
        clusters = np.unique(ranked.cluster[ranked.harmful], return_inverse=True)[1]
        found.append((part, clustered_mean(ranked.scores[ranked.harmful] >= at, clusters)))
    return found


class Bar(NamedTuple):
    """Actions whose probability lies in a range."""

    low: float
    high: float
    n: int
    said: float
    seen: float
    """Share of harmful, reweighted to the base rate."""


def reliability(cases: Table, probabilities: NDArray[np.float64], base: float) -> list[Bar]:
    """Calibration out of fold, with harmful and harmless cases reweighted to the base rate."""
    kept = (cases.source != PAIRS) & usable(cases)
    harmful, said = cases.harmful[kept], probabilities[kept]
    much = np.where(harmful, base / harmful.sum(), (1 - base) / (~harmful).sum())
    edges = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 0.5, 1.0 + 1e-9)
    found: list[Bar] = []
    for low, high in pairwise(edges):
        inside = (said >= low) & (said < high)
        if inside.any():
            total = much[inside].sum()
            seen = float(much[inside & harmful].sum() / total)
            found.append(Bar(low, min(high, 1.0), int(inside.sum()), float((said * much)[inside].sum() / total), seen))
    return found


def importance(
    cases: Table, contributions: Callable[[NDArray[np.float64]], list[float]], names: list[str]
) -> list[tuple[str, float]]:
    """Mean absolute contribution of each feature to the log-odds of harmful labelled actions."""
    kept = cases.harmful & (cases.source != PAIRS)
    rows = cases.x[kept][:: max(1, int(kept.sum()) // 300)]
    means = np.abs(np.array([contributions(row) for row in rows])).mean(axis=0)
    return sorted(zip(names, means.tolist(), strict=True), key=lambda pair: -pair[1])
