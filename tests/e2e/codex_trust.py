"""What a person does in Codex under /hooks: look at new hooks and trust them. Here through its app-server, which /hooks is made of."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE = 30


def hooks(program: str, cwd: Path, env: Mapping[str, str]) -> list[dict[str, Any]]:
    """Codex's own list of the hooks that it knows, with their hashes and whether they are trusted."""
    asked = [
        {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "e2e", "title": "e2e", "version": "1"}}},
        {"method": "initialized"},
        {"id": 2, "method": "hooks/list", "params": {"cwds": [str(cwd)]}},
    ]
    with subprocess.Popen(
        [program, "app-server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=cwd,
        env=env,
    ) as server:
        assert server.stdin
        assert server.stdout
        for message in asked:
            server.stdin.write(json.dumps(message) + "\n")
        server.stdin.flush()
        answers = (json.loads(line) for line in server.stdout)
        listed = next(answer for answer in answers if answer.get("id") == 2)
        server.kill()
    return [hook for entry in listed["result"]["data"] for hook in entry["hooks"]]


def trust(program: str, cwd: Path, env: Mapping[str, str], config: Path) -> None:
    """Trust what is not yet trusted."""
    new = [hook for hook in hooks(program, cwd, env) if hook["trustStatus"] != "trusted"]
    lines = [f'\n[hooks.state."{hook["key"]}"]\ntrusted_hash = "{hook["currentHash"]}"\n' for hook in new]
    with config.open("a", encoding="utf-8") as file:
        file.writelines(lines)
