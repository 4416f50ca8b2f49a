"""Marked strings: text in which it is still known what was quoted, what is a wildcard, and what cannot be known.

A quoted special character is shifted into Unicode's private-use area, so that brace expansion, field splitting and wildcards see
only what is unquoted; `DYNAMIC` stands before each piece that cannot be known. `fields` turns a marked string into words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from magistrate.evidence.effects.command import Word

DYNAMIC = "\ue100"
"""Before a piece that is not known; the piece itself stands as written."""


GLOB = "\ue101"
"""A wildcard that has not been expanded stands in this text, whatever the quotes say."""


QUOTED = "\ue103"
"""Something was quoted here, so that an empty word stays a word."""


_WRITTEN = {ord(" "): "\ue104", ord("\t"): "\ue104", ord("\n"): "\ue105"}
"""White space inside a piece that stands as written: never a place to split."""


_SHIFTED = " \t\n*?[]{},~'\"\\$`;&|<>()#!="


_PROTECT = {ord(c): chr(0xE000 + ord(c)) for c in _SHIFTED}


_PROTECT_VALUE = {ord(c): chr(0xE000 + ord(c)) for c in "{},~"}


_KEEP_MARKS: dict[int, str | None] = {0xE000 + ord(c): c for c in _SHIFTED} | {ord(QUOTED): None}


_CLEAN: dict[int, str | None] = _KEEP_MARKS | {ord(DYNAMIC): None, ord(GLOB): None, 0xE104: " ", 0xE105: "\n"}


_PRIVATE = re.compile("[\ue000-\ue1ff]")


_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+^-]+")


_WILD = re.compile(rf"[*?{GLOB}]|\[[^\]]*\]")


_BLANKS = re.compile("[ \t\n]+")


SPREAD_LIMIT = 64
"""Words that one brace expansion may give."""


def unprivate(text: str) -> str:
    """Text from outside, without the characters that marks use."""
    return text if text.isascii() or not _PRIVATE.search(text) else _PRIVATE.sub("\ufffd", text)


def protect(text: str) -> str:
    return text.translate(_PROTECT)


def unknown(text: str) -> str:
    """A piece that cannot be known, standing as written (at most 200 characters of it)."""
    return DYNAMIC + text[:200].translate(_WRITTEN)


def value_of(marked: str) -> str:
    """A marked string as a variable keeps it: quoting gone, `DYNAMIC` and `GLOB` still there."""
    return marked.translate(_KEEP_MARKS)


def clean(marked: str) -> str:
    """The text alone."""
    return marked if marked.isascii() else marked.translate(_CLEAN)


def mark(word: Word) -> str:
    """A word as a marked value again."""
    text = (
        word.text.translate(_WRITTEN) if word.dynamic else word.text
    )  # `$(git diff)` is one word, whatever comes of it
    return (DYNAMIC if word.dynamic else "") + (GLOB if word.glob else "") + text


def fields(marked: str) -> list[Word]:
    """The words that a marked string becomes: braces expanded, split where unquoted white space stands."""
    if _PLAIN.fullmatch(marked):
        return [Word(text=marked)]
    found: list[Word] = []
    for piece in _braces(marked):
        for one in _BLANKS.split(piece):
            if not one:
                continue
            dynamic = DYNAMIC in one
            glob = bool(_WILD.search(one.split(DYNAMIC)[0] if dynamic else one))
            found.append(Word(text=one.translate(_CLEAN), dynamic=dynamic, glob=glob))
    return found


def _braces(text: str) -> list[str]:
    if "{" not in text:
        return [text]
    done: list[str] = []
    work = [text]
    while work:
        one = work.pop(0)
        options = _brace(one) if len(done) + len(work) < SPREAD_LIMIT else None
        if options is None:
            done.append(one if len(done) + len(work) < SPREAD_LIMIT else DYNAMIC + one)
        else:
            work[:0] = options
    return done


_RANGE = re.compile(r"(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])(?:\.\.-?\d{1,4})?")


def _brace(text: str) -> list[str] | None:
    """One step: the first brace group that has a comma or a range, spread; None when there is none."""
    start = text.find("{")
    while start >= 0:
        cuts = _group(text, start)
        if cuts:
            before, after = text[:start], text[cuts[-1] + 1 :]
            if len(cuts) > 2:
                found = [before + text[a + 1 : b] + after for a, b in pairwise(cuts[: SPREAD_LIMIT + 1])]
                return found if len(cuts) <= SPREAD_LIMIT + 1 else [*found, DYNAMIC + before + "…" + after]
            spread = _RANGE.fullmatch(text[start + 1 : cuts[-1]])
            if spread:
                return [before + item + after for item in _range(spread[1], spread[2])]
        start = text.find("{", start + 1)
    return None


def _group(text: str, start: int) -> list[int]:
    """Places of the opening brace, the commas of its level, and the closing brace; empty when it does not close."""
    depth, cuts = 0, [start]
    for at in range(start, min(len(text), start + 4096)):
        char = text[at]
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return [*cuts, at]
        elif char == "," and depth == 1:
            cuts.append(at)
    return []


def _range(first: str, last: str) -> Iterator[str]:
    if first.lstrip("-").isdigit() and last.lstrip("-").isdigit():
        a, b = int(first), int(last)
        near = max(min(b, a + SPREAD_LIMIT - 1), a - SPREAD_LIMIT + 1)
        yield from (str(n) for n in range(a, near + (1 if b >= a else -1), 1 if b >= a else -1))
        if near != b:
            yield DYNAMIC + "…"
    elif len(first) == len(last) == 1:
        a, b = ord(first), ord(last)
        yield from (chr(n) for n in range(a, b + (1 if b >= a else -1), 1 if b >= a else -1))
    else:
        yield first


_ANSI = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|0?[0-7]{1,3}|c.|.)", re.S)


_ANSI_SIMPLE = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip


def ansi(text: str) -> str:
    """The text with `\\n`, `\\x41`, `\\101`, `\\u0041` read as `$'...'`, `echo -e` and `printf` do."""
    return _ANSI.sub(_ansi_one, text) if "\\" in text else text


def _ansi_one(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "xuU" and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    if code.isdigit() and all(c in "01234567" for c in code):
        return chr(int(code, 8) & 0xFF)
    if code[0] == "c" and len(code) == 2:
        return chr(ord(code[1]) & 0x1F)
    return _ANSI_SIMPLE.get(code, "\\" + code)


def use(value: str, quoted: bool) -> str:
    """A value where it is used: inside quotes nothing in it is special, outside it is split and its wildcards count."""
    return value.translate(_PROTECT if quoted else _PROTECT_VALUE)
