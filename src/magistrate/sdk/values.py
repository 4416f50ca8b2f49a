"""Python values as JSON that can be judged: what a reviewer cannot see whole is a doubt, never left out."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from magistrate.core.errors import InputError

MAX_DEPTH = 50
"""Levels of nesting: below what the neutral contract reads."""
MAX_REPR = 20_000
"""Characters of the `repr` of an object of no known kind; a longer one cannot be judged."""
MAX_TEXT = 4 << 20
"""Characters of one tool's result or one message that are kept."""


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The value as JSON can hold it. Raises InputError where that would hide something."""
    if value is None or isinstance(value, bool | int):
        return value if type(value) in _EXACT else _known(value, depth)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        # JSON has neither NaN nor infinities; their names say what they are.
        return value if math.isfinite(value) else repr(value)
    if depth <= 0:
        raise InputError(f"arguments are nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, depth - 1) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    return _known(value, depth)


_EXACT = (type(None), bool, int)


def _object(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    fields = {str(name): plain(item, depth - 1) for name, item in value.items()}
    if len(fields) < len(value):
        raise InputError("two names in the arguments read the same")
    return fields


def _known(value: Any, depth: int) -> Any:
    """An object by the ways libraries have of showing themselves, else by its `repr`."""
    if callable(dump := getattr(value, "model_dump", None)) and not isinstance(value, type):
        return plain(dump(), depth - 1)
    try:
        shown = msgspec.to_builtins(value, str_keys=True, builtin_types=(bytes, bytearray, memoryview), enc_hook=_shown)
    except (TypeError, ValueError, RecursionError):
        return _shown(value)
    return plain(shown, depth - 1)


def _shown(value: Any) -> str:
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    shown = repr(value)
    if len(shown) > MAX_REPR:
        raise InputError(f"an argument of type {type(value).__name__} is too long to be judged")
    return shown


def called(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by their names, defaults included. Raises TypeError where the call itself would."""
    bound = inspect.signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    arguments: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            # A keyword may be named as a positional-only parameter is: both are shown.
            arguments |= {key if key not in arguments else f"{name}.{key}": item for key, item in value.items()}
        elif name not in ("self", "cls"):
            arguments[name] = value
    return _object(arguments, MAX_DEPTH)


def text_of(value: Any) -> str:
    """A tool's result as text, cut in the middle when it is very long."""
    if not isinstance(value, str):
        try:
            value = msgspec.json.encode(plain(value)).decode()
        except (InputError, TypeError, ValueError, RecursionError):
            value = repr(value)
    return clipped(value)


def parts_text(content: Any) -> str:
    """The text in a message's content: a string, or a list of parts that are strings or hold a `text` or `content`."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list | tuple):
        return "\n".join(filter(None, map(parts_text, content)))
    for name in ("text", "content", "output"):
        found = content.get(name) if isinstance(content, Mapping) else getattr(content, name, None)
        if isinstance(found, str | list | tuple):
            return parts_text(found)
    return ""


def clipped(text: str) -> str:
    """At most `MAX_TEXT` characters: the beginning and the end, with a mark between them."""
    if len(text) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters left out ...]\n{text[-half:]}"
