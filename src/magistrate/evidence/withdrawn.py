"""Requests taken back: `scratch that`, `never mind the mail`, `I changed my mind`."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from magistrate.core.records import EffectKind
from magistrate.evidence.grammar import STOP
from magistrate.evidence.names import words_of
from magistrate.evidence.sentence import Clause
from magistrate.evidence.vocabulary import NOUNS

HEAD = 2000
"""Characters of a message in which a request can be taken back."""
_START = r"(?:^|[.!?;\n]|\b(?:oh|wait|actually|sorry|ok|okay|no|hm+|hold on|stop|and|but)[,:]?\s)\s*"
_WHOLE = re.compile(
    _START
    + r"(?:(?:please\s+)?(?:(?:scratch|strike|disregard|forget|forget about)\s+(?:that|it|this|all that)|cancel\s+that"
    r"|(?:cancel|ignore|disregard|forget|scratch)\s+(?:my|the|that)\s(?:last\s|previous\s|earlier\s)?(?:request|message|instruction))"
    r"|never\s?mind(?:\s+(?:that|it|all that))?|(?:i(?:'ve| have)?\s+)?changed my mind|i take (?:that|it) back|belay that)"
    r"(?=\s*(?:$|[.,;:!?\n\u2013\u2014-])|\s+(?:please|for now|after all)\b)",
    re.IGNORECASE,
)
_PART = re.compile(
    _START
    + r"(?:please\s+)?(?:never\s?mind|forget(?:\s+about)?|scratch|skip)\s+(?:about\s+)?((?:the|that|this|my)\s+[^.,;:!?\n]{2,80})",
    re.IGNORECASE,
)
_WORDS = ("scratch", "strike", "disregard", "forget", "cancel", "ignore", "mind", "take", "belay", "skip")
"""One of these is in whatever takes something back."""
_MILD: frozenset[EffectKind] = frozenset({"read", "create", "overwrite", "execute", "network-out"})


class TakenBack(Struct, frozen=True, gc=False):
    """What a message takes back: the whole of the last request when `words` is empty, else what these words are about."""

    said: str
    words: frozenset[str]
    kinds: frozenset[EffectKind]


def taken_back(text: str) -> TakenBack | None:
    """What the message takes back of the person's last request, if anything."""
    head = text[:HEAD].replace("\u2019", "'")
    low = head.lower()
    if not any(word in low for word in _WORDS):
        return None
    whole = _WHOLE.search(head)
    if whole:
        return TakenBack(whole.group(), frozenset(), frozenset())
    part = _PART.search(head)
    if not part:
        return None
    said = [word for word in part.group(1).lower().split() if word not in STOP]
    kinds = frozenset[EffectKind]().union(*(NOUNS.get(w) or NOUNS.get(w.removesuffix("s"), frozenset()) for w in said))
    return TakenBack(part.group(), words_of(" ".join(said)), kinds)


def withdrawals(asked: list[Clause], back: TakenBack) -> list[Clause]:
    """Prohibitions of what was asked for and is taken back. Reading stays open; so do edits of nothing in particular."""
    out: list[Clause] = []
    for clause in asked:
        named = {word for m in clause.mentions for word in m.words}
        if back.words and not (back.words <= named or back.kinds & clause.kinds - _MILD):
            continue
        kinds = clause.kinds - ({"read"} if clause.specific else _MILD)
        if kinds:
            span = back.said.strip(" .,;:!?\n")[:120]
            out.append(replace(clause, mood="forbid", kinds=kinds, span=span, follow=False, excepted=()))
    return out
