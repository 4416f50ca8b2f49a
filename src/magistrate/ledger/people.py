"""Named queries over what people decide: questions that wait, answers, stops and what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from magistrate.core.errors import InputError
from magistrate.core.records import Action, Event, Record, Ruling, RunStarted, Stop, Verdict
from magistrate.ledger.store import Ledger

SWITCH = "switch"
"""The ledger's run of the stops that hold for everybody, and of tightenings."""
PEOPLE = ("ruling", "stop", "tightening")
"""Kinds of events by which people decide."""
MAX_DEPTH = 20
"""Runs between a sub-agent and the first of its tree."""
_TICKET = "kind = 'verdict' AND json_extract(body, '$.ticket') IS NOT NULL"


class Question(Record, frozen=True, kw_only=True):
    """A ticket: the first verdict that raised it, and whether it still waits."""

    ticket: str
    run: str
    tree: str
    started: RunStarted
    n: int
    """Number of the verdict's event."""
    at: str
    action: Action
    verdict: Verdict
    asked: int = 1
    """How often the same action was proposed."""
    answer: Ruling | None = None
    settled: str = ""
    """How it ended without a ruling: `ran` or `refused` at the host, `allowed` when it was tried again."""


class Halt(Record, frozen=True, kw_only=True):
    """A stop, and what came of it."""

    run: str
    n: int
    stop: Stop
    written: str
    """When it was durable."""
    lifted: str = ""
    first_refusal: str = ""
    """When the first action was refused for it."""
    first_refused: str = ""
    """... and which: run, `#`, number."""
    refused: int = 0
    allowed_after: int = 0
    """Actions allowed in its scope after it was durable and before it was lifted: none, if it works."""
    seconds: float | None = None
    """From the command to the first refusal."""
    writing: float = 0.0
    """... of these, from the command until the stop was durable."""


def decided_after(ledger: Ledger, id_: int) -> bool:
    """Whether people decided anything in events with a higher id: asked before each action, so it costs next to nothing."""
    return bool(
        ledger.query("SELECT 1 FROM events WHERE kind IN ('ruling', 'stop', 'tightening') AND id > ? LIMIT 1", (id_,))
    )


def lineage(ledger: Ledger, run: str) -> tuple[str, ...]:
    """The run, the one that started it, and so on up to the first of its tree."""
    found = [run]
    while len(found) < MAX_DEPTH:
        started = started_of(ledger, found[-1])
        if started is None or not started.parent or started.parent in found:
            break
        found.append(started.parent)
    return tuple(found)


def started_of(ledger: Ledger, run: str) -> RunStarted | None:
    """How a run began; None when the ledger does not know it."""
    first = next(ledger.events(run, kinds=("run",)), None)
    return first.body if first and isinstance(first.body, RunStarted) else None


def family(ledger: Ledger, root: str) -> list[str]:
    """The runs of the tree under `root`, itself first, in the order in which they began."""
    rows = ledger.query(
        """SELECT run, json_extract(body, '$.parent') FROM events
           WHERE kind = 'run' AND json_extract(body, '$.parent') IS NOT NULL ORDER BY id"""
    )
    found = {root: None}
    for _ in range(MAX_DEPTH):
        more = [run for run, parent in rows if parent in found and run not in found]
        if not more:
            break
        found |= dict.fromkeys(more)
    return list(found)


def on_ticket(ledger: Ledger, ticket: str) -> list[tuple[str, int, Verdict]]:
    """`(run, event number, verdict)` of every verdict that raises, repeats or answers a question, in order."""
    rows = ledger.query(
        f"SELECT run, n FROM events WHERE {_TICKET} AND json_extract(body, '$.ticket') = ? ORDER BY id",  # noqa: S608
        (ticket,),
    )
    return [(run, n, _verdict(ledger, run, n)) for run, n in rows]


def question(ledger: Ledger, ticket: str) -> Question:
    """The question with this ticket. Raises InputError when there is none."""
    verdicts = on_ticket(ledger, ticket)
    if not verdicts:
        raise InputError(f"no ticket {ticket!r}", where=ledger.path, mend="`magistrate queue` lists them")
    return _question(ledger, ticket, verdicts)


def questions(ledger: Ledger, *, since: str = "", waiting: bool = True, denied: bool = False) -> Iterator[Question]:
    """Questions to people, oldest first. `since`: asked after this time; `waiting`: only those without an answer; `denied`:
    what the rules deny outright too, which a person can allow but nobody waits for."""
    rows = ledger.query(
        f"SELECT json_extract(body, '$.ticket'), min(id), max(at) FROM events WHERE {_TICKET} GROUP BY 1 ORDER BY 2"  # noqa: S608
    )
    for ticket, _, latest in rows:
        if since and latest < since:
            continue
        found = _question(ledger, ticket, on_ticket(ledger, ticket))
        if waiting and (found.answer or found.settled):
            continue
        if found.verdict.decision == "deny" and not denied:
            continue
        yield found


def _question(ledger: Ledger, ticket: str, verdicts: list[tuple[str, int, Verdict]]) -> Question:
    run, n, first = verdicts[0]
    action = _event(ledger, run, first.action).body
    assert isinstance(action, Action)  # noqa: S101  a verdict names its action
    asked = {(of, verdict.action) for of, _, verdict in verdicts}
    answers = [
        event.body
        for of in dict.fromkeys(of for of, _ in asked)
        for event in ledger.events(of, kinds=("ruling",))
        if isinstance(event.body, Ruling) and event.body.ticket == ticket
    ]
    settled = "allowed" if verdicts[-1][2].decision == "allow" and verdicts[-1][2].basis != "ruling" else ""
    return Question(
        ticket=ticket,
        run=run,
        tree=lineage(ledger, run)[-1],
        started=started_of(ledger, run) or RunStarted(host="unknown"),
        n=n,
        at=_event(ledger, run, n).at,
        action=action,
        verdict=first,
        asked=len(asked),
        answer=answers[-1] if answers else None,
        settled=settled or _at_host(ledger, verdicts),
    )


def _at_host(ledger: Ledger, verdicts: list[tuple[str, int, Verdict]]) -> str:
    """What became of the call at the host, where its user could be asked: the newest outcome that tells."""
    for run, _, verdict in reversed(verdicts):
        action = _event(ledger, run, verdict.action).body
        if verdict.decision != "escalate" or not isinstance(action, Action) or not action.call_id:
            continue
        rows = ledger.query(
            """SELECT coalesce(json_extract(body, '$.status'), 'ok') FROM events
               WHERE run = ? AND n > ? AND kind = 'outcome' AND json_extract(body, '$.call_id') = ? LIMIT 1""",
            (run, verdict.action, action.call_id),
        )
        if rows and rows[0][0] == "ok":
            return "ran"
    return ""


def halts(ledger: Ledger) -> list[Halt]:
    """Every stop so far, oldest first, with what came of it."""
    found: list[Halt] = []
    open_at: dict[str, list[int]] = {}
    for event in ledger.events(kinds=("stop",)):
        stop = event.body
        assert isinstance(stop, Stop)  # noqa: S101
        if stop.stopped:
            open_at.setdefault(event.run, []).append(len(found))
            found.append(_halt(ledger, event, stop))
        else:
            for at in open_at.pop(event.run, ()):
                found[at] = _lifted(ledger, found[at], event)
    return found


def _halt(ledger: Ledger, event: Event, stop: Stop) -> Halt:
    cites = f"{event.run}#{event.n}"
    rows = ledger.query(
        """SELECT run, n, at FROM events WHERE kind = 'verdict' AND id > ? AND json_extract(body, '$.cites') = ? ORDER BY id""",
        (event.id, cites),
    )
    return Halt(
        run=event.run,
        n=event.n,
        stop=stop,
        written=event.at,
        refused=len(rows),
        first_refusal=rows[0][2] if rows else "",
        first_refused=f"{rows[0][0]}#{rows[0][1]}" if rows else "",
        allowed_after=_allowed(ledger, event, stop),
        seconds=_seconds(stop.at or event.at, rows[0][2]) if rows else None,
        writing=_seconds(stop.at or event.at, event.at),
    )


def _lifted(ledger: Ledger, halt: Halt, by: Event) -> Halt:
    first = _event(ledger, halt.run, halt.n)
    return replace(halt, lifted=by.at, allowed_after=_allowed(ledger, first, halt.stop, before=by.id))


def _allowed(ledger: Ledger, event: Event, stop: Stop, *, before: int = 0) -> int:
    query = """SELECT count(*) FROM events WHERE kind = 'verdict' AND id > ? AND (? = 0 OR id < ?)
               AND json_extract(body, '$.decision') = 'allow' AND coalesce(json_extract(body, '$.mode'), 'enforce') = 'enforce'"""
    values = (event.id, before, before)
    if stop.scope == "all":
        return int(ledger.query(query, values)[0][0])
    runs = family(ledger, event.run)
    return sum(int(ledger.query(query + " AND run = ?", (*values, run))[0][0]) for run in runs)


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _event(ledger: Ledger, run: str, n: int) -> Event:
    found = ledger.event(run, n)
    if found is None:
        raise InputError(f"run {run} has no event {n}", where=ledger.path)
    return found


def _verdict(ledger: Ledger, run: str, n: int) -> Verdict:
    body = _event(ledger, run, n).body
    assert isinstance(body, Verdict)  # noqa: S101  the query asks for verdicts
    return body
