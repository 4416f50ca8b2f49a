"""A server decides by the law in force: what was not adopted is refused, and the old law stays."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tests.law.test_adoption import TEXT, People

from magistrate.cli.law import serving
from magistrate.rulebook.text import default, parse


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGISTRATE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("MAGISTRATE_RULEBOOK", raising=False)


def test_a_file_is_taken_while_nobody_is_named(tmp_path: Path) -> None:
    path = tmp_path / "new.md"
    path.write_text(TEXT, encoding="utf-8")
    assert serving(tmp_path / "state", path).revision == parse(TEXT).revision
    assert serving(tmp_path / "state", None).revision == default().revision


def test_the_old_law_stays_until_the_new_one_is_adopted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    people = People(tmp_path, "ana", "bo")
    path = tmp_path / "new.md"
    path.write_text(TEXT, encoding="utf-8")
    people.ledger.close()
    (tmp_path / "law.db").unlink()
    with caplog.at_level(logging.WARNING):
        assert serving(tmp_path, path).revision == default().revision
    assert "was not adopted" in caplog.text


def test_an_adopted_law_is_served(tmp_path: Path) -> None:
    people = People(tmp_path, "ana", "bo", ledger="live.db")
    proposal = people.write(people.proposal())
    people.write(people.approval(proposal, "bo"))
    people.write(people.adoption(proposal))
    people.ledger.close()
    assert serving(tmp_path, None).revision == parse(TEXT).revision
