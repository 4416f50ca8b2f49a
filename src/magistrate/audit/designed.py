"""Estimates from a probability sample of a finite population: strata, each drawn uniformly and without replacement.

A label is a hit, no hit, or unsure (the labeller could not tell). Unsure labels, and strata of which nothing was labelled, are never
read as benign: lower limits count them as no hits, upper limits as hits (Manski's worst case).

Which limits: a stratum that was labelled whole is known and adds no uncertainty; one stratum beside such is hypergeometric; several
are a weighted count of rare events, for which the gamma limits of Fay and Feuer keep their coverage where normal theory does not.
A ratio of two counts takes both at a level shared between them (Bonferroni).

These speak of the population that was drawn from, whatever its clusters, since single items were drawn at random. What is claimed
of runs to come (`clustered_rate`) treats whole run trees as what varies.
"""

from __future__ import annotations

from collections.abc import Sequence

from magistrate.audit import betting
from magistrate.audit.estimate import Estimate
from magistrate.audit.limits import gamma, hypergeometric
from magistrate.audit.metrics import Array
from magistrate.core.records import Record

TRUSTED = "labels are true"
DRAWN = "drawn at random within strata"
STOPPED = "labelling did not stop because of what was found"


class Labels(Record, frozen=True, kw_only=True):
    """Labelled items in the random order of their draw, as arrays of one length; `sizes` and `quotas` are by stratum."""

    stratum: Array
    """Index of the stratum of each label."""
    hit: Array
    """Booleans."""
    unsure: Array
    """Booleans; no label is both."""
    sizes: Array
    """Items that each stratum holds."""
    quotas: Array
    """Items that were drawn of each stratum, labelled or not."""
    within: Array | None = None
    """Items of each stratum that belong to the part of the population that is asked about; None: all."""
    inside: Array | None = None
    """Which labels belong to that part."""


class Count(Record, frozen=True, kw_only=True):
    """How many hits the population holds."""

    value: float
    low: float
    high: float
    found: int
    """Hits among the labels."""
    labelled: int
    population: int
    method: str
    assumptions: tuple[str, ...] = ()


def count(labels: Labels, *, level: float = 0.95, anytime: bool = False) -> Count:
    """The number of hits in the population (or the part of it), with limits as the module says.

    `anytime`: limits that hold however often one looks, by betting; wider.
    """
    import numpy as np

    inside = labels.inside if labels.inside is not None else np.ones(len(labels.hit), dtype=bool)
    within = np.asarray(labels.within if labels.within is not None else labels.sizes)
    hit, either = labels.hit & inside, (labels.hit | labels.unsure) & inside
    done = np.bincount(labels.stratum, minlength=len(labels.sizes))
    weight = np.where(done > 0, labels.sizes / np.maximum(done, 1), 0.0)
    method, low, high = _limits(labels, inside, within, done, hit, either, level, anytime)
    population = int(within.sum())
    sure = int((inside & ~either).sum())
    return Count(
        value=float(weight[labels.stratum][hit].sum()),
        low=max(low, float(hit.sum())),
        high=min(high, float(population - sure)),
        found=int(hit.sum()),
        labelled=int(inside.sum()),
        population=population,
        method=method,
        assumptions=_assumed(labels, inside, within, done, anytime),
    )


def _limits(
    labels: Labels, inside: Array, within: Array, done: Array, hit: Array, either: Array, level: float, anytime: bool
) -> tuple[str, float, float]:
    """`(method, low, high)` before clipping."""
    import numpy as np

    unseen = (done == 0) & (within > 0)
    open_ = (done > 0) & (done < labels.sizes) & (within > 0)
    whole = (done == labels.sizes)[labels.stratum]
    spare = float(within[unseen].sum())
    if anytime:
        surely, perhaps = (_betting(labels, within, hits, level) for hits in (hit, either))
        return "betting, without replacement", surely[0], perhaps[1]
    known, most = float((hit & whole).sum()), float((either & whole).sum())
    partly = ~whole
    if int(open_.sum()) <= 1:
        n, size = int((inside & partly).sum()), int(within[open_].sum())
        low = hypergeometric(int((hit & partly).sum()), n, size, level)[0]
        high = hypergeometric(int((either & partly).sum()), n, size, level)[1]
        return "hypergeometric", known + low, most + high + spare
    weight = labels.sizes[labels.stratum] / np.maximum(done[labels.stratum], 1)
    largest = float((labels.sizes[open_] / done[open_]).max())

    def weighted(hits: Array) -> tuple[float, float]:
        w = weight[hits & partly]
        found = gamma(w.sum(), (w**2).sum(), largest, level)
        return float(found[0]), float(found[1])

    return "Fay-Feuer", known + weighted(hit)[0], most + weighted(either)[1] + spare


def _betting(labels: Labels, within: Array, hits: Array, level: float) -> tuple[float, float]:
    told = betting.steps(hits.tolist(), labels.stratum.tolist(), labels.sizes.tolist(), labels.quotas.tolist())
    # A stratum of which nothing was to be drawn is beyond the bets.
    beyond = int(within[labels.quotas == 0].sum())
    low, high = betting.limits(told, int(labels.sizes[labels.quotas > 0].sum()), level)
    return low, high + beyond


def _assumed(labels: Labels, inside: Array, within: Array, done: Array, anytime: bool) -> tuple[str, ...]:
    unsure = int((labels.unsure & inside).sum())
    missing = int(within[(done == 0) & (within > 0)].sum())
    return (
        DRAWN,
        TRUSTED,
        *((STOPPED,) if not anytime and int(done.sum()) < int(labels.quotas.sum()) else ()),
        *((f"{unsure} that could not be told: none harmful below, all above",) if unsure else ()),
        *((f"{missing:,} items in strata without a label: none below, all above",) if missing else ()),
    )


def share(found: Count, *, level: float = 0.95, command: str = "") -> Estimate:
    """A count as a share of its population."""
    size = found.population
    return Estimate(
        value=found.value / size if size and found.labelled else None,
        low=found.low / size if size else 0.0,
        high=min(1.0, found.high / size) if size else 1.0,
        n=found.labelled,
        count=found.found,
        level=level,
        method=found.method,
        assumptions=found.assumptions,
        population=size,
        command=command,
    )


def part_of(part: Count, rest: Count, *, level: float = 0.95, command: str = "") -> Estimate:
    """`part / (part + rest)`, two counts of which each has to have been taken at `shared(level)`."""
    total = part.value + rest.value
    some = part.high + rest.low
    return Estimate(
        value=part.value / total if total else None,
        low=part.low / (part.low + rest.high) if part.low + rest.high else 0.0,
        high=part.high / some if some else 1.0,
        n=part.labelled + rest.labelled,
        count=part.found,
        level=level,
        method=f"ratio of counts ({', '.join(dict.fromkeys((part.method, rest.method)))}, Bonferroni)",
        assumptions=tuple(dict.fromkeys((*part.assumptions, *rest.assumptions))),
        population=part.population + rest.population,
        command=command,
    )


def shared(level: float, between: int = 2) -> float:
    """The level at which each of several limits has to hold so that all hold at `level`."""
    return 1 - (1 - level) / between


def clustered_rate(labels: Labels, clusters: Array, *, level: float = 0.95, command: str = "") -> Estimate:
    """The rate of hits among items to come, from run trees like these: Fay-Feuer limits over the weighted sums of whole clusters.

    `clusters[i]`: integer label of the run tree of label `i`. The further event of the largest weight that the upper limit adds is
    a cluster: as heavy as the heaviest found, and no lighter than an average one whose every item is a hit.
    """
    import numpy as np

    n, size = len(labels.hit), float(labels.sizes.sum())
    if not n or not size:
        return Estimate(value=None, low=0.0, high=1.0, n=n, count=0, level=level, method="none", command=command)
    done = np.bincount(labels.stratum, minlength=len(labels.sizes))
    weight = (labels.sizes / np.maximum(done, 1))[labels.stratum]
    _, at = np.unique(clusters, return_inverse=True)
    mean = float(np.bincount(at, weights=weight).mean())
    unseen = float(labels.sizes[done == 0].sum())

    def limits_of(hits: Array) -> tuple[float, float]:
        sums = np.bincount(at, weights=weight * hits)
        largest = max(float(sums.max()), float(weight.max()), mean)
        low, high = gamma(sums.sum(), (sums**2).sum(), largest, level)
        return float(low), float(high)

    return Estimate(
        value=float((weight * labels.hit).sum()) / size,
        low=min(1.0, limits_of(labels.hit)[0] / size),
        high=min(1.0, (limits_of(labels.hit | labels.unsure)[1] + unseen) / size),
        n=n,
        count=int(labels.hit.sum()),
        level=level,
        method="Fay-Feuer over clusters",
        assumptions=(
            DRAWN,
            TRUSTED,
            f"run trees ({len(np.unique(at))} labelled) drawn independently, like those to come",
        ),
        command=command,
    )


def weights(labels: Labels) -> Sequence[float]:
    """What each label stands for: items of its stratum over labels of its stratum."""
    import numpy as np

    done = np.bincount(labels.stratum, minlength=len(labels.sizes))
    return [float(w) for w in (labels.sizes / np.maximum(done, 1))[labels.stratum]]
