"""Long texts are kept once, outside the events, by content hash.

In a stored body a long text stands as `{"$blob": "sha256:..."}`. A key of the body's own that begins with `$` is stored with
one more, so nothing that an agent writes can pose as a reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import zstandard

from magistrate.core.canon import digest

LONG = 512
"""Characters above which a text goes to the blob table."""

_COMPRESS = zstandard.ZstdCompressor(level=3)
_DECOMPRESS = zstandard.ZstdDecompressor()
MAX_BLOB = 1 << 30


def pack(data: bytes) -> bytes:
    return _COMPRESS.compress(data)


def unpack(packed: bytes, size: int) -> bytes:
    """Raises `zstandard.ZstdError` on damage; never allocates more than the stated size."""
    if not 0 <= size <= MAX_BLOB or zstandard.frame_content_size(packed) != size:
        raise zstandard.ZstdError(f"not of the stated size {size}")
    return _DECOMPRESS.decompress(packed, max_output_size=size)


def detach(value: Any, keep: Callable[[str, bytes], None]) -> Any:
    """A JSON value with each long string replaced by its reference; `keep(hash, bytes)` is called for each."""
    if isinstance(value, str):
        if len(value) <= LONG:
            return value
        data = value.encode("utf-8", "surrogatepass")
        reference = digest(data)
        keep(reference, data)
        return {"$blob": reference}
    if isinstance(value, dict):
        return {("$" + key if key.startswith("$") else key): detach(item, keep) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [detach(item, keep) for item in value]
    return value


def attach(value: Any, fetch: Callable[[str], bytes]) -> Any:
    """The inverse of `detach`; `fetch(hash)` gives a blob's bytes."""
    if isinstance(value, dict):
        if len(value) == 1 and "$blob" in value:
            return fetch(value["$blob"]).decode("utf-8", "surrogatepass")
        return {(key[1:] if key.startswith("$") else key): attach(item, fetch) for key, item in value.items()}
    if isinstance(value, list):
        return [attach(item, fetch) for item in value]
    return value


def references(value: Any) -> set[str]:
    """Hashes of the blobs that a stored body refers to."""
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("$blob"), str):
            return {value["$blob"]}
        return set().union(*(references(item) for item in value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*(references(item) for item in value)) if value else set()
    return set()
