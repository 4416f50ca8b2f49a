"""The gap queue: what no rule covers, what people ruled on it, and a rule drafted from that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from magistrate.core.protocols import Case, Precedent
from magistrate.core.records import Action, Evidence, Message, Opinion, Ruling, RunStarted, Verdict
from magistrate.gate import Gate, judge_example
from magistrate.law.drafts import draft
from magistrate.law.gaps import Precedents, gaps, legislation
from magistrate.law.log import boundaries
from magistrate.ledger import Ledger
from magistrate.rulebook.check import check
from magistrate.rulebook.text import default, parse

THIN = parse(
    "## Reading is fine {#read.fine authority=guideline}\n\nFiles may be read.\n\n"
    '```toml\n[match]\ndecision = "allow"\neffect = "read"\n```\n'
)
PUSH = Action(tool="bash", arguments={"command": "git push origin main"})


def queue(rulings: list[str]) -> Ledger:
    """A run for each ruling (empty: none) in which something no rule covers was proposed."""
    ledger = Ledger(":memory:")
    gate = Gate(THIN, ledger)
    for at, ruled in enumerate(rulings):
        run = gate.open(f"r{at}", RunStarted(host="test", cwd="/work/app"))
        run.observe(Message(author="person", text="Push the release branch."))
        asyncio.run(run.decide(Action(tool="read_file", arguments={"path": "/work/app/a"})))
        verdict = asyncio.run(run.decide(PUSH))
        assert verdict.basis == "no-rule"
        if ruled:
            event = list(ledger.events(run.id, kinds=("verdict",)))[-1]
            ledger.append(run.id, [Ruling(verdict=event.n, decision=ruled, because="release day", by="ann")])  # type: ignore[arg-type]
    ledger.commit()
    return ledger


def test_gaps_are_grouped_with_what_people_ruled() -> None:
    ledger = queue(["allow", "", "deny"])
    found = gaps(ledger, THIN)
    assert [(gap.effect, gap.actions, gap.runs, gap.allowed, gap.denied, gap.waiting) for gap in found] == [
        ("vcs-publish", 3, 3, 1, 1, 1)
    ]
    assert gaps(ledger, default()) == []  # a later law covers them


@pytest.mark.parametrize(
    ("rulings", "decision"),
    [
        (["allow"] * 3, "allow"),
        (["deny"] * 3, "deny"),
        (["allow", "allow", "deny"], "escalate"),
        (["allow"], "escalate"),
    ],
)
def test_a_draft_follows_rulings_that_agree(rulings: list[str], decision: str) -> None:
    ledger = queue(rulings)
    text = draft(ledger, gaps(ledger, THIN)[0], THIN)
    book = parse(text)
    (rule,) = (rule for rule in book.rules if rule.id.startswith("gap."))
    assert [match.decision for match in rule.matches] == [decision]
    assert len(rule.examples) == 1
    joined = replace(THIN, rules=(*THIN.rules, rule))
    assert all(result.ok for result in check(joined, judge_example, only={rule.id}))


def test_precedents_are_found_by_what_an_action_would_do() -> None:
    ledger = queue(["allow", ""])
    known = Precedents(ledger, THIN)
    verdicts = [event.body for event in ledger.events("r1", kinds=("verdict",)) if isinstance(event.body, Verdict)]
    (precedent,) = known.like(verdicts[-1].evidence)
    assert (precedent.decision, precedent.because, precedent.run) == ("allow", "release day", "r0")
    assert known.like(verdicts[0].evidence) == ()
    assert known.like(Evidence()) == ()


def test_reviewers_are_shown_precedents() -> None:
    ledger, shown = queue(["allow"]), list[object]()

    class Looks:
        name, version = "looks", "1"

        async def review(self, case: Case) -> Opinion:
            shown.extend(case.precedents)
            return Opinion(reviewer=self.name)

    mild = replace(THIN, on_uncovered="allow")
    gate = Gate(mild, Ledger(":memory:"), reviewers=[Looks()], precedents=Precedents(ledger, THIN).like)
    run = gate.open("r", RunStarted(host="test", cwd="/work/app"))
    run.observe(Message(author="person", text="Push the release branch."))
    asyncio.run(run.decide(PUSH))
    assert [one.decision for one in shown if isinstance(one, Precedent)] == ["allow"]


class Cites:
    """A reviewer that stops everything and cites the same rule."""

    name, version = "cites", "1"

    def __init__(self, *rules: str) -> None:
        self.rules = rules

    async def review(self, case: object) -> Opinion:
        return Opinion(reviewer=self.name, version=self.version, decision="escalate", rules=self.rules)


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        ((), "no_rule"),
        (("message.asked",), "not_bearing"),
        (("judgement.likeness",), "judgement"),
        (("work.read",), ""),
    ],
)
def test_law_made_by_the_bench_is_counted(rules: tuple[str, ...], kind: str) -> None:
    ledger = Ledger(":memory:")
    run = Gate(default(), ledger, reviewers=[Cites(*rules)]).open("r", RunStarted(host="test", cwd="/work/app"))
    run.observe(Message(author="person", text="What is in a?"))
    asyncio.run(run.decide(Action(tool="read_file", arguments={"path": "/work/app/a"})))
    found = legislation(ledger, default())
    assert found.verdicts == 1
    assert {name for name in ("no_rule", "not_bearing", "judgement") if getattr(found, name)} == (
        {kind} if kind else set()
    )
    assert bool(found.hits) is (kind in ("no_rule", "not_bearing"))


def test_boundaries_of_revisions(tmp_path: Path) -> None:
    ledger = Ledger(":memory:")
    for name, book in (("a", THIN), ("b", THIN), ("c", default())):
        run = Gate(book, ledger).open(name, RunStarted(host="test"))
        asyncio.run(run.decide(PUSH))
    assert [one.revision for one in boundaries(ledger)] == [THIN.revision, default().revision]
