"""One simple command as the shell would run it, and the seam through which handlers turn it into effects."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, Protocol

import msgspec

from magistrate.core.records import Certainty, Effect, EffectKind, Record, Reversibility, Scope, TargetKind
from magistrate.evidence.effects.place import Place, looks_production, special


class Word(Record, frozen=True, kw_only=True):
    """One word after expansion of what can be known."""

    text: str
    """The folded text; what could not be resolved stands as written (`$TARGET`, `$(date)`)."""
    dynamic: bool = False
    """Some piece could not be resolved before running."""
    glob: bool = False
    """Holds an unquoted wildcard."""


class Redirect(Record, frozen=True, kw_only=True):
    operator: Literal["<", ">", ">>", ">|", "&>", "&>>", "<>"]
    target: Word
    descriptor: str = ""
    """Which one is redirected, when it is not the operator's usual one."""


Input = Literal["none", "text", "network", "dynamic", "file"]


class Command(Record, frozen=True, kw_only=True):
    """A simple command: `name` is the base name of the first word, empty when that word is dynamic."""

    name: str
    words: tuple[Word, ...] = ()
    """The arguments, without the command word."""
    assignments: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    via: tuple[str, ...] = ()
    input: Input = "none"
    """What stands on standard input: known `text` (heredoc, echo), a `network` fetch, a `file`, or something `dynamic`."""
    stdin: str = ""
    """The text, when `input` is `text`; the path, when it is `file`; the URL, when it is `network` and known."""
    path: str = "command"
    """Where in the action's arguments this stands."""
    items: tuple[Word, ...] = ()
    """Words that standard input is known to hold (paths that `find` lists), for those who make arguments of it."""
    decoded: tuple[str, ...] = ()
    """What decoded standard input, outermost first (`base64`), when something did."""
    asked: str = ""
    """The command word as written, when it is more than the name (`/usr/bin/rm`, `./run.sh`)."""

    def texts(self) -> list[str]:
        return [word.text for word in self.words]

    def operands(self, *with_value: str) -> list[Word]:
        """Words that are no options, skipping the value after each option named in `with_value` (`-o`, `--output`)."""
        found: list[Word] = []
        plain = skip = False
        for word in self.words:
            if skip:
                skip = False
            elif plain or not word.text.startswith("-") or word.text == "-":
                found.append(word)
            elif word.text == "--":
                plain = True
            elif word.text in with_value or _last_of_bundle(word.text) in with_value:
                skip = True
        return found

    def spelled_out(self, valued: str, *, leading: bool = False) -> Command:
        """The command with its short options one by one and their values apart (`-sXDELETE` as `-s -X DELETE`).

        `valued`: letters of options that take a value. `leading`: only options before the first operand are its own.
        """
        found: list[Word] = []
        takes = False
        for at, word in enumerate(self.words):
            text = word.text
            if takes:
                takes = False
            elif text == "--" or (leading and not text.startswith("-")):
                return msgspec.structs.replace(self, words=(*found, *self.words[at:]))
            elif len(text) > 1 and text[0] == "-" != text[1] and text[1:2].isalnum():
                cut = next(
                    (i for i, letter in enumerate(text[1:], start=1) if letter in valued or not letter.isalnum()),
                    len(text),
                )
                found += [msgspec.structs.replace(word, text="-" + letter, dynamic=False) for letter in text[1:cut]]
                if cut < len(text) and text[cut] in valued:
                    found.append(msgspec.structs.replace(word, text="-" + text[cut], dynamic=False))
                    if text[cut + 1 :]:
                        found.append(msgspec.structs.replace(word, text=text[cut + 1 :]))
                    else:
                        takes = True
                elif cut < len(text):
                    found.append(msgspec.structs.replace(word, text=text[cut:]))
                continue
            found.append(word)
        return msgspec.structs.replace(self, words=tuple(found))

    def targets(self, *with_value: str) -> list[Word]:
        """The operands of a command that has to have some: where options seem to take every word, the last is one after all."""
        found = self.operands(*with_value)
        return found or [word for word in self.words[-1:] if not word.text.startswith("-")]

    def pretends(self, *options: str) -> bool:
        """Whether one of these options (`-n`, `--dry-run`) is given and none takes it back (`--no-dry-run`, `--dry-run=false`)."""
        names = {option.lstrip("-") for option in options}
        back = ("--no-", *(f"--{name}=" for name in names if len(name) > 1))
        taken_back = any(word.text.startswith(back) and _unsaid(word.text, names) for word in self.words)
        return self.has(*options) and not taken_back

    def has(self, *options: str) -> bool:
        """Whether any of the options is given; a one-letter option is also found in a bundle (`-rf`), a long one with `=value`."""
        for word in self.words:
            text = word.text
            if text == "--":
                return False
            letters = _LETTERS.match(text) if text.startswith("-") else None
            for option in options:
                if text == option or (option.startswith("--") and text.startswith(option + "=")):
                    return True
                if letters and len(option) == 2 and option[1] in letters[1]:
                    return True
        return False

    def value(self, *options: str) -> Word | None:
        """The value of the first given option: the next word, what follows `=`, or what is attached to a single letter."""
        for at, word in enumerate(self.words):
            if not word.text.startswith("-"):
                continue
            named = (word.text, _last_of_bundle(word.text))
            for option in options:
                if option in named and at + 1 < len(self.words):
                    return self.words[at + 1]
                if len(option) == 2 and word.text.startswith(option) and _ATTACHED.match(word.text):
                    return Word(text=word.text[2:].removeprefix("="), dynamic=word.dynamic)
                if option.startswith("--") and word.text.startswith(option + "="):
                    return Word(text=word.text[len(option) + 1 :], dynamic=word.dynamic)
        return None


def as_command(words: tuple[Word, ...], command: Command, via: str, **changes: object) -> Command:
    """The words as a command of their own, reached through `command`."""
    first = words[0]
    name = "" if first.dynamic and ("$" in first.text or "`" in first.text) else first.text.rsplit("/", 1)[-1]
    return Command(
        name=name, words=words[1:], via=(*command.via, via), input=command.input, stdin=command.stdin, path=command.path,
        items=command.items, decoded=command.decoded, asked=first.text,
    )  # fmt: skip


_LETTERS = re.compile(r"-([A-Za-z0-9]+)")
_BUNDLE = re.compile(r"-(?![A-Z]{3,}$)[A-Za-z0-9]{1,4}([A-Za-z])")
_ATTACHED = re.compile(r"-[A-Za-z](?:[^A-Za-z-]|[A-Z][A-Za-z]+=)")


def _last_of_bundle(text: str) -> str:
    """Of several single letters, the last as an option: only that can take the next word (`-rt DIR`). Not of a signal (`-KILL`)."""
    bundle = _BUNDLE.fullmatch(text) if 2 < len(text) < 8 else None
    return "-" + bundle[1] if bundle else ""


def _unsaid(text: str, names: set[str]) -> bool:
    name, _, value = text.partition("=")
    return name[5:] in names or value.lower() in NOT_DRY


NOT_DRY = frozenset({"none", "false", "0", "no", "off"})
"""Values by which an option to pretend says that nothing is pretended."""


class Scene(Protocol):
    """What a handler may ask of its surroundings: where the run is, and the analysis of code inside code."""

    place: Place

    def shell(
        self,
        text: str,
        *,
        via: tuple[str, ...],
        path: str,
        args: Sequence[Word] = (),
        zero: str = "",
        same: bool = False,
    ) -> Iterable[Effect]:
        """Effects of shell text. `args` are its `$1`, `$2` ..., `zero` its `$0`; `same`: it runs in this very shell (`eval`, `source`)."""
        ...

    def command(self, command: Command) -> Iterable[Effect]:
        """Effects of another command, as when a wrapper runs one."""
        ...

    def code(self, language: str, text: str, *, via: tuple[str, ...], path: str) -> Iterable[Effect]:
        """Effects of program text (`python`, `javascript`, `perl`, `ruby`, `php`, `sql` ...); unknown languages are `dynamic`."""
        ...

    def content(self, path: str) -> tuple[Input, str]:
        """What reading this path gives, as far as is known: `text` and the text, `network` and the URL, `dynamic`, or
        `file` for a file nobody here has seen."""
        ...


Handler = Callable[[Command, Scene], Iterable[Effect]]
"""`handler(command, scene)` yields the effects of one simple command; redirections are added by the shell engine."""


_UNKNOWN_PIECE = re.compile(r"[$`{…]")
_ROOT_IF_EMPTY = re.compile(r"(?:/\$\{?\w+\}?/?|\$\{?\w+\}?/)\**$")


def _dynamic_scope(text: str, place: Place) -> Scope:
    """The scope of the folder before the first unknown piece; unknown where there is none, or where the rest climbs."""
    folder = _UNKNOWN_PIECE.split(text.replace("$HOME", "~"), maxsplit=1)[0].rpartition("/")[0]
    return "unknown" if not folder or folder == "~" or ".." in text else place.path_scope(folder)


def path_effect(
    kind: EffectKind,
    word: Word,
    command: Command,
    scene: Scene,
    *,
    reversible: Reversibility = "unknown",
    flags: Iterable[str] = (),
    certainty: Certainty = "parsed",
) -> Effect:
    """An effect on a file or folder, its scope and breadth filled in.

    An unresolved path makes the effect `dynamic`; its scope is then that of the folder that is written out before the first
    unknown piece, and it is broad where an empty variable would make it a root (`"$DIR"/*`).
    """
    target = word.text if word.dynamic else scene.place.resolve(word.text)
    if word.glob:
        flags = (*flags, "wildcard")
    if word.dynamic:
        scope, broad = _dynamic_scope(word.text, scene.place), bool(_ROOT_IF_EMPTY.match(word.text))
    else:
        scope, broad = scene.place.path_scope(word.text), scene.place.is_broad(word.text)
    return Effect(
        kind=kind,
        target=target,
        target_kind="path",
        scope=scope,
        reversible=reversible,
        certainty="dynamic" if word.dynamic else certainty,
        production=looks_production(target),
        broad=broad,
        flags=tuple(flags),
        via=command.via,
        path=command.path,
    )


def bounded(items: Sequence[Word], limit: int) -> list[Word]:
    """At most so many words; an unknown one stands for those beyond, so that none is hidden behind the others."""
    return [*items[:limit], Word(text="$MORE", dynamic=True)] if len(items) > limit else list(items)


_WRITES = frozenset({"create", "overwrite", "delete", "permission"})


def with_special(effects: Iterable[Effect]) -> list[Effect]:
    """The effects, and after each on a special path what that path makes of it.

    Reading a path that holds secrets is `credential`; writing, deleting, re-permitting or speaking to one that is run unasked
    later is `persistence`, one that supervises the agent `oversight`, one that says who has which rights `permission`; taking a log
    away is flagged `clears-logs`. File tools and the shell both pass through here.
    """
    found: list[Effect] = []
    for item in effects:
        kinds = special(item.target) if item.target_kind == "path" and item.scope != "temp" else None
        if not kinds:
            found.append(item)
            continue
        writes = item.kind in _WRITES or item.kind == "network-out"  # speaking to a program through its socket
        if "log" in kinds and (item.kind in ("delete", "overwrite") and "append" not in item.flags):
            item = msgspec.structs.replace(item, flags=(*item.flags, "clears-logs"))
        found.append(item)
        if "credential" in kinds and item.kind == "read" and "listing" not in item.flags:
            found.append(msgspec.structs.replace(item, kind="credential"))
        if writes:
            for kind in ("oversight", "persistence"):
                if kind in kinds:
                    found.append(msgspec.structs.replace(item, kind=kind))
            if "permission" in kinds and item.kind != "permission":
                found.append(msgspec.structs.replace(item, kind="permission"))
    return found


def write_effect(
    word: Word, command: Command, scene: Scene, *, flags: Iterable[str] = (), replaces: bool | None = None
) -> Effect:
    """Writing a file: `overwrite` when it is known to exist or stands where existing files matter, else `create`.

    `replaces` settles it where the command does. In the workspace and among temporary files an unknown file is taken to be
    new: most are, and what they replace is the agent's own.
    """
    flags = tuple(flags)
    path = scene.place.resolve(word.text)
    scope = scene.place.path_scope(word.text)
    if word.dynamic:
        replaces = bool(replaces)
    elif replaces is None:
        replaces = path in scene.place.files if scope in ("workspace", "temp", "local") else True
        replaces = replaces and "append" not in flags
        if not replaces and scope not in ("workspace", "temp", "local", "unknown"):
            replaces = True
    reversible: Reversibility = "partly" if "append" in flags or "in-place" in flags else "no" if replaces else "yes"
    return path_effect("overwrite" if replaces else "create", word, command, scene, reversible=reversible, flags=flags)


def effect(
    kind: EffectKind,
    target: str,
    target_kind: TargetKind,
    command: Command,
    *,
    scope: Scope = "unknown",
    reversible: Reversibility = "unknown",
    flags: Iterable[str] = (),
    certainty: Certainty = "parsed",
    broad: bool = False,
    dynamic: bool = False,
) -> Effect:
    """An effect on anything else."""
    return Effect(
        kind=kind,
        target=target,
        target_kind=target_kind,
        scope=scope,
        reversible=reversible,
        certainty="dynamic" if dynamic else certainty,
        production=looks_production(target),
        broad=broad,
        flags=tuple(flags),
        via=command.via,
        path=command.path,
    )
