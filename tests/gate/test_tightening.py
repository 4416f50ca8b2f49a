"""Classes of actions that escalate for now: they hold at the next action, survive restarts, and make nothing milder."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.audit.watch import Class, Settings, Watch, check, class_of, load
from magistrate.cli import cli
from magistrate.core.canon import now
from magistrate.core.errors import ConfigError
from magistrate.core.records import (
    Action,
    Alarm,
    Effect,
    Evidence,
    Fact,
    Message,
    Opinion,
    RunStarted,
    Tightening,
    Verdict,
)
from magistrate.core.records import Authority as Said
from magistrate.gate import Gate, Run
from magistrate.ledger import Ledger
from magistrate.ledger.people import SWITCH, question
from magistrate.ledger.tightenings import in_force, tightenings
from magistrate.lookback import recorded_evidence, replay
from magistrate.report.account import account
from magistrate.report.report_page import report_page
from magistrate.review.human import draw_up, lasting
from magistrate.rulebook.text import default
from magistrate.testing.ledgers import Deed, write_run
from magistrate.tightening import Tightenings, tightened
from magistrate.verdicts import STRICTNESS

STARTED = RunStarted(host="codex", cwd="/home/ann/shop", home="/home/ann")


def bash(command: str) -> Action:
    return Action(tool="Bash", arguments={"command": command})


LIST = bash("ls src")
READ = bash("cat src/cart.py")
TESTS = bash("pytest -q")
PUSH = bash("git push --force origin main")


def start(ledger: Ledger, run: str = "c/1", parent: Run | None = None, **more: Any) -> Run:
    started = RunStarted(host="codex", cwd=STARTED.cwd, home=STARTED.home, parent=parent.id if parent else "")
    gate = parent._gate if parent else Gate(default(), ledger, **more)
    return gate.open(run, started, parent)


def decide(run: Run, action: Action) -> Verdict:
    return asyncio.run(run.decide(action))


def tighten(ledger: Ledger, **of: Any) -> str:
    n = ledger.append(SWITCH, [Tightening(by="alarm", at=now(), **of)])[0]
    ledger.commit()
    return f"{SWITCH}#{n}"


def rule(ledger: Ledger, ticket: str, decision: str = "allow", scope: str = "once") -> None:
    found, at = question(ledger, ticket), now()
    ruling = draw_up(
        run=found.run, started=found.started, tree=found.tree, action=found.action, verdict=found.verdict, number=found.n,
        decision=decision, scope=scope, because="fine", by="ann", until=lasting("", scope, at), at=at,  # type: ignore[arg-type]
    )  # fmt: skip
    ledger.append(found.run, [ruling])
    ledger.commit()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(":memory:")


# ---------------------------------------------------------------- at the gate


def test_an_allow_of_the_class_escalates_until_it_is_lifted(ledger: Ledger) -> None:
    run = start(ledger)
    assert decide(run, LIST).decision == "allow"
    id_ = tighten(ledger, effects=("read",), because="alarm: x")
    held = decide(run, LIST)
    assert (held.decision, held.basis, held.cites) == ("escalate", "tightened", id_)
    assert held.ticket
    assert "alarm: x" in held.reason
    assert "alarm" not in held.advice
    ledger.append(SWITCH, [Tightening(lifts=id_, by="ann", at=now())])
    assert decide(run, LIST).decision == "allow"  # what waited only for that is held against nothing
    (one,) = tightenings(ledger)
    assert (one.escalated, one.lifted_by, in_force([one])) == (1, "ann", [])


def test_it_survives_restarts_and_reaches_sub_agents(ledger: Ledger) -> None:
    run = start(ledger)
    tighten(ledger, effects=("read",), runs=("c/1",))
    child = start(ledger, "c/1/child", run)
    assert decide(child, LIST).basis == "tightened"
    evidence = recorded_evidence(ledger, "c/1")
    assert evidence
    assert decide(Gate(default(), ledger).resume("c/1", evidence), READ).basis == "tightened"
    assert decide(start(ledger, "c/2"), LIST).decision == "allow"


@pytest.mark.parametrize(
    ("of", "meets"),
    [
        ({"effects": ("read",)}, True),
        ({"effects": ("payment", "read"), "hosts": ("codex",)}, True),
        ({"effects": ("payment",)}, False),
        ({"effects": ("read",), "hosts": ("other",)}, False),
        ({"hosts": ("codex",)}, True),
        ({"rules": ("no.such",), "effects": ("read",)}, False),
        ({"effects": ("read",), "runs": ("c/9",)}, False),
    ],
)
def test_a_class_is_what_fits_every_field(ledger: Ledger, of: Any, meets: bool) -> None:
    tighten(ledger, **of)
    assert (decide(start(ledger), LIST).basis == "tightened") == meets


def test_a_class_by_the_rule_that_allows(ledger: Ledger) -> None:
    allowed = decide(start(ledger), LIST)
    assert allowed.rules
    tighten(ledger, rules=(allowed.rules[0],))
    assert decide(start(ledger, "c/2"), LIST).basis == "tightened"


def test_what_a_person_allows_afterwards_goes_through_and_what_they_allowed_before_does_not(ledger: Ledger) -> None:
    run = start(ledger)
    rule(ledger, decide(run, PUSH).ticket, scope="run")
    assert decide(run, PUSH).basis == "ruling"
    tighten(ledger, effects=("vcs-rewrite",))
    held = decide(run, PUSH)
    assert held.basis == "tightened"
    rule(ledger, held.ticket)
    assert decide(run, PUSH).basis == "ruling"
    assert decide(run, PUSH).basis == "tightened"  # that was once


def test_whoever_waits_goes_on_when_it_is_lifted_or_ruled_on(ledger: Ledger) -> None:
    run = start(ledger)
    rule(ledger, decide(run, PUSH).ticket, scope="run")
    id_ = tighten(ledger, effects=("vcs-rewrite",))
    held = decide(run, PUSH)

    async def wait() -> Verdict:
        return await run.wait(PUSH, held, 0.3)

    assert asyncio.run(wait()) == held  # the older ruling is no answer
    ledger.append(SWITCH, [Tightening(lifts=id_, by="ann", at=now())])
    assert asyncio.run(wait()).decision == "allow"


def test_reviewers_are_asked_first_and_may_still_deny(ledger: Ledger) -> None:
    class Denies:
        name, version = "denies", "1"

        async def review(self, case: object) -> Opinion:
            return Opinion(reviewer="denies", decision="deny", reason="no")

    run = start(ledger, reviewers=[Denies()])
    tighten(ledger, effects=("read",))
    assert decide(run, LIST).decision == "deny"


def test_it_pauses_no_run_and_nothing_in_a_dry_run(ledger: Ledger) -> None:
    tighten(ledger, effects=("read",))
    run = start(ledger)
    assert {decide(run, LIST).basis for _ in range(6)} == {"tightened"}
    assert decide(run, bash("mkdir -p build")).basis != "paused"
    assert decide(start(ledger, "c/2", mode="dry-run"), LIST).decision == "allow"


def test_a_replay_gives_the_same_verdicts(ledger: Ledger) -> None:
    run = start(ledger)
    decide(run, LIST)
    id_ = tighten(ledger, effects=("read",))
    decide(run, READ)
    ledger.append(SWITCH, [Tightening(lifts=id_, by="ann", at=now())])
    decide(run, READ)
    recorded = [event.body for event in ledger.events("c/1", kinds=("verdict",))]
    again = [verdict for _, verdict in replay(ledger, "c/1", Gate(default(), Ledger(":memory:")))]
    assert [v.basis for v in again] == [v.basis for v in recorded if isinstance(v, Verdict)]
    assert [v.decision for v in again] == ["allow", "escalate", "allow"]


# ---------------------------------------------------------------- it only tightens

KINDS = ("read", "create", "execute", "vcs-rewrite", "delete", "payment")
CLASSES = st.builds(
    Tightening,
    effects=st.lists(st.sampled_from(KINDS), max_size=3).map(tuple),
    rules=st.lists(st.sampled_from(("a", "b")), max_size=2).map(tuple),
    hosts=st.lists(st.sampled_from(("codex", "other")), max_size=2).map(tuple),
    runs=st.lists(st.sampled_from(("c/1", "c/2")), max_size=2).map(tuple),
)
VERDICTS = st.builds(
    lambda decision, kinds, rules: Verdict(
        action=1, decision=decision, basis="rule", revision="r", rules=rules,
        evidence=Evidence(facts=tuple(Fact(effect=Effect(kind=kind), authority=Said(stance="silent")) for kind in kinds)),
    ),
    st.sampled_from(("allow", "deny", "escalate")),
    st.lists(st.sampled_from(KINDS), max_size=3),
    st.lists(st.sampled_from(("a", "b")), max_size=2).map(tuple),
)  # fmt: skip


@given(st.lists(CLASSES, max_size=4), VERDICTS)
@settings(max_examples=150)
def test_no_class_makes_any_verdict_milder(classes: list[Tightening], verdict: Verdict) -> None:
    held = Tightenings()
    for n, body in enumerate(classes):
        held.turn(SWITCH, n, body)
    tight = held.over(verdict, "codex", ("c/1",))
    after = tightened(verdict, tight) if tight else verdict
    assert STRICTNESS[after.decision] >= STRICTNESS[verdict.decision]
    assert after == verdict or (verdict.decision, after.decision) == ("allow", "escalate")


COMMANDS = [
    "ls",
    "cat src/cart.py",
    "rm -rf ~",
    "git push -f origin main",
    "rm -rf /home/ann/photos/2019",
    "mkdir -p build",
]
DEEDS = st.one_of(
    st.tuples(st.just("act"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("act"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("rule"), st.sampled_from(["allow", "deny"])),
    st.tuples(st.just("tighten"), CLASSES),
    st.tuples(st.just("say"), st.just("Delete the photos of 2019.")),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(DEEDS, max_size=12))
def test_in_no_history_is_a_verdict_milder_than_without(deeds: list[Any]) -> None:
    """The same acts, words and rulings in two worlds, of which one tightens now and then."""
    worlds = [start(Ledger(":memory:")), start(Ledger(":memory:"))]
    ledgers = [run._gate.docket._ledger for run in worlds]
    pairs: list[list[Verdict]] = []
    for kind, what in deeds:
        if kind == "act":
            pairs.append([decide(run, bash(what)) for run in worlds])
            plain, tight = pairs[-1]
            assert STRICTNESS[tight.decision] >= STRICTNESS[plain.decision], (plain, tight)
        elif kind == "say":
            for run in worlds:
                run.observe(Message(author="person", text=what))
        elif kind == "tighten" and ledgers[1]:
            ledgers[1].append(SWITCH, [what])
        elif kind == "rule" and (asked := [pair for pair in pairs if all(v.ticket for v in pair)]):
            for ledger, verdict in zip(ledgers, asked[-1], strict=True):
                assert ledger
                rule(ledger, verdict.ticket, what)


# ---------------------------------------------------------------- from an alarm to a person

LOUD = Watch(indicator="rule:a.rule", baseline=0.01, quiet=10, then="escalate")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Ledger(tmp_path / "one.db") as made:
        write_run(made, "loud", [Deed(decision="deny")] * 40 + [Deed()] * 100)
    return tmp_path / "one.db"


def test_an_alarm_tightens_once_and_is_shown(path: Path) -> None:
    watch = Settings(
        watch=(Watch(indicator=LOUD.indicator, baseline=0.01, quiet=10, then="escalate", of=Class(effects=("read",))),)
    )
    with Ledger(path) as made:
        assert check(made, watch)[0].rings
        write_run(made, "louder", [Deed(decision="deny")] * 40)
        assert check(made, watch)[0].rings
        (held,) = in_force(tightenings(made))
        assert (held.body.effects, held.body.by, held.body.because) == (("read",), "alarm", "alarm: rule:a.rule")
        assert [e.body.step for e in made.events("alarms", kinds=("alarm",)) if isinstance(e.body, Alarm)] == [
            "escalate"
        ] * 2
        assert decide(start(made), LIST).basis == "tightened"
        assert made.verify() == []
        page = report_page(account(made), drawn=False)
    assert "read escalates since" in page
    assert "in force" in page


def test_the_class_is_the_indicator_s_where_nothing_else_is_said(tmp_path: Path) -> None:
    file = tmp_path / "alarms.toml"
    for indicator, of, wanted in (
        ("effect:payment", "", Class(effects=("payment",))),
        ("oversight", "", Class(effects=("oversight",))),
        ("rule:a.rule", 'of = { hosts = ["codex"] }', Class(hosts=("codex",))),
    ):
        file.write_text(f'[[watch]]\nindicator = "{indicator}"\nthen = "escalate"\n{of}\n')
        (watch,) = load(file).watch
        assert class_of(watch) == wanted
    for bad in (
        'indicator = "missed-canary"',
        'indicator = "effect:nonsense"',
        'indicator = "no-rule"\nof = { effects = ["x"] }',
    ):
        file.write_text(f'[[watch]]\n{bad}\nthen = "escalate"\n')
        with pytest.raises(ConfigError):
            load(file)


def run(*words: object, fails: bool = False) -> str:
    done = CliRunner().invoke(cli, [str(word) for word in words])
    if fails:
        assert done.exit_code or done.exception
        return f"{done.output}{done.exception}"
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_people_see_it_and_lift_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLAUDECODE", "AGENT"):
        monkeypatch.delenv(name, raising=False)
    at = ("--ledger", path)
    assert "magistrate tighten --lift switch#0" in run(
        "tighten", "--effect", "read", "--host", "codex", "--because", "odd", *at
    )
    with Ledger(path) as made:
        assert decide(start(made), LIST).basis == "tightened"
    status = run("tighten", "--status", *at)
    assert "read at codex: escalates since" in status
    assert "because: odd" in status
    assert "1 escalated for it" in status
    waits = run("queue", *at)
    assert "escalates for now: read at codex" in waits
    assert "read at codex goes to a person since" in waits
    assert "no tightening" in run("tighten", "--lift", "switch#9", *at, fails=True)
    assert "name a class" in run("tighten", *at, fails=True)
    monkeypatch.setenv("CLAUDECODE", "1")
    assert "for people" in run("tighten", "--lift", "switch#0", *at, fails=True)
    monkeypatch.delenv("CLAUDECODE")
    assert "lifted: switch#0" in run("tighten", "--lift", 0, "--because", "looked at", *at)
    (one,) = [json.loads(line) for line in run("tighten", "--status", "--json", *at).splitlines()]
    assert one["lifted"]
    assert "escalates for now" not in run("queue", *at)
    with Ledger(path) as made:
        assert decide(start(made, "c/2"), LIST).decision == "allow"
