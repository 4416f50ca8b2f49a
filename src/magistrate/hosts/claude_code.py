"""Claude Code's transcripts: `~/.claude/projects/<folder>/<session>.jsonl` and what lies beside them.

The format is internal and changes; nothing here needs more of a line than it uses. docs/hosts.md gives every decision and
its reason; `claude_lines` turns lines into events, this module finds the files and the runs in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from magistrate.core.errors import InputError
from magistrate.core.intake import Head, Intake, decode, document, objects
from magistrate.core.records import Record, RunStarted, Session
from magistrate.hosts.claude_lines import (
    QUEUED,
    SYNTHETIC,
    Line,
    blocks,
    events_of,
    line_of,
    mapping,
    typed_texts,
    words,
)
from magistrate.hosts.turns import Branches, home_of

NAME = "claude-code"
_LINE_TYPES = frozenset({"user", "assistant", "system", "attachment"})
_OTHER_TYPES = frozenset({"summary", "file-history-snapshot", "queue-operation", "progress"})
_AGENT_ID = re.compile(r"[A-Za-z0-9_\-]{1,80}")
_META_LIMIT = 1 << 20


class Link(Record, frozen=True, kw_only=True):
    """How a sub-agent hangs on its parent."""

    agent: str
    parent_agent: str = ""
    call: str = ""
    depth: int = 1


@dataclass
class _Transcript:
    """One file's conversation lines: the main chain, and each sub-agent's by its key."""

    path: Path
    main: list[Line] = field(default_factory=list)
    sides: dict[str, list[Line]] = field(default_factory=dict)

    def lines(self) -> list[Line]:
        return sorted([*self.main, *(line for side in self.sides.values() for line in side)], key=lambda line: line.n)


class ClaudeCode:
    """Importer of Claude Code transcripts."""

    name = NAME

    def claims(self, head: Head) -> bool:
        """One of the first lines has the envelope that only this host writes."""
        return any(isinstance(line, dict) and _envelope(line) for line in head.lines)

    def rank(self, head: Head) -> int:
        """Files of sub-agents are read after those of the sessions that started them."""
        return int(_of_agent(head.path))

    def aside(self, path: Path) -> bool:
        """Spilled tool output, the description of a sub-agent, a workflow's journal, indexes: no sessions in them."""
        return path.name.endswith(".meta.json") or path.parent.name == "tool-results" or path.name in _ASIDE

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield the session, its abandoned branches, then its sub-agents: those in the file and those in files beside it."""
        transcript = _load(path, intake)
        session = _session_id(transcript)
        if not transcript.lines():
            intake.problem(path, "holds no message", mend="the session may have ended before it began")
        elif _of_agent(path) and not transcript.main:
            yield from _agent_file(transcript, session, intake, {})
        else:
            yield from _main_runs(transcript, session, intake)


_ASIDE = frozenset({"journal.jsonl", "history.jsonl", "sessions-index.json"})


def _envelope(line: dict[str, Any]) -> bool:
    kind = line.get("type")
    if kind in _LINE_TYPES:
        return isinstance(line.get("sessionId"), str) and ("parentUuid" in line or "isSidechain" in line)
    if kind in _OTHER_TYPES:
        return any(key in line for key in ("sessionId", "leafUuid", "snapshot"))
    return isinstance(kind, str) and isinstance(line.get("sessionId"), str) and "payload" not in line


def _of_agent(path: Path) -> bool:
    return path.name.startswith("agent-")


# ---------------------------------------------------------------- files


def _load(path: Path, intake: Intake) -> _Transcript:
    """Read a file's lines; metadata lines are counted, a line seen before in the same file is left out."""
    transcript = _Transcript(path)
    seen: set[str] = set()
    owner: dict[str, str] = {}  # uuid of a side-chain line -> key of its sub-agent
    latest = ""
    for number, data in objects(path, intake):
        kind = words(data.get("type"))
        if kind == QUEUED and data.get("operation") == "remove" and words(data.get("content")).strip():
            transcript.main.append(line_of(number, kind, data))
            continue
        if kind not in _LINE_TYPES:
            intake.skip(f"line:{kind or 'without type'}")
            continue
        line = line_of(number, kind, data)
        if line.uuid and line.uuid in seen:
            intake.skip("line:repeated")
            continue
        seen.add(line.uuid)
        if not line.side:
            transcript.main.append(line)
            continue
        latest = owner.get(line.parent) or line.agent or ("" if line.root else latest) or line.uuid or str(number)
        owner[line.uuid] = latest
        transcript.sides.setdefault(latest, []).append(line)
    transcript.main = _without_echoes(transcript.main, intake)
    return transcript


def _without_echoes(lines: list[Line], intake: Intake) -> list[Line]:
    """Words taken from the queue count where they stand only there: most versions write them again as a line of their own."""
    queued = [line for line in lines if line.kind == QUEUED]
    if not queued:
        return lines
    written = {text.strip() for line in lines if line.kind != QUEUED for text in typed_texts(line)}
    echoes = {line.n for line in queued if words(line.data.get("content")).strip() in written}
    for _ in echoes:
        intake.skip(f"line:{QUEUED}")
    return [line for line in lines if line.n not in echoes]


def _session_id(transcript: _Transcript) -> str:
    """The file's name when its lines know that name, else the session they name first, else the file's name after all."""
    stem = _stem(transcript.path)
    named = [line.session for line in transcript.lines() if line.session]
    return stem if stem in named or not named else named[0]


def _stem(path: Path) -> str:
    return path.name.split(".jsonl")[0]


def _agent_files(transcript: _Transcript, session: str, calls: dict[str, str]) -> list[Path]:
    """Files of the session's sub-agents, in both layouts: a folder beside it, or flat, where its results name them."""
    folder = transcript.path.parent
    # Identifiers come from the file: none may lead elsewhere.
    nested = sorted((folder / session / "subagents").glob("**/agent-*.jsonl*")) if _AGENT_ID.fullmatch(session) else []
    flat = [folder / f"agent-{agent}.jsonl" for agent in sorted(calls) if _AGENT_ID.fullmatch(agent)]
    return [path for path in [*nested, *flat] if path.is_file() and not path.is_symlink()]


def _link(path: Path, agent: str, calls: dict[str, str]) -> Link:
    """What the description beside a sub-agent's file says, and the parent's results where it says nothing."""
    described: dict[str, Any] = {}
    meta = path.with_name(_stem(path) + ".meta.json")
    if meta.is_file():
        try:
            described = mapping(decode(document(meta, limit=_META_LIMIT)))
        except InputError:
            described = {}
    depth = described.get("spawnDepth")
    return Link(
        agent=agent,
        parent_agent=words(described.get("parentAgentId")),
        call=words(described.get("toolUseId")) or calls.get(agent, ""),
        depth=depth if isinstance(depth, int) else 1,
    )


# ---------------------------------------------------------------- runs


def _main_runs(transcript: _Transcript, session: str, intake: Intake) -> Iterator[Session]:
    for number, branch in enumerate(_branches(transcript.main).paths()):
        run = session if number == 0 else f"{session}~branch{number}"
        yield _session(run, transcript.path, branch, intake)
    calls = _calls(transcript.lines())
    prompts = _prompts(transcript.main)
    for agent, lines in transcript.sides.items():
        prompt = lines[0].prompt
        waiting = prompts.get(prompt, [])
        call = calls.get(agent) or (waiting.pop(0) if waiting else "")
        yield _session(f"{session}/{agent}", transcript.path, lines, intake, parent=session, call=call)
    yield from _agents_beside(transcript, session, calls, intake)


def _agents_beside(transcript: _Transcript, session: str, calls: dict[str, str], intake: Intake) -> Iterator[Session]:
    """Sub-agents in files of their own, parents first; those that name an unknown parent hang on the session."""
    loaded: list[tuple[Link, _Transcript]] = []
    for path in _agent_files(transcript, session, calls):
        if path.resolve() in intake.taken:
            continue
        intake.taken.add(path.resolve())
        try:
            child = _load(path, intake)
        except InputError as error:
            intake.problem(error.where or path, error.what, mend=error.mend)
            continue
        calls |= {agent: call for agent, call in _calls(child.lines()).items() if agent not in calls}
        if child.lines():
            loaded.append((_link(path, _agent_of(child), calls), child))
        else:
            intake.problem(path, "holds no message")
    known = {link.agent for link, _ in loaded}
    done: set[str] = set()
    while loaded:
        ready = [pair for pair in loaded if pair[0].parent_agent not in known - done - {pair[0].agent}] or loaded
        for link, child in ready:
            parent = f"{session}/{link.parent_agent}" if link.parent_agent in done else session
            call = link.call or calls.get(link.agent, "")
            yield _session(f"{session}/{link.agent}", child.path, child.lines(), intake, parent=parent, call=call)
        done |= {link.agent for link, _ in ready}
        loaded = [pair for pair in loaded if pair not in ready]


def _agent_file(transcript: _Transcript, session: str, intake: Intake, calls: dict[str, str]) -> Iterator[Session]:
    """A sub-agent's file read by itself: its parent is named, though not in this batch."""
    agent = _agent_of(transcript)
    link = _link(transcript.path, agent, calls)
    parent = f"{session}/{link.parent_agent}" if link.parent_agent else session
    lines = transcript.lines()
    yield _session(f"{session}/{agent}", transcript.path, lines, intake, parent=parent, call=link.call)


def _agent_of(transcript: _Transcript) -> str:
    return next(
        (line.agent for line in transcript.lines() if line.agent), _stem(transcript.path).removeprefix("agent-")
    )


def _session(
    run: str, path: Path, lines: Sequence[Line], intake: Intake, *, parent: str = "", call: str = ""
) -> Session:
    cwd = next((line.cwd for line in lines if line.cwd), "")
    model = next((line.model for line in lines if line.model and line.model != SYNTHETIC), "")
    started = RunStarted(
        host=NAME,
        host_version=next((line.version for line in lines if line.version), ""),
        model=model,
        cwd=cwd,
        home=home_of(cwd),
        parent=parent,
        parent_call=call,
        source=f"{path}:{lines[0].n}" if lines else str(path),
        at=next((line.at for line in lines if line.at), ""),
    )
    return Session(run=run, started=started, events=events_of(lines, path, cwd, intake, child=bool(parent)))


def _branches(lines: Sequence[Line]) -> Branches[Line]:
    """The main chain's branches. A line whose parent is missing follows the line before it in the file."""
    branches: Branches[Line] = Branches()
    turn_of: dict[str, int] = {}
    current = 0
    for line in lines:
        turn = turn_of.get(line.parent or line.logical_parent, current)
        if line.human:
            turn = branches.open(0 if line.root and not line.logical_parent else turn)
        branches.add(turn, line)
        if line.uuid:
            turn_of[line.uuid] = turn
        current = turn
    return branches


def _calls(lines: Sequence[Line]) -> dict[str, str]:
    """Which call started which sub-agent, as far as results say so."""
    found: dict[str, str] = {}
    for line in lines:
        agent = words(mapping(line.data.get("toolUseResult")).get("agentId")) or ("" if line.side else line.agent)
        for block in blocks(line) if agent else ():
            if block.get("type") == "tool_result":
                found.setdefault(agent, words(block.get("tool_use_id")))
    return found


def _prompts(lines: Sequence[Line]) -> dict[str, list[str]]:
    """Prompt that a call hands to a sub-agent -> the calls that do, in order: old versions leave no other link."""
    found: dict[str, list[str]] = {}
    for line in lines:
        for block in blocks(line) if line.kind == "assistant" else ():
            prompt = words(mapping(block.get("input")).get("prompt"))
            if prompt and block.get("type") == "tool_use":
                found.setdefault(prompt, []).append(words(block.get("id")))
    return found


IMPORTER = ClaudeCode()
