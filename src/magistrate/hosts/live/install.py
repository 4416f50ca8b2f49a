"""Putting hooks into a host's settings and taking them out again.

What stood there before is kept, byte for byte, beside what was written: `unguard` puts it back. Where somebody changed the
file meanwhile, only our own entries are taken out of it. Files are replaced whole or not at all, with the mode they had, and
never through a link: a project that is not trusted must not lead a write elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from magistrate.core.errors import ConfigError, InputError
from magistrate.core.records import Record
from magistrate.hosts.live.jsonc import added, tree, without
from magistrate.hosts.live.wiring import WAIT, Place, Wiring

MAX_SETTINGS = 4 << 20
"""Bytes of a settings file."""
PLUGIN = Path(__file__).with_name("opencode_plugin.js")
Change = Literal["written", "unchanged", "restored", "removed", "absent"]


class Kept(Record, frozen=True, kw_only=True):
    """What is remembered of a guarded file."""

    host: str
    file: str
    before: bytes | None
    """The file's bytes before; None: it did not exist."""
    after: bytes
    folders: tuple[str, ...] = ()
    """Folders made for it, outermost first."""


class Content(Record, frozen=True, kw_only=True):
    """What is to be written: the command of each event, and the path by which our own entries are known."""

    commands: Mapping[str, Sequence[str]]
    mark: str
    """Stands in every command of ours, and in nobody else's: the path of the hook."""
    dry_run: bool = False
    wait: float = 0
    """Seconds that a person may take to decide on what waits for one."""


def guard(wiring: Wiring, place: Place, content: Content, keep: Path) -> Change:
    """Write our hooks into a host's settings. `keep`: the folder that remembers what was there. Raises ConfigError."""
    current = read(place)
    kept = recall(keep, place)
    if kept and current == kept.after:
        before, folders = kept.before, kept.folders
    else:
        before = stripped(wiring, content.mark, current, place)
        folders = kept.folders if kept else ()
    after = composed(wiring, content, before, place)
    if current == after and kept:
        return "unchanged"
    put(Kept(host=wiring.host, file=str(place.file), before=before, after=after, folders=folders), place, keep)
    return "written"


def put(kept: Kept, place: Place, keep: Path) -> None:
    """Write a file, remembering first what was there. Raises ConfigError."""
    fresh = _missing(place)
    if keep.is_symlink():
        raise ConfigError(f"{keep} is a link")
    keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = replace(kept, folders=(*kept.folders, *fresh))
    _replace(_note(keep, place), msgspec.json.encode(kept), 0o600)
    for folder in fresh:
        Path(folder).mkdir(mode=0o755 if place.root == Path("/") else 0o700, exist_ok=True)
    check(place)
    managed = place.root == Path("/")
    _replace(place.file, kept.after, _mode(place.file) or (0o644 if managed else 0o600))


def unguard(wiring: Wiring, place: Place, mark: str, keep: Path) -> Change:
    """Take our hooks out: `restored` byte for byte, or `removed` from a file that was changed meanwhile. Raises ConfigError."""
    current = read(place)
    kept = recall(keep, place)
    before = kept.before if kept and current == kept.after else stripped(wiring, mark, current, place)
    exact = bool(kept and current == kept.after)
    if before == current:
        forget(place, keep)
        return "absent"
    put_back(place, before, keep)
    return "restored" if exact else "removed"


def put_back(place: Place, before: bytes | None, keep: Path) -> None:
    """Make a file what it was before, None: absent, and forget that it was ever changed. Raises ConfigError."""
    kept = recall(keep, place)
    if before is None:
        place.file.unlink()
        for folder in reversed(kept.folders if kept else ()):
            with contextlib.suppress(OSError):  # somebody put something into it
                Path(folder).rmdir()
    else:
        _replace(place.file, before, _mode(place.file) or 0o600)
    forget(place, keep)


def forget(place: Place, keep: Path) -> None:
    """Remember a file no longer."""
    _note(keep, place).unlink(missing_ok=True)


def recall(keep: Path, place: Place) -> Kept | None:
    """What is remembered of a file; None where nothing is, or nothing that can be read."""
    try:
        return msgspec.json.decode(_note(keep, place).read_bytes(), type=Kept)
    except (OSError, msgspec.DecodeError):
        return None


def entries(wiring: Wiring, content: Content) -> dict[str, Any]:
    """What stands in the settings for each event."""
    return {
        event: wiring.entry(command, wiring.patience(event, content.wait), wiring.gated(event))
        for event, command in content.commands.items()
    }


def composed(wiring: Wiring, content: Content, before: bytes | None, place: Place) -> bytes:
    """The file with our hooks. Raises ConfigError."""
    if wiring.plugin:
        if before:
            raise ConfigError(f"{place.file}: there is another file of this name (move it away)")
        return plugin(content)
    try:
        text = before.decode() if before is not None else json.dumps(dict(wiring.frame), indent=2) + "\n"
        for event, entry in entries(wiring, content).items():
            text = added(text, ("hooks", event), entry)
        return text.encode()
    except UnicodeDecodeError:
        raise ConfigError(f"{place.file}: is not UTF-8") from None
    except InputError as error:
        raise InputError(error.what, where=str(place.file), line=error.line, mend=error.mend) from None


def plugin(content: Content) -> bytes:
    """The program for a host that loads plugins, with its command in it."""
    command = next(iter(content.commands.values()))
    text = PLUGIN.read_text(encoding="utf-8")
    for name, value in (
        ("HOOK", list(command)),
        ("DRY_RUN", content.dry_run),
        ("WAIT", (WAIT + int(content.wait)) * 1000),
    ):
        head, mark, tail = text.partition(f"/*{name}*/ ")
        text = head + mark + json.dumps(value) + tail[tail.index("\n") :]
    return text.encode()


def stripped(wiring: Wiring, mark: str, current: bytes | None, place: Place) -> bytes | None:
    """The file without our hooks, as far as they can be told from others; None: nothing of it would be left."""
    if current is None:
        return None
    if wiring.plugin:
        return None if mark.encode() in current else current
    try:
        text = current.decode()
        hooks = tree(text).plain()
        hooks = hooks.get("hooks") if isinstance(hooks, dict) else None
        for event in hooks if isinstance(hooks, dict) else ():
            text = without(text, ("hooks", event), lambda entry: ours(entry, mark))
        left = tree(text).plain() if text != current.decode() else None
    except (InputError, UnicodeDecodeError):
        return current
    if isinstance(left, dict) and _bare(left, wiring.frame):
        return None
    return text.encode()


def ours(entry: Any, mark: str) -> bool:
    """Whether an entry is ours and only ours: every command in it starts our hook."""
    if not isinstance(entry, dict):
        return False
    if isinstance(entry.get("hooks"), list):
        return bool(entry["hooks"]) and all(ours(hook, mark) for hook in entry["hooks"])
    return any(isinstance(entry.get(name), str) and mark in entry[name] for name in ("command", "bash"))


def read(place: Place) -> bytes | None:
    """The file's bytes; None where there is none. Raises ConfigError for what is no plain file of settings."""
    check(place)
    try:
        handle = os.open(place.file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{place.file}: {error.strerror or error}") from None
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ConfigError(f"{place.file}: is no plain file")
        data = stream.read(MAX_SETTINGS + 1)
    if len(data) > MAX_SETTINGS:
        raise ConfigError(f"{place.file}: is over {MAX_SETTINGS:,} bytes")
    return data


def check(place: Place) -> None:
    """Raise ConfigError where a part of the path below the root is a link, or another user's."""
    path = place.root
    for part in place.file.relative_to(place.root).parts:
        path = path / part
        try:
            info = path.lstat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror or error}") from None
        if stat.S_ISLNK(info.st_mode):
            raise ConfigError(f"{path} is a link to {os.readlink(path)}: name the file it stands for with --config")
        if info.st_uid not in (os.getuid(), 0):
            raise ConfigError(f"{path} belongs to another user")


def _bare(left: dict[str, Any], frame: Mapping[str, Any]) -> bool:
    """Whether nothing but the frame of a file that we made is left."""
    hooks = left.get("hooks", {})
    rest = {name: value for name, value in left.items() if name != "hooks"}
    return bool(frame) and rest == dict(frame) and isinstance(hooks, dict) and not any(hooks.values())


def _missing(place: Place) -> tuple[str, ...]:
    """Folders that have to be made, outermost first."""
    missing: list[str] = []
    folder = place.file.parent
    while not folder.exists():
        missing.append(str(folder))
        folder = folder.parent
    return tuple(reversed(missing))


def _note(keep: Path, place: Place) -> Path:
    return keep / f"{hashlib.sha256(str(place.file).encode()).hexdigest()[:32]}.json"


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except OSError:
        return 0


def _replace(path: Path, data: bytes, mode: int) -> None:
    """Put a file in place whole. Raises ConfigError."""
    fresh = path.with_name(f".{path.name}.magistrate-{os.getpid()}")
    try:
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as target:
            target.write(data)
            target.flush()
            os.fchmod(target.fileno(), mode)
            os.fsync(target.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ConfigError(f"{path}: {error.strerror or error}") from None
