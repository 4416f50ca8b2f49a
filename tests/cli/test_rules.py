"""`magistrate rules` as people and pipelines use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ed25519

from magistrate.rulebook.signing import public_key
from magistrate.rulebook.text import shipped_text

RULE = (
    "## Nothing is pushed {#team.no-push authority=team}\n\nThe pipeline pushes.\n\n"
    '```toml\n[match]\ndecision = "DECIDES"\neffect = "vcs-publish"\n```\n\n'
    '### Violates\n\n```transcript\ncwd: /w\nperson: Push it to origin.\ncall bash {"command": "git push origin main"}\n```\n\n'
    '### Complies\n\n```transcript\ncwd: /w\nperson: What changed?\ncall bash {"command": "git diff"}\n```\n'
)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGISTRATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAGISTRATE_RULEBOOK", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()


def rules(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "magistrate", "rules", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))


def repository(text: str) -> Path:
    path = Path(".magistrate") / "rulebook.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_show_names_the_source_of_each_line() -> None:
    path = repository(RULE.replace("DECIDES", "deny"))
    done = rules("show", "--for", ".")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(f"{path}:1  team.no-push  team" in line for line in lines)
    assert any(f"{path}:6" in line and "deny  effect=vcs-publish" in line for line in lines)
    told = [json.loads(line) for line in rules("show", "--json").stdout.splitlines()]
    assert {"source": f"{path}:1", "what": "text", "text": "The pipeline pushes."} in told


def test_check_of_a_layer_fits_a_pull_request() -> None:
    path = repository(RULE.replace("DECIDES", "deny"))
    good = rules("check", path, "--as", "repository")
    assert good.returncode == 0, good.stdout
    assert "2 of 2 examples" in good.stdout
    repository(RULE.replace("DECIDES", "allow").replace("team.no-push", "vcs.publish"))
    bad = rules("check", path, "--as", "repository", "--format", "github")
    assert bad.returncode == 4
    assert bad.stdout.startswith(f"::error file={path},line=1,title=rulebook::`vcs.publish` would replace")
    assert "default.md:" in bad.stdout
    repository("## Broken {#x}\n\nText with a % and\nmore.\n")
    assert "::error" in rules("check", path, "--format", "github").stdout


def test_diff_and_text(tmp_path: Path) -> None:
    desk = rules("text", "desk")
    assert desk.stdout == shipped_text("desk.md")
    new = tmp_path / "new.md"
    new.write_text(shipped_text().replace("Push when asked {", "Push only when asked {"), encoding="utf-8")
    done = rules("diff", new, "--exit-code")
    assert done.returncode == 4
    assert "+ title: Push only when asked" in done.stdout


def test_two_people_change_the_law(tmp_path: Path) -> None:
    state, keys = tmp_path / "state", {}
    for name in ("ana", "bo"):
        keys[name] = tmp_path / name
        private = ed25519.Ed25519PrivateKey.generate()
        keys[name].write_bytes(private.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption()))
    (state / "allowed_signers").write_text("".join(f"{n} {public_key(k)}\n" for n, k in keys.items()))
    new = tmp_path / "new.md"
    new.write_text(shipped_text().replace("Push when asked {", "Push only when asked {"), encoding="utf-8")
    proposed = rules("propose", new, "--author", "ana", "--why", "clearer", "--key", keys["ana"], "--json")
    assert proposed.returncode == 0, proposed.stderr
    name = json.loads(proposed.stdout)["id"]
    short = rules("adopt", name)
    assert short.returncode == 1
    assert "0 of 1 approvals" in short.stderr
    assert "author approves nothing" in rules("approve", name, "--by", "ana", "--key", keys["ana"]).stderr
    assert rules("approve", name[:6], "--by", "bo", "--key", keys["bo"]).returncode == 0
    replayed = rules("replay", new, "--html", tmp_path / "page.html", "--processes", 1)
    assert replayed.returncode == 0, replayed.stderr
    assert "Push only when asked" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert rules("adopt", name, "--by", "ana").returncode == 0
    log = rules("log")
    assert "clearer (adopted)" in log.stdout
    assert "- approved by bo" in log.stdout
    entry = json.loads(rules("log", "--json").stdout.splitlines()[0])
    assert (entry["author"], entry["approvers"], entry["changes"][0]["id"]) == ("ana", ["bo"], "vcs.publish")
    assert "no gap" in rules("gaps").stdout
