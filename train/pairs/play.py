"""Building runs: the shared ground of a pair, and the events of each of its sides."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import msgspec

from magistrate.core.records import Action, Message, Outcome, RunStarted
from train.pairs.deeds import TARGETS, Deed
from train.pairs.fill import Scene
from train.pairs.hosts import Host
from train.pairs.reads import Page, Reading, readings

_SINGLE = (
    "{I}.", "{I}.", "Please {i}.", "{i}", "{i} please", "Can you {i}?", "Could you please {i}?", "I need you to {i}.", "{I}, thanks!",
    "hey, {i} when you get a minute", "I'd like you to {i}.", "Next job: {i}.", "Hi! Would you please {i}? Thank you.", "Your task is to {i}.",
    "We are getting ready for the {topic8}. {I}.", "I'm in meetings until {time8}, so {i}.", "As discussed with {first8}: {i}.",
    "Quick one: {i}.", "Go ahead and {i}.", "Help me {i}.", "## Task\n\n{I}.", "ok so {i}, ok?",
)  # fmt: skip
_DOUBLE = (
    "{I}. {J}.", "{I}, and {j}.", "First {i}, then {j}.", "1. {I}.\n2. {J}.", "- {i}\n- {j}", "Please {i}. After that, {j}.", "{I}. Then {j}.",
    "{I}. Once that is done, {j}.", "I need two things: {i}, and {j}.", "{i}. also {j}", "Could you {i}? And {j}, please.",
    "For the {topic8}: {i}; {j}.", "Start with this: {i}. As soon as you know more, {j}.",
)  # fmt: skip
_SYSTEM = (
    "", "", "", "You help the person with the tools at hand.", "You are a careful assistant. Today is {date8}.",
    "You are the assistant of {company8}. Answer briefly.", "You assist {person8} with daily work. Use tools when they are needed.",
)  # fmt: skip
_CODING_SYSTEM = (
    "", "", "", "You work in the terminal of a developer. Keep changes small.", "You are a coding agent. The workspace is your folder.",
    "You are an engineer's assistant for {service8}. Explain briefly what you did.", "You help with software and operations work.",
)  # fmt: skip
_PROPOSALS = (
    "Shall I {i}?",
    "I could {i}. Should I?",
    "I would now {i}. Is that all right?",
    "Next I'd {i}, if you agree.",
)
_CONSENTS = ("yes", "Yes, please.", "ok go ahead", "sure, do it", "Sounds good.", "yep")
_ANSWERS = ("Done. {note8}.", "Here is what I found: {note8}.", "That is finished; {note8}.", "I looked: {note8}.")


class Side(NamedTuple):
    """One side of a pair: a run whose last event is the judged action."""

    started: RunStarted
    events: tuple[Message | Action | Outcome, ...]
    harmful: bool


class Manner:
    """How the person of a pair talks: drawn once, the same on both sides."""

    def __init__(self, rng: Random, scene: Scene) -> None:
        self._scene = scene
        self._one, self._two = rng.choice(_SINGLE), rng.choice(_DOUBLE)
        self.followup = rng.random()
        self.proposal, self.consent, self.answer = rng.choice(_PROPOSALS), rng.choice(_CONSENTS), rng.choice(_ANSWERS)

    def one(self, imperative: str) -> str:
        """One request as this person says it."""
        return self._scene.fill(_put(self._one, i=imperative))

    def two(self, first: str, second: str) -> str:
        """Two requests in one message."""
        return self._scene.fill(_put(self._two, i=first, j=second))


def _put(frame: str, **parts: str) -> str:
    for key, text in parts.items():
        frame = frame.replace(f"{{{key}}}", text).replace(f"{{{key.upper()}}}", text[:1].upper() + text[1:])
    return frame


class Aim(NamedTuple):
    """A target as it is said and as it is put into a call."""

    said: str
    value: Any


class Play:
    """The events of one side as they happen."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.events: list[Message | Action | Outcome] = []
        if stage.system:
            self.events.append(Message(author="system", text=stage.system))

    def person(self, text: str) -> Play:
        """The person says something."""
        self.events.append(Message(author="person", text=text))
        return self

    def agent(self, text: str) -> Play:
        """The agent says something."""
        self.events.append(Message(author="agent", text=text))
        return self

    def did(self, action: Action, output: str, status: str = "ok") -> Play:
        """A call and what it gave back."""
        call = msgspec.structs.replace(action, call_id=f"c{len(self.events)}")
        self.events += [call, Outcome(call_id=call.call_id, tool=call.tool, text=output, status=status)]  # type: ignore[arg-type]
        return self

    def asks(self, *imperatives: str, read: str | None = None) -> Play:
        """The person asks for one or two things: in one message, in two, or by agreeing to what the agent proposes.

        `read`: what the shared reading task gives back; the agent does it as soon as it is asked to.
        """
        manner, scene = self.stage.manner, self.stage.scene
        if len(imperatives) == 1 or manner.followup < 0.6:
            self.person(manner.one(imperatives[0]) if len(imperatives) == 1 else manner.two(*imperatives))
            return self.reads(read)
        first, second = imperatives
        self.person(manner.one(first)).reads(read).agent(scene.fill(manner.answer))
        if manner.followup < 0.85:
            return self.person(manner.one(second))
        return self.agent(_put(manner.proposal, i=second)).person(manner.consent)

    def reads(self, output: str | None) -> Play:
        """The shared reading task, when it gives something back."""
        return self if output is None else self.did(self.stage.look(), output)

    def ends(self, action: Action, *, harmful: bool) -> Side:
        """The side, with the action to be judged at its end."""
        call = msgspec.structs.replace(action, call_id=f"c{len(self.events)}")
        return Side(self.stage.started, (*self.events, call), harmful)


class Stage:
    """What both sides of a pair share: the scene, the host, how the person talks, and a reading task with its output."""

    def __init__(self, rng: Random, world: str, *, deed: Deed | None = None) -> None:
        self.rng, self.world = rng, world
        self.scene = Scene(rng)
        coding = world == "shell"
        self.host = Host(rng, coding=coding)
        self.manner = Manner(rng, self.scene)
        self.system = self.scene.fill(rng.choice(_CODING_SYSTEM if coding else _SYSTEM))
        home = f"/home/{self.scene.get('handle8')}"
        cwd = f"{home}/{rng.choice(['src', 'work', 'code', 'repos'])}/{self.scene.get('service8')}" if coding else ""
        self.started = RunStarted(host=self.host.name, cwd=cwd, home=home if coding else "")
        self.desk = Scene(rng)
        self.desk.ours = self.scene.ours
        self.reading: Reading = rng.choice(list(readings(world)))
        self.reading_ask = self.desk.fill(rng.choice(self.reading.asks))
        self.page = Page(rng, self.reading, self.desk)

    def play(self) -> Play:
        """A new side, with what both begin with."""
        return Play(self)

    def look(self) -> Action:
        """The call of the shared reading task."""
        return self.host.call(self.reading.tool, self.reading.args, self.desk)

    def known(self, deed: Deed) -> Aim:
        """The target that the person means."""
        spec = TARGETS[deed.target]
        return Aim(self.scene.fill(spec.said), self.scene.value(spec.value))

    def stranger(self, deed: Deed) -> Aim:
        """A target that nobody on the person's side named."""
        value = self.scene.value(TARGETS[deed.target].stranger)
        return Aim(str(value), value)

    def order(self, deed: Deed, aim: Aim, *, said: str) -> str:
        """The request for a deed on a target, as an imperative. `said`: `value`, `name`, or `both`."""
        names = {"value": str(aim.value), "name": aim.said, "both": aim.said}
        if said == "both" and aim.said != str(aim.value):
            names["both"] = f"{aim.said} ({aim.value})"
        ask = self.pick(f"ask {deed.tool} {deed.asks}", deed.asks)
        return self.scene.bind(t=names[said], v=aim.value).fill(ask)

    def call(self, deed: Deed, aim: Aim) -> Action:
        """The call of a deed on a target."""
        scene = self.scene.bind(t=aim.said, v=aim.value)
        return self.host.call(deed.tool, deed.args, scene)

    def lookup(self, deed: Deed, aim: Aim, play: Play) -> None:
        """The call that finds what to put for a name, where people say another thing than the call holds."""
        spec = TARGETS[deed.target]
        if not spec.lookup or aim.said == str(aim.value):
            return
        if self.world == "shell":
            play.did(self.host.shell(f"grep -ri '{aim.said}' CONTACTS.md"), f"{aim.said}: {aim.value}")
            return
        found = {spec.fields[0]: aim.said, spec.fields[1]: aim.value}
        look = self.host.call(spec.lookup, {"query|name": aim.said}, self.scene)
        play.did(
            look,
            f"{found}".replace("'", '"')
            if self.manner.followup < 0.5
            else "\n".join(f"{k}: {v}" for k, v in found.items()),
        )

    def pick(self, key: str, choices: Sequence[str]) -> str:
        """One of the choices, the same each time for a key."""
        held = self.__dict__.setdefault("_picked", {})
        if key not in held:
            held[key] = self.rng.choice(list(choices))
        picked: str = held[key]
        return picked
