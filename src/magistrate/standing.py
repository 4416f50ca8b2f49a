"""Where a run stands after refusals: when it is paused for a person, and what was refused that it may reach for again.

Both are fed event by event and bounded. A *refusal* is a verdict `deny` or `escalate` that was in force, or a call that the
host or the person at it refused. What is no judgement on the action is none: `unavailable`, `paused`, `stopped`. Nor is an
escalation that a person then allowed, by a ruling or at the host, where it ran.

In a dry run and in a look back nothing was stopped, so only the refusals that really happened (by the host, by its user) count,
and nothing is paused: what came later followed from a world in which it had run.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from magistrate.core.records import Basis, Decision, Earlier, Effect, Evidence, Fact, Outcome, Record, Verdict
from magistrate.evidence.sameness import folder, folders, group, is_whole, key, reaches

IN_A_ROW = 3
OF_MANY = 10
MANY = 50
"""So many refusals in a row, or among the last so many actions, pause a run."""
MAX_REFUSED = 300
"""Refused actions of a run tree that are remembered."""
MAX_EFFECTS = 24
NO_JUDGEMENT: frozenset[Basis] = frozenset({"unavailable", "paused", "stopped", "tightened"})
_READS = frozenset({"read"})
_ASKED = frozenset({"asked", "implied"})


class Call(NamedTuple):
    """What an outcome is joined to its action by, and what makes an action the very same."""

    id: str = ""
    tool: str = ""
    binds: str = ""


class _Deed:
    """One of the last actions of a run."""

    __slots__ = ("asked", "call", "n", "refused")

    def __init__(self, n: int, call: Call, refused: bool, asked: bool) -> None:
        self.n, self.call, self.refused, self.asked = n, call, refused, asked


class Standing:
    """How the last actions of one run went."""

    def __init__(self) -> None:
        self._last: deque[_Deed] = deque(maxlen=MANY)

    def judged(self, call: Call, verdict: Verdict, *, real: bool) -> None:
        """An action got its verdict. `real`: the verdict was in force, so that a refusal stopped it."""
        if verdict.basis not in NO_JUDGEMENT:
            refused = real and verdict.decision != "allow"
            self._last.append(_Deed(verdict.action, call, refused, verdict.decision == "escalate"))

    def reconsidered(self, n: int, refused: bool) -> bool:
        """The verdict on an action was given anew, or a person ruled on it; whether the action is among the last."""
        if not self._last or self._last[-1].n < n:
            return False
        for deed in reversed(self._last):
            if deed.n == n:
                deed.refused = refused
                return True
        return False

    def ended(self, outcome: Outcome) -> tuple[int, bool] | None:
        """What became of a call: the number of its action and whether it was refused, where that changes anything.

        An outcome that does not say of which call it is belongs to the last call of that tool.
        """
        for deed in reversed(self._last):
            if deed.call.id != outcome.call_id if outcome.call_id else deed.call.tool != outcome.tool:
                continue
            if outcome.status == "refused" and not deed.refused:
                deed.refused = True
                return deed.n, True
            if outcome.status == "ok" and deed.refused and deed.asked:  # whoever was asked at the host said yes
                deed.refused = False
                return deed.n, False
            return None
        return None

    def go_on(self) -> None:
        """A person looked at the run: counting begins anew."""
        self._last.clear()

    @property
    def paused(self) -> str:
        """Why the run waits for a person; empty when it does not."""
        refused = [deed.refused for deed in self._last]
        if len(refused) >= IN_A_ROW and all(refused[-IN_A_ROW:]):
            return f"{IN_A_ROW} refusals in a row"
        return f"{OF_MANY} refusals among the last {len(refused)} actions" if sum(refused) >= OF_MANY else ""


class Refused(Record, frozen=True, kw_only=True):
    """An action that was refused, as far as later ones are held against it."""

    run: str
    n: int
    binds: str
    decision: Literal["deny", "escalate", "refused"]
    effects: tuple[Effect, ...]
    """What the refusal rests on."""
    basis: Basis = "rule"
    rules: tuple[str, ...] = ()
    reason: str = ""
    advice: str = ""
    cites: str = ""


class Refusals:
    """What was refused in one run tree, found by target: by the very one, by a folder that holds it, by what it holds."""

    def __init__(self) -> None:
        self._all: OrderedDict[tuple[str, int], Refused] = OrderedDict()
        self._same: dict[str, tuple[str, int]] = {}
        self._by_target: dict[tuple[str, str], dict[tuple[str, int], None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def add(self, refused: Refused) -> None:
        """Remember a refusal; beyond `MAX_REFUSED` the oldest is forgotten."""
        name = refused.run, refused.n
        self._all[name] = refused
        if refused.decision != "refused":
            self._same[refused.binds] = name
        for shelf in _shelves(refused.effects):
            self._by_target.setdefault(shelf, {})[name] = None
        if len(self._all) > MAX_REFUSED:
            self.forget(*next(iter(self._all)))

    def forget(self, run: str, n: int) -> None:
        """A person allowed it after all, or it was so long ago."""
        refused = self._all.pop((run, n), None)
        if refused is None:
            return
        if self._same.get(refused.binds) == (run, n):
            del self._same[refused.binds]
        for shelf in _shelves(refused.effects):
            held = self._by_target.get(shelf)
            if held:
                held.pop((run, n), None)
                if not held:
                    del self._by_target[shelf]

    def forget_same(self, binds: str) -> None:
        """A person allowed this very action: however often it was refused, it is forgotten."""
        for name in [name for name, refused in self._all.items() if refused.binds == binds]:
            self.forget(*name)

    def person_spoke(self, run: str) -> None:
        """The person at the host said something: what they had refused there themselves is theirs to take up again."""
        for name in [name for name, refused in self._all.items() if refused.decision == "refused" and name[0] == run]:
            self.forget(*name)

    def again(self, run: str, binds: str, facts: Sequence[Fact]) -> Refused | None:
        """The refusal of this very action, unless the person has asked for it since."""
        name = self._same.get(binds)
        refused = self._all[name] if name else None
        return None if refused is None or _asked_since(facts, refused, run) else refused

    def around(self, run: str, binds: str, facts: Sequence[Fact]) -> tuple[Earlier, ...]:
        """The refusals that an action would go around: the same effect on the same target, by another way."""
        if not self._all:
            return ()
        found: dict[tuple[str, int], Earlier] = {}
        for at, fact in enumerate(facts[:MAX_EFFECTS]):
            for name in self._near(fact.effect):
                refused = self._all[name]
                if name in found or refused.binds == binds or _asked_since((fact,), refused, run):
                    continue
                relation = _relation(fact, refused.effects)
                if relation:
                    found[name] = Earlier(
                        event=refused.n,
                        fact=at,
                        run="" if refused.run == run else refused.run,
                        decision=refused.decision,
                        rules=refused.rules,
                        relation=relation,
                    )
        return tuple(found[name] for name in self._all if name in found)[-4:] if found else ()

    def _near(self, effect: Effect) -> Iterator[tuple[str, int]]:
        what, name = group(effect), key(effect)
        if not name:
            return
        yield from self._by_target.get((what, name), ())
        if effect.target_kind == "path":
            for above in folders(folder(effect.target)):
                yield from self._by_target.get((what, "whole:" + above), ())
            if is_whole(effect):
                yield from self._by_target.get((what, "below:" + folder(effect.target)), ())


def _shelves(effects: Iterable[Effect]) -> Iterator[tuple[str, str]]:
    for effect in effects:
        what, name = group(effect), key(effect)
        if not name:
            continue
        yield what, name
        if effect.target_kind == "path":
            path = folder(effect.target)
            if is_whole(effect):
                yield what, "whole:" + path
            for above in folders(path):
                yield what, "below:" + above


def _relation(fact: Fact, refused: Iterable[Effect]) -> Literal["same", "inside", "around", ""]:
    """How an action's target lies to what was refused; empty where the two have nothing to do with each other."""
    for other in refused:
        if not reaches(fact.effect, other):
            continue
        if key(fact.effect) == key(other):
            return "same"
        if is_whole(other) and len(folder(fact.effect.target)) > len(folder(other.target)):
            # A part of a whole that was refused: what the person named is no way around it.
            if fact.authority.stance in _ASKED and fact.authority.target_named and fact.authority.by == "person":
                continue
            return "inside"
        return "around"
    return ""


def _asked_since(facts: Sequence[Fact], refused: Refused, run: str) -> bool:
    """Whether the person asked, after the refusal, for what the refusal was about (numbers of other runs do not compare)."""
    if refused.run != run:
        return False
    bearing = [fact for fact in facts if any(reaches(fact.effect, other) for other in refused.effects)]
    return bool(bearing) and all(
        fact.authority.by == "person" and fact.authority.stance in _ASKED and fact.authority.event > refused.n
        for fact in bearing
    )


def refusal(run: str, binds: str, verdict: Verdict) -> Refused | None:
    """What later actions are held against, of a verdict in force; None when it was no refusal."""
    if verdict.decision == "allow" or verdict.basis in NO_JUDGEMENT:
        return None
    return Refused(
        run=run,
        n=verdict.action,
        binds=binds,
        decision=_refusing(verdict.decision),
        effects=held_against(verdict.evidence, verdict.deciding),
        basis=verdict.basis,
        rules=verdict.rules,
        reason=verdict.reason,
        advice=verdict.advice,
        cites=verdict.cites,
    )


def _refusing(decision: Decision) -> Literal["deny", "escalate"]:
    return "deny" if decision == "deny" else "escalate"


def held_against(evidence: Evidence, deciding: Sequence[int] = ()) -> tuple[Effect, ...]:
    """The effects that a refusal is about: those it rests on, else all that do more than read, else all."""
    effects = [fact.effect for fact in evidence.facts]
    chosen = [effects[at] for at in deciding if at < len(effects)]
    return tuple((chosen or [effect for effect in effects if effect.kind not in _READS] or effects)[:MAX_EFFECTS])
