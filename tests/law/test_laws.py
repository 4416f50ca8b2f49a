"""The law for a run is that of its folder: a repository may tighten it, and is not heard where it loosens."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest
from tests.law.test_adoption import People

from magistrate.core.records import Action, Adoption, Message, RunStarted
from magistrate.gate import Gate, Run
from magistrate.law.laws import Adopted, Laws, law_above
from magistrate.ledger import Ledger
from magistrate.rulebook.text import default, parse

STRICT = (
    "## No tests here {#team.no-tests authority=team}\n\nTests are run by the pipeline.\n\n"
    '```toml\n[match]\ndecision = "deny"\neffect = "execute"\n```\n'
)
THIN = STRICT.replace("authority=team", "authority=organisation")
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


def test_runs_that_begin_after_an_adoption_are_under_the_new_law(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MAGISTRATE_HOME", str(tmp_path))
    people = People(tmp_path, "ana", "bo")
    gate = Gate(default(), people.ledger, laws=Laws(default(), Adopted(people.ledger, tmp_path)))
    before = opened(gate, "before", tmp_path)
    proposal = people.write(people.proposal())
    early = people.write(Adoption(proposal=proposal.id, old=proposal.old, new=proposal.new))
    with caplog.at_level(logging.WARNING):
        assert opened(gate, "early", tmp_path).rulebook.revision == default().revision
    assert "0 of 1 approvals" in caplog.text
    people.write(people.approval(proposal, "bo"))
    assert opened(gate, "approved", tmp_path).rulebook.revision == default().revision
    people.write(early)
    assert opened(gate, "after", tmp_path).rulebook.revision == proposal.new
    assert before.rulebook.revision == default().revision
    (tmp_path / "allowed_signers").unlink()
    people.write(proposal)
    assert opened(gate, "unsure", tmp_path).rulebook.revision == proposal.new


def test_a_hostile_repository_does_not_keep_the_server_busy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    globs = ", ".join(f'"*{"?*a" * (at % 7 + 1)}[!b]*{at}"' for at in range(60))
    match = f'[[match]]\ndecision = "allow"\neffect = ["message", "delete"]\ntarget = [{globs}]\n\n'
    text = "## Team {#team.x authority=team}\n\nText.\n\n```toml\n" + match * 60 + "```\n"
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        Laws(default())(RunStarted(host="test", cwd=str(repository(tmp_path, text))))
        Laws(parse(THIN))(RunStarted(host="test", cwd=str(repository(tmp_path, text))))
        assert Laws(default())(RunStarted(host="test", cwd=str(repository(tmp_path, "x" * 300_000)))) is default()
    assert time.monotonic() - started < 30
    assert "no rule above covers" in caplog.text
    assert "bytes" in caplog.text
