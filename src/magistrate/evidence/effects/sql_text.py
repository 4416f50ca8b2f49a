"""SQL as text: whether it looks like SQL, and how it falls into statements.

Dialects differ in what a backslash, `--`, `#` and `$$` mean: where the text reads differently, both readings are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from magistrate.core.records import Record

_MAX_STATEMENTS = 2_000
_LOOKS = re.compile(
    r"""^\s*(?:(?:--[^\n]*\n|/\*.{0,2000}?\*/)\s*)*(?:explain\s+(?:analyze\s+)?|begin\s*;\s*|\(\s*)*(?:
    select\s[^;]{0,4000}?\bfrom\b | select\s+(?:[\w.]+\(|['\d@]) | with\s+(?:recursive\s+)?["\w]+\s*(?:\([^)]*\))?\s+as\s+(?:not\s+)?(?:materialized\s+)?\(
    | insert\s+(?:or\s+\w+\s+)?(?:ignore\s+)?(?:into|overwrite)\s+(?:table\s+)?[^\s(]+\s*(?:\(|values\b|select\b|default\b|set\b|with\b|as\b) | replace\s+into\s | update\s+(?:or\s+\w+\s+)?(?:only\s+)?[\w."`\[\]%{}]+(?:\s+(?:as\s+)?\w+)?\s+set\s+\S+\s*=
    | delete\s+from\s+[\w."`\[\]%{}]+\s*(?:;|$|where\b|using\b|as\b|limit\b|returning\b|\w+\s+where\b) | merge\s+into\s
    | (?:create|drop|alter)\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+|unique\s+|global\s+|local\s+|unlogged\s+|external\s+|materialized\s+|foreign\s+)*
      (?:table|database|schema|index|view|user|role|login|function|procedure|trigger|sequence|type|extension|keyspace|tablespace|publication|subscription|policy|server|column|constraint|event|stage|warehouse)\s+(?:if\s+(?:not\s+)?exists\s+)?(?:concurrently\s+)?[\w."`\[\]%{}*]+\s*(?:;|$|\(|,|\bas\b|\bon\b|\badd\b|\bdrop\b|\balter\b|\bset\b|\brename\b|\bmodify\b|\bowner\b|\bcascade\b|\brestrict\b|\bwith\b|\busing\b|\breturns\b|\bidentified\b|\bdisable\b|\benable\b|\bpassword\b|\bfor\b|@)
    | truncate\s+(?:table\s+)?[\w."`\[\]]+\s*(?:;|$|,|cascade|restart) | truncate\s+table\s
    | (?:grant|revoke)\s+(?:select|insert|update|delete|all|usage|execute|create|alter|drop|connect|references|super|file|\w+\s+to\s+['\"\w]+\s*;)\b[\w\s,()*]{0,400}?\s*(?:on|to|from)\s | copy\s+\S+\s*(?:\([^)]*\))?\s*(?:from|to)\s+(?:'|stdin|stdout|program) | call\s+[\w.]+\( | exec(?:ute)?\s+(?:sp_|xp_|master|dbo|immediate)
    | attach\s+(?:database\s+)?['"] | pragma\s+\w+ | vacuum\s*(?:;|$|full|into|analyze) | load\s+data\s | do\s+\$\w*\$
    )""",
    re.I | re.X | re.S,
)

_PUNCTUATED = re.compile(r"[;(=*'\"`<>]")
_PLAIN_ENGLISH_NEVER = re.compile(
    r"\s*(?:(?:drop|truncate)\s+(?:table|database|schema)\s|delete\s+from\s+\S+\s*$|select\s+\S+\s+from\s)", re.I
)
"""Words that need no sign of code about them: nobody says them of anything else."""

_SCAN = r"""
    (?P<string>[eEnNbBxX]?'%s'?)
  | (?P<name>"(?:[^"]|"")*"?|`[^`]*`?|\[[A-Za-z_][^\]\n]{0,128}\])
  | (?P<dollar>%s\$(?P<tag>[A-Za-z_]\w*)?\$.*?(?:\$(?P=tag)\$|\Z)|%s\$\$.*?(?:\$\$|\Z))
  | (?P<comment>%s|/\*.*?(?:\*/|\Z))
  | (?P<end>;)
  | (?P<other>[\w.]+|\s+|.)
"""
_PLAIN_STRING = r"(?:[^']|'')*"
_ESCAPED_STRING = r"(?:[^'\\]|''|\\.)*"
_COMMENT = r"(?<![\w)])--[^\n]*|--(?=\s)[^\n]*"
_MYSQL_COMMENT = r"--(?=\s|\Z)[^\n]*|(?<![\w)])--[^\n]*|(?:(?<=\n)|\A|(?<=\s))\#[^\n]*"
_EXECUTED_COMMENT = re.compile(r"/\*!\d*(.*?)(?:\*/|\Z)", re.S)
_GO = re.compile(r"^[ \t]*GO[ \t]*$", re.M | re.I)
_DELIMITER = re.compile(r"^[ \t]*DELIMITER[ \t]+([^\s;\w]{1,4})[ \t]*$", re.M | re.I)
_NO_DOLLARS = frozenset({"mysql", "mariadb", "tsql", "sqlite", "bigquery", "oracle"})
"""Dialects in which `$$` quotes nothing."""
_BACKSLASH_QUOTE = re.compile(r"\\'")


@cache
def _scanner(escapes: bool, hashes: bool, dollars: bool) -> re.Pattern[str]:
    string, never = (_ESCAPED_STRING if escapes else _PLAIN_STRING), ("" if dollars else r"(?!)")
    return re.compile(_SCAN % (string, never, never, _MYSQL_COMMENT if hashes else _COMMENT), re.X | re.S)


class Statement(Record, frozen=True, kw_only=True):
    """One statement: its text without comments, its skeleton in one line, and its string literals in order."""

    text: str
    skeleton: str
    strings: tuple[str, ...] = ()


def looks_like_sql(text: str) -> bool:
    """Whether text of unknown nature begins like a SQL statement rather than a sentence: cheap, for arguments and literals."""
    head = text[:8000]
    if not _LOOKS.match(head):
        return False
    word = head.split(None, 1)[0]
    return word.isupper() or bool(_PUNCTUATED.search(head)) or bool(_PLAIN_ENGLISH_NEVER.match(head))


def readings(text: str, dialect: str) -> Iterator[list[Statement]]:
    """The text under each rule of quoting that may hold."""
    text = _GO.sub(";", _EXECUTED_COMMENT.sub(r" \1 ", text))
    for mark in dict.fromkeys(_DELIMITER.findall(text)[:5]):
        text = text.replace(mark, ";")
    dollars = dialect not in _NO_DOLLARS
    mysql = dialect in ("mysql", "mariadb", "bigquery", "spark", "hive", "clickhouse", "databricks")
    hashes = dialect in ("", "mysql", "mariadb", "bigquery")
    if not _BACKSLASH_QUOTE.search(text):
        yield _statements(text, mysql, hashes, dollars)
        return
    if mysql or not dialect:
        yield _statements(text, True, hashes, dollars)
    if not mysql:
        yield _statements(text, False, hashes, dollars)


def _statements(text: str, escapes: bool, hashes: bool, dollars: bool) -> list[Statement]:
    found: list[Statement] = []
    whole: list[str] = []
    bare: list[str] = []
    strings: list[str] = []

    def close() -> None:
        skeleton = " ".join("".join(bare).split())
        if skeleton:
            found.append(Statement(text="".join(whole).strip(), skeleton=skeleton, strings=tuple(strings)))
        whole.clear()
        bare.clear()
        strings.clear()

    for token in _scanner(escapes, hashes, dollars).finditer(text):
        kind, piece = token.lastgroup, token.group()
        if token.group("end"):
            close()
            if len(found) >= _MAX_STATEMENTS:
                break
        elif token.group("comment") is not None:
            whole.append(" ")
            bare.append(" ")
        elif token.group("string") is not None or token.group("dollar") is not None:
            whole.append(piece)
            bare.append("''")
            strings.append(_inside(piece))
        else:
            del kind
            whole.append(piece)
            bare.append(piece)
    close()
    return found


def _inside(literal: str) -> str:
    if literal.startswith("$"):
        return re.sub(r"^\$\w*\$|\$\w*\$$", "", literal)
    return literal[literal.find("'") + 1 :].removesuffix("'").replace("''", "'").replace("\\'", "'")
