"""The running server as the one who answers, by the very protocol of the hook: one request a message, over its Unix socket."""

from __future__ import annotations

import time
from _socket import socket as Socket
from pathlib import Path

from magistrate import hook
from magistrate.core.config import state_dir
from magistrate.sdk.answer import DEADLINE, Answer, Unreviewed, answer_of
from magistrate.server.state import install_hook, prepare

MAX_PATH = 100
"""Characters of a socket's path; the hook enters a longer one step by step, which a library cannot."""


class Client:
    """Answers from `magistrate serve`, which is started when it is not there (`magistrate.sdk.answer.Link`).

    `folder`: the state folder; `deadline`: seconds that one answer may take. In a dry run everything may go on, and what the
    server could not take is left for it in the spool. Raises ConfigError when the folder cannot be this user's alone.
    """

    def __init__(self, folder: str | Path | None = None, *, deadline: float = DEADLINE, dry_run: bool = False) -> None:
        self._folder = str(Path(folder or state_dir()).absolute())
        if not Path(self._folder, "serve").exists():
            install_hook(prepare(Path(self._folder)))
        self._options = ["--deadline", str(deadline), *(["--dry-run"] if dry_run else [])]

    def post(self, event: str, payload: bytes) -> Answer:
        """The server's answer. Raises `Unreviewed` when there is none, or none that can be understood."""
        call = hook.Call(self._folder, ["generic", event, *self._options])
        call.payload = payload
        try:
            out, _, code = _ask(call)
            answer = answer_of(out, code)
        except (hook.Doubt, OSError, ValueError, Unreviewed) as error:
            if not call.dry:
                raise Unreviewed(str(error)) from None
            hook.spool(call, str(error))
            return Answer(decision="allow", reviewed=False)
        return Answer(decision="allow") if call.dry else answer

    def close(self) -> None:
        """Nothing is held between messages."""


def _ask(call: hook.Call) -> tuple[bytes, bytes, int]:
    """Stdout, stderr and exit code that the server answers with. Raises hook.Doubt, OSError, ValueError."""
    if len(call.folder) > MAX_PATH - len("/magistrate.sock"):
        raise hook.Doubt("the path of the state folder is too long for a socket")
    for _ in range(hook.TRIES):
        sock, token = _connect(call)
        sock.settimeout(max(call.left(), 0.001))
        try:
            reply = hook.exchange(sock, hook.request_of(call, token))
        finally:
            sock.close()
        if reply:
            return hook.parse(reply, call.nonce)
        if not call.left():
            break
        time.sleep(0.02)
    raise hook.Doubt("no answer came in time" if not call.left() else "the server ended before it answered")


def _connect(call: hook.Call) -> tuple[Socket, str]:
    """A connection and the token it wants; the server is started when it is not there. Raises as `_ask`."""
    starts = 0
    while call.left():
        try:
            return hook.dial(call.folder)
        except (OSError, ValueError):
            pass
        if starts < hook.STARTS:
            starts += hook.start(call.folder)
        elif not hook.starting(call.folder):
            raise hook.Doubt("the server does not start")
        if call.dry:
            raise hook.Doubt("the server was not running")
        time.sleep(0.02)
    raise hook.Doubt("the server did not start in time")
