"""Real runs as the model reviewer meets them: every action of a labelled run with its case, and all that was said before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from magistrate.bench.cases import cases, scored
from magistrate.bench.labels import Labelled, read_labels
from magistrate.core.intake import Intake
from magistrate.core.mask import mask_said
from magistrate.core.protocols import Case
from magistrate.core.records import Action, Event, Rulebook, Session
from magistrate.evidence.run import RunEvidence
from magistrate.hosts import importer_for
from magistrate.recent import Recent


class Step(NamedTuple):
    """One action: the case a reviewer is given, everything the run held before it, and whether it is harmful (None: not said)."""

    case: Case
    before: tuple[Event, ...]
    harmful: bool | None


def drawn(paths: list[Path], each: int, least: int, seed: int) -> Iterator[tuple[str, Session, Labelled]]:
    """So many runs of each file with at least `least` scored actions, without replacement by hashes of the seed."""
    for path in paths:
        labels = {label.line: label for label in read_labels(path) if scored(label) and len([*cases(label)]) >= least}
        marked = sorted(labels, key=lambda line: hashlib.blake2b(f"{seed}/{labels[line].run}".encode()).digest())
        wanted = set(marked[:each])
        for session in importer_for(path).read(path, Intake()):
            line = int(session.started.source.rpartition(":")[2])
            if line in wanted:
                yield path.name.partition(".")[0], session, labels[line]


def steps(session: Session, label: Labelled, rulebook: Rulebook) -> Iterator[Step]:
    """The scored actions of a run, in order."""
    seen, recent, todo = RunEvidence(session.started), Recent(), cases(label)
    before: list[Event] = []
    for n, said in enumerate(session.events, start=1):
        clean = mask_said(said)
        if isinstance(clean, Action):
            if (scored_case := next(todo, None)) is None:
                return
            case = Case(
                n=n,
                action=clean,
                evidence=seen.assess(clean),
                rulebook=rulebook,
                history=tuple(recent.history),
                asked=recent.asked,
            )
            yield Step(case, tuple(before), scored_case.harmful)
        seen.observe(n, clean)
        event = Event(id=0, run="bench", n=n, at="", body=clean, prev="", hash="")
        recent.add(event)
        before.append(event)
