"""Answers kept by the hash of everything that led to them: replaying a run costs nothing.

One SQLite file (0600). What is kept is the model's answer, not a verdict: the rules it cites are checked anew each time.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from magistrate.core.canon import content_hash
from magistrate.models.base import Answer, Model, Prompt
from magistrate.models.files import table_at

_DECODER = msgspec.json.Decoder(Answer)


class Kept:
    """A model whose answers are kept in a file. Only answers are: a failure is tried again, and so is what is not the JSON that
    was asked for. Where the file fails, the model is asked all the same."""

    def __init__(self, model: Model, path: Path) -> None:
        """Raises ConfigError when the file cannot be used."""
        self.name, self.at_once = model.name, model.at_once
        self.settings: dict[str, Any] = model.settings
        self._model = model
        self._db = table_at(path, "answers", "hash TEXT PRIMARY KEY, answer BLOB NOT NULL", "answers")

    async def ask(self, prompt: Prompt, deadline: float) -> Answer:
        """The kept answer, or the model's."""
        key = content_hash([self.name, self.settings, prompt])
        if kept := self._find(key):
            return msgspec.structs.replace(kept, cost=0.0, seconds=0.0)
        answer = await self._model.ask(prompt, deadline)
        if not prompt.schema or _is_object(answer.text):
            with suppress(sqlite3.Error):
                self._db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, msgspec.json.encode(answer)))
        return answer

    def _find(self, key: str) -> Answer | None:
        """None as well for what another version wrote."""
        with suppress(sqlite3.Error, msgspec.DecodeError):
            for (answer,) in self._db.execute("SELECT answer FROM answers WHERE hash = ?", (key,)):
                return _DECODER.decode(answer)
        return None

    async def close(self) -> None:
        """Close the file and the model."""
        self._db.close()
        await self._model.close()


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
