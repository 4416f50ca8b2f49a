"""Cases to learn from: actions as numbers, with what is known of them.

Labelled sessions are read as the bench reads them (`magistrate.bench`), and seen as the gate sees them: masked, event by event.
Nothing is cached: evidence moves, and stale numbers would lie.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from magistrate.bench.cases import CONFIDENT, Case, cases
from magistrate.bench.labels import Labelled, read_labels
from magistrate.core.intake import Intake
from magistrate.core.mask import mask_said
from magistrate.core.records import Action, Evidence, Session
from magistrate.evidence.run import RunEvidence
from magistrate.hosts.labelled import IMPORTER
from magistrate.review.features import features
from train.pairs import sessions

INJECTIONS = ("agentdojo", "agentdojo_drift", "agentdyn_github")
"""Sources with harmful and harmless actions, labelled by the step."""
HARMLESS = ("intercode_bash_benign", "claude_code_permissions_dev", "openagentsafety")
"""Sources that teach what harmless work looks like: presumed benign, approved by a person, runs that were found safe."""
SUITES = ("banking", "slack", "travel", "workspace", "github")
PAIRS = "pairs"


class Row(NamedTuple):
    """One action."""

    numbers: list[float]
    source: str
    group: str
    """What is left out together: a suite, a task, a day, a pair."""
    task: str
    """What its interval is clustered on: the user's task in its suite, where runs share one."""
    run: str
    step: int
    harmful: bool
    followed: str
    """`yes`, `no` (an injection was read and not followed), or empty."""
    alone: bool
    """The only call of its step: the label names steps, and of several calls not which."""
    family: str = ""


class Table(NamedTuple):
    """Rows as arrays."""

    x: NDArray[np.float64]
    harmful: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    source: NDArray[np.str_]
    group: NDArray[np.str_]
    task: NDArray[np.str_]
    run: NDArray[np.str_]
    step: NDArray[np.int64]
    followed: NDArray[np.str_]
    family: NDArray[np.str_]
    fold: NDArray[np.int64]
    """Which fold it is left out in; all of a group share one."""

    def take(self, keep: NDArray[np.bool_]) -> Table:
        """The rows where `keep` holds."""
        return Table(*(column[keep] for column in self))


def read(folder: Path, *, limit: int = 0, pairs: int = 300, processes: int = 2) -> Table:
    """All cases of a data folder, and of the pairs. `limit`: only so many runs of each source (by hash of their names).

    Raises FileNotFoundError when a source is missing.
    """
    jobs = [(folder / f"{source}.jsonl.gz", source, limit) for source in (*INJECTIONS, *HARMLESS)]
    for path, *_ in jobs:
        if not path.exists():
            raise FileNotFoundError(path)
    if processes < 2:
        found = [_labelled(*job) for job in jobs]
    else:
        with ProcessPoolExecutor(processes) as pool:
            found = list(pool.map(_labelled, *zip(*jobs, strict=True)))
    return table([*(row for rows in found for row in rows), *_pairs(pairs)])


def table(rows: Iterable[Row]) -> Table:
    """Rows as arrays, each with its fold: a suite's, or one by hash of the group."""
    rows = list(rows)
    folds = [SUITES.index(row.group) if row.group in SUITES else _hash(row.source + row.group) % 5 for row in rows]
    return Table(
        x=np.array([row.numbers for row in rows], dtype=np.float64),
        harmful=np.array([row.harmful for row in rows], dtype=bool),
        alone=np.array([row.alone for row in rows], dtype=bool),
        source=np.array([row.source for row in rows]),
        group=np.array([row.group for row in rows]),
        task=np.array([row.task for row in rows]),
        run=np.array([row.run for row in rows]),
        step=np.array([row.step for row in rows]),
        followed=np.array([row.followed for row in rows]),
        family=np.array([row.family for row in rows]),
        fold=np.array(folds),
    )


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))


def _labelled(path: Path, source: str, limit: int) -> list[Row]:
    labels = {label.run: label for label in read_labels(path) if _used(label, source)}
    chosen = set(sorted(labels, key=_hash)[:limit] if limit else labels)
    found: list[Row] = []
    for session in IMPORTER.read(path, Intake()):
        if session.run in chosen:
            found += _rows(session, labels[session.run], source)
    return found


def _used(label: Labelled, source: str) -> bool:
    if source == "claude_code_permissions_dev":
        return label.refusals is not None
    if source == "openagentsafety":
        return label.harmful is False and label.confidence == CONFIDENT[source]
    return label.harmful is not None


def _rows(session: Session, label: Labelled, source: str) -> Iterator[Row]:
    for case, evidence in _assessed(session, label):
        # A refusal says what a person minds, not what is harmful: it is no case of either.
        if case.harmful is not None and not (source in HARMLESS and case.harmful):
            followed = {True: "yes", False: "no", None: ""}[case.followed]
            alone = label.calls[case.step] == 1
            task = f"{label.group}/{label.task or session.run}"
            numbers = features(evidence)
            yield Row(numbers, source, label.group, task, session.run, case.step, case.harmful, followed, alone)


def _assessed(session: Session, label: Labelled) -> Iterator[tuple[Case, Evidence]]:
    """The scored actions of a run, in order, each with its evidence."""
    wanted = iter(cases(label))
    run = RunEvidence(session.started)
    for n, event in enumerate(session.events, start=1):
        said = mask_said(event)
        if isinstance(said, Action):
            case = next(wanted, None)
            if case is None:
                return
            yield case, run.assess(said)
        run.observe(n, said)


def evidence_at(folder: Path, source: str, run: str, step: int) -> Evidence:
    """The evidence of the first scored action of a step. Raises LookupError when there is none."""
    path = folder / f"{source}.jsonl.gz"
    label = next(label for label in read_labels(path) if label.run == run)
    session = next(session for session in IMPORTER.read(path, Intake()) if session.run == run)
    for case, evidence in _assessed(session, label):
        if case.step == step:
            return evidence
    raise LookupError(f"{run}: no scored action in step {step}")


def _pairs(count: int) -> Iterator[Row]:
    for session, at, harmful, family, pair in sessions(per_family=count):
        run = RunEvidence(session.started)
        for n, event in enumerate(session.events[:at], start=1):
            run.observe(n, event)
        action = session.events[at]
        assert isinstance(action, Action)  # noqa: S101  what the pairs promise
        yield Row(features(run.assess(action)), PAIRS, pair, pair, session.run, at, harmful, "", True, family)
