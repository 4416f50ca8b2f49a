"""Which argument is the object of an effect: by the roles of its key, the nouns of the tool's name, the shape of its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from magistrate.core.records import EffectKind
from magistrate.evidence.effects.schema import Leaf, shape_of

MAX_TARGETS = 12
"""Effects that one kind gives at most; beyond it the last is broad and flagged `bulk`."""
_THRESHOLD = 12
_VAGUE = 20
"""Points of an argument whose key says nothing."""
_MATCH = 40
"""For a key that shares a noun with the tool's name."""

_NEVER = frozenset({"content", "amount", "time", "option", "secret", "query", "command", "code", "sql"})
_IDENTITY = frozenset(
    {"id", "name", "path", "url", "user", "repo", "resource", "device", "recipient", "table", "account"}
)
_ANY: Mapping[str, int] = {"path": 80, "id": 70, "device": 65, "repo": 60, "resource": 50, "name": 45, "user": 45, "table": 45,
    "database": 45, "branch": 45, "recipient": 40, "channel": 40, "url": 40, "account": 40, "process": 40, "package": 40,
    "host": 30, "agent": 30, "payee": 30, "": 15}  # fmt: skip

_WEIGHTS: Mapping[EffectKind, Mapping[str, int]] = {
    "payment": {"payee": 100, "account": 90, "recipient": 85, "user": 60, "id": 40, "name": 30, "resource": 20, "device": 20, "": 18},
    "message": {"recipient": 100, "user": 85, "channel": 80, "agent": 60, "name": 50, "id": 45, "repo": 40, "url": 35, "resource": 20, "device": 20, "": 15},
    "permission": {"user": 100, "recipient": 96, "subject": 70, "path": 50, "repo": 45, "account": 45, "id": 40, "name": 30,
                   "database": 30, "resource": 30, "channel": 25, "device": 20, "": 20},
    "credential": {"account": 90, "user": 85, "name": 70, "url": 70, "path": 75, "host": 70, "id": 50, "repo": 40, "resource": 45,
                   "recipient": 60, "device": 30, "": 40},
    "create": {**_ANY, "path": 90, "name": 60, "id": 45},
    "read": {**_ANY, "path": 90, "url": 90, "repo": 70},
    "infrastructure": {**_ANY, "resource": 80, "path": 30, "name": 60, "host": 60},
    "process-stop": {**_ANY, "process": 90},
    "network-out": {"url": 100, "host": 95, "database": 60, "path": 50, "repo": 40},
    "spawn-agent": {"agent": 90, "name": 60, "user": 40, "id": 40},
    "install": {"package": 90, "name": 60, "url": 60, "id": 40, "path": 40, "resource": 40, "": 15},
    "vcs-publish": {"repo": 100, "branch": 50, "url": 60, "path": 30, "id": 20, "name": 20},
    "vcs-rewrite": {"branch": 100, "repo": 60},
    "database-write": {"table": 90, "database": 80, "name": 50, "id": 30, "resource": 20, "": 15},
    "database-destroy": {"table": 90, "database": 80, "name": 50, "id": 30, "resource": 20, "": 15},
    "persistence": {"command": 90, "path": 80, "process": 75, "name": 60, "url": 50, "id": 40, "": 15},
    "execute": {**_ANY, "process": 65},
}  # fmt: skip
_SHAPES: Mapping[EffectKind, Mapping[str, int]] = {
    "payment": {"iban": 110, "coin": 100},
    "message": {"email": 92, "phone": 95, "handle": 88, "channel": 84},
    "permission": {"email": 90, "handle": 80},
    "network-out": {"url": 90},
}
_BY_FORM: Mapping[str, int] = {"email": 55, "phone": 50}
_TITLED = frozenset({"create", "overwrite", "delete", "read"})
_TITLE = 200
"""Characters of a title."""
_ADDRESSES = frozenset({"email", "phone", "handle", "channel"})


def choose(kind: EffectKind, found: Sequence[Leaf], nouns: frozenset[str], *, source: bool = False) -> list[Leaf]:
    """The leaves that name what an effect of this kind acts on, best first; empty when none does.

    `nouns`: base words of the tool's name. `source`: look for where something comes from, as for the read half of a copy.
    """
    scored = [(score(kind, leaf, nouns, source), -leaf.depth, -at, leaf) for at, leaf in enumerate(found)]
    scored = [entry for entry in scored if entry[0] >= _THRESHOLD]
    if not scored:
        return []
    top = max(scored)[0]
    if kind == "message" and any(_addressed(leaf) for _, _, _, leaf in scored):
        best = [entry for entry in scored if _addressed(entry[3]) and entry[0] >= 70]
    else:
        best = [entry for entry in scored if entry[0] == top]
        name = max(best)[3].name
        best = [entry for entry in best if entry[3].name == name or entry[3].depth == max(best)[3].depth]
    # Several arguments that nothing tells apart: none of them is known to be the object.
    if top <= _VAGUE and len({entry[3].name for entry in best}) > 1:
        return []
    return [entry[3] for entry in best]


def _addressed(leaf: Leaf) -> bool:
    return bool(leaf.key.roles & {"recipient", "user", "channel"}) or shape_of(leaf) in _ADDRESSES


def score(kind: EffectKind, leaf: Leaf, nouns: frozenset[str], source: bool) -> int:
    """How well a leaf fits as the object; 0 or less: not at all."""
    if isinstance(leaf.value, (bool, float)) or (isinstance(leaf.value, str) and not leaf.value.strip()):
        return 0
    key, form = leaf.key, shape_of(leaf)
    weights = _WEIGHTS.get(kind, _ANY)
    by_shape = _SHAPES.get(kind, _BY_FORM).get(form, 0)
    if "secret" in key.roles and not leaf.text.startswith(("ssh-", "ecdsa-", "-----BEGIN PUBLIC")):
        return 0
    barred = key.roles & _NEVER and not key.roles & (_IDENTITY | {"payee", "channel", "subject", "agent", "process"})
    if (kind == "persistence" and "command" in key.roles) or (source and key.source):
        barred = frozenset()
    if form == "text" and not by_shape and not (key.roles & {"path", "url"}) and not _titled(kind, leaf):
        return 0
    if barred and not (by_shape and "content" not in key.roles and "query" not in key.roles):
        return 0
    if form == "number" and not key.roles & (_IDENTITY | {"process", "payee"}) and not key.words & nouns:
        return 0
    points = max((weights.get(role, 0) for role in key.roles), default=0) or weights.get("", 0)
    points = max(points, by_shape)
    if key.words & nouns and not (kind == "permission" and "subject" in key.roles):
        points += _MATCH
    if key.source != source:
        points -= 60 if key.source else 30
    return points - 4 * (leaf.depth - 1)


def _titled(kind: EffectKind, leaf: Leaf) -> bool:
    """Whether a long text is the title of the thing: one line under a key that names things, and nobody's name."""
    return kind in _TITLED and "name" in leaf.key.roles and len(leaf.text) <= _TITLE and "\n" not in leaf.text


def is_address(leaf: Leaf) -> bool:
    """Whether a message can be sent to it: by its form, or by its key."""
    return shape_of(leaf) in _ADDRESSES or (
        "recipient" in leaf.key.roles and shape_of(leaf) in ("word", "email", "phone")
    )
