"""Files and folders: removing, moving, copying, writing, permissions, archives, disks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, effect, path_effect, write_effect

_NONE = frozenset({"/dev/null"})


def _flags(command: Command, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(flag for flag, options in table.items() if command.has(*options))


def _rm(command: Command, scene: Scene) -> Iterator[Effect]:
    flags = _flags(command, {"recursive": ("-r", "-R", "--recursive"), "force": ("-f", "--force")})
    for word in command.operands():
        yield path_effect("delete", word, command, scene, reversible="no", flags=flags)


def _unlink(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands("-n", "-s", "-u", "--iterations", "--size"):
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
    yield write_effect(target, command, scene)


def _special_target(word: Word, scene: Scene) -> bool:
    from_path = scene.place.resolve(word.text)
    return "/." in from_path or from_path.startswith(".")


def _cp(command: Command, scene: Scene) -> Iterator[Effect]:
    folder = command.value("-t", "--target-directory")
    words = command.operands(
        "-t", "--target-directory", "-S", "--suffix", "-m", "--mode", "-o", "--owner", "-g", "--group"
    )
    if command.name == "install" and command.has("-d", "--directory"):
        for word in words:
            yield path_effect("create", word, command, scene, reversible="yes")
        return
    sources, target = (words, folder) if folder is not None else (words[:-1], words[-1] if len(words) > 1 else None)
    for word in sources:
        if command.name != "ln":
            yield path_effect("read", word, command, scene, reversible="yes")
    if target is not None and target.text not in _NONE:
        emptied = bool(sources) and all(word.text in _NONE for word in sources)
        yield write_effect(
            target, command, scene, flags=("truncate",) if emptied else (), replaces=True if emptied else None
        )
    mode = command.value("-m", "--mode")
    if target is not None and mode is not None and command.name == "install":
        yield from _mode(mode.text, target, command, scene)


def _ln(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-t", "-S")
    if words:
        target = (
            words[-1]
            if len(words) > 1
            else Word(text=words[0].text.rstrip("/").rsplit("/", 1)[-1], dynamic=words[0].dynamic)
        )
        force = command.has("-f", "--force")
        yield write_effect(target, command, scene, flags=("force",) if force else ())


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
        elif word.text.startswith(_DISKS):
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


_DISKS = (
    "/dev/sd",
    "/dev/hd",
    "/dev/nvme",
    "/dev/vd",
    "/dev/xvd",
    "/dev/disk",
    "/dev/mmcblk",
    "/dev/mapper",
    "/dev/md",
    "/dev/loop",
    "/dev/dm-",
    "/dev/rdisk",
)


def _dd(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.words:
        name, _, value = word.text.partition("=")
        given = Word(text=value, dynamic=word.dynamic)
        if name == "if" and not value.startswith("/dev/"):
            yield path_effect("read", given, command, scene, reversible="yes")
        elif name == "of" and value.startswith(_DISKS):
            yield path_effect("overwrite", given, command, scene, reversible="no", flags=("raw-device",))
        elif name == "of" and value not in _NONE and not value.startswith("/dev/std"):
            yield write_effect(given, command, scene)


def _mkfs(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.has("-N", "--dry-run", "-V", "--version", "--help", "-n") and command.name != "mkswap":
        return
    words = command.operands("-t", "-L", "-U", "-b", "-m", "-i", "-I", "-E", "-O", "-F", "-T")
    for word in words[:1] if command.name != "wipefs" else words:
        if command.name == "wipefs" and not command.has("-a", "--all", "-o"):
            return
        yield path_effect("overwrite", word, command, scene, reversible="no", flags=("format",))


_DISK_READS = frozenset({"list", "info", "status", "show", "print", "-l", "--list", "apfs list", "help"})


def _disk(command: Command, scene: Scene) -> Iterator[Effect]:
    """Partition and volume tools: anything but a listing changes a disk."""
    words = command.operands("-s", "-a")
    texts = command.texts()
    if (
        not words
        or command.has("-l", "--list", "--help", "--version", "--print", "-p")
        or any(text in _DISK_READS for text in texts)
    ):
        return
    if command.name in ("fdisk", "cfdisk", "gdisk") and command.input == "none":
        return  # waits for a person
    device = next((word for word in words if word.text.startswith("/dev/") or word.dynamic), words[-1])
    yield path_effect("overwrite", device, command, scene, reversible="no", flags=("format",))


def _volume(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands("-L", "-n", "-s"):
        yield effect(
            "overwrite",
            word.text,
            "device",
            command,
            scope="device",
            reversible="no",
            flags=("format",),
            dynamic=word.dynamic,
        )


def _zfs(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-o", "-r")
    verb = words[0].text if words else ""
    if verb in ("destroy", "rollback", "labelclear", "remove", "offline", "detach", "subvolume") and not command.has(
        "-n"
    ):
        if verb == "subvolume" and not any(word.text == "delete" for word in words):
            return
        target = words[-1]
        flags = _flags(command, {"recursive": ("-r", "-R"), "force": ("-f",)})
        yield effect(
            "delete",
            target.text,
            "device",
            command,
            scope="device",
            reversible="no",
            flags=flags,
            dynamic=target.dynamic,
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
    words = command.operands("--from", "--reference")
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


def _rsync(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands(
        "-e",
        "--rsh",
        "--exclude",
        "--include",
        "--filter",
        "-f",
        "--exclude-from",
        "--files-from",
        "--port",
        "--bwlimit",
        "--backup-dir",
        "--timeout",
        "--password-file",
    )
    if command.has("-n", "--dry-run") or len(words) < 2:
        return
    mirror = any(text.startswith("--del") for text in command.texts())
    shell = command.value("-e", "--rsh")
    if shell is not None and not shell.text.split(" ")[0].endswith("ssh"):
        yield from scene.shell(shell.text, via=(*command.via, "rsync"), path=command.path)
    for word in words[:-1]:
        yield from _transfer_source(word, command, scene)
        if command.has("--remove-source-files"):
            yield path_effect("delete", word, command, scene, reversible="yes", flags=("move",))
    yield from _transfer_target(words[-1], command, scene, mirror=mirror)


_REMOTE = re.compile(
    r"(?:(?P<scheme>rsync|scp|sftp|ssh|ftp)://)?(?:[^/@:\s]+@)?(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+)::?(?P<path>.*)",
    re.S,
)


def remote_host(text: str) -> str:
    """The host of `user@host:path`; empty for a local path."""
    match = _REMOTE.fullmatch(text)
    if not match or (len(match["host"]) == 1 and not match["scheme"]) or text.startswith(("/", ".", "~")):
        return ""
    return match["host"]


def _transfer_source(word: Word, command: Command, scene: Scene) -> Iterator[Effect]:
    host = remote_host(word.text)
    if host:
        yield effect("network-out", host, "host", command, scope="remote", dynamic=word.dynamic)
    else:
        yield path_effect("read", word, command, scene, reversible="yes")


def _transfer_target(word: Word, command: Command, scene: Scene, *, mirror: bool = False) -> Iterator[Effect]:
    host = remote_host(word.text)
    if host:
        yield effect(
            "network-out",
            host,
            "host",
            command,
            scope="remote",
            flags=("upload",),
            dynamic=word.dynamic,
            reversible="no",
        )
        if mirror:
            yield effect(
                "delete",
                word.text,
                "path",
                command,
                scope="remote",
                flags=("mirror",),
                dynamic=word.dynamic,
                reversible="no",
            )
        return
    # a copy into a folder adds to it; where system files stand it may well replace them
    yield write_effect(
        word, command, scene, replaces=None if scene.place.path_scope(word.text) in ("system", "device") else False
    )
    if mirror:
        yield path_effect("delete", word, command, scene, reversible="no", flags=("mirror", "recursive"))


def _scp(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-i", "-P", "-o", "-F", "-J", "-l", "-c", "-S", "-b", "-B")
    if command.name == "sftp":
        for word in words[:1]:
            host = remote_host(word.text) or word.text.split("@")[-1]
            yield effect("network-out", host, "host", command, scope="remote", dynamic=word.dynamic)
        if command.input == "text" and re.search(r"^\s*-?(?:rm|rmdir|rename)\b", command.stdin, re.M):
            yield effect("delete", words[0].text if words else "", "host", command, scope="remote", reversible="no")
        if command.input == "text" and re.search(r"^\s*-?m?put\b", command.stdin, re.M):
            yield effect(
                "network-out", words[0].text if words else "", "host", command, scope="remote", flags=("upload",)
            )
        return
    for word in words[:-1]:
        yield from _transfer_source(word, command, scene)
    if len(words) > 1:
        yield from _transfer_target(words[-1], command, scene)


def _tar(command: Command, scene: Scene) -> Iterator[Effect]:
    texts = command.texts()
    mode = texts[0] if texts and re.fullmatch(r"-?[A-Za-z]+", texts[0]) else ""
    letters = mode.lstrip("-") if not mode.startswith("--") else ""
    valued = (
        "-f",
        "--file",
        "-C",
        "--directory",
        "-T",
        "--files-from",
        "--exclude",
        "-X",
        "--checkpoint-action",
        "--to-command",
        "-I",
        "--use-compress-program",
        "--strip-components",
        "--transform",
        "--owner",
        "--group",
        "--mode",
        "--info-script",
        "-F",
        "--new-volume-script",
        "--rmt-command",
        "--rsh-command",
    )
    for option in (
        "--checkpoint-action",
        "--to-command",
        "--use-compress-program",
        "-I",
        "--info-script",
        "-F",
        "--new-volume-script",
        "--rsh-command",
    ):
        given = command.value(option)
        if given is not None:
            yield from scene.shell(given.text.removeprefix("exec="), via=(*command.via, "tar"), path=command.path)
    archive = command.value("-f", "--file")
    words = command.operands(*valued)
    if letters and not mode.startswith("-"):
        words = words[1:]
    if archive is None and "f" in letters and words:
        if mode.startswith("-"):
            archive = words[0] if texts[0].endswith("f") else None
        else:
            archive = words[0]
        words = words[1:] if archive is not None else words
    folder = command.value("-C", "--directory") or Word(text=".")
    if "x" in letters or command.has("-x", "--extract", "--get"):
        yield path_effect("create", folder, command, scene, reversible="partly")
    elif "c" in letters or "r" in letters or "u" in letters or command.has("-c", "--create"):
        for word in words:
            yield path_effect("read", word, command, scene, reversible="yes", flags=("recursive",))
            if command.has("--remove-files"):
                yield path_effect("delete", word, command, scene, reversible="partly", flags=("recursive", "move"))
        if archive is not None and archive.text != "-":
            yield write_effect(archive, command, scene)
    elif command.has("--delete") and archive is not None:
        yield path_effect("overwrite", archive, command, scene, reversible="no")


def _zip(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-x", "-i", "-P", "-t", "-tt", "-b", "-TT")
    test = command.value("-TT")
    if test is not None:
        yield from scene.shell(test.text, via=(*command.via, "zip"), path=command.path)
    for word in words[1:]:
        yield path_effect(
            "read", word, command, scene, reversible="yes", flags=("recursive",) if command.has("-r") else ()
        )
        if command.has("-m", "--move"):
            yield path_effect("delete", word, command, scene, reversible="partly", flags=("move",))
    for word in words[:1]:
        yield write_effect(word, command, scene)


def _unzip(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.has("-l", "-t", "-p", "-Z", "-v"):
        return
    folder = command.value("-d") or Word(text=".")
    flags = ("force",) if command.has("-o") else ()
    yield msgspec.structs.replace(
        path_effect("create", folder, command, scene, reversible="partly", flags=flags), broad=False
    )


def _seven(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands()
    verb = words[0].text if words else ""
    if verb in ("a", "u"):
        for word in words[2:]:
            yield path_effect("read", word, command, scene, reversible="yes")
        for word in words[1:2]:
            yield write_effect(word, command, scene)
    elif verb == "d":
        for word in words[1:2]:
            yield path_effect("overwrite", word, command, scene, reversible="no")
    elif verb in ("x", "e"):
        yield path_effect("create", Word(text="."), command, scene, reversible="partly")


def _gzip(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.has("-c", "--stdout", "-t", "-l", "-k", "--keep") or command.name.endswith("cat"):
        for word in command.operands("-S"):
            yield path_effect("read", word, command, scene, reversible="yes")
        return
    for word in command.operands("-S", "-T"):
        yield path_effect("overwrite", word, command, scene, reversible="yes", flags=("in-place",))


def _split(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.operands("-l", "-b", "-n", "-a", "-C")[:1]:
        yield path_effect("read", word, command, scene, reversible="yes")


def _patch(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.has("--dry-run"):
        return
    for word in command.operands("-i", "-p", "-d", "-o", "--input", "--directory")[:1] or [Word(text=".")]:
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
    "dd": _dd,
    "dcfldd": _dd,
    **dict.fromkeys(
        ("mkfs", "mkfs.ext2", "mkfs.ext3", "mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "mkfs.vfat", "mkfs.fat", "mkfs.ntfs", "mkfs.f2fs", "mke2fs", "mkswap", "wipefs",
         "blkdiscard", "newfs"),
        _mkfs,
    ),
    **dict.fromkeys(("fdisk", "cfdisk", "gdisk", "sgdisk", "sfdisk", "parted", "diskutil", "hdparm", "cryptsetup", "mdadm"), _disk),
    **dict.fromkeys(("lvremove", "vgremove", "pvremove", "lvreduce"), _volume),
    **dict.fromkeys(("zfs", "zpool", "btrfs"), _zfs),
    "chmod": _chmod,
    **dict.fromkeys(("chown", "chgrp"), _chown),
    **dict.fromkeys(("setfacl", "chattr", "chflags", "setcap", "chcon", "setfattr"), _setfacl),
    "rsync": _rsync,
    **dict.fromkeys(("scp", "sftp"), _scp),
    **dict.fromkeys(("tar", "gtar", "bsdtar"), _tar),
    "zip": _zip,
    "unzip": _unzip,
    **dict.fromkeys(("7z", "7za", "rar", "unrar"), _seven),
    **dict.fromkeys(("gzip", "gunzip", "bzip2", "bunzip2", "xz", "unxz", "zstd", "unzstd", "lz4", "compress"), _gzip),
    **dict.fromkeys(("split", "csplit"), _split),
    "patch": _patch,
    "logrotate": _logrotate,
}  # fmt: skip
