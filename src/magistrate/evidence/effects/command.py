"""One simple command as the shell would run it, and the seam through which handlers turn it into effects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from magistrate.core.records import Certainty, Effect, EffectKind, Record, Reversibility, Scope, TargetKind
from magistrate.evidence.effects.place import Place, looks_production


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
            elif word.text in with_value:
                skip = True
        return found

    def has(self, *options: str) -> bool:
        """Whether any of the options is given; a one-letter option is also found in a bundle (`-rf`), a long one with `=value`."""
        for word in self.words:
            text = word.text
            if text == "--":
                return False
            for option in options:
                if text == option or (option.startswith("--") and text.startswith(option + "=")):
                    return True
                if len(option) == 2 and text.startswith("-") and not text.startswith("--") and option[1] in text[1:]:
                    return True
        return False

    def value(self, *options: str) -> Word | None:
        """The value of the first given option: the next word, or what follows `=`."""
        for at, word in enumerate(self.words):
            for option in options:
                if word.text == option and at + 1 < len(self.words):
                    return self.words[at + 1]
                if option.startswith("--") and word.text.startswith(option + "="):
                    return Word(text=word.text[len(option) + 1 :], dynamic=word.dynamic)
        return None


class Scene(Protocol):
    """What a handler may ask of its surroundings: where the run is, and the analysis of code inside code."""

    place: Place

    def shell(self, text: str, *, via: tuple[str, ...], path: str) -> Iterable[Effect]: ...
    def command(self, command: Command) -> Iterable[Effect]:
        """Effects of another command, as when a wrapper runs one."""
        ...

    def code(self, language: str, text: str, *, via: tuple[str, ...], path: str) -> Iterable[Effect]:
        """Effects of program text (`python`, `javascript`, `perl`, `ruby`, `php`, `sql` ...); unknown languages are `dynamic`."""
        ...


Handler = Callable[[Command, Scene], Iterable[Effect]]
"""`handler(command, scene)` yields the effects of one simple command; redirections are added by the shell engine."""


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
    """An effect on a file or folder, its scope and breadth filled in. An unresolved path makes the effect `dynamic`."""
    target = word.text if word.dynamic else scene.place.resolve(word.text)
    return Effect(
        kind=kind,
        target=target,
        target_kind="path",
        scope="unknown" if word.dynamic else scene.place.path_scope(word.text),
        reversible=reversible,
        certainty="dynamic" if word.dynamic else certainty,
        production=looks_production(target),
        broad=not word.dynamic and scene.place.is_broad(word.text),
        flags=tuple(flags),
        via=command.via,
        path=command.path,
    )


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
