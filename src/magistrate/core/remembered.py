"""Remembering what a pure function gave for the latest contents, bounded by count and by size.

Texts and calls come again: runs of one deployment share a system prompt, agents read the same page twice, a test suite prints
the same lines and is run by the same command. What follows from a content alone is kept by the content itself, so nothing can
go stale; the oldest goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Generic, TypeVar

import msgspec

Result = TypeVar("Result")


class Memory(Generic[Result]):
    """At most `count` results, of contents with together at most `size` characters (or bytes).

    A content longer than `size` is not kept. Threads may compute a result twice, never a wrong one.
    """

    def __init__(self, *, count: int, size: int) -> None:
        self._count, self._size = count, size
        self._kept: OrderedDict[str | bytes, Result] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def recall(self, content: str | bytes, make: Callable[[], Result]) -> Result:
        """What was kept for this content, or what `make` gives now."""
        kept = self._kept
        with self._lock:
            if content in kept:
                kept.move_to_end(content)
                return kept[content]
        found = make()
        if len(content) <= self._size:
            with self._lock:
                self._held += 0 if content in kept else len(content)
                kept[content] = found
                while self._held > self._size or len(kept) > self._count:
                    oldest, _ = kept.popitem(last=False)
                    self._held -= len(oldest)
        return found


def remembered(*, count: int, size: int) -> Callable[[Callable[[str], Result]], Callable[[str], Result]]:
    """A decorator for a pure function of one text, with a `Memory` of its own."""

    def decorate(function: Callable[[str], Result]) -> Callable[[str], Result]:
        memory: Memory[Result] = Memory(count=count, size=size)

        @wraps(function)
        def remembering(text: str) -> Result:
            return memory.recall(text, lambda: function(text))

        return remembering

    return decorate


def content(*values: Any) -> bytes | None:
    """Values as one content to remember by, the order of keys included; None for what JSON cannot hold."""
    try:
        return _ENCODE(values)
    except (TypeError, ValueError, RecursionError):
        return None


_ENCODE = msgspec.json.Encoder().encode
