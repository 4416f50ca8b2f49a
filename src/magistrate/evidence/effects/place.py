"""Where a run happens, and where a path or host lies seen from there."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Mapping

from msgspec import field

from magistrate.core.records import Record, Scope

_TEMP = ("/tmp", "/var/tmp", "/dev/shm", "/private/tmp", "/var/folders")  # noqa: S108  names, not files we write
_DEVICE = ("/dev",)
_HARMLESS_DEVICES = frozenset(
    {
        "/dev/null",
        "/dev/stdout",
        "/dev/stderr",
        "/dev/stdin",
        "/dev/tty",
        "/dev/zero",
        "/dev/random",
        "/dev/urandom",
        "/dev/fd",
    }
)
_SYSTEM = (
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/boot",
    "/sys",
    "/proc",
    "/var",
    "/opt",
    "/run",
    "/root/.ssh",
    "/System",
    "/Library",
    "/Applications",
    "/private/etc",
    "/snap",
    "/srv",
)
_CONVENTIONAL = (
    "/workspace",
    "/workspaces",
    "/testbed",
    "/repo",
    "/app",
    "/code",
    "/project",
    "/src",
    "/work",
    "/instruction",
    "/outputs",
    "/mnt/data",
)
"""Where containers commonly put the work, for runs whose source names no working folder."""
_HOME = re.compile(r"^(/home/[^/]+|/Users/[^/]+|/root)(?=/|$)")
_WINDOWS = re.compile(r"^[A-Za-z]:[\\/]")
_PRODUCTION = re.compile(
    r"(?:^|[^a-z0-9])(?:prod|production|prd|live|mainnet|primary-?db|master-?db)(?:[^a-z]|$)", re.I
)


class Place(Record, frozen=True, kw_only=True):
    """The run's surroundings."""

    cwd: str = ""
    home: str = ""
    roots: tuple[str, ...] = ()
    """Further workspace folders."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Text of files that the agent wrote in this run, by absolute path: what running them would do is known."""

    def resolve(self, path: str) -> str:
        """The path made absolute and normal, `~`, `$HOME` and `$PWD` filled in where known; still relative without a cwd."""
        for name, value in (
            ("$HOME", self.home or "~"),
            ("${HOME}", self.home or "~"),
            ("$PWD", self.cwd or "."),
            ("${PWD}", self.cwd or "."),
        ):
            if path == name or path.startswith(name + "/"):
                path = value + path[len(name) :]
        if _WINDOWS.match(path):
            path = path.replace("\\", "/")
        if path == "~" or path.startswith("~/"):
            path = (self.home or "~") + path[1:]
        elif not path.startswith(("/", "~")) and not _WINDOWS.match(path) and self.cwd:
            path = posixpath.join(self.cwd, path)
        return posixpath.normpath(path) if path else path

    def path_scope(self, path: str) -> Scope:
        """Where a path lies. Without a known cwd a relative path is taken to be in the workspace unless it climbs out."""
        where = self.resolve(path)
        if not where:
            return "unknown"
        if where in _HARMLESS_DEVICES or where.startswith("/dev/fd/"):
            return "local"
        if _under(where, _TEMP) and not (self.cwd and _under(where, (self.cwd,))):
            return "temp"
        if _under(where, _DEVICE):
            return "device"
        roots = tuple(root for root in (self.cwd, *self.roots) if root and root != "/") or _CONVENTIONAL
        if _under(where, roots):
            return "workspace"
        if where.startswith("~") or (self.home and _under(where, (self.home,))) or _HOME.match(where):
            return "home"
        if where == "/" or _under(where, _SYSTEM) or re.match(r"^[A-Za-z]:/(Windows|Program Files)", where):
            return "system"
        if where.startswith("/") or _WINDOWS.match(where):
            return "outside"
        return "outside" if where == ".." or where.startswith("../") else "workspace"

    def is_broad(self, path: str) -> bool:
        """Whether the path is a whole: a root, a home, the workspace itself, or a wildcard directly under one of them."""
        where = self.resolve(path)
        stripped = where[:-2] if where.endswith(("/*", "/.")) else where
        if where in ("/", "~", "*", ".", "..", "/*", "~/*", "./*", ".*") or stripped in ("", "~", ".", ".."):
            return True
        top = stripped.rstrip("/")
        return (
            top in (self.home, self.cwd, *self.roots)
            or bool(_HOME.fullmatch(top))
            or (top.count("/") == 1 and top.startswith("/") and not _under(top, _TEMP))
        )


def host_scope(host: str) -> Scope:
    """`local` for loopback, `remote` for anything else, `unknown` for nothing."""
    name = host.strip("[]").lower().rstrip(".")
    if not name:
        return "unknown"
    if name in ("localhost", "host.docker.internal") or name.endswith(".localhost"):
        return "local"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return "remote"
    return "local" if address.is_loopback or address.is_unspecified else "remote"


def looks_production(text: str) -> bool:
    """Whether a name says production (`prod-db`, `api.live.example`)."""
    return bool(_PRODUCTION.search(text))


def _under(path: str, tops: tuple[str, ...]) -> bool:
    return any(path == top or path.startswith(top.rstrip("/") + "/") for top in tops)
