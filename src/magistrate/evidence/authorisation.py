"""Who asked for what: the requests of one run, and whether they cover an effect.

Only the person and the operator's system prompt can authorise. A document's requests count when the person told the agent to
follow it; an agent's words count when the person consents to them right after. Everything said is parsed once; what is kept is
bounded and indexed by effect kind and by word, so an answer costs the same late in a run as early.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from magistrate.core.records import Action, Author, Authority, Effect, EffectKind
from magistrate.core.remembered import remembered
from magistrate.evidence import stances
from magistrate.evidence.clauses import parse
from magistrate.evidence.documents import followed_part, own_names, own_requests
from magistrate.evidence.filed import Filed
from magistrate.evidence.grammar import CONSENT, CONSENT_PHRASES, REFUSAL, REFUSAL_PHRASES
from magistrate.evidence.lexer import cut
from magistrate.evidence.names import Mention, Target, argument_words, mention, names, naming, target_of
from magistrate.evidence.sentence import Clause, Manner
from magistrate.evidence.withdrawn import TakenBack, taken_back, withdrawals

DOCUMENTS, PENDING = 16, 32
"""Bounds on what is kept: documents to follow; calls under way."""
SHORT = 12
"""Words in a message that can be a consent."""
PROPOSAL = 6000
"""Characters at the end of an agent's message that a consent can speak of."""


class _Document(Struct, frozen=True, gc=False):
    """Something the person told the agent to follow."""

    mentions: tuple[Mention, ...]
    event: int


class _Said(Struct, frozen=True, gc=False):
    """What one text says, whoever says it and whenever."""

    clauses: tuple[Clause, ...]
    partly: bool
    """It was too long to be read whole."""
    names: frozenset[str]
    """What the person is called in it."""
    back: TakenBack | None = None
    """What it takes back of an earlier request."""


def _read(text: str, manner: Manner) -> _Said:
    pieces, partly = cut(text)
    return _Said(tuple(c for piece in pieces for c in parse(piece, manner)), partly, frozenset(own_names(text)))


@remembered(count=4_096, size=1 << 20)
def _asked(text: str) -> _Said:
    """What a person's text says, or a document's."""
    return replace(_read(text, "request"), back=taken_back(text))


@remembered(count=64, size=1 << 20)
def _standing(text: str) -> _Said:
    """What a system prompt says: the longest text of a run, and the same in all runs of one deployment."""
    said = _read(text, "standing")
    return replace(said, clauses=tuple(filter(_stands, said.clauses)))


NOTHING_SAID = Authority(stance="silent")


@lru_cache(maxsize=16)
def _standing_filed(n: int, text: str) -> Filed:
    """What a run holds that begins with this system prompt. To be copied, not added to."""
    filed = Filed()
    filed.add(n, "system", _standing(text).clauses)
    return filed


class Requests:
    """What people asked for in one run. A sub-agent inherits what was said to its parent so far.

    `notes` says what could not be read whole.
    """

    def __init__(self, parent: Requests | None = None) -> None:
        self._filed: Filed = Filed(parent._filed if parent else None)
        self._documents: deque[_Document] = deque(parent._documents if parent else (), DOCUMENTS)
        self._pending: OrderedDict[str, deque[frozenset[str]]] = OrderedDict()
        self._own: frozenset[str] = parent._own if parent else frozenset()
        self._task: int = parent._task if parent else -1
        self._proposal = ""
        self.notes: deque[str] = deque(maxlen=8)

    # -------------------------------------------------------------- hearing

    def observe(self, n: int, author: Author, text: str, tool: str = "") -> None:
        """Take in a text of event `n`. An agent's text with a tool's name is a call, not something said to the person."""
        if author == "person":
            self._person(n, text)
        elif author == "system":
            said = _standing(text)
            self._note(n, said)
            if self._filed.order:
                self._filed.add(n, "system", said.clauses)
            else:
                self._filed = Filed(_standing_filed(n, text))
        elif author == "agent":
            if not tool and text.strip():
                self._proposal = text[-PROPOSAL:]
        else:
            self._outcome(n, text, tool)

    def _person(self, n: int, text: str) -> None:
        said = _asked(text)
        self._note(n, said)
        clauses: Sequence[Clause] = said.clauses
        short = text.strip().lower() if len(text) < 160 else ""
        if short and self._proposal and len(short.split()) <= SHORT:
            clauses = self._answer(text.strip(), short, clauses)
        self._proposal = ""
        back = said.back
        if back is not None and (back.words or not any(c.mood == "forbid" for c in clauses)):
            latest = {c.order: c for kept in self._filed.asks.values() for c in kept if c.event == self._task}
            self._filed.add(n, "person", withdrawals([c for c in latest.values() if c.by == "person"], back))
            clauses = [c for c in clauses if c.mood != "ask" or c.span not in back.said]
        if any(c.mood == "ask" for c in clauses):
            self._task = n
        self._filed.add(n, "person", clauses)
        for at, clause in enumerate(clauses):
            if clause.follow and clause.mood == "ask":
                self._follow(n, at, clauses)

    def _follow(self, n: int, at: int, clauses: Sequence[Clause]) -> None:
        """Keep the document that the clause at a place says to follow."""
        said = tuple(m for m in clauses[at].mentions if m.core)
        if not any(m.kind != "phrase" for m in said):  # `read X and do what it says`
            said += _spoken_of(at, clauses, phrases=not said)
        if said:
            self._documents.append(_Document(said[:16], n))

    def _answer(self, text: str, short: str, clauses: Sequence[Clause]) -> Sequence[Clause]:
        """A short yes or no is about what the agent proposed last."""
        yes, no = _begins(short, CONSENT, CONSENT_PHRASES), _begins(short, REFUSAL, REFUSAL_PHRASES)
        if not (yes or no):
            return clauses
        proposed = [c for c in parse(self._proposal, "proposal") if c.mood == "ask"]
        own = frozenset[EffectKind]().union(*(c.kinds for c in clauses if c.mood == "ask"))
        if no and not (yes and short.split()[0].strip(",.!") in CONSENT):
            answer = [replace(c, mood="forbid", span=text[:120], kinds=c.kinds - {"read"}) for c in proposed]
            return [*answer, *(c for c in clauses if c.mood != "forbid" or c.specific)]
        told = {m.text.lower() for c in clauses if c.mood == "ask" for m in c.mentions if m.core}
        agreed = [
            replace(c, span=text[:120], soft=False)
            for c in proposed
            if not own
            or (c.kinds & own and not (told and c.specific and not told & {m.text.lower() for m in c.mentions}))
        ]
        return [*agreed, *clauses]

    def _note(self, n: int, said: _Said) -> None:
        """What a text says of the person, and that it was not read whole."""
        if said.partly:
            self.notes.append(f"event {n}: only the beginning and the end of a long text were read for requests")
        if said.names and len(self._own) < DOCUMENTS:
            self._own |= said.names

    # -------------------------------------------------------------- documents

    def _outcome(self, n: int, text: str, tool: str) -> None:
        calls = self._pending.get(tool)
        call = calls.popleft() if calls else frozenset()
        if not self._documents or not text:
            return
        followed = next((part for d in self._documents if (part := followed_part(d.mentions, call, text))), "")
        if followed:
            said = _asked(followed)
            self._note(n, replace(said, names=frozenset()))
            asks = own_requests(followed, [c for c in said.clauses if c.mood == "ask"])
            self._filed.add(n, "document", [replace(c, follow=False) for c in asks])

    def called(self, action: Action) -> None:
        """Take in a call that was made: its words tell whose outcome a followed document's is."""
        if not self._documents:
            return
        self._pending.setdefault(action.tool, deque(maxlen=PENDING)).append(argument_words(action))
        self._pending.move_to_end(action.tool)
        if len(self._pending) > PENDING:
            self._pending.popitem(last=False)

    # -------------------------------------------------------------- answering

    def authority(self, effect: Effect, action: Action, target: Target | None = None) -> Authority:
        """Whether the effect of this action was asked for, on this target.

        `effect_asked` and `target_named` are found apart from the stance: an effect asked for on Anna and done to Bob is
        `silent` with `effect_asked`; a target the person only spoke about is `silent` with `target_named`. For a target that
        says nothing to a person (an id, an account number) the call's other arguments may name it. `target`: of the effect,
        when it is known already.
        """
        if not self._filed.order:
            return NOTHING_SAID
        target = target or target_of(effect, action)
        related = self._filed.related(target)
        named: set[int] = set()
        for said in related:
            if said.by == "person" and said.event not in named and naming(said.reach, target):
                named.add(said.event)
        asks = self._filed.requests(effect.kind, related)
        view = stances.View(
            effect=effect,
            action=action,
            target=target,
            asks=asks,
            bars=self._filed.restrictions(effect.kind, related),
            others=self._filed.asks,
            named=frozenset(named),
            own=any(_is_own(name, target) for name in self._own),
            task=self._task,
        )
        found = stances.decide(view)
        asked = any(c.by == "person" for c in asks) or any(
            c.by == "system" and stances.named_by(c, target) for c in asks
        )
        return Authority(
            stance=found.stance,
            event=found.clause.event if found.clause else -1,
            span=found.clause.span if found.clause else "",
            by=found.clause.by if found.clause else "none",
            effect_asked=asked,
            target_named=bool(named),
        )


def _spoken_of(at: int, clauses: Sequence[Clause], *, phrases: bool) -> tuple[Mention, ...]:
    """What `it` or `they` in the clause at a place can mean: what the nearest clause names, those before it first.

    What was to be written does not count. `phrases`: those that stand beside a name are taken too.
    """
    found: tuple[Mention, ...] = ()
    many = not _MANY.isdisjoint(clauses[at].span.lower().split())
    for near in (*reversed(clauses[:at]), *clauses[at + 1 :]):
        named = tuple(m for m in near.mentions if m.core and (phrases or m.kind != "phrase"))
        if any(m.kind != "phrase" for m in named) and near.kinds.isdisjoint(_WRITTEN):
            found += named
            if not many:
                break
    return found


_MANY = frozenset({"they", "them", "both", "these", "those", "all"})
_WRITTEN: frozenset[EffectKind] = frozenset({"create", "overwrite"})


def _is_own(name: str, target: Target) -> bool:
    return target.kind == "address" and names(
        mention("recipient", "address" if "@" in name else "proper", name), target
    )


def _stands(clause: Clause) -> bool:
    """Whether a standing instruction can be applied by itself: a policy's conditions and general remarks need judgement."""
    named = any(m.exact or m.kind in ("identifier", "quoted") for m in clause.mentions)
    if clause.mood == "limit":
        return (named and not clause.others) or clause.family in ("change", "consult")
    if clause.mood != "forbid" or named:
        return True
    return not clause.conditional and all(m.role == "object" for m in clause.mentions)


def consents(text: str) -> bool:
    """Whether a message is a short yes to what the agent proposed."""
    short = text.strip().lower() if len(text) < 160 else ""
    return bool(short) and len(short.split()) <= SHORT and _begins(short, CONSENT, CONSENT_PHRASES)


def _begins(short: str, words: frozenset[str], phrases: tuple[str, ...]) -> bool:
    bare = short.lstrip("\"'( ")
    first = bare.split()[0].strip(",.!:;") if bare.split() else ""
    return first in words or bare.startswith(phrases)
