"""OpenCode, live. It has no hooks of commands but plugins: ours (`opencode_plugin.js`) starts the hook and reads its answer.

The contract is between us alone: the usual shape with `parent_id`, the session that started a sub-agent's. The plugin lets a
call pass only on an explicit `allow`, and throws on anything else, which blocks the call; it waits as long as it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from magistrate.core.records import Heard, Message, Reply, Verdict
from magistrate.hosts.live.payload import Payload, step
from magistrate.hosts.live.snake import Hooks, Kind, said

NAME = "opencode"
EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "tool.execute.before": "call",
        "tool.execute.after": "result",
        "chat.message": "prompt",
        "session.created": "start",
        "session.deleted": "end",
    }
)


class OpenCode(Hooks, frozen=True, kw_only=True):
    """Adapter of our OpenCode plugin."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    unobservable: tuple[str, ...] = (
        "files that the user mentions with @: the host reads them without a tool",
        "commands that the user runs with !, and the terminal of the user",
        "calls that the host's own permissions or its user refused: no hook tells",
        "other plugins: they run in the same process and could take ours out",
    )

    def hear(self, event: str, loaded: Payload) -> Heard:
        """What a loaded payload says. Raises InputError."""
        heard = super().hear(event, loaded)
        parent = loaded.fields.get("parent_id")
        if not parent:
            return heard
        by_agent = tuple(replace(told, author="machine") if isinstance(told, Message) else told for told in heard.said)
        run = f"{self.name}/{step(str(parent), 'parent_id')}"
        return replace(heard, started=replace(heard.started, parent=run), said=by_agent)

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


ADAPTER = OpenCode()
