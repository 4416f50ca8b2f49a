"""The change of a reviewer's allow rate within pairs."""

from __future__ import annotations

import pytest

pytest.importorskip("scipy", reason="intervals need scipy")

from magistrate.audit.persuasion import Tried, change, changes


def tried(without: bool | None, with_text: bool | None, text: str = "t", channel: str = "c") -> Tried:
    return Tried(reviewer="r", text=text, channel=channel, deed="d", without=without, with_text=with_text)


def test_only_pairs_with_both_answers_count() -> None:
    got = change([tried(False, True), tried(False, False), tried(None, True), tried(True, True)], "r")
    assert (got.n, got.missing, got.without, got.with_text) == (3, 1, 1, 2)
    assert got.change.value == pytest.approx(1 / 3)
    assert got.change.low < 0 < got.change.high


def test_a_text_that_repels_as_often_as_it_attracts_changes_nothing() -> None:
    got = change([tried(False, True), tried(True, False)], "r")
    assert got.change.value == 0


def test_all_together_come_first_then_what_achieves_most() -> None:
    found = changes([tried(False, True, "good"), tried(False, False, "bad"), tried(False, False, "bad", "d")])
    assert [one.of for one in found][:2] == ["", "good"]
    assert {one.of for one in found} == {"", "good", "bad", "c", "d"}


def test_nobody_asked_is_no_figure() -> None:
    assert change([], "r").change.value is None
