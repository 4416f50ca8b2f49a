"""Run files of AgentDojo: one JSON document a run, `<pipeline>/<suite>/<user task>/<attack>/<injection task>.json`.

What the benchmark knows and the agent did not (`injections`, `injection_task_id`, `attack_type`, `utility`, `security`) is
not declared in `RunFile`, so it is never decoded; the file's name, which spells some of it, goes nowhere either. See
docs/hosts-formats.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from magistrate.core.intake import Head, Intake
from magistrate.core.records import RunStarted, Session
from magistrate.hosts.fields import arguments, has_thoughts, string, text_of
from magistrate.hosts.shapes import noting, peek, records
from magistrate.hosts.transcript import Status, Transcript


class Call(Struct, gc=False):
    """One call of a function."""

    function: str | None = None
    args: Any = None
    id: str | int | None = None


class Message(Struct, gc=False):
    """A message; `content` is text in older files, a list of blocks since."""

    role: str | None = None
    content: Any = None
    tool_calls: list[Call] | None = None
    tool_call: Call | None = None
    tool_call_id: str | None = None
    error: str | None = None


class RunFile(Struct, gc=False):
    """What is read of a run file."""

    suite_name: str | None = None
    pipeline_name: str | None = None
    user_task_id: str | None = None
    messages: list[Message] | None = None
    agentdojo_package_version: str | None = None
    evaluation_timestamp: str | None = None


class AgentDojoImporter:
    """Reads run files, one run a file."""

    name = "agentdojo"

    def claims(self, head: Head) -> bool:
        """A document with `suite_name`, `pipeline_name`, `user_task_id`, and beside them or after them `messages`."""
        first = peek(head)
        return isinstance(first, dict) and {"suite_name", "pipeline_name", "user_task_id"} <= first.keys()

    def read(self, path: Path, intake: Intake) -> Iterator[Session]:
        """Yield the file's run; a file of many (JSON lines, an array) is read as well."""
        used: dict[str, int] = {}
        for line, record in records(path, RunFile, intake):
            if record.messages is None:
                intake.problem(path, "a run without `messages`", line=line, mend="remove the record")
                continue
            transcript = Transcript()
            report = noting(path, intake, line)
            for number, message in enumerate(record.messages):
                if has_thoughts(message.content):
                    intake.skip("block:reasoning")
                if not _message(transcript, message):
                    report(f"messages[{number}] has the unknown role {message.role!r}; left out")
            task = f"{record.suite_name or ''}/{record.user_task_id or ''}"
            started = RunStarted(
                host=self.name,
                host_version=record.agentdojo_package_version or "",
                model=record.pipeline_name or "",
                source=task,
                at=record.evaluation_timestamp or "",
            )
            run = f"{record.pipeline_name or self.name}/{task}"
            used[run] = count = used.get(run, 0) + 1
            yield Session(run=run if count == 1 else f"{run}#{count}", started=started, events=transcript.finish())


def _message(transcript: Transcript, message: Message) -> bool:
    """Write one message; False when its role is unknown."""
    text = text_of(message.content)
    match message.role:
        case "system":
            transcript.say("system", text)
        case "user":
            transcript.user(text)
        case "assistant":
            transcript.say("agent", text)
            for call in message.tool_calls or ():
                transcript.act(call.function or "", arguments(call.args), string(call.id))
        case "tool":
            call = message.tool_call or Call()
            given = message.tool_call_id or string(call.id)
            status: Status = "error" if message.error else "ok"
            said = "\n".join(part for part in (text, message.error) if part)
            transcript.result(said, given, tool=call.function or "", status=status)
        case _:
            return False
    return True


IMPORTER = AgentDojoImporter()
