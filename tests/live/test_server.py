"""The server as a process, and the hook that starts it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from magistrate.core.errors import ConfigError, LedgerError
from magistrate.core.records import Action, Verdict
from magistrate.ledger import Ledger
from magistrate.server.app import make_app
from magistrate.server.state import State, hook_command, install_hook, prepare
from magistrate.testing.faults import serving, wait_for
from magistrate.testing.shapes import SHAPES

SHAPE = SHAPES[0]
WIPE = "rm -rf / --no-preserve-root"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state folder with its hook; whatever serves it is ended."""
    one = prepare(tmp_path / "state")
    install_hook(one)
    yield one
    for pid in serving(one):
        os.kill(pid, signal.SIGKILL)


def hook(state: State, command: str, call: str = "1", *, env: dict[str, str] | None = None, **more: Any) -> Any:
    words = hook_command(state, SHAPE.host, SHAPE.event, **more)
    payload = SHAPE.payload("s", command, call)
    return subprocess.run(words, input=payload, capture_output=True, env=env or {}, check=False, timeout=60)


def health(state: State) -> dict[str, Any]:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(state.socket))) as client:
        return dict(client.get("http://magistrate/v1/health").json())


def test_the_hook_starts_the_server_which_outlives_a_kill(state: State) -> None:
    assert hook(state, "ls", "1").stdout == b""
    first = health(state)["pid"]
    assert b'"deny"' in hook(state, WIPE, "2").stdout
    os.kill(first, signal.SIGKILL)
    assert b'"deny"' in hook(state, WIPE, "3").stdout
    second = health(state)
    assert second["pid"] != first
    os.kill(second["pid"], signal.SIGTERM)
    assert wait_for(lambda: not serving(state), 10)
    assert not state.socket.exists()
    with Ledger(state.ledger, readonly=True) as ledger:
        events = list(ledger.events("claude-code/s"))
        assert [event.body.call_id for event in events if isinstance(event.body, Action)] == ["1", "2", "3"]
        assert [event.body.decision for event in events if isinstance(event.body, Verdict)] == ["allow", "deny", "deny"]
        assert ledger.verify() == []


def test_everything_in_the_state_folder_is_for_this_user_alone(state: State) -> None:
    hook(state, "ls")
    modes = {
        path.name: stat.S_IMODE(path.lstat().st_mode)
        for path in state.folder.iterdir()
        if path.is_file() or path.is_socket()
    }
    assert len(modes) > 6
    assert {name for name, mode in modes.items() if mode & 0o077} == set()
    assert stat.S_IMODE(state.folder.stat().st_mode) == stat.S_IMODE(state.spool.stat().st_mode) == 0o700


def test_a_folder_that_is_open_to_others_is_closed_and_a_link_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    prepare(tmp_path / "open")
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(tmp_path / "open")
    with pytest.raises(ConfigError):
        prepare(tmp_path / "link")


def test_the_environment_cannot_weaken_the_hook(state: State, tmp_path: Path) -> None:
    """Nothing is read from it: not where the server is, not the mode, not Python's own variables."""
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "_socket.py").write_text("import os; os._exit(0)")
    (tmp_path / "evil" / "sitecustomize.py").write_text("import os; os._exit(0)")
    elsewhere = {
        "MAGISTRATE_HOME": str(tmp_path / "evil"),
        "MAGISTRATE_MODE": "dry-run",
        "XDG_STATE_HOME": str(tmp_path / "evil"),
        "HOME": str(tmp_path / "evil"),
        "PYTHONPATH": str(tmp_path / "evil"),
        "PYTHONHOME": str(tmp_path / "evil"),
        "PYTHONSTARTUP": str(tmp_path / "evil" / "sitecustomize.py"),
        "PYTHONINSPECT": "1",
        "PATH": str(tmp_path / "evil"),
        "TMPDIR": str(tmp_path / "evil"),
    }
    assert b'"deny"' in hook(state, WIPE, env=elsewhere).stdout
    with Ledger(state.ledger, readonly=True) as ledger:
        assert len(list(ledger.events(kinds=["verdict"]))) == 1
    assert not (tmp_path / "evil" / "magistrate").exists()


def test_a_damaged_client_denies(state: State) -> None:
    client = state.folder / "magistrate_hook.py"
    for damage in (b"", b"def run(", b"import nothing_like_it", None):
        if damage is None:
            client.unlink()
        else:
            client.write_bytes(damage)
        assert hook(state, "ls").returncode == 2
    assert hook(state, "ls").stderr.startswith(b"Magistrate")


def test_a_dry_run_never_waits_or_blocks_and_is_recorded(state: State) -> None:
    began = time.monotonic()
    done = hook(state, WIPE, "1", dry_run=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert time.monotonic() - began < 2
    assert wait_for(lambda: state.ledger.exists() and not list(state.spool.iterdir()), 20)
    assert hook(state, WIPE, "2", dry_run=True).stdout == b""

    def recorded() -> bool:
        with Ledger(state.ledger, readonly=True) as ledger:
            modes = [event.body.mode for event in ledger.events(kinds=["verdict"]) if isinstance(event.body, Verdict)]
            return modes == ["dry-run", "dry-run"]

    assert wait_for(recorded, 10)


def test_a_hook_that_starts_the_server_leaves_it_no_pipe_of_the_host(state: State) -> None:
    """A host reads until the pipe is closed; a server that held it would hold the host."""
    began = time.monotonic()
    read, write = os.pipe()
    os.set_inheritable(write, True)
    words = hook_command(state, SHAPE.host, SHAPE.event)
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[write]
    ) as one:
        out, _ = one.communicate(SHAPE.payload("s", "ls", "1"), timeout=30)
    os.close(write)
    os.set_blocking(read, False)
    assert os.read(read, 1) == b""  # the end, not "nothing yet"
    os.close(read)
    assert out == b""
    assert serving(state)
    assert time.monotonic() - began < 30


def test_a_host_that_waits_hears_what_a_person_decides(state: State) -> None:
    words = hook_command(state, "generic", "act", wait=30)
    shape = SHAPES[-1]
    payload = shape.payload("s", "rm -rf src", "1")
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env={}) as waiting:
        assert waiting.stdin
        waiting.stdin.write(payload)
        waiting.stdin.close()
        assert wait_for(lambda: bool(tickets(state)), 20)
        assert waiting.poll() is None
        rule = [sys.executable, "-m", "magistrate", "rule", tickets(state)[0], "allow", "--because", "it is my branch"]
        done = subprocess.run(
            [*rule, "--ledger", str(state.ledger)], capture_output=True, check=False, text=True, env={}
        )
        assert done.returncode == 0, done.stderr
        assert waiting.stdout
        assert json.loads(waiting.stdout.read())["decision"] == "allow"
    with Ledger(state.ledger, readonly=True) as ledger:
        verdicts = [event.body for event in ledger.events(kinds=["verdict"]) if isinstance(event.body, Verdict)]
        assert [verdict.decision for verdict in verdicts] == ["escalate", "allow"]
        assert verdicts[1].basis == "ruling"


def test_a_host_that_waits_in_vain_hears_in_time(state: State) -> None:
    words = hook_command(state, "generic", "act", wait=0.5)
    payload = SHAPES[-1].payload("s", "rm -rf src", "1")
    done = subprocess.run(words, input=payload, capture_output=True, env={}, check=False, timeout=30)
    assert json.loads(done.stdout)["decision"] == "ask"


def tickets(state: State) -> list[str]:
    """Tickets of the questions that wait."""
    try:
        with Ledger(state.ledger, readonly=True) as ledger:
            bodies = [event.body for event in ledger.events(kinds=["verdict"])]
    except LedgerError:  # not made yet
        return []
    return [body.ticket for body in bodies if isinstance(body, Verdict) and body.ticket]


def test_loopback_wants_the_token(state: State) -> None:
    words = [
        sys.executable,
        "-I",
        "-m",
        "magistrate",
        "serve",
        "--state",
        str(state.folder),
        "--port",
        "0",
        "--no-screen",
    ]
    with subprocess.Popen(words) as server:
        assert wait_for(state.address.exists, 20)
        url = f"http://{state.address.read_text()}/v1/health"
        token = state.token.read_text()
        assert httpx.get(url).status_code == 401
        assert httpx.get(url, headers={"Authorization": "Bearer " + token[:-1]}).status_code == 401
        assert httpx.get(url, headers={"Authorization": "Bearer " + token}).status_code == 200
        assert b'"deny"' in hook(state, WIPE).stdout
        server.terminate()
    assert not state.address.exists()


def test_an_idle_server_ends(state: State) -> None:
    words = [
        sys.executable,
        "-I",
        "-m",
        "magistrate",
        "serve",
        "--state",
        str(state.folder),
        "--idle",
        "0.5",
        "--no-screen",
    ]
    assert subprocess.run(words, timeout=30, check=False).returncode == 0


def test_a_second_server_by_hand_is_told_so(state: State) -> None:
    hook(state, "ls")
    words = [sys.executable, "-I", "-m", "magistrate", "serve", "--state", str(state.folder)]
    done = subprocess.run(words, capture_output=True, timeout=30, check=False, text=True)
    assert done.returncode == 1
    assert "another server" in done.stderr
    assert health(state)["served"] == 1


def test_a_state_folder_with_a_long_path_serves(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    state = prepare(deep)
    install_hook(state)
    try:
        assert b'"deny"' in hook(state, WIPE).stdout
    finally:
        for pid in serving(state):
            os.kill(pid, signal.SIGKILL)


# ---------------------------------------------------------------- routes


class Broken:
    """A service with a bug."""

    served = refused = 0

    async def answer(self, asked: Any) -> Any:
        raise RuntimeError("secret detail")

    def state(self) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize("path", ["/v1/hook/claude-code/PreToolUse", "/v1/hook/claude-code", "/v1/nothing", "/"])
def test_a_bug_is_never_shown(path: str) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(Broken()), raise_app_exceptions=False)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post(path, content=b"{}")

    try:
        reply = asyncio.run(ask())
    except AssertionError:
        return  # no reply at all: the hook denies
    assert reply.status_code != 200
    assert "secret" not in reply.text
    assert "Traceback" not in reply.text


def test_a_payload_over_the_limit_is_not_taken() -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(Broken()))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post("/v1/hook/claude-code/PreToolUse", content=json.dumps("x" * (17 << 20)).encode())

    assert asyncio.run(ask()).status_code == 413
