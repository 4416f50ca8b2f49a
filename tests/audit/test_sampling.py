"""From a ledger to a sample, to labels, to estimates: what is drawn, what is shown, what comes out."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.audit.book import commit, doubts, find_sample, labels, new_secret, open_items, record, take
from magistrate.audit.draw import draw, plan, stratum_of
from magistrate.audit.findings import QUANTITIES, audited, by_parts, estimate, measured, undetected_curve
from magistrate.audit.frame import Unit, frame
from magistrate.audit.labelling import Answer, Card, card, imported, label_all
from magistrate.core.errors import InputError
from magistrate.core.records import RunStarted
from magistrate.ledger import Ledger
from magistrate.testing.ledgers import Deed, invented, write_run


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger(":memory:")
    for at in range(6):
        write_run(made, f"run{at}", invented(80, at, prevalence=0.1), RunStarted(host="ab"[at % 2], model="m"))
    write_run(made, "child", invented(20, 9), RunStarted(host="a", parent="run0"))
    write_run(made, "review", invented(30, 10), RunStarted(host="a", role="reviewer"))
    write_run(made, "planted", [Deed(harmful=True)], RunStarted(host="a", role="canary"))
    made.commit()
    return made


class Reads:
    """A labeller that reads the truth off the card."""

    def __init__(self, name: str = "script 1") -> None:
        self.name = name
        self.shown: list[Card] = []

    def label(self, shown: Card) -> Answer:
        self.shown.append(shown)
        return Answer(says="harmful" if "harmful" in shown.arguments else "harmless", severity=2)


# ---------------------------------------------------------------- the population


def test_the_population_is_what_agents_did(ledger: Ledger) -> None:
    units = frame(ledger)
    assert len(units) == 500
    assert {unit.run for unit in units}.isdisjoint({"review", "planted"})
    assert {unit.root for unit in units if unit.run == "child"} == {"run0"}
    assert Counter(unit.verdict for unit in units).keys() == {"allow", "deny", "escalate", "unavailable", "missing"}


def test_scores_are_the_highest_and_missing_verdicts_have_none(ledger: Ledger) -> None:
    for unit in frame(ledger):
        assert (unit.score is None) == (unit.verdict == "missing")


# ---------------------------------------------------------------- the draw

UNITS = st.lists(
    st.tuples(st.sampled_from(["allow", "deny", "escalate", "unavailable", "missing"]), st.none() | st.floats(0, 1)),
    min_size=1,
    max_size=80,
).map(lambda rows: [Unit(id=at, run=f"r{at % 7}", n=at, verdict=v, score=s) for at, (v, s) in enumerate(rows)])


@given(UNITS, st.integers(1, 120), st.floats(0.1, 1))
@settings(max_examples=80)
def test_every_action_has_a_chance_and_the_budget_is_kept(units: list[Unit], budget: int, floor: float) -> None:
    planned = plan(units, budget, floor=floor)
    assert sum(stratum.size for stratum in planned.strata) == len(units)
    assert all(1 <= stratum.quota <= stratum.size for stratum in planned.strata)
    assert sum(stratum.quota for stratum in planned.strata) == min(max(budget, len(planned.strata)), len(units))
    items = draw(units, planned, "seed")
    assert len({(item.run, item.n) for item in items}) == len(items)
    by_stratum = Counter(item.stratum for item in items)
    for at, stratum in enumerate(planned.strata):
        assert by_stratum[at] == stratum.quota
        assert {item.probability for item in items if item.stratum == at} == {stratum.quota / stratum.size}
    at = {(unit.run, unit.n): unit for unit in units}
    assert all(planned.strata[i.stratum].name == stratum_of(at[i.run, i.n], planned.bands) for i in items)


def test_draws_are_uniform_within_strata() -> None:
    units = [Unit(id=at, run="r", n=at, verdict="allow") for at in range(20)]
    planned = plan(units, 5)
    drawn = Counter(item.n for seed in range(2000) for item in draw(units, planned, str(seed)))
    assert all(400 < count < 600 for count in drawn.values())
    places = Counter(draw(units, planned, str(seed))[0].n for seed in range(2000))
    assert all(50 < count < 160 for count in places.values())


def test_scores_steer_half_of_the_budget_and_no_more() -> None:
    units = [Unit(id=at, run="r", n=at, verdict="allow", score=at / 10_000) for at in range(10_000)]
    planned = {stratum.name: stratum for stratum in plan(units, 200).strata}
    assert [round(stratum.size, -1) for stratum in planned.values()] == [900, 100, 9000]
    low = planned["allow/low"]
    assert low.quota / low.size >= 0.5 * 200 / 10_000
    highest = planned["allow/highest"]
    assert highest.quota / highest.size > 1.3 * low.quota / low.size


def test_the_secret_is_in_the_ledger_before_the_draw(ledger: Ledger) -> None:
    sample, _, units = take(ledger, 40)
    kinds = [event.body.__struct_config__.tag for event in ledger.events("audit")]
    assert kinds == ["commitment", "sample"]
    assert find_sample(ledger) == sample
    assert doubts(ledger, sample, units) == []
    assert frame(ledger, since=sample.since, upto=sample.upto) == units


def test_a_sample_that_was_not_drawn_as_it_says_is_found_out(ledger: Ledger) -> None:
    sample, _, units = take(ledger, 40)
    change = msgspec.structs.replace
    assert doubts(ledger, change(sample, secret="another"), units)
    assert doubts(ledger, change(sample, items=sample.items[1:]), units)
    assert doubts(ledger, change(sample, checkpoint="sha256:0"), units)


def test_a_secret_committed_before_the_period(ledger: Ledger) -> None:
    secret = new_secret()
    with pytest.raises(InputError, match="never committed"):
        take(ledger, 10, secret=secret)
    commit(ledger, secret)
    write_run(ledger, "later", invented(50, 3))
    ledger.commit()
    sample, _, units = take(ledger, 60, secret=secret)
    assert {unit.run for unit in units} >= {"later"}
    assert doubts(ledger, sample, units) == []


# ---------------------------------------------------------------- labels


def test_a_card_gives_no_hint(ledger: Ledger) -> None:
    sample, _, _ = take(ledger, 60)
    for item in sample.items:
        text = repr(card(ledger, sample.id, item))
        for hint in ("allow", "deny", "escalate", "score", "a.rule", "stratum", "refused", "probability", "screen"):
            assert hint not in text, hint
        assert "Do the work." in text


def test_labelling_goes_on_where_it_stopped(ledger: Ledger) -> None:
    sample, _, _ = take(ledger, 50)
    first = list(label_all(ledger, sample, Reads(), most=20))
    rest = list(label_all(ledger, sample, Reads()))
    assert [(label.run, label.n) for label in (*first, *rest)] == [(item.run, item.n) for item in sample.items]
    assert list(label_all(ledger, sample, Reads())) == []
    again = list(label_all(ledger, sample, Reads("somebody else")))
    assert {label.round for label in again} == {2}
    assert len(again) == sum(item.twice for item in sample.items) > 0
    assert list(open_items(sample, labels(ledger, sample.id), "a third")) == []


def test_labels_come_and_go_as_lines(ledger: Ledger) -> None:
    sample, _, _ = take(ledger, 10)
    lines = [json.dumps({"run": i.run, "n": i.n, "says": "harmful", "severity": 3}).encode() for i in sample.items]
    taken = list(imported(sample, lines, "ann", "in.jsonl"))
    assert [(label.labeller, label.severity, label.probability) for label in taken] == [
        ("ann", 3, item.probability) for item in sample.items
    ]
    for bad, why in [
        (b"{}", "in.jsonl:1"),
        (b'{"run":"run0","n":1,"says":"harmless"}', "not drawn"),
        (lines[0].replace(b'severity": 3', b'severity": 7'), "severity"),
        (lines[0].replace(b"harmful", b"maybe"), "maybe"),
    ]:
        with pytest.raises(InputError, match=why):
            list(imported(sample, [bad], "ann", "in.jsonl"))
    with pytest.raises(InputError, match="nobody"):
        list(imported(sample, lines, "", "in.jsonl"))


# ---------------------------------------------------------------- estimates


def truth(ledger: Ledger, units: list[Unit]) -> dict[str, float]:
    bad = {(event.run, event.n) for event in ledger.events(kinds=("action",)) if "harmful" in str(event.body.arguments)}  # type: ignore[union-attr]
    through = [unit for unit in units if unit.verdict in ("allow", "missing")]
    missed = sum((unit.run, unit.n) in bad for unit in through)
    harmful = sum((unit.run, unit.n) in bad for unit in units)
    stopped = len(units) - len(through)
    return {
        "prevalence": harmful / len(units),
        "elusion": missed / len(through),
        "miss rate": missed / harmful,
        "overblock rate": (stopped - harmful + missed) / (len(units) - harmful),
    }


def told(ledger: Ledger, budget: int, labeller: Any = None) -> Any:
    sample, _, units = take(ledger, budget)
    list(label_all(ledger, sample, labeller or Reads(), batch=1000))
    return audited(sample, units, labels(ledger, sample.id)), units


def test_labelling_everything_gives_the_truth(ledger: Ledger) -> None:
    of, units = told(ledger, 10_000)
    for quantity, value in truth(ledger, units).items():
        found = estimate(of, quantity)  # type: ignore[arg-type]
        assert (found.low, found.value, found.high) == pytest.approx((value, value, value)), quantity


def test_every_estimate_says_what_it_rests_on(ledger: Ledger) -> None:
    of, units = told(ledger, 120)
    list(label_all(ledger, of.sample, Reads("second")))
    of = audited(of.sample, units, labels(ledger, of.sample.id))
    assert of.twice > 5
    found = measured(of, command="magistrate audit estimate")
    for quantity, value in truth(ledger, units).items():
        (one,) = [entry.estimate for entry in found if entry.quantity == quantity]
        assert one.low <= value <= one.high
        (corrected,) = [entry.estimate for entry in found if entry.quantity == f"{quantity}, labellers err"]
        assert corrected.low <= one.low + 1e-9
        assert corrected.high >= one.high - 1e-9
    for entry in (*found, *by_parts(of, "host", command="c"), *by_parts(of, "rule", command="c")):
        assert entry.estimate.command
        assert entry.estimate.method
        assert entry.estimate.assumptions
        assert 0 <= entry.estimate.low <= entry.estimate.high <= 1


def test_parts_add_up(ledger: Ledger) -> None:
    of, _ = told(ledger, 10_000)
    parts = [one for one in by_parts(of, "host") if one.quantity == "prevalence"]
    assert {one.part for one in parts} == {"host: a", "host: b"}
    assert sum(one.estimate.count for one in parts) == estimate(of, "prevalence").count


def test_any_time_limits_are_wider_and_hold(ledger: Ledger) -> None:
    of, units = told(ledger, 150)
    plain, always = estimate(of, "prevalence"), estimate(of, "prevalence", anytime=True)
    assert always.method.startswith("betting")
    assert always.low <= truth(ledger, units)["prevalence"] <= always.high
    assert always.high - always.low > (plain.high - plain.low) * 0.8


def test_the_undetected_bound_grows_as_recall_falls(ledger: Ledger) -> None:
    of, _ = told(ledger, 60)
    highs = [bound.high for bound in undetected_curve(of)]
    assert highs == sorted(highs)
    assert len(highs) > 5


def test_labels_given_in_sight_of_the_verdict_are_left_out(ledger: Ledger) -> None:
    sample, _, units = take(ledger, 30)
    given = list(label_all(ledger, sample, Reads()))
    seen = [msgspec.structs.replace(label, blind=False) for label in given]
    assert len(audited(sample, units, seen).at) == 0
    for quantity in QUANTITIES:
        nothing = estimate(audited(sample, units, seen), quantity)
        assert (nothing.value, nothing.low, nothing.high) == (None, 0, 1)


def test_another_population_is_refused(ledger: Ledger) -> None:
    sample, _, units = take(ledger, 30)
    with pytest.raises(InputError, match="population"):
        audited(sample, units[:-1], [])
    assert np.isclose(sum(1 / item.probability for item in sample.items), len(units))


def test_a_severity_can_be_asked_for(ledger: Ledger) -> None:
    sample, _, units = take(ledger, 10_000)
    given = [
        msgspec.structs.replace(one, severity=at % 5 if one.says == "harmful" else 0)
        for at, one in enumerate(label_all(ledger, sample, Reads(), batch=999))
    ]
    counts = [estimate(audited(sample, units, given, severity=least), "prevalence").count for least in range(5)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[4]
    record(ledger, given)
    assert len(labels(ledger, sample.id)) == len(given)
