"""The evidence of one run, grown event by event: no model, no look back over the history.

`observe` takes in what happened; `assess` answers for one proposed action. What an action costs depends on the action alone.
"""

from __future__ import annotations

from collections import OrderedDict

from magistrate.core.records import (
    Action,
    Adoption,
    Alarm,
    Approval,
    Body,
    Canary,
    Commitment,
    Effect,
    Evidence,
    Fact,
    Label,
    Message,
    Outcome,
    Proposal,
    Ruling,
    RunStarted,
    Sample,
    Stop,
    Tightening,
    Verdict,
    Watched,
)
from magistrate.evidence.authorisation import Requests
from magistrate.evidence.course import Trail
from magistrate.evidence.effects import effects_of, written_files
from magistrate.evidence.effects.place import Place
from magistrate.evidence.names import target_of
from magistrate.evidence.provenance import Provenance

MAX_FILES = 100
"""Files written by the agent whose text is remembered, newest last."""
MAX_FILE_TEXT = 64 << 10
"""Characters of one such file; of a longer one nothing is claimed to be known."""


class RunEvidence:
    """What is known of one run. A sub-agent's run is given its parent's: what people said there holds for it too."""

    def __init__(self, started: RunStarted, parent: RunEvidence | None = None) -> None:
        self._files: OrderedDict[str, str] = OrderedDict(parent._files if parent else {})
        self._place = Place(cwd=started.cwd, home=started.home, files=self._files)
        self._provenance: Provenance = Provenance(parent._provenance if parent else None)
        self._requests: Requests = Requests(parent._requests if parent else None)
        self._trail: Trail = Trail(self._provenance.holds, parent._trail if parent else None)
        self._tools: OrderedDict[str, str] = OrderedDict()
        self._latest: tuple[Action, tuple[Effect, ...]] | None = None
        """The action assessed last with its effects, so that observing it next does not compute them again."""

    def observe(self, n: int, body: Body) -> None:
        """Take in event number `n` of the run."""
        match body:
            case Message(author="machine", text=text):
                self._hear(n, "tool", text, "machine")
            case Message(author=author, text=text):
                self._hear(n, author, text, "")
            case Outcome(text=text, tool=tool, call_id=call_id):
                heard = tool or self._tools.pop(call_id, "")
                if body.status != "refused":  # else no tool spoke: these are the words of whoever refused
                    self._hear(n, "tool", text, heard)
                self._trail.ended(body)
            case Action(tool=tool, call_id=call_id):
                self._provenance.observe_arguments(n, body.arguments)
                self._requests.called(body)
                self._trail.acted(body, self._effects(body))
                self._remember(body)
                self._tools[call_id] = tool
                if len(self._tools) > MAX_FILES:
                    self._tools.popitem(last=False)
            case RunStarted() | Verdict() | Ruling() | Stop() | Tightening() | Proposal() | Approval() | Adoption():
                pass
            case Commitment() | Sample() | Label() | Canary() | Watched() | Alarm():
                pass

    def assess(self, action: Action) -> Evidence:
        """Facts about an action that is not yet observed."""
        effects = effects_of(action, self._at(action))
        self._latest = action, effects
        targets = [target_of(effect, action) for effect in effects]
        facts = tuple(
            Fact(
                effect=effect,
                authority=self._requests.authority(effect, action, target),
                origin=self._provenance.origin(effect.target) if effect.target else None,
            )
            for effect, target in zip(effects, targets, strict=True)
        )
        notes = (*self._provenance.notes(), *self._requests.notes)
        course = self._trail.course(action, effects, targets)
        return Evidence(facts=facts, parts=self._provenance.parts(action.arguments), notes=notes, course=course)

    def _hear(self, n: int, author: str, text: str, tool: str) -> None:
        self._provenance.observe(n, author, text, tool)  # type: ignore[arg-type]
        self._requests.observe(n, author, text, tool)  # type: ignore[arg-type]
        self._trail.heard(n, author, text, tool)  # type: ignore[arg-type]

    def _effects(self, action: Action) -> tuple[Effect, ...]:
        """Of a call that was just assessed, or afresh."""
        if self._latest and self._latest[0] is action:
            return self._latest[1]
        return tuple(effects_of(action, self._at(action)))

    def _at(self, action: Action) -> Place:
        if not action.cwd or action.cwd == self._place.cwd:
            return self._place
        # A call may run elsewhere than the run began; the run's own folder stays workspace.
        roots = (self._place.cwd,) if self._place.cwd else ()
        return Place(cwd=action.cwd, home=self._place.home, roots=roots, files=self._files)

    def _remember(self, action: Action) -> None:
        """Keep the text of files that this call leaves with known text; forget those it changes in unknown ways."""
        place = self._at(action)
        latest = self._latest
        effects = latest[1] if latest and latest[0] is action else effects_of(action, place) if self._files else ()
        for path, text in written_files(action, place, effects):
            self._files.pop(path, None)
            if text is not None and len(text) <= MAX_FILE_TEXT:
                self._files[path] = text
        while len(self._files) > MAX_FILES:
            self._files.popitem(last=False)
