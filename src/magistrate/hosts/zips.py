"""Reading members of a zip archive that may be hostile, damaged, or packed with Zstandard.

Python's `zipfile` reads the directory; members are unpacked here, because `zipfile` knows method 93 (Zstandard, APPNOTE
6.3.10) only from Python 3.14 on. Every member and the archive as a whole are bounded. An archive without a directory, as a
writer leaves behind that was killed, is read by its local headers.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

from magistrate.core.errors import InputError
from magistrate.core.intake import MAX_DOCUMENT, MAX_RATIO, RATIO_GRACE, Intake
from magistrate.core.records import Record

_LOCAL = struct.Struct("<4s5H3I2H")
_MAGIC = b"PK\x03\x04"
_STORED, _DEFLATED, _ZSTANDARD = 0, 8, 93
_CHUNK = 1 << 20
_WINDOW = 1 << 27
_ENCRYPTED, _SIZES_LATER = 0x1, 0x8
_DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError, ValueError)


class Member(Record, frozen=True, kw_only=True):
    """One file in the archive."""

    name: str
    method: int
    flags: int
    offset: int
    """Where its local header begins."""
    packed: int
    size: int
    """Unpacked size, as the archive says."""
    crc: int


class Archive:
    """An open archive. `members` maps names to the last member of that name, in the order of the archive."""

    def __init__(self, path: Path, intake: Intake) -> None:
        """Raises InputError when the file cannot be opened or holds no member at all."""
        self._path = path
        try:
            self._size = max(path.stat().st_size, 1)
            self._file: IO[bytes] = path.open("rb")
        except OSError as error:
            raise InputError(f"cannot be opened: {error.strerror}", where=str(path)) from None
        self._unpacked = 0
        try:
            found = _directory(self._file)
        except (zipfile.BadZipFile, *_DAMAGE, NotImplementedError):
            found = list(_local_headers(self._file))
            intake.problem(path, "archive without a directory: read as far as it goes", mend="copy the file again")
        if not found:
            self._file.close()
            raise InputError("is no readable zip archive", where=str(path), mend="copy the file again")
        self.members = {member.name: member for member in found}

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, member: Member, limit: int = MAX_DOCUMENT) -> bytes:
        """The member's content. Raises InputError when it is damaged, over the limit, or of an unknown packing."""
        pieces: list[bytes] = []
        total = 0
        try:
            for piece in _unpack(self._raw(member), member):
                total += len(piece)
                self._unpacked += len(piece)
                if total > limit:
                    raise self._bad(member, f"over the limit of {limit:,} bytes")
                if self._unpacked > RATIO_GRACE and self._unpacked / self._size > MAX_RATIO:
                    raise self._bad(member, "unpacks to far more than its size: taken for a decompression bomb")
                pieces.append(piece)
        except _DAMAGE as error:
            raise self._bad(member, f"damaged: {error}") from None
        data = b"".join(pieces)
        if member.crc and zlib.crc32(data) != member.crc:
            raise self._bad(member, "damaged: its checksum does not hold")
        return data

    def _bad(self, member: Member, what: str) -> InputError:
        return InputError(f"member {member.name!r}: {what}", where=str(self._path), mend="copy the file again")

    def _raw(self, member: Member) -> io.BytesIO:
        if member.flags & _ENCRYPTED:
            raise self._bad(member, "is encrypted")
        self._file.seek(member.offset)
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(_MAGIC):
            raise self._bad(member, "has no header")
        *_, name_length, extra_length = _LOCAL.unpack(header)
        self._file.seek(name_length + extra_length, io.SEEK_CUR)
        data = self._file.read(min(member.packed, self._size))
        if len(data) < member.packed:
            raise self._bad(member, "is cut off")
        return io.BytesIO(data)


def _directory(stream: IO[bytes]) -> list[Member]:
    with zipfile.ZipFile(stream) as archive:
        return [
            Member(
                name=info.filename,
                method=info.compress_type,
                flags=info.flag_bits,
                offset=info.header_offset,
                packed=info.compress_size,
                size=info.file_size,
                crc=info.CRC,
            )
            for info in archive.infolist()
        ]


def _local_headers(stream: IO[bytes]) -> Iterator[Member]:
    """Members by their local headers, up to the first that does not follow on the one before or does not say its size."""
    offset = 0
    while True:
        stream.seek(offset)
        header = stream.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(_MAGIC):
            return
        _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
        if flags & _SIZES_LATER or packed == 0xFFFFFFFF:
            return
        name = stream.read(name_length).decode("utf-8", "replace")
        yield Member(name=name, method=method, flags=flags, offset=offset, packed=packed, size=size, crc=crc)
        offset += _LOCAL.size + name_length + extra_length + packed


def _unpack(raw: io.BytesIO, member: Member) -> Iterator[bytes]:
    if member.method == _STORED:
        while piece := raw.read(_CHUNK):
            yield piece
    elif member.method == _DEFLATED:
        engine = zlib.decompressobj(-zlib.MAX_WBITS)
        data = raw.read()
        while data and not engine.eof:
            yield engine.decompress(data, _CHUNK)
            data = engine.unconsumed_tail
        if not engine.eof:
            raise EOFError("the packed data ends early")
    elif member.method == _ZSTANDARD:
        reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(raw, read_across_frames=True)
        while piece := reader.read(_CHUNK):
            yield piece
    else:
        raise ValueError(f"packing method {member.method} is not known")
