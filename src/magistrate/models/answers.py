"""Answers kept by the hash of everything that led to them: replaying a run costs nothing.

One SQLite file (0600). What is kept is the model's answer, not a verdict: the rules it cites are checked anew each time.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from magistrate.core.canon import content_hash
from magistrate.core.errors import ConfigError
from magistrate.models.base import Answer, Model, Prompt

_DECODER = msgspec.json.Decoder(Answer)


class Kept:
    """A model whose answers are kept in a file. Only answers are: a failure is tried again."""

    def __init__(self, model: Model, path: Path) -> None:
        """Raises ConfigError when the file cannot be used."""
        self.name, self.at_once = model.name, model.at_once
        self.settings: dict[str, Any] = model.settings
        self._model = model
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5.0)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS answers (hash TEXT PRIMARY KEY, answer BLOB NOT NULL) STRICT")
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"{path}: answers cannot be kept there: {error}") from None

    async def ask(self, prompt: Prompt, deadline: float) -> Answer:
        """The kept answer, or the model's."""
        key = content_hash([self.name, self.settings, prompt])
        row = self._db.execute("SELECT answer FROM answers WHERE hash = ?", (key,)).fetchone()
        if row:
            try:
                return msgspec.structs.replace(_DECODER.decode(row[0]), cost=0.0, seconds=0.0)
            except msgspec.DecodeError:
                pass  # of another version: asked again
        answer = await self._model.ask(prompt, deadline)
        self._db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, msgspec.json.encode(answer)))
        return answer

    async def close(self) -> None:
        """Close the file and the model."""
        self._db.close()
        await self._model.close()
