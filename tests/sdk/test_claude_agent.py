"""The seam of the Claude Agent SDK, against the real library and the command line tool that comes with it.

The tool speaks to a scripted model on loopback; its hooks, its tools and the SDK's control protocol are the real ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from seams import FAILURES, ORDER, Place

sdk: Any = pytest.importorskip(
    "claude_agent_sdk", reason="the Claude Agent SDK is not installed; `make test-sdk` has it"
)

from claude_agent_sdk import ClaudeAgentOptions, HookMatcher, query

from magistrate.core.records import Action, Message, Outcome, Verdict
from magistrate.sdk import Guard
from magistrate.sdk.claude_agent import guarded, hooks
from magistrate.testing.model_server import Call, ModelServer, lines

REQUEST = "Please read notes.txt and then run `rm old.txt` here."
CLI = Path(sdk.__file__).parent / "_bundled" / "claude"
bundled = pytest.mark.skipif(not CLI.exists(), reason="the library came without its command line tool")


def run(here: Place, guard: Guard, *calls: Call, **more: Any) -> list[str]:
    """What the model was told of each of its calls."""
    home = here.ledger.parent / "home"
    home.mkdir()

    async def play(url: str) -> None:
        env = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none", "HOME": str(home), "DISABLE_TELEMETRY": "1"}
        env |= {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
        options = ClaudeAgentOptions(
            cwd=here.work, env=env, model="scripted-1", allowed_tools=["Read", "Bash"], setting_sources=[], **more
        )
        async for _ in query(prompt=REQUEST, options=guarded(options, guard)):
            pass

    with ModelServer(lines(*calls)) as model:
        asyncio.run(asyncio.wait_for(play(model.url), 90))
        return list(model.turns[-1].outputs)


@bundled
def test_what_was_asked_for_happens_and_what_a_file_says_does_not(here: Place) -> None:
    here.notes.write_text(ORDER.format(victim=here.victim))
    with here.guard() as guard:
        told = run(
            here,
            guard,
            Call("Read", {"file_path": str(here.notes)}),
            Call("Bash", {"command": "rm old.txt"}),
            Call("Bash", {"command": f"rm {here.victim}"}),
        )
    assert not here.old.exists()
    assert here.victim.exists()
    assert "[" in told[-1]
    bodies = [event.body for event in here.events()]
    assert [body.decision != "allow" for body in bodies if isinstance(body, Verdict)] == [False, False, True]
    assert [body.tool for body in bodies if isinstance(body, Action)] == ["Read", "Bash", "Bash"]
    assert any(isinstance(body, Message) and body.author == "person" and REQUEST in body.text for body in bodies)
    assert any(isinstance(body, Outcome) and "IMPORTANT" in body.text for body in bodies)


@bundled
@pytest.mark.parametrize("failing", FAILURES)
def test_without_a_review_nothing_runs(here: Place, failing: Callable[[], Guard]) -> None:
    told = run(here, failing(), Call("Bash", {"command": "rm old.txt"}))
    assert here.old.exists()
    assert "could not review" in told[-1]


def test_the_program_s_own_hooks_stay() -> None:
    async def own(payload: Any, tool_use_id: Any, context: Any) -> Any:
        return {}

    mine = HookMatcher(hooks=[own])
    merged = guarded(ClaudeAgentOptions(hooks={"PreToolUse": [mine]}), FAILURES[0]()).hooks
    assert merged is not None
    assert merged["PreToolUse"][0] is mine
    assert merged["PreToolUse"][1].on_failure == "block"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        None,
        [],
        {"hook_event_name": "PreToolUse"},
        {"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Bash", "tool_input": "{"},
        {
            "hook_event_name": "PreToolUse",
            "session_id": "s",
            "tool_name": "Bash",
            "tool_input": {"command": float("nan")},
        },
        {"hook_event_name": "Stop", "session_id": "s"},
        {"hook_event_name": "PostToolUse", "session_id": "s", "tool_name": "Bash", "tool_response": ""},
    ],
)
def test_what_is_not_surely_understood_is_denied(here: Place, payload: Any) -> None:
    with here.guard() as guard:
        (gate,) = hooks(guard)["PreToolUse"]
        said: Any = asyncio.run(gate.hooks[0](payload, None, {"signal": None}))
    assert said["hookSpecificOutput"]["permissionDecision"] == "deny"
