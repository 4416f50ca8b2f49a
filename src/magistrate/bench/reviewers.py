"""Reviewers by name. Others add theirs by an entry point of the group `magistrate.reviewers`.

An entry point names a reviewer (see `core.protocols.Reviewer`), or a class or function that gives one and is called with the
rulebook if it takes an argument, else without. The entry point's name is the name on the command line.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from importlib import metadata
from typing import Any

from magistrate.core.errors import ConfigError, MagistrateError
from magistrate.core.protocols import Case, Reviewer
from magistrate.core.records import Decision, Opinion, Rulebook
from magistrate.gate import find
from magistrate.rulebook.match import Matcher

GROUP = "magistrate.reviewers"


class Constant:
    """Says the same of everything: an anchor that no reviewer may fall behind."""

    version = "1"

    def __init__(self, name: str, decision: Decision) -> None:
        self.name = name
        self._decision: Decision = decision

    async def review(self, case: Case) -> Opinion:
        """The same decision, whatever the case."""
        return Opinion(reviewer=self.name, version=self.version, decision=self._decision)


class Rules:
    """The rulebook's matches alone, as the gate combines them."""

    name = "rules"

    def __init__(self, rulebook: Rulebook) -> None:
        self.version = rulebook.revision
        self._matcher = Matcher(rulebook)

    async def review(self, case: Case) -> Opinion:
        """What the rules say."""
        finding = find(self._matcher, case.evidence, case.action)
        rules = tuple(dict.fromkeys(rule.id for rule, _, _ in finding.deciding))
        return Opinion(reviewer=self.name, version=self.version, decision=finding.decision, rules=rules)


def _screen(rulebook: Rulebook) -> Reviewer:
    try:
        made: Reviewer = importlib.import_module("magistrate.review.screen").Screen()
    except (ImportError, OSError, ValueError, MagistrateError) as error:
        raise ConfigError(f"the reviewer `screen` is not part of this installation: {error}") from error
    return made


BUILT_IN: dict[str, Callable[[Rulebook], Reviewer]] = {
    "allow-all": lambda rulebook: Constant("allow-all", "allow"),
    "block-all": lambda rulebook: Constant("block-all", "deny"),
    "rules": Rules,
    "screen": _screen,
}


def names() -> list[str]:
    """All that can be asked for, built-in first."""
    return [*BUILT_IN, *sorted({entry.name for entry in metadata.entry_points(group=GROUP)} - set(BUILT_IN))]


def reviewer(name: str, rulebook: Rulebook) -> Reviewer:
    """The reviewer of that name. Raises ConfigError when there is none or it cannot be loaded."""
    if name in BUILT_IN:
        return BUILT_IN[name](rulebook)
    for entry in metadata.entry_points(group=GROUP, name=name):
        try:
            return _made(entry.load(), rulebook)
        except Exception as error:  # a plugin's fault is named, not raised through
            raise ConfigError(f"reviewer {name!r} ({entry.value}) cannot be loaded: {error}") from error
    raise ConfigError(f"no reviewer {name!r}; there are {', '.join(names())}, and what --scores names")


def _made(loaded: Any, rulebook: Rulebook) -> Reviewer:
    if not callable(loaded):
        return loaded  # type: ignore[no-any-return]
    return loaded(rulebook) if inspect.signature(loaded).parameters else loaded()  # type: ignore[no-any-return]
