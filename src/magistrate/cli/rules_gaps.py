"""`magistrate rules gaps`: what recorded actions did that no rule covers, what people ruled on it, and rules drafted from that."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from magistrate.cli.law import law_in_force, law_ledger, law_ledger_option, signers_option
from magistrate.cli.options import rulebook_at
from magistrate.cli.output import json_line, plain, table


@click.command()
@law_ledger_option
@signers_option
@click.option("--rules", "rules_path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--top", default=10, show_default=True, help="How many groups to print.")
@click.option("--draft", type=click.IntRange(1), help="Draft a rule from the group of this number.")
@click.option("--json", "as_json", is_flag=True, help="One group a line.")
def gaps(
    ledger_path: Path | None, folder: Path | None, rules_path: Path | None, top: int, draft: int | None, as_json: bool
) -> None:
    """List what no rule covers, grouped by what a rule could say, with what people ruled on it."""
    from magistrate.law.drafts import draft as drafted
    from magistrate.law.gaps import gaps as find
    from magistrate.law.gaps import legislation
    from magistrate.ledger import Ledger

    rulebook = rulebook_at(rules_path) if rules_path else law_in_force(ledger_path, folder).rulebook
    with contextlib.closing(Ledger(law_ledger(ledger_path), readonly=True)) as ledger:
        found = find(ledger, rulebook)
        if draft:
            if draft > len(found):
                raise click.UsageError(f"there are {len(found)} groups")
            click.echo(drafted(ledger, found[draft - 1], rulebook), nl=False)
            return
        if as_json:
            for gap in found:
                click.echo(json_line(gap))
            return
        bench = legislation(ledger, rulebook)
    rows = [
        [
            at,
            gap.effect,
            gap.target_kind,
            gap.scope,
            gap.stance,
            ", ".join(plain(tool, 24) for tool, _ in gap.tools),
            f"{gap.actions:,}",
            f"{gap.runs:,}",
            gap.allowed,
            gap.denied,
            gap.waiting,
        ]
        for at, gap in enumerate(found[:top], 1)
    ]
    header = [
        "",
        "effect",
        "target",
        "where",
        "person said",
        "tools",
        "actions",
        "runs",
        "allowed",
        "denied",
        "waiting",
    ]
    click.echo(table(header, rows, left=6) if rows else "no gap: every recorded effect is covered")
    click.echo(f"\n{len(found)} groups; revision {rulebook.revision[:19]}; `--draft N` drafts a rule from group N")
    click.echo("\n".join(_rate(bench)))


def _rate(bench: object) -> list[str]:
    from importlib.util import find_spec

    from magistrate.law.gaps import Legislation

    assert isinstance(bench, Legislation)  # noqa: S101
    made = bench.no_rule + bench.not_bearing
    told = [
        f"law made by the bench: {made:,} of {bench.verdicts:,} verdicts ({bench.no_rule:,} with no rule, "
        f"{bench.not_bearing:,} cite a rule that does not bear on the action's effects); "
        f"{bench.judgement:,} cite a rule of judgement, of which code cannot tell"
    ]
    if find_spec("scipy") is None:
        return [*told, "its interval needs scipy: pip install 'magistrate[audit]'"]
    from magistrate.report.changes import total

    rate = total("rate", bench.trees, bench.hits)
    return [
        *told,
        f"rate {rate.exact} exact; for runs like these [{rate.clustered.low:.1%}, {rate.clustered.high:.1%}]",
    ]
