"""The ledger in SQLite: append, read, verify. One writer, one file, mode 0600.

`append` puts events into the open transaction and `commit` makes them durable together with a checkpoint over them; nothing
that was not committed may be answered to a host. The same file can be read by any number of other processes (WAL).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import zstandard

from magistrate.core.canon import canonical, digest, now
from magistrate.core.errors import LedgerError
from magistrate.core.records import Body, Event, Problem, Verdict
from magistrate.ledger.blobs import LONG, attach, detach, pack, references, unpack
from magistrate.ledger.chain import event_hash, roll
from magistrate.ledger.schema import GENESIS, migrate

_DECODE = msgspec.json.Decoder()
_REMEMBERED = 4096
_ROWS = 500


class Ledger:
    """An append-only, hash-chained sequence of events.

    `path` is a file, or `:memory:` for one that lives as long as the object. Opening makes the file when it is absent;
    `readonly` never does. `patience`: seconds to wait for another writer. Every method raises `LedgerError` when the database refuses.
    """

    def __init__(self, path: str | Path, *, readonly: bool = False, patience: float = 5.0) -> None:
        self.path = str(path)
        self._heads: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._stored: OrderedDict[str, None] = OrderedDict()
        self._fresh: list[str] = []
        self._last = 0
        self._turn = 0
        self.discards = 0
        """How often what was appended was given up: ids seen before may have become those of other events."""
        self._kinds: set[str] = set()
        try:
            self._db = _connect(self.path, readonly=readonly, patience=patience)
            row = self._db.execute("SELECT upto, digest FROM checkpoints ORDER BY id DESC LIMIT 1").fetchone()
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(f"{self.path}: the ledger cannot be opened: {error}") from None
        self._digest: str = row[1] if row else GENESIS

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.commit()
        self.close()

    def close(self) -> None:
        """Close; what was appended and not committed is gone."""
        self._db.close()

    # ------------------------------------------------------------ writing

    def append(self, run: str, bodies: Iterable[Body]) -> list[int]:
        """Put events at the end of a run, into the open transaction. Returns their numbers within the run."""
        try:
            if not self._db.in_transaction:
                self._kinds.clear()
                self._turn += 1
                self._db.execute("BEGIN IMMEDIATE")
                self._heads.clear()
                self._fresh = self._uncovered()
            return [self._append(run, body) for body in bodies]
        except sqlite3.Error as error:
            self._abandon()
            raise LedgerError(f"{self.path}: the ledger cannot be written: {error}") from None

    def commit(self) -> None:
        """Make everything appended durable, with a checkpoint over it."""
        try:
            if not self._db.in_transaction:
                return
            if self._fresh:
                row = self._db.execute("SELECT digest FROM checkpoints ORDER BY id DESC LIMIT 1").fetchone()
                rolled = roll(row[0] if row else GENESIS, self._fresh)
                self._db.execute(
                    "INSERT INTO checkpoints (upto, at, digest) VALUES (?, ?, ?)", (self._last, now(), rolled)
                )
                self._digest = rolled
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon()
            raise LedgerError(f"{self.path}: the ledger cannot be committed: {error}") from None
        self._fresh = []

    def discard(self) -> None:
        """Forget everything appended since the last commit."""
        self._abandon()

    def _append(self, run: str, body: Body) -> int:
        n, prev = self._head(run)
        at, kind = now(), str(type(body).__struct_config__.tag)
        stored = self._stored_form(body)
        value = event_hash(run, n, at, stored, prev)
        cursor = self._db.execute(
            "INSERT INTO events (run, n, at, kind, body, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (run, n, at, kind, stored, prev, value),
        )
        self._kinds.add(kind)
        self._last = cursor.lastrowid or 0
        self._heads[run] = (n + 1, value)
        if len(self._heads) > _REMEMBERED:
            self._heads.popitem(last=False)
        self._fresh.append(value)
        return n

    def _stored_form(self, body: Body) -> str:
        """Canonical JSON with long texts taken out. A verdict has none, nor what is short as a whole; neither has `$` keys."""
        data = canonical(body)
        if not isinstance(body, Verdict) and (len(data) > LONG or b'"$' in data):
            data = canonical(detach(msgspec.to_builtins(body), self._keep))
        return data.decode("utf-8", "surrogatepass")

    def _head(self, run: str) -> tuple[int, str]:
        if run not in self._heads:
            row = self._db.execute(
                "SELECT n, hash FROM events WHERE run = ? ORDER BY n DESC LIMIT 1", (run,)
            ).fetchone()
            self._heads[run] = (row[0] + 1, row[1]) if row else (0, GENESIS)
        return self._heads[run]

    def _keep(self, reference: str, data: bytes) -> None:
        if reference in self._stored:
            return
        self._db.execute(
            "INSERT OR IGNORE INTO blobs (hash, size, data) VALUES (?, ?, ?)", (reference, len(data), pack(data))
        )
        self._stored[reference] = None
        if len(self._stored) > _REMEMBERED:
            self._stored.popitem(last=False)

    def _uncovered(self) -> list[str]:
        """Hashes of events that another writer left without a checkpoint (there are none unless it was killed)."""
        row = self._db.execute("SELECT upto FROM checkpoints ORDER BY id DESC LIMIT 1").fetchone()
        return [value for (value,) in self._db.execute("SELECT hash FROM events WHERE id > ? ORDER BY id", row or (0,))]

    def _abandon(self) -> None:
        self.discards += 1
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except sqlite3.Error:
            self._db.close()  # what cannot be taken back must not be committed by a later writer
        self._heads.clear()
        self._stored.clear()
        self._fresh = []

    # ------------------------------------------------------------ reading

    @property
    def checkpoint(self) -> str:
        """Digest of the newest checkpoint: it commits to every event, so whoever holds a copy can prove a change."""
        return self._digest

    def turn(self, kinds: Iterable[str]) -> int:
        """The number of the open transaction; 0 when none is open, or when events of these kinds were appended in it.

        Nobody else can write while it is open: as long as this is the same number, no events of these kinds have come.
        """
        return self._turn if self._db.in_transaction and self._kinds.isdisjoint(kinds) else 0

    def has_run(self, run: str) -> bool:
        return self._head(run)[0] > 0

    def runs(self) -> Iterator[str]:
        """Ids of all runs, in the order in which they began."""
        for (run,) in self._db.execute("SELECT run FROM events WHERE n = 0 ORDER BY id"):
            yield run

    def events(self, run: str | None = None, *, kinds: Sequence[str] = (), after: int = 0) -> Iterator[Event]:
        """Events in order, of one run or of all, texts filled in; memory stays bounded. `after`: only those with a higher id."""
        where, values = ["1"], list[Any]()
        if after:
            where.append("id > ?")
            values.append(after)
        if run is not None:
            where.append("run = ?")
            values.append(run)
        if kinds:
            where.append(f"kind IN ({', '.join('?' * len(kinds))})")
            values += kinds
        order = "n" if run is not None else "id"
        query = f"SELECT id, run, n, at, body, prev, hash FROM events WHERE {' AND '.join(where)} ORDER BY {order}"  # noqa: S608
        try:
            cursor = self._db.execute(query, values)
            while rows := cursor.fetchmany(_ROWS):
                for id_, of, n, at, body, prev, value in rows:
                    yield Event(id=id_, run=of, n=n, at=at, body=self._restore(body), prev=prev, hash=value)
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: the ledger cannot be read: {error}") from None

    def event(self, run: str, n: int) -> Event | None:
        """One event by its place; None when there is none."""
        for id_, at, body, prev, value in self.query(
            "SELECT id, at, body, prev, hash FROM events WHERE run = ? AND n = ?", (run, n)
        ):
            return Event(id=id_, run=run, n=n, at=at, body=self._restore(body), prev=prev, hash=value)
        return None

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a read-only query, for the named views in `ledger.views`."""
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: the ledger cannot be read: {error}") from None

    def _restore(self, stored: str) -> Body:
        return msgspec.convert(attach(_DECODE.decode(stored), self._fetch), Body)  # type: ignore[no-any-return]

    def _fetch(self, reference: str) -> bytes:
        row = self._db.execute("SELECT size, data FROM blobs WHERE hash = ?", (reference,)).fetchone()
        if row is None:
            raise LedgerError(f"{self.path}: text {reference} is missing; run `magistrate ledger verify`")
        try:
            return unpack(row[1], row[0])
        except zstandard.ZstdError:
            raise LedgerError(f"{self.path}: text {reference} is damaged; run `magistrate ledger verify`") from None

    # ------------------------------------------------------------ verifying

    def verify(self, *, expected: str = "") -> list[Problem]:
        """Recompute every hash, chain, checkpoint and blob; an empty list means that nothing was changed.

        A ledger cut back to an earlier checkpoint of itself is consistent; `expected`, a checkpoint digest noted elsewhere,
        finds that too.
        """
        try:
            return list(_verify(self._db, self.path, expected))
        except sqlite3.Error as error:
            return [Problem(where=self.path, what=f"the database is damaged: {error}")]


def _connect(path: str, *, readonly: bool, patience: float) -> sqlite3.Connection:
    if readonly:
        db = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        db.execute("PRAGMA query_only = ON")
        return db
    if path != ":memory:":
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Only a new file: to close a descriptor of one that is open here would let go of the locks on it (POSIX).
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    db = sqlite3.connect(path, isolation_level=None, timeout=patience)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    migrate(db)
    return db


def _verify(db: sqlite3.Connection, path: str, expected: str) -> Iterator[Problem]:
    heads: dict[str, tuple[int, str]] = {}
    wanted: set[str] = set()
    checkpoints = db.execute("SELECT id, upto, digest FROM checkpoints ORDER BY id").fetchall()
    due, rolled, pending, seen = 0, GENESIS, list[str](), False
    last = 0
    query = "SELECT id, run, n, at, kind, body, prev, hash FROM events ORDER BY id"
    for id_, run, n, at, kind, body, prev, value in db.execute(query):
        where = f"{path} event {id_} (run {run}, n {n})"
        if id_ != last + 1:
            yield Problem(where=where, what=f"rows {last + 1} to {id_ - 1} are missing")
        while due < len(checkpoints) and checkpoints[due][1] < id_:
            rolled, broken = _check(checkpoints[due], rolled, pending, last, path)
            yield from broken
            seen |= rolled == expected
            pending, due = [], due + 1
        next_n, head = heads.get(run, (0, GENESIS))
        if n != next_n:
            yield Problem(where=where, what=f"number {next_n} was due in this run")
        if prev != head:
            yield Problem(where=where, what="does not follow the event before it")
        if value != event_hash(run, n, at, body, prev):
            yield Problem(where=where, what="was changed: its hash does not fit")
        yield from _check_body(where, kind, body, wanted)
        heads[run] = (n + 1, value)
        pending.append(value)
        last = id_
    while due < len(checkpoints):
        rolled, broken = _check(checkpoints[due], rolled, pending, last, path)
        yield from broken
        seen |= rolled == expected
        pending, due = [], due + 1
    if pending:
        yield Problem(where=path, what=f"{len(pending)} events at the end have no checkpoint")
    if [row[0] for row in checkpoints] != list(range(1, len(checkpoints) + 1)):
        yield Problem(where=path, what="checkpoints are missing")
    issued = dict(db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    for table, count in (("events", last), ("checkpoints", len(checkpoints))):
        if issued.get(table, 0) != count:
            yield Problem(where=path, what=f"{table}: {issued.get(table, 0)} were written, {count} are there")
    yield from _check_blobs(db, path, wanted)
    if expected and not seen:
        yield Problem(where=path, what=f"no checkpoint has the digest {expected}: the ledger was cut back or replaced")


def _check(
    checkpoint: tuple[int, int, str], previous: str, hashes: list[str], last: int, path: str
) -> tuple[str, list[Problem]]:
    number, upto, stored = checkpoint
    where = f"{path} checkpoint {number}"
    problems = []
    if upto != last:
        problems.append(Problem(where=where, what=f"covers events up to {upto}, but {last} is the last there"))
    if roll(previous, hashes) != stored:
        problems.append(Problem(where=where, what="the events under it were changed, dropped, added or moved"))
    return stored, problems


def _check_body(where: str, kind: str, body: str, wanted: set[str]) -> Iterator[Problem]:
    try:
        decoded = _DECODE.decode(body)
    except msgspec.DecodeError:
        yield Problem(where=where, what="the body is no JSON")
        return
    if not isinstance(decoded, dict) or decoded.get("kind") != kind:
        yield Problem(where=where, what=f"the kind column says {kind}, the body does not")
    wanted |= references(decoded)


def _check_blobs(db: sqlite3.Connection, path: str, wanted: set[str]) -> Iterator[Problem]:
    for reference, size, data in db.execute("SELECT hash, size, data FROM blobs"):
        try:
            good = digest(unpack(data, size)) == reference
        except zstandard.ZstdError:
            good = False
        if not good:
            yield Problem(where=f"{path} text {reference}", what="was changed: its hash does not fit")
        wanted.discard(reference)
    for reference in sorted(wanted):
        yield Problem(where=f"{path} text {reference}", what="is missing")
