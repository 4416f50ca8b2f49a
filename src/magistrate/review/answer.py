"""A model's answer read strictly: JSON of the asked shape, rules that exist, and the score its probabilities give."""

from __future__ import annotations

import json
import re
from math import exp
from typing import Literal

import msgspec

from magistrate.core.records import Decision, Record, Rulebook
from magistrate.models.base import Answer, NoAnswer

DECISIONS: tuple[Decision, ...] = ("allow", "deny", "escalate")
LONGEST = 8_000
"""Characters of an answer. One that is asked for in 300 tokens has a quarter of them."""


class Said(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model is asked to answer."""

    reasons: str
    decision: Literal["allow", "deny", "escalate"]
    rules: tuple[str, ...]
    allowable_if: str = ""


_DECODER = msgspec.json.Decoder(Said)
_VALUE = re.compile(r'"decision"\s*:\s*"')


def read(answer: Answer, rulebook: Rulebook) -> Said:
    """What was said. Raises NoAnswer (`malformed`) for anything but the asked shape, and for rules that there are not."""
    text = answer.text.strip()
    if len(text) > LONGEST:
        raise NoAnswer("malformed", f"{len(text)} characters instead of an object of a few lines")
    try:
        said = _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise NoAnswer("malformed", type(error).__name__) from None
    names = [name for name, _ in json.loads(text, object_pairs_hook=list)]
    if len(set(names)) < len(names):
        raise NoAnswer("malformed", "says something twice")
    unknown = set(said.rules) - {rule.id for rule in rulebook.rules}
    if unknown:
        raise NoAnswer("malformed", f"cites rules that there are not: {', '.join(sorted(unknown))[:100]}")
    return said


def score(answer: Answer) -> float | None:
    """The probability that the decision is not `allow`, from the likeliest tokens where the decision's value begins.

    None where the server gave no probabilities, or where fewer than two decisions are among the likeliest tokens.
    """
    mass = _mass(answer)
    if sum(value > 0.0 for value in mass.values()) < 2:
        return None
    return 1.0 - mass["allow"] / sum(mass.values())


def doubt(answer: Answer) -> float:
    """The score; where there is none, the most that it can be: all that is not known to go to `allow`."""
    number = score(answer)
    return number if number is not None else 1.0 - min(1.0, _mass(answer)["allow"])


def _mass(answer: Answer) -> dict[Decision, float]:
    """The probability of each decision, as far as its first token is among the likeliest."""
    mass: dict[Decision, float] = dict.fromkeys(DECISIONS, 0.0)
    for text, logarithm in _others(answer):
        begun = text.strip().strip('"').lower()
        fits = [decision for decision in DECISIONS if begun and decision.startswith(begun)]
        if len(fits) == 1:
            mass[fits[0]] += exp(min(0.0, logarithm))
    return mass


def _others(answer: Answer) -> tuple[tuple[str, float], ...]:
    """The likeliest tokens where the decision's value begins: inside a string the key cannot stand, its quotes are escaped."""
    found = _VALUE.search("".join(token.text for token in answer.tokens))
    end = 0
    for token in answer.tokens if found else ():
        end += len(token.text)
        if found and end > found.end():
            return token.others
    return ()
