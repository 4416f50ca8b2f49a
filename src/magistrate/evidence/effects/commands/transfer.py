"""Copies between hosts: `rsync`, `scp`, `sftp`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, effect, path_effect, write_effect


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
    if command.pretends("-n", "--dry-run") or len(words) < 2:
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
    own = ("-b", "-B", "-R", "-s") if command.name == "sftp" else ()
    words = command.operands("-i", "-P", "-o", "-F", "-J", "-l", "-c", "-S", "-D", "-X", *own)
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


HANDLERS: dict[str, Handler] = {
    "rsync": _rsync,
    **dict.fromkeys(("scp", "sftp"), _scp),
}  # fmt: skip
