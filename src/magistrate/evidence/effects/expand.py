"""Expansion: what a shell makes of `"$A"/x`, `{a,b}`, `$'\x72m'` and the like, as far as that can be known beforehand."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tree_sitter import Node

from magistrate.evidence.effects.command import Word
from magistrate.evidence.effects.marks import (
    DYNAMIC,
    QUOTED,
    SPREAD_LIMIT,
    ansi,
    clean,
    fields,
    mark,
    protect,
    unknown,
    unprivate,
    use,
    value_of,
)
from magistrate.evidence.effects.place import Place

_ESCAPE = re.compile(r"\\(.)", re.S)
_IN_QUOTES = re.compile(r'\\([$`"\\\n])')

_NUMBERS = frozenset(
    {"RANDOM", "SRANDOM", "UID", "EUID", "PPID", "SECONDS", "LINENO", "BASHPID", "EPOCHSECONDS"} | set("$?#!")
)
"""Variables that can only hold a number, so that a word stays in its folder whatever they hold."""
_NAMES = frozenset({"USER", "LOGNAME", "HOSTNAME", "HOSTTYPE", "OSTYPE", "MACHTYPE", "PATH", "TERM", "LANG", "COLUMNS"})
"""Variables whose value is set by the system and is no path that could lead elsewhere."""


@dataclass(slots=True)
class Environment:
    """What a shell knows while it runs: variables, functions, aliases, its arguments. Values are marked strings."""

    variables: dict[str, str | list[str]] = field(default_factory=dict)
    functions: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    args: list[str] = field(default_factory=list)
    zero: str = "bash"
    """`$0`."""
    args_known: bool = True
    """False inside a function that is looked at without being called."""
    here: str = ""

    def fork(self) -> Environment:
        """A copy for a subshell: what changes there does not come back."""
        return replace(self, variables=dict(self.variables), functions=dict(self.functions), aliases=dict(self.aliases))

    def scalar(self, name: str, place: Place) -> str | None:
        """A variable's marked value; None when nothing is known of it."""
        value = self.variables.get(name)
        if value is not None:
            return value if isinstance(value, str) else (value[0] if value else "")
        if name.isdigit():
            at = int(name[:4]) - 1
            if at < 0:
                return self.zero
            return self.args[at] if at < len(self.args) else ("" if self.args_known else None)
        if name in ("@", "*"):
            return " ".join(self.args) if self.args or self.args_known else None
        if name == "HOME":
            return place.home or "~"
        if name == "PWD":
            return self.here or place.cwd or "."
        if name in ("TMPDIR", "TMP", "TEMP"):
            return "/tmp"  # noqa: S108  where it points unless somebody says otherwise
        if name == "IFS":
            return " \t\n"
        if name == "SHELL":
            return "/bin/bash"
        if name in _NUMBERS or name in _NAMES:
            return "$" + name
        return None


_LITERAL = frozenset(
    {"word", "number", "variable_name", "regex", "extglob_pattern", "test_operator", "special_variable_name"}
)


class Expander:
    """Turns the word nodes of one parsed text into words, under an environment."""

    def __init__(self, source: bytes, env: Environment, place: Place, substitute: Callable[[Node, bool], str]) -> None:
        """`substitute(node, is_process)` runs a command or process substitution and gives its marked value."""
        self.source = source
        self.env = env
        self.place = place
        self._substitute = substitute

    def text(self, node: Node) -> str:
        """The node as written."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def words(self, node: Node) -> list[Word]:
        """The words that a word node becomes: none, one or many."""
        return fields(self.expand(node))

    def value(self, node: Node) -> str:
        """As on the right of `=`: no splitting."""
        return value_of(self.expand(node))

    def array(self, node: Node) -> list[str]:
        """The marked values of `(a b "c d")`."""
        items = [mark(word) for child in node.named_children for word in self.words(child)]
        return items[: 16 * SPREAD_LIMIT] + ([unknown("…")] if len(items) > 16 * SPREAD_LIMIT else [])

    def expand(self, node: Node, quoted: bool = False) -> str:
        """The marked string of a word node."""
        kind = node.type
        if kind in _LITERAL:
            text = self.text(node)
            if node.child_count:
                return self._pieces(node, quoted)
            return _unescape(text) if "\\" in text else text
        method = _METHODS.get(kind)
        if method is not None:
            return method(self, node, quoted)
        if node.child_count == 0:
            text = self.text(node)
            return protect(text) if quoted else text
        return self._pieces(node, quoted)

    def _pieces(self, node: Node, quoted: bool) -> str:
        out, at = [], node.start_byte
        for child in node.children:
            if child.start_byte > at and quoted:
                out.append(protect(self.source[at : child.start_byte].decode("utf-8", "replace")))
            out.append(self.expand(child, quoted))
            at = child.end_byte
        return "".join(out)

    def _concatenation(self, node: Node, quoted: bool) -> str:
        children = node.children
        # `$"..."` glued to other text reaches us as a lone dollar before the string
        return "".join(
            self.expand(child, quoted)
            for at, child in enumerate(children)
            if not (child.type == "$" and at + 1 < len(children) and children[at + 1].type in ("string", "raw_string"))
        )

    def _string(self, node: Node, quoted: bool) -> str:
        out, at = [QUOTED], node.start_byte + 1
        for child in node.children:
            kind = child.type
            if child.start_byte > at:  # the grammar drops white space between two expansions
                out.append(protect(self.source[at : child.start_byte].decode("utf-8", "replace")))
            at = max(at, child.end_byte)
            if kind == '"':
                continue
            if kind == "string_content":
                text = self.text(child)
                out.append(protect(_IN_QUOTES.sub(_quoted_escape, text) if "\\" in text else text))
            else:
                out.append(self.expand(child, True))
        return "".join(out)

    def _raw_string(self, node: Node, quoted: bool) -> str:
        text = self.text(node)
        return QUOTED + protect(text if quoted else text[1:-1])

    def _ansi_string(self, node: Node, quoted: bool) -> str:
        text = self.text(node)
        return QUOTED + protect(text if quoted else unprivate(ansi(text[2:-1])))

    def _translated(self, node: Node, quoted: bool) -> str:
        return "".join(self.expand(child, quoted) for child in node.named_children)

    def _simple(self, node: Node, quoted: bool) -> str:
        name = self.source[node.start_byte + 1 : node.end_byte].decode("utf-8", "replace")
        if name in ("@", "*") and self.env.args:
            return " ".join(use(arg, quoted) for arg in self.env.args)
        return self._known(self.env.scalar(name, self.place), node, quoted)

    def _known(self, value: str | None, node: Node, quoted: bool) -> str:
        return unknown(self.text(node)) if value is None else use(value, quoted)

    def _arithmetic(self, node: Node, quoted: bool) -> str:
        text = self.text(node)
        if "$(" in text[2:] or "`" in text:
            _run_inside(self, node)
        return protect(text)  # a number, whatever it is: no slash, no blank

    def _command(self, node: Node, quoted: bool) -> str:
        return use(self._substitute(node, False), quoted)

    def _process(self, node: Node, quoted: bool) -> str:
        return use(self._substitute(node, True), True)

    def substitute(self, node: Node) -> None:
        """Run a substitution for its effects alone."""
        self._substitute(node, node.type == "process_substitution")

    def _as_it_stands(self, node: Node, quoted: bool) -> str:
        return protect(self.text(node)) if quoted else self.text(node)

    def _array(self, node: Node, quoted: bool) -> str:
        return " ".join(self.expand(child, quoted) for child in node.named_children)

    def _expansion(self, node: Node, quoted: bool) -> str:
        subject, operator, index = "", "", None
        rest: list[Node] = []
        for child in node.children[1:-1]:
            kind = child.type
            if not subject and kind in ("variable_name", "special_variable_name"):
                subject = self.text(child)
            elif not subject and kind == "subscript":
                name = child.child_by_field_name("name")
                index = child.child_by_field_name("index")
                subject = self.text(name) if name is not None else ""
            elif not subject and not child.is_named and kind in ("#", "!"):
                operator = "prefix" + kind
            elif subject and not operator and not child.is_named:
                operator = self.text(child)
            else:
                rest.append(child)
        if not subject:
            written = self.text(node)[2:-1].lstrip("#!")
            return self._known(self.env.scalar(written, self.place) if written in ("@", "*") else None, node, quoted)
        stored = self.env.variables.get(subject)
        if index is not None and not operator and isinstance(stored, list) and self.text(index) == "@":
            return " ".join(use(item, quoted) for item in stored)  # one word each, even between quotes
        return self._operate(operator, subject, self._subject(subject, index), rest, node, quoted)

    def _subject(self, name: str, index: Node | None) -> str | None:
        if index is None:
            return self.env.scalar(name, self.place)
        stored = self.env.variables.get(name)
        if stored is None:
            return None
        items = [stored] if isinstance(stored, str) else stored
        key = self.text(index)
        if key in ("@", "*"):
            separator = self.env.variables.get("IFS", " ")
            return (separator[:1] if isinstance(separator, str) else " ").join(items)
        if re.fullmatch(r"-?\d{1,5}", key):
            at = int(key)
            return items[at] if -len(items) <= at < len(items) else ""
        return None

    def _operate(
        self, operator: str, subject: str, value: str | None, rest: list[Node], node: Node, quoted: bool
    ) -> str:
        if operator in ("", "?", ":?"):
            return self._known(value, node, quoted)
        if operator in (":-", "-", ":=", "=", ":+", "+"):
            argument = value_of("".join(self.expand(child) for child in rest))
            if operator in (":+", "+"):
                return use(DYNAMIC + argument if value is None else argument if value else "", quoted)
            chosen = DYNAMIC + argument if value is None else value or argument
            if operator.endswith("="):
                self.env.variables[subject] = chosen
            return use(chosen, quoted)
        known = value is not None and DYNAMIC not in value
        if operator == "prefix#":
            return protect(str(len(clean(value))) if known and value is not None else self.text(node))
        if operator == "prefix!" and known and value is not None and not rest:
            return self._known(self.env.scalar(value, self.place), node, quoted)
        if not known or value is None or len(value) > 512:
            return unknown(self.text(node))
        pieces = [value_of(self.expand(child)) if child.is_named else self.text(child) for child in rest]
        result = _transform(operator, value, pieces)
        return unknown(self.text(node)) if result is None else use(result, quoted)


_METHODS: dict[str, Callable[[Expander, Node, bool], str]] = {
    "concatenation": Expander._concatenation,
    "string": Expander._string,
    "raw_string": Expander._raw_string,
    "ansi_c_string": Expander._ansi_string,
    "translated_string": Expander._translated,
    "simple_expansion": Expander._simple,
    "expansion": Expander._expansion,
    "arithmetic_expansion": Expander._arithmetic,
    "command_substitution": Expander._command,
    "process_substitution": Expander._process,
    "brace_expression": Expander._as_it_stands,
    "array": Expander._array,
}


def _run_inside(expander: Expander, node: Node) -> None:
    for child in node.children:
        if child.type in ("command_substitution", "process_substitution"):
            expander.substitute(child)
        else:
            _run_inside(expander, child)


def _unescape(text: str) -> str:
    return QUOTED + _ESCAPE.sub(lambda match: "" if match[1] == "\n" else protect(match[1]), text)


def _quoted_escape(match: re.Match[str]) -> str:
    return "" if match[1] == "\n" else match[1]


def _transform(operator: str, value: str, rest: list[str]) -> str | None:
    """`${x#p}`, `${x/a/b}`, `${x:1:2}`, `${x^^}` of a known value; None for what is not done here."""
    argument = rest[0] if rest else ""
    if any(DYNAMIC in piece for piece in rest) or argument.count("*") > 2:
        return None
    if operator in ("#", "##", "%", "%%"):
        return _strip(operator, value, argument)
    if operator in ("/", "//", "/#", "/%"):
        return _replace(operator, value, argument, "".join(piece for piece in rest[1:] if piece != "/"))
    if operator == ":":
        numbers = [piece.strip() for piece in rest if piece.strip() != ":"]
        if not numbers or not all(re.fullmatch(r"-?\d{1,6}", number) for number in numbers[:2]):
            return None
        tail = value[int(numbers[0]) :]
        return tail[: int(numbers[1])] if len(numbers) > 1 else tail
    change = _CASES.get(operator)
    if change is not None and not argument:
        return change(value)
    return value if operator == "@" and rest in (["Q"], ["E"]) else None


_CASES: dict[str, Callable[[str], str]] = {
    "^^": str.upper,
    ",,": str.lower,
    "^": lambda text: text[:1].upper() + text[1:],
    ",": lambda text: text[:1].lower() + text[1:],
}


def _replace(operator: str, value: str, pattern: str, by: str) -> str | None:
    if not pattern:
        return value
    if not re.search(r"[*?\[]", pattern):
        return value.replace(pattern, by, -1 if operator == "//" else 1)
    body = fnmatch.translate(pattern).removesuffix(r"\Z")
    try:
        return re.sub(body, lambda _: by, value, count=0 if operator == "//" else 1)
    except re.error:
        return None


def _strip(operator: str, value: str, pattern: str) -> str:
    match = re.compile(fnmatch.translate(pattern)).match
    if operator.startswith("#"):
        cuts = range(len(value) + 1) if operator == "#" else range(len(value), -1, -1)
        return next((value[cut:] for cut in cuts if match(value[:cut])), value)
    cuts = range(len(value) + 1) if operator == "%%" else range(len(value), -1, -1)
    return next((value[:cut] for cut in cuts if match(value[cut:])), value)
