"""The ledger for other tools: JSON lines, or Parquet (extra `parquet`)."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from magistrate.core.errors import ConfigError
from magistrate.core.records import Action, Event, Verdict
from magistrate.ledger.store import Ledger

_ENCODE = msgspec.json.Encoder(order="deterministic")
BATCH = 5_000


def to_jsonl(ledger: Ledger, out: BinaryIO) -> int:
    """Write one event a line, texts filled in; returns how many."""
    count = 0
    for event in ledger.events():
        out.write(_ENCODE.encode(event) + b"\n")
        count += 1
    return count


def to_parquet(ledger: Ledger, path: Path) -> int:
    """Write one event a row: the columns a reader filters by, and the whole body as JSON. Returns how many."""
    try:
        pyarrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ConfigError("Parquet needs pyarrow: pip install 'magistrate[parquet]'") from None
    text, number, texts = pyarrow.string(), pyarrow.int64(), pyarrow.list_(pyarrow.string())
    columns = {"id": number, "run": text, "n": number, "at": text, "kind": text, "tool": text, "decision": text}
    columns |= {"basis": text, "rules": texts, "revision": text, "body": text, "prev": text, "hash": text}
    schema = pyarrow.schema(list(columns.items()))
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in _batches(ledger.events()):
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
            count += len(rows)
    return count


def _batches(events: Iterator[Event]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for event in events:
        rows.append(_row(event))
        if len(rows) == BATCH:
            yield rows
            rows = []
    if rows:
        yield rows


def _row(event: Event) -> dict[str, Any]:
    body = event.body
    row: dict[str, Any] = {
        "id": event.id,
        "run": event.run,
        "n": event.n,
        "at": event.at,
        "kind": type(body).__struct_config__.tag,
        "body": _ENCODE.encode(body).decode("utf-8", "replace"),
        "prev": event.prev,
        "hash": event.hash,
    }
    if isinstance(body, Action):
        row["tool"] = body.tool
    if isinstance(body, Verdict):
        row |= {"decision": body.decision, "basis": body.basis, "rules": list(body.rules), "revision": body.revision}
    return row
