"""Functions of Python's library that only compute: their values, where these can be folded."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Mapping
from typing import Any

from magistrate.evidence.effects import decode
from magistrate.evidence.effects.python_invocation import Invocation, Reader
from magistrate.evidence.effects.python_values import (
    LONG,
    UNKNOWN,
    Text,
    as_text,
    decoded,
    is_text,
    path_join,
)


def _list(call: Invocation) -> Any:
    where = as_text(call.arg(0, "path", "pathname") if call.arg(0, "path", "pathname") is not None else ".")
    if call.name.startswith("glob."):
        return [Text(where.text, where.dynamic, glob=True)]
    if call.name == "os.walk":
        inner = Text(where.text.rstrip("/") + "/**" if where.text != "." else "**", where.dynamic, glob=True)
        return [
            (Text(where.text, where.dynamic), [Text("*", glob=True)], [Text("*", glob=True)]),
            (inner, [Text("*", glob=True)], [Text("*", glob=True)]),
        ]
    return [Text("*", glob=True)]


def _join(call: Invocation) -> Any:
    return path_join(
        [
            value if is_text(value) else Text("{" + ast.unparse(node)[:60] + "}", dynamic=True)
            for value, node in zip(call.args, call.nodes, strict=False)
        ]
        or list(call.args)
    )


def _path(call: Invocation) -> Any:
    if not call.args:
        return Text(".", path=True)
    joined = path_join(call.args)
    value = call.args[0]
    if value is UNKNOWN and len(call.args) == 1:
        return Text("$" + ast.unparse(call.nodes[0])[:80] if call.nodes else "$?", dynamic=True, path=True)
    return Text(joined.text, joined.dynamic, joined.glob, path=True)


def _same(call: Invocation) -> Any:
    return call.args[0] if call.args else UNKNOWN


def _dirname(call: Invocation) -> Any:
    text = as_text(call.arg(0))
    return Text(text.text.rstrip("/").rpartition("/")[0] or ".", text.dynamic, text.glob)


def _basename(call: Invocation) -> Any:
    text = as_text(call.arg(0))
    return Text(text.text.rsplit("/", 1)[-1], text.dynamic, text.glob)


def _constant(value: Any) -> Reader:
    return lambda call: value


def _chr(call: Invocation) -> Any:
    value = call.arg(0)
    return chr(value) if isinstance(value, int) and 0 < value < 0x110000 else UNKNOWN


def _ord(call: Invocation) -> Any:
    value = call.arg(0)
    return ord(value) if isinstance(value, str) and len(value) == 1 else UNKNOWN


def _str(call: Invocation) -> Any:
    value = call.arg(0)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if is_text(value) else str(value) if isinstance(value, (int, float)) else UNKNOWN


def _bytes(call: Invocation) -> Any:
    value = call.arg(0)
    if isinstance(value, (list, tuple)) and all(isinstance(item, int) and 0 <= item < 256 for item in value):
        return bytes(value)
    return value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else UNKNOWN


def _items(call: Invocation) -> Any:
    value = call.arg(0)
    if isinstance(value, (list, tuple, str, bytes)):
        return list(reversed(value)) if call.name == "reversed" else list(value)
    return UNKNOWN


def _range(call: Invocation) -> Any:
    if call.args and all(isinstance(value, int) for value in call.args):
        try:
            numbers = range(*call.args[:3])
        except ValueError:
            return UNKNOWN
        return list(numbers) if len(numbers) <= 4096 else UNKNOWN
    return UNKNOWN


def _integer(call: Invocation) -> Any:
    value, base = call.arg(0), call.arg(1, "base")
    try:
        if isinstance(value, str) and len(value) < 20:
            return int(value, base if isinstance(base, int) else 10)
    except ValueError:
        return UNKNOWN
    return value if isinstance(value, int) else UNKNOWN


def _zip(call: Invocation) -> Any:
    if all(isinstance(value, (list, tuple, str)) for value in call.args):
        return [tuple(row) for row in zip(*call.args, strict=False)][:4096]
    return UNKNOWN


def _enumerate(call: Invocation) -> Any:
    value = call.arg(0)
    return list(enumerate(value))[:4096] if isinstance(value, (list, tuple, str)) else UNKNOWN


def _fromhex(call: Invocation) -> Any:
    return (
        decode.from_hex(call.args[0])
        if call.args and isinstance(call.args[0], str) and len(call.args[0]) < LONG
        else UNKNOWN
    )


def _words(call: Invocation) -> Any:
    try:
        return shlex.split(call.args[0]) if call.args and isinstance(call.args[0], str) else UNKNOWN
    except ValueError:
        return UNKNOWN


PLAIN: Mapping[str, Reader] = {
    **dict.fromkeys(("os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob"), _list),
    **dict.fromkeys(("os.path.join", "posixpath.join"), _join),
    **dict.fromkeys(("pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath", "Path"), _path),
    **dict.fromkeys(("os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expanduser", "os.path.expandvars", "os.fspath", "shlex.quote", "tqdm.tqdm", "tqdm", "sorted", "shutil.which"), _same),
    "os.path.dirname": _dirname, "os.path.basename": _basename, "os.getcwd": _constant("."), "pathlib.Path.cwd": _constant(Text(".", path=True)), "pathlib.Path.home": _constant(Text("~", path=True)),
    **dict.fromkeys(("tempfile.mkdtemp", "tempfile.mktemp", "tempfile.gettempdir"), _constant("/tmp/tmp.XXXXXX")),  # noqa: S108
    **dict.fromkeys(("os.path.exists", "os.path.isfile", "os.path.isdir", "isinstance", "hasattr", "len"), _constant(UNKNOWN)),
    "chr": _chr, "unichr": _chr, "ord": _ord, "str": _str, **dict.fromkeys(("bytes", "bytearray"), _bytes), **dict.fromkeys(("list", "tuple", "reversed", "set", "iter"), _items),
    **dict.fromkeys(("range", "xrange"), _range), "int": _integer, "zip": _zip, "enumerate": _enumerate, **dict.fromkeys(("bytes.fromhex", "bytearray.fromhex"), _fromhex),
    "codecs.decode": lambda call: decoded("codecs.decode", call.args), "shlex.split": _words,
}  # fmt: skip
"""By dotted name."""
