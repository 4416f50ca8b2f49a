"""The running server as the one who answers: one HTTP request a message, over its Unix socket. Standard library only."""

from __future__ import annotations

import http.client
import socket as sockets
from pathlib import Path

from magistrate.core.config import state_dir
from magistrate.sdk.answer import Answer, Unreviewed, read_answer

MAX_REPLY = 1 << 20
"""Bytes of a reply that are read."""


class Client:
    """Answers from `magistrate serve` (`magistrate.sdk.answer.Link`).

    `socket`: the server's; the one in the state folder is the default. `deadline`: seconds that one answer may take.
    """

    def __init__(self, socket: str | Path | None = None, *, deadline: float = 60.0) -> None:
        self._socket = str(socket or state_dir() / "magistrate.sock")
        self._deadline = deadline

    def post(self, event: str, payload: bytes) -> Answer:
        """The server's answer. Raises `Unreviewed` when there is none, or none that can be understood."""
        connection = _Connection(self._socket, self._deadline)
        try:
            connection.request("POST", f"/v1/hook/generic/{event}", payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = response.read(MAX_REPLY + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unreviewed(f"the server does not answer ({type(error).__name__}: {error})") from None
        finally:
            connection.close()
        if response.status != 200 or len(body) > MAX_REPLY:
            raise Unreviewed(f"the server answers with status {response.status}")
        return _answer(response, body)

    def close(self) -> None:
        """Nothing is held between messages."""


def _answer(response: http.client.HTTPResponse, body: bytes) -> Answer:
    """The answer on the hook's stdout part of the body; the length of what follows, its stderr part, stands in a header."""
    try:
        exit_, aside = int(response.headers["X-Magistrate-Exit"]), int(response.headers["X-Magistrate-Stderr-Length"])
    except (KeyError, TypeError, ValueError):
        raise Unreviewed("the reply is not the server's") from None
    if not 0 <= aside <= len(body):
        raise Unreviewed("the reply is not the server's")
    answer = read_answer(body[: len(body) - aside])
    if exit_:
        raise Unreviewed(answer.reason or f"the server refuses with {exit_}")
    return answer


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("magistrate", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
