"""Pydantic AI: a capability that reviews every tool call of an agent.

    agent = Agent(model, tools=[...], capabilities=[Review(guard)])

It wraps the assembled toolset, so it judges the very arguments the tool is called with. Each `conversation_id` is a
conversation. User prompts are the person's, instructions and system prompts the operator's. A refused call gives the model the
refusal's text as the tool's result; with `ask="defer"`, one that a person has to decide is deferred for approval instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_ai import RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import ApprovalRequired
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool, WrapperToolset

from magistrate.core.canon import new_id
from magistrate.core.records import Message, Outcome
from magistrate.sdk.conversation import Conversation
from magistrate.sdk.guard import Guard
from magistrate.sdk.values import parts_text, text_of


@dataclass
class Reviewed(WrapperToolset[Any]):
    """A toolset whose every call is reviewed before it runs."""

    guard: Guard
    ask: Literal["deny", "defer"] = "deny"

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:
        """Review, then run or refuse."""
        conversation = self.guard.conversation(ctx.conversation_id or ctx.run_id or new_id())
        conversation.follow(ctx.messages, _key, lambda message: _said(message, conversation))
        call, about = ctx.tool_call_id or new_id(), tool.tool_def.description or ""
        answer = await conversation.areview(name, tool_args, call_id=call, about=about)
        if answer.decision == "ask" and self.ask == "defer":
            if not ctx.tool_call_approved:
                raise ApprovalRequired(metadata={"reason": answer.reason, "ticket": answer.ticket})
            conversation.machine(f"The call {call} was approved through the program.")
        elif not answer.go:
            return answer.reason
        with conversation.running(name, call) as gave:
            gave.append(await super().call_tool(name, tool_args, ctx, tool))
        return gave[0]


@dataclass
class Review(AbstractCapability[Any]):
    """Puts `Reviewed` around everything an agent can call; the innermost wrapper when it stands last."""

    guard: Guard
    ask: Literal["deny", "defer"] = "deny"

    def get_wrapper_toolset(self, toolset: AbstractToolset[Any]) -> AbstractToolset[Any]:
        """The agent's toolset, reviewed."""
        return Reviewed(toolset, self.guard, self.ask)


def _key(message: ModelMessage) -> str:
    # A message is written once; the time of its making tells it from others that read the same.
    parts = message.parts
    return f"{message.kind}:{len(parts)}:{getattr(message, 'timestamp', '')}:{parts[0]!r}" if parts else message.kind


def _said(message: ModelMessage, conversation: Conversation) -> Iterator[Message | Outcome]:
    if isinstance(message, ModelRequest) and message.instructions:
        yield Message(author="system", text=message.instructions)
    for part in message.parts:
        match part:
            case UserPromptPart():
                yield Message(author=conversation.asker, text=parts_text(part.content))
            case SystemPromptPart():
                yield Message(author="system", text=part.content)
            case TextPart():
                yield Message(author="agent", text=part.content)
            case ToolReturnPart() if not conversation.ended(part.tool_call_id):
                yield Outcome(tool=part.tool_name, call_id=part.tool_call_id, text=text_of(part.content))
            case RetryPromptPart():
                yield Message(author="machine", text=text_of(part.content))
