"""The examples of `docs/rulebook.md` are real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from magistrate.core.records import Example, Rulebook
from magistrate.rulebook.canonical import revised
from magistrate.rulebook.check import check
from magistrate.rulebook.problems import Problems
from magistrate.rulebook.text import default, parse
from magistrate.rulebook.transcript import parse_transcript, write_transcript
from magistrate.rulebook.vocabulary import KEYS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rulebook.md").read_text(encoding="utf-8")
FENCES = [(token.info, token.content) for token in MarkdownIt().parse(PAGE) if token.type == "fence"]
RULES = [text for info, text in FENCES if info == "markdown"]


def test_the_page_names_every_key() -> None:
    assert not [key for key in KEYS if f"`{key}`" not in PAGE]


def test_rules_parse() -> None:
    house, notes = (parse(text) for text in RULES)
    assert house.title == "House rules of the shop"
    assert [rule.id for rule in (house.rules[0], notes.rules[0])] == ["report.house", "notes.keep"]


def test_transcripts_read_and_write_back() -> None:
    (text,) = [text for info, text in FENCES if info == "transcript"]
    problems = Problems("page")
    events = parse_transcript(text, 1, problems)
    problems.settle()
    assert parse_transcript(write_transcript(events), 1, problems) == events
    assert write_transcript(events) == text.rstrip("\n")


def test_python_runs() -> None:
    for text in (text for info, text in FENCES if info == "python"):
        exec(compile(text, "docs/rulebook.md", "exec"), {})


def test_examples_come_out_as_they_say() -> None:
    gate: Any = pytest.importorskip("magistrate.gate", exc_type=ImportError)
    guidelines = tuple(rule for rule in default().rules if rule.authority != "organisation")
    house = parse(RULES[0]).rules[0]
    results = check(_with(house, guidelines), gate.judge_example)
    assert [result.problem for result in results if result.rule == house.id] == ["", ""]
    notes = parse(RULES[1]).rules[0]
    complies, violates = (gate.judge_example(_only(notes), example) for example in notes.examples)
    assert (complies.decision, complies.rules) == ("allow", ("notes.keep",))
    assert (violates.decision, violates.basis) == ("escalate", "no-rule")


def _with(rule: Any, others: tuple[Any, ...]) -> Rulebook:
    return revised(replace(default(), rules=(rule, *others)))


def _only(rule: Any) -> Rulebook:
    return parse(RULES[1])


def test_check_tells_what_is_wrong() -> None:
    from magistrate.core.records import Verdict

    def judge(book: Rulebook, example: Example) -> Verdict:
        return Verdict(action=1, decision="deny", basis="rule", revision=book.revision, rules=("other.rule",))

    results = check(parse(RULES[0]), judge)[:2]
    assert [result.ok for result in results] == [True, False]
    assert "not cited (deny by other.rule)" in results[1].problem

    def allow(book: Rulebook, example: Example) -> Verdict:
        return Verdict(action=1, decision="allow", basis="rule", revision=book.revision, rules=())

    assert "violates, yet it is allowed" in check(parse(RULES[0]), allow)[1].problem

    def cite(book: Rulebook, example: Example) -> Verdict:
        return Verdict(action=1, decision="escalate", basis="rule", revision=book.revision, rules=("report.house",))

    assert "complies, yet the rule restricts it" in check(parse(RULES[0]), cite)[0].problem
