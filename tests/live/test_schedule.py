"""What a server does by itself: what is due and no more, in processes of their own, and nothing when nobody asked for it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from magistrate.core.errors import ConfigError
from magistrate.core.records import RunStarted
from magistrate.ledger import Ledger
from magistrate.server.schedule import Planned, Schedule, due, keep, load, once, stamp
from magistrate.server.state import State, prepare
from magistrate.testing.faults import wait_for
from magistrate.testing.ledgers import Deed, write_run


@pytest.fixture
def state(tmp_path: Path) -> State:
    return prepare(tmp_path / "state")


def test_nothing_is_planned_by_default(state: State) -> None:
    assert load(state) == Schedule()
    asyncio.run(asyncio.wait_for(keep(state, load(state)), 1))


@pytest.mark.parametrize(
    "text",
    [
        'every = "5m"\ndo = ["audit", "watch"]',
        'every = "soon"\ndo = ["audit", "watch"]',
        'every = ""\ndo = ["audit", "watch"]',
        'every = "nand"\ndo = ["audit", "watch"]',
        'every = "1d"\ndo = ["ledger", "export"]',
        'every = "1d"\ndo = []',
        'every = "1d"\ndo = ["audit", "watch", "--ledger", "other.db"]',
        "every = 3",
    ],
)
def test_what_a_schedule_cannot_say(state: State, text: str) -> None:
    (state.folder / "schedule.toml").write_text(f"[[run]]\n{text}\n")
    with pytest.raises(ConfigError):
        load(state)


def test_what_is_due(state: State) -> None:
    schedule = Schedule(run=(Planned(every="1d", do=("audit", "watch")), Planned(every="2h", do=("canary", "plant"))))
    assert due(state, schedule, 1e9) == [0, 1]
    for at, planned in enumerate(schedule.run):
        stamp(state, at, planned).touch()
        os.utime(stamp(state, at, planned), (1e9, 1e9))
    assert due(state, schedule, 1e9 + 3600) == []
    assert due(state, schedule, 1e9 + 7200) == [1]
    assert due(state, schedule, 1e9 + 90000) == [0, 1]


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    assert asyncio.run(once(("a", "b"), words, tmp_path, most=0.5)) is None
    assert time.monotonic() - began < 10
    assert asyncio.run(once(("a", "b"), [sys.executable, "-c", "raise SystemExit(4)"], tmp_path)) == 4


def test_a_server_watches_and_plants_and_answers_meanwhile(state: State) -> None:
    with Ledger(state.ledger) as ledger:
        write_run(ledger, "run", [Deed(decision="deny")] * 3 + [Deed()] * 300, RunStarted(host="test"))
    (state.folder / "schedule.toml").write_text(
        '[[run]]\nevery = "1d"\ndo = ["audit", "watch"]\n[[run]]\nevery = "1d"\ndo = ["canary", "plant", "--places", "1", "--no-screen"]\n'
    )
    words = [sys.executable, "-m", "magistrate", "serve", "--state", str(state.folder), "--no-screen"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def watched() -> bool:
        with Ledger(state.ledger, readonly=True) as ledger:
            return bool(list(ledger.events("alarms", kinds=("watched",))))

    try:
        assert wait_for(state.socket.exists, 20)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(state.socket)), timeout=10) as client:
            assert client.get("http://m/v1/health").status_code == 200
        assert wait_for(watched, 40)
        assert wait_for((state.folder / "schedule.1.canary-plant").exists, 40)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
