"""The bench makes no law: what no rule covers joins a queue, people rule on it, and their rulings become proposed rules.

The queue is read off the ledger: verdicts with the basis `no-rule`, with the facts that the law *now* leaves open, so that what a later
rule covers leaves the queue. Gaps are grouped by what a rule could say: kind of effect, kind of target, where it lies, what the person
said of it. Rulings on such verdicts are precedents: examples that a reviewer may follow, never rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from magistrate.core.protocols import Precedent
from magistrate.core.records import (
    Action,
    Basis,
    Decision,
    Evidence,
    Fact,
    Message,
    Record,
    Rule,
    Rulebook,
    Ruling,
    RunStarted,
    Verdict,
)
from magistrate.ledger import Ledger
from magistrate.rulebook.match import Matcher
from magistrate.verdicts import describe

Key = tuple[str, str, str, str]
"""Kind of effect, kind of target, scope, stance."""
_CHUNK = 2_000
_SHOWN = 20


class Instance(Record, frozen=True, kw_only=True):
    """One action with something that no rule covers."""

    run: str
    action: int
    verdict: int
    facts: tuple[Fact, ...]
    """Those that are left open."""
    ruled: str = ""
    """`allow` or `deny`, when a person ruled on it."""
    because: str = ""


class Gap(Record, frozen=True, kw_only=True):
    """Actions with one kind of fact that no rule covers."""

    effect: str
    target_kind: str
    scope: str
    stance: str
    actions: int
    runs: int
    allowed: int
    """Ruled so by people."""
    denied: int
    tools: tuple[tuple[str, int], ...]
    instances: tuple[Instance, ...]
    """The first ones, those ruled on before others."""

    @property
    def waiting(self) -> int:
        """Actions that nobody ruled on."""
        return self.actions - self.allowed - self.denied


class _Verdict(msgspec.Struct, frozen=True):
    """What is read of a recorded verdict."""

    action: int
    basis: Basis
    decision: Decision
    rules: tuple[str, ...] = ()
    evidence: Evidence = Evidence()


_DECODE = msgspec.json.Decoder(_Verdict)


def gaps(ledger: Ledger, rulebook: Rulebook) -> list[Gap]:
    """What recorded actions did and the law leaves open, the most frequent first."""
    groups: dict[Key, list[Instance]] = {}
    for instance in instances(ledger, rulebook):
        for key in dict.fromkeys(key_of(fact) for fact in instance.facts):
            groups.setdefault(key, []).append(instance)
    found = [_gap(ledger, key, members) for key, members in groups.items()]
    return sorted(found, key=lambda gap: (-gap.actions, gap.effect, gap.target_kind, gap.scope, gap.stance))


def instances(ledger: Ledger, rulebook: Rulebook) -> Iterator[Instance]:
    """Every recorded action that was judged for want of a rule and that the law still leaves open."""
    matcher = Matcher(rulebook)
    rulings = _rulings(ledger)
    seen: set[tuple[str, int]] = set()
    for run, n, verdict in _verdicts(ledger, "AND json_extract(body, '$.basis') = 'no-rule'"):
        if (run, verdict.action) in seen:
            continue
        seen.add((run, verdict.action))
        if found := _instance(ledger, matcher, run, n, verdict, rulings.get((run, n))):
            yield found


def _instance(
    ledger: Ledger, matcher: Matcher, run: str, n: int, verdict: _Verdict | Verdict, ruling: Ruling | None
) -> Instance | None:
    """The action of a verdict, if the law still leaves some of what it did open."""
    event = ledger.event(run, verdict.action)
    action = event.body if event and isinstance(event.body, Action) else Action(tool="")
    covered = {at for _, _, at in matcher.bearing(verdict.evidence, action)}
    open_ = tuple(fact for at, fact in enumerate(verdict.evidence.facts) if at not in covered)
    if not open_:
        return None
    return Instance(
        run=run,
        action=verdict.action,
        verdict=n,
        facts=open_,
        ruled=ruling.decision if ruling else "",
        because=ruling.because if ruling else "",
    )


def key_of(fact: Fact) -> Key:
    """What a rule about a fact could say."""
    return fact.effect.kind, fact.effect.target_kind, fact.effect.scope, fact.authority.stance


def _gap(ledger: Ledger, key: Key, members: Sequence[Instance]) -> Gap:
    effect, target_kind, scope, stance = key
    ruled = Counter(member.ruled for member in members)
    tools: Counter[str] = Counter()
    for member in members[:500]:
        event = ledger.event(member.run, member.action)
        tools[event.body.tool if event and isinstance(event.body, Action) else "?"] += 1
    return Gap(
        effect=effect,
        target_kind=target_kind,
        scope=scope,
        stance=stance,
        actions=len(members),
        runs=len({member.run for member in members}),
        allowed=ruled["allow"],
        denied=ruled["deny"],
        tools=tuple(tools.most_common(3)),
        instances=tuple(sorted(members, key=lambda member: not member.ruled)[:_SHOWN]),
    )


def _verdicts(ledger: Ledger, where: str = "") -> Iterator[tuple[str, int, _Verdict]]:
    """Recorded verdicts in order, a stretch of the ledger at a time."""
    last = int(ledger.query("SELECT coalesce(max(id), 0) FROM events")[0][0])
    for low in range(1, last + 1, _CHUNK):
        query = f"SELECT run, n, body FROM events WHERE id BETWEEN ? AND ? AND kind = 'verdict' {where} ORDER BY id"  # noqa: S608
        for run, n, body in ledger.query(query, (low, low + _CHUNK - 1)):
            yield run, n, _DECODE.decode(body)


def _rulings(ledger: Ledger) -> dict[tuple[str, int], Ruling]:
    """The last ruling on each verdict."""
    found = {}
    for event in ledger.events(kinds=("ruling",)):
        if isinstance(event.body, Ruling):
            found[event.run, event.body.verdict] = event.body
    return found


# ---------------------------------------------------------------- precedents


class Precedents:
    """What people ruled on what no rule covers, to be looked up by what an action would do."""

    def __init__(self, ledger: Ledger, rulebook: Rulebook, *, each: int = 5, most: int = 2000) -> None:
        """`each`: given for one case; `most`: rulings that are remembered, the latest. What nobody ruled on is not read."""
        self._each = each
        self._known: dict[Key, list[Precedent]] = {}
        for instance in _ruled(ledger, rulebook, most):
            precedent = Precedent(
                run=instance.run,
                verdict=instance.verdict,
                decision="allow" if instance.ruled == "allow" else "deny",
                facts=tuple(describe(fact) for fact in instance.facts[:4]),
                because=instance.because,
            )
            for key in dict.fromkeys(key_of(fact) for fact in instance.facts):
                self._known.setdefault(key, []).append(precedent)

    def like(self, evidence: Evidence) -> tuple[Precedent, ...]:
        """The latest precedents on facts like these, for `Case.precedents`; bounded."""
        found = [one for fact in evidence.facts for one in self._known.get(key_of(fact), ())[-self._each :]]
        return tuple(dict.fromkeys(found))[: self._each]


def _ruled(ledger: Ledger, rulebook: Rulebook, most: int) -> Iterator[Instance]:
    """The latest instances that people ruled on, oldest first."""
    matcher = Matcher(rulebook)
    for (run, n), ruling in [*_rulings(ledger).items()][-most:]:
        event = ledger.event(run, n)
        verdict = event.body if event else None
        if not isinstance(verdict, Verdict) or verdict.basis != "no-rule":
            continue
        if found := _instance(ledger, matcher, run, n, verdict, ruling):
            yield found


# ---------------------------------------------------------------- law made by the bench


class Legislation(Record, frozen=True, kw_only=True):
    """How often a verdict rests on no law."""

    verdicts: int
    """With something for a rule to bear on."""
    no_rule: int
    not_bearing: int
    """Cite rules of which none speaks of any effect of the action."""
    judgement: int
    """Cite rules without a match only: whether they bear on it, code cannot tell. Not counted as made by the bench."""
    trees: dict[str, int]
    hits: dict[str, int]
    """Verdicts, and those that rest on no law, by run."""


def legislation(ledger: Ledger, rulebook: Rulebook) -> Legislation:
    """Verdicts with no rule, or whose cited rules do not bear on the action's effects. Cited rules are read in `rulebook`."""
    rules = {rule.id: rule for rule in rulebook.rules}
    counts: Counter[str] = Counter()
    trees: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for run, _, verdict in _verdicts(ledger):
        if verdict.basis not in ("bright-line", "rule", "conflict", "reviewer", "no-rule"):
            continue
        trees[run] += 1
        kind = _grounds(verdict, rules)
        counts[kind] += 1
        hits[run] += kind in ("no-rule", "not-bearing")
    return Legislation(
        verdicts=sum(trees.values()),
        no_rule=counts["no-rule"],
        not_bearing=counts["not-bearing"],
        judgement=counts["judgement"],
        trees=dict(trees),
        hits={run: count for run, count in hits.items() if count},
    )


def _grounds(verdict: _Verdict, rules: dict[str, Rule]) -> str:
    if verdict.basis == "no-rule" or not verdict.rules:
        return "no-rule"
    cited = [rules[name] for name in verdict.rules if name in rules]
    kinds = {fact.effect.kind for fact in verdict.evidence.facts}
    if any(_bears(rule, kinds) for rule in cited):
        return "bears"
    return "judgement" if any(not rule.matches for rule in cited) or not cited else "not-bearing"


def _bears(rule: Rule, kinds: set[Any]) -> bool:
    """Whether a rule speaks of any of these effects."""
    if rule.authority == "bright-line":
        return True
    return any(not match.effect or not kinds.isdisjoint(match.effect) for match in rule.matches)


# ---------------------------------------------------------------- from a gap to a proposal


def asked_before(ledger: Ledger, instance: Instance) -> tuple[str, Message | None, Action | None]:
    """The working folder, the last words of a person before the action, and the action."""
    started = ledger.event(instance.run, 0)
    cwd = started.body.cwd if started and isinstance(started.body, RunStarted) else ""
    said: Message | None = None
    for event in ledger.events(instance.run, kinds=("message",)):
        if event.n >= instance.action:
            break
        if isinstance(event.body, Message) and event.body.author == "person":
            said = event.body
    last = ledger.event(instance.run, instance.action)
    return cwd, said, last.body if last and isinstance(last.body, Action) else None
