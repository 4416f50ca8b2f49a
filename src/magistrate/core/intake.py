"""Reading untrusted files: bounded, streaming, nothing lost in silence."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
import stat
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
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
MAX_DEPTH = 100
"""Levels of nesting in one JSON value: every walk over it downstream is recursive."""
HEAD_BYTES = 1 << 16
HEAD_LINES = 32
_CHUNK = 1 << 20
_KEPT = 200
_KINDS = 1000
_BOM = b"\xef\xbb\xbf"
_DAMAGE = (OSError, EOFError, zlib.error)
_MEND = "copy the file again"


class _Gzip(gzip.GzipFile):
    """A gzip stream that closes the file it reads from."""

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__(fileobj=packed)
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


UNPACK: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda raw: io.BufferedReader(_Gzip(raw)),
}
"""First bytes of a packed file -> what reads through it; damage must show as OSError, EOFError or zlib.error. A layer that
has a further library adds its own (`hosts` adds Zstandard), since core stays with the standard library."""


class Head(Record, frozen=True, kw_only=True):
    """The beginning of a file, for telling whose it is."""

    path: Path
    start: bytes
    """At most 64 KiB, decompressed."""
    first: Any = None
    """The first line as JSON, or the whole document when it is one; None when neither parses."""
    lines: tuple[Any, ...] = ()
    """The first lines as JSON, at most 32, those that parse: so that one bad line does not hide whose file it is."""


class Intake:
    """What reading ran into, and what has been read: shared by all files of one batch.

    `problems` is a bounded list with exact counts beside it; `skipped` counts lines and blocks left out on purpose.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.count = 0
        self.lost = 0
        self.skipped: Counter[str] = Counter()
        self.taken: set[Path] = set()
        """Files read as part of another, resolved: a batch does not read them again."""
        self.links: dict[str, str] = {}
        """Run id of a sub-agent -> `call_id` of its parent's action, where the parent's file is the one that says so."""
        self.size = 0
        """Bytes of all files of the batch, packed as they are; known once reading begins."""
        self.passed = 0
        """Bytes of the files that are read to their end."""
        self._reading: IO[bytes] | None = None
        self._seen: set[int] = set()

    def problem(self, where: object, what: str, *, line: int = 0, mend: str = "", lost: bool = True) -> None:
        """Record one problem; `lost` says whether a record was lost by it."""
        self.count += 1
        self.lost += lost
        if len(self.problems) < _KEPT:
            self.problems.append(Problem(where=str(where), what=what, line=line, mend=mend, lost=lost))

    def skip(self, kind: str) -> None:
        """Count a line or block that this reader leaves out on purpose. Kinds come from files, so their number is bounded."""
        kind = kind[:60]
        self.skipped[kind if kind in self.skipped or len(self.skipped) < _KINDS else "other"] += 1

    @property
    def position(self) -> int:
        """How many of the batch's bytes are read by now."""
        reading = self._reading
        return self.passed + (reading.tell() if reading and not reading.closed else 0)

    def enter(self, raw: IO[bytes] | None) -> None:
        """Say which file is being read, for `position`."""
        self._reading = raw

    def first_time(self, key: str) -> bool:
        """Whether this key is new to the batch; remembered in eight bytes (a hash), for telling copies in forked files."""
        mark = int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        if mark in self._seen:
            return False
        self._seen.add(mark)
        return True


# ---------------------------------------------------------------- bytes


def open_bytes(path: Path) -> IO[bytes]:
    """Open a regular file for reading, through its packing when its first bytes name one.

    Raises InputError for what is no file: a folder, a pipe (it would wait for ever), a device (it would never end).
    """
    return _open(path)[0]


def _open(path: Path) -> tuple[IO[bytes], int, IO[bytes]]:
    """The stream, the size of the packed file behind it (0 when it is not packed), and that file."""
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise InputError(
                "is a folder" if stat.S_ISDIR(info.st_mode) else "is not a regular file",
                where=str(path),
                mend="name a file",
            )
        raw = path.open("rb")
        magic = raw.peek(4)[:4]
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror or error}", where=str(path)) from None
    except ValueError as error:  # a NUL in the name
        raise InputError(f"cannot be opened: {error}", where=repr(str(path))) from None
    for first, unpack in UNPACK.items():
        if magic.startswith(first):
            return unpack(raw), max(info.st_size, 1), raw
    return raw, 0, raw


def _bomb(total: int, packed: int) -> bool:
    return packed > 0 and total > RATIO_GRACE and total / packed > MAX_RATIO


def lines(path: Path, intake: Intake, *, limit: int = MAX_LINE) -> Iterator[tuple[int, bytes]]:
    """Yield `(line number, line)` of a plain or packed file, holding at most one line in memory; blank lines are left out.

    A line longer than `limit` is reported and passed over; a truncated or damaged file is reported and ends there; a
    decompression bomb is reported and left. A byte order mark is taken off. Raises InputError when it cannot be opened.
    """
    total = number = 0
    stream, packed, raw = _open(path)
    intake.enter(raw)
    with stream:
        while True:
            number += 1
            try:
                line = stream.readline(limit + 1)
                length = len(line)
                if length > limit and not line.endswith(b"\n"):
                    length += _drain(stream, total + length, packed)
            except _DAMAGE as error:
                intake.problem(path, f"damaged or cut off: {error}", line=number, mend=_MEND)
                return
            if not length:
                return
            total += length
            if _bomb(total, packed):
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
            if number == 1:
                line = line.removeprefix(_BOM)
            if line.strip():
                yield number, line


def _drain(stream: IO[bytes], total: int, packed: int) -> int:
    """Read to the end of an over-long line without keeping it; how many bytes that was. Stops early in a bomb."""
    length = 0
    while True:
        piece = stream.readline(_CHUNK)
        length += len(piece)
        if not piece or piece.endswith(b"\n") or _bomb(total + length, packed):
            return length


def document(path: Path, *, limit: int = MAX_DOCUMENT) -> bytes:
    """The whole content of a plain or packed file, bounded, without a byte order mark. Raises InputError."""
    stream, packed, _ = _open(path)
    pieces: list[bytes] = []
    total = 0
    with stream:
        try:
            while piece := stream.read(_CHUNK):
                pieces.append(piece)
                total += len(piece)
                if total > limit:
                    raise InputError(f"over the limit of {limit:,} bytes", where=str(path))
                if _bomb(total, packed):
                    raise InputError(
                        "unpacks to far more than its size: taken for a decompression bomb", where=str(path)
                    )
        except _DAMAGE as error:
            raise InputError(f"damaged or cut off: {error}", where=str(path), mend=_MEND) from None
    return b"".join(pieces).removeprefix(_BOM)


# ---------------------------------------------------------------- JSON


def decode(data: bytes | str) -> Any:
    """JSON from outside, as values that every later step can walk and encode.

    Lenient where writers are sloppy (bytes that are not UTF-8, half of a surrogate pair, NaN: replaced), strict where readers
    would break (nesting deeper than `MAX_DEPTH`). Raises InputError.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        value = _decode_leniently(data)
    opening = (data.count(b"{") + data.count(b"[")) if isinstance(data, bytes) else (data.count("{") + data.count("["))
    if opening > MAX_DEPTH and deeper(value, MAX_DEPTH):
        raise InputError(f"nested deeper than {MAX_DEPTH} levels")
    return value


def _decode_leniently(data: bytes | str) -> Any:
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    try:
        return _encodable(json.loads(text))
    except RecursionError:
        raise InputError(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise InputError(f"not JSON: {str(error)[:120]}") from None


def _encodable(value: Any) -> Any:
    """The value without lone surrogates, NaN and infinities, none of which canonical JSON can hold."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value


def deeper(value: Any, limit: int) -> bool:
    """Whether lists and objects are nested beyond `limit` levels."""
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def objects(path: Path, intake: Intake) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield `(line number, object)` of a JSON Lines file; a line that is no JSON object is reported and passed over."""
    for number, line in lines(path, intake):
        try:
            value = decode(line)
        except InputError as error:
            intake.problem(path, error.what, line=number)
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            intake.problem(path, f"a JSON {type(value).__name__} where an object was expected", line=number)


def head_of(path: Path) -> Head:
    """Read enough of a file to tell whose it is. A one-document JSON file is parsed whole, up to 64 MiB."""
    with open_bytes(path) as stream:
        try:
            start = stream.read(HEAD_BYTES)
            text = start if start.endswith(b"\n") else start + stream.readline(MAX_LINE)
        except _DAMAGE as error:
            raise InputError(f"damaged or cut off: {error}", where=str(path), mend=_MEND) from None
    first_line, *more = text.removeprefix(_BOM).split(b"\n", HEAD_LINES)
    first = _json(first_line)
    if first is not None:
        parsed = [first] + [_json(line) for line in more[: HEAD_LINES - 1]]
    elif start.removeprefix(_BOM).lstrip()[:1] in (b"{", b"["):
        whole = _whole(path)
        first, parsed = whole, [whole] if whole is not None else [_json(line) for line in more[: HEAD_LINES - 1]]
    else:
        parsed = [_json(line) for line in more[: HEAD_LINES - 1]]
    return Head(path=path, start=start, first=first, lines=tuple(value for value in parsed if value is not None))


def _whole(path: Path) -> Any:
    try:
        return _json(document(path, limit=64 << 20))
    except InputError:
        return None


def _json(data: bytes) -> Any:
    try:
        return decode(data) if data.strip() else None
    except InputError:
        return None
