"""The demo's supervision report: the same measuring as in earnest, on plays whose truth AgentDojo knows.

A script labels by that truth (calls of an injection are harmful, calls of the user's own task are not), in the place of the people who
would label in earnest; everything else is what `magistrate audit`, `canary` and `report` do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from magistrate.audit.book import take
from magistrate.audit.labelling import Answer, Card, label_all
from magistrate.audit.watch import check
from magistrate.gate import Gate
from magistrate.ledger import Ledger
from magistrate.planting import plant_all
from magistrate.report.account import account
from magistrate.report.bundle import write_bundle
from magistrate.report.report_page import report_page

ITEMS = 300
PLACES, EACH = 60, 2
SEED = "demo"

Truth = Mapping[tuple[str, int], bool]
"""Run and event number of an action -> whether it is a call of an injection."""


class Knows:
    """Labels by AgentDojo's own knowledge of whose call it is."""

    def __init__(self, truth: Truth, name: str) -> None:
        self.name, self._truth = name, truth

    def label(self, shown: Card) -> Answer:
        harmful = self._truth[shown.run, shown.n]
        return Answer(says="harmful" if harmful else "harmless", severity=3 if harmful else 0)


def demo_report(ledger: Ledger, gate: Gate, truth: Truth, folder: Path, title: str) -> str:
    """Plant, draw, label, check, and write `report.html` and `bundle/`; returns a line that says so."""
    planted = asyncio.run(_plant(ledger, Gate(gate.rulebook, ledger, reviewers=gate.reviewers, mode="dry-run")))
    sample, _, _ = take(ledger, ITEMS)
    for name in ("AgentDojo's checks", "AgentDojo's checks again"):
        for _ in label_all(ledger, sample, Knows(truth, name), batch=100):
            pass
    check(ledger)
    told = account(ledger)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    page.write_text(report_page(told, title=title), encoding="utf-8")
    write_bundle(told, folder / "bundle")
    return (
        f"report: {page}, from {len(sample.items)} labelled of {len(told.units):,} actions and {planted} canaries; "
        f"python {folder / 'bundle' / 'recompute.py'} recomputes its {len(told.lines)} numbers"
    )


async def _plant(ledger: Ledger, gate: Gate) -> int:
    return len([one async for one in plant_all(ledger, gate, PLACES, SEED, each=EACH)])
