"""Asks one peer about one action after another, in the peer's own environment: `python adapters.py PEER`.

In, a JSON line each: what Claude Code hands its hooks (`UserPromptSubmit`, `PreToolUse`, `PostToolUse`). Out, a JSON line for
each: `decision` (`allow`, `ask`, `deny` or `none`), `warned` (it objected without stopping), `us` (microseconds inside the
peer), or `failed` when the peer raised. Needs only the standard library and the peer. Every peer stays resident and runs with
what it ships: no policy, key or model of ours.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Payload = dict[str, Any]
Answer = tuple[str, bool]
"""The decision, and whether the peer warned without stopping."""
Decide = Callable[[Payload], Answer]
NONE: Answer = ("none", False)


class Failed(Exception):
    """The peer met an error of its own and answered with a makeshift."""


def nah(workspace: Path) -> Decide:
    """The hook's entry point, in this process. Its own errors become denials there; here they are failures."""
    from nah import hook

    def decide(payload: Payload) -> Answer:
        if payload["hook_event_name"] == "UserPromptSubmit":
            return NONE  # not one of its hooks
        out, err = io.StringIO(), io.StringIO()
        sys.stdin = io.StringIO(json.dumps(payload))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            hook.main()
        if "nah: error:" in err.getvalue():
            raise Failed(err.getvalue())
        return _claude(json.loads(out.getvalue() or "{}"))

    return decide


def agentbelay(workspace: Path) -> Decide:
    """The library's guard with the shipped pack, one guard a session; what ran is recorded as a success."""
    from agentbelay import Guard
    from agentbelay.calls import Call
    from agentbelay.policy import Policy

    policy = Policy.from_pack("coding-agent")
    session: dict[str, Guard] = {}
    pending: dict[str, Any] = {}

    def decide(payload: Payload) -> Answer:
        run = payload["session_id"]
        if run not in session:
            session.clear()
            pending.clear()
            session[run] = Guard(policy, agent="claude-code", session=run, project=str(workspace))
        match payload["hook_event_name"]:
            case "PreToolUse":
                call = Call(
                    tool=payload["tool_name"],
                    args=payload["tool_input"],
                    agent="claude-code",
                    cwd=payload["cwd"],
                    project=payload["cwd"],
                    id=payload["tool_use_id"],
                )
                decision = pending[call.id] = session[run].check(call)
                return decision.action, bool(decision.warnings)
            case "PostToolUse":
                if payload["tool_use_id"] in pending:
                    session[run].record(pending.pop(payload["tool_use_id"]), ok=True)
        return NONE

    return decide


def prismor(workspace: Path) -> Decide:
    """`evaluate_tool_call`, where all its surfaces decide, enforcing; the scope of a prompt is set as its hook does."""
    from prismor.runtime import scoped_agent
    from prismor.runtime.hooks import normalize_payload
    from prismor.runtime.runtime import evaluate_tool_call

    verdicts = {"allow": "allow", "block": "deny", "step_up": "ask", "defer": "ask", "modify": "ask"}

    def scope(run: str, prompt: str) -> None:
        tools = scoped_agent.available_tools_for_scope(workspace, "claude")
        rules = scoped_agent.synthesize_scoped_rules(goal=prompt, available_tools=tools, workspace=workspace)
        before = scoped_agent.load_scoped_rules(workspace, run)
        if rules:
            merged = rules if before is None else scoped_agent.merge_scoped_rules(before, rules)
            scoped_agent.save_scoped_rules(workspace, run, merged)

    def decide(payload: Payload) -> Answer:
        run, name = payload["session_id"], payload["hook_event_name"]
        if name == "UserPromptSubmit" and payload["prompt"]:
            scope(run, payload["prompt"])
        event = normalize_payload(agent="claude", payload=payload, workspace=workspace)["event"]
        decision = evaluate_tool_call(
            event=event, workspace=workspace, agent="claude", mode="enforce", session_id=run, flush_at_exit=False
        )
        if name != "PreToolUse":
            return NONE
        return verdicts[decision.verdict], decision.allow and bool(decision.findings)

    return decide


def trifectaguard(workspace: Path, drafted: bool = False) -> Decide:
    """The hook's handler. `drafted`: the unknown tools get the policy its `draft-policy` proposes, unreviewed."""
    from trifectaguard import hook
    from trifectaguard.config import Config

    home = Path.home()
    settings = [f"state_dir: {home / 'state'}", "builtin: {policy: claude-code}"]
    if drafted:
        from trifectaguard.draft import draft, render, tools_from_file

        (home / "app.yaml").write_text(render(*draft(tools_from_file(str(home / "tools.json")))), encoding="utf-8")
        settings.append("servers: {app: {policy: app.yaml}}")
    (home / "hooks.yaml").write_text("\n".join(settings), encoding="utf-8")
    config = Config.load(str(home / "hooks.yaml"))

    def decide(payload: Payload) -> Answer:
        said = hook.handle(config, payload)
        return _claude(said) if payload["hook_event_name"] == "PreToolUse" else NONE

    return decide


def _claude(said: dict[str, Any] | None) -> Answer:
    """A hook's answer; silence of a hook that looked at the call lets it pass."""
    return ((said or {}).get("hookSpecificOutput") or {}).get("permissionDecision") or "allow", False


PEERS: dict[str, Callable[[Path], Decide]] = {
    "nah": nah,
    "agentbelay": agentbelay,
    "prismor": prismor,
    "trifectaguard": trifectaguard,
    "trifectaguard-drafted": lambda workspace: trifectaguard(workspace, drafted=True),
}


def serve(start: Callable[[Path], Decide]) -> None:
    """Answer line by line. The peer's own prints go nowhere, so that they cannot pass for an answer."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    lines = os.fdopen(os.dup(0), encoding="utf-8")
    decide = start(Path.cwd())
    for line in lines:
        payload = json.loads(line)
        answer: dict[str, Any] = {}
        began = time.perf_counter_ns()
        try:
            answer["decision"], answer["warned"] = decide(payload)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a peer raises is its failure, and is counted
            answer = {"failed": f"{type(error).__name__}: {error}"[:200]}
        answer["us"] = (time.perf_counter_ns() - began) // 1000
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    serve(PEERS[sys.argv[1]])
