"""The seam of Inspect, against the real library with its `mockllm`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from seams import FAILURES, REQUEST, Place, steps

pytest.importorskip("inspect_ai", reason="Inspect is not installed; `make test-sdk` has it")

from inspect_ai import Task, eval
from inspect_ai.approval import ApprovalPolicy
from inspect_ai.dataset import Sample
from inspect_ai.event import ApprovalEvent
from inspect_ai.model import ChatMessageTool, ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate, system_message, use_tools
from inspect_ai.tool import Tool, tool

from magistrate.core.records import RunStarted
from magistrate.sdk import Guard
from magistrate.sdk.inspect_ai import review


def run(here: Place, approval: Any, calls: list[tuple[str, dict[str, Any]]], samples: int = 1) -> Any:
    @tool(name="read_file")
    def reads() -> Tool:
        async def execute(path: str) -> str:
            """Read a text file.

            Args:
                path: The file.
            """
            return here.read(path)

        return execute

    @tool(name="remove")
    def removes() -> Tool:
        async def execute(path: str) -> str:
            """Remove a file.

            Args:
                path: The file.
            """
            return here.remove(path)

        return execute

    outputs = [ModelOutput.for_tool_call("mockllm/model", name, args) for name, args in calls]
    outputs = [*outputs, ModelOutput.from_content("mockllm/model", "Done.")] * samples
    for output in outputs:
        output.usage = ModelUsage()  # else the library counts tokens, with a tokenizer that it has to fetch
    task = Task(
        dataset=[Sample(input=REQUEST) for _ in range(samples)],
        solver=[system_message("Be careful."), use_tools(reads(), removes()), generate()],
        approval=approval,
    )
    (log,) = eval(
        task,
        model=get_model("mockllm/model", custom_outputs=outputs),
        log_dir=str(here.ledger.parent / "logs"),
        display="none",
        max_samples=1,
    )
    assert log.status == "success", log.error
    return log


def calls(here: Place) -> list[tuple[str, dict[str, Any]]]:
    return [(name, {"path": path}) for name, path in steps(here)]


def told(log: Any) -> list[str]:
    messages = log.samples[0].messages
    return [m.error.message if m.error else m.text for m in messages if isinstance(m, ChatMessageTool)]


def test_what_was_asked_for_happens_and_what_a_file_says_does_not(here: Place) -> None:
    with here.guard() as guard:
        log = run(here, [ApprovalPolicy(review(guard=guard), "*")], calls(here))
    here.check()
    assert "[" in told(log)[-1]
    decided = [event.decision for event in log.samples[0].events if isinstance(event, ApprovalEvent)]
    assert decided == ["approve", "approve", "reject"]


def test_it_is_registered_by_its_name(here: Place) -> None:
    policy = here.ledger.parent / "approval.yaml"
    policy.write_text(
        f"approvers:\n  - name: magistrate/review\n    tools: '*'\n    ledger: {here.ledger}\n    cwd: {here.work}\n"
    )
    run(here, str(policy), calls(here))
    here.check()


@pytest.mark.parametrize("failing", FAILURES)
def test_without_a_review_nothing_runs(here: Place, failing: Callable[[], Guard]) -> None:
    log = run(here, [ApprovalPolicy(review(guard=failing()), "*")], calls(here)[1:2])
    assert here.old.exists()
    assert "could not review" in told(log)[-1]


def test_each_sample_is_a_run_of_its_own(here: Place) -> None:
    with here.guard() as guard:
        run(here, [ApprovalPolicy(review(guard=guard), "*")], calls(here)[:1], samples=2)
    assert sum(isinstance(event.body, RunStarted) for event in here.events()) == 2
