"""What is asked of a language model, what comes back, and why nothing came."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from msgspec import field

from magistrate.core.canon import content_hash
from magistrate.core.records import Record

Why = Literal["timeout", "overloaded", "refused", "empty", "malformed", "over-budget", "error"]
"""`overloaded`: the server said to come back later (429, 503) until the deadline; `refused`: the model would not answer;
`over-budget`: our own limit on spending or on the prompt's length; `error`: anything else, the server's 500s among it."""


class NoAnswer(Exception):
    """The model gave no usable answer. `why` is one of `Why`; the text says more, without any of the prompt in it."""

    def __init__(self, why: Why, detail: str = "") -> None:
        self.why, self.detail = why, " ".join(detail.split())[:200]
        super().__init__(f"{why}: {self.detail}" if self.detail else why)


class Prompt(Record, frozen=True, kw_only=True):
    """One question. What stays the same along a run comes first, so that a server can reuse its work on it."""

    system: str
    user: str
    schema: dict[str, Any] = field(default_factory=dict)
    """JSON schema of the answer; servers that can are held to it."""
    longest: int = 300
    """Tokens that the answer may take."""

    @property
    def hash(self) -> str:
        """Of all that the model is given."""
        return content_hash(self)


class Token(Record, frozen=True, kw_only=True):
    """One token of an answer and the likeliest others at its place."""

    text: str
    others: tuple[tuple[str, float], ...] = ()
    """(text, natural logarithm of its probability), the token itself among them."""


class Answer(Record, frozen=True, kw_only=True):
    """What the model said, and what it cost."""

    text: str
    tokens: tuple[Token, ...] = ()
    """Empty where the server gives no log-probabilities."""
    read: int = 0
    """Tokens of the prompt."""
    cached: int = 0
    """... of which the server had worked through before."""
    written: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    """In the currency of the model's price; 0 without a price, and for an answer that was kept."""


class Model(Protocol):
    """A language model that can be asked. Safe to be asked several things at once."""

    name: str
    """For the ledger: which model, never who sells it to the agent."""
    at_once: int
    """Questions it works on at a time; more of them wait."""
    settings: dict[str, Any]
    """Everything besides name and prompt that changes an answer (whose endpoint or which file it is, temperature, seed ...): part
    of the hash by which an answer is kept."""

    async def ask(self, prompt: Prompt, deadline: float) -> Answer:
        """The answer, within `deadline` seconds. Raises NoAnswer and nothing else."""
        ...

    async def close(self) -> None:
        """Let go of connections and memory."""
        ...
