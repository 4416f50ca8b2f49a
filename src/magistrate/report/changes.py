"""What a change of the rulebook would have changed: shares with their intervals, and one page that people can discuss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from magistrate.audit.estimate import Estimate, proportion
from magistrate.audit.intervals import clustered_mean
from magistrate.core.canon import now
from magistrate.core.records import Decision, Record, Rulebook


class Row(Record, frozen=True, kw_only=True):
    """Verdicts that one rule would turn one way."""

    rule: str
    before: Decision
    after: Decision
    exact: Estimate
    """Share of all actions; exact limits, as if actions were independent."""
    clustered: Estimate
    """The same share, for runs like these: actions of one run tree resemble each other."""


class Total(Record, frozen=True, kw_only=True):
    """All flips of one direction, or of both."""

    what: str
    exact: Estimate
    clustered: Estimate


def rows(trees: Mapping[str, int], flips: Iterable[tuple[str, Decision, Decision, str]]) -> list[Row]:
    """Rows by rule and direction, the most frequent first.

    `trees`: compared actions by run tree; `flips`: rule, decision before, decision after and run tree of each.
    """
    by_kind: dict[tuple[str, Decision, Decision], Counter[str]] = {}
    for rule, before, after, tree in flips:
        by_kind.setdefault((rule, before, after), Counter())[tree] += 1
    found = [
        Row(rule=rule, before=before, after=after, exact=_exact(trees, hit), clustered=_clustered(trees, hit))
        for (rule, before, after), hit in by_kind.items()
    ]
    return sorted(found, key=lambda row: (-row.exact.count, row.rule, row.before, row.after))


def totals(trees: Mapping[str, int], ways: Iterable[tuple[str, str]]) -> list[Total]:
    """Flips altogether and by way; `ways`: `stricter` or `looser`, and the run tree, of each."""
    hits: dict[str, Counter[str]] = {"changed": Counter(), "stricter": Counter(), "looser": Counter()}
    for way, tree in ways:
        hits["changed"][tree] += 1
        hits[way][tree] += 1
    return [total(what, trees, hit) for what, hit in hits.items()]


def total(what: str, trees: Mapping[str, int], hits: Mapping[str, int]) -> Total:
    """The share of `hits` among `trees`, both counted by run tree."""
    return Total(what=what, exact=_exact(trees, hits), clustered=_clustered(trees, hits))


def _exact(trees: Mapping[str, int], hit: Mapping[str, int]) -> Estimate:
    return proportion(sum(hit.values()), sum(trees.values()))


def _clustered(trees: Mapping[str, int], hit: Mapping[str, int]) -> Estimate:
    import numpy as np

    sizes = np.fromiter(trees.values(), dtype=int, count=len(trees))
    clusters = np.repeat(np.arange(len(trees)), sizes)
    values = np.zeros(len(clusters))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(sizes) else np.zeros(0, dtype=int)
    for at, tree in enumerate(trees):
        if count := hit.get(tree, 0):
            values[starts[at] : starts[at] + count] = 1
    return clustered_mean(values, clusters)


def change_page(
    old: Rulebook,
    new: Rulebook,
    changes: Sequence[Any],
    found: Mapping[str, Any],
    shown: Mapping[str, Sequence[Any]],
    *,
    proposal: Mapping[str, str] | None = None,
) -> str:
    """The page's HTML. `changes`: differences by rule (`rulebook.diff`); `found`: figures of the replay, as `rules replay --json` gives
    them; `shown`: flips to look at, by way; `proposal`: author, why and reporter."""
    from jinja2 import Environment, StrictUndefined

    template = files("magistrate.report").joinpath("changes.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(
        made=now()[:16].replace("T", " ") + " UTC",
        old=old,
        new=new,
        titles={rule.id: rule.title for rule in (*old.rules, *new.rules)},
        changes=changes,
        found=found,
        shown=shown,
        proposal=proposal,
    )
