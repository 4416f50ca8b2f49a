"""What a reviewed call hears, and the seam to whoever answers: the gate in this process, or a server beside it."""

from __future__ import annotations

from typing import Literal, Protocol

from magistrate.core.errors import InputError, MagistrateError
from magistrate.core.intake import decode
from magistrate.core.records import Record
from magistrate.hosts.live.answers import doubt

DEADLINE = 60.0
"""Seconds that a call may wait for its review."""


class Answer(Record, frozen=True, kw_only=True):
    """The answer to one proposed call, in the words of the neutral contract (`magistrate.hosts.live.generic`)."""

    decision: Literal["allow", "deny", "ask"]
    """`ask`: a person has to decide. Who cannot wait for one treats it as `deny`."""
    reason: str = ""
    """What the agent is told; empty where it may go on."""
    ticket: str = ""
    """By which a person rules on it: `magistrate rule TICKET allow|deny`."""
    reviewed: bool = True
    """False: nobody judged it, which is no judgement on it."""

    @property
    def go(self) -> bool:
        """Whether the call may run."""
        return self.decision == "allow"


class Unreviewed(MagistrateError):
    """The call could not be reviewed: no server, a late or garbled answer, no ledger."""


class Refused(MagistrateError):
    """Raised in a tool's place: the call did not run. `answer` says why; the text is what the agent may be told."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.reason or "Refused by review.")


class Link(Protocol):
    """Whoever answers. Thread-safe; blocks until there is an answer."""

    def post(self, event: str, payload: bytes) -> Answer:
        """The answer to one payload of the neutral contract. Raises `Unreviewed`, and nothing else on purpose."""
        ...

    def close(self) -> None:
        """Let go of what is held; a later `post` is `Unreviewed`."""
        ...


def unreviewed(why: object) -> Answer:
    """The answer where there is none: the call does not run."""
    text = str(why)
    return Answer(decision="deny", reason=text if text.startswith(_DOUBT) else doubt(text), reviewed=False)


_DOUBT = doubt("")[:20]
"""How a reason begins that says so already."""


def answer_of(stdout: bytes, code: int) -> Answer:
    """The answer in what a hook would print and exit with. Raises `Unreviewed` where it is a refusal without a verdict."""
    answer = read_answer(stdout)
    if code:
        raise Unreviewed(answer.reason or f"refused with {code}")
    return answer


def read_answer(reply: bytes) -> Answer:
    """The answer in a reply. Raises `Unreviewed` on anything that is not surely one."""
    try:
        fields = decode(reply)
    except InputError as error:
        raise Unreviewed(f"the reply is {error.what}") from None
    if not isinstance(fields, dict) or fields.get("version") != 1:
        raise Unreviewed("the reply is of no version that is known here")
    decision, reason, ticket = fields.get("decision"), fields.get("reason", ""), fields.get("ticket", "")
    if decision not in ("allow", "deny", "ask") or not isinstance(reason, str) or not isinstance(ticket, str):
        raise Unreviewed("the reply holds no decision")
    return Answer(decision=decision, reason=reason, ticket=ticket)
