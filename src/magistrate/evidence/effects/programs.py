"""Program text in languages other than shell: Python by its syntax tree, SQL statement by statement, others by their calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Scene, effect
from magistrate.evidence.effects.lexical import lexical_effects
from magistrate.evidence.effects.python_code import python_effects
from magistrate.evidence.effects.sql import effects_of_sql

_PYTHON_NAMES = frozenset({"python", "python2", "python3", "py", "ipython", "jupyter", "sage", "notebook"})
_SHELL_NAMES = frozenset({"shell", "bash", "sh", "zsh", "ksh", "dash", "console", "terminal", "fish"})
_SQL_NAMES = frozenset(
    {"sql", "mysql", "postgresql", "postgres", "sqlite", "tsql", "duckdb", "bigquery", "snowflake", "oracle"}
)


def program_effects(language: str, text: str, scene: Scene, *, via: tuple[str, ...], path: str) -> Iterator[Effect]:
    """What program text would do. A language that is not known here is `dynamic`."""
    name = language.strip().lower()
    if _is_reverse_shell(text):
        yield effect(
            "network-out", "", "host", Command(name=name, via=via, path=path), scope="remote", flags=("reverse-shell",), reversible="no"
        )  # fmt: skip
    yield from _by_language(name, text, scene, via=via, path=path)


_CONNECTS = re.compile(r"connect|TCPSocket|fsockopen|net\.Socket|createConnection|TcpClient|/inet/tcp", re.I)
_SPAWNS_SHELL = re.compile(
    r"/bin/(?:ba|z|k|da|a)?sh\b|pty\.spawn|cmd\.exe|powershell\.exe|['\"](?:ba|z)?sh['\"]\s*,\s*['\"]-i", re.I
)
_JOINS = re.compile(r"dup2|fileno|>&|\.pipe\(|STDIN|stdin|-i\b|exec", re.I)


def _is_reverse_shell(text: str) -> bool:
    """Whether program text connects out, starts a shell and joins the two."""
    return bool(len(text) < 20_000 and _SPAWNS_SHELL.search(text) and _CONNECTS.search(text) and _JOINS.search(text))


def _by_language(name: str, text: str, scene: Scene, *, via: tuple[str, ...], path: str) -> Iterable[Effect]:
    if name in _PYTHON_NAMES:
        return python_effects(text, scene, via=via, path=path)
    if name in _SHELL_NAMES:
        return scene.shell(text, via=via, path=path)
    if name in _SQL_NAMES:
        dialect = {"sql": "", "postgresql": "postgres"}.get(name, name)
        return effects_of_sql(text, dialect=dialect, via=via, path=path)
    command = Command(name=name, via=via, path=path)
    found = lexical_effects(name, text, scene, command)
    if found is None:
        return [effect("execute", text[:80], "code", command, dynamic=True, flags=("inline-code",))]
    return found
