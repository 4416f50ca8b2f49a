"""Functions of Python's library that change or read files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from magistrate.core.records import EffectKind
from magistrate.evidence.effects.python_invocation import Invocation, Reader
from magistrate.evidence.effects.python_values import (
    UNKNOWN,
    Instance,
    as_text,
)


def _delete(flags: tuple[str, ...] = (), reversible: str = "no") -> Reader:
    def read(call: Invocation) -> Any:
        call.path("delete", call.word(0, "path"), flags=flags, reversible=reversible)
        return None

    return read


def _paths(kind: EffectKind, at: int = 0, *names: str, reversible: str = "unknown") -> Reader:
    def read(call: Invocation) -> Any:
        call.path(kind, call.word(at, *names), reversible=reversible)
        return None

    return read


def move(call: Invocation) -> Any:
    """`os.rename`, `shutil.move`, `Path.rename`."""
    source, target = call.word(0, "src"), call.word(1, "dst")
    place = call.host.scene.place
    if (
        source.dynamic
        or place.path_scope(source.text) not in ("workspace", "temp")
        or place.path_scope(source.text) != place.path_scope(target.text)
    ):
        call.path("delete", source, reversible="yes", flags=("move",))
    call.write(target)
    return None


def _copy(call: Invocation) -> Any:
    call.path("read", call.word(0, "src"), reversible="yes")
    call.write(call.word(1, "dst"))
    return None


def open_file(call: Invocation) -> Any:
    """`open` by its mode; the value remembers the file, so that what is written to it is known."""
    mode = as_text(call.arg(1, "mode") if call.arg(1, "mode") is not None else "r").text
    word = call.word(0, "file", "name", "filename")
    if isinstance(call.arg(0, "file"), int):
        return UNKNOWN
    if mode[:1] in ("w", "x"):
        call.write(word)
    elif mode[:1] == "a":
        call.write(word, "append")
    elif "+" in mode:
        call.write(word, "in-place", replaces=True)
    else:
        call.path("read", word, reversible="yes")
        kind, text = call.host.scene.content(word.text) if not word.dynamic else ("file", "")
        return Instance("open", text if kind == "text" else None)
    return Instance("open:w" + ("a" if mode[:1] == "a" else ""), word)


def permission(call: Invocation) -> Any:
    """`chmod`, `chown`."""
    mode = call.arg(1, "mode")
    flags = []
    if isinstance(mode, int) and call.name.endswith("chmod"):
        flags = [name for name, bits in (("world-writable", 0o002), ("setuid", 0o6000)) if mode & bits]
    call.path("permission", call.word(0, "path"), flags=flags, reversible="yes")
    return None


def _archive(call: Invocation) -> Any:
    mode = as_text(call.arg(1, "mode") if call.arg(1, "mode") is not None else "r").text
    if mode[:1] in "wxa":
        call.write(call.word(0, "file", "name"))
    else:
        call.path("read", call.word(0, "file", "name"), reversible="yes")
    return Instance(call.name, call.arg(0, "file", "name"))


FILES: Mapping[str, Reader] = {
    **dict.fromkeys(("os.remove", "os.unlink", "posix.unlink", "posix.remove", "nt.remove", "pathlib.Path.unlink", "os.remove_file"), _delete()),
    **dict.fromkeys(("os.rmdir", "pathlib.Path.rmdir"), _delete(reversible="yes")),
    "os.removedirs": _delete(reversible="yes"), "shutil.rmtree": _delete(("recursive",)), "distutils.dir_util.remove_tree": _delete(("recursive",)), "send2trash.send2trash": _delete(("move",), "yes"),
    **dict.fromkeys(("os.rename", "os.replace", "os.renames", "shutil.move"), move),
    **dict.fromkeys(("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree"), _copy),
    **dict.fromkeys(("open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "os.fdopen", "aiofiles.open", "builtins.open"), open_file),
    **dict.fromkeys(("os.chmod", "os.chown", "os.lchown", "os.fchmod", "shutil.chown", "pathlib.Path.chmod"), permission),
    **dict.fromkeys(("os.mkdir", "os.makedirs", "os.mknod", "os.mkfifo"), _paths("create", reversible="yes")),
    **dict.fromkeys(("os.symlink", "os.link"), _paths("create", 1, "dst", reversible="yes")),
    **dict.fromkeys(("zipfile.ZipFile", "tarfile.open", "tarfile.TarFile"), _archive),
    "os.truncate": _paths("overwrite", reversible="no"), "shutil.make_archive": _paths("create", reversible="yes"), "shutil.unpack_archive": _paths("create", 1, reversible="partly"),
}  # fmt: skip
"""By dotted name."""
