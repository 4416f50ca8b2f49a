"""Models: an answer or a named reason for its absence, within the deadline, and nothing else."""

from __future__ import annotations

import asyncio
import socket
import stat
import time
from pathlib import Path

import pytest

from magistrate.core.errors import ConfigError
from magistrate.models.answers import Kept
from magistrate.models.base import Answer, NoAnswer, Prompt
from magistrate.models.chat import read_answer
from magistrate.models.limits import HOUR, Spending
from magistrate.testing.endpoint import Endpoint, Fault, answer

pytest.importorskip("openai", reason="asking a model needs the extra `models`")
from magistrate.models.remote import ATTEMPTS, Remote

PROMPT = Prompt(system="You review.", user="May it?", schema={"type": "object"})


async def _ask(model: Remote, prompt: Prompt, deadline: float) -> Answer:
    try:
        return await model.ask(prompt, deadline)
    finally:
        await model.close()


def ask(server: Endpoint, *, deadline: float = 10.0, spending: Spending | None = None) -> Answer:
    model = Remote("some-model", url=server.url, price=(1.0, 2.0), spending=spending)
    return asyncio.run(_ask(model, PROMPT, deadline))


def test_an_answer_with_its_probabilities_and_cost() -> None:
    with Endpoint(probabilities={"allow": 0.7, "deny": 0.3}) as server:
        got = ask(server)
    assert (got.text, got.read, got.cached, got.written) == (answer("allow"), 100, 40, 20)
    assert got.cost == pytest.approx((100 * 1.0 + 20 * 2.0) / 1e6)
    assert any(dict(token.others).keys() == {"allow", "deny"} for token in got.tokens)
    body = server.requests[0]
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert (body["temperature"], body["logprobs"], body["response_format"]["type"]) == (0, True, "json_schema")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(status=500), "error"),
        (Fault(status=401), "error"),
        (Fault(status=429), "overloaded"),
        (Fault(status=503), "overloaded"),
        (Fault(hang=30.0), "timeout"),
        (Fault(body=b"not json at all"), "malformed"),
        (Fault(body=b'{"choices": []}'), "empty"),
        (Fault(cut=True), "error"),
        (Fault(finish="length"), "malformed"),
        (Fault(finish="content_filter"), "refused"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_every_failure_has_a_name(fault: Fault, why: str) -> None:
    with Endpoint(always=fault) as server, pytest.raises(NoAnswer) as none:
        ask(server, deadline=1.5)
    assert none.value.why == why
    assert "May it?" not in str(none.value)


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(NoAnswer, match="error"):
        asyncio.run(_ask(Remote("m", url=url), PROMPT, 2.0))


def test_an_empty_answer() -> None:
    with Endpoint(reply=lambda body: "  ") as server, pytest.raises(NoAnswer, match="empty"):
        ask(server)


def test_passing_trouble_is_tried_again_within_bounds() -> None:
    with Endpoint(faults=[Fault(status=500), Fault(status=429, headers={"retry-after": "0.1"})]) as server:
        assert ask(server).text == answer("allow")
        assert len(server.requests) == 3
    with Endpoint(always=Fault(status=500)) as server:
        with pytest.raises(NoAnswer):
            ask(server)
        assert len(server.requests) == ATTEMPTS


def test_what_will_not_pass_is_not_tried_again() -> None:
    with Endpoint(always=Fault(status=401)) as server:
        with pytest.raises(NoAnswer):
            ask(server)
        assert len(server.requests) == 1


def test_the_deadline_holds_over_all_tries() -> None:
    with Endpoint(always=Fault(status=429, headers={"retry-after": "60"})) as server:
        started = time.monotonic()
        with pytest.raises(NoAnswer, match="overloaded"):
            ask(server, deadline=1.0)
        assert time.monotonic() - started < 20


@pytest.mark.parametrize("field", ["logprobs", "response_format", "max_tokens"])
def test_what_a_server_does_not_know_is_left_out(field: str) -> None:
    with Endpoint(refuses=[field], probabilities={"allow": 0.6, "deny": 0.4}) as server:
        got = ask(server)
        assert got.text == answer("allow")
        assert field in server.requests[0]
        assert field not in server.requests[-1]
    if field == "logprobs":
        assert not got.tokens


def test_spending_stops_at_its_limit_and_starts_again_an_hour_later() -> None:
    clock = [0.0]
    spending = Spending(0.002, clock=lambda: clock[0])
    with Endpoint() as server:
        ask(server, spending=spending)
        for _ in range(3):
            ask(server, spending=spending)
        spending.settle(0.0, 0.0015)
        with pytest.raises(NoAnswer, match="over-budget"):
            ask(server, spending=spending)
        count = len(server.requests)
        clock[0] = HOUR + 1
        ask(server, spending=spending)
        assert len(server.requests) == count + 1


def test_only_so_many_at_once() -> None:
    async def many(server: Endpoint) -> list[Answer]:
        model = Remote("m", url=server.url, at_once=2)
        try:
            return await asyncio.gather(*(model.ask(PROMPT, 20.0) for _ in range(6)))
        finally:
            await model.close()

    with Endpoint(always=Fault(hang=0.1)) as server:
        started = time.monotonic()
        assert len(asyncio.run(many(server))) == 6
        assert time.monotonic() - started >= 0.3


class Counting:
    """A model that counts how often it is asked."""

    name = "counting"

    def __init__(self) -> None:
        self.settings, self.at_once = {"temperature": 0}, 1
        self.asked = 0

    async def ask(self, prompt: Prompt, deadline: float) -> Answer:
        self.asked += 1
        if prompt.user == "fail":
            raise NoAnswer("timeout")
        return Answer(text=answer("deny"), cost=1.0, seconds=3.0)

    async def close(self) -> None:
        pass


def test_answers_are_kept_by_all_that_led_to_them(tmp_path: Path) -> None:
    model = Counting()
    kept = Kept(model, tmp_path / "answers.db")
    first = asyncio.run(kept.ask(PROMPT, 1.0))
    again = asyncio.run(kept.ask(PROMPT, 1.0))
    assert (first.cost, again.cost, again.text, model.asked) == (1.0, 0.0, first.text, 1)
    kept.settings["temperature"] = 1
    asyncio.run(kept.ask(PROMPT, 1.0))
    asyncio.run(kept.ask(Prompt(system="s", user="another"), 1.0))
    assert model.asked == 3
    for _ in range(2):
        with pytest.raises(NoAnswer):
            asyncio.run(kept.ask(Prompt(system="s", user="fail"), 1.0))
    assert model.asked == 5
    asyncio.run(kept.close())
    assert stat.S_IMODE((tmp_path / "answers.db").stat().st_mode) == 0o600
    later = Kept(model, tmp_path / "answers.db")
    asyncio.run(later.ask(Prompt(system="s", user="another"), 1.0))
    assert model.asked == 5
    asyncio.run(later.close())


def test_answers_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be kept"):
        Kept(Counting(), tmp_path / "file" / "answers.db")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("nothing", "malformed"),
        ([], "malformed"),
        (None, "malformed"),
        ({}, "empty"),
        ({"error": {"type": "too long"}}, "error"),
        ({"choices": []}, "empty"),
        ({"choices": [{}]}, "malformed"),
        ({"choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}, "empty"),
        ({"choices": [{"message": {"content": "{"}, "finish_reason": "length"}]}, "malformed"),
    ],
)
def test_what_a_model_gives_is_read_strictly(raw: object, why: str) -> None:
    with pytest.raises(NoAnswer) as none:
        read_answer(raw, 0.1)
    assert none.value.why == why
