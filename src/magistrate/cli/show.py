"""`magistrate show`: one run, as a timeline that a person can read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import click

from magistrate.cli.ledger import open_ledger
from magistrate.cli.output import json_line, plain, table
from magistrate.core.records import Action, Event, Message, Outcome, Ruling, RunStarted, Stop, Verdict
from magistrate.ledger.views import find_run, run_lines

_OPEN = 1000
_MARKS = {"allow": "ok  ", "deny": "DENY", "escalate": "ASK "}


@click.command()
@click.argument("run", required=False)
@click.option(
    "--ledger",
    "ledger_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Default: that of the newest review.",
)
@click.option("--width", default=160, show_default=True, help="Characters of each text; 0 for all.")
@click.option("--stopped", is_flag=True, help="Only what was denied or escalated.")
@click.option("--json", "as_json", is_flag=True, help="Events as JSON lines.")
def show(run: str | None, ledger_path: Path | None, width: int, stopped: bool, as_json: bool) -> None:
    """Show a run as a timeline; without RUN, list the runs.

    RUN is an id, or a piece of one that fits a single run.
    """
    with open_ledger(ledger_path) as ledger:
        if run is None:
            rows = [line for line in run_lines(ledger) if not stopped or line.deny or line.escalate]
            if as_json:
                for row in rows:
                    click.echo(json_line(row))
            else:
                cells = [[plain(r.run, 90), r.events, r.actions, r.allow, r.deny, r.escalate] for r in rows]
                click.echo(table(["run", "events", "actions", "allow", "deny", "escalate"], cells))
            return
        events = ledger.events(find_run(ledger, run))
        lines = (json_line(event) for event in events) if as_json else _timeline(events, width, stopped)
        for line in lines:
            click.echo(line)


def _timeline(events: Iterator[Event], width: int, stopped: bool) -> Iterator[str]:
    actions: OrderedDict[int, Event] = OrderedDict()  # a ruling may bring a later verdict on an earlier action
    for event in events:
        body = event.body
        if isinstance(body, Action):
            actions[event.n] = event
            if len(actions) > _OPEN:
                actions.popitem(last=False)
        elif isinstance(body, Verdict):
            action = actions.get(body.action)
            if action is not None and not (stopped and body.decision == "allow"):
                yield from _judged(action, body, width)
        elif isinstance(body, Ruling | Stop):
            yield _decided(event, body, width)
        elif not stopped or isinstance(body, RunStarted):
            yield from _said(event, width)


def _said(event: Event, width: int) -> Iterator[str]:
    body = event.body
    match body:
        case RunStarted():
            parts = [
                body.host,
                body.host_version,
                f"in {body.cwd}" if body.cwd else "",
                f"part of {body.parent}" if body.parent else "",
            ]
            yield f"{event.n:5}  run   {plain(event.run)}: {plain(' '.join(part for part in parts if part))}"
        case Message():
            yield f"{event.n:5}  {body.author:8} {plain(body.text, width)}"
        case Outcome():
            status = (
                "" if body.status == "ok" else f"[{body.status}{' by ' + body.refused_by if body.refused_by else ''}] "
            )
            yield f"{event.n:5}     ->    {status}{plain(body.text, width)}"
        case _:
            pass


def _decided(event: Event, body: Ruling | Stop, width: int) -> str:
    """What a person decided."""
    if isinstance(body, Ruling):
        what = f"{body.decision} #{body.action} ({body.scope}{', until ' + body.until[:16] if body.until else ''}), ticket {body.ticket}"
    else:
        what = f"{'stop' if body.stopped else 'go on'} ({body.scope})"
    why = f": {body.because}" if body.because else ""
    said = f"{body.by or 'a person'}: {what}{why}"
    return f"{event.n:5}  RULE {plain(said, width * 2)}"


def _judged(event: Event, verdict: Verdict, width: int) -> Iterator[str]:
    body = event.body
    assert isinstance(body, Action)  # noqa: S101  the caller pairs them
    yield f"{event.n:5}  {_MARKS[verdict.decision]} {plain(body.tool, 60)} {plain(json_line(body.arguments), width)}"
    ticket = f" [ticket {verdict.ticket}]" if verdict.ticket and verdict.basis != "ruling" else ""
    if verdict.basis == "ruling" and verdict.decision == "allow":
        yield f"             allow by ruling {plain(verdict.cites)}: {plain(verdict.reason, width * 2)}"
    for one in verdict.evidence.earlier:
        yield f"             goes around #{one.event}{' of ' + plain(one.run) if one.run else ''} ({one.decision}, {one.relation} target)"
    if verdict.decision != "allow":
        yield f"             {verdict.decision} by {', '.join(verdict.rules) or verdict.basis}{ticket}: {plain(verdict.reason, width * 2)}"
        yield f"             agent hears: {plain(verdict.advice, width * 2)}"
