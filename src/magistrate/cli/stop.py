"""`magistrate stop`: from here on everything is denied."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from magistrate.cli.output import json_line, plain
from magistrate.cli.people import because_option, began, by_option, ledger_option, live_ledger, who
from magistrate.core.records import Stop
from magistrate.ledger import Ledger
from magistrate.ledger.people import SWITCH, Halt, halts, lineage
from magistrate.ledger.views import find_run


@click.command()
@click.argument("run", required=False)
@click.option("--tree", is_flag=True, help="The whole run tree that RUN is part of.")
@click.option("--all", "everything", is_flag=True, help="Every run, also those that begin later.")
@because_option
@by_option
@click.option("--status", is_flag=True, help="What is stopped, and how soon each stop took hold.")
@ledger_option
@click.option("--json", "as_json", is_flag=True)
def stop(
    run: str | None,
    tree: bool,
    everything: bool,
    because: str,
    by: str,
    status: bool,
    ledger_path: Path | None,
    as_json: bool,
) -> None:
    """Deny everything from now on in RUN and its sub-agents, in its whole tree, or everywhere.

    It holds with a server and without, and until `magistrate resume`. RUN is an id or a piece of one.
    """
    if status:
        with live_ledger(ledger_path) as ledger:
            for halt in halts(ledger):
                click.echo(json_line(halt) if as_json else "\n".join(_lines(halt)))
        return
    at = began()
    with live_ledger(ledger_path, write=True) as ledger:
        place, scope = place_of(ledger, run, tree=tree, everything=everything)
        body = Stop(stopped=True, scope=scope, because=because, by=who(by), at=at)
        n = ledger.append(place, [body])[0]
        ledger.commit()
        written = ledger.event(place, n)
    click.echo(
        json_line({"run": place, "n": n, "stop": body, "written": written.at if written else ""})
        if as_json
        else f"stopped: {'everything' if everything else plain(place)} (magistrate resume {'--all' if everything else plain(place)})"
    )


def place_of(
    ledger: Ledger, run: str | None, *, tree: bool, everything: bool
) -> tuple[str, Literal["run", "tree", "all"]]:
    """Where a stop has to stand, and its scope. Raises InputError for an unknown run, UsageError for a wrong mix."""
    if everything == bool(run) or (everything and tree):
        raise click.UsageError("name a RUN, or --all")
    if everything:
        return SWITCH, "all"
    found = find_run(ledger, run or "")
    return (lineage(ledger, found)[-1], "tree") if tree else (found, "run")


def _lines(halt: Halt) -> list[str]:
    what = "everything" if halt.stop.scope == "all" else f"{plain(halt.run)} ({halt.stop.scope})"
    state = f"until {halt.lifted[:19]}" if halt.lifted else "in force"
    lines = [f"{what}: stopped {halt.stop.at[:23]} by {plain(halt.stop.by, 60)}, {state}"]
    if halt.stop.because:
        lines.append(f"    because: {plain(halt.stop.because, 200)}")
    lines.append(f"    written {halt.writing:.3f} s after the command; {halt.allowed_after} allowed since then")
    if halt.seconds is not None:
        lines.append(
            f"    first refusal {halt.seconds:.3f} s after the command ({plain(halt.first_refused)}); {halt.refused} refused"
        )
    else:
        lines.append("    nothing was tried since")
    return lines
