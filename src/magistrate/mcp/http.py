"""The proxy for a server over streamable HTTP: our client's end is standard streams, the server's the MCP library's transport.

Messages keep their content; their spelling is the library's. It needs the extra `mcp`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from magistrate.core.errors import ConfigError
from magistrate.mcp.messages import VERSION, Message, from_server, line_of, not_understood
from magistrate.mcp.proxy import Proxy
from magistrate.mcp.stdio import flush, line_writer, pump, standard_streams, told_to_end
from magistrate.sdk.conversation import Conversation

CONNECT, READ = 30.0, 3600.0
"""Seconds to connect, and between two pieces of an answer: a tool may take long."""


async def serve(url: str, headers: Mapping[str, str], conversation: Conversation, *, server: str) -> int:
    """Stand between our standard streams and the server at `url` until one of them ends. Raises ConfigError and InputError."""
    try:
        import httpx2
        from mcp.client.streamable_http import streamable_http_client
        from mcp.shared.message import ClientMessageMetadata, SessionMessage
        from mcp_types import jsonrpc_message_adapter
    except ImportError:
        raise ConfigError("servers over HTTP need a library: pip install 'magistrate[mcp]'") from None

    reader, writer = await standard_streams()
    to_client = line_writer(writer)
    routing = Routing()
    async with (
        httpx2.AsyncClient(headers=dict(headers), timeout=httpx2.Timeout(CONNECT, read=READ)) as client,
        streamable_http_client(url, http_client=client) as (received, sent),
    ):

        async def to_server(line: bytes) -> None:
            for message in json.loads(line) if line.lstrip()[:1] == b"[" else [json.loads(line)]:
                try:
                    typed = jsonrpc_message_adapter.validate_python(message)
                except ValueError as error:
                    await to_client(line_of(not_understood(f"no JSON-RPC: {error}"[:200], message.get("id"))))
                    continue
                metadata = ClientMessageMetadata(headers=routing.headers(message))
                await sent.send(SessionMessage(typed, metadata=metadata))

        async def pump_server() -> None:
            async for item in received:
                if isinstance(item, Exception):
                    continue  # of a message that failed the transport itself gives an error
                line = item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
                routing.heard(line)
                await proxy.from_server(line)

        proxy = Proxy(conversation, server=server, to_client=to_client, to_server=to_server)
        ends = [
            asyncio.create_task(pump(reader, proxy.from_client)),
            asyncio.create_task(pump_server()),
            asyncio.create_task(told_to_end()),
        ]
        flushing = asyncio.create_task(flush(conversation))
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*ends, flushing):
                task.cancel()
            await asyncio.gather(*ends, flushing, return_exceptions=True)
            await proxy.settle()
    return 0


class Routing:
    """The headers that name a message's version, method and subject, as the protocol wants them over HTTP."""

    def __init__(self) -> None:
        self._version = ""
        self._asked: set[str] = set()

    def headers(self, message: Message) -> dict[str, str]:
        """For a message of the client."""
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        if message.get("method") == "initialize":
            self._version = ""
            self._asked.add(str(message.get("id")))
            return {}
        meta = params.get("_meta")
        own = meta.get(VERSION) if isinstance(meta, dict) else None
        if not isinstance(own, str):
            return {"mcp-protocol-version": self._version} if self._version else {}
        found = {"mcp-protocol-version": own, "mcp-method": str(message.get("method", ""))}
        subject = params.get("name") or params.get("uri")
        return found | ({"mcp-name": _header(subject)} if isinstance(subject, str) else {})

    def heard(self, line: bytes) -> None:
        """The version that the server settled on, from its answer to `initialize`."""
        for message in from_server(line):
            if self._asked and isinstance(message, dict) and str(message.get("id")) in self._asked:
                result: Any = message.get("result")
                if isinstance(result, dict) and isinstance(result.get("protocolVersion"), str):
                    self._version = result["protocolVersion"]
                self._asked.clear()


def _header(value: str) -> str:
    """A value as it may stand in a header: the library's own way for what is not plain."""
    with suppress(ImportError):
        from mcp.shared.inbound import encode_header_value

        return str(encode_header_value(value))
    return value
