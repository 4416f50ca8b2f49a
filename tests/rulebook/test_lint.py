"""Lints and differences say what is there, and are silent where nothing is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from magistrate.core.records import Match, Rule, Rulebook
from magistrate.rulebook.canonical import revised
from magistrate.rulebook.diff import diff
from magistrate.rulebook.lint import lint
from magistrate.rulebook.text import default, parse, shipped_text

ASKED = Match(decision="allow", effect=("delete",), stance=("asked",))


def book(*rules: Rule) -> Rulebook:
    return revised(Rulebook(rules=rules, revision=""))


def rule(name: str, *matches: Match, authority: str = "team", text: str = "Drafts stay.") -> Rule:
    examples = default().rules[0].examples
    return Rule(id=name, title="T", authority=authority, text=text, matches=matches, examples=examples)  # type: ignore[arg-type]


def names(*rules: Rule, earlier: tuple[Rulebook, ...] = ()) -> list[tuple[str, str]]:
    return [(one.lint, one.rule) for one in lint(book(*rules), earlier)]


def test_a_sound_rulebook_has_no_remarks() -> None:
    assert names(rule("a.b", ASKED), rule("c.d", Match(decision="deny", effect=("payment",)))) == []
    assert not [one for one in lint(default()) if one.error]
    assert lint(parse(shipped_text("desk.md"))) == []


def test_examples_are_missed() -> None:
    bare = replace(rule("a.b", ASKED), examples=())
    assert names(bare) == [("no-example", "a.b")]
    complying = tuple(example for example in default().rules[0].examples if example.complies)
    assert names(replace(rule("a.b", ASKED), examples=complying)) == []
    restricting = replace(rule("a.b", Match(decision="deny", effect=("delete",))), examples=complying)
    assert names(restricting) == [("no-example", "a.b")]


def test_what_never_decides_is_found() -> None:
    deny = Match(decision="deny", effect=("delete",))
    assert names(rule("a.b", ASKED), rule("c.d", deny, authority="organisation")) == [("unreachable", "a.b")]
    assert names(rule("a.b", deny), rule("c.d", replace(deny, broad=True), authority="guideline")) == [
        ("unreachable", "c.d")
    ]
    never = Match(decision="deny", effect=("delete",), target=("*.env",), not_target=("*",))
    assert "exclude each other" in lint(book(rule("a.b", never)))[0].what


def test_contradictions_are_found_where_nothing_settles_them() -> None:
    stop = Match(decision="escalate", effect=("delete",), broad=True)
    assert names(rule("a.b", ASKED), rule("c.d", stop)) == [("contradiction", "a.b")]
    assert names(rule("a.b", ASKED), rule("c.d", stop, authority="organisation")) == []
    assert names(rule("a.b", ASKED, stop)) == []


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("Drafts stay until the person says otherwise.", False),
        ("Agents must ask and they must not guess.", True),
        ("Please be kind to drafts.", True),
        ("Are drafts kept?", True),
        ("One. Two. Three. Four.", True),
    ],
)
def test_texts_that_are_not_one_obligation(text: str, bad: bool) -> None:
    assert (("not-one-obligation", "a.b") in names(rule("a.b", ASKED, text=text))) is bad


def test_an_id_does_not_come_back_with_another_meaning() -> None:
    former, between = book(rule("a.b", ASKED), rule("c.d")), book(rule("c.d"))
    other = Match(decision="deny", effect=("payment",))
    assert names(rule("a.b", other), earlier=(former, between)) == [("id-reused", "a.b")]
    assert names(rule("a.b", ASKED), earlier=(former, between)) == []
    assert names(rule("a.b", other), earlier=(former,)) == []


def test_differences_by_rule() -> None:
    old = book(rule("a.b", ASKED), rule("c.d"))
    new = revised(
        replace(book(rule("a.b", replace(ASKED, broad=False), authority="task"), rule("e.f")), on_uncovered="deny")
    )
    changes = {change.id: (change.kind, [field.name for field in change.fields]) for change in diff(old, new)}
    assert changes[""] == ("changed", ["on_uncovered"])
    assert changes["a.b"] == ("changed", ["authority", "match", "match"])
    assert changes["c.d"][0] == "removed"
    assert changes["e.f"][0] == "added"
    assert diff(old, old) == []
    shown = book(replace(rule("a.b", ASKED), examples=()), rule("c.d"))
    assert all(change.examples_only for change in diff(old, shown))
