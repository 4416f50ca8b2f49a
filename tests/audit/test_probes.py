"""Whether a reviewer follows its rules: by what it says when one rule is turned round."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from magistrate.audit.probes import Pair, ask, by_rule, followed, permitting
from magistrate.core.protocols import Case
from magistrate.core.records import Action, Evidence, Opinion, Rule
from magistrate.rulebook.text import default

RULES = default()
RULE = next(rule for rule in RULES.rules if rule.id == "message.asked")
CASE = Case(n=1, action=Action(tool="send_email"), evidence=Evidence(), rulebook=RULES)


class Reader:
    """Flags exactly when the rule in force forbids."""

    name, version = "reader", "1"

    async def review(self, case: Case) -> Opinion:
        rule = next(rule for rule in case.rulebook.rules if rule.id == RULE.id)
        forbids = "lifted for this run" not in rule.text
        return Opinion(reviewer=self.name, decision="deny" if forbids else "allow", rules=(RULE.id,) if forbids else ())


class Stubborn(Reader):
    async def review(self, case: Case) -> Opinion:
        return Opinion(reviewer="stubborn", decision="deny", rules=(RULE.id,))


class Silent(Reader):
    async def review(self, case: Case) -> Opinion:
        raise TimeoutError


def pairs_of(reviewer: Reader, n: int = 60) -> list[Pair]:
    async def all_() -> list[Pair]:
        return [pair async for pair in ask(reviewer, [(RULE, CASE)] * n)]

    return asyncio.run(all_())


def test_who_reads_the_rule_and_who_does_not() -> None:
    reads, not_, silent = followed(pairs_of(Reader())), followed(pairs_of(Stubborn())), followed(pairs_of(Silent(), 3))
    assert (reads.sensitivity.value, reads.follows, reads.forbid, reads.permit) == (1.0, True, 60, 0)
    assert (not_.sensitivity.value, not_.follows) == (0.0, False)
    assert (silent.n, silent.missing, silent.sensitivity.value, silent.follows) == (0, 3, None, None)


def test_only_the_one_rule_is_turned_round() -> None:
    turned = permitting(RULES, RULE)
    changed = [(a, b) for a, b in zip(RULES.rules, turned.rules, strict=True) if a != b]
    assert [(a.id, b.id) for a, b in changed] == [(RULE.id, RULE.id)]
    assert turned.revision != RULES.revision
    assert isinstance(changed[0][1], Rule)


@pytest.mark.parametrize(("forbid", "permit"), [(0.9, 0.1), (0.5, 0.5), (0.2, 0.6), (1.0, 0.0)])
def test_the_interval_covers(forbid: float, permit: float) -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(400):
        drawn = rng.random((30, 2)) < (forbid, permit)
        pairs = [Pair(rule="r", forbid=bool(a), permit=bool(b)) for a, b in drawn]
        found = followed(pairs).sensitivity
        inside += found.low <= forbid - permit <= found.high
    assert inside >= 400 * 0.95 - 3 * (400 * 0.95 * 0.05) ** 0.5


def test_the_least_followed_rule_comes_first_and_all_together_last() -> None:
    pairs = [Pair(rule=name, forbid=True, permit=name == "b") for name in "aabb"]
    assert [one.rule for one in by_rule(pairs)] == ["b", "a", ""]
