"""A rule drafted from a gap: what people ruled on it, in the words of the gap, with a recorded action as its example.

A draft is for people to rewrite. It allows or denies only where several people's rulings agree, and escalates otherwise.
"""

from __future__ import annotations

from msgspec.structs import replace

from magistrate.core.records import (
    Action,
    AuthorityLevel,
    Decision,
    Example,
    Match,
    Message,
    Rule,
    Rulebook,
    RunStarted,
)
from magistrate.law.examples import through_gate
from magistrate.law.gaps import Gap, asked_before
from magistrate.ledger import Ledger
from magistrate.rulebook.canonical import canonical_text_of, revised
from magistrate.rulebook.check import check

ENOUGH = 3
"""Rulings from which a draft follows them, when they all say the same."""
_LONG = 600
_EFFECTS = {
    "read": "Reading",
    "create": "Making",
    "overwrite": "Changing",
    "delete": "Deleting",
    "execute": "Running",
    "install": "Installing",
    "network-out": "Asking over the network",
    "network-listen": "Offering to the network",
    "message": "Writing to",
    "payment": "Paying",
    "permission": "Changing the rights of",
    "credential": "Using the keys of",
    "persistence": "Leaving behind",
    "vcs-publish": "Publishing",
    "vcs-rewrite": "Rewriting the history of",
    "infrastructure": "Changing the infrastructure of",
    "database-write": "Writing to",
    "database-destroy": "Destroying",
    "process-stop": "Stopping",
    "spawn-agent": "Starting",
}
_PLACES = {
    "workspace": "in the workspace",
    "temp": "among temporary files",
    "home": "in the home folder",
    "system": "of the system",
    "device": "on a raw device",
    "outside": "outside the workspace",
    "remote": "elsewhere",
    "local": "on this machine",
    "unknown": "in a place that is not known",
}
_STANCES = {
    "asked": "that the person asked for",
    "delegated": "that a document asks for which the person pointed to",
    "implied": "that follows from the request",
    "silent": "that nobody asked for",
    "limited": "outside a limit the person set",
    "forbidden": "that the person ruled out",
}
_ENDS: dict[Decision, str] = {
    "allow": "is part of ordinary work.",
    "escalate": "waits for a person.",
    "deny": "is not done.",
}
_LEVELS: dict[Decision, AuthorityLevel] = {"allow": "guideline", "escalate": "organisation", "deny": "organisation"}


def draft(ledger: Ledger, gap: Gap, rulebook: Rulebook) -> str:
    """The draft as Markdown, ready to be put into a rulebook and rewritten. It stands beside `rulebook` without a fault."""
    decision = _decision(gap)
    rule = Rule(
        id=f"gap.{gap.effect}-{gap.target_kind}-{gap.scope}-{gap.stance}",
        title=f"{_EFFECTS.get(gap.effect, gap.effect)} {_thing(gap)} {_PLACES[gap.scope]}",
        authority=_LEVELS[decision],
        text=f"{_EFFECTS.get(gap.effect, gap.effect)} {_thing(gap)} {_PLACES[gap.scope]} {_STANCES[gap.stance]} {_ENDS[decision]}",
        intent=f"{gap.actions:,} recorded actions of {gap.runs:,} runs did this and no rule covered them; "
        f"people allowed {gap.allowed:,} and denied {gap.denied:,}.",
        safer="" if decision == "allow" else "Say what it is for, and ask.",
        matches=(
            Match(
                decision=decision,
                effect=(gap.effect,),  # type: ignore[arg-type]
                target_kind=(gap.target_kind,),  # type: ignore[arg-type]
                scope=(gap.scope,),  # type: ignore[arg-type]
                stance=(gap.stance,),  # type: ignore[arg-type]
            ),
        ),
    )
    return canonical_text_of(_with_example(ledger, gap, rule, rulebook))


def _decision(gap: Gap) -> Decision:
    if gap.allowed >= ENOUGH and not gap.denied:
        return "allow"
    return "deny" if gap.denied >= ENOUGH and not gap.allowed else "escalate"


def _thing(gap: Gap) -> str:
    article = "an" if gap.target_kind[0] in "aeiou" else "a"
    return "something" if gap.target_kind in ("unknown", "text") else f"{article} {gap.target_kind}"


def _with_example(ledger: Ledger, gap: Gap, rule: Rule, rulebook: Rulebook) -> Rule:
    """The rule with the first recorded action that is short enough and comes out as the rule says, when there is one."""
    complies = rule.matches[0].decision == "allow"
    judge = through_gate()
    for instance in gap.instances:
        cwd, said, action = asked_before(ledger, instance)
        if action is None or said is None or len(said.text) + len(str(action.arguments)) > _LONG:
            continue
        events = (
            RunStarted(host="example", cwd=cwd),
            Message(author="person", text=said.text),
            Action(tool=action.tool, arguments=action.arguments, call_id="c1"),
        )
        tried = replace(rule, examples=(Example(complies=complies, events=events),))
        book = revised(replace(rulebook, rules=(*rulebook.rules, tried)))
        result = check(book, judge, only={rule.id})[0]
        if result.ok and (not complies or result.decision == "allow"):
            return tried
    return rule
