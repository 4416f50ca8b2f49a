"""Which part of a tool's output the person told the agent to follow, and who the person is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from magistrate.evidence.names import Mention, words_of
from magistrate.evidence.sentence import Clause

HEAD = 400
"""Characters at the beginning of an output that can name the whole of it."""
LOOK = 32_000
"""Characters of an output that are searched for the name."""
AROUND = 600
"""Characters on each side of a request in which wording that poses as somebody else spoils it."""
_RECORDS = re.compile(r"^(?=- )|(?<=\}),\s*(?=\{)", re.MULTILINE)
_NUMBERED = re.compile(r"^[ ]{0,12}\d{1,6}(?:\t|\u2192)", re.MULTILINE)
"""Line numbers that a reading tool put before each line."""
_NAMED = frozenset({"path", "identifier", "quoted", "url", "address"})
_OWN = re.compile(
    r"(?:user(?:'s)? name is|my name is|my (?:e-?mail|mail)(?: address)? is|\bthis is)\s+"
    r"([A-Z][a-z]{1,30}(?:\s[A-Z][a-z]{1,30})?(?![\w@.])|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
)

_WHO = r"(?:user|person|human|operator|owner|system|developers?|admin(?:istrator)?s?|platform|supervisor)"
_POSES = re.compile(
    # what the agent was told before shall not hold
    r"\b(?:ignore|disregard|forget|override|set aside)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|preceding|all|other|your|any)\b"
    r"[^.\n]{0,25}\b(?:instructions?|prompts?|rules?|guidelines?|tasks?|orders?|directions?|policy|policies)\b"
    # somebody claims to be the person, or the system
    rf"|\b(?:message|notice|note|instructions?|order|request|directive|update|command) (?:from|by|of) (?:me, )?(?:the |your )?{_WHO}\b"
    rf"|\b(?:me|i am|i'm|myself)[, ]+(?:the|your) (?:real |actual |original )?{_WHO}\b"
    rf"|\bas (?:the|your) {_WHO},? i\b"
    r"|\b(?:task|request|question|job)s? (?:that )?i (?:gave|asked|told|set) you\b"
    # the frame of a conversation
    r"|</?\s{0,3}(?:system|user|assistant|human)\b[^>\n]{0,40}>|<\|[^|>\n]{1,20}\|>|\[/?(?:inst|sys|system)\]"
)


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
    they said, is by somebody who does not say who they are: the person's word for the document does not reach it. Of the rest of such
    a document counts what says to whom or on what: `send the figures to them` could be turned on anybody.
    """
    low = " ".join(text.lower().split())
    if not (posing := [match.start() for match in _POSES.finditer(low)]):
        return list(clauses)
    out = []
    for clause in clauses:
        said = clause.span.lower()
        places = [match.start() for match in re.finditer(re.escape(said), low)] or [0]
        beside = any(abs(at - pose) <= AROUND + len(said) * (pose > at) for at in places for pose in posing)
        if not beside and any(m.core and m.kind != "phrase" for m in clause.mentions):
            out.append(clause)
    return out


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
