"""How a value may have been said: the forms in which it counts as the same thing, and where one stands in a text.

`forms` gives the ways to write a value of some kind; `places` finds a form in a cleaned text. Both look at the value and one text,
never at the run.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from magistrate.evidence.pieces import WHOLE, Kind
from magistrate.evidence.tokens import (
    MAX_TEXT,
    clean,
    digits_key,
    find,
    fold,
    is_component,
    is_word,
    phrase,
    words,
)

MAX_TOKENS = 40
"""Tokens of a value that is sought as one phrase; longer text is sought by samples."""
_MAX_VALUE = 4_096
_MAX_PLACES = 8
_MAX_STARTS = 200

Check = Literal["", "inner", "url", "digits", "sample", "short"]
"""`sample` and `short` only say that few texts are read: for a sample of long text, for a path said by its last component."""


class Form(NamedTuple):
    """One way to write a value. `keys` must all be in a text's keys; `text` must stand in it, by the rule of `check`.

    `path` holds the folded components of a path, last one last; a text may say it shorter.
    """

    keys: tuple[str, ...]
    text: str
    check: Check = ""
    path: tuple[str, ...] = ()
    rooted: bool = False
    verbatim: bool = False
    """Backslashes in it are no escapes but separators."""

    @property
    def certain(self) -> bool:
        """A text with the key holds the form: no need to read it."""
        return self.check == "digits" or (not self.path and self.check != "url" and self.keys == (self.text,))


def forms(kind: Kind, value: str) -> tuple[Form, ...]:
    """The ways to write a value, the likeliest first; none when it has no token or is too long for one phrase."""
    return _known(kind, value) if len(value) <= WHOLE else _forms(kind, value[:_MAX_VALUE])


def _forms(kind: Kind, value: str) -> tuple[Form, ...]:
    match kind:
        case "number":
            found = [_plain(text) for text in _numbers(value)]
        case "account":
            found = [_plain(text) for text in _grouped(value)] + _digits(value)
        case "address":
            found = [_plain(value), *_digits(value)]
        case "host":
            found = [_plain(value)._replace(check="inner")]
        case "url":
            bare = re.sub(r"^[a-zA-Z][\w+.-]*://", "", value).rstrip("/")
            bare = bare[4:] if bare[:4].lower() == "www." else bare
            found = [_plain(bare)._replace(check="url"), _plain("www." + bare)._replace(check="url")]
        case "path":
            found = _paths(value)
        case "identifier":
            found = [_plain(value), *_digits(value)]
        case "name" | "text":
            found = [_plain(value)]
    return tuple(form for form in dict.fromkeys(found) if form.keys and len(form.keys) <= MAX_TOKENS)


_known = lru_cache(maxsize=4_096)(_forms)
"""Of short values, which come again: a path that is worked on, an address, an account."""


def sample(text: str, count: int) -> list[Form]:
    """Up to `count` runs of five tokens, spread over a text, each as a form. Cost follows `count`, not the text.

    Of each stretch the run that begins at the longest word: long words are rare, so few texts have to be read for it.
    """
    folded = fold(text)
    step = max(len(folded) // count, 1)
    found: dict[int, Form] = {}
    for start in range(0, count * step, step):
        longest = max(_LONG.finditer(folded, start, start + min(step, 200)), key=_length, default=None)
        match = _FIVE.search(folded, longest.start() if longest else start, start + step + 400)
        if match:
            found[match.start()] = Form(tuple(words(match.group())), match.group(), "sample")
    return list(found.values())


def stands(text: str, form: Form, *, loosely: bool = False) -> bool:
    """Whether a form stands in a cleaned text; `loosely`: or its words with markup or line breaks between them."""
    if form.path or form.check in ("digits", "url") or form.certain:
        found = next(places(text, form), None) is not None
    else:
        found = find(fold(text), form.text, inner=form.check == "inner") >= 0
    return found or (loosely and loose_place(text, form) is not None)


def places(text: str, form: Form) -> Iterator[tuple[int, int]]:
    """Where a form stands in a cleaned text: start and end, at most eight."""
    folded = text.lower() if form.verbatim else fold(text)
    if form.path:
        yield from _path_places(folded, form)
        return
    if form.check == "digits":
        yield from _digit_places(folded, form.text)
        return
    length = len(form.text)
    count = 0
    at = find(folded, form.text, inner=form.check in ("inner", "url"))
    while at >= 0 and count < _MAX_PLACES:
        if form.check != "url" or not _GOES_ON(folded, at + length):
            yield at, at + length
            count += 1
        at = find(folded, form.text, at + 1, inner=form.check in ("inner", "url"))
    if not count and form.certain and form.text in folded:
        yield folded.index(form.text), folded.index(form.text) + length


def loose_place(text: str, form: Form) -> tuple[int, int] | None:
    """Where the words of a phrase stand in a cleaned text with markup or line breaks between them."""
    if " " not in form.text or form.path or form.check == "digits":
        return None
    first, *rest = form.text.split()
    folded = fold(text)
    if not _side_by_side(folded, max(pairwise((first, *rest)), key=_length_of_first)):
        return None
    at = find(folded, first)
    for _ in range(_MAX_STARTS):
        if at < 0:
            return None
        end = at + len(first)
        for word in rest:
            gap = _GAP(folded, end)
            if gap is None or not folded.startswith(word, gap.end()):
                break
            end = gap.end() + len(word)
        else:
            if not is_word(folded[end : end + 1]):
                return at, end
        at = find(folded, first, at + 1)
    return None


def _side_by_side(folded: str, pair: tuple[str, str]) -> bool:
    """Whether two words of a phrase follow each other anywhere: a quick look for the longest, which is rare, before the slow one."""
    word, following = pair
    at = folded.find(word)
    while at >= 0:
        gap = _GAP(folded, at + len(word))
        if gap and folded.startswith(following, gap.end()):
            return True
        at = folded.find(word, at + 1)
    return False


_WORD = r"\w++(?:[.@-]\w++)*+"
_FIVE = re.compile(rf"(?<![\w.@-]){_WORD}(?:[^\w]{{1,6}}+{_WORD}){{4}}")
_LONG = re.compile(r"(?<![\w.@-])\w{4,40}")
_GOES_ON = re.compile(r"/?[?&=#]\w|/[\w.~%-]", re.ASCII).match
_GAP = re.compile(r"[\s*`\"'~|>_]{1,8}").match
_GROUPS = re.compile(r"[\s-]")
_SEGMENT = "_.@%+~$/\\-" + string.ascii_letters + string.digits
"""The ASCII characters of a path."""
_NOUNS = r"(?:folder|directory|dir|file|repo|repository|project|branch|package|module|script|path|document|database|table|volume|bucket)s?"
_NOUN_BEFORE = re.compile(rf"\b{_NOUNS}\s+(?:(?:named|called)\s+)?[`'\"]?$").search
_NOUN_AFTER = re.compile(rf"[`'\"/]*\s+{_NOUNS}\b").match


def _length(match: re.Match[str]) -> int:
    return match.end() - match.start()


def _length_of_first(pair: tuple[str, str]) -> int:
    return len(pair[0])


def _plain(value: str) -> Form:
    said = phrase(value)
    return Form(said.tokens, said.text)


def _digits(value: str) -> list[Form]:
    """A telephone, card or account number by its digits, with and without the country's."""
    key = digits_key(value)
    if not key or sum(map(str.isalpha, value)) > 0:
        return []
    found = [Form((key,), key, "digits"), Form((key[1:],), key[1:])]
    if value.lstrip().startswith("+"):
        for code in (1, 2, 3):
            short = digits_key(key[1 + code :])
            if short:
                found += [Form((short,), short, "digits"), Form((short[1:],), short[1:])]
    return found


def _numbers(value: str) -> list[str]:
    """`1000` is also `1000.0`, `1000.00`, `1,000` and `1,000.00`; a moment may have `T` or a blank before the time."""
    bare = value.strip().lstrip("$€£¥+-").replace(",", "")
    try:
        number = Decimal(bare)
    except InvalidOperation:
        moment = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](.+)", value)
        return [f"{moment[1]}T{moment[2]}", f"{moment[1]} {moment[2]}"] if moment else [value]
    if not number.is_finite() or abs(number.adjusted()) > 20:
        return [value]
    plain = f"{number:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    whole, _, part = plain.partition(".")
    endings = [f".{part}", f".{part}0"] if len(part) == 1 else [f".{part}"] if part else ["", ".0", ".00"]
    grouped = f"{int(whole or 0):,}"
    return [base + ending for base in dict.fromkeys((whole, grouped)) for ending in endings]


def _grouped(value: str) -> list[str]:
    """An account number as written, closed up, and in groups of four."""
    closed = _GROUPS.sub("", value)
    fours = [closed[i : i + 4] for i in range(0, len(closed), 4)]
    return list(dict.fromkeys((value, closed, " ".join(fours), "-".join(fours))))


def _paths(value: str) -> list[Form]:
    folded = clean(value).lower().strip(" \t\r\n`'\"")
    rooted = folded[:1] in "/\\" or folded[1:2] == ":"
    parts = [part for part in re.split(r"[/\\]+", folded) if part not in ("", ".", "..")]
    if parts and (parts[0][0] in "~$" or parts[0].endswith(":")):
        parts = parts[1:]
        rooted = rooted and folded[0] != "/"
    while parts and not words(parts[-1].replace("*", "")):
        parts.pop()
    if not parts:
        return [_plain(value)]
    last = _plain(parts[-1])
    form = Form(last.keys, last.text, "short", tuple(parts), rooted, verbatim="\\" in folded)
    ending = ("/" + parts[-1],) if is_component(parts[-1]) and not form.verbatim else last.keys
    return [form._replace(keys=(*ending, *words(" ".join(parts[-2:-1]))), check=""), form]


def _path_places(folded: str, form: Form) -> Iterator[tuple[int, int]]:
    """Places where the last component stands with components before it that fit, or alone where it can only mean this."""
    count = 0
    at = find(folded, form.text)
    for _ in range(MAX_TEXT):
        if at < 0 or count >= _MAX_PLACES:
            return
        end = at + len(form.text)
        if not (folded[end : end + 1] in ("/", "\\") and is_word(folded[end + 1 : end + 2])):
            start = _segments_start(folded, at)
            if _same_path(folded, start, at, end, form):
                yield start, end
                count += 1
        at = find(folded, form.text, at + 1)


def _segments_start(folded: str, at: int) -> int:
    """Where the run of path characters that ends at `at` begins (at most 512 back)."""
    low = max(0, at - 512)
    rest = folded[low:at].rstrip(_SEGMENT)
    while rest and not rest[-1].isascii() and is_word(rest[-1]):
        rest = rest[:-1].rstrip(_SEGMENT)
    return low + len(rest)


def _same_path(folded: str, start: int, at: int, end: int, form: Form) -> bool:
    before = folded[start:at]
    if not before.endswith(("/", "\\")):
        return (len(form.path) == 1 and not form.rooted) or _means_a_file(folded, at, end)
    own = form.path[:-1]
    nearest = _LAST(before)
    if own and nearest and nearest[1] != own[-1]:
        return False  # nearly always
    said = [part for part in _SEPARATORS(before) if part not in ("", ".", "..")]
    rooted = before[0] in "/\\" or before[1:2] == ":"
    if said and (said[0][0] in "~$" or said[0].endswith(":")):
        said = said[1:]
        rooted = False
    if rooted and form.rooted and len(said) != len(own):
        return False
    if len(said) > len(own) and form.rooted:
        return False
    return all(one == other for one, other in zip(reversed(said), reversed(own), strict=False))


_SEPARATORS = re.compile(r"[/\\]+").split
_LAST = re.compile(r"(?:.*[/\\])?([^/\\~$:.][^/\\:]*)[/\\]$", re.DOTALL).match
"""The component right before, where it is a plain name: neither a home, a variable, a drive nor a dot."""


def _means_a_file(folded: str, at: int, end: int) -> bool:
    """Whether a bare name says which object is meant: it looks like a file's, is quoted, or a noun tells."""
    name = folded[at:end]
    if not name.isalpha():
        return len(name) > 2
    if at and folded[at - 1] in "`'\"" and folded[end : end + 1] == folded[at - 1]:
        return True
    return bool(_NOUN_AFTER(folded, end) or _NOUN_BEFORE(folded, max(0, at - 40), at))


def _digit_places(folded: str, key: str) -> Iterator[tuple[int, int]]:
    pattern = re.compile(r"[ ().-]{0,3}".join(key[1:]))
    for count, match in enumerate(pattern.finditer(folded)):
        if count >= _MAX_PLACES:
            return
        yield match.start(), match.end()
