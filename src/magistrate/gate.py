"""The gate: the one place that decides, and the place that fails closed.

An action becomes a verdict in five steps: evidence is computed, the rulebook's matches are collected and combined (`verdicts`),
reviewers may tighten what rules allow, and people have the last word (`docket`): their rulings and stops, and the pause of a run
in which too much was refused. Then the action and its verdict are durable in the ledger before anybody hears them.

Whatever goes wrong on the way ends in the rulebook's `on_unavailable`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from magistrate.core.canon import now
from magistrate.core.config import guarded_paths
from magistrate.core.errors import LedgerError
from magistrate.core.mask import mask_said
from magistrate.core.protocols import Case, Precedent, Reviewer, deadline_of
from magistrate.core.records import (
    Action,
    Body,
    Event,
    Evidence,
    Example,
    Opinion,
    Rulebook,
    RunStarted,
    Said,
    Verdict,
)
from magistrate.docket import Docket, Seat
from magistrate.evidence.ahead import Foreseen
from magistrate.evidence.run import RunEvidence
from magistrate.evidence.supervision import watched
from magistrate.ledger import Ledger
from magistrate.recent import Recent
from magistrate.review.heard import heard
from magistrate.review.human import Asked
from magistrate.rulebook.autonomy import excesses
from magistrate.rulebook.match import Matcher
from magistrate.verdicts import (
    STRICTNESS,
    Bearing,
    Finding,
    Telling,
    combine,
    conclude,
    confined,
    describe,
    find,
    tell,
    tighten,
    unseen,
)

DEADLINE = 30.0
"""Seconds a reviewer may take."""


MAX_LAWS = 64
"""Laws of different folders that are kept ready."""
Laws = Callable[[RunStarted], Rulebook]


class Appender(Protocol):
    """What the gate needs of a ledger. One that wraps a ledger has it as `ledger`."""

    def append(self, run: str, bodies: Iterable[Body]) -> list[int]: ...
    def commit(self) -> None: ...


class Gate:
    """Decides on actions under one rulebook, into one ledger.

    `durable` commits each verdict before it is returned: what a live host needs. A look-back commits a run at a time.
    `docket` knows what people decided; by default it reads the ledger that the gate writes to. `telling`: what agents hear.
    `laws`: the law for a run by how it started, where that is more than the rulebook; asked once a run. `precedents`: what people
    ruled on facts alike (`law.gaps.Precedents.like`), shown to reviewers.
    `guarded`: what no agent may change, absolute paths and processes (`pid:NUMBER`); by default `guarded_by` the ledger.
    """

    def __init__(
        self,
        rulebook: Rulebook,
        ledger: Appender,
        *,
        reviewers: Sequence[Reviewer] = (),
        mode: str = "enforce",
        durable: bool = True,
        deadline: float = DEADLINE,
        docket: Docket | None = None,
        telling: Telling = "all",
        guarded: Sequence[str] | None = None,
        laws: Laws | None = None,
        precedents: Callable[[Evidence], Sequence[Precedent]] | None = None,
    ) -> None:
        self.rulebook = rulebook
        self.matcher = Matcher(rulebook)
        self.ledger = ledger
        self.reviewers = tuple(reviewers)
        self.mode = mode
        self.durable = durable
        self.deadline = deadline
        self.docket = docket or Docket(_readable(ledger))
        self.telling: Telling = telling
        self.laws = laws
        self.precedents = precedents
        self._matchers: OrderedDict[str, Matcher] = OrderedDict({rulebook.revision: self.matcher})
        self.guarded = guarded_by(ledger) if guarded is None else tuple(guarded)

    def open(
        self,
        run: str,
        started: RunStarted,
        parent: Run | None = None,
        *,
        past: bool = False,
        foreseen: Foreseen | None = None,
    ) -> Run:
        """Begin a run: its first event is recorded, its evidence starts empty or from its parent's.

        `past`: the run is over, nothing that is decided can stop anything; its verdicts say `dry-run`. `foreseen`: its evidence,
        where that was worked out before; then also that of the runs under it has to be.
        """
        seat = self.docket.seat(run, started, parent.seat if parent else None)
        evidence = foreseen or RunEvidence(started, _heard(parent))
        recent = Recent(parent=parent.recent if parent else None)
        opened = Run(self, run, evidence, recent, seat=seat, mode="dry-run" if past else self.mode)
        opened.begin(started)
        return opened

    def resume(self, run: str, evidence: RunEvidence, recent: Recent | None = None) -> Run:
        """Go on with a recorded run: `evidence` is what it held (`lookback.recorded_evidence`), `recent` what reviewers may see."""
        return Run(self, run, evidence, recent or Recent(), seat=self.docket.resumed(run), mode=self.mode)

    def law(self, started: RunStarted) -> Matcher:
        """The law for a run, made ready to be asked."""
        if self.laws is None:
            return self.matcher
        rulebook = self.laws(started)
        if rulebook.revision not in self._matchers:
            self._matchers[rulebook.revision] = Matcher(rulebook)
            if len(self._matchers) > MAX_LAWS:
                self._matchers.popitem(last=False)
        return self._matchers[rulebook.revision]


class Run:
    """One run as the gate sees it."""

    def __init__(
        self, gate: Gate, run: str, evidence: RunEvidence | Foreseen, recent: Recent, *, seat: Seat, mode: str
    ) -> None:
        self.id = run
        self.seat = seat
        self.mode = mode
        self.evidence = evidence
        self._gate = gate
        self._matcher = gate.law(seat.tree.runs[run])
        self.recent = recent

    @property
    def rulebook(self) -> Rulebook:
        """The law for this run."""
        return self._matcher.rulebook

    def begin(self, started: RunStarted) -> None:
        """Record the run's first event."""
        self._record([started])

    def observe(self, said: Said) -> int:
        """Take in something that happened; returns its event number."""
        clean = mask_said(said)
        n = self._record([clean])[0]
        self.evidence.observe(n, clean)
        self.seat.tree.feed(self.id, n, clean)
        return n

    async def decide(self, action: Action, within: float | None = None) -> Verdict:
        """The verdict on a proposed action, recorded together with it. `within`: seconds that all reviewers may take."""
        started = time.perf_counter_ns()
        clean = mask_said(action)
        assert isinstance(clean, Action)  # noqa: S101  mask_said keeps the type
        n = self._record([clean])[0]
        verdict, asked = await self._judge(n, clean, within)
        took = (time.perf_counter_ns() - started) // 1000
        verdict = self._concluded(clean, asked, replace(verdict, latency_us=took, at=now()))
        self.evidence.observe(n, clean)
        return verdict

    def refuse(self, action: Action, why: str) -> Verdict:
        """Record an action that was denied without having been judged: nobody could be asked in time, or deciding failed."""
        clean = mask_said(action)
        assert isinstance(clean, Action)  # noqa: S101
        n = self._record([clean])[0]
        verdict = unseen(n, why, "deny", self.rulebook, self.mode)
        self._record([verdict])
        self.evidence.observe(n, clean)
        return verdict

    def withdraw(self, verdict: Verdict, why: str) -> Verdict:
        """Record that the host was denied an action after all, whatever its verdict says: the verdict did not reach it."""
        denied = unseen(verdict.action, why, "deny", self.rulebook, self.mode)
        self._record([denied])
        return denied

    async def answered(self, action: Action, verdict: Verdict, deadline: float) -> bool:
        """Wait until a person decided something that bears on an action, at most `deadline` seconds; whether one did.

        The verdict has to be durable, and nothing else left uncommitted: the person writes to the same ledger. Whoever speaks for
        the run may do so meanwhile. Raises LedgerError.
        """
        clean = mask_said(action)
        assert isinstance(clean, Action)  # noqa: S101
        asked = self.seat.asked(clean, verdict.evidence, self._gate.docket.time())
        return bool(verdict.ticket) and await self._gate.docket.answered(self.seat, asked, verdict, deadline)

    async def wait(self, action: Action, verdict: Verdict, deadline: float) -> Verdict:
        """`answered`, then `reconsider`: the verdict after a person decided, or the same one when none did in time."""
        return await self.reconsider(action, verdict) if await self.answered(action, verdict, deadline) else verdict

    async def reconsider(self, action: Action, verdict: Verdict) -> Verdict:
        """The verdict on an action that has one, after people decided something: recorded when it differs.

        What was seen of the action stays as it was; where the run was paused or stopped, it is judged now.
        """
        started = time.perf_counter_ns()
        clean = mask_said(action)
        assert isinstance(clean, Action)  # noqa: S101
        self._record([])  # what is read from here on is what the verdict is recorded on
        self._gate.docket.refresh()
        asked = self.seat.asked(clean, verdict.evidence, self._gate.docket.time())
        seen = verdict.evidence.course is not None
        if seen and verdict.basis in ("paused", "stopped", "tightened"):
            fresh, asked = await self._weighed(verdict.action, clean, verdict.evidence)
        else:
            bright = seen and find(self._matcher, verdict.evidence, clean).bright
            fresh = self._gate.docket.decide(self.seat, asked, verdict, bright=bright)
        # An escalation may have been the one that paused the run: it stays what it was.
        if fresh.decision == verdict.decision and (fresh.cites == verdict.cites or fresh.basis == "paused"):
            if self._gate.durable:
                self._gate.ledger.commit()
            return verdict
        took = (time.perf_counter_ns() - started) // 1000
        return self._concluded(clean, asked, replace(fresh, latency_us=took, at=now()))

    def close(self) -> None:
        """Make everything recorded so far durable."""
        self._gate.ledger.commit()

    async def _judge(self, n: int, action: Action, within: float | None) -> tuple[Verdict, Asked]:
        gate = self._gate
        gate.docket.refresh()
        try:
            evidence = watched(self.evidence.assess(action), action, gate.guarded)
            earlier = self.seat.around(action, evidence)
            evidence = replace(evidence, earlier=earlier) if earlier else evidence
            return await self._weighed(n, action, evidence, within)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001  any failure to see is a doubt, and doubt never allows
            why = f"the evidence could not be computed: {type(error).__name__}: {error}"
            asked = self.seat.asked(action, Evidence(), self._gate.docket.time())
            verdict = unseen(n, why, self.rulebook.on_unavailable, self.rulebook, self.mode)
            return gate.docket.decide(self.seat, asked, verdict, bright=False), asked

    async def _weighed(
        self, n: int, action: Action, evidence: Evidence, within: float | None = None
    ) -> tuple[Verdict, Asked]:
        """The verdict of rules and reviewers, and of people."""
        gate = self._gate
        asked = self.seat.asked(action, evidence, self._gate.docket.time())
        finding = find(self._matcher, evidence, action)
        verdict = self._confined(action, conclude(n, action, evidence, finding, (), self.rulebook, self.mode))
        to_ask = bool(gate.reviewers) and verdict.decision == "allow"
        settled = gate.docket.decide(self.seat, asked, verdict, bright=finding.bright, reviewed=not to_ask)
        # What people settled is not for reviewers to say.
        if to_ask and settled.decision == "allow" and settled.basis != "ruling":
            case = Case(
                n=n,
                action=action,
                evidence=evidence,
                rulebook=self.rulebook,
                history=tuple(self.recent.history),
                asked=self.recent.asked,
                precedents=gate.precedents(evidence) if gate.precedents else (),
            )
            verdict = tighten(verdict, await _ask(gate, case, within), self.rulebook)
            self._record([])  # a stop may have come while they thought: it is seen, or waits until this is recorded
            gate.docket.refresh()
            settled = gate.docket.decide(self.seat, asked, verdict, bright=finding.bright)
        return settled, asked

    def _confined(self, action: Action, verdict: Verdict) -> Verdict:
        """The verdict within the scopes of the rulebook, of this run, and of the runs above it."""
        scopes = self.rulebook.autonomy + self.seat.scopes
        if not scopes:
            return verdict
        spent = self.seat.tree.purse.spent
        return confined(verdict, [*excesses(scopes, verdict.evidence, action, at=action.at or now(), spent=spent)])

    def _concluded(self, action: Action, asked: Asked, verdict: Verdict) -> Verdict:
        """Record a verdict, and what follows from it."""
        verdict = tell(verdict, self._gate.telling, self.rulebook)
        self._record([verdict])
        self._gate.docket.judged(self.seat, action, asked, verdict)
        if self._gate.durable:
            self._gate.ledger.commit()
        return verdict

    def _record(self, bodies: list[Body]) -> list[int]:
        numbers = self._gate.ledger.append(self.id, bodies)
        if self._gate.reviewers:
            for n, body in zip(numbers, bodies, strict=True):
                self.recent.add(Event(id=0, run=self.id, n=n, at="", body=body, prev="", hash=""))
        return numbers


def _heard(parent: Run | None) -> RunEvidence | None:
    """What a run's sub-agents start from. Raises TypeError where that is known to another process only."""
    if parent is None:
        return None
    if isinstance(parent.evidence, RunEvidence):
        return parent.evidence
    raise TypeError(f"the evidence of {parent.id} was worked out elsewhere; that of its sub-agents has to be, too")


def _readable(ledger: object) -> Ledger:
    """The ledger behind an appender. Raises TypeError where there is none: a gate that cannot see a stop must not decide."""
    while not isinstance(ledger, Ledger):
        inner = getattr(ledger, "ledger", None)
        if inner is None:
            raise TypeError(f"{type(ledger).__name__} shows no ledger to read rulings and stops from")
        ledger = inner
    return ledger


def guarded_by(ledger: Appender) -> tuple[str, ...]:
    """What no agent may change where a gate writes to this ledger: the ledger, the state folder and this program."""
    path = _readable(ledger).path
    own = () if path == ":memory:" else tuple(str(Path(path).absolute()) + end for end in ("", "-wal", "-shm"))
    return (*own, *guarded_paths())


# ---------------------------------------------------------------- reviewers


async def _ask(gate: Gate, case: Case, within: float | None) -> tuple[Opinion, ...]:
    """Ask the reviewers in order, until one restricts or fails. `within`: seconds for all of them together."""
    opinions: list[Opinion] = []
    patience = [deadline_of(reviewer, gate.deadline) for reviewer in gate.reviewers]
    end = time.monotonic() + (sum(patience) if within is None else within)
    for reviewer, own in zip(gate.reviewers, patience, strict=True):
        if not getattr(reviewer, "instant", False):
            # Whoever thinks for long must not keep people from writing a stop into the ledger meanwhile.
            gate.ledger.commit()
        opinion = await ask_one(reviewer, case, min(own, max(end - time.monotonic(), 0.0)))
        opinions.append(opinion)
        if opinion.unavailable or (opinion.decision or "allow") != "allow":
            break
    return tuple(opinions)


async def ask_one(reviewer: Reviewer, case: Case, deadline: float = DEADLINE) -> Opinion:
    """One reviewer's opinion; whatever goes wrong makes it `unavailable`."""
    started = time.perf_counter_ns()
    opinion = await heard(reviewer, case, deadline, lambda said: _malformed(said, case.rulebook))
    took = (time.perf_counter_ns() - started) // 1000
    if opinion.unavailable:  # what was asked and spent in vain, and what the parts said, stays
        opinion = replace(opinion, decision=None, rules=(), score=None)
    return replace(opinion, latency_us=took)


def _malformed(opinion: object, rulebook: Rulebook) -> str:
    if not isinstance(opinion, Opinion):
        return f"malformed: {type(opinion).__name__} instead of an opinion"
    if opinion.decision is not None and opinion.decision not in STRICTNESS:
        return f"malformed: decision {opinion.decision!r}"
    unknown = set(opinion.rules) - {rule.id for rule in rulebook.rules}
    return f"malformed: unknown rule {', '.join(sorted(unknown))}" if unknown else ""


# ---------------------------------------------------------------- examples


def judge_example(rulebook: Rulebook, example: Example) -> Verdict:
    """The verdict by rules alone on the last action of a rule's example; nothing is recorded."""
    case = example_case(rulebook, example)
    finding = find(Matcher(rulebook), case.evidence, case.action)
    return conclude(case.n, case.action, case.evidence, finding, (), rulebook, "enforce")


def example_case(rulebook: Rulebook, example: Example) -> Case:
    """A rule's example as a reviewer would be given it: its last action, with the evidence of what came before."""
    *before, last = (mask_said(said) for said in example.events)
    assert isinstance(last, Action)  # noqa: S101  the parser makes the judged call the last event
    started = before.pop(0) if before and isinstance(before[0], RunStarted) else RunStarted(host="example")
    assert isinstance(started, RunStarted)  # noqa: S101
    run, recent = RunEvidence(started), Recent()
    for n, said in enumerate(before, start=1):
        run.observe(n, said)
        recent.add(Event(id=0, run="example", n=n, at="", body=said, prev="", hash=""))
    return Case(
        n=len(before) + 1,
        action=last,
        evidence=run.assess(last),
        rulebook=rulebook,
        history=tuple(recent.history),
        asked=recent.asked,
    )


__all__ = [
    "DEADLINE", "STRICTNESS", "Appender", "Bearing", "Finding", "Gate", "Run", "ask_one", "combine", "conclude",
    "describe", "example_case", "find", "guarded_by", "judge_example",
]  # fmt: skip
