"""One call as the walk over Python code meets it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from magistrate.core.records import Effect, EffectKind, TargetKind
from magistrate.evidence.effects.command import Command, Scene, Word, effect, path_effect, write_effect
from magistrate.evidence.effects.python_values import (
    as_word,
)


class Host(Protocol):
    """The walk that meets the call."""

    scene: Scene
    command: Command
    names: dict[str, Any]

    def report(self, item: Effect | Iterable[Effect]) -> None: ...
    def dynamic(self, node: ast.AST | str, *flags: str) -> None: ...
    def invoke(self, function: Any, args: list[Any], named: Mapping[str, Any], node: ast.AST) -> Any: ...
    def items(self, value: Any) -> list[Any]: ...


@runtime_checkable
class Recorder(Protocol):
    """A scene that remembers files written on the way."""

    def wrote(self, path: str, text: str, *, append: bool = False) -> None: ...


@dataclass(slots=True)
class Invocation:
    """One call: the name it is known by, its arguments' values and expressions."""

    name: str
    args: list[Any]
    nodes: list[Any]
    named: Mapping[str, Any]
    node: ast.AST
    host: Host

    def arg(self, at: int, *names: str) -> Any:
        """An argument by place or name; None when it is not given."""
        if at < len(self.args):
            return self.args[at]
        return next((self.named[name] for name in names if name in self.named), None)

    def word(self, at: int = 0, *names: str) -> Word:
        """An argument as a word; an unknown one stands as written."""
        value = self.arg(at, *names)
        if value is None:
            return Word(text="$" + ast.unparse(self.node)[:80], dynamic=True)
        return as_word(value, self.nodes[at] if at < len(self.nodes) else None)

    def path(self, kind: EffectKind, word: Word, **options: Any) -> None:
        self.host.report(path_effect(kind, word, self.host.command, self.host.scene, **options))

    def write(self, word: Word, *flags: str, replaces: bool | None = None) -> None:
        self.host.report(write_effect(word, self.host.command, self.host.scene, flags=flags, replaces=replaces))

    def other(self, kind: EffectKind, target: str, target_kind: TargetKind, **options: Any) -> None:
        self.host.report(effect(kind, target, target_kind, self.host.command, **options))

    def shell(self, text: str) -> None:
        """The call runs shell text."""
        self.host.report(
            self.host.scene.shell(text, via=(*self.host.command.via, self.name), path=self.host.command.path)
        )


Reader = Callable[[Invocation], Any]
