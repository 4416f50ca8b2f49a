"""A replay under the same law changes nothing, under another exactly what that law says; killed, it goes on where it stopped."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.protocols import Case, Reviewer
from magistrate.core.records import Action, Message, Opinion, Ruling, RunStarted, Verdict
from magistrate.gate import Gate
from magistrate.law import replay as replaying
from magistrate.law.cache import Answer, Cache
from magistrate.law.flips import examples
from magistrate.law.recompute import recomputed
from magistrate.law.replay import replay_law
from magistrate.ledger import Ledger
from magistrate.rulebook.text import default, parse, shipped_text

COMMANDS = ["ls", "git push", "rm -rf src/old", "curl https://a.example/x", "rm -rf ~", "echo hi > notes.md", "pytest"]
NO_PUSH = shipped_text() + (
    "\n## Publish nothing {#house.publish authority=organisation}\n\nNothing is published.\n\n"
    '```toml\n[match]\ndecision = "deny"\neffect = "vcs-publish"\n```\n'
)
MILD = shipped_text().replace(
    '[match]\ndecision = "escalate"\neffect = "vcs-publish"', '[match]\ndecision = "allow"\neffect = "vcs-publish"'
)


class Strict:
    """Stops whatever it is asked about."""

    name, version = "strict", "1"

    async def review(self, case: Case) -> Opinion:
        return Opinion(reviewer=self.name, version=self.version, decision="deny", reason="no")


def strict() -> Sequence[Reviewer]:
    return (Strict(),)


def record(path: Path, runs: int = 6, *, reviewers: Sequence[Reviewer] = ()) -> list[str]:
    """A ledger of runs that all try the same commands."""
    with Ledger(path) as ledger:
        gate = Gate(default(), ledger, reviewers=reviewers, durable=False)
        decisions = []
        for at in range(runs):
            parent = gate.open(f"r{at}", RunStarted(host="test", cwd="/work/app", home="/home/ann"))
            parent.observe(Message(author="person", text="Look after the repository."))
            for command in COMMANDS:
                verdict = asyncio.run(parent.decide(Action(tool="Bash", arguments={"command": command})))
                decisions.append(verdict.decision)
    return decisions


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "ledger.db"
    record(path)
    return path


@pytest.mark.parametrize("processes", [1, 2])
def test_the_same_law_gives_the_same_verdicts(recorded: Path, tmp_path: Path, processes: int) -> None:
    found = replay_law(recorded, default(), tmp_path / "cache.db", processes=processes)
    assert found.judged == 6 * len(COMMANDS)
    assert found.flips == ()
    assert sum(found.trees.values()) == found.judged
    assert len(found.trees) == 6
    assert found.revisions == {default().revision: found.judged}


def test_a_stricter_law_flips_what_it_names(recorded: Path, tmp_path: Path) -> None:
    found = replay_law(recorded, parse(NO_PUSH), tmp_path / "cache.db")
    assert {(flip.way, flip.before, flip.after, flip.rules) for flip in found.flips} == {
        ("stricter", "escalate", "deny", ("house.publish",))
    }
    assert len(found.flips) == 6
    shown = examples(recorded, found, "stricter", 4)
    assert len(shown) == 4
    assert all("git push" in one.arguments and one.facts and one.tool == "Bash" for one in shown)
    assert examples(recorded, found, "looser") == []


def test_evidence_computed_anew_gives_what_the_recorded_gave(recorded: Path, tmp_path: Path) -> None:
    same = recomputed(recorded, default())
    assert (same.judged, same.flips) == (6 * len(COMMANDS), ())
    steps: list[float] = []
    anew = recomputed(recorded, parse(NO_PUSH), advance=steps.append)
    kept = replay_law(recorded, parse(NO_PUSH), tmp_path / "cache.db")
    assert anew.trees == kept.trees
    assert {(f.run, f.before, f.after, f.rules) for f in anew.flips} == {
        (f.run, f.before, f.after, f.rules) for f in kept.flips
    }
    assert sum(steps) == pytest.approx(1.0)


def test_a_looser_law_asks_the_reviewers_about_what_it_lets_through(recorded: Path, tmp_path: Path) -> None:
    mild = parse(MILD)
    assert mild.revision != default().revision
    alone = replay_law(recorded, mild, tmp_path / "cache.db")
    assert {flip.way for flip in alone.flips} == {"looser"}
    assert all(flip.unreviewed and flip.rules == ("vcs.publish",) for flip in alone.flips)
    asked = replay_law(recorded, mild, tmp_path / "cache.db", load=strict)
    assert {(flip.before, flip.after) for flip in asked.flips} == {("escalate", "deny")}
    assert not any(flip.unreviewed for flip in asked.flips)


def test_recorded_opinions_are_kept(tmp_path: Path) -> None:
    decisions = record(tmp_path / "ledger.db", 1, reviewers=strict())
    assert "allow" not in decisions
    assert replay_law(tmp_path / "ledger.db", default(), tmp_path / "cache.db").flips == ()


def test_a_killed_replay_judges_nothing_twice(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "CHUNK", 10)
    book, cache = parse(NO_PUSH), tmp_path / "cache.db"
    judged: list[str] = []
    original = replaying._Worker._judge

    def judge(self: Any, run: str, n: int, body: str) -> Answer:
        judged.append(body)
        return original(self, run, n, body)

    monkeypatch.setattr(replaying._Worker, "_judge", judge)
    steps: list[float] = []

    def killed(step: float) -> None:
        steps.append(step)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay_law(recorded, book, cache, advance=killed)
    before = len(judged)
    resumed = replay_law(recorded, book, cache)
    whole = replay_law(recorded, book, tmp_path / "other.db")
    assert before > 0
    assert before + resumed.fresh == whole.fresh == len(set(judged)) == len(judged) - whole.fresh
    assert resumed.flips == whole.flips
    assert replay_law(recorded, book, cache).fresh == 0
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600


def test_what_people_decided_is_left_out(recorded: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    record(path, 1)
    with Ledger(path) as ledger:
        ledger.append("r0", [Verdict(action=2, decision="allow", basis="ruling", revision="x", input_hash="h")])
        ledger.append("r0", [Verdict(action=2, decision="escalate", basis="unavailable", revision="x")])
        ledger.append("r0", [Ruling(verdict=3, decision="allow", because="fine", by="ann")])
    found = replay_law(path, default(), tmp_path / "cache.db")
    assert found.left_out == {"ruling": 1, "unavailable": 1}
    assert found.judged == len(COMMANDS)


def test_since(recorded: Path, tmp_path: Path) -> None:
    assert replay_law(recorded, default(), tmp_path / "cache.db", since="2999-01-01").judged == 0
    assert replay_law(recorded, default(), tmp_path / "cache.db", since="2000-01-01").judged == 6 * len(COMMANDS)


@settings(max_examples=30)
@given(st.dictionaries(st.text("ab", min_size=1, max_size=3), st.sampled_from(["allow", "deny"]), max_size=6))
def test_the_cache_keeps_judges_apart(answers: dict[str, Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        one, other = (Cache(Path(folder) / "c.db", [name]) for name in ("one", "other"))
        one.remember(
            (name, Answer(decision=decision, basis="rule", rules=("a.b",))) for name, decision in answers.items()
        )
        assert {name: answer.decision for name, answer in one.known(answers).items()} == answers
        assert other.known(answers) == {}
        one.close()
        other.close()
