"""The seams: one small protocol for each kind of part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from magistrate.core.intake import Head, Intake
from magistrate.core.records import (
    Action,
    Decision,
    Event,
    Evidence,
    Heard,
    Opinion,
    Record,
    Reply,
    Rulebook,
    Session,
    Verdict,
)


class Precedent(Record, frozen=True, kw_only=True):
    """What a person ruled on something alike that no rule covered: an example a reviewer may follow, never a rule."""

    run: str
    verdict: int
    """Event number of the verdict that was ruled on."""
    decision: Decision
    facts: tuple[str, ...]
    """The facts of that action, in words."""
    because: str = ""


class Case(Record, frozen=True, kw_only=True):
    """What a reviewer is given: never a label, never the agent's name."""

    n: int
    """Event number of the action."""
    action: Action
    evidence: Evidence
    rulebook: Rulebook
    history: Sequence[Event] = ()
    """The most recent events of the run, oldest first; bounded."""
    asked: Sequence[Event] = ()
    """What the person and the operator said in this run, oldest first; bounded."""
    precedents: Sequence[Precedent] = ()
    """What people ruled on actions alike that no rule covered; bounded."""


class Reviewer(Protocol):
    """Anything that gives an opinion on an action: a model, a classifier, a person.

    One that never waits for anything may say so with an attribute `instant = True`; while any other is asked, the ledger is
    left open to other writers. One that keeps a deadline of its own says so with `deadline` (seconds), one that takes several
    cases at a time with `at_once`.
    """

    name: str
    version: str

    async def review(self, case: Case) -> Opinion:
        """Give an opinion. Whatever this raises becomes an `unavailable` opinion, never an allow."""
        ...


def at_once(reviewer: Reviewer) -> int:
    """How many cases it takes at a time."""
    taken: int = getattr(reviewer, "at_once", 1)
    return taken


def deadline_of(reviewer: Reviewer, default: float) -> float:
    """The deadline it keeps itself, in seconds, or the given one for a reviewer that has none."""
    own: float = getattr(reviewer, "deadline", 0.0)
    return own or default


async def let_go(reviewers: Iterable[Reviewer]) -> None:
    """Close those reviewers that hold something (a model's connections); most hold nothing and have no `close`."""
    for reviewer in reviewers:
        if close := getattr(reviewer, "close", None):
            await close()


class Importer(Protocol):
    """Turns finished sessions of one host into runs. See `magistrate.testing.importers` for the contracts it must keep."""

    name: str

    def claims(self, head: Head) -> bool:
        """Whether the file's content, not its name, is of this host's shape."""
        ...

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield the file's runs, a parent before its children. Bad records go to `intake`, never stop the rest."""
        ...


class Adapter(Protocol):
    """Speaks one live host's contract: what its hooks send, and what it understands as an answer."""

    @property
    def name(self) -> str:
        """The host's name, as `Heard.host` and `RunStarted.host` have it."""
        ...

    @property
    def asks(self) -> bool:
        """The host can put a question to its user when told `ask`."""
        ...

    @property
    def unobservable(self) -> tuple[str, ...]:
        """Paths by which the agent can act without this host showing it, one line each."""
        ...

    def decode(self, event: str, payload: bytes) -> Heard:
        """What the host says. `event`: as the hook was installed for, empty when the payload names it.

        Raises `InputError` on anything that is not surely understood: the caller denies.
        """
        ...

    def encode(self, heard: Heard, verdict: Verdict | None, ticket: str = "") -> Reply:
        """The answer in the host's words. `verdict`: None when nothing waited for one; `ticket`: id of the waiting escalation.

        Of a verdict in mode `dry-run` the host hears nothing that could change what it does.
        """
        ...

    def refuse(self, event: str, why: str) -> Reply:
        """An explicit denial without a verdict: the host's call could not be understood, judged or recorded."""
        ...
