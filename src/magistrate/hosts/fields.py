"""Single values of foreign JSON: text of content parts, arguments of a call, strings that may be something else.

Pure and total: any JSON value goes in, nothing is raised. What a value *should* have been is `shapes`' business.
"""

from __future__ import annotations

from typing import Any

import msgspec

from magistrate.core.intake import MAX_DEPTH, deeper

MAX_NESTING = 8
"""Content parts within content parts beyond this depth are not read."""
_TEXT_KEYS = ("text", "refusal", "content", "output", "thinking", "reasoning")
_THOUGHT = frozenset({"thinking", "reasoning", "redacted_thinking", "thought", "summary_text", "reasoning_text"})


def string(value: Any, default: str = "") -> str:
    """The value when it is a string, a whole number as its digits (identifiers are sometimes numbers), else `default`."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return default


def text_of(content: Any, *, thoughts: bool = False, depth: int = MAX_NESTING) -> str:
    """The text of a message's content: a string, one part, or a list of parts, joined by line ends.

    A part is a string or an object with its text under `text`, `refusal`, `content` or `output`. A part of another
    medium becomes its type in brackets (`[image_url]`), so that a reader sees something was there. The agent's own
    thoughts (`thinking`, `reasoning` parts) are left out unless `thoughts`.
    """
    if isinstance(content, str):
        return content
    if depth <= 0:
        return ""
    if isinstance(content, list):
        texts = (text_of(part, thoughts=thoughts, depth=depth - 1) for part in content)
        return "\n".join(text for text in texts if text)
    if not isinstance(content, dict):
        return ""
    kind = string(content.get("type"))
    if kind in _THOUGHT and not thoughts:
        return ""
    for key in _TEXT_KEYS:
        if isinstance(content.get(key), str | list | dict):
            return text_of(content[key], thoughts=thoughts, depth=depth - 1)
    return f"[{kind}]" if kind and kind not in ("text", *_THOUGHT) else ""


def has_thoughts(content: Any) -> bool:
    """Whether a list of parts holds thoughts of the agent, which `text_of` leaves out."""
    return isinstance(content, list) and any(
        isinstance(part, dict) and string(part.get("type")) in _THOUGHT for part in content
    )


def arguments(value: Any) -> dict[str, Any]:
    """The arguments of a call, given as an object or as JSON text; anything else is kept as `{"raw": value}`.

    Nested deeper than the rest of the system can walk, they are kept as JSON text in the same way.
    """
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        parsed = _json(value)
        return parsed if isinstance(parsed, dict) and not deep(parsed) else {"raw": value}
    if deep(value):
        return {"raw": compact(value)}
    return value if isinstance(value, dict) else {"raw": value}


def deep(value: Any, limit: int = MAX_DEPTH // 2) -> bool:
    """Whether lists and objects are nested beyond `limit`."""
    return deeper(value, limit)


def result_text(value: Any) -> str:
    """What a tool gave back: the text of content parts, or any other value as JSON."""
    text = text_of(value)
    return text or ("" if value in ("", [], None) else compact(value))


def compact(value: Any) -> str:
    """A value as text: strings as they are, nothing for None, all else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return msgspec.json.encode(value).decode()
    except (RecursionError, TypeError, ValueError):
        return "[value that cannot be written as JSON]"


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
