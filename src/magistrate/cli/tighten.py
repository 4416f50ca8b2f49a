"""`magistrate tighten`: a class of actions goes to a person from here on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from magistrate.cli.output import json_line, plain
from magistrate.cli.people import because_option, began, by_option, ledger_option, live_ledger, not_the_agent, who
from magistrate.core.errors import InputError
from magistrate.core.records import EffectKind, Tightening
from magistrate.ledger.people import SWITCH
from magistrate.ledger.tightenings import Tightened, in_force, in_words, tightenings
from magistrate.ledger.views import find_run

if TYPE_CHECKING:
    from magistrate.ledger import Ledger


@click.command()
@click.option(
    "--effect", "effects", multiple=True, type=click.Choice(get_args(EffectKind)), help="Actions with this effect."
)
@click.option("--rule", "rules", multiple=True, help="What this rule allows.")
@click.option("--host", "hosts", multiple=True, help="At this host only.")
@click.option("--run", "runs", multiple=True, help="In this run and its sub-agents only; an id or a piece of one.")
@click.option("--lift", default="", help="End the tightening with this id (--status lists them).")
@click.option("--status", is_flag=True, help="What is tightened, since when, by whom, and what came of it.")
@because_option
@by_option
@ledger_option
@click.option("--json", "as_json", is_flag=True)
def tighten(
    effects: Sequence[EffectKind],
    rules: Sequence[str],
    hosts: Sequence[str],
    runs: Sequence[str],
    lift: str,
    status: bool,
    because: str,
    by: str,
    ledger_path: Path | None,
    as_json: bool,
) -> None:
    """Have what would be allowed, and is of a class, escalate from now on, with a server and without, until it is lifted.

    Each option may be given again; an action is of the class when it fits one of each kind of option given. An alarm can do the
    same (docs/measuring.md). No verdict gets milder by it; what is denied or waits already stays as it is.
    """
    if status:
        with live_ledger(ledger_path) as ledger:
            for one in tightenings(ledger):
                click.echo(json_line(one) if as_json else "\n".join(_lines(one)))
        return
    if bool(lift) == bool(effects or rules or hosts or runs):
        raise click.UsageError("name a class by --effect, --rule, --host or --run; or --lift ID; or --status")
    at = began()
    if lift:
        not_the_agent("lifting")
    with live_ledger(ledger_path, write=True) as ledger:
        if lift:
            body = Tightening(lifts=_found(ledger, lift).id, because=because, by=who(by), at=at)
        else:
            named = tuple(find_run(ledger, run) for run in runs)
            body = Tightening(
                effects=tuple(effects), rules=tuple(rules), hosts=tuple(hosts), runs=named, because=because, by=who(by), at=at
            )  # fmt: skip
        n = ledger.append(SWITCH, [body])[0]
        ledger.commit()
    if as_json:
        click.echo(json_line({"id": f"{SWITCH}#{n}", "tightening": body}))
    elif lift:
        click.echo(f"lifted: {body.lifts}")
    else:
        click.echo(f"tightened: {plain(in_words(body))} escalates (magistrate tighten --lift {SWITCH}#{n})")


def _found(ledger: Ledger, name: str) -> Tightened:
    """The tightening in force with this id, or number. Raises InputError."""
    held = in_force(tightenings(ledger))
    for one in held:
        if name in (one.id, one.id.rpartition("#")[2]):
            return one
    there = ", ".join(one.id for one in held) or "none"
    raise InputError(f"no tightening {name!r} is in force", mend=f"there are: {there}")


def _lines(one: Tightened) -> list[str]:
    state = f"until {one.lifted[:19]} (lifted by {plain(one.lifted_by, 60)})" if one.lifted else "in force"
    lines = [
        f"{one.id}  {plain(in_words(one.body), 200)}: escalates since {one.written[:19]} by {plain(one.body.by, 60)}, {state}"
    ]
    if one.body.because:
        lines.append(f"    because: {plain(one.body.because, 200)}")
    lines.append(f"    {one.escalated} escalated for it")
    return lines
