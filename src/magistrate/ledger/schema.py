"""The ledger's tables, and the ordered list of steps that make them.

A step's name is its identity: steps are only ever appended, and each is recorded in the transaction that ran it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

GENESIS = "sha256:" + "0" * 64
"""`prev` of a run's first event, and of the first checkpoint."""


def _events_and_blobs(db: sqlite3.Connection) -> None:
    db.execute(
        """CREATE TABLE events (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             run TEXT NOT NULL, n INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,
             body TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL,
             UNIQUE (run, n)) STRICT"""
    )
    db.execute("CREATE TABLE blobs (hash TEXT PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL) STRICT")
    db.execute(
        """CREATE TABLE checkpoints (
             id INTEGER PRIMARY KEY AUTOINCREMENT, upto INTEGER NOT NULL, at TEXT NOT NULL, digest TEXT NOT NULL) STRICT"""
    )
    for table in ("events", "blobs", "checkpoints"):
        for verb in ("UPDATE", "DELETE"):
            db.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {verb} on {table} refused'); END"
            )


def _kinds(db: sqlite3.Connection) -> None:
    db.execute("CREATE INDEX events_by_kind ON events (kind, id)")


def _tickets(db: sqlite3.Connection) -> None:
    db.execute(
        """CREATE INDEX events_by_ticket ON events (json_extract(body, '$.ticket'), id)
           WHERE kind = 'verdict' AND json_extract(body, '$.ticket') IS NOT NULL"""
    )


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_events_and_blobs, _kinds, _tickets)


def migrate(db: sqlite3.Connection) -> None:
    """Bring a database to the newest shape; does nothing to one that is there already."""
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("CREATE TABLE IF NOT EXISTS steps (name TEXT PRIMARY KEY) STRICT")
        done = {name for (name,) in db.execute("SELECT name FROM steps")}
        for step in STEPS:
            if step.__name__ not in done:
                step(db)
                db.execute("INSERT INTO steps VALUES (?)", (step.__name__,))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
