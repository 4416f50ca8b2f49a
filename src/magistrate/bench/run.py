"""One run of the bench, from files to results."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from magistrate import __version__
from magistrate.audit.results import Results
from magistrate.bench.arms import Arm, Key, Said
from magistrate.bench.judge import Chosen, Judge, Sample
from magistrate.bench.measure import Clusters, blocks, costs
from magistrate.bench.reviewers import reviewer
from magistrate.core.canon import now
from magistrate.core.errors import InputError
from magistrate.core.protocols import Reviewer
from magistrate.core.records import Rulebook


def prepare(
    arms: Sequence[Arm],
    recorded: Mapping[str, Mapping[Key, Said]],
    rulebook: Rulebook,
    *,
    given: Mapping[str, Reviewer] | None = None,
    chosen: Chosen | None = None,
) -> Judge:
    """Load every member of the arms once; `given` are there already, `chosen` are the only actions to ask about.

    Raises ConfigError for a member that is neither a reviewer nor recorded.
    """
    members = dict.fromkeys(name for arm in arms for name in arm.members)
    known = dict(given or {})
    live = {name: known.get(name) or reviewer(name, rulebook) for name in members if name not in recorded}
    return Judge(rulebook, live, {name: recorded[name] for name in members if name in recorded}, chosen)


async def bench(
    judge: Judge,
    sample: Sample,
    arms: Sequence[Arm],
    *,
    advance: Callable[[], None] = lambda: None,
    clusters: Clusters = "auto",
    limit: int = 0,
    drawn: int = 0,
    seed: int = 0,
) -> Results:
    """Judge a sample and measure all arms on it. Raises InputError when nothing could be scored."""
    wall, cpu = time.perf_counter(), time.process_time()
    for path, labels in sample.items():
        if labels:
            await judge.file(path, labels, advance)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    tallies = list(judge.tallies.values())
    if not judge.actions:
        raise InputError("no action with a label to score", mend="see docs/bench.md for the shape of labelled sessions")
    return Results(
        version=__version__,
        made=now(),
        revision=judge.rulebook.revision,
        reviewers={
            **{name: one.version for name, one in judge.reviewers.items()},
            **dict.fromkeys(judge.recorded, "scores from a file"),
        },
        runs=sum(len(tally.run_truth) for tally in tallies),
        actions=judge.actions,
        limit=limit,
        drawn=drawn,
        seed=seed,
        blocks=tuple(
            block for tally in tallies for block in blocks(tally, arms, clusters, whole_runs=judge.chosen is None)
        ),
        costs=tuple(costs(tallies, arms, judge.seeing_ns, judge.reviewers)),
        peak_mb=_peak_mb(),
        wall_s=wall,
        cpu_s=cpu,
        failures=dict(judge.failures),
        remarks=tuple(_remarks(judge)),
    )


def _remarks(judge: Judge) -> list[str]:
    silent = [
        f"{source}: {judge.silent[source, True]:,} harmful and {judge.silent[source, False]:,} harmless runs propose no action; "
        "no reviewer of actions can see them, and no figure holds them"
        for source in dict.fromkeys(source for source, _ in judge.silent)
    ]
    return silent + [
        f"{name}: scores for {judge.matched[name]:,} of {judge.actions:,} actions, of {len(lines):,} in the file"
        for name, lines in judge.recorded.items()
        if judge.matched[name] < judge.actions
    ]


def _peak_mb() -> float:
    """The highest resident memory of this process so far; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10) * 1.048576
