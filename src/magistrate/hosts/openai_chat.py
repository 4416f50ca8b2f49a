"""Chat messages in the shape of the OpenAI interfaces, and what is written like them. See docs/hosts-formats.md.

Read: an array of messages, `{"messages": [...]}`, JSON lines of either (fine-tuning files) or of single messages (one
session), request logs (`body`), and item lists of the Responses interface (`input`, `output`). Content blocks of the
Anthropic interface (`tool_use`, `tool_result`) are read as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from magistrate.core.intake import Head, Intake
from magistrate.core.records import RunStarted, Session
from magistrate.hosts.fields import arguments, has_thoughts, result_text, string, text_of
from magistrate.hosts.shapes import Report, Unfit, fit, noting, peek, values
from magistrate.hosts.transcript import Status, Transcript

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
CALL_BLOCKS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_CONTENT = ("content", "tool_calls", "function_call", "refusal")
_INPUTS = ("arguments", "input", "action", "code", "queries", "operation")
"""Where items of the Responses interface keep what a call was given."""
_OUTPUTS = ("output", "outputs", "results", "error")
_NAMES = ("id", "session_id", "conversation_id", "custom_id")


class Function(Struct, gc=False):
    """A function's name with its arguments, or with its description."""

    name: str | None = None
    arguments: Any = None
    input: Any = None
    description: str | None = None


class Call(Struct, gc=False):
    """One tool call of an assistant's message."""

    id: str | None = None
    function: Function | None = None
    custom: Function | None = None


class Tool(Struct, gc=False):
    """What the model was told about a tool."""

    name: str | None = None
    description: str | None = None
    function: Function | None = None


class Item(Struct, gc=False):
    """A chat message, or an item of the Responses interface."""

    role: str | None = None
    content: Any = None
    refusal: str | None = None
    reasoning_content: Any = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None
    tool_call_id: str | None = None
    type: str | None = None
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    server_label: str | None = None
    status: str | None = None
    arguments: Any = None
    input: Any = None
    action: Any = None
    code: Any = None
    queries: Any = None
    operation: Any = None
    output: Any = None
    outputs: Any = None
    results: Any = None
    error: Any = None
    approve: bool | None = None
    approval_request_id: str | None = None


class Conversation(Struct, gc=False):
    """The record around a list of messages."""

    messages: list[Item] | None = None
    instructions: str | None = None
    system: Any = None
    input: str | list[Item] | None = None
    output: list[Item] | None = None
    tools: list[Tool] | None = None
    functions: list[Tool] | None = None
    model: str | None = None


class OpenAIChatImporter:
    """Reads chat messages, one run a conversation."""

    name = "openai-chat"

    def claims(self, head: Head) -> bool:
        """Messages with a role, alone, in an array, or under `messages`, `input` or `output`."""
        return any(_is_ours(value) for value in (peek(head), *head.lines))

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield one run a conversation; a file of single messages is one run."""
        loose: list[Any] = []
        for line, value in values(path, intake):
            if isinstance(value, list) and any(_is_conversation(item) for item in value):
                for number, item in enumerate(value, start=1):
                    yield from self._session(path, number, item, intake)
            elif isinstance(value, dict) and _is_item(value) and not _is_conversation(value):
                loose.append(value)
            else:
                yield from self._session(path, line, {"messages": value} if isinstance(value, list) else value, intake)
        if loose:
            yield from self._session(path, 1, {"messages": loose}, intake)

    def _session(self, path: Path, line: int, value: Any, intake: Intake) -> Iterator[Session]:
        if not _is_conversation(value):
            intake.problem(path, "no conversation: neither messages nor items", line=line, mend="remove the record")
            return
        report = noting(path, intake, line)
        try:
            talk = fit(value.get("body", value), Conversation, report)
        except Unfit as reason:
            intake.problem(path, str(reason), line=line, mend="repair or remove the record")
            return
        run = next((text for name in _NAMES if (text := string(value.get(name)))), f"{path.name}:{line}")
        started = RunStarted(host=self.name, model=talk.model or "", source=f"{path.name}:{line}")
        yield Session(run=run, started=started, events=_Reader(talk, intake, report).events())


def _is_ours(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and (_is_item(value[0]) or _is_conversation(value[0]))
    return _is_item(value) or _is_conversation(value)


def _is_item(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    role, kind = value.get("role"), value.get("type")
    if isinstance(role, str) and role in ROLES:
        return any(key in value for key in _CONTENT)
    return isinstance(kind, str) and kind.endswith(("_call", "_call_output")) and ("call_id" in value or "id" in value)


def _is_conversation(value: Any) -> bool:
    if not isinstance(value, dict) or "suite_name" in value:
        return False
    if isinstance(value.get("body"), dict):
        value = value["body"]
    if isinstance(value.get("input"), str) and isinstance(value.get("output"), list):
        return True
    lists = (value.get(key) for key in ("messages", "input", "output"))
    return any(isinstance(items, list) and any(map(_is_item, items[:8])) for items in lists)


class _Reader:
    """Writes one conversation's events."""

    def __init__(self, talk: Conversation, intake: Intake, report: Report) -> None:
        self._talk, self._intake, self._report = talk, intake, report
        self._transcript = Transcript()
        self._about = {
            name: described.description or ""
            for tool in (*(talk.tools or ()), *(talk.functions or ()))
            if (described := tool.function or tool) and (name := described.name)
        }
        self._asked: dict[str, Item] = {}

    def events(self) -> list[Any]:
        talk = self._talk
        self._transcript.say("system", text_of(talk.system))
        self._transcript.say("system", talk.instructions or "")
        if isinstance(talk.input, str):
            self._transcript.user(talk.input)
        said = talk.input if isinstance(talk.input, list) else []
        for number, item in enumerate((*(talk.messages or ()), *said, *(talk.output or ()))):
            if item.role is not None:
                self._message(item, number)
            else:
                self._item(item, number)
        return self._transcript.finish()

    def _message(self, item: Item, number: int) -> None:
        match item.role:
            case "system" | "developer":
                self._transcript.say("system", text_of(item.content))
            case "user":
                self._user(item)
            case "assistant":
                self._assistant(item, number)
            case "tool":
                self._transcript.result(result_text(item.content), item.tool_call_id or "", tool=item.name or "")
            case "function":
                self._transcript.result(result_text(item.content), tool=item.name or "")
            case _:
                self._report(f"message {number} has the unknown role {item.role!r}; left out")

    def _user(self, item: Item) -> None:
        blocks = item.content if isinstance(item.content, list) else []
        for block in blocks:
            if isinstance(block, dict) and block.get("type") == "tool_result":
                failed: Status = "error" if block.get("is_error") is True else "ok"
                self._transcript.result(
                    result_text(block.get("content")), string(block.get("tool_use_id")), status=failed
                )
        rest = [block for block in blocks if not (isinstance(block, dict) and block.get("type") == "tool_result")]
        text = text_of(rest) if blocks else text_of(item.content)
        if text:
            self._transcript.user(text)

    def _assistant(self, item: Item, number: int) -> None:
        if item.reasoning_content or has_thoughts(item.content):
            self._intake.skip("block:reasoning")
        blocks = [block for block in item.content if isinstance(block, dict)] if isinstance(item.content, list) else []
        calls = [block for block in blocks if block.get("type") in CALL_BLOCKS]
        spoken = [block for block in blocks if block.get("type") not in CALL_BLOCKS]
        self._transcript.say("agent", text_of(spoken if calls else item.content))
        self._transcript.say("agent", item.refusal or "")
        for block in calls:
            self._act(string(block.get("name")), block.get("input"), string(block.get("id")), number)
        for call in item.tool_calls or ():
            function = call.function or call.custom or Function()
            given = function.arguments if function.arguments is not None else _input(function.input)
            self._act(function.name or "", given, call.id or "", number)
        if item.function_call:
            self._act(item.function_call.name or "", item.function_call.arguments, "", number)

    def _item(self, item: Item, number: int) -> None:
        kind = item.type or ""
        if kind.endswith("_output"):
            self._transcript.result(result_text(item.output), item.call_id or "")
        elif kind == "mcp_approval_request":
            self._asked[item.id or ""] = item
        elif kind == "mcp_approval_response":
            self._approval(item, number)
        elif kind.endswith("_call"):
            tool = item.name or kind.removesuffix("_call")
            given = item.call_id or item.id or ""
            found = next((value for key in _INPUTS if (value := getattr(item, key)) is not None), None)
            self._act(
                tool, found if kind != "custom_tool_call" else _input(found), given, number, item.server_label or ""
            )
            output = next((value for key in _OUTPUTS if (value := getattr(item, key)) is not None), None)
            if output is not None:
                status: Status = "error" if item.error is not None or item.status == "failed" else "ok"
                self._transcript.result(result_text(output), given, status=status)
        elif kind:
            self._intake.skip(f"item:{kind}")
        else:
            self._report(f"message {number} has neither role nor type; left out")

    def _approval(self, item: Item, number: int) -> None:
        """A call that was asked about and refused never becomes a call item; one that was approved does."""
        asked = self._asked.get(item.approval_request_id or "")
        if asked is None or item.approve is not False:
            return
        self._act(asked.name or "", asked.arguments, asked.id or "", number, asked.server_label or "")
        self._transcript.result("", asked.id or "", status="refused", refused_by="person")

    def _act(self, tool: str, given: Any, call_id: str, number: int, server: str = "") -> None:
        if not tool:
            self._report(f"message {number} calls a tool without a name")
        self._transcript.act(tool, arguments(given), call_id, about=self._about.get(tool, ""), server=server)


def _input(value: Any) -> Any:
    """Free text given to a custom tool is no JSON, even where it looks like it."""
    return {"input": value} if isinstance(value, str) else value


IMPORTER = OpenAIChatImporter()
