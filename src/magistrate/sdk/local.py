"""The gate in this process, with a ledger of its own: what the server does, without a server.

It lives on one thread with its own event loop, so that tools of any kind (sync, asyncio, trio, many threads) can ask, and the
ledger has one writer.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import TimeoutError as LateError
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from magistrate.core.canon import new_id
from magistrate.core.config import state_dir
from magistrate.core.errors import MagistrateError
from magistrate.core.protocols import Reviewer
from magistrate.core.records import Rulebook
from magistrate.gate import Gate
from magistrate.hosts.live.generic import NAME
from magistrate.law.laws import Laws
from magistrate.ledger import Ledger
from magistrate.review.screen import Screen
from magistrate.rulebook.text import default, load
from magistrate.sdk.answer import DEADLINE, Answer, Unreviewed, answer_of
from magistrate.server.commits import Commits
from magistrate.server.service import Service
from magistrate.server.spool import Asked

GRACE = 1.0
"""Seconds beyond it for the refusal to be recorded."""
PATIENCE = 2.0
"""Seconds to wait for another writer to the ledger."""
T = TypeVar("T")


def service(
    ledger: str | Path | None = None,
    rules: str | Path | Rulebook | None = None,
    reviewers: Sequence[Reviewer] | None = None,
) -> Service:
    """A service by what is usual: the live hosts' ledger, the shipped rulebook, the embedded screen.

    `magistrate queue`, `rule` and `stop` reach it through that ledger; for another one they take `--ledger`. Raises LedgerError and RulebookError.
    """
    rulebook = rules if isinstance(rules, Rulebook) else load(Path(rules)) if rules else default()
    commits = Commits(Ledger(ledger or state_dir() / "live.db", patience=PATIENCE))
    asked = [Screen()] if reviewers is None else reviewers
    return Service(Gate(rulebook, commits, reviewers=asked, durable=False, laws=Laws(rulebook)), commits)


class Local:
    """Answers from a gate in this process (`magistrate.sdk.answer.Link`).

    `build` makes the service; it runs on the thread that will use it, and what it raises is raised here.
    """

    def __init__(
        self, build: Callable[[], Service] = service, *, deadline: float = DEADLINE, dry_run: bool = False
    ) -> None:
        self._deadline, self._dry_run = deadline, dry_run
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="magistrate", daemon=True)
        self._thread.start()
        try:
            self._service: Service = self._run(_built(build))
        except BaseException:
            self._stop()
            raise

    def post(self, event: str, payload: bytes) -> Answer:
        """The answer to one payload. Raises `Unreviewed`."""
        asked = Asked(
            host=NAME,
            event=event,
            payload=payload,
            nonce=new_id(),
            dry_run=self._dry_run,
            until=time.monotonic() + self._deadline,
        )
        reply = self._run(self._service.answer(asked))
        return answer_of(reply.stdout.encode(), reply.exit)

    def close(self) -> None:
        """Close the ledger and end the thread."""
        if self._thread.is_alive():
            self._run(_closed(self._service))
            self._stop()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        # Not alive: closed, or this process was forked from the one that began it.
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            work.close()
            raise Unreviewed("the gate is closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(self._deadline + GRACE)
        except LateError:
            future.cancel()
            raise Unreviewed(f"no answer within {self._deadline:g} s") from None

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _built(build: Callable[[], Service]) -> Service:
    return build()


async def _closed(running: Service) -> None:
    """Let what is under way end, then let go of the ledger."""
    with suppress(MagistrateError):  # nobody heard an answer that rests on it
        await running.finish()
    running.commits.ledger.close()
