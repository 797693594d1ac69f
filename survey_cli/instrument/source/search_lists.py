"""Reader of the files of search lists: comma-separated columns `code`, `text`, `also`, and `text.es` for a language."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.instrument.source.nodes import SourceFile
from survey_cli.instrument.source.scalars import WHOLE
from survey_cli.problems import Position, Problem, suggest_nearest
from survey_cli.search_lists import ListRow, SearchList
from survey_cli.wording import shorten

TEXT_PREFIX: Final = "text."
MAX_CODE_BYTES: Final = 32
_NO_LIST: Final = SearchList([])


class ReadList(NamedTuple):
    """A search list as it was read, without the lines that have problems."""

    list: SearchList
    languages: Mapping[str, Position]
    """The languages that have a column of texts."""
    problems: tuple[Problem, ...] = ()


def read_search_list(file: SourceFile | None) -> ReadList:
    """Read a search list from its file; it is empty where there is none."""
    return ReadList(_NO_LIST, {}) if file is None else _read_text(str(file), file.text)


@lru_cache(maxsize=16)
def _read_text(name: str, text: str) -> ReadList:
    problems: list[Problem] = []

    def report(line: int, what: str, remedy: str) -> None:
        problems.append(Problem("search-list", Position(SourceFile(name, text), line, 1), "", what, remedy))

    heading = text.partition("\n")[0]
    lines = csv.reader(text.splitlines(keepends=True), delimiter=max(",;\t", key=heading.count))
    columns = [cell.strip().lower() for cell in next(lines, [])]
    missing = [column for column in ("code", "text") if column not in columns]
    if missing:
        found = f"; it has {', '.join(map(shorten, columns))}" if columns else ""
        remedy = suggest_nearest(missing[0], columns, otherwise="name the columns in the first line: code,text,also")
        report(1, f"the list has no column {' and no column '.join(missing)}{found}", remedy)
        return ReadList(_NO_LIST, {}, tuple(problems))
    cells: list[tuple[int, Mapping[str, str]]] = []
    try:
        cells.extend(
            (lines.line_num, dict(zip(columns, map(str.strip, row), strict=False))) for row in lines if any(row)
        )
    except csv.Error as error:
        report(lines.line_num, f"the line can't be read: {error}", "save the list as a CSV file again")
    first_lines: dict[str, int] = {}
    good_rows = []
    for line, row_cells in cells:
        code = row_cells.get("code", "")
        what, remedy = next(_list_mistakes(code, row_cells.get("text", ""), first_lines), ("", ""))
        first_lines.setdefault(code.casefold(), line)
        if what:
            report(line, what, remedy)
        else:
            good_rows.append(row_cells)
    if not cells:
        report(1, "the list has no lines", "write a line for each answer: its code and its text")
    languages = {c.removeprefix(TEXT_PREFIX): Position(name, 1, 1) for c in columns if c.startswith(TEXT_PREFIX)}
    return ReadList(SearchList(_build_rows(good_rows)), languages, tuple(problems))


def _list_mistakes(code: str, text: str, first_lines: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a line, and the remedy."""
    if not code:
        yield "the line has no code", "give it a number or a short word"
    elif any(c.isspace() for c in code) or len(code.encode()) > MAX_CODE_BYTES or code.startswith("-"):
        yield f"{shorten(code)!r} is not a code", "a code is a whole number from 0, or a short word without spaces"
    elif not text:
        yield f"the code {code} has no text", "write the text, or remove the line"
    elif code.casefold() in first_lines:
        yield f"the code {code} is also on line {first_lines[code.casefold()]}", "give each line a code of its own"


def _build_rows(rows: Sequence[Mapping[str, str]]) -> list[ListRow]:
    """Build the rows; the codes are numbers if all of them are, without zeros before them."""
    are_numbers = all(WHOLE.match(row["code"]) for row in rows)
    return [
        ListRow(
            code=int(row["code"]) if are_numbers else row["code"],
            texts={"": row["text"], **_find_translations(row)},
            also=row.get("also", ""),
        )
        for row in rows
    ]


def _find_translations(row: Mapping[str, str]) -> Mapping[str, str]:
    return {name.removeprefix(TEXT_PREFIX): text for name, text in row.items() if name.startswith(TEXT_PREFIX) and text}
