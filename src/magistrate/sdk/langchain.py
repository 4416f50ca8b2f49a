"""LangChain and LangGraph: a middleware that reviews every tool call of an agent.

    agent = create_agent(model, tools, middleware=[Review(guard)])

Each thread (`thread_id`) is a conversation; without one, each that begins with another message. Human messages are the
person's, system messages the operator's. A refused call gives the model a `ToolMessage` with status `error`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.types import Command

from magistrate.core.canon import new_id
from magistrate.core.records import Message, Outcome
from magistrate.sdk.answer import Answer
from magistrate.sdk.conversation import Conversation
from magistrate.sdk.guard import Guard
from magistrate.sdk.values import parts_text, text_of

Result: TypeAlias = ToolMessage | Command[Any]


class Review(AgentMiddleware[Any, Any, Any]):
    """Puts a guard around every tool call, the innermost of the middleware when it stands last."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Result]) -> Result:
        """Review, then run or refuse."""
        conversation = self._heard(request)
        answer = conversation.review(**_call(request))
        if not answer.go:
            return _refusal(request, answer)
        with conversation.running(request.tool_call["name"], request.tool_call["id"] or "") as gave:
            result = handler(request)
            gave.append(_text(result))
        return result

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Result]]
    ) -> Result:
        """Review, then run or refuse."""
        conversation = self._heard(request)
        answer = await conversation.areview(**_call(request))
        if not answer.go:
            return _refusal(request, answer)
        with conversation.running(request.tool_call["name"], request.tool_call["id"] or "") as gave:
            result = await handler(request)
            gave.append(_text(result))
        return result

    def after_agent(self, state: Any, runtime: Any) -> None:
        """Send what is still waiting."""
        self._flush(state, runtime)

    def _heard(self, request: ToolCallRequest) -> Conversation:
        """The conversation of a call, up to date with the agent's messages."""
        messages = _messages(request.state)
        conversation = self._guard.conversation(_session(request.runtime, messages))
        conversation.follow(messages, _key, lambda message: _said(message, conversation))
        return conversation

    def _flush(self, state: Any, runtime: Any) -> None:
        messages = _messages(state)
        conversation = self._guard.conversation(_session(runtime, messages))
        conversation.follow(messages, _key, lambda message: _said(message, conversation))
        conversation.flush()


def _messages(state: Any) -> list[AnyMessage]:
    """The messages of an agent's state, be it an object, a mapping, or the list itself."""
    if isinstance(state, list):
        return state
    found = state.get("messages") if isinstance(state, dict) else getattr(state, "messages", None)
    return found or []


def _session(runtime: Any, messages: list[AnyMessage]) -> str:
    """By the thread, else by the first message, which has an id of its own."""
    config = getattr(runtime, "config", None) or {}
    info = getattr(runtime, "execution_info", None)
    thread = (config.get("configurable") or {}).get("thread_id") or getattr(info, "thread_id", None)
    return str(thread or (messages[0].id if messages else "") or new_id())


def _key(message: AnyMessage) -> str:
    return message.id or f"{message.type}:{message.content!r}"


def _said(message: AnyMessage, conversation: Conversation) -> Iterator[Message | Outcome]:
    text = parts_text(message.content)
    if isinstance(message, HumanMessage):
        yield Message(author=conversation.asker, text=text)
    elif isinstance(message, SystemMessage):
        yield Message(author="system", text=text)
    elif isinstance(message, AIMessage):
        yield Message(author="agent", text=text)
    elif isinstance(message, ToolMessage) and not conversation.ended(message.tool_call_id):
        failed = message.status == "error"
        yield Outcome(
            tool=message.name or "", call_id=message.tool_call_id, text=text, status="error" if failed else "ok"
        )


def _call(request: ToolCallRequest) -> dict[str, Any]:
    call, tool = request.tool_call, request.tool
    about = tool.description if tool else ""
    return {"tool": call["name"], "arguments": call["args"], "call_id": call["id"] or "", "about": about}


def _refusal(request: ToolCallRequest, answer: Answer) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(content=answer.reason, tool_call_id=call["id"] or "", name=call["name"], status="error")


def _text(result: Result) -> str:
    if isinstance(result, ToolMessage):
        return parts_text(result.content) or text_of(result.content)
    return text_of(result.update)
