"""Is this text an expression at all, and where in it does each part stand? Text becomes a syntax tree, or the
slip that was made and its remedy. It knows no names and runs nothing.
"""

import ast
import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from keyword import iskeyword
from typing import Final, NamedTuple

LONGEST: Final = 2_000
"""Characters in one condition."""
MOST_PARTS: Final = 400
DEEPEST: Final = 50
"""Brackets, operators and calls inside one another."""


def shortened(source: str) -> str:
    """A stretch of a condition for a message: a long one loses its middle."""
    return source if len(source) <= 60 else f"{source[:40]} … {source[-15:]}"


class Slip(NamedTuple):
    """Why a text is no expression: what stands at `at`, `length` characters of it."""

    rule: str
    at: int
    length: int
    what: str
    remedy: str


class Parsed(NamedTuple):
    """An expression and the text its positions refer to."""

    tree: ast.expr
    text: str
    lead: int
    """Blanks before the expression begins."""

    def at(self, node: ast.AST) -> tuple[int, int]:
        """Where the part begins in the text as written, and its length, both in characters."""
        start: int = node.col_offset  # type: ignore[attr-defined]
        end: int = node.end_col_offset  # type: ignore[attr-defined]
        if not self.text.isascii():  # ast counts UTF-8 bytes
            line = self.text[self.lead :].encode()
            start, end = len(line[:start].decode()), len(line[:end].decode())
        return start + self.lead, end - start

    def source(self, node: ast.AST) -> str:
        """The part as written."""
        start, length = self.at(node)
        return self.text[start : start + length]

    def bracketed(self, node: ast.AST) -> bool:
        """Whether the part stands in round brackets of its own."""
        start, length = self.at(node)
        return self.text[:start].rstrip().endswith("(") and self.text[start + length :].lstrip().startswith(
            ")"
        )


_BLANKS: Final = str.maketrans("\n\r\t\f\v", "     ")
_DOUBTFUL: Final = re.compile(r"[^\x20-\x7e]|[#\\`$?@^&|~;{}]|(?<!\w)\.?\d[\d.]*[A-Za-z_]")
"""What Python's own parser would read in a way of its own, warn about, or explain badly."""
_TOKENS: Final = re.compile(
    r"""(?P<text>'[^']*'|"[^"]*")"""
    r"""|(?P<open>['"])"""
    r"""|(?P<number>\.?\d[\w.]*)"""
    r"""|(?P<name>[^\W\d]\w*)"""
    r"""|(?P<sign><=>|===|!==|&&|\|\||<>|=>|=<|=!|[<>=!]=|:=|\*\*|//|<<|>>|[^\w ])"""
)
_CURLY: Final = dict.fromkeys("‘’‚‛′`´", "'") | dict.fromkeys("“”„‟″«»", '"')
_LIKE: Final = "a condition is written like q1 == 1 and q2 in [3, 4]"

_SIGNS: Final[dict[str, tuple[str, str]]] = {
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
    "@": ("@ is not part of a condition", _LIKE),
    "≠": ("≠ is not part of a condition", "write !="),
    "≤": ("≤ is not part of a condition", "write <="),
    "≥": ("≥ is not part of a condition", "write >="),
    "×": ("× is not part of a condition", "write *"),
    "÷": ("÷ is not part of a condition", "write /"),
    "−": ("this minus is a typographic one", "write -"),
    "–": ("this dash is not a minus", "write -"),
    "—": ("this dash is not a minus", "write -"),
}
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "between": ("'between' is not part of a condition", "write 1 <= q1 <= 5"),
    "then": ("'then' is not part of a condition", "write 'a if condition else b'"),
    "endif": ("'endif' is not part of a condition", "write 'a if condition else b'"),
    "is": ("'is' is not part of a condition", "write == for 'is the same as'"),
    "equals": ("'equals' is not part of a condition", "write =="),
    "contains": ("'contains' is not part of a condition", "write 'tv' in media"),
    "includes": ("'includes' is not part of a condition", "write 'tv' in media"),
    "xor": ("'xor' is not part of a condition", "write (a and not b) or (b and not a)"),
    "lambda": ("'lambda' is not part of a condition", _LIKE),
}
_JOINING: Final = frozenset({"and", "or", "not", "in", "if", "else"})
_CLOSES: Final = {"(": ")", "[": "]"}


@lru_cache(maxsize=1024)
def parse(text: str) -> Parsed | Slip:
    """The expression that `text` is. Line breaks count as blanks."""
    if len(text) > LONGEST:
        what = f"this condition has {len(text):,} characters; {LONGEST:,} is the most"
        return Slip("condition-too-large", 0, 1, what, "compute parts of it under names of their own")
    doubtful = _DOUBTFUL.search(text)
    flat = text.translate(_BLANKS) if doubtful else str(text)
    body = flat.strip(" ")
    if not body:
        return Slip(
            "empty-condition", 0, 1, "the condition is empty", f"write one, or leave the key out; {_LIKE}"
        )
    if doubtful:
        slip = _stray(flat)
        if slip:
            return slip
    try:
        tree = ast.parse(body, mode="eval").body
    except SyntaxError as error:
        return _stray(flat, error) or _somewhere(flat, error)
    except (RecursionError, MemoryError):
        return too_large()
    except ValueError:
        return Slip("condition-syntax", 0, 1, "this is not a condition", _LIKE)
    return Parsed(tree, flat, 0 if flat is body else len(flat) - len(flat.lstrip(" ")))


def too_large(at: int = 0, length: int = 1) -> Slip:
    what = (
        f"this condition has more than {MOST_PARTS} parts, or parts more than {DEEPEST} deep in one another"
    )
    remedy = "compute parts of it under names of their own, or write a list (q1 in [1, 2, 3]) or sum(…)"
    return Slip("condition-too-large", at, length, what, remedy)


def number_slip(written: str) -> tuple[str, str] | None:
    """What is wrong with how a number is written, and the remedy; None where nothing is."""
    if re.fullmatch(r"(0|[1-9][0-9]*)?(\.[0-9]+)?", written) and written:
        return None
    written = shortened(written)
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


def _stray(flat: str, error: SyntaxError | None = None) -> Slip | None:
    """The first thing in the text that no condition can hold: before Python's parser was asked, only what is
    wrong in any place; once it gave up with `error`, what is most likely meant."""
    if "\\" in flat:
        return Slip("condition-syntax", flat.index("\\"), 1, *_SIGNS["\\"])
    tokens = list(_TOKENS.finditer(flat))
    for token in tokens:
        found = _sign_slip(token) or (_word_slip(token) if error and token.lastgroup == "name" else None)
        if found:
            return Slip("condition-syntax", token.start(), len(token[0]), *found)
    if error is None:
        return None
    return _open_bracket(tokens) or _unjoined(tokens) or _half(tokens)


def _sign_slip(token: re.Match[str]) -> tuple[str, str] | None:
    word = token[0]
    match token.lastgroup:
        case "text":
            return None
        case "open":
            return f"this {word} opens a text that is never closed", f"write {word} at its end too"
        case "number":
            return number_slip(word)
        case "name" if not word.isascii():
            what = f"{shortened(word)!r} has letters that no name has: names are made of a to z, digits and _"
            return what, "write the name as it stands at the item's id, or put a text in quotes"
    if word in _CURLY:
        return f"{word} is a typographic quote", f"write a straight one: {_CURLY[word]}"
    if word in _SIGNS:
        return _SIGNS[word]
    if not word.isascii() or not word.isprintable():
        name = unicodedata.name(word, "a control character").lower()
        return f"there is a character that does not belong here (U+{ord(word):04X}, {name})", "take it out"
    return None


def _word_slip(token: re.Match[str]) -> tuple[str, str] | None:
    word = token[0]
    small = word.lower()
    if small in _WORDS:
        return _WORDS[small]
    if small != word and small in _JOINING:
        return f"{word} is written in capitals", f"write {small}"
    if iskeyword(word) and word not in _JOINING:
        return f"{word!r} cannot stand in a condition", "write the item's id, or put a text in quotes"
    return None


def _open_bracket(tokens: list[re.Match[str]]) -> Slip | None:
    """The first bracket that nothing closes, or that closes nothing."""
    waiting: list[re.Match[str]] = []
    for token in tokens:
        sign = token[0]
        if sign in _CLOSES:
            waiting.append(token)
        elif sign in (")", "]"):
            if not waiting:
                return Slip(
                    "condition-syntax", token.start(), 1, f"this {sign} closes nothing", "take it out"
                )
            opened = waiting.pop()[0]
            if _CLOSES[opened] != sign:
                what = f"a {opened} is closed here by {sign}"
                return Slip("condition-syntax", token.start(), 1, what, f"write {_CLOSES[opened]}")
    if len(waiting) >= 50:
        return too_large(waiting[0].start())
    if waiting:
        token = waiting[-1]
        what = f"this {token[0]} is never closed"
        return Slip("condition-syntax", token.start(), 1, what, f"write {_CLOSES[token[0]]} where it ends")
    return None


def _is_operand(token: re.Match[str]) -> bool:
    return token.lastgroup in ("text", "number") or (token.lastgroup == "name" and token[0] not in _JOINING)


def _unjoined(tokens: list[re.Match[str]]) -> Slip | None:
    """Two values side by side with nothing between them."""
    for left, right in pairwise(tokens):
        if _is_operand(right) and (_is_operand(left) or left[0] in (")", "]")):
            what = f"nothing joins {shortened(left[0])} and {shortened(right[0])}"
            remedy = "write and, or, a comparison or (in a list) a comma between them"
            return Slip("condition-syntax", right.start(), len(right[0]), what, remedy)
    return None


def _half(tokens: list[re.Match[str]]) -> Slip | None:
    """An operator without what it works on, or an `if` without its `else`."""
    words = [token[0] for token in tokens]
    if "if" in words and "else" not in words:
        token = tokens[words.index("if")]
        what = "this if has no else"
        return Slip("condition-syntax", token.start(), 2, what, "write 'a if condition else b'")
    last, start = tokens[-1], tokens[0]
    if not _is_operand(last) and last[0] not in (")", "]"):
        what, remedy = f"something is missing after {last[0]}", f"write what follows, or take it out; {_LIKE}"
        return Slip("condition-syntax", last.start(), len(last[0]), what, remedy)
    if not _is_operand(start) and start[0] not in ("(", "[", "not", "-", "+"):
        what, remedy = (
            f"something is missing before {start[0]}",
            f"write what comes first, or take it out; {_LIKE}",
        )
        return Slip("condition-syntax", start.start(), len(start[0]), what, remedy)
    return None


def _somewhere(flat: str, error: SyntaxError) -> Slip:
    """The place where Python's parser gave up."""
    lead = len(flat) - len(flat.lstrip(" "))
    at = min(lead + max((error.offset or 1) - 1, 0), len(flat) - 1)
    here = _TOKENS.match(flat, at)
    word = shortened(here[0]) if here else flat[at]
    return Slip("condition-syntax", at, len(word), f"{word!r} does not fit here", _LIKE)


def names_in(text: str) -> frozenset[str]:
    """Every name in the text, functions and joining words apart; tolerant of anything."""
    tokens = [token for token in _TOKENS.finditer(text[:LONGEST]) if token.lastgroup == "name"]
    return frozenset(
        token[0]
        for token in tokens
        if not iskeyword(token[0]) and not text[token.end() :].lstrip().startswith("(")
    )
