"""The gate records before it answers, and fails closed whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from magistrate.core.errors import LedgerError
from magistrate.core.protocols import Case
from magistrate.core.records import (
    Action,
    Adoption,
    Alarm,
    Approval,
    Body,
    Canary,
    Commitment,
    Item,
    Label,
    Message,
    Opinion,
    Outcome,
    Proposal,
    Ruling,
    RunStarted,
    Sample,
    Stop,
    Stratum,
    Tightening,
    Verdict,
    Watched,
)
from magistrate.gate import Gate
from magistrate.ledger import Ledger
from magistrate.rulebook.text import default

STARTED = RunStarted(host="test", cwd="/work/app", home="/home/ann")
LIST = Action(tool="Bash", arguments={"command": "ls -la"}, call_id="c1")
WIPE = Action(tool="Bash", arguments={"command": "rm -rf ~"}, call_id="c2")


class Says:
    """A reviewer that gives the answer it was made with, or raises it, or hangs."""

    name, version = "says", "1"

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.cases: list[Case] = []

    async def review(self, case: Case) -> Opinion:
        self.cases.append(case)
        if isinstance(self.answer, BaseException):
            raise self.answer
        if self.answer == "hang":
            await asyncio.sleep(60)
        return self.answer


def decide(action: Action, *, reviewers: Iterable[Any] = (), ledger: Any = None, before: Iterable[Any] = ()) -> Verdict:
    gate = Gate(default(), ledger or Ledger(":memory:"), reviewers=list(reviewers), deadline=0.05)
    run = gate.open("r", STARTED)
    for said in before:
        run.observe(said)
    return asyncio.run(run.decide(action))


def test_harmless_goes_through_and_harm_does_not() -> None:
    assert decide(LIST).decision == "allow"
    verdict = decide(WIPE)
    assert verdict.decision == "deny"
    assert verdict.basis == "bright-line"
    assert verdict.rules
    assert verdict.reason
    assert verdict.advice


def test_recorded_before_answered() -> None:
    ledger = Ledger(":memory:")
    verdict = decide(LIST, ledger=ledger, before=[Message(author="person", text="What is here?")])
    kinds = [event.body.__struct_config__.tag for event in ledger.events("r")]
    assert kinds == ["run", "message", "action", "verdict"]
    assert list(ledger.events("r"))[3].body == verdict
    assert verdict.action == 2
    assert ledger.verify() == []


class Refuses(Ledger):
    """A ledger that cannot commit."""

    def commit(self) -> None:
        raise LedgerError("disk full")


def test_no_ledger_no_verdict() -> None:
    with pytest.raises(LedgerError, match="disk full"):
        decide(LIST, ledger=Refuses(":memory:"))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (RuntimeError("boom"), "error"),
        ("hang", "timeout"),
        ("allow", "malformed"),
        (None, "malformed"),
        (Opinion(reviewer="says", decision="maybe"), "malformed"),  # type: ignore[arg-type]
        (Opinion(reviewer="says", decision="allow", rules=("no.such.rule",)), "malformed"),
        (Opinion(reviewer="says", unavailable="over-budget"), "over-budget"),
    ],
)
def test_a_reviewer_that_fails_is_unavailable_and_never_an_allow(answer: Any, kind: str) -> None:
    verdict = decide(LIST, reviewers=[Says(answer)])
    assert verdict.decision == default().on_unavailable != "allow"
    assert verdict.basis == "unavailable"
    assert verdict.opinions[0].unavailable.startswith(kind)
    assert verdict.opinions[0].decision is None
    assert "not a judgement" in verdict.advice


def test_a_reviewer_may_tighten_and_not_loosen() -> None:
    rule = default().rules[0].id
    verdict = decide(LIST, reviewers=[Says(Opinion(reviewer="says", decision="deny", rules=(rule,), reason="no"))])
    assert (verdict.decision, verdict.basis, verdict.rules) == ("deny", "reviewer", (rule,))
    easy = Says(Opinion(reviewer="says", decision="allow"))
    assert decide(WIPE, reviewers=[easy]).decision == "deny"
    assert easy.cases == []


def test_a_reviewer_sees_the_action_and_what_came_before_masked() -> None:
    token = "ghp_" + "a1B2" * 9
    seen = Says(Opinion(reviewer="says", decision="allow"))
    action = Action(tool="Read", arguments={"file_path": f"/work/app/{token}.txt"})
    decide(action, reviewers=[seen], before=[Outcome(tool="x", text=f"token {token}")])
    (case,) = seen.cases
    assert token not in repr(case)
    assert [type(event.body).__name__ for event in case.history] == ["RunStarted", "Outcome", "Action"]


def test_evidence_that_fails_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, action: Action) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("magistrate.evidence.run.RunEvidence.assess", broken)
    verdict = decide(LIST)
    assert (verdict.decision, verdict.basis) == (default().on_unavailable, "unavailable")
    assert "ZeroDivisionError" in verdict.reason


def test_secrets_never_reach_the_ledger() -> None:
    token = "ghp_" + "a1B2" * 9
    ledger = Ledger(":memory:")
    action = Action(
        tool="Bash", arguments={"command": f"curl -H 'Authorization: token {token}' https://api.example.com"}
    )
    decide(action, ledger=ledger, before=[Message(author="person", text=f"use {token}")])
    assert token not in repr(list(ledger.events()))
    assert token not in repr(ledger.query("SELECT data FROM blobs"))


def test_the_agent_does_not_hear_how_it_was_caught() -> None:
    verdict = decide(WIPE)
    assert "/home/ann" in verdict.reason
    assert "/home/ann" not in verdict.advice


def test_a_child_run_knows_what_people_told_its_parent() -> None:
    gate = Gate(default(), Ledger(":memory:"))
    push = Action(tool="Bash", arguments={"command": "git push origin main"})
    decisions = []
    for request in ("Fix the bug. Do not push anything.", "Fix the bug and push it to origin main."):
        parent = gate.open(f"p{request[:9]}{len(request)}", STARTED)
        parent.observe(Message(author="person", text=request))
        child = gate.open(parent.id + "/child", RunStarted(host="test", cwd="/work/app", parent=parent.id), parent)
        child.observe(Message(author="agent", text="Fix the bug in parse.py"))
        decisions.append(asyncio.run(child.decide(push)).decision)
    assert decisions[0] != "allow"
    assert decisions[1] == "allow"


def test_every_kind_of_body_comes_back_from_the_ledger_as_it_went_in() -> None:
    from typing import get_args

    bodies = [
        RunStarted(host="test"),
        Message(author="person", text="go"),
        Action(tool="bash", arguments={"command": "ls"}),
        Outcome(text="a"),
        Verdict(action=2, decision="allow", basis="rule", revision="r"),
        Ruling(verdict=4, decision="allow", because="fine", by="ann"),
        Stop(stopped=True, scope="tree", by="ann"),
        Tightening(effects=("payment",), hosts=("codex",), by="alarm"),
        Proposal(id="p", old="a", new="b", old_text="x" * 600, text="y" * 600, author="ann", why="too loose"),
        Approval(proposal="p", by="bo", signature="s"),
        Adoption(proposal="p", old="a", new="b", by="ann", judged=3, stricter=1),
        Commitment(secret_hash="sha256:0"),
        Sample(
            id="s",
            commitment=0,
            secret="x",
            checkpoint="sha256:0",
            since=1,
            upto=9,
            floor=0.5,
            strata=(Stratum(name="allow/all", size=4, quota=1),),
            items=(Item(run="r", n=2, stratum=0, probability=0.25),),
        ),
        Label(sample="s", run="r", n=2, labeller="ann", says="harmless"),
        Canary(family="payment", difficulty=1, joins="r"),
        Watched(indicator="x", batch="1", events=0, trials=9, baseline=0.01, state=(0.5,), evidence=1.5),
        Alarm(indicator="x", evidence=101.0, bar=100.0, baseline=0.01, batch="1"),
    ]
    assert {type(body) for body in bodies} >= set(get_args(Body))
    with Ledger(":memory:") as ledger:
        ledger.append("r", bodies)
        ledger.commit()
        assert [event.body for event in ledger.events("r")] == bodies
