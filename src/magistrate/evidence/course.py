"""The course of a run: what came before an action, and whose words explain it.

Two questions that no single fact answers. What has happened so far: how many actions, how long ago the person spoke, whether
this tool, this kind of effect, this very call was seen before. And *who explains the call*: its words are looked up in what the
person said, in the system prompt, and in those passages of tool output that tell their reader to do something (`instructed`).
Such *orders* are also read with the grammar of requests, so that one can ask of an effect not only whether the person asked for
it but whether a tool's output did. None of this authorises anything; it is evidence about where an idea came from.

State is incremental and bounded; an answer costs what the action's own words cost, however long the run.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Any, NamedTuple

from magistrate.core.records import Action, Author, Course, Effect, Order, Ordered, Outcome, Voices
from magistrate.evidence.authorisation import Requests, consents
from magistrate.evidence.effects.morphology import split, word_set
from magistrate.evidence.instructed import THRESHOLD, families, score
from magistrate.evidence.names import normal
from magistrate.evidence.pieces import leaves
from magistrate.evidence.tokens import clean, cut, fold
from magistrate.evidence.vocabulary import VERBS

MAX_READ = 24_000
"""Characters of one tool output in which orders are looked for: three quarters head, one quarter tail."""
SHORT, LONG = 24, 400
"""Characters that a sentence has at least and at most."""
BEFORE, AFTER = 2, 1
"""Sentences on each side whose wording counts as a sentence's surroundings: an order follows its address."""
MAX_ORDERS = 32
"""Passages kept of one tool output; the strongest."""
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

_WORDS = re.compile(r"[^\W\d_]{2,}|\d[\d.,:-]*\d|\d").findall
_END = re.compile(r"\n|[.!?]\s|\s{2,}")
_LEADS = re.compile(
    r"(?:^|[.:;!?,()\[\]{}<>*\"'`\n/#-][ \t]{0,4}|\b(?:to|please|kindly|then|and|now|also|just|must|should|first|so|either)[ \t])([a-z]{3,14})(?=[ \t][\w\"'`$/@#~<\[])"
).finditer
"""Where a command can begin, with the word that stands there."""
_VERBS = frozenset(
    verb for verb in VERBS if " " not in verb and "-" not in verb and VERBS[verb] not in ("light", "follow")
)
BARE = 0.5
"""Weight of a bare verb where a command can begin: a hint, since lists and titles have such words too."""
_HINT = frozenset({"hint"})
_STOP = word_set(
    """
    a about above after again all also am an and any are as at be because been before being below between both but by can could did
    do does doing down during each few for from further had has have having he her here hers him his how i if in into is it its
    itself just let me more most my no nor not now of off on once only or other our ours out over own please same she should so some
    such than that the their theirs them then there these they this those through to too under until up us very was we were what
    when where which while who whom why will with would you your yours yes none null true false ok http https www com org net
    """
)


class _Passage(NamedTuple):
    """A passage of tool output that tells its reader to do something."""

    event: int
    tool: str
    strength: float
    signs: frozenset[str]
    text: str
    at: int
    """How many actions had been taken when it was read."""


class Trail:
    """The course of one run as it grows. A sub-agent's run hears what its parent's people said; orders start anew."""

    def __init__(self, holds: Callable[[Author, str], bool], parent: Trail | None = None) -> None:
        """`holds` tells whether an author said a token anywhere in the run."""
        self._holds = holds
        self._person: OrderedDict[str, None] = OrderedDict(parent._person if parent else {})
        self._system: OrderedDict[str, None] = OrderedDict(parent._system if parent else {})
        self._orders: OrderedDict[str, deque[_Passage]] = OrderedDict()
        self._asked = Requests()
        self._passages: OrderedDict[int, _Passage] = OrderedDict()
        self._passage = 0
        self._strongest: _Passage | None = None
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
        for passage in reversed(_passages(n, text, tool, self._actions)):
            number = self._passage = self._passage + 1
            self._passages[number] = passage
            for root in stems(passage.text):
                self._orders.setdefault(root, deque(maxlen=PER_STEM)).append(passage)
                self._orders.move_to_end(root)
            self._asked.observe(number, "person", passage.text)
            self._latest = self._actions
            if self._strongest is None or passage.strength >= self._strongest.strength:
                self._strongest = passage
        while len(self._passages) > MAX_PASSAGES:
            self._passages.popitem(last=False)
        while len(self._orders) > MAX_WORDS:
            self._orders.popitem(last=False)

    # ------------------------------------------------------------------ answering

    def course(self, action: Action, effects: Sequence[Effect]) -> Course:
        """What came before an action that is not yet taken, and whose words explain it."""
        name = frozenset(stem(word) for word in islice(split(action.tool), 12) if word not in _STOP)
        said = list(islice(_argument_words(action.arguments), ACTION_WORDS))
        kinds = {effect.kind for effect in effects}
        targets = {effect.target[:400] for effect in effects if effect.target}
        return Course(
            actions=self._actions,
            since_person=self._actions - self._spoke,
            since_order=self._actions - self._latest if self._latest >= 0 else -1,
            strength=self._strongest.strength if self._strongest else 0.0,
            refused=self._refused,
            failed=self._failed,
            tool_before=self._tools[action.tool],
            kinds_before=sum(self._kinds[kind] > 0 for kind in kinds),
            targets_before=sum(target in self._targets for target in targets),
            repeated=_call(action) in self._calls,
            name=self._voices({word: word for word in name}),
            words=self._voices(dict(said)),
            order=self._explaining(name | {root for _, root in said}),
            orders=tuple(self._ordered(effect, action) for effect in effects) if self._strongest else (),
        )

    def _ordered(self, effect: Effect, action: Action) -> Ordered:
        """What the orders so far ask for, read as requests are."""
        found = self._asked.authority(effect, action)
        passage = self._passages.get(found.event) or (self._naming(effect.target) if found.target_named else None)
        return Ordered(
            stance=found.stance,
            event=passage.event if passage else -1,
            effect_asked=found.effect_asked,
            target_named=found.target_named,
            strength=passage.strength if passage else 0.0,
            signs=tuple(sorted(passage.signs)) if passage else (),
        )

    def _naming(self, target: str) -> _Passage | None:
        """The strongest of the orders with every word of a target."""
        kept = [self._orders.get(root, ()) for root in islice(stems(target[:400]), 12)]
        shared = set(kept[0]).intersection(*kept[1:]) if kept else set()
        return max(shared, key=lambda one: (one.strength, one.event), default=None)

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
        wanted = sorted(wanted)
        shared: Counter[_Passage] = Counter()
        own: Counter[_Passage] = Counter()
        for root in wanted:
            for passage in dict.fromkeys(self._orders.get(root, ())):
                shared[passage] += 1
                own[passage] += root not in self._person
        if not shared:
            return None
        best = max(shared, key=lambda one: (own[one], shared[one], one.event, one.strength))
        return Order(
            event=best.event,
            tool=best.tool,
            strength=best.strength,
            signs=tuple(sorted(best.signs)),
            shared=shared[best],
            own=own[best],
            count=len(wanted),
            age=self._actions - best.at,
            span=" ".join(best.text.split())[:SPAN],
        )


# ---------------------------------------------------------------------- words


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A word's root, roughly: singular, without the endings of verbs; synonyms as one."""
    root = normal(word)
    for ending in ("ing", "ed", "er", "ion"):
        if len(root) > len(ending) + 3 and root.endswith(ending):
            root = root[: -len(ending)]
            break
    if len(root) > 3 and root[-1] == root[-2]:
        root = root[:-1]
    return root[:-1] if len(root) > 3 and root.endswith("e") else root


@lru_cache(maxsize=1_024)
def stems(text: str) -> frozenset[str]:
    """The distinctive words of a text as roots. Linear in the text, of which a bounded part is read."""
    words = set(_WORDS(fold(clean(cut(text, MAX_READ)))))
    return frozenset(stem(word) for word in words if word not in _STOP)


def _argument_words(arguments: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The distinctive words of an action's arguments with their roots, taking turns between arguments so that none crowds out."""
    each = [dict.fromkeys(_WORDS(fold(clean(str(leaf)[:1_200])))) for _, leaf in islice(leaves(arguments), 24)]
    for turn in zip_longest(*([word for word in words if word not in _STOP] for words in each)):
        yield from ((word, stem(word)) for word in turn if word is not None)


def _remember(held: OrderedDict[Any, None], new: Iterable[Any], limit: int = MAX_WORDS) -> None:
    held.update(dict.fromkeys(new))
    while len(held) > limit:
        held.popitem(last=False)


def _call(action: Action) -> int:
    return hash((action.tool, repr(action.arguments)[:4_000]))


# ---------------------------------------------------------------------- passages


BLOCK = 8
"""Sentences that are looked at together first: most of what tools give holds no order at all."""


def _passages(n: int, text: str, tool: str, at: int) -> list[_Passage]:
    """Sentences that stand where wording tells its reader to do something, each with the signs of its surroundings."""
    return [_Passage(n, tool, strength, signs, said, at) for strength, signs, said in _orders_in(text)]


@lru_cache(maxsize=256)
def _orders_in(text: str) -> tuple[tuple[float, frozenset[str], str], ...]:
    """`(strength, signs, sentence)` of each, the strongest first; remembered for the latest texts, which often come again."""
    text = clean(cut(text, MAX_READ))
    folded = fold(text)
    spans = list(_sentences(folded))
    bare = _bare_verbs(folded, spans)
    read: dict[int, dict[str, float]] = {}
    found: list[tuple[float, frozenset[str], str]] = []
    for first in range(0, len(spans), BLOCK):
        near = range(max(0, first - BEFORE), min(len(spans), first + BLOCK + AFTER))
        if score(folded[spans[near[0]][0] : spans[near[-1]][1]]) < THRESHOLD:
            found += [
                (BARE, _HINT, text[slice(*spans[i])]) for i in range(first, min(len(spans), first + BLOCK)) if i in bare
            ]
            continue
        for i in near:
            if i not in read:
                read[i] = dict(families(folded[slice(*spans[i])]))
        for i in range(first, min(len(spans), first + BLOCK)):
            signs: dict[str, float] = {}
            for other in range(max(0, i - BEFORE), min(len(spans), i + AFTER + 1)):
                signs |= read[other]
            if i in bare and "imperative" not in signs:
                signs["hint"] = BARE
            strength = sum(signs.values())
            if strength >= THRESHOLD or i in bare:
                start, end = spans[i]
                if i + 1 < len(spans) and folded[start:end].rstrip().endswith(":"):  # it announces the next
                    end = spans[i + 1][1]
                found.append((strength, frozenset(signs), text[start:end]))
    found.sort(key=lambda one: -one[0])
    return tuple(found[:MAX_ORDERS])


def _bare_verbs(folded: str, spans: Sequence[tuple[int, int]]) -> set[int]:
    """Sentences with a bare verb where a command can begin."""
    found: set[int] = set()
    at = 0
    for match in _LEADS(folded):
        if match[1] in _VERBS:
            while at < len(spans) - 1 and spans[at][1] <= match.start(1):
                at += 1
            found.add(at)
    return found


def _sentences(folded: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a text begin and end; very short ones join the next, very long ones are cut."""
    start = 0
    while start < len(folded):
        match = _END.search(folded, start + SHORT, start + LONG)
        end = match.end() if match else min(len(folded), start + LONG)
        yield start, end
        start = end
