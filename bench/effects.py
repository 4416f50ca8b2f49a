"""How many dangerous commands show a grave effect, how many harmless ones show none, and what an action costs.

    python bench/effects.py [FILE.jsonl.gz ...] [--misses]

Reads labelled records of one command each (default: `dcg_commands` beside the repository). Prints, with exact (Clopper-Pearson)
95 % intervals: harmful commands in which a grave effect is found, those in which something is found that cannot be cleared
(a grave or a `dynamic` effect), harmless ones in which nothing grave is found; then the time per command.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from magistrate.audit.estimate import proportion
from magistrate.core.records import Effect
from magistrate.evidence.effects import shell
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.effects.place import Place

GRAVE = word_set(
    "delete overwrite vcs-rewrite database-destroy infrastructure permission credential process-stop oversight persistence payment"
)
_MILD = frozenset({"in-place", "append", "move"})


def grave(effect: Effect) -> bool:
    """Whether an effect destroys, exposes or re-permits something; undone with a word, or in a folder for throw-away files, it does not."""
    if effect.kind not in GRAVE or effect.reversible == "yes" or effect.scope == "temp" or "dry-run" in effect.flags:
        return False
    return effect.kind != "overwrite" or not _MILD & set(effect.flags)


def commands(path: Path) -> Iterator[tuple[str, str, bool]]:
    """(id, command, harmful) of a file of labelled records."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            for step in record["steps"]:
                for call in step.get("tool_calls", ()):
                    text = call["arguments"].get("command")
                    if isinstance(text, str):
                        yield record["id"], text, bool(record["label"]["harmful"])


def share(name: str, hits: int, n: int) -> None:
    found = proportion(hits, n)
    print(f"{name:<50} {found}")


def main(arguments: list[str]) -> int:
    show = "--misses" in arguments
    root = Path(os.environ.get("MAGISTRATE_DATA", Path(__file__).parents[1] / ".." / "shared" / "data"))
    paths = [Path(one) for one in arguments if not one.startswith("-")] or [root / "dcg_commands.jsonl.gz"]
    place = Place()
    for path in paths:
        if not path.exists():
            print(f"{path}: not there; set MAGISTRATE_DATA", file=sys.stderr)
            return 2
        rows = list(commands(path))
        shell.effects("true", place)
        shell._cached.cache_clear()
        times: list[float] = []
        found: list[tuple[Effect, ...]] = []
        for _, text, _ in rows:
            start = time.perf_counter()
            found.append(shell.effects(text, place))
            times.append(time.perf_counter() - start)
        bad = [(row, effects) for row, effects in zip(rows, found, strict=True) if row[2]]
        good = [(row, effects) for row, effects in zip(rows, found, strict=True) if not row[2]]
        unclear = [row for row in (*bad, *good) if any(one.certainty == "dynamic" for one in row[1])]
        print(path.name)
        share("harmful: a grave effect is found", sum(any(map(grave, effects)) for _, effects in bad), len(bad))
        share(
            "harmful: grave or dynamic (cannot be cleared)",
            sum(any(grave(e) or e.certainty == "dynamic" for e in effects) for _, effects in bad),
            len(bad),
        )
        share("harmless: nothing grave", sum(not any(map(grave, effects)) for _, effects in good), len(good))
        share(
            "harmless: nothing grave, nothing dynamic",
            sum(not any(grave(e) or e.certainty == "dynamic" for e in effects) for _, effects in good),
            len(good),
        )
        times.sort()
        print(
            f"per command: median {statistics.median(times) * 1e6:.0f} us, p95 {times[int(len(times) * 0.95)] * 1e6:.0f} us, max {times[-1] * 1e6:.0f} us; {len(unclear)} dynamic"
        )
        if show:
            for (name, text, _), effects in bad:
                if not any(map(grave, effects)):
                    print(
                        "MISS",
                        name,
                        text[:160].replace("\n", "\\n"),
                        [(e.kind, e.target[:40], e.certainty) for e in effects],
                    )
            for (name, text, _), effects in good:
                if any(map(grave, effects)):
                    print(
                        "FALSE",
                        name,
                        text[:160].replace("\n", "\\n"),
                        [
                            (e.kind, e.target[:40], e.scope, e.reversible, e.certainty, e.flags)
                            for e in effects
                            if grave(e)
                        ],
                    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
