"""What SQL text would do: statement by statement, from its skeleton, with sqlglot where a WHERE has to be weighed.

A statement's *skeleton* is its text without comments and with string literals emptied, so that quoted text has no effect.
Most statements say what they do in their first words; sqlglot (0.4 s to import) is loaded only for a DELETE, UPDATE or MERGE
that has a condition, to see whether the condition is the statement's own and whether it holds for every row.
Dialects differ in what a backslash, `--` and `#` mean: where the text reads differently, both readings count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import msgspec

from magistrate.core.records import Certainty, Effect, EffectKind, Record, Reversibility, Scope, TargetKind
from magistrate.evidence.effects.place import looks_production
from magistrate.evidence.effects.sql_rows import limits_rows
from magistrate.evidence.effects.sql_text import Statement, looks_like_sql, readings

MAX_TEXT = 200_000
"""Characters that are read; what is longer adds a `cut`, dynamic effect."""
MAX_EFFECTS = 60
_DEPTH = 3


class _Frame(Record, frozen=True, kw_only=True):
    """What every effect of one text has in common."""

    dialect: str
    database: str
    via: tuple[str, ...]
    path: str

    def effect(
        self,
        kind: EffectKind,
        target: str,
        target_kind: TargetKind = "database",
        *,
        reversible: Reversibility = "unknown",
        broad: bool = False,
        flags: tuple[str, ...] = (),
        certainty: Certainty = "parsed",
        scope: Scope = "unknown",
    ) -> Effect:
        name = target[:200]
        live = looks_production(name) or looks_production(self.database)
        return Effect(
            kind=kind, target=name, target_kind=target_kind, scope=scope, reversible=reversible, certainty=certainty,
            production=live, broad=broad, flags=flags, via=self.via, path=self.path,
        )  # fmt: skip


def effects_of_sql(
    text: str, *, dialect: str = "", target_db: str = "", via: tuple[str, ...] = (), path: str = ""
) -> tuple[Effect, ...]:
    """Effects of text that is taken to be SQL (any number of statements); `()` for blank text and comments.

    `dialect` is sqlglot's name or empty; `target_db` names the database or server, for its production look. At most
    `MAX_EFFECTS`, without repeats. A statement whose first word is unknown is `execute`, dynamic. Never raises.
    """
    return _effects(text, _Frame(dialect=dialect, database=target_db, via=via, path=path), 0)


def _effects(text: str, frame: _Frame, depth: int) -> tuple[Effect, ...]:
    found: dict[Effect, None] = {}
    for reading in readings(text[:MAX_TEXT], frame.dialect):
        current = frame
        for statement in reading:
            used = re.match(r"USE\s+(?:DATABASE\s+)?[`\"\[]?([\w-]+)", statement.skeleton, re.I)
            if used:
                current = msgspec.structs.replace(current, database=used.group(1))
            for one in _of_statement(statement, current, depth):
                found.setdefault(one)
            if len(found) > MAX_EFFECTS:
                break
    made = list(found)[:MAX_EFFECTS]
    if len(text) > MAX_TEXT or len(found) > MAX_EFFECTS:
        made.append(frame.effect("execute", "", "code", certainty="dynamic", flags=("cut",)))
    return tuple(made)


# ---------------------------------------------------------------- one statement

_NAME = r"((?:[\w$@#%{}-]+|\"[^\"]{0,128}\"|`[^`]{0,128}`|\[[^\]]{0,128}\])(?:\s*\.\s*(?:[\w$@#*%{}-]+|\"[^\"]{0,128}\"|`[^`]{0,128}`|\[[^\]]{0,128}\]))*)"
_DML = re.compile(
    rf"\b(?:(?P<delete>DELETE\s+(?:(?:TOP|LOW_PRIORITY|QUICK|IGNORE)\b[\s(\d)]*)*(?:FROM\s+)?(?:ONLY\s+)?)|(?P<update>UPDATE\s+(?:LOW_PRIORITY\s+|IGNORE\s+|ONLY\s+|OR\s+\w+\s+)*)"
    rf"|(?P<insert>(?:INSERT\s+(?:\w+\s+){{0,3}}?(?:INTO|OVERWRITE)\s+(?:TABLE\s+)?|REPLACE\s+INTO\s+))|(?P<merge>MERGE\s+(?:INTO\s+)?)){_NAME}",
    re.I,
)
_HEAD = re.compile(
    r"^[\s(]*(?:EXPLAIN\s+(?:\((?=[^)]*\bANALY[ZS]E\b)[^)]*\)|ANALY[ZS]E\b)\s*(?:VERBOSE\s+)?)?([A-Za-z_]+)", re.I
)
_EXPLAIN = re.compile(r"^\s*EXPLAIN\b(?!\s*(?:\([^)]*\bANALY[ZS]E\b|(?:VERBOSE\s+)?ANALY[ZS]E\b))", re.I)
_OPENERS = re.compile(
    r"^(?:(?:BEGIN|DECLARE|THEN|ELSE|LOOP|ATOMIC|START\s+TRANSACTION)\b(?!\s*(?:TRANSACTION|WORK|;|$))\s*)+", re.I
)
_BLOCK_IF = re.compile(r"^(?:IF|ELSIF|ELSEIF|WHILE|FOR)\b.*?\b(?:THEN|LOOP|BEGIN)\s+", re.I)
_SHELL_CALLS = re.compile(
    r"\b(xp_cmdshell|sys_exec|sys_eval|sp_oacreate|sp_execute_external_script|dbms_scheduler|do_system|java_exec|lua_exec|shell_exec|dbms_java|plpy\.execute)\b",
    re.I,
)
_FILE_READS = re.compile(
    r"\b(load_file|pg_read_file|pg_read_binary_file|pg_ls_dir|lo_import|readfile|openrowset|bfilename|utl_file|read_text|read_blob)\s*\(",
    re.I,
)
_FILE_WRITES = re.compile(r"\b(lo_export|writefile|pg_file_write|edit)\s*\(|\bINTO\s+(?:OUT|DUMP)FILE\b", re.I)
_STOPS = re.compile(r"\b(pg_terminate_backend|pg_cancel_backend|kill_query)\s*\(", re.I)
_EXTENSION = re.compile(r"\bload_extension\s*\(", re.I)
_NETWORK = re.compile(
    r"\b(dblink(?:_exec|_connect)?|http_(?:get|post|put|delete)|utl_http|httpuritype|openquery|url|s3|gcs|remote|postgres_scan|net\.http_\w+)\s*\(",
    re.I,
)
_SECRET_TABLES = re.compile(
    r"\b(pg_shadow|pg_authid|pg_user_mapping|mysql\s*\.\s*user|sys\s*\.\s*sql_logins|dba_users|sys\s*\.\s*user\$|master\s*\.\s*\.\s*syslogins)\b",
    re.I,
)
_FROM = re.compile(rf"\bFROM\s+(?:ONLY\s+)?{_NAME}", re.I)

_LATER = re.compile(
    r"\b(?:DROP|TRUNCATE|ALTER|CREATE|GRANT|REVOKE|EXEC|EXECUTE|CALL|COPY|DELETE|UPDATE|INSERT|MERGE|KILL|SHUTDOWN|SELECT)\s",
    re.I,
)
_UNSEPARATED = re.compile(r"(?<!\bON )\b(?:DROP\s+(?:TABLE|DATABASE|SCHEMA)|TRUNCATE\s+TABLE)\s", re.I)
"""Statements that some dialects let stand after another one without a semicolon."""
_READS = frozenset(
    ["SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "VALUES", "TABLE", "LIST", "HELP", "WITH", "FROM", "PIVOT", "SUMMARIZE", "CHECK", "CHECKSUM", "PRINT", "FETCH", "ANALYZE", "HANDLER"]
)  # fmt: skip
_NOTHING = frozenset(
    ["BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "END", "USE", "SET", "RESET", "DECLARE", "OPEN", "CLOSE", "DEALLOCATE", "PREPARE", "LOCK", "UNLOCK", "IF", "RETURN", "RAISE", "GO", "ABORT", "LISTEN", "NOTIFY", "UNLISTEN", "DISCARD", "CHECKPOINT", "ELSE", "EXCEPTION", "WHEN", "LOOP", "PERFORM", "XA", "DELIMITER", "NULL", "WHILE", "FOR", "EXIT", "CONTINUE"]
)  # fmt: skip
_WRITES: dict[str, Reversibility] = {
    "RENAME": "yes", "COMMENT": "yes", "REINDEX": "yes", "VACUUM": "yes", "OPTIMIZE": "yes", "CLUSTER": "yes", "REFRESH": "yes", "REPAIR": "partly",
    "IMPORT": "partly", "UNDROP": "yes", "CACHE": "yes", "UNCACHE": "yes", "MSCK": "yes", "SECURITY": "partly", "UPSERT": "partly", "REASSIGN": "partly",
    "DETACH": "partly", "EXCHANGE": "partly", "FLUSH": "partly", "LOAD": "partly", "PUT": "partly", "DBCC": "partly", "SYSTEM": "partly", "STOP": "partly", "CHANGE": "partly",
}  # fmt: skip


def _of_statement(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    skeleton = _BLOCK_IF.sub("", _OPENERS.sub("", statement.skeleton)) or statement.skeleton
    if skeleton != statement.skeleton:
        statement = Statement(
            text=skeleton if not statement.strings else statement.text, skeleton=skeleton, strings=statement.strings
        )
    head = _HEAD.match(skeleton)
    word = head.group(1).upper() if head else ""
    yield from _calls(statement, frame)
    for more in islice(_UNSEPARATED.finditer(skeleton, 6), 20) if word not in ("DROP", "TRUNCATE", *_NOTHING) else ():
        if depth < _DEPTH:
            yield from _of_statement(
                msgspec.structs.replace(statement, skeleton=skeleton[more.start() :]), frame, _DEPTH
            )
    if _EXPLAIN.match(skeleton):
        yield _read(skeleton, frame)
    elif word in _BY_HEAD:
        yield from _BY_HEAD[word](statement, frame, depth)
    elif word in _READS:
        yield from _query(statement, frame)
    elif word in _NOTHING:
        later = _LATER.search(skeleton, len(word)) if depth < _DEPTH else None
        if later:
            rest = msgspec.structs.replace(statement, skeleton=skeleton[later.start() :])
            yield from _of_statement(rest, frame, depth + 1)
        else:
            yield from _dml(statement, frame)
        if word == "SET" and re.match(r"SET\s+(?:GLOBAL|PERSIST|@@GLOBAL)", skeleton, re.I):
            yield frame.effect("infrastructure", " ".join(skeleton.split()[:3]), "resource", reversible="yes")
    elif word in _WRITES:
        yield frame.effect("database-write", _first_name(skeleton, word), reversible=_WRITES[word])
    elif inner := list(_dml(statement, frame)):
        yield from inner
    else:
        yield frame.effect("execute", skeleton[:120], "code", certainty="dynamic")


def _calls(statement: Statement, frame: _Frame) -> Iterator[Effect]:
    """Functions that reach out of the database, wherever they stand."""
    text, strings = statement.skeleton, statement.strings
    literal = strings[0] if strings else ""
    if _SHELL_CALLS.search(text):
        yield frame.effect("execute", literal or text[:120], "code", flags=("inline-code",))
    if _FILE_READS.search(text):
        yield frame.effect("read", literal, "path", reversible="yes")
        yield frame.effect("execute", text[:120], "code")
    if _FILE_WRITES.search(text):
        yield frame.effect("overwrite", strings[-1] if strings else "", "path", reversible="no")
        yield frame.effect("execute", text[:120], "code")
    if _EXTENSION.search(text):
        yield frame.effect("execute", literal, "path", flags=("unseen-script",))
    if _STOPS.search(text):
        yield frame.effect("process-stop", "database sessions", "process", reversible="yes")
    if _NETWORK.search(text):
        yield frame.effect("network-out", literal, "url", scope="remote")
    if _SECRET_TABLES.search(text):
        yield frame.effect("credential", "database accounts", "account", flags=("secret",))


def _read(skeleton: str, frame: _Frame) -> Effect:
    table = _FROM.search(skeleton)
    return frame.effect("read", _clean(table.group(1)) if table else "", reversible="yes")


def _query(statement: Statement, frame: _Frame) -> Iterator[Effect]:
    """A query, and whatever data-changing parts stand inside it."""
    inner = list(_dml(statement, frame))
    into = re.match(
        rf"^[\s(]*SELECT\b.*?\bINTO\s+(?!OUTFILE|DUMPFILE|STRICT|@|:)(?:TEMP(?:ORARY)?\s+|UNLOGGED\s+|TABLE\s+)*{_NAME}\s+FROM\b",
        statement.skeleton,
        re.I,
    )
    if into:
        yield frame.effect("database-write", _clean(into.group(1)), reversible="yes")
    yield from inner or (_read(statement.skeleton, frame),)


def _dml(statement: Statement, frame: _Frame) -> Iterator[Effect]:
    """Each DELETE, UPDATE, INSERT or MERGE of a statement, at its top or inside a common table expression."""
    found = [match for match in islice(_DML.finditer(statement.skeleton), 200) if _is_dml(match, statement.skeleton)][
        :20
    ]
    for match in found:
        table = _clean(match.group(5))
        if match.group("insert"):
            yield frame.effect(
                "database-write",
                table,
                reversible="partly",
                flags=("bulk",) if "OVERWRITE" in match.group(0).upper() else (),
            )
        elif match.group("merge"):
            yield frame.effect("database-write", table, reversible="no")
        else:
            yield _changed_rows(statement, match, table, frame, alone=len(found) == 1)


def _is_dml(match: re.Match[str], skeleton: str) -> bool:
    """`ON DELETE CASCADE`, `FOR UPDATE OF`, `ON CONFLICT DO UPDATE SET`, `AFTER DELETE ON` and `GRANT DELETE ON` change no rows."""
    before = skeleton[max(0, match.start() - 20) : match.start()].upper().rstrip()
    if re.search(r"(?:\bON|\bFOR|\bDO|\bKEY|\bAFTER|\bBEFORE|\bOF|\bOR|\bTHEN|\bGRANT|\bREVOKE|,)$", before):
        return False
    if match.group("update"):
        return bool(re.search(r"\bSET\b", skeleton[match.end() : match.end() + 500], re.I))
    return True


def _changed_rows(statement: Statement, match: re.Match[str], table: str, frame: _Frame, *, alone: bool) -> Effect:
    """A DELETE or UPDATE: without a condition of its own, or with one that always holds, it takes every row."""
    rest = statement.skeleton[match.end() :]
    verdict = (
        False
        if not re.search(r"\bWHERE\b|\bON\b|\bLIMIT\b", rest, re.I)
        else limits_rows(statement.text, frame.dialect, table, alone)
    )
    if verdict is False:
        return frame.effect("database-destroy", table, reversible="no", broad=True, flags=("no-where",))
    certainty: Certainty = "parsed" if verdict else "guessed"
    return frame.effect(
        "database-write", table, reversible="no" if match.group("delete") else "partly", certainty=certainty
    )


# ---------------------------------------------------------------- by first word

_WHOLE_KINDS = frozenset({"DATABASE", "SCHEMA", "KEYSPACE", "CATALOG", "TABLESPACE", "WAREHOUSE", "OWNED"})
_DATA_KINDS = frozenset(
    {
        "TABLE",
        "COLLECTION",
        "MATERIALIZED",
        "STREAM",
        "DATASET",
        "FOREIGN",
        "EXTERNAL",
        "DICTIONARY",
        "PARTITION",
        "STAGE",
        "SNAPSHOT",
    }
)
_ACCOUNT_KINDS = frozenset({"USER", "ROLE", "LOGIN", "GROUP", "POLICY", "CREDENTIAL", "PROFILE", "GRANT"})


def _after(skeleton: str) -> tuple[str, list[str], str]:
    """Kind, names and the rest of `DROP TABLE IF EXISTS a, b CASCADE`."""
    words = re.sub(
        r"^\w+\s+(?:OR\s+\w+\s+)?(?:(?:TEMP|TEMPORARY|UNIQUE|GLOBAL|LOCAL|UNLOGGED|VIRTUAL|TRANSIENT|HYBRID|DEFINER\s*=\s*\S+)\s+)*",
        "",
        skeleton,
        flags=re.I,
    )
    found = re.match(
        r"(\w+)\s*(?:(?:VIEW|TABLE|MAPPING|DATA\s+WRAPPER)\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+|CONCURRENTLY\s+|ONLY\s+|BY\s+)*",
        words,
        re.I,
    )
    if not found:
        return "", [], ""
    rest = words[found.end() :]
    names = re.match(rf"{_NAME}(?:\s*,\s*{_NAME})*", rest)
    listed = [_clean(name) for name in names.group(0).split(",")][:20] if names else []
    return found.group(1).upper(), listed, rest[names.end() :] if names else rest


def _clean(name: str) -> str:
    return re.sub(r"[\"`\[\]\s]", "", name)


def _first_name(skeleton: str, word: str) -> str:
    found = re.search(
        rf"\b{re.escape(word)}\s+(?:(?:TABLE|VIEW|INDEX|MATERIALIZED|FULL|INTO|DATA|DATABASE|COLUMN|ON)\s+)*{_NAME}",
        skeleton,
        re.I,
    )
    return _clean(found.group(1)) if found else word.lower()


def _drop(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    kind, names, rest = _after(statement.skeleton)
    flags = ("cascade",) if re.search(r"\bCASCADE\b", rest, re.I) else ()
    for name in names or [""]:
        if kind in _ACCOUNT_KINDS:
            yield frame.effect("permission", name, "account", reversible="no")
        elif kind in _WHOLE_KINDS:
            yield frame.effect("database-destroy", name, reversible="no", broad=True, flags=flags)
        elif kind in _DATA_KINDS:
            whole = frame.effect("database-destroy", name, reversible="no", broad=bool(flags), flags=flags)
            yield (
                whole
                if kind != "MATERIALIZED"
                else msgspec.structs.replace(whole, kind="database-write", reversible="yes")
            )
        elif kind in ("TRIGGER", "AUDIT", "EVENT") and re.search(r"audit|log", name, re.I):
            yield frame.effect("oversight", name, reversible="partly", flags=("disables-security",))
        else:
            yield frame.effect("database-write", name, reversible="partly", flags=flags)


def _truncate(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    text = re.sub(r"^\w+\s+(?:TABLE\s+)?(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?", "", statement.skeleton, flags=re.I)
    names = re.match(rf"{_NAME}(?:\s*,\s*{_NAME})*", text)
    for name in [_clean(piece) for piece in names.group(0).split(",")][:20] if names else [""]:
        yield frame.effect("database-destroy", name, reversible="no", broad=True, flags=("truncate",))


def _alter(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    kind, names, rest = _after(statement.skeleton)
    name = names[0] if names else ""
    if kind in _ACCOUNT_KINDS or re.search(r"\bOWNER\s+TO\b", rest, re.I):
        yield frame.effect("permission", name, "account", reversible="partly")
    elif kind == "SYSTEM" or (kind == "DATABASE" and re.search(r"\bSET\b", rest, re.I)):
        yield frame.effect("infrastructure", " ".join(statement.skeleton.split()[:4]), "resource", reversible="partly")
    elif re.search(r"\bDISABLE\s+(?:TRIGGER|ROW\s+LEVEL\s+SECURITY|RULE)|\bNO\s+FORCE\s+ROW", rest, re.I):
        yield frame.effect("oversight", name, reversible="yes", flags=("disables-security",))
    elif re.search(
        r"\bDROP\s+(?:COLUMN|PARTITION|SUBPARTITION)\b|\bDROP\s+(?!CONSTRAINT|INDEX|DEFAULT|NOT|PRIMARY|FOREIGN|KEY|IDENTITY|EXPRESSION|CHECK)\w|\bTRUNCATE\s+PARTITION|\bDELETE\s*$|\bDELETE\s+WHERE",
        rest,
        re.I,
    ) and kind in ("TABLE", "TYPE"):
        yield frame.effect("database-destroy", name, reversible="no")
    else:
        yield frame.effect("database-write", name, reversible="partly")


def _create(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    kind, names, rest = _after(statement.skeleton)
    name = names[0] if names else ""
    if kind in _ACCOUNT_KINDS:
        yield frame.effect("permission", name, "account", reversible="partly")
    elif kind == "EXTENSION":
        yield frame.effect("install", name, "package", reversible="yes")
    elif kind in ("SUBSCRIPTION", "SERVER", "STAGE", "PUBLICATION"):
        yield frame.effect("network-out", name, "resource", scope="remote")
    else:
        replaced = re.match(r"\w+\s+OR\s+(?:REPLACE|ALTER)", statement.skeleton, re.I)
        yield frame.effect("database-write", name, reversible="partly" if replaced else "yes")
        if re.search(r"\bLANGUAGE\s+(?:''|\w*(?:plpython|plperlu|plsh|c\b|java|javascript|plv8|r\b)\w*)", rest, re.I):
            yield frame.effect("execute", name, "code", flags=("inline-code",))


def _rights(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    text = statement.skeleton
    who = re.search(rf"\b(?:TO|FROM)\s+(?:USER\s+|ROLE\s+|GROUP\s+)?(?:''|{_NAME})", text, re.I)
    name = (
        _clean(who.group(1)) if who and who.group(1) else statement.strings[0] if statement.strings else ""
    ) or "accounts"
    broad = bool(re.search(r"\bALL\s+(?:PRIVILEGES\b|ON\b|TABLES\b)|\*\s*\.\s*\*|\bPUBLIC\b|\bSUPERUSER\b", text, re.I))
    yield frame.effect(
        "permission",
        name,
        "account",
        reversible="yes",
        broad=broad,
        flags=("public",) if re.search(r"\bTO\s+PUBLIC\b", text, re.I) else (),
    )


def _copy(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    text, literal = statement.skeleton, (statement.strings[0] if statement.strings else "")
    table = _first_name(text, "COPY")
    if re.search(r"\b(?:TO|FROM)\s+PROGRAM\b", text, re.I):
        yield frame.effect("execute", literal, "code", flags=("inline-code",))
    elif re.search(r"\bTO\s+''", text, re.I):
        far = "://" in literal
        yield frame.effect(
            "network-out" if far else "overwrite",
            literal,
            "url" if far else "path",
            scope="remote" if far else "unknown",
            flags=("upload",) if far else (),
        )
    if re.search(r"\bFROM\b", text, re.I) and not re.match(r"COPY\s*\(", text, re.I):
        yield frame.effect("database-write", table, reversible="partly")
    else:
        yield frame.effect("read", "" if table == "copy" else table, reversible="yes")


def _call(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    """CALL, EXEC, DO, EXECUTE IMMEDIATE: text that is given is read; what is not given cannot be known."""
    inner = [
        text
        for text in statement.strings
        if re.search(
            r"\b(?:DROP|DELETE|UPDATE|INSERT|TRUNCATE|ALTER|CREATE|GRANT|SELECT|BEGIN|EXEC|PERFORM|COPY)\b", text, re.I
        )
    ]
    if inner and depth < _DEPTH:
        for text in inner[:10]:
            yield from _effects(text, frame, depth + 1)
        if "||" in statement.skeleton or "@" in statement.skeleton.replace("''", ""):
            yield frame.effect("execute", statement.skeleton[:120], "code", certainty="dynamic")
        return
    shell = re.search(r"\bxp_cmdshell\b", statement.skeleton, re.I)
    name = _first_name(statement.skeleton, statement.skeleton.split()[0])
    immediate = re.search(r"\bIMMEDIATE\b|^EXEC(?:UTE)?\s*\(|\bsp_executesql\b|^DO\b", statement.skeleton, re.I)
    if re.search(r"\bsp_configure\b", statement.skeleton, re.I):
        yield frame.effect(
            "permission", statement.strings[0] if statement.strings else name, "resource", reversible="yes"
        )
    elif not shell:
        yield frame.effect(
            "execute",
            name,
            "code",
            certainty="dynamic" if immediate else "parsed",
            flags=() if immediate else ("unseen-script",),
        )


def _attach(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    yield frame.effect(
        "create",
        statement.strings[0] if statement.strings else _first_name(statement.skeleton, "ATTACH"),
        "path",
        reversible="yes",
    )


def _stop(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    yield frame.effect("process-stop", statement.skeleton[:80], "process", reversible="partly")


def _purge(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    logs = re.search(r"\bLOGS?\b", statement.skeleton, re.I)
    if logs:
        yield frame.effect("oversight", "binary logs", reversible="no", flags=("clears-logs",))
    else:
        yield frame.effect(
            "database-destroy",
            _first_name(statement.skeleton, "PURGE"),
            reversible="no",
            broad="RECYCLEBIN" in statement.skeleton.upper(),
        )


def _restore(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    replaces = re.search(r"\bREPLACE\b", statement.skeleton, re.I)
    yield frame.effect(
        "database-destroy" if replaces else "database-write",
        _first_name(statement.skeleton, "RESTORE"),
        reversible="no",
        broad=bool(replaces),
    )


def _unload(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    place = next((text for text in statement.strings if "://" in text or "/" in text), "")
    yield frame.effect(
        "network-out" if "://" in place else "overwrite",
        place,
        "url" if "://" in place else "path",
        flags=("upload",) if "://" in place else (),
    )


def _install(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    yield frame.effect("install", _first_name(statement.skeleton, "INSTALL"), "package")


def _pragma(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    writes = "=" in statement.skeleton or re.search(r"\bwritable_schema\b", statement.skeleton, re.I)
    yield frame.effect(
        "database-write" if writes else "read", _first_name(statement.skeleton, "PRAGMA"), reversible="yes"
    )


def _rows(statement: Statement, frame: _Frame, depth: int) -> Iterator[Effect]:
    found = list(_dml(statement, frame))
    yield from found or (frame.effect("database-write", "", certainty="guessed"),)


_BY_HEAD = {
    "DROP": _drop, "TRUNCATE": _truncate, "ALTER": _alter, "CREATE": _create, "GRANT": _rights, "REVOKE": _rights, "DENY": _rights, "COPY": _copy,
    "CALL": _call, "EXEC": _call, "EXECUTE": _call, "PREPARE": _call, "DO": _call, "ATTACH": _attach, "KILL": _stop, "SHUTDOWN": _stop, "PURGE": _purge, "RESTORE": _restore,
    "BACKUP": _unload, "UNLOAD": _unload, "EXPORT": _unload, "INSTALL": _install, "PRAGMA": _pragma,
    "DELETE": _rows, "UPDATE": _rows, "INSERT": _rows, "REPLACE": _rows, "MERGE": _rows,
}  # fmt: skip

__all__ = ["MAX_EFFECTS", "MAX_TEXT", "effects_of_sql", "looks_like_sql"]
