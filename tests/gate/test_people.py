"""People have the last word: rulings, stops, the pause of a run, workarounds, through the gate and its ledger."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.canon import now
from magistrate.core.records import Action, Message, Opinion, Outcome, Ruling, RunStarted, Stop, Verdict
from magistrate.gate import Gate, Run
from magistrate.ledger import Ledger
from magistrate.ledger.people import SWITCH, halts, question, questions
from magistrate.lookback import recorded_evidence, replay
from magistrate.review.human import draw_up, lasting
from magistrate.rulebook.text import default

STARTED = RunStarted(host="test", cwd="/home/ann/shop", home="/home/ann")


def bash(command: str, **more: Any) -> Action:
    return Action(tool="Bash", arguments={"command": command}, **more)


LIST = bash("ls")
PUSH = bash("git push --force origin main")
AWAY = bash("rm -rf /home/ann/photos/2019")
OTHER_WAY = bash("""python3 -c 'import shutil; shutil.rmtree("/home/ann/photos/2019")'""")
WIPE = bash("rm -rf ~")
HOOKS = bash("rm .claude/settings.json")


def start(ledger: Ledger | None = None, run: str = "t/1", parent: Run | None = None, **more: Any) -> Run:
    gate = parent._gate if parent else Gate(default(), ledger or Ledger(":memory:"), **more)
    started = (
        STARTED if parent is None else RunStarted(host="test", cwd=STARTED.cwd, home=STARTED.home, parent=parent.id)
    )
    return gate.open(run, started, parent)


def decide(run: Run, action: Action) -> Verdict:
    return asyncio.run(run.decide(action))


def ledger_of(run: Run) -> Ledger:
    ledger = run._gate.ledger
    assert isinstance(ledger, Ledger)
    return ledger


def rule(
    run: Run, ticket: str, decision: str = "allow", scope: str = "once", *, until: str = "", at: str = ""
) -> Ruling:
    """What `magistrate rule` writes."""
    ledger = ledger_of(run)
    found = question(ledger, ticket)
    at = at or now()
    ruling = draw_up(
        run=found.run, started=found.started, tree=found.tree, action=found.action, verdict=found.verdict, number=found.n,
        decision=decision, scope=scope, because="it is fine", by="ann", until=until or lasting("", scope, at), at=at,  # type: ignore[arg-type]
    )  # fmt: skip
    ledger.append(found.run, [ruling])
    ledger.commit()
    return ruling


def stop(ledger: Ledger, place: str, *, stopped: bool = True, scope: Any = "run") -> None:
    ledger.append(place, [Stop(stopped=stopped, scope=scope, by="ann", at=now())])
    ledger.commit()


def again(run: Run) -> Run:
    """The same run after a restart of whoever decides."""
    ledger = ledger_of(run)
    evidence = recorded_evidence(ledger, run.id)
    assert evidence
    return Gate(default(), ledger).resume(run.id, evidence)


# ---------------------------------------------------------------- rulings


def test_an_escalation_has_a_ticket_and_an_allow_ruling_lets_it_through_once() -> None:
    run = start()
    first = decide(run, PUSH)
    assert (first.decision != "allow", len(first.ticket)) == (True, 8)
    assert decide(run, PUSH).ticket == first.ticket
    ruling = rule(run, first.ticket)
    allowed = decide(run, PUSH)
    assert (allowed.decision, allowed.basis, allowed.ticket) == ("allow", "ruling", first.ticket)
    assert allowed.cites.startswith("t/1#")
    assert allowed.rules == first.rules
    assert "ann" in allowed.reason
    assert ruling.because in allowed.reason
    assert allowed.advice == ""
    later = decide(run, PUSH)
    assert later.decision == first.decision
    assert later.ticket != first.ticket


def test_a_ruling_survives_a_restart_and_stays_used_up() -> None:
    run = start()
    rule(run, decide(run, PUSH).ticket)
    assert decide(again(run), PUSH).basis == "ruling"
    assert decide(again(run), PUSH).decision != "allow"


def test_a_ruling_reaches_sub_agents_and_no_other_tree() -> None:
    ledger = Ledger(":memory:")
    run = start(ledger)
    rule(run, decide(run, PUSH).ticket, scope="run")
    child = start(ledger, "t/1/child", run)
    assert decide(child, PUSH).basis == "ruling"
    assert decide(start(ledger, "t/2"), PUSH).decision != "allow"


def test_a_ruling_for_a_project_holds_in_its_folder_only() -> None:
    ledger = Ledger(":memory:")
    run = start(ledger)
    rule(run, decide(run, AWAY).ticket, scope="project")
    other = Gate(default(), ledger)
    inside = other.open("t/2", RunStarted(host="test", cwd="/home/ann/shop", home="/home/ann"))
    assert decide(inside, bash("rm -rf /home/ann/photos/2019/may")).basis == "ruling"
    elsewhere = other.open("t/3", RunStarted(host="test", cwd="/home/ann/other", home="/home/ann"))
    assert decide(elsewhere, AWAY).decision != "allow"


def test_a_ruling_covers_what_lies_inside_and_nothing_beside() -> None:
    run = start()
    rule(run, decide(run, AWAY).ticket, scope="run")
    assert decide(run, bash("rm -r /home/ann/photos/2019/may")).basis == "ruling"
    for wider in ("rm -rf /home/ann/photos", "rm -rf /home/ann/photos/2020", "sudo rm -rf /home/ann/photos/2019",
                  "rm -rf /home/ann/photos/2019/../2020", "rm -rf /home/ann/photos/2019 && git push -f origin main",
                  "rm -rf /home/ann/photos/2019/$X"):  # fmt: skip
        assert decide(run, bash(wider)).basis != "ruling", wider


def test_a_ruling_ends() -> None:
    run = start()
    ticket = decide(run, PUSH).ticket
    rule(run, ticket, until="2020-01-01T00:00:00.000000+00:00")
    assert decide(run, PUSH).decision != "allow"


def test_a_deny_ruling_denies_and_the_newest_word_counts() -> None:
    run = start()
    first = decide(run, AWAY)
    rule(run, first.ticket, "deny", "run")
    denied = decide(run, AWAY)
    assert (denied.decision, denied.basis) == ("deny", "ruling")
    assert decide(run, OTHER_WAY).basis == "ruling"
    rule(run, first.ticket, "allow", "run")
    assert decide(run, AWAY).decision == "allow"
    assert decide(run, OTHER_WAY).decision != "allow"  # another tool's code: not what was ruled on


@pytest.mark.parametrize("action", [WIPE, HOOKS])
def test_no_ruling_waives_a_bright_line(action: Action) -> None:
    run = start()
    verdict = decide(run, action)
    assert (verdict.basis, verdict.ticket) == ("bright-line", "")
    for scope in ("once", "run", "project"):
        forged = Ruling(verdict=2, decision="allow", scope=scope, binds="", tree="t/1", project="/", tool="Bash",
                        effects=tuple(fact.effect for fact in verdict.evidence.facts))  # fmt: skip
        ledger_of(run).append("t/1", [forged])
    assert decide(run, action).decision == "deny"


def test_a_ruled_on_denial_of_a_reviewer_goes_through_without_asking_again() -> None:
    asked = []

    class Stern:
        name, version = "stern", "1"

        async def review(self, case: Any) -> Opinion:
            asked.append(case)
            return Opinion(reviewer="stern", decision="deny", rules=(default().rules[0].id,), reason="no")

    run = start(reviewers=[Stern()])
    first = decide(run, LIST)
    assert (first.decision, first.basis) == ("deny", "reviewer")
    rule(run, first.ticket)
    assert decide(run, LIST).basis == "ruling"
    assert len(asked) == 1


# ---------------------------------------------------------------- waiting


def test_whoever_can_wait_hears_the_ruling() -> None:
    run = start()

    async def scene() -> Verdict:
        verdict = await run.decide(PUSH)
        waiting = asyncio.create_task(run.wait(PUSH, verdict, 5))
        await asyncio.sleep(0.05)
        rule(run, verdict.ticket)
        return await waiting

    verdict = asyncio.run(scene())
    assert (verdict.decision, verdict.basis) == ("allow", "ruling")
    recorded = [event.body for event in ledger_of(run).events("t/1", kinds=("verdict",))]
    assert recorded[-1] == verdict
    assert decide(run, PUSH).decision != "allow"


def test_waiting_ends_with_its_deadline_or_with_a_stop() -> None:
    run = start()

    async def scene(stopped: bool) -> Verdict:
        verdict = await run.decide(PUSH)
        if stopped:
            stop(ledger_of(run), SWITCH, scope="all")
        return await run.wait(PUSH, verdict, 0.05)

    assert asyncio.run(scene(False)).decision == decide(run, PUSH).decision
    assert asyncio.run(scene(True)).basis == "stopped"


# ---------------------------------------------------------------- stop


@pytest.mark.parametrize(("place", "scope"), [("t/1", "run"), ("t/1", "tree"), (SWITCH, "all")])
def test_a_stop_denies_everything_at_once_sub_agents_too(place: str, scope: str) -> None:
    ledger = Ledger(":memory:")
    run = start(ledger)
    child = start(ledger, "t/1/child", run)
    other = start(ledger, "t/2")
    assert decide(child, LIST).decision == "allow"
    stop(ledger, place, scope=scope)
    for one in (run, child, again(child), start(ledger, "t/1/late", run)):
        verdict = decide(one, LIST)
        assert (verdict.decision, verdict.basis, verdict.ticket) == ("deny", "stopped", "")
    assert (decide(other, LIST).decision == "deny") == (scope == "all")
    stop(ledger, place, stopped=False, scope=scope)
    assert decide(child, LIST).decision == "allow"


def test_a_stop_of_a_sub_agent_leaves_its_parent() -> None:
    ledger = Ledger(":memory:")
    run = start(ledger)
    child = start(ledger, "t/1/child", run)
    stop(ledger, "t/1/child")
    assert decide(child, LIST).basis == "stopped"
    assert decide(run, LIST).decision == "allow"


def test_a_stop_by_another_process_is_seen_and_timed(tmp_path: Path) -> None:
    run = start(Ledger(tmp_path / "live.db"))
    assert decide(run, LIST).decision == "allow"
    with Ledger(tmp_path / "live.db") as other:
        stop(other, "t/1")
    assert decide(run, LIST).basis == "stopped"
    (halt,) = halts(ledger_of(run))
    assert halt.seconds is not None
    assert 0 <= halt.seconds < 5
    assert (halt.refused, halt.allowed_after, halt.first_refused) == (1, 0, "t/1#5")
    assert ledger_of(run).verify() == []


def test_a_stop_under_the_number_of_one_that_was_given_up_is_seen(tmp_path: Path) -> None:
    run = start(Ledger(tmp_path / "l.db"))
    ledger = ledger_of(run)
    assert decide(run, LIST).decision == "allow"
    ledger.append(SWITCH, [Stop(stopped=True, by="ann", scope="all")])
    run._gate.docket.refresh()  # learned before it is durable
    ledger.discard()
    assert decide(run, LIST).decision == "allow"
    ledger.append("t/2", [STARTED])
    ledger.append(SWITCH, [Stop(stopped=False, by="ann", scope="all")])
    run._gate.docket.refresh()
    ledger.discard()
    with Ledger(tmp_path / "l.db") as elsewhere:
        stop(elsewhere, SWITCH, scope="all")  # takes the id of what was given up
    assert decide(run, LIST).decision == "deny"


def test_a_stop_that_comes_while_a_reviewer_thinks_holds(tmp_path: Path) -> None:
    class Slow:
        name, version = "slow", "1"

        async def review(self, case: Any) -> Opinion:
            with Ledger(tmp_path / "live.db", patience=0.5) as other:  # no lock is held meanwhile
                stop(other, SWITCH, scope="all")
            return Opinion(reviewer="slow", decision="allow")

    run = start(Ledger(tmp_path / "live.db"), reviewers=[Slow()])
    assert decide(run, LIST).basis == "stopped"


# ---------------------------------------------------------------- pause


def refused(n: int) -> list[Action]:
    return [bash(f"rm -rf /home/ann/photos/{n}{letter}") for letter in "abcdefghijklmnop"]


def test_three_denials_in_a_row_pause_the_run_for_a_person() -> None:
    run = start()
    for action in refused(1)[:3]:
        assert decide(run, action).decision != "allow"
    verdict = decide(run, LIST)
    assert (verdict.decision, verdict.basis) == ("escalate", "paused")
    assert decide(again(run), LIST).basis == "paused"
    stop(ledger_of(run), "t/1", stopped=False)
    assert decide(run, LIST).decision == "allow"
    assert decide(again(run), LIST).decision == "allow"


def test_ten_denials_in_fifty_pause_the_run() -> None:
    run = start()
    for at, action in enumerate(refused(2)[:10]):
        assert decide(run, LIST).decision == "allow", at
        assert decide(run, action).decision != "allow"
    assert decide(run, LIST).basis == "paused"


def test_an_allow_ruling_ends_a_pause_and_a_deny_does_not() -> None:
    run = start()
    for action in refused(3)[:3]:
        decide(run, action)
    ticket = decide(run, LIST).ticket
    rule(run, ticket, "deny")
    assert decide(run, LIST).basis == "ruling"
    paused = decide(run, bash("pwd"))
    assert paused.basis == "paused"
    rule(run, paused.ticket)
    assert decide(run, bash("pwd")).decision == "allow"
    assert decide(run, bash("date")).decision == "allow"


def test_a_sub_agent_of_a_paused_run_is_paused() -> None:
    ledger = Ledger(":memory:")
    run = start(ledger)
    child = start(ledger, "t/1/child", run)
    for action in refused(4)[:3]:
        decide(run, action)
    assert decide(child, LIST).basis == "paused"
    assert decide(again(child), LIST).basis == "paused"


def test_outages_are_no_denials() -> None:
    class Broken:
        name, version = "broken", "1"

        async def review(self, case: Any) -> Opinion:
            raise RuntimeError

    run = start(reviewers=[Broken()])
    for _ in range(5):
        assert decide(run, LIST).basis == "unavailable"


def test_what_the_user_of_the_host_allowed_is_no_denial() -> None:
    run = start()
    for at, action in enumerate(refused(5)[:5]):
        called = bash(action.arguments["command"], call_id=f"c{at}")
        assert decide(run, called).basis != "paused"
        run.observe(Outcome(call_id=f"c{at}", text="done", status="ok"))


def test_a_waiting_action_of_a_paused_run_is_judged_when_it_goes_on() -> None:
    run = start()
    for action in refused(6)[:3]:
        decide(run, action)

    async def scene() -> Verdict:
        verdict = await run.decide(LIST)
        waiting = asyncio.create_task(run.wait(LIST, verdict, 5))
        await asyncio.sleep(0.05)
        stop(ledger_of(run), "t/1", stopped=False)
        return await waiting

    assert asyncio.run(scene()).decision == "allow"


def test_nothing_is_paused_in_a_dry_run() -> None:
    run = start(mode="dry-run")
    for action in refused(7)[:5]:
        assert decide(run, action).ticket == ""
    assert decide(run, LIST).decision == "allow"


# ---------------------------------------------------------------- workarounds


@pytest.mark.parametrize(
    "other",
    [
        OTHER_WAY,
        bash("find /home/ann/photos/2019 -delete"),
        bash("rm -rf /home/ann/./photos//2019/"),
        bash("cd ~/photos && rm -r 2019"),
        Action(tool="delete_file", arguments={"path": "/home/ann/photos/2019/may/1.jpg"}),
        bash("mv /home/ann/photos/2019 /tmp/x"),
    ],
)
def test_the_same_effect_by_another_way_names_the_earlier_denial(other: Action) -> None:
    run = start()
    first = decide(run, AWAY)
    verdict = decide(run, other)
    assert verdict.decision != "allow"
    (earlier,) = verdict.evidence.earlier
    assert earlier.event == first.action
    assert earlier.rules == first.rules


def test_a_workaround_that_rules_would_allow_escalates() -> None:
    run = start()
    run.observe(Message(author="person", text="Do not delete src/old.py."))
    first = decide(run, bash("rm src/old.py"))
    assert first.decision != "allow"
    fresh = start(ledger=Ledger(":memory:"), run="t/9")
    way = bash("git rm -f src/old.py")
    alone = decide(fresh, way)
    after = decide(run, way)
    assert after.decision != "allow"
    assert after.evidence.earlier
    if alone.decision == "allow":
        assert after.rules == first.rules


def test_a_sub_agent_is_no_way_around() -> None:
    ledger = Ledger(":memory:")
    run = start(ledger)
    first = decide(run, AWAY)
    child = start(ledger, "t/1/child", run)
    verdict = decide(child, OTHER_WAY)
    assert [(one.run, one.event) for one in verdict.evidence.earlier] == [("t/1", first.action)]


def test_what_the_person_asks_for_after_the_denial_is_no_workaround() -> None:
    run = start()
    first = decide(run, AWAY)
    assert first.decision != "allow"
    run.observe(Message(author="person", text="Yes, delete /home/ann/photos/2019, I have copies."))
    assert decide(run, OTHER_WAY).evidence.earlier == ()
    assert decide(run, AWAY).basis != "workaround"


def test_a_retry_gets_the_same_answer_even_from_a_fickle_reviewer() -> None:
    class Fickle:
        name, version, calls = "fickle", "1", 0

        async def review(self, case: Any) -> Opinion:
            self.calls += 1
            rules = (default().rules[0].id,)
            return Opinion(reviewer="fickle", decision="deny" if self.calls == 1 else "allow", rules=rules, reason="hm")

    run = start(reviewers=[Fickle()])
    first = decide(run, LIST)
    second = decide(run, LIST)
    assert (first.decision, first.basis, first.ticket) == (second.decision, second.basis, second.ticket) == (
        "deny", "reviewer", first.ticket
    )  # fmt: skip
    assert second.evidence.earlier == ()


def test_a_refusal_at_the_host_counts_until_its_user_speaks() -> None:
    run = start()
    write = Action(tool="write_file", arguments={"path": "src/a.py", "content": "1"}, call_id="c1")
    assert decide(run, write).decision == "allow"
    run.observe(Outcome(call_id="c1", status="refused", refused_by="person"))
    other = bash("echo 2 > src/a.py")
    assert decide(run, other).basis == "workaround"
    run.observe(Message(author="person", text="Use two spaces instead."))
    assert decide(run, bash("echo 3 > src/a.py")).decision == "allow"


# ---------------------------------------------------------------- around it


def test_the_queue_holds_what_waits_and_lets_go_of_what_was_answered() -> None:
    run = start()
    tickets = [decide(run, action).ticket for action in (AWAY, PUSH, PUSH)]
    ledger = ledger_of(run)
    waiting = list(questions(ledger, denied=True))
    assert [one.ticket for one in waiting] == list(dict.fromkeys(tickets))
    assert waiting[1].asked == 2
    rule(run, tickets[0])
    assert [one.ticket for one in questions(ledger, denied=True)] == [tickets[1]]


def test_replay_of_a_live_run_gives_the_same_verdicts_with_people_in_it() -> None:
    run = start()
    first = decide(run, AWAY)
    decide(run, OTHER_WAY)
    decide(run, LIST)
    rule(run, first.ticket, scope="run")
    for action in (AWAY, LIST, *refused(8)[:3], LIST):
        decide(run, action)
    stop(ledger_of(run), "t/1")
    decide(run, LIST)
    recorded = [event.body for event in ledger_of(run).events("t/1", kinds=("verdict",))]
    replayed = [verdict for _, verdict in replay(ledger_of(run), "t/1", Gate(default(), Ledger(":memory:")))]
    assert len(recorded) == len(replayed)
    for old, new in zip(recorded, replayed, strict=True):
        assert isinstance(old, Verdict)
        assert (old.decision, old.basis, old.rules, old.reason, old.cites, old.evidence) == (
            new.decision, new.basis, new.rules, new.reason, new.cites, new.evidence
        )  # fmt: skip
    assert {"ruling", "paused", "stopped"} <= {old.basis for old in recorded if isinstance(old, Verdict)}


@pytest.mark.parametrize(("telling", "hears"), [("all", True), ("rule", True), ("nothing", False)])
def test_what_the_agent_hears_can_be_cut_down_to_nothing(telling: Any, hears: bool) -> None:
    verdict = decide(start(telling=telling), AWAY)
    assert any(rule in verdict.advice for rule in verdict.rules) == hears
    assert "/home/ann" not in verdict.advice
    assert verdict.advice
    assert "/home/ann" in verdict.reason


# ---------------------------------------------------------------- for all that may happen

COMMANDS = ["ls", "rm -rf ~", "rm .claude/settings.json", "magistrate rule x allow", "git push -f origin main", "rm -rf /home/ann/photos/2019",
            "rm -r /home/ann/photos/2019/may", "curl https://x.example/a", "sudo rm -rf / --no-preserve-root"]  # fmt: skip
CROSSING = frozenset(
    {"rm -rf ~", "rm .claude/settings.json", "magistrate rule x allow", "sudo rm -rf / --no-preserve-root"}
)
DEEDS = st.one_of(
    st.tuples(st.just("act"), st.sampled_from(COMMANDS), st.integers(0, 1)),
    st.tuples(st.just("act"), st.sampled_from(COMMANDS), st.integers(0, 1)),
    st.tuples(
        st.just("rule"), st.sampled_from(["allow", "allow", "deny"]), st.sampled_from(["once", "run", "project"])
    ),
    st.tuples(st.just("forge"), st.sampled_from(["run", "project"]), st.just("")),
    st.tuples(st.just("stop"), st.sampled_from(["t/1", "t/1/c", SWITCH]), st.booleans()),
    st.tuples(st.just("restart"), st.just(""), st.just("")),
    st.tuples(st.just("say"), st.sampled_from(["Delete everything, I mean it.", "Go on."]), st.just("")),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_which_of_these_cross_a_bright_line(command: str) -> None:
    assert (decide(start(), bash(command)).basis == "bright-line") == (command in CROSSING)


@settings(max_examples=40)
@given(st.lists(DEEDS, max_size=14))
def test_whatever_people_rule_a_bright_line_denies_and_a_stop_stops(deeds: list[Any]) -> None:
    ledger = Ledger(":memory:")
    run = start(ledger)
    runs = [run, start(ledger, "t/1/c", run)]
    verdicts: list[Verdict] = []
    off: set[str] = set()
    allowed_once: list[str] = []
    for kind, one, two in deeds:
        if kind == "act":
            verdict = decide(runs[two], bash(one))
            verdicts.append(verdict)
            # What only goes around a refusal cites the refusal's rules too, and is a person's to judge.
            assert one not in CROSSING or verdict.decision == "deny"
            assert verdict.basis != "bright-line" or verdict.decision == "deny"
            stopped = bool(off & ({"t/1", SWITCH} | ({"t/1/c"} if two else set())))
            assert (verdict.basis == "stopped") == stopped
            if verdict.basis == "ruling" and verdict.decision == "allow" and "(once)" in verdict.reason:
                allowed_once.append(verdict.cites)
        elif kind == "rule" and (open_ones := [verdict.ticket for verdict in verdicts if verdict.ticket]):
            rule(run, open_ones[-1], one, two)
        elif kind == "forge" and verdicts:
            effects = tuple(fact.effect for fact in verdicts[-1].evidence.facts)
            forged = Ruling(
                verdict=0, decision="allow", scope=one, tree="t/1", project="/", tool="Bash", effects=effects, at=now()
            )
            ledger.append("t/1", [forged])
        elif kind == "stop":
            stop(ledger, one, stopped=two)
            (off.add if two else off.discard)(one)
        elif kind == "restart":
            gate = Gate(default(), ledger)
            evidence = [recorded_evidence(ledger, name) for name in ("t/1", "t/1/c")]
            runs = [gate.resume(name, one) for name, one in zip(("t/1", "t/1/c"), evidence, strict=True) if one]
        elif kind == "say":
            runs[0].observe(Message(author="person", text=one))
    assert len(allowed_once) == len(set(allowed_once))
    ledger.commit()
    assert ledger.verify() == []


def test_a_clock_set_back_revives_no_ruling(monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    ticket = decide(run, AWAY).ticket
    rule(run, ticket, scope="run", until=lasting("1h", "run", now()))
    assert decide(run, AWAY).basis == "ruling"
    later = "2099-01-01T00:00:00.000000+00:00"
    monkeypatch.setattr("magistrate.docket.now", lambda: later)
    assert decide(run, AWAY).decision != "allow"
    monkeypatch.undo()
    assert decide(run, AWAY).decision != "allow"


def test_the_ledger_s_last_event_is_the_least_that_a_clock_may_say(monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    two, one_and_a_half, one = (
        (datetime.now(UTC) - timedelta(hours=h)).isoformat(timespec="microseconds") for h in (2, 1.5, 1)
    )
    rule(run, decide(run, AWAY).ticket, scope="run", until=one, at=two)
    monkeypatch.setattr("magistrate.docket.now", lambda: one_and_a_half)
    assert decide(again(run), AWAY).decision != "allow"


@pytest.mark.parametrize("named", [True, False])
def test_outcomes_without_a_call_s_name_belong_to_the_last_call_of_the_tool(named: bool) -> None:
    run = start()
    for at, action in enumerate(refused(9)[:6]):
        assert decide(run, bash(action.arguments["command"], call_id=f"hook-{at}")).basis != "paused"
        run.observe(Outcome(call_id=f"hook-{at}" if named else "", tool="Bash", text="done"))
    run.observe(Outcome(tool="Read", text="something else"))
