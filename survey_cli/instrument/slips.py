"""Why does this line not read as the designer meant it? Finds slips of the pen, line by line.

It looks at text only: it opens no file, calls no parser, never says whether a file is valid. What it finds is
a likely slip; `syntax` keeps those that a parser could not have passed over.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from survey_cli.instrument.comments import cut_at

QUOTE_IT: Final = "put the whole text in double quotes"


class Slip(NamedTuple):
    """One line's slip; `spans` is True where it can hide for many lines before a parser notices, `passes` where no
    parser ever does."""

    rule: str
    line: int
    column: int
    what: str
    remedy: str
    length: int = 1
    spans: bool = False
    passes: bool = False


_HEAD: Final = re.compile(
    r"(?P<dashes>(?:-[ ]+)*)"
    r"(?:(?P<key>[^\s\"'#&*!|>%@`\[\]{},?:-][^:#\"]{0,60}?|\"[^\"]*\"|'[^']*')[ ]*:(?:[ ]+|$))?"
)
_KEYED: Final = re.compile(r"(?:- +)*(?:[A-Za-z_][\w.-]*|-?\d+|\"[^\"]*\"|'[^']*') *:(?: |$)")
_GLUED: Final = re.compile(r"(?:- +)*([A-Za-z_]\w*):(?=[^\s:/])")
_BLOCK: Final = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])(?: +#.*| *)$")
_DASHED: Final = re.compile(r"-[^\W\d]")
_COMMENT: Final = re.compile(r"\s*(?:#.*)?$")
_ID: Final = re.compile(r"(?:^|[\s{,-])id: *[\"']?(\w+)")
_SHORT: Final = 48
_LOOK_BACK: Final = 500  # lines, and letters of a line: no item is longer
_OPEN: Final = {"[": "]", "{": "}"}
_NOT_PLAIN: Final = ("", "#", '"', "'", "[", "{")
MARKS: Final = {"[": "bracket", "{": "brace", '"': "double quote", "'": "single quote"}


def shorten(text: str) -> str:
    """A text as it is quoted within a problem: one line, not longer than a glance."""
    text = " ".join(text.split())
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def owner(lines: Sequence[str], line: int) -> str:
    """The id of the item that line `line` (from 1) stands in, or the key of its section of the file."""
    last = min(line, len(lines)) - 1
    for at in range(last, max(-1, last - _LOOK_BACK), -1):
        text = lines[at][:_LOOK_BACK]
        if found := _ID.search(text):
            return found[1]
        if text[:1].isalpha() and ":" in text:
            return text.partition(":")[0] if at < line - 1 else ""
        if at == line - 1 and text[:1] not in " \t-#":
            return ""
    return ""


# ── one line, or the few lines that a value spans ──────────────────────────────────────────────────────────


def line_slips(lines: Sequence[str]) -> Iterator[Slip]:
    """Every slip that can be told from the lines alone, in order. Skips comments and block texts."""
    at = 0
    tabbed: list[int] = []
    above: tuple[int, bool] | None = (
        None  # the last key's column, and whether a plain text may go on below it
    )
    while at < len(lines):
        line = lines[at]
        body = line.lstrip(" ")
        indent = len(line) - len(body)
        if body.startswith("\t"):
            if body.strip() and not body.lstrip().startswith("#"):
                tabbed.append(at + 1)
            at += 1
            continue
        if not body or body.startswith("#"):
            at += 1
            continue
        if above and above[1] and indent > above[0] and not body.startswith("- "):
            if slip := _continued(lines, at, indent, body):
                yield slip
            at += 1
            continue
        if _DASHED.match(body):
            yield Slip(
                "dash",
                at + 1,
                indent + 1,
                f"'{shorten(body)}' has no space after its dash",
                "write '- ' with a space before the text of a list's entry",
            )
            at += 1
            continue
        head = _HEAD.match(body)
        start = indent + (head.end() if head else 0)
        key = indent + len(head["dashes"]) if head else indent
        value = line[start:]
        if head and head["key"] is None and (glued := _GLUED.match(body)):
            yield _glued(at, indent, glued)
        if _BLOCK.match(value):
            at, slip = _block(lines, at, key)
            if slip:
                yield slip
            above = None
            continue
        slip, end = _value(lines, at, start, key, keyed=bool(head and head["key"]))
        if slip:
            yield slip
        elif end == at and value[:1] not in _NOT_PLAIN and (found := cut_at(line, start, _key(head))):
            yield cut(at + 1, found + 1, line[found:])
        above = (key, bool(value) and value[0] not in "[{\"'#|>" and end == at)
        at = max(end, at) + 1
    if tabbed:
        yield _tabs(tabbed)


def cut(line: int, column: int, rest: str) -> Slip:
    """The slip of a text that ends before `rest`, which begins with ` #` at that line and column (from 1)."""
    what = f"the text ends before '{shorten(rest.strip())}', which reads as a comment"
    remedy = f"if it belongs to the text, {QUOTE_IT}; a comment wants two spaces before its # and one after"
    return Slip("hash", line, column + 1, what, remedy, len(rest) - 1, passes=True)


def _key(head: re.Match[str] | None) -> str:
    return (head["key"] or "").strip("\"' ") if head else ""


def _tabs(tabbed: list[int]) -> Slip:
    more = len(tabbed) - 1
    also = f" (and so {'is 1 more line' if more == 1 else f'are {more} more lines'})" if more else ""
    return Slip(
        "tab",
        tabbed[0],
        1,
        f"line {tabbed[0]} is indented with a tab{also}",
        "use spaces: two for each step; most editors can convert tabs to spaces",
    )


def _glued(at: int, indent: int, found: re.Match[str]) -> Slip:
    return Slip(
        "colon-space",
        at + 1,
        indent + found.start(1) + 1,
        f"'{found[1]}:' has no space after its colon",
        f"write '{found[1]}: ' with a space",
        len(found[1]) + 1,
    )


def _block(lines: Sequence[str], at: int, key: int) -> tuple[int, Slip | None]:
    """The first line after a block text whose key stands at column `key`, and a tab within its margin."""
    slip = None
    at += 1
    while at < len(lines):
        line = lines[at]
        body = line.lstrip(" ")
        if body.startswith("\t") and len(line) - len(body) <= key and body.strip():
            slip = slip or Slip("tab", at + 1, 1, f"line {at + 1} is indented with a tab", "use spaces")
        elif body and len(line) - len(body) <= key:
            break
        at += 1
    return at, slip


def _continued(lines: Sequence[str], at: int, indent: int, body: str) -> Slip | None:
    """A line that continues the text above it, and can't."""
    if (hash_ := lines[at - 1].find(" #")) >= 0:
        what = "the text ends before this '#', which reads as a comment, but the next line goes on"
        return Slip("hash", at, hash_ + 2, what, QUOTE_IT, spans=True)
    if _KEYED.match(body):
        what = f"this line is indented more than '{shorten(lines[at - 1])}' above it, and reads as part of it"
        return Slip(
            "indentation",
            at + 1,
            indent + 1,
            what,
            "line the key up with the others of its item; if it is part of the text, put the text in quotes",
        )
    colon = _colon(body, 0)
    return _colon_slip(at, indent + colon, "") if colon >= 0 else None


def _value(lines: Sequence[str], at: int, start: int, key: int, *, keyed: bool) -> tuple[Slip | None, int]:
    """The slip in the value that starts at column `start` of line `at`, and the value's last line."""
    line = lines[at]
    value = line[start:]
    first = value[:1]

    def slip(rule: str, what: str, remedy: str = QUOTE_IT, length: int = 1) -> tuple[Slip, int]:
        return Slip(rule, at + 1, start + 1, what, remedy, length), at

    match first:
        case "" | "#":
            return None, at
        case '"' | "'":
            return _quoted(lines, at, start, key)
        case "[" | "{":
            return _flow(lines, at, start, key)
        case "*":
            return slip("alias", "a text that begins with '*' reads as YAML's alias")
        case "&":
            return slip("anchor", "a text that begins with '&' reads as YAML's anchor")
        case "!":
            return None, at  # a tag: the parser passes over it, the reader reports it
        case "%" | "@" | "`":
            return slip("reserved-start", f"a text can't begin with '{first}'")
        case "|" | ">":
            return slip(
                "block-text",
                f"text follows '{first}' on its own line",
                f"begin the text on the next line, indented; if '{first}' belongs to it, {QUOTE_IT}",
            )
        case "-" | "?" if keyed and value[1:2] in ("", " "):
            return slip(
                "dash",
                f"'{first} ' can't stand behind a key on its line",
                f"begin the list on the next line; if it is a text, {QUOTE_IT}",
            )
        case "," | "]" | "}":
            return slip("reserved-start", f"a text can't begin with '{first}'")
    colon = _colon(value, 0)
    return (_colon_slip(at, start + colon, value[:colon]) if colon >= 0 else None), at


def _colon(text: str, start: int) -> int:
    """Where a `: ` or a colon at the end stands in plain text, before any comment; −1 where there is none."""
    comment = text.find(" #", start)
    end = len(text.rstrip()) if comment < 0 else comment
    at = text.find(":", start, end)
    while at >= 0:
        if at + 1 >= end or text[at + 1] in " \t":
            return at
        at = text.find(":", at + 1, end)
    return -1


def _colon_slip(at: int, column: int, before: str) -> Slip:
    shown = f" after '{shorten(before)}'" if before.strip() else ""
    return Slip(
        "colon", at + 1, column + 1, f"the colon{shown} reads as the end of a key, within a text", QUOTE_IT
    )


def _closing(line: str, start: int, quote: str) -> int:
    """Where the quote that opened before `start` closes on this line; −1 where it does not."""
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


def _quoted(lines: Sequence[str], at: int, start: int, key: int) -> tuple[Slip | None, int]:
    quote = lines[at][start]
    end, found = at, _closing(lines[at], start + 1, quote)
    while found < 0:
        end += 1
        if end >= len(lines) or _begins_anew(lines[end], key):
            return unclosed(
                lines, at, start
            ), end - 1  # go on where something new begins: each line is seen once
        found = _closing(lines[end], 0, quote)
    if _COMMENT.fullmatch(lines[end], found + 1):
        return None, end
    return _after_quote(lines, end, found, quote), end


def _begins_anew(line: str, key: int) -> bool:
    """Whether a line looks like a key or list entry no further in than column `key`: texts end there."""
    body = line.lstrip(" ")
    return bool(body) and len(line) - len(body) <= key and bool(_KEYED.match(body) or body.startswith("- "))


def unclosed(lines: Sequence[str], at: int, start: int) -> Slip:
    mark = lines[at][start]
    name = MARKS[mark]
    close = _OPEN.get(mark, mark)
    return Slip(
        "unclosed",
        at + 1,
        start + 1,
        f"the {name} opened here is never closed",
        f"add {close} where the {'list or mapping' if mark in _OPEN else 'text'} ends",
        spans=True,
    )


def _after_quote(lines: Sequence[str], line: int, column: int, quote: str) -> Slip:
    text = lines[line]
    if quote == "'" and text[column + 1 : column + 2].isalnum():
        return Slip(
            "apostrophe",
            line + 1,
            column + 1,
            "the apostrophe ends the text here, which is in single quotes",
            "double the apostrophe ('') or put the text in double quotes instead",
            spans=True,
        )
    rest = shorten(text[column + 1 :])
    remedy = "begin and end the whole text with single quotes" if quote == '"' else QUOTE_IT
    return Slip(
        "after-quote",
        line + 1,
        column + 2,
        f"the quoted text has ended, but '{rest}' follows",
        f"{remedy}, so that the quotes within belong to it",
        max(1, len(rest)),
        spans=True,
    )


# ── [lists] and {mappings} on one line ─────────────────────────────────────────────────────────────────────


def _flow(lines: Sequence[str], at: int, start: int, key: int) -> tuple[Slip | None, int]:
    """The slip in a bracketed value, and its last line. Brackets within count only where an entry begins."""
    opened: list[tuple[int, int]] = []
    line, column = at, start
    entry = True  # an entry, key or value may begin here
    keyed = False  # what begins here is a key's value
    plain = False  # a text without quotes may go on here, on another line
    while True:
        text = lines[line]
        if column >= len(text) or (text[column] == "#" and (column == 0 or text[column - 1] in " \t")):
            line, column = line + 1, 0
            if line >= len(lines) or _begins_anew(lines[line], min(key, start - 1)):
                return unclosed(lines, *opened[-1]), line - 1
            continue
        letter = text[column]
        if letter in " \t":
            column += 1
        elif letter in _OPEN and entry:
            opened.append((line, column))
            column, keyed = column + 1, False
        elif letter in _OPEN:
            return _inner(line, column, text), line
        elif letter in "]}":
            where = opened.pop()
            if _OPEN[lines[where[0]][where[1]]] != letter:
                return unclosed(lines, *where), line
            column += 1
            entry = plain = False
            if not opened:
                return _behind(lines, (at, start), (line, column)), line
        elif letter == ",":
            column, entry, keyed = column + 1, True, False
        elif letter == ":" and (column + 1 >= len(text) or text[column + 1] in " ,[]{}" or not entry):
            column, entry, keyed = column + 1, True, True
        elif letter in "\"'" and entry:
            slip, line, column = _flow_quoted(lines, line, column, key)
            if slip:
                return slip, line
            entry = plain = False
        elif not entry and (not plain or _KEYED.match(text, column)):
            return Slip(
                "comma",
                line + 1,
                column + 1,
                f"a comma is missing before '{shorten(text[column:])}'",
                "put a comma between the entries; if it is all one text, put it in quotes",
            ), line
        else:
            slip, column = _flow_plain(text, line, column, keyed=keyed)
            if slip:
                return slip, line
            entry, plain = False, True


def _flow_plain(text: str, line: int, column: int, *, keyed: bool) -> tuple[Slip | None, int]:
    """A plain entry within brackets: its slip, and where it ends."""
    start = column
    while column < len(text) and text[column] not in ",]}":
        if text[column] in "[{":
            return _inner(line, column, text), column
        if text[column] == ":" and text[column + 1 : column + 2] in ("", " ", ",", "]", "}"):
            if keyed:
                return _colon_slip(line, column, text[start:column]), column
            break
        if text[column] == "#" and text[column - 1] in " \t":
            before, rest = text[start : column - 1], text[column - 1 :]
            if keyed and before[-1:] not in ("", " ") and rest.rstrip()[-1] in "]}":
                return cut(line + 1, column, rest)._replace(spans=True, passes=False), column
            break
        column += 1
    return None, column


def _inner(line: int, column: int, text: str) -> Slip:
    letter = text[column]
    end = text.find(_OPEN[letter], column)
    shown = text[column : end + 1] if end >= 0 else letter
    kind = "fill" if letter == "{" else "list"
    return Slip(
        "brackets-in-braces",
        line + 1,
        column + 1,
        f"'{shorten(shown)}' can't stand unquoted in a text or condition inside braces",
        f"put the whole text or condition that the {kind} belongs to in double quotes",
        len(shown),
    )


def _flow_quoted(lines: Sequence[str], at: int, start: int, key: int) -> tuple[Slip | None, int, int]:
    """A quoted entry within brackets: its slip, and the place behind it."""
    quote = lines[at][start]
    line, found = at, _closing(lines[at], start + 1, quote)
    while found < 0:
        line += 1
        if line >= len(lines) or _begins_anew(lines[line], key):
            return unclosed(lines, at, start), line - 1, start
        found = _closing(lines[line], 0, quote)
    rest = lines[line][found + 1 :].lstrip()
    if rest and rest[0] not in ",]}:#":
        return _after_quote(lines, line, found, quote), line, found + 1
    return None, line, found + 1


def _behind(lines: Sequence[str], start: tuple[int, int], end: tuple[int, int]) -> Slip | None:
    """What follows a closed bracket: nothing, a comment, or the text that the bracket was meant to begin."""
    text = lines[end[0]]
    rest = text[end[1] :]
    if _COMMENT.fullmatch(rest) or rest.lstrip().startswith(":"):
        return None
    opener = lines[start[0]][start[1]]
    if rest.lstrip()[0] in "]}":
        return Slip(
            "unopened",
            end[0] + 1,
            end[1] + len(rest) - len(rest.lstrip()) + 1,
            f"'{rest.lstrip()[0]}' closes what was never opened",
            "take it away, or add what opens it",
        )
    shown = shorten(lines[start[0]][start[1] : end[1]] if start[0] == end[0] else opener)
    if opener == "{":
        return Slip(
            "fill-at-start",
            start[0] + 1,
            start[1] + 1,
            f"a text that begins with '{shown}' reads as a YAML mapping in braces",
            QUOTE_IT,
            len(shown),
        )
    return Slip(
        "bracket-at-start",
        start[0] + 1,
        start[1] + 1,
        f"a text that begins with '{shown}' reads as a YAML list",
        QUOTE_IT,
        len(shown),
    )
