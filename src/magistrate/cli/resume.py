"""`magistrate resume`: a stop, or the pause of a run, ends."""

from __future__ import annotations

from pathlib import Path

import click

from magistrate.cli.output import json_line, plain
from magistrate.cli.people import because_option, began, by_option, ledger_option, live_ledger, not_the_agent, who
from magistrate.cli.stop import place_of
from magistrate.core.records import Stop
from magistrate.ledger import Ledger
from magistrate.ledger.people import halts, lineage


@click.command()
@click.argument("run", required=False)
@click.option("--tree", is_flag=True, help="The whole run tree that RUN is part of: the stop of its first run.")
@click.option(
    "--all", "everything", is_flag=True, help="End the stop of everything; runs stopped by themselves stay so."
)
@because_option
@by_option
@ledger_option
@click.option("--json", "as_json", is_flag=True)
def resume(
    run: str | None,
    tree: bool,
    everything: bool,
    because: str,
    by: str,
    ledger_path: Path | None,
    as_json: bool,
) -> None:
    """End the stop of RUN, of its tree, or of everything; also the pause of a run in which too much was refused."""
    not_the_agent("resuming")
    at = began()
    with live_ledger(ledger_path, write=True) as ledger:
        place, scope = place_of(ledger, run, tree=tree, everything=everything)
        body = Stop(stopped=False, scope=scope, because=because, by=who(by), at=at)
        n = ledger.append(place, [body])[0]
        ledger.commit()
        left = _still(ledger, place, everything)
    if as_json:
        click.echo(json_line({"run": place, "n": n, "stop": body, "still_stopped": left}))
        return
    click.echo(f"resumed: {'everything' if everything else plain(place)}")
    for other in left:
        click.echo(f"still stopped: {plain(other)}")


def _still(ledger: Ledger, place: str, everything: bool) -> list[str]:
    """Stops in force that a person may have meant too: all others, or those above the run."""
    stopped = [halt for halt in halts(ledger) if not halt.lifted]
    above = {*lineage(ledger, place)[1:]}
    return [
        "everything" if h.stop.scope == "all" else h.run
        for h in stopped
        if everything or h.stop.scope == "all" or h.run in above
    ]
