"""What redirections do: files made, replaced, added to, read; sockets opened through `/dev/tcp`."""

from __future__ import annotations

from collections.abc import Iterator

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Scene, Word, effect, path_effect, write_effect
from magistrate.evidence.effects.place import DISKS, host_scope

_NOWHERE = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/tty", "-", "/dev/full"})
_SHELLS = frozenset({"bash", "sh", "zsh", "ksh", "dash", "ash", "exec"})
_EMPTY_SOURCES = frozenset({":", "true", "false"})


def duplicates(operator: str, target: Word) -> bool:
    """Whether it only copies or closes a descriptor (`2>&1`, `>&-`)."""
    return operator in (">&", "<&") and (
        target.text.isdigit() or target.text.rstrip("-").isdigit() or target.text == "-"
    )


def redirect_effects(command: Command, scene: Scene, *, empties: bool = False) -> Iterator[Effect]:
    """Effects of a command's redirections. `empties`: no command writes there, so `>` only empties the file."""
    empties = empties or command.name in _EMPTY_SOURCES or _copies_nothing(command)
    for redirect in command.redirects:
        word, operator = redirect.target, redirect.operator
        if word.text in _NOWHERE or word.text.startswith("/dev/fd/"):
            continue
        if word.text.startswith(("/dev/tcp/", "/dev/udp/")):
            host = word.text.split("/")[3]
            shell = command.name in _SHELLS and command.name != "exec"
            yield effect(
                "network-out", host, "host", command, scope=host_scope(host), flags=("reverse-shell",) if shell else (),
                dynamic=word.dynamic, reversible="no",
            )  # fmt: skip
        elif operator == "<":
            yield path_effect("read", word, command, scene, reversible="yes")
        elif word.text.startswith(DISKS):
            yield path_effect("overwrite", word, command, scene, reversible="no", flags=("raw-device",))
        elif operator in (">>", "&>>"):
            yield write_effect(word, command, scene, flags=("append",))
        elif empties and operator in (">", ">|"):
            yield write_effect(word, command, scene, flags=("truncate",), replaces=True)
        elif word.text:
            yield write_effect(word, command, scene)


def _copies_nothing(command: Command) -> bool:
    return (command.name == "cat" and command.texts() == ["/dev/null"]) or (
        command.name in ("echo", "printf")
        and not "".join(text for text in command.texts() if text != "-n")
        and command.words != ()
        and command.texts()[0] in ("-n", "")
    )
