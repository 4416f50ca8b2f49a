"""Claude Agent SDK: hooks that review every tool call, sub-agents' included, and block when they fail.

    options = guarded(ClaudeAgentOptions(...), guard)

Each session is a conversation; prompts are the person's. `can_use_tool` is not used: it is skipped for tools that are allowed
anyway. With `ask="ask"`, what a person has to decide is put to the SDK's own way of asking.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from claude_agent_sdk import ClaudeAgentOptions, HookMatcher

from magistrate.core.errors import InputError
from magistrate.core.records import Heard
from magistrate.hosts.live.claude_code import ADAPTER
from magistrate.sdk.answer import Answer, unreviewed
from magistrate.sdk.conversation import Conversation, in_thread
from magistrate.sdk.guard import Guard

MARGIN = 10.0
"""Seconds that the SDK waits longer than a review may take."""
TOLD = ("PostToolUse", "PostToolUseFailure", "UserPromptSubmit", "SubagentStop", "Stop")
"""Hooks that tell and decide nothing."""
Ask = Literal["deny", "ask"]


def guarded(options: ClaudeAgentOptions, guard: Guard, *, ask: Ask = "deny") -> ClaudeAgentOptions:
    """The options with the guard's hooks beside those that are there."""
    merged: dict[Any, list[HookMatcher]] = {event: list(found) for event, found in (options.hooks or {}).items()}
    for event, found in hooks(guard, ask=ask).items():
        merged[event] = [*merged.get(event, []), *found]
    return replace(options, hooks=merged)


def hooks(guard: Guard, *, ask: Ask = "deny", timeout: float = 60.0 + MARGIN) -> dict[Any, list[HookMatcher]]:
    """Hooks by event, as `ClaudeAgentOptions.hooks` takes them. `timeout`: seconds, more than the guard's own deadline."""

    async def review(payload: Any, tool_use_id: str | None, context: Any) -> Any:
        heard, conversation = _hear(payload, guard)
        if heard is None or conversation is None or heard.action is None:
            return _decision("deny", unreviewed("the hook's input could not be understood"))
        action = heard.action
        answer = await conversation.areview(
            action.tool, action.arguments, call_id=action.call_id, server=action.server, about=action.about
        )
        if answer.go:
            return {}
        return _decision("ask" if answer.decision == "ask" and ask == "ask" else "deny", answer)

    async def tell(payload: Any, tool_use_id: str | None, context: Any) -> Any:
        _, conversation = _hear(payload, guard)
        if conversation and payload.get("hook_event_name") in ("Stop", "SubagentStop"):
            await in_thread(conversation.flush)
        return {}

    gate = HookMatcher(hooks=[review], timeout=timeout, on_failure="block")
    return {"PreToolUse": [gate], **{event: [HookMatcher(hooks=[tell])] for event in TOLD}}


def _hear(payload: Any, guard: Guard) -> tuple[Heard | None, Conversation | None]:
    """What a hook's input says, told to its conversation; nothing when it cannot be understood."""
    try:
        if not isinstance(payload, Mapping):
            raise InputError("no object")
        heard = ADAPTER.decode("", json.dumps(payload).encode())
    except (InputError, TypeError, ValueError):
        return None, None
    _, session, *agent = heard.run.split("/")
    conversation = guard.conversation(session, agent="/".join(agent), cwd=heard.started.cwd)
    conversation.tell(*heard.said)
    return heard, conversation


def _decision(word: str, answer: Answer) -> dict[str, Any]:
    told = {"permissionDecision": word, "permissionDecisionReason": answer.reason}
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **told}}
