"""Who first said each value that an action uses.

A run's texts are indexed by author as they come (linear in the text, bounded per text); a question costs what the action's own
values cost, however long the run. Authors are those of the events: no text can claim another's.

Meanings that reach further than the records say:

- An origin with `event` -1 is of nobody in this run: with author `agent`, the value is the agent's own (or a paraphrase of what
  somebody said); with author `person`, a person said it in a parent's run, and `span` quotes them.
- A paraphrase is the agent's. So is a value that stands only in the cut-out middle of a very long text (`notes` says when).
- `instructed` is set when wording near the value tells its reader to do something in the first tool output that holds it or one
  of the latest three, whoever said it first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from magistrate.core.records import Author, Origin, Part
from magistrate.evidence.forms import Form, forms, loose_place, places, sample, stands
from magistrate.evidence.pieces import WHOLE, Kind, Piece, kind_of, leaves, pieces
from magistrate.evidence.sayings import MAX_READ, MAX_READ_LOOSELY, NO_END, Sayings
from magistrate.evidence.tokens import MAX_TEXT, bounded, clean, cut, keys
from magistrate.evidence.wording import wording

RUN_TEXT = 128 << 20
"""Characters of a run's texts kept in full measure; beyond, `LATE_TEXT` of each further text."""
LATE_TEXT = 4_096
SPAN = 120
SAMPLES = 8
"""Runs of five words by which the sources of a long text are found."""
SECOND_SOURCE = 0.25
"""Share of the samples from which a further source is reported as a part of its own."""
MAX_SOUGHT = 1_024
"""Forms of which is remembered how far they were sought, for each author."""
_LATEST = 3
_AUTHORS: tuple[Author, ...] = ("person", "system", "agent", "tool")
_OWN = Origin(author="agent", event=-1)


class _Said(NamedTuple):
    event: int
    author: Author
    text: str
    tool: str
    plain: bool = False
    """Nothing in it could tell its reader to do something."""


class _Search:
    """How far a form was sought: the earliest text with it, or else how many were read in vain and where to go on."""

    __slots__ = ("read", "slot", "upto")

    def __init__(self) -> None:
        self.slot: int | None = None
        self.read = 0
        self.upto = 0


class _Heard(NamedTuple):
    """Sayings that a run draws on: its own of one author, or what a parent's people had said when the run began."""

    author: Author
    sayings: Sayings
    said: list[_Said]
    end: int
    own: bool
    sought: dict[Form, _Search]


class _Hit(NamedTuple):
    heard: _Heard
    slot: int
    form: Form


class Provenance:
    """What was said in one run, and by whom. Not safe for concurrent use."""

    def __init__(self, parent: Provenance | None = None) -> None:
        self._said: list[_Said] = []
        self._sayings = {author: Sayings() for author in _AUTHORS}
        self._heard = [_Heard(author, self._sayings[author], self._said, NO_END, True, {}) for author in _AUTHORS]
        if parent is not None:
            people = (heard for heard in parent._heard if heard.author == "person")
            self._heard += [
                heard._replace(end=min(heard.end, len(heard.said)), own=False, sought={}) for heard in people
            ]
        self._kept = 0
        self._cuts = 0
        self._first_cut = -1
        self._origins: dict[tuple[Kind, str], Origin] = {}

    def observe(self, n: int, author: Author, text: str, tool: str = "") -> None:
        """Take in a text of event `n`. Linear in the text, of which `MAX_TEXT` characters are read."""
        if not text:
            return
        limit = MAX_TEXT if self._kept < RUN_TEXT else LATE_TEXT
        read = bounded(text, limit)
        if len(text) > limit:
            self._cuts += 1
            self._first_cut = n if self._first_cut < 0 else self._first_cut
        slot = len(self._said)
        self._said.append(_Said(n, author, read, tool, author == "tool" and wording(read).plain))
        self._sayings[author].add(slot, keys(read))
        self._kept += len(read)
        self._origins.clear()

    def observe_arguments(self, n: int, arguments: dict[str, Any]) -> None:
        """Take in what the agent itself said in a call."""
        said = "\n\x00\n".join(str(leaf) for _, leaf in leaves(arguments))
        self.observe(n, "agent", said)

    def parts(self, arguments: dict[str, Any]) -> tuple[Part, ...]:
        """Each argument and each meaningful piece of one, with its origin; bounded. Text from two sources gives two parts."""
        return tuple(part for piece in pieces(arguments) for part in self._parts_of(piece))

    def origin(self, value: str) -> Origin | None:
        """Who said a value first: a path, host, address, account, branch ... None only for an empty one."""
        value = value.strip()
        return self._origin(kind_of(value[: 4 * WHOLE]), value) if value else None

    def holds(self, author: Author, token: str) -> bool:
        """Whether an author's texts in this run hold a token (lower case)."""
        return self._sayings[author].first(token) is not None

    def notes(self) -> tuple[str, ...]:
        """Why an origin may be uncertain in this run; empty when nothing was cut."""
        if not self._cuts:
            return ()
        return (
            f"{self._cuts} long texts were read in part (first: event {self._first_cut}): a value that nobody seems to have said may stand in the rest",
        )

    # ------------------------------------------------------------------ one value

    def _parts_of(self, piece: Piece) -> Iterator[Part]:
        origin = self._origin(piece.kind, piece.value)
        if origin == _OWN and piece.kind == "text":
            for excerpt, source in self._sources(piece.value):
                yield _part(piece, excerpt, source)
        else:
            yield _part(piece, piece.value, origin)

    def _origin(self, kind: Kind, value: str) -> Origin:
        known = self._origins.get((kind, value))
        if known is None:
            known = self._told(self._hits(forms(kind, value)))
            if len(value) <= WHOLE:
                self._origins[kind, value] = known
        return known

    def _hits(self, wanted: tuple[Form, ...]) -> list[_Hit]:
        hits = []
        for heard in self._heard:
            possible = [form for form in wanted if heard.sayings.have(form.keys)]
            hit = _first(heard, possible) if possible else None
            if hit:
                hits.append(hit)
        return hits

    def _told(self, hits: list[_Hit]) -> Origin:
        if not hits:
            return _OWN
        hits.sort(key=lambda hit: (hit.heard.own, hit.slot))
        first = hits[0]
        said = first.heard.said[first.slot]
        also = tuple(dict.fromkeys(hit.heard.author for hit in hits if hit.heard.author != first.heard.author))
        return Origin(
            author=first.heard.author,
            event=said.event if first.heard.own else -1,
            span=_span(said.text, first.form),
            tool=said.tool,
            also=also,
            instructed=any(self._instructed(hit) for hit in hits if hit.heard.author == "tool"),
        )

    def _instructed(self, hit: _Hit) -> bool:
        """Whether the first or one of the latest tool outputs with this form tells its reader to do something near it."""
        sayings = hit.heard.sayings
        latest = sayings.last(sayings.rarest(hit.form.keys), _LATEST)
        for slot in dict.fromkeys((hit.slot, *latest)):
            said = self._said[slot]
            if said.plain:
                continue
            text, near = said.text, wording(said.text)
            if any(near.instructs(start, end) for start, end in places(text, hit.form)):
                return True
            loose = loose_place(text, hit.form)
            if loose and near.instructs(*loose):
                return True
        return False

    # ------------------------------------------------------------------ long text

    def _sources(self, text: str) -> Iterator[tuple[str, Origin]]:
        """Where a long text was copied from, by samples: an excerpt and its origin, the source of most of it first."""
        found = {form: self._hits((form,)) for form in sample(clean(cut(text)), SAMPLES)}
        if not any(found.values()):
            yield text, _OWN
            return
        origins = {form: self._told(hits) for form, hits in found.items()}
        shares = Counter((origin.author, origin.event) for origin in origins.values())
        for turn, (source, count) in enumerate(shares.most_common(2)):
            if turn and count < SECOND_SOURCE * len(found):
                return
            of_source = [(form, origin) for form, origin in origins.items() if (origin.author, origin.event) == source]
            form, origin = next(((form, origin) for form, origin in of_source if origin.instructed), of_source[0])
            yield (form.text if turn else text), origin


def _first(heard: _Heard, wanted: Sequence[Form]) -> _Hit | None:
    """The earliest text of these sayings that holds one of the forms."""
    best: _Hit | None = None
    for form in wanted:
        end = best.slot if best else heard.end
        slot = _first_slot(heard, form, end)
        if slot is not None:
            best = _Hit(heard, slot, form)
    return best


def _first_slot(heard: _Heard, form: Form, end: int) -> int | None:
    """Of a form, before `end`. What was read stays as it is, so a search goes on where it stopped when the form was sought last."""
    if form.certain:
        slot = heard.sayings.first(form.keys[0])
        return slot if slot is not None and slot < end else None
    known = heard.sought.get(form)
    if known is None:
        if len(heard.sought) >= MAX_SOUGHT:
            heard.sought.clear()
        known = heard.sought[form] = _Search()
    if known.slot is None:
        _search(heard, form, end, known)
    return known.slot if known.slot is not None and known.slot < end else None


def _search(heard: _Heard, form: Form, end: int, known: _Search) -> None:
    """Read on: the texts that hold all keys, up to a bound in all; the first few also for the form with markup between its words."""
    limit = MAX_READ_LOOSELY if form.check in ("sample", "short") else MAX_READ
    telling = form.check == "sample"  # five everyday words say nothing of a source
    for slot in islice(heard.sayings.holders(form.keys, known.upto, rare=telling), max(limit - known.read, 0)):
        if slot >= end:
            return
        loosely = known.read < MAX_READ_LOOSELY
        known.read += 1
        known.upto = slot + 1
        if stands(heard.said[slot].text, form, loosely=loosely):
            known.slot = slot
            return


def _span(text: str, form: Form) -> str:
    start, end = next(places(text, form), None) or loose_place(text, form) or (0, 0)
    room = max(0, SPAN - (end - start)) // 2
    return " ".join(text[max(0, start - room) : end + room].split())[:SPAN]


def _part(piece: Piece, value: str, origin: Origin) -> Part:
    shown = value if len(value) <= WHOLE else value[: WHOLE - 1] + "…"
    return Part(path=piece.path, kind=piece.kind, value=shown, origin=origin)
