"""People as reviewers: what a ruling covers, and the rulings in force.

A ruling answers one ticket: the question that an escalation or a denial raised. It covers

- always: the very same action (same tool, same arguments, same working folder), in its run tree or project;
- with scope `run` or `project`, also actions *like it*:
  - an `allow` covers what does **no more** than the action that was ruled on: the same tool, and every effect of it is one of
    the effects that the person saw (`evidence.sameness.within`: the same kind, no worse manner, the same target, or inside the
    folder that was named as a whole, or at the same host);
  - a `deny` covers what does **no less**: whatever tool, if it has all the effects that the refusal rested on
    (`evidence.sameness.reaches`).

Of several rulings that cover an action the newest holds: a person's later word stands. An `allow` with scope `once` is used up
by one action. No ruling waives a bright line; the gate does not even ask here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from magistrate.core.canon import content_hash
from magistrate.core.errors import InputError
from magistrate.core.records import Action, Effect, Record, Ruling, RunStarted, Verdict
from magistrate.evidence.sameness import folders, inside, is_whole, key, reaches, within

LASTS: dict[str, timedelta] = {"once": timedelta(days=1), "run": timedelta(days=7), "project": timedelta(days=30)}
"""How long a ruling holds where the person does not say."""
MAX_LASTS = timedelta(days=3650)
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter looks like a digit."""
_TICKET = 8


def ticket_of(run: str, action: int) -> str:
    """The id of the question that an action raises: eight letters, the same whenever it is asked for."""
    number = int.from_bytes(hashlib.sha256(f"{run}\0{action}".encode("utf-8", "surrogatepass")).digest()[:5], "big")
    return "".join(_LETTERS[number >> 5 * at & 31] for at in reversed(range(_TICKET)))


def same_ticket(text: str) -> str:
    """A ticket as a person typed it, in its one spelling."""
    return text.strip().lower().replace("-", "").translate(str.maketrans("oil", "011"))


def binding(action: Action, cwd: str) -> str:
    """Hash of what makes an action the very same: tool, arguments, working folder (`cwd`: the run's, where it has none)."""
    return content_hash([action.tool, action.server, action.arguments, action.cwd or cwd])


class Asked(Record, frozen=True, kw_only=True):
    """An action as rulings are asked about it."""

    tree: str
    """Id of the first run of its tree."""
    binds: str
    cwd: str = ""
    """The working folder of its run."""
    tool: str = ""
    server: str = ""
    effects: tuple[Effect, ...] = ()
    at: str = ""
    """The time at which it is asked."""


class InForce(Record, frozen=True, kw_only=True):
    """A ruling in force and where it stands: what a verdict cites."""

    ruling: Ruling
    run: str
    n: int

    @property
    def cites(self) -> str:
        """As `Verdict.cites` has it."""
        return cite(self.run, self.n)


def cite(run: str, n: int) -> str:
    """The name of an event in another event."""
    return f"{run}#{n}"


# ---------------------------------------------------------------- what a ruling covers


def covers(ruling: Ruling, asked: Asked) -> bool:
    """Whether a ruling covers an action: pure. What was used up is not known here."""
    if ruling.until and asked.at > ruling.until:
        return False
    if ruling.scope == "project":
        if not (ruling.project and asked.cwd and inside(asked.cwd, ruling.project)):
            return False
    elif not ruling.tree or asked.tree != ruling.tree:
        return False
    if ruling.binds and asked.binds == ruling.binds:
        return True
    if ruling.scope == "once" or not ruling.effects or not asked.effects:
        return False
    if ruling.decision == "deny":
        return all(any(reaches(mine, its) for mine in asked.effects) for its in ruling.effects)
    if (asked.tool, asked.server) != (ruling.tool, ruling.server):
        return False
    return all(any(within(mine, its) for its in ruling.effects) for mine in asked.effects)


class Rulings:
    """The rulings in force, found by dictionaries: what one look costs does not grow with the number of rulings elsewhere."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], list[InForce]] = {}
        self._alike: dict[tuple[str, str, str], list[InForce]] = {}
        self._order: dict[str, int] = {}
        self._once: set[str] = set()
        self._used: set[str] = set()
        self._projects: set[str] = set()

    def __len__(self) -> int:
        return len(self._order)

    def add(self, ruling: Ruling, run: str, n: int) -> None:
        """Take in a ruling; later ones count more."""
        standing = InForce(ruling=ruling, run=run, n=n)
        self._order[standing.cites] = len(self._order)
        place = ruling.project if ruling.scope == "project" else ruling.tree
        if ruling.scope == "once" and ruling.decision == "allow":
            self._once.add(standing.cites)
        if ruling.scope == "project":
            self._projects.add(place)
        if ruling.binds:
            self._exact.setdefault((place, ruling.binds), []).append(standing)
        if ruling.scope == "once":
            return
        for what in {shelf for effect in ruling.effects for shelf in _shelves(effect, ruling.decision)}:
            self._alike.setdefault((place, *what), []).append(standing)

    def place(self, cites: str) -> int:
        """Which ruling this is, by its place in their order; -1 for none."""
        return self._order.get(cites, -1)

    def use(self, cites: str) -> None:
        """Note that a ruling let an action through: where it was for one only, it is used up."""
        if cites in self._once:
            self._used.add(cites)

    def about(self, asked: Asked) -> list[InForce]:
        """The rulings that cover an action, newest first, without those that are known to be used up."""
        if not self._order:
            return []
        found = {
            standing.cites: standing
            for standing in self._candidates(asked)
            if standing.cites not in self._used and covers(standing.ruling, asked)
        }
        return sorted(found.values(), key=lambda standing: -self._order[standing.cites])

    def _candidates(self, asked: Asked) -> Iterator[InForce]:
        places = [asked.tree]
        if self._projects and asked.cwd:
            places += [folder for folder in (asked.cwd, *folders(asked.cwd)) if folder in self._projects]
        for place in places:
            yield from self._exact.get((place, asked.binds), ())
            for effect in asked.effects:
                for what in _asked_at(effect):
                    yield from self._alike.get((place, *what), ())


def _shelves(effect: Effect, decision: str) -> Iterator[tuple[str, str]]:
    """Where a ruling is kept: by kind and target for an `allow`; a `deny` by the target alone, since another kind may come to
    the same, and by the folders above it, since a whole may hold it."""
    name = key(effect)
    if decision == "allow":
        yield effect.kind, name
    elif name:
        yield "", name
        if effect.target_kind == "path":
            for above in folders(name[5:]):
                yield "", "below:" + above


def _asked_at(effect: Effect) -> Iterator[tuple[str, str]]:
    """Where rulings that may cover an effect are kept."""
    name = key(effect)
    names = [name]
    if effect.target_kind == "path" and name:
        names += ["path:" + above for above in folders(name[5:])]
        if is_whole(effect):
            yield "", "below:" + name[5:]
    for one in names:
        yield effect.kind, one
        yield "", one


# ---------------------------------------------------------------- drawing one up


def draw_up(
    *,
    run: str,
    started: RunStarted,
    tree: str,
    action: Action,
    verdict: Verdict,
    number: int,
    decision: Literal["allow", "deny"],
    scope: Literal["once", "run", "project"] = "once",
    because: str = "",
    by: str = "",
    until: str = "",
    at: str = "",
) -> Ruling:
    """The ruling that answers a verdict (`number`: of its event). Raises InputError for a scope that cannot be stated."""
    project = started.cwd if scope == "project" else ""
    if scope == "project" and project in ("", "/"):
        raise InputError(f"run {run} names no project folder", mend="use --scope run")
    effects = tuple(fact.effect for fact in verdict.evidence.facts)
    if decision == "deny" and verdict.deciding:
        effects = tuple(effects[at] for at in verdict.deciding if at < len(effects))
    return Ruling(
        verdict=number,
        action=verdict.action,
        decision=decision,
        scope=scope,
        ticket=verdict.ticket,
        binds=binding(action, started.cwd),
        tree=tree,
        project=project,
        tool=action.tool,
        server=action.server,
        effects=() if scope == "once" else tuple(dict.fromkeys(map(_essence, effects))),
        because=because,
        by=by,
        until=until,
        at=at,
    )


def _essence(effect: Effect) -> Effect:
    """An effect without the place in the arguments where it stood."""
    return replace(effect, path="")


def lasting(until: str, scope: str, now: str) -> str:
    """When a ruling ends: `until` as a duration (`30m`, `2h`, `7d`) or a time (ISO 8601), else by its scope.

    Times are UTC with microseconds, so that they can be compared as text. Raises InputError.
    """
    begin = datetime.fromisoformat(now)
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    text = until.strip()
    try:
        if not text:
            end = begin + LASTS[scope]
        elif text[-1] in units and text[:-1].isdigit():
            end = begin + min(timedelta(**{units[text[-1]]: int(text[:-1][:9])}), MAX_LASTS)
        else:
            end = datetime.fromisoformat(text)
            end = end if end.tzinfo else end.astimezone()
        end = end.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"--until {until!r}: {error}", mend="30m, 2h, 7d, or 2030-01-31T12:00") from None
    if end <= begin:
        raise InputError(f"--until {until!r} is over already")
    return end.isoformat(timespec="microseconds")


def in_words(ruling: Ruling) -> list[str]:
    """What a ruling covers, in lines for the person who is about to make it."""
    verb = "Allows" if ruling.decision == "allow" else "Denies"
    exactly = f"this very action of tool {ruling.tool}: same arguments, same working folder"
    place = {
        "once": f"in the run tree of {ruling.tree}",
        "run": f"in the run tree of {ruling.tree}, sub-agents included",
        "project": f"in every run that works in {ruling.project} or below",
    }[ruling.scope]
    if ruling.scope == "once":
        times = "one time" if ruling.decision == "allow" else "every time"
        return [f"{verb} {times} {exactly}, {place}.", *_ends(ruling)]
    lines = [f"{verb} {exactly}, and actions like it, {place}."]
    alike = [effect for effect in ruling.effects if ruling.decision == "deny" or within(effect, effect)]
    if ruling.effects and (ruling.decision == "deny" or len(alike) == len(ruling.effects)):
        lines.append(
            f"Like it is: tool {ruling.tool} with no other effect than"
            if ruling.decision == "allow"
            else "Like it is: whatever tool, with the effect"
            if len(ruling.effects) == 1
            else "Like it is: whatever tool, with all of the effects"
        )
        lines += [f"  {_effect_in_words(effect)}" for effect in ruling.effects]
    else:
        lines.append("Nothing else is like it: what it does is told by more than its effects and targets.")
    return lines + _ends(ruling)


def _ends(ruling: Ruling) -> list[str]:
    return [f"Ends {ruling.until[:16].replace('T', ' ')} UTC."] if ruling.until else []


def _effect_in_words(effect: Effect) -> str:
    name = key(effect)
    where = {
        "path": f"{effect.target}" + (" and what lies below it" if effect.broad or name[5:] != effect.target else ""),
        "url": f"any address at {name[5:]} (seen: {effect.target})",
    }.get(effect.target_kind, effect.target or "something unnamed")
    if effect.target_kind == "path" and "recursive" in effect.flags and "below" not in where:
        where += " and what lies below it"
    flags = f" ({', '.join(effect.flags)})" if effect.flags else ""
    return f"{effect.kind} {where}{flags}"
