"""What a run was told already, so that the hook and the transcript, which say the same things, are heard once.

A message counts as often as the source that told it most often; an outcome counts once a call. Where the host's hooks tell
what the person types, they are the person's only voice after the first look at the transcript: the transcript is a file, and
whoever can write to it could otherwise write the person's consent into it.

Calls that stand in the transcript with a result, but never came to the hook, went past it. They are kept as actions without
a verdict, so that they are counted as what they are: unobserved.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Literal

from magistrate.core.mask import mask_said
from magistrate.core.records import Action, Body, Message, Outcome

Source = Literal["hook", "transcript"]
Told = Message | Action | Outcome
MAX_KNOWN = 20_000
"""Sayings of one run that are remembered."""
MAX_WAITING = 1000


class Voices:
    """The sayings of one run, by source."""

    def __init__(self) -> None:
        self.prompts = False
        """The host's hooks tell what the person types."""
        self._known: OrderedDict[bytes, list[int]] = OrderedDict()  # recorded, told by hooks, told by the transcript
        self._calls: OrderedDict[str, bool] = (
            OrderedDict()
        )  # calls that came to the hook -> whether their outcome is known
        self._waiting: OrderedDict[str, Action] = OrderedDict()  # calls in the transcript that did not, or not yet

    def recorded(self, body: Body) -> None:
        """Take note of what the ledger holds: for a run that is restored. Hooks are taken to have told it."""
        match body:
            case Message() | Outcome():
                self.prompts |= isinstance(body, Message) and body.author == "person"
                entry = self._entry(_key(body))
                entry[0] += 1
                entry[1] += 1
                if isinstance(body, Outcome) and body.call_id:
                    self._ended(body.call_id)
            case Action(call_id=call_id) if call_id:
                self.acted(call_id)

    def acted(self, call_id: str) -> None:
        """A call came to the hook."""
        self._calls[call_id] = False
        self._waiting.pop(call_id, None)
        if len(self._calls) > MAX_KNOWN:
            self._calls.popitem(last=False)

    def hook(self, said: Iterable[Message | Outcome]) -> Iterator[Message | Outcome]:
        """Of what a hook tells, what is new."""
        for body in said:
            self.prompts |= isinstance(body, Message) and body.author == "person"
            if self._new(body, 1):
                yield body

    def transcript(self, told: Iterable[Told], *, first: bool) -> Iterator[Told]:
        """Of what the transcript tells, what is new. `first`: it is what was there when the run was first heard of."""
        for body in told:
            match body:
                case Action(call_id=call_id):
                    self._wait(call_id, body)
                case Message(author="person" | "system") if self.prompts and not first:
                    continue
                case Message():
                    if self._new(body, 2):
                        yield body
                case Outcome(call_id=call_id) if call_id:
                    if passed_by := self._waiting.pop(call_id, None):
                        yield passed_by
                        self.acted(call_id)
                    if self._new(body, 2):
                        yield body
                case Outcome():
                    continue  # of no known call: the hook tells it, or nobody can join it

    def _new(self, body: Message | Outcome, source: Literal[1, 2]) -> bool:
        if isinstance(body, Outcome) and body.call_id:
            return self._ended(body.call_id)
        entry = self._entry(_key(body))
        entry[source] += 1
        if entry[source] <= entry[0]:
            return False
        entry[0] += 1
        return True

    def _ended(self, call_id: str) -> bool:
        """Note the outcome of a call; whether it is the first."""
        first = not self._calls.get(call_id, False)
        self._calls[call_id] = True
        return first

    def _wait(self, call_id: str, action: Action) -> None:
        if call_id and call_id not in self._calls:
            self._waiting[call_id] = action
            if len(self._waiting) > MAX_WAITING:
                self._waiting.popitem(last=False)

    def _entry(self, key: bytes) -> list[int]:
        entry = self._known.setdefault(key, [0, 0, 0])
        self._known.move_to_end(key)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return entry


def _key(body: Message | Outcome) -> bytes:
    """What makes two sayings the same: who says it and the text as it is recorded, apart from white space."""
    clean = mask_said(body)
    who = body.author if isinstance(body, Message) else f"outcome {body.tool}"
    text = clean.text if isinstance(clean, Message | Outcome) else ""
    return hashlib.blake2b("\0".join((who, *text.split())).encode("utf-8", "replace"), digest_size=8).digest()
