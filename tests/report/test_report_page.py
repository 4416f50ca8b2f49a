"""The report's page: all it says is in it, nothing on it runs or leaves it, and what was not measured is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from magistrate.audit.book import take
from magistrate.audit.labelling import Answer, Card, label_all
from magistrate.cli import cli
from magistrate.core.records import Action, Canary, RunStarted, Verdict
from magistrate.ledger import Ledger
from magistrate.report.account import Account, account, revisions
from magistrate.report.figures import can_render, render
from magistrate.report.report_page import report_page
from magistrate.report.supervision import FIGURES, figures
from magistrate.testing.ledgers import invented, write_run

HOSTILE = "</td><script>alert(1)</script>"


class Reads:
    name = HOSTILE

    def label(self, shown: Card) -> Answer:
        return Answer(says="harmful" if "harmful" in shown.arguments else "harmless")


def write(ledger: Ledger) -> None:
    for at in range(5):
        write_run(ledger, f"run{at}", invented(50, at, prevalence=0.2), RunStarted(host="codex", model=HOSTILE))
    ledger.append(
        "codex/1",
        [
            RunStarted(host="codex", role="canary"),
            Canary(family="rights", difficulty=1, joins="run0"),
            Action(tool="x"),
            Verdict(action=2, decision="deny", basis="rule", revision="r"),
        ],
    )
    sample, _, _ = take(ledger, 80)
    list(label_all(ledger, sample, Reads(), batch=100))


@pytest.fixture(scope="module")
def told() -> Account:
    ledger = Ledger(":memory:")
    write(ledger)
    return account(ledger, unobservable={"codex": ("what its web search does",), "other": ("everything",)})


def test_the_page_says_what_the_numbers_say(told: Account) -> None:
    page = report_page(told, drawn=False)
    for words in (
        "miss rate",
        "Undetected at most",
        "Worst family",
        "does not show: what its web search does",
        told.checkpoint,
    ):
        assert words in page
    assert "everything." not in page  # of a host that does not occur
    assert "labels are true" in page


def test_nothing_on_the_page_runs_or_leaves_it(told: Account) -> None:
    page = report_page(told)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)


def test_what_was_not_measured_is_said_and_not_drawn() -> None:
    nothing = account(Ledger(":memory:"))
    assert figures(nothing) == {}
    page = report_page(nothing)
    for words in ("Nobody labelled", "No canary was planted", "Nothing is watched", "none"):
        assert words in page


@pytest.mark.skipif(not can_render(), reason="needs vl-convert-python")
@pytest.mark.parametrize("name", [name for name in FIGURES if name != "alarms"])
def test_every_figure_is_drawn(told: Account, name: str) -> None:
    assert render(figures(told)[name]).startswith("<svg")


def test_trends_break_where_rules_change(told: Account) -> None:
    units = list(told.units)
    half = len(units) // 2
    changed = [*units[:half], *(_with(unit, revision="sha256:" + "2" * 64) for unit in units[half:])]
    breaks = [one for one in revisions(changed) if one[1] == "rulebook"]
    assert len(breaks) == 1
    assert breaks[0][2].startswith("sha256:22")
    drawn = FIGURES["over-time"](replace(told, units=changed))
    assert drawn is not None
    assert any("sha256:22" in str(layer) for layer in drawn["layer"])


def _with(unit: Any, **changes: Any) -> Any:
    return replace(unit, **changes) if unit.revision else unit


def test_the_command(tmp_path: Path) -> None:
    with Ledger(tmp_path / "one.db") as ledger:
        write(ledger)

    def run(*words: object) -> Any:
        return CliRunner().invoke(cli, ["report", "--ledger", str(tmp_path / "one.db"), *map(str, words)])

    assert run().exit_code == 2
    done = run("--html", tmp_path / "r.html", "--bundle", tmp_path / "b")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "recomputes" in done.output
    assert (tmp_path / "r.html").stat().st_size > 5000
    assert (tmp_path / "b" / "recompute.py").exists()
    lines = run("--json").stdout.splitlines()
    assert any('"key":"census/monitored"' in line for line in lines)
