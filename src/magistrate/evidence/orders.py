"""Passages of tool output that tell their reader to do something: pure functions of one text.

Each sentence (`wording`) carries the signs of its own wording and of its neighbours', since an order follows its address. Sentences whose surroundings are strong enough, or that begin a clause with a bare verb, are *orders*.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from magistrate.core.remembered import remembered
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.instructed import THRESHOLD
from magistrate.evidence.names import normal
from magistrate.evidence.tokens import bounded, clean, cut, fold
from magistrate.evidence.vocabulary import VERBS
from magistrate.evidence.wording import Wording, wording

MAX_READ = 24_000
"""Characters of one tool output in which orders are looked for: three quarters head, one quarter tail."""
BEFORE, AFTER = 2, 1
"""Sentences on each side whose wording counts as a sentence's surroundings."""
MAX_ORDERS = 32
"""Passages kept of one tool output; the strongest."""
BARE = 0.5
"""Weight of a bare verb where a command can begin: a hint, since lists and titles have such words too."""

WORDS = re.compile(r"[^\W\d_]{2,}|\d[\d.,:-]*\d|\d").findall
_LEAD = re.compile(
    r"(?:^|[.:;!?,()\[\]{}<>*\"'`\n/#-][ \t]{0,4}|(?<!\w)(?:to|please|kindly|then|and|now|also|just|must|should|first|so|either)[ \t])\Z"
).search
_LONGEST_LEAD = 8
_OBJECT = re.compile(r"[ \t][\w\"'`$/@#~<\[]").match
_COMMANDS = frozenset(
    verb for verb in VERBS if " " not in verb and "-" not in verb and VERBS[verb] not in ("light", "follow")
)
STOP = word_set(
    """
    a about above after again all also am an and any are as at be because been before being below between both but by can could did
    do does doing down during each few for from further had has have having he her here hers him his how i if in into is it its
    itself just let me more most my no nor not now of off on once only or other our ours out over own please same she should so some
    such than that the their theirs them then there these they this those through to too under until up us very was we were what
    when where which while who whom why will with would you your yours yes none null true false ok http https www com org net
    """
)
"""Words that say nothing about which action is meant."""


class Passage(Struct, frozen=True, gc=False):
    """A passage that tells its reader to do something."""

    strength: float
    """Sum of the weights of its signs."""
    signs: tuple[str, ...]
    text: str
    roots: frozenset[str]
    """Its distinctive words (`stems`)."""


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A word's root, roughly: singular, without the endings of verbs; synonyms as one."""
    root = normal(word)
    for ending in ("ing", "ed", "er", "ion"):
        if len(root) > len(ending) + 3 and root.endswith(ending):
            root = root[: -len(ending)]
            break
    if len(root) > 3 and root[-1] == root[-2]:
        root = root[:-1]
    return root[:-1] if len(root) > 3 and root.endswith("e") else root


@remembered(count=4_096, size=1 << 21)
def stems(text: str) -> frozenset[str]:
    """The distinctive words of a text as roots. Linear in the text, of which a bounded part is read."""
    return frozenset(map(stem, set(WORDS(fold(clean(cut(text, MAX_READ))))) - STOP))


@remembered(count=4_096, size=1 << 21)
def orders(text: str) -> tuple[Passage, ...]:
    """The passages of a text that tell their reader to do something, the strongest first; none twice."""
    text = bounded(text)
    read = wording(text)
    bare = _bare_verbs(read)
    found: dict[str, tuple[float, tuple[str, ...]]] = {}
    for i in _within_reach(read):
        if i not in bare and read.plain:  # no surroundings can be strong enough
            continue
        around: dict[str, float] = {}
        for near in range(max(0, i - BEFORE), min(len(read.starts), i + AFTER + 1)):
            around |= read.signs(near)
        if i in bare and "imperative" not in around:
            around["hint"] = BARE
        strength = sum(around.values())
        if strength < THRESHOLD and i not in bare:
            continue
        start, end = read.starts[i], read.end(i)
        if i + 1 < len(read.starts) and read.folded[start:end].rstrip().endswith(":"):  # it announces the next
            end = read.end(i + 1)
        said = text[start:end]
        if said not in found or found[said][0] < strength:
            found[said] = strength, tuple(sorted(around))
    strongest = sorted(found.items(), key=lambda one: -one[1][0])[:MAX_ORDERS]
    return tuple(Passage(strength, shown, said, stems(said)) for said, (strength, shown) in strongest)


def _within_reach(read: Wording) -> Iterator[int]:
    """The sentences of which orders are looked for: all but those in the middle of a very long text."""
    tail = len(read.folded) - MAX_READ // 4
    head = MAX_READ - MAX_READ // 4
    return (i for i, start in enumerate(read.starts) if start < head or start >= tail)


def _bare_verbs(read: Wording) -> set[int]:
    """Sentences with a bare verb where a command can begin."""
    folded = read.folded
    found: set[int] = set()
    for verb in _COMMANDS.intersection(WORDS(folded)):
        at = folded.find(verb)
        while at >= 0:
            end = at + len(verb)
            if _OBJECT(folded, end) and _LEAD(folded, max(0, at - _LONGEST_LEAD - 1), at):
                found.add(bisect_right(read.starts, at) - 1)
            at = folded.find(verb, end)
    return found
