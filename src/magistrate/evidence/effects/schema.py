"""What the arguments of a call say: its leaves with dotted paths, the role of each by its key, the shape of each value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from magistrate.evidence.effects.lexicon import NOUNS
from magistrate.evidence.effects.morphology import base, key_words, word_set

MAX_LEAVES = 160
MAX_DEPTH = 6
MAX_ITEMS = 40
"""Items of one list that are looked at."""
MAX_TEXT = 4000
"""Characters of one value that are looked at for its shape."""
_JSON_TEXT = 1 << 16

_ROLES = {
    "recipient": """to recipient addressee receiver cc bcc email mail phone mobile tel telephone sms attendee participant guest
        invitee audience recipients with mailto""",
    "payee": "payee beneficiary iban vendor merchant charity supplier creditor seller biller",
    "account": "account wallet acct card bank",
    "path": "attachment path file filename filepath dir folder directory cwd notebook workspace",
    "url": "url uri link href endpoint webhook site website webpage callback",
    "host": "host hostname domain ip server_address",
    "repo": "repo repository",
    "branch": "branch",
    "channel": "channel room thread chat conversation group team audience topic",
    "user": """user username member collaborator owner handle person employee patient student customer contact client
        principalname assignee login recipientname friend payer subscriber tenant guest passenger""",
    "subject": "role principal group identity subjectid",
    "id": "id ids uuid guid ref reference number code sku slug arn identifier no key symbol ticker pk rx tracking",
    "name": "name title label common",
    "content": """body message text content contents comment note notes description reason caption html markdown detail details data payload value
        values record prompt question thought expression subject summary instruction instructions context chars str string input
        document new_str old_str""",
    "amount": "amount sum price total quantity qty cost salary balance dose count budget percent value weight amountusd replicas mg kg",
    "time": "date time start end day month year deadline until since duration timezone datetime hour minute days hours begin at when last",
    "option": """limit page size format type mode sort order offset max min n language locale verbose recursive force confirm currency
        unit flag option options side visibility public access permission level scope scopes status state action operation method
        priority filter filters fields include exclude top version width height color dry isinput background interactive
        events labels tags settings config params parameters events schedule ref env environment stage""",
    "secret": "password passwd passphrase secret otp pin passcode credential apikey mfa totp cvv token",
    "command": "command cmd shell argv commandline script bash",
    "cron": "cron crontab",
    "code": "code source snippet python program",
    "sql": "sql query statement",
    "query": "query q keyword search term pattern regex glob question filter",
    "agent": "agent subagent assistant bot subagenttype",
    "package": "package plugin extension dependency module crate addon skill",
    "process": "pid process job session build pipeline",
    "table": "table collection index",
    "database": "database db schema bucket",
}
_ROLE_OF: Mapping[str, frozenset[str]] = {
    word: frozenset(role for role, words in _ROLES.items() if word in words.split())
    for word in {word for words in _ROLES.values() for word in words.split()}
}
_SOURCE = word_set("input from source src origin sender old previous current existing")
_TARGET = word_set("to dest destination target new into output dst out save")
_SAFE_TOKENS = word_set(
    "page next max min continuation cursor cancel cancellation limit sync start count num prompt completion"
)
_RESOURCE = frozenset(word for word, kinds in NOUNS.items() if "infra" in kinds) | {
    "service",
    "zone",
    "queue",
    "component",
}
_DEVICE = frozenset(word for word, kinds in NOUNS.items() if "device" in kinds)
_KNOWN = frozenset(_ROLE_OF) | _SOURCE | _TARGET | frozenset(NOUNS)

_EMAIL = re.compile(r"[^\s@<>,;:\"']{1,64}@[^\s@<>,;:\"']{1,200}\.[A-Za-z]{2,24}$")
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,15}://\S{1,4000}$", re.I)
_BARE_URL = re.compile(
    r"(?:www\.[\w.-]{1,200}|[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[a-z]{2,12}/\S{0,2000}|[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.(?:com|org|net|io|dev|example|test|co|ai|app))(?:[:/]\S{0,2000})?$",
    re.I,
)
_IBAN = re.compile(r"[A-Z]{2}\d{2} ?[A-Z0-9](?: ?[A-Z0-9]){9,29}$")
_PHONE = re.compile(r"\+\d[\d ().-]{5,18}\d$|\(\d{3}\) ?\d{3}-\d{4}$")
_COIN = re.compile(r"0x[0-9a-fA-F]{40}$|bc1[a-z0-9]{20,60}$|[13][a-km-zA-HJ-NP-Z1-9]{25,34}$")
_PATH = re.compile(
    r"(?:~|\.{1,2})?/[^\n]{0,1000}$|[A-Za-z]:[\\/][^\n]{0,1000}$|[\w.@+ -]{1,100}(?:/[\w.@+* -]{1,100}){0,20}\.[A-Za-z0-9]{1,6}$"
)
_HANDLE = re.compile(r"@[\w.-]{1,60}$")
_CHANNEL = re.compile(r"#[\w-]{1,80}$")
_SHAPES = (
    ("url", _URL),
    ("email", _EMAIL),
    ("iban", _IBAN),
    ("phone", _PHONE),
    ("coin", _COIN),
    ("handle", _HANDLE),
    ("channel", _CHANNEL),
    ("url", _BARE_URL),
    ("path", _PATH),
)


class Key(NamedTuple):
    """What an argument's name says."""

    roles: frozenset[str]
    words: frozenset[str]
    source: bool
    """Where from, or what it was before."""
    dest: bool


class Leaf(NamedTuple):
    """One value of the arguments that is no container."""

    path: str
    key: Key
    value: str | int | float | bool
    depth: int
    name: str
    """The key itself, lower case."""

    @property
    def top(self) -> Key:
        """The outermost key that it stands under."""
        return self.key if self.depth < 2 else read_key(re.split(r"[.\[]", self.path, maxsplit=1)[0][:80])

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else str(self.value)


def leaves(arguments: Mapping[str, Any]) -> list[Leaf]:
    """The leaves in order, at most `MAX_LEAVES`; text that is JSON is opened, a list's items stand under its key."""
    found: list[Leaf] = []
    for leaf in _walk(arguments, "", "", 0):
        found.append(leaf)
        if len(found) >= MAX_LEAVES:
            break
    return found


def _walk(value: Any, path: str, name: str, depth: int) -> Iterator[Leaf]:
    if isinstance(value, Mapping):
        if depth < MAX_DEPTH:
            for count, (key, inner) in enumerate(value.items()):
                if count >= MAX_LEAVES:
                    return
                text = key if isinstance(key, str) else str(key)[:80]
                yield from _walk(inner, f"{path}.{text}" if path else text, text, depth + 1)
    elif isinstance(value, (list, tuple)):
        if depth < MAX_DEPTH:
            for at, inner in enumerate(value[:MAX_ITEMS]):
                yield from _walk(inner, f"{path}[{at}]", name, depth + 1)
    elif isinstance(value, str):
        opened = _open(value) if value[:1] in ("{", "[") and depth < MAX_DEPTH else None
        if opened is None:
            yield Leaf(path, read_key(name[:80]), value, depth, name.lower())
        else:
            yield from _walk(opened, path, name, depth + 1)
    elif isinstance(value, (bool, int, float)):
        yield Leaf(path, read_key(name[:80]), value, depth, name.lower())


def _open(text: str) -> Any:
    if len(text) > _JSON_TEXT:
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    return value if isinstance(value, (dict, list)) else None


@lru_cache(maxsize=4096)
def read_key(name: str) -> Key:
    """What an argument's name says, by its words."""
    words = key_words(name)
    roots = [base(word, _KNOWN)[0] for word in words]
    roles: set[str] = set()
    for root in roots:
        roles |= _ROLE_OF.get(root, frozenset())
        if root in _RESOURCE:
            roles.add("resource")
        if root in _DEVICE:
            roles.add("device")
    known = frozenset(roots) | frozenset(words)
    _settle_roles(roles, known, words)
    source = bool(known & _SOURCE) and not (words and words[0] in ("to", "new"))
    return Key(frozenset(roles), known, source, bool(known & _TARGET))


def _settle_roles(roles: set[str], words: frozenset[str], ordered: tuple[str, ...]) -> None:
    """Where a key's words pull in several directions, the head word (the last, in English) decides."""
    head = ordered[-1] if ordered else ""
    if "secret" in roles and words & _SAFE_TOKENS and "token" in words | {word.rstrip("s") for word in words}:
        roles.discard("secret")
    if "key" in words and not words & {
        "api",
        "ssh",
        "access",
        "private",
        "secret",
        "gpg",
        "signing",
        "encryption",
        "auth",
    }:
        roles.discard("secret")
    elif "key" in words:
        roles.add("secret")
    if roles & {"secret"} and (head in ("name", "id", "length", "type")):
        roles.discard("secret")
    if roles & {"time"} and head not in ("at",) and (len(ordered) > 1 or head in _ROLES["time"].split()):
        roles.intersection_update({"time"})
    if "amount" in roles and head not in ("id", "number"):
        roles.intersection_update({"amount", "content"})
    if head in ("id", "ids", "uuid", "guid", "ref"):
        roles -= {
            "path",
            "url",
            "content",
            "name",
            "option",
            "code",
            "command",
            "recipient",
            "amount",
            "query",
            "sql",
            "time",
        }
        roles.add("id")
    if head == "address" and words & {"to", "destination", "recipient", "wallet", "eth", "btc"}:
        roles |= {"payee", "recipient"}
    if (
        head in ("type", "format", "mode", "size", "limit", "level", "count")
        and len(ordered) > 1
        and "agent" not in roles
    ):
        roles.intersection_update({"option"})
        roles.add("option")


@lru_cache(maxsize=8192)
def shape(text: str) -> str:
    """The form of a value: `email`, `url`, `iban`, `phone`, `coin` (a crypto address), `handle`, `channel`, `path`,
    `number`, `text` (prose or long), or `word`."""
    if not text or len(text) > MAX_TEXT or "\n" in text:
        return "text"
    for name, pattern in _SHAPES:
        if pattern.match(text):
            return name
    if text.isdigit():
        return "number"
    return "text" if len(text) > 120 or text.count(" ") > 6 else "word"


def shape_of(leaf: Leaf) -> str:
    """The shape of a leaf's value; long texts are not kept in any cache."""
    if isinstance(leaf.value, bool):
        return "flag"
    if isinstance(leaf.value, (int, float)):
        return "number"
    return shape(leaf.value) if len(leaf.value) <= 300 else "url" if _URL.match(leaf.value[:MAX_TEXT]) else "text"


def having(found: Iterable[Leaf], *roles: str) -> list[Leaf]:
    """The leaves whose key has any of the roles."""
    wanted = frozenset(roles)
    return [leaf for leaf in found if leaf.key.roles & wanted]
