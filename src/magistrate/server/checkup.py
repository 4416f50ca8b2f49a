"""Whether a guarded host is guarded in fact: its real settings are read, the command in them is run as the host would run it.

Two payloads go through it, in a session of their own that is kept apart from agent statistics: a harmless command, and one
that no rulebook allows. Neither is run. Both have to be seen, decided and recorded.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from magistrate import __version__
from magistrate.core.canon import new_id
from magistrate.core.errors import InputError, LedgerError, MagistrateError
from magistrate.core.records import Record, Reply, RunStarted, Verdict
from magistrate.hosts.live import ADAPTERS
from magistrate.hosts.live.install import ours, read, recall
from magistrate.hosts.live.jsonc import tree
from magistrate.hosts.live.payload import PROBE
from magistrate.hosts.live.probes import HARMLESS, PLANTED, PROBES, understood
from magistrate.hosts.live.trust import hashes, known, settings, trusted
from magistrate.hosts.live.wiring import WAIT, Place, Wiring
from magistrate.ledger import Ledger
from magistrate.server.codex_trust import distrusted, listed
from magistrate.server.state import CLIENT, State, read_token

PATIENCE = 6.0
"""Seconds to wait until what a hook handed over stands in the ledger."""
BINARIES: Mapping[str, str] = {
    "claude-code": "claude",
    "codex": "codex",
    "gemini-cli": "gemini",
    "qwen-code": "qwen",
    "copilot": "copilot",
    "vscode": "code",
    "cursor": "cursor-agent",
    "opencode": "opencode",
}


class Check(Record, frozen=True, kw_only=True):
    """One thing looked at. `ok` None: only told, neither good nor bad."""

    name: str
    ok: bool | None
    what: str = ""


class Report(Record, frozen=True, kw_only=True):
    """What was found of one guarded file."""

    host: str
    file: str
    checks: tuple[Check, ...]
    unobservable: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.ok is not False for check in self.checks)


Command = str | list[str]
"""As it stands in the settings: a line for a shell, or words."""


def check_up(wiring: Wiring, place: Place, state: State, *, cwd: Path) -> Report:
    """Look at one guarded file and everything behind it. Never raises on what it finds."""
    found: Mapping[str, Command] = {}
    checks: list[Check] = []
    try:
        found = configured(wiring, read(place), str(state.hook))
        checks += _settings(wiring, place, found, state)
    except MagistrateError as error:
        checks.append(Check(name="settings", ok=False, what=str(error)))
    checks += [_switched_off(wiring, place, cwd), *_files(state, place)]
    gate = wiring.gates[0]
    if gate in found:
        checks += _tried(wiring, gate, found[gate], state, cwd)
    if wiring.host == "codex":
        checks.append(_trusted(wiring, place, state, cwd))
    checks += [_server(state), *_binary(wiring)]
    unobservable = ADAPTERS[wiring.host].unobservable
    return Report(host=wiring.host, file=str(place.file), checks=tuple(checks), unobservable=unobservable)


# ---------------------------------------------------------------- what stands there


def configured(wiring: Wiring, data: bytes | None, mark: str) -> dict[str, Command]:
    """The command of ours for each event, as the settings have it. Raises InputError."""
    if data is None:
        return {}
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError("is not UTF-8") from None
    if wiring.plugin:
        return _in_plugin(wiring, text)
    settings = tree(text).plain()
    hooks = settings.get("hooks") if isinstance(settings, dict) else None
    found: dict[str, Command] = {}
    for event, entries in hooks.items() if isinstance(hooks, dict) else ():
        for entry in entries if isinstance(entries, list) else ():
            if ours(entry, mark):
                found[event] = _command(entry)
    return found


def _command(entry: dict[str, Any]) -> str:
    inner = entry["hooks"][0] if isinstance(entry.get("hooks"), list) else entry
    return str(inner.get("command") or inner.get("bash"))


def _in_plugin(wiring: Wiring, text: str) -> dict[str, Command]:
    line = re.search(r"/\*HOOK\*/ (\[.*\])$", text, re.MULTILINE)
    words = json.loads(line[1]) if line else []
    if wiring.host not in words:
        return {}
    at = words.index(wiring.host) + 1
    return {event: [*words[:at], event, *words[at:]] for event in wiring.events()}


def _settings(wiring: Wiring, place: Place, found: Mapping[str, Command], state: State) -> list[Check]:
    gates = [event for event in wiring.gates if event not in found]
    tells = [event for event in wiring.tells if event not in found]
    kept = recall(state.folder / "guards", place)
    checks = [
        Check(name="gate", ok=not gates, what=f"no hook for {', '.join(gates)}" if gates else ", ".join(wiring.gates)),
        Check(name="events", ok=not tells, what=f"no hook for {', '.join(tells)}" if tells else f"{len(found)} hooks"),
    ]
    if kept and read(place) != kept.after:
        checks.append(Check(name="settings", ok=None, what="changed since it was guarded"))
    return checks


def _switched_off(wiring: Wiring, place: Place, cwd: Path) -> Check:
    """Whether any of the host's settings says that hooks are not to run; managed hooks run all the same."""
    home = Path.home()
    places = [wiring.place(scope, home=home, project=cwd, env=os.environ).file for scope in wiring.files]
    found = []
    for file in dict.fromkeys([place.file, *places, *(cwd / name for name in wiring.besides)] if wiring.off else []):
        try:
            settings = tree(file.read_text(encoding="utf-8")).plain()
        except (OSError, UnicodeDecodeError, InputError):
            continue
        managed = wiring.host == "claude-code" and file == places[-1] == place.file
        found += [f"{name} in {file}" for name, value in wiring.off if not managed and _says(settings, name, value)]
    return Check(name="switch", ok=not found, what="; ".join(found) or "nothing switches hooks off")


def _says(settings: Any, name: str, value: Any) -> bool:
    """Whether the setting under a dotted name is this value, or is a list with something of it."""
    for step in name.split("."):
        settings = settings.get(step) if isinstance(settings, dict) else None
    if isinstance(value, list):
        return isinstance(settings, list) and any(one in value for one in settings)
    return settings is value


def _files(state: State, place: Place) -> list[Check]:
    """Nobody else may write the hook, the settings, the ledger or the socket; and the hook is the one we ship."""
    wrong = [
        f"{path} is {mode:04o}"
        for path, allowed in (
            (state.folder, 0o700),
            (state.hook, 0o600),
            (state.folder / "magistrate_hook.py", 0o600),
            (state.folder / "serve", 0o600),
            (state.ledger, 0o600),
            (state.socket, 0o600),
            (place.file, 0o755),
        )
        if (mode := _mode(path)) & ~allowed
    ]
    client = state.folder / "magistrate_hook.py"
    same = client.is_file() and client.read_bytes() == CLIENT.read_bytes()
    return [
        Check(name="modes", ok=not wrong, what="; ".join(wrong) or "closed to others"),
        Check(name="hook", ok=same, what="as shipped" if same else "not this version's: guard the host again"),
    ]


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except OSError:
        return 0


# ---------------------------------------------------------------- trying it


def _tried(wiring: Wiring, gate: str, command: Command, state: State, cwd: Path) -> list[Check]:
    """Both payloads through the configured command, then the ledger."""
    session = PROBE + new_id()
    words = command if isinstance(command, str) else " ".join(command)
    dry = "--dry-run" in words
    checks = [Check(name="mode", ok=None, what="dry-run: nothing is blocked" if dry else "enforce")]
    wanted = {HARMLESS: ("silence", "allow"), PLANTED: ("silence", "allow") if dry else ("deny",)}
    for name, text in (("harmless", HARMLESS), ("planted", PLANTED)):
        payload = json.dumps(PROBES[wiring.host](session, str(cwd), text)).encode()
        began = time.monotonic()
        reply = start(command, payload, cwd)
        took = time.monotonic() - began
        word = understood(reply)
        what = f"{word} in {took * 1000:.0f} ms" + (f": {reply.stderr[:200]}" if reply.stderr else "")
        checks.append(Check(name=name, ok=word in wanted[text], what=what))
    return [*checks, _recorded(state, f"{wiring.host}/{session}", dry)]


def start(command: Command, payload: bytes, cwd: Path) -> Reply:
    """Run a configured command as the host would: the same line, folder, environment and stdin."""
    words: Sequence[str] = ["/bin/sh", "-c", command] if isinstance(command, str) else command
    try:
        done = subprocess.run(  # noqa: S603  it is the user's own configuration
            words, input=payload, capture_output=True, cwd=cwd, timeout=WAIT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Reply(stderr=f"the hook could not be run: {error}", exit=1, stdout="-")
    return Reply(
        stdout=done.stdout.decode("utf-8", "replace"),
        stderr=done.stderr.decode("utf-8", "replace"),
        exit=done.returncode,
    )


def _recorded(state: State, run: str, dry: bool) -> Check:
    """Whether both verdicts stand in the ledger, in the run they belong to, apart from agent statistics."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with Ledger(state.ledger, readonly=True) as ledger:
                bodies = [event.body for event in ledger.events(run)]
        except LedgerError as error:
            bodies, problem = [], str(error)
        else:
            problem = f"{run} is not in the ledger"
        verdicts = [body for body in bodies if isinstance(body, Verdict)]
        if len(verdicts) >= 2 or time.monotonic() > until:
            break
        time.sleep(0.1)
    if len(verdicts) < 2:
        return Check(name="recorded", ok=False, what=problem if not bodies else f"{len(verdicts)} verdicts of 2")
    apart = isinstance(bodies[0], RunStarted) and bodies[0].role == "probe"
    right = verdicts[0].decision == "allow" and verdicts[1].decision != "allow" and apart
    right = right and all(verdict.mode == ("dry-run" if dry else "enforce") for verdict in verdicts)
    decided = ", ".join(f"{verdict.decision} ({verdict.basis})" for verdict in verdicts)
    return Check(name="recorded", ok=right, what=decided)


# ---------------------------------------------------------------- server and host


class _Connection(http.client.HTTPConnection):
    """HTTP over the server's socket, or over loopback where there is none."""

    def __init__(self, state: State) -> None:
        super().__init__("magistrate", timeout=5)
        self._state = state

    def connect(self) -> None:
        if self._state.socket.exists():
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(5)
            self.sock.connect(os.fspath(self._state.socket))
            return
        host, _, port = self._state.address.read_text(encoding="ascii").strip().rpartition(":")
        self.sock = socket.create_connection((host, int(port)), timeout=5)


def health(state: State) -> dict[str, Any]:
    """What the server says of itself. Raises OSError and ValueError when there is none."""
    connection = _Connection(state)
    headers = {} if state.socket.exists() else {"Authorization": f"Bearer {read_token(state)}"}
    try:
        connection.request("GET", "/v1/health", headers=headers)
        reply = connection.getresponse()
        told = json.loads(reply.read(1 << 20))
    except http.client.HTTPException as error:
        raise ValueError(f"gives no proper answer: {error}") from None
    finally:
        connection.close()
    if reply.status != 200 or not isinstance(told, dict):
        raise ValueError(f"answers with status {reply.status}")
    return told


def _server(state: State) -> Check:
    try:
        told = health(state)
    except (OSError, ValueError) as error:
        return Check(name="server", ok=False, what=f"does not run: {error}")
    if told.get("version") != __version__:
        return Check(
            name="server", ok=False, what=f"is version {told.get('version')}, this is {__version__}: restart it"
        )
    return Check(
        name="server", ok=True, what=f"version {__version__}, pid {told.get('pid')}, {told.get('served')} served"
    )


def _trusted(wiring: Wiring, place: Place, state: State, cwd: Path) -> Check:
    """Codex leaves out what it does not trust: it is asked, and where it cannot be, its settings are."""
    program = shutil.which(BINARIES[wiring.host])
    try:
        if program:
            out = distrusted(listed(program, cwd), str(state.hook))
            return Check(
                name="trust", ok=not out, what=f"left out: {', '.join(out)}. {wiring.note}" if out else "trusted"
            )
    except InputError as error:
        return Check(name="trust", ok=None, what=f"{error.what}. {wiring.note}")
    try:
        given = trusted(settings(Path.home(), os.environ), hashes(known(place.file, os.environ), str(state.hook)))
    except MagistrateError as error:
        return Check(name="trust", ok=None, what=f"{error}. {wiring.note}")
    return Check(name="trust", ok=given, what="trusted, by its settings" if given else f"not given. {wiring.note}")


def _binary(wiring: Wiring) -> list[Check]:
    """The host on the path, its version, and what that means: whether it was tried, and whether it blocks on a failed hook."""
    seen = getattr(ADAPTERS[wiring.host], "seen", "")
    tried = f"tried with {seen}" if seen else "by its documentation alone: never tried with the real host"
    checks = [Check(name="adapter", ok=None, what=tried)]
    name = BINARIES[wiring.host]
    path = shutil.which(name)
    if not path:
        return [*checks, Check(name="host", ok=None, what=f"{name} is not on the path")]
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return [*checks, Check(name="host", ok=None, what=f"{name} --version: {error}")]
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    told = lines[0][:100] if lines else "of unknown version"
    checks.append(Check(name="host", ok=None, what=f"{name} {told}"))
    if wiring.blocks_since and not reaches(told, wiring.blocks_since):
        what = f"{name} heeds only from {wiring.blocks_since} on that a failed hook is to block: until then such a call passes"
        checks.append(Check(name="failures", ok=None, what=what))
    return checks


def reaches(told: str, wanted: str) -> bool:
    """Whether the version that a program tells of itself is this one or a later; False when it tells none."""
    found = re.search(r"\d+(?:\.\d+)+", told)
    return found is not None and _numbers(found[0]) >= _numbers(wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
