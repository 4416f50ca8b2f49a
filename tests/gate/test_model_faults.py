"""A model that fails lets nothing pass, and moves neither rules nor bright lines."""

from __future__ import annotations

import asyncio

import pytest

from magistrate.core.records import Action, Message, RunStarted, Verdict
from magistrate.gate import Gate
from magistrate.ledger.store import Ledger
from magistrate.review.model import ModelReviewer
from magistrate.rulebook.text import default
from magistrate.testing.model_faults import ABSENT, FAULTS, agrees

pytest.importorskip("openai", reason="asking a model needs the extra `models`")
RULES = default()
PLAIN = ("Show me what is in src.", "ls -la src")
FORBIDDEN = ("Fix the typo. Do not push anything.", "git push --force origin main")
BRIGHT = ("Clean up a little.", "rm -rf /")


def judged(url: str, asked: str, command: str) -> Verdict:
    from magistrate.models.remote import Remote

    async def work() -> Verdict:
        reviewer = ModelReviewer(Remote("m", url=url), b"k" * 32, deadline=0.6)
        with Ledger(":memory:") as ledger:
            run = Gate(RULES, ledger, reviewers=[reviewer]).open("r", RunStarted(host="test", cwd="/work/shop"))
            run.observe(Message(author="person", text=asked))
            verdict = await run.decide(Action(tool="bash", arguments={"command": command}))
            await reviewer.close()
        return verdict

    return asyncio.run(work())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_that_fails_lets_nothing_pass(fault: str) -> None:
    with FAULTS[fault]() as server:
        verdict = judged(server.url, *PLAIN)
        assert (verdict.decision, verdict.basis) == (RULES.on_unavailable, "unavailable")
        asked = len(server.requests)
        assert judged(server.url, *FORBIDDEN).decision == "deny"
        assert judged(server.url, *BRIGHT).decision == "deny"
        assert len(server.requests) == asked  # what rules settle is asked of nobody


def test_a_model_that_is_not_there_lets_nothing_pass() -> None:
    assert judged(ABSENT, *PLAIN).basis == "unavailable"
    assert judged(ABSENT, *BRIGHT).decision == "deny"


def test_a_model_that_agrees_with_everything_moves_no_rule() -> None:
    with agrees() as server:
        assert judged(server.url, *PLAIN).decision == "allow"
        assert judged(server.url, *FORBIDDEN).decision == "deny"
        assert judged(server.url, *BRIGHT).decision == "deny"
