"""Claude Code, live: its hooks' JSON on stdin, its answers on stdout. docs/live-hosts.md shows what becomes of what.

Cursor and Copilot also start the hooks that stand in Claude Code's settings. They are told apart by their own keys, keep runs
of their own, and get answers that every host understands: `deny` is the only word that all of them honour.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import msgspec

from magistrate.core.records import Heard, Record, Reply, Verdict
from magistrate.hosts.claude_code import NAME
from magistrate.hosts.live import answers, snake
from magistrate.hosts.live.payload import load

EVENTS: MappingProxyType[str, snake.Kind] = MappingProxyType(
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
        "Stop": "quiet",
        "StopFailure": "quiet",
        "PreCompact": "quiet",
        "PostCompact": "quiet",
        "Notification": "quiet",
        "CwdChanged": "quiet",
    }
)
GATES = frozenset({"PreToolUse", "PermissionRequest"})
"""Events whose answer decides whether a call runs."""
DIALECT = snake.Dialect(name=NAME, events=EVENTS)


class ClaudeCode(Record, frozen=True, kw_only=True):
    """Adapter of Claude Code's hooks."""

    name: str = NAME
    approves: bool = False
    """`allow` answers for the host's user too (`guard --allow-means approve`), instead of leaving the host's own ways alone."""
    asks: bool = True
    unobservable: tuple[str, ...] = (
        "files that the user mentions with @ (read by the host without a tool)",
        "what an MCP server, a plugin or another hook does by itself",
        "the commands that an approved command starts in turn",
        "EndConversation, and the text the model writes",
        "calls while hooks are disabled (disableAllHooks, --safe-mode, managed settings that allow only managed hooks)",
    )

    def decode(self, event: str, payload: bytes) -> Heard:
        """What the host says. Raises InputError."""
        loaded = load(payload)
        host = writer(loaded.fields)
        dialect = DIALECT if host == NAME else msgspec.structs.replace(DIALECT, name=host)
        return snake.hear(dialect, event, loaded)

    def encode(self, heard: Heard, verdict: Verdict | None, ticket: str = "") -> Reply:
        """The answer: silence leaves the host's own permission flow as it is."""
        if snake.neutral(heard, verdict):
            return Reply()
        if verdict is None or heard.action is None:
            return self.refuse(heard.event, "no verdict was given")
        at_home = heard.host == NAME
        word, text = snake.spoken(verdict, ticket, asks=self.asks and at_home and heard.event == "PreToolUse")
        if word == "allow" and not (self.approves and at_home):
            return Reply()
        body = answer(heard.event, word, text)
        return snake.said(body) if at_home else snake.portable(body, text)

    def refuse(self, event: str, why: str) -> Reply:
        """A denial without a verdict, in all hosts' words; silence where nothing waits, since exit code 2 would mean other things."""
        text = answers.doubt(why)
        return (
            snake.portable(answer(event or "PreToolUse", "deny", text), text)
            if not event or event in GATES
            else Reply()
        )


def writer(fields: dict[str, Any]) -> str:
    """Which host wrote a payload of this shape, by the keys that only it sends; Claude Code when none says otherwise."""
    if "cursor_version" in fields:
        return "cursor"
    if "turn_id" in fields:
        return "codex"
    if "timestamp" in fields and "transcript_path" not in fields:
        return "copilot"
    return NAME


def answer(event: str, word: str, text: str = "") -> dict[str, Any]:
    """The body that decides on a call, for Claude Code and Codex."""
    if event != "PermissionRequest":
        return snake.decision(event, word, text)
    inner = {"behavior": "allow"} if word == "allow" else {"behavior": "deny", "message": text}
    return {"hookSpecificOutput": {"hookEventName": event, "decision": inner}}


ADAPTER = ClaudeCode()
