"""Shapes of calls: how hosts name tools and arguments.

One `Host` is drawn for each pair, and names each tool once, so both sides of a pair see the same tools.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from magistrate.core.records import Action
from train.pairs.fill import Scene

_VENDORS = [
    "larkpost",
    "quillbox",
    "northdesk",
    "tallyhub",
    "ferryline",
    "orbitcrm",
    "stackyard",
    "pinboard",
    "mossdrive",
    "helmsman",
    "grainbank",
    "tidewise",
]
_KITS = ["tools", "api", "client", "service", "workspace", "app"]


def _camel(words: list[str]) -> str:
    return words[0] + "".join(word.title() for word in words[1:])


Style = Callable[[list[str], list[str], str, str], str]
"""Name of a tool from the words of its verb and object, a vendor and a kit."""

STYLES: dict[str, Style] = {
    "snake": lambda v, o, vendor, kit: "_".join(v + o),
    "camel": lambda v, o, vendor, kit: _camel(v + o),
    "pascal": lambda v, o, vendor, kit: "".join(word.title() for word in v + o),
    "kebab": lambda v, o, vendor, kit: "-".join(v + o),
    "dotted": lambda v, o, vendor, kit: "_".join(o) + "." + "_".join(v),
    "kit": lambda v, o, vendor, kit: f"{kit}.{_camel(v + o)}",
    "mcp": lambda v, o, vendor, kit: f"mcp__{vendor}__" + "_".join(v + o),
    "mcp-kebab": lambda v, o, vendor, kit: f"mcp__{vendor}-{kit}__" + "-".join(v + o),
    "vendor": lambda v, o, vendor, kit: f"{vendor}_" + "_".join(v + o),
    "object-first": lambda v, o, vendor, kit: "_".join(o + v),
    "upper": lambda v, o, vendor, kit: f"{vendor}_{'_'.join(v + o)}".upper(),
    "slashed": lambda v, o, vendor, kit: f"{vendor}/{'_'.join(v + o)}",
}  # fmt: skip


class Shapes(NamedTuple):
    """How a coding host runs commands and touches files."""

    host: str
    shell: str
    command: Callable[[str], dict[str, Any]]
    read: str
    read_key: str
    write: str
    write_keys: tuple[str, str]
    edit: str
    edit_keys: tuple[str, str, str]


CODING: tuple[Shapes, ...] = (
    Shapes("claude-code", "Bash", lambda c: {"command": c, "description": "Run a command"}, "Read", "file_path", "Write", ("file_path", "content"), "Edit", ("file_path", "old_string", "new_string")),
    Shapes("codex", "exec_command", lambda c: {"cmd": c}, "read_file_range", "path", "apply_patch", ("path", "input"), "apply_patch", ("path", "old", "input")),
    Shapes("codex", "shell", lambda c: {"command": ["bash", "-lc", c]}, "view", "path", "apply_patch", ("path", "input"), "apply_patch", ("path", "old", "input")),
    Shapes("openhands", "execute_bash", lambda c: {"command": c, "is_input": "false"}, "str_replace_editor", "path", "str_replace_editor", ("path", "file_text"), "str_replace_editor", ("path", "old_str", "new_str")),
    Shapes("editor", "run_in_terminal", lambda c: {"command": c, "explanation": "needed for the task", "isBackground": False}, "readFile", "filePath", "createFile", ("filePath", "content"), "replaceInFile", ("filePath", "oldString", "newString")),
    Shapes("inspect", "bash", lambda c: {"cmd": c}, "view_text", "path", "put_text", ("path", "text"), "replace_text", ("path", "find", "replace")),
    Shapes("terminal", "terminal.run", lambda c: {"command": c, "timeout": 120}, "fs.read", "path", "fs.write", ("path", "data"), "fs.replace", ("path", "old", "new")),
    Shapes("ops", "mcp__runner__execute_command", lambda c: {"command": c}, "mcp__runner__open_text", "path", "mcp__runner__save_text", ("path", "content"), "mcp__runner__edit_text", ("path", "before", "after")),
)  # fmt: skip


class Host:
    """One host with its habits. `coding`: it has a shell and files."""

    def __init__(self, rng: Random, *, coding: bool) -> None:
        self.rng, self.coding = rng, coding
        self.style = rng.choice(list(STYLES))
        self.vendor, self.kit = rng.choice(_VENDORS), rng.choice(_KITS)
        self.shapes = rng.choice(CODING)
        self.name = self.shapes.host if coding else "generic"
        self._names: dict[str, str] = {}
        self._described = rng.random() < 0.3

    def call(self, tool: str, args: dict[str, Any], scene: Scene) -> Action:
        """A call from the templates of a `Deed`."""
        if tool == "shell":
            return self.shell(scene.fill(args["command"]))
        filled = {self.named(key): scene.value(value) for key, value in args.items()}
        name = self.tool(tool)
        about = f"{tool.split()[0].split('|')[0].replace('_', ' ').capitalize()} a {tool.split()[1].split('|')[0].replace('_', ' ')}."
        return Action(tool=name, arguments=filled, about=about if self._described else "", server=self.server(name))

    def server(self, name: str) -> str:
        """The MCP server that a tool's name speaks of."""
        return name.split("__")[1] if name.startswith("mcp__") else ""

    def tool(self, spec: str) -> str:
        """The name of a tool `verb|verb object|object`, the same each time."""
        if spec not in self._names:
            verb, _, thing = spec.partition(" ")
            words = self.rng.choice(verb.split("|")).split("_"), self.rng.choice(thing.split("|")).split("_")
            self._names[spec] = STYLES[self.style](*words, self.vendor, self.kit)
        return self._names[spec]

    def named(self, key: str) -> str:
        """One of the names of an argument, the same each time."""
        if key not in self._names:
            name = self.rng.choice(key.split("|"))
            camel = self.style in ("camel", "pascal", "kit")
            self._names[key] = _camel(name.split("_")) if camel else name
        return self._names[key]

    def shell(self, command: str) -> Action:
        """A command line, as this host runs it."""
        tool = self.shapes.shell
        return Action(tool=tool, arguments=self.shapes.command(command), server=self.server(tool))

    def read(self, path: str) -> Action:
        """Reading a file of the workspace."""
        shapes = self.shapes
        arguments: dict[str, Any] = {shapes.read_key: path}
        if shapes.read == "str_replace_editor":
            arguments["command"] = "view"
        return Action(tool=shapes.read, arguments=arguments, server=self.server(shapes.read))

    def write(self, path: str, text: str) -> Action:
        """Writing a new file."""
        shapes = self.shapes
        if shapes.write == "apply_patch":
            added = "".join(f"+{line}\n" for line in text.splitlines())
            return Action(
                tool="apply_patch", arguments={"input": f"*** Begin Patch\n*** Add File: {path}\n{added}*** End Patch"}
            )
        arguments: dict[str, Any] = dict(zip(shapes.write_keys, (path, text), strict=True))
        if shapes.write == "str_replace_editor":
            arguments["command"] = "create"
        return Action(tool=shapes.write, arguments=arguments, server=self.server(shapes.write))

    def edit(self, path: str, old: str, new: str) -> Action:
        """Changing a passage of a file."""
        shapes = self.shapes
        if shapes.edit == "apply_patch":
            body = "".join(f"-{line}\n" for line in old.splitlines()) + "".join(
                f"+{line}\n" for line in new.splitlines()
            )
            return Action(
                tool="apply_patch",
                arguments={"input": f"*** Begin Patch\n*** Update File: {path}\n@@\n{body}*** End Patch"},
            )
        arguments: dict[str, Any] = dict(zip(shapes.edit_keys, (path, old, new), strict=True))
        if shapes.edit == "str_replace_editor":
            arguments["command"] = "str_replace"
        return Action(tool=shapes.edit, arguments=arguments, server=self.server(shapes.edit))
