"""Parser of ExpressionScript, LimeSurvey's language of conditions: from text to a tree.

From the weakest operator to the strongest: `or`, `and`, `==` and `!=`, `<` and the others, `+` and
`-`, `*` and `/`, then `!` and signs.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from survey_cli.conversion.model.expressions import UnsupportedError
from survey_cli.conversion.model.formula_limits import MOST_SIGNS, check_formula_size


@dataclass(frozen=True, slots=True)
class ScriptConstant:
    """A number or a text as it is written; in quotes it is a text even if it has only digits."""

    value: str
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class ScriptName:
    """A variable with its attribute: `age.NAOK`, `12X3X45SQ1`, `TOKEN:FIRSTNAME`."""

    name: str
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """A function, or an operator such as `and`, `==`, `!`, with its arguments."""

    name: str
    arguments: tuple["ScriptTree", ...]


ScriptTree: TypeAlias = ScriptConstant | ScriptName | ScriptCall

ATTRIBUTES: Final = (
    "NAOK",
    "shown",
    "value",
    "valueNAOK",
    "code",
    "relevanceStatus",
    "question",
    "mandatory",
    "type",
    "qid",
    "sgqa",
    "gid",
    "grelevance",
    "gseq",
    "qseq",
    "jsName",
    "relevance",
    "rowdivid",
    "scale_id",
)
"""What can follow the name of a variable after a dot."""

_WORD_SIGNS: Final = {
    "and": "and",
    "or": "or",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}
_SIGNS: Final = {"&&": "and", "||": "or"}
_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
        |(?P<field>(?:INSERTANS:)?\d+X\d+X\d+\w*(?:\#[01])?(?:\.\w+)*)
        |(?P<number>\d+(?:\.\d+)?|\.\d+)
        |(?P<word>(?:TOKEN:)?[A-Za-z]\w*(?:\.\w+)*)
        |(?P<sign>&&|\|\||==|!=|<=|>=|\+=|-=|\*=|/=|[<>!=+*/(),-])
    )""",
    re.VERBOSE,
)
_TYPED: Final = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xA0: " "}
"""Quotes and spaces as typed on a keyboard, by those that word processors put in their place."""
_LEVELS: Final = (("or",), ("and",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
"""Operators with two arguments, from the weakest to the strongest."""


class _Token(NamedTuple):
    kind: str
    text: str


def parse_script(text: str) -> ScriptTree:
    """Parse an expression. Raises UnsupportedError if it isn't one."""
    check_formula_size(text)
    return _ScriptParser(_split_tokens(text)).parse()


def _split_tokens(text: str) -> list[_Token]:
    rest = text.translate(_TYPED).strip()
    tokens: list[_Token] = []
    while rest:
        match = _TOKEN.match(rest)
        if match is None or match.lastgroup is None:
            raise UnsupportedError(f"{rest.split()[0]!r} is not understood")
        kind = match.lastgroup
        written = match[kind]
        if kind == "word" and written.lower() in _WORD_SIGNS:
            kind = "sign"
            written = _WORD_SIGNS[written.lower()]
        tokens.append(_Token(kind, _SIGNS.get(written, written)))
        rest = rest[match.end() :].strip()
    return tokens


class _ScriptParser:
    """Parses one expression by recursive descent."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0

    def parse(self) -> ScriptTree:
        tree = self._parse_level(0)
        if self._position < len(self._tokens):
            if self._tokens[self._position].text in ("=", "+=", "-=", "*=", "/="):
                raise UnsupportedError("it assigns a value (== compares)")
            raise UnsupportedError(self._describe_unexpected())
        return tree

    def _describe_unexpected(self) -> str:
        """Return what can't follow here: in `a == 1 xor b == 1` the word xor."""
        token = self._tokens[self._position]
        before = self._tokens[self._position - 1]
        return f"{token.text!r} can't follow {before.text!r} in LimeSurvey"

    def _take(self) -> _Token:
        if self._position >= len(self._tokens):
            raise UnsupportedError("the expression is incomplete, or its brackets do not match")
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _take_if(self, *signs: str) -> str:
        """Take the next token if it is one of these signs; otherwise return nothing."""
        if self._position >= len(self._tokens):
            return ""
        token = self._tokens[self._position]
        if token.kind != "sign" or token.text not in signs:
            return ""
        self._position += 1
        return token.text

    def _expect(self, sign: str) -> None:
        if not self._take_if(sign):
            raise UnsupportedError("the expression is incomplete, or its brackets do not match")

    def _parse_level(self, level: int) -> ScriptTree:
        if level == len(_LEVELS):
            return self._parse_unary()
        left = self._parse_level(level + 1)
        joined = 0
        while sign := self._take_if(*_LEVELS[level]):
            joined += 1
            # `a or b or c` is a tree as deep as it has signs, as for `+`.
            if joined > MOST_SIGNS:
                raise UnsupportedError(f"it joins more than {MOST_SIGNS} parts")
            left = ScriptCall(sign, (left, self._parse_level(level + 1)))
        return left

    def _parse_unary(self) -> ScriptTree:
        sign = self._take_if("!", "-", "+")
        if not sign:
            return self._parse_primary()

        tree = self._parse_unary()
        if sign == "+":
            return tree
        if sign == "-" and isinstance(tree, ScriptConstant) and not tree.is_quoted:
            return ScriptConstant(f"-{tree.value}", is_quoted=False)
        return ScriptCall(sign, (tree,))

    def _parse_primary(self) -> ScriptTree:
        if self._take_if("("):
            tree = self._parse_level(0)
            self._expect(")")
            return tree

        token = self._take()
        match token.kind:
            case "number":
                return ScriptConstant(token.text, is_quoted=False)
            case "text":
                # Other backslashes belong to regular expressions.
                unescaped = re.sub(r"\\(['\"])", r"\1", token.text[1:-1])
                return ScriptConstant(unescaped, is_quoted=True)
            case "field" | "word":
                if token.kind == "word" and self._take_if("("):
                    return self._parse_call(token.text)
                return _read_name(token.text)
        raise UnsupportedError("the expression is incomplete, or its brackets do not match")

    def _parse_call(self, name: str) -> ScriptCall:
        arguments: list[ScriptTree] = []
        while not self._take_if(")"):
            arguments.append(self._parse_level(0))
            if not self._take_if(","):
                self._expect(")")
                break
        return ScriptCall(name.lower(), tuple(arguments))


def _read_name(text: str) -> ScriptName:
    name, _, attribute = text.rpartition(".")
    if name and attribute in ATTRIBUTES:
        return ScriptName(name.removeprefix("INSERTANS:"), attribute)
    if text.startswith("INSERTANS:"):
        return ScriptName(text.removeprefix("INSERTANS:"), "shown")
    return ScriptName(text)


# ── expressions in texts ──────────────────────────────────────────────────────────────────────────

_IN_BRACES: Final = re.compile(
    r"""\{(?=\S)((?:"[^"]*"|'[^']*'|[^{}"']|(?<=\w)['"](?=\w))*)(?<=\S)\}"""
)
"""An expression in braces. With a blank inside the braces it is text, such as a script."""


def split_text(text: str) -> list[tuple[str, bool]]:
    """Return the parts of a text, each with whether it is an expression."""
    parts: list[tuple[str, bool]] = []
    end = 0
    for match in _IN_BRACES.finditer(text):
        if match.start() > end:
            parts.append((text[end : match.start()], False))
        parts.append((match[1], True))
        end = match.end()
    if end < len(text):
        parts.append((text[end:], False))
    return parts
