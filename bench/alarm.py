"""The alarm beside a fixed threshold: false alarms in 1,000 quiet days, and how many days a change takes to be noticed.

Run: python bench/alarm.py [--repeats 1000]

1,000 actions a day, of which one in a thousand is an event while it is quiet; the alarm's bar is 1,000 days. From day 100 on the rate is
twice, three or five times that. The fixed threshold rings on any day with at least `k` events, with the lowest `k` that rings no more
often in quiet times than the alarm does, and with the one below it.
"""

from __future__ import annotations

import argparse

import numpy as np

from magistrate.audit.alarm import QUIET, Detector
from magistrate.audit.metrics import Array

RATE, ACTIONS, DAYS, CHANGE = 1e-3, 1000, 1000, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    rng = np.random.default_rng(15)
    quiet = rng.binomial(ACTIONS, RATE, size=(repeats, DAYS))
    of_alarm = float((first_alarm(quiet) < DAYS).mean())
    shares = {k: float((quiet >= k).any(axis=1).mean()) for k in range(2, 15)}
    fair = min(k for k, share in shares.items() if share <= of_alarm)
    ways = {"e-detector": first_alarm} | {
        f"{k} events a day": lambda days, k=k: first_at(days >= k) for k in (fair, fair - 1)
    }
    print(f"{'':16} false alarms in     median days to notice (90%)")
    print(f"{'':16} {DAYS:,} quiet days        2x              3x              5x")
    for name, rings in ways.items():
        cells = [delay(rings, times, repeats) for times in (2, 3, 5)]
        print(f"{name:16} {float((rings(quiet) < DAYS).mean()):10.1%}      " + "".join(f"{cell:>16}" for cell in cells))
    print("\nruns that rang before the change are left out of delays; `never` within a year")


def first_alarm(days: Array) -> Array:
    """The first day on which the e-detector rings in each row; the number of days when it never does.

    The recursion of `magistrate.audit.alarm.Detector`, over all rows at once; the test holds both to the same values.
    """
    detector = Detector(baseline=RATE, bar=QUIET)
    q = np.array(detector.alternatives)[:, None]
    state = np.zeros((len(q), len(days)))
    rang = np.full(len(days), days.shape[1])
    for day in range(days.shape[1]):
        k = days[:, day][None, :]
        state = np.minimum(
            (state + 1) * np.exp(k * np.log(q / RATE) + (ACTIONS - k) * np.log((1 - q) / (1 - RATE))), 1e12
        )
        rang = np.where((rang == days.shape[1]) & (state.mean(axis=0) >= QUIET), day, rang)
    return rang


def first_at(rings: Array) -> Array:
    return np.where(rings.any(axis=1), rings.argmax(axis=1), rings.shape[1])


def delay(rings: object, times: int, repeats: int) -> str:
    """`median (90% quantile)` of the days from the change to the alarm."""
    rng = np.random.default_rng(times)
    year = CHANGE + 365
    rates = np.where(np.arange(year) < CHANGE, RATE, RATE * times)
    when = rings(rng.binomial(ACTIONS, rates, size=(repeats, year)))  # type: ignore[operator]
    waits = np.sort(when[when >= CHANGE] - CHANGE + 1)

    def at(share: float) -> str:
        value = waits[int(share * (len(waits) - 1))]
        return "never" if value > 365 else f"{value:.0f}"

    return f"{at(0.5)} ({at(0.9)})"


if __name__ == "__main__":
    main()
