"""Reading untrusted files: bounded, streaming, nothing lost in silence."""

from __future__ import annotations

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from magistrate.core.errors import InputError
from magistrate.core.records import Problem, Record

MAX_LINE = 32 << 20
"""Bytes in one line; a longer one is reported and passed over."""
MAX_DOCUMENT = 512 << 20
"""Bytes in a file that has to be read whole."""
MAX_RATIO = 400
"""Decompressed over compressed size, beyond `RATIO_GRACE`, that is taken for a decompression bomb."""
RATIO_GRACE = 256 << 20
_CHUNK = 1 << 20
_KEPT = 200


class Head(Record, frozen=True, kw_only=True):
    """The beginning of a file, for telling whose it is."""

    path: Path
    start: bytes
    """At most 64 KiB, decompressed."""
    first: Any = None
    """The first line as JSON, or the whole document when it is one; None when neither parses."""


class Intake:
    """What reading ran into: problems (bounded list, exact counts) and kinds of lines skipped on purpose."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.count = 0
        self.lost = 0
        self.skipped: Counter[str] = Counter()

    def problem(self, where: object, what: str, *, line: int = 0, mend: str = "", lost: bool = True) -> None:
        """Record one problem; `lost` says whether a record was lost by it."""
        self.count += 1
        self.lost += lost
        if len(self.problems) < _KEPT:
            self.problems.append(Problem(where=str(where), what=what, line=line, mend=mend, lost=lost))

    def skip(self, kind: str) -> None:
        """Count a line or block that this reader leaves out on purpose."""
        self.skipped[kind] += 1


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file for reading, through gzip when its first bytes say so."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror}", where=str(path)) from None
    if raw.peek(2)[:2] == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=raw))
    return raw


def lines(path: Path, intake: Intake, *, limit: int = MAX_LINE) -> Iterator[tuple[int, bytes]]:
    """Yield `(line number, line)` of a plain or gzip file, holding at most one line in memory.

    A line longer than `limit` is reported and passed over; a truncated or damaged file is reported and ends there; a
    decompression bomb is reported and left.
    """
    size = max(path.stat().st_size, 1)
    total = number = 0
    with open_bytes(path) as stream:
        packed = not isinstance(stream, io.BufferedReader) or isinstance(getattr(stream, "raw", None), gzip.GzipFile)
        while True:
            number += 1
            try:
                line = stream.readline(limit + 1)
                length = len(line)
                while len(line) > limit and not line.endswith(b"\n"):
                    line = stream.readline(_CHUNK)
                    length += len(line)
                    if not line or line.endswith(b"\n"):
                        break
                    line = b"x" * (limit + 1)
                    if packed and total + length > RATIO_GRACE and (total + length) / size > MAX_RATIO:
                        break
            except (OSError, EOFError, zlib.error) as error:
                intake.problem(path, f"damaged or cut off: {error}", line=number, mend="copy the file again")
                return
            if not length:
                return
            total += length
            if packed and total > RATIO_GRACE and total / size > MAX_RATIO:
                intake.problem(path, "unpacks to far more than its size: taken for a decompression bomb", line=number)
                return
            if length > limit:
                intake.problem(
                    path,
                    f"line of {length:,} bytes is over the limit of {limit:,}",
                    line=number,
                    mend="split the record",
                )
                continue
            if line.strip():
                yield number, line


def document(path: Path, *, limit: int = MAX_DOCUMENT) -> bytes:
    """The whole content of a plain or gzip file, bounded."""
    with open_bytes(path) as stream:
        try:
            data = stream.read(limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"damaged or cut off: {error}", where=str(path), mend="copy the file again") from None
    if len(data) > limit:
        raise InputError(f"over the limit of {limit:,} bytes", where=str(path))
    return data


def head_of(path: Path) -> Head:
    """Read enough of a file to tell whose it is. A one-document JSON file is parsed whole, up to 64 MiB."""
    with open_bytes(path) as stream:
        try:
            start = stream.read(1 << 16)
            first_line = start if b"\n" in start else start + stream.readline(MAX_LINE)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"damaged or cut off: {error}", where=str(path), mend="copy the file again") from None
    first = _json(first_line.split(b"\n", 1)[0])
    if first is None and start.lstrip()[:1] in (b"{", b"["):
        first = _json(document(path, limit=64 << 20))
    return Head(path=path, start=start, first=first)


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
