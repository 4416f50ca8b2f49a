"""Qwen Code, live: a fork of Gemini CLI whose hooks follow Claude Code's shape. docs/live-hosts.md shows what becomes of what.

On `ask` it does not run the call and asks nobody, so an escalation is a denial that says how to get a ruling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from magistrate.core.records import Outcome
from magistrate.hosts.live.gemini_cli import ADAPTER as GEMINI
from magistrate.hosts.live.snake import Author, Hooks, Kind

NAME = "qwen-code"
EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "PreToolUse": "call",
        "PermissionRequest": "call",
        "PostToolUse": "result",
        "PostToolUseFailure": "failure",
        "UserPromptSubmit": "prompt",
        "SessionStart": "start",
        "SessionEnd": "end",
        "SubagentStart": "agent-start",
        "SubagentStop": "agent-end",
        "Stop": "reply",
        "StopFailure": "quiet",
        "Notification": "quiet",
        "PreCompact": "quiet",
        "PostCompact": "quiet",
    }
)


class QwenCode(Hooks, frozen=True, kw_only=True):
    """Adapter of Qwen Code's hooks."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    seen: str = "0.15.10"
    approving: frozenset[str] = frozenset({"PermissionRequest"})
    unobservable: tuple[str, ...] = (
        "that the host reads a file which the user mentions with @: no hook asks, though its text is heard",
        "commands that the user runs with !",
        "calls that the host's own rules or its user refused: no hook tells",
        "which of several agents in one session made a call",
        "everything while hooks are off (disableAllHooks)",
    )

    def typed(self, prompt: str) -> Iterator[tuple[Author, str]]:
        """What a person typed, apart from the files that they mentioned."""
        yield from GEMINI.typed(prompt)

    def result(self, response: Any) -> Outcome:
        """What a tool gave back."""
        return GEMINI.result(response)


ADAPTER = QwenCode()
