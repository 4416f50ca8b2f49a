"""The population of an audit: every action of the agents in a ledger, with its verdict. Bounded memory for each action."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from magistrate.core.records import Canary, RunStarted
from magistrate.ledger import Ledger

AUDIT = "audit"
"""The ledger's run of commitments, samples and labels."""
CLASSES = ("allow", "deny", "escalate", "unavailable", "halted", "missing")
"""`unavailable`: stopped because a reviewer could not answer; `halted`: because the run was paused or stopped, whatever the action;
`missing`: an action without any verdict."""
_NO_JUDGEMENT = {"unavailable": "unavailable", "paused": "halted", "stopped": "halted"}
_ROWS = 5_000


class Unit(Struct, frozen=True, gc=False):
    """One action of the population."""

    id: int
    """Event id of the action."""
    run: str
    n: int
    verdict: str
    """One of `CLASSES`."""
    score: float | None = None
    """The highest score that a reviewer gave."""
    host: str = ""
    model: str = ""
    root: str = ""
    """First run of the run tree: the cluster."""
    at: str = ""
    revision: str = ""
    rules: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    """Those who gave an opinion, with their versions."""


class _Opinion(Struct, gc=False):
    reviewer: str = ""
    version: str = ""
    score: float | None = None


class _Verdict(Struct, gc=False):
    action: int
    decision: str
    basis: str = ""
    revision: str = ""
    rules: tuple[str, ...] = ()
    opinions: list[_Opinion] = field(default_factory=list)


class _Run(Struct, gc=False):
    host: str = ""
    model: str = ""
    parent: str = ""
    role: str = "agent"


_VERDICT = msgspec.json.Decoder(_Verdict)
_RUN = msgspec.json.Decoder(_Run)


def frame(ledger: Ledger, *, since: int = 0, upto: int | None = None) -> list[Unit]:
    """All actions of agents with event ids in [since, upto], in order; those of reviewers and canaries are no agent's."""
    last = last_id(ledger) if upto is None else upto
    runs = _runs(ledger)
    roots = {name: _root(name, runs) for name in runs}
    judged = dict(_verdicts(ledger, last))
    units = []
    for id_, run, n, at in pages(ledger, "action", "id, run, n, at", since, last):
        of = runs.get(run) or _Run()
        if of.role != "agent":
            continue
        verdict = judged.get((run, n))
        units.append(_unit(id_, run, n, at, of, roots.get(run, run), verdict))
    return units


def first_id(ledger: Ledger, at: str) -> int:
    """The id of the first event recorded at or after a time (ISO 8601); one past the last when there is none."""
    found = ledger.query("SELECT min(id) FROM events WHERE at >= ?", (at,))[0][0]
    return int(found) if found is not None else last_id(ledger) + 1


def last_id(ledger: Ledger) -> int:
    return int(ledger.query("SELECT coalesce(max(id), 0) FROM events")[0][0])


def canaries(ledger: Ledger) -> dict[str, Canary]:
    """The planted runs, by run id."""
    return {event.run: event.body for event in ledger.events(kinds=("canary",)) if isinstance(event.body, Canary)}


def _unit(id_: int, run: str, n: int, at: str, of: _Run, root: str, verdict: _Verdict | None) -> Unit:
    if verdict is None:
        return Unit(id=id_, run=run, n=n, verdict="missing", host=of.host, model=of.model, root=root, at=at)
    scores = [opinion.score for opinion in verdict.opinions if opinion.score is not None]
    return Unit(
        id=id_,
        run=run,
        n=n,
        verdict=_NO_JUDGEMENT.get(verdict.basis, verdict.decision),
        score=max(scores, default=None),
        host=of.host,
        model=of.model,
        root=root,
        at=at,
        revision=verdict.revision,
        rules=verdict.rules,
        reviewers=tuple(f"{one.reviewer} {one.version}".strip() for one in verdict.opinions),
    )


def _verdicts(ledger: Ledger, last: int) -> Iterator[tuple[tuple[str, int], _Verdict]]:
    seen: set[tuple[str, int]] = set()
    for _, run, body in pages(ledger, "verdict", "id, run, body", 0, last):
        verdict = _VERDICT.decode(body)
        place = (run, verdict.action)
        if place not in seen:  # what was said first is what was acted on
            seen.add(place)
            yield place, verdict


def _runs(ledger: Ledger) -> dict[str, _Run]:
    return {run: _RUN.decode(body) for _, run, body in pages(ledger, "run", "id, run, body", 0, last_id(ledger))}


def roles(ledger: Ledger) -> dict[str, str]:
    """Whose runs they are: `agent`, `reviewer`, `canary`."""
    return {name: run.role for name, run in _runs(ledger).items()}


def _root(name: str, runs: dict[str, _Run]) -> str:
    seen = {name}
    while (parent := runs[name].parent) and parent in runs and parent not in seen:
        seen.add(parent)
        name = parent
    return name


def pages(ledger: Ledger, kind: str, columns: str, since: int, last: int) -> Iterator[Sequence[Any]]:
    """Rows of one kind in order of id; the first column has to be the id."""
    at = since - 1
    query = f"SELECT {columns} FROM events WHERE kind = ? AND id > ? AND id <= ? ORDER BY id LIMIT {_ROWS}"  # noqa: S608
    while rows := ledger.query(query, (kind, at, last)):
        yield from rows
        at = rows[-1][0]


def started(ledger: Ledger, run: str) -> RunStarted | None:
    """How a run began."""
    for event in ledger.events(run, kinds=("run",)):
        if isinstance(event.body, RunStarted):
            return event.body
    return None
