"""Codex, live. Its hooks send Claude Code's shape with a turn's id; docs/live-hosts.md shows what becomes of what.

Codex takes `ask` and a bare `allow` on PreToolUse for a failed hook, and lets the call pass: only `deny` and silence are said
there. An `allow` can be said on PermissionRequest, which fires when Codex is about to ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from magistrate.core.records import Outcome
from magistrate.hosts.codex import NAME
from magistrate.hosts.codex_items import output_of, read_output, typed_text
from magistrate.hosts.live.snake import Author, Hooks, Kind

EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "PreToolUse": "call",
        "PermissionRequest": "call",
        "PostToolUse": "result",
        "UserPromptSubmit": "prompt",
        "SessionStart": "start",
        "SessionEnd": "end",
        "SubagentStart": "agent-start",
        "SubagentStop": "agent-end",
        "Stop": "reply",
        "Interrupt": "quiet",
        "PreCompact": "quiet",
        "PostCompact": "quiet",
    }
)


class Codex(Hooks, frozen=True, kw_only=True):
    """Adapter of Codex's hooks."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    seen: str = "0.169"
    approving: frozenset[str] = frozenset({"PermissionRequest"})
    unobservable: tuple[str, ...] = (
        "tools that the vendor runs, such as web search: no hook sees them",
        "what is typed into a running process (write_stdin)",
        "requests for more permissions, and questions of MCP servers: no hook sees them",
        "whether a command asks to leave the sandbox",
        "everything while the hook is not trusted: a changed definition is silently left out until a person trusts it",
    )

    def typed(self, prompt: str) -> Iterator[tuple[Author, str]]:
        """What a person typed, apart from what an editor put beside it."""
        yield from typed_text(prompt)

    def result(self, response: Any) -> Outcome:
        """What a tool gave back, read as in a rollout."""
        raw, failed = output_of(response)
        text, status, refused_by = read_output(raw, failed)
        return Outcome(text=text, status=status, refused_by=refused_by)


ADAPTER = Codex()
