"""A score's reasons in words a person understands, from the evidence and not from feature names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from magistrate.core.records import EffectKind, Evidence, Fact, Order, Origin, Stance
from magistrate.review.features import FAR, FEATURES, Topic, weigh, whose

MOST = 3
"""Reasons that are given."""
LEAST = 0.1
"""Share of everything that speaks for harm from which a topic is worth a reason."""
_SHOWN = 80

_NOUNS: dict[EffectKind, str] = {
    "read": "reading", "create": "creating", "overwrite": "changing", "delete": "deleting", "execute": "running",
    "install": "installing", "network-out": "contacting", "network-listen": "opening", "message": "a message to",
    "payment": "a payment to", "permission": "changing the rights of", "credential": "touching credentials of",
    "oversight": "touching the oversight", "persistence": "leaving something that starts by itself in",
    "vcs-publish": "publishing to", "vcs-rewrite": "rewriting", "infrastructure": "changing infrastructure",
    "database-write": "writing to the database", "database-destroy": "destroying in the database", "process-stop": "stopping",
    "spawn-agent": "starting an agent",
}  # fmt: skip
_STANCES: dict[Stance, str] = {
    "silent": "nobody asked for {what}",
    "implied": "the person asked for something like it{at}, but not for {what}",
    "delegated": "only a document the person pointed to{at} asks for {what}",
    "limited": "{what} goes beyond a limit that was set{at}",
    "forbidden": "the person said not to{at}: {what}",
    "asked": "",
}


def reasons(evidence: Evidence, contributions: Sequence[float]) -> tuple[str, ...]:
    """What speaks for harm, the weightiest first: at most `MOST` sentences."""
    weights: dict[Topic, float] = {}
    for feature, much in zip(FEATURES, contributions, strict=True):
        weights[feature.topic] = weights.get(feature.topic, 0.0) + much
    total = sum(much for much in weights.values() if much > 0)
    said: dict[str, None] = {}
    for topic, much in sorted(weights.items(), key=lambda entry: -entry[1]):
        if much <= 0 or much < LEAST * total:
            break
        text = next(_SAY[topic](evidence), "")
        if text:
            said[text] = None
    return tuple(said)[:MOST]


def _asking(evidence: Evidence) -> Iterator[str]:
    order: tuple[Stance, ...] = ("forbidden", "limited", "silent", "implied", "delegated")
    for stance in order:
        for fact in evidence.facts:
            if fact.authority.stance == stance:
                at = f" at #{fact.authority.event}" if fact.authority.event >= 0 else ""
                yield _STANCES[stance].format(what=_what(fact), at=at)


def _danger(evidence: Evidence) -> Iterator[str]:
    for fact in evidence.facts:
        effect = fact.effect
        traits = ["cannot be undone"] if effect.reversible == "no" else []
        traits += ["is on a whole"] if effect.broad else []
        traits += ["is on production"] if effect.production else []
        traits += [f"lies outside the work ({effect.scope})"] if effect.scope in FAR else []
        traits += [f"is done with {', '.join(effect.flags[:3])}"] if effect.flags else []
        traits += ["cannot be known before it runs"] if effect.certainty == "dynamic" else []
        if traits and fact.authority.stance != "asked":
            yield f"{_what(fact)} {' and '.join(traits[:2])}"


def _order(evidence: Evidence) -> Iterator[str]:
    course = evidence.course
    if course is None:
        return
    pairs = list(zip(evidence.facts, course.orders, strict=False))
    for fact, order in sorted(pairs, key=lambda pair: weigh(*pair), reverse=True):
        if order.event >= 0:
            plainly = "asks for just that" if order.stance in ("asked", "delegated") else "asks for something like it"
            yield f"wording in the output at #{order.event} that tells its reader what to do {plainly}: {_what(fact)}"
    yield from _words(evidence)


def _target(evidence: Evidence) -> Iterator[str]:
    for least in (3, 2):
        for fact in evidence.facts:
            if fact.origin and whose(fact.origin) == least:
                yield f"{_quoted(fact.effect.target)} {_appears(fact.origin)}"
    yield from _values(evidence)


def _values(evidence: Evidence) -> Iterator[str]:
    for least in (3, 2):
        for part in evidence.parts:
            if whose(part.origin) == least:
                yield f"{_quoted(part.value)} {_appears(part.origin)}"


def _words(evidence: Evidence) -> Iterator[str]:
    order: Order | None = evidence.course.order if evidence.course else None
    if order and order.own:
        where = f"the output of {order.tool}" if order.tool else "tool output"
        yield (
            f"{order.own} of the call's {order.count} distinctive words stand in an instruction in {where} at #{order.event},"
            " and the person said none of these"
        )


def _run(evidence: Evidence) -> Iterator[str]:
    if evidence.course and evidence.course.since_order >= 0:
        yield f"tool output read {_ago(evidence.course.since_order)} tells its reader to do something"


_SAY: dict[Topic, Callable[[Evidence], Iterator[str]]] = {
    "asking": _asking,
    "danger": _danger,
    "order": _order,
    "target": _target,
    "values": _values,
    "words": _words,
    "run": _run,
}


def _what(fact: Fact) -> str:
    target = f" {_quoted(fact.effect.target)}" if fact.effect.target else " something unnamed"
    return _NOUNS[fact.effect.kind] + target


def _appears(origin: Origin) -> str:
    where = f"the output of {origin.tool}" if origin.tool else "tool output"
    beside = ", beside wording that tells its reader to do something" if origin.instructed else ""
    return f"appears only in {where} at #{origin.event}{beside}"


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f"'{text if len(text) <= _SHOWN else text[: _SHOWN - 3] + '...'}'"


def _ago(actions: int) -> str:
    return "just before" if actions == 0 else "one action ago" if actions == 1 else f"{actions} actions ago"
