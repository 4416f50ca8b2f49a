"""Which rules bear on an action: matches as compiled predicates, indexed by kind of effect.

A match speaks of a fact: an effect, who said its target, who asked for it. All given fields must hold; a list means any of it.
Two things hold for every match, whatever it says: an `allow` never clears a fact that cannot be resolved before it runs
(`dynamic`), and globs ignore case except in an `allow`, so that doubt about spelling never opens a door.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable, Sequence
from typing import get_args

from magistrate.core.records import Action, EffectKind, Evidence, Fact, Match, Rule, Rulebook
from magistrate.rulebook.bright import hits, holds_secret
from magistrate.rulebook.text import bright_rules
from magistrate.rulebook.vocabulary import COVERED, OUTSIDE_TASK, STRICTNESS

Test = Callable[[Fact, Action], bool]
Bearing = tuple[Rule, Match, int]
"""A rule that bears on the action, the match that says so, and the index of the fact."""

_KINDS: tuple[EffectKind, ...] = get_args(EffectKind)
_MAGIC = re.compile(r"[*?\[]")
_HIT = Match(decision="deny")


def matches(rule: Rule, fact: Fact, action: Action) -> Match | None:
    """The strictest match of the rule that bears on the fact; None when none does. Bright lines are not asked here."""
    bearing = [match for match in rule.matches if _applies(match, fact, action)]
    return max(bearing, key=lambda match: STRICTNESS[match.decision], default=None)


class Matcher:
    """A rulebook made ready to be asked many times. The shipped bright lines are in force in any."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        own = {rule.id for rule in rulebook.rules}
        rules = (*rulebook.rules, *(rule for rule in bright_rules() if rule.id not in own))
        self._bright = {rule.id: rule for rule in rules if rule.authority == "bright-line"}
        self._by_kind: dict[EffectKind, list[tuple[Rule, tuple[tuple[Match, Test | None], ...]]]] = {
            kind: [] for kind in _KINDS
        }
        for rule in rules:
            # The strictest first: the first that holds is the rule's answer.
            ordered = sorted(rule.matches, key=lambda match: -STRICTNESS[match.decision])
            for kind in _KINDS:
                chosen = tuple(
                    (match, _compiled(match)) for match in ordered if not match.effect or kind in match.effect
                )
                if chosen:
                    self._by_kind[kind].append((rule, chosen))

    def bearing(self, evidence: Evidence, action: Action) -> tuple[Bearing, ...]:
        """Every rule that bears on a fact, with its strictest match there; bright lines first, then in order of facts."""
        found: list[Bearing] = [(self._bright[name], _HIT, at) for name, at in hits(evidence, action)]
        for at, fact in enumerate(evidence.facts):
            for rule, tests in self._by_kind[fact.effect.kind]:
                for match, test in tests:
                    if test is None or test(fact, action):
                        found.append((rule, match, at))
                        break
        return tuple(found)


def _applies(match: Match, fact: Fact, action: Action) -> bool:
    if match.effect and fact.effect.kind not in match.effect:
        return False
    test = _compiled(match)
    return test is None or test(fact, action)


@functools.lru_cache(maxsize=4096)
def _compiled(match: Match) -> Test | None:
    """Everything but the kind of effect, as one test; None when there is nothing else to test. Cheap tests come first."""
    tests = [*_on_effect(match), *_on_authority(match), *_on_origin(match), *_on_names(match)]
    return functools.partial(_all, tuple(tests)) if tests else None


def _all(tests: tuple[Test, ...], fact: Fact, action: Action) -> bool:
    for test in tests:  # noqa: SIM110  a generator would double the time
        if not test(fact, action):
            return False
    return True


def _on_authority(match: Match) -> list[Test]:
    tests: list[Test] = []
    if stances := frozenset(match.stance):
        tests.append(lambda fact, action: fact.authority.stance in stances)
    if (asked := match.effect_asked) is not None:
        tests.append(lambda fact, action: fact.authority.effect_asked is asked)
    if (named := match.target_named) is not None:
        tests.append(lambda fact, action: fact.authority.target_named is named)
    return tests


def _on_effect(match: Match) -> list[Test]:
    tests: list[Test] = []
    if match.decision == "allow":
        tests.append(lambda fact, action: fact.effect.certainty != "dynamic")
    if scopes := frozenset(match.scope):
        tests.append(lambda fact, action: fact.effect.scope in scopes)
    if flags := frozenset(match.flags):
        tests.append(lambda fact, action: not flags.isdisjoint(fact.effect.flags))
    if no_flags := frozenset(match.no_flags):
        tests.append(lambda fact, action: no_flags.isdisjoint(fact.effect.flags))
    if kinds := frozenset(match.target_kind):
        tests.append(lambda fact, action: fact.effect.target_kind in kinds)
    if reversible := frozenset(match.reversible):
        tests.append(lambda fact, action: fact.effect.reversible in reversible)
    if certainty := frozenset(match.certainty):
        tests.append(lambda fact, action: fact.effect.certainty in certainty)
    if (production := match.production) is not None:
        tests.append(lambda fact, action: fact.effect.production is production)
    if (broad := match.broad) is not None:
        tests.append(lambda fact, action: fact.effect.broad is broad)
    return tests


def _on_origin(match: Match) -> list[Test]:
    """A fact without an origin (no target, or a target nobody said) was said by nobody and beside no instruction."""
    tests: list[Test] = []
    if (instructed := match.instructed) is not None:
        tests.append(lambda fact, action: (fact.origin is not None and fact.origin.instructed) is instructed)
    if first := frozenset(match.origin):
        tests.append(lambda fact, action: fact.origin is not None and fact.origin.author in first)
    if said_by := frozenset(match.said_by):
        tests.append(lambda fact, action: _said(fact, said_by))
    if not_said_by := frozenset(match.not_said_by):
        tests.append(lambda fact, action: not _said(fact, not_said_by))
    return tests


def _said(fact: Fact, authors: frozenset[str]) -> bool:
    origin = fact.origin
    return origin is not None and (origin.author in authors or not authors.isdisjoint(origin.also))


def _on_names(match: Match) -> list[Test]:
    tests: list[Test] = []
    exact = match.decision == "allow"
    if match.tool:
        fits_tool = _globs(match.tool, exact=exact)
        tests.append(lambda fact, action: fits_tool(action.tool))
    if match.target:
        tests.append(_on_target(match.target, exact=exact))
    if match.not_target:
        # The other way round: leaving a target out of a restriction is what opens a door.
        leaves_out = _globs(match.not_target, exact=not exact)
        tests.append(lambda fact, action: not leaves_out(fact.effect.target))
    if (secret := match.secret) is not None:
        tests.append(lambda fact, action: ("secret" in fact.effect.flags or holds_secret(action.arguments)) is secret)
    return tests


def _on_target(words: Sequence[str], *, exact: bool) -> Test:
    globs = tuple(word for word in words if word != OUTSIDE_TASK)
    outside = OUTSIDE_TASK in words
    fits = _globs(globs, exact=exact) if globs else None

    def test(fact: Fact, action: Action) -> bool:
        if outside and fact.authority.stance not in COVERED:
            return True
        return fits is not None and fits(fact.effect.target)

    return test


def _globs(words: Sequence[str], *, exact: bool) -> Callable[[str], bool]:
    """One test for all globs; `*` also spans `/`.

    Most globs are a plain word, a beginning or an ending, which string methods tell at once. The rest becomes one pattern in which
    each star matches as little as it can and never tries again (atomic groups, as `fnmatch.translate` writes them), so the time
    is linear in the target's length for each star.
    """
    cased = tuple(words) if exact else tuple(word.lower() for word in words)
    plain = frozenset(word for word in cased if not _MAGIC.search(word))
    endings = tuple(word[1:] for word in cased if word[:1] == "*" and not _MAGIC.search(word[1:]))
    beginnings = tuple(word[:-1] for word in cased if word[-1:] == "*" and not _MAGIC.search(word[:-1]))
    simple = {*plain, *("*" + word for word in endings), *(word + "*" for word in beginnings)}
    rest = [fnmatch.translate(word) for word in cased if word not in simple]
    pattern = re.compile("|".join(rest)).match if rest else None

    def fits(text: str) -> bool:
        text = text if exact else text.lower()
        return (
            text in plain
            or text.endswith(endings)
            or text.startswith(beginnings)
            or (pattern is not None and pattern(text) is not None)
        )

    return fits
