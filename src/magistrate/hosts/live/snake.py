"""The shape that several hosts share: `session_id`, `cwd`, `hook_event_name`, `tool_name`, `tool_input` and their kin.

A host is a `Hooks` with its names of events, each with what it tells. Everything that would run is read strictly; fields that
no decision rests on are taken where they have the usual type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from magistrate.core.canon import canonical
from magistrate.core.errors import InputError
from magistrate.core.records import Action, Heard, Message, Outcome, Record, Reply, RunStarted, Verdict
from magistrate.hosts.claude_lines import mapping, server_of, texts_in, words
from magistrate.hosts.live import answers
from magistrate.hosts.live.payload import Payload, identifier, load, nested, role_of, shaped, step
from magistrate.hosts.turns import home_of, speakers

Kind = Literal[
    "call", "result", "failure", "refusal", "prompt", "reply", "start", "agent-start", "agent-end", "end", "quiet"
]
"""What an event tells. `call`: a tool call that waits; `refusal`: the host itself did not let one run; `reply`: what the
agent says at the end of a turn; `quiet`: nothing that the run's evidence rests on."""
Author = Literal["person", "system", "agent", "machine"]

CAMEL = MappingProxyType(
    {
        "sessionId": "session_id",
        "hookEventName": "hook_event_name",
        "workingDirectory": "cwd",
        "transcriptPath": "transcript_path",
        "toolName": "tool_name",
        "toolArgs": "tool_input",
        "toolResult": "tool_response",
        "toolUseId": "tool_use_id",
        "toolCallId": "tool_use_id",
    }
)
"""The same fields where a host writes them in camel case."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One message of such a host. `None` stands for null, which several hosts send for what they do not have."""

    session_id: str
    hook_event_name: str = ""
    cwd: str | None = None
    transcript_path: str | None = None
    agent_id: str | None = None
    tool_name: str | None = None
    tool_input: Any = None
    tool_use_id: str | None = None
    tool_response: Any = None
    mcp_context: Any = None
    command: Any = None
    prompt: Any = None
    last_assistant_message: Any = None
    prompt_response: Any = None
    text: Any = None
    error: Any = None
    reason: Any = None
    model: Any = None
    timestamp: Any = None


class Hooks(Record, frozen=True, kw_only=True):
    """Adapter of a host of this shape; the subclasses say what is particular to each."""

    name: str
    events: Mapping[str, Kind]
    """The host's events, and what each tells."""
    asking: frozenset[str] = frozenset()
    """Events at which the host puts a question to its user when told `ask`."""
    approving: frozenset[str] = frozenset()
    """Events at which `allow` answers for the host's user too: said only when `approves`."""
    approves: bool = False
    """`guard --allow-means approve`; otherwise `allow` means "no objection", and the host's own ways of asking go on."""
    unobservable: tuple[str, ...] = ()
    seen: str = ""
    """The version of the host that was driven end to end; empty: written by the host's documentation alone."""

    @property
    def asks(self) -> bool:
        """Whether the host asks its user at some event."""
        return bool(self.asking)

    @property
    def gates(self) -> frozenset[str]:
        """Events whose answer decides whether a call runs."""
        return frozenset(event for event, kind in self.events.items() if kind == "call")

    def decode(self, event: str, payload: bytes) -> Heard:
        """What the host says. Raises InputError."""
        return self.hear(event, load(payload))

    def hear(self, event: str, loaded: Payload) -> Heard:
        """What a loaded payload says. `event`: as the hook was installed for, empty when unknown. Raises InputError."""
        told = shaped(snaked(loaded.fields), Told)
        name = told.hook_event_name or event
        if event and name != event:
            raise InputError(f"payload is of event {name[:80]!r}, expected {event}")
        kind = self.events.get(name)
        if kind is None:
            raise InputError(f"unknown event {name[:80]!r}")
        session = f"{self.name}/{step(told.session_id, 'session_id')}"
        agent = told.agent_id or ""
        if kind == "call":
            loaded.sure()
        return Heard(
            host=self.name,
            event=name,
            run=f"{session}/{step(agent, 'agent_id')}" if agent else session,
            started=RunStarted(
                host=self.name,
                model=words(told.model),
                cwd=told.cwd or "",
                home=home_of(told.cwd or ""),
                parent=session if agent else "",
                role=role_of(told.session_id),
                at=words(told.timestamp),
            ),
            said=tuple(self.said(kind, told)),
            action=self.action(name, told) if kind == "call" else None,
            transcript=told.transcript_path or "",
            ended=kind == "end" or (kind == "agent-end" and bool(agent)),
        )

    def action(self, event: str, told: Told) -> Action:
        """The call that waits. Raises InputError."""
        server = words(mapping(told.mcp_context).get("server_name"))
        return call(told.tool_name, told.tool_input, call_id=told.tool_use_id, cwd=told.cwd, server=server)

    def said(self, kind: Kind, told: Told) -> Iterator[Message | Outcome]:
        """What happened, as an event of this kind tells it."""
        call_id, tool = told.tool_use_id or "", told.tool_name or ""
        match kind:
            case "prompt":
                for author, text in self.typed(result_text(told.prompt)):
                    yield Message(author="machine" if told.agent_id else author, text=text)
            case "reply" | "agent-end":
                text = words(told.last_assistant_message) or words(told.prompt_response) or words(told.text)
                if text.strip():
                    yield Message(author="agent", text=text)
            case "result":
                yield replace(self.result(told.tool_response), call_id=call_id, tool=tool)
            case "failure":
                text = "\n".join(filter(None, (result_text(told.error), result_text(told.tool_response))))
                yield Outcome(call_id=call_id, tool=tool, text=text, status="error")
            case "refusal":
                text = result_text(told.reason)
                yield Outcome(call_id=call_id, tool=tool, text=text, status="refused", refused_by="host-classifier")
            case _:
                pass

    def typed(self, prompt: str) -> Iterator[tuple[Author, str]]:
        """What a person typed, apart from what a program put beside it."""
        yield from speakers(prompt)

    def result(self, response: Any) -> Outcome:
        """What a tool gave back."""
        return Outcome(text=result_text(response))

    def encode(self, heard: Heard, verdict: Verdict | None, ticket: str = "") -> Reply:
        """The answer. Silence, the answer to what does not wait, leaves the host's own ways as they are."""
        if verdict is None:
            return Reply() if heard.action is None else self.refuse(heard.event, "no verdict was given")
        if verdict.mode == "dry-run" or heard.action is None:
            return Reply()
        word, text = spoken(verdict, ticket, asks=heard.event in self.asking)
        if word == "allow":
            return said(self.body(heard.event, word, "")) if self.speaks(heard.event) else Reply()
        return said(self.body(heard.event, word, text))

    def speaks(self, event: str) -> bool:
        """Whether an `allow` is said at all."""
        return self.approves and event in self.approving

    def body(self, event: str, word: str, text: str) -> dict[str, Any]:
        """A decision in the host's words: `allow`, `deny` or `ask`."""
        return answer(event, word, text)

    def refuse(self, event: str, why: str) -> Reply:
        """A denial without a verdict, with exit code 2, which every known host takes for one; silence where nothing waits."""
        if event and self.events.get(event, "call") != "call":
            return Reply()
        text = answers.doubt(why)
        return said(self.body(event or self.main, "deny", text), stderr=text, exit=2)

    @property
    def main(self) -> str:
        """The event that gates every tool."""
        return next(event for event, kind in self.events.items() if kind == "call")


# ---------------------------------------------------------------- pieces


def snaked(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields under their usual names. Raises InputError where one is given under two names that disagree."""
    found = {CAMEL[name]: value for name, value in fields.items() if name in CAMEL}
    for name, value in found.items():
        if name in fields and canonical(fields[name]) != canonical(value):
            raise InputError(f"payload gives {name} twice")
    return fields | found if found else fields


def call(tool: str | None, given: Any, *, call_id: str | None = "", cwd: str | None = "", server: str = "") -> Action:
    """A call that waits: a named tool with an object of arguments (or its JSON text), or InputError."""
    arguments = nested(given) if isinstance(given, str) else given
    if not isinstance(arguments, dict):
        raise InputError(f"arguments of the call are {type(arguments).__name__}, expected an object")
    name = identifier(tool or "", "tool")
    return Action(
        tool=name, arguments=arguments, call_id=call_id or "", cwd=cwd or "", server=server_of(name) or server
    )


def result_text(value: Any) -> str:
    """What a tool gave back, as text: content parts, or the texts in a structured result, in order."""
    return value if isinstance(value, str) else "\n".join(filter(None, texts_in(value)))


def said(body: dict[str, Any], *, stderr: str = "", exit: int = 0) -> Reply:
    """A reply whose standard output is one JSON object."""
    return Reply(stdout=msgspec.json.encode(body).decode(), stderr=stderr, exit=exit)


def answer(event: str, word: str, text: str = "") -> dict[str, Any]:
    """The body that decides on a call for Claude Code and the hosts that follow it."""
    if event == "PermissionRequest":
        inner = {"behavior": "allow"} if word == "allow" else {"behavior": "deny", "message": text}
        return {"hookSpecificOutput": {"hookEventName": event, "decision": inner}}
    told = {"permissionDecisionReason": text} if text else {}
    return {"hookSpecificOutput": {"hookEventName": event, "permissionDecision": word, **told}}


def spoken(verdict: Verdict, ticket: str, *, asks: bool) -> tuple[Literal["allow", "deny", "ask"], str]:
    """The word for a verdict and the text beside it, by whether the host puts questions to its user."""
    if verdict.decision == "allow":
        return "allow", ""
    if verdict.decision == "escalate" and asks:
        return "ask", answers.question(verdict, ticket)
    return "deny", answers.denial(verdict, ticket)
