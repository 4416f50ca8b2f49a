"""What the screen says of a few real actions, for the model card: its reasons, with every value described and none quoted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from magistrate.core.records import Evidence, Origin
from magistrate.review.features import features
from magistrate.review.reasons import reasons
from magistrate.review.screen import Weights
from train.data import HARMLESS, INJECTIONS, SUITES, Table, evidence_at


class Shown(NamedTuple):
    """One action."""

    source: str
    group: str
    harmful: bool
    probability: float
    """By a model that saw nothing of its fold."""
    escalated: bool
    """By the default budget."""
    reasons: tuple[str, ...]


def chosen(cases: Table, probabilities: NDArray[np.float64]) -> Iterator[int]:
    """Ten rows: of each suite the harmful action in the middle of the ranking, of five sources the harmless one at its top."""
    sources = (INJECTIONS[0], INJECTIONS[2], *HARMLESS)
    for kept, rank in [
        *((cases.harmful & (cases.group == suite) & (cases.source != INJECTIONS[1]), 0.5) for suite in SUITES),
        *((~cases.harmful & (cases.source == source), 1.0) for source in sources),
    ]:
        rows = np.flatnonzero(kept & cases.alone)
        if len(rows):
            ranked = rows[np.argsort(probabilities[rows], kind="stable")]
            yield int(ranked[int(rank * (len(ranked) - 1))])


def shown(folder: Path, cases: Table, probabilities: NDArray[np.float64], weights: Weights, at: float) -> list[Shown]:
    """The chosen actions with what the screen says of them; `at`: the probability from which one is escalated."""
    found: list[Shown] = []
    for row in chosen(cases, probabilities):
        source = str(cases.source[row])
        evidence = evidence_at(folder, source, str(cases.run[row]), int(cases.step[row]))
        said = reasons(described(evidence), weights.forest.contributions(features(evidence)))
        probability = float(probabilities[row])
        group = str(cases.group[row]) if cases.group[row] in SUITES else ""
        found.append(Shown(source, group, bool(cases.harmful[row]), probability, probability >= at, said))
    return found


def described(evidence: Evidence) -> Evidence:
    """The same evidence with a kind in place of each value, and no tool's name."""
    facts = tuple(
        replace(
            fact,
            effect=replace(fact.effect, target=_kind(fact.effect.target_kind) if fact.effect.target else ""),
            origin=_nameless(fact.origin) if fact.origin else None,
        )
        for fact in evidence.facts
    )
    parts = tuple(replace(part, value=_kind(part.kind), origin=_nameless(part.origin)) for part in evidence.parts)
    course = evidence.course
    if course and course.order:
        course = replace(course, order=replace(course.order, tool="", span=""))
    return replace(evidence, facts=facts, parts=parts, course=course)


def _kind(name: str) -> str:
    return f"({name})" if name != "unknown" else "(something)"


def _nameless(origin: Origin) -> Origin:
    return replace(origin, tool="", span="")
