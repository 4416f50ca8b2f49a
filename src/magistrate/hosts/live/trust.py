"""Codex's trust in our hooks: without it Codex leaves them out, without a word, and every call passes.

Trust is what a person gives a hook under /hooks. It stands in `config.toml` of Codex's home, under the file and the place of
the hook, as a hash of the hook's definition, so that a changed one is no longer trusted. `magistrate guard codex --trust`
writes there what /hooks would, for exactly the hooks that it installs; `unguard` takes it out again, byte for byte.
The hash is Codex's own (seen in 0.169, told by its app-server, `hooks/list`).
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from magistrate.core.errors import ConfigError
from magistrate.hosts.live.install import Change, Kept, forget, ours, put, put_back, read, recall
from magistrate.hosts.live.jsonc import tree
from magistrate.hosts.live.wiring import Place

MEMO = "codex-trust"
"""The name under which the file of settings is remembered: it is no host's own."""
UNMATCHED = frozenset({"user_prompt_submit", "stop"})
"""Events for which Codex leaves a matcher out of the hash."""
CLAMPED: Mapping[str, int] = {"session_end": 3, "interrupt": 3}
"""Seconds that Codex waits at most, and hashes."""
DEFAULT_TIMEOUT = 600


def settings(home: Path, env: Mapping[str, str]) -> Place:
    """Where a user's trust stands."""
    root = Path(env["CODEX_HOME"]).absolute() if env.get("CODEX_HOME") else home
    return Place(file=root / ("config.toml" if env.get("CODEX_HOME") else ".codex/config.toml"), root=root)


def known(file: Path, env: Mapping[str, str]) -> Path:
    """A file of hooks by the name under which Codex knows it: where links lead, below a home that is named to it."""
    home = env.get("CODEX_HOME")
    return file.resolve() if home and file.is_relative_to(Path(home).absolute()) else file


def hashes(file: Path, mark: str) -> dict[str, str]:
    """What has to stand there for our hooks in a `hooks.json`: the place of each, and its hash. Raises ConfigError, InputError."""
    data = read(Place(file=file, root=file.parent))
    told = tree((data or b"{}").decode("utf-8", "replace")).plain()
    hooks = told.get("hooks") if isinstance(told, dict) else None
    return {
        f"{file}:{_snake(event)}:{index}:{place}": hook_hash(event, hook, group.get("matcher"))
        for event, groups in (hooks if isinstance(hooks, dict) else {}).items()
        for index, group in enumerate(groups if isinstance(groups, list) else ())
        if ours(group, mark)
        for place, hook in enumerate(group["hooks"])
    }


def hook_hash(event: str, hook: Mapping[str, Any], matcher: str | None = None) -> str:
    """The hash by which Codex knows a hook that is a command: of its definition, as compact JSON with sorted names."""
    name = _snake(event)
    timeout = int(hook.get("timeout", DEFAULT_TIMEOUT))
    told = {"type": "command", "command": hook["command"], "async": bool(hook.get("async", False))}
    told |= {"timeout": min(timeout, CLAMPED.get(name, timeout))}
    told |= {"statusMessage": hook["statusMessage"]} if hook.get("statusMessage") is not None else {}
    identity = {"event_name": name, "hooks": [told]}
    identity |= {"matcher": matcher} if matcher is not None and name not in UNMATCHED else {}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def trust(place: Place, file: Path, wanted: Mapping[str, str], keep: Path) -> Change:
    """Write the trust in our hooks of a `hooks.json`, in place of what was written of it before.

    Raises ConfigError where it does not fit into what stands there.
    """
    if trusted(place, wanted):
        return "unchanged"
    current, kept = read(place), recall(keep, place)
    before = _before(current, kept)
    after = composed(before, _written(kept, besides=file) | dict(wanted), place)
    put(_kept(place, before, after, kept), place, keep)
    return "written"


def distrust(place: Place, file: Path, keep: Path) -> Change:
    """Take out what was written for a `hooks.json`; what a person trusted by themselves stays. Raises ConfigError."""
    kept = recall(keep, place)
    if kept is None:
        return "absent"
    current = read(place)
    before, left = _before(current, kept), _written(kept, besides=file)
    if before == current:
        forget(place, keep)
        return "absent"
    if left:
        put(_kept(place, before, composed(before, left, place), kept), place, keep)
        return "removed"
    put_back(place, before, keep)
    return "restored" if current == kept.after else "removed"


def _kept(place: Place, before: bytes | None, after: bytes, kept: Kept | None) -> Kept:
    return Kept(host=MEMO, file=str(place.file), before=before, after=after, folders=kept.folders if kept else ())


def _written(kept: Kept | None, *, besides: Path | None = None) -> dict[str, str]:
    """The trust that was written, but for that in the hooks of one file."""
    if kept is None:
        return {}
    had, has = (_state(tomllib.loads((text or b"").decode())) for text in (kept.before, kept.after))
    return {
        key: entry["trusted_hash"]
        for key, entry in has.items()
        if entry != had.get(key) and not (besides and key.startswith(f"{besides}:"))
    }


def _before(current: bytes | None, kept: Kept | None) -> bytes | None:
    """The settings as they would be, had nothing been written into them."""
    if kept is None or current is None:
        return current
    if current == kept.after:
        return kept.before
    return stripped(current, _written(kept)) or (kept.before and b"")


def given(place: Place, file: Path, keep: Path) -> bool:
    """Whether trust in the hooks of this file was written before."""
    return any(key.startswith(f"{file}:") for key in _written(recall(keep, place)))


def trusted(place: Place, wanted: Mapping[str, str]) -> bool:
    """Whether the settings say so of every one of these hooks, and switch none off. Raises ConfigError."""
    state = _state(_parsed(read(place) or b"", place))
    entries = [state.get(key) for key in wanted]
    return bool(wanted) and all(
        isinstance(entry, dict) and entry.get("trusted_hash") == value and entry.get("enabled") is not False
        for entry, value in zip(entries, wanted.values(), strict=True)
    )


def composed(before: bytes | None, wanted: Mapping[str, str], place: Place) -> bytes:
    """The settings with the trust at their end, and everything else as it was. Raises ConfigError."""
    text = stripped(before, wanted) or b""
    glue = b"" if not text or text.endswith(b"\n") else b"\n"
    after = text + glue + b"".join(_entry(key, value) for key, value in wanted.items())
    told, meant = _parsed(after, place), _parsed(before or b"", place)
    entries = {key: {"trusted_hash": value} for key, value in wanted.items()}
    if _state(told) != _state(meant) | entries or _others(told) != _others(meant):
        raise ConfigError(
            f"{place.file}: the trust does not fit into what stands there; give it in Codex, under /hooks"
        )
    return after


def stripped(current: bytes | None, keys: Iterable[str]) -> bytes | None:
    """The settings without the trust in these hooks, whatever its hash: an old one is worth nothing."""
    if current is None:
        return None
    for key in keys:
        head = re.escape(_head(key).encode())
        current = re.sub(rb"(?m)^\n?" + head + rb'\ntrusted_hash = "sha256:[0-9a-f]{64}"\n', b"", current, count=1)
    return current


def _entry(key: str, value: str) -> bytes:
    return f'\n{_head(key)}\ntrusted_hash = "{value}"\n'.encode()


def _head(key: str) -> str:
    # TOML's strings are JSON's, but for this one character.
    quoted = json.dumps(key, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"[hooks.state.{quoted}]"


def _parsed(text: bytes, place: Place) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{place.file}: {str(error)[:120]}; give the trust in Codex, under /hooks") from None


def _state(told: dict[str, Any]) -> dict[str, Any]:
    hooks = told.get("hooks")
    state = hooks.get("state") if isinstance(hooks, dict) else None
    return state if isinstance(state, dict) else {}


def _others(told: dict[str, Any]) -> dict[str, Any]:
    """All settings but the state of hooks."""
    hooks = told.get("hooks")
    inner = {name: value for name, value in hooks.items() if name != "state"} if isinstance(hooks, dict) else hooks
    return {name: value for name, value in told.items() if name != "hooks"} | ({"hooks": inner} if inner else {})


def _snake(event: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", event).lower()
