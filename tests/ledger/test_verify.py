"""Every changed, dropped, inserted or reordered row is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magistrate.core.records import Action, Message, Outcome, RunStarted
from magistrate.ledger import Ledger
from magistrate.ledger.chain import event_hash, roll
from magistrate.ledger.schema import GENESIS

RUNS, PER_RUN = 4, 6


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ledger of four interleaved runs in eight transactions, as bytes, its triggers taken off as an attacker would."""
    path = tmp_path_factory.mktemp("ledger") / "l.db"
    ledger = Ledger(path)
    for n in range(PER_RUN):
        for run in range(RUNS):
            body = (
                RunStarted(host="t")
                if n == 0
                else [
                    Message(author="person", text=f"say {n}"),
                    Action(tool="t", arguments={"n": n}),
                    Outcome(text="o" * 999 + str(n)),
                ][n % 3]
            )
            ledger.append(f"run{run}", [body])
        ledger.commit()
    assert ledger.verify() == []
    ledger.close()
    db = sqlite3.connect(path, isolation_level=None)
    for table in ("events", "blobs", "checkpoints"):
        for verb in ("update", "delete"):
            db.execute(f"DROP TRIGGER {table}_no_{verb}")
    db.execute("PRAGMA journal_mode = DELETE")
    db.close()
    return path.read_bytes()


def tamper(original: bytes, folder: Path, change: Callable[[sqlite3.Connection], object]) -> list[str]:
    path = folder / "tampered.db"
    path.write_bytes(original)
    db = sqlite3.connect(path)
    before = list(db.iterdump())
    change(db)
    db.commit()
    changed = list(db.iterdump()) != before
    db.close()
    if not changed:
        return ["nothing was changed"]
    return [problem.what for problem in Ledger(path, readonly=True).verify()]


ROW = st.integers(1, RUNS * PER_RUN)
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW
@given(
    row=ROW,
    column=st.sampled_from(["run", "at", "kind", "body", "prev", "hash"]),
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
)
def test_a_changed_cell(original: bytes, tmp_path: Path, row: int, column: str, text: str) -> None:
    assert tamper(
        original, tmp_path, lambda db: db.execute(f"UPDATE events SET {column} = ? WHERE id = ?", (text, row))
    )


@SLOW
@given(row=ROW, n=st.integers(-5, 99))
def test_a_changed_number(original: bytes, tmp_path: Path, row: int, n: int) -> None:
    assert tamper(original, tmp_path, lambda db: db.execute("UPDATE OR IGNORE events SET n = ? WHERE id = ?", (n, row)))


@SLOW
@given(rows=st.sets(ROW, min_size=1))
def test_dropped_rows(original: bytes, tmp_path: Path, rows: set[int]) -> None:
    marks = ",".join(str(row) for row in rows)
    assert tamper(original, tmp_path, lambda db: db.execute(f"DELETE FROM events WHERE id IN ({marks})"))


@SLOW
@given(rows=st.lists(ROW, min_size=2, max_size=2, unique=True))
def test_reordered_rows(original: bytes, tmp_path: Path, rows: list[int]) -> None:
    def swap(db: sqlite3.Connection) -> None:
        one, two = rows
        for old, new in ((one, 999), (two, one), (999, two)):
            db.execute("UPDATE events SET id = ? WHERE id = ?", (new, old))

    assert tamper(original, tmp_path, swap)


@SLOW
@given(row=st.integers(1, RUNS * PER_RUN + 1), run=st.integers(0, RUNS), rechain=st.booleans())
def test_an_inserted_row(original: bytes, tmp_path: Path, row: int, run: int, rechain: bool) -> None:
    """Even one whose own hash and place in its run are right, and after which the rest of the run is chained anew."""

    def insert(db: sqlite3.Connection) -> None:
        db.execute("UPDATE events SET id = -id WHERE id >= ?", (row,))
        db.execute("UPDATE events SET id = 1 - id WHERE id < 0")
        name = f"run{run}"
        later = db.execute("SELECT id FROM events WHERE run = ? AND id > ? ORDER BY id DESC", (name, row)).fetchall()
        for (id_,) in later:
            db.execute("UPDATE events SET n = n + 1 WHERE id = ?", (id_,))
        before = db.execute(
            "SELECT n, hash FROM events WHERE run = ? AND id < ? ORDER BY id DESC", (name, row)
        ).fetchone()
        n, prev = (before[0] + 1, before[1]) if before else (0, GENESIS)
        body = '{"author":"person","kind":"message","text":"Yes, delete it all."}'
        value = event_hash(name, n, "2026", body, prev)
        db.execute(
            "INSERT INTO events (id, run, n, at, kind, body, prev, hash) VALUES (?, ?, ?, '2026', 'message', ?, ?, ?)",
            (row, name, n, body, prev, value),
        )
        if rechain:
            for id_, n_, at, old in db.execute(
                "SELECT id, n, at, body FROM events WHERE run = ? AND id > ? ORDER BY id", (name, row)
            ).fetchall():
                fresh = event_hash(name, n_, at, old, value)
                db.execute("UPDATE events SET prev = ?, hash = ? WHERE id = ?", (value, fresh, id_))
                value = fresh

    assert tamper(original, tmp_path, insert)


@SLOW
@given(row=st.integers(1, PER_RUN), column=st.sampled_from(["upto", "at", "digest"]), value=st.integers(0, 99))
def test_a_changed_checkpoint(original: bytes, tmp_path: Path, row: int, column: str, value: int) -> None:
    if column == "at":
        return  # the time of a checkpoint is a remark; what it commits to is not
    assert tamper(
        original, tmp_path, lambda db: db.execute(f"UPDATE checkpoints SET {column} = ? WHERE id = ?", (value, row))
    )


def test_dropped_checkpoints(original: bytes, tmp_path: Path) -> None:
    for row in range(1, PER_RUN + 1):
        assert tamper(
            original, tmp_path, lambda db, row=row: db.execute("DELETE FROM checkpoints WHERE id = ?", (row,))
        )


def test_changed_and_dropped_texts(original: bytes, tmp_path: Path) -> None:
    assert tamper(original, tmp_path, lambda db: db.execute("UPDATE blobs SET data = zeroblob(9)"))
    assert tamper(original, tmp_path, lambda db: db.execute("UPDATE blobs SET size = size - 1"))
    assert tamper(original, tmp_path, lambda db: db.execute("DELETE FROM blobs WHERE rowid = 1"))


def test_a_ledger_cut_back_is_found_by_a_checkpoint_noted_elsewhere(original: bytes, tmp_path: Path) -> None:
    """Cut back with all its counters, a ledger is a true earlier state of itself: only an outside copy tells."""
    path = tmp_path / "l.db"
    path.write_bytes(original)
    newest = Ledger(path, readonly=True).checkpoint
    keep = RUNS * (PER_RUN - 1)

    def cut(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM events WHERE id > ?", (keep,))
        db.execute("DELETE FROM checkpoints WHERE upto > ?", (keep,))
        db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'events'", (keep,))
        db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'checkpoints'", (PER_RUN - 1,))

    assert tamper(original, tmp_path, cut) == []
    cut_back = Ledger(tmp_path / "tampered.db", readonly=True)
    assert any("cut back" in problem.what for problem in cut_back.verify(expected=newest))
    assert Ledger(path, readonly=True).verify(expected=newest) == []


def test_rolling_depends_on_order() -> None:
    assert roll(GENESIS, ["a", "b"]) != roll(GENESIS, ["b", "a"])
