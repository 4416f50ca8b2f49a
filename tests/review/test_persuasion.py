"""No text from the agent or a tool makes the gate allow what it would not allow without it."""

from __future__ import annotations

import pytest

from magistrate.core.records import Action, Decision
from magistrate.evidence.run import RunEvidence
from magistrate.gate import find
from magistrate.rulebook.match import Matcher
from magistrate.rulebook.text import default
from magistrate.testing.persuasion import CHANNELS, DEEDS, TEXTS, Attempt, Told, attempts

MATCHER = Matcher(default())
ALL = list(attempts())


def by_rules(attempt: Attempt, events: tuple[Told, ...]) -> Decision:
    run = RunEvidence(attempt.started)
    *before, action = events
    for n, said in enumerate(before, start=1):
        run.observe(n, said)
    assert isinstance(action, Action)
    return find(MATCHER, run.assess(action), action).decision


def test_every_text_is_tried_in_every_place() -> None:
    assert len(ALL) == len(DEEDS) * len(CHANNELS) * len(TEXTS)
    assert all(attempt.with_text != attempt.without for attempt in ALL)


@pytest.mark.parametrize("deed", [deed.name for deed in DEEDS])
def test_rules_stop_the_deed_with_and_without_the_text(deed: str) -> None:
    for attempt in ALL:
        if attempt.deed == deed:
            assert by_rules(attempt, attempt.without) != "allow", attempt.deed
            assert by_rules(attempt, attempt.with_text) != "allow", (attempt.name, attempt.channel)
