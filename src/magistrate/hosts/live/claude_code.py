"""Claude Code, live: its hooks' JSON on stdin, its answers on stdout. docs/live-hosts.md shows what becomes of what.

Cursor and Copilot also start the hooks that stand in Claude Code's settings. They are told apart by their own keys, keep runs
of their own, and get answers that every host understands: a denial with exit code 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from magistrate.core.records import Heard, Reply, Verdict
from magistrate.hosts.claude_code import NAME
from magistrate.hosts.live.payload import load
from magistrate.hosts.live.snake import Hooks, Kind, snaked, spoken

EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "PreToolUse": "call",
        "PermissionRequest": "call",
        "PostToolUse": "result",
        "PostToolUseFailure": "failure",
        "PermissionDenied": "refusal",
        "UserPromptSubmit": "prompt",
        "SessionStart": "start",
        "SessionEnd": "end",
        "SubagentStart": "agent-start",
        "SubagentStop": "agent-end",
        "Stop": "reply",
        "StopFailure": "quiet",
        "PreCompact": "quiet",
        "PostCompact": "quiet",
        "Notification": "quiet",
        "CwdChanged": "quiet",
    }
)


class ClaudeCode(Hooks, frozen=True, kw_only=True):
    """Adapter of Claude Code's hooks."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    seen: str = "2.1.197"
    asking: frozenset[str] = frozenset({"PreToolUse"})
    approving: frozenset[str] = frozenset({"PreToolUse", "PermissionRequest"})
    unobservable: tuple[str, ...] = (
        "files that the user mentions with @: the host reads them without a tool",
        "what an MCP server, a plugin or another hook does by itself",
        "EndConversation, and the text that the model writes",
        "calls whose hook crashes or is late, in versions before 2.1.295: the host lets them pass, whatever the settings say",
        "calls while hooks are off: disableAllHooks, or managed settings that allow only managed hooks",
    )

    def decode(self, event: str, payload: bytes) -> Heard:
        """What the host says, under the name of the host that wrote it. Raises InputError."""
        loaded = load(payload)
        return replace(self, name=writer(snaked(loaded.fields))).hear(event, loaded)

    def encode(self, heard: Heard, verdict: Verdict | None, ticket: str = "") -> Reply:
        """The answer; to another host only what every host understands."""
        if heard.host == self.name:
            return super().encode(heard, verdict, ticket)
        reply = super(ClaudeCode, replace(self, asking=frozenset(), approves=False)).encode(heard, verdict, ticket)
        if not reply.stdout or verdict is None:
            return reply
        return replace(reply, stderr=spoken(verdict, ticket, asks=False)[1], exit=2)


def writer(fields: dict[str, Any]) -> str:
    """Which host wrote a payload of this shape, by the keys that only it sends; Claude Code when none says otherwise."""
    if "cursor_version" in fields:
        return "cursor"
    if "turn_id" in fields:
        return "codex"
    if "timestamp" in fields and "transcript_path" not in fields:
        return "copilot"
    return NAME


ADAPTER = ClaudeCode()
