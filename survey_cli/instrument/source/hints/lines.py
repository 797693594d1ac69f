"""Hints found line by line in the text of a YAML file.

It examines text only and never decides whether a file is valid; `parser_errors` keeps the hints that explain the
parser's error.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.instrument.source.comments import find_cut
from survey_cli.instrument.source.hints.brackets import STARTS_WITH_KEY, check_bracketed, check_quoted
from survey_cli.instrument.source.hints.hint import (
    DASH_REMEDY,
    DASH_WITHOUT_SPACE,
    QUOTE_IT,
    Hint,
    build_colon_hint,
    build_cut_hint,
)
from survey_cli.wording import format_quantity, pluralize, shorten

_HEAD: Final = re.compile(
    r"(?P<dashes>(?:-[ ]+)*)"
    r"(?:(?P<key>[^\s\"'#&*!|>%@`\[\]{},?:-][^:#\"]{0,60}?|\"[^\"]*\"|'[^']*')[ ]*:(?:[ ]+|$))?"
)
_KEY_WITHOUT_SPACE: Final = re.compile(r"(?:- +)*([A-Za-z_]\w*):(?=[^\s:/])")
_BLOCK: Final = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])(?: +#.*| *)$")
_NOT_PLAIN: Final = ("", "#", '"', "'", "[", "{")


def find_line_hints(lines: Sequence[str]) -> Iterator[Hint]:
    """Yield every hint that the lines alone give, in order. Comments and block texts are skipped."""
    at = 0
    tabbed_lines: list[int] = []
    above: tuple[int, bool] | None = None  # the last key's column, and whether a plain text may continue below it
    while at < len(lines):
        line = lines[at]
        body = line.lstrip(" ")
        indent = len(line) - len(body)
        if body.startswith("\t"):
            if body.strip() and not body.lstrip().startswith("#"):
                tabbed_lines.append(at + 1)
            at += 1
            continue
        if not body or body.startswith("#"):
            at += 1
            continue
        if above and above[1] and indent > above[0] and not body.startswith("- "):
            if hint := _check_continuation(lines, at, indent, body):
                yield hint
            at += 1
            continue
        if DASH_WITHOUT_SPACE.match(body):
            yield Hint("dash", at + 1, indent + 1, f"'{shorten(body)}' has no space after its dash", DASH_REMEDY)
            at += 1
            continue
        head = _HEAD.match(body)
        start = indent + (head.end() if head else 0)
        key = indent + len(head["dashes"]) if head else indent
        value = line[start:]
        if head and head["key"] is None and (match := _KEY_WITHOUT_SPACE.match(body)):
            yield _build_colon_space_hint(at, indent, match)
        if _BLOCK.match(value):
            at, hint = _check_block(lines, at, key)
            if hint:
                yield hint
            above = None
            continue
        hint, end = _check_value(lines, at, start, key, keyed=bool(head and head["key"]))
        if hint:
            yield hint
        elif end == at and value[:1] not in _NOT_PLAIN and (cut := find_cut(line, start, _get_key(head))):
            yield build_cut_hint(at + 1, cut + 1, line[cut:], _get_key(head), line[start:cut])
        above = (key, bool(value) and value[0] not in "[{\"'#|>" and end == at)
        at = max(end, at) + 1
    if tabbed_lines:
        yield _build_tab_hint(tabbed_lines)


def _get_key(head: re.Match[str] | None) -> str:
    return (head["key"] or "").strip("\"' ") if head else ""


def _build_tab_hint(tabbed_lines: list[int]) -> Hint:
    more = len(tabbed_lines) - 1
    also = f" (and so {pluralize(more, 'is', 'are')} {format_quantity(more, 'more line')})" if more else ""
    remedy = "use spaces: two for each step; most editors can convert tabs to spaces"
    return Hint("tab", tabbed_lines[0], 1, f"line {tabbed_lines[0]} is indented with a tab{also}", remedy)


def _build_colon_space_hint(at: int, indent: int, match: re.Match[str]) -> Hint:
    what = f"'{match[1]}:' has no space after its colon"
    remedy = f"write '{match[1]}: ' with a space"
    return Hint("colon-space", at + 1, indent + match.start(1) + 1, what, remedy, len(match[1]) + 1)


def _check_block(lines: Sequence[str], at: int, key: int) -> tuple[int, Hint | None]:
    """Return the first line after a block text whose key is at column `key`, and a hint about a tab in its margin."""
    hint = None
    at += 1
    while at < len(lines):
        line = lines[at]
        body = line.lstrip(" ")
        if body.startswith("\t") and len(line) - len(body) <= key and body.strip():
            hint = hint or Hint("tab", at + 1, 1, f"line {at + 1} is indented with a tab", "use spaces")
        elif body and len(line) - len(body) <= key:
            break
        at += 1
    return at, hint


def _check_continuation(lines: Sequence[str], at: int, indent: int, body: str) -> Hint | None:
    """Check a line that continues the text above it."""
    if (hash_ := lines[at - 1].find(" #")) >= 0:
        what = "the text ends before this '#', which reads as a comment, but the next line continues"
        return Hint("hash", at, hash_ + 2, what, QUOTE_IT, may_span_lines=True)
    if STARTS_WITH_KEY.match(body):
        what = f"this line is indented more than '{shorten(lines[at - 1])}' above it, and reads as part of it"
        remedy = "align the key with the others of its item; if it is part of the text, put the text in quotes"
        return Hint("indentation", at + 1, indent + 1, what, remedy)
    colon = _find_colon(body, 0)
    return build_colon_hint(at, indent + colon, "") if colon >= 0 else None


def _check_value(lines: Sequence[str], at: int, start: int, key: int, *, keyed: bool) -> tuple[Hint | None, int]:
    """Check the value that starts at column `start` of line `at`; return the hint and the value's last line."""
    line = lines[at]
    value = line[start:]
    first = value[:1]

    def build_hint(rule: str, what: str, remedy: str = QUOTE_IT, length: int = 1) -> tuple[Hint, int]:
        return Hint(rule, at + 1, start + 1, what, remedy, length), at

    match first:
        case "" | "#":
            return None, at
        case '"' | "'":
            return check_quoted(lines, at, start, key)
        case "[" | "{":
            return check_bracketed(lines, at, start, key)
        case "*":
            return build_hint("alias", "a text that begins with '*' reads as YAML's alias")
        case "&":
            return build_hint("anchor", "a text that begins with '&' reads as YAML's anchor")
        case "!":
            return None, at  # a tag: the parser accepts it, the node builder reports it
        case "%" | "@" | "`":
            return build_hint("reserved-start", f"a text can't begin with '{first}'")
        case "|" | ">":
            return build_hint(
                "block-text",
                f"text follows '{first}' on its own line",
                f"begin the text on the next line, indented; if '{first}' belongs to it, {QUOTE_IT}",
            )
        case "-" | "?" if keyed and value[1:2] in ("", " "):
            return build_hint(
                "dash",
                f"'{first} ' can't follow a key on the same line",
                f"begin the list on the next line; if it is a text, {QUOTE_IT}",
            )
        case "," | "]" | "}":
            return build_hint("reserved-start", f"a text can't begin with '{first}'")
    colon = _find_colon(value, 0)
    return (build_colon_hint(at, start + colon, value[:colon]) if colon >= 0 else None), at


def _find_colon(text: str, start: int) -> int:
    """Find a `: `, or a colon at the end, in plain text before any comment; −1 if there is none."""
    comment = text.find(" #", start)
    end = len(text.rstrip()) if comment < 0 else comment
    at = text.find(":", start, end)
    while at >= 0:
        if at + 1 >= end or text[at + 1] in " \t":
            return at
        at = text.find(":", at + 1, end)
    return -1
