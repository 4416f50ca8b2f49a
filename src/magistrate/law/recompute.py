"""A replay that computes evidence anew: for when the evidence itself changed, or a change asks for what was not seen then."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from magistrate.core.records import Action, Event, Rulebook, RunStarted, Verdict
from magistrate.evidence.run import RunEvidence
from magistrate.law.cache import Answer
from magistrate.law.flips import Flip, Part, Recorded, Replay, Tally, answered, flipped, incomparable, parents
from magistrate.ledger import Ledger
from magistrate.lookback import SAID, recorded_evidence
from magistrate.rulebook.match import Matcher
from magistrate.verdicts import find


def recomputed(
    ledger: Path,
    rulebook: Rulebook,
    *,
    since: str = "",
    advance: Callable[[float], None] = lambda steps: None,
) -> Replay:
    """Judge every run of a ledger again from what was said and done, by rules alone; nothing is remembered.

    `advance` hears of progress as a share of the whole. Raises `LedgerError`.
    """
    tally = Tally()
    with contextlib.closing(Ledger(ledger, readonly=True)) as opened:
        matcher = Matcher(rulebook)
        runs = list(opened.runs())
        for run in runs:
            verdicts = _recorded(opened, run, since)
            if verdicts:
                tally.add(_part(opened, run, verdicts, matcher))
            advance(1 / len(runs))
        return tally.replay(rulebook, (), parents(opened))


def _recorded(ledger: Ledger, run: str, since: str) -> dict[int, tuple[Event, Verdict]]:
    """The last verdict on each action of a run."""
    found: dict[int, tuple[Event, Verdict]] = {}
    for event in ledger.events(run, kinds=("verdict",)):
        if isinstance(event.body, Verdict) and event.at >= since:
            found[event.body.action] = event, event.body
    return found


def _part(ledger: Ledger, run: str, verdicts: dict[int, tuple[Event, Verdict]], matcher: Matcher) -> Part:
    left_out: Counter[str] = Counter()
    decisions: Counter[str] = Counter()
    flips: list[Flip] = []
    for n, answer in _answers(ledger, run, matcher):
        if n not in verdicts:
            continue
        event, verdict = verdicts[n]
        one = Recorded.of(verdict)
        if why := incomparable(one):
            left_out[why] += 1
            continue
        decision, rules = answered(answer, one, matcher.rulebook)
        decisions[f"{one.decision}>{decision}"] += 1
        if decision != one.decision:
            flips.append(flipped(event.id, run, one, decision, rules, answer))
    judged = sum(decisions.values())
    return Part(
        judged=judged,
        fresh=judged,
        runs={run: judged} if judged else {},
        decisions=decisions,
        flips=tuple(flips),
        left_out=left_out,
        revisions=Counter(verdict.revision for _, verdict in verdicts.values()),
    )


def _answers(ledger: Ledger, run: str, matcher: Matcher) -> Iterator[tuple[int, Answer]]:
    """What the rules say of each action of a run, in order."""
    evidence: RunEvidence | None = None
    for event in ledger.events(run, kinds=SAID):
        body = event.body
        if evidence is None:
            started = body if isinstance(body, RunStarted) else RunStarted(host="unknown")
            parent = recorded_evidence(ledger, started.parent, before=event.id) if started.parent else None
            evidence = RunEvidence(started, parent)
        if isinstance(body, Action):
            finding = find(matcher, evidence.assess(body), body)
            rules = tuple(dict.fromkeys(rule.id for rule, _, _ in finding.deciding))
            yield event.n, Answer(decision=finding.decision, basis=finding.basis, rules=rules)
        evidence.observe(event.n, body)
