"""Shell text to effects: a small abstract interpreter over the tree that tree-sitter-bash gives.

It runs nothing. It walks the text as a shell would, keeps what is known (variables, functions, the working folder, what
flows through a pipe, files written on the way), and hands every simple command, its words expanded as far as they can be, to
the handler of its name. What is not known is marked, never guessed away: an unresolved command word is an `execute` effect
of certainty `dynamic`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from magistrate.core.records import Effect
from magistrate.evidence.effects.builtins import BUILTINS, assignment_effects
from magistrate.evidence.effects.command import Command, Input, Redirect, Word, effect, with_special
from magistrate.evidence.effects.commands import HANDLERS
from magistrate.evidence.effects.commands.generic import unknown_program
from magistrate.evidence.effects.expand import Environment, Expander
from magistrate.evidence.effects.heredocs import Heredoc, mend
from magistrate.evidence.effects.marks import DYNAMIC, clean, mark, unknown, unprivate
from magistrate.evidence.effects.outputs import produce, written
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.programs import program_effects
from magistrate.evidence.effects.redirects import duplicates, redirect_effects
from magistrate.evidence.effects.settle import settle
from magistrate.evidence.effects.streams import NOTHING, UNKNOWN, Stream, text_stream

TEXT_LIMIT = 1 << 18
"""Bytes of shell text that are analysed; what follows is `dynamic`."""
_STEPS = 800
_DEPTH = 60
_TURNS = 16
"""Values of a loop variable that are tried one by one."""

_PARSER = Parser(Language(tree_sitter_bash.language()))


def effects(text: str, place: Place, *, path: str = "command", via: tuple[str, ...] = ()) -> tuple[Effect, ...]:
    """What a shell text would do, gravest kept if there are very many (`settle.LIMIT`).

    `path` says where in the action's arguments the text stands, `via` how it was reached. Never raises on any text.
    """
    if place.files:
        return _analyse(text, place, path, via)
    return _cached(text, place.cwd, place.home, place.roots, place.here, path, via)


@lru_cache(maxsize=2048)
def _cached(
    text: str, cwd: str, home: str, roots: tuple[str, ...], here: str, path: str, via: tuple[str, ...]
) -> tuple[Effect, ...]:
    return _analyse(text, Place(cwd=cwd, home=home, roots=roots, here=here), path, via)


def _analyse(text: str, place: Place, path: str, via: tuple[str, ...]) -> tuple[Effect, ...]:
    engine = Engine(place)
    try:
        found = engine.shell(text, via=via, path=path, same=True)
    except RecursionError:
        found = [
            effect("execute", text[:80], "code", Command(name="", via=via, path=path), dynamic=True, flags=("cut",))
        ]
    return settle(with_special(found))


class _Function(NamedTuple):
    body: Node
    frame: _Frame


class _Frame(NamedTuple):
    """One parsed text and where it stands."""

    source: bytes
    heredocs: Sequence[Heredoc]
    via: tuple[str, ...]
    path: str


class Engine:
    """One analysis. Holds the shell's state while the text is walked; is the `Scene` that handlers see."""

    def __init__(self, place: Place) -> None:
        self.files: dict[str, str] = {}
        files: Mapping[str, str] = ChainMap(self.files, place.files) if place.files else self.files  # type: ignore[arg-type]
        self.place = Place(cwd=place.cwd, home=place.home, roots=place.roots, here=place.here, files=files)
        self.env = Environment(here=place.here)
        self.streams: dict[str, Stream] = {}
        """What stands in files and pipes that this text itself fills, where that is not plain text."""
        self.found: list[Effect] = []
        self.frame = _Frame(b"", (), (), "command")
        self.expander = Expander(b"", self.env, self.place, self._substitute)
        self.steps = self.depth = 0
        self.active: list[str] = []
        self.uncalled: dict[str, _Function] = {}
        self.was_cut = False

    # ------------------------------------------------------------ the scene

    def shell(
        self,
        text: str,
        *,
        via: tuple[str, ...],
        path: str,
        args: Sequence[Word] = (),
        zero: str = "",
        same: bool = False,
    ) -> list[Effect]:
        """Effects of shell text; see `Scene.shell`."""
        kept, outer_env, outer_place = self.found, self.env, self.place
        self.found = []
        if not same:
            self.env = self.env.fork()
            self.env.args = [mark(word) for word in args]
            self.env.zero = zero or "bash"
        try:
            self._text(text, via, path)
        finally:
            (
                result,
                self.found,
            ) = self.found, kept
            if not same:
                self.env, self.place = outer_env, outer_place
        return result

    def command(self, command: Command) -> list[Effect]:
        """Effects of a command that another one runs."""
        if len(command.via) > 2 * _DEPTH or self.depth > _DEPTH:
            return [self._cut(command)]
        self.depth += 1
        kept, self.found = self.found, []
        try:
            self._dispatch(command, Stream(command.input, command.stdin, command.stdin, command.items, command.decoded))
        finally:
            self.depth -= 1
            result, self.found = self.found, kept
        return result

    def code(self, language: str, text: str, *, via: tuple[str, ...], path: str) -> Iterable[Effect]:
        """Effects of program text; see `Scene.code`."""
        if self.depth > _DEPTH:
            return [self._cut(Command(name=language, via=via, path=path))]
        self.depth += 1
        try:
            return list(program_effects(language, text, self, via=via, path=path))
        finally:
            self.depth -= 1

    def content(self, path: str) -> tuple[Input, str]:
        """What reading a path gives; see `Scene.content`."""
        where = self.place.resolve(path)
        stream = self.streams.get(where)
        if stream is not None:
            return stream.kind, stream.origin if stream.kind == "network" else stream.plain()
        text = self.place.files.get(where)
        return ("file", where) if text is None else ("text", text)

    def wrote(self, path: str, text: str, *, append: bool = False) -> None:
        """For program text that writes files on the way."""
        self._keep(path, text_stream(unprivate(text)), append=append)

    # ------------------------------------------------------------ one text

    def _text(self, text: str, via: tuple[str, ...], path: str) -> Stream:
        here = Command(name="", via=via, path=path)
        if self.depth > _DEPTH:
            self.found.append(self._cut(here))
            return UNKNOWN
        text = unprivate(text)
        source = text.encode("utf-8", "replace")
        if len(source) > TEXT_LIMIT:
            source = source[:TEXT_LIMIT]
            self.found.append(self._cut(here))
        heredocs: list[Heredoc] = []
        tree = _PARSER.parse(source)
        if tree.root_node.has_error:
            mended, heredocs = mend(source.decode("utf-8", "replace"))
            source = mended.encode("utf-8", "replace")
            tree = _PARSER.parse(source)
        outer = self._enter(_Frame(source, heredocs, via, path))
        try:
            out = self.run(tree.root_node, NOTHING)
            while self.uncalled and self.depth == 0:
                name, function = self.uncalled.popitem()
                self._call(name, function, [], known=False)
            return out
        finally:
            self._enter(outer)

    def _enter(self, frame: _Frame) -> _Frame:
        outer, self.frame = self.frame, frame
        self.expander = Expander(frame.source, self.env, self.place, self._substitute)
        return outer

    def _sync(self) -> None:
        self.expander.env, self.expander.place = self.env, self.place

    def _cut(self, command: Command) -> Effect:
        return effect("execute", command.name, "code", command, dynamic=True, flags=("cut",))

    def _here(self, name: str = "") -> Command:
        return Command(name=name, via=self.frame.via, path=self.frame.path)

    # ------------------------------------------------------------ statements

    def run(self, node: Node, stdin: Stream) -> Stream:
        """Walk one node with this on its standard input; give what it writes to its standard output."""
        method = _RUN.get(node.type)
        if method is None:
            return NOTHING if node.child_count == 0 else self._scan(node)
        self.depth += 1
        try:
            if self.depth > _DEPTH or self.steps > _STEPS:
                if not self.was_cut:
                    self.was_cut = True
                    self.found.append(self._cut(self._here()))
                return UNKNOWN
            return method(self, node, stdin)
        finally:
            self.depth -= 1

    def _sequence(self, node: Node, stdin: Stream) -> Stream:
        out = NOTHING
        for child in node.children:
            if child.is_named:
                one = self.run(child, stdin)
                if one is not NOTHING:
                    out = out.then(one)
        return out

    def _error(self, node: Node, stdin: Stream) -> Stream:
        """A piece that did not parse: what is in it is walked, and it counts as unknown code unless it is a mere sign."""
        text = self.expander.text(node).strip()
        if len(text) > 1:
            self.found.append(effect("execute", text[:80], "code", self._here(), dynamic=True, flags=("unparsed",)))
        return self._sequence(node, stdin)

    def _list(self, node: Node, stdin: Stream) -> Stream:
        children = [child for child in node.children if child.is_named]
        if not children:
            return NOTHING
        out = self.run(children[0], stdin)
        for child in children[1:]:
            before, here = dict(self.env.variables), self.env.here
            out = out.then(self.run(child, stdin))
            self._blur(before)
            if here != self.env.here and any(item.type == "||" for item in node.children):
                self._go("$PWD")
        return out

    def _blur(self, before: Mapping[str, str | list[str]]) -> None:
        """What may or may not have run gave these variables another value: neither can be relied on."""
        for name, value in before.items():
            now = self.env.variables.get(name)
            if now != value and isinstance(now, str) and not now.startswith((DYNAMIC, "$((")):
                self.env.variables[name] = DYNAMIC + now

    def _pipeline(self, node: Node, stdin: Stream) -> Stream:
        stages = [child for child in node.children if child.is_named]
        out = stdin
        for at, stage in enumerate(stages):
            out = self._apart(stage, out) if at < len(stages) - 1 else self.run(stage, out)
        return out

    def _apart(self, node: Node, stdin: Stream) -> Stream:
        """Run in a copy of the shell."""
        env, place = self.env, self.place
        self.env = env.fork()
        self._sync()
        try:
            return self.run(node, stdin)
        finally:
            self.env, self.place = env, place
            self._sync()

    def _subshell(self, node: Node, stdin: Stream) -> Stream:
        env, place = self.env, self.place
        self.env = env.fork()
        self._sync()
        try:
            return self._sequence(node, stdin)
        finally:
            self.env, self.place = env, place
            self._sync()

    def _branches(self, node: Node, stdin: Stream) -> Stream:
        """`if` and `case`: every branch may be the one; what they leave different is not known afterwards."""
        out, before = NOTHING, dict(self.env.variables)
        for child in node.children:
            if child.is_named:
                out = out.then(self.run(child, stdin))
                self._blur(before)
        return out

    def _case_item(self, node: Node, stdin: Stream) -> Stream:
        values = node.children_by_field_name("value")
        for value in values:
            self.expander.expand(value)
        return self._sequence(node, stdin)

    def _case(self, node: Node, stdin: Stream) -> Stream:
        subject = node.child_by_field_name("value")
        if subject is not None:
            self.expander.expand(subject)
        return self._branches(node, stdin)

    def _for(self, node: Node, stdin: Stream) -> Stream:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        if variable is None or body is None:
            return self._scan(node)
        given = node.children_by_field_name("value")
        words = [word for value in given for word in self.expander.words(value)]
        values = [mark(word) for word in words] if given else list(self.env.args) or [unknown("$@")]
        name, out = self.expander.text(variable), NOTHING
        for value in values[:_TURNS]:
            self.env.variables[name] = value
            out = out.then(self.run(body, stdin))
        if len(values) > _TURNS:
            self.env.variables[name] = DYNAMIC + values[_TURNS]
            out = out.then(self.run(body, stdin))
        return out

    def _while(self, node: Node, stdin: Stream) -> Stream:
        """Twice, if the first turn changed a variable; with the lines one by one where `read` takes them from known text."""
        names = self._read_names(node)
        if names and stdin.known and stdin.text:
            out = NOTHING
            lines = clean(stdin.text).splitlines()
            for line in lines[:_TURNS]:
                out = out.then(self._sequence(node, text_stream(line + "\n")))
            if len(lines) > _TURNS:
                out = out.then(self._sequence(node, UNKNOWN))
            return out
        before = dict(self.env.variables)
        out = self._sequence(node, stdin)
        if any(value != before.get(name) for name, value in self.env.variables.items() if name not in names):
            self._blur(before)
            out = self._sequence(node, stdin)
        return out

    def _read_names(self, node: Node) -> list[str]:
        condition = node.child_by_field_name("condition")
        if condition is None:
            return []
        words = self.expander.text(condition).split()
        return [word for word in words if word.isidentifier()] if "read" in words else []

    def _function(self, node: Node, stdin: Stream) -> Stream:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and body is not None:
            key = clean(self.expander.expand(name))
            self.env.functions[key] = self.uncalled[key] = _Function(body, self.frame)
        return NOTHING

    def _call(
        self, name: str, function: _Function, args: Sequence[Word], *, known: bool = True, stdin: Stream = NOTHING
    ) -> Stream:
        self.uncalled.pop(name, None)
        # not by name: a function may define another of its own name and call that
        key = f"{id(function.frame.source)}:{function.body.start_byte}"
        if key in self.active:
            text = function.frame.source[function.body.start_byte : function.body.end_byte]
            if b"&" in text:
                self.found.append(
                    effect("execute", name, "code", self._here(name), flags=("fork-bomb",), reversible="no")
                )
            return UNKNOWN
        outer_args, outer_known = self.env.args, self.env.args_known
        self.active.append(key)
        self.env.args, self.env.args_known = [mark(word) for word in args], known
        outer = self._enter(function.frame._replace(via=self.frame.via))
        try:
            return self.run(function.body, stdin)
        finally:
            self._enter(outer)
            self.active.pop()
            self.env.args, self.env.args_known = outer_args, outer_known

    def _redirected(self, node: Node, stdin: Stream) -> Stream:
        body = node.child_by_field_name("body")
        pieces = [child for child in node.children if child.type.endswith("_redirect")]
        if body is not None and body.type == "command":
            return self._command(body, stdin, pieces)
        gathered = _Gathered(stdin)
        for piece in pieces:
            self._gather(piece, gathered)
        out = self.run(body, gathered.stdin) if body is not None else NOTHING
        command = msgspec.structs.replace(self._here(), redirects=tuple(gathered.redirects))
        self.found.extend(redirect_effects(command, self, empties=body is None))
        out = self._deliver(command, out)
        return self._tail(gathered, out)

    def _assign(self, node: Node, stdin: Stream) -> Stream:
        for name, value in self._assignments(node):
            self._set(name, value)
        return NOTHING

    def _assignments(self, node: Node) -> list[tuple[str, str | list[str]]]:
        if node.type == "variable_assignments":
            return [pair for child in node.named_children for pair in self._assignments(child)]
        target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if target is None:
            return []
        name = self.expander.text(target)
        adds = any(child.type == "+=" for child in node.children)
        if target.type == "subscript":
            return self._element(target, value)
        if value is not None and value.type == "array":
            items = self.expander.array(value)
            old = self.env.variables.get(name, []) if adds else []
            return [(name, ([old] if isinstance(old, str) else old) + items)]
        text = "" if value is None else self.expander.value(value)
        if adds:
            text = (self.env.scalar(name, self.place) or "") + text
        return [(name, text[:4096])]

    def _element(self, target: Node, value: Node | None) -> list[tuple[str, str | list[str]]]:
        name_node, index = target.child_by_field_name("name"), target.child_by_field_name("index")
        if name_node is None or index is None or value is None:
            return []
        name, key = self.expander.text(name_node), self.expander.text(index)
        old = self.env.variables.get(name, [])
        items = [old] if isinstance(old, str) else list(old)
        if not key.isdigit() or int(key) > 255:
            return [(name, unknown(f"${{{name}}}"))]
        items += [""] * (int(key) + 1 - len(items))
        items[int(key)] = self.expander.value(value)
        return [(name, items)]

    def _set(self, name: str, value: str | list[str]) -> None:
        self.env.variables[name] = value
        if isinstance(value, str) and name.isupper():
            self.found.extend(
                assignment_effects(name, Word(text=clean(value), dynamic=DYNAMIC in value), self._here(), self)
            )

    def _declaration(self, node: Node, stdin: Stream) -> Stream:
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assign(child, stdin)
            elif child.type not in ("variable_name", "word"):
                for word in self.expander.words(child):
                    name, equals, value = word.text.partition("=")
                    if equals:
                        self._set(name, (DYNAMIC if word.dynamic else "") + value)
        return NOTHING

    def _unset(self, node: Node, stdin: Stream) -> Stream:
        for child in node.named_children:
            name = self.expander.text(child)
            self.env.variables[name] = ""
            self.found.extend(assignment_effects(name, Word(text=""), self._here("unset"), self))
        return NOTHING

    def _scan(self, node: Node) -> Stream:
        """Tests and arithmetic: only the substitutions in them do anything."""
        text = self.frame.source[node.start_byte : node.end_byte]
        if b"$(" in text or b"`" in text or b"<(" in text:
            for child in node.children:
                if child.type in ("command_substitution", "process_substitution"):
                    self._substitute(child, child.type == "process_substitution")
                else:
                    self._scan(child)
        return NOTHING

    # ------------------------------------------------------------ simple commands

    def _simple(self, node: Node, stdin: Stream) -> Stream:
        return self._command(node, stdin, ())

    def _command(self, node: Node, stdin: Stream, pieces: Iterable[Node]) -> Stream:
        self.steps += 1
        words: list[Word] = []
        assignments: list[tuple[str, str | list[str]]] = []
        gathered = _Gathered(stdin)
        hidden: list[int] = []
        expander = self.expander
        for child in node.children:
            kind = child.type
            if kind == "word" or kind == "number":
                words.extend(expander.words(child))
            elif kind == "command_name":
                words.extend(expander.words(child.children[0] if child.child_count else child))
            elif kind == "variable_assignment":
                assignments.extend(self._assignments(child))
            elif kind.endswith("_redirect"):
                self._gather(child, gathered)
            elif kind == "ERROR":
                hidden.append(len(words))
                self._error(child, NOTHING)
            elif child.is_named:
                words.extend(expander.words(child))
        for piece in pieces:
            self._gather(piece, gathered)
        words.extend(gathered.arguments)
        out = self._prepared(words, assignments, gathered)
        for at in hidden:
            if 0 < at < len(words):
                self._prepared(words[at:], [], _Gathered(NOTHING))
        return self._tail(gathered, out)

    def _prepared(
        self, words: list[Word], assignments: Sequence[tuple[str, str | list[str]]], gathered: _Gathered
    ) -> Stream:
        stdin = gathered.stdin
        if not words:
            for name, value in assignments:
                self._set(name, value)
            command = msgspec.structs.replace(self._here(), redirects=tuple(gathered.redirects))
            self.found.extend(redirect_effects(command, self, empties=True))
            return NOTHING
        command = Command(
            name=_base(words[0]),
            words=tuple(words[1:]),
            assignments=tuple(
                (name, Word(text=clean(value), dynamic=DYNAMIC in value))
                for name, value in assignments
                if isinstance(value, str)
            ),
            redirects=tuple(gathered.redirects),
            via=self.frame.via,
            input=stdin.kind,
            stdin=stdin.origin if stdin.kind in ("network", "file") else stdin.plain() if stdin.text else "",
            path=self.frame.path,
            items=stdin.items,
            decoded=stdin.decoded,
            asked=words[0].text,
        )
        if words[0].dynamic and command.name:
            self.found.append(effect("execute", words[0].text, "code", command, dynamic=True))
        if not assignments:
            return self._dispatch(command, stdin)
        before = {name: self.env.variables.get(name) for name, _ in assignments}
        for name, value in assignments:
            self._set(name, value)
        try:
            return self._dispatch(command, stdin)
        finally:
            for name, old in before.items():
                if old is None:
                    self.env.variables.pop(name, None)
                else:
                    self.env.variables[name] = old

    def _dispatch(self, command: Command, stdin: Stream) -> Stream:
        name = command.name
        out: Stream | None = None
        function = self.env.functions.get(name)
        if function is not None and not command.asked.startswith(("/", "\\")):
            out = self._call(name, function, command.words, stdin=stdin)
        elif name in self.env.aliases and name not in self.active:
            out = self._alias(command)
        elif not name:
            self.found.append(effect("execute", command.asked, "code", command, dynamic=True))
            out = UNKNOWN
        else:
            builtin, handler = BUILTINS.get(name), HANDLERS.get(name)
            if builtin is not None:
                self.found.extend(builtin(command, self, stdin))
                self._sync()
            elif handler is not None:
                self.found.extend(handler(command, self))
            else:
                self.found.extend(unknown_program(command, self))
        if command.redirects:
            self.found.extend(redirect_effects(command, self))
        if out is None:
            out = produce(command, stdin, self)
            for where, stream in written(command, stdin, out, self):
                self._keep(where, stream)
        return self._deliver(command, out)

    def _alias(self, command: Command) -> Stream:
        self.active.append(command.name)
        try:
            rest = " ".join("'" + word.text.replace("'", "'\\''") + "'" for word in command.words)
            return self._text(f"{self.env.aliases[command.name]} {rest}", command.via, command.path)
        finally:
            self.active.pop()

    # ------------------------------------------------------------ redirections and pipes

    def _gather(self, node: Node, gathered: _Gathered) -> None:
        kind = node.type
        if kind == "herestring_redirect":
            self._herestring(node, gathered)
        elif kind == "heredoc_redirect":
            self._heredoc(node, gathered)
        elif kind == "file_redirect":
            operator = next(
                (child.type for child in node.children if child.type.strip("<>&|") == "" and child.type), ">"
            )
            destinations = node.children_by_field_name("destination")
            for at, destination in enumerate(destinations):
                for word in self.expander.words(destination):
                    if at:
                        gathered.arguments.append(word)
                    elif operator == "<":
                        gathered.stdin = self._open(word)
                        gathered.redirects.append(Redirect(operator="<", target=word))
                    elif not duplicates(operator, word):
                        fixed = {">&": "&>", "<&": "<"}.get(operator, operator)
                        number = node.child_by_field_name("descriptor")
                        descriptor = "" if number is None else self.expander.text(number)
                        gathered.redirects.append(Redirect(operator=fixed, target=word, descriptor=descriptor))  # type: ignore[arg-type]

    def _open(self, word: Word) -> Stream:
        if word.dynamic:
            return UNKNOWN
        kind, text = self.content(word.text)
        if kind == "text":
            return text_stream(text)
        return Stream(kind, "" if kind != "dynamic" else DYNAMIC, text)

    def _herestring(self, node: Node, gathered: _Gathered) -> None:
        children = node.named_children
        if not children:
            return
        text = self.expander.text(children[-1])
        if text.startswith("__heredoc_") and text.endswith("__") and text[10:-2].isdigit():
            at = int(text[10:-2])
            if at < len(self.frame.heredocs):
                heredoc = self.frame.heredocs[at]
                gathered.stdin = text_stream(heredoc.body if heredoc.quoted else self._expand_text(heredoc.body))
                return
        gathered.stdin = text_stream(self.expander.value(children[-1]) + "\n")

    def _expand_text(self, body: str) -> str:
        """The body of a lifted heredoc, expanded as between double quotes."""
        if "$" not in body and "`" not in body:
            return body
        source = ('"' + body.replace('"', "\ue022") + '"').encode("utf-8", "replace")
        outer = self._enter(_Frame(source, (), self.frame.via, self.frame.path))
        try:
            strings = _first(_PARSER.parse(source).root_node, "string")
            marked = self.expander.value(strings) if strings is not None else unknown(body)
        finally:
            self._enter(outer)
        return marked.replace("\ue022", '"')

    def _heredoc(self, node: Node, gathered: _Gathered) -> None:
        quoted, body = False, ""
        dashed = any(child.type == "<<-" for child in node.children)
        for child in node.children:
            kind = child.type
            if kind == "heredoc_start":
                quoted = any(sign in self.expander.text(child) for sign in "'\"\\")
            elif kind == "heredoc_body":
                body = self.expander.text(child) if quoted or not child.child_count else self._heredoc_pieces(child)
            elif kind == "file_redirect":
                self._gather(child, gathered)
            elif kind in ("pipeline", "ERROR") or node.field_name_for_child(node.children.index(child)) == "right":
                gathered.tail.append(child)
            elif kind not in ("heredoc_end",) and child.is_named:
                gathered.arguments.extend(self.expander.words(child))
        if dashed:
            body = "\n".join(line.lstrip("\t") for line in body.split("\n"))
        gathered.stdin = text_stream(body)

    def _heredoc_pieces(self, node: Node) -> str:
        out, at = [], node.start_byte
        for child in node.children:
            if child.start_byte > at:
                out.append(self.frame.source[at : child.start_byte].decode("utf-8", "replace"))
            at = child.end_byte
            out.append(self.expander.text(child) if child.type == "heredoc_content" else self.expander.value(child))
        out.append(self.frame.source[at : node.end_byte].decode("utf-8", "replace"))
        return "".join(out)

    def _tail(self, gathered: _Gathered, out: Stream) -> Stream:
        for node in gathered.tail:
            if node.type == "pipeline":
                stages = [child for child in node.children if child.is_named]
                for stage in stages:
                    out = self.run(stage, out)
            else:
                out = self.run(node, NOTHING)
        return out

    def _deliver(self, command: Command, out: Stream) -> Stream:
        """Where the output goes: into files, whose text is then known, or on."""
        for redirect in command.redirects:
            if redirect.operator != "<" and redirect.descriptor in ("", "1") and not redirect.target.dynamic:
                where = redirect.target.text
                self._keep(where, out, append=redirect.operator.endswith(">>"))
                out = NOTHING if not where.startswith("/dev/") else out
        return out

    def _keep(self, path: str, stream: Stream, *, append: bool = False) -> None:
        where = self.place.resolve(path)
        if where.startswith("/dev/"):
            return
        if append:
            kind, text = self.content(where)
            if kind == "text":
                stream = text_stream(text).then(stream)
        if stream.known or stream.kind == "none":
            self.files[where] = stream.plain()
            self.streams.pop(where, None)
        elif stream.kind == "network" or stream.text:
            self.streams[where] = stream
        else:
            self.files.pop(where, None)
            self.streams[where] = Stream("dynamic")

    def _substitute(self, node: Node, process: bool) -> str:
        """Run `$(...)`, backticks or `<(...)`; give its marked value."""
        inner = [child for child in node.children if child.is_named]
        env, place = self.env, self.place
        self.env = env.fork()
        self._sync()
        out = NOTHING
        stdin = UNKNOWN if process and self.expander.text(node).startswith(">") else NOTHING
        try:
            for child in inner:
                if child.type == "file_redirect" and len(inner) == 1:  # $(<file)
                    gathered = _Gathered(NOTHING)
                    self._gather(child, gathered)
                    out = gathered.stdin
                else:
                    out = out.then(self.run(child, stdin))
        finally:
            self.env, self.place = env, place
            self._sync()
        if process:
            name = f"/dev/fd/{63 + len(self.streams)}"
            self.streams[name] = out if out.kind != "none" else UNKNOWN
            return name
        if out.items and not out.text:
            return " ".join(mark(item) for item in out.items)
        if out.kind == "text" or out.kind == "none":
            return out.text.rstrip("\n")
        return unknown(self.expander.text(node))

    def _go(self, where: str) -> None:
        """Change the folder that relative paths are read from."""
        self.env.here = where
        self.place = msgspec.structs.replace(self.place, here=where)
        self._sync()

    def go(self, where: str) -> None:
        """For builtins: `cd`."""
        self._go(where)


class _Gathered:
    """What stands around a command: its input, its redirections, further words, and what follows a heredoc's start."""

    __slots__ = ("arguments", "redirects", "stdin", "tail")

    def __init__(self, stdin: Stream) -> None:
        self.stdin = stdin
        self.redirects: list[Redirect] = []
        self.arguments: list[Word] = []
        self.tail: list[Node] = []


def _base(word: Word) -> str:
    """The name a command is known by; empty when it cannot be known."""
    text = word.text
    if "/" in text:
        text = text.rsplit("/", 1)[-1]
    elif word.dynamic and ("$" in text or "`" in text):
        return ""
    if word.glob and text not in ("[", "[["):
        return ""  # a pattern names whatever it matches
    if text.startswith(("$", "`")) or (word.dynamic and ("$" in text or "`" in text)):
        return ""
    return text[:-4] if text.lower().endswith(".exe") else text


def _first(node: Node, kind: str) -> Node | None:
    if node.type == kind:
        return node
    for child in node.children:
        found = _first(child, kind)
        if found is not None:
            return found
    return None


_RUN: dict[str, Callable[[Engine, Node, Stream], Stream]] = {
    "program": Engine._sequence,
    "command": Engine._simple,
    "pipeline": Engine._pipeline,
    "list": Engine._list,
    "redirected_statement": Engine._redirected,
    "variable_assignment": Engine._assign,
    "variable_assignments": Engine._assign,
    "declaration_command": Engine._declaration,
    "unset_command": Engine._unset,
    "subshell": Engine._subshell,
    "compound_statement": Engine._sequence,
    "do_group": Engine._sequence,
    "negated_command": Engine._sequence,
    "if_statement": Engine._branches,
    "elif_clause": Engine._branches,
    "else_clause": Engine._sequence,
    "case_statement": Engine._case,
    "case_item": Engine._case_item,
    "for_statement": Engine._for,
    "c_style_for_statement": Engine._while,
    "while_statement": Engine._while,
    "function_definition": Engine._function,
    "ERROR": Engine._error,
}
