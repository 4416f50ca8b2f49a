"""`magistrate explain`: one action on stdin, its evidence and verdict out."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from magistrate.cli.options import closing, model_option, reviewers, rulebook_at, rules_option, screen_option
from magistrate.cli.output import FOUND, json_line, plain
from magistrate.core.errors import InputError
from magistrate.core.records import Action, Evidence, Message, Outcome, Rulebook, RunStarted, Said, Verdict
from magistrate.gate import Gate, describe
from magistrate.ledger import Ledger

MAX_INPUT = 32 << 20


@click.command()
@rules_option
@screen_option
@model_option
@click.option("--json", "as_json", is_flag=True, help="Evidence and verdict as JSON.")
@click.option("--exit-code", is_flag=True, help="Exit with 4 unless the verdict is allow.")
def explain(rules_path: Path | None, screen: bool, model_path: Path | None, as_json: bool, exit_code: bool) -> None:
    """Say what would become of one action, and why.

    \b
    Reads JSON: {"tool": "bash", "arguments": {"command": "rm -rf build"}, "cwd": "/repo",
                 "history": [{"role": "user", "content": "Clean the build folder"}]}
    History roles: user, system, assistant, tool (with "name"), machine.
    """
    action, before = _read(sys.stdin.buffer.read(MAX_INPUT + 1))
    verdict = asyncio.run(_judge(action, before, rulebook_at(rules_path), screen, model_path))
    click.echo(json_line(verdict) if as_json else "\n".join(_text(action, verdict)))
    if exit_code and verdict.decision != "allow":
        raise click.exceptions.Exit(FOUND)


async def _judge(
    action: Action, before: list[Said], rulebook: Rulebook, screen: bool, model_path: Path | None
) -> Verdict:
    """The verdict, through a gate whose ledger is forgotten."""
    started, *history = before
    assert isinstance(started, RunStarted)  # noqa: S101  `_read` puts it first
    asked = reviewers(screen, model_path)
    run = Gate(rulebook, Ledger(":memory:"), reviewers=asked).open("explain", started)
    for said in history:
        run.observe(said)
    return await closing(run.decide(action), asked)


class _Turn(msgspec.Struct):
    role: str
    content: str = ""
    name: str = ""
    tool: str = ""
    arguments: dict[str, Any] = {}
    status: str = "ok"


class _Question(msgspec.Struct):
    tool: str
    arguments: dict[str, Any] = {}
    cwd: str = ""
    home: str = ""
    history: list[_Turn] = []


_AUTHORS = {
    "user": "person",
    "person": "person",
    "system": "system",
    "assistant": "agent",
    "agent": "agent",
    "machine": "machine",
}


def _read(data: bytes) -> tuple[Action, list[Said]]:
    if len(data) > MAX_INPUT:
        raise InputError(f"over {MAX_INPUT >> 20} MiB", where="<stdin>")
    try:
        question = msgspec.json.decode(data, type=_Question)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"not an action: {error}", where="<stdin>", mend="see `magistrate explain --help`") from None
    before: list[Said] = [RunStarted(host="explain", cwd=question.cwd, home=question.home)]
    for at, turn in enumerate(question.history):
        if turn.role == "tool":
            before.append(Outcome(tool=turn.name or turn.tool, text=turn.content))
        elif turn.role in ("assistant", "agent") and turn.tool:
            before.append(Action(tool=turn.tool, arguments=turn.arguments))
        elif turn.role in _AUTHORS:
            before.append(Message(author=_AUTHORS[turn.role], text=turn.content))  # type: ignore[arg-type]
        else:
            raise InputError(
                f"history[{at}]: unknown role {turn.role!r}",
                where="<stdin>",
                mend=f"one of {', '.join(_AUTHORS)}, tool",
            )
    return Action(tool=question.tool, arguments=question.arguments), before


def _text(action: Action, verdict: Verdict) -> list[str]:
    lines = [f"{verdict.decision}  {plain(action.tool)} {plain(json_line(action.arguments), 120)}"]
    lines.append(f"basis      {verdict.basis}" + (f": {', '.join(verdict.rules)}" if verdict.rules else ""))
    if verdict.reason:
        lines.append(f"why        {plain(verdict.reason)}")
    if verdict.advice:
        lines.append(f"is told    {plain(verdict.advice)}")
    for opinion in verdict.opinions:
        score = (
            f" {opinion.score:.4f} (threshold {opinion.threshold:.4f})"
            if opinion.score is not None and opinion.threshold
            else ""
        )
        lines.append(f"reviewer   {opinion.reviewer}{score} {plain(opinion.unavailable or opinion.reason)}".rstrip())
    return lines + _evidence(verdict.evidence) + [f"revision   {verdict.revision}"]


def _evidence(evidence: Evidence) -> list[str]:
    lines = [f"effect     {plain(describe(fact))}" for fact in evidence.facts]
    for part in evidence.parts:
        origin = part.origin
        who = {
            "person": "the person",
            "system": "the system prompt",
            "agent": "the agent",
            "tool": f"{origin.tool or 'a tool'}'s output",
        }[origin.author]
        place = f" at #{origin.event}" if origin.event >= 0 else ""
        beside = ", beside an instruction" if origin.instructed else ""
        lines.append(
            f"argument   {plain(part.path)} {part.kind} '{plain(part.value, 60)}' first said by {plain(who)}{place}{beside}"
        )
    return lines + [f"note       {plain(note)}" for note in evidence.notes]
