"""Reviewing the tools of a Python program's agent. `Guard` is the beginning; docs/sdk.md shows how.

The seams of agent libraries are modules of their own, which import their library when they are used:
`openai_agents`, `claude_agent`, `langchain`, `pydantic_ai`, `inspect_ai`.
"""

from magistrate.sdk.answer import Answer, Link, Refused, Unreviewed
from magistrate.sdk.conversation import Conversation
from magistrate.sdk.guard import Guard

__all__ = ["Answer", "Conversation", "Guard", "Link", "Refused", "Unreviewed"]
