"""A ledger whose files are overwritten under an open connection: SQLite itself would go on as if nothing had happened."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from magistrate.core.errors import LedgerError
from magistrate.core.records import Message
from magistrate.ledger import Ledger
from magistrate.ledger.files import Files

Damage = Callable[[Path], object]


def _other(path: Path) -> None:
    """Another sound ledger, written over this one in place."""
    with Ledger(path.with_name("other.db")) as other:
        for n in range(200):
            other.append("r", [Message(author="person", text=f"{n} " + "x" * 400)])
            other.commit()
    with sqlite3.connect(path.with_name("other.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with path.open("wb") as target, path.with_name("other.db").open("rb") as source:
        shutil.copyfileobj(source, target)


def _replaced(path: Path) -> None:
    fresh = path.with_name("fresh.db")
    fresh.write_bytes(path.read_bytes())
    fresh.replace(path)


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


DAMAGES: dict[str, Damage] = {
    "junk": lambda path: path.write_bytes(b"junk" * 20_000),
    "emptied": lambda path: os.truncate(path, 0),
    "cut": lambda path: os.truncate(path, 4096),
    "another ledger": _other,
    "deleted": lambda path: path.unlink(),
    "replaced": _replaced,
    "log junk": lambda path: _log(path).write_bytes(b"junk" * 100),
    "log emptied": lambda path: os.truncate(_log(path), 0),
    "log deleted": lambda path: _log(path).unlink(),
}


def write(ledger: Ledger, files: Files) -> None:
    files.check()
    ledger.append("r", [Message(author="person", text="hello")])
    ledger.commit()
    files.check_written(ledger.checkpoint)


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_overwritten_ledger_is_found_at_the_next_commit(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    files = Files(str(path))
    for n in range(60):
        ledger.append("r", [Message(author="person", text=f"{n} " + "z" * 300)])
        write(ledger, files)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    db.close()
    write(ledger, files)
    DAMAGES[damage](path)
    with pytest.raises(LedgerError, match=r"overwritten|deleted|written|committed"):
        write(ledger, files)
    ledger.close()


def test_what_the_log_makes_good_is_no_damage(tmp_path: Path) -> None:
    """Everything that was ever written is still in the log: whoever opens it reads that."""
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    files = Files(str(path))
    write(ledger, files)
    path.write_bytes(b"junk" * 4096)
    write(ledger, files)
    with Ledger(path, readonly=True) as fresh:
        assert fresh.verify() == []
        assert len(list(fresh.events())) == 2
    ledger.close()


def test_what_sqlite_and_other_processes_do_to_it_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = Ledger(path)
    files = Files(str(path))
    write(ledger, files)
    with Ledger(path) as other:
        other.append("q", [Message(author="person", text="x" * 100)])
    write(ledger, files)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    write(ledger, files)
    for n in range(1200):  # past the size at which SQLite writes its log into the file by itself
        ledger.append("r", [Message(author="person", text=f"{n} " + "y" * 300)])
        ledger.commit()
    write(ledger, files)
    assert ledger.verify() == []
    ledger.close()


def test_a_ledger_in_memory_has_no_files() -> None:
    files = Files(":memory:")
    files.check()
    files.check_written("anything")
