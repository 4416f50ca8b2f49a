"""Boosted trees as plain arrays: no pickle, no numpy, some twenty microseconds for a forest.

All trees lie in one set of parallel lists. A node with `feature` -1 is a leaf; others send `x[feature] <= threshold` left. `value`
of a leaf is what it adds to the margin; of an inner node, the mean over the training cases that passed it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import or_
from sys import byteorder
from typing import Literal

from msgspec import Struct


class Forest(Struct, frozen=True):
    """A sum of trees: a log-odds before calibration (`scorer`)."""

    base: float
    """What is added to every case."""
    roots: list[int]
    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]

    def check(self, features: int) -> None:
        """Raise ValueError unless the arrays are a forest over that many features: children come after their parents."""
        size = len(self.feature)
        if not all(len(column) == size for column in (self.threshold, self.left, self.right, self.value)):
            raise ValueError("the arrays differ in length")
        if not all(0 <= root < size for root in self.roots):
            raise ValueError("a root lies outside")
        for node, feature in enumerate(self.feature):
            if not -1 <= feature < features:
                raise ValueError(f"node {node} asks for feature {feature}")
            if feature >= 0 and not (node < self.left[node] < size and node < self.right[node] < size):
                raise ValueError(f"node {node} leads nowhere")

    def contributions(self, x: Sequence[float]) -> list[float]:
        """What each feature adds to the margin of one case, over the mean case.

        The change of a node's mean at each split on the path is credited to the feature asked there (Saabas, 2014). With the
        means of all roots and `base` they sum to the log-odds.
        """
        found = [0.0] * len(x)
        for root in self.roots:
            node = root
            while (asked := self.feature[node]) >= 0:
                child = self.left[node] if x[asked] <= self.threshold[node] else self.right[node]
                found[asked] += self.value[child] - self.value[node]
                node = child
        return found


def scorer(forest: Forest) -> Callable[[Sequence[float]], float]:
    """A function from the features of one case, finite numbers, to the sum of the trees, prepared so that no tree is walked.

    Every leaf is a bit, every tree a cell of them. Which leaves a value of one feature leaves possible changes at its thresholds
    only, so it is worked out before; what all features together leave is one leaf of each tree (QuickScorer: Lucchese et al.,
    SIGIR 2015). Raises ValueError for a tree with more than 64 leaves.
    """
    leaves = [_leaves(forest, root) for root in forest.roots]
    most = max(map(len, leaves), default=1)
    if most > 64:
        raise ValueError(f"a tree has {most} leaves; 64 at most")
    size = next(size for size in _CELLS if most <= size * 8)
    every = sum((1 << len(tree)) - 1 << at * size * 8 for at, tree in enumerate(leaves))
    splits: dict[int, dict[float, tuple[int, int]]] = {}
    for at, root in enumerate(forest.roots):
        _split(forest, root, at * size * 8, splits)
    possible = [(feature, sorted(sides), _possible(sides, every)) for feature, sides in splits.items()]
    tables = [{1 << bit: forest.value[leaf] for bit, leaf in enumerate(tree)} for tree in leaves]

    def score(x: Sequence[float]) -> float:
        left_over = every
        for feature, thresholds, kept in possible:
            left_over &= kept[bisect_left(thresholds, x[feature])]
        cells = memoryview(left_over.to_bytes(len(tables) * size, byteorder)).cast(_CELLS[size])
        return sum(map(dict.__getitem__, tables, cells), forest.base)

    return score


_CELLS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Bytes of a cell and the code by which memory is read so."""


def _leaves(forest: Forest, root: int) -> list[int]:
    """The leaves of a tree, from left to right."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if forest.feature[node] < 0:
            found.append(node)
        else:
            waiting += (forest.right[node], forest.left[node])
    return found


def _split(forest: Forest, node: int, first: int, splits: dict[int, dict[float, tuple[int, int]]]) -> int:
    """Enter which leaves lie left and right of each split below a node whose leaves begin at a bit; the bit after them."""
    asked = forest.feature[node]
    if asked < 0:
        return first + 1
    middle = _split(forest, forest.left[node], first, splits)
    end = _split(forest, forest.right[node], middle, splits)
    sides = splits.setdefault(asked, {})
    left, right = sides.get(forest.threshold[node], (0, 0))
    sides[forest.threshold[node]] = left | (1 << middle) - (1 << first), right | (1 << end) - (1 << middle)
    return end


def _possible(sides: dict[float, tuple[int, int]], every: int) -> list[int]:
    """The leaves that are possible below the first threshold, between each two, and above the last."""
    ordered = [sides[threshold] for threshold in sorted(sides)]
    above = list(accumulate((left for left, _ in ordered), or_, initial=0))  # what is right of these splits
    below = list(accumulate((right for _, right in reversed(ordered)), or_, initial=0))[::-1]
    return [every & ~(gone | lost) for gone, lost in zip(above, below, strict=True)]
