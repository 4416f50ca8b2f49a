"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from magistrate.core.protocols import Reviewer
    from magistrate.core.records import Rulebook

rules_option: Callable[..., Any] = click.option(
    "--rules",
    "rules_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A rulebook; the shipped one is the default.",
)
screen_option: Callable[..., Any] = click.option(
    "--screen/--no-screen", default=True, show_default=True, help="Ask the embedded screen about what the rules allow."
)


def rulebook_at(path: Path | None) -> Rulebook:
    """The rulebook in a file, or the shipped one."""
    from magistrate.rulebook.text import default, load

    return load(path) if path else default()


def reviewers(screen: bool) -> list[Reviewer]:
    """The reviewers that a command asks after the rules."""
    if not screen:
        return []
    from magistrate.review.screen import Screen

    return [Screen()]
