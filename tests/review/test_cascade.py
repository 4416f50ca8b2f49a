"""Cascade and panel: each passes on only what it cannot settle; disagreement and silence never become an allow."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.core.errors import ConfigError
from magistrate.core.protocols import Case, Reviewer
from magistrate.core.records import Action, Evidence, Opinion, RunStarted
from magistrate.gate import Gate
from magistrate.ledger import Ledger
from magistrate.review.cascade import Cascade
from magistrate.review.panel import Panel
from magistrate.rulebook.text import default

CASE = Case(n=1, action=Action(tool="Read", arguments={"path": "a"}), evidence=Evidence(), rulebook=default())


class Says:
    """A reviewer with one answer."""

    version = "1"

    def __init__(self, name: str, **opinion: Any) -> None:
        self.name, self.opinion, self.asked = name, opinion, 0

    async def review(self, case: Case) -> Opinion:
        self.asked += 1
        if "raises" in self.opinion:
            raise self.opinion["raises"]
        return Opinion(reviewer=self.name, version="1", **self.opinion)


def ask(reviewer: Reviewer) -> Opinion:
    return asyncio.run(reviewer.review(CASE))


@pytest.mark.parametrize(
    ("score", "decision", "asked"),
    [
        (0.0, "allow", 0),
        (0.099, "allow", 0),
        (0.1, "deny", 1),
        (0.89, "deny", 1),
        (0.9, "escalate", 0),
        (1.0, "escalate", 0),
    ],
)
def test_the_slow_one_is_asked_in_between(score: float, decision: str, asked: int) -> None:
    slow = Says("model", decision="deny", rules=("message.asked",), tokens=7, cost=0.5)
    got = ask(Cascade(Says("screen", score=score), slow, low=0.1, high=0.9))
    assert (got.decision, slow.asked, len(got.parts)) == (decision, asked, 1 + asked)
    assert got.tokens == 7 * asked


def test_a_quick_one_without_a_score_settles_nothing() -> None:
    broken = Says("screen", raises=RuntimeError("x"))
    for quick in (Says("screen", unavailable="error"), Says("screen"), Says("screen", score=float("nan")), broken):
        slow = Says("model", decision="allow")
        assert ask(Cascade(quick, slow, low=0.5, high=0.9)).decision == "allow"
        assert slow.asked == 1


def test_a_slow_one_without_an_answer_leaves_the_action_unjudged() -> None:
    cascade = Cascade(Says("screen", score=0.5), Says("model", unavailable="timeout"), low=0.1, high=0.9)
    got = ask(cascade)
    assert (got.decision, got.unavailable) == (None, "timeout")
    verdict = asyncio.run(judged(cascade))
    assert (verdict.decision, verdict.basis) == ("escalate", "unavailable")
    assert [part.reviewer for part in verdict.opinions[0].parts] == ["screen", "model"]


async def judged(reviewer: Any) -> Any:
    gate = Gate(default(), Ledger(":memory:"), reviewers=[reviewer])
    run = gate.open("r", RunStarted(host="test", cwd="/w"))
    return await run.decide(Action(tool="Bash", arguments={"command": "ls"}))


def test_thresholds_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ConfigError, match="low <= high"):
        Cascade(Says("a"), Says("b"), low=0.9, high=0.1)


WORDS = st.sampled_from(["allow", "deny", "escalate", None, "unavailable", "raises"])


@given(words=st.lists(WORDS, min_size=2, max_size=4))
def test_a_panel_allows_only_when_everybody_does(words: list[str | None]) -> None:
    members = [
        Says(str(k), raises=ValueError("x"))
        if word == "raises"
        else Says(str(k), unavailable="timeout")
        if word == "unavailable"
        else Says(str(k), decision=word, rules=("message.asked",) if word not in (None, "allow") else ())
        for k, word in enumerate(words)
    ]
    got = ask(Panel(members))
    assert len(got.parts) == len(words)
    heard = {word or "allow" for word in words if word not in ("unavailable", "raises")}
    silent = any(word in ("unavailable", "raises") for word in words)
    if heard == {"allow"} and not silent:
        assert got.decision == "allow"
    elif len(heard) > 1:
        assert (got.decision, got.unavailable) == ("escalate", "")
    elif heard == {"deny"} and not silent:
        assert got.decision == "deny"
    elif heard == {"escalate"}:
        assert got.decision == "escalate"
    else:
        assert got.decision is None
        assert got.unavailable


def test_a_panel_asks_everybody_at_once() -> None:
    class Slow(Says):
        async def review(self, case: Case) -> Opinion:
            barrier.append(self.name)
            while len(barrier) < 3:
                await asyncio.sleep(0)
            return await super().review(case)

    barrier: list[str] = []
    got = ask(Panel([Slow(name, decision="allow") for name in "abc"]))
    assert got.decision == "allow"


class Late(Says):
    """One that does not come back."""

    deadline = 0.05

    async def review(self, case: Case) -> Opinion:
        await asyncio.sleep(60)
        raise AssertionError


def test_a_member_that_is_late_does_not_silence_the_others() -> None:
    got = ask(Panel([Late("a"), Says("b", decision="deny", rules=("message.asked",)), Says("c", decision="allow")]))
    assert got.decision == "escalate"
    assert [part.unavailable for part in got.parts] == ["timeout: no answer in 0.05 s", "", ""]
    verdict = asyncio.run(judged(Panel([Late("a"), Says("b", decision="allow")])))
    assert (verdict.decision, verdict.basis) == ("escalate", "unavailable")
    assert [part.decision for part in verdict.opinions[0].parts] == [None, "allow"]


def test_who_asks_others_waits_for_as_long_as_they_take() -> None:
    class Slow(Says):
        deadline, at_once = 90.0, 3

    panel = Panel([Slow("a"), Slow("b")])
    assert panel.deadline > 90.0
    assert panel.at_once == 3
    assert Cascade(Says("screen"), Slow("model"), low=0.1, high=0.9).deadline > 90.0


def test_a_panel_of_one_is_none() -> None:
    for members in ([], [Says("a")], [Says("a"), Says("a")]):
        with pytest.raises(ConfigError, match="two or more"):
            Panel(members)


def test_what_each_member_said_is_in_the_ledger() -> None:
    verdict = asyncio.run(
        judged(Panel([Says("a", decision="allow", score=0.1), Says("b", decision="deny", rules=("message.asked",))]))
    )
    assert verdict.decision == "escalate"
    assert [part.reviewer for part in verdict.opinions[0].parts] == ["a", "b"]
