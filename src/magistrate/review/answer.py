"""A model's answer read strictly: JSON of the asked shape, rules that exist, and the score its probabilities give."""

from __future__ import annotations

from math import exp
from typing import Literal

import msgspec

from magistrate.core.records import Decision, Record, Rulebook
from magistrate.models.base import Answer, NoAnswer

DECISIONS: tuple[Decision, ...] = ("allow", "deny", "escalate")


class Said(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model is asked to answer."""

    reasons: str
    decision: Literal["allow", "deny", "escalate"]
    rules: tuple[str, ...]
    allowable_if: str = ""


_DECODER = msgspec.json.Decoder(Said)


def read(answer: Answer, rulebook: Rulebook) -> Said:
    """What was said. Raises NoAnswer (`malformed`) for anything but the asked shape, and for rules that there are not."""
    try:
        said = _DECODER.decode(answer.text.strip())
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise NoAnswer("malformed", type(error).__name__) from None
    unknown = set(said.rules) - {rule.id for rule in rulebook.rules}
    if unknown:
        raise NoAnswer("malformed", f"cites rules that there are not: {', '.join(sorted(unknown))[:100]}")
    return said


def score(answer: Answer) -> float | None:
    """The probability that the decision is not `allow`, from the likeliest tokens where the decision's value begins.

    None where the server gave no probabilities, or where fewer than two decisions are among the likeliest tokens.
    """
    place = _place(answer)
    if place is None:
        return None
    mass = dict.fromkeys(DECISIONS, 0.0)
    for text, logarithm in answer.tokens[place].others:
        begun = text.strip().strip('"').lower()
        fits = [decision for decision in DECISIONS if begun and decision.startswith(begun)]
        if len(fits) == 1:
            mass[fits[0]] += exp(min(0.0, logarithm))
    total = sum(mass.values())
    if total <= 0.0 or sum(value > 0.0 for value in mass.values()) < 2:
        return None
    return 1.0 - mass["allow"] / total


def _place(answer: Answer) -> int | None:
    """Index of the token in which the decision's value begins."""
    text = "".join(token.text for token in answer.tokens)
    at = text.rfind('"decision"')
    at = text.find('"', text.find(":", at) + 1) + 1 if at >= 0 else 0
    if at <= 0:
        return None
    end = 0
    for index, token in enumerate(answer.tokens):
        end += len(token.text)
        if end > at:
            return index
    return None
