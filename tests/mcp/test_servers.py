"""The proxy in front of two public servers from PyPI. (Two from npm: tests/e2e/test_mcp.py.)"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

if not (find_spec("mcp_server_git") and find_spec("mcp_server_time")):
    pytest.skip("the servers are not installed; `make test-sdk` has them", allow_module_level=True)

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from magistrate.core.records import Action, Verdict
from magistrate.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
GIT, TIME = [sys.executable, "-m", "mcp_server_git"], [sys.executable, "-m", "mcp_server_time"]


@pytest.fixture
def repository() -> Iterator[Path]:
    """A repository with one commit, a staged and a changed file."""
    made = Path(tempfile.mkdtemp(prefix="scene-", dir=ROOT)) / "shop"
    made.mkdir()
    (made / "notes.txt").write_text("one\n")
    for words in ("init -q -b main", "add .", "-c user.name=sam -c user.email=sam@home.example commit -q -m one"):
        subprocess.run(["git", *words.split()], cwd=made, check=True)
    (made / "notes.txt").write_text("two\n")
    (made / "new.txt").write_text("new\n")
    subprocess.run(["git", "add", "new.txt"], cwd=made, check=True)
    yield made
    shutil.rmtree(made.parent)


def talk(command: list[str], folder: Path, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """What a server says of itself and of these calls."""

    async def run() -> list[Any]:
        start = StdioServerParameters(command=command[0], args=command[1:], cwd=folder, env=dict(os.environ))
        async with Client(start) as client:
            listed = [client.protocol_version, (await client.list_tools()).model_dump_json()]
            return listed + [(await client.call_tool(name, given)).model_dump_json() for name, given in calls]

    return asyncio.run(asyncio.wait_for(run(), 60))


def proxied(command: list[str], ledger: Path, *options: str) -> list[str]:
    words = ["mcp", "--in-process", "--ledger", str(ledger), *options]
    return [sys.executable, "-m", "magistrate", *words, "--", *command]


def test_time_is_the_same_with_the_proxy_as_without(repository: Path) -> None:
    calls = [("convert_time", {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"})]
    ledger = repository.parent / "ledger.db"
    assert talk(proxied(TIME, ledger), repository, calls) == talk(TIME, repository, calls)


def test_git_reading_passes_and_undoing_does_not_happen(repository: Path) -> None:
    here = {"repo_path": str(repository)}
    harmless = [("git_diff_unstaged", here), ("git_diff_staged", here)]
    ledger = repository.parent / "ledger.db"
    assert talk(proxied(GIT, ledger), repository, harmless) == talk(GIT, repository, harmless)
    refused = talk(proxied(GIT, ledger), repository, [("git_reset", here)])[-1]
    assert json.loads(refused)["is_error"] is True
    staged = subprocess.run(["git", "diff", "--cached", "--name-only"], cwd=repository, capture_output=True, check=True)
    assert staged.stdout == b"new.txt\n"
    with Ledger(ledger, readonly=True) as kept:
        assert kept.verify() == []
        events = list(kept.events())
    assert [event.body.tool for event in events if isinstance(event.body, Action)][-1] == "git_reset"
    assert [event.body.decision for event in events if isinstance(event.body, Verdict)][-1] != "allow"
