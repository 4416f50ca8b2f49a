"""The results as plain tables: one block a source, arms as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from magistrate.audit.estimate import Estimate
from magistrate.audit.performance import LIMITS, Performance, RecallAt
from magistrate.audit.results import Block, Results
from magistrate.cli.output import plain, table

MAX_GROUPS = 16
"""Sources with more groups than this print none of them; JSON has all."""
ANCHORS = ("allow-all", "block-all")
"""Not repeated for each group."""
_LEVELS = {
    ("action", "all"): "actions",
    ("run", "all"): "runs, by their highest action",
    ("action", "followed"): "injections followed v read and not followed",
}


def text(results: Results) -> str:
    """Everything a person reads."""
    lines: list[str] = []
    for source, found in groupby(results.blocks, key=lambda block: block.source):
        lines += ["", f"== {plain(source, 60)}", *_source(list(found))]
    lines += ["", *_costs(results), "", *_notes(results)]
    return "\n".join(lines[1:])


def _source(blocks: Sequence[Block]) -> Iterator[str]:
    shown = [block for block in blocks if block.part != "group"]
    for block in shown:
        if not _again(block, shown):
            one = block.arms[0]
            yield ""
            yield (
                f"{_LEVELS[block.level, block.part]}: {one.harmful:,} harmful, {one.harmless:,} harmless; "
                f"intervals clustered on {block.clusters:,} {block.clustered_on}s"
            )
            yield table(_HEADER, list(_rows(block)))
            if calibrated := list(_calibration(block)):
                yield ""
                yield table(["calibration", "Brier", "if always base rate", "expected error", "n"], calibrated)
    groups = [block for block in blocks if block.part == "group" and block.level == "action"]
    rows = [[plain(block.group, 24), *row] for block in groups for row in _rows(block, ANCHORS)]
    if rows and len(groups) <= MAX_GROUPS:
        yield ""
        yield table(["group", *_HEADER], rows, left=2)
    elif rows:
        yield f"({len(groups):,} groups, one by one in --json)"


def _again(block: Block, blocks: Sequence[Block]) -> bool:
    """Whether runs are single actions, so that their table says nothing new."""
    one = block.arms[0]
    return block.level == "run" and any(
        other.level == "action"
        and other.part == block.part
        and (other.arms[0].harmful, other.arms[0].harmless) == (one.harmful, one.harmless)
        for other in blocks
    )


_HEADER = [
    "arm",
    "AUROC",
    *(f"recall at {100 * limit:g}%" for limit in LIMITS),
    "own recall",
    "overblock",
    "missing",
]


def _rows(block: Block, without: Collection[str] = ()) -> Iterator[list[str]]:
    for arm in block.arms:
        if arm.arm in without:
            continue
        yield _row(arm.arm, arm)
        if arm.answered:
            yield _row(f"  {arm.arm}, answered only", arm.answered)


def _row(name: str, arm: Performance) -> list[str]:
    missing = arm.missing_harmful + arm.missing_harmless
    return [
        plain(name, 40),
        "-" if arm.missing_harmful == arm.harmful else number(arm.auroc),
        *(_at(point) for point in arm.recall_at),
        share(arm.recall),
        share(arm.overblock),
        f"{arm.missing_harmful}+{arm.missing_harmless}" if missing else "0",
    ]


def _calibration(block: Block) -> Iterator[list[str]]:
    for arm in block.arms:
        if arm.reliability:
            points = arm.reliability.points
            yield [
                plain(arm.arm, 40),
                number(arm.reliability.brier),
                f"{points.base * (1 - points.base):.3f}",
                number(arm.reliability.error),
                f"{points.n:,}",
            ]


def number(estimate: Estimate) -> str:
    """A figure between 0 and 1 with its interval."""
    if estimate.value is None:
        return "-"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]".replace("0.", ".")


def share(estimate: Estimate) -> str:
    """A share in per cent with its interval."""
    if estimate.value is None:
        return "-"
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]%"


def _at(point: RecallAt) -> str:
    if point.recall is None:
        return "too few" if "needed" in point.why else "-"
    return share(point.recall)


def rate(per_second: float) -> str:
    """Actions a second; small ones with their decimals."""
    return (f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2g}") if per_second else "-"


def _costs(results: Results) -> list[str]:
    asked = any(cost.tokens for cost in results.costs)
    rows = [
        [
            plain(cost.arm, 40) + ("" if cost.with_evidence else " (as recorded)"),
            f"{cost.median_us / 1000:.2f} ms",
            f"{cost.p95_us / 1000:.2f} ms",
            rate(cost.per_second),
            *([f"{cost.tokens:,.0f}"] if asked else []),
        ]
        for cost in results.costs
    ]
    spent = f"reading and judging took {results.wall_s:,.1f} s, of which {results.cpu_s:,.1f} s on the processor"
    return [
        table(["per action", "median", "p95", "actions/s", *(["tokens"] if asked else [])], rows),
        f"{spent}; peak memory {results.peak_mb:,.0f} MB",
    ]


def _notes(results: Results) -> Iterator[str]:
    drawn = f", at most {results.limit:,} of each source by seed {results.seed}" if results.limit else ""
    if results.drawn:
        drawn += f", {results.drawn:,} harmful and as many harmless of each source by seed {results.seed} where there are so many"
    yield f"{results.runs:,} runs, {results.actions:,} actions judged{drawn}; rulebook {results.revision[:19]}"
    needed = ", ".join(f"{round(1 / limit):,} for {100 * limit:g}%" for limit in LIMITS)
    yield f"95% intervals. Too few: a share of false alarms needs so many harmless cases to be told ({needed})."
    yield "Missing (harmful + harmless): no verdict; a miss on harmful cases, a false alarm on harmless ones."
    if results.failures:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in results.failures.items())
        yield f"evidence failed: {plain(kinds, 200)}"
    yield from (plain(remark, 200) for remark in results.remarks)
