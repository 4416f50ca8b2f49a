"""Score files: one JSON line an action, the shape `magistrate bench --scores NAME=FILE` reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from cases import Key, cases, events
from drive import Process

DECISION = {"allow": "allow", "ask": "escalate", "deny": "deny", "none": "none"}
SCORE = {"allow": 0.0, "escalate": 0.5, "deny": 1.0, "none": None}


class Scored(msgspec.Struct, omit_defaults=True):
    """What one arm says of one action. `failed`: why there is no verdict though one was due."""

    run: str
    step: int
    call: int
    score: float | None
    decision: str
    latency_us: int
    failed: str = ""
    warned: bool = False


def made(key: Key, decision: str, latency_us: int, failed: str = "", warned: bool = False) -> Scored:
    """A score for a decision in the bench's words."""
    return Scored(*key, SCORE[decision], decision, latency_us, failed, warned)


def with_warnings(scored: Iterable[Scored]) -> Iterator[Scored]:
    """The same answers, with warnings taken as asking a person."""
    for one in scored:
        warned = one.warned and one.decision == "allow"
        yield made(Key(one.run, one.step, one.call), "escalate", one.latency_us) if warned else one


def write(goal: Path, scored: Iterable[Scored]) -> None:
    """Write scores as they come; the file has its name only once it is whole."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    part, encode = goal.with_suffix(".part"), msgspec.json.Encoder().encode
    with part.open("wb") as out:
        out.writelines(encode(one) + b"\n" for one in scored)
    part.replace(goal)


def read(path: Path) -> list[Scored]:
    """A score file."""
    return msgspec.json.Decoder(Scored).decode_lines(path.read_bytes())


def ask(process: Process, path: Path) -> Iterator[Scored]:
    """A peer's answers on every scored action of a file, session by session in file order.

    When its process is lost, the rest of that session fails too: the peer no longer knows what happened in it.
    """
    for number, case in enumerate(cases(path)):
        lost = ""
        for payload, key in events(case, number, process.folder):
            answer: dict[str, Any] = {"failed": lost, "us": 0} if lost else process.ask(payload)
            if answer.get("lost"):
                lost = answer["failed"]
            if key is not None:
                decision = DECISION[answer.get("decision", "none")]
                yield made(key, decision, answer["us"], answer.get("failed", ""), answer.get("warned", False))
