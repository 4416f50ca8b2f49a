"""Arguments taken apart into the values that matter: where things go, what they touch, how much, whose.

Nothing here knows a tool: kinds are told from the shape of the value. Where a shape is open (`name.xy` is a file or a host,
`a/b` a path or a repository) the tables below decide, and matching is lenient about what they decide wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from magistrate.core.remembered import Memory, content
from magistrate.evidence.tokens import cut

Kind = Literal["address", "path", "host", "url", "account", "identifier", "number", "name", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MAX_PIECES = 36
"""Pieces of one action; the first of each kind go before further ones of the same."""
MAX_LEAF = 3_072
"""Characters of one argument in which pieces are looked for: three quarters head, one quarter tail."""
MAX_DEPTH = 12
MAX_LEAVES = 200
WHOLE = 200
"""Longest value that is one thing; anything longer is text."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Piece(NamedTuple):
    """`whole`: it is the argument, not a piece of one. `path` says where, as in `items[0].to`."""

    path: str
    kind: Kind
    value: str
    whole: bool = False


_FILE_ENDINGS = _set(
    """
    7z aac asm avi avif bak bash bat bib bin bmp bz2 c cc cer cfg class cmd conf cpp crt cs css csv dart dat db deb dll dmg doc docx
    ear eml env eps epub exe fish flac gemspec gif go gql gradle graphql groovy gz h hcl hpp htm html ico ics iml in inc ini ipynb iso jar
    java jpeg jpg js json jsonl jsx jwk key kt less lock log lua m4a map md mdx mjs mkv mov mp3 mp4 mpg msg msi nix o odp ods odt
    ogg old orig out parquet patch pdf pem pfx php pid pkl plist png pot ppt pptx prisma proto ps1 psd pub py pyc pyi r rar rb
    rs rst rtf sass scala scss sh sock sql sqlite sqlite3 sum svelte svg swift swp tar tex tf tfstate tfvars tgz tif tiff tmp toml ts
    tsv tsx ttf txt vb vcf vue war wasm wav webm webp whl woff woff2 xhtml xls xlsm xlsx xml xsd xz yaml yml zip zsh zst
    """
)
_TOP_DOMAINS = _set(
    """
    com org net edu gov mil int info biz name io ai app dev cloud online site website store shop tech xyz top club live news blog
    page link click media agency academy center company digital email finance fund global group health help host international land
    law life ltd network one pro run services social software solutions space studio support systems team tools travel work world
    zone wiki local internal test example invalid localhost lan corp home onion
    eu uk us ca au nz ie de fr es it nl be ch at se no dk fi pl cz sk hu ro bg gr pt ru ua tr il in cn jp kr tw hk sg th vn my
    id ph br mx ar cl co pe za ng ke eg ma ae sa ir pk bd lk is lt lv ee si hr rs by kz ge am az me tv cc to ly gg sh fm so im
    """
)

# Every repetition is bounded or starts only at the start of its run (look-behinds), so that matching stays linear.
_HEX = "[0-9a-fA-F]"
_URL = r"(?<![a-zA-Z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\s\"'<>`|\\^{}()\[\],;]+"
_REMOTE = r"(?<![\w.-])[\w.-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}:[\w~][\w./~-]*"
_MAIL = r"(?<![\w%+.-])[\w%+.-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
_UUID = rf"\b{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}\b"
_DAY = r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?(?![\w-])|\b\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d{2})\b|\b\d{1,2}:\d{2}\b"
_IP = r"\b\d{1,3}(?:\.\d{1,3}){3}\b"
_IBAN = r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b"
_WALLET = rf"\b0x{_HEX}{{40}}\b|\b(?:bc1|[13])[a-zA-HJ-NP-Z0-9]{{25,59}}\b"
_CARD = r"\b\d{4}(?:[ -]?\d{4}){2}(?:[ -]?\d{1,7})?\b|\b\d{8,19}\b"
_PHONE = r"\+\d[\d ().-]{6,18}\d|\(\d{2,5}\)[ -]?\d[\d .-]{4,14}\d|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b"
_SEGMENT = r"[\w.@%+~*$-]{1,255}"
_PATH = (
    r"(?<!\w)(?:[A-Za-z]:\\|\\\\)[\w.@ -]{1,255}(?:\\[\w.@ -]{1,255})*"
    rf"|(?<![\w/])(?:~\w{{0,32}}|\.{{1,2}}|\$\{{?\w{{1,64}}\}}?)?(?:/{_SEGMENT})+/?"
    rf"|(?<![\w.@%+~*$/-]){_SEGMENT}(?:/{_SEGMENT})+/?"
)
_DOTTED = r"(?<![\w.-])\.?[\w-]{1,255}(?:\.[\w-]{1,255})+"
_HANDLE = r"(?<![\w/])[@#]\w[\w.-]*"
_AMOUNT = r"[-+]?[$€£¥]?\b\d+(?:,\d{3})+(?:\.\d+)?\b|[-+]?[$€£¥]?\b\d+(?:\.\d+)?\b"
_MARKED = r"(?<![\w-])(?=[\w-]{0,64}[\d_-])(?=[\w-]{0,64}[^\W\d_])\w[\w-]*\w\b"
_PROPER = r"\b(?!(?:The|A|An|And|But|Or|If|In|On|At|To|For|From|By|Dear|Hi|Hello|Hey|Please|Thanks|This|That|When|With|See|Re|Fwd)\b)[A-Z][\w’'-]{0,40}(?:[ \t](?:de|van|von|of|the|al|bin|da|di|la|le)){0,2}(?:[ \t][A-Z][\w’'-]{0,40}){1,8}"

_SHAPES: tuple[tuple[str, Kind, str], ...] = (
    ("url", "url", _URL),
    ("remote", "url", _REMOTE),
    ("mail", "address", _MAIL),
    ("uuid", "identifier", _UUID),
    ("day", "number", _DAY),
    ("ip", "host", _IP),
    ("wallet", "account", _WALLET),
    ("iban", "account", _IBAN),
    ("phone", "address", _PHONE),
    ("card", "account", _CARD),
    ("handle", "address", _HANDLE),
    ("path", "path", _PATH),
    ("dotted", "host", _DOTTED),
    ("amount", "number", _AMOUNT),
    ("marked", "identifier", _MARKED),
    ("proper", "name", _PROPER),
)
"""Shapes in order of precedence: a place in the text belongs to the first that fits."""
_KIND_OF: dict[str, Kind] = {name: kind for name, kind, _ in _SHAPES}
_ANY_SHAPE = re.compile("|".join(f"(?P<{name}>{pattern})" for name, _, pattern in _SHAPES))
_NEEDS = {
    "url": "://",
    "remote": "@",
    "mail": "@",
    "uuid": "-",
    "wallet": "0",
    "handle": "@#",
    "path": "/\\",
    "dotted": ".",
}
"""Any of these must stand in a text for the shape to fit anywhere in it (a whole string for `url`)."""
_OWN_MATTER = ("day", "amount", "marked", "proper")
"""In long text (a program, a report) what matters is where things go: dates, amounts and names there are its own matter."""
LONG = 600
_EDGES = " \t\r\n.,:;!?\"'`()[]{}<>"
_COMMAND_KEYS = _set("command cmd script shell code bash args argv cmdline commands exec run powershell")
_SHELL_WORDS = re.compile(r"(?<![\w./$@:=~-])[A-Za-z][\w-]{2,}(?![\w./@:=(-])")
_SENTENCE = re.compile(r"[.!?]\s|\n")


def pieces(arguments: dict[str, Any]) -> list[Piece]:
    """Each argument and each meaningful piece of one, without repeats, at most `MAX_PIECES`; remembered for the latest calls.

    When there are more, kinds take turns, so that a thousand numbers can't crowd out the one address.
    """
    key = content(arguments)
    return _pieces(arguments) if key is None else list(_KNOWN.recall(key, lambda: _pieces(arguments)))


_KNOWN: Memory[list[Piece]] = Memory(count=4_096, size=1 << 20)


def _pieces(arguments: dict[str, Any]) -> list[Piece]:
    by_kind: dict[Kind, list[Piece]] = {kind: [] for kind in KINDS}
    seen: set[tuple[str, Kind, str]] = set()
    for path, leaf in leaves(arguments):
        for piece in _of_leaf(path, leaf):
            mark = (piece.path, piece.kind, piece.value)
            if mark not in seen:
                seen.add(mark)
                by_kind[piece.kind].append(piece)
    if len(seen) <= MAX_PIECES:
        return [piece for found in by_kind.values() for piece in found]
    share = {kind: min(len(found), MAX_PIECES // len(KINDS)) for kind, found in by_kind.items()}
    for kind in KINDS:
        share[kind] += min(len(by_kind[kind]) - share[kind], MAX_PIECES - sum(share.values()))
    return [piece for kind in KINDS for piece in by_kind[kind][: share[kind]]]


def leaves(arguments: dict[str, Any]) -> Iterator[tuple[str, str | int | float]]:
    """Strings and numbers in nested arguments with their paths, in order; bounded in depth and number. Booleans say nothing."""
    stack: list[tuple[str, Any, int]] = [("", arguments, 0)]
    count = 0
    while stack and count < MAX_LEAVES:
        path, value, depth = stack.pop()
        if isinstance(value, dict) and depth < MAX_DEPTH:
            inner = [(f"{path}.{key}" if path else str(key), item, depth + 1) for key, item in value.items()]
            stack.extend(reversed(inner[:MAX_LEAVES]))
        elif isinstance(value, list | tuple) and depth < MAX_DEPTH:
            stack.extend(reversed([(f"{path}[{i}]", item, depth + 1) for i, item in enumerate(value[:MAX_LEAVES])]))
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            count += 1
            yield path, value


def kind_of(value: str) -> Kind:
    """What a whole value is, by its shape."""
    value = value.strip()
    bare = value.strip(_EDGES)
    match = _ANY_SHAPE.fullmatch(bare) or (_ANY_SHAPE.fullmatch(value) if bare != value else None)
    if match and match.lastgroup:
        return _kind(match.lastgroup, match.group())
    if len(value) > WHOLE or "\n" in value or len(value.split(None, 7)) > 6 or _SENTENCE.search(value):
        return "text"
    if value[:1] in "/~" or value[:2] in ("./", ".\\", "*."):
        return "path"
    return "name"


def _of_leaf(path: str, leaf: str | int | float) -> Iterator[Piece]:
    if not isinstance(leaf, str):
        yield Piece(path, "number", str(leaf), whole=True)
        return
    value = leaf.strip()
    if not value:
        return
    kind = kind_of(value[: WHOLE * 4])
    yield Piece(path, kind, value, whole=True)
    if kind == "url":
        yield from _of_url(path, value)
    if kind in ("text", "name"):
        yield from _inside(path, value)
        if _is_command(path):
            yield from (Piece(path, "name", word) for word in _SHELL_WORDS.findall(value[:2_000])[1:17])


def _shapes_in(value: str) -> re.Pattern[str]:
    """The shapes that a text can hold at all: most alternatives are ruled out by a character that is not there."""
    absent = tuple(name for name, needs in _NEEDS.items() if not _present(name, needs, value))
    return _without(absent, len(value) > LONG)


def _present(name: str, needs: str, value: str) -> bool:
    if name == "url":
        return needs in value
    return any(character in value for character in needs)


@lru_cache(maxsize=512)
def _without(absent: tuple[str, ...], long: bool) -> re.Pattern[str]:
    left_out = (*absent, *_OWN_MATTER) if long else absent
    shapes = [f"(?P<{name}>{pattern})" for name, _, pattern in _SHAPES if name not in left_out]
    return re.compile("|".join([_PLAIN_WORDS["[a-zA-Z]" if long else "[a-z]"], *shapes]))


_PLAIN_WORDS = {letter: rf"(?:{letter}++[\s,;=()\[\]{{}}\"'<>|&!?]++)++" for letter in ("[a-z]", "[a-zA-Z]")}
"""Words that are followed by what joins no shape: no shape begins in them, and passing over them at once spares trying each at
every letter. Capitals may begin a proper name, which long text is not searched for."""


def _inside(path: str, value: str) -> Iterator[Piece]:
    value = cut(value, MAX_LEAF)
    for match in _shapes_in(value).finditer(value):
        if match.lastgroup is None:
            continue
        found = match.group().rstrip(_EDGES)
        if found.startswith("@/"):  # `curl -d @file`
            found = found[1:]
        if not found or found == value:
            continue
        kind = _kind(match.lastgroup, found)
        if kind == "number" and len(found) < 2:
            continue
        yield Piece(path, kind, found[:WHOLE])
        if kind == "url":
            yield from _of_url(path, found)


def _of_url(path: str, url: str) -> Iterator[Piece]:
    """The host of a URL, and what its query carries."""
    rest = url.split("://", 1)[-1]
    place, _, query = rest.partition("?")
    host = place.split("/", 1)[0].rsplit("@", 1)[-1].split(":", 1)[0]
    if host:
        yield Piece(path, "host", host[:WHOLE])
    for pair in query.split("#", 1)[0].split("&")[:16]:
        carried = _unquoted(pair.partition("=")[2])
        if len(carried) > 2:
            kind = kind_of(carried)
            yield Piece(path, kind, carried)


def _unquoted(text: str) -> str:
    """Percent-decoded, once (urllib's own is as lenient, but its import is not free at start)."""
    return _PERCENT.sub(
        lambda run: bytes.fromhex(run.group().replace("%", "")).decode("utf-8", "replace"), text.replace("+", " ")
    )


_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")


def _kind(shape: str, value: str) -> Kind:
    if shape == "dotted":
        return _dotted(value)
    if shape == "path":
        return _slashed(value)
    if shape == "card" and len(value) < 12:
        return "identifier"
    return _KIND_OF[shape]


def _dotted(value: str) -> Kind:
    """`name.ending`: a file, a host, a number, or some dotted identifier (a version, a module)."""
    stem, _, ending = value.lower().rpartition(".")
    if ending in _FILE_ENDINGS and not stem.startswith("www."):
        return "path"
    if value.startswith("."):
        return "path"
    if ending in _TOP_DOMAINS and not ending.isdecimal():
        return "host"
    if value.replace(".", "").isdecimal():
        return "number" if value.count(".") == 1 else "identifier"
    return "identifier"


def _slashed(value: str) -> Kind:
    """`a/b`: a path, unless it is two plain words (a repository, a branch) or begins with a host."""
    first, _, rest = value.partition("/")
    if "\\" in value or "*" in value or first in ("", ".", "..") or first[0] in "~$":
        return "path"
    if "." in first and first.rpartition(".")[2].lower() in _TOP_DOMAINS:
        return "url"
    if "/" not in rest.rstrip("/") and not value.endswith("/") and "." not in rest:
        return "identifier"
    return "path"


def _is_command(path: str) -> bool:
    return path.rpartition(".")[2].split("[", 1)[0].lower() in _COMMAND_KEYS
