"""The law for each run: what is in force, the organisation's rulebook on it, and that of the repository in which the run works."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from magistrate.core.config import organisation_rulebook
from magistrate.core.errors import InputError, MagistrateError
from magistrate.core.records import Rulebook, RunStarted
from magistrate.law.adoption import adoption_mark, in_force
from magistrate.law.governance import governance
from magistrate.ledger import Ledger
from magistrate.rulebook.layers import base_layer, effective, read_layer, repository_file

LOG = logging.getLogger(__name__)
MAX_KNOWN = 256
MAX_SIZE = 256 << 10
"""Bytes of a repository's rulebook; a repository may be anybody's."""
PATIENCE = 3.0
"""Seconds for finding out whether it loosens anything."""
Stamp = tuple[str, int, int]
"""A file, when it was changed (ns), its size."""


class Laws:
    """The law by folder, read again when a repository's file changes.

    A repository's rulebook that does not parse, or that loosens what is above it, is refused: the law above holds, and why is logged.
    A run keeps the law that it began under.
    """

    def __init__(self, base: Rulebook, newer: Callable[[], Rulebook | None] = lambda: None) -> None:
        """`base`: the law above all repositories (`law_above`). `newer`: a newly adopted one, asked for with each run (`Adopted`)."""
        self.base = base
        self._newer = newer
        self._known: OrderedDict[Stamp, Rulebook] = OrderedDict()

    def __call__(self, started: RunStarted) -> Rulebook:
        """The law for a run."""
        if newer := self._newer():
            self.base = newer
            self._known.clear()
        path = repository_file(started.cwd) if Path(started.cwd).is_absolute() else None
        if path is None:
            return self.base
        try:
            stat = path.stat()
            stamp = (str(path), stat.st_mtime_ns, stat.st_size)
            if stat.st_size > MAX_SIZE:
                LOG.warning("refused: %s has more than %d bytes", path, MAX_SIZE)
                return self.base
            if stamp not in self._known:
                self._known[stamp] = self._read(path)
                if len(self._known) > MAX_KNOWN:
                    self._known.popitem(last=False)
            return self._known[stamp]
        except OSError as error:
            LOG.warning("%s: cannot be read (%s); the law above it holds", path, error)
            return self.base

    def _read(self, path: Path) -> Rulebook:
        try:
            return effective([base_layer(self.base), read_layer("repository", path)], patience=PATIENCE)
        except InputError as error:
            LOG.warning("refused: %s", error)
            return self.base


class Adopted:
    """Watches a ledger for adoptions: gives the law above all repositories when it has changed, None while it has not.

    What cannot be read or verified is logged, and the old law stays.
    """

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        """`folder`: the state folder, which says who may change the law."""
        self._ledger = ledger
        self._folder = folder
        self._mark = adoption_mark(ledger)

    def __call__(self) -> Rulebook | None:
        """The new law, once."""
        try:
            mark = adoption_mark(self._ledger)
            if mark == self._mark:
                return None
            self._mark = mark
            law = in_force(self._ledger, governance(self._folder))
            for refused in law.refused:
                LOG.warning("refused: %s", refused)
            return law_above(law.rulebook, organisation_rulebook()) if law.adopted else None
        except MagistrateError as error:
            LOG.warning("the law was to change, and stays: %s", error)
            return None


def law_above(base: Rulebook, organisation: Path | None) -> Rulebook:
    """The law above all repositories. Raises `BadRulebook` when the organisation's file loosens what it may not."""
    if organisation is None:
        return base
    return effective([base_layer(base), read_layer("organisation", organisation)])
