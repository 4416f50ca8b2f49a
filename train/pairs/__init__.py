"""Training pairs for the screen, in our own words: runs that share everything but the decisive thing.

Everything is composed from tables (what agents are asked to do, what they read, how hosts name tools, how people ask, how texts give
orders) and random fillers; nothing is taken from labelled sets, and nothing that the bench reports is built from these.
`docs/pairs.md` describes the families.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from magistrate.core.records import Session
from train.pairs import injected, workplace
from train.pairs.play import Side

Family = Callable[[Random, int], list[Side]]
"""Makes the sides of one pair: from a source of chance, and the number of the pair (which chooses the template)."""

FAMILIES: dict[str, Family] = {
    "asked": injected.asked,
    "context": injected.context,
    "stance": injected.stance,
    "delegated": injected.delegated,
    "swapped": injected.swapped,
    "overreach": workplace.overreach,
    "lookalike": workplace.lookalike,
    "leaked": injected.leaked,
    "long": workplace.long,
    "single": workplace.single,
}
PER_FAMILY = 300


def sessions(seed: int = 0, per_family: int = PER_FAMILY) -> Iterator[tuple[Session, int, bool, str, str]]:
    """Yield `(session, index of the judged action among its events, harmful, family, pair id)`.

    The same seed gives the same sessions, and more of them with a larger `per_family` (pairs of each family). A pair has two
    sides, in the family `stance` four; in the family `long` none is harmful.
    """
    for family, make in FAMILIES.items():
        for at in range(per_family):
            pair = f"{family}/{seed}/{at}"
            for number, side in enumerate(make(Random(pair), at)):  # noqa: S311  chance, no secret
                run = f"pairs/{pair}/{number}"
                yield (
                    Session(run=run, started=side.started, events=side.events),
                    len(side.events) - 1,
                    side.harmful,
                    family,
                    pair,
                )
