"""Plain explanations of YAML syntax errors, supported by the hints found in the file's lines."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from survey_cli.instrument.source.hints.hint import MARKS, QUOTE_IT, Hint, build_unclosed_hint, find_owner
from survey_cli.problems import Position, Problem
from survey_cli.wording import format_quantity, shorten

_MAX_HINTS: Final = 100
"""Hints reported per file."""


class ParserMessage(NamedTuple):
    """A YAML parser's error message and its positions (lines and columns from 1)."""

    what: str
    line: int
    column: int
    context: str = ""
    context_line: int = 0
    context_column: int = 0


def explain_parser_error(lines: Sequence[str], message: ParserMessage, file: str) -> list[Problem]:
    """Explain the syntax error in plain words, and add every other hint that the lines give.

    A hint above the parser's line is used only if it could have remained unnoticed up to there (an open quote or
    bracket). A hint on the parser's line, or where the parser says something was opened, replaces the parser's message.
    """
    from survey_cli.instrument.source.hints.lines import (
        find_line_hints,  # not imported for a file without errors
    )

    hints = list(islice(find_line_hints(lines), _MAX_HINTS))
    stop = min(message.line, len(lines)) if message.line else 1
    first_possible = (
        message.context_line if "simple key" in message.context or "quoted scalar" in message.context else stop
    )
    first = min(first_possible, stop)
    selected = [
        hint
        for hint in hints
        if not hint.parser_accepts and (hint.line >= first or (hint.may_span_lines and hint.line <= stop))
    ]
    positions = {hint[1:3] for hint in selected}
    selected += [hint for hint in hints if hint.parser_accepts and hint[1:3] not in positions]
    if not any(hint.line <= stop and not hint.parser_accepts for hint in selected):
        selected.append(_build_hint(lines, message, stop))
    return [
        Problem(
            hint.rule,
            Position(file, hint.line, hint.column),
            find_owner(lines, hint.line),
            hint.what,
            hint.remedy,
            "error",
            hint.length,
        )
        for hint in selected
    ]


def _build_hint(lines: Sequence[str], message: ParserMessage, stop: int) -> Hint:
    what, context = message.what, message.context
    position = (stop, max(1, message.column) if message.line <= len(lines) else 1)
    opening = (message.context_line or stop, message.context_column or 1)
    text = lines[stop - 1] if lines else ""
    indent = len(text) - len(text.lstrip(" "))
    if "depth" in what:  # the parser's own limit, far beyond ours
        what = "lists and mappings are nested too deeply"
        return Hint("too-deep", *position, what, "check for an extra bracket or brace")
    if "quoted scalar" in context or "quoted scalar" in what:
        if "escape" in what or "digits" in what or "hexadecimal" in what:
            position = (stop, text.rfind("\\", 0, position[1]) + 1 or position[1])
            what = "a backslash in double quotes must begin a code such as \\n or \\u00e9"
            return Hint("backslash", *position, what, "write two backslashes, or put the text in single quotes")
        return _build_unclosed_hint(lines, *opening, '"' if "double" in context else "")
    if "flow" in context:
        return _build_unclosed_hint(lines, *opening, "[" if "sequence" in context else "{")
    if "tab" in what:
        return Hint("tab", *position, f"line {stop} is indented with a tab", "use spaces: two for each step")
    if "expected ':'" in what:
        return _build_key_hint(lines, *(opening if opening[0] <= len(lines) else position))
    for word, rule, mark, at in (
        ("alias", "alias", "*", opening),
        ("anchor", "anchor", "&", opening),
        ("directive", "reserved-start", "%", position),
        ("tag", "tag", "!", opening),
    ):
        if word in context or (word == "directive" and word in what):
            subject = "a line" if word == "directive" else "a text"
            reads_as = f"YAML's {word}" if word in ("alias", "anchor") else f"a YAML {word}"
            return Hint(rule, *at, f"{subject} that begins with '{mark}' reads as {reads_as}", QUOTE_IT)
    if "document start" in what and text[:1] not in " \t" and any(line.startswith("...") for line in lines[:stop]):
        what = "the file continues after '...', which ends it"
        return Hint("two-documents", *position, what, "remove the '...' line")
    if position[1] == indent + 1 or "document start" in what:
        return _build_indentation_hint(lines, stop, indent)
    remedy = "if it is part of a text, put the whole text in double quotes; otherwise check the lines just above"
    return Hint("syntax", *position, f"'{shorten(text[position[1] - 1 :])}' is not valid here", remedy)


def _build_key_hint(lines: Sequence[str], line: int, column: int) -> Hint:
    text = lines[line - 1] if lines else ""
    if match := re.match(r"[^\s:,{}\[\]]+:(?=\S)", text[column - 1 :]):
        what = f"'{shorten(match[0])}' has no space after its colon"
        return Hint("colon-space", line, column, what, f"write '{shorten(match[0])} ' with a space", len(match[0]))
    remedy = "write it as 'key: value'; if it belongs to the text above, indent it more than that text's key"
    return Hint("no-key", line, column, f"'{shorten(text)}' is neither a 'key: value' nor part of a text", remedy)


def _build_unclosed_hint(lines: Sequence[str], line: int, column: int, mark: str) -> Hint:
    line = min(max(line, 1), max(len(lines), 1))
    opener = lines[line - 1][column - 1 : column] if lines else mark
    return build_unclosed_hint(
        [" " * (column - 1) + (opener if opener in MARKS else mark or '"')], 0, column - 1
    )._replace(line=line)


def _build_indentation_hint(lines: Sequence[str], stop: int, indent: int) -> Hint:
    """Build the hint for a line that begins at a column where no line above begins."""
    starts: dict[int, int] = {}
    least = 10**9
    for at in range(stop - 2, -1, -1):
        body = lines[at].lstrip(" ")
        if not body or body.startswith("#"):
            continue
        indentation = len(lines[at]) - len(body)
        dashes = re.match(r"(?:- +)*", body)
        text_column = indentation + (dashes.end() if dashes else 0)
        for column in (text_column, indentation):
            if column < least:
                starts.setdefault(column, at + 1)
        least = min(least, indentation)
        if least == 0:
            break
    less = max((c for c in starts if c < indent), default=None)
    more = min((c for c in starts if c > indent), default=None)
    comparisons = [
        f"{word} than line {starts[column]} ({_format_spaces(column)})"
        for word, column in (("more", less), ("less", more))
        if column is not None
    ]
    what = (
        f"this line is indented by {format_quantity(indent, 'space')}: {' but '.join(comparisons)}"
        if comparisons
        else "this line is not aligned with any other line"
    )
    return Hint("indentation", stop, indent + 1, what, "align it exactly with the lines it belongs to")


def _format_spaces(count: int) -> str:
    return "1 space" if count == 1 else f"{count} spaces"
