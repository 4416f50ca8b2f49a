"""Shell text to effects: a small abstract interpreter over the tree that tree-sitter-bash gives.

It runs nothing. It walks the text as a shell would, keeps what is known (variables, functions, the working folder, what
flows through a pipe, files written on the way), and hands every simple command, its words expanded as far as they can be, to
the handler of its name. What is not known is marked, never guessed away: an unresolved command word is an `execute` effect
of certainty `dynamic`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from tree_sitter import Node

from magistrate.core.records import Effect
from magistrate.evidence.effects.assignments import assignments
from magistrate.evidence.effects.builtins import BUILTINS, assignment_effects
from magistrate.evidence.effects.command import Command, Input, Word, effect
from magistrate.evidence.effects.commands import HANDLERS
from magistrate.evidence.effects.commands.generic import unknown_program
from magistrate.evidence.effects.expand import Environment, Expander
from magistrate.evidence.effects.filters import hides, without_environment
from magistrate.evidence.effects.gather import PARSER, Frame, Gathered, gather
from magistrate.evidence.effects.heredocs import Heredoc, mend
from magistrate.evidence.effects.marks import DYNAMIC, clean, mark, unknown, unprivate
from magistrate.evidence.effects.outputs import produce, written
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.programs import program_effects
from magistrate.evidence.effects.redirects import redirect_effects
from magistrate.evidence.effects.streams import NOTHING, UNKNOWN, Stream, text_stream

TEXT_LIMIT = 1 << 18
"""Bytes of shell text that are analysed; what follows is `dynamic`."""
_STEPS = 800
_DEPTH = 60
_TURNS = 16
"""Values of a loop variable that are tried one by one."""


class _Function(NamedTuple):
    body: Node
    frame: Frame


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
        self.frame = Frame(b"", (), (), "command")
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
        tree = PARSER.parse(source)
        if tree.root_node.has_error:
            mended, heredocs = mend(source.decode("utf-8", "replace"))
            source = mended.encode("utf-8", "replace")
            tree = PARSER.parse(source)
        outer = self.enter(Frame(source, heredocs, via, path))
        try:
            out = self.run(tree.root_node, NOTHING)
            while self.uncalled and self.depth == 0:
                name, function = self.uncalled.popitem()
                self._call(name, function, [], known=False)
            return out
        finally:
            self.enter(outer)

    def enter(self, frame: Frame) -> Frame:
        """Go to another text; gives the one left, to return to."""
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
            before = len(self.found)
            out = self._apart(stage, out) if at < len(stages) - 1 else self.run(stage, out)
            shown = any(one.kind == "credential" and one.target == "environment" for one in self.found[before:])
            if shown and hides([self.expander.text(later) for later in stages[at + 1 :]]):
                self.found[before:] = without_environment(self.found[before:])
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
        outer = self.enter(function.frame._replace(via=self.frame.via))
        try:
            return self.run(function.body, stdin)
        finally:
            self.enter(outer)
            self.active.pop()
            self.env.args, self.env.args_known = outer_args, outer_known

    def _redirected(self, node: Node, stdin: Stream) -> Stream:
        body = node.child_by_field_name("body")
        pieces = [child for child in node.children if child.type.endswith("_redirect")]
        if body is not None and body.type == "command":
            return self._command(body, stdin, pieces)
        gathered = Gathered(stdin)
        for piece in pieces:
            gather(self, piece, gathered)
        out = self.run(body, gathered.stdin) if body is not None else NOTHING
        command = msgspec.structs.replace(self._here(), redirects=tuple(gathered.redirects))
        self.found.extend(redirect_effects(command, self, empties=body is None))
        out = self._deliver(command, out)
        return self._tail(gathered, out)

    def _assign(self, node: Node, stdin: Stream) -> Stream:
        for name, value in assignments(self, node):
            self._set(name, value)
        return NOTHING

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
        given: list[tuple[str, str | list[str]]] = []
        gathered = Gathered(stdin)
        hidden: list[int] = []
        expander = self.expander
        for child in node.children:
            kind = child.type
            if kind == "word" or kind == "number":
                words.extend(expander.words(child))
            elif kind == "command_name":
                words.extend(expander.words(child.children[0] if child.child_count else child))
            elif kind == "variable_assignment":
                given.extend(assignments(self, child))
            elif kind.endswith("_redirect"):
                gather(self, child, gathered)
            elif kind == "ERROR":
                hidden.append(len(words))
                self._error(child, NOTHING)
            elif child.is_named:
                words.extend(expander.words(child))
        for piece in pieces:
            gather(self, piece, gathered)
        words.extend(gathered.arguments)
        out = self._prepared(words, given, gathered)
        for at in hidden:
            if 0 < at < len(words):
                self._prepared(words[at:], [], Gathered(NOTHING))
        return self._tail(gathered, out)

    def _prepared(self, words: list[Word], given: Sequence[tuple[str, str | list[str]]], gathered: Gathered) -> Stream:
        stdin = gathered.stdin
        if not words:
            for name, value in given:
                self._set(name, value)
            command = msgspec.structs.replace(self._here(), redirects=tuple(gathered.redirects))
            self.found.extend(redirect_effects(command, self, empties=True))
            return NOTHING
        command = Command(
            name=_base(words[0]),
            words=tuple(words[1:]),
            assignments=tuple(
                (name, Word(text=clean(value), dynamic=DYNAMIC in value))
                for name, value in given
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
        if not given:
            return self._dispatch(command, stdin)
        before = {name: self.env.variables.get(name) for name, _ in given}
        for name, value in given:
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

    def _tail(self, gathered: Gathered, out: Stream) -> Stream:
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
                    gathered = Gathered(NOTHING)
                    gather(self, child, gathered)
                    self.found.extend(
                        redirect_effects(
                            msgspec.structs.replace(self._here(), redirects=tuple(gathered.redirects)), self
                        )
                    )
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
