"""Values that parsed without an error but not as intended.

Fills, commas in braces, and a `#` in a text are found in the finished nodes and the lines they came
from. The nodes are repaired so that later checks can go on.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, cast

from survey_cli.instrument.source.hints.hint import (
    DASH_REMEDY,
    DASH_WITHOUT_SPACE,
    QUOTE_IT,
    build_cut_hint,
    find_owner,
    quote,
)
from survey_cli.instrument.source.nodes import (
    YamlList,
    YamlMapping,
    YamlScalar,
    find_node,
    iterate_nodes,
)
from survey_cli.problems import Position, Problem
from survey_cli.wording import shorten

_READ_ALOUD: Final = "text intro instruction probe help label title say ask_for note until base"
_READ_ALOUD_KEYS: Final = frozenset(_READ_ALOUD.split())
_NO_TEXTS: Final = "id type ask_if unless expect if where count each from to min max scale"
_NON_TEXT_KEYS: Final = frozenset(_NO_TEXTS.split())
_SINGLE_WORDS: Final = (
    "order by outcome role key country zone prefill anchor read specify exclusive missing soft"
    " personal partial decimals total per_day target like code moment temporary frame instrument"
    " mentions after using quota report balanced_within typed_as starts ends lease recording"
    " monitoring include prefix size complete_from partial_from eligible_from"
)
_SINGLE_WORD_KEYS: Final = frozenset(_SINGLE_WORDS.split())
"""Keys whose value is one word or number.

Several words are a text: an item or a code may have such a name."""

_LETTER: Final = re.compile(r"[^\W\d]")
_NOTE: Final = re.compile(r"(?:^\s*|\s\s|(?<=[.?!…:])\s)(#(?:[#!=\s-]|$|[^\W\d]+:).*)")
"""What is a comment elsewhere: at the start of a line, after two spaces, or after a sentence."""
_COMMENT_STARTS: Final = ("", " ", "#", "!", "-", "=")
"""What follows the `#` of a comment."""
ODD_KEY: Final = re.compile(r"^ *(?:- +)*(?:-[^\W\d]|\?(?: |$))", re.MULTILINE)
"""A line that may contain a key which this module reports."""
_HASH: Final = re.compile(r"(?<=[^ ]) #")


def is_cut_off(key: str, text: str, rest: str) -> bool:
    """Return whether the text under `key` continues in `rest`, which reads as a comment.

    `Brand #4` (one space before the `#`, none after) and `Brand # 4` are cut off; so is
    `Press # to go on` in a text that is read aloud, since a comment there follows two spaces or the
    end of a sentence.
    """
    if not rest.startswith(" #") or not _LETTER.search(text) or key in _NON_TEXT_KEYS:
        return False
    if key in _SINGLE_WORD_KEYS and len(text.split()) == 1:
        return False

    after = rest[2:]
    if after[:1] not in _COMMENT_STARTS:
        return True
    if text[-1] in ".?!:":
        return False
    return key in _READ_ALOUD_KEYS or after.lstrip()[:1].isdigit()


def find_cut(line: str, start: int, key: str) -> int:
    """Find where a ` #` cuts off the plain text that begins at column `start`; 0 if it doesn't."""
    at = line.find(" #", start)
    if at <= 0 or line[at - 1] == " ":
        return 0
    if not is_cut_off(key, line[start:at].rstrip(), line[at:]):
        return 0
    return at


def find_notes(
    key: str, lines: Sequence[str], first: int, last: int
) -> Iterator[tuple[int, int, str]]:
    """Find what reads like a comment inside a text over several lines.

    The text is on the lines from `first` to `last`. Yields line and column (from 0), and the words.
    """
    if key in _NON_TEXT_KEYS:
        return
    for at in range(first, min(last + 1, len(lines))):
        if "#" not in lines[at]:
            continue
        note = _NOTE.search(lines[at])
        if note is not None:
            yield at, note.start(1), note[1].rstrip()


def find_item_id(*holders: YamlMapping | YamlList) -> str:
    """Return the id of the first of these mappings that is an item; empty if they have none."""
    for holder in holders:
        item_id = holder.get("id") if isinstance(holder, YamlMapping) else None
        if isinstance(item_id, YamlScalar):
            return str(item_id)
    return ""


def find_hash_lines(text: str) -> frozenset[int]:
    """Find the lines (from 0) that have exactly one space between some text and a `#`."""
    if " #" not in text:
        return frozenset()
    lines = enumerate(text.split("\n"))
    return frozenset(number for number, line in lines if " #" in line and _HASH.search(line))


def report_cut_text(
    key: str, text: YamlScalar, lines: Sequence[str], where: Position
) -> Iterator[Problem]:
    """Report the text under `key` that ends at a ` #` at `where`, unless a comment follows."""
    rest = lines[where.line - 1][where.column - 1 :]
    if not is_cut_off(key, text, rest):
        return

    # The correction has the text as it is on its line.
    is_on_one_line = where.line == text.where.line
    shown = text if is_on_one_line else ""
    hint = build_cut_hint(where.line, where.column, rest, key, shown)
    yield hint.build_problem(where.file, find_owner(lines, where.line))


def report_notes(key: str, text: YamlScalar, lines: Sequence[str], last: int) -> Iterator[Problem]:
    """Report what reads like a comment within a text that continues to line `last` (from 0)."""
    owner = find_owner(lines, text.where.line)
    for at, column, note in find_notes(key, lines, text.where.line, last):
        what = (
            f"'{shorten(note)}' is not a comment within a text over several lines: "
            "it is part of the text"
        )

        remedy = "write it on a line of its own above the key"
        words = note.lstrip("# ").rstrip("\"'")
        if key == "text" and words:
            remedy += f", or for the interviewer as instruction: {quote(words)}"
        remedy += (
            "; if it belongs to the text, put a word before it on its line, "
            "or quote the text on one line"
        )

        where = Position(text.where.file, at + 1, column + 1)
        yield Problem("comment-in-text", where, owner, what, remedy, length=len(note))


def report_split_text(holder: YamlMapping, key: str) -> Iterator[Problem]:
    """Report a text that a comma in braces had split; the pieces are joined again already."""
    text = holder[key]
    if not isinstance(text, YamlScalar):
        return

    before, _, after = text.partition(",")
    what = (
        f"within braces the comma ends '{shorten(before)}', "
        f"and '{shorten(after.strip())}' has no value"
    )
    remedy = f'{QUOTE_IT}: {key}: "{shorten(text)}"'
    digits = text.replace(",", "").replace(" ", "")
    if digits.isdigit():
        remedy = f"write {digits}, without the comma"
        holder[key] = YamlScalar(digits, text.where, plain=True)
    yield Problem("comma", text.where, find_item_id(holder), what, remedy, length=len(text))


def report_bare_braces(
    outer: YamlMapping | YamlList, step: str | int | None, inner: YamlMapping
) -> Iterator[Problem]:
    """Report braces with keys but no values.

    They are a fill that begins a text, or a list in the wrong brackets. `step` is their key or
    index in `outer`, unless they are a key themselves.
    """
    is_value = step is not None and find_node(outer, step) is inner
    if any(inner.values()) or not is_value:
        what = f"'{shorten(next(iter(inner), ''))}' has no value"
        remedy = "within braces write 'key: value', with a space after the colon"
        yield Problem("no-value", inner.where, find_item_id(inner, outer), what, remedy)
        return

    text = f"{{{', '.join(inner)}}}"
    repaired = YamlScalar(text, inner.where, plain=True)
    if isinstance(outer, YamlMapping):
        outer[cast("str", step)] = repaired
    else:
        outer[cast("int", step)] = repaired
    what = f"'{shorten(text)}' reads as a YAML mapping in braces"
    remedy = f"if it is a fill, {QUOTE_IT}; if it is a list, use [ and ]"
    yield Problem("fill-at-start", inner.where, find_item_id(outer), what, remedy, length=len(text))


def report_duplicate_keys(
    duplicates: Iterable[tuple[YamlMapping, YamlScalar]],
) -> Iterator[Problem]:
    """Report keys that occur again in the same mapping."""
    # A mapping finds the value of a key, and not the key itself, which knows its line.
    keys_by_mapping: dict[int, dict[str, str]] = {}
    for holder, key in duplicates:
        if id(holder) not in keys_by_mapping:
            keys_by_mapping[id(holder)] = {own_key: own_key for own_key in holder}
        first = keys_by_mapping[id(holder)].get(key)

        line = first.where.line if isinstance(first, YamlScalar) else 0
        yield Problem(
            "duplicate-key",
            key.where,
            find_item_id(holder),
            f"'{shorten(key)}' is given twice, on lines {line} and {key.where.line}",
            "keep one of them",
            length=max(1, len(key)),
            subject=str(key),
        )


def report_odd_keys(root: YamlMapping, lines: Sequence[str]) -> Iterator[Problem]:
    """Report merge keys, keys after a `?`, and list entries whose dash has no space.

    Merge keys are removed.
    """
    # What is below a merge key is looked at too, although it is removed meanwhile.
    branches = [node for node in iterate_nodes(root) if isinstance(node, YamlMapping)]
    for branch in branches:
        for key in list(branch):
            if not isinstance(key, YamlScalar) or not key.plain:
                continue
            value = branch[key]
            yield from _report_odd_key(branch, key, lines)

            # A list whose dashes have no space is one text, below its key.
            if isinstance(value, YamlScalar) and value.plain:
                is_below = value.where.line > key.where.line
                if is_below and DASH_WITHOUT_SPACE.match(value):
                    yield _build_dash_problem(value, lines)


def _report_odd_key(
    branch: YamlMapping, key: YamlScalar, lines: Sequence[str]
) -> Iterator[Problem]:
    """Report a key that YAML understands in its own way."""
    before = lines[key.where.line - 1][: key.where.column - 1]
    is_after_question_mark = before.rstrip().endswith("?") and not before.strip(" -?")
    if DASH_WITHOUT_SPACE.match(key):
        yield _build_dash_problem(key, lines)
    elif key == "<<":
        del branch[key]
        owner = find_owner(lines, key.where.line)
        what = "'<<' is YAML's merge key, which is not used here"
        yield Problem("merge-key", key.where, owner, what, "write the entries out", length=2)
    elif is_after_question_mark:
        owner = find_owner(lines, key.where.line)
        remedy = "remove the '?' and write 'key: value'; a text that begins with ? needs quotes"
        yield Problem("complex-key", key.where, owner, "a key follows '? '", remedy)


def _build_dash_problem(text: YamlScalar, lines: Sequence[str]) -> Problem:
    """Build the problem of a list entry that reads as a text beginning with a dash."""
    what = f"'{shorten(text)}' has no space after its dash"
    owner = find_owner(lines, text.where.line)
    return Problem("dash", text.where, owner, what, DASH_REMEDY, length=len(text))
