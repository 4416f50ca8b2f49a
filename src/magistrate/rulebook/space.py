"""What can be told of matches without any fact to try them on: is there a fact on which these hold and those do not?

A match is a conjunction of small conditions on the closed vocabularies of a fact, its flags, who said the target, and globs. Each
condition becomes a clause over variables with finite domains; a glob is a variable that is true or false, and what is known of
globs (`magistrate.rulebook.globs`) and of facts becomes clauses too. Whether a fact can exist is then a small satisfiability
question, answered by splitting and unit propagation (Davis, Logemann and Loveland, 1962, CACM 5).

The answer errs to one side: "none" is sure; a witness may be a fact that no evidence would show. Whoever refuses on a witness
refuses too much rather than too little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any, get_args

from magistrate.core.records import Author, Match, Record
from magistrate.rulebook.globs import covers, overlap
from magistrate.rulebook.vocabulary import COVERED, LISTS, OUTSIDE_TASK, SWITCHES

Literal = tuple[str, frozenset[Any]]
"""A variable and the values with which the condition holds."""
Clause = tuple[Literal, ...]
Domains = dict[str, frozenset[Any]]

_YES, _NO = frozenset({True}), frozenset({False})
_EITHER = _YES | _NO
_AUTHORS: frozenset[str] = frozenset(get_args(Author))
_NOBODY = "nobody"
_CLOSED: Mapping[str, frozenset[str]] = {
    name: words
    for name, words in LISTS.items()
    if words is not None and name not in ("origin", "said_by", "not_said_by")
}
_MANY = 24
"""Globs with `?` or `[`, which take long to compare; of more nothing is claimed to be known, which refuses more."""
_BUDGET = 1_000
"""Splits of one question; beyond it the answer is a doubt."""


class Witness(Record, frozen=True, kw_only=True):
    """A kind of fact: what is settled of it. Empty when the question was too hard to settle."""

    traits: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join(self.traits) or "something that could not be ruled out"


def witness(inside: Sequence[Match], outside: Sequence[Match] = ()) -> Witness | None:
    """A kind of fact on which all of `inside` hold and none of `outside`; None when surely there is none."""
    clauses = [clause for match in inside for clause in _holds(match)]
    near = [match for match in outside if _near(match, inside)]
    for number, match in enumerate(near):
        clauses += _fails(match, number)
    clauses += _known(clauses)
    domains = _domains(clauses)
    try:
        solved = _solve(clauses, domains, [_BUDGET])
    except _TooHardError:
        return Witness()
    return Witness(traits=tuple(_traits(solved))) if solved is not None else None


class _TooHardError(Exception):
    """The budget of one question is spent."""


def _near(match: Match, inside: Sequence[Match]) -> bool:
    """Whether a match can hold on a fact where the others do, as far as one look at the closed vocabularies tells."""
    for name in _CLOSED:
        own = frozenset(getattr(match, name))
        for other in inside:
            theirs = frozenset(getattr(other, name))
            if name not in ("flags", "no_flags") and own and theirs and own.isdisjoint(theirs):
                return False
    return True


# ---------------------------------------------------------------- from matches to clauses


def _holds(match: Match) -> Iterator[Clause]:
    """The match as clauses, all of which hold when it does."""
    exact = match.decision == "allow"
    if exact:
        yield (("certainty", _CLOSED["certainty"] - {"dynamic"}),)
    for name, words in _CLOSED.items():
        if chosen := frozenset(getattr(match, name)):
            yield ((name, chosen & words),)
    for name in SWITCHES:
        if (value := getattr(match, name)) is not None:
            yield ((name, frozenset({value})),)
    if match.flags:
        yield tuple((f"flag {flag}", _YES) for flag in match.flags)
    yield from (((f"flag {flag}", _NO),) for flag in match.no_flags)
    if match.origin:
        yield (("origin", frozenset(match.origin)),)
    if match.said_by:
        yield tuple((f"said by {author}", _YES) for author in match.said_by)
    yield from (((f"said by {author}", _NO),) for author in match.not_said_by)
    if match.tool:
        yield tuple((_glob("tool", word, exact=exact), _YES) for word in match.tool)
    if match.target:
        outside = (("stance", _CLOSED["stance"] - COVERED),) if OUTSIDE_TASK in match.target else ()
        globs = tuple((_glob("target", word, exact=exact), _YES) for word in match.target if word != OUTSIDE_TASK)
        yield (*outside, *globs)
    yield from (((_glob("target", word, exact=not exact), _NO),) for word in match.not_target)


def _glob(of: str, word: str, *, exact: bool) -> str:
    return f"{of} like {word}" if exact else f"{of} like, in any case, {word.lower()}"


def _fails(match: Match, number: int) -> Iterator[Clause]:
    """Clauses that hold when the match does not: one of its conditions fails."""
    broken: list[Literal] = []
    for at, clause in enumerate(_holds(match)):
        if len(clause) == 1:
            broken.append(_not(clause[0]))
            continue
        name = f"~{number}.{at}"
        broken.append((name, _YES))
        yield from (((name, _NO), _not(literal)) for literal in clause)
    yield tuple(broken)


def _not(literal: Literal) -> Literal:
    name, values = literal
    return name, _domain(name) - values


def _domain(name: str) -> frozenset[Any]:
    if name == "origin":
        return _AUTHORS | {_NOBODY}
    return _CLOSED.get(name, _EITHER)


def _known(clauses: Iterable[Clause]) -> Iterator[Clause]:
    """What holds of every fact, as far as the question's variables are concerned."""
    names = {name for clause in clauses for name, _ in clause}
    if names & {"instructed", "origin"} or any(name.startswith("said by") for name in names):
        yield (("origin", _AUTHORS), ("instructed", _NO))
        for author in _AUTHORS:
            yield (("origin", _domain("origin") - {author}), (f"said by {author}", _YES))
            yield (("origin", _AUTHORS), (f"said by {author}", _NO))
    if "flag secret" in names:
        yield (("flag secret", _NO), ("secret", _YES))
    for of in ("target", "tool"):
        yield from _known_of_globs([name for name in names if name.startswith(of + " like")])


def _known_of_globs(names: Sequence[str]) -> Iterator[Clause]:
    parsed = [(name, _exact(name), name.split(" like ", 1)[1] if _exact(name) else _loose(name)) for name in names]
    yield from (((name, _YES),) for name, _, glob in parsed if glob and not glob.strip("*"))
    if sum(any(char in glob for char in "?[") for _, _, glob in parsed) > _MANY:
        return
    for (one, one_exact, narrow), (other, other_exact, wide) in permutations(sorted(parsed), 2):
        same = one_exact == other_exact
        first, second = (narrow, wide) if same and one_exact else (narrow.lower(), wide.lower())
        if one < other and not overlap(first, second):
            yield ((one, _NO), (other, _NO))
        # Fitting in any case does not tell of the exact case.
        elif (same or one_exact) and covers(second, first):
            yield ((one, _NO), (other, _YES))


def _exact(name: str) -> bool:
    return " like " in name and " like, in any case, " not in name


def _loose(name: str) -> str:
    return name.split(" like, in any case, ", 1)[1]


# ---------------------------------------------------------------- satisfiability


def _domains(clauses: Iterable[Clause]) -> Domains:
    return {name: _domain(name) for clause in clauses for name, _ in clause}


def _solve(clauses: Sequence[Clause], domains: Domains, budget: list[int]) -> Domains | None:
    """Narrowed domains of which each choice meets all clauses that are left; None when nothing does."""
    budget[0] -= 1
    if budget[0] < 0:
        raise _TooHardError
    left = _propagate(clauses, domains)
    if left is None:
        return None
    if not left:
        return domains
    name, values = min(left, key=len)[0]
    for choice in (domains[name] & values, domains[name] - values):
        if choice and (found := _solve(left, {**domains, name: choice}, budget)) is not None:
            return found
    return None


def _propagate(clauses: Sequence[Clause], domains: Domains) -> list[Clause] | None:
    """Narrow `domains` by clauses with one way left; the clauses that are still open, None on a contradiction."""
    while True:
        changed, left = False, list[Clause]()
        for clause in clauses:
            if any(domains[name] <= values for name, values in clause):
                continue
            ways = tuple((name, values) for name, values in clause if not domains[name].isdisjoint(values))
            if not ways:
                return None
            if len(ways) == 1:
                name, values = ways[0]
                domains[name] &= values
                changed = True
            else:
                left.append(ways)
        if not changed:
            return left
        clauses = left


def _traits(domains: Domains) -> Iterator[str]:
    """The settled traits of a witness in words, the telling ones first."""
    order = ("effect", "scope", "stance", "target_kind", "certainty", "reversible", "origin")
    for name in sorted(domains, key=lambda name: (order.index(name) if name in order else len(order), name)):
        values = domains[name]
        if name.startswith("~") or values == _domain(name):
            continue
        if values == _YES:
            yield name
        elif values != _NO and len(values) <= 3:
            yield f"{name} {' or '.join(sorted(map(str, values)))}"
