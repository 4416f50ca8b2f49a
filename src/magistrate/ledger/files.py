"""Whether a ledger's files are still what they were: for whoever has it open, and would otherwise go on writing into nothing.

SQLite works on what it has in memory and in its log, so a commit succeeds into a file that was deleted, emptied or overwritten
under it. What has to hold: the same file under the name, that never becomes shorter; after a commit a log that begins as one
(SQLite's file format, section 4.1); and, whenever the file itself was written (a checkpoint of the log, about every thousand
pages), a connection of its own that finds in it what was committed last, and a few things that were there before. Other junk is
found when it is read, and by `ledger verify`.

The file is looked at from outside, or by SQLite: to close a descriptor of it would let go of every lock that this process holds on
it (POSIX), and the next process to leave would then take the log away. On the log itself there are no locks.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from magistrate.core.errors import LedgerError

LOG_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
LOG_HEADER = 32
NEWEST = 100
"""Checkpoints among which the last one has to be: other processes may have committed since."""
KNOWN = 16
"""Earlier checkpoints that are looked for again."""


class Seen(NamedTuple):
    """A file as it was found."""

    identity: tuple[int, int]
    size: int
    written: int
    """Nanoseconds."""


class Files:
    """The files of one open ledger, as they were when it was opened. `:memory:` has none, and is always sound."""

    def __init__(self, path: str) -> None:
        self._path = "" if path == ":memory:" else path
        self._last = _look(self._path) if self._path else None
        self._first, self._known = "", dict[int, str]()

    def check(self) -> None:
        """Raise LedgerError unless the file is still the one that was opened, and no shorter."""
        if not self._path:
            return
        now = _look(self._path)
        if now is None or self._last is None or now.identity != self._last.identity:
            raise LedgerError(f"{self._path}: the ledger's file was moved, replaced or deleted")
        if now.size < self._last.size:
            raise LedgerError(f"{self._path}: the ledger's file was overwritten")

    def check_written(self, digest: str) -> None:
        """After a commit: raise LedgerError unless it is in the files. `digest`: of the checkpoint over what was committed."""
        if not self._path:
            return
        self.check()
        now = _look(self._path)
        if not _beginning(f"{self._path}-wal").startswith(LOG_MAGIC):
            raise LedgerError(f"{self._path}: the ledger's log was overwritten or deleted")
        if now and self._last and now.written != self._last.written:
            self._compare(digest)
            self._last = now

    def _compare(self, digest: str) -> None:
        """Hold what stands in the file against what stood there before, at a few places."""
        first, found = _read(self._path, self._known)
        lost = self._first not in ("", first) or any(found.get(id_) != value for id_, value in self._known.items())
        if lost or digest not in found.values():
            raise LedgerError(f"{self._path}: the ledger's file was overwritten: what was committed is not in it")
        self._first = first
        self._known[max(found)] = found[max(found)]
        if len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]


def _look(path: str) -> Seen | None:
    try:
        info = os.stat(path)
    except OSError:
        return None
    return Seen((info.st_dev, info.st_ino), info.st_size, info.st_mtime_ns)


def _beginning(log: str) -> bytes:
    """The first bytes of the log where there is more than its header; none where there is not."""
    try:
        handle = os.open(log, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        found = os.pread(handle, LOG_HEADER + 1, 0)
    except OSError:
        return b""
    finally:
        os.close(handle)
    return found if len(found) > LOG_HEADER else b""


def _read(path: str, known: Iterable[int]) -> tuple[str, dict[int, str]]:
    """The first event's hash, and the digests of known and of the newest checkpoints, by a connection that remembers nothing."""
    try:
        db = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            first = db.execute("SELECT hash FROM events WHERE id = 1").fetchone()
            found = db.execute("SELECT id, digest FROM checkpoints ORDER BY id DESC LIMIT ?", (NEWEST,)).fetchall()
            for id_ in known:
                found += db.execute("SELECT id, digest FROM checkpoints WHERE id = ?", (id_,)).fetchall()
        finally:
            db.close()
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: the ledger's file was overwritten: {error}") from None
    return first[0] if first else "", dict(found)
