"""Shell text to effects: the entry. The walk itself is in `engine`."""

from __future__ import annotations

from functools import lru_cache

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, effect, with_special
from magistrate.evidence.effects.engine import Engine
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.settle import settle


def effects(text: str, place: Place, *, path: str = "command", via: tuple[str, ...] = ()) -> tuple[Effect, ...]:
    """What a shell text would do, gravest kept if there are very many (`settle.LIMIT`).

    `path` says where in the action's arguments the text stands, `via` how it was reached. Never raises on any text.
    """
    if place.files:
        return _analyse(text, place, path, via)
    return _cached(text, place.cwd, place.home, place.roots, place.here, path, via)


@lru_cache(maxsize=2048)
def _cached(
    text: str, cwd: str, home: str, roots: tuple[str, ...], here: str, path: str, via: tuple[str, ...]
) -> tuple[Effect, ...]:
    return _analyse(text, Place(cwd=cwd, home=home, roots=roots, here=here), path, via)


def _analyse(text: str, place: Place, path: str, via: tuple[str, ...]) -> tuple[Effect, ...]:
    engine = Engine(place)
    try:
        found = engine.shell(text, via=via, path=path, same=True)
    except RecursionError:
        found = [
            effect("execute", text[:80], "code", Command(name="", via=via, path=path), dynamic=True, flags=("cut",))
        ]
    return settle(with_special(found))
