"""`Guard`: reviews what a Python program's agent is about to do. See docs/sdk.md.

guard = Guard()

@guard.tool
def remove(path: str) -> None:
    \"\"\"Remove a file.\"\"\"
    os.unlink(path)

guard.person("Remove build/old.txt, please.")
remove("build/old.txt")    # goes through
remove("/etc/hosts")       # raises Refused; the file is still there
"""

from __future__ import annotations

import atexit
import functools
import inspect
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, overload

from magistrate.core.canon import digest, new_id
from magistrate.core.protocols import Reviewer
from magistrate.core.records import Rulebook
from magistrate.sdk.answer import DEADLINE, Answer, Link, Refused
from magistrate.sdk.client import Client
from magistrate.sdk.conversation import Conversation, caller, in_thread

MAX_CONVERSATIONS = 4096
"""Kept in memory; the one that was quiet longest is let go, and begins afresh should it go on."""
P = ParamSpec("P")
R = TypeVar("R")


class Guard:
    """One agent program's reviewer.

    `link`: whoever answers; without one, a gate in this process (`ledger`, `rules`, `reviewers` as for
    `magistrate.sdk.local.service`; in a `dry_run` nothing is refused). `host`: what the program is called in the ledger. `cwd`: the agent's working folder, by which
    it is told what is its own place and what is not; this process's by default, `""` where there is none.
    """

    def __init__(
        self,
        link: Link | None = None,
        *,
        host: str = "sdk",
        cwd: str | Path | None = None,
        ledger: str | Path | None = None,
        rules: str | Path | Rulebook | None = None,
        reviewers: Sequence[Reviewer] | None = None,
        dry_run: bool = False,
        deadline: float = DEADLINE,
    ) -> None:
        self.host = host
        self.link = link or _local(lambda local: local.service(ledger, rules, reviewers), deadline, dry_run)
        self._frame = {
            "host": host,
            "cwd": "" if cwd == "" else str(Path(cwd or Path.cwd()).absolute()),
            "home": str(Path.home()),
        }
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._lock = threading.Lock()
        self._own = new_id()
        self._current: ContextVar[str] = ContextVar("magistrate_conversation", default=self._own)
        self._at_exit = functools.partial(_close, weakref.ref(self))
        atexit.register(self._at_exit)

    @classmethod
    def connect(
        cls,
        folder: str | Path | None = None,
        *,
        host: str = "sdk",
        cwd: str | Path | None = None,
        dry_run: bool = False,
        deadline: float = DEADLINE,
    ) -> Guard:
        """A guard whose answers come from the running server (`magistrate serve`); `folder`: the server's state folder."""
        return cls(Client(folder, deadline=deadline, dry_run=dry_run), host=host, cwd=cwd)

    def close(self) -> None:
        """Send what is still waiting, and let go of the ledger or the server."""
        atexit.unregister(self._at_exit)
        with self._lock:
            conversations = list(self._conversations.values())
        for conversation in conversations:
            conversation.flush()
        self.link.close()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ conversations

    def conversation(self, session: str = "", **frame: str) -> Conversation:
        """The conversation of this name, begun when there is none; without a name, the one this code runs in.

        A conversation that begins inside a reviewed tool is a sub-agent's: its run belongs to the calling one's tree, and what
        is said in the person's place there is the calling agent's.

        `frame`: `agent` and `parent` of a sub-agent, `model`, `cwd`, where they differ from the guard's.
        """
        outer = caller() if session else None
        session = _name(session) if session else self._current.get()
        if outer and outer[0].session != session:
            frame = {"agent": session, "parent": outer[0].name, "parent_call": outer[1]} | frame
            session = outer[0].session
        elif outer and "agent" not in frame:
            frame = {"agent": _name(outer[1] or "tool"), "parent": outer[0].name, "parent_call": outer[1]} | frame
        key = f"{session}/{frame.get('agent', '')}"
        with self._lock:
            if key not in self._conversations:
                self._conversations[key] = Conversation(self.link, {**self._frame, "session": session, **frame})
            self._conversations.move_to_end(key)
            found = self._conversations[key]
            dropped = (
                self._conversations.popitem(last=False)[1] if len(self._conversations) > MAX_CONVERSATIONS else None
            )
        if dropped:
            dropped.flush()
        return found

    @contextmanager
    def talk(self, session: str = "") -> Iterator[Conversation]:
        """Within this block, and in tasks begun in it, calls belong to a conversation of their own."""
        session = _name(session) if session else new_id()
        token = self._current.set(session)
        try:
            yield self.conversation()
        finally:
            self._current.reset(token)
            self.conversation(session).end()

    def person(self, text: str) -> None:
        """What a person said, in the conversation this code runs in: it can authorise."""
        self.conversation().person(text)

    def system(self, text: str) -> None:
        """What the operator said, in a system prompt: it can authorise too."""
        self.conversation().system(text)

    # ------------------------------------------------------------ tools

    @overload
    def tool(
        self,
        function: Callable[P, R],
        /,
        *,
        name: str = "",
        about: str = "",
        refusal: Literal["raise", "return"] = "raise",
    ) -> Callable[P, R]: ...
    @overload
    def tool(
        self,
        function: None = None,
        /,
        *,
        name: str = "",
        about: str = "",
        refusal: Literal["raise", "return"] = "raise",
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    def tool(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str = "",
        about: str = "",
        refusal: Literal["raise", "return"] = "raise",
    ) -> Any:
        """Review every call of a function before it runs, and record what it gave back.

        `name`, `about`: as the agent knows the tool; the function's own name and docstring are the default. `refusal`: what a
        refused call does: raise `Refused`, or return its text as the tool's result.
        """
        if function is None:
            return lambda function: self._wrap(function, name, about, refusal)
        return self._wrap(function, name, about, refusal)

    def _wrap(self, function: Callable[..., Any], name: str, about: str, refusal: str) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function!r} is a generator: what it does comes after its call; guard what calls it")
        tool = name or getattr(function, "__name__", "tool")
        about = about or inspect.getdoc(function) or ""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def later(*args: Any, **kwargs: Any) -> Any:
                conversation, call = self.conversation(), new_id()
                ask = functools.partial(conversation.review_call, function, args, kwargs)
                answer = await in_thread(lambda: ask(tool=tool, call_id=call, about=about))
                if not answer.go:
                    return _refused(answer, refusal)
                with conversation.running(tool, call) as gave:
                    gave.append(await function(*args, **kwargs))
                return gave[0]

            return later

        @functools.wraps(function)
        def now(*args: Any, **kwargs: Any) -> Any:
            conversation, call = self.conversation(), new_id()
            answer = conversation.review_call(function, args, kwargs, tool=tool, call_id=call, about=about)
            if not answer.go:
                return _refused(answer, refusal)
            with conversation.running(tool, call) as gave:
                gave.append(function(*args, **kwargs))
            return gave[0]

        return now


def _local(build: Callable[[Any], Any], deadline: float, dry_run: bool) -> Link:
    """A gate in this process; loaded only here, since who asks the server does without all that a gate needs."""
    from magistrate.sdk import local

    return local.Local(lambda: build(local), deadline=deadline, dry_run=dry_run)


def _refused(answer: Answer, refusal: str) -> str:
    """The text of a refusal as a tool's result; raises `Refused` unless that is wanted."""
    if refusal != "return":
        raise Refused(answer)
    return answer.reason


def _name(session: str) -> str:
    """A session's name as the neutral contract admits it: short, visible, without a slash; the same for the same name."""
    if len(session) <= 200 and session.isprintable() and "/" not in session and session.strip():
        return session
    return digest(session.encode("utf-8", "replace")).removeprefix("sha256:")


def _close(guard: weakref.ref[Guard]) -> None:
    if left := guard():
        left.close()
