"""Any endpoint that speaks the OpenAI chat protocol: vLLM, llama.cpp, Ollama, gateways, vendors.

Asked for more than every server has: an answer held to a JSON schema, and log-probabilities. A server that refuses one of them
(HTTP 400 or 422) is asked without it from then on; what it cannot give is absent, never invented.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from magistrate.core.errors import ConfigError
from magistrate.models.base import Answer, NoAnswer, Prompt, Why
from magistrate.models.chat import ALTERNATIVES, read_answer
from magistrate.models.limits import Spending

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

ATTEMPTS = 3
"""Tries within one deadline."""
_PAUSE = 0.25
"""Seconds before the second try; doubled for each further one, unless the server says how long."""
_MILLION = 1e6


class Remote:
    """A `models.base.Model` behind an endpoint."""

    def __init__(
        self,
        name: str,
        *,
        url: str,
        key: str = "",
        at_once: int = 4,
        price: tuple[float, float] = (0.0, 0.0),
        spending: Spending | None = None,
        seed: int = 0,
        extra: dict[str, Any] | None = None,
    ) -> None:
        """`url`: up to and with `/v1`. `at_once`: calls under way at a time; others wait within their deadline. `price`: of a
        million tokens read and written. `extra`: further fields of the request's body. Raises ConfigError without the library."""
        try:
            from openai import AsyncOpenAI
        except ImportError:
            raise ConfigError("asking a model needs the extra: pip install 'magistrate[models]'") from None
        self.name, self.at_once = name, at_once
        self.settings: dict[str, Any] = {"temperature": 0, "seed": seed, **({"extra": extra} if extra else {})}
        self._extra = extra or {}
        self._client = AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0)
        self._turn = asyncio.Semaphore(at_once)
        self._price = price
        self._spending = spending
        self._without: set[str] = set()
        """What this server has refused to take."""

    async def ask(self, prompt: Prompt, deadline: float) -> Answer:
        """The answer, within `deadline` seconds. Raises NoAnswer."""
        started = time.monotonic()
        most = self._most(prompt)
        if self._spending:
            self._spending.reserve(most)
        cost = 0.0
        try:
            async with asyncio.timeout(deadline), self._turn:
                done = await self._try(prompt, started + deadline)
            cost = self._cost(done)
            return read_answer(done.model_dump(), time.monotonic() - started, cost)
        except TimeoutError:
            raise NoAnswer("timeout", f"no answer in {deadline:g} s") from None
        finally:
            if self._spending:
                self._spending.settle(most, cost)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    async def _try(self, prompt: Prompt, until: float) -> ChatCompletion:
        import openai

        pause, attempt = _PAUSE, 0
        while True:
            attempt += 1
            try:
                body = self._body(prompt)
                left = max(0.05, until - time.monotonic())
                done: ChatCompletion = await self._client.chat.completions.create(**body, timeout=left)
                return done
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if not self._do_without(error):
                    raise NoAnswer("error", f"the server refused the request: HTTP {error.status_code}") from None
                attempt -= 1
                continue
            except openai.APITimeoutError:
                raise NoAnswer("timeout", "the server did not answer in time") from None
            except openai.APIStatusError as error:
                why: Why = "overloaded" if error.status_code in (429, 503, 529) else "error"
                passing = why == "overloaded" or error.status_code >= 500 or error.status_code == 408
                detail = f"HTTP {error.status_code}"
                wait = _retry_after(error) or pause
            except openai.APIConnectionError:
                why, passing, detail, wait = "error", True, "the server cannot be reached", pause
            except (openai.OpenAIError, ValueError) as error:  # half an answer, no JSON
                why, passing, detail, wait = "malformed", True, type(error).__name__, pause
            if not passing or attempt >= ATTEMPTS or time.monotonic() + wait >= until:
                raise NoAnswer(why, detail)
            await asyncio.sleep(wait)
            pause *= 2

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "temperature": 0,
            "seed": self.settings["seed"],
            "max_tokens": prompt.longest,
        }
        if prompt.schema and "response_format" not in self._without:
            shape = {"name": "answer", "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        if "logprobs" not in self._without:
            body |= {"logprobs": True, "top_logprobs": ALTERNATIVES}
        if "max_tokens" in self._without:
            body["max_completion_tokens"] = body.pop("max_tokens")
        if "temperature" in self._without:
            body.pop("temperature")
        if self._extra:
            body["extra_body"] = self._extra
        return body

    def _do_without(self, error: Any) -> bool:
        """Note what the server would not take: what its message names, else the next that few servers have."""
        said = str(getattr(error, "message", "")).lower()
        named = [word for word in _OPTIONAL if word in said and word not in self._without]
        left = named or [word for word in ("logprobs", "response_format") if word not in self._without]
        if not left:
            return False
        self._without.add(left[0])
        return True

    def _most(self, prompt: Prompt) -> float:
        read, written = self._price
        length = len(prompt.system) + len(prompt.user)
        return (length * read + prompt.longest * written) / _MILLION  # a token has at least one character

    def _cost(self, done: ChatCompletion) -> float:
        read, written = self._price
        usage = done.usage
        return (usage.prompt_tokens * read + usage.completion_tokens * written) / _MILLION if usage else 0.0


_OPTIONAL = ("response_format", "logprobs", "max_tokens", "temperature")


def _retry_after(error: Any) -> float:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
