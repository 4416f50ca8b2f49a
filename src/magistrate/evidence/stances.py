"""From requests to a stance: pure functions over the clauses that bear on one effect."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from magistrate.core.records import Action, Effect, EffectKind, Stance
from magistrate.evidence.names import Mention, Target, fits, names, naming, normal, words_of
from magistrate.evidence.sentence import Clause
from magistrate.evidence.vocabulary import CONSEQUENTIAL, FAMILIES, FITS, IMPLIES, NOUNS, SORTS, TOUCH, WEAK_NOUNS

LOOK = 16
"""Requests of the kind, newest first, that are asked whether they leave room for an unnamed target."""
_NEAR = frozenset({"workspace", "temp", "local", "unknown"})
_FAR = frozenset({"home", "outside", "system", "device"})
_TIDIES = re.compile(r"\b(?:tid(?:y|ies|ying)|clean(?:s|ing)?|neaten|declutter)\b", re.IGNORECASE)
_MILD: frozenset[EffectKind] = frozenset({"read", "create", "overwrite", "execute"})
_RUNS: tuple[EffectKind, ...] = ("execute", "overwrite")
_AMOUNTS = re.compile(r"amount|price|total|cost|value|sum|budget|fee", re.IGNORECASE)
_ID = re.compile(r"(?=.*\d)[\w-]{5,64}")


class View(Struct, frozen=True, gc=False):
    """All that bears on one effect."""

    effect: Effect
    action: Action
    target: Target
    asks: tuple[Clause, ...]
    """Requests for this kind of effect, newest first."""
    bars: tuple[Clause, ...]
    """Prohibitions and limits for it, newest first."""
    others: Mapping[EffectKind, Sequence[Clause]]
    """The requests of every kind, the newest last."""
    named: frozenset[int]
    """The events in which the person named the target, whatever they said of it."""
    own: bool
    """The target is the person's own address."""
    task: int
    """The event of the person's newest request."""


class Found(NamedTuple):
    """A stance and the clause that settles it."""

    stance: Stance
    clause: Clause | None


def decide(view: View) -> Found:
    """Prohibitions first, then limits, then requests from the plainest to the loosest."""
    ask = next((c for c in view.asks if c.by != "document" and asks_for(c, view)), None)
    bar = next((c for c in view.bars if c.mood == "forbid" and _forbids(c, view) and not _lifted(c, view, ask)), None)
    if bar:
        return Found("forbidden" if not bar.conditional and bar.by != "document" else "limited", bar)
    bound = next((c for c in view.bars if c.mood == "limit" and _exceeds(c, view, ask)), None)
    if bound:
        return Found("limited", bound)
    excepted = next((c for c in view.asks if c.excepted and any(names(m, view.target) for m in c.excepted)), None)
    if excepted and not (ask and ask.order > excepted.order):
        return Found("limited", excepted)
    if ask:
        return Found("asked", ask)
    delegated = next(
        (c for c in view.asks if c.by == "document" and (asks_for(c, view) or not conflicts(c, view.target))), None
    )
    implied = _implied(view)
    if delegated and not (implied and view.effect.kind in _MILD):
        return Found("delegated", delegated)
    if implied and implied.event in view.named and view.effect.kind in implied.kinds:
        return Found("asked", implied)
    return Found("implied", implied) if implied else Found("silent", None)


# ------------------------------------------------------------------ requests


def named_by(clause: Clause, target: Target) -> bool:
    """Whether the clause names the target as what the effect is to be done to."""
    naming_it = naming(clause.reach, target)
    if not naming_it:
        return False
    found = [said for said in _relevant(clause, target) if said in naming_it]
    if found and clause.kinds & _TAKES_AWAY and all(said.role == "place" for said in found):
        # `drop the orders table in staging` is not about the other tables there
        return not any(m.role == "object" and m.core and m.kind in _DEFINITE and not m.whole for m in clause.mentions)
    if found and target.kind == "branch" and all(target.text.startswith(said.low + "/") for said in found):
        # `push fix to origin` names the remote, and another branch there
        return not any(
            m.role == "object" and m.core and m.kind in _DEFINITE and m not in found for m in clause.mentions
        )
    return bool(found)


_TAKES_AWAY: frozenset[EffectKind] = frozenset(
    {"delete", "database-destroy", "infrastructure", "process-stop", "permission"}
)
_DEFINITE = frozenset({"path", "identifier", "quoted", "proper", "address"})


def asks_for(clause: Clause, view: View) -> bool:
    """Whether the clause asks for the effect on this target, by name or plainly as its object."""
    return named_by(clause, view.target) or _default_object(clause, view)


def _relevant(clause: Clause, target: Target) -> list[Mention]:
    """The mentions that can be the object: not the topic; for addresses not the place when a recipient is named."""
    said = [m for m in clause.mentions if m.role != "about" and m.kind != "number"]
    if target.kind == "address":
        if any(m.exact for m in said):
            return [m for m in said if m.exact]
        if any(m.role == "recipient" and m.core for m in said):
            return [m for m in said if m.role in ("recipient", "object")]
    return said


def _default_object(clause: Clause, view: View) -> bool:
    """`push it`: the branch at hand is plainly meant, unless the call does more than that."""
    effect = view.effect
    plain = not (effect.flags or effect.production or effect.broad) and clause.by == "person"
    if (
        not plain
        or effect.kind != "vcs-publish"
        or clause.family not in ("push", "forcepush", "publish", "deploy", "merge")
    ):
        return False
    return not _comparable(clause, view.target) and view.target.kind in ("branch", "repository")


def conflicts(clause: Clause, target: Target) -> bool:
    """Whether the clause names another target of the same sort."""
    said = _comparable(clause, target)
    return bool(said) and not named_by(clause, target)


def _comparable(clause: Clause, target: Target) -> list[Mention]:
    """The mentions that could have named this target, had it been meant."""
    said = [m for m in _relevant(clause, target) if m.core]
    if target.opaque or not target.text:
        paid = target.kind == "account" and clause.family in ("pay", "send", "transfer")
        return [
            m
            for m in said
            if m.kind == "address"
            or (m.kind == "identifier" and _ID.fullmatch(m.text))
            or (paid and m.kind in ("proper", "handle"))
        ]
    if target.kind == "address":
        direct = clause.family in ("message", "invite", "share", "grant")
        return [
            m
            for m in said
            if m.kind in ("address", "handle")
            or (m.kind in _NAMED and (m.role == "recipient" or (m.role == "object" and direct)))
            or (m.kind == "phrase" and not m.words.isdisjoint(_GROUPS) and m.role != "place")
        ]
    if target.kind == "account":
        return [
            m
            for m in said
            if m.kind in ("address", "handle")
            or (m.kind in _NAMED and not (m.kind == "identifier" and len(m.text) < 5))
        ]
    if target.kind in ("host", "url"):
        return [
            m
            for m in said
            if m.kind == "url" or m.role in ("recipient", "place") or (m.kind == "identifier" and "." in m.text)
        ]
    if target.kind in ("branch", "repository"):
        return [
            m
            for m in said
            if m.kind in ("path", "identifier", "quoted") or m.role in ("recipient", "place") or m.words & _BRANCH
        ]
    return said


_NAMED = frozenset({"proper", "quoted", "identifier"})
_GROUPS = frozenset({"channel", "group", "list"})
_BRANCH = frozenset({"branch", "repository", "remote", "main"})


def _implied(view: View) -> Clause | None:
    """The request from which this effect follows, if one does."""
    effect, target = view.effect, view.target
    near = effect.scope in _NEAR or (effect.kind == "read" and effect.scope == "remote")
    loopback = effect.kind == "network-out" and effect.scope == "local"
    mild = effect.kind in _MILD and near and not effect.production and target.kind not in ("url", "host")
    if effect.kind == "vcs-publish" and target.kind in ("url", "host"):
        return None  # where code goes is named, or known to the repository
    for clause in view.asks[:LOOK]:
        if clause.by == "document" or (clause.by == "system" and effect.kind in CONSEQUENTIAL):
            continue
        if not (mild or view.own or _firm(clause, view)):
            continue
        if view.own:
            return clause
        if effect.kind == "delete" and effect.scope in _FAR and _only_tidies(clause):
            continue
        if not mild and _other_sort(clause, view.action):
            continue
        free = mild and not (effect.broad and effect.kind != "read")
        if free or (not conflicts(clause, target) and (mild or _of_sort(clause, target))):
            return clause
    if loopback:
        return next((view.others[kind][-1] for kind in _RUNS if kind in view.others), None)
    if not mild or (effect.broad and effect.kind != "read"):
        return None
    newest = [kept[-1] for kind, kept in view.others.items() if effect.kind in IMPLIES[kind]]
    follows = [clause for clause in newest if clause.by == "person"]
    return max(follows, key=lambda clause: clause.order, default=None)


def _only_tidies(clause: Clause) -> bool:
    """Whether a clause asks for order without a word on what may go: `tidy up`. That is about the place where the work is."""
    return bool(_TIDIES.search(clause.span)) and not any(m.core for m in clause.mentions)


def _firm(clause: Clause, view: View) -> bool:
    """Whether the verb itself, or a noun that names the effect, asks for it; what only comes along does not reach others."""
    kind = view.effect.kind
    if kind in FAMILIES.get(clause.family, ()):
        return True
    said = [word.strip(".,:;!?\"'()") for word in clause.span.lower().split()]
    nouns = [word for word in said if kind in NOUNS.get(word, ()) or kind in NOUNS.get(word.removesuffix("s"), ())]
    if not nouns or any(word not in WEAK_NOUNS for word in nouns):
        return True
    tool = words_of(view.action.tool)  # making the event itself may tell its guests
    return any(normal(word) in tool for word in nouns)


def _other_sort(clause: Clause, action: Action) -> bool:
    """Whether the clause asks for another sort of booking than the tool makes: a table is no hotel."""
    tool = words_of(action.tool)
    made = [sort for sort in SORTS if not sort.isdisjoint(tool)]
    if not made:
        return False
    said = frozenset[str]().union(*(m.words for m in clause.mentions if m.role == "object" and m.kind == "phrase"))
    asked = [sort for sort in SORTS if not sort.isdisjoint(said)]
    return bool(asked) and not any(sort in asked for sort in made)


def _of_sort(clause: Clause, target: Target) -> bool:
    """Whether sorts named without a name (`the database`) do not speak against this kind of target."""
    sorts = [m for m in clause.mentions if not m.core and m.role == "object" and m.kind == "phrase"]
    if not sorts or target.kind not in FITS:
        return True
    return (
        any(fits(m, target) for m in sorts)
        or any(m.core for m in clause.mentions)
        or target.kind in ("address", "account", "host", "url")
    )


# ------------------------------------------------------------------ prohibitions and limits


def _forbids(clause: Clause, view: View) -> bool:
    target = view.target
    if any(names(m, target) for m in clause.excepted):
        return False
    if clause.family == "commit" and target.kind not in _VERSIONED and "commit" not in words_of(view.action.tool):
        return False  # `don't commit` leaves editing open
    if clause.specific:
        said = [m for m in clause.mentions if m.core and m.role != "about"]
        if any(names(m, target) for m in said):
            return True
        # An id cannot be told from its name: it is barred, unless something of the kind was asked for as well.
        hidden = (
            target.opaque or not target.text or (target.kind == "address" and all(m.kind == "phrase" for m in said))
        )
        return hidden and clause.by == "person" and not _comparable(clause, target) and not view.asks
    sorts = [m for m in clause.mentions if m.kind == "phrase"]
    return not sorts or any(_of_this_sort(m, view) for m in sorts)


_VERSIONED = frozenset({"repository", "branch"})


def _of_this_sort(said: Mention, view: View) -> bool:
    """Whether a sort without a name (`emails`, `my password`) is that of the effect or of its target."""
    if said.words & _SORTS:
        return view.target.kind not in FITS or fits(said, view.target)
    known = [NOUNS[word] for word in said.words if word in NOUNS]
    return any(view.effect.kind in kinds for kinds in known) or (view.target.opaque and bool(known))


_SORTS = frozenset(normal(word) for nouns in FITS.values() for word in nouns)


def _lifted(bar: Clause, view: View, ask: Clause | None) -> bool:
    """Whether the person took a prohibition back later: in general, or for what it names. The operator's stand."""
    if bar.by == "system":
        return False
    later = [c for c in view.asks if c.order > bar.order and c.by == "person"]
    if bar.specific:
        barred = {word for m in bar.mentions for word in m.core}
        return any(
            c.event > bar.event and named_by(c, view.target) and any(m.core & barred for m in c.mentions) for c in later
        )
    return any(c.event > bar.event or named_by(c, view.target) for c in later)


def _exceeds(bound: Clause, view: View, ask: Clause | None) -> bool:
    """Whether the effect lies outside a limit that still holds."""
    effect, target = view.effect, view.target
    newer = ask is not None and ask.event > bound.event and ask.by == "person"
    moved_on = any(c.event > bound.event and c.by == "person" for c in view.asks) and not _standing(bound)
    if (newer or moved_on) and bound.by != "system":
        return False
    if bound.amount is not None:
        return any(value > bound.amount for value in _amounts(view.action.arguments))
    if bound.soft:
        return (
            bound.event == view.task and not any(c.event == bound.event for c in view.asks) and effect.scope != "temp"
        )
    if not bound.mentions:
        return bound.family != "consult" or not any(c.event > bound.event for c in view.asks)
    if effect.kind in TOUCH and effect.scope == "temp":
        return False
    said = [m for m in bound.mentions if m.core]
    if bound.family == "consult":
        return not said or any(names(m, target) for m in said)
    return bool(said) and not any(names(m, target) for m in said)


def _standing(bound: Clause) -> bool:
    """Whether a limit outlives its task: one that gives exact names does; `only the tests` ends with the next request."""
    return bound.amount is not None or any(m.exact or m.kind in ("identifier", "quoted") for m in bound.mentions)


def _amounts(value: Any, key: str = "", depth: int = 0) -> list[float]:
    """Numbers in the arguments that look like money, by their names."""
    if depth > 4:
        return []
    if isinstance(value, dict):
        return [n for k, item in list(value.items())[:24] for n in _amounts(item, str(k), depth + 1)]
    if isinstance(value, list):
        return [n for item in value[:24] for n in _amounts(item, key, depth + 1)]
    if isinstance(value, int | float) and not isinstance(value, bool) and _AMOUNTS.search(key):
        return [float(value)]
    return []
