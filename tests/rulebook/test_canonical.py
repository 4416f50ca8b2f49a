"""The revision changes with the meaning and with nothing else."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from magistrate.core.records import AUTHORITY_ORDER, Autonomy, Match, Rule, Rulebook
from magistrate.rulebook.canonical import canonical, revised
from magistrate.rulebook.text import bright_rules, default, parse
from magistrate.rulebook.vocabulary import DECISIONS, LISTS, SWITCHES

WORDS = st.lists(st.text("abcdefgh-*#_+=>1.)`{}\u00e9~<&[]:|\\!", min_size=1, max_size=8), min_size=1, max_size=12).map(
    " ".join
)


PROSE = WORDS.map(lambda text: "The " + text)
GLOBS = st.text("abc/*?[].\"'\\\n\u202e\U0001f600 ", min_size=1, max_size=6)


@st.composite
def match_records(draw: st.DrawFn) -> Match:
    fields: dict[str, Any] = {"decision": draw(st.sampled_from(sorted(DECISIONS)))}
    for name, words in LISTS.items():
        if name == "effect" or draw(st.integers(0, 3)) == 0:
            item = st.sampled_from(sorted(words)) if words else GLOBS
            fields[name] = tuple(draw(st.lists(item, min_size=1, max_size=3, unique=True)))
    for name in SWITCHES:
        fields[name] = draw(st.sampled_from([None, None, True, False]))
    if fields.get("certainty") == ("dynamic",):
        del fields["certainty"]
    return Match(**fields)


def scopes() -> st.SearchStrategy[Autonomy]:
    words = st.lists(GLOBS, min_size=1, max_size=2).map(tuple)
    return st.builds(
        Autonomy,
        tools=words,
        targets=st.one_of(st.just(()), words),
        until=st.sampled_from(["", "2026-12-31T18:00:00.000000+00:00"]),
        cost=st.sampled_from([None, 0.0, 49.5]),
        ask=st.sampled_from([(), ("payment", "message")]),
    )


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    ids = draw(
        st.lists(st.from_regex(r"[a-z]{1,4}(\.[a-z]{1,3})?", fullmatch=True), min_size=1, max_size=3, unique=True)
    )
    rules = [
        Rule(
            id=name,
            title=draw(PROSE),
            authority=draw(st.sampled_from(AUTHORITY_ORDER[1:])),
            text="\n\n".join(draw(st.lists(PROSE, min_size=1, max_size=2))),
            intent=draw(st.one_of(st.just(""), PROSE)),
            safer=draw(st.one_of(st.just(""), PROSE)),
            matches=tuple(draw(st.lists(match_records(), max_size=2))),
            may_loosen=draw(st.sampled_from([None, None, "organisation", "team"])),
        )
        for name in ids
    ]
    return revised(
        Rulebook(
            rules=(*rules, *bright_rules()),
            revision="",
            on_unavailable=draw(st.sampled_from(["deny", "escalate"])),
            on_uncovered=draw(st.sampled_from(sorted(DECISIONS))),
            may_cover=draw(st.sampled_from([None, None, "team"])),
            autonomy=tuple(draw(st.lists(scopes(), max_size=2))),
        )
    )


@settings(max_examples=60)
@given(rulebooks())
def test_canonical_text_reads_back_as_the_same_law(book: Rulebook) -> None:
    again = parse(canonical(book))
    assert canonical(again) == canonical(book)
    assert again.revision == book.revision
    assert {rule.id: rule.text for rule in again.rules} == {rule.id: rule.text for rule in book.rules}


@settings(max_examples=40)
@given(rulebooks(), st.randoms(use_true_random=False))
def test_formatting_keeps_the_revision(book: Rulebook, random: Any) -> None:
    text = _untidy(canonical(book), random)
    assert parse(text).revision == book.revision


def _untidy(text: str, random: Any) -> str:
    """The same law by another hand: rules and keys reordered, wrapped, with blanks, trailing spaces and CRLF."""
    front, *rules = text.strip().split("\n\n## ")
    random.shuffle(rules)
    blocks = "\n\n## ".join([front, *rules]).split("\n\n")
    lines: list[str] = []
    for block in blocks:
        if block.startswith("```toml\n[[match]]"):
            matches = block.removeprefix("```toml\n").removesuffix("```").split("[[match]]\n")[1:]
            random.shuffle(matches)
            for at, match in enumerate(matches):
                keys = match.rstrip("\n").split("\n")
                random.shuffle(keys)
                matches[at] = "\n\n".join(key.replace(" = ", "  =   ") for key in keys) + "\n# a remark\n"
            block = "```toml\n[[match]]\n" + "[[match]]\n".join(matches) + "```"
        elif not block.startswith(("```", "## ", "#")):
            width = random.randint(8, 40)
            wrapped = textwrap.wrap(block, width, break_long_words=False, break_on_hyphens=False)
            # A line that would begin some other block stays where it was.
            if all(line[:1].isalnum() and not line[0].isdigit() for line in wrapped):
                block = "  \n ".join(wrapped)
        lines += [block, *[""] * random.randint(1, 3)]
    return "\n".join(lines).replace("\n", random.choice(["\n", "\r\n"]))


RULE = Rule(
    id="garden.keep",
    title="Keep it",
    authority="team",
    text="Nothing is cut.",
    intent="Roses.",
    safer="Ask.",
    matches=(Match(decision="escalate", effect=("delete",), broad=True),),
)
BOOK = revised(Rulebook(rules=(RULE, *bright_rules()), revision=""))


@pytest.mark.parametrize(
    "change",
    [
        {"id": "garden.keeps"},
        {"title": "Keep them"},
        {"authority": "task"},
        {"text": "Nothing is cut!"},
        {"intent": ""},
        {"safer": "Ask twice."},
        {"matches": ()},
        {"may_loosen": "team"},
    ],
    ids=str,
)
def test_a_change_of_meaning_changes_the_revision(change: dict[str, Any]) -> None:
    changed = replace(BOOK, rules=(replace(RULE, **change), *bright_rules()))
    assert revised(changed).revision != BOOK.revision


@settings(max_examples=40)
@given(scopes(), scopes())
def test_a_change_of_the_scope_changes_the_revision(one: Autonomy, other: Autonomy) -> None:
    books = [revised(replace(BOOK, autonomy=(scope,))) for scope in (one, other)]
    same = all(set(getattr(one, name)) == set(getattr(other, name)) for name in ("tools", "targets", "ask")) and (
        one.until,
        one.cost,
    ) == (other.until, other.cost)
    assert (books[0].revision == books[1].revision) is same
    located = replace(one, source="x.md", line=9)
    assert revised(replace(BOOK, autonomy=(located,))).revision == books[0].revision


@settings(max_examples=60)
@given(match_records(), st.sampled_from(["decision", *LISTS, *SWITCHES]), st.data())
def test_a_change_of_any_match_field_changes_the_revision(match: Match, name: str, data: st.DataObject) -> None:
    other = getattr(data.draw(match_records()), name)
    before = getattr(match, name)
    same = set(before) == set(other) if isinstance(before, tuple) else before == other
    books = [
        revised(replace(BOOK, rules=(replace(RULE, matches=(one,)),)))
        for one in (match, replace(match, **{name: other}))
    ]
    assert (books[0].revision == books[1].revision) is same


def test_settings_count_and_surroundings_do_not() -> None:
    assert revised(replace(BOOK, on_uncovered="deny")).revision != BOOK.revision
    assert revised(replace(BOOK, on_unavailable="deny")).revision != BOOK.revision
    assert revised(replace(BOOK, may_cover="team")).revision != BOOK.revision
    shown = replace(RULE, examples=default().rules[0].examples, line=7)
    other = replace(BOOK, rules=(*bright_rules(), shown), title="T", source="s.md")
    assert revised(other).revision == BOOK.revision


def test_the_formatter_keeps_examples() -> None:
    book = default()
    again = parse(canonical(book, examples=True))
    assert again.title == book.title
    before = {rule.id: [(e.complies, e.title, e.events) for e in rule.examples] for rule in book.rules}
    after = {rule.id: [(e.complies, e.title, e.events) for e in rule.examples] for rule in again.rules}
    assert before == after
    assert again.revision == book.revision
