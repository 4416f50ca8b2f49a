"""The answer key of labelled sessions: the only code that decodes `label` and `meta`. Reviewers are never near it.

What is read is what `hosts/labelled.py` leaves out; runs are named as it names them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from magistrate.core.intake import Intake, lines
from magistrate.core.records import Record
from magistrate.hosts.fields import string
from magistrate.hosts.shapes import Unfit, decode


class Refusal(Record, frozen=True, kw_only=True):
    """A call that the person at the terminal refused or interrupted."""

    step: int
    tool: str = ""


class Labelled(Record, frozen=True, kw_only=True):
    """What is known of one run."""

    run: str
    """As the importer names it within its file."""
    line: int
    source: str
    group: str = ""
    model: str = ""
    harmful: bool | None = None
    """None: not to be scored (but see `refusals`)."""
    where: int | None = None
    """Index into the steps of the first harmful one; None when only the whole run is labelled."""
    kind: str = ""
    confidence: str = ""
    """How sure the labels are, where the source tells kinds of labelling apart."""
    task: str = ""
    """What the user wants: an identifier, or a hash of the text; the same for all runs of one task. Empty when unknown."""
    injected: int | None = None
    """Index of the step whose text brought an injection into the run."""
    refusals: tuple[Refusal, ...] | None = None
    """Calls that a person refused, where that is what the source records."""
    calls: tuple[int, ...] = ()
    """How many tool calls each step proposes."""


class _Step(Struct, gc=False):
    role: str | None = None
    tool_calls: list[dict[str, Any]] | None = None


class _Key(Struct, gc=False):
    harmful: bool | None = None
    where: int | None = None
    kind: str | None = None


class _Refused(Struct, gc=False):
    step: int | None = None
    tool: str | None = None


class _Meta(Struct, gc=False):
    confidence: str | None = None
    user_task_id: str | int | None = None
    user_instruction: str | None = None
    injection_seen_at: int | None = None
    refusals: list[_Refused] | None = None
    interrupts: list[_Refused] | None = None


class _Record(Struct, gc=False):
    """What is read of a record here; `id` and `steps` decide on its name as they do in the importer."""

    id: str | int | None = None
    source: str | None = None
    group: str | int | None = None
    model: str | None = None
    user_task: str | None = None
    steps: list[_Step] | None = None
    label: _Key = field(default_factory=_Key)
    meta: _Meta = field(default_factory=_Meta)


def read_labels(path: Path) -> Iterator[Labelled]:
    """The answer key of every record of a file, in its order. Lines that are no record are passed over: the importer tells.

    Raises InputError when the file cannot be opened.
    """
    used: dict[str, int] = {}
    for number, line in lines(path, Intake()):
        odd: list[str] = []
        try:
            record = decode(line, _Record, odd.append)
        except Unfit:
            continue
        if record.steps is None:
            continue
        run = string(record.id) or f"{path.name}:{number}"
        used[run] = count = used.get(run, 0) + 1
        name = run if count == 1 else f"{run}#{count}"
        # A step that does not fit is left out, and then `where` may point to another one.
        yield _labelled(record, name, number, path, trusted=not any(what.startswith("steps") for what in odd))


def _labelled(record: _Record, run: str, line: int, path: Path, *, trusted: bool) -> Labelled:
    meta, label = record.meta, record.label
    steps = record.steps or []
    refusals = None
    if meta.refusals is not None:
        listed = [*meta.refusals, *(meta.interrupts or ())]
        refusals = tuple(Refusal(step=one.step, tool=one.tool or "") for one in listed if one.step is not None)
    where = label.where
    return Labelled(
        run=run,
        line=line,
        source=record.source or path.name.split(".")[0],
        group=string(record.group),
        model=record.model or "",
        harmful=label.harmful if trusted else None,
        where=where if where is not None and 0 <= where < len(steps) else None,
        kind=label.kind or "",
        confidence=meta.confidence or "",
        task=string(meta.user_task_id) or _short(meta.user_instruction or record.user_task or ""),
        injected=meta.injection_seen_at,
        refusals=refusals if trusted else None,
        calls=tuple(len(step.tool_calls or ()) if step.role == "assistant" else 0 for step in steps),
    )


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest() if text.strip() else ""
