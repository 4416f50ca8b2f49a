"""What one author has said in a run, kept so that the earliest text with a given value is found by look-ups.

For each token the numbers of the texts that hold it, ascending. Several tokens are joined by looking up each slot of the rarest,
or as bits where all are common, and the few texts that hold them all are read to see whether they stand together. Cost follows the
value, not the run; two bounds (`MAX_HOLDERS`, `MAX_READ`) keep a hostile run from changing that.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import groupby, islice
from operator import and_

MAX_HOLDERS = 4_096
"""Texts with all keys that are gone through for one value."""
MAX_READ = 24
"""Texts read for one value."""
MAX_READ_LOOSELY = 6
"""Texts read for less sure forms of a value: parted by markup or line breaks, a path said by its last component, a sample of a
long text."""

NO_END = 1 << 31
COMMON = 48
"""Slots from which a key counts as common: several such are joined as bits, not slot by slot."""
_WIDE = 512
"""Bits of a block."""


class Sayings:
    """Inverted index over the texts of one author. A text is known by its *slot*: its place in the run's list of texts."""

    __slots__ = ("_bits", "_slots")

    def __init__(self) -> None:
        self._slots: dict[str, int | array[int]] = {}
        self._bits: dict[str, tuple[int, list[int]]] = {}
        """Of common keys that were asked for: how many of their slots are taken in, and these as bits, a block an integer."""

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

    def holders(self, keys: Sequence[str], start: int = 0, *, rare: bool = False) -> Iterator[int]:
        """Slots from `start` on that have every key, ascending; at most `MAX_HOLDERS`. `rare`: none where all keys are common."""
        lists = [self._held(key) for key in keys]
        lists.sort(key=len)
        rarest: Sequence[int] = lists[0] if lists else ()
        if not rarest or (rare and len(rarest) >= COMMON):
            return iter(())
        if len(lists) == 1:
            first = bisect_left(rarest, start) if start else 0
            return iter(rarest[first : first + MAX_HOLDERS])
        if len(rarest) < COMMON:
            return iter(_among(rarest[bisect_left(rarest, start) :] if start else rarest, lists[1:]))
        return islice(_shared([self._blocks(key) for key in dict.fromkeys(keys)], start), MAX_HOLDERS)

    def _blocks(self, key: str) -> list[int]:
        """The slots of a common key as bits, brought up to date."""
        held = self._held(key)
        taken, blocks = self._bits.get(key) or (0, [])
        new = held[taken:]
        for block, slots in groupby(new, _block):
            while len(blocks) <= block:
                blocks.append(0)
            blocks[block] |= _as_bits(slots)
        if new:
            self._bits[key] = len(held), blocks
        return blocks

    def _held(self, key: str) -> Sequence[int]:
        held = self._slots.get(key)
        return () if held is None else (held,) if type(held) is int else held  # type: ignore[return-value]


def _among(few: Sequence[int], lists: list[Sequence[int]]) -> Sequence[int]:
    """Which of a few slots stand in every other ascending list too."""
    for held in lists:
        if not few:
            break
        last = held[-1]
        few = [slot for slot in few if slot <= last and held[bisect_left(held, slot)] == slot]
    return few


def _shared(each: list[list[int]], start: int) -> Iterator[int]:
    """The same of lists as bits."""
    first = start // _WIDE
    for block, bits in enumerate(zip(*(blocks[first:] for blocks in each), strict=False), start=first):
        shared = reduce(and_, bits)
        while shared:
            lowest = shared & -shared
            slot = block * _WIDE + lowest.bit_length() - 1
            if slot >= start:
                yield slot
            shared ^= lowest


def _block(slot: int) -> int:
    return slot // _WIDE


def _as_bits(slots: Iterable[int]) -> int:
    """Slots of one block as an integer; base 2 is read in linear time."""
    marks = bytearray(b"0") * _WIDE
    for slot in slots:
        marks[_WIDE - 1 - slot % _WIDE] = 49
    return int(marks, 2)
