"""Heredocs taken out of shell text, for the forms that the grammar misreads (`cat <<'EOF' > file`, `<<A; rm x`)."""

from __future__ import annotations

import re
from typing import NamedTuple

_START = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|(\\?[A-Za-z0-9_.!@%+-]+))")
_BRACES = re.compile(r"(?:(?<=^)|(?<=[;&|(\n]))(\s*)\{([^\s{}();&|<>'\"]+,[^\s{}();&|<>'\"]*)\}(?=[\s;&|)]|$)")
_SPLIT_DESCRIPTOR = re.compile(r"(?<![\w<>])\d+<>")


class Heredoc(NamedTuple):
    body: str
    quoted: bool
    """The delimiter was quoted: nothing in the body is expanded."""


def mend(text: str) -> tuple[str, list[Heredoc]]:
    """Shell text in forms the grammar reads, and the heredocs that were lifted out.

    Heredoc `n` is replaced by the here-string `<<<__heredoc_n__` where its operator stood. A brace group in command position
    (`{rm,-rf,x}`) is spread into words, `3<>file` loses its number.
    """
    found: list[Heredoc] = []
    if "<<" in text:
        text = _lift(text, found)
    text = _BRACES.sub(lambda match: match[1] + match[2].replace(",", " "), text)
    return _SPLIT_DESCRIPTOR.sub(">", text), found


def _lift(text: str, found: list[Heredoc]) -> str:
    out: list[str] = []
    pending: list[tuple[str, bool, bool]] = []
    stack: list[str] = []  # open quotes and substitutions: ' " ( `
    at, size = 0, len(text)
    while at < size:
        char = text[at]
        top = stack[-1] if stack else ""
        if top == "'":
            if char == "'":
                stack.pop()
        elif char == "\\" and at + 1 < size:
            out.append(text[at : at + 2])
            at += 2
            continue
        elif char == '"':
            stack.pop() if top == '"' else stack.append('"')
        elif text.startswith("$((", at):
            end = text.find("))", at)
            end = size if end < 0 else end + 2
            out.append(text[at:end])
            at = end
            continue
        elif text.startswith("$(", at):
            stack.append("(")
            out.append("$(")
            at += 2
            continue
        elif char == "`":
            stack.pop() if top == "`" else stack.append("`")
        elif top == '"':
            pass
        elif char == "'":
            stack.append("'")
        elif text.startswith("((", at) and (at == 0 or text[at - 1] in " \t\n;&|"):
            end = text.find("))", at)
            end = size if end < 0 else end + 2
            out.append(text[at:end])
            at = end
            continue
        elif char == "(":
            stack.append("(")
        elif char == ")" and top == "(":
            stack.pop()
        elif char == "#" and (at == 0 or text[at - 1] in " \t\n;&|("):
            end = text.find("\n", at)
            at = size if end < 0 else end
            continue
        elif char == "<" and text.startswith("<<<", at):
            out.append("<<<")
            at += 3
            continue
        elif char == "<" and (match := _START.match(text, at)):
            word = match[2] or match[3] or match[4]
            quoted = bool(match[2] or match[3]) or word.startswith("\\")
            out.append(f"<<<__heredoc_{len(found) + len(pending)}__")
            pending.append((word.lstrip("\\"), bool(match[1]), quoted))
            at = match.end()
            continue
        elif char == "\n" and pending:
            at = _bodies(text, at + 1, pending, found)
            pending = []
            out.append("\n")
            continue
        out.append(char)
        at += 1
    for _ in pending:
        found.append(Heredoc("", True))
    return "".join(out)


def _bodies(text: str, at: int, pending: list[tuple[str, bool, bool]], found: list[Heredoc]) -> int:
    for word, tabs, quoted in pending:
        lines: list[str] = []
        while at < len(text):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            line = text[at:end].lstrip("\t") if tabs else text[at:end]
            at = end + 1
            if line.rstrip("\r") == word:
                break
            lines.append(line)
        found.append(Heredoc("".join(line + "\n" for line in lines), quoted))
    return min(at, len(text))
