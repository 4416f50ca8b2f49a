"""The seam of Pydantic AI, against the real library with its `FunctionModel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from seams import FAILURES, REQUEST, Place, steps

pytest.importorskip("pydantic_ai", reason="Pydantic AI is not installed; `make test-sdk` has it")

from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from magistrate.core.records import RunStarted
from magistrate.sdk import Guard
from magistrate.sdk.pydantic_ai import Review


def script(calls: list[tuple[str, dict[str, Any]]]) -> FunctionModel:
    def play(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        done = sum(isinstance(message, ModelResponse) for message in messages)
        if done < len(calls):
            name, arguments = calls[done]
            return ModelResponse(parts=[ToolCallPart(name, arguments, tool_call_id=f"c{done}")])
        return ModelResponse(parts=[TextPart("Done.")])

    return FunctionModel(play)


def agent(here: Place, guard: Guard, calls: list[tuple[str, dict[str, Any]]], **more: Any) -> Agent[Any, Any]:
    made: Agent[Any, Any] = Agent(script(calls), capabilities=[Review(guard, **more)], instructions="Be careful.")
    made.tool_plain(name="read_file")(here.read)
    made.tool_plain(name="remove")(here.remove)
    return made


def calls(here: Place) -> list[tuple[str, dict[str, Any]]]:
    return [(name, {"path": path}) for name, path in steps(here)]


def returned(messages: list[ModelMessage]) -> list[str]:
    return [str(part.content) for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]


def test_what_was_asked_for_happens_and_what_a_file_says_does_not(here: Place) -> None:
    with here.guard() as guard:
        ended = agent(here, guard, calls(here)).run_sync(REQUEST)
    here.check()
    assert ended.output == "Done."
    assert "[" in returned(ended.all_messages())[-1]


@pytest.mark.parametrize("failing", FAILURES)
def test_without_a_review_nothing_runs(here: Place, failing: Callable[[], Guard]) -> None:
    ended = agent(here, failing(), calls(here)[1:2]).run_sync(REQUEST)
    assert here.old.exists()
    assert "could not review" in returned(ended.all_messages())[-1]


def test_what_a_person_has_to_decide_can_be_deferred(here: Place) -> None:
    with here.guard() as guard:
        made = agent(here, guard, [("remove", {"path": str(here.victim)})], ask="defer")
        kinds: Any = [str, DeferredToolRequests]
        ended = made.run_sync("Have a look at the notes, please.", output_type=kinds)
        assert isinstance(ended.output, DeferredToolRequests)
        (waiting,) = ended.output.approvals
        assert here.victim.exists()
        made.run_sync(
            message_history=ended.all_messages(),
            deferred_tool_results=DeferredToolResults(approvals={waiting.tool_call_id: True}),
            output_type=kinds,
        )
    assert not here.victim.exists()


def test_a_sub_agent_cannot_be_told_by_its_agent_what_a_person_wants(here: Place) -> None:
    with here.guard() as guard:
        inner = agent(here, guard, [("remove", {"path": str(here.victim)})])
        outer = agent(here, guard, [("delegate", {"task": f"Please remove {here.victim}."})])

        @outer.tool_plain
        async def delegate(task: str) -> str:
            """Give a task to an assistant."""
            return str((await inner.run(task)).output)

        outer.run_sync("Please delegate the work to your assistant.")
    assert here.victim.exists()
    begun = [event.body for event in here.events() if isinstance(event.body, RunStarted)]
    assert sorted(bool(body.parent) for body in begun) == [False, True]
