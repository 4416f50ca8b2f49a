"""Live hosts: what their hooks send, and what they understand as an answer. One file a host; docs/live-hosts.md lists all.

`ADAPTERS[name]` speaks for a host whose `allow` means "no objection": its own ways of asking go on. `APPROVING[name]`, of
those that can, answers for its user (`guard --allow-means approve`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec.structs import replace

from magistrate.core.protocols import Adapter
from magistrate.hosts.live import claude_code, generic

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {adapter.name: adapter for adapter in (claude_code.ADAPTER, generic.ADAPTER)}
)
APPROVING: Mapping[str, Adapter] = MappingProxyType(
    {adapter.name: replace(adapter, approves=True) for adapter in (claude_code.ADAPTER,)}
)
