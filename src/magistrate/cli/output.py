"""What commands share: tables, progress on stderr, problems, exit codes, text that is safe on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import click
import msgspec

from magistrate.core.intake import Intake

PARTIAL = 3
FOUND = 4

_ENCODE = msgspec.json.Encoder(order="deterministic")


def json_line(value: Any) -> str:
    """One value as one line of JSON."""
    return _ENCODE.encode(value).decode("utf-8", "replace")


def plain(text: str, limit: int = 0) -> str:
    """One line that cannot steer a terminal: control characters shown as escapes, cut at `limit` characters."""
    clean = "".join(
        c if c.isprintable() else " " if c in "\n\r\t" else f"\\x{ord(c):02x}" for c in text[: limit * 2 or None]
    )
    return clean if not limit or len(clean) <= limit else clean[: limit - 1] + "…"


def table(header: Sequence[str], rows: Sequence[Sequence[object]], *, left: int = 1) -> str:
    """A plain table: the first `left` columns to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line(cells[0]), "  ".join("-" * width for width in widths), *map(line, cells[1:])])


class Advance(Protocol):
    """Report progress: a step done, and what is being worked on."""

    def __call__(self, steps: float = 1, note: str = "") -> None: ...


@contextmanager
def progress(what: str, total: float | None) -> Iterator[Advance]:
    """A bar on stderr with the time left; nothing when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda steps=1, note="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, note="")

        def advance(steps: float = 1, note: str = "") -> None:
            if note:
                bar.update(task, advance=steps, note=note)
            else:
                bar.advance(task, steps)

        yield advance


def report_problems(intake: Intake) -> None:
    """Say on stderr what could not be read and what was left out."""
    for problem in intake.problems[:20]:
        place = problem.where + (f":{problem.line}" if problem.line else "")
        mend = f" ({problem.mend})" if problem.mend else ""
        click.echo(f"problem: {plain(place)}: {plain(problem.what, 300)}{mend}", err=True)
    if intake.count > 20:
        click.echo(f"... and {intake.count - 20} more problems", err=True)
    if intake.skipped:
        kinds = ", ".join(f"{plain(kind, 40)} {count}" for kind, count in intake.skipped.most_common(12))
        click.echo(f"left out on purpose: {kinds}", err=True)
