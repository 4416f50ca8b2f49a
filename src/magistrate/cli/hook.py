"""`magistrate hook`: what a host starts, by way of the command line."""

from __future__ import annotations

import os
from pathlib import Path

import click

from magistrate.cli.options import state_option
from magistrate.core.config import state_dir


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("host")
@click.argument("event", default="")
@click.option("--deadline", type=float, default=0.0, help="Seconds until it denies by itself.")
@click.option("--wait", type=float, default=0.0, help="Further seconds for a person to decide on what waits for one.")
@click.option("--dry-run", is_flag=True, help="Record only; never block.")
@click.option("--approve", is_flag=True, help="Where the rulebook allows, answer for the host's user too.")
@state_option
def hook(host: str, event: str, deadline: float, wait: float, dry_run: bool, approve: bool, state: Path | None) -> None:
    """Answer one hook of a live host: its payload on stdin, the host's answer on stdout.

    `magistrate guard` writes a quicker way to the same file into the host's settings; this one is for trying it by hand.
    """
    from magistrate.server.state import hook_command, install_hook, prepare

    place = prepare(state or state_dir())
    install_hook(place)
    words = hook_command(place, host, event, deadline=deadline, wait=wait, dry_run=dry_run, approve=approve)
    os.execv(words[0], words)  # noqa: S606  the hook is the process from here on
