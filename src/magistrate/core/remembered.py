"""Remembering what a pure function gave for the latest texts, bounded by count and by characters.

Texts come again: runs of one deployment share a system prompt, agents read the same page twice, a test suite prints the same
lines. What is derived from a text alone is kept by the text itself, so nothing can go stale; the oldest goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import TypeVar

Result = TypeVar("Result")


def remembered(*, count: int, size: int) -> Callable[[Callable[[str], Result]], Callable[[str], Result]]:
    """A decorator for a pure function of one text: at most `count` results, of texts with together at most `size` characters.

    A text longer than `size` is not kept. Threads may compute a result twice, never a wrong one.
    """

    def decorate(function: Callable[[str], Result]) -> Callable[[str], Result]:
        kept: OrderedDict[str, Result] = OrderedDict()
        held = 0
        lock = Lock()

        @wraps(function)
        def remembering(text: str) -> Result:
            nonlocal held
            with lock:
                if text in kept:
                    kept.move_to_end(text)
                    return kept[text]
            found = function(text)
            if len(text) > size:
                return found
            with lock:
                held += 0 if text in kept else len(text)
                kept[text] = found
                while held > size or len(kept) > count:
                    oldest, _ = kept.popitem(last=False)
                    held -= len(oldest)
            return found

        return remembering

    return decorate
