"""Arms: one reviewer, several together (`rules+screen`), or scores that another program wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from magistrate.audit.metrics import Array
from magistrate.audit.performance import ALLOW, MISSING
from magistrate.core.errors import ConfigError, InputError
from magistrate.core.intake import Intake, lines
from magistrate.core.records import Opinion, Record

CODES = {"allow": ALLOW, "escalate": 1, "deny": 2}
Key = tuple[str, int, int]
"""Run id, step, call."""


class Said(Record, frozen=True, kw_only=True):
    """What is kept of an opinion."""

    score: float
    """NaN: none was given."""
    decision: int
    """-1 missing, 0 allow, 1 escalate, 2 deny."""
    latency_us: float = 0.0
    tokens: int = 0


NOTHING = Said(score=float("nan"), decision=MISSING)


class Arm(Record, frozen=True, kw_only=True):
    """Members that decide together: the strictest of them."""

    name: str
    members: tuple[str, ...]


def arms(named: Sequence[str]) -> tuple[Arm, ...]:
    """`a` or `a+b`. Raises ConfigError for an empty or repeated name."""
    made = tuple(Arm(name=name, members=tuple(name.split("+"))) for name in dict.fromkeys(named))
    for arm in made:
        if not all(arm.members) or len(set(arm.members)) < len(arm.members):
            raise ConfigError(f"arm {arm.name!r}: expected one name, or several joined by +")
    return made


def said(opinion: Opinion) -> Said:
    """An opinion in numbers. One without a decision lets the action pass, as in the gate; an unavailable one is missing."""
    if opinion.unavailable:
        return Said(score=float("nan"), decision=MISSING, latency_us=opinion.latency_us, tokens=opinion.tokens)
    score = float("nan") if opinion.score is None else opinion.score
    decision = CODES[opinion.decision or "allow"]
    return Said(score=score, decision=decision, latency_us=opinion.latency_us, tokens=opinion.tokens)


class _Line(msgspec.Struct):
    run: str
    step: int
    call: int = 0
    score: float | None = None
    decision: Literal["allow", "escalate", "deny", "none"] | None = None
    latency_us: float | None = None


def read_scores(path: Path) -> dict[Key, Said]:
    """Scores that another program wrote, one JSON object a line: `run`, `step`, `call`, `score`, `decision`, `latency_us`.

    A line without score and decision, or with the decision `none`, is a missing verdict. Raises InputError, naming the line.
    """
    intake = Intake()
    decoder = msgspec.json.Decoder(_Line)
    found: dict[Key, Said] = {}
    for number, text in lines(path, intake):
        try:
            line = decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise InputError(f"no score: {error}", where=str(path), line=number) from None
        key = (line.run, line.step, line.call)
        if key in found:
            raise InputError(f"a second score of {key}", where=str(path), line=number)
        found[key] = _said(line)
    if intake.count:
        raise InputError(intake.problems[0].what, where=str(path), line=intake.problems[0].line)
    return found


def _said(line: _Line) -> Said:
    latency = line.latency_us or 0.0
    if line.decision == "none" or (line.decision is None and line.score is None):
        return Said(score=float("nan"), decision=MISSING, latency_us=latency)
    score = float("nan") if line.score is None else line.score
    # A score without a decision is only a rank: its own decision lets everything pass.
    return Said(score=score, decision=CODES[line.decision or "allow"], latency_us=latency)


def together(
    members: Iterable[str], scores: Mapping[str, Array], decisions: Mapping[str, Array]
) -> tuple[Array, Array]:
    """Scores and decisions of an arm from its members' (see docs/bench.md, "Arms").

    The decision is the strictest. A missing member makes the arm's verdict missing unless another one restricts. A lone member is
    ranked by its score, or by its decision where it gave none. Members together are ranked first by the strictest decision of
    those that gave no score, then by the highest score of the others.
    """
    import numpy as np

    chosen = list(members)
    codes = np.stack([decisions[name] for name in chosen]).astype(int)
    given = np.stack([scores[name] for name in chosen]).astype(float)
    strictest = codes.max(axis=0)
    decision = np.where((codes == MISSING).any(axis=0) & (strictest <= ALLOW), MISSING, strictest)
    scored = ~np.isnan(given)
    if len(chosen) == 1:
        score = np.where(scored[0], given[0], codes[0] / 2)
    else:
        tier = np.where(scored, 0, np.maximum(codes, 0)).max(axis=0)
        best = np.where(scored, _unit(given), 0.0).max(axis=0)
        score = 2.0 * tier + best
    return np.where(decision == MISSING, np.nan, score), decision


def _unit(scores: Array) -> Array:
    """Scores into [0, 1] without changing their order; those that lie there already stay as they are."""
    import numpy as np

    filled = np.nan_to_num(scores, nan=0.0)
    inside = filled.min() >= 0 and filled.max() <= 1
    return filled if inside else 0.5 + np.arctan(filled) / np.pi
