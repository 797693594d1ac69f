"""Expression parser: from text to a syntax tree, or to a failure with its position and remedy.

It knows no names and evaluates nothing.
"""

import ast
import re
import unicodedata
from copy import deepcopy
from functools import lru_cache
from itertools import pairwise
from keyword import iskeyword
from typing import Final, NamedTuple

from survey_cli.instrument.source.foreign_words import list_synonyms

MAX_LENGTH: Final = 2_000
"""Maximum number of characters in one condition."""
MAX_PARTS: Final = 400
"""Maximum number of names, constants, operators and calls in one condition."""
MAX_DEPTH: Final = 50
"""Maximum nesting of brackets, operators and calls."""


def shorten(source: str) -> str:
    """Shorten a part of a condition for a message: a long one loses its middle."""
    if len(source) <= 60:
        return source
    return f"{source[:40]} … {source[-15:]}"


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
        start = node.col_offset
        end = node.end_col_offset or 0
        if not self.text.isascii():
            # ast counts the bytes of UTF-8
            encoded = self.text[self.leading_blanks :].encode()
            start = len(encoded[:start].decode())
            end = len(encoded[:end].decode())
        return start + self.leading_blanks, end - start

    def get_source(self, node: ast.expr) -> str:
        """Return the text of a node as written."""
        start, length = self.locate(node)
        return self.text[start : start + length]

    def is_bracketed(self, node: ast.expr) -> bool:
        """Return whether a node has round brackets of its own."""
        start, length = self.locate(node)
        before = self.text[:start].rstrip()
        after = self.text[start + length :].lstrip()
        return before.endswith("(") and after.startswith(")")


class StrictChoice(ast.IfExp):
    """`a if test else b` that has no value if the test is unknown.

    An ordinary `ast.IfExp` then has the value `b`.
    """


class _StrictChoiceWriter(ast.NodeTransformer):
    """Replaces strict choices by calls, which look different from ordinary choices."""

    def visit_StrictChoice(self, node: StrictChoice) -> ast.Call:
        self.generic_visit(node)
        name = ast.Name("choose_if_known", ast.Load())
        return ast.Call(name, [node.test, node.body, node.orelse], [])


def write_expression(tree: ast.expr) -> str:
    """Write an expression in one form: trees that mean the same are equal as texts.

    `ast.unparse` leaves out what it doesn't know, as most of a strict choice.
    """
    if any(isinstance(node, StrictChoice) for node in ast.walk(tree)):
        tree = _StrictChoiceWriter().visit(deepcopy(tree))
    return ast.unparse(tree)


TOO_LARGE: Final = ParseFailure(
    rule="condition-too-large",
    offset=0,
    length=1,
    what=(
        f"this condition has more than {MAX_PARTS} parts,"
        f" or is nested more than {MAX_DEPTH} levels deep"
    ),
    remedy="move parts of it to compute:, or write a list (q1 in [1, 2, 3]) or sum(…)",
)
_LINE_BREAKS_TO_BLANKS: Final = str.maketrans("\n\r\t\f\v", "     ")
_SUSPICIOUS: Final = re.compile(
    r"[^\x20-\x7e]|[#\\`$?@^&|~;{}]|(?<!\w)\.?\d[\d.]*[A-Za-z_]|\d[-/]\d\d?[-/]\d"
)
"""What Python's own parser would interpret differently, warn about, or explain badly.

These are signs of its own, letters after a number (`0x10`, `1and`), and dates without quotes.
"""
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
    return _parse(text)


@lru_cache(maxsize=1024)
def parse_strictly(text: str) -> ParsedExpression | ParseFailure:
    """Parse `text` as an expression in which each choice is a `StrictChoice`."""
    parsed = _parse(text)
    if isinstance(parsed, ParsedExpression):
        # in place, since a copy is made by recursion, and this may be nested too deeply for it
        for node in ast.walk(parsed.tree):
            if isinstance(node, ast.IfExp):
                node.__class__ = StrictChoice
    return parsed


@lru_cache(maxsize=1024)
def parse_made(text: str) -> ParsedExpression | ParseFailure:
    """Parse an expression that the program has made, however long it is."""
    return _parse(text, is_limited=False)


def _parse(text: str, *, is_limited: bool = True) -> ParsedExpression | ParseFailure:
    if is_limited and len(text) > MAX_LENGTH:
        what = f"this condition has {len(text):,} characters; {MAX_LENGTH:,} is the maximum"
        return ParseFailure("condition-too-large", 0, 1, what, "move parts of it to compute:")

    # one search tells of most conditions that they have neither line breaks nor foreign signs
    is_suspicious = _SUSPICIOUS.search(text) is not None
    flat = str(text)
    if is_suspicious:
        flat = text.translate(_LINE_BREAKS_TO_BLANKS)

    without_lead = flat.lstrip(" ")
    body = without_lead.rstrip(" ")
    if not body:
        remedy = f"write one, or leave the key out; {_EXAMPLE}"
        return ParseFailure("empty-condition", 0, 1, "the condition is empty", remedy)

    if is_suspicious:
        failure = _find_foreign_text(flat)
        if failure is not None:
            return failure

    try:
        tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        return _explain_syntax_error(flat, error)
    except (RecursionError, MemoryError):
        return TOO_LARGE
    except ValueError:
        return ParseFailure("condition-syntax", 0, 1, "this is not a condition", _EXAMPLE)
    return ParsedExpression(tree, flat, leading_blanks=len(flat) - len(without_lead))


def validate_number(text: str) -> tuple[str, str] | None:
    """Return what is wrong with the notation of a number, and the remedy; None if it is valid."""
    if text and re.fullmatch(r"(0|[1-9][0-9]*)?(\.[0-9]+)?", text):
        return None

    text = shorten(text)
    if re.fullmatch(r"0[0-9.]*", text):
        number = text.lstrip("0")
        if not number or not number[0].isdigit():  # 00, or 00.5
            number = "0" + number.rstrip(".")
        remedy = f"write {number}, or {text!r} in quotes if codes are texts"
        return f"{text} begins with a zero", remedy

    run_together = re.fullmatch(r"([0-9][0-9.]*)(and|or|if|else|in)", text)
    if run_together is not None:
        number, word = run_together.groups()
        return f"{text} runs into the word after it", f"leave a blank: {number} {word}"

    return f"{text} is not an ordinary number", "write digits, with a point for decimals: 1000, 0.5"


def _find_foreign_text(flat: str, *, with_words: bool = False) -> ParseFailure | None:
    """Find the first piece of text that can't be part of any condition.

    Words are left out at first, since an item may have such a name: `then`, for example.
    """
    if "\\" in flat:
        return ParseFailure("condition-syntax", flat.index("\\"), 1, *list_synonyms("signs")["\\"])

    for token in _TOKENS.finditer(flat):
        mistake = _find_sign_mistake(token)
        if mistake is None and with_words and token.lastgroup == "name":
            mistake = _find_word_mistake(token[0])
        if mistake is not None:
            return _make_failure(token, *mistake)
    return None


def _explain_syntax_error(flat: str, error: SyntaxError) -> ParseFailure:
    """Find the likely cause of an error of Python's parser."""
    tokens = list(_TOKENS.finditer(flat))
    return (
        _find_foreign_text(flat, with_words=True)
        or _find_unmatched_bracket(tokens)
        or _find_missing_operator(tokens)
        or _find_missing_operand(tokens)
        or _locate_syntax_error(flat, error)
    )


def _make_failure(token: re.Match[str], what: str, remedy: str) -> ParseFailure:
    return ParseFailure("condition-syntax", token.start(), len(token[0]), what, remedy)


def _find_sign_mistake(token: re.Match[str]) -> tuple[str, str] | None:
    """Return what is wrong with a token by itself, and the remedy; None if nothing is."""
    word = token[0]
    match token.lastgroup:
        case "text":
            return None
        case "open":
            return f"this {word} starts a text that is never closed", f"write {word} at its end"
        case "date":
            example = "2024-01-05"
            if re.fullmatch(r"\d{4}-\d\d-\d\d", word):
                example = word
            remedy = f"write year-month-day in quotes: '{example}'"
            return f"{word} is a date without quotes", remedy
        case "number":
            return validate_number(word)
        case "name":
            if word.isascii():
                return None
            what = (
                f"{shorten(word)!r} contains letters that names can't have:"
                " names consist of a to z, digits and _"
            )
            return what, "write the name exactly as the item's id, or put a text in quotes"
        case _:
            return _find_foreign_sign(word)


def _find_foreign_sign(sign: str) -> tuple[str, str] | None:
    if sign in _TYPOGRAPHIC_QUOTES:
        remedy = f"write a straight one: {_TYPOGRAPHIC_QUOTES[sign]}"
        return f"{sign} is a typographic quote", remedy

    synonyms = list_synonyms("signs")
    if sign in synonyms:
        return synonyms[sign]

    if not sign.isascii() or not sign.isprintable():
        name = unicodedata.name(sign, "a control character").lower()
        return f"there is an invalid character (U+{ord(sign):04X}, {name})", "remove it"
    return None


def _find_word_mistake(word: str) -> tuple[str, str] | None:
    """Return what is wrong with a word that is no name, and the remedy; None if nothing is."""
    lower = word.lower()
    synonyms = list_synonyms("words")
    if lower in synonyms:
        return synonyms[lower]

    if lower != word and lower in _KEYWORDS:
        return f"{word} is written in capitals", f"write {lower}"

    if iskeyword(word) and word not in _KEYWORDS:
        what = f"{word!r} can't be used in a condition"
        return what, "write the item's id, or put a text in quotes"
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
            expected = _CLOSING_BRACKETS[opening]
            if sign != expected:
                what = f"a {opening} is closed here by {sign}"
                return _make_failure(token, what, f"write {expected}")

    if not open_brackets:
        return None
    # even with all their ends it would be nested too deeply
    if len(open_brackets) >= MAX_DEPTH:
        return TOO_LARGE._replace(offset=open_brackets[0].start())
    innermost = open_brackets[-1]
    remedy = f"write {_CLOSING_BRACKETS[innermost[0]]} where it ends"
    return _make_failure(innermost, f"this {innermost[0]} is never closed", remedy)


def _is_operand(token: re.Match[str]) -> bool:
    if token.lastgroup == "name":
        return token[0] not in _KEYWORDS
    return token.lastgroup in ("text", "number")


def _ends_operand(token: re.Match[str]) -> bool:
    return _is_operand(token) or token[0] in (")", "]")


def _find_missing_operator(tokens: list[re.Match[str]]) -> ParseFailure | None:
    """Find two values side by side with nothing between them."""
    for left, right in pairwise(tokens):
        if _ends_operand(left) and _is_operand(right):
            what = f"there is nothing between {shorten(left[0])} and {shorten(right[0])}"
            remedy = "write and, or, an operator or (in a list) a comma between them"
            return _make_failure(right, what, remedy)
    return None


def _find_missing_operand(tokens: list[re.Match[str]]) -> ParseFailure | None:
    """Find an operator without its operand, or an `if` without its `else`."""
    words = [token[0] for token in tokens]
    if "if" in words and "else" not in words:
        token = tokens[words.index("if")]
        return _make_failure(token, "this if has no else", "write 'a if condition else b'")

    for token, following in zip(tokens, [*words[1:], ""], strict=True):
        if token[0] == "%" and following in ("", "and", "or", ")"):
            remedy = "write a percentage as a number: 0.5 for 50 percent"
            return _make_failure(token, "% is the remainder of a division here", remedy)

    last = tokens[-1]
    if not _ends_operand(last):
        remedy = f"write what follows, or remove it; {_EXAMPLE}"
        return _make_failure(last, f"something is missing after {last[0]}", remedy)

    first = tokens[0]
    if not _is_operand(first) and first[0] not in ("(", "[", "not", "-", "+"):
        remedy = f"write what comes first, or remove it; {_EXAMPLE}"
        return _make_failure(first, f"something is missing before {first[0]}", remedy)
    return None


def _locate_syntax_error(flat: str, error: SyntaxError) -> ParseFailure:
    """Report the position at which Python's parser gave up."""
    leading_blanks = len(flat) - len(flat.lstrip(" "))
    offset = max((error.offset or 1) - 1, 0)
    at = min(leading_blanks + offset, len(flat) - 1)

    token = _TOKENS.match(flat, at)
    word = flat[at]
    if token is not None:
        word = shorten(token[0])
    return ParseFailure("condition-syntax", at, len(word), f"{word!r} does not fit here", _EXAMPLE)


def find_names(text: str) -> frozenset[str]:
    """Find every name in a text, except functions and keywords; any text is accepted."""
    names = set()
    for token in _TOKENS.finditer(text[:MAX_LENGTH]):
        is_called = text[token.end() :].lstrip().startswith("(")
        if token.lastgroup == "name" and not is_called and not iskeyword(token[0]):
            names.add(token[0])
    return frozenset(names)
