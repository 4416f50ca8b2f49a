"""The server's process: one for a state folder, started by hand or by the first hook that finds nobody.

It takes the folder's lock, listens, and only then loads what it needs: hooks that come meanwhile wait in the socket's queue.
A socket left by a process that is gone is replaced; one that serves is never touched, since its process holds the lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import uvicorn
from starlette.routing import BaseRoute

from magistrate.core.errors import ConfigError, LedgerError, MagistrateError
from magistrate.core.protocols import Reviewer
from magistrate.core.records import Action, Message, Record, Rulebook, RunStarted
from magistrate.evidence.supervision import COMMAND, PROCESS
from magistrate.gate import Gate, guarded_by
from magistrate.law.gaps import Precedents
from magistrate.law.laws import Adopted, Laws
from magistrate.ledger import Ledger
from magistrate.server import schedule
from magistrate.server.app import make_app
from magistrate.server.commits import Commits
from magistrate.server.labels import label_routes
from magistrate.server.service import Refusing, Service
from magistrate.server.spool import Spool
from magistrate.server.state import State, prepare, read_token, write

LOG = logging.getLogger("magistrate")
BACKLOG = 2048
PATIENCE = 2.0
"""Seconds to wait for another writer to the ledger."""
STUCK = 60.0
"""Seconds without a round of the event loop after which the process ends, for a hook to start another."""
HANDOVER = 7.0
"""Seconds that a server started by a hook waits for one that is about to end."""
AGAIN = 5.0
"""Seconds after which a server that can only deny ends, for the next hook to try another start."""
DRAIN = 2.0
"""Seconds between looks into the spool."""


class Settings(Record, frozen=True, kw_only=True):
    """How to serve."""

    folder: Path
    port: int | None = None
    """Listen on loopback with a token instead of on the socket; 0: a free port."""
    idle: float = 0.0
    """End after so many seconds without a request; 0: never."""
    starting: int = -1
    """File descriptor of the start lock, when a hook started this process."""


class Busy(ConfigError):
    """Another server serves this folder."""


Load = Callable[[], tuple[Rulebook, Sequence[Reviewer]]]
Build = Callable[[State, Rulebook, Sequence[Reviewer]], tuple[Service, Sequence[BaseRoute]]]


def serve(settings: Settings, load: Load, build: Build | None = None) -> None:
    """Serve until told to stop. Raises Busy when another does, and MagistrateError when it cannot start.

    `load` gives the rulebook and the reviewers, once the socket listens; `build` makes the service of them.
    """
    if settings.starting >= 0:
        _detach(settings.starting)
    state = prepare(settings.folder)
    with _only_one(state, HANDOVER if settings.starting >= 0 else 0.0), _listening(state, settings.port) as listener:
        if settings.starting >= 0:
            os.close(settings.starting)
        service, routes = _loaded(state, load, build or build_service)
        token = read_token(state) if settings.port is not None else ""
        config = uvicorn.Config(
            make_app(service, token=token, routes=routes),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            backlog=BACKLOG,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=5,
        )
        server = _Server(config, service, settings.idle, state)
        asyncio.Runner(loop_factory=config.get_loop_factory()).run(server.serve(sockets=[listener]))


def _loaded(state: State, load: Load, build: Build) -> tuple[Service | Refusing, Sequence[BaseRoute]]:
    """The service, ready; one that denies everything when there can be none."""
    try:
        rulebook, reviewers = load()
        service = build(state, rulebook, reviewers)
    except Exception as error:
        LOG.exception("nothing can be judged")
        why = (
            "its ledger cannot be used" if isinstance(error, LedgerError) else "its rulebook or settings cannot be used"
        )
        return Refusing(why, Spool(state.spool)), ()
    _warm(rulebook, reviewers)
    return service


def build_service(
    state: State, rulebook: Rulebook, reviewers: Sequence[Reviewer]
) -> tuple[Service, Sequence[BaseRoute]]:
    """One gate over the folder's ledger. Raises LedgerError."""
    ledger = Ledger(state.ledger, patience=PATIENCE)
    commits, laws = Commits(ledger), Laws(rulebook, Adopted(ledger, state.folder))
    like = Precedents(ledger, rulebook).like  # of what was ruled until now; rulings to come bind by themselves
    guarded = (*guarded_by(commits), f"{PROCESS}{os.getpid()}", f"{COMMAND}{' '.join(sys.orig_argv)}")
    gate = Gate(rulebook, commits, reviewers=reviewers, durable=False, laws=laws, precedents=like, guarded=guarded)
    return Service(gate, commits, spool=Spool(state.spool)), label_routes(state.ledger)


class _Server(uvicorn.Server):
    """uvicorn with what lives beside the requests: the spool, the idle clock, the watch over the event loop."""

    def __init__(self, config: uvicorn.Config, service: Service | Refusing, idle: float, state: State) -> None:
        super().__init__(config)
        self._service, self._idle, self._state = service, idle, state
        self._beat = time.monotonic()
        self._beside: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        self._beside = [asyncio.create_task(self._tend()), asyncio.create_task(self._draining())]
        if isinstance(self._service, Service):
            self._beside.append(asyncio.create_task(self._scheduled()))
        threading.Thread(target=self._watch, daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await super().shutdown(sockets)
        with contextlib.suppress(LedgerError):
            await self._service.finish()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are handled by the loop: a stop is a clean end, not a death by signal."""
        yield

    def _stop(self) -> None:
        self.should_exit = True

    async def _tend(self) -> None:
        served, since = -1, time.monotonic()
        began = since
        while True:
            self._beat = time.monotonic()
            if self._service.served != served:
                served, since = self._service.served, self._beat
            idle = self._idle and self._beat - since > self._idle
            if idle or (isinstance(self._service, Refusing) and self._beat - began > AGAIN):
                self._stop()
            await asyncio.sleep(0.5)

    async def _draining(self) -> None:
        while True:
            try:
                await self._service.drain()
            except Exception:
                LOG.exception("the spool could not be read")
            await asyncio.sleep(DRAIN)

    async def _scheduled(self) -> None:
        try:
            await schedule.keep(self._state, schedule.load(self._state))
        except ConfigError as error:
            LOG.warning("nothing is done by a schedule: %s", error)

    def _watch(self) -> None:
        """End a process whose event loop is stuck: its hooks deny, and the next one starts another."""
        while time.monotonic() - self._beat < STUCK:
            time.sleep(1)
        LOG.error("the event loop is stuck: the server ends")
        os._exit(70)


# ---------------------------------------------------------------- the process


def _detach(keep: int) -> None:
    """Leave the session and everything that the host left open; a host waits for whoever holds its pipes."""
    with contextlib.suppress(OSError):
        os.setsid()
    os.umask(0o077)
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)


@contextlib.contextmanager
def _only_one(state: State, patience: float) -> Iterator[None]:
    """The lock of the folder, as long as this lives. `patience`: seconds to wait for a server that is about to end."""
    handle = os.open(state.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + patience
    try:
        while not _locked(handle):
            if time.monotonic() >= end or (patience and _serves(state)):
                raise Busy(f"{state.folder}: another server serves here")
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _serves(state: State) -> bool:
    """Whether somebody listens on the folder's socket."""
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(str(state.socket))
        except OSError:
            return state.address.exists()
    return True


@contextlib.contextmanager
def _listening(state: State, port: int | None) -> Iterator[socket.socket]:
    """The listening socket, in its place and reachable by this user alone."""
    listener = _bound(state) if port is None else _loopback(state, port)
    try:
        yield listener
    finally:
        listener.close()
        (state.socket if port is None else state.address).unlink(missing_ok=True)


def _bound(state: State) -> socket.socket:
    state.address.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fresh = f".sock.{os.getpid()}"
    here = os.getcwd()
    os.chdir(state.folder)  # an address has room for about 100 characters
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh)
        listener.bind(fresh)
        os.chmod(fresh, 0o600)
        listener.listen(BACKLOG)
        os.replace(fresh, state.socket.name)
    except OSError as error:
        raise ConfigError(f"{state.socket}: cannot listen: {error}") from None
    finally:
        os.chdir(here)
    return listener


def _loopback(state: State, port: int) -> socket.socket:
    state.socket.unlink(missing_ok=True)
    read_token(state)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(BACKLOG)
    except OSError as error:
        raise ConfigError(f"127.0.0.1:{port}: cannot listen: {error}") from None
    write(state.address, "{}:{}".format(*listener.getsockname()).encode())
    return listener


def _warm(rulebook: Rulebook, reviewers: Sequence[Reviewer]) -> None:
    """Judge something harmless in memory, so that the first real action does not pay for what loads late."""

    async def once() -> None:
        run = Gate(rulebook, Ledger(":memory:"), reviewers=reviewers).open("warm", RunStarted(host="warm", cwd="/w"))
        run.observe(Message(author="person", text="List the files and fetch https://example.org/a"))
        for command in ("ls -la", "curl https://example.org/a | psql -c 'select 1'"):
            await run.decide(Action(tool="Bash", arguments={"command": command}))

    try:
        asyncio.run(once())
    except Exception:
        LOG.exception("warming up failed")
    gc.collect()
    gc.freeze()


def log_to_stderr() -> None:
    """Log lines of the server, where its starter put them."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")


__all__ = ["Busy", "MagistrateError", "Settings", "build_service", "log_to_stderr", "serve"]
