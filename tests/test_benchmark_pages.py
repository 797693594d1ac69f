"""The figures of the benchmarks: one file, and pages that show it as it is."""

import re
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import page, results
from benchmarks.lines import Line, Row
from benchmarks.results import Circumstances, RowResult, read_results, update_row
from support.pages import ROOT, list_pages

CITED_TIME = re.compile(r"(?<![\d.,])(\d[\d,]*(?:\.\d+)?) ?(ms|µs|s|MiB|×|times as)(?!\w)")
CITED_COUNT = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d.,]\d)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PAGES_THAT_CITE = (
    "README.md",
    "docs/index.md",
    "docs/explanation/durability.md",
    "docs/guides/is-this-for-me.md",
)

MONDAY = Circumstances(date="2026-11-23", machine="A, 2 cores", python="3.13.5")
FRIDAY = Circumstances(date="2026-11-27", machine="B, 8 cores", python="3.11.7", load=9.0)


def read_prose(name: str) -> str:
    return FENCED.sub("", (ROOT / name).read_text(encoding="utf-8"))


def find_times(text: str) -> set[tuple[str, str]]:
    """Return figures with their units: `1.2 times as` is `1.2 ×`."""
    found = set()
    for number, unit in CITED_TIME.findall(text):
        if unit == "times as":
            unit = "×"
        found.add((number.replace(",", ""), unit))
    return found


def is_confirmed(number: str, unit: str, measured: set[tuple[str, str]]) -> bool:
    """Say whether a measured figure is the cited one, or rounds to it."""
    decimals = len(number.partition(".")[2])
    rounded = [f"{float(other):.{decimals}f}" for other, other_unit in measured if other_unit == unit]
    return number in rounded


@pytest.mark.parametrize("shown", page.PAGES, ids=lambda shown: shown.name)
def test_a_page_shows_the_figures_of_the_file(shown: Path) -> None:
    text = shown.read_text(encoding="utf-8")
    assert page.complete_page(text, command.ROWS, read_results()) == text, "run make docs"


def test_every_row_is_explained_and_no_figure_is_of_a_row_that_is_gone() -> None:
    names = [row.name for row in command.ROWS]
    assert len(names) == len(set(names))
    assert [row.name for row in command.ROWS if not row.explanation] == []
    assert set(read_results()) <= set(names)


@pytest.mark.parametrize("name", PAGES_THAT_CITE)
def test_every_time_that_a_page_cites_is_in_the_table(name: str) -> None:
    measured = find_times((ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8"))
    cited = find_times(read_prose(name))
    lost = [figure for figure in sorted(cited) if not is_confirmed(*figure, measured)]
    assert lost == [], f"{name} cites what benchmarks/README.md doesn't have"


def test_every_large_count_of_the_readme_is_on_another_page() -> None:
    pages = [other for other in list_pages() if other != ROOT / "README.md"]
    counted: set[str] = set()
    for other in pages:
        counted.update(CITED_COUNT.findall(other.read_text(encoding="utf-8")))
    assert sorted(set(CITED_COUNT.findall(read_prose("README.md"))) - counted) == []


def test_the_falsifiers_found_are_those_of_the_table() -> None:
    [found, honest] = read_results()["quality"].figures
    text = (ROOT / "docs" / "explanation" / "interviewer-quality.md").read_text(encoding="utf-8")
    counts = re.findall(r"\d+ of [\d,]*\d", f"{found.line.figure} {honest.line.figure}")
    assert len(counts) == 4
    assert [count for count in counts if f"| {count}" not in text] == []


def test_a_row_that_runs_alone_changes_only_its_own_figures(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    update_row("a", [Line(what="time", figure="1 ms")], MONDAY, seconds=3, file=file)
    update_row("b", [Line(what="time", figure="2 ms")], MONDAY, seconds=4, file=file)
    update_row("b", [Line(what="time", figure="5 ms")], FRIDAY, seconds=6, file=file)

    found = read_results(file)
    assert [f.line.figure for f in found["a"].figures] == ["1 ms"]
    assert found["a"].figures[0].circumstances == MONDAY
    assert [f.line.figure for f in found["b"].figures] == ["5 ms"]
    assert found["b"].figures[0].circumstances == FRIDAY
    assert found["b"].seconds == 6


def test_a_line_that_cannot_be_measured_here_keeps_its_figure(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    both = [Line(what="time", figure="1 ms"), Line(what="peer", figure="2 ms")]
    update_row("a", both, MONDAY, seconds=3, file=file)
    absent = Line(what="peer", missing="install it")
    update_row("a", [Line(what="time", figure="7 ms"), absent], FRIDAY, seconds=3, file=file)

    figures = read_results(file)["a"].figures
    assert [(f.line.figure, f.circumstances) for f in figures] == [
        ("7 ms", FRIDAY),
        ("2 ms", MONDAY),
    ]
    update_row("a", [absent], FRIDAY, seconds=1, file=file)
    assert read_results(file)["a"].figures == figures


def measure_nothing(folder: Path) -> list[Line]:
    """Nothing."""
    return [Line(what="time", figure="1 ms", goal="≤ 2 ms", met=True)]


def fail(folder: Path) -> list[Line]:
    """Something that fails."""
    raise AssertionError("the program that is measured has failed")


def interrupt(folder: Path) -> list[Line]:
    """Something that is interrupted."""
    raise KeyboardInterrupt


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file and the page that a run writes, with an earlier figure of each row."""
    file = tmp_path / "results.json"
    shown = tmp_path / "page.md"
    shown.write_text("# Page\n\n<!-- bench: table -->\n<!-- /bench -->\n", encoding="utf-8")
    for name in ("good", "bad"):
        update_row(name, [Line(what="time", figure="9 ms")], MONDAY, seconds=3, file=file)
    monkeypatch.setattr(page, "PAGES", (shown,))
    monkeypatch.setattr(command, "ROWS", (Row("good", measure_nothing), Row("bad", fail)))
    monkeypatch.setattr(command, "prepare_modules", lambda: None)
    monkeypatch.setattr(command, "read_results", lambda: read_results(file))

    def update(name: str, lines: list[Line], around: Circumstances, *, seconds: float) -> None:
        update_row(name, lines, around, seconds=seconds, file=file)

    monkeypatch.setattr(command, "update_row", update)
    return file


def test_a_row_that_fails_keeps_its_figure_and_the_run_goes_on(
    written: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["bad", "good"]) == 1
    found = read_results(written)
    assert found["bad"].figures[0].line.figure == "9 ms"
    assert found["good"].figures[0].line.figure == "1 ms"
    assert "bad: failed" in capfd.readouterr().err
    text = (written.parent / "page.md").read_text(encoding="utf-8")
    assert "| `good` | time | 1 ms | | | ≤ 2 ms | met |" in text
    assert "| `bad` | time | 9 ms | | | | | A, 2 cores | 3.13.5 | 2026-11-23 |" in text


def test_nothing_is_written_if_figures_are_only_printed(written: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = written.read_bytes()
    assert command.main(["--print", "good"]) == 0
    assert written.read_bytes() == before
    assert "1 ms" in capfd.readouterr().out


def test_an_unknown_row_is_named_and_nothing_runs(written: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = written.read_bytes()
    assert command.main(["good", "speed"]) == 2
    assert written.read_bytes() == before
    assert capfd.readouterr().err == ("benchmarks: speed: no such row — choose among: good bad\n")


def test_what_misses_its_goal_or_is_a_guard_says_so() -> None:
    line = Line(what="time", figure="3 ms", goal="≤ 2 ms", met=False)
    figure = results.Figure(line=line, circumstances=FRIDAY)
    row = Row("slow", measure_nothing, guard=True, by_name=True)
    measured = {"slow": RowResult(seconds=200, figures=(figure,))}

    table = page.write_table([row], measured)
    assert table.splitlines()[-1] == (
        "| `slow` (guard) | time | 3 ms | | | ≤ 2 ms | **missed** | B, 8 cores, load 9 | 3.11.7 | 2026-11-27 |"
    )
    assert "≤ 2 ms, **missed**" in page.write_short_table(["slow"], measured)
    explained = page.write_explanations([row], measured)
    assert explained == "- `slow` (guard, only by name, 3 minutes): Nothing."


def test_the_time_of_a_run_is_that_of_its_rows() -> None:
    rows = [Row("a", measure_nothing), Row("b", measure_nothing, by_name=True)]
    measured = {
        "a": RowResult(seconds=301, figures=()),
        "b": RowResult(seconds=600, figures=()),
    }
    assert page.write_duration(rows, measured).startswith("The rows of `make bench` took 5 minutes")
    assert "isn't known" in page.write_duration(rows, {})
