"""Values of Python expressions, as far as they are known: the constant folder behind `python_code`.

A value is a plain Python constant (`str`, `bytes`, `int` ...), a list, tuple or dict of values, or one of the classes here.
Every operation is bounded in size; whatever is too large or too odd becomes `UNKNOWN`.
"""

from __future__ import annotations

import ast
import codecs
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from magistrate.evidence.effects import decode
from magistrate.evidence.effects.command import Word

LONG = 1 << 17
"""Characters or items that a folded value may have."""


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True)
class Text:
    """A string or path that is known in part: what is not known stands as written."""

    text: str
    dynamic: bool = False
    glob: bool = False
    path: bool = False


@dataclass(frozen=True, slots=True)
class Ref:
    """A name of a module: `os.remove`."""

    name: str


@dataclass(frozen=True, slots=True)
class Instance:
    """What calling `of` gave: a session, a connection, a cursor, an open file."""

    of: str
    about: Any = None
    """The first argument: a URL, a database's path, a host."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A method of a value."""

    owner: Any
    name: str


@dataclass(frozen=True, slots=True)
class Local:
    """A function or class that the code itself defines."""

    node: Any


def is_text(value: Any) -> bool:
    return isinstance(value, (str, Text))


def as_text(value: Any) -> Text:
    """Any value as a string, as well as it is known."""
    if isinstance(value, Text):
        return value
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, bytes):
        return Text(value.decode("utf-8", "replace"))
    if isinstance(value, (int, float, bool)) or value is None:
        return Text(str(value))
    return Text("…", dynamic=True)


def as_word(value: Any, node: ast.AST | None = None) -> Word:
    """A value as a word of a command; what is not known is named by its source."""
    if value is UNKNOWN or isinstance(value, (Ref, Instance, Bound, Local, list, tuple, dict)):
        return Word(text="$" + (ast.unparse(node)[:120] if node is not None else "?"), dynamic=True)
    text = as_text(value)
    return Word(text=text.text, dynamic=text.dynamic, glob=text.glob)


def join(parts: list[Any], between: str = "") -> Any:
    """Strings one after the other; known if all are."""
    if all(isinstance(part, str) for part in parts):
        whole = between.join(parts)
        return whole if len(whole) <= LONG else UNKNOWN
    texts = [as_text(part) for part in parts]
    return Text(
        between.join(part.text for part in texts)[:LONG],
        dynamic=any(part.dynamic for part in texts),
        glob=any(part.glob for part in texts),
        path=any(part.path for part in texts),
    )


def path_join(parts: list[Any]) -> Any:
    """`os.path.join` and `Path / x`: an absolute part starts anew."""
    found: Text | None = None
    for part in parts:
        text = as_text(part)
        if found is None or (text.text.startswith("/") and not text.dynamic):
            found = text
        else:
            found = Text(
                found.text.rstrip("/") + "/" + text.text if found.text not in ("", ".") else text.text,
                dynamic=found.dynamic or text.dynamic, glob=found.glob or text.glob,
            )  # fmt: skip
    return found if found is not None else UNKNOWN


def binary(operator: ast.operator, left: Any, right: Any) -> Any:
    """`+`, `*`, `%`, `/` and integer arithmetic of known values."""
    if isinstance(operator, ast.Div) and isinstance(left, Text) and left.path:
        joined = path_join([left, right])
        return Text(joined.text, joined.dynamic, joined.glob, path=True)
    if isinstance(operator, ast.Add):
        if is_text(left) or is_text(right):
            if isinstance(left, bytes) or isinstance(right, bytes):
                return UNKNOWN
            return join([left, right])
        if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)) and len(left) + len(right) < LONG:
            return [*left, *right]
        if isinstance(left, bytes) and isinstance(right, bytes):
            return left + right
    if isinstance(operator, ast.Mod) and is_text(left):
        return percent(left, right)
    if (
        isinstance(operator, ast.Mult)
        and isinstance(left, str)
        and isinstance(right, int)
        and len(left) * right <= LONG
    ):
        return left * right
    if isinstance(left, int) and isinstance(right, int) and abs(left) < 1 << 64 and abs(right) < 1 << 16:
        return _integers(operator, left, right)
    return UNKNOWN


def _integers(operator: ast.operator, left: int, right: int) -> Any:
    operation = _ARITHMETIC.get(type(operator))
    if operation is None:
        return UNKNOWN
    try:
        return operation(left, right)
    except (ZeroDivisionError, OverflowError, ValueError):
        return UNKNOWN


_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
    ast.RShift: lambda a, b: a >> min(b, 64),
}


def percent(template: Any, values: Any) -> Any:
    """`"%s/%s" % (a, b)`."""
    items = list(values) if isinstance(values, tuple) else [values]
    pieces = as_text(template).text.replace("%d", "%s").replace("%r", "%s").split("%s")
    if len(pieces) != len(items) + 1:
        return Text(as_text(template).text, dynamic=True)
    out: list[Any] = [pieces[0]]
    for item, piece in zip(items, pieces[1:], strict=True):
        out += [item, piece]
    return join(out)


def format_text(template: str, args: list[Any], named: Mapping[str, Any]) -> Any:
    """`"{}/{x}".format(a, x=b)` without format specs or attribute access."""
    out: list[Any] = []
    at = 0
    try:
        for literal, name, spec, _ in string.Formatter().parse(template):
            out.append(literal)
            if name is None:
                continue
            if spec or "." in name or "[" in name:
                return Text(template, dynamic=True)
            if name == "":
                value, at = (args[at] if at < len(args) else UNKNOWN), at + 1
            else:
                value = args[int(name)] if name.isdigit() and int(name) < len(args) else named.get(name, UNKNOWN)
            out.append(value)
    except ValueError:
        return Text(template, dynamic=True)
    return join(out)


def subscript(value: Any, index: Any) -> Any:
    try:
        if isinstance(value, (str, bytes, list, tuple)) and isinstance(index, (int, slice)):
            return value[index]
        if isinstance(value, dict):
            return value.get(index, UNKNOWN)
    except (IndexError, TypeError, ValueError):
        pass
    return UNKNOWN


def method(owner: Any, name: str, args: list[Any], named: Mapping[str, Any]) -> Any:
    """A method of a known string, bytes, list or dict; UNKNOWN for others."""
    try:
        if isinstance(owner, str):
            return _string_method(owner, name, args, named)
        if isinstance(owner, Text):
            return _text_method(owner, name, args, named)
        if isinstance(owner, bytes):
            if name == "decode":
                return owner.decode(args[0] if args and isinstance(args[0], str) else "utf-8", "replace")
            if name == "hex":
                return owner.hex()
        if isinstance(owner, dict):
            if name == "get" and args:
                return owner.get(args[0], args[1] if len(args) > 1 else UNKNOWN)
            if name in ("values", "keys", "items"):
                return [list(pair) if name == "items" else pair for pair in getattr(owner, name)()]
        if isinstance(owner, list) and name == "copy":
            return list(owner)
    except (TypeError, ValueError, LookupError, OverflowError):
        pass
    return UNKNOWN


_SAFE = frozenset(
    {
        "upper",
        "lower",
        "strip",
        "lstrip",
        "rstrip",
        "title",
        "capitalize",
        "swapcase",
        "removeprefix",
        "removesuffix",
        "casefold",
    }
)
_LISTS = frozenset({"split", "rsplit", "splitlines", "partition", "rpartition"})


def _string_method(owner: str, name: str, args: list[Any], named: Mapping[str, Any]) -> Any:
    if name == "join" and args:
        items = args[0]
        return join(list(items), owner) if isinstance(items, (list, tuple, str)) else Text("…", dynamic=True)
    if name == "format":
        return format_text(owner, args, named)
    if name == "encode":
        return owner.encode(args[0] if args and isinstance(args[0], str) else "utf-8", "replace")
    if not all(isinstance(arg, (str, int)) for arg in args):
        return Text(owner, dynamic=True) if name == "replace" else UNKNOWN
    if name in _SAFE:
        return getattr(owner, name)(*args)
    if name in _LISTS:
        return list(getattr(owner, name)(*args))
    if name == "replace" and len(args) >= 2 and len(owner) * (1 + len(str(args[1]))) <= LONG:
        return owner.replace(*args)
    if name in ("startswith", "endswith", "isdigit", "find", "index", "count"):
        return getattr(owner, name)(*args)
    if name == "translate":
        return UNKNOWN
    return UNKNOWN


def _text_method(owner: Text, name: str, args: list[Any], named: Mapping[str, Any]) -> Any:
    if owner.path:
        return _path_method(owner, name, args)
    if name in ("strip", "rstrip", "lstrip", "lower", "upper", "encode", "replace", "format", "decode"):
        return owner
    return UNKNOWN


def _path_method(owner: Text, name: str, args: list[Any]) -> Any:
    if name in ("resolve", "absolute", "expanduser", "as_posix", "__str__", "rename", "replace"):
        return owner
    if name == "joinpath":
        joined = path_join([owner, *args])
        return Text(joined.text, joined.dynamic, joined.glob, path=True)
    if name in ("glob", "rglob", "iterdir"):
        pattern = as_text(args[0]).text if args else "*"
        inner = f"{owner.text.rstrip('/')}/{'**/' if name == 'rglob' else ''}{pattern}"
        return [Text(inner, owner.dynamic, glob=True, path=True)]
    if name in ("with_suffix", "with_name", "with_stem", "relative_to"):
        return Text(owner.text, owner.dynamic, glob=True, path=True)
    return UNKNOWN


def decoded(name: str, args: list[Any]) -> Any:
    """`base64.b64decode`, `codecs.decode`, `zlib.decompress` ... of a known value."""
    if not args or not isinstance(args[0], (str, bytes)):
        return UNKNOWN
    given = args[0]
    text = given if isinstance(given, str) else given.decode("latin-1")
    if len(text) > LONG:
        return UNKNOWN
    short = name.rsplit(".", 1)[-1]
    data: bytes | str | None = None
    if short in ("b64decode", "decodebytes", "standard_b64decode", "urlsafe_b64decode", "a2b_base64"):
        data = decode.from_base64(text)
    elif short == "b32decode":
        data = decode.from_base32(text)
    elif short in ("unhexlify", "fromhex", "a2b_hex", "b16decode"):
        data = decode.from_hex(text)
    elif short == "decompress":
        data = decode.decompress(text.encode("latin-1", "replace"))
    elif name == "codecs.decode":
        kind = args[1] if len(args) > 1 and isinstance(args[1], str) else "utf-8"
        if kind.replace("_", "").replace("-", "") in ("rot13", "rot"):
            data = codecs.decode(text, "rot13")
        elif kind.startswith("hex"):
            data = decode.from_hex(text)
        elif kind.startswith("base64"):
            data = decode.from_base64(text)
        elif kind.startswith("zlib"):
            data = decode.decompress(text.encode("latin-1", "replace"))
        else:
            data = text
    elif short in ("unquote", "unquote_plus"):
        data = unquote(text)
    return UNKNOWN if data is None else data
