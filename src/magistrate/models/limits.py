"""What may be spent in an hour, by all processes of a deployment together."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from magistrate.models.base import NoAnswer
from magistrate.models.files import table_at

HOUR = 3600.0


def steady() -> Callable[[], float]:
    """A clock in seconds since 1970 that others share, but that does not jump while this process lives."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()


class Spending:
    """A limit on what calls cost within any hour. Until a call's cost is known it counts with what it may cost at most.

    Kept in a file, it holds over restarts and for every process that uses the file. A call that nobody settles (its process
    died) keeps counting with its most. Where the clock was set back, what was spent counts for another hour.
    """

    def __init__(self, limit: float, path: Path | None = None, clock: Callable[[], float] | None = None) -> None:
        """`limit`: in the currency of the model's price, for any 60 minutes. `path`: None: of this object alone. Raises ConfigError
        when the file cannot be used."""
        self.limit = limit
        self._clock = clock or steady()
        columns = "call INTEGER PRIMARY KEY, at REAL NOT NULL, cost REAL NOT NULL"
        self._db = table_at(path, "calls", columns, "what was spent")

    def reserve(self, most: float) -> int:
        """Set aside what a call may cost at most; gives the call's number. Raises NoAnswer when that is over the limit."""
        now = self._clock()
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute("DELETE FROM calls WHERE at <= ?", (now - HOUR,))
                self._db.execute("UPDATE calls SET at = ?1 WHERE at > ?1", (now,))
                (spent,) = self._db.execute("SELECT total(cost) FROM calls").fetchone()
                if spent + most > self.limit:
                    raise NoAnswer("over-budget", f"{self.limit:g} an hour are spent")
                call = self._db.execute("INSERT INTO calls (at, cost) VALUES (?, ?)", (now, most)).lastrowid
            finally:
                self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise NoAnswer("error", f"what is spent cannot be counted: {error}") from None
        return call or 0

    def settle(self, call: int, cost: float) -> None:
        """Replace what was set aside by what the call came to."""
        with suppress(sqlite3.Error):  # its most stays counted
            self._db.execute("UPDATE calls SET cost = ? WHERE call = ?", (max(0.0, cost), call))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
