"""A live server with one fault built in, as a process: `python -m magistrate.testing.faulty FOLDER FAULT [--starting N]`.

For `testing.faults`. `none` is a sound server; a fault acts on the first action that is judged, or on all of them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from magistrate.core import canon
from magistrate.core.protocols import Case, Reviewer
from magistrate.core.records import Opinion, Rulebook
from magistrate.ledger import store
from magistrate.rulebook.text import default
from magistrate.server.serve import Settings, build_service, log_to_stderr, serve
from magistrate.server.service import Service
from magistrate.server.state import State


class Faulty:
    """A reviewer that does what it is told instead of reviewing."""

    name = "faulty"
    version = "1"

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act

    async def review(self, case: Case) -> Opinion:
        if case.action.cwd != "/work":  # the server warms itself up
            return Opinion(reviewer=self.name, decision="allow")
        result = self._act()
        return await result if asyncio.iscoroutine(result) else result  # type: ignore[no-any-return]


def _raise() -> None:
    raise RuntimeError("reviewer is broken\nTraceback (most recent call last):")


REVIEWERS: dict[str, Callable[[], Any]] = {
    "reviewer raises": _raise,
    "reviewer exits": lambda: sys.exit(0),
    "reviewer hangs": lambda: asyncio.sleep(3600),
    "reviewer blocks": lambda: time.sleep(3600),
    "reviewer is slow": lambda: asyncio.sleep(3600),
    "reviewer gives nothing": lambda: None,
    "reviewer gives text": lambda: "allow",
    "reviewer gives a wrong word": lambda: Opinion(reviewer="faulty", decision="yes"),  # type: ignore[arg-type]
    "reviewer cites no rule there is": lambda: Opinion(reviewer="faulty", decision="deny", rules=("no.such",)),
}


def _full(db: sqlite3.Connection) -> None:
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")


def _read_only(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA query_only = ON")


def _killed_in_commit(db: sqlite3.Connection) -> None:
    db.set_trace_callback(lambda statement: _die() if statement == "COMMIT" else None)


def _closed(db: sqlite3.Connection) -> None:
    db.close()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


DATABASE: dict[str, Callable[[sqlite3.Connection], None]] = {
    "ledger full": _full,
    "ledger read-only": _read_only,
    "ledger closed": _closed,
    "ledger killed in commit": _killed_in_commit,
}


def _kill_after(service: Service) -> None:
    commit = service.commits.ledger.commit

    def then_die() -> None:
        commit()
        _die()

    service.commits.ledger.commit = then_die  # type: ignore[method-assign]


def _set_clock_back() -> None:
    """Every look at the clock gives an earlier time."""
    began = datetime.now(UTC)
    looks = 0

    def earlier() -> str:
        nonlocal looks
        looks += 1
        return (began - timedelta(hours=looks)).isoformat(timespec="microseconds")

    for module in (canon, store, sys.modules["magistrate.gate"]):
        module.now = earlier  # type: ignore[attr-defined]


def main() -> None:
    """Serve with a fault."""
    folder, fault, *rest = sys.argv[1:]
    starting = int(rest[1]) if rest[:1] == ["--starting"] else -1
    log_to_stderr()

    def load() -> tuple[Rulebook, Sequence[Reviewer]]:
        return default(), [Faulty(REVIEWERS[fault])] if fault in REVIEWERS else []

    def build(state: State, rulebook: Rulebook, reviewers: Sequence[Reviewer]) -> tuple[Service, Sequence[BaseRoute]]:
        service, routes = build_service(state, rulebook, reviewers)
        if fault in DATABASE:
            DATABASE[fault](service.commits.ledger._db)
        if fault == "ledger killed after commit":
            _kill_after(service)
        return service, routes

    if fault == "clock set back":
        _set_clock_back()
    serve(Settings(folder=Path(folder), starting=starting, idle=60), load, build)


if __name__ == "__main__":
    main()
