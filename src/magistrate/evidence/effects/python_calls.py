"""What calls of Python's library, and of the libraries that agents use, do: tables by dotted name and by method name."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import msgspec

from magistrate.core.records import Effect, EffectKind, TargetKind
from magistrate.evidence.effects import decode
from magistrate.evidence.effects.builtins import assignment_effects
from magistrate.evidence.effects.command import Command, Scene, Word, effect, path_effect, write_effect
from magistrate.evidence.effects.place import host_scope
from magistrate.evidence.effects.python_values import (
    LONG,
    UNKNOWN,
    Instance,
    Local,
    Ref,
    Text,
    as_text,
    as_word,
    decoded,
    is_text,
    path_join,
)  # fmt: skip
from magistrate.evidence.effects.sql import effects_of_sql, looks_like_sql


class Host(Protocol):
    """The walk that meets the call."""

    scene: Scene
    command: Command
    names: dict[str, Any]

    def report(self, item: Effect | Iterable[Effect]) -> None: ...
    def dynamic(self, node: ast.AST | str, *flags: str) -> None: ...
    def invoke(self, function: Any, args: list[Any], named: Mapping[str, Any], node: ast.AST) -> Any: ...
    def items(self, value: Any) -> list[Any]: ...


@runtime_checkable
class Recorder(Protocol):
    """A scene that remembers files written on the way."""

    def wrote(self, path: str, text: str, *, append: bool = False) -> None: ...


@dataclass(slots=True)
class Invocation:
    """One call: the name it is known by, its arguments' values and expressions."""

    name: str
    args: list[Any]
    nodes: list[Any]
    named: Mapping[str, Any]
    node: ast.AST
    host: Host

    def arg(self, at: int, *names: str) -> Any:
        """An argument by place or name; None when it is not given."""
        if at < len(self.args):
            return self.args[at]
        return next((self.named[name] for name in names if name in self.named), None)

    def word(self, at: int = 0, *names: str) -> Word:
        """An argument as a word; an unknown one stands as written."""
        value = self.arg(at, *names)
        if value is None:
            return Word(text="$" + ast.unparse(self.node)[:80], dynamic=True)
        return as_word(value, self.nodes[at] if at < len(self.nodes) else None)

    def path(self, kind: EffectKind, word: Word, **options: Any) -> None:
        self.host.report(path_effect(kind, word, self.host.command, self.host.scene, **options))

    def write(self, word: Word, *flags: str, replaces: bool | None = None) -> None:
        self.host.report(write_effect(word, self.host.command, self.host.scene, flags=flags, replaces=replaces))

    def other(self, kind: EffectKind, target: str, target_kind: TargetKind, **options: Any) -> None:
        self.host.report(effect(kind, target, target_kind, self.host.command, **options))

    def shell(self, text: str) -> None:
        """The call runs shell text."""
        self.host.report(
            self.host.scene.shell(text, via=(*self.host.command.via, self.name), path=self.host.command.path)
        )


Reader = Callable[[Invocation], Any]


def call_name(call: Invocation) -> Any:
    """A call of a function known by its dotted name; gives its value."""
    reader = _BY_NAME.get(call.name)
    if reader is not None:
        return reader(call)
    module, _, last = call.name.rpartition(".")
    if module.split(".")[0] in _HTTP and last in _VERBS:
        return _request(call, last)
    if last in _DECODERS:
        return decoded(call.name, call.args)
    if re.match(r"os\.(?:exec|spawn|posix_spawn)", call.name):
        return _exec(call)
    if last in _METHODS and module.split(".")[0] not in ("os", "np", "numpy", "pd"):
        done = call_method(Invocation(last, call.args, call.nodes, call.named, call.node, call.host), Instance(module))
        if done is not None:
            return done
    return Instance(call.name, call.args[0] if call.args else None)


def call_method(call: Invocation, owner: Any) -> Any:
    """A method call; None when the name says nothing (the caller folds it then)."""
    reader = _METHODS.get(call.name)
    return None if reader is None else reader(call, owner)


# ---------------------------------------------------------------- files


def _delete(flags: tuple[str, ...] = (), reversible: str = "no") -> Reader:
    def read(call: Invocation) -> Any:
        call.path("delete", call.word(0, "path"), flags=flags, reversible=reversible)
        return None

    return read


def _paths(kind: EffectKind, at: int = 0, *names: str, reversible: str = "unknown") -> Reader:
    def read(call: Invocation) -> Any:
        call.path(kind, call.word(at, *names), reversible=reversible)
        return None

    return read


def _move(call: Invocation) -> Any:
    source, target = call.word(0, "src"), call.word(1, "dst")
    place = call.host.scene.place
    if (
        source.dynamic
        or place.path_scope(source.text) not in ("workspace", "temp")
        or place.path_scope(source.text) != place.path_scope(target.text)
    ):
        call.path("delete", source, reversible="yes", flags=("move",))
    call.write(target)
    return None


def _copy(call: Invocation) -> Any:
    call.path("read", call.word(0, "src"), reversible="yes")
    call.write(call.word(1, "dst"))
    return None


def _open(call: Invocation) -> Any:
    mode = as_text(call.arg(1, "mode") if call.arg(1, "mode") is not None else "r").text
    word = call.word(0, "file", "name", "filename")
    if isinstance(call.arg(0, "file"), int):
        return UNKNOWN
    if mode[:1] in ("w", "x"):
        call.write(word)
    elif mode[:1] == "a":
        call.write(word, "append")
    elif "+" in mode:
        call.write(word, "in-place", replaces=True)
    else:
        call.path("read", word, reversible="yes")
        kind, text = call.host.scene.content(word.text) if not word.dynamic else ("file", "")
        return Instance("open", text if kind == "text" else None)
    return Instance("open:w" + ("a" if mode[:1] == "a" else ""), word)


def _permission(call: Invocation) -> Any:
    mode = call.arg(1, "mode")
    flags = []
    if isinstance(mode, int) and call.name.endswith("chmod"):
        flags = [name for name, bits in (("world-writable", 0o002), ("setuid", 0o6000)) if mode & bits]
    call.path("permission", call.word(0, "path"), flags=flags, reversible="yes")
    return None


def _archive(call: Invocation) -> Any:
    mode = as_text(call.arg(1, "mode") if call.arg(1, "mode") is not None else "r").text
    if mode[:1] in "wxa":
        call.write(call.word(0, "file", "name"))
    else:
        call.path("read", call.word(0, "file", "name"), reversible="yes")
    return Instance(call.name, call.arg(0, "file", "name"))


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


# ---------------------------------------------------------------- running things


def _system(call: Invocation) -> Any:
    run_text(call, call.arg(0, "command", "cmd"), call.nodes[0] if call.nodes else call.node)
    return Instance(call.name)


def run_text(call: Invocation, value: Any, node: ast.AST) -> None:
    """Shell text that a call runs; what is not known of it makes it dynamic."""
    if not is_text(value) and not isinstance(value, bytes):
        call.host.dynamic(node)
        return
    text = as_text(value)
    line = re.sub(r"\{[^{}]*\}", "$VALUE", text.text) if text.dynamic else text.text
    if text.dynamic and not re.match(r"\s*[\w./-]+\s", line):
        call.host.dynamic(node)
    call.shell(line)


def _process(call: Invocation) -> Any:
    given = call.arg(0, "args", "cmd", "command")
    node = call.nodes[0] if call.nodes else call.node
    if call.named.get("executable") is not None and is_text(call.named["executable"]):
        call.other("execute", as_text(call.named["executable"]).text, "path", flags=("unseen-script",))
    if call.name.endswith("create_subprocess_exec") or (call.name == "pty.spawn" and isinstance(given, list)):
        given = list(call.args) if call.name.endswith("exec") else given
    if isinstance(given, (list, tuple)):
        if call.named.get("shell") is True and given:
            given = given[:1]
        _arguments(call, list(given), node)
    elif is_text(given) or isinstance(given, bytes):
        run_text(call, given, node)
    else:
        call.host.dynamic(node)
    return Instance("subprocess")


def _arguments(call: Invocation, items: list[Any], node: ast.AST) -> None:
    if not items:
        return
    written = (
        node.elts if isinstance(node, (ast.List, ast.Tuple)) and len(node.elts) == len(items) else [None] * len(items)
    )
    words = [as_word(item, at) for item, at in zip(items, written, strict=False)]
    host = call.host
    first = words[0]
    if first.dynamic:
        if isinstance(items[0], Ref) and items[0].name == "sys.executable":
            first = Word(text="python3")
        else:
            host.dynamic(node)
            return
    stdin = call.named.get("input")
    host.report(
        host.scene.command(
            Command(
                name=first.text.rsplit("/", 1)[-1], words=tuple(words[1:]), via=(*host.command.via, call.name), path=host.command.path, asked=first.text,
                input="text" if is_text(stdin) else "none", stdin=as_text(stdin).text if is_text(stdin) else "",
            )
        )
    )  # fmt: skip


def _exec(call: Invocation) -> Any:
    name = call.name.rpartition(".")[2]
    args = list(call.args)
    if name.startswith("spawn") and args:
        args = args[1:]
    if name.startswith(("execv", "spawnv", "posix_spawn")) and len(args) > 1:
        args = list(args[1]) if isinstance(args[1], (list, tuple)) else [args[0], UNKNOWN]
    elif args:
        args = args[1:] or args
    _arguments(call, args, call.node)
    return None


def _evaluate(call: Invocation) -> Any:
    value = call.arg(0, "source")
    if isinstance(value, Instance) and value.of == "compile":
        value = value.about
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        source = ast.unparse(call.node)
        call.host.dynamic(call.node, *(("piped-from-network",) if re.search(r"requests|urlopen|httpx", source) else ()))
        return UNKNOWN
    hidden = bool(call.nodes) and not isinstance(call.nodes[0], (ast.Constant, ast.Name, ast.JoinedStr))
    found = call.host.scene.code("python", value, via=(*call.host.command.via, call.name), path=call.host.command.path)
    for item in found:
        if hidden and re.search(r"b64|hex|decompress|rot|decode", ast.unparse(call.node)):
            item = msgspec.structs.replace(item, flags=(*item.flags, "decoded"))
        call.host.report(item)
    return UNKNOWN


def _compile(call: Invocation) -> Any:
    return Instance("compile", call.arg(0, "source"))


def _import(call: Invocation) -> Any:
    name = call.arg(0, "name")
    if isinstance(name, str):
        return Ref(name if call.name != "__import__" else name.split(".")[0])
    call.host.dynamic(call.node)
    return Instance("getattr")


def _getattr(call: Invocation) -> Any:
    owner, name = call.arg(0), call.arg(1)
    if not isinstance(name, str):
        return Instance("getattr") if isinstance(owner, Ref) else UNKNOWN
    if isinstance(owner, Ref):
        return Ref(name if owner.name == "builtins" else f"{owner.name}.{name}")
    return UNKNOWN


def _attrgetter(call: Invocation) -> Any:
    return UNKNOWN


def _each(call: Invocation) -> Any:
    """`map(f, items)`."""
    function, items = call.arg(0), call.arg(1)
    if function is None:
        return UNKNOWN
    return [call.host.invoke(function, [item], {}, call.node) for item in call.host.items(items)[:4096]]


def _target(call: Invocation) -> Any:
    """`Thread(target=f, args=(...))`."""
    target = call.named.get("target", call.arg(1))
    args = call.named.get("args", ())
    if isinstance(target, (Ref, Local)):
        call.host.invoke(target, list(args) if isinstance(args, (list, tuple)) else [UNKNOWN], {}, call.node)
    return Instance("thread")


def _register(call: Invocation) -> Any:
    if call.args and isinstance(call.args[0], (Ref, Local)):
        call.host.invoke(call.args[0], call.args[1:], {}, call.node)
    return None


def _partial(call: Invocation) -> Any:
    return Instance("functools.partial", list(call.args)) if call.args else UNKNOWN


# ---------------------------------------------------------------- plain values


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


# ---------------------------------------------------------------- network


_HTTP = frozenset({"requests", "httpx", "aiohttp", "urllib3", "session", "grequests", "treq", "niquests", "curl_cffi"})
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "stream"})


def _request(call: Invocation, verb: str) -> Any:
    at = 1 if verb in ("request", "stream") else 0
    method = as_text(call.arg(0, "method")).text.upper() if at else verb.upper()
    if at and "url" in call.named:
        url = as_word(call.named["url"])
    else:
        url = call.word(at, "url")
    sends = any(name in call.named for name in ("data", "json", "files", "content")) or (
        method in ("POST", "PUT", "PATCH") and len(call.args) > at + 1
    )
    flags = ["upload"] if sends else []
    if call.named.get("verify") is False:
        flags.append("insecure-transport")
    deletes = method == "DELETE"
    if deletes:
        flags.append("delete-request")
    elif method in ("POST", "PUT", "PATCH"):
        flags.append("write-request")
    scope = host_scope(_host(url.text))
    call.other(
        "network-out",
        url.text,
        "url",
        scope=scope,
        flags=flags,
        dynamic=url.dynamic and not host_stands(url.text),
        reversible="yes" if method in ("GET", "HEAD") else "no",
    )
    if deletes:
        call.other(
            "delete", url.text, "url", scope=scope, flags=("delete-request",), dynamic=url.dynamic, reversible="no"
        )
    return Instance("response")


def host_stands(url: str) -> bool:
    """Whether the host of a URL is written out, so that it is known where a request goes though not what it asks for."""
    return bool(re.match(r"\w+://[^/${\s]+[/?#]", url))


def _host(text: str) -> str:
    match = re.match(r"(?:[\w+.-]+://)?(?:[^/@\s]*@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)", text)
    return match[1] if match else ""


def _url(call: Invocation) -> Any:
    given = call.arg(0, "url")
    if isinstance(given, Instance) and given.of == "urllib.request.Request":
        method = str(call.host.names.get("", "")) or "GET"
        url = as_word(given.about)
        call.other(
            "network-out",
            url.text,
            "url",
            scope=host_scope(_host(url.text)),
            dynamic=url.dynamic,
            flags=() if method == "GET" else ("write-request",),
        )
        return Instance("response")
    url = call.word(0, "url", "host", "address")
    call.other(
        "network-out",
        url.text,
        "url",
        scope=host_scope(_host(url.text)),
        dynamic=url.dynamic,
        flags=("upload",) if call.arg(1, "data") is not None and call.name.endswith("urlopen") else (),
    )
    if call.name.endswith(("urlretrieve", "wget.download")):
        call.write(
            call.word(1, "filename", "out")
            if call.arg(1, "filename", "out") is not None
            else Word(text=url.text.rsplit("/", 1)[-1], dynamic=url.dynamic)
        )
    return Instance("response")


def _urllib_request(call: Invocation) -> Any:
    url = call.word(0, "url")
    method = as_text(call.named.get("method", "POST" if call.arg(1, "data") is not None else "GET")).text.upper()
    flags = ("delete-request",) if method == "DELETE" else ("write-request", "upload") if method != "GET" else ()
    call.other("network-out", url.text, "url", scope=host_scope(_host(url.text)), flags=flags, dynamic=url.dynamic)
    if method == "DELETE":
        call.other(
            "delete",
            url.text,
            "url",
            scope=host_scope(_host(url.text)),
            flags=flags,
            dynamic=url.dynamic,
            reversible="no",
        )
    return Instance("urllib.request.Request", call.arg(0, "url"))


def _connection(call: Invocation) -> Any:
    """A client object: what it is given says where it will talk to."""
    word = call.word(0, "host", "base_url", "hostname")
    if word.text.startswith("$") and not call.args:
        return Instance(call.name, None)
    value = call.arg(0, "host")
    host = as_word(value[0]) if isinstance(value, tuple) and value else word
    call.other("network-out", host.text, "host", scope=host_scope(_host(host.text)), dynamic=host.dynamic)
    return Instance(call.name, host.text)


def _database(call: Invocation) -> Any:
    value = call.arg(0, "database", "dsn", "url", "host")
    return Instance("database", as_text(value).text if is_text(value) else "")


def _put_environment(call: Invocation) -> Any:
    name, value = call.arg(0), call.arg(1)
    if isinstance(name, str):
        word = Word(text=as_text(value).text if is_text(value) else "", dynamic=not isinstance(value, str))
        call.host.report(assignment_effects(name, word, call.host.command, call.host.scene))
    return None


def _kill(call: Invocation) -> Any:
    word = call.word(0)
    own = "pid" in word.text and "proc" in word.text
    call.other(
        "process-stop",
        word.text,
        "process",
        scope="local",
        dynamic=word.dynamic and not own,
        reversible="no",
        broad=word.text in ("-1", "1"),
    )
    return None


def _print(call: Invocation) -> Any:
    for value in call.args:
        if isinstance(value, Ref) and value.name == "os.environ":
            call.other("credential", "environment", "text", scope="local", reversible="yes")
    return None


def _environment(call: Invocation) -> Any:
    if call.args and isinstance(call.args[0], Ref) and call.args[0].name == "os.environ":
        call.other("credential", "environment", "text", scope="local", reversible="yes")
    value = call.arg(0)
    return dict(value) if isinstance(value, dict) else UNKNOWN


def _fork(call: Invocation) -> Any:
    source = call.host.command.name
    call.other("execute", source, "process", scope="local", flags=("background",))
    return UNKNOWN


def _globals(call: Invocation) -> Any:
    return Ref("globals()") if call.name != "vars" or not call.args else call.args[0]


def _getenv(call: Invocation) -> Any:
    return {"HOME": "~", "PWD": ".", "TMPDIR": "/tmp"}.get(str(call.arg(0)), UNKNOWN)  # noqa: S108


def _ipython(call: Invocation) -> Any:
    return Instance("ipython")


_DECODERS = frozenset(
    {
        "b64decode",
        "decodebytes",
        "standard_b64decode",
        "urlsafe_b64decode",
        "a2b_base64",
        "b32decode",
        "unhexlify",
        "a2b_hex",
        "b16decode",
        "decompress",
        "unquote",
        "unquote_plus",
    }
)

_BY_NAME: Mapping[str, Reader] = {
    **dict.fromkeys(("os.remove", "os.unlink", "posix.unlink", "posix.remove", "nt.remove", "pathlib.Path.unlink", "os.remove_file"), _delete()),
    **dict.fromkeys(("os.rmdir", "pathlib.Path.rmdir"), _delete(reversible="yes")),
    "os.removedirs": _delete(reversible="yes"), "shutil.rmtree": _delete(("recursive",)), "distutils.dir_util.remove_tree": _delete(("recursive",)), "send2trash.send2trash": _delete(("move",), "yes"),
    **dict.fromkeys(("os.rename", "os.replace", "os.renames", "shutil.move"), _move),
    **dict.fromkeys(("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree"), _copy),
    **dict.fromkeys(("open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "os.fdopen", "aiofiles.open", "builtins.open"), _open),
    **dict.fromkeys(("os.chmod", "os.chown", "os.lchown", "os.fchmod", "shutil.chown", "pathlib.Path.chmod"), _permission),
    **dict.fromkeys(("os.mkdir", "os.makedirs", "os.mknod", "os.mkfifo"), _paths("create", reversible="yes")),
    **dict.fromkeys(("os.symlink", "os.link"), _paths("create", 1, "dst", reversible="yes")),
    **dict.fromkeys(("zipfile.ZipFile", "tarfile.open", "tarfile.TarFile"), _archive),
    "os.truncate": _paths("overwrite", reversible="no"), "shutil.make_archive": _paths("create", reversible="yes"), "shutil.unpack_archive": _paths("create", 1, reversible="partly"),
    **dict.fromkeys(("os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob"), _list),
    **dict.fromkeys(("os.path.join", "posixpath.join"), _join),
    **dict.fromkeys(("pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath", "Path"), _path),
    **dict.fromkeys(("os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expanduser", "os.path.expandvars", "os.fspath", "shlex.quote", "tqdm.tqdm", "tqdm", "sorted", "shutil.which"), _same),
    "os.path.dirname": _dirname, "os.path.basename": _basename, "os.getcwd": _constant("."), "pathlib.Path.cwd": _constant(Text(".", path=True)), "pathlib.Path.home": _constant(Text("~", path=True)),
    **dict.fromkeys(("tempfile.mkdtemp", "tempfile.mktemp", "tempfile.gettempdir"), _constant("/tmp/tmp.XXXXXX")),  # noqa: S108
    **dict.fromkeys(("os.path.exists", "os.path.isfile", "os.path.isdir", "isinstance", "hasattr", "len"), _constant(UNKNOWN)),
    **dict.fromkeys(("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput", "commands.getstatusoutput", "posix.system", "asyncio.create_subprocess_shell", "nt.system", "popen2.popen2"), _system),
    **dict.fromkeys(("subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.check_call", "subprocess.check_output", "asyncio.create_subprocess_exec", "pty.spawn", "_posixsubprocess.fork_exec", "plumbum.local"), _process),
    **dict.fromkeys(("exec", "eval", "execfile", "builtins.exec", "builtins.eval"), _evaluate),
    "compile": _compile, **dict.fromkeys(("__import__", "importlib.import_module", "importlib.__import__", "imp.load_source"), _import),
    "getattr": _getattr, **dict.fromkeys(("map", "filter"), _each), **dict.fromkeys(("threading.Thread", "multiprocessing.Process", "threading.Timer"), _target),
    **dict.fromkeys(("atexit.register", "asyncio.to_thread"), _register), "functools.partial": _partial,
    "chr": _chr, "unichr": _chr, "ord": _ord, "str": _str, **dict.fromkeys(("bytes", "bytearray"), _bytes), **dict.fromkeys(("list", "tuple", "reversed", "set", "iter"), _items), "dict": _environment,
    **dict.fromkeys(("range", "xrange"), _range), "int": _integer, "zip": _zip, "enumerate": _enumerate, **dict.fromkeys(("bytes.fromhex", "bytearray.fromhex"), _fromhex),
    "codecs.decode": lambda call: decoded("codecs.decode", call.args), "shlex.split": lambda call: shlex.split(call.args[0]) if call.args and isinstance(call.args[0], str) and call.args[0].count("'") % 2 == 0 and call.args[0].count('"') % 2 == 0 and not call.args[0].endswith("\\") else UNKNOWN,
    **dict.fromkeys(("urllib.request.urlopen", "urllib.request.urlretrieve", "urllib.urlopen", "urllib2.urlopen", "urllib.urlretrieve", "wget.download", "webbrowser.open", "websocket.create_connection", "websockets.connect"), _url),
    "urllib.request.Request": _urllib_request,
    **dict.fromkeys(("http.client.HTTPSConnection", "http.client.HTTPConnection", "smtplib.SMTP", "smtplib.SMTP_SSL", "ftplib.FTP", "ftplib.FTP_TLS", "telnetlib.Telnet", "imaplib.IMAP4_SSL", "poplib.POP3_SSL", "socket.create_connection", "asyncio.open_connection", "xmlrpc.client.ServerProxy"), _connection),
    **dict.fromkeys(("sqlite3.connect", "psycopg2.connect", "psycopg.connect", "pymysql.connect", "MySQLdb.connect", "mysql.connector.connect", "sqlalchemy.create_engine", "duckdb.connect", "cx_Oracle.connect", "pyodbc.connect"), _database),
    **dict.fromkeys(("os.putenv", "os.environ.setdefault"), _put_environment), "os.unsetenv": _put_environment, **dict.fromkeys(("os.kill", "os.killpg", "psutil.Process"), _kill),
    "print": _print, "pprint.pprint": _print, "os.fork": _fork, **dict.fromkeys(("globals", "locals", "vars"), _globals), **dict.fromkeys(("os.getenv", "os.environ.get"), _getenv), "get_ipython": _ipython,
}  # fmt: skip

# ---------------------------------------------------------------- methods


MethodReader = Callable[[Invocation, Any], Any]


def _owner_word(call: Invocation, owner: Any) -> Word:
    node = (
        call.node.func.value if isinstance(call.node, ast.Call) and isinstance(call.node.func, ast.Attribute) else None
    )
    return as_word(owner, node)


def _unlink(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, (list, dict, str, bytes)) or (isinstance(owner, Instance) and owner.of != "Path"):
        return None
    if isinstance(owner, Text) or (owner is UNKNOWN and call.name in ("unlink", "rmtree")):
        call.path(
            "delete",
            _owner_word(call, owner),
            flags=("recursive",) if call.name == "rmtree" else (),
            reversible="yes" if call.name == "rmdir" else "no",
        )
        return UNKNOWN
    return None


def _path_write(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) or (owner is UNKNOWN and call.name not in ("write_text", "write_bytes")):
        return None
    word = _owner_word(call, owner)
    if call.name in ("mkdir", "touch"):
        if not isinstance(owner, Text):
            return None
        call.path("create", word, reversible="yes")
        return UNKNOWN
    call.write(word)
    _record(call, word, call.arg(0, "data"))
    return UNKNOWN


def _record(call: Invocation, word: Word, value: Any, *, append: bool = False) -> None:
    scene = call.host.scene
    if isinstance(scene, Recorder) and not word.dynamic and isinstance(value, str):
        scene.wrote(word.text, value, append=append)


def _path_read(call: Invocation, owner: Any) -> Any:
    if not isinstance(owner, Text):
        return None
    call.path("read", _owner_word(call, owner), reversible="yes")
    kind, text = call.host.scene.content(owner.text) if not owner.dynamic else ("file", "")
    return text if kind == "text" else UNKNOWN


def _path_open(call: Invocation, owner: Any) -> Any:
    if not (isinstance(owner, Text) and owner.path):
        return None
    return _open(
        Invocation(
            "open",
            [Text(owner.text, owner.dynamic, owner.glob), *call.args],
            call.nodes,
            call.named,
            call.node,
            call.host,
        )
    )


def _path_change(call: Invocation, owner: Any) -> Any:
    if not (isinstance(owner, Text) and owner.path):
        return None
    if call.name in ("chmod", "lchmod"):
        return _permission(Invocation("chmod", [owner, *call.args], [], call.named, call.node, call.host)) or UNKNOWN
    if call.name in ("symlink_to", "hardlink_to"):
        call.path("create", _owner_word(call, owner), reversible="yes")
        return UNKNOWN
    _move(Invocation("os.rename", [owner, *call.args], [], call.named, call.node, call.host))
    return call.args[0] if call.args else UNKNOWN


def _file_write(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) and owner.of.startswith("open:w") and isinstance(owner.about, Word):
        _record(call, owner.about, call.arg(0), append=True)
        return UNKNOWN
    return None


def _file_read(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) and owner.of == "open" and isinstance(owner.about, str):
        return owner.about if call.name == "read" else owner.about.splitlines()
    return UNKNOWN if isinstance(owner, Instance) else None


def _execute(call: Invocation, owner: Any) -> Any:
    """`cursor.execute(sql)`; an object's own `execute` otherwise."""
    value = call.arg(0, "sql", "statement", "query", "operation")
    while isinstance(value, Instance) and value.of.endswith("text"):
        value = value.about
    host = call.host
    where = owner.about if isinstance(owner, Instance) and isinstance(owner.about, str) else ""
    if is_text(value):
        text = as_text(value)
        if looks_like_sql(text.text) or call.name == "executescript":
            host.report(effects_of_sql(text.text, target_db=where, via=host.command.via, path=host.command.path))
            if text.dynamic and re.match(r"\s*\{|\s*(?:drop|delete|truncate|alter)\b", text.text, re.I):
                call.other("database-destroy", where, "database", dynamic=True)
        return UNKNOWN
    if value is not None and isinstance(owner, Instance) and owner.of in ("database", "cursor"):
        call.other("database-write", where, "database", dynamic=True)
    return UNKNOWN


def _cursor(call: Invocation, owner: Any) -> Any:
    return owner if isinstance(owner, Instance) and owner.of == "database" else None


def _shell_method(call: Invocation, owner: Any) -> Any:
    value = call.arg(0)
    if isinstance(owner, Ref) or not (is_text(value) or isinstance(value, bytes)):
        return None
    if owner is UNKNOWN and call.name == "run" and " " not in as_text(value).text:
        return None
    if call.name == "run" and not (
        isinstance(owner, Instance) and re.search(r"onnection|lient|ssh|fabric|invoke", owner.of)
    ):
        return None
    found = call.host.scene.shell(
        as_text(value).text, via=(*call.host.command.via, call.name), path=call.host.command.path
    )
    remote = call.name == "exec_command" or call.name == "run"
    call.host.report(msgspec.structs.replace(item, scope="remote") if remote else item for item in found)
    return Instance("subprocess")


def _mail(call: Invocation, owner: Any) -> Any:
    to = call.arg(1, "to_addrs") if call.name == "sendmail" else None
    targets = list(to) if isinstance(to, (list, tuple)) else [to]
    for target in targets:
        word = as_word(target) if target is not None else Word(text="", dynamic=True)
        call.other("message", word.text, "address", scope="remote", dynamic=word.dynamic, reversible="no")
    return UNKNOWN


def _connect(call: Invocation, owner: Any) -> Any:
    if not isinstance(owner, Instance) or owner.of == "database":
        return None
    value = call.arg(0, "hostname", "host", "address")
    target = (
        as_word(value[0])
        if isinstance(value, (list, tuple)) and value
        else as_word(value)
        if value is not None
        else Word(text="", dynamic=True)
    )
    if call.name in ("bind",):
        call.other("network-listen", target.text, "host", scope="local")
    else:
        call.other("network-out", target.text, "host", scope=host_scope(_host(target.text)), dynamic=target.dynamic)
    return UNKNOWN


def _send(call: Invocation, owner: Any) -> Any:
    return None


_CLIENTS = re.compile(
    r"(?:^|\.)(?:Session|Client|AsyncClient|ClientSession|PoolManager|HTTPAdapter|create_scraper|HTTPS?Connection|session)$"
)


def _http_method(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) and _CLIENTS.search(owner.of):
        if owner.of.endswith("Connection"):
            verb = as_text(call.arg(0, "method")).text.lower()
            return _request(
                Invocation(
                    call.name,
                    [as_text(owner.about or "").text + as_text(call.arg(1, "url")).text],
                    [],
                    call.named,
                    call.node,
                    call.host,
                ),
                verb if verb in _VERBS else "get",
            )
        return _request(call, call.name)
    if isinstance(owner, Instance) and owner.of.startswith(("boto3", "google.cloud", "azure")):
        return _cloud(call, owner)
    if owner is UNKNOWN and call.args and is_text(call.args[0]) and re.match(r"https?://", as_text(call.args[0]).text):
        return _request(call, call.name)
    return None


def _cloud(call: Invocation, owner: Any) -> Any:
    return None


def _submit(call: Invocation, owner: Any) -> Any:
    if call.args and isinstance(call.args[0], (Ref, Local)) and not isinstance(owner, (str, list)):
        rest = call.args[1:]
        if call.name == "map":
            for item in call.host.items(rest[0] if rest else UNKNOWN)[:4096]:
                call.host.invoke(call.args[0], [item], {}, call.node)
        else:
            args = (
                list(rest[0]) if call.name.startswith("apply") and rest and isinstance(rest[0], (list, tuple)) else rest
            )
            call.host.invoke(call.args[0], args, {}, call.node)
        return UNKNOWN
    return None


def _stop(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, Instance) and owner.of in ("subprocess", "thread"):
        return UNKNOWN  # its own child
    if isinstance(owner, Instance) and "psutil" in owner.of:
        call.other("process-stop", as_word(owner.about).text, "process", scope="local", reversible="no", dynamic=True)
        return UNKNOWN
    return None


def _drop(call: Invocation, owner: Any) -> Any:
    if isinstance(owner, (str, list, dict, bytes, Text)):
        return None
    call.other(
        "database-destroy",
        call.word(0).text
        if call.args
        else as_word(owner, getattr(getattr(call.node, "func", None), "value", None)).text.lstrip("$"),
        "database",
        certainty="guessed",
        reversible="no",
        broad=True,
    )
    return UNKNOWN


def _magic(call: Invocation, owner: Any) -> Any:
    if call.args and isinstance(call.args[-1], str):
        call.host.report(
            call.host.scene.shell(call.args[-1], via=(*call.host.command.via, "!"), path=call.host.command.path)
        )
    elif call.args:
        call.host.dynamic(call.node)
    return UNKNOWN


_METHODS: Mapping[str, MethodReader] = {
    **dict.fromkeys(("unlink", "rmdir", "rmtree"), _unlink), **dict.fromkeys(("write_text", "write_bytes", "touch", "mkdir"), _path_write), **dict.fromkeys(("read_text", "read_bytes"), _path_read),
    "open": _path_open, **dict.fromkeys(("rename", "replace", "chmod", "lchmod", "symlink_to", "hardlink_to"), _path_change), **dict.fromkeys(("write", "writelines"), _file_write), **dict.fromkeys(("read", "readlines"), _file_read),
    **dict.fromkeys(("execute", "executescript", "executemany", "exec_driver_sql"), _execute), "cursor": _cursor, **dict.fromkeys(("system", "popen", "exec_command", "run"), _shell_method),
    **dict.fromkeys(("sendmail", "send_message"), _mail), **dict.fromkeys(("connect", "connect_ex", "bind"), _connect), **dict.fromkeys(tuple(_VERBS), _http_method),
    **dict.fromkeys(("submit", "map", "apply", "apply_async", "run_in_executor", "starmap"), _submit), **dict.fromkeys(("terminate", "kill", "send_signal"), _stop),
    **dict.fromkeys(("drop_all", "dropDatabase", "drop_database", "drop_collection", "delete_many", "flushall", "flushdb", "drop_table", "drop_index", "truncate_table"), _drop),
    **dict.fromkeys(("run_line_magic", "run_cell_magic", "getoutput", "system_raw"), _magic),
}  # fmt: skip
