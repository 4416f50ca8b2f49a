"""Collecting what is wrong with a rulebook, so that an author mends it in one go."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from magistrate.core.errors import RulebookError

_SHOWN = 20


class BadRulebook(RulebookError):
    """One or more errors in one text. It reads as the first of them; `errors` holds all, in order of line."""

    def __init__(self, errors: Iterable[RulebookError]) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: error.line))
        first, *rest = self.errors
        super().__init__(first.what, where=first.where, line=first.line, mend=first.mend)
        if rest:
            shown = [str(error) for error in self.errors[:_SHOWN]]
            more = [f"... and {len(self.errors) - _SHOWN} more"] if len(self.errors) > _SHOWN else []
            self.args = ("\n".join([*shown, *more]),)


class Problems:
    """Errors found so far in the text named `source`."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.errors: list[RulebookError] = []

    def add(self, line: int, what: str, mend: str = "") -> None:
        """Note one error at a line (from 1) and how to mend it."""
        self.errors.append(RulebookError(what, where=self.source or "rulebook", line=line, mend=mend))

    def settle(self) -> None:
        """Raise `BadRulebook` when anything was noted."""
        if self.errors:
            raise BadRulebook(self.errors)


def nearest(word: str, known: Iterable[str]) -> str:
    """A mend that names the nearest known word, or lists them when none is near."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else "known: " + ", ".join(choices)
