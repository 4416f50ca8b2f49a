"""Matches hold exactly when all their fields do; the compiled form agrees with a plain reading of them."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from magistrate.core.records import (
    Action,
    Authority,
    Certainty,
    Effect,
    EffectKind,
    Evidence,
    Fact,
    Match,
    Origin,
    Reversibility,
    Rule,
    Rulebook,
    Scope,
    Stance,
    TargetKind,
)
from magistrate.rulebook.match import Matcher, matches
from magistrate.rulebook.text import bright_rules

ACTION = Action(tool="bash", arguments={"command": "x"})
FACT = Fact(effect=Effect(kind="delete", target="/repo/a.txt", scope="workspace"), authority=Authority(stance="silent"))


def rule(*found: Match, **fields: Any) -> Rule:
    return Rule(**{"id": "r", "title": "R", "authority": "organisation", "text": "T.", "matches": found, **fields})


def applies(match: Match, fact: Fact = FACT, action: Action = ACTION) -> bool:
    return matches(rule(match), fact, action) is match


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, True),
        ({"effect": ("delete", "read")}, True),
        ({"effect": ("read",)}, False),
        ({"target": ("/repo/*",)}, True),
        ({"target": ("/REPO/*.TXT",)}, True),
        ({"target": ("*.md", "*.txt")}, True),
        ({"target": ("a.txt",)}, False),
        ({"target": ("outside-task",)}, True),
        ({"not_target": ("/repo/*",)}, False),
        ({"not_target": ("/REPO/*",)}, True),
        ({"not_target": ("/other/*",)}, True),
        ({"tool": ("ba*",)}, True),
        ({"tool": ("zsh",)}, False),
        ({"stance": ("silent",)}, True),
        ({"stance": ("asked",)}, False),
        ({"origin": ("agent",)}, False),
        ({"not_said_by": ("person",)}, True),
        ({"instructed": False}, True),
        ({"instructed": True}, False),
        ({"production": False, "broad": False}, True),
        ({"flags": ("force",)}, False),
        ({"no_flags": ("force",)}, True),
    ],
    ids=str,
)
def test_fields_of_a_restriction(fields: dict[str, Any], expected: bool) -> None:
    assert applies(Match(decision="deny", **fields)) is expected


def test_case_counts_only_where_ignoring_it_would_open_a_door() -> None:
    assert not applies(Match(decision="allow", effect=("delete",), target=("/REPO/*",)))
    assert not applies(Match(decision="allow", effect=("delete",), not_target=("/REPO/*",)))
    assert applies(Match(decision="deny", target=("/REPO/*",)))
    assert applies(Match(decision="deny", not_target=("/REPO/*",)))


def test_what_cannot_be_resolved_is_never_allowed() -> None:
    fact = replace(FACT, effect=replace(FACT.effect, certainty="dynamic"))
    assert not applies(Match(decision="allow", effect=("delete",)), fact)
    assert applies(Match(decision="escalate", effect=("delete",)), fact)


@pytest.mark.parametrize("stance", get_args(Stance))
def test_outside_task_is_what_nobody_covers(stance: Stance) -> None:
    fact = replace(FACT, authority=Authority(stance=stance))
    assert applies(Match(decision="deny", target=("outside-task",)), fact) is (
        stance in ("silent", "limited", "forbidden")
    )


def test_the_strictest_match_of_a_rule_answers() -> None:
    allow, deny, ask = (Match(decision=d, effect=("delete",)) for d in ("allow", "deny", "escalate"))  # type: ignore[arg-type]
    assert matches(rule(allow, deny, ask), FACT, ACTION) is deny
    ((found, match, at),) = Matcher(Rulebook(rules=(rule(allow, deny, ask),), revision="x")).bearing(
        Evidence(facts=(FACT,)), ACTION
    )
    assert (found.id, match, at) == ("r", deny, 0)


def words(literal: Any, size: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(get_args(literal)), max_size=size, unique=True).map(tuple)


FLAGS = st.lists(st.sampled_from(["force", "secret", "bulk"]), max_size=2, unique=True).map(tuple)
AUTHORS = st.lists(st.sampled_from(["person", "system", "agent", "tool"]), max_size=2, unique=True).map(tuple)
SWITCH = st.sampled_from([None, True, False])
MATCHES = st.builds(
    Match,
    decision=st.sampled_from(["allow", "deny", "escalate"]),
    effect=words(EffectKind, 12),
    target_kind=words(TargetKind, 8),
    scope=words(Scope, 6),
    reversible=words(Reversibility),
    certainty=words(Certainty),
    production=SWITCH,
    broad=SWITCH,
    flags=FLAGS,
    no_flags=FLAGS,
    stance=words(Stance),
    origin=AUTHORS,
    said_by=AUTHORS,
    not_said_by=AUTHORS,
    instructed=SWITCH,
    effect_asked=SWITCH,
    target_named=SWITCH,
    target=st.sampled_from([(), ("a*",), ("outside-task", "b?")]),
    not_target=st.sampled_from([(), ("*c",)]),
    tool=st.sampled_from([(), ("ba*",)]),
    secret=SWITCH,
)
FACTS = st.builds(
    Fact,
    effect=st.builds(
        Effect,
        kind=st.sampled_from(get_args(EffectKind)),
        target=st.sampled_from(["", "a", "abc", "bx"]),
        target_kind=st.sampled_from(get_args(TargetKind)),
        scope=st.sampled_from(get_args(Scope)),
        reversible=st.sampled_from(get_args(Reversibility)),
        certainty=st.sampled_from(get_args(Certainty)),
        production=st.booleans(),
        broad=st.booleans(),
        flags=FLAGS,
    ),
    authority=st.builds(
        Authority, stance=st.sampled_from(get_args(Stance)), effect_asked=st.booleans(), target_named=st.booleans()
    ),
    origin=st.none()
    | st.builds(
        Origin,
        author=st.sampled_from(["person", "system", "agent", "tool"]),
        event=st.just(1),
        also=AUTHORS,
        instructed=st.booleans(),
    ),
)


def plain(match: Match, fact: Fact, action: Action) -> bool:
    """The meaning of a match, field by field, as the record's docstrings say it."""
    effect, authority, origin = fact.effect, fact.authority, fact.origin
    said = {origin.author, *origin.also} if origin else set()

    def any_of(given: tuple[str, ...], value: str) -> bool:
        return not given or value in given

    def switch(given: bool | None, value: bool) -> bool:
        return given is None or given is value

    outside = "outside-task" in match.target and authority.stance in ("silent", "limited", "forbidden")
    return (
        not (match.decision == "allow" and effect.certainty == "dynamic")
        and any_of(match.effect, effect.kind)
        and any_of(match.target_kind, effect.target_kind)
        and any_of(match.scope, effect.scope)
        and any_of(match.reversible, effect.reversible)
        and any_of(match.certainty, effect.certainty)
        and switch(match.production, effect.production)
        and switch(match.broad, effect.broad)
        and (not match.flags or bool(set(match.flags) & set(effect.flags)))
        and not set(match.no_flags) & set(effect.flags)
        and any_of(match.stance, authority.stance)
        and (not match.origin or (origin is not None and origin.author in match.origin))
        and (not match.said_by or bool(said & set(match.said_by)))
        and not said & set(match.not_said_by)
        and switch(match.instructed, origin is not None and origin.instructed)
        and switch(match.effect_asked, authority.effect_asked)
        and switch(match.target_named, authority.target_named)
        and (not match.target or outside or any(fnmatchcase(effect.target, glob) for glob in match.target))
        and not any(fnmatchcase(effect.target, glob) for glob in match.not_target)
        and switch(match.secret, "secret" in effect.flags or "MASKED-" in str(action.arguments))
        and (not match.tool or any(fnmatchcase(action.tool, glob) for glob in match.tool))
    )


@settings(max_examples=300)
@given(MATCHES, FACTS, st.booleans())
def test_compiled_agrees_with_a_plain_reading(match: Match, fact: Fact, masked: bool) -> None:
    action = Action(tool="bash", arguments={"parts": [{"text": "key MASKED-api-key-1a2b"}]}) if masked else ACTION
    expected = plain(match, fact, action)
    assert applies(match, fact, action) is expected
    loose = Match(decision=match.decision, effect=match.effect, stance=match.stance)
    assert applies(loose, fact) is plain(loose, fact, ACTION)
    bearing = Matcher(Rulebook(rules=(rule(match),), revision="x")).bearing(Evidence(facts=(fact,)), action)
    assert any(found.id == "r" for found, _, _ in bearing) is expected


@settings(max_examples=300)
@given(st.lists(st.text("ab/*?[]!", min_size=1, max_size=5), min_size=1, max_size=3), st.text("abAB/*[", max_size=6))
def test_globs_are_those_of_fnmatch(globs: list[str], target: str) -> None:
    fact = replace(FACT, effect=replace(FACT.effect, target=target))
    exact = Match(decision="allow", effect=("delete",), target=tuple(globs))
    assert applies(exact, fact) is any(fnmatchcase(target, glob) for glob in globs)
    loose = Match(decision="deny", target=tuple(globs))
    assert applies(loose, fact) is any(fnmatchcase(target.lower(), glob.lower()) for glob in globs)


def test_globs_do_not_backtrack() -> None:
    match = Match(decision="deny", target=("*a*a*a*a*a*a*a*b",))
    fact = replace(FACT, effect=replace(FACT.effect, target="a" * 20_000))
    started = time.process_time()
    assert not applies(match, fact)
    assert time.process_time() - started < 20  # a hang, not a speed: seconds of CPU on any machine


def test_bright_lines_hold_under_any_rulebook() -> None:
    wipe = Fact(
        effect=Effect(kind="delete", target="/", target_kind="path", scope="system", broad=True, flags=("recursive",)),
        authority=Authority(stance="asked"),
    )
    lax = Rulebook(rules=(rule(Match(decision="allow", effect=("delete",)), authority="guideline"),), revision="x")
    bearing = Matcher(lax).bearing(Evidence(facts=(wipe,)), ACTION)
    assert ("bright.wipe", "deny", 0) in [(found.id, match.decision, at) for found, match, at in bearing]
    assert {found.id for found in bright_rules()} >= {"bright.wipe"}
