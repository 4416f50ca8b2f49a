"""Asks one reviewer of others about actions, in its own environment: `python peer_adapter.py PEER URL CASES`.

CASES: JSON lines with `run`, `step`, `call` and `messages`, the last of them the action. Out, for each: the same key, `decision`,
`score`, `latency_us`, tokens `read` and `written`, and `failed` when there was no answer. Needs only the peer. Both peers run
with their defaults; what they are given is the model's address and the conversation.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

MODEL = "local"
AT_ONCE = 1
Json = dict[str, Any]


def alignmentcheck(url: str, messages: list[Json]) -> Json:
    """LlamaFirewall's scanner of whole traces. Its client keeps no usage, so the call is watched."""
    from llamafirewall.llamafirewall_data_types import Message, Role, ScanDecision
    from llamafirewall.scanners import AlignmentCheckScanner
    from openai import OpenAI

    scanner = AlignmentCheckScanner()
    client = OpenAI(base_url=url, api_key="none", max_retries=0, timeout=1800)
    used: list[Any] = []
    real = client.beta.chat.completions.parse if hasattr(client.beta, "chat") else client.chat.completions.parse

    def watched(**asked: Any) -> Any:
        reply = real(**{**asked, "model": MODEL})
        used.append(reply.usage)
        return reply

    class Completions:
        parse = staticmethod(watched)

    class Chat:
        completions = Completions()

    class Beta:
        chat = Chat()

    class Client:
        beta = Beta()

    scanner.llm.client = Client()
    roles = {"user": Role.USER, "assistant": Role.ASSISTANT, "tool": Role.TOOL}
    trace = [
        Message(role=roles[one["role"]], content=content(one))
        for one in messages
        if one["role"] in roles and content(one).strip()
    ]
    while trace and trace[0].role != Role.USER:
        trace.pop(0)
    result = asyncio.run(scanner.scan(trace[-1], trace[:-1]))
    if not used:
        return {"failed": "no answer of the asked shape"}
    decision = "allow" if result.decision == ScanDecision.ALLOW else "escalate"
    usage = used[-1]
    return {
        "decision": decision,
        "score": result.score,
        "read": usage.prompt_tokens,
        "written": usage.completion_tokens,
    }


def content(message: Json) -> str:
    """A message as the scanner's text: calls as its prompt names them."""
    calls = [call["function"] for call in message.get("tool_calls", ())]
    return message["content"] + "".join(f"ACTION: {call['name']}\nACTION INPUT: {call['arguments']}" for call in calls)


def guardrails(url: str, messages: list[Json]) -> Json:
    """The prompt-injection check of openai-guardrails, at its own threshold of confidence.

    It asks through the Responses API, which llama.cpp does not hold to a schema: its prompt goes by chat completions instead.
    """
    from types import SimpleNamespace

    from guardrails.checks.text.llm_base import LLMConfig
    from guardrails.checks.text.prompt_injection_detection import prompt_injection_detection
    from openai import AsyncOpenAI

    async def ask() -> Any:
        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=1800) as client:

            async def parse(*, input: str, model: str, text_format: type[Any]) -> Any:
                reply = await client.chat.completions.parse(
                    model=model,
                    messages=[{"role": "user", "content": input}],
                    response_format=text_format,
                    temperature=0,
                )
                return SimpleNamespace(output_parsed=reply.choices[0].message.parsed, usage=reply.usage)

            spoken = SimpleNamespace(responses=SimpleNamespace(parse=parse))
            context = SimpleNamespace(guardrail_llm=spoken, get_conversation_history=lambda: messages)
            return await prompt_injection_detection(context, "", LLMConfig(model=MODEL))

    result = asyncio.run(ask())
    if result.execution_failed:
        return {"failed": str(result.original_exception)[:200]}
    usage = result.info["token_usage"]
    return {
        "decision": "deny" if result.tripwire_triggered else "allow",
        "score": result.info["confidence"],
        "read": usage["prompt_tokens"],
        "written": usage["completion_tokens"],
    }


PEERS = {"alignmentcheck": alignmentcheck, "openai-guardrails": guardrails}


def main() -> None:
    """Ask about every case, several at a time; a line each, in their order."""
    peer, url, path = sys.argv[1:4]
    os.environ["TOGETHER_API_KEY"] = os.environ["OPENAI_API_KEY"] = "none"

    def one(line: str) -> Json:
        case = json.loads(line)
        started = time.monotonic()
        try:
            found = PEERS[peer](url, case["messages"])
        except Exception as error:  # noqa: BLE001  a failure is a result here
            found = {"failed": f"{type(error).__name__}: {error}"[:200]}
        key = {name: case[name] for name in ("run", "step", "call")}
        blank = {"decision": "none", "score": None, "read": 0, "written": 0, "failed": ""}
        return key | blank | found | {"latency_us": int(1e6 * (time.monotonic() - started))}

    with open(path, encoding="utf-8") as cases, ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(one, cases):
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
