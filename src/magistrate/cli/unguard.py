"""`magistrate unguard`: take Magistrate away from a host again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import click

from magistrate.cli.options import config_option, place_of, scope_options, state_option
from magistrate.core.config import state_dir

_SAID = {
    "restored": "as it was before, byte for byte",
    "removed": "changed since it was guarded: only our hooks were taken out",
    "absent": "no hook of ours in it",
}


@click.command()
@click.argument("host")
@scope_options
@config_option
@state_option
def unguard(host: str, scope: Literal["user", "project", "managed"], config: Path | None, state: Path | None) -> None:
    """Take Magistrate's hooks out of HOST's settings. The ledger and what it holds stay."""
    from magistrate.hosts.live.install import unguard as uninstall
    from magistrate.hosts.live.trust import distrust, known, settings

    wiring, place = place_of(host, scope, config)
    folder = (state or state_dir()).absolute()
    keep = folder / "guards"
    if host == "codex":  # first: the folder is left only when it is empty
        trust = settings(Path.home(), os.environ)
        change = distrust(trust, known(place.file, os.environ), keep)
        click.echo(f"{trust.file}: {_SAID[change] if change != 'absent' else 'no trust of ours in it'}")
    change = uninstall(wiring, place, str(folder / "hook.py"), keep)
    click.echo(f"{place.file}: {_SAID[change]}")
