"""How deep an expression's own arrays, objects and names nest its result, by its text alone.

The payload is at most jsontext.MAX_DEPTH deep; with this bound on what a statement puts around it, no result is too
deep for a stack, whatever the variables of SET are made of.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import ast


def nesting(node: ast.Node, variables: Mapping[str, int]) -> int:
    """The levels that the node puts around the values it reads; `variables` holds those of the SET variables."""
    if isinstance(node, ast.Variable):
        return variables.get(node.name, 0)
    below = max((nesting(child, variables) for child in ast.children(node)), default=0)
    if isinstance(node, ast.Item):
        return below + len(node.alias or "1")
    is_level = isinstance(node, ast.ArrayLiteral | ast.ObjectLiteral | ast.Query)
    return below + (is_level or (isinstance(node, ast.Call) and node.name.lower() == "concat"))
