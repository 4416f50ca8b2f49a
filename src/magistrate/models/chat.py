"""A chat completion of the OpenAI protocol, as every server gives it, read into an Answer."""

from __future__ import annotations

from math import isfinite
from typing import Any

import msgspec

from magistrate.models.base import Answer, NoAnswer, Token

ALTERNATIVES = 10
"""Likeliest tokens asked for at each place."""
_MOST_TOKENS = 10**9
"""A larger count is noise; counts go into the ledger and into what was spent."""
_CERTAIN = 0.001
"""Logarithm of a probability of 1, and what servers round it to."""


def decoded(raw: bytes | str) -> Any:
    """A body as JSON. Raises NoAnswer (`malformed`)."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NoAnswer("malformed", type(error).__name__) from None


def usage_of(body: Any) -> tuple[int, int] | None:
    """Tokens read and written, as the server counts them; None where it does not say both."""
    usage = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return (_count(read), _count(written)) if _is_number(read) and _is_number(written) else None


def read_answer(body: Any, seconds: float, cost: float = 0.0) -> Answer:
    """A decoded chat completion as an Answer. Raises NoAnswer when it holds none that can be used."""
    try:
        if failed := body.get("error"):
            raise NoAnswer("error", str(failed.get("type", "") if isinstance(failed, dict) else failed))
        if not body.get("choices"):
            raise NoAnswer("empty", "no choice in the answer")
        if len(body["choices"]) > 1:
            raise NoAnswer("malformed", f"{len(body['choices'])} answers instead of one")
        choice = body["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        text = message.get("content") or ""
        if not isinstance(text, str):
            raise NoAnswer("malformed", f"{type(text).__name__} instead of text")
        usage = body.get("usage") or {}
        answer = Answer(
            text=text,
            tokens=_tokens(choice.get("logprobs")),
            read=_count(usage.get("prompt_tokens")),
            cached=_count((usage.get("prompt_tokens_details") or {}).get("cached_tokens")),
            written=_count(usage.get("completion_tokens")),
            seconds=seconds,
            cost=cost,
        )
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise NoAnswer("malformed", type(error).__name__) from None
    if message.get("refusal") or finish == "content_filter":
        raise NoAnswer("refused", str(finish))
    if not text.strip():
        raise NoAnswer("empty", f"finished with {finish}")
    if finish == "length":
        raise NoAnswer("malformed", "cut off at the limit of its length")
    return answer


def _tokens(given: Any) -> tuple[Token, ...]:
    """The tokens, each with the likeliest at its place. None at all where the server gives anything but tokens."""
    if not isinstance(given, dict) or not isinstance(given.get("content"), list):
        return ()
    found = [_token(one) for one in given["content"]]
    sound = tuple(token for token in found if token)
    return sound if len(sound) == len(found) else ()


def _token(one: Any) -> Token | None:
    text = one.get("token") if isinstance(one, dict) else None
    return Token(text=text, others=_others(one)) if isinstance(text, str) else None


def _others(one: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    """The likeliest at one place; none unless all of them are sound: no score is made of a part."""
    try:
        found = tuple((other["token"], other["logprob"]) for other in one.get("top_logprobs") or ())
    except (KeyError, TypeError):
        return ()
    sound = all(isinstance(word, str) and _is_number(value) and value < _CERTAIN for word, value in found)
    return found if sound else ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _count(value: Any) -> int:
    """A count of tokens; 0 for what is none."""
    return min(max(int(value), 0), _MOST_TOKENS) if _is_number(value) else 0
