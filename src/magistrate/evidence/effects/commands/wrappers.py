"""Commands that run other commands: each is unwrapped, and its name kept in `via`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.builtins import assignment_effects
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, bounded, effect, path_effect
from magistrate.evidence.effects.commands.generic import run_file, run_text
from magistrate.evidence.effects.commands.readers import as_command

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")

_VALUED: dict[str, tuple[str, ...]] = {
    "sudo": ("-u", "--user", "-g", "--group", "-p", "--prompt", "-h", "--host", "-C", "-D", "--chdir", "-r", "-t", "-T", "-U", "-R"),
    "doas": ("-u", "-C"), "run0": ("-u", "--user"), "pkexec": ("--user",),
    "env": ("-u", "--unset", "-C", "--chdir"), "nice": ("-n", "--adjustment"), "ionice": ("-c", "-n", "--class", "--classdata", "-p"),
    "timeout": ("-s", "--signal", "-k", "--kill-after"), "stdbuf": ("-i", "-o", "-e"), "strace": ("-e", "-o", "-p", "-s", "-u", "-E", "-P"),
    "ltrace": ("-e", "-o", "-p"), "watch": ("-n", "--interval"), "chroot": ("--userspec", "--groups"), "nsenter": ("-t", "--target"),
    "unshare": ("--map-user", "--map-group", "-R", "-w"), "flock": ("-w", "--timeout", "-E"), "taskset": (), "chrt": (), "setpriv": ("--reuid", "--regid", "--inh-caps"),
    "runuser": ("-u", "-g"), "perf": ("-e", "-o", "-p", "-F"), "exec": ("-a",), "time": ("-f", "-o", "--format", "--output"), "faketime": (), "proot": ("-r", "-b", "-w"),
    "systemd-run": ("-p", "--property", "--unit", "-u", "--slice", "--uid", "--gid", "-E", "--setenv", "--on-active", "--on-calendar", "--description"),
    "firejail": (), "bwrap": (), "caffeinate": ("-t", "-w"), "parallel": ("-j", "--jobs", "-I", "--joblog", "-a", "--arg-file", "--colsep", "-N", "-S", "--timeout", "--retries"),
    "script": ("-T", "-E", "-o"), "xvfb-run": ("-n", "-s", "-e", "-f", "-w", "-p"), "dbus-run-session": (), "prlimit": (), "cpulimit": ("-l", "-p", "-e"), "hyperfine": ("-w", "-r", "-m", "-M", "--export-json", "--export-markdown"),
    "entr": (), "nodemon": ("-e", "-w", "--watch", "--ext", "--delay"), "watchexec": ("-e", "-w", "--exts"), "retry": ("-t", "-d"), "op": ("--env-file",), "valgrind": (), "gdb": (), "dotenv": ("-e", "-f"),
    "direnv": (), "authbind": (), "sg": (), "setarch": (), "numactl": (), "torsocks": (), "proxychains": ("-f",), "proxychains4": ("-f",), "coverage": (),
}  # fmt: skip
_POSITIONAL = {"timeout": 1, "chroot": 1, "flock": 1, "taskset": 1, "chrt": 1, "faketime": 1, "sg": 1, "direnv": 2}
"""Operands of the wrapper's own before the command."""
_BACKGROUND = frozenset({"nohup", "setsid", "disown", "systemd-run"})
_ELEVATED = frozenset({"sudo", "doas", "pkexec", "run0"})


def inner(command: Command, valued: tuple[str, ...], skip: int = 0) -> tuple[Word, ...]:
    """The wrapped command's words: after the wrapper's options, assignments and own operands."""
    words = command.words
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if text in valued:
            at += 2
        elif re.fullmatch(r"-[A-Za-z0-9]+[A-Za-z]", text) and "-" + text[-1] in valued:
            at += 2  # a bundle that ends in an option with a value (`-nu root`)
        elif (text.startswith("-") and len(text) > 1) or _ASSIGNMENT.match(text):
            at += 1
        elif skip:
            skip -= 1
            at += 1
        else:
            break
    while skip and at < len(words):
        skip -= 1
        at += 1
    return words[at:]


def _wrap(command: Command, scene: Scene) -> Iterator[Effect]:
    words = inner(command, _VALUED.get(command.name, ()), _POSITIONAL.get(command.name, 0))
    yield from _assigned(command, scene)
    if not words:
        if command.name in _ELEVATED and command.has("-s", "-i", "--shell", "--login"):
            yield effect(
                "execute", "shell", "code", command, scope="local", flags=("elevated",), dynamic=command.input != "none"
            )
        return
    if command.name in _ELEVATED and command.has("-e", "--edit"):
        for word in words:
            yield path_effect("overwrite", word, command, scene, reversible="partly", flags=("elevated", "in-place"))
        return
    flags = ("elevated",) if command.name in _ELEVATED else ("background",) if command.name in _BACKGROUND else ()
    yield from marked(scene.command(as_command(words, command, command.name)), flags)


def marked(effects: object, flags: tuple[str, ...]) -> Iterator[Effect]:
    """The effects with further flags."""
    for item in effects:  # type: ignore[attr-defined]
        yield msgspec.structs.replace(item, flags=tuple(dict.fromkeys((*item.flags, *flags)))) if flags else item


def _assigned(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.words:
        if word.text.startswith("-"):
            continue
        if not _ASSIGNMENT.match(word.text):
            break
        name, _, value = word.text.partition("=")
        yield from assignment_effects(name, Word(text=value, dynamic=word.dynamic), command, scene)


def _env(command: Command, scene: Scene) -> Iterator[Effect]:
    given = command.value("-S", "--split-string")
    if given is None:
        given = next(
            (Word(text=word.text[2:], dynamic=word.dynamic) for word in command.words if re.match(r"-S.", word.text)),
            None,
        )
    if given is not None:
        at = next(i for i, word in enumerate(command.words) if word.text.startswith(("-S", "--split-string")))
        rest = " ".join(_quote(word) for word in command.words[at + 1 :] if word is not given)
        yield from scene.shell(f"{given.text} {rest}", via=(*command.via, "env"), path=command.path)
        return
    unset = command.value("-u", "--unset")
    if unset is not None:
        yield from assignment_effects(unset.text, Word(text=""), command, scene)
    words = inner(command, _VALUED["env"])
    yield from _assigned(command, scene)
    if words:
        yield from scene.command(as_command(words, command, "env"))
    elif not command.words:
        yield effect("credential", "environment", "text", command, scope="local", reversible="yes")


def _quote(word: Word) -> str:
    return word.text if word.dynamic else "'" + word.text.replace("'", "'\\''") + "'"


def _transparent(command: Command, scene: Scene) -> Iterator[Effect]:
    """`command`, `builtin`, `exec`, `time`, `!`, `coproc`: the same command, no wrapper worth a name."""
    if command.name == "command" and command.has("-v", "-V"):
        return
    words = inner(command, _VALUED.get(command.name, ()))
    if command.name == "coproc" and len(words) > 1 and words[1].text == "{":
        words = words[2:]
    if words:
        yield from scene.command(as_command(words, command, command.name))


def _eval(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.words[1:] if command.words and command.words[0].text == "--" else command.words
    if words:
        yield from code_words(words, command, scene, same=True)


def code_words(
    words: tuple[Word, ...], command: Command, scene: Scene, *, same: bool = False, args: tuple[Word, ...] = ()
) -> Iterator[Effect]:
    """Words that are shell text. What a substitution in them gives is not known, so neither is what it runs."""
    text = " ".join(word.text for word in words)
    if any(word.dynamic for word in words) and re.search(r"\$\(|`|^\s*\$", text):
        yield effect("execute", text[:200], "code", command, dynamic=True)
    yield from scene.shell(text, via=(*command.via, command.name), path=command.path, args=args, same=same)


def _source(command: Command, scene: Scene) -> Iterator[Effect]:
    for word in command.words[:1]:
        kind, text = scene.content(word.text)
        if kind == "text" and not word.dynamic:
            yield from scene.shell(
                text, via=(*command.via, "source"), path=command.path, args=command.words[1:], same=True
            )
        elif (
            re.search(
                r"(?:^|/)(?:bin/activate(?:\.\w+)?|conda\.sh|nvm\.sh|\.bashrc|\.profile|\.bash_profile|\.zshrc|setup\.bash|\.cargo/env)$",
                word.text,
            )
            and kind == "file"
        ):
            return  # the environment's own
        else:
            yield from run_file(word, command, scene, "shell")


def _xargs(command: Command, scene: Scene) -> Iterator[Effect]:
    valued = (
        "-I",
        "-n",
        "-P",
        "-L",
        "-d",
        "-E",
        "-s",
        "-a",
        "--max-args",
        "--max-procs",
        "--replace",
        "--delimiter",
        "--arg-file",
        "-J",
        "-R",
        "-S",
    )
    words = inner(command, valued)
    if not words:
        return
    given = command.value("-I", "--replace", "-J") or next(
        (Word(text=match[1]) for word in command.words if (match := re.fullmatch(r"-[0rtp]*I(.+)", word.text))), None
    )
    items = list(command.items)
    if command.input == "text":
        items = [Word(text=text) for text in _pieces(command.stdin, by_line=given is not None)]
    items = items or [Word(text="$ITEMS", dynamic=True)]
    if given is not None:
        for item in bounded(items, 16):
            filled = tuple(_fill(word, given.text, item) for word in words)
            yield from scene.command(as_command(filled, command, "xargs"))
        return
    # a shell that takes its script from the items runs what nobody has seen
    yield from scene.command(
        msgspec.structs.replace(as_command((*words, *items), command, "xargs"), input="none", stdin="", items=())
    )


def _pieces(text: str, *, by_line: bool) -> list[str]:
    """Standard input as `xargs` cuts it: quotes and backslashes taken away."""
    lines = [line for line in text.replace("\0", "\n").split("\n") if line.strip()]
    found: list[str] = []
    for line in lines:
        try:
            pieces = shlex.split(line)
        except ValueError:
            pieces = line.split()
        found.extend([" ".join(pieces)] if by_line else pieces)
    return found


def _fill(word: Word, mark: str, item: Word) -> Word:
    if not mark or mark not in word.text:
        return word
    return Word(text=word.text.replace(mark, item.text), dynamic=word.dynamic or item.dynamic, glob=item.glob)


def _parallel(command: Command, scene: Scene) -> Iterator[Effect]:
    words = inner(command, _VALUED["parallel"])
    cut = next((at for at, word in enumerate(words) if word.text in (":::", "::::", ":::+")), len(words))
    head, items = words[:cut], [word for word in words[cut + 1 :] if word.text not in (":::", ":::+")]
    if cut < len(words) and words[cut].text == "::::":
        items = [Word(text="$ITEMS", dynamic=True)]
    if not items:
        lines = [line for line in command.stdin.splitlines() if line.strip()] if command.input == "text" else []
        items = [Word(text=line) for line in lines] or list(command.items) or [Word(text="$ITEMS", dynamic=True)]
    for item in bounded(items, 16):
        if not head:
            yield from code_words((item,), command, scene)
            continue
        text = " ".join(word.text for word in head)
        value = item.text if item.glob else _quote(item)
        # the text between the marks, with the item put where they stood, or at the end
        pieces = re.split(r"\{[./#%]*\}", text)
        filled = item.text.join(pieces) if len(pieces) > 1 else f"{text} {value}"
        if any(word.dynamic for word in head[:1]):
            yield effect("execute", text[:200], "code", command, dynamic=True)
        yield from scene.shell(filled, via=(*command.via, "parallel"), path=command.path)


def _texts(command: Command, scene: Scene) -> Iterator[Effect]:
    """`watch`, `script -c`, `hyperfine`: the command is shell text."""
    given = command.value("-c", "--command")
    if command.name == "script":
        if given is not None:
            yield from code_words((given,), command, scene)
        for word in command.operands("-c", "--command", *_VALUED["script"])[:1]:
            if word.text != "/dev/null":
                yield path_effect("create", word, command, scene)
        return
    words = inner(command, _VALUED.get(command.name, ()))
    if command.name == "hyperfine":
        for word in words:
            yield from code_words((word,), command, scene)
    elif words:
        yield from code_words(words, command, scene)


def _su(command: Command, scene: Scene) -> Iterator[Effect]:
    given = command.value("-c", "--command", "--session-command") or next(
        (command.words[at + 1] for at, word in enumerate(command.words[:-1]) if re.fullmatch(r"-[a-z]*c", word.text)),
        None,
    )
    if given is not None:
        yield from marked(code_words((given,), command, scene), ("elevated",))
    elif command.name == "runuser":
        words = inner(command, _VALUED["runuser"])
        if words:
            yield from marked(scene.command(as_command(words, command, "runuser")), ("elevated",))
    else:
        yield effect(
            "execute",
            "su",
            "code",
            command,
            scope="local",
            flags=("elevated",),
            dynamic=command.input in ("dynamic", "network"),
        )
        if command.input == "text":
            yield from scene.shell(command.stdin, via=(*command.via, "su"), path=command.path)


def _trap(command: Command, scene: Scene) -> Iterator[Effect]:
    words = command.operands()
    if len(words) > 1 and words[0].text not in ("", "-"):
        yield from code_words((words[0],), command, scene)


def _busybox(command: Command, scene: Scene) -> Iterator[Effect]:
    if command.words and not command.words[0].text.startswith("-"):
        yield from scene.command(as_command(command.words, command, command.name))


def _flock(command: Command, scene: Scene) -> Iterator[Effect]:
    given = command.value("-c", "--command")
    if given is not None:
        yield from code_words((given,), command, scene)
        return
    yield from _wrap(command, scene)


def _later(command: Command, scene: Scene) -> Iterator[Effect]:
    """`at` and `batch`: what stands on standard input runs later."""
    if command.has("-l", "-d", "-r", "-c"):
        if command.has("-d", "-r"):
            yield effect("delete", "at", "process", command, scope="local", reversible="no")
        return
    yield effect(
        "persistence",
        "at " + " ".join(command.texts()),
        "text",
        command,
        scope="local",
        reversible="partly",
        flags=("scheduled",),
    )
    given = command.value("-f")
    if given is not None:
        yield from run_file(given, command, scene, "shell")
    elif command.input == "text":
        yield from marked(run_text(command.stdin, "shell", command, scene, (*command.via, "at")), ("scheduled",))
    elif command.input != "none":
        yield effect("execute", command.stdin, "code", command, dynamic=True, flags=("scheduled",))


def _terminal(command: Command, scene: Scene) -> Iterator[Effect]:
    """`tmux`, `screen`: a shell in the background, with a command or with keys typed into it."""
    texts = command.texts()
    verb = next((text for text in texts if not text.startswith("-")), "")
    if verb in ("kill-server", "kill-session", "kill-pane", "kill-window") or "quit" in texts or "kill" in texts:
        target = command.value("-t", "-S")
        yield effect(
            "process-stop",
            target.text if target else verb,
            "process",
            command,
            scope="local",
            reversible="no",
            broad=verb == "kill-server",
        )
    elif verb in ("send-keys", "send") or "stuff" in texts:
        start = texts.index("stuff") + 1 if "stuff" in texts else texts.index(verb) + 1
        words = [
            word
            for at, word in enumerate(command.words[start:], start)
            if word.text not in ("-t", "-l", "-R", "Enter", "C-m", "ENTER") and (at == 0 or texts[at - 1] != "-t")
        ]
        for word in words:
            yield from marked(
                code_words((msgspec.structs.replace(word, text=word.text.replace("\\n", "\n")),), command, scene),
                ("background",),
            )
    elif verb in (
        "new-session",
        "new",
        "new-window",
        "neww",
        "split-window",
        "splitw",
        "respawn-pane",
        "run-shell",
        "run",
        "if-shell",
        "popup",
        "display-popup",
    ):
        start = texts.index(verb) + 1
        rest = inner(
            msgspec.structs.replace(command, words=command.words[start:]),
            ("-s", "-n", "-c", "-x", "-y", "-t", "-e", "-F", "-l", "-d_"),
        )
        if rest:
            yield from marked(code_words(rest, command, scene), ("background",))
    elif command.name == "screen":
        rest = inner(command, ("-S", "-t", "-p", "-h", "-c", "-r", "-e"))
        if rest and not command.has("-X", "-r", "-x", "-ls"):
            yield from marked(scene.command(as_command(rest, command, "screen")), ("background",))


_TRANSPARENT = (
    "command",
    "builtin",
    "exec",
    "time",
    "!",
    "coproc",
    "noglob",
    "nocorrect",
    "gtime",
    "then",
    "do",
    "else",
)
_WRAPPERS = tuple(
    name
    for name in _VALUED
    if name
    not in (
        "env",
        "watch",
        "script",
        "hyperfine",
        "parallel",
        "exec",
        "time",
        "flock",
        "runuser",
        "op",
        "dotenv",
        "nodemon",
        "watchexec",
        "gdb",
        "coverage",
    )
)
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_WRAPPERS, _wrap),
    **dict.fromkeys(("nohup", "setsid", "disown", "catchsegv", "chronic", "unbuffer", "winpty", "rlwrap", "fakeroot", "eatmydata", "trickle", "tsocks", "gtimeout", "gnice", "linux32", "linux64", "softlimit", "envdir", "ts"), _wrap),
    **dict.fromkeys(_TRANSPARENT, _transparent),
    "env": _env,
    "genv": _env,
    "eval": _eval,
    "source": _source,
    ".": _source,
    "xargs": _xargs,
    "gxargs": _xargs,
    "parallel": _parallel,
    **dict.fromkeys(("watch", "script", "hyperfine", "nodemon", "watchexec"), _texts),
    **dict.fromkeys(("su", "runuser"), _su),
    "trap": _trap,
    **dict.fromkeys(("busybox", "toybox"), _busybox),
    "flock": _flock,
    **dict.fromkeys(("at", "batch"), _later),
    **dict.fromkeys(("tmux", "screen"), _terminal),
}  # fmt: skip
