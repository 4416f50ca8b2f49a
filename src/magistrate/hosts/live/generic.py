"""A neutral contract for any host that has none of its own: one JSON object in, one out. docs/live-hosts.md shows both.

In: `version` 1, `host`, `session`, `event` (`start`, `tell`, `act`, `end`), and, where they apply, `agent` and `parent` (a
sub-agent's name and the agent that started it), `parent_call`, `cwd`, `home`, `model`, `host_version`, `said` (messages and
outcomes in order, as the ledger holds them), and of a call that waits (`act`): `tool`, `arguments`, `call_id`, `server`,
`annotations`, `about`. Out: `version` 1, `decision` (`allow`, `deny`, `ask`), `reason`, `ticket`.

`ask` means: put the question to a person, or wait for `magistrate rule TICKET`; whoever can do neither treats it as `deny`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from magistrate.core.errors import InputError
from magistrate.core.records import Action, Heard, Message, Outcome, Reply, RunStarted, Verdict
from magistrate.hosts.live import answers
from magistrate.hosts.live.payload import identifier, load, role_of, shaped, step
from magistrate.hosts.turns import home_of

NAME = "generic"
VERSION = 1


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a generic host."""

    version: Literal[1]
    host: str
    session: str
    event: Literal["start", "tell", "act", "end"]
    agent: str = ""
    parent: str = ""
    parent_call: str = ""
    cwd: str = ""
    home: str = ""
    model: str = ""
    host_version: str = ""
    said: list[Message | Outcome] = []
    tool: str | None = None
    arguments: dict[str, Any] | None = None
    call_id: str = ""
    server: str = ""
    annotations: dict[str, bool] = {}
    about: str = ""
    transcript: str = ""
    at: str = ""


class Generic:
    """Adapter of the neutral contract."""

    name = NAME
    asks = True
    unobservable = ("whatever the host runs without sending `act` first",)

    def decode(self, event: str, payload: bytes) -> Heard:
        """What the host says. Raises InputError."""
        loaded = load(payload)
        told = shaped(loaded.fields, Told)
        if event and event != told.event:
            raise InputError(f"payload is of event {told.event}, expected {event}")
        host = step(told.host, "host")
        session = f"{host}/{step(told.session, 'session')}"
        run = f"{session}/{step(told.agent, 'agent')}" if told.agent else session
        parent = f"{session}/{step(told.parent, 'parent')}" if told.parent else session if told.agent else ""
        action = None
        if told.event == "act":
            loaded.sure()
            action = _action(told)
        elif told.tool is not None:
            raise InputError(f"a tool in event {told.event}: only `act` may hold one")
        return Heard(
            host=host,
            event=told.event,
            run=run,
            started=RunStarted(
                host=host,
                host_version=told.host_version,
                model=told.model,
                cwd=told.cwd,
                home=told.home or home_of(told.cwd),
                parent=parent,
                parent_call=told.parent_call,
                role=role_of(told.session),
                at=told.at,
            ),
            said=tuple(told.said),
            action=action,
            transcript=told.transcript,
            ended=told.event == "end",
        )

    def encode(self, heard: Heard, verdict: Verdict | None, ticket: str = "") -> Reply:
        """The answer; `allow` without a reason where nothing waited, and in dry-run."""
        if verdict is None:
            return _reply("allow") if heard.action is None else self.refuse(heard.event, "no verdict was given")
        if verdict.mode == "dry-run" or verdict.decision == "allow":
            return _reply("allow")
        if verdict.decision == "escalate":
            return _reply("ask", answers.denial(verdict, ticket), ticket)
        return _reply("deny", answers.denial(verdict, ticket), ticket)

    def refuse(self, event: str, why: str) -> Reply:
        """A denial without a verdict."""
        text = answers.doubt(why)
        return msgspec.structs.replace(_reply("deny", text), stderr=text, exit=2)


def _action(told: Told) -> Action:
    if told.arguments is None:
        raise InputError("a call without `arguments`")
    return Action(
        tool=identifier(told.tool or "", "tool"),
        arguments=told.arguments,
        call_id=told.call_id,
        cwd=told.cwd,
        server=told.server,
        annotations=told.annotations,
        about=told.about,
        at=told.at,
    )


def _reply(decision: str, reason: str = "", ticket: str = "") -> Reply:
    body: dict[str, Any] = {"version": VERSION, "decision": decision}
    body |= {"reason": reason} if reason else {}
    body |= {"ticket": ticket} if ticket else {}
    return Reply(stdout=msgspec.json.encode(body).decode())


ADAPTER = Generic()
