"""Methods that do something, by their name and by what they are called on."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from magistrate.evidence.effects.command import Word
from magistrate.evidence.effects.place import host_scope
from magistrate.evidence.effects.python_files import move, open_file, permission
from magistrate.evidence.effects.python_invocation import Invocation, Recorder
from magistrate.evidence.effects.python_network import VERBS, host_in, request
from magistrate.evidence.effects.python_values import (
    UNKNOWN,
    Instance,
    Local,
    Ref,
    Text,
    as_text,
    as_word,
    is_text,
)
from magistrate.evidence.effects.sql import effects_of_sql, looks_like_sql

MethodReader = Callable[[Invocation, Any], Any]


def _owner_word(call: Invocation, owner: Any) -> Word:
    node = (
        call.node.func.value if isinstance(call.node, ast.Call) and isinstance(call.node.func, ast.Attribute) else None
    )
    return as_word(owner, node)


def _unlink(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, (list, dict, str, bytes)) or (isinstance(owner, Instance) and owner.of != "Path"):
        return None
    if isinstance(owner, Text) or (owner is UNKNOWN and call.name in ("unlink", "rmtree")):
        call.path(
            "delete",
            _owner_word(call, owner),
            flags=("recursive",) if call.name == "rmtree" else (),
            reversible="yes" if call.name == "rmdir" else "no",
        )
        return UNKNOWN
    return None


def _path_write(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) or (owner is UNKNOWN and call.name not in ("write_text", "write_bytes")):
        return None
    word = _owner_word(call, owner)
    if call.name in ("mkdir", "touch"):
        if not isinstance(owner, Text):
            return None
        call.path("create", word, reversible="yes")
        return UNKNOWN
    call.write(word)
    _record(call, word, call.arg(0, "data"))
    return UNKNOWN


def _record(call: Invocation, word: Word, value: Any, *, append: bool = False) -> None:
    scene = call.host.scene
    if isinstance(scene, Recorder) and not word.dynamic and isinstance(value, str):
        scene.wrote(word.text, value, append=append)


def _path_read(call: Invocation, owner: Any) -> Any:
    if not isinstance(owner, Text):
        return None
    call.path("read", _owner_word(call, owner), reversible="yes")
    kind, text = call.host.scene.content(owner.text) if not owner.dynamic else ("file", "")
    return text if kind == "text" else UNKNOWN


def _path_open(call: Invocation, owner: Any) -> Any:
    if not (isinstance(owner, Text) and owner.path):
        return None
    return open_file(
        Invocation(
            "open",
            [Text(owner.text, owner.dynamic, owner.glob), *call.args],
            call.nodes,
            call.named,
            call.node,
            call.host,
        )
    )


def _path_change(call: Invocation, owner: Any) -> Any:
    if not (isinstance(owner, Text) and owner.path):
        return None
    if call.name in ("chmod", "lchmod"):
        return permission(Invocation("chmod", [owner, *call.args], [], call.named, call.node, call.host)) or UNKNOWN
    if call.name in ("symlink_to", "hardlink_to"):
        call.path("create", _owner_word(call, owner), reversible="yes")
        return UNKNOWN
    move(Invocation("os.rename", [owner, *call.args], [], call.named, call.node, call.host))
    return call.args[0] if call.args else UNKNOWN


def _file_write(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) and owner.of.startswith("open:w") and isinstance(owner.about, Word):
        _record(call, owner.about, call.arg(0), append=True)
        return UNKNOWN
    return None


def _file_read(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) and owner.of == "open" and isinstance(owner.about, str):
        return owner.about if call.name == "read" else owner.about.splitlines()
    return UNKNOWN if isinstance(owner, Instance) else None


def _execute(call: Invocation, owner: Any) -> Any:
    """`cursor.execute(sql)`; an object's own `execute` otherwise."""
    value = call.arg(0, "sql", "statement", "query", "operation")
    while isinstance(value, Instance) and value.of.endswith("text"):
        value = value.about
    host = call.host
    where = owner.about if isinstance(owner, Instance) and isinstance(owner.about, str) else ""
    if is_text(value):
        text = as_text(value)
        if looks_like_sql(text.text) or call.name == "executescript":
            host.report(effects_of_sql(text.text, target_db=where, via=host.command.via, path=host.command.path))
            if text.dynamic and re.match(r"\s*\{|\s*(?:drop|delete|truncate|alter)\b", text.text, re.I):
                call.other("database-destroy", where, "database", dynamic=True)
        return UNKNOWN
    if value is not None and isinstance(owner, Instance) and owner.of in ("database", "cursor"):
        call.other("database-write", where, "database", dynamic=True)
    return UNKNOWN


def _cursor(call: Invocation, owner: Any) -> Any:
    return owner if isinstance(owner, Instance) and owner.of == "database" else None


def _shell_method(call: Invocation, owner: Any) -> Any:
    value = call.arg(0)
    if isinstance(owner, Ref) or not (is_text(value) or isinstance(value, bytes)):
        return None
    if owner is UNKNOWN and call.name == "run" and " " not in as_text(value).text:
        return None
    if call.name == "run" and not (
        isinstance(owner, Instance) and re.search(r"onnection|lient|ssh|fabric|invoke", owner.of)
    ):
        return None
    found = call.host.scene.shell(
        as_text(value).text, via=(*call.host.command.via, call.name), path=call.host.command.path
    )
    remote = call.name == "exec_command" or call.name == "run"
    call.host.report(msgspec.structs.replace(item, scope="remote") if remote else item for item in found)
    return Instance("subprocess")


def _mail(call: Invocation, owner: Any) -> Any:
    to = call.arg(1, "to_addrs") if call.name == "sendmail" else None
    targets = list(to) if isinstance(to, (list, tuple)) else [to]
    for target in targets:
        word = as_word(target) if target is not None else Word(text="", dynamic=True)
        call.other("message", word.text, "address", scope="remote", dynamic=word.dynamic, reversible="no")
    return UNKNOWN


def _connect(call: Invocation, owner: Any) -> Any:
    if not isinstance(owner, Instance) or owner.of == "database":
        return None
    value = call.arg(0, "hostname", "host", "address")
    target = (
        as_word(value[0])
        if isinstance(value, (list, tuple)) and value
        else as_word(value)
        if value is not None
        else Word(text="", dynamic=True)
    )
    if call.name in ("bind",):
        call.other("network-listen", target.text, "host", scope="local")
    else:
        call.other("network-out", target.text, "host", scope=host_scope(host_in(target.text)), dynamic=target.dynamic)
    return UNKNOWN


_CLIENTS = re.compile(
    r"(?:^|\.)(?:Session|Client|AsyncClient|ClientSession|PoolManager|HTTPAdapter|create_scraper|HTTPS?Connection|session)$"
)


def _http_method(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) and _CLIENTS.search(owner.of):
        if owner.of.endswith("Connection"):
            verb = as_text(call.arg(0, "method")).text.lower()
            return request(
                Invocation(
                    call.name,
                    [as_text(owner.about or "").text + as_text(call.arg(1, "url")).text],
                    [],
                    call.named,
                    call.node,
                    call.host,
                ),
                verb if verb in VERBS else "get",
            )
        return request(call, call.name)
    if owner is UNKNOWN and call.args and is_text(call.args[0]) and re.match(r"https?://", as_text(call.args[0]).text):
        return request(call, call.name)
    return None


def _submit(call: Invocation, owner: Any) -> Any:
    if call.args and isinstance(call.args[0], (Ref, Local)) and not isinstance(owner, (str, list)):
        rest = call.args[1:]
        if call.name == "map":
            for item in call.host.items(rest[0] if rest else UNKNOWN)[:4096]:
                call.host.invoke(call.args[0], [item], {}, call.node)
        else:
            args = (
                list(rest[0]) if call.name.startswith("apply") and rest and isinstance(rest[0], (list, tuple)) else rest
            )
            call.host.invoke(call.args[0], args, {}, call.node)
        return UNKNOWN
    return None


def _stop(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) and owner.of in ("subprocess", "thread"):
        return UNKNOWN  # its own child
    if isinstance(owner, Instance) and "psutil" in owner.of:
        call.other("process-stop", as_word(owner.about).text, "process", scope="local", reversible="no", dynamic=True)
        return UNKNOWN
    return None


def _drop(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, (str, list, dict, bytes, Text)):
        return None
    call.other(
        "database-destroy",
        call.word(0).text
        if call.args
        else as_word(owner, getattr(getattr(call.node, "func", None), "value", None)).text.lstrip("$"),
        "database",
        certainty="guessed",
        reversible="no",
        broad=True,
    )
    return UNKNOWN


def _magic(call: Invocation, owner: Any) -> Any:
    if call.args and isinstance(call.args[-1], str):
        call.host.report(
            call.host.scene.shell(call.args[-1], via=(*call.host.command.via, "!"), path=call.host.command.path)
        )
    elif call.args:
        call.host.dynamic(call.node)
    return UNKNOWN


METHODS: Mapping[str, MethodReader] = {
    **dict.fromkeys(("unlink", "rmdir", "rmtree"), _unlink), **dict.fromkeys(("write_text", "write_bytes", "touch", "mkdir"), _path_write), **dict.fromkeys(("read_text", "read_bytes"), _path_read),
    "open": _path_open, **dict.fromkeys(("rename", "replace", "chmod", "lchmod", "symlink_to", "hardlink_to"), _path_change), **dict.fromkeys(("write", "writelines"), _file_write), **dict.fromkeys(("read", "readlines"), _file_read),
    **dict.fromkeys(("execute", "executescript", "executemany", "exec_driver_sql"), _execute), "cursor": _cursor, **dict.fromkeys(("system", "popen", "exec_command", "run"), _shell_method),
    **dict.fromkeys(("sendmail", "send_message"), _mail), **dict.fromkeys(("connect", "connect_ex", "bind"), _connect), **dict.fromkeys(tuple(VERBS), _http_method),
    **dict.fromkeys(("submit", "map", "apply", "apply_async", "run_in_executor", "starmap"), _submit), **dict.fromkeys(("terminate", "kill", "send_signal"), _stop),
    **dict.fromkeys(("drop_all", "dropDatabase", "drop_database", "drop_collection", "delete_many", "flushall", "flushdb", "drop_table", "drop_index", "truncate_table"), _drop),
    **dict.fromkeys(("run_line_magic", "run_cell_magic", "getoutput", "system_raw"), _magic),
}  # fmt: skip
