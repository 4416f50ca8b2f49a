"""The ledger keeps what it is given, in order, durable, and refuses to forget."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from magistrate.core.errors import LedgerError
from magistrate.core.records import Action, Message, Outcome, RunStarted, Stop, Verdict
from magistrate.docket import Docket
from magistrate.ledger import Ledger

RUN = RunStarted(host="test", cwd="/w")
LONG = "a line of output\n" * 400


def some_run(ledger: Ledger, run: str = "r") -> None:
    ledger.append(
        run, [RUN, Message(author="person", text="Tidy up."), Action(tool="bash", arguments={"command": "ls"})]
    )
    ledger.append(run, [Verdict(action=2, decision="allow", basis="rule", revision="sha256:0", rules=("x",))])
    ledger.append(run, [Outcome(text=LONG)])
    ledger.commit()


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.db") as ledger:
        some_run(ledger)
    events = list(Ledger(tmp_path / "l.db", readonly=True).events("r"))
    assert [event.n for event in events] == [0, 1, 2, 3, 4]
    assert events[0].body == RUN
    assert events[4].body == Outcome(text=LONG)


def test_numbers_go_on_after_reopening(tmp_path: Path) -> None:
    for _ in range(2):
        with Ledger(tmp_path / "l.db") as ledger:
            ledger.append("r", [Message(author="agent", text="x")])
    ledger = Ledger(tmp_path / "l.db")
    assert [event.n for event in ledger.events("r")] == [0, 1]
    assert ledger.verify() == []


def test_long_text_is_stored_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    for run in "abc":
        ledger.append(run, [Outcome(text=LONG)])
    ledger.commit()
    assert ledger.query("SELECT count(*), sum(length(data)) < 200 FROM blobs") == [(1, 1)]


def test_an_argument_cannot_pose_as_a_reference(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    some_run(ledger, "first")
    reference = ledger.query("SELECT hash FROM blobs")[0][0]
    forged = Action(tool="t", arguments={"a": {"$blob": reference}, "$$x": 1, "$": {"$blob": "no"}})
    ledger.append("second", [forged])
    ledger.commit()
    assert [event.body for event in ledger.events("second")] == [forged]
    assert ledger.verify() == []


@pytest.mark.parametrize("table", ["events", "blobs", "checkpoints"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_changes_are_refused(tmp_path: Path, table: str, sql: str) -> None:
    with Ledger(tmp_path / "l.db") as ledger:
        some_run(ledger)
    db = sqlite3.connect(tmp_path / "l.db")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(sql.format(table))
    db.close()


def test_uncommitted_events_are_not_there(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    ledger.append("r", [RUN])
    assert list(Ledger(tmp_path / "l.db", readonly=True).events()) == []
    ledger.close()
    ledger = Ledger(tmp_path / "l.db")
    assert list(ledger.events()) == []
    assert ledger.verify() == []


def test_two_writers_share_one_run(tmp_path: Path) -> None:
    one, two = Ledger(tmp_path / "l.db"), Ledger(tmp_path / "l.db")
    for _ in range(3):
        for ledger in (one, two):
            ledger.append("r", [Message(author="agent", text="x")])
            ledger.commit()
    assert [event.n for event in one.events("r")] == [0, 1, 2, 3, 4, 5]
    assert one.verify() == []


def test_a_turn_lasts_until_somebody_may_have_decided(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.db") as ledger:
        assert not ledger.turn(["stop"])  # anybody may write
        ledger.append("r", [RunStarted(host="test")])
        first = ledger.turn(["stop"])
        ledger.append("r", [Message(author="person", text="Go on.")])
        assert first
        assert ledger.turn(["stop"]) == first
        ledger.append("r", [Stop(stopped=True)])
        assert not ledger.turn(["stop"])
        assert ledger.turn(["ruling"]) == first
        ledger.commit()
        assert not ledger.turn(["ruling"])
        ledger.append("r", [Message(author="person", text="Stop.")])
        assert ledger.turn(["stop"]) not in (0, first)


def test_people_are_heard_between_and_within_transactions(tmp_path: Path) -> None:
    """The docket looks once a transaction of its ledger: nobody else can write in it, and its own stops end the peace."""
    with Ledger(tmp_path / "l.db") as ledger, Ledger(tmp_path / "l.db") as theirs:
        docket = Docket(ledger)
        for who in (theirs, ledger, theirs):
            before = docket.refresh()
            if who is ledger:
                ledger.append("r", [RunStarted(host="test")])
                assert docket.refresh() == before
            who.append("switch", [Stop(stopped=True)])
            if who is theirs:
                who.commit()
            assert docket.refresh() == before + 1
            ledger.commit()


def test_a_locked_ledger_says_so(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "l.db")
    ledger._db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked"):
        ledger.append("r", [RUN])
    other.execute("ROLLBACK")
    other.close()
    ledger.append("r", [RUN])
    ledger.commit()
    assert ledger.has_run("r")


def test_files_are_private(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "sub" / "l.db")
    some_run(ledger)
    for path in (tmp_path / "sub").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((tmp_path / "sub").stat().st_mode) == 0o700
    ledger.close()


def test_a_file_that_is_no_ledger_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("not a database, but long enough to be looked at" * 50)
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger(tmp_path / "x")
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger(tmp_path / "absent.db", readonly=True)


def test_a_missing_text_is_an_error_that_names_the_mend(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.db") as ledger:
        some_run(ledger)
    db = sqlite3.connect(tmp_path / "l.db")
    db.execute("DROP TRIGGER blobs_no_delete")
    db.execute("DELETE FROM blobs")
    db.commit()
    db.close()
    with pytest.raises(LedgerError, match="ledger verify"):
        list(Ledger(tmp_path / "l.db", readonly=True).events())
