"""Codex rollouts: `~/.codex/sessions/YYYY/MM/DD/rollout-*.jsonl`, plain or packed with Zstandard.

The format is unstable by its vendor's own word; nothing here needs more of a line than it uses. docs/hosts.md gives every
decision and its reason; `codex_items` turns response items into events, this module finds the run in a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from magistrate.core.intake import Head, Intake, objects
from magistrate.core.records import RunStarted, Session
from magistrate.hosts.codex_items import IDENTITY, Item, Writer, content_texts, is_contextual, mapping, words
from magistrate.hosts.turns import Branches, home_of

NAME = "codex"
_LINE_TYPES = frozenset(
    {
        "session_meta", "turn_context", "response_item", "event_msg", "compacted", "inter_agent_communication",
        "token_usage_record", "fork_reference", "world_state",
    }
)  # fmt: skip
_BARE_ITEMS = frozenset({"message", "function_call", "function_call_output", "reasoning", "local_shell_call"})
_REVIEWERS = frozenset({"guardian", "guardian_review", "auto_review"})
_CHILDREN = frozenset({"subagent", "memory_consolidation"}) | _REVIEWERS


class Codex:
    """Importer of Codex rollouts, old bare ones included."""

    name = NAME

    def claims(self, head: Head) -> bool:
        """One of the first lines is a typed payload that only this host writes, or the file opens like an old rollout."""
        return any(isinstance(line, dict) and _is_rollout(line) for line in head.lines)

    def rank(self, head: Head) -> int:
        """Sub-agents and reviewers are read after the sessions that started them."""
        return _depth(meta_of(line for line in head.lines if isinstance(line, dict)))

    def aside(self, path: Path) -> bool:
        """Indexes and the history of prompts: no sessions in them."""
        return path.name in ("session_index.jsonl", "history.jsonl")

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield the rollout's run, then the branches that were rolled back."""
        items = [item for number, line in objects(path, intake) if (item := item_of(number, line, path, intake))]
        meta = meta_of(item.line for item in items)
        run = words(meta.get("id")) or words(meta.get("session_id")) or _named(path)
        if not any(item.kind in ("response_item", "event_msg") for item in items):
            intake.problem(path, "holds no message", mend="the session may have ended before it began")
            return
        for number, branch in enumerate(_branches(items).paths()):
            name = run if number == 0 else f"{run}~branch{number}"
            yield _session(name, run, path, meta, branch, items, intake)


def _is_rollout(line: dict[str, Any]) -> bool:
    kind = line.get("type")
    if isinstance(line.get("payload"), dict):
        return isinstance(kind, str) and kind in _LINE_TYPES
    return isinstance(line.get("id"), str) and isinstance(line.get("timestamp"), str) and "instructions" in line


def _named(path: Path) -> str:
    stem = path.name.split(".jsonl")[0]
    found = IDENTITY.search(stem)
    return found[0] if found else stem


# ---------------------------------------------------------------- lines


def item_of(number: int, line: dict[str, Any], path: Path, intake: Intake) -> Item | None:
    """One line as an item: today's envelope, or an old rollout's bare response item; None when it is counted as skipped."""
    kind, payload = words(line.get("type")), line.get("payload")
    at = words(line.get("timestamp"))
    if isinstance(payload, dict):
        if kind in _LINE_TYPES:
            return Item(n=number, kind=kind, payload=payload, at=at, line=line)
        intake.skip(f"line:{kind or 'without type'}")
    elif kind in _BARE_ITEMS:
        return Item(n=number, kind="response_item", payload=line, at=at, line=line)
    elif not kind and isinstance(line.get("id"), str):
        return Item(n=number, kind="session_meta", payload=line, at=at, line=line)
    elif kind in _LINE_TYPES:
        intake.problem(path, f"a {kind} line whose payload is no object", line=number)
    else:
        intake.skip(f"line:{kind or words(line.get('record_type')) or 'without type'}")
    return None


def meta_of(lines: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The first description of a session: a forked rollout repeats its origin's after its own."""
    for line in lines:
        if line.get("type") == "session_meta":
            return mapping(line.get("payload"))
        if "type" not in line and "instructions" in line:
            return line
    return {}


# ---------------------------------------------------------------- runs


class _Start(NamedTuple):
    """Who started a session: `cli`, `thread_spawn`, `guardian` ...; whether that was another session; what is said of it."""

    by: str
    child: bool
    detail: dict[str, Any]


def _start(meta: dict[str, Any]) -> _Start:
    source = meta.get("source")
    if not isinstance(source, dict):
        return _Start(words(source), False, {})
    inner = next((source[key] for key in ("subagent", "subAgent", "internal") if key in source), None)
    if isinstance(inner, dict):
        spawned = "thread_spawn" in inner
        return _Start(
            "thread_spawn" if spawned else words(inner.get("other")), True, mapping(inner.get("thread_spawn"))
        )
    return _Start(words(inner), inner is not None, {})


def _is_reviewer(meta: dict[str, Any]) -> bool:
    return _start(meta).by in _REVIEWERS or words(meta.get("thread_source")) in _REVIEWERS


def _parent(meta: dict[str, Any]) -> str:
    start = _start(meta)
    named = words(meta.get("parent_thread_id")) or words(start.detail.get("parent_thread_id"))
    if named or not (start.child or words(meta.get("thread_source")) in _CHILDREN):
        return named
    root = words(meta.get("session_id"))
    return root if root != words(meta.get("id")) else ""


def is_child(meta: dict[str, Any]) -> bool:
    """Whether no person speaks in this session: another session started it."""
    return bool(_parent(meta)) or _start(meta).child or words(meta.get("thread_source")) in _CHILDREN


def _depth(meta: dict[str, Any]) -> int:
    depth = _start(meta).detail.get("depth")
    return min(max(depth, 1), 1000) if isinstance(depth, int) else int(is_child(meta))


def _branches(items: Sequence[Item]) -> Branches[Item]:
    """The rollout's branches: what was rolled back was done all the same, but what was said in it no longer holds."""
    branches: Branches[Item] = Branches()
    current = 0
    for item in items:
        if item.kind == "event_msg" and item.type == "thread_rolled_back":
            steps = item.payload.get("num_turns")
            current = branches.back(current, steps if isinstance(steps, int) and steps > 0 else 0)
        elif item.kind == "response_item" and item.type == "message" and item.payload.get("role") == "user":
            texts = content_texts(item.payload.get("content"))
            if any(not is_contextual(text) for text in texts):
                current = branches.open(current)
        branches.add(current, item)
    return branches


def _session(
    name: str,
    run: str,
    path: Path,
    meta: dict[str, Any],
    branch: Sequence[Item],
    items: Sequence[Item],
    intake: Intake,
) -> Session:
    context = next((item.payload for item in branch if item.kind == "turn_context"), {})
    cwd = words(meta.get("cwd")) or words(context.get("cwd"))
    started = RunStarted(
        host=NAME,
        host_version=words(meta.get("cli_version")),
        model=words(context.get("model")) or words(meta.get("model")),
        cwd=cwd,
        home=home_of(cwd),
        parent=_parent(meta),
        parent_call=intake.links.get(run, ""),
        role="reviewer" if _is_reviewer(meta) else "agent",
        source=f"{path}:{branch[0].n}" if branch else str(path),
        at=words(meta.get("timestamp")) or next((item.at for item in branch if item.at), ""),
    )
    copied = bool(words(meta.get("forked_from_id"))) or sum(item.kind == "session_meta" for item in items) > 1
    writer = Writer(path, run, cwd, intake, child=is_child(meta), copied=copied, items=items)
    for item in branch:
        writer.write(item)
    writer.close()
    return Session(run=name, started=started, events=writer.events)


IMPORTER = Codex()
