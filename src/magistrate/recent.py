"""What a reviewer may be shown of a run: its latest events, and what people said in it. Bounded, grown event by event."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from magistrate.core.records import Event, Message

HISTORY = 50
"""Latest events that are kept."""
FIRST, LATEST = 2, 8
"""Of what each of the person and the operator said: what they began with, and what they said last."""


class Recent:
    """The memory of one run for its reviewers. A sub-agent's begins with what people said in its parent's."""

    def __init__(self, events: Iterable[Event] = (), parent: Recent | None = None) -> None:
        self.history: deque[Event] = deque(maxlen=HISTORY)
        self._first: dict[str, list[Event]] = {"person": [], "system": []}
        self._latest: dict[str, deque[Event]] = {name: deque(maxlen=LATEST) for name in self._first}
        for event in (*(parent.asked if parent else ()), *events):
            self.add(event)
        if parent:
            self.history.clear()

    def add(self, event: Event) -> None:
        """Take in the run's next event."""
        self.history.append(event)
        body = event.body
        if isinstance(body, Message) and body.author in self._first:
            first = self._first[body.author]
            if len(first) < FIRST:
                first.append(event)
            else:
                self._latest[body.author].append(event)

    @property
    def asked(self) -> tuple[Event, ...]:
        """What the operator set up and the person said, each oldest first."""
        return tuple(event for name in ("system", "person") for event in (*self._first[name], *self._latest[name]))
