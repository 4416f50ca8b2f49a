"""From a sample and its labels to what is asked: prevalence, elusion, miss rate, overblock rate, for all and for each part.

    prevalence      share of harmful among all actions
    elusion         share of harmful among those that went through
    miss rate       of the harmful, the share that went through
    overblock rate  of the harmless, the share that was stopped

Through: allowed, or without any verdict. Stopped: denied, escalated, not judged for want of a
reviewer, or halted with its run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from magistrate.audit.designed import Count, Labels, clustered_rate, count, part_of, share, shared
from magistrate.audit.draw import stratum_of
from magistrate.audit.estimate import Estimate
from magistrate.audit.frame import Unit
from magistrate.audit.judges import Bound, Errors, corrected, errors, one_sided, undetected
from magistrate.audit.metrics import Array
from magistrate.core.errors import InputError
from magistrate.core.records import Label, Record, Sample

THROUGH = frozenset({"allow", "missing"})
Quantity = Literal["prevalence", "elusion", "miss rate", "overblock rate"]
QUANTITIES: tuple[Quantity, ...] = ("prevalence", "elusion", "miss rate", "overblock rate")

Part = Callable[[Unit], Iterable[str]]
PARTS: dict[str, Part] = {
    "host": lambda unit: (unit.host,),
    "agent model": lambda unit: (unit.model or "not told",),
    "rule": lambda unit: unit.rules,
    "reviewer": lambda unit: unit.reviewers,
    "revision": lambda unit: (unit.revision[:19],) if unit.revision else (),
    "day": lambda unit: (unit.at[:10],),
}
"""Ways to part the population; an action may belong to several parts of one way, or to none."""
MOST_PARTS = 12
"""Parts of one way that are reported: the largest."""


class Measured(Record, frozen=True, kw_only=True):
    """One figure."""

    quantity: str
    part: str = "all"
    """`all`, or `way: value`."""
    estimate: Estimate


class Audited(Record, frozen=True, kw_only=True):
    """A sample with its labels, as arrays over the labelled items."""

    sample: Sample
    units: Sequence[Unit]
    """The population."""
    stratum: Array
    """Of each unit."""
    through: Array
    """Of each unit: not stopped."""
    at: Array
    """Index of each labelled item among the units, in the order of the draw."""
    harmful: Array
    unsure: Array
    disagreed: int = 0
    twice: int = 0
    """Items with two labels that could be told."""
    labellers: tuple[str, ...] = ()


def audited(sample: Sample, units: Sequence[Unit], given: Sequence[Label], *, severity: int = 0) -> Audited:
    """Join labels to their items. Harmful: said to be, and at least this severe. Labels given with the verdict in sight, and of
    what was not drawn, are left out. Raises InputError when the population is not the one that was drawn from."""
    import numpy as np

    names = {stratum.name: at for at, stratum in enumerate(sample.strata)}
    stratum = np.array([names.get(stratum_of(unit, sample.bands), -1) for unit in units])
    sizes = np.bincount(stratum[stratum >= 0], minlength=len(sample.strata))
    if (stratum < 0).any() or sizes.tolist() != [one.size for one in sample.strata]:
        raise InputError("the ledger does not hold the population that this sample was drawn from", mend="audit verify")
    place = {(unit.run, unit.n): at for at, unit in enumerate(units)}
    first, second = _by_round(given, 1), _by_round(given, 2)
    told = [(place[item.run, item.n], first[item.run, item.n]) for item in sample.items if (item.run, item.n) in first]

    def harm(label: Label) -> bool:
        return label.says == "harmful" and label.severity >= severity

    both = [(first[where], second[where]) for where in first if where in second]
    both = [pair for pair in both if "cannot-tell" not in (pair[0].says, pair[1].says)]
    return Audited(
        sample=sample,
        units=units,
        stratum=stratum,
        through=np.array([unit.verdict in THROUGH for unit in units]),
        at=np.array([at for at, _ in told], dtype=int),
        harmful=np.array([harm(label) for _, label in told], dtype=bool),
        unsure=np.array([label.says == "cannot-tell" for _, label in told], dtype=bool),
        disagreed=sum(harm(one) != harm(other) for one, other in both),
        twice=len(both),
        labellers=tuple(sorted({label.labeller for label in given})),
    )


def _by_round(given: Iterable[Label], number: int) -> dict[tuple[str, int], Label]:
    return {
        (label.run, label.n): label
        for label in given
        if label.round == number and label.blind and label.probability > 0
    }


# ---------------------------------------------------------------- counts


def counted(
    of: Audited, *, harmful: bool, part: Array, level: float, anytime: bool = False, wrong: Errors | None = None
) -> Count:
    """How many of a part of the population are harmful (or harmless). `part`: booleans over the units.

    The strata of the count are those that hold some of the part.
    """
    import numpy as np

    sizes = np.array([stratum.size for stratum in of.sample.strata])
    quotas = np.array([stratum.quota for stratum in of.sample.strata])
    within = np.bincount(of.stratum[part], minlength=len(sizes))
    kept = np.flatnonzero(within)
    number = np.full(len(sizes), -1)
    number[kept] = np.arange(len(kept))
    own = number[of.stratum[of.at]]
    inside = own >= 0
    hit = of.harmful if harmful else ~of.harmful & ~of.unsure
    labels = Labels(
        stratum=own[inside],
        hit=hit[inside],
        unsure=of.unsure[inside],
        sizes=sizes[kept],
        quotas=quotas[kept],
        within=within[kept],
        inside=part[of.at][inside],
    )
    found = count(labels, level=level, anytime=anytime)
    return corrected(found, wrong) if wrong else found


def estimate(
    of: Audited,
    quantity: Quantity,
    *,
    part: Array | None = None,
    level: float = 0.95,
    anytime: bool = False,
    label_error: bool = False,
    command: str = "",
) -> Estimate:
    """One quantity with its interval. `label_error`: correct for labellers that err, by what was labelled twice."""
    import numpy as np

    inside = np.ones(len(of.units), dtype=bool) if part is None else part
    ratio = quantity in ("miss rate", "overblock rate")
    limits = shared(level, 2 * (1 + label_error) - label_error) if ratio else shared(level, 1 + label_error)
    wrong = errors(of.disagreed, of.twice, level=limits) if label_error else None

    def take(harmful: bool, chosen: Array) -> Count:
        return counted(of, harmful=harmful, part=chosen, level=limits, anytime=anytime, wrong=wrong)

    if quantity == "prevalence":
        return share(take(True, inside), level=level, command=command)
    if quantity == "elusion":
        return share(take(True, inside & of.through), level=level, command=command)
    missed = quantity == "miss rate"
    wanted, rest = (of.through, ~of.through) if missed else (~of.through, of.through)
    return part_of(take(missed, inside & wanted), take(missed, inside & rest), level=level, command=command)


def measured(of: Audited, *, level: float = 0.95, anytime: bool = False, command: str = "") -> list[Measured]:
    """Every quantity for all; with label error where items were labelled twice; and of runs to come, by run tree."""
    found = [
        Measured(quantity=name, estimate=estimate(of, name, level=level, anytime=anytime, command=command))
        for name in QUANTITIES
    ]
    if of.twice:
        found += [
            Measured(
                quantity=f"{name}, labellers err",
                estimate=estimate(of, name, level=level, anytime=anytime, label_error=True, command=command),
            )
            for name in QUANTITIES
        ]
    return [*found, Measured(quantity="prevalence, runs to come", estimate=to_come(of, level=level, command=command))]


def by_parts(of: Audited, way: str, *, level: float = 0.95, command: str = "") -> list[Measured]:
    """The quantities for each part of one way (`PARTS`), the largest parts first."""
    import numpy as np

    belongs = [tuple(PARTS[way](unit)) for unit in of.units]
    largest = Counter(name for names in belongs for name in set(names)).most_common(MOST_PARTS)
    return [
        Measured(
            quantity=quantity,
            part=f"{way}: {name}",
            estimate=estimate(
                of, quantity, part=np.array([name in names for names in belongs]), level=level, command=command
            ),
        )
        for name, _ in largest
        for quantity in QUANTITIES
    ]


def to_come(of: Audited, *, level: float = 0.95, command: str = "") -> Estimate:
    """Prevalence among runs to come, from run trees like those of this ledger."""
    import numpy as np

    names: dict[str, int] = {}
    clusters = np.array([names.setdefault(of.units[at].root, len(names)) for at in of.at], dtype=int)
    labels = Labels(
        stratum=of.stratum[of.at],
        hit=of.harmful,
        unsure=of.unsure,
        sizes=np.array([stratum.size for stratum in of.sample.strata]),
        quotas=np.array([stratum.quota for stratum in of.sample.strata]),
    )
    return clustered_rate(labels, clusters, level=level, command=command)


def undetected_curve(of: Audited, *, level: float = 0.95) -> tuple[Bound, ...]:
    """At most how many harmful actions went through, by what share of them an audit would have recognised."""
    return undetected(counted(of, harmful=True, part=of.through, level=one_sided(level)))
