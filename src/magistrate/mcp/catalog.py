"""What a server says of its tools: untrusted, and part of what the agent reads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from msgspec import field

from magistrate.core.records import Record

MAX_TOOLS = 10_000
MAX_ABOUT = 20_000
"""Characters of a description that go with every call."""


class Tool(Record, frozen=True, kw_only=True):
    """A tool as its server describes it."""

    name: str
    about: str = ""
    annotations: dict[str, bool] = field(default_factory=dict)
    told: str = ""
    """Everything of it that the agent may read."""


class Catalog:
    """The tools a server has named so far; bounded."""

    def __init__(self) -> None:
        self._tools: OrderedDict[str, Tool] = OrderedDict()

    def __getitem__(self, name: str) -> Tool:
        """The tool of this name; one that was never listed has nothing said of it."""
        return self._tools.get(name) or Tool(name=name)

    def learn(self, result: Any) -> list[Tool]:
        """Take in the result of a `tools/list`; gives the tools that are new or are described anew."""
        fresh = []
        for tool in _tools(result):
            if self._tools.get(tool.name) != tool:
                fresh.append(tool)
            self._tools[tool.name] = tool
            if len(self._tools) > MAX_TOOLS:
                self._tools.popitem(last=False)
        return fresh


def _tools(result: Any) -> Iterator[Tool]:
    listed = result.get("tools") if isinstance(result, dict) else None
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            continue
        hints = entry.get("annotations")
        hints = hints if isinstance(hints, dict) else {}
        about = entry.get("description")
        yield Tool(
            name=entry["name"],
            about=about[:MAX_ABOUT] if isinstance(about, str) else "",
            annotations={str(name): value for name, value in hints.items() if isinstance(value, bool)},
            told="\n".join(_prose(entry)),
        )


def _prose(entry: Any, depth: int = 20) -> Iterator[str]:
    """Titles and descriptions in a tool's entry, its schema's included."""
    if isinstance(entry, dict):
        for name, value in entry.items():
            if name in ("title", "description") and isinstance(value, str):
                yield value
            elif depth:
                yield from _prose(value, depth - 1)
    elif isinstance(entry, list) and depth:
        for item in entry:
            yield from _prose(item, depth - 1)
