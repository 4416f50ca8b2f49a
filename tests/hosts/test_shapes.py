"""Lenient reading of foreign JSON: what fits is kept, what does not is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, Struct

from magistrate.hosts.fields import arguments, compact, result_text, string, text_of
from magistrate.hosts.shapes import MAX_NOTES, Unfit, decode, fit, salvage

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


class Inner(Struct):
    text: str | None = None


class Outer(Struct):
    name: str | None = None
    size: int = 0
    inner: Inner | None = None
    many: list[Inner] | None = None
    raw: list[Raw] | None = None
    free: Any = None


def fitted(value: Any) -> tuple[Outer, list[str]]:
    notes: list[str] = []
    return decode(json.dumps(value).encode(), Outer, notes.append), notes


def test_what_does_not_fit_is_named_and_the_rest_kept() -> None:
    record, notes = fitted(
        {"name": 1, "size": 2, "many": [{"text": "a"}, 3, {"text": []}], "inner": "x", "raw": [1], "new": 1}
    )
    assert (record.name, record.size, record.inner) == (None, 2, None)
    assert record.many == [Inner(text="a"), Inner()]
    assert [bytes(raw) for raw in record.raw or ()] == [b"1"]
    assert notes == [
        "name is a number, expected text; left out",
        "inner is text, expected an object; left out",
        "many[1] is a number, expected an object; left out",
        "many[2].text is a list, expected text; left out",
    ]


def test_notes_of_one_record_are_bounded() -> None:
    _, notes = fitted({"many": [1] * 1000})
    assert len(notes) == MAX_NOTES + 1


def test_pythons_dialect_of_json_is_read() -> None:
    assert decode(b'{"free": NaN, "name": "a\\ud800b\xff"}', Outer, print).name == "a�b�"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"7", b'"x"', b"null", b"[" * 9000, b"\x00\x01"])
def test_what_is_no_record_is_unfit(data: bytes) -> None:
    with pytest.raises(Unfit):
        decode(data, Outer, print)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(["name", "size", "inner", "many", "raw", "free"]), VALUES))
def test_any_object_becomes_a_record(value: dict[str, Any]) -> None:
    assert isinstance(fit(value, Outer, lambda what: None), Outer)


@settings(max_examples=60, deadline=None)
@given(
    items=st.lists(st.dictionaries(st.text(max_size=3), VALUES, min_size=1, max_size=3), min_size=1, max_size=5),
    where=st.floats(0, 1),
    nested=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_a_cut_document_keeps_whole_elements_only(
    items: list[Any], where: float, nested: bool, indent: int | None
) -> None:
    value: Any = {"messages": items} if nested else items
    data = json.dumps(value, indent=indent).encode()
    try:
        kept = salvage(data[: int(len(data) * where)])
    except Unfit:
        return
    elements = kept.get("messages", []) if nested else kept
    assert json.dumps(elements) == json.dumps(items[: len(elements)])


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_single_values_never_raise(value: Any) -> None:
    assert isinstance(text_of(value), str)
    assert isinstance(result_text(value), str)
    assert isinstance(string(value), str)
    assert isinstance(compact(value), str)
    assert isinstance(arguments(value), dict)


def test_texts_of_content_parts() -> None:
    parts = [
        {"type": "text", "text": "a"},
        "b",
        {"type": "image_url", "image_url": {}},
        {"type": "thinking", "thinking": "t"},
    ]
    assert text_of(parts) == "a\nb\n[image_url]"
    assert text_of(parts, thoughts=True) == "a\nb\n[image_url]\nt"
    assert result_text({"rows": 3}) == '{"rows":3}'
    assert result_text([]) == ""
