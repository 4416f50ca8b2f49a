"""Trees as arrays: the traversal against a plain recursive one, attributions that add up, hostile files turned away."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.errors import ConfigError
from magistrate.review.features import FEATURES
from magistrate.review.screen import Screen, read
from magistrate.review.trees import Forest, scorer

numbers = st.floats(-10, 10)


@st.composite
def forests(draw: st.DrawFn, width: int = 4) -> Forest:
    """A few small trees with the children after their parents, inner values being means of their children's."""
    roots: list[int] = []
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    value: list[float] = []

    def grow(depth: int) -> int:
        at = len(feature)
        leaf = depth == 0 or draw(st.booleans())
        feature.append(-1 if leaf else draw(st.integers(0, width - 1)))
        threshold.append(draw(numbers))
        left.append(0)
        right.append(0)
        value.append(draw(numbers))
        if not leaf:
            left[at] = grow(depth - 1)
            right[at] = grow(depth - 1)
            value[at] = (value[left[at]] + value[right[at]]) / 2
        return at

    for _ in range(draw(st.integers(1, 3))):
        roots.append(grow(3))
    return Forest(draw(numbers), roots, feature, threshold, left, right, value)


def plainly(forest: Forest, node: int, x: Sequence[float]) -> float:
    asked = forest.feature[node]
    if asked < 0:
        return forest.value[node]
    return plainly(forest, (forest.left if x[asked] <= forest.threshold[node] else forest.right)[node], x)


@settings(max_examples=60)
@given(forests(), st.data())
def test_score_and_contributions_agree_with_a_plain_reading(forest: Forest, data: st.DataObject) -> None:
    forest.check(4)
    values = numbers | st.sampled_from(forest.threshold)  # on a threshold is left of it
    x = data.draw(st.lists(values, min_size=4, max_size=4))
    expected = forest.base + sum(plainly(forest, root, x) for root in forest.roots)
    assert scorer(forest)(x) == pytest.approx(expected)
    means = forest.base + sum(forest.value[root] for root in forest.roots)
    assert means + sum(forest.contributions(x)) == pytest.approx(expected)


BROKEN = [
    {"feature": [7, -1, -1]},
    {"left": [0, 0, 0]},  # a cycle
    {"right": [9, 0, 0]},
    {"roots": [5]},
    {"value": [0.0]},
]


@pytest.mark.parametrize("change", BROKEN, ids=lambda change: next(iter(change)))
def test_arrays_that_are_no_forest_are_turned_away(change: dict[str, list[float]]) -> None:
    good = {
        "base": 0.0,
        "roots": [0],
        "feature": [0, -1, -1],
        "threshold": [0.0] * 3,
        "left": [1, 0, 0],
        "right": [2, 0, 0],
        "value": [0.0] * 3,
    }
    msgspec.convert(good, Forest).check(1)
    with pytest.raises(ValueError, match=r"node|root|length"):
        msgspec.convert(good | change, Forest).check(1)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\x80\x04pickle", b'{"features": 3}'], ids=["empty", "bare", "pickle", "odd"]
)
def test_a_file_that_holds_no_weights_is_a_configuration_error(data: bytes) -> None:
    with pytest.raises(ConfigError):
        read(data)


def test_a_tree_with_too_many_leaves_is_turned_away() -> None:
    def chain(leaves: int) -> Forest:
        inner = leaves - 1
        feature = [0] * inner + [-1] * leaves
        left = [inner + at for at in range(inner)] + [0] * leaves
        right = [*range(1, inner), 2 * inner] + [0] * leaves
        return Forest(
            0.0,
            [0],
            feature,
            [float(at) for at in range(len(feature))],
            left,
            right,
            [float(at) for at in range(len(feature))],
        )

    forest = chain(64)
    assert [scorer(forest)([x]) for x in (-1.0, 0.0, 30.5, 99.0)] == [
        plainly(forest, 0, [x]) for x in (-1.0, 0.0, 30.5, 99.0)
    ]
    with pytest.raises(ValueError, match="65 leaves"):
        scorer(chain(65))


def test_weights_for_other_features_are_turned_away() -> None:
    weights = Screen()._weights
    other = msgspec.structs.replace(weights, features=("something", *weights.features[1:]))
    with pytest.raises(ConfigError, match="train anew"):
        read(msgspec.json.encode(other))


def test_the_shipped_weights_keep_every_feature_in_its_direction() -> None:
    """Raising one number alone never moves the score against its meaning: along a grid, from many places."""
    forest = Screen()._weights.forest
    margin = scorer(forest)
    cuts: dict[int, set[float]] = {}
    for asked, at in zip(forest.feature, forest.threshold, strict=True):
        if asked >= 0:
            cuts.setdefault(asked, set()).add(at)
    for start in (0.0, 0.5, 1.0, 3.0):
        place = [start] * len(FEATURES)
        for at, feature in enumerate(FEATURES):
            steps = sorted({-1.0, *(cut + 1e-9 for cut in cuts.get(at, ()))})
            margins = [margin([*place[:at], step, *place[at + 1 :]]) for step in steps]
            rises = [(after - before) * feature.direction for before, after in pairwise(margins)]
            assert all(rise >= -1e-6 for rise in rises), feature.name
