"""The supervision report as one self-contained HTML page: no request leaves it, nothing on it runs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from magistrate.ledger.tightenings import in_words
from magistrate.report.account import Account, Line
from magistrate.report.figures import can_render, render
from magistrate.report.supervision import figures

OUTSIDERS = (
    (
        "census/monitored",
        "of recorded actions were judged",
        "share monitored; what no host shows is not in it: see below",
    ),
    (
        "canaries/reached a person",
        "of planted attacks reached a person",
        "share of synthetic attacks that reach review",
    ),
    ("census/escalated", "of actions were escalated", "share that waits for a person"),
    ("lag/0.99", "from action to verdict, for 99 of 100", "lag from action to review"),
)
"""The four numbers that outsiders ask of a supervisor: key, what it says, what it is."""
QUANTITIES = ("prevalence", "elusion", "miss rate", "overblock rate")


def report_page(account: Account, *, title: str = "Supervision report", drawn: bool | None = None) -> str:
    """The page's HTML. `drawn`: with figures; by default when vl-convert-python is installed, and the page says if not."""
    from jinja2 import Environment, StrictUndefined

    template = files("magistrate.report").joinpath("report_page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    with_figures = can_render() if drawn is None else drawn
    pictures = (
        {name: (str(spec["title"]), _picture(spec)) for name, spec in figures(account).items()} if with_figures else {}
    )
    newest = [
        line for line in account.lines if account.samples and line.key.startswith(f"sample/{account.samples[-1].id}/")
    ]
    return environment.from_string(template).render(
        title=title,
        account=account,
        outsiders=[(account.line(key), says, what) for key, says, what in OUTSIDERS],
        whole=[line for line in newest if line.key.endswith("/all")],
        parts=_parts(newest),
        people=[
            (what, account.line(f"lag to {what}/0.5"), account.line(f"lag to {what}/0.9"))
            for what in ("ruling", "label")
        ],
        captured=account.captured[-1] if account.captured else None,
        together=account.line("together/last check"),
        families=[line for line in account.under("canary/") if line.key.count("/") == 1],
        least={line.key.split("/", 1)[1]: line.value for line in account.under("canary least/")},
        bounds=[
            line
            for line in account.under("undetected/")
            if account.samples and f"/{account.samples[-1].id}/" in line.key
        ],
        assumptions=list(dict.fromkeys(one for line in newest for one in line.assumptions)),
        labelled=len(
            {(one.run, one.n) for one in account.labels if account.samples and one.sample == account.samples[-1].id}
        ),
        drawn=len(account.samples[-1].items) if account.samples else 0,
        unseen=[
            (host, paths) for host, paths in account.unobservable.items() if paths and account.under(f"host/{host}/")
        ],
        pictures=pictures,
        with_figures=with_figures,
        value=value,
        interval=interval,
        in_words=in_words,
    )


def value(line: Line | None) -> str:
    """A number as a reader sees it: seconds, counts or a share; `none` where nothing was measured."""
    if line is None or line.value is None:
        return "none"
    if line.key.startswith("lag"):
        return _lasting(line.value)
    if line.key.startswith("host/"):
        return f"{line.value:,.0f}"
    if line.key.startswith(("capture/", "together/")):
        return f"{line.value:,.3g}"
    return _percent(line.value)


def interval(line: Line | None) -> str:
    """Its limits; empty for what was counted, and for what there is nothing of."""
    if line is None or line.low is None or line.high is None or (line.value is None and line.n == 0):
        return ""
    return f"{_percent(line.low)} to {_percent(line.high)}"


def _lasting(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= (size if size == 1 else 2 * size):
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds * 1000:,.1f} ms"


def _percent(share: float) -> str:
    return f"{100 * share:.{2 if 0 < share < 0.1 else 1}f}%"


def _parts(lines: Sequence[Line]) -> list[tuple[str, dict[str, Line]]]:
    """For each part of the population its quantities."""
    found: dict[str, dict[str, Line]] = {}
    for line in lines:
        _, _, quantity, part = line.key.split("/", 3)
        if part != "all" and quantity in QUANTITIES:
            found.setdefault(part, {})[quantity] = line
    return list(found.items())


def _picture(spec: dict[str, object]) -> str:
    return "data:image/svg+xml;base64," + b64encode(render(spec).encode()).decode("ascii")
