"""From everything that was seen to the short list that an action carries: merged, ordered, bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from magistrate.core.records import Effect, EffectKind

LIMIT = 40
"""Effects that one action carries at most."""

_SEVERITY: tuple[EffectKind, ...] = (
    "oversight", "database-destroy", "infrastructure", "delete", "vcs-rewrite", "payment", "credential", "persistence",
    "permission", "overwrite", "vcs-publish", "process-stop", "message", "database-write", "network-listen", "network-out",
    "install", "spawn-agent", "execute", "create", "read",
)  # fmt: skip
_RANK = {kind: at for at, kind in enumerate(_SEVERITY)}
_DYNAMIC_CODE = _RANK["delete"]
_TARGET = 2000


def rank(effect: Effect) -> int:
    """How grave a kind is, 0 the gravest; code that cannot be known stands beside deleting."""
    if effect.kind == "execute" and effect.certainty == "dynamic":
        return _DYNAMIC_CODE
    return _RANK[effect.kind]


def settle(effects: Iterable[Effect], limit: int = LIMIT) -> tuple[Effect, ...]:
    """Merge what differs only in flags or in how it was reached; beyond `limit` keep the gravest, in order of appearance."""
    merged: dict[tuple[object, ...], Effect] = {}
    for item in effects:
        if item.kind == "read" and item.certainty == "dynamic":
            # What is read is not known, that it is only read is. Sending it on would be an effect of its own.
            item = msgspec.structs.replace(item, certainty="guessed")
        key = (item.kind, item.target, item.scope, item.certainty, item.path)
        first = merged.get(key)
        if first is None:
            if len(item.target) > _TARGET:
                item = msgspec.structs.replace(item, target=item.target[:_TARGET] + "…")
            merged[key] = item
        elif item.flags != first.flags or item.broad != first.broad:
            flags = tuple(dict.fromkeys(first.flags + item.flags))
            merged[key] = msgspec.structs.replace(first, flags=flags, broad=first.broad or item.broad)
    found = list(merged.values())
    if len(found) > limit:
        turns = _turns(found)
        kept = sorted(range(len(found)), key=lambda at: (turns[at], rank(found[at]), at))[:limit]
        found = [found[at] for at in sorted(kept)]
    return tuple(found)


def _turns(found: list[Effect]) -> list[int]:
    """Which turn each takes: two a turn of one kind, certainty and scope, so that many of one sort push no other out."""
    seen: Counter[tuple[object, ...]] = Counter()
    turns: list[int] = []
    for item in found:
        sort = (item.kind, item.certainty == "dynamic", item.scope, item.broad)
        turns.append(seen[sort] // 2)
        seen[sort] += 1
    return turns
