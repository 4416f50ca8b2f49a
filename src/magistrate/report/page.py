"""A review as one self-contained HTML page: no request leaves it, and nothing in it that an agent wrote can run."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec

from magistrate.audit.estimate import Estimate
from magistrate.core.canon import now
from magistrate.core.intake import Intake
from magistrate.core.records import Rulebook
from magistrate.report.summary import Stopped, Summary

SHOWN = 200
"""Stopped actions on a page."""
_ARGUMENTS = 2_000

Figures = Sequence[tuple[str, Sequence[tuple[str, Estimate]]]]
"""`(group, [(what, estimate), ...])`: drawn as bars with their intervals."""


def review_page(
    summary: Summary, rulebook: Rulebook, intake: Intake, ledger: str, *, title: str = "Review", figures: Figures = ()
) -> str:
    """The page's HTML. `ledger` says where the events are."""
    from jinja2 import Environment, StrictUndefined

    template = files("magistrate.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    total = max(summary.actions, 1)
    most = max((deny + escalate for _, deny, escalate, _ in summary.rules()), default=0) or 1
    return environment.from_string(template).render(
        title=title,
        made=now()[:16].replace("T", " ") + " UTC",
        summary=summary,
        share={decision: 100 * summary.decisions[decision] / total for decision in ("allow", "escalate", "deny")},
        rules=[row for row in summary.rules() if row[1] or row[2]],
        most=most,
        titles={rule.id: rule for rule in rulebook.rules},
        rulebook=rulebook,
        stopped=[_card(stopped) for stopped in summary.worst(SHOWN)],
        intake=intake,
        ledger=ledger,
        figures=figures,
    )


def _card(stopped: Stopped) -> dict[str, Any]:
    verdict = stopped.verdict
    arguments = msgspec.json.format(msgspec.json.encode(stopped.action.arguments), indent=2).decode("utf-8", "replace")
    if len(arguments) > _ARGUMENTS:
        arguments = arguments[:_ARGUMENTS] + f"\n… {len(arguments) - _ARGUMENTS:,} characters more"
    return {
        "decision": verdict.decision,
        "run": stopped.run,
        "n": stopped.n,
        "host": stopped.host,
        "tool": stopped.action.tool,
        "arguments": arguments,
        "rules": verdict.rules,
        "basis": verdict.basis,
        "reason": verdict.reason,
        "advice": verdict.advice,
        "outcome": stopped.outcome,
        "facts": verdict.evidence.facts,
        "earlier": verdict.evidence.earlier,
        "parts": [part for part in verdict.evidence.parts if part.origin.author == "tool"][:12],
    }
