"""Messages that could not be handed over or recorded, as files: hooks leave them, the server records them later.

A file holds one line (host, event, mode, the hook's own number, why; with tabs between) and then the payload. It is written
beside its place and moved there, so that it is whole or not there; names sort by time.
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

from magistrate.core.canon import new_id
from magistrate.core.records import Record

MAX_FILE = 17 << 20
ABANDONED = 60.0
"""Seconds after which nobody is still writing a file."""
MAX_FILES = 10_000
"""Files looked at in one go."""


class Asked(Record, frozen=True, kw_only=True):
    """One message of a host's hook."""

    host: str
    event: str
    payload: bytes
    nonce: str = ""
    """Tells one call of the hook from every other."""
    dry_run: bool = False
    approve: bool = False
    until: float = math.inf
    """When the hook denies by itself, by the monotonic clock."""
    wait: float = 0.0
    """Seconds of these that a person may take, where a person has to decide."""
    denied: str = ""
    """Why the hook denied already: what is left is to record it."""


class Spool:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """What lies there, oldest first; also what somebody began to leave and was ended over it."""
        now = time.time()
        try:
            found = [
                entry.name
                for entry in os.scandir(self._folder)
                if not entry.name.endswith(".part") or now - entry.stat().st_mtime > ABANDONED
            ]
        except OSError:
            return []
        return sorted(found)[:MAX_FILES]

    def read(self, name: str) -> Asked | None:
        """A message; None when it is none."""
        try:
            with (self._folder / name).open("rb") as stream:
                line, payload = stream.readline(4096), stream.read(MAX_FILE)
        except OSError:
            return None
        words = line.decode("utf-8", "replace").rstrip("\n").split("\t")
        if len(words) != 5:
            return None
        host, event, mode, nonce, why = words
        dry = mode == "dry-run"
        return Asked(host=host, event=event, payload=payload, nonce=nonce, dry_run=dry, denied="" if dry else why)

    def write(self, asked: Asked) -> str:
        """Leave a message; its name. Raises OSError."""
        name = f"{time.time_ns():020d}-{asked.nonce or new_id()}"
        words = (asked.host, asked.event, "dry-run" if asked.dry_run else "enforce", asked.nonce, asked.denied)
        line = "\t".join(" ".join(word.split()) for word in words).encode("utf-8", "replace") + b"\n"
        part = self._folder / f"{name}.part"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            target.write(line + asked.payload)
        part.rename(self._folder / name)
        return name

    def remove(self, name: str) -> None:
        """Take a message away."""
        (self._folder / name).unlink(missing_ok=True)
