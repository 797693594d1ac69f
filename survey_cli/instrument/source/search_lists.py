"""Reader of the files of search lists: columns `code`, `text`, `also`, and `text.es` in Spanish."""

import csv
import re
from collections.abc import Mapping
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
    """A search list as it was read, without the lines that have problems."""

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
    problems: list[Problem] = []

    def report(line: int, what: str, remedy: str) -> None:
        where = Position(SourceFile(name, text), line, 1)
        problems.append(Problem("search-list", where, "", what, remedy))

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
        report(1, what, suggest_nearest(missing[0], columns, otherwise=otherwise))
        return ReadList(_NO_LIST, {}, tuple(problems))

    places = {column: at for at, column in enumerate(columns)}
    languages = {
        column.removeprefix(TEXT_PREFIX): at
        for column, at in places.items()
        if column.startswith(TEXT_PREFIX)
    }
    also_at = places.get("also", len(columns))
    blanks = [""] * (len(columns) + 1)  # for the cells that a short line lacks
    first_lines: dict[str, int] = {}
    rows: list[ListRow] = []
    try:
        for line in lines:
            if not any(line):
                continue
            cells = [*line[: len(columns)], *blanks]
            code = cells[places["code"]].strip()
            label = cells[places["text"]].strip()
            folded = code.casefold()
            if not label or folded in first_lines or not _SIMPLE_CODE.match(code):
                what, remedy = _explain_line(code, label, first_lines.get(folded))
                report(lines.line_num, what, remedy)
            first_lines.setdefault(folded, lines.line_num)
            texts = {"": label}
            for language, at in languages.items():
                texts[language] = cells[at].strip()
            rows.append(ListRow(code, texts, cells[also_at]))
    except csv.Error as error:
        what = f"the line can't be read: {error}"
        report(lines.line_num, what, "save the list as a CSV file again")
    if not first_lines:
        report(1, "the list has no lines", "write a line for each answer: its code and its text")

    # Codes are numbers if all of them are, without zeros before them.
    if all(WHOLE.match(code) for code in first_lines):
        rows = [row._replace(code=int(row.code)) for row in rows]
    language_places = dict.fromkeys(languages, Position(name, 1, 1))
    return ReadList(SearchList(rows), language_places, tuple(problems))


def _explain_line(code: str, text: str, first_line: int | None) -> tuple[str, str]:
    """Return what is wrong with a line, and the remedy."""
    if not code:
        return "the line has no code", "give it a number or a short word"
    if not _SIMPLE_CODE.match(code):
        what = f"{shorten(code)!r} is not a code"
        return what, "a code is a whole number from 0, or a short word without spaces"
    if not text:
        return f"the code {code} has no text", "write the text, or remove the line"
    return f"the code {code} is also on line {first_line}", "give each line a code of its own"
