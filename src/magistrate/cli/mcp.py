"""`magistrate mcp`: between an MCP client and an MCP server."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from urllib.parse import urlsplit

import click

from magistrate.cli.options import rules_option, state_option


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("server", nargs=-1, type=click.UNPROCESSED)
@click.option("--url", help="A server over streamable HTTP, instead of SERVER.")
@click.option("--header", "headers", multiple=True, help="With --url: NAME=VARIABLE, a header from the environment.")
@click.option("--name", help="How the server is called in the ledger; by default, after its program.")
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder that is the agent's own; by default the working folder, unless that is a root or a home.",
)
@click.option(
    "--purpose", help="What the agent is to do with this server, as an order: it counts as the operator's word."
)
@click.option("--in-process", is_flag=True, help="Review in this process, without the server.")
@click.option("--ledger", type=click.Path(path_type=Path, dir_okay=False), help="With --in-process: the ledger.")
@rules_option
@click.option("--dry-run", is_flag=True, help="Record what would be refused, refuse nothing.")
@state_option
@click.option(
    "--deadline", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds for a review."
)
def mcp(
    server: tuple[str, ...],
    url: str | None,
    headers: tuple[str, ...],
    name: str | None,
    workspace: Path | None,
    purpose: str | None,
    in_process: bool,
    ledger: Path | None,
    rules_path: Path | None,
    dry_run: bool,
    state: Path | None,
    deadline: float,
) -> None:
    """Stand between an MCP client and the MCP server that SERVER starts, and review every tool call.

    \b
    In the client's configuration, put this in front of the server's command:
        magistrate mcp -- npx -y @modelcontextprotocol/server-filesystem /work
    """
    from magistrate.mcp import http, stdio
    from magistrate.sdk.guard import Guard

    if bool(server) == bool(url) or (headers and not url):
        raise click.UsageError("give the server's command after --, or its --url (and --header)")
    if (ledger or rules_path) and not in_process:
        raise click.UsageError("--ledger and --rules go with --in-process; the server has its own")
    folder = workspace.absolute() if workspace else _workspace()
    if in_process:
        guard = Guard(host="mcp", cwd=folder, ledger=ledger, rules=rules_path, dry_run=dry_run, deadline=deadline)
    else:
        guard = Guard.connect(state, host="mcp", cwd=folder, dry_run=dry_run, deadline=deadline)
    with guard:
        conversation = guard.conversation()
        if purpose:
            conversation.system(purpose)
        if url:
            called = name or urlsplit(url).hostname or "server"
            status = asyncio.run(http.serve(url, _headers(headers), conversation, server=called))
        else:
            status = asyncio.run(stdio.serve(server, conversation, server=name or stdio.server_name(server)))
    raise click.exceptions.Exit(status)


def _headers(given: tuple[str, ...]) -> dict[str, str]:
    """Headers whose values stand in the environment, where no list of processes shows them."""
    found = {}
    for pair in given:
        name, _, variable = pair.partition("=")
        if not name or variable not in os.environ:
            raise click.UsageError(f"--header {pair}: NAME=VARIABLE, and the variable has to be set")
        found[name] = os.environ[variable]
    return found


def _workspace() -> Path | str:
    """The working folder, where it can be an agent's own place; empty where it cannot."""
    here = Path.cwd()
    return "" if here in (Path.home(), *Path.home().parents) else here
