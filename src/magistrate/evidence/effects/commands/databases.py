"""SQL clients: the text, files and documents they are given, and their own commands (`\\!`, `.shell`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from magistrate.core.records import Effect, Record, Scope
from magistrate.evidence.effects.command import Command, Handler, Scene, Word
from magistrate.evidence.effects.commands.cli import Call, Line, Tool, handler, options, split
from magistrate.evidence.effects.place import host_scope, looks_production
from magistrate.evidence.effects.sql import effects_of_sql

# ---------------------------------------------------------------- SQL clients


class Client(Record, frozen=True, kw_only=True):
    """A SQL client, as data."""

    dialect: str = ""
    text: frozenset[str] = frozenset()
    """Options that take SQL."""
    file: frozenset[str] = frozenset()
    """Options that take a file of SQL."""
    host: frozenset[str] = frozenset()
    database: frozenset[str] = frozenset()
    valued: frozenset[str] = frozenset()
    embedded: bool = False
    """The database is a file, the first operand; SQL may follow it."""
    subcommand: str = ""
    long_dash: bool = False


_PG_VALUED = options(
    "-U --username -p --port -v --set --variable -P --pset -F --field-separator -L --log-file -o --output -R -T --role -W-x"
)
_PSQL = Client(
    dialect="postgres",
    text=options("-c --command"),
    file=options("-f --file"),
    host=options("-h --host"),
    database=options("-d --dbname"),
    valued=_PG_VALUED,
)
_MYSQL = Client(
    dialect="mysql", text=options("-e --execute --init-command"), file=frozenset(), host=options("-h --host"), database=options("-D --database"),
    valued=options("-p= -u --user -P --port -S --socket --protocol --defaults-file --defaults-extra-file --default-character-set --ssl-mode --ssl-ca --login-path --delimiter --tee --pager"),
)  # fmt: skip
_SQLITE = Client(
    dialect="sqlite",
    embedded=True,
    text=options("-cmd --cmd"),
    file=options("-init --init"),
    valued=options("-separator -newline -nullvalue -mmap -maxsize -vfs"),
)
_MSSQL = Client(
    dialect="tsql",
    text=options("-Q -q"),
    file=options("-i"),
    host=options("-S"),
    database=options("-d"),
    valued=options("-U -P -o -l -t -h -s -w -v -K -H -a -k -r"),
)
_CLICKHOUSE = Client(
    dialect="clickhouse",
    text=options("-q --query"),
    file=options("--queries-file"),
    host=options("-h --host"),
    database=options("-d --database"),
    valued=options("-u --user --password --port --format --max_threads"),
)
CLIENTS: dict[str, Client] = {
    **dict.fromkeys(("psql", "pgcli", "vsql", "edb-psql", "usql", "gsql"), _PSQL),
    **dict.fromkeys(("mysql", "mariadb", "mycli", "mysqlsh"), _MYSQL),
    **dict.fromkeys(("sqlite3", "sqlite", "litecli", "libsql", "sqlcipher"), _SQLITE),
    "duckdb": msgspec.structs.replace(_SQLITE, dialect="duckdb", text=options("-c -s -cmd --cmd")),
    **dict.fromkeys(("sqlcmd", "osql", "isql", "mssql-cli", "go-sqlcmd"), _MSSQL),
    **dict.fromkeys(("clickhouse-client", "clickhouse-local"), _CLICKHOUSE),
    "clickhouse": msgspec.structs.replace(_CLICKHOUSE, subcommand="client"),
    **dict.fromkeys(("trino", "presto", "presto-cli"), Client(dialect="trino", text=options("--execute"), file=options("-f --file"), host=options("--server"), database=options("--catalog --schema"), valued=options("--user"))),
    **dict.fromkeys(("snowsql", "snow"), Client(dialect="snowflake", text=options("-q --query"), file=options("-f --filename"), host=options("-a --accountname -h --host -c --connection"), database=options("-d --dbname"), valued=options("-u --username -o -r -w -s"))),
    **dict.fromkeys(("hive", "spark-sql", "beeline", "impala-shell", "cqlsh", "databricks-sql"), Client(text=options("-e -q --query --execute"), file=options("-f --file"), host=options("-u -i --impalad"), database=options("-k --keyspace -d --database"), valued=options("-n -p --hiveconf --conf -U"))),
    "cockroach": Client(dialect="postgres", text=options("-e --execute"), file=options("-f --file"), host=options("--host --url"), database=options("-d --database"), valued=options("-u --user --certs-dir -p --port"), subcommand="sql"),
    **dict.fromkeys(("sqlplus", "sql", "db2", "isql-fb", "fbsql", "sqlplus64"), Client(dialect="oracle", valued=options("-M -R -C"))),
}  # fmt: skip
_URI = re.compile(r"^[a-z][a-z0-9+]*://(?:[^@/]*@)?(\[[^\]]+\]|[^:/?]+)?(?::\d+)?(?:/([^?]*))?", re.I)
_HOST_VARIABLES = ("PGHOST", "PGSERVICE", "DATABASE_URL", "MYSQL_HOST", "PGDATABASE", "SQLCMDSERVER")


def sql_client(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Effects of a SQL client: of each text, file and document it is given; without any it opens a session, `read`."""
    client = CLIENTS[command.name]
    words = command.words
    if client.subcommand and words and not words[0].dynamic:
        if words[0].text != client.subcommand and not words[0].text.startswith("-"):
            return _other(command, scene)
        words = words[1:] if words[0].text == client.subcommand else words
    valued = client.valued | client.text | client.file | client.host | client.database
    line = split(words, valued, long_dash=False)
    call = Call(
        tool=Tool(name=command.name, scope="unknown"),
        path=(),
        line=line,
        args=line.operands,
        tail=words,
        command=command,
        scene=scene,
    )
    if line.has("--help", "--version", "-V") or (line.has("-?") and not line.operands):
        return ()
    database, scope, live, unknown = _where(client, line, call)
    made = [msgspec.structs.replace(one, scope=scope if one.scope == "unknown" and one.target_kind in ("database", "account", "resource", "process") else one.scope, production=one.production or live)
            for one in _given(client, line, call, database)]  # fmt: skip
    if not made:
        opened = call.effect("read", database, "database", scope=scope, reversible="yes")
        made = [msgspec.structs.replace(opened, certainty="dynamic") if unknown else opened]
    return tuple(made)


def _other(command: Command, scene: Scene) -> tuple[Effect, ...]:
    return tuple(handler(Tool(name=command.name))(command, scene))


def _where(client: Client, line: Line, call: Call) -> tuple[str, Scope, bool, bool]:
    """Database name, where it is, whether it looks like production, whether a variable hides it."""
    operands = line.operands
    given = line.value(*client.database) or (operands[0] if operands else None)
    hosts = [word.text for word in line.values(*client.host)] + [
        word.text for name, word in call.command.assignments if name in _HOST_VARIABLES
    ]
    name = given.text if given is not None else ""
    if client.embedded:
        return (
            name,
            call.scene.place.path_scope(name) if name and name != ":memory:" else "local",
            looks_production(name),
            False,
        )
    uri = _URI.match(name)
    if uri:
        hosts.append(uri.group(1) or "")
        name = f"{uri.group(1) or ''}/{uri.group(2) or ''}".strip("/")
    elif "host=" in name:
        hosts.append(re.split(r"[\s']", name.partition("host=")[2])[0])
    host = next((re.sub(r"^[a-z+]+://|^tcp:|[:/,].*$", "", text) for text in hosts if text), "")
    hidden = any("$" in text for text in hosts) or bool(given is not None and given.dynamic)
    scope: Scope = (
        "unknown" if hidden and "$" in host else "local" if not host or host.startswith("/") else host_scope(host)
    )
    if hidden and not host:
        scope = "unknown"
    return name, scope, any(looks_production(text) for text in (*hosts, name)), hidden


def _given(client: Client, line: Line, call: Call, database: str) -> Iterator[Effect]:
    texts = line.values(*client.text) if client.text else []
    if client.embedded:
        texts += [*line.operands[1:], *line.rest]
    for word in texts[:20]:
        yield from _text(word.text, word.dynamic, client, call, database)
    files = line.values(*client.file) if client.file else []
    files += [word for word in line.operands if client.dialect == "oracle" and word.text.startswith("@")]
    for word in files[:20]:
        if word.text in ("-", "/dev/stdin"):
            yield from _standard_input(client, call, database)
        else:
            yield from _file(Word(text=word.text.lstrip("@"), dynamic=word.dynamic), client, call, database)
    if not texts and not files:
        yield from _standard_input(client, call, database)


def _standard_input(client: Client, call: Call, database: str) -> Iterator[Effect]:
    command = call.command
    if command.input == "text":
        yield from _text(command.stdin, False, client, call, database)
    elif command.input == "file":
        yield from _file(Word(text=command.stdin), client, call, database)
    elif command.input in ("network", "dynamic"):
        flags = ("piped-from-network",) if command.input == "network" else ()
        yield call.effect("execute", Word(text=command.stdin or "standard input", dynamic=True), "code", flags=flags)


def _file(word: Word, client: Client, call: Call, database: str) -> Iterator[Effect]:
    known = None if word.dynamic else call.scene.place.files.get(call.scene.place.resolve(word.text))
    if known is not None:
        yield from _text(known, False, client, call, database)
    else:
        yield call.effect("execute", word, "path", flags=("unseen-script",))
        yield call.effect("database-write", database, "database", certainty="guessed")


_META = re.compile(r"^[ \t]*(\\[!a-zA-Z]\w*|\.[a-z]+\b|system\b|source\b|!!|:r\b|host\b)[ \t]*(.*)$", re.M)


def _text(text: str, dynamic: bool, client: Client, call: Call, database: str) -> Iterator[Effect]:
    """SQL with the client's own commands in it (`\\! cmd`, `.shell cmd`, `\\i file`)."""
    rest: list[str] = []
    found: list[Effect] = []
    for line in text.split("\n")[:5000] if "\n" in text or _META.match(text) else [text]:
        meta = _META.match(line)
        if (
            meta is None
            or (meta.group(1)[0].isalpha() and client.dialect not in ("mysql", "oracle"))
            or (meta.group(1)[0] == "." and not client.embedded)
        ):
            rest.append(line)
        else:
            found.extend(_own_command(meta.group(1), meta.group(2).strip(), client, call, database))
    found.extend(_sql("\n".join(rest), client, call, database))
    for one in found:
        yield msgspec.structs.replace(one, certainty="dynamic") if dynamic else one


def _sql(text: str, client: Client, call: Call, database: str) -> Iterator[Effect]:
    via, path = (*call.command.via, call.command.name), call.command.path
    for one in effects_of_sql(text, dialect=client.dialect, target_db=database, via=via, path=path):
        yield one
        if (
            one.kind == "execute"
            and "inline-code" in one.flags
            and re.search(r"\bPROGRAM\b|xp_cmdshell|sys_e", text, re.I)
        ):
            yield from call.scene.shell(one.target, via=(*via, "sql"), path=path)


def _own_command(name: str, rest: str, client: Client, call: Call, database: str) -> Iterator[Effect]:
    via, path = (*call.command.via, call.command.name), call.command.path
    name = name.lower()
    if name in ("\\!", ".shell", ".system", "system", "!!", "host") or (
        name in ("\\o", "\\g", "\\w", ".output", ".once") and rest.startswith("|")
    ):
        yield call.effect("execute", rest.lstrip("|"), "code", scope="local", flags=("inline-code",))
        yield from call.scene.shell(rest.lstrip("| "), via=via, path=path)
    elif name in ("\\i", "\\ir", "\\include", ".read", "source", "\\.", ":r"):
        yield from _file(Word(text=rest.strip("'\"; ")), client, call, database)
    elif name == "\\copy":
        program = re.search(r"\b(?:to|from)\s+program\s+'((?:[^']|'')*)'", rest, re.I)
        if program:
            yield call.effect("execute", program.group(1), "code", scope="local", flags=("inline-code",))
            yield from call.scene.shell(program.group(1), via=via, path=path)
        yield from effects_of_sql("COPY " + rest, dialect=client.dialect, target_db=database, via=via, path=path)
    elif name in (".load", "load"):
        yield call.effect("execute", rest, "path", flags=("unseen-script",))
    elif name in (".import", ".restore", ".archive", ".recover"):
        yield call.effect("database-write", database, "database", reversible="partly")
    elif name in (".save", ".backup", ".output", ".once", "\\o", "\\g", ".excel", ".log", ".clone", "\\w") and rest:
        yield call.effect("overwrite", rest.split()[-1].strip("'\""), "path", reversible="partly")
    elif name in ("\\connect", "\\c", ".open"):
        yield call.effect("read", rest, "database", reversible="yes")
    elif name in ("\\gexec", "\\password"):
        yield call.effect(
            "execute" if name == "\\gexec" else "permission",
            rest or "query results",
            "code",
            certainty="dynamic" if name == "\\gexec" else "parsed",
        )
    else:
        yield call.effect("read", database, "database", reversible="yes")


HANDLERS: dict[str, Handler] = dict.fromkeys(CLIENTS, sql_client)
