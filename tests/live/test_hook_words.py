"""The hook's own denials are the adapters'."""

from __future__ import annotations

import ast
import contextlib
from pathlib import Path

import pytest

from magistrate import hook
from magistrate.core.records import Action, Heard, RunStarted, Verdict
from magistrate.hosts.live import ADAPTERS

OTHER_EVENTS = {"generic": ("start", "tell", "act", "end")}
WHY = "no answer came in time"


class Ended(Exception):
    pass


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> dict[int, bytes]:
    """What the hook prints by stream, and under 0 its exit code."""
    streams: dict[int, bytes] = {1: b"", 2: b""}

    def put(stream: int, data: bytes) -> None:
        streams[stream] += data

    def end(code: int) -> None:
        streams[0] = b"%d" % code
        raise Ended

    monkeypatch.setattr(hook, "put", put)
    monkeypatch.setattr(hook.os, "_exit", end)
    monkeypatch.setattr(hook, "spool", lambda call, why: None)
    return streams


@pytest.mark.parametrize("host", sorted(ADAPTERS))
def test_denials_are_those_of_the_adapters(host: str, printed: dict[int, bytes]) -> None:
    adapter = ADAPTERS[host]
    for event in ["", *getattr(adapter, "events", OTHER_EVENTS.get(host, ()))]:
        printed.update({1: b"", 2: b""})
        with contextlib.suppress(Ended):
            hook.refuse(hook.Call(".", [host, event]), WHY)
        said = adapter.refuse(event, WHY)
        assert (printed[1].decode(), printed[2].decode(), int(printed[0])) == (said.stdout, said.stderr, said.exit), (
            event
        )


def test_reasons_can_stand_in_json() -> None:
    """They are put into the denials as they are."""
    tree = ast.parse(Path(hook.__file__).read_text(encoding="utf-8"))
    reasons = [
        node.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("Doubt", "refuse", "start_new_thread")
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert len(reasons) > 8
    assert not [reason for reason in reasons if set(reason) & set('"\\@#\n') or not reason.isascii()]


def test_an_unknown_host_or_event_is_denied(printed: dict[int, bytes]) -> None:
    for argv in (["nobody", "PreToolUse"], ["claude-code", "PretoolUse"], []):
        with contextlib.suppress(Ended):
            hook.refuse(hook.Call(".", argv), WHY)
        assert printed[0] == b"2"


@pytest.mark.parametrize("host", sorted(ADAPTERS))
def test_a_dry_run_says_what_the_adapter_says(host: str, printed: dict[int, bytes]) -> None:
    adapter = ADAPTERS[host]
    for event in getattr(adapter, "gates", ("act",)):
        printed.update({1: b"", 2: b""})
        with contextlib.suppress(Ended):
            hook.refuse(hook.Call(".", [host, event, "--dry-run"]), WHY)
        heard = Heard(host=host, event=event, run="r", started=RunStarted(host=host), action=Action(tool="Bash"))
        verdict = Verdict(action=0, decision="deny", basis="rule", revision="", mode="dry-run")
        assert printed == {0: b"0", 1: adapter.encode(heard, verdict).stdout.encode(), 2: b""}
