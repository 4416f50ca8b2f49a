"""Where a run happens, and where a path or host lies seen from there."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

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
DISKS = tuple(
    "/dev/" + name
    for name in (
        "sd",
        "hd",
        "nvme",
        "vd",
        "xvd",
        "disk",
        "mmcblk",
        "mapper",
        "md",
        "loop",
        "dm-",
        "rdisk",
        "mem",
        "kmem",
    )
)
"""How the names of disks begin: writing to one goes beneath its file system."""
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


AGENT_FOLDERS = frozenset(
    {".claude", ".codex", ".gemini", ".qwen", ".cursor", ".copilot", ".opencode", ".factory", ".kiro", ".windsurf"}
)
"""Folders in which hosts keep the settings that hold their hooks: to take one away is to take the hooks away."""


class Place(Record, frozen=True, kw_only=True):
    """The run's surroundings."""

    cwd: str = ""
    """The working folder of the run: the workspace."""
    home: str = ""
    roots: tuple[str, ...] = ()
    """Further workspace folders."""
    here: str = ""
    """Where relative paths are read from after a `cd`, when that is not `cwd`; a text starting with `$` when it is unknown."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Text of files that the agent wrote in this run, by absolute path: what running them would do is known."""

    def resolve(self, path: str) -> str:
        """The path made absolute and normal, `~`, `$HOME` and `$PWD` filled in where known; still relative without a cwd."""
        for name, value in (
            ("$HOME", self.home or "~"),
            ("${HOME}", self.home or "~"),
            ("$PWD", self.here or self.cwd or "."),
            ("${PWD}", self.here or self.cwd or "."),
        ):
            if path == name or path.startswith(name + "/"):
                path = value + path[len(name) :]
        if _WINDOWS.match(path):
            path = path.replace("\\", "/")
        if path == "~" or path.startswith("~/"):
            path = (self.home or "~") + path[1:]
        elif not path.startswith(("/", "~")) and not _WINDOWS.match(path) and (self.here or self.cwd):
            path = posixpath.join(self.here or self.cwd, path)
        return _normal(path) if path else path

    def path_scope(self, path: str) -> Scope:
        """Where a path lies. Without a known cwd a relative path is taken to be in the workspace unless it climbs out."""
        where = self.resolve(path)
        if not where or where.startswith("$"):
            return "unknown"
        if where in _HARMLESS_DEVICES or where.startswith("/dev/fd/"):
            return "local"
        # A working folder or a home below /tmp is what it is, not a heap of leavings.
        own = tuple(top for top in (self.cwd, self.home if self.home not in _TEMP else "") if top)
        if _under(where, _TEMP) and not _under(where, own):
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
            (bool(top) and top in (self.home, self.cwd, *self.roots))
            or bool(_HOME.fullmatch(top))
            or (top.count("/") == 1 and top.startswith("/") and not _under(top, _TEMP))
        )


Special = Literal["credential", "persistence", "oversight", "permission", "log"]
"""What a path stands for beyond its bytes: it holds secrets; what it holds is run later without asking; it supervises the
agent; it says who has which rights; it records what happened."""

_NAME_END = r"(?=[/*]|$)"
_SPECIAL: tuple[tuple[Special, re.Pattern[str]], ...] = (
    (
        "oversight",
        re.compile(
            r"(?:^|/)(?:[^/]*magistrate[^/]*"
            r"|\.claude/(?:settings[^/]*\.json|hooks|managed[^/]*|projects/(?:[^/]+/)*[^/]*\.jsonl)|\.codex/(?:archived_)?sessions|\.claude\.json|managed-(?:settings|mcp)\.json"
            r"|\.codex/(?:hooks\.json|config\.toml|requirements\.toml|hooks|rules)|\.cursor/(?:hooks\.json|hooks|permissions\.json|cli-config\.json)"
            r"|\.gemini/settings\.json|\.github/hooks|\.copilot/hooks|\.opencode/plugins?|opencode\.jsonc?"
            r"|\.windsurf/hooks\.json|\.kiro/hooks|\.factory/settings\.json|\.qwen/settings\.json"
            r"|claude-code/managed[^/]*|ClaudeCode|etc/(?:claude-code|codex|cursor|gemini-cli|github-copilot|opencode|qwen-code)"
            r"|\.config/opencode/plugins?)" + _NAME_END,
            re.I,
        ),
    ),
    (
        "persistence",
        re.compile(
            r"(?:^|/)(?:\.(?:bash|zsh|ksh|csh|tcsh)(?:rc|env)|\.bash_(?:profile|login|logout|aliases)|\.z(?:profile|login|logout)|\.profile|\.xinitrc|\.xprofile"
            r"|\.config/(?:fish/config\.fish|fish/conf\.d|autostart|systemd/user)"
            r"|etc/(?:profile|bash\.bashrc|zsh|zshenv|environment|rc\.local|rc\d?\.d|init\.d|cron[^/]*|anacrontab|profile\.d|ld\.so\.preload|inittab|xdg/autostart)"
            r"|cron/crontabs|spool/cron|systemd/(?:system|user)|Launch(?:Agents|Daemons)|StartupItems"
            r"|\.git/hooks|\.husky|\.ssh/(?:authorized_keys2?|rc|environment)|Start Menu/Programs/Startup"
            r"|(?:sitecustomize|usercustomize)\.py|[^/]*\.pth)" + _NAME_END,
            re.I,
        ),
    ),
    (
        "credential",
        re.compile(
            r"(?:^|/)(?:\.env(?!\.(?:example|sample|template|dist|schema|defaults?)(?:$|[/.]))(?:\.[^/]+|rc|\*)?"
            r"|\.ssh/(?!(?:known_hosts|config|authorized_keys|environment|rc)[^/]*$|[^/]*\.pub$)[^/]+|\.ssh(?=/?\*?$)|id_(?:rsa|dsa|ecdsa|ed25519)[^/.]*"
            r"|\.aws/(?:credentials|config|sso|cli)|\.aws(?=/?\*?$)|\.azure/[^/]*(?:token|profile|msal)[^/]*|gcloud/(?:[^/]*(?:credential|token)[^/]*|legacy_credentials)"
            r"|application_default_credentials\.json|service[_-]?account[^/]*\.json|credentials(?:\.(?:json|ya?ml|csv|xml|txt|ini|db))?|client_secret[^/]*\.json"
            r"|[._]netrc|\.npmrc|\.pypirc|\.pgpass|\.my\.cnf|\.git-credentials|\.docker/config\.json|\.kube/config|kubeconfig[^/]*|admin\.conf"
            r"|\.htpasswd|\.vault-token|\.terraform\.d/credentials[^/]*|\.gnupg|\.password-store|[^/]+\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|ovpn|asc|tfstate)"
            r"|(?:g?shadow|master\.passwd|security/opasswd|krb5\.keytab)-?|Login Data|Cookies|logins\.json|key[34]\.db|cookies\.sqlite|[^/]*\.keychain(?:-db)?|Keychains"
            r"|\.?(?:secrets?|passwords?|(?:api|access|auth|secret|private)[_-]?(?:keys?|tokens?))(?:(?:\.[a-z0-9-]+)?\.(?:json|ya?ml|txt|toml|ini|env|cfg|conf|csv|enc|db|properties|xml|gpg|age|bak))?(?=$)"
            r"|tokens?\.(?:json|txt|ya?ml)|\.secrets?"
            r"|\.config/(?:gh/hosts\.yml|rclone/rclone\.conf|hub|op|glab-cli|doctl)|(?:\.config/(?:gh|rclone|gcloud)|\.kube|\.azure)(?=/?\*?$)|wallet\.dat|wp-config\.php|proc/(?:self|\d+|\*)/environ|\.codex/auth\.json|\.claude/\.credentials\.json)"
            + _NAME_END,
            re.I,
        ),
    ),
    (
        "permission",
        re.compile(
            r"(?:^|/)etc/(?:sudoers(?:\.d)?|doas\.conf|passwd|shadow|group|gshadow|pam\.d|security|ssh/sshd_config|polkit-1)"
            + _NAME_END,
            re.I,
        ),
    ),
    (
        "log",
        re.compile(
            r"(?:^|/)(?:var/log|\.(?:bash|zsh|sh|python|mysql|psql|node_repl|lesshs)_?history|\.lesshst|fish_history|var/run/utmp|(?:w|b|u)tmp|lastlog)"
            + _NAME_END,
        ),
    ),
)
_HINT = re.compile(
    r"magistrate|claude|codex|cursor|gemini|hooks|copilot|opencode|windsurf|kiro|factory|qwen|managed|rc\b|env|profile|login|logout|aliases"
    r"|cron|etc/|systemd|launch|startup|autostart|husky|ssh|custom|\.pth|id_|aws|azure|gcloud|credential|account|secret|conf|kube|pass|vault|terraform"
    r"|gnupg|\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|ovpn|asc|tfstate)|shadow|keytab|cookie|login|logins|key|token|keychain|\.config|wallet|proc/"
    r"|var/|history|lesshst|tmp\b|lastlog|my\.cnf|hosts\.yml|auth",
    re.I,
)
"""Any special path matches this; most paths do not, and are done with one search."""


@lru_cache(maxsize=4096)
def special(path: str) -> frozenset[Special]:
    """What a path stands for beyond its bytes; empty for an ordinary file. Works on absolute, relative and `~` paths alike."""
    if len(path) > 4096 or not _HINT.search(path):
        return frozenset()
    text = path.replace("\\", "/")
    return frozenset(kind for kind, pattern in _SPECIAL if pattern.search(text))


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


def _normal(path: str) -> str:
    """`posixpath.normpath`, save that two leading slashes are one."""
    path = posixpath.normpath(path)
    return path[1:] if path.startswith("//") else path


def _under(path: str, tops: tuple[str, ...]) -> bool:
    return any(path == top or path.startswith(top.rstrip("/") + "/") for top in tops)
