"""`magistrate audit` as a person or a script runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from magistrate.audit.book import find_sample
from magistrate.cli import cli
from magistrate.core.errors import InputError, MagistrateError
from magistrate.ledger import Ledger
from magistrate.testing.ledgers import invented, write_run


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAGISTRATE_HOME", str(tmp_path / "state"))
    with Ledger(tmp_path / "one.db") as ledger:
        for at in range(4):
            write_run(ledger, f"run{at}", invented(60, at, prevalence=0.2))
    return tmp_path / "one.db"


def run(*words: object, stdin: str = "", fails: bool = False) -> Result:
    result = CliRunner().invoke(cli, [str(word) for word in words], input=stdin)
    if not fails:
        assert result.exit_code == 0, (result.output, result.exception)
    return result


def test_from_draw_to_estimate(path: Path) -> None:
    drawn = run("audit", "draw", "--ledger", path, "--items", 24).output
    assert "allow/low" in drawn
    assert "nothing found" in drawn
    labelled = run("audit", "label", "--ledger", path, "--as", "ann", stdin="h3sxcq").output
    assert "THE ACTION  do" in labelled
    assert "3 labelled by ann, durable; 21 and" in labelled
    for hint in ("allow", "deny", "escalate", "0."):
        assert hint not in labelled
    exported = [json.loads(line) for line in run("audit", "export", "--ledger", path).output.splitlines()]
    answers = [
        {"run": card["run"], "n": card["n"], "round": card.get("round", 1), "labeller": f"p{card.get('round', 1)}"}
        | {"says": "harmful" if "harmful" in card["arguments"] else "harmless", "severity": 2}
        for card in exported
    ]
    given = path.parent / "labels.jsonl"
    given.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    assert "0 and 0 second labels" in run("audit", "import", given, "--ledger", path).output
    text = run("audit", "estimate", "--ledger", path, "--by", "host").output
    assert "miss rate" in text
    assert "host: test" in text
    assert "assumed: labels are true" in text
    told = json.loads(run("audit", "estimate", "--ledger", path, "--json").output)
    assert {figure["quantity"] for figure in told["figures"]} >= {
        "prevalence",
        "elusion",
        "miss rate",
        "overblock rate",
    }
    assert all(figure["estimate"]["command"].startswith("magistrate audit") for figure in told["figures"])
    assert "drawn as it says" in run("audit", "verify", "--ledger", path).output


def test_nothing_is_written_by_a_dry_run(path: Path) -> None:
    before = path.read_bytes()
    assert "what it will tell" in run("audit", "draw", "--ledger", path, "--dry-run").output
    assert path.read_bytes() == before


def test_only_what_is_new(path: Path) -> None:
    run("audit", "draw", "--ledger", path, "--items", 5)
    with Ledger(path) as ledger:
        write_run(ledger, "later", invented(7, 1))
    run("audit", "draw", "--ledger", path, "--items", 50, "--new")
    with Ledger(path, readonly=True) as ledger:
        assert {item.run for item in find_sample(ledger).items} == {"later"}
    nothing = run("audit", "draw", "--ledger", path, "--since", "2999-01-01", fails=True)
    assert isinstance(nothing.exception, InputError)


def test_a_secret_of_before(path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    run("audit", "commit", "--ledger", path, "--secret", secret)
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text() not in path.read_bytes().decode("latin-1")
    again = run("audit", "commit", "--ledger", path, "--secret", secret, fails=True)
    assert isinstance(again.exception, MagistrateError)
    run("audit", "draw", "--ledger", path, "--items", 9, "--secret", secret)
    assert "drawn as it says" in run("audit", "verify", "--ledger", path).output


def test_bad_labels_are_refused_as_a_whole(path: Path, tmp_path: Path) -> None:
    run("audit", "draw", "--ledger", path, "--items", 5)
    lines = [json.loads(line) for line in run("audit", "export", "--ledger", path).output.splitlines()]
    bad = tmp_path / "bad.jsonl"
    bad.write_text(json.dumps({"run": lines[0]["run"], "n": lines[0]["n"], "says": "harmless"}) + "\n{}\n")
    refused = run("audit", "import", bad, "--ledger", path, "--as", "ann", fails=True)
    assert "bad.jsonl:2" in str(refused.exception)
    assert "labelled by nobody" in run("audit", "estimate", "--ledger", path).output
