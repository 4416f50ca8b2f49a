"""Every scored action through evidence and all members, once. The label decides which actions are asked about, and no more."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from magistrate.bench.arms import NOTHING, Key, Said, said
from magistrate.bench.cases import Case as Scored
from magistrate.bench.cases import cases, scored
from magistrate.bench.labels import Labelled, read_labels
from magistrate.bench.tally import Tally
from magistrate.core.errors import InputError
from magistrate.core.intake import Intake
from magistrate.core.mask import mask_said
from magistrate.core.protocols import Case, Reviewer, at_once, deadline_of
from magistrate.core.records import Action, Body, Event, Evidence, Rulebook, Session
from magistrate.evidence.run import RunEvidence
from magistrate.gate import ask_one
from magistrate.hosts import importer_for
from magistrate.recent import Recent

Sample = dict[Path, dict[int, Labelled]]
"""What is to be judged: file -> line -> the run's label."""


def sample(paths: Iterable[Path], *, limit: int = 0, seed: int = 0) -> Sample:
    """The scored runs of files; with a limit, that many of each source, drawn without replacement by hashes of the seed.

    Raises InputError for a file without labelled sessions.
    """
    chosen: Sample = {}
    for path in dict.fromkeys(paths):
        if (importer := importer_for(path)).name != "labelled":
            raise InputError(f"holds sessions of {importer.name}, without labels", where=str(path))
        chosen[path] = {label.line: label for label in read_labels(path) if scored(label)}
    return _drawn(chosen, limit, seed) if limit else chosen


Chosen = dict[tuple[Path, int], frozenset[tuple[int, int]]]
"""Drawn actions: (file, line) -> their (step, call)."""


def draw_actions(everything: Sample, each: int, seed: int) -> tuple[Sample, Chosen]:
    """So many harmful and so many harmless actions of each source, drawn without replacement by hashes of the seed.

    For reviewers that are too slow to be asked about everything. Actions that no label speaks of are not drawn.
    """
    found: dict[tuple[str, bool], list[tuple[bytes, Path, int, int, int]]] = {}
    for path, labels in everything.items():
        for line, label in labels.items():
            for case in cases(label):
                if case.harmful is not None:
                    key = f"{seed}/{label.run}/{case.step}/{case.call}".encode("utf-8", "replace")
                    mark = hashlib.blake2b(key, digest_size=8).digest()
                    found.setdefault((label.source, case.harmful), []).append((mark, path, line, case.step, case.call))
    chosen: dict[tuple[Path, int], set[tuple[int, int]]] = {}
    for drawn in found.values():
        for _, path, line, step, call in sorted(drawn)[:each]:
            chosen.setdefault((path, line), set()).add((step, call))
    kept = {
        path: {line: label for line, label in labels.items() if (path, line) in chosen}
        for path, labels in everything.items()
    }
    return kept, {where: frozenset(which) for where, which in chosen.items()}


def _drawn(everything: Sample, limit: int, seed: int) -> Sample:
    by_source: dict[str, list[tuple[bytes, Path, int]]] = {}
    for path, labels in everything.items():
        for line, label in labels.items():
            key = hashlib.blake2b(f"{seed}/{label.run}".encode("utf-8", "replace"), digest_size=8).digest()
            by_source.setdefault(label.source, []).append((key, path, line))
    kept = {(path, line) for found in by_source.values() for _, path, line in sorted(found)[:limit]}
    return {
        path: {line: label for line, label in labels.items() if (path, line) in kept}
        for path, labels in everything.items()
    }


PATIENCE = 3600.0
"""Seconds for one opinion: reviewers keep their own deadline, and this only ends one that has none."""
AHEAD = 4
"""Questions waiting for each that is under way, where reviewers take several at once."""


class Judge:
    """Asks all members about every action of a sample; keeps tallies by source, and what it cost."""

    def __init__(
        self,
        rulebook: Rulebook,
        reviewers: Mapping[str, Reviewer],
        recorded: Mapping[str, Mapping[Key, Said]],
        chosen: Chosen | None = None,
    ) -> None:
        """`chosen`: the only actions that are asked about; None: all."""
        self.rulebook = rulebook
        self.chosen = chosen
        self.reviewers = dict(reviewers)
        self.recorded = dict(recorded)
        self.tallies: dict[str, Tally] = {}
        self.intake = Intake()
        self.failures: Counter[str] = Counter()
        """Kinds of error with which evidence could not be computed; every member is then missing."""
        self.matched: Counter[str] = Counter()
        """Actions for which a file of scores had a line."""
        self.seeing_ns = 0
        """Spent on masking and evidence, of all events."""
        self.actions = 0
        self.silent: Counter[tuple[str, bool]] = Counter()
        """Runs that propose no action, by source and whether they are harmful: nothing there for a reviewer of actions to see."""
        self._names: Counter[str] = Counter()
        self._at_once = max(map(at_once, self.reviewers.values()), default=1)
        self._turn = asyncio.Semaphore(self._at_once)
        self._under_way: deque[tuple[Tally, int, Scored, float, asyncio.Task[dict[str, Said]]]] = deque()

    async def file(self, path: Path, labels: Mapping[int, Labelled], advance: Callable[[], None]) -> None:
        """Judge the runs of one file; `advance` is called after each."""
        for session in importer_for(path).read(path, self.intake):
            run = self._distinct(session.run)
            line = int(session.started.source.rpartition(":")[2])
            label = labels.get(line)
            if label is None:
                continue
            proposed = sum(isinstance(event, Action) for event in session.events)
            if label.run != session.run or proposed != sum(label.calls):
                self.intake.problem(path, "label and session do not fit together; not scored", line=line)
            else:
                await self._run(run, session, label, self.chosen[path, line] if self.chosen is not None else None)
            advance()
        await self._settle(0)

    async def _run(
        self, run: str, session: Session, label: Labelled, chosen: frozenset[tuple[int, int]] | None
    ) -> None:
        if not any(label.calls):
            self.silent[label.source, bool(label.harmful)] += 1
            return
        tally = self.tallies.setdefault(label.source, Tally(label.source, [*self.reviewers, *self.recorded]))
        number = tally.begin(label)
        todo = cases(label)
        left = len(chosen) if chosen is not None else -1
        seen = RunEvidence(session.started)
        recent = Recent([_event(run, 0, session.started)])
        for n, event in enumerate(session.events, start=1):
            started = time.perf_counter_ns()
            clean = mask_said(event)
            if isinstance(clean, Action):
                if (case := next(todo, None)) is None or left == 0:
                    return
                if chosen is None or (case.step, case.call) in chosen:
                    left -= 1
                    evidence = self._assess(seen, clean)
                    took = time.perf_counter_ns() - started
                    self.seeing_ns += took
                    key = (run, case.step, case.call)
                    work = self._ask(self._case(n, clean, evidence, recent), self._recorded(key))
                    if self._at_once == 1:
                        tally.add(number, case, took / 1000, await work)
                    else:
                        self._under_way.append(
                            (tally, number, case, took / 1000, asyncio.create_task(self._turned(work)))
                        )
                        await self._settle(AHEAD * self._at_once)
                    self.actions += 1
                    started = time.perf_counter_ns()
            seen.observe(n, clean)
            self.seeing_ns += time.perf_counter_ns() - started
            recent.add(_event(run, n, clean))

    def _assess(self, seen: RunEvidence, action: Action) -> Evidence | None:
        try:
            return seen.assess(action)
        except Exception as error:  # noqa: BLE001  as in the gate: what cannot be seen is a missing verdict
            self.failures[type(error).__name__] += 1
            return None

    async def _ask(self, case: Case | None, recorded: Mapping[str, Said]) -> dict[str, Said]:
        """What every member says; without a case, no reviewer can say anything."""
        found: dict[str, Said] = {}
        for name, reviewer in self.reviewers.items():
            found[name] = said(await ask_one(reviewer, case, deadline_of(reviewer, PATIENCE))) if case else NOTHING
        found.update(recorded)
        return found

    def _recorded(self, key: Key) -> dict[str, Said]:
        """What the files of scores say of the action."""
        found = {}
        for name, lines in self.recorded.items():
            line = lines.get(key)
            self.matched[name] += line is not None
            found[name] = line or NOTHING
        return found

    def _case(self, n: int, action: Action, evidence: Evidence | None, recent: Recent) -> Case | None:
        if evidence is None:
            return None
        asked = recent.asked
        return Case(
            n=n, action=action, evidence=evidence, rulebook=self.rulebook, history=tuple(recent.history), asked=asked
        )

    async def _turned(self, work: Awaitable[dict[str, Said]]) -> dict[str, Said]:
        async with self._turn:
            return await work

    async def _settle(self, left: int) -> None:
        """Wait for the oldest answers until so many are under way; tallies are filled in the order of the actions."""
        while len(self._under_way) > left:
            tally, number, case, took, task = self._under_way.popleft()
            tally.add(number, case, took, await task)

    def _distinct(self, run: str) -> str:
        """The run's id, made unique in the batch as an import of all files together would."""
        self._names[run] += 1
        return run if self._names[run] == 1 else f"{run}~{self._names[run]}"


def _event(run: str, n: int, body: Body) -> Event:
    return Event(id=0, run=run, n=n, at="", body=body, prev="", hash="")
