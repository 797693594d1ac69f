"""Parser of the expressions of XLSForm (XPath with `${name}`): from text to a tree."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from survey_cli.conversion.model.expressions import UnsupportedError as UnsupportedError
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a text; the text '' stands for no value."""

    value: float | str


@dataclass(frozen=True, slots=True)
class Reference:
    """`${name}`; `.` for the question's own value; `@name` for a column of choices."""

    name: str


@dataclass(frozen=True, slots=True)
class XPathCall:
    """A function or an operator (`and`, `or`, `==`, `<`, `+`, `div`, …) with its arguments."""

    name: str
    arguments: tuple["Expression", ...]


Expression: TypeAlias = Literal | Reference | XPathCall

SELF: Final = Reference(".")
NO_VALUE: Final = Literal("")
TRUE: Final = XPathCall("true", ())
INDEX: Final = XPathCall("index", ())
"""The number of the turn of a repeat."""
_OPERATORS: Final[Mapping[type[ast.AST], str]] = {
    ast.And: "and",
    ast.Or: "or",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "div",
    ast.Mod: "mod",
}
"""The operators of a form by those of Python, as which they are parsed. Comparisons are apart."""
_SIGNS: Final = {"=": "==", "div": "/", "mod": "%", "and": "and", "or": "or"}
"""What Python writes for signs and words of a form."""
_TYPED: Final = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xA0: " "}
"""Quotes and spaces as typed on a keyboard, by those that word processors put in their place."""
_TOKENS: Final = re.compile(
    r"""\$\{(?P<name>[^}]+)\}"""
    r"""|(?P<path>(?:\.\.)?(?:/[A-Za-z_][\w-]*)+(?![\w(]))"""
    r"""|(?P<text>'[^']*'|"[^"]*")"""
    r"""|(?P<number>\d+(?:\.\d+)?|\.\d+)"""
    r"""|(?P<word>[A-Za-z_][\w.-]*(?::[A-Za-z_][\w-]*)?)(?P<call>\s*\()?"""
    r"""|(?P<sign>==|[<>!]=|[=<>+*(),-])"""
    r"""|(?P<self>\.\.?)"""
    r"""|\s+"""
)


@lru_cache(maxsize=4096)
def parse_xpath(text: str) -> Expression:
    """Parse an expression. Raises UnsupportedError if it isn't one, or uses paths.

    It is rewritten as Python, whose operators have the same order of precedence. Names become
    `_0`, `_1` and so on, because those of a form may be no names in Python.
    """
    rest = text.translate(_TYPED)
    names: list[str] = []
    code = ""
    while rest:
        token = _TOKENS.match(rest)
        if token is None:
            raise UnsupportedError(f"{rest.split()[0]!r} is not understood")
        rest = rest[token.end() :]

        name = _read_name(token)
        if token["text"] is not None:
            code += f" {token['text'][1:-1]!r} "
        elif token["word"] == "null" and not token["call"]:
            code += " '' "
        elif name:
            code += f" _{len(names)} {token['call'] or ''}"
            names.append(name)
        else:
            code += _SIGNS.get(token[0].strip(), token[0])

    try:
        return _convert(ast.parse(code.strip(), mode="eval").body, names)
    except (SyntaxError, ValueError):
        raise UnsupportedError(
            "the expression is incomplete, or its brackets do not match"
        ) from None


def _read_name(token: re.Match[str]) -> str:
    """Return the name that a token is, or the function that it calls; empty for all others."""
    word = token["word"]
    if token["name"]:
        return token["name"].strip()
    if token["path"]:
        _, _, name = token["path"].rpartition("/")
        return name
    if token["self"]:
        return token["self"]
    if not word or word in _SIGNS:
        return ""
    if token["call"]:
        return word
    return f"@{word}"


def _convert(node: ast.AST, names: list[str]) -> Expression:
    """Return the tree of a node, with the names that `_0`, `_1` and so on stand for."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return Literal(float(number))
        case ast.Constant(value=str(text)):
            return Literal(text)
        case ast.Name(id=name):
            return Reference(names[int(name[1:])])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            match _convert(operand, names):
                case Literal(float() as number):
                    return Literal(-number)
                case inner:
                    return XPathCall("-", (Literal(0.0), inner))
        case ast.BoolOp(op=op, values=values):
            arguments = tuple(_convert(value, names) for value in values)
            return XPathCall(_OPERATORS[type(op)], arguments)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            pair = (_convert(left, names), _convert(right, names))
            return XPathCall(_OPERATORS[type(op)], pair)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISON_SIGNS:
            pair = (_convert(left, names), _convert(right, names))
            return XPathCall(COMPARISON_SIGNS[type(op)], pair)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            function = names[int(name[1:])].lower()
            call = XPathCall(function, tuple(_convert(argument, names) for argument in arguments))
            if call == XPathCall("position", (Reference(".."),)):
                return INDEX
            return call
        case _:
            raise UnsupportedError("this expression is not understood")


def list_parts(tree: Expression, operator: str = "and") -> list[Expression]:
    """Return the parts that an operator joins."""
    if isinstance(tree, XPathCall) and tree.name == operator:
        return [part for argument in tree.arguments for part in list_parts(argument, operator)]
    return [tree]


def join_parts(parts: list[Expression], operator: str = "and") -> Expression:
    """Join parts by an operator; no part is true."""
    if not parts:
        return TRUE
    if len(parts) == 1:
        return parts[0]
    return XPathCall(operator, tuple(parts))


def replace_parts(tree: Expression, values: Mapping[Expression, Expression]) -> Expression:
    """Return the tree with some of its parts replaced."""
    if tree in values:
        return values[tree]
    if not isinstance(tree, XPathCall):
        return tree
    arguments = tuple(replace_parts(argument, values) for argument in tree.arguments)
    return XPathCall(tree.name, arguments)


def iterate_parts(tree: Expression) -> Iterator[Expression]:
    """Yield the tree and everything in it."""
    yield tree
    if isinstance(tree, XPathCall):
        for argument in tree.arguments:
            yield from iterate_parts(argument)


def find_references(tree: Expression) -> set[str]:
    """Return the names that the tree refers to."""
    return {part.name for part in iterate_parts(tree) if isinstance(part, Reference)}
