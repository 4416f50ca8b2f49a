"""A chat completion of the OpenAI protocol, as every server gives it, read into an Answer."""

from __future__ import annotations

from typing import Any

from magistrate.models.base import Answer, NoAnswer, Token

ALTERNATIVES = 10
"""Likeliest tokens asked for at each place."""


def read_answer(body: Any, seconds: float, cost: float = 0.0) -> Answer:
    """A decoded chat completion as an Answer. Raises NoAnswer when it holds none that can be used."""
    try:
        if body.get("error"):
            raise NoAnswer("error", str(body["error"].get("type", "")))
        if not body.get("choices"):
            raise NoAnswer("empty", "no choice in the answer")
        choice = body["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text = message.get("content") or ""
        usage = body.get("usage") or {}
        answer = Answer(
            text=text,
            tokens=tuple(
                Token(text=one["token"], others=tuple((o["token"], float(o["logprob"])) for o in one["top_logprobs"]))
                for one in ((choice.get("logprobs") or {}).get("content") or ())
            ),
            read=int(usage.get("prompt_tokens") or 0),
            cached=int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
            written=int(usage.get("completion_tokens") or 0),
            seconds=seconds,
            cost=cost,
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise NoAnswer("malformed", type(error).__name__) from None
    if message.get("refusal") or finish == "content_filter":
        raise NoAnswer("refused", str(finish))
    if not text.strip():
        raise NoAnswer("empty", f"finished with {finish}")
    if finish == "length":
        raise NoAnswer("malformed", "cut off at the limit of its length")
    return answer
