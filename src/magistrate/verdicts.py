"""From evidence to a finding, from a finding to a verdict: pure functions over a rulebook's matches.

How matches combine (`combine`), for each fact of the evidence:

- the strictest matching rule decides, whatever its authority: a lower rule may tighten, never loosen, what a higher one fixes;
- an allow and a restriction of the same authority on the same fact are a conflict, which a person settles: escalate;
- a fact that no rule matches is uncovered: the rulebook's `on_uncovered`;
- an action without any effect has nothing for a rule to bear on, and is allowed as `no-effect`;

and the strictest fact decides for the action.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec.structs import replace

from magistrate.core.canon import content_hash, now
from magistrate.core.records import (
    AUTHORITY_ORDER,
    Action,
    Basis,
    Decision,
    Evidence,
    Fact,
    Match,
    Opinion,
    Record,
    Rule,
    Rulebook,
    Verdict,
)
from magistrate.rulebook.autonomy import SCOPE, Excess
from magistrate.rulebook.match import Matcher

STRICTNESS: dict[Decision, int] = {"allow": 0, "escalate": 1, "deny": 2}

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
    bright: bool = False
    """A bright line is crossed: nothing that a person rules waives that."""


# ---------------------------------------------------------------- from evidence to a finding


def find(matcher: Matcher, evidence: Evidence, action: Action) -> Finding:
    """What the rules say of an action: pure."""
    return combine(matcher.bearing(evidence, action), len(evidence.facts), matcher.rulebook.on_uncovered)


def combine(bearing: Sequence[Bearing], facts: int, on_uncovered: Decision) -> Finding:
    """Combine matches into one finding, as the module's docstring says. `facts`: how many facts there are."""
    bright = any(rule.authority == "bright-line" and match.decision != "allow" for rule, match, _ in bearing)
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
    return Finding(decision=chosen[0][0], basis=basis, deciding=deciding, uncovered=uncovered, bright=bright)


_BASES: tuple[Basis, ...] = ("bright-line", "rule", "conflict", "no-rule")


def _settle(entries: Sequence[Bearing]) -> tuple[Decision, Basis, tuple[Bearing, ...]]:
    """One fact's decision, its basis, and the matches it rests on."""
    worst = max(STRICTNESS[match.decision] for _, match, _ in entries)
    top = [entry for entry in entries if STRICTNESS[entry[1].decision] == worst]
    if worst:
        allowed = {rule.authority for rule, match, _ in entries if match.decision == "allow"}
        firm = [entry for entry in top if entry[0].authority not in allowed - {"bright-line"}]
        if not firm:
            conflict = [entry for entry in entries if entry[0].authority in {rule.authority for rule, _, _ in top}]
            return "escalate", "conflict", tuple(conflict)
        top = firm
    top.sort(key=lambda entry: AUTHORITY_ORDER.index(entry[0].authority))
    basis: Basis = "bright-line" if top[0][0].authority == "bright-line" else "rule"
    return top[0][1].decision, basis, tuple(top)


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
    verdict = Verdict(
        action=n,
        decision=finding.decision,
        basis=finding.basis,
        revision=rulebook.revision,
        rules=tuple(dict.fromkeys(rule.id for rule, _, _ in finding.deciding)),
        reason=_reason(finding, evidence),
        advice=_advice(finding),
        evidence=evidence,
        deciding=_deciding(finding),
        mode=mode,  # type: ignore[arg-type]
        input_hash=content_hash([action.tool, action.arguments, evidence]),
    )
    return tighten(verdict, opinions, rulebook) if opinions else verdict


def tighten(verdict: Verdict, opinions: Sequence[Opinion], rulebook: Rulebook) -> Verdict:
    """The verdict with what reviewers say of it, each of whom can only make it stricter."""
    for opinion in opinions:
        proposed = rulebook.on_unavailable if opinion.unavailable else opinion.decision or "allow"
        if STRICTNESS[proposed] <= STRICTNESS[verdict.decision]:
            continue
        verdict = replace(
            verdict,
            decision=proposed,
            basis="unavailable" if opinion.unavailable else "reviewer",
            rules=opinion.rules,
            deciding=(),
            reason=f"{opinion.reviewer}: {opinion.unavailable or opinion.reason}",
            advice=_UNREVIEWED + "a person has been asked."
            if opinion.unavailable
            else told(rule for rule in rulebook.rules if rule.id in opinion.rules) or "A reviewer stopped this.",
        )
    return replace(verdict, opinions=tuple(opinions))


def confined(verdict: Verdict, limits: Sequence[Excess]) -> Verdict:
    """The verdict on an action that leaves a scope of autonomy: the strictest excess stands where it is stricter."""
    worst = max(limits, key=lambda limit: STRICTNESS[limit.decision], default=None)
    if worst is None or STRICTNESS[worst.decision] <= STRICTNESS[verdict.decision]:
        return verdict
    grave = [limit for limit in limits if limit.decision == worst.decision]
    return replace(
        verdict,
        decision=worst.decision,
        basis="rule",
        rules=(SCOPE.id,),
        deciding=tuple(dict.fromkeys(limit.fact for limit in grave if limit.fact >= 0)),
        reason=f"{SCOPE.id}: " + "; ".join(_limit(limit) for limit in grave[:3]),
        advice=told([SCOPE]),
    )


def _limit(limit: Excess) -> str:
    place = f" ({limit.scope.source}:{limit.scope.line})" if limit.scope.source else ""
    return limit.why + place


_UNREVIEWED = "This could not be reviewed, which is not a judgement on it; "


def unseen(n: int, why: str, decision: Decision, rulebook: Rulebook, mode: str) -> Verdict:
    """The verdict on an action that could not be looked at."""
    return Verdict(
        action=n,
        decision=decision,
        basis="unavailable",
        revision=rulebook.revision,
        reason=why[:500],
        advice=_UNREVIEWED + ("it was not allowed." if decision == "deny" else "a person has been asked."),
        mode=mode,  # type: ignore[arg-type]
        at=now(),
    )


def _deciding(finding: Finding) -> tuple[int, ...]:
    """The facts that a refusal rests on."""
    if finding.decision == "allow":
        return ()
    return tuple(dict.fromkeys(at for _, _, at in finding.deciding)) or finding.uncovered


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
    return told({rule.id: rule for rule, _, _ in finding.deciding[:3]}.values())


def told(rules: Iterable[Rule]) -> str:
    """What the agent hears of rules: the obligation and a safer path."""
    return " ".join(f"[{rule.id}] {rule.title}." + (f" {rule.safer}" if rule.safer else "") for rule in rules)


Telling = Literal["all", "rule", "nothing"]
"""What the agent hears of a refusal: rule and safer path, the rule alone, or only that it was not allowed."""


def tell(verdict: Verdict, telling: Telling, rulebook: Rulebook) -> Verdict:
    """The verdict with as much for the agent as it may hear; what the ledger keeps for people does not change."""
    if telling == "all" or not verdict.advice:
        return verdict
    named = " ".join(f"[{rule.id}] {rule.title}." for rule in rulebook.rules if rule.id in verdict.rules)
    return replace(verdict, advice=(named if telling == "rule" else "") or "This was not allowed.")
