"""Lines of a Codex rollout, as events. See docs/hosts.md for each decision."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from magistrate.core.canon import content_hash
from magistrate.core.errors import InputError
from magistrate.core.intake import Intake, decode
from magistrate.core.records import Action, Message, Outcome
from magistrate.hosts.turns import opens_with_tag, speakers, wrapped

Author = Literal["person", "system", "agent", "machine"]
Status = Literal["ok", "error", "refused", "unknown"]

OVERRIDE = "The user has manually approved a specific action that was previously"
"""How the host tells the agent that the person let a refused action through."""
IDE_CONTEXT = "# Context from my IDE"
IDE_REQUEST = "## My request for Codex:"
"""An editor puts what is open before the person's words, and this heading between the two."""
CONTEXTUAL = (
    "# AGENTS.md instructions",
    "# AGENTS.md",
    "<user_instructions>",
    "<environment_context>",
    "<INSTRUCTIONS>",
)
"""How texts begin that the host writes in the user's role."""
PASSED_THROUGH = "internal_chat_message_metadata_passthrough"
"""Beside a message: what the host notes about its parts (0.169 and later)."""
DEVELOPER = "developer_instructions"
"""The origin of a part that stands in the person's configuration."""
REFUSED_EXACTLY = {
    "exec command rejected by user": "person",
    "patch rejected by user": "person",
    "rejected by user": "person",
    "user rejected MCP tool call": "person",
    "user cancelled MCP tool call": "person",
    "aborted": "interrupt",
}
"""Whole results of calls that did not run -> who refused."""
REFUSED_FROM = (
    ("This action was rejected due to unacceptable risk.", "host-classifier"),
    ("Command blocked by PreToolUse hook", "hook"),
    ("Tool call blocked by PreToolUse hook", "hook"),
)
"""How further such results begin."""
_SCRIPT_FAILED = "Script failed\n"
_SCRIPT_ERROR = "\nOutput:\n\nScript error:\n"
"""Around the error of a script of calls that ended it."""
_ABORTED_LATE = "aborted by user after"
_LATE = "approval review did not finish before its deadline"
IDENTITY = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_EXIT = re.compile(r"^(?:Exit code: |Process exited with code )(-?\d{1,9})", re.MULTILINE)
_HEADER = 400
_KEPT_OUT = frozenset(
    {"type", "id", "call_id", "status", "name", "namespace", "arguments", "input", "encrypted_content"}
)
_SKIPPED_ITEMS = frozenset({"reasoning", "ghost_snapshot", "compaction", "compaction_summary", "context_compaction"})


@dataclass(frozen=True)
class Item:
    """One line: its kind (`response_item`, `event_msg` ...) and what it carries."""

    n: int
    kind: str
    payload: dict[str, Any] = field(repr=False)
    at: str
    line: dict[str, Any] = field(repr=False)

    @property
    def type(self) -> str:
        """The payload's own type."""
        return words(self.payload.get("type"))


def words(value: Any) -> str:
    """The value when it is text, else nothing."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def content_texts(content: Any) -> list[str]:
    """The texts of a message's parts."""
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    return [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]


def by_host(payload: Mapping[str, Any]) -> list[bool]:
    """For each text of a message: whether the host notes that it put it there itself (its base prompt, skills, hints on tools).

    Of what it notes the origin of, only `developer_instructions` come from the person's configuration.
    """
    parts = payload.get("content")
    notes = mapping(payload.get(PASSED_THROUGH)).get("content_item_metadata")
    origins = [
        words(mapping(mapping(note).get("provenance")).get("type"))
        for note in (notes if isinstance(notes, list) else ())
    ]
    return [
        at < len(origins) and origins[at] not in ("", DEVELOPER)
        for at, part in enumerate(parts if isinstance(parts, list) else [""])
        if not isinstance(part, dict) or isinstance(part.get("text"), str)
    ]


def is_contextual(text: str) -> bool:
    """Whether a text in the user's role was written by the host: instructions files, the environment, anything in one tag."""
    text = text.lstrip()
    return text.startswith(CONTEXTUAL) or wrapped(text)


def typed_text(text: str) -> Iterator[tuple[Author, str]]:
    """What the person typed, apart from what the editor and the host put beside it."""
    if not text.lstrip().startswith(IDE_CONTEXT):
        yield from speakers(text)
        return
    before, heading, request = text.rpartition(IDE_REQUEST)
    yield "machine", before if heading else text
    yield from speakers(request if heading else "")


class Writer:
    """Builds a run's events: joins results with calls, tells the person's words from the host's.

    `child`: another session started this one, so no person speaks in it. `copied`: the file repeats lines of another.
    """

    def __init__(
        self, path: Path, run: str, cwd: str, intake: Intake, *, child: bool, copied: bool, items: Sequence[Item]
    ) -> None:
        self.events: list[Message | Action | Outcome] = []
        self._path, self._run, self._cwd, self._intake = path, run, cwd, intake
        self._child, self._copied = child, copied
        self._now = cwd
        self._typed: set[str] = set()
        self._items: set[str] = set()
        self.expect(items)
        self._open: dict[str, tuple[str, str]] = {}  # id in the file -> (call_id, tool) of a call without result
        self._closed: dict[str, tuple[str, str]] = {}
        self._used: dict[str, int] = {}
        self._base = ""

    def expect(self, items: Sequence[Item]) -> None:
        """Look ahead at lines that are to be written: what the person typed stands in two places, of which one counts."""
        self._typed |= {
            words(item.payload.get("message")).strip()
            for item in items
            if item.kind == "event_msg" and item.type == "user_message"
        } - {""}
        self._items |= {
            text.strip()
            for item in items
            if item.kind == "response_item" and item.payload.get("role") == "user"
            for text in (*content_texts(item.payload.get("content")), _joined(item.payload))
        }

    def write(self, item: Item) -> None:
        """Add what one line says."""
        match item.kind:
            case "response_item":
                self._response(item)
            case "turn_context":
                self._now = words(item.payload.get("cwd")) or self._now
            case "event_msg":
                self._event(item)
            case "compacted":
                self._intake.skip("compaction")
                self._say("machine", words(item.payload.get("message")), item)
            case "inter_agent_communication":
                self._say("machine", "\n".join(content_texts(item.payload.get("content"))), item)
            case "session_meta":
                self._base = words(mapping(item.payload.get("base_instructions")).get("text")).strip()
                if "base_instructions" in item.payload or "instructions" in item.payload:
                    self._intake.skip("redacted:base instructions")
            case _:
                self._intake.skip(f"line:{item.kind}")

    def close(self) -> None:
        """Mark calls that the rollout gives no result for."""
        for call_id, tool in self._open.values():
            self.events.append(Outcome(call_id=call_id, tool=tool, status="unknown"))
        self._open.clear()

    def _response(self, item: Item) -> None:
        kind = item.type
        if kind in ("message", "agent_message"):
            self._message(item)
        elif kind in _SKIPPED_ITEMS:
            self._intake.skip(f"item:{kind}")
        elif kind.endswith("_output"):
            self._result(item)
        elif kind.endswith("_call"):
            self._call(item)
        else:
            self._intake.skip(f"item:{kind or 'without type'}")

    def _event(self, item: Item) -> None:
        text = words(item.payload.get("message")).strip()
        if item.type == "user_message" and text and text not in self._items:
            for author, piece in self._typed_text(text):
                self._say(author, piece, item)
        else:
            self._link(words(item.payload.get("new_thread_id")), words(item.payload.get("call_id")))
            self._intake.skip(f"event:{item.type or 'without type'}")

    # ---- words

    def _message(self, item: Item) -> None:
        role = item.payload.get("role", "agent" if item.type == "agent_message" else "")
        content = item.payload.get("content")
        whole = _joined(item.payload).strip()
        for part in content if isinstance(content, list) else []:
            if isinstance(part, dict) and "text" not in part:
                self._intake.skip(f"block:{words(part.get('type')) or 'without type'}")
        for text, hosts_own in zip(content_texts(content), by_host(item.payload), strict=False):
            for author, piece in self._authors(role, text, whole):
                self._say("machine" if hosts_own and author == "system" else author, piece, item)

    def _authors(self, role: Any, text: str, whole: str) -> Iterator[tuple[Author, str]]:
        if role == "assistant":
            yield "agent", text
        elif role == "developer":
            override = text.lstrip().startswith(OVERRIDE) and not self._child
            own = opens_with_tag(text) or text.strip() == self._base
            yield ("person" if override else "machine" if own else "system"), text
        elif role == "system":
            yield "system", text
        elif role == "user" and self._by_person(text, whole):
            yield from self._typed_text(text)
        else:
            yield "machine", text

    def _by_person(self, text: str, whole: str) -> bool:
        if self._child:
            return False
        if self._typed:
            return text.strip() in self._typed or whole in self._typed
        return not is_contextual(text)

    def _typed_text(self, text: str) -> Iterator[tuple[Author, str]]:
        if self._child:
            yield "machine", text
        else:
            yield from typed_text(text)

    def _say(self, author: Author, text: str, item: Item) -> None:
        if text.strip():
            self.events.append(Message(author=author, text=text, at=item.at))

    # ---- calls

    def _call(self, item: Item) -> None:
        payload = item.payload
        tool, server = _tool(payload)
        arguments = _arguments(payload)
        name = words(payload.get("call_id")) or words(payload.get("id")) or f"line{item.n}"
        if not tool:
            self._intake.problem(self._path, "a tool call without a name", line=item.n, lost=False)
        if not self._intake.first_time(self._identity(item, name)) or not self._own(payload):
            self._intake.skip("action:copied from another file or branch")
            self._closed[name] = ("", tool)
            return
        if name in self._open:
            self.events.append(Outcome(call_id=self._open[name][0], tool=self._open[name][1], status="unknown"))
        self._used[name] = count = self._used.get(name, 0) + 1
        call_id = name if count == 1 else f"{name}#{count}"
        self._open[name] = (call_id, tool)
        folder = _folder(arguments, self._now)
        self.events.append(
            Action(
                tool=tool or "unknown",
                arguments=arguments,
                call_id=call_id,
                cwd=folder if folder != self._cwd else "",
                server=server,
                at=item.at,
            )
        )
        if item.type not in _ANSWERED and payload.get("status") == "completed":
            del self._open[name]
            self.events.append(Outcome(call_id=call_id, tool=tool, at=item.at))

    def _identity(self, item: Item, name: str) -> str:
        return f"codex\0{self._run}\0{item.n}\0{name}"

    def _own(self, payload: dict[str, Any]) -> bool:
        """False when this file repeats another's lines and the very same call was read before, in whichever file."""
        key = f"codex call\0{content_hash([payload.get(k) for k in _CALL_KEYS])}"
        return self._intake.first_time(key) or not self._copied

    def _result(self, item: Item) -> None:
        name = words(item.payload.get("call_id")) or words(item.payload.get("id"))
        known = self._open.pop(name, None)
        if known is not None:
            self._closed[name] = known
        elif name not in self._closed:
            self._intake.skip("result of an unknown call")
        elif self._closed[name][0]:
            self._intake.skip("result given twice")
        call_id, tool = known or ("", self._closed.get(name, ("", ""))[1])
        raw, failed = output_of(item.payload.get("output", item.payload.get("result")))
        text, status, refused_by = read_output(raw, failed)
        if tool == "spawn_agent" and (started := IDENTITY.search(text[:_HEADER])):
            self._link(started[0], call_id)
        self.events.append(
            Outcome(call_id=call_id, tool=tool, text=text, status=status, refused_by=refused_by, at=item.at)
        )

    def _link(self, agent: str, call_id: str) -> None:
        """Remember which call started which session, for when that session is read."""
        if agent and call_id and agent != self._run:
            self._intake.links.setdefault(agent, call_id)


_CALL_KEYS = ("type", "call_id", "id", "name", "namespace", "arguments", "input", "action")
_ANSWERED = frozenset({"function_call", "custom_tool_call", "local_shell_call"})
"""Calls that a separate item answers; others run at the vendor and only say that they completed."""


def _joined(payload: dict[str, Any]) -> str:
    return "\n".join(content_texts(payload.get("content")))


def _tool(payload: dict[str, Any]) -> tuple[str, str]:
    """A call's tool, and the MCP server that offers it. `namespace` holds the server's part of the name, where given."""
    kind = words(payload.get("type"))
    name = words(payload.get("name"))
    space = words(payload.get("namespace"))
    if kind not in ("function_call", "custom_tool_call") and not name:
        return kind.removesuffix("_call"), ""
    if name and space and not name.startswith("mcp__"):
        bare = space.rstrip("_.")
        name = f"{bare}__{name}" if space.startswith("mcp__") else f"{bare}.{name}"
    if name.startswith("mcp__"):
        server, mark, _ = name.removeprefix("mcp__").partition("__")
        return name, server if mark else ""
    return name, words(payload.get("server")) or words(payload.get("server_label"))


def _arguments(payload: dict[str, Any]) -> dict[str, Any]:
    """A call's arguments: JSON text, free text (`input`), or the fields of the item itself for calls of other kinds."""
    given = payload.get("arguments")
    if isinstance(given, dict):
        return given
    if isinstance(given, str):
        try:
            parsed = decode(given) if given.strip() else {}
        except InputError:
            parsed = given
        return parsed if isinstance(parsed, dict) else {"input": parsed}
    if given is not None:
        return {"input": given}
    if "input" in payload:
        entered = payload["input"]
        return entered if isinstance(entered, dict) else {"input": entered}
    action = payload.get("action")
    rest = {key: value for key, value in payload.items() if key not in _KEPT_OUT and key != "action"}
    rest |= {key: value for key, value in mapping(action).items() if key != "type"}
    return rest if isinstance(action, dict) or action is None else rest | {"action": action}


def _folder(arguments: dict[str, Any], now: str) -> str:
    """The working folder of a call."""
    asked = words(arguments.get("workdir")) or words(arguments.get("working_directory"))
    if not asked or asked.startswith(("/", "~")) or re.match(r"[A-Za-z]:[\\/]", asked):
        return asked or now
    return posixpath.normpath(posixpath.join(now, asked)) if now else asked


def output_of(output: Any) -> tuple[str, bool]:
    """The text of a result and whether it is marked as failed: a string, parts, or `{content, success}`."""
    if isinstance(output, str):
        return output, False
    if isinstance(output, list):
        return "\n".join(_part(part) for part in output), False
    fields = mapping(output)
    content = fields.get("content", fields.get("output"))
    text = content if isinstance(content, str) else "\n".join(content_texts(content))
    return text, fields.get("success") is False or fields.get("isError") is True


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    return words(mapping(part).get("text")) or f"[{words(mapping(part).get('type')) or 'part'}]"


def read_output(raw: str, failed: bool) -> tuple[str, Status, str]:
    """Text, status and who refused. Only what the host itself writes at the very start is taken for a refusal."""
    by = REFUSED_EXACTLY.get(raw.strip()) or next((by for start, by in REFUSED_FROM if raw.startswith(start)), "")
    if by:
        return raw, "refused", by
    if raw.startswith(_SCRIPT_FAILED) and (said := raw[:_HEADER].partition(_SCRIPT_ERROR)[2]):
        for opening, by in REFUSED_FROM:
            if said.startswith(opening):
                return raw, "refused", by
        return raw, "error", ""
    if raw.startswith(_ABORTED_LATE):  # it had begun: not a refusal
        return raw, "error", ""
    if raw.lstrip().startswith("{") and '"metadata"' in raw:
        try:
            fields = mapping(decode(raw))
        except InputError:
            fields = {}
        code = mapping(fields.get("metadata")).get("exit_code")
        if isinstance(fields.get("output"), str) and isinstance(code, int):
            return fields["output"], "ok" if code == 0 and not failed else "error", ""
    header = raw.partition("\nOutput:")[0] if "\nOutput:" in raw[:_HEADER] else ""
    if not header and _LATE in raw[:_HEADER]:
        return raw, "refused", "host-timeout"
    code_line = _EXIT.search(header[:_HEADER])
    return raw, "error" if failed or (code_line and code_line[1] != "0") else "ok", ""
