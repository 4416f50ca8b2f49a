"""Live runs by their id: a bounded number in memory, all others in the ledger, from which they are restored when needed.

A run that was restored decides as if it had never been away: its evidence grows from the recorded events as it grew from
the live ones, and what was heard already (`voices`) and decided already (`answers`) is known again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from magistrate.core.canon import content_hash
from magistrate.core.mask import mask_said
from magistrate.core.records import Action, Event, Heard, Message, Outcome, RunStarted, Verdict
from magistrate.gate import HISTORY, Gate, Run
from magistrate.lookback import recorded_evidence
from magistrate.server.commits import Commits
from magistrate.server.transcript import Tail
from magistrate.server.voices import Voices

MAX_RUNS = 256
MAX_ANSWERS = 256
"""Verdicts of one run that are remembered for a host that asks again."""


class Live:
    """One run in memory. `lock` is held by whoever speaks for it: its events come one after the other."""

    def __init__(self, run: Run, *, fresh: bool) -> None:
        self.run = run
        self.lock = asyncio.Lock()
        self.voices = Voices()
        self.tail: Tail | None = None
        self.fresh = fresh
        """Nothing of it was recorded before, and its transcript was not looked at yet."""
        self._answers: OrderedDict[str, tuple[Verdict, int]] = OrderedDict()
        self._latest: _Answer | None = None

    async def listen(self, heard: Heard) -> None:
        """Take in what happened before: first what the transcript tells, then what the hook does."""
        if heard.transcript and (self.tail is None or self.tail.path != heard.transcript):
            self.tail = Tail(heard.host, heard.transcript, heard.started.cwd)
        more = self.tail is not None
        while more and self.tail:
            told, more = self.tail.look()
            self._observe(self.voices.transcript(told, first=self.fresh))
            await asyncio.sleep(0)  # others may be waiting while a long history is read
        self.fresh = False
        self._observe(self.voices.hook(heard.said))

    def _observe(self, told: Iterable[Message | Action | Outcome]) -> None:
        for body in told:
            self.run.observe(body)
            if isinstance(body, Outcome) and self._latest and body.call_id in ("", self._latest.call_id):
                self._latest = None

    async def decide(self, action: Action, event: str, epoch: int, within: float) -> Verdict:
        """The verdict on a call, for which reviewers have `within` seconds. Raises LedgerError."""
        verdict = await self.run.decide(action)
        self.remember(action, event, verdict, epoch)
        return verdict

    def refuse(self, action: Action, event: str, why: str, epoch: int) -> Verdict:
        """Record that a call was denied without being judged. Raises LedgerError."""
        verdict = self.run.refuse(action, why)
        self.remember(action, event, verdict, epoch)
        return verdict

    def answered(self, action: Action, event: str, epoch: int) -> Verdict | None:
        """The verdict that this call has already: the host asks again, or by another of its hooks.

        Codex and Claude Code have two hooks for one call, of which one does not name it. What was decided before `epoch`,
        which counts the rulings and stops of people, is decided anew.
        """
        if action.call_id:
            verdict, then = self._answers.get(_key(action), (None, 0))
            return verdict if then == epoch else None
        latest = self._latest
        if latest and latest.epoch == epoch and latest.event != event and latest.key == _key(action, named=False):
            return latest.verdict
        return None

    def remember(self, action: Action, event: str, verdict: Verdict, epoch: int) -> None:
        """Keep a verdict for when it is asked for again."""
        self.keep(action, verdict, epoch)
        self._latest = _Answer(action.call_id, _key(action, named=False), event, verdict, epoch)

    def keep(self, action: Action, verdict: Verdict, epoch: int) -> None:
        """Keep the verdict of a call that has a name."""
        self._answers[_key(action)] = verdict, epoch
        self.voices.acted(action.call_id)
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)


class _Answer(NamedTuple):
    """The verdict given last, while the host has told no outcome of its call."""

    call_id: str
    key: str
    event: str
    verdict: Verdict
    epoch: int


class Runs:
    """The runs in memory, the least recently heard of last to stay."""

    def __init__(self, gate: Gate, commits: Commits, *, limit: int = MAX_RUNS) -> None:
        self.gate, self._commits, self._limit = gate, commits, limit
        self._live: OrderedDict[str, Live] = OrderedDict()
        self.epoch = 0
        """Counts what people ruled: a verdict given before is not given again."""

    def __len__(self) -> int:
        return len(self._live)

    def get(self, run: str, started: RunStarted) -> Live:
        """The run, from memory, from the ledger, or begun. Raises LedgerError."""
        live = self._found(run)
        if live is None:
            parent = self._found(started.parent) if started.parent else None
            live = Live(self.gate.open(run, started, parent.run if parent else None), fresh=True)
            self._keep(run, live)
        return live

    def holds(self, run: str, live: Live) -> bool:
        """Whether this is still the run that answers to the name, with its place in the ledger."""
        return self._live.get(run) is live and run not in self._commits.lost

    def drop(self, run: str) -> None:
        """Let go of a run; it is restored when it is heard of again."""
        live = self._live.get(run)
        if live and not live.lock.locked():
            del self._live[run]

    def find(self, run: str) -> Live | None:
        """The run if it is in memory."""
        return self._live.get(run)

    def _found(self, run: str) -> Live | None:
        live = self._live.get(run)
        if live and run in self._commits.lost and not live.lock.locked():
            del self._live[run]
            live = None
        if live is None:
            self._commits.lost.discard(run)
            live = self._restored(run)
            if live:
                self._keep(run, live)
        else:
            self._live.move_to_end(run)
        return live

    def _restored(self, run: str) -> Live | None:
        ledger = self._commits.ledger
        if not ledger.has_run(run):
            return None
        memory = _Memory()
        evidence = recorded_evidence(ledger, run, witness=memory.take)
        if evidence is None:
            return None
        live = Live(self.gate.resume(run, evidence, memory.latest), fresh=False)
        live.voices = memory.voices
        for action, verdict in memory.verdicts():
            live.keep(action, verdict, self.epoch)
        return live

    def _keep(self, run: str, live: Live) -> None:
        self._live[run] = live
        for name in [name for name, one in self._live.items() if not one.lock.locked() and one is not live]:
            if len(self._live) <= self._limit:
                break
            del self._live[name]


class _Memory:
    """What a restored run has to know beside its evidence."""

    def __init__(self) -> None:
        self.latest: deque[Event] = deque(maxlen=HISTORY)
        self.voices = Voices()
        self._actions: OrderedDict[int, Action] = OrderedDict()
        self._verdicts: deque[tuple[Action, Verdict]] = deque(maxlen=MAX_ANSWERS)

    def take(self, event: Event) -> None:
        self.latest.append(event)
        self.voices.recorded(event.body)
        if isinstance(event.body, Action):
            self._actions[event.n] = event.body
            if len(self._actions) > MAX_ANSWERS:
                self._actions.popitem(last=False)
        elif isinstance(event.body, Verdict) and (action := self._actions.pop(event.body.action, None)):
            self._verdicts.append((action, event.body))

    def verdicts(self) -> Iterator[tuple[Action, Verdict]]:
        yield from self._verdicts


def _key(action: Action, *, named: bool = True) -> str:
    """What makes two hooks speak of one call: its name, where the host gives one, and what it would do."""
    clean = mask_said(action)
    assert isinstance(clean, Action)  # noqa: S101  mask_said keeps the type
    return content_hash([clean.call_id if named else "", clean.tool, msgspec.to_builtins(clean.arguments), clean.cwd])
