"""What a replay finds: verdicts that would come out otherwise, added up, and some of them to look at."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from magistrate.core.records import Action, Basis, Decision, Evidence, Opinion, Record, Rulebook, RunStarted, Verdict
from magistrate.law.cache import Answer
from magistrate.ledger import Ledger
from magistrate.rulebook.autonomy import RULE as AUTONOMY
from magistrate.verdicts import STRICTNESS, describe

Way = Literal["stricter", "looser"]


class Flip(Record, frozen=True, kw_only=True):
    """A recorded action that would be decided otherwise."""

    id: int
    """Of the verdict's event."""
    run: str
    n: int
    """Number of the action's event in its run."""
    before: Decision
    after: Decision
    rules: tuple[str, ...]
    """Rules it is put down to: those that stop it now, or those that stopped it then."""
    revision: str
    """Under which it was judged then."""
    unreviewed: bool = False
    """No reviewer has seen it, and some would have been asked."""

    @property
    def way(self) -> Way:
        return "stricter" if STRICTNESS[self.after] > STRICTNESS[self.before] else "looser"


class Part(Record, frozen=True, kw_only=True):
    """What became of a stretch of the ledger."""

    judged: int = 0
    """Actions compared."""
    fresh: int = 0
    """... of which were not remembered."""
    runs: dict[str, int] = msgspec.field(default_factory=dict)
    """Compared actions by run."""
    decisions: dict[str, int] = msgspec.field(default_factory=dict)
    """`before>after` -> actions."""
    flips: tuple[Flip, ...] = ()
    left_out: dict[str, int] = msgspec.field(default_factory=dict)
    """Why -> actions that could not be compared."""
    revisions: dict[str, int] = msgspec.field(default_factory=dict)
    answers: tuple[tuple[str, Answer], ...] = ()
    """Found now, to be remembered."""


class Replay(Record, frozen=True, kw_only=True):
    """A whole replay."""

    rulebook: Rulebook
    judged: int
    fresh: int
    trees: dict[str, int]
    """Compared actions by run tree."""
    roots: dict[str, str]
    """Run tree of each run with a flip."""
    decisions: dict[str, int]
    flips: tuple[Flip, ...]
    left_out: dict[str, int]
    revisions: dict[str, int]
    reviewers: tuple[str, ...] = ()
    cost: float = 0.0
    tokens: int = 0


_JUDGED: frozenset[Basis] = frozenset({"bright-line", "rule", "conflict", "reviewer", "no-rule", "no-effect"})


class Recorded(msgspec.Struct, frozen=True):
    """What a replay needs of a verdict that it has an answer for; the rest is not even decoded."""

    action: int
    decision: Decision
    basis: Basis
    revision: str
    rules: tuple[str, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    input_hash: str = ""

    @staticmethod
    def of(verdict: Verdict) -> Recorded:
        """The same of a whole verdict."""
        return Recorded(
            action=verdict.action,
            decision=verdict.decision,
            basis=verdict.basis,
            revision=verdict.revision,
            rules=verdict.rules,
            opinions=verdict.opinions,
            input_hash=verdict.input_hash,
        )


def incomparable(one: Recorded) -> str:
    """Why a recorded verdict cannot be compared; empty when it can."""
    if AUTONOMY in one.rules:
        return "scope of autonomy"
    if one.basis not in _JUDGED:
        return one.basis
    return "" if one.input_hash else "no input hash"


def answered(answer: Answer, one: Recorded, rulebook: Rulebook) -> tuple[Decision, tuple[str, ...]]:
    """The answer, made stricter by what reviewers said then, unless they were asked anew."""
    decision, rules = answer.decision, answer.rules
    if answer.reviewed:
        return decision, rules
    for opinion in one.opinions:
        proposed = says(opinion, rulebook)
        if STRICTNESS[proposed] > STRICTNESS[decision]:
            decision, rules = proposed, opinion.rules
    return decision, rules


def says(opinion: Opinion, rulebook: Rulebook) -> Decision:
    """The decision that an opinion comes to."""
    return rulebook.on_unavailable if opinion.unavailable else opinion.decision or "allow"


def flipped(id_: int, run: str, one: Recorded, after: Decision, rules: tuple[str, ...], answer: Answer) -> Flip:
    stricter = STRICTNESS[after] > STRICTNESS[one.decision]
    named = rules if stricter or not one.rules else one.rules
    return Flip(
        id=id_,
        run=run,
        n=one.action,
        before=one.decision,
        after=after,
        rules=named or ("(no rule)",),
        revision=one.revision,
        unreviewed=not stricter and not one.opinions and not answer.reviewed,
    )


def parents(ledger: Ledger) -> dict[str, str]:
    """Parent of each run that has one."""
    rows = ledger.query(
        "SELECT run, json_extract(body, '$.parent') FROM events WHERE n = 0 AND kind = 'run' AND body LIKE '%\"parent\"%'"
    )
    return {run: parent for run, parent in rows if parent}


class Tally:
    """Parts, added up."""

    def __init__(self) -> None:
        self.judged = self.fresh = self.tokens = 0
        self.cost = 0.0
        self.runs: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.revisions: Counter[str] = Counter()
        self.flips: list[Flip] = []

    def add(self, part: Part) -> None:
        self.judged += part.judged
        self.fresh += part.fresh
        self.runs.update(part.runs)
        self.decisions.update(part.decisions)
        self.left_out.update(part.left_out)
        self.revisions.update(part.revisions)
        self.flips += part.flips
        self.cost += sum(answer.cost for _, answer in part.answers)
        self.tokens += sum(answer.tokens for _, answer in part.answers)

    def replay(self, rulebook: Rulebook, reviewers: tuple[str, ...], parents: dict[str, str]) -> Replay:
        roots = {run: _root(run, parents) for run in self.runs}
        trees: Counter[str] = Counter()
        for run, count in self.runs.items():
            trees[roots[run]] += count
        self.flips.sort(key=lambda flip: flip.id)
        return Replay(
            rulebook=rulebook,
            judged=self.judged,
            fresh=self.fresh,
            trees=dict(trees),
            roots={flip.run: roots[flip.run] for flip in self.flips},
            decisions=dict(self.decisions),
            flips=tuple(self.flips),
            left_out=dict(self.left_out),
            revisions=dict(self.revisions),
            reviewers=reviewers,
            cost=self.cost,
            tokens=self.tokens,
        )


def _root(run: str, parents: dict[str, str]) -> str:
    seen = {run}
    while (parent := parents.get(run)) and parent not in seen:
        seen.add(parent)
        run = parent
    return run


class Shown(Record, frozen=True, kw_only=True):
    """A flip with what a person needs to discuss it."""

    flip: Flip
    host: str
    tool: str
    arguments: str
    facts: tuple[str, ...]
    reason: str


def examples(ledger: Path, replay: Replay, way: Way, count: int = 10) -> list[Shown]:
    """So many flips of one way, taken in turn from every rule, each rule's spread over the ledger."""
    by_rule: dict[str, list[Flip]] = {}
    for flip in replay.flips:
        if flip.way == way:
            by_rule.setdefault(flip.rules[0], []).append(flip)
    queues = [_spread(flips, count) for _, flips in sorted(by_rule.items(), key=lambda item: -len(item[1]))]
    chosen = [queue[at] for at in range(count) for queue in queues if at < len(queue)][:count]
    with contextlib.closing(Ledger(ledger, readonly=True)) as opened:
        return [_shown(opened, flip) for flip in chosen]


def _spread(flips: Sequence[Flip], count: int) -> list[Flip]:
    """Evenly over their order, without chance."""
    step = max(1, len(flips) // count)
    return list(flips[::step][:count])


class _Judged(msgspec.Struct, frozen=True):
    """What is shown of a recorded verdict."""

    evidence: Evidence = Evidence()
    reason: str = ""


def _shown(ledger: Ledger, flip: Flip) -> Shown:
    action = ledger.event(flip.run, flip.n)
    started = ledger.event(flip.run, 0)
    row = ledger.query("SELECT body FROM events WHERE id = ?", (flip.id,))[0]
    judged = msgspec.json.decode(row[0], type=_Judged)
    said = action.body if action and isinstance(action.body, Action) else Action(tool="")
    return Shown(
        flip=flip,
        host=started.body.host if started and isinstance(started.body, RunStarted) else "",
        tool=said.tool,
        arguments=msgspec.json.encode(said.arguments).decode("utf-8", "replace"),
        facts=tuple(describe(fact) for fact in judged.evidence.facts[:6]),
        reason=judged.reason,
    )
