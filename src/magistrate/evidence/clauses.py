"""Sentences of a request into clauses: what is asked for, forbidden, limited or merely mentioned, and of what.

One pass from left to right over the tokens of a sentence. A verb counts where a request can stand (at a start, after `and`,
`please`, `to`, a modal ...); its object runs to the next verb or to a word that opens another thought. Questions, conditions,
reports about other people and gerunds without a negation ask for nothing.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from magistrate.core.records import EffectKind
from magistrate.evidence import vocabulary as v
from magistrate.evidence.lexer import Token, own_words, sentences
from magistrate.evidence.names import Mention, mention

Mood = Literal["ask", "forbid", "limit", "mention"]
Source = Literal["person", "system", "document"]
Manner = Literal["request", "proposal", "standing"]
"""`proposal`: an agent's text, where `I'll ...` and `shall I ...?` propose; `standing`: a system prompt."""

MAX_CLAUSES = 400
"""Clauses kept of one message."""
MAX_FRAGMENTS = 100
"""Sentences without a verb whose names are kept, of one message."""
_NO_KINDS: v.Kinds = frozenset()


class Clause(Struct, frozen=True):
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
    """`until the tests pass`, `without asking me`: the prohibition is not for ever."""
    soft: bool = False
    """`just do X`: holds for this request only."""
    amount: float | None = None
    """A limit on money."""
    follow: bool = False
    """The named document is to be followed."""
    else_: bool = False
    """`anything else`: what the same message names is allowed."""

    @property
    def specific(self) -> bool:
        """Whether it names something in particular."""
        return any(said.core for said in self.mentions)


def parse(text: str, manner: Manner = "request") -> list[Clause]:
    """All clauses of a text, in order. Pasted matter is left out; commands the person wrote out to be run are read."""
    own, fenced = own_words(text)
    parser = _Message(own, manner)
    for tokens, ending in sentences(own):
        parser.sentence(tokens, ending)
        if len(parser.clauses) >= MAX_CLAUSES:
            break
    return parser.finish(fenced)


class _Message:
    """The clauses of one message, as they come."""

    def __init__(self, text: str, manner: Manner) -> None:
        self.text, self.manner = text, manner
        self.clauses: list[Clause] = []
        self.listing = False  # the last sentence ended with a colon: fragments belong to it
        self.carry = False  # ... and it was a bare negation
        self.fragments = 0

    def sentence(self, tokens: list[Token], ending: str) -> None:
        walk = _Walk(self, tokens, ending)
        found = walk.run()
        if not found and self.clauses and (self.listing or tokens[0].low in ("also", "and", "plus")):
            last = self.clauses[-1]
            if len(last.mentions) < 64 and last.mood != "mention":
                self.clauses[-1] = replace(last, mentions=last.mentions + walk.loose())
            return
        self.clauses.extend(found or walk.fragment())
        self.listing = ending == ":"
        self.carry = self.listing and (walk.negated or (self.carry and not found))

    def finish(self, fenced: list[str]) -> list[Clause]:
        """Resolve `anything else`, and read commands that were written out after a request to run them."""
        asked = tuple(said for c in self.clauses if c.mood == "ask" for said in c.mentions)[:64]
        out = [replace(c, mentions=c.mentions + asked) if c.else_ else c for c in self.clauses]
        if fenced and any(c.mood == "ask" and c.family in ("run", "follow") for c in out):
            for code in fenced:
                kinds, said = command_in(code)
                if kinds:
                    out.append(Clause("ask", kinds, code[:120], said, family="run"))
        return out[:MAX_CLAUSES]


class _Walk:
    """One sentence."""

    def __init__(self, message: _Message, tokens: list[Token], ending: str) -> None:
        self.message, self.tokens, self.ending = message, tokens, ending
        self.found: list[Clause] = []
        self.at = 0
        self.quiet = False  # a question, a condition, a report: verbs are only mentioned
        self.question = False
        self.subject = ""
        self.desire = self.ordered = False
        self.negated = message.carry
        self.only = self.soft = False
        self.start = 0

    # -------------------------------------------------------------- the walk

    def run(self) -> list[Clause]:
        """The clauses of the sentence."""
        if self._foreign():
            return self.found
        self._rehearsal()
        self._open()
        while self.at < len(self.tokens):
            self.at += self._step()
        if self.question and not any(c.mood == "ask" for c in self.found):
            self._add("ask", v.FAMILIES["read"], 0, len(self.tokens), "read", self.loose())
        if not self.found and self.tokens[0].low in v.COMMANDS and len(self.tokens) > 1:
            kinds, said = command_in(self.message.text[self.tokens[0].start : self.tokens[-1].end])
            self._add("ask", kinds, 0, len(self.tokens), "run", said)
        return self.found

    def _rehearsal(self) -> None:
        """`read-only`, `dry run`: nothing is to change."""
        lows = [t.low for t in self.tokens]
        for i, low in enumerate(lows):
            pair = (low, lows[i + 1] if i + 1 < len(lows) else "")
            alone = pair == ("read", "only") and (i + 2 == len(lows) or self.tokens[i + 2].kind == "mark")
            if (low in ("read-only", "readonly", "dry-run") or pair == ("dry", "run") or alone) and not {
                "not",
                "no",
                "the",
            } & set(lows[max(0, i - 2) : i]):
                self._add("limit", v.CHANGE, i, i + 2, "change", ())
                return

    def _open(self) -> None:
        """How the sentence begins tells whether it asks for anything."""
        t = self.tokens
        i = 0
        while (
            i < len(t) - 1
            and (
                t[i].low
                in (
                    "hi",
                    "hey",
                    "hello",
                    "ok",
                    "okay",
                    "so",
                    "and",
                    "also",
                    "well",
                    "please",
                    "now",
                    "then",
                    ",",
                    "-",
                    "btw",
                    "but",
                    "yes",
                    "no",
                    "thanks",
                )
                or t[i].text in ",("
            )
            and (t[i].low != "no" or t[i + 1].text == ",")
        ):
            i += 1
        first, second, third = (t[i + k].low if i + k < len(t) else "" for k in range(3))
        self.at = self.start = i
        asks = self.ending.startswith("?")
        if first == "why" and second in ("don't", "not"):
            self.at = i + (3 if third in ("you", "we") else 2)
        elif first in v.POLITE and second in ("you", "u", "we" if self.message.manner != "request" else "you"):
            self.at = i + 2
            self.subject = "you"
        elif first in v.POLITE and second in ("i", "we", "it", "they", "he", "she") and asks:
            self._ask()
        elif first in v.CONDITIONS and not (first in ("when", "while") and asks):
            self.quiet = True
        elif (
            first in v.QUESTIONS
            and not (first == "do" and second != "you")
            and (
                asks
                or first not in ("is", "are", "which", "what", "am", "may")
                or second in ("is", "are", "the", "if", "do", "does", "happens", "would", "was", "does")
            )
        ):
            if first == "what" and second in ("i", "we") and "want" in {x.low for x in t[i : i + 5]}:
                return
            self._ask()
        elif first == "do" and second in ("you", "we", "i", "they"):
            self._ask()

    def _ask(self) -> None:
        self.question = True
        self.quiet = self.message.manner != "proposal"

    def _step(self) -> int:
        """Look at the current token; returns how many tokens were used."""
        t = self.tokens[self.at]
        low = t.low
        if t.kind == "mark":
            self._comma(t)
            return 1
        if t.kind not in ("word", "identifier"):
            return 1
        if low in ("but", "then", "so", "however", "instead") and not self.quiet_by_question():
            self._reset()
            return 1
        special = self._special()
        if special:
            return special
        if low in v.SUBJECTS or (low == "you" and self.prev() not in v.MODALS):
            self.subject, self.desire, self.ordered = low, "'d" in low or low == "let's", False
            return 1
        if low in v.DESIRE and self.subject:
            self.desire = True
            if (
                self.subject in v.FIRST
                and not self.quiet
                and "to" not in [self.word(k) for k in (1, 2)]
                and any(self.word(k) in v.ACTION_NOUNS for k in (1, 2, 3))
            ):
                return self._clause(1, "light")
        if low in v.ORDERED and self._third() and self.word(1) in ("me", "us", "you", "that"):
            self.ordered = True
        width, family = self._verb()
        if width:
            return self._clause(width, family)
        if low in v.CONDITIONS and low not in ("once", "so", "as") and self.at:
            self.quiet = True
        return 1

    def quiet_by_question(self) -> bool:
        return self.question and self.quiet and self.tokens[self.at].low in ("so", "instead", "however", "but")

    def _comma(self, t: Token) -> None:
        if t.text in ",:" or t.text[0] in "-–—…":
            self.subject, self.desire, self.ordered = "", False, False
            if not self.question:
                self.quiet = False

    def _reset(self) -> None:
        self.negated = self.only = self.soft = False
        self.subject, self.desire, self.ordered = "", False, False
        self.quiet = False

    def _special(self) -> int:
        """Negations, `only`, `just`, exceptions and fixed turns of phrase."""
        low, nxt = self.tokens[self.at].low, self.word(1)
        lows = tuple(self.word(k) for k in range(4))
        for phrase in v.NEGATIVE_PHRASES:
            if lows[: len(phrase)] == phrase and (phrase != ("not", "to") or self._verb_at(self.at + 2)[0]):
                self.negated = True
                return len(phrase)
        if low in ("doesn't", "didn't", "isn't", "aren't", "wasn't", "hasn't", "haven't", "couldn't", "weren't"):
            self.subject = self.subject or "it"
            return 1
        if (
            low in ("not", "never")
            and self.prev() in ("does", "did", "is", "are", "was", "were", "has")
            and nxt not in ("allowed", "permitted", "to")
        ):
            if not (low == "never" or nxt == "be"):
                self.subject = self.subject or "it"
            return 1
        if low in v.NEGATIONS:
            return self._negation(low, nxt)
        if (
            low in ("only", "solely", "exclusively")
            and self.prev() not in ("the", "not", "my")
            and nxt not in ("if", "when", "after", "once")
        ):
            self._only()
            return 1
        if (
            low in ("just", "simply", "merely")
            and nxt not in ("in", "as", "like", "now", "a", "because")
            and self.subject not in ("i", "we")
        ):
            self.soft = True
            if self.at and self.tokens[self.at - 1].kind == "mark":
                self.negated = False
            return 1
        if low in v.EXCEPTIONS and (low != "other" or nxt == "than") and (low != "apart" or nxt == "from"):
            return self._except()
        if low in ("stop", "avoid", "skip", "cease", "quit", "avoiding"):
            follow = self.tokens[self.at + 1 : self.at + 4]
            if any(x.low in _GERUNDS for x in follow) or (
                low in ("avoid", "skip") and any(x.low in v.ACTION_NOUNS for x in follow)
            ):
                self.negated = True
                return 1
        return self._consult(low, nxt) or self._bounds(low) or self._keep(low)

    def _negation(self, low: str, nxt: str) -> int:
        if nxt in v.DOUBLE and low not in ("no", "without"):
            if nxt == "only":
                return 2
            return 2
        if low == "no":
            return self._no()
        if low in ("not", "never") and self.found and nxt != "be" and not self._verb_ahead():
            return self._except_forbid()
        if low in ("cannot", "can't", "won't", "couldn't") and self._third():
            return 1
        if low in ("nothing", "none") and self.found and nxt in ("else",):
            self._add("limit", v.CHANGE, self.at, self.at + 2, "touch", (), else_=True)
            return 2
        self.negated = True
        if low in ("nothing", "nobody", "none") and not self._bounds_ahead():
            return 1
        return 1

    def _no(self) -> int:
        """`no pushes`, `no new dependencies`, `no deleting`: a prohibition by noun."""
        for k in range(1, 4):
            word = self.word(k)
            family = _GERUNDS.get(word) or v.ACTION_NOUNS.get(word)
            if family:
                stop = self._object_end(self.at + k + 1)
                said = self._mentions(self.at + k + 1, stop)
                self._add("forbid", v.FAMILIES[family], self.at, stop, family, said)
                return stop - self.at
            if not word or word in v.STOP:
                break
        return 1

    def _only(self) -> None:
        """`only` before a verb limits that verb, after it the clause; alone it limits the changes to what it names."""
        width = self._verb_at(self.at + 1)[0]
        if width or not self.found:
            self.only = True
        if not width:
            stop = self._object_end(self.at + 1)
            said = self._mentions(self.at + 1, stop)
            last = self.found[-1] if self.found else None
            said = said or (last.mentions if last else ())
            kinds = (last.kinds if last and last.mood == "ask" else _NO_KINDS) | (
                v.TOUCH if not last or last.kinds & v.TOUCH else _NO_KINDS
            )
            if said and kinds:
                self._add("limit", kinds - {"read"}, self.at, stop, "only", said)

    def _except(self) -> int:
        stop = self._object_end(self.at + 1)
        said = self._mentions(self.at + 1, stop)
        if self.found:
            last = self.found[-1]
            self.found[-1] = replace(last, excepted=last.excepted + said)
        return max(1, stop - self.at)

    def _except_forbid(self) -> int:
        """`..., but not X`: what was just asked for is forbidden for X."""
        stop = self._object_end(self.at + 1)
        said = self._mentions(self.at + 1, stop)
        last = next((c for c in reversed(self.found) if c.mood == "ask"), None)
        if said and last:
            self._add("forbid", last.kinds - {"read"}, self.at, stop, last.family, said)
        return max(1, stop - self.at)

    def _consult(self, low: str, nxt: str) -> int:
        """`ask me before ...`, `check with me first`, `wait for my go`."""
        if (low, nxt) in (("ask", "me"), ("ask", "first"), ("consult", "me"), ("wait", "for")) or (
            low in ("check", "confirm", "clear") and nxt == "with" and self.word(2) in ("me", "us")
        ):
            rest = [x.low for x in self.tokens[self.at :]]
            if not ({"first", "before", "beforehand"} & set(rest) or low == "wait"):
                return 0
            if low == "wait" and self.word(2) not in ("my", "me"):
                return 0
            for k, word in enumerate(rest):
                family = _GERUNDS.get(word) or (self._verb_at(self.at + k)[1] if rest[k - 1] == "you" else "")
                if family and k:
                    stop = self._object_end(self.at + k + 1)
                    self._add(
                        "limit",
                        self._kinds(family, self.at + k + 1, stop),
                        self.at,
                        stop,
                        "consult",
                        self._mentions(self.at + k + 1, stop),
                        family,
                    )
                    return stop - self.at
            self._add("limit", v.CONSEQUENTIAL | {"delete"}, self.at, len(self.tokens), "consult", ())
            return len(self.tokens) - self.at
        return 0

    def _bounds_ahead(self) -> bool:
        return any(x.low in ("outside", "beyond", "else") for x in self.tokens[self.at : self.at + 5])

    def _bounds(self, low: str) -> int:
        """`nothing outside X`, `stay in X`, `limit changes to X`."""
        if low in ("outside", "beyond") and (self.negated or any(c.mood == "forbid" for c in self.found)):
            stop = self._object_end(self.at + 1, over="of")
            said = self._mentions(self.at + 1, stop)
            if said:
                last = self.found[-1] if self.found and self.found[-1].mood == "forbid" else None
                if last:
                    self.found.pop()
                self._add("limit", last.kinds if last else v.TOUCH, self.at, stop, "only", said)
                return stop - self.at
        if (low in ("limit", "restrict", "confine", "stick", "stay", "keep") and self._licensed()) and not self.negated:
            for k in range(1, 6):
                if self.word(k) in ("to", "in", "within", "inside", "on"):
                    stop = self._object_end(self.at + k + 1)
                    said = self._mentions(self.at + k + 1, stop)
                    if said and (
                        low not in ("keep",)
                        or self.word(1) in ("it", "changes", "edits", "your", "everything", "yourself", "all", "to")
                    ):
                        self._add("limit", v.TOUCH, self.at, stop, "only", said)
                        return stop - self.at
        return 0

    def _keep(self, low: str) -> int:
        """`leave X alone`, `keep X`: hands off X."""
        if (
            low not in ("leave", "keep", "preserve", "protect", "retain", "spare")
            or not self._licensed()
            or self.quiet
            or self.negated
        ):
            return 0
        stop = self._object_end(self.at + 1)
        rest = {x.low for x in self.tokens[self.at + 1 : stop + 3]}
        if low == "leave" and not rest & {
            "alone",
            "untouched",
            "as",
            "intact",
            "be",
            "unchanged",
            "rest",
            "else",
            "unmodified",
        }:
            return 0
        if low == "keep" and (self.word(1) in _GERUNDS or self.word(1) in ("me", "in", "going", "on", "up")):
            return 0
        said = self._mentions(self.at + 1, stop)
        if said:
            self._add(
                "forbid",
                v.TOUCH if low != "keep" else v.TOUCH - {"create", "overwrite"} | {"vcs-rewrite"},
                self.at,
                stop,
                "touch",
                said,
            )
        elif rest & {"rest", "else", "everything"}:
            self._add("limit", v.TOUCH, self.at, stop, "touch", (), else_=True)
        return stop - self.at

    # -------------------------------------------------------------- verbs

    def word(self, k: int) -> str:
        """The word `k` tokens ahead, or nothing."""
        i = self.at + k
        return self.tokens[i].low if 0 <= i < len(self.tokens) and self.tokens[i].kind in ("word", "identifier") else ""

    def prev(self, i: int | None = None) -> str:
        """The word before, passing over adverbs; `^` at the start of a sentence."""
        i = (self.at if i is None else i) - 1
        if i < self.start:
            return "^"
        while i >= self.start and self.tokens[i].kind == "word" and self.tokens[i].low in v.ADVERBS:
            i -= 1
        return "^" if i < self.start else self.tokens[i].low

    def _licensed(self, i: int | None = None) -> bool:
        """Whether a verb in base form at this place can be a request."""
        i = self.at if i is None else i
        before = self.prev(i)
        if (
            before in ("^", ",", ":", "(", ")", "you", "me", "us", "let's", "go", "help", "ahead", "try")
            or before[:1] in "-–—…"
            or before in v.LINKS
            or before in v.MODALS
            or before in v.NEGATIONS
        ):
            if before == "to":
                return self._to_opens()
            return True
        if before in ("i", "we"):
            return self.question and self.message.manner == "proposal"
        return before in ("off", "instead", "please", "yes", "then", "proceed") and i == self.at

    def _to_opens(self) -> bool:
        """Whether `to` opens an infinitive that asks (`want to push`), not a destination (`push to release`)."""
        i = self.at - 1
        while i > 0 and self.tokens[i].low != "to":
            i -= 1
        before = self.tokens[i - 1].low if i else "^"
        if before in (
            "you",
            "me",
            "us",
            "want",
            "need",
            "like",
            "sure",
            "ok",
            "okay",
            "fine",
            "free",
            "allowed",
            "not",
            "is",
            "task",
            "job",
            "goal",
            "have",
            "ask",
            "and",
            "love",
            "^",
            "remember",
            "forget",
            "order",
            "permission",
            "trying",
            "due",
            "how",
            "wish",
            "able",
            "supposed",
            "going",
            "ahead",
            "need",
            "needs",
            "hesitate",
            "try",
            "proceed",
            "continue",
            "required",
        ):
            return True
        last = self.found[-1].family if self.found else ""
        return last not in (
            "push",
            "send",
            "message",
            "upload",
            "share",
            "deploy",
            "publish",
            "merge",
            "grant",
            "transfer",
            "move",
            "copy",
            "invite",
        )

    def _verb_at(self, i: int) -> tuple[int, str]:
        """Length in tokens and family of the verb that stands at `i`."""
        if i >= len(self.tokens) or self.tokens[i].kind != "word":
            return 0, ""
        low = self.tokens[i].low
        if low not in _FIRST_WORDS:
            return 0, ""
        follow = [x.low if x.kind == "word" else "" for x in self.tokens[i + 1 : i + 7]] + [""] * 6
        for width in (3, 2):
            joined = " ".join((low, *follow[: width - 1]))
            if joined in v.VERBS:
                return width, v.VERBS[joined]
        for k, particle in enumerate(follow[:5]):
            family = v.SEPARABLE.get((low, particle))
            if family and (k < 3 or particle == "know"):
                if (low, particle) == ("let", "know") and k == 1 and follow[0] in ("me", "us"):
                    return 1, "read"
                return 1, family
        return (1, v.VERBS[low]) if low in v.VERBS else (0, "")

    def _verb(self) -> tuple[int, str]:
        i = self.at
        low = self.tokens[i].low
        if low in _GERUNDS:
            before = self.prev()
            if self.negated or before in (
                "without",
                "mind",
                "proceed",
                "with",
                "start",
                "continue",
                "finish",
                "begin",
                "consider",
                "try",
                "instead",
                "by",
            ):
                if (
                    before == "with"
                    and i > 1
                    and self.tokens[i - 2].low not in ("proceed", "ahead", "start", "continue")
                ):
                    return 0, ""
                return 1, _GERUNDS[low]
            return 0, ""
        if low in _PARTICIPLES and (
            self.prev() in _BE - v.NEGATIONS or (self.prev() in v.NEGATIONS and low not in v.VERBS)
        ):
            return self._passive(low)
        width, family = self._verb_at(i)
        if low == "do" and self.word(1) in v.NEGATIONS:
            return 0, ""
        if not width or not self._licensed():
            return 0, ""
        nxt = self.word(width)
        if (
            width == 1
            and self.prev() in ("^", ",", "and", "or")
            and nxt
            in (
                "from",
                "of",
                "is",
                "are",
                "was",
                "were",
                "has",
                "says",
                "said",
                "failed",
                "fails",
                "which",
                "that's",
                "seems",
                "looks",
                "will",
                "should",
                "must",
                "needs",
            )
            and low not in ("get", "take", "read", "delete", "remove", "copy", "download", "erase")
        ):
            return 0, ""
        return width, family

    def _passive(self, low: str) -> tuple[int, str]:
        """`X must (not) be deleted`: a request, with the object before the verb."""
        before = {x.low for x in self.tokens[max(0, self.at - 6) : self.at]}
        if (
            before
            & {
                "should",
                "must",
                "needs",
                "need",
                "have",
                "has",
                "can",
                "may",
                "to",
                "shall",
                "cannot",
                "can't",
                "mustn't",
                "shouldn't",
                "gets",
            }
            and not self.quiet
        ):
            family = _PARTICIPLES[low]
            said = self._mentions(0, self.at)
            negative = bool(before & v.NEGATIONS)
            if not negative and before & {"can", "may"} and self.message.manner == "standing":
                return 0, ""
            self._add("forbid" if negative else "ask", self._kinds(family, 0, self.at), 0, self.at + 1, family, said)
            self.negated = False
        return 0, ""

    def _verb_ahead(self) -> bool:
        """Whether the negation here is followed by a verb, not by a bare name."""
        for i in range(self.at + 1, min(self.at + 5, len(self.tokens))):
            if self.tokens[i].kind == "mark":
                break
            if self.tokens[i].low in _GERUNDS or (
                self._verb_at(i)[0] and self.prev(i) in ("not", "never", "to", "ever")
            ):
                return True
        return False

    def _third(self) -> bool:
        """Whether somebody else, or a thing, is said to do it."""
        return self.subject not in ("", "you", *v.FIRST) or (self.subject == "" and self._noun_before())

    def _noun_before(self) -> bool:
        if self.at == 0 or self.found:
            return False
        first = self.tokens[0]
        return (
            first.kind in ("word", "identifier")
            and first.low not in v.STOP - v.DETERMINERS - v.PRONOUNS
            and first.low not in v.VERBS
            and first.low not in v.CONSENT
        )

    def _mood(self, family: str) -> Mood:
        """Whether the verb at this place asks, forbids, or only speaks of it."""
        proposal = self.message.manner == "proposal"
        if self.quiet and not (self.question and proposal):
            return "mention"
        if self.subject in v.FIRST:
            if proposal or self.desire:
                return "forbid" if self.negated else "ask"
            return "mention"
        if self._third() and not self.ordered:
            if (
                self.prev() in v.MODALS
                or self.prev() in ("to", "you", "not", "never", "don't", "and", "they")
                or self.subject
            ):
                return "mention"
        if self.negated:
            return "forbid"
        if self.message.manner == "standing" and self.prev() in ("can", "could", "may", "might", "to", "would"):
            return "mention"
        return "ask"

    def _clause(self, width: int, family: str) -> int:
        """Build the clause of the verb at this place."""
        start = self.at
        low = self.tokens[start].low
        mood = self._mood(family)
        stop = self._object_end(start + width)
        said = self._mentions(start + width, stop)
        kinds = self._kinds(family, start + width, stop)
        if not said and family in _HANDS_ON and any(x.low in v.PRONOUNS for x in self.tokens[start:stop]):
            said = self._meant()
        conditional = False
        else_ = False
        tail = self.tokens[stop].low if stop < len(self.tokens) else ""
        body = {x.low for x in self.tokens[start:stop]}
        if mood == "forbid":
            if tail in ("until", "unless", "before", "without", "till") and not self._personal(stop):
                conditional = True
            if "else" in body or (body & {"anything", "any"} and tail in ("outside", "beyond", "except")):
                else_ = "else" in body
        if mood == "forbid" and else_:
            self._add(
                "limit",
                v.TOUCH if family in ("touch", "write", "change", "set") else kinds,
                start,
                stop,
                family,
                (),
                else_=True,
            )
        elif kinds or family == "follow" or family == "light":
            self._add(mood, kinds, start, stop, family, said, conditional=conditional)
        if mood == "forbid" and tail in ("until", "unless", "before", "without", "till"):
            stop = self._object_end(stop + 1, hard=True)
            self.negated = False
        self._limits(mood, body, start, stop, kinds, said)
        self._share(said)
        self._after(mood, stop, bool(said) or stop > start + width)
        return max(stop - start, width)

    def _meant(self) -> tuple[Mention, ...]:
        """What `it` or `them` stands for: the object of the clause before, in this message."""
        last = self.found[-1] if self.found else self.message.clauses[-1] if self.message.clauses else None
        return tuple(m for m in last.mentions if m.role != "about") if last else ()

    def _personal(self, i: int) -> bool:
        """`until I say so`, `without my approval`, `without asking`."""
        rest = {x.low for x in self.tokens[i + 1 : i + 5]}
        return bool(
            rest
            & {
                "i",
                "my",
                "asking",
                "me",
                "approval",
                "permission",
                "i'm",
                "i've",
                "we",
                "checking",
                "consent",
                "telling",
            }
        )

    def _limits(
        self, mood: Mood, body: set[str], start: int, stop: int, kinds: v.Kinds, said: tuple[Mention, ...]
    ) -> None:
        if mood == "ask":
            if (self.only or body & {"only", "solely", "exclusively"}) and (said or self.only):
                wide = v.TOUCH if kinds & v.TOUCH else v.CHANGE - kinds if not said else _NO_KINDS
                self._add("limit", (kinds | wide) - {"read", "execute"}, start, stop, "only", said)
            elif self.soft or "just" in body:
                self._add("limit", v.CHANGE - kinds, start, stop, "only", said, soft=True)
            amount = self._amount(start, stop, kinds)
            if amount is not None:
                self._add("limit", frozenset({"payment"}), start, stop, "amount", (), amount=amount)
        self.only = self.soft = False

    def _amount(self, start: int, stop: int, kinds: v.Kinds) -> float | None:
        """`at most 50 euros`, `up to $20`, `under 100`."""
        for i in range(start, len(self.tokens)):
            t = self.tokens[i]
            if t.kind == "number" and "%" not in t.text:
                before = {x.low for x in self.tokens[max(0, i - 4) : i]}
                if (
                    before & {"most", "maximum", "max", "under", "below", "exceed", "budget", "exceeding"}
                    or {"more", "than"} <= before
                    or {"less", "than"} <= before
                    or {"up", "to"} <= before
                ):
                    money = t.text[0] in "$€£¥" or (
                        i + 1 < len(self.tokens)
                        and self.tokens[i + 1].low.rstrip("s")
                        in ("euro", "dollar", "eur", "usd", "pound", "gbp", "buck", "chf", "sek")
                    )
                    if money or "payment" in kinds:
                        return _number(t.text)
        return None

    def _share(self, said: tuple[Mention, ...]) -> None:
        """`build, test and deploy the app`: the verbs before share the object."""
        for k in range(len(self.found) - 2, -1, -1):
            c = self.found[k]
            if c.mentions or not said or c.mood == "limit":
                break
            if c.span.split()[-1].lower().strip(",") in _FIRST_WORDS:
                self.found[k] = replace(c, mentions=said)

    def _after(self, mood: Mood, stop: int, complete: bool) -> None:
        """A negation ends with its object, except over `or`."""
        if mood != "forbid":
            return
        joined = self.tokens[stop].low if stop < len(self.tokens) else ""
        if joined in ("or", "nor"):
            return
        if complete or joined not in (",", "and", "/"):
            self.negated = False

    # -------------------------------------------------------------- objects

    def _object_end(self, start: int, *, over: str = "", hard: bool = False) -> int:
        """Where the object that begins at `start` ends."""
        for i in range(start, len(self.tokens)):
            t = self.tokens[i]
            if t.kind == "mark":
                if t.text[0] in ":–—…" or t.text.strip() == "-":
                    return i
                if t.text == "," and (hard or self._opens(i + 1)):
                    return i
                continue
            if t.kind != "word":
                continue
            if t.low in ("but", "then", "however", "instead") or (hard and t.low == "then"):
                return i
            if i > start and t.low in v.TAILS and not (t.low == "so" or (t.low == "that" and i == start)):
                return i
            if (
                t.low in ("without", "before", "after", "not", "until", "till", "instead", "rather", "don't", "never")
                and i > start - 1
                and t.low != over
            ):
                return i
            if t.low in ("except", "excluding", "outside", "beyond", "besides") or (
                t.low in ("apart", "other") and self._low(i + 1) in ("from", "than")
            ):
                if over != "of" or i > start:
                    return i
            if t.low in v.LINKS and not hard and self._opens(i + 1):
                return i
            if (
                not hard
                and i > start
                and t.low in v.MODALS | {"to"}
                and t.low not in ("do", "does", "to")
                and self._verb_at(i + 1)[0]
            ):
                return i
            if not hard and t.low == "to" and i > start and self._verb_at(i + 1)[0] and not self._determined(i + 2):
                return i
        return len(self.tokens)

    def _low(self, i: int) -> str:
        return self.tokens[i].low if 0 <= i < len(self.tokens) else ""

    def _determined(self, i: int) -> bool:
        return i >= len(self.tokens)

    def _opens(self, i: int) -> bool:
        """Whether a new clause begins at `i`."""
        while i < len(self.tokens) and self.tokens[i].kind == "word" and self.tokens[i].low in v.ADVERBS | v.LINKS:
            i += 1
        if i >= len(self.tokens):
            return False
        t = self.tokens[i]
        if t.kind != "word":
            return False
        if (
            t.low in v.SUBJECTS
            or t.low in v.NEGATIONS
            or t.low in v.MODALS
            or t.low in ("you", "keep", "leave", "avoid", "stop", "but", "ask", "limit", "stay")
        ):
            return t.low != "none" and (t.low != "no" or self._forbidding(i + 1))
        if t.low in _GERUNDS:
            return self.negated
        width, _ = self._verb_at(i)
        if not width:
            return False
        after = self._low(i + width)
        # `lint and test scripts`, `files, emails and messages`: a bare noun at the end of a list is no verb
        return bool(after) or t.low not in v.NOUNS

    def _forbidding(self, i: int) -> bool:
        """Whether `no` before this place opens a prohibition (`no need to`, `no pushing`)."""
        ahead = [self._low(k) for k in range(i, i + 3)]
        return ahead[0] == "need" or any(word in _GERUNDS or word in v.ACTION_NOUNS for word in ahead)

    def _mentions(self, start: int, stop: int) -> tuple[Mention, ...]:
        """What is named between two places."""
        out: list[Mention] = []
        phrase: list[Token] = []
        role = "object"
        whole = False

        def close() -> None:
            nonlocal phrase, whole
            if phrase:
                text = " ".join(x.text.removesuffix("'s") for x in phrase)
                proper = all(x.text[:1].isupper() for x in phrase) and phrase[0].start != self.tokens[0].start
                plural = whole or phrase[-1].low.endswith("s")
                out.append(mention(role, "proper" if proper else "phrase", text, whole=plural))  # type: ignore[arg-type]
            phrase = []

        for t in self.tokens[start:stop]:
            if t.kind in ("word", "identifier"):
                if t.low in v.STOP:
                    close()
                    if t.low in v.PREPOSITIONS and t.low != "of":
                        role = _ROLES.get(t.low, role)
                    whole = t.low in ("all", "every", "everything", "any") or (whole and t.low in v.DETERMINERS)
                elif t.kind == "identifier":
                    close()
                    out.append(mention(role, "identifier", t.text))  # type: ignore[arg-type]
                else:
                    if (
                        phrase
                        and phrase[-1].text[:1].isupper() != t.text[:1].isupper()
                        and phrase[-1].start != self.tokens[0].start
                    ):
                        close()
                    phrase.append(t)
            else:
                close()
                if t.kind == "code":
                    kind = "quoted"
                    if t.low.split(" ")[0] in v.COMMANDS:
                        out.extend(command_in(t.text)[1])
                        continue
                elif t.kind == "mark":
                    continue
                else:
                    kind = t.kind
                out.append(mention(role, kind, t.text.lstrip("#@") if kind == "handle" else t.text))  # type: ignore[arg-type]
        close()
        return tuple(out[:40])

    def loose(self) -> tuple[Mention, ...]:
        """All that the sentence names, whatever it says of it."""
        return self._mentions(0, len(self.tokens))

    def fragment(self) -> list[Clause]:
        """A sentence without a clause still names things."""
        self.message.fragments += 1
        if self.message.fragments > MAX_FRAGMENTS:
            return []
        said = self.loose()
        return [Clause("mention", _NO_KINDS, self._span(0, len(self.tokens)), said)] if said else []

    def _kinds(self, family: str, start: int, stop: int) -> v.Kinds:
        """The verb's kinds, and what the nouns of its object add."""
        kinds = v.FAMILIES[family]
        if family in ("light", "run", "write", "create", "cancel", "follow"):
            for t in self.tokens[start:stop]:
                if t.kind == "word" and (t.low in v.ACTION_NOUNS and family in ("light", "create", "follow")):
                    kinds = kinds | v.FAMILIES[v.ACTION_NOUNS[t.low]]
                elif t.kind == "code" and family in ("run", "follow"):
                    kinds = kinds | command_in(t.text)[0]
        if family in v.NOUN_FAMILIES:
            for t in self.tokens[start:stop]:
                if t.kind == "word":
                    if t.low in v.PREPOSITIONS and t.low not in ("of", "to", "from") and family != "cancel":
                        break
                    kinds = kinds | v.NOUNS.get(t.low, _NO_KINDS) | v.NOUNS.get(t.low.removesuffix("s"), _NO_KINDS)
                elif t.kind == "number" and t.text[0] in "$€£¥":
                    kinds = kinds | {"payment"}
        return kinds

    def _span(self, start: int, stop: int) -> str:
        last = min(stop, len(self.tokens)) - 1
        return " ".join(self.message.text[self.tokens[start].start : self.tokens[max(last, start)].end].split())[:120]

    def _add(
        self,
        mood: Mood,
        kinds: v.Kinds,
        start: int,
        stop: int,
        family: str,
        said: tuple[Mention, ...],
        about: str = "",
        **more: bool | float | None,
    ) -> None:
        begin = max(0, start - 2) if mood in ("forbid", "limit") else start
        follow = family == "follow" and mood == "ask"
        words = {x.low for x in self.tokens[start:stop]} if mood == "ask" else set()
        if (family in ("write", "run") and words & v.ORDERS) or words & v.ACCORDING:
            follow = True
        self.found.append(
            Clause(mood, kinds, self._span(begin, stop), said, family=about or family, follow=follow, **more)
        )  # type: ignore[arg-type]

    # -------------------------------------------------------------- other languages

    def _foreign(self) -> bool:
        """German, French, Spanish: verb and negation anywhere in the sentence, everything else is the object."""
        hits = [
            (i, v.FOREIGN_VERBS[t.low])
            for i, t in enumerate(self.tokens)
            if t.kind == "word" and t.low in v.FOREIGN_VERBS
        ]
        if not hits or self.ending.startswith("?"):
            return False
        lows = {t.low for t in self.tokens}
        if not (lows & (v.FOREIGN_STOP | v.FOREIGN_NEGATIONS)) and len(self.tokens) > 2:
            return False
        cuts = [
            i for i, t in enumerate(self.tokens) if t.low in (",", "aber", "mais", "pero", "sondern", "und", "et", "y")
        ]
        for i, family in hits:
            start = max([c + 1 for c in cuts if c < i], default=0)
            stop = min([c for c in cuts if c > i], default=len(self.tokens))
            negated = any(t.low in v.FOREIGN_NEGATIONS or t.low.startswith("n'") for t in self.tokens[start:stop])
            rest = [
                t
                for t in self.tokens[start:stop]
                if t.low not in v.FOREIGN_STOP | v.FOREIGN_NEGATIONS and t.low not in v.FOREIGN_VERBS
            ]
            said = tuple(
                mention(
                    "object",
                    "phrase" if t.kind == "word" else "identifier" if t.kind in ("code", "mark") else t.kind,
                    t.text,
                )
                for t in rest
                if t.kind != "mark"
            )
            self._add("forbid" if negated else "ask", self._kinds(family, start, stop), start, stop, family, said)
        return True


def command_in(code: str) -> tuple[v.Kinds, tuple[Mention, ...]]:
    """Kinds of effect that a written-out command suggests, and what it names. Only words in sight count."""
    kinds: v.Kinds = _NO_KINDS
    said: list[Mention] = []
    for word in code[:2000].split()[:200]:
        word = word.strip("\"'();,")
        family = v.COMMANDS.get(word.lower())
        if family:
            kinds = kinds | v.FAMILIES[family]
        elif word and not word.startswith("-"):
            said.append(mention("object", "path" if "/" in word else "identifier", word))
    return kinds, tuple(said[:40])


def _number(text: str) -> float | None:
    digits = text.strip("$€£¥%")
    if digits.count(",") == 1 and len(digits.split(",")[1]) != 3:
        digits = digits.replace(".", "").replace(",", ".")
    try:
        return float(digits.replace(",", ""))
    except ValueError:
        return None


def _gerund(verb: str) -> list[str]:
    if verb.endswith("ie"):
        return [verb[:-2] + "ying"]
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return [verb[:-1] + "ing"]
    return [verb + "ing", verb + verb[-1] + "ing"]


def _participle(verb: str) -> list[str]:
    if verb.endswith("e"):
        return [verb + "d"]
    if verb.endswith("y") and verb[-2:-1] not in "aeo":
        return [verb[:-1] + "ied"]
    return [verb + "ed", verb + verb[-1] + "ed"]


_FIRST_WORDS = frozenset(verb.split()[0] for verb in v.VERBS) | frozenset(pair[0] for pair in v.SEPARABLE)
_GERUNDS = {form: family for verb, family in v.VERBS.items() if " " not in verb for form in _gerund(verb)}
_PARTICIPLES = {form: family for verb, family in v.VERBS.items() if " " not in verb for form in _participle(verb)} | {
    "sent": "send", "paid": "pay", "bought": "book", "run": "run", "rewritten": "write", "written": "write", "built": "run", "read": "read",
    "rebuilt": "run", "overwritten": "write", "taken": "delete", "thrown": "delete", "done": "follow", "made": "create",
}  # fmt: skip
_HANDS_ON = frozenset(
    "delete send message share upload move copy pay cancel grant book stop touch run write disable".split()
)
_BE = v.NEGATIONS | {"be", "get", "gets", "being"}
_ROLES = {
    "to": "recipient", "with": "recipient", "for": "recipient", "cc": "recipient", "in": "place", "on": "place", "at": "place", "from": "place",
    "under": "place", "inside": "place", "within": "place", "into": "place", "about": "about", "regarding": "about", "concerning": "about",
    "as": "about", "re": "about",
}  # fmt: skip


def primary(clause: Clause, kind: EffectKind) -> bool:
    """Whether the clause's verb itself means this kind, not only through its object."""
    return kind in v.FAMILIES.get(clause.family, _NO_KINDS)
