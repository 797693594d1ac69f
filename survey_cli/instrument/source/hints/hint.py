"""The hint: a likely mistake on one line of a YAML file; texts cut short by a ` #`, and messages that hints share."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

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
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def build_colon_hint(at: int, column: int, before: str) -> Hint:
    """Build the hint for a colon within a text, after the words `before`; line and column from 0."""
    excerpt = f" after '{shorten(before)}'" if before.strip() else ""
    return Hint("colon", at + 1, column + 1, f"the colon{excerpt} reads as the end of a key, within a text", QUOTE_IT)


def build_unclosed_hint(at: int, start: int, mark: str) -> Hint:
    """Build the hint for a quote or bracket opened at that line and column (from 0) and never closed."""
    name = MARKS[mark]
    close = CLOSES.get(mark, mark)
    remedy = f"add {close} where the {'list or mapping' if mark in CLOSES else 'text'} ends"
    return Hint("unclosed", at + 1, start + 1, f"the {name} opened here is never closed", remedy, may_span_lines=True)


READ_ALOUD_KEYS: Final = frozenset(
    (*("text", "intro", "instruction", "probe", "help", "label", "title", "say", "ask_for", "note", "until"), "base")
)
_NON_TEXT_KEYS: Final = frozenset(
    (
        *("id", "type", "ask_if", "unless", "expect", "if", "where", "count", "each", "from", "to", "min"),
        *("max", "scale"),
    )
)
_SINGLE_WORD_KEYS: Final = frozenset(
    (
        *("order", "by", "outcome", "role", "key", "country", "zone", "prefill", "anchor", "read", "specify"),
        *("exclusive", "missing", "soft", "personal", "partial", "decimals", "total", "per_day", "target", "like"),
        *("code", "moment", "temporary", "frame", "instrument", "mentions", "after", "using", "quota", "report"),
        *("balanced_within", "typed_as", "starts", "ends", "lease", "recording", "include", "prefix", "size"),
        *("complete_from", "partial_from", "eligible_from"),
    )
)
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


def find_notes(key: str, lines: Sequence[str], first: int, last: int) -> Iterator[tuple[int, int, str]]:
    """Find what reads like a comment inside a text over several lines: line and column (from 0), and the words."""
    if key in _NON_TEXT_KEYS:
        return
    for at in range(first, min(last + 1, len(lines))):
        if "#" in lines[at] and (note := _NOTE.search(lines[at])):
            yield at, note.start(1), note[1].rstrip()
