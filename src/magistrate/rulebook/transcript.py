"""Small transcripts: how a rule's examples are written.

cwd: /home/ana/shop              where the run works (optional, before anything else; `home:` likewise)
system: You tidy repositories.   `system`, `person`, `agent`, `machine`: something said
person: Fix the failing test
  and push.                      an indented line goes on with the one above
call read_file {"path": "a.py"}  a tool call with its JSON arguments
tool read_file: def f(): ...     what the tool gave back; `tool NAME error: ...` when it failed, `refused` when it did not run
call bash {"command": "git push"}    the last line: the call that is judged
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from magistrate.core.records import Action, Message, Outcome, RunStarted, Said
from magistrate.rulebook.problems import Problems

_PLACE = re.compile(r"(cwd|home):[ \t]*(.*)", re.S)
_SAID = re.compile(r"(person|system|agent|machine):[ \t]*(.*)", re.S)
_TOOL = re.compile(r"tool[ \t]+(\S+?)(?:[ \t]+(ok|error|refused|unknown))?:(?:[ \t]+|(?=\n)|$)(.*)", re.S)
_CALL = re.compile(r"call[ \t]+(\S+)\s*(.*)", re.S)
_MEND = "lines begin with `cwd:`, `person:`, `system:`, `agent:`, `tool NAME:` or `call NAME {...}`; go on with an indented line"


def parse_transcript(text: str, line: int, problems: Problems) -> tuple[Said, ...]:
    """Events of a transcript whose first line has number `line`. Errors go to `problems`; then the events are not to be used."""
    place: dict[str, str] = {}
    events: list[Said] = []
    waiting: list[Action] = []
    for number, entry in _entries(text, line, problems):
        if found := _PLACE.fullmatch(entry):
            if events or found[1] in place:
                problems.add(number, f"`{found[1]}:` stands once, before anything else")
            place[found[1]] = found[2].strip()
        elif found := _SAID.fullmatch(entry):
            events.append(Message(author=found[1], text=found[2].strip()))  # type: ignore[arg-type]
        elif found := _TOOL.fullmatch(entry):
            events.append(_outcome(found[1], found[2] or "ok", found[3], waiting))
        elif found := _CALL.fullmatch(entry):
            action = _call(found[1], found[2], len(events), number, problems)
            events.append(action)
            waiting.append(action)
        else:
            problems.add(number, f"not a line of a transcript: {entry.splitlines()[0][:60]!r}", _MEND)
    if not events or not isinstance(events[-1], Action):
        problems.add(line, "the transcript does not end with a call", "end it with the judged call: `call NAME {...}`")
    return (RunStarted(host="example", cwd=place.get("cwd", ""), home=place.get("home", "")), *events)


def write_transcript(events: Sequence[Said]) -> str:
    """The events as a transcript; `parse_transcript` gives the same events back."""
    return "\n".join(line for event in events for line in _written(event))


def _entries(text: str, line: int, problems: Problems) -> Iterator[tuple[int, str]]:
    """Join continuation lines to the line they go on with; blank lines between entries fall away."""
    number, entry = 0, ""
    for offset, raw in enumerate(text.split("\n")):
        stripped = raw.strip(" \t")
        if raw[:1] in (" ", "\t") or not stripped:
            if number:
                entry += "\n" + (raw[2:] if raw.startswith("  ") else raw[1:] if stripped else "")
            elif stripped:
                problems.add(line + offset, "an indented line with nothing to go on with", _MEND)
            continue
        if number:
            yield number, entry.strip(" \t\n")
        number, entry = line + offset, raw
    if number:
        yield number, entry.strip(" \t\n")


def _outcome(tool: str, status: str, text: str, waiting: list[Action]) -> Outcome:
    """An output, joined with the oldest call of that tool which still waits for one."""
    call = next((action for action in waiting if action.tool == tool), None)
    if call:
        waiting.remove(call)
    return Outcome(call_id=call.call_id if call else "", tool=tool, text=text.strip(), status=status)  # type: ignore[arg-type]


def _call(tool: str, arguments: str, at: int, line: int, problems: Problems) -> Action:
    value: Any = {}
    if arguments.strip():
        try:
            value = msgspec.json.decode(arguments)
        except (msgspec.DecodeError, RecursionError) as error:
            problems.add(line, f"the arguments of `{tool}` are no JSON: {error}", 'write `call NAME {"key": "value"}`')
            value = {}
    if not isinstance(value, dict):
        problems.add(line, f"the arguments of `{tool}` are no JSON object", 'write `call NAME {"key": "value"}`')
        value = {}
    return Action(tool=tool, arguments=value, call_id=f"c{at}")


def _written(event: Said) -> Iterator[str]:
    match event:
        case RunStarted(cwd=cwd, home=home):
            if cwd:
                yield f"cwd: {cwd}"
            if home:
                yield f"home: {home}"
        case Message(author=author, text=text):
            yield f"{author}: {_indented(text)}"
        case Outcome(tool=tool, text=text, status=status):
            yield f"tool {tool}{'' if status == 'ok' else ' ' + status}: {_indented(text)}"
        case Action(tool=tool, arguments=arguments):
            yield f"call {tool} {json.dumps(arguments, ensure_ascii=False)}"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
