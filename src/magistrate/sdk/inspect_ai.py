"""Inspect: an approver, registered by entry point as `magistrate/review`.

    Task(..., approval=[ApprovalPolicy(review(), "*")])        # or: inspect eval ... --approval magistrate/review

Each sample is a conversation; what the approver is shown of its history is recorded. What a person has to decide is rejected,
or with `ask="escalate"` left to the next approver, such as `human`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from inspect_ai.approval import Approval, Approver, approver
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall, ToolCallView

from magistrate.core.canon import new_id
from magistrate.core.records import Message, Outcome
from magistrate.sdk.conversation import Conversation
from magistrate.sdk.guard import Guard
from magistrate.sdk.values import parts_text

Ask = Literal["reject", "escalate"]


@approver(name="review")
def review(
    ledger: str = "",
    rules: str = "",
    cwd: str = "",
    server: bool = False,
    ask: Ask = "reject",
    guard: Guard | None = None,
) -> Approver:
    """Review by a gate in this process (`ledger`, `rules`), by the running server, or by a guard at hand.

    `cwd`: the folder in the sandbox that is the agent's own place; unknown by default.
    """
    asked = guard or _guard(ledger, rules, cwd, server)

    async def approve(message: str, call: ToolCall, view: ToolCallView, history: list[ChatMessage]) -> Approval:
        conversation = asked.conversation(_sample(history))
        conversation.follow(history, _key, lambda said: _said(said, conversation))
        answer = await conversation.areview(call.function, _arguments(call), call_id=call.id)
        if answer.go:
            return Approval(decision="approve")
        decision: Any = "escalate" if answer.decision == "ask" and ask == "escalate" else "reject"
        metadata = {"ticket": answer.ticket, "reviewed": answer.reviewed}
        return Approval(decision=decision, explanation=answer.reason, metadata=metadata)

    return approve


@cache
def _guard(ledger: str, rules: str, cwd: str, server: bool) -> Guard:
    """One guard for all samples: one writer to the ledger."""
    if server:
        return Guard.connect(host="inspect", cwd=cwd)
    return Guard(host="inspect", cwd=cwd, ledger=ledger or None, rules=rules or None)


def _sample(history: list[ChatMessage]) -> str:
    """By the sample that runs, else by the first message, which has an id of its own."""
    from inspect_ai.log._samples import sample_active

    try:
        sample = sample_active()
    except Exception:  # noqa: BLE001  it is not part of the library's public interface
        sample = None
    return str(getattr(sample, "id", "") or (history[0].id if history else "") or new_id())


def _key(message: ChatMessage) -> str:
    return message.id or f"{message.role}:{message.text}"


def _arguments(call: ToolCall) -> dict[str, Any]:
    """The arguments; of a call that could not be parsed, its text too."""
    return {**call.arguments, "unparsed": call.parse_error} if call.parse_error else call.arguments


def _said(message: ChatMessage, conversation: Conversation) -> Iterator[Message | Outcome]:
    match message:
        case ChatMessageSystem():
            yield Message(author="system", text=message.text)
        case ChatMessageUser():
            # Inspect marks what the sample's input says; other user messages are a solver's.
            author = conversation.asker if message.source == "input" else "machine"
            yield Message(author=author, text=message.text)
        case ChatMessageAssistant():
            yield Message(author="agent", text=message.text)
        case ChatMessageTool():
            failed = message.error
            yield Outcome(
                tool=message.function or "",
                call_id=message.tool_call_id or "",
                text="\n".join(filter(None, (parts_text(message.content), failed.message if failed else ""))),
                status="error" if failed else "ok",
            )
