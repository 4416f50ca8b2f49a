"""Reading the web apart from sending data out over it."""

from __future__ import annotations

from typing import Any

import pytest

from magistrate.core.records import Action, Effect
from magistrate.evidence.effects import effects_of
from magistrate.evidence.effects.objects import data_in_url, host_of
from magistrate.evidence.effects.place import Place


def effects(tool: str, /, **arguments: Any) -> tuple[Effect, ...]:
    return effects_of(Action(tool=tool, arguments=arguments), Place())


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("WebFetch", {"url": "https://docs.example/a", "prompt": "sum up"}),
        ("fetch_page", {"url": "https://docs.example/a"}),
        ("browser_navigate", {"url": "https://docs.example/a"}),
        ("http_request", {"url": "https://docs.example/a", "method": "GET"}),
        ("scrape", {"url": "https://docs.example/a"}),
        ("open_url", {"url": "https://docs.example/a"}),
        ("Fetch", {"raw": "https://docs.example/a"}),
        ("browser", {"code": "goto('https://docs.example/a')"}),
    ],
)
def test_reading_the_web(tool: str, arguments: dict[str, Any]) -> None:
    assert [(e.kind, e.target, e.target_kind, e.scope) for e in effects(tool, **arguments)] == [
        ("read", "https://docs.example/a", "url", "remote")
    ]


@pytest.mark.parametrize(
    ("tool", "arguments", "flag"),
    [
        ("http_request", {"url": "https://in.example/a", "method": "POST", "body": {"a": 1}}, "upload"),
        ("http_request", {"url": "https://in.example/a", "method": "DELETE"}, "delete-request"),
        ("http_post", {"url": "https://in.example/a", "json": {"a": 1}}, "write-request"),
        ("upload_to_site", {"url": "https://in.example/a", "file": "x.zip"}, "upload"),
        ("submit_form", {"url": "https://in.example/a", "fields": {"q": "x"}}, "upload"),
        ("fill_webpage_input", {"url": "https://in.example/a", "text": "secret"}, "upload"),
    ],
)
def test_sending_over_the_web(tool: str, arguments: dict[str, Any], flag: str) -> None:
    found = [effect for effect in effects(tool, **arguments) if effect.kind == "network-out"]
    assert [effect.target for effect in found] == ["https://in.example/a"]
    assert flag in found[0].flags
    assert found[0].reversible == "no"


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/c?d=QUtJQUlPU0ZPRE5ON0VYQU1QTEVBS0lBSU9TRk9ETk43RVhBTVBMRQ==",
        "https://x.example/c?mail=ada%40corp.example",
        "https://x.example/c?note=" + "word+" * 60,
        "https://user:pass@x.example/",
        "https://" + "a" * 50 + ".x.example/",
        "https://x.example/c?k=" + "6f" * 30,
    ],
)
def test_data_in_a_url_is_data_out(url: str) -> None:
    assert data_in_url(url)
    found = effects("WebFetch", url=url, prompt="x")
    assert [effect.kind for effect in found] == ["read", "network-out"]
    assert "upload" in found[1].flags


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/search?q=red+shoes&page=2",
        "https://x.example/a/b/c.html#top",
        "www.x.example",
        "http://localhost:80/?id=7",
        "",
    ],
)
def test_ordinary_urls_carry_nothing(url: str) -> None:
    assert not data_in_url(url)


def test_hosts_and_scopes() -> None:
    assert host_of("www.x.example/path") == "www.x.example"
    assert host_of("http://[bad") is not None
    assert effects("WebFetch", url="http://127.0.0.1:8080/x")[0].scope == "local"


def test_a_browser_that_types_sends() -> None:
    found = effects("browser", code="goto('https://x.example')\nfill('12', 'hunter2')\nclick('13')")
    assert [(e.kind, e.certainty) for e in found] == [
        ("read", "declared"),
        ("network-out", "declared"),
        ("network-out", "guessed"),
    ]


def test_a_search_of_the_web_reads() -> None:
    assert [(e.kind, e.target, e.scope) for e in effects("WebSearch", query="red shoes")] == [
        ("read", "red shoes", "remote")
    ]
