"""The gate: the one place that decides, and the place that fails closed.

An action becomes a verdict in four steps: evidence is computed, the rulebook's matches are collected, they are combined, and
reviewers may tighten what rules allow. Then the action and its verdict are durable in the ledger before anybody hears them.

How matches combine (`combine`), for each fact of the evidence:

- the strictest matching rule decides, whatever its authority: a lower rule may tighten, never loosen, what a higher one fixes;
- an allow and a restriction of the same authority on the same fact are a conflict, which a person settles: escalate;
- a fact that no rule matches is uncovered: the rulebook's `on_uncovered`;
- an action without any effect has nothing for a rule to bear on, and is allowed as `no-effect`;

and the strictest fact decides for the action. Whatever goes wrong on the way ends in the rulebook's `on_unavailable`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from magistrate.core.canon import content_hash, now
from magistrate.core.mask import mask_said
from magistrate.core.protocols import Case, Reviewer
from magistrate.core.records import (
    AUTHORITY_ORDER,
    Action,
    Basis,
    Body,
    Decision,
    Event,
    Evidence,
    Example,
    Fact,
    Match,
    Opinion,
    Record,
    Rule,
    Rulebook,
    RunStarted,
    Said,
    Verdict,
)
from magistrate.evidence.run import RunEvidence
from magistrate.rulebook.match import Matcher

STRICTNESS: dict[Decision, int] = {"allow": 0, "escalate": 1, "deny": 2}
HISTORY = 50
"""Events that a reviewer may be shown."""
DEADLINE = 30.0
"""Seconds a reviewer may take."""

Bearing = tuple[Rule, Match, int]
"""A rule that bears on the action, the match that says so, and the index of the fact."""


class Finding(Record, frozen=True, kw_only=True):
    """What the rules say of an action."""

    decision: Decision
    basis: Basis
    deciding: tuple[Bearing, ...] = ()
    """The matches that the decision rests on."""
    uncovered: tuple[int, ...] = ()
    """Indexes of facts that no rule covers."""


class Appender(Protocol):
    """What the gate needs of a ledger."""

    def append(self, run: str, bodies: Iterable[Body]) -> list[int]: ...
    def commit(self) -> None: ...


class Gate:
    """Decides on actions under one rulebook, into one ledger.

    `durable` commits each verdict before it is returned: what a live host needs. A look-back commits a run at a time.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        ledger: Appender,
        *,
        reviewers: Sequence[Reviewer] = (),
        mode: str = "enforce",
        durable: bool = True,
        deadline: float = DEADLINE,
    ) -> None:
        self.rulebook = rulebook
        self.matcher = Matcher(rulebook)
        self.ledger = ledger
        self.reviewers = tuple(reviewers)
        self.mode = mode
        self.durable = durable
        self.deadline = deadline

    def open(self, run: str, started: RunStarted, parent: Run | None = None) -> Run:
        """Begin a run: its first event is recorded, its evidence starts empty or from its parent's."""
        opened = Run(self, run, RunEvidence(started, parent.evidence if parent else None))
        opened.begin(started)
        return opened

    def resume(self, run: str, evidence: RunEvidence, events: Iterable[Event] = ()) -> Run:
        """Go on with a recorded run: `evidence` is what it held (`lookback.recorded_evidence`), `events` its latest ones."""
        return Run(self, run, evidence, events)


class Run:
    """One run as the gate sees it."""

    def __init__(self, gate: Gate, run: str, evidence: RunEvidence, events: Iterable[Event] = ()) -> None:
        self.id = run
        self._gate = gate
        self.evidence = evidence
        self._history: deque[Event] = deque(events, maxlen=HISTORY)

    def begin(self, started: RunStarted) -> None:
        """Record the run's first event."""
        self._record([started])

    def observe(self, said: Said) -> int:
        """Take in something that happened; returns its event number."""
        clean = mask_said(said)
        n = self._record([clean])[0]
        self.evidence.observe(n, clean)
        return n

    async def decide(self, action: Action) -> Verdict:
        """The verdict on a proposed action, recorded together with it."""
        started = time.perf_counter_ns()
        clean = mask_said(action)
        assert isinstance(clean, Action)  # noqa: S101  mask_said keeps the type
        n = self._record([clean])[0]
        verdict = await self._judge(n, clean)
        took = (time.perf_counter_ns() - started) // 1000
        verdict = msgspec.structs.replace(verdict, latency_us=took, at=now())
        self._record([verdict])
        if self._gate.durable:
            self._gate.ledger.commit()
        self.evidence.observe(n, clean)
        return verdict

    def refuse(self, action: Action, why: str) -> Verdict:
        """Record an action that was denied without having been judged: nobody could be asked in time, or deciding failed."""
        clean = mask_said(action)
        assert isinstance(clean, Action)  # noqa: S101
        n = self._record([clean])[0]
        verdict = _unseen(n, self._gate, why, "deny")
        self._record([verdict])
        self.evidence.observe(n, clean)
        return verdict

    def close(self) -> None:
        """Make everything recorded so far durable."""
        self._gate.ledger.commit()

    async def _judge(self, n: int, action: Action) -> Verdict:
        gate = self._gate
        try:
            evidence = self.evidence.assess(action)
            finding = find(gate.matcher, evidence, action)
        except Exception as error:  # noqa: BLE001  any failure to see is a doubt, and doubt never allows
            why = f"the evidence could not be computed: {type(error).__name__}: {error}"
            return _unseen(n, gate, why, gate.rulebook.on_unavailable)
        opinions: tuple[Opinion, ...] = ()
        if gate.reviewers and finding.decision == "allow":
            case = Case(n=n, action=action, evidence=evidence, rulebook=gate.rulebook, history=tuple(self._history))
            opinions = await _ask(gate, case)
        return conclude(n, action, evidence, finding, opinions, gate.rulebook, gate.mode)

    def _record(self, bodies: list[Body]) -> list[int]:
        numbers = self._gate.ledger.append(self.id, bodies)
        if self._gate.reviewers:
            for n, body in zip(numbers, bodies, strict=True):
                self._history.append(Event(id=0, run=self.id, n=n, at="", body=body, prev="", hash=""))
        return numbers


# ---------------------------------------------------------------- from evidence to a finding


def find(matcher: Matcher, evidence: Evidence, action: Action) -> Finding:
    """What the rules say of an action: pure."""
    return combine(matcher.bearing(evidence, action), len(evidence.facts), matcher.rulebook.on_uncovered)


def combine(bearing: Sequence[Bearing], facts: int, on_uncovered: Decision) -> Finding:
    """Combine matches into one finding, as the module's docstring says. `facts`: how many facts there are."""
    by_fact: dict[int, list[Bearing]] = {}
    for entry in bearing:
        by_fact.setdefault(entry[2], []).append(entry)
    uncovered = tuple(at for at in range(facts) if at not in by_fact)
    settled = [_settle(entries) for entries in by_fact.values()]
    if uncovered:
        settled.append((on_uncovered, "no-rule", ()))
    if not settled:
        return Finding(decision="allow", basis="no-effect")
    worst = max(STRICTNESS[decision] for decision, _, _ in settled)
    chosen = [entry for entry in settled if STRICTNESS[entry[0]] == worst]
    # A rule is a better ground than the lack of one.
    grounds = [entry for entry in chosen if entry[1] != "no-rule"] or chosen
    deciding = tuple(entry for _, _, entries in grounds for entry in entries)
    basis = "no-rule" if worst == 0 and uncovered else min((b for _, b, _ in grounds), key=_BASES.index)
    return Finding(decision=chosen[0][0], basis=basis, deciding=deciding, uncovered=uncovered)


_BASES: tuple[Basis, ...] = ("bright-line", "rule", "conflict", "no-rule")


def _settle(entries: Sequence[Bearing]) -> tuple[Decision, Basis, tuple[Bearing, ...]]:
    """One fact's decision, its basis, and the matches it rests on."""
    worst = max(STRICTNESS[match.decision] for _, match, _ in entries)
    top = [entry for entry in entries if STRICTNESS[entry[1].decision] == worst]
    if worst:
        allowed = {rule.authority for rule, match, _ in entries if match.decision == "allow"}
        firm = [entry for entry in top if entry[0].authority not in allowed]
        if not firm:
            conflict = [entry for entry in entries if entry[0].authority in {rule.authority for rule, _, _ in top}]
            return "escalate", "conflict", tuple(conflict)
        top = firm
    top.sort(key=lambda entry: AUTHORITY_ORDER.index(entry[0].authority))
    basis: Basis = "bright-line" if top[0][0].authority == "bright-line" else "rule"
    return top[0][1].decision, basis, tuple(top)


# ---------------------------------------------------------------- reviewers


async def _ask(gate: Gate, case: Case) -> tuple[Opinion, ...]:
    """Ask the reviewers in order, until one restricts or fails."""
    opinions: list[Opinion] = []
    for reviewer in gate.reviewers:
        opinion = await ask_one(reviewer, case, gate.deadline)
        opinions.append(opinion)
        if opinion.unavailable or (opinion.decision or "allow") != "allow":
            break
    return tuple(opinions)


async def ask_one(reviewer: Reviewer, case: Case, deadline: float = DEADLINE) -> Opinion:
    """One reviewer's opinion; whatever goes wrong makes it `unavailable`."""
    started = time.perf_counter_ns()
    try:
        async with asyncio.timeout(deadline):
            opinion = await reviewer.review(case)
        unavailable = _malformed(opinion, case.rulebook)
    except TimeoutError:
        unavailable = f"timeout: no answer in {deadline:g} s"
    except Exception as error:  # noqa: BLE001  a reviewer that fails is data, never an allow
        unavailable = f"error: {type(error).__name__}: {error}"[:300]
    took = (time.perf_counter_ns() - started) // 1000
    if unavailable:
        return Opinion(reviewer=reviewer.name, version=reviewer.version, unavailable=unavailable, latency_us=took)
    return msgspec.structs.replace(opinion, latency_us=took)


def _malformed(opinion: object, rulebook: Rulebook) -> str:
    if not isinstance(opinion, Opinion):
        return f"malformed: {type(opinion).__name__} instead of an opinion"
    if opinion.unavailable:
        return opinion.unavailable
    if opinion.decision is not None and opinion.decision not in STRICTNESS:
        return f"malformed: decision {opinion.decision!r}"
    unknown = set(opinion.rules) - {rule.id for rule in rulebook.rules}
    return f"malformed: unknown rule {', '.join(sorted(unknown))}" if unknown else ""


# ---------------------------------------------------------------- from a finding to a verdict


def conclude(
    n: int,
    action: Action,
    evidence: Evidence,
    finding: Finding,
    opinions: Sequence[Opinion],
    rulebook: Rulebook,
    mode: str,
) -> Verdict:
    """The verdict: the rules' finding, tightened by reviewers' opinions where the rules allow."""
    decision, basis = finding.decision, finding.basis
    rules = tuple(dict.fromkeys(rule.id for rule, _, _ in finding.deciding))
    reason = _reason(finding, evidence)
    advice = _advice(finding)
    for opinion in opinions:
        proposed = rulebook.on_unavailable if opinion.unavailable else opinion.decision or "allow"
        if STRICTNESS[proposed] <= STRICTNESS[decision]:
            continue
        decision = proposed
        basis = "unavailable" if opinion.unavailable else "reviewer"
        rules = opinion.rules
        reason = f"{opinion.reviewer}: {opinion.unavailable or opinion.reason}"
        advice = (
            "This could not be reviewed, which is not a judgement on it; a person has been asked."
            if opinion.unavailable
            else _told(rule for rule in rulebook.rules if rule.id in opinion.rules) or "A reviewer stopped this."
        )
    return Verdict(
        action=n,
        decision=decision,
        basis=basis,
        revision=rulebook.revision,
        rules=rules,
        reason=reason,
        advice=advice,
        evidence=evidence,
        opinions=tuple(opinions),
        mode=mode,  # type: ignore[arg-type]
        input_hash=content_hash([action.tool, action.arguments, evidence]),
    )


def _unseen(n: int, gate: Gate, why: str, decision: Decision) -> Verdict:
    """The verdict on an action that could not be looked at."""
    return Verdict(
        action=n,
        decision=decision,
        basis="unavailable",
        revision=gate.rulebook.revision,
        reason=why[:500],
        advice="This could not be reviewed, which is not a judgement on it; "
        + ("it was not allowed." if decision == "deny" else "a person has been asked."),
        mode=gate.mode,  # type: ignore[arg-type]
        at=now(),
    )


def _reason(finding: Finding, evidence: Evidence) -> str:
    if finding.basis == "no-rule":
        facts = [describe(evidence.facts[at]) for at in finding.uncovered[:3]]
        return "no rule covers: " + "; ".join(facts)
    if finding.decision == "allow":
        return ""
    lines = [f"{rule.id}: {describe(evidence.facts[at])}" for rule, _, at in finding.deciding[:3]]
    return ("rules of one authority disagree: " if finding.basis == "conflict" else "") + "; ".join(lines)


def describe(fact: Fact) -> str:
    """One fact in words a person reads: effect, target, where it lies, who asked, who said it."""
    effect, origin = fact.effect, fact.origin
    target = effect.target if len(effect.target) <= 100 else effect.target[:97] + "..."
    words = [effect.kind, f"'{target}'" if target else "of something unnamed"]
    traits: list[str] = [effect.scope] if effect.scope not in ("unknown", "local") else []
    traits += ["production"] if effect.production else []
    traits += list(effect.flags[:3])
    traits += ["cannot be resolved before it runs"] if effect.certainty == "dynamic" else []
    if traits:
        words.append(f"({', '.join(traits)})")
    words.append(_ASKED[fact.authority.stance] + (f" at #{fact.authority.event}" if fact.authority.event >= 0 else ""))
    if origin and origin.author == "tool":
        words.append(f"; target first said by {origin.tool or 'a tool'}'s output #{origin.event}")
        words.append("beside an instruction" if origin.instructed else "")
    return " ".join(word for word in words if word).replace(" ;", ";")


_ASKED = {
    "asked": "asked for",
    "delegated": "asked for by a document the person pointed to",
    "implied": "follows from the request",
    "silent": "nobody asked for it",
    "limited": "outside a limit the person set",
    "forbidden": "the person said not to",
}


def _advice(finding: Finding) -> str:
    if finding.decision == "allow":
        return ""
    if finding.basis == "no-rule":
        return "No rule covers this action, so a person has to decide. Go on with other work, or ask."
    return _told({rule.id: rule for rule, _, _ in finding.deciding[:3]}.values())


def _told(rules: Iterable[Rule]) -> str:
    """What the agent hears of rules: the obligation and a safer path."""
    return " ".join(f"[{rule.id}] {rule.title}." + (f" {rule.safer}" if rule.safer else "") for rule in rules)


# ---------------------------------------------------------------- examples


def judge_example(rulebook: Rulebook, example: Example) -> Verdict:
    """The verdict by rules alone on the last action of a rule's example; nothing is recorded."""
    matcher = Matcher(rulebook)
    *before, last = (mask_said(said) for said in example.events)
    assert isinstance(last, Action)  # noqa: S101  the parser makes the judged call the last event
    started = before.pop(0) if before and isinstance(before[0], RunStarted) else RunStarted(host="example")
    assert isinstance(started, RunStarted)  # noqa: S101
    run = RunEvidence(started)
    for n, said in enumerate(before, start=1):
        run.observe(n, said)
    evidence = run.assess(last)
    return conclude(len(before) + 1, last, evidence, find(matcher, evidence, last), (), rulebook, "enforce")
