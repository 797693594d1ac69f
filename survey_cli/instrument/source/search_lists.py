"""Reader of the files of search lists: columns `code`, `text`, `also`, and `text.es` in Spanish."""

import csv
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.instrument.source.nodes import SourceFile
from survey_cli.instrument.source.scalars import WHOLE
from survey_cli.problems import Position, Problem, suggest_nearest
from survey_cli.search_lists import ListRow, SearchList
from survey_cli.wording import shorten

TEXT_PREFIX: Final = "text."
_SIMPLE_CODE: Final = re.compile(r"[^\s-]\S{0,15}\Z")
_NO_LIST: Final = SearchList([])


class ReadList(NamedTuple):
    """A search list as it was read."""

    list: SearchList
    languages: Mapping[str, Position]
    """The languages that have a column of texts."""
    problems: tuple[Problem, ...] = ()


def read_search_list(file: SourceFile | None) -> ReadList:
    """Read a search list from its file; it is empty without one."""
    if file is None:
        return ReadList(_NO_LIST, {})
    return _read_text(str(file), file.text)


@lru_cache(maxsize=16)
def _read_text(name: str, text: str) -> ReadList:
    """Read a list from the text of its file."""
    # Programs for tables write semicolons or tabs in some countries.
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    lines = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)

    columns = [cell.strip().lower() for cell in next(lines, [])]
    missing = [column for column in ("code", "text") if column not in columns]
    if missing:
        what = f"the list has no column {' and no column '.join(missing)}"
        if columns:
            what += f"; it has {', '.join(map(shorten, columns))}"
        otherwise = "name the columns in the first line: code,text,also"
        remedy = suggest_nearest(missing[0], columns, otherwise=otherwise)
        where = Position(SourceFile(name, text), 1, 1)
        return ReadList(_NO_LIST, {}, (Problem("search-list", where, "", what, remedy),))

    reader = _ListReader(SourceFile(name, text), columns)
    try:
        for line in lines:
            if any(line):
                reader.read_line(line, lines.line_num)
    except csv.Error as error:
        what = f"the line can't be read: {error}"
        reader.report(lines.line_num, what, "save the list as a CSV file again")
    if not reader.first_lines:
        remedy = "write a line for each answer: its code and its text"
        reader.report(1, "the list has no lines", remedy)

    languages = dict.fromkeys(reader.languages, Position(name, 1, 1))
    return ReadList(SearchList(reader.list_rows()), languages, tuple(reader.problems))


class _ListReader:
    """Reads the lines below the heading of a search list."""

    def __init__(self, file: SourceFile, columns: Sequence[str]) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.first_lines: dict[str, int] = {}
        """The first line of each code, without regard to case."""
        self._rows: list[ListRow] = []

        self._width = len(columns)
        indices = {column: index for index, column in enumerate(columns)}
        self._code_index = indices["code"]
        self._text_index = indices["text"]
        self._also_index = indices.get("also")
        self.languages: dict[str, int] = {}
        """The languages that have a column of texts, and its index."""
        for column, index in indices.items():
            if column.startswith(TEXT_PREFIX):
                self.languages[column.removeprefix(TEXT_PREFIX)] = index

    def read_line(self, line: Sequence[str], number: int) -> None:
        """Read a line of the file. One with a mistake is reported, and kept."""
        missing_cells = [""] * (self._width - len(line))
        cells = [*line, *missing_cells]
        code = cells[self._code_index].strip()
        label = cells[self._text_index].strip()
        also = "" if self._also_index is None else cells[self._also_index]

        folded = code.casefold()
        first_line = self.first_lines.setdefault(folded, number)
        if not label or first_line != number or not _SIMPLE_CODE.match(code):
            what, remedy = _explain_line(code, label, first_line)
            self.report(number, what, remedy)

        texts = {"": label}
        for language, index in self.languages.items():
            texts[language] = cells[index].strip()
        self._rows.append(ListRow(code, texts, also))

    def list_rows(self) -> list[ListRow]:
        """Return the rows. Their codes are numbers if all are, without zeros before them."""
        if not all(WHOLE.match(code) for code in self.first_lines):
            return self._rows
        return [row._replace(code=int(row.code)) for row in self._rows]

    def report(self, line: int, what: str, remedy: str) -> None:
        where = Position(self.file, line, 1)
        self.problems.append(Problem("search-list", where, "", what, remedy))


def _explain_line(code: str, text: str, first_line: int) -> tuple[str, str]:
    """Return what is wrong with a line, and the remedy."""
    if not code:
        return "the line has no code", "give it a number or a short word"
    if not _SIMPLE_CODE.match(code):
        what = f"{shorten(code)!r} is not a code"
        return what, "a code is a whole number from 0, or a short word without spaces"
    if not text:
        return f"the code {code} has no text", "write the text, or remove the line"
    return f"the code {code} is also on line {first_line}", "give each line a code of its own"
