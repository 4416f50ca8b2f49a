"""The proxy over standard streams: the client's are ours, the server is a process that we start."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

from magistrate.core.errors import InputError
from magistrate.mcp.proxy import Proxy
from magistrate.sdk.conversation import Conversation

MAX_LINE = 64 << 20
"""Bytes of one message; a longer one ends the connection."""
PATIENCE = 1.0
"""Seconds for the server to end when its input is closed, and again when it is told to."""
FLUSH = 0.5
"""Seconds between sending what is told to the reviewer without a call."""


async def serve(command: Sequence[str], conversation: Conversation, *, server: str) -> int:
    """Start the server, stand between it and our standard streams until one of them ends. Returns our exit status: the server's
    where it ended by itself.

    Raises InputError when it cannot be started.
    """
    reader, writer = await standard_streams()
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MAX_LINE
        )
    except OSError as error:
        raise InputError(f"cannot be started: {error.strerror or error}", where=command[0]) from None
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018  both are pipes
    proxy = Proxy(conversation, server=server, to_client=line_writer(writer), to_server=line_writer(process.stdin))
    ends = [
        asyncio.create_task(pump(reader, proxy.from_client)),
        asyncio.create_task(pump(process.stdout, proxy.from_server)),
        asyncio.create_task(told_to_end()),
    ]
    flushing = asyncio.create_task(flush(conversation))
    over: set[asyncio.Task[None]] = set()
    try:
        over, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(process)
        # What the server still said on its way out is passed on.
        await asyncio.wait([ends[1]], timeout=PATIENCE)
        for task in (*ends, flushing):
            task.cancel()
        await asyncio.gather(*ends, flushing, return_exceptions=True)
        await proxy.settle()
    status = process.returncode or 0
    return 0 if ends[1] not in over else status if status >= 0 else 128 - status


async def standard_streams() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Our standard input and output. Raises InputError where they are no pipes."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_LINE)
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
        transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout.buffer)
    except (ValueError, OSError) as error:
        raise InputError(
            f"cannot be used: {error}", where="standard input or output", mend="an MCP client starts this command"
        ) from None
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def line_writer(writer: asyncio.StreamWriter) -> Callable[[bytes], Awaitable[None]]:
    async def write(line: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # whoever is gone is noticed by the pump that reads from it
            writer.write(line if line.endswith(b"\n") else line + b"\n")
            await writer.drain()

    return write


async def pump(reader: asyncio.StreamReader, take: Callable[[bytes], Awaitable[None]]) -> None:
    """Hand on each line until the end; a line over `MAX_LINE` is the end too."""
    with contextlib.suppress(ValueError, ConnectionError):
        while line := await reader.readline():
            await take(line)


async def told_to_end() -> None:
    """Returns when somebody tells us to end."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(name, told.set)
    await told.wait()


async def flush(conversation: Conversation) -> None:
    while True:
        await asyncio.sleep(FLUSH)
        await conversation.aflush()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the server as the protocol says: close its input, wait, tell it, wait, kill it."""
    assert process.stdin is not None  # noqa: S101
    process.stdin.close()
    for step in (None, signal.SIGTERM, signal.SIGKILL):
        if step is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(step)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await process.wait()
                return


def server_name(command: Sequence[str]) -> str:
    """How a server is called when nobody says: its program, or what a runner is told to run."""
    runners = {
        "npx",
        "uvx",
        "node",
        "bunx",
        "deno",
        "docker",
        "podman",
        "uv",
        "pipx",
        "run",
        "exec",
        "python",
        "python3",
    }
    for word in command:
        name = os.path.basename(word)
        if not word.startswith("-") and name not in runners:
            return name[:100] or "server"
    return os.path.basename(command[0])[:100] or "server"
