"""The course of a run: what came before an action, and whose words explain it.

Two questions that no single fact answers. What has happened so far: how many actions, how long ago the person spoke, whether
this tool, this kind of effect, this very call was seen before. And *who explains the call*: its words are looked up in what the
person said, in the system prompt, and in those passages of tool output that tell their reader to do something (`instructed`).
Such *orders* are also read with the grammar of requests, so that one can ask of an effect not only whether the person asked for
it but whether a tool's output did. None of this authorises anything; it is evidence about where an idea came from.

State is incremental and bounded; an answer costs what the action's own words cost, however long the run.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat, zip_longest
from typing import Any

from msgspec import Struct

from magistrate.core.records import Action, Author, Course, Effect, Order, Ordered, Outcome, Voices
from magistrate.evidence.authorisation import Requests, consents
from magistrate.evidence.effects.morphology import split
from magistrate.evidence.names import Target
from magistrate.evidence.orders import STOP, WORDS, Passage, orders, stem, stems
from magistrate.evidence.pieces import leaves
from magistrate.evidence.tokens import clean, fold

MAX_WORDS = 8_192
"""Stems remembered of each voice; the oldest go first."""
MAX_PASSAGES = 1_024
"""Passages remembered by number."""
MAX_SEEN = 4_096
"""Targets and calls remembered."""
PER_STEM = 4
"""Orders remembered for one stem, newest last."""
ACTION_WORDS = 48
"""Distinctive words of one action that are looked up."""
PROPOSAL = 600
"""Characters at the end of an agent's message that a short yes makes the person's own words."""
SPAN = 120


class _Read(Struct, frozen=True, eq=False, gc=False):
    """An order as it was read in this run. Two are never the same."""

    event: int
    tool: str
    at: int
    """How many actions had been taken when it was read."""
    passage: Passage


class Trail:
    """The course of one run as it grows. A sub-agent's run hears what its parent's people said; orders start anew."""

    def __init__(self, holds: Callable[[Author, str], bool], parent: Trail | None = None) -> None:
        """`holds` tells whether an author said a token anywhere in the run."""
        self._holds = holds
        self._person: OrderedDict[str, None] = OrderedDict(parent._person if parent else {})
        self._system: OrderedDict[str, None] = OrderedDict(parent._system if parent else {})
        self._orders: OrderedDict[str, deque[_Read]] = OrderedDict()
        self._asked = Requests()
        self._passages: OrderedDict[int, _Read] = OrderedDict()
        self._passage = 0
        self._strength = 0.0
        self._latest = -1
        self._proposal = ""
        self._actions = 0
        self._spoke = 0
        self._refused = self._failed = 0
        self._tools: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._targets: OrderedDict[str, None] = OrderedDict()
        self._calls: OrderedDict[int, None] = OrderedDict()

    # ------------------------------------------------------------------ hearing

    def heard(self, n: int, author: Author, text: str, tool: str = "") -> None:
        """Take in a text of event `n`."""
        if author == "person":
            self._spoke = self._actions
            _remember(self._person, stems(text))
            if self._proposal and consents(text):
                _remember(self._person, stems(self._proposal))
            self._proposal = ""
        elif author == "agent":
            self._proposal = text[-PROPOSAL:]
        elif author == "system":
            _remember(self._system, stems(text))
        elif author == "tool":
            self._read(n, text, tool)

    def ended(self, outcome: Outcome) -> None:
        """Take in how a call ended."""
        self._refused += outcome.status == "refused"
        self._failed += outcome.status == "error"

    def acted(self, action: Action, effects: Sequence[Effect]) -> None:
        """Take in a call that was made, and its effects."""
        self._actions += 1
        if len(self._tools) < MAX_SEEN or action.tool in self._tools:
            self._tools[action.tool] += 1
        self._kinds.update({effect.kind for effect in effects})
        _remember(self._targets, (effect.target[:400] for effect in effects if effect.target), MAX_SEEN)
        _remember(self._calls, (_call(action),), MAX_SEEN)

    def _read(self, n: int, text: str, tool: str) -> None:
        """Find the passages that tell their reader to do something, and what they ask for."""
        found = orders(text)
        for passage in reversed(found):
            number = self._passage = self._passage + 1
            read = self._passages[number] = _Read(n, tool, self._actions, passage)
            for root in passage.roots:
                held = self._orders.get(root)
                if held is None:
                    self._orders[root] = deque((read,), PER_STEM)
                else:
                    held.append(read)
                    self._orders.move_to_end(root)
            self._asked.observe(number, "person", passage.text)
        if found:
            self._latest = self._actions
            self._strength = max(self._strength, found[0].strength)
        while len(self._passages) > MAX_PASSAGES:
            self._passages.popitem(last=False)
        while len(self._orders) > MAX_WORDS:
            self._orders.popitem(last=False)

    # ------------------------------------------------------------------ answering

    def course(self, action: Action, effects: Sequence[Effect], aims: Sequence[Target]) -> Course:
        """What came before an action that is not yet taken, and whose words explain it. `aims`: what each effect is aimed at."""
        name = frozenset(stem(word) for word in islice(split(action.tool), 12) if word not in STOP)
        said = list(islice(_argument_words(action.arguments), ACTION_WORDS))
        kinds = {effect.kind for effect in effects}
        targets = {effect.target[:400] for effect in effects if effect.target}
        return Course(
            actions=self._actions,
            since_person=self._actions - self._spoke,
            since_order=self._actions - self._latest if self._latest >= 0 else -1,
            strength=self._strength,
            refused=self._refused,
            failed=self._failed,
            tool_before=self._tools[action.tool],
            kinds_before=sum(self._kinds[kind] > 0 for kind in kinds),
            targets_before=sum(target in self._targets for target in targets),
            repeated=_call(action) in self._calls,
            name=self._voices({word: word for word in name}),
            words=self._voices(dict(said)),
            order=self._explaining(name | {root for _, root in said}),
            orders=tuple(map(self._ordered, effects, repeat(action), aims)) if self._latest >= 0 else (),
        )

    def _ordered(self, effect: Effect, action: Action, aim: Target) -> Ordered:
        """What the orders so far ask for, read as requests are."""
        found = self._asked.authority(effect, action, aim)
        read = self._passages.get(found.event) or (self._naming(effect.target) if found.target_named else None)
        return Ordered(
            stance=found.stance,
            event=read.event if read else -1,
            effect_asked=found.effect_asked,
            target_named=found.target_named,
            strength=read.passage.strength if read else 0.0,
            signs=read.passage.signs if read else (),
        )

    def _naming(self, target: str) -> _Read | None:
        """The strongest of the orders with every word of a target, the newest of equals."""
        kept = [self._orders.get(root, ()) for root in sorted(stems(target[:400]))[:12]]
        shared = set(kept[0]).intersection(*kept[1:]) if kept else set()
        return max(shared, key=lambda read: (read.passage.strength, read.event, read.passage.text), default=None)

    def _voices(self, words: dict[str, str]) -> Voices:
        """Who said these words (a word as it stands, and its stem)."""
        person = {word for word, root in words.items() if root in self._person}
        system = {word for word, root in words.items() if root in self._system}
        orders = {word for word, root in words.items() if root in self._orders}
        tools = {word for word in words if self._holds("tool", word)} | orders
        return Voices(
            count=len(words),
            person=len(person),
            system=len(system),
            orders=len(orders),
            only_orders=len(orders - person - system),
            only_person=len(person - orders),
            tools=len(tools - orders - person),
            nobody=len(words) - len(person | system | tools),
        )

    def _explaining(self, wanted: Iterable[str]) -> Order | None:
        """The order with most of the action's words that the person did not say; among equals the newest, then the strongest."""
        if not self._orders:
            return None
        wanted = sorted(wanted)
        held = {root: reads for root in wanted if (reads := self._orders.get(root))}
        shared = Counter(chain.from_iterable(held.values()))
        if not shared:
            return None
        own = Counter(chain.from_iterable(reads for root, reads in held.items() if root not in self._person))
        most = max(own.values(), default=0)
        best = max(
            (read for read in shared if own[read] == most),
            key=lambda read: (shared[read], read.event, read.passage.strength),
        )
        passage = best.passage
        return Order(
            event=best.event,
            tool=best.tool,
            strength=passage.strength,
            signs=passage.signs,
            shared=shared[best],
            own=most,
            count=len(wanted),
            age=self._actions - best.at,
            span=" ".join(passage.text.split())[:SPAN],
        )


# ---------------------------------------------------------------------- words


def _argument_words(arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The distinctive words of an action's arguments with their roots, taking turns between arguments so that none crowds out."""
    each = [dict.fromkeys(WORDS(fold(clean(str(leaf)[:1_200])))) for _, leaf in islice(leaves(arguments), 24)]
    for turn in zip_longest(*([word for word in words if word not in STOP] for words in each)):
        yield from ((word, stem(word)) for word in turn if word is not None)


def _remember(held: OrderedDict[Any, None], new: Iterable[Any], limit: int = MAX_WORDS) -> None:
    held.update(dict.fromkeys(new))
    while len(held) > limit:
        held.popitem(last=False)


def _call(action: Action) -> int:
    return hash((action.tool, repr(action.arguments)[:4_000]))
