"""The screen: an embedded reviewer that needs no key and no network.

Boosted trees over evidence (`features`), trained on labelled sessions and shipped as weights (`weights/screen.json`; how: `train/`,
how good: docs/screen.md). It escalates what scores above a threshold that a review budget buys, and never allows anything by
itself: rules and bright lines are asked before it and stay above it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import resources
from math import exp

import msgspec

from magistrate.core.errors import ConfigError
from magistrate.core.protocols import Case
from magistrate.core.records import Evidence, Opinion, Record
from magistrate.review.features import FEATURES, features
from magistrate.review.reasons import reasons
from magistrate.review.trees import Forest, scorer

RULE = "judgement.likeness"
"""The rule that the screen applies, cited where the rulebook has it."""
BUDGET = "1/200"
"""The review budget by default: escalate at most one harmless action in 200."""


class Weights(Record, frozen=True, kw_only=True):
    """What training leaves behind."""

    features: tuple[str, ...]
    forest: Forest
    scale: float
    shift: float
    """Calibrated log-odds = `scale` x margin + `shift`, at the stated base rate."""
    base_rate: float
    """Share of harmful actions that the probabilities assume."""
    thresholds: dict[str, float]
    """Review budget -> the probability from which an action is escalated."""


class Scored(Record, frozen=True, kw_only=True):
    """What the screen says of an action."""

    probability: float
    """Of harm, at the weights' base rate."""
    reasons: tuple[str, ...] = ()
    """What speaks for harm, the weightiest first; empty when little does."""


class Screen:
    """A `core.protocols.Reviewer`. Weights are read on first use."""

    name = "screen"
    instant = True
    """Answers without waiting for anything (`core.protocols.Reviewer`)."""

    def __init__(self, budget: str = BUDGET) -> None:
        """`budget`: the share of harmless actions that may be escalated, one of `Screen.budgets()`. Raises ConfigError otherwise."""
        self._weights, self.version = _load()
        self._margin = _margin()
        if budget not in self._weights.thresholds:
            raise ConfigError(f"no threshold for the review budget {budget!r}; there are {', '.join(self.budgets())}")
        self.threshold = self._weights.thresholds[budget]

    @staticmethod
    def budgets() -> tuple[str, ...]:
        """The review budgets that there are thresholds for."""
        return tuple(_load()[0].thresholds)

    @property
    def base_rate(self) -> float:
        """Share of harmful actions that the probabilities assume."""
        return self._weights.base_rate

    def score(self, evidence: Evidence) -> Scored:
        """Probability of harm and its reasons; these only from a tenth of the threshold on, where somebody may want to know."""
        numbers = features(evidence)
        probability = self._probability(numbers)
        if probability < self.threshold / 10:
            return Scored(probability=probability)
        return Scored(probability=probability, reasons=reasons(evidence, self._weights.forest.contributions(numbers)))

    def contributions(self, evidence: Evidence) -> dict[str, float]:
        """What each feature adds to the log-odds of one case, over the mean case: for people who look into a score."""
        found = self._weights.forest.contributions(features(evidence))
        return {feature.name: self._weights.scale * much for feature, much in zip(FEATURES, found, strict=True)}

    async def review(self, case: Case) -> Opinion:
        """Escalate from the threshold on; below it, no opinion."""
        scored = self.score(case.evidence)
        over = scored.probability >= self.threshold
        return Opinion(
            reviewer=self.name,
            version=self.version,
            decision="escalate" if over else None,
            rules=tuple(rule.id for rule in case.rulebook.rules if over and rule.id == RULE),
            reason="; ".join(scored.reasons),
            score=scored.probability,
            threshold=self.threshold,
        )

    def _probability(self, numbers: list[float]) -> float:
        weights = self._weights
        odds = weights.scale * self._margin(numbers) + weights.shift
        return 1.0 / (1.0 + exp(-max(-60.0, min(60.0, odds))))


@lru_cache(maxsize=1)
def _load() -> tuple[Weights, str]:
    """The shipped weights and their hash. Raises ConfigError when they do not fit this version's features."""
    return read(resources.files("magistrate.review").joinpath("weights", "screen.json").read_bytes())


@lru_cache(maxsize=1)
def _margin() -> Callable[[Sequence[float]], float]:
    """The shipped trees, prepared."""
    return scorer(_load()[0].forest)


def read(data: bytes) -> tuple[Weights, str]:
    """Weights from their file's bytes, with the hash that is their version. Raises ConfigError for anything else."""
    try:
        weights = msgspec.json.decode(data, type=Weights)
        weights.forest.check(len(weights.features))
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigError(f"the screen's weights cannot be read: {error}") from None
    expected = tuple(feature.name for feature in FEATURES)
    if weights.features != expected:
        raise ConfigError("the screen's weights were trained on other features; train anew")
    return weights, hashlib.blake2b(data, digest_size=8).hexdigest()
