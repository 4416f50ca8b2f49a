"""Writes a run's events from chat-like records: who speaks, and which result belongs to which call.

Shared by the readers of formats without a host of their own. Calls and results are joined by identifier where both carry
one; else a result belongs to the oldest unanswered call of the latest turn. Cost per event does not grow with the run.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

from magistrate.core.records import Action, Message, Outcome
from magistrate.hosts.turns import speakers

Status = Literal["ok", "error", "refused", "unknown"]
Author = Literal["person", "system", "agent", "machine"]
UNNAMED = "unnamed"
"""Stands for the tool of a call that the source gives no name of."""

_ENVELOPES = (
    "</",
    "[CALL ERROR]",
    "This session is being continued from a previous conversation",
    "Your task is to filter the list of tools",
)
"""How text begins that programs put in the person's place without opening a tag: the tail of a result, an error report of a
call, a summary in place of a conversation, a pipeline's own prompt that lists every tool."""


class Transcript:
    """The events of one run, in the order they are given."""

    def __init__(self) -> None:
        self.events: list[Message | Action | Outcome] = []
        self._actions = 0
        self._used: dict[str, int] = {}
        self._known: dict[str, tuple[str, str]] = {}
        self._open: dict[str, deque[tuple[str, str]]] = {}
        self._nameless: deque[tuple[str, str]] = deque()
        self._given_up: list[tuple[str, str]] = []
        self._turn_over = False

    def say(self, author: Author, text: str, at: str = "") -> None:
        """A message; nothing when the text is blank."""
        if text.strip():
            self.events.append(Message(author=author, text=text, at=at))

    def user(self, text: str, at: str = "", *, by: Author = "person") -> None:
        """Text in the user's place: `by`'s, except what a program put there, which is `machine`'s."""
        self._turn_over = True
        if text.lstrip().startswith(_ENVELOPES):
            self.say("machine", text, at)
        elif "<" not in text:
            self.say(by, text, at)
        else:
            for who, piece in speakers(text):
                self.say(by if who == "person" else "machine", piece, at)

    def act(
        self, tool: str, arguments: dict[str, Any], given: str = "", *, about: str = "", server: str = "", at: str = ""
    ) -> str:
        """A call. `given` is its identifier in the source; the `call_id` it got here, unique in the run, is returned."""
        tool = tool or UNNAMED
        if self._turn_over:
            self._given_up += self._nameless
            self._nameless.clear()
            self._turn_over = False
        self._actions += 1
        name = given or f"call-{self._actions}"
        self._used[name] = count = self._used.get(name, 0) + 1
        call_id = name if count == 1 else f"{name}#{count}"
        if given:
            self._open.setdefault(given, deque()).append((call_id, tool))
        else:
            self._nameless.append((call_id, tool))
        self.events.append(Action(tool=tool, arguments=arguments, call_id=call_id, about=about, server=server, at=at))
        return call_id

    def finish(self) -> list[Message | Action | Outcome]:
        """The events, with an outcome of status `unknown` for every call that the source gives no result of."""
        unanswered = {call_id: tool for waiting in self._open.values() for call_id, tool in waiting}
        unanswered.update(self._nameless)
        unanswered.update(self._given_up)
        calls = [event for event in self.events if isinstance(event, Action) and event.call_id in unanswered]
        self.events += [Outcome(call_id=call.call_id, tool=call.tool, status="unknown") for call in calls]
        self._open.clear()
        self._nameless.clear()
        self._given_up.clear()
        return self.events

    def result(
        self, text: str, given: str = "", *, tool: str = "", status: Status = "ok", refused_by: str = "", at: str = ""
    ) -> None:
        """What a call gave back. Its `call_id` is empty when there is no call that it could belong to."""
        self._turn_over = True
        call_id, called = self._call_of(given, tool)
        self.events.append(
            Outcome(call_id=call_id, tool=called or tool, text=text, status=status, refused_by=refused_by, at=at)
        )

    def answered(self, given: str) -> bool:
        """Whether a result was written for this identifier and no later call waits under it."""
        return given in self._known and not self._open.get(given)

    def _call_of(self, given: str, tool: str) -> tuple[str, str]:
        if given:
            waiting = self._open.get(given)
            if waiting:
                self._known[given] = waiting.popleft()
            return self._known.get(given, ("", tool))
        if not self._nameless:
            return "", tool
        for entry in self._nameless:
            if entry[1] == tool:
                self._nameless.remove(entry)
                return entry
        return self._nameless.popleft()
