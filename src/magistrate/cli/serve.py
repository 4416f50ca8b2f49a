"""`magistrate serve`: the live server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from magistrate.cli.law import serving
from magistrate.cli.options import model_option, reviewers, rules_option, screen_option, state_option
from magistrate.core.config import state_dir

if TYPE_CHECKING:
    from magistrate.core.protocols import Reviewer
    from magistrate.core.records import Rulebook


@click.command()
@rules_option
@screen_option
@model_option
@state_option
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen on this port of loopback, with a token. 0: a free one."
)
@click.option("--idle", type=float, default=0.0, help="End after so many seconds without a request.")
@click.option("--starting", type=int, default=-1, hidden=True, help="Start lock inherited from a hook.")
def serve(
    rules_path: Path | None,
    screen: bool,
    model_path: Path | None,
    state: Path | None,
    port: int | None,
    idle: float,
    starting: int,
) -> None:
    """Serve the hooks of live hosts.

    Hooks start it by themselves when it does not run; there is one for a state folder. It ends on SIGTERM or SIGINT, after
    what is under way.
    """
    from magistrate.server.serve import Busy, Settings, log_to_stderr
    from magistrate.server.serve import serve as run

    def load() -> tuple[Rulebook, Sequence[Reviewer]]:
        return serving(state or state_dir(), rules_path), reviewers(screen, model_path)

    log_to_stderr()
    try:
        run(Settings(folder=state or state_dir(), port=port, idle=idle, starting=starting), load)
    except Busy:
        if starting < 0:
            raise
