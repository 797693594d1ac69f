"""Parser of the expressions of XLSForm (XPath with `${name}`): from text to a tree."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias


class UnsupportedError(Exception):
    """Why an expression can't be carried over, in words for the report."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a text; the text '' stands for no value."""

    value: float | str


@dataclass(frozen=True, slots=True)
class Reference:
    """`${name}`; `.` for the value of the question itself; `@name` for a name alone, a column of choices."""

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
_PYTHON: Final = (
    "And:and Or:or Eq:== NotEq:!= Lt:< LtE:<= Gt:> GtE:>= Add:+ Sub:- Mult:* Div:div Mod:mod"
)
_OPERATORS: Final[dict[str, str]] = dict(re.findall(r"(\w+):(\S+)", _PYTHON))
"""By the names of the nodes of Python."""
_SIGNS: Final = {"=": "==", "div": "/", "mod": "%", "and": "and", "or": "or"}
_TOKENS: Final = re.compile(
    r"""\$\{(?P<name>[^}]+)\}|(?P<path>(?:\.\.)?(?:/[A-Za-z_][\w-]*)+(?![\w(]))|(?P<text>'[^']*'|"[^"]*")"""
    r"""|(?P<number>\d+(?:\.\d+)?|\.\d+)|(?P<word>[A-Za-z_][\w.-]*(?::[A-Za-z_][\w-]*)?)(?P<call>\s*\()?"""
    r"""|(?P<sign>==|[<>!]=|[=<>+*(),-])|(?P<self>\.\.?)|\s+"""
)


@lru_cache(maxsize=4096)
def parse_xpath(text: str) -> Expression:
    """Parse an expression. Raises UnsupportedError where it is not one, or uses paths.

    It is rewritten with the signs of Python, whose operators have the same order of precedence, and numbers for names.
    """
    text = text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xA0: " "})
    names: list[str] = []
    code = ""
    while text:
        token = _TOKENS.match(text)
        if token is None:
            raise UnsupportedError(f"{text.split()[0]!r} is not understood")
        text, word = text[token.end() :], token["word"]
        if token["text"] is not None:
            code += f" {token['text'][1:-1]!r} "
        elif word == "null" and not token["call"]:
            code += " '' "
        elif (
            name := token["name"]
            or token["path"]
            or token["self"]
            or (word and word not in _SIGNS and (word if token["call"] else f"@{word}"))
        ):
            code += f" _{len(names)} {token['call'] or ''}"
            names.append(name.strip() if not token["path"] else name.rpartition("/")[2])
        else:
            code += _SIGNS.get(token[0].strip(), token[0])
    try:
        return _convert(ast.parse(code.strip(), mode="eval").body, names)
    except (SyntaxError, ValueError):
        raise UnsupportedError(
            "the expression is incomplete, or its brackets do not match"
        ) from None


def _convert(node: ast.AST, names: list[str]) -> Expression:
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
            return XPathCall(
                _OPERATORS[type(op).__name__], tuple(_convert(value, names) for value in values)
            )
        case (
            ast.BinOp(left=left, op=op, right=right)
            | ast.Compare(left=left, ops=[op], comparators=[right])
        ):
            return XPathCall(
                _OPERATORS[type(op).__name__], (_convert(left, names), _convert(right, names))
            )
        case ast.Call(func=ast.Name(id=name), args=arguments):
            call = XPathCall(
                names[int(name[1:])].lower(),
                tuple(_convert(argument, names) for argument in arguments),
            )
            return INDEX if call == XPathCall("position", (Reference(".."),)) else call
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
    return parts[0] if len(parts) == 1 else XPathCall(operator, tuple(parts))


def replace_parts(tree: Expression, values: Mapping[Expression, Expression]) -> Expression:
    """Return the tree with some of its parts replaced."""
    if tree in values or not isinstance(tree, XPathCall):
        return values.get(tree, tree)
    return XPathCall(
        tree.name, tuple(replace_parts(argument, values) for argument in tree.arguments)
    )


def iterate_parts(tree: Expression) -> Iterator[Expression]:
    """Yield the tree and everything in it."""
    yield tree
    for argument in tree.arguments if isinstance(tree, XPathCall) else ():
        yield from iterate_parts(argument)


def find_references(tree: Expression) -> set[str]:
    """Return the names that the tree refers to."""
    return {part.name for part in iterate_parts(tree) if isinstance(part, Reference)}
