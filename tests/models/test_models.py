"""Models: an answer or a named reason for its absence, within the deadline, and nothing else."""

from __future__ import annotations

import asyncio
import gzip
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
from magistrate.testing.model_faults import ABSENT

pytest.importorskip("openai", reason="asking a model needs the extra `models`")
from magistrate.models import remote
from magistrate.models.remote import ATTEMPTS, LARGEST, Remote

PROMPT = Prompt(system="You review.", user="May it?", schema={"type": "object"})


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_PAUSE", 0.01)


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


def test_spending_stops_at_its_limit_and_starts_again_an_hour_later(tmp_path: Path) -> None:
    clock = [0.0]

    def spending() -> Spending:
        return Spending(0.003, tmp_path / "spent.db", clock=lambda: clock[0])

    with Endpoint() as server:
        ask(server, spending=spending())
        for _ in range(3):
            ask(server, spending=spending())
        other = spending()
        other.settle(other.reserve(0.0), 0.0025)
        with pytest.raises(NoAnswer, match="over-budget"):
            ask(server, spending=spending())
        count = len(server.requests)
        clock[0] = HOUR + 1
        ask(server, spending=spending())
        assert len(server.requests) == count + 1
    other.close()


def spent(path: Path, limit: float = 10.0) -> float:
    """What counts as spent: the least reservation that is refused, found by halving."""
    low, high = 0.0, limit
    for _ in range(30):
        middle = (low + high) / 2
        spending = Spending(limit, path)
        try:
            spending.settle(spending.reserve(middle), 0.0)
            low = middle
        except NoAnswer:
            high = middle
        spending.close()
    return limit - low


def test_what_is_spent_holds_over_restarts_and_for_every_process(tmp_path: Path) -> None:
    first, second = (Spending(1.0, tmp_path / "spent.db") for _ in range(2))
    call = first.reserve(0.9)
    with pytest.raises(NoAnswer, match="over-budget"):
        second.reserve(0.2)
    first.settle(call, 0.5)
    second.reserve(0.2)  # never settled: its most stays counted
    first.close()
    second.close()
    assert spent(tmp_path / "spent.db") == pytest.approx(0.7, abs=1e-6)
    assert stat.S_IMODE((tmp_path / "spent.db").stat().st_mode) == 0o600


def test_a_clock_that_is_set_back_forgets_nothing() -> None:
    clock = [1_000_000.0]
    spending = Spending(1.0, clock=lambda: clock[0])
    spending.settle(spending.reserve(0.9), 0.9)
    clock[0] -= 500_000
    with pytest.raises(NoAnswer, match="over-budget"):
        spending.reserve(0.2)
    clock[0] += HOUR + 1
    spending.reserve(0.2)
    spending.close()


def test_spending_that_cannot_be_counted_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "spent.db").write_bytes(b"no database at all, but text that goes on for a while" * 20)
    with pytest.raises(ConfigError, match="remove the file"):
        Spending(1.0, tmp_path / "spent.db")
    spending = Spending(1.0)
    spending.close()
    with Endpoint() as server, pytest.raises(NoAnswer, match="cannot be counted"):
        ask(server, spending=spending)
    assert not server.requests


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [
        (Fault(status=500), 0.0, 0.0),
        (Fault(status=401), 0.0, 0.0),
        (Fault(cut=True), 0.001, 0.01),
        (Fault(hang=30.0), 0.0005, 0.01),
        (Fault(body=b'{"choices": [], "usage": {"prompt_tokens": -9e12, "completion_tokens": 0}}'), 0.0, 0.0),
        (Fault(body=b'{"choices": [], "usage": {"prompt_tokens": null, "completion_tokens": "7"}}'), 0.0005, 0.01),
        (Fault(body=b'{"choices": [], "usage": {"prompt_tokens": 1000000, "completion_tokens": 0}}'), 1.0, 1.0),
        (Fault(body=b'{"choices": []}'), 0.0005, 0.01),
    ],
    ids=str,
)
def test_what_may_have_been_billed_counts(tmp_path: Path, fault: Fault, least: float, most: float) -> None:
    with Endpoint(always=fault) as server, pytest.raises(NoAnswer):
        ask(server, deadline=1.5, spending=Spending(10.0, tmp_path / "spent.db"))
    assert least - 1e-6 <= spent(tmp_path / "spent.db") <= most + 1e-6


def test_nobody_there_costs_nothing(tmp_path: Path) -> None:
    model = Remote("m", url=ABSENT, price=(1.0, 2.0), spending=Spending(10.0, tmp_path / "spent.db"))
    with pytest.raises(NoAnswer, match="cannot be reached"):
        asyncio.run(_ask(model, PROMPT, 5.0))
    assert spent(tmp_path / "spent.db") == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_prompt_goes_nowhere_else(status: int) -> None:
    with Endpoint() as other:
        moved = Fault(status=status, headers={"Location": f"{other.url}/chat/completions"}, body=b"")
        with Endpoint(always=moved) as server, pytest.raises(NoAnswer, match="sends elsewhere"):
            ask(server)
        assert not other.requests


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"allow"',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"choices": [{"message": {"content": ["allow"]}, "finish_reason": "stop"}]}',
        b'{"choices": [{"message": {"content": 7}, "finish_reason": "stop"}]}',
        b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 1e999}}',
        b"<html>gateway</html>",
        b" " * (LARGEST + 1),
    ],
    ids=lambda body: str(body[:60]),
)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_whatever_comes_back_is_an_answer_or_none(body: bytes, kind: str) -> None:
    with Endpoint(always=Fault(body=body, headers={"Content-Type": kind})) as server:
        with pytest.raises(NoAnswer) as none:
            ask(server)
        assert none.value.why == "malformed"


def test_a_small_body_that_unpacks_to_a_large_one() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    with Endpoint(always=Fault(body=bomb, headers={"Content-Encoding": "gzip"})) as server:
        with pytest.raises(NoAnswer, match="more than 4 MiB"):
            ask(server)
        assert len(server.requests) == 1


def test_a_filter_that_stops_a_prompt_is_a_refusal() -> None:
    filtered = Fault(status=400, body=b'{"error": {"code": "content_filter", "message": "logprobs"}}')
    with Endpoint(always=filtered) as server:
        with pytest.raises(NoAnswer, match="refused"):
            ask(server)
        assert len(server.requests) == 1


def test_one_bad_request_takes_nothing_from_the_next() -> None:
    """Else a text that a server cannot take would cost every later review its schema and its probabilities."""
    bad = Fault(status=400, body=b'{"error": {"message": "context length exceeded"}}')

    async def twice(server: Endpoint) -> None:
        model = Remote("m", url=server.url)
        try:
            with pytest.raises(NoAnswer, match="HTTP 400"):
                await model.ask(PROMPT, 10.0)
            await model.ask(PROMPT, 10.0)
        finally:
            await model.close()

    with Endpoint(faults=[bad] * 3) as server:
        asyncio.run(twice(server))
    assert "logprobs" not in server.requests[2]
    assert {"logprobs", "response_format"} <= server.requests[3].keys()


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


def test_two_endpoints_with_a_model_of_one_name_are_two_models(tmp_path: Path) -> None:
    """Servers call what they serve `default`; the answer of one is none of the other's."""

    async def once(url: str) -> str:
        kept = Kept(Remote("default", url=url), tmp_path / "answers.db")
        try:
            return (await kept.ask(PROMPT, 10.0)).text
        finally:
            await kept.close()

    with Endpoint() as lax, Endpoint(reply=lambda body: answer("deny")) as strict:
        found = [asyncio.run(once(server.url)) for server in (lax, strict, lax)]
        assert found == [answer("allow"), answer("deny"), answer("allow")]
        assert len(lax.requests) == 1


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
        ({"choices": [{"message": {"content": "allow"}}, {"message": {"content": "deny"}}]}, "malformed"),
        ({"choices": [{"message": {"content": "allow", "refusal": "no"}}]}, "refused"),
        ({"choices": [{"message": {"content": None, "tool_calls": [{}]}, "finish_reason": "tool_calls"}]}, "empty"),
        ({"error": "boom"}, "error"),
    ],
)
def test_what_a_model_gives_is_read_strictly(raw: object, why: str) -> None:
    with pytest.raises(NoAnswer) as none:
        read_answer(raw, 0.1)
    assert none.value.why == why


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {"tokens": ["a"], "token_logprobs": [-1.0]},
        {"content": [{"token": None, "top_logprobs": []}]},
        {"content": [{"token": "allow"}]},
        {"content": [{"token": "allow", "top_logprobs": None}]},
        {"content": [{"token": "allow", "top_logprobs": [{"token": "allow"}]}]},
        {"content": [{"token": "allow", "top_logprobs": [{"token": "allow", "logprob": None}]}]},
        {"content": [{"token": "allow", "top_logprobs": [{"token": "allow", "logprob": float("nan")}]}]},
        {"content": [{"token": "allow", "top_logprobs": [{"token": 7, "logprob": -1.0}]}]},
        {"content": [{"token": "allow", "top_logprobs": [{"token": "allow", "logprob": 0.7}]}]},
        {"content": ["allow"]},
    ],
    ids=str,
)
def test_odd_probabilities_are_none(given: object) -> None:
    """The answer stands all the same."""
    choice = {"message": {"content": "allow"}, "finish_reason": "stop", "logprobs": given}
    got = read_answer({"choices": [choice]}, 0.1)
    assert got.text == "allow"
    assert not any(token.others for token in got.tokens)


def test_a_file_of_answers_is_made_private_and_its_failures_stop_nobody(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    path.touch(0o666)
    path.chmod(0o666)
    model = Counting()
    kept = Kept(model, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept._db.execute("DROP TABLE answers")
    assert asyncio.run(kept.ask(PROMPT, 1.0)).text == answer("deny")
    asyncio.run(kept.close())
    path.write_bytes(b"no database at all, but text that goes on for a while" * 20)
    with pytest.raises(ConfigError, match="remove the file"):
        Kept(model, path)


def test_what_is_not_the_asked_json_is_not_kept(tmp_path: Path) -> None:
    """A page of a gateway that was busy for once would else stand for good."""

    class Busy(Counting):
        async def ask(self, prompt: Prompt, deadline: float) -> Answer:
            self.asked += 1
            return Answer(text="busy, come back later" if self.asked == 1 else answer("deny"))

    kept = Kept(Busy(), tmp_path / "answers.db")
    found = [asyncio.run(kept.ask(PROMPT, 1.0)).text for _ in range(2)]
    asyncio.run(kept.close())
    assert found == ["busy, come back later", answer("deny")]
