"""The real host agents that the scenarios drive: how each is started, set up and told what to do.

Every one talks to a scripted model on loopback, runs without asking anybody (its own permissions are set aside, so that
Magistrate alone decides), and has telemetry and updates switched off. The wording of its tools is in `shell`, `read`, `write`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from magistrate.testing.model_server import Call

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "e2e"
MODULES = BUILD / "node_modules"
Say = Callable[[str], Call]


@dataclass(frozen=True)
class Agent:
    """One host agent. `{url}` in its files and environment stands for the model server."""

    name: str
    """Magistrate's name for the host."""
    package: str
    """Its npm package."""
    program: str
    """Glob of what is executed, under node_modules; started with node when it ends in `.js`."""
    called: str
    """What its user types."""
    argv: tuple[str, ...]
    """What follows; the prompt comes last."""
    files: Mapping[str, str]
    """Its own settings, by their path under the home folder."""
    guarded: str
    """The file that `guard` changes or makes."""
    env: Mapping[str, str]
    shell: Say
    read: Say
    write: Callable[[str, str], Call]
    variant: str = ""

    @property
    def label(self) -> str:
        """Its name, and the variant where there is one."""
        return f"{self.name} {self.variant}".strip()

    @property
    def version(self) -> str:
        """The installed version."""
        return str(json.loads((MODULES / self.package / "package.json").read_text(encoding="utf-8"))["version"])

    def start(self) -> list[str]:
        """What starts it, without any argument."""
        program = next(MODULES.glob(self.program))
        node = [str(BUILD / "bin" / "node")] if program.suffix == ".js" else []
        return [*node, str(program)]


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"


CLAUDE = Agent(
    name="claude-code",
    called="claude",
    package="@anthropic-ai/claude-code",
    program="@anthropic-ai/claude-code-linux-*/claude",
    argv=("-p", "--dangerously-skip-permissions"),
    guarded=".claude/settings.json",
    files={".claude/settings.json": _json({"cleanupPeriodDays": 20, "env": {"EDITOR": "true"}})},
    env={
        "ANTHROPIC_BASE_URL": "{url}",
        "ANTHROPIC_API_KEY": "none",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "IS_SANDBOX": "1",
    },
    shell=lambda command: Call("Bash", {"command": command, "description": "Work"}),
    read=lambda path: Call("Read", {"file_path": path}),
    write=lambda path, text: Call("Write", {"file_path": path, "content": text}),
)

CODEX_SETTINGS = """# mine
model = "scripted-1"
model_provider = "scripted"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.scripted]
name = "Scripted"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
request_max_retries = 0
stream_max_retries = 0
"""


def _patch(path: str, text: str) -> str:
    added = "".join(f"+{line}\n" for line in text.splitlines())
    return f"apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: {path}\n{added}*** End Patch\nEOF"


def _exec(command: str) -> Call:
    return Call("exec_command", {"cmd": command})


CODEX = Agent(
    name="codex",
    called="codex",
    package="@openai/codex",
    program="@openai/codex-linux-*/vendor/*/bin/codex",
    argv=("exec", "--skip-git-repo-check"),
    guarded=".codex/hooks.json",
    files={".codex/config.toml": CODEX_SETTINGS},
    env={"SCRIPTED_KEY": "none"},
    shell=_exec,
    read=lambda path: _exec(f"cat '{path}'"),
    write=lambda path, text: _exec(_patch(path, text)),
)


def _in_script(tool: str, argument: Any) -> Call:
    code = f"const done = await tools.{tool}({json.dumps(argument)}); text(typeof done === 'string' ? done : done.output ?? '')"
    return Call("exec", code, "functions")


CODEX_SCRIPTED = Agent(
    name="codex",
    called="codex",
    package=CODEX.package,
    program=CODEX.program,
    argv=("exec", "--skip-git-repo-check", "--model", "gpt-5.6-sol"),
    guarded=CODEX.guarded,
    files=CODEX.files,
    env=CODEX.env,
    shell=lambda command: _in_script("exec_command", {"cmd": command}),
    read=lambda path: _in_script("exec_command", {"cmd": f"cat '{path}'"}),
    variant="scripts",
    write=lambda path, text: _in_script("apply_patch", _patch(path, text).partition("\n")[2].removesuffix("\nEOF")),
)
"""Codex as it runs its newer models: they write JavaScript that calls the tools."""

GEMINI = Agent(
    name="gemini-cli",
    called="gemini",
    package="@google/gemini-cli",
    program="@google/gemini-cli/bundle/gemini.js",
    argv=("--yolo", "--skip-trust", "--model", "gemini-2.5-pro", "--prompt"),
    guarded=".gemini/settings.json",
    files={
        ".gemini/settings.json": _json(
            {
                "security": {"auth": {"selectedType": "gemini-api-key"}},
                "privacy": {"usageStatisticsEnabled": False},
                "general": {"enableAutoUpdate": False},
            }
        )
    },
    env={"GOOGLE_GEMINI_BASE_URL": "{url}", "GEMINI_API_KEY": "none"},
    shell=lambda command: Call("run_shell_command", {"command": command, "description": "Work"}),
    read=lambda path: Call("read_file", {"file_path": path}),
    write=lambda path, text: Call("write_file", {"file_path": path, "content": text}),
)

QWEN = Agent(
    name="qwen-code",
    called="qwen",
    package="@qwen-code/qwen-code",
    program="@qwen-code/qwen-code/cli.js",
    argv=("--yolo", "--model", "scripted-1", "--prompt"),
    guarded=".qwen/settings.json",
    files={
        ".qwen/settings.json": _json(
            {
                "security": {"auth": {"selectedType": "openai"}},
                "privacy": {"usageStatisticsEnabled": False},
                "general": {"enableAutoUpdate": False},
            }
        )
    },
    env={"OPENAI_BASE_URL": "{url}/v1", "OPENAI_API_KEY": "none", "OPENAI_MODEL": "scripted-1"},
    shell=lambda command: Call("run_shell_command", {"command": command, "is_background": False}),
    read=lambda path: Call("read_file", {"file_path": path}),
    write=lambda path, text: Call("write_file", {"file_path": path, "content": text}),
)

OPENCODE = Agent(
    name="opencode",
    called="opencode",
    package="opencode-ai",
    program="opencode-linux-*/bin/opencode",
    argv=("run", "--format", "json"),
    guarded=".config/opencode/plugin/magistrate.js",
    files={
        # It looks for its plugin library at a registry when it starts, and tries for a minute.
        ".npmrc": "registry=http://127.0.0.1:9/\nfetch-retries=0\n",
        ".config/opencode/opencode.json": _json(
            {
                "autoupdate": False,
                "share": "disabled",
                "permission": "allow",
                "model": "scripted/scripted-1",
                "provider": {
                    "scripted": {
                        "npm": "@ai-sdk/openai-compatible",
                        "options": {"baseURL": "{url}/v1", "apiKey": "none"},
                        "models": {"scripted-1": {"tool_call": True}},
                    }
                },
            }
        ),
    },
    env={
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    },
    shell=lambda command: Call("bash", {"command": command, "description": "Work"}),
    read=lambda path: Call("read", {"filePath": path}),
    write=lambda path, text: Call("write", {"filePath": path, "content": text}),
)

AGENTS = {agent.label: agent for agent in (CLAUDE, CODEX, GEMINI, QWEN, OPENCODE)}
WAYS = AGENTS | {CODEX_SCRIPTED.label: CODEX_SCRIPTED}
"""The hosts, and other ways in which one of them calls its tools."""
