"""Whether a DELETE or UPDATE is limited to some rows: the one question that needs a full parse.

sqlglot takes 0.4 s to import and is loaded on the first such statement only.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

_MAX_PARSED = 8_000
"""Characters of one statement that sqlglot is given; a longer one is judged by its words, guessed."""


def limits_rows(text: str, dialect: str, table: str, alone: bool) -> bool | None:
    """Whether the rows are limited by a real condition; None when the text cannot be parsed."""
    if len(text) > _MAX_PARSED or text.count("(") > 200:
        return None
    for name in dict.fromkeys((dialect, "", "mysql", "tsql")):
        tree = _tree(text, name)
        if tree is not None:
            return _limited(tree, table, alone)
    return None


@cache
def _sqlglot() -> Any:
    import sqlglot

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    return sqlglot


def _tree(text: str, dialect: str) -> Any:
    glot = _sqlglot()
    try:
        tree = glot.parse_one(text, read=dialect or None)
    except (glot.errors.SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError):
        return None
    return None if tree is None or isinstance(tree, glot.exp.Command) else tree


def _limited(tree: Any, table: str, alone: bool) -> bool | None:
    exp = _sqlglot().exp
    nodes = list(tree.find_all(exp.Delete, exp.Update))
    wanted = [
        node
        for node in nodes
        if alone
        or (node.find(exp.Table) is not None and node.find(exp.Table).name.lower() == table.lower().rpartition(".")[2])
    ]
    if not wanted:
        return None
    for node in wanted:
        where = node.args.get("where")
        if where is None and not node.args.get("limit"):
            return False
        if where is not None and _always(where.this, 0):
            return False
    return True


def _always(node: Any, depth: int) -> bool:
    """Whether a condition holds for every row, as far as constants, equal sides and everyday tricks show."""
    exp = _sqlglot().exp
    if depth > 40 or node is None:
        return False
    if isinstance(node, exp.Paren):
        return _always(node.this, depth + 1)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        return not node.is_string and str(node.this) not in ("0", "0.0")
    if isinstance(node, exp.Or):
        return _always(node.left, depth + 1) or _always(node.right, depth + 1)
    if isinstance(node, exp.And):
        return _always(node.left, depth + 1) and _always(node.right, depth + 1)
    if isinstance(node, exp.Not):
        return _never(node.this)
    if isinstance(node, exp.Like | exp.ILike):
        return isinstance(node.expression, exp.Literal) and set(str(node.expression.this)) == {"%"}
    if isinstance(node, exp.EQ | exp.GTE | exp.LTE | exp.GT | exp.LT | exp.NEQ):
        return _compares_always(node)
    return False


def _never(node: Any) -> bool:
    exp = _sqlglot().exp
    node = node.this if isinstance(node, exp.Paren) else node
    if isinstance(node, exp.Boolean):
        return not node.this
    if isinstance(node, exp.EQ) and isinstance(node.left, exp.Literal) and isinstance(node.right, exp.Literal):
        return bool(node.left.this != node.right.this)
    return isinstance(node, exp.Is) and isinstance(node.expression, exp.Null) and _is_key(node.this)


def _is_key(node: Any) -> bool:
    return isinstance(node, _sqlglot().exp.Column) and str(node.name).lower() in (
        "id",
        "rowid",
        "_id",
        "ctid",
        "uuid",
        "oid",
    )


def _compares_always(node: Any) -> bool:
    exp = _sqlglot().exp
    left, right = node.left, node.right
    if isinstance(left, exp.Literal) and isinstance(right, exp.Literal):
        return _constant(type(node).__name__, left, right)
    if isinstance(node, exp.EQ | exp.GTE | exp.LTE):
        return bool(left.sql() == right.sql())
    low = isinstance(right, exp.Literal | exp.Neg) and right.sql() in ("0", "-1", "''")
    return bool(isinstance(node, exp.GT | exp.NEQ) and low and _is_key(left))


def _constant(operator: str, left: Any, right: Any) -> bool:
    if left.is_string or right.is_string:
        return bool((left.this == right.this) == (operator in ("EQ", "GTE", "LTE"))) and operator not in ("GT", "LT")
    try:
        a, b = float(left.this), float(right.this)
    except ValueError:
        return False
    return {"EQ": a == b, "NEQ": a != b, "GT": a > b, "LT": a < b, "GTE": a >= b, "LTE": a <= b}.get(operator, False)
