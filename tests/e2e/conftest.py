"""End-to-end tests run in `make e2e` alone: they need the hosts that it installs. They end with a table of hosts by scenes."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path

import pytest

collect_ignore_glob = [] if os.environ.get("MAGISTRATE_E2E") else ["test_hosts.py"]
if not collect_ignore_glob:  # only then: a module here is called like a library of others
    sys.path.insert(0, str(Path(__file__).parent))
MARKS = {"passed": "ok", "failed": "FAILED", "error": "ERROR", "skipped": "skipped"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test says which host it drives and what it shows, for the table."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec and "agent" in callspec.params:
            label = callspec.params["agent"].label
            test, _, parts = item.name.partition("[")
            scene = parts.rstrip("]").replace(label, "").strip("-")
            item.user_properties.append(
                ("cell", (f"{test.removeprefix('test_').replace('_', ' ')} {scene}".strip(), label))
            )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Hosts by scenes."""
    table: dict[str, dict[str, str]] = defaultdict(dict)
    for outcome, mark in MARKS.items():
        for report in terminalreporter.stats.get(outcome, ()):
            for row, host in (value for name, value in report.user_properties if name == "cell"):
                table[row][host] = mark
    hosts = sorted({host for row in table.values() for host in row})
    if hosts:
        terminalreporter.section("hosts by scenes")
        terminalreporter.line(" " * 34 + "".join(f"{host:>19}" for host in hosts))
    for row, cells in table.items():
        terminalreporter.line(f"{row:34}" + "".join(f"{cells.get(host, '-'):>19}" for host in hosts))
