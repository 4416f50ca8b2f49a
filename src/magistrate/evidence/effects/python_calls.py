"""What calls of Python's library, and of the libraries that agents use, do: tables by dotted name and by method name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from magistrate.evidence.effects.builtins import assignment_effects
from magistrate.evidence.effects.command import Word
from magistrate.evidence.effects.python_files import FILES
from magistrate.evidence.effects.python_invocation import Invocation, Reader
from magistrate.evidence.effects.python_methods import METHODS
from magistrate.evidence.effects.python_network import HTTP, NETWORK, VERBS, request
from magistrate.evidence.effects.python_plain import PLAIN
from magistrate.evidence.effects.python_run import RUNNING, replace_process
from magistrate.evidence.effects.python_values import (
    UNKNOWN,
    Instance,
    Ref,
    as_text,
    decoded,
    is_text,
)  # fmt: skip


def call_name(call: Invocation) -> Any:
    """A call of a function known by its dotted name; gives its value."""
    reader = _BY_NAME.get(call.name)
    if reader is not None:
        return reader(call)
    module, _, last = call.name.rpartition(".")
    if module.split(".")[0] in HTTP and last in VERBS:
        return request(call, last)
    if last in _DECODERS:
        return decoded(call.name, call.args)
    if re.match(r"os\.(?:exec|spawn|posix_spawn)", call.name):
        return replace_process(call)
    if last in METHODS and module.split(".")[0] not in ("os", "np", "numpy", "pd"):
        done = call_method(Invocation(last, call.args, call.nodes, call.named, call.node, call.host), Instance(module))
        if done is not None:
            return done
    return Instance(call.name, call.args[0] if call.args else None)


def call_method(call: Invocation, owner: Any) -> Any:
    """A method call; None when the name says nothing (the caller folds it then)."""
    reader = METHODS.get(call.name)
    return None if reader is None else reader(call, owner)


def _database(call: Invocation) -> Any:
    value = call.arg(0, "database", "dsn", "url", "host")
    return Instance("database", as_text(value).text if is_text(value) else "")


def _put_environment(call: Invocation) -> Any:
    name, value = call.arg(0), call.arg(1)
    if isinstance(name, str):
        word = Word(text=as_text(value).text if is_text(value) else "", dynamic=not isinstance(value, str))
        call.host.report(assignment_effects(name, word, call.host.command, call.host.scene))
    return None


def _kill(call: Invocation) -> Any:
    word = call.word(0)
    own = "pid" in word.text and "proc" in word.text
    call.other(
        "process-stop",
        word.text,
        "process",
        scope="local",
        dynamic=word.dynamic and not own,
        reversible="no",
        broad=word.text in ("-1", "1"),
    )
    return None


def _print(call: Invocation) -> Any:
    for value in call.args:
        if isinstance(value, Ref) and value.name == "os.environ":
            call.other("credential", "environment", "text", scope="local", reversible="yes")
    return None


def _environment(call: Invocation) -> Any:
    if call.args and isinstance(call.args[0], Ref) and call.args[0].name == "os.environ":
        call.other("credential", "environment", "text", scope="local", reversible="yes")
    value = call.arg(0)
    return dict(value) if isinstance(value, dict) else UNKNOWN


def _fork(call: Invocation) -> Any:
    source = call.host.command.name
    call.other("execute", source, "process", scope="local", flags=("background",))
    return UNKNOWN


def _globals(call: Invocation) -> Any:
    return Ref("globals()") if call.name != "vars" or not call.args else call.args[0]


def _getenv(call: Invocation) -> Any:
    return {"HOME": "~", "PWD": ".", "TMPDIR": "/tmp"}.get(str(call.arg(0)), UNKNOWN)  # noqa: S108


def _ipython(call: Invocation) -> Any:
    return Instance("ipython")


_DECODERS = frozenset(
    {
        "b64decode",
        "decodebytes",
        "standard_b64decode",
        "urlsafe_b64decode",
        "a2b_base64",
        "b32decode",
        "unhexlify",
        "a2b_hex",
        "b16decode",
        "decompress",
        "unquote",
        "unquote_plus",
    }
)

_BY_NAME: Mapping[str, Reader] = {
    **PLAIN,
    **FILES,
    **NETWORK,
    **RUNNING,
    **dict.fromkeys(("sqlite3.connect", "psycopg2.connect", "psycopg.connect", "pymysql.connect", "MySQLdb.connect", "mysql.connector.connect", "sqlalchemy.create_engine", "duckdb.connect", "cx_Oracle.connect", "pyodbc.connect"), _database),
    **dict.fromkeys(("os.putenv", "os.environ.setdefault"), _put_environment), "os.unsetenv": _put_environment, **dict.fromkeys(("os.kill", "os.killpg", "psutil.Process"), _kill),
    "print": _print, "pprint.pprint": _print, "os.fork": _fork, **dict.fromkeys(("globals", "locals", "vars"), _globals), **dict.fromkeys(("os.getenv", "os.environ.get"), _getenv), "get_ipython": _ipython,
    "dict": _environment,
}  # fmt: skip
