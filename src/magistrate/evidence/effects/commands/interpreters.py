"""Interpreters: shells, Python, Node, Perl and their kin, with a script, with inline code, or with code on standard input."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect, Record
from magistrate.evidence.effects.command import (
    Command,
    Handler,
    Scene,
    Word,
    as_command,
    effect,
    path_effect,
    write_effect,
)
from magistrate.evidence.effects.commands.generic import run_file, run_text


class Interpreter(Record, frozen=True, kw_only=True):
    """How a language's program takes its code."""

    language: str
    inline: tuple[str, ...] = ()
    """Options whose value is program text."""
    valued: tuple[str, ...] = ()
    """Other options with a value."""
    bundle: str = ""
    """Letter of the inline option where it may end a bundle (`-lc`, `-ne`)."""
    module: str = ""
    """Option that runs a module by name (`-m`)."""
    check: tuple[str, ...] = ()
    """Options that only check or print."""


_SHELL = Interpreter(
    language="shell",
    inline=("-c",),
    bundle="c",
    valued=("-o", "+o", "-O", "+O", "--rcfile", "--init-file"),
    check=("-n", "--version", "--help"),
)
_PYTHON = Interpreter(
    language="python",
    inline=("-c",),
    bundle="c",
    module="-m",
    valued=("-W", "-X", "--check-hash-based-pycs"),
    check=("-V", "--version", "-h", "--help", "-VV"),
)
_NODE = Interpreter(
    language="javascript", inline=("-e", "--eval", "-p", "--print", "-pe"), bundle="e", valued=("-r", "--require", "--import", "--loader", "--env-file", "-C"),
    check=("-v", "--version", "-c", "--check", "-h", "--help"),
)  # fmt: skip
_PERL = Interpreter(
    language="perl", inline=("-e", "-E"), bundle="eE", valued=("-I", "-F"), check=("-v", "-c", "--version")
)
_RUBY = Interpreter(
    language="ruby", inline=("-e",), bundle="e", valued=("-r", "-I", "-C", "-W", "-K"), check=("-v", "-c", "--version")
)
_PHP = Interpreter(
    language="php",
    inline=("-r", "-R", "-B", "-E"),
    bundle="r",
    valued=("-d", "-c", "-t", "-S", "-z"),
    check=("-v", "-l", "-i", "-m", "--version"),
)
_LUA = Interpreter(language="lua", inline=("-e",), bundle="e", valued=("-l",), check=("-v",))
_R = Interpreter(language="r", inline=("-e",), bundle="e", check=("--version",))
_OSASCRIPT = Interpreter(language="applescript", inline=("-e",), bundle="e", valued=("-l", "-s"))
_POWERSHELL = Interpreter(
    language="powershell", inline=("-c", "-Command", "-command", "/c", "-C"), valued=("-ExecutionPolicy", "-ep", "-WindowStyle", "-w", "-File", "-f", "-Version", "-OutputFormat"),
    check=("-Version", "--version", "-Help"),
)  # fmt: skip


_SHELL_VALUED = ("--rcfile", "--init-file", "--init-command", "-C")


def _shell_text(words: tuple[Word, ...]) -> tuple[list[Word], int]:
    """The text behind `-c`, which may stand anywhere in a bundle (`-euo pipefail -c`, `-ce`), and where the operands begin."""
    at, given = 0, False
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if text == "--command":
            given = True
        elif text.partition("=")[0] == "--command":
            return [msgspec.structs.replace(words[at], text=text.partition("=")[2])], at + 1
        elif text in _SHELL_VALUED:
            at += 1
        elif re.fullmatch(r"[-+][A-Za-z]+", text):
            given = given or (text[0] == "-" and "c" in text)
            at += text.count("o") + text.count("O")  # each takes a word
        elif not (text.startswith("--") and len(text) > 2):
            break
        at += 1
    return (list(words[at : at + 1]), at + 1) if given and at < len(words) else ([], min(at, len(words)))


def _inline(command: Command, kind: Interpreter) -> tuple[list[Word], int]:
    """Program texts among the words, and how many words of the front are spoken for."""
    if kind.language == "shell":
        return _shell_text(command.words)
    found: list[Word] = []
    at, words = 0, command.words
    while at < len(words):
        text = words[at].text
        bundled = (
            bool(kind.bundle)
            and re.fullmatch(rf"-[A-Za-z0-9]*[{kind.bundle}]", text) is not None
            and not (text[1:2] in ("I", "r", "M", "m") and kind.language in ("perl", "ruby"))
        )
        if text in kind.inline or (bundled and text not in kind.valued):
            if at + 1 < len(words):
                found.append(words[at + 1])
            at += 2
            if kind.language in ("shell", "python"):
                break
        elif text in kind.valued:
            at += 2
        elif (
            kind.language in ("perl", "ruby", "lua", "php", "python", "shell")
            and len(text) > 2
            and text[:2] in kind.inline
            and not text.startswith("--")
            and kind.language != "shell"
        ):
            found.append(msgspec.structs.replace(words[at], text=text[2:]))
            at += 1
            if kind.language == "python":
                break
        elif text == "--":
            at += 1
            break
        elif (text.startswith(("-", "+")) and len(text) > 1) and text != kind.module:
            at += 1
        else:
            break
    return found, at


def _interpret(kind: Interpreter) -> Handler:
    def handle(command: Command, scene: Scene) -> Iterator[Effect]:
        if kind.language == "python":
            command = command.spelled_out("cmWXQ", leading=True)
        texts = command.texts()
        if (len(texts) == 1 and texts[0] in kind.check) or (
            kind.check and texts and texts[0] in kind.check and kind.language != "shell"
        ):
            return
        codes, at = _inline(command, kind)
        rest = command.words[at:]
        via = (*command.via, command.name + " " + kind.inline[0] if kind.inline else command.name)
        if codes:
            for word in codes:
                yield from _code(word, kind, command, scene, via, rest)
            yield from _edits(command, kind, scene, rest)
        elif kind.module and rest and rest[0].text == kind.module:
            yield from _module(rest[1:], command, scene)
        elif kind.language == "shell" and command.has("-s") and command.input != "none":
            yield from _standard_input(command, scene, kind, rest)
        elif rest and rest[0].text not in ("-", "/dev/stdin"):
            yield from run_file(rest[0], command, scene, kind.language, tuple(rest[1:]))
        else:
            yield from _standard_input(command, scene, kind, rest[1:])

    return handle


def _code(
    word: Word, kind: Interpreter, command: Command, scene: Scene, via: tuple[str, ...], rest: tuple[Word, ...]
) -> Iterator[Effect]:
    if kind.language == "shell":
        if word.dynamic and re.search(r"\$\(|`|^\s*\$", word.text):
            yield effect("execute", word.text[:200], "code", command, dynamic=True)
        yield from scene.shell(word.text, via=via, path=command.path, args=rest[1:], zero=rest[0].text if rest else "")
        return
    if word.dynamic:
        yield effect("execute", word.text[:200], "code", command, dynamic=True)
    yield from scene.code(kind.language, word.text, via=via, path=command.path)


def _edits(command: Command, kind: Interpreter, scene: Scene, rest: tuple[Word, ...]) -> Iterator[Effect]:
    """`perl -i -pe`, `ruby -i`: the files are edited in place; without `-i` they are read."""
    if kind.language not in ("perl", "ruby"):
        return
    in_place = any(re.match(r"-[A-Za-z0]*i", text) and not text.startswith("-I") for text in command.texts())
    loops = any(re.match(r"-[A-Za-z0]*[np]", text) for text in command.texts())
    for word in rest:
        if in_place:
            yield write_effect(word, command, scene, flags=("in-place",), replaces=True)
        elif loops:
            yield path_effect("read", word, command, scene, reversible="yes")


def _standard_input(command: Command, scene: Scene, kind: Interpreter, args: tuple[Word, ...]) -> Iterator[Effect]:
    via = (*command.via, *command.decoded, command.name)
    flags = ("decoded",) if command.decoded else ()
    if command.input == "text":
        for item in run_text(command.stdin, kind.language, command, scene, via, args):
            yield msgspec.structs.replace(item, flags=tuple(dict.fromkeys((*item.flags, *flags)))) if flags else item
    elif command.input == "network":
        yield effect(
            "execute",
            command.stdin,
            "url",
            command,
            scope="remote",
            flags=("piped-from-network",),
            dynamic=True,
            reversible="no",
        )
    elif command.input == "dynamic":
        yield effect("execute", command.stdin[:200], "code", command, dynamic=True, flags=flags)
        if command.stdin:
            yield from run_text(command.stdin, kind.language, command, scene, via, args)
    elif command.input == "file":
        yield effect(
            "execute",
            command.stdin,
            "path",
            command,
            scope=scene.place.path_scope(command.stdin),
            flags=("unseen-script",),
        )
    else:  # what is typed into it later comes past no review: Codex's `write_stdin` starts no hook
        yield effect("execute", command.name, "code", command, scope="local", dynamic=True)


_HARMLESS_MODULES = frozenset({"json.tool", "timeit", "this", "sysconfig", "site", "platform", "tokenize", "dis", "ast", "calendar", "pydoc", "tabnanny", "base64", "py_compile", "compileall", "zipfile", "tarfile",
                               "cProfile", "trace", "doctest", "inspect", "antigravity"})  # fmt: skip
_SERVERS = frozenset(
    {"http.server", "smtpd", "SimpleHTTPServer", "pyftpdlib", "uvicorn", "gunicorn", "flask", "jupyter", "notebook"}
)


def _module(words: tuple[Word, ...], command: Command, scene: Scene) -> Iterator[Effect]:
    if not words:
        return
    name = words[0].text
    if words[0].dynamic:
        yield effect("execute", name, "code", command, dynamic=True)
    elif name in _SERVERS and any(word.text in ("-h", "--help") for word in words[1:]):
        return
    elif name in _SERVERS:
        target = next((word.text for word in words[1:] if re.fullmatch(r"\d+|[\w.]+:\w+", word.text)), "8000")
        yield effect("network-listen", target, "host", command, scope="local")
    elif name in ("venv", "virtualenv", "ensurepip"):
        for word in words[1:]:
            if not word.text.startswith("-"):
                yield path_effect("create", word, command, scene, reversible="yes")
    elif name in _HARMLESS_MODULES:
        return
    else:
        # `python -m pip` is pip, `python -m pytest` is pytest
        program = as_command(words, command, command.name)
        yield from scene.command(msgspec.structs.replace(program, name=name.split(".")[0]))


def _powershell(command: Command, scene: Scene) -> Iterator[Effect]:
    for at, word in enumerate(command.words):
        if re.fullmatch(r"-e(?:nc?|ncodedcommand|c)?", word.text, re.I) and at + 1 < len(command.words):
            yield from _encoded(command.words[at + 1], command, scene)
            return
    plain = _interpret(_POWERSHELL)
    lowered = command.texts()
    if not any(text in _POWERSHELL.inline for text in lowered) and lowered and not lowered[0].startswith("-"):
        text = " ".join(lowered)
        if not re.fullmatch(r"\S+\.ps1", lowered[0]):
            yield from scene.code("powershell", text, via=(*command.via, command.name), path=command.path)
            return
    texts = [word.text for word in command.words]
    for option in ("-Command", "-command", "-c", "-C"):
        if option in texts:
            code = " ".join(texts[texts.index(option) + 1 :])
            yield from scene.code("powershell", code, via=(*command.via, command.name), path=command.path)
            return
    yield from plain(command, scene)


def _encoded(word: Word, command: Command, scene: Scene) -> Iterator[Effect]:
    try:
        text = base64.b64decode(word.text, validate=True).decode("utf-16-le")
    except ValueError:
        yield effect("execute", word.text[:80], "code", command, dynamic=True)
        return
    for item in scene.code("powershell", text, via=(*command.via, command.name, "base64"), path=command.path):
        yield msgspec.structs.replace(item, flags=tuple(dict.fromkeys((*item.flags, "decoded"))))


def _ipython(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands("-c", "--profile", "-m")
    given = command.value("-c")
    if given is not None:
        yield from scene.code("python", given.text, via=(*command.via, command.name), path=command.path)
    for word in words[:1]:
        yield from run_file(word, command, scene, "python")


def _cmd(command: Command, scene: Scene) -> Iterator[Effect]:
    """`cmd /c del ...`: close enough to a shell for its plain commands."""
    words = [word for word in command.words if not re.fullmatch(r"/[A-Za-z]", word.text)]
    text = " ".join(word.text for word in words)
    yield from scene.code("batch", text, via=(*command.via, command.name), path=command.path)


def _expect(command: Command, scene: Scene) -> Iterator[Effect]:
    given = command.value("-c")
    text = given.text if given is not None else command.stdin
    for match in re.finditer(r"\b(?:spawn|exec|system|send)\s+(?:--\s+)?(.+)", text):
        yield from scene.shell(
            match[1].strip('"{}').replace("\\r", ""), via=(*command.via, command.name), path=command.path
        )
    for word in command.operands("-c", "-f")[:1]:
        yield from run_file(word, command, scene, "expect")


_SHELLS = ("sh", "bash", "zsh", "dash", "ksh", "ash", "rbash", "fish", "csh", "tcsh", "mksh", "yash", "xonsh", "elvish")
_PYTHONS = (
    "python",
    "python2",
    "python3",
    "pypy",
    "pypy3",
    "micropython",
    *(f"python3.{minor}" for minor in range(6, 16)),
    "python2.7",
    "py",
    "sage",
)

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_SHELLS, _interpret(_SHELL)),
    **dict.fromkeys(_PYTHONS, _interpret(_PYTHON)),
    **dict.fromkeys(("node", "nodejs", "ts-node", "tsx", "qjs"), _interpret(_NODE)),
    **dict.fromkeys(("perl", "perl5"), _interpret(_PERL)),
    **dict.fromkeys(("ruby", "jruby", "irb"), _interpret(_RUBY)),
    **dict.fromkeys(("php", "php7", "php8"), _interpret(_PHP)),
    **dict.fromkeys(("lua", "luajit"), _interpret(_LUA)),
    **dict.fromkeys(("Rscript", "R"), _interpret(_R)),
    "osascript": _interpret(_OSASCRIPT),
    **dict.fromkeys(("powershell", "pwsh"), _powershell),
    "ipython": _ipython,
    "ipython3": _ipython,
    **dict.fromkeys(("cmd",), _cmd),
    **dict.fromkeys(("expect", "tclsh", "wish"), _expect),
}
