"""What a request names, what an action aims at, and whether they are the same thing.

Everything is compared as small sets of normalised words, so that `the staging DB` meets `staging_db` and `Sarah` meets
`sarah.baker@...`; exact names (an address, a path, a link) are compared exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from magistrate.core.records import Action, Effect
from magistrate.evidence.vocabulary import ADJECTIVES, FITS, GENERIC, SYNONYMS, word_set

MentionKind = Literal["path", "url", "address", "handle", "quoted", "proper", "identifier", "number", "phrase"]
Role = Literal["object", "recipient", "place", "about"]

MAX_WORDS = 48
_PIECES = re.compile(r"[A-Z]?[a-zà-öø-ÿ]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
_OPAQUE = re.compile(r"(?=.*\d)[0-9a-fA-F-]{1,64}|[A-Z]{2}\d{2}[A-Z0-9 ]{8,34}|(?=(?:.*\d){3})[\w-]{6,64}")
_ORDINAL = re.compile(r"\d{1,4}(?:st|nd|rd|th|am|pm|h|k|gb|mb|kb|x|:\d\d)+", re.IGNORECASE)
_GENERIC_NAMES = word_set("http https www com org net io co html htm index origin root home users user")


class Mention(Struct, frozen=True, gc=False):
    """One thing that a clause names."""

    role: Role
    kind: MentionKind
    text: str
    words: frozenset[str]
    """All its words, normalised."""
    core: frozenset[str]
    """The words that say *which*: neither qualities (`old`) nor sorts (`folder`)."""
    low: str = ""
    """The text in lower case."""
    whole: bool = False
    """`all`, `every`, or a plural: members are meant."""

    @property
    def exact(self) -> bool:
        """Whether it is a full name, to be matched as such."""
        return self.kind in ("path", "url", "address")


class Target(Struct, frozen=True, gc=False):
    """What an effect aims at, prepared for comparing."""

    kind: str
    text: str
    words: frozenset[str]
    steps: tuple[str, ...]
    """Of a path or link: its parts, lower case."""
    opaque: bool
    """An identifier that says nothing to a person (`7`, an account number)."""
    others: frozenset[str] = frozenset()
    """Words of the action's other arguments, which may name an opaque target; never for an account: whoever chooses where money
    goes also chooses what the transfer is called."""
    reach: frozenset[str] = frozenset()
    """What a mention must share with it to name it: see `reach`."""


@lru_cache(maxsize=8192)
def normal(word: str) -> str:
    """Lower case, singular, one word for synonyms."""
    low = word.lower()
    if low in SYNONYMS:
        return SYNONYMS[low]
    if len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is")):
        low = (
            low[:-3] + "y"
            if low.endswith("ies")
            else low[:-2]
            if low.endswith(("ches", "shes", "xes", "sses"))
            else low[:-1]
        )
    return SYNONYMS.get(low, low)


@lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """The normalised words of a name (`testCart_v2.py` gives test, cart, v, 2, py). Bounded."""
    return frozenset(normal(piece) for piece in _PIECES.findall(text[:400])[:MAX_WORDS])


def mention(role: Role, kind: MentionKind, text: str, *, whole: bool = False) -> Mention:
    """Prepare one mention."""
    words = words_of(text)
    if kind == "identifier" and _ORDINAL.fullmatch(text):
        kind = "number"
    if kind == "proper" and words <= QUALITIES:
        kind = "phrase"
    core = words - QUALITIES if kind == "phrase" else words - _GENERIC_NAMES
    return Mention(
        role, kind, text[:200], words, core or (frozenset() if kind == "phrase" else words), text[:200].lower(), whole
    )


QUALITIES = frozenset(normal(word) for word in ADJECTIVES | GENERIC)


def target_of(effect: Effect, action: Action) -> Target:
    """Prepare the target of an effect."""
    text = effect.target.strip()
    plain = effect.target_kind not in ("path", "url", "host", "address") or text.isdigit()
    opaque = plain and bool(_OPAQUE.fullmatch(text[:64]))
    steps = tuple(part for part in re.split(r"[/\\]+", text[:400].lower()) if part and part != ".")
    others = frozenset[str]()
    if (opaque or not text) and effect.target_kind != "account":
        others = frozenset().union(
            *(words_of(value) for value in _strings(action.arguments) if value != text), frozenset()
        )
    kind = "address" if effect.target_kind == "account" and "@" in text else effect.target_kind
    words, last = words_of(text), words_of(steps[-1]) if steps else frozenset[str]()
    return Target(kind, text.lower(), words, steps, opaque, others, words | last | others | {text.lower(), "*"})


Reach = Mapping[str, Sequence[Mention]]


def reach(said: Iterable[Mention]) -> Reach:
    """Mentions by what they can name something with: their words, their whole text, and `*` for a pattern."""
    found: dict[str, list[Mention]] = {}
    for one in said:
        for key in {*(one.core or one.words), one.low, "*" if "*" in one.low else one.low}:
            found.setdefault(key, []).append(one)
    return found


def naming(said: Reach, target: Target) -> list[Mention]:
    """The mentions that name the target. Those that share nothing with its `reach` cannot, and are not compared."""
    shared = said.keys() & target.reach
    if not shared:
        return []
    near = {id(one): one for key in shared for one in said[key]}.values() if len(shared) > 1 else said[shared.pop()]
    return [one for one in near if names(one, target)]


def argument_words(action: Action) -> frozenset[str]:
    """The words of a call's arguments, bounded."""
    return frozenset().union(*(words_of(value) for value in _strings(action.arguments)), frozenset())


def _strings(value: Any, depth: int = 0) -> Iterable[str]:
    """Up to a few dozen strings in the arguments, cut."""
    if isinstance(value, str):
        yield value[:400]
    elif depth < 4 and isinstance(value, dict | list | tuple):
        for item in list(value.values() if isinstance(value, dict) else value)[:24]:
            yield from _strings(item, depth + 1)


def names(said: Mention, target: Target) -> bool:
    """Whether the mention names the target: exactly, by its parts, or as something that contains it."""
    if not target.text:
        return bool(said.core) and bool(target.others) and said.core <= target.others
    low = said.low
    if low == target.text:
        return True
    if not said.core:
        return _plainly(said, target)
    if said.core.isdisjoint(target.words) and said.core.isdisjoint(target.others) and "*" not in low:
        return False
    if target.kind == "address" and not target.opaque:
        return _names_address(said, target)
    if target.kind in ("url", "host"):
        return _names_host(said, target)
    if target.kind == "path":
        return _names_path(said, target)
    if said.kind == "address":
        return said.low in target.text or (target.opaque and said.words <= target.others)
    if not said.core:
        return False
    if said.core <= target.words:
        return True
    if target.kind == "repository" and said.kind in ("path", "url") and len(target.steps) > 1:
        return low.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git") == target.steps[-1].removesuffix(".git")
    if (
        said.kind in ("quoted", "identifier", "proper", "path", "url", "phrase")
        and len(target.words) > 1
        and target.words <= said.words
    ):
        return True
    return target.opaque and said.kind != "number" and said.core <= target.others


def _plainly(said: Mention, target: Target) -> bool:
    """Whether a phrase of sorts and qualities is still the target's whole name (`the tmp dir` and `/w/tmp`)."""
    if said.kind != "phrase" or target.opaque:
        return False
    mine = words_of(target.steps[-1]) if target.kind == "path" and target.steps else target.words
    return bool(mine) and mine <= said.words


def _names_address(said: Mention, target: Target) -> bool:
    if said.kind == "address" or said.exact:
        return False  # equality was tested
    if not said.core:
        return False
    local, at, _ = target.text.partition("@")
    mine = words_of(local) - {"the"}
    theirs = said.core
    if not at:
        return theirs <= mine or (said.kind != "phrase" and mine <= theirs)
    if theirs <= mine:
        return True
    if said.kind in ("proper", "quoted") and len(mine) > 1 and len(theirs) > 1:
        shared = theirs & mine
        return bool(shared) and all(any(a.startswith(b) for a in theirs) for b in mine - shared if not b.isdigit())
    return said.kind in ("proper", "quoted") and bool(mine) and mine <= theirs


def _names_host(said: Mention, target: Target) -> bool:
    theirs, mine = _bare(said.text), _bare(target.text)
    if said.kind == "url" or (said.kind in ("identifier", "path", "quoted") and "." in theirs):
        if mine == theirs or mine.startswith((theirs + "/", theirs + "?", theirs + ":")):
            return True
        host = theirs.split("/")[0].split(":")[0]
        own = mine.split("/")[0].split(":")[0]
        return ("/" not in theirs or target.kind == "host") and (own == host or own.endswith("." + host))
    return said.kind != "address" and bool(said.core) and said.core <= words_of(mine)


def _bare(link: str) -> str:
    return re.sub(r"^[a-z][a-z0-9+.-]{1,12}://", "", link.lower()).removeprefix("www.").rstrip("/")


def _names_path(said: Mention, target: Target) -> bool:
    if said.kind == "address":
        return False
    low = said.low
    if said.kind in ("path", "identifier", "quoted") and ("/" in low or "." in low or "*" in low):
        steps, pattern = _steps(low)
        return bool(steps) and _within(steps, target.steps, pattern=pattern, rooted=low.startswith("/"))
    if not said.core:
        return False
    return said.core <= target.words


@lru_cache(maxsize=8192)
def _steps(path: str) -> tuple[tuple[str, ...], bool]:
    """The parts of a path that say something, and whether one is a pattern."""
    steps = tuple(part for part in re.split(r"[/\\]+", path) if part and part not in (".", "~", "*", "**"))
    return steps, any(mark in part for part in steps for mark in "*?[")


def _within(said: tuple[str, ...], steps: tuple[str, ...], *, pattern: bool, rooted: bool) -> bool:
    """Whether the parts stand in a row in the target (which then is the thing named or lies in it)."""
    if not pattern and (said[-1] not in steps or said[0] not in steps):
        return False
    width = len(said)
    starts = (0,) if rooted and steps[:width] and width > 1 else range(len(steps) - width + 1)
    same = fnmatchcase if pattern else str.__eq__
    return any(at + width <= len(steps) and all(map(same, steps[at : at + width], said)) for at in starts)


def fits(said: Mention, target: Target) -> bool:
    """Whether a mention without distinctive words is of the target's sort (`the changes`, `the database`)."""
    return not said.core and bool(said.words & _FITS.get(target.kind, frozenset()))


_FITS = {kind: frozenset(normal(word) for word in nouns) for kind, nouns in FITS.items()}
