"""Reviewers of others on the same model and the same actions as ours: `python bench/model/peers.py URL DATA [--actions 12] [--seed 1]`.

LlamaFirewall's AlignmentCheck and the prompt-injection check of openai-guardrails, each from PyPI in an environment of its own,
ask the model behind URL (`bench/model/serve.py`) about the drawn actions; so does ours, with the same draw, through
`magistrate bench --model SETTINGS`. Answers of an earlier call are kept in `build/model`; prints tokens, seconds, and the bench.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from runs import steps

from magistrate.bench.cases import cases
from magistrate.bench.judge import draw_actions, sample
from magistrate.core.intake import Intake
from magistrate.core.records import Action, Body, Message, Outcome
from magistrate.hosts import importer_for
from magistrate.rulebook.text import default

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build" / "model"
PEERS = ("alignmentcheck", "openai-guardrails")
Json = dict[str, Any]


def main() -> None:
    """Read the command line, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("data", type=Path)
    parser.add_argument("--actions", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", type=Path, help="settings of the same model, for our own reviewer")
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    stem = f"{options.data.name.partition('.')[0]}-{options.actions}-{options.seed}"
    asked = BUILD / f"{stem}.jsonl"
    asked.write_text("".join(json.dumps(one) + "\n" for one in drawn(options.data, options.actions, options.seed)))
    given = []
    for peer in PEERS:
        goal = BUILD / f"{stem}-{peer}.jsonl"
        if not goal.exists():
            python = environment(peer)
            command = [str(python), str(HERE / "peer_adapter.py"), peer, options.url, str(asked)]
            part = goal.with_suffix(".part")
            with part.open("w") as out:
                subprocess.run(command, stdout=out, check=True, env={"PATH": os.environ["PATH"], "HOME": str(BUILD)})
            part.replace(goal)
        answers = [json.loads(line) for line in goal.read_text().splitlines()]
        print(report(peer, answers))
        given += ["--scores", f"{peer}={goal}"]
    arms = ["allow-all", "block-all", "rules", "screen", *PEERS]
    if options.model:
        arms += ["model", "rules+screen+model"]
        given += ["--model", str(options.model)]
    command = [
        "-m",
        "magistrate",
        "bench",
        str(options.data),
        "--actions",
        str(options.actions),
        "--seed",
        str(options.seed),
    ]
    subprocess.run([sys.executable, *command, "--reviewers", ",".join(arms), *given], check=False)


def environment(peer: str) -> Path:
    """The peer's Python, its environment made from pins if it is not there."""
    place = BUILD / "envs" / peer
    pins = HERE / f"{peer}.txt"
    stamp = place / ".ready"
    if not stamp.exists() or stamp.read_text() != pins.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "-r", str(pins)], check=True)
        stamp.write_text(pins.read_text())
    return place / "bin" / "python"


def drawn(path: Path, each: int, seed: int) -> Iterator[Json]:
    """The actions that `magistrate bench --actions` draws, each with its conversation as chat messages; the last is the action."""
    kept, chosen = draw_actions(sample([path]), each, seed)
    labels = kept[path]
    for session in importer_for(path).read(path, Intake()):
        line = int(session.started.source.rpartition(":")[2])
        if line in labels:
            for scored, step in zip(cases(labels[line]), steps(session, labels[line], default()), strict=False):
                if (scored.step, scored.call) in chosen[path, line]:
                    said = [event.body for event in step.before]
                    yield {
                        "run": labels[line].run,
                        "step": scored.step,
                        "call": scored.call,
                        "messages": [*messages([*said, step.case.action])],
                    }


def messages(said: list[Body]) -> Iterator[Json]:
    """A run as chat messages."""
    for n, body in enumerate(said):
        if isinstance(body, Message):
            role = {"person": "user", "agent": "assistant"}.get(body.author, "system")
            yield {"role": role, "content": body.text}
        elif isinstance(body, Action):
            function = {"name": body.tool, "arguments": json.dumps(body.arguments, default=str)}
            call = {"id": body.call_id or f"c{n}", "type": "function", "function": function}
            yield {"role": "assistant", "content": "", "tool_calls": [call]}
        elif isinstance(body, Outcome):
            yield {"role": "tool", "tool_call_id": body.call_id or f"c{n}", "content": body.text}


def report(peer: str, answers: list[Json]) -> str:
    """What it cost."""
    good = [one for one in answers if not one["failed"]]
    read, written = (median(one[of] for one in good) if good else 0 for of in ("read", "written"))
    took = median(one["latency_us"] for one in good) / 1e6 if good else 0.0
    return (
        f"{peer}: {len(answers)} asked, {len(answers) - len(good)} without an answer; "
        f"median {read:.0f} tokens read, {written:.0f} written, {took:.1f} s"
    )


if __name__ == "__main__":
    main()
