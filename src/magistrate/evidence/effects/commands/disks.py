"""Disks beneath their file systems: raw writes, formats, partitions, volumes."""

from __future__ import annotations

import re
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


_EXT = (
    "-b",
    "-C",
    "-d",
    "-e",
    "-E",
    "-g",
    "-G",
    "-i",
    "-I",
    "-J",
    "-l",
    "-L",
    "-m",
    "-M",
    "-N",
    "-o",
    "-O",
    "-r",
    "-t",
    "-T",
    "-U",
)
_FAT = ("-b", "-C", "-D", "-f", "-F", "-g", "-h", "-i", "-l", "-m", "-M", "-n", "-r", "-R", "-s", "-S")
_MKFS_VALUED = {
    **dict.fromkeys(("mkfs.ext2", "mkfs.ext3", "mkfs.ext4", "mke2fs"), _EXT),
    **dict.fromkeys(("mkfs.vfat", "mkfs.fat"), _FAT),
    "mkfs": ("-t", "--type"), "mkfs.xfs": ("-b", "-c", "-d", "-i", "-l", "-L", "-m", "-n", "-p", "-r", "-s"),
    "mkfs.btrfs": ("-A", "-b", "-d", "-l", "-L", "-m", "-M", "-n", "-O", "-R", "-r", "-s", "-U"),
    "mkfs.ntfs": ("-c", "-H", "-L", "-p", "-s", "-S", "-z"), "mkfs.f2fs": ("-a", "-c", "-e", "-E", "-g", "-l", "-o", "-O", "-s", "-t", "-w", "-z"),
    "mkswap": ("-L", "-o", "-p", "-U", "-v", "-e"), "wipefs": ("-o", "-t", "-O", "--offset", "--types", "--output"),
    "blkdiscard": ("-o", "-l", "-p", "--offset", "--length", "--step"), "newfs": ("-b", "-c", "-f", "-i", "-L", "-m", "-o", "-O", "-s", "-S"),
}  # fmt: skip
_MKFS_PRETENDS = {
    **dict.fromkeys(("mkfs.ext2", "mkfs.ext3", "mkfs.ext4", "mke2fs"), ("-n",)),
    "mkfs.xfs": ("-N",), "wipefs": ("-n", "--no-act"), "mkfs.ntfs": ("-n", "--no-action"),
}  # fmt: skip


def _mkfs(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.pretends(*_MKFS_PRETENDS.get(command.name, ("--dry-run",))) or command.has("--help", "--version"):
        return
    if command.name == "wipefs" and not command.has("-a", "--all", "-o", "--offset"):
        return
    words = command.targets(*_MKFS_VALUED.get(command.name, ("-L", "-n", "-l")))
    # of what stands there some is a size or a label: a device is one whatever stands before it
    devices = [word for word in command.words if word.text.startswith("/dev/")] or words[
        : 1 if command.name != "wipefs" else None
    ]
    for word in devices:
        yield path_effect("overwrite", word, command, scene, reversible="no", flags=("format",))


_DISK_READS = frozenset(
    {
        "list",
        "info",
        "status",
        "show",
        "print",
        "apfs",
        "cs",
        "help",
        "isLuks",
        "luksDump",
        "luksUUID",
        "activity",
        "listFilesystems",
    }
)
_APFS_READS = frozenset({"list", "listUsers", "listSnapshots", "listVolumeGroups", "info"})
_PARTS = frozenset(
    {
        "mklabel",
        "mktable",
        "mkpart",
        "mkpartfs",
        "rm",
        "resizepart",
        "resize",
        "name",
        "set",
        "toggle",
        "disk_set",
        "disk_toggle",
        "rescue",
        "move",
        "cp",
        "type",
    }
)
_SGDISK_LOOKS = re.compile(
    r"-[piOvLDEfFV\d]+|--(?:print|info|verify|list-types|print-mbr|first-aligned-in-largest|pretend)(?:=.*)?"
)


def _looks(command: Command, words: list[Word]) -> bool:
    """Whether a partition or volume tool is only asked what there is."""
    texts = [word.text for word in words]
    match command.name:
        case "parted":
            return _PARTS.isdisjoint(texts)
        case "sgdisk":
            return all(_SGDISK_LOOKS.fullmatch(text) for text in command.texts() if text.startswith("-"))
        case "diskutil" | "cryptsetup":
            below = texts[0] in ("apfs", "cs", "appleRAID")
            return (texts[1:2] or ["list"])[0] in _APFS_READS if below else texts[0] in _DISK_READS
        case "mdadm":
            return command.has("--detail", "-D", "--examine", "-E", "--query", "-Q")
        case "hdparm":
            return not any(
                text.startswith(
                    (
                        "--security",
                        "--trim",
                        "--write",
                        "--make-bad",
                        "--fwdownload",
                        "--dco-r",
                        "--sanitize",
                        "--yes-i-know",
                        "-N",
                    )
                )
                for text in command.texts()
            )
        case _:
            return command.has(
                "-l", "--list", "--print", "-p", "-d", "--dump", "-J", "--json", "-s", "--show-size", "-V", "--verify"
            )


def _disk(command: Command, scene: Scene) -> Iterator[Effect]:
    """Partition and volume tools: anything but a listing changes a disk."""
    words = command.targets("-s" if command.name == "mdadm" else "-a")
    if not words or command.has("--help", "--version") or _looks(command, words):
        return
    if command.name in ("fdisk", "cfdisk", "gdisk") and command.input == "none":
        return  # waits for a person
    device = next((word for word in words if word.text.startswith("/dev/") or word.dynamic), words[-1])
    yield path_effect("overwrite", device, command, scene, reversible="no", flags=("format",))


def _volume(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.targets(
        *(("-L", "-n", "-l", "--size", "--extents") if command.name == "lvreduce" else ("-S", "--select"))
    ):
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


_POOLS = {
    "zfs": frozenset({"destroy", "rollback", "receive", "recv"}),
    "zpool": frozenset(
        {"destroy", "labelclear", "remove", "offline", "detach", "create", "add", "attach", "replace", "split"}
    ),
}
_BTRFS = re.compile(r"su\w* de\w*|d\w* (?:d|rem)\w*|f\w* resi\w*|rese\w* .*|resc\w* .*|ch\w* .*--repair.*")
"""Its words may be shortened while they are clear: `sub del` is `subvolume delete`."""


def _zfs(command: Command, scene: Scene) -> Iterator[Effect]:
    words = (
        command.operands("-o", "-O", "-i", "-m", "-R", "-t", "--subvolid")
        if command.name != "zfs"
        else command.operands("-o", "-i")
    )
    verb = words[0].text if words else ""
    if command.name == "btrfs":
        acts = bool(_BTRFS.fullmatch(" ".join(word.text for word in words[:2]) + " " * (len(words) < 2)))
        acts = acts or "--repair" in command.texts()
    else:
        acts = verb in _POOLS[command.name]
    if not acts or command.pretends("-n", "--dry-run"):
        return
    flags = flags_of(command, {"recursive": ("-r", "-R"), "force": ("-f", "-F")})
    devices = [word for word in words[1:] if word.text.startswith("/dev/")] or words[-1:]
    for target in devices:
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
        ("mkfs", "mkfs.exfat", "mkexfatfs", "mkntfs", "mkdosfs", "mkfs.msdos", "mkfs.minix", "mkfs.reiserfs", "mkfs.jfs", "mkfs.nilfs2", "mkfs.bcachefs", "mkudffs", "mkfs.ext2", "mkfs.ext3", "mkfs.ext4", "mkfs.xfs", "mkfs.btrfs", "mkfs.vfat", "mkfs.fat", "mkfs.ntfs", "mkfs.f2fs", "mke2fs", "mkswap", "wipefs",
         "blkdiscard", "newfs"),
        _mkfs,
    ),
    **dict.fromkeys(("fdisk", "cfdisk", "gdisk", "sgdisk", "sfdisk", "parted", "diskutil", "hdparm", "cryptsetup", "mdadm"), _disk),
    **dict.fromkeys(("lvremove", "vgremove", "pvremove", "lvreduce"), _volume),
    **dict.fromkeys(("zfs", "zpool", "btrfs"), _zfs),
}  # fmt: skip
