"""Lower rulebooks tighten and never loosen: told by examples, and by facts drawn at random."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.rulebook.test_space import facts, small_matches

from magistrate.core.records import Action, Evidence, Fact, Rule, Rulebook
from magistrate.gate import STRICTNESS, find
from magistrate.rulebook.canonical import revised
from magistrate.rulebook.layers import Layer, base_layer, effective, find_layers, loosenings, read_layer
from magistrate.rulebook.match import Matcher
from magistrate.rulebook.problems import BadRulebook
from magistrate.rulebook.text import parse

ABOVE = """# The house

```toml
[rulebook]
on_uncovered = "escalate"
```

## Reports stay in the house {#report.house authority=organisation}

Reports are sent to addresses of the house only.

```toml
[match]
decision = "deny"
effect = "message"
not_target = ["*@shop.example"]
```

## Notes are the team's {#notes.team authority=organisation may-loosen=team}

Notes are deleted by people.

```toml
[match]
decision = "escalate"
effect = "delete"
target = ["*/notes/*"]
```
"""


def law() -> Rulebook:
    return effective([base_layer(parse(ABOVE, source="house.md"))])


def lower(tmp_path: Path, text: str, name: str = "repository") -> Layer:
    path = tmp_path / "lower.md"
    path.write_text(text, encoding="utf-8")
    return read_layer(name, path)  # type: ignore[arg-type]


def rule(name: str, match: str, authority: str = "team") -> str:
    return f"## Title {{#{name} authority={authority}}}\n\nText.\n\n```toml\n[match]\n{match}\n```\n"


ALLOW_MAIL = 'decision = "allow"\neffect = "message"'
ALLOW_NOTES = 'decision = "allow"\neffect = "delete"\ntarget = ["*/notes/*"]'


@pytest.mark.parametrize(
    ("text", "line", "above", "words"),
    [
        (rule("report.house", ALLOW_MAIL), 1, "house.md:8", "would replace"),
        (rule("mail.any", ALLOW_MAIL), 6, "house.md", "no rule above covers"),
        ('```toml\n[rulebook]\non_uncovered = "allow"\n```\n\n' + rule("a.b", ALLOW_NOTES), 3, "house.md", "milder"),
        ('```toml\n[rulebook]\nmay_cover = "task"\n```\n\n' + rule("a.b", ALLOW_NOTES), 3, "house.md", "gives away"),
        (rule("mail.any", 'decision = "deny"\neffect = "message"', "organisation"), 1, "", "speaks as team"),
    ],
    ids=["same id", "gap", "setting", "permission", "rank"],
)
def test_loosening_is_refused_with_both_lines(tmp_path: Path, text: str, line: int, above: str, words: str) -> None:
    layer = lower(tmp_path, text)
    with pytest.raises(BadRulebook) as caught:
        effective([base_layer(parse(ABOVE, source="house.md")), layer])
    first = caught.value.errors[0]
    assert first.line == line
    assert first.where == layer.rulebook.source
    assert above in str(first)
    assert words in str(first)


def test_a_conflict_with_a_denial_of_ones_own_level_is_refused(tmp_path: Path) -> None:
    layer = lower(tmp_path, rule("mail.any", ALLOW_MAIL, "organisation"), "organisation")
    found = list(loosenings(law(), layer))
    assert [(one.line, one.above) for one in found if "denies" in one.what] == [(6, "house.md:13")]


def test_what_tightens_or_is_permitted_is_law(tmp_path: Path) -> None:
    text = rule("mail.none", 'decision = "deny"\neffect = "message"') + "\n" + rule("notes.team", ALLOW_NOTES)
    joined = effective([base_layer(parse(ABOVE, source="house.md")), lower(tmp_path, text)])
    sources = {one.id: Path(one.source).name for one in joined.rules}
    assert sources["report.house"] == "house.md"
    assert sources["mail.none"] == sources["notes.team"] == "lower.md"
    assert next(one for one in joined.rules if one.id == "notes.team").authority == "team"
    assert joined.revision == revised(joined).revision != law().revision


def test_the_same_rule_again_changes_nothing(tmp_path: Path) -> None:
    again = effective([base_layer(parse(ABOVE)), lower(tmp_path, ABOVE, "organisation")])
    assert again.revision == parse(ABOVE).revision


def test_the_shipped_rules_may_be_replaced_by_the_organisation_alone(tmp_path: Path) -> None:
    text = rule("vcs.publish", 'decision = "deny"\neffect = "vcs-publish"')
    own = lower(tmp_path, text.replace("=team", "=organisation"), "organisation")
    assert next(one for one in effective([base_layer(), own]).rules if one.id == "vcs.publish").text == "Text."
    with pytest.raises(BadRulebook, match=r"would replace.*default\.md:\d+"):
        effective([base_layer(), lower(tmp_path, text)])


def test_layers_are_found_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / ".magistrate").mkdir()
    (tmp_path / ".magistrate" / "rulebook.md").write_text(rule("a.b", ALLOW_NOTES), encoding="utf-8")
    inner = tmp_path / "src" / "deep"
    inner.mkdir(parents=True)
    task = tmp_path / "task.md"
    task.write_text('```toml\n[autonomy]\ntools = ["read_*"]\n```\n', encoding="utf-8")
    found = find_layers(inner, task=task)
    assert [layer.name for layer in found] == ["repository", "task"]
    assert found[1].rulebook.autonomy[0].tools == ("read_*",)
    (tmp_path / "src" / ".git").mkdir()
    assert find_layers(inner) == []


def test_a_scope_is_inherited_by_the_law(tmp_path: Path) -> None:
    layer = lower(tmp_path, '```toml\n[autonomy]\nuntil = 2026-12-31\ncost = 5\nask = "message"\n```\n', "task")
    scope = effective([base_layer(), layer]).autonomy[0]
    assert (scope.until, scope.cost, scope.ask) == ("2026-12-31T23:59:59.999999+00:00", 5.0, ("message",))
    assert (Path(scope.source).name, scope.line) == ("lower.md", 2)


LEVELS = ("organisation", "guideline")


@st.composite
def books(draw: st.DrawFn, prefix: str) -> Rulebook:
    sizes = st.lists(small_matches(), min_size=1, max_size=2)
    rules = [
        Rule(id=f"{prefix}{at}", title="T", authority=draw(st.sampled_from(LEVELS)), text="T.", matches=tuple(matches))
        for at, matches in enumerate(draw(st.lists(sizes, min_size=1, max_size=3)))
    ]
    return Rulebook(rules=tuple(rules), revision="", on_uncovered=draw(st.sampled_from(["escalate", "deny", "allow"])))


@settings(max_examples=40, suppress_health_check=[HealthCheck.filter_too_much])
@given(books("h"), books("l"), facts())
def test_what_is_not_refused_never_loosens(above: Rulebook, below: Rulebook, shown: tuple[Fact, Action]) -> None:
    layer = Layer(name="organisation", rulebook=below)
    assume(not list(loosenings(above, layer)))
    joined = effective([base_layer(above), layer])
    fact, action = shown
    before, after = (find(Matcher(book), Evidence(facts=(fact,)), action).decision for book in (above, joined))
    assert STRICTNESS[after] >= STRICTNESS[before]
