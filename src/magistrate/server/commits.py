"""Group commit: verdicts that are ready at the same time share one flush to disk, and each answer waits for its own.

The gate appends, `durable` waits. When the database refuses, everything since the last commit is gone: whoever waits for it
hears so, and every run that had a part in it has lost its place (`lost`), until it is restored from what the ledger holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable

from magistrate.core.errors import LedgerError
from magistrate.core.records import Body
from magistrate.ledger import Ledger

ROUNDS = 3
"""Rounds of the event loop that a commit lets pass, for requests that are already there to join it."""


class Commits:
    """A ledger as the gate of a live server writes to it. All of it runs in the thread of the event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.lost: set[str] = set()
        self._open: set[str] = set()
        self._batch: asyncio.Future[None] | None = None
        self._file = _identity(ledger.path)

    def append(self, run: str, bodies: Iterable[Body]) -> list[int]:
        """Put events at the end of a run. Raises LedgerError, also for a run that has lost its place."""
        if run in self.lost:
            raise LedgerError(f"run {run}: what it recorded last was lost")
        self._open.add(run)
        try:
            return self.ledger.append(run, bodies)
        except LedgerError as error:
            self._failed(error)
            raise

    def commit(self) -> None:
        """Make everything appended durable now. Raises LedgerError."""
        try:
            if self._file != _identity(self.ledger.path):
                self.ledger.discard()
                raise LedgerError(f"{self.ledger.path}: the ledger's file was moved, replaced or deleted")
            self.ledger.commit()
        except LedgerError as error:
            self._failed(error)
            raise
        self._open.clear()
        batch, self._batch = self._batch, None
        if batch and not batch.done():
            batch.set_result(None)

    async def durable(self) -> None:
        """Return when everything appended so far is on disk. Raises LedgerError when it is not and will not be."""
        if self._batch is None:
            loop = asyncio.get_running_loop()
            self._batch = loop.create_future()
            loop.call_soon(self._flush, self._batch, ROUNDS)
        await asyncio.shield(self._batch)

    def _flush(self, batch: asyncio.Future[None], rounds: int) -> None:
        if batch.done():
            return
        if rounds:
            asyncio.get_running_loop().call_soon(self._flush, batch, rounds - 1)
            return
        with contextlib.suppress(LedgerError):  # whoever waits for the batch hears it
            self.commit()

    def _failed(self, error: LedgerError) -> None:
        self.lost |= self._open
        self._open.clear()
        batch, self._batch = self._batch, None
        if batch and not batch.done():
            batch.set_exception(error)
            batch.exception()  # heard, even when nobody is left to wait for it


def _identity(path: str) -> tuple[int, int]:
    """What tells a file from another of its name."""
    if path == ":memory:":
        return 0, 0
    try:
        info = os.stat(path)
    except OSError:
        return -1, -1
    return info.st_dev, info.st_ino
