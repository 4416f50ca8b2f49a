"""Train the screen: `python -m train.fit DATA [--out FILE] [--card FILE]`. See docs/screen.md.

Reads labelled sessions and the pairs, prints leave-one-group-out tables, writes the weights and the model card. The same data and
code give the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from magistrate.review.features import FEATURES
from magistrate.review.screen import BUDGET, Weights
from train import card, figures, verdicts
from train.data import Table, read
from train.model import BASE_RATE, BUDGETS, Calibration, Margins, calibrate, export, fit, out_of_fold, threshold

ROOT = Path(__file__).resolve().parents[1]
TAUGHT = {
    "agentdojo": ("injections followed, read and not followed, absent", "MIT"),
    "agentdojo_drift": ("the same, under a defence", "MIT"),
    "agentdyn_github": ("the same, on repositories, mail and web", "MIT"),
    "intercode_bash_benign": ("harmless shell work", "MIT"),
    "claude_code_permissions_dev": ("calls that a developer approved", "MIT"),
    "openagentsafety": ("actions of runs found safe by rule and judge", "MIT"),
    "pairs": ("contrasts in our own words, at a weight of 0.3", "Apache-2.0"),
}
"""What each source teaches, and its licence."""


def trained(cases: Table) -> tuple[Weights, Margins, Calibration]:
    """The weights, with the out-of-fold margins and the calibration that they rest on."""
    margins = out_of_fold(cases)
    calibration = calibrate(cases, margins)
    thresholds = {
        budget: float(calibration.probability(np.array([threshold(cases, margins, budget)]))[0]) for budget in BUDGETS
    }
    return export(fit(cases), calibration, thresholds), margins, calibration


def encode(weights: Weights) -> bytes:
    """The file that ships."""
    return msgspec.json.encode(weights)


def facts(folder: Path, cases: Table, weights: Weights, margins: Margins, calibration: Calibration) -> dict[str, Any]:
    """Everything that the card says in numbers."""
    data = encode(weights)
    counts = Counter(zip(cases.source.tolist(), cases.harmful.tolist(), strict=True))
    names = [feature.name for feature in FEATURES]
    return {
        "version": hashlib.blake2b(data, digest_size=8).hexdigest(),
        "size": len(data),
        "features": FEATURES,
        "sources": [
            (source, counts[source, True], counts[source, False]) for source in dict.fromkeys(cases.source.tolist())
        ],
        "taught": TAUGHT,
        "several": int((cases.harmful & ~cases.alone).sum()),
        "harmful": int(cases.harmful[cases.source != "pairs"].sum()),
        "steps": figures.by_suite(cases, margins, figures.steps),
        "banking_but_one": _banking_but_one(cases, margins),
        "calls": figures.by_suite(cases, margins, figures.calls),
        "across": figures.across(cases),
        "without_pairs": figures.without_pairs(cases),
        "families": figures.by_family(cases, margins),
        "alarms": figures.alarms(cases, margins, BUDGET),
        "budgets": [(budget, weights.thresholds[budget], figures.bought(cases, margins, budget)) for budget in BUDGETS],
        "budget": BUDGET,
        "verdicts": verdicts.shown(
            folder, cases, calibration.probability(margins), weights, weights.thresholds[BUDGET]
        ),
        "reliability": figures.reliability(cases, calibration.probability(margins), BASE_RATE),
        "importance": figures.importance(cases, lambda row: weights.forest.contributions(row.tolist()), names)[:12],
        "base_rate": BASE_RATE,
    }


def _banking_but_one(cases: Table, margins: Margins) -> float:
    kept = (cases.group == "banking") & (cases.source == "agentdojo")
    return figures.above_the_second(figures.contrast(figures.steps(cases.take(kept), margins[kept])))


def main(arguments: list[str] | None = None) -> int:
    """Train, print, write."""
    parser = argparse.ArgumentParser(description="Train the screen.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "src/magistrate/review/weights/screen.json")
    parser.add_argument("--card", type=Path, default=ROOT / "docs/screen.md")
    parser.add_argument("--quick", action="store_true", help="the weights alone, without tables and card")
    given = parser.parse_args(arguments)
    cases = read(given.data)
    weights, margins, calibration = trained(cases)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(encode(weights))
    if given.quick:
        return 0
    text = card.render(facts(given.data, cases, weights, margins, calibration))
    given.card.write_text(text, encoding="utf-8")
    sys.stdout.write(text[text.index("## How good") :])
    return 0


if __name__ == "__main__":
    sys.exit(main())
