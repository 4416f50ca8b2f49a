"""The pause of a run equals a naive recount; what was refused is found, and forgotten when it should be."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from magistrate.core.records import (
    Action,
    Authority,
    Effect,
    Evidence,
    Fact,
    Message,
    Outcome,
    Ruling,
    RunStarted,
    Stop,
    Verdict,
)
from magistrate.docket import Docket, Switch, Tree
from magistrate.evidence.sameness import key, reaches
from magistrate.standing import IN_A_ROW, MANY, MAX_REFUSED, OF_MANY, Call, Refusals, Refused, Standing

BASES = ["rule", "rule", "reviewer", "no-rule", "workaround", "bright-line", "unavailable", "paused", "stopped"]
STEPS = st.one_of(
    st.tuples(st.just("judge"), st.sampled_from(["allow", "deny", "deny", "escalate"]), st.sampled_from(BASES), st.booleans()),
    st.tuples(st.just("judge"), st.just("allow"), st.just("rule"), st.just(True)),
    st.tuples(st.just("end"), st.integers(1, 4), st.sampled_from(["ok", "error", "refused", "unknown"])),
    st.tuples(st.just("rule"), st.integers(1, 4), st.sampled_from(["allow", "deny"])),
    st.just(("go on",)),
)  # fmt: skip


def paused(actions: list[dict[str, Any]]) -> bool:
    last = [one["refused"] for one in actions][-MANY:]
    return (len(last) >= IN_A_ROW and all(last[-IN_A_ROW:])) or last.count(True) >= OF_MANY


@given(st.lists(STEPS, max_size=90))
def test_standing_equals_a_naive_recount(steps: list[Any]) -> None:
    tree, actions = Tree("t"), list[dict[str, Any]]()
    tree.feed("t", 0, RunStarted(host="t"))
    n = 0
    for step in steps:
        n += 1
        if step[0] == "judge":
            _, decision, basis, real = step
            tree.feed("t", n, Action(tool="x", arguments={"n": n}, call_id=f"c{n}"))
            verdict = Verdict(
                action=n, decision=decision, basis=basis, revision="r", mode="enforce" if real else "dry-run"
            )
            tree.feed("t", n + 1, verdict)
            if basis not in ("unavailable", "paused", "stopped"):
                actions.append({"n": n, "refused": real and decision != "allow", "asked": decision == "escalate"})
            n += 1
        elif step[0] == "end" and len(actions) >= step[1]:
            one = actions[-step[1]]
            if len(actions) - actions.index(one) > MANY:
                continue
            tree.feed("t", n, Outcome(call_id=f"c{one['n']}", status=step[2]))
            if step[2] == "refused":
                one["refused"] = True
            elif step[2] == "ok" and one["asked"]:
                one["refused"] = False
        elif step[0] == "rule" and len(actions) >= step[1]:
            one = actions[-step[1]]
            was = paused(actions)
            tree.feed("t", n, Ruling(verdict=0, action=one["n"], decision=step[2]))
            if step[2] == "allow":
                one["refused"] = False
                if was:
                    actions.clear()
        elif step[0] == "go on":
            tree.feed("t", n, Stop(stopped=False))
            actions.clear()
        assert bool(tree.standing("t").paused) == paused(actions)


PATHS = ["/a", "/a/b", "/a/b/c", "/d", "/a/b/*", "/"]
EFFECTS = st.builds(
    lambda kind, path, flags: Effect(kind=kind, target=path, target_kind="path", flags=flags),
    st.sampled_from(["delete", "overwrite", "create", "read"]),
    st.sampled_from(PATHS),
    st.sampled_from([(), ("recursive",), ("truncate",)]),
)  # fmt: skip


def fact(effect: Effect) -> Fact:
    return Fact(effect=effect, authority=Authority(stance="silent"))


@given(
    st.lists(st.lists(EFFECTS, min_size=1, max_size=3), max_size=8),
    st.lists(EFFECTS, max_size=3),
    st.sets(st.integers(0, 7)),
)
def test_refusals_are_found_as_a_search_through_all_would_find_them(
    refused: list[list[Effect]], tried: list[Effect], forgotten: set[int]
) -> None:
    held = Refusals()
    for n, effects in enumerate(refused):
        held.add(Refused(run="t", n=n, binds=f"b{n}", decision="deny", effects=tuple(effects)))
    for n in forgotten:
        held.forget("t", n)
    expected = [
        n
        for n, effects in enumerate(refused)
        if n not in forgotten and any(reaches(mine, its) for mine in tried for its in effects)
    ]
    found = held.around("t", "other", [fact(effect) for effect in tried])
    assert [one.event for one in found] == expected[-4:]
    for one in found:
        (its,) = [[*refused[one.event]]]
        same = any(key(tried[one.fact]) == key(effect) for effect in its)
        assert same or one.relation in ("inside", "around")


def test_what_is_remembered_is_bounded_and_leaves_nothing_behind() -> None:
    held = Refusals()
    effect = Effect(kind="delete", target="/a/b/c", target_kind="path")
    for n in range(MAX_REFUSED * 2):
        held.add(Refused(run="t", n=n, binds=f"b{n}", decision="deny", effects=(effect,)))
    assert len(held) == MAX_REFUSED
    for n in range(MAX_REFUSED * 2):
        held.forget("t", n)
    assert (len(held), held._by_target, held._same) == (0, {}, {})
    standing = Standing()
    for n in range(1000):
        standing.judged(Call(), Verdict(action=n, decision="allow", basis="rule", revision="r"), real=True)
    assert len(standing._last) == MANY


def test_a_person_at_the_host_may_take_up_again_what_they_refused() -> None:
    tree = Tree("t")
    tree.feed("t", 0, RunStarted(host="t"))
    effect = Effect(kind="delete", target="/a", target_kind="path")
    tree.feed("t", 1, Action(tool="x", call_id="c"))
    tree.feed(
        "t",
        2,
        Verdict(action=1, decision="allow", basis="rule", revision="r", evidence=Evidence(facts=(fact(effect),))),
    )
    tree.feed("t", 3, Outcome(call_id="c", status="refused", refused_by="person"))
    assert tree.refusals.around("t", "other", [fact(effect)])
    tree.feed("t", 4, Message(author="person", text="do it differently"))
    assert not tree.refusals.around("t", "other", [fact(effect)])


@given(st.lists(st.tuples(st.sampled_from(["a", "a/b", "a/b/c", "x", "switch"]), st.booleans()), max_size=20))
def test_a_run_is_stopped_when_the_last_word_on_it_or_above_it_is_stop(turns: list[tuple[str, bool]]) -> None:
    switch = Switch()
    for n, (run, stopped) in enumerate(turns):
        switch.turn(run, n, Stop(stopped=stopped))
    for lineage in (("a",), ("a/b", "a"), ("a/b/c", "a/b", "a"), ("x",)):
        last = dict(turns)
        assert bool(switch.over(lineage)) == any(last.get(run, False) for run in (*lineage, "switch"))


def test_trees_are_let_go_with_their_last_run() -> None:
    docket = Docket()
    seat = docket.seat("t", RunStarted(host="t"))
    child = docket.seat("t/c", RunStarted(host="t", parent="t"), seat)
    assert child.tree is seat.tree
    assert child.lineage == ("t/c", "t")
    del seat
    assert len(docket._trees) == 1
    del child
    assert len(docket._trees) == 0
