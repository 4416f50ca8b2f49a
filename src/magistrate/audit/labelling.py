"""What a labeller is shown, and what becomes of the answer: blind, one action at a time.

A card holds what the agent was asked and what led up to the action, in the words of the run; never the verdict, a score, the
stratum, or what came after, from which a verdict could be read.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Literal, Protocol

import msgspec

from magistrate.audit.book import labels, open_items, record
from magistrate.audit.frame import started
from magistrate.core.canon import now
from magistrate.core.errors import InputError
from magistrate.core.records import Action, Event, Item, Label, Message, Outcome, Record, Sample
from magistrate.ledger import Ledger

NEAR = 8
"""Events just before the action that a card shows."""
_TEXT = 1_200
_ARGUMENTS = 4_000
_REFUSED = "the call did not run"


class Said(Record, frozen=True, kw_only=True):
    """One piece of context."""

    n: int
    who: str
    text: str


class Card(Record, frozen=True, kw_only=True):
    """One action to be labelled."""

    sample: str
    run: str
    n: int
    round: int = 1
    cwd: str = ""
    asked: tuple[Said, ...] = ()
    """The system prompt, and what the person said first and last."""
    before: tuple[Said, ...] = ()
    """The last events before the action."""
    tool: str
    server: str = ""
    arguments: str
    """JSON, indented."""


class Answer(Record, frozen=True, kw_only=True):
    """What a labeller says of a card."""

    says: Literal["harmful", "harmless", "cannot-tell"]
    severity: int = 0
    note: str = ""


class Labeller(Protocol):
    """Anybody who labels: a script, a model, a person behind a form."""

    name: str
    """Stands beside every label: a person's name, or a program's with its version."""

    def label(self, card: Card) -> Answer | None:
        """The answer; None to stop here."""
        ...


def card(ledger: Ledger, sample: str, item: Item, *, round_: int = 1, near: int = NEAR, text: int = _TEXT) -> Card:
    """The card of a drawn item. Raises InputError when the ledger does not hold its action."""
    first: Message | None = None
    asked: dict[int, Said] = {}
    before: deque[Said] = deque(maxlen=near)
    last: Said | None = None
    for event in ledger.events(item.run, kinds=("message", "action", "outcome")):
        body = event.body
        if event.n == item.n:
            if not isinstance(body, Action):
                break
            began = started(ledger, item.run)
            if last:
                asked[last.n] = last
            return Card(
                sample=sample,
                run=item.run,
                n=item.n,
                round=round_,
                cwd=body.cwd or (began.cwd if began else ""),
                asked=tuple(asked[n] for n in sorted(asked)),
                before=tuple(said for said in before if said.n not in asked),
                tool=body.tool,
                server=body.server,
                arguments=_cut(_pretty(body.arguments), _ARGUMENTS),
            )
        said = _said(event, text)
        if isinstance(body, Message) and body.author in ("system", "person"):
            if body.author == "system" and not asked:
                asked[event.n] = said
            if body.author == "person":
                if first is None:
                    first, asked[event.n] = body, said
                last = said
        before.append(said)
    raise InputError(f"no action {item.n} in run {item.run!r}", where=ledger.path)


def _said(event: Event, text: int) -> Said:
    body = event.body
    match body:
        case Message(author=author):
            return Said(n=event.n, who=author, text=_cut(body.text, text))
        case Action(tool=tool):
            return Said(n=event.n, who="agent calls", text=_cut(f"{tool} {_plain(body.arguments)}", text))
        case Outcome(status=status):
            # Who refused would tell what the gate thinks of such actions.
            return Said(n=event.n, who="tool says", text=_REFUSED if status == "refused" else _cut(body.text, text))
    raise TypeError(type(body).__name__)


def _plain(arguments: Any) -> str:
    return msgspec.json.encode(arguments).decode("utf-8", "replace")


def _pretty(arguments: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(arguments), indent=2).decode("utf-8", "replace")


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]} … {len(text) - limit:,} characters … {text[head - limit :]}"


def label_of(shown: Card, probability: float, answer: Answer, labeller: str, seconds: float = 0.0) -> Label:
    """The answer as the ledger keeps it. Raises InputError for a severity out of range."""
    severity = answer.severity if answer.says == "harmful" else 0
    if not 0 <= severity <= 4:
        raise InputError(f"severity {severity}; it goes from 0 to 4")
    return Label(
        sample=shown.sample,
        run=shown.run,
        n=shown.n,
        labeller=labeller,
        says=answer.says,
        severity=severity,
        round=shown.round,
        probability=probability,
        seconds=round(seconds, 2),
        note=answer.note,
        at=now(),
    )


def label_all(ledger: Ledger, sample: Sample, labeller: Labeller, *, most: int = 0, batch: int = 1) -> Iterator[Label]:
    """Have a labeller label what is open for it, in order, until it stops or `most` are done; yields each label once durable.

    `batch`: labels made durable at once; a script can afford more than one to lose.
    """
    pending: list[Label] = []
    waiting = list(open_items(sample, labels(ledger, sample.id), labeller.name))
    for item, round_ in waiting[: most or None]:
        shown = card(ledger, sample.id, item, round_=round_)
        began = time.monotonic()
        answer = labeller.label(shown)
        if answer is None:
            break
        pending.append(label_of(shown, item.probability, answer, labeller.name, time.monotonic() - began))
        if len(pending) >= batch:
            record(ledger, pending)
            yield from pending
            pending = []
    if pending:
        record(ledger, pending)
        yield from pending


# ---------------------------------------------------------------- one at a time


def next_card(
    ledger: Ledger, sample: Sample, labeller: str, *, passed: frozenset[tuple[str, int, int]] = frozenset()
) -> Card | None:
    """The card that a labeller has next; None when nothing is open for them. `passed`: `(run, n, round)` that others have at hand."""
    for item, round_ in open_items(sample, labels(ledger, sample.id), labeller):
        if (item.run, item.n, round_) not in passed:
            return card(ledger, sample.id, item, round_=round_)
    return None


def give(ledger: Ledger, sample: Sample, shown: Card, answer: Answer, labeller: str, seconds: float = 0.0) -> Label:
    """Record the answer to a card, durably. Raises InputError when that card is not open for the labeller."""
    for item, round_ in open_items(sample, labels(ledger, sample.id), labeller):
        if (item.run, item.n, round_) == (shown.run, shown.n, shown.round):
            label = label_of(shown, item.probability, answer, labeller, seconds)
            record(ledger, [label])
            return label
    raise InputError(f"{shown.run} #{shown.n} is not open for {labeller}", where=ledger.path)


def left(ledger: Ledger, sample: Sample) -> tuple[int, int]:
    """How many first labels, and how many second ones, are not given yet."""
    given = {(one.run, one.n, one.round) for one in labels(ledger, sample.id)}
    first = sum((item.run, item.n, 1) not in given for item in sample.items)
    return first, sum(item.twice and (item.run, item.n, 2) not in given for item in sample.items)


# ---------------------------------------------------------------- other tools


class Line(Record, frozen=True, kw_only=True):
    """A label as other tools hand it in: one JSON object a line."""

    run: str
    n: int
    says: Literal["harmful", "harmless", "cannot-tell"]
    sample: str = ""
    severity: int = 0
    round: int = 1
    labeller: str = ""
    blind: bool = True
    note: str = ""


def imported(sample: Sample, lines: Iterable[bytes], labeller: str, where: str) -> Iterator[Label]:
    """Labels of other tools, each checked against the sample. Raises InputError naming the line."""
    probability = {(item.run, item.n): item.probability for item in sample.items}
    decoder = msgspec.json.Decoder(Line)
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            line = decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(str(error), where=where, line=number, mend="see docs/measuring.md") from None
        name = line.labeller or labeller
        if not name:
            raise InputError("nobody is named as its labeller", where=where, line=number, mend="--as NAME")
        if line.sample not in ("", sample.id):
            raise InputError(f"of another sample, {line.sample}", where=where, line=number)
        if (line.run, line.n) not in probability:
            raise InputError(f"{line.run} #{line.n} was not drawn", where=where, line=number)
        if not 0 <= line.severity <= 4 or line.round not in (1, 2):
            raise InputError("severity goes from 0 to 4, round is 1 or 2", where=where, line=number)
        yield Label(
            sample=sample.id,
            run=line.run,
            n=line.n,
            labeller=name,
            says=line.says,
            severity=line.severity if line.says == "harmful" else 0,
            round=line.round,
            blind=line.blind,
            probability=probability[line.run, line.n],
            note=line.note,
            at=now(),
        )
