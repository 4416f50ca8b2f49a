"""What the coding hosts have in common: branches of a conversation, and whose words stand in the person's place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Generic, Literal, TypeVar

MAX_BRANCHES = 64
"""Each branch repeats what came before it, so their number has to be bounded."""
T = TypeVar("T")
Speaker = Literal["person", "machine"]

# ---------------------------------------------------------------- branches


class Branches(Generic[T]):
    """A conversation that was taken back and continued from an earlier point, as its branches.

    Every turn opens with what the person says and knows the turn before it. Turns that nothing later builds on were
    abandoned by a rewind; what was done in them was done all the same.
    """

    def __init__(self) -> None:
        self._before: list[int] = [-1]
        self._items: list[list[tuple[int, T]]] = [[]]
        self._count = 0

    @property
    def last(self) -> int:
        """The turn opened last."""
        return len(self._before) - 1

    def open(self, before: int) -> int:
        """Open a turn after the turn `before` (0: the prologue); its number."""
        self._before.append(before)
        self._items.append([])
        return self.last

    def add(self, turn: int, item: T) -> None:
        """Add an item to a turn; items keep the order they were added in, across turns."""
        self._items[turn].append((self._count, item))
        self._count += 1

    def back(self, turn: int, steps: int) -> int:
        """The turn `steps` before `turn`, the prologue at the earliest."""
        while turn > 0 and steps > 0:
            turn, steps = self._before[turn], steps - 1
        return max(turn, 0)

    def paths(self) -> Iterator[list[T]]:
        """The items of each branch from the prologue to its end; the one that was continued last comes first.

        Beyond `MAX_BRANCHES` of them, everything is given as one path in order: no person rewinds so often.
        """
        inner = set(self._before)
        leaves = [leaf for leaf in range(self.last, -1, -1) if leaf not in inner]
        if len(leaves) > MAX_BRANCHES:
            items = [item for turn in self._items for item in turn]
            yield [item for _, item in sorted(items, key=lambda numbered: numbered[0])]
            return
        yield from map(self._path, leaves)

    def _path(self, leaf: int) -> list[T]:
        items: list[tuple[int, T]] = []
        while leaf >= 0:
            items += self._items[leaf]
            leaf = self._before[leaf]
        return [item for _, item in sorted(items, key=lambda numbered: numbered[0])]


# ---------------------------------------------------------------- the person's place

_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9_\-]{1,40})(?:[ \t\n][^<>]{0,400})?>")
_PERSONS = frozenset({"command-name", "command-args", "bash-input", "user-memory-input"})
"""Marks that hosts put around what the person typed: a slash command, a shell line, a note."""
_MACHINES = frozenset(
    {
        "agent-message", "collaboration_mode", "command-message", "environment_details", "new-diagnostics", "observation",
        "opened_file", "persisted-output", "personality_spec", "skill", "system", "teammate-message", "tool_result", "turn_aborted",
        "user-prompt-submit-hook", "user_shell_command",
    }
)  # fmt: skip
_MACHINE_STARTS = (
    "function_",
    "hook_",
    "hook-",
    "ide_",
    "ide-",
    "local-command",
    "mcp-",
    "mcp_",
    "system-",
    "system_",
    "tool_",
    "tool-",
)
_MACHINE_ENDS = tuple(
    mark + word
    for mark in "-_"
    for word in ("caveat", "context", "hook", "instructions", "notification", "reminder", "stderr", "stdout")
)
"""Families rather than a list, since hosts add marks with every version; but only of names that no person gives a part of
their own prompt: `<instructions>`, `<context>`, `<task>` and their like stay the person's."""


def _by_machine(tag: str) -> bool:
    tag = tag.lower()
    return tag in _MACHINES or (
        tag not in _PERSONS and (tag.startswith(_MACHINE_STARTS) or tag.endswith(_MACHINE_ENDS))
    )


def speakers(text: str) -> Iterator[tuple[Speaker, str]]:
    """Tell what the person typed from what a program put beside it, by the marks hosts put around either.

    A program's mark reaches to its *last* closing tag, or to the end of the text: what is quoted inside it cannot close it
    early and speak as the person. Marks around the person's own words are taken off. Text under no mark, or under one that
    is no host's, is the person's.
    """
    at = start = 0
    unclosed: set[str] = set()
    while found := _TAG.search(text, at):
        tag = found[1]
        if _by_machine(tag):
            yield from _said("person", text[start : found.start()])
            end = text.rfind(f"</{tag}>")
            at = start = end + len(tag) + 3 if end >= found.end() else len(text)
            yield from _said("machine", text[found.start() : at])
        elif tag in _PERSONS and tag not in unclosed and (end := text.find(f"</{tag}>", found.end())) >= 0:
            yield from _said("person", text[start : found.start()])
            yield from _said("person", text[found.end() : end])
            at = start = end + len(tag) + 3
        else:
            unclosed |= {tag} & _PERSONS
            at = found.end()
    yield from _said("person", text[start:])


def _said(who: Speaker, text: str) -> Iterator[tuple[Speaker, str]]:
    if text.strip():
        yield who, text.strip()


def opens_with_tag(text: str) -> bool:
    """Whether a text begins with a tag, as what hosts write themselves does."""
    return bool(_TAG.match(text.lstrip()))


def wrapped(text: str) -> bool:
    """Whether the whole text stands between a tag and its closing tag."""
    text = text.strip()
    found = _TAG.match(text)
    return bool(found and text.endswith(">") and text[text.rfind("</") + 2 :].startswith(found[1]))


# ---------------------------------------------------------------- places

_HOMES = re.compile(r"(/(?:home|Users)/[^/\0]+|/root|[A-Za-z]:[\\/]Users[\\/][^\\/\0]+)(?=[\\/]|$)")


def home_of(folder: str) -> str:
    """The home folder that a working folder lies in, by the usual places of three systems; empty when in none."""
    found = _HOMES.match(folder)
    return found[1] if found else ""
