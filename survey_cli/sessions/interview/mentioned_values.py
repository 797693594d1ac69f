"""Values that a condition mentions, as they are entered, for invented answers."""

import ast


def list_mentioned_values(tree: ast.AST) -> tuple[str, ...]:
    """List the constants of a condition, and the neighbors of its whole numbers.

    Of `age < 18`, these are 18, 19 and 17; of `kind in ['a', 'b']`, a and b.
    """
    values: list[str] = []
    for node in ast.walk(tree):
        values += list_constant_values(node)
    return tuple(dict.fromkeys(values))


def list_constant_values(node: ast.AST) -> tuple[str, ...]:
    """List the value of a constant, with its neighbors if it is a whole number; none of others."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return ()
    if isinstance(node.value, int):
        numbers = (node.value, node.value + 1, node.value - 1)
        return tuple(str(number) for number in numbers if number >= 0)
    if isinstance(node.value, float | str):
        return (str(node.value),)
    return ()
