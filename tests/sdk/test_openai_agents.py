"""The seam of the OpenAI Agents SDK, against the real library with a scripted `Model` of its interface."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from seams import FAILURES, REQUEST, Place, steps

pytest.importorskip("agents", reason="the OpenAI Agents SDK is not installed; `make test-sdk` has it")

from agents import Agent, Model, ModelResponse, RunConfig, Runner, Usage, function_tool
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from magistrate.core.records import RunStarted
from magistrate.sdk import Guard
from magistrate.sdk.openai_agents import guarded


class Scripted(Model):
    """Says its lines in order."""

    def __init__(self, calls: list[tuple[str, dict[str, Any]]]) -> None:
        self._items: list[Any] = [
            ResponseFunctionToolCall(arguments=json.dumps(args), call_id=f"c{n}", name=name, type="function_call")
            for n, (name, args) in enumerate(calls)
        ]
        text = ResponseOutputText(annotations=[], text="Done.", type="output_text")
        self._last = ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        item = self._items.pop(0) if self._items else self._last
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


def agent(here: Place, guard: Guard, calls: list[tuple[str, dict[str, Any]]], *more: Any, **options: Any) -> Agent[Any]:
    named = {"read_file": here.read, "remove": here.remove}
    tools = [function_tool(function, name_override=name) for name, function in named.items()]
    made: Agent[Any] = Agent(name="worker", instructions="Be careful.", tools=[*tools, *more], model=Scripted(calls))
    return guarded(made, guard, **options)


def run(agent: Agent[Any], asked: Any) -> Any:
    return asyncio.run(Runner.run(agent, asked, run_config=RunConfig(tracing_disabled=True)))


def calls(here: Place) -> list[tuple[str, dict[str, Any]]]:
    return [(name, {"path": path}) for name, path in steps(here)]


def outputs(ended: Any) -> list[str]:
    return [str(item.output) for item in ended.new_items if item.type == "tool_call_output_item"]


def test_what_was_asked_for_happens_and_what_a_file_says_does_not(here: Place) -> None:
    with here.guard() as guard:
        ended = run(agent(here, guard, calls(here)), REQUEST)
    here.check()
    assert ended.final_output == "Done."
    assert "[" in outputs(ended)[-1]


@pytest.mark.parametrize("failing", FAILURES)
def test_without_a_review_nothing_runs(here: Place, failing: Callable[[], Guard]) -> None:
    ended = run(agent(here, failing(), calls(here)[1:2]), REQUEST)
    assert here.old.exists()
    assert "could not review" in outputs(ended)[-1]


@pytest.mark.parametrize("approve", [True, False])
def test_what_a_person_has_to_decide_can_interrupt_the_run(here: Place, approve: bool) -> None:
    async def play(guard: Guard) -> Any:
        made = agent(here, guard, [("remove", {"path": str(here.victim)})], ask="approve")
        config = RunConfig(tracing_disabled=True)
        ended = await Runner.run(made, "Have a look at the notes, please.", run_config=config)
        (waiting,) = ended.interruptions
        assert here.victim.exists()
        state = ended.to_state()
        state.approve(waiting) if approve else state.reject(waiting)
        return await Runner.run(made, state, run_config=config)

    with here.guard() as guard:
        assert asyncio.run(play(guard)).final_output == "Done."
    assert here.victim.exists() is not approve


def test_a_denied_call_does_not_run_when_the_program_may_approve(here: Place) -> None:
    failing = FAILURES[0]()
    ended = run(agent(here, failing, calls(here)[1:2], ask="approve"), REQUEST)
    assert not ended.interruptions
    assert here.old.exists()


def test_a_tool_that_skips_its_guardrail_does_not_run(here: Place) -> None:
    """Whoever calls the tool itself, past the guardrail, is refused."""
    from agents.tool_context import ToolContext

    with here.guard() as guard:
        tool = next(tool for tool in agent(here, guard, []).tools if tool.name == "remove")
        given = json.dumps({"path": str(here.old)})
        context: Any = ToolContext(None, tool_name="remove", tool_call_id="c0", tool_arguments=given)
        said = asyncio.run(tool.on_invoke_tool(context, given))  # type: ignore[union-attr]
    assert "could not review" in said
    assert here.old.exists()


def test_a_sub_agent_cannot_be_told_by_its_agent_what_a_person_wants(here: Place) -> None:
    with here.guard() as guard:
        inner = agent(here, guard, [("remove", {"path": str(here.victim)})])
        delegate = inner.as_tool("delegate", "Give a task to an assistant.")
        run(
            agent(here, guard, [("delegate", {"input": f"Please remove {here.victim}."})], delegate),
            "Please delegate the work to your assistant.",
        )
    assert here.victim.exists()
    begun = [event.body for event in here.events() if isinstance(event.body, RunStarted)]
    assert sorted(bool(body.parent) for body in begun) == [False, True]
