"""One text for one meaning, and its hash: the revision.

What counts (changes the revision): the ids, authority, title and text of rules, who may loosen them, their intent, what the
agent is told instead (`Safer:`), their matches, `on_unavailable`, `on_uncovered` and `may_cover`, the scope of autonomy. Intent counts because a reviewer interprets the rule by it;
`Safer:` because it is part of what the verdict says. A replay under one revision must give the same verdicts.

What does not count: the order of rules, of matches, of keys and of words in a list (none of them decides anything), white space,
wrapping and comments; the rulebook's title and source; line numbers; and examples. Examples are a rule's unit tests: they
show that it does what it says, and adding one must not make new law. A reviewer that quotes examples to a model has them in
its prompt hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from magistrate.core.canon import digest
from magistrate.core.records import AUTHORITY_ORDER, Autonomy, Example, Match, Rule, Rulebook
from magistrate.rulebook.transcript import write_transcript
from magistrate.rulebook.vocabulary import LISTS, SWITCHES


def canonical(rulebook: Rulebook, *, examples: bool = False) -> str:
    """The rulebook's canonical Markdown. With `examples` also its title and examples, as a formatter would write it."""
    blocks = [_front(rulebook, titled=examples)]
    for rule in sorted(rulebook.rules, key=_rank):
        blocks += _rule(rule)
        if examples:
            blocks += _examples(rule.examples)
    return "\n\n".join(blocks) + "\n"


def canonical_rule(rule: Rule) -> str:
    """The part of the canonical text that is this rule."""
    return "\n\n".join(_rule(rule)) + "\n"


def canonical_text_of(rule: Rule) -> str:
    """The same with the rule's examples, as a formatter would write it."""
    return "\n\n".join([*_rule(rule), *_examples(rule.examples)]) + "\n"


def revised(rulebook: Rulebook) -> Rulebook:
    """The rulebook with its revision filled in."""
    return replace(rulebook, revision=digest(canonical(rulebook).encode()))


def _rank(rule: Rule) -> tuple[int, str]:
    return AUTHORITY_ORDER.index(rule.authority), rule.id


def _front(rulebook: Rulebook, *, titled: bool) -> str:
    lines = ["```toml", "[rulebook]"]
    if titled and rulebook.title:
        lines.append(f"title = {_quoted(rulebook.title)}")
    lines += [
        f"on_unavailable = {_quoted(rulebook.on_unavailable)}",
        f"on_uncovered = {_quoted(rulebook.on_uncovered)}",
    ]
    if rulebook.may_cover:
        lines.append(f"may_cover = {_quoted(rulebook.may_cover)}")
    for scope in sorted({canonical_scope(scope) for scope in rulebook.autonomy}):
        lines.append(scope)
    return "\n".join([*lines, "```"])


def canonical_scope(scope: Autonomy) -> str:
    """A scope of autonomy as it stands in the canonical text."""
    return "\n".join(_autonomy(scope))


def _autonomy(scope: Autonomy) -> Iterator[str]:
    yield "[[autonomy]]"
    for name in ("tools", "targets", "ask"):
        if words := getattr(scope, name):
            yield f"{name} = [{', '.join(_quoted(word) for word in sorted(set(words)))}]"
    if scope.until:
        yield f"until = {_quoted(scope.until)}"
    if scope.cost is not None:
        yield f"cost = {scope.cost!r}"


def _rule(rule: Rule) -> Iterator[str]:
    loosened = f" may-loosen={rule.may_loosen}" if rule.may_loosen else ""
    yield f"## {rule.title} {{#{rule.id} authority={rule.authority}{loosened}}}"
    yield from rule.text.split("\n\n")
    matches = sorted({canonical_match(match) for match in rule.matches})
    if matches:
        yield "\n".join(["```toml", *matches, "```"])
    if rule.intent:
        yield f"Intent: {rule.intent}"
    if rule.safer:
        yield f"Safer: {rule.safer}"


def canonical_match(match: Match) -> str:
    """One match as it stands in the canonical text."""
    lines = ["[[match]]", f"decision = {_quoted(match.decision)}"]
    for name in LISTS:
        if words := getattr(match, name):
            lines.append(f"{name} = [{', '.join(_quoted(word) for word in sorted(set(words)))}]")
    for name in SWITCHES:
        if (value := getattr(match, name)) is not None:
            lines.append(f"{name} = {str(value).lower()}")
    return "\n".join(lines)


def _examples(examples: Sequence[Example]) -> Iterator[str]:
    for complies, heading in ((True, "### Complies"), (False, "### Violates")):
        chosen = [example for example in examples if example.complies is complies]
        if chosen:
            yield heading
        for example in chosen:
            if example.title:
                yield example.title
            text = write_transcript(example.events)
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            yield f"{fence}transcript\n{text}\n{fence}"


def _quoted(text: str) -> str:
    """A TOML basic string on one line; what a reader cannot see is escaped."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\U{ord(char):08x}"
