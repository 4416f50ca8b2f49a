"""What may be spent in an hour."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from magistrate.models.base import NoAnswer

HOUR = 3600.0


class Spending:
    """A limit on what calls cost within any hour. Calls under way count with what they may cost at most."""

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`limit`: in the currency of the model's price, for any 60 minutes."""
        self.limit = limit
        self._clock = clock
        self._spent: deque[tuple[float, float]] = deque()
        self._sum = self._open = 0.0

    def reserve(self, most: float) -> None:
        """Set aside what a call may cost at most. Raises NoAnswer when that is over the limit."""
        self._forget()
        if self._sum + self._open + most > self.limit:
            raise NoAnswer("over-budget", f"{self.limit:g} an hour are spent")
        self._open += most

    def settle(self, most: float, cost: float) -> None:
        """Replace what was set aside by what it came to."""
        self._open = max(0.0, self._open - most)
        if cost:
            self._spent.append((self._clock(), cost))
            self._sum += cost

    def _forget(self) -> None:
        then = self._clock() - HOUR
        while self._spent and self._spent[0][0] <= then:
            self._sum -= self._spent.popleft()[1]
        if not self._spent:
            self._sum = 0.0
