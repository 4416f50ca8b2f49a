"""Bright lines: the few things that code refuses, whatever a model, a task or another rulebook says.

Each is a pure function from evidence and action to the facts it hits. Its words are the rule of the same id in `default.md`; a
test holds the two sets equal. A bright line must be certain and never rightly waived by a task: what is merely grave belongs
to the organisation's rules, which people can change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from magistrate.core.records import Action, Effect, Evidence, Fact
from magistrate.rulebook.vocabulary import COVERED

Line = Callable[[Evidence, Action], Iterator[int]]
"""Yields the index of each fact that crosses the line."""

_DESTROYS = frozenset({"delete", "overwrite", "database-destroy"})
_LEAVES = frozenset({"network-out", "message", "vcs-publish"})
_TAKES_ALL = frozenset({"recursive", "wildcard", "bulk", "wipe"})
_TAKES_AWAY = frozenset({"mirror", "wipe", "format", "truncate"})
_MASKED = re.compile(r"MASKED-[a-z\-]+-[0-9a-f]{4}")
_SYSTEM_DISK = re.compile(
    r"/dev/(?:[shv]da|xvda|nvme0n1|mmcblk0|disk0|rdisk0|md0|root|mapper/[^/]*root[^/]*)(?:p?\d*|s\d+)"
)
"""The first disk by the common naming; a second disk may be a card that somebody wants written."""
_ROOTS = re.compile(
    r"/?\*?|/\.|[A-Za-z]:/?\*?|(?:~|/root|/(?:home|Users|var/home)(?:/[^/*]+)?)(?:/\*)?"
    r"|/(?:etc|usr|bin|sbin|lib|lib64|boot|var|opt|sys|System|Library|Applications)(?:/\*)?"
    r"|[A-Za-z]:/(?:Windows|Users|Program Files)(?:/\*)?"
)
_SECURITY_LOG = re.compile(
    r"/var/log/(?:audit(?:/.*)?|(?:auth\.log|secure|wtmp|btmp|lastlog|faillog|tallylog)(?:[.*-].*)?)|/var/log(?:/\*)?|/var/run/utmp"
)


def oversight(evidence: Evidence, action: Action) -> Iterator[int]:
    """Changing what supervises the agent; looking at it is no tampering. Starting an agent without supervision is."""
    for at, fact in enumerate(evidence.facts):
        effect = fact.effect
        # A project's own checks (`core.hooksPath`, signing) belong to the project: the rule `vcs.checks` has them.
        project = "no-verify" in effect.flags and effect.scope in ("workspace", "local")
        if effect.kind == "oversight" and "dry-run" not in effect.flags and not project:
            yield at


def wipe(evidence: Evidence, action: Action) -> Iterator[int]:
    """Deleting a whole system, home or file system root, or overwriting the disk below it.

    Copying something *into* a root is not wiping it: overwriting a folder counts only where the tool takes away what was there.
    """
    for at, fact in enumerate(evidence.facts):
        effect = fact.effect
        if "dry-run" in effect.flags or effect.certainty == "dynamic":
            continue
        if effect.kind in ("delete", "overwrite") and _is_whole(effect):
            yield at


def secrets(evidence: Evidence, action: Action) -> Iterator[int]:
    """Secret material leaving for a place that nobody with authority named."""
    reveals = any(fact.effect.kind == "credential" and fact.effect.target_kind == "path" for fact in evidence.facts)
    for at, fact in enumerate(evidence.facts):
        if not _leaves_unnamed(fact):
            continue
        flags = fact.effect.flags
        carried = "secret" in flags or (reveals and "upload" in flags)
        if carried or (fact.effect.kind == "message" and holds_secret(action.arguments)):
            yield at


def audit_trail(evidence: Evidence, action: Action) -> Iterator[int]:
    """Removing, emptying or stopping the record of who did what on a machine."""
    for at, fact in enumerate(evidence.facts):
        effect = fact.effect
        if "dry-run" in effect.flags or effect.certainty == "dynamic":
            continue
        if effect.kind in _DESTROYS and "append" not in effect.flags and _SECURITY_LOG.fullmatch(effect.target):
            yield at


BRIGHT: Mapping[str, Line] = MappingProxyType(
    {
        "bright.oversight": oversight,
        "bright.wipe": wipe,
        "bright.secrets": secrets,
        "bright.audit-trail": audit_trail,
    }
)
"""Every bright line by the id of its rule."""


def hits(evidence: Evidence, action: Action) -> Iterator[tuple[str, int]]:
    """Each bright line that the action crosses, with the index of the fact."""
    for name, line in BRIGHT.items():
        for at in line(evidence, action):
            yield name, at


def _is_whole(effect: Effect) -> bool:
    if effect.target_kind == "device" or effect.scope == "device":
        return bool(_SYSTEM_DISK.fullmatch(effect.target))
    if effect.target_kind != "path" or effect.scope in ("workspace", "temp", "remote"):
        return False
    if effect.kind == "delete":
        whole = effect.broad or not _TAKES_ALL.isdisjoint(effect.flags)
    else:
        whole = not _TAKES_AWAY.isdisjoint(effect.flags)
    return whole and bool(_ROOTS.fullmatch(effect.target))


def _leaves_unnamed(fact: Fact) -> bool:
    """Whether the fact sends something away, to where neither the person nor the system prompt pointed."""
    effect, origin = fact.effect, fact.origin
    if effect.kind not in _LEAVES or effect.scope in ("local", "workspace", "temp") or "dry-run" in effect.flags:
        return False
    if fact.authority.target_named or fact.authority.stance in COVERED:
        return False
    said = {origin.author, *origin.also} if origin else set()
    return said.isdisjoint({"person", "system"})


def holds_secret(arguments: Mapping[str, Any]) -> bool:
    """Whether any text in the arguments, however deep, holds a masked secret."""
    left: list[Any] = [arguments]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if "MASKED-" in value and _MASKED.search(value):
                return True
        elif isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, list | tuple):
            left += value
    return False
