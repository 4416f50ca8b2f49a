"""The command line. Each command lives in a module of its own and imports what it needs when it runs."""

from __future__ import annotations

import importlib
import os
import sys

import click

from magistrate import __version__
from magistrate.core.errors import MagistrateError

_COMMANDS = {
    "review": "magistrate.cli.review:review",
    "show": "magistrate.cli.show:show",
    "explain": "magistrate.cli.explain:explain",
    "rules": "magistrate.cli.rules:rules",
    "ledger": "magistrate.cli.ledger:ledger",
    "demo": "magistrate.cli.demo:demo",
}


class _Lazy(click.Group):
    """Loads a command's module only when the command is asked for: `--help` and the quick ones stay quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="magistrate")
def cli() -> None:
    """Review what AI agents do against a rulebook you can read.

    Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some input could not be read; 4 something was found that
    --fail-on names, or that verify or check looks for.
    """


def main() -> None:
    """Entry point: errors of ours without a traceback, a closed pipe without a word."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MagistrateError as error:
        click.echo(f"magistrate: {error}", err=True)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("MAGISTRATE_DEBUG"):
            raise
        click.echo(
            f"magistrate: internal error: {type(error).__name__}: {error} (MAGISTRATE_DEBUG=1 shows where)", err=True
        )
        sys.exit(1)
