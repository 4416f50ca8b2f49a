"""A chat endpoint on loopback that answers, or fails, as it is told: for testing whoever asks a language model.

with Endpoint(reply=lambda body: '{"decision": "allow"}') as server:
    Remote("some-model", url=server.url)
with Endpoint(faults=[Fault(status=429)]) as server: ...   # the first request hears 429, the others an answer
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from math import log
from types import TracebackType
from typing import Any

from magistrate.testing.loopback import Loopback

Json = dict[str, Any]
Reply = Callable[[Json], str]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    status: int = 200
    hang: float = 0.0
    """Seconds before anything is sent."""
    body: bytes | None = None
    """Sent instead of an answer."""
    cut: bool = False
    """The connection ends in the middle of the answer."""
    headers: dict[str, str] = field(default_factory=dict)
    finish: str = "stop"


class Endpoint(Loopback):
    """Speaks the OpenAI chat protocol at `url`. `requests` holds the body of every request it got."""

    def __init__(
        self,
        *,
        reply: Reply | None = None,
        faults: Sequence[Fault] = (),
        always: Fault | None = None,
        probabilities: dict[str, float] | None = None,
        refuses: Sequence[str] = (),
    ) -> None:
        """`probabilities`: of the decision's words, given as log-probabilities. `refuses`: fields that get HTTP 400."""
        self.reply = reply or (lambda body: answer("allow"))
        self.requests: list[Json] = []
        self._faults = list(faults)
        self._always = always
        self._probabilities = probabilities
        self._refuses = tuple(refuses)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._serve(self)

            def log_message(self, *args: Any) -> None:
                pass

        super().__init__(Handler)

    @property
    def url(self) -> str:
        """Base address, up to and with `/v1`."""
        return f"{self.address}/v1"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        super().__exit__(kind, error, trace)

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers.get("Content-Length", "0"))) or b"{}")
        with self._lock:
            self.requests.append(body)
            fault = self._always or (self._faults.pop(0) if self._faults else Fault())
        if fault.hang:
            self._closing.wait(fault.hang)
        refused = [name for name in self._refuses if name in body]
        if refused:
            fault = Fault(status=400, body=json.dumps({"error": {"message": f"unknown field {refused[0]}"}}).encode())
        data = fault.body if fault.body is not None else self._completion(body, fault.finish)
        try:
            handler.send_response(fault.status)
            handler.send_header("Content-Length", str(len(data)))
            for name, value in {"Content-Type": "application/json", **fault.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(data[: len(data) // 2] if fault.cut else data)
            if fault.cut:
                handler.close_connection = True
        except OSError:
            pass  # whoever asked has gone

    def _completion(self, body: Json, finish: str) -> bytes:
        text = self.reply(body)
        choice: Json = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
        if self._probabilities and body.get("logprobs"):
            choice["logprobs"] = {"content": _tokens(text, self._probabilities)}
        return json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": int(time.time()),
                "model": body.get("model", ""),
                "choices": [choice],
                "usage": {
                    "prompt_tokens": 100,
                    "completion_tokens": 20,
                    "total_tokens": 120,
                    "prompt_tokens_details": {"cached_tokens": 40},
                },
            }
        ).encode()


def answer(decision: str, *rules: str, reasons: str = "as the rules say", allowable_if: str = "") -> str:
    """An answer as a reviewing model is asked for."""
    return json.dumps({"reasons": reasons, "decision": decision, "rules": list(rules), "allowable_if": allowable_if})


def _tokens(text: str, probabilities: dict[str, float]) -> list[Json]:
    """The text as tokens, words of the decision with the given probabilities, everything else certain."""
    out: list[Json] = []
    head, mark, rest = text.partition('"decision": "')
    word = rest.split('"')[0] if mark else ""
    for piece in (head + mark, word, rest[len(word) :]):
        if not piece:
            continue
        top = probabilities if piece == word and mark else {piece: 1.0}
        out.append(
            {
                "token": piece,
                "logprob": log(max(top.get(piece, 1e-9), 1e-9)),
                "bytes": None,
                "top_logprobs": [
                    {"token": token, "logprob": log(max(p, 1e-9)), "bytes": None} for token, p in top.items()
                ],
            }
        )
    return out
