"""Which part of a tool's output the person told the agent to follow, and who the person is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from magistrate.evidence.names import Mention, words_of
from magistrate.evidence.sentence import Clause
from magistrate.evidence.tokens import clean

HEAD = 400
"""Characters at the beginning of an output that can name the whole of it."""
LOOK = 32_000
"""Characters of an output that are searched for the name."""
AROUND = 600
"""Characters before wording that poses as somebody else in which it spoils requests as well."""
_RECORDS = re.compile(r"^(?=- )|(?<=\}),\s*(?=\{)", re.MULTILINE)
_NUMBERED = re.compile(r"^[ ]{0,12}\d{1,6}(?:\t|\u2192)", re.MULTILINE)
"""Line numbers that a reading tool put before each line."""
_NAMED = frozenset({"path", "identifier", "quoted", "url", "address"})
_OWN = re.compile(
    r"(?:user(?:'s)? name is|my name is|my (?:e-?mail|mail)(?: address)? is|\bthis is)\s+"
    r"([A-Z][a-z]{1,30}(?:\s[A-Z][a-z]{1,30})?(?![\w@.])|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
)

_WHO = r"(?:user|person|human|operator|owner|system|developers?|admin(?:istrator)?s?|platform|supervisor)"
_DROP = r"(?<!not )(?<!never )(?<!n't )\b(?:ignore|disregard|forget|override|set aside)\b"
_TOLD = r"(?:instructions?|prompts?|rules?|guidelines?|tasks?|orders?|directions?|requests?)"
_POSES = re.compile(
    # what the agent was told before shall not hold
    rf"{_DROP}[^.\n]{{0,30}}\b(?:previous|prior|above|earlier|preceding)\b[^.\n]{{0,25}}\b{_TOLD}\b"
    rf"|{_DROP}[^.\n]{{0,30}}\b{_TOLD}\b[^.\n]{{0,10}}\b(?:above|before)\b"
    rf"|{_DROP} (?:all|any|every) (?:of )?(?:the |your |these |those )?{_TOLD}\b|{_DROP} (?:the|your) (?:instructions?|prompt)\b"
    rf"|{_DROP}[^.\n]{{0,30}}\b(?:the|your) {_WHO}\b|{_DROP} (?:everything|anything|what(?:ever)?) (?:that )?you(?: were|'ve been| have been)? told\b"
    r"|\byour (?:previous|prior|earlier|original) (?:instructions?|task|prompt)s? (?:are|is) (?:void|over|cancelled|canceled|outdated)\b"
    # somebody claims to be the person, or the system
    rf"|(?:^|[.!?] |\bthis is (?:an? )?(?:\w+ ){{0,2}}|\bimportant |\burgent )(?:message|notice|note|instructions?|order|directive|request) from (?:me, )?(?:the |your )?{_WHO}\b"
    rf"|\b(?:me|i am|i'm|myself)[, ]+(?:the|your) (?:real |actual |original )?{_WHO}\b"
    rf"|\bthis is (?:the|your) (?:real |actual )?{_WHO}(?=[.,:;!\n]| speaking| here)|\bon behalf of (?:the|your) {_WHO}(?=[:,])"
    rf"|\bas (?:the|your) {_WHO},? i\b"
    r"|\b(?:task|request|question|job)s? (?:that )?i(?:'ve| have)? (?:gave|given|asked|told|set) you\b"
    # the frame of a conversation
    r"|^(?:system|assistant|human) ?:(?: \S+){3}|^\[(?:system|sys)\b[^\]\n]{0,40}\] ?\S|\[system:|\[/?inst\]"
    r"|<(system|user|assistant|human)>[^<]{0,2000}</\1>|^</?(?:system|user|assistant|human)>$|<\|[a-z_]{1,20}\|>",
    re.MULTILINE,
)
_MARKS = re.compile(r"[*_`~]+|^[ \t]*[>#-]+", re.MULTILINE)


def own_names(text: str) -> list[str]:
    """How a person or an operator says who the person is (`my name is ...`): at most four names."""
    return [match.group(1) for match in _OWN.finditer(text[:16_000])][:4] if " is" in text else []


def followed_part(mentions: tuple[Mention, ...], call: frozenset[str], text: str) -> str:
    """The part of an outcome that is the named document; empty when it is another.

    All of it, when the call's arguments or the beginning of the text name it; of a list of records (mails, messages) those
    that do.
    """
    text = _NUMBERED.sub("", text)
    if any(m.core and m.core <= call for m in mentions if m.kind != "number"):
        return text
    records = _RECORDS.split(text[:LOOK])
    if len(records) > 2:
        return "\n\n".join(part for part in records[:200] if _named(mentions, part, part))
    return text if _named(mentions, text[:LOOK], text[:HEAD]) else ""


def own_requests(text: str, clauses: Sequence[Clause]) -> list[Clause]:
    """The requests of a followed document that are its own.

    A document speaks for whoever wrote it. A passage in it that claims to come from the person or the system, or to set aside what
    they said, is by somebody who does not say who they are: the person's word for the document reaches neither what comes after
    such a passage nor what stands near before it. A request that is not found is taken to be there. Linear in the text.
    """
    folded = _folded(text)
    posing = _POSES.search(folded)
    if posing is None:
        return list(clauses)
    flat = folded.replace("\n", " ")

    @cache
    def place(span: str) -> int:
        """Where it is said last: of what is said twice the worst place counts."""
        said = " ".join(_folded(span).split())
        return flat.rfind(said) if said else -1

    return [clause for clause in clauses if 0 <= place(clause.span) < posing.start() - AROUND]


def _folded(text: str) -> str:
    """A text line by line as it reads: without marks, what cannot be seen, or odd forms of letters."""
    plain = clean(text).replace("\u2019", "'")
    return "\n".join(" ".join(line.split()) for line in _MARKS.sub(" ", plain).lower().split("\n"))


def _named(mentions: tuple[Mention, ...], text: str, head: str) -> bool:
    low = text.lower()
    if any(m.low in low for m in mentions if m.kind in _NAMED and len(m.text) > 3):
        return True
    words = words_of(head)
    people = [m for m in mentions if m.kind == "proper" or (m.kind == "phrase" and m.text[:1].isupper())]
    if any(m.core and m.core <= words for m in people):
        return True
    core = frozenset[str]().union(*(m.core for m in mentions))
    return len(core) > 1 and core <= words
