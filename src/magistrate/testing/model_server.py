"""A model that reads its lines from a script: four vendors' HTTP dialects, on loopback, for driving real host agents.

    with ModelServer(lines(Call("Bash", {"command": "ls"}), Say("Done."))) as model:
        subprocess.run(["claude", "-p", "list the files"], env={..., "ANTHROPIC_BASE_URL": model.url})
    model.turns[-1].outputs     # what the host's tools gave back, as the model was told

The server keeps nothing between requests: how far the script is follows from the conversation that the host sends along, by the
number of tool outputs in it. So a host may ask again, ask in parallel for a title, or be resumed. A request that offers no tool is
such a side question, and hears `ASIDE`. Spoken: OpenAI chat completions and Responses, Anthropic messages, Gemini
generateContent; each streamed or whole, as the host asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from magistrate.testing.loopback import Loopback

Json = dict[str, Any]
ASIDE = "ok"
"""What a request without tools hears: hosts ask for titles and summaries on the side."""
MODEL = "scripted-1"
MAX_BODY = 64 * 2**20
USAGE = 10
"""Tokens that every answer says it took, in and out."""


@dataclass(frozen=True)
class Call:
    """The model calls a tool. `args`: an object, or a string for a tool that takes free text."""

    tool: str
    args: Json | str
    namespace: str = ""
    """OpenAI Responses only: the namespace in which the host offers the tool."""


@dataclass(frozen=True)
class Say:
    """The model speaks, and by that ends its turn."""

    text: str


Step = Call | Say


@dataclass(frozen=True)
class Turn:
    """One request of the host, decoded: the state of the conversation in which the model speaks."""

    n: int
    """Tool outputs that the conversation holds; 0 at its start."""
    outputs: tuple[str, ...]
    """What they said, oldest first."""
    prompt: str
    """All text that the person's turns hold (hosts add their own there)."""
    tools: tuple[str, ...]
    """Names of the tools on offer."""
    path: str
    body: Json = field(repr=False)


Script = Callable[[Turn], Step]


def lines(*steps: Step | Script) -> Script:
    """A script that plays its steps in order, and then says that it is done. A function as a step is asked when its turn comes."""

    def play(turn: Turn) -> Step:
        step = steps[turn.n] if turn.n < len(steps) else Say("Done.")
        return step if isinstance(step, Call | Say) else step(turn)

    return play


class ModelServer(Loopback):
    """Plays a script to whoever asks, on a free port of loopback; a context manager."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.turns: list[Turn] = []
        """Every request that offered tools, in order."""
        self.asides: list[Turn] = []
        """Every request that offered none."""
        self.failures: list[Exception] = []
        """What a function in the script raised; the host then hears that the model is done."""
        self.other: list[str] = []
        """Every other request: method and path."""
        super().__init__(type("Handler", (_Handler,), {"owner": self}))

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return self.address

    def step(self, turn: Turn) -> Step:
        """The next line for this turn."""
        if not turn.tools:
            self.asides.append(turn)
            return Say(ASIDE)
        self.turns.append(turn)
        try:
            return self.script(turn)
        except Exception as failure:  # noqa: BLE001  whatever it is, the host must not wait for an answer
            self.failures.append(failure)
            return Say("Done.")


class _Handler(BaseHTTPRequestHandler):
    """Finds the dialect by the path; whatever is not spoken is noted and not found."""

    protocol_version = "HTTP/1.1"
    owner: ModelServer

    def log_message(self, format: str, *args: Any) -> None:
        """Hosts are noisy; what they asked is in `ModelServer.turns` and `.other`."""

    def do_GET(self) -> None:
        self.owner.other.append(f"GET {self.path}")
        if self.path.partition("?")[0].endswith("/models"):
            self._json({"object": "list", "data": [{"id": MODEL, "object": "model"}], "models": []})
        else:
            self._json({"error": {"message": "not found"}}, status=404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self._body()
        path = self.path.partition("?")[0]
        if path.endswith(("count_tokens", ":countTokens")):
            self._json({"input_tokens": USAGE, "totalTokens": USAGE})
            return
        dialect = next((d for suffix, d in DIALECTS.items() if path.endswith(suffix)), None)
        if dialect is None or body is None:
            self.owner.other.append(f"POST {self.path}")
            self._json({"error": {"message": "not found"}}, status=404)
            return
        turn = dialect.read(path, body)
        step = self.owner.step(turn)
        serial = f"{turn.n}_{len(self.owner.turns)}"
        if body.get("stream") or path.endswith(":streamGenerateContent"):
            self._stream(dialect.stream(step, serial))
        else:
            self._json(dialect.whole(step, serial))

    def _body(self) -> Json | None:
        raw = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        try:
            body = json.loads(raw)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    def _json(self, value: Json, status: int = 200) -> None:
        self._send(json.dumps(value).encode(), "application/json", status)

    def _stream(self, events: Iterator[tuple[str, Json | str]]) -> None:
        said = [
            (f"event: {name}\n" if name else "") + f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n"
            for name, data in events
        ]
        self._send("".join(said).encode(), "text/event-stream", 200)

    def _send(self, data: bytes, kind: str, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


# ---------------------------------------------------------------- what a request says


def flat(content: Any) -> str:
    """The text in a message's content, whatever its nesting: a string, parts with `text` or `output`, lists of them."""
    match content:
        case str():
            return content
        case list():
            return "\n".join(text for text in map(flat, content) if text)
        case dict():
            return next((flat(content[key]) for key in ("text", "output", "content", "error") if content.get(key)), "")
        case _:
            return ""


def _turn(path: str, body: Json, outputs: list[str], prompts: list[str], tools: list[str]) -> Turn:
    return Turn(len(outputs), tuple(outputs), "\n".join(prompts), tuple(tools), path, body)


@dataclass(frozen=True)
class _Dialect:
    read: Callable[[str, Json], Turn]
    whole: Callable[[Step, str], Json]
    stream: Callable[[Step, str], Iterator[tuple[str, Json | str]]]


# ---------------------------------------------------------------- OpenAI chat completions


def _read_chat(path: str, body: Json) -> Turn:
    messages = body.get("messages", [])
    outputs = [flat(m.get("content")) for m in messages if m.get("role") == "tool"]
    prompts = [flat(m.get("content")) for m in messages if m.get("role") == "user"]
    tools = [tool["function"]["name"] for tool in body.get("tools") or () if "function" in tool]
    return _turn(path, body, outputs, prompts, tools)


def _chat_message(step: Step, serial: str) -> Json:
    if isinstance(step, Say):
        return {"role": "assistant", "content": step.text}
    function = {"name": step.tool, "arguments": json.dumps(step.args)}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"index": 0, "id": f"call_{serial}", "type": "function", "function": function}],
    }


def _chat(step: Step, serial: str, kind: str, **choice: Any) -> Json:
    finish = "stop" if isinstance(step, Say) else "tool_calls"
    return {
        "id": f"chatcmpl-{serial}",
        "object": kind,
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": finish, **choice}],
        "usage": {"prompt_tokens": USAGE, "completion_tokens": USAGE, "total_tokens": 2 * USAGE},
    }


def _whole_chat(step: Step, serial: str) -> Json:
    return _chat(step, serial, "chat.completion", message=_chat_message(step, serial))


def _stream_chat(step: Step, serial: str) -> Iterator[tuple[str, Json | str]]:
    delta = _chat_message(step, serial)
    yield "", _chat(step, serial, "chat.completion.chunk", delta=delta, finish_reason=None) | {"usage": None}
    yield "", _chat(step, serial, "chat.completion.chunk", delta={})
    yield "", "[DONE]"


# ---------------------------------------------------------------- OpenAI Responses


def _read_responses(path: str, body: Json) -> Turn:
    items = body.get("input", [])
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    outputs = [flat(i.get("output")) for i in items if str(i.get("type", "")).endswith("_call_output")]
    prompts = [flat(i.get("content")) for i in items if i.get("role") == "user"]
    offered = [
        *(body.get("tools") or ()),
        *(t for i in items if i.get("type") == "additional_tools" for t in i["tools"]),
    ]
    return _turn(path, body, outputs, prompts, [name for tool in offered for name in _offered(tool)])


def _offered(tool: Json) -> list[str]:
    """A tool's name, or those in a namespace, each as `namespace.name`."""
    name = str(tool.get("name") or tool.get("type"))
    return [f"{name}.{inner['name']}" for inner in tool["tools"]] if tool.get("type") == "namespace" else [name]


def _response_item(step: Step, serial: str) -> Json:
    done = {"id": f"item_{serial}", "status": "completed"}
    match step:
        case Say(text):
            parts = [{"type": "output_text", "text": text, "annotations": []}]
            return done | {"type": "message", "role": "assistant", "content": parts}
        case Call(tool, str(text), namespace):
            head = {"type": "custom_tool_call", "call_id": f"call_{serial}", "name": tool, "input": text}
            return done | head | ({"namespace": namespace} if namespace else {})
        case Call(tool, args, namespace):
            head = {"type": "function_call", "call_id": f"call_{serial}", "name": tool}
            return done | head | {"arguments": json.dumps(args)} | ({"namespace": namespace} if namespace else {})


def _whole_responses(step: Step, serial: str) -> Json:
    usage = {
        "input_tokens": USAGE,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": USAGE,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2 * USAGE,
    }
    head = {"id": f"resp_{serial}", "object": "response", "created_at": 0, "status": "completed", "model": MODEL}
    return head | {"output": [_response_item(step, serial)], "usage": usage, "error": None, "incomplete_details": None}


def _stream_responses(step: Step, serial: str) -> Iterator[tuple[str, Json | str]]:
    whole, item = _whole_responses(step, serial), _response_item(step, serial)
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    empty = item | {"status": "in_progress"}
    named: list[tuple[str, Json]] = [("response.created", {"response": begun})]
    if isinstance(step, Say):
        named.append(("response.output_item.added", {"output_index": 0, "item": empty | {"content": []}}))
        where = {"item_id": item["id"], "output_index": 0, "content_index": 0}
        named.append(("response.output_text.delta", {**where, "delta": step.text}))
    else:
        named.append(("response.output_item.added", {"output_index": 0, "item": empty}))
    named.append(("response.output_item.done", {"output_index": 0, "item": item}))
    named.append(("response.completed", {"response": whole}))
    for number, (name, data) in enumerate(named):
        yield name, {"type": name, "sequence_number": number, **data}


# ---------------------------------------------------------------- Anthropic messages


def _read_anthropic(path: str, body: Json) -> Turn:
    outputs, prompts = [], []
    for message in body.get("messages", []):
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        outputs += [flat(p.get("content")) for p in parts if p.get("type") == "tool_result"]
        if message.get("role") == "user":
            prompts += [p["text"] for p in parts if p.get("type") == "text"]
    return _turn(path, body, outputs, prompts, [tool["name"] for tool in body.get("tools") or ()])


def _anthropic_block(step: Step, serial: str) -> Json:
    if isinstance(step, Say):
        return {"type": "text", "text": step.text}
    return {"type": "tool_use", "id": f"toolu_{serial}", "name": step.tool, "input": step.args}


def _whole_anthropic(step: Step, serial: str) -> Json:
    return {
        "id": f"msg_{serial}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [_anthropic_block(step, serial)],
        "stop_reason": "end_turn" if isinstance(step, Say) else "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": USAGE, "output_tokens": USAGE},
    }


def _stream_anthropic(step: Step, serial: str) -> Iterator[tuple[str, Json | str]]:
    whole, block = _whole_anthropic(step, serial), _anthropic_block(step, serial)
    if isinstance(step, Say):
        empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": step.text}
    else:
        empty, delta = block | {"input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(step.args)}
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    for name, data in (
        ("message_start", {"message": whole | {"content": [], "stop_reason": None}}),
        ("content_block_start", {"index": 0, "content_block": empty}),
        ("content_block_delta", {"index": 0, "delta": delta}),
        ("content_block_stop", {"index": 0}),
        ("message_delta", {"delta": end, "usage": {"output_tokens": USAGE}}),
        ("message_stop", {}),
    ):
        yield name, {"type": name, **data}


# ---------------------------------------------------------------- Gemini generateContent


def _read_gemini(path: str, body: Json) -> Turn:
    outputs, prompts = [], []
    for content in body.get("contents", []):
        for part in content.get("parts", []):
            if "functionResponse" in part:
                outputs.append(flat(part["functionResponse"].get("response")))
            elif content.get("role") == "user" and "text" in part:
                prompts.append(part["text"])
    offered = [tool.get("functionDeclarations") or () for tool in body.get("tools") or ()]
    return _turn(path, body, outputs, prompts, [f["name"] for declared in offered for f in declared])


def _whole_gemini(step: Step, serial: str) -> Json:
    if isinstance(step, Say):
        part: Json = {"text": step.text}
    else:
        part = {"functionCall": {"id": f"call_{serial}", "name": step.tool, "args": step.args}}
    return {
        "responseId": f"resp_{serial}",
        "modelVersion": MODEL,
        "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [part]}}],
        "usageMetadata": {"promptTokenCount": USAGE, "candidatesTokenCount": USAGE, "totalTokenCount": 2 * USAGE},
    }


def _stream_gemini(step: Step, serial: str) -> Iterator[tuple[str, Json | str]]:
    yield "", _whole_gemini(step, serial)


DIALECTS = {
    "/chat/completions": _Dialect(_read_chat, _whole_chat, _stream_chat),
    "/responses": _Dialect(_read_responses, _whole_responses, _stream_responses),
    "/messages": _Dialect(_read_anthropic, _whole_anthropic, _stream_anthropic),
    ":generateContent": _Dialect(_read_gemini, _whole_gemini, _stream_gemini),
    ":streamGenerateContent": _Dialect(_read_gemini, _whole_gemini, _stream_gemini),
}
"""The dialects by the end of the path that a host posts to."""
