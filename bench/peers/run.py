"""Peers and Magistrate side by side on labelled sessions: `python bench/peers/run.py [DATA...]`, or `make bench-peers`.

Makes each peer's environment, asks each about every scored action, hands the score files to `magistrate bench`, and writes the
tables that `docs/peers.md` shows to `build/peers/tables.md`. A peer that cannot be installed or started is named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from cases import tools
from drive import BUILD, PEERS, ROOT, Peer, Process, install
from scores import ask, read, with_warnings, write
from table import Known, table

from magistrate.bench.reviewers import reviewer
from magistrate.core.errors import ConfigError
from magistrate.rulebook.text import default

DATA = ("dcg_commands", "intercode_bash_benign", "agentdojo")
MARKS = ("<!-- tables -->", "<!-- /tables -->")
SCORES, RESULTS = BUILD / "scores", BUILD / "results"


def main() -> None:
    """Read the command line, run, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    folder = Path(os.environ.get("MAGISTRATE_DATA", ROOT.parent / "shared" / "data"))
    parser.add_argument("data", nargs="*", type=Path, default=[folder / f"{name}.jsonl.gz" for name in DATA])
    names = [*(peer.name for peer in PEERS), "none"]
    parser.add_argument("--peer", action="append", choices=names, help="ask only these peers, or none (default: all)")
    parser.add_argument("--keep", action="store_true", help="show the other peers by the score files of an earlier run")
    parser.add_argument("--jobs", type=int, default=2, help="peers asked at a time")
    parser.add_argument("--write", type=Path, help="put the tables between the marks of this page")
    options = parser.parse_args()
    if absent := [str(path) for path in options.data if not path.is_file()]:
        parser.error(f"no such file: {', '.join(absent)}; name labelled sessions, or their folder in MAGISTRATE_DATA")
    wanted = [peer for peer in PEERS if not options.peer or peer.name in options.peer]
    problems = {peer.name: why for peer in wanted if (why := install(peer))}
    problems |= collect([peer for peer in wanted if peer.name not in problems], options.data, options.jobs)
    shown = [peer for peer in PEERS if (peer in wanted or options.keep) and peer.name not in problems]
    report = "\n\n".join(compare(path, shown) for path in options.data)
    report += "".join(f"\n\n{name}: {why}" for name, why in problems.items())
    (BUILD / "tables.md").write_text(report + "\n")
    if options.write:
        before, _, rest = options.write.read_text().partition(MARKS[0])
        options.write.write_text(f"{before}{MARKS[0]}\n\n{report}\n\n{MARKS[1]}{rest.partition(MARKS[1])[2]}")
    print(report)


def collect(peers: list[Peer], data: list[Path], jobs: int) -> dict[str, str]:
    """Ask every peer about every file, into score files. Returns the peers that never answered, and why."""
    named = tools(data)
    with ThreadPoolExecutor(jobs) as pool:
        asked = {
            (peer.name, path): pool.submit(one, peer, path, named)
            for path in sorted(data, key=lambda path: -path.stat().st_size)
            for peer in sorted(peers, key=lambda peer: not peer.slow)
        }
    return {peer: why for (peer, _), done in asked.items() if (why := done.result())}


def one(peer: Peer, path: Path, named: list[dict[str, Any]]) -> str:
    """Ask one peer about one file. Returns why it never answered, or nothing."""
    process = Process(peer, named)
    try:
        write(place(path, peer.name), ask(process, path))
    finally:
        process.close()
    scored = read(place(path, peer.name))
    if all(each.failed for each in scored):
        return f"no answer on {path.name}: {scored[0].failed if scored else 'nothing to ask'}"
    if peer.warns:
        write(place(path, f"{peer.name}-warnings"), with_warnings(scored))
    start = median(process.starts)
    place(path, peer.name).with_suffix(".start").write_text(f"{start:.0f}\n")
    return ""


def place(path: Path, arm: str) -> Path:
    """Where an arm's scores on a file lie."""
    return SCORES / path.name.split(".")[0] / f"{arm}.jsonl"


def compare(path: Path, peers: list[Peer]) -> str:
    """Run the bench on one file with all arms, and give its table."""
    arms = [name for peer in peers for name in (peer.name, f"{peer.name}-warnings") if place(path, name).exists()]
    own = ["allow-all", "block-all", "rules"]
    try:
        reviewer("screen", default())
        own += ["screen", "rules+screen"]
    except ConfigError as error:
        print(f"without the screen: {error}", file=sys.stderr)
    command = [sys.executable, "-m", "magistrate", "bench", str(path), "--json", "--reviewers", ",".join([*own, *arms])]
    command += [part for arm in arms for part in ("--scores", f"{arm}={place(path, arm)}")]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{path.name.split('.')[0]}.json").write_bytes(found)
    starts = [f"{peer.name} {place(path, peer.name).with_suffix('.start').read_text().strip()}" for peer in peers]
    shown = table(path.name.split(".")[0], json.loads(found), {arm: known(path, arm) for arm in arms})
    return f"{shown}\n\nFirst answer of a fresh process, ms: {', '.join(starts)}."


def known(path: Path, arm: str) -> Known:
    """Failures and latency of an arm, from its score file."""
    scored = read(place(path, arm))
    failed = sum(bool(each.failed) for each in scored)
    took = [each.latency_us / 1000 for each in scored if each.decision != "none"]
    return Known(failed, median(took), quantiles(took, n=20)[-1]) if len(took) > 1 else Known(failed)


if __name__ == "__main__":
    main()
