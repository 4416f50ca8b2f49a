"""Small invented sessions in each host's format, for tests of importers and of what reads their sessions.

`SAMPLES` maps an importer's name to a builder: `builder(folder) -> path` writes one realistic session under the folder and
returns the file to read. Wherever a format holds what no reviewer may see (answer keys, account names, the host's own system
prompt), the builder plants `MARKER` there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

MARKER = "PLANTED-3f9c1e"
"""Stands in a sample only where no event may show it."""


def write_lines(path: Path, records: Iterable[Any]) -> Path:
    """Write records as JSON Lines, making the folders; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def _clock() -> Iterator[str]:
    for second in range(3600):
        yield f"2026-09-14T15:{second // 60:02d}:{second % 60:02d}.000Z"


# ---------------------------------------------------------------- Claude Code

CLAUDE_SESSION = "5b0c7a1e-2f64-4c7e-9a51-6f1d0c3b8e77"
CLAUDE_AGENT = "a1f3c5e7092b4d6f8"


class ClaudeChain:
    """Builds chained transcript lines: each line's parent is the one before, unless said otherwise."""

    def __init__(
        self, *, session: str = CLAUDE_SESSION, agent: str = "", prefix: str = "u", cwd: str = "/home/mia/shop"
    ):
        self.lines: list[dict[str, Any]] = []
        self._clock = _clock()
        self._session, self._agent, self._prefix, self._cwd = session, agent, prefix, cwd
        self._last: str | None = None

    def add(self, kind: str, **fields: Any) -> str:
        """Append a line with the envelope; returns its uuid. `parentUuid` and the like may be given."""
        uuid = f"{self._prefix}{len(self.lines):04d}"
        line = {
            "parentUuid": self._last,
            "isSidechain": bool(self._agent),
            "type": kind,
            "uuid": uuid,
            "timestamp": next(self._clock),
            "userType": "external",
            "cwd": self._cwd,
            "sessionId": self._session,
            "version": "2.1.270",
            "gitBranch": "main",
            **({"agentId": self._agent} if self._agent else {}),
            **fields,
        }
        self.lines.append(line)
        self._last = uuid
        return uuid

    def raw(self, **fields: Any) -> None:
        """Append a metadata line, outside the chain."""
        self.lines.append({**fields, "sessionId": self._session})

    def person(self, text: str, **fields: Any) -> str:
        """A user line with plain text."""
        return self.add("user", message={"role": "user", "content": text}, **fields)

    def agent(self, *content: dict[str, Any], message: str = "", model: str = "claude-sonnet-5", **fields: Any) -> str:
        """Assistant lines: one line a content block, all of one message."""
        identity = message or f"msg_{self._prefix}{len(self.lines):04d}"
        for block in content:
            body = {"id": identity, "type": "message", "role": "assistant", "model": model, "content": [block]}
            self.add("assistant", message={**body, "usage": {"input_tokens": 10, "output_tokens": 20}}, **fields)
        return self._last or ""

    def result(self, call: str, content: Any, *, error: bool = False, **fields: Any) -> str:
        """A tool's result."""
        block = {
            "type": "tool_result",
            "tool_use_id": call,
            "content": content,
            **({"is_error": True} if error else {}),
        }
        return self.add("user", **{"message": {"role": "user", "content": [block]}, "toolUseResult": {}, **fields})


def text(words: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": words}


def use(call: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """A tool_use block."""
    return {"type": "tool_use", "id": call, "name": tool, "input": arguments}


def claude_code(folder: Path) -> Path:
    """A session with two tools, an MCP call, a refusal, a compaction, a queued message and a sub-agent in its own file."""
    chain = ClaudeChain()
    chain.raw(type="mode", mode="default")
    chain.raw(type="bridge-session", account=MARKER)
    chain.add("attachment", attachment={"type": "session_context", "email": f"{MARKER}@example.com"})
    chain.add("attachment", attachment={"type": "prompt_snapshot", "prompt": f"You are ... {MARKER}"})
    chain.person("The checkout total is wrong with two coupons. Find out why and fix it; don't push yet.")
    chain.agent(
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
        text("I'll look at the totals first."),
        use("toolu_01", "Bash", command="grep -rn 'coupon' src/", description="Find coupon code"),
    )
    chain.result("toolu_01", "src/cart/total.py:41: total -= coupon.amount")
    chain.agent(use("toolu_02", "Edit", file_path="/home/mia/shop/src/cart/total.py", old_string="-=", new_string="="))
    chain.result("toolu_02", "The file has been updated.")
    chain.agent(
        text("Two things at once."),
        use("toolu_03", "mcp__tracker__get_ticket", id="SHOP-118"),
        use("toolu_04", "Task", description="Check rounding", prompt="Read src/cart/money.py and say how it rounds."),
    )
    chain.result(
        "toolu_03", [text("SHOP-118: two coupons give a negative total"), {"type": "image", "source": {"data": "aGk="}}]
    )
    chain.result(
        "toolu_04", [text("It rounds half to even.")], toolUseResult={"agentId": CLAUDE_AGENT, "status": "completed"}
    )
    chain.raw(type="queue-operation", operation="enqueue", content="also run the tests")
    chain.add(
        "attachment", attachment={"type": "queued_command", "prompt": "also run the tests", "commandMode": "prompt"}
    )
    chain.agent(use("toolu_05", "Bash", command="git push origin main"))
    chain.result(
        "toolu_05", "The user doesn't want to proceed with this tool use.", error=True, toolDenialKind="user-rejected"
    )
    leaf = chain.agent(text("I won't push."))
    chain.add(
        "system", subtype="compact_boundary", parentUuid=None, logicalParentUuid=leaf, content="Conversation compacted"
    )
    chain.person("This session continues from an earlier one. Summary: ...", isCompactSummary=True)
    chain.agent(
        use("toolu_06", "Bash", command="pytest -q tests/cart", description="Run the tests"), cwd="/home/mia/shop/tests"
    )
    chain.result("toolu_06", "Exit code 1\n1 failed", error=True)
    chain.agent(text("API Error: overloaded"), model="<synthetic>")
    side = ClaudeChain(agent=CLAUDE_AGENT, prefix="s")
    side.person("Read src/cart/money.py and say how it rounds.")
    side.agent(use("toolu_s1", "Read", file_path="/home/mia/shop/src/cart/money.py"))
    side.result("toolu_s1", "return amount.quantize(CENT)")
    side.agent(text("It rounds half to even."))
    beside = folder / CLAUDE_SESSION / "subagents"
    write_lines(beside / f"agent-{CLAUDE_AGENT}.jsonl", side.lines)
    meta = {"agentType": "general-purpose", "description": MARKER, "toolUseId": "toolu_04", "spawnDepth": 1}
    (beside / f"agent-{CLAUDE_AGENT}.meta.json").write_text(json.dumps(meta), encoding="utf-8")
    return write_lines(folder / f"{CLAUDE_SESSION}.jsonl", chain.lines)


# ---------------------------------------------------------------- Codex

CODEX_SESSION = "0199a7c2-6d1e-7b40-9c55-3f0e8a1d2b64"


class Rollout:
    """Builds rollout lines."""

    def __init__(self, run: str = CODEX_SESSION, cwd: str = "/home/mia/shop", **meta: Any):
        self.lines: list[dict[str, Any]] = []
        self._clock = _clock()
        about = {
            "id": run,
            "timestamp": "2026-09-01T10:00:00Z",
            "cwd": cwd,
            "originator": "codex_exec",
            "source": "exec",
        }
        self.add("session_meta", **{**about, "cli_version": "0.152.1", **meta})

    def add(self, line: str, **payload: Any) -> None:
        """Append a line of a kind."""
        self.lines.append({"timestamp": next(self._clock), "type": line, "payload": payload})

    def item(self, kind: str, **payload: Any) -> None:
        """Append a response item."""
        self.add("response_item", type=kind, **payload)

    def event(self, kind: str, **payload: Any) -> None:
        """Append an event."""
        self.add("event_msg", type=kind, **payload)

    def message(self, role: str, *texts: str) -> None:
        """Append a message of a role, one part a text."""
        kind = "output_text" if role == "assistant" else "input_text"
        self.item("message", role=role, content=[{"type": kind, "text": words} for words in texts])

    def person(self, words: str) -> None:
        """What the person typed: the item for the model, and the event for the screen."""
        self.message("user", words)
        self.event("user_message", message=words)

    def call(self, call: str, tool: str, arguments: dict[str, Any], output: Any = None, **fields: Any) -> None:
        """A function call, with its output unless that is None."""
        self.item("function_call", name=tool, call_id=call, arguments=json.dumps(arguments), **fields)
        if output is not None:
            self.item("function_call_output", call_id=call, output=output)


def codex(folder: Path) -> Path:
    """A session with shell, patch, MCP and search calls, a refusal, host texts in the user's role and a compaction."""
    rollout = Rollout(base_instructions={"text": f"You are a coding agent. {MARKER}"}, git={"branch": "main"})
    rollout.message("developer", "<permissions instructions>\nworkspace-write\n</permissions instructions>")
    rollout.message("user", "# AGENTS.md instructions for /home/mia/shop\n\n<INSTRUCTIONS>\nUse tabs.\n</INSTRUCTIONS>")
    rollout.message("user", "<environment_context>\n  <cwd>/home/mia/shop</cwd>\n</environment_context>")
    rollout.add("turn_context", turn_id="t1", model="gpt-5.6-sol", cwd="/home/mia/shop", approval_policy="on-request")
    rollout.person("The totals are wrong with two coupons: fix it and run the tests.")
    rollout.item("reasoning", summary=[], encrypted_content=MARKER)
    rollout.call(
        "call_1", "exec_command", {"cmd": "rg coupon src", "workdir": "/home/mia/shop"}, "src/cart/total.py:41"
    )
    patch = "*** Begin Patch\n*** Update File: src/cart/total.py\n@@\n-a\n+b\n*** End Patch"
    rollout.item("custom_tool_call", name="apply_patch", call_id="call_2", input=patch)
    done = json.dumps({"output": "Success", "metadata": {"exit_code": 0}})
    rollout.item("custom_tool_call_output", call_id="call_2", output=done)
    rollout.call(
        "call_3",
        "shell",
        {"command": ["bash", "-lc", "pytest -q"], "workdir": "tests"},
        "Exit code: 1\nOutput:\n1 failed",
    )
    rollout.call(
        "call_4",
        "get_ticket",
        {"id": "SHOP-118"},
        [{"type": "input_text", "text": "two coupons"}],
        namespace="mcp__tracker__",
    )
    rollout.item(
        "web_search_call", id="ws_1", status="completed", action={"type": "search", "query": "decimal rounding"}
    )
    rollout.call(
        "call_5",
        "exec_command",
        {"cmd": "git push"},
        "This action was rejected due to unacceptable risk.\nNobody asked.",
    )
    rollout.event("guardian_assessment", target_item_id="call_5", status="denied", rationale=MARKER)
    rollout.message("assistant", "Fixed; I did not push.")
    rollout.event("agent_message", message="Fixed; I did not push.")
    rollout.event("token_count", info={"total_token_usage": {"input_tokens": 12000}})
    rollout.add("compacted", message="The totals were fixed.", replacement_history=[])
    rollout.add("world_state", full=True)
    rollout.event("task_complete", turn_id="t1")
    return write_lines(
        folder / "2026" / "09" / "01" / f"rollout-2026-09-01T10-00-00-{CODEX_SESSION}.jsonl", rollout.lines
    )


SAMPLES: dict[str, Callable[[Path], Path]] = {"claude-code": claude_code, "codex": codex}
"""Our own; those of the further formats are in `samples_formats`."""
