"""`magistrate rules`: read the law, and test it."""

from __future__ import annotations

from pathlib import Path

import click

from magistrate.cli.options import rulebook_at
from magistrate.cli.output import FOUND, json_line, plain, table
from magistrate.core.records import AUTHORITY_ORDER
from magistrate.gate import judge_example
from magistrate.rulebook.check import check as check_examples

_PATH = click.argument("path", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))


@click.group()
def rules() -> None:
    """Read a rulebook and test it; PATH defaults to the shipped one."""


@rules.command("list")
@_PATH
@click.option("--json", "as_json", is_flag=True, help="One rule a line.")
def list_(path: Path | None, as_json: bool) -> None:
    """List the rules with their authority and what they decide."""
    rulebook = rulebook_at(path)
    if as_json:
        for rule in rulebook.rules:
            click.echo(json_line(rule))
        return
    rows = []
    for rule in sorted(rulebook.rules, key=lambda rule: AUTHORITY_ORDER.index(rule.authority)):
        decisions = ", ".join(dict.fromkeys(match.decision for match in rule.matches))
        rows.append(
            [
                rule.id,
                rule.authority,
                decisions or ("deny" if rule.authority == "bright-line" else "judgement"),
                rule.title,
            ]
        )
    click.echo(table(["rule", "authority", "decides", "title"], rows, left=4))
    click.echo(f"\n{len(rulebook.rules)} rules, revision {rulebook.revision}")


@rules.command()
@_PATH
@click.option("--json", "as_json", is_flag=True, help="One example a line.")
def check(path: Path | None, as_json: bool) -> None:
    """Run every rule's examples through evidence and gate; exit with 4 when one comes out otherwise."""
    rulebook = rulebook_at(path)
    results = check_examples(rulebook, judge_example)
    failed = [result for result in results if not result.ok]
    for result in results if as_json else failed:
        if as_json:
            click.echo(json_line(result))
        else:
            click.echo(
                f"{path or 'default rulebook'}:{result.example.line}: {result.rule}: {plain(result.problem, 400)}"
            )
    if not as_json:
        click.echo(
            f"{len(results) - len(failed)} of {len(results)} examples come out as they say, {len(rulebook.rules)} rules"
        )
    if failed:
        raise click.exceptions.Exit(FOUND)
