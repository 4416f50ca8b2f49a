"""Where Magistrate keeps its own files."""

from __future__ import annotations

import os
from pathlib import Path


def state_dir() -> Path:
    """`MAGISTRATE_HOME`, else `$XDG_STATE_HOME/magistrate`, else `~/.local/state/magistrate`. Not created here."""
    if named := os.environ.get("MAGISTRATE_HOME"):
        return Path(named)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "magistrate"


def guarded_paths() -> tuple[str, ...]:
    """What an agent may not change, as absolute paths: the state folder and this program, by their names and where those lead."""
    places = (state_dir().absolute(), Path(__file__).absolute().parents[1])
    return tuple(dict.fromkeys(str(one) for place in places for one in (place, place.resolve())))


def review_ledgers() -> list[Path]:
    """Ledgers of past reviews, oldest first."""
    return sorted((state_dir() / "reviews").glob("*.db"))


def organisation_rulebook() -> Path | None:
    """The organisation's rulebook: `/etc/magistrate/rulebook.md`, else `MAGISTRATE_RULEBOOK`, else `rulebook.md` in the state folder.

    None without one. The machine's own file comes first, so that nobody leaves it behind by a file of theirs.
    """
    if (machine := Path("/etc/magistrate/rulebook.md")).is_file():
        return machine
    if named := os.environ.get("MAGISTRATE_RULEBOOK"):
        return Path(named)
    own = state_dir() / "rulebook.md"
    return own if own.is_file() else None
