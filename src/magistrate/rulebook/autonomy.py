"""How far an agent may go by itself: whether an action stays inside every scope that holds for it.

A run is under the scopes of its rulebook, of its own start, and of its parent's run. All of them hold, so a sub-agent can be given
less than its parent and never more. A scope is no rule about right and wrong, and so it is code: outside is denied, what cannot be
told is escalated. It holds for what is changed, sent or paid; reading and running are limited by the tools it names.
"""

from __future__ import annotations

import fnmatch
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from magistrate.core.records import Action, Autonomy, Decision, EffectKind, Evidence, Record, Rule, Verdict

RULE = "task.autonomy"
"""The id under which verdicts cite a scope."""
SCOPE = Rule(
    id=RULE,
    title="Stay inside the scope of this task",
    authority="task",
    text="The agent uses the tools, changes the things, spends the money and takes the time that the task gives it.",
    safer="Say what is missing in the scope of the task, and let a person widen it.",
)
_CHANGES = frozenset(get_args(EffectKind)) - {"read", "execute"}
_AMOUNT = re.compile(r"(?:^|_)(?:amount|price|total|cost|sum|value|charge|fee|payment)(?:_|$)", re.I)
_MAX_DEPTH = 12
_REMEMBERED = 1000


class Excess(Record, frozen=True, kw_only=True):
    """One way in which an action leaves a scope."""

    decision: Decision
    why: str
    scope: Autonomy
    fact: int = -1
    """Index of the fact; -1: the action as a whole."""


def excesses(
    scopes: Sequence[Autonomy], evidence: Evidence, action: Action, *, at: str, spent: float = 0.0
) -> Iterator[Excess]:
    """Every way in which the action leaves a scope. `at`: when it happens (ISO 8601); `spent`: by the run tree so far."""
    for scope in scopes:
        if scope.tools and not _fits(action.tool, scope.tools):
            yield Excess(decision="deny", why=f"the tool {action.tool} is not among those of the task", scope=scope)
        if scope.until and _moment(at) > _moment(scope.until):
            yield Excess(decision="deny", why=f"the time for the task ended at {scope.until}", scope=scope)
        yield from _facts(scope, evidence)
        if scope.cost is not None and any(fact.effect.kind == "payment" for fact in evidence.facts):
            amount = amount_of(action.arguments)
            if amount is None:
                yield Excess(decision="escalate", why="what it costs cannot be told", scope=scope)
            elif spent + amount > scope.cost:
                why = f"{spent:g} spent and {amount:g} now are more than {scope.cost:g}"
                yield Excess(decision="deny", why=why, scope=scope)


def _facts(scope: Autonomy, evidence: Evidence) -> Iterator[Excess]:
    for at, fact in enumerate(evidence.facts):
        effect = fact.effect
        if effect.kind in scope.ask:
            yield Excess(decision="escalate", why=f"a person is asked before any {effect.kind}", scope=scope, fact=at)
        if not scope.targets or effect.kind not in _CHANGES or _fits(effect.target, scope.targets):
            continue
        known = bool(effect.target) and effect.certainty != "dynamic"
        what = f"'{effect.target[:100]}'" if effect.target else "something unnamed"
        why = f"{effect.kind} of {what} is outside what the task may change"
        yield Excess(decision="deny" if known else "escalate", why=why, scope=scope, fact=at)


def amount_of(arguments: Mapping[str, Any]) -> float | None:
    """The largest number that the arguments name as an amount of money; None when there is none, or one that is no amount."""
    found: list[float] = []
    left: list[tuple[str, Any, int]] = [("", arguments, 0)]
    while left:
        name, value, depth = left.pop()
        if isinstance(value, Mapping) and depth < _MAX_DEPTH:
            left += [(str(key), item, depth + 1) for key, item in value.items()]
        elif isinstance(value, list | tuple) and depth < _MAX_DEPTH:
            left += [(name, item, depth + 1) for item in value]
        elif _AMOUNT.search(name) and not isinstance(value, bool):
            number = _number(value)
            if number is None:
                return None
            found.append(number)
    return max(found, default=None)


class Purse:
    """What a run tree spent: the amounts of its payments that were let through."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._counted: OrderedDict[tuple[str, int], float] = OrderedDict()

    def judged(self, run: str, amount: float | None, verdict: Verdict) -> None:
        """Take in a verdict, the first on its action or one that was given anew; `amount`: of the action (`amount_of`)."""
        key = run, verdict.action
        before = self._counted.pop(key, 0.0)
        paid = verdict.decision == "allow" and any(fact.effect.kind == "payment" for fact in verdict.evidence.facts)
        now = amount or 0.0 if paid else 0.0
        self.spent += now - before
        if now:
            self._counted[key] = now
            if len(self._counted) > _REMEMBERED:
                self._counted.popitem(last=False)


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).strip().lstrip("$€£").replace(",", "")[:40])
    except ValueError:
        return None
    # A negative amount takes nothing off what was spent.
    return abs(number) if abs(number) < 1e15 else None


def _fits(text: str, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(text, glob) for glob in globs)


def _moment(text: str) -> datetime:
    """A time; what is none counts as now."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
