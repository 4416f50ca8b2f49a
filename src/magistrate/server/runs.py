"""Live runs by their id: a bounded number in memory, all others in the ledger, from which they are restored when needed.

A run that was restored decides as if it had never been away: its evidence grows from the recorded events as it grew from
the live ones, and what was heard already (`voices`) and decided already (`answers`) is known again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from magistrate.core.canon import content_hash
from magistrate.core.mask import mask_said
from magistrate.core.records import Action, Event, Heard, Message, Outcome, RunStarted, Verdict
from magistrate.gate import Gate, Run
from magistrate.lookback import recorded_evidence
from magistrate.recent import Recent
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
        self._answers: OrderedDict[tuple[str, str], Verdict] = OrderedDict()
        self._latest: _Answer | None = None

    async def listen(self, heard: Heard) -> None:
        """Take in what happened before: first what the transcript tells, then what the hook does."""
        own = not heard.started.parent  # hosts name the parent's transcript in the hooks of a sub-agent
        if own and heard.transcript and (self.tail is None or self.tail.path != heard.transcript):
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

    async def decide(self, call: Call, within: float) -> Verdict:
        """The verdict on a call, for which reviewers have `within` seconds. Raises LedgerError."""
        return self.keep(call, await self.run.decide(call.action, within))

    async def again(self, call: Call, known: Verdict) -> Verdict:
        """The verdict on a call that has one: another when people decided something since. Raises LedgerError."""
        return self.keep(call, await self.run.reconsider(call.action, known))

    def refuse(self, call: Call, why: str) -> Verdict:
        """Record that a call was denied without being judged. Raises LedgerError."""
        return self.keep(call, self.run.refuse(call.action, why))

    def withdraw(self, call: Call, known: Verdict, why: str) -> Verdict:
        """Record that a call was denied, although the verdict that did not reach the host allowed it. Raises LedgerError."""
        return self.keep(call, self.run.withdraw(known, why)) if known.decision == "allow" else known

    def answered(self, call: Call) -> Verdict | None:
        """The verdict that this call has already: the host asks again, or by another of its hooks.

        Codex and Claude Code have two hooks for one call, of which one does not name it.
        """
        latest = self._latest
        if not call.named and latest and latest.event != call.event and latest.does == call.does:
            return latest.verdict
        return self._answers.get((call.action.call_id, call.does))

    def keep(self, call: Call, verdict: Verdict) -> Verdict:
        """Remember the verdict of a call."""
        self._answers[call.action.call_id, call.does] = verdict
        self._latest = _Answer(call.action.call_id, call.does, call.event, verdict) if call.event else None
        self.voices.acted(call.action.call_id)
        if len(self._answers) > MAX_ANSWERS:
            self._answers.popitem(last=False)
        return verdict


class Call(NamedTuple):
    """A call that waits: masked, and always with a name."""

    action: Action
    does: str
    """Hash of what it would do, apart from its name."""
    event: str
    """The host's hook; empty when it is read back from the ledger."""
    named: bool
    """The host named it."""


def call_of(action: Action, event: str, nonce: str) -> Call:
    """A call as it is told. One without a name gets the hook's, which asks again when the server was restarted under it."""
    clean = mask_said(action)
    assert isinstance(clean, Action)  # noqa: S101  mask_said keeps the type
    does = content_hash([clean.tool, clean.arguments, clean.cwd])
    return Call(clean if clean.call_id else replace(clean, call_id=f"hook-{nonce}"), does, event, bool(action.call_id))


class _Answer(NamedTuple):
    """The verdict given last, while the host has told no outcome of its call."""

    call_id: str
    does: str
    event: str
    verdict: Verdict


class Runs:
    """The runs in memory, the least recently heard of last to stay."""

    def __init__(self, gate: Gate, commits: Commits, *, limit: int = MAX_RUNS) -> None:
        self.gate, self._commits, self._limit = gate, commits, limit
        self._live: OrderedDict[str, Live] = OrderedDict()

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
        live = Live(self.gate.resume(run, evidence, memory.recent), fresh=False)
        live.voices = memory.voices
        for action, verdict in memory.verdicts():
            live.keep(call_of(action, "", ""), verdict)
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
        self.recent = Recent()
        self.voices = Voices()
        self._actions: OrderedDict[int, Action] = OrderedDict()
        self._verdicts: deque[tuple[Action, Verdict]] = deque(maxlen=MAX_ANSWERS)

    def take(self, event: Event) -> None:
        self.recent.add(event)
        self.voices.recorded(event.body)
        if isinstance(event.body, Action):
            self._actions[event.n] = event.body
            if len(self._actions) > MAX_ANSWERS:
                self._actions.popitem(last=False)
        elif isinstance(event.body, Verdict) and (action := self._actions.get(event.body.action)):
            self._verdicts.append((action, event.body))

    def verdicts(self) -> Iterator[tuple[Action, Verdict]]:
        yield from self._verdicts
