"""Host agents: how each one's sessions are read (and, live, how its hooks are answered). One file a host.

`sessions(paths, intake)` is the whole of it for a caller: files and folders in, finished runs out, whatever was wrong in
`intake`. Whose a file is, its content tells: each importer looks at the head, the most specific claim is asked first.

Besides what `core.protocols.Importer` asks for, an importer may have
  `rank(head) -> int`     0 for a run of its own, higher for the deeper sub-agents: lower ranks are read first, so that a
                          parent comes before its children even when they live in different files;
  `aside(path) -> bool`   whether a file in a folder, by its name and place, belongs to the host but holds no session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from magistrate.core.errors import ConfigError, InputError
from magistrate.core.intake import Head, Intake, head_of
from magistrate.core.protocols import Importer
from magistrate.core.records import Session
from magistrate.hosts import agentdojo, atif, claude_code, codex, inspect_eval, labelled, openai_chat
from magistrate.hosts import packed as packed  # reading through Zstandard

IMPORTERS: tuple[Importer, ...] = (
    claude_code.IMPORTER,
    codex.IMPORTER,
    inspect_eval.IMPORTER,
    atif.IMPORTER,
    agentdojo.IMPORTER,
    labelled.IMPORTER,
    openai_chat.IMPORTER,
)
"""Our own, the most specific claim first."""

GROUP = "magistrate.importers"
SUFFIXES = (".jsonl", ".json", ".eval", ".jsonl.gz", ".json.gz", ".jsonl.zst", ".json.zst")
"""What may hold sessions, among the files found in a folder. A file named by itself is read whatever its name."""
_BUGS = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)


@cache
def importers() -> tuple[Importer, ...]:
    """Third-party importers (entry points of the group `magistrate.importers`), by name, then our own.

    Third-party ones come first: whoever installs one wants it asked. Raises ConfigError when one cannot be loaded.
    """
    from importlib import metadata  # a twentieth of a second, for the few who need it

    others: list[Importer] = []
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            loaded = entry.load()
        except (ImportError, *_BUGS) as error:
            raise ConfigError(f"importer {entry.name!r} ({entry.value}) cannot be loaded: {error}") from error
        others.append(loaded() if isinstance(loaded, type) else loaded)
    return (*others, *IMPORTERS)


def importer_for(path: Path) -> Importer:
    """Whose file this is, by its content. Raises InputError that says what was expected."""
    return _claimed(head_of(path))


def _claimed(head: Head) -> Importer:
    if not head.start.strip():
        raise InputError("is empty", where=str(head.path))
    for importer in importers():
        try:
            if importer.claims(head):
                return importer
        except _BUGS:
            continue  # a claim that trips over a strange head is no claim
    known = ", ".join(importer.name for importer in importers())
    raise InputError("holds no session of a known kind", where=str(head.path), mend=f"expected one of: {known}")


def sessions(paths: Iterable[Path], intake: Intake) -> Iterator[Session]:
    """All runs in files and folders (recursively, in sorted order; hidden and linked sub-folders are left out).

    A bad file becomes a problem in `intake` and the rest goes on; files of other kinds in a folder are counted as skipped.
    A parent comes before its children wherever both are given. Run ids are unique within the batch: a second run of the
    same id gets `~2` and so on appended.
    """
    names: dict[str, int] = {}
    plan = _plan(paths, intake)
    sizes = [_size(path) for path, _ in plan]
    intake.size = sum(sizes)
    for (path, importer), size in zip(plan, sizes, strict=True):
        if path.resolve() in intake.taken:
            intake.passed += size
            continue
        intake.taken.add(path.resolve())
        try:
            yield from _distinct(importer.read(path, intake), names)
        except InputError as error:
            intake.problem(error.where or path, error.what, line=error.line, mend=error.mend)
        except _BUGS as error:
            intake.problem(path, f"importer {importer.name} failed: {type(error).__name__}: {error}"[:300])
        intake.enter(None)
        intake.passed += size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _plan(paths: Iterable[Path], intake: Intake) -> list[tuple[Path, Importer]]:
    plan: list[tuple[int, int, Path, Importer]] = []
    for order, (path, named) in enumerate(_files(paths, intake)):
        if not named and (_aside(path) or not path.name.lower().endswith(SUFFIXES)):
            intake.skip("file of another kind")
            continue
        try:
            head = head_of(path)
            importer = _claimed(head)
        except InputError as error:
            intake.problem(error.where or path, error.what, line=error.line, mend=error.mend)
            continue
        plan.append((_rank(importer, head), order, path, importer))
    plan.sort(key=lambda item: item[:2])
    return [(path, importer) for _, _, path, importer in plan]


def _files(paths: Iterable[Path], intake: Intake) -> Iterator[tuple[Path, bool]]:
    """Every file, and whether the caller named it; in a folder, files come before sub-folders."""
    for path in paths:
        if _is_folder(path):
            yield from ((found, False) for found in _walk(path, intake))
        else:
            yield path, True


def _walk(folder: Path, intake: Intake) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        intake.problem(folder, f"cannot be opened: {error.strerror or error}")
        return
    folders = [entry for entry in entries if _is_folder(entry)]
    known = set(folders)
    yield from (entry for entry in entries if entry not in known)
    for entry in folders:
        if not entry.is_symlink() and not entry.name.startswith("."):
            yield from _walk(entry, intake)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # may not be looked at: opening it will say why
        return False


def _aside(path: Path) -> bool:
    return any(aside(path) for importer in importers() if (aside := getattr(importer, "aside", None)))


def _rank(importer: Importer, head: Head) -> int:
    rank = getattr(importer, "rank", None)
    return int(rank(head)) if rank else 0


def _distinct(found: Iterable[Session], names: dict[str, int]) -> Iterator[Session]:
    """The sessions of one file, renamed where the batch has a run of that id already; their children follow."""
    renamed: dict[str, str] = {}
    for session in found:
        names[session.run] = count = names.get(session.run, 0) + 1
        parent = renamed.get(session.started.parent, session.started.parent)
        if count > 1:
            renamed[session.run] = f"{session.run}~{count}"
        if count > 1 or parent != session.started.parent:
            started = replace(session.started, parent=parent)
            session = Session(run=renamed.get(session.run, session.run), started=started, events=session.events)
        yield session
