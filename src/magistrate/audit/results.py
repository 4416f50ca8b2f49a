"""The bench's results as records: what is printed, written as JSON and drawn."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from magistrate.audit.performance import Performance
from magistrate.core.records import Record


class Block(Record, frozen=True, kw_only=True):
    """All arms on one part of one source."""

    source: str
    level: Literal["action", "run"]
    """`run`: a run's score is the highest of its scored actions."""
    part: Literal["all", "group", "followed"]
    """`followed`: injections followed against ones read and not followed."""
    group: str = ""
    clustered_on: Literal["group", "task", "run"]
    """What the intervals take for independent: they speak of new groups, of new tasks in the groups there are, or of new runs."""
    clusters: int
    arms: tuple[Performance, ...]


class Cost(Record, frozen=True, kw_only=True):
    """Time per action, in microseconds. An arm's own time comes on top of evidence, except for scores read from a file."""

    arm: str
    actions: int
    median_us: float
    p95_us: float
    per_second: float
    """Actions a second on one core, with evidence where the arm needs it; 0: no time was recorded."""
    with_evidence: bool = True
    tokens: float = 0.0
    """Median an action, of a language model's prompt and answer; 0: none was asked."""


class Results(Record, frozen=True, kw_only=True):
    """One run of the bench."""

    version: str
    made: str
    revision: str
    """Of the rulebook."""
    reviewers: dict[str, str]
    """Member -> version."""
    runs: int
    actions: int
    limit: int = 0
    """Runs drawn of each source; 0: all."""
    drawn: int = 0
    """Harmful and harmless actions drawn of each source; 0: all."""
    seed: int = 0
    blocks: tuple[Block, ...] = ()
    costs: tuple[Cost, ...] = ()
    peak_mb: float = 0.0
    """Highest resident memory of the process, in MB."""
    wall_s: float = 0.0
    """Seconds that reading and judging took; more than `cpu_s` when the machine had other work or a reviewer waited."""
    cpu_s: float = 0.0
    failures: dict[str, int] = field(default_factory=dict)
    """Errors in computing evidence, by kind: all members' verdicts are missing there."""
    remarks: tuple[str, ...] = ()
