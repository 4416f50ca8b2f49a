"""Whether Codex trusts our hooks: one that it does not trust is left out without a word, and every call passes.

Codex itself is asked, by way of the app-server that its own /hooks is made of; nothing is changed.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from magistrate.core.errors import InputError

PATIENCE = 20.0
"""Seconds that Codex may take."""


def listed(program: str, cwd: Path) -> list[dict[str, Any]]:
    """Codex's own list of the hooks that it knows. Raises InputError when it gives none."""
    messages = (
        {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "magistrate", "version": "1"}}},
        {"method": "initialized"},
        {"id": 2, "method": "hooks/list", "params": {"cwds": [str(cwd)]}},
    )
    try:
        server = subprocess.Popen(  # noqa: S603  the user's own program
            [program, "app-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=cwd
        )
    except OSError as error:
        raise InputError(f"codex cannot be asked: {error}") from None
    timer = threading.Timer(PATIENCE, server.kill)
    timer.start()
    with server:
        try:
            assert server.stdin  # noqa: S101  a pipe
            assert server.stdout  # noqa: S101
            server.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
            server.stdin.flush()
            return next(_hooks(server.stdout))
        except (OSError, ValueError, LookupError, TypeError, StopIteration):
            raise InputError("codex does not say which hooks it trusts") from None
        finally:
            timer.cancel()
            server.kill()


def _hooks(answers: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    for line in answers:
        answer = json.loads(line)
        if answer.get("id") == 2:
            yield [hook for entry in answer["result"]["data"] for hook in entry["hooks"]]


def distrusted(hooks: list[dict[str, Any]], mark: str) -> list[str]:
    """Events of our hooks that Codex leaves out, because it does not trust them or they are switched off."""
    ours = [hook for hook in hooks if mark in str(hook.get("command"))]
    out = [hook for hook in ours if hook.get("enabled") is False or hook.get("trustStatus") not in _TRUSTED]
    return (
        [str(hook.get("eventName")) for hook in out]
        if ours
        else ["all: Codex sees none of them, as in a folder of a project that it does not trust"]
    )


_TRUSTED = frozenset({"trusted", "managed"})
