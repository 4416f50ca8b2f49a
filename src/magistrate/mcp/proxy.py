"""The proxy between one client and one server: lines pass as they are, `tools/call` passes when it may.

It knows nothing of protocol versions: whatever is no tool call goes through byte for byte, whatever its method, and is read
only for what the agent learns by it. Transport-agnostic: the ends are two functions that take a line.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from magistrate.core.errors import InputError, MagistrateError
from magistrate.core.records import Outcome
from magistrate.mcp.catalog import Catalog
from magistrate.mcp.messages import (
    CALL,
    Message,
    call_of,
    from_client,
    from_server,
    line_of,
    not_understood,
    refusal,
    text_in,
)
from magistrate.sdk.answer import Answer, unreviewed
from magistrate.sdk.conversation import Conversation

MAX_PENDING = 10_000
"""Requests whose answers are awaited; of one beyond, the answer is recorded without its tool's name."""
MAX_WAITING = 1000
"""Calls that wait for their review at one time."""
Send = Callable[[bytes], Awaitable[None]]
READ = frozenset(
    {"resources/read", "prompts/get", "tasks/result", "initialize", "server/discover", "resources/list", "prompts/list"}
)
"""Methods besides tool calls whose results an agent may read: text from the server, recorded like a tool's."""
ASKS = frozenset({"sampling/createMessage", "elicitation/create"})
"""Requests by which a server speaks to the client's model or person."""


class Proxy:
    """One client, one server, one conversation with the reviewer.

    `server`: how the server is called in the ledger. A refused call is answered here and never reaches the server.
    """

    def __init__(self, conversation: Conversation, *, server: str, to_client: Send, to_server: Send) -> None:
        self._conversation = conversation
        self._server = server
        self._to_client = to_client
        self._to_server = to_server
        self._catalog = Catalog()
        self._pending: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._waiting: Counter[str] = Counter()
        self._cancelled: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ from the client

    async def from_client(self, line: bytes) -> None:
        """Pass on what the client says. Returns before a call's review is over, so that the client is heard meanwhile."""
        if not line.strip():
            return
        try:
            messages = from_client(line)
        except InputError as error:
            await self._to_client(line_of(not_understood(error.what)))
            return
        calls = [message for message in messages if message.get("method") == CALL]
        for message in messages:
            self._note(message)
        if calls:
            self._waiting.update(_key(call.get("id")) for call in calls)
            task = asyncio.create_task(self._gate(line, messages, calls))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            await self._to_server(line)

    def _note(self, message: Message) -> None:
        """Remember what a request asks for, to know its answer; and which waiting call is taken back."""
        method, id_ = message.get("method"), message.get("id")
        if method == "notifications/cancelled":
            params = message.get("params")
            key = _key(params.get("requestId")) if isinstance(params, dict) else ""
            if key in self._waiting:
                self._cancelled.add(key)
        elif method is not None and method != CALL and id_ is not None:
            self._expect(id_, method, "")

    def _expect(self, id_: object, method: str, tool: str) -> None:
        self._pending[_key(id_)] = method, tool
        if len(self._pending) > MAX_PENDING:
            self._pending.popitem(last=False)

    async def _gate(self, line: bytes, messages: list[Message], calls: list[Message]) -> None:
        """Review the calls of one line; pass on what may go, answer for what may not."""
        keys = [_key(call.get("id")) for call in calls]
        answers = [await self._review(call) for call in calls]
        self._waiting.subtract(keys)
        self._waiting = +self._waiting
        refused = {id(call) for call, answer in zip(calls, answers, strict=True) if not answer.go}
        refused |= {id(call) for call, key in zip(calls, keys, strict=True) if key in self._cancelled}
        for call, key, answer in zip(calls, keys, answers, strict=True):
            taken_back = key in self._cancelled
            self._cancelled.discard(key)
            if id(call) not in refused and "id" in call:
                self._expect(call["id"], CALL, call_of(call)[0])
            elif taken_back:
                self._conversation.outcome("taken back before it ran", call_id=key, status="refused")
            elif "id" in call:
                await self._to_client(line_of(refusal(call, answer)))
        left = [message for message in messages if id(message) not in refused]
        if len(left) == len(messages):
            await self._to_server(line)
        elif left:
            await self._to_server(line_of(left))

    async def _review(self, call: Message) -> Answer:
        try:
            if len(self._tasks) > MAX_WAITING:
                return unreviewed("too many calls wait for a review")
            name, arguments = call_of(call)
            tool = self._catalog[name]
            return await self._conversation.areview(
                name,
                arguments,
                call_id=_key(call.get("id")),
                server=self._server,
                about=tool.about,
                annotations=tool.annotations,
            )
        except MagistrateError as error:
            return unreviewed(error)
        except Exception as error:  # noqa: BLE001  whatever breaks, the call does not pass
            return unreviewed(f"{type(error).__name__}: {error}")

    # ------------------------------------------------------------ from the server

    async def from_server(self, line: bytes) -> None:
        """Pass on what the server says, after the reviewer has it too."""
        if line.strip():
            self._conversation.tell(*self._read(from_server(line)))
        await self._to_client(line)

    def _read(self, messages: Iterable[Any]) -> Iterable[Outcome]:
        """What the agent learns by these messages."""
        for message in messages:
            if not isinstance(message, dict):
                yield Outcome(tool=f"{self._server}: unreadable", text=text_in(message), status="unknown")
            elif "method" in message:
                if message["method"] in ASKS:
                    yield Outcome(tool=str(message["method"]), text=text_in(message.get("params")))
            elif "id" in message:
                yield from self._answered(message)

    def _answered(self, message: Message) -> Iterable[Outcome]:
        key = _key(message["id"])
        method, tool = self._pending.pop(key, ("", ""))
        result = message.get("result", message.get("error"))
        if method == "tools/list":
            for entry in self._catalog.learn(result):
                yield Outcome(tool="tools/list", text=entry.told)
        elif method == CALL:
            failed = "error" in message or (isinstance(result, dict) and result.get("isError") is True)
            yield Outcome(tool=tool, call_id=key, text=text_in(result), status="error" if failed else "ok")
        elif method in READ:
            yield Outcome(tool=method, text=text_in(result))

    # ------------------------------------------------------------ the end

    async def settle(self) -> None:
        """Drop the calls that still wait for their review, and send what is not yet recorded."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._conversation.aflush()


def _key(id_: object) -> str:
    """A request's id as text; `1` and `"1"` are two."""
    return f"{type(id_).__name__}:{id_}"[:200] if id_ is not None else ""
