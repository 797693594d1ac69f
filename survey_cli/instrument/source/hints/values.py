"""Problems in YAML that parsed without an error but not as intended: commas in braces, fills, `#`.

It examines the finished nodes and the lines they came from, and repairs them so that later checks can go on.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, cast

from survey_cli.instrument.source.hints.hint import (
    DASH_REMEDY,
    DASH_WITHOUT_SPACE,
    QUOTE_IT,
    build_cut_hint,
    find_notes,
    find_owner,
    is_cut_off,
    quote,
)
from survey_cli.instrument.source.nodes import YamlList, YamlMapping, YamlScalar, iterate_nodes
from survey_cli.problems import Position, Problem
from survey_cli.wording import shorten

ODD_KEY: Final = re.compile(r"^ *(?:- +)*(?:-[^\W\d]|\?(?: |$))", re.MULTILINE)
"""A line that may contain a key which this module reports."""


_HASH: Final = re.compile(r"(?<=[^ ]) #")


def find_item_id(*holders: YamlMapping | YamlList) -> str:
    """Return the id of the first of these mappings that is an item; empty if none is."""
    for holder in holders:
        item_id = holder.get("id") if isinstance(holder, YamlMapping) else None
        if isinstance(item_id, YamlScalar):
            return str(item_id)
    return ""


def find_hash_lines(text: str) -> frozenset[int]:
    """Find the lines (from 0) that have exactly one space between some text and a `#`."""
    lines = text.split("\n") if " #" in text else ()
    return frozenset(n for n, line in enumerate(lines) if " #" in line and _HASH.search(line))


def report_cut_text(key: str, text: YamlScalar, lines: Sequence[str], where: Position) -> Iterator[Problem]:
    """Report the text under `key` that ends at a ` #` at `where`, unless what follows is a comment."""
    rest = lines[where.line - 1][where.column - 1 :]
    if is_cut_off(key, text, rest):
        hint = build_cut_hint(where.line, where.column, rest, key, text if where.line == text.where.line else "")
        yield hint.build_problem(where.file, find_owner(lines, where.line))


def report_notes(key: str, text: YamlScalar, lines: Sequence[str], last: int) -> Iterator[Problem]:
    """Report what reads like a comment within a text that continues to line `last` (from 0), where it is not one."""
    for at, column, note in find_notes(key, lines, text.where.line, last):
        words = note.lstrip("# ").rstrip("\"'")
        what = f"'{shorten(note)}' is not a comment within a text over several lines: it is part of the text"
        remedy = "write it on a line of its own above the key"
        if key == "text" and words:
            remedy += f", or for the interviewer as instruction: {quote(words)}"
        remedy += "; if it belongs to the text, put a word before it on its line, or quote the text on one line"
        where = Position(text.where.file, at + 1, column + 1)
        yield Problem("comment-in-text", where, find_owner(lines, at + 1), what, remedy, length=len(note))


def report_split_text(holder: YamlMapping, key: str) -> Iterator[Problem]:
    """Report a text that a comma in braces had split; the pieces are joined again already."""
    text = holder[key]
    if not isinstance(text, YamlScalar):
        return
    before, _, after = text.partition(",")
    digits = text.replace(",", "").replace(" ", "")
    remedy = f'{QUOTE_IT}: {key}: "{shorten(text)}"'
    if digits.isdigit():
        remedy = f"write {digits}, without the comma"
        holder[key] = YamlScalar(digits, text.where, plain=True)
    what = f"within braces the comma ends '{shorten(before)}', and '{shorten(after.strip())}' has no value"
    yield Problem("comma", text.where, find_item_id(holder), what, remedy, length=len(text))


def report_bare_braces(outer: YamlMapping | YamlList, slot: Any, inner: YamlMapping) -> Iterator[Problem]:
    """Report braces with keys but no values: a fill that begins a text, or a list in the wrong brackets."""
    slots: Any = outer
    if any(inner.values()) or slot is None or slots[slot] is not inner:
        what = f"'{shorten(next(iter(inner), ''))}' has no value"
        remedy = "within braces write 'key: value', with a space after the colon"
        yield Problem("no-value", inner.where, find_item_id(inner, outer), what, remedy)
        return
    text = f"{{{', '.join(inner)}}}"
    slots[slot] = YamlScalar(text, inner.where, plain=True)
    what = f"'{shorten(text)}' reads as a YAML mapping in braces"
    remedy = f"if it is a fill, {QUOTE_IT}; if it is a list, use [ and ]"
    yield Problem("fill-at-start", inner.where, find_item_id(outer), what, remedy, length=len(text))


def report_duplicate_keys(duplicates: Iterable[tuple[YamlMapping, YamlScalar]]) -> Iterator[Problem]:
    """Report keys that occur again in the same mapping."""
    firsts: dict[int, dict[str, str]] = {}
    for holder, key in duplicates:
        first = firsts.setdefault(id(holder), {k: k for k in holder} if id(holder) not in firsts else {}).get(key)
        line = first.where.line if isinstance(first, YamlScalar) else 0
        what = f"'{shorten(key)}' is given twice, on lines {line} and {key.where.line}"
        remedy = "keep one of them"
        yield Problem("duplicate-key", key.where, find_item_id(holder), what, remedy, length=max(1, len(key)))


def report_odd_keys(root: YamlMapping, lines: Sequence[str]) -> Iterator[Problem]:
    """Report merge keys, keys after a `?`, and list entries whose dash has no space; merge keys are removed."""
    branches = [node for node in iterate_nodes(root) if isinstance(node, YamlMapping)]
    for branch in branches:
        for key in list(branch):
            if not isinstance(key, YamlScalar) or not key.plain:
                continue
            value = branch[key]
            before = lines[key.where.line - 1][: key.where.column - 1]
            if key == "<<":
                del branch[key]
                what = "'<<' is YAML's merge key, which is not used here"
                remedy = "write the entries out"
                yield Problem("merge-key", key.where, find_owner(lines, key.where.line), what, remedy, length=2)
            elif DASH_WITHOUT_SPACE.match(key):
                yield build_dash_problem(key, lines)
            elif before.rstrip().endswith("?") and not before.strip(" -?"):
                remedy = "remove the '?' and write 'key: value'; a text that begins with ? needs quotes"
                yield Problem("complex-key", key.where, find_owner(lines, key.where.line), "a key follows '? '", remedy)
            is_below = isinstance(value, YamlScalar) and value.plain and value.where.line > key.where.line
            if is_below and DASH_WITHOUT_SPACE.match(cast(str, value)):
                yield build_dash_problem(cast(YamlScalar, value), lines)


def build_dash_problem(text: YamlScalar, lines: Sequence[str]) -> Problem:
    """Build the problem of a list entry that reads as a text beginning with a dash."""
    what = f"'{shorten(text)}' has no space after its dash"
    return Problem("dash", text.where, find_owner(lines, text.where.line), what, DASH_REMEDY, length=len(text))
