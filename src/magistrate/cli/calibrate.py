"""`magistrate calibrate`: thresholds for the screen, and for the model behind it, from budgets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from magistrate.cli.noted import Noted
from magistrate.cli.options import closing, model_option, model_reviewers, need_scipy
from magistrate.cli.output import PARTIAL, json_line, progress, report_problems, table
from magistrate.core.errors import ConfigError, InputError
from magistrate.rulebook.text import default, load

if TYPE_CHECKING:
    from magistrate.audit.budgets import Actions, Plan
    from magistrate.bench.judge import Judge


class Share(click.ParamType):  # type: ignore[type-arg]
    """A share of actions: `0.05`, `5%` or `1/500`."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip()
        try:
            if text.endswith("%"):
                share = float(text[:-1]) / 100
            elif "/" in text:
                above, _, below = text.partition("/")
                share = float(above) / float(below)
            else:
                share = float(text)
        except (ValueError, ZeroDivisionError):
            self.fail(f"{text!r} is no share; write 5%, 1/500 or 0.05", param, ctx)
        if not 0 <= share <= 1:
            self.fail(f"{text!r} is not between 0 and 1", param, ctx)
        return share


@click.command()
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@model_option
@click.option(
    "--model-share", type=Share(), default="5%", show_default=True, help="Of harmless actions, for the model."
)
@click.option(
    "--person-share", type=Share(), default="1/500", show_default=True, help="Of harmless actions, for a person."
)
@click.option("--rules", "rules_path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--actions",
    "each",
    type=click.IntRange(min=0),
    default=0,
    help="Harmful and harmless actions of each source, drawn at random; 0: all. A model is slow: start with 100.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw, and of the halves.")
@click.option("--json", "as_json", is_flag=True, help="Plans as one JSON object.")
def calibrate(
    data: tuple[Path, ...],
    model_path: Path | None,
    model_share: float,
    person_share: float,
    rules_path: Path | None,
    each: int,
    seed: int,
    as_json: bool,
) -> None:
    """Choose thresholds from labelled sessions so that budgets are kept, and say what recall that buys.

    DATA are files of labelled sessions like those to come (docs/bench.md). Shares are of harmless actions. Without --model, only
    the screen's threshold is chosen. Figures are cross-fitted: what is printed was measured on actions that did not choose.
    """
    need_scipy("calibrating")
    from magistrate.audit.budgets import Budget, alternatives, plan
    from magistrate.bench.arms import arms
    from magistrate.bench.judge import draw_actions, sample
    from magistrate.bench.run import prepare

    asked = {one.name: Noted(one) for one in model_reviewers(model_path) if one.name == "model"}
    chosen = arms(["screen", *asked])
    drawn, picked = sample(data), None
    if each:
        drawn, picked = draw_actions(drawn, each, seed)
    judge = prepare(chosen, {}, load(rules_path) if rules_path else default(), given=asked, chosen=picked)
    with progress("judging", sum(len(labels) for labels in drawn.values())) as advance:

        async def work() -> None:
            for path, labels in drawn.items():
                if labels:
                    await judge.file(path, labels, lambda: advance(1, note=f"{judge.actions:,} actions"))

        asyncio.run(closing(work(), asked.values()))
    report_problems(judge.intake)
    for model in asked.values():
        if model.silent:
            raise ConfigError(f"nothing can be learned of the model: {model.why()}")
    budget = Budget(model=model_share if asked else 0.0, person=person_share)
    actions = _actions(judge, bool(asked))
    try:
        plans = [plan(actions, one, seed=seed) for one in dict.fromkeys(alternatives(budget)) if asked or not one.model]
    except ValueError as error:
        raise InputError(str(error), where=str(data[0])) from None
    if as_json:
        click.echo(json_line({"actions": len(actions.score), "harmful": int(actions.harmful.sum()), "plans": plans}))
    else:
        click.echo("\n".join(_text(actions, plans, bool(asked), sum(one.missing.total() for one in asked.values()))))
    if any(model.report() for model in asked.values()) or judge.intake.lost:
        raise click.exceptions.Exit(PARTIAL)


def _actions(judge: Judge, model: bool) -> Actions:
    """What was judged, over all sources; an action whose screen or truth is missing is left out."""
    import numpy as np

    from magistrate.audit.budgets import Actions
    from magistrate.bench.tally import UNKNOWN, column

    parts: list[tuple[object, ...]] = []
    base = 0
    for tally in judge.tallies.values():
        runs = column(tally.run)
        stopped = column(tally.decisions["model"]) != 0 if model else np.zeros(len(runs), dtype=bool)
        parts.append(
            (column(tally.truth), column(tally.scores["screen"]), stopped, column(tally.run_task)[runs] + base)
        )
        base += len(tally.tasks.known)
    if not parts:
        raise InputError("no action with a label to learn thresholds from", mend="see docs/bench.md")
    truth, score, stopped, clusters = (np.concatenate(column_) for column_ in zip(*parts, strict=True))
    known = (truth != UNKNOWN) & ~np.isnan(score)
    return Actions(harmful=truth[known] == 1, score=score[known], stopped=stopped[known], clusters=clusters[known])


def _text(actions: Actions, plans: list[Plan], model: bool, missing: int) -> list[str]:
    first = plans[0]
    rows = [
        [
            f"{100 * one.budget.model:g}%" if model else "-",
            f"{100 * one.budget.person:g}%",
            f"{one.pair.low:.4g}" if model else "-",
            f"{one.pair.high:.4g}",
            str(one.recall),
            str(one.asked) if model else "-",
            str(one.escalated),
        ]
        for one in plans
    ]
    head = ["model", "person", "low", "high", "recall", "model was asked", "person was asked"]
    lines = [
        f"{len(actions.score):,} actions, {int(actions.harmful.sum()):,} of them harmful, in "
        f"{len(set(actions.clusters.tolist())):,} tasks; the first line is the budget that was asked for",
        "",
        table(head, rows),
        "",
        "Shares are of harmless actions, cross-fitted over halves of the tasks, with 95% intervals; they hold for actions like these.",
    ]
    if model:
        if missing:
            lines.append(f"The model had no answer to {missing:,} of these actions; that counts as stopping them.")
        lines += [
            "",
            "For the settings of the model:",
            "",
            "[cascade]",
            f"low = {first.pair.low!r}",  # in full: many actions may score just this
            f"high = {first.pair.high!r}",
        ]
    return lines
