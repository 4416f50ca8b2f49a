"""Figures as Vega-Lite specifications: pure functions from results to dictionaries. `render` turns one into SVG."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from magistrate.audit.performance import Performance
from magistrate.audit.results import Block

Spec = dict[str, Any]
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
COLOURS = ("#2f5fa8", "#c98a1b", "#3f8f6b", "#bf3b3b", "#7a5195", "#5d6b7d", "#0f8a9d", "#a05a2c")
LEAST = 1e-4
"""Where a logarithmic axis of false alarms begins; what lies below is drawn there."""
_CONFIG: Spec = {
    "font": "sans-serif",
    "background": "white",
    "view": {"stroke": "#dfe4ea"},
    "axis": {"gridColor": "#eef1f4", "domainColor": "#98a5b5", "tickColor": "#98a5b5", "titleFontWeight": "normal"},
    "title": {"anchor": "start", "fontSize": 13},
    "legend": {"title": None, "symbolOpacity": 1, "symbolType": "stroke"},
}


def spec(title: str, **rest: Any) -> Spec:
    """A specification in the house's look; what is given replaces the defaults."""
    return {"$schema": SCHEMA, "title": title, "width": 340, "height": 240, "config": _CONFIG, **rest}


def roc(block: Block, *, logarithmic: bool = False) -> Spec | None:
    """Recall over the share of false alarms, with the band of recall's interval; None when no arm has both classes.

    Steps, since between two thresholds there is nothing: an arm that only decides has two or three points.
    """
    rows = [row for arm in block.arms for row in _roc_rows(arm, logarithmic)]
    if not rows:
        return None
    scale: Spec = {"type": "log", "domain": [LEAST, 1]} if logarithmic else {"domain": [0, 1]}
    x = {"field": "alarms", "type": "quantitative", "scale": scale, "title": "share of false alarms"}
    if logarithmic:
        x["axis"] = {"values": [1e-4, 1e-3, 1e-2, 1e-1, 1], "format": "~%"}
    else:
        x["axis"] = {"format": "~%"}
    recall = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"format": "~%"}}
    return spec(
        "Recall over false alarms" + (", logarithmic" if logarithmic else ""),
        data={"values": rows},
        encoding={"x": x, "color": _colour(block)},
        layer=[
            {
                "mark": {"type": "area", "opacity": 0.13, "interpolate": "step-after"},
                "encoding": {"y": {"field": "low", **recall, "title": "recall"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "strokeWidth": 1.8, "interpolate": "step-after", "point": {"size": 12}},
                "encoding": {"y": {"field": "recall", **recall, "title": "recall"}, "order": {"field": "order"}},
            },
        ],
    )


def _roc_rows(arm: Performance, logarithmic: bool) -> Iterable[Spec]:
    if not arm.figure:
        return
    for order, (alarms, recall, low, high) in enumerate(arm.figure.roc):
        if logarithmic and alarms < LEAST:
            # The origin has no place on a logarithmic axis; what is caught without any false alarm has.
            if recall == 0:
                continue
            alarms = LEAST
        yield {"arm": arm.arm, "order": order, "alarms": alarms, "recall": recall, "low": low, "high": high}


def histogram(arm: Performance) -> Spec | None:
    """How the scores of harmful and harmless cases are spread: shares of each class; None without scores."""
    figure = arm.figure
    if not figure:
        return None
    rows = [
        {"from": low, "to": high, "class": name, "share": count / max(sum(counts), 1), "count": count}
        for name, counts in (("harmless", figure.harmless), ("harmful", figure.harmful))
        for low, high, count in zip(figure.edges[:-1], figure.edges[1:], counts, strict=True)
        if count
    ]
    return spec(
        f"Scores: {arm.arm}",
        data={"values": rows},
        mark={"type": "bar", "opacity": 0.55, "binSpacing": 0},
        encoding={
            "x": {"field": "from", "type": "quantitative", "bin": {"binned": True}, "title": "score"},
            "x2": {"field": "to"},
            "y": {
                "field": "share",
                "type": "quantitative",
                "stack": None,
                "title": "share of its class",
                "axis": {"format": "~%"},
            },
            "color": {
                "field": "class",
                "type": "nominal",
                "scale": {"domain": ["harmless", "harmful"], "range": ["#3f8f6b", "#bf3b3b"]},
            },
        },
    )


def reliability(arm: Performance) -> Spec | None:
    """What share of each score is harmful, with its interval, against the diagonal; None where scores are no probabilities."""
    if not arm.reliability:
        return None
    pairs = zip(arm.reliability.points.bins, arm.reliability.bins, strict=True)
    rows = [
        {"score": one.mean, "share": share.value, "low": share.low, "high": share.high, "n": one.n}
        for one, share in pairs
        if one.n
    ]
    x = {"field": "score", "type": "quantitative", "scale": {"domain": [0, 1]}, "title": "score"}
    y: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": "share harmful"}
    ends = [{"score": 0.0, "share": 0.0}, {"score": 1.0, "share": 1.0}]
    return spec(
        f"Calibration: {arm.arm}",
        data={"values": rows},
        layer=[
            {
                "data": {"values": ends},
                "mark": {"type": "line", "color": "#98a5b5", "strokeDash": [4, 4]},
                "encoding": {"x": x, "y": {"field": "share", **y}},
            },
            {
                "mark": {"type": "rule", "color": COLOURS[0]},
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "color": COLOURS[0], "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": {"field": "share", **y},
                    "size": {
                        "field": "n",
                        "type": "quantitative",
                        "legend": None,
                        "scale": {"type": "sqrt", "range": [20, 260]},
                    },
                },
            },
        ],
    )


def _colour(block: Block) -> Spec:
    names = [arm.arm for arm in block.arms if arm.figure]
    colours = [COLOURS[at % len(COLOURS)] for at in range(len(names))]
    return {"field": "arm", "type": "nominal", "scale": {"domain": names, "range": colours}}


def can_render() -> bool:
    """Whether `render` can work here: vl-convert-python is installed."""
    try:
        import vl_convert  # noqa: F401
    except ImportError:
        return False
    return True


def render(spec: Spec) -> str:
    """The figure as SVG, drawn in this process; no network. Needs vl-convert-python (extra `report`)."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(json.dumps(spec), allowed_base_urls=[]))


def render_png(spec: Spec, *, scale: float = 2.0) -> bytes:
    """The figure as PNG; else as `render`."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(json.dumps(spec), scale=scale, allowed_base_urls=[]))
