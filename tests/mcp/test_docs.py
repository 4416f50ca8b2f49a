"""What docs/mcp.md shows is run, with the small server in place of the one it names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("mcp_types", reason="the MCP library is not installed")

from magistrate.cli.mcp import mcp

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "mcp.md").read_text(encoding="utf-8")


def test_the_configuration_starts_a_proxy(tmp_path: Path) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", TEXT, flags=re.S)
    (entry,) = json.loads(block)["mcpServers"].values()
    assert entry["command"] == "magistrate"
    words = entry["args"][: entry["args"].index("--") + 1]
    words[1:1] = ["--in-process", "--ledger", str(tmp_path / "ledger.db")]
    done = subprocess.run(
        [sys.executable, "-m", "magistrate", *words, sys.executable, str(Path(__file__).parent / "small_server.py")],
        input=b"",
        capture_output=True,
        cwd=tmp_path,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_option_is_documented() -> None:
    said = CliRunner().invoke(mcp, ["--help"]).output
    for option in re.findall(r"^\s+(--[a-z-]+)", said, flags=re.M):
        assert f"`{option}" in TEXT or option == "--help", option
