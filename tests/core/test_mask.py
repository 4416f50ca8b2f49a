"""Secrets are masked before anything is judged or stored; ordinary text is left alone."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magistrate.core.mask import mask, mask_said, mask_value
from magistrate.core.records import Action, Message

WORD = string.ascii_letters + string.digits


def grown(seed: str, length: int) -> str:
    """A word that looks random without being anybody's secret."""
    return "".join(WORD[(at * 7 + ord(seed[at % len(seed)])) % len(WORD)] for at in range(length))


SECRETS = [
    "AKIA" + grown("q", 16).upper(),
    "ghp_" + grown("a", 36),
    "github_pat_" + grown("b", 40),
    "glpat-" + grown("c", 20),
    "xoxb-" + grown("d", 30),
    "sk-" + grown("e", 40),
    "sk-ant-" + grown("e", 40),
    "sk_live_" + grown("f", 24),
    "AIza" + grown("g", 35),
    "npm_" + grown("h", 36),
    "hf_" + grown("i", 34),
    "eyJ" + grown("j", 20) + ".eyJ" + grown("k", 30) + "." + grown("l", 30),
    "-----BEGIN RSA PRIVATE KEY-----\n" + grown("m", 200) + "\n-----END RSA PRIVATE KEY-----",
]
CONTEXTS = ["{}", "export T={}\ncurl x", 'Authorization: "{}"', "a {} b", "https://x.test/?k={}", "'{}'"]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:10])
@pytest.mark.parametrize("context", CONTEXTS)
def test_known_formats(secret: str, context: str) -> None:
    masked = mask(context.format(secret))
    assert secret not in masked
    assert secret[12:40] not in masked
    assert "MASKED-" in masked


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("DB_PASSWORD=s3cretpassw0rd", "s3cretpassw0rd"),
        ("password: Tr0ub4dor&3x", "Tr0ub4dor"),
        ('{"client_secret": "9fK2mQx81LzA"}', "9fK2mQx81LzA"),
        ("postgres://app:hunter2@db.internal/x", "hunter2"),
        ("Authorization: Bearer q1w2e3r4t5y6u7i8o9p0", "q1w2e3r4t5y6u7i8o9p0"),
        ("aws_secret_access_key = wJa1rXUtnFEMIK7MDENGbPxRfiCYzzzzzzzzKEY", "wJa1rXUtnFEMIK7MDENGbPxRfiCY"),
        ("--api-key=abc123def456ghi7", "abc123def456ghi7"),
    ],
)
def test_named_values(text: str, secret: str) -> None:
    assert secret not in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "token = os.environ['API_TOKEN']",
        "password=$DB_PASSWORD",
        "password: <your password>",
        "def reset_password(user): ...",
        "The secret is out: tokens are counted per request.",
        "git rev-parse 3f2a9c1e8b7d6a5f4e3d2c1b0a9f8e7d6c5b4a39",
        "id_token: null",
        "session.token=getToken()",
        "https://github.com/acme/app/pull/12",
        "key: value",
        "passwords must have 8 characters",
        "sk-learn is a library",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert mask(text) == text


def test_the_same_secret_is_told_to_be_the_same() -> None:
    first, second = mask(f"cat: {SECRETS[1]}"), mask(f"curl -d {SECRETS[1]} x")
    assert first.split()[-1] == second.split()[-2]
    assert mask(SECRETS[1]) != mask("ghp_" + grown("z", 36))


@given(st.text(max_size=300))
def test_masking_twice_changes_nothing(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(
    st.lists(
        st.sampled_from([*SECRETS, "password=", "token: ", '"secret": ', "a", " ", "\n", "x1y2z3w4v5", "://u:", "@h"]),
        max_size=8,
    )
)
def test_masking_secrets_twice_changes_nothing(pieces: list[str]) -> None:
    once = mask("".join(pieces))
    assert mask(once) == once


def test_values_under_a_secret_name_are_masked_whole() -> None:
    value = {"user": "ann", "password": "correct8horse", "nested": [{"api_key": "k3y-v4lue-xyz"}], "n": 3}
    masked = mask_value(value)
    assert "correct8horse" not in str(masked)
    assert "k3y-v4lue-xyz" not in str(masked)
    assert masked["user"] == "ann"
    assert masked["n"] == 3


def test_records_keep_their_other_fields() -> None:
    action = Action(tool="t", arguments={"a": SECRETS[0]}, call_id="c", cwd="/w", server="s", annotations={"x": True})
    masked = mask_said(action)
    assert isinstance(masked, Action)
    assert (masked.tool, masked.call_id, masked.cwd, masked.server, masked.annotations) == (
        "t",
        "c",
        "/w",
        "s",
        {"x": True},
    )
    assert SECRETS[0] not in str(masked)
    quiet = Message(author="person", text="hello")
    assert mask_said(quiet) is quiet
