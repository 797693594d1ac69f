"""Hints about quoted values and values in brackets or braces: where they end, and what is wrong in them.

Each function examines one value, over as many lines as it has.
"""

import re
from collections.abc import Sequence
from typing import Final

from survey_cli.instrument.source.hints.hint import (
    CLOSES,
    QUOTE_IT,
    Hint,
    build_colon_hint,
    build_cut_hint,
    build_unclosed_hint,
)
from survey_cli.wording import shorten

STARTS_WITH_KEY: Final = re.compile(r"(?:- +)*(?:[A-Za-z_][\w.-]*|-?\d+|\"[^\"]*\"|'[^']*') *:(?: |$)")
"""A line, or the rest of one, that begins with a key."""
_COMMENT: Final = re.compile(r"\s*(?:#.*)?$")


def check_quoted(lines: Sequence[str], at: int, start: int, key: int) -> tuple[Hint | None, int]:
    """Check a quoted value whose key is at column `key`; return the hint and the value's last line."""
    quote = lines[at][start]
    end, closing = at, _find_closing_quote(lines[at], start + 1, quote)
    while closing < 0:
        end += 1
        if end >= len(lines) or _starts_entry(lines[end], key):
            hint = build_unclosed_hint(lines, at, start)
            return hint, end - 1  # the next line is examined as the start of something new
        closing = _find_closing_quote(lines[end], 0, quote)
    if _COMMENT.fullmatch(lines[end], closing + 1):
        return None, end
    return _build_after_quote_hint(lines, end, closing, quote), end


def _find_closing_quote(line: str, start: int, quote: str) -> int:
    """Find where the quote opened before `start` closes on this line; −1 if it does not."""
    at = start
    while at < len(line):
        letter = line[at]
        if letter == "\\" and quote == '"':
            at += 1
        elif letter == quote:
            if quote == "'" and line[at + 1 : at + 2] == "'":
                at += 1
            else:
                return at
        at += 1
    return -1


def _starts_entry(line: str, key: int) -> bool:
    """Return whether a line looks like a key or list entry at column `key` or left of it, where a text must end."""
    body = line.lstrip(" ")
    return bool(body) and len(line) - len(body) <= key and bool(STARTS_WITH_KEY.match(body) or body.startswith("- "))


def _build_after_quote_hint(lines: Sequence[str], line: int, column: int, quote: str) -> Hint:
    text = lines[line]
    if quote == "'" and text[column + 1 : column + 2].isalnum():
        what = "the apostrophe ends the text here, which is in single quotes"
        remedy = "double the apostrophe ('') or put the text in double quotes instead"
        return Hint("apostrophe", line + 1, column + 1, what, remedy, may_span_lines=True)
    rest = shorten(text[column + 1 :])
    remedy = "begin and end the whole text with single quotes" if quote == '"' else QUOTE_IT
    what = f"the quoted text has ended, but '{rest}' follows"
    remedy = f"{remedy}, so that the quotes within belong to it"
    return Hint("after-quote", line + 1, column + 2, what, remedy, max(1, len(rest)), may_span_lines=True)


def check_bracketed(lines: Sequence[str], at: int, start: int, key: int) -> tuple[Hint | None, int]:
    """Check a bracketed value; return the hint and the value's last line.

    A bracket inside counts only where an entry begins.
    """
    open_brackets: list[tuple[int, int]] = []
    line, column = at, start
    entry = True  # an entry, key or value may begin here
    keyed = False  # what begins here is a key's value
    plain = False  # an unquoted text may continue here, on another line
    while True:
        text = lines[line]
        if column >= len(text) or (text[column] == "#" and (column == 0 or text[column - 1] in " \t")):
            line, column = line + 1, 0
            if line >= len(lines) or _starts_entry(lines[line], min(key, start - 1)):
                return build_unclosed_hint(lines, *open_brackets[-1]), line - 1
            continue
        letter = text[column]
        if letter in " \t":
            column += 1
        elif letter in CLOSES and entry:
            open_brackets.append((line, column))
            column, keyed = column + 1, False
        elif letter in CLOSES:
            return _build_inner_bracket_hint(line, column, text), line
        elif letter in "]}":
            where = open_brackets.pop()
            if CLOSES[lines[where[0]][where[1]]] != letter:
                return build_unclosed_hint(lines, *where), line
            column += 1
            entry = plain = False
            if not open_brackets:
                return _check_after_bracket(lines, (at, start), (line, column)), line
        elif letter == "," or (
            letter == ":" and (column + 1 >= len(text) or text[column + 1] in " ,[]{}" or not entry)
        ):
            column, entry, keyed = column + 1, True, letter == ":"
        elif letter in "\"'" and entry:
            hint, line, column = _check_flow_quoted(lines, line, column, key)
            if hint:
                return hint, line
            entry = plain = False
        elif not entry and (not plain or STARTS_WITH_KEY.match(text, column)):
            what = f"a comma is missing before '{shorten(text[column:])}'"
            remedy = "put a comma between the entries; if it is all one text, put it in quotes"
            return Hint("comma", line + 1, column + 1, what, remedy), line
        else:
            hint, column = _check_flow_plain(text, line, column, keyed=keyed)
            if hint:
                return hint, line
            entry, plain = False, True


def _check_flow_plain(text: str, line: int, column: int, *, keyed: bool) -> tuple[Hint | None, int]:
    """Check a plain entry within brackets; return the hint and where the entry ends."""
    start = column
    while column < len(text) and text[column] not in ",]}":
        if text[column] in "[{":
            return _build_inner_bracket_hint(line, column, text), column
        if text[column] == ":" and text[column + 1 : column + 2] in ("", " ", ",", "]", "}"):
            if keyed:
                return build_colon_hint(line, column, text[start:column]), column
            break
        if text[column] == "#" and text[column - 1] in " \t":
            before, rest = text[start : column - 1], text[column - 1 :]
            if keyed and before[-1:] not in ("", " ") and rest.rstrip()[-1] in "]}":
                return build_cut_hint(line + 1, column, rest)._replace(
                    may_span_lines=True, parser_accepts=False
                ), column
            break
        column += 1
    return None, column


def _build_inner_bracket_hint(line: int, column: int, text: str) -> Hint:
    letter = text[column]
    end = text.find(CLOSES[letter], column)
    excerpt = text[column : end + 1] if end >= 0 else letter
    kind = "fill" if letter == "{" else "list"
    what = f"'{shorten(excerpt)}' needs quotes in a text or condition inside braces"
    remedy = f"put the whole text or condition that the {kind} belongs to in double quotes"
    return Hint("brackets-in-braces", line + 1, column + 1, what, remedy, len(excerpt))


def _check_flow_quoted(lines: Sequence[str], at: int, start: int, key: int) -> tuple[Hint | None, int, int]:
    """Check a quoted entry within brackets; return the hint and the line and column after it."""
    quote = lines[at][start]
    line, closing = at, _find_closing_quote(lines[at], start + 1, quote)
    while closing < 0:
        line += 1
        if line >= len(lines) or _starts_entry(lines[line], key):
            return build_unclosed_hint(lines, at, start), line - 1, start
        closing = _find_closing_quote(lines[line], 0, quote)
    rest = lines[line][closing + 1 :].lstrip()
    if rest and rest[0] not in ",]}:#":
        return _build_after_quote_hint(lines, line, closing, quote), line, closing + 1
    return None, line, closing + 1


def _check_after_bracket(lines: Sequence[str], start: tuple[int, int], end: tuple[int, int]) -> Hint | None:
    """Check what follows a closed bracket: nothing, a comment, or the text that the bracket was meant to begin."""
    text = lines[end[0]]
    rest = text[end[1] :]
    if _COMMENT.fullmatch(rest) or rest.lstrip().startswith(":"):
        return None
    opener = lines[start[0]][start[1]]
    if rest.lstrip()[0] in "]}":
        what = f"'{rest.lstrip()[0]}' closes what was never opened"
        remedy = "remove it, or add what opens it"
        return Hint("unopened", end[0] + 1, end[1] + len(rest) - len(rest.lstrip()) + 1, what, remedy)
    excerpt = shorten(lines[start[0]][start[1] : end[1]] if start[0] == end[0] else opener)
    if opener == "{":
        what = f"a text that begins with '{excerpt}' reads as a YAML mapping in braces"
        return Hint("fill-at-start", start[0] + 1, start[1] + 1, what, QUOTE_IT, len(excerpt))
    what = f"a text that begins with '{excerpt}' reads as a YAML list"
    return Hint("bracket-at-start", start[0] + 1, start[1] + 1, what, QUOTE_IT, len(excerpt))
