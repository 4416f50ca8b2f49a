"""One of several reviewers is asked, and whatever becomes of that is an opinion."""

from __future__ import annotations

import asyncio

from magistrate.core.protocols import Case, Reviewer, deadline_of
from magistrate.core.records import Opinion

PATIENCE = 20.0
"""Seconds for a reviewer that keeps no deadline of its own."""
GRACE = 0.5
"""Seconds in which whoever asked may still say so, when a reviewer was late, before it is ended itself."""


async def heard(reviewer: Reviewer, case: Case) -> Opinion:
    """The reviewer's opinion. What it raises, and that it is late, is its own state: the others are still heard."""
    deadline = deadline_of(reviewer, PATIENCE)
    try:
        async with asyncio.timeout(deadline):
            return await reviewer.review(case)
    except TimeoutError:
        unavailable = f"timeout: no answer in {deadline:g} s"
    except Exception as error:  # noqa: BLE001  a reviewer that fails is data, never an allow
        unavailable = f"error: {type(error).__name__}: {error}"[:300]
    return Opinion(reviewer=reviewer.name, version=reviewer.version, unavailable=unavailable)
