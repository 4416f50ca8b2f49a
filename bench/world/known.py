"""A known world: a ledger of at least 100,000 judged actions with hidden truth; samples of it are labelled by scripts, and the truth has to
lie in the intervals.

Run: python bench/world/known.py [--actions 100000] [--repeats 200] [--items 600] [--ledger FILE]

Needs labelled sessions (docs/bench.md) in MAGISTRATE_DATA or ../shared/data. Sessions are judged once by rules and screen, up to the
first action whose truth is unknown, and then repeated under other names until there are enough. One script reads the hidden truth; the
other errs in 5% of its labels, and another of the kind labels a fifth of the items again. Both know a card's run and number only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from magistrate.audit.book import labels, take
from magistrate.audit.draw import draw, plan
from magistrate.audit.estimate import Estimate
from magistrate.audit.findings import QUANTITIES, THROUGH, audited, estimate, measured
from magistrate.audit.frame import Unit, frame
from magistrate.audit.labelling import Answer, Card, label_all
from magistrate.bench.cases import cases
from magistrate.bench.judge import sample as scored_runs
from magistrate.core.intake import Intake
from magistrate.core.records import Action, Label, Sample, Session
from magistrate.gate import Gate
from magistrate.hosts import importer_for
from magistrate.ledger import Ledger
from magistrate.lookback import look_back
from magistrate.review.screen import Screen
from magistrate.rulebook.text import default

SOURCES = ("agentdojo", "agentdojo_drift", "agentdyn_github", "tau_bench", "intercode_bash_benign", "dcg_commands")
Truth = dict[tuple[str, int], bool]
ERROR = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--items", type=int, default=600)
    parser.add_argument("--ledger", type=Path)
    given = parser.parse_args()
    data = Path(os.environ.get("MAGISTRATE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    paths = [path for name in SOURCES if (path := data / f"{name}.jsonl.gz").exists()]
    if not paths:
        print(f"no labelled sessions in {data}: nothing to measure")
        return
    with tempfile.TemporaryDirectory() as folder, Ledger(given.ledger or Path(folder) / "world.db") as ledger:
        truth = timed("judge and repeat", lambda: world(ledger, paths, given.actions))
        units = timed("read the population", lambda: frame(ledger))
        tell(units, truth)
        once(ledger, truth, given.items)
        repeated(units, truth, given.items, given.repeats)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def timed(what: str, work: object) -> object:
    began = time.perf_counter()
    result = work()  # type: ignore[operator]
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)
    return result


# ---------------------------------------------------------------- the world


def world(ledger: Ledger, paths: Sequence[Path], actions: int) -> Truth:
    """Write the ledger; returns the truth of every action in it."""
    truth: Truth = {}
    asyncio.run(_judge(ledger, paths, truth))
    first = dict(truth)
    runs: dict[str, list[object]] = {}
    for event in ledger.events():
        runs.setdefault(event.run, []).append(event.body)
    copy = 1
    while len(truth) < actions:
        copy += 1
        for run, bodies in runs.items():
            ledger.append(f"{run}~{copy}", bodies)  # type: ignore[arg-type]
        ledger.commit()
        truth |= {(f"{run}~{copy}", n): bad for (run, n), bad in first.items()}
    return truth


async def _judge(ledger: Ledger, paths: Sequence[Path], truth: Truth) -> None:
    gate = Gate(default(), ledger, reviewers=[Screen()], durable=False)
    order: dict[str, list[bool]] = {}
    counts: dict[str, int] = {}
    async for judged in look_back(_sessions(paths, order), gate):
        known = order[judged.run]
        at = counts.get(judged.run, 0)
        counts[judged.run] = at + 1
        truth[judged.run, judged.verdict.action] = known[at]


def _sessions(paths: Sequence[Path], order: dict[str, list[bool]]) -> Iterator[Session]:
    """Sessions up to the first action of unknown truth; `order` is told the truth of each."""
    for path, keys in scored_runs(paths).items():
        for session in importer_for(path).read(path, Intake()):
            label = keys.get(int(session.started.source.rpartition(":")[2]))
            if label is None or label.run != session.run:
                continue
            known = [case.harmful for case in cases(label)]
            kept: list[object] = []
            told: list[bool] = []
            for event in session.events:
                if isinstance(event, Action):
                    if len(told) == len(known) or known[len(told)] is None:
                        break
                    told.append(bool(known[len(told)]))
                kept.append(event)
            if told:
                name = f"{path.name.split('.')[0]}/{session.run}"
                order[name] = told
                yield replace(session, run=name, events=kept)


# ---------------------------------------------------------------- truth and labels


def true_values(units: Sequence[Unit], truth: Truth) -> dict[str, float]:
    bad = [truth[unit.run, unit.n] for unit in units]
    through = [unit.verdict in THROUGH for unit in units]
    missed = sum(b and t for b, t in zip(bad, through, strict=True))
    harmful, allowed = sum(bad), sum(through)
    stopped = len(units) - allowed
    return {
        "prevalence": harmful / len(units),
        "elusion": missed / allowed,
        "miss rate": missed / harmful,
        "overblock rate": (stopped - (harmful - missed)) / (len(units) - harmful),
    }


def tell(units: Sequence[Unit], truth: Truth) -> None:
    values = ", ".join(f"{name} {value:.2%}" for name, value in true_values(units, truth).items())
    print(f"{len(units):,} actions of {len({unit.run for unit in units}):,} runs; in truth: {values}", flush=True)


class Script:
    """Labels by the hidden truth, erring at a rate."""

    def __init__(self, truth: Truth, error: float, name: str) -> None:
        self.name = name
        self._truth, self._error, self._dice = truth, error, random.Random(name)

    def says(self, run: str, n: int) -> bool:
        return self._truth[run, n] ^ (self._dice.random() < self._error)

    def label(self, shown: Card) -> Answer:
        return Answer(says="harmful" if self.says(shown.run, shown.n) else "harmless", severity=1)


def once(ledger: Ledger, truth: Truth, items: int) -> None:
    """The whole way through the ledger, timed."""
    sample, _, units = timed("draw, with its commitment", lambda: take(ledger, items))  # type: ignore[misc]
    timed(
        f"show and label {len(sample.items)} cards",
        lambda: list(label_all(ledger, sample, Script(truth, 0.0, "reads"), batch=50)),
    )
    found = timed("estimate", lambda: measured(audited(sample, units, labels(ledger, sample.id))))
    for one in found:  # type: ignore[attr-defined]
        print(f"  {one.quantity:26} {one.estimate}")


def repeated(units: Sequence[Unit], truth: Truth, items: int, repeats: int) -> None:
    """Draws with other seeds: how often the truth lies in the interval, and how wide intervals are."""
    planned = plan(units, items)
    values = true_values(units, truth)
    found: dict[tuple[str, str], list[Estimate]] = {}
    began = time.perf_counter()
    for at in range(repeats):
        drawn = Sample(
            id="s", commitment=0, secret="", checkpoint="", since=0, upto=0, floor=planned.floor,
            bands=planned.bands, strata=planned.strata, items=draw(units, planned, f"seed {at}"),
        )  # fmt: skip
        for who, error in (("reads the truth", 0.0), ("errs in 5%", ERROR)):
            of = audited(drawn, units, list(_labelled(drawn, truth, error, at)))
            for quantity in QUANTITIES:
                found.setdefault((quantity, who), []).append(estimate(of, quantity, label_error=bool(error)))
    print(f"{repeats} samples of {items} items: {time.perf_counter() - began:.1f} s")
    print(f"{'':16} {'labeller':18} {'truth':>7} {'covered':>8}   median limits")
    for (quantity, who), estimates in found.items():
        true = values[quantity]
        held = sum(one.low - 1e-12 <= true <= one.high + 1e-12 for one in estimates) / repeats
        low, high = (
            sorted(ends)[repeats // 2] for ends in zip(*((one.low, one.high) for one in estimates), strict=True)
        )
        print(f"{quantity:16} {who:18} {true:7.2%} {held:8.1%}   {low:.2%} to {high:.2%}")


def _labelled(drawn: Sample, truth: Truth, error: float, seed: int) -> Iterator[Label]:
    first, second = (Script(truth, error, f"{name} {seed}") for name in ("one", "two"))
    for item in drawn.items:
        for number, script in ((1, first), (2, second)) if item.twice and error else ((1, first),):
            yield Label(
                sample="s", run=item.run, n=item.n, labeller=script.name, round=number, probability=item.probability,
                says="harmful" if script.says(item.run, item.n) else "harmless",
            )  # fmt: skip


if __name__ == "__main__":
    main()
