"""`magistrate bench`: reviewers side by side on labelled sessions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from magistrate.bench.arms import Key, Said, arms, read_scores
from magistrate.bench.judge import draw_actions, sample
from magistrate.bench.reviewers import names
from magistrate.bench.run import bench as run_bench
from magistrate.bench.run import prepare
from magistrate.bench.text import text
from magistrate.cli.options import closing, model_option, model_reviewers, need_scipy
from magistrate.cli.output import PARTIAL, json_line, progress, report_problems
from magistrate.rulebook.text import default, load

_ANCHORS = "allow-all,block-all,rules"


@click.command()
@click.argument("data", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--reviewers",
    "named",
    help=f"Arms, by commas; members that decide together, by +. Default: {_ANCHORS}, and what --scores names.",
)
@click.option("--scores", "given", multiple=True, metavar="NAME=FILE", help="Scores of another program, as an arm.")
@click.option("--rules", "rules_path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--limit", type=click.IntRange(min=0), default=0, help="Runs of each source, drawn at random; 0: all.")
@click.option(
    "--actions",
    "each",
    type=click.IntRange(min=0),
    default=0,
    help="Harmful and harmless actions of each source, drawn at random, for reviewers that are slow; 0: all.",
)
@model_option
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw.")
@click.option(
    "--cluster",
    "clusters",
    type=click.Choice(["auto", "group", "task", "run"]),
    default="auto",
    show_default=True,
    help="What intervals take for independent. auto: groups if there are ten, else tasks.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything, as one JSON object.")
@click.option("--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with figures.")
def bench(
    data: tuple[Path, ...],
    named: str | None,
    given: tuple[str, ...],
    rules_path: Path | None,
    limit: int,
    each: int,
    model_path: Path | None,
    seed: int,
    clusters: str,
    as_json: bool,
    html_path: Path | None,
) -> None:
    """Measure reviewers on labelled sessions, each figure with its interval.

    DATA are files of labelled sessions (docs/bench.md). A reviewer never sees a label. Sources are reported one by one and
    never pooled. Scores of another program are JSON lines: run, step, call, score, decision, latency_us.
    """
    need_scipy("the bench")
    recorded = dict(_recorded(entry) for entry in given)
    chosen = arms(named.split(",") if named else [*_ANCHORS.split(","), *recorded])
    if clash := set(recorded) & set(names()):
        raise click.UsageError(f"--scores {', '.join(sorted(clash))}: a reviewer has this name")
    members = {name for arm in chosen for name in arm.members} - set(recorded)
    asked = {one.name: one for one in model_reviewers(model_path) if one.name in members}
    drawn, picked = sample(data, limit=limit, seed=seed), None
    if each:
        drawn, picked = draw_actions(drawn, each, seed)
    judge = prepare(chosen, recorded, load(rules_path) if rules_path else default(), given=asked, chosen=picked)
    with progress("judging", sum(len(labels) for labels in drawn.values())) as advance:
        work = run_bench(
            judge,
            drawn,
            chosen,
            advance=lambda: advance(1, note=f"{judge.actions:,} actions"),
            clusters=clusters,  # type: ignore[arg-type]
            limit=limit,
            drawn=each,
            seed=seed,
        )
        results = asyncio.run(closing(work, asked.values()))
    report_problems(judge.intake)
    if html_path:
        from magistrate.report.bench_page import bench_page

        html_path.write_text(bench_page(results), encoding="utf-8")
    click.echo(json_line(results) if as_json else text(results))
    if html_path:
        click.echo(f"page {html_path}", err=as_json)
    if judge.intake.lost:
        raise click.exceptions.Exit(PARTIAL)


def _recorded(entry: str) -> tuple[str, dict[Key, Said]]:
    name, equals, path = entry.partition("=")
    if not (name and equals and path) or "+" in name or "," in name:
        raise click.UsageError(f"--scores {entry!r}: expected NAME=FILE, the name without + and comma")
    if not Path(path).is_file():
        raise click.UsageError(f"--scores {name}: no file {path}")
    return name, read_scores(Path(path))
