"""Where the hosts on this machine keep their own history."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

PLACES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("CLAUDE_CONFIG_DIR", ".claude", ("projects",)),
    ("CODEX_HOME", ".codex", ("sessions", "archived_sessions")),
)
"""For each host: the variable that moves its folder, that folder under the home folder, and where sessions lie in it."""


def own_history(environ: Mapping[str, str] | None = None) -> list[Path]:
    """The folders that exist and hold the user's own sessions, in a fixed order; empty when there are none.

    Reads nothing but the names. `environ` is the process's own unless given; without HOME the user's home of the system
    is used, and without that only the variables count.
    """
    environ = os.environ if environ is None else environ
    home = _home(environ)
    found: list[Path] = []
    for variable, default, parts in PLACES:
        moved = environ.get(variable, "")
        base = Path(moved).expanduser() if moved else home / default if home else None
        if base:
            found += [base / part for part in parts if (base / part).is_dir()]
    return found


def _home(environ: Mapping[str, str]) -> Path | None:
    if environ.get("HOME"):
        return Path(environ["HOME"])
    try:
        return Path.home()
    except RuntimeError:
        return None
