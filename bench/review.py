"""A look-back over labelled sessions: records, actions a second, peak memory for one file and for all.

Each line is a run of its own, `magistrate review --json FILES`, its output counted: with `--processes 1`, so that seconds are those of
one core, and for all files also with 2 and 4. The peak is that of the largest process. Needs the sessions (MAGISTRATE_DATA, or
`../shared/data`); says so and stops without them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DATA = Path(os.environ.get("MAGISTRATE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def review(files: list[Path], processes: int) -> tuple[int, int, float, float]:
    """`(actions, runs, seconds, peak MiB)` of one review, run by a small process of its own so that the peak is its own."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, __file__, "--one", home, str(processes), *map(str, files)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(out.strip().splitlines()[-1])
    return found["actions"], found["runs"], found["seconds"], found["peak"]


def one(home: str, processes: str, files: list[str]) -> None:
    started = time.perf_counter()
    command = [sys.executable, "-m", "magistrate", "review", "--json", "--ledger", f"{home}/l.db"]
    command += ["--processes", processes, *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        actions, runs = 0, set()
        for line in process.stdout:
            actions += 1
            runs.add(line[: line.index('"n":')])
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        json.dumps(
            {"actions": actions, "runs": len(runs), "seconds": seconds, "peak": peak, "exit": process.returncode}
        )
    )


def main() -> None:
    files = sorted(DATA.glob("*.jsonl.gz"))
    if not files:
        print(f"no labelled sessions in {DATA}: nothing measured")
        return
    print(f"{'file':40} {'actions':>8} {'seconds':>8} {'actions/s':>10} {'peak MiB':>9}")
    for chosen, processes in [*(([file], 1) for file in files), (files, 1), (files, 2), (files, 4)]:
        name = chosen[0].name if len(chosen) == 1 else f"all of them, processes: {processes}"
        actions, _, seconds, peak = review(chosen, processes)
        print(f"{name:40} {actions:8,} {seconds:8.1f} {actions / seconds:10,.0f} {peak:9.0f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        main()
