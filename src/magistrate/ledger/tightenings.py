"""Named queries over tightenings: which there were, which hold, what came of them."""

from __future__ import annotations

from collections.abc import Iterable

from magistrate.core.records import Record, Tightening
from magistrate.ledger.people import SWITCH
from magistrate.ledger.store import Ledger


class Tightened(Record, frozen=True, kw_only=True):
    """A tightening, and what came of it."""

    id: str
    """Its run, `#`, its number: what verdicts cite, and what lifts it."""
    body: Tightening
    written: str
    """When it was durable."""
    lifted: str = ""
    lifted_by: str = ""
    escalated: int = 0
    """Verdicts that rest on it."""


def tightenings(ledger: Ledger) -> list[Tightened]:
    """Every tightening so far, oldest first."""
    found: dict[str, Tightened] = {}
    for event in ledger.events(SWITCH, kinds=("tightening",)):
        body = event.body
        assert isinstance(body, Tightening)  # noqa: S101  asked for by kind
        one = found.get(body.lifts)
        if one and not one.lifted:
            found[body.lifts] = Tightened(
                id=one.id,
                body=one.body,
                written=one.written,
                lifted=event.at,
                lifted_by=body.by,
                escalated=one.escalated,
            )
        elif not body.lifts:
            id_ = f"{event.run}#{event.n}"
            found[id_] = Tightened(id=id_, body=body, written=event.at, escalated=_escalated(ledger, event.id, id_))
    return list(found.values())


def _escalated(ledger: Ledger, after: int, id_: str) -> int:
    query = "SELECT count(*) FROM events WHERE kind = 'verdict' AND id > ? AND json_extract(body, '$.cites') = ?"
    return int(ledger.query(query, (after, id_))[0][0])


def in_force(found: Iterable[Tightened]) -> list[Tightened]:
    """Those that nobody lifted."""
    return [one for one in found if not one.lifted]


def same_class(one: Tightening, other: Tightening) -> bool:
    """Whether two are about the same actions."""
    return all(set(getattr(one, name)) == set(getattr(other, name)) for name in ("effects", "rules", "hosts", "runs"))


def in_words(body: Tightening) -> str:
    """The class, in words."""
    parts = [
        "/".join(body.effects) or "everything",
        f"under {', '.join(body.rules)}" if body.rules else "",
        f"at {', '.join(body.hosts)}" if body.hosts else "",
        f"in {', '.join(body.runs)}" if body.runs else "",
    ]
    return " ".join(part for part in parts if part)
