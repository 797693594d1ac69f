"""Variables of an analysis file in exports, codebooks, reports and Python; nothing stored changes."""

import csv
import io
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from test_versions import put

import survey_cli
from support.command_line import run_survey, write_respondents, written
from survey_cli.cli.run_command import run_command
from survey_cli.engine.interview import Interview
from survey_cli.exports import FORMATS
from survey_cli.services.report.results_report import ReportOptions, build_results_report

STUDY = """\
instrument: v
title: Media
version: "1"
sample:
  kind: {type: single, options: {a: Town, b: Country}}
items:
  - {id: age, type: number, min: 18, max: 99, text: How old are you?}
  - {id: hours, type: number, max: 80, decimals: 1, ask_if: age < 90, text: How many hours?}
  - {id: state, type: single, options: {1: N, 2: S, 3: W, 4: E}, text: Which state?}
  - {id: q, type: scale, from: 1, to: 5, text: How good is it?}
  - {id: use, type: battery, text: "{statement}?", options: {1: "Yes", 2: "No"}, statements: {tv: TV, paper: Paper}}
  - {id: visit, type: date, text: When was it?}
  - {id: name, type: text, personal: true, text: What is your name?}
"""
ANALYSIS = """\
variables:
  age_group:
    label: Age in three groups
    bands: {of: age, values: {under 30: ..29, 30 to 59: 30..59, 60 and over: 60..}}
  full_week: {bands: {of: hours, values: {short: ..<40, long: 40..}}}
  since: {bands: {of: visit, values: {before: ..<2020-01-01, later: 2020-01-01..}}}
  region: {label: Region, recode: {of: state, values: {1: [1, 3, .dk], 2: [2, 4]}}, options: {1: North, 2: South}}
  happy: {label: Happy, top: {of: q, last: 2}, options: {1: Happy, 0: Not happy}}
  media: {label: Media used, count: {of: [use], values: [1]}}
  old_and_happy: {value: age_group == 3 and happy}
  initial: {value: length(name), report: false}
weights:
  main: {rake: targets.csv, trim: 5}
filters:
  old: age_group == 3
  named: length(name) > 3
banners:
  main: {columns: [region, age_group]}
  inside: {columns: [kind > region]}
"""
TARGETS = "variable,value,share\nregion,North,70%\nregion,2,30%\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 150 simulated interviews."""
    folder = tmp_path_factory.mktemp("analysis")
    for name, text in (("v.yaml", STUDY), ("v.analysis.yaml", ANALYSIS), ("targets.csv", TARGETS)):
        (folder / name).write_text(text, encoding="utf-8")
    habits = write_respondents(folder, break_off="2%")
    run_survey(folder, "simulate", "v.yaml", "-n", "150", "--keep", *habits, "--seed", "3")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the test runs."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def export(folder: Path, *options: str) -> list[dict[str, str]]:
    out, _ = run_survey(folder, "export", "v.yaml", "--origin", "simulated", "-o", "-", *options)
    return list(csv.DictReader(io.StringIO(out)))


def test_the_values_are_those_that_polars_computes_from_the_exported_answers(folder: Path) -> None:
    pl = pytest.importorskip("polars")
    rows = survey_cli.open("v.yaml").interviews(origin="simulated").to_polars()
    is_before = pl.col("visit") < pl.date(2020, 1, 1)
    users = pl.sum_horizontal((pl.col(name) == 1).fill_null(False) for name in ("tv", "paper"))
    by_hand = {
        "age_group": pl.when(pl.col("age") < 30)
        .then(1)
        .when(pl.col("age") < 60)
        .then(2)
        .when(pl.col("age") >= 60)
        .then(3),
        "full_week": pl.when(pl.col("hours") < 40).then(1).when(pl.col("hours") >= 40).then(2),
        "since": pl.when(is_before).then(1).when(~is_before).then(2),
        "region": pl.when(pl.col("state").is_in([1, 3]) | (pl.col("state_state") == "dk"))
        .then(1)
        .when(pl.col("state").is_in([2, 4]))
        .then(2),
        "happy": (pl.col("q") >= 4).cast(pl.Int32),
        "media": pl.when(pl.col("tv").is_not_null() | pl.col("paper").is_not_null()).then(users),
        "old_and_happy": ((pl.col("age") >= 60) & (pl.col("q") >= 4)).cast(pl.Int32),
    }
    for name, expression in by_hand.items():
        assert rows[name].to_list() == rows.select(expression.alias(name))[name].to_list(), name
        assert rows[name].n_unique() > 1
    missing = rows.filter(pl.col("age").is_null())
    assert missing.height
    assert missing["age_group_state"].to_list() == missing["age_state"].to_list()


def test_rows_are_computed_from_what_is_stored_and_nothing_is_stored(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dump() -> list[str]:
        """All that is stored, apart from the log of who exported it."""
        with closing(sqlite3.connect("responses/v.db")) as database:
            return [line for line in database.iterdump() if "access_log" not in line]

    before = dump()
    replayed = []
    replay = Interview.replay
    monkeypatch.setattr(
        Interview, "replay", lambda *given, **more: replayed.append(1) or replay(*given, **more)
    )
    stored = export(folder)
    complete = sum(row["interview_status"] == "ended" for row in stored)
    assert 0 < complete <= 150
    assert len(replayed) <= 150 - complete, "a complete interview was replayed"
    assert dump() == before
    monkeypatch.setattr("survey_cli.table.versions.find_plain_columns", lambda _: {})
    assert export(folder) == stored, "as from journals"
    assert len(replayed) >= 150


def test_filters_and_variables_are_names_everywhere(folder: Path) -> None:
    everybody = export(folder)
    old = export(folder, "--where", "old and happy", "--variables", "age_group,happy")
    assert list(old[0]) == ["interview_id", "age_group", "happy"]
    assert len(old) == sum(row["age_group"] == "3" and row["happy"] == "1" for row in everybody)
    assert "old" not in everybody[0]
    assert "initial" not in everybody[0], "computed from a personal answer"
    assert "initial" in export(folder, "--with-contacts")[0]
    _, err = run_survey(
        folder, "export", "v.yaml", "--origin", "simulated", "--where", "named", code=1
    )
    assert "--where: name is personal — remove it, or add --personal name" in err
    assert 0 < len(export(folder, "--where", "named", "--personal", "name")) < len(everybody)
    _, err = run_survey(
        folder, "report", "v.yaml", "--origin", "simulated", "--by", "initial", code=1
    )
    assert "--by: initial is personal" in err


def test_every_format_has_the_variables(folder: Path) -> None:
    endings = dict.fromkeys(form.extensions[0] for form in FORMATS.values())
    outs = [option for ending in endings for option in ("-o", f"d{ending}")]
    run_survey(folder, "export", "v.yaml", "--origin", "simulated", *outs)
    for ending in endings:
        if ending not in (".sav", ".parquet", ".xlsx", ".arrow", ".dta", ".do"):
            assert "age_group" in Path(f"d{ending}").read_text(encoding="utf-8").lower(), ending
    openpyxl = pytest.importorskip("openpyxl")
    heading = next(
        openpyxl.load_workbook("d.xlsx", read_only=True).worksheets[0].iter_rows(values_only=True)
    )
    assert "age_group" in heading


def test_spss_has_labels_and_measures_and_declines(folder: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    export(folder)
    run_survey(folder, "export", "v.yaml", "--origin", "simulated", "-o", "d.sav")
    frame, meta = pyreadstat.read_sav("d.sav", user_missing=True, output_format="dict")
    assert meta.column_names_to_labels["age_group"] == "Age in three groups"
    assert meta.variable_value_labels["age_group"][2.0] == "30 to 59"
    assert meta.variable_value_labels["region"][1.0] == "North"
    assert [meta.variable_measure[name] for name in ("age_group", "region", "media")] == [
        "ordinal",
        "nominal",
        "scale",
    ]
    own = export(folder)
    assert [f"{value:g}" for value in frame["age_group"]] == [row["age_group"] for row in own]
    assert {"-8", "-9"} & {row["age_group"] for row in own}


def test_an_older_version_without_an_input_or_with_another_thing_of_the_name(folder: Path) -> None:
    older = STUDY.replace("  - {id: age,", "  - {id: agee,").replace("age < 90", "agee < 90")
    older = older.replace("id: q,", "id: happy,").replace('version: "1"', 'version: "0"')
    put(older)
    Path("v.analysis.yaml").unlink()
    assert run_command(["simulate", "v.yaml", "-n", "9", "--keep"]) == 0
    put(STUDY)
    written("v.analysis.yaml", ANALYSIS)
    out, err = run_survey(folder, "export", "v.yaml", "--origin", "simulated", "-o", "-")
    rows = list(csv.DictReader(io.StringIO(out)))
    first = [row for row in rows if row["interview_version"] == "0"]
    assert {row["age_group"] for row in first} == {"-6"}
    assert {row["happy"] for row in first} == {"-6"}
    assert {"1", "2", "3"} & {row["happy__v2"] for row in first}
    assert {"1", "2"} & {row["region"] for row in first}, "its inputs are there"
    assert "happy: version 0 is in a separate column, happy__v2" in err


def test_a_weight_by_name_is_the_same_as_its_file(folder: Path) -> None:
    by_name, by_file = (
        export(folder, "--weight", "main"),
        export(folder, "--rake", "targets.csv", "--trim", "5"),
    )
    assert [row["weight_main"] for row in by_name] == [row["weight_raked"] for row in by_file]
    options = ReportOptions(origin="simulated", weight="main", threshold=0)
    weighting = build_results_report("v.yaml", options).weighting
    assert weighting is not None
    _, err = run_survey(
        folder, "report", "v.yaml", "--weight", "mian", "--origin", "simulated", code=1
    )
    assert "--weight: the analysis file has no weight 'mian' — did you mean 'main'?" in err
    _, err = run_survey(folder, "export", "v.yaml", "--weight", "main", "--rake", "t.csv", code=1)
    assert "leave out --rake and --trim" in err


def test_targets_have_labels_of_any_language_or_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = "{1: {en: Man, es: Hombre}, 2: {en: Woman, es: Mujer}}"
    items = f"items:\n  - {{id: sex, type: single, text: {{en: Sex?, es: ¿Sexo?}}, options: {options}}}\n"
    written(
        "two.yaml", f"instrument: two\ntitle: {{en: Two, es: Dos}}\nlanguages: [en, es]\n{items}"
    )
    run_survey(tmp_path, "simulate", "two.yaml", "-n", "60", "--keep")
    written("targets.csv", "variable,value,share\nsex,Man,40\nsex,Mujer,60\n")
    for language, labels in {"en": ("Man", "Woman"), "es": ("Hombre", "Mujer")}.items():
        asked = ReportOptions(origin="simulated", rake="targets.csv", language=language)
        weighting = build_results_report("two.yaml", asked).weighting
        assert weighting is not None
        assert [(row[1], row[4]) for row in weighting.margins] == list(
            zip(labels, ("40.0", "60.0"), strict=True)
        )


def test_a_report_has_their_tables_and_banners_by_name(folder: Path) -> None:
    rows = [row for row in export(folder) if row["interview_outcome"] == "complete"]
    options = ReportOptions(
        origin="simulated", interviews="complete", threshold=0, by=("main",), inference=False
    )
    report = build_results_report("v.yaml", options)
    table = next(item for item in report.items if item.id == "age_group")
    assert (table.label, table.section) == ("Age in three groups", "Derived variables")
    counts = {row.label: row.total.count_text for row in table.rows}
    assert counts["30 to 59"] == str(sum(row["age_group"] == "2" for row in rows))
    groups = [column.group for column in report.columns]
    assert list(dict.fromkeys(groups)) == ["", "Region", "Age in three groups"]
    assert "initial" not in {item.id for item in report.items}
    week = next(item for item in report.items if item.id == "full_week")
    assert week.base.asked < report.interviews, "those who were asked the hours"


def test_a_banner_by_name_is_compared_with_the_total_on_request(folder: Path) -> None:
    for compare in ("pairs", "total"):
        asked = ReportOptions(origin="simulated", by=("main",), compare=compare, threshold=0)
        columns = build_results_report("v.yaml", asked).columns[1:]
        assert any(column.letter for column in columns) == (compare == "pairs")


def test_a_nested_banner_has_a_column_for_each_pair(folder: Path) -> None:
    rows = [row for row in export(folder) if row["interview_outcome"] == "complete"]
    options = ReportOptions(
        origin="simulated", interviews="complete", threshold=0, by=("inside",), inference=False
    )
    report = build_results_report("v.yaml", options)
    item = next(item for item in report.items if item.id == "happy")
    bases = dict(
        zip(
            [(c.group, c.label) for c in report.columns],
            [base.count_text for base in item.bases],
            strict=True,
        )
    )
    happy = [
        row for row in rows if row["happy"] != "-6" and row["kind"] == "a" and row["region"] == "2"
    ]
    assert bases["kind > Region: Town", "South"] == f"{len(happy)}"


def test_the_codebook_says_how_they_are_computed(folder: Path) -> None:
    run_survey(folder, "codebook", "v.yaml", "--origin", "simulated", "-o", "c.md")
    text = Path("c.md").read_text(encoding="utf-8")
    assert "1 if age is ..29; 2 if age is 30..59; 3 if age is 60.." in text.replace("\\", "")
    assert re.search(r"North", text)


def test_a_bundle_has_the_files_that_its_variables_and_weights_are_made_of(folder: Path) -> None:
    Path("w").mkdir()
    Path("targets.csv").rename("w/targets.csv")
    written("v.analysis.yaml", ANALYSIS.replace("rake: t", "rake: w/t"))
    written("v.name.codes.yaml", "codes: {1: {label: Short, examples: Ann}}\n")
    for name, more in (("b", []), ("p", ["--public"])):
        run_survey(folder, "export", "v.yaml", "--origin", "simulated", "--bundle", name, *more)
    for name in ("v.analysis.yaml", "w/targets.csv", "v.name.codes.yaml"):
        assert Path("b/questionnaire", name).read_bytes() == Path(name).read_bytes()
        assert Path("p/questionnaire", name).exists() == (
            name != "v.name.codes.yaml"
        )  # it may quote answers


def test_check_reads_the_file_with_the_questionnaire(folder: Path) -> None:
    written("v.analysis.yaml", "variables:\n  v: {value: agee > 3}\n")
    for name in ("v.yaml", "v.analysis.yaml", "."):
        out, _ = run_survey(folder, "check", name, code=1)
        assert (
            out.count("v.analysis.yaml:2:14: v: 'agee' is not a variable — did you mean 'age'?")
            == 1
        ), name
    written(
        "v.analysis.yaml",
        "variables: {n: {value: length(name)}}\nbanners: {b: {columns: [kind > n]}}\n",
    )
    out, _ = run_survey(folder, "check", "v.analysis.yaml", code=1)
    assert "v.analysis.yaml:2:25: b: n is personal — choose another variable" in out
    written("v.analysis.yaml", "weights: {w: {rake: no.csv}}\n")
    out, _ = run_survey(folder, "check", "v.yaml", code=1)
    assert "no.csv: there is no such file" in out
    written("v.analysis.yaml", "variables:\n  v: {value: agee > 3}\n")
    _, err = run_survey(folder, "export", "v.yaml", code=1)
    assert "v.analysis.yaml: the analysis file has 1 problem — fix what is listed" in err
