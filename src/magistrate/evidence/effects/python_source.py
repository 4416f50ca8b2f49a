"""Python source as it comes from agents: IPython cells, Python 2 prints, broken lines. What can be parsed is parsed."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from typing import NamedTuple

LIMIT = 1 << 18
_CELL = re.compile(
    r"\A\s*%%(?:(?P<shell>bash|sh|script\s+\S+|cmd|!)|(?P<file>writefile)|(?P<other>\w+))(?P<rest>[^\n]*)\n?"
)
_LINE = re.compile(r"^(?P<indent>[ \t]*)(?:\w+\s*=\s*)?(?P<mark>!{1,2}|%(?!\s*\())(?P<text>[^\n]*)$", re.M)
_HELP = re.compile(r"^[ \t]*\??[\w.]+\?{1,2}[ \t]*$", re.M)
_PRINT2 = re.compile(r"^(?P<indent>[ \t]*)print[ \t]+(?![\(=.,:])(?P<what>[^\n]+)$", re.M)
_EXEC2 = re.compile(r"^(?P<indent>[ \t]*)exec[ \t]+(?P<what>['\"\w][^\n]*)$", re.M)
_EXCEPT2 = re.compile(r"^(?P<indent>[ \t]*except[ \t]+[\w.]+)[ \t]*,[ \t]*(?P<name>\w+)[ \t]*:", re.M)
_DROPS = 8


class Source(NamedTuple):
    """Python text read as well as it can be."""

    tree: ast.Module | None
    shell: tuple[str, ...] = ()
    """Shell lines that the cell runs (`!rm x`, `%%bash`)."""
    lost: tuple[str, ...] = ()
    """Lines that could not be parsed."""
    writes: str = ""
    """The file that `%%writefile` makes of the cell."""
    body: str = ""


def read(text: str) -> Source:
    """Parse Python text; magics are taken out, lines that do not parse are dropped and named."""
    text = text.replace("\r\n", "\n").replace("\0", "")
    cell = _CELL.match(text)
    if cell and cell["shell"]:
        return Source(ast.Module(body=[], type_ignores=[]), (text[cell.end() :],))
    if cell and cell["file"]:
        return Source(
            ast.Module(body=[], type_ignores=[]),
            writes=cell["rest"].replace("-a", "").strip() or "$FILE",
            body=text[cell.end() :],
        )
    if cell:
        text = text[cell.end() :]
    tree = _parse(text)
    if tree is not None:
        return Source(tree)
    text, shell = _take_magics(text)
    return _salvage(text, shell)


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _take_magics(text: str) -> tuple[str, list[str]]:
    shell: list[str] = []

    def one(match: re.Match[str]) -> str:
        line = match["text"].strip()
        if match["mark"].startswith("!"):
            shell.append(line)
        elif re.match(r"(?:pip|conda|mamba|cd|rm|mv|cp|cat|ls|mkdir|sx|system|env)\b", line):
            shell.append(re.sub(r"^(?:sx|system)\s+", "", line))
        elif line.startswith("run "):
            shell.append("python " + line[4:])
        return match["indent"] + "pass"

    return _HELP.sub("pass", _LINE.sub(one, text)), shell


def _salvage(text: str, shell: list[str]) -> Source:
    text = textwrap.dedent(text)
    text = _PRINT2.sub(lambda m: f"{m['indent']}print({m['what'].rstrip().rstrip(',').replace('>>', '') or ''})", text)
    text = _EXEC2.sub(lambda m: f"{m['indent']}exec({m['what']})", text)
    text = _EXCEPT2.sub(lambda m: f"{m['indent']} as {m['name']}:", text)
    lines = text.split("\n")
    lost: list[str] = []
    for _ in range(_DROPS):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return Source(ast.parse("\n".join(lines)), tuple(shell), tuple(lost))
        except SyntaxError as problem:
            at = min(max((problem.lineno or 1) - 1, 0), len(lines) - 1)
            lost.append(lines[at])
            indent = re.match(r"[ \t]*", lines[at])
            lines[at] = (indent[0] if indent else "") + "pass"
            if lost[-1].strip() == "pass":
                lines[at] = ""
        except (ValueError, RecursionError, MemoryError):
            break
    return Source(None, tuple(shell), (*lost, *lines[:4]))
