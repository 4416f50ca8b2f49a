"""A scope of autonomy holds for a run and for whatever it starts; a sub-agent has less, never more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from magistrate.core.records import Action, Authority, Autonomy, Effect, Evidence, Fact, Message, RunStarted, Verdict
from magistrate.gate import Gate, Run
from magistrate.law.replay import replay_law
from magistrate.ledger import Ledger
from magistrate.lookback import recorded_evidence
from magistrate.rulebook.autonomy import RULE, Purse, amount_of, excesses
from magistrate.rulebook.text import default

READ = Action(tool="read_file", arguments={"path": "/work/app/a.py"})
WRITE = Action(tool="write_file", arguments={"path": "/work/app/src/a.py", "content": "x"})
RUN = Action(tool="bash", arguments={"command": "pytest"})
STARTED = RunStarted(host="test", cwd="/work/app")


def gate(*scopes: Autonomy) -> Gate:
    return Gate(replace(default(), autonomy=scopes), Ledger(":memory:"))


def decide(run: Run, action: Action) -> Verdict:
    return asyncio.run(run.decide(action))


def opened(of: Gate, *scopes: Autonomy, name: str = "r", parent: Run | None = None) -> Run:
    started = replace(STARTED, autonomy=scopes, parent=parent.id if parent else "")
    run = of.open(name, started, parent)
    run.observe(Message(author="person", text="Mend the module src/a.py and run the tests."))
    return run


def test_a_sub_agent_inherits_and_may_be_narrowed_only() -> None:
    with_tools = gate()
    parent = opened(with_tools, Autonomy(tools=("read_*", "write_*")))
    child = opened(with_tools, Autonomy(tools=("read_*", "bash")), name="r/child", parent=parent)
    grandchild = opened(with_tools, name="r/child/x", parent=child)
    assert decide(parent, WRITE).decision == "allow"
    assert decide(parent, RUN).decision == "deny"
    for run in (child, grandchild):
        assert decide(run, READ).decision == "allow"
        for action in (WRITE, RUN):
            verdict = decide(run, action)
            assert (verdict.decision, verdict.rules) == ("deny", (RULE,))
            assert "not among those of the task" in verdict.reason
    assert "scope" in decide(child, RUN).advice


def test_the_scope_is_found_again_when_a_run_goes_on_after_a_restart() -> None:
    first = gate()
    parent = opened(first, Autonomy(tools=("read_*",)))
    opened(first, name="r/child", parent=parent)
    ledger = first.ledger
    assert isinstance(ledger, Ledger)
    evidence = recorded_evidence(ledger, "r/child")
    assert evidence
    again = Gate(default(), ledger).resume("r/child", evidence)
    assert decide(again, WRITE).rules == (RULE,)


def test_the_rulebooks_scope_holds_for_every_run() -> None:
    strict = gate(Autonomy(targets=("/work/app/src/*",), source="task.md", line=3))
    run = opened(strict)
    assert decide(run, WRITE).decision == "allow"
    verdict = decide(run, Action(tool="write_file", arguments={"path": "/work/app/docs/a.md", "content": "x"}))
    assert verdict.decision == "deny"
    assert "task.md:3" in verdict.reason


def test_time_and_asking() -> None:
    run = opened(gate(), Autonomy(until="2026-01-31T12:00:00Z", ask=("network-out",)))
    early, late = (replace(READ, at=f"2026-01-31T{hour}:00:00+00:00") for hour in ("11", "13"))
    assert decide(run, early).decision == "allow"
    assert decide(run, late).decision == "deny"
    fetch = Action(tool="bash", arguments={"command": "curl https://docs.client.example"}, at=early.at)
    assert decide(run, fetch).decision == "escalate"


def test_what_a_run_tree_spends_is_counted_together() -> None:
    shop = gate()
    parent = opened(shop, Autonomy(cost=50))
    parent.observe(Message(author="person", text="Pay 40 to Nordlicht GmbH for invoice 2231, twice if need be."))
    pay = Action(tool="pay_invoice", arguments={"vendor": "Nordlicht GmbH", "invoice": "2231", "amount": 40})
    first = decide(parent, pay)
    assert first.decision == "allow"
    child = opened(shop, name="r/child", parent=parent)
    verdict = decide(child, pay)
    assert verdict.decision == "deny"
    assert "40 spent and 40 now are more than 50" in verdict.reason
    unknown = Action(tool="pay_invoice", arguments={"vendor": "Nordlicht GmbH", "invoice": "2231"})
    assert decide(parent, unknown).rules == (RULE,)


def test_a_replay_leaves_out_what_a_scope_decided(tmp_path: Any) -> None:
    with Ledger(tmp_path / "l.db") as ledger:
        decide(opened(Gate(default(), ledger), Autonomy(tools=("x",))), READ)
    assert replay_law(tmp_path / "l.db", default(), tmp_path / "c.db").left_out == {"scope of autonomy": 1}


@pytest.mark.parametrize(
    ("arguments", "amount"),
    [
        ({"amount": 12.5}, 12.5),
        ({"total_price": "1,200.00", "tip": 3}, 1200.0),
        ({"payments": [{"amount": 5}, {"amount": "$7"}]}, 7.0),
        ({"amount": -3}, 3.0),
        ({"amount": "all of it"}, None),
        ({"seats": 4}, None),
        ({"amount": True}, None),
    ],
)
def test_amounts(arguments: dict[str, Any], amount: float | None) -> None:
    assert amount_of(arguments) == amount


def test_a_payment_that_is_taken_back_is_not_spent() -> None:
    paid = Verdict(
        action=1,
        decision="allow",
        basis="rule",
        revision="r",
        evidence=Evidence(facts=(Fact(effect=Effect(kind="payment"), authority=Authority(stance="asked")),)),
    )
    purse = Purse()
    for verdict, spent in (
        (paid, 5.0),
        (paid, 5.0),
        (replace(paid, decision="deny"), 0.0),
        (replace(paid, action=2), 5.0),
    ):
        purse.judged("r", 5.0, verdict)
        assert purse.spent == spent


SCOPES = st.builds(
    Autonomy,
    tools=st.sampled_from([(), ("read_*",), ("bash", "write_*")]),
    targets=st.sampled_from([(), ("/work/*",), ("/tmp/*", "x")]),
    cost=st.sampled_from([None, 0.0, 10.0]),
    ask=st.sampled_from([(), ("create",), ("payment", "delete")]),
)


@settings(max_examples=80)
@given(
    st.lists(SCOPES, max_size=3),
    st.lists(SCOPES, max_size=2),
    st.sampled_from(["read_file", "bash", "write_file"]),
    st.sampled_from(["create", "delete", "payment", "read"]),
    st.sampled_from(["/work/a", "/tmp/b", ""]),
    st.sampled_from([{}, {"amount": 7}, {"amount": 70}]),
)
def test_more_scopes_never_allow_more(
    outer: list[Autonomy], inner: list[Autonomy], tool: str, kind: Any, target: str, arguments: dict[str, Any]
) -> None:
    fact = Fact(effect=Effect(kind=kind, target=target), authority=Authority(stance="asked"))
    action = Action(tool=tool, arguments=arguments)
    order = {"allow": 0, "escalate": 1, "deny": 2}

    def worst(scopes: list[Autonomy]) -> int:
        found = excesses(scopes, Evidence(facts=(fact,)), action, at="2026-01-01T00:00:00Z")
        return max((order[one.decision] for one in found), default=0)

    assert worst([*outer, *inner]) == max(worst(outer), worst(inner))
