"""Which part reads which call."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from magistrate.core.records import Action, Effect
from magistrate.core.remembered import Memory, content
from magistrate.evidence.effects import code, files, shell, web
from magistrate.evidence.effects.command import with_special
from magistrate.evidence.effects.hosts import PROGRAMS, family
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.effects.naming import Reading, bare, read_name, read_phrase
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.schema import Leaf, leaves, read_key
from magistrate.evidence.effects.settle import settle
from magistrate.evidence.effects.sql import effects_of_sql, looks_like_sql
from magistrate.evidence.effects.tools import function_effects, unknown

MAX_CALLS = 16
"""Calls carried by one call that are read."""
_DEPTH = 3
_SHELLS = word_set(
    "bash shell terminal sh zsh cmd powershell pwsh console ssh commandline tty exec execute run command process subprocess"
)
_LANGUAGES = word_set("python javascript typescript ruby perl php r lua julia sql bash sh shell powershell node")
_ALIASES = {
    "ipython": "python",
    "jupyter": "python",
    "js": "javascript",
    "ts": "typescript",
    "notebook": "python",
    "sh": "bash",
    "shell": "bash",
}
_CODE_WORDS = word_set(
    "code python ipython jupyter javascript js node typescript ruby perl php cell interpreter repl notebook eval script r julia"
)
_RUNNING = frozenset({"execute", "weak", "toggle", "body", "input", "deploy", "send", "say", "spawn", "install"})
"""Classes of act under which an argument named `command` is run at once."""
_MENTIONING = word_set(
    "explain describe validate check verify parse lint translate summarize summarise suggest recommend classify search find lookup think"
)
"""Verbs whose tools speak of a command and run none."""
_OBTAINING = word_set("get read fetch show view list watch monitor test poll see capture display access wait")
"""Reading verbs that may run a command to get at what they read."""
_CODE_LIKE = re.compile(r"[(=\n;]")
_CARRIERS = word_set(
    "tool tools call calls invoke mcp parallel batch multi actions action steps function functions use"
)
_NAME_KEYS = ("recipient_name", "tool_name", "toolname", "tool", "function_name", "function", "name", "action")
_ARGUMENT_KEYS = ("parameters", "arguments", "args", "tool_input", "input", "kwargs", "params", "tool_args")
_PAIRS = re.compile(
    r"(?:^|, )(?P<key>[A-Za-z_]\w{0,40}): (?P<value>\"(?:[^\"\\]|\\.){0,4000}\"|[^,\n]{1,1000})(?=, [A-Za-z_]\w{0,40}: |$)"
)
_HEREDOC = re.compile(
    r"\s*cat\s+(?:>\s*(?P<a>[^\s<>|&;]+)\s+<<-?\s*(?P<q1>['\"]?)(?P<t1>\w+)(?P=q1)|<<-?\s*(?P<q2>['\"]?)(?P<t2>\w+)(?P=q2)\s*>\s*(?P<b>[^\s<>|&;]+))\s*\n"
)


class Call(NamedTuple):
    """One call, prepared."""

    action: Action
    arguments: Mapping[str, Any]
    found: list[Leaf]
    reading: Reading
    place: Place
    depth: int


Reader = Callable[[Call], Iterable[Effect] | None]
"""Gives the effects of a call that it knows how to read, None for any other."""


def effects_of(action: Action, place: Place) -> tuple[Effect, ...]:
    """The effects of one call, gravest kept if there are very many (`settle.LIMIT`). Never raises.

    Remembered for the latest calls, except in a run that wrote files: what those hold bears on what running them does.
    """
    call = None
    if not place.files:
        call = content(action.tool, action.server, action.arguments, action.annotations, action.about, place)
    return _fresh(action, place) if call is None else _KNOWN.recall(call, lambda: _fresh(action, place))


_KNOWN: Memory[tuple[Effect, ...]] = Memory(count=4_096, size=1 << 21)


def _fresh(action: Action, place: Place) -> tuple[Effect, ...]:
    try:
        return settle(_effects(action, place, 0))
    except Exception:  # noqa: BLE001  what cannot be read is unknown, and unknown is never harmless
        return (unknown(action.tool, "dynamic"),)


def _effects(action: Action, place: Place, depth: int) -> list[Effect]:
    call = _prepare(action, place, depth)
    read = _FAMILY_READERS.get(family(action.tool))
    result = read(call) if read else None
    if result is None:
        for reader in _READERS:
            result = reader(call)
            if result is not None:
                break
        else:
            result = [*function_effects(action, call.found, place), *_later(call)]
    effects = list(result)
    for effect in tuple(effects):
        if effect.kind == "read":
            effects += web.leaking(effect)
    return with_special(effects)


def _prepare(action: Action, place: Place, depth: int) -> Call:
    arguments = _opened(action.arguments)
    return Call(action, arguments, leaves(arguments), read_name(action.tool, action.server), place, depth)


def _later(call: Call) -> Iterable[Effect]:
    """What a command would do that a tool keeps for later: `schedule_job(command=...)`, `add_hook(command=...)`."""
    if {act.kind for act in call.reading.acts} <= {"read", "compute", "delete"}:
        return ()
    at, text = _command(call, False)
    if text is None or not read_key(at).words & {"command", "cmd"}:
        return ()
    return shell.effects(text, call.place, path=at, via=("scheduled",))


def _opened(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Arguments that a source kept as one text, `{"raw": "file_path: a.py, limit: 3"}`, taken apart where they can be."""
    raw = arguments.get("raw") if len(arguments) == 1 else None
    if not isinstance(raw, str):
        return arguments
    if raw[:1] == "{":
        try:
            value = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
    head = raw[:4000]
    pairs = {match["key"]: match["value"].strip().strip('"') for match in _PAIRS.finditer(head)}
    return pairs if pairs and _PAIRS.match(head) else arguments


# ---------------------------------------------------------------- shells and code


def _shell(call: Call) -> Iterable[Effect] | None:
    """A command text or an argument list, in whatever tool."""
    words = call.reading.words
    shellish = bool(words & _SHELLS) and "sql" not in call.reading.objects
    program = _program(call.action.tool)
    if call.reading.acts and all(act.verb in _MENTIONING for act in call.reading.acts):
        return None
    if (
        not shellish
        and not program
        and any(act.kind not in _RUNNING and act.verb not in _OBTAINING for act in call.reading.acts)
    ):
        return None
    at, text = _command(call, shellish or bool(program))
    if text is None:
        if (
            shellish
            and family(call.action.tool) == ""
            and words <= _SHELLS
            and isinstance(call.arguments.get("raw"), str)
        ):
            at, text = "raw", call.arguments["raw"]
        else:
            return None
    place = _moved(call)
    if program and text.split()[:1] != [program]:
        text = f"{program} {text}"
    if words & {"powershell", "pwsh"}:
        return code.effects("powershell", text, place, path=at)
    host = next((leaf.text for leaf in call.found if "host" in leaf.key.roles and leaf.depth == 1), "")
    if host and words & {"ssh", "remote"}:
        text = shlex.join(["ssh", host, text])
    container = next((leaf.text for leaf in call.found if "container" in leaf.key.words and leaf.depth == 1), "")
    if container and words & {"docker", "container", "podman"}:
        text = shlex.join(["docker", "exec", container, "sh", "-c", text])
    return shell.effects(text, place, path=at)


def _command(call: Call, shellish: bool) -> tuple[str, str | None]:
    for key, value in call.arguments.items():
        if not isinstance(key, str) or not (
            read_key(key).roles & {"command"} or (shellish and key in ("args", "argv", "input", "commands"))
        ):
            continue
        if isinstance(value, str):
            if (not shellish and _is_action_word(value, call)) or (key == "input" and not value):
                continue
            return key, value
        if isinstance(value, (list, tuple)) and value and all(isinstance(item, str) for item in value[:200]):
            texts = [item for item in value[:200] if isinstance(item, str)]
            if key == "commands" or (len(texts) == 1 and " " in texts[0]):
                return key, "\n".join(texts)
            return key, shlex.join(texts)
    return "", None


def _is_action_word(value: str, call: Call) -> bool:
    """`command: "view"` beside other arguments names an act of the tool, not a program."""
    if len(value) > 30 or " " in value.strip() or len(call.arguments) < 2:
        return False
    return bool(read_phrase(value).acts)


@lru_cache(maxsize=2048)
def _program(tool: str) -> str:
    name = bare(tool)[1].lower()
    for suffix in ("_cli", "-cli", "_command", "_exec", "_run"):
        name = name.removesuffix(suffix)
    for prefix in ("run_", "execute_", "exec_", "call_"):
        name = name.removeprefix(prefix)
    return name if name in PROGRAMS else ""


def _moved(call: Call) -> Place:
    """The place, seen from the working folder that the call names."""
    for key in ("workdir", "cwd", "working_directory", "working_dir", "workingDirectory", "directory"):
        value = call.arguments.get(key)
        if isinstance(value, str) and value:
            return msgspec.structs.replace(call.place, here=call.place.resolve(value))
    return call.place


def _code(call: Call) -> Iterable[Effect] | None:
    """Program text in a code cell or interpreter."""
    reading = call.reading
    acts = {act.kind for act in reading.acts}
    if acts - {"execute", "weak", "compute"}:
        return None
    for key, value in call.arguments.items():
        if not isinstance(key, str) or not isinstance(value, str) or "code" not in read_key(key).roles:
            continue
        if not (reading.words & _CODE_WORDS or (("execute" in acts or not acts) and _CODE_LIKE.search(value[:2000]))):
            continue
        if family(call.action.tool) == "browser":
            return web.browser_code(value, key) or code.effects("python", value, call.place, path=key)
        language = _language(call)
        if language in ("bash", "zsh"):
            return shell.effects(value, _moved(call), path=key)
        return code.effects(language, value, _moved(call), path=key)
    return None


def _language(call: Call) -> str:
    for leaf in call.found:
        if leaf.depth == 1 and leaf.name in ("language", "lang", "runtime", "kernel", "interpreter"):
            name = leaf.text.strip().lower().rstrip("0123456789.")
            return _ALIASES.get(name, name)
    for word in call.reading.ordered:
        named = _ALIASES.get(word, word)
        if named in _LANGUAGES:
            return named
    return "python"


def _sql(call: Call) -> Iterable[Effect] | None:
    """A query text, by its key or in a tool that is named for databases. What is searched for is no statement."""
    named = "sql" in call.reading.objects
    acts = call.reading.acts
    asks = not acts or acts[0].kind in ("execute", "weak") or acts[0].verb in ("query", "select", "read", "explain")
    for leaf in call.found:
        if leaf.depth > 2 or not isinstance(leaf.value, str):
            continue
        spoken = "sql" in leaf.key.roles or (named and asks and leaf.key.roles & {"command", "content"})
        if "sql" in leaf.key.words or (spoken and (named or asks) and ((named and asks) or looks_like_sql(leaf.value))):
            return effects_of_sql(leaf.value, path=leaf.path)
    return None


# ---------------------------------------------------------------- calls within calls


def _carried(call: Call) -> Iterable[Effect] | None:
    """A call that carries other calls: `parallel(tool_uses=[...])`, `call_tool(name=..., arguments={...})`."""
    if call.depth >= _DEPTH or not call.reading.words & _CARRIERS:
        return None
    inner = _inner(call.arguments, call)
    if inner is not None:
        return _effects(inner, call.place, call.depth + 1)
    for key, value in call.arguments.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value[:MAX_CALLS]):
            actions = [_inner(item, call) for item in value[:MAX_CALLS]]
            if all(actions):
                effects = [
                    effect for action in actions if action for effect in _effects(action, call.place, call.depth + 1)
                ]
                effects = [msgspec.structs.replace(effect, path=f"{key}.{effect.path}") for effect in effects]
                cut = [unknown(call.action.tool, "dynamic")] if len(value) > MAX_CALLS else []
                return effects + cut
    return None


def _inner(arguments: Mapping[str, Any], call: Call) -> Action | None:
    name = next((arguments[key] for key in _NAME_KEYS if isinstance(arguments.get(key), str)), None)
    for key in _ARGUMENT_KEYS:
        value = arguments.get(key)
        if isinstance(value, str) and value[:1] == "{":
            try:
                value = msgspec.json.decode(value)
            except (msgspec.DecodeError, RecursionError):
                value = None
        if name and isinstance(value, dict):
            return Action(tool=name.removeprefix("functions."), arguments=value, cwd=call.action.cwd)
    return None


# ---------------------------------------------------------------- files, patches, requests


def _patch(call: Call) -> Iterable[Effect] | None:
    for leaf in call.found:
        if isinstance(leaf.value, str) and leaf.depth == 1 and ("\n" in leaf.value) and files.is_patch(leaf.value):
            if "path" in leaf.key.roles or not call.reading.words & {"patch", "diff", "apply", "edit", "update"}:
                continue
            return files.patch_effects(leaf.value, _moved(call), path=leaf.path)
    return None


def _editor(call: Call) -> Iterable[Effect] | None:
    """Editors that take the act as an argument: `command: "str_replace", path: ...`."""
    verb = call.arguments.get("command")
    if not isinstance(verb, str) or not _is_action_word(verb, call) or not files.paths_of(call.arguments):
        return None
    if "path" not in call.arguments and "file_path" not in call.arguments:
        return None
    kind = read_phrase(verb).acts[0].kind
    if kind == "read":
        return files.read_effects(call.arguments, call.place)
    if kind == "delete":
        return files.write_effects("delete", call.arguments, call.place)
    if kind == "create" and verb != "insert":
        return files.write_effects("create", call.arguments, call.place)
    return files.write_effects("overwrite", call.arguments, call.place, ("in-place",))


def _request(call: Call) -> Iterable[Effect] | None:
    return web.request_effects(call.reading, call.found)


# ---------------------------------------------------------------- the hosts' own tools


def _inert(call: Call) -> Iterable[Effect] | None:
    return [Effect(kind="read", target_kind="text", scope="local", reversible="yes", certainty="declared")]


def _spawn(call: Call) -> Iterable[Effect] | None:
    kinds = [leaf.text for leaf in call.found if leaf.depth == 1 and "agent" in leaf.key.roles]
    name = kinds[0][:100] if kinds else ""
    return [Effect(kind="spawn-agent", target=name, target_kind="agent", scope="local", certainty="declared")]


def _write(call: Call) -> Iterable[Effect] | None:
    return files.write_effects("create", call.arguments, call.place) if files.paths_of(call.arguments) else None


def _edit(call: Call) -> Iterable[Effect] | None:
    if not files.paths_of(call.arguments):
        return None
    return files.write_effects("overwrite", call.arguments, call.place, ("in-place",))


def _read(call: Call) -> Iterable[Effect] | None:
    return files.read_effects(call.arguments, call.place) if files.paths_of(call.arguments) else None


def _search(call: Call) -> Iterable[Effect] | None:
    return files.search_effects(call.arguments, call.place)


def _fetch(call: Call) -> Iterable[Effect] | None:
    for key in ("url", "uri", "link", "raw", "prompt"):
        value = call.arguments.get(key)
        if isinstance(value, str) and value.strip():
            return web.read_url(value, key)
    return None


def _websearch(call: Call) -> Iterable[Effect] | None:
    return web.search_web(call.arguments)


def _stdin(call: Call) -> Iterable[Effect] | None:
    """Text typed into a running program, which is not known: read as shell, and unknown besides."""
    for key in ("chars", "input", "text", "keys", "data", "command", "raw"):
        value = call.arguments.get(key)
        if isinstance(value, str):
            if not value.strip():
                return _inert(call)
            if value in ("\x03", "\x04", "C-c", "C-d"):
                return [
                    Effect(kind="process-stop", target_kind="process", scope="local", certainty="declared", path=key)
                ]
            typed = Effect(kind="execute", target=value[:200], target_kind="code", certainty="dynamic", path=key)
            return [typed, *shell.effects(value, call.place, path=key)]
    return _inert(call)


def _stop(call: Call) -> Iterable[Effect] | None:
    name = next((leaf.text for leaf in call.found if leaf.depth == 1), "")
    return [Effect(kind="process-stop", target=name[:100], target_kind="process", scope="local", certainty="declared")]


_READERS: tuple[Reader, ...] = (_carried, _patch, _editor, _shell, _code, _sql, _request)
_FAMILY_READERS: Mapping[str, Reader] = {
    "inert": _inert,
    "spawn": _spawn,
    "write": _write,
    "edit": _edit,
    "read": _read,
    "search": _search,
    "fetch": _fetch,
    "websearch": _websearch,
    "stdin": _stdin,
    "stop": _stop,
}


# ---------------------------------------------------------------- what stays in files


def written_files(action: Action, place: Place, effects: Iterable[Effect] = ()) -> tuple[tuple[str, str | None], ...]:
    """`(absolute path, text)` of files that the call leaves with known text; text None: known before, no longer.

    `effects`: those of the call, if at hand; they tell which remembered files it changes in ways that are not followed.
    """
    try:
        known = dict(_written(_prepare(action, place, 0)))
    except Exception:  # noqa: BLE001  nothing can be said, so nothing is claimed
        known = {}
    changed = {effect.target for effect in effects if effect.kind in ("overwrite", "create", "delete")}
    return (*known.items(), *((path, None) for path in changed & place.files.keys() if path not in known))


def written_file(action: Action, place: Place) -> tuple[str, str] | None:
    """The first file that the call leaves with known text: `(absolute path, text)`."""
    return next(((path, text) for path, text in written_files(action, place) if text is not None), None)


def _written(call: Call) -> Iterable[tuple[str, str]]:
    for leaf in call.found:
        if isinstance(leaf.value, str) and "*** Add File: " in leaf.value:
            return [(call.place.resolve(name), text) for name, text in files.added_files(leaf.value)]
    _, text = _command(call, bool(call.reading.words & _SHELLS))
    if text is not None:
        return _heredoc(text, _moved(call))
    acts = {act.kind for act in call.reading.acts}
    if not acts & {"create", "update", "upload"} and family(call.action.tool) not in ("write", "edit"):
        verb = call.arguments.get("command")
        if not isinstance(verb, str) or {act.kind for act in read_phrase(verb).acts} <= {"read"}:
            return ()
    if any(act.verb in ("append", "prepend", "insert") for act in call.reading.acts):
        return ()
    pair = files.text_written(call.arguments, call.found, call.place)
    return (pair,) if pair else ()


def _heredoc(text: str, place: Place) -> Iterable[tuple[str, str]]:
    """`cat > path <<'EOF'` at the head of a command, its body without anything that the shell would expand."""
    match = _HEREDOC.match(text)
    if not match:
        return ()
    mark = match["t1"] or match["t2"]
    body, end, _ = text[match.end() :].partition(f"\n{mark}")
    name = (match["a"] or match["b"]).strip("'\"")
    quoted = match["q1"] or match["q2"]
    if not end or "$" in name or (not quoted and ("$" in body or "`" in body)):
        return ()
    return ((place.resolve(name), body + "\n"),)
