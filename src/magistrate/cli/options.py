"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from magistrate.core.config import state_dir
from magistrate.core.errors import ConfigError

if TYPE_CHECKING:
    from magistrate.core.protocols import Reviewer
    from magistrate.core.records import Rulebook
    from magistrate.hosts.live.wiring import Place, Scope, Wiring
    from magistrate.models.settings import Settings

Result = TypeVar("Result")

rules_option: Callable[..., Any] = click.option(
    "--rules",
    "rules_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A rulebook; the shipped one is the default.",
)
screen_option: Callable[..., Any] = click.option(
    "--screen/--no-screen", default=True, show_default=True, help="Ask the embedded screen about what the rules allow."
)

state_option: Callable[..., Any] = click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), help="State folder; yours is the default."
)
config_option: Callable[..., Any] = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="This file of settings, instead of the usual one."
)


def scope_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whose settings: `--user`, `--project`, `--managed`."""
    for scope, whose in (("managed", "the machine's"), ("project", "this folder's"), ("user", "yours; the default")):
        command = click.option(
            f"--{scope}", "scope", flag_value=scope, default="user", help=f"The settings are {whose}."
        )(command)
    return command


def place_of(host: str, scope: Scope, config: Path | None) -> tuple[Wiring, Place]:
    """How a host is wired, and the file of its settings. Raises ConfigError."""
    from magistrate.core.errors import ConfigError
    from magistrate.hosts.live.wiring import WIRINGS, Place

    if host not in WIRINGS:
        raise ConfigError(f"no host {host!r}: known are {', '.join(WIRINGS)}")
    wiring = WIRINGS[host]
    if config:
        return wiring, Place(file=config.absolute(), root=config.absolute().parent)
    return wiring, wiring.place(scope, home=Path.home(), project=Path.cwd(), env=os.environ)


model_option: Callable[..., Any] = click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Settings of a language model to ask as well (docs/models.md).",
)


def rulebook_at(path: Path | None) -> Rulebook:
    """The rulebook in a file, or the shipped one."""
    from magistrate.rulebook.text import default, load

    return load(path) if path else default()


def reviewers(screen: bool, model_path: Path | None = None) -> list[Reviewer]:
    """The reviewers that a command asks after the rules."""
    if not screen and model_path is None:
        return []
    from magistrate.review.choose import reviewers as chosen

    return chosen(state_dir(), _settings(model_path), screen=screen)


def model_reviewers(model_path: Path | None) -> list[Reviewer]:
    """The model by itself, and behind the screen where the settings have thresholds for that."""
    settings = _settings(model_path)
    if settings is None:
        return []
    from magistrate.review.choose import alone_and_cascade

    return alone_and_cascade(state_dir(), settings)


def _settings(model_path: Path | None) -> Settings | None:
    if model_path is None:
        return None
    from magistrate.models.settings import load

    return load(model_path)


async def closing(work: Awaitable[Result], used: Iterable[Reviewer]) -> Result:
    """Do the work, then let go of what reviewers hold (a model's connections)."""
    try:
        return await work
    finally:
        from magistrate.core.protocols import let_go

        await let_go(used)


def need_scipy(who: str) -> None:
    """Say what is missing before any work is done. Raises ConfigError."""
    if find_spec("scipy") is None:
        raise ConfigError(f"{who} needs scipy for its intervals: pip install 'magistrate[audit]'")
