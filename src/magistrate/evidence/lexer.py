"""Text of a request into tokens and sentences: one linear pass, pasted matter left out."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

TokenKind = Literal["word", "identifier", "url", "address", "path", "code", "quoted", "handle", "number", "mark", "end"]

HEAD, TAIL = 24_000, 8_000
"""Characters parsed at the beginning and at the end of a longer text."""

_TOKEN = re.compile(
    r"""
    (?:[ ](?!-\s)){0,4}+  # most failures to match are at blanks: pass over them with the token that follows
    (?:
    (?P<plain>(?<![\w'’])[A-Za-z][a-z]*(?=[ ,]|\.\s))
  | (?P<glued>(?<![\w'’./])[a-zA-Z][a-z]{2,30}(?=\.[A-Z][a-z]*\s+[a-z]))
  | (?P<url>(?:[a-zA-Z][a-zA-Z0-9+]{1,9}://|www\.)[^\s<>"'`)\]]{1,300})
  | (?P<address>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6})
  | (?P<code>`[^`\n]{1,300}`)
  | (?P<quoted>"[^"\n]{1,200}"|“[^”\n]{1,200}”|«[^»\n]{1,200}»|(?<!\w)'[^'\s](?:[^'\n]{0,118}[^'\s])?'(?!\w))
  | (?P<path>(?:~|\.{1,2}|[\w.*@-]{1,80})?(?:[/\\][\w.*@+-]{1,100}){1,30}[/\\]?|[\w.@-]{1,80}/(?=[\s,;:.!?)]|$)|\*{1,2}\.\w{1,10})
  | (?P<handle>(?<!\w)[#@][\w-]{2,60})
  | (?P<number>[$€£¥]?\d[\d.,]{0,20}\d%?|[$€£¥]?\d%?)(?![\w-])
  | (?P<word>[^\W_][\w’'-]{0,60}(?:[.:][\w-]{1,40}){0,4})
  | (?P<end>[!?;]+|\.(?=\s|$|["')]|[A-Z][a-z]*\s+[a-z])|\n[^\S\n]{0,200}(?:\n|[-*•]\s|\d{1,2}[.)]\s|(?=[^\sa-z])))
  | (?P<mark>[,:()\[\]—–…]|\s-\s)
    )
    """,
    re.VERBOSE,
)
_FENCE = re.compile(r"^[ \t]*(```|~~~)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_QUOTE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_MAIL = re.compile(
    r"^(?:-{2,}[ ]?(?:Original|Forwarded)[^\n]{0,80}|On [^\n]{4,120} wrote:[ \t]*)$.*",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_EITHER = re.compile(r"(?:and/or|he/she|him/her|yes/no|his/her|s?he/her|w/o?|n/a|either/or|true/false)", re.IGNORECASE)
_GLUED_END = re.compile(r"\.[A-Z][a-z]*$")
_SWALLOW = ("url", "path", "address")
_CAMEL = re.compile(r"[a-z][A-Z]|\d|_|[.:]\w")


class Token(Struct, frozen=True, gc=False):
    """One token: its text without quotes, its lower-case form, and where it stands."""

    kind: TokenKind
    text: str
    low: str
    start: int
    end: int


def own_words(text: str) -> tuple[str, list[str]]:
    """The text without what was pasted (fenced code, quoted mail), and the fenced pieces."""
    fenced: list[str] = []
    if "```" in text or "~~~" in text:
        fenced = [match.group(2)[:2000] for match in _FENCE.finditer(text)][:8]
        text = _FENCE.sub("\n", text)
    if ">" in text:
        text = _QUOTE.sub("", text)
    if "wrote:" in text or "--" in text:
        text = _MAIL.sub("", text)
    return text, fenced


def cut(text: str) -> tuple[list[str], bool]:
    """The parts of a text that are parsed, and whether something was left out."""
    if len(text) <= HEAD + TAIL:
        return [text], False
    return [text[:HEAD], text[-TAIL:]], True


def sentences(text: str) -> list[tuple[list[Token], str]]:
    """Sentences as tokens with the mark that ends each (`.`, `?`, `:`, a line break ...)."""
    found: list[tuple[list[Token], str]] = []
    run: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "word"
        raw, (start, stop) = match[kind], match.span(kind)
        if kind in ("plain", "glued"):
            run.append(Token("word", raw, raw.lower(), start, stop))
            continue
        if kind == "end":
            if run:
                found.append((run, ":" if run[-1].text == ":" else raw.strip()[:1] or "\n"))
                run = []
            continue
        token = _token(kind, raw, start, stop)
        run.append(token)
        if kind in _SWALLOW and token.text != raw and raw[len(token.text)] in ".!?;":
            found.append((run, raw[-1]))  # the pattern took the sentence's mark along
            run = []
    if run:
        found.append((run, ":" if run[-1].text == ":" else ""))
    return found


def _token(kind: str, raw: str, start: int, end: int) -> Token:
    body = raw
    if kind in ("quoted", "code"):
        body = raw[1:-1]
    elif kind in ("url", "path", "address"):
        body = raw.rstrip(".,;:!?*") if kind != "path" or not raw.endswith("*") else raw
        if kind == "url":
            body = _GLUED_END.sub("", body)
        if kind == "path" and (_EITHER.fullmatch(body) or body in ("/", "\\")):
            kind = "word"
    elif kind == "word":
        body = raw.replace("’", "'").rstrip("'.-:")
        if _CAMEL.search(body):
            kind = "identifier"
    return Token(kind, body, body.lower(), start, end)  # type: ignore[arg-type]
