"""What a hook costs: whole-process wall time of ours, of the bare interpreter and of two other guards, interleaved.

    python bench/hook.py [--rounds 300] [--no-peers]

Every process gets the same Claude Code payloads on stdin, in turn, so that what else the machine does falls on all alike. Ours
asks a server that runs beside it, with the shipped rulebook, the screen and a durable commit for each verdict; afterwards every
call is looked up in the ledger. The others are the commands that their own installers write, in an empty home; they are made
under `build/peers/envs` as `make bench-peers` does, and left out with a word where that cannot be.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median, quantiles

from magistrate.core.records import Action, Verdict
from magistrate.ledger import Ledger
from magistrate.server.state import State, hook_command, install_hook, prepare

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench" / "peers"))
import drive  # noqa: E402

PLACE = ROOT / "build" / "bench-hook"
COMMANDS = (
    "ls -la",
    "git status --short",
    "cat README.md | head -40",
    "python -m pytest -q tests/test_api.py",
    "grep -rn 'def main' src",
    "npm run build",
    "rm -rf node_modules",
    "git push origin HEAD",
)
BARE, OURS = "python -I -S -c pass", "magistrate"
WARM = 5


def payload(at: int) -> bytes:
    """The `at`-th call, as Claude Code hands it over."""
    fields = {
        "session_id": "bench",
        "transcript_path": str(PLACE / "none.jsonl"),
        "cwd": "/work",
        "permission_mode": "default",
    }
    fields |= {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_use_id": f"toolu_{at}"}
    return json.dumps(fields | {"tool_input": {"command": COMMANDS[at % len(COMMANDS)]}}).encode()


def peers() -> dict[str, list[str]]:
    """Name -> command of each other guard's hook; those that cannot be had are named and left out."""
    found: dict[str, list[str]] = {}
    for peer in drive.PEERS:
        if peer.name not in ("nah", "cc-safety-net"):
            continue
        if why := drive.install(peer):
            print(f"without {peer.name}: {why}")
            continue
        place = drive.BUILD / "envs" / peer.package
        if peer.name == "nah":
            found[f"nah {peer.version}"] = [str(place / "bin" / "nah"), "_claude-hook"]
        else:
            script = place / "node_modules" / "cc-safety-net" / "dist" / "bin" / "cc-safety-net.js"
            found[f"cc-safety-net {peer.version}"] = [
                shutil.which("node") or "node",
                str(script),
                "hook",
                "--claude-code",
            ]
    return found


def timed(command: list[str], data: bytes, home: Path) -> float:
    """Milliseconds from before the start of a process to after its end."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    began = time.perf_counter()
    done = subprocess.run(command, input=data, capture_output=True, env=environment, cwd=home, check=False)
    took = (time.perf_counter() - began) * 1000
    if done.returncode not in (0, 2):
        raise SystemExit(f"{command}: exit code {done.returncode}: {done.stderr[-300:].decode(errors='replace')}")
    return took


def measure(commands: dict[str, list[str]], rounds: int, home: Path) -> dict[str, list[float]]:
    """Milliseconds by name, after a few rounds that do not count. Who is first changes from round to round."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    names = list(commands)
    for at in range(-WARM, rounds):
        for name in names[at % len(names) :] + names[: at % len(names)]:
            took = timed(commands[name], b"" if name == BARE else payload(at + WARM), home)
            if at >= 0:
                times[name].append(took)
    return times


def recorded(state: State) -> int:
    """How many calls the ledger holds with their verdict."""
    with Ledger(state.ledger, readonly=True) as ledger:
        events = list(ledger.events(kinds=("action", "verdict")))
        decided = {event.body.action for event in events if isinstance(event.body, Verdict)}
        return sum(isinstance(event.body, Action) and event.n in decided for event in events)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--no-peers", action="store_true", help="ours and the bare interpreter alone")
    asked = parser.parse_args()
    shutil.rmtree(PLACE, ignore_errors=True)
    state = prepare(PLACE / "state")
    home = PLACE / "home"
    home.mkdir()
    install_hook(state)
    ours = hook_command(state, "claude-code", "PreToolUse")
    commands = {BARE: [ours[0], "-I", "-S", "-c", "pass"], OURS: ours} | ({} if asked.no_peers else peers())
    words = [sys.executable, "-I", "-m", "magistrate", "serve", "--state", str(state.folder)]
    with subprocess.Popen(words) as server:
        try:
            while not state.socket.exists() and server.poll() is None:
                time.sleep(0.05)
            times = measure(commands, asked.rounds, home)
        finally:
            server.terminate()
    bare = median(times[BARE]), _p99(times[BARE])
    print(f"{'':24} {'median ms':>10} {'p99 ms':>8} {'x bare, median':>15} {'x bare, p99':>12}   {asked.rounds} rounds")
    for name, took in times.items():
        middle, late = median(took), _p99(took)
        print(f"{name:24} {middle:10.1f} {late:8.1f} {middle / bare[0]:15.2f} {late / bare[1]:12.2f}")
    kept, due = recorded(state), asked.rounds + WARM
    print(f"verdicts durable before they were answered: {kept} of {due}")
    return 0 if kept == due else 1


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


if __name__ == "__main__":
    sys.exit(main())
