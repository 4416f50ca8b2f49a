"""The law for each run: what is in force, the organisation's rulebook on it, and that of the repository in which the run works."""

from __future__ import annotations

import logging
from collections import OrderedDict
from pathlib import Path

from magistrate.core.errors import InputError
from magistrate.core.records import Rulebook, RunStarted
from magistrate.rulebook.layers import base_layer, effective, read_layer, repository_file

LOG = logging.getLogger(__name__)
MAX_KNOWN = 256
Stamp = tuple[str, int, int]
"""A file, when it was changed (ns), its size."""


class Laws:
    """The law by folder, read again when a repository's file changes.

    A repository's rulebook that does not parse, or that loosens what is above it, is refused: the law above holds, and why is logged.
    A run keeps the law that it began under.
    """

    def __init__(self, base: Rulebook) -> None:
        """`base`: the law above all repositories (`law_above`)."""
        self.base = base
        self._known: OrderedDict[Stamp, Rulebook] = OrderedDict()

    def __call__(self, started: RunStarted) -> Rulebook:
        """The law for a run."""
        path = repository_file(started.cwd) if Path(started.cwd).is_absolute() else None
        if path is None:
            return self.base
        try:
            stat = path.stat()
            stamp = (str(path), stat.st_mtime_ns, stat.st_size)
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
            return effective([base_layer(self.base), read_layer("repository", path)])
        except InputError as error:
            LOG.warning("refused: %s", error)
            return self.base


def law_above(base: Rulebook, organisation: Path | None) -> Rulebook:
    """The law above all repositories. Raises `BadRulebook` when the organisation's file loosens what it may not."""
    if organisation is None:
        return base
    return effective([base_layer(base), read_layer("organisation", organisation)])
