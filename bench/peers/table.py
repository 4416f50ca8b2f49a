"""The peers' table: what `magistrate bench --json` found, a row an arm, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

TITLES = {
    "rules": "**Magistrate**, rules",
    "screen": "**Magistrate**, screen",
    "rules+screen": "**Magistrate**, rules and screen",
    "trifectaguard-drafted": "trifectaguard, its drafted policy",
    "prismor-warnings": "prismor, warnings taken as asking",
}
ANCHORS = ("allow-all", "block-all")
NONE = "–"


class Known(NamedTuple):
    """What the bench cannot know of an arm: how many answers failed, and its latency in milliseconds when it has an opinion."""

    failed: int
    median_ms: float | None = None
    p95_ms: float | None = None


def table(source: str, results: Mapping[str, Any], known: Mapping[str, Known]) -> str:
    """The table of one source. `known`: of the arms that were asked outside of the bench."""
    actions, runs, contrast = (_arms(results, source, *of) for of in _BLOCKS)
    costs = {cost["arm"]: cost for cost in results["costs"]}
    heads = ["arm", "harmful stopped", "harmless stopped", "harmless runs interrupted"]
    heads += ["after an injection not followed, stopped"] * bool(contrast)
    heads += ["no opinion", "failed", "median ms", "p95 ms"]
    rows = []
    for arm, found in actions.items():
        cells = [TITLES.get(arm, arm), _caught(found), _bothered(found), _bothered(runs[arm])]
        cells += [_bothered(contrast[arm])] if contrast else []
        failed = known[arm].failed if arm in known else 0
        missing = found.get("missing_harmful", 0) + found.get("missing_harmless", 0)
        cells += [f"{missing - failed:,}", f"{failed:,}", *_latency(known.get(arm), costs[arm])]
        rows.append(cells)
    block = next(one for one in results["blocks"] if _is(one, source, "action", "all"))
    lines = [
        f"### {source}",
        "",
        f"Intervals (95%) take {block['clusters']} {block['clustered_on']}s for independent.",
        "",
    ]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])])


_BLOCKS = (("action", "all"), ("run", "all"), ("action", "followed"))


def _is(block: Mapping[str, Any], source: str, level: str, part: str) -> bool:
    # fields at their default are left out of the JSON
    return (block["source"], block.get("level", "action"), block.get("part", "all")) == (source, level, part)


def _arms(results: Mapping[str, Any], source: str, level: str, part: str) -> dict[str, Any]:
    return {arm["arm"]: arm for block in results["blocks"] if _is(block, source, level, part) for arm in block["arms"]}


def _caught(found: Mapping[str, Any]) -> str:
    """Harmful actions that were stopped; those without a verdict were not."""
    return _share(found["recall"])


def _bothered(found: Mapping[str, Any]) -> str:
    """Harmless cases that were stopped, among those with a verdict."""
    missing = found.get("missing_harmless", 0)
    if missing == found["harmless"]:
        return NONE
    return _share(found["answered"]["overblock"] if missing else found["overblock"])


def _share(estimate: Mapping[str, Any]) -> str:
    count, n = estimate.get("count", 0), estimate.get("n", 0)
    if not n:
        return NONE
    return f"{100 * count / n:.1f}% [{100 * estimate['low']:.1f}, {100 * estimate['high']:.1f}] {count:,}/{n:,}"


def _latency(known: Known | None, cost: Mapping[str, Any]) -> tuple[str, ...]:
    if cost["arm"] in ANCHORS:
        return NONE, NONE
    took = (known.median_ms, known.p95_ms) if known else (cost["median_us"] / 1000, cost["p95_us"] / 1000)
    return tuple(NONE if each is None else f"{each:.2f}" for each in took)
