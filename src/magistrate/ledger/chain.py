"""What makes the ledger tamper-evident: the hash of an event, and the rolling digest of a checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from magistrate.core.canon import canonical, digest


def event_hash(run: str, n: int, at: str, body: str, prev: str) -> str:
    """Hash of one event: its place in the run, its time, its canonical stored body, and the event before it."""
    return digest(canonical([prev, run, n, at]) + body.encode("utf-8", "surrogatepass"))


def roll(previous: str, hashes: Iterable[str]) -> str:
    """Digest of a checkpoint: the one before it and the hashes of all events since, in order of id."""
    rolling = hashlib.sha256(previous.encode())
    for value in hashes:
        rolling.update(value.encode())
    return "sha256:" + rolling.hexdigest()
