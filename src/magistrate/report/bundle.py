"""The bundle: everything from which an outsider recomputes the report's numbers, and draws a sample of their own.

JSON lines, the seeds, the ledger's checkpoint, hashes of the files, and one script that needs nothing but Python. No text of any action
is in it: who wants to see one asks for it by run and number.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from magistrate.core.canon import digest
from magistrate.report.account import Account, plain

SCRIPT = "recompute.py"
_ENCODE = msgspec.json.Encoder(order="deterministic")


def write_bundle(account: Account, folder: Path) -> list[Path]:
    """Write the bundle into a folder, which is made; returns its files."""
    folder.mkdir(parents=True, exist_ok=True)
    contents: dict[str, bytes] = {
        "population.jsonl": _lines(_population(account)),
        "samples.jsonl": _lines(account.samples),
        "labels.jsonl": _lines({**plain(label), "note": ""} for label in account.labels),
        "canaries.jsonl": _lines(_canaries(account)),
        "watched.jsonl": _lines(_watched(account)),
        "alarms.jsonl": _lines(account.alarms),
        "figures.json": msgspec.json.format(_ENCODE.encode(account.lines), indent=1),
        SCRIPT: files("magistrate.report").joinpath(SCRIPT).read_bytes(),
    }
    manifest = {
        "version": account.version,
        "made": account.made,
        "ledger": account.ledger,
        "checkpoint": account.checkpoint,
        "events": account.events,
        "files": {name: digest(data) for name, data in contents.items()},
    }
    contents["manifest.json"] = msgspec.json.format(_ENCODE.encode(manifest), indent=1)
    written = []
    for name, data in contents.items():
        (folder / name).write_bytes(data)
        written.append(folder / name)
    return written


def _lines(values: Iterable[Any]) -> bytes:
    return b"".join(_ENCODE.encode(value) + b"\n" for value in values)


def _population(account: Account) -> Iterable[dict[str, Any]]:
    lags = {(run, n): seconds for run, n, seconds in account.lags}
    seen = {(one.run, one.n): one for one in account.seen}
    for unit in account.units:
        by = seen.get((unit.run, unit.n))
        people = {"to ruling": by.ruled, "to label": by.labelled} if by else {}
        yield {**plain(unit), "lag": lags.get((unit.run, unit.n)), **people}


def _canaries(account: Account) -> Iterable[dict[str, Any]]:
    for one in account.canaries:
        yield {
            "run": one.run,
            "family": one.canary.family,
            "difficulty": one.canary.difficulty,
            "must_reach": one.canary.must_reach,
            "decision": one.decision,
            "judged": one.judged,
            "ruled": one.ruled,
            "caught": one.caught,
        }


def _watched(account: Account) -> Iterable[dict[str, Any]]:
    """Batches with what a recomputation cannot see: where a baseline was declared, and where an alarm began the count anew."""
    rang: dict[str, bool] = {}
    alarms = {(alarm.indicator, alarm.batch) for alarm in account.alarms}
    for one in account.watched:
        yield {**plain(one), "declared": not one.state, "fresh": rang.get(one.indicator, False)}
        rang[one.indicator] = (one.indicator, one.batch) in alarms
