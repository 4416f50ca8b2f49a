"""Programs nobody listed: their name is all that is known, save for a plain verb among their first words."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Scene, Word, as_command, effect
from magistrate.evidence.effects.commands import cli, verbs

_PLAIN = re.compile(r"[A-Za-z][\w:.-]{1,40}")
_GRAVE = frozenset({"delete"})
_GRAVE_OPTIONS = re.compile(
    r"--?(?:delete|destroy|purge|wipe|drop|erase|terminate|remove-all|delete-\w[\w-]*|drop-\w[\w-]*)", re.I
)
_SCRIPT = re.compile(r"\.(?:sh|bash|zsh|py|rb|pl|js|ts|php|ps1|bat|cmd|run|bin)$", re.I)
_TOOL = cli.Tool(name="", scope="unknown")


def unknown_program(command: Command, scene: Scene) -> Iterator[Effect]:
    """`execute`, guessed; and what the words say where they name a removal (`borgtool archive delete x`)."""
    asked = command.asked or command.name
    if "/" in asked or _SCRIPT.search(asked):
        yield from run_file(Word(text=asked, dynamic=asked.startswith("$")), command, scene)
        return
    yield effect("execute", command.name, "code", command, scope="local", certainty="guessed")
    if command.has("--help", "--version") or command.pretends("--dry-run"):
        return
    if "--" in (texts := command.texts()) and (words := command.words[texts.index("--") + 1 :]):
        yield from _behind_dashes(words, command, scene)
    operands = command.operands()[:3]
    texts = [word.text for word in operands if _PLAIN.fullmatch(word.text) and not word.dynamic]
    found = verbs.find_verb(texts) if len(texts) == len(operands) or texts else None
    option = next((word.text for word in command.words if _GRAVE_OPTIONS.fullmatch(word.text.partition("=")[0])), None)
    if found is not None and found[1] in _GRAVE and found[0] <= 2:
        tool = msgspec.structs.replace(_TOOL, name=command.name)
        for item in cli.effects(tool, command, scene):
            yield msgspec.structs.replace(item, certainty="guessed" if item.certainty == "parsed" else item.certainty)
    elif option is not None:
        yield effect(
            "infrastructure",
            " ".join([command.name, option]),
            "resource",
            command,
            reversible="no",
            certainty="guessed",
        )


def _behind_dashes(words: tuple[Word, ...], command: Command, scene: Scene) -> Iterator[Effect]:
    """What stands behind `--` may be a command to run (`anyrunner -- rm -rf x`): what is known of it, were it one."""
    for item in scene.command(as_command(words, command, command.name)):
        if item.kind != "execute":
            yield msgspec.structs.replace(item, certainty="guessed" if item.certainty == "parsed" else item.certainty)


def run_file(
    word: Word, command: Command, scene: Scene, language: str = "", args: tuple[Word, ...] = ()
) -> Iterator[Effect]:
    """Run a file: what is in it, where that is known; else `execute` with flag `unseen-script`."""
    if word.dynamic:
        yield effect("execute", word.text, "code", command, dynamic=True)
        return
    kind, text = scene.content(word.text)
    if kind == "text":
        yield from run_text(
            text,
            language or language_of(word.text, text),
            command,
            scene,
            (*command.via, word.text.rsplit("/", 1)[-1]),
            args,
        )
        return
    if kind == "network":
        yield effect(
            "execute",
            text,
            "url",
            command,
            scope="remote",
            flags=("piped-from-network",),
            dynamic=True,
            reversible="no",
        )
        return
    path = scene.place.resolve(word.text)
    yield effect(
        "execute", path, "path", command, scope=scene.place.path_scope(word.text), flags=("unseen-script",), dynamic=kind == "dynamic"
    )  # fmt: skip


def run_text(
    text: str, language: str, command: Command, scene: Scene, via: tuple[str, ...], args: tuple[Word, ...] = ()
) -> Iterator[Effect]:
    """Run text whose language is known."""
    if language == "shell":
        yield from scene.shell(text, via=via, path=command.path, args=args)
    elif language:
        yield from scene.code(language, text, via=via, path=command.path)
    else:
        yield effect("execute", text[:80], "code", command, dynamic=True)


_BY_NAME = {
    "sh": "shell", "bash": "shell", "zsh": "shell", "ksh": "shell", "dash": "shell", "command": "shell", "py": "python", "pyw": "python",
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "ts": "javascript", "pl": "perl", "pm": "perl", "rb": "ruby",
    "php": "php", "lua": "lua", "ps1": "powershell", "awk": "awk", "sql": "sql", "r": "r",
}  # fmt: skip
_BY_SHEBANG = re.compile(r"#!\s*(?:\S*/env\s+(?:-\S+\s+)*)?(?:\S*/)?(\w+?)[\d.]*(?:\s|$)")
_INTERPRETERS = {
    "sh": "shell", "bash": "shell", "zsh": "shell", "ksh": "shell", "dash": "shell", "ash": "shell", "python": "python", "pypy": "python",
    "node": "javascript", "nodejs": "javascript", "deno": "javascript", "bun": "javascript", "perl": "perl", "ruby": "ruby", "php": "php",
    "lua": "lua", "awk": "awk", "gawk": "awk", "pwsh": "powershell", "make": "", "Rscript": "r",
}  # fmt: skip


def language_of(path: str, text: str) -> str:
    """The language of a file, by its first line, then by its name; `shell` where nothing says, as `execve` falls back to."""
    match = _BY_SHEBANG.match(text)
    if match:
        return _INTERPRETERS.get(match[1], "")
    name = path.rsplit("/", 1)[-1]
    return _BY_NAME.get(name.rsplit(".", 1)[-1].lower(), "shell") if "." in name else "shell"
