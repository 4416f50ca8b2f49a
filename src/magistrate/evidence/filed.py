"""Clauses of one run filed so that those which bear on an effect are found by look-ups.

By kind of effect, and by the words that say which thing a clause is about; prohibitions have words of their own, so that talk
never buries them. Everything is bounded and what is held under a key never changes in place, so a copy is cheap.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from msgspec.structs import replace

from magistrate.core.records import EffectKind
from magistrate.evidence.names import Target
from magistrate.evidence.sentence import Clause, Source

ASKS, BARS, PER_WORD, BARS_PER_WORD, WORDS = 16, 24, 8, 24, 4096
"""Bounds: newest requests of one kind; newest limits and prohibitions of one kind; clauses of one word; prohibitions of one word;
words."""
TARGET_WORDS = 64
"""Words of a target that are looked up."""

Held = tuple[Clause, ...]
Key = TypeVar("Key", bound=str)


class Filed:
    """The clauses of a run. `order` grows with each: what was said later."""

    __slots__ = ("asks", "barred", "bars", "order", "words")

    def __init__(self, other: Filed | None = None) -> None:
        """Empty, or with what another holds so far."""
        self.asks: dict[EffectKind, Held] = dict(other.asks) if other else {}
        self.bars: dict[EffectKind, Held] = dict(other.bars) if other else {}
        self.words: OrderedDict[str, Held] = OrderedDict(other.words) if other else OrderedDict()
        self.barred: OrderedDict[str, Held] = OrderedDict(other.barred) if other else OrderedDict()
        self.order: int = other.order if other else 0

    def add(self, n: int, by: Source, clauses: Iterable[Clause]) -> None:
        """File clauses that somebody said in event `n`."""
        for clause in clauses:
            self.order += 1
            clause = replace(clause, event=n, by=by, order=self.order)
            if clause.mood == "ask":
                _put(self.asks, clause.kinds, clause, ASKS)
            elif clause.mood != "mention":
                _put(self.bars, clause.kinds, clause, BARS)
            if clause.mood == "forbid":
                _put_last(self.barred, clause, BARS_PER_WORD)
            else:
                _put_last(self.words, clause, PER_WORD)

    def related(self, target: Target) -> list[Clause]:
        """Clauses that share a distinctive word with the target; a bounded number."""
        found: dict[int, Clause] = {}
        for word in islice(target.words | target.others, TARGET_WORDS):
            for index in (self.words, self.barred):
                for clause in index.get(word, ()):
                    found[clause.order] = clause
        return list(found.values())

    def restrictions(self, kind: EffectKind, related: list[Clause]) -> Held:
        """Prohibitions and limits for this kind, newest first: the general ones, and those that share a word."""
        return _newest(self.bars.get(kind, ()), [c for c in related if c.mood == "forbid" and kind in c.kinds])

    def requests(self, kind: EffectKind, related: list[Clause]) -> Held:
        """Requests for this kind of effect, newest first: the latest ones, and older ones that share a word."""
        return _newest(self.asks.get(kind, ()), [c for c in related if c.mood == "ask" and kind in c.kinds])


def _put(index: dict[Key, Held], keys: Iterable[Key], clause: Clause, limit: int) -> None:
    for key in keys:
        index[key] = (*index.get(key, ())[1 - limit :], clause)


def _put_last(index: OrderedDict[str, Held], clause: Clause, limit: int) -> None:
    _put(index, clause.terms, clause, limit)
    for word in clause.terms:
        index.move_to_end(word)
    while len(index) > WORDS:
        index.popitem(last=False)


def _newest(latest: Held, related: list[Clause]) -> Held:
    """Both together, each once, newest first."""
    if not related:
        return latest[::-1]
    found = {c.order: c for c in (*latest, *related)}
    return tuple(found[order] for order in sorted(found, reverse=True))
