"""Exports are of one date and time though stations write meanwhile, and count interviews as supervisors corrected
them.
"""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support import postgres_server
from support.exporting import export_file
from support.shift import Shift, interviewed
from support.user_errors import attempt
from survey_cli.reports.results.report_model import Results
from survey_cli.services.cases import case_actions
from survey_cli.services.export import bundle as bundling
from survey_cli.services.export import export_data
from survey_cli.services.export.bundle import BundleResult, write_bundle
from survey_cli.services.export.export_data import ExportOptions, ExportResult, export_files
from survey_cli.services.report import results_report
from survey_cli.services.report.results_report import ReportOptions, build_results_report
from survey_cli.services.run_on_study import Request

ITEMS = """
items:
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}}
"""
FIELDWORK = """
fieldwork:
  frame: establishment
  country: US
  hours: {mon-fri: "09:00-20:30"}
  attempts: {total: 8, per_day: 8}
  partial_from: a
"""
CASES = """unit,kind,name,phone,zone
A,1,Alice Adams,312 555 0100,America/Chicago
B,2,Bert Bond,312 555 0101,America/Chicago
C,2,Cleo Cole,312 555 0102,America/Chicago
"""


@pytest.fixture(name="shift", params=["file", "server"])
def a_shift(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shift:
    """A is interviewed; B is, as far as the second question."""
    monkeypatch.chdir(tmp_path)
    db = postgres_server.create_address() if request.param == "server" else ""
    shift = Shift(tmp_path, ITEMS, CASES, FIELDWORK, db=db)
    held(shift, "A", "1", "1")
    held(shift, "B", "1")
    return shift


def held(shift: Shift, key: str, *answers: str) -> None:
    """An interview; one that stops in the middle waits for a call."""
    ann = shift.station("ann")
    assert ann.fetch_case(key).rejection is None
    ann.dial()
    interviewed(ann, *answers)
    assert ann.close_interview().rejection is None
    if len(answers) < 2:
        assert ann.record_outcome("callback").rejection is None
    ann.end_shift()
    Shift.close_all()


def wished(shift: Shift, to: str = "", **wish: object) -> ExportOptions:
    return ExportOptions(to=to, db=shift.db, at=shift.at, **wish)  # type: ignore[arg-type]


def rows(file: str | Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(file).read_text(encoding="utf-8"), newline="")))


def before(
    monkeypatch: pytest.MonkeyPatch, room: object, name: str, number: int, act: Callable[[], None]
) -> None:
    """Do something just before a function is called for the so-many-th time."""
    function, calls = getattr(room, name), []

    def called(*given: object, **more: object) -> object:
        calls.append(name)
        if len(calls) == number:
            act()
        return function(*given, **more)

    monkeypatch.setattr(room, name, called)


# one moment


def test_files_of_one_go_are_of_one_moment(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    before(monkeypatch, export_data, "export_records", 2, lambda: held(shift, "C", "2", "2"))
    export_files(shift.file, wished(shift), ["one.csv", "two.csv"])
    assert rows("one.csv") == rows("two.csv")
    assert {row["interview_case"] for row in rows("two.csv")} == {"A", "B"}
    assert isinstance(export_file(shift.file, wished(shift, "three.csv")), ExportResult)
    assert {row["interview_case"] for row in rows("three.csv")} == {"A", "B", "C"}


def test_a_bundle_is_of_one_moment(shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    before(
        monkeypatch, bundling, "_write_questionnaire_texts", 1, lambda: held(shift, "C", "2", "2")
    )
    made = write_bundle(shift.file, wished(shift), "out")
    assert isinstance(made, BundleResult), made
    assert made.data_files[0].rows == 2
    manifest = json.loads(Path("out/manifest.json").read_text())
    held_by = {file["name"]: file["rows"] for file in manifest["files"] if "rows" in file}
    assert {rows for name, rows in held_by.items() if "cases" not in name} == {
        2
    }  # two interviews, two calls
    assert "3 interviews" not in Path("out/codebook.html").read_text()
    [rates] = rows("out/rates.csv")
    assert rates["I"] == "1"


def test_a_report_and_its_rates_are_of_one_moment(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(
        monkeypatch,
        results_report,
        "compute_rates_from_records",
        1,
        lambda: held(shift, "C", "2", "2"),
    )
    made = reported(shift)
    assert made.interviews == 2
    assert complete(made) == 1
    assert complete(reported(shift)) == 2


def reported(shift: Shift, **wish: object) -> Results:
    made = build_results_report(shift.file, ReportOptions(db=shift.db, at=shift.at, **wish))  # type: ignore[arg-type]
    assert isinstance(made, Results), made
    return made


def complete(made: Results) -> int:
    """Complete interviews by the rates."""
    assert made.rates is not None
    [counts] = [column.counts for column in made.rates.columns if column.counts is not None]
    return int(counts.list_by_group()["I"])


# corrections


def corrected(shift: Shift, key: str, outcome: str, code: str = "") -> None:
    shift.later(minutes=10)
    done = case_actions.correct_outcome(
        Request(path=str(shift.file), at=shift.at, db=shift.db),
        key,
        outcome,
        code=code,
        note="heard the tape",
    )
    assert isinstance(done, case_actions.CaseActionResult), done


def outcomes(shift: Shift, **wish: object) -> dict[str, str]:
    made = export_file(shift.file, wished(shift, "o.csv", force=True, **wish))
    assert isinstance(made, ExportResult), made
    return {row["interview_case"]: row["interview_outcome"] for row in rows("o.csv")}


def counted(shift: Shift, **wish: object) -> tuple[int, int, int]:
    """Interviews in a report: complete ones, partial ones too, all that were begun."""
    kinds = ("complete", "partial", "all")
    return tuple(_counted(shift, interviews=kind, **wish) for kind in kinds)  # type: ignore[return-value]


def _counted(shift: Shift, **wish: object) -> int:
    options = ReportOptions(db=shift.db, at=shift.at, **wish)  # type: ignore[arg-type]
    results = attempt(build_results_report, shift.file, options)
    return results.interviews if isinstance(results, Results) else 0


def test_an_interview_counts_as_a_correction_has_it(shift: Shift) -> None:
    """A was complete, B stopped and waits; the table, the report and the rates say the same of each."""
    assert outcomes(shift) == {"A": "complete", "B": ""}
    assert counted(shift) == (1, 2, 2)
    began = shift.at
    corrected(shift, "A", "not_eligible")
    assert outcomes(shift) == {"A": "not_eligible", "B": ""}
    assert (counted(shift), complete(reported(shift))) == ((0, 1, 2), 0)
    [a] = [row for row in rows("o.csv") if row["interview_case"] == "A"]
    assert (a["interview_status"], a["a"], a["b"]) == ("ended", "1", "1")  # what was said stays
    assert counted(shift, as_of=began.isoformat()) == (1, 2, 2)
    assert outcomes(shift, as_of=began.isoformat()) == {"A": "complete", "B": ""}
    corrected(shift, "A", "complete")
    assert outcomes(shift)["A"] == "complete"
    assert counted(shift) == (1, 2, 2)
    corrected(shift, "A", "", code="2.112")
    assert outcomes(shift)["A"] == "2.112"
    assert counted(shift) == (0, 1, 2)
    corrected(shift, "B", "complete")
    assert outcomes(shift)["B"] == "complete"
    assert (counted(shift), complete(reported(shift))) == ((1, 1, 2), 1)


def test_a_correction_of_another_call_is_none_of_the_interview(shift: Shift) -> None:
    ann = shift.station("ann")
    assert ann.fetch_case("B").rejection is None
    ann.dial()
    assert ann.record_outcome("no_answer").rejection is None
    ann.end_shift()
    Shift.close_all()
    corrected(shift, "B", "busy")
    assert outcomes(shift)["B"] == ""
    assert counted(shift) == (1, 2, 2)


def test_a_corrected_interview_that_goes_on_counts_as_it_ends(shift: Shift) -> None:
    corrected(shift, "B", "refusal_hard")
    assert (outcomes(shift)["B"], counted(shift)) == ("refusal_hard", (1, 1, 2))
    done = case_actions.reopen_case(
        Request(path=str(shift.file), at=shift.at, db=shift.db), "B", why="rang back"
    )
    assert isinstance(done, case_actions.CaseActionResult), done
    shift.later(hours=2)
    held(shift, "B", "1", "2")
    assert (outcomes(shift)["B"], counted(shift)) == ("complete", (2, 2, 2))


def labelled(shift: Shift) -> dict[str, dict[str, str]]:
    """By program, what each value of the outcome's column means, as its reader finds it."""
    pyreadstat = pytest.importorskip("pyreadstat")
    names = ["o.sav", "t.sss", "o.csv"]
    export_files(shift.file, wished(shift, force=True), names)
    values = {row["interview_outcome"] for row in rows("o.csv")} - {""}
    _, meta = pyreadstat.read_sav("o.sav", output_format="dict")
    root = ElementTree.parse("t.sss")
    [outcome] = [v for v in root.iter("variable") if v.findtext("name") == "interview_outcome"]
    found = {
        "SPSS": meta.variable_value_labels["interview_outcome"],
        "Triple-S": {str(value.get("code")): str(value.text) for value in outcome.iter("value")},
    }
    return {
        program: {value: told[value] for value in values if value in told}
        for program, told in found.items()
    }


def test_every_outcome_that_stands_has_a_label(shift: Shift) -> None:
    """The table's, the study's own though the interviews' version had it not, and codes that supervisors gave alone."""
    text = shift.file.read_text(encoding="utf-8")
    shift.file.write_text(
        text + "outcomes: {moved: {name: Moved away, like: not_eligible}}", encoding="utf-8"
    )
    shift.publish()
    corrected(shift, "B", "moved")
    told = {"complete": "Complete", "moved": "Moved away"}
    assert labelled(shift) == {"SPSS": told, "Triple-S": told}
    corrected(shift, "A", "", code="2.112")
    told = {"2.112": "Known respondent refusal", "moved": "Moved away"}
    assert labelled(shift) == {"SPSS": told, "Triple-S": told}
