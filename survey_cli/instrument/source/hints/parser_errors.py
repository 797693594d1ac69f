"""Plain explanations of YAML syntax errors, supported by the hints that the lines give."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from survey_cli.instrument.source.hints.hint import (
    MARKS,
    QUOTE_IT,
    Hint,
    build_unclosed_hint,
    find_owner,
)
from survey_cli.instrument.source.hints.line_hints import find_line_hints
from survey_cli.problems import Problem
from survey_cli.wording import format_quantity, shorten

_MAX_HINTS: Final = 100
"""Hints reported per file."""

_KEY_AND_COLON: Final = re.compile(r"[^\s:,{}\[\]]+:(?=\S)")
_DASHES: Final = re.compile(r"(?:- +)*(?![{[])")
"""Dashes, unless a bracket follows them: no line is aligned with what is in brackets."""


class _Place(NamedTuple):
    """A line and a column, from 1."""

    line: int
    column: int


class _Failure(NamedTuple):
    """What the parser says of a file that it can't read, in its own words."""

    problem: str
    context: str
    """What it was doing."""
    place: _Place
    """Where it stopped, on a line of the file."""
    opening: _Place
    """Where began what it was doing."""


def explain_parser_error(lines: Sequence[str], error: Any, file: str) -> list[Problem]:
    """Explain the parser's error in plain words, and add every other hint that the lines give.

    A hint above the parser's line is used only if it could have remained unnoticed up to there (an
    open quote or bracket). A hint on the parser's line, or where the parser says something was
    opened, replaces the parser's message.
    """
    hints = list(islice(find_line_hints(lines), _MAX_HINTS))
    failure = _describe_failure(lines, error)
    stop = failure.place.line
    first = stop
    if "simple key" in failure.context or "quoted scalar" in failure.context:
        first = min(failure.opening.line, stop)

    causes = []
    others = []
    for hint in hints:
        is_unnoticed = hint.may_span_lines and hint.line <= stop
        if hint.parser_accepts:
            others.append(hint)
        elif hint.line >= first or is_unnoticed:
            causes.append(hint)

    places = {(hint.line, hint.column) for hint in causes}
    others = [hint for hint in others if (hint.line, hint.column) not in places]
    selected = [*causes, *others]
    if not any(hint.line <= stop for hint in causes):
        selected.append(_build_hint(lines, failure))
    return [hint.build_problem(file, find_owner(lines, hint.line)) for hint in selected]


def _describe_failure(lines: Sequence[str], error: Any) -> _Failure:
    place = _locate(error.problem_mark or error.context_mark, _Place(1, 1))
    if place.line > len(lines):  # the parser may stop below the last line
        place = _Place(len(lines), 1)
    opening = _locate(error.context_mark, _Place(place.line, 1))
    return _Failure(error.problem or "", error.context or "", place, opening)


def _locate(mark: Any, otherwise: _Place) -> _Place:
    """Return the place of a parser's mark."""
    return _Place(mark.line + 1, mark.column + 1) if mark else otherwise


def _build_hint(lines: Sequence[str], failure: _Failure) -> Hint:
    """Build the hint that says what the parser says."""
    # libyaml's errors have no codes: what went wrong is only in its two texts.
    problem = failure.problem
    context = failure.context
    stop, column = failure.place
    if "depth" in problem:  # the parser's own limit, far beyond ours
        what = "lists and mappings are nested too deeply"
        return Hint("too-deep", stop, column, what, "check for an extra bracket or brace")
    if "quoted scalar" in context or "quoted scalar" in problem:
        return _build_quoted_hint(lines, failure)
    if "flow" in context:
        mark = "[" if "sequence" in context else "{"
        return _build_unclosed_hint(lines, failure.opening, mark)
    if "tab" in problem:
        what = f"line {stop} is indented with a tab"
        return Hint("tab", stop, column, what, "use spaces: two for each step")
    if "expected ':'" in problem:
        if failure.opening.line > len(lines):
            return _build_key_hint(lines, failure.place)
        return _build_key_hint(lines, failure.opening)
    reserved = _build_reserved_hint(failure)
    if reserved is not None:
        return reserved

    text = lines[stop - 1]
    has_end_marker = any(line.startswith("...") for line in lines[:stop])
    if "document start" in problem and text[:1] not in " \t" and has_end_marker:
        what = "the file continues after '...', which ends it"
        return Hint("two-documents", stop, column, what, "remove the '...' line")
    indent = len(text) - len(text.lstrip(" "))
    if column == indent + 1 or "document start" in problem:
        return _build_indentation_hint(lines, stop, indent)

    what = f"'{shorten(text[column - 1 :])}' is not valid here"
    remedy = (
        "if it is part of a text, put the whole text in double quotes; "
        "otherwise check the lines just above"
    )
    return Hint("syntax", stop, column, what, remedy)


def _build_quoted_hint(lines: Sequence[str], failure: _Failure) -> Hint:
    """Build the hint for a text in quotes: it is never closed, or a backslash is wrong."""
    problem = failure.problem
    is_escape = "escape" in problem or "digits" in problem or "hexadecimal" in problem
    if not is_escape:
        mark = '"' if "double" in failure.context else ""
        return _build_unclosed_hint(lines, failure.opening, mark)

    # The parser stops behind the backslash.
    line, column = failure.place
    backslash = lines[line - 1].rfind("\\", 0, column) + 1
    what = "a backslash in double quotes must begin a code such as \\n or \\u00e9"
    remedy = "write two backslashes, or put the text in single quotes"
    return Hint("backslash", line, backslash or column, what, remedy)


def _build_reserved_hint(failure: _Failure) -> Hint | None:
    """Build the hint for a text that begins with a mark of YAML; None if it doesn't."""
    context = failure.context
    if "alias" in context:
        what = "a text that begins with '*' reads as YAML's alias"
        return Hint("alias", *failure.opening, what, QUOTE_IT)
    if "anchor" in context:
        what = "a text that begins with '&' reads as YAML's anchor"
        return Hint("anchor", *failure.opening, what, QUOTE_IT)
    if "directive" in context or "directive" in failure.problem:
        what = "a line that begins with '%' reads as a YAML directive"
        return Hint("reserved-start", *failure.place, what, QUOTE_IT)
    if "tag" in context:
        what = "a text that begins with '!' reads as a YAML tag"
        return Hint("tag", *failure.opening, what, QUOTE_IT)
    return None


def _build_key_hint(lines: Sequence[str], place: _Place) -> Hint:
    """Build the hint for a line on which the parser expects a key and a colon."""
    line, column = place
    text = lines[line - 1]
    match = _KEY_AND_COLON.match(text, column - 1)
    if match is not None:
        word = shorten(match[0])
        what = f"'{word}' has no space after its colon"
        remedy = f"write '{word} ' with a space"
        return Hint("colon-space", line, column, what, remedy, len(match[0]))

    what = f"'{shorten(text)}' is neither a 'key: value' nor part of a text"
    remedy = (
        "write it as 'key: value'; if it belongs to the text above, indent it more than that "
        "text's key"
    )
    return Hint("no-key", line, column, what, remedy)


def _build_unclosed_hint(lines: Sequence[str], opening: _Place, mark: str) -> Hint:
    """Build the hint for what was opened there; `mark` is what the parser says it is."""
    line = min(opening.line, len(lines))
    column = opening.column
    opener = lines[line - 1][column - 1 : column]
    if opener not in MARKS:
        opener = mark or '"'
    return build_unclosed_hint(line - 1, column - 1, opener)


def _build_indentation_hint(lines: Sequence[str], stop: int, indent: int) -> Hint:
    """Build the hint for a line that begins at a column at which no line above begins."""
    starts = _find_starts(lines, stop)
    less = max((column for column in starts if column < indent), default=None)
    more = min((column for column in starts if column > indent), default=None)

    comparisons = []
    for word, column in (("more", less), ("less", more)):
        if column is not None:
            spaces = format_quantity(column, "space")
            comparisons.append(f"{word} than line {starts[column]} ({spaces})")

    what = "this line is not aligned with any other line"
    if comparisons:
        spaces = format_quantity(indent, "space")
        what = f"this line is indented by {spaces}: {' but '.join(comparisons)}"
    remedy = "align it exactly with the lines it belongs to"
    return Hint("indentation", stop, indent + 1, what, remedy)


def _find_starts(lines: Sequence[str], stop: int) -> dict[int, int]:
    """Find the columns at which an entry may begin, and the last line above `stop` for each."""
    starts: dict[int, int] = {}
    least = 10**9
    for at in range(stop - 2, -1, -1):
        body = lines[at].lstrip(" ")
        if not body or body.startswith("#"):
            continue

        indent = len(lines[at]) - len(body)
        behind_dashes = indent
        dashes = _DASHES.match(body)
        if dashes is not None:
            behind_dashes += dashes.end()
        # A line that is indented less ends the entries of those above it.
        for column in (behind_dashes, indent):
            if column < least:
                starts.setdefault(column, at + 1)
        least = min(least, indent)
    return starts
