"""A proxy between any MCP client and any MCP server that reviews every tool call. See docs/mcp.md."""
