"""Commands that run other commands: each is unwrapped, and its name kept in `via`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.builtins import assignment_effects
from magistrate.evidence.effects.command import (
    Command,
    Handler,
    Scene,
    Word,
    as_command,
    bounded,
    effect,
    path_effect,
    write_effect,
)
from magistrate.evidence.effects.commands.generic import run_file, run_text
from magistrate.evidence.effects.morphology import word_set

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")

_VALUED: dict[str, tuple[str, ...]] = {
    "sudo": ("-u", "--user", "-g", "--group", "-p", "--prompt", "-h", "--host", "-C", "-D", "--chdir", "-r", "-t", "-T", "-U", "-R"),
    "doas": ("-u", "-C"), "run0": ("-u", "--user"), "pkexec": ("--user",),
    "env": ("-u", "--unset", "-C", "--chdir"), "nice": ("-n", "--adjustment"), "ionice": ("-c", "-n", "--class", "--classdata", "-p"),
    "timeout": ("-s", "--signal", "-k", "--kill-after"), "gtimeout": ("-s", "--signal", "-k", "--kill-after"), "stdbuf": ("-i", "-o", "-e"), "strace": ("-e", "-o", "-p", "-s", "-u", "-E", "-P"),
    "ltrace": ("-e", "-o", "-p"), "watch": ("-n", "--interval"), "chroot": ("--userspec", "--groups"), "nsenter": ("-t", "--target"),
    "unshare": ("--map-user", "--map-group", "-R", "-w"), "flock": ("-w", "--timeout", "-E"), "taskset": (), "chrt": (), "setpriv": ("--reuid", "--regid", "--inh-caps"),
    "runuser": ("-u", "-g"), "perf": ("-e", "-o", "-p", "-F"), "exec": ("-a",), "time": ("-f", "-o", "--format", "--output"), "faketime": (), "proot": ("-r", "-b", "-w"),
    "systemd-run": ("-p", "--property", "--unit", "-u", "--slice", "--uid", "--gid", "-E", "--setenv", "--on-active", "--on-calendar", "--description"),
    "firejail": (), "bwrap": (), "caffeinate": ("-t", "-w"), "parallel": ("-j", "--jobs", "-I", "--joblog", "-a", "--arg-file", "--colsep", "-N", "-S", "--timeout", "--retries"),
    "script": ("-T", "-E", "-o"), "xvfb-run": ("-n", "-s", "-e", "-f", "-w", "-p"), "dbus-run-session": (), "prlimit": (), "cpulimit": ("-l", "-p", "-e"), "hyperfine": ("-w", "-r", "-m", "-M", "--export-json", "--export-markdown"),
    "entr": (), "nodemon": ("-e", "-w", "--watch", "--ext", "--delay"), "watchexec": ("-e", "-w", "--exts"), "retry": ("-t", "-d"), "valgrind": (), "gtime": ("-f", "-o", "--format", "--output"),
    "direnv": (), "authbind": (), "sg": (), "setarch": (), "numactl": (), "torsocks": (), "proxychains": ("-f",), "proxychains4": ("-f",),
}  # fmt: skip
_POSITIONAL = {
    "timeout": 1,
    "gtimeout": 1,
    "setarch": 1,
    "perf": 1,
    "chroot": 1,
    "flock": 1,
    "taskset": 1,
    "chrt": 1,
    "faketime": 1,
    "sg": 1,
    "direnv": 2,
}
"""Operands of the wrapper's own before the command."""
_BACKGROUND = frozenset({"nohup", "setsid", "disown", "systemd-run"})
_ELEVATED = frozenset({"sudo", "doas", "pkexec", "run0"})


def apart(command: Command, valued: tuple[str, ...], skip: int = 0) -> tuple[Command, tuple[Word, ...]]:
    """The wrapper with its own options, assignments and operands alone, and the words of the command that it runs.

    `valued`: its options that take a value; `skip`: operands of its own. What stands in the wrapped command says nothing of the wrapper.
    """
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
    return msgspec.structs.replace(command, words=words[:at]), words[at:]


def _wrap(command: Command, scene: Scene) -> Iterator[Effect]:
    own, words = apart(command, _VALUED.get(command.name, ()), _POSITIONAL.get(command.name, 0))
    yield from _assigned(own, scene)
    if not words:
        if command.name in _ELEVATED and own.has("-s", "-i", "--shell", "--login"):
            yield effect(
                "execute", "shell", "code", command, scope="local", flags=("elevated",), dynamic=command.input != "none"
            )
        return
    if command.name in _ELEVATED and own.has("-e", "--edit"):
        for word in words:
            yield path_effect("overwrite", word, command, scene, reversible="partly", flags=("elevated", "in-place"))
        return
    yield from _reported(own, scene)
    flags = ("elevated",) if command.name in _ELEVATED else ("background",) if command.name in _BACKGROUND else ()
    yield from marked(scene.command(as_command(words, command, command.name)), flags)


def marked(effects: object, flags: tuple[str, ...]) -> Iterator[Effect]:
    """The effects with further flags."""
    for item in effects:  # type: ignore[attr-defined]
        yield msgspec.structs.replace(item, flags=tuple(dict.fromkeys((*item.flags, *flags)))) if flags else item


_REPORTS = {
    "time": ("-o", "--output"), "gtime": ("-o", "--output"), "strace": ("-o", "--output"), "ltrace": ("-o", "--output"), "perf": ("-o", "--output"),
    "valgrind": ("--log-file",), "parallel": ("--joblog",), "hyperfine": ("--export-json", "--export-markdown", "--export-csv"),
}  # fmt: skip


def _reported(own: Command, scene: Scene) -> Iterator[Effect]:
    """The file that the wrapper itself writes what it saw to."""
    given = own.value(*_REPORTS.get(own.name, ()))
    if given is not None:
        yield write_effect(given, own, scene)


def _assigned(own: Command, scene: Scene) -> Iterator[Effect]:
    for word in own.words:
        if _ASSIGNMENT.match(word.text):
            name, _, value = word.text.partition("=")
            yield from assignment_effects(name, Word(text=value, dynamic=word.dynamic), own, scene)


_SPLIT = re.compile(r"(?:-[a-zA-Z0]*S|--split-string=?)(.*)", re.DOTALL)


def _env(command: Command, scene: Scene) -> Iterator[Effect]:
    own, words = apart(command, _VALUED["env"])
    for at, word in enumerate(own.words):
        if text := _SPLIT.fullmatch(word.text):  # the command stands in one word, and goes on in those after it
            after = (*own.words[at + 1 :], *words)
            first, rest = (text[1], after) if text[1] else (after[0].text if after else "", after[1:])
            line = " ".join([first, *map(_quote, rest)])
            yield from scene.shell(line, via=(*command.via, "env"), path=command.path)
            return
    yield from _assigned(own, scene)
    unset = own.value("-u", "--unset")
    if unset is not None:
        yield from assignment_effects(unset.text, Word(text=""), command, scene)
    if words:
        yield from scene.command(as_command(words, command, "env"))
    elif not own.words:
        yield effect("credential", "environment", "text", command, scope="local", reversible="yes")


def _quote(word: Word) -> str:
    return word.text if word.dynamic else "'" + word.text.replace("'", "'\\''") + "'"


def _transparent(command: Command, scene: Scene) -> Iterator[Effect]:
    """`command`, `builtin`, `exec`, `time`, `!`, `coproc`: the same command, no wrapper worth a name."""
    own, words = apart(command, _VALUED.get(command.name, ()))
    if command.name == "command" and own.has("-v", "-V"):
        return
    yield from _reported(own, scene)
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
    own, words = apart(command, valued)
    if not words:
        return
    given = own.value("-I", "--replace", "-J") or next(
        (Word(text=match[1]) for word in own.words if (match := re.fullmatch(r"-[0rtp]*I(.+)", word.text))), None
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
    own, words = apart(command, _VALUED["parallel"])
    if own.has("--dry-run", "--dryrun"):
        return
    yield from _reported(own, scene)
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
    if command.name == "script":
        command = command.spelled_out("cTEIOBmo")
        given = command.value("-c", "--command")
        if given is not None:
            yield from code_words((given,), command, scene)
        for word in command.operands("-c", "--command", *_VALUED["script"])[:1]:
            if word.text != "/dev/null":
                yield path_effect("create", word, command, scene)
        behind = command.operands("-c", "--command", *_VALUED["script"])[1:]
        if behind:  # BSD: script FILE COMMAND...
            yield from scene.command(as_command(command.words[command.words.index(behind[0]) :], command, "script"))
        return
    own, words = apart(command, _VALUED.get(command.name, ()))
    yield from _reported(own, scene)
    if command.name == "hyperfine":
        for word in words:
            yield from code_words((word,), command, scene)
    elif words:
        yield from code_words(words, command, scene)


def _su(command: Command, scene: Scene) -> Iterator[Effect]:
    own, words = apart(command, _VALUED["runuser"])
    if command.name == "runuser" and own.has("-u", "--user"):  # else it takes the options of `su`
        if words:
            yield from marked(scene.command(as_command(words, command, "runuser")), ("elevated",))
        return
    given = command.value("-c", "--command", "--session-command") or next(
        (command.words[at + 1] for at, word in enumerate(command.words[:-1]) if re.fullmatch(r"-[a-z]*c", word.text)),
        None,
    )
    if given is not None:
        yield from marked(code_words((given,), command, scene), ("elevated",))
        return
    unseen = command.input in ("dynamic", "network")
    yield effect("execute", "su", "code", command, scope="local", flags=("elevated",), dynamic=unseen)
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
    own, words = apart(command, _VALUED["flock"], _POSITIONAL["flock"])
    if own.has("-c", "--command"):
        yield from code_words(words[:1], command, scene)
    else:
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


_SCREEN = ("-S", "-t", "-p", "-h", "-c", "-r", "-e", "-s", "-T", "-x")
_TMUX = ("-L", "-S", "-f", "-c", "-T")
_NEW = ("-s", "-n", "-c", "-x", "-y", "-t", "-e", "-F", "-l")
_STARTS = word_set("new-session new new-window neww split-window splitw respawn-pane respawnp respawn-window respawnw")
_RUNS = word_set("run-shell run if-shell if popup display-popup pipe-pane pipep")
_KEYS = frozenset({"Enter", "C-m", "ENTER"})


def _tmux(command: Command, scene: Scene) -> Iterator[Effect]:
    """`tmux`: a shell in the background, with a command or with keys typed into it. `;` parts several of its commands."""
    _, words = apart(command, _TMUX)
    while words:
        end = next((at for at, word in enumerate(words) if word.text in (";", "\\;")), len(words))
        if end:
            below = msgspec.structs.replace(command, words=words[1:end])
            yield from _below(words[0].text, below, scene)
        words = words[end + 1 :]


def _below(verb: str, command: Command, scene: Scene) -> Iterator[Effect]:
    own, words = apart(command, _NEW)
    if verb in ("kill-server", "kill-session", "kill-pane", "kill-window"):
        yield _ends(own, verb)
    elif verb in ("send-keys", "send"):
        yield from _typed([word for word in words if word.text not in _KEYS], command, scene)
    elif verb in _STARTS and len(words) > 1:  # run as they are, without a shell
        yield from marked(scene.command(as_command(words, command, "tmux")), ("background",))
    elif verb in _STARTS | _RUNS and words:
        yield from marked(code_words(words, command, scene), ("background",))


def _screen(command: Command, scene: Scene) -> Iterator[Effect]:
    """`screen`: the same; with `-X` the words are a command of its own."""
    own, words = apart(command, _SCREEN)
    if not words:
        return
    if not own.has("-X"):
        if not own.has("-r", "-x", "-ls"):
            yield from marked(scene.command(as_command(words, command, "screen")), ("background",))
    elif words[0].text in ("quit", "kill"):
        yield _ends(own, words[0].text)
    elif words[0].text in ("stuff", "exec", "screen") and len(words) > 1:
        yield from _typed(list(words[1:]), command, scene)


def _ends(own: Command, verb: str) -> Effect:
    target = own.value("-t", "-S")
    name = target.text if target else verb
    return effect("process-stop", name, "process", own, scope="local", reversible="no", broad=verb == "kill-server")


def _typed(words: list[Word], command: Command, scene: Scene) -> Iterator[Effect]:
    """Keys that are sent to a shell."""
    for word in words:
        keys = msgspec.structs.replace(word, text=re.sub(r"\\(?:n|r|015|012)|\^M", "\n", word.text))
        yield from marked(code_words((keys,), command, scene), ("background",))


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
        "nodemon",
        "watchexec",
    )
)
HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_WRAPPERS, _wrap),
    **dict.fromkeys(("nohup", "setsid", "disown", "catchsegv", "chronic", "unbuffer", "winpty", "rlwrap", "fakeroot", "eatmydata", "trickle", "tsocks", "gnice", "linux32", "linux64", "softlimit", "envdir", "ts"), _wrap),
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
    "tmux": _tmux,
    "screen": _screen,
}  # fmt: skip
