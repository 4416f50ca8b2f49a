"""Flat cost: what an action costs late in a run of 10,000 events beside what it costs at events 10 and 1,000, in one process.

    python bench/run_length.py [EVENTS]

All are measured interleaved, on actions of the same kinds that none of them has seen (what was judged before is remembered, which
would flatter one and burden another), through evidence, gate and an in-memory ledger: once with texts of a few words that come again
in every text, once with words as frequent as in plain prose (Zipf, 2,000 words). Prints the medians and their ratios; aim: at most 1.3
times event 10. What grows is what there is to compare with, of which there is next to nothing at event 10; from event 1,000 on it is
flat.
"""

from __future__ import annotations

import random
import statistics
import sys
import time

from magistrate.core.records import Action, Message, Outcome, RunStarted
from magistrate.gate import Gate, Run
from magistrate.ledger import Ledger
from magistrate.rulebook.text import default

EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
PROBES = 600
MIDDLE = 1_000
STARTED = RunStarted(host="bench", cwd="/work/app", home="/home/ann")
FEW = [
    "cache",
    "index",
    "parser",
    "deploy",
    "invoice",
    "customer",
    "ticket",
    "branch",
    "retry",
    "schema",
    "worker",
    "queue",
    "latency",
    "report",
]


SYLLABLES = ("ta", "re", "mo", "li", "sen", "ka", "dor", "ve", "pi", "nu", "shi", "gra", "bel", "to")


class Vocabulary:
    """Words, how often each is said, and how often one is a name that is said once."""

    def __init__(self, words: list[str], weights: list[float], once: float) -> None:
        self.words, self.weights, self.once = words, weights, once

    def text(self, source: random.Random, size: int) -> list[str]:
        chosen = source.choices(self.words, self.weights, k=size // 8)
        return [f"{word}-{source.randrange(10**6)}" if source.random() < self.once else word for word in chosen]


def prose(count: int) -> Vocabulary:
    """Words by Zipf's law."""
    source = random.Random(3)
    words = [*FEW, *("".join(source.choices(SYLLABLES, k=source.randrange(2, 5))) for _ in range(count))]
    return Vocabulary(words, [1 / (rank + 3) for rank in range(len(words))], 0.02)


VOCABULARIES = {"a few words": Vocabulary(FEW, [1.0] * len(FEW), 0.2), "plain prose": prose(2_000)}
spoken = VOCABULARIES["a few words"]


def text(source: random.Random, size: int) -> str:
    return (
        " ".join(spoken.text(source, size))
        + f" see src/{source.choice(FEW)}/{source.randrange(999)}.py and {source.choice(FEW)}@example.org"
    )


def action(source: random.Random, n: int) -> Action:
    call_id = f"c{n}"
    word = source.choice(FEW)
    match n % 5:
        case 0:
            return Action(
                tool="Bash", arguments={"command": f"cd src && grep -rn {word} . | head -{n % 50}"}, call_id=call_id
            )
        case 1:
            return Action(
                tool="Bash",
                arguments={"command": f"python -m pytest tests/test_{word}{n}.py -q && git add -A"},
                call_id=call_id,
            )
        case 2:
            arguments = {
                "file_path": f"/work/app/src/{word}{n}.py",
                "old_string": text(source, 200),
                "new_string": text(source, 300),
            }
            return Action(tool="Edit", arguments=arguments, call_id=call_id)
        case 3:
            return Action(
                tool="send_email",
                arguments={"to": f"{word}{n}@example.org", "subject": word, "body": text(source, 300)},
                call_id=call_id,
            )
        case _:
            return Action(tool="Read", arguments={"file_path": f"/work/app/src/{word}{n}.py"}, call_id=call_id)


def grow(run: Run, source: random.Random, events: int) -> None:
    for n in range(events // 3):
        if n % 40 == 0:
            run.observe(
                Message(
                    author="person",
                    text=f"Please look at {source.choice(FEW)} {n} and fix src/{source.choice(FEW)}/{n}.py. "
                    + text(source, 400),
                )
            )
        else:
            run.observe(Message(author="agent", text=text(source, 200)))
        chosen = action(source, n)
        run.observe(chosen)
        run.observe(Outcome(call_id=chosen.call_id, tool=chosen.tool, text=text(source, 1500)))


def timed(run: Run, chosen: Action) -> float:
    started = time.perf_counter_ns()
    _finish(run, chosen)
    return (time.perf_counter_ns() - started) / 1000


def _finish(run: Run, chosen: Action) -> None:
    """Drive `decide` without an event loop: without reviewers it never waits."""
    step = run.decide(chosen)
    try:
        step.send(None)
    except StopIteration:
        return
    raise RuntimeError("decide waited")


def main() -> None:
    global spoken
    for name in VOCABULARIES:
        measure(name)


def measure(name: str) -> None:
    source = random.Random(7)
    gate = Gate(default(), Ledger(":memory:"), durable=False)
    middle, late = gate.open("middle", STARTED), gate.open("long", STARTED)
    grow(middle, random.Random(5), MIDDLE)
    started = time.perf_counter()
    grow(late, source, EVENTS)
    grown = time.perf_counter() - started
    times: dict[str, list[float]] = {"early": [], "middle": [], "late": []}
    for n in range(PROBES):
        early = gate.open(f"short{n}", STARTED)
        grow(early, random.Random(n), 9)
        for at, (which, run) in enumerate([("early", early), ("middle", middle), ("late", late)]):
            times[which].append(timed(run, action(random.Random(10**6 + 3 * n + at), n)))
    first, then, last = (statistics.median(times[which]) for which in times)
    tails = ", ".join(f"{sorted(found)[int(PROBES * 0.95)]:.0f}" for found in times.values())
    print(f"texts                         of {name}")
    print(f"events in the long run        {EVENTS:,} ({grown / EVENTS * 1e6:.0f} us an event to take in)")
    print(f"median us an action           {first:.0f} at event 10, {then:.0f} at {MIDDLE:,}, {last:.0f} at {EVENTS:,}")
    print(f"p95 us an action              {tails}")
    print(
        f"ratio of medians              {last / first:.2f} to event 10 (aim: at most 1.30), {last / then:.2f} to {MIDDLE:,}\n"
    )


if __name__ == "__main__":
    main()
