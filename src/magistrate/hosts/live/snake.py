"""The shape that several hosts share: `session_id`, `cwd`, `hook_event_name`, `tool_name`, `tool_input` and their kin.

A host is a `Dialect`: its names of events, each with what it tells. Everything that would run is read strictly; fields that
no decision rests on are taken where they have the usual type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from magistrate.core.errors import InputError
from magistrate.core.records import Action, Heard, Message, Outcome, Record, Reply, RunStarted, Verdict
from magistrate.hosts.claude_lines import server_of, texts_in, words
from magistrate.hosts.live import answers
from magistrate.hosts.live.payload import Payload, identifier, load, shaped, step
from magistrate.hosts.turns import home_of, speakers

Kind = Literal["call", "result", "failure", "refusal", "prompt", "start", "agent-start", "agent-end", "end", "quiet"]
"""What an event tells. `call`: a tool call that waits; `refusal`: the host itself did not let one run; `quiet`: nothing that
the run's evidence rests on."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One message of such a host. `None` stands for null, which several hosts send for what they do not have."""

    session_id: str
    hook_event_name: str = ""
    cwd: str | None = None
    transcript_path: str | None = None
    agent_id: str | None = None
    prompt: Any = None
    tool_name: str | None = None
    tool_input: Any = None
    tool_use_id: str | None = None
    tool_response: Any = None
    tool_result: Any = None
    error: Any = None
    reason: Any = None
    model: Any = None
    timestamp: Any = None


class Dialect(Record, frozen=True, kw_only=True):
    """What is particular to one host of this shape."""

    name: str
    events: Mapping[str, Kind]
    refuser: str = "host-classifier"
    """Who refuses when the host reports a call that it did not let run."""


def hear(dialect: Dialect, event: str, loaded: Payload) -> Heard:
    """What a payload says. `event`: as the hook was installed for, empty when unknown. Raises InputError."""
    told = shaped(loaded.fields, Told)
    name = told.hook_event_name or event
    if event and name != event:
        raise InputError(f"payload is of event {name[:80]!r}, expected {event}")
    kind = dialect.events.get(name)
    if kind is None:
        raise InputError(f"unknown event {name[:80]!r}")
    session = f"{dialect.name}/{step(told.session_id, 'session_id')}"
    agent = told.agent_id or ""
    action = None
    if kind == "call":
        loaded.sure()
        action = call(told.tool_name, told.tool_input, call_id=told.tool_use_id, cwd=told.cwd)
    return Heard(
        host=dialect.name,
        event=name,
        run=f"{session}/{step(agent, 'agent_id')}" if agent else session,
        started=RunStarted(
            host=dialect.name,
            model=words(told.model),
            cwd=told.cwd or "",
            home=home_of(told.cwd or ""),
            parent=session if agent else "",
            at=words(told.timestamp),
        ),
        said=tuple(_said(kind, told, dialect)),
        action=action,
        transcript=told.transcript_path or "",
        ended=kind == "end" or (kind == "agent-end" and bool(agent)),
    )


def call(tool: str | None, given: Any, *, call_id: str | None = "", cwd: str | None = "", server: str = "") -> Action:
    """A call that waits: a named tool with an object of arguments, or InputError."""
    if not isinstance(given, dict):
        raise InputError(f"arguments of the call are {type(given).__name__}, expected an object")
    name = identifier(tool or "", "tool")
    return Action(tool=name, arguments=given, call_id=call_id or "", cwd=cwd or "", server=server or server_of(name))


def result_text(value: Any) -> str:
    """What a tool gave back, as text: content parts, or the texts in a structured result, in order."""
    return value if isinstance(value, str) else "\n".join(texts_in(value))


def typed(prompt: Any, *, by_person: bool = True) -> list[Message]:
    """A prompt as messages: what a person typed, apart from what a program put beside it."""
    text = result_text(prompt)
    return [
        Message(author="person" if who == "person" and by_person else "machine", text=piece)
        for who, piece in speakers(text)
    ]


def _said(kind: Kind, told: Told, dialect: Dialect) -> list[Message | Outcome]:
    call_id, tool = told.tool_use_id or "", told.tool_name or ""
    match kind:
        case "prompt":
            return [*typed(told.prompt, by_person=not told.agent_id)]
        case "result":
            response = told.tool_response if told.tool_response is not None else told.tool_result
            return [Outcome(call_id=call_id, tool=tool, text=result_text(response))]
        case "failure":
            text = "\n".join(filter(None, (result_text(told.error), result_text(told.tool_response))))
            return [Outcome(call_id=call_id, tool=tool, text=text, status="error")]
        case "refusal":
            text = result_text(told.reason)
            return [Outcome(call_id=call_id, tool=tool, text=text, status="refused", refused_by=dialect.refuser)]
        case _:
            return []


# ---------------------------------------------------------------- answers


def said(body: dict[str, Any], **more: Any) -> Reply:
    """A reply whose standard output is one JSON object."""
    return Reply(stdout=msgspec.json.encode(body).decode(), **more)


def decision(event: str, word: str, text: str = "") -> dict[str, Any]:
    """The body that Claude Code, Codex and VS Code understand as a decision on a call."""
    inner = {"hookEventName": event, "permissionDecision": word}
    return {"hookSpecificOutput": inner | ({"permissionDecisionReason": text} if text else {})}


def portable(body: dict[str, Any], text: str) -> Reply:
    """A denial that every known host understands, in whosever words its hook was written: exit code 2 with a reason."""
    return said(body, stderr=text, exit=2)


def neutral(heard: Heard, verdict: Verdict | None) -> bool:
    """Whether the host hears nothing that could change what it does: nothing waited, or it was a dry run."""
    return (verdict is None and heard.action is None) or (verdict is not None and verdict.mode == "dry-run")


def spoken(verdict: Verdict, ticket: str, *, asks: bool) -> tuple[Literal["allow", "deny", "ask"], str]:
    """The word for a verdict and the text beside it, by whether the host puts questions to its user."""
    if verdict.decision == "allow":
        return "allow", ""
    if verdict.decision == "escalate" and asks:
        return "ask", answers.question(verdict, ticket)
    return "deny", answers.denial(verdict, ticket)


__all__ = [
    "Dialect", "Kind", "Told", "call", "decision", "hear", "load", "neutral", "portable", "result_text", "said", "spoken",
    "typed",
]  # fmt: skip
