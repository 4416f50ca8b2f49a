"""Python calls that run things: shell text, processes, code made of strings, functions handed over."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from magistrate.evidence.effects.command import Command, Word
from magistrate.evidence.effects.python_invocation import Invocation, Reader
from magistrate.evidence.effects.python_values import (
    UNKNOWN,
    Instance,
    Local,
    Ref,
    as_text,
    as_word,
    is_text,
)


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


def replace_process(call: Invocation) -> Any:
    """`os.execv`, `os.spawnlp`, `posix_spawn`: the arguments are a command line."""
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


RUNNING: Mapping[str, Reader] = {
    **dict.fromkeys(("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput", "commands.getstatusoutput", "posix.system", "asyncio.create_subprocess_shell", "nt.system", "popen2.popen2"), _system),
    **dict.fromkeys(("subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.check_call", "subprocess.check_output", "asyncio.create_subprocess_exec", "pty.spawn", "_posixsubprocess.fork_exec", "plumbum.local"), _process),
    **dict.fromkeys(("exec", "eval", "execfile", "builtins.exec", "builtins.eval"), _evaluate),
    "compile": _compile, **dict.fromkeys(("__import__", "importlib.import_module", "importlib.__import__", "imp.load_source"), _import),
    "getattr": _getattr, **dict.fromkeys(("map", "filter"), _each), **dict.fromkeys(("threading.Thread", "multiprocessing.Process", "threading.Timer"), _target),
    **dict.fromkeys(("atexit.register", "asyncio.to_thread"), _register), "functools.partial": _partial,
}  # fmt: skip
"""By dotted name."""
