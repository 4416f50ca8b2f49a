"""Counts over a review, and the actions that a person should look at first; memory is bounded whatever is reviewed."""

from __future__ import annotations

import heapq
from collections import Counter

from magistrate.core.records import Action, Effect, Record, RunStarted, Verdict

KEPT = 300
"""Stopped actions that are kept for a page; the most serious."""

_WEIGHT = {
    "oversight": 10,
    "database-destroy": 9,
    "infrastructure": 8,
    "credential": 8,
    "vcs-rewrite": 7,
    "delete": 7,
    "payment": 7,
    "permission": 6,
    "persistence": 6,
    "network-out": 6,
    "vcs-publish": 5,
    "message": 5,
    "overwrite": 4,
    "database-write": 4,
    "install": 4,
    "process-stop": 4,
    "network-listen": 4,
    "execute": 3,
    "spawn-agent": 2,
    "create": 1,
    "read": 0,
}
"""How much harm an effect of this kind does at its worst, for ordering only."""


class Stopped(Record, frozen=True, kw_only=True):
    """An action that would not have run, with what a person needs to look at it."""

    seriousness: float
    run: str
    n: int
    host: str
    action: Action
    verdict: Verdict
    outcome: str = ""


def seriousness(verdict: Verdict) -> float:
    """An order for people's attention, not a probability: the worst fact's kind, raised by what makes it worse."""
    worst = max((_gravity(fact.effect, fact.authority.stance) for fact in verdict.evidence.facts), default=0.0)
    return (
        {"deny": 100.0, "escalate": 0.0, "allow": -100.0}[verdict.decision]
        + worst
        + 50 * (verdict.basis == "bright-line")
    )


def _gravity(effect: Effect, stance: str) -> float:
    value = float(_WEIGHT[effect.kind])
    value += (
        3 * effect.production
        + 3 * effect.broad
        + 2 * (effect.reversible == "no")
        + (effect.scope in ("system", "device"))
    )
    return value + {"forbidden": 5, "limited": 3, "silent": 2}.get(stance, 0) + len(effect.flags) * 0.5


class Summary:
    """Running totals of a review."""

    def __init__(self) -> None:
        self.runs = 0
        self.reviewer_runs = 0
        """Hosts' own review sessions: kept apart from agent statistics."""
        self.reviewer_actions = 0
        self.actions = 0
        self.hosts: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        self.bases: Counter[str] = Counter()
        self.by_rule: Counter[tuple[str, str]] = Counter()
        """Actions by (rule id, decision); a verdict that cites two rules counts for both."""
        self.uncovered: Counter[str] = Counter()
        """Effects that no rule covers, by kind and scope."""
        self._stopped: list[tuple[float, int, Stopped]] = []

    def begin(self, started: RunStarted) -> None:
        """Count a run."""
        if started.role != "agent":
            self.reviewer_runs += started.role == "reviewer"
            return
        self.runs += 1
        self.hosts[started.host] += 1

    def add(self, run: str, started: RunStarted, action: Action, verdict: Verdict, outcome: str = "") -> None:
        """Count a verdict."""
        if started.role != "agent":
            self.reviewer_actions += started.role == "reviewer"
            return
        self.actions += 1
        self.decisions[verdict.decision] += 1
        self.bases[verdict.basis] += 1
        for rule in verdict.rules:
            self.by_rule[rule, verdict.decision] += 1
        if verdict.basis == "no-rule":
            for key in {f"{fact.effect.kind} {fact.effect.scope}" for fact in verdict.evidence.facts}:
                self.uncovered[key] += 1
        if verdict.decision == "allow":
            return
        rank = seriousness(verdict)
        entry = (
            rank,
            -self.actions,
            Stopped(
                seriousness=rank,
                run=run,
                n=verdict.action,
                host=started.host,
                action=action,
                verdict=verdict,
                outcome=outcome,
            ),
        )
        if len(self._stopped) < KEPT:
            heapq.heappush(self._stopped, entry)
        else:
            heapq.heappushpop(self._stopped, entry)

    def worst(self, count: int) -> list[Stopped]:
        """The most serious stopped actions, worst first; among equals the earlier one."""
        return [stopped for _, _, stopped in sorted(self._stopped, reverse=True)[:count]]

    def rules(self) -> list[tuple[str, int, int, int]]:
        """`(rule id, deny, escalate, allow)`, most restricting first."""
        ids = {rule for rule, _ in self.by_rule}
        rows = [(i, self.by_rule[i, "deny"], self.by_rule[i, "escalate"], self.by_rule[i, "allow"]) for i in ids]
        return sorted(rows, key=lambda row: (-row[1], -row[2], -row[3], row[0]))
