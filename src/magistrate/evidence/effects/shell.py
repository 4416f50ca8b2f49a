"""Shell text to effects: the entry. The walk itself is in `engine`."""

from __future__ import annotations

import re
from functools import lru_cache

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, effect, with_special
from magistrate.evidence.effects.engine import Engine
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.settle import settle

_FENCED = re.compile(
    r"\s{0,80}(?P<mark>`{3,8}|~{3,8})[ \t]{0,8}(?:(?:bash|sh|shell|zsh|console|terminal)(?=\s)|(?=\r?\n))[ \t]{0,8}\r?\n?(?P<body>.*?)\s{0,80}(?P=mark)\s{0,80}",
    re.S,
)
_PRINTS = re.compile(r"\b(?:echo|printf|print|yes|base64|xxd|tr|rev|env|seq|date)\b")
_TICKED = re.compile(r"\s*`(?P<body>[^`\n]+)`\s*")


def unfenced(text: str, place: Place) -> str:
    """A command without the Markdown around the whole of it: one code fence, or one pair of backticks.

    A host may take them off, or hand them to the shell, which then runs the command *and what it prints*. So they are taken off
    only where what is printed is nobody else's to choose: never where something is fetched, and inside a mere pair of backticks
    neither where a file from outside the workspace is shown (running one from inside is no more than running a script of the
    project), nor where text is printed that the shell would run.
    """
    if "`" not in text and "~~~" not in text:
        return text
    fenced = _FENCED.fullmatch(text)
    if fenced and fenced["mark"] not in fenced["body"]:
        body = fenced["body"]
        return text if any(one.kind == "network-out" for one in effects(body, place)) else body
    ticked = _TICKED.fullmatch(text)
    if not ticked or _PRINTS.search(ticked["body"]):
        return text
    body = ticked["body"]
    return body if all(_quiet(one, place) for one in effects(body, place)) else text


def _quiet(one: Effect, place: Place) -> bool:
    if one.kind == "read":
        return "listing" in one.flags or (one.scope == "workspace" and not place.files)
    return one.kind != "network-out" and (one.kind != "execute" or "computes" in one.flags)


def effects(text: str, place: Place, *, path: str = "command", via: tuple[str, ...] = ()) -> tuple[Effect, ...]:
    """What a shell text would do, gravest kept if there are very many (`settle.LIMIT`).

    `path` says where in the action's arguments the text stands, `via` how it was reached. Never raises on any text.
    """
    text = unfenced(text, place)
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
