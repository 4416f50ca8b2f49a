"""What one author has said in a run, kept so that the earliest text with a given value is found by look-ups.

For each token the numbers of the texts that hold it, ascending. Several tokens are joined by leaping through the rarest list, and
the few texts that hold them all are read to see whether they stand together. Cost follows the value, not the run; two bounds
(`MAX_LEAPS`, `MAX_READ`) keep a hostile run from changing that.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

MAX_LEAPS = 4_096
"""Steps through the lists for one value."""
MAX_READ = 24
"""Texts read for one value."""
MAX_READ_LOOSELY = 6
"""Texts read for less sure forms of a value: parted by markup or line breaks, a path said by its last component, a sample of a
long text."""

NO_END = 1 << 31


class Sayings:
    """Inverted index over the texts of one author. A text is known by its *slot*: its place in the run's list of texts."""

    __slots__ = ("_slots",)

    def __init__(self) -> None:
        self._slots: dict[str, int | array[int]] = {}

    def add(self, slot: int, keys: Iterable[str]) -> None:
        """Enter a text under its keys. Slots must rise from call to call."""
        slots = self._slots
        for key in keys:
            held = slots.get(key)
            if held is None:
                slots[key] = slot
            elif type(held) is int:
                slots[key] = array("I", (held, slot))
            else:
                held.append(slot)  # type: ignore[union-attr]

    def first(self, key: str) -> int | None:
        """The earliest slot with this key."""
        held = self._slots.get(key)
        return held if held is None or type(held) is int else held[0]  # type: ignore[index]

    def have(self, keys: Iterable[str]) -> bool:
        """Whether each key was entered, perhaps for different texts."""
        slots = self._slots
        for key in keys:  # noqa: SIM110  a generator costs several times the look-ups
            if key not in slots:
                return False
        return True

    def last(self, key: str, count: int) -> list[int]:
        """The latest slots with this key, at most `count`, latest first."""
        held = self._slots.get(key)
        if held is None or count <= 0:
            return []
        return [held] if type(held) is int else list(reversed(held[-count:]))  # type: ignore[index]

    def rarest(self, keys: Sequence[str]) -> str:
        """The key with the fewest slots; empty when one of them has none."""
        lists = {key: self._held(key) for key in keys}
        return min(lists, key=lambda key: len(lists[key])) if lists and all(lists.values()) else ""

    def holders(self, keys: Sequence[str]) -> Iterator[int]:
        """Slots that have every key, ascending; stops after `MAX_LEAPS` steps."""
        if not keys or not self.have(keys):
            return
        if len(keys) == 1:
            yield from self._held(keys[0])[:MAX_LEAPS]
            return
        lists = sorted([self._held(key) for key in dict.fromkeys(keys)], key=len)
        slot = lists[0][0]
        for _ in range(MAX_LEAPS):
            ahead = slot
            for held in lists:
                at = bisect_left(held, ahead)
                if at == len(held):
                    return
                ahead = held[at]
            if ahead == slot:
                yield slot
                ahead += 1
            slot = ahead

    def _held(self, key: str) -> Sequence[int]:
        held = self._slots.get(key)
        return () if held is None else (held,) if type(held) is int else held  # type: ignore[return-value]
