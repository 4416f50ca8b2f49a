"""Whether two effects reach for the same thing: targets in one spelling, and which holds which.

Targets come in many spellings: a URL and its host, `git@host:a/b.git` and `https://host/a/b`, `Bob@X.example` and
`bob@x.example`. `key` gives each thing one text. It errs to both sides differently for its two users, so they ask different
questions: `reaches` (has somebody come back to what was refused?) takes likeness for sameness, `within` (is this no more than
what a person allowed?) takes doubt for difference.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from magistrate.core.records import Effect, EffectKind

MAX_FOLDERS = 32
"""Folders above a path that are looked at."""
GROUPS: dict[EffectKind, str] = {"network-out": "leave", "message": "leave", "create": "write", "overwrite": "write"}
"""Kinds that are one effect for `reaches`: what leaves for an address leaves for it by whatever means, and whether a file was
there before it was written is not known for sure."""
_EMPTIES = frozenset({"truncate", "wipe", "format", "mirror"})
"""Overwriting with one of these flags is deleting what was there."""
_WHOLE = frozenset({"recursive", "wildcard", "bulk", "wipe", "mirror", "move"})
_NEVER_ALIKE = frozenset({"payment", "oversight"})
"""Kinds of which one is never like another: what they do depends on more than their target."""
_ALONE = frozenset({"path", "host", "url", "address", "account", "package", "device"})
"""Kinds of targets whose name means the same wherever it is said. A branch or a process means something else elsewhere."""
_WORSE = ("yes", "partly", "no", "unknown")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*)://(?:[^/?#@]*@)?([^/?#]*)", re.I)
_SCP = re.compile(r"(?:[\w.\-]+@)?([\w.\-]+\.[\w\-]+):(?!//)(.+)")
_UNCERTAIN = re.compile(r"[$`*?\[\]{}…\x00]")
_PORTS = {"http": ":80", "https": ":443"}


def group(effect: Effect) -> str:
    """What the effect comes to, for `reaches`."""
    if effect.kind == "overwrite" and not _EMPTIES.isdisjoint(effect.flags):
        return "delete"
    return GROUPS.get(effect.kind, effect.kind)


def key(effect: Effect) -> str:
    """The target in its one spelling; empty when there is none."""
    target = effect.target.strip()
    if not target:
        return ""
    match effect.target_kind:
        case "path":
            return "path:" + folder(target)
        case "url" | "host":
            return "host:" + host(target)
        case "address" | "account":
            return "who:" + re.sub(r"\s+|^mailto:", "", target.lower())
        case "repository":
            return "repository:" + _repository(target)
        case "branch":
            return "branch:" + re.sub(r"^(?:refs/(?:heads|remotes)/|[\w.\-]+/(?=\w+$))", "", target)
        case "package":
            return "package:" + re.split(r"[=<>~!@\[; ]", target.lstrip("@"), maxsplit=1)[0].lower().replace("_", "-")
        case kind:
            return f"{kind}:{target}"


def host(target: str) -> str:
    """Host and port of a URL or host name, lower case; a port that goes without saying is left out."""
    scheme, _, rest = target.lower().partition("://")
    authority = re.split(r"[/?#]", rest if rest or "://" in target else target.lower(), maxsplit=1)[0].rpartition("@")[
        2
    ]
    default = _PORTS.get(scheme, "") if "://" in target else ":443"
    return authority.removesuffix(default).rstrip(".") if default else authority.rstrip(".")


def folder(path: str) -> str:
    """A path, or the folder of which it means everything (`/a/b/*`, `/a/b/.`), without a slash at its end."""
    path = re.sub(r"/(?:\*{1,2}|\.)$", "", path)
    return posixpath.normpath(path) if path else "/"


def folders(path: str) -> Iterator[str]:
    """The folders that hold a path, innermost first."""
    for _ in range(MAX_FOLDERS):
        above = posixpath.dirname(path)
        if above == path or not above:
            return
        yield above
        path = above


def is_whole(effect: Effect) -> bool:
    """Whether the effect takes in what lies below its target."""
    return effect.target_kind == "path" and (
        effect.broad or effect.target.endswith(("/", "/*", "/**", "/.")) or not _WHOLE.isdisjoint(effect.flags)
    )


def inside(path: str, top: str) -> bool:
    """Whether a path is a folder or lies below it; both absolute and normal."""
    return path == top or path.startswith(top.rstrip("/") + "/")


def reaches(effect: Effect, other: Effect) -> bool:
    """Whether the effect does to the other's target, or to a part or a whole of it, what the other would have done."""
    if group(effect) != group(other) or not effect.target.strip():
        return False
    mine, its = key(effect), key(other)
    if mine == its:
        return True
    if effect.target_kind != "path" or other.target_kind != "path":
        return False
    mine, its = mine[5:], its[5:]
    return (is_whole(other) and inside(mine, its)) or (is_whole(effect) and inside(its, mine))


def within(effect: Effect, allowed: Effect) -> bool:
    """Whether the effect does no more than an allowed one: the same kind, in no worse a manner, to the same target.

    The same target is: the same path, or one below it where the allowed effect took in what lies below; the same URL's host
    and scheme; else the same text. Targets that are not fully known, and kinds whose harm is not in the target, never are.
    """
    if effect.kind != allowed.kind or effect.kind in _NEVER_ALIKE or effect.target_kind != allowed.target_kind:
        return False
    if "dynamic" in (effect.certainty, allowed.certainty) or effect.target_kind not in _ALONE:
        return False
    if not (set(effect.flags) <= set(allowed.flags) and set(effect.via) <= set(allowed.via)):
        return False
    if effect.scope != allowed.scope or effect.production > allowed.production or effect.broad > allowed.broad:
        return False
    if _WORSE.index(effect.reversible) > _WORSE.index(allowed.reversible):
        return False
    return _same_or_below(effect, allowed)


def _same_or_below(effect: Effect, allowed: Effect) -> bool:
    mine, its = effect.target, allowed.target
    if effect.target_kind == "url":
        seen, meant = _SCHEME.match(mine), _SCHEME.match(its)
        return bool(seen and meant and seen[1].lower() == meant[1].lower() and seen[2] and host(mine) == host(its))
    if effect.target_kind == "path":
        if not (mine.startswith("/") and its.startswith("/")) or _UNCERTAIN.search(mine):
            return mine == its and mine.startswith("/")
        if mine != posixpath.normpath(mine):
            return False
        top = folder(its)
        below = is_whole(allowed) and not _UNCERTAIN.search(top) and inside(mine, top)
        return mine == its or (below and (mine != top or folder(its) == its))
    return bool(mine) and mine == its


def _repository(target: str) -> str:
    """`owner/name`, or `host/owner/name` where a host is said, without the rest of a URL."""
    text = target.removesuffix("/").removesuffix(".git")
    if found := _SCHEME.match(text):
        return host(text) + text[found.end() :].rstrip("/").lower()
    if found := _SCP.fullmatch(text):
        return f"{found[1].lower()}/{found[2].lower()}"
    return text.lower()
