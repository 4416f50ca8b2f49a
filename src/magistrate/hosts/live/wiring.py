"""Where each host keeps its hooks, and how one of ours is written there: a table, used by `install` and by `doctor`.

The host is told to wait three times as long as the hook does, and to block on a failed hook wherever it can be told so.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from magistrate.core.errors import ConfigError
from magistrate.core.records import Record

Scope = Literal["user", "project", "managed"]
SCOPES: tuple[Scope, ...] = ("user", "project", "managed")
DEADLINE = 20
"""Seconds after which the hook denies by itself."""
WAIT = 60
"""Seconds that the host is told to wait for it."""
Entry = Callable[[Sequence[str], int, bool], Any]
"""Command, seconds to wait for it, and whether a call waits for it -> what stands in the host's settings for an event."""


class Place(Record, frozen=True, kw_only=True):
    """A file of settings, and the folder below which no part of its path may be a link."""

    file: Path
    root: Path


class Wiring(Record, frozen=True, kw_only=True):
    """How one host is guarded."""

    host: str
    gates: tuple[str, ...]
    tells: tuple[str, ...]
    files: Mapping[Scope, str]
    """Scope -> file, below the user's home, the project, or the file system's root."""
    entry: Entry
    moved: tuple[str, str] = ("", "")
    """A variable that moves the user's folder, and that folder as `files` names it."""
    frame: Mapping[str, Any] = MappingProxyType({})
    """What else a new file needs."""
    off: tuple[tuple[str, Any], ...] = ()
    """Settings that switch hooks off: a path of names joined by dots, and the value; a list of names does where ours is in it."""
    besides: tuple[str, ...] = ()
    """Further files in which they can stand, below the project."""
    plugin: bool = False
    """The file is a program of ours rather than settings."""
    short: Mapping[str, float] = MappingProxyType({})
    """Events for which the host waits less than the hook's usual deadline: seconds."""
    longest: int = 1 << 20
    """Seconds after which the host gives up on a hook, whatever it was told."""
    approve: str = ""
    """A further event that has to be heard where `allow` answers for the user."""
    blocks_since: str = ""
    """The first version of the host that heeds what the entry says of a hook that fails; before, the call passes."""
    note: str = ""
    """What the user has to do besides."""

    def events(self, *, approve: bool = False) -> tuple[str, ...]:
        """Events that are heard, the gates first."""
        return (*self.gates, *((self.approve,) if approve and self.approve else ()), *self.tells)

    def gated(self, event: str) -> bool:
        """Whether a call waits for the answer to this event."""
        return event in self.gates or event == self.approve

    def patience(self, event: str, wait: float = 0) -> int:
        """Seconds that the host is told to wait for the hook of an event. `wait`: that a person may take besides.

        Raises ConfigError where the host would not wait so long.
        """
        if event in self.short:
            return int(self.short[event])
        wait = wait if self.gated(event) else 0
        if DEADLINE + wait > self.longest * 0.9:
            raise ConfigError(f"{self.host} waits for {self.longest} seconds at most, and then lets the call pass")
        return int(min(WAIT + wait, self.longest))

    def deadline(self, event: str) -> float:
        """Seconds after which the hook gives up at this event."""
        return min(self.short.get(event, WAIT) * 0.6, DEADLINE)

    def place(self, scope: Scope, *, home: Path, project: Path, env: Mapping[str, str]) -> Place:
        """The file for a scope. Raises ConfigError where the host has none."""
        if scope not in self.files:
            known = ", ".join(f"--{name}" for name in SCOPES if name in self.files)
            raise ConfigError(f"{self.host} cannot be guarded with --{scope}; it can with {known}")
        root = {"user": home, "project": project, "managed": Path("/")}[scope]
        name = self.files[scope]
        variable, folder = self.moved
        if scope == "user" and variable and env.get(variable):
            root, name = Path(env[variable]).absolute(), name.removeprefix(folder).lstrip("/")
        return Place(file=root / name, root=root)


# ---------------------------------------------------------------- entries


_CLAUDE_SHORT: Mapping[str, float] = MappingProxyType({"SessionEnd": 5})
_CODEX_SHORT: Mapping[str, float] = MappingProxyType({"SessionEnd": 3})


def _claude(command: Sequence[str], seconds: int, gate: bool) -> Any:
    hook = {"type": "command", "command": shlex.join(command), "timeout": seconds}
    return {"hooks": [hook | ({"onFailure": "block"} if gate else {})]}


def _codex(command: Sequence[str], seconds: int, gate: bool) -> Any:
    return {"hooks": [{"type": "command", "command": shlex.join(command), "timeout": seconds}]}


def _gemini(command: Sequence[str], seconds: int, gate: bool) -> Any:
    milliseconds = seconds * 1000
    return {
        "hooks": [{"name": "magistrate", "type": "command", "command": shlex.join(command), "timeout": milliseconds}]
    }


def _copilot(command: Sequence[str], seconds: int, gate: bool) -> Any:
    return {"type": "command", "bash": shlex.join(command), "timeoutSec": seconds}


def _vscode(command: Sequence[str], seconds: int, gate: bool) -> Any:
    return {"type": "command", "command": shlex.join(command), "timeout": seconds}


def _cursor(command: Sequence[str], seconds: int, gate: bool) -> Any:
    return {"command": shlex.join(command), "timeout": seconds} | ({"failClosed": True} if gate else {})


def _nothing(command: Sequence[str], seconds: int, gate: bool) -> Any:
    return list(command)


# ---------------------------------------------------------------- the table

_ONE = MappingProxyType({"version": 1})
WIRINGS: Mapping[str, Wiring] = MappingProxyType(
    {
        wiring.host: wiring
        for wiring in (
            Wiring(
                host="claude-code",
                gates=("PreToolUse",),
                approve="PermissionRequest",
                tells=(
                    "PostToolUse", "PostToolUseFailure", "PermissionDenied", "UserPromptSubmit", "SessionStart", "SessionEnd",
                    "SubagentStart", "SubagentStop", "Stop",
                ),
                files={
                    "user": ".claude/settings.json",
                    "project": ".claude/settings.local.json",
                    "managed": "etc/claude-code/managed-settings.json",
                },
                moved=("CLAUDE_CONFIG_DIR", ".claude"),
                off=(("disableAllHooks", True), ("allowManagedHooksOnly", True)),
                besides=(".claude/settings.json",),
                blocks_since="2.1.295",
                entry=_claude,
                short=_CLAUDE_SHORT,
            ),
            Wiring(
                host="codex",
                gates=("PreToolUse",),
                approve="PermissionRequest",
                tells=("PostToolUse", "UserPromptSubmit", "SessionStart", "SessionEnd", "SubagentStart", "SubagentStop", "Stop"),
                files={"user": ".codex/hooks.json", "project": ".codex/hooks.json"},
                moved=("CODEX_HOME", ".codex"),
                entry=_codex,
                short=_CODEX_SHORT,
                note=(
                    "Codex leaves a hook out, and lets every call pass, until you trust it. Either: magistrate guard codex --trust, which "
                    "trusts exactly these hooks. Or: start codex, type /hooks, and trust the hooks of Magistrate there."
                ),
            ),
            Wiring(
                host="gemini-cli",
                gates=("BeforeTool",),
                tells=("AfterTool", "BeforeAgent", "AfterAgent", "SessionStart", "SessionEnd"),
                files={
                    "user": ".gemini/settings.json",
                    "project": ".gemini/settings.json",
                    "managed": "etc/gemini-cli/settings.json",
                },
                off=(("hooksConfig.enabled", False), ("hooksConfig.disabled", ["magistrate"])),
                entry=_gemini,
            ),
            Wiring(
                host="qwen-code",
                gates=("PreToolUse",),
                approve="PermissionRequest",
                tells=(
                    "PostToolUse", "PostToolUseFailure", "UserPromptSubmit", "SessionStart", "SessionEnd", "SubagentStart",
                    "SubagentStop", "Stop",
                ),
                files={
                    "user": ".qwen/settings.json",
                    "project": ".qwen/settings.json",
                    "managed": "etc/qwen-code/settings.json",
                },
                off=(("disableAllHooks", True),),
                entry=_gemini,
                longest=60,
            ),
            Wiring(
                host="copilot",
                gates=("preToolUse",),
                tells=("postToolUse", "postToolUseFailure", "userPromptSubmitted", "sessionStart", "sessionEnd"),
                files={
                    "user": ".copilot/hooks/magistrate.json",
                    "project": ".github/hooks/magistrate.json",
                    "managed": "etc/github-copilot/policy.d/magistrate.json",
                },
                moved=("COPILOT_HOME", ".copilot"),
                entry=_copilot,
                frame=_ONE,
            ),
            Wiring(
                host="vscode",
                gates=("PreToolUse",),
                tells=("PostToolUse", "UserPromptSubmit", "SessionStart", "SubagentStart", "SubagentStop"),
                files={"project": ".github/hooks/magistrate-vscode.json"},
                entry=_vscode,
            ),
            Wiring(
                host="cursor",
                gates=("preToolUse",),
                tells=("postToolUse", "postToolUseFailure", "beforeSubmitPrompt", "afterAgentResponse", "sessionStart", "sessionEnd"),
                files={
                    "user": ".cursor/hooks.json",
                    "project": ".cursor/hooks.json",
                    "managed": "etc/cursor/hooks.json",
                },
                entry=_cursor,
                frame=_ONE,
            ),
            Wiring(
                host="opencode",
                gates=("tool.execute.before",),
                tells=("tool.execute.after", "chat.message", "session.created", "session.idle", "session.deleted"),
                files={
                    "user": ".config/opencode/plugin/magistrate.js",
                    "project": ".opencode/plugin/magistrate.js",
                },
                moved=("XDG_CONFIG_HOME", ".config"),
                entry=_nothing,
                plugin=True,
            ),
        )
    }
)  # fmt: skip
