"""JSON-RPC messages of MCP, read as strictly as every server that may stand behind the proxy.

What the client sends is judged here and acted on there: where two parsers could read it differently, it is not passed on.
So no name may stand twice in one object, the names of the envelope may not differ by case alone (some libraries ignore case),
and no line may hold a carriage return (some take it for the end of the line). What the server sends is read leniently: it is
never passed over for being odd, only recorded as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from magistrate.core.errors import InputError
from magistrate.core.intake import decode, deeper
from magistrate.sdk.answer import Answer

CALL = "tools/call"
MAX_DEPTH = 100
"""Levels of nesting in a message of the client."""
INVALID = -32600
VERSION = "io.modelcontextprotocol/protocolVersion"
"""In a request's `_meta`: it speaks the protocol of 2026-07-28 or later, whose results name their type."""
_ENVELOPE = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
_PARAMS = frozenset({"name", "arguments", "requestid"})
Message = dict[str, Any]


# ---------------------------------------------------------------- the client's side


def from_client(line: bytes) -> list[Message]:
    """The messages of one line: one, or those of a batch. Raises InputError where they could be read in two ways."""
    if b"\r" in line.rstrip(b"\r\n"):
        raise InputError("a carriage return within a message")
    try:
        value = json.loads(line.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError:
        raise InputError("nested too deep") from None
    except ValueError as error:
        raise InputError(f"not JSON: {str(error)[:120]}") from None
    if deeper(value, MAX_DEPTH):
        raise InputError(f"nested deeper than {MAX_DEPTH} levels")
    messages = value if isinstance(value, list) else [value]
    for message in messages:
        if not isinstance(message, dict):
            raise InputError("a message that is no object")
        _spelled(message, _ENVELOPE)
        if isinstance(message.get("params"), dict):
            _spelled(message["params"], _PARAMS)
        if not isinstance(message.get("method", ""), str):
            raise InputError("a method that is no text")
    return messages


def _object(pairs: list[tuple[str, Any]]) -> Message:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return fields


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _spelled(fields: Mapping[str, Any], names: frozenset[str]) -> None:
    """Raise InputError where a name would be one of these to a reader that ignores case."""
    for name in fields:
        folded = name.casefold()
        if folded in names and name != folded and name != "requestId":
            raise InputError(f"the name {name!r} where {folded!r} is meant")


def call_of(message: Message) -> tuple[str, Message]:
    """Tool and arguments of a `tools/call`. Raises InputError."""
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    if not isinstance(params, dict) or not isinstance(name, str):
        raise InputError("a call without a tool's name")
    arguments = params.get("arguments")
    if arguments is not None and not isinstance(arguments, dict):
        raise InputError("arguments that are no object")
    return name, arguments or {}


# ---------------------------------------------------------------- answers of our own


def refusal(request: Message, answer: Answer) -> Message:
    """The result of a call that was not passed on, for the agent to read."""
    result: Message = {"content": [{"type": "text", "text": answer.reason}], "isError": True}
    result["_meta"] = {"magistrate/decision": answer.decision, "magistrate/reviewed": answer.reviewed}
    result["_meta"] |= {"magistrate/ticket": answer.ticket} if answer.ticket else {}
    params = request.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    if isinstance(meta, dict) and VERSION in meta:
        result["resultType"] = "complete"
    return {"jsonrpc": "2.0", "id": request["id"], "result": result}


def not_understood(why: str, id_: object = None) -> Message:
    """The error for a message that was not passed on."""
    return {"jsonrpc": "2.0", "id": id_, "error": {"code": INVALID, "message": f"not passed on: {why}"}}


def line_of(message: Message | list[Message]) -> bytes:
    """As it goes over the wire."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


# ---------------------------------------------------------------- the server's side


def from_server(line: bytes) -> list[Any]:
    """The messages of one line, or the line itself as text where it is none."""
    try:
        value = decode(line)
    except InputError:
        return [line.decode("utf-8", "replace")]
    return value if isinstance(value, list) else [value]


def text_in(value: Any) -> str:
    """Everything a result lets the agent read, in order: texts of any depth, without pictures and sounds."""
    return "\n".join(_texts(value, ""))


_UNREAD = frozenset({"data", "blob"})
"""Base64 in content blocks; read by a model as a picture or a sound, not as text."""
_LABELS = frozenset({"type", "role", "mimeType", "resultType", "protocolVersion"})
"""Of the message itself, when they are short."""


def _texts(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, str):
        if value and name not in _UNREAD and not (name in _LABELS and len(value) < 40):
            yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "structuredContent" and item:
                yield json.dumps(item, ensure_ascii=False)
            elif key != "_meta":  # between programs
                yield from _texts(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, name)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
