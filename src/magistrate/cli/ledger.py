"""`magistrate ledger`: is it whole, and out of it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from magistrate.cli.output import FOUND, json_line, plain
from magistrate.core.config import review_ledgers
from magistrate.core.errors import InputError
from magistrate.ledger import Ledger


def open_ledger(path: Path | None) -> Ledger:
    """The named ledger, or that of the newest review, for reading."""
    if path is None:
        known = review_ledgers()
        if not known:
            raise InputError(
                "no review has been made here yet", mend="run `magistrate review`, or name one with --ledger"
            )
        path = known[-1]
    return Ledger(path, readonly=True)


@click.group()
def ledger() -> None:
    """Verify a ledger, or take it elsewhere."""


@ledger.command()
@click.argument("path", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--checkpoint", default="", help="A checkpoint digest noted earlier: finds a ledger that was cut back.")
@click.option("--json", "as_json", is_flag=True, help="Problems as JSON.")
def verify(path: Path | None, checkpoint: str, as_json: bool) -> None:
    """Recompute every hash; exit with 4 when anything was changed, dropped, added or moved."""
    with open_ledger(path) as opened:
        problems = opened.verify(expected=checkpoint)
        events, runs = opened.query("SELECT count(*), count(DISTINCT run) FROM events")[0]
        newest = opened.checkpoint
    if as_json:
        click.echo(
            json_line({"ok": not problems, "events": events, "runs": runs, "checkpoint": newest, "problems": problems})
        )
    else:
        for problem in problems[:50]:
            click.echo(f"{plain(problem.where)}: {problem.what}")
        if len(problems) > 50:
            click.echo(f"... and {len(problems) - 50} more")
        click.echo(f"{'NOT WHOLE' if problems else 'whole'}: {events:,} events, {runs:,} runs, checkpoint {newest}")
    if problems:
        raise click.exceptions.Exit(FOUND)


@ledger.command()
@click.argument("path", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "kind", type=click.Choice(["jsonl", "parquet"]), default="jsonl", show_default=True)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; stdout by default (jsonl only).",
)
def export(path: Path | None, kind: str, out: Path | None) -> None:
    """Write all events as JSON lines or Parquet."""
    from magistrate.ledger.export import to_jsonl, to_parquet

    if kind == "parquet" and out is None:
        raise click.UsageError("Parquet needs a file: -o FILE")
    with open_ledger(path) as opened:
        if kind == "parquet" and out:
            count = to_parquet(opened, out)
        elif out:
            with out.open("wb") as stream:
                count = to_jsonl(opened, stream)
        else:
            count = to_jsonl(opened, sys.stdout.buffer)
    click.echo(f"{count:,} events" + (f" to {out}" if out else ""), err=True)
