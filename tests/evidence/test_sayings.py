"""Look-ups give what reading every text would give, whether words are rare, common or both, and wherever a search goes on."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.evidence.forms import forms
from magistrate.evidence.provenance import Provenance
from magistrate.evidence.sayings import COMMON, Sayings


def _index(texts: list[set[str]]) -> Sayings:
    said = Sayings()
    for slot, keys in enumerate(texts):
        said.add(slot, keys)
    return said


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(0, 1_400),
    shares=st.lists(st.sampled_from([0.002, 0.03, 0.3, 0.9, 1.0]), min_size=1, max_size=4),
    starts=st.lists(st.integers(0, 1_500), max_size=3),
)
def test_holders_are_the_texts_with_every_key(seed: int, count: int, shares: list[float], starts: list[int]) -> None:
    source = random.Random(seed)
    keys = [f"k{n}" for n in range(len(shares))]
    texts = [{key for key, share in zip(keys, shares, strict=True) if source.random() < share} for _ in range(count)]
    said = Sayings()
    for slot, held in enumerate(texts):
        said.add(slot, held)
        if slot % 300 == 299:  # asked while it grows, as in a run
            assert list(said.holders(keys)) == [n for n in range(slot + 1) if texts[n] >= set(keys)]
    for start in (0, *starts):
        assert list(said.holders(keys, start)) == [n for n in range(start, count) if texts[n] >= set(keys)]


def test_common_keys_are_joined_as_bits_and_rare_ones_slot_by_slot() -> None:
    common = _index([{"a", "b"}] * COMMON)
    rare = _index([{"a", "b"}] * (COMMON - 1))
    assert list(common.holders(["a", "b"])) == list(range(COMMON))
    assert list(rare.holders(["a", "b"])) == list(range(COMMON - 1))
    assert common._bits
    assert not rare._bits
    assert list(rare.holders(["a", "b"], rare=True)) == list(range(COMMON - 1))
    assert not list(common.holders(["a", "b"], rare=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["the red fox", "a blue fox", "red the fox", "the *red* fox", "nothing"]), max_size=30))
def test_a_search_that_goes_on_finds_what_a_fresh_one_finds(texts: list[str]) -> None:
    """`origin` is asked after every text, so that each search stops and goes on; a fresh provenance reads them all at once."""
    growing = Provenance()
    for n, text in enumerate(texts):
        growing.observe(n, "tool", text)
        fresh = Provenance()
        for m, said in enumerate(texts[: n + 1]):
            fresh.observe(m, "tool", said)
        assert growing.origin("the red fox") == fresh.origin("the red fox")
    assert forms("text", "the red fox")  # else nothing was sought
