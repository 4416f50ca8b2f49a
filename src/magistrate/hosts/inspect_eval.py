"""Logs of Inspect: `.eval` archives (samples whole or in chunks), and logs written as one JSON document.

One run a sample and epoch, one sample in memory at a time. See docs/hosts-formats.md for each decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from magistrate.core.errors import InputError
from magistrate.core.intake import MAX_DOCUMENT, Head, Intake, document, open_bytes
from magistrate.core.records import RunStarted, Session
from magistrate.hosts.fields import string
from magistrate.hosts.inspect_sample import SampleReader
from magistrate.hosts.inspect_shapes import Evaluation, Log, Pools, Sample
from magistrate.hosts.shapes import Unfit, decode, fit, noting, peek, whole
from magistrate.hosts.zips import Archive, Member

ZIP = b"PK\x03\x04"
HEADS = ("header.json", "_journal/start.json")
"""Members that say what was evaluated: the first when the evaluation ended, the second from its start."""
_OURS = re.compile(rb"(?:header|summaries|reductions)\.json|_journal/|samples/")
_WHOLE = re.compile(r"samples/.+_epoch_\d+\.json")
_SHELL = re.compile(r"(samples/.+_epoch_\d+)/sample\.json")
_CHUNK = re.compile(r"(samples/.+_epoch_\d+)/(messages|events|attachments)/(\d+)\.json")


class InspectImporter:
    """Reads evaluation logs, one run a sample and epoch, inner agents after it."""

    name = "inspect"

    def claims(self, head: Head) -> bool:
        """An archive whose first member is one of Inspect's, or a document with an evaluation and its plan or samples."""
        if head.start.startswith(ZIP):
            length = int.from_bytes(head.start[26:28], "little")
            return _OURS.match(head.start[30 : 30 + length]) is not None
        first = peek(head)
        if not isinstance(first, dict) or not isinstance(first.get("eval"), dict):
            return False
        return "status" in first and not {"plan", "samples", "results"}.isdisjoint(first)

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield the runs of each sample; a sample that cannot be read is reported and the next one taken."""
        with open_bytes(path) as stream:
            packed = stream.read(4) == ZIP
        yield from self._archive(path, intake) if packed else self._document(path, intake)

    def _archive(self, path: Path, intake: Intake) -> Iterator[Session]:
        with Archive(path, intake) as archive:
            about = _head(archive, path, intake)
            chunks = _chunks(archive)
            found = 0
            for name, member in archive.members.items():
                shell = _SHELL.fullmatch(name)
                if not shell and (not _WHOLE.fullmatch(name) or _CHUNK.fullmatch(name)):
                    continue
                found += 1
                place = f"{path.name}:{name}"
                report = noting(place, intake, 0)
                try:
                    sample = decode(archive.read(member), Sample, report)
                    if shell:
                        _assemble(sample, archive, chunks.get(shell[1], {}), intake, place)
                except (Unfit, InputError) as error:
                    intake.problem(place, str(error), mend="copy the log again")
                    continue
                yield from self._sample(sample, about, place, intake)
            if not found:
                intake.problem(path, "an Inspect log without samples", lost=False)

    def _document(self, path: Path, intake: Intake) -> Iterator[Session]:
        report = noting(path, intake, 0)
        try:
            log = decode(document(path), Log, report)
        except Unfit:
            try:
                log = fit(whole(path, intake), Log, report)
            except Unfit as reason:
                raise InputError(str(reason), where=str(path), mend="name an Inspect log") from None
        for number, raw in enumerate(log.samples or ()):
            place = f"{path.name}:samples[{number}]"
            try:
                sample = decode(bytes(raw), Sample, noting(place, intake, 0))
            except Unfit as reason:
                intake.problem(place, str(reason), mend="remove the sample")
                continue
            yield from self._sample(sample, log.eval or Evaluation(), place, intake)

    def _sample(self, sample: Sample, about: Evaluation, place: str, intake: Intake) -> Iterator[Session]:
        run = "/".join((about.eval_id or about.run_id or self.name, string(sample.id, place), str(sample.epoch or 1)))
        started = RunStarted(
            host=self.name,
            host_version=(about.packages or {}).get("inspect_ai", ""),
            model=about.model or "",
            source=place,
            at=sample.started_at or "",
        )
        yield from SampleReader(sample, run, started, intake, noting(place, intake, 0)).sessions()


def _head(archive: Archive, path: Path, intake: Intake) -> Evaluation:
    for name in HEADS:
        if name in archive.members:
            try:
                data = archive.read(archive.members[name])
                return decode(data, Log, noting(f"{path.name}:{name}", intake, 0)).eval or Evaluation()
            except (Unfit, InputError) as error:
                intake.problem(f"{path.name}:{name}", str(error), lost=False)
    return Evaluation()


def _chunks(archive: Archive) -> dict[str, dict[str, list[Member]]]:
    """Sample -> sequence -> its members, in the order of their first item."""
    numbered: dict[tuple[str, str], list[tuple[int, Member]]] = {}
    for name, member in archive.members.items():
        if part := _CHUNK.fullmatch(name):
            numbered.setdefault((part[1], part[2]), []).append((int(part[3][:18]), member))
    found: dict[str, dict[str, list[Member]]] = {}
    for (sample, sequence), members in numbered.items():
        found.setdefault(sample, {})[sequence] = [member for _, member in sorted(members, key=lambda item: item[0])]
    return found


def _assemble(sample: Sample, archive: Archive, parts: dict[str, list[Member]], intake: Intake, place: str) -> None:
    """Fill a chunked sample's shell. A chunk that cannot be read is reported; the sample keeps the others."""
    texts = _sequence(archive, parts.get("attachments", []), list[Any], intake, place)
    sample.attachments = {str(number): string(text) for number, text in enumerate(texts)}
    sample.events_data = Pools(messages=_sequence(archive, parts.get("messages", []), list[Raw], intake, place))
    sample.events = _sequence(archive, parts.get("events", []), list[Raw], intake, place)


def _sequence(archive: Archive, members: list[Member], shape: Any, intake: Intake, place: str) -> list[Any]:
    items: list[Any] = []
    left = MAX_DOCUMENT
    for member in members:
        start = int(member.name.rpartition("/")[2].removesuffix(".json")[:18])
        items += [msgspec.Raw(b"null") if shape == list[Raw] else ""] * min(max(start - len(items), 0), 1 << 20)
        try:
            data = archive.read(member, left)
            left -= len(data)
            items += decode(data, shape, noting(place, intake, 0))
        except (Unfit, InputError) as error:
            intake.problem(f"{place}: {member.name}", str(error), lost=False)
    return items


IMPORTER = InspectImporter()
