"""The commands of people, as people run them, beside a gate that writes to the same ledger."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from magistrate.core.records import Action, RunStarted, Verdict
from magistrate.gate import Gate, Run
from magistrate.ledger import Ledger
from magistrate.rulebook.text import default

PUSH = Action(tool="Bash", arguments={"command": "git push --force origin main"})
LIST = Action(tool="Bash", arguments={"command": "ls"})


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Run]:
    with Ledger(tmp_path / "live.db") as ledger:
        yield Gate(default(), ledger).open(
            "codex/abc", RunStarted(host="codex", cwd="/home/ann/shop", home="/home/ann")
        )
        ledger.commit()


def magistrate(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("CLAUDECODE", "AGENT")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "magistrate", *words],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={**clean, "MAGISTRATE_HOME": str(home), **environment},
    )  # fmt: skip


def decide(run: Run, action: Action) -> Verdict:
    return asyncio.run(run.decide(action))


def test_an_escalation_is_listed_ruled_on_and_goes_through(live: Run, tmp_path: Path) -> None:
    first = decide(live, PUSH)
    row = json.loads(magistrate(tmp_path, "queue", "--denied", "--json").stdout)
    assert (row["ticket"], row["run"], row["cwd"], row["times"]) == (first.ticket, "codex/abc", "/home/ann/shop", 1)
    listed = magistrate(tmp_path, "queue", "--denied").stdout
    assert first.ticket in listed
    assert "git push --force origin main" in listed
    shown = magistrate(tmp_path, "rule", first.ticket, "allow", "--dry-run")
    assert "Allows one time this very action" in shown.stdout
    assert decide(live, PUSH).decision != "allow"
    done = magistrate(
        tmp_path, "rule", first.ticket.upper(), "allow", "--because", "agreed with the team", "--by", "Ann"
    )
    assert (done.returncode, done.stderr) == (0, "")
    verdict = decide(live, PUSH)
    assert (verdict.decision, verdict.basis) == ("allow", "ruling")
    assert "Ann (" in verdict.reason
    assert "agreed with the team" in verdict.reason
    assert "nothing waits" in magistrate(tmp_path, "queue", "--denied").stdout
    timeline = magistrate(tmp_path, "show", "codex/abc", "--ledger", str(tmp_path / "live.db")).stdout
    assert "RULE Ann" in timeline
    assert "allow by ruling" in timeline


def test_stop_and_resume_without_any_server(live: Run, tmp_path: Path) -> None:
    assert decide(live, LIST).decision == "allow"
    assert magistrate(tmp_path, "stop", "abc", "--because", "odd").returncode == 0
    assert decide(live, LIST).basis == "stopped"
    status = magistrate(tmp_path, "stop", "--status").stdout
    assert "first refusal" in status
    assert "0 allowed since" in status
    (halt,) = [json.loads(line) for line in magistrate(tmp_path, "stop", "--status", "--json").stdout.splitlines()]
    assert 0 < halt["writing"] <= halt["seconds"] < 30
    assert magistrate(tmp_path, "stop", "--all").returncode == 0
    left = magistrate(tmp_path, "resume", "codex/abc").stdout
    assert "still stopped: everything" in left
    assert decide(live, LIST).basis == "stopped"
    assert magistrate(tmp_path, "resume", "--all").returncode == 0
    assert decide(live, LIST).decision == "allow"


def test_a_stop_of_everything_needs_no_ledger_and_no_run(tmp_path: Path) -> None:
    assert magistrate(tmp_path, "stop", "--all").returncode == 0
    with Ledger(tmp_path / "live.db") as ledger:
        run = Gate(default(), ledger).open("t/1", RunStarted(host="test", cwd="/w"))
        assert decide(run, LIST).basis == "stopped"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("rule", "nosuchxx", "allow", "--because", "x"), "no ticket"),
        (("rule", "TICKET", "allow"), "say why"),
        (("rule", "TICKET", "allow", "--because", "x", "--until", "yesterday"), "--until"),
        (("stop",), "name a RUN"),
        (("stop", "codex", "--all"), "name a RUN"),
        (("stop", "nosuch"), "no run"),
        (("resume", "nosuch"), "no run"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    live: Run, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    ticket = decide(live, PUSH).ticket
    done = magistrate(tmp_path, *(ticket if word == "TICKET" else word for word in words))
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert decide(live, PUSH).decision != "allow"
    assert decide(live, LIST).decision == "allow"


def test_no_person_speaks_from_an_agents_shell(live: Run, tmp_path: Path) -> None:
    ticket = decide(live, PUSH).ticket
    for words in (("rule", ticket, "allow", "--because", "x"), ("resume", "--all")):
        done = magistrate(tmp_path, *words, CLAUDECODE="1")
        assert done.returncode == 1
        assert "for people" in done.stderr
    assert magistrate(tmp_path, "stop", "--all", CLAUDECODE="1").returncode == 0
    assert decide(live, LIST).basis == "stopped"


def test_before_anything_was_guarded(tmp_path: Path) -> None:
    done = magistrate(tmp_path, "queue")
    assert done.returncode == 1
    assert "nothing has been guarded yet" in done.stderr
