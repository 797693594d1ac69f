"""The Python interface: rows as Arrow streams, SQL, reports, and the notebook of the documentation."""

import doctest
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import survey_cli
from survey_cli.cli.run_command import run_command
from survey_cli.exports.parquet import Rows
from survey_cli.problems import UserError
from survey_cli.services.report.results_report import ReportOptions

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

from notebook import NOTEBOOK, execute, stored_outputs  # noqa: E402 – of docs/tools

TEXT = """\
instrument: short
title: Short
items:
  - {id: a, type: single, text: One?, options: {1: "Yes", 2: "No"}}
  - {id: n, type: number, text: How many?, ask_if: a == 1}
  - {id: t, type: text, text: What?}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "short.yaml"
    path.write_text(TEXT)
    assert (
        run_command(
            ["simulate", str(path), "-n", "40", "--keep", "--db", str(path.with_suffix(".db"))]
        )
        == 0
    )
    return path


@pytest.fixture
def study(file: Path) -> "survey_cli.api.Study":  # type: ignore[name-defined]
    return survey_cli.open(file, db=str(file.with_suffix(".db")))


def test_every_library_takes_the_same_rows(study) -> None:
    rows = study.interviews(origin="simulated")
    frame = pl.DataFrame(rows)
    assert frame.height == 40
    assert pa.table(rows).to_pylist() == frame.to_dicts() == rows.to_arrow().to_pylist()
    assert rows.to_polars().equals(frame)
    assert [batch.num_rows for batch in rows.read()] == [40]
    pandas = pytest.importorskip("pandas")
    assert rows.to_pandas().equals(pandas.DataFrame(rows.to_arrow().to_pandas()))


def test_rows_are_iterated_one_by_one(study) -> None:
    rows = study.interviews(origin="simulated")
    assert list(rows) == rows.to_arrow().to_pylist()


def test_several_names_are_a_list_or_a_text_with_commas(study) -> None:
    options = {"origin": "simulated", "threshold": 0}
    listed = study.report(by=["a"], items=["a", "n"], statistics=["quartiles", "se"], **options)
    written = study.report(by="a", items="a,n", statistics="quartiles,se", **options)
    assert written.results == listed.results
    assert [item.id for item in written.results.items] == ["a", "n"]
    assert written.results.items[1].summary.quartiles_text


def test_an_option_of_a_report_is_one_of_the_command(study) -> None:
    """Editors and mypy know the options; those of files and of the command alone are not among them."""
    known = survey_cli.api.ReportArguments.__annotations__.keys()
    not_in_python = {
        "all_personal", "beside", "bom", "by", "census", "charts", "counts", "db", "dry_run", "force",
        "format", "inference", "labels", "partials", "people", "personal", "png", "population",
        "progress", "public", "raw", "reason", "recompute", "to", "units", "variables", "what",
    }  # fmt: skip
    assert known - {"tests"} == ReportOptions.__dataclass_fields__.keys() - not_in_python
    with pytest.raises(UserError, match="treshold="):
        study.report(treshold=3)


def test_figures_are_numbers(tmp_path: Path) -> None:
    """The effective base of more than a thousand was the text "1,501", and a small p was 0."""
    file = tmp_path / "many.yaml"
    head = "instrument: many\ntitle: Many\nsample:\n  w: {type: number, role: weight}\n"
    file.write_text(head + TEXT[TEXT.index("items:") :])
    assert run_command(["simulate", str(file), "-n", "1500", "--keep"]) == 0
    study = survey_cli.open(file)
    targets = tmp_path / "targets.csv"
    targets.write_text("variable,value,share\na,1,55\na,2,45\n")
    report = study.report(by="a", origin="simulated", rake=str(targets), errors=True, threshold=0)
    figures = report.figures.to_polars()
    assert figures.schema["effective_base"] == pl.Float64
    assert figures["effective_base"].max() > 1000
    assert figures.schema["difference_p"] == pl.Float64
    small = figures.filter(pl.col("difference_p").is_not_null() & (pl.col("difference") != 0))
    assert (small["difference_p"] > 0).all()

    targets.write_text("variable,value,share\na,1,55000\na,2,45000\n")
    options = {"origin": "simulated", "rake": str(targets), "threshold": 0}
    totals = study.report(statistics="totals,quartiles", **options).figures.to_polars()
    of_item = totals.filter((pl.col("item") == "a") & (pl.col("kind") != "net"))
    assert of_item["total"].sum() == pytest.approx(100_000, rel=1e-6)
    assert totals.filter(pl.col("kind") == "first quartile")["quantile"].min() >= 0


def test_a_missing_value_is_null_and_says_why(study) -> None:
    frame = study.interviews(origin="simulated").to_polars()
    assert frame.schema["a"] == pl.Int32
    assert set(frame.filter(pl.col("a") == 2)["n_state"]) == {"not_asked"}
    assert frame.filter(pl.col("n_state") == "answered")["n"].null_count() == 0
    assert (
        frame.filter(pl.col("n_state") != "answered")["n"].null_count()
        == frame["n"].null_count()
        > 0
    )


def test_conditions_and_labels_choose_rows_and_texts(study) -> None:
    frame = study.interviews(origin="simulated", labels=True, where="a == 1").to_polars()
    assert set(frame["a"]) == {"Yes"}
    assert 0 < frame.height < 40
    assert study.interviews().to_polars().height == 0  # real ones
    with pytest.raises(UserError, match="'b' is not a variable"):
        study.interviews(where="b == 1").to_polars()


def test_answers_events_cases_and_calls_are_tables_too(study) -> None:
    answers = study.answers(origin="simulated").to_polars()
    assert set(answers["item"]) == {"a", "n", "t"}
    assert answers.schema["first_at"] == pl.Datetime("ms", "UTC")
    assert study.events(origin="simulated").to_polars()["event"].n_unique() > 2
    assert (study.cases().to_polars().height, study.calls().to_polars().height) == (0, 0)


def test_what_is_read_is_of_the_time_when_it_is_read(file: Path, tmp_path: Path) -> None:
    own = tmp_path / "short.yaml"
    own.write_text(TEXT)
    db = str(tmp_path / "short.db")
    run_command(["simulate", str(own), "-n", "2", "--keep", "--db", db])
    rows = survey_cli.open(own, db=db).interviews(origin="simulated")
    assert rows.to_arrow().num_rows == 2
    run_command(["simulate", str(own), "-n", "3", "--seed", "2", "--keep", "--db", db])
    assert rows.to_arrow().num_rows == 5


def test_a_stream_that_is_not_read_to_its_end_closes_the_database(study) -> None:
    reader = study.interviews(origin="simulated").read()
    assert reader.schema.field("a").metadata[b"label"] == b"One?"
    del reader
    assert study.interviews(origin="simulated").to_arrow().num_rows == 40


def test_a_report_has_figures_values_and_a_page(study) -> None:
    report = study.report(by="a", items="n", origin="simulated", threshold=0)
    figures = report.figures.to_polars()
    assert set(figures["item"]) == {"n"}
    assert figures.schema["count"] == pl.Float64
    assert report.results.items[0].id == "n"
    assert report._repr_html_().startswith('<iframe srcdoc="&lt;!DOCTYPE html&gt;')
    assert "How many?" in str(report)
    assert set(study.report(by="a", origin="simulated").figures.to_polars()["item"]) == {
        "n"
    }  # one refused: hidden


def test_an_origin_that_there_is_not_is_an_error(study) -> None:
    for read in (
        study.interviews(origin="simulate").to_polars,
        lambda: study.report(origin="simulate"),
    ):
        with pytest.raises(
            UserError, match="there is no origin 'simulate' — did you mean 'simulated'"
        ):
            read()


def test_sql_reads_the_tables_that_it_names(study) -> None:
    pytest.importorskip("duckdb")
    asked = study.sql(
        "SELECT count(*) FROM answers JOIN interviews USING (interview_id)", origin="simulated"
    )
    assert asked.fetchall() == [(study.answers(origin="simulated").to_arrow().num_rows,)]


def test_sql_knows_its_tables_in_any_case(study) -> None:
    assert study.sql("SELECT count(*) FROM Interviews", origin="simulated").fetchall() == [(40,)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('https://example.org/a.csv')",
        "COPY (SELECT * FROM interviews) TO '{folder}/copy.csv'",
        "ATTACH '{folder}/other.db'",
        "EXPORT DATABASE '{folder}/all'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SELECT * FROM Study",
    ],
)
def test_sql_reads_and_writes_nothing_else(study, file: Path, tmp_path: Path, query: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    with pytest.raises(duckdb.Error):
        study.sql(query.format(file=file, folder=tmp_path), origin="simulated").fetchall()
    assert list(tmp_path.glob("*.csv")) == []


def test_errors_name_the_arguments(study) -> None:
    with pytest.raises(UserError, match=r"^where=: 'x' is not a variable"):
        study.interviews(where="x == 1").to_arrow()
    with pytest.raises(UserError, match=r"^by=: there is no variable 'x'"):
        study.report(by="x", origin="simulated")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"percent": "rows"}, "percent=: 'rows' is not possible — choose one of column, row"),
        (
            {"correction": "holm"},
            "correction=: 'holm' is not possible — choose one of none, bonferroni, fdr",
        ),
        (
            {"interviews": "done"},
            "interviews=: 'done' is not possible — choose one of complete, partial, all",
        ),
        ({"wieght": "main"}, "wieght=: a report has no such option — did you mean 'weight'?"),
    ],
)
def test_an_option_of_a_report_that_there_is_not_is_an_error(
    study, options: dict[str, str], message: str
) -> None:
    with pytest.raises(UserError) as refused:
        study.report(origin="simulated", **options)
    assert str(refused.value) == message


def test_tests_are_an_option_of_a_report_as_of_the_command(study) -> None:
    text = str(study.report(by="a", origin="simulated", threshold=0, tests=False))
    assert "Tests" not in text
    assert text == str(study.report(by="a", origin="simulated", threshold=0, inference=False))
    assert text != str(study.report(by="a", origin="simulated", threshold=0, tests=True))


def test_a_study_without_data_and_one_without_libraries_say_what_to_do(
    file: Path, monkeypatch
) -> None:
    with pytest.raises(UserError, match=r"^none\.yaml: there is no such file — "):
        survey_cli.open("none.yaml")
    with pytest.raises(UserError, match="no such database"):
        survey_cli.open(file, db="none.db")
    study = survey_cli.open(file, db=str(file.with_suffix(".db")))
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(UserError, match=r"pip install 'duckdb"):
        study.sql("SELECT 1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pyarrow is not installed — .* -m pip install "):
        study.interviews().to_polars()


def test_the_package_imports_nothing() -> None:
    code = (
        "import sys; before = {*sys.modules}; import survey_cli; print(*({*sys.modules} - before))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    assert answer.split() == ["survey_cli"]


def test_the_notebook_has_the_outputs_that_it_has_when_it_is_run() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    outputs = execute(notebook)
    pairs = zip(outputs, stored_outputs(notebook), strict=True)
    assert [pair for pair in pairs if pair[0] not in (None, pair[1])] == [], (
        "run docs/tools/notebook.py"
    )
    assert sum(bool(output) for output in outputs) >= 6


EXAMPLE = Path(__file__).parents[1] / "docs" / "example"


def test_the_examples_of_the_interface_are_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examples in the docstrings use 200 simulated interviews of the example study."""
    for name in ("health.yaml", "health.simulation.yaml"):
        shutil.copy(EXAMPLE / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    command = ["simulate", "health.yaml", "-n", "200", "--seed", "1", "--keep"]
    assert run_command(command) == 0

    study = survey_cli.open("health.yaml")
    names = {
        "survey_cli": survey_cli,
        "polars": pl,
        "study": study,
        "rows": study.interviews("simulated"),
        "report": study.report(items=["health"], origin="simulated"),
    }
    finder = doctest.DocTestFinder()
    runner = doctest.DocTestRunner()
    for part in (survey_cli.open, survey_cli.api.Study, survey_cli.api.Report, Rows):
        for examples in finder.find(part, globs=names):
            runner.run(examples)
    assert runner.tries > 15
    assert not runner.failures
