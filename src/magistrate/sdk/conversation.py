"""One conversation of one agent: what is said in it, and the review of what the agent is about to do.

What is told goes out with the next call that is reviewed, or on `flush`, in order, and is kept until the other side has taken
it: an order in a tool's output that got lost on the way could make the call after it look harmless.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Generic, Literal, TypeVar

import msgspec

from magistrate.core.canon import new_id, now
from magistrate.core.errors import MagistrateError
from magistrate.core.records import Message, Outcome
from magistrate.sdk.answer import Answer, Link, Unreviewed, unreviewed
from magistrate.sdk.values import called, clipped, plain, text_of

MAX_WAITING = 16 << 20
"""Characters that are kept while nobody takes them; beyond, every further call is refused: its past is not known."""
MAX_SENT = 6 << 20
"""Characters told in one message."""
MAX_CALLS = 10_000
"""Calls whose outcome is remembered as told."""
_POOL = ThreadPoolExecutor(max_workers=64, thread_name_prefix="magistrate-wait")
T = TypeVar("T")
Heard = Message | Outcome
_CALL: ContextVar[tuple[Conversation, str] | None] = ContextVar("magistrate_call", default=None)


def caller() -> tuple[Conversation, str] | None:
    """The conversation and call whose tool this code runs in; what speaks here for a person is that conversation's agent."""
    return _CALL.get()


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work beside the event loop, asyncio's or trio's."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        trio: Any = importlib.import_module("trio")
        result: T = await trio.to_thread.run_sync(work)
        return result
    return await loop.run_in_executor(_POOL, work)


class Conversation:
    """One conversation: it becomes one run in the ledger. Thread-safe.

    `frame`: the fields that stand in each of its messages to the reviewer (`host`, `session`, `cwd`, ...).
    """

    def __init__(self, link: Link, frame: Mapping[str, str]) -> None:
        self._link = link
        self._frame = {"version": 1, **{name: value for name, value in frame.items() if value}}
        self._waiting: list[Heard] = []
        self._size = 0
        self._lost = False
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        """Held while something is under way, so that nothing overtakes what was said before it."""
        self._follower: Follower[Any] | None = None
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._asked: OrderedDict[str, int] = OrderedDict()
        """How often each id of a call was asked about: some models count from 0 in every turn."""

    @property
    def session(self) -> str:
        """By which the reviewer knows it."""
        return str(self._frame["session"])

    @property
    def name(self) -> str:
        """Of the agent, where it is a sub-agent of the session's."""
        return str(self._frame.get("agent", ""))

    @property
    def asker(self) -> Literal["person", "machine"]:
        """Who speaks in the person's place: for a sub-agent that is the agent that started it."""
        return "machine" if self.name else "person"

    # ------------------------------------------------------------ telling

    def person(self, text: str) -> None:
        """What a person said: it can authorise. Never put text here that a program or a tool wrote."""
        self.tell(Message(author="person", text=text))

    def system(self, text: str) -> None:
        """What the operator said, in a system prompt: it can authorise too."""
        self.tell(Message(author="system", text=text))

    def agent(self, text: str) -> None:
        """What the agent said. It authorises nothing."""
        self.tell(Message(author="agent", text=text))

    def machine(self, text: str) -> None:
        """What a program put in the person's place. It authorises nothing."""
        self.tell(Message(author="machine", text=text))

    def outcome(
        self,
        text: str,
        *,
        tool: str = "",
        call_id: str = "",
        status: Literal["ok", "error", "refused", "unknown"] = "ok",
    ) -> None:
        """What a tool gave back: untrusted."""
        self.tell(Outcome(tool=tool, call_id=call_id, text=text, status=status))

    def tell(self, *said: Heard) -> None:
        """Take note of messages and outcomes, in order. Sends nothing yet."""
        with self._lock:
            for body in said:
                if isinstance(body, Message) and not body.text:
                    continue
                body = msgspec.structs.replace(body, text=clipped(body.text), at=body.at or now())
                if isinstance(body, Outcome) and body.call_id:
                    body = msgspec.structs.replace(body, call_id=self._own(body.call_id))
                    self._ended[body.call_id] = None
                    if len(self._ended) > MAX_CALLS:
                        self._ended.popitem(last=False)
                self._size += len(body.text)
                if self._size > MAX_WAITING:
                    self._lost = True
                else:
                    self._waiting.append(body)

    def ended(self, call_id: str) -> bool:
        """Whether the outcome of this call was told."""
        with self._lock:
            return self._own(call_id) in self._ended

    def _own(self, call_id: str) -> str:
        """The id by which the reviewer knows a call: each call that is asked about has one of its own."""
        count = self._asked.get(call_id, 1)
        return call_id if count == 1 else f"{call_id}~{count}"

    def _fresh(self, call_id: str) -> str:
        with self._lock:
            self._asked[call_id] = self._asked.get(call_id, 0) + 1
            self._asked.move_to_end(call_id)
            if len(self._asked) > MAX_CALLS:
                self._asked.popitem(last=False)
            return self._own(call_id)

    # ------------------------------------------------------------ asking

    def review(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        call_id: str = "",
        server: str = "",
        about: str = "",
        annotations: Mapping[str, bool] | None = None,
    ) -> Answer:
        """Whether this call may run; blocks until it is known and recorded. Never raises: any doubt is a refusal."""
        try:
            named = self._fresh(call_id) if call_id else new_id()
            call = {"tool": tool, "arguments": plain(arguments), "call_id": named, "server": server}
            call |= {"about": clipped(about), "annotations": dict(annotations or {}), "at": now()}
            return self._send("act", call)
        except MagistrateError as error:
            return unreviewed(error)
        except Exception as error:  # noqa: BLE001  a tool must not run because its review broke
            return unreviewed(f"{type(error).__name__}: {error}")

    async def areview(self, tool: str, arguments: Mapping[str, Any], **more: Any) -> Answer:
        """`review` without blocking the event loop."""
        return await in_thread(lambda: self.review(tool, arguments, **more))

    def review_call(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, tool: str, **more: Any
    ) -> Answer:
        """`review` of a call of a Python function. Raises TypeError where the call itself would."""
        try:
            arguments = called(function, args, kwargs)
        except MagistrateError as error:
            return unreviewed(error)
        return self.review(tool, arguments, **more)

    @contextmanager
    def running(self, tool: str, call_id: str = "") -> Iterator[list[Any]]:
        """Records what a call gives back: what is put into the list, or the error that leaves the block."""
        gave: list[Any] = []
        token = _CALL.set((self, call_id))
        try:
            yield gave
        except BaseException as error:
            self.outcome(f"{type(error).__name__}: {error}", tool=tool, call_id=call_id, status="error")
            raise
        finally:
            with suppress(ValueError):  # the block was entered in another context: nothing is left to reset
                _CALL.reset(token)
        self.outcome("\n".join(text_of(value) for value in gave), tool=tool, call_id=call_id)

    def flush(self) -> None:
        """Send what is waiting. What cannot be taken now goes out with the next call."""
        if self._waiting:
            with suppress(Exception):
                self._send("tell", {})

    async def aflush(self) -> None:
        """`flush` without blocking the event loop."""
        await in_thread(self.flush)

    def end(self) -> None:
        """The conversation is over. It can go on later all the same."""
        with suppress(Exception):
            self._send("end", {})

    def _send(self, event: str, call: Mapping[str, Any]) -> Answer:
        with self._sending:
            return self._send_in_turn(event, call)

    def _send_in_turn(self, event: str, call: Mapping[str, Any]) -> Answer:
        with self._lock:
            said, self._waiting, size, self._size = self._waiting, [], self._size, 0
            lost = self._lost
        sent = 0
        try:
            if lost and event == "act":
                raise Unreviewed("what happened before it could not be reported")
            while len(part := said[sent : sent + _portion(said, sent)]) < len(said) - sent:
                self._post("tell", part, {})
                sent += len(part)
            answer = self._post(event, part, call)
            sent = len(said)
        finally:
            if sent < len(said):
                with self._lock:
                    self._waiting, self._size = said[sent:] + self._waiting, self._size + size
        return answer

    def _post(self, event: str, said: Sequence[Heard], call: Mapping[str, Any]) -> Answer:
        payload = msgspec.json.encode({**self._frame, "event": event, "said": said, **call})
        return self._link.post(event, payload)

    # ------------------------------------------------------------ following a library's own list

    def follow(self, items: Sequence[T], key: Callable[[T], str], said: Callable[[T], Iterable[Heard]]) -> None:
        """Tell what is new in a library's growing list of messages; costs what is new, not what is there.

        `key`: the same for the same message, another for another. `said`: what it says.
        """
        with self._lock:
            self._follower = self._follower or Follower(key)
            fresh = self._follower.fresh(items)
        self.tell(*(body for item in fresh for body in said(item)))


def _portion(said: Sequence[Heard], start: int) -> int:
    """How many from `start` go into one message: at least one."""
    size = 0
    for count, body in enumerate(said[start:]):
        size += len(body.text)
        if size > MAX_SENT and count:
            return count
    return len(said) - start


class Follower(Generic[T]):
    """What is new in a list that grows at its end, and now and then is cut or written anew."""

    def __init__(self, key: Callable[[T], str]) -> None:
        self._key = key
        self._count = 0
        self._last = ""
        self._seen: set[int] = set()

    def fresh(self, items: Sequence[T]) -> list[T]:
        """Those not given out before, in order."""
        if self._count:
            grown = self._count <= len(items) and self._key(items[self._count - 1]) == self._last
        else:
            grown = not self._seen
        new = items[self._count :] if grown else items
        found = []
        for item in new:
            mark = hash(self._key(item))
            if grown or mark not in self._seen:
                found.append(item)
            self._seen.add(mark)
        self._count = len(items)
        self._last = self._key(items[-1]) if items else ""
        return found
