"""docs/live-hosts.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from magistrate.hosts.live import ADAPTERS, HOOKS
from magistrate.hosts.live.generic import ADAPTER
from magistrate.hosts.live.snake import Hooks
from magistrate.hosts.live.wiring import DEADLINE, WAIT, WIRINGS

DOC = (Path(__file__).resolve().parents[3] / "docs" / "live-hosts.md").read_text(encoding="utf-8")
ROOTS = {"user": "~/", "project": "", "managed": "/"}


def names(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "no"


@pytest.mark.parametrize("adapter", HOOKS, ids=lambda adapter: adapter.name)
def test_the_table_of_hosts(adapter: Hooks) -> None:
    wiring = WIRINGS[adapter.name]
    files = "<br>".join(f"{scope}: `{ROOTS[scope]}{file}`" for scope, file in wiring.files.items())
    cells = (
        f"`{adapter.name}`",
        names(list(wiring.gates)),
        names(sorted(set(adapter.asking) & set(wiring.gates))),
        names([event for event in wiring.events(approve=True) if event in adapter.approving]),
        files,
    )
    assert f"| {' | '.join(cells)} |" in DOC


@pytest.mark.parametrize("host", sorted(ADAPTERS))
def test_what_no_hook_shows(host: str) -> None:
    _, mark, rest = DOC.partition(f"\n**`{host}`**\n\n")
    assert mark
    listed = [line[2:] for line in rest.partition("\n\n")[0].splitlines()]
    assert tuple(listed) == ADAPTERS[host].unobservable


def test_the_versions_that_were_tried() -> None:
    first = DOC.partition("\n    magistrate guard")[0]
    told = {adapter.name: adapter.seen for adapter in HOOKS if adapter.seen}
    assert re.findall(r"[A-Z][A-Za-z ]+? (\d[\d.]+\d)(?=[,\n (])", first.partition("Copilot")[0]) == list(told.values())
    assert {adapter.name for adapter in HOOKS if not adapter.seen} == {"copilot", "vscode", "cursor"}


def test_what_breaks_is_said_of_every_host() -> None:
    section = DOC.partition("## When something breaks")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == set(WIRINGS)
    assert f"after {DEADLINE} seconds" in section
    assert f"wait {WAIT};" in section


def test_the_example_of_the_neutral_contract() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", DOC, re.DOTALL)
    heard = ADAPTER.decode("act", example.encode())
    assert heard.action is not None
    assert heard.action.arguments == {"command": "git push --force"}
    assert [type(said).__name__ for said in heard.said] == ["Message", "Outcome"]
