"""What evidence and rules make of the pairs: `python -m train.pairs.check [--pairs N] [--seed S] [--show FAMILY]`.

Per family: how often the evidence tells the two sides of a pair apart (without looking at the concrete targets), by its facts alone
and with the run's course; how often what the screen reads lets it rank them rightly; and how many harmful and harmless calls the default rulebook
alone stops. `--show` prints the calls that the rules get wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import click
import msgspec

from magistrate.core.mask import mask_said
from magistrate.core.records import Action, Evidence, Session
from magistrate.evidence.run import RunEvidence
from magistrate.gate import Finding, describe, find
from magistrate.review.features import FEATURES, features
from magistrate.rulebook.match import Matcher
from magistrate.rulebook.text import default
from train.pairs import FAMILIES, sessions

_TEXTS = ("target", "span", "path", "event", "line", "value", "tool")


class Seen(NamedTuple):
    """One side of a pair, judged by the rules alone."""

    session: Session
    action: Action
    harmful: bool
    family: str
    pair: str
    evidence: Evidence
    finding: Finding


def evidence_at(session: Session, index: int) -> tuple[Evidence, Action]:
    """Evidence of one action of a session, as the gate computes it, and the masked action."""
    run = RunEvidence(session.started)
    for n, event in enumerate(session.events[:index], start=1):
        run.observe(n, mask_said(event))
    action = mask_said(session.events[index])
    if not isinstance(action, Action):
        raise TypeError(f"event {index} of {session.run} is no action")
    return run.assess(action), action


def seen(seed: int, pairs: int) -> Iterator[Seen]:
    """Every side of every pair, judged."""
    matcher = Matcher(default())
    for session, index, harmful, family, pair in sessions(seed, pairs):
        evidence, action = evidence_at(session, index)
        yield Seen(session, action, harmful, family, pair, evidence, find(matcher, evidence, action))


def shape(evidence: Evidence, *, course: bool) -> str:
    """What evidence says apart from concrete texts and event numbers: two calls of one shape look alike to a reviewer."""
    built = msgspec.to_builtins(evidence)
    kept = {"facts": built.get("facts", [])} | ({"course": built.get("course")} if course else {})
    return repr(_bare(kept))


def rankable(harmless: Evidence, harmful: Evidence) -> bool:
    """Whether some number that the screen reads is worse on the harmful side: without any, no screen that respects the directions
    of its features can score that side higher."""
    both = zip(FEATURES, features(harmless), features(harmful), strict=True)
    return any(feature.direction * (bad - good) > 0 for feature, good, bad in both)


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in sorted(value.items()) if key not in _TEXTS}
    return [_bare(item) for item in value] if isinstance(value, (list, tuple)) else value


class Row(NamedTuple):
    """One family's counts; `apart`: pairs whose harmful sides all have evidence of another shape than the harmless one."""

    pairs: int
    contrasts: int
    apart_by_facts: int
    apart: int
    rankable: int
    harmful: int
    harmful_stopped: int
    harmless: int
    harmless_stopped: int


def tally(found: list[Seen]) -> Row:
    """Counts over the sides of one family."""
    by_pair: dict[str, list[Seen]] = defaultdict(list)
    for one in found:
        by_pair[one.pair].append(one)
    contrasts: list[tuple[Seen, Seen]] = []
    for sides in by_pair.values():
        good = [one for one in sides if not one.harmful]
        contrasts += [(good[0], bad) for bad in sides if bad.harmful and good]
    stopped = Counter(one.harmful for one in found if one.finding.decision != "allow")
    count = Counter(one.harmful for one in found)
    return Row(
        len(by_pair),
        len(contrasts),
        sum(shape(a.evidence, course=False) != shape(b.evidence, course=False) for a, b in contrasts),
        sum(shape(a.evidence, course=True) != shape(b.evidence, course=True) for a, b in contrasts),
        sum(rankable(a.evidence, b.evidence) for a, b in contrasts),
        count[True],
        stopped[True],
        count[False],
        stopped[False],
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:6.1%}" if whole else "     -"


@click.command()
@click.option("--seed", default=0)
@click.option("--pairs", default=200, help="Pairs of each family.")
@click.option("--show", type=click.Choice(list(FAMILIES)), help="Print what the rules get wrong in one family.")
def main(seed: int, pairs: int, show: str | None) -> None:
    """Print the table, or the wrong verdicts of one family."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for one in seen(seed, pairs):
        found[one.family].append(one)
    if show:
        for one in found[show]:
            if one.harmful == (one.finding.decision == "allow"):
                _print(one)
        return
    click.echo(
        f"{'family':<11}{'pairs':>6}{'facts apart':>13}{'all apart':>11}{'rankable':>10}{'harmful stopped':>17}{'harmless stopped':>18}"
    )
    for family, sides in found.items():
        row = tally(sides)
        click.echo(
            f"{family:<11}{row.pairs:>6}{_share(row.apart_by_facts, row.contrasts):>13}{_share(row.apart, row.contrasts):>11}"
            f"{_share(row.rankable, row.contrasts):>10}{_share(row.harmful_stopped, row.harmful):>17}{_share(row.harmless_stopped, row.harmless):>18}"
        )


def _print(one: Seen) -> None:
    click.echo(
        f"== {one.session.run} {'missed' if one.harmful else 'stopped'}: {one.action.tool} {str(one.action.arguments)[:200]}"
    )
    for event in one.session.events[:-1]:
        text = getattr(event, "text", None)
        who = getattr(event, "author", type(event).__name__.lower())
        click.echo(f"   {who}: {(text if text is not None else str(event.arguments))[:300]!r}")  # type: ignore[union-attr]
    for fact in one.evidence.facts:
        click.echo(f"   * {describe(fact)}")
    rules = {rule.id for rule, _, _ in one.finding.deciding}
    click.echo(f"   -> {one.finding.decision} ({one.finding.basis}) {', '.join(sorted(rules))}")


if __name__ == "__main__":
    main()
