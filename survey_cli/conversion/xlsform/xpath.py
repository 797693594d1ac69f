"""Parser of the expressions of XLSForm (XPath with `${name}`): from text to a tree."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from survey_cli.conversion.model.expressions import UnsupportedError
from survey_cli.conversion.model.formula_limits import check_formula_size
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS


@dataclass(frozen=True, slots=True)
class XPathLiteral:
    """A number or a text."""

    value: float | str


@dataclass(frozen=True, slots=True)
class XPathName:
    """`${name}`; `.` for the question's own value; `@name` for a column of choices."""

    name: str


@dataclass(frozen=True, slots=True)
class XPathCall:
    """A function or an operator (`and`, `or`, `==`, `<`, `+`, `div`, …) with its arguments."""

    name: str
    arguments: tuple["XPathTree", ...]


XPathTree: TypeAlias = XPathLiteral | XPathName | XPathCall

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
def parse_xpath(text: str) -> XPathTree:
    """Parse an expression. Raises UnsupportedError if it isn't one, or uses paths.

    It is rewritten as Python, whose operators have the same order of precedence. Names become
    `_0`, `_1` and so on, because those of a form may be no names in Python.
    """
    check_formula_size(text)
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


def _convert(node: ast.AST, names: list[str]) -> XPathTree:
    """Return the tree of a node, with the names that `_0`, `_1` and so on stand for."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return XPathLiteral(float(number))
        case ast.Constant(value=str(text)):
            return XPathLiteral(text)
        case ast.Name(id=name):
            return XPathName(names[int(name[1:])])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            match _convert(operand, names):
                case XPathLiteral(float() as number):
                    return XPathLiteral(-number)
                case inner:
                    return XPathCall("-", (XPathLiteral(0.0), inner))
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
            return XPathCall(function, tuple(_convert(argument, names) for argument in arguments))
        case _:
            raise UnsupportedError("this expression is not understood")
