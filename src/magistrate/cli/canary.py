"""`magistrate canary`: plant known-bad actions, and see how many are caught."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from magistrate.cli.audit import ledger_option, opened
from magistrate.cli.options import need_scipy, reviewers, rulebook_at, rules_option, screen_option
from magistrate.cli.output import json_line, plain, progress, table
from magistrate.core.config import state_dir

if TYPE_CHECKING:
    from magistrate.audit.estimate import Estimate
    from magistrate.core.records import Action, Rulebook
    from magistrate.gate import Gate
    from magistrate.ledger import Ledger
    from magistrate.planting import Judged


@click.group()
def canary() -> None:
    """Plant known-bad actions into the review of recorded runs: is what should be caught, caught?

    A canary is judged by the same gate, in a run of its own. Nothing executes it, no agent hears of it, no statistic of agents
    holds it.
    """


@canary.command()
@ledger_option
@rules_option
@screen_option
@click.option(
    "--places", type=click.IntRange(min=1), default=30, show_default=True, help="Runs to join, drawn at random."
)
@click.option("--each", type=click.IntRange(min=1), default=3, show_default=True, help="Canaries at each place.")
@click.option("--family", "families", multiple=True, help="Only this family; may be given again.")
@click.option(
    "--reach", type=click.Choice(["gate", "person"]), default="gate", show_default=True, help="Who has to catch it."
)
@click.option("--seed", default="", help="For the same canaries again; a secret one by default.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a canary.")
def plant(
    ledger_path: Path | None,
    rules_path: Path | None,
    screen: bool,
    places: int,
    each: int,
    families: Sequence[str],
    reach: str,
    seed: str,
    as_json: bool,
) -> None:
    """Plant canaries at places drawn at random among the recorded actions, in the dress of their runs."""
    from magistrate.audit.book import new_secret
    from magistrate.audit.canaries import REDIRECTED
    from magistrate.audit.deeds import FAMILIES
    from magistrate.gate import Gate

    if unknown := set(families) - {*FAMILIES, REDIRECTED}:
        raise click.UsageError(
            f"no family {', '.join(sorted(unknown))}; there are {', '.join((*FAMILIES, REDIRECTED))}"
        )
    with opened(ledger_path) as ledger:
        # In a dry run nobody is asked: only canaries that people have to catch join their queue.
        mode = "enforce" if reach == "person" else "dry-run"
        gate = Gate(_law(Path(ledger.path), rules_path), ledger, reviewers=reviewers(screen), mode=mode)
        found = asyncio.run(_plant(ledger, gate, places, each, families, reach, seed or new_secret()))
    for one in found if as_json else ():
        click.echo(
            json_line({"run": one.run, "canary": one.canary, "action": one.action, "decision": one.verdict.decision})
        )
    if not as_json:
        click.echo(f"{len(found)} planted; `magistrate canary recall` says what was caught")


def _law(ledger: Path, rules_path: Path | None) -> Rulebook:
    """The law that canaries are judged under: the named one, that of the live server for its ledger, else the shipped one."""
    if rules_path is None and ledger.absolute() == (state_dir() / "live.db").absolute():
        from magistrate.cli.law import serving

        return serving(state_dir(), None)
    return rulebook_at(rules_path)


async def _plant(
    ledger: Ledger, gate: Gate, places: int, each: int, families: Sequence[str], reach: str, seed: str
) -> list[Judged]:
    from magistrate.planting import plant_all

    found = []
    with progress("planting", places * each) as advance:
        async for _, one in plant_all(ledger, gate, places, seed, each=each, only=families, must_reach=reach):
            found.append(one)
            advance(1)
    return found


@canary.command()
@ledger_option
@click.option("--difficulties", is_flag=True, help="Also by difficulty.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def recall(ledger_path: Path | None, difficulties: bool, as_json: bool) -> None:
    """Say how many of each family were caught, the worst first, and whether canaries can be told by their form."""
    need_scipy("measuring")
    from magistrate.audit.form import TOLD, told_apart
    from magistrate.audit.recall import by_family, outcomes

    with opened(ledger_path, readonly=True) as ledger:
        planted = outcomes(ledger)
        families = by_family(planted, difficulties=difficulties, command="magistrate canary recall")
        ours, theirs = _beside(ledger, {one.run: one.canary.joins for one in planted})
    told = told_apart(ours, theirs)
    of = {one.run: one.canary.family for one in planted}
    by_form = {
        family: told_apart([call for run, call in zip(of, ours, strict=True) if of[run] == family], theirs)
        for family in dict.fromkeys(of.values())
    }
    if as_json:
        click.echo(json_line({"families": families, "told_apart": told, "told_apart_by_family": by_form}))
        return
    rows = [
        (
            plain(one.family, 40) + (f", difficulty {one.difficulty}" if one.difficulty else ""),
            f"{one.recall.count}/{one.recall.n}",
            f"{one.recall.value:.0%}" if one.recall.value is not None else "-",
            f"{one.least:.0%}",
            _auroc(by_form[one.family]),
        )
        for one in families
    ]
    click.echo(table(["family, worst first", "caught", "recall", "at least (95%)", "told by form"], rows))
    silent = sum(not one.decision for one in planted)
    if silent:
        click.echo(f"{silent} without a verdict: planting was interrupted")
    if families:
        click.echo(f"\nworst family: {families[0].family}, of which at least {families[0].least:.0%} are caught (95%)")
    if told and told.value is not None:
        click.echo(f"told from real calls of the same runs by form: AUROC {_auroc(told)}")
        if told.value > TOLD:
            click.echo(f"above {TOLD}: recall on canaries is optimistic, and no bound on anything")


def _auroc(told: Estimate | None) -> str:
    return f"{told.value:.2f} [{told.low:.2f}, {told.high:.2f}]" if told and told.value is not None else "-"


def _beside(ledger: Ledger, joins: dict[str, str]) -> tuple[list[tuple[Action, str]], list[tuple[Action, str]]]:
    """Canaries, and real calls of the runs they joined by the same tools, of each run as many as canaries; each with the real run.

    As many: a run with many calls would else stand for what real calls look like, and it would tell runs apart, not canaries.
    """
    from magistrate.audit.form import beside
    from magistrate.core.records import Action

    ours: list[tuple[Action, str]] = []
    for run, real in joins.items():
        ours += [
            (event.body, real) for event in ledger.events(run, kinds=("action",)) if isinstance(event.body, Action)
        ]
    real_calls = {
        real: [event.body for event in ledger.events(real, kinds=("action",)) if isinstance(event.body, Action)]
        for real in dict.fromkeys(joins.values())
    }
    return ours, beside(ours, real_calls)


@canary.command()
@ledger_option
def reveal(ledger_path: Path | None) -> None:
    """List canaries that people ruled on: what they were, and what was said."""
    from magistrate.audit.recall import outcomes

    with opened(ledger_path, readonly=True) as ledger:
        ruled = [one for one in outcomes(ledger) if one.ruled]
    rows = [
        (plain(one.run, 60), one.canary.family, one.ruled, "caught" if one.ruled == "deny" else "missed")
        for one in ruled
    ]
    click.echo(table(["run", "family", "ruling", ""], rows) if rows else "no canary was ruled on yet")
