"""What one rulebook says differently from another, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from magistrate.core.records import Example, Record, Rule, Rulebook
from magistrate.rulebook.canonical import canonical_match, canonical_scope
from magistrate.rulebook.transcript import write_transcript

ChangeKind = Literal["added", "removed", "changed"]


class FieldChange(Record, frozen=True, kw_only=True):
    """One thing that a rule, or the rulebook, says differently."""

    name: str
    """`title`, `authority`, `may-loosen`, `text`, `intent`, `safer`, `match`, `example`, or the name of a setting."""
    old: str = ""
    new: str = ""


class RuleChange(Record, frozen=True, kw_only=True):
    """What became of one rule; the id is empty for settings of the whole rulebook."""

    id: str
    kind: ChangeKind
    fields: tuple[FieldChange, ...]

    @property
    def examples_only(self) -> bool:
        """Nothing but examples: the law is the same."""
        return all(field.name == "example" for field in self.fields)


def diff(old: Rulebook, new: Rulebook) -> list[RuleChange]:
    """Changes from `old` to `new`: settings first, then rules in the order of `new`, removed ones last.

    Order, white space and wrapping are no changes; nor are titles and sources of the rulebooks.
    """
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    changes = [RuleChange(id="", kind="changed", fields=tuple(_settings(old, new)))]
    for name, rule in after.items():
        if name not in before:
            changes.append(RuleChange(id=name, kind="added", fields=tuple(_fields(None, rule))))
        else:
            changes.append(RuleChange(id=name, kind="changed", fields=tuple(_fields(before[name], rule))))
    changes += [
        RuleChange(id=name, kind="removed", fields=tuple(_fields(rule, None)))
        for name, rule in before.items()
        if name not in after
    ]
    return [change for change in changes if change.fields]


def _settings(old: Rulebook, new: Rulebook) -> Iterator[FieldChange]:
    for name in ("on_unavailable", "on_uncovered", "may_cover"):
        one, other = getattr(old, name) or "", getattr(new, name) or ""
        if one != other:
            yield FieldChange(name=name, old=one, new=other)
    yield from _sets(
        "autonomy",
        {canonical_scope(scope) for scope in old.autonomy},
        {canonical_scope(scope) for scope in new.autonomy},
    )


def _fields(old: Rule | None, new: Rule | None) -> Iterator[FieldChange]:
    for name in ("title", "authority", "may_loosen", "text", "intent", "safer"):
        one, other = (getattr(rule, name) or "" if rule else "" for rule in (old, new))
        if one != other:
            yield FieldChange(name=name.replace("_", "-"), old=one, new=other)
    matches = [{canonical_match(match) for match in rule.matches} if rule else set() for rule in (old, new)]
    yield from _sets("match", *matches)
    examples = [{_example(example) for example in rule.examples} if rule else set() for rule in (old, new)]
    yield from _sets("example", *examples)


def _sets(name: str, old: set[str], new: set[str]) -> Iterator[FieldChange]:
    for gone in sorted(old - new):
        yield FieldChange(name=name, old=gone)
    for come in sorted(new - old):
        yield FieldChange(name=name, new=come)


def _example(example: Example) -> str:
    kind = "Complies" if example.complies else "Violates"
    return f"{kind}{': ' + example.title if example.title else ''}\n{write_transcript(example.events)}"
