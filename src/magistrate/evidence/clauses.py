"""Sentences of a request into clauses: what is asked for, forbidden, limited or merely mentioned, and of what.

One pass from left to right over the tokens of a sentence. A verb counts where a request can stand (at a start, after `and`,
`please`, `to`, a modal ...); its object runs to the next verb or to a word that opens another thought. Questions, conditions,
reports about other people and gerunds without a negation ask for nothing.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from magistrate.evidence import grammar as g
from magistrate.evidence import vocabulary as v
from magistrate.evidence.foreign import read_foreign
from magistrate.evidence.lexer import Token, own_words, sentences
from magistrate.evidence.names import Mention, reach
from magistrate.evidence.sentence import NO_KINDS, Clause, Manner, Mood, Reading, command_in
from magistrate.evidence.turns import rehearsal, share_object, turn

MAX_CLAUSES = 400
"""Clauses kept of one message."""
MAX_FRAGMENTS = 100
"""Sentences without a verb whose names are kept, of one message."""
MAX_TERMS = 64
"""Words that a clause is found by."""
MAX_LIST = 64
"""Things that a list after a colon may add to a clause."""


def parse(text: str, manner: Manner = "request") -> tuple[Clause, ...]:
    """All clauses of a text, in order. Pasted matter is left out; commands the person wrote out to be run are read."""
    own, fenced = own_words(text)
    clauses: list[Clause] = []
    listing = carry = False  # the last sentence ended with a colon; it was a negation without its verb
    fragments = 0
    for tokens, ending in sentences(own):
        if _CODE.search(own, tokens[0].start, tokens[-1].end):
            continue  # a line of a program says what the program does
        reading = Reading(own, tokens, ending, manner, clauses[-1] if clauses else None, carry)
        found = read_sentence(reading)
        if (
            not found
            and clauses
            and clauses[-1].mood != "mention"
            and (listing or tokens[0].low in ("also", "and", "plus"))
        ):
            if len(clauses[-1].mentions) < MAX_LIST:
                clauses[-1] = replace(clauses[-1], mentions=clauses[-1].mentions + reading.mentions(0, len(tokens)))
            continue
        if not found and fragments < MAX_FRAGMENTS:
            fragments += 1
            said = reading.mentions(0, len(tokens))
            found = [Clause("mention", NO_KINDS, reading.span(0, len(tokens)), said)] if said else []
        clauses.extend(found)
        listing = ending == ":"
        carry = listing and (reading.negated or (carry and not found))
        if len(clauses) >= MAX_CLAUSES:
            break
    return tuple(_finish(clauses, fenced))


_CODE = re.compile(r"\[\]|==|:=|\w\(\)|=>|->|\breturn\b|^\s*(?:def|class|import|if \w+ not in)\b|\w = ")


def _finish(clauses: list[Clause], fenced: list[str]) -> list[Clause]:
    """Resolve `anything else`, and read commands that were written out after a request to run them."""
    asked = tuple(said for c in clauses if c.mood == "ask" for said in c.mentions)[:MAX_LIST]
    out = [replace(c, mentions=c.mentions + asked) if c.others else c for c in clauses]
    if fenced and any(c.mood == "ask" and c.family in ("run", "follow") for c in out):
        for code in fenced:
            kinds, said = command_in(code)
            if kinds:
                out.append(Clause("ask", kinds, code[:120], said, family="run"))
    return [
        replace(clause, terms=_terms(clause), reach=reach(clause.mentions + clause.excepted))
        for clause in out[:MAX_CLAUSES]
    ]


def _terms(clause: Clause) -> tuple[str, ...]:
    """The words that say which things a clause is about."""
    return tuple(sorted({word for said in clause.mentions + clause.excepted for word in said.core})[:MAX_TERMS])


def read_sentence(r: Reading) -> list[Clause]:
    """The clauses of one sentence."""
    if read_foreign(r):
        return r.found
    rehearsal(r)
    _open(r)
    while r.at < len(r.tokens):
        r.at += _step(r)
    if r.question and not any(c.mood == "ask" for c in r.found):
        r.add("ask", v.FAMILIES["read"], 0, len(r.tokens), "read", r.mentions(0, len(r.tokens)))
    if not r.found and r.tokens[0].low in v.COMMANDS and len(r.tokens) > 1:
        kinds, said = command_in(r.text[r.tokens[0].start : r.tokens[-1].end])
        r.add("ask", kinds, 0, len(r.tokens), "run", said)
    return r.found


# ------------------------------------------------------------------ how a sentence begins


def _open(r: Reading) -> None:
    """The beginning tells whether the sentence asks for anything."""
    t, i = r.tokens, 0
    while i < len(t) - 1 and t[i].low in g.OPENERS and (t[i].low != "no" or t[i + 1].text == ","):
        i += 1
    r.at = r.start = i
    first, second, third = r.low(i), r.low(i + 1), r.low(i + 2)
    asks = r.ending.startswith("?")
    if first == "why" and second in ("don't", "not"):
        r.at = i + (3 if third in ("you", "we") else 2)
    elif first in g.POLITE and second in ("you", "u"):
        r.at, r.subject = i + 2, "you"
    elif first in g.POLITE and asks and second in g.SUBJECTS:
        _question(r)
    elif first in g.CONDITIONS and not (asks and first in ("when", "while")):
        r.quiet = True
    elif first == "do":
        if second in ("you", "we", "i", "they"):
            _question(r)
    elif first == "what" and second in ("i", "we") and "want" in r.lows[i : i + 5]:
        pass
    elif first in g.QUESTIONS and (asks or first not in _UNSURE or second in _SURE):
        _question(r)


_UNSURE = frozenset({"is", "are", "which", "what", "am", "may"})
_SURE = frozenset({"is", "are", "the", "if", "do", "does", "happens", "would", "was"})


def _question(r: Reading) -> None:
    r.question, r.quiet = True, r.manner != "proposal"


# ------------------------------------------------------------------ the walk


def _step(r: Reading) -> int:
    """Look at the current token; returns how many tokens were used."""
    t = r.tokens[r.at]
    if t.kind == "mark":
        if t.text[0] in ",:-–—…" or t.text.strip() == "-":
            r.subject, r.desire, r.ordered = "", False, False
            r.quiet = r.quiet and r.question
        return 1
    low = r.lows[r.at]
    if low not in g.STIRRING:
        return 1
    if low in g.BREAKS and (low == "then" or not (r.question and r.quiet)):
        r.reset()
        return 1
    used = turn(r, low)
    if used:
        return used
    if low in g.SUBJECTS or (low == "you" and r.prev() not in g.MODALS):
        r.subject, r.desire, r.ordered, r.modal = low, "'d" in low or low == "let's", False, "'ll" in low
        return 1
    r.modal = r.modal or low in g.MODALS
    if low in g.DESIRE and r.subject:
        r.desire = True
        if r.subject in g.FIRST and not r.quiet and _wants_noun(r):
            return _clause(r, 1, "light")
    if low in g.ORDERED and r.third() and r.word(1) in ("me", "us", "you", "that"):
        r.ordered = True
    width, family = _verb(r, low)
    if width:
        return _clause(r, width, family)
    if low in g.CONDITIONS and low not in ("once", "so", "as") and r.at:
        r.quiet = True
    return 1


def _wants_noun(r: Reading) -> bool:
    """`I want a refund`: the noun names what is to be done."""
    ahead = [r.word(k) for k in (1, 2, 3)]
    return "to" not in ahead[:2] and any(word in v.ACTION_NOUNS for word in ahead)


def _verb(r: Reading, low: str) -> tuple[int, str]:
    """Length and family of the verb here, when it can be a request."""
    if low in g.GERUNDS:
        before = r.prev()
        if r.low(r.at - 1) in g.DETERMINERS or (before == "without" and not any(c.mood == "ask" for c in r.found)):
            return 0, ""  # `the sorting`; `it should work without installing anything`
        helped = before in g.BEFORE_GERUND and (
            before != "with" or r.low(r.at - 2) in ("proceed", "ahead", "start", "continue")
        )
        return (1, g.GERUNDS[low]) if r.negated or helped else (0, "")
    before = r.prev() if low in g.PARTICIPLES else ""
    if low in g.PARTICIPLES and low not in v.VERBS and not g.HAVE_IT.isdisjoint(r.lows[max(0, r.at - 6) : r.at]):
        before = "get"
    if before in g.BEFORE_PARTICIPLE or (before in g.NEGATIONS and low not in v.VERBS):
        _passive(r, low)
        return 0, ""
    width, family = r.verb_at(r.at)
    if family == "light" and low in g.DESIRE:
        return 0, ""  # `need you to ...`: what is needed is the next verb
    if not width or not r.licensed() or (low == "do" and r.word(1) in g.NEGATIONS):
        return 0, ""
    if width == 1 and r.word(1) in g.AFTER_NOUN and low not in g.NEVER_NOUN and r.prev() in ("^", ",", "and", "or"):
        return 0, ""
    return width, family


def _passive(r: Reading, low: str) -> None:
    """`X must (not) be deleted`: a request, with the object before the verb."""
    before = set(r.lows[max(0, r.at - 6) : r.at])
    if r.quiet or not before & g.DUTY:
        return
    negative = bool(before & g.NEGATIONS)
    if not negative and before & {"can", "may"} and r.manner == "standing":
        return
    family = g.PARTICIPLES[low]
    r.add("forbid" if negative else "ask", r.kinds(family, 0, r.at), 0, r.at + 1, family, r.mentions(0, r.at))
    r.negated = False


def _mood(r: Reading) -> Mood:
    """Whether the verb here asks, forbids, or is only spoken of."""
    proposal = r.manner == "proposal"
    if r.quiet and not (r.question and proposal):
        return "mention"
    if r.prev() == "to" and r.low(r.at - 2) in g.OKAY:
        return "forbid" if r.negated or r.low(r.at - 3) == "not" else "ask"
    if r.subject in g.FIRST:
        if not (proposal or r.desire):
            return "mention"
    elif _own_again(r):
        r.subject = ""
    elif r.third() and not r.ordered and (r.subject or r.prev() in g.MODALS or r.prev() in _AFTER_OTHERS):
        return "mention"
    if r.negated:
        return "forbid"
    return "mention" if r.manner == "standing" and r.prev() in _MAY else "ask"


def _own_again(r: Reading) -> bool:
    """`find who wrote it and reply`: a base form after `and` does not go with somebody's finite verb; it asks again."""
    return r.subject not in ("", "you") and not r.modal and r.prev() in ("and", ",") and bool(r.found)


_AFTER_OTHERS = frozenset({"to", "you", "not", "never", "don't", "and", "they"})
_MAY = frozenset({"can", "could", "may", "might", "to", "would"})


def _clause(r: Reading, width: int, family: str) -> int:
    """Take down the clause of the verb here; returns how many tokens it used."""
    start = r.at
    mood = _mood(r)
    stop = r.object_end(start + width)
    if mood in ("ask", "forbid") and r.low(stop) in g.BUT and not g.NONE.isdisjoint(r.lows[start + width : stop]):
        return _nothing_but(r, family, start, stop)
    said = _said(r, family, start + width, stop)
    kinds = r.kinds(family, start + width, stop)
    body = set(r.lows[start:stop])
    if not said and body & g.PRONOUNS and (family in g.HANDS_ON or (family in _SYSTEMS and _last(r) in _SYSTEMS)):
        said = _meant(r)
    elif not said and r.low(start - 2) in g.OKAY:
        said = r.mentions(0, start)
    elif family in _WITH_PEOPLE and body & _PEOPLE and not any(m.kind in ("proper", "address") for m in said):
        said += tuple(m for m in _meant(r) if m.kind in ("proper", "address"))
    tail = r.low(stop)
    if mood == "forbid" and family in _NARROW and r.lows[start] not in g.BROAD_VERBS and not any(m.core for m in said):
        kinds = (
            kinds - v.FAMILIES[family]
        )  # `don't refactor` leaves other edits open; `don't rewrite history` bars that
    if mood == "forbid" and r.lows[start] in _AUTHORS:
        # `don't write docstrings in the tests` bars what is written there, not the file
        said = tuple(m for m in said if m.role == "object" and m.core) or said
    if mood == "forbid" and "need" in r.lows[max(0, start - 3) : start]:
        kinds = kinds - {"read", "execute"}  # what need not be run may be
    if mood == "ask" and kinds and r.low(start + width) in ("nothing", "nobody"):
        mood = "forbid"  # `change nothing`
    if mood == "forbid" and "else" in body:
        r.add("limit", v.TOUCH if kinds & v.TOUCH else kinds, start, stop, family, others=True)
    elif mood == "forbid" and family == "make" and kinds == v.FAMILIES["make"] and not any(m.exact for m in said):
        pass  # `don't make assumptions`
    elif kinds or family in ("follow", "light"):
        conditional = mood == "forbid" and tail in g.CONDITIONAL and not g.PERSONAL & set(r.lows[stop + 1 : stop + 5])
        r.add(mood, kinds, start, stop, family, said, conditional=conditional)
        share_object(r)
    if mood == "ask":
        _limits(r, body, start, stop, kinds, said)
    elif mood == "forbid":
        if tail in g.CONDITIONAL:
            stop = r.object_end(stop + 1, hard=True)
            r.negated = False
        elif tail not in ("or", "nor") and (
            "else" in body
            or ((said or stop > start + width or not _goes_on(r, stop)) and not _joined(r, r.lows[start], stop))
        ):
            r.negated = False  # a negation ends with its object, except over `or`
    r.only = r.soft = False
    return max(stop - start, width)


def _last(r: Reading) -> str:
    """The family of the clause before."""
    last = r.found[-1] if r.found else r.before
    return last.family if last else ""


_SYSTEMS = frozenset({"deploy", "restart", "infra", "stop", "delete", "destroy", "terminate", "uninstall", "apply"})
_PEOPLE = frozenset({"her", "him", "them"})
_NARROW = frozenset({"write", "create", "set", "run", "apply"})
_AUTHORS = frozenset({"write", "add", "put", "introduce", "include", "insert"})
"""Verbs whose object is the text that is written, when its place is named besides."""
_WITH_PEOPLE = frozenset({"invite", "message", "share", "grant", "send"})


def _said(r: Reading, family: str, start: int, stop: int) -> tuple[Mention, ...]:
    """What the object names; of `make X public` without the last word."""
    if family == "grant" and r.low(r.at) == "make":
        return r.names_of(t for t in r.tokens[start:stop] if t.low not in ("public", "private"))
    return r.mentions(start, stop)


def _nothing_but(r: Reading, family: str, start: int, stop: int) -> int:
    """`change nothing but X`: a request for X and a limit to it."""
    end = r.object_end(stop + 1)
    said = r.mentions(stop + 1, end)
    kinds = r.kinds(family, start + 1, end)
    wide = kinds - {"read"} | (v.TOUCH if family != "invite" and kinds & v.TOUCH else NO_KINDS)
    r.add("ask", kinds, start, end, family, said)
    r.add("limit", wide, start, end, "only", said)
    r.negated = r.only = r.soft = False
    return end - start


def _joined(r: Reading, verb: str, stop: int) -> bool:
    """Whether the negation goes on to the next verb: one of the same form, joined by `and`, or by a comma with an `or` to come."""
    link, i = r.tokens[stop].low if stop < len(r.tokens) else "", stop + 1
    if link == "," and r.low(i) in ("and", "or"):
        link, i = r.low(i), i + 1
    width, family = r.verb_at(i)
    alike = r.low(i) in g.GERUNDS if verb in g.GERUNDS else width > 0
    if not alike or family in v.READING or r.low(i + width) in ("me", "us"):
        return False
    if link in ("and", "or"):
        return True
    return link == "," and any(
        r.lows[k] in ("or", "nor") and (r.verb_at(k + 1)[0] or r.low(k + 1) in g.GERUNDS)
        for k in range(i, min(len(r.tokens), i + 24))
    )


def _goes_on(r: Reading, i: int) -> bool:
    return i < len(r.tokens) and r.tokens[i].low in (",", "and")


def _meant(r: Reading) -> tuple[Mention, ...]:
    """What `it` or `them` stands for: the object of the clause before, in this message."""
    if not r.found and r.at:
        said = r.mentions(0, r.at)  # `Alice asked me to invite her`
        if said:
            return said
    last = r.found[-1] if r.found else r.before
    return tuple(m for m in last.mentions if m.role != "about") if last else ()


def _limits(r: Reading, body: set[str], start: int, stop: int, kinds: v.Kinds, said: tuple[Mention, ...]) -> None:
    """Limits that come with a request: `only`, `just`, an amount."""
    if (r.only or body & g.LIMITERS) and (
        any(m.core and (m.kind != "phrase" or m.role == "place") for m in said) or r.only
    ):
        wide = v.TOUCH if kinds & v.TOUCH else v.CHANGE - kinds if not said else NO_KINDS
        r.add("limit", (kinds | wide) - {"read", "execute"}, start, stop, "only", said)
    elif kinds and (r.soft or body & g.SOFTENERS):
        r.add("limit", v.CHANGE - kinds, start, stop, "only", said, soft=True)
    amount = _amount(r, start, kinds)
    if amount is not None:
        r.add("limit", frozenset({"payment"}), start, stop, "amount", amount=amount)


def _amount(r: Reading, start: int, kinds: v.Kinds) -> float | None:
    """`at most 50 euros`, `up to $20`, `under 100`."""
    for i in range(start, len(r.tokens)):
        t = r.tokens[i]
        if t.kind != "number" or "%" in t.text:
            continue
        before = set(r.lows[max(0, i - 4) : i])
        bound = before & g.AT_MOST or {"more", "than"} <= before or {"less", "than"} <= before or {"up", "to"} <= before
        if bound and (t.text[0] in "$€£¥" or r.low(i + 1).rstrip("s") in g.CURRENCIES or "payment" in kinds):
            return _number(t)
    return None


def _number(token: Token) -> float | None:
    digits = token.text.strip("$€£¥")
    if digits.count(",") == 1 and len(digits.split(",")[1]) != 3:
        digits = digits.replace(".", "").replace(",", ".")
    try:
        return float(digits.replace(",", ""))
    except ValueError:
        return None
