"""Live hosts: what their hooks send, and what they understand as an answer. One file a host; docs/live-hosts.md lists all.

`ADAPTERS[name]` speaks for a host whose `allow` means "no objection": its own ways of asking go on. `APPROVING[name]`, of
those that can, answers for its user too (`guard --allow-means approve`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import replace

from magistrate.core.protocols import Adapter
from magistrate.hosts.live import (
    claude_code,
    codex,
    copilot,
    cursor,
    gemini_cli,
    generic,
    opencode,
    qwen_code,
    vscode,
)
from magistrate.hosts.live.snake import Hooks

HOOKS: tuple[Hooks, ...] = (
    claude_code.ADAPTER,
    codex.ADAPTER,
    gemini_cli.ADAPTER,
    qwen_code.ADAPTER,
    copilot.ADAPTER,
    vscode.ADAPTER,
    cursor.ADAPTER,
    opencode.ADAPTER,
)
"""Hosts of the shared shape."""
ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {**{adapter.name: adapter for adapter in HOOKS}, generic.NAME: generic.ADAPTER}
)
APPROVING: Mapping[str, Adapter] = MappingProxyType(
    {adapter.name: replace(adapter, approves=True) for adapter in HOOKS if adapter.approving}
)
