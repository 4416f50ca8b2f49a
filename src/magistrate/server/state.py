"""The state folder of a live installation: what lies where, and the copy of the hook that hosts start.

    hook.py                 what a host starts: three lines that load the client beside it, which Python keeps compiled
    magistrate_hook.py      the client, a copy of `magistrate/hook.py`
    serve                   the command that starts the server, its words ended by NUL
    magistrate.sock         the server's socket; or `address` and `token`, where it listens on loopback instead
    serve.lock, start.lock  held by the server while it lives, and by whoever starts it
    spool/                  payloads that hooks could not hand over
    live.db                 the ledger

Folders are 0700 and files 0600. The paths that reach a host's settings are those of this folder, which never change, so that
hosts that trust a hook by its hash keep trusting it.
"""

from __future__ import annotations

import os
import py_compile
import secrets
import stat
import sys
from pathlib import Path

from magistrate.core.errors import ConfigError
from magistrate.core.records import Record

CLIENT = Path(__file__).resolve().parents[1] / "hook.py"
LAUNCHER = '''"""Started by a host for each of its hooks: see magistrate_hook.py."""
import sys

try:
    sys.path.insert(0, __file__.rpartition("/")[0] or ".")
    import magistrate_hook

    magistrate_hook.run(sys.argv)
except BaseException:
    sys.stderr.write("Magistrate: the hook is damaged, so nothing is allowed. Install it anew.")
    sys.exit(2)
'''


class State(Record, frozen=True, kw_only=True):
    """Where the files of one installation lie."""

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "magistrate.sock"

    @property
    def address(self) -> Path:
        return self.folder / "address"

    @property
    def token(self) -> Path:
        return self.folder / "token"

    @property
    def ledger(self) -> Path:
        return self.folder / "live.db"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def hook(self) -> Path:
        return self.folder / "hook.py"

    @property
    def lock(self) -> Path:
        return self.folder / "serve.lock"


def prepare(folder: Path) -> State:
    """The folder, made where it is absent and closed to others. Raises ConfigError when it cannot be ours alone."""
    state = State(folder=folder.absolute())
    try:
        for path in (state.folder, state.spool):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            info = path.lstat()
            if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
                raise ConfigError(f"{path}: not a folder of this user")
            if info.st_mode & 0o077:
                path.chmod(0o700)
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror or error}") from None
    return state


def install_hook(state: State, serve: list[str] | None = None, *, rules: str = "") -> Path:
    """Write the hook and the command that starts the server (by default this interpreter's); the path a host starts.

    `rules`: the rulebook that the server is to load; by default the one that it was told before. Files that already say the same
    are left alone.
    """
    client = state.folder / "magistrate_hook.py"
    law = rules or law_of(state)
    command = serve or [sys.executable, "-I", "-m", "magistrate", "serve", "--state", str(state.folder)]
    command = [*command, "--rules", law] if law and not serve else command
    write(client, CLIENT.read_bytes())
    write(state.hook, LAUNCHER.encode())
    write(state.folder / "serve", "\0".join(command).encode())
    py_compile.compile(str(client), doraise=False, quiet=1)
    return state.hook


def law_of(state: State) -> str:
    """The rulebook that the server of this folder is started with, where one was named; the hosts of a folder share it."""
    try:
        words = (state.folder / "serve").read_text(encoding="utf-8").split("\0")
    except (OSError, UnicodeDecodeError):
        return ""
    return words[words.index("--rules") + 1] if "--rules" in words[:-1] else ""


def hook_command(
    state: State,
    host: str,
    event: str = "",
    *,
    deadline: float = 0,
    wait: float = 0,
    dry_run: bool = False,
    approve: bool = False,
) -> list[str]:
    """What a host has to run for one of its hooks.

    `deadline`: seconds, 0 for the hook's own; `wait`: further seconds for a person to decide on what waits for one. Both
    together are to be less than the host waits.
    """
    interpreter = getattr(sys, "_base_executable", "") or sys.executable
    words = [interpreter, "-I", "-S", str(state.hook), host] + ([event] if event else [])
    words += ["--deadline", f"{deadline:g}"] if deadline else []
    words += ["--wait", f"{wait:g}"] if wait else []
    return words + ["--dry-run"] * dry_run + ["--approve"] * approve


def read_token(state: State) -> str:
    """The token that clients on loopback show; made on first use."""
    if not state.token.exists():
        write(state.token, secrets.token_urlsafe(32).encode())
    return state.token.read_text(encoding="ascii").strip()


def write(path: Path, data: bytes) -> None:
    """Put a file in place whole, for this user alone; nothing when it holds the same already."""
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        pass
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        target.write(data)
    fresh.replace(path)
