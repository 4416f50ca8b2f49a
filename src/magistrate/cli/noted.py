"""A reviewer whose silence is counted by its reasons: a figure without them could not be told from one of an endpoint that is down."""

from __future__ import annotations

from collections import Counter

import click

from magistrate.cli.output import plain
from magistrate.core.protocols import Case, Reviewer, at_once, deadline_of, let_go
from magistrate.core.records import Opinion


class Noted:
    """Another reviewer, with a count of the questions and of why some have no answer."""

    def __init__(self, reviewer: Reviewer) -> None:
        self.name, self.version = reviewer.name, reviewer.version
        self.at_once, self.deadline = at_once(reviewer), deadline_of(reviewer, 0.0)
        self.questions = 0
        self.missing: Counter[str] = Counter()
        self._reviewer = reviewer

    async def review(self, case: Case) -> Opinion:
        """Its opinion."""
        self.questions += 1
        try:
            opinion = await self._reviewer.review(case)
        except Exception as error:
            self.missing[f"error: {type(error).__name__}"] += 1
            raise
        if opinion.unavailable:
            self.missing[opinion.unavailable] += 1
        return opinion

    async def close(self) -> None:
        """Let go of what it holds."""
        await let_go([self._reviewer])

    @property
    def silent(self) -> bool:
        """It was asked, and never answered."""
        return 0 < self.questions == self.missing.total()

    def why(self) -> str:
        """How many questions have no answer, and the commonest reason; empty where all have one."""
        if not self.missing:
            return ""
        reason, count = self.missing.most_common(1)[0]
        rest = "" if count == self.missing.total() else f" ({count} of them)"
        return f"no answer to {self.missing.total()} of {self.questions} questions: {plain(reason, 200)}{rest}"

    def report(self) -> bool:
        """Say so on the error stream; whether there was anything to say."""
        if said := self.why():
            click.echo(f"magistrate: {self.name}: {said}", err=True)
        return bool(said)
