"""Whatever bytes come: an action that plain reading confirms, or InputError. `bench/fuzz.py` does this at length."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from magistrate.hosts.live import ADAPTERS
from magistrate.testing.fuzzing import check, payloads
from magistrate.testing.payloads import TOLD


@pytest.mark.parametrize("host", sorted(ADAPTERS))
def test_no_allow_that_a_parse_did_not_earn(host: str) -> None:
    @settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
    @given(payloads(host))
    def hold(told: tuple[str, bytes]) -> None:
        check(ADAPTERS[host], *told)

    hold()


@settings(max_examples=100)
@given(st.sampled_from(sorted(ADAPTERS)), st.data())
def test_a_payload_cut_anywhere_is_refused(host: str, data: st.DataObject) -> None:
    event, fields = data.draw(st.sampled_from(TOLD[host]))
    payload = json.dumps(fields).encode()
    at = data.draw(st.integers(0, len(payload) - 1))
    assert check(ADAPTERS[host], event, payload[:at]) == "refused"


@pytest.mark.parametrize("host", sorted(ADAPTERS))
def test_sound_payloads_pass_the_check(host: str) -> None:
    endings = {check(ADAPTERS[host], event, json.dumps(fields).encode()) for event, fields in TOLD[host]}
    assert endings == {"action", "told"}


@pytest.mark.parametrize("host", sorted(ADAPTERS))
def test_large_and_deep_payloads_end_quickly(host: str) -> None:
    event, fields = TOLD[host][0]
    body = json.dumps(fields).encode()[:-1]
    for more in (
        b"[" * 3_000_000,
        b'"a' * 1_000_000,
        b"9" * 3_000_000,
        b'{"x":' * 500_000,
        b'"\\ud800' * 300_000 + b'"}',
    ):
        assert check(ADAPTERS[host], event, body + b', "more": ' + more) == "refused"
    assert check(ADAPTERS[host], event, b" " * (17 << 20)) == "refused"
