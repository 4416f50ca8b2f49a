"""What is wrong with a rulebook that parses: rules without examples, matches that never decide, rules that disagree.

"Never" and "disagree" are told from the matches alone (`magistrate.rulebook.space`), for every fact there could be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from magistrate.core.records import AUTHORITY_ORDER, Record, Rule, Rulebook
from magistrate.rulebook.canonical import canonical_rule
from magistrate.rulebook.space import witness
from magistrate.rulebook.vocabulary import STRICTNESS

LintName = Literal["no-example", "unreachable", "contradiction", "id-reused", "not-one-obligation"]
MAX_SENTENCES = 3
MAX_WORDS = 80
_SENTENCE = re.compile(r"[.!?](?=\s+[A-ZÄÖÜ]|$)")
_ORDERS = re.compile(
    r"\b(?:must(?: not)?|shall(?: not)?|may not|has to|have to|is required to|are required to|is forbidden|are forbidden)\b",
    re.I,
)
_MANNERS = re.compile(r"\b(?:please|try to|should|ideally|if possible|as appropriate|be careful|use judgement)\b", re.I)


class Lint(Record, frozen=True, kw_only=True):
    """One remark on a rule."""

    lint: LintName
    rule: str
    line: int
    what: str
    source: str = ""
    error: bool = False
    """The rulebook should not become law like this; otherwise a remark for its authors."""


def lint(rulebook: Rulebook, earlier: Sequence[Rulebook] = ()) -> list[Lint]:
    """All remarks, in order of file and line. `earlier`: former texts, whose ids must not come back with another meaning."""
    found = [
        *_without_examples(rulebook),
        *_not_one_obligation(rulebook),
        *_reused(rulebook, earlier),
        *_unreachable(rulebook),
        *_contradictions(rulebook),
    ]
    return sorted(found, key=lambda one: (one.source, one.line, one.lint, one.what))


def _without_examples(rulebook: Rulebook) -> Iterator[Lint]:
    for rule in rulebook.rules:
        if not rule.examples:
            yield _lint("no-example", rule, "no example shows what it asks")
            continue
        restricts = rule.authority == "bright-line" or any(match.decision != "allow" for match in rule.matches)
        kinds = {example.complies for example in rule.examples}
        if True not in kinds:
            yield _lint("no-example", rule, "no example complies with it")
        if False not in kinds and restricts:
            yield _lint("no-example", rule, "it restricts, yet no example violates it")


def _not_one_obligation(rulebook: Rulebook) -> Iterator[Lint]:
    """Signs that a text asks for several things, or for nothing that could be tested."""
    for rule in rulebook.rules:
        sentences = len(_SENTENCE.findall(rule.text))
        orders = _ORDERS.findall(rule.text)
        if sentences > MAX_SENTENCES or len(rule.text.split()) > MAX_WORDS:
            what = f"{sentences} sentences, {len(rule.text.split())} words: split it into rules"
        elif len(orders) > 1:
            what = f"{len(orders)} obligations ({', '.join(word.lower() for word in orders)}): one rule for each"
        elif manner := _MANNERS.search(rule.text):
            what = f"`{manner[0].lower()}` leaves open what is owed: say what has to be so"
        elif rule.text.rstrip().endswith("?"):
            what = "a question obliges nobody"
        else:
            continue
        yield _lint("not-one-obligation", rule, what)


def _reused(rulebook: Rulebook, earlier: Sequence[Rulebook]) -> Iterator[Lint]:
    """An id that a former text used and the latest did not, with other words."""
    if not earlier:
        return
    standing = {rule.id for rule in earlier[-1].rules}
    retired = {rule.id: rule for book in earlier[:-1] for rule in book.rules if rule.id not in standing}
    for rule in rulebook.rules:
        former = retired.get(rule.id)
        if former and canonical_rule(former) != canonical_rule(rule):
            what = f"the id stood for another rule once ({former.title!r}); verdicts of that time cite it"
            yield _lint("id-reused", rule, what, error=True)


def _unreachable(rulebook: Rulebook) -> Iterator[Lint]:
    """Matches that decide nothing: wherever one holds, a stricter one, or the same said before or above, holds too."""
    entries = [(rule, match) for rule in _ranked(rulebook) for match in rule.matches]
    for at, (rule, match) in enumerate(entries):
        others = [
            other
            for place, (_, other) in enumerate(entries)
            if STRICTNESS[other.decision] > STRICTNESS[match.decision]
            or (other.decision == match.decision and place < at)
        ]
        if witness([match], others) is None:
            what = f"the {match.decision} on line {match.line} never decides: stricter or equal matches hold wherever it does"
            if witness([match]) is None:
                what = f"the {match.decision} on line {match.line} never holds: its conditions exclude each other"
            yield _lint("unreachable", rule, what, line=match.line)


def _contradictions(rulebook: Rulebook) -> Iterator[Lint]:
    """An allow and a restriction of one level on one fact, which nothing of another level settles."""
    rules = rulebook.rules
    for level in AUTHORITY_ORDER:
        own = [(rule, match) for rule in rules if rule.authority == level for match in rule.matches]
        firm = [match for rule in rules if rule.authority != level for match in rule.matches]
        for rule, match in own:
            for other, restriction in own:
                if match.decision != "allow" or restriction.decision == "allow" or rule.id == other.id:
                    continue
                stricter = [one for one in firm if STRICTNESS[one.decision] >= STRICTNESS[restriction.decision]]
                if (found := witness([match, restriction], stricter)) is not None:
                    what = f"allows what `{other.id}` {_RESTRICTS[restriction.decision]} (line {restriction.line}) at the same level: {found}"
                    yield _lint("contradiction", rule, what, line=match.line)


_RESTRICTS = {"escalate": "escalates", "deny": "denies"}


def _ranked(rulebook: Rulebook) -> list[Rule]:
    return sorted(rulebook.rules, key=lambda rule: AUTHORITY_ORDER.index(rule.authority))


def _lint(name: LintName, rule: Rule, what: str, *, line: int = 0, error: bool = False) -> Lint:
    return Lint(lint=name, rule=rule.id, line=line or rule.line, what=what, source=rule.source, error=error)
