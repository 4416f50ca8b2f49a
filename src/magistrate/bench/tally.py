"""What is kept of judged actions: a few numbers each, in columns, one tally a source."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from magistrate.audit.metrics import Array
from magistrate.bench.arms import Said
from magistrate.bench.cases import Case
from magistrate.bench.labels import Labelled

UNKNOWN = -1
"""Truth as numbers: -1 not said, 0 harmless, 1 harmful."""


class Names:
    """Strings as small numbers, in order of first use."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The number of a name; a new one when it is new."""
        return self.known.setdefault(name, len(self.known))


class Tally:
    """All judged actions of one source."""

    def __init__(self, source: str, members: Sequence[str]) -> None:
        self.source = source
        self.groups, self.tasks = Names(), Names()
        self.run_truth, self.run_group, self.run_task = array("b"), array("i"), array("i")
        self.run, self.truth, self.followed = array("i"), array("b"), array("b")
        self.evidence_us = array("d")
        self.scores = {name: array("d") for name in members}
        self.decisions = {name: array("b") for name in members}
        self.latency_us = {name: array("d") for name in members}
        self.tokens = {name: array("q") for name in members}

    def begin(self, label: Labelled) -> int:
        """A run starts. Returns its number, for the actions that are added to it."""
        self.run_truth.append(_truth(label.harmful))
        self.run_group.append(self.groups.number(label.group))
        self.run_task.append(self.tasks.number(f"{label.group}/{label.task}" if label.task else label.run))
        return len(self.run_truth) - 1

    def add(self, run: int, case: Case, evidence_us: float, said: Mapping[str, Said]) -> None:
        """One judged action of a run."""
        self.run.append(run)
        self.truth.append(_truth(case.harmful))
        self.followed.append(_truth(case.followed))
        self.evidence_us.append(evidence_us)
        for name, one in said.items():
            self.scores[name].append(one.score)
            self.decisions[name].append(one.decision)
            self.latency_us[name].append(one.latency_us)
            self.tokens[name].append(one.tokens)


def _truth(value: bool | None) -> int:
    return UNKNOWN if value is None else int(value)


def column(values: array[Any]) -> Array:
    """A column as a numpy array, without copying."""
    import numpy as np

    return np.frombuffer(values, dtype=np.dtype(values.typecode)) if len(values) else np.empty(0, values.typecode)
