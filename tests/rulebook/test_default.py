"""The shipped rulebook: every rule is whole, its examples come out as they say, nothing in it contradicts itself."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest

from magistrate.core.records import (
    Action,
    Authority,
    Effect,
    EffectKind,
    Evidence,
    Fact,
    Match,
    Reversibility,
    Rule,
    Scope,
    Stance,
)
from magistrate.rulebook.check import check
from magistrate.rulebook.match import Matcher
from magistrate.rulebook.text import default, parse, shipped_text

RULES = default().rules
LEFT_TO_REVIEWERS = {"judgement.likeness"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_whole(rule: Rule) -> None:
    assert rule.text
    assert rule.intent
    assert rule.safer
    if rule.id in LEFT_TO_REVIEWERS:
        # Whether it bears on an action is no question for code, so no transcript can test it.
        assert not rule.matches
        assert rule.authority == "organisation"
        return
    assert {example.complies for example in rule.examples} == {True, False}
    assert rule.matches or rule.authority == "bright-line"


def test_every_effect_has_an_allowed_and_a_restricted_side() -> None:
    for side in ("allow", "restrict"):
        kinds = {
            kind
            for rule in RULES
            for match in rule.matches
            if (match.decision == "allow") is (side == "allow") and not match.certainty
            for kind in match.effect or get_args(EffectKind)
        }
        # Supervision is no agent's to touch, asked or not: nothing allows it.
        assert set(get_args(EffectKind)) - kinds <= ({"oversight"} if side == "allow" else set())


def test_allowances_stand_lowest() -> None:
    assert {rule.authority for rule in RULES for match in rule.matches if match.decision == "allow"} == {"guideline"}


def test_no_two_guidelines_contradict_each_other() -> None:
    """An allow and a restriction of one authority on one fact would be a conflict: some field must keep them apart."""
    guidelines = [(rule.id, match) for rule in RULES if rule.authority == "guideline" for match in rule.matches]
    allows = [(name, match) for name, match in guidelines if match.decision == "allow"]
    others = [(name, match) for name, match in guidelines if match.decision != "allow"]
    clashes = [(a, b) for (a, one), (b, two) in itertools.product(allows, others) if not _apart(one, two)]
    assert not clashes


def test_nothing_usual_is_left_uncovered() -> None:
    """Whatever an effect of any kind says nobody asked for, some rule bears on it."""
    matcher = Matcher(default())
    for kind, scope in itertools.product(get_args(EffectKind), get_args(Scope)):
        if scope == "device" and kind in ("execute", "install", "database-write"):
            continue  # no such thing: left to people
        for stance, reversible in itertools.product(get_args(Stance), get_args(Reversibility)):
            effect = Effect(kind=kind, target="x", scope=scope, reversible=reversible)
            fact = Fact(effect=effect, authority=Authority(stance=stance))
            assert matcher.bearing(Evidence(facts=(fact,)), Action(tool="t")), (kind, scope, stance)


def _apart(allow: Match, restrict: Match) -> bool:
    def lists_apart(name: str) -> bool:
        one, two = getattr(allow, name), getattr(restrict, name)
        return bool(one and two and not set(one) & set(two))

    def switches_apart(name: str) -> bool:
        return None not in (one := (getattr(allow, name), getattr(restrict, name))) and one[0] is not one[1]

    return (
        any(map(lists_apart, ("effect", "stance", "scope", "reversible", "certainty")))
        or any(map(switches_apart, ("instructed", "broad", "production")))
        or bool(restrict.flags and set(restrict.flags) <= set(allow.no_flags))
        or bool(restrict.target and set(restrict.target) <= set(allow.not_target))
    )


def test_examples() -> None:
    gate: Any = pytest.importorskip("magistrate.gate", exc_type=ImportError)
    wrong = [
        f"{result.rule} at default.md:{result.example.line}: {result.problem}: {result.reason}"
        for result in check(default(), gate.judge_example)
        if not result.ok
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def test_examples_that_comply_are_not_stopped_by_anything() -> None:
    gate: Any = pytest.importorskip("magistrate.gate", exc_type=ImportError)
    stopped = [
        f"{result.rule} at default.md:{result.example.line}: {result.decision} {result.cited} {result.reason}"
        for result in check(default(), gate.judge_example)
        if result.example.complies and result.decision != "allow"
    ]
    assert not stopped, "\n" + "\n".join(stopped)


def test_the_desks_examples_come_out_as_they_say() -> None:
    gate: Any = pytest.importorskip("magistrate.gate", exc_type=ImportError)
    results = check(parse(shipped_text("desk.md")), gate.judge_example)
    assert not [result for result in results if not result.ok]
    assert len(results) > 20
