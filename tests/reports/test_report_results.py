"""A whole report of stored interviews agrees with an independent count, and its methods box with how it was made."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from html import unescape
from pathlib import Path
from shutil import copy, which
from subprocess import run
from typing import Any

import pytest

from support.command_line import run_survey, write_respondents
from support.forked_survey import run_forked_survey
from support.html_pages import browser, in_browser  # noqa: F401
from support.scenario import INSTRUMENTS
from survey_cli.problems import UserError
from survey_cli.reports.codebook.codebook import Codebook
from survey_cli.reports.results.methods import format_duration
from survey_cli.reports.results.report_model import Results
from survey_cli.services.report.publish import load_codebook
from survey_cli.services.report.results_report import ReportOptions, build_results_report
from survey_cli.store.cases.case_store import CaseQueries

WISH = ReportOptions(origin="simulated", threshold=0)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The founding survey with 700 invented interviews, some of them broken off."""
    folder = tmp_path_factory.mktemp("asu") / "instruments"
    folder.mkdir()
    copy(INSTRUMENTS / "asu_2000.yaml", folder)
    file = folder / "asu_2000.yaml"
    habits = write_respondents(folder, break_off="1%")
    run_survey(folder, "simulate", str(file), "-n", "700", "--keep", *habits, "--seed", "5")
    return file


def made(study: Path, wish: ReportOptions = WISH) -> Results:
    found = build_results_report(study, wish)
    assert isinstance(found, Results), str(found)
    return found


def rows(study: Path) -> list[dict[str, str]]:
    return list(
        csv.DictReader(
            io.StringIO(
                run_survey(study.parent, "export", str(study), "-o", "-", "--origin", "simulated")[
                    0
                ]
            )
        )
    )


def is_partial(row: dict[str, str]) -> bool:
    return row["interview_status"] == "stopped" and row["q14"] != "-7"


def test_every_count_is_that_of_the_exported_file(study: Path):
    counted = [
        row for row in rows(study)
        if row["interview_outcome"] == "complete" or is_partial(row)
    ]  # fmt: skip
    assert any(is_partial(row) for row in counted)
    report = made(study)
    assert report.interviews == len(counted)
    checked = 0
    for item in report.items:
        if item.kind not in ("single", "scale"):
            continue
        there = Counter(row[item.id] for row in counted if row[item.id] not in ("-6", "-7"))
        shown = {row.code: row.total.amount for row in item.rows if row.code}
        assert {code: n for code, n in shown.items() if n} == dict(there)
        assert item.base.asked == sum(there.values())
        assert sum(row.total.share or 0 for row in item.rows if row.code) == 1
        checked += len(there)
    assert checked > 100


def test_a_banner_divides_the_same_interviews(study: Path):
    report = made(study, replace(WISH, by=("kind",)))
    assert [column.label for column in report.columns] == ["All", "District", "Sector"]
    for item in report.items:
        asked = [base.asked or 0 for base in item.bases]
        assert not item.has_columns or asked[0] == asked[1] + asked[2]
    assert sum(item.has_columns for item in report.items) > 25


def test_the_methods_box_says_what_is_known_and_what_is_not(study: Path):
    box = {line.label: line for line in made(study).methods}
    assert box["Sponsor"].text == "Office of the Inspector General"
    assert box["Population"].text == "Supervisors of the 35 anti-smuggling units (N = 35)"
    assert not box["Incentive"].is_stated
    assert box["Incentive"].text == "not stated"
    assert "left out" in box["Interviews"].text
    assert "simulated interviews, of no real person" in box["Interviews"].text
    assert box["Weighting"].text.startswith("None")
    assert list(box)[:6] == [
        "Sponsor", "Conducted by", "Population", "Sampling frame", "Selection", "Mode",
    ]  # fmt: skip


DISCLOSED = (
    "Sponsor", "Conducted by", "Population", "Sampling frame", "Selection", "Mode", "Languages", "Incentive",
    "Field dates", "Interviews", "Outcomes", "Response rates", "Weighting", "Precision", "Length of interviews",
    "Questionnaire", "Missing answers", "Contact",
)  # fmt: skip
"""What AAPOR asks every survey to disclose, and what a reader would ask besides."""


def test_a_study_that_says_nothing_of_itself_is_reported_to_say_nothing(
    study: Path, tmp_path: Path
):
    """Dates and lengths are those of the interviews; the rest is not stated, and nothing is left out."""
    folder = tmp_path / "instruments"
    folder.mkdir()
    text = study.read_text(encoding="utf-8")
    head, _, rest = text.partition("\nstudy:\n")
    (folder / "asu_2000.yaml").write_text(
        f"{head}\n{rest[rest.index('scales:') :]}", encoding="utf-8"
    )
    run_survey(
        folder, "simulate", str(folder / "asu_2000.yaml"), "-n", "40", "--keep", "--seed", "3"
    )
    began = [row["interview_began"][:10] for row in rows(folder / "asu_2000.yaml")]
    day = date.fromisoformat(min(began))
    lines = made(folder / "asu_2000.yaml", replace(WISH, interviews="all", zone=UTC)).methods
    assert tuple(line.label for line in lines if line.label != "Filters") == DISCLOSED
    box = {line.label: line for line in lines}
    assert box["Field dates"].text.startswith(f"{day.day} ")
    assert box["Field dates"].text.endswith(f"{date.fromisoformat(max(began)):%B %Y}")
    assert box["Languages"].text == "English"
    for label in (
        "Sponsor",
        "Conducted by",
        "Population",
        "Sampling frame",
        "Selection",
        "Contact",
    ):
        assert (box[label].text, box[label].is_stated) == ("not stated", False)
    assert box["Outcomes"].text.startswith("not stated: ")
    assert re.fullmatch(
        r"Median \d+ (minute|second)s? from the first entry to the last, .*",
        box["Length of interviews"].text,
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "under a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (89, "1 minute"),
        (630, "11 minutes"),
    ],
)
def test_a_short_interview_is_not_said_to_last_no_minutes(seconds: int, told: str):
    assert format_duration(Fraction(seconds)) == told


def test_a_census_has_no_tests_unless_asked(study: Path):
    by_kind = replace(WISH, by=("kind",))
    census = made(study, by_kind)
    assert not any(item.tests for item in census.items)
    assert any("No sampling error" in line.text for line in census.methods)
    asked = made(study, replace(by_kind, inference=True))
    assert any(item.tests for item in asked.items)


def test_whatever_narrows_a_report_is_said_in_it(study: Path, tmp_path: Path):
    """In its head, whatever file it is, and among its methods, where population and outcomes are the whole study's."""
    condition = "kind == 'District'"
    whole = made(study)
    report = made(study, replace(WISH, where=condition, items=("q2", "q3")))
    counted = [
        row for row in rows(study) if row["interview_outcome"] == "complete" or is_partial(row)
    ]
    districts = sum(row["kind"] == "District" for row in counted)
    assert report.interviews == districts
    unreal = "These are simulated interviews, of no real person."
    filters = (
        f"Only interviews for which this is true: {condition} — {districts} of {len(counted)}.",
        f"Only 2 of {len(whole.items)} items: q2, q3.",
    )
    assert report.filter_notes == (unreal, *filters)
    box = {line.label: line.text for line in report.methods}
    assert box["Filters"] == " ".join(filters)
    assert "of the whole study" in box["Population"]
    assert whole.filter_notes == (unreal,)
    alone = made(study, replace(WISH, interviews="complete"))
    left = len(rows(study)) - alone.interviews
    assert alone.filter_notes == (
        unreal,
        f"Only complete interviews; {left} that were started are left out.",
    )
    assert not any("whole study" in line.text for line in whole.methods)
    asked = ("--origin", "simulated", "--where", condition, "--items", "q2")
    run_survey(tmp_path, "report", str(study), *asked, "-o", str(tmp_path / "a.html"))
    for text in (
        run_survey(tmp_path, "report", str(study), *asked, "-o", "-")[0],
        run_survey(tmp_path, "report", str(study), *asked)[0],
        unescape((tmp_path / "a.html").read_text(encoding="utf-8")),
    ):
        assert text.index(condition) < text.index("The mission of your ASU")


def test_a_part_of_a_census_is_a_census_and_of_a_sample_a_sample_of_no_known_size(
    study: Path, tmp_path: Path
):
    """No margin comes from the size of the whole population."""
    some = replace(WISH, where="kind == 'District'", by=("kind",), margins=False)
    census = made(study, some)
    assert not any(item.tests for item in census.items)
    assert any("the whole population was selected" in note for note in census.notes)
    (told,) = [line.text for line in census.methods if line.label == "Precision"]
    assert told.startswith("No sampling error: all 35 units of the population")
    large = copy(study, tmp_path)
    text = Path(large).read_text(encoding="utf-8")
    Path(large).write_text(text.replace("size: 35 ", "size: 900 "), encoding="utf-8")
    kept = str(study.parent.parent / "responses" / "asu_2000.db")
    sample = made(Path(large), replace(some, db=kept, margins=True))
    (told,) = [line.text for line in sample.methods if line.label == "Precision"]
    n = sample.interviews
    assert told.startswith(f"± {196 * 0.5 / n**0.5:.1f} points")
    assert "because the size of this part is not known" in told
    (told,) = [
        line.text
        for line in made(Path(large), replace(WISH, db=kept)).methods
        if line.label == "Precision"
    ]
    assert "with the correction for a population of 900" in told


def test_how_much_is_hidden_is_said_once_and_with_its_remedy_where_it_is_one_s_own(
    study: Path, tmp_path: Path
):
    page = tmp_path / "a.md"
    _, told = run_survey(tmp_path, "report", str(study), "--origin", "simulated", "-o", str(page))
    found = re.search(r"(\d+) of ([\d,]+) counts are hidden; --threshold 0", told)
    assert found is not None
    text = page.read_text(encoding="utf-8")
    assert f"{found[1]} of {found[2]} counts are hidden" in text
    assert "--threshold" not in text
    report = made(study, replace(WISH, threshold=5))
    figures = [f for item in report.items for row in item.rows for f in row.figures]
    bases = [item.base for item in report.items]
    assert report.count_total == len(figures) + len(bases) == int(found[2].replace(",", ""))
    hidden = sum(f.hidden for f in figures) + sum(base.asked is None for base in bases)
    assert report.hidden_count == hidden == int(found[1])
    assert made(study).hidden_count == 0


def test_small_counts_are_hidden_unless_said(study: Path):
    report = made(study, replace(WISH, threshold=5))
    amounts = [row.total.amount for item in report.items for row in item.rows]
    assert None in amounts
    assert not [n for n in amounts if n is not None and 0 < n < 5]
    assert any("fewer than 5" in note for note in report.notes)


def test_words_are_printed_only_where_they_are_asked_for(study: Path):
    assert not any(item.verbatims for item in made(study).items)
    with_words = made(study, replace(WISH, verbatims=True))
    said = [v for item in with_words.items for v in item.verbatims]
    assert said
    assert not any(v.case for v in said)
    assert any(v.option == "Something else" for v in said)
    cases = made(study, replace(WISH, verbatims=True, cases=True))
    assert all(v.case for item in cases.items for v in item.verbatims)
    for item in cases.items:
        alike = [(v.option, v.text.casefold()) for v in item.verbatims]
        assert len(set(alike)) == len(alike), "the same words stand there once"
        assert all(len(v.case.split(", ")) == v.times for v in item.verbatims)


def test_several_answers_divide_by_each_option(study: Path):
    report = made(study, replace(WISH, by=("q21",), items=("q1",)))
    groups = list(dict.fromkeys(column.variable for column in report.columns if column.variable))
    assert groups[:2] == ["q21_1", "q21_2"]
    assert len(groups) > 3
    assert {column.group for column in report.columns[1:]} == {"Measures of results"}
    assert len({column.label for column in report.columns}) == len(report.columns)
    (item,) = report.items
    counted = [
        row for row in rows(study) if row["interview_outcome"] == "complete" or is_partial(row)
    ]
    for column, base in zip(report.columns[1:], item.bases[1:], strict=True):
        assert base.asked == sum(row[column.variable] == "1" for row in counted), (
            "those who named it"
        )


def test_chosen_items_conditions_and_languages(study: Path):
    some = made(study, replace(WISH, items=("mission", "q14"), where="kind == 'Sector'"))
    assert [item.id for item in some.items] == [
        "q1", "q2", "q3", "q4", "q5", "q6", "q2_why", "q6_why", "q14",
    ]  # fmt: skip
    assert some.interviews < made(study).interviews


def test_raking_to_targets(study: Path, tmp_path: Path):
    targets = tmp_path / "targets.csv"
    targets.write_text("variable,value,share\nkind,District,60%\nkind,Sector,40%\n")
    report = made(study, replace(WISH, rake=str(targets), by=("kind",)))
    assert report.weighting is not None
    district = next(item for item in report.items if item.id == "q1")
    weights = [Fraction(base.weighted_text) for base in district.bases]
    assert float(weights[1] / weights[0]) == pytest.approx(0.6, abs=0.01)
    assert "raked to kind" in next(
        line.text for line in report.methods if line.label == "Weighting"
    )


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (ReportOptions(), "no interviews to report on"),
        (replace(WISH, by=("knid",)), "did you mean 'kind'?"),
        (replace(WISH, by=("unit",)), "there is no variable 'unit'"),
        (replace(WISH, by=("phone",)), "phone"),
        (replace(WISH, by=("q22",)), "values"),
        (replace(WISH, items=("q99",)), "--items"),
        (replace(WISH, digits=9), "--digits"),
        (replace(WISH, trim="1e9", rake="x"), "--trim"),
        (replace(WISH, rake="nowhere.csv"), "targets"),
        (replace(WISH, cases=True), "--verbatims"),
        (replace(WISH, where="kind = 1"), "write =="),
    ],
)
def test_what_cannot_be_reported_is_told(study: Path, wish: ReportOptions, told: str):
    with pytest.raises(UserError) as caught:
        build_results_report(study, wish)
    found = caught.value
    assert told in f"{found} {' '.join(map(str, found.problems))}"


def test_a_codebook_counts_what_the_file_holds(study: Path):
    found = load_codebook(study, ReportOptions(origin="simulated", threshold=0))
    assert isinstance(found, Codebook)
    data = rows(study)
    assert found.interviews == len(data)
    by_name = {variable.name: variable for variable in found.variables}
    for name in ("q1", "cooperation"):
        lines = (*by_name[name].codes, *by_name[name].missing)
        shown = {line.code: int(line.count_text) for line in lines if line.count_text != "0"}
        assert shown == dict(Counter(row[name] for row in data))
    q21 = by_name["q21_1"]
    third = q21.columns[2]
    shown = {
        line.code: int(n)
        for line, n in zip((*q21.codes, *q21.missing), third.counts, strict=True)
        if n != "0"
    }
    assert shown == dict(Counter(row[third.name] for row in data))
    assert by_name["q2_why"].asked == "Asked if q2 is Disagree or Strongly disagree."
    assert by_name["phone"].personal
    assert all(not code.count_text for code in by_name["phone"].codes)
    assert by_name["q2"].codes[4].missing == "missing"
    hidden = load_codebook(study, ReportOptions(origin="simulated"))
    assert isinstance(hidden, Codebook)
    texts = [
        c.count_text for variable in hidden.variables for c in (*variable.codes, *variable.missing)
    ]
    assert "[c]" in texts
    assert not {"1", "2", "3", "4"} & set(texts)


def test_a_codebook_needs_no_interviews():
    found = load_codebook(INSTRUMENTS / "household.yaml", ReportOptions(db="nowhere.db"))
    assert isinstance(found, Codebook)
    assert found.interviews is None
    assert not any(code.count_text for variable in found.variables for code in variable.codes)


def test_a_population_that_was_called_as_a_whole_is_a_census_though_few_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "instruments"
    folder.mkdir()
    for name in ("asu_2000.yaml", "asu_2000_units.csv"):
        copy(INSTRUMENTS / name, folder)
    file = folder / "asu_2000.yaml"
    run_survey(folder, "sample", "import", str(file), str(folder / "asu_2000_units.csv"))
    answers = (INSTRUMENTS / "asu_2000.answers.txt").read_text(encoding="utf-8")
    for case in ("Chicago District", "Denver District"):
        conducted = run_forked_survey(
            "interview", str(file), "--plain", "--case", case, keyed=answers
        )
        assert conducted.returncode == 0, conducted.stderr
    report = made(file, ReportOptions(by=("kind",), threshold=0))
    box = {line.label: line.text for line in report.methods}
    assert box["Precision"] == (
        "No sampling error: all 35 units of the population were selected, and 2 of them interviewed"
    )
    assert box["Outcomes"] == "Complete (I) 2, non-contact (NC) 33"
    assert box["Response rates"].startswith("Response rate 1 (RR1) 5.7%")
    assert report.rates is not None
    assert not any(item.tests for item in report.items)
    assert report.items[0].base.text == "all 2"

    def read_corrected(
        queries: CaseQueries, *, until: datetime | None = None, corrected: bool = False
    ) -> Iterator[Any]:
        assert corrected, "the rates of now come from the live counts"
        return iter(())

    monkeypatch.setattr(CaseQueries, "iterate_histories", read_corrected)
    again = made(file, ReportOptions(by=("kind",), threshold=0, at=datetime.now(UTC)))
    assert again.rates is not None
    assert again.rates.columns == report.rates.columns


@pytest.mark.skipif(which("pspp") is None, reason="GNU PSPP: apt-get install pspp")
def test_gnu_pspp_finds_the_same_in_the_exported_file(study: Path, tmp_path: Path):
    """Its frequencies, means, medians and standard deviations, its cross-tabulation and its chi-square are ours."""
    pytest.importorskip("pyreadstat", reason="the extra [spss]")
    pytest.importorskip("scipy", reason="the extra [report]")
    run_survey(
        tmp_path, "export", str(study), "-o", str(tmp_path / "d.sav"), "--origin", "simulated"
    )
    (tmp_path / "d.sps").write_text(
        "GET FILE='d.sav'.\n"
        "FREQUENCIES /VARIABLES=q1 q22 /FORMAT=NOTABLE /STATISTICS=MEAN MEDIAN STDDEV.\n"
        "CROSSTABS /TABLES=q23 BY kind /STATISTICS=CHISQ /CELLS=COUNT.\n",
        encoding="utf-8",
    )
    run(
        ["pspp", "-O", "format=csv", "-o", "out.csv", "d.sps"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    told = list(csv.reader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()))

    def line(*beginning: str) -> list[str]:
        return next(row for row in told if row[: len(beginning)] == list(beginning))

    wish = replace(WISH, interviews="all", items=("q1", "q22", "q23"), by=("kind",), inference=True)
    report = made(study, wish)
    by_id = {item.id: item for item in report.items}
    for column, id in ((2, "q1"), (3, "q22")):
        summary = by_id[id].summary
        assert summary is not None
        assert summary.count_text == line("N", "Valid")[column]
        assert summary.mean_text == line("Mean")[column]
        assert Fraction(summary.median_text) == Fraction(line("Median")[column])
        assert summary.deviation_text == line("Std Dev")[column]
    table = by_id["q23"]
    for row in table.rows[:4]:
        theirs = next(cells for cells in told if row.label in cells and "Count" in cells)
        district, sector, total = theirs[theirs.index("Count") + 1 :]
        assert [figure.count_text for figure in row.figures] == [total, district, sector]
    chi = line("Pearson Chi-Square")
    assert (
        table.tests[0].statistic_text
        == f"χ² = {chi[1].zfill(4) if chi[1][0] == '.' else chi[1]}, df = {chi[2]}"
    )
    assert table.tests[0].p_text.removeprefix("p = 0") == chi[3]


@in_browser
def test_the_founding_survey_has_ten_pages_at_most(study: Path, tmp_path: Path, browser: Any):  # noqa: F811
    """Its 35 items by columns, with nothing hidden, printed on A4."""
    run_survey(
        tmp_path, "report", str(study), "--origin", "simulated", "--by", "kind", "--threshold", "0", "--tests",
        "-o", str(tmp_path / "r.html"),
    )  # fmt: skip
    tab = browser.new_page()
    tab.goto((tmp_path / "r.html").as_uri())
    pdf = tab.pdf(prefer_css_page_size=True, format="A4")
    tab.close()
    assert 5 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 10
