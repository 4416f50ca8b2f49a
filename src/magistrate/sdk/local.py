"""The gate in this process, with a ledger of its own: no server, no socket.

It lives on one thread with its own event loop, so that tools of any kind (sync, asyncio, trio, many threads) can ask, and the
ledger has one writer.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from concurrent.futures import TimeoutError as LateError
from pathlib import Path
from typing import Any, TypeVar

from magistrate.core.config import state_dir
from magistrate.core.errors import MagistrateError
from magistrate.core.protocols import Reviewer
from magistrate.core.records import Heard, Rulebook, Verdict
from magistrate.gate import Gate, Run
from magistrate.hosts.live.generic import ADAPTER
from magistrate.ledger import Ledger
from magistrate.review.screen import Screen
from magistrate.rulebook.text import default, load
from magistrate.sdk.answer import Answer, Unreviewed, read_answer

DEADLINE = 60.0
"""Seconds that a call may wait for its review."""
MAX_RUNS = 4096
"""Runs whose evidence is kept."""
T = TypeVar("T")


def gate(
    ledger: str | Path | None = None,
    rules: str | Path | Rulebook | None = None,
    reviewers: list[Reviewer] | None = None,
    dry_run: bool = False,
) -> Gate:
    """A gate by what is usual: `sdk.db` in the state folder, the shipped rulebook, the embedded screen."""
    rulebook = rules if isinstance(rules, Rulebook) else load(Path(rules)) if rules else default()
    return Gate(
        rulebook,
        Ledger(ledger or state_dir() / "sdk.db"),
        reviewers=[Screen()] if reviewers is None else reviewers,
        mode="dry-run" if dry_run else "enforce",
    )


class Local:
    """Answers from a gate in this process (`magistrate.sdk.answer.Link`).

    `build` makes the gate; it runs on the thread that will use it. Whatever it raises is raised here.
    """

    def __init__(self, build: Callable[[], Gate] = gate, *, deadline: float = DEADLINE) -> None:
        self._deadline = deadline
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="magistrate", daemon=True)
        self._thread.start()
        try:
            self._desk: _Desk = self._run(_open(build))
        except BaseException:
            self._stop()
            raise

    def post(self, event: str, payload: bytes) -> Answer:
        """The answer to one payload. Raises `Unreviewed`."""
        return self._run(self._desk.answer(event, payload))

    def close(self) -> None:
        """Close the ledger and end the thread."""
        if self._thread.is_alive():
            self._run(self._desk.close())
            self._stop()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():  # closed, or this process was forked from the one that began it
            work.close()
            raise Unreviewed("the gate is closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(self._deadline)
        except LateError:
            future.cancel()
            raise Unreviewed(f"no answer within {self._deadline:g} s") from None

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _open(build: Callable[[], Gate]) -> _Desk:
    return _Desk(build())


class _Desk:
    """The runs of one gate, as the neutral contract speaks of them."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._turn = asyncio.Lock()

    async def answer(self, event: str, payload: bytes) -> Answer:
        try:
            heard = ADAPTER.decode(event, payload)
            async with self._turn:
                verdict = await self._hear(heard)
        except MagistrateError as error:
            raise Unreviewed(str(error)) from None
        return read_answer(ADAPTER.encode(heard, verdict).stdout.encode())

    async def close(self) -> None:
        if isinstance(self._gate.ledger, Ledger):
            self._gate.ledger.close()

    async def _hear(self, heard: Heard) -> Verdict | None:
        run = self._run(heard)
        for said in heard.said:
            run.observe(said)
        if heard.action is None:
            run.close()
            return None
        return await run.decide(heard.action)

    def _run(self, heard: Heard) -> Run:
        if heard.run not in self._runs:
            self._runs[heard.run] = self._gate.open(heard.run, heard.started, self._runs.get(heard.started.parent))
        self._runs.move_to_end(heard.run)
        if len(self._runs) > MAX_RUNS:
            self._runs.popitem(last=False)
        return self._runs[heard.run]
