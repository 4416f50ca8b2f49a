"""The fault matrix: each live host's call under each fault, with real processes for the hook and the server.

    python -m magistrate.testing.faults [FAULT...]     prints the matrix; exit code 1 when a cell is bad

A cell is good when the call is let run only if the ledger holds an allow for it, the call is in the ledger with a verdict
once a sound server has looked after what was left, nothing that the host is shown holds a traceback, and the ledger is whole.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from magistrate.core.records import Action, Record, Reply, Verdict
from magistrate.ledger import Ledger
from magistrate.server.state import State, hook_command, install_hook, prepare
from magistrate.testing.faulty import DATABASE, REVIEWERS
from magistrate.testing.shapes import SHAPES, Shape

DEADLINE = 1.5
"""Seconds that hooks wait under faults that never end."""
PATIENT = 20.0
"""... and under all others, however busy the machine is."""
ENDLESS = frozenset(
    {
        "reviewer hangs",
        "reviewer blocks",
        "reviewer is slow",
        "server hung",
        "server slow",
        "server killed",
        "stdin never ends",
    }
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Magistrate-Id: %s\r\nX-Magistrate-Exit: 0\r\nX-Magistrate-Stderr-Length: 0\r\n\r\n"


class Cell(Record, frozen=True, kw_only=True):
    """What became of one host's call under one fault."""

    fault: str
    host: str
    ran: bool
    decision: str
    """Of the verdict in the ledger; empty: none."""
    problems: tuple[str, ...] = ()


class Stand:
    """A state folder with its hook, in which one fault is tried."""

    def __init__(self, folder: Path) -> None:
        self.state: State = prepare(folder)
        self.deadline = PATIENT
        self.serve_with("none")

    def serve_with(self, fault: str) -> None:
        """From now on hooks start a server with this fault."""
        install_hook(
            self.state, [sys.executable, "-I", "-m", "magistrate.testing.faulty", str(self.state.folder), fault]
        )

    def no_server(self) -> None:
        (self.state.folder / "serve").unlink()

    @contextlib.contextmanager
    def server(self, fault: str) -> Iterator[subprocess.Popen[bytes]]:
        """A server with this fault, ready."""
        words = [sys.executable, "-I", "-m", "magistrate.testing.faulty", str(self.state.folder), fault]
        with (self.state.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
        try:
            wait_for(lambda: self.healthy() or process.poll() is not None, 20)
            yield process
        finally:
            process.kill()
            process.wait()

    def healthy(self) -> bool:
        """Whether a server answers."""
        return healthy(self.state)

    def hooks(self, payloads: Sequence[tuple[Shape, bytes | None]]) -> list[Reply]:
        """What hooks print that are started together; None: stdin that never ends."""
        processes = []
        for shape, _ in payloads:
            words = hook_command(self.state, shape.host, shape.event, deadline=self.deadline)
            pipe = subprocess.PIPE
            processes.append(subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env={}))  # noqa: S603
        threads = [
            threading.Thread(target=_feed, args=(process, payload))
            for process, (_, payload) in zip(processes, payloads, strict=True)
        ]
        for thread in threads:
            thread.start()
        replies = []
        for process in processes:
            out, err = (stream.read() if stream else b"" for stream in (process.stdout, process.stderr))
            code = process.wait()
            replies.append(
                Reply(stdout=out.decode("utf-8", "replace"), stderr=err.decode("utf-8", "replace"), exit=code)
            )
        for process, thread in zip(processes, threads, strict=True):
            thread.join()  # its reader has gone, so it ends
            if process.stdin:
                with contextlib.suppress(OSError):
                    process.stdin.close()
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
        return replies

    def settle(self) -> None:
        """Let a sound server record what was left, and end it."""
        self.kill_server()
        if any(self.state.spool.iterdir()):
            with self.server("none"):
                wait_for(lambda: not any(self.state.spool.iterdir()), 20)

    def kill_server(self) -> None:
        """End whatever server hooks have started."""
        for pid in serving(self.state):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        wait_for(lambda: not serving(self.state), 5)


def _feed(process: subprocess.Popen[bytes], payload: bytes | None) -> None:
    if payload is not None and process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.write(payload)
            process.stdin.close()


def serving(state: State) -> list[int]:
    """Processes of servers of this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if str(state.folder).encode() in words and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def wait_for(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.02)
    return False


def healthy(state: State, patience: float = 5.0) -> bool:
    """Whether a server answers within so many seconds."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(patience)
        try:
            sock.connect(str(state.socket))
            sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return b" 200 " in sock.recv(1 << 16)
        except OSError:
            return False


# ---------------------------------------------------------------- faults

Fault = Callable[[Stand], contextlib.AbstractContextManager[object]]


@contextlib.contextmanager
def _with_server(stand: Stand, fault: str) -> Iterator[None]:
    with stand.server(fault):
        yield


@contextlib.contextmanager
def _locked(stand: Stand) -> Iterator[None]:
    with stand.server("none"), contextlib.closing(sqlite3.connect(stand.state.ledger, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def _moved(stand: Stand) -> Iterator[None]:
    with stand.server("none"):
        for path in stand.state.folder.glob("live.db*"):
            path.rename(path.with_name("gone-" + path.name))
        yield


@contextlib.contextmanager
def _overwritten(stand: Stand) -> Iterator[None]:
    with stand.server("none"):
        for path in (stand.state.ledger, stand.state.ledger.with_name("live.db-wal")):
            path.write_bytes(b"this is no database any more" * 1000)
        yield
    for path in stand.state.folder.glob("live.db*"):
        path.unlink()


@contextlib.contextmanager
def _unreadable_ledger(stand: Stand) -> Iterator[None]:
    stand.state.ledger.write_bytes(b"this is no database, and never was one" * 100)
    yield
    stand.kill_server()
    stand.state.ledger.unlink()


@contextlib.contextmanager
def _restarted(stand: Stand, fault: str) -> Iterator[None]:
    """A server that dies at its first answer, and sound ones after it."""
    with stand.server(fault):
        yield


@contextlib.contextmanager
def _absent(stand: Stand) -> Iterator[None]:
    stand.no_server()
    yield
    stand.serve_with("none")


@contextlib.contextmanager
def _started(stand: Stand) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _does_not_start(stand: Stand) -> Iterator[None]:
    install_hook(stand.state, ["/bin/false"])
    yield
    stand.serve_with("none")


@contextlib.contextmanager
def _stale(stand: Stand) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(stand.state.socket))
    yield


@contextlib.contextmanager
def _two(stand: Stand) -> Iterator[None]:
    with stand.server("none") as first:
        words = [*first.args[:-1], "none"]  # type: ignore[index]
        second = subprocess.run(words, capture_output=True, timeout=30, check=False)  # noqa: S603
        if second.returncode == 0 or first.poll() is not None:
            raise AssertionError("two servers served one folder")
        yield


@contextlib.contextmanager
def _killed(stand: Stand) -> Iterator[None]:
    """kill -9 while reviewers are at work."""
    with stand.server("reviewer is slow") as process:
        timer = threading.Timer(0.7, process.kill)
        timer.start()
        yield
        timer.join()


@contextlib.contextmanager
def _impostor(stand: Stand, answer: Callable[[bytes], bytes | None], after: float = 0.0) -> Iterator[None]:
    """Something else listens in the server's place."""
    stand.no_server()
    over = threading.Event()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(stand.state.socket))
        listener.listen(64)
        listener.settimeout(0.05)
        thread = threading.Thread(target=_serve_badly, args=(listener, answer, after, over))
        thread.start()
        yield
        over.set()
        thread.join()
    stand.state.socket.unlink()
    stand.serve_with("none")


def _serve_badly(
    listener: socket.socket, answer: Callable[[bytes], bytes | None], after: float, over: threading.Event
) -> None:
    kept = []
    while not over.is_set():
        try:
            connection = listener.accept()[0]
        except TimeoutError:
            continue
        threading.Thread(target=_answer_badly, args=(connection, answer, after, over)).start()
        kept.append(connection)
    for connection in kept:
        connection.close()


def _answer_badly(
    connection: socket.socket, answer: Callable[[bytes], bytes | None], after: float, over: threading.Event
) -> None:
    with contextlib.suppress(OSError):
        connection.settimeout(5)
        request = connection.recv(1 << 16)
        over.wait(after)
        reply = answer(request)
        if reply is None:
            return  # keeps the connection open
        connection.sendall(reply)
        connection.shutdown(socket.SHUT_RDWR)


def _id(request: bytes) -> bytes:
    return request.partition(b"X-Magistrate-Id: ")[2].partition(b"\r\n")[0]


_ALLOW = b'{"decision":"allow","permission":"allow"}'
REPLIES: dict[str, Callable[[bytes], bytes | None]] = {
    "nothing": lambda request: b"",
    "noise": lambda request: bytes(range(256)) * 8,
    "a page": lambda request: b"<html>allow</html>",
    "only JSON": lambda request: _ALLOW,
    "status 500": lambda request: (OK % (len(_ALLOW), _id(request)) + _ALLOW).replace(b"200 OK", b"500 Oops"),
    "status 200 alone": lambda request: b"HTTP/1.1 200 OK\r\n\r\n",
    "no exit code": lambda request: (OK % (len(_ALLOW), _id(request)) + _ALLOW).replace(b"-Exit: 0", b"-Exit: "),
    "another's answer": lambda request: OK % (len(_ALLOW), b"0" * 24) + _ALLOW,
    "half an answer": lambda request: OK % (1000, _id(request)) + _ALLOW,
    "too much": lambda request: OK % (len(_ALLOW), _id(request)) + _ALLOW * 2,
    "endless": lambda request: OK % (9_000_000, _id(request)) + b" " * 3_000_000,
}


def _as_it_is(payload: bytes) -> bytes | None:
    return payload


def _padded(payload: bytes) -> bytes:
    """10 MB, of which all but the call is a remark in its command."""
    return payload.replace(b"echo ", b"echo " + b"x" * 10_000_000 + b" ", 1)


STDIN: dict[str, Callable[[bytes], bytes | None]] = {
    "stdin truncated": lambda payload: payload[:-7],
    "stdin 10 MB": _padded,
    "stdin over the limit": lambda payload: payload + b" " * (17 << 20),
    "stdin not UTF-8": lambda payload: payload.replace(b"echo ", b"echo \xff\xfe\xc3\x28 ", 1),
    "stdin with a name twice": lambda payload: payload[:-1] + b', "cwd": "/elsewhere", "cwd": "/work"}',
    "stdin deeply nested": lambda payload: payload[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "stdin empty": lambda payload: b"",
    "stdin never ends": lambda payload: None,
}

FAULTS: dict[str, Fault] = {
    "none": lambda stand: _with_server(stand, "none"),
    **{name: partial(_with_server, fault=name) for name in (*REVIEWERS, *DATABASE)},
    "ledger killed in commit": lambda stand: _restarted(stand, "ledger killed in commit"),
    "ledger killed after commit": lambda stand: _restarted(stand, "ledger killed after commit"),
    "ledger locked": _locked,
    "ledger moved away": _moved,
    "ledger overwritten": _overwritten,
    "ledger is no database": _unreadable_ledger,
    "server absent": _absent,
    "server started on demand": _started,
    "server does not start": _does_not_start,
    "server hung": lambda stand: _impostor(stand, lambda request: None),
    "server slow": lambda stand: _impostor(stand, lambda request: OK % (len(_ALLOW), _id(request)) + _ALLOW, 5),
    "server killed": _killed,
    "two servers": _two,
    "stale socket": _stale,
    "clock set back": lambda stand: _with_server(stand, "clock set back"),
    **{f"reply: {name}": partial(_impostor, answer=answer) for name, answer in REPLIES.items()},
    **dict.fromkeys(STDIN, partial(_with_server, fault="none")),
}


# ---------------------------------------------------------------- the matrix


def try_fault(fault: str, folder: Path, shapes: Sequence[Shape] = SHAPES) -> list[Cell]:
    """One row of the matrix, in a folder of its own."""
    stand = Stand(folder)
    stand.deadline = DEADLINE if fault in ENDLESS else PATIENT
    change = STDIN.get(fault, _as_it_is)
    padding = " #" + "x" * 20_000 if fault == "ledger full" else ""
    payloads = [
        (shape, change(shape.payload("s", f"echo mark-{shape.host}{padding}", f"call-{shape.host}")))
        for shape in shapes
    ]
    with FAULTS[fault](stand):
        replies = stand.hooks(payloads)
    stand.settle()
    with Ledger(stand.state.ledger, readonly=True) as ledger:
        decided = decisions(ledger)
        damage = tuple(problem.what for problem in ledger.verify())
    return [
        _cell(fault, shape, reply, decided[shape.host], damage) for shape, reply in zip(shapes, replies, strict=True)
    ]


def decisions(ledger: Ledger) -> dict[str, list[str]]:
    """For each host: the decisions on its call, and on what of it could not be read; empty for an action without verdict."""
    actions: dict[tuple[str, int], str] = {}
    verdicts: dict[tuple[str, int], str] = {}
    for event in ledger.events(kinds=("action", "verdict")):
        if isinstance(event.body, Action):
            actions[event.run, event.n] = event.run.split("/")[0]
        elif isinstance(event.body, Verdict):
            verdicts[event.run, event.body.action] = event.body.decision
    found: dict[str, list[str]] = {shape.host: [] for shape in SHAPES}
    for place, host in actions.items():
        found[host].append(verdicts.get(place, ""))
    return found


def _cell(fault: str, shape: Shape, reply: Reply, decided: list[str], damage: tuple[str, ...]) -> Cell:
    ran = shape.lets_run(reply)
    problems = list(damage)
    if ran and "allow" not in decided:
        problems.append("ran without a recorded allow")
    if not any(decided):
        problems.append("no verdict in the ledger")
    if not ran and decided == ["allow"]:
        problems.append("an allow was lost")
    if decided.count("allow") > 1:
        problems.append("recorded twice")
    shown = reply.stdout + reply.stderr
    if "Traceback" in shown or 'File "' in shown:
        problems.append("a traceback was shown")
    if not ran and reply.exit != 2 and not reply.stdout:
        problems.append("denied without a word")
    return Cell(fault=fault, host=shape.host, ran=ran, decision="/".join(decided), problems=tuple(problems))


def main(wanted: Sequence[str]) -> int:
    """Print the matrix; how many cells are bad."""
    width = max(map(len, FAULTS))
    print(" " * width, *(f"{shape.host[:11]:>11}" for shape in SHAPES))
    bad: list[Cell] = []
    count: Counter[str] = Counter()
    for fault in wanted or FAULTS:
        with tempfile.TemporaryDirectory(prefix="mf") as folder:
            cells = try_fault(fault, Path(folder) / "s")
        bad += [cell for cell in cells if cell.problems]
        count.update("ran" if cell.ran else "denied" for cell in cells)
        words = [("BAD" if cell.problems else "allow" if cell.ran else "deny") for cell in cells]
        print(f"{fault:{width}}", *(f"{word:>11}" for word in words), flush=True)
    for cell in bad:
        print(f"{cell.fault}, {cell.host}: {'; '.join(cell.problems)} ({cell.decision or 'not recorded'})")
    print(
        f"{sum(count.values())} cells: {count['ran']} ran with a recorded allow, {count['denied']} denied; "
        f"undecided allows {sum('ran without a recorded allow' in cell.problems for cell in bad)}, "
        f"verdicts lost {sum('lost' in ' '.join(cell.problems) or 'no verdict in the ledger' in cell.problems for cell in bad)}, "
        f"tracebacks {sum('a traceback was shown' in cell.problems for cell in bad)}"
    )
    return len(bad)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
