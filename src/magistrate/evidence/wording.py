"""The wording of a text, sentence by sentence: which signs that tell its reader to do something stand in each.

Both who asks what stands near a value (`provenance`) and who looks for whole orders (`orders`) read a text through this, so each
sentence is looked at once, and only when somebody asks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from magistrate.core.remembered import remembered
from magistrate.evidence.instructed import THRESHOLD, families
from magistrate.evidence.tokens import fold

REACH = 250
"""Characters on each side of a value that count as near."""
SHORT, LONG = 24, 400
"""Characters that a sentence has at least and at most."""
_END = re.compile(r"\n|[.!?]\s|\s{2,}")


class Wording:
    """The sentences of a cleaned text, and their signs."""

    __slots__ = ("_instructing", "_plain", "_signs", "folded", "starts")

    def __init__(self, text: str) -> None:
        self.folded = fold(text)
        self.starts = list(_starts(self.folded))
        """Where each sentence begins; the next one's start is its end."""
        self._signs: list[dict[str, float] | None] = [None] * len(self.starts)
        self._plain: bool | None = None
        self._instructing: dict[tuple[int, int], bool] = {}

    def end(self, i: int) -> int:
        """Where sentence `i` ends."""
        return self.starts[i + 1] if i + 1 < len(self.starts) else len(self.folded)

    def signs(self, i: int) -> dict[str, float]:
        """The families of signs in sentence `i` with their weights."""
        found = self._signs[i]
        if found is None:
            found = self._signs[i] = dict(families(self.folded[self.starts[i] : self.end(i)]))
        return found

    @property
    def plain(self) -> bool:
        """Whether nothing in the whole text could tell its reader to do something: all its signs together are too few."""
        if self._plain is None:
            around: dict[str, float] = {}
            for i in range(len(self.starts)):
                around |= self.signs(i)
            self._plain = sum(around.values()) < THRESHOLD
        return self._plain

    def instructs(self, start: int, end: int) -> bool:
        """Whether wording near a place tells the reader to do something: that of all sentences which reach into `REACH`."""
        first = max(bisect_right(self.starts, start - REACH) - 1, 0)
        after = bisect_right(self.starts, end + REACH)
        found = self._instructing.get((first, after))
        if found is None:
            around: dict[str, float] = {}
            for i in range(first, after):
                around |= self.signs(i)
            found = self._instructing[first, after] = sum(around.values()) >= THRESHOLD
        return found


@remembered(count=1_024, size=1 << 20)
def wording(text: str) -> Wording:
    """The wording of a cleaned text."""
    return Wording(text)


def _starts(folded: str) -> Iterator[int]:
    """Where sentences begin; very short ones join the next, very long ones are cut."""
    start = 0
    while start < len(folded):
        yield start
        match = _END.search(folded, start + SHORT, start + LONG)
        start = match.end() if match else start + LONG
