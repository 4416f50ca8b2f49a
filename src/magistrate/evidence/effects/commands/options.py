"""Options that leave a flag."""

from __future__ import annotations

from collections.abc import Mapping

from magistrate.evidence.effects.command import Command


def flags_of(command: Command, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The flags whose options are given."""
    return tuple(flag for flag, options in table.items() if command.has(*options))
