"""`magistrate guard`: put Magistrate in front of a host."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from magistrate.cli.options import config_option, place_of, rules_option, scope_options, state_option
from magistrate.cli.people import not_the_agent
from magistrate.core.config import state_dir
from magistrate.core.errors import ConfigError

if TYPE_CHECKING:
    from magistrate.hosts.live.install import Content
    from magistrate.hosts.live.wiring import Wiring


@click.command()
@click.argument("host")
@scope_options
@config_option
@click.option("--dry-run", is_flag=True, help="Record what would be decided, and never block anything.")
@click.option(
    "--allow-means",
    type=click.Choice(["pass", "approve"]),
    default="pass",
    show_default=True,
    help="What becomes of an allowed call: the host goes on as it would (pass), or its user is not asked (approve).",
)
@click.option(
    "--wait",
    type=click.FloatRange(0, 86400),
    default=0.0,
    help="Seconds that a call may wait for a person's ruling before it is denied.",
)
@click.option("--trust", is_flag=True, help="Codex alone: also tell Codex that you trust exactly these hooks.")
@rules_option
@state_option
def guard(
    host: str,
    scope: Literal["user", "project", "managed"],
    config: Path | None,
    dry_run: bool,
    allow_means: str,
    wait: float,
    trust: bool,
    rules_path: Path | None,
    state: Path | None,
) -> None:
    """Put Magistrate in front of HOST: write its hooks into the host's settings.

    The settings keep everything else byte for byte; `magistrate unguard HOST` puts back what was there before.
    """
    from magistrate.hosts.live import APPROVING
    from magistrate.hosts.live.install import guard as install
    from magistrate.server.state import install_hook, law_of, prepare

    wiring, place = place_of(host, scope, config)
    approve = allow_means == "approve"
    if approve and host not in APPROVING:
        raise click.UsageError(f"{host} has its own say whatever a hook allows: --allow-means pass")
    if trust and host != "codex":
        raise click.UsageError(f"{host} asks for no trust in hooks: without --trust")
    if trust:
        not_the_agent("trust")
    if missing := [name for name in ("starlette", "uvicorn") if not importlib.util.find_spec(name)]:
        raise ConfigError(f"the server needs {' and '.join(missing)}: pip install 'magistrate[live]'")
    kept = prepare(state or state_dir())
    law = str(rules_path.absolute()) if rules_path else law_of(kept)
    install_hook(kept, rules=law)
    content = content_of(wiring, kept.folder, dry_run=dry_run, approve=approve, wait=wait)
    change = install(wiring, place, content, kept.folder / "guards")
    done = {"written": "is guarded", "unchanged": "was guarded already"}.get(change, change)
    click.echo(f"{host} {done}: {place.file}")
    click.echo("mode: dry-run, nothing is blocked" if dry_run else "mode: enforce")
    if scope == "project" and not config:
        click.echo("The hooks name paths of this machine: keep the file out of version control.")
        if host == "codex":
            click.echo(
                "Codex reads a project's hooks only in a folder that it trusts: it asks when it is first started there."
            )
    if law:
        click.echo(f"rules: {law}")
    if host == "codex" and not _trusted(place.file, content.mark, kept.folder / "guards", given=trust):
        click.echo(f"NOT YET IN FORCE. {wiring.note}")
    click.echo(f"next: magistrate doctor {host}; undo: magistrate unguard {host}{_again(scope, config)}")


def _trusted(file: Path, mark: str, keep: Path, *, given: bool) -> bool:
    """Whether Codex's settings trust our hooks: a person said so there, with `--trust`, now or before, or says so when asked."""
    from magistrate.hosts.live import trust

    file = trust.known(file, os.environ)
    place, wanted = trust.settings(Path.home(), os.environ), trust.hashes(file, mark)
    with contextlib.suppress(ConfigError):
        if trust.trusted(place, wanted):
            return True
    given = given or trust.given(place, file, keep)
    if not given and sys.stdin.isatty():
        given = click.confirm("Codex asks its user to trust new hooks. Do you trust exactly these?")
    if given:
        try:
            trust.trust(place, file, wanted, keep)
        except ConfigError as error:
            raise ConfigError(
                f"the hooks are written, but not in force: the trust is not ({error}). In codex, under /hooks, trust them"
            ) from None
        click.echo(f"trusted: {len(wanted)} hooks, in {place.file}")
    return given


def content_of(wiring: Wiring, folder: Path, *, dry_run: bool, approve: bool, wait: float) -> Content:
    """What is written: the hook's command for each event, its deadline shorter than the host's."""
    from magistrate.hosts.live.install import Content
    from magistrate.server.state import State, hook_command

    state = State(folder=folder.absolute())
    commands = {
        event: hook_command(
            state,
            wiring.host,
            "" if wiring.plugin else event,
            deadline=wiring.deadline(event),
            wait=wait if wiring.gated(event) else 0,
            dry_run=dry_run,
            approve=approve and wiring.gated(event),
        )
        for event in wiring.events(approve=approve)
    }
    return Content(commands=commands, mark=str(state.hook), dry_run=dry_run, wait=wait)


def _again(scope: str, config: Path | None) -> str:
    return f" --config {config}" if config else "" if scope == "user" else f" --{scope}"
