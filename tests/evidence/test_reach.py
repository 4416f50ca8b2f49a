"""What a clause names is found by words: the look-up must agree with comparing every mention."""

from __future__ import annotations

from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.records import Action, Effect
from magistrate.evidence.names import MentionKind, mention, names, naming, reach, target_of

TEXTS = st.sampled_from(
    [
        "src/*.py",
        "*",
        "src/a.py",
        "Anna",
        "anna.b@x.org",
        "the tmp folder",
        "/w/tmp",
        "x.org",
        "---",
        "eBay",
        "EBAY",
        "7",
        "",
    ]
)
SAID = st.lists(st.builds(mention, st.just("object"), st.sampled_from(get_args(MentionKind)), TEXTS), max_size=4)
KINDS = st.sampled_from(["path", "url", "host", "address", "account", "branch", "repository", "other"])


@settings(max_examples=400, deadline=None)
@given(said=SAID, text=TEXTS, kind=KINDS, other=TEXTS)
def test_looking_up_agrees_with_comparing_all(said, text, kind, other):
    effect = Effect(kind="overwrite", target=text, target_kind=kind)
    target = target_of(effect, Action(tool="t", arguments={"a": text, "b": other}))
    found = naming(reach(said), target)
    assert [m for m in said if m in found] == [m for m in said if names(m, target)]
