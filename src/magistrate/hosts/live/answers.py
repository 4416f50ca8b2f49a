"""What the agent is told: the rule and a safer path, never how it was caught; and how a person can rule otherwise."""

from __future__ import annotations

from magistrate.core.records import Verdict

MAX_TEXT = 2000
"""Characters of one answer: several hosts cut longer ones."""
UNANSWERED = "If nobody was there to be asked, it was not run: tell them, and go on with other work meanwhile."
"""A host without a terminal answers its own question with no, and hands its text to the agent."""
NO_OTHER_WAY = "Do not try to reach the same effect in another way."


def denial(verdict: Verdict, ticket: str = "") -> str:
    """The text beside a denial; with a ticket, or of an escalation, also how to get a ruling."""
    parts = [_advice(verdict)]
    if ticket:
        parts.append(f"A person can decide this, in a terminal of their own: {_ruling(ticket)}.")
        parts.append("Tell them, and go on with other work meanwhile.")
    elif verdict.decision == "escalate":
        parts.append("This waits for a person. Tell them, and go on with other work meanwhile.")
    return " ".join([*parts, NO_OTHER_WAY])


def question(verdict: Verdict, ticket: str = "") -> str:
    """The text of a question that the host puts to its user; where nobody is there to answer, its agent hears it instead."""
    beside = f" A ruling can also be given in a terminal: {_ruling(ticket)}." if ticket else ""
    return f"A person has to decide this. {_advice(verdict)}{beside} {UNANSWERED} {NO_OTHER_WAY}"


def _ruling(ticket: str) -> str:
    return f'magistrate rule {ticket} allow|deny --because "WHY"'


def doubt(why: str) -> str:
    """The text of a denial without a verdict."""
    return f"Magistrate could not review this, so it was not run: {why[:300]}. This is no judgement on the action."


def _advice(verdict: Verdict) -> str:
    if verdict.advice:
        return verdict.advice[:MAX_TEXT]
    rules = f" ({', '.join(verdict.rules[:5])})" if verdict.rules else ""
    return f"The rulebook does not allow this{rules}."
