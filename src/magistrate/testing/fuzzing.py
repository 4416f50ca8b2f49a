"""Fuzzing live adapters: payloads bent out of shape, and what has to hold of whatever is made of them.

A payload either decodes, and then names exactly the tool and the arguments that plain JSON reading finds in it, or raises
InputError. Nothing else may happen, nor take long; and what a denial becomes has to be understood as one.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Literal

from hypothesis import strategies as st
from msgspec.structs import replace

from magistrate.core.canon import canonical
from magistrate.core.errors import InputError
from magistrate.core.protocols import Adapter
from magistrate.core.records import Action, Heard, Verdict
from magistrate.hosts.live.probes import understood
from magistrate.testing.payloads import TOLD

Ending = Literal["refused", "told", "action"]
SLOW = 1.0
"""Seconds of computing that no payload may take."""
DENY = Verdict(action=1, decision="deny", basis="rule", revision="r", rules=("a.b",), reason="why", advice="Do not.")

# ---------------------------------------------------------------- what has to hold


def check(adapter: Adapter, event: str, payload: bytes) -> Ending:
    """Decode one payload and raise AssertionError where the contract is broken. Exceptions other than InputError travel."""
    began = time.process_time()
    try:
        heard = adapter.decode(event, payload)
    except InputError:
        heard = None
    took = time.process_time() - began
    _hold(took < SLOW, f"took {took:.2f} s")
    if heard is None:
        return "refused"
    canonical(heard)
    _hold(heard.run.startswith(f"{heard.host}/") and all(heard.run.split("/")), f"run {heard.run!r}")
    if heard.action is None:
        _hold(not event or event not in getattr(adapter, "gates", ("act",)), "a call was not seen")
        _hold(understood(adapter.encode(heard, None)) in ("silence", "allow"), "an answer to what does not wait")
        return "told"
    _hold(_earned(heard, heard.action, payload), "the action is not what plain reading finds")
    _hold(understood(adapter.encode(heard, DENY)) == "deny", "a denial is not understood")
    _hold(understood(adapter.encode(heard, None)) == "deny", "no verdict is no denial")
    allowed = understood(adapter.encode(heard, replace(DENY, decision="allow")))
    _hold(allowed in ("silence", "allow"), "an allow is not understood")
    return "action"


HOOKS = (("tool_name", "toolName"), ("tool_input", "toolArgs"))
GENERIC = (("tool",), ("arguments",))
"""Where the tool and its arguments stand."""


def _hold(ok: bool, what: str) -> None:
    if not ok:
        raise AssertionError(what)


def _earned(heard: Heard, action: Action, payload: bytes) -> bool:
    """Whether the action names what plain reading finds."""
    plain = json.loads(payload.decode("utf-8"))
    if heard.event == "beforeShellExecution":
        return action.arguments == {"command": plain["command"]}
    keys = GENERIC if "tool" in plain and heard.event == "act" else HOOKS
    tools = [plain[name] for name in keys[0] if plain.get(name) is not None]
    given = [plain[name] for name in keys[1] if plain.get(name) is not None]
    read = [json.loads(value) if isinstance(value, str) else value for value in given]
    same = canonical(action.arguments) in [canonical(value) for value in read]
    return bool(action.tool) and action.tool in tools and same


# ---------------------------------------------------------------- payloads out of shape

ODD_TEXTS = (
    "", " ", "\x00", "\n", "PreToolUse", "preToolUse", "BeforeTool", "act", "tell", "a/b", "../x", "\u202e", "\ufeff", "x" * 400,
    "{}", '{"command":"ls"}', '{"a":1,"a":2}', "[" * 200, "null", "NaN", "\ud800", "\U0001f600", "mcp__a__b", "mcp__", "é" * 50,
)  # fmt: skip
ODD_NUMBERS: tuple[Any, ...] = (0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**70), 10**400, 0.1, -0.0, 1e308)
NAMES = (
    "session_id", "sessionId", "session", "conversation_id", "hook_event_name", "hookEventName", "event", "tool_name", "toolName",
    "tool", "tool_input", "toolArgs", "arguments", "tool_use_id", "agent_id", "cwd", "workspace_roots", "cursor_version",
    "turn_id", "timestamp", "transcript_path", "parent_id", "prompt", "tool_response", "mcp_context", "command", "said",
    "version", "host", "model",
)  # fmt: skip
PIECES = (
    b"\xff", b"\x00", b"\xef\xbb\xbf", b"\\ud800", b"\\ud83d\\ude00", b"\\u0000", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"1e999",
    b"NaN", b"-Infinity", b"9" * 5000, b"\xc0\xaf", b"\xed\xa0\x80", b"//x\n", b"\r\n", b"0x10", b"'",
)  # fmt: skip


def payloads(host: str) -> st.SearchStrategy[tuple[str, bytes]]:
    """An event as the hook was installed for, and a payload of the host: sound, bent, or no JSON at all."""
    return st.randoms(use_true_random=False).map(lambda source: payload(host, source))


def payload(host: str, source: Random) -> tuple[str, bytes]:
    """One payload out of a source of chance: a seeded one, or one that Hypothesis steers."""
    event, fields = source.choice(TOLD[host])
    if source.randrange(20) == 0:
        return event, source.randbytes(source.randrange(200))
    value: Any = copy.deepcopy(fields)
    for _ in range(source.randrange(4)):
        value = source.choice(BENDS)(source, value)
    data = json.dumps(value, ensure_ascii=source.random() < 0.5).encode("utf-8", "surrogatepass")
    for _ in range(source.choice((0, 0, 0, 1, 2))):
        data = source.choice(BREAKS)(source, data)
    if source.randrange(10) == 0:
        event = source.choice(("", *(event for event, _ in TOLD[host])))
    return event, data


def _value(source: Random, depth: int = 2) -> Any:
    kind = source.randrange(8 if depth else 6)
    if kind == 6:
        return [_value(source, depth - 1) for _ in range(source.randrange(3))]
    if kind == 7:
        return {_text(source): _value(source, depth - 1) for _ in range(source.randrange(3))}
    return (None, source.random() < 0.5, source.choice(ODD_NUMBERS), _text(source), _text(source), _text(source))[kind]


def _text(source: Random) -> str:
    if source.random() < 0.7:
        return source.choice(ODD_TEXTS)
    return "".join(
        chr(source.choice((source.randrange(128), source.randrange(0x3000)))) for _ in range(source.randrange(8))
    )


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a value, with each of its keys or indexes."""
    pairs = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, child in pairs:
        yield value, key
        yield from _places(child)


def _at(source: Random, value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with one part of it changed."""
    places = list(_places(value))
    if not places:
        return change(value)
    holder, key = source.choice(places)
    holder[key] = change(holder[key])
    return value


def _swap(source: Random, value: Any) -> Any:
    """Another value, of another type as often as not, somewhere."""
    return _at(source, value, lambda part: _value(source))


def _drop(source: Random, value: Any) -> Any:
    places = list(_places(value))
    if places:
        holder, key = source.choice(places)
        del holder[key]
    return value


def _add(source: Random, value: Any) -> Any:
    if isinstance(value, dict):
        value[source.choice((*NAMES, _text(source)))] = _value(source)
    return value


def _rename(source: Random, value: Any) -> Any:
    if isinstance(value, dict) and value:
        value[source.choice(NAMES)] = value.pop(source.choice(sorted(value)))
    return value


def _bury(source: Random, value: Any) -> Any:
    """Deep nesting somewhere."""
    inner: Any = 1
    for _ in range(source.choice((5, 30, 70, 200))):
        inner = [inner] if source.random() < 0.5 else {"a": inner}
    return _at(source, value, lambda part: inner)


def _stringify(source: Random, value: Any) -> Any:
    """A part as JSON text."""
    return _at(source, value, json.dumps)


def _wrap(source: Random, value: Any) -> Any:
    return source.choice(([value], {"payload": value}, json.dumps(value), [value, value]))


def _cut(source: Random, data: bytes) -> bytes:
    return data[: source.randrange(len(data) + 1)]


def _flip(source: Random, data: bytes) -> bytes:
    at = source.randrange(max(len(data), 1))
    return data[:at] + bytes([source.randrange(256)]) + data[at + 1 :]


def _insert(source: Random, data: bytes) -> bytes:
    at = source.randrange(len(data) + 1)
    return data[:at] + source.choice(PIECES) + data[at:]


def _twice(source: Random, data: bytes) -> bytes:
    """A name given again, in the object or after it."""
    again = b', "%s": %s}' % (source.choice(NAMES).encode(), json.dumps(_value(source)).encode())
    return data[:-1] + again if data.endswith(b"}") else data + data


BENDS = (_swap, _swap, _swap, _drop, _add, _rename, _bury, _stringify, _wrap)
BREAKS = (_cut, _flip, _insert, _twice)
