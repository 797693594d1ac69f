"""What did YAML read without complaint, but otherwise than it was meant? Commas in braces, fills, `#`.

It looks at a finished tree and the lines it came from, and mends it for the sake of further checks.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from survey_cli.instrument.source.comments import cut_off, find_notes
from survey_cli.instrument.source.hints.hint import QUOTE_IT, cut, owner, quote, shorten
from survey_cli.instrument.source.nodes import Listed, Mapped, Written
from survey_cli.problems import Position, Problem

ODD_KEY: Final = re.compile(r"^ *(?:- +)*(?:-[^\W\d]|\?(?: |$))", re.MULTILINE)
"""A line that may hold a key this module has something to say about."""

_DASHED: Final = re.compile(r"-[^\W\d]")


def who(*holders: Mapped | Listed) -> str:
    """The id of the item that one of these mappings is; empty where none is one."""
    for holder in holders:
        found = holder.get("id") if isinstance(holder, Mapped) else None
        if isinstance(found, Written):
            return str(found)
    return ""


def hash_lines(text: str) -> frozenset[int]:
    """The lines (from 0) that have exactly one space between something and a `#`."""
    lines: set[int] = set()
    at = text.find(" #")
    line = counted = 0
    while at >= 0:
        if at and text[at - 1] not in " \n":
            line += text.count("\n", counted, at)
            counted = at
            lines.add(line)
        at = text.find(" #", at + 1)
    return frozenset(lines)


def cut_short(key: str, text: Written, line: str, where: Position) -> Iterator[Problem]:
    """The text under `key` ends at a ` #` at `where`, whose line is `line`: is what follows a comment?"""
    rest = line[where.column - 1 :]
    if cut_off(key, text, rest):
        slip = cut(where.line, where.column, rest, key, text if where.line == text.where.line else "")
        where = where._replace(column=slip.column)
        yield Problem(slip.rule, where, "", slip.what, slip.remedy, length=slip.length)


def report_notes(key: str, text: Written, lines: Sequence[str], last: int) -> Iterator[Problem]:
    """What reads like a comment within a text that goes on to the line `last` (from 0): it is no comment there."""
    for at, column, note in find_notes(key, lines, text.where.line, last):
        words = note.lstrip("# ").rstrip("\"'")
        what = f"'{shorten(note)}' is no comment within a text over several lines: it is read with the text"
        remedy = "write it on a line of its own above the key"
        if key == "text" and words:
            remedy += f", or for the interviewer as instruction: {quote(words)}"
        remedy += "; if it belongs to the text, let a word stand before it on its line, or quote the text on one line"
        where = Position(text.where.file, at + 1, column + 1)
        yield Problem("comment-in-text", where, "", what, remedy, length=len(note))


def apart(holder: Mapped, key: str) -> Iterator[Problem]:
    """The text under `key` was taken apart by a comma in braces, and has been put together again."""
    text = holder[key]
    if not isinstance(text, Written):
        return
    before, _, after = text.partition(",")
    digits = text.replace(",", "").replace(" ", "")
    remedy = f'{QUOTE_IT}: {key}: "{shorten(text)}"'
    if digits.isdigit():
        remedy = f"write {digits}, without the comma"
        holder[key] = Written(digits, text.where, plain=True)
    yield Problem(
        "comma",
        text.where,
        who(holder),
        f"within braces the comma ends '{shorten(before)}', and '{shorten(after.strip())}' has no value",
        remedy,
        length=len(text),
    )


def bare(outer: Mapped | Listed, slot: Any, inner: Mapped) -> Iterator[Problem]:
    """Braces that hold keys without values: a fill that begins a text, or a list in the wrong brackets."""
    slots: Any = outer
    if any(inner.values()) or slot is None or slots[slot] is not inner:
        what = f"'{shorten(next(iter(inner), ''))}' has no value"
        remedy = "within braces write 'key: value', with a space after the colon"
        yield Problem("no-value", inner.where, who(inner, outer), what, remedy)
        return
    text = f"{{{', '.join(inner)}}}"
    slots[slot] = Written(text, inner.where, plain=True)
    what = f"'{shorten(text)}' reads as a YAML mapping in braces"
    remedy = f"if it is a fill, {QUOTE_IT}; if it is a list, use [ and ]"
    yield Problem("fill-at-start", inner.where, who(outer), what, remedy, length=len(text))


def repeated(twice: Iterable[tuple[Mapped, Written]]) -> Iterator[Problem]:
    """Keys given again in the same mapping, each with the mapping it stands in."""
    firsts: dict[int, dict[str, str]] = {}
    for holder, key in twice:
        first = firsts.setdefault(id(holder), {k: k for k in holder} if id(holder) not in firsts else {}).get(
            key
        )
        line = first.where.line if isinstance(first, Written) else 0
        what = f"'{shorten(key)}' is given twice, on lines {line} and {key.where.line}"
        yield Problem(
            "duplicate-key", key.where, who(holder), what, "keep one of them", length=max(1, len(key))
        )


def odd_keys(root: Mapped, lines: Sequence[str]) -> Iterator[Problem]:
    """Merge keys, keys behind a `?`, and list entries whose dash has no space. Merge keys are dropped."""
    waiting: list[Mapped | Listed] = [root]
    while waiting:
        branch = waiting.pop()
        waiting += [
            node
            for node in (branch.values() if isinstance(branch, Mapped) else branch)
            if not isinstance(node, Written)
        ]
        if isinstance(branch, Listed):
            continue
        for key in list(branch):
            if not isinstance(key, Written) or not key.plain:
                continue
            value = branch[key]
            line = lines[key.where.line - 1]
            if key == "<<":
                del branch[key]
                yield Problem(
                    "merge-key",
                    key.where,
                    owner(lines, key.where.line),
                    "'<<' is YAML's merge key, which is not used here",
                    "write the entries out",
                    length=2,
                )
            elif _DASHED.match(key):
                yield dashed(key, lines)
            elif line[: key.where.column - 1].rstrip().endswith("?") and not line[
                : key.where.column - 1
            ].strip(" -?"):
                yield Problem(
                    "complex-key",
                    key.where,
                    owner(lines, key.where.line),
                    "a key follows '? '",
                    "take the '?' away and write 'key: value'; a text that begins with ? needs quotes",
                )
            if (
                isinstance(value, Written)
                and value.plain
                and value.where.line > key.where.line
                and _DASHED.match(value)
            ):
                yield dashed(value, lines)


def dashed(text: Written, lines: Sequence[str]) -> Problem:
    """A list's entry that reads as a text beginning with a dash."""
    return Problem(
        "dash",
        text.where,
        owner(lines, text.where.line),
        f"'{shorten(text)}' has no space after its dash",
        "write '- ' with a space before the text of a list's entry",
        length=len(text),
    )
