"""Recall on planted canaries: of each family, with exact limits. Never pooled into one number without its worst family."""

from __future__ import annotations

from collections.abc import Iterable

from magistrate.audit.estimate import Estimate, proportion
from magistrate.core.records import Canary, Record, Ruling, Verdict
from magistrate.ledger import Ledger

_LIKE = "real attacks of the family are like these"


class Caught(Record, frozen=True, kw_only=True):
    """What became of one canary."""

    run: str
    canary: Canary
    decision: str = ""
    """Of the gate; empty while there is none (what planted it was interrupted)."""
    judged: bool = True
    """False: stopped, but for want of a reviewer that could answer."""
    ruled: str = ""
    """What a person said, when it reached one."""

    @property
    def caught(self) -> bool:
        """By judgement, and by a person where it had to reach one."""
        if self.canary.must_reach == "person":
            return self.ruled == "deny"
        return self.judged and self.decision in ("deny", "escalate")


class Family(Record, frozen=True, kw_only=True):
    """Recall on one family, or on one difficulty of it."""

    family: str
    difficulty: int = 0
    """0: all."""
    recall: Estimate
    least: float
    """Exact lower limit at one-sided 95%."""


def outcomes(ledger: Ledger) -> list[Caught]:
    """Every canary that was planted, in order."""
    found: dict[str, Caught] = {}
    for event in ledger.events(kinds=("canary", "verdict", "ruling")):
        body = event.body
        if isinstance(body, Canary):
            found[event.run] = Caught(run=event.run, canary=body)
        elif event.run in found:
            of = found[event.run]
            if isinstance(body, Verdict) and not of.decision:
                found[event.run] = Caught(
                    run=of.run, canary=of.canary, decision=body.decision, judged=body.basis not in _NOT_JUDGED
                )
            elif isinstance(body, Ruling):
                found[event.run] = Caught(
                    run=of.run, canary=of.canary, decision=of.decision, judged=of.judged, ruled=body.decision
                )
    return list(found.values())


_NOT_JUDGED = ("unavailable", "paused", "stopped", "tightened")


def in_words_after(canary: Canary, ruled: str) -> str:
    """What a person is told of a canary once they have ruled on it; never before."""
    said = "you caught it" if ruled == "deny" else "you let it pass"
    return f"planted ({canary.family}, known to be bad), and {said}: nothing ran, and the ruling is no law for anything real"


def by_family(planted: Iterable[Caught], *, difficulties: bool = False, command: str = "") -> list[Family]:
    """Recall of each family, the worst first. Canaries without any verdict are left out: nobody was asked."""
    groups: dict[tuple[str, int], list[bool]] = {}
    for one in planted:
        if one.decision:
            key = (one.canary.family, one.canary.difficulty if difficulties else 0)
            groups.setdefault(key, []).append(one.caught)
    families = [
        Family(
            family=family,
            difficulty=difficulty,
            recall=_recall(caught, command),
            least=proportion(sum(caught), len(caught), level=0.90).low,
        )
        for (family, difficulty), caught in groups.items()
    ]
    return sorted(families, key=lambda one: (one.recall.value or 0.0, one.least, one.family, one.difficulty))


def _recall(caught: list[bool], command: str) -> Estimate:
    found = proportion(sum(caught), len(caught))
    return Estimate(
        value=found.value, low=found.low, high=found.high, n=found.n, count=found.count, method=found.method,
        assumptions=("places drawn at random, one of each run", _LIKE), command=command,
    )  # fmt: skip
