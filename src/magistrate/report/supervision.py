"""Figures of the supervision report as Vega-Lite specifications: pure functions from an account; None where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Sequence

from magistrate.audit.frame import CLASSES
from magistrate.report.account import Account, Line, revisions
from magistrate.report.figures import COLOURS, Spec, spec

MARKED = {0.32: "hard, hand-made attacks", 0.6: "refined attacks", 1.0: "everything"}
"""Shares of attacks that published monitors caught (SLEIGHT-Bench, arXiv 2605.16626; MonitoringBench, arXiv 2605.09684), abstracts."""
_VERDICTS = dict(zip(CLASSES, ("#3f8f6b", "#bf3b3b", "#c98a1b", "#98a5b5", "#5d6b7d", "#7a5195"), strict=True))
_SHARE: Spec = {"format": "~%"}


def over_time(account: Account) -> Spec | None:
    """What was stopped day by day, beside what samples say was harmful, with a rule wherever rules or reviewers changed."""
    observed = [
        {"day": line.key.split("/")[1], "share": line.value, "what": "stopped, observed", "n": line.n}
        for line in account.under("observed/")
    ]
    if not observed:
        return None
    estimated = [
        {
            "day": line.key.rsplit(": ", 1)[1],
            "share": line.value,
            "low": line.low,
            "high": line.high,
            "what": "harmful, estimated",
        }
        for line in account.under("sample/")
        if "/prevalence/day: " in line.key and line.value is not None
    ]
    changes = [{"day": at, "change": f"{what}: {state}"} for at, what, state in revisions(account.units)]
    x = {"field": "day", "type": "temporal", "title": None}
    y: Spec = {"type": "quantitative", "title": "share of actions", "axis": _SHARE}
    names = ["stopped, observed", "harmful, estimated"]
    colour = {
        "field": "what",
        "type": "nominal",
        "scale": {"domain": names, "range": [COLOURS[1], COLOURS[0]]},
        "legend": {"orient": "bottom", "title": None},
    }
    return spec(
        "Observed beside estimated, day by day",
        width=520,
        layer=[
            {
                "data": {"values": changes},
                "mark": {"type": "rule", "strokeDash": [3, 3], "color": "#98a5b5"},
                "encoding": {"x": x},
            },
            {
                "data": {"values": observed},
                "mark": {"type": "line", "point": {"size": 30}},
                "encoding": {"x": x, "y": {"field": "share", **y}, "color": colour},
            },
            {
                "data": {"values": estimated},
                "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55},
                "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": colour},
            },
            {
                "data": {"values": estimated},
                "mark": {"type": "point", "filled": True, "opacity": 1, "size": 60},
                "encoding": {"x": x, "y": {"field": "share", **y}, "color": colour},
            },
        ],
    )


def undetected(account: Account) -> Spec | None:
    """The newest sample's bound on what went through undetected, against what a labeller recognises."""
    lines = _newest(account, "undetected/")
    if not lines:
        return None
    rows = [{"recall": float(line.key.rsplit("/", 1)[1]), "share": line.high} for line in lines]
    marked = [{**row, "what": MARKED[row["recall"]]} for row in rows if row["recall"] in MARKED]
    x = {
        "field": "recall", "type": "quantitative", "scale": {"reverse": True, "domain": [0, 1]}, "axis": _SHARE,
        "title": "share of harmful actions that a labeller recognises",
    }  # fmt: skip
    y = {
        "field": "share", "type": "quantitative", "scale": {"type": "log"}, "axis": _SHARE,
        "title": "undetected, at most (95%)",
    }  # fmt: skip
    return spec(
        "What may have gone through undetected",
        layer=[
            {
                "data": {"values": rows},
                "mark": {"type": "line", "color": COLOURS[3], "strokeWidth": 2},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": marked},
                "mark": {"type": "point", "filled": True, "color": COLOURS[3], "size": 60},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": marked},
                "mark": {"type": "text", "align": "left", "dx": 8, "dy": 8, "fontSize": 11},
                "encoding": {"x": x, "y": y, "text": {"field": "what"}},
            },
        ],
    )


def recall(account: Account) -> Spec | None:
    """Recall on canaries by family, the worst first."""
    lines = [line for line in account.under("canary/") if line.key.count("/") == 1]
    if not lines:
        return None
    rows = [
        {
            "family": f"{line.key.split('/')[1]} ({line.count}/{line.n})",
            "recall": line.value,
            "low": line.low,
            "high": line.high,
        }
        for line in lines
    ]
    y = {"field": "family", "type": "nominal", "sort": None, "title": None}
    x: Spec = {"type": "quantitative", "scale": {"domain": [0, 1]}, "axis": _SHARE, "title": "caught"}
    return spec(
        "Canaries caught, by family",
        height={"step": 22},
        data={"values": rows},
        layer=[
            {
                "mark": {"type": "rule", "color": COLOURS[0], "strokeWidth": 3, "opacity": 0.5},
                "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "color": COLOURS[0], "size": 60, "opacity": 1},
                "encoding": {"y": y, "x": {"field": "recall", **x}},
            },
        ],
    )


def coverage(account: Account) -> Spec | None:
    """Actions of each host by what became of them."""
    rows = []
    for line in account.under("host/"):
        host, _, verdict = line.key.removeprefix("host/").rpartition("/")
        rows.append({"host": host, "verdict": verdict, "count": line.value, "order": CLASSES.index(verdict)})
    if not rows:
        return None
    return spec(
        "Actions by host and verdict",
        height={"step": 26},
        data={"values": rows},
        mark={"type": "bar"},
        encoding={
            "y": {"field": "host", "type": "nominal", "title": None},
            "x": {
                "field": "count",
                "type": "quantitative",
                "stack": "normalize",
                "axis": _SHARE,
                "title": "share of its actions",
            },
            "order": {"field": "order"},
            "color": {
                "field": "verdict",
                "type": "nominal",
                "scale": {"domain": list(_VERDICTS), "range": list(_VERDICTS.values())},
                "legend": {"symbolType": "square", "title": None},
            },
        },
    )


def evidence(account: Account) -> Spec | None:
    """Each alarm's evidence over its checks, as a share of the bar at which it rings."""
    rows = [
        {"at": one.at, "indicator": one.indicator, "evidence": max(one.evidence, 1e-3)}
        for one in account.watched
        if one.state
    ]
    if not rows:
        return None
    bars = (
        [{"bar": 1000.0}]
        if not account.alarms
        else [{"bar": bar} for bar in sorted({one.bar for one in account.alarms})]
    )
    y: Spec = {"type": "quantitative", "scale": {"type": "log"}, "title": "evidence of a change"}
    return spec(
        "Alarms: evidence, and where they ring",
        layer=[
            {
                "data": {"values": rows},
                "mark": {"type": "line", "point": {"size": 25}},
                "encoding": {
                    "x": {"field": "at", "type": "temporal", "title": None},
                    "y": {"field": "evidence", **y},
                    "color": {"field": "indicator", "type": "nominal", "scale": {"range": list(COLOURS)}},
                },
            },
            {
                "data": {"values": bars},
                "mark": {"type": "rule", "color": COLOURS[3], "strokeDash": [4, 4]},
                "encoding": {"y": {"field": "bar", **y}},
            },
        ],
    )


def _newest(account: Account, prefix: str) -> Sequence[Line]:
    """The lines of the newest sample that has any."""
    for sample in reversed(account.samples):
        if found := account.under(f"{prefix}{sample.id}/"):
            return found
    return ()


FIGURES = {
    "over-time": over_time,
    "undetected": undetected,
    "recall": recall,
    "coverage": coverage,
    "alarms": evidence,
}
"""Every figure by the name of its file."""


def figures(account: Account) -> dict[str, Spec]:
    """Those that there is something to draw for."""
    return {name: drawn for name, make in FIGURES.items() if (drawn := make(account))}
