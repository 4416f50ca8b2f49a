"""GitHub Copilot, CLI and cloud agent, live. docs/live-hosts.md shows what becomes of what.

Hooks of camel-case events do not name their event in the payload: it stands on the hook's command line. The cloud agent asks
nobody and takes `ask` for `deny`, which is as it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from magistrate.core.records import Outcome
from magistrate.hosts.claude_lines import mapping, words
from magistrate.hosts.live.snake import Hooks, Kind, result_text

NAME = "copilot"
EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "preToolUse": "call",
        "postToolUse": "result",
        "postToolUseFailure": "failure",
        "userPromptSubmitted": "prompt",
        "sessionStart": "start",
        "sessionEnd": "end",
        "subagentStart": "quiet",
        "subagentStop": "quiet",
        "agentStop": "quiet",
        "errorOccurred": "quiet",
        "preCompact": "quiet",
        "notification": "quiet",
        "PreToolUse": "call",
        "PostToolUse": "result",
        "PostToolUseFailure": "failure",
        "UserPromptSubmit": "prompt",
        "SessionStart": "start",
        "SessionEnd": "end",
        "Stop": "quiet",
    }
)
"""Both spellings; with the second the host gives keys and tools the names that Claude Code has for them."""
REFUSED: Mapping[str, str] = MappingProxyType({"rejected": "person", "denied": "host-rule"})
"""Kinds of result -> who refused."""


class Copilot(Hooks, frozen=True, kw_only=True):
    """Adapter of Copilot's hooks."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    asking: frozenset[str] = frozenset({"preToolUse", "PreToolUse"})
    approving: frozenset[str] = frozenset({"preToolUse", "PreToolUse"})
    unobservable: tuple[str, ...] = (
        "which call a result belongs to: no hook names it",
        "which agent started a sub-agent's session",
        "calls whose hook is late: the host lets them pass, policy hooks included; the hook's own deadline is shorter",
        "in the cloud agent, everything outside the hooks of the repository's default branch",
    )

    def result(self, response: Any) -> Outcome:
        """What a tool gave back."""
        fields = mapping(response)
        text = (
            words(fields.get("textResultForLlm")) or words(fields.get("text_result_for_llm")) or result_text(response)
        )
        kind = words(fields.get("resultType")) or words(fields.get("result_type"))
        if kind in REFUSED:
            return Outcome(text=text, status="refused", refused_by=REFUSED[kind])
        return Outcome(text=text, status="error" if kind in ("failure", "error", "timeout") else "ok")

    def body(self, event: str, word: str, text: str) -> dict[str, Any]:
        """A decision in the host's words."""
        return {"permissionDecision": word} | ({"permissionDecisionReason": text} if text else {})


ADAPTER = Copilot()
