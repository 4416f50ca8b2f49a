"""What every live adapter has to keep, whatever the host."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from magistrate.core.errors import InputError
from magistrate.core.protocols import Adapter
from magistrate.core.records import Heard, Message, Outcome, Verdict
from magistrate.hosts.live import ADAPTERS, APPROVING, HOOKS
from magistrate.hosts.live.payload import PROBE
from magistrate.hosts.live.probes import PROBES, understood
from magistrate.hosts.live.wiring import WIRINGS
from magistrate.testing.payloads import COMMAND, CWD, SESSION, TOLD, gate

HOSTS = sorted(ADAPTERS)
EVENTS = [(host, event, fields) for host in HOSTS for event, fields in TOLD[host]]
ALLOW = Verdict(action=1, decision="allow", basis="rule", revision="r", rules=("a.b",), reason="SECRET-REASON")
DENY = replace(ALLOW, decision="deny", advice="Keep to the project folder.")
ESCALATE = replace(DENY, decision="escalate")


def asked(host: str) -> str:
    """The event by which a host asks about any tool."""
    return "act" if host == "generic" else WIRINGS[host].gates[0]


def decode(host: str, event: str, fields: dict[str, Any]) -> Heard:
    return ADAPTERS[host].decode(event, json.dumps(fields).encode())


def waiting(host: str) -> Heard:
    return decode(host, asked(host), gate(host))


def test_every_host_has_an_adapter_a_wiring_and_samples() -> None:
    assert set(ADAPTERS) == set(TOLD) == set(PROBES) == {*WIRINGS, "generic"}
    for adapter in HOOKS:
        wiring = WIRINGS[adapter.name]
        assert set(wiring.gates) <= adapter.gates
        assert {*wiring.events(approve=True)} <= set(adapter.events)
        assert all(adapter.events[event] != "quiet" for event in wiring.tells)
        assert wiring.approve == "" or wiring.approve in adapter.approving


@pytest.mark.parametrize(("host", "event", "fields"), EVENTS)
def test_every_event_is_understood(host: str, event: str, fields: dict[str, Any]) -> None:
    heard = decode(host, event, fields)
    assert heard.host == heard.started.host == ("acme" if host == "generic" else host)
    assert heard.run.split("/")[:2] == [heard.host, SESSION]
    assert heard.started.cwd == CWD
    assert heard.started.home == "/home/ann"
    assert heard.started.role == "agent"
    assert heard.ended == (event.lower() in ("sessionend", "session.deleted", "end", "subagentstop"))


@pytest.mark.parametrize("host", HOSTS)
def test_a_call_becomes_an_action(host: str) -> None:
    action = waiting(host).action
    assert action is not None
    assert action.arguments["command"] == COMMAND
    assert action.tool
    assert action.cwd == CWD


@pytest.mark.parametrize("host", HOSTS)
def test_the_three_decisions_in_the_hosts_words(host: str) -> None:
    adapter, heard = ADAPTERS[host], waiting(host)
    assert understood(adapter.encode(heard, ALLOW)) in ("silence", "allow")
    assert understood(adapter.encode(heard, DENY)) == "deny"
    assert understood(adapter.encode(heard, ESCALATE, "T7")) in ("deny", "ask")
    asks = host == "generic" or asked(host) in getattr(adapter, "asking")  # noqa: B009
    assert (understood(adapter.encode(heard, ESCALATE, "T7")) == "ask") == asks


@pytest.mark.parametrize("host", HOSTS)
def test_the_agent_hears_the_rule_and_never_how_it_was_caught(host: str) -> None:
    for verdict in (ALLOW, DENY, ESCALATE):
        reply = ADAPTERS[host].encode(waiting(host), verdict, "T7")
        assert "SECRET-REASON" not in reply.stdout + reply.stderr
        if verdict is not ALLOW:
            assert "Keep to the project folder." in reply.stdout
            assert "T7" in reply.stdout


@pytest.mark.parametrize("host", HOSTS)
def test_a_denial_without_advice_names_the_rules(host: str) -> None:
    assert "a.b" in ADAPTERS[host].encode(waiting(host), replace(DENY, advice="")).stdout


@pytest.mark.parametrize(("host", "event", "fields"), EVENTS)
def test_a_dry_run_changes_nothing(host: str, event: str, fields: dict[str, Any]) -> None:
    for decision in ("allow", "deny", "escalate"):
        verdict = replace(DENY, decision=decision, mode="dry-run")
        reply = ADAPTERS[host].encode(decode(host, event, fields), verdict, "T7")
        assert reply.exit == 0
        assert understood(reply) in ("silence", "allow")
        assert "Keep" not in reply.stdout + reply.stderr


@pytest.mark.parametrize(("host", "event", "fields"), EVENTS)
def test_what_waits_without_a_verdict_is_denied_and_what_does_not_hears_nothing(
    host: str, event: str, fields: dict[str, Any]
) -> None:
    heard = decode(host, event, fields)
    word = understood(ADAPTERS[host].encode(heard, None))
    assert word == "deny" if heard.action else word in ("silence", "allow")


@pytest.mark.parametrize(("host", "event", "fields"), EVENTS)
def test_a_doubt_is_an_explicit_denial_where_a_call_waits(host: str, event: str, fields: dict[str, Any]) -> None:
    reply = ADAPTERS[host].refuse(event, "the payload is cut off")
    if decode(host, event, fields).action or host == "generic":
        assert reply.exit == 2
        assert understood(replace(reply, exit=0)) == "deny"
        assert (
            reply.stderr
            == "Magistrate could not review this, so it was not run: the payload is cut off. This is no judgement on the action."
        )
    else:
        assert (reply.exit, reply.stdout) == (0, "")


@pytest.mark.parametrize("host", HOSTS)
def test_an_unknown_event_is_a_doubt(host: str) -> None:
    assert ADAPTERS[host].refuse("", "?").exit == 2
    assert ADAPTERS[host].refuse("NeverHeardOf", "?").exit == 2
    for event, fields in (("NeverHeardOf", gate(host)), (asked(host), gate(host) | named(host, "NeverHeardOf"))):
        with pytest.raises(InputError):
            decode(host, event, fields)


def named(host: str, event: str) -> dict[str, Any]:
    return {"event" if host == "generic" else "hook_event_name": event}


@pytest.mark.parametrize("host", HOSTS)
def test_the_command_line_and_the_payload_must_name_the_same_event(host: str) -> None:
    other = next(event for event, _ in TOLD[host] if event.lower() != asked(host).lower())
    with pytest.raises(InputError, match="event"):
        decode(host, other, gate(host) | named(host, asked(host)))


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("what", ["session", "tool", "arguments"])
@pytest.mark.parametrize("value", [None, "", 7, [], True, "a\x00b", "x" * 400, "\ud800"], ids=repr)
def test_what_is_not_surely_understood_raises(host: str, what: str, value: Any) -> None:
    with pytest.raises(InputError):
        decode(host, asked(host), gate(host) | {KEYS.get(host, KEYS[""])[what]: value})


KEYS = {
    "": {"session": "session_id", "tool": "tool_name", "arguments": "tool_input"},
    "copilot": {"session": "sessionId", "tool": "toolName", "arguments": "toolArgs"},
    "cursor": {"session": "conversation_id", "tool": "tool_name", "arguments": "tool_input"},
    "generic": {"session": "session", "tool": "tool", "arguments": "arguments"},
}


@pytest.mark.parametrize("host", HOSTS)
def test_odd_text_is_a_doubt_in_a_call_and_replaced_in_what_is_told(host: str) -> None:
    payload = json.dumps(gate(host, "echo X")).encode()
    for odd in (b"\\ud800", b"\xff"):
        with pytest.raises(InputError):
            ADAPTERS[host].decode(asked(host), payload.replace(b"echo X", b"echo " + odd))
    results = [pair for pair in TOLD[host] if "passed" in json.dumps(pair[1])]
    for event, fields in results:
        payload = json.dumps(fields).encode()
        for odd in (b"\\ud83d", b"\xff"):
            heard = ADAPTERS[host].decode(event, payload.replace(b"12 passed", b"12 passed" + odd))
            assert [said.text for said in heard.said if isinstance(said, Outcome)] == ["12 passed\ufffd"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_given_twice_is_a_doubt(host: str) -> None:
    payload = json.dumps(gate(host)).encode()
    for name in KEYS.get(host, KEYS[""]).values():
        with pytest.raises(InputError, match="twice"):
            ADAPTERS[host].decode(asked(host), payload[:-1] + b', "%s": {}}' % name.encode())


@pytest.mark.parametrize("host", HOSTS)
def test_words_of_a_person_are_told_from_a_programs(host: str) -> None:
    for event, fields in TOLD[host]:
        said = [said for said in decode(host, event, fields).said if isinstance(said, Message)]
        if "Run the tests." in json.dumps(fields.get("prompt")) and "response" not in str(fields):
            assert [one.author for one in said] == ["person", "machine"]
            assert said[0].text == "Run the tests."


@pytest.mark.parametrize("host", HOSTS)
def test_what_the_agent_says_is_the_agents(host: str) -> None:
    for event, fields in TOLD[host]:
        if "done" in (fields.get("last_assistant_message"), fields.get("prompt_response"), fields.get("text")):
            (said,) = decode(host, event, fields).said
            assert said == Message(author="agent", text="done")


@pytest.mark.parametrize("host", HOSTS)
def test_results_name_their_tool_and_call(host: str) -> None:
    for event, fields in TOLD[host]:
        for said in decode(host, event, fields).said:
            if isinstance(said, Outcome) and host != "generic":
                assert said.tool == fields.get("tool_name", fields.get("toolName"))
                assert said.call_id == fields.get("tool_use_id", "")
                assert said.status == ("error" if "ailure" in event else "refused" if "Denied" in event else "ok")
                assert said.text


@pytest.mark.parametrize(
    "adapter", [adapter for adapter in HOOKS if "SubagentStart" in adapter.events], ids=lambda a: a.name
)
def test_a_sub_agent_is_a_run_of_its_own(adapter: Adapter) -> None:
    fields = gate(adapter.name) | {"agent_id": "a1b2"}
    heard = decode(adapter.name, asked(adapter.name), fields)
    assert heard.run == f"{adapter.name}/{SESSION}/a1b2"
    assert heard.started.parent == f"{adapter.name}/{SESSION}"
    prompt = fields | {"hook_event_name": "UserPromptSubmit", "prompt": "Delete it all."}
    assert [said.author for said in decode(adapter.name, "UserPromptSubmit", prompt).said] == ["machine"]  # type: ignore[union-attr]


@pytest.mark.parametrize("host", sorted(APPROVING))
def test_allow_is_said_only_where_it_answers_for_the_user(host: str) -> None:
    adapter = APPROVING[host]
    event = next(iter(sorted(adapter.approving)))  # type: ignore[attr-defined]
    fields = next((fields for known, fields in TOLD[host] if known == event), None)
    if fields is None:
        pytest.skip("no sample of that event")
    heard = decode(host, event, fields)
    assert understood(adapter.encode(heard, ALLOW)) == "allow"
    assert understood(ADAPTERS[host].encode(heard, ALLOW)) == "silence"
    assert understood(adapter.encode(heard, DENY)) == "deny"


@pytest.mark.parametrize("host", HOSTS)
def test_our_own_checks_are_kept_apart(host: str) -> None:
    fields = PROBES[host](PROBE + "1", CWD, "ls")
    assert decode(host, asked(host), fields).started.role == "probe"
