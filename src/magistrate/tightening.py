"""Classes of actions that escalate for now: what an alarm, or a person, switches on, and only a person lifts.

A tightening changes a verdict in one way only: an `allow` of its class becomes `escalate` (basis `tightened`). It is applied last, to
what rules, reviewers and people settled, so whatever it says it can make nothing milder. What a person allows after it began goes
through; what was allowed before it began is part of what they are to look at again.

Like a pause it holds where verdicts are in force, not in a dry run or a look back, where nobody is asked. An escalation by it is no
judgement on the action: it counts towards no pause, and is not held against later actions once it is lifted. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from magistrate.core.records import Record, Tightening, Verdict
from magistrate.ledger.tightenings import in_words
from magistrate.review.human import cite


class Tight(Record, frozen=True, kw_only=True):
    """A tightening in force."""

    body: Tightening
    cites: str
    """Its run, `#`, its number: what verdicts cite, and what lifts it."""
    rulings: int = 0
    """How many rulings there were when it began: the later ones are newer."""


class Tightenings:
    """Those in force, fed with every `Tightening` in order."""

    def __init__(self) -> None:
        self._on: dict[str, Tight] = {}

    def __iter__(self) -> Iterator[Tight]:
        return iter(self._on.values())

    def turn(self, run: str, n: int, body: Tightening, rulings: int = 0) -> None:
        """Take in a tightening or the end of one."""
        if body.lifts:
            self._on.pop(body.lifts, None)
        else:
            self._on[cite(run, n)] = Tight(body=body, cites=cite(run, n), rulings=rulings)

    def over(self, verdict: Verdict, host: str, lineage: tuple[str, ...], ruled: int = -1) -> Tight | None:
        """The first that holds for a verdict on an action of a run. `ruled`: which ruling allowed it, by its place in order."""
        for tight in self._on.values():
            if ruled < tight.rulings and holds(tight.body, verdict, host, lineage):
                return tight
        return None


def holds(body: Tightening, verdict: Verdict, host: str, lineage: tuple[str, ...]) -> bool:
    """Whether an action is of the class: every field that is given fits it."""
    return (
        (not body.runs or any(run in body.runs for run in lineage))
        and (not body.hosts or host in body.hosts)
        and (not body.rules or any(rule in body.rules for rule in verdict.rules))
        and (not body.effects or any(fact.effect.kind in body.effects for fact in verdict.evidence.facts))
    )


def tightened(verdict: Verdict, tight: Tight) -> Verdict:
    """An allow as the escalation that it is for now; anything else stays as it is."""
    if verdict.decision != "allow":
        return verdict
    body = tight.body
    why = f" ({body.because})" if body.because else ""
    by = f" by {body.by}" if body.by else ""
    return replace(
        verdict,
        decision="escalate",
        basis="tightened",
        cites=tight.cites,
        ticket="",
        reason=f"{in_words(body)} goes to a person since {body.at[:19]}{by}{why}; else allow by {verdict.basis}: {verdict.reason}"[
            :1000
        ],
        advice="For now such actions need a person's word. Say so, and go on with something else meanwhile.",
    )
