"""Payloads as each host sends them, for trying an installation: what `doctor` plants, and what tests begin from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from magistrate.core.records import Reply

HARMLESS = "ls"
PLANTED = "rm -rf / # planted by magistrate doctor, never run"
"""A shell command that no rulebook allows. Nothing runs it: it only stands in a payload."""
Maker = Callable[[str, str, str], dict[str, Any]]
"""Session, working folder, shell command -> the payload of the host's gate."""


def _claude(session: str, cwd: str, command: str) -> dict[str, Any]:
    return {
        "session_id": session,
        "transcript_path": "",
        "cwd": cwd,
        "permission_mode": "default",
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": command, "description": "probe"},
        "tool_use_id": "toolu_probe",
    }


def _codex(session: str, cwd: str, command: str) -> dict[str, Any]:
    told = _claude(session, cwd, command) | {"transcript_path": None, "turn_id": "probe", "model": "probe"}
    return told | {"tool_input": {"command": command}, "tool_use_id": "call_probe"}


def _gemini(session: str, cwd: str, command: str) -> dict[str, Any]:
    return {
        "session_id": session,
        "transcript_path": "",
        "cwd": cwd,
        "hook_event_name": "BeforeTool",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "tool_name": "run_shell_command",
        "tool_input": {"command": command},
    }


def _qwen(session: str, cwd: str, command: str) -> dict[str, Any]:
    told = _gemini(session, cwd, command) | {"hook_event_name": "PreToolUse", "permission_mode": "default"}
    return told | {"tool_use_id": "toolu_probe"}


def _copilot(session: str, cwd: str, command: str) -> dict[str, Any]:
    return {
        "sessionId": session,
        "timestamp": 1767225600000,
        "cwd": cwd,
        "toolName": "bash",
        "toolArgs": {"command": command},
    }


def _vscode(session: str, cwd: str, command: str) -> dict[str, Any]:
    told = _claude(session, cwd, command) | {"timestamp": "2026-01-01T00:00:00.000Z", "tool_name": "run_in_terminal"}
    return told | {"tool_use_id": "probe"}


def _cursor(session: str, cwd: str, command: str) -> dict[str, Any]:
    return {
        "conversation_id": session,
        "generation_id": "probe",
        "model": "probe",
        "hook_event_name": "preToolUse",
        "cursor_version": "2.0.0",
        "workspace_roots": [cwd],
        "user_email": None,
        "transcript_path": None,
        "tool_name": "Shell",
        "tool_input": {"command": command},
        "tool_use_id": "probe",
        "cwd": cwd,
    }


def _opencode(session: str, cwd: str, command: str) -> dict[str, Any]:
    return {
        "session_id": session,
        "cwd": cwd,
        "parent_id": None,
        "hook_event_name": "tool.execute.before",
        "tool_name": "bash",
        "tool_input": {"command": command, "description": "probe"},
        "tool_use_id": "call_probe",
    }


def _generic(session: str, cwd: str, command: str) -> dict[str, Any]:
    return {
        "version": 1,
        "host": "acme",
        "session": session,
        "event": "act",
        "cwd": cwd,
        "tool": "shell",
        "arguments": {"command": command},
        "call_id": "c1",
    }


PROBES: Mapping[str, Maker] = MappingProxyType(
    {
        "claude-code": _claude,
        "codex": _codex,
        "gemini-cli": _gemini,
        "qwen-code": _qwen,
        "copilot": _copilot,
        "vscode": _vscode,
        "cursor": _cursor,
        "opencode": _opencode,
        "generic": _generic,
    }
)


def understood(reply: Reply) -> str:
    """What a host takes an answer for: `allow`, `deny`, `ask`, or `silence`, which leaves its own ways as they are."""
    if reply.exit == 2:
        return "deny"
    if not reply.stdout.strip():
        return "silence"
    try:
        body = msgspec.json.decode(reply.stdout)
    except msgspec.DecodeError:
        return "unreadable"
    return _word(body) or "silence"


def _word(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    inner = body.get("hookSpecificOutput")
    for name in ("permissionDecision", "permission", "decision", "behavior"):
        word = body.get(name)
        if isinstance(word, str):
            return {"block": "deny", "approve": "allow"}.get(word, word)
        if isinstance(word, dict):
            return _word(word)
    return _word(inner)
