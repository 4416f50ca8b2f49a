"""What alarms watch, counted from the ledger, and what they do when they ring.

Each check takes what was recorded since the last one as one batch of each indicator, moves its detector on, and records both batch and
state in the ledger's run `alarms`: a check that is killed was never made, and the next one goes on where the last one ended.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from magistrate.audit.alarm import QUIET, Detector, after
from magistrate.audit.frame import last_id, pages, roles
from magistrate.audit.limits import binomial
from magistrate.core.canon import now
from magistrate.core.errors import ConfigError
from magistrate.core.records import Alarm, Body, EffectKind, Record, Stop, Tightening, Watched
from magistrate.ledger import Ledger
from magistrate.ledger.people import SWITCH
from magistrate.ledger.tightenings import in_force, same_class, tightenings

ALARMS = "alarms"
"""The ledger's run of batches and alarms."""
ENOUGH = 200
"""Trials from which a baseline is declared."""
_DECLARED_LEVEL = 0.99
_LEAST_RATE = 1e-4

Step = Literal["", "audit-more", "escalate", "stop"]


class Class(Record, frozen=True, kw_only=True):
    """Actions that fit every field that is given, of each field any value."""

    effects: tuple[EffectKind, ...] = ()
    rules: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


class Watch(Record, frozen=True, kw_only=True):
    """One indicator as it is configured."""

    indicator: str
    """`missed-canary`, `workaround`, `oversight`, `no-rule`, `unavailable`; or `rule:ID`, `effect:KIND`, `basis:NAME`,
    `decision:NAME`."""
    baseline: float = 0.0
    """Upper bound of the quiet rate; 0: declared from what the ledger holds at the first check, and kept."""
    quiet: float = QUIET
    """Least average number of checks to a false alarm."""
    then: Step = ""
    of: Class = Class()
    """For `escalate`: the actions that then go to a person until somebody lifts it. Of an indicator `effect:KIND` or `rule:ID` they
    are those that it counts, where nothing else is said."""


class Settings(Record, frozen=True, kw_only=True):
    """A file of watches."""

    watch: tuple[Watch, ...]
    webhook: str = ""
    """Where an alarm is posted to, as JSON."""


DEFAULT = Settings(
    watch=tuple(
        Watch(indicator=name) for name in ("missed-canary", "workaround", "oversight", "no-rule", "unavailable")
    )
)


class Seen(Struct, gc=False):
    """What of a verdict indicators look at."""

    decision: str
    basis: str = ""
    rules: tuple[str, ...] = ()
    evidence: _Evidence = field(default_factory=lambda: _Evidence())
    planted: bool = False


class _Effect(Struct, gc=False):
    kind: str = ""


class _Fact(Struct, gc=False):
    effect: _Effect = field(default_factory=_Effect)


class _Evidence(Struct, gc=False):
    facts: list[_Fact] = field(default_factory=list)


class Checked(Record, frozen=True, kw_only=True):
    """What a check found of one indicator."""

    indicator: str
    events: int
    trials: int
    baseline: float
    evidence: float
    bar: float
    rings: bool = False
    waiting: bool = False
    """Too few trials so far to declare a baseline: nothing was recorded, and nothing is lost."""
    then: str = ""


_VERDICT: msgspec.json.Decoder[Seen] = msgspec.json.Decoder(Seen)
_NAMED: dict[str, Callable[[Seen], bool]] = {
    "missed-canary": lambda seen: seen.decision == "allow",
    "workaround": lambda seen: seen.basis == "workaround",
    "oversight": lambda seen: any(fact.effect.kind == "oversight" for fact in seen.evidence.facts),
    "no-rule": lambda seen: seen.basis == "no-rule",
    "unavailable": lambda seen: seen.basis == "unavailable",
}
_OF: dict[str, Callable[[Seen, str], bool]] = {
    "rule": lambda seen, name: name in seen.rules,
    "effect": lambda seen, name: any(fact.effect.kind == name for fact in seen.evidence.facts),
    "basis": lambda seen, name: seen.basis == name,
    "decision": lambda seen, name: seen.decision == name,
}


def load(path: Path) -> Settings:
    """Read a file of watches (TOML). Raises ConfigError."""
    try:
        settings = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Settings)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from None
    for watch in settings.watch:
        event(watch.indicator)
        if not 0 <= watch.baseline < 1 or watch.quiet < 1:
            raise ConfigError(f"{path}: {watch.indicator}: a baseline lies between 0 and 1, quiet is at least 1")
        if watch.then == "escalate" and class_of(watch) == Class():
            raise ConfigError(f"{path}: {watch.indicator}: say which actions escalate: of = {{ effects = [...] }}")
    return settings


def class_of(watch: Watch) -> Class:
    """The actions that a watch escalates; an empty one where nothing says which. Raises ConfigError for an unknown effect."""
    if watch.of != Class():
        return watch.of
    kind, _, name = {"oversight": "effect:oversight"}.get(watch.indicator, watch.indicator).partition(":")
    try:
        return msgspec.convert({"effect": {"effects": (name,)}, "rule": {"rules": (name,)}}.get(kind, {}), Class)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{watch.indicator}: {error}") from None


def event(indicator: str) -> Callable[[Seen], bool]:
    """What an indicator counts. Raises ConfigError for one that there is not."""
    if indicator in _NAMED:
        return _NAMED[indicator]
    kind, _, name = indicator.partition(":")
    if kind in _OF and name:
        of = _OF[kind]
        return lambda seen: of(seen, name)
    raise ConfigError(
        f"no indicator {indicator!r}; there are {', '.join(_NAMED)}, and {', '.join(f'{k}:NAME' for k in _OF)}"
    )


def verdicts(ledger: Ledger, since: int, upto: int) -> Iterator[Seen]:
    """Verdicts of agents and canaries with event ids in [since, upto]."""
    of = roles(ledger)
    for _, run, body in pages(ledger, "verdict", "id, run, body", since, upto):
        role = of.get(run, "agent")
        if role != "reviewer":
            seen = _VERDICT.decode(body)
            seen.planted = role == "canary"
            yield seen


def latest(ledger: Ledger) -> dict[str, Watched]:
    """The last recorded batch of each indicator."""
    found = (event.body for event in ledger.events(ALARMS, kinds=("watched",)))
    return {body.indicator: body for body in found if isinstance(body, Watched)}


def check(ledger: Ledger, settings: Settings = DEFAULT, *, anew: Sequence[str] = ()) -> list[Checked]:
    """Count what is new, move every detector on, and record it with the alarms that ring and the steps that follow: all at once,
    durable on return. `anew`: indicators whose baseline is declared again."""
    last, upto = latest(ledger), last_id(ledger)
    found, bodies = list[Checked](), list[Body]()
    for watch in settings.watch:
        before = None if watch.indicator in anew else last.get(watch.indicator)
        one, recorded = _check_one(ledger, watch, before, upto)
        found.append(one)
        bodies += recorded
    if bodies:
        ledger.append(ALARMS, bodies)
    for watch, one in zip(settings.watch, found, strict=True):
        if one.rings and (steps := _steps(ledger, watch)):
            ledger.append(SWITCH, steps)
    ledger.commit()
    return found


def _steps(ledger: Ledger, watch: Watch) -> list[Body]:
    """What a ringing alarm switches: never anything off, and nothing twice."""
    because = f"alarm: {watch.indicator}"
    if watch.then == "stop":
        return [Stop(stopped=True, scope="all", because=because, by="alarm", at=now())]
    if watch.then != "escalate":
        return []
    of = class_of(watch)
    body = Tightening(
        effects=of.effects, rules=of.rules, hosts=of.hosts, runs=of.runs, because=because, by="alarm", at=now()
    )
    return [] if any(same_class(one.body, body) for one in in_force(tightenings(ledger))) else [body]


def _check_one(ledger: Ledger, watch: Watch, before: Watched | None, upto: int) -> tuple[Checked, list[Body]]:
    since = before.upto + 1 if before else 0
    events, trials = counts(verdicts(ledger, since, upto), watch.indicator)
    baseline = watch.baseline or (before.baseline if before else 0.0)
    declared = not baseline
    if declared:
        if trials < ENOUGH:
            return Checked(
                indicator=watch.indicator,
                events=events,
                trials=trials,
                baseline=0,
                evidence=0,
                bar=watch.quiet,
                waiting=True,
            ), []
        baseline = declare(events, trials)
    detector = after(before, baseline, watch.quiet)
    # What a baseline was declared from is no evidence against it.
    moved = detector if declared else detector.step(events, trials)
    batch = f"{since}..{upto}"
    state = Watched(
        indicator=watch.indicator, batch=batch, events=events, trials=trials, baseline=baseline,
        state=moved.state, evidence=moved.evidence, upto=upto, at=now(),
    )  # fmt: skip
    bodies: list[Body] = [state]
    if moved.rings:
        bodies.append(
            Alarm(
                indicator=watch.indicator,
                evidence=moved.evidence,
                bar=watch.quiet,
                baseline=baseline,
                batch=batch,
                step=watch.then,
                at=now(),
            )
        )
    return _checked(watch, state, moved), bodies


def _checked(watch: Watch, state: Watched, moved: Detector) -> Checked:
    return Checked(
        indicator=watch.indicator,
        events=state.events,
        trials=state.trials,
        baseline=state.baseline,
        evidence=state.evidence,
        bar=watch.quiet,
        rings=moved.rings,
        then=watch.then,
    )


def counts(seen: Iterator[Seen], indicator: str) -> tuple[int, int]:
    """`(events, trials)`: of canaries for `missed-canary`, of agents' verdicts for everything else."""
    counts_it, planted = event(indicator), indicator == "missed-canary"
    events = trials = 0
    for one in seen:
        if one.planted == planted:
            trials += 1
            events += counts_it(one)
    return events, trials


def declare(events: int, trials: int) -> float:
    """A baseline from a period that is taken for quiet: the upper 99.5% limit of its rate, since it has to be an upper bound."""
    high = float(binomial(events, trials, _DECLARED_LEVEL)[1])
    return min(max(high, _LEAST_RATE), 0.9)


def alarms(ledger: Ledger) -> list[Alarm]:
    """All alarms, oldest first."""
    return [event.body for event in ledger.events(ALARMS, kinds=("alarm",)) if isinstance(event.body, Alarm)]


def more_wanted(ledger: Ledger) -> bool:
    """Whether an alarm that asks for a larger audit rang since the last sample was drawn."""
    query = """SELECT coalesce(max(CASE WHEN kind = 'alarm' AND json_extract(body, '$.step') = 'audit-more' THEN id END), 0)
                 > coalesce(max(CASE WHEN kind = 'sample' THEN id END), 0)
               FROM events WHERE kind IN ('alarm', 'sample')"""
    return bool(ledger.query(query)[0][0])
