"""A language model as a reviewer: a fresh question for every action, a strict answer, a named state when there is none."""

from __future__ import annotations

from msgspec.structs import replace

from magistrate.core.canon import content_hash
from magistrate.core.protocols import Case
from magistrate.core.records import Decision, Opinion
from magistrate.models.base import Answer, Model, NoAnswer
from magistrate.review.answer import Said, doubt, read, score
from magistrate.review.prompt import BUDGET, prompt_of, tokens

DEADLINE = 20.0
"""Seconds that a model may take."""
GRACE = 1.0
"""Seconds in which a model that is late may say so itself, before whoever asks the reviewer ends it."""
VERSION = "3"
"""Of the prompt's wording: it changes with `review.prompt`."""


class ModelReviewer:
    """A `core.protocols.Reviewer`. What it cannot answer is `unavailable`, with the reason why, never a denial in disguise.

    A denial or escalation that cites no rule would be a rule of the model's own: it becomes an escalation that says so.
    """

    def __init__(
        self,
        model: Model,
        key: bytes,
        *,
        name: str = "model",
        deadline: float = DEADLINE,
        budget: int = BUDGET,
        threshold: float | None = None,
    ) -> None:
        """`key`: see `review.quote.key_at`. `threshold`: the score from which an `allow` is escalated all the same, and what may
        lie above it for all that the server says; None: the word decides."""
        self.name = name
        self.version = f"{model.name}/{VERSION}"
        self.threshold = threshold
        self.at_once = model.at_once
        self.deadline = deadline + GRACE
        self._model, self._key, self._limit, self._budget = model, key, deadline, budget

    async def review(self, case: Case) -> Opinion:
        """What the model says of the action."""
        prompt = prompt_of(case, self._key, budget=self._budget)
        blank = Opinion(
            reviewer=self.name,
            version=self.version,
            prompt_hash=prompt.hash,
            input_hash=content_hash([case.action.tool, case.action.arguments, case.evidence]),
            threshold=self.threshold,
        )
        try:
            if tokens(prompt.system) + tokens(prompt.user) > 2 * self._budget:
                raise NoAnswer("over-budget", "the prompt cannot be made short enough")
            answer = await self._model.ask(prompt, self._limit)
        except NoAnswer as none:
            return replace(blank, unavailable=str(none))
        blank = replace(blank, tokens=answer.read + answer.written, cost=answer.cost)
        try:
            return self._weighed(answer, read(answer, case.rulebook), blank)
        except NoAnswer as none:
            return replace(blank, unavailable=str(none))

    def _weighed(self, answer: Answer, said: Said, blank: Opinion) -> Opinion:
        """What was said as an opinion; doubts make it stricter, never milder."""
        decision: Decision = said.decision
        reason = said.reasons
        if decision != "allow" and not said.rules:
            decision, reason = "escalate", f"no rule cited: {reason}"
        elif decision == "allow" and self.threshold is not None and doubt(answer) >= self.threshold:
            decision, reason = "escalate", f"allowed with little confidence: {reason}"
        if said.allowable_if and decision != "allow":
            reason += f" Allowable if: {said.allowable_if}"
        rules = tuple(dict.fromkeys(said.rules)) if decision != "allow" else ()
        return replace(blank, decision=decision, rules=rules, reason=reason, score=score(answer))

    async def close(self) -> None:
        """Let go of the model."""
        await self._model.close()
