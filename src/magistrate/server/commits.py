"""Group commit: verdicts that are ready at the same time share one flush to disk, and each answer waits for its own.

The gate appends, `durable` waits. When the database refuses, everything since the last commit is gone: whoever waits for it
hears so, and every run that had a part in it has lost its place (`lost`), until it is restored from what the ledger holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from magistrate.core.errors import LedgerError
from magistrate.core.records import Body
from magistrate.ledger import Ledger
from magistrate.ledger.files import Files

ROUNDS = 3
"""Rounds of the event loop that a commit lets pass, for requests that are already there to join it."""


class Commits:
    """A ledger as the gate of a live server writes to it. All of it runs in the thread of the event loop."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.lost: set[str] = set()
        self._open: set[str] = set()
        self._batch: asyncio.Future[None] | None = None
        self._files = Files(ledger.path)

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
            self._files.check()
            before = self.ledger.checkpoint
            self.ledger.commit()
            if self.ledger.checkpoint != before:
                self._files.check_written(self.ledger.checkpoint)
        except LedgerError as error:
            self.ledger.discard()
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
