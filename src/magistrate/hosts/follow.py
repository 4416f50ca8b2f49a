"""Transcripts that grow: a host's file read line by line while the run goes on, through the parser of its importer.

`FOLLOWERS[host](path, cwd)` makes a reader that is handed the new lines of each look and says what they mean, in order. It
keeps what joins calls and results across looks. Lines of sub-agents in the same file are left out: they are runs of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from magistrate.core.intake import Intake
from magistrate.core.records import Action, Message, Outcome
from magistrate.hosts import claude_code, claude_lines, codex, codex_items

Told = Message | Action | Outcome
SCRIPT = "functions.exec"
"""Codex's tool that runs a script of calls (0.169 and later, newer models)."""
_TOOLS = re.compile(r"\btools\.(?:exec_command|apply_patch)\s*\(")
"""Calls in such a script that start the hooks one by one."""
_OTHERWISE = re.compile(r"tools|globalThis|\beval\b|\bFunction\b|\\u\{?[0-9A-Fa-f]")
"""How a script may reach tools in another way."""


class Follower(Protocol):
    """Reads one growing transcript."""

    def feed(self, lines: Sequence[tuple[int, dict[str, Any]]]) -> list[Told]:
        """What new lines say, each given with its number."""
        ...


class _Claude:
    """Claude Code's transcript: the main conversation, or a sub-agent's when the file is one."""

    def __init__(self, path: Path, cwd: str) -> None:
        self._child = path.name.startswith("agent-")
        self._writer = claude_lines.Writer(path, cwd, Intake(), self._child)
        self._seen: set[str] = set()

    def feed(self, lines: Sequence[tuple[int, dict[str, Any]]]) -> list[Told]:
        for number, data in lines:
            kind = claude_lines.words(data.get("type"))
            line = claude_lines.line_of(number, kind, data)
            if line.side != self._child or (line.uuid and line.uuid in self._seen):
                continue
            self._seen.add(line.uuid)
            match kind:
                case "assistant":
                    self._writer.assistant(line)
                case "user":
                    self._writer.user(line)
                case "attachment":
                    self._writer.attachment(line)
        return _taken(self._writer.events)


class _Codex:
    """Codex' rollout."""

    def __init__(self, path: Path, cwd: str) -> None:
        self._path, self._cwd = path, cwd
        self._intake = Intake()
        self._writer: codex_items.Writer | None = None

    def feed(self, lines: Sequence[tuple[int, dict[str, Any]]]) -> list[Told]:
        items = [item for number, line in lines if (item := codex.item_of(number, line, self._path, self._intake))]
        if self._writer is None:
            child = codex.is_child(codex.meta_of(item.line for item in items))
            self._writer = codex_items.Writer(
                self._path, self._path.stem, self._cwd, self._intake, child=child, copied=False, items=()
            )
        self._writer.expect(items)
        for item in items:
            self._writer.write(item)
        return [told for told in _taken(self._writer.events) if not _only_holds_calls(told)]


def _only_holds_calls(told: Told) -> bool:
    """Whether this is a script of calls each of which starts the host's hooks: those are the actions, and it is none besides.

    A script that calls something else, or reaches its tools in another way than by their names, is kept: nobody has judged it.
    """
    if not isinstance(told, Action) or told.tool != SCRIPT:
        return False
    code = told.arguments.get("input")
    return isinstance(code, str) and not _OTHERWISE.search(_TOOLS.sub("", code))


def _taken(events: list[Told]) -> list[Told]:
    """The events so far, taken out of the writer's list."""
    found = list(events)
    events.clear()
    return found


FOLLOWERS: Mapping[str, Callable[[Path, str], Follower]] = MappingProxyType(
    {claude_code.NAME: _Claude, codex.NAME: _Codex}
)
