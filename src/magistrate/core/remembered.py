"""Remembering what a pure function gave for the latest contents, bounded by count and by size.

Texts and calls come again: runs of one deployment share a system prompt, agents read the same page twice, a test suite prints
the same lines and is run by the same command. What follows from a content alone is kept by the content itself, so nothing can
go stale; what was not used lately goes first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from threading import Lock
from typing import Any, Generic, TypeVar

import msgspec

Result = TypeVar("Result")


class Memory(Generic[Result]):
    """At most `count` results, of contents with together at most `size` characters (or bytes).

    Kept in two generations: what is asked for again moves to the new one, and when that holds half of all, the old one goes. So a
    hit is one look-up, and what was used lately stays. A content longer than half of `size` is not kept. Threads may compute a
    result twice, never a wrong one.
    """

    def __init__(self, *, count: int, size: int) -> None:
        self._count, self._size = count // 2, size // 2
        self._new: dict[str | bytes, Result] = {}
        self._old: dict[str | bytes, Result] = {}
        self._held = 0
        self._lock = Lock()

    def recall(self, content: str | bytes, make: Callable[[], Result]) -> Result:
        """What was kept for this content, or what `make` gives now."""
        found = self._new.get(content, _NOTHING)
        return self._renew(content, make) if found is _NOTHING else found  # type: ignore[return-value]

    def _renew(self, content: str | bytes, make: Callable[[], Result]) -> Result:
        """Of the old generation or made, and kept in the new one."""
        kept = self._old.get(content, _NOTHING)
        found: Result = make() if kept is _NOTHING else kept  # type: ignore[assignment]
        if len(content) <= self._size and self._count:
            with self._lock:
                if content not in self._new:
                    if self._held + len(content) > self._size or len(self._new) >= self._count:
                        self._old, self._new, self._held = self._new, {}, 0
                    self._new[content] = found
                    self._held += len(content)
        return found


def remembered(*, count: int, size: int) -> Callable[[Callable[[str], Result]], Callable[[str], Result]]:
    """A decorator for a pure function of one text, with a `Memory` of its own."""

    def decorate(function: Callable[[str], Result]) -> Callable[[str], Result]:
        memory: Memory[Result] = Memory(count=count, size=size)

        @wraps(function)
        def remembering(text: str) -> Result:
            return memory.recall(text, partial(function, text))

        return remembering

    return decorate


_NOTHING = object()


def content(*values: Any) -> bytes | None:
    """Values as one content to remember by, the order of keys included; None for what JSON cannot hold."""
    try:
        return _ENCODE(values)
    except (TypeError, ValueError, RecursionError):
        return None


_ENCODE = msgspec.json.Encoder().encode
