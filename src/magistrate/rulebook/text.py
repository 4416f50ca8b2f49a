"""Reading a rulebook: Markdown that people discuss in a pull request, parsed strictly.

The shape is told in `docs/rulebook.md`. Nothing is skipped in silence: what is no part of the shape is an error with a line
number and a mend, because a rule that was read differently from how it was written is worse than none.
"""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from msgspec.structs import replace

from magistrate.core.records import AuthorityLevel, Example, Match, Record, Rule, Rulebook
from magistrate.rulebook.bright import BRIGHT
from magistrate.rulebook.canonical import canonical_rule, revised
from magistrate.rulebook.problems import Problems, nearest
from magistrate.rulebook.tables import Table, front_of, matches_of
from magistrate.rulebook.transcript import parse_transcript
from magistrate.rulebook.vocabulary import AUTHORITIES

MAX_TEXT = 4 << 20
"""Characters in a rulebook; a longer one is refused."""
_HEADING = re.compile(r"(?P<title>.*?) ?\{ ?#(?P<id>[^\s{}]*)(?P<rest>[^{}]*)\}")
_ID = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_LABEL = re.compile(r"(intent|safer):\s*(.*)", re.S | re.I)
_NOBODY = "none"
_MAY_LOOSEN = AUTHORITIES - {"bright-line"} | {_NOBODY}
_SPACE = re.compile(r"[ \t\n]+")
_JOINERS = "\u200c\u200d"


class _Block(Record, frozen=True, kw_only=True):
    """One top-level piece of the Markdown."""

    kind: str
    """`h1` ... `h6`, `paragraph`, `fence`, `comment`, or Markdown's name for something that has no place here."""
    text: str
    line: int
    info: str = ""
    closed: bool = True


def parse(text: str, *, source: str = "", shipped_bright_lines: bool = False) -> Rulebook:
    """Read a rulebook from its Markdown. The shipped bright lines are always among its rules.

    With `shipped_bright_lines` they stand in the place of those that the text itself holds: a text adopted under an earlier version
    of the package. Raises `BadRulebook`, which holds every error found and reads as the first.
    """
    rulebook = _parse(text, source)
    problems = Problems(source)
    shipped = {rule.id: rule for rule in bright_rules()}
    if shipped_bright_lines:
        own_rules = tuple(rule for rule in rulebook.rules if rule.authority != "bright-line")
        rulebook = replace(rulebook, rules=own_rules)
    for rule in rulebook.rules:
        original = shipped.get(rule.id)
        if original and canonical_rule(rule) != canonical_rule(original):
            problems.add(
                rule.line, f"`{rule.id}` is a bright line and may not be redefined", "give your rule another id"
            )
        elif not original and rule.authority == "bright-line":
            problems.add(
                rule.line, f"`{rule.id}` has no code behind it", "bright lines are code: use authority=organisation"
            )
    problems.settle()
    own = {rule.id for rule in rulebook.rules}
    added = tuple(rule for rule in shipped.values() if rule.id not in own)
    return revised(replace(rulebook, rules=rulebook.rules + added))


def load(path: str | Path) -> Rulebook:
    """Read a rulebook file (UTF-8)."""
    problems = Problems(str(path))
    try:
        with Path(path).open("rb") as stream:
            data = stream.read(4 * MAX_TEXT + 1)  # one more than the longest text has: refused as too long below
        return parse(data.decode("utf-8-sig"), source=str(path))
    except OSError as error:
        problems.add(0, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        problems.add(data.count(b"\n", 0, error.start) + 1, "not UTF-8 text", "save the file as UTF-8")
    problems.settle()
    raise AssertionError("unreachable")


@functools.cache
def default() -> Rulebook:
    """The rulebook shipped with the package."""
    return revised(_shipped())


@functools.cache
def bright_rules() -> tuple[Rule, ...]:
    """The shipped bright lines: text of the rules whose hits `magistrate.rulebook.bright` computes."""
    return tuple(rule for rule in _shipped().rules if rule.authority == "bright-line")


def shipped_text(name: str = "default.md") -> str:
    """The Markdown of a rulebook shipped with the package."""
    return resources.files("magistrate.rulebook").joinpath(name).read_text(encoding="utf-8")


@functools.cache
def _shipped() -> Rulebook:
    return _parse(shipped_text(), "default.md")


def _parse(text: str, source: str) -> Rulebook:
    problems = Problems(source)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    _refuse_hidden(text, problems)
    problems.settle()
    blocks = [block for block in _blocks(text) if block.kind != "comment"]
    starts = [at for at, block in enumerate(blocks) if block.kind == "h2"]
    title, front = _preamble(blocks[: starts[0] if starts else None], problems)
    ends = [*starts[1:], len(blocks)]
    rules = tuple(_rule(blocks[start:end], problems) for start, end in zip(starts, ends, strict=False))
    if not rules and not front.get("autonomy") and not problems.errors:
        problems.add(1, "no rule", "begin one with `## Title {#id authority=organisation}`")
    _refuse_twins(rules, problems)
    problems.settle()
    usual = front.pop("may_loosen", None)
    rules = tuple(replace(rule, may_loosen=_loosener(rule, usual)) for rule in rules)
    settings = {"title": title} | front
    return Rulebook(rules=rules, revision="", source=source, **settings)


def _loosener(rule: Rule, usual: AuthorityLevel | None) -> AuthorityLevel | None:
    """Who may loosen a rule: what its heading says, else what the rulebook says of all."""
    if rule.may_loosen is None:
        return usual if rule.authority != "bright-line" else None
    return None if str(rule.may_loosen) == _NOBODY else rule.may_loosen


def _refuse_hidden(text: str, problems: Problems) -> None:
    """Law has no invisible letters: controls, direction overrides and the like could make it read as what it is not."""
    if len(text) > MAX_TEXT:
        problems.add(1, f"over the limit of {MAX_TEXT:,} characters")
        return
    if text.isascii() and text.isprintable():
        return
    for number, line in enumerate(text.split("\n"), 1):
        for char in line:
            if char in "\t" + _JOINERS or char.isprintable():
                continue
            if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"):
                problems.add(number, f"invisible character U+{ord(char):04X}", "remove it, or name it in words")
                break


def _blocks(text: str) -> Iterator[_Block]:
    """Top-level Markdown blocks with their line numbers; HTML and link definitions are plain text here."""
    reader = MarkdownIt("commonmark", {"html": False}).disable("reference")
    reader.core.ruler.disable(["inline", "text_join"])
    lines = text.split("\n")
    tokens = reader.parse(text)
    for at, token in enumerate(tokens):
        if token.level != 0 or token.nesting < 0 or token.map is None:
            continue
        line, end = token.map[0] + 1, token.map[1]
        if token.type == "heading_open":
            yield _Block(kind=token.tag, text=_spaced(tokens[at + 1].content), line=line)
        elif token.type == "paragraph_open":
            content = _spaced(tokens[at + 1].content)
            comment = content.startswith("<!--") and content.endswith("-->")
            yield _Block(kind="comment" if comment else "paragraph", text=content, line=line)
        elif token.type == "fence":
            closed = end > line and lines[end - 1].strip().startswith(token.markup)
            yield _Block(kind="fence", text=token.content, line=line, info=token.info.strip(), closed=closed)
        else:
            yield _Block(kind=token.type.removesuffix("_open").replace("_", " "), text="", line=line)


def _spaced(text: str) -> str:
    return _SPACE.sub(" ", text).strip(" ")


def _preamble(blocks: Sequence[_Block], problems: Problems) -> tuple[str, dict[str, Any]]:
    """Title and settings; paragraphs before the first rule are for people and mean nothing."""
    title, front = "", None
    for block in blocks:
        if block.kind == "h1" and not title:
            title = block.text
        elif block.kind == "fence" and block.info == "toml" and front is None:
            front = front_of(_table(block, problems), problems)
        elif block.kind != "paragraph":
            problems.add(
                block.line,
                f"a {block.kind} before the first rule",
                "only a title, one `toml` block and paragraphs may stand here",
            )
    return title, front or {}


def _table(block: _Block, problems: Problems) -> Table:
    """The TOML of a fence, empty when it does not parse."""
    if not block.closed:
        problems.add(block.line, "the block is never closed", "end it with a line of ```")
    try:
        return Table(value=tomllib.loads(block.text), lines=tuple(block.text.split("\n")), line=block.line + 1)
    except tomllib.TOMLDecodeError as error:
        what = str(error)
        found = re.search(r"\(at line (\d+), column (\d+)\)", what)
        line = block.line + int(found[1]) if found else block.line + block.text.count("\n")
        problems.add(line, f"bad TOML: {what[: found.start()].strip() if found else what}")
    except RecursionError:
        problems.add(block.line, "bad TOML: nested too deep")
    return Table(value={}, lines=(), line=block.line + 1)


def _rule(blocks: Sequence[_Block], problems: Problems) -> Rule:
    """One rule from its heading and what follows, up to the next heading of its level."""
    head = blocks[0]
    title, name, authority, may_loosen = _heading(head, problems)
    split = next((at for at, block in enumerate(blocks) if block.kind == "h3"), len(blocks))
    paragraphs: list[str] = []
    labelled: dict[str, str] = {}
    matches: tuple[Match, ...] = ()
    for block in blocks[1:split]:
        label = _LABEL.fullmatch(block.text) if block.kind == "paragraph" else None
        if label:
            key = label[1].lower()
            if key in labelled:
                problems.add(block.line, f"a second `{key.title()}:`", "join them in one paragraph")
            if not label[2]:
                problems.add(block.line, f"`{key.title()}:` says nothing")
            labelled[key] = label[2]
        elif block.kind == "paragraph":
            _refuse_comment(block, problems)
            paragraphs.append(block.text)
        elif block.kind == "fence" and block.info == "toml":
            matches += matches_of(_table(block, problems), problems)
        else:
            _misplaced(block, problems, "a rule's text is plain paragraphs; split a list into sentences or rules")
    text = "\n\n".join(paragraphs)
    if not any(char.isalnum() for char in text):
        problems.add(head.line, f"rule `{name}` has no text", "say the obligation in plain words below the heading")
    if authority == "bright-line" and matches:
        problems.add(
            matches[0].line,
            f"bright line `{name}` has a match",
            "bright lines are code; drop it, or use authority=organisation",
        )
    if authority == "bright-line" and name not in BRIGHT:
        problems.add(head.line, f"`{name}` has no code behind it", "bright lines are code: use authority=organisation")
    return Rule(
        id=name,
        title=title,
        authority=authority,
        text=text,
        intent=labelled.get("intent", ""),
        safer=labelled.get("safer", ""),
        matches=matches,
        examples=tuple(_examples(blocks[split:], problems)),
        may_loosen=may_loosen,
        line=head.line,
    )


def _heading(block: _Block, problems: Problems) -> tuple[str, str, AuthorityLevel, AuthorityLevel | None]:
    """Title, id, authority, and who may loosen the rule."""
    mend = "write `## Title {#id authority=organisation}`"
    found = _HEADING.fullmatch(block.text)
    if not found:
        problems.add(block.line, f"rule without id and authority: {block.text[:60]!r}", mend)
        return block.text, "", "guideline", None
    if not _ID.fullmatch(found["id"]):
        problems.add(block.line, f"bad id {found['id']!r}", "small letters, digits, dots and dashes: `delete.scope`")
    if not any(char.isalnum() for char in found["title"]):
        problems.add(block.line, "the rule has no title", mend)
    settings = dict(word.partition("=")[::2] for word in found["rest"].split())
    for key in settings.keys() - {"authority", "may-loosen"}:
        problems.add(block.line, f"unknown key `{key}` in the heading", nearest(key, ["authority", "may-loosen"]))
    authority = settings.get("authority", "").strip("\"'")
    if not authority:
        problems.add(block.line, f"rule `{found['id']}` has no authority", mend)
    elif authority not in AUTHORITIES:
        problems.add(block.line, f"unknown authority `{authority}`", nearest(authority, AUTHORITIES))
    level: Any = authority if authority in AUTHORITIES else "guideline"
    may_loosen: Any = settings.get("may-loosen", "").strip("\"'") or None
    if may_loosen and (level == "bright-line" or may_loosen not in _MAY_LOOSEN):
        mend = "nobody loosens a bright line" if level == "bright-line" else nearest(may_loosen, _MAY_LOOSEN)
        problems.add(block.line, f"`may-loosen={may_loosen}` is not possible here", mend)
        may_loosen = None
    return found["title"], found["id"], level, may_loosen


def _examples(blocks: Sequence[_Block], problems: Problems) -> Iterator[Example]:
    complies, title = True, ""
    for block in blocks:
        if block.kind == "h3":
            word = block.text.lower()
            if word not in ("complies", "violates"):
                problems.add(
                    block.line, f"unknown heading {block.text[:60]!r}", nearest(word, ["complies", "violates"])
                )
            complies, title = word == "complies", ""
        elif block.kind == "paragraph":
            _refuse_comment(block, problems)
            if _LABEL.fullmatch(block.text):
                problems.add(block.line, "`Intent:` or `Safer:` among the examples", "move it above `### Complies`")
            title = block.text
        elif block.kind == "fence" and block.info == "transcript":
            if not block.closed:
                problems.add(block.line, "the block is never closed", "end it with a line of ```")
            events = parse_transcript(block.text, block.line + 1, problems)
            yield Example(complies=complies, events=events, title=title, line=block.line)
            title = ""
        else:
            _misplaced(block, problems, "examples are blocks that begin with ```transcript")


def _misplaced(block: _Block, problems: Problems, mend: str) -> None:
    what = f"a `{block.info or 'plain'}` block" if block.kind == "fence" else f"a {block.kind}"
    problems.add(block.line, f"{what} has no place here", mend)


def _refuse_comment(block: _Block, problems: Problems) -> None:
    if block.text.startswith("<!--"):
        problems.add(
            block.line, "a comment that is not one paragraph of its own", "close it with --> before the next blank line"
        )


def _refuse_twins(rules: Sequence[Rule], problems: Problems) -> None:
    seen: dict[str, int] = {}
    for rule in rules:
        if rule.id and rule.id in seen:
            problems.add(
                rule.line, f"id `{rule.id}` is used already on line {seen[rule.id]}", "give one of them another id"
            )
        seen.setdefault(rule.id, rule.line)
