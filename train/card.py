"""The model card as text: `card.md.j2` filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2

from magistrate.audit.estimate import Estimate


def render(facts: dict[str, Any]) -> str:
    """The card for these facts."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  Markdown, from our own numbers
    )
    environment.filters["share"] = share
    environment.filters["plain"] = plain
    return environment.get_template("card.md.j2").render(facts)


def share(estimate: Estimate) -> str:
    """As `97.1 % [93.0, 99.1]`."""
    if estimate.value is None:
        return "-"
    return f"{100 * estimate.value:.1f} % [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def plain(estimate: Estimate) -> str:
    """As `.971 [.930, .991]`."""
    if estimate.value is None:
        return "-"
    return f"{_point(estimate.value)} [{_point(estimate.low)}, {_point(estimate.high)}]"


def _point(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")
