"""Program text to effects: the entry for tools that run code (a Python cell, a JavaScript sandbox, a SQL console)."""

from __future__ import annotations

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, effect, with_special
from magistrate.evidence.effects.engine import Engine
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.settle import settle


def effects(
    language: str, text: str, place: Place, *, path: str = "code", via: tuple[str, ...] = ()
) -> tuple[Effect, ...]:
    """What program text in `language` would do, gravest kept if there are very many. Never raises on any text.

    `language`: `python` (IPython cells with `!`, `%` and `%%` too), `bash`, `sql`, `javascript`, `perl`, `ruby`, `php`, `lua`, `awk`, `r`,
    `powershell`, `applescript`; any other gives one `execute` of certainty `dynamic`. Python that only computes gives
    one `execute` with flag `computes`.
    """
    engine = Engine(place)
    try:
        found = list(engine.code(language, text, via=via, path=path))
    except RecursionError:
        found = [
            effect("execute", text[:80], "code", Command(name="", via=via, path=path), dynamic=True, flags=("cut",))
        ]
    return settle(with_special(found))
