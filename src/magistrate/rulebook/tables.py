"""The TOML inside a rulebook: settings of the whole, and matches of a rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from magistrate.core.records import Autonomy, Match, Record
from magistrate.rulebook.problems import Problems, nearest
from magistrate.rulebook.vocabulary import AUTHORITIES, DECISIONS, KEYS, LISTS, SWITCHES, Words

_SETTINGS: dict[str, Words | None] = {
    "title": None,
    "on_unavailable": DECISIONS - {"allow"},
    "on_uncovered": DECISIONS,
    "may_cover": AUTHORITIES - {"bright-line"},
    "may_loosen": AUTHORITIES - {"bright-line"},
}
_BOUNDS = ("tools", "targets", "until", "cost", "ask")


class Table(Record, frozen=True, kw_only=True):
    """A parsed TOML block and the lines it was read from."""

    value: dict[str, Any]
    lines: tuple[str, ...]
    line: int
    """Number of its first line in the whole text."""

    def where(self, key: str, start: int = 0) -> int:
        """Line of a key, searched from line index `start` on; the line of `start` when the key is written in some other way."""
        pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""")
        for at in range(start, len(self.lines)):
            if pattern.match(self.lines[at]):
                return self.line + at
        return self.line + min(start, max(len(self.lines) - 1, 0))

    def headers(self, name: str) -> list[int]:
        """Indices of the lines that open a table `[name]` or `[[name]]`."""
        pattern = re.compile(rf"\s*\[{{1,2}}\s*{re.escape(name)}\s*\]{{1,2}}")
        return [at for at, line in enumerate(self.lines) if pattern.match(line)]


def front_of(table: Table, problems: Problems) -> dict[str, Any]:
    """Settings of the whole rulebook, from its `[rulebook]` and `[autonomy]` tables."""
    for key in table.value.keys() - {"rulebook", "autonomy"}:
        problems.add(table.where(key), f"unknown table `{key}`", nearest(key, ["rulebook", "autonomy"]))
    settings = table.value.get("rulebook", {})
    if not isinstance(settings, dict):
        problems.add(table.line, "`rulebook` is no table", "write `[rulebook]`")
        return {}
    found: dict[str, Any] = {}
    for key, value in settings.items():
        words = _SETTINGS.get(key, frozenset())
        if key not in _SETTINGS:
            problems.add(table.where(key), f"unknown key `{key}`", nearest(key, _SETTINGS))
        elif not isinstance(value, str):
            problems.add(table.where(key), f"`{key}` is no text", f'write `{key} = "..."`')
        elif words is not None and value not in words:
            problems.add(table.where(key), f"unknown {key} `{value}`", nearest(value, words))
        else:
            found[key] = value
    if "autonomy" in table.value:
        found["autonomy"] = tuple(_autonomy(table, problems))
    return found


def _autonomy(table: Table, problems: Problems) -> Iterator[Autonomy]:
    """The scope of autonomy, from `[autonomy]` or any number of `[[autonomy]]`; what is malformed is left out."""
    raw = table.value["autonomy"]
    starts = table.headers("autonomy")
    for at, value in enumerate(raw if isinstance(raw, list) else [raw]):
        start = starts[at] if at < len(starts) else 0
        if not isinstance(value, dict) or not value:
            mend = "write `[autonomy]` and below it " + ", ".join(_BOUNDS)
            problems.add(table.line + start, "`autonomy` says nothing", mend)
        else:
            yield _scope(value, table, start, problems)


def _scope(value: dict[str, Any], table: Table, start: int, problems: Problems) -> Autonomy:
    for key in value.keys() - set(_BOUNDS):
        problems.add(table.where(key, start), f"unknown key `{key}` in the autonomy", nearest(key, _BOUNDS))
    lists = {
        key: tuple(_words(key, value[key], known, table.where(key, start), problems))
        for key, known in (("tools", None), ("targets", None), ("ask", LISTS["effect"]))
        if key in value
    }
    cost = value.get("cost")
    if cost is not None and (isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < 1e15):
        problems.add(table.where("cost", start), "`cost` is no amount", "write `cost = 50`")
        cost = 0
    until = _until(value["until"], table.where("until", start), problems) if "until" in value else ""
    return Autonomy(**lists, until=until, cost=None if cost is None else float(cost), line=table.line + start)  # type: ignore[arg-type]


def _until(value: Any, line: int, problems: Problems) -> str:
    """A time in UTC; a day means its end. Times without a zone are UTC."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value) if len(value) > len("2026-01-31") else date.fromisoformat(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(23, 59, 59, 999999))
        if isinstance(value, datetime):
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return aware.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        pass
    problems.add(line, "`until` is no time", 'write `until = "2026-12-31T18:00:00Z"`')
    return ""


def matches_of(table: Table, problems: Problems) -> tuple[Match, ...]:
    """The matches of a rule, from `[match]` or any number of `[[match]]`."""
    for key in table.value.keys() - {"match"}:
        problems.add(table.where(key), f"unknown table `{key}`", nearest(key, ["match"]))
    raw = table.value.get("match", [])
    listed = raw if isinstance(raw, list) else [raw]
    starts = table.headers("match")
    found = []
    for at, value in enumerate(listed):
        start = starts[at] if at < len(starts) else 0
        if not isinstance(value, dict):
            problems.add(table.line + start, "`match` is no table", "write `[match]` or `[[match]]`")
            continue
        found.append(_match(value, table, start, problems))
    return tuple(match for match in found if match)


def _match(value: dict[str, Any], table: Table, start: int, problems: Problems) -> Match | None:
    before = len(problems.errors)
    line = table.line + start
    for key in value.keys() - KEYS:
        problems.add(table.where(key, start), f"unknown key `{key}` in a match", nearest(key, KEYS))
    decision = value.get("decision")
    if decision is None:
        problems.add(line, "the match has no decision", 'add `decision = "escalate"`')
    elif decision not in DECISIONS:
        problems.add(
            table.where("decision", start), f"unknown decision `{decision}`", nearest(str(decision), DECISIONS)
        )
    lists = {
        key: tuple(_words(key, value[key], LISTS[key], table.where(key, start), problems))
        for key in LISTS
        if key in value
    }
    switches = {key: value[key] for key in SWITCHES if key in value}
    for key, switch in switches.items():
        if not isinstance(switch, bool):
            problems.add(table.where(key, start), f"`{key}` is neither true nor false")
    if decision == "allow":
        _refuse_blank_cheque(lists, line, problems)
    if len(problems.errors) > before:
        return None
    return Match(decision=decision, line=line, **lists, **switches)  # type: ignore[arg-type]


def _words(key: str, value: Any, known: Words | None, line: int, problems: Problems) -> Iterator[str]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        problems.add(line, f"`{key}` is an empty list", "leave the key out to mean any")
    for word in listed:
        if not isinstance(word, str) or not word:
            problems.add(line, f"`{key}` holds something that is no text", f'write `{key} = ["..."]`')
        elif known is not None and word not in known:
            problems.add(line, f"unknown {key.replace('_', ' ')} `{word}`", nearest(word, known))
        else:
            yield word


def _refuse_blank_cheque(lists: dict[str, tuple[str, ...]], line: int, problems: Problems) -> None:
    if not lists.get("effect"):
        problems.add(line, "an allow that names no effect", "say which effects it allows: `effect = [...]`")
    if lists.get("certainty") == ("dynamic",):
        problems.add(line, "an allow for what cannot be resolved never applies", "nothing clears a dynamic effect")
