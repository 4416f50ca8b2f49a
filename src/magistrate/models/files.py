"""Small files of this deployment's own, for its owner alone."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from magistrate.core.errors import ConfigError


def table_at(path: Path | None, name: str, columns: str, what: str) -> sqlite3.Connection:
    """A SQLite file (0600, made so if it was not) with one table; None: in memory. `what` is kept there, for the error.

    Raises ConfigError when it cannot be used.
    """
    try:
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            try:
                if os.fstat(file).st_mode & 0o077:
                    os.fchmod(file, 0o600)
            finally:
                os.close(file)
        db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=5.0)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns}) STRICT")
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{path}: {what} cannot be kept there: {error}; remove the file to start a new one") from None
    except OSError as error:
        raise ConfigError(f"{path}: {what} cannot be kept there: {error.strerror or error}") from None
    return db
