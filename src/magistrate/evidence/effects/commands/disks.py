"""Disks beneath their file systems: raw writes, formats, partitions, volumes."""

from __future__ import annotations

from collections.abc import Iterator

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, effect, path_effect, write_effect
from magistrate.evidence.effects.commands.options import flags_of
from magistrate.evidence.effects.place import DISKS


def _dd(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.words:
        name, _, value = word.text.partition("=")
        given = Word(text=value, dynamic=word.dynamic)
        if name == "if" and not value.startswith("/dev/"):
            yield path_effect("read", given, command, scene, reversible="yes")
        elif name == "of" and value.startswith(DISKS):
            yield path_effect("overwrite", given, command, scene, reversible="no", flags=("raw-device",))
        elif name == "of" and value != "/dev/null" and not value.startswith("/dev/std"):
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
        flags = flags_of(command, {"recursive": ("-r", "-R"), "force": ("-f",)})
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


HANDLERS: dict[str, Handler] = {
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
}  # fmt: skip
