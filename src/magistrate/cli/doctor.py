"""`magistrate doctor`: is a guarded host guarded in fact?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from magistrate.cli.options import config_option, place_of, scope_options, state_option
from magistrate.cli.output import FOUND, json_line, plain
from magistrate.core.config import state_dir

if TYPE_CHECKING:
    from magistrate.hosts.live.wiring import Place, Wiring
    from magistrate.server.checkup import Report

_MARKS = {True: "ok", False: "WRONG", None: "-"}


@click.command()
@click.argument("host", required=False)
@scope_options
@config_option
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON, one guarded file a line.")
@state_option
def doctor(
    host: str | None,
    scope: Literal["user", "project", "managed"],
    config: Path | None,
    as_json: bool,
    state: Path | None,
) -> None:
    """Try what stands in HOST's settings: a harmless call and a planted bad one go through the configured hook.

    Neither is run; both have to be decided as they should, and recorded. Without HOST everything that is guarded is tried.
    Exit code 4 when something is wrong, or when nothing is guarded.
    """
    from magistrate.server.checkup import check_up
    from magistrate.server.state import State

    folder = (state or state_dir()).absolute()
    places = [place_of(host, scope, config)] if host else guarded(folder / "guards")
    reports = [check_up(wiring, place, State(folder=folder), cwd=Path.cwd()) for wiring, place in places]
    for report in reports:
        click.echo(json_line({"ok": report.ok, "report": report}) if as_json else _text(report))
    if not reports and not as_json:
        click.echo("no host is guarded: magistrate guard HOST")
    if not reports or not all(report.ok for report in reports):
        sys.exit(FOUND)


def guarded(keep: Path) -> list[tuple[Wiring, Place]]:
    """Every guarded file that is remembered."""
    import msgspec

    from magistrate.hosts.live.install import Kept
    from magistrate.hosts.live.wiring import WIRINGS, Place

    found = []
    for note in sorted(keep.glob("*.json")):
        try:
            kept = msgspec.json.decode(note.read_bytes(), type=Kept)
        except (OSError, msgspec.DecodeError):
            continue
        if kept.host in WIRINGS:
            file = Path(kept.file)
            found.append((WIRINGS[kept.host], Place(file=file, root=file.parent)))
    return sorted(found, key=lambda pair: (pair[0].host, str(pair[1].file)))


def _text(report: Report) -> str:
    lines = [f"{report.host}  {report.file}"]
    lines += [f"  {_MARKS[check.ok]:<6} {check.name:<9} {plain(check.what, 300)}" for check in report.checks]
    lines += ["  not to be seen by any hook of this host:"]
    lines += [f"         {line}" for line in report.unobservable]
    return "\n".join(lines)
