"""`magistrate queue`: what waits for a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from magistrate.audit.frame import canaries
from magistrate.audit.recall import in_words_after
from magistrate.cli.output import json_line, plain
from magistrate.cli.people import age, ledger_option, live_ledger, one_line
from magistrate.core.records import Ruling
from magistrate.evidence.sameness import key
from magistrate.ledger.people import Question, questions
from magistrate.ledger.tightenings import in_force, in_words, tightenings
from magistrate.review.human import Asked, Rulings, binding
from magistrate.verdicts import describe

_DAYS = 7


@click.command()
@ledger_option
@click.option("--denied", is_flag=True, help="Also what rules deny outright, and a person could allow.")
@click.option("--all", "everything", is_flag=True, help="Also what has been answered.")
@click.option("--days", type=click.IntRange(min=1), default=_DAYS, show_default=True, help="No older than this.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON each.")
def queue(ledger_path: Path | None, denied: bool, everything: bool, days: int, as_json: bool) -> None:
    """List the actions that wait for a ruling, oldest first."""
    since = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
    shown = 0
    with live_ledger(ledger_path) as ledger:
        rulings = Rulings()
        for event in ledger.events(kinds=("ruling",)):
            if isinstance(event.body, Ruling):
                rulings.add(event.body, event.run, event.n)
        planted = canaries(ledger)
        for found in questions(ledger, since=since, waiting=not everything, denied=denied or everything):
            if (canary := planted.get(found.run)) and canary.must_reach != "person":
                continue  # whoever planted it asks the gate, and nobody else
            if not everything and rulings.about(_asked(found)):
                continue  # a ruling on another covers it: the next try goes through
            shown += 1
            told = in_words_after(canary, found.answer.decision) if canary and found.answer else ""
            click.echo(json_line(_row(found, told)) if as_json else "\n".join(_lines(found, told)))
        held = in_force(tightenings(ledger))
    if not as_json:
        for one in held:
            click.echo(
                f"escalates for now: {plain(in_words(one.body), 160)}, since {one.written[:19]} by {plain(one.body.by, 60)}"
                f" (magistrate tighten --lift {one.id})"
            )
        click.echo(
            "nothing waits" if not shown else f"\n{shown} to rule on: magistrate rule TICKET allow|deny --because ..."
        )


def _asked(found: Question) -> Asked:
    return Asked(
        tree=found.tree,
        binds=binding(found.action, found.started.cwd),
        cwd=found.started.cwd,
        tool=found.action.tool,
        server=found.action.server,
        effects=tuple(fact.effect for fact in found.verdict.evidence.facts),
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
    )


def _row(found: Question, planted: str) -> dict[str, object]:
    verdict = found.verdict
    return {
        "ticket": found.ticket,
        "run": found.run,
        "tree": found.tree,
        "host": found.started.host,
        "cwd": found.action.cwd or found.started.cwd,
        "at": found.at,
        "n": verdict.action,
        "times": found.asked,
        "tool": found.action.tool,
        "arguments": found.action.arguments,
        "decision": verdict.decision,
        "basis": verdict.basis,
        "rules": verdict.rules,
        "reason": verdict.reason,
        "facts": [describe(fact) for fact in verdict.evidence.facts],
        "targets": [key(fact.effect) for fact in verdict.evidence.facts],
        "answer": found.answer.decision if found.answer else "",
        "settled": found.settled,
    } | ({"planted": planted} if planted else {})


def _lines(found: Question, planted: str) -> list[str]:
    verdict = found.verdict
    state = found.answer.decision if found.answer else found.settled
    head = f"{found.ticket}  {age(found.at):>6}  {plain(found.run, 80)}"
    head += f"  tried {found.asked} times" if found.asked > 1 else ""
    head += f"  [{state}]" if state else ""
    return [
        head,
        f"          {one_line(found.action, 160)}",
        f"          {verdict.decision} by {', '.join(verdict.rules) or verdict.basis}: {plain(verdict.reason, 240)}",
        *([f"          {planted}"] if planted else []),
    ]
