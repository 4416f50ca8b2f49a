"""Turns of phrase that forbid or limit: negations, `only`, `just`, `except`, `ask me first`, `leave X alone`.

Each function looks at the reader's place and returns how many tokens it used, 0 when the turn is not there.
"""

from __future__ import annotations

from msgspec.structs import replace

from magistrate.evidence import grammar as g
from magistrate.evidence import vocabulary as v
from magistrate.evidence.sentence import NO_KINDS, Clause, Reading


def turn(r: Reading, low: str) -> int:
    """Read the turn of phrase that begins here, if one does."""
    if low not in g.TRIGGERS:
        return 0
    nxt = r.word(1)
    for phrase in g.NEGATIVE_PHRASES:
        there = low == phrase[0] and all(r.word(k) == word for k, word in enumerate(phrase))
        if there and (phrase != ("not", "to") or r.verb_at(r.at + 2)[0]):
            return len(phrase) + _ban(r, phrase, r.at + len(phrase))
    if low in g.THIRD_PERSON_NOT:
        r.subject = r.subject or "it"
        return 1
    if low in ("not", "never") and r.prev() in g.THIRD_PERSON_IS and nxt not in ("allowed", "permitted", "to"):
        if low == "not" and nxt != "be":
            r.subject = r.subject or "it"
        return 1
    if low in g.NEGATIONS:
        return _negation(r, low, nxt)
    if low == "only" and r.prev() == "the":
        return _the_only(r)
    if low in g.LIMITERS and r.prev() not in ("the", "not", "my") and nxt not in g.CONDITIONS:
        return _only(r)
    if low in g.SOFTENERS and nxt not in g.NOT_SOFT and r.subject not in ("i", "we"):
        r.soft = True
        r.negated = r.negated and not (r.at and r.tokens[r.at - 1].kind == "mark")
        return 1
    if low in g.EXCEPTIONS and (low != "other" or nxt == "than") and (low != "apart" or nxt == "from"):
        return _except(r)
    if low in g.CEASE:
        follow = [r.word(k) for k in range(1, 4)]
        nouns = low in ("avoid", "skip") and any(word in v.ACTION_NOUNS for word in follow)
        if nouns or any(word in g.GERUNDS for word in follow):
            r.negated = True
            return 1
    return _consult(r, low, nxt) or _outside(r, low) or _confine(r, low) or _spare(r, low)


def _ban(r: Reading, phrase: tuple[str, ...], start: int) -> int:
    """After `hands off`, `hold off`: a bare name or a noun of doing is barred at once; else the next verb is."""
    if phrase == ("forget", "about") and r.low(start) not in g.GERUNDS:
        return 0
    if "no" in phrase[1:2]:
        r.negated, r.banned = True, start
        while r.low(r.banned) in g.ADVERBS:
            r.banned += 1
        return 0
    ahead = [r.low(k) for k in range(start, start + 4)]
    if not any(word in g.GERUNDS for word in ahead) and not r.verb_at(start)[0]:
        family = next((v.ACTION_NOUNS[word] for word in ahead if word in v.ACTION_NOUNS), "")
        stop = r.object_end(start)
        said = r.mentions(start, stop)
        if family:
            r.add("forbid", v.FAMILIES[family], r.at, stop, family)
            return stop - start
        if said and phrase in g.HANDS_OFF:
            r.add("forbid", v.TOUCH | {"vcs-publish"}, r.at, stop, "touch", said)
            return stop - start
    r.negated = True
    return 0


def rehearsal(r: Reading) -> None:
    """`read-only`, `dry run`: nothing is to change."""
    if _REHEARSALS.isdisjoint(r.lows):
        return
    for i, low in enumerate(r.lows):
        if low not in _REHEARSALS or r.text[max(0, r.tokens[i].start - 1)] == "-":
            continue
        nxt = r.low(i + 1)
        alone = (low, nxt) == ("read", "only") and not r.low(i + 2)
        if (low not in ("dry", "read") or (low, nxt) == ("dry", "run") or alone) and not _PLAIN & set(
            r.lows[max(0, i - 2) : i]
        ):
            r.add("limit", v.CHANGE, i, i + 2, "change")
            return


_REHEARSALS = frozenset({"read-only", "readonly", "dry-run", "dry", "read"})
_PLAIN = frozenset({"not", "no", "the"})


def _negation(r: Reading, low: str, nxt: str) -> int:
    if nxt in g.DOUBLE and low not in ("no", "without"):
        return 2
    if r.found and (low == "nobody" or (low, nxt) == ("no", "one")) and "else" in (nxt, r.word(2)):
        last = r.found[-1]
        r.add("limit", last.kinds - {"read"}, r.at, r.at + 3, last.family, others=True)
        return 3 if low == "no" else 2
    if low == "no":
        return _no(r)
    if low in ("not", "never") and r.found and nxt != "be" and r.prev() in _AFTER_LINK and not _verb_ahead(r):
        return _not_that(r)
    if low in ("cannot", "can't", "won't", "couldn't") and r.third():
        return 1
    if low in g.POLITE and nxt == "you":
        r.subject = "you"  # `can't you ...?`
        return 2
    if r.subject in g.FIRST and (_plain(r) in g.STATES or (nxt == "be" and r.word(2) not in g.GERUNDS)):
        r.quiet = True  # `I don't see where you ...`, `we can't find it`, `I won't be there`
        return 1
    if low in ("nothing", "none") and nxt == "to":
        return 2
    if low in ("nothing", "none") and r.found and nxt == "else":
        r.add("limit", v.CHANGE, r.at, r.at + 2, "touch", others=True)
        return 2
    r.negated = True
    return 1


def _plain(r: Reading) -> str:
    """The next word that is no adverb."""
    return next((low for low in r.lows[r.at + 1 : r.at + 5] if low not in g.ADVERBS), "")


_AFTER_LINK = g.LINKS | {",", "(", "^", "-", "–", "—"}


def _verb_ahead(r: Reading) -> bool:
    """Whether the negation here is followed by a verb, not by a bare name."""
    for i in range(r.at + 1, min(r.at + 5, len(r.tokens))):
        if not r.lows[i]:
            return False
        if r.lows[i] in g.GERUNDS or (r.verb_at(i)[0] and r.prev(i) in ("not", "never", "to", "ever")):
            return True
    return False


def _no(r: Reading) -> int:
    """`no pushes`, `no new dependencies`, `no deleting`: a prohibition by noun."""
    for k in range(1, 4):
        word = r.word(k)
        family = g.GERUNDS.get(word) or v.ACTION_NOUNS.get(word)
        if family:
            stop = r.object_end(r.at + k + 1)
            r.add("forbid", v.FAMILIES[family], r.at, stop, family, r.mentions(r.at + k + 1, stop))
            return stop - r.at
        if not word or word in g.STOP:
            break
    return 1


def _not_that(r: Reading) -> int:
    """`..., but not X`: what was just asked for is forbidden for X."""
    stop = r.object_end(r.at + 1)
    said = r.mentions(r.at + 1, stop)
    last = next((c for c in reversed(r.found) if c.mood == "ask"), None)
    if said and last:
        r.add("forbid", last.kinds - {"read"}, r.at, stop, last.family, said)
    return max(1, stop - r.at)


_ORDERING = g.LINKS | {"^", ",", ":", "should", "must", "may", "can", "please", "to", "you", "-", "("}


def _only(r: Reading) -> int:
    """`only` before a verb limits that verb, after it the clause; alone it limits changes to what it names."""
    if r.verb_at(r.at + 1)[0]:
        r.only = r.prev() in _ORDERING
        return 1
    last_word = r.at + 1 >= len(r.tokens)
    if (
        r.word(1) in g.THIRD_PERSON_IS
        or r.prev() in g.THIRD_PERSON_IS
        or (not r.found and not last_word and r.prev() not in ("^", ",", "but"))
    ):
        return 1
    r.only = not r.found
    stop = r.object_end(r.at + 1)
    last = r.found[-1] if r.found else None
    said = r.mentions(r.at + 1, stop) or (last.mentions if last else ())
    kinds = last.kinds if last and last.mood == "ask" else NO_KINDS
    if not last or last.kinds & v.TOUCH:
        kinds = kinds | v.TOUCH
    if said and kinds:
        r.add("limit", kinds - {"read"}, r.at, stop, "only", said)
    return 1


def _the_only(r: Reading) -> int:
    """`the only file you may change is X`."""
    for i in range(r.at + 1, min(r.at + 9, len(r.tokens))):
        if r.lows[i] in ("is", "are") and any(r.verb_at(k)[0] for k in range(r.at + 1, i)):
            stop = r.object_end(i + 1)
            r.add("limit", v.TOUCH, r.at, stop, "only", r.mentions(i + 1, stop))
            return stop - r.at
    return 1


def _except(r: Reading) -> int:
    stop = r.object_end(r.at + 1)
    if r.found:
        r.found[-1] = replace(r.found[-1], excepted=r.found[-1].excepted + r.mentions(r.at + 1, stop))
    return max(1, stop - r.at)


def _consult(r: Reading, low: str, nxt: str) -> int:
    """`ask me before ...`, `check with me first`, `wait for my go`."""
    if low not in g.CONSULT:
        return 0
    third = r.word(2)
    me = nxt in ("me", "first") if low in ("ask", "consult") else nxt in ("for", "with") and third in ("me", "my", "us")
    rest = r.lows[r.at :]
    if not me or (low != "wait" and not {"first", "before", "beforehand"} & set(rest)):
        return 0
    for k, word in enumerate(rest[1:], 1):
        family = g.GERUNDS.get(word) or (r.verb_at(r.at + k)[1] if rest[k - 1] == "you" else "")
        if family:
            start = r.at + k + 1
            stop = r.object_end(start)
            r.add("limit", r.kinds(family, start, stop), r.at, stop, "consult", r.mentions(start, stop))
            return stop - r.at
    r.add("limit", v.CONSEQUENTIAL | {"delete"}, r.at, len(r.tokens), "consult")
    return len(r.tokens) - r.at


def _outside(r: Reading, low: str) -> int:
    """`(nothing) outside X`: only X."""
    barred = r.found[-1] if r.found and r.found[-1].mood == "forbid" else None
    if low not in ("outside", "beyond") or not (r.negated or barred):
        return 0
    stop = r.object_end(r.at + 1, over="of")
    said = r.mentions(r.at + 1, stop)
    if not said:
        return 0
    if barred:
        r.found.pop()
    r.add("limit", barred.kinds if barred else v.TOUCH, r.at, stop, "only", said)
    return stop - r.at


def _confine(r: Reading, low: str) -> int:
    """`stay in X`, `limit changes to X`."""
    if low not in g.CONFINE or r.negated or not r.licensed() or (low == "keep" and r.word(1) not in g.CONFINED):
        return 0
    for k in range(1, 6):
        if r.word(k) in ("to", "in", "within", "inside", "on"):
            stop = r.object_end(r.at + k + 1)
            said = r.mentions(r.at + k + 1, stop)
            if said:
                r.add("limit", v.TOUCH, r.at, stop, "only", said)
                return stop - r.at
    return 0


def _spare(r: Reading, low: str) -> int:
    """`leave X alone`, `keep X`: hands off X."""
    if low not in g.SPARE or r.quiet or r.negated or not r.licensed():
        return 0
    stop = r.object_end(r.at + 1)
    rest = set(r.lows[r.at + 1 : stop + 3])
    if low == "leave" and not rest & g.UNTOUCHED:
        return 0
    if low == "keep" and "hands" in (r.word(1), r.word(2)):
        return 0
    if low == "keep" and (r.word(1) in g.GERUNDS or r.word(1) in g.KEEP_ON):
        return 0
    said = tuple(m for m in r.mentions(r.at + 1, stop) if not m.words <= g.UNTOUCHED)
    named = any(m.core for m in said)
    if low == "keep" and (rest & g.STYLE or (rest & g.WORK and not named)):
        return stop - r.at
    if said:
        kinds = v.TOUCH - {"create", "overwrite"} if low == "keep" else v.TOUCH
        r.add("forbid", kinds, r.at, stop, "touch", said)
    elif rest & {"rest", "else", "everything"}:
        r.add("limit", v.TOUCH - {"create"}, r.at, stop, "touch", others=True)
    return stop - r.at


def share_object(r: Reading) -> None:
    """`build, test and deploy the app`: verbs without an object share that of the last one."""
    said = r.found[-1].mentions if r.found else ()
    for k in range(len(r.found) - 2, -1, -1):
        clause: Clause = r.found[k]
        if (
            not said
            or clause.mentions
            or clause.mood == "limit"
            or clause.span.split()[-1].lower() not in g.FIRST_WORDS
        ):
            break
        r.found[k] = replace(clause, mentions=said)
