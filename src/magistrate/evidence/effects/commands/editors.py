"""Editors driven by commands: `vim -c`, `ex -s`, `ed` with a script, `emacs --eval`. Waiting for a person, they do nothing yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, effect, path_effect, write_effect
from magistrate.evidence.effects.commands.generic import run_file

_RANGE = r"[\d,;.$%'<>+\-\s]*(?:/[^/]*/|g/[^/]*/)?"
_SHELL = re.compile(rf":*{_RANGE}(?:(?:r|re|read|sil|silent)!?\s*|(?:w|write)\s+|)!(.+)", re.DOTALL)
_OTHER_FILE = re.compile(
    rf":*{_RANGE}(w|write|wq|x|xit|sav|saveas|e|edit|r|read|so|source)(?:!|\s)\s*(\S.*)", re.DOTALL
)
_CODE = re.compile(
    r"\b(?:system|systemlist|delete|rename|writefile|libcall|job_start|exe|execute|eval|luado|lua|py3?|python3?|perl|perldo|ruby|rubydo|terminal|term)\b"
)
_CHANGES = re.compile(rf":*{_RANGE}(?:w|wq|x|s/|s#|g/|d|norm|a$|i$|c$)")
_READS = ("e", "edit", "r", "read")
_VALUED = ("-c", "--cmd", "-S", "-u", "-i", "-w", "-W", "-p", "-sc", "-esc")
_OPTION = re.compile(r"(?:-[a-zA-Z]*c|--cmd)")


def _commands(command: Command) -> Iterator[str]:
    """What the editor is told to do: the values of `-c` (alone or last of a bundle), `+...`, and lines on standard input."""
    for at, word in enumerate(command.words):
        before = command.words[at - 1].text if at else ""
        if _OPTION.fullmatch(before):
            yield word.text
        elif word.text.startswith("+"):
            yield word.text[1:]
    if command.input == "text":
        yield from command.stdin.splitlines()[:400]


def _steps(text: str) -> Iterator[str]:
    """One line of commands, parted by `|`; what follows `!` belongs to the shell."""
    while text:
        if _SHELL.fullmatch(text.strip()):
            yield text.strip()
            return
        step, _, text = text.partition("|")
        yield step.strip()


def _editor(command: Command, scene: Scene) -> Iterator[Effect]:
    via = (*command.via, command.name)
    own = command.operands(*_VALUED, *(() if command.name in ("ex", "ed", "red") else ("-s",)))
    edited = [word for word in own if not word.text.startswith("+")][-1:]
    changed = command.name == "ed" and command.input == "text"
    for step in (step for text in _commands(command) for step in _steps(text)):
        if shell := _SHELL.fullmatch(step):
            yield from scene.shell(shell[1], via=via, path=command.path)
        elif named := _OTHER_FILE.fullmatch(step):
            yield from _with_file(named[1], Word(text=named[2].strip()), command, scene)
        elif _CODE.search(step):
            yield effect("execute", step[:200], "code", command, dynamic=True)
        else:
            changed = changed or bool(_CHANGES.match(step))
    script = command.value("-S")
    if script is not None:
        yield from run_file(script, command, scene)
    if changed:
        for word in edited:
            yield write_effect(word, command, scene, flags=("in-place",), replaces=True)


def _with_file(verb: str, file: Word, command: Command, scene: Scene) -> Iterator[Effect]:
    if verb in _READS:
        yield path_effect("read", file, command, scene, reversible="yes")
    elif verb in ("so", "source"):
        yield from run_file(file, command, scene)
    else:
        yield write_effect(file, command, scene, replaces=True)


def _emacs(command: Command, scene: Scene) -> Iterator[Effect]:
    """Its Lisp is not read."""
    for option in ("--eval", "-eval", "--execute", "-f", "--funcall"):
        given = command.value(option)
        if given is not None:
            yield effect("execute", given.text[:200], "code", command, dynamic=True)
    for option in ("-l", "--load", "--script", "-Q"):
        given = command.value(option)
        if given is not None and not given.text.startswith("-"):
            yield from run_file(given, command, scene)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("vi", "vim", "nvim", "ex", "ed", "red", "rvim", "gvim"), _editor),
    "nano": lambda command, scene: (),
    **dict.fromkeys(("emacs", "emacsclient"), _emacs),
}
