"""What touches the supervision of this very installation: its folder, ledger, socket, program; by whatever kind of tool.

The effects engine knows supervision by its usual names. Where an installation lies is known only where it runs, so the gate
adds this step: facts on a guarded path, on a folder that holds one, on a socket, and code that cannot be followed and names
one of them, become `oversight` facts too.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from magistrate.core.records import Action, Authority, Effect, EffectKind, Evidence, Fact
from magistrate.evidence.effects.place import AGENT_FOLDERS
from magistrate.evidence.sameness import folder, inside, is_whole, key

_WRITES: frozenset[EffectKind] = frozenset({"create", "overwrite", "delete", "permission", "persistence"})
_TAKES: frozenset[EffectKind] = frozenset({"delete", "permission"})
_OPAQUE = frozenset({"inline-code", "computes", "unseen-script"})
_NAMED = re.compile(
    r"\.local/state/magistrate|magistrate\.sock|\bMAGISTRATE_[A-Z]+|CLAUDE_CONFIG_DIR|CODEX_HOME|magistrate_hook"
    r"|(?:from|import)\s+magistrate\.(?:ledger|cli|server|docket|gate|hosts|core\.config|law|review)"
)
"""How code that cannot be followed gives itself away, wherever the installation lies."""
_SOUGHT = re.compile(r"\b(?:pgrep|pidof)\b([^|;&)\n]{1,200})").findall
"""What processes are looked for, to be ended by their number."""
PROCESS, COMMAND = "pid:", "command:"
"""How a process stands among what is guarded: by its number, and by the command line that it runs under."""
MAX_TEXT = 400_000
"""Characters of an action's arguments that are searched."""


def watched(evidence: Evidence, action: Action, guarded: Sequence[str]) -> Evidence:
    """The evidence, with an `oversight` fact for each fact that touches what supervises.

    `guarded`: absolute paths, and processes as `pid:NUMBER` and `command:/usr/bin/python3.11 -m magistrate serve`.
    """
    text: str | None = None
    found: list[Fact] = []
    for fact in evidence.facts:
        effect = fact.effect
        if effect.kind == "oversight":
            continue
        if effect.kind == "read":
            if posixpath.basename(effect.target) == "token" and _within(effect, guarded):
                found.append(_also(fact, "credential", effect.target))
        elif touched := _ended(effect, guarded) or _touched(effect, guarded):
            found.append(_also(fact, "oversight", touched))
        elif _is_opaque(effect):
            text = _texts(action.arguments) if text is None else text
            if named := _named(text, effect, guarded):
                found.append(_also(fact, "oversight", named))
    return replace(evidence, facts=(*evidence.facts, *found)) if found else evidence


def _ended(effect: Effect, guarded: Sequence[str]) -> str:
    """Which supervising process a signal reaches: by its number, its group's, its name, or as one of all; empty when none."""
    if effect.kind != "process-stop":
        return ""
    named = PROCESS + effect.target.lstrip("-").lstrip("0")
    for one in guarded:
        if one == named or (effect.target == "-1" and one.startswith(PROCESS)):
            return one
        if one.startswith(COMMAND) and _is_name_of(effect.target, one.removeprefix(COMMAND)):
            return one
    return ""


def _is_name_of(said: str, command: str) -> bool:
    """Whether a signal by name reaches a process: a word stands in the name of its program, several in the command line."""
    said = said.strip().strip("^$").removesuffix(".*")
    within = command if " " in said else posixpath.basename(command.partition(" ")[0])
    return len(said) > 1 and said in within


def _touched(effect: Effect, guarded: Sequence[str]) -> str:
    """What of the supervision an effect on a known target touches; empty when none."""
    if effect.target_kind == "package":
        return effect.target if key(effect) == "package:magistrate" else ""
    if effect.kind == "network-out":
        return effect.target if effect.target.startswith("/") and _within(effect, guarded) else ""
    if effect.target_kind != "path" or effect.kind not in _WRITES:
        return ""
    path = folder(effect.target)
    if _within(effect, guarded):
        return effect.target
    if effect.kind == "overwrite" and any(posixpath.dirname(one) == path for one in guarded):
        return effect.target  # it may land in the folder itself
    if effect.kind in _TAKES or is_whole(effect):
        shallow = effect.kind not in _TAKES and effect.target.endswith("/*") and "recursive" not in effect.flags
        held = "" if shallow else next((one for one in guarded if inside(one, path)), "")
        if held and path.startswith("/"):
            return held
        if effect.kind != "create" and posixpath.basename(path) in AGENT_FOLDERS:
            return effect.target
    return ""


def _within(effect: Effect, guarded: Sequence[str]) -> bool:
    path = folder(effect.target)
    return any(inside(path, one) for one in guarded)


def _is_opaque(effect: Effect) -> bool:
    """Whether what it does is not fully told by its target."""
    if effect.kind in ("database-write", "database-destroy"):
        return True
    if effect.kind == "process-stop":
        return effect.certainty == "dynamic"
    return effect.kind == "execute" and (effect.certainty == "dynamic" or not _OPAQUE.isdisjoint(effect.flags))


def _named(text: str, effect: Effect, guarded: Sequence[str]) -> str:
    """What of the supervision an action's text names."""
    if effect.kind == "process-stop":
        sought = [word for found in _SOUGHT(text) for word in found.split()]
        commands = [one.removeprefix(COMMAND) for one in guarded if one.startswith(COMMAND)]
        if any(_is_name_of(word.strip("'\""), command) for word in sought for command in commands):
            return "magistrate"
        return "magistrate" if "magistrate" in text.lower() else ""
    for one in guarded:
        for spelling in _spellings(one):
            if spelling in text:
                return one
    match = _NAMED.search(text)
    return match[0] if match else ""


def _spellings(path: str) -> Iterator[str]:
    yield path
    home = re.match(r"(?:/home/[^/]+|/Users/[^/]+|/root)(/.+)", path)
    if home and home[1].count("/") > 1:
        yield home[1]


def _also(fact: Fact, kind: EffectKind, target: str) -> Fact:
    effect = replace(fact.effect, kind=kind, target=target[:400], certainty="parsed", flags=fact.effect.flags)
    return Fact(effect=effect, authority=Authority(stance="silent"), origin=fact.origin)


def _texts(value: Any) -> str:
    """All texts in the arguments, bounded."""
    left, found, size = [value], list[str](), 0
    while left and size < MAX_TEXT:
        one = left.pop()
        if isinstance(one, str):
            found.append(one)
            size += len(one)
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list | tuple):
            left += one
    return "\n".join(found)
