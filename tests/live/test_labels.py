"""Labelling through the server: blind, behind the token, one label for each open card, with the real server and socket."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from magistrate.audit.book import find_sample, labels, take
from magistrate.audit.labelling import Answer, label_all
from magistrate.ledger import Ledger
from magistrate.server.labels import Desk, Given
from magistrate.server.state import State, prepare
from magistrate.testing.faults import wait_for
from magistrate.testing.ledgers import invented, write_run

HINTS = ("allow", "deny", "escalate", "score", "stratum", "probability", "verdict", "twice", "revision")


def fill(path: Path, items: int = 6) -> str:
    with Ledger(path) as ledger:
        for at in range(3):
            write_run(ledger, f"run{at}", invented(40, at, prevalence=0.3))
        sample, _, _ = take(ledger, items, twice=0.5)
        return sample.id


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    fill(tmp_path / "one.db")
    return tmp_path / "one.db"


# ---------------------------------------------------------------- the desk


def given(shown: Any, who: str = "ann", **more: Any) -> Given:
    card = shown.card
    return Given(labeller=who, sample=card.sample, run=card.run, n=card.n, round=card.round, says="harmless", **more)


def test_two_people_are_not_shown_the_same_card(ledger: Path) -> None:
    desk = Desk(ledger)
    one, other = desk.next("ann"), desk.next("bob")
    assert one.card
    assert other.card
    assert (one.card.run, one.card.n) != (other.card.run, other.card.n)
    again = desk.next("ann")
    assert again.card == one.card


def test_the_same_labels_as_on_the_terminal(tmp_path: Path) -> None:
    """Two ledgers of the same draw, one labelled by the loop of `audit label`, one card by card."""
    with Ledger(tmp_path / "a.db") as made:
        write_run(made, "run", invented(40, 1))
        sample, _, _ = take(made, 8, secret="")
    (tmp_path / "b.db").write_bytes((tmp_path / "a.db").read_bytes())

    class Says:
        name = "ann"

        def label(self, card: Any) -> Answer:
            return Answer(says="harmful" if "harmful" in card.arguments else "harmless", severity=2)

    with Ledger(tmp_path / "a.db") as made:
        list(label_all(made, sample, Says()))
    desk = Desk(tmp_path / "b.db")
    while (shown := desk.next("ann")).card:
        answer = Says().label(shown.card)
        desk.take(
            Given(
                labeller="ann",
                sample=shown.card.sample,
                run=shown.card.run,
                n=shown.card.n,
                says=answer.says,
                severity=2,
            )
        )
    kept = []
    for name in ("a.db", "b.db"):
        with Ledger(tmp_path / name, readonly=True) as made:
            kept.append(
                [(x.run, x.n, x.says, x.severity, x.round, x.blind, x.probability) for x in labels(made, sample.id)]
            )
    assert kept[0] == kept[1]
    assert len(kept[0]) == 8


# ---------------------------------------------------------------- the server


@pytest.fixture
def state(tmp_path: Path) -> State:
    one = prepare(tmp_path / "state")
    fill(one.ledger)
    return one


def served(state: State, *more: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "magistrate", "serve", "--state", str(state.folder), "--no-screen", *more]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def loopback(state: State) -> Iterator[tuple[str, str]]:
    process = served(state, "--port", "0")
    try:
        assert wait_for(state.address.exists, 20)
        yield f"http://{state.address.read_text().strip()}", state.token.read_text().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def test_from_the_first_card_to_the_last_label(state: State, loopback: tuple[str, str]) -> None:
    address, token = loopback
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}) as client:
        began = client.get("/v1/label/next", params={"as": "ann"}).json()
        assert began["first"] == 6
        text = json.dumps(began)
        assert not [hint for hint in HINTS if re.search(rf"\b{hint}\b", text)]
        for at in range(6):
            card = client.get("/v1/label/next", params={"as": "ann"}).json()["card"]
            label = {
                "as": "ann",
                "says": "harmful",
                "severity": 3,
                "note": "x",
                **{k: card[k] for k in ("sample", "run", "n")},
            }
            told = client.post("/v1/label", json=label)
            assert (told.status_code, told.json()["first"]) == (200, 5 - at)
            if not at:
                time.sleep(0.05)
                assert client.post("/v1/label", json=label).status_code == 409  # it is not open any more
        assert client.get("/v1/label/next", params={"as": "ann"}).json()["card"] is None
        second = client.get("/v1/label/next", params={"as": "bob"}).json()
        assert second["card"]["round"] == 2
        for bad in ({}, {"as": "ann"}, {**label, "says": "fine"}, {**label, "as": "\n"}, {**label, "n": "1"}):
            assert client.post("/v1/label", json=bad).status_code == 400
        assert client.post("/v1/label", json={**label, "run": "nowhere", "n": 1}).status_code == 409
        assert client.post("/v1/label", json={**label, "severity": 9, "as": "bob", "round": 2}).status_code == 409
        assert client.get("/v1/label/next").status_code == 409
        assert client.post("/v1/label", content=b"x" * 100_000).status_code == 413
    with Ledger(state.ledger, readonly=True) as ledger:
        found = labels(ledger, find_sample(ledger).id)
        assert {(one.labeller, one.says, one.severity, one.blind, one.note) for one in found} == {
            ("ann", "harmful", 3, True, "x")
        }
        assert len(found) == 6
        assert all(one.probability > 0 for one in found)
        assert ledger.verify() == []


def test_nothing_but_an_empty_page_without_the_token(loopback: tuple[str, str]) -> None:
    address, token = loopback
    for path in ("/v1/label/next?as=ann", "/v1/health", "/label/", "/v1/label"):
        assert httpx.get(address + path).status_code == 401
    assert httpx.post(address + "/v1/label", json={}, headers={"Authorization": "Bearer x"}).status_code == 401
    page = httpx.get(address + "/label")
    assert page.status_code == 200
    assert token not in page.text
    assert "run0" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.count("sha256-") == 2
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=", page.text)
    assert "innerHTML" not in page.text


def test_over_the_socket(state: State) -> None:
    process = served(state)
    try:
        assert wait_for(state.socket.exists, 20)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(state.socket)), timeout=20) as client:
            card = client.get("http://m/v1/label/next", params={"as": "ann"}).json()["card"]
            label = {"as": "ann", "says": "cannot-tell", **{k: card[k] for k in ("sample", "run", "n")}}
            assert client.post("http://m/v1/label", json=label).json()["first"] == 5
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def test_a_page_of_its_own(ledger: Path) -> None:
    words = [sys.executable, "-m", "magistrate", "audit", "label", "--page", "--as", "ann b", "--ledger", str(ledger)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        found = re.fullmatch(
            r"(http://127\.0\.0\.1:\d+)/label#([\w-]{30,})\.ann%20b", process.stdout.readline().strip()
        )
        assert found
        told = httpx.get(f"{found[1]}/v1/label/next?as=ann", headers={"Authorization": f"Bearer {found[2]}"})
        assert told.json()["card"]["tool"] == "do"
        assert httpx.get(f"{found[1]}/v1/label/next?as=ann").status_code == 401
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        if process.stdout:
            process.stdout.close()
