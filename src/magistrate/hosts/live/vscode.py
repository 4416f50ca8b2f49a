"""VS Code's agent, live: Claude Code's shape with a timestamp. docs/live-hosts.md shows what becomes of what.

What becomes of a call whose hook fails is not documented; the hook answers in time, whatever happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from magistrate.hosts.live.snake import Hooks, Kind

NAME = "vscode"
EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "PreToolUse": "call",
        "PostToolUse": "result",
        "UserPromptSubmit": "prompt",
        "SessionStart": "start",
        "SubagentStart": "agent-start",
        "SubagentStop": "agent-end",
        "Stop": "quiet",
        "PreCompact": "quiet",
    }
)


class VSCode(Hooks, frozen=True, kw_only=True):
    """Adapter of VS Code's agent hooks."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    asking: frozenset[str] = frozenset({"PreToolUse"})
    approving: frozenset[str] = frozenset({"PreToolUse"})
    unobservable: tuple[str, ...] = (
        "files and selections that the editor attaches to a prompt",
        "edits and commands of the user, and of other extensions",
        "calls that the user refused: no hook tells",
        "what becomes of a call whose hook fails: not documented",
    )


ADAPTER = VSCode()
