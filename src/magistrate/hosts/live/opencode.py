"""OpenCode, live. It has no hooks of commands but plugins: ours (`opencode_plugin.js`) starts the hook and reads its answer.

The contract is between us alone: the usual shape with `parent_id`, the session that started a sub-agent's. The plugin lets a
call pass only on an explicit `allow`, and throws on anything else, which blocks the call; it waits as long as it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from magistrate.core.errors import InputError
from magistrate.core.records import Heard, Message, Reply, Verdict
from magistrate.hosts.claude_lines import texts_in
from magistrate.hosts.live.payload import Payload, step
from magistrate.hosts.live.snake import Hooks, Kind, said

NAME = "opencode"
EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "tool.execute.before": "call",
        "tool.execute.after": "result",
        "chat.message": "prompt",
        "session.created": "start",
        "session.idle": "reply",
        "session.deleted": "end",
    }
)


class OpenCode(Hooks, frozen=True, kw_only=True):
    """Adapter of our OpenCode plugin."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    seen: str = "1.18.33"
    unobservable: tuple[str, ...] = (
        "files that the user mentions with @: the host reads them without a tool",
        "commands that the user runs with !, and the terminal of the user",
        "calls that the host's own permissions or its user refused: no hook tells",
        "other plugins: they run in the same process and could take ours out",
    )

    def hear(self, event: str, loaded: Payload) -> Heard:
        """What a loaded payload says. Raises InputError."""
        heard = super().hear(event, loaded)
        parent = loaded.fields.get("parent_id", "unknown")
        told = [*heard.said, *_attached(loaded.fields.get("attached"))]
        if parent is None:
            return replace(heard, said=tuple(told))
        if not isinstance(parent, str):
            raise InputError("parent_id is no name")
        # Agents write the prompts of their sub-agents.
        spoken = tuple(replace(said, author="machine") if isinstance(said, Message) else said for said in told)
        run = f"{self.name}/{step(parent, 'parent_id')}" if "parent_id" in loaded.fields else ""
        return replace(heard, started=replace(heard.started, parent=run), said=spoken)

    def encode(self, heard: Heard, verdict: Verdict | None, ticket: str = "") -> Reply:
        """The answer; an explicit `allow` in dry-run too."""
        if verdict is not None and verdict.mode == "dry-run":
            return said(self.body(heard.event, "allow", ""))
        return super().encode(heard, verdict, ticket)

    def speaks(self, event: str) -> bool:
        """The plugin wants to hear an `allow`."""
        return True

    def body(self, event: str, word: str, text: str) -> dict[str, Any]:
        """A decision in the plugin's words."""
        return {"decision": word} | ({"reason": text} if text else {})


def _attached(texts: Any) -> list[Message]:
    """What the host put beside a prompt: files that the user mentioned, reminders."""
    return [Message(author="machine", text=text) for text in texts_in(texts) if text.strip()]


ADAPTER = OpenCode()
