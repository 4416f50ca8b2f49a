"""From a chosen argument to a finished effect: target, its kind, where it lies, how wide it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

import msgspec

from magistrate.core.records import Certainty, Effect, EffectKind, Reversibility, Scope, TargetKind
from magistrate.evidence.effects.lexicon import TARGET_KIND
from magistrate.evidence.effects.naming import Reading
from magistrate.evidence.effects.place import Place, host_scope, looks_production
from magistrate.evidence.effects.schema import Leaf, shape_of

MAX_TARGET = 300
_REMOTE = frozenset({"message", "payment", "vcs-publish", "vcs-rewrite", "infrastructure"})
_WIDE = frozenset(
    {"*", "all", "everyone", "everybody", "public", "anyone", "world", "@channel", "@here", "@everyone", "@all"}
)
_TELLING = frozenset({"message", "network-out", "vcs-publish"})
_FILE_KINDS = frozenset(
    {"read", "create", "overwrite", "delete", "execute", "permission", "credential", "install", "persistence"}
)
_DATA_VALUE = re.compile(r"(?:[A-Za-z0-9+/_-]{40,}={0,2}|(?:[0-9a-fA-F]{2}){24,})")
_LONG_QUERY = 180
_LONG_LABEL = 40


def build(
    kind: EffectKind,
    leaf: Leaf | None,
    reading: Reading,
    place: Place,
    *,
    certainty: Certainty,
    reversible: Reversibility,
    flags: Iterable[str] = (),
    broad: bool = False,
    as_path: bool = False,
) -> Effect:
    """An effect on what a leaf names; on something unnamed when there is no leaf. `as_path`: it is known to be a file."""
    if leaf is None:
        return Effect(
            kind=kind,
            target_kind=TARGET_KIND.get(kind, "device" if "device" in reading.objects else "resource"),
            scope="remote" if kind in _REMOTE else "unknown",
            reversible=reversible,
            certainty=certainty,
            broad=broad,
            flags=tuple(flags),
        )
    text = leaf.text.strip()[:MAX_TARGET]
    target_kind = "path" if as_path and shape_of(leaf) in ("word", "path") else kind_of(kind, leaf, reading)
    scope: Scope = "remote" if kind in _REMOTE else "unknown"
    if target_kind == "path":
        broad = broad or place.is_broad(text)
        scope, text = place.path_scope(text), place.resolve(text)
    elif target_kind in ("url", "host"):
        scope = host_scope(host_of(text))
    elif target_kind == "repository" or (target_kind == "address" and shape_of(leaf) == "email"):
        scope = "remote"
    return Effect(
        kind=kind,
        target=text,
        target_kind=target_kind,
        scope=scope,
        reversible=reversible,
        certainty=certainty,
        production=looks_production(text),
        broad=broad or text.lower() in _WIDE,
        flags=tuple(flags),
        path=leaf.path,
    )


def kind_of(kind: EffectKind, leaf: Leaf, reading: Reading) -> TargetKind:
    """What a leaf names, seen from the effect it is the object of."""
    roles, form = leaf.key.roles, shape_of(leaf)
    usual = TARGET_KIND.get(kind)
    if kind in ("message", "payment") and not (kind == "message" and roles & {"repo", "url"}):
        return usual or "resource"
    if form == "url":
        return "url"
    if "host" in roles:
        return "host"
    if "path" in roles and kind in _FILE_KINDS and form not in ("number", "email"):
        return "path" if "id" not in roles or form == "path" else "resource"
    if form == "path" and (roles & {"id", "name", ""} or not roles) and leaf.text.startswith(("/", "~", "./", "../")):
        return "path"
    if "repo" in roles:
        return "repository"
    if usual is not None and kind != "credential":
        return usual
    if "device" in roles or ("device" in reading.objects and kind != "read"):
        return "device"
    for role, name in (
        ("user", "account"),
        ("package", "package"),
        ("database", "database"),
        ("table", "database"),
        ("agent", "agent"),
    ):
        if role in roles:
            return name  # type: ignore[return-value]
    if form in ("email", "phone", "handle"):
        return "address"
    return usual or "resource"


def outgoing_url(leaf: Leaf, certainty: Certainty, found: Sequence[Leaf], *, flags: Iterable[str] = ()) -> Effect:
    """Something goes out to a URL; `upload` when the call carries more than the URL."""
    text = leaf.text.strip()[:2000]
    carried = [other for other in found if other is not leaf and carries(other)]
    marks = tuple(dict.fromkeys((*flags, *(("upload",) if carried or data_in_url(text) else ()))))
    return Effect(
        kind="network-out",
        target=text,
        target_kind="url",
        scope=host_scope(host_of(text)),
        reversible="no",
        certainty=certainty,
        production=looks_production(host_of(text)),
        flags=marks,
        path=leaf.path,
    )


def carries(leaf: Leaf) -> bool:
    """Whether an argument is what is sent, rather than where to."""
    top = leaf.top
    return bool(top.roles & {"content", "secret"} or top.words & {"json", "form", "file", "files", "multipart"})


def host_of(url: str) -> str:
    """The host of a URL, with or without a scheme; empty when there is none."""
    try:
        return urlsplit(url if "://" in url else "//" + url).hostname or ""
    except ValueError:
        return url.split("://")[-1].split("/")[0][:200]


MASK = "MASKED-"
"""What every masked secret begins with (`core.mask`)."""


def with_secret(effects: Iterable[Effect], found: Sequence[Leaf]) -> list[Effect]:
    """The effects, those that tell something to others flagged `secret` where what is told holds a masked secret."""
    told = any(isinstance(leaf.value, str) and MASK in leaf.value and carries(leaf) for leaf in found)
    if not told:
        return list(effects)
    return [
        msgspec.structs.replace(effect, flags=tuple(dict.fromkeys((*effect.flags, "secret"))))
        if effect.kind in _TELLING
        else effect
        for effect in effects
    ]


def data_in_url(url: str) -> bool:
    """Whether a URL is long or odd enough to carry data out: a long query, an encoded value, an address, user information,
    or a very long host label."""
    head, _, query = url.partition("?")
    host = host_of(url)
    if any(len(label) > _LONG_LABEL for label in host.split(".")) or len(host) > 120:
        return True
    if "@" in head.split("://")[-1].split("/")[0]:
        return True
    if len(query) > _LONG_QUERY or _DATA_VALUE.search(query):
        return True
    return MASK in query or "%40" in query or ("@" in query and "." in query) or "%0A" in query.upper()
