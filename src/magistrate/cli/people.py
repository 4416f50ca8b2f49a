"""What the commands of people share: the live ledger, who is at the keyboard, ages, one-line actions."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from magistrate.cli.output import json_line, plain
from magistrate.core.config import state_dir
from magistrate.core.errors import InputError
from magistrate.core.records import Action
from magistrate.ledger import Ledger

PATIENCE = 10.0
"""Seconds that a person's word waits for another writer to the ledger."""
_AGENTS = (
    "CLAUDECODE",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "GEMINI_CLI",
    "QWEN_CODE",
    "OPENCODE",
    "CURSOR_AGENT",
    "AGENT",
)
"""Variables that hosts set in the shells of their agents."""

ledger_option: Callable[..., Any] = click.option(
    "--ledger",
    "ledger_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Default: that of the live hosts (live.db in the state folder).",
)
because_option: Callable[..., Any] = click.option("--because", default="", help="Why: kept in the ledger.")
by_option: Callable[..., Any] = click.option("--by", default="", help="In whose name, beside the user of this machine.")


def live_ledger(path: Path | None, *, write: bool = False) -> Ledger:
    """The ledger of the live hosts, or the named one. Raises InputError when there is none to read."""
    where = path or state_dir() / "live.db"
    if not write and not where.exists():
        raise InputError(
            f"{where}: nothing has been guarded yet", mend="run `magistrate guard HOST`, or name a ledger with --ledger"
        )
    return Ledger(where, readonly=not write, patience=PATIENCE)


def who(by: str) -> str:
    """Who speaks: the user of this machine, and the name they give."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return f"{by.strip()} ({user})" if by.strip() and by.strip() != user else user


def not_the_agent(what: str) -> None:
    """Refuse to speak for a person from an agent's own shell. That is a courtesy: what holds is the bright line in the gate."""
    set_by = next((name for name in _AGENTS if os.environ.get(name)), "")
    if set_by:
        raise InputError(
            f"{what} is for people, and this shell is an agent's ({set_by} is set)", mend="use a terminal of your own"
        )


def began() -> str:
    """When this command was started (UTC, ISO 8601), by the system's own record where it has one, else now."""
    now = datetime.now(UTC)
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        age = 0.0
    return (now - timedelta(seconds=max(age, 0.0))).isoformat(timespec="microseconds")


def age(at: str) -> str:
    """How long ago, in one unit."""
    seconds = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def one_line(action: Action, width: int) -> str:
    """A call in one line: a lone text argument as it is, else all arguments as JSON."""
    values = list(action.arguments.values())
    command = action.arguments.get("command")
    lone = (
        command if isinstance(command, str) else values[0] if len(values) == 1 and isinstance(values[0], str) else None
    )
    return plain(f"{action.tool}: {lone if lone is not None else json_line(action.arguments)}", width)
