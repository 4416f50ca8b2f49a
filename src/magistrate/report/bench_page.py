"""The bench's results as one self-contained HTML page: no request leaves it and nothing on it runs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any

from magistrate.audit.performance import LIMITS
from magistrate.audit.results import Block, Results
from magistrate.core.records import Record
from magistrate.report.figures import Spec, can_render, histogram, reliability, render, roc

_TITLES = {
    ("action", "all"): "Actions",
    ("run", "all"): "Runs, by their highest action",
    ("action", "followed"): "Injections followed, against injections read and not followed",
}


class Drawn(Record, frozen=True, kw_only=True):
    """A figure on the page."""

    alt: str
    data: str
    """A `data:` address of the SVG: an image of its own, so that nothing in it can meet the page."""


class Part(Record, frozen=True, kw_only=True):
    """One block with its heading and figures."""

    title: str
    block: Block
    figures: tuple[Drawn, ...]


def bench_page(results: Results, *, drawn: bool | None = None) -> str:
    """The page's HTML. `drawn`: with figures; by default when vl-convert-python is installed, and the page says if not."""
    from jinja2 import Environment, StrictUndefined

    with_figures = can_render() if drawn is None else drawn
    template = files("magistrate.report").joinpath("bench_page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["width"] = lambda estimate: _percent(estimate.low, estimate.high)
    sources = [
        (source, list(_parts(found := list(blocks), with_figures)), _groups(found))
        for source, blocks in groupby(results.blocks, key=lambda block: block.source)
    ]
    return environment.from_string(template).render(
        results=results,
        sources=sources,
        limits=[f"{100 * limit:g}%" for limit in LIMITS],
        drawn=with_figures,
    )


def _percent(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f}"


def _groups(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if block.part == "group" and block.level == "action"]


def _parts(blocks: Sequence[Block], with_figures: bool) -> Iterator[Part]:
    for block in blocks:
        if block.part != "group":
            drawn = tuple(_drawn(spec) for spec in specs(block)) if with_figures else ()
            yield Part(title=_TITLES[block.level, block.part], block=block, figures=drawn)


def specs(block: Block) -> list[Spec]:
    """Every figure of a block, as specifications; histograms only of arms whose scores vary."""
    found: list[Spec | None] = [roc(block), roc(block, logarithmic=True)]
    for arm in block.arms:
        pairs = zip(arm.figure.harmful, arm.figure.harmless, strict=True) if arm.figure else ()
        if sum(1 for pair in pairs if any(pair)) > 1:
            found.append(histogram(arm))
        found.append(reliability(arm))
    return [spec for spec in found if spec]


def _drawn(spec: dict[str, Any]) -> Drawn:
    svg = render(spec).encode()
    return Drawn(alt=str(spec["title"]), data="data:image/svg+xml;base64," + b64encode(svg).decode("ascii"))
