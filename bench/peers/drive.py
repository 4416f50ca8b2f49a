"""Peers as processes: made, asked, watched and ended."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "peers"
DEADLINE_S, START_S = 10.0, 60.0
"""How long one answer may take, and the first one with the start."""
MAX_LOSSES = 20
"""A process that was lost so often on one file is not started again."""
QUIET = {"DO_NOT_TRACK": "1", "DISABLE_TELEMETRY": "1", "PRISMOR_NO_UPDATE_CHECK": "1", "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class Peer:
    """One peer as it is run: `package` names its environment, `adapter` its way in."""

    name: str
    package: str
    version: str
    adapter: str = ""
    warns: bool = False
    """It has warnings, so it is also counted with warnings taken as asking."""
    slow: bool = False
    """Asked first, so that others can be asked meanwhile."""


PEERS = (
    Peer("nah", "nah", "0.11.0"),
    Peer("agentbelay", "agentbelay", "0.1.0"),
    Peer("prismor", "prismor", "1.68.3", warns=True, slow=True),
    Peer("trifectaguard", "trifectaguard", "0.1.5"),
    Peer("trifectaguard-drafted", "trifectaguard", "0.1.5"),
    Peer("cc-safety-net", "cc-safety-net", "2.4.5"),
)


def install(peer: Peer) -> str:
    """Make the peer's environment from its pins if it is not there. Returns why it could not be made, or nothing."""
    place = BUILD / "envs" / peer.package
    pins = HERE / f"{peer.package}.txt"
    source = pins if pins.exists() else HERE / peer.package / "package-lock.json"
    stamp = place / ".ready"
    if stamp.exists() and stamp.read_text() == source.read_text():
        return ""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        if pins.exists():
            _run([sys.executable, "-m", "venv", str(place)])
            pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _run([*pip, "--no-input", "--require-hashes", "-r", str(pins)])
        else:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / peer.package / name, place)
            _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", "--prefix", str(place)])
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or ""
        return f"{peer.package} could not be installed: {(said.strip().splitlines() or [str(error)])[-1]}"
    stamp.write_text(source.read_text())
    return ""


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, timeout=600, capture_output=True, text=True)


@cache
def offline() -> tuple[str, ...]:
    """The command that takes the network away from what follows it, where this system lets us."""
    wrapper = ("unshare", "--user", "--map-root-user", "--net")
    try:
        subprocess.run([*wrapper, "true"], check=True, timeout=10, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return wrapper


@dataclass
class Process:
    """One resident peer in an empty home, in an empty git repository, without network. Started at the first question."""

    peer: Peer
    tools: list[dict[str, Any]]
    starts: list[float] = field(default_factory=list)
    """Milliseconds from the start of each process to its first answer."""
    losses: int = 0
    _home: tempfile.TemporaryDirectory[str] | None = None
    _process: subprocess.Popen[str] | None = None

    @property
    def folder(self) -> str:
        """The working folder that the peer is told, and runs in."""
        if self._home is None:
            (BUILD / "homes").mkdir(parents=True, exist_ok=True)  # not in /tmp, where several peers allow more
            self._home = tempfile.TemporaryDirectory(prefix=f"{self.peer.name}-", dir=BUILD / "homes")
            (Path(self._home.name) / "tools.json").write_text(json.dumps(self.tools))
            _run(["git", "init", "--quiet", str(Path(self._home.name) / "work")])
        return str(Path(self._home.name) / "work")

    def ask(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The peer's answer, or `failed` with the reason. `lost`: its process is gone, and with it what it knew of the session."""
        if self.losses >= MAX_LOSSES:
            return {"failed": "given up", "us": 0, "lost": True}
        began, fresh = time.perf_counter(), self._process is None
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(payload) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            return self._lost("ended")
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            if not ready.select(START_S if fresh else DEADLINE_S):
                return self._lost("timeout")
        line = process.stdout.readline()
        if not line:
            return self._lost("ended")
        if fresh:
            self.starts.append((time.perf_counter() - began) * 1000)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process and remove its home."""
        self._end()
        if self._home is not None:
            self._home.cleanup()

    def _start(self) -> subprocess.Popen[str]:
        place = BUILD / "envs" / self.peer.package
        if (HERE / f"{self.peer.package}.txt").exists():
            command = [str(place / "bin" / "python"), str(HERE / "adapters.py"), self.peer.adapter or self.peer.name]
        else:
            command = [shutil.which("node") or "node", str(shutil.copy(HERE / "adapter.mjs", place))]
        folder = self.folder
        home = str(Path(folder).parent)
        environment = {"HOME": home, "PATH": os.defpath, **QUIET}
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([*offline(), *command], cwd=folder, env=environment, text=True, bufsize=1, **pipes)

    def _lost(self, why: str) -> dict[str, Any]:
        self._end()
        self.losses += 1
        return {"failed": why, "us": 0, "lost": True}

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._process = None
