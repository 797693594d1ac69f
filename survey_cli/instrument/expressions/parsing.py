"""Expression parser: from text to a syntax tree, or to a parse failure with its position and remedy.

It knows no names and evaluates nothing.
"""

import ast
import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from keyword import iskeyword
from typing import Final, NamedTuple

from survey_cli.instrument.source.foreign_words import list_synonyms

MAX_LENGTH: Final = 2_000
"""Maximum number of characters in one condition."""
MAX_PARTS: Final = 400
MAX_DEPTH: Final = 50
"""Maximum nesting of brackets, operators and calls."""


def shorten(source: str) -> str:
    """Shorten a part of a condition for a message: a long one loses its middle."""
    return source if len(source) <= 60 else f"{source[:40]} … {source[-15:]}"


class ParseFailure(NamedTuple):
    """Why a text is not an expression: the mistake at `offset`, `length` characters long."""

    rule: str
    offset: int
    length: int
    what: str
    remedy: str


class ParsedExpression(NamedTuple):
    """An expression and the text its positions refer to."""

    tree: ast.expr
    text: str
    leading_blanks: int
    """Number of blanks before the expression."""

    def locate(self, node: ast.expr) -> tuple[int, int]:
        """Return where a node begins in the text as written, and its length, both in characters."""
        start, end = node.col_offset, node.end_col_offset or 0
        if not self.text.isascii():  # ast counts UTF-8 bytes
            line = self.text[self.leading_blanks :].encode()
            start, end = len(line[:start].decode()), len(line[:end].decode())
        return start + self.leading_blanks, end - start

    def get_source(self, node: ast.expr) -> str:
        """Return the text of a node as written."""
        start, length = self.locate(node)
        return self.text[start : start + length]

    def is_bracketed(self, node: ast.expr) -> bool:
        """Return whether a node has round brackets of its own."""
        start, length = self.locate(node)
        return self.text[:start].rstrip().endswith("(") and self.text[
            start + length :
        ].lstrip().startswith(")")


TOO_LARGE: Final = ParseFailure(
    "condition-too-large",
    *(
        0,
        1,
        f"this condition has more than {MAX_PARTS} parts, or is nested more than {MAX_DEPTH} levels deep",
    ),
    "move parts of it to compute:, or write a list (q1 in [1, 2, 3]) or sum(…)",
)
_LINE_BREAKS_TO_BLANKS: Final = str.maketrans("\n\r\t\f\v", "     ")
_SUSPICIOUS: Final = re.compile(
    r"[^\x20-\x7e]|[#\\`$?@^&|~;{}]|(?<!\w)\.?\d[\d.]*[A-Za-z_]|\d[-/]\d\d?[-/]\d"
)
"""Whatever Python's own parser would interpret differently, warn about, or explain badly."""
_TOKENS: Final = re.compile(
    r"""(?P<text>'[^']*'|"[^"]*")"""
    r"""|(?P<open>['"])"""
    r"""|(?P<date>\d{4}-\d\d?-\d\d?(?!\w)|\d\d?(?P<between>[./])\d\d?(?P=between)\d{2,4}(?!\w))"""
    r"""|(?P<number>\.?\d[\w.]*)"""
    r"""|(?P<name>[^\W\d]\w*)"""
    r"""|(?P<sign><=>|===|!==|&&|\|\||<>|=>|=<|=!|[<>=!]=|:=|\*\*|//|<<|>>|[^\w ])"""
)
_TYPOGRAPHIC_QUOTES: Final = dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟″«»", '"')
_EXAMPLE: Final = "a condition is written like q1 == 1 and q2 in [3, 4]"
_KEYWORDS: Final = frozenset({"and", "or", "not", "in", "if", "else"})
_CLOSING_BRACKETS: Final = {"(": ")", "[": "]"}


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> ParsedExpression | ParseFailure:
    """Parse `text` as an expression. Line breaks count as blanks."""
    if len(text) > MAX_LENGTH:
        what = f"this condition has {len(text):,} characters; {MAX_LENGTH:,} is the maximum"
        return ParseFailure("condition-too-large", 0, 1, what, "move parts of it to compute:")
    suspicious = _SUSPICIOUS.search(text)
    flat = text.translate(_LINE_BREAKS_TO_BLANKS) if suspicious else str(text)
    body = flat.strip(" ")
    if not body:
        remedy = f"write one, or leave the key out; {_EXAMPLE}"
        return ParseFailure("empty-condition", 0, 1, "the condition is empty", remedy)
    if suspicious and (failure := _find_foreign_text(flat)):
        return failure
    try:
        tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        return _find_foreign_text(flat, error) or _locate_syntax_error(flat, error)
    except (RecursionError, MemoryError):
        return TOO_LARGE
    except ValueError:
        return ParseFailure("condition-syntax", 0, 1, "this is not a condition", _EXAMPLE)
    return ParsedExpression(tree, flat, 0 if flat is body else len(flat) - len(flat.lstrip(" ")))


def validate_number(text: str) -> tuple[str, str] | None:
    """Return what is wrong with the notation of a number, and the remedy; None if it is valid."""
    if re.fullmatch(r"(0|[1-9][0-9]*)?(\.[0-9]+)?", text) and text:
        return None
    text = shorten(text)
    if re.fullmatch(r"0[0-9.]*", text):
        digits = text.lstrip("0")
        number = digits if digits and digits[0].isdigit() else "0" + digits.rstrip(".")
        return (
            f"{text} begins with a zero",
            f"write {number}, or {text!r} in quotes if codes are texts",
        )
    if run_together := re.fullmatch(r"([0-9][0-9.]*)(and|or|if|else|in)", text):
        return (
            f"{text} runs into the word after it",
            f"leave a blank: {run_together[1]} {run_together[2]}",
        )
    return f"{text} is not an ordinary number", "write digits, with a point for decimals: 1000, 0.5"


def _find_foreign_text(flat: str, error: SyntaxError | None = None) -> ParseFailure | None:
    """Find the first piece of text that can't be part of a condition.

    Without `error` only what is wrong everywhere is found; with the `error` of Python's parser, also its likely cause.
    """
    if "\\" in flat:
        return ParseFailure("condition-syntax", flat.index("\\"), 1, *list_synonyms("signs")["\\"])
    tokens = list(_TOKENS.finditer(flat))
    for token in tokens:
        is_checked = error is not None and token.lastgroup == "name"
        if mistake := _find_sign_mistake(token) or (
            _find_word_mistake(token[0]) if is_checked else None
        ):
            return _make_failure(token, *mistake)
    if error is None:
        return None
    return (
        _find_unmatched_bracket(tokens)
        or _find_missing_operator(tokens)
        or _find_missing_operand(tokens)
    )


def _make_failure(token: re.Match[str], what: str, remedy: str) -> ParseFailure:
    return ParseFailure("condition-syntax", token.start(), len(token[0]), what, remedy)


def _find_sign_mistake(token: re.Match[str]) -> tuple[str, str] | None:
    word = token[0]
    match token.lastgroup:
        case "text":
            return None
        case "open":
            return f"this {word} starts a text that is never closed", f"write {word} at its end"
        case "date":
            example = word if re.fullmatch(r"\d{4}-\d\d-\d\d", word) else "2024-01-05"
            return (
                f"{word} is a date without quotes",
                f"write year-month-day in quotes: '{example}'",
            )
        case "number":
            return validate_number(word)
        case "name" if not word.isascii():
            what = f"{shorten(word)!r} contains letters that names can't have: names consist of a to z, digits and _"
            return what, "write the name exactly as the item's id, or put a text in quotes"
    if word in _TYPOGRAPHIC_QUOTES:
        return (
            f"{word} is a typographic quote",
            f"write a straight one: {_TYPOGRAPHIC_QUOTES[word]}",
        )
    if word in list_synonyms("signs"):
        return list_synonyms("signs")[word]
    if not word.isascii() or not word.isprintable():
        name = unicodedata.name(word, "a control character").lower()
        return f"there is an invalid character (U+{ord(word):04X}, {name})", "remove it"
    return None


def _find_word_mistake(word: str) -> tuple[str, str] | None:
    lower = word.lower()
    if lower in list_synonyms("words"):
        return list_synonyms("words")[lower]
    if lower != word and lower in _KEYWORDS:
        return f"{word} is written in capitals", f"write {lower}"
    if iskeyword(word) and word not in _KEYWORDS:
        return (
            f"{word!r} can't be used in a condition",
            "write the item's id, or put a text in quotes",
        )
    return None


def _find_unmatched_bracket(tokens: list[re.Match[str]]) -> ParseFailure | None:
    """Find the first bracket without its counterpart."""
    open_brackets: list[re.Match[str]] = []
    for token in tokens:
        sign = token[0]
        if sign in _CLOSING_BRACKETS:
            open_brackets.append(token)
        elif sign in (")", "]"):
            if not open_brackets:
                return _make_failure(token, f"this {sign} has no opening bracket", "remove it")
            opening = open_brackets.pop()[0]
            if _CLOSING_BRACKETS[opening] != sign:
                what = f"a {opening} is closed here by {sign}"
                return _make_failure(token, what, f"write {_CLOSING_BRACKETS[opening]}")
    if len(open_brackets) >= 50:
        return TOO_LARGE._replace(offset=open_brackets[0].start())
    if open_brackets:
        token = open_brackets[-1]
        remedy = f"write {_CLOSING_BRACKETS[token[0]]} where it ends"
        return _make_failure(token, f"this {token[0]} is never closed", remedy)
    return None


def _is_operand(token: re.Match[str]) -> bool:
    return token.lastgroup in ("text", "number") or (
        token.lastgroup == "name" and token[0] not in _KEYWORDS
    )


def _find_missing_operator(tokens: list[re.Match[str]]) -> ParseFailure | None:
    """Find two values side by side with nothing between them."""
    for left, right in pairwise(tokens):
        if _is_operand(right) and (_is_operand(left) or left[0] in (")", "]")):
            what = f"there is nothing between {shorten(left[0])} and {shorten(right[0])}"
            return _make_failure(
                right, what, "write and, or, an operator or (in a list) a comma between them"
            )
    return None


def _find_missing_operand(tokens: list[re.Match[str]]) -> ParseFailure | None:
    """Find an operator without its operand, or an `if` without its `else`."""
    words = [token[0] for token in tokens]
    if "if" in words and "else" not in words:
        return _make_failure(
            tokens[words.index("if")], "this if has no else", "write 'a if condition else b'"
        )
    first, last = tokens[0], tokens[-1]
    if not _is_operand(last) and last[0] not in (")", "]"):
        remedy = f"write what follows, or remove it; {_EXAMPLE}"
        return _make_failure(last, f"something is missing after {last[0]}", remedy)
    if not _is_operand(first) and first[0] not in ("(", "[", "not", "-", "+"):
        remedy = f"write what comes first, or remove it; {_EXAMPLE}"
        return _make_failure(first, f"something is missing before {first[0]}", remedy)
    return None


def _locate_syntax_error(flat: str, error: SyntaxError) -> ParseFailure:
    """Report the position at which Python's parser gave up."""
    lead = len(flat) - len(flat.lstrip(" "))
    at = min(lead + max((error.offset or 1) - 1, 0), len(flat) - 1)
    token = _TOKENS.match(flat, at)
    word = shorten(token[0]) if token else flat[at]
    return ParseFailure("condition-syntax", at, len(word), f"{word!r} does not fit here", _EXAMPLE)


def find_names(text: str) -> frozenset[str]:
    """Find every name in a text, except functions and keywords; any text is accepted."""
    tokens = [token for token in _TOKENS.finditer(text[:MAX_LENGTH]) if token.lastgroup == "name"]
    called = [token for token in tokens if text[token.end() :].lstrip().startswith("(")]
    return frozenset(
        token[0] for token in tokens if not iskeyword(token[0]) and token not in called
    )
