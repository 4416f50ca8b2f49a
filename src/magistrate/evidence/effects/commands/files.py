"""Files and folders: removing, moving, copying, writing, permissions, archives, disks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, effect, path_effect, write_effect
from magistrate.evidence.effects.commands.options import flags_of
from magistrate.evidence.effects.files import is_patch, patch_effects
from magistrate.evidence.effects.place import AGENT_FOLDERS, DISKS

_NONE = frozenset({"/dev/null"})
_MANY = 8
"""Files moved at once that are named one by one."""


def _rm(command: Command, scene: Scene) -> Iterator[Effect]:
    flags = flags_of(command, {"recursive": ("-r", "-R", "--recursive"), "force": ("-f", "--force")})
    for word in command.operands():
        yield path_effect("delete", word, command, scene, reversible="no", flags=flags)


def _rm_tree(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands():
        yield path_effect("delete", word, command, scene, reversible="no", flags=("recursive", "force"))


_UNLINK_VALUED = {
    "shred": ("-n", "-s", "--iterations", "--size", "--random-source"),
    "wipe": ("-l", "-P", "-Q", "-S"),
}


def _unlink(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.targets(*_UNLINK_VALUED.get(command.name, ())):
        flags = ("wipe",) if command.name in ("shred", "wipe", "srm") else ()
        kind = "overwrite" if command.name == "shred" and not command.has("-u", "--remove") else "delete"
        yield path_effect(kind, word, command, scene, reversible="no", flags=flags)  # type: ignore[arg-type]


def _rmdir(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands():
        yield path_effect("delete", word, command, scene, reversible="yes")  # only an empty folder goes


def _trash(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.name in ("trash-empty",):
        yield effect("delete", "~/.local/share/Trash", "path", command, scope="home", reversible="no", broad=True)
        return
    words = command.operands()
    if command.name in ("gio", "kioclient", "kioclient5"):
        if not words or words[0].text not in ("trash", "remove", "move"):
            return
        words = words[1:]
    for word in words:
        yield path_effect("delete", word, command, scene, reversible="yes", flags=("move",))


def _mv(command: Command, scene: Scene) -> Iterator[Effect]:
    folder = command.value("-t", "--target-directory")
    words = command.operands("-t", "--target-directory", "-S", "--suffix")
    sources, target = (words, folder) if folder is not None else (words[:-1], words[-1] if len(words) > 1 else None)
    if target is None:
        return
    if target.text in _NONE:
        for word in sources:
            yield path_effect("delete", word, command, scene, reversible="no")
        return
    there = scene.place.path_scope(target.text)
    for word in sources:
        gone = path_effect("delete", word, command, scene, reversible="yes", flags=("move",))
        if (
            gone.scope not in ("workspace", "temp")
            or gone.scope != there
            or gone.broad
            or gone.certainty == "dynamic"
            or _special_target(word, scene)
        ):
            yield gone
    for where, flags in _landings(sources, target, scene, folder=folder is not None, deep=True, merges=False):
        yield write_effect(where, command, scene, flags=flags)


def _landings(
    sources: Sequence[Word], target: Word, scene: Scene, *, folder: bool, deep: bool, merges: bool
) -> Iterator[tuple[Word, tuple[str, ...]]]:
    """Where what is copied, moved or linked arrives, with flags: by the sources' names where the target surely is a folder.

    `folder`: the command says that it is one; `deep`: a source may be a folder with all that it holds; `merges`: into folders that
    are there. Names that are not known arrive as `target/*`.
    """
    place = scene.place
    known = {place.resolve(top) for top in (place.home, place.cwd, place.here) if top}
    certain = (
        folder
        or len(sources) > 1
        or target.text.endswith(("/", "/.", "/.."))
        or target.text in (".", "..", "~")
        or place.resolve(target.text) in known
        or target.text.rpartition("/")[2] in AGENT_FOLDERS
    )
    if not certain or target.dynamic or not sources:
        yield target, ()
        return
    outside = place.path_scope(target.text) not in ("workspace", "temp")
    top = target.text.rstrip("/")
    names = list(dict.fromkeys(word.text.rstrip("/").rpartition("/")[2] for word in sources))
    if (
        len(names) > _MANY
        or any(word.dynamic or word.glob for word in sources)
        or any(not one.strip(".") for one in names)
    ):
        yield Word(text=f"{top}/*", glob=True), ("recursive",) if merges and outside else ()
    else:
        for name in names:
            yield Word(text=f"{top}/{name}"), ("recursive",) if deep and outside else ()


def _special_target(word: Word, scene: Scene) -> bool:
    from_path = scene.place.resolve(word.text)
    return "/." in from_path or from_path.startswith(".")


def _cp(command: Command, scene: Scene) -> Iterator[Effect]:
    folder = command.value("-t", "--target-directory")
    own = ("-m", "--mode", "-o", "--owner", "-g", "--group") if command.name == "install" else ()
    words = command.operands("-t", "--target-directory", "-S", "--suffix", *own)
    if command.name == "install" and command.has("-d", "--directory"):
        for word in words:
            yield path_effect("create", word, command, scene, reversible="yes")
        return
    sources, target = (words, folder) if folder is not None else (words[:-1], words[-1] if len(words) > 1 else None)
    for word in sources:
        if command.name != "ln":
            yield path_effect("read", word, command, scene, reversible="yes")
    if target is not None and target.text not in _NONE:
        if sources and all(word.text in _NONE for word in sources):
            yield write_effect(target, command, scene, flags=("truncate",), replaces=True)
        else:
            parents = command.has("--parents")  # what is copied keeps the folders it lay in
            deep = parents or command.has("-r", "-R", "-a", "--recursive", "--archive")
            named = [Word(text="*", glob=True)] if parents else sources
            for where, flags in _landings(named, target, scene, folder=folder is not None, deep=deep, merges=deep):
                yield write_effect(where, command, scene, flags=flags)
    mode = command.value("-m", "--mode")
    if target is not None and mode is not None and command.name == "install":
        yield from _mode(mode.text, target, command, scene)


def _ln(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-t", "-S", "--target-directory", "--suffix")
    folder = command.value("-t", "--target-directory")
    if folder is not None:
        for where, _ in _landings(words, folder, scene, folder=True, deep=False, merges=False):
            yield write_effect(where, command, scene, flags=("force",) if command.has("-f", "--force") else ())
    elif words:
        target = (
            words[-1]
            if len(words) > 1
            else Word(text=words[0].text.rstrip("/").rsplit("/", 1)[-1], dynamic=words[0].dynamic)
        )
        force = ("force",) if command.has("-f", "--force") else ()
        for where, _ in _landings(words[:-1], target, scene, folder=False, deep=False, merges=False):
            yield write_effect(where, command, scene, flags=force)


def _make(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands("-m", "--mode", "-d", "-t", "-r", "-Z", "--date", "--reference"):
        yield path_effect("create", word, command, scene, reversible="yes")


def _mknod(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands("-m")[:1]:
        yield path_effect("create", word, command, scene, reversible="yes")


def _tee(command: Command, scene: Scene) -> Iterator[Effect]:
    flags = ("append",) if command.has("-a", "--append") else ()
    for word in command.operands():
        if not word.text.startswith("/dev/"):
            yield write_effect(word, command, scene, flags=flags)
        elif word.text.startswith(DISKS):
            yield path_effect("overwrite", word, command, scene, reversible="no", flags=("raw-device",))


def _truncate(command: Command, scene: Scene) -> Iterator[Effect]:
    size = command.value("-s", "--size") or next(
        (Word(text=word.text[2:]) for word in command.words if re.match(r"-s\d", word.text)), None
    )
    grows = size is not None and size.text.startswith(("+", ">"))
    for word in command.operands("-s", "--size", "-r", "--reference"):
        yield path_effect(
            "overwrite",
            word,
            command,
            scene,
            reversible="partly" if grows else "no",
            flags=("append",) if grows else ("truncate",),
        )


def _mode(mode: str, word: Word, command: Command, scene: Scene, extra: tuple[str, ...] = ()) -> Iterator[Effect]:
    flags = list(extra)
    octal = re.fullmatch(r"[0-7]{3,4}", mode)
    digits = mode.zfill(4) if octal else ""
    if (digits and int(digits[3]) & 2) or re.search(r"(?:^|,)[ugo]*[oa][ugo]*[+=][rxXst]*w|^[+=][rx]*w", mode):
        flags.append("world-writable")
    if (digits and int(digits[0]) & 6) or re.search(r"[+=][rwxX]*s", mode):
        flags.append("setuid")
    yield path_effect("permission", word, command, scene, reversible="yes", flags=flags)


def _chmod(command: Command, scene: Scene) -> Iterator[Effect]:
    words = [
        word
        for word in command.words
        if not re.fullmatch(
            r"-[RvfcPLH]+|--(?:recursive|verbose|quiet|silent|changes|preserve-root|no-preserve-root)|--reference=.*",
            word.text,
        )
    ]
    extra = ("recursive",) if command.has("-R", "--recursive") else ()
    if not words:
        return
    by_reference = any(text.startswith("--reference") for text in command.texts())
    mode = "" if by_reference else words[0].text
    for word in words if by_reference else words[1:]:
        for item in _mode(mode, word, command, scene, extra):
            # making the agent's own script executable is no change of anybody's rights
            if re.fullmatch(r"[ua]?\+x", mode) and not extra and item.scope in ("workspace", "temp"):
                continue
            yield item


def _chown(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("--from")
    if any(word.text.startswith("--reference=") for word in command.words):
        words = [Word(text=""), *words]
    extra = ("recursive",) if command.has("-R", "--recursive") else ()
    for word in words[1:]:
        yield path_effect("permission", word, command, scene, reversible="partly", flags=extra)


def _setfacl(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-m", "-x", "-M", "-X", "--modify", "--remove", "-n", "-v")
    if command.name in ("setfattr", "chattr", "chflags", "setcap", "chcon", "xattr") and command.name not in (
        "setfattr",
        "xattr",
    ):
        words = [word for word in command.words if not word.text.startswith("-R")][1:]
    for word in words:
        flags = ("setuid",) if command.name == "setcap" else ()
        yield path_effect("permission", word, command, scene, reversible="yes", flags=flags)


def _apply_patch(command: Command, scene: Scene) -> Iterator[Effect]:
    """Codex's own editor as a command: the patch is the argument, or stands on standard input. One unread may write anything."""
    word = next(iter(command.words), None)
    kind, text = scene.content(command.stdin) if command.input == "file" else (command.input, command.stdin)
    if word is not None:
        kind, text = "dynamic" if word.dynamic else "text", word.text
    for item in patch_effects(text if kind == "text" else "", scene.place, path=command.path):
        yield msgspec.structs.replace(item, via=command.via)


def _patch(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.pretends("--dry-run"):
        return
    if command.input == "text" and is_patch(command.stdin) and not command.operands("-i", "-p", "-d", "-o"):
        for item in patch_effects(command.stdin, scene.place, path=command.path):
            yield msgspec.structs.replace(item, via=command.via)
        return
    out, folder = command.value("-o", "--output"), command.value("-d", "--directory")
    named = command.operands(
        "-i", "-p", "-d", "-o", "-r", "-F", "-B", "-V", "-Y", "-z", "--input", "--directory", "--output", "--strip"
    )[:1]
    target = out or folder or next(iter(named), Word(text="."))
    for word in (target,):
        found = path_effect("overwrite", word, command, scene, reversible="partly", flags=("in-place",))
        yield msgspec.structs.replace(found, broad=False)


def _logrotate(command: Command, scene: Scene) -> Iterator[Effect]:
    yield effect("overwrite", "/var/log", "path", command, scope="system", reversible="no", flags=("clears-logs",))


HANDLERS: dict[str, Handler] = {
    "rm": _rm,
    "unlink": _unlink,
    "shred": _unlink,
    "wipe": _unlink,
    "srm": _unlink,
    **dict.fromkeys(("rimraf", "del-cli"), _rm_tree),
    "rmdir": _rmdir,
    **dict.fromkeys(("trash", "trash-put", "trash-empty", "gio", "rmtrash", "kioclient", "kioclient5"), _trash),
    "mv": _mv,
    "rename": _patch,
    **dict.fromkeys(("cp", "install", "ditto"), _cp),
    "ln": _ln,
    "link": _ln,
    **dict.fromkeys(("mkdir", "touch"), _make),
    **dict.fromkeys(("mkfifo", "mknod"), _mknod),
    "tee": _tee,
    "sponge": _tee,
    "truncate": _truncate,
    "fallocate": _make,
    "chmod": _chmod,
    **dict.fromkeys(("chown", "chgrp"), _chown),
    **dict.fromkeys(("setfacl", "chattr", "chflags", "setcap", "chcon", "setfattr"), _setfacl),
    "patch": _patch,
    **dict.fromkeys(("apply_patch", "applypatch"), _apply_patch),
    "logrotate": _logrotate,
}  # fmt: skip
