"""Named queries over the ledger that give records."""

from __future__ import annotations

from magistrate.core.errors import InputError
from magistrate.core.records import Record
from magistrate.ledger.store import Ledger


class RunLine(Record, frozen=True, kw_only=True):
    """One run in a list."""

    run: str
    events: int
    actions: int
    allow: int
    deny: int
    escalate: int


def run_lines(ledger: Ledger) -> list[RunLine]:
    """All runs with their counts, in the order in which they began; planted ones are nobody's behaviour and left out."""
    rows = ledger.query(
        """SELECT run, count(*), sum(kind = 'action'),
             sum(kind = 'verdict' AND json_extract(body, '$.decision') = 'allow'),
             sum(kind = 'verdict' AND json_extract(body, '$.decision') = 'deny'),
             sum(kind = 'verdict' AND json_extract(body, '$.decision') = 'escalate')
           FROM events WHERE run NOT IN (SELECT run FROM events WHERE kind = 'canary')
           GROUP BY run ORDER BY min(id)"""
    )
    return [
        RunLine(run=run, events=events, actions=actions, allow=allow, deny=deny, escalate=escalate)
        for run, events, actions, allow, deny, escalate in rows
    ]


def find_run(ledger: Ledger, name: str) -> str:
    """The run with this id, or the only one whose id begins with or contains it; else an `InputError` that lists candidates."""
    for pattern in (name, _like(name) + "%", "%" + _like(name) + "%"):
        rows = ledger.query(
            "SELECT DISTINCT run FROM events WHERE n = 0 AND run LIKE ? ESCAPE '\\' LIMIT 11",
            (_like(name) if pattern == name else pattern,),
        )
        if len(rows) == 1:
            return str(rows[0][0])
        if rows:
            some = ", ".join(str(row[0]) for row in rows[:10])
            raise InputError(f"several runs match {name!r}: {some}", where=ledger.path, mend="give more of the id")
    raise InputError(f"no run {name!r}", where=ledger.path, mend="`magistrate show` lists them")


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
