"""Handlers by command name, merged from every module of this package that has a `HANDLERS` table."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

from magistrate.evidence.effects.command import Handler
from magistrate.evidence.effects.commands.generic import unknown_program
from magistrate.evidence.effects.commands.runners import RUNNERS, running


def _merge() -> dict[str, Handler]:
    merged: dict[str, Handler] = {}
    owner: dict[str, str] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda item: item.name):
        table: Mapping[str, Handler] = getattr(importlib.import_module(f"{__name__}.{module.name}"), "HANDLERS", {})
        for name, handler in table.items():
            if name in merged:
                raise ValueError(f"command {name!r} is handled by both {owner[name]} and {module.name}")
            merged[name], owner[name] = handler, module.name
    return merged | {name: running(runner, merged.get(name, unknown_program)) for name, runner in RUNNERS.items()}


HANDLERS: Mapping[str, Handler] = _merge()
"""One handler a name; two modules that claim the same name are an error at import."""
