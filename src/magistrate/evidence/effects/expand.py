"""Expansion: what a shell makes of `"$A"/x`, `{a,b}`, `$'\\x72m'` and the like, as far as that can be known beforehand.

While a word is being put together it is a *marked* string: one Python string in which a quoted special character is
shifted into Unicode's private-use area, so that brace expansion, field splitting and wildcards see only what is unquoted, and in
which `DYNAMIC` stands before each piece that cannot be known. `fields` turns a marked string into words.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tree_sitter import Node

from magistrate.evidence.effects.command import Word
from magistrate.evidence.effects.place import Place

DYNAMIC = "\ue100"
"""Before a piece that is not known; the piece itself stands as written."""
GLOB = "\ue101"
"""A wildcard that has not been expanded stands in this text, whatever the quotes say."""
QUOTED = "\ue103"
"""Something was quoted here, so that an empty word stays a word."""

_WRITTEN = {ord(" "): "\ue104", ord("\t"): "\ue104", ord("\n"): "\ue105"}
"""White space inside a piece that stands as written: never a place to split."""
_SHIFTED = " \t\n*?[]{},~'\"\\$`;&|<>()#!="
_PROTECT = {ord(c): chr(0xE000 + ord(c)) for c in _SHIFTED}
_PROTECT_VALUE = {ord(c): chr(0xE000 + ord(c)) for c in "{},~"}
_KEEP_MARKS: dict[int, str | None] = {0xE000 + ord(c): c for c in _SHIFTED} | {ord(QUOTED): None}
_CLEAN: dict[int, str | None] = _KEEP_MARKS | {ord(DYNAMIC): None, ord(GLOB): None, 0xE104: " ", 0xE105: "\n"}
_PRIVATE = re.compile("[\ue000-\ue1ff]")
_PLAIN = re.compile(r"[A-Za-z0-9_./:=@%+^-]+")
_WILD = re.compile(rf"[*?{GLOB}]|\[[^\]]*\]")
_ESCAPE = re.compile(r"\\(.)", re.S)
_IN_QUOTES = re.compile(r'\\([$`"\\\n])')
_BLANKS = re.compile("[ \t\n]+")
_LIMIT = 64
"""Words that one brace expansion may give."""

_NUMBERS = frozenset(
    {"RANDOM", "SRANDOM", "UID", "EUID", "PPID", "SECONDS", "LINENO", "BASHPID", "EPOCHSECONDS"} | set("$?#!")
)
"""Variables that can only hold a number, so that a word stays in its folder whatever they hold."""
_NAMES = frozenset({"USER", "LOGNAME", "HOSTNAME", "HOSTTYPE", "OSTYPE", "MACHTYPE", "PATH", "TERM", "LANG", "COLUMNS"})
"""Variables whose value is set by the system and is no path that could lead elsewhere."""


def unprivate(text: str) -> str:
    """Text from outside, without the characters that marks use."""
    return text if text.isascii() or not _PRIVATE.search(text) else _PRIVATE.sub("\ufffd", text)


def protect(text: str) -> str:
    return text.translate(_PROTECT)


def unknown(text: str) -> str:
    """A piece that cannot be known, standing as written (at most 200 characters of it)."""
    return DYNAMIC + text[:200].translate(_WRITTEN)


def value_of(marked: str) -> str:
    """A marked string as a variable keeps it: quoting gone, `DYNAMIC` and `GLOB` still there."""
    return marked.translate(_KEEP_MARKS)


def clean(marked: str) -> str:
    """The text alone."""
    return marked if marked.isascii() else marked.translate(_CLEAN)


def mark(word: Word) -> str:
    """A word as a marked value again."""
    return (DYNAMIC if word.dynamic else "") + (GLOB if word.glob else "") + word.text


def fields(marked: str) -> list[Word]:
    """The words that a marked string becomes: braces expanded, split where unquoted white space stands."""
    if _PLAIN.fullmatch(marked):
        return [Word(text=marked)]
    found: list[Word] = []
    for piece in _braces(marked):
        for one in _BLANKS.split(piece):
            if not one:
                continue
            dynamic = DYNAMIC in one
            glob = bool(_WILD.search(one.split(DYNAMIC)[0] if dynamic else one))
            found.append(Word(text=one.translate(_CLEAN), dynamic=dynamic, glob=glob))
    return found


def _braces(text: str) -> list[str]:
    if "{" not in text:
        return [text]
    done: list[str] = []
    work = [text]
    while work:
        one = work.pop(0)
        options = _brace(one) if len(done) + len(work) < _LIMIT else None
        if options is None:
            done.append(one if len(done) + len(work) < _LIMIT else DYNAMIC + one)
        else:
            work[:0] = options
    return done


_RANGE = re.compile(r"(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])(?:\.\.-?\d{1,4})?")


def _brace(text: str) -> list[str] | None:
    """One step: the first brace group that has a comma or a range, spread; None when there is none."""
    start = text.find("{")
    while start >= 0:
        cuts = _group(text, start)
        if cuts:
            before, after = text[:start], text[cuts[-1] + 1 :]
            if len(cuts) > 2:
                found = [before + text[a + 1 : b] + after for a, b in pairwise(cuts[: _LIMIT + 1])]
                return found if len(cuts) <= _LIMIT + 1 else [*found, DYNAMIC + before + "…" + after]
            spread = _RANGE.fullmatch(text[start + 1 : cuts[-1]])
            if spread:
                return [before + item + after for item in _range(spread[1], spread[2])]
        start = text.find("{", start + 1)
    return None


def _group(text: str, start: int) -> list[int]:
    """Places of the opening brace, the commas of its level, and the closing brace; empty when it does not close."""
    depth, cuts = 0, [start]
    for at in range(start, min(len(text), start + 4096)):
        char = text[at]
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return [*cuts, at]
        elif char == "," and depth == 1:
            cuts.append(at)
    return []


def _range(first: str, last: str) -> Iterator[str]:
    if first.lstrip("-").isdigit() and last.lstrip("-").isdigit():
        a, b = int(first), int(last)
        near = max(min(b, a + _LIMIT - 1), a - _LIMIT + 1)
        yield from (str(n) for n in range(a, near + (1 if b >= a else -1), 1 if b >= a else -1))
        if near != b:
            yield DYNAMIC + "…"
    elif len(first) == len(last) == 1:
        a, b = ord(first), ord(last)
        yield from (chr(n) for n in range(a, b + (1 if b >= a else -1), 1 if b >= a else -1))
    else:
        yield first


_ANSI = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|0?[0-7]{1,3}|c.|.)", re.S)
_ANSI_SIMPLE = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip


def ansi(text: str) -> str:
    """The text with `\\n`, `\\x41`, `\\101`, `\\u0041` read as `$'...'`, `echo -e` and `printf` do."""
    return _ANSI.sub(_ansi_one, text) if "\\" in text else text


def _ansi_one(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "xuU" and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    if code.isdigit() and all(c in "01234567" for c in code):
        return chr(int(code, 8) & 0xFF)
    if code[0] == "c" and len(code) == 2:
        return chr(ord(code[1]) & 0x1F)
    return _ANSI_SIMPLE.get(code, "\\" + code)


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
        return items[: 16 * _LIMIT] + ([unknown("…")] if len(items) > 16 * _LIMIT else [])

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
            return " ".join(_use(arg, quoted) for arg in self.env.args)
        return self._known(self.env.scalar(name, self.place), node, quoted)

    def _known(self, value: str | None, node: Node, quoted: bool) -> str:
        return unknown(self.text(node)) if value is None else _use(value, quoted)

    def _arithmetic(self, node: Node, quoted: bool) -> str:
        text = self.text(node)
        if "$(" in text[2:] or "`" in text:
            _run_inside(self, node)
        return protect(text)  # a number, whatever it is: no slash, no blank

    def _command(self, node: Node, quoted: bool) -> str:
        return _use(self._substitute(node, False), quoted)

    def _process(self, node: Node, quoted: bool) -> str:
        return _use(self._substitute(node, True), True)

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
            return " ".join(_use(item, quoted) for item in stored)  # one word each, even between quotes
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
            return " ".join(items)
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
                return _use(DYNAMIC + argument if value is None else argument if value else "", quoted)
            chosen = DYNAMIC + argument if value is None else value or argument
            if operator.endswith("="):
                self.env.variables[subject] = chosen
            return _use(chosen, quoted)
        known = value is not None and DYNAMIC not in value
        if operator == "prefix#":
            return protect(str(len(clean(value))) if known and value is not None else self.text(node))
        if operator == "prefix!" and known and value is not None and not rest:
            return self._known(self.env.scalar(value, self.place), node, quoted)
        if not known or value is None or len(value) > 512:
            return unknown(self.text(node))
        pieces = [value_of(self.expand(child)) if child.is_named else self.text(child) for child in rest]
        result = _transform(operator, value, pieces)
        return unknown(self.text(node)) if result is None else _use(result, quoted)


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


def _use(value: str, quoted: bool) -> str:
    """A value where it is used: inside quotes nothing in it is special, outside it is split and its wildcards count."""
    return value.translate(_PROTECT if quoted else _PROTECT_VALUE)


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
