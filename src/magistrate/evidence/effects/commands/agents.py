"""Agents started by an agent, and Magistrate's own commands: what gets round the supervision that is meant to hold for both."""

from __future__ import annotations

import re
from collections.abc import Iterator

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Handler, Scene, Word, as_command, effect, write_effect
from magistrate.evidence.effects.commands.generic import unknown_program

_LOOKS = frozenset({"show", "explain", "review", "queue", "ledger", "doctor", "bench", "demo", "audit", "help"})
"""Commands of Magistrate that change nothing of what supervises."""
_RULES_LOOK = frozenset({"list", "check", "diff", "lint", "show", "impact", "propose"})
_OUTPUTS = ("--html", "-o", "--out", "--ledger")

_AGENTS = (
    "claude",
    "claude-code",
    "codex",
    "gemini",
    "qwen",
    "opencode",
    "cursor-agent",
    "droid",
    "kiro-cli",
)
_MOVES = re.compile(
    r"HOME|XDG_(?:CONFIG|STATE|DATA)_HOME|(?:CLAUDE|CODEX|GEMINI|QWEN|OPENCODE|COPILOT|CURSOR)\w*(?:HOME|CONFIG|DIR|SETTINGS)\w*"
)
"""Variables by which an agent looks for its settings, and so its hooks, elsewhere."""
_UNHOOKS = re.compile(
    r"--(?:[a-z\-]*(?:setting|hook|managed|policy)[a-z\-]*|config(?:-dir|-file)?|bare|pure|safe-mode|disable|profile"
    r"|ignore-[a-z\-]+|no-(?:hooks?|plugins?|extensions?|config))(?:=.*)?",
    re.S,
)
"""Options by which an agent takes other settings than those that hold its hooks."""
_KEY = re.compile(r"[\w.\-\"' ]*(?:hook|feature|notify|trust|sandbox|approval|profile|permission|project|polic)", re.I)
_SUBCOMMANDS = frozenset(
    {"config", "hooks", "hook", "plugin", "plugins", "extensions", "settings", "features", "trust"}
)
_SHOWS = frozenset({"list", "ls", "get", "show", "info", "--help", "-h"})


def _magistrate(command: Command, scene: Scene) -> Iterator[Effect]:
    words = list(command.words)
    texts = [word.text for word in words]
    name = next((text for text in texts if not text.startswith("-")), "")
    if name == "mcp" and "--" in texts[:-1]:
        yield from scene.command(as_command(tuple(words[texts.index("--") + 1 :]), command, command.name))
        return
    if any(text in ("--help", "-h", "--version") for text in texts) or not texts:
        return
    if name in _LOOKS:
        for option in _OUTPUTS:
            if value := command.value(option):
                yield write_effect(value, command, scene)
        return
    below = texts[texts.index(name) + 1 :] if name else []
    if name == "rules" and (not below or below[0] in _RULES_LOOK):
        return
    yield from unknown_program(command, scene)
    what = " ".join(("magistrate", name)) if name else "magistrate"
    yield effect("oversight", what, "process", command, scope="local", reversible="partly")


def _agent(command: Command, scene: Scene) -> Iterator[Effect]:
    """An agent is a program like others, except where it is started without the supervision that its settings hold."""
    yield from unknown_program(command, scene)
    for name, value in command.assignments:
        if _MOVES.fullmatch(name) and (value.text or value.dynamic):
            yield _unsupervised(command, f"{name}={value.text}")
    for at, word in enumerate(command.words):
        if _UNHOOKS.fullmatch(word.text) and not _harmless(word.text, command.words[at + 1 :]):
            yield _unsupervised(command, word.text)
        elif word.text == "-c" and command.name == "codex" and at + 1 < len(command.words):
            if _KEY.match(command.words[at + 1].text) or command.words[at + 1].dynamic:
                yield _unsupervised(command, f"-c {command.words[at + 1].text}")
        elif word.text == "-p" and command.name == "codex":
            yield _unsupervised(command, "-p")
    first = command.operands("-c", "--config", "-m", "--model")[:2]
    if first and first[0].text in _SUBCOMMANDS and not (len(first) == 1 or first[1].text in _SHOWS):
        yield _unsupervised(command, " ".join(word.text for word in first))


def _harmless(option: str, rest: tuple[Word, ...]) -> bool:
    """`--config key=value` of what has nothing to do with supervision."""
    if not option.startswith("--config"):
        return False
    value = option.partition("=")[2] or (rest[0].text if rest else "")
    return "=" in value and not _KEY.match(value) and not (rest and rest[0].dynamic)


def _unsupervised(command: Command, how: str) -> Effect:
    return effect("oversight", f"{command.name} {how}"[:200], "agent", command, scope="local", reversible="partly")


HANDLERS: dict[str, Handler] = {"magistrate": _magistrate, **dict.fromkeys(_AGENTS, _agent)}
