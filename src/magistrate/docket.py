"""What people decided and where runs stand: the last word on a verdict, after rules and reviewers.

The docket reads the rulings and stops in the ledger, by whomever they were written, and is fed what happens in the runs. `decide`
then settles a verdict, in this order:

1. a bright line stands, whatever a person rules;
2. a stop denies everything in its scope, sub-agents included (basis `stopped`);
3. the newest ruling that covers the action: a `deny` denies (basis `ruling`);
4. a run that waits for a person, or a sub-agent of one, escalates whatever would go on (basis `paused`);
5. ... an `allow` allows (basis `ruling`);
6. the very action that was refused before gets the same answer, unless the person has asked for it since: reviewers that
   answer differently from one time to the next are not asked again;
7. the same effect on the same target by another way escalates (basis `workaround`);
8. whatever is an `allow` by now and of a class that is tightened escalates (basis `tightened`), unless it is by a ruling that is
   newer than the tightening.

Memory is bounded by what the live runs hold: a run tree is kept as long as one of its runs is, and read back from the ledger
when it is heard of again. Cost is flat: at most one indexed query and dictionary look-ups for each action.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict
from typing import TypeVar
from weakref import WeakValueDictionary

from msgspec.structs import replace

from magistrate.core.canon import now
from magistrate.core.records import (
    Action,
    Autonomy,
    Body,
    Decision,
    Earlier,
    Effect,
    Event,
    Evidence,
    Message,
    Outcome,
    Ruling,
    RunStarted,
    Stop,
    Tightening,
    Verdict,
)
from magistrate.ledger import Ledger
from magistrate.ledger.people import MAX_DEPTH, PEOPLE, SWITCH, decided_after, family, lineage, on_ticket, started_of
from magistrate.review.human import Asked, InForce, Rulings, binding, cite, ticket_of
from magistrate.rulebook.autonomy import Purse, amount_of
from magistrate.standing import Call, Refusals, Refused, Standing, held_against, refusal
from magistrate.tightening import Tight, Tightenings, tightened

MAX_OPEN = 1000
"""Calls and questions of one tree that are remembered."""
EVERY = 0.2
"""Seconds between looks into the ledger while somebody waits for a ruling."""
FED = ("run", "message", "action", "verdict", "outcome", "ruling", "stop")
STRICTNESS: dict[Decision, int] = {"allow": 0, "escalate": 1, "deny": 2}
K = TypeVar("K")
V = TypeVar("V")


class Switch:
    """Which runs are stopped: pure, fed with every `Stop` in order."""

    def __init__(self) -> None:
        self._off: dict[str, tuple[str, Stop]] = {}

    def turn(self, run: str, n: int, stop: Stop) -> None:
        """Take in a stop or its end; it holds for the run it stands in and for what that run started."""
        if stop.stopped:
            self._off[run] = cite(run, n), stop
        else:
            self._off.pop(run, None)

    def over(self, lineage: tuple[str, ...]) -> tuple[str, Stop] | None:
        """The stop that holds for a run, by its lineage: where it stands and what it says."""
        if not self._off:
            return None
        for run in (*lineage, SWITCH):
            if run in self._off:
                return self._off[run]
        return None


class Tree:
    """The runs of one tree: how each stands, what was refused in any, which questions are open."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.runs: dict[str, RunStarted] = {}
        self.standings: dict[str, Standing] = {}
        self.refusals = Refusals()
        self.questions: OrderedDict[str, str] = OrderedDict()
        """Binding of an action -> the ticket under which it waits."""
        self.upto = 0
        """Id of the last event that was read back."""
        self.purse = Purse()
        self._amounts: OrderedDict[tuple[str, int], float | None] = OrderedDict()
        self._calls: OrderedDict[tuple[str, int], Call] = OrderedDict()
        self._would: OrderedDict[tuple[str, int], tuple[Effect, ...]] = OrderedDict()  # effects of what was not refused

    def feed(self, run: str, n: int, body: Body) -> None:
        """Take in an event of one of the runs."""
        match body:
            case RunStarted():
                self.runs[run] = body
                self.standings.setdefault(run, Standing())
            case Action():
                started = self.runs.get(run)
                binds = binding(body, started.cwd if started else "")
                _put(self._calls, (run, n), Call(body.call_id, body.tool, binds))
                _put(self._amounts, (run, n), amount_of(body.arguments))
            case Verdict(action=action):
                self.purse.judged(run, self._amounts.get((run, action)), body)
                self.judged(run, self._calls.get((run, action), Call()), body)
            case Outcome():
                self._ended(run, body)
            case Message(author="person"):
                self.refusals.person_spoke(run)
            case Ruling():
                self._ruled(run, body)
            case Stop(stopped=False):
                self.standing(run).go_on()
            case _:
                pass

    def standing(self, run: str) -> Standing:
        """How the run stands."""
        return self.standings.setdefault(run, Standing())

    def judged(self, run: str, call: Call, verdict: Verdict) -> None:
        """Take in a verdict, the first on its action or one that was given anew."""
        standing, real = self.standing(run), verdict.mode == "enforce"
        _put(self._calls, (run, verdict.action), call)
        _put(self._would, (run, verdict.action), held_against(verdict.evidence))
        if not standing.reconsidered(verdict.action, refused=real and verdict.decision != "allow"):
            standing.judged(call, verdict, real=real)
        if real:
            refused = refusal(run, call.binds, verdict)
            if refused and call.binds:
                self.refusals.add(refused)
            elif verdict.decision == "allow" and verdict.basis == "ruling":
                self.refusals.forget_same(call.binds)
            self._asked(call.binds, verdict)

    def _asked(self, binds: str, verdict: Verdict) -> None:
        if verdict.decision == "allow" or verdict.basis == "ruling":
            self.questions.pop(binds, None)
        elif verdict.ticket:
            _put(self.questions, binds, verdict.ticket)

    def _ended(self, run: str, outcome: Outcome) -> None:
        changed = self.standing(run).ended(outcome)
        if changed is None:
            return
        n, refused = changed
        binds = self._calls.get((run, n), Call()).binds
        if refused:
            effects = self._would.get((run, n), ())
            self.refusals.add(Refused(run=run, n=n, binds=binds, decision="refused", effects=effects))
        else:
            self.refusals.forget_same(binds)

    def _ruled(self, run: str, ruling: Ruling) -> None:
        self.questions.pop(ruling.binds, None)
        if ruling.decision == "allow":
            standing = self.standing(run)
            if standing.paused:
                standing.go_on()
            else:
                standing.reconsidered(ruling.action, refused=False)
            self.refusals.forget_same(ruling.binds)


def _put(held: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep something, the oldest of too many forgotten."""
    held[key] = value
    if len(held) > MAX_OPEN:
        held.popitem(last=False)


class Seat:
    """One run's place in the docket."""

    def __init__(self, tree: Tree, run: str, started: RunStarted, lineage: tuple[str, ...]) -> None:
        self.tree = tree
        self.run = run
        self.cwd = started.cwd
        self.host = started.host
        self.lineage = lineage

    @property
    def scopes(self) -> tuple[Autonomy, ...]:
        """How far the run may go by itself: what it was given, and what the runs above it were given."""
        runs = self.tree.runs
        return tuple(scope for run in self.lineage if run in runs for scope in runs[run].autonomy)

    @property
    def paused(self) -> str:
        """Why the run, or one that it is part of, waits for a person; empty when none does."""
        for run in self.lineage:
            standing = self.tree.standings.get(run)
            if standing and (why := standing.paused):
                return why if run == self.run else f"{why} in {run}"
        return ""

    def asked(self, action: Action, evidence: Evidence, at: str) -> Asked:
        """The action as rulings are asked about it at a time."""
        return Asked(
            tree=self.tree.root,
            binds=binding(action, self.cwd),
            cwd=self.cwd,
            tool=action.tool,
            server=action.server,
            effects=tuple(fact.effect for fact in evidence.facts),
            at=at,
        )

    def around(self, action: Action, evidence: Evidence) -> tuple[Earlier, ...]:
        """The refusals that the action would go around."""
        if not len(self.tree.refusals):
            return ()
        return self.tree.refusals.around(self.run, binding(action, self.cwd), evidence.facts)


class Docket:
    """Rulings, stops and run trees of one ledger. Without a ledger (`None`) it knows what it is fed."""

    def __init__(self, ledger: Ledger | None = None) -> None:
        self._ledger = ledger
        self._trees: WeakValueDictionary[str, Tree] = WeakValueDictionary()
        self._begin()
        self._time = ""
        self.epoch = 0
        """Counts rulings, stops and tightenings: an answer given under another count may be out of date."""

    def _begin(self) -> None:
        self.rulings = Rulings()
        self.switch = Switch()
        self.tightenings = Tightenings()
        self._seen = self._turn = 0
        self._discards = self._ledger.discards if self._ledger else 0

    # ------------------------------------------------------------ what is known

    def refresh(self) -> int:
        """Take in what people decided since the last look; the epoch. Raises LedgerError."""
        if self._ledger is None:
            return self.epoch
        if self._discards != self._ledger.discards:  # what was learned may be gone, and its ids those of other events
            self._begin()
            self.epoch += 1
        turn = self._ledger.turn(PEOPLE)
        if turn and turn == self._turn:
            return self.epoch
        if decided_after(self._ledger, self._seen):
            for event in self._ledger.events(kinds=PEOPLE, after=self._seen):
                self.learn(event)
        self._turn = turn
        return self.epoch

    def time(self) -> str:
        """The time by which rulings end: never earlier than it was, or than the ledger's last event, whatever the clock says."""
        if not self._time and self._ledger is not None:
            rows = self._ledger.query("SELECT at FROM events ORDER BY id DESC LIMIT 1")
            self._time = rows[0][0] if rows else ""
        self._time = max(self._time, now())
        return self._time

    def learn(self, event: Event) -> None:
        """Take in a ruling, a stop or a tightening."""
        self._seen = max(self._seen, event.id)
        self.epoch += 1
        body = event.body
        if isinstance(body, Ruling):
            # What is ruled on a planted action shows whether people catch it; it is no law for anything real.
            if not self._planted(event.run):
                self.rulings.add(body, event.run, event.n)
        elif isinstance(body, Stop):
            self.switch.turn(event.run, event.n, body)
        elif isinstance(body, Tightening):
            self.tightenings.turn(event.run, event.n, body, len(self.rulings))
        for tree in list(self._trees.values()):
            if event.run in tree.runs and event.id > tree.upto:
                tree.feed(event.run, event.n, body)

    def _planted(self, run: str) -> bool:
        query = "SELECT 1 FROM events WHERE run = ? AND kind = 'canary' LIMIT 1"
        return self._ledger is not None and bool(self._ledger.query(query, (run,)))

    def seat(self, run: str, started: RunStarted, parent: Seat | None = None, *, begun: bool = False) -> Seat:
        """The place of a run. `parent`: of the run that started it, where that is at hand; `begun`: the ledger holds it already."""
        above = parent.lineage if parent else self._above(started)
        line = (run, *above[: MAX_DEPTH - 1])
        tree = self._trees.get(line[-1])
        if tree is None:
            tree = Tree(line[-1])
            if self._ledger is not None and (begun or (above and self._ledger.has_run(line[-1]))):
                self._read_back(tree)
            self._trees[line[-1]] = tree
        tree.feed(run, 0, started)
        return Seat(tree, run, started, line)

    def resumed(self, run: str) -> Seat:
        """The place of a run that the ledger holds."""
        started = started_of(self._ledger, run) if self._ledger is not None else None
        return self.seat(run, started or RunStarted(host="unknown"), begun=True)

    def _above(self, started: RunStarted) -> tuple[str, ...]:
        if not started.parent:
            return ()
        return lineage(self._ledger, started.parent) if self._ledger is not None else (started.parent,)

    def _read_back(self, tree: Tree) -> None:
        assert self._ledger is not None  # noqa: S101
        streams = [self._ledger.events(run, kinds=FED) for run in family(self._ledger, tree.root)]
        for event in heapq.merge(*streams, key=lambda event: event.id):
            tree.feed(event.run, event.n, event.body)
            tree.upto = event.id

    # ------------------------------------------------------------ the last word

    def decide(self, seat: Seat, asked: Asked, verdict: Verdict, *, bright: bool, reviewed: bool = True) -> Verdict:
        """The verdict after what people decided and how the run stands; ticketed where a person could decide otherwise.

        `bright`: a bright line is crossed. `reviewed`: False while reviewers are still to be asked, who are not where a person
        has allowed the action.
        """
        settled = self._settle(seat, asked, verdict, bright, reviewed)
        live = settled.mode == "enforce"
        # Reviewers who are still to be asked may deny: an escalation must not come before that.
        if live and (reviewed or settled.basis == "ruling") and (tight := self._tight(seat, settled)):
            settled = tightened(settled, tight)
        if settled.decision == "allow":
            answered = seat.tree.questions.get(asked.binds, "") if live else ""
            return replace(settled, ticket=settled.ticket or answered) if answered else settled
        if bright or not live or settled.ticket or settled.basis == "stopped":
            return settled
        return replace(settled, ticket=seat.tree.questions.get(asked.binds) or ticket_of(seat.run, settled.action))

    def _settle(self, seat: Seat, asked: Asked, verdict: Verdict, bright: bool, reviewed: bool) -> Verdict:
        if stop := self.switch.over(seat.lineage):
            return _stopped(verdict, *stop)
        if bright:
            return verdict
        ruling = self._ruling(asked)
        if ruling and ruling.ruling.decision == "deny":
            return _ruled(verdict, ruling)
        if verdict.mode == "enforce" and (why := seat.paused):
            return _paused(verdict, why)
        tree = seat.tree
        facts = verdict.evidence.facts
        again = tree.refusals.again(seat.run, asked.binds, facts) if len(tree.refusals) else None
        strict = again is not None and STRICTNESS[verdict.decision] < STRICTNESS[_decision(again)]
        around = verdict.evidence.earlier
        stands = verdict.decision == "allow" and not strict and not around
        if ruling and not (stands and reviewed):
            return _ruled(verdict, ruling)
        if stands:
            return verdict
        if again is not None and strict:
            return _same(verdict, again)
        return _workaround(verdict, around) if around and verdict.decision == "allow" else verdict

    def _tight(self, seat: Seat, verdict: Verdict, cites: str = "") -> Tight | None:
        """The tightening that holds for a verdict. `cites`: the ruling that allows it, where the verdict does not say."""
        ruled = cites or (verdict.cites if verdict.basis == "ruling" else "")
        return self.tightenings.over(verdict, seat.host, seat.lineage, self.rulings.place(ruled))

    def _ruling(self, asked: Asked) -> InForce | None:
        """The newest ruling that covers the action and is not used up."""
        for ruling in self.rulings.about(asked):
            if not self._used_up(ruling):
                return ruling
        return None

    def _used_up(self, standing: InForce) -> bool:
        ruling = standing.ruling
        if ruling.scope != "once" or ruling.decision != "allow":
            return False
        if self._ledger is None:
            return False
        # Another process may have used it, or this one before it was started anew.
        used = any(
            verdict.decision == "allow" and verdict.cites == standing.cites
            for _, _, verdict in on_ticket(self._ledger, ruling.ticket)
        )
        if used:
            self.rulings.use(standing.cites)
        return used

    def judged(self, seat: Seat, action: Action, asked: Asked, verdict: Verdict) -> None:
        """Take in a verdict that was recorded."""
        seat.tree.judged(seat.run, Call(action.call_id, action.tool, asked.binds), verdict)
        seat.tree.purse.judged(seat.run, amount_of(action.arguments), verdict)
        if verdict.basis == "ruling" and verdict.decision == "allow":
            self.rulings.use(verdict.cites)

    # ------------------------------------------------------------ waiting

    async def answered(self, seat: Seat, asked: Asked, verdict: Verdict, deadline: float) -> bool:
        """Wait until a person decided something that bears on the action, at most `deadline` seconds; whether one did.

        Raises LedgerError. Nothing may be left uncommitted while waiting: the person writes to the same ledger.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline
        paused, held = verdict.basis == "paused", verdict.basis == "tightened"
        while True:
            self.refresh()
            ruling = self._ruling(replace(asked, at=self.time()))
            if self.switch.over(seat.lineage):
                return True
            if not self._tight(seat, verdict, ruling.cites if ruling else "") if held else ruling:
                return True
            if paused and not seat.paused:
                return True
            if loop.time() >= end:
                return False
            await asyncio.sleep(min(EVERY, max(end - loop.time(), 0.0)))


# ---------------------------------------------------------------- verdicts


def _decision(refused: Refused) -> Decision:
    return "deny" if refused.decision == "deny" else "escalate"


def _also(verdict: Verdict) -> str:
    """What rules and reviewers had to say, behind a person's word."""
    if verdict.decision == "allow":
        return ""
    return f"; else {verdict.decision} by {', '.join(verdict.rules) or verdict.basis}: {verdict.reason}"[:1000]


def _by(name: str) -> str:
    return f" by {name}" if name else ""


def _stopped(verdict: Verdict, cites: str, stop: Stop) -> Verdict:
    scope = {"run": "this run", "tree": "this run tree", "all": "everything"}[stop.scope]
    why = f": {stop.because}" if stop.because else ""
    return replace(
        verdict,
        decision="deny",
        basis="stopped",
        cites=cites,
        ticket="",
        reason=f"{scope} was stopped{_by(stop.by)} at {stop.at[:19]}{why}{_also(verdict)}",
        advice="A person has stopped this. Do nothing more until they go on.",
    )


def _ruled(verdict: Verdict, standing: InForce) -> Verdict:
    ruling = standing.ruling
    why = f": {ruling.because}" if ruling.because else ""
    denied = ruling.decision == "deny"
    return replace(
        verdict,
        decision=ruling.decision,
        basis="ruling",
        cites=standing.cites,
        ticket=ruling.ticket,
        deciding=verdict.deciding if denied else (),
        reason=f"ruled {ruling.decision}{_by(ruling.by)} at {ruling.at[:19]} ({ruling.scope}){why}{_also(verdict)}",
        advice="A person has ruled against this." if denied else "",
    )


def _paused(verdict: Verdict, why: str) -> Verdict:
    if verdict.decision == "deny" or verdict.basis == "unavailable":
        return verdict
    return replace(
        verdict,
        decision="escalate",
        basis="paused",
        reason=f"the run waits for a person: {why}{_also(verdict)}",
        advice="Too much was refused in this run, so a person is to look at it before it goes on. Say so, and stop here.",
    )


def _same(verdict: Verdict, refused: Refused) -> Verdict:
    return replace(
        verdict,
        decision=_decision(refused),
        basis=refused.basis,
        rules=refused.rules,
        cites=refused.cites,
        reason=f"the same as #{refused.n}: {refused.reason}"[:1000]
        if not refused.reason.startswith("the same as")
        else refused.reason,
        advice=refused.advice,
    )


def _workaround(verdict: Verdict, around: tuple[Earlier, ...]) -> Verdict:
    first = around[0]
    effect = verdict.evidence.facts[first.fact].effect
    where = f"#{first.event}" + (f" of {first.run}" if first.run else "")
    ground = f" ({', '.join(first.rules)})" if first.rules else ""
    how = {"same": "", "inside": ", a part of it", "around": ", a whole that holds it"}[first.relation]
    return replace(
        verdict,
        decision="escalate",
        basis="workaround",
        rules=first.rules,
        deciding=tuple(dict.fromkeys(one.fact for one in around)),
        reason=f"what was refused at {where}{ground}, in another way: {effect.kind} '{effect.target[:100]}'{how}",
        advice="This comes to what was refused before. Another way to the same end needs a person's word too.",
    )
