"""What stands around a command: its input and its redirections, heredocs among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from magistrate.evidence.effects.command import Input, Redirect, Word
from magistrate.evidence.effects.expand import Expander
from magistrate.evidence.effects.heredocs import Heredoc
from magistrate.evidence.effects.marks import DYNAMIC, unknown
from magistrate.evidence.effects.redirects import duplicates
from magistrate.evidence.effects.streams import UNKNOWN, Stream, text_stream

PARSER = Parser(Language(tree_sitter_bash.language()))


class Frame(NamedTuple):
    """One parsed text and where it stands."""

    source: bytes
    heredocs: Sequence[Heredoc]
    via: tuple[str, ...]
    path: str


class Gathered:
    """What stands around a command: its input, its redirections, further words, and what follows a heredoc's start."""

    __slots__ = ("arguments", "redirects", "stdin", "tail")

    def __init__(self, stdin: Stream) -> None:
        self.stdin = stdin
        self.redirects: list[Redirect] = []
        self.arguments: list[Word] = []
        self.tail: list[Node] = []


class Walk(Protocol):
    """The part of the engine that is needed here."""

    expander: Expander
    frame: Frame

    def content(self, path: str) -> tuple[Input, str]: ...
    def enter(self, frame: Frame) -> Frame: ...


def gather(shell: Walk, node: Node, gathered: Gathered) -> None:
    """Take one redirection node of a command into what is gathered."""
    kind = node.type
    if kind == "herestring_redirect":
        _herestring(shell, node, gathered)
    elif kind == "heredoc_redirect":
        _heredoc(shell, node, gathered)
    elif kind == "file_redirect":
        operator = next((child.type for child in node.children if child.type.strip("<>&|") == "" and child.type), ">")
        destinations = node.children_by_field_name("destination")
        for at, destination in enumerate(destinations):
            for word in shell.expander.words(destination):
                if at:
                    gathered.arguments.append(word)
                elif operator == "<":
                    gathered.stdin = _open(shell, word)
                    gathered.redirects.append(Redirect(operator="<", target=word))
                elif not duplicates(operator, word):
                    fixed = {">&": "&>", "<&": "<"}.get(operator, operator)
                    number = node.child_by_field_name("descriptor")
                    descriptor = "" if number is None else shell.expander.text(number)
                    gathered.redirects.append(Redirect(operator=fixed, target=word, descriptor=descriptor))  # type: ignore[arg-type]


def _open(shell: Walk, word: Word) -> Stream:
    if word.dynamic:
        return UNKNOWN
    kind, text = shell.content(word.text)
    if kind == "text":
        return text_stream(text)
    return Stream(kind, "" if kind != "dynamic" else DYNAMIC, text)


def _herestring(shell: Walk, node: Node, gathered: Gathered) -> None:
    children = node.named_children
    if not children:
        return
    text = shell.expander.text(children[-1])
    if text.startswith("__heredoc_") and text.endswith("__") and text[10:-2].isdigit():
        at = int(text[10:-2])
        if at < len(shell.frame.heredocs):
            heredoc = shell.frame.heredocs[at]
            gathered.stdin = text_stream(heredoc.body if heredoc.quoted else _expand_text(shell, heredoc.body))
            return
    gathered.stdin = text_stream(shell.expander.value(children[-1]) + "\n")


def _expand_text(shell: Walk, body: str) -> str:
    """The body of a lifted heredoc, expanded as between double quotes."""
    if "$" not in body and "`" not in body:
        return body
    source = ('"' + body.replace('"', "\ue022") + '"').encode("utf-8", "replace")
    outer = shell.enter(Frame(source, (), shell.frame.via, shell.frame.path))
    try:
        strings = _first(PARSER.parse(source).root_node, "string")
        marked = shell.expander.value(strings) if strings is not None else unknown(body)
    finally:
        shell.enter(outer)
    return marked.replace("\ue022", '"')


def _heredoc(shell: Walk, node: Node, gathered: Gathered) -> None:
    quoted, body = False, ""
    dashed = any(child.type == "<<-" for child in node.children)
    for child in node.children:
        kind = child.type
        if kind == "heredoc_start":
            quoted = any(sign in shell.expander.text(child) for sign in "'\"\\")
        elif kind == "heredoc_body":
            body = shell.expander.text(child) if quoted or not child.child_count else _heredoc_pieces(shell, child)
        elif kind == "file_redirect":
            gather(shell, child, gathered)
        elif kind in ("pipeline", "ERROR") or node.field_name_for_child(node.children.index(child)) == "right":
            gathered.tail.append(child)
        elif kind not in ("heredoc_end",) and child.is_named:
            gathered.arguments.extend(shell.expander.words(child))
    if dashed:
        body = "\n".join(line.lstrip("\t") for line in body.split("\n"))
    gathered.stdin = text_stream(body)


def _heredoc_pieces(shell: Walk, node: Node) -> str:
    out, at = [], node.start_byte
    for child in node.children:
        if child.start_byte > at:
            out.append(shell.frame.source[at : child.start_byte].decode("utf-8", "replace"))
        at = child.end_byte
        out.append(shell.expander.text(child) if child.type == "heredoc_content" else shell.expander.value(child))
    out.append(shell.frame.source[at : node.end_byte].decode("utf-8", "replace"))
    return "".join(out)


def _first(node: Node, kind: str) -> Node | None:
    if node.type == kind:
        return node
    for child in node.children:
        found = _first(child, kind)
        if found is not None:
            return found
    return None
