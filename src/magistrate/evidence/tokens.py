"""Text as whole tokens: the common ground on which a value and what somebody said are compared.

A token is a run of word characters, joined by single `.`, `@` or `-` (`x.txt`, `10.50`, `a.b@example.com`, `2024-05-01`), so
`10` does not stand in `100` or `10.50`, nor `x.txt` in `x.txt.bak`. Scripts written without spaces give one token a character.
A *phrase* is several tokens with what stands between them (`/`, `:`, a space).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import NamedTuple

from magistrate.core.remembered import remembered

MAX_TEXT = 1 << 16
"""Characters of one text that are read: three quarters from its head, one quarter from its tail."""
_MAX_TOKEN = 200
_GAP = "\n\x00\n"

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_is_unspaced = re.compile(f"[{_UNSPACED}]").search
_spaced_words = re.compile(r"\w+(?:[.@-]\w+)*")
_after_backslash = re.compile(r"\\([ntr]\w*(?:[.@-]\w+)*)").findall
_BREAKS = {code: chr(code) if chr(code).isalnum() or chr(code) in "_.@-" else " " for code in range(128)}
_WORD_CHARACTER = re.compile(r"\w").search
_mixed_words = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:[.@-][^\W{_UNSPACED}]+)*")
_digit_runs = re.compile(r"\d[\d ().-]{8,24}\d").findall
_day_of_moment = re.compile(r"\d{4}-\d\d-\d\d(?=t\d\d)").match
_COMPONENT = r"\.?+[\w@+-]++(?:\.[\w@+-]++)*+"
_path_ends = re.compile(rf"(/{_COMPONENT})/?+(?![\w/])").findall
is_component = re.compile(_COMPONENT).fullmatch
_after_www = re.compile(r"\bwww\.([\w.-]*\w)").findall

# Characters that show nothing: zero-width and bidirectional marks go, "tag" characters become the ASCII that they hide.
_INVISIBLE: dict[int, int | None] = dict.fromkeys(
    (0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)
_INVISIBLE |= {0xE0000 + code: code for code in range(0x20, 0x7F)}
_INVISIBLE |= dict.fromkeys((0xE0001, 0xE007F))
_SHOWN = {chr(code): "" if shown is None else chr(shown) for code, shown in _INVISIBLE.items()}
_invisible_in = frozenset(_SHOWN).intersection


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """At most `limit` characters of a text, head and tail, with a mark between that no phrase can cross."""
    if len(text) <= limit:
        return text
    tail = limit // 4
    return text[: limit - tail] + _GAP + text[-tail:]


def clean(text: str) -> str:
    """Compatibility forms unified and invisible characters removed, so that disguised values compare equal.

    Lower-casing the result never changes its length.
    """
    if text.isascii():
        return text
    for character in _invisible_in(text):
        text = text.replace(character, _SHOWN[character])
    text = unicodedata.normalize("NFKC", text)
    lowered = text.lower()
    return text if len(lowered) == len(text) else lowered


def bounded(text: str, limit: int = MAX_TEXT) -> str:
    """What of a text is read: cut, cleaned, and cut again since cleaning may unfold one character into many."""
    return cut(clean(cut(text, limit)), 2 * limit)


def fold(text: str) -> str:
    r"""Lower case, with the escapes `\n`, `\t`, `\r` of quoted JSON as blanks. Keeps the length of a cleaned text."""
    lowered = text.lower()
    if "\\" in lowered:
        lowered = lowered.replace("\\n", "  ").replace("\\t", "  ").replace("\\r", "  ")
    return lowered


def words(folded: str) -> list[str]:
    """The tokens of a folded text, in order; very long ones (encoded data) as a digest."""
    spaced = folded.isascii() or not _is_unspaced(folded)
    found = (_spaced_words if spaced else _mixed_words).findall(folded)
    if found and max(map(len, found)) > _MAX_TOKEN:
        return [token if len(token) <= _MAX_TOKEN else _shortened(token) for token in found]
    return found


def _vocabulary(folded: str) -> set[str]:
    """The tokens of a folded text, each once: `words` without order, several times as fast where nothing is foreign."""
    if not folded.isascii():
        return set(words(folded))
    found = set(folded.translate(_BREAKS).split())
    joined = [run for run in found if not run.isalnum()]
    found.difference_update(joined)
    found.update(words(" ".join(joined)))
    long = [token for token in found if len(token) > _MAX_TOKEN]
    found.difference_update(long)
    found.update(map(_shortened, long))
    return found


@remembered(count=4_096, size=1 << 20)
def keys(text: str) -> frozenset[str]:
    """Everything under which a cleaned text can be found: its tokens, and the other usual forms of some.

    Other forms: the last component of a path with its slash (`/x.txt`), the domain of an address, a host
    without `www.`, the day of an ISO moment, and the bare digits of a spaced or punctuated number of nine digits
    or more (`digits_key`). Linear in the text.
    """
    folded = fold(text)
    found = _vocabulary(folded)
    if "\\" in text:  # `\n` may also be a separator and a letter: `docs\notes.txt`
        found.update(words(" ".join(_after_backslash(text.lower()))))
    found.update([token[:10] for token in found if token[10:11] == "t" and _day_of_moment(token)])
    if "@" in folded:
        found.update([token[token.rindex("@") + 1 :] for token in found if "@" in token])
    if "www." in folded:
        found.update(_after_www(folded))
    if "/" in folded:
        found.update(_path_ends(folded))
    for run in _digit_runs(folded):
        key = digits_key(run)
        if key:
            found.add(key)
            if 12 <= len(key) <= 14:  # perhaps with a country's code before ten digits
                found.add("#" + key[-10:])
    return frozenset(found)


def digits_key(text: str) -> str:
    """The key of a telephone, card or account number, whatever its spacing: `#` and its last digits; empty below nine."""
    digits = text if text.isdecimal() else "".join(filter(str.isdecimal, text))
    return "#" + digits[-19:] if len(digits) >= 9 else ""


class Phrase(NamedTuple):
    """A value ready for comparison: its folded text from the first to the last token, and the tokens."""

    text: str
    tokens: tuple[str, ...]


def phrase(value: str) -> Phrase:
    """A value without surrounding punctuation, blanks collapsed. Without any token, both fields are empty."""
    folded = " ".join(fold(clean(value)).split())
    first = _WORD_CHARACTER(folded)
    if first is None:
        return Phrase("", ())
    end = len(folded)
    while not (folded[end - 1].isalnum() or folded[end - 1] == "_"):
        end -= 1
    return Phrase(folded[first.start() : end], tuple(words(folded)))


def find(folded: str, wanted: str, start: int = 0, *, inner: bool = False) -> int:
    """Where `wanted` stands in a folded text as whole tokens, from `start` on; -1 when nowhere.

    `inner` also takes a place after `@` or `www.` (a host inside an address).
    """
    at = folded.find(wanted, start)
    while at >= 0:
        if _free_right(folded, at + len(wanted)) and (_free_left(folded, at) or (inner and folded[at - 1] in "@.")):
            return at
        at = folded.find(wanted, at + 1)
    return -1


def is_word(char: str) -> bool:
    """Whether a character belongs to the words of a script that puts blanks between them."""
    return (char.isalnum() and (char.isascii() or not _is_unspaced(char))) or char == "_"


def _shortened(token: str) -> str:
    return token[:40] + "…" + hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _free_left(text: str, at: int) -> bool:
    if at == 0 or _is_unspaced(text[at]):
        return True
    before = text[at - 1]
    if before in ".@-":
        return at < 2 or not is_word(text[at - 2])
    return not is_word(before)


def _free_right(text: str, at: int) -> bool:
    if at >= len(text) or _is_unspaced(text[at - 1]):
        return True
    after = text[at]
    if after in ".@-":
        return at + 1 >= len(text) or not is_word(text[at + 1])
    return not is_word(after)
