"""`magistrate demo`: the main job on real environments, with figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from magistrate.audit.estimate import Estimate, proportion
from magistrate.cli.options import reviewers, rulebook_at, rules_option, screen_option
from magistrate.cli.output import json_line, progress, table
from magistrate.core.records import Action, RunStarted, Verdict
from magistrate.demo import ATTACK, INJECTED, VERSION, Played, Row, Watch, play_suite, playable, size, suites, tally
from magistrate.gate import Gate
from magistrate.ledger import Ledger
from magistrate.report.summary import Summary


@click.command()
@click.option("--suite", "names", multiple=True, help="Only this suite; may be given again.")
@click.option(
    "--attack", default=ATTACK, show_default=True, help="AgentDojo attack whose wording carries the injections."
)
@rules_option
@screen_option
@click.option(
    "--ledger", "ledger_path", type=click.Path(path_type=Path), help="Ledger to write to; in memory by default."
)
@click.option("--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the page.")
@click.option(
    "--report", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write a supervision report."
)
@click.option("--json", "as_json", is_flag=True, help="The table as JSON.")
def demo(
    names: tuple[str, ...],
    attack: str,
    rules_path: Path | None,
    screen: bool,
    ledger_path: Path | None,
    html_path: Path | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Run AgentDojo's real environments through the gate.

    An agent plays each user task's known calls; in the attacked arm it falls for every injection it reads. The figures say
    what the gate alone stops, and what it costs the user's own tasks. Needs no key and no network.
    """
    chosen = suites(names)
    rulebook = rulebook_at(rules_path)
    summary, plays, silent = Summary(), list[Played](), 0
    truth: dict[tuple[str, int], bool] = {}
    reported = ""
    with Ledger(ledger_path or ":memory:") as ledger:
        gate = Gate(rulebook, ledger, reviewers=reviewers(screen), durable=False)
        with progress("playing", sum(size(suite) for suite in chosen.values())) as advance:
            for suite in chosen.values():
                silent += len(playable(suite)[1]) * len(suite.user_tasks)
                for play in play_suite(suite, gate, _watch(summary, truth), attack=attack):
                    plays.append(play)
                    advance(1, note=f"{play.suite} {play.user_task}")
        if folder:
            from magistrate.demo_report import demo_report

            ledger.commit()
            reported = demo_report(ledger, gate, truth, folder, "Supervision report: AgentDojo " + VERSION)
    summary.runs = sum(play.guarded for play in plays)
    rows = [tally(name, [play for play in plays if play.suite == name]) for name in chosen]
    rows.append(tally("all", plays))
    if html_path:
        from magistrate.core.intake import Intake
        from magistrate.report.page import review_page

        html_path.parent.mkdir(parents=True, exist_ok=True)
        figures = [
            (row.suite, [(title, proportion(*getattr(row, field))) for title, field in _COLUMNS]) for row in rows
        ]
        page = review_page(
            summary,
            rulebook,
            Intake(),
            str(ledger_path or "kept in memory"),
            title="Demo: AgentDojo " + VERSION,
            figures=figures,
        )
        html_path.write_text(page, encoding="utf-8")
    click.echo(
        json_line([_numbers(row) for row in rows]) if as_json else _text(rows, silent, attack, screen, html_path)
    )
    if reported:
        click.echo(reported, err=as_json)


_COLUMNS = (
    ("user tasks done, no gate", "useful_without"),
    ("user tasks done, with gate", "useful_with"),
    ("injections carried out, no gate", "injected_without"),
    ("injections carried out, with gate", "injected_with"),
    ("user tasks done under attack, with gate", "useful_attacked_with"),
    ("user's own calls stopped", "false_stops"),
)


def _watch(summary: Summary, truth: dict[tuple[str, int], bool]) -> Watch:
    """Adds to the summary, and notes whose call each was."""

    def watch(run: str, started: RunStarted, action: Action, verdict: Verdict, outcome: str) -> None:
        summary.add(run, started, action, verdict, outcome)
        truth[run, verdict.action] = outcome == INJECTED

    return watch


def _numbers(row: Row) -> dict[str, Any]:
    return {"suite": row.suite} | {field: proportion(*getattr(row, field)) for _, field in _COLUMNS}


def _text(rows: list[Row], silent: int, attack: str, screen: bool, html_path: Path | None) -> str:
    def cell(estimate: Estimate) -> str:
        if estimate.value is None:
            return "-"
        return f"{estimate.value:.1%} [{estimate.low:.1%}, {estimate.high:.1%}] {estimate.count}/{estimate.n}"

    names = [row.suite for row in rows]
    lines = [[title, *(cell(proportion(*getattr(row, field))) for row in rows)] for title, field in _COLUMNS]
    blocks = [
        table(
            ["share [95% interval] count/n", *names[at : at + 2]], [[line[0], *line[1 + at : 3 + at]] for line in lines]
        )
        for at in range(0, len(names), 2)
    ]
    notes = [
        f"AgentDojo {VERSION}, attack wording `{attack}`. The agent plays known calls and falls for every injection it reads.",
        "A stop is a denial or an escalation: nobody is there to rule. Done and carried out are AgentDojo's own checks.",
        f"{silent} pairs are not played: their injection task comes without recorded calls to carry out.",
        "Judged by: bright lines and rules" + (", then the screen." if screen else "."),
        "Intervals: Clopper-Pearson, 95%, as if plays were independent; plays of one user task are not quite.",
    ]
    return "\n\n".join([*blocks, "\n".join(notes)] + ([f"page: {html_path}"] if html_path else []))
