"""Web tools. Reading a page, a search, a GET is `read` of a URL; what carries data out is `network-out`.

The line: GET, HEAD, OPTIONS, search and navigation read; POST, PUT, PATCH, DELETE, form input, uploads, and a URL that is
itself long or odd enough to carry data, send. The shell's `curl` and `wget` follow the same line.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from magistrate.core.records import Certainty, Effect
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.effects.naming import Reading
from magistrate.evidence.effects.objects import MASK, carries, data_in_url, host_of, outgoing_url
from magistrate.evidence.effects.place import host_scope, looks_production
from magistrate.evidence.effects.schema import Leaf, having, shape_of

_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _READING_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
_SENDING_CALLS = word_set(
    "fill type press select_option upload_file drag_and_drop keyboard_type keyboard_insert_text keyboard_press"
)
_CLICKING_CALLS = word_set(
    "click dblclick mouse_click mouse_down mouse_up mouse_drag_and_drop check uncheck tap focus_and_click"
)
_MAX_CALLS = 30


def read_url(text: str, at: str, certainty: Certainty = "declared") -> list[Effect]:
    """Reading a URL; a URL that carries data sends it as well."""
    text = text.strip()[:2000]
    host = host_of(text)
    effect = Effect(
        kind="read",
        target=text,
        target_kind="url",
        scope=host_scope(host),
        reversible="yes",
        certainty=certainty,
        production=looks_production(host),
        path=at,
    )
    return [effect, *leaking(effect)]


def leaking(effect: Effect) -> list[Effect]:
    """For a URL that is read: the `network-out` effect, when the URL itself carries data."""
    if effect.kind != "read" or effect.target_kind not in ("url", "host") or not data_in_url(effect.target):
        return []
    flags = ("upload", "secret") if MASK in effect.target else ("upload",)
    return [msgspec.structs.replace(effect, kind="network-out", reversible="no", flags=flags)]


def search_web(arguments: Mapping[str, Any]) -> list[Effect]:
    """A web search: the query is the target."""
    query = next((value for value in arguments.values() if isinstance(value, str) and value), "")
    return [
        Effect(
            kind="read", target=query[:200], target_kind="text", scope="remote", reversible="yes", certainty="declared"
        )
    ]


def request_effects(reading: Reading, found: Sequence[Leaf]) -> list[Effect] | None:
    """An HTTP request by method and URL; None when the call is no such thing."""
    urls = [leaf for leaf in having(found, "url", "host") if isinstance(leaf.value, str)]
    urls = urls or [leaf for leaf in found if shape_of(leaf) == "url"]
    method = next((leaf.text.upper() for leaf in found if leaf.name in ("method", "http_method", "verb")), "")
    named = next((word.upper() for word in reading.ordered if word.upper() in _METHODS), "")
    if method not in _METHODS:
        if not (
            reading.words & {"http", "https", "request", "curl", "rest", "api", "web"}
            and urls
            and (named or "request" in reading.words)
        ):
            return None
        method = named
    if not urls:
        return None
    carried = any(carries(leaf) for leaf in found)
    if (method or "GET") in _READING_METHODS and not carried:
        return read_url(urls[0].text, urls[0].path)
    flag = "delete-request" if method == "DELETE" else "write-request"
    return [outgoing_url(urls[0], "declared", found, flags=(flag, *(("upload",) if carried else ())))]


def browser_code(text: str, at: str) -> list[Effect] | None:
    """Browser actions written as calls, `goto("https://...")`, `fill("12", "text")`; None when the text is nothing of the kind."""
    try:
        tree = ast.parse(text[:20_000].strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: list[Effect] = []
    for statement in tree.body[:_MAX_CALLS]:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            return None
        found += _browser_call(call.func.id, [arg.value for arg in call.args if isinstance(arg, ast.Constant)], at)
    return found or None


def _browser_call(name: str, values: Sequence[object], at: str) -> list[Effect]:
    if name in ("goto", "new_tab", "tab_goto", "navigate") and values and isinstance(values[0], str):
        return read_url(values[0], at)
    if name in _SENDING_CALLS or name in _CLICKING_CALLS:
        flags = ("upload",) if name in _SENDING_CALLS else ()
        # A click may send a form, or only turn a page.
        certainty: Certainty = "declared" if flags else "guessed"
        return [
            Effect(
                kind="network-out",
                target_kind="url",
                scope="remote",
                reversible="no",
                certainty=certainty,
                flags=flags,
                path=at,
            )
        ]
    if name == "send_msg_to_user":
        return [Effect(kind="read", target_kind="text", scope="local", reversible="yes", certainty="declared", path=at)]
    return [Effect(kind="read", target_kind="url", scope="remote", reversible="yes", certainty="declared", path=at)]
