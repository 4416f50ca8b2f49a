"""What is read of an Inspect log, and how its shared texts and messages are put back in place.

Targets, scores, metadata, stores and choices are not declared here, so they are never decoded: they are the answer key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Raw, Struct
from msgspec.structs import replace

from magistrate.hosts.fields import deep
from magistrate.hosts.shapes import Report, Unfit, decode

ATTACHMENT = "attachment://"
MAX_SPREAD = 4_000_000
"""Messages that the ranges of one sample may name, all its events together."""


class Call(Struct, gc=False):
    """One tool call."""

    id: str | None = None
    function: str | None = None
    arguments: Any = None


class Failure(Struct, gc=False):
    """Why a tool call gave no result."""

    type: str | None = None
    message: str | None = None


class Message(Struct, gc=False):
    """One chat message."""

    role: str | None = None
    content: Any = None
    source: str | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | None = None
    function: str | None = None
    error: Failure | None = None


class Choice(Struct, gc=False):
    """One answer of the model."""

    message: Message | None = None


class Output(Struct, gc=False):
    """What the model answered."""

    choices: list[Choice] | None = None


class Tool(Struct, gc=False):
    """A tool as the model was told of it."""

    name: str | None = None
    description: str | None = None


class Kind(Struct, gc=False):
    """What tells events apart."""

    event: str | None = None
    span_id: str | None = None
    pending: bool | None = None


class SpanBegin(Struct, gc=False):
    """A span opens."""

    id: str | None = None
    parent_id: str | None = None
    type: str | None = None


class StepMark(Struct, gc=False):
    """Logs from before spans: a step begins or ends."""

    action: str | None = None
    type: str | None = None
    name: str | None = None


class ModelEvent(Struct, gc=False):
    """The model was called."""

    role: str | None = None
    timestamp: str | None = None
    input: list[Message] | None = None
    input_refs: list[list[int]] | None = None
    tools: list[Tool] | None = None
    output: Output | None = None


class ToolEvent(Struct, gc=False):
    """A tool was called."""

    id: str | None = None
    function: str | None = None
    arguments: Any = None
    result: Any = None
    error: Failure | None = None
    agent_span_id: str | None = None
    timestamp: str | None = None
    completed: str | None = None


class CallName(Struct, gc=False):
    """The call that an approval is about."""

    id: str | None = None


class ApprovalEvent(Struct, gc=False):
    """Somebody decided on a call."""

    call: CallName | None = None
    approver: str | None = None
    decision: str | None = None
    explanation: str | None = None
    timestamp: str | None = None


class Pools(Struct, gc=False):
    """Messages that events name by range."""

    messages: list[Raw] | None = None


class Sample(Struct, gc=False):
    """What is read of a sample."""

    id: str | int | None = None
    epoch: int | None = None
    started_at: str | None = None
    input: Any = None
    messages: list[Raw] | None = None
    message_refs: list[list[int]] | None = None
    events: list[Raw] | None = None
    events_data: Pools | None = None
    attachments: dict[str, str] | None = None


class Evaluation(Struct, gc=False):
    """What is read of the head of a log."""

    eval_id: str | None = None
    run_id: str | None = None
    model: str | None = None
    packages: dict[str, str] | None = None


class Log(Struct, gc=False):
    """A log written as one JSON document, or the head of one written as an archive."""

    eval: Evaluation | None = None
    samples: list[Raw] | None = None


# ---------------------------------------------------------------- putting back


class Texts:
    """Puts long texts back where a log holds `attachment://<name>` in their place."""

    def __init__(self, attachments: dict[str, str]) -> None:
        self._attachments = attachments

    def whole(self, value: Any) -> Any:
        """The value with every reference replaced; a reference to nothing stays as it is."""
        if isinstance(value, str):
            if value.startswith(ATTACHMENT):
                return self._attachments.get(value[len(ATTACHMENT) :], value)
            return value
        if not self._attachments or not isinstance(value, list | dict) or deep(value):
            return value
        return self._put(value)

    def _put(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._put(item) for item in value]
        if isinstance(value, dict):
            return {key: self._put(item) for key, item in value.items()}
        return self.whole(value)

    def message(self, message: Message) -> Message:
        """The message with its content whole."""
        return replace(message, content=self.whole(message.content))


class Pool:
    """Messages by their place in the sample's pool, each decoded once."""

    def __init__(self, raws: Sequence[Raw], texts: Texts, report: Report) -> None:
        self._raws, self._texts, self._report = raws, texts, report
        self._read: dict[int, Message] = {}
        self._left = MAX_SPREAD

    def spread(self, ranges: Iterable[Sequence[int]]) -> Iterator[Message]:
        """The messages of half-open ranges; what lies outside the pool is passed over."""
        for pair in ranges:
            if len(pair) != 2:
                continue
            for place in range(max(pair[0], 0), min(pair[1], len(self._raws))):
                if self._left == 0:
                    self._report(f"its events name more than {MAX_SPREAD:,} messages; the rest is left out")
                self._left -= 1
                if self._left < 0:
                    return
                yield self._at(place)

    def _at(self, place: int) -> Message:
        if place not in self._read:
            self._read[place] = self._texts.message(
                message_of(self._raws[place], f"pooled message {place}", self._report)
            )
        return self._read[place]


def message_of(raw: Raw, place: str, report: Report) -> Message:
    """A message from JSON; an empty one when it is none."""
    try:
        return decode(bytes(raw), Message, lambda what: report(f"{place}: {what}"))
    except Unfit as reason:
        report(f"{place}: {reason}; left out")
        return Message()


def tail(before: list[list[int]], now: list[list[int]]) -> list[list[int]] | None:
    """The part of `now` that comes after `before`, when it goes on from there; None when it does not."""
    if not before or len(now) < len(before) or now[: len(before) - 1] != before[:-1]:
        return None
    last, same = before[-1], now[len(before) - 1]
    if len(last) != 2 or len(same) != 2 or last[0] != same[0] or same[1] < last[1]:
        return None
    return [[last[1], same[1]], *now[len(before) :]]
