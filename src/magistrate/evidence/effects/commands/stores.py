"""Databases beside SQL text: administration tools, dumps and restores, redis, mongo, kafka."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from magistrate.core.records import Effect, Scope
from magistrate.evidence.effects.command import Command, Handler, Scene, Word
from magistrate.evidence.effects.commands.cli import Call, Entry, Line, Row, Tool, handler, options, same, split
from magistrate.evidence.effects.place import host_scope, looks_production

_URI = re.compile(r"^[a-z][a-z0-9+]*://(?:[^@/]*@)?(\[[^\]]+\]|[^:/?]+)?(?::\d+)?(?:/([^?]*))?", re.I)
# ---------------------------------------------------------------- administration

_DB_VALUED = options("-h --host -p --port -U --username -u --user -d --dbname -f --file -F --format -j --jobs -n --schema -t --table -D --pgdata -o -l --log -a --archive --uri --db --collection -c --out --nsInclude --drop-with -S --socket -P --exclude-table -T -N -r --role")  # fmt: skip
_ALL_ROWS = ("--clean", "--drop", "--create-clean", "--purge")


def _restore(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """pg_restore, mongorestore, mongoimport: rows written, after all is dropped with `--clean` or `--drop`."""
    line = split(command.words, _DB_VALUED - {"-c"} if command.name == "pg_restore" else _DB_VALUED)
    call = Call(
        tool=Tool(name=command.name), path=(), line=line, args=line.operands, tail=(), command=command, scene=scene
    )
    if line.has("--help", "--version", "-l", "--list"):
        return ()
    database = line.value("-d", "--dbname", "--db", "--uri", "-h", "--host") or Word(text="")
    drops = line.has(*_ALL_ROWS) or (command.name == "pg_restore" and line.has("-c"))
    kind_scope = _remote(line)
    first = call.effect(
        "database-destroy" if drops else "database-write",
        database,
        "database",
        scope=kind_scope,
        reversible="no" if drops else "partly",
        broad=drops,
        flags=("bulk",) if drops else (),
    )
    files = (call.effect("read", word, "path", reversible="yes") for word in line.operands[:1])
    return (_live(first, line), *files)


def _remote(line: Line) -> Scope:
    host = line.value("-h", "--host", "--uri", "-H")
    if host is None:
        return "local"
    uri = _URI.match(host.text)
    return "unknown" if host.dynamic else host_scope(uri.group(1) or "" if uri else host.text.partition(":")[0])


def _live(found: Effect, line: Line) -> Effect:
    live = any(value is not None and looks_production(value.text) for _, value in line.options) or any(
        looks_production(word.text) for word in line.operands
    )
    return msgspec.structs.replace(found, production=found.production or live)


def _simple(
    kind: str, target_kind: str = "database", *, reversible: str = "no", broad: bool = False, take: str = "last"
) -> Handler:
    """A tool that does one thing to what its operand names (`dropdb`, `createuser`)."""
    row = msgspec.convert(
        {"kind": kind, "take": take, "target_kind": target_kind, "reversible": reversible, "broad": broad}, Row
    )

    def handle(command: Command, scene: Scene) -> tuple[Effect, ...]:
        line = split(command.words, _DB_VALUED)
        if line.has("--help", "--version"):
            return ()
        call = Call(
            tool=Tool(name=command.name), path=(), line=line, args=line.operands, tail=(), command=command, scene=scene
        )
        named = line.value("-d", "--dbname", "-D", "--db", "--uri")
        word = line.operands[-1] if line.operands else named or next(iter(command.targets()), Word(text=""))
        made = call.effect(
            row.kind, word, row.target_kind, scope=_remote(line), reversible=row.reversible, broad=row.broad
        )
        return (_live(made, line),)

    return handle


_MYSQLADMIN: dict[str, Entry] = {
    "drop": (Row(kind="database-destroy", take="first", target_kind="database", reversible="no", broad=True),),
    "create": (Row(kind="database-write", take="first", target_kind="database", reversible="yes"),),
    **same("shutdown|kill|stop-slave|stop-replica", (Row(kind="process-stop", take="first", name="mysqld", target_kind="process", reversible="yes"),)),
    "password": (Row(kind="permission", take="none", name="account", target_kind="account"),),
    **same("status|ping|processlist|variables|version|extended-status|debug", (Row(kind="read", take="none", name="mysqld", reversible="yes"),)),
    **same("flush-privileges|flush-hosts|flush-logs|flush-tables|refresh|reload|start-slave|start-replica|flush-binary-log", (Row(kind="infrastructure", take="none", name="mysqld", reversible="partly"),)),
}  # fmt: skip
_PG_CTL: dict[str, Entry] = {
    **same("stop|kill|restart", (Row(kind="process-stop", take="none", name="postgres", target_kind="process", scope="local", reversible="yes"),)),
    **same("start|reload|promote|register|logrotate", (Row(kind="infrastructure", take="none", name="postgres", scope="local", reversible="yes"),)),
    "status": (Row(kind="read", take="none", name="postgres", scope="local", reversible="yes"),),
    **same("init|initdb", (Row(kind="create", take="-D|--pgdata", target_kind="path", reversible="yes"),)),
}  # fmt: skip

# ---------------------------------------------------------------- redis

_REDIS: dict[str, tuple[str, str, str, bool]] = {
    **dict.fromkeys(("FLUSHALL", "FLUSHDB"), ("database-destroy", "database", "no", True)),
    **dict.fromkeys(["DEL", "UNLINK", "SET", "MSET", "SETEX", "SETNX", "GETSET", "GETDEL", "HSET", "HDEL", "HMSET", "LPUSH", "RPUSH", "LPOP", "RPOP", "LREM", "LTRIM", "SADD", "SREM", "SPOP", "ZADD", "ZREM", "ZREMRANGEBYSCORE", "EXPIRE", "EXPIREAT", "PERSIST", "RENAME", "INCR", "DECR", "INCRBY", "APPEND", "XADD", "XDEL", "XTRIM", "COPY", "MOVE", "RESTORE", "JSON.SET", "JSON.DEL", "PFADD", "GEOADD", "BITOP", "SETRANGE", "SETBIT", "LSET", "FT.DROPINDEX", "FT.CREATE", "SORT"], ("database-write", "database", "no", False)),
    **dict.fromkeys(["GET", "MGET", "KEYS", "SCAN", "EXISTS", "TYPE", "TTL", "PTTL", "HGET", "HGETALL", "HKEYS", "HLEN", "LRANGE", "LLEN", "SMEMBERS", "SCARD", "ZRANGE", "ZCARD", "INFO", "PING", "DBSIZE", "MONITOR", "TIME", "ECHO", "STRLEN", "XRANGE", "XLEN", "MEMORY", "OBJECT", "DUMP", "RANDOMKEY", "COMMAND", "LASTSAVE", "ROLE", "SSCAN", "HSCAN", "ZSCAN", "SLOWLOG", "LATENCY", "SUBSCRIBE", "PSUBSCRIBE", "XREAD", "HELLO", "SELECT", "AUTH", "QUIT", "JSON.GET", "FT.SEARCH", "FT.INFO", "GETRANGE", "SISMEMBER", "ZSCORE", "HMGET"], ("read", "database", "yes", False)),
    **dict.fromkeys(("EVAL", "EVALSHA", "SCRIPT", "FUNCTION", "FCALL", "MODULE"), ("execute", "code", "unknown", False)),
    **dict.fromkeys(("SHUTDOWN", "CLIENT"), ("process-stop", "process", "partly", False)),
    **dict.fromkeys(("SAVE", "BGSAVE", "BGREWRITEAOF", "REPLICAOF", "SLAVEOF", "CLUSTER", "FAILOVER", "DEBUG", "MIGRATE", "SWAPDB", "RESET"), ("infrastructure", "resource", "partly", False)),
    "ACL": ("permission", "account", "partly", False),
    "CONFIG": ("infrastructure", "resource", "partly", False),
    "PUBLISH": ("message", "address", "no", False),
}  # fmt: skip
_REDIS_VALUED = options(
    "-h -p -a -n -u -s -r -i -d -D -X --user --pass --sni --cacert --cert --key --tls-ciphers -c --pattern --count --eval --functions-rdb --rdb --cursor -t"
)
_REDIS_READS = frozenset({("CONFIG", "GET"), ("ACL", "LIST"), ("ACL", "WHOAMI"), ("ACL", "CAT"), ("ACL", "GETUSER"), ("ACL", "USERS"), ("CLUSTER", "INFO"), ("CLUSTER", "NODES"), ("CLUSTER", "SLOTS"), ("CLIENT", "LIST"), ("CLIENT", "ID"), ("CLIENT", "INFO"), ("CLIENT", "GETNAME"), ("CLIENT", "SETNAME"), ("SCRIPT", "EXISTS"), ("MODULE", "LIST"), ("FUNCTION", "LIST"), ("DEBUG", "OBJECT")})  # fmt: skip


def redis(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Effects of redis-cli, valkey-cli, keydb-cli: the command word, or lines on standard input."""
    line = split(command.words, _REDIS_VALUED - {"-c", "-D", "-X"}, stop=1)
    call = Call(
        tool=Tool(name=command.name), path=(), line=line, args=line.operands, tail=(), command=command, scene=scene
    )
    scope = _redis_scope(line)
    if line.has("--help", "--version", "-v"):
        return ()
    if (script := line.value("--eval")) is not None:
        return (_live(call.effect("execute", script, "path", flags=("unseen-script",)), line),)
    if line.operands:
        found = _redis_line([*line.operands, *line.rest], call, scope)
    elif command.input == "text":
        found = [
            one
            for text in command.stdin.splitlines()[:200]
            for one in _redis_line([Word(text=word) for word in text.split()], call, scope)
        ]
    elif command.input != "none":
        found = [call.effect("execute", Word(text=command.stdin or "standard input", dynamic=True), "code")]
    else:
        found = [call.effect("read", "redis", "database", scope=scope, reversible="yes")]
    return tuple(_live(one, line) for one in found)


def _redis_scope(line: Line) -> Scope:
    host = line.value("-h", "-u")
    if host is None:
        return "local"
    uri = _URI.match(host.text)
    return "unknown" if host.dynamic else host_scope(uri.group(1) or "" if uri else host.text)


def _redis_line(words: list[Word], call: Call, scope: Scope) -> list[Effect]:
    if not words:
        return []
    head = words[0].text.upper()
    if words[0].dynamic:
        return [call.effect("execute", words[0], "code")]
    second = words[1].text.upper() if len(words) > 1 else ""
    if (head, second) in _REDIS_READS:
        return [call.effect("read", "redis", "database", scope=scope, reversible="yes")]
    known = _REDIS.get(head)
    if known is None:
        return [call.effect("execute", f"{call.command.name} {words[0].text}", "code", certainty="guessed")]
    kind, target_kind, reversible, broad = known
    taken = words[1:21] if head in ("DEL", "UNLINK") else words[1:3][-1:] if head in ("CONFIG", "ACL") else words[1:2]
    made = Row(kind=kind, target_kind=target_kind, reversible=reversible, broad=broad)  # type: ignore[arg-type]
    targets = [Word(text="redis")] if broad or not taken else taken
    found = [
        call.effect(
            made.kind,
            word,
            made.target_kind,
            scope=scope,
            reversible=made.reversible,
            broad=broad,
            flags=("bulk",) if broad else (),
        )
        for word in targets
    ]
    if (
        head == "CONFIG"
        and second == "SET"
        and len(words) > 2
        and words[2].text.lower()
        in ("dir", "dbfilename", "slave-read-only", "protected-mode", "requirepass", "rename-command")
    ):
        found.append(call.effect("permission", words[2], "resource", scope=scope, flags=("disables-security",)))
    return found


# ---------------------------------------------------------------- mongo

_MONGO: tuple[tuple[re.Pattern[str], str, str, bool, str], ...] = tuple(
    (re.compile(pattern, re.I | re.S), kind, reversible, broad, flag)
    for pattern, kind, reversible, broad, flag in (
        (r"dropDatabase\s*\(|['\"]?dropDatabase['\"]?\s*:\s*(?:1|true)", "database-destroy", "no", True, "bulk"),
        (r"\.drop\s*\(|['\"]?drop['\"]?\s*:\s*['\"]", "database-destroy", "no", True, ""),
        (r"(?:deleteMany|remove)\s*\(\s*(?:\{\s*\})?\s*[,)]", "database-destroy", "no", True, "no-where"),
        (r"updateMany\s*\(\s*\{\s*\}", "database-destroy", "no", True, "no-where"),
        (
            r"(?:deleteMany|deleteOne|remove|findOneAndDelete|findAndModify|bulkWrite)\s*\(\s*(?!\{\s*\}|\))\S",
            "database-write",
            "no",
            False,
            "",
        ),
        (
            r"(?:insert\w*|update\w*|replaceOne|findOneAnd\w+|save|create(?:Index|Collection)\w*|renameCollection|dropIndex\w*)\s*\(",
            "database-write",
            "partly",
            False,
            "",
        ),
        (
            r"(?:createUser|updateUser|dropUser|grant\w+|revoke\w+|createRole|dropRole|changeUserPassword)\s*\(",
            "permission",
            "partly",
            False,
            "",
        ),
        (r"shutdownServer\s*\(|killOp\s*\(|['\"]?shutdown['\"]?\s*:", "process-stop", "yes", False, ""),
        (
            r"\brs\.(?!status|conf|config|hello|print\w*|isMaster)\w+\s*\(|\bsh\.(?!status|getBalancerState|isBalancerRunning)\w+\s*\(|setParameter|setProfilingLevel|fsyncLock",
            "infrastructure",
            "partly",
            False,
            "",
        ),
    )
)
_MONGO_READ = re.compile(
    r"^\s*(?:use\s+\w+;?\s*)?(?:db\.(?:getCollection\(\s*['\"][\w.-]+['\"]\s*\)|[\w.$]+)\.?(?:find|findOne|count\w*|aggregate|distinct|stats|explain|getIndexes)\s*\(.*|show\s+\w+|db\.(?:stats|version|hello|serverStatus|getCollectionNames|adminCommand\(\s*['\"]ping['\"])\s*\(?.*|rs\.status\(\).*|printjson\(db\..{0,200})$",
    re.I | re.S,
)
_MONGO_VALUED = options(
    "--host --port -u --username -p --password --authenticationDatabase --eval -f --file --authenticationMechanism --tlsCAFile --tlsCertificateKeyFile --apiVersion"
)


def mongo(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Effects of mongosh: of `--eval`, of standard input, of script files."""
    line = split(command.words, _MONGO_VALUED)
    call = Call(
        tool=Tool(name=command.name), path=(), line=line, args=line.operands, tail=(), command=command, scene=scene
    )
    if line.has("--help", "--version"):
        return ()
    scripts = [
        *line.values("-f", "--file"),
        *(word for word in line.operands if word.text.endswith((".js", ".mongodb"))),
    ]
    database = next((word for word in line.operands if word not in scripts), Word(text=""))
    uri = _URI.match(database.text)
    host = (uri.group(1) or "") if uri else (line.value("--host") or Word(text="")).text
    scope: Scope = host_scope(host.partition(":")[0]) if host else "local"
    texts = line.values("--eval")
    if not texts and command.input == "text":
        texts = [Word(text=command.stdin)]
    found = [call.effect("execute", word, "path", flags=("unseen-script",)) for word in scripts]
    for word in texts[:20]:
        found.extend(_mongo_text(word, database.text, call, scope))
    if not texts and command.input in ("network", "dynamic", "file"):
        found.append(
            call.effect(
                "execute",
                Word(text=command.stdin or "standard input", dynamic=command.input != "file"),
                "code",
                flags=("unseen-script",),
            )
        )
    found = found or [call.effect("read", database, "database", scope=scope, reversible="yes")]
    return tuple(_live(one, line) for one in found)


def _mongo_text(word: Word, database: str, call: Call, scope: Scope) -> Iterator[Effect]:
    text = word.text[:20_000]
    name = re.search(r"\bdb\.(?:getCollection\(\s*['\"]([\w.-]+)|(\w+)\.)", text)
    target = (name.group(1) or name.group(2)) if name else database.rpartition("/")[2]
    found = False
    for pattern, kind, reversible, broad, flag in _MONGO:
        if pattern.search(text):
            found = True
            row = Row(kind=kind, reversible=reversible)  # type: ignore[arg-type]
            yield call.effect(
                row.kind,
                Word(text=target, dynamic=word.dynamic),
                "database",
                scope=scope,
                reversible=row.reversible,
                broad=broad,
                flags=(flag,) if flag else (),
            )
    if not found and _MONGO_READ.match(text) and not word.dynamic:
        yield call.effect("read", target, "database", scope=scope, reversible="yes")
    elif not found:
        yield from call.scene.code(
            "javascript", text, via=(*call.command.via, call.command.name), path=call.command.path
        )
        yield call.effect("execute", text[:120], "code", certainty="dynamic", flags=("inline-code",))


# ---------------------------------------------------------------- kafka and search engines

_KAFKA_VALUED = options("--bootstrap-server --zookeeper --topic --group --partitions --replication-factor --config --command-config --entity-type --entity-name --add-config --delete-config --offset-json-file --broker-list --to-offset --to-datetime --shift-by --allow-principal --deny-principal --operation --max-messages --reassignment-json-file --consumer.config --producer.config --if-exists-x --alter-x")  # fmt: skip


def kafka(command: Command, scene: Scene) -> tuple[Effect, ...]:
    """Kafka's tools: the action is an option (`--delete`, `--alter`, `--describe`)."""
    line = split(command.words, _KAFKA_VALUED)
    call = Call(
        tool=Tool(name=command.name), path=(), line=line, args=line.operands, tail=(), command=command, scene=scene
    )
    hidden = next((word for word in command.words if word.dynamic and word.text.startswith("$")), None)
    target = line.value(
        "--topic", "--group", "--entity-name", "--offset-json-file", "--reassignment-json-file"
    ) or Word(text=command.name)
    name = command.name.removesuffix(".sh")
    found: list[Effect] = []
    if name in ("kafka-console-producer", "kafka-producer-perf-test", "kafka-verifiable-producer"):
        found = [call.effect("message", target, "address", reversible="no")]
    elif name == "kafka-delete-records":
        found = [call.effect("database-destroy", target, "database", reversible="no")]
    elif line.has("--delete", "--delete-offsets") and name != "kafka-acls":
        found = [
            call.effect(
                "database-destroy", target, "database", reversible="no", broad=line.has("--all-groups", "--all-topics")
            )
        ]
    elif name == "kafka-acls" and line.has("--add", "--remove"):
        found = [
            call.effect(
                "permission",
                line.value("--allow-principal", "--deny-principal") or target,
                "account",
                reversible="partly",
            )
        ]
    elif line.has("--reset-offsets"):
        found = (
            [call.effect("database-write", target, "database", reversible="no")]
            if line.has("--execute")
            else [call.effect("read", target, "database", flags=("dry-run",))]
        )
    elif line.has(
        "--alter",
        "--create",
        "--execute",
        "--add-config",
        "--delete-config",
        "--upgrade",
        "--downgrade",
        "--start",
        "--stop",
        "--cancel",
    ):
        found = [
            call.effect(
                "infrastructure", target, "resource", reversible="no" if line.has("--delete-config") else "partly"
            )
        ]
    elif name.endswith(("-start", "-stop")):
        found = [
            call.effect("process-stop" if name.endswith("stop") else "infrastructure", name, "process", scope="local")
        ]
    elif name in (
        "kafka-storage",
        "kafka-leader-election",
        "kafka-streams-application-reset",
        "zookeeper-shell",
        "kafka-mirror-maker",
        "connect-distributed",
    ):
        found = [call.effect("infrastructure", target, "resource", reversible="partly")]
    elif hidden is not None and not any(
        name.startswith("--") and name not in _KAFKA_VALUED for name, _ in line.options
    ):
        found = [call.effect("execute", hidden, "code")]
    elif hidden is not None or not line.has("--help", "--version"):
        found = [call.effect("read", target, "database", reversible="yes")]
    return tuple(_live(one, line) for one in found)


_KAFKA = "kafka-topics kafka-consumer-groups kafka-configs kafka-acls kafka-delete-records kafka-console-producer kafka-console-consumer kafka-reassign-partitions kafka-leader-election kafka-broker-api-versions kafka-log-dirs kafka-features kafka-storage kafka-streams-application-reset kafka-get-offsets kafka-dump-log kafka-cluster kafka-metadata-quorum kafka-transactions kafka-producer-perf-test kafka-server-stop kafka-server-start kafka-mirror-maker"


def _named(names: Iterable[str], made: Handler) -> dict[str, Handler]:
    return dict.fromkeys(names, made)


HANDLERS: dict[str, Handler] = {
    **_named(("pg_restore", "mongorestore", "mongoimport", "mysqlimport", "pgloader", "mysqlrestore", "myloader"), _restore),
    "dropdb": _simple("database-destroy", broad=True),
    "dropuser": _simple("permission", "account"),
    "createuser": _simple("permission", "account", reversible="yes"),
    "createdb": _simple("database-write", reversible="yes"),
    **_named(("vacuumdb", "reindexdb", "clusterdb", "pgbench", "mysqlcheck", "pg_repack"), _simple("database-write", reversible="yes")),
    **_named(("pg_dump", "pg_dumpall", "mysqldump", "mariadb-dump", "mongodump", "mongoexport", "pg_basebackup", "mydumper", "pg_isready", "mysqlshow", "mongostat", "mongotop"), _simple("read", reversible="yes")),
    **_named(("pg_resetwal", "pg_rewind", "pg_archivecleanup", "myisamchk", "innochecksum"), _simple("database-destroy")),
    **_named(("mysqladmin", "mariadb-admin"), handler(Tool(name="mysqladmin", table=_MYSQLADMIN, valued=options("-p= -u --user -h --host -P --port -S --socket --defaults-file -i -c"), marks={"-f": "force"}, scope="local"))),
    **_named(("pg_ctl", "pg_ctlcluster"), handler(Tool(name="pg_ctl", table=_PG_CTL, valued=options("-D --pgdata -l --log -m --mode -o -t --timeout -w-x"), scope="local"))),
    **_named(("redis-cli", "valkey-cli", "keydb-cli", "iredis"), redis),
    **_named(("mongosh", "mongo"), mongo),
    **_named([suffixed for name in _KAFKA.split() for suffixed in (name, f"{name}.sh")], kafka),
}  # fmt: skip
