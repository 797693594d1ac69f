"""Answers from outside: a file of ours comes back equal, and what doesn't fit is listed by row and column."""

import csv
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from support import postgres_server
from support.command_line import folder, run_survey, written  # noqa: F401 – a folder of its own
from support.golden_databases import FIELDWORK, HEAD, ITEMS, NAMES, load_file, load_server
from support.scale import large
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.services.database.administration import open_simulated_interview_writer
from survey_cli.services.report.results_report import ReportOptions, build_results_report
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.store import Store

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
WORK = """\
instrument: work
title: Work
items:
  - {id: consent, type: single, text: "May I ask?", options: {1: "Yes", 2: "No"}, declines: []}
  - {id: no_consent, type: end, unless: consent == 1, outcome: refusal_hard}
  - {id: form, type: split, arms: {a: 1, b: 1}}
  - {id: job, type: single, text: "Do you have a job?", options: {1: "Yes", 2: "No"}}
  - {id: hours, type: number, max: 100, ask_if: job == 1, text: How many hours?,
     checks: [{expect: hours <= 80, soft: true, say: Many.}, {expect: hours != 13, say: Not 13.}]}
  - {id: media, type: multiple, text: Which?, options: {1: TV, 2: Radio, 9: {text: Other, specify: true}}}
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def imported(tmp_path: Path, **row: str) -> str:
    """What importing one row says."""
    written("work.yaml", WORK)
    with Path("one.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["interview_case", *row])
        writer.writeheader()
        writer.writerow({"interview_case": "7", **row})
    said = run_survey(tmp_path, "import-answers", "work.yaml", "one.csv", code=1)[1]
    assert said.endswith("1 error: nothing was imported\n")
    assert not Path("responses").exists()
    return said.splitlines()[0]


def rows_of(tmp_path: Path) -> list[dict[str, str]]:
    run_survey(tmp_path, "export", "work.yaml", "-o", "out.csv", "--force")
    return rows(tmp_path / "out.csv")


WANTED = ("--with-contacts", "--raw")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Simulate 25 interviews with one of the instruments, once; returns the folder of their database and their data."""

    @cache
    def simulate(name: str) -> Path:
        home, file = tmp_path_factory.mktemp(Path(name).name), str(INSTRUMENTS / f"{name}.yaml")
        instrument, start = open_instrument(file), datetime(2026, 1, 5, 9, tzinfo=UTC)
        found = simulate_interviews(
            instrument, count=25, seed=3, start=start, habits=Habits(break_off=0.003)
        )
        database = str(home / "from.db")
        with open_simulated_interview_writer(
            file, instrument, db=database, beside_real=False, start=start
        ) as writer:
            writer.write([one.interview for one in found])
        run_survey(
            home,
            "export",
            file,
            "--db",
            "from.db",
            "--origin",
            "simulated",
            *WANTED,
            "-o",
            "from.csv",
        )
        return home

    return simulate


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("asu_2000", "csv"),
        ("household", "sav"),
        ("household", "parquet"),
        ("customer", "xlsx"),
        ("features/quantity", "csv"),
        ("features/bracket", "csv"),
        pytest.param("asu_2000", "sav", marks=large),
        pytest.param("asu_2000", "parquet", marks=large),
        pytest.param("asu_2000", "xlsx", marks=large),
        pytest.param("household", "csv", marks=large),
        pytest.param("household", "xlsx", marks=large),
        pytest.param("customer", "csv", marks=large),
        pytest.param("customer", "sav", marks=large),
        pytest.param("customer", "parquet", marks=large),
    ],
)
def test_an_export_that_is_imported_gives_the_same_data(
    tmp_path: Path, name: str, ending: str, simulated: Callable[[str], Path]
) -> None:
    shutil.copytree(simulated(name), tmp_path, dirs_exist_ok=True)
    file = str(INSTRUMENTS / f"{name}.yaml")
    run_survey(tmp_path, "export", file, "--db", "from.db", "--origin", "simulated", *WANTED, "-o", f"data.{ending}",
               "--force")  # fmt: skip
    run_survey(tmp_path, "import-answers", file, f"data.{ending}", "--db", "to.db")
    run_survey(tmp_path, "db", "verify", file, "--db", "to.db", "--route")
    run_survey(tmp_path, "export", file, "--db", "to.db", *WANTED, "-o", "to.csv")
    before = {row["interview_case"]: row for row in rows(tmp_path / "from.csv")}
    after = {row["interview_case"]: row for row in rows(tmp_path / "to.csv")}
    other = ("interview_id", "interview_origin", "interview_updated", "interview_by")
    assert len(before) == 25
    closed = {case: row for case, row in before.items() if row["interview_status"] != "suspended"}
    assert len(closed) > 5
    for case, row in closed.items():
        same = [name for name in row if name not in other and not name.endswith("_order")]
        assert {name: row[name] for name in same} == {name: after[case][name] for name in same}


def test_other_columns_and_codes_are_mapped(tmp_path: Path) -> None:
    written("work.yaml", WORK)
    written(
        "paper.csv",
        "ID;V1;V2;V3;V3T;DAY\n1;J;38;1 9;the web;2026-01-31\n2;N;;2;;2026-02-01\n3;J;99;-1;;\n4;;;;;\n",
    )
    written("paper.yaml", """\
key: ID
began: DAY
columns: {job: V1, hours: V2, media: V3, media_9_text: V3T}
recode: {job: {J: 1, N: 2}, hours: {99: .refused}}
codes: {-1: .dk}
answers: {consent: 1}
empty: refused
""")  # fmt: skip
    said = run_survey(
        tmp_path, "import-answers", "work.yaml", "paper.csv", "--map", "paper.yaml", "--dry-run"
    )[1]
    assert "4 interviews would be imported" in said
    assert not Path("responses").exists()
    run_survey(tmp_path, "import-answers", "work.yaml", "paper.csv", "--map", "paper.yaml")
    run_survey(tmp_path, "db", "verify", "work.yaml", "--route")
    data = {row["interview_case"]: row for row in rows_of(tmp_path)}
    found = [
        [data[case][name] for name in ("job", "hours", "media_1", "media_9", "media_9_text")]
        for case in "1234"
    ]
    assert found == [
        ["1", "38", "1", "1", "the web"],
        ["2", "-6", "0", "0", ""],
        ["1", "-9", "-8", "-8", ""],
        ["-9", "-6", "-9", "-9", ""],
    ]
    assert data["1"]["interview_began"].startswith("2026-01-31T12:00")
    assert {row["interview_origin"] for row in data.values()} == {"imported"}
    report = build_results_report("work.yaml", ReportOptions(threshold=0))
    methods = {line.label: line.text for line in report.methods}
    assert methods["Field dates"] == "31 January 2026 to 1 February 2026", (
        "not the day of the import"
    )
    assert methods["Mode"] == methods["Length of interviews"] == "not stated"
    out = run_survey(tmp_path, "codebook", "work.yaml", "-o", "-")[0]
    assert "Mode: not stated" in out


def test_a_code_of_the_file_can_mean_no_answer(tmp_path: Path) -> None:
    """`codes: {-1: ""}`, as the schema of maps says; in a recode of one column too."""
    written("work.yaml", WORK)
    written("paper.csv", "ID;V1;V2;V3\n1;2;-1;1\n2;2;97;1\n3;1;38;1\n")
    written("paper.yaml", """\
key: ID
columns: {job: V1, hours: V2, media: V3}
recode: {hours: {97: ""}}
codes: {-1: ""}
answers: {consent: 1}
""")  # fmt: skip
    run_survey(tmp_path, "import-answers", "work.yaml", "paper.csv", "--map", "paper.yaml")
    hours = {row["interview_case"]: row["hours"] for row in rows_of(tmp_path)}
    assert hours == {"1": "-6", "2": "-6", "3": "38"}


def test_what_does_not_fit_is_said_with_row_and_column(tmp_path: Path) -> None:
    fine = {"consent": "1", "job": "1", "hours": "38", "media": "1"}
    assert imported(tmp_path, **{**fine, "job": "3"}).startswith(
        "one.csv:2: job: column job, '3': "
    )
    assert "column hours, '': it is asked, and is empty" in imported(
        tmp_path, **{**fine, "hours": ""}
    )
    assert "it has an answer and is not asked: ask_if" in imported(tmp_path, **{**fine, "job": "2"})
    assert "column hours, '13': Not 13." in imported(tmp_path, **{**fine, "hours": "13"})
    assert "column hours, '101'" in imported(tmp_path, **{**fine, "hours": "101"})
    assert "column media, '9': 9 needs words" in imported(tmp_path, **{**fine, "media": "9"})
    assert "column form, 'c': this can't be drawn here" in imported(tmp_path, form="c", **fine)
    assert "media: it is asked, and has no column" in imported(tmp_path, consent="1", job="2")


def test_the_arms_of_the_file_are_kept(tmp_path: Path) -> None:
    written("work.yaml", WORK)
    arms = ["a", "b", "b", "a", "b"]
    written(
        "web.csv",
        "interview_case,consent,form,job,media\n"
        + "".join(f"{n},1,{a},2,1\n" for n, a in enumerate(arms)),
    )
    run_survey(tmp_path, "import-answers", "work.yaml", "web.csv")
    assert [
        row["form"] for row in sorted(rows_of(tmp_path), key=lambda row: row["interview_case"])
    ] == arms


@pytest.mark.parametrize("where", ["file", "server"])
def test_importing_again_changes_nothing_and_another_answer_is_reported(
    tmp_path: Path, where: str
) -> None:
    db = "work.db" if where == "file" else postgres_server.create_address()
    again = ("import-answers", "work.yaml", "web.csv", "--db", db)
    export = ("export", "work.yaml", "--db", db, "-o", "out.csv", "--force")
    written("work.yaml", WORK)
    written("web.csv", "interview_case,consent,job,media\n1,1,2,1\n2,1,2,2\n")
    run_survey(tmp_path, *again)
    run_survey(tmp_path, *export)
    before = rows(tmp_path / "out.csv")
    assert len(before) == 2
    assert "0 interviews imported, 2 stored already" in run_survey(tmp_path, *again)[1]
    written("web.csv", "interview_case,consent,job,media\n1,1,2,1\n2,1,2,1\n3,1,2,1\n")
    said = run_survey(tmp_path, *again, code=1)[1]
    assert said.startswith("web.csv:3: 2: ")
    assert "another answer at media" in said
    run_survey(tmp_path, *export)
    assert rows(tmp_path / "out.csv") == before


def test_two_columns_of_a_name_and_a_cell_too_long_to_read_are_said(tmp_path: Path) -> None:
    written("work.yaml", WORK)
    written("two.csv", "interview_case,consent,job,media,Job,note,note\n1,1,2,1,1,a,b\n")
    said = run_survey(tmp_path, "import-answers", "work.yaml", "two.csv", code=1)[1]
    assert said.startswith("two.csv:1: job: ")
    assert "both have this name" in said
    assert "note" not in said, "columns that nothing reads are no problem"
    written("long.csv", f'interview_case,consent,job,media\n1,1,2,"{"x" * 140_000}"\n')
    csv.field_size_limit(2**30)  # as an export in the same process leaves it
    said = run_survey(tmp_path, "import-answers", "work.yaml", "long.csv", code=1)[1]
    assert said.startswith("long.csv:2: a cell has more than 131,072 characters")


def test_a_message_has_the_beginning_of_a_long_cell(tmp_path: Path) -> None:
    written("work.yaml", WORK)
    long = "x" * 40_000
    written("long.csv", f"interview_case,consent,job,media\n1,1,{long},1\n{long},1,2,{long}\n")
    said = run_survey(tmp_path, "import-answers", "work.yaml", "long.csv", code=1)[1]
    assert "xxxxxxxxxx…" in said
    assert max(map(len, said.splitlines())) < 500


def test_a_map_that_names_what_is_not_there_is_refused(tmp_path: Path) -> None:
    written("work.yaml", WORK)
    written("paper.csv", "ID,V1\n1,1\n")
    wrong = "key: ID\ncolumns: {jobb: V1, hours: V9}\nrecode: {mediaa: {1: 2}}\nlanguage: es\nempty: never\n"
    written("paper.map.yaml", wrong + "answers: {consnt: 1}\n")
    said = run_survey(
        tmp_path, "import-answers", "work.yaml", "paper.csv", "--map", "paper.map.yaml", code=1
    )[1]
    for line in (
        "paper.map.yaml:2:11: there is no variable 'jobb'",
        "no column 'V9'",
        "paper.map.yaml:3:10: there is no variable 'mediaa'",
        "no language 'es'",
        "'never' is not a decline",
        "there is no item 'consnt'",
    ):
        assert line in said


def test_interviews_that_came_to_no_end_keep_their_status_and_outcome(tmp_path: Path) -> None:
    written("work.yaml", WORK)
    head = "interview_case,interview_status,interview_outcome,consent,job\n"
    written("web.csv", head + "1,suspended,,1,\n2,stopped,break_off,1,1\n")
    run_survey(tmp_path, "import-answers", "work.yaml", "web.csv")
    stands = {
        row["interview_case"]: (row["interview_status"], row["interview_outcome"])
        for row in rows_of(tmp_path)
    }
    assert stands == {"1": ("suspended", ""), "2": ("stopped", "break_off")}
    written("web.csv", head + "3,stopped,vanished,1,1\n")
    said = run_survey(tmp_path, "import-answers", "work.yaml", "web.csv", code=1)[1]
    assert "there is no outcome 'vanished'" in said


def test_an_erased_interview_is_not_stored_again(tmp_path: Path) -> None:
    written("work.yaml", WORK)
    written("web.csv", "interview_case,consent,job,media\n1,1,2,1\n")
    run_survey(tmp_path, "import-answers", "work.yaml", "web.csv")
    run_survey(tmp_path, "privacy", "erase", "work.yaml", "1", "--yes", "--reason", "asked for it")
    before = rows_of(tmp_path)
    assert before[0]["media_1"] != "1"
    assert (
        "0 interviews imported" in run_survey(tmp_path, "import-answers", "work.yaml", "web.csv")[1]
    )
    assert rows_of(tmp_path) == before


@pytest.mark.parametrize("where", ["file", "server"])
def test_a_database_of_an_earlier_version_takes_imported_interviews(
    tmp_path: Path, where: str
) -> None:
    name = NAMES[-1]
    if where == "server":
        address = postgres_server.create_address()
        load_server(name, address)
        Store.open(address, create=False, upgrade=True).close()
    else:
        address = str(load_file(name, tmp_path / "field.db"))
        load_file(f"{name}.list", tmp_path / "never_call.db")
    written("field.yaml", HEAD + FIELDWORK + ITEMS)
    written("web.csv", "interview_case\nX1\n")
    said = run_survey(tmp_path, "import-answers", "field.yaml", "web.csv", "--db", address, code=1)[
        1
    ]
    assert "it is asked, and has no column" in said
