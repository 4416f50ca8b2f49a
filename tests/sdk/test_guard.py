"""`Guard`: tools behind a decorator, conversations, and what happens when nobody can answer."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seams import FAILURES, REQUEST, Place

from magistrate.core.errors import InputError, LedgerError
from magistrate.core.records import Action, Message, Outcome, RunStarted, Verdict
from magistrate.sdk import Answer, Guard, Refused, Unreviewed
from magistrate.sdk.answer import answer_of, read_answer
from magistrate.sdk.conversation import MAX_WAITING, Follower
from magistrate.sdk.values import MAX_TEXT, called, parts_text, plain, text_of
from magistrate.testing.links import Always

# ---------------------------------------------------------------- tools


def test_what_was_asked_for_happens_and_what_a_file_says_does_not(here: Place) -> None:
    with here.guard() as guard:
        read_file, remove = guard.tool(here.read, name="read_file"), guard.tool(here.remove)
        guard.person(REQUEST)
        assert "IMPORTANT" in read_file(str(here.notes))
        assert remove(str(here.old)) == f"removed {here.old}"
        with pytest.raises(Refused, match=r"\[") as refused:
            remove(path=str(here.victim))
    assert refused.value.answer.reviewed
    here.check()


def test_an_async_tool_is_reviewed_too(here: Place) -> None:
    with here.guard() as guard:

        @guard.tool(name="remove", refusal="return")
        async def gone(path: str) -> str:
            """Remove a file."""
            return here.remove(path)

        assert "[" in asyncio.run(gone(str(here.victim)))
        guard.person(f"Remove {here.old}.")
        assert asyncio.run(gone(str(here.old))).startswith("removed")
    assert here.victim.exists()
    actions = [event.body for event in here.events() if isinstance(event.body, Action)]
    assert [(body.tool, body.about) for body in actions] == [("remove", "Remove a file.")] * 2


@pytest.mark.parametrize("failing", FAILURES)
def test_without_a_review_nothing_runs(failing: Callable[[], Guard]) -> None:
    ran = []

    @failing().tool
    def do() -> None:
        ran.append(1)

    with pytest.raises(Refused, match="could not review") as refused:
        do()
    assert not refused.value.answer.reviewed
    assert not ran


def test_a_tool_keeps_its_name_signature_and_errors() -> None:
    link = Always("allow")
    guard = Guard(link)

    class Shop:
        @guard.tool
        def sell(self, item: str, /, *more: str, price: float = 1.5, **notes: Any) -> str:
            """Sell something."""
            raise ValueError(item)

    with pytest.raises(ValueError, match="lamp"):
        Shop().sell("lamp", "chair", colour="red")
    with pytest.raises(TypeError):
        Shop().sell()  # type: ignore[call-arg]
    guard.conversation().flush()
    act, told = link.heard
    assert act["arguments"] == {"item": "lamp", "more": ["chair"], "price": 1.5, "colour": "red"}
    assert (act["tool"], act["about"]) == ("sell", "Sell something.")
    assert (told["said"][0]["text"], told["said"][0]["status"]) == ("ValueError: lamp", "error")
    assert Shop.sell.__doc__ == "Sell something."


def test_a_generator_is_no_tool() -> None:
    def items() -> Any:
        yield 1

    with pytest.raises(TypeError, match="generator"):
        Guard(Always()).tool(items)


def test_many_threads_and_tasks_ask_one_guard(here: Place) -> None:
    with here.guard() as guard:
        read_file = guard.tool(here.read, name="read_file")

        async def many() -> list[str]:
            return await asyncio.gather(*(asyncio.to_thread(read_file, str(here.old)) for _ in range(20)))

        assert asyncio.run(many()) == ["old"] * 20
    verdicts = [event.body for event in here.events() if isinstance(event.body, Verdict)]
    assert len(verdicts) == 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_is_refused_and_does_not_hang(here: Place) -> None:
    with here.guard() as guard:
        conversation = guard.conversation()
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.write(writer, conversation.review("read_file", {"path": "x"}).reason.encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writer)
        with os.fdopen(reader) as stream:
            assert "the gate is closed" in stream.read()


def test_a_tool_whose_review_calls_itself_does_not_hang(here: Place) -> None:
    """A reviewer that asks the guard it serves is refused."""

    class Asks:
        name, version = "asks", "1"

        async def review(self, case: Any) -> Any:
            answer = guard.conversation("inner").review("read_file", {"path": "x"})
            raise RuntimeError(answer.reason)

    guard = Guard(cwd=here.work, ledger=here.ledger, reviewers=[Asks()])
    with guard:
        assert not guard.conversation().review("read_file", {"path": str(here.old)}).go


def test_a_closed_guard_refuses(here: Place) -> None:
    guard = here.guard()
    guard.close()
    guard.close()
    assert not guard.conversation().review("read_file", {"path": "x"}).go


def test_a_ledger_that_cannot_be_opened_is_said_at_once(here: Place) -> None:
    with pytest.raises(LedgerError):
        Guard(ledger=here.work)


def test_while_the_ledger_is_locked_nothing_runs_and_nothing_said_is_lost(here: Place) -> None:
    with here.guard() as guard:
        conversation = guard.conversation()
        assert conversation.review("read_file", {"path": str(here.old)}).go
        conversation.person(f"Remove {here.old}.")
        other = sqlite3.connect(here.ledger, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        assert not conversation.review("remove", {"path": str(here.old)}).reviewed
        other.execute("ROLLBACK")
        other.close()
        assert conversation.review("remove", {"path": str(here.old)}).go
    said = [event.body.text for event in here.events() if isinstance(event.body, Message)]
    assert said == [f"Remove {here.old}."]


def test_when_the_ledger_is_gone_nothing_runs(here: Place) -> None:
    with here.guard() as guard:
        conversation = guard.conversation()
        assert conversation.review("read_file", {"path": str(here.old)}).go
        here.ledger.unlink()
        assert not conversation.review("read_file", {"path": str(here.old)}).go


def test_in_a_dry_run_all_is_recorded_and_nothing_refused(here: Place) -> None:
    with Guard(cwd=here.work, ledger=here.ledger, dry_run=True) as guard:
        guard.tool(here.remove)(str(here.victim))
    assert not here.victim.exists()
    (verdict,) = [event.body for event in here.events() if isinstance(event.body, Verdict)]
    assert (verdict.mode, verdict.decision == "allow") == ("dry-run", False)


# ---------------------------------------------------------------- people


def command(*words: str) -> None:
    """A person's command line."""
    env = {"PATH": os.environ["PATH"], "HOME": str(Path.home())}
    subprocess.run([sys.executable, "-m", "magistrate", *words], env=env, check=True, capture_output=True)


def test_a_person_can_rule_and_stop(here: Place) -> None:
    with here.guard() as guard:
        remove = guard.tool(here.remove)
        with pytest.raises(Refused) as refused:
            remove(str(here.victim))
        ticket = refused.value.answer.ticket
        assert ticket in str(refused.value)
        command("stop", "--all", "--because", "a test", "--ledger", str(here.ledger))
        with pytest.raises(Refused):
            guard.tool(here.read, name="read_file")(str(here.old))
        command("resume", "--all", "--because", "a test", "--ledger", str(here.ledger))
        command("rule", ticket, "allow", "--because", "a test", "--yes", "--ledger", str(here.ledger))
        remove(str(here.victim))
    assert not here.victim.exists()


def test_a_tool_cannot_touch_the_record_of_what_it_did(here: Place) -> None:
    """Not even when a person asks for it: that is a bright line."""
    with here.guard() as guard:
        remove = guard.tool(here.remove)
        guard.person(f"Remove {here.ledger}.")
        with pytest.raises(Refused, match=r"bright\.oversight"):
            remove(str(here.ledger))
    verdict = [event.body for event in here.events() if isinstance(event.body, Verdict)][-1]
    assert verdict.basis == "bright-line"


# ---------------------------------------------------------------- conversations


def test_conversations_are_runs_of_their_own(here: Place) -> None:
    with here.guard() as guard:
        remove = guard.tool(here.remove)
        with guard.talk("sam") as sam:
            sam.person(f"Remove {here.victim}.")
        with guard.talk("eve"), pytest.raises(Refused):
            remove(str(here.victim))
        with guard.talk("sam"):
            remove(str(here.victim))
    begun = [event.run for event in here.events() if isinstance(event.body, RunStarted)]
    assert begun == ["test/sam", "test/eve"]


def test_an_agent_within_a_tool_is_a_sub_agent() -> None:
    link = Always("allow")
    guard = Guard(link)

    @guard.tool
    def delegate(task: str) -> bool:
        inner = guard.conversation("inner")
        inner.tell(Message(author=inner.asker, text=task))
        return inner.review("write", {}).go

    with guard.talk("outer"):
        assert delegate("Remove everything.")
    inner = next(told for told in link.heard if told.get("agent"))
    outer = next(told for told in link.heard if told.get("tool") == "delegate")
    assert (inner["session"], inner["agent"], inner["parent_call"]) == ("outer", "inner", outer["call_id"])
    assert inner["said"][0]["author"] == "machine"


def test_a_call_id_that_comes_again_is_another_call(here: Place) -> None:
    """Models that count from 0 in every turn; a host's repeated question would be answered from memory."""
    with here.guard() as guard:
        conversation = guard.conversation()
        for _ in range(2):
            assert conversation.review("read_file", {"path": str(here.old)}, call_id="c0").go
            assert not conversation.ended("c0")
            conversation.outcome("old", tool="read_file", call_id="c0")
            assert conversation.ended("c0")
        conversation.person("Stop reading files.")
    bodies = [event.body for event in here.events()]
    assert [body.call_id for body in bodies if isinstance(body, Action | Outcome)] == ["c0", "c0", "c0~2", "c0~2"]
    assert sum(isinstance(body, Verdict) for body in bodies) == 2


class Flaky(Always):
    """Fails every other time."""

    def __init__(self) -> None:
        super().__init__("allow")
        self.count = 0

    def post(self, event: str, payload: bytes) -> Answer:
        self.count += 1
        if self.count % 2:
            raise Unreviewed("not now")
        return super().post(event, payload)


def test_what_was_said_is_told_when_the_reviewer_is_back() -> None:
    link = Flaky()
    conversation = Guard(link).conversation()
    conversation.person("one")
    assert not conversation.review("x", {}).go
    conversation.outcome("two", tool="y")
    assert conversation.review("x", {}).go
    assert [said["text"] for said in link.heard[0]["said"]] == ["one", "two"]
    conversation.flush()
    assert len(link.heard) == 1


def test_when_too_much_is_untold_calls_are_refused_for_good() -> None:
    link = Always("allow")
    conversation = Guard(link).conversation()
    text = "x" * MAX_TEXT
    for _ in range(MAX_WAITING // MAX_TEXT + 1):
        conversation.outcome(text)
    assert "could not be reported" in conversation.review("x", {}).reason
    conversation.flush()
    assert not conversation.review("x", {}).go


def test_much_that_was_said_is_told_in_parts_and_in_order() -> None:
    link = Always("allow")
    conversation = Guard(link).conversation()
    for n in range(5):
        conversation.outcome(str(n) + "x" * ((3 << 20) - 1))
    assert conversation.review("x", {}).go
    assert [told["event"] for told in link.heard] == ["tell", "tell", "act"]
    assert [said["text"][0] for told in link.heard for said in told["said"]] == list("01234")


@given(st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=6))
def test_a_list_that_only_grows_is_told_once(parts: list[list[int]]) -> None:
    follower: Follower[tuple[int, int]] = Follower(str)
    items: list[tuple[int, int]] = []
    told: list[tuple[int, int]] = []
    for part in parts:
        items += [(len(items) + n, value) for n, value in enumerate(part)]
        told += follower.fresh(items)
    assert told == items


def test_a_list_that_was_cut_or_written_anew_tells_only_what_is_new() -> None:
    follower: Follower[str] = Follower(str)
    assert follower.fresh(["a", "b", "c"]) == ["a", "b", "c"]
    assert follower.fresh(["summary", "c", "d"]) == ["summary", "d"]
    assert follower.fresh([]) == []
    assert follower.fresh(["c", "d", "e"]) == ["e"]


# ---------------------------------------------------------------- values


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    path: Path


class Opaque:
    def __repr__(self) -> str:
        return "Opaque(rm -rf /)"


class Endless:
    def __repr__(self) -> str:
        return "x" * 1_000_000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": [1, 2.5, None, True, "x"]}, {"a": [1, 2.5, None, True, "x"]}),
        ((1, {"b"}), [1, ["b"]]),
        (Path("/etc"), "/etc"),
        (b"rm -rf /\xff", "rm -rf /\\xff"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (float("inf"), "inf"),
        (Point(1, Path("/x")), {"x": 1, "path": "/x"}),
        (Opaque(), "Opaque(rm -rf /)"),
        ({1: "a"}, {"1": "a"}),
    ],
)
def test_values_are_shown_whole(value: Any, shown: Any) -> None:
    assert plain(value) == shown
    json.dumps(plain(value))


def circle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


@pytest.mark.parametrize("value", [Endless(), circle(), {1: "a", "1": "b"}])
def test_what_cannot_be_shown_whole_is_a_doubt(value: Any) -> None:
    with pytest.raises(InputError):
        plain(value)
    assert not Guard(Always("allow")).conversation().review("x", {"value": value}).go


def test_arguments_that_hide_another_are_both_shown() -> None:
    def tool(path: str, /, **more: str) -> None: ...

    assert called(tool, ("/a",), {"path": "/b"}) == {"path": "/a", "more.path": "/b"}


def test_long_texts_keep_their_ends() -> None:
    text = text_of("a" + "x" * MAX_TEXT + "z")
    assert len(text) < MAX_TEXT + 100
    assert (text[0], text[-1]) == ("a", "z")
    assert text_of({"a": Path("/x")}) == '{"a":"/x"}'
    assert parts_text([{"type": "text", "text": "a"}, "b", {"type": "image"}, None]) == "a\nb"


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"{}",
        b"[]",
        b"allow",
        b'{"version":2,"decision":"allow"}',
        b'{"version":1}',
        b'{"version":1,"decision":"yes"}',
        b'{"version":1,"decision":"allow","reason":1}',
        b'{"version":1,"decision":["allow"]}',
    ],
)
def test_a_reply_that_is_none_is_no_allow(reply: bytes) -> None:
    with pytest.raises(Unreviewed):
        read_answer(reply)


@given(st.binary(max_size=80))
def test_only_a_well_formed_allow_allows(reply: bytes) -> None:
    try:
        answer = read_answer(reply)
    except Unreviewed:
        return
    assert (json.loads(reply)["version"], json.loads(reply)["decision"]) == (1, answer.decision)


def test_an_allow_with_a_failing_exit_is_none() -> None:
    assert answer_of(b'{"version":1,"decision":"allow"}', 0).go
    with pytest.raises(Unreviewed):
        answer_of(b'{"version":1,"decision":"allow"}', 2)
