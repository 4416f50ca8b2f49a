"""Any endpoint that speaks the OpenAI chat protocol: vLLM, llama.cpp, Ollama, gateways, vendors.

Asked for more than every server has: an answer held to a JSON schema, and log-probabilities. A server that refuses one of them
(HTTP 400 or 422) is asked without it, from then on where that helped; what it cannot give is absent, never invented.

What comes back is held to what a review needs: no redirection is followed, for the prompt is meant for this host alone, and a body
that goes on and on is dropped.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from magistrate.core.errors import ConfigError
from magistrate.models.base import Answer, NoAnswer, Prompt, Why
from magistrate.models.chat import ALTERNATIVES, decoded, read_answer, usage_of
from magistrate.models.limits import Spending

if TYPE_CHECKING:
    import openai

ATTEMPTS = 3
"""Tries within one deadline."""
LARGEST = 2**22
"""Bytes of a body that are read: an answer with its probabilities has a hundredth of them."""
_PAUSE = 0.25
"""Seconds before the second try; doubled for each further one, unless the server says how long."""
_MILLION = 1e6
_FRAME = 200
"""Tokens that a server's template may add to a prompt."""
_OPTIONAL = ("response_format", "logprobs", "max_tokens", "temperature")
_MENDS = {
    401: "the key is refused: see key_env or key_file",
    403: "the key may not do this: see key_env or key_file",
    404: "no such place or model: the url goes up to and with /v1, the name is as the server calls it",
}
_ELSEWHERE = "the server sends elsewhere, and no prompt follows it: put the place itself into the url"


class Passing(NoAnswer):
    """Trouble that may be over when it is tried again. `wait`: seconds that the server asks for; 0: it does not say."""

    def __init__(self, why: Why, detail: str, wait: float = 0.0) -> None:
        super().__init__(why, detail)
        self.wait = wait


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
        million tokens read and written. `extra`: further fields of the request's body. `spending` is closed with the model. Raises
        ConfigError without the library."""
        try:
            import openai
        except ImportError:
            raise ConfigError("asking a model needs the extra: pip install 'magistrate[models]'") from None
        self.name, self.at_once = name, at_once
        self.settings: dict[str, Any] = {
            "temperature": 0,
            "seed": seed,
            "url": url,
            **({"extra": extra} if extra else {}),
        }
        self._extra = extra or {}
        http = getattr(openai, "DefaultAsyncHttpx2Client", openai.DefaultAsyncHttpxClient)(follow_redirects=False)
        self._client = openai.AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0, http_client=http)
        self._turn = asyncio.Semaphore(at_once)
        self._price = price
        self._spending = spending
        self._without: frozenset[str] = frozenset()
        """What this server does not take."""

    async def ask(self, prompt: Prompt, deadline: float) -> Answer:
        """The answer, within `deadline` seconds. Raises NoAnswer."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(deadline), self._turn:
                body, cost = await self._try(prompt, started + deadline)
        except TimeoutError:
            raise NoAnswer("timeout", f"no answer in {deadline:g} s") from None
        return read_answer(body, time.monotonic() - started, cost)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()
        if self._spending:
            self._spending.close()

    async def _try(self, prompt: Prompt, until: float) -> tuple[Any, float]:
        """The decoded body and its cost, after as many tries as it takes."""
        import openai

        pause, attempt, without = _PAUSE, 1, self._without
        while True:
            try:
                found = await self._counted(prompt, without)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                without = _spared(error, without)
            except Passing as trouble:
                wait = trouble.wait or pause
                if attempt >= ATTEMPTS or time.monotonic() + wait >= until:
                    raise
                await asyncio.sleep(wait)
                pause, attempt = 2 * pause, attempt + 1
            else:
                self._without = without  # it helped, so it was no fault of this one prompt
                return found

    async def _counted(self, prompt: Prompt, without: frozenset[str]) -> tuple[Any, float]:
        """One try and its cost; 0 where the server does not say. What is late or breaks off counts with the most it may cost."""
        import openai

        cost = most = self._most(prompt)
        call = self._spending.reserve(most) if self._spending else 0
        try:
            body = await self._fetch(self._body(prompt, without))
            usage = usage_of(body)
            cost = self._cost(*usage) if usage else most
            return body, cost if usage else 0.0
        except openai.APIStatusError as error:
            cost = 0.0
            if error.status_code in (400, 422):
                raise
            raise _failed(error) from None
        except openai.APIConnectionError as error:
            if type(error.__cause__).__name__.startswith("Connect"):
                cost = 0.0
            raise Passing("error", "the server cannot be reached") from None
        except (openai.OpenAIError, ValueError) as error:
            raise NoAnswer("error", type(error).__name__) from None
        finally:
            if self._spending:
                self._spending.settle(call, cost)

    async def _fetch(self, body: dict[str, Any]) -> Any:
        """What the server gives for a request, decoded. Raises NoAnswer, and the library's errors before an answer begins."""
        data = bytearray()
        create = self._client.chat.completions.with_streaming_response.create
        async with create(**body, timeout=None) as response:  # whoever asks keeps the deadline
            try:
                async for piece in response.iter_bytes():
                    data += piece
                    if len(data) > LARGEST:
                        break
            except Exception as error:  # noqa: BLE001  the library below has errors of its own
                raise Passing("error", f"the answer broke off: {type(error).__name__}") from None
        if len(data) > LARGEST:
            raise NoAnswer("malformed", f"an answer of more than {LARGEST >> 20} MiB")
        try:
            return decoded(bytes(data))
        except NoAnswer as none:  # half an answer, or a page of some gateway
            raise Passing(none.why, none.detail) from None

    def _body(self, prompt: Prompt, without: frozenset[str]) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.name,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "temperature": 0,
            "seed": self.settings["seed"],
            "max_tokens": prompt.longest,
        }
        if prompt.schema and "response_format" not in without:
            shape = {"name": "answer", "strict": True, "schema": prompt.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        if "logprobs" not in without:
            body |= {"logprobs": True, "top_logprobs": ALTERNATIVES}
        if "max_tokens" in without:
            body["max_completion_tokens"] = body.pop("max_tokens")
        if "temperature" in without:
            body.pop("temperature")
        if self._extra:
            body["extra_body"] = self._extra
        return body

    def _most(self, prompt: Prompt) -> float:
        """What one try may cost: a token has at least one byte."""
        length = sum(len(text.encode("utf-8", "replace")) for text in (prompt.system, prompt.user))
        return self._cost(length + len(msgspec.json.encode(prompt.schema)) + _FRAME, prompt.longest)

    def _cost(self, tokens_read: int, tokens_written: int) -> float:
        read, written = self._price
        return (tokens_read * read + tokens_written * written) / _MILLION


def _spared(error: openai.APIStatusError, without: frozenset[str]) -> frozenset[str]:
    """What to do without next: what the server's message names, else what few servers have. Raises NoAnswer: nothing is left."""
    if str(error.code) in ("content_filter", "content_policy_violation"):
        raise NoAnswer("refused", str(error.code)) from None
    said = str(error.message).lower()
    named = [word for word in _OPTIONAL if word in said and word not in without]
    left = named or [word for word in ("logprobs", "response_format") if word not in without]
    if not left:
        raise NoAnswer("error", f"the server refused the request: HTTP {error.status_code}") from None
    return without | {left[0]}


def _failed(error: openai.APIStatusError) -> NoAnswer:
    """A status that is no answer, by its name; what may pass says when to come back."""
    status = error.status_code
    mend = _MENDS.get(status, _ELSEWHERE if 300 <= status < 400 else "")
    detail = f"HTTP {status}: {mend}" if mend else f"HTTP {status}"
    if status in (429, 503, 529):
        return Passing("overloaded", detail, wait=_retry_after(error))
    return Passing("error", detail) if status >= 500 or status == 408 else NoAnswer("error", detail)


def _retry_after(error: openai.APIStatusError) -> float:
    """Seconds; 0 where it is not said so (a date is none: clocks differ)."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "0")))
    except ValueError:
        return 0.0
