"""Why does this line not read as the designer meant it? Finds slips of the pen, line by line.

It looks at text only: it opens no file, calls no parser, never says whether a file is valid. What it finds is
a likely slip; `syntax` keeps those that a parser could not have passed over.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.instrument.source.comments import cut_at
from survey_cli.instrument.source.hints.brackets import KEYED, bracketed, quoted
from survey_cli.instrument.source.hints.hint import QUOTE_IT, Slip, colon_slip, cut, shorten

_HEAD: Final = re.compile(
    r"(?P<dashes>(?:-[ ]+)*)"
    r"(?:(?P<key>[^\s\"'#&*!|>%@`\[\]{},?:-][^:#\"]{0,60}?|\"[^\"]*\"|'[^']*')[ ]*:(?:[ ]+|$))?"
)
_GLUED: Final = re.compile(r"(?:- +)*([A-Za-z_]\w*):(?=[^\s:/])")
_BLOCK: Final = re.compile(r"[|>](?:[+-]?[1-9]?|[1-9][+-])(?: +#.*| *)$")
_DASHED: Final = re.compile(r"-[^\W\d]")
_NOT_PLAIN: Final = ("", "#", '"', "'", "[", "{")


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
            yield cut(at + 1, found + 1, line[found:], _key(head), line[start:found])
        above = (key, bool(value) and value[0] not in "[{\"'#|>" and end == at)
        at = max(end, at) + 1
    if tabbed:
        yield _tabs(tabbed)


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
    if KEYED.match(body):
        what = f"this line is indented more than '{shorten(lines[at - 1])}' above it, and reads as part of it"
        return Slip(
            "indentation",
            at + 1,
            indent + 1,
            what,
            "line the key up with the others of its item; if it is part of the text, put the text in quotes",
        )
    colon = _colon(body, 0)
    return colon_slip(at, indent + colon, "") if colon >= 0 else None


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
            return quoted(lines, at, start, key)
        case "[" | "{":
            return bracketed(lines, at, start, key)
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
    return (colon_slip(at, start + colon, value[:colon]) if colon >= 0 else None), at


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
