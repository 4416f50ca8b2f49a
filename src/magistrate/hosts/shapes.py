"""Foreign JSON into typed shapes, leniently: what fits is kept, what does not is named, nothing is raised.

An importer declares the fields it reads as `msgspec.Struct` classes, every field with a default. What is not declared is
never decoded, so an answer key that a format carries (labels, scores, targets) cannot leak. Well-formed input costs one
typed decode; only input that does not fit is taken apart field by field.
"""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Hashable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from magistrate.core.errors import InputError
from magistrate.core.intake import Head, Intake, document, lines
from magistrate.core.intake import decode as plain

T = TypeVar("T")
Report = Callable[[str], None]
"""Called with one sentence for each piece that was left out."""

MAX_NOTES = 8
"""Pieces of one record that are reported one by one; the rest of them are counted together."""
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],]', re.DOTALL)
_NAMES: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number",
    bool: "a boolean",
}


class Unfit(ValueError):
    """The value as a whole does not have the shape."""


@cache
def _decoder(shape: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def decode(data: bytes, shape: type[T], report: Report) -> T:
    """JSON text as `shape`. Pieces that do not fit are reported and left at their default.

    Python's own JSON dialect (`NaN`, lone surrogates) and broken UTF-8 are read too. Raises `Unfit` when the text is not
    JSON or is JSON of another shape altogether.
    """
    try:
        return _decoder(shape).decode(data)  # type: ignore[no-any-return,arg-type]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return fit(loads(data), shape, report)


def loads(data: bytes) -> Any:
    """Any JSON as plain values. Raises `Unfit` with the reason."""
    try:
        return plain(data.removeprefix(b"\xef\xbb\xbf"))
    except InputError as error:
        raise Unfit(error.what) from None


# ---------------------------------------------------------------- fitting


def fit(value: Any, shape: type[T], report: Report) -> T:
    """Plain values as `shape`, field by field where they do not fit as a whole. Raises `Unfit` when nothing does."""
    return _fit(value, shape, _bounded(report), "")  # type: ignore[no-any-return]


def _bounded(report: Report) -> Report:
    count = 0

    def say(text: str) -> None:
        nonlocal count
        count += 1
        if count <= MAX_NOTES:
            report(text)
        elif count == MAX_NOTES + 1:
            report("more of this record does not fit and was left out")

    return say


def _fit(value: Any, shape: Any, report: Report, place: str) -> Any:
    if shape is msgspec.Raw:
        return msgspec.Raw(msgspec.json.encode(value))
    try:
        return msgspec.convert(value, shape)
    except (msgspec.ValidationError, RecursionError, ValueError, TypeError):
        pass
    options = get_args(shape) if get_origin(shape) in (Union, types.UnionType) else (shape,)
    for option in options:
        origin = get_origin(option) or option
        if isinstance(value, dict) and isinstance(option, type) and issubclass(option, msgspec.Struct):
            return _fit_struct(value, option, report, place)
        if isinstance(value, list) and origin is list:
            return _fit_list(value, get_args(option)[0], report, place)
    names = " or ".join(_name(option) for option in options if option is not type(None))
    raise Unfit(f"{place or 'the record'} is {_NAMES.get(type(value), 'null')}, expected {names}")


def _fit_struct(value: dict[str, Any], shape: type[msgspec.Struct], report: Report, place: str) -> Any:
    kept: dict[str, Any] = {}
    for field in _fields(shape):
        if field.encode_name not in value:
            continue
        try:
            inner = f"{place}.{field.encode_name}" if place else field.encode_name
            kept[field.name] = _fit(value[field.encode_name], field.type, report, inner)
        except Unfit as reason:
            report(f"{reason}; left out")
    return shape(**kept)


def _fit_list(value: list[Any], shape: Any, report: Report, place: str) -> list[Any]:
    kept = []
    for number, item in enumerate(value):
        try:
            kept.append(_fit(item, shape, report, f"{place}[{number}]"))
        except Unfit as reason:
            report(f"{reason}; left out")
    return kept


@cache
def _fields(shape: type[msgspec.Struct]) -> tuple[FieldInfo, ...]:
    return msgspec.structs.fields(shape)


def _name(shape: Any) -> str:
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        return "an object"
    return _NAMES.get(get_origin(shape) or shape, "another kind of value")


# ---------------------------------------------------------------- files


def salvage(data: bytes) -> Any:
    """The values before the point where a JSON document breaks off or turns to garbage. Raises `Unfit` when there are none.

    Cuts after the last complete element of the document, or of a list in it, before that point: half a message or half a
    call is never taken for a whole one.
    """
    text = data.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        head = text[: error.pos].encode("utf-8", "replace")
    except (ValueError, RecursionError):
        raise Unfit("not JSON") from None
    opened: list[bytes] = []
    end, closers = 0, b""
    for token in _TOKEN.finditer(head):
        mark = token.group()
        if mark in (b"{", b"["):
            opened.append(b"}" if mark == b"{" else b"]")
            continue
        if mark in (b"}", b"]") and opened:
            opened.pop()
        if mark[:1] != b'"' and (len(opened) < 2 or (len(opened) == 2 and opened[-1] == b"]")):
            end = token.start() if mark == b"," else token.end()
            closers = b"".join(reversed(opened))
    if not end:
        raise Unfit("breaks off before the first complete value")
    return loads(head[:end] + closers)


def records(path: Path, shape: type[T], intake: Intake) -> Iterator[tuple[int, T]]:
    """Yield `(line, record)` of a file that holds one record a line, one record, or one array of records.

    A line or element that is no record is reported and passed over. Of a document that breaks off, what came before is
    kept. Documents count elements instead of lines.
    """
    for line, value in values(path, intake):
        items = enumerate(value, start=1) if isinstance(value, list) else [(line, value)]
        for number, item in items:
            try:
                yield number, fit(item, shape, noting(path, intake, number))
            except Unfit as reason:
                intake.problem(path, str(reason), line=number, mend="repair or remove the record")


def values(path: Path, intake: Intake) -> Iterator[tuple[int, Any]]:
    """Yield `(line, value)` of a file that holds one JSON value a line, or `(1, value)` of one that holds one document."""
    if not by_line(path):
        value = whole(path, intake)
        if value is not None:
            yield 1, value
        return
    for number, line in lines(path, intake):
        try:
            yield number, loads(line)
        except Unfit as reason:
            intake.problem(path, str(reason), line=number, mend="repair or remove the record")


def noting(path: object, intake: Intake, line: int) -> Report:
    """A report that enters an odd piece as a problem by which no record is lost."""
    return lambda text: intake.problem(path, text, line=line, lost=False)


def whole(path: Path, intake: Intake) -> Any:
    """One JSON document as plain values; of one that breaks off, what came before. None when there is nothing."""
    data = document(path)
    try:
        return loads(data)
    except Unfit as reason:
        try:
            kept = salvage(data)
        except Unfit:
            intake.problem(path, str(reason), mend="copy the file again")
            return None
        intake.problem(path, f"broken document, read as far as it goes: {reason}", mend="copy the file again")
        return kept


def by_line(path: Path) -> bool:
    """Whether the file holds one JSON value a line. A damaged first line does not hide that the next ones are values."""
    first, *others = [line.strip() for _, line in islice(lines(path, Intake()), 4)] or [b""]
    if _is_value(first, dict | list):
        return True
    goes_on = first[:1] in (b"{", b"[") and first[-1:] in (b"{", b"[", b",", b":")
    return not goes_on and any(_is_value(line, dict) for line in others)


def _is_value(line: bytes, kind: type | types.UnionType) -> bool:
    try:
        return isinstance(loads(line), kind)
    except Unfit:
        return False


def peek(head: Head) -> Any:
    """The first value of a file whose head may be damaged: the first line that parses, else what comes before the break."""
    if head.first is not None:
        return head.first
    for line in head.start.splitlines()[:8]:
        if line.startswith((b"{", b"[")):
            try:
                return loads(line)
            except Unfit:
                continue
    try:
        return salvage(head.start) if head.start.lstrip()[:1] in (b"{", b"[") else None
    except Unfit:
        return None
