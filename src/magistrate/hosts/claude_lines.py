"""Lines of a Claude Code transcript, as events. See docs/hosts.md for each decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from magistrate.core.canon import content_hash
from magistrate.core.intake import Intake
from magistrate.core.records import Action, Message, Outcome
from magistrate.hosts.turns import speakers

SYNTHETIC = "<synthetic>"
QUEUED = "queue-operation"
INTERRUPTED = "[Request interrupted by user"
CONTINUED = "This session is being continued from a previous conversation"
"""How summaries of old versions begin, which carry no mark."""
Said = Message | Action | Outcome
Status = Literal["ok", "error", "refused", "unknown"]

CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
DENIALS = {
    "user-rejected": "person",
    "automode-blocked": "host-classifier",
    "interrupted": "interrupt",
    "cancelled": "cancelled",
}
"""`toolDenialKind` -> who refused; a kind not listed refuses under its own name."""
DENIAL_TEXTS: tuple[tuple[str, str], ...] = (
    ("The user doesn't want to proceed with this tool use.", "person"),
    ("The user doesn't want to take this action right now.", "person"),
    (INTERRUPTED, "interrupt"),
    ("Claude requested permissions to ", "host-unanswered"),
    ("Permission to use ", "host-rule"),
    ("Hook '", "hook"),
    ("Execution stopped by PreToolUse hook", "hook"),
    ("<tool_use_error>Sibling tool call errored", "cancelled"),
)
"""How results of versions without `toolDenialKind` begin when the call did not run."""
_REDACTED = frozenset({"session_context", "prompt_snapshot"})
_SHOWN = frozenset(
    {
        "async_hook_response", "diagnostics", "directory", "edited_text_file", "file", "hook_additional_context",
        "hook_blocking_error", "invoked_skills", "mcp_resource", "nested_memory", "plan_file_reference",
        "relevant_memories", "selected_lines_in_ide", "task_status", "teammate_mailbox",
    }
)  # fmt: skip
"""Attachments whose text is put before the model; others say only how the host works."""
_NOT_TEXT = frozenset({"type", "base64", "data", "signature", "uuid", "id", "media_type", "encrypted_content"})


@dataclass(frozen=True)
class Line:
    """What is used of one conversation line, wrong types read as absent."""

    n: int
    kind: str
    uuid: str
    parent: str
    logical_parent: str
    root: bool
    """The line says that it has no parent."""
    side: bool
    agent: str
    session: str
    cwd: str
    version: str
    model: str
    at: str
    data: dict[str, Any] = field(repr=False)

    @property
    def human(self) -> bool:
        """Whether this is a person's turn: typed by them, not by a program in their place."""
        return self.kind == "user" and typed(self) and any(who == "person" for who, _ in _spoken(self))

    @property
    def prompt(self) -> str:
        """The whole text of a user line."""
        return "\n".join(_texts(self))


def line_of(n: int, kind: str, data: dict[str, Any]) -> Line:
    """Read a line's envelope."""
    message = mapping(data.get("message"))
    return Line(
        n=n,
        kind=kind,
        uuid=words(data.get("uuid")),
        parent=words(data.get("parentUuid")),
        logical_parent=words(data.get("logicalParentUuid")),
        root="parentUuid" in data and data["parentUuid"] is None,
        side=data.get("isSidechain") is True,
        agent=words(data.get("agentId")),
        session=words(data.get("sessionId")),
        cwd=words(data.get("cwd")),
        version=words(data.get("version")),
        model=words(message.get("model")),
        at=words(data.get("timestamp")),
        data=data,
    )


def words(value: Any) -> str:
    """The value when it is text, else nothing."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def blocks(line: Line) -> list[dict[str, Any]]:
    """The content blocks of a message; text alone counts as one block, what is no object is left out."""
    content = mapping(line.data.get("message")).get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def typed_texts(line: Line) -> list[str]:
    """The texts that a user line or a queued message holds."""
    attached = mapping(line.data.get("attachment"))
    if attached.get("type") == "queued_command":
        return texts_in(attached.get("prompt"))
    return _texts(line) if line.kind == "user" else []


def typed(line: Line) -> bool:
    """Whether a user line may hold a person's words: nothing about it says that a program wrote it."""
    data = line.data
    if data.get("isMeta") or data.get("isCompactSummary") or data.get("isVisibleInTranscriptOnly"):
        return False
    if "toolUseResult" in data or "sourceToolUseID" in data or "sourceToolAssistantUUID" in data:
        return False
    if any(block.get("type") == "tool_result" for block in blocks(line)):
        return False
    return _human_origin(data.get("origin")) and mapping(data.get("message")).get("role", "user") == "user"


def _human_origin(origin: Any) -> bool:
    return origin is None or (isinstance(origin, dict) and origin.get("kind", "human") == "human")


def _texts(line: Line) -> list[str]:
    return [words(block.get("text")) for block in blocks(line) if block.get("type") == "text"]


def _spoken(line: Line) -> Iterator[tuple[Literal["person", "machine"], str]]:
    for text in _texts(line):
        if text.lstrip().startswith((INTERRUPTED, CONTINUED)):
            yield "machine", text
        else:
            yield from speakers(text)


# ---------------------------------------------------------------- events


def events_of(lines: Sequence[Line], path: Path, cwd: str, intake: Intake, *, child: bool) -> list[Said]:
    """The events of one run in the order of the file. `cwd`: the run's folder; `child`: a sub-agent's run."""
    writer = Writer(path, cwd, intake, child)
    for line in lines:
        match line.kind:
            case "assistant":
                writer.assistant(line)
            case "user":
                writer.user(line)
            case "attachment":
                writer.attachment(line)
            case "queue-operation":
                writer.queued(line)
            case _:
                intake.skip(f"system:{words(line.data.get('subtype')) or 'other'}")
    writer.close()
    return writer.events


class Writer:
    """Builds a run's events: joins results with calls, and text blocks of one message with each other."""

    def __init__(self, path: Path, cwd: str, intake: Intake, child: bool) -> None:
        self.events: list[Said] = []
        self._path, self._cwd, self._intake, self._child = path, cwd, intake, child
        self._open: dict[str, tuple[str, str]] = {}  # id in the file -> (call_id, tool) of a call without result
        self._closed: dict[str, tuple[str, str]] = {}
        self._used: dict[str, int] = {}
        self._message = ""

    def assistant(self, line: Line) -> None:
        """One content block or several of an agent's message."""
        message = mapping(line.data.get("message"))
        found = blocks(line)
        if not found:
            self._intake.problem(self._path, "a message without content", line=line.n, lost=False)
        for index, block in enumerate(found):
            kind = words(block.get("type"))
            if kind == "text":
                author: Literal["agent", "machine"] = "machine" if line.model == SYNTHETIC else "agent"
                self._say(author, words(block.get("text")), line, message=words(message.get("id")))
            elif kind in CALLS:
                self._act(block, line, index)
            elif kind.endswith("_tool_result"):
                self._result(block, line)
            else:
                self._intake.skip(f"block:{kind or 'without type'}")

    def user(self, line: Line) -> None:
        """Results, and words of the person or of a program in their place."""
        found = blocks(line)
        if not found:
            self._intake.problem(self._path, "a message without content", line=line.n, lost=False)
        for block in found:
            kind = block.get("type")
            if kind == "tool_result":
                self._result(block, line)
            elif kind != "text":
                self._intake.skip(f"block:{words(kind) or 'without type'}")
        mine = not self._child and typed(line)
        for who, text in _spoken(line):
            self._say(who if mine else "machine", text, line)

    def attachment(self, line: Line) -> None:
        """What the host put before the model beside the conversation: queued words of the person, files, reminders."""
        attached = mapping(line.data.get("attachment"))
        kind = words(attached.get("type"))
        if kind == "queued_command":
            mode = attached.get("commandMode", "prompt")
            mine = mode == "prompt" and _human_origin(attached.get("origin")) and not attached.get("isMeta")
            mine = mine and _human_origin(line.data.get("origin")) and not self._child
            prompt = attached.get("prompt")
            for text in [prompt] if isinstance(prompt, str) else [*texts_in(prompt)]:
                for who, piece in speakers(text):
                    self._say(who if mine else "machine", piece, line)
        elif kind in _SHOWN:
            self._say("machine", "\n".join(texts_in(attached)), line)
        else:
            self._intake.skip("redacted:" + kind if kind in _REDACTED else f"attachment:{kind or 'without type'}")

    def queued(self, line: Line) -> None:
        """Words taken from the queue into the running turn, by versions that write them nowhere else."""
        mine = not self._child and _human_origin(line.data.get("origin"))
        for who, text in speakers(words(line.data.get("content"))):
            self._say(who if mine else "machine", text, line)

    def close(self) -> None:
        """Mark calls that the transcript gives no result for."""
        for call_id, tool in self._open.values():
            self.events.append(Outcome(call_id=call_id, tool=tool, status="unknown"))
        self._open.clear()

    def _say(self, author: Literal["person", "agent", "machine"], text: str, line: Line, *, message: str = "") -> None:
        if not text.strip():
            return
        last = self.events[-1] if self.events else None
        if message and message == self._message and isinstance(last, Message) and last.author == author:
            self.events[-1] = Message(author=author, text=f"{last.text}\n{text}", at=last.at)
        else:
            self.events.append(Message(author=author, text=text, at=line.at))
        self._message = message

    def _act(self, block: dict[str, Any], line: Line, index: int) -> None:
        tool = words(block.get("name"))
        if not tool:
            self._intake.problem(self._path, "a tool call without a name", line=line.n, lost=False)
        arguments = arguments_of(block.get("input"))
        name = words(block.get("id")) or f"line{line.n}.{index}"
        if not self._intake.first_time(self._identity(block, line, index)):
            self._intake.skip("action:copied from another file or branch")
            self._closed[name] = ("", tool)
            return
        self._used[name] = count = self._used.get(name, 0) + 1
        call_id = name if count == 1 else f"{name}#{count}"
        if name in self._open:
            self.events.append(Outcome(call_id=self._open[name][0], tool=self._open[name][1], status="unknown"))
        self._open[name] = (call_id, tool)
        self.events.append(
            Action(
                tool=tool or "unknown",
                arguments=arguments,
                call_id=call_id,
                cwd=line.cwd if line.cwd != self._cwd else "",
                server=server_of(tool) or words(block.get("server_name")),
                at=line.at,
            )
        )

    def _identity(self, block: dict[str, Any], line: Line, index: int) -> str:
        """What makes two blocks the same call: the message's line and the call itself, so that neither alone can hide one."""
        place = line.uuid or f"{self._path}:{line.n}"
        return f"{NAMESPACE}{place}\0{index}\0{content_hash([block.get('id'), block.get('name'), block.get('input')])}"

    def _result(self, block: dict[str, Any], line: Line) -> None:
        name = words(block.get("tool_use_id"))
        known = self._open.pop(name, None)
        if known is not None:
            self._closed[name] = known
        elif name not in self._closed:
            self._intake.skip("result of an unknown call")
        elif self._closed[name][0]:
            self._intake.skip("result given twice")
        call_id, tool = known or ("", self._closed.get(name, ("", ""))[1])
        text = self._result_text(block.get("content"))
        status, refused_by = _status(block, line, text)
        self.events.append(
            Outcome(call_id=call_id, tool=tool, text=text, status=status, refused_by=refused_by, at=line.at)
        )

    def _result_text(self, content: Any) -> str:
        if isinstance(content, str):
            return content
        texts: list[str] = []
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, str):
                texts.append(part)
            elif isinstance(part, dict) and isinstance(part.get("text"), str):
                texts.append(part["text"])
            elif isinstance(part, dict):
                kind = words(part.get("type"))
                self._intake.skip(f"block:{kind or 'without type'}")
                texts += [f"[{kind}]"] if kind in ("image", "document") else texts_in(part)
        return "\n".join(texts)


NAMESPACE = "claude-code\0"


def arguments_of(given: Any) -> dict[str, Any]:
    """A call's input as arguments."""
    return given if isinstance(given, dict) else {} if given is None else {"input": given}


def server_of(tool: str) -> str:
    """The MCP server in a tool's name (`mcp__server__tool`), where there is one."""
    if not tool.startswith("mcp__"):
        return ""
    server, mark, _ = tool.removeprefix("mcp__").partition("__")
    return server if mark else ""


def _status(block: dict[str, Any], line: Line, text: str) -> tuple[Status, str]:
    denial = words(line.data.get("toolDenialKind"))
    if denial:
        return "refused", DENIALS.get(denial, denial[:60])
    if block.get("is_error") is True:
        refused_by = next((by for start, by in DENIAL_TEXTS if text.startswith(start)), "")
        return ("refused", refused_by) if refused_by else ("error", "")
    return "ok", ""


def texts_in(value: Any, limit: int = 20_000) -> list[str]:
    """The texts in a value, in order; not its types, identifiers and encoded media."""
    found: list[str] = []
    stack = [value]
    while stack and len(found) < limit:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, list):
            stack += reversed(item)
        elif isinstance(item, dict):
            stack += reversed([child for key, child in item.items() if key not in _NOT_TEXT])
    return found
