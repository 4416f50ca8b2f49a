"""A GGUF file in this process, no server: `magistrate[local]`, through xllamacpp (llama.cpp)."""

from __future__ import annotations

import asyncio
import importlib
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from magistrate.core.errors import ConfigError
from magistrate.models.base import Answer, NoAnswer, Prompt
from magistrate.models.chat import ALTERNATIVES, decoded, read_answer

CONTEXT = 8192
"""Tokens of prompt and answer together."""


class Local:
    """A `models.base.Model` on this machine's processor. One question at a time; the prompt's unchanged beginning is reused."""

    def __init__(self, path: Path, *, name: str = "", context: int = CONTEXT, threads: int = 0, seed: int = 0) -> None:
        """Raises ConfigError when the file or the library is not there. Loading takes seconds."""
        try:
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
            library: Any = importlib.import_module("xllamacpp")
        except ImportError:
            raise ConfigError("a model in process needs the extra: pip install 'magistrate[local]'") from None
        if not path.is_file():
            raise ConfigError(f"{path}: no such model file")
        self.name, self.at_once = name or path.stem, 1
        file = path.stat()
        self.settings: dict[str, Any] = {
            "temperature": 0,
            "seed": seed,
            "context": context,
            "file": [str(path.resolve()), file.st_size, file.st_mtime_ns],
        }
        parameters = library.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = context
        parameters.n_parallel = 1
        parameters.verbosity = -1
        parameters.sampling.seed = seed
        if threads:
            parameters.cpuparams.n_threads = threads
        try:
            self._server: Any = library.Server(parameters)
        except Exception as error:  # noqa: BLE001  the library raises bare exceptions
            raise ConfigError(f"{path}: the model cannot be loaded: {error}") from None
        self._turn = asyncio.Lock()

    async def ask(self, prompt: Prompt, deadline: float) -> Answer:
        """The answer. A question that is late goes on in its thread until the model is done; the next one waits for it."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(deadline):
                await self._turn.acquire()
        except TimeoutError:
            raise NoAnswer("timeout", "the model is busy") from None
        work = asyncio.ensure_future(asyncio.to_thread(self._ask, prompt))
        work.add_done_callback(lambda _: self._turn.release())
        left = deadline - (time.monotonic() - started)
        try:
            raw = await asyncio.wait_for(asyncio.shield(work), max(left, 0.01))
        except TimeoutError:
            raise NoAnswer("timeout", f"no answer in {deadline:g} s") from None
        return read_answer(_decoded(raw), time.monotonic() - started)

    async def close(self) -> None:
        """Wait for a question that is still worked on, then give the memory back."""
        async with self._turn:
            self._server = None

    def _ask(self, prompt: Prompt) -> Any:
        body: dict[str, Any] = {
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}],
            "temperature": 0,
            "seed": self.settings["seed"],
            "max_tokens": prompt.longest,
            "logprobs": True,
            "top_logprobs": ALTERNATIVES,
            "cache_prompt": True,
        }
        if prompt.schema:
            body["response_format"] = {"type": "json_schema", "json_schema": {"schema": prompt.schema}}
        found: list[Any] = []
        try:
            given = self._server.handle_chat_completions(msgspec.json.encode(body).decode(), found.append)
        except Exception as error:  # noqa: BLE001  the library raises bare exceptions
            raise NoAnswer("error", type(error).__name__) from None
        return given if given is not None else found


def _decoded(raw: Any) -> Any:
    """What the library gives: text, bytes or decoded, the last of several."""
    if isinstance(raw, list):
        raw = raw[-1] if raw else {}
    return decoded(raw) if isinstance(raw, str | bytes) else raw
