"""What is told of globs and matches without a fact agrees with what facts show."""

from __future__ import annotations

import fnmatch
import re
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from magistrate.core.records import Action, Authority, Effect, EffectKind, Fact, Match, Origin
from magistrate.rulebook.globs import _walk, covers, overlap
from magistrate.rulebook.match import matches
from magistrate.rulebook.space import witness
from magistrate.rulebook.text import default

GLOBS = st.text("ab/*?", max_size=5) | st.sampled_from(["[ab]*", "[!a]", "*[a-b]", "[", "a]"])
TEXTS = st.text("ab/c[]", max_size=6)


def fits(glob: str, text: str) -> bool:
    return re.match(fnmatch.translate(glob), text) is not None


@settings(max_examples=100)
@given(GLOBS, GLOBS, TEXTS)
def test_globs_agree_with_texts(one: str, other: str, text: str) -> None:
    if fits(one, text) and fits(other, text):
        assert overlap(one, other)
    if fits(one, text) and not fits(other, text):
        assert not covers(other, one)


STARS = st.lists(st.text("ab", max_size=3), min_size=1, max_size=4).map("*".join)


@settings(max_examples=200)
@given(STARS, STARS)
def test_short_ways_agree_with_the_long_one(one: str, other: str) -> None:
    assert overlap(one, other) is _walk(one, other, lambda first, second: first and second)
    assert covers(one, other) is not _walk(other, one, lambda first, second: first and not second)


@pytest.mark.parametrize(
    ("wide", "narrow", "covered", "overlapping"),
    [
        ("*", "a*b", True, True),
        ("*/notes/*", "*/notes/*.md", True, True),
        ("*/notes/*.md", "*/notes/*", False, True),
        ("*.env", "*.md", False, False),
        ("a*", "*b", False, True),
        ("?", "[xy]", True, True),
        ("[!x]", "x", False, False),
    ],
)
def test_globs_by_example(wide: str, narrow: str, covered: bool, overlapping: bool) -> None:
    assert covers(wide, narrow) is covered
    assert overlap(wide, narrow) is overlapping


RULE = next(rule for rule in default().rules if rule.matches)
KINDS = ("delete", "message", "read")
FLAGS = ("bulk", "secret", "upload")


@st.composite
def small_matches(draw: st.DrawFn) -> Match:
    def some(words: Any) -> Any:
        return st.one_of(st.just(()), st.lists(st.sampled_from(words), min_size=1, max_size=2, unique=True).map(tuple))

    switch = st.sampled_from([None, None, None, True, False])
    return Match(
        decision=draw(st.sampled_from(["allow", "escalate", "deny"])),
        effect=draw(some(KINDS)),
        scope=draw(some(("home", "temp"))),
        stance=draw(some(("asked", "silent"))),
        certainty=draw(some(("parsed", "dynamic"))),
        flags=draw(some(FLAGS)),
        no_flags=draw(some(FLAGS)),
        origin=draw(some(("person", "tool"))),
        said_by=draw(some(("person", "tool"))),
        not_said_by=draw(some(("person", "tool"))),
        instructed=draw(switch),
        broad=draw(switch),
        secret=draw(switch),
        target=draw(some(("a*", "*B", "ab", "outside-task"))),
        not_target=draw(some(("a*", "*b", "AB"))),
        tool=draw(some(("x*", "*Y"))),
    )


@st.composite
def facts(draw: st.DrawFn) -> tuple[Fact, Action]:
    origin = draw(
        st.one_of(
            st.none(),
            st.builds(
                Origin,
                author=st.sampled_from(["person", "tool", "agent"]),
                event=st.just(1),
                also=st.lists(st.sampled_from(["person", "tool"]), max_size=2).map(tuple),
                instructed=st.booleans(),
            ),
        )
    )
    effect = Effect(
        kind=draw(st.sampled_from(KINDS)),
        target=draw(st.sampled_from(["", "ab", "AB", "axb", "aB", "c"])),
        scope=draw(st.sampled_from(["home", "temp", "remote"])),
        certainty=draw(st.sampled_from(["parsed", "dynamic"])),
        broad=draw(st.booleans()),
        flags=draw(st.lists(st.sampled_from(FLAGS), unique=True).map(tuple)),
    )
    authority = Authority(stance=draw(st.sampled_from(["asked", "silent"])))
    return Fact(effect=effect, authority=authority, origin=origin), Action(tool=draw(st.sampled_from(["x", "XY", "z"])))


def holds(match: Match, fact: Fact, action: Action) -> bool:
    return matches(replace(RULE, matches=(match,)), fact, action) is not None


@settings(max_examples=60)
@given(st.lists(small_matches(), min_size=1, max_size=2), st.lists(small_matches(), max_size=3), facts())
def test_no_witness_means_no_fact(inside: list[Match], outside: list[Match], shown: tuple[Fact, Action]) -> None:
    hit = all(holds(match, *shown) for match in inside) and not any(holds(match, *shown) for match in outside)
    if hit:
        assert witness(inside, outside) is not None


def test_a_union_covers() -> None:
    wide = Match(decision="escalate", effect=("delete",))
    parts = [
        Match(decision="deny", effect=("delete",), broad=True, stance=("asked", "silent")),
        Match(decision="deny", effect=get_args(EffectKind), broad=False),
        Match(decision="deny", stance=("delegated", "implied", "limited", "forbidden"), broad=True),
    ]
    assert witness([wide], parts) is None
    found = witness([wide], parts[:2])
    assert found
    assert "broad" in str(found)


def test_cases_of_globs_are_not_confused() -> None:
    loose = Match(decision="deny", effect=("delete",), target=("*.ENV",))
    exact = Match(decision="allow", effect=("delete",), target=("*.env",))
    assert witness([exact], [loose]) is None
    assert witness([loose], [exact]) is not None
