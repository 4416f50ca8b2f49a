"""Training pairs: what is promised of their shape, and that evidence tells their sides apart."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from magistrate.core.records import Action, Message, Outcome, Session

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from train.pairs import FAMILIES, sessions  # noqa: E402
from train.pairs.check import evidence_at, main, rankable, seen, shape, tally  # noqa: E402
from train.pairs.commands import COMMANDS  # noqa: E402
from train.pairs.deeds import DEEDS  # noqa: E402
from train.pairs.fill import Scene  # noqa: E402
from train.pairs.injected import CONSEQUENTIAL  # noqa: E402
from train.pairs.injections import STYLES  # noqa: E402
from train.pairs.single import SINGLES  # noqa: E402
from train.pairs.work import JOBS, LOOKS  # noqa: E402

Case = tuple[Session, int, bool, str, str]
COUNT = len(CONSEQUENTIAL)
"""Pairs of each family with which every template has been used."""


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(sessions(0, COUNT))


@pytest.fixture(scope="module")
def pairs(cases: list[Case]) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        found[case[4]].append(case)
    return found


def test_the_same_seed_gives_the_same_sessions_and_another_gives_others() -> None:
    first = msgspec.json.encode(list(sessions(3, 4)))
    assert first == msgspec.json.encode(list(sessions(3, 4)))
    assert first != msgspec.json.encode(list(sessions(4, 4)))


def test_more_pairs_begin_with_the_fewer() -> None:
    few = {case[0].run: case for case in sessions(0, 3)}
    many = {case[0].run: case for case in sessions(0, 5)}
    assert len(many) > len(few)
    assert all(many[run] == case for run, case in few.items())


def test_there_are_enough_templates_and_pairs(pairs: dict[str, list[Case]]) -> None:
    steps = sum(len(job.modest) + len(job.over) for job in JOBS)
    assert len(DEEDS) + len(COMMANDS) + steps + 2 * len(LOOKS) + 2 * len(SINGLES) >= 300
    assert len(STYLES) >= 40
    assert len(pairs) == COUNT * len(FAMILIES)
    texts = {msgspec.json.encode(case[0].events) for sides in pairs.values() for case in sides[:1]}
    assert len(texts) >= 0.99 * len(pairs), "fillers make a pair of a template another pair"
    assert len(pairs) * 2 >= 2000  # two seeds already


def test_the_judged_event_is_an_action_and_calls_have_their_outcomes(cases: list[Case]) -> None:
    for session, index, _, _, _ in cases:
        assert index == len(session.events) - 1
        assert isinstance(session.events[index], Action)
        calls = [event.call_id for event in session.events if isinstance(event, Action)]
        assert len(set(calls)) == len(calls)
        assert {event.call_id for event in session.events if isinstance(event, Outcome)} == set(calls[:-1])


def test_a_pair_has_one_harmless_side_and_harmful_ones(pairs: dict[str, list[Case]]) -> None:
    for name, sides in pairs.items():
        harmful = [case[2] for case in sides]
        expected = {"long": [False, False], "stance": [False, True, True, True]}.get(sides[0][3], [False, True])
        assert harmful == expected, name
        assert len({case[0].started for case in sides}) == 1, "both sides run on one host in one place"


def test_sides_that_differ_in_who_asked_judge_the_very_same_call(pairs: dict[str, list[Case]]) -> None:
    for name, sides in pairs.items():
        if sides[0][3] in ("asked", "stance", "leaked"):
            calls = {msgspec.json.encode((case[0].events[-1].tool, case[0].events[-1].arguments)) for case in sides}  # type: ignore[union-attr]
            assert len(calls) == 1, name


def test_sides_that_differ_in_the_call_share_the_run_before_it(pairs: dict[str, list[Case]]) -> None:
    for name, sides in pairs.items():
        if sides[0][3] in ("context", "delegated", "swapped", "overreach", "single"):
            befores = {msgspec.json.encode(case[0].events[:-1]) for case in sides}
            assert len(befores) == 1, name
            calls = {msgspec.json.encode(case[0].events[-1]) for case in sides}
            assert len(calls) == 2, name


def test_no_slot_is_left_unfilled(cases: list[Case]) -> None:
    slot = re.compile(r"\{[a-zA-Z_]+\d?\}")
    for session, *_ in cases:
        for event in session.events:
            text = event.text if isinstance(event, (Message, Outcome)) else str(event.arguments)
            assert not slot.search(text), (session.run, slot.search(text))


def test_an_unknown_slot_is_an_error() -> None:
    import random

    with pytest.raises(KeyError):
        Scene(random.Random(0)).fill("{nothing_like_this}")
    assert Scene(random.Random(0)).fill("a{}b ${X} {a,b}") == "a{}b ${X} {a,b}"


def test_every_kind_of_effect_that_people_decide_on_is_there() -> None:
    kinds = {deed.kind for deed in DEEDS + COMMANDS}
    assert kinds >= {
        *("message", "payment", "permission", "delete", "overwrite", "credential", "network-out", "persistence"),
        *("infrastructure", "database-write", "database-destroy", "vcs-publish", "vcs-rewrite", "process-stop"),
        *("install", "execute", "network-listen", "spawn-agent"),
    }


def test_hosts_formats_and_ways_of_asking_vary(cases: list[Case]) -> None:
    tools = {event.tool for session, *_ in cases for event in session.events if isinstance(event, Action)}
    assert len(tools) > 400
    assert any("__" in tool for tool in tools)
    assert any("." in tool for tool in tools)
    asks = {event.text.split()[0] for session, *_ in cases for event in session.events if isinstance(event, Message)}
    assert len(asks) > 80


@pytest.mark.parametrize(("family", "floor"), [(name, 0.8) for name in FAMILIES if name != "long"])
def test_evidence_tells_the_sides_apart(pairs: dict[str, list[Case]], family: str, floor: float) -> None:
    """Without looking at concrete targets: a pair that looks the same from both sides teaches nothing."""
    chosen = [sides for sides in pairs.values() if sides[0][3] == family][::4]
    apart = total = 0
    for sides in chosen:
        shapes = [shape(evidence_at(session, index)[0], course=True) for session, index, *_ in sides]
        apart += sum(other != shapes[0] for other in shapes[1:])
        total += len(shapes) - 1
    assert apart / total >= floor


def test_the_table_counts_sides_and_contrasts() -> None:
    found = list(seen(0, 2))
    stance = tally([one for one in found if one.family == "stance"])
    assert (stance.pairs, stance.contrasts, stance.harmful, stance.harmless) == (2, 6, 6, 2)
    assert tally([one for one in found if one.family == "long"]).contrasts == 0
    printed = CliRunner().invoke(main, ["--pairs", "2"])
    assert printed.exit_code == 0
    assert [line.split()[0] for line in printed.output.splitlines()] == ["family", *FAMILIES]


def test_the_very_same_evidence_is_neither_apart_nor_rankable() -> None:
    one = next(seen(0, 1)).evidence
    assert not rankable(one, one)
    assert shape(one, course=True) == shape(one, course=True)


@pytest.mark.data
def test_tools_are_not_those_of_the_injection_sets(cases: list[Case]) -> None:
    """Nothing the bench reports lends its names to the pairs: no function-style tool bears the name of one of theirs."""
    from magistrate.core.intake import Intake
    from magistrate.hosts import sessions as read

    folder = Path(os.environ.get("MAGISTRATE_DATA", ROOT.parent / "shared" / "data"))
    files = [folder / name for name in ("agentdojo.jsonl.gz", "agentdyn_github.jsonl.gz", "tau_bench.jsonl.gz")]
    if not all(path.exists() for path in files):
        pytest.skip("the labelled sessions are absent")
    theirs = {
        event.tool
        for path in files
        for session in itertools.islice(read([path], Intake()), 300)
        for event in session.events
        if isinstance(event, Action)
    }
    ours = {event.tool for session, *_ in cases for event in session.events if isinstance(event, Action)}
    assert not theirs & ours
