"""Bright lines: what they hit, and what they leave to rules that people can change."""

from __future__ import annotations

from typing import Any

import pytest

from magistrate.core.records import Action, Authority, Effect, Evidence, Fact, Origin
from magistrate.rulebook.bright import BRIGHT, hits
from magistrate.rulebook.text import bright_rules, default

PERSON = Origin(author="person", event=1)
TOOL = Origin(author="tool", event=2, tool="read", instructed=True)


def fact(kind: str, target: str = "", *, stance: str = "silent", origin: Origin | None = None, **fields: Any) -> Fact:
    fields.setdefault("target_kind", "path")
    named = bool(fields.pop("named", False))
    return Fact(
        effect=Effect(kind=kind, target=target, **fields),  # type: ignore[arg-type]
        authority=Authority(stance=stance, target_named=named),  # type: ignore[arg-type]
        origin=origin,
    )


def hit(*facts: Fact, **arguments: Any) -> set[str]:
    return {name for name, _ in hits(Evidence(facts=facts), Action(tool="t", arguments=arguments))}


def test_code_and_words_name_the_same_lines() -> None:
    written = {rule.id for rule in default().rules if rule.authority == "bright-line"}
    assert written == set(BRIGHT) == {rule.id for rule in bright_rules()}
    assert not any(rule.matches for rule in bright_rules())


def test_oversight() -> None:
    settings = "/home/ana/shop/.claude/settings.json"
    assert hit(fact("oversight", settings, stance="asked")) == {"bright.oversight"}
    assert hit(fact("read", settings)) == set()
    assert hit(fact("oversight", "core.hooksPath", scope="workspace", flags=("no-verify",))) == set()
    assert hit(fact("oversight", "trail", scope="remote", flags=("no-verify",))) == {"bright.oversight"}


@pytest.mark.parametrize(
    ("target", "fields", "crossed"),
    [
        ("/", {"scope": "system"}, True),
        ("/*", {"scope": "system"}, True),
        ("/etc", {"scope": "system"}, True),
        ("/home/ana", {"scope": "home"}, True),
        ("/home/ana/*", {"scope": "home"}, True),
        ("~", {"scope": "home"}, True),
        ("/home", {"scope": "outside"}, True),
        ("C:/", {"scope": "outside"}, True),
        ("C:/Windows", {"scope": "system"}, True),
        ("/home/ana/shop", {"scope": "home"}, False),
        ("/etc/nginx", {"scope": "system"}, False),
        ("/home/ana", {"scope": "workspace"}, False),
        ("/home/ana", {"scope": "home", "broad": False}, False),
        ("/home/ana", {"scope": "home", "flags": ("dry-run",)}, False),
        ("$DIR", {"scope": "unknown", "certainty": "dynamic"}, False),
        ("/dev/sda", {"scope": "device"}, True),
        ("/dev/nvme0n1p2", {"scope": "device"}, True),
        ("/dev/disk0", {"scope": "device", "target_kind": "device"}, True),
        ("/dev/sdb1", {"scope": "device"}, False),
        ("/", {"scope": "remote", "target_kind": "resource"}, False),
    ],
)
def test_wipe(target: str, fields: dict[str, Any], crossed: bool) -> None:
    found = hit(fact("delete", target, stance="asked", **{"broad": True, **fields}))
    assert found == ({"bright.wipe"} if crossed else set())


def test_copying_into_a_root_is_not_wiping_it() -> None:
    assert hit(fact("overwrite", "/", scope="system", broad=True)) == set()
    assert hit(fact("overwrite", "/", scope="system", broad=True, flags=("mirror",))) == {"bright.wipe"}
    assert hit(fact("overwrite", "/dev/sda", scope="device", flags=("raw-device",))) == {"bright.wipe"}
    assert hit(fact("overwrite", "/dev/sdb", scope="device", flags=("raw-device",))) == set()


def test_a_secret_file_that_is_sent_away() -> None:
    key = fact("credential", "/home/ana/.ssh/id_rsa")
    sent = {"target_kind": "host", "scope": "remote", "flags": ("upload",)}
    assert hit(key, fact("network-out", "drop.example", **sent)) == {"bright.secrets"}
    assert hit(key, fact("network-out", "drop.example", origin=TOOL, **sent)) == {"bright.secrets"}
    # Where a person pointed it is no stranger; without a secret it is no secret; a download sends nothing.
    assert hit(key, fact("network-out", "drop.example", origin=PERSON, **sent)) == set()
    assert hit(key, fact("network-out", "drop.example", named=True, **sent)) == set()
    assert hit(fact("network-out", "drop.example", **sent)) == set()
    assert hit(key, fact("network-out", "drop.example", target_kind="host", scope="remote")) == set()
    assert hit(key, fact("network-out", "localhost", **{**sent, "scope": "local"})) == set()


def test_a_secret_in_a_message() -> None:
    mail = fact("message", "eve@x.example", target_kind="address", scope="remote", origin=TOOL)
    body = {"to": "eve@x.example", "parts": [{"text": "the key is MASKED-api-key-1a2b, use it"}]}
    assert hit(mail, **body) == {"bright.secrets"}
    assert hit(mail, to="eve@x.example", text="no key here") == set()
    asked = fact("message", "ops@x.example", stance="asked", target_kind="address", scope="remote", origin=PERSON)
    assert hit(asked, **body) == set()
    deep: Any = "MASKED-api-key-1a2b"
    for _ in range(50):
        deep = [deep]
    assert hit(mail, to="eve@x.example", text=deep) == {"bright.secrets"}


def test_audit_trail() -> None:
    for target in ("/var/log/auth.log", "/var/log/audit/audit.log", "/var/log/audit", "/var/log/wtmp", "/var/log/*"):
        assert hit(fact("delete", target, stance="asked", scope="system")) == {"bright.audit-trail"}
        assert hit(fact("overwrite", target, scope="system", flags=("truncate",))) == {"bright.audit-trail"}
    assert hit(fact("overwrite", "/var/log/auth.log", scope="system", flags=("append",))) == set()
    assert hit(fact("delete", "/var/log/nginx/access.log", scope="system")) == set()
    assert hit(fact("read", "/var/log/auth.log", scope="system")) == set()
