"""Gemini CLI, live. docs/live-hosts.md shows what becomes of what.

`ask` exists in the host's code but not in its contract, and without a terminal nobody answers: an escalation is a denial that
says how to get a ruling. An `allow` never skips the host's own policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from magistrate.core.records import Outcome
from magistrate.hosts.claude_lines import mapping
from magistrate.hosts.live.snake import Author, Hooks, Kind, result_text
from magistrate.hosts.turns import speakers

NAME = "gemini-cli"
EVENTS: Mapping[str, Kind] = MappingProxyType(
    {
        "BeforeTool": "call",
        "AfterTool": "result",
        "BeforeAgent": "prompt",
        "AfterAgent": "reply",
        "SessionStart": "start",
        "SessionEnd": "end",
        "Notification": "quiet",
        "PreCompress": "quiet",
    }
)


ATTACHED = re.compile(r"^(?:--- Content from referenced files ---|Content from [^\n]{1,1000}:)", re.MULTILINE)
"""How what the host puts behind a prompt begins. A person who writes such a line is not heard from there on."""


class GeminiCli(Hooks, frozen=True, kw_only=True):
    """Adapter of Gemini CLI's hooks."""

    name: str = NAME
    events: Mapping[str, Kind] = EVENTS
    seen: str = "0.61"
    unobservable: tuple[str, ...] = (
        "that the host reads a file which the user mentions with @: no hook asks, though its text is heard",
        "commands that the user runs with !",
        "calls that the host's own policy or its user refused: no hook tells",
        "which of several agents in one session made a call",
        "project hooks in a folder that is not trusted: the host leaves them out",
    )

    def typed(self, prompt: str) -> Iterator[tuple[Author, str]]:
        """What a person typed, apart from the files that they mentioned, whose content the host puts into the prompt."""
        found = ATTACHED.search(prompt)
        yield from speakers(prompt[: found.start()] if found else prompt)
        if found:
            yield "machine", prompt[found.start() :].strip()

    def result(self, response: Any) -> Outcome:
        """What a tool gave back: what the model is shown of it, where the host says so."""
        fields = mapping(response)
        text = result_text(fields["llmContent"]) if "llmContent" in fields else result_text(response)
        return Outcome(text=text, status="error" if fields.get("error") else "ok")

    def body(self, event: str, word: str, text: str) -> dict[str, Any]:
        """A decision in the host's words."""
        return {"decision": word} | ({"reason": text} if text else {})


ADAPTER = GeminiCli()
