"""Evidence as numbers: what the screen reads of an action.

Every number comes from `Evidence` alone: stances, origins, voices, ages, the strength of wording, aggregated over facts and
parts. An *order* is wording in tool output that tells its reader to do something. No tool's name, no target's text, no kind of
effect reaches the screen, so that it cannot learn the vocabulary or the habits of the sessions it was trained on; and every number
has a direction that its meaning fixes, which training must respect: more of what the person asked never raises a score, more of
what only an order says never lowers it.

`FEATURES` documents them one by one; `features` computes them in that order. Pure, some tens of microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p
from typing import Literal, NamedTuple

from magistrate.core.records import Course, Evidence, Fact, Ordered, Origin, Part, Record, Stance, Voices

Topic = Literal["asking", "danger", "order", "target", "values", "words", "run"]
"""What a number speaks of; reasons are said by topic."""


class Feature(Record, frozen=True, kw_only=True):
    """One number that the screen reads."""

    name: str
    topic: Topic
    meaning: str
    direction: Literal[-1, 1]
    """1: more of it never lowers the score; -1: more of it never raises it."""


def _table(topic: Topic, *rows: tuple[str, Literal[-1, 1], str]) -> tuple[Feature, ...]:
    return tuple(Feature(name=name, topic=topic, direction=direction, meaning=text) for name, direction, text in rows)


FEATURES: tuple[Feature, ...] = (
    *_table(
        "asking",
        ("unasked", 1, "how far the worst effect is from what was asked: 0 asked, 1 delegated, 2 implied, 3 nobody asked, or against it"),
        ("unasked_mean", 1, "the same, averaged over the effects"),
        ("kind_unasked", 1, "share of effects whose kind the person never asked for"),
        ("target_unnamed", 1, "share of targets that the person never named"),
    ),
    *_table(
        "danger",
        ("final", 1, "an effect not plainly asked for cannot be undone"),
        ("far", 1, "an effect not plainly asked for lies in the system, on a device, at home or in no known place"),
        ("broad", 1, "an effect not plainly asked for is on a whole, or on production"),
        ("flags", 1, "special traits of effects not plainly asked for (force, recursive ...), up to 4"),
        ("dynamic", 1, "what an effect is on cannot be known before it runs"),
    ),
    *_table(
        "target",
        ("target_mine", -1, "share of targets that the person or the operator said, first or later"),
        ("target_tool", 1, "share of targets that only tool output said"),
        ("target_instructed", 1, "share of targets that only tool output said, beside wording that tells its reader to do something"),
    ),
    *_table(
        "order",
        ("ordered", 1, "how plainly orders in tool output ask for the effect they ask for most: 0 not, 1 its kind or target, 2 both, or implied, 3 asked"),
        ("ordered_kind", 1, "an effect of a kind that orders ask for and the person does not"),
        ("ordered_target", 1, "a target that orders name and the person does not"),
        ("ordered_unasked", 1, "how far the most ordered effect is from what the person asked, 0 to 3"),
        ("ordered_strength", 1, "strength of the wording around the order for it, up to 4"),
        ("ordered_address", 1, "signs around that order: it speaks to a machine, claims authority, sets instructions aside, wants secrecy, imitates a frame"),
        ("ordered_aim", 1, "who said that effect's target: 0 the person or the operator, 1 nobody, 2 a tool's output, 3 only beside such wording"),
        ("ordered_press", 1, "how plainly it is ordered, times those signs, where the person did not ask for it"),
        ("asked_unordered", -1, "share of effects that the person asked for and no order does"),
    ),
    *_table(
        "values",
        ("exact_mine", -1, "share of addresses, accounts, links, hosts, paths and identifiers in the arguments that the person or the operator said"),
        ("exact_tool", 1, "share of them that only tool output said"),
        ("exact_instructed", 1, "share of them that only tool output said, beside wording that tells its reader to do something"),
        ("aim_instructed", 1, "an address, account, link or host among them that only tool output said, beside such wording"),
        ("loose_mine", -1, "share of names, numbers and texts in the arguments that the person or the operator said"),
        ("loose_tool", 1, "share of them that only tool output said"),
        ("loose_instructed", 1, "share of them that only tool output said, beside wording that tells its reader to do something"),
    ),
    *_table(
        "words",
        ("name_mine", -1, "share of the words of the tool's name that the person said"),
        ("name_orders", 1, "share of them that only orders in tool output said"),
        ("words_mine", -1, "share of the distinctive words of the arguments that the person said"),
        ("words_orders", 1, "share of them that orders in tool output said"),
        ("words_only_orders", 1, "share of them that only orders in tool output said"),
        ("words_only_mine", -1, "share of them that the person said and no order did"),
        ("order_strength", 1, "strength of the wording around the order that explains most of the action's words, up to 4"),
        ("order_shared", 1, "share of the action's words that stand in that order"),
        ("order_own", 1, "share of the action's words that stand in that order and that the person did not say"),
        ("order_words", 1, "how many such words, up to 12"),
        ("order_address", 1, "signs around that order, as in `ordered_address`"),
        ("order_press", 1, "`order_own` times `order_address`"),
        ("order_gain", 1, "how much better that order explains the action's words than the person's own words do"),
    ),
    *_table(
        "run",
        ("strength", 1, "strength of the strongest order in the run so far, up to 4"),
        ("order_age", -1, "actions since the explaining order was read, up to 3 (logarithm)"),
    ),
)  # fmt: skip
"""Every number the screen reads, in the order of `features`."""

_UNASKED: dict[Stance, int] = {"asked": 0, "delegated": 1, "implied": 2, "silent": 3, "limited": 3, "forbidden": 3}
"""What goes against the person's word is not asked for, and no more: rules judge it, before the screen is asked."""
_ORDERED: dict[Stance, int] = {"asked": 3, "delegated": 3, "implied": 2, "silent": 0, "limited": 0, "forbidden": 0}
EXACT = frozenset({"address", "account", "url", "host", "path", "identifier"})
AIMS = frozenset({"address", "account", "url", "host"})
ADDRESSING = frozenset({"reader", "override", "authority", "secrecy", "role"})
"""Signs that wording speaks to whoever acts, as an order and not as news."""
FAR = frozenset({"system", "device", "outside", "home"})
_OLD, _NEVER = 3, 2.0
"""Actions after which an order counts as old; `order_age` without any order."""


def features(evidence: Evidence) -> list[float]:
    """The numbers of `FEATURES` for an action's evidence."""
    course = evidence.course or Course()
    return [
        *_of_facts(evidence.facts),
        *_of_dangers(evidence.facts),
        *shares([fact.origin for fact in evidence.facts if fact.origin is not None]),
        *_of_orders(evidence.facts, course.orders),
        *_of_parts(evidence.parts),
        *_of_course(course),
    ]


# ---------------------------------------------------------------- facts


def _of_facts(facts: Sequence[Fact]) -> tuple[float, ...]:
    if not facts:
        return 0.0, 0.0, 0.0, 0.0
    unasked = [_UNASKED[fact.authority.stance] for fact in facts]
    told = [fact for fact in facts if fact.origin is not None]
    return (
        max(unasked),
        sum(unasked) / len(facts),
        sum(not fact.authority.effect_asked for fact in facts) / len(facts),
        sum(not fact.authority.target_named for fact in told) / max(1, len(told)),
    )


def _of_dangers(facts: Sequence[Fact]) -> tuple[float, ...]:
    effects = [fact.effect for fact in facts if _UNASKED[fact.authority.stance] >= 2]
    return (
        any(effect.reversible == "no" for effect in effects),
        any(effect.scope in FAR for effect in effects),
        any(effect.broad or effect.production for effect in effects),
        min(4, len({flag for effect in effects for flag in effect.flags})),
        any(fact.effect.certainty == "dynamic" for fact in facts),
    )


def shares(origins: Sequence[Origin]) -> tuple[float, float, float]:
    """Shares of values said by the person or the operator, only by tools, only by tools beside an instruction."""
    if not origins:
        return 0.0, 0.0, 0.0
    said = [whose(origin) for origin in origins]
    n = len(said)
    return said.count(0) / n, (said.count(2) + said.count(3)) / n, said.count(3) / n


def whose(origin: Origin | None) -> int:
    """Who said a value: 0 the person or the operator, 1 nobody or the agent, 2 a tool, 3 a tool beside an instruction."""
    if origin is None:
        return 1
    author, also = origin.author, origin.also
    if author in ("person", "system") or "person" in also or "system" in also:
        return 0
    return (3 if origin.instructed else 2) if author == "tool" or "tool" in also else 1


# ---------------------------------------------------------------- orders


class Weighed(NamedTuple):
    """One effect as ordered by tool output and as asked for by the person; of two, the greater tuple is the worse."""

    press: float
    ordered: int
    unasked: int
    address: int
    strength: float
    aim: int
    kind: bool
    target: bool


def weigh(fact: Fact, order: Ordered) -> Weighed:
    """Hold what orders ask for against what the person asked for."""
    ordered = _ORDERED[order.stance] or order.effect_asked + order.target_named
    unasked = _UNASKED[fact.authority.stance]
    address = len(ADDRESSING.intersection(order.signs))
    return Weighed(
        press=ordered * address * (unasked / 3),
        ordered=ordered,
        unasked=unasked,
        address=address,
        strength=min(order.strength, 4.0),
        aim=whose(fact.origin),
        kind=order.effect_asked and not fact.authority.effect_asked,
        target=order.target_named and not fact.authority.target_named,
    )


def _of_orders(facts: Sequence[Fact], orders: Sequence[Ordered]) -> tuple[float, ...]:
    if not orders or len(orders) != len(facts):
        asked = sum(_UNASKED[fact.authority.stance] == 0 for fact in facts) / max(1, len(facts))
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, asked
    weighed = [weigh(fact, order) for fact, order in zip(facts, orders, strict=True)]
    worst = max(weighed)
    return (
        max(one.ordered for one in weighed),
        max(one.kind for one in weighed),
        max(one.target for one in weighed),
        worst.unasked,
        worst.strength,
        worst.address,
        worst.aim,
        worst.press,
        sum(one.unasked == 0 and one.ordered < 2 for one in weighed) / len(facts),
    )


# ---------------------------------------------------------------- arguments


def _of_parts(parts: Sequence[Part]) -> tuple[float, ...]:
    exact = [part.origin for part in parts if part.kind in EXACT]
    loose = [part.origin for part in parts if part.kind not in EXACT]
    aims = any(whose(part.origin) == 3 for part in parts if part.kind in AIMS)
    return (*shares(exact), aims, *shares(loose))


# ---------------------------------------------------------------- the course of the run


def _of_course(course: Course) -> tuple[float, ...]:
    name, words, order = course.name, course.words, course.order
    mine = (name.person + words.person) / max(1, name.count + words.count)
    voices = (
        _share(name.person, name),
        _share(name.only_orders, name),
        _share(words.person, words),
        _share(words.orders, words),
        _share(words.only_orders, words),
        _share(words.only_person, words),
    )
    strength = min(course.strength, 4.0)
    if order is None:
        return (*voices, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -mine, strength, _NEVER)
    own, address = order.own / order.count, len(ADDRESSING.intersection(order.signs))
    shared = order.shared / order.count
    return (
        *voices,
        min(order.strength, 4.0),
        shared,
        own,
        min(order.own, 12),
        address,
        own * address,
        shared - mine,
        strength,
        log1p(min(order.age, _OLD)),
    )


def _share(part: int, voices: Voices) -> float:
    return part / voices.count if voices.count else 0.0
