"""Reviewers that answer as a test wants, for programs that use `magistrate.sdk`.

guard = Guard(Always("deny"))     # nothing goes through
guard = Guard(Down())             # nobody answers: nothing goes through either
guard.link.heard                  # what the program told and asked, in order
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from magistrate.sdk.answer import Answer, Unreviewed


class Always:
    """Gives every call the same answer, unless `tools` says otherwise for its tool; keeps what it hears."""

    def __init__(
        self,
        decision: Literal["allow", "deny", "ask"] = "allow",
        *,
        reason: str = "A test refuses this.",
        ticket: str = "",
        tools: dict[str, Literal["allow", "deny", "ask"]] | None = None,
    ) -> None:
        self._decision, self._reason, self._ticket, self._tools = decision, reason, ticket, tools or {}
        self.heard: list[dict[str, Any]] = []
        """Payloads of the neutral contract, as values."""

    def post(self, event: str, payload: bytes) -> Answer:
        """The answer; `allow` to what asks nothing."""
        told = msgspec.json.decode(payload)
        self.heard.append(told)
        decision = self._tools.get(told.get("tool", ""), self._decision) if event == "act" else "allow"
        if decision == "allow":
            return Answer(decision=decision)
        return Answer(decision=decision, reason=self._reason, ticket=self._ticket)

    def close(self) -> None:
        """Nothing is held."""


class Down:
    """A reviewer that is not there."""

    def post(self, event: str, payload: bytes) -> Answer:
        """Raises `Unreviewed`."""
        raise Unreviewed("nobody is there")

    def close(self) -> None:
        """Nothing is held."""


class Broken:
    """A reviewer that fails in a way nobody thought of."""

    def post(self, event: str, payload: bytes) -> Answer:
        """Raises KeyError."""
        raise KeyError("surprise")

    def close(self) -> None:
        """Nothing is held."""
