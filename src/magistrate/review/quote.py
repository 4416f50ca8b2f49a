"""Untrusted text made safe to show to a model: marked, bounded, on one line, without anything invisible.

A quotation stands between marks that carry a tag which nobody who wrote the text could know: it is derived with a secret key
from the text itself. So no text can end its own quotation, and the same text always gets the same tag, which lets answers be
kept and replayed. Inside, the text is a JSON string: no line of it can look like a line of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from magistrate.core.errors import ConfigError

KEY_BYTES = 32
_NAMES = re.compile(
    r"(?<![\w./-])(?:claude(?:[ -]?code|[ -](?:opus|sonnet|haiku)|[ -]\d[\w.]*)*|(?:opus|sonnet|haiku)[ -]\d[\w.]*"
    r"|codex(?:[ -](?:cli|mini|max))*|chatgpt(?:[ -]\d[\w.-]*)?|gpt-?\d[\w.-]*|o[1-9]-(?:mini|pro|preview)"
    r"|gemini(?:[ -](?:cli|pro|flash|ultra|\d[\w.]*))*|copilot(?:[ -](?:cli|chat|swe-agent))*|cursor agent|opencode|openhands"
    r"|aider|windsurf|llama-?\d[\w.-]*|qwen[\w.-]*|(?:mi|code|dev)stral[\w.-]*|mixtral[\w.-]*|deepseek[\w.-]*"
    r"|kimi[ -]k\d[\w.-]*|grok(?:[ -]\d[\w.]*)?)(?![\w/-]|\.\w)",
    re.IGNORECASE,
)
"""Agents and models by name, outside of paths: a reviewer is not to know whom it reviews."""


def tag_of(key: bytes, texts: Iterable[str]) -> str:
    """The tag of a prompt's quotations: 12 hex digits that depend on the key and on all that is quoted."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        mac.update(len(data).to_bytes(8, "big") + data)
    return mac.hexdigest()[:12]


def quoted(text: str, tag: str, room: int) -> str:
    """The text as a marked quotation of about `room` characters; a longer one loses its middle, and says so."""
    return f"[[{tag} {plainly(text, room)} {tag}]]"


def plainly(text: str, room: int) -> str:
    """The text as one JSON string of about `room` characters: invisible characters spelled out, agents' names taken out."""
    return json.dumps(visible(anonymous(cut(text, room))), ensure_ascii=False)


def cut(text: str, room: int) -> str:
    """The beginning and the end of a text that is too long."""
    if len(text) <= room:
        return text
    head = room * 2 // 3
    tail = room - head
    return f"{text[:head]} ... {len(text) - room} characters left out ... {text[len(text) - tail :]}"


def visible(text: str) -> str:
    """What cannot be seen, or ends a line, spelled out, but for line ends and tabs: control, format and private characters (zero
    width, right to left, tags), other line and paragraph ends, fillers, and marks that choose a glyph."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"<U+{ord(c):04X}>" if _hidden(c) else c for c in text)


def _hidden(c: str) -> bool:
    return c not in "\n\t" and (
        unicodedata.category(c) in _INVISIBLE or c in _FILLERS or "\U000e0100" <= c <= "\U000e01ef"
    )


_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_FILLERS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE0E)))
)
"""Letters and marks without a look of their own (Unicode: Default_Ignorable_Code_Point; braille's blank). The two that choose
between text and picture stay: every other picture has one."""


def anonymous(text: str) -> str:
    """The text without the names of agents and models."""
    return _NAMES.sub("the agent", text)


def key_at(path: Path) -> bytes:
    """The secret of this deployment's tags, made on first use (0600). Raises ConfigError when it cannot be had."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
                file.write(os.urandom(KEY_BYTES))
        except FileExistsError:
            pass
        key = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the key of the reviewer's quotations cannot be used: {error.strerror}") from None
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path}: the key of the reviewer's quotations is damaged; remove the file to have a new one")
    return key
