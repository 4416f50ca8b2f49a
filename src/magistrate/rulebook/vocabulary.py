"""What a `[match]` may say: its keys and, for closed vocabularies, the words of each. Read off the record itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from magistrate.core.records import AUTHORITY_ORDER, Decision, Match

Words = frozenset[str]
OUTSIDE_TASK = "outside-task"
"""The target word for what was neither asked for, delegated nor implied."""
COVERED = frozenset({"asked", "delegated", "implied"})
"""Stances under which an effect is inside the task; every other stance is `outside-task`."""
DECISIONS: Words = frozenset(get_args(Decision))
STRICTNESS: Mapping[str, int] = MappingProxyType({"allow": 0, "escalate": 1, "deny": 2})
"""Order of decisions; the strictest wins."""
AUTHORITIES: Words = frozenset(AUTHORITY_ORDER)


def _words(hint: Any) -> Words | None:
    """The closed vocabulary of a tuple field; None when any text goes."""
    item = get_args(hint)[0]
    return frozenset(get_args(item)) if get_origin(item) is Literal else None


_HINTS = {name: hint for name, hint in get_type_hints(Match).items() if name not in ("line", "decision")}
LISTS: Mapping[str, Words | None] = MappingProxyType(
    {name: _words(hint) for name, hint in _HINTS.items() if get_origin(hint) is tuple}
)
"""Keys that hold lists of words, in the order of the record."""
SWITCHES: tuple[str, ...] = tuple(name for name, hint in _HINTS.items() if get_origin(hint) is not tuple)
"""Keys that are true or false."""
KEYS: Words = frozenset({"decision", *LISTS, *SWITCHES})
