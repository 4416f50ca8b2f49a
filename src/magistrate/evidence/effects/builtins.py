"""Commands that change the shell itself: its folder, variables, arguments, aliases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Scene, Word, effect
from magistrate.evidence.effects.expand import Environment
from magistrate.evidence.effects.marks import DYNAMIC, clean, mark, unknown
from magistrate.evidence.effects.outputs import printf
from magistrate.evidence.effects.streams import Stream


class Session(Scene, Protocol):
    """A scene whose shell can be changed."""

    env: Environment

    def go(self, where: str) -> None: ...


_OVERSIGHT = re.compile(
    r"MAGISTRATE(?:_\w+)?|CLAUDE_CONFIG_DIR|CODEX_HOME|CLAUDE_CODE_(?:DISABLE|MANAGED|SIMPLE)\w*|DISABLE_(?:HOOKS|GUARD)\w*"
    r"|GEMINI_CLI_(?:SYSTEM\w*|HOME)|(?:COPILOT|QWEN)_HOME|QWEN_CODE_SYSTEM\w*|OPENCODE_(?:CONFIG\w*|DISABLE\w*|PURE)|CURSOR_CONFIG_DIR"
)
_PRELOAD = frozenset({"LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "PYTHONSTARTUP"})
_CODE = frozenset(
    {"PROMPT_COMMAND", "GIT_SSH_COMMAND", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PAGER", "GIT_EXTERNAL_DIFF", "GIT_ASKPASS",
     "EDITOR", "VISUAL", "PAGER", "MANPAGER", "LESSOPEN", "BROWSER", "SUDO_ASKPASS", "SSH_ASKPASS", "PERL5OPT", "RUBYOPT"}
)  # fmt: skip
_UNGUARDED = {
    "HISTFILE": "clears-logs", "HISTSIZE": "clears-logs", "HISTFILESIZE": "clears-logs", "GIT_SSL_NO_VERIFY": "insecure-transport",
    "NODE_TLS_REJECT_UNAUTHORIZED": "insecure-transport", "PYTHONHTTPSVERIFY": "insecure-transport", "HUSKY": "no-verify",
}  # fmt: skip
_HARMLESS_VIEWERS = re.compile(
    r"\s*(?:cat|less|more|true|:|vim?|nano|emacs|code(?: --wait)?|head|tail)?(?:\s+-[\w-]+)*\s*"
)


def assignment_effects(name: str, value: Word, command: Command, scene: Scene) -> list[Effect]:
    """What setting a variable does beyond the shell: oversight moved, code preloaded, history stopped."""
    if _OVERSIGHT.fullmatch(name):
        return [effect("oversight", name, "text", command, scope="local", reversible="partly")]
    if name in _PRELOAD and (value.text or value.dynamic):
        return [effect("execute", value.text, "path", command, flags=("unseen-script",), dynamic=value.dynamic)]
    if name in _CODE and not _HARMLESS_VIEWERS.fullmatch(value.text):
        return list(scene.shell(value.text, via=(*command.via, name), path=command.path))
    if name in _UNGUARDED and value.text.lower() in ("", "0", "1", "true", "false", "/dev/null"):
        off = name not in ("GIT_SSL_NO_VERIFY",) or value.text.lower() in ("1", "true")
        if off and not (name.startswith("HIST") and value.text == "1"):
            return [
                effect("execute", name, "text", command, scope="local", flags=("disables-security", _UNGUARDED[name]))
            ]
    return []


def _cd(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    words = [word for word in command.words if not re.fullmatch(r"-[LPe@n]+|--", word.text)]
    if not words:
        session.go("" if command.name == "pushd" else session.place.home or "~")
    elif words[0].dynamic or words[0].text == "-":
        session.go(words[0].text if words[0].text.startswith("$") and "/" not in words[0].text else "$PWD")
    else:
        session.go(session.place.resolve(words[0].text))
    return ()


def _popd(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    session.go("")
    return ()


def _read(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    names, skip, array = [], False, ""
    for word in command.words:
        if skip:
            skip = False
        elif word.text in ("-p", "-d", "-n", "-N", "-t", "-u", "-i"):
            skip = True
        elif word.text.startswith("-"):
            skip, array = word.text.endswith("a"), "next" if word.text.endswith("a") else array
            if array:
                skip = False
        else:
            names.append(word.text)
    names = names or ["REPLY"]
    if not stdin.known:
        for name in names:
            session.env.variables[name] = unknown("$" + name)
        return ()
    line = clean(stdin.text).split("\n", 1)[0]
    if array:
        session.env.variables[names[0]] = list(line.split())
        return ()
    pieces = line.split(None, len(names) - 1) if len(names) > 1 else [line.strip()]
    for at, name in enumerate(names):
        session.env.variables[name] = pieces[at].strip() if at < len(pieces) else ""
    return ()


def _mapfile(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    names = [word.text for word in command.operands("-d", "-n", "-O", "-s", "-u", "-C", "-c")] or ["MAPFILE"]
    session.env.variables[names[0]] = (
        clean(stdin.text).splitlines() if stdin.known else [unknown(f"${{{names[0]}[@]}}")]
    )
    return ()


def _printf(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    if len(command.words) >= 2 and command.words[0].text == "-v":
        session.env.variables[command.words[1].text] = printf(command.words[2:]).text
    return ()


def _set(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    texts = command.texts()
    if "--" in texts:
        session.env.args = [mark(word) for word in command.words[texts.index("--") + 1 :]]
    elif texts and not texts[0].startswith(("-", "+")):
        session.env.args = [mark(word) for word in command.words]
    return ()


def _shift(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    count = int(command.words[0].text) if command.words and command.words[0].text.isdigit() else 1
    session.env.args = session.env.args[count:]
    return ()


def _alias(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    for word in command.words:
        name, equals, value = word.text.partition("=")
        if equals:
            session.env.aliases[name] = value
    return ()


def _hash(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    """`hash -p /bin/rm ls`: a name that means another program from now on."""
    texts = command.texts()
    if texts[:1] == ["-p"] and len(texts) > 2:
        session.env.aliases[texts[2]] = texts[1]
    return ()


def _unalias(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    for word in command.words:
        session.env.aliases.pop(word.text, None)
    return ()


def _export(command: Command, session: Session, stdin: Stream) -> Iterable[Effect]:
    found: list[Effect] = []
    for word in command.words:
        name, equals, value = word.text.partition("=")
        if equals and name.isidentifier():
            session.env.variables[name] = (DYNAMIC if word.dynamic else "") + value
            found += assignment_effects(name, Word(text=value, dynamic=word.dynamic), command, session)
    return found


Builtin = Callable[[Command, Session, Stream], Iterable[Effect]]
BUILTINS: Mapping[str, Builtin] = {
    "cd": _cd,
    "chdir": _cd,
    "pushd": _cd,
    "popd": _popd,
    "read": _read,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "printf": _printf,
    "set": _set,
    "shift": _shift,
    "alias": _alias,
    "unalias": _unalias,
    "hash": _hash,
    "export": _export,
    "declare": _export,
    "local": _export,
    "readonly": _export,
    "typeset": _export,
}
