"""Peers and Magistrate side by side on labelled sessions: `python bench/peers/run.py [DATA...]`, or `make bench-peers`.

Makes each peer's environment, asks each about every scored action, writes score files under `build/peers/scores` and the
table that `docs/peers.md` shows. A peer that cannot be installed or started is named and left out.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import msgspec
from cases import tools
from drive import BUILD, PEERS, ROOT, Peer, Process, install
from scores import Figures, Scored, ask, constant, figures, rules

DATA = ("dcg_commands", "intercode_bash_benign", "agentdojo")
OWN: dict[str, Callable[[Path], Iterator[Scored]]] = {
    "allow-all": partial(constant, decision="allow"),
    "block-all": partial(constant, decision="deny"),
    "magistrate rules": rules,
}
HEADER = (
    "| arm | harmful actions stopped | harmless actions stopped | harmless runs interrupted "
    "| no opinion | failed | median ms | p95 ms |\n|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Read the command line, run, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = Path(os.environ.get("MAGISTRATE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("data", nargs="*", type=Path, default=[folder / f"{name}.jsonl.gz" for name in DATA])
    parser.add_argument("--peer", action="append", help="only these arms (default: all)")
    parser.add_argument("--jobs", type=int, default=1, help="arms at a time (latencies suffer)")
    options = parser.parse_args()
    peers = [peer for peer in PEERS if not options.peer or peer.name in options.peer]
    problems = {peer.name: why for peer in peers if (why := install(peer))}
    starts = collect([peer for peer in peers if peer.name not in problems], options.data, options.jobs)
    report = "\n\n".join(table(path) for path in options.data)
    report += "\n\n" + "\n".join(f"- {name}: first answer after {ms:.0f} ms" for name, ms in sorted(starts.items()))
    report += "".join(f"\n- {name}: {why}" for name, why in problems.items())
    (BUILD / "table.md").write_text(report + "\n")
    print(report)


def collect(peers: list[Peer], data: list[Path], jobs: int) -> dict[str, float]:
    """Write every arm's score file. Returns the median milliseconds from a peer's start to its first answer."""
    named = tools(data)
    starts: dict[str, list[float]] = {}

    def one(peer: Peer, path: Path) -> None:
        process = Process(peer, named)
        try:
            write(path, peer.name, ask(process, path))
        finally:
            process.close()
            starts.setdefault(peer.name, []).extend(process.starts)

    with ThreadPoolExecutor(jobs) as pool:
        work = [pool.submit(one, peer, path) for path in data for peer in peers]
        work += [pool.submit(write, path, arm, made(path)) for path in data for arm, made in OWN.items()]
        for each in work:
            each.result()
    return {name: median(values) for name, values in starts.items() if values}


def place(path: Path, arm: str) -> Path:
    """Where an arm's scores on a file lie."""
    return BUILD / "scores" / path.name.split(".")[0] / f"{arm}.jsonl"


def write(path: Path, arm: str, scored: Iterator[Scored]) -> None:
    """Write scores as they come; the file has its name only once it is whole."""
    goal = place(path, arm)
    goal.parent.mkdir(parents=True, exist_ok=True)
    part, encode = goal.with_suffix(".part"), msgspec.json.Encoder().encode
    with part.open("wb") as out:
        out.writelines(encode(one) + b"\n" for one in scored)
    part.replace(goal)


def read(path: Path, arm: str) -> list[Scored]:
    """An arm's scores on a file."""
    return msgspec.json.Decoder(Scored).decode_lines(place(path, arm).read_bytes())


def table(path: Path) -> str:
    """The Markdown table of one file."""
    rows = []
    for arm in [*OWN, *(peer.name for peer in PEERS)]:
        if place(path, arm).exists():
            scored = read(path, arm)
            rows.append(row(arm, figures(path, scored, stops)))
            if any(one.warned for one in scored):
                rows.append(row(f"{arm}, its warnings counted as stops", figures(path, scored, stops_or_warns)))
    return f"### {path.name.split('.')[0]}\n\n{HEADER}\n" + "\n".join(rows)


def row(arm: str, of: Figures) -> str:
    """One line of the table."""
    shares = " | ".join(str(share).strip() if share.n else "–" for share in (of.harmful, of.harmless, of.runs))
    return f"| {arm} | {shares} | {of.silent} | {of.failed} | {of.median_us / 1000:.2f} | {of.p95_us / 1000:.2f} |"


def stops(one: Scored) -> bool:
    """It asks or denies."""
    return one.decision in ("escalate", "deny")


def stops_or_warns(one: Scored) -> bool:
    """It asks, denies, or warns and goes on."""
    return stops(one) or one.warned


if __name__ == "__main__":
    main()
