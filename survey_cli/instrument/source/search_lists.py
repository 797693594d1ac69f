"""Reader of the files of search lists: comma-separated columns `code`, `text`, `also`, and `text.es` for a language."""

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
    """Read a search list from its file; it is empty where there is none."""
    return ReadList(_NO_LIST, {}) if file is None else _read_text(str(file), file.text)


@lru_cache(maxsize=16)
def _read_text(name: str, text: str) -> ReadList:
    problems: list[Problem] = []

    def report(line: int, what: str, remedy: str) -> None:
        problems.append(
            Problem("search-list", Position(SourceFile(name, text), line, 1), "", what, remedy)
        )

    heading = text.partition("\n")[0]
    lines = csv.reader(text.splitlines(keepends=True), delimiter=max(",;\t", key=heading.count))
    columns = [cell.strip().lower() for cell in next(lines, [])]
    missing = [column for column in ("code", "text") if column not in columns]
    if missing:
        found = f"; it has {', '.join(map(shorten, columns))}" if columns else ""
        remedy = suggest_nearest(
            missing[0], columns, otherwise="name the columns in the first line: code,text,also"
        )
        report(1, f"the list has no column {' and no column '.join(missing)}{found}", remedy)
        return ReadList(_NO_LIST, {}, tuple(problems))
    places = {column: at for at, column in enumerate(columns)}
    languages = {
        c.removeprefix(TEXT_PREFIX): at for c, at in places.items() if c.startswith(TEXT_PREFIX)
    }
    code_at, text_at, also_at = places["code"], places["text"], places.get("also", len(columns))
    blanks = [""] * (len(columns) + 1)
    first_lines: dict[str, int] = {}
    rows: list[ListRow] = []
    try:
        for line in lines:
            if not any(line):
                continue
            cells = [*line[: len(columns)], *blanks]
            code, text = cells[code_at].strip(), cells[text_at].strip()
            folded = code.casefold()
            if not text or folded in first_lines or not _SIMPLE_CODE.match(code):
                report(lines.line_num, *_explain_line(code, text, first_lines.get(folded)))
            first_lines.setdefault(folded, lines.line_num)
            translations = (
                {language: cells[at].strip() for language, at in languages.items()}
                if languages
                else {}
            )
            rows.append(ListRow(code, {"": text, **translations}, cells[also_at]))
    except csv.Error as error:
        report(
            lines.line_num, f"the line can't be read: {error}", "save the list as a CSV file again"
        )
    if not first_lines:
        report(1, "the list has no lines", "write a line for each answer: its code and its text")
    if all(map(WHOLE.match, first_lines)):  # numbers, if all of them are, without zeros before them
        rows = [row._replace(code=int(row.code)) for row in rows]
    return ReadList(
        SearchList(rows), dict.fromkeys(languages, Position(name, 1, 1)), tuple(problems)
    )


def _explain_line(code: str, text: str, first_line: int | None) -> tuple[str, str]:
    """Return what is wrong with a line, and the remedy."""
    if not code:
        return "the line has no code", "give it a number or a short word"
    if not _SIMPLE_CODE.match(code):
        return (
            f"{shorten(code)!r} is not a code",
            "a code is a whole number from 0, or a short word without spaces",
        )
    if not text:
        return f"the code {code} has no text", "write the text, or remove the line"
    return f"the code {code} is also on line {first_line}", "give each line a code of its own"
