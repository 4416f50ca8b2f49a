"""Judging a rulebook's examples as live actions are judged: through a gate, with whatever reviewers are named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from magistrate.core.protocols import Reviewer
from magistrate.core.records import Action, Example, Rulebook, RunStarted, Verdict
from magistrate.gate import Gate
from magistrate.ledger import Ledger
from magistrate.rulebook.check import Judge


def through_gate(reviewers: Sequence[Reviewer] = ()) -> Judge:
    """A judge for `rulebook.check`: each example is a run of its own, in a ledger that is forgotten."""
    gates: dict[str, Gate] = {}
    count = 0

    def judge(rulebook: Rulebook, example: Example) -> Verdict:
        nonlocal count
        count += 1
        if rulebook.revision not in gates:
            # Where this program lies is no part of what a rulebook says.
            gates[rulebook.revision] = Gate(
                rulebook, Ledger(":memory:"), reviewers=reviewers, durable=False, guarded=()
            )
        *before, last = example.events
        started = before.pop(0) if before and isinstance(before[0], RunStarted) else RunStarted(host="example")
        assert isinstance(last, Action)  # noqa: S101  the parser makes the judged call the last event
        assert isinstance(started, RunStarted)  # noqa: S101
        run = gates[rulebook.revision].open(f"example-{count}", started)
        for said in before:
            run.observe(said)
        return asyncio.run(run.decide(last))

    return judge
