"""Python text to effects: a walk over its syntax tree that folds constants, follows names, and looks calls up in a table.

It runs nothing. Names are followed through imports, aliases and simple assignments; strings through concatenation, formats,
decoders and containers; functions of the code itself are walked where they are called (or at the end, if nobody calls them). What
`exec`, `eval`, `getattr` and the like are given and what cannot be folded is an `execute` effect of certainty `dynamic`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from magistrate.core.records import Effect
from magistrate.evidence.effects.command import Command, Scene, Word, effect, write_effect
from magistrate.evidence.effects.morphology import word_set
from magistrate.evidence.effects.python_calls import call_method, call_name
from magistrate.evidence.effects.python_invocation import Invocation
from magistrate.evidence.effects.python_source import LIMIT, read
from magistrate.evidence.effects.python_values import (
    LONG,
    UNKNOWN,
    Bound,
    Instance,
    Local,
    Ref,
    Text,
    as_text,
    binary,
    is_text,
    join,
    method,
    subscript,
)  # fmt: skip

_SHELL_SHEBANG = re.compile(r"\s*#!\s*\S*\b(?:ba|z|k|da|a)?sh\b")
_STEPS = 20_000
_DEPTH = 40
_TURNS = 16
_BUILTINS = word_set(
    "exec eval compile __import__ open getattr setattr print input map filter list tuple set dict str bytes bytearray chr ord len range "
    "sorted reversed zip enumerate int float bool globals locals vars super type iter next sum min max any all repr format hex bin oct "
    "isinstance hasattr delattr callable id hash abs round divmod pow slice object property staticmethod classmethod frozenset memoryview "
    "execfile unicode raw_input xrange unichr breakpoint exit quit get_ipython"
)


def python_effects(text: str, scene: Scene, *, via: tuple[str, ...], path: str) -> list[Effect]:
    """Effects of Python text (IPython magics included). Code that only computes gives one `execute` with flag `computes`."""
    command = Command(name="python", via=via, path=path)
    found: list[Effect] = []
    if len(text) > LIMIT:
        text = text[:LIMIT]
        found.append(effect("execute", "python", "code", command, dynamic=True, flags=("cut",)))
    shebang = _SHELL_SHEBANG.match(text)
    if shebang:
        return [*found, *scene.shell(text, via=via, path=path)]
    source = read(text)
    if source.writes:
        return [write_effect(Word(text=source.writes), command, scene)]
    for line in source.shell:
        found.extend(scene.shell(line, via=(*via, "!"), path=path))
    if source.tree is None or source.lost:
        found.append(effect("execute", "python", "code", command, dynamic=True, flags=("unparsed", "inline-code")))
    if source.tree is not None:
        walker = Walker(scene, command)
        walker.module(source.tree)
        found.extend(walker.found)
    computes = all(item.kind == "execute" and "computes" in item.flags for item in found)
    flags = ("inline-code", "computes") if computes else ("inline-code",)
    found.append(effect("execute", "python", "code", command, scope="local", reversible="yes", flags=flags))
    return found


class Walker:
    """One walk over one module."""

    def __init__(self, scene: Scene, command: Command, depth: int = 0) -> None:
        self.scene = scene
        self.command = command
        self.found: list[Effect] = []
        self.names: dict[str, Any] = {}
        self.uncalled: dict[int, Local] = {}
        self.active: list[int] = []
        self.steps = 0
        self.depth = depth
        self.result: Any = None

    def module(self, tree: ast.Module) -> None:
        """Walk all statements, then the functions that nobody called."""
        self.body(tree.body)
        while self.uncalled:
            _, local = self.uncalled.popitem()
            self.enter(local, None, {})

    def report(self, item: Effect | Iterable[Effect]) -> None:
        if isinstance(item, Effect):
            self.found.append(item)
        else:
            self.found.extend(item)

    def dynamic(self, node: ast.AST | str, *flags: str) -> None:
        """Something runs here that cannot be known."""
        target = node if isinstance(node, str) else source_of(node)
        self.report(effect("execute", target[:160], "code", self.command, dynamic=True, flags=flags))

    # ------------------------------------------------------------ statements

    def body(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        self.steps += 1
        if self.steps > _STEPS or self.depth > _DEPTH:
            if self.steps <= _STEPS + 1:
                self.dynamic("python", "cut")
            return
        method_of = _STATEMENTS.get(type(node))
        if method_of is not None:
            self.depth += 1
            method_of(self, node)
            self.depth -= 1
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child)
            elif isinstance(child, ast.stmt):
                self.statement(child)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name.split(".")[0]] = Ref(
                alias.name if alias.asname else alias.name.split(".")[0]
            )

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for alias in node.names:
            if alias.name == "*":
                for name in _STARRED.get(module, ()):
                    self.names[name] = Ref(f"{module}.{name}")
            else:
                self.names[alias.asname or alias.name] = Ref(f"{module}.{alias.name}")

    def _assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.value(node.value))

    def _augmented(self, node: ast.AugAssign) -> None:
        old = self.value(node.target)
        self.bind(node.target, binary(node.op, old, self.value(node.value)))

    def bind(self, target: ast.expr, value: Any) -> None:
        """Give a value to an assignment's target."""
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            known = isinstance(value, (list, tuple)) and len(value) == len(target.elts)
            for at, item in enumerate(target.elts):
                self.bind(item.value if isinstance(item, ast.Starred) else item, value[at] if known else UNKNOWN)
        elif isinstance(target, ast.Subscript):
            owner, key = self.value(target.value), self.value(target.slice)
            if isinstance(owner, dict):
                owner[key if isinstance(key, (str, int)) else ""] = value
            elif isinstance(owner, list) and isinstance(key, int):
                owner[:] = [value if at in (key, key + len(owner)) else old for at, old in enumerate(owner)]
            elif owner == Ref("os.environ") and isinstance(key, str):
                call_name(Invocation("os.putenv", [key, value], [target.slice], {}, target, self))
        elif isinstance(target, ast.Attribute):
            self.names[source_of(target)] = value

    def _branch(self, bodies: Iterable[Iterable[ast.stmt]]) -> None:
        """Any of these may run: a name that gets another value in one of them is no longer known for sure."""
        before = dict(self.names)
        for statements in bodies:
            self.body(statements)
            for name, old in before.items():
                new = self.names.get(name)
                if new is not old and is_text(new) and new != old:
                    text = as_text(new)
                    self.names[name] = Text(text.text, dynamic=True, glob=text.glob, path=text.path)
                elif new is not old and isinstance(new, Ref) and isinstance(old, (Ref, Local)) and new != old:
                    self.names[name] = UNKNOWN

    def _if(self, node: ast.If) -> None:
        self.value(node.test)
        self._branch((node.body, node.orelse))

    def _try(self, node: ast.Try) -> None:
        self.body(node.body)
        self._branch([handler.body for handler in node.handlers])
        self.body(node.orelse)
        self.body(node.finalbody)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        values = self.items(self.value(node.iter))
        for value in values[:_TURNS]:
            self.bind(node.target, value)
            self.body(node.body)
        if len(values) > _TURNS:
            self.bind(node.target, UNKNOWN)
            self.body(node.body)
        self.body(node.orelse)

    def items(self, value: Any) -> list[Any]:
        """What iterating over a value gives: its items where known, one unknown item where not."""
        if isinstance(value, (list, tuple)):
            return list(value)
        if isinstance(value, dict):
            return list(value)
        if isinstance(value, str) and len(value) <= 4096:
            return list(value)
        if isinstance(value, bytes) and len(value) <= 4096:
            return list(value)
        return [UNKNOWN]

    def _while(self, node: ast.While) -> None:
        self.value(node.test)
        before = dict(self.names)
        self.body(node.body)
        if any(is_text(value) and before.get(name) not in (None, value) for name, value in self.names.items()):
            self._branch((node.body,))
        self.body(node.orelse)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        self.body(node.body)

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.value(decorator)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.value(default)
        local = Local(node)
        self.names[node.name] = local
        self.uncalled[id(node)] = local

    def _class(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            self.value(base)
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.uncalled[id(statement)] = Local(statement)
            else:
                self.statement(statement)
        self.names[node.name] = UNKNOWN

    def _return(self, node: ast.Return) -> None:
        self.result = self.value(node.value) if node.value is not None else None

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.names.pop(target.id, None)

    def enter(self, local: Local, args: list[Any] | None, named: Mapping[str, Any]) -> Any:
        """Walk a function's body with these arguments (None: unknown ones); give what it returns."""
        node = local.node
        self.uncalled.pop(id(node), None)
        if id(node) in self.active or self.depth > _DEPTH or len(self.active) > 12:
            return UNKNOWN
        outer, self.names = self.names, dict(self.names)
        outer_result, self.result = self.result, None
        self._parameters(node.args, args, named)
        self.active.append(id(node))
        try:
            if isinstance(node, ast.Lambda):
                return self.value(node.body)
            self.body(node.body)
            return UNKNOWN if self.result is None else self.result
        finally:
            self.active.pop()
            globals_ = (
                {name for one in ast.walk(node) if isinstance(one, ast.Global) for name in one.names}
                if not isinstance(node, ast.Lambda)
                else set()
            )
            inner, self.names = self.names, outer
            for name in globals_:
                self.names[name] = inner.get(name, UNKNOWN)
            self.result = outer_result

    def _parameters(self, parameters: ast.arguments, args: list[Any] | None, named: Mapping[str, Any]) -> None:
        plain = [*parameters.posonlyargs, *parameters.args]
        defaults = dict(zip((item.arg for item in plain[::-1]), reversed(parameters.defaults), strict=False))
        for at, item in enumerate(plain):
            if args is not None and at < len(args):
                value = args[at]
            elif item.arg in named:
                value = named[item.arg]
            elif args is not None and item.arg in defaults:
                value = self.value(defaults[item.arg])
            else:
                value = UNKNOWN
            self.names[item.arg] = value
        for item, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=False):
            self.names[item.arg] = named.get(
                item.arg, self.value(default) if default is not None and args is not None else UNKNOWN
            )
        if parameters.vararg is not None:
            self.names[parameters.vararg.arg] = list((args or [])[len(plain) :]) if args is not None else UNKNOWN
        if parameters.kwarg is not None:
            self.names[parameters.kwarg.arg] = UNKNOWN

    # ------------------------------------------------------------ expressions

    def value(self, node: ast.AST) -> Any:
        """The value of an expression, its calls reported on the way."""
        self.steps += 1
        if self.steps > _STEPS:
            return UNKNOWN
        if isinstance(node, ast.Constant):
            return (
                node.value if isinstance(node.value, (str, bytes, int, float, bool)) or node.value is None else UNKNOWN
            )
        method_of = _EXPRESSIONS.get(type(node))
        if method_of is not None:
            self.depth += 1
            try:
                return UNKNOWN if self.depth > 3 * _DEPTH else method_of(self, node)
            finally:
                self.depth -= 1
        for child in ast.iter_child_nodes(node):
            self.value(child)
        return UNKNOWN

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.names[node.id]
        if node.id in _BUILTINS:
            return Ref(node.id)
        if node.id in ("__builtins__", "builtins"):
            return Ref("builtins")
        if node.id in _MODULES:  # used without an import that we saw: an earlier cell's
            return Ref(node.id)
        return Text("__file__") if node.id == "__file__" else UNKNOWN

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if isinstance(owner, Ref):
            if owner.name == "builtins":
                return Ref(node.attr)
            if node.attr in ("__dict__", "__globals__"):
                return owner
            return Ref(f"{owner.name}.{node.attr}")
        if isinstance(owner, Text) and owner.path:
            if node.attr == "parent":
                head = owner.text.rstrip("/").rpartition("/")[0]
                return Text(head or ("/" if owner.text.startswith("/") else "."), owner.dynamic, path=True)
            if node.attr in ("name", "stem", "suffix"):
                return Text(owner.text.rsplit("/", 1)[-1], owner.dynamic, owner.glob)
        kept = self.names.get(source_of(node)) if owner is UNKNOWN else None
        return Bound(owner, node.attr) if kept is None else kept

    def _binary(self, node: ast.BinOp) -> Any:
        return binary(node.op, self.value(node.left), self.value(node.right))

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        return -value if isinstance(node.op, ast.USub) and isinstance(value, int) else UNKNOWN

    def _boolean(self, node: ast.BoolOp) -> Any:
        values = [self.value(item) for item in node.values]
        first = next((value for value in values if is_text(value)), UNKNOWN)
        return (
            Text(as_text(first).text, dynamic=True)
            if first is not UNKNOWN
            else next((v for v in values if isinstance(v, Ref)), UNKNOWN)
        )

    def _choice(self, node: ast.IfExp) -> Any:
        self.value(node.test)
        first, second = self.value(node.body), self.value(node.orelse)
        return first if first == second else Text(as_text(first).text, dynamic=True) if is_text(first) else UNKNOWN

    def _joined(self, node: ast.JoinedStr) -> Any:
        parts: list[Any] = []
        for item in node.values:
            if isinstance(item, ast.FormattedValue):
                value = self.value(item.value)
                if value is UNKNOWN or isinstance(value, (Instance, Bound, Local, Ref, list, tuple, dict)):
                    value = Text("{" + source_of(item.value)[:80] + "}", dynamic=True)
                parts.append(value if item.format_spec is None else Text(as_text(value).text, dynamic=True))
            else:
                parts.append(self.value(item))
        return (
            join([part if is_text(part) else as_text(part) for part in parts])
            if not all(isinstance(p, str) for p in parts)
            else join(parts)
        )

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Any:
        found: list[Any] = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                found.extend(self.items(self.value(item.value)))
            else:
                found.append(self.value(item))
        return tuple(found) if isinstance(node, ast.Tuple) else found

    def _dict(self, node: ast.Dict) -> Any:
        found: dict[Any, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            name = self.value(key) if key is not None else UNKNOWN
            value = self.value(item)
            if isinstance(name, (str, int)):
                found[name] = value
        return found

    def _subscript(self, node: ast.Subscript) -> Any:
        owner = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                self.value(part) if part is not None else None
                for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            if all(bound is None or isinstance(bound, int) for bound in bounds):
                return subscript(owner, slice(*bounds))
            return UNKNOWN
        key = self.value(node.slice)
        if isinstance(owner, Ref) and owner.name in ("sys.modules", "globals()", "locals()"):
            if not isinstance(key, str):
                return Instance("getattr")
            return self.names.get(key, Ref(key)) if owner.name != "sys.modules" else Ref(key)
        if isinstance(owner, Ref) and owner.name == "os.environ":
            return {"HOME": "~", "PWD": ".", "TMPDIR": "/tmp"}.get(key, UNKNOWN) if isinstance(key, str) else UNKNOWN  # noqa: S108
        if isinstance(owner, Ref) and owner.name in _MODULES | {"builtins"}:
            if isinstance(key, str):
                return Ref(key if owner.name == "builtins" else f"{owner.name}.{key}")
            return Instance("getattr")
        return subscript(owner, key)

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Any:
        return self._generate(node.generators, node.elt)

    def _generate(self, generators: list[ast.comprehension], element: ast.expr) -> Any:
        first, rest = generators[0], generators[1:]
        source = self.value(first.iter)
        known = isinstance(source, (list, tuple, str, bytes, dict)) and len(source) <= 4096 and not first.ifs
        found: list[Any] = []
        for item in self.items(source)[: 4096 if known else _TURNS]:
            self.bind(first.target, item)
            for condition in first.ifs:
                self.value(condition)
            one = self._generate(rest, element) if rest else self.value(element)
            found.extend(one if rest and isinstance(one, list) else [one])
            if len(found) > LONG or self.steps > _STEPS:
                return UNKNOWN
        return found

    def _dict_comprehension(self, node: ast.DictComp) -> Any:
        self._generate(node.generators, node.value)
        return UNKNOWN

    def _lambda(self, node: ast.Lambda) -> Any:
        local = Local(node)
        self.uncalled[id(node)] = local
        return local

    def _await(self, node: ast.Await) -> Any:
        return self.value(node.value)

    def _walrus(self, node: ast.NamedExpr) -> Any:
        value = self.value(node.value)
        self.bind(node.target, value)
        return value

    def _call(self, node: ast.Call) -> Any:
        function = self.value(node.func)
        args: list[Any] = []
        for item in node.args:
            if isinstance(item, ast.Starred):
                args.extend(self.items(self.value(item.value)))
            else:
                args.append(self.value(item))
        named = {keyword.arg: self.value(keyword.value) for keyword in node.keywords if keyword.arg}
        for keyword in node.keywords:
            if keyword.arg is None:
                extra = self.value(keyword.value)
                named.update({str(key): value for key, value in extra.items()} if isinstance(extra, dict) else {})
        return self.invoke(function, args, named, node)

    def invoke(self, function: Any, args: list[Any], named: Mapping[str, Any], node: ast.AST) -> Any:
        """Call a value."""
        nodes = list(node.args) if isinstance(node, ast.Call) else []
        if isinstance(function, Ref):
            return call_name(Invocation(function.name, args, nodes, named, node, self))
        if isinstance(function, Local):
            return self.enter(function, args, named)
        if isinstance(function, Bound):
            folded = method(function.owner, function.name, args, named)
            if (
                isinstance(function.owner, list)
                and function.name in ("append", "extend", "insert", "reverse")
                and len(function.owner) < 4096
            ):
                return _change(function.owner, function.name, args)
            done = call_method(Invocation(function.name, args, nodes, named, node, self), function.owner)
            return folded if done is None else done
        if isinstance(function, Instance) and function.of == "getattr":
            self.dynamic(node)
        elif isinstance(function, Instance) and function.of == "functools.partial":
            target, *bound = function.about
            return self.invoke(target, [*bound, *args], named, node)
        return UNKNOWN


def _change(items: list[Any], name: str, args: list[Any]) -> Any:
    if name == "reverse":
        items.reverse()
    elif name == "append" and args:
        items.append(args[0])
    elif name == "extend" and args:
        items.extend(args[0] if isinstance(args[0], (list, tuple)) else [UNKNOWN])
    elif name == "insert" and len(args) > 1:
        items.insert(args[0] if isinstance(args[0], int) else 0, args[1])
    return None


def source_of(node: ast.AST) -> str:
    """The expression as written, shortened."""
    try:
        return ast.unparse(node)[:200]
    except (RecursionError, ValueError, AttributeError):
        return "…"


_MODULES = frozenset({"os", "sys", "subprocess", "shutil", "pathlib", "requests", "socket", "urllib", "base64", "codecs", "importlib", "builtins", "glob", "smtplib", "sqlite3", "posix", "pty", "httpx", "zlib", "pickle",
                      "ctypes", "signal", "tempfile", "binascii", "platform", "psutil", "paramiko", "boto3"})  # fmt: skip
_STARRED: Mapping[str, tuple[str, ...]] = {
    "os": (
        "remove",
        "unlink",
        "rmdir",
        "removedirs",
        "system",
        "popen",
        "kill",
        "chmod",
        "rename",
        "listdir",
        "walk",
        "environ",
        "path",
        "execv",
        "execl",
    ),
    "shutil": ("rmtree", "move", "copy", "copytree", "copyfile"),
    "subprocess": ("run", "call", "Popen", "check_call", "check_output", "getoutput"),
    "pathlib": ("Path", "PurePath"),
    "socket": ("socket", "create_connection", "AF_INET", "SOCK_STREAM"),
}
_STATEMENTS: dict[type, Callable[[Walker, Any], None]] = {
    ast.Import: Walker._import, ast.ImportFrom: Walker._import_from, ast.Assign: Walker._assign, ast.AnnAssign: Walker._annotated, ast.AugAssign: Walker._augmented,
    ast.If: Walker._if, ast.Try: Walker._try, ast.For: Walker._for, ast.AsyncFor: Walker._for, ast.While: Walker._while, ast.With: Walker._with, ast.AsyncWith: Walker._with,
    ast.FunctionDef: Walker._define, ast.AsyncFunctionDef: Walker._define, ast.ClassDef: Walker._class, ast.Return: Walker._return, ast.Delete: Walker._delete,
}  # fmt: skip
_EXPRESSIONS: dict[type, Callable[[Walker, Any], Any]] = {
    ast.Name: Walker._name, ast.Attribute: Walker._attribute, ast.BinOp: Walker._binary, ast.UnaryOp: Walker._unary, ast.BoolOp: Walker._boolean, ast.IfExp: Walker._choice,
    ast.JoinedStr: Walker._joined, ast.List: Walker._sequence, ast.Tuple: Walker._sequence, ast.Set: Walker._sequence, ast.Dict: Walker._dict, ast.Subscript: Walker._subscript,
    ast.ListComp: Walker._comprehension, ast.GeneratorExp: Walker._comprehension, ast.SetComp: Walker._comprehension, ast.DictComp: Walker._dict_comprehension,
    ast.Lambda: Walker._lambda, ast.Await: Walker._await, ast.NamedExpr: Walker._walrus, ast.Call: Walker._call,
}  # fmt: skip
