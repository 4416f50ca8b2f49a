"""Assignments: `A=x`, `A+=y`, `A=(x y)`, `A[1]=z`."""

from __future__ import annotations

from typing import Protocol

from tree_sitter import Node

from magistrate.evidence.effects.expand import Environment, Expander
from magistrate.evidence.effects.marks import unknown
from magistrate.evidence.effects.place import Place


class Shell(Protocol):
    """The part of the engine that is needed here."""

    env: Environment
    expander: Expander
    place: Place


def assignments(shell: Shell, node: Node) -> list[tuple[str, str | list[str]]]:
    """The names an assignment sets and their marked values; an array is a list."""
    if node.type == "variable_assignments":
        return [pair for child in node.named_children for pair in assignments(shell, child)]
    target, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if target is None:
        return []
    name = shell.expander.text(target)
    adds = any(child.type == "+=" for child in node.children)
    if target.type == "subscript":
        return _element(shell, target, value)
    if value is not None and value.type == "array":
        items = shell.expander.array(value)
        old = shell.env.variables.get(name, []) if adds else []
        return [(name, ([old] if isinstance(old, str) else old) + items)]
    text = "" if value is None else shell.expander.value(value)
    if adds:
        text = (shell.env.scalar(name, shell.place) or "") + text
    return [(name, text[:4096])]


def _element(shell: Shell, target: Node, value: Node | None) -> list[tuple[str, str | list[str]]]:
    name_node, index = target.child_by_field_name("name"), target.child_by_field_name("index")
    if name_node is None or index is None or value is None:
        return []
    name, key = shell.expander.text(name_node), shell.expander.text(index)
    old = shell.env.variables.get(name, [])
    items = [old] if isinstance(old, str) else list(old)
    if not key.isdigit() or int(key) > 255:
        return [(name, unknown(f"${{{name}}}"))]
    items += [""] * (int(key) + 1 - len(items))
    items[int(key)] = shell.expander.value(value)
    return [(name, items)]
