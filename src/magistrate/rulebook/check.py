"""Running a rulebook's examples: every rule carries its own unit tests."""

from __future__ import annotations

from collections.abc import Callable, Container

from magistrate.core.records import Decision, Example, Record, Rulebook, Verdict

Judge = Callable[[Rulebook, Example], Verdict]
"""Judges the last action of an example, as `magistrate.gate.judge_example` does."""


class ExampleResult(Record, frozen=True, kw_only=True):
    """What became of one example."""

    rule: str
    example: Example
    decision: Decision
    cited: tuple[str, ...]
    """Rules that the verdict rests on."""
    reason: str = ""
    problem: str = ""
    """What is wrong; empty when the example came out as it says."""

    @property
    def ok(self) -> bool:
        return not self.problem


def check(rulebook: Rulebook, judge: Judge, *, only: Container[str] | None = None) -> list[ExampleResult]:
    """Judge every example of every rule, in order. `only`: the ids of the rules that are asked about.

    An example that violates its rule must be denied or escalated with the rule cited; one that complies must not be restricted
    by it. A restriction by another rule is no fault of the example.
    """
    return [
        _result(rule.id, example, judge(rulebook, example))
        for rule in rulebook.rules
        if only is None or rule.id in only
        for example in rule.examples
    ]


def _result(rule: str, example: Example, verdict: Verdict) -> ExampleResult:
    restricts = verdict.decision != "allow"
    cites = rule in verdict.rules
    problem = ""
    if example.complies and restricts and cites:
        problem = f"complies, yet the rule restricts it ({verdict.decision})"
    elif not example.complies and not restricts:
        problem = "violates, yet it is allowed"
    elif not example.complies and not cites:
        problem = (
            f"violates, yet the rule is not cited ({verdict.decision} by {', '.join(verdict.rules) or verdict.basis})"
        )
    return ExampleResult(
        rule=rule,
        example=example,
        decision=verdict.decision,
        cited=verdict.rules,
        reason=verdict.reason,
        problem=problem,
    )
