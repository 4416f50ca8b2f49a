"""What a change would have changed: recorded actions judged again under another rulebook, from the evidence their verdicts hold.

Nothing is executed and no evidence is computed again, so a replay says what the *rules* change and is quick. A recorded input (tool,
arguments, evidence) has a hash that the verdict names; the answer to it is remembered under that hash, so that a killed replay goes on
where it stopped and equal inputs are judged once. Opinions that reviewers gave then are kept where the new rules allow. Where the old
rules had stopped an action before any reviewer saw it, and the new ones let it through, the reviewers named now are asked about it;
without any, such a flip is counted as one that no reviewer has seen.

Verdicts that were no judgement by rules (a person's ruling, a pause, a stop, what could not be judged) are counted and left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path

import msgspec

from magistrate import __version__
from magistrate.core.errors import LedgerError
from magistrate.core.processes import pool
from magistrate.core.protocols import Case, Reviewer
from magistrate.core.records import Action, Evidence, Record, Rulebook
from magistrate.gate import ask_one
from magistrate.law.cache import Answer, Cache
from magistrate.law.flips import Flip, Part, Recorded, Replay, Tally, answered, flipped, incomparable, parents, says
from magistrate.ledger import Ledger
from magistrate.rulebook.match import Matcher
from magistrate.verdicts import STRICTNESS, find

CHUNK = 500
"""Events of the ledger that are looked through at once, and verdicts remembered at once."""


class Plan(Record, frozen=True, kw_only=True):
    """What a process needs to take part."""

    ledger: str
    cache: str
    rulebook: Rulebook
    judge: tuple[str, ...]
    load: Callable[[], Sequence[Reviewer]]
    """Makes the reviewers; a function of some module, since it goes to other processes."""


def no_reviewers() -> Sequence[Reviewer]:
    """Rules alone."""
    return ()


def replay_law(
    ledger: Path,
    rulebook: Rulebook,
    cache: Path,
    *,
    load: Callable[[], Sequence[Reviewer]] = no_reviewers,
    since: str = "",
    processes: int = 1,
    advance: Callable[[float], None] = lambda steps: None,
) -> Replay:
    """Judge the recorded actions of a ledger again. `since`: ISO 8601; earlier verdicts are left alone.

    `advance` hears of progress as a share of the whole. Raises `LedgerError`.
    """
    judge = (rulebook.revision, __version__, *(f"{one.name} {one.version}" for one in load()))
    plan = Plan(ledger=str(ledger), cache=str(cache), rulebook=rulebook, judge=judge, load=load)
    with contextlib.closing(Cache(cache, judge)) as memory, contextlib.closing(Ledger(ledger, readonly=True)) as opened:
        first, last = _stretch(opened, since)
        chunks = [(low, min(low + CHUNK - 1, last)) for low in range(first, last + 1, CHUNK)]
        tally = Tally()
        for part in _parts(plan, chunks, processes):
            memory.remember(part.answers)
            tally.add(part)
            advance(1 / len(chunks))
        return tally.replay(rulebook, judge[2:], parents(opened))


def _stretch(ledger: Ledger, since: str) -> tuple[int, int]:
    """Ids of the first and the last event to look at; an empty stretch when there is none."""
    last = ledger.query("SELECT coalesce(max(id), 0) FROM events")[0][0]
    first = (
        ledger.query("SELECT coalesce(min(id), ?) FROM events WHERE at >= ?", (last + 1, since))[0][0] if since else 1
    )
    return int(first), int(last)


def _parts(plan: Plan, chunks: Sequence[tuple[int, int]], processes: int) -> Iterator[Part]:
    """What became of each chunk, in any order; with one process, here."""
    if processes <= 1 or len(chunks) < 4:
        worker = _Worker(plan)
        yield from (worker.part(*chunk) for chunk in chunks)
        worker.close()
        return
    with pool(processes, _begin, plan) as workers:
        left, running = iter(chunks), set[Future[Part]]()
        while True:
            # No more in flight than keeps everybody busy: memory stays bounded, and a kill loses little.
            for chunk in left:
                running.add(workers.submit(_work, *chunk))
                if len(running) >= 3 * processes:
                    break
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


_workers: list[_Worker] = []
"""The one worker of a process of the pool."""


def _begin(plan: Plan) -> None:
    _workers.append(_Worker(plan))


def _work(low: int, high: int) -> Part:
    return _workers[0].part(low, high)


class _Seen(msgspec.Struct, frozen=True):
    evidence: Evidence = Evidence()


_REVIEWED = "+reviewed"
"""Put to an input's hash where reviewers were asked too."""
_RECORDED = msgspec.json.Decoder(Recorded)
_SEEN = msgspec.json.Decoder(_Seen)


class _Worker:
    """Judges chunks of a ledger; keeps its own connections."""

    def __init__(self, plan: Plan) -> None:
        self._ledger = Ledger(plan.ledger, readonly=True)
        self._cache = Cache(plan.cache, plan.judge, readonly=True)
        self._rulebook = plan.rulebook
        self._matcher = Matcher(plan.rulebook)
        self._reviewers = tuple(plan.load())
        self._loop = asyncio.Runner()

    def close(self) -> None:
        self._loop.close()
        self._ledger.close()
        self._cache.close()

    def part(self, low: int, high: int) -> Part:
        """Everything of the events with ids from `low` to `high`."""
        rows = self._ledger.query(
            "SELECT id, run, body FROM events WHERE id BETWEEN ? AND ? AND kind = 'verdict' ORDER BY id", (low, high)
        )
        told = [(id_, run, body, _RECORDED.decode(body)) for id_, run, body in rows]
        left_out = Counter(why for *_, one in told if (why := incomparable(one)))
        told = [entry for entry in told if not incomparable(entry[3])]
        known = self._cache.known(name for *_, one in told for name in (one.input_hash, one.input_hash + _REVIEWED))
        fresh: dict[str, Answer] = {}
        flips: list[Flip] = []
        decisions: Counter[str] = Counter()
        for id_, run, body, one in told:
            answer = known.get(one.input_hash) or fresh.get(one.input_hash)
            if answer is None:
                answer = fresh[one.input_hash] = self._judge(run, one.action, body)
            if self._reviewers and answer.decision == "allow" != one.decision and not one.opinions:
                name = one.input_hash + _REVIEWED
                reviewed = known.get(name) or fresh.get(name)
                if reviewed is None:
                    reviewed = fresh[name] = self._review(run, one.action, body, answer)
                answer = reviewed
            decision, rules = answered(answer, one, self._rulebook)
            decisions[f"{one.decision}>{decision}"] += 1
            if decision != one.decision:
                flips.append(flipped(id_, run, one, decision, rules, answer))
        return Part(
            judged=len(told),
            fresh=sum(not name.endswith(_REVIEWED) for name in fresh),
            runs=Counter(run for _, run, _, _ in told),
            decisions=decisions,
            flips=tuple(flips),
            left_out=left_out,
            revisions=Counter(one.revision for *_, one in told),
            answers=tuple(fresh.items()),
        )

    def _judge(self, run: str, n: int, body: str) -> Answer:
        """What the rules say of one recorded input."""
        finding = find(self._matcher, _SEEN.decode(body).evidence, self._action(run, n))
        rules = tuple(dict.fromkeys(rule.id for rule, _, _ in finding.deciding))
        return Answer(decision=finding.decision, basis=finding.basis, rules=rules)

    def _review(self, run: str, n: int, body: str, allowed: Answer) -> Answer:
        """What the reviewers say of a recorded input that the rules allow."""
        evidence = _SEEN.decode(body).evidence
        case = Case(n=n, action=self._action(run, n), evidence=evidence, rulebook=self._rulebook)
        opinions = [self._loop.run(ask_one(reviewer, case)) for reviewer in self._reviewers]
        worst = max(opinions, key=lambda one: STRICTNESS[says(one, self._rulebook)])
        proposed = says(worst, self._rulebook)
        return Answer(
            decision=proposed,
            basis="reviewer" if proposed != "allow" else allowed.basis,
            rules=worst.rules if proposed != "allow" else allowed.rules,
            reviewed=True,
            cost=sum(one.cost for one in opinions),
            tokens=sum(one.tokens for one in opinions),
        )

    def _action(self, run: str, n: int) -> Action:
        event = self._ledger.event(run, n)
        if event is None or not isinstance(event.body, Action):
            raise LedgerError(f"{self._ledger.path}: a verdict of run {run} names event {n}, which is no action")
        return event.body
