"""What can be told of globs without any text to try them on: whether one covers another, whether two can both fit.

A glob is a small automaton; two are walked together over the characters that either mentions, and one that none does. What
takes more steps than `_STEPS` is answered by doubt: it may overlap, and it does not cover.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable

_STEPS = 20_000
_PRINTABLE = "".join(map(chr, range(32, 127)))

_Piece = str | re.Pattern[str] | None
"""A character, a set of characters (`?`, `[a-c]`), or None for `*`."""


@functools.lru_cache(maxsize=4096)
def overlap(first: str, second: str) -> bool:
    """Whether some text may fit both."""
    if first == second:
        return True
    one, other = _segments(first), _segments(second)
    if len(one) == 1 or len(other) == 1:
        plain, glob = (first, second) if len(one) == 1 else (second, first)
        return _fits(glob, plain)
    if one and other:  # the longer beginning, all the middles and the longer end make a text for both
        return _agree(one[0], other[0], str.startswith) and _agree(one[-1], other[-1], str.endswith)
    return _walk(first, second, lambda one, other: one and other)


@functools.lru_cache(maxsize=4096)
def covers(wide: str, narrow: str) -> bool:
    """Whether surely every text that fits `narrow` fits `wide` too."""
    if wide == narrow:
        return True
    one, other = _segments(wide), _segments(narrow)
    if len(other) == 1:
        return _fits(wide, narrow)
    if len(one) == 1:
        return False
    if one and other:
        if not (other[0].startswith(one[0]) and other[-1].endswith(one[-1])):
            return False
        if len(one) == 2:
            return True
        if (
            len(one) == 3
        ):  # what a star stands for may be anything, so the middle has to stand between two stars or at an end
            inside = [other[0][len(one[0]) :], *other[1:-1], other[-1][: len(other[-1]) - len(one[-1])]]
            return any(one[1] in segment for segment in inside)
    return not _walk(narrow, wide, lambda one, other: one and not other)


def _segments(glob: str) -> list[str]:
    """The plain pieces between stars; none when the glob holds other magic. One piece: a plain word."""
    return [] if "?" in glob or "[" in glob else re.split(r"\*+", glob)


def _agree(one: str, other: str, test: Callable[[str, str], bool]) -> bool:
    return test(one, other) or test(other, one)


def _fits(glob: str, text: str) -> bool:
    return re.match(fnmatch.translate(glob), text) is not None


def _walk(first: str, second: str, wanted: Callable[[bool, bool], bool]) -> bool:
    """Whether some text leads to a pair of (fits first, fits second) that is wanted; true in doubt."""
    pieces = _pieces(first), _pieces(second)
    mentioned = {char for one in pieces for char in one if isinstance(char, str)}
    sets = any(isinstance(piece, re.Pattern) and piece.pattern != "." for one in pieces for piece in one)
    alphabet = sorted(mentioned | set(_PRINTABLE if sets else "") | {"\ue000"})
    start = _closed(pieces[0], {0}), _closed(pieces[1], {0})
    seen, left = {start}, [start]
    while left:
        here = left.pop()
        if wanted(len(pieces[0]) in here[0], len(pieces[1]) in here[1]):
            return True
        for char in alphabet:
            there = _step(pieces[0], here[0], char), _step(pieces[1], here[1], char)
            # Once the first cannot be fitted any more, nothing wanted lies ahead.
            if there[0] and there not in seen:
                if len(seen) * len(alphabet) > _STEPS:
                    return True
                seen.add(there)
                left.append(there)
    return False


def _pieces(glob: str) -> tuple[_Piece, ...]:
    found: list[_Piece] = []
    at = 0
    while at < len(glob):
        char = glob[at]
        end = glob.find("]", at + (3 if glob[at + 1 : at + 2] == "!" else 2)) if char == "[" else -1
        if char == "*":
            found.append(None)
        elif char == "?":
            found.append(re.compile(".", re.S))
        elif end > 0:
            inside = glob[at + 1 : end]
            negated = "^" if inside.startswith("!") else ""
            body = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside.removeprefix("!"))
            try:
                found.append(re.compile(f"[{negated}{body}]", re.S))
            except re.error:
                found.append(re.compile(".", re.S))
            at = end
        else:
            found.append(char)
        at += 1
    return tuple(found)


def _closed(pieces: tuple[_Piece, ...], states: set[int]) -> frozenset[int]:
    """States reachable without a character: past any star."""
    found = set(states)
    for state in states:
        while state < len(pieces) and pieces[state] is None:
            state += 1
            found.add(state)
    return frozenset(found)


def _step(pieces: tuple[_Piece, ...], states: frozenset[int], char: str) -> frozenset[int]:
    onward = set()
    for state in states:
        if state < len(pieces):
            piece = pieces[state]
            if piece is None:
                onward.add(state)
            elif piece == char or (isinstance(piece, re.Pattern) and piece.match(char)):
                onward.add(state + 1)
    return _closed(pieces, onward)
