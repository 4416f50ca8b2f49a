"""A call in the words of each live host, for tests of what becomes of it; and whether a host would let it run."""

from __future__ import annotations

import json
from typing import Any

from magistrate.core.records import Record, Reply


class Shape(Record, frozen=True, kw_only=True):
    """How one host tells of a call that waits."""

    host: str
    event: str
    session: str = "session_id"
    """The field that names the session."""
    named: bool = True
    """The host names each call."""
    speaks: bool = False
    """The host's agent waits for an explicit `allow`."""

    def payload(self, session: str, command: str, call_id: str, **more: Any) -> bytes:
        """A shell command that waits."""
        if self.host == "generic":
            fields = {"version": 1, "host": "generic", "session": session, "event": "act", "tool": "Bash"}
            fields |= {"arguments": {"command": command}, "cwd": "/work", "call_id": call_id}
        else:
            fields = {"hook_event_name": self.event, self.session: session, "cwd": "/work", "tool_name": "Bash"}
            fields |= {"tool_input": {"command": command}} | ({"tool_use_id": call_id} if self.named else {})
        return json.dumps(fields | more).encode()

    def lets_run(self, reply: Reply) -> bool:
        """Whether a host of this shape would let the call run on this answer, at its laxest."""
        if reply.exit == 2:
            return False
        try:
            said = json.loads(reply.stdout) if reply.stdout else {}
        except ValueError:
            said = {}
        words = {word for word in _words(said) if word in ("allow", "deny", "ask")}
        return "allow" in words if self.speaks else not words & {"deny", "ask"}


def _words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for child in value.values() for word in _words(child)]
    return [value] if isinstance(value, str) else []


SHAPES: tuple[Shape, ...] = (
    Shape(host="claude-code", event="PreToolUse"),
    Shape(host="codex", event="PreToolUse"),
    Shape(host="gemini-cli", event="BeforeTool", named=False),
    Shape(host="qwen-code", event="PreToolUse"),
    Shape(host="copilot", event="preToolUse", named=False),
    Shape(host="vscode", event="PreToolUse"),
    Shape(host="cursor", event="preToolUse", session="conversation_id"),
    Shape(host="opencode", event="tool.execute.before", speaks=True),
    Shape(host="generic", event="act", speaks=True),
)
