"""What provenance costs: per action at event 10 and at event 10,000 of one run, bytes kept, and speed of observing.

    python bench/provenance.py [--events N] [DATA.jsonl.gz ...]

The run is made up: tool outputs of about 2 KB with a vocabulary that keeps growing (Zipf over words, fresh identifiers, paths
and addresses in each), so that lists get long and keys get many. Given labelled files, also the cost of all their records.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from magistrate.evidence.provenance import Provenance

AUTHORS = {"user": "person", "assistant": "agent", "tool": "tool"}


def made_up_text(random_: random.Random, n: int, size: int = 2_000) -> str:
    """A tool output of about `size` characters: common words, and a line of fresh values in every ten."""
    lines = []
    length = 0
    while length < size:
        if random_.random() < 0.1:
            k = random_.randrange(10**6)
            line = f"  - /srv/app{k % 50}/mod{k % 997}/f{k}.py id-{k} user{k % 5000}@post{k % 90}.example 10.{k % 256}.0.{k % 99}"
        else:
            line = " ".join(f"w{int(random_.paretovariate(0.7)) % 40_000}" for _ in range(10))
        lines.append(line)
        length += len(line) + 1
    return f"event {n}\n" + "\n".join(lines)


def action(random_: random.Random, texts: list[str]) -> dict[str, Any]:
    """A call whose values come half from these texts, half from nowhere."""
    words = texts[random_.randrange(len(texts))].split()
    picked = [random_.choice(words) for _ in range(6)]
    return {
        "path": f"/srv/app{random_.randrange(50)}/mod{random_.randrange(997)}/f{random_.randrange(10**6)}.py",
        "to": f"user{random_.randrange(5000)}@post1.example",
        "command": f"grep -r {picked[0]} /srv/app1 | head -{random_.randrange(99)} && git push origin {picked[1]}",
        "note": " ".join(picked) + " then some words of my own to make it longer",
        "amount": random_.randrange(1000),
    }


def cost(run: Provenance, call: dict[str, Any]) -> float:
    """Seconds of one action, the least of three tries. Nothing is observed in between, so remembered origins are forgotten by hand: only fresh look-ups
    are timed."""
    tries = []
    for _ in range(3):
        run._origins.clear()
        start = time.perf_counter()
        run.parts(call)
        run.origin(call["path"])
        tries.append(time.perf_counter() - start)
    return min(tries)


def one_run(events: int, rounds: int = 400) -> None:
    """The same actions, of values known early, at event 10 and at the end: what differs is the run's length alone.

    The two states answer in turn, so that a busy machine slows both.
    """
    random_ = random.Random(7)
    texts = [made_up_text(random_, n) for n in range(events)]
    size = sum(map(len, texts))
    early, late = Provenance(), Provenance()
    for run in (early, late):
        run.observe(0, "person", "tidy /srv/app1 and write to user7@post1.example about id-42")
        for n in range(1, 10):
            run.observe(n, "tool", texts[n], "read")
    start = time.perf_counter()
    for n in range(10, events):
        late.observe(n, "tool", texts[n], "read")
    observing = time.perf_counter() - start
    calls = [action(random_, texts[:10]) for _ in range(rounds)]
    pairs = [(cost(early, call), cost(late, call)) for call in calls][rounds // 4 :]  # the first warm up
    first, last = (sorted(pair[k] * 1e6 for pair in pairs) for k in (0, 1))
    a, b = statistics.median(first), statistics.median(last)
    print(f"action at event 10: median {a:.0f} us; at event {events:,}: {b:.0f} us; ratio {b / a:.2f}")
    print(f"95th percentile: {first[int(len(first) * 0.95)]:.0f} us; {last[int(len(last) * 0.95)]:.0f} us")
    print(f"observe: {size / 1e6 / observing:.1f} MB/s over {size / 1e6:.1f} MB")


def kept(events: int) -> None:
    """Bytes kept for each character of text, the text itself included (tracing slows it: a run of its own)."""
    tracemalloc.start()
    run = Provenance()
    random_ = random.Random(7)
    size = 0
    for n in range(events):
        text = made_up_text(random_, n)
        size += len(text)
        run.observe(n, "tool", text, "read")
    del text
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"memory: {now / events:.0f} bytes an event of {size / events:.0f} characters: {now / size:.2f} times the text"
    )


def records(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) as lines:
        for line in lines:
            yield json.loads(line)


def of_files(paths: list[Path]) -> None:
    for path in paths:
        observing = asking = 0.0
        size = 0
        times: list[float] = []
        for record in records(path):
            run = Provenance()
            for n, (author, text, calls) in enumerate(_steps(record)):
                start = time.perf_counter()
                run.observe(n, author, text, "a_tool")  # type: ignore[arg-type]
                observing += time.perf_counter() - start
                size += len(text)
                for arguments in calls:
                    start = time.perf_counter()
                    run.parts(arguments)
                    times.append(time.perf_counter() - start)
                    start = time.perf_counter()
                    run.observe_arguments(n, arguments)
                    observing += time.perf_counter() - start
        asking = sum(times)
        median = statistics.median(times) * 1e6 if times else 0
        late = sorted(times)[int(len(times) * 0.95)] * 1e6 if times else 0
        print(
            f"{path.name}: observe {observing:.1f} s ({size / 1e6 / (observing or 1):.1f} MB/s); {len(times)} actions {asking:.1f} s,"
            f" median {median:.0f} us, p95 {late:.0f} us"
        )


def _steps(record: dict[str, Any]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    yield "system", record.get("system") or "", []
    for step in record["steps"]:
        calls = [call["arguments"] for call in step.get("tool_calls") or () if isinstance(call["arguments"], dict)]
        yield AUTHORS[step["role"]], step.get("text") or "", calls


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("data", nargs="*", type=Path)
    options = parser.parse_args()
    one_run(options.events)
    kept(options.events)
    of_files(options.data)
