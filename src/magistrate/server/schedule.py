"""What a server does by itself between requests: the audit's watch, and planting canaries, each at its interval. Off by default.

`schedule.toml` in the state folder says what and how often:

    [[run]]
    every = "1d"                                    # 10m at least
    do = ["audit", "watch", "--config", "alarms.toml"]  # or ["canary", "plant", "--places", "5", ...]

Each is a process of its own, one at a time, at the lowest priority, ended after `MOST` seconds, and works in the server's folder on the
server's ledger: no verdict waits for it but for the moment in which it writes. When each was begun last stands in the times of files
(`schedule.N`), set before it begins, so that neither a restart nor one that fails makes it run more often.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from magistrate.core.errors import ConfigError
from magistrate.core.records import Record
from magistrate.server.state import State

LOG = logging.getLogger("magistrate")
MOST = 600.0
"""Seconds that one may take."""
LEAST = 600.0
"""Seconds between two of a kind, at least."""
LOOK = 30.0
"""Seconds between looks at what is due."""
MAY = frozenset({("audit", "watch"), ("canary", "plant")})
"""Commands that may stand in a schedule."""
ALARM = 4
_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0}


class Planned(Record, frozen=True, kw_only=True):
    """One command and how often it runs."""

    every: str
    do: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """The interval. Raises ValueError for one that is none."""
        return float(self.every[:-1]) * _UNITS.get(self.every[-1:], float("nan"))


class Schedule(Record, frozen=True, kw_only=True):
    """A file of them."""

    run: tuple[Planned, ...] = ()


def load(state: State) -> Schedule:
    """The folder's schedule; an empty one where there is no file. Raises ConfigError."""
    path = state.folder / "schedule.toml"
    if not path.exists():
        return Schedule()
    try:
        schedule = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Schedule)
        for planned in schedule.run:
            if not planned.seconds >= LEAST:
                raise ConfigError(f"{path}: every {planned.every!r}: 10m, 2h, 1d ..., and no less than 10m")
            if planned.do[:2] not in MAY or "--ledger" in planned.do:
                raise ConfigError(
                    f"{path}: {' '.join(planned.do)!r}: only audit watch and canary plant, on this ledger"
                )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None
    return schedule


def due(state: State, schedule: Schedule, now: float) -> list[int]:
    """Which are due, by their places in the file. `now`: seconds since the epoch. One that never ran is due."""
    return [at for at, planned in enumerate(schedule.run) if now - _began(stamp(state, at, planned)) >= planned.seconds]


def stamp(state: State, at: int, planned: Planned) -> Path:
    """The file whose time says when it was begun last; another command in its place has another."""
    return state.folder / f"schedule.{at}.{'-'.join(planned.do[:2])}"


def _began(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def command(state: State, planned: Planned) -> list[str]:
    """The words of its process."""
    return [sys.executable, "-I", "-m", "magistrate", *planned.do, "--ledger", str(state.ledger)]


async def keep(state: State, schedule: Schedule, *, look: float = LOOK) -> None:
    """Do what is due, one after the other, until cancelled."""
    while schedule.run:
        for at in due(state, schedule, time.time()):
            planned = schedule.run[at]
            try:
                with os.fdopen(os.open(stamp(state, at, planned), os.O_WRONLY | os.O_CREAT, 0o600)) as file:
                    os.utime(file.fileno())
                await once(planned.do, command(state, planned), state.folder)
            except OSError as error:
                LOG.warning("%s could not be run: %s", " ".join(planned.do[:2]), error)
        await asyncio.sleep(look)


async def once(name: Sequence[str], words: Sequence[str], folder: Path, *, most: float = MOST) -> int | None:
    """Run one process to its end; its exit code, or None when it had to be ended. Raises OSError."""
    env = {**os.environ, "MAGISTRATE_HOME": str(folder)}
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*words, cwd=folder, env=env, stdin=quiet, stdout=quiet, stderr=quiet)
    what = " ".join(name[:2])
    try:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)
        async with asyncio.timeout(most):
            code = await process.wait()
    except TimeoutError:
        LOG.warning("%s took more than %g s and was ended", what, most)
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
    if code == ALARM:
        LOG.warning("%s: an alarm rings", what)
    elif code:
        LOG.warning("%s failed with exit code %d", what, code)
    return code
