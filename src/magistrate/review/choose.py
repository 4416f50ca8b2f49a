"""Which reviewers are asked after bright lines and rules: the screen, a model, or both as a cascade."""

from __future__ import annotations

from pathlib import Path

from magistrate.core.protocols import Reviewer
from magistrate.models.answers import Kept
from magistrate.models.base import Model
from magistrate.models.settings import Settings, connect
from magistrate.review.cascade import Cascade
from magistrate.review.model import ModelReviewer
from magistrate.review.quote import key_at
from magistrate.review.screen import Screen

KEY = "reviewer.key"
ANSWERS = "answers.db"
"""Files in the state folder."""


def reviewers(folder: Path, settings: Settings | None = None, *, screen: bool = True) -> list[Reviewer]:
    """The reviewers in the order in which they are asked. `folder`: where the model's key and answers are kept.

    Raises ConfigError when the model cannot be set up.
    """
    if settings is None:
        return [Screen()] if screen else []
    model = model_reviewer(connect(settings.model, folder), folder, settings)
    if not screen:
        return [model]
    if settings.cascade is None:
        return [Screen(), model]
    return [Cascade(Screen(), model, low=settings.cascade.low, high=settings.cascade.high)]


def alone_and_cascade(folder: Path, settings: Settings) -> list[Reviewer]:
    """The model by itself, and the cascade that asks it where there are thresholds; both ask the same model."""
    model = model_reviewer(connect(settings.model, folder), folder, settings)
    if settings.cascade is None:
        return [model]
    return [model, Cascade(Screen(), model, low=settings.cascade.low, high=settings.cascade.high)]


def model_reviewer(model: Model, folder: Path, settings: Settings) -> ModelReviewer:
    """A model that reviews, its answers kept in the state folder."""
    return ModelReviewer(
        Kept(model, folder / ANSWERS),
        key_at(folder / KEY),
        deadline=settings.model.deadline,
        budget=settings.model.prompt,
        threshold=settings.model.threshold,
    )
