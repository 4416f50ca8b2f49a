"""`magistrate review`: finished sessions through the gate."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from magistrate.cli.options import closing, model_option, reviewers, rulebook_at, rules_option, screen_option
from magistrate.cli.output import FOUND, PARTIAL, json_line, plain, progress, report_problems, table
from magistrate.core.config import state_dir
from magistrate.core.intake import Intake
from magistrate.core.processes import available
from magistrate.core.records import Rulebook
from magistrate.evidence.ahead import Crew
from magistrate.gate import STRICTNESS, Gate, describe
from magistrate.hosts import sessions
from magistrate.hosts.discover import own_history
from magistrate.ledger import Ledger
from magistrate.lookback import Judged, look_back
from magistrate.report.summary import Summary

MAX_PROCESSES = 4
"""By default: more see faster than one can judge."""


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@rules_option
@screen_option
@model_option
@click.option(
    "--ledger",
    "ledger_path",
    type=click.Path(path_type=Path),
    help="Ledger to write to; a new one in the state folder is the default.",
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON an action on stdout.")
@click.option(
    "--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write one self-contained page."
)
@click.option("--top", default=10, show_default=True, help="How many of the most serious to print.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=min(available(), MAX_PROCESSES),
    help=f"How many work out evidence, once a second was not enough; as many as there are cores, at most {MAX_PROCESSES}, by default.",
)
@click.option(
    "--fail-on", type=click.Choice(["deny", "escalate"]), help="Exit with 4 when a verdict is this or stricter."
)
def review(
    paths: tuple[Path, ...],
    rules_path: Path | None,
    screen: bool,
    model_path: Path | None,
    ledger_path: Path | None,
    as_json: bool,
    html_path: Path | None,
    top: int,
    processes: int,
    fail_on: str | None,
) -> None:
    """Review finished agent sessions: what would have been stopped, and why.

    PATHS are files or folders: Claude Code and Codex sessions, Inspect logs, OpenAI chat messages, ATIF, AgentDojo runs,
    labelled sessions. Without any, your own Claude Code and Codex history is reviewed. Nothing is executed.
    """
    chosen = list(paths) or own_history()
    if not chosen:
        raise click.UsageError("no Claude Code or Codex history found here; name files or folders to review")
    rulebook = rulebook_at(rules_path)
    where = ledger_path or state_dir() / "reviews" / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.db"
    intake, summary = Intake(), Summary()
    asked = reviewers(screen, model_path)
    with Ledger(where) as ledger, few_collections(), Crew(processes) as crew:
        gate = Gate(rulebook, ledger, reviewers=asked, durable=False)
        asyncio.run(closing(_review(chosen, gate, crew, intake, summary, as_json), asked))
        checkpoint = ledger.checkpoint
    report_problems(intake)
    if html_path:
        from magistrate.report.page import review_page

        html_path.write_text(review_page(summary, rulebook, intake, str(where)), encoding="utf-8")
    lines = _text(summary, rulebook, intake, top)
    lines += ["", f"ledger     {where}", f"checkpoint {checkpoint}"] + (
        [f"page       {html_path}"] if html_path else []
    )
    click.echo("\n".join(lines), err=as_json)
    if not summary.runs and intake.lost:
        raise click.exceptions.Exit(1)
    if intake.lost:
        raise click.exceptions.Exit(PARTIAL)
    if fail_on and any(STRICTNESS[d] >= STRICTNESS[fail_on] for d in summary.decisions):  # type: ignore[index]
        raise click.exceptions.Exit(FOUND)


@contextmanager
def few_collections() -> Iterator[None]:
    """Look for garbage in cycles seldom: a look-back makes next to none, and walking all that it knows costs a tenth of its time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _review(paths: list[Path], gate: Gate, crew: Crew, intake: Intake, summary: Summary, as_json: bool) -> None:
    run, shown = "", 0
    with progress("reviewing", 1.0) as advance:
        async for judged in look_back(sessions(paths, intake), gate, begin=summary.begin, crew=crew):
            summary.add(judged.run, judged.started, judged.action, judged.verdict, judged.outcome)
            if as_json:
                click.echo(json_line(_line(judged)))
            if judged.run != run:
                run = judged.run
                position = max(shown, intake.position)
                advance((position - shown) / max(intake.size, 1), f"{summary.runs:,} runs, {summary.actions:,} actions")
                shown = position


def _line(judged: Judged) -> dict[str, Any]:
    """One action for other programs."""
    verdict = judged.verdict
    return {
        "run": judged.run,
        "n": verdict.action,
        "host": judged.started.host,
        "role": judged.started.role,
        "source": judged.started.source,
        "call_id": judged.action.call_id,
        "tool": judged.action.tool,
        "decision": verdict.decision,
        "basis": verdict.basis,
        "rules": verdict.rules,
        "reason": verdict.reason,
        "facts": [describe(fact) for fact in verdict.evidence.facts],
        "outcome": judged.outcome,
        "revision": verdict.revision,
        "scores": {opinion.reviewer: opinion.score for opinion in verdict.opinions},
        "latency_us": verdict.latency_us,
    }


def _text(summary: Summary, rulebook: Rulebook, intake: Intake, top: int) -> list[str]:
    count = summary.decisions
    hosts = ", ".join(f"{host} {n:,}" for host, n in summary.hosts.most_common())
    lines = [
        f"{summary.runs:,} runs ({hosts or 'none'}), {summary.actions:,} actions",
        f"allow {count['allow']:,}   deny {count['deny']:,}   escalate {count['escalate']:,}"
        f"   (no rule covers {summary.bases['no-rule']:,}; could not be judged {summary.bases['unavailable']:,})",
    ]
    if summary.reviewer_runs:
        lines.append(
            f"kept apart: {summary.reviewer_runs:,} review sessions of the host, {summary.reviewer_actions:,} actions"
        )
    if intake.count:
        lines.append(f"problems: {intake.count:,}, of which {intake.lost:,} lost a record")
    lines.append(f"rulebook {rulebook.title or 'untitled'} {rulebook.revision[:19]}")
    if rows := [row for row in summary.rules() if row[1] or row[2]]:
        lines += ["", table(["rule", "deny", "escalate", "allow"], rows)]
    if summary.uncovered:
        lines += ["", table(["effects that no rule covers", "actions"], summary.uncovered.most_common(8))]
    worst = summary.worst(top)
    if worst:
        lines += ["", f"the {len(worst)} most serious"]
    for at, stopped in enumerate(worst, start=1):
        verdict = stopped.verdict
        lines += [
            f"{at:3}. {verdict.decision:8} {plain(stopped.run, 70)} #{stopped.n}  {plain(stopped.action.tool, 40)}",
            f"     {plain(json_line(stopped.action.arguments), 150)}",
            f"     {plain(verdict.reason, 220)}",
        ]
    return lines
