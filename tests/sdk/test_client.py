"""The server as the one who answers: started when it is not there; and every way in which it can fail is a refusal in time."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from seams import Place

from magistrate.core.errors import ConfigError
from magistrate.core.records import Action, Verdict
from magistrate.ledger import Ledger
from magistrate.sdk import Guard

GOOD = b'{"version":1,"decision":"allow"}'


def respond(
    body: bytes = GOOD, *, exit_: int = 0, status: str = "200 OK", nonce: str = "", drop: str = ""
) -> Callable[[bytes], bytes]:
    """An answer to a request, right unless told otherwise."""

    def answer(request: bytes) -> bytes:
        sent = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"x-magistrate-id:")).split(
            b":"
        )[1]
        fields = {
            "Content-Length": str(len(body)),
            "X-Magistrate-Id": nonce or sent.strip().decode(),
            "X-Magistrate-Exit": str(exit_),
            "X-Magistrate-Stderr-Length": "0",
        }
        fields.pop(drop, None)
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body

    return answer


def hang(request: bytes) -> bytes:
    time.sleep(3)
    return b""


@contextmanager
def fake(folder: Path, answer: Callable[[bytes], bytes]) -> Iterator[None]:
    """Something that listens where the server would."""
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "serve").write_text("/bin/false")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "magistrate.sock"))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # whoever asked may be gone
                request = connection.recv(1 << 16)
                if request:
                    connection.sendall(answer(request))

    threading.Thread(target=serve, daemon=True).start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def ask(folder: Path, **more: bool) -> tuple[bool, bool, float]:
    """Whether a call may run, whether it was reviewed, and how many seconds it took to say so."""
    guard = Guard.connect(folder, deadline=1.0, **more)
    began = time.monotonic()
    answer = guard.conversation().review("read_file", {"path": "x"})
    return answer.go, answer.reviewed, time.monotonic() - began


def test_a_right_answer_is_taken(tmp_path: Path) -> None:
    with fake(tmp_path / "s", respond()):
        assert ask(tmp_path / "s")[:2] == (True, True)


@pytest.mark.parametrize(
    "answer",
    [
        hang,
        lambda request: b"",
        lambda request: b"HTTP/1.1 200 OK\r\n",
        lambda request: b"HTTP/1.1 200 OK\r\n\r\n" + GOOD,
        lambda request: b"hello",
        lambda request: b"\x00" * 5000,
        respond(status="500 Oops"),
        respond(status="404 Not Found"),
        respond(nonce="another"),
        respond(exit_=2),
        respond(drop="X-Magistrate-Exit"),
        respond(drop="X-Magistrate-Stderr-Length"),
        respond(b""),
        respond(b"allow"),
        respond(GOOD[:-1]),
        respond(b'{"version":2,"decision":"allow"}'),
        respond(b'{"version":1,"decision":"allowed"}'),
        respond(b"x" * (2 << 20)),
    ],
)
def test_whatever_else_it_answers_is_a_refusal_in_time(tmp_path: Path, answer: Callable[[bytes], bytes]) -> None:
    with fake(tmp_path / "s", answer):
        go, reviewed, took = ask(tmp_path / "s")
    assert (go, reviewed) == (False, False)
    assert took < 2.5


def test_a_socket_that_nobody_serves_is_a_refusal(tmp_path: Path) -> None:
    with fake(tmp_path / "s", respond()):
        pass
    assert ask(tmp_path / "s")[:2] == (False, False)


def test_a_socket_path_that_is_too_long_is_a_refusal(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    folder.mkdir(mode=0o700)
    (folder / "serve").write_text("/bin/false")
    assert ask(folder)[:2] == (False, False)


def test_a_folder_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError):
        Guard.connect(tmp_path / "file")


def test_in_a_dry_run_what_the_server_did_not_take_waits_in_the_spool(tmp_path: Path) -> None:
    with fake(tmp_path / "s", hang):
        assert ask(tmp_path / "s", dry_run=True)[0]
    (left,) = (tmp_path / "s" / "spool").iterdir()
    line, payload = left.read_bytes().split(b"\n", 1)
    assert line.split(b"\t")[:3] == [b"generic", b"act", b"dry-run"]
    assert json.loads(payload)["tool"] == "read_file"


def test_the_real_server_is_started_and_one_after_it_when_it_is_killed(here: Place) -> None:
    folder = here.ledger.parent / "s"
    guard = Guard.connect(folder, host="test", cwd=here.work, deadline=30)
    try:
        conversation = guard.conversation("one")
        assert conversation.review("read_file", {"path": str(here.old)}).go
        end(folder, signal.SIGKILL)
        conversation.person(f"Remove {here.old}.")
        assert conversation.review("remove", {"path": str(here.old)}).go
        assert not conversation.review("remove", {"path": str(here.victim)}).go
    finally:
        end(folder, signal.SIGTERM)
    with Ledger(folder / "live.db", readonly=True) as ledger:
        assert ledger.verify() == []
        events = list(ledger.events("test/one"))
    assert [event.body.tool for event in events if isinstance(event.body, Action)] == ["read_file", "remove", "remove"]
    assert sum(isinstance(event.body, Verdict) for event in events) == 3


def end(folder: Path, number: signal.Signals) -> None:
    """End the server that serves a folder, by the pid that it says itself."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(str(folder / "magistrate.sock"))
        asked.sendall(b"GET /v1/health HTTP/1.1\r\nHost: magistrate\r\nConnection: close\r\n\r\n")
        reply = b""
        while piece := asked.recv(1 << 16):
            reply += piece
    pid = json.loads(reply.partition(b"\r\n\r\n")[2])["pid"]
    os.kill(pid, number)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.1)
    raise AssertionError("the server does not end")
