"""OpenAI Agents SDK: every function tool of an agent behind a tool input guardrail.

    agent = guarded(Agent(name="...", tools=[...]), guard)

Each run is a conversation: its input is the person's, the agent's instructions the operator's. A refused call gives the model the
refusal's text, as the SDK does for its own guardrails. With `ask="approve"`, a call that a person has to decide interrupts the
run (`result.interruptions`), and runs when the program approves it. Hosted tools and MCP servers have no such guardrail: for MCP
servers there is `magistrate mcp`. Agents given as tools or handoffs have to be guarded themselves.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from agents import (
    Agent,
    FunctionTool,
    RunContextWrapper,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolInputGuardrailData,
)
from agents.tool_context import ToolContext

from magistrate.core.canon import canonical, digest, new_id
from magistrate.core.records import Message, Outcome
from magistrate.sdk.answer import Answer, unreviewed
from magistrate.sdk.conversation import Conversation
from magistrate.sdk.guard import Guard
from magistrate.sdk.values import parts_text, text_of

_MARK = "_magistrate_session"
MAX_HELD = 10_000
"""Calls between their review and their end."""


def guarded(agent: Agent[Any], guard: Guard, *, ask: Literal["deny", "approve"] = "deny") -> Agent[Any]:
    """A copy of the agent whose function tools are reviewed."""
    tools = [_reviewed(tool, agent, guard, ask) if isinstance(tool, FunctionTool) else tool for tool in agent.tools]
    return agent.clone(tools=tools)


def _reviewed(tool: FunctionTool, agent: Agent[Any], guard: Guard, ask: str) -> FunctionTool:
    copied = copy.copy(tool)
    review = _Review(tool, agent, guard)
    guardrail: ToolInputGuardrail[Any] = ToolInputGuardrail(guardrail_function=review.guardrail, name="magistrate")
    copied.tool_input_guardrails = [*(tool.tool_input_guardrails or []), guardrail]
    copied.on_invoke_tool = review.invoke
    if ask == "approve":
        copied.needs_approval = review.needs_approval
    return copied


class _Review:
    """The review of one tool. A call runs only when this very call, with these arguments, was let through just before."""

    def __init__(self, tool: FunctionTool, agent: Agent[Any], guard: Guard) -> None:
        self._tool, self._agent, self._guard = tool, agent, guard
        self._asked: dict[str, Answer] = {}
        self._passed: set[str] = set()

    async def needs_approval(self, context: RunContextWrapper[Any], params: dict[str, Any], call_id: str) -> bool:
        """Whether a person has to decide; the tool's own wish for approval stands."""
        own = self._tool.needs_approval
        wanted = await own(context, params, call_id) if callable(own) else own
        arguments = json.dumps(params)
        answer = await self._ask(context, arguments, call_id)
        self._hold(_call_key(call_id, arguments), answer)
        return bool(wanted) or answer.decision == "ask"

    async def guardrail(self, data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
        """Let a call through, or reject it with the refusal's text."""
        context = data.context
        key = _call_key(context.tool_call_id, context.tool_arguments)
        answer = self._asked.pop(key, None) or await self._ask(context, context.tool_arguments, context.tool_call_id)
        approved = answer.decision == "ask" and context.is_tool_approved(context.tool_name, context.tool_call_id)
        if not answer.go and not approved:
            return ToolGuardrailFunctionOutput.reject_content(answer.reason, output_info={"ticket": answer.ticket})
        if approved:
            self._talk(context).machine(f"The call {context.tool_call_id} was approved through the program.")
        self._passed.add(key)
        return ToolGuardrailFunctionOutput.allow()

    async def invoke(self, context: ToolContext[Any], arguments: str) -> Any:
        """Run the tool and record what it gave back."""
        key = _call_key(context.tool_call_id, arguments)
        if key not in self._passed:
            return unreviewed("the call did not pass its guardrail").reason
        self._passed.discard(key)
        conversation = self._talk(context)
        with conversation.running(self._tool.name, context.tool_call_id) as gave:
            gave.append(await self._tool.on_invoke_tool(context, arguments))
        return gave[0]

    async def _ask(self, context: RunContextWrapper[Any], arguments: str, call_id: str) -> Answer:
        conversation = self._talk(context)
        try:
            given = json.loads(arguments or "{}")
        except ValueError:
            return unreviewed("the arguments are no JSON")
        if not isinstance(given, Mapping):
            return unreviewed("the arguments are no object")
        return await conversation.areview(self._tool.name, given, call_id=call_id, about=self._tool.description)

    def _talk(self, context: RunContextWrapper[Any]) -> Conversation:
        """The conversation of the run this context belongs to, up to date with the run's input."""
        conversation = self._guard.conversation(_session(context))
        instructions = self._agent.instructions
        system = [{"role": "system", "content": instructions}] if isinstance(instructions, str) else []
        conversation.follow([*system, *context.turn_input], _key, lambda item: _said(item, conversation))
        return conversation

    def _hold(self, key: str, answer: Answer) -> None:
        self._asked[key] = answer
        while len(self._asked) > MAX_HELD:
            del self._asked[next(iter(self._asked))]


def _session(context: RunContextWrapper[Any]) -> str:
    """A name for the run; kept at what all contexts of one run share, its count of tokens."""
    usage: Any = context.usage
    if not hasattr(usage, _MARK):
        setattr(usage, _MARK, new_id())
    return str(getattr(usage, _MARK))


def _call_key(call_id: str, arguments: str) -> str:
    """The call and its arguments, however these are spelled."""
    try:
        return f"{call_id}:{digest(canonical(json.loads(arguments or '{}')))}"
    except ValueError:
        return f"{call_id}:{arguments}"


def _key(item: Any) -> str:
    return digest(text_of(item).encode("utf-8", "replace"))


def _said(item: Any, conversation: Conversation) -> Iterator[Message | Outcome]:
    if not isinstance(item, Mapping):
        return
    role, kind = item.get("role"), item.get("type", "message")
    if kind == "message" and role in ("user", "system", "developer", "assistant"):
        author = {"user": conversation.asker, "assistant": "agent"}.get(str(role), "system")
        yield Message(author=author, text=parts_text(item.get("content")))  # type: ignore[arg-type]
    elif str(kind).endswith("_output") and not conversation.ended(str(item.get("call_id"))):
        yield Outcome(call_id=str(item.get("call_id", "")), text=parts_text(item.get("output")))
