"""Tools of MCP servers: names, hints, servers."""

from __future__ import annotations

from typing import Any

import pytest

from magistrate.core.records import Action, Effect
from magistrate.evidence.effects import effects_of
from magistrate.evidence.effects.naming import bare
from magistrate.evidence.effects.place import Place


def effects(
    tool: str, server: str = "", hints: dict[str, bool] | None = None, /, **arguments: Any
) -> tuple[Effect, ...]:
    return effects_of(Action(tool=tool, server=server, annotations=hints or {}, arguments=arguments), Place())


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        ("mcp__slack__post_message", ("slack", "post_message")),
        ("mcp__plugin_x_slack__post_message", ("plugin_x_slack", "post_message")),
        ("mcp_slack_post_message", ("slack", "post_message")),
        ("post_message", ("", "post_message")),
        ("mcp__", ("", "mcp__")),
    ],
)
def test_server_and_tool_are_told_apart(tool: str, expected: tuple[str, str]) -> None:
    assert bare(tool) == expected


def test_the_name_of_the_server_is_no_verb() -> None:
    assert [effect.kind for effect in effects("mcp__send-mail-server__list_messages")] == ["read"]
    assert [effect.kind for effect in effects("mcp__reader__delete_note", note_id="n")] == ["delete"]


def test_a_database_server_makes_a_query_sql() -> None:
    for found in (
        effects("mcp__postgres__query", query="DROP TABLE users"),
        effects("query", "postgres", query="DROP TABLE users"),
        effects("execute_statement", statement="DROP TABLE users"),
    ):
        assert [(effect.kind, effect.target) for effect in found] == [("database-destroy", "users")]


def test_text_that_only_mentions_sql_is_no_statement() -> None:
    assert [e.kind for e in effects("search_docs", query="how does DROP TABLE users work")] == ["read"]
    assert [e.kind for e in effects("send_message", to="bob@x.example", body="DROP TABLE users")] == ["message"]


def test_a_destructive_hint_raises() -> None:
    found = effects("get_thing", "", {"destructiveHint": True}, id="7")
    assert {effect.kind for effect in found} == {"read", "execute"}
    assert all(effect.reversible == "no" for effect in found if effect.kind == "execute")


def test_a_read_only_hint_lowers_nothing() -> None:
    assert [e.kind for e in effects("delete_thing", "", {"readOnlyHint": True}, id="7")] == ["delete"]
    assert [e.kind for e in effects("frob", "", {"readOnlyHint": True})] == ["execute"]


def test_a_server_cannot_pose_as_a_tool_of_the_host() -> None:
    assert [e.kind for e in effects("TodoWrite", todos=[])] == ["read"]
    assert [e.kind for e in effects("mcp__evil__TodoWrite", todos=[])] != ["read"]
    assert [(e.kind, e.scope) for e in effects("mcp__evil__sleep", url="https://evil.example/?x=1")] != [
        ("read", "local")
    ]
