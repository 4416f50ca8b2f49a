"""A small real MCP server over standard streams: notes in the working folder, and every way a server can speak to its client."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import SamplingMessage, TextContent, ToolAnnotations
from pydantic import BaseModel

server = MCPServer("notes", instructions="Notes of one folder.")


class Confirmed(BaseModel):
    """What a person answers."""

    sure: bool


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def read_note(path: str) -> str:
    """Read a note."""
    return Path(path).read_text()


@server.tool(annotations=ToolAnnotations(destructive_hint=True))
def delete_note(path: str) -> str:
    """Delete a note."""
    Path(path).unlink()
    return "deleted"


@server.tool()
async def count_words(path: str, ctx: Context) -> int:
    """Count the words of a note, slowly."""
    for step in range(3):
        await ctx.report_progress(step, 3, f"step {step}")
        await asyncio.sleep(0.01)
    return len(Path(path).read_text().split())


@server.tool()
async def read_confirmed(path: str, ctx: Context) -> str:
    """Read a note when the person confirms."""
    answer = await ctx.elicit(f"Read {path}?", Confirmed)
    return Path(path).read_text() if answer.action == "accept" else "not confirmed"


@server.tool()
async def read_summary(path: str, ctx: Context) -> str:
    """Read a summary of a note, written by the client's model."""
    said = await ctx.session.create_message(
        [SamplingMessage(role="user", content=TextContent(type="text", text=Path(path).read_text()))], max_tokens=10
    )
    return str(said.content.text)


@server.tool()
async def list_folders(ctx: Context) -> str:
    """List the folders that the client shows."""
    return ", ".join(str(root.uri) for root in (await ctx.session.list_roots()).roots)


@server.tool()
async def read_never() -> str:
    """Read what never comes."""
    await asyncio.sleep(600)
    return ""


@server.resource("note://about")
def about() -> str:
    """What these notes are."""
    return "Notes of one folder."


@server.prompt()
def summarise(path: str) -> str:
    """Ask for a summary."""
    return f"Summarise {path}."


if __name__ == "__main__":
    if sys.argv[1:]:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run()
