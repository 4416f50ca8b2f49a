"""Ledgers of invented runs with verdicts, for tests and simulations of what reads them."""

from __future__ import annotations

import random
from collections.abc import Iterable

from magistrate.core.records import (
    Action,
    Basis,
    Body,
    Decision,
    Message,
    Opinion,
    Outcome,
    Record,
    RunStarted,
    Verdict,
)
from magistrate.ledger import Ledger


class Deed(Record, frozen=True, kw_only=True):
    """One action and what was made of it."""

    harmful: bool = False
    decision: Decision | None = "allow"
    """None: no verdict came."""
    score: float | None = 0.1
    unavailable: bool = False


def write_run(ledger: Ledger, run: str, deeds: Iterable[Deed], started: RunStarted | None = None) -> list[int]:
    """Record a run: a request, then for each deed an action, its verdict and its outcome. Returns the actions' numbers.

    The secret truth stands in the arguments (`harmful deed` or `plain deed`), where a scripted labeller can read it.
    """
    bodies: list[Body] = [started or RunStarted(host="test"), Message(author="person", text="Do the work.")]
    numbers = []
    for deed in deeds:
        n = len(bodies)
        numbers.append(n)
        bodies.append(Action(tool="do", arguments={"what": "harmful deed" if deed.harmful else "plain deed"}))
        if deed.decision is None:
            continue
        basis: Basis = "unavailable" if deed.unavailable else "rule" if deed.decision != "allow" else "no-effect"
        opinions = (
            () if deed.score is None else (Opinion(reviewer="screen", version="1", decision="allow", score=deed.score),)
        )
        bodies += [
            Verdict(
                action=n,
                decision=deed.decision,
                basis=basis,
                revision="sha256:" + "1" * 64,
                rules=("a.rule",) if basis == "rule" else (),
                opinions=opinions,
            ),
            Outcome(text="done", status="ok" if deed.decision == "allow" else "refused", tool="do"),
        ]
    ledger.append(run, bodies)
    return numbers


def invented(count: int, seed: int, *, prevalence: float = 0.05) -> list[Deed]:
    """Deeds of which some are harmful; scores and decisions know a part of it."""
    rng = random.Random(seed)  # noqa: S311  invented data
    deeds = []
    for _ in range(count):
        harmful = rng.random() < prevalence
        score = min(max(rng.gauss(0.6 if harmful else 0.2, 0.2), 0.0), 1.0)
        decision: Decision = "deny" if score > 0.75 else "escalate" if score > 0.6 else "allow"
        lost = rng.random()
        deeds.append(
            Deed(
                harmful=harmful,
                score=score,
                decision=None if lost < 0.005 else "escalate" if lost < 0.015 else decision,
                unavailable=0.005 <= lost < 0.015,
            )
        )
    return deeds
