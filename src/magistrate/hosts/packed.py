"""Zstandard for the reader of core: some hosts pack their older sessions with it."""

from __future__ import annotations

import io
from typing import IO

import zstandard

from magistrate.core import intake

MAGIC = b"\x28\xb5\x2f\xfd"
_WINDOW = 1 << 27


class _Unpacked(io.RawIOBase):
    """A Zstandard stream as plain bytes; damage is an OSError, as with gzip."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(
            packed, read_across_frames=True
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            piece = self._reader.read(len(view))
        except zstandard.ZstdError as error:
            raise OSError(str(error)) from None
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._packed.close()
        super().close()


def unpack(packed: IO[bytes]) -> IO[bytes]:
    """The unpacked stream. A file cut off inside a frame ends early: its last line then does not parse."""
    return io.BufferedReader(_Unpacked(packed), 1 << 20)


intake.UNPACK[MAGIC] = unpack
