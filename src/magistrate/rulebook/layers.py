"""Rulebooks lie on each other: the shipped or adopted one, the organisation's, the repository's, the task's.

A lower layer adds and tightens. What "loosen" means is decidable. Let H be the law of the layers above, L a lower one, and H+L all
their rules together. L loosens H when there is a fact on which H+L decides more mildly than H, as the gate combines rules. That can
come about in these ways only, and each is refused with the line of both:

- L has a rule of the same id as one of H: it would stand in its place;
- a match of L decides more mildly than `on_uncovered` on a fact that no match of H covers;
- an `allow` of L meets a denial of the same authority in H, where no denial of another authority stands: a conflict, which escalates;
- L states an `on_unavailable` or `on_uncovered` milder than that of H.

H may say otherwise: `may-loosen=LEVEL` on a rule lets a layer of that authority, or a higher one, replace it (or conflict with it);
`may_cover = LEVEL` lets it decide on what no rule covers. Every layer speaks with an authority of its own at most, so a file in a
repository cannot call itself the organisation. For judgement rules, which have no match, only the first way exists.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any, Literal

from msgspec import field
from msgspec.structs import replace

from magistrate.core.records import AUTHORITY_ORDER, AuthorityLevel, Match, Record, Rule, Rulebook
from magistrate.rulebook.canonical import canonical_rule, revised
from magistrate.rulebook.problems import Problems
from magistrate.rulebook.space import Witness, witness
from magistrate.rulebook.text import default, load
from magistrate.rulebook.vocabulary import STRICTNESS

LayerName = Literal["base", "organisation", "repository", "task"]
SPEAKS_AS: dict[LayerName, AuthorityLevel] = {
    "base": "organisation",
    "organisation": "organisation",
    "repository": "team",
    "task": "task",
}
"""Layers from the highest to the lowest, and the highest authority that a rule may claim in each."""
IN_REPOSITORY = Path(".magistrate") / "rulebook.md"
_SETTINGS = ("on_unavailable", "on_uncovered", "may_cover")
_FRONT = re.compile(r"(?ms)\A(?P<before>.*?)^```toml[ \t]*\n(?P<toml>.*?)^```")


class Layer(Record, frozen=True, kw_only=True):
    """One rulebook and where it lies."""

    name: LayerName
    rulebook: Rulebook
    stated: dict[str, int] = field(default_factory=dict)
    """Line of each setting that its text states."""


class Loosening(Record, frozen=True, kw_only=True):
    """A place where a lower layer would loosen a higher one."""

    what: str
    line: int
    """In the lower layer's file."""
    above: str
    """`file:line` of what it would loosen."""
    on: str = ""
    """The kind of fact on which it would, in words."""


def read_layer(name: LayerName, path: str | Path) -> Layer:
    """A layer from its file. Raises `BadRulebook`."""
    rulebook = load(path)
    text = Path(path).read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    return Layer(name=name, rulebook=rulebook, stated=_stated(text))


def base_layer(rulebook: Rulebook | None = None) -> Layer:
    """The layer on which all others lie: an adopted rulebook, or the shipped one."""
    return Layer(name="base", rulebook=rulebook or default())


def repository_file(folder: str | Path) -> Path | None:
    """`.magistrate/rulebook.md` in a folder or the nearest one above it, not looking out of its repository; None without one."""
    here = Path(folder).expanduser().absolute()
    for place in (here, *here.parents):
        found = place / IN_REPOSITORY
        if found.is_file():
            return found
        if (place / ".git").exists():
            return None
    return None


def find_layers(
    folder: str | Path | None = None, *, organisation: str | Path | None = None, task: str | Path | None = None
) -> list[Layer]:
    """The layers below the base that hold in a folder, highest first."""
    files: list[tuple[LayerName, str | Path | None]] = [
        ("organisation", organisation),
        ("repository", repository_file(folder) if folder else None),
        ("task", task),
    ]
    return [read_layer(name, path) for name, path in files if path]


def effective(layers: Sequence[Layer], *, patience: float = inf) -> Rulebook:
    """The law of all layers, highest first, as one rulebook with a revision of its own and the source of each rule.

    `patience`: seconds that may be spent on a layer; one that takes longer to check is refused.

    Raises `BadRulebook` when a layer loosens what a higher one fixes, naming the line of both, or claims an authority that it
    does not have.
    """
    law = _placed(layers[0].rulebook)
    for layer in layers[1:]:
        problems = Problems(layer.rulebook.source)
        for rule in _own(layer):
            _refuse_rank(rule, layer, problems)
        for found in loosenings(law, layer, patience=patience):
            on = f"; for instance {found.on}" if found.on else ""
            problems.add(found.line, f"{found.what} ({found.above}){on}", "a lower rulebook may only tighten")
        problems.settle()
        law = _join(law, layer)
    return revised(law)


def loosenings(law: Rulebook, layer: Layer, *, patience: float = inf) -> Iterator[Loosening]:
    """Each place where a layer would loosen the law above it, in the sense of this module's docstring."""
    held = {rule.id: rule for rule in law.rules}
    own = [rule for rule in _own(layer) if rule.id not in held or not _same(rule, held[rule.id])]
    yield from _settings(law, layer)
    for rule in own:
        above = held.get(rule.id)
        if above and not _may(rule.authority, above.may_loosen):
            what = f"`{rule.id}` would replace the rule of that id"
            yield Loosening(what=what, line=rule.line, above=_place(above, law))
    standing = [rule for rule in law.rules if rule.id not in {rule.id for rule in own}]
    end = time.monotonic() + patience
    for rule in own:
        for match in rule.matches:
            if time.monotonic() > end:
                what = f"what `{rule.id}` would loosen cannot be told in {patience:g} s"
                yield Loosening(what=what, line=match.line, above=law.source)
                return
            yield from _uncovers(match, rule, law)
            if match.decision == "allow":
                yield from _conflicts(match, rule, standing, law)


def _uncovers(match: Match, rule: Rule, law: Rulebook) -> Iterator[Loosening]:
    """What a rule above covers that this layer may replace is no gap."""
    if STRICTNESS[match.decision] >= STRICTNESS[law.on_uncovered] or _may(rule.authority, law.may_cover):
        return
    covering = [other for one in law.rules for other in one.matches]
    if (found := witness([match], covering)) is not None:
        what = f"`{rule.id}` would {match.decision} what no rule above covers, where on_uncovered is {law.on_uncovered}"
        yield _found(what, match, law.source or "rulebook", found)


def _conflicts(match: Match, rule: Rule, standing: Sequence[Rule], law: Rulebook) -> Iterator[Loosening]:
    """An allow beside a denial of its own authority makes a conflict, which is milder than the denial."""
    denials = [(one, other) for one in standing for other in one.matches if other.decision == "deny"]
    firm = [other for one, other in denials if one.authority != rule.authority]
    for above, denial in denials:
        if above.authority != rule.authority or _may(rule.authority, above.may_loosen):
            continue
        if (found := witness([match, denial], firm)) is not None:
            what = f"`{rule.id}` would allow what `{above.id}` denies"
            yield _found(what, match, f"{above.source or law.source or 'rulebook'}:{denial.line}", found)


def _settings(law: Rulebook, layer: Layer) -> Iterator[Loosening]:
    for name in _SETTINGS[:2]:
        above, own = getattr(law, name), getattr(layer.rulebook, name)
        if name in layer.stated and STRICTNESS[own] < STRICTNESS[above]:
            yield Loosening(what=f"{name} = {own} is milder than {above}", line=layer.stated[name], above=law.source)
    holder = layer.rulebook.may_cover
    if "may_cover" in layer.stated and holder and not _may(holder, law.may_cover):
        what = f"may_cover = {holder} gives away more than {law.may_cover or 'nobody'}"
        yield Loosening(what=what, line=layer.stated["may_cover"], above=law.source)


def _may(authority: AuthorityLevel, least: AuthorityLevel | None) -> bool:
    """Whether an authority is at least the one that a permission names; without a permission nobody's is."""
    return least is not None and AUTHORITY_ORDER.index(authority) <= AUTHORITY_ORDER.index(least)


def _found(what: str, match: Match, above: str, witness: Witness) -> Loosening:
    return Loosening(what=what, line=match.line, above=above, on=str(witness))


def _same(one: Rule, other: Rule) -> bool:
    return canonical_rule(one) == canonical_rule(other)


def _own(layer: Layer) -> list[Rule]:
    """The layer's own rules: not the bright lines, which are in every rulebook."""
    return [rule for rule in layer.rulebook.rules if rule.authority != "bright-line"]


def _refuse_rank(rule: Rule, layer: Layer, problems: Problems) -> None:
    most = SPEAKS_AS[layer.name]
    if AUTHORITY_ORDER.index(rule.authority) < AUTHORITY_ORDER.index(most):
        what = (
            f"`{rule.id}` claims authority={rule.authority}, but the {layer.name}'s rulebook speaks as {most} at most"
        )
        problems.add(rule.line, what, f"use authority={most}")


def _place(rule: Rule, law: Rulebook) -> str:
    return f"{rule.source or law.source or 'rulebook'}:{rule.line}"


def _placed(rulebook: Rulebook) -> Rulebook:
    """The rulebook with its source in each rule and scope."""
    return replace(
        rulebook,
        rules=tuple(replace(rule, source=rule.source or rulebook.source) for rule in rulebook.rules),
        autonomy=tuple(replace(scope, source=scope.source or rulebook.source) for scope in rulebook.autonomy),
    )


def _join(law: Rulebook, layer: Layer) -> Rulebook:
    """A layer laid on the law above it, which it was found not to loosen."""
    lower = _placed(layer.rulebook)
    held = {rule.id: rule for rule in law.rules}
    own = tuple(
        rule
        for rule in lower.rules
        if rule.authority != "bright-line" and not (rule.id in held and _same(rule, held[rule.id]))
    )
    replaced = {rule.id for rule in own}
    stated: dict[str, Any] = {name: getattr(lower, name) for name in _SETTINGS if name in layer.stated}
    return replace(
        law,
        rules=tuple(rule for rule in law.rules if rule.id not in replaced) + own,
        autonomy=law.autonomy + lower.autonomy,
        **stated,
    )


def _stated(text: str) -> dict[str, int]:
    """Line of each setting that the front of a rulebook states."""
    front = _FRONT.match(("\n" + text).split("\n## ", 1)[0])
    if not front:
        return {}
    first = front["before"].count("\n") + 1
    lines = front["toml"].split("\n")
    keys = [(re.match(r"""\s*["']?(\w+)["']?\s*=""", line), first + at) for at, line in enumerate(lines)]
    return {key[1]: line for key, line in keys if key}
