"""Hints: likely mistakes on one line of a YAML file, and values that parsed without an error but not as intended.

Commas in braces, fills, and a `#` in a text are found in the finished nodes and the lines they came from; the nodes are
repaired so that later checks can go on.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, cast

from survey_cli.instrument.source.nodes import (
    YamlList,
    YamlMapping,
    YamlScalar,
    find_node,
    iterate_nodes,
)
from survey_cli.problems import Position, Problem
from survey_cli.wording import shorten

QUOTE_IT: Final = "put the whole text in double quotes"
MARKS: Final = {"[": "bracket", "{": "brace", '"': "double quote", "'": "single quote"}
CLOSES: Final = {"[": "]", "{": "}"}

DASH_WITHOUT_SPACE: Final = re.compile(r"-[^\W\d]")
DASH_REMEDY: Final = "write '- ' with a space before the text of a list's entry"

_ID: Final = re.compile(r"(?:^|[\s{,-])id: *[\"']?(\w+)")
_MAX_LOOK_BACK: Final = 500
"""Lines, and characters of a line, that are searched for an id: no item is longer."""


class Hint(NamedTuple):
    """A likely mistake on one line.

    `may_span_lines`: the parser may notice it only many lines further down. `parser_accepts`: the parser never does.
    """

    rule: str
    line: int
    column: int
    what: str
    remedy: str
    length: int = 1
    may_span_lines: bool = False
    parser_accepts: bool = False

    def build_problem(self, file: str, who: str = "") -> Problem:
        where = Position(file, self.line, self.column)
        return Problem(self.rule, where, who, self.what, self.remedy, length=self.length)


def find_owner(lines: Sequence[str], line: int) -> str:
    """Find the id of the item that line `line` (from 1) belongs to, or the key of its section of the file."""
    last = min(line, len(lines)) - 1
    for at in range(last, max(-1, last - _MAX_LOOK_BACK), -1):
        text = lines[at][:_MAX_LOOK_BACK]
        if match := _ID.search(text):
            return match[1]
        if text[:1].isalpha() and ":" in text:
            return text.partition(":")[0] if at < line - 1 else ""
        if at == line - 1 and text[:1] not in " \t-#":
            return ""
    return ""


def build_cut_hint(line: int, column: int, rest: str, key: str = "", text: str = "") -> Hint:
    """Build the hint for a text that ends before `rest`, which begins with ` #` at that line and column (from 1)."""
    what = f"the text ends before '{shorten(rest.strip())}', which reads as a comment"
    edit = f": {key}: {quote(text + rest.rstrip())}" if key and text and "\n" not in text else ""
    remedy = f"if it belongs to the text, {QUOTE_IT}{edit}; a comment needs two spaces before its # and one after"
    return Hint("hash", line, column + 1, what, remedy, len(rest) - 1, parser_accepts=True)


def quote(text: str) -> str:
    """Quote a text as it can be written in the file."""
    return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'


def build_colon_hint(at: int, column: int, before: str) -> Hint:
    """Build the hint for a colon within a text, after the words `before`; line and column from 0."""
    excerpt = f" after '{shorten(before)}'" if before.strip() else ""
    return Hint(
        "colon",
        at + 1,
        column + 1,
        f"the colon{excerpt} reads as the end of a key, within a text",
        QUOTE_IT,
    )


def build_unclosed_hint(at: int, start: int, mark: str) -> Hint:
    """Build the hint for a quote or bracket opened at that line and column (from 0) and never closed."""
    name = MARKS[mark]
    close = CLOSES.get(mark, mark)
    remedy = f"add {close} where the {'list or mapping' if mark in CLOSES else 'text'} ends"
    return Hint(
        "unclosed",
        at + 1,
        start + 1,
        f"the {name} opened here is never closed",
        remedy,
        may_span_lines=True,
    )


READ_ALOUD_KEYS: Final = frozenset(
    (
        *(
            "text",
            "intro",
            "instruction",
            "probe",
            "help",
            "label",
            "title",
            "say",
            "ask_for",
            "note",
            "until",
        ),
        "base",
    )
)
_NON_TEXT_KEYS: Final = frozenset(
    (
        "id",
        "type",
        "ask_if",
        "unless",
        "expect",
        "if",
        "where",
        "count",
        "each",
        "from",
        "to",
        "min",
        "max",
        "scale",
    )
)
_SINGLE_WORDS: Final = (
    "order by outcome role key country zone prefill anchor read specify exclusive missing soft personal partial decimals"
    " total per_day target like code moment temporary frame instrument mentions after using quota report balanced_within"
    " typed_as starts ends lease recording monitoring include prefix size complete_from partial_from eligible_from"
)
_SINGLE_WORD_KEYS: Final = frozenset(_SINGLE_WORDS.split())
"""Keys whose value is one word or number; several words are a text, since an item or code may have such a name."""
_LETTER: Final = re.compile(r"[^\W\d]")
_NOTE: Final = re.compile(r"(?:^\s*|\s\s|(?<=[.?!…:])\s)(#(?:[#!=\s-]|$|[^\W\d]+:).*)")
"""What would be a comment elsewhere: at the start of a line, after two spaces, or after the end of a sentence."""


def is_cut_off(key: str, text: str, rest: str) -> bool:
    """Return whether the text under `key` continues in `rest`, which begins with ` #` and reads as a comment.

    `Brand #4` (one space before, none after) and `Brand # 4` are cut short; so is `Press # to go on` in a text that is
    read aloud, where a comment follows two spaces or the end of a sentence.
    """
    if not rest.startswith(" #") or not _LETTER.search(text) or key in _NON_TEXT_KEYS:
        return False
    if key in _SINGLE_WORD_KEYS and len(text.split()) == 1:
        return False
    after = rest[2:]
    if after[:1] not in ("", " ", "#", "!", "-", "="):
        return True
    return text[-1] not in ".?!:" and (key in READ_ALOUD_KEYS or after.lstrip()[:1].isdigit())


def find_cut(line: str, start: int, key: str) -> int:
    """Find where a ` #` cuts short the plain text that begins at column `start`; 0 if nowhere."""
    at = line.find(" #", start)
    if at <= 0 or line[at - 1] == " ":
        return 0
    return at if is_cut_off(key, line[start:at].rstrip(), line[at:]) else 0


def find_notes(
    key: str, lines: Sequence[str], first: int, last: int
) -> Iterator[tuple[int, int, str]]:
    """Find what reads like a comment inside a text over several lines: line and column (from 0), and the words."""
    if key in _NON_TEXT_KEYS:
        return
    for at in range(first, min(last + 1, len(lines))):
        if "#" in lines[at] and (note := _NOTE.search(lines[at])):
            yield at, note.start(1), note[1].rstrip()


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


def report_cut_text(
    key: str, text: YamlScalar, lines: Sequence[str], where: Position
) -> Iterator[Problem]:
    """Report the text under `key` that ends at a ` #` at `where`, unless what follows is a comment."""
    rest = lines[where.line - 1][where.column - 1 :]
    if is_cut_off(key, text, rest):
        hint = build_cut_hint(
            where.line, where.column, rest, key, text if where.line == text.where.line else ""
        )
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
        yield Problem(
            "comment-in-text", where, find_owner(lines, at + 1), what, remedy, length=len(note)
        )


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


def report_bare_braces(
    outer: YamlMapping | YamlList, step: str | int | None, inner: YamlMapping
) -> Iterator[Problem]:
    """Report braces with keys but no values: a fill that begins a text, or a list in wrong brackets.

    They are at a key or index of `outer`, or are a key themselves.
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
    firsts: dict[int, dict[str, str]] = {}
    for holder, key in duplicates:
        first = firsts.setdefault(
            id(holder), {k: k for k in holder} if id(holder) not in firsts else {}
        ).get(key)
        line = first.where.line if isinstance(first, YamlScalar) else 0
        what = f"'{shorten(key)}' is given twice, on lines {line} and {key.where.line}"
        remedy = "keep one of them"
        yield Problem(
            "duplicate-key",
            key.where,
            find_item_id(holder),
            what,
            remedy,
            length=max(1, len(key)),
            subject=str(key),
        )


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
                yield Problem(
                    "merge-key",
                    key.where,
                    find_owner(lines, key.where.line),
                    what,
                    remedy,
                    length=2,
                )
            elif DASH_WITHOUT_SPACE.match(key):
                yield build_dash_problem(key, lines)
            elif before.rstrip().endswith("?") and not before.strip(" -?"):
                remedy = (
                    "remove the '?' and write 'key: value'; a text that begins with ? needs quotes"
                )
                yield Problem(
                    "complex-key",
                    key.where,
                    find_owner(lines, key.where.line),
                    "a key follows '? '",
                    remedy,
                )
            is_below = (
                isinstance(value, YamlScalar) and value.plain and value.where.line > key.where.line
            )
            if is_below and DASH_WITHOUT_SPACE.match(cast(str, value)):
                yield build_dash_problem(cast(YamlScalar, value), lines)


def build_dash_problem(text: YamlScalar, lines: Sequence[str]) -> Problem:
    """Build the problem of a list entry that reads as a text beginning with a dash."""
    what = f"'{shorten(text)}' has no space after its dash"
    return Problem(
        "dash", text.where, find_owner(lines, text.where.line), what, DASH_REMEDY, length=len(text)
    )
