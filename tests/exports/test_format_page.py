"""The page of file formats agrees with the program: formats, endings, extras, codes, limits."""

import re

from support.pages import ROOT
from survey_cli.exports.conventions import RESERVED_CODES
from survey_cli.exports.formats import FORMATS
from survey_cli.exports.limits import EXCEL, EXCEL_ROWS, SPSS, STATA
from survey_cli.services.report.publish import CODEBOOK_WRITERS, RESULTS_WRITERS

PAGE = (ROOT / "docs" / "reference" / "file-formats.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


def test_every_export_format_is_listed_with_endings_extra_and_data_file() -> None:
    rows = {row[0].strip("`"): row for row in ROWS if len(row) == 4 and row[0].startswith("`")}
    for form in FORMATS.values():
        _, endings, content, extra = rows[form.name]
        assert tuple(re.findall(r"`([^`]+)`", endings)) == form.extensions
        assert extra == (f"`{form.extra}`" if form.extra else "")
        assert not form.data_suffix or f"`NAME{form.data_suffix}`" in content


def test_the_codes_of_missing_values_are_those_that_are_written() -> None:
    [row] = [row for row in ROWS if row[0].startswith("`csv`, `tsv`")]
    assert [int(cell) for cell in row[1:]] == [
        RESERVED_CODES[kind] for kind in ("dk", "refused", "not_reached", "not_asked")
    ]


def test_the_limits_are_those_of_the_writers() -> None:
    rows = {row[0]: row[1:] for row in ROWS}
    for name, field in (
        ("name of a variable", "name"),
        ("label of a variable", "label"),
        ("label of a value", "value_label"),
        ("a text", "text"),
    ):
        assert rows[name] == [
            f"{getattr(program, field):,} {'bytes' if program.counts_bytes else 'characters'}"
            for program in (SPSS, STATA, EXCEL)
        ]
    assert rows["columns"] == [f"{program.columns:,}" for program in (SPSS, STATA, EXCEL)]
    assert rows["rows"][-1] == f"{EXCEL_ROWS:,}"


def test_every_ending_of_a_report_is_listed() -> None:
    rows = {row[0].strip("`"): row for row in ROWS}
    for command, writers in (
        ("survey report", RESULTS_WRITERS),
        ("survey codebook", CODEBOOK_WRITERS),
    ):
        listed = set(re.findall(r"`([^`]+)`", rows[command][1]))
        assert listed == {ending for ending in writers if ending not in (".htm", ".markdown")}
        assert {w.extra for w in writers.values() if w.extra} == set(
            re.findall(r"`([^`]+)`", rows[command][2])
        )
