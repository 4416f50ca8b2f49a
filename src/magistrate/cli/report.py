"""`magistrate report`: what an organisation can say about its supervision, as a page and as a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from magistrate.cli.audit import ledger_option, opened
from magistrate.cli.options import need_scipy
from magistrate.cli.output import json_line

if TYPE_CHECKING:
    from magistrate.report.account import Account


@click.command()
@ledger_option
@click.option(
    "--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write one self-contained page."
)
@click.option(
    "--bundle",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write everything it was computed from.",
)
@click.option(
    "--figures",
    "pictures",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write figures: Vega-Lite, SVG, PNG.",
)
@click.option("--title", default="Supervision report", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Every number, one line of JSON each.")
def report(
    ledger_path: Path | None,
    html_path: Path | None,
    folder: Path | None,
    pictures: Path | None,
    title: str,
    as_json: bool,
) -> None:
    """Say how supervision does: the four numbers outsiders ask for, what is missed, known attacks, coverage, alarms.

    The bundle holds JSON lines, seeds, the ledger's checkpoint and one script that recomputes every number without Magistrate.
    """
    need_scipy("measuring")
    from magistrate.report.account import account

    if not (html_path or folder or pictures or as_json):
        raise click.UsageError("say what to write: --html, --bundle, --figures or --json")
    with opened(ledger_path, readonly=True) as ledger:
        told = account(ledger, unobservable=_unobservable())
    if as_json:
        for line in told.lines:
            click.echo(json_line(line))
    said = []
    if html_path:
        from magistrate.report.report_page import report_page

        html_path.parent.mkdir(parents=True, exist_ok=True)
        html_path.write_text(report_page(told, title=title), encoding="utf-8")
        said.append(f"page    {html_path}")
    if folder:
        from magistrate.report.bundle import write_bundle

        write_bundle(told, folder)
        said.append(f"bundle  {folder}: python {folder / 'recompute.py'} recomputes {len(told.lines):,} numbers")
    if pictures:
        said.append(f"figures {pictures}: {_draw(told, pictures)}")
    click.echo("\n".join(said), err=as_json)


def _unobservable() -> dict[str, tuple[str, ...]]:
    from magistrate.hosts.live import ADAPTERS

    return {name: tuple(adapter.unobservable) for name, adapter in ADAPTERS.items()}


def _draw(told: Account, folder: Path) -> str:
    """Write every figure as Vega-Lite, SVG and PNG; returns their names."""
    from magistrate.core.errors import ConfigError
    from magistrate.report.figures import can_render, render, render_png
    from magistrate.report.supervision import figures

    if not can_render():
        raise ConfigError("figures need vl-convert-python: pip install 'magistrate[report]'")
    folder.mkdir(parents=True, exist_ok=True)
    drawn = figures(told)
    for name, spec in drawn.items():
        (folder / f"{name}.vl.json").write_text(json_line(spec), encoding="utf-8")
        (folder / f"{name}.svg").write_text(render(spec), encoding="utf-8")
        (folder / f"{name}.png").write_bytes(render_png(spec))
    return ", ".join(drawn) or "nothing to draw"
