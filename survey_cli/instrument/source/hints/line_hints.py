"""Hints found in the lines of a YAML file, and within quotes and brackets.

Finding hints examines text only and never decides whether a file is valid.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from survey_cli.instrument.source.hints.hint import (
    CLOSES,
    DASH_REMEDY,
    DASH_WITHOUT_SPACE,
    QUOTE_IT,
    Hint,
    build_colon_hint,
    build_cut_hint,
    build_unclosed_hint,
)
from survey_cli.instrument.source.hints.misread_values import find_cut
from survey_cli.wording import format_quantity, pluralize, shorten

_HEAD: Final = re.compile(
    r"(?P<dashes>(?:-[ ]+)*)"
    r"(?:(?P<key>[^\s\"'#&*!|>%@`\[\]{},?:-][^:#\"]{0,60}?|\"[^\"]*\"|'[^']*')[ ]*:(?:[ ]+|$))?"
)
"""What may come before a value on its line: dashes, and a key."""
_KEY_WITHOUT_SPACE: Final = re.compile(r"(?:- +)*([A-Za-z_]\w*):(?=[^\s:/])")
_BLOCK: Final = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])(?: +#.*| *)$")
"""The mark of a text that begins on the next line."""
_COLON: Final = re.compile(r":(?=[ \t]|\Z)")
_NOT_PLAIN: Final = ("", "#", '"', "'", "[", "{")
"""How a value begins that isn't a plain text."""
_STARTS_WITH_KEY: Final = re.compile(
    r"(?:- +)*(?:[A-Za-z_][\w.-]*|-?\d+|\"[^\"]*\"|'[^']*') *:(?: |$)"
)
"""A line, or the rest of one, that begins with a key."""
_COMMENT: Final = re.compile(r"\s*(?:#.*)?$")
_REST_OF_QUOTED: Final = {'"': re.compile(r'(?:\\.|[^"\\])*+"'), "'": re.compile(r"(?:''|[^'])*+'")}
"""What follows an opening quote on the line on which it is closed."""


class _Above(NamedTuple):
    """The last key above a line."""

    column: int
    may_continue: bool
    """Whether a plain text may continue below it."""


class _Entry(NamedTuple):
    """What was found in an entry of a list or mapping."""

    hints: Sequence[Hint]
    next_line: int
    above: _Above | None
    """The entry, as the next line sees it."""


class _Value(NamedTuple):
    """What was found in a value."""

    hint: Hint | None
    last_line: int
    """The line on which it ends, from 0."""


def find_line_hints(lines: Sequence[str]) -> Iterator[Hint]:
    """Yield the hints that the lines give, in order. Comments and block texts are skipped."""
    next_line = 0
    above: _Above | None = None
    tabbed_lines: list[int] = []
    for at, line in enumerate(lines):
        if at < next_line:  # the end of a value that began above
            continue
        body = line.lstrip(" ")
        if body.startswith("\t"):
            if body.strip() and not body.lstrip().startswith("#"):
                tabbed_lines.append(at + 1)
            continue
        if not body or body.startswith("#"):
            continue

        indent = len(line) - len(body)
        is_continuation = above is not None and above.may_continue and indent > above.column
        if is_continuation and not body.startswith("- "):
            hint = _check_continuation(lines, at, indent, body)
            if hint is not None:
                yield hint
            continue

        dash = _check_dash(at, indent, body)
        if dash is not None:
            yield dash
            if body[0] != "-":
                above = None
            continue

        entry = _check_entry(lines, at, indent)
        yield from entry.hints
        next_line = entry.next_line
        above = entry.above

    if tabbed_lines:
        yield _build_tab_hint(tabbed_lines)


def _check_continuation(lines: Sequence[str], at: int, indent: int, body: str) -> Hint | None:
    """Check a line that continues the text above it."""
    before_comment = lines[at - 1].find(" #")
    if before_comment >= 0:
        what = (
            "the text ends before this '#', which reads as a comment, but the next line continues"
        )
        return Hint("hash", at, before_comment + 2, what, QUOTE_IT, may_span_lines=True)
    if _STARTS_WITH_KEY.match(body):
        what = (
            f"this line is indented more than '{shorten(lines[at - 1])}' above it, "
            "and reads as part of it"
        )
        remedy = (
            "align the key with the others of its item; "
            "if it is part of the text, put the text in quotes"
        )
        return Hint("indentation", at + 1, indent + 1, what, remedy)

    colon = _find_colon(body)
    if colon < 0:
        return None
    return build_colon_hint(at, indent + colon, "")


def _check_dash(at: int, indent: int, body: str) -> Hint | None:
    """Check the dash of a list: a space must follow, and a word processor writes another sign."""
    if body[0] in "–—−•" and body[1:2] == " ":
        what = f"the line begins with '{body[0]}', which is no dash of YAML"
        remedy = "write a hyphen: - id: …"
        return Hint("dash", at + 1, indent + 1, what, remedy, may_span_lines=True)
    if DASH_WITHOUT_SPACE.match(body):
        what = f"'{shorten(body)}' has no space after its dash"
        return Hint("dash", at + 1, indent + 1, what, DASH_REMEDY)
    return None


def _build_tab_hint(tabbed_lines: Sequence[int]) -> Hint:
    first = tabbed_lines[0]
    what = f"line {first} is indented with a tab"
    more = len(tabbed_lines) - 1
    if more:
        verb = pluralize(more, "is", "are")
        what += f" (and so {verb} {format_quantity(more, 'more line')})"
    remedy = "use spaces: two for each step; most editors can convert tabs to spaces"
    return Hint("tab", first, 1, what, remedy)


def _check_entry(lines: Sequence[str], at: int, indent: int) -> _Entry:
    """Check a line that begins an entry of a list or mapping, and the lines of its value."""
    line = lines[at]
    head = _HEAD.match(line, indent)
    assert head is not None  # both parts of it may be missing
    key_column = head.end("dashes")
    start = head.end()
    value = line[start:]
    hints = []
    if head["key"] is None:
        key = ""
        match = _KEY_WITHOUT_SPACE.match(line, indent)
        if match is not None:
            hints.append(_build_colon_space_hint(at, match))
    else:
        key = head["key"].strip("\"' ")

    if _BLOCK.match(value):
        next_line, tab_hint = _check_block(lines, at, key_column)
        if tab_hint is not None:
            hints.append(tab_hint)
        return _Entry(hints, next_line, above=None)

    hint, last_line = _check_value(lines, at, start, key_column, keyed=head["key"] is not None)
    is_on_one_line = last_line == at
    if hint is not None:
        hints.append(hint)
    elif is_on_one_line and value[:1] not in _NOT_PLAIN:
        cut = find_cut(line, start, key)
        if cut:
            hints.append(build_cut_hint(at + 1, cut + 1, line[cut:], key, line[start:cut]))

    may_continue = is_on_one_line and value[:1] not in (*_NOT_PLAIN, "|", ">")
    return _Entry(hints, max(last_line, at) + 1, _Above(key_column, may_continue))


def _build_colon_space_hint(at: int, match: re.Match[str]) -> Hint:
    what = f"'{match[1]}:' has no space after its colon"
    remedy = f"write '{match[1]}: ' with a space"
    length = len(match[1]) + 1
    return Hint("colon-space", at + 1, match.start(1) + 1, what, remedy, length)


def _check_block(lines: Sequence[str], at: int, key_column: int) -> tuple[int, Hint | None]:
    """Return the line after a block text, and a hint about the first tab in its margin."""
    hint = None
    for line in range(at + 1, len(lines)):
        body = lines[line].lstrip(" ")
        is_in_margin = len(lines[line]) - len(body) <= key_column
        if body.startswith("\t") and is_in_margin and body.strip():
            if hint is None:
                what = f"line {line + 1} is indented with a tab"
                hint = Hint("tab", line + 1, 1, what, "use spaces")
        elif body and is_in_margin:
            return line, hint
    return len(lines), hint


def _check_value(
    lines: Sequence[str], at: int, start: int, key_column: int, *, keyed: bool
) -> _Value:
    """Check the value that starts at column `start` of a line, and whose key is at `key_column`."""
    value = lines[at][start:]
    first = value[:1]
    line = at + 1
    column = start + 1
    match first:
        case "" | "#":
            return _Value(None, at)
        case '"' | "'":
            return _check_quoted(lines, at, start, key_column)
        case "[" | "{":
            return _BracketChecker(lines, at, start, key_column).check()
        case "“" | "”" | "„" | "‘" | "’" if _COLON.search(value) or " #" in value:
            what = f"'{first}' is no quotation mark of YAML, so that the text is not in quotes"
            hint = Hint("colon", line, column, what, 'write straight quotes around it: "…"')
        case "*":
            what = "a text that begins with '*' reads as YAML's alias"
            hint = Hint("alias", line, column, what, QUOTE_IT)
        case "&":
            what = "a text that begins with '&' reads as YAML's anchor"
            hint = Hint("anchor", line, column, what, QUOTE_IT)
        case "!":
            return _Value(None, at)  # a tag: the parser accepts it, the node builder reports it
        case "|" | ">":
            what = f"text follows '{first}' on its own line"
            remedy = (
                f"begin the text on the next line, indented; if '{first}' belongs to it, {QUOTE_IT}"
            )
            hint = Hint("block-text", line, column, what, remedy)
        case "-" | "?" if keyed and value[1:2] in ("", " "):
            what = f"'{first} ' can't follow a key on the same line"
            remedy = f"begin the list on the next line; if it is a text, {QUOTE_IT}"
            hint = Hint("dash", line, column, what, remedy)
        case "%" | "@" | "`" | "," | "]" | "}":
            what = f"a text can't begin with '{first}'"
            hint = Hint("reserved-start", line, column, what, QUOTE_IT)
        case _:
            colon = _find_colon(value)
            if colon < 0:
                return _Value(None, at)
            hint = build_colon_hint(at, start + colon, value[:colon])
    return _Value(hint, at)


def _find_colon(text: str) -> int:
    """Find a `: `, or a colon at the end, in plain text before any comment; −1 if it has none."""
    end = text.find(" #")
    if end < 0:
        end = len(text.rstrip())
    colon = _COLON.search(text, 0, end)
    return colon.start() if colon is not None else -1


# Quotes.


def _check_quoted(lines: Sequence[str], at: int, start: int, key_column: int) -> _Value:
    """Check a quoted value, and what follows its closing quote."""
    quote = lines[at][start]
    end, closing = _find_closing_quote(lines, at, start, key_column)
    if closing < 0:
        return _Value(build_unclosed_hint(at, start, quote), end)
    if _COMMENT.fullmatch(lines[end], closing + 1):
        return _Value(None, end)
    return _Value(_build_after_quote_hint(lines[end], end, closing, quote), end)


def _find_closing_quote(
    lines: Sequence[str], at: int, start: int, key_column: int
) -> tuple[int, int]:
    """Find the line and column at which the quote opened there closes.

    The column is −1 if it does not, and the line is then the last before that which begins
    something new.
    """
    rest = _REST_OF_QUOTED[lines[at][start]]
    closed = rest.match(lines[at], start + 1)
    while closed is None:
        at += 1
        if at >= len(lines) or _starts_entry(lines[at], key_column):
            return at - 1, -1
        closed = rest.match(lines[at])
    return at, closed.end() - 1


def _starts_entry(line: str, key_column: int) -> bool:
    """Return whether a line looks like an entry at this column or left of it: a text must end."""
    body = line.lstrip(" ")
    is_further_right = len(line) - len(body) > key_column
    if not body or is_further_right:
        return False
    return bool(_STARTS_WITH_KEY.match(body)) or body.startswith("- ")


def _build_after_quote_hint(text: str, line: int, column: int, quote: str) -> Hint:
    """Build the hint for what follows the closing quote at this line and column (from 0)."""
    rest = text[column + 1 :]
    if quote == "'" and rest[:1].isalnum():
        what = "the apostrophe ends the text here, which is in single quotes"
        remedy = "double the apostrophe ('') or put the text in double quotes instead"
        return Hint("apostrophe", line + 1, column + 1, what, remedy, may_span_lines=True)

    excerpt = shorten(rest)
    what = f"the quoted text has ended, but '{excerpt}' follows"
    remedy = QUOTE_IT
    if quote == '"':
        remedy = "begin and end the whole text with single quotes"
    remedy += ", so that the quotes within belong to it"
    length = max(1, len(excerpt))
    return Hint("after-quote", line + 1, column + 2, what, remedy, length, may_span_lines=True)


# Brackets.


class _Place(NamedTuple):
    """A line and a column, from 0."""

    line: int
    column: int


@dataclass(slots=True)
class _BracketChecker:
    """The check of a value in brackets.

    A bracket inside counts only if an entry may begin there.
    """

    lines: Sequence[str]
    line: int
    """The line and the column that are checked next, at first those of the opening bracket."""
    column: int
    key_column: int
    """The column of the key whose value is in brackets."""
    start: _Place = field(init=False)
    open_brackets: list[_Place] = field(default_factory=list)
    may_begin: bool = True
    """An entry, key or value may begin here."""
    is_keyed: bool = False
    """What begins here is a key's value."""
    is_plain_above: bool = False
    """What comes before is an unquoted text, which may continue on another line."""

    def __post_init__(self) -> None:
        self.start = _Place(self.line, self.column)

    def check(self) -> _Value:
        """Check the value up to its first mistake, or up to what follows the last bracket."""
        while True:
            value = self._check_next()
            if value is not None:
                return value

    def _check_next(self) -> _Value | None:
        """Check what is at the line and column, and go on behind it; None if there is more."""
        text = self.lines[self.line]
        if self._is_line_over(text):
            return self._go_to_next_line()

        letter = text[self.column]
        if letter in " \t":
            self.column += 1
        elif letter in CLOSES:
            return self._open_bracket(text)
        elif letter in "]}":
            return self._close_bracket(letter)
        elif letter == "," or self._is_colon(text):
            self.column += 1
            self.may_begin = True
            self.is_keyed = letter == ":"
        elif letter in "\"'" and self.may_begin:
            return self._check_quoted(text)
        elif self.may_begin or self._may_continue(text):
            return self._check_plain(text)
        else:
            what = f"a comma is missing before '{shorten(text[self.column :])}'"
            remedy = "put a comma between the entries; if it is all one text, put it in quotes"
            hint = Hint("comma", self.line + 1, self.column + 1, what, remedy)
            return _Value(hint, self.line)
        return None

    def _may_continue(self, text: str) -> bool:
        """Return whether what follows can be the rest of an unquoted text, and not the next key."""
        return self.is_plain_above and not _STARTS_WITH_KEY.match(text, self.column)

    def _is_line_over(self, text: str) -> bool:
        """Return whether the line has ended, or only a comment follows."""
        if self.column >= len(text):
            return True
        is_after_blank = self.column == 0 or text[self.column - 1] in " \t"
        return text[self.column] == "#" and is_after_blank

    def _go_to_next_line(self) -> _Value | None:
        self.line += 1
        self.column = 0
        leftmost = min(self.key_column, self.start.column - 1)
        if self.line < len(self.lines) and not _starts_entry(self.lines[self.line], leftmost):
            return None
        line, column = self.open_brackets[-1]
        hint = build_unclosed_hint(line, column, self.lines[line][column])
        return _Value(hint, self.line - 1)

    def _open_bracket(self, text: str) -> _Value | None:
        """Open a bracket; within a text, it needs quotes."""
        if not self.may_begin:
            return _Value(_build_inner_bracket_hint(self.line, self.column, text), self.line)
        self.open_brackets.append(_Place(self.line, self.column))
        self.column += 1
        self.is_keyed = False
        return None

    def _close_bracket(self, letter: str) -> _Value | None:
        """Close the last bracket that was opened, if the letter is its counterpart."""
        line, column = self.open_brackets.pop()
        opener = self.lines[line][column]
        if CLOSES[opener] != letter:
            return _Value(build_unclosed_hint(line, column, opener), self.line)

        self.column += 1
        self.may_begin = False
        self.is_plain_above = False
        if self.open_brackets:
            return None
        return _Value(self._check_what_follows(), self.line)

    def _is_colon(self, text: str) -> bool:
        """Return whether a colon ends a key here; after quotes and brackets it always does."""
        if text[self.column] != ":":
            return False
        following = text[self.column + 1 : self.column + 2]
        return not following or following in " ,[]{}" or not self.may_begin

    def _check_quoted(self, text: str) -> _Value | None:
        """Check a quoted entry, key or value, and what follows its closing quote."""
        quote = text[self.column]
        line, closing = _find_closing_quote(self.lines, self.line, self.column, self.key_column)
        if closing < 0:
            return _Value(build_unclosed_hint(self.line, self.column, quote), line)

        rest = self.lines[line][closing + 1 :].lstrip()
        if rest and rest[0] not in ",]}:#":
            return _Value(_build_after_quote_hint(self.lines[line], line, closing, quote), line)
        self.line = line
        self.column = closing + 1
        self.may_begin = False
        self.is_plain_above = False
        return None

    def _check_plain(self, text: str) -> _Value | None:
        """Check an unquoted entry up to what ends it."""
        start = self.column
        for column in range(start, len(text)):
            self.column = column
            letter = text[column]
            if letter in ",]}":
                break
            if letter in CLOSES:
                return _Value(_build_inner_bracket_hint(self.line, column, text), self.line)
            if letter == ":" and text[column + 1 : column + 2] in ("", " ", ",", "]", "}"):
                if not self.is_keyed:
                    break
                return _Value(build_colon_hint(self.line, column, text[start:column]), self.line)
            if letter == "#" and text[column - 1] in " \t":
                hint = self._check_hash(text, start)
                if hint is not None:
                    return _Value(hint, self.line)
                break
        else:
            self.column = len(text)

        self.may_begin = False
        self.is_plain_above = True
        return None

    def _check_hash(self, text: str, start: int) -> Hint | None:
        """Check a `#` that cuts off the closing bracket, too."""
        before = text[start : self.column - 1]
        rest = text[self.column - 1 :]
        is_after_one_blank = before[-1:] not in ("", " ")
        if not self.is_keyed or not is_after_one_blank or rest.rstrip()[-1] not in "]}":
            return None
        hint = build_cut_hint(self.line + 1, self.column, rest)
        return hint._replace(may_span_lines=True, parser_accepts=False)

    def _check_what_follows(self) -> Hint | None:
        """Check what follows the last bracket.

        It may be nothing, a comment, or the text that the bracket was meant to begin.
        """
        text = self.lines[self.line]
        rest = text[self.column :]
        following = rest.lstrip()
        if _COMMENT.fullmatch(rest) or following.startswith(":"):
            return None
        if following[0] in "]}":
            column = len(text) - len(following) + 1
            what = f"'{following[0]}' closes what was never opened"
            return Hint("unopened", self.line + 1, column, what, "remove it, or add what opens it")

        line, column = self.start
        opener = self.lines[line][column]
        excerpt = opener
        if line == self.line:
            excerpt = shorten(text[column : self.column])
        length = len(excerpt)
        if opener == "{":
            what = f"a text that begins with '{excerpt}' reads as a YAML mapping in braces"
            return Hint("fill-at-start", line + 1, column + 1, what, QUOTE_IT, length)
        what = f"a text that begins with '{excerpt}' reads as a YAML list"
        return Hint("bracket-at-start", line + 1, column + 1, what, QUOTE_IT, length)


def _build_inner_bracket_hint(line: int, column: int, text: str) -> Hint:
    letter = text[column]
    end = text.find(CLOSES[letter], column)
    excerpt = text[column : end + 1] if end >= 0 else letter
    kind = "fill" if letter == "{" else "list"
    what = f"'{shorten(excerpt)}' needs quotes in a text or condition inside braces"
    remedy = f"put the whole text or condition that the {kind} belongs to in double quotes"
    return Hint("brackets-in-braces", line + 1, column + 1, what, remedy, len(excerpt))
