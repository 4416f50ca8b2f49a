"""Load: many hooks at once while the server is killed again and again. Prints counts; exit code 1 when a promise is broken.

    python bench/load.py [--actions 10000] [--at-once 64] [--every 1.0]

Real processes throughout: each action is a hook of its own, the server is killed with SIGKILL every so many seconds, as soon
as it serves, and the next hook that finds nobody starts it. Afterwards every allow that a hook printed has to be in the ledger, every action has to
be there, and the ledger has to be whole.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from magistrate.core.records import Action, Record, Verdict
from magistrate.ledger import Ledger
from magistrate.server.spool import Spool
from magistrate.server.state import State, hook_command, install_hook, prepare
from magistrate.testing.faults import healthy

COMMANDS = ("ls -la {at}", "cat notes-{at}.txt", "echo {at}", "rm -rf / --no-preserve-root # {at}", "git status # {at}")
"""What agents do here; the fourth is denied."""
RUNS = 64
DEADLINE = 20.0


class Count(Record, frozen=True, kw_only=True):
    """What came of a load."""

    actions: int
    seconds: float
    kills: int
    answers: dict[str, int]
    """By what hooks printed: `allow`, `deny`, `ask`, `refused` (by the hook itself)."""
    allows_not_in_ledger: int
    answers_not_in_ledger: int
    actions_not_in_ledger: int
    problems: tuple[str, ...]
    """What `ledger verify` found."""
    median_ms: float
    p99_ms: float
    spooled: int
    """Refusals that hooks left for the server to record."""

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return not (
            self.allows_not_in_ledger or self.answers_not_in_ledger or self.actions_not_in_ledger or self.problems
        )


async def load(folder: Path, actions: int, at_once: int, every: float) -> Count:
    """Run the load in a state folder of its own."""
    state = prepare(folder)
    install_hook(state)
    turn = asyncio.Semaphore(at_once)
    over = asyncio.Event()
    killer = asyncio.create_task(_kill(state, every, over))
    began = time.perf_counter()
    answered = await asyncio.gather(*(_action(state, at, turn) for at in range(actions)))
    seconds = time.perf_counter() - began
    over.set()
    kills = await killer
    spooled = len(Spool(state.spool).names())
    await _settle(state)
    return _counted(state, answered, seconds, kills, spooled)


async def _action(state: State, at: int, turn: asyncio.Semaphore) -> tuple[str, float]:
    """One hook; what it printed, and how long it took in seconds."""
    told = {"version": 1, "host": "load", "session": f"s{at % RUNS}", "event": "act", "cwd": "/work"}
    told |= {"tool": "Bash", "arguments": {"command": COMMANDS[at % len(COMMANDS)].format(at=at)}, "call_id": f"c{at}"}
    async with turn:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *hook_command(state, "generic", "act", deadline=DEADLINE),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(json.dumps(told).encode())
        took = time.perf_counter() - began
    if b"Traceback" in err or process.returncode not in (0, 2):
        return "broken", took
    if process.returncode == 2:
        return "refused", took
    return str(json.loads(out)["decision"]), took


async def _kill(state: State, every: float, over: asyncio.Event) -> int:
    """Kill the server every so many seconds, if one serves by then; how often that was."""
    kills = 0
    while not over.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), every)
        if not await asyncio.to_thread(healthy, state):
            continue
        for pid in _servers(state):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                kills += 1
    return kills


def _servers(state: State) -> list[int]:
    """Processes that serve the folder, or are about to."""
    wanted = (state.folder / "serve").read_bytes()
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().startswith(wanted):
                found.append(int(entry.name))
    return found


async def _settle(state: State) -> None:
    """One more action starts the server, which records what is left in the spool; then it is told to stop."""
    await _action(state, -1, asyncio.Semaphore(1))
    end = time.monotonic() + 60
    while Spool(state.spool).names() and time.monotonic() < end:
        await asyncio.sleep(0.1)
    for pid in _servers(state):
        os.kill(pid, signal.SIGTERM)
    while _servers(state) and time.monotonic() < end:
        await asyncio.sleep(0.05)


def _counted(state: State, answered: list[tuple[str, float]], seconds: float, kills: int, spooled: int) -> Count:
    with Ledger(state.ledger, readonly=True) as ledger:
        calls: dict[tuple[str, int], str] = {}
        verdicts: dict[str, set[str]] = {}
        for event in ledger.events(kinds=("action", "verdict")):
            if isinstance(event.body, Action):
                calls[event.run, event.n] = event.body.call_id
            elif isinstance(event.body, Verdict):
                verdicts.setdefault(calls[event.run, event.body.action], set()).add(event.body.decision)
        problems = tuple(problem.what for problem in ledger.verify())
    recorded = set(calls.values())
    words = {"allow": {"allow"}, "deny": {"deny"}, "ask": {"escalate"}, "refused": {"deny", "escalate"}}
    missing = Counter(
        word for at, (word, _) in enumerate(answered) if not words.get(word, set()) & verdicts.get(f"c{at}", set())
    )
    times = sorted(took for _, took in answered)
    return Count(
        actions=len(answered),
        seconds=seconds,
        kills=kills,
        answers=dict(Counter(word for word, _ in answered)),
        allows_not_in_ledger=missing["allow"],
        answers_not_in_ledger=sum(missing.values()),
        actions_not_in_ledger=sum(f"c{at}" not in recorded for at in range(len(answered))),
        problems=problems,
        median_ms=times[len(times) // 2] * 1000,
        p99_ms=times[int(len(times) * 0.99)] * 1000,
        spooled=spooled,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between kills")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="load") as folder:
        count = asyncio.run(load(Path(folder) / "state", asked.actions, asked.at_once, asked.every))
    print(
        f"{count.actions:,} actions, {asked.at_once} at once, {count.seconds:.1f} s: {count.actions / count.seconds:.0f} a second"
    )
    print(f"server killed {count.kills} times; hook median {count.median_ms:.0f} ms, p99 {count.p99_ms:.0f} ms")
    print("answers: " + ", ".join(f"{word} {n:,}" for word, n in sorted(count.answers.items())))
    print(f"refusals left in the spool and recorded after: {count.spooled:,}")
    print(
        f"not in the ledger: allows {count.allows_not_in_ledger}, answers {count.answers_not_in_ledger}, "
        f"actions {count.actions_not_in_ledger}; ledger {'whole' if not count.problems else count.problems[:3]}"
    )
    return 0 if count.kept else 1


if __name__ == "__main__":
    sys.exit(main())
