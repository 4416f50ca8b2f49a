"""A cascade: a quick reviewer settles what it is sure of, a slower one is asked about the rest.

Behind bright lines and rules, which stay above: below `low` the quick one's score settles for allow, from `high` on for
escalate; in between the slow one decides. A quick reviewer that cannot answer settles nothing: the slow one is asked. A slow one
that cannot answer leaves the action unjudged, and the gate does what the rulebook says of that.
"""

from __future__ import annotations

from msgspec.structs import replace

from magistrate.core.errors import ConfigError
from magistrate.core.protocols import Case, Reviewer, at_once, deadline_of, let_go
from magistrate.core.records import Opinion
from magistrate.review.heard import GRACE, PATIENCE, heard


class Cascade:
    """Two reviewers as one `core.protocols.Reviewer`; its opinion keeps those of both."""

    def __init__(self, quick: Reviewer, slow: Reviewer, *, low: float, high: float, name: str = "cascade") -> None:
        """`low`, `high`: scores of the quick reviewer, see `magistrate calibrate`. Raises ConfigError unless 0 <= low <= high."""
        if not 0.0 <= low <= high:
            raise ConfigError(f"a cascade's thresholds are 0 <= low <= high, not {low:g} and {high:g}")
        self.name = name
        self.version = f"{quick.name}:{quick.version} {low}..{high} {slow.name}:{slow.version}"
        self.deadline = deadline_of(quick, GRACE) + deadline_of(slow, PATIENCE) + GRACE
        self.at_once = at_once(slow)
        self.quick, self.slow, self.low, self.high = quick, slow, low, high

    async def review(self, case: Case) -> Opinion:
        """The quick reviewer's word where it is sure, else the slow one's."""
        first = await heard(self.quick, case, deadline_of(self.quick, PATIENCE))
        score = first.score
        if not first.unavailable and score is not None:
            if score < self.low:
                return self._as_own(replace(first, decision="allow"), (first,))
            if score >= self.high:
                decision = first.decision if first.decision in ("deny", "escalate") else "escalate"
                return self._as_own(replace(first, decision=decision), (first,))
        second = await heard(self.slow, case, deadline_of(self.slow, PATIENCE))
        return self._as_own(second, (first, second))

    def _as_own(self, settled: Opinion, parts: tuple[Opinion, ...]) -> Opinion:
        return replace(
            settled,
            reviewer=self.name,
            version=self.version,
            tokens=sum(part.tokens for part in parts),
            cost=sum(part.cost for part in parts),
            parts=parts,
        )

    async def close(self) -> None:
        """Let go of what the two hold."""
        await let_go((self.quick, self.slow))
