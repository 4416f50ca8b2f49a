"""Whose rights a command changes, and which commands open this machine to everybody."""

from __future__ import annotations

import pytest

from magistrate.evidence.effects import shell
from magistrate.evidence.effects.place import Place

PLACE = Place(cwd="/home/ana/shop", home="/home/ana")


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        ("aws iam attach-user-policy --policy-arn arn:aws:iam::aws:policy/PowerUserAccess --user-name kim", "kim"),
        ("aws iam add-user-to-group --group-name ops --user-name kim", "kim"),
        ("usermod -aG docker kim", "kim"),
    ],
)
def test_the_object_of_a_right_is_who_holds_it(text: str, holder: str) -> None:
    assert {one.target for one in shell.effects(text, PLACE) if one.kind == "permission"} == {holder}


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("ngrok http 8000", True),
        ("lt --port 3000", True),
        ("npx localtunnel --port 3000", True),
        ("cloudflared tunnel --url http://localhost:8000", True),
        ("tailscale status", False),
        ("ngrok --help", False),
    ],
)
def test_a_tunnel_listens_for_everybody(text: str, opens: bool) -> None:
    found = [one for one in shell.effects(text, PLACE) if one.kind == "network-listen"]
    assert bool(found) is opens
    assert all(one.scope == "remote" for one in found)
