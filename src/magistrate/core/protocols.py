"""The seams: one small protocol for each kind of part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from magistrate.core.intake import Head, Intake
from magistrate.core.records import Action, Event, Evidence, Opinion, Record, Rulebook, Session


class Case(Record, frozen=True, kw_only=True):
    """What a reviewer is given: never a label, never the agent's name."""

    n: int
    """Event number of the action."""
    action: Action
    evidence: Evidence
    rulebook: Rulebook
    history: Sequence[Event] = ()
    """The most recent events of the run, oldest first; bounded."""


class Reviewer(Protocol):
    """Anything that gives an opinion on an action: a model, a classifier, a person."""

    name: str
    version: str

    async def review(self, case: Case) -> Opinion:
        """Give an opinion. Whatever this raises becomes an `unavailable` opinion, never an allow."""
        ...


class Importer(Protocol):
    """Turns finished sessions of one host into runs. See `magistrate.testing.importers` for the contracts it must keep."""

    name: str

    def claims(self, head: Head) -> bool:
        """Whether the file's content, not its name, is of this host's shape."""
        ...

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield the file's runs, a parent before its children. Bad records go to `intake`, never stop the rest."""
        ...
