"""One conversation in an Inspect sample: what the model was given and answered, and what its calls gave back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from magistrate.core.intake import Intake
from magistrate.core.records import Action
from magistrate.hosts.fields import arguments, has_thoughts, result_text, string, text_of
from magistrate.hosts.inspect_shapes import Message, ModelEvent, Pool, Texts, ToolEvent, tail
from magistrate.hosts.transcript import Status, Transcript


class Run:
    """Writes the events of one conversation."""

    def __init__(self, name: str, parent: Run | None, intake: Intake, texts: Texts, *, reviewer: bool = False) -> None:
        self.name, self.parent, self.reviewer = name, parent, reviewer
        self.transcript = Transcript()
        self.at = ""
        self._intake, self._texts = intake, texts
        self._heard: Counter[Any] = Counter()
        self._answer_key: Any = None
        self._refs: list[list[int]] = []
        self._calls: set[str] = set()
        self._persons: set[str] = set()
        self._has_input = False
        self._about: dict[str, str] = {}

    @property
    def acted(self) -> bool:
        """Whether there is an action in it."""
        return any(isinstance(event, Action) for event in self.transcript.events)

    def persons_say(self, text: str) -> bool:
        """Whether the person said this here or further up."""
        return text in self._persons or (self.parent is not None and self.parent.persons_say(text))

    # ------------------------------------------------------------ the model

    def given(self, event: ModelEvent, pool: Pool) -> None:
        """What the model was given, as far as it is new.

        Each call repeats the conversation so far. Where its ranges go on from those of the call before, only what they add
        is looked at, so that a long run does not cost its length anew at each call. Else a message is new when it stands
        here more often than it was heard.
        """
        at = event.timestamp or ""
        self.at = self.at or at
        for tool in event.tools or ():
            if tool.name and tool.name not in self._about:
                self._about[tool.name] = string(self._texts.whole(tool.description))
        refs = event.input_refs
        if refs:
            added = tail(self._refs, refs)
            self._refs = refs
            if added is not None:
                self._hear_added(pool.spread(added), at)
            else:
                self._hear_all(pool.spread(refs), at)
        else:
            self._hear_all(map(self._texts.message, event.input or ()), at)

    def _hear_added(self, messages: Iterable[Message], at: str) -> None:
        for message in messages:
            key = _key(message)
            if key == self._answer_key:  # the model's own answer, written when it was given
                self._answer_key = None
                continue
            self._heard[key] += 1
            self._take(message, at)

    def _hear_all(self, messages: Iterable[Message], at: str) -> None:
        here: Counter[Any] = Counter()
        for message in messages:
            key = _key(message)
            here[key] += 1
            if here[key] > self._heard[key]:
                self._heard[key] += 1
                self._take(message, at)
        self._answer_key = None

    def _take(self, message: Message, at: str) -> None:
        text = text_of(message.content)
        match message.role:
            case "system":
                self.transcript.say("system", text, at)
            case "user":
                self._user(message, text, at)
            case "assistant":
                self.transcript.say("agent", text, at)
            case "tool":
                given = message.tool_call_id or ""
                if not given or not self.transcript.answered(given):
                    self.result(
                        ToolEvent(id=given, function=message.function, result=message.content, error=message.error)
                    )

    def _user(self, message: Message, text: str, at: str) -> None:
        """In the agent's own run the person's words are the sample's input; in an inner one, what the person said above."""
        if self.parent is not None:
            asked = self.parent.persons_say(text)
        else:
            asked = message.source in ("input", "operator") or not (self._has_input or self._calls)
            self._has_input |= message.source == "input"
        if asked:
            self._persons.add(text)
        self.transcript.user(text, at, by="person" if asked else "machine")

    def said(self, message: Message, at: str) -> None:
        """What the model answered: its words, then its calls."""
        message = self._texts.message(message)
        if has_thoughts(message.content):
            self._intake.skip("block:reasoning")
        self._answer_key = _key(message)
        self._heard[self._answer_key] += 1
        blocks = message.content if isinstance(message.content, list) else []
        hosted = [block for block in blocks if isinstance(block, dict) and block.get("type") == "tool_use"]
        self.transcript.say("agent", text_of([b for b in blocks if b not in hosted] if hosted else message.content), at)
        for block in hosted:
            self._hosted(block, at)
        for call in message.tool_calls or ():
            self._act(call.function or "", call.arguments, call.id or "", at)

    def _hosted(self, block: dict[str, Any], at: str) -> None:
        """A tool that ran on the model provider's side: call and result in one."""
        given = string(block.get("id"))
        self._act(string(block.get("name")), block.get("arguments"), given, at, string(block.get("context")))
        status: Status = "error" if block.get("error") else "ok"
        text = "\n".join(filter(None, (result_text(block.get("result")), string(block.get("error")))))
        self.transcript.result(text, given, status=status, at=at)

    # ------------------------------------------------------------ its calls

    def _act(self, tool: str, given: Any, call_id: str, at: str, server: str = "") -> None:
        self._calls.add(call_id)
        about = self._about.get(tool, "")
        self.transcript.act(tool, arguments(self._texts.whole(given)), call_id, about=about, server=server, at=at)

    def result(self, event: ToolEvent, refused_by: str = "") -> None:
        """What a tool gave back. A call that ran without the model having made it is an action all the same."""
        given, at = event.id or "", event.timestamp or ""
        if event.arguments is not None and given not in self._calls:
            self._act(event.function or "", event.arguments, given, at)
        status: Status = "ok"
        if event.error is not None:
            status = "refused" if event.error.type == "approval" else "error"
        told = self._texts.whole(event.error.message) if event.error else ""
        text = "\n".join(filter(None, (result_text(self._texts.whole(event.result)), string(told))))
        by = (refused_by or "approver") if status == "refused" else ""
        tool = event.function or ""
        self.transcript.result(text, given, tool=tool, status=status, refused_by=by, at=event.completed or at)

    def plain(self, messages: Iterable[Message]) -> None:
        """Messages without model events: an assistant's message is the model's answer."""
        for message in messages:
            if message.role == "assistant":
                self.said(message, "")
            else:
                self._take(self._texts.message(message), "")


def _key(message: Message) -> Any:
    """What tells messages apart. Their identifiers do not: the pool keeps one of several that say the same."""
    if message.role == "tool" and message.tool_call_id:
        return ("tool", message.tool_call_id)
    return (message.role, text_of(message.content), tuple(call.id for call in message.tool_calls or ()))
