"""Names and keys as words: splitting in any convention, and English morphology down to a known base form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from functools import lru_cache
from typing import Literal

MAX_NAME = 160
"""Characters of a name that are looked at."""
MAX_WORDS = 24

Form = Literal["base", "plural", "participle", "gerund", "agent", "noun", "unknown"]
"""How a word stands to its base: `send`, `sends`, `sent`, `sending`, `sender`, `deletion`, or no known base."""

_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[^\W\d_]+|\d+")
_TOGETHER = re.compile(r"(?i)\b(git)(hub|lab)|(?<![a-z])(web)[_-]?(hook|site|page)s?|(e)-(mail)")
_IRREGULAR = {
    "sent": "send",
    "paid": "pay",
    "bought": "buy",
    "sold": "sell",
    "made": "make",
    "wrote": "write",
    "written": "write",
    "gave": "give",
    "given": "give",
    "took": "take",
    "taken": "take",
    "ran": "run",
    "got": "get",
    "found": "find",
    "told": "tell",
    "lent": "lend",
    "kept": "keep",
    "people": "person",
    "children": "child",
    "deletion": "delete",
    "removal": "remove",
    "payment": "payment",
    "withdrawal": "withdraw",
    "destruction": "destroy",
    "erasure": "erase",
    "revocation": "revoke",
    "submission": "submit",
    "subscription": "subscription",
    "retrieval": "retrieve",
    "renewal": "renew",
    "disposal": "dispose",
    "approval": "approve",
}
_ENDINGS: tuple[tuple[str, tuple[str, ...], Form], ...] = (
    ("ies", ("y",), "plural"),
    ("es", ("e", ""), "plural"),
    ("s", ("",), "plural"),
    ("ied", ("y",), "participle"),
    ("ed", ("e", ""), "participle"),
    ("ing", ("", "e"), "gerund"),
    ("ication", ("y",), "noun"),
    ("isation", ("ise", "ize"), "noun"),
    ("ation", ("ate", "e", ""), "noun"),
    ("ition", ("e", ""), "noun"),
    ("ion", ("e", ""), "noun"),
    ("ment", ("",), "noun"),
    ("er", ("", "e"), "agent"),
    ("or", ("", "e"), "agent"),
)


def word_set(text: str) -> frozenset[str]:
    """The words of a table's row."""
    return frozenset(text.split())


def split(name: str) -> tuple[str, ...]:
    """The lower-case words of a name: `GmailSendEmail`, `send-email`, `mail.send_email` and `sendEmail2` alike.

    Bounded: `MAX_NAME` characters, `MAX_WORDS` words. Letters of every script count; accents stay.
    """
    text = unicodedata.normalize("NFKC", name[:MAX_NAME])
    text = _TOGETHER.sub(lambda match: match.group().replace("_", "").replace("-", "").lower(), text)
    return tuple(piece.lower() for piece in _PIECE.findall(text)[:MAX_WORDS])


def base(word: str, known: Container[str]) -> tuple[str, Form]:
    """The known base form of a word, and how the word is derived from it; the word itself when none is known.

    >>> base("deleting", {"delete"})
    ('delete', 'gerund')
    """
    if word in known:
        return word, "base"
    irregular = _IRREGULAR.get(word)
    if irregular and irregular in known:
        return irregular, "participle" if len(word) < 7 else "noun"
    for ending, repairs, form in _ENDINGS:
        if not word.endswith(ending) or len(word) - len(ending) < 2:
            continue
        stem = word[: -len(ending)]
        for candidate in (*(stem + repair for repair in repairs), *_undoubled(stem)):
            if candidate in known:
                return candidate, form
            if form == "plural":
                inner, inner_form = base(candidate, known) if len(candidate) > 4 else (candidate, "unknown")
                if inner_form != "unknown":
                    return inner, "plural"
    return word, "unknown"


def unglue(word: str, known: Container[str]) -> tuple[str, ...]:
    """`sendemail` as `send`, `email`, when both halves are known; else the word alone."""
    if len(word) < 6 or len(word) > 32:
        return (word,)
    for at in range(len(word) - 3, 2, -1):
        head, tail = word[:at], word[at:]
        if head in known and base(tail, known)[1] in ("base", "plural"):
            return head, tail
    return (word,)


def _undoubled(stem: str) -> tuple[str, ...]:
    return (stem[:-1],) if len(stem) > 3 and stem[-1] == stem[-2] else ()


@lru_cache(maxsize=4096)
def key_words(key: str) -> tuple[str, ...]:
    """The words of an argument's name; cached, because few names serve many calls."""
    return split(key)
