"""Key stores, key makers, encryption."""

from __future__ import annotations

import re
from collections.abc import Iterator

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, effect, path_effect, write_effect

_KEY_READS = {
    "secret-tool": r"^(?:lookup|search)", "security": r"find-(?:generic|internet)-password|dump-keychain|export|find-identity",
    "kwallet-query": r"-r", "chezmoi": r"^secret", "ykman": r"(?!)",
    "cmdkey": r"list", "mimikatz": r"", "lazagne": r"", "secretsdump.py": r"", "kinit": r"(?!)", "gpg": r"--export-secret|--decrypt|(?:^|\s)-d\b", "gpg2": r"--export-secret|--decrypt|(?:^|\s)-d\b",
}  # fmt: skip


_KEY_DELETES = {
    "secret-tool": r"^clear", "security": r"delete-(?:generic|internet)-password|delete-keychain|delete-certificate",
    "gpg": r"--delete", "gpg2": r"--delete", "cmdkey": r"delete", "ykman": r"reset|delete", "chezmoi": r"(?!)",
}  # fmt: skip


def _keys(command: Command, scene: Scene) -> Iterator[Effect]:
    joined = " ".join(command.texts())
    deletes, reads = _KEY_DELETES.get(command.name), _KEY_READS.get(command.name)
    target = (command.operands() or [Word(text=command.name)])[-1]
    if deletes is not None and re.search(deletes, joined):
        yield effect(
            "delete",
            target.text,
            "resource",
            command,
            scope="local",
            reversible="no",
            dynamic=target.dynamic,
            flags=("secret",),
        )
    elif reads is not None and re.search(reads, joined):
        yield effect(
            "credential", target.text, "resource", command, scope="local", reversible="yes", dynamic=target.dynamic
        )
    if command.name.startswith("gpg"):
        output = command.value("-o", "--output")
        if output is not None:
            yield write_effect(output, command, scene)


def _keygen(command: Command, scene: Scene) -> Iterator[Effect]:
    target = command.value("-f", "-out", "--out")
    if command.name == "ssh-keygen":
        if command.has("-l", "-y", "-F") and not command.has("-t"):
            return
        removal = command.value("-R")
        if removal is not None:
            yield path_effect(
                "overwrite", Word(text="~/.ssh/known_hosts"), command, scene, flags=("in-place",), reversible="partly"
            )
            return
        yield write_effect(target or Word(text="~/.ssh/id_ed25519"), command, scene, replaces=None)
    elif command.name == "ssh-copy-id":
        for word in command.operands("-i", "-p", "-o"):
            host = word.text.split("@")[-1]
            yield effect(
                "persistence", host, "host", command, scope="remote", reversible="partly", dynamic=word.dynamic
            )
            yield effect("network-out", host, "host", command, scope="remote", dynamic=word.dynamic)
    elif command.name == "ssh-add":
        if command.has("-l", "-L"):
            return
        for word in command.operands("-t"):
            yield path_effect("read", word, command, scene, reversible="yes")
    elif target is not None:
        yield write_effect(target, command, scene)


_PUBLIC = frozenset({"x509", "req", "crl", "pkcs7", "verify", "ocsp"})
"""Subcommands that show certificates and requests, never a key."""


def _openssl(command: Command, scene: Scene) -> Iterator[Effect]:
    texts = command.texts()
    target = command.value("-out", "-keyout")
    if target is not None and target.text != "/dev/null":
        yield write_effect(target, command, scene)
    given = command.value("-in")
    if given is not None:
        public = ("listing",) if texts[:1] and texts[0] in _PUBLIC else ()
        yield path_effect("read", given, command, scene, reversible="yes", flags=public)
    connect = command.value("-connect")
    if connect is not None and texts[:1] == ["s_client"]:
        yield effect(
            "network-out", connect.text.rsplit(":", 1)[0], "host", command, scope="remote", dynamic=connect.dynamic
        )


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_KEY_READS, _keys),
    **dict.fromkeys(("ssh-keygen", "ssh-copy-id", "ssh-add", "certtool", "mkcert"), _keygen),
    "openssl": _openssl,
}  # fmt: skip
