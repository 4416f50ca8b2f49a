"""Evidence of finished sessions, worked out by other processes ahead of the gate.

Evidence is most of what a look-back costs, and follows from a session alone. Verdicts follow from the law and from what people
decided, and are recorded one after the other. So several processes see, and one judges: the same verdicts, in the same order.
"""

from __future__ import annotations

import gc
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType

import msgspec

from magistrate.core.errors import MagistrateError
from magistrate.core.mask import mask_said
from magistrate.core.processes import pool
from magistrate.core.records import Action, Body, Evidence, Record, Session
from magistrate.evidence.run import RunEvidence

MAX_PARENTS = 256
"""Finished runs whose evidence is kept for sub-agents that may follow."""
AHEAD = 4
"""Sessions under way for each process."""
PATIENCE = 1.0
"""Seconds in which sessions are seen here: starting processes is not worth it for less."""


class Seen(Record, frozen=True, kw_only=True):
    """What was seen of one action."""

    n: int
    """Its event number in a look-back: one for each event, one for each verdict."""
    evidence: Evidence | None = None
    why: str = ""
    """Why there is no evidence."""


class Foreseen:
    """The evidence of one finished run, in the order of its actions: stands in for a `RunEvidence`."""

    def __init__(self, seen: Sequence[Seen]) -> None:
        self._seen = deque(seen)

    def assess(self, action: Action) -> Evidence:
        """What was seen of the next action. Raises what seeing it raised, in words."""
        seen = self._seen[0]
        if seen.evidence is None:
            raise RuntimeError(seen.why)
        return seen.evidence

    def observe(self, n: int, body: Body) -> None:
        """Pass over an event. Raises RuntimeError when an action is not the one that was seen."""
        if isinstance(body, Action) and self._seen.popleft().n != n:
            raise RuntimeError(f"action {n} is not the one that was seen ahead")


class Crew:
    """Processes that see sessions. A sub-agent's session goes where its parent's was seen. A context manager."""

    def __init__(self, processes: int, *, patience: float = PATIENCE) -> None:
        """`processes`: with one, everything is seen here. `patience`: seconds after which the others are started."""
        self._processes = processes
        self._patience = patience
        self._pools: list[ProcessPoolExecutor] = []
        """Each of one process, so that what it remembers is found again."""
        self._busy: list[int] = []
        """Events that each has before it."""
        self._place: OrderedDict[str, int] = OrderedDict()
        """Run -> the pool that saw it, -1 for here; the oldest forgotten, as their evidence is."""

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._pools:
            one.shutdown(cancel_futures=True)

    def see(self, sessions: Iterable[Session]) -> Iterator[tuple[Session, Foreseen | None]]:
        """Every session with its evidence, in order; without any where it is to be seen here.

        Raises MagistrateError when a process was killed.
        """
        try:
            yield from self._see(sessions)
        except BrokenProcessPool:
            raise MagistrateError(
                "a process that worked out evidence was killed, perhaps for want of memory: use fewer of them"
            ) from None

    def _see(self, sessions: Iterable[Session]) -> Iterator[tuple[Session, Foreseen | None]]:
        begun = time.monotonic()
        sent: deque[tuple[Session, int, Future[bytes] | None]] = deque()
        for session in sessions:
            if not self._pools and self._processes > 1 and time.monotonic() - begun >= self._patience:
                self._pools = [pool(1, _begin) for _ in range(self._processes)]
                self._busy = [0] * self._processes
            sent.append(self._send(session))
            while sent and (sent[0][2] is None or len(sent) > AHEAD * self._processes):
                yield self._take(*sent.popleft())
        while sent:
            yield self._take(*sent.popleft())

    def _send(self, session: Session) -> tuple[Session, int, Future[bytes] | None]:
        parent = session.started.parent if session.started.parent in self._place else ""
        idle = self._busy.index(min(self._busy)) if self._busy else -1
        place = self._place[parent] if parent else idle
        self._place[session.run] = place
        if len(self._place) > MAX_PARENTS:
            self._place.popitem(last=False)
        if place < 0:
            return session, place, None
        self._busy[place] += 1 + len(session.events)
        return session, place, self._pools[place].submit(_see, session, parent)

    def _take(self, session: Session, place: int, answer: Future[bytes] | None) -> tuple[Session, Foreseen | None]:
        if answer is None:
            return session, None
        self._busy[place] -= 1 + len(session.events)
        return session, Foreseen(_DECODE(answer.result()))


# ---------------------------------------------------------------------- in another process

_parents: OrderedDict[str, RunEvidence] = OrderedDict()
"""What this process saw last, for sub-agents."""


def _begin() -> None:
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _see(session: Session, parent: str) -> bytes:
    """The evidence of every action of a session; `parent`: the run whose people it heard."""
    evidence = _parents[session.run] = RunEvidence(session.started, _parents[parent] if parent else None)
    if len(_parents) > MAX_PARENTS:
        _parents.popitem(last=False)
    return _ENCODE(list(_seen(session, evidence)))


def _seen(session: Session, evidence: RunEvidence) -> Iterator[Seen]:
    n = 0  # the run's start
    for event in session.events:
        n += 1
        said = mask_said(event)
        if isinstance(said, Action):
            yield _assessed(n, said, evidence)
        evidence.observe(n, said)
        n += isinstance(said, Action)  # its verdict


def _assessed(n: int, action: Action, evidence: RunEvidence) -> Seen:
    try:
        return Seen(n=n, evidence=evidence.assess(action))
    except Exception as error:  # noqa: BLE001  any failure to see is a doubt: the gate is told so
        return Seen(n=n, why=f"{type(error).__name__}: {error}")


_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(list[Seen]).decode
