"""Small edits to a settings file in JSON, with or without comments, that leave every other byte as it is.

`tree` reads a text into values that know where they stand; `added` puts an element into a list under a path of names,
making what is absent on the way; `without` takes elements out of such a list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from magistrate.core.errors import InputError

_BLANK = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_ATOM = re.compile(r"-?\d[\d.eE+\-]*|true|false|null")
_MAX_DEPTH = 60


class Node(NamedTuple):
    """A value and the span of text that it takes, `[start, end)`."""

    start: int
    end: int
    value: Any
    """A plain value; of an object its members' nodes by name, of a list its elements' nodes."""

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {name: node.plain() for name, node in self.value.items()}
        return [node.plain() for node in self.value] if isinstance(self.value, list) else self.value


def tree(text: str) -> Node:
    """The text as a tree; an empty text as an empty object. Raises InputError with the line."""
    at = _skip(text, 0)
    if at == len(text):
        return Node(at, at, {})
    node = _value(text, at, 0)
    rest = _skip(text, node.end)
    if rest != len(text):
        raise _error(text, rest)
    return node


def added(text: str, path: Sequence[str], element: Any) -> str:
    """The text with `element` at the end of the list at `path`. Raises InputError where something else stands there."""
    root = tree(text)
    if root.start == root.end:
        return text + json.dumps(_nested(path, [element]), indent=2, ensure_ascii=False) + "\n"
    node, depth = root, 0
    while depth < len(path) and isinstance(node.value, dict) and path[depth] in node.value:
        node, depth = node.value[path[depth]], depth + 1
    step = _indent(text, root)
    if depth == len(path):
        if not isinstance(node.value, list):
            raise InputError(f"{'.'.join(path)} is no list")
        return _inserted(text, node, node.value, json.dumps(element, indent=step, ensure_ascii=False), step)
    if not isinstance(node.value, dict):
        raise InputError(f"{'.'.join(path[:depth]) or 'the file'} is no object")
    body = json.dumps(_nested(path[depth + 1 :], [element]), indent=step, ensure_ascii=False)
    return _inserted(text, node, list(node.value.values()), f"{json.dumps(path[depth])}: {body}", step)


def without(text: str, path: Sequence[str], ours: Callable[[Any], bool]) -> str:
    """The text without the elements that `ours` recognises in the list at `path`; the list itself stays."""
    while True:
        node = tree(text)
        for name in path:
            if not isinstance(node.value, dict) or name not in node.value:
                return text
            node = node.value[name]
        if not isinstance(node.value, list):
            return text
        found = next((index for index, item in enumerate(node.value) if ours(item.plain())), None)
        if found is None:
            return text
        text = _cut(text, node, found)


def _cut(text: str, node: Node, index: int) -> str:
    """The text without one element of a list and the comma that belonged to it."""
    item = node.value[index]
    if index:  # from the end of the one before, its comma included
        return text[: node.value[index - 1].end] + text[item.end :]
    comma = _skip(text, item.end)
    end = comma + 1 if text[comma] == "," else item.end
    if len(node.value) > 1:
        return text[: item.start] + text[node.value[1].start :]
    return text[: node.start + 1] + text[end : node.end].lstrip() + text[node.end :]


def _inserted(text: str, node: Node, inner: list[Node], body: str, step: int) -> str:
    """The text with a member or element after the last one of a container."""
    inside = _line_indent(text, node.start) + " " * step
    body = body.replace("\n", "\n" + inside)
    if not inner:
        return f"{text[: node.start + 1]}\n{inside}{body}\n{inside[:-step] if step else inside}{text[node.end - 1 :]}"
    last = inner[-1].end
    comma = _skip(text, last)
    if text[comma] == ",":  # a trailing one
        return f"{text[: comma + 1]}\n{inside}{body}{text[comma + 1 :]}"
    return f"{text[:last]},\n{inside}{body}{text[last:]}"


def _nested(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def _indent(text: str, root: Node) -> int:
    """By how much the file indents its members."""
    found = re.match(r"\s*?\n([ ]+)", text[root.start + 1 :])
    return min(len(found[1]), 8) if found else 2


def _line_indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


# ---------------------------------------------------------------- reading


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _error(text: str, at: int) -> InputError:
    return InputError("is no JSON", line=text.count("\n", 0, at) + 1, mend="mend the file, or guard another one")


def _value(text: str, at: int, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise InputError("is nested too deeply")
    first = text[at : at + 1]
    if first in ("{", "["):
        return _container(text, at, depth, first)
    found = _STRING.match(text, at) or _ATOM.match(text, at)
    if not found:
        raise _error(text, at)
    try:
        return Node(at, found.end(), json.loads(found[0], strict=False))
    except ValueError:
        raise _error(text, at) from None


def _container(text: str, start: int, depth: int, first: str) -> Node:
    members: dict[str, Node] = {}
    items: list[Node] = []
    closing = "}" if first == "{" else "]"
    at = _skip(text, start + 1)
    while text[at : at + 1] != closing:
        if first == "{":
            name = _STRING.match(text, at)
            colon = _skip(text, name.end()) if name else at
            if not name or text[colon : colon + 1] != ":":
                raise _error(text, at)
            key = str(json.loads(name[0], strict=False))
            if key in members:
                raise InputError(f"has {key!r} twice", line=text.count("\n", 0, at) + 1)
            members[key] = node = _value(text, _skip(text, colon + 1), depth + 1)
        else:
            node = _value(text, at, depth + 1)
            items.append(node)
        at = _skip(text, node.end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != closing:
            raise _error(text, at)
    return Node(start, at + 1, members if first == "{" else items)
