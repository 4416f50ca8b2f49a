"""The command line. Each command lives in a module of its own and imports what it needs when it runs."""

from __future__ import annotations

import importlib
import os
import sys

import click

from magistrate import __version__
from magistrate.core.errors import MagistrateError

_COMMANDS = {
    "review": "Review finished agent sessions: what would have been stopped, and why.",
    "show": "Show a run as a timeline; without RUN, list the runs.",
    "explain": "Say what would become of one action, and why.",
    "rules": "Read a rulebook and test it.",
    "guard": "Put Magistrate in front of a host: Claude Code, Codex, Gemini CLI and others.",
    "unguard": "Take it away again; the host's settings are as they were before.",
    "doctor": "Try a guarded host: is a bad call seen, stopped and recorded?",
    "serve": "Serve the hooks of live hosts.",
    "hook": "Answer one hook of a live host.",
    "queue": "What waits for a person.",
    "rule": "Allow or deny what waits.",
    "stop": "Deny everything from now on: one run, a run tree, or all.",
    "tighten": "Have a class of actions escalate for now, see what does, and lift it.",
    "resume": "End a stop, or the pause of a run.",
    "ledger": "Verify a ledger, or take it elsewhere.",
    "mcp": "Stand between an MCP client and an MCP server, and review every tool call.",
    "demo": "Run AgentDojo's real environments through the gate.",
    "audit": "Measure what was missed: draw a sample, label it blind, estimate.",
    "canary": "Plant known-bad actions into the review, and see how many are caught.",
    "report": "Say how supervision does, as a page and as a bundle that recomputes it.",
    "bench": "Measure reviewers on labelled sessions, each figure with its interval.",
    "calibrate": "Choose thresholds from budgets, and say what recall that buys.",
    "probe": "Ask whether a reviewer follows its prompt.",
}
"""Each command is the function of its name in the module of its name; the texts stand here so that `--help` loads none."""


class _Lazy(click.Group):
    """Loads a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"magistrate.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="magistrate")
def cli() -> None:
    """Review what AI agents do against a rulebook you can read.

    Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some input could not be read or a model left questions
    unanswered; 4 something was found that --fail-on names, or that verify or check looks for.
    """


def main() -> None:
    """Entry point: errors of ours without a traceback, a closed pipe without a word."""
    try:
        sys.exit(cli(standalone_mode=False) or 0)
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
