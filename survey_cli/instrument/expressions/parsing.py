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

MAX_LENGTH: Final = 2_000
"""Characters in one condition."""
MAX_PARTS: Final = 400
MAX_DEPTH: Final = 50
"""Brackets, operators and calls inside one another."""


def shorten(source: str) -> str:
    """A stretch of a condition for a message: a long one loses its middle."""
    return source if len(source) <= 60 else f"{source[:40]} … {source[-15:]}"


class ParseFailure(NamedTuple):
    """Why a text is no expression: what stands at `at`, `length` characters of it."""

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
    """Blanks before the expression begins."""

    def locate(self, node: ast.AST) -> tuple[int, int]:
        """Where the part begins in the text as written, and its length, both in characters."""
        start: int = node.col_offset  # type: ignore[attr-defined]
        end: int = node.end_col_offset  # type: ignore[attr-defined]
        if not self.text.isascii():  # ast counts UTF-8 bytes
            line = self.text[self.leading_blanks :].encode()
            start, end = len(line[:start].decode()), len(line[:end].decode())
        return start + self.leading_blanks, end - start

    def get_source(self, node: ast.AST) -> str:
        """The part as written."""
        start, length = self.locate(node)
        return self.text[start : start + length]

    def is_bracketed(self, node: ast.AST) -> bool:
        """Whether the part stands in round brackets of its own."""
        start, length = self.locate(node)
        return self.text[:start].rstrip().endswith("(") and self.text[start + length :].lstrip().startswith(
            ")"
        )


_LINE_BREAKS_TO_BLANKS: Final = str.maketrans("\n\r\t\f\v", "     ")
_SUSPICIOUS: Final = re.compile(r"[^\x20-\x7e]|[#\\`$?@^&|~;{}]|(?<!\w)\.?\d[\d.]*[A-Za-z_]")
"""What Python's own parser would read in a way of its own, warn about, or explain badly."""
_TOKENS: Final = re.compile(
    r"""(?P<text>'[^']*'|"[^"]*")"""
    r"""|(?P<open>['"])"""
    r"""|(?P<number>\.?\d[\w.]*)"""
    r"""|(?P<name>[^\W\d]\w*)"""
    r"""|(?P<sign><=>|===|!==|&&|\|\||<>|=>|=<|=!|[<>=!]=|:=|\*\*|//|<<|>>|[^\w ])"""
)
_TYPOGRAPHIC_QUOTES: Final = dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟″«»", '"')
_EXAMPLE: Final = "a condition is written like q1 == 1 and q2 in [3, 4]"

_FOREIGN_SIGNS: Final[dict[str, tuple[str, str]]] = {
    "=": ("one = does not compare", "write == for 'is the same as'"),
    ":=": (":= does not compare", "write == for 'is the same as'"),
    "===": ("=== is not part of a condition", "write =="),
    "!==": ("!== is not part of a condition", "write !="),
    "<=>": ("<=> is not part of a condition", "write == or !="),
    "&&": ("&& is not part of a condition", "write and"),
    "&": ("& is not part of a condition", "write and"),
    "||": ("|| is not part of a condition", "write or"),
    "|": ("| is not part of a condition", "write or"),
    "!": ("! alone is not part of a condition", "write not, or != for 'is different from'"),
    "<>": ("<> is not part of a condition", "write != for 'is different from'"),
    "=!": ("=! is not part of a condition", "write != for 'is different from'"),
    "=>": ("=> is the wrong way round", "write >= for 'at least'"),
    "=<": ("=< is the wrong way round", "write <= for 'at most'"),
    "^": ("^ is not part of a condition", "write and, or, or a product with *"),
    "**": ("** is not part of a condition", "write a product: a * a"),
    "//": ("// is not part of a condition", "write / and, where you want a whole number, round(…)"),
    "%": ("% is not part of a condition", "write the share as a number: 0.5 for 50 per cent"),
    "~": ("~ is not part of a condition", "write not"),
    "?": ("? is not part of a condition", "write 'a if condition else b'"),
    ";": ("; is not part of a condition", "join conditions with and or or"),
    "#": ("# would hide the rest of the condition", "take it out; comments stand on a line of their own"),
    "\\": ("a backslash is not part of a condition", "take it out; put a text that holds ' between \""),
    "$": ("$ is not part of a condition", "write the item's id alone: q1, not ${q1}"),
    "{": (
        "{ is not part of a condition",
        "write the item's id alone: q1, not {q1}; a list is written [1, 2]",
    ),
    "}": (
        "} is not part of a condition",
        "write the item's id alone: q1, not {q1}; a list is written [1, 2]",
    ),
    "@": ("@ is not part of a condition", _EXAMPLE),
    "≠": ("≠ is not part of a condition", "write !="),
    "≤": ("≤ is not part of a condition", "write <="),
    "≥": ("≥ is not part of a condition", "write >="),
    "×": ("× is not part of a condition", "write *"),
    "÷": ("÷ is not part of a condition", "write /"),
    "−": ("this minus is a typographic one", "write -"),
    "–": ("this dash is not a minus", "write -"),
    "—": ("this dash is not a minus", "write -"),
}
_FOREIGN_WORDS: Final[dict[str, tuple[str, str]]] = {
    "between": ("'between' is not part of a condition", "write 1 <= q1 <= 5"),
    "then": ("'then' is not part of a condition", "write 'a if condition else b'"),
    "endif": ("'endif' is not part of a condition", "write 'a if condition else b'"),
    "is": ("'is' is not part of a condition", "write == for 'is the same as'"),
    "equals": ("'equals' is not part of a condition", "write =="),
    "contains": ("'contains' is not part of a condition", "write 'tv' in media"),
    "includes": ("'includes' is not part of a condition", "write 'tv' in media"),
    "xor": ("'xor' is not part of a condition", "write (a and not b) or (b and not a)"),
    "lambda": ("'lambda' is not part of a condition", _EXAMPLE),
}
_KEYWORDS: Final = frozenset({"and", "or", "not", "in", "if", "else"})
_CLOSING_BRACKETS: Final = {"(": ")", "[": "]"}


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> ParsedExpression | ParseFailure:
    """The expression that `text` is. Line breaks count as blanks."""
    if len(text) > MAX_LENGTH:
        what = f"this condition has {len(text):,} characters; {MAX_LENGTH:,} is the most"
        return ParseFailure("condition-too-large", 0, 1, what, "compute parts of it under names of their own")
    doubtful = _SUSPICIOUS.search(text)
    flat = text.translate(_LINE_BREAKS_TO_BLANKS) if doubtful else str(text)
    body = flat.strip(" ")
    if not body:
        return ParseFailure(
            "empty-condition", 0, 1, "the condition is empty", f"write one, or leave the key out; {_EXAMPLE}"
        )
    if doubtful:
        slip = _find_foreign_text(flat)
        if slip:
            return slip
    try:
        tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        return _find_foreign_text(flat, error) or _locate_syntax_error(flat, error)
    except (RecursionError, MemoryError):
        return describe_too_large()
    except ValueError:
        return ParseFailure("condition-syntax", 0, 1, "this is not a condition", _EXAMPLE)
    return ParsedExpression(tree, flat, 0 if flat is body else len(flat) - len(flat.lstrip(" ")))


def describe_too_large(at: int = 0, length: int = 1) -> ParseFailure:
    what = (
        f"this condition has more than {MAX_PARTS} parts, or parts more than {MAX_DEPTH} deep in one another"
    )
    remedy = "compute parts of it under names of their own, or write a list (q1 in [1, 2, 3]) or sum(…)"
    return ParseFailure("condition-too-large", at, length, what, remedy)


def validate_number(written: str) -> tuple[str, str] | None:
    """What is wrong with how a number is written, and the remedy; None where nothing is."""
    if re.fullmatch(r"(0|[1-9][0-9]*)?(\.[0-9]+)?", written) and written:
        return None
    written = shorten(written)
    bare = written.lstrip("0")
    if re.fullmatch(r"0[0-9.]*", written):
        number = bare if bare and bare[0].isdigit() else "0" + bare.rstrip(".")
        return (
            f"{written} begins with a zero",
            f"write {number}, or {written!r} in quotes where codes are texts",
        )
    joined = re.fullmatch(r"([0-9][0-9.]*)(and|or|if|else|in)", written)
    if joined:
        return f"{written} runs into the word after it", f"leave a blank: {joined[1]} {joined[2]}"
    return f"{written} is not an ordinary number", "write digits, with a point for decimals: 1000, 0.5"


def _find_foreign_text(flat: str, error: SyntaxError | None = None) -> ParseFailure | None:
    """The first thing in the text that no condition can hold: before Python's parser was asked, only what is
    wrong in any place; once it gave up with `add_error`, what is most likely meant."""
    if "\\" in flat:
        return ParseFailure("condition-syntax", flat.index("\\"), 1, *_FOREIGN_SIGNS["\\"])
    tokens = list(_TOKENS.finditer(flat))
    for token in tokens:
        found = _find_sign_mistake(token) or (
            _find_word_mistake(token) if error and token.lastgroup == "name" else None
        )
        if found:
            return ParseFailure("condition-syntax", token.start(), len(token[0]), *found)
    if error is None:
        return None
    return _find_unmatched_bracket(tokens) or _find_missing_operator(tokens) or _find_missing_operand(tokens)


def _find_sign_mistake(token: re.Match[str]) -> tuple[str, str] | None:
    word = token[0]
    match token.lastgroup:
        case "text":
            return None
        case "open":
            return f"this {word} opens a text that is never closed", f"write {word} at its end too"
        case "number":
            return validate_number(word)
        case "name" if not word.isascii():
            what = f"{shorten(word)!r} has letters that no name has: names are made of a to z, digits and _"
            return what, "write the name as it stands at the item's id, or put a text in quotes"
    if word in _TYPOGRAPHIC_QUOTES:
        return f"{word} is a typographic quote", f"write a straight one: {_TYPOGRAPHIC_QUOTES[word]}"
    if word in _FOREIGN_SIGNS:
        return _FOREIGN_SIGNS[word]
    if not word.isascii() or not word.isprintable():
        name = unicodedata.name(word, "a control character").lower()
        return f"there is a character that does not belong here (U+{ord(word):04X}, {name})", "take it out"
    return None


def _find_word_mistake(token: re.Match[str]) -> tuple[str, str] | None:
    word = token[0]
    small = word.lower()
    if small in _FOREIGN_WORDS:
        return _FOREIGN_WORDS[small]
    if small != word and small in _KEYWORDS:
        return f"{word} is written in capitals", f"write {small}"
    if iskeyword(word) and word not in _KEYWORDS:
        return f"{word!r} cannot stand in a condition", "write the item's id, or put a text in quotes"
    return None


def _find_unmatched_bracket(tokens: list[re.Match[str]]) -> ParseFailure | None:
    """The first bracket that nothing closes, or that closes nothing."""
    waiting: list[re.Match[str]] = []
    for token in tokens:
        sign = token[0]
        if sign in _CLOSING_BRACKETS:
            waiting.append(token)
        elif sign in (")", "]"):
            if not waiting:
                return ParseFailure(
                    "condition-syntax", token.start(), 1, f"this {sign} closes nothing", "take it out"
                )
            opened = waiting.pop()[0]
            if _CLOSING_BRACKETS[opened] != sign:
                what = f"a {opened} is closed here by {sign}"
                return ParseFailure(
                    "condition-syntax", token.start(), 1, what, f"write {_CLOSING_BRACKETS[opened]}"
                )
    if len(waiting) >= 50:
        return describe_too_large(waiting[0].start())
    if waiting:
        token = waiting[-1]
        what = f"this {token[0]} is never closed"
        return ParseFailure(
            "condition-syntax", token.start(), 1, what, f"write {_CLOSING_BRACKETS[token[0]]} where it ends"
        )
    return None


def _is_operand(token: re.Match[str]) -> bool:
    return token.lastgroup in ("text", "number") or (token.lastgroup == "name" and token[0] not in _KEYWORDS)


def _find_missing_operator(tokens: list[re.Match[str]]) -> ParseFailure | None:
    """Two values side by side with nothing between them."""
    for left, right in pairwise(tokens):
        if _is_operand(right) and (_is_operand(left) or left[0] in (")", "]")):
            what = f"nothing joins {shorten(left[0])} and {shorten(right[0])}"
            remedy = "write and, or, a comparison or (in a list) a comma between them"
            return ParseFailure("condition-syntax", right.start(), len(right[0]), what, remedy)
    return None


def _find_missing_operand(tokens: list[re.Match[str]]) -> ParseFailure | None:
    """An operator without what it works on, or an `if` without its `else`."""
    words = [token[0] for token in tokens]
    if "if" in words and "else" not in words:
        token = tokens[words.index("if")]
        what = "this if has no else"
        return ParseFailure("condition-syntax", token.start(), 2, what, "write 'a if condition else b'")
    last, start = tokens[-1], tokens[0]
    if not _is_operand(last) and last[0] not in (")", "]"):
        what, remedy = (
            f"something is missing after {last[0]}",
            f"write what follows, or take it out; {_EXAMPLE}",
        )
        return ParseFailure("condition-syntax", last.start(), len(last[0]), what, remedy)
    if not _is_operand(start) and start[0] not in ("(", "[", "not", "-", "+"):
        what, remedy = (
            f"something is missing before {start[0]}",
            f"write what comes first, or take it out; {_EXAMPLE}",
        )
        return ParseFailure("condition-syntax", start.start(), len(start[0]), what, remedy)
    return None


def _locate_syntax_error(flat: str, error: SyntaxError) -> ParseFailure:
    """The place where Python's parser gave up."""
    lead = len(flat) - len(flat.lstrip(" "))
    at = min(lead + max((error.offset or 1) - 1, 0), len(flat) - 1)
    here = _TOKENS.match(flat, at)
    word = shorten(here[0]) if here else flat[at]
    return ParseFailure("condition-syntax", at, len(word), f"{word!r} does not fit here", _EXAMPLE)


def find_names(text: str) -> frozenset[str]:
    """Every name in the text, functions and joining words apart; tolerant of anything."""
    tokens = [token for token in _TOKENS.finditer(text[:MAX_LENGTH]) if token.lastgroup == "name"]
    return frozenset(
        token[0]
        for token in tokens
        if not iskeyword(token[0]) and not text[token.end() :].lstrip().startswith("(")
    )
