"""Settings files are edited by inserting and cutting: comments, order and spacing of everything else stay."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.errors import InputError
from magistrate.hosts.live.jsonc import added, tree, without

OURS = {"command": "ours", "timeout": 60}
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)


def ours(value: Any) -> bool:
    return value == OURS


COMMENTED = """{
    // what I like
    "theme": "dark", /* not "hooks": [] */
    "hooks": {
        "BeforeTool": [
            {"command": "mine"}, // keep
        ],
    },
}
"""


def test_comments_and_trailing_commas_stay() -> None:
    text = added(COMMENTED, ("hooks", "BeforeTool"), OURS)
    assert [item["command"] for item in tree(text).plain()["hooks"]["BeforeTool"]] == ["mine", "ours"]
    for piece in ("// what I like", '/* not "hooks": [] */', "// keep"):
        assert piece in text
    back = without(text, ("hooks", "BeforeTool"), ours)
    assert tree(back).plain() == tree(COMMENTED).plain()
    assert "// keep" in back


@pytest.mark.parametrize("text", ["", "\n", "{}", '{"a": 1}', '{\n  "hooks": {}\n}\n', '{"hooks": {"E": []}}'])
def test_what_is_absent_is_made(text: str) -> None:
    after = added(text, ("hooks", "E"), OURS)
    assert tree(after).plain()["hooks"]["E"] == [OURS]
    assert json.loads(after)["hooks"]["E"] == [OURS]


@settings(max_examples=150)
@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.sampled_from([None, 2, 4]), st.booleans())
def test_adding_changes_nothing_else_and_can_be_taken_back(
    before: dict[str, Any], indent: int | None, escape: bool
) -> None:
    before.pop("hooks", None)
    before["hooks"] = {"Other": [1], "E": [{"command": "mine"}]}
    text = json.dumps(before, indent=indent, ensure_ascii=escape)
    after = added(text, ("hooks", "E"), OURS)
    assert json.loads(after) == before | {"hooks": {"Other": [1], "E": [{"command": "mine"}, OURS]}}
    assert json.loads(without(after, ("hooks", "E"), ours)) == before


def test_ours_are_taken_out_wherever_they_stand() -> None:
    for items in ([OURS, 1, 2], [1, OURS, 2], [1, 2, OURS], [OURS], [OURS, 1, OURS]):
        text = json.dumps({"hooks": {"E": items}}, indent=2)
        assert json.loads(without(text, ("hooks", "E"), ours))["hooks"]["E"] == [i for i in items if i != OURS]


@pytest.mark.parametrize("text", ["{", '{"a" 1}', '{"a": 1} x', "[1 2]", '{"a": tru}', '{"a":1,"a":2}', "[" * 100])
def test_what_is_no_json_is_left_alone(text: str) -> None:
    with pytest.raises(InputError):
        added(text, ("hooks", "E"), OURS)


def test_what_stands_in_the_way_is_named() -> None:
    for text in ('{"hooks": 1}', '{"hooks": {"E": {}}}', "[]"):
        with pytest.raises(InputError, match="is no"):
            added(text, ("hooks", "E"), OURS)
