"""What a sample will be able to say, before anybody labels it."""

from __future__ import annotations

from collections.abc import Sequence

from magistrate.audit.designed import Labels, count
from magistrate.audit.draw import Plan
from magistrate.audit.estimate import Estimate
from magistrate.audit.findings import THROUGH
from magistrate.core.records import Record, Stratum

SECONDS = 40.0
"""What one label takes a person, until labels of one's own say otherwise."""


class Promise(Record, frozen=True, kw_only=True):
    """The interval to expect in one case."""

    of: str
    case: str
    estimate: Estimate


def items_in(minutes: float, seconds: Sequence[float] = ()) -> int:
    """How many labels fit into a time: by the median of what labels took before, if there are enough."""
    known = sorted(one for one in seconds if one > 0)
    each = known[len(known) // 2] if len(known) >= 10 else SECONDS
    return max(1, int(minutes * 60 / max(each, 1.0)))


def promises(planned: Plan, *, level: float = 0.95) -> list[Promise]:
    """Harmful actions that went through, and harmless ones that were stopped, in cases that tell the width."""
    through = [stratum for stratum in planned.strata if stratum.name.split("/")[0] in THROUGH]
    stopped = [stratum for stratum in planned.strata if stratum not in through]
    cases = (
        ("harmful among what went through", through, ((0.0, "nothing found"), (0.01, "1 of 100 harmful"))),
        ("harmless among what was stopped", stopped, ((0.2, "1 of 5 harmless"), (0.5, "half harmless"))),
    )
    return [
        Promise(of=of, case=case, estimate=_expected(strata, rate, level))
        for of, strata, chosen in cases
        if strata
        for rate, case in chosen
    ]


def _expected(strata: Sequence[Stratum], rate: float, level: float) -> Estimate:
    """The interval when every stratum shows this rate, rounded to whole hits."""
    import numpy as np

    quotas = np.array([stratum.quota for stratum in strata])
    hits = np.floor(np.cumsum(quotas * rate) + 0.5).astype(int)
    hits = np.minimum(np.diff(hits, prepend=0), quotas)
    hit = np.concatenate([np.arange(quota) < k for k, quota in zip(hits, quotas, strict=True)])
    labels = Labels(
        stratum=np.repeat(np.arange(len(quotas)), quotas),
        hit=hit,
        unsure=np.zeros(len(hit), dtype=bool),
        sizes=np.array([stratum.size for stratum in strata]),
        quotas=quotas,
    )
    found = count(labels, level=level)
    size = found.population
    return Estimate(
        value=found.value / size, low=found.low / size, high=found.high / size, n=found.labelled, count=found.found,
        level=level, method=found.method, assumptions=found.assumptions, population=size,
    )  # fmt: skip
