"""Features: one number for each, all finite, from any evidence; and who said a value."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.records import Authority, Course, Effect, Evidence, Fact, Order, Ordered, Origin, Part, Voices
from magistrate.review.features import FEATURES, features, whose

counts = st.integers(0, 60)
authors = st.sampled_from(["person", "system", "agent", "tool"])
stances = st.sampled_from(["asked", "delegated", "implied", "silent", "limited", "forbidden"])
signs = st.lists(st.sampled_from(["reader", "override", "imperative", "secrecy"]), max_size=3).map(tuple)
origins = st.builds(
    Origin,
    author=authors,
    event=st.integers(-1, 9),
    also=st.lists(authors, max_size=2).map(tuple),
    instructed=st.booleans(),
)
effects = st.builds(
    Effect, kind=st.sampled_from(["read", "delete", "payment"]), target=st.sampled_from(["", "a"]), broad=st.booleans()
)
facts = st.builds(
    Fact,
    effect=effects,
    authority=st.builds(Authority, stance=stances, effect_asked=st.booleans(), target_named=st.booleans()),
    origin=st.none() | origins,
)
parts = st.builds(
    Part, path=st.just("to"), kind=st.sampled_from(["address", "text"]), value=st.just("x"), origin=origins
)
voices = st.builds(Voices, count=st.integers(0, 9), person=st.integers(0, 9), orders=st.integers(0, 9))
ordered = st.builds(Ordered, stance=stances, effect_asked=st.booleans(), strength=st.floats(0, 20), signs=signs)
orders = st.builds(
    Order,
    event=counts,
    strength=st.floats(0, 20),
    signs=signs,
    shared=counts,
    own=counts,
    count=st.integers(1, 60),
    age=counts,
)


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    found = draw(st.lists(facts, max_size=3).map(tuple))
    told = tuple(draw(ordered) for _ in found) if draw(st.booleans()) else ()
    course = Course(
        name=draw(voices), words=draw(voices), order=draw(st.none() | orders), orders=told, actions=draw(counts)
    )
    return Evidence(
        facts=found, parts=draw(st.lists(parts, max_size=4).map(tuple)), course=draw(st.none() | st.just(course))
    )


@settings(max_examples=150)
@given(evidences())
def test_every_evidence_gives_one_finite_number_for_each_feature(evidence: Evidence) -> None:
    numbers = features(evidence)
    assert len(numbers) == len(FEATURES)
    assert all(isfinite(number) for number in numbers)
    assert numbers == features(evidence)


def test_features_are_documented_and_distinct() -> None:
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    assert all(feature.meaning and feature.direction in (-1, 1) for feature in FEATURES)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, 1),
        (Origin(author="agent", event=-1), 1),
        (Origin(author="person", event=1, instructed=True), 0),
        (Origin(author="tool", event=2, also=("person",)), 0),
        (Origin(author="tool", event=2), 2),
        (Origin(author="agent", event=2, also=("tool",), instructed=True), 3),
    ],
)
def test_whose_a_value_is(origin: Origin | None, expected: int) -> None:
    assert whose(origin) == expected
