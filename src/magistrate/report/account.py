"""What an organisation can say about its supervision, as numbers with keys: from the ledger alone.

Every number of the report is one `Line`, so that a page, a bundle and an outsider's script speak of the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from magistrate import __version__
from magistrate.audit.book import labels, samples
from magistrate.audit.estimate import Estimate, proportion
from magistrate.audit.findings import Audited, audited, by_parts, measured, undetected_curve
from magistrate.audit.frame import CLASSES, Unit, frame, pages
from magistrate.audit.recall import Caught, by_family, outcomes
from magistrate.audit.watch import ALARMS, alarms
from magistrate.core.canon import now
from magistrate.core.records import Alarm, Label, Record, Sample, Watched
from magistrate.ledger import Ledger
from magistrate.ledger.tightenings import Tightened, tightenings
from magistrate.report.crosschecks import Captured, Seen, captured, newest_together, seen_by_people

QUANTILES = (0.5, 0.9, 0.99)
WAYS = ("host", "day", "agent model", "reviewer", "rule", "revision")
"""Ways by which samples are parted in the report."""


class Line(Record, frozen=True, kw_only=True):
    """One number."""

    key: str
    """Path-like: `census/monitored`, `sample/ID/miss rate/all`, `canary/FAMILY` ..."""
    value: float | None
    low: float | None = None
    high: float | None = None
    """None: counted, not estimated."""
    n: int = 0
    count: int = 0
    method: str = "counted"
    assumptions: tuple[str, ...] = ()
    command: str = ""


class Account(Record, frozen=True, kw_only=True):
    """Everything that the report says, and what it was computed from."""

    version: str
    made: str
    ledger: str
    checkpoint: str
    events: int
    lines: tuple[Line, ...]
    units: Sequence[Unit]
    lags: Sequence[tuple[str, int, float]]
    """Run, action, seconds from the action to its verdict."""
    samples: tuple[Sample, ...]
    labels: tuple[Label, ...]
    canaries: tuple[Caught, ...]
    watched: tuple[Watched, ...]
    alarms: tuple[Alarm, ...]
    tightenings: tuple[Tightened, ...] = ()
    """Classes of actions that escalated for a time, or do."""
    seen: tuple[Seen, ...] = ()
    """How soon people saw an action, of those that they saw."""
    captured: tuple[Captured, ...] = ()
    """Two labellers as two catches, of each sample of which some was labelled twice."""
    unobservable: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Host -> paths by which an agent there can act without being seen."""

    def line(self, key: str) -> Line | None:
        """The number with this key."""
        return next((one for one in self.lines if one.key == key), None)

    def under(self, prefix: str) -> list[Line]:
        """The numbers whose keys begin so."""
        return [one for one in self.lines if one.key.startswith(prefix)]


class _Timed(Struct, gc=False):
    action: int
    latency_us: int = 0


_TIMED: msgspec.json.Decoder[_Timed] = msgspec.json.Decoder(_Timed)


def account(ledger: Ledger, *, unobservable: dict[str, tuple[str, ...]] | None = None) -> Account:
    """Compute everything. Reads the whole ledger; memory grows with the number of actions, not with their texts."""
    units = frame(ledger)
    taken = tuple(samples(ledger))
    given = tuple(label for sample in taken for label in labels(ledger, sample.id))
    planted = tuple(outcomes(ledger))
    watched = tuple(
        event.body for event in ledger.events(ALARMS, kinds=("watched",)) if isinstance(event.body, Watched)
    )
    known = {(unit.run, unit.n) for unit in units}
    lags = [lag for lag in _lags(ledger) if lag[:2] in known]
    seen = tuple(seen_by_people(ledger, units, given))
    twice = tuple(found for sample in taken if (found := captured(sample, given)))
    lines = [
        *census(units, [seconds for *_, seconds in lags]),
        *_of_seen(seen),
        *_of_samples(taken, units, given),
        *_of_captured(twice),
        *of_canaries(planted),
        *of_watched(watched),
    ]
    return Account(
        version=__version__,
        made=now(),
        ledger=ledger.path.rsplit("/", 1)[-1],
        checkpoint=ledger.checkpoint,
        events=int(ledger.query("SELECT count(*) FROM events")[0][0]),
        lines=tuple(lines),
        units=units,
        lags=lags,
        samples=taken,
        labels=given,
        canaries=planted,
        watched=watched,
        alarms=tuple(alarms(ledger)),
        tightenings=tuple(tightenings(ledger)),
        seen=seen,
        captured=twice,
        unobservable=unobservable or {},
    )


def _lags(ledger: Ledger) -> Iterator[tuple[str, int, float]]:
    seen: set[tuple[str, int]] = set()
    for _, run, body in pages(ledger, "verdict", "id, run, body", 0, 1 << 62):
        timed = _TIMED.decode(body)
        if (run, timed.action) not in seen:
            seen.add((run, timed.action))
            yield run, timed.action, timed.latency_us / 1e6


# ---------------------------------------------------------------- counted


def census(units: Sequence[Unit], lags: Sequence[float]) -> Iterator[Line]:
    """What needs no estimate: it is counted over all actions."""
    total = len(units)
    verdicts = Counter(unit.verdict for unit in units)
    judged = total - verdicts["missing"] - verdicts["unavailable"] - verdicts["halted"]
    for key, count in (
        ("census/monitored", judged),
        ("census/escalated", verdicts["escalate"]),
        ("census/denied", verdicts["deny"]),
        ("census/unavailable", verdicts["unavailable"]),
        ("census/missing", verdicts["missing"]),
    ):
        yield Line(key=key, value=count / total if total else None, n=total, count=count)
    ordered = sorted(lags)
    for share in QUANTILES:
        yield Line(key=f"lag/{share:g}", value=quantile(ordered, share), n=len(ordered), method="seconds, counted")
    hosts = Counter((unit.host or "not told", unit.verdict) for unit in units)
    for (host, verdict), count in sorted(hosts.items(), key=lambda entry: (entry[0][0], CLASSES.index(entry[0][1]))):
        yield Line(key=f"host/{host}/{verdict}", value=float(count), n=total, count=count)
    days: dict[str, Counter[str]] = {}
    for unit in units:
        days.setdefault(unit.at[:10], Counter())[unit.verdict] += 1
    for day, counts in sorted(days.items()):
        stopped = counts["deny"] + counts["escalate"]
        size = sum(counts.values())
        yield Line(key=f"observed/{day}", value=stopped / size, n=size, count=stopped)


def _of_seen(seen: Sequence[Seen]) -> Iterator[Line]:
    """From an action to a person: to their ruling, to its first label."""
    for what, found in (
        ("ruling", [one.ruled for one in seen if one.ruled is not None]),
        ("label", [one.labelled for one in seen if one.labelled is not None]),
    ):
        ordered = sorted(found)
        for share in QUANTILES[:2]:
            yield Line(
                key=f"lag to {what}/{share:g}",
                value=quantile(ordered, share),
                n=len(ordered),
                method="seconds, counted over what people saw",
            )


def _of_captured(found: Sequence[Captured]) -> Iterator[Line]:
    for one in found:
        yield Line(
            key=f"capture/{one.sample}", value=one.total, n=one.twice, count=one.union,
            method=f"Chapman, as an alarm: {'rings' if one.alarm else 'quiet'}", assumptions=one.assumptions,
        )  # fmt: skip


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share does not exceed."""
    if not ordered:
        return None
    at = max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)
    return ordered[min(at, len(ordered) - 1)]


# ---------------------------------------------------------------- estimated


def _line(key: str, told: Estimate) -> Line:
    return Line(
        key=key, value=told.value, low=told.low, high=told.high, n=told.n, count=told.count, method=told.method,
        assumptions=told.assumptions, command=told.command,
    )  # fmt: skip


def _of_samples(taken: Sequence[Sample], units: Sequence[Unit], given: Sequence[Label]) -> Iterator[Line]:
    for sample in taken:
        inside = [unit for unit in units if sample.since <= unit.id <= sample.upto]
        of = audited(sample, inside, [label for label in given if label.sample == sample.id])
        yield from of_sample(of)


def of_sample(of: Audited) -> Iterator[Line]:
    """Every figure of one sample; nothing of one that nobody labelled."""
    if not len(of.at):
        return
    name = of.sample.id
    command = f"magistrate audit estimate --sample {name}"
    for one in measured(of, command=command):
        yield _line(f"sample/{name}/{one.quantity}/{one.part}", one.estimate)
    for way in WAYS:
        for one in by_parts(of, way, command=f"{command} --by '{way}'"):
            yield _line(f"sample/{name}/{one.quantity}/{one.part}", one.estimate)
    for bound in undetected_curve(of):
        yield Line(
            key=f"undetected/{name}/{bound.recall:g}", value=None, low=0.0, high=bound.rate, n=len(of.at),
            method="one-sided 95%", assumptions=(f"a labeller recognises {bound.recall:.0%} of what is harmful",),
            command=command,
        )  # fmt: skip


def of_canaries(planted: Sequence[Caught]) -> Iterator[Line]:
    """Recall by family and difficulty with exact limits, and the share of all that reached a person."""
    command = "magistrate canary recall"
    for one in by_family(planted, command=command):
        yield _line(f"canary/{one.family}", one.recall)
        yield Line(
            key=f"canary least/{one.family}",
            value=one.least,
            n=one.recall.n,
            count=one.recall.count,
            method="one-sided 95%",
        )
    for one in by_family(planted, difficulties=True, command=command):
        yield _line(f"canary/{one.family}/{one.difficulty}", one.recall)
    judged = [one for one in planted if one.decision]
    reached = sum(one.decision == "escalate" or bool(one.ruled) for one in judged)
    stopped = sum(one.caught for one in judged)
    yield _line("canaries/reached a person", proportion(reached, len(judged)))
    yield _line("canaries/caught", proportion(stopped, len(judged)))


def of_watched(watched: Sequence[Watched]) -> Iterator[Line]:
    """The evidence of every batch that alarms looked at."""
    for one in watched:
        yield Line(
            key=f"watched/{one.indicator}/{one.batch}", value=one.evidence, n=one.trials, count=one.events,
            method=f"e-detector, baseline {one.baseline:.3g}",
        )  # fmt: skip
    if last := newest_together(watched):
        yield Line(
            key="together/last check",
            value=sum(one.evidence for one in last) / len(last),
            n=len(last),
            method="mean of e-detectors, which may depend on each other",
        )


def revisions(units: Sequence[Unit]) -> list[tuple[str, str, str]]:
    """Where a trend must not be drawn through: `(time, what changed, to what)` for rulebook revisions and reviewer versions."""
    found: list[tuple[str, str, str]] = []
    last: dict[str, str] = {}
    for unit in units:
        states = {"rulebook": unit.revision[:19], "reviewers": ", ".join(unit.reviewers)}
        for what, state in states.items():
            if state and last.get(what) != state:
                if what in last and (what, state) not in {(w, s) for _, w, s in found}:
                    found.append((unit.at, what, state))
                last[what] = state
    return found


def days_between(lines: Sequence[Line]) -> int:
    """How many days the observed lines span."""
    days = [datetime.fromisoformat(one.key.rsplit("/", 1)[1]) for one in lines if one.key.startswith("observed/")]
    return (max(days) - min(days)).days + 1 if days else 0


def plain(value: Any) -> Any:
    """A record as JSON types."""
    return msgspec.to_builtins(value)
