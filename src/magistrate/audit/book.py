"""Samples and labels in the ledger: taking a sample, finding it again, what was labelled. All of it in the run `audit`."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence

from magistrate.audit.draw import FLOOR, TWICE, Plan, draw, key, plan, seed_of
from magistrate.audit.frame import AUDIT, Unit, frame, last_id
from magistrate.core.canon import digest, now
from magistrate.core.errors import InputError
from magistrate.core.records import Commitment, Item, Label, Record, Sample
from magistrate.ledger import Ledger


class Doubt(Record, frozen=True, kw_only=True):
    """One thing about a sample that cannot be as it says."""

    what: str


def commit(ledger: Ledger, secret: str) -> int:
    """Put a secret's hash into the ledger, durably; returns the event number of the commitment."""
    (n,) = ledger.append(AUDIT, [Commitment(secret_hash=digest(secret.encode()), at=now())])
    ledger.commit()
    return n


def new_secret() -> str:
    return secrets.token_hex(32)


def take(
    ledger: Ledger,
    budget: int,
    *,
    since: int = 0,
    floor: float = FLOOR,
    twice: float = TWICE,
    secret: str = "",
) -> tuple[Sample, Plan, list[Unit]]:
    """Draw a sample of the ledger's verdicts and record it, the commitment first. Returns it with its plan and population.

    `secret`: one that was committed before by `commit`; a fresh one by default. Raises InputError when there is nothing to draw
    from, or the secret was never committed.
    """
    secret, number = (secret, _commitment_of(ledger, secret)) if secret else _fresh(ledger)
    checkpoint = checkpoint_over(ledger, number)
    upto = last_id(ledger)
    units = frame(ledger, since=since, upto=upto)
    if not units:
        raise InputError("no action to draw from", where=ledger.path, mend="record or review some runs first")
    planned = plan(units, budget, floor=floor)
    items = draw(units, planned, seed_of(secret, checkpoint), twice=twice)
    sample = Sample(
        id=digest(seed_of(secret, checkpoint).encode())[7:19],
        commitment=number,
        secret=secret,
        checkpoint=checkpoint,
        since=units[0].id,
        upto=upto,
        floor=floor,
        bands=planned.bands,
        strata=planned.strata,
        items=items,
        at=now(),
    )
    ledger.append(AUDIT, [sample])
    ledger.commit()
    return sample, planned, units


def _fresh(ledger: Ledger) -> tuple[str, int]:
    secret = new_secret()
    return secret, commit(ledger, secret)


def _commitment_of(ledger: Ledger, secret: str) -> int:
    wanted = digest(secret.encode())
    for event in ledger.events(AUDIT, kinds=("commitment",)):
        if isinstance(event.body, Commitment) and event.body.secret_hash == wanted:
            return event.n
    raise InputError("this secret was never committed to the ledger", where=ledger.path, mend="magistrate audit commit")


def checkpoint_over(ledger: Ledger, commitment: int) -> str:
    """The digest of the first checkpoint that covers a commitment."""
    rows = ledger.query(
        "SELECT digest FROM checkpoints WHERE upto >= (SELECT id FROM events WHERE run = ? AND n = ?) ORDER BY id LIMIT 1",
        (AUDIT, commitment),
    )
    return str(rows[0][0])


def samples(ledger: Ledger) -> Iterator[Sample]:
    """All samples, oldest first."""
    for event in ledger.events(AUDIT, kinds=("sample",)):
        if isinstance(event.body, Sample):
            yield event.body


def find_sample(ledger: Ledger, name: str = "") -> Sample:
    """The sample whose id begins so; the newest when none is named. Raises InputError."""
    found = [one for one in samples(ledger) if one.id.startswith(name)]
    if not found:
        what = f"no sample {name!r}" if name else "no sample was drawn yet"
        raise InputError(what, where=ledger.path, mend="magistrate audit draw")
    if name and len(found) > 1:
        raise InputError(f"several samples begin with {name!r}", where=ledger.path, mend="give more of the id")
    return found[-1]


def labels(ledger: Ledger, sample: str) -> list[Label]:
    """The labels of a sample, oldest first. A later label of the same labeller, item and round replaces the earlier one."""
    kept: dict[tuple[str, int, str, int], Label] = {}
    for event in ledger.events(AUDIT, kinds=("label",)):
        body = event.body
        if isinstance(body, Label) and body.sample == sample:
            kept[body.run, body.n, body.labeller, body.round] = body
    return list(kept.values())


def record(ledger: Ledger, given: Sequence[Label]) -> None:
    """Make labels durable."""
    ledger.append(AUDIT, given)
    ledger.commit()


def open_items(sample: Sample, given: Sequence[Label], labeller: str) -> Iterator[tuple[Item, int]]:
    """What a labeller may do next, in order: `(item, round)`. First rounds come first.

    A second round goes to somebody else than the first, where there is somebody else; nobody does both.
    """
    done: dict[tuple[str, int], dict[int, str]] = {}
    for label in given:
        done.setdefault((label.run, label.n), {})[label.round] = label.labeller
    for item in sample.items:
        if 1 not in done.get((item.run, item.n), {}):
            yield item, 1
    for item in sample.items:
        rounds = done.get((item.run, item.n), {})
        if item.twice and 2 not in rounds and 1 in rounds and rounds[1] != labeller:
            yield item, 2


def doubts(ledger: Ledger, sample: Sample, units: Sequence[Unit]) -> list[Doubt]:
    """Draw the sample anew from the ledger and say what differs: anybody with the ledger can."""
    found = []
    secret_hash = digest(sample.secret.encode())
    kept = [
        event.body
        for event in ledger.events(AUDIT, kinds=("commitment",))
        if event.n == sample.commitment and isinstance(event.body, Commitment)
    ]
    if not kept or kept[0].secret_hash != secret_hash:
        found.append(Doubt(what="the secret is not the one that was committed"))
    elif checkpoint_over(ledger, sample.commitment) != sample.checkpoint:
        found.append(Doubt(what="the checkpoint over the commitment is another"))
    planned = Plan(strata=sample.strata, bands=sample.bands, floor=sample.floor)
    again = draw(units, planned, seed_of(sample.secret, sample.checkpoint), twice=0)
    if [(item.run, item.n) for item in again] != [(item.run, item.n) for item in sample.items]:
        found.append(Doubt(what="drawn anew it holds other items, or holds them in another order"))
    return found


__all__ = [
    "Doubt", "checkpoint_over", "commit", "doubts", "find_sample", "key", "labels", "new_secret", "open_items", "record",
    "samples", "take",
]  # fmt: skip
