"""What a host's hook hands over, as values: JSON read strictly, because what is misread could be let through.

Strict is: one object, no name twice in it (which of the two would the host act on?), finite numbers, bounded size and depth.
Text that is not quite Unicode (a lone half of a surrogate pair, a byte that is not UTF-8) is common in what tools give back,
where hosts cut text in the middle; there it is replaced. In what is about to run it is a doubt, and `Payload.sure` says so.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal, NamedTuple, NoReturn, TypeVar

import msgspec

from magistrate.core.errors import InputError
from magistrate.core.intake import deeper

MAX_PAYLOAD = 16 << 20
"""Bytes of one payload."""
MAX_DEPTH = 60
"""Levels of nesting: below what every later step can walk."""
MAX_NAME = 300
"""Characters of an identifier: a session, a tool, a call."""
PROBE = "magistrate-probe-"
"""How the names of sessions begin in which `magistrate doctor` tries an installation."""
HALF = "payload holds half of a surrogate pair"
T = TypeVar("T")


class Payload(NamedTuple):
    """One object from a host."""

    fields: dict[str, Any]
    doubt: str
    """Why the text is not exactly what was sent; empty when it is."""

    def sure(self) -> None:
        """Raise InputError unless the values are exactly what was sent: to be called before they become an action."""
        if self.doubt:
            raise InputError(self.doubt)


def load(data: bytes) -> Payload:
    """The object in a payload. Raises InputError."""
    if len(data) > MAX_PAYLOAD:
        raise InputError(f"payload of {len(data):,} bytes is over the limit of {MAX_PAYLOAD:,}")
    doubt = ""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text, doubt = data.decode("utf-8", "replace"), "payload is not UTF-8"
    fields = loads(text)
    if not isinstance(fields, dict):
        raise InputError(f"payload is a JSON {type(fields).__name__}, expected an object")
    if "\\ud" in text or "\\uD" in text:
        whole = _whole(fields)
        if whole is not None:
            fields, doubt = whole, doubt or HALF
    return Payload(fields, doubt)


def nested(text: str) -> Any:
    """A value that a payload holds as JSON text, read as strictly. Raises InputError."""
    value = loads(text)
    if _whole(value) is not None:
        raise InputError(HALF)
    return value


def loads(text: str) -> Any:
    """The value in a JSON text, read strictly. Raises InputError."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite)
    except RecursionError:
        raise InputError(f"payload is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise InputError(f"payload is not JSON: {str(error)[:120]}") from None
    if text.count("{") + text.count("[") > MAX_DEPTH and deeper(value, MAX_DEPTH):
        raise InputError(f"payload is nested deeper than {MAX_DEPTH} levels")
    return value


def shaped(fields: dict[str, Any], shape: type[T]) -> T:
    """The fields that matter, typed; others are left alone. Raises InputError that names the first that does not fit."""
    try:
        return msgspec.convert(fields, shape)
    except msgspec.ValidationError as error:
        raise InputError(f"payload does not fit: {str(error)[:200]}") from None


def identifier(value: str, what: str) -> str:
    """A name: not empty, short, of visible characters. Raises InputError."""
    if not value or len(value) > MAX_NAME or not value.isprintable() or not value.strip():
        raise InputError(f"{what} is {'missing' if not value.strip() else 'no name'}")
    return value


def role_of(session: str) -> Literal["agent", "probe"]:
    """Whether a session is one of our own checks. It is judged like any other, and kept apart from agent statistics."""
    return "probe" if session.startswith(PROBE) else "agent"


def step(value: str, what: str) -> str:
    """A part of a run's id, which are joined by `/`. Raises InputError."""
    if "/" in value:
        raise InputError(f"{what} holds a slash")
    return identifier(value, what)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return fields


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _whole(value: Any) -> Any:
    """The value with halves of surrogate pairs replaced; None when there are none. Raises InputError when names collide."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        try:
            return _repaired(value)
        except ValueError as error:
            raise InputError(f"payload is not JSON: {error}") from None
    return None


def _repaired(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_repaired(item) for item in value]
    if isinstance(value, dict):
        names = [_repaired(name) for name in value]
        return _object(list(zip(names, map(_repaired, value.values()), strict=True)))
    return value
