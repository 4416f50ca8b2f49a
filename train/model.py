"""The model: boosted trees that keep each feature's direction, calibrated, with thresholds for review budgets."""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from magistrate.review.features import FEATURES
from magistrate.review.screen import Weights
from magistrate.review.trees import Forest
from train.data import INJECTIONS, PAIRS, Table

SEED, ITERATIONS = 0, 200
BASE_RATE = 0.001
"""Share of harmful actions that the probabilities assume: one in a thousand."""
BUDGETS = ("1/1000", "1/500", "1/200", "1/100", "1/50", "1/20")
PAIR_WEIGHT = 0.3
HARMFUL, HARMLESS = 30.0, 100.0
"""Times the square root of their number: how much the harmful and the harmless actions of one suite weigh together."""

Margins = NDArray[np.float64]


class Calibration(NamedTuple):
    """Log-odds at the base rate = `scale` x margin + `shift`."""

    scale: float
    shift: float

    def probability(self, margins: Margins) -> NDArray[np.float64]:
        """Of harm, for each margin."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.scale * margins + self.shift, -60, 60))))


def usable(cases: Table) -> NDArray[np.bool_]:
    """Cases to learn from: a label names a step, so a harmful step with several calls teaches nothing about any of them."""
    return cases.alone | ~cases.harmful


def weights(cases: Table) -> NDArray[np.float64]:
    """How much each case counts. Suites by the square root of their size; sources of harmless work by the case; pairs little."""
    found = np.ones(len(cases.harmful))
    found[cases.source == PAIRS] = PAIR_WEIGHT
    injected = np.isin(cases.source, INJECTIONS)
    for group in np.unique(cases.group[injected]):
        for harmful, much in ((True, HARMFUL), (False, HARMLESS)):
            these = injected & (cases.group == group) & (cases.harmful == harmful)
            if these.any():
                found[these] = much / sqrt(these.sum())
    return found


def fit(cases: Table) -> HistGradientBoostingClassifier:
    """Train on usable cases. Deterministic."""
    cases = cases.take(usable(cases))
    model = HistGradientBoostingClassifier(
        max_iter=ITERATIONS,
        learning_rate=0.06,
        max_leaf_nodes=12,
        min_samples_leaf=20,
        l2_regularization=5.0,
        max_features=0.4,
        max_bins=64,
        early_stopping=False,
        monotonic_cst=[feature.direction for feature in FEATURES],
        random_state=SEED,
    )
    # Threads that wait for each other by spinning make a loaded machine crawl, and one thread adds up in one order.
    with threadpool_limits(limits=1):
        return model.fit(cases.x, cases.harmful, sample_weight=weights(cases))


def out_of_fold(cases: Table) -> Margins:
    """Margins of every case by a model that saw nothing of its fold."""
    found = np.zeros(len(cases.harmful))
    for fold in np.unique(cases.fold):
        out = cases.fold == fold
        found[out] = fit(cases.take(~out)).decision_function(cases.x[out])
    return found


def calibrate(cases: Table, margins: Margins) -> Calibration:
    """Platt's scaling on out-of-fold margins of labelled sessions, every source counting the same, moved to the base rate."""
    kept = (cases.source != PAIRS) & usable(cases)
    cases, margins = cases.take(kept), margins[kept]
    much = np.zeros(len(margins))
    for harmful in (True, False):
        sources = np.unique(cases.source[cases.harmful == harmful])
        for source in sources:
            these = (cases.source == source) & (cases.harmful == harmful)
            much[these] = 1 / these.sum() / len(sources)
    # Both classes weigh the same here, so the fitted log-odds are those of a base rate of one half.
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(
        margins[:, None], cases.harmful, sample_weight=much * len(much)
    )
    shift = float(fitted.intercept_[0]) + log(BASE_RATE / (1 - BASE_RATE))
    return Calibration(float(fitted.coef_[0, 0]), shift)


def threshold(cases: Table, margins: Margins, budget: str) -> float:
    """The margin that a review budget buys, on harmless out-of-fold cases of labelled sessions.

    All sources together, each counting the same, keep within the budget; each by itself within twice of it.
    """
    above, below = (int(part) for part in budget.split("/"))
    share = above / below
    harmless = ~cases.harmful & (cases.source != PAIRS)
    by_source = [np.sort(margins[harmless & (cases.source == source)]) for source in np.unique(cases.source[harmless])]
    each = max(_beyond(found, 2 * share) for found in by_source)
    least, most = each, max(float(found[-1]) for found in by_source) + 1e-6
    if _mean_share(by_source, least) <= share:
        return least
    for _ in range(60):
        middle = (least + most) / 2
        least, most = (least, middle) if _mean_share(by_source, middle) <= share else (middle, most)
    return most


def _beyond(found: NDArray[np.float64], share: float) -> float:
    """The least margin that at most this share of cases reaches."""
    allowed = int(share * len(found))
    return float(np.nextafter(found[len(found) - 1 - allowed], np.inf))


def _mean_share(by_source: list[NDArray[np.float64]], at: float) -> float:
    return float(np.mean([(found >= at).mean() for found in by_source]))


def export(model: HistGradientBoostingClassifier, calibration: Calibration, thresholds: dict[str, float]) -> Weights:
    """What ships: the trees as plain arrays."""
    roots: list[int] = []
    feature: list[int] = []
    at: list[float] = []
    left: list[int] = []
    right: list[int] = []
    value: list[float] = []
    for (tree,) in model._predictors:  # scikit-learn has no public way to its trees
        offset = len(feature)
        roots.append(offset)
        nodes = tree.nodes
        means = _means(nodes)
        for number, node in enumerate(nodes):
            leaf = bool(node["is_leaf"])
            feature.append(-1 if leaf else int(node["feature_idx"]))
            at.append(0.0 if leaf else float(node["num_threshold"]))
            left.append(0 if leaf else offset + int(node["left"]))
            right.append(0 if leaf else offset + int(node["right"]))
            value.append(round(means[number], 9))
    base = float(model._baseline_prediction.ravel()[0])
    return Weights(
        features=tuple(feature.name for feature in FEATURES),
        forest=Forest(base, roots, feature, at, left, right, value),
        scale=calibration.scale,
        shift=calibration.shift,
        base_rate=BASE_RATE,
        thresholds=thresholds,
    )


def _means(nodes: NDArray[np.void]) -> list[float]:
    """A leaf's value; an inner node's mean over the training cases that passed it. Children come after their parents."""
    means = [0.0] * len(nodes)
    for number in range(len(nodes) - 1, -1, -1):
        node = nodes[number]
        if node["is_leaf"]:
            means[number] = float(node["value"])
        else:
            a, b = int(node["left"]), int(node["right"])
            through = int(nodes[a]["count"]), int(nodes[b]["count"])
            means[number] = (means[a] * through[0] + means[b] * through[1]) / sum(through)
    return means
