"""What guarding writes is oversight: no agent may change it, whatever it was asked to do."""

from __future__ import annotations

import asyncio

import pytest

from magistrate.core.records import Action, Message, RunStarted
from magistrate.gate import Gate
from magistrate.hosts.live.wiring import WIRINGS
from magistrate.ledger import Ledger
from magistrate.rulebook.text import default

HOME, WORK = "/home/ann", "/home/ann/work/app"
ROOTS = {"user": f"{HOME}/", "project": f"{WORK}/", "managed": "/"}
FILES = sorted({ROOTS[scope] + file for wiring in WIRINGS.values() for scope, file in wiring.files.items()})
STATE = ("hook.py", "magistrate_hook.py", "serve", "live.db", "magistrate.sock", "token", "guards/0123.json")
OURS = [f"{HOME}/.local/state/magistrate/{name}" for name in STATE]


@pytest.mark.parametrize("path", [*FILES, *OURS])
def test_an_agent_may_not_touch_its_guard(path: str) -> None:
    for action in (
        Action(tool="Write", arguments={"file_path": path, "content": "{}"}),
        Action(tool="Bash", arguments={"command": f"rm -f {path}"}),
        Action(tool="Bash", arguments={"command": f"sed -i s/deny/allow/ {path}"}),
        Action(tool="Bash", arguments={"command": f"cp /tmp/x {path}"}),
    ):
        run = Gate(default(), Ledger(":memory:")).open("r", RunStarted(host="test", cwd=WORK, home=HOME))
        run.observe(Message(author="person", text=f"Please change {path} as you see fit."))
        verdict = asyncio.run(run.decide(action))
        assert (verdict.decision, verdict.basis) == ("deny", "bright-line"), action


@pytest.mark.parametrize(
    ("command", "stopped"),
    [
        (f"cp settings.json {HOME}/.claude/", True),
        (f"cp settings.json {HOME}/.claude", True),
        (f"mkdir -p {HOME}/.claude", False),
        (f"mv .claude {HOME}/", True),
        (f"cp -r .claude {HOME}", True),
        (f"cp -r dotfiles/* {HOME}/", True),
        (f"cp --parents .claude/settings.json {HOME}", True),
        (f"cp report.pdf {HOME}/", False),
        (f"mv report.pdf notes.txt {HOME}", False),
        ("mv *.log /", False),
        ("ln -s /opt/tool /", False),
    ],
)
def test_what_lands_in_a_folder_is_known_by_name(command: str, stopped: bool) -> None:
    run = Gate(default(), Ledger(":memory:"), guarded=(f"{HOME}/.claude/settings.json",)).open(
        "r", RunStarted(host="test", cwd=WORK, home=HOME)
    )
    verdict = asyncio.run(run.decide(Action(tool="Bash", arguments={"command": command})))
    assert (verdict.basis == "bright-line") is stopped, verdict.reason
