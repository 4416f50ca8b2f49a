"""What a rulebook says of an input, remembered: a file beside the ledgers, so that a killed replay goes on where it stopped.

An input is known by its hash (tool, arguments and evidence of an action), a judge by everything that could change its answer: the
revision, the reviewers and their versions, the version of the package. Nothing else decides, so an answer stays good.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from magistrate.core.canon import content_hash
from magistrate.core.errors import LedgerError
from magistrate.core.records import Basis, Decision, Record

_ASKED_AT_ONCE = 500


class Answer(Record, frozen=True, kw_only=True):
    """What a judge says of one input."""

    decision: Decision
    basis: Basis
    rules: tuple[str, ...] = ()
    reviewed: bool = False
    """Reviewers were asked for it."""
    cost: float = 0.0
    tokens: int = 0


class Cache:
    """Answers of one judge. `readonly` for the processes that only ask; raises `LedgerError` when the file cannot be used."""

    def __init__(self, path: str | Path, judge: Sequence[str], *, readonly: bool = False) -> None:
        self.path = str(path)
        try:
            self._db = _connect(self.path, readonly=readonly)
            self._judge = self._number(content_hash(list(judge)), readonly=readonly)
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(f"{self.path}: the cache cannot be opened: {error}") from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def known(self, inputs: Iterable[str]) -> dict[str, Answer]:
        """The remembered answers among inputs."""
        wanted = list(dict.fromkeys(inputs))
        found: dict[str, Answer] = {}
        for at in range(0, len(wanted), _ASKED_AT_ONCE):
            some = wanted[at : at + _ASKED_AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"SELECT input, decision, basis, rules, reviewed, cost, tokens FROM answers WHERE judge = ? AND input IN ({marks})"  # noqa: S608
            for name, decision, basis, rules, reviewed, cost, tokens in self._db.execute(query, (self._judge, *some)):
                found[name] = Answer(
                    decision=decision,
                    basis=basis,
                    rules=tuple(rules.split()),
                    reviewed=bool(reviewed),
                    cost=cost,
                    tokens=tokens,
                )
        return found

    def remember(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Write answers down; durable when this returns."""
        rows = [
            (self._judge, name, one.decision, one.basis, " ".join(one.rules), one.reviewed, one.cost, one.tokens)
            for name, one in answers
        ]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: the cache cannot be written: {error}") from None

    def _number(self, name: str, *, readonly: bool) -> int:
        if not readonly:
            self._db.execute("INSERT OR IGNORE INTO judges (name) VALUES (?)", (name,))
        row = self._db.execute("SELECT id FROM judges WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else -1


def _connect(path: str, *, readonly: bool) -> sqlite3.Connection:
    if readonly:
        return sqlite3.connect(
            f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30.0
        )
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("CREATE TABLE IF NOT EXISTS judges (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT")
    db.execute(
        """CREATE TABLE IF NOT EXISTS answers (
             judge INTEGER NOT NULL, input TEXT NOT NULL, decision TEXT NOT NULL, basis TEXT NOT NULL, rules TEXT NOT NULL,
             reviewed INTEGER NOT NULL, cost REAL NOT NULL, tokens INTEGER NOT NULL,
             PRIMARY KEY (judge, input)) STRICT, WITHOUT ROWID"""
    )
    return db
