"""`magistrate rule`: a person's answer to what waits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from magistrate.audit.frame import canaries
from magistrate.audit.recall import in_words_after
from magistrate.cli.output import json_line, plain
from magistrate.cli.people import because_option, by_option, ledger_option, live_ledger, not_the_agent, one_line, who
from magistrate.core.canon import now
from magistrate.core.errors import InputError
from magistrate.core.records import Ruling
from magistrate.docket import Docket
from magistrate.ledger import Ledger
from magistrate.ledger.people import Question, question
from magistrate.review.human import draw_up, in_words, lasting, same_ticket
from magistrate.verdicts import describe


@click.command()
@click.argument("ticket")
@click.argument("decision", type=click.Choice(["allow", "deny"]))
@click.option(
    "--scope",
    type=click.Choice(["once", "run", "project"]),
    default="once",
    show_default=True,
    help="This very action; actions like it in this run and its sub-agents; actions like it in this project folder.",
)
@click.option("--until", default="", help="30m, 2h, 7d or a time. Default: a day, a week, or 30 days, by scope.")
@because_option
@by_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask back.")
@click.option("--dry-run", is_flag=True, help="Only show what the ruling would cover.")
@ledger_option
@click.option("--json", "as_json", is_flag=True, help="The ruling as JSON.")
def rule(
    ticket: str,
    decision: Literal["allow", "deny"],
    scope: Literal["once", "run", "project"],
    until: str,
    because: str,
    by: str,
    yes: bool,
    dry_run: bool,
    ledger_path: Path | None,
    as_json: bool,
) -> None:
    """Allow or deny what waits under TICKET (`magistrate queue` lists them).

    What the ruling will cover is shown before it is written. An agent that waits goes on at once; another has to try again.
    """
    not_the_agent("ruling")
    at = now()
    with live_ledger(ledger_path, write=True) as ledger:
        found = question(ledger, same_ticket(ticket))
        if found.verdict.basis == "bright-line":
            raise InputError(f"{ticket}: a bright line, which nobody waives")
        ruling = draw_up(
            run=found.run,
            started=found.started,
            tree=found.tree,
            action=found.action,
            verdict=found.verdict,
            number=found.n,
            decision=decision,
            scope=scope,
            by=who(by),
            until=lasting(until, scope, at),
            at=at,
        )
        for line in _shown(ledger, found, ruling):
            click.echo(line, err=as_json)
        if dry_run:
            return
        asked = sys.stdin.isatty() and not yes
        if not because and asked:
            because = click.prompt("Why", err=True)
        if not because.strip():
            raise click.UsageError("say why: --because ...")
        if asked and not click.confirm("Write this ruling?", err=True):
            raise click.Abort
        ruling = _because(ruling, because)
        n = ledger.append(found.run, [ruling])[0]
        ledger.commit()
        canary = canaries(ledger).get(found.run)
    told = in_words_after(canary, decision) if canary else ""
    if as_json:
        click.echo(json_line({"run": found.run, "n": n, "ruling": ruling} | ({"planted": told} if told else {})))
    else:
        click.echo("\n".join([f"ruled: {found.run}#{n}", *([told] if told else [])]))


def _because(ruling: Ruling, because: str) -> Ruling:
    from msgspec.structs import replace

    return replace(ruling, because=because.strip())


def _shown(ledger: Ledger, found: Question, ruling: Ruling) -> list[str]:
    verdict = found.verdict
    lines = [
        f"{plain(found.run, 100)} #{verdict.action}, {found.started.host} in {plain(found.action.cwd or found.started.cwd, 100)}",
        f"  {one_line(found.action, 600)}",
        *[f"  {plain(describe(fact), 300)}" for fact in verdict.evidence.facts[:12]],
        f"  {verdict.decision} by {', '.join(verdict.rules) or verdict.basis}: {plain(verdict.reason, 400)}",
    ]
    if found.answer:
        lines.append(f"  ruled before: {found.answer.decision} by {plain(found.answer.by, 60)}; the newer ruling holds")
    lines += ["", *[plain(line, 300) for line in in_words(ruling)]]
    paused = Docket(ledger).resumed(found.run).tree.standing(found.run).paused
    if paused and ruling.decision == "allow":
        lines.append(f"Ends the pause of the run ({paused}).")
    return lines
