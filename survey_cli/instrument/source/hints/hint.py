"""Hints: likely mistakes on one line of a YAML file, and those that are found in several ways."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from survey_cli.problems import Position, Problem
from survey_cli.wording import shorten

QUOTE_IT: Final = "put the whole text in double quotes"
MARKS: Final = {"[": "bracket", "{": "brace", '"': "double quote", "'": "single quote"}
CLOSES: Final = {"[": "]", "{": "}"}

DASH_WITHOUT_SPACE: Final = re.compile(r"-[^\W\d]")
DASH_REMEDY: Final = "write '- ' with a space before the text of a list's entry"

_ID: Final = re.compile(r"(?:^|[\s{,-])id: *[\"']?(\w+)")
_MAX_LOOK_BACK: Final = 500
"""Lines, and characters of a line, that are searched for an id: no item is longer."""


class Hint(NamedTuple):
    """A likely mistake on one line."""

    rule: str
    line: int
    column: int
    what: str
    remedy: str
    length: int = 1
    may_span_lines: bool = False
    """The parser may notice it only many lines further down."""
    parser_accepts: bool = False
    """The parser never notices it."""

    def build_problem(self, file: str, who: str = "") -> Problem:
        """Build the problem of an item or a section of the file."""
        where = Position(file, self.line, self.column)
        return Problem(self.rule, where, who, self.what, self.remedy, length=self.length)


def find_owner(lines: Sequence[str], line: int) -> str:
    """Find what line `line` (from 1) belongs to: the id of an item, or the key of a section."""
    last = min(line, len(lines)) - 1
    for at in range(last, max(-1, last - _MAX_LOOK_BACK), -1):
        text = lines[at][:_MAX_LOOK_BACK]
        item_id = _ID.search(text)
        if item_id is not None:
            return item_id[1]

        # A line that isn't indented begins a section, and belongs to none itself.
        is_above = at < line - 1
        if text[:1].isalpha() and ":" in text:
            return text.partition(":")[0] if is_above else ""
        is_indented = text[:1] in " \t-#"
        if not is_above and not is_indented:
            return ""
    return ""


def build_cut_hint(line: int, column: int, rest: str, key: str = "", text: str = "") -> Hint:
    """Build the hint for a text under `key` that ends before `rest`, which begins with ` #`.

    Line and column are those of `rest`, from 1.
    """
    what = f"the text ends before '{shorten(rest.strip())}', which reads as a comment"
    correction = ""
    if key and text and "\n" not in text:
        correction = f": {key}: {quote(text + rest.rstrip())}"
    remedy = (
        f"if it belongs to the text, {QUOTE_IT}{correction}; "
        "a comment needs two spaces before its # and one after"
    )
    return Hint("hash", line, column + 1, what, remedy, len(rest) - 1, parser_accepts=True)


def quote(text: str) -> str:
    """Quote a text as it can be written in the file."""
    if '"' in text or "\\" in text:
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    return f'"{text}"'


def build_colon_hint(at: int, column: int, before: str) -> Hint:
    """Build the hint for a colon (at a line and column from 0) within a text, after some words."""
    excerpt = f" after '{shorten(before)}'" if before.strip() else ""
    what = f"the colon{excerpt} reads as the end of a key, within a text"
    return Hint("colon", at + 1, column + 1, what, QUOTE_IT)


def build_unclosed_hint(at: int, start: int, mark: str) -> Hint:
    """Build the hint for a quote or bracket opened there (from 0) and never closed."""
    what = f"the {MARKS[mark]} opened here is never closed"
    if mark in CLOSES:
        remedy = f"add {CLOSES[mark]} where the list or mapping ends"
    else:
        remedy = f"add {mark} where the text ends"
    return Hint("unclosed", at + 1, start + 1, what, remedy, may_span_lines=True)
