"""Workbooks that unpack to far more than any sample are refused before they fill the memory."""

import io
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from survey_cli.conversion.input_files import open_input
from survey_cli.conversion.xlsform.sheets import read_sheets
from survey_cli.problems import UserError
from survey_cli.samples.files import read_sheet
from survey_cli.samples.files.sheet import ProblemCollector
from survey_cli.workbook_size import measure_largest_sheet

READ = """
import re, sys
from pathlib import Path
from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import ProblemCollector

def measure_peak():
    # Not ru_maxrss, which begins at the peak of the process that started this one.
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    return int(re.search("VmHWM:[^0-9]*([0-9]+)", status.read_text())[1])

before = measure_peak()
problems = ProblemCollector(sys.argv[1])
sheet = read_sheet(sys.argv[1], problems)
rows = sum(1 for _ in sheet.rows) if sheet is not None else 0
print(rows, *problems.list_problems())
print(f"{(measure_peak() - before) // 1024} MB")
"""


def make_workbook(file: Path, rows: bytes, times: int = 1) -> Path:
    """Write a small sample whose sheet is followed by these rows as XML."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (["name", "type", "label"], ["q", "text", "Why?"]):
        sheet.append(cells)
    sheet.title = "survey"
    written = io.BytesIO()
    book.save(written)
    source = zipfile.ZipFile(written)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name in source.namelist():
            part = source.read(name)
            if not name.endswith("sheet1.xml"):
                target.writestr(name, part)
                continue
            before, _, after = part.partition(b"</sheetData>")
            with target.open(name, "w", force_zip64=True) as stream:
                stream.write(before)
                for _ in range(times):
                    stream.write(rows)
                stream.write(b"</sheetData>" + after)
    return file


def read_apart(file: Path) -> tuple[str, int]:
    """Read a sheet in another process; returns what it says, and the memory it needed in MB."""
    ran = subprocess.run(
        [sys.executable, "-c", READ, str(file)], capture_output=True, text=True, timeout=120
    )
    said, memory = ran.stdout.rstrip().rsplit("\n", 1)
    return said, int(memory.removesuffix(" MB"))


def test_a_workbook_that_unpacks_to_hundreds_of_megabytes_is_refused(tmp_path: Path) -> None:
    file = make_workbook(tmp_path / "cases.xlsx", b"<row></row>" * 100_000, times=300)
    assert file.stat().st_size < 1_000_000
    said, memory = read_apart(file)
    assert (
        "the workbook is too large: once unpacked, it has far more data than a file of its size can need"
        in said
    )
    assert memory < 60


def test_a_large_sheet_is_searched_for_formulas_in_pieces(tmp_path: Path) -> None:
    file = make_workbook(tmp_path / "cases.xlsx", b"<row></row>" * 100_000, times=30)
    contents = file.read_bytes()
    tracemalloc.start()
    try:
        found = read_sheet._find_uncalculated_formula(contents, "xl/worksheets/sheet1.xml")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == ""
    assert peak < 10_000_000, "the sheet has 33 MB"


def test_a_large_sheet_is_read_in_little_memory(tmp_path: Path) -> None:
    rows = b"".join(
        b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (n, n, n * 7919) for n in range(3, 60_003)
    )
    file = make_workbook(tmp_path / "cases.xlsx", rows)
    said, memory = read_apart(file)
    assert said == "60001"
    assert memory < 60


@pytest.mark.parametrize(
    ("row", "times"),
    [
        ('<row r="1048577"><c r="A1048577"><v>1</v></c></row>', 1),
        ('<row><c r="XFD3"><v>1</v></c></row>', 400),
    ],
    ids=["rows", "columns"],
)
def test_a_sheet_of_empty_cells_ends_in_words(
    tmp_path: Path, row: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits are lower here than in the program: there, it takes seconds to reach them."""
    assert (read_sheet.MAX_ROWS, read_sheet.MAX_CELLS) == (1_048_576, 50_000_000)
    monkeypatch.setattr(read_sheet, "MAX_ROWS", 20_000)
    monkeypatch.setattr(read_sheet, "MAX_CELLS", 1_000_000)
    file = str(make_workbook(tmp_path / "cases.xlsx", row.encode(), times))
    problems = ProblemCollector(file)
    sheet = read_sheet.read_sheet(file, problems)
    assert sheet is not None
    assert len(list(sheet.rows)) <= 20_000
    said = "\n".join(map(str, problems.list_problems()))
    assert (
        "the sheet has more than 20,000 rows, or 1,000,000 cells; the rows below are not read"
        in said
    )


def test_a_form_with_a_cell_far_away_is_refused(tmp_path: Path) -> None:
    file = make_workbook(
        tmp_path / "form.xlsx", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    assert measure_largest_sheet(file.read_bytes()) == 1_048_576 * 16_384
    with pytest.raises(UserError, match="the workbook is too large"):
        read_sheets(open_input(file))
    assert [
        row.get("type")
        for row in read_sheets(open_input(make_workbook(tmp_path / "small.xlsx", b"")))["survey"]
    ] == ["text"]
