"""Cursor, live. docs/live-hosts.md shows what becomes of what.

`preToolUse` sees every tool but does not enforce `ask`; the hooks of shell commands and MCP calls do. Guarding installs
`preToolUse` alone, so that a call is judged once, and an escalation there is a denial that says how to get a ruling.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from magistrate.core.errors import InputError
from magistrate.core.records import Action, Heard, Outcome
from magistrate.hosts.claude_lines import words
from magistrate.hosts.live.payload import Payload, nested
from magistrate.hosts.live.snake import Hooks, Kind, Told, call

NAME = "cursor"
EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "preToolUse": "call",
        "beforeShellExecution": "call",
        "beforeMCPExecution": "call",
        "postToolUse": "result",
        "postToolUseFailure": "failure",
        "beforeSubmitPrompt": "prompt",
        "sessionStart": "start",
        "sessionEnd": "end",
        "subagentStart": "quiet",
        "subagentStop": "quiet",
        "afterShellExecution": "quiet",
        "afterMCPExecution": "quiet",
        "afterFileEdit": "quiet",
        "afterAgentResponse": "reply",
        "afterAgentThought": "quiet",
        "preCompact": "quiet",
        "stop": "quiet",
    }
)


class Cursor(Hooks, frozen=True, kw_only=True):
    """Adapter of Cursor's hooks."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    asking: frozenset[str] = frozenset({"beforeShellExecution", "beforeMCPExecution"})
    approving: frozenset[str] = frozenset({"beforeShellExecution", "beforeMCPExecution", "preToolUse"})
    unobservable: tuple[str, ...] = (
        "completions in the editor (Tab), and edits and commands of the user",
        "files and selections that the editor attaches to a prompt",
        "calls that the user refused: no hook tells",
        "cloud agents, unless the repository or the team has the hook",
    )

    def hear(self, event: str, loaded: Payload) -> Heard:
        """What a loaded payload says. Raises InputError."""
        fields = loaded.fields
        given = {
            "session_id": fields.get("conversation_id") or fields.get("session_id"),
            "cwd": fields.get("cwd") or _root(fields.get("workspace_roots")),
            "tool_response": fields.get("tool_response", fields.get("tool_output")),
            "error": fields.get("error", fields.get("error_message")),
        }
        heard = super().hear(event, Payload(fields | given, loaded.doubt))
        version = words(fields.get("cursor_version"))
        return replace(heard, started=replace(heard.started, host_version=version)) if version else heard

    def action(self, event: str, told: Told) -> Action:
        """The call that waits: of a tool, of the shell, of an MCP server. Raises InputError."""
        if event != "beforeShellExecution":
            return super().action(event, told)
        if not isinstance(told.command, str):
            raise InputError("the command is missing")
        return call("Shell", {"command": told.command}, cwd=told.cwd)

    def result(self, response: Any) -> Outcome:
        """What a tool gave back: an object, given as JSON text."""
        if isinstance(response, str) and response.lstrip().startswith("{"):
            with suppress(InputError):
                response = nested(response)
        return super().result(response)

    def body(self, event: str, word: str, text: str) -> dict[str, Any]:
        """A decision in the host's words."""
        if word == "ask":
            return {"permission": word, "user_message": text}
        return {"permission": word} | ({"agent_message": text, "user_message": text} if text else {})


def _root(roots: Any) -> str | None:
    return roots[0] if isinstance(roots, list) and roots and isinstance(roots[0], str) else None


ADAPTER = Cursor()
