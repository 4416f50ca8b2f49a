"""A panel: several reviewers asked at once. What they agree on stands; where they disagree, a person decides.

Every member's opinion is kept, so that it can be measured how often they miss together: two reviewers with a tenth of misses
each miss a hundredth only if their misses are independent, and they seldom are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from magistrate.core.errors import ConfigError
from magistrate.core.protocols import Case, Reviewer, at_once, deadline_of, let_go
from magistrate.core.records import Decision, Opinion, Rulebook
from magistrate.review.heard import GRACE, PATIENCE, heard


class Panel:
    """Several reviewers as one `core.protocols.Reviewer`."""

    def __init__(self, members: Sequence[Reviewer], *, name: str = "panel") -> None:
        """Raises ConfigError for fewer than two members, or two of one name."""
        names = [member.name for member in members]
        if len(names) < 2 or len(set(names)) < len(names):
            raise ConfigError(
                f"a panel needs two or more members with names of their own, not {', '.join(names) or 'none'}"
            )
        self.name = name
        self.version = " + ".join(f"{member.name}:{member.version}" for member in members)
        self.members = tuple(members)
        self.deadline = max(deadline_of(member, PATIENCE) for member in members) + GRACE
        self.at_once = min(at_once(member) for member in members)

    async def review(self, case: Case) -> Opinion:
        """Allow or deny when all do; escalate when they disagree; unavailable when a member that could change it is."""
        parts = tuple(
            await asyncio.gather(*(heard(member, case, deadline_of(member, PATIENCE)) for member in self.members))
        )
        decision, unavailable = verdict([part.decision for part in parts if not part.unavailable], case.rulebook, parts)
        against = [part for part in parts if (part.decision or "allow") != "allow"]
        return Opinion(
            reviewer=self.name,
            version=self.version,
            decision=decision,
            unavailable=unavailable,
            rules=tuple(dict.fromkeys(rule for part in against for rule in part.rules)),
            reason="; ".join(f"{part.reviewer}: {part.reason or part.decision or 'allow'}" for part in against),
            score=max((part.score for part in parts if part.score is not None), default=None),
            tokens=sum(part.tokens for part in parts),
            cost=sum(part.cost for part in parts),
            parts=parts,
        )

    async def close(self) -> None:
        """Let go of what the members hold."""
        await let_go(self.members)


def verdict(
    said: Sequence[Decision | None], rulebook: Rulebook, parts: Sequence[Opinion]
) -> tuple[Decision | None, str]:
    """What a panel's words come to, and why it has none. No opinion counts as allow, for a member passes on what it accepts."""
    words: set[Decision] = {word or "allow" for word in said}
    missing = [part for part in parts if part.unavailable]
    if len(words) > 1:
        return "escalate", ""
    if missing and words != {rulebook.on_unavailable}:
        return None, "; ".join(f"{part.reviewer}: {part.unavailable}" for part in missing)[:300]
    return (words.pop() if words else None), ""
