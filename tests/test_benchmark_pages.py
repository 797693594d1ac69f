"""The figures of the benchmarks: one file, and pages that show it as it is."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import page, results
from benchmarks.lines import Line, Row, format_time
from benchmarks.results import Circumstances, RowResult, read_results, update_row
from support.pages import ROOT, list_pages

CITED_COUNT = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d.,]\d)")
MONDAY = Circumstances(date="2026-11-23", machine="A, 2 cores", python="3.13.5")
FRIDAY = Circumstances(date="2026-11-27", machine="B, 8 cores", python="3.11.7", load=9.0)


@pytest.mark.parametrize("shown", page.PAGES, ids=lambda shown: shown.name)
def test_a_page_shows_the_figures_of_the_file(shown: Path) -> None:
    text = shown.read_text(encoding="utf-8")
    assert page.complete_page(text, command.ROWS, read_results()) == text, "run make docs"


def test_every_row_is_explained_and_no_figure_is_of_a_row_that_is_gone() -> None:
    names = [row.name for row in command.ROWS]
    assert len(names) == len(set(names))
    assert [row.name for row in command.ROWS if not row.explanation] == []
    assert set(read_results()) <= set(names)


@pytest.mark.parametrize("cited", page.CITING, ids=lambda cited: cited.name)
def test_every_figure_that_a_page_cites_is_in_the_table(cited: Path) -> None:
    stale = list(page.iterate_stale_citations(cited, command.ROWS, read_results()))
    assert [str(citation) for citation in stale] == [], "write the figures of benchmarks/README.md"


def test_a_figure_that_is_not_in_the_table_is_told(
    written: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    cited = written.parent / "README.md"
    text = "A key takes 1.2 ms, 3 times as long as 0.5 s.\n```sh\nsleep 7 s\n```\n"
    cited.write_text(text, encoding="utf-8")
    measured = [Line(what="time", figure="1.16 ms", ratio="3.04×")]
    update_row("good", measured, MONDAY, seconds=3, file=written)
    monkeypatch.setattr(command, "ROOT", written.parent)
    monkeypatch.setattr(command, "CITING", (cited,))

    command.warn_of_stale_citations()
    assert capfd.readouterr().err == (
        "README.md: 0.5 s: not in the table any more — write its figures\n"
    )


def test_a_bound_that_a_page_promises_is_above_every_figure(tmp_path: Path) -> None:
    shown = tmp_path / "README.md"
    shown.write_text("It is there less than **10 ms** after the key.\n", encoding="utf-8")
    row = Row("key", measure_nothing)

    def list_stale(*times: str) -> list[str]:
        figures = [
            results.Figure(line=Line(what=time, figure=time), circumstances=MONDAY)
            for time in times
        ]
        measured = {"key": RowResult(seconds=1, figures=tuple(figures))}
        return [str(stale) for stale in page.iterate_stale_citations(shown, [row], measured)]

    assert list_stale("5.7 ms", "7.76 ms") == []
    assert list_stale("5.7 ms", "10.3 ms") == ["10 ms"]


def test_every_large_count_of_the_readme_is_on_another_page() -> None:
    readme = ROOT / "README.md"
    counted: set[str] = set()
    for other in list_pages():
        if other != readme:
            counted.update(CITED_COUNT.findall(other.read_text(encoding="utf-8")))
    cited = CITED_COUNT.findall(page.FENCED.sub("", readme.read_text(encoding="utf-8")))
    assert sorted(set(cited) - counted) == []


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
    monkeypatch.setattr(command, "CITING", ())
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


def test_nothing_is_written_if_figures_are_only_printed(
    written: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = written.read_bytes()
    assert command.main(["--print", "good"]) == 0
    assert written.read_bytes() == before
    assert "1 ms" in capfd.readouterr().out


@pytest.mark.parametrize(("load", "warns"), [(1.0, False), (9.0, True)])
def test_a_busy_machine_is_told(
    written: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    load: float,
    warns: bool,
) -> None:
    around = replace(FRIDAY, load=load)
    monkeypatch.setattr(command, "observe_circumstances", lambda: around)
    assert command.main(["--print", "good"]) == 0
    assert ("other programs are at work" in capfd.readouterr().err) is warns


def test_an_unknown_row_is_named_and_nothing_runs(
    written: Path, capfd: pytest.CaptureFixture[str]
) -> None:
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


@pytest.mark.parametrize(
    ("seconds", "unit", "text"),
    [
        (0.0000005, "µs", "0.5 µs"),
        (0.002, "µs", "2 ms"),
        (0.005702, "ms", "5.7 ms"),
        (0.487, "ms", "487 ms"),
        (1.319, "ms", "1.32 s"),
        (0.5, "s", "0.50 s"),
    ],
)
def test_a_time_is_in_a_unit_that_can_be_read(seconds: float, unit: str, text: str) -> None:
    assert format_time(seconds, unit) == text
