"""The tail of the transcript that a host names: complete new lines only, from where the last look ended.

The path comes with a hook's payload. It is opened as a regular file of this user, without following a link at its end and
without waiting, and each look is bounded. A file that became shorter is read anew; what is known already is told apart by
`voices`, which is also what makes a look from the start harmless after a restart.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from magistrate.core.errors import InputError
from magistrate.core.intake import MAX_LINE, decode
from magistrate.core.records import Action, Message, Outcome
from magistrate.hosts.follow import FOLLOWERS, Follower

MAX_LOOK = 1 << 20
"""Bytes read at one look; what is left comes with the next."""
_BUGS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Tail:
    """One growing file."""

    def __init__(self, host: str, path: str, cwd: str) -> None:
        self.path = path
        self.problems = 0
        """Lines that could not be read."""
        self._host, self._cwd = host, cwd
        self._follower: Follower | None = self._begin()
        self._offset = self._line = 0
        self._part = b""
        self._over_long = False

    def look(self) -> tuple[list[Message | Action | Outcome], bool]:
        """What new complete lines say, in order, and whether more is there already. Never raises."""
        if self._follower is None:
            return [], False
        data, more = self._read()
        lines = [decoded for line in self._complete(data) if (decoded := self._decoded(line))]
        return self._fed(lines), more

    def _begin(self) -> Follower | None:
        make = FOLLOWERS.get(self._host)
        return make(Path(self.path), self._cwd) if make and self.path else None

    def _read(self) -> tuple[bytes, bool]:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):  # not there yet, or no path at all
            return b"", False
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode) or info.st_uid not in (os.getuid(), 0):
                return b"", False
            if info.st_size < self._offset:
                self._offset = self._line = 0
                self._part, self._follower = b"", self._begin()
            data = os.pread(handle, MAX_LOOK, self._offset)
        except OSError:
            return b"", False
        finally:
            os.close(handle)
        self._offset += len(data)
        return data, info.st_size > self._offset

    def _complete(self, data: bytes) -> Sequence[bytes]:
        """The lines that ended; the part of one that has not is kept, unless it is longer than any line may be."""
        *lines, self._part = (self._part + data).split(b"\n")
        if self._over_long and lines:
            lines, self._over_long = lines[1:], False
            self._line += 1
        if len(self._part) > MAX_LINE:
            self._part, self._over_long = b"", True
            self.problems += 1
        return lines

    def _decoded(self, line: bytes) -> tuple[int, dict[str, Any]] | None:
        self._line += 1
        try:
            value = decode(line) if line.strip() else None
        except InputError:
            self.problems += 1
            return None
        return (self._line, value) if isinstance(value, dict) else None

    def _fed(self, lines: Sequence[tuple[int, dict[str, Any]]]) -> list[Message | Action | Outcome]:
        try:
            return self._follower.feed(lines) if lines and self._follower else []
        except _BUGS:  # a line that the importer trips over
            self.problems += 1
            return []
