"""`magistrate probe`: does a reviewer follow its prompt?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from magistrate.cli.options import closing, model_option, model_reviewers, rulebook_at, rules_option
from magistrate.cli.output import json_line, plain, progress, table
from magistrate.core.errors import ConfigError

if TYPE_CHECKING:
    from magistrate.audit.probes import Followed, Pair
    from magistrate.core.protocols import Case, Reviewer
    from magistrate.core.records import Rule, Rulebook


@click.group()
def probe() -> None:
    """Ask a reviewer what it would say if something were otherwise, and compare."""


@probe.command()
@rules_option
@model_option
@click.option("--rule", "only", multiple=True, help="This rule; may be given again. Default: all that have examples.")
@click.option("--json", "as_json", is_flag=True, help="Pairs and figures as one JSON object.")
def rules(rules_path: Path | None, model_path: Path | None, only: tuple[str, ...], as_json: bool) -> None:
    """Does the model follow the rules it is shown?

    Each rule's violating examples are judged twice: under the rulebook, and under the same with that rule turned round. S is how
    much more often they are flagged under the first; near 0, the model does not read the rule. Answers are kept, so that asking
    again costs nothing.
    """
    if model_path is None:
        raise click.UsageError("name the model to probe: --model SETTINGS")
    if find_spec("scipy") is None:
        raise ConfigError("intervals need scipy: pip install 'magistrate[audit]'")
    from magistrate.audit.probes import by_rule

    book = rulebook_at(rules_path)
    unknown = set(only) - {rule.id for rule in book.rules}
    if unknown:
        raise click.UsageError(f"no rule {', '.join(sorted(unknown))}")
    asked = [one for one in model_reviewers(model_path) if one.name == "model"]
    pairs = asyncio.run(closing(_ask(asked[0], list(cases(book, only))), asked))
    found = by_rule(pairs)
    click.echo(json_line({"pairs": pairs, "rules": found}) if as_json else "\n".join(_text(found)))


def cases(book: Rulebook, only: tuple[str, ...] = ()) -> Iterator[tuple[Rule, Case]]:
    """Each rule's violating examples as cases for a reviewer. Bright lines are code: no reviewer is asked about them."""
    from magistrate.gate import example_case

    for rule in book.rules:
        if rule.authority != "bright-line" and (not only or rule.id in only):
            for example in rule.examples:
                if not example.complies:
                    yield rule, example_case(book, example)


async def _ask(reviewer: Reviewer, all_cases: list[tuple[Rule, Case]]) -> list[Pair]:
    from magistrate.audit.probes import ask

    pairs = []
    with progress("probing", len(all_cases)) as advance:
        async for pair in ask(reviewer, all_cases):
            pairs.append(pair)
            advance(1, note=pair.rule)
    return pairs


def _text(found: list[Followed]) -> list[str]:
    says = {True: "follows", False: "does not follow", None: "too few to say"}
    rows = [
        [
            plain(one.rule, 40) or "all together",
            f"{one.n}",
            f"{one.missing}",
            f"{one.forbid}",
            f"{one.permit}",
            "-"
            if one.sensitivity.value is None
            else f"{one.sensitivity.value:.2f} [{one.sensitivity.low:.2f}, {one.sensitivity.high:.2f}]",
            says[one.follows],
        ]
        for one in found
    ]
    return [
        table(
            ["rule", "cases", "no answer", "flagged: rule holds", "flagged: rule lifted", "S, 95% interval", ""], rows
        ),
        "",
        "Cases are the rulebook's own examples. A rule is followed when the lower limit of S is at least 0.8.",
    ]
