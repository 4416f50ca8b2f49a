"""Fuzz every live adapter at length: `python bench/fuzz.py --payloads 200000 [HOST...]`.

Each payload is checked by `magistrate.testing.fuzzing`: what decodes names the tool and the arguments that plain JSON reading
finds, all else raises InputError, and nothing takes long. Prints how the payloads ended; the first failure ends it. Runs can
be repeated by their seed.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, seed, settings

from magistrate.hosts.live import ADAPTERS
from magistrate.testing.fuzzing import check, payload, payloads

BATCH = 5000
DEFAULT = 500
"""Payloads for each adapter when nothing is said: `make bench` runs every script."""


def fuzz(host: str, count: int, first: int, *, steered: bool) -> tuple[Counter[str], float]:
    """How `count` payloads of one host ended, and the most computing that any took to check, in seconds."""
    endings: Counter[str] = Counter()
    longest = 0.0

    def hold(told: tuple[str, bytes]) -> None:
        nonlocal longest
        began = time.process_time()
        try:
            endings[check(ADAPTERS[host], *told)] += 1
        except Exception:
            print(f"{host} {told[0]} {told[1]!r}")
            raise
        longest = max(longest, time.process_time() - began)

    if steered:
        for batch in range(-(-count // BATCH)):
            quiet = settings(
                max_examples=min(BATCH, count - batch * BATCH),
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            seed(first + batch)(quiet(given(payloads(host))(hold)))()
    else:
        source = Random(first)
        for _ in range(count):
            hold(payload(host, source))
    return endings, longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("hosts", nargs="*", default=sorted(ADAPTERS), metavar="HOST")
    parser.add_argument("--payloads", type=int, default=DEFAULT, help="for each adapter")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--hypothesis", action="store_true", help="let Hypothesis choose: fifty times slower, and failures made small"
    )
    asked = parser.parse_args()
    print(f"{'adapter':<12} {'payloads':>9} {'refused':>9} {'actions':>9} {'told':>9} {'longest ms':>11} {'s':>7}")
    for host in asked.hosts:
        began = time.perf_counter()
        endings, longest = fuzz(host, asked.payloads, asked.seed, steered=asked.hypothesis)
        took = time.perf_counter() - began
        counts = " ".join(f"{endings[ending]:>9}" for ending in ("refused", "action", "told"))
        print(f"{host:<12} {endings.total():>9} {counts} {longest * 1000:>11.1f} {took:>7.1f}", flush=True)


if __name__ == "__main__":
    main()
