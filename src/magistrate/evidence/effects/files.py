"""File tools of host agents, and patches: what they create, overwrite, delete, move and read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from magistrate.core.records import Effect, EffectKind, Reversibility
from magistrate.evidence.effects.place import Place, looks_production
from magistrate.evidence.effects.schema import Leaf

MAX_FILES = 40
"""Files of one patch that are told apart; beyond it the last is broad."""
_PATCH = re.compile(r"^\*\*\* (?P<what>Add File|Update File|Delete File|Move to): (?P<path>[^\n]{1,1000})$", re.M)
_UNIFIED = re.compile(r"^--- (?P<old>[^\t\n]{1,1000})[^\n]*\n\+\+\+ (?P<new>[^\t\n]{1,1000})", re.M)
_PATH_KEYS = (
    "file_path", "path", "filepath", "filename", "file", "notebook_path", "target_file", "absolute_path", "relative_workspace_path",
    "dir_path", "directory", "target_directory", "folder", "file_name", "uri", "raw",
)  # fmt: skip
_PATH_LISTS = ("paths", "files", "file_paths", "filepaths")
_TEXT_KEYS = (
    "content",
    "contents",
    "file_text",
    "text",
    "body",
    "code",
    "new_source",
    "code_edit",
    "data",
    "file_content",
)
_NEW_KEYS = ("new_string", "new_str", "replacement", "replace")
_OLD_KEYS = ("old_string", "old_str", "search", "find")


def file_effect(
    kind: EffectKind,
    path: str,
    place: Place,
    at: str,
    *,
    reversible: Reversibility | None = None,
    flags: Iterable[str] = (),
    broad: bool = False,
) -> Effect:
    """An effect on one path. Creating a file that the run is known to have written is overwriting it."""
    target = place.resolve(path)
    if kind == "create" and target in place.files:
        kind = "overwrite"
    usual: Mapping[str, Reversibility] = {"read": "yes", "create": "yes", "overwrite": "partly"}
    return Effect(
        kind=kind,
        target=target,
        target_kind="path",
        scope=place.path_scope(path),
        reversible=reversible or usual.get(kind, "unknown"),
        certainty="declared",
        production=looks_production(target),
        broad=broad or place.is_broad(path),
        flags=tuple(flags),
        path=at,
    )


def paths_of(arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    """`(argument, path)` of the files that a file tool is given, in the keys that hosts use."""
    found: list[tuple[str, str]] = []
    for key in _PATH_KEYS:
        value = arguments.get(key)
        if isinstance(value, str) and value.strip():
            found.append((key, value.removeprefix("file://")))
            break
    for key in _PATH_LISTS:
        value = arguments.get(key)
        if isinstance(value, (list, tuple)):
            found += [
                (f"{key}[{at}]", item) for at, item in enumerate(value[:MAX_FILES]) if isinstance(item, str) and item
            ]
    return found


def read_effects(arguments: Mapping[str, Any], place: Place) -> list[Effect]:
    """Reading files or folders; without a path, the working folder."""
    found = paths_of(arguments)
    if not found:
        return [_here(place)]
    return [file_effect("read", path, place, at) for at, path in found]


def search_effects(arguments: Mapping[str, Any], place: Place) -> list[Effect]:
    """Searching under a folder: a `raw` pattern is no path, a `path` is; a pattern that is itself a path counts as one."""
    paths = [(at, path) for at, path in paths_of(arguments) if at != "raw"]
    raw = arguments.get("raw")
    if not paths and isinstance(raw, str) and raw.strip() and len(raw) < 300 and "\n" not in raw:
        paths = [("raw", raw)]
    pattern = arguments.get("pattern") or arguments.get("glob_pattern")
    if isinstance(pattern, str) and pattern.startswith(("/", "~", "../")) and len(pattern) < 1000:
        paths.append(("pattern", pattern))
    return [file_effect("read", path, place, at) for at, path in paths] or [_here(place)]


def _here(place: Place) -> Effect:
    return msgspec.structs.replace(file_effect("read", ".", place, ""), broad=False)


def write_effects(
    kind: EffectKind, arguments: Mapping[str, Any], place: Place, flags: Iterable[str] = ()
) -> list[Effect]:
    """Writing or editing the files that the arguments name; None named gives an effect without target."""
    found = paths_of(arguments)
    if not found:
        return [Effect(kind=kind, target_kind="path", certainty="declared", reversible="partly")]
    return [file_effect(kind, path, place, at, flags=flags) for at, path in found]


# ---------------------------------------------------------------- patches


def is_patch(text: str) -> bool:
    """Whether a text is a patch, in the `*** Begin Patch` form or as a unified diff."""
    head = text[:2000]
    return "*** Begin Patch" in head or bool(_UNIFIED.search(head))


def patch_effects(text: str, place: Place, *, path: str = "input") -> list[Effect]:
    """The effects of applying a patch, from its headers alone."""
    found: list[Effect] = []
    for kind, name, flags in _headers(text):
        if len(found) >= MAX_FILES:
            found[-1] = file_effect("overwrite", name, place, path, flags=("bulk", "cut"), broad=True)
            break
        found.append(file_effect(kind, name, place, path, flags=flags))
    if not found:
        return [Effect(kind="overwrite", target_kind="path", certainty="dynamic", path=path, flags=("unparsed",))]
    return found


def _headers(text: str) -> Iterator[tuple[EffectKind, str, tuple[str, ...]]]:
    if "*** Begin Patch" in text or _PATCH.search(text):
        kinds: Mapping[str, EffectKind] = {
            "Add File": "create",
            "Update File": "overwrite",
            "Delete File": "delete",
            "Move to": "create",
        }
        last = ""
        for match in _PATCH.finditer(text):
            what, name = match["what"], match["path"].strip()
            if what == "Move to" and last:
                yield "delete", last, ("move",)
            yield kinds[what], name, ("move",) if what == "Move to" else ("in-place",) if what == "Update File" else ()
            last = name
        return
    for match in _UNIFIED.finditer(text):
        old, new = (_strip(match[side]) for side in ("old", "new"))
        if new == "/dev/null":
            yield "delete", old, ()
        elif old == "/dev/null":
            yield "create", new, ()
        else:
            if old != new:
                yield "delete", old, ("move",)
            yield "overwrite", new, ("in-place",)


def _strip(name: str) -> str:
    name = name.strip()
    return name[2:] if name.startswith(("a/", "b/")) else name


def added_files(text: str) -> Iterator[tuple[str, str]]:
    """`(path, text)` of the files that a `*** Begin Patch` patch adds whole."""
    for piece in re.split(r"^\*\*\* Add File: ", text, flags=re.M)[1 : MAX_FILES + 1]:
        name, _, rest = piece.partition("\n")
        body = re.split(r"^\*\*\* ", rest, maxsplit=1, flags=re.M)[0]
        yield name.strip(), "".join(line[1:] + "\n" for line in body.splitlines() if line.startswith("+"))


# ---------------------------------------------------------------- what a file tool leaves in the file


def text_written(arguments: Mapping[str, Any], found: Sequence[Leaf], place: Place) -> tuple[str, str] | None:
    """`(absolute path, text)` that a call leaves in a file, when it can be told: whole text, or an edit of a known file."""
    names = [path for _, path in paths_of(arguments)] or [
        leaf.text for leaf in found if leaf.depth == 1 and "path" in leaf.key.roles and "id" not in leaf.key.roles
    ]
    if not names or not names[0]:
        return None
    where = place.resolve(names[0])
    for key in _TEXT_KEYS:
        value = arguments.get(key)
        if isinstance(value, str):
            return where, value
    old, new = (_first(arguments, keys) for keys in (_OLD_KEYS, _NEW_KEYS))
    before = place.files.get(where)
    if before is not None and old and new is not None and old in before:
        return where, before.replace(old, new, -1 if arguments.get("replace_all") else 1)
    return None


def _first(arguments: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    return next((value for key in keys if isinstance(value := arguments.get(key), str)), None)
