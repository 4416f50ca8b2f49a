"""Canonical JSON, content hashes, identifiers, time: one answer each, used everywhere."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces; two equal values always give the same bytes."""
    return _ENCODER.encode(value)


def digest(data: bytes) -> str:
    """A content hash that carries its algorithm, so that the algorithm can change: `sha256:<64 hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def content_hash(value: Any) -> str:
    """The digest of a value's canonical JSON."""
    return digest(canonical(value))


def new_id() -> str:
    """A fresh random identifier (32 hex digits)."""
    return uuid.uuid4().hex


def now() -> str:
    """The current time, UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
