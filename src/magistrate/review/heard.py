"""A reviewer is asked, and whatever becomes of that is an opinion."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from magistrate.core.protocols import Case, Reviewer
from magistrate.core.records import Opinion

PATIENCE = 20.0
"""Seconds for a reviewer that keeps no deadline of its own."""
GRACE = 0.5
"""Seconds in which whoever asked may still say so, when a reviewer was late, before it is ended itself."""


async def heard(
    reviewer: Reviewer, case: Case, deadline: float, wrong: Callable[[Opinion], str] = lambda _: ""
) -> Opinion:
    """The reviewer's opinion. What it raises, and that it is late, is its own state: others are still heard.

    `deadline`: seconds. `wrong`: why what it gave is no opinion, empty when it is one.
    """
    try:
        async with asyncio.timeout(deadline):
            opinion = await reviewer.review(case)
        unavailable = wrong(opinion)
        if not unavailable:
            return opinion
    except TimeoutError:
        unavailable = f"timeout: no answer in {deadline:g} s"
    except (Exception, SystemExit) as error:  # noqa: BLE001  a reviewer that fails is data, never an allow
        unavailable = f"error: {type(error).__name__}: {error}"[:300]
    return Opinion(reviewer=reviewer.name, version=reviewer.version, unavailable=unavailable)
