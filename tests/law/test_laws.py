"""The law for a run is that of its folder: a repository may tighten it, and is not heard where it loosens."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from magistrate.core.records import Action, Message, RunStarted
from magistrate.gate import Gate, Run
from magistrate.law.laws import Laws, law_above
from magistrate.ledger import Ledger
from magistrate.rulebook.text import default

STRICT = (
    "## No tests here {#team.no-tests authority=team}\n\nTests are run by the pipeline.\n\n"
    '```toml\n[match]\ndecision = "deny"\neffect = "execute"\n```\n'
)
LOOSE = STRICT.replace("deny", "allow").replace("#team.no-tests", "#work.run")
TEST = Action(tool="bash", arguments={"command": "pytest"})


def opened(gate: Gate, name: str, folder: Path) -> Run:
    run = gate.open(name, RunStarted(host="test", cwd=str(folder)))
    run.observe(Message(author="person", text="Mend the module."))
    return run


def repository(folder: Path, text: str) -> Path:
    (folder / ".magistrate").mkdir(parents=True, exist_ok=True)
    (folder / ".magistrate" / "rulebook.md").write_text(text, encoding="utf-8")
    return folder


def test_each_run_is_judged_by_the_law_of_its_folder(tmp_path: Path) -> None:
    strict = repository(tmp_path / "strict", STRICT)
    gate = Gate(default(), Ledger(":memory:"), laws=Laws(default()))
    here, there = opened(gate, "a", strict), opened(gate, "b", tmp_path)
    denied, allowed = (asyncio.run(run.decide(TEST)) for run in (here, there))
    assert (denied.decision, denied.rules) == ("deny", ("team.no-tests",))
    assert allowed.decision == "allow"
    assert allowed.revision == default().revision != denied.revision == here.rulebook.revision
    (strict / ".magistrate" / "rulebook.md").unlink()
    assert asyncio.run(here.decide(TEST)).decision == "deny"  # a run keeps the law that it began under
    assert asyncio.run(opened(gate, "c", strict).decide(TEST)).decision == "allow"


def test_a_repository_that_loosens_is_not_heard(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    loose = repository(tmp_path, LOOSE)
    with caplog.at_level(logging.WARNING):
        law = Laws(default())(RunStarted(host="test", cwd=str(loose / "src")))
    assert law.revision == default().revision
    assert "rulebook.md:1: `work.run` would replace" in caplog.text
    assert "default.md:" in caplog.text


def test_the_organisations_file_lies_above(tmp_path: Path) -> None:
    own = tmp_path / "house.md"
    own.write_text(STRICT, encoding="utf-8")
    above = law_above(default(), own)
    assert {rule.id for rule in above.rules} - {rule.id for rule in default().rules} == {"team.no-tests"}
    assert law_above(default(), None) is default()
