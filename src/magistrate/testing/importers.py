"""What every importer must keep, as checks that anybody who writes one can run.

    from magistrate.testing.importers import CONTRACTS

    @pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
    def test_importer(contract, tmp_path):
        contract(MyImporter(), my_sample(tmp_path / "sample"), tmp_path / "scratch")

A contract takes the importer, the path of a good sample (`magistrate.testing.samples` shows how to build one, and where to
plant its marker) and a scratch folder; it raises `Broken` when the importer does not keep it. `survives` is the one that needs
randomness: give it a `random.Random`, best one that Hypothesis drives. `claims_only_its_own` needs the other samples.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from magistrate.core.canon import canonical
from magistrate.core.errors import InputError
from magistrate.core.intake import Intake, head_of
from magistrate.core.protocols import Importer
from magistrate.core.records import Action, Outcome, Session
from magistrate.testing.samples import MARKER

Contract = Callable[[Importer, Path, Path], None]
JUNK: tuple[Any, ...] = (None, True, 0, -1, 2**70, 1.5, "", "x", "\ud800", [], {}, [[]], {"a": 1}, ["x", 1, None], [{}])
"""What stands in a wrong place in `survives`."""
CUTS = 40


class Broken(AssertionError):
    """An importer does not keep a contract."""


def read(importer: Importer, path: Path) -> tuple[list[Session], Intake]:
    """Everything an importer makes of a file, with a fresh intake."""
    intake = Intake()
    return list(importer.read(path, intake)), intake


def _hold(condition: object, what: str) -> None:
    if not condition:
        raise Broken(what)


# ---------------------------------------------------------------- what it reads


def reads_something(importer: Importer, sample: Path, scratch: Path) -> None:
    """A good sample gives runs with actions, and no problem."""
    sessions, intake = read(importer, sample)
    _hold(_actions(sessions), f"{importer.name}: no action in the sample")
    _hold(not intake.count, f"{importer.name}: problems with a good sample: {intake.problems}")


def claims_its_own(importer: Importer, sample: Path, scratch: Path) -> None:
    """The file is claimed by its content, whatever it is called."""
    _hold(importer.claims(head_of(sample)), f"{importer.name} does not claim its own sample")
    renamed = _copy(sample, scratch).rename(scratch / "renamed.bin")
    _hold(importer.claims(head_of(renamed)), f"{importer.name} goes by the file's name")


def claims_only_its_own(importer: Importer, others: Sequence[Path]) -> None:
    """No other format's sample is claimed. (Not in `CONTRACTS`: it needs those samples.)"""
    for other in others:
        _hold(not importer.claims(head_of(other)), f"{importer.name} claims {other.name}")


def is_deterministic(importer: Importer, sample: Path, scratch: Path) -> None:
    """Reading twice gives the same, run ids included."""
    first, second = read(importer, sample)[0], read(importer, sample)[0]
    _hold(canonical(first) == canonical(second), f"{importer.name}: two readings differ")


def gives_plain_records(importer: Importer, sample: Path, scratch: Path) -> None:
    """Sessions can be written as canonical JSON, and every run says its host and its source."""
    for session in read(importer, sample)[0]:
        canonical(session)
        _hold(session.run and session.started.host and session.started.source, f"{session.run}: no run, host or source")


def answers_every_action(importer: Importer, sample: Path, scratch: Path) -> None:
    """Every action has a call id of its own and an outcome after it; one that the source lacks has the status `unknown`."""
    for session in read(importer, sample)[0]:
        waiting: dict[str, str] = {}
        seen: set[str] = set()
        for event in session.events:
            if isinstance(event, Action):
                _hold(
                    event.call_id and event.call_id not in seen, f"{session.run}: call id {event.call_id!r} not its own"
                )
                seen.add(event.call_id)
                waiting[event.call_id] = event.tool
            elif isinstance(event, Outcome) and event.call_id:
                _hold(event.call_id in seen, f"{session.run}: outcome {event.call_id!r} before or without its action")
                tool = waiting.pop(event.call_id, event.tool)
                _hold(event.tool in (tool, ""), f"{session.run}: outcome of {event.tool} for a call of {tool}")
        _hold(not waiting, f"{session.run}: actions without outcome: {sorted(waiting)}")


def keeps_families_together(importer: Importer, sample: Path, scratch: Path) -> None:
    """Run ids are unique; a parent is in the file and comes before its children."""
    seen: set[str] = set()
    for session in read(importer, sample)[0]:
        _hold(session.run not in seen, f"run {session.run} twice")
        _hold(not session.started.parent or session.started.parent in seen, f"{session.run}: unknown parent")
        seen.add(session.run)


def leaks_nothing(importer: Importer, sample: Path, scratch: Path) -> None:
    """Nothing that stands only in the answer key, the metadata or what has to be redacted is in any event."""
    for session in read(importer, sample)[0]:
        # The source names the file, which is the test's own.
        text = canonical(session).decode().replace(str(sample), "")
        _hold(MARKER not in text, f"{session.run}: shows what no reviewer may see")


def ignores_unknown_fields(importer: Importer, sample: Path, scratch: Path) -> None:
    """A field nobody knows changes nothing."""
    before = canonical(read(importer, _copy(sample, scratch))[0])
    changed = _rewrite(_copy(sample, scratch), _with_unknown_field)
    _hold(canonical(read(importer, changed)[0]) == before, f"{importer.name}: an unknown field changed the reading")


# ---------------------------------------------------------------- what it survives


def survives_cuts(importer: Importer, sample: Path, scratch: Path) -> None:
    """A file cut off anywhere is reported, and what came before the cut is what was there.

    In a format of lines, a later cut never gives less: what was whole before the cut is kept.
    """
    whole = _actions(read(importer, _copy(sample, scratch))[0])
    data = sample.read_bytes()
    ends, in_lines = _line_ends(data), _is_lines(sample)
    before = 0
    for place in sorted({len(data) * step // CUTS for step in range(CUTS)} | set(sorted(ends)[:CUTS]) | {len(data)}):
        cut = _copy(sample, scratch)
        cut.write_bytes(data[:place])
        sessions, intake = _bear(importer, cut, f"cut at byte {place}")
        found = _actions(sessions)
        _prefixes(found, whole, f"cut at byte {place}")
        _hold(place in ends or intake.count, f"{importer.name}: cut at byte {place} is not reported")
        count = sum(map(len, found.values()))
        _hold(count >= before or not in_lines, f"{importer.name}: cut at byte {place} loses what stands before it")
        before = count
    _hold(before == sum(map(len, whole.values())), f"{importer.name}: reading the copy differs")


def survives_cut_gzip(importer: Importer, sample: Path, scratch: Path) -> None:
    """A packed file cut off anywhere is reported. (Formats that are archives themselves are left alone.)"""
    if zipfile.is_zipfile(sample):
        return
    whole = _actions(read(importer, _copy(sample, scratch))[0])
    data = gzip.compress(sample.read_bytes(), mtime=0)
    for step in range(1, 20):
        cut = _copy(sample, scratch)
        cut.write_bytes(data[: max(len(data) * step // 20, 2)])
        sessions, intake = _bear(importer, cut, f"gzip cut at {step}/20")
        _prefixes(_actions(sessions), whole, f"gzip cut at {step}/20")
        _hold(intake.count, f"{importer.name}: gzip cut at {step}/20 is not reported")


def survives_garbage(importer: Importer, sample: Path, scratch: Path) -> None:
    """In a format of lines, a line of garbage is reported with its number, and all other lines are read."""
    if not _is_lines(sample):
        return
    whole = _actions(read(importer, _copy(sample, scratch))[0])
    rows = sample.read_bytes().splitlines(keepends=True)
    for garbage in (b"\x00\xff{{{ no JSON\n", b"[1, 2]\n", b'"text"\n'):
        for at in sorted({0, 1, len(rows) // 2, len(rows)}):
            dirty = _copy(sample, scratch)
            dirty.write_bytes(b"".join([*rows[:at], garbage, *rows[at:]]))
            sessions, intake = _bear(importer, dirty, f"garbage in line {at + 1}")
            _hold(
                _same_calls(_actions(sessions), whole),
                f"{importer.name}: garbage in line {at + 1} changed other records",
            )
            _hold(at + 1 in [problem.line for problem in intake.problems], f"garbage in line {at + 1} is not reported")


def survives_the_empty_and_the_strange(importer: Importer, sample: Path, scratch: Path) -> None:
    """An empty file, binary, a list, a number: no session, no crash."""
    scratch.mkdir(parents=True, exist_ok=True)
    for content in (
        b"",
        b"\n\n",
        bytes(range(256)) * 64,
        b"[]",
        b"{}",
        b"7\n",
        b"null\n",
        b"[" * 5000,
        b"PK\x03\x04" + b"\0" * 99,
    ):
        strange = scratch / "strange"
        strange.write_bytes(content)
        sessions, _ = _bear(importer, strange, f"content {content[:8]!r}")
        _hold(not _actions(sessions), f"{importer.name}: actions out of {content[:8]!r}")


def survives(importer: Importer, sample: Path, scratch: Path, chance: random.Random) -> None:
    """Values of wrong types in any places never raise anything but InputError, and what is read can be written."""
    changed = _copy(sample, scratch)
    for path in sorted(file for file in changed.parent.rglob("*") if file.is_file()):
        if path == changed or path.suffix in (".json", ".jsonl"):
            _rewrite(path, lambda value: _mutate(value, chance))
    sessions, _ = _bear(importer, changed, "wrong types")
    for session in sessions:
        canonical(session)
    for event in (event for session in sessions for event in session.events if isinstance(event, Action)):
        _hold(isinstance(event.tool, str) and event.tool, "an action without a tool")
        _hold(isinstance(event.arguments, dict), "arguments that are no object")


CONTRACTS: tuple[Contract, ...] = (
    reads_something,
    claims_its_own,
    is_deterministic,
    gives_plain_records,
    answers_every_action,
    keeps_families_together,
    leaks_nothing,
    ignores_unknown_fields,
    survives_cuts,
    survives_cut_gzip,
    survives_garbage,
    survives_the_empty_and_the_strange,
)


# ---------------------------------------------------------------- means


def _actions(sessions: Sequence[Session]) -> dict[str, list[Action]]:
    found = {session.run: [event for event in session.events if isinstance(event, Action)] for session in sessions}
    return {run: actions for run, actions in found.items() if actions}


def _same_calls(some: dict[str, list[Action]], others: dict[str, list[Action]]) -> bool:
    """Whether two readings hold the same calls; run ids made of line numbers may differ."""

    def calls(found: dict[str, list[Action]]) -> list[bytes]:
        return sorted(canonical([action.tool, action.arguments]) for actions in found.values() for action in actions)

    return calls(some) == calls(others)


def _prefixes(some: dict[str, list[Action]], whole: dict[str, list[Action]], where: str) -> None:
    for run, actions in some.items():
        _hold(run in whole, f"{where}: a run {run!r} that was not there")
        there = [(action.tool, action.arguments) for action in whole[run][: len(actions)]]
        _hold([(a.tool, a.arguments) for a in actions] == there, f"{where}: other actions in {run!r}")


def _bear(importer: Importer, path: Path, what: str) -> tuple[list[Session], Intake]:
    """Read what is broken: an InputError counts as one problem, anything else breaks the contract."""
    intake = Intake()
    sessions: list[Session] = []
    try:
        sessions.extend(importer.read(path, intake))
    except InputError as error:
        intake.problem(error.where, error.what, line=error.line)
    except Exception as error:
        raise Broken(f"{importer.name}: {what}: {type(error).__name__}: {error}") from error
    return sessions, intake


def _copy(sample: Path, scratch: Path) -> Path:
    """The sample, with what lies beside it, in a fresh folder; the copy's path."""
    folder = scratch / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(sample.parent, folder)
    return folder / sample.name


def _line_ends(data: bytes) -> set[int]:
    """Where a cut leaves whole lines: after a line end, or just before it; both ends of the file."""
    ends = {place for place, byte in enumerate(data) if byte == 10} if len(data) < 1 << 20 else set()
    return ends | {end + 1 for end in ends} | {0, len(data)}


def _is_lines(sample: Path) -> bool:
    rows = [row for row in sample.read_bytes().splitlines() if row.strip()]
    try:
        return len(rows) > 1 and all(isinstance(json.loads(row), dict) for row in rows)
    except ValueError:
        return False


def _rewrite(path: Path, change: Callable[[Any], Any]) -> Path:
    """The file with every record (line, document, or JSON member of an archive) changed, in place."""
    if zipfile.is_zipfile(path):
        _rewrite_archive(path, change)
    elif _is_lines(path):
        rows = [json.dumps(change(json.loads(row))) for row in path.read_bytes().splitlines() if row.strip()]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    else:
        path.write_text(json.dumps(change(json.loads(path.read_bytes()))), encoding="utf-8")
    return path


def _rewrite_archive(path: Path, change: Callable[[Any], Any]) -> None:
    with zipfile.ZipFile(path) as archive:
        try:
            members = {name: archive.read(name) for name in archive.namelist()}
        except NotImplementedError:
            return  # packed in a way that the standard library cannot unpack
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, json.dumps(change(json.loads(data))) if name.endswith(".json") else data)


def _with_unknown_field(record: Any) -> Any:
    return {**record, "x_nobody_knows": {"type": "tool_use", "n": [1, None]}} if isinstance(record, dict) else record


def _mutate(value: Any, chance: random.Random) -> Any:
    """A copy with a few values replaced by others of any type, keys dropped, lists shortened or doubled."""
    places = list(_places(value))
    for _ in range(chance.randint(0, 3)):
        holder, key = chance.choice(places) if places else (None, None)
        if isinstance(holder, dict):
            if key in holder and chance.random() < 0.2:
                del holder[key]
            else:
                holder[key] = chance.choice(JUNK)
        elif isinstance(holder, list) and holder:
            at = chance.randrange(len(holder))
            holder[at : at + 1] = chance.choice(([], [chance.choice(JUNK)], [holder[at], holder[at]]))
    return chance.choice(JUNK) if chance.random() < 0.01 else value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    stack = [value]
    while stack:
        holder = stack.pop()
        pairs = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, child in pairs:
            yield holder, key
            stack.append(child)
