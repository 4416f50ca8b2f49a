"""The report's numbers, the bundle that holds what they come from, and the script that recomputes them without Magistrate."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from magistrate.audit.book import record, take
from magistrate.audit.frame import frame
from magistrate.audit.labelling import Answer, Card, label_all
from magistrate.audit.watch import Settings, Watch, check
from magistrate.core.records import Action, Canary, Label, Ruling, RunStarted, Sample, Verdict, Watched
from magistrate.ledger import Ledger
from magistrate.report.account import Account, account, quantile
from magistrate.report.bundle import write_bundle
from magistrate.report.crosschecks import captured, newest_together, seen_by_people
from magistrate.testing.ledgers import Deed, invented, write_run


class Reads:
    """Reads the truth off the card; every ninth time it cannot tell."""

    def __init__(self, name: str, wrong: int = 0) -> None:
        self.name, self._wrong, self._seen = name, wrong, 0

    def label(self, shown: Card) -> Answer:
        self._seen += 1
        if self._seen % 9 == 0:
            return Answer(says="cannot-tell")
        harmful = ("harmful" in shown.arguments) ^ (self._wrong > 0 and self._seen % self._wrong == 0)
        return Answer(says="harmful" if harmful else "harmless", severity=1)


def canaries(ledger: Ledger) -> None:
    for at in range(12):
        decision: Any = ("deny", "escalate", "allow")[at % 3]
        ledger.append(
            f"test/{at:032x}",
            [
                RunStarted(host="test", role="canary"),
                Canary(family=("rights", "data leaves")[at % 2], difficulty=1 + at % 3, joins="run0"),
                Action(tool="Bash", arguments={"command": "x"}),
                Verdict(action=2, decision=decision, basis="rule", revision="r", rules=("a",)),
            ],
        )


@pytest.fixture(scope="module")
def told() -> Account:
    ledger = Ledger(":memory:")
    for at in range(12):
        write_run(ledger, f"run{at}", invented(60, at, prevalence=0.15), RunStarted(host="ab"[at % 2], model="m"))
    canaries(ledger)
    ledger.commit()
    watches = Settings(watch=(Watch(indicator="rule:a.rule", quiet=20), Watch(indicator="missed-canary", baseline=0.2)))
    check(ledger, watches)
    for at in range(4):
        write_run(ledger, f"late{at}", [Deed(decision="deny")] * 9 * at + [Deed()] * 30)
        ledger.commit()
        check(ledger, watches)
    for budget in (150, 60):
        sample, _, _ = take(ledger, budget, twice=0.5)
        list(label_all(ledger, sample, Reads("ann"), batch=100, most=budget - 10))
        list(label_all(ledger, sample, Reads("bob", wrong=7), batch=100))
    record(ledger, [])
    return account(ledger, unobservable={"a": ("subprocesses of a tool",)})


def run_script(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """With nothing of ours on the path, and in a folder of its own."""
    command = [sys.executable, "-I", "-S", str(folder / "recompute.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env={})


def test_every_number_is_recomputed_by_the_script_alone(told: Account, tmp_path: Path) -> None:
    write_bundle(told, tmp_path / "bundle")
    moved = shutil.move(tmp_path / "bundle", tmp_path / "elsewhere")
    done = run_script(Path(moved))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(told.lines)} of {len(told.lines)} numbers" in done.stdout
    assert len(told.lines) > 100


def test_there_is_a_number_of_every_kind(told: Account) -> None:
    kinds = {line.key.split("/")[0] for line in told.lines}
    assert kinds == {
        "census", "lag", "host", "observed", "sample", "undetected", "canary", "canary least", "canaries", "watched",
            "capture", "together", "lag to ruling", "lag to label",
    }  # fmt: skip
    quantities = {line.key.split("/")[2] for line in told.under("sample/")}
    assert "miss rate, labellers err" in quantities
    assert "prevalence, runs to come" in quantities
    assert told.alarms
    for line in told.under("sample/"):
        assert line.command
        assert line.assumptions


def test_a_changed_number_or_file_is_found_out(told: Account, tmp_path: Path) -> None:
    write_bundle(told, tmp_path)
    labels = tmp_path / "labels.jsonl"
    labels.write_text(labels.read_text().replace("harmful", "harmless", 1))
    assert "labels.jsonl was changed" in run_script(tmp_path).stderr
    write_bundle(told, tmp_path)
    figures = json.loads((tmp_path / "figures.json").read_text())
    figures[0]["value"] += 0.01
    changed = json.dumps(figures)
    (tmp_path / "figures.json").write_text(changed)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    import hashlib

    manifest["files"]["figures.json"] = "sha256:" + hashlib.sha256(changed.encode()).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    done = run_script(tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("DIFFERS")


def test_an_outsider_draws_a_sample_of_their_own(told: Account, tmp_path: Path) -> None:
    write_bundle(told, tmp_path)
    lines = [json.loads(line) for line in run_script(tmp_path, "draw", "20", "theirs").stdout.splitlines()]
    assert len({(line["run"], line["n"]) for line in lines}) == 20
    assert {line["probability"] for line in lines} == {20 / len(told.units)}


def test_no_text_of_an_action_is_in_the_bundle(told: Account, tmp_path: Path) -> None:
    for path in write_bundle(told, tmp_path):
        assert "plain deed" not in path.read_text()
        assert "Do the work" not in path.read_text()


def test_an_empty_ledger_has_nothing_to_say_and_says_so(tmp_path: Path) -> None:
    nothing = account(Ledger(":memory:"))
    assert nothing.line("census/monitored").value is None  # type: ignore[union-attr]
    write_bundle(nothing, tmp_path)
    assert run_script(tmp_path).returncode == 0


@pytest.mark.parametrize(("share", "value"), [(0.5, 5), (0.9, 9), (0.99, 10)])
def test_quantiles_are_values_that_occurred(share: float, value: float) -> None:
    assert quantile([float(one) for one in range(1, 11)], share) == value


# ---------------------------------------------------------------- what checks other numbers


def test_how_soon_people_saw_an_action() -> None:
    ledger = Ledger(":memory:")
    numbers = write_run(ledger, "run", [Deed(decision="escalate"), Deed()])
    at = next(event.at for event in ledger.events("run") if event.n == numbers[1])
    later = (datetime.fromisoformat(at) + timedelta(hours=3)).isoformat(timespec="microseconds")
    ledger.append("run", [Ruling(verdict=3, action=numbers[0], decision="deny", by="ann")])
    ledger.append("run", [Ruling(verdict=99, action=50, decision="deny", by="ann")])  # of nothing that is there
    ledger.commit()
    units = frame(ledger)
    label = Label(sample="s", run="run", n=numbers[1], labeller="ann", says="harmless", probability=0.5, at=later)
    earlier = replace(label, round=2, at=at)
    ruled, labelled = seen_by_people(ledger, units, [label, earlier, replace(label, run="other")])
    assert ruled.ruled is not None
    assert 0 <= ruled.ruled < 60
    assert ruled.labelled is None
    assert labelled.labelled == 0
    assert seen_by_people(ledger, units, [label])[1].labelled == pytest.approx(3 * 3600)


def test_two_labellers_as_two_catches() -> None:
    sample = Sample(id="s", commitment=0, secret="x", checkpoint="c", since=1, upto=9, floor=0.5, strata=(), items=())

    def label(n: int, round_: int, says: Any, **more: Any) -> Label:
        return Label(sample="s", run="r", n=n, labeller=f"p{round_}", says=says, round=round_, probability=0.5, **more)

    given = [label(n, 1, "harmful" if n < 10 else "harmless") for n in range(40)]
    given += [label(n, 2, "harmful" if 8 <= n < 18 else "cannot-tell" if n == 39 else "harmless") for n in range(40)]
    found = captured(sample, [*given, label(50, 1, "harmful"), label(51, 1, "harmful", blind=False)])
    assert found
    assert (found.twice, found.union) == (39, 18)
    assert found.total == pytest.approx(11 * 11 / 3 - 1)
    assert found.alarm
    assert captured(sample, given[:40]) is None


def test_all_indicators_of_a_check_are_averaged() -> None:
    def batch(name: str, evidence: float, upto: int) -> Watched:
        return Watched(
            indicator=name,
            batch=f"..{upto}",
            events=0,
            trials=1,
            baseline=0.1,
            state=(0.0,),
            evidence=evidence,
            upto=upto,
        )

    assert newest_together([]) == []
    last = newest_together([batch("a", 900, 5), batch("b", 10, 5), batch("a", 3, 9), batch("b", 5, 9)])
    assert [one.evidence for one in last] == [3, 5]
