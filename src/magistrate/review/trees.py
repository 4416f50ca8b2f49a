"""Boosted trees as plain arrays: no pickle, no numpy, a hundred microseconds for a forest.

All trees lie in one set of parallel lists. A node with `feature` -1 is a leaf; others send `x[feature] <= threshold` left. `value`
of a leaf is what it adds to the margin; of an inner node, the mean over the training cases that passed it.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class Forest(Struct, frozen=True):
    """A sum of trees. `margin` is a log-odds before calibration."""

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

    def margin(self, x: Sequence[float]) -> float:
        """The sum of the trees for one case."""
        feature, threshold, left, right, value = self.feature, self.threshold, self.left, self.right, self.value
        total = self.base
        for node in self.roots:
            asked = feature[node]
            while asked >= 0:
                node = left[node] if x[asked] <= threshold[node] else right[node]
                asked = feature[node]
            total += value[node]
        return total

    def contributions(self, x: Sequence[float]) -> list[float]:
        """What each feature adds to the margin of one case, over the mean case.

        The change of a node's mean at each split on the path is credited to the feature asked there (Saabas, 2014). With the
        means of all roots and `base` they sum to the margin.
        """
        found = [0.0] * len(x)
        for root in self.roots:
            node = root
            while (asked := self.feature[node]) >= 0:
                child = self.left[node] if x[asked] <= self.threshold[node] else self.right[node]
                found[asked] += self.value[child] - self.value[node]
                node = child
        return found
