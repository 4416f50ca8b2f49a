"""Archives: what goes in, what comes out, and the commands that a few of their options run."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, path_effect, write_effect


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


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("tar", "gtar", "bsdtar"), _tar),
    "zip": _zip,
    "unzip": _unzip,
    **dict.fromkeys(("7z", "7za", "rar", "unrar"), _seven),
    **dict.fromkeys(("gzip", "gunzip", "bzip2", "bunzip2", "xz", "unxz", "zstd", "unzstd", "lz4", "compress"), _gzip),
    **dict.fromkeys(("split", "csplit"), _split),
}  # fmt: skip
