"""Which part of a tool's output the person told the agent to follow, and who the person is."""

from __future__ import annotations

import re

from magistrate.evidence.names import Mention, words_of

HEAD = 400
"""Characters at the beginning of an output that can name the whole of it."""
LOOK = 32_000
"""Characters of an output that are searched for the name."""
_RECORDS = re.compile(r"^(?=- )|(?<=\}),\s*(?=\{)", re.MULTILINE)
_NUMBERED = re.compile(r"^[ ]{0,12}\d{1,6}(?:\t|\u2192)", re.MULTILINE)
"""Line numbers that a reading tool put before each line."""
_NAMED = frozenset({"path", "identifier", "quoted", "url", "address"})
_OWN = re.compile(
    r"(?:user(?:'s)? name is|my name is|my (?:e-?mail|mail)(?: address)? is|\bthis is)\s+"
    r"([A-Z][a-z]{1,30}(?:\s[A-Z][a-z]{1,30})?(?![\w@.])|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
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
