"""One sentence being read: its tokens, what has been understood so far, and where verbs and objects lie."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from magistrate.evidence import grammar as g
from magistrate.evidence import vocabulary as v
from magistrate.evidence.lexer import Token
from magistrate.evidence.names import Mention, MentionKind, Reach, Role, mention

Mood = Literal["ask", "forbid", "limit", "mention"]
Source = Literal["person", "system", "document"]
Manner = Literal["request", "proposal", "standing"]
"""`proposal`: an agent's text, where `I'll ...` and `shall I ...?` propose; `standing`: a system prompt."""

NO_KINDS: v.Kinds = frozenset()
MAX_MENTIONS = 40
"""Things named in one clause."""
SPAN = 120


class Clause(Struct, frozen=True, gc=False):
    """One thing asked, forbidden, limited or mentioned."""

    mood: Mood
    kinds: v.Kinds
    span: str
    mentions: tuple[Mention, ...] = ()
    excepted: tuple[Mention, ...] = ()
    family: str = ""
    event: int = -1
    by: Source = "person"
    order: int = 0
    """Grows over the whole run: what was said later."""
    conditional: bool = False
    """`until the tests pass`: the prohibition is not for ever."""
    soft: bool = False
    """`just do X`: holds for this request only."""
    amount: float | None = None
    """A limit on money."""
    follow: bool = False
    """The named document is to be followed."""
    others: bool = False
    """`anything else`: what the same message names is allowed."""
    terms: tuple[str, ...] = ()
    """The distinctive words of all it names: what it is found by."""
    reach: Reach = {}
    """All it names, excepted or not, by its words."""

    @property
    def specific(self) -> bool:
        """Whether it names something in particular."""
        return any(said.core for said in self.mentions)


class Reading:
    """The state of reading one sentence from left to right."""

    def __init__(
        self, text: str, tokens: list[Token], ending: str, manner: Manner, before: Clause | None, negated: bool
    ) -> None:
        self.text, self.tokens, self.ending, self.manner = text, tokens, ending, manner
        self.before = before
        """The last clause of the sentence before."""
        self.lows = [t.low if t.kind in ("word", "identifier") else "" for t in tokens]
        self.found: list[Clause] = []
        self.at = self.start = 0
        self.quiet = self.question = False
        """`quiet`: a question, a condition or a report, where verbs are only mentioned."""
        self.subject = ""
        self.desire = self.ordered = False
        self.negated = negated
        self.modal = False
        """A modal or `to` was seen since the subject."""
        self.only = self.soft = False
        self.banned = -1
        """Where a negation of several words (`on no account`) ended: a verb may follow at once."""
        self._verbs: dict[int, tuple[int, str]] = {}

    # -------------------------------------------------------------- words

    def word(self, k: int) -> str:
        """The word `k` tokens ahead, or nothing."""
        return self.low(self.at + k)

    def low(self, i: int) -> str:
        """The word at `i`, or nothing."""
        return self.lows[i] if 0 <= i < len(self.lows) else ""

    def prev(self, i: int | None = None) -> str:
        """The word or mark before, passing over adverbs; `^` at the start of the sentence."""
        i = (self.at if i is None else i) - 1
        while i >= self.start and self.lows[i] in g.ADVERBS:
            i -= 1
        return "^" if i < self.start else self.tokens[i].low

    def reset(self) -> None:
        """A new thought begins (`but`, `then`)."""
        self.negated = self.only = self.soft = self.quiet = False
        self.subject, self.desire, self.ordered = "", False, False

    # -------------------------------------------------------------- verbs

    def verb_at(self, i: int) -> tuple[int, str]:
        """Length in tokens and family of the verb that stands at `i`; `(0, "")` when none does."""
        known = self._verbs.get(i)
        if known is None:
            known = self._verbs[i] = self._find_verb(i)
        return known

    def _find_verb(self, i: int) -> tuple[int, str]:
        low = self.low(i)
        if low not in g.FIRST_WORDS or self.tokens[i].kind != "word":
            return 0, ""
        if low in g.BARE_NOUNS and self._listed(i):
            return 0, ""
        if low not in g.MULTI:
            return (1, v.VERBS[low]) if low in v.VERBS else (0, "")
        follow = [self.low(i + k) for k in range(1, 6)]
        for width in (3, 2):
            family = v.VERBS.get(" ".join((low, *follow[: width - 1])))
            if family and not (family == "message" and low == "write" and not self._person_at(i + 2)):
                return width, family
        for k, particle in enumerate(follow):
            family = v.SEPARABLE.get((low, particle))
            if family and (k < 3 or particle in ("know", "public", "private")):
                return 1, "read" if particle == "know" and follow[0] in ("me", "us") else family
        return (1, v.VERBS[low]) if low in v.VERBS else (0, "")

    def _listed(self, i: int) -> bool:
        """Whether a word stands in a list of things, with nothing that it could be done to: `its name, address and price`."""
        if not i or not g.NEGATIONS.isdisjoint(self.lows[max(0, i - 8) : i]):
            return False
        ends = i + 1 >= len(self.tokens) or self.tokens[i + 1].kind == "mark" or self.low(i + 1) in g.LINKS
        before = self.tokens[i - 1].text == "," or self.low(i - 1) in g.LINKS or self.low(i - 1) in g.DETERMINERS
        return ends and before

    def _person_at(self, i: int) -> bool:
        """Whether a name or an address stands there (`write to Bob`, not `write to disk`)."""
        return i < len(self.tokens) and (
            self.tokens[i].kind in ("address", "handle") or self.tokens[i].text[:1].isupper()
        )

    def licensed(self) -> bool:
        """Whether a verb in base form at this place can be a request."""
        before = self.prev()
        if self.at == self.banned or (before in g.CONTRACTED and self.manner == "proposal"):
            return True
        if before in g.LICENCES or before[:1] in "-–—…":
            return before != "to" or self._infinitive()
        if before in ("i", "we"):
            return self.question and self.manner == "proposal"
        return before in g.LICENCES_HERE

    def _infinitive(self) -> bool:
        """Whether `to` opens an infinitive that asks (`want to push`), not a destination (`push to release`)."""
        i = self.at - 1
        while i > 0 and self.lows[i] != "to":
            i -= 1
        if (self.tokens[i - 1].low if i else "^") in g.TO_OPENS:
            return True
        return not self.found or self.found[-1].family not in g.DIRECTED

    def third(self) -> bool:
        """Whether somebody else, or a thing, is said to do it."""
        return self.subject not in ("", "you", *g.FIRST) or (not self.subject and self._noun_before())

    def _noun_before(self) -> bool:
        if self.at == 0 or self.found or not self.lows[0] or self._told():
            return False
        first = self.lows[0]
        return first not in _NO_NOUN and first != "your" and first not in v.VERBS and first not in g.CONSENT

    def _told(self) -> bool:
        """Whether this is told to the agent after a mark, whatever stands before it (`changed my mind: don't send it`)."""
        i, negated = self.at - 1, False
        while i >= 0 and self.lows[i] and (self.lows[i] in g.ADVERBS | g.NEGATIONS | g.PURE):
            negated = negated or self.lows[i] in g.NEGATIONS
            i -= 1
        return i >= 0 and self.tokens[i].kind == "mark" and negated

    # -------------------------------------------------------------- objects

    def object_end(self, start: int, *, over: str = "", hard: bool = False) -> int:
        """Where the object that begins at `start` ends; `hard`: only at a comma or another thought."""
        for i in range(start, len(self.tokens)):
            low = self.lows[i]
            if not low:
                mark = self.tokens[i].text if self.tokens[i].kind == "mark" else ""
                if mark and (mark[0] in ":–—…" or mark.strip() == "-" or (mark == "," and (hard or self.opens(i + 1)))):
                    return i
            elif self._ends(i, low, start, over, hard):
                return i
        return len(self.tokens)

    def _ends(self, i: int, low: str, start: int, over: str, hard: bool) -> bool:
        if low in g.BREAKS and low != "so":
            return True
        if (
            low in g.TAILS
            and low != "so"
            and not (i == start and low == "that")
            and not (low == "that" and self.low(i - 1) in g.PREPOSITIONS)
        ):
            return True
        if low in g.ENDS_OBJECT and low != over:
            return True
        if (low in g.OUTSIDE or (low in ("apart", "other") and self.low(i + 1) in ("from", "than"))) and (
            over != "of" or i > start
        ):
            return True
        if hard:
            return False
        if low in g.LINKS:
            return self.opens(i + 1)
        if low == "to":
            return self.verb_at(i + 1)[0] > 0
        return i > start and low in g.MODALS and low not in ("do", "does") and self.verb_at(i + 1)[0] > 0

    def opens(self, i: int) -> bool:
        """Whether a new clause begins at `i`."""
        while self.low(i) in g.ADVERBS or self.low(i) in g.LINKS:
            i += 1
        low = self.low(i)
        if not low or self.tokens[i].kind != "word":
            return False
        if low in g.STARTS_CLAUSE:
            return low != "none" and (low != "no" or self.prohibits(i + 1))
        if low in g.GERUNDS:
            return self.negated
        width, _ = self.verb_at(i)
        # `files, emails and messages`: a bare noun at the end of a list is no verb
        return width > 0 and (bool(self.low(i + width)) or low not in v.NOUNS or i + width < len(self.tokens))

    def prohibits(self, i: int) -> bool:
        """Whether a `no` before this place opens a prohibition (`no need to`, `no pushing`)."""
        ahead = [self.low(k) for k in range(i, i + 3)]
        return ahead[0] == "need" or any(word in g.GERUNDS or word in v.ACTION_NOUNS for word in ahead)

    def mentions(self, start: int, stop: int) -> tuple[Mention, ...]:
        """What is named between two places."""
        return self.names_of(self.tokens[start:stop])

    def names_of(self, tokens: Iterable[Token]) -> tuple[Mention, ...]:
        """What the tokens name: names as they are, other words in phrases between small words."""
        out: list[Mention] = []
        phrase: list[Token] = []
        role: Role = "object"
        whole = False
        for t in tokens:
            if t.kind == "word" and t.low not in g.STOP:
                if (
                    phrase
                    and phrase[-1].text[0].isupper() != t.text[0].isupper()
                    and phrase[-1].start != self.tokens[0].start
                ):
                    self._close(phrase, role, whole, out)
                phrase.append(t)
                continue
            self._close(phrase, role, whole, out)
            if t.kind == "word":
                if t.low in g.PREPOSITIONS and t.low != "of":
                    role = g.ROLES.get(t.low, role)  # type: ignore[assignment]
                whole = t.low in g.WHOLE or (whole and t.low in g.DETERMINERS)
            elif t.kind == "code" and t.low.split(" ")[0] in v.COMMANDS:
                out.extend(command_in(t.text)[1])
            elif t.kind != "mark":
                out.append(mention(role, _TOKEN_KINDS.get(t.kind, t.kind), t.text.lstrip("#@")))  # type: ignore[arg-type]
        self._close(phrase, role, whole, out)
        return tuple(out[:MAX_MENTIONS])

    def _close(self, phrase: list[Token], role: Role, whole: bool, out: list[Mention]) -> None:
        """End a phrase."""
        if phrase:
            text = " ".join(t.text.removesuffix("'s") for t in phrase)
            first = phrase[0].start == self.tokens[0].start
            proper = all(t.text[0].isupper() for t in phrase) and not (first and _common(phrase[0].low))
            out.append(
                mention(role, "proper" if proper else "phrase", text, whole=whole or phrase[-1].low.endswith("s"))
            )
            phrase.clear()

    # -------------------------------------------------------------- clauses

    def kinds(self, family: str, start: int, stop: int) -> v.Kinds:
        """The verb's kinds, and what the nouns and commands of its object add."""
        kinds = v.FAMILIES[family]
        nouns = family in v.NOUN_FAMILIES
        if family == "light" and any(v.VERBS.get(low) in v.READING for low in self.lows[start:stop]):
            nouns = False  # `help me find a restaurant`
        if family == "make" and self.low(start) in v.VERBS:
            kinds = kinds | v.FAMILIES[v.VERBS[self.low(start)]]  # `make deploy`
        if family == "move" and not v.DATES.isdisjoint(self.lows[start:stop]):
            kinds = kinds - {"delete"}
        kinds = kinds | self._kinds_of_names(family, start, stop)
        for t in self.tokens[start:stop]:
            if (
                family in ("delete", "uninstall")
                and t.kind in ("path", "identifier")
                and "from" in self.lows[start:stop]
            ):
                kinds = kinds | {"overwrite"}  # `remove the prints from server.py`
            if t.kind == "word":
                if family in ("light", "create", "follow") and t.low in v.ACTION_NOUNS:
                    kinds = kinds | v.FAMILIES[v.ACTION_NOUNS[t.low]]
                if (
                    t.low in g.PREPOSITIONS
                    and t.low not in ("of", "to", "from", "via", "using", "as")
                    and family != "cancel"
                ):
                    nouns = False
                if nouns:
                    kinds = kinds | _added(family, t.low)
            elif t.kind == "code" and family in ("run", "follow"):
                kinds = kinds | command_in(t.text)[0]
            elif nouns and t.kind == "number" and t.text[0] in "$€£¥":
                kinds = kinds | {"payment"}
        return kinds

    def _kinds_of_names(self, family: str, start: int, stop: int) -> v.Kinds:
        """What names and bare numbers in the object add: a key that is set, a host that is copied to, money that is sent."""
        kinds: v.Kinds = NO_KINDS
        for i in range(start, stop):
            t = self.tokens[i]
            if t.kind in ("identifier", "path", "word", "quoted", "code") and family in _PUTS:
                kinds = kinds | v.FILES.get(t.low.rsplit("/", 1)[-1], NO_KINDS)
                if family != "copy" and _SECRET.fullmatch(t.text):
                    kinds = kinds | {"credential"}
            carried = family in ("copy", "move") or self.low(start - 1) == "export"
            if carried and self.low(i - 1) in ("to", "onto") and _HOST.fullmatch(t.text):
                kinds = kinds | {"network-out"}
            if t.kind == "number" and family in _HANDS_OVER and (i + 1 >= stop or self.low(i + 1) in _AFTER_SUM):
                kinds = kinds | {"payment"}
        return kinds

    def span(self, start: int, stop: int) -> str:
        """The text from one token to before another, at most `SPAN` characters."""
        last = max(min(stop, len(self.tokens)) - 1, start)
        return " ".join(self.text[self.tokens[start].start : self.tokens[last].end].split())[:SPAN]

    def add(
        self,
        mood: Mood,
        kinds: v.Kinds,
        start: int,
        stop: int,
        family: str,
        said: tuple[Mention, ...] = (),
        *,
        conditional: bool = False,
        soft: bool = False,
        amount: float | None = None,
        others: bool = False,
    ) -> None:
        """Take down a clause."""
        follow = False
        if mood == "ask":
            follow = self._follows(family, start, stop)
        span = self.span(max(0, start - 2) if mood in ("forbid", "limit") else start, stop)
        self.found.append(
            Clause(
                mood,
                kinds,
                span,
                said,
                family=family,
                conditional=conditional,
                soft=soft,
                amount=amount,
                follow=follow,
                others=others,
            )
        )

    def _follows(self, family: str, start: int, stop: int) -> bool:
        """Whether this says to do what a text says: not to tell, sum up or translate it."""
        words = self.lows[start:stop]
        orders = not (g.ORDERS | g.ACCORDING).isdisjoint(words)
        here = not g.HERE.isdisjoint(words) and "from" not in words
        if here and not self._names_text(start, stop):
            return False  # `perform the following tasks`: they stand here
        if family == "follow":
            return orders or words[0] not in g.LOOSELY or (words[0] != "go" and self._names_text(start, stop))
        if family in v.READING:
            return False
        if words[0] in g.FULFIL and (orders or ("what" in words and not g.NEEDS.isdisjoint(words))):
            return True
        return any(
            w == "according" or (w in g.ACCORDING and k and words[k - 1] in ("as", "like")) for k, w in enumerate(words)
        )

    def _names_text(self, start: int, stop: int) -> bool:
        """Whether something is named there that can say what to do: `take care of notes.md`, not `do me a favor`."""
        words = self.lows[start + 1 : stop]
        if not g.ANYTHING.isdisjoint(words) and not g.NEEDS.isdisjoint(words):
            return True  # `do what it says`
        if words[:1] == ["to"]:
            return False  # `proceed to the page`
        for i in range(start + 1, stop):
            t = self.tokens[i]
            if t.kind in ("path", "url", "identifier") or (
                t.kind == "word" and g.TEXTS & {t.low, t.low.removesuffix("s")}
            ):
                return True
            if self.lows[start] in ("do", "does", "done") and t.low not in g.DETERMINERS | g.WHOLE | g.PREPOSITIONS:
                return False  # `do the checklist`, not `do a summary of the checklist`
        return False


_PUTS = frozenset({"write", "create", "set", "copy", "move", "credential"})
_HANDS_OVER = frozenset({"send", "light", "transfer", "upload"})
_AFTER_SUM = g.PREPOSITIONS | {"back", "today", "now"}
_SECRET = re.compile(r"(?:[A-Z0-9]+_)*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|PAT)(?:_[A-Z0-9]+)*")
_HOST = re.compile(
    r"(?:[a-zA-Z][a-zA-Z0-9+]{1,9}://.{1,300}|(?:[\w.-]{1,64}@)?[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}(?::\S{0,200})?)"
)


def _added(family: str, noun: str) -> v.Kinds:
    """What a noun of the object adds to the kinds of a family."""
    kinds = v.NOUNS.get(noun) or v.NOUNS.get(noun.removesuffix("s"), NO_KINDS)
    if noun in v.REPOSITORIES and family not in v.OPENED_TO:
        kinds = kinds - {"permission"}
    if family == "run" and any(noun.removesuffix("s") in sort for sort in v.SORTS):
        kinds = kinds - {"payment"}  # `try a restaurant`
    return kinds - v.NOUNS_DO_NOT_ADD.get(family, NO_KINDS)


def _common(low: str) -> bool:
    """Whether a capital at the start of a sentence says nothing: the word is none of a name's shape."""
    return (
        low.endswith("s")
        or low in v.VERBS
        or low in v.NOUNS
        or low in v.GENERIC
        or low in v.ADJECTIVES
        or low in g.PARTICIPLES
        or low in g.GERUNDS
    )


_NO_NOUN = (g.STOP - g.DETERMINERS - g.PRONOUNS) | g.NEGATIONS
_TOKEN_KINDS: dict[str, MentionKind] = {"code": "quoted"}


def command_in(code: str) -> tuple[v.Kinds, tuple[Mention, ...]]:
    """Kinds of effect that a written-out command suggests, and what it names. Only words in sight count."""
    kinds: v.Kinds = NO_KINDS
    said: list[Mention] = []
    for word in code[:2000].split()[:200]:
        word = word.strip("\"'();,")
        family = v.COMMANDS.get(word.lower())
        if family:
            kinds = kinds | v.FAMILIES[family]
        elif word and not word.startswith("-"):
            said.append(mention("object", "path" if "/" in word else "identifier", word))
    return kinds, tuple(said[:MAX_MENTIONS])
