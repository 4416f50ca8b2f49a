"""What the documentation shows is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from magistrate.core.intake import Intake, head_of

ROOT = Path(__file__).resolve().parents[1]


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), flags=re.S)


def test_a_host_in_forty_lines(tmp_path: Path) -> None:
    (code,) = blocks("CONTRIBUTING.md", "python")
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 40
    namespace: dict[str, object] = {"__name__": "acme"}
    exec(compile(code, "CONTRIBUTING.md", "exec"), namespace)
    path = tmp_path / "s1.jsonl"
    said = [
        {"who": "user", "say": "List the files."},
        {"do": "bash", "with": {"command": "ls"}, "gave": "a.txt"},
        {"do": 7},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in said))
    importer = namespace["Acme"]()  # type: ignore[operator]
    assert importer.claims(head_of(path))
    intake = Intake()
    (session,) = importer.read(path, intake)
    assert [type(event).__name__ for event in session.events] == ["Message", "Action", "Outcome"]
    assert [problem.line for problem in intake.problems] == [3]


def test_every_command_is_documented() -> None:
    import magistrate.cli

    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name in magistrate.cli._COMMANDS:
        assert f"## magistrate {name}" in text, name


def test_the_documented_question_gets_an_answer() -> None:
    (question,) = blocks("docs/commands.md", "json")
    done = subprocess.run(
        [sys.executable, "-m", "magistrate", "explain"], input=question, capture_output=True, text=True, check=True
    )
    assert "the person said not to" in done.stdout


def test_the_documented_settings_of_a_model_are_read(tmp_path: Path) -> None:
    from magistrate.models.settings import load

    (text,) = blocks("docs/models.md", "toml")
    path = tmp_path / "model.toml"
    path.write_text(text)
    settings = load(path)
    assert settings.cascade is not None
    assert settings.model.price == (0.15, 0.6)


@pytest.mark.parametrize("path", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda path: path.name)
def test_links_between_documents_hold(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_no_registry_host_and_no_machine_path_is_committed() -> None:
    """Committed text names no package index and no folder of some machine."""
    wrong = re.compile(
        r"(?:files\.pythonhosted|pypi\.(?:org|python)|registry\.npmjs|--index-url|--find-links)|/home/runner|/opt/pypi"
    )
    names = [*ROOT.glob("*"), *ROOT.glob("requirements/*"), *ROOT.glob("docs/*"), *ROOT.glob(".ci/*")]
    for path in names:
        if path.is_file() and path.suffix in ("", ".md", ".toml", ".txt", ".in"):
            found = wrong.search(path.read_text(encoding="utf-8", errors="replace"))
            assert not found, f"{path}: {found}"
