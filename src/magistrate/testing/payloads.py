"""Invented payloads of live hosts, one for each event: what adapters are tested with, and what fuzzing begins from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from magistrate.hosts.live.probes import PROBES

SESSION = "5f0c2d1e-demo"
CWD = "/home/ann/work/app"
COMMAND = "npm test"
_AT = "2026-03-04T05:06:07.890Z"


def gate(host: str, command: str = COMMAND, session: str = SESSION) -> dict[str, Any]:
    """The payload with which a host asks about a shell command."""
    return PROBES[host](session, CWD, command)


def _snake(event: str, **more: Any) -> dict[str, Any]:
    return {"session_id": SESSION, "transcript_path": "/home/ann/t.jsonl", "cwd": CWD, "hook_event_name": event, **more}


def _claude(event: str, **more: Any) -> dict[str, Any]:
    return _snake(event, permission_mode="default", prompt_id="p1", **more)


def _codex(event: str, **more: Any) -> dict[str, Any]:
    return _snake(event, model="gpt-demo", permission_mode="default", turn_id="t1", **more) | {"transcript_path": None}


def _gemini(event: str, **more: Any) -> dict[str, Any]:
    return _snake(event, timestamp=_AT, **more)


def _camel(**more: Any) -> dict[str, Any]:
    return {"sessionId": SESSION, "timestamp": 1772600767890, "cwd": CWD, **more}


def _cursor(event: str, **more: Any) -> dict[str, Any]:
    return {
        "conversation_id": SESSION,
        "generation_id": "g1",
        "model": "demo",
        "hook_event_name": event,
        "cursor_version": "2.1.0",
        "workspace_roots": [CWD],
        "user_email": None,
        "transcript_path": None,
        **more,
    }


def _opencode(event: str, **more: Any) -> dict[str, Any]:
    return {"session_id": SESSION, "cwd": CWD, "parent_id": None, "hook_event_name": event, **more}


def _generic(event: str, **more: Any) -> dict[str, Any]:
    return {"version": 1, "host": "acme", "session": SESSION, "cwd": CWD, "event": event, **more}


PERSON = "Run the tests.\n<system-reminder>The build is green.</system-reminder>"
"""A prompt: the person's words, and a program's beside them."""
_BASH = {"tool_name": "Bash", "tool_input": {"command": COMMAND}, "tool_use_id": "toolu_1"}
_GEMINI_CALL = {"tool_name": "run_shell_command", "tool_input": {"command": COMMAND}}
_GEMINI_DONE = {"llmContent": [{"text": "12 passed"}], "returnDisplay": "12 passed"}
_MCP = {
    "tool_name": "mcp__tracker__close_issue",
    "tool_input": {"issue": 7, "labels": ["done"], "note": {"text": "fixed"}},
    "tool_use_id": "toolu_2",
}

TOLD: Mapping[str, tuple[tuple[str, dict[str, Any]], ...]] = MappingProxyType(
    {
        "claude-code": (
            ("PreToolUse", _claude("PreToolUse", **_BASH)),
            ("PreToolUse", _claude("PreToolUse", **_MCP, mcp_server={"name": "tracker", "source": "user"})),
            ("PreToolUse", _claude("PreToolUse", **_BASH, agent_id="a1b2", agent_type="Explore")),
            ("PermissionRequest", _claude("PermissionRequest", tool_name="Bash", tool_input={"command": "ls"})),
            (
                "PostToolUse",
                _claude("PostToolUse", **_BASH, tool_response={"stdout": "12 passed", "stderr": "", "isImage": False}),
            ),
            ("PostToolUseFailure", _claude("PostToolUseFailure", **_BASH, error="exit code 1", is_interrupt=False)),
            ("PermissionDenied", _claude("PermissionDenied", **_BASH, reason="Blocked by classifier")),
            ("UserPromptSubmit", _claude("UserPromptSubmit", prompt=PERSON)),
            ("SessionStart", _claude("SessionStart", source="startup", model="claude-demo")),
            ("SessionEnd", _claude("SessionEnd", reason="other")),
            ("SubagentStart", _claude("SubagentStart", agent_id="a1b2", agent_type="Explore")),
            ("SubagentStop", _claude("SubagentStop", agent_id="a1b2", agent_type="Explore", stop_hook_active=False)),
            ("Stop", _claude("Stop", stop_hook_active=False, last_assistant_message="done")),
            ("PreCompact", _claude("PreCompact", trigger="auto", custom_instructions="")),
        ),
        "codex": (
            ("PreToolUse", _codex("PreToolUse", **_BASH)),
            ("PreToolUse", _codex("PreToolUse", **_MCP)),
            (
                "PreToolUse",
                _codex(
                    "PreToolUse",
                    tool_name="apply_patch",
                    tool_use_id="call_3",
                    tool_input={"command": "*** Begin Patch\n*** Add File: a.txt\n+hi\n*** End Patch"},
                ),
            ),
            ("PermissionRequest", _codex("PermissionRequest", tool_name="Bash", tool_input={"command": "git push"})),
            ("PostToolUse", _codex("PostToolUse", **_BASH, tool_response="12 passed")),
            ("UserPromptSubmit", _codex("UserPromptSubmit", prompt=PERSON)),
            ("SessionStart", _codex("SessionStart", source="startup")),
            ("SessionEnd", _snake("SessionEnd", reason="other")),
            ("SubagentStart", _codex("SubagentStart", agent_id="a1b2", agent_type="worker")),
            ("SubagentStop", _codex("SubagentStop", agent_id="a1b2", agent_type="worker", stop_hook_active=False)),
            ("Stop", _codex("Stop", stop_hook_active=False, last_assistant_message=None)),
        ),
        "gemini-cli": (
            ("BeforeTool", _gemini("BeforeTool", **_GEMINI_CALL)),
            (
                "BeforeTool",
                _gemini(
                    "BeforeTool",
                    tool_name="mcp_tracker_close_issue",
                    tool_input={"issue": 7},
                    mcp_context={"server_name": "tracker", "tool_name": "close_issue", "command": "tracker"},
                ),
            ),
            ("AfterTool", _gemini("AfterTool", **_GEMINI_CALL, tool_response=_GEMINI_DONE)),
            ("BeforeAgent", _gemini("BeforeAgent", prompt=PERSON)),
            ("AfterAgent", _gemini("AfterAgent", prompt=PERSON, prompt_response="done", stop_hook_active=False)),
            ("SessionStart", _gemini("SessionStart", source="startup")),
            ("SessionEnd", _gemini("SessionEnd", reason="exit")),
            ("Notification", _gemini("Notification", notification_type="ToolPermission", message="?", details={})),
        ),
        "qwen-code": (
            ("PreToolUse", _gemini("PreToolUse", permission_mode="default", tool_use_id="toolu_1", **_GEMINI_CALL)),
            ("PermissionRequest", _gemini("PermissionRequest", permission_mode="default", **_GEMINI_CALL)),
            ("PostToolUse", _gemini("PostToolUse", tool_use_id="toolu_1", **_GEMINI_CALL, tool_response=_GEMINI_DONE)),
            ("PostToolUseFailure", _gemini("PostToolUseFailure", tool_use_id="toolu_1", **_GEMINI_CALL, error="exit 1")),
            ("UserPromptSubmit", _gemini("UserPromptSubmit", prompt=PERSON)),
            ("SessionStart", _gemini("SessionStart", source="startup", model="qwen-demo", permission_mode="default")),
            ("SessionEnd", _gemini("SessionEnd", reason="other")),
            ("SubagentStart", _gemini("SubagentStart", agent_id="a1b2", agent_type="worker")),
            ("SubagentStop", _gemini("SubagentStop", agent_id="a1b2", agent_type="worker")),
            ("Stop", _gemini("Stop", stop_hook_active=False)),
        ),
        "copilot": (
            ("preToolUse", _camel(toolName="bash", toolArgs={"command": COMMAND})),
            ("preToolUse", _camel(toolName="edit", toolArgs='{"path":"a.txt","old_str":"a","new_str":"b"}')),
            (
                "PreToolUse",
                {"session_id": SESSION, "timestamp": _AT, "cwd": CWD, "hook_event_name": "PreToolUse"}
                | {"tool_name": "Bash", "tool_input": {"command": COMMAND}},
            ),
            (
                "postToolUse",
                _camel(
                    toolName="bash",
                    toolArgs={"command": COMMAND},
                    toolResult={"resultType": "success", "textResultForLlm": "12 passed"},
                ),
            ),
            ("postToolUseFailure", _camel(toolName="bash", toolArgs={"command": COMMAND}, error="exit 1")),
            ("userPromptSubmitted", _camel(prompt=PERSON)),
            ("sessionStart", _camel(source="new", initialPrompt="Run the tests.")),
            ("sessionEnd", _camel(reason="complete")),
            ("agentStop", _camel(stopReason="end_turn")),
        ),
        "vscode": (
            ("PreToolUse", _snake("PreToolUse", timestamp=_AT, tool_name="run_in_terminal", tool_use_id="c1")
             | {"tool_input": {"command": COMMAND, "explanation": "Tests", "isBackground": False}}),
            ("PreToolUse", {"sessionId": SESSION, "hookEventName": "PreToolUse", "timestamp": _AT, "cwd": CWD,
                            "transcript_path": "/home/ann/t.json", "tool_name": "create_file", "tool_use_id": "c2",
                            "tool_input": {"filePath": "/home/ann/work/app/a.txt", "content": "hi"}}),
            ("PostToolUse", _snake("PostToolUse", timestamp=_AT, tool_name="run_in_terminal", tool_use_id="c1")
             | {"tool_input": {"command": COMMAND}, "tool_response": "12 passed"}),
            ("UserPromptSubmit", _snake("UserPromptSubmit", timestamp=_AT, prompt=PERSON)),
            ("SessionStart", _snake("SessionStart", timestamp=_AT, source="new")),
            ("Stop", _snake("Stop", timestamp=_AT, stop_hook_active=False)),
        ),
        "cursor": (
            ("preToolUse", _cursor("preToolUse", tool_name="Shell", tool_use_id="c1", cwd=CWD)
             | {"tool_input": {"command": COMMAND, "working_directory": ""}}),
            ("beforeShellExecution", _cursor("beforeShellExecution", command=COMMAND, cwd="", sandbox=False)),
            ("beforeMCPExecution", _cursor("beforeMCPExecution", tool_name="close_issue", tool_input='{"issue":7}',
                                           command="tracker")),
            ("postToolUse", _cursor("postToolUse", tool_name="Shell", tool_input={"command": COMMAND}, tool_use_id="c1",
                                    tool_output='{"output":"12 passed"}', duration=12)),
            ("postToolUseFailure", _cursor("postToolUseFailure", tool_name="Shell", tool_input={"command": COMMAND},
                                           tool_use_id="c1", error_message="exit 1", failure_type="error")),
            ("beforeSubmitPrompt", _cursor("beforeSubmitPrompt", prompt=PERSON, attachments=[])),
            ("sessionStart", _cursor("sessionStart", session_id=SESSION, composer_mode="agent")),
            ("sessionEnd", _cursor("sessionEnd", session_id=SESSION, reason="completed")),
            ("afterAgentResponse", _cursor("afterAgentResponse", text="done")),
            ("stop", _cursor("stop", status="completed", loop_count=0)),
        ),
        "opencode": (
            ("tool.execute.before", _opencode("tool.execute.before", tool_name="bash", tool_use_id="call_1")
             | {"tool_input": {"command": COMMAND, "description": "Tests"}}),
            ("tool.execute.before", _opencode("tool.execute.before", tool_name="edit", tool_use_id="call_2")
             | {"tool_input": {"filePath": "/home/ann/work/app/a.txt", "oldString": "a", "newString": "b"}}
             | {"parent_id": "ses_parent"}),
            ("tool.execute.after", _opencode("tool.execute.after", tool_name="bash", tool_use_id="call_1")
             | {"tool_response": "12 passed"}),
            ("chat.message", _opencode("chat.message", prompt=["Run the tests."], attached=["<file>...</file>"])),
            ("session.created", _opencode("session.created")),
            ("session.idle", _opencode("session.idle", text="done")),
            ("session.deleted", _opencode("session.deleted")),
        ),
        "generic": (
            ("act", _generic("act", tool="shell", arguments={"command": COMMAND}, call_id="c1")
             | {"said": [{"kind": "message", "author": "person", "text": "Run the tests."},
                         {"kind": "outcome", "call_id": "c0", "tool": "read", "text": "..."}]}),
            ("act", _generic("act", tool="close_issue", arguments={"issue": 7}, server="tracker", agent="helper")),
            ("start", _generic("start", host_version="1.2", model="demo")),
            ("tell", _generic("tell", said=[{"kind": "message", "author": "person", "text": "Stop."}])),
            ("end", _generic("end")),
        ),
    }
)  # fmt: skip
"""Host -> (event as its hook is installed for, payload)."""
