"""Plain explanations of YAML syntax errors, supported by hints found line by line, and within quotes and brackets.

Finding hints examines text only and never decides whether a file is valid; those are kept that explain the error.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from survey_cli.instrument.source.hints import values
from survey_cli.problems import Problem
from survey_cli.wording import format_quantity, pluralize, shorten

_HEAD: Final = re.compile(
    r"(?P<dashes>(?:-[ ]+)*)"
    r"(?:(?P<key>[^\s\"'#&*!|>%@`\[\]{},?:-][^:#\"]{0,60}?|\"[^\"]*\"|'[^']*')[ ]*:(?:[ ]+|$))?"
)
_KEY_WITHOUT_SPACE: Final = re.compile(r"(?:- +)*([A-Za-z_]\w*):(?=[^\s:/])")
_BLOCK: Final = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])(?: +#.*| *)$")
_COLON: Final = re.compile(r":(?=[ \t]|\Z)")
_NOT_PLAIN: Final = ("", "#", '"', "'", "[", "{")


def find_line_hints(lines: Sequence[str]) -> Iterator[values.Hint]:
    """Yield every hint that the lines alone give, in order. Comments and block texts are skipped."""
    following = 0  # the line after what was checked together
    tabbed_lines: list[int] = []
    above: tuple[int, bool] | None = (
        None  # the last key's column, and whether a plain text may continue below it
    )
    for at, line in enumerate(lines):
        if at < following:
            continue
        body = line.lstrip(" ")
        indent = len(line) - len(body)
        if body.startswith("\t"):
            if body.strip() and not body.lstrip().startswith("#"):
                tabbed_lines.append(at + 1)
            continue
        if not body or body.startswith("#"):
            continue
        if above and above[1] and indent > above[0] and not body.startswith("- "):
            if hint := _check_continuation(lines, at, indent, body):
                yield hint
            continue
        if dash := _check_dash(at, indent, body):
            yield dash
            above = None if body[0] != "-" else above
            continue
        head = _HEAD.match(body)
        start = indent + (head.end() if head else 0)
        key = indent + len(head["dashes"]) if head else indent
        value = line[start:]
        if head and head["key"] is None and (match := _KEY_WITHOUT_SPACE.match(body)):
            yield _build_colon_space_hint(at, indent, match)
        if _BLOCK.match(value):
            following, hint = _check_block(lines, at, key)
            if hint:
                yield hint
            above = None
            continue
        hint, end = _check_value(lines, at, start, key, keyed=bool(head and head["key"]))
        if hint:
            yield hint
        elif (
            end == at
            and value[:1] not in _NOT_PLAIN
            and (cut := values.find_cut(line, start, _get_key(head)))
        ):
            yield values.build_cut_hint(
                at + 1, cut + 1, line[cut:], _get_key(head), line[start:cut]
            )
        above = (key, bool(value) and value[0] not in "[{\"'#|>" and end == at)
        following = max(end, at) + 1
    if tabbed_lines:
        yield _build_tab_hint(tabbed_lines)


def _check_dash(at: int, indent: int, body: str) -> values.Hint | None:
    """Check the dash of a list: a word processor makes another sign of it, and a space must follow."""
    if body[0] in "–—−•" and body[1:2] == " ":
        what = f"the line begins with '{body[0]}', which is no dash of YAML"
        return values.Hint(
            "dash", at + 1, indent + 1, what, "write a hyphen: - id: …", may_span_lines=True
        )
    if values.DASH_WITHOUT_SPACE.match(body):
        what = f"'{shorten(body)}' has no space after its dash"
        return values.Hint("dash", at + 1, indent + 1, what, values.DASH_REMEDY)
    return None


def _get_key(head: re.Match[str] | None) -> str:
    return (head["key"] or "").strip("\"' ") if head else ""


def _build_tab_hint(tabbed_lines: list[int]) -> values.Hint:
    more = len(tabbed_lines) - 1
    also = (
        f" (and so {pluralize(more, 'is', 'are')} {format_quantity(more, 'more line')})"
        if more
        else ""
    )
    remedy = "use spaces: two for each step; most editors can convert tabs to spaces"
    return values.Hint(
        "tab", tabbed_lines[0], 1, f"line {tabbed_lines[0]} is indented with a tab{also}", remedy
    )


def _build_colon_space_hint(at: int, indent: int, match: re.Match[str]) -> values.Hint:
    what = f"'{match[1]}:' has no space after its colon"
    remedy = f"write '{match[1]}: ' with a space"
    return values.Hint(
        "colon-space", at + 1, indent + match.start(1) + 1, what, remedy, len(match[1]) + 1
    )


def _check_block(lines: Sequence[str], at: int, key: int) -> tuple[int, values.Hint | None]:
    """Return the first line after a block text whose key is at column `key`, and a hint about a tab in its margin."""
    hint = None
    for n in range(at + 1, len(lines)):
        body = lines[n].lstrip(" ")
        is_in_margin = len(lines[n]) - len(body) <= key
        if body.startswith("\t") and is_in_margin and body.strip():
            hint = hint or values.Hint(
                "tab", n + 1, 1, f"line {n + 1} is indented with a tab", "use spaces"
            )
        elif body and is_in_margin:
            return n, hint
    return len(lines), hint


def _check_continuation(
    lines: Sequence[str], at: int, indent: int, body: str
) -> values.Hint | None:
    """Check a line that continues the text above it."""
    if (hash_ := lines[at - 1].find(" #")) >= 0:
        what = (
            "the text ends before this '#', which reads as a comment, but the next line continues"
        )
        return values.Hint("hash", at, hash_ + 2, what, values.QUOTE_IT, may_span_lines=True)
    if STARTS_WITH_KEY.match(body):
        what = f"this line is indented more than '{shorten(lines[at - 1])}' above it, and reads as part of it"
        remedy = "align the key with the others of its item; if it is part of the text, put the text in quotes"
        return values.Hint("indentation", at + 1, indent + 1, what, remedy)
    colon = _find_colon(body)
    return values.build_colon_hint(at, indent + colon, "") if colon >= 0 else None


def _check_value(
    lines: Sequence[str], at: int, start: int, key: int, *, keyed: bool
) -> tuple[values.Hint | None, int]:
    """Check the value that starts at column `start` of line `at`; return the hint and the value's last line."""
    line = lines[at]
    value = line[start:]
    first = value[:1]

    def build_hint(rule: str, what: str, remedy: str = values.QUOTE_IT) -> tuple[values.Hint, int]:
        return values.Hint(rule, at + 1, start + 1, what, remedy), at

    match first:
        case "" | "#":
            return None, at
        case '"' | "'":
            return check_quoted(lines, at, start, key)
        case "[" | "{":
            return check_bracketed(lines, at, start, key)
        case "“" | "”" | "„" | "‘" | "’" if _COLON.search(value) or " #" in value:
            what = f"'{first}' is no quotation mark of YAML, so that the text is not in quotes"
            return build_hint("colon", what, 'write straight quotes around it: "…"')
        case "*":
            return build_hint("alias", "a text that begins with '*' reads as YAML's alias")
        case "&":
            return build_hint("anchor", "a text that begins with '&' reads as YAML's anchor")
        case "!":
            return None, at  # a tag: the parser accepts it, the node builder reports it
        case "%" | "@" | "`":
            return build_hint("reserved-start", f"a text can't begin with '{first}'")
        case "|" | ">":
            remedy = f"begin the text on the next line, indented; if '{first}' belongs to it, {values.QUOTE_IT}"
            return build_hint("block-text", f"text follows '{first}' on its own line", remedy)
        case "-" | "?" if keyed and value[1:2] in ("", " "):
            remedy = f"begin the list on the next line; if it is a text, {values.QUOTE_IT}"
            return build_hint("dash", f"'{first} ' can't follow a key on the same line", remedy)
        case "," | "]" | "}":
            return build_hint("reserved-start", f"a text can't begin with '{first}'")
    colon = _find_colon(value)
    return (values.build_colon_hint(at, start + colon, value[:colon]) if colon >= 0 else None), at


def _find_colon(text: str) -> int:
    """Find a `: `, or a colon at the end, in plain text before any comment; −1 if there is none."""
    comment = text.find(" #")
    colon = _COLON.search(text, 0, len(text.rstrip()) if comment < 0 else comment)
    return colon.start() if colon else -1


STARTS_WITH_KEY: Final = re.compile(
    r"(?:- +)*(?:[A-Za-z_][\w.-]*|-?\d+|\"[^\"]*\"|'[^']*') *:(?: |$)"
)
"""A line, or the rest of one, that begins with a key."""
_COMMENT: Final = re.compile(r"\s*(?:#.*)?$")


def check_quoted(
    lines: Sequence[str], at: int, start: int, key: int
) -> tuple[values.Hint | None, int]:
    """Check a quoted value whose key is at column `key`; return the hint and the value's last line."""
    end, closing = _find_closing_quote(lines, at, start, key)
    if closing < 0:
        return values.build_unclosed_hint(at, start, lines[at][start]), end
    if _COMMENT.fullmatch(lines[end], closing + 1):
        return None, end
    return _build_after_quote_hint(lines, end, closing, lines[at][start]), end


_REST_OF_QUOTED: Final = {'"': re.compile(r'(?:\\.|[^"\\])*+"'), "'": re.compile(r"(?:''|[^'])*+'")}
"""What follows an opening quote on the line on which it is closed."""


def _find_closing_quote(lines: Sequence[str], at: int, start: int, key: int) -> tuple[int, int]:
    """Find the line and column at which the quote opened there closes.

    The column is −1 if it does not, and the line is then the last before that which begins something new.
    """
    rest = _REST_OF_QUOTED[lines[at][start]]
    closed = rest.match(lines[at], start + 1)
    while closed is None:
        at += 1
        if at >= len(lines) or _starts_entry(lines[at], key):
            return at - 1, -1
        closed = rest.match(lines[at])
    return at, closed.end() - 1


def _starts_entry(line: str, key: int) -> bool:
    """Return whether a line looks like a key or list entry at column `key` or left of it, where a text must end."""
    body = line.lstrip(" ")
    return (
        bool(body)
        and len(line) - len(body) <= key
        and bool(STARTS_WITH_KEY.match(body) or body.startswith("- "))
    )


def _build_after_quote_hint(
    lines: Sequence[str], line: int, column: int, quote: str
) -> values.Hint:
    text = lines[line]
    if quote == "'" and text[column + 1 : column + 2].isalnum():
        what = "the apostrophe ends the text here, which is in single quotes"
        remedy = "double the apostrophe ('') or put the text in double quotes instead"
        return values.Hint("apostrophe", line + 1, column + 1, what, remedy, may_span_lines=True)
    rest = shorten(text[column + 1 :])
    remedy = "begin and end the whole text with single quotes" if quote == '"' else values.QUOTE_IT
    what = f"the quoted text has ended, but '{rest}' follows"
    remedy = f"{remedy}, so that the quotes within belong to it"
    return values.Hint(
        "after-quote", line + 1, column + 2, what, remedy, max(1, len(rest)), may_span_lines=True
    )


def check_bracketed(
    lines: Sequence[str], at: int, start: int, key: int
) -> tuple[values.Hint | None, int]:
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
        if column >= len(text) or (
            text[column] == "#" and (column == 0 or text[column - 1] in " \t")
        ):
            line, column = line + 1, 0
            if line >= len(lines) or _starts_entry(lines[line], min(key, start - 1)):
                at, start = open_brackets[-1]
                return values.build_unclosed_hint(at, start, lines[at][start]), line - 1
            continue
        letter = text[column]
        if letter in " \t":
            column += 1
        elif letter in values.CLOSES and entry:
            open_brackets.append((line, column))
            column, keyed = column + 1, False
        elif letter in values.CLOSES:
            return _build_inner_bracket_hint(line, column, text), line
        elif letter in "]}":
            where = open_brackets.pop()
            opener = lines[where[0]][where[1]]
            if values.CLOSES[opener] != letter:
                return values.build_unclosed_hint(*where, opener), line
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
            return values.Hint("comma", line + 1, column + 1, what, remedy), line
        else:
            hint, column = _check_flow_plain(text, line, column, keyed=keyed)
            if hint:
                return hint, line
            entry, plain = False, True


def _check_flow_plain(
    text: str, line: int, column: int, *, keyed: bool
) -> tuple[values.Hint | None, int]:
    """Check a plain entry within brackets; return the hint and where the entry ends."""
    start = column
    while column < len(text) and text[column] not in ",]}":
        if text[column] in "[{":
            return _build_inner_bracket_hint(line, column, text), column
        if text[column] == ":" and text[column + 1 : column + 2] in ("", " ", ",", "]", "}"):
            if keyed:
                return values.build_colon_hint(line, column, text[start:column]), column
            break
        if text[column] == "#" and text[column - 1] in " \t":
            before, rest = text[start : column - 1], text[column - 1 :]
            if keyed and before[-1:] not in ("", " ") and rest.rstrip()[-1] in "]}":
                hint = values.build_cut_hint(line + 1, column, rest)
                return hint._replace(may_span_lines=True, parser_accepts=False), column
            break
        column += 1
    return None, column


def _build_inner_bracket_hint(line: int, column: int, text: str) -> values.Hint:
    letter = text[column]
    end = text.find(values.CLOSES[letter], column)
    excerpt = text[column : end + 1] if end >= 0 else letter
    kind = "fill" if letter == "{" else "list"
    what = f"'{shorten(excerpt)}' needs quotes in a text or condition inside braces"
    remedy = f"put the whole text or condition that the {kind} belongs to in double quotes"
    return values.Hint("brackets-in-braces", line + 1, column + 1, what, remedy, len(excerpt))


def _check_flow_quoted(
    lines: Sequence[str], at: int, start: int, key: int
) -> tuple[values.Hint | None, int, int]:
    """Check a quoted entry within brackets; return the hint and the line and column after it."""
    quote = lines[at][start]
    line, closing = _find_closing_quote(lines, at, start, key)
    if closing < 0:
        return values.build_unclosed_hint(at, start, quote), line, start
    rest = lines[line][closing + 1 :].lstrip()
    is_odd = rest and rest[0] not in ",]}:#"
    return (
        _build_after_quote_hint(lines, line, closing, quote) if is_odd else None,
        line,
        closing + 1,
    )


def _check_after_bracket(
    lines: Sequence[str], start: tuple[int, int], end: tuple[int, int]
) -> values.Hint | None:
    """Check what follows a closed bracket: nothing, a comment, or the text that the bracket was meant to begin."""
    text = lines[end[0]]
    rest = text[end[1] :]
    if _COMMENT.fullmatch(rest) or rest.lstrip().startswith(":"):
        return None
    opener = lines[start[0]][start[1]]
    if rest.lstrip()[0] in "]}":
        what = f"'{rest.lstrip()[0]}' closes what was never opened"
        remedy = "remove it, or add what opens it"
        return values.Hint(
            "unopened", end[0] + 1, end[1] + len(rest) - len(rest.lstrip()) + 1, what, remedy
        )
    excerpt = shorten(lines[start[0]][start[1] : end[1]] if start[0] == end[0] else opener)
    if opener == "{":
        what = f"a text that begins with '{excerpt}' reads as a YAML mapping in braces"
        return values.Hint(
            "fill-at-start", start[0] + 1, start[1] + 1, what, values.QUOTE_IT, len(excerpt)
        )
    what = f"a text that begins with '{excerpt}' reads as a YAML list"
    return values.Hint(
        "bracket-at-start", start[0] + 1, start[1] + 1, what, values.QUOTE_IT, len(excerpt)
    )


_MAX_HINTS: Final = 100
"""Hints reported per file."""


def explain_parser_error(lines: Sequence[str], error: Any, file: str) -> list[Problem]:
    """Explain the parser's error in plain words, and add every other hint that the lines give.

    A hint above the parser's line is used only if it could have remained unnoticed up to there (an open quote or
    bracket). A hint on the parser's line, or where the parser says something was opened, replaces the parser's message.
    """
    hints = list(islice(find_line_hints(lines), _MAX_HINTS))
    context, opening = error.context or "", _locate(error.context_mark, (0, 0))
    line, _ = _locate(error.problem_mark or error.context_mark, (1, 1))
    stop = min(line, len(lines)) if line else 1
    first = min(opening[0] if "simple key" in context or "quoted scalar" in context else stop, stop)
    causes = [hint for hint in hints if not hint.parser_accepts]
    selected = [
        hint for hint in causes if hint.line >= first or (hint.may_span_lines and hint.line <= stop)
    ]
    positions = {hint[1:3] for hint in selected}
    selected += [hint for hint in hints if hint.parser_accepts and hint[1:3] not in positions]
    if not any(hint.line <= stop and not hint.parser_accepts for hint in selected):
        selected.append(_build_hint(lines, error, stop))
    return [hint.build_problem(file, values.find_owner(lines, hint.line)) for hint in selected]


def _locate(mark: Any, otherwise: tuple[int, int]) -> tuple[int, int]:
    """Return line and column of a parser's mark, from 1."""
    return (mark.line + 1, mark.column + 1) if mark else otherwise


def _build_hint(lines: Sequence[str], error: Any, stop: int) -> values.Hint:
    # libyaml's errors have no codes: what went wrong is only in its two texts.
    what = error.problem or ""
    context = error.context or ""
    line, column = _locate(error.problem_mark or error.context_mark, (1, 1))
    position = (stop, column if line <= len(lines) else 1)
    opening = _locate(error.context_mark, (stop, 1))
    text = lines[stop - 1] if lines else ""
    indent = len(text) - len(text.lstrip(" "))
    if "depth" in what:  # the parser's own limit, far beyond ours
        what = "lists and mappings are nested too deeply"
        return values.Hint("too-deep", *position, what, "check for an extra bracket or brace")
    if "quoted scalar" in context or "quoted scalar" in what:
        if "escape" in what or "digits" in what or "hexadecimal" in what:
            position = (stop, text.rfind("\\", 0, position[1]) + 1 or position[1])
            what = "a backslash in double quotes must begin a code such as \\n or \\u00e9"
            return values.Hint(
                "backslash",
                *position,
                what,
                "write two backslashes, or put the text in single quotes",
            )
        return _build_unclosed_hint(lines, *opening, '"' if "double" in context else "")
    if "flow" in context:
        return _build_unclosed_hint(lines, *opening, "[" if "sequence" in context else "{")
    if "tab" in what:
        return values.Hint(
            "tab", *position, f"line {stop} is indented with a tab", "use spaces: two for each step"
        )
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
            return values.Hint(
                rule,
                *at,
                f"{subject} that begins with '{mark}' reads as {reads_as}",
                values.QUOTE_IT,
            )
    if (
        "document start" in what
        and text[:1] not in " \t"
        and any(line.startswith("...") for line in lines[:stop])
    ):
        what = "the file continues after '...', which ends it"
        return values.Hint("two-documents", *position, what, "remove the '...' line")
    if position[1] == indent + 1 or "document start" in what:
        return _build_indentation_hint(lines, stop, indent)
    remedy = "if it is part of a text, put the whole text in double quotes; otherwise check the lines just above"
    return values.Hint(
        "syntax", *position, f"'{shorten(text[position[1] - 1 :])}' is not valid here", remedy
    )


def _build_key_hint(lines: Sequence[str], line: int, column: int) -> values.Hint:
    text = lines[line - 1] if lines else ""
    if match := re.match(r"[^\s:,{}\[\]]+:(?=\S)", text[column - 1 :]):
        word = shorten(match[0])
        what, remedy = f"'{word}' has no space after its colon", f"write '{word} ' with a space"
        return values.Hint("colon-space", line, column, what, remedy, len(match[0]))
    remedy = "write it as 'key: value'; if it belongs to the text above, indent it more than that text's key"
    what = f"'{shorten(text)}' is neither a 'key: value' nor part of a text"
    return values.Hint("no-key", line, column, what, remedy)


def _build_unclosed_hint(lines: Sequence[str], line: int, column: int, mark: str) -> values.Hint:
    line = min(max(line, 1), max(len(lines), 1))
    opener = lines[line - 1][column - 1 : column] if lines else mark
    return values.build_unclosed_hint(
        line - 1, column - 1, opener if opener in values.MARKS else mark or '"'
    )


def _build_indentation_hint(lines: Sequence[str], stop: int, indent: int) -> values.Hint:
    """Build the hint for a line that begins at a column where no line above begins."""
    starts: dict[int, int] = {}
    least = 10**9
    for at in range(stop - 2, -1, -1):
        body = lines[at].lstrip(" ")
        if not body or body.startswith("#"):
            continue
        indentation = len(lines[at]) - len(body)
        dashes = re.match(
            r"(?:- +)*(?![{[])", body
        )  # nothing is aligned with what is in brackets behind a dash
        for column in (indentation + (dashes.end() if dashes else 0), indentation):
            if column < least:
                starts.setdefault(column, at + 1)
        least = min(least, indentation)
    less = max((c for c in starts if c < indent), default=None)
    more = min((c for c in starts if c > indent), default=None)
    comparisons = [
        f"{word} than line {starts[column]} ({format_quantity(column, 'space')})"
        for word, column in (("more", less), ("less", more))
        if column is not None
    ]
    what = "this line is not aligned with any other line"
    if comparisons:
        what = f"this line is indented by {format_quantity(indent, 'space')}: {' but '.join(comparisons)}"
    return values.Hint(
        "indentation", stop, indent + 1, what, "align it exactly with the lines it belongs to"
    )
