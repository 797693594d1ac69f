r"""Decoding of a file's bytes into text with `\n` line ends, or the reason why that is not possible."""

import re
from collections.abc import Iterator
from typing import Final

from survey_cli.problems import Position, Problem

MAX_BYTES: Final = 5_000_000

FORBIDDEN_CHARACTERS: Final = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""What no text may contain: control characters, surrogates, line breaks that editors do not show."""

_FOREIGN_BLANKS: Final = re.compile("[\u00a0\u2002\u2003\u2007\u2009\u202f\u3000]+ *(?=(?:- )?\\w+:\\s|- )")
"""Blanks of word processors before a key or a dash: YAML doesn't take them for indentation."""

_UTF16: Final = re.compile(rb"(?:\0[^\0]){2}|(?:[^\0]\0){2}")


class UnreadableFileError(Exception):
    """A file whose bytes cannot be read, and what to do about it."""

    def __init__(self, rule: str, what: str, remedy: str) -> None:
        super().__init__(what)
        self.rule, self.what, self.remedy = rule, what, remedy

    def build_problem(self, where: Position, *, length: int) -> Problem:
        return Problem(self.rule, where, "", self.what, self.remedy, length=length)


def decode(contents: str | bytes, file: str, problems: list[Problem]) -> str:
    r"""Return the text with `\n` line ends; where it is not UTF-8, add a problem and insert `�`."""
    if len(contents) > MAX_BYTES:
        what = f"the text is larger than {MAX_BYTES // 1_000_000} MB"
        raise UnreadableFileError("too-large", what, "make it shorter")
    if isinstance(contents, bytes):
        if contents.startswith(b"PK\x03\x04"):
            what = "this is a workbook or an archive, not a text file"
            raise UnreadableFileError("not-utf8", what, "write the questionnaire in a text editor")
        if contents[:2] in (b"\xff\xfe", b"\xfe\xff") or _UTF16.match(contents):
            what = "the file is saved as UTF-16 (some editors say 'Unicode')"
            raise UnreadableFileError("not-utf8", what, "re-save it as UTF-8")
        try:
            text = contents.decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append(_build_not_utf8_problem(contents, error.start, file))
            text = contents.decode("utf-8", "replace")
    else:
        text = contents
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _build_not_utf8_problem(data: bytes, at: int, file: str) -> Problem:
    before = data[:at].decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    line = before.count("\n") + 1
    column = len(before) - before.rfind("\n")
    letter = data[at : at + 1].decode("cp1252", "replace")
    guess = f" ({letter} in Windows' old encoding)" if letter.isprintable() and letter != "\ufffd" else ""
    what = f"the file is not UTF-8: line {line} has the byte {data[at]:02X}{guess}"
    return Problem("not-utf8", Position(file, line, column), "", what, "re-save the file as UTF-8")


def find_forbidden_characters(text: str, file: str) -> Iterator[Problem]:
    """Find control characters, and lines indented with blanks of word processors: the first of each line."""
    blanks = ((m, text[text.rfind("\n", 0, m.start()) + 1 : m.start()]) for m in _FOREIGN_BLANKS.finditer(text))
    matches = [*FORBIDDEN_CHARACTERS.finditer(text), *(match for match, before in blanks if not before.strip(" "))]
    last = line = counted = 0
    for match in sorted(matches, key=re.Match.start):
        at = match.start()
        line += text.count("\n", counted, at)
        counted = at
        if line + 1 == last:
            continue
        last = line + 1
        where = Position(file, last, at - text.rfind("\n", 0, at))
        what = f"line {last} has the invisible character U+{ord(match[0][0]):04X}"
        remedy = "delete it: such characters often come with pasted text"
        if match.re is _FOREIGN_BLANKS:
            what = f"line {last} is indented with a blank that is not a space (U+{ord(match[0][0]):04X})"
            remedy = "write ordinary spaces: such blanks come with text pasted from a word processor or a web page"
        yield Problem("control-character", where, "", what, remedy)
