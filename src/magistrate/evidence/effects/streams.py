"""What flows through pipes: known text, a network fetch, or something unknown."""

from __future__ import annotations

from typing import NamedTuple

from magistrate.evidence.effects.command import Input, Word
from magistrate.evidence.effects.marks import DYNAMIC, clean

_LONG = 1 << 18


class Stream(NamedTuple):
    """The standard output of one command, as far as it can be known. `text` is a marked string (see `words`)."""

    kind: Input = "none"
    text: str = ""
    origin: str = ""
    """The URL, when it comes from the network; the path, when it is an unseen file."""
    items: tuple[Word, ...] = ()
    """Words it is known to hold."""
    decoded: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        return self.kind == "text" and DYNAMIC not in self.text

    def plain(self) -> str:
        return clean(self.text)

    def then(self, other: Stream) -> Stream:
        """Both, one after the other."""
        if self.kind == "none":
            return other
        if other.kind == "none":
            return self
        kinds = (self.kind, other.kind)
        kind: Input = "network" if "network" in kinds else "text" if kinds == ("text", "text") else "dynamic"
        return Stream(
            kind=kind,
            text=(self.text + other.text)[:_LONG],
            origin=self.origin or other.origin,
            items=self.items + other.items,
            decoded=self.decoded + other.decoded,
        )


NOTHING = Stream()
UNKNOWN = Stream("dynamic")


def text_stream(text: str, *, decoded: tuple[str, ...] = ()) -> Stream:
    return Stream("text", text[:_LONG], decoded=decoded)
