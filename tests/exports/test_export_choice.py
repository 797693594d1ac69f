"""Selection in exports: by columns, by a condition, as of a date and time, of cases and calls, into several files."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from support.exporting import export_file
from support.shift import Shift, interviewed
from support.user_errors import attempt
from survey_cli.cli.app import build_app
from survey_cli.problems import UserError
from survey_cli.services.cases.case_actions import CaseActionResult, correct_outcome
from survey_cli.services.export.export_data import ExportOptions, ExportResult, export_files
from survey_cli.services.run_on_study import Request
from survey_cli.study.consistency.person_erasure import anonymize_person

ITEMS = """
compute: {both: "a == 1 and b == 1"}
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - id: opinions
    type: section
    title: Opinions
    items:
      - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
      - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}}
  - {id: why, type: text, text: "Why?"}
  - {id: who, type: text, text: "Your name?", personal: true}
"""
CASES = """unit,kind,name,phone,zone
A,1,Alice Adams,312 555 0100,America/Chicago
B,2,Bert Bond,312 555 0101,America/Chicago
C,2,Cleo Cole,312 555 0102,America/Chicago
"""
PEOPLE = "login,pseudonym,role\nann,int 07,interviewer\nbob,int 08,interviewer\nsue,,supervisor\n"


@pytest.fixture(name="shift")
def a_shift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shift:
    """A is interviewed by ann, hours later B by bob as far as the second question; C does not answer."""
    monkeypatch.chdir(tmp_path)
    shift = Shift(tmp_path, ITEMS, CASES, people=PEOPLE)
    ann = shift.station("ann")
    assert ann.fetch_case("A").rejection is None
    ann.dial()
    interviewed(ann, "1", "1", "because", "Alice Secret")
    assert ann.close_interview().rejection is None
    ann.end_shift()
    shift.later(hours=2)
    bob = shift.station("bob")
    assert bob.fetch_case("B").rejection is None
    bob.dial()
    interviewed(bob, "1")
    assert bob.close_interview().rejection is None
    assert bob.record_outcome("callback", note="call the mother").rejection is None
    bob.end_shift()
    assert bob.fetch_case("C").rejection is None
    bob.dial()
    assert bob.record_outcome("no_answer").rejection is None
    bob.end_shift()
    Shift.close_all()
    return shift


def taken(shift: Shift, **wish: object) -> list[dict[str, str]]:
    to = io.StringIO(newline="")
    made = export_file(shift.file, wished(shift, **wish), stdout=to)
    assert isinstance(made, ExportResult), made
    return list(csv.DictReader(io.StringIO(to.getvalue(), newline="")))


def wished(shift: Shift, **wish: object) -> ExportOptions:
    return ExportOptions(
        **{"to": "-", "db": shift.db, "people": shift._list(), "at": shift.at, **wish}
    )  # type: ignore[arg-type]


def refused(shift: Shift, **wish: object) -> str:
    with pytest.raises(UserError) as caught:
        export_file(shift.file, wished(shift, **wish), stdout=io.StringIO())
    made = caught.value
    return str(made)


def test_columns_by_their_names_their_items_and_their_sections(shift: Shift) -> None:
    [first, _] = taken(shift, variables=("opinions", "why", "interview_case"))
    assert list(first) == ["interview_id", "interview_case", "a", "b", "why", "why_state"]
    assert list(first.values())[1:] == ["A", "1", "1", "because", "0"]
    assert refused(shift, variables=("opinion",)) == (
        "--variables: there is no column 'opinion' — did you mean 'opinions'?"
    )


@pytest.mark.parametrize(
    ("where", "cases"),
    [
        ("kind == 2", ["B"]),
        ("a == 1", ["A", "B"]),
        ("b == 1", ["A"]),  # not reached is not true
        ("not b == 1", []),  # nor is what is unknown
        ("both", ["A"]),
        ("why == 'because' and today() > a", None),
        ("kindd == 2", None),
    ],
)
def test_a_condition_is_true_of_what_leaves(
    shift: Shift, where: str, cases: list[str] | None
) -> None:
    for what in ("interviews", "answers", "events"):
        if cases is None:
            assert refused(shift, where=where, what=what).startswith("--where: ")
            continue
        rows = taken(shift, where=where, what=what)
        assert list(dict.fromkeys(row["interview_case"] for row in rows)) == cases


def login(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: who)


def test_a_condition_asks_nothing_personal_of_whoever_may_not_know(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "who is personal" in refused(shift, where="who == 'Alice Secret'")
    assert "name is personal" in refused(shift, where="name == 'Alice Adams'", what="cases")
    who, name = frozenset({"who"}), frozenset({"name"})
    login(monkeypatch, "ann")
    for wish in ({"personal": who}, {"personal": name, "what": "cases"}):
        assert "only a supervisor" in refused(shift, **wish)
    login(monkeypatch, "sue")
    [row] = taken(shift, where="who == 'Alice Secret'", personal=who)
    assert (row["interview_case"], row["who"]) == ("A", "Alice Secret")
    [row] = taken(shift, where="name == 'Bert Bond'", what="cases", personal=name)
    assert (row["case"], row["name"], "phone" in row) == ("B", "Bert Bond", False)
    [row] = taken(shift, where="name == 'Cleo Cole'", what="calls", all_personal=True)
    assert (row["case"], row["outcome"]) == ("C", "no_answer")


@pytest.mark.parametrize("what", ["interviews", "answers", "events", "cases"])
def test_a_personal_column_that_is_none_is_refused_whatever_a_row_is(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    login(monkeypatch, "sue")
    near = "nam" if what == "cases" else "wo"
    asked = refused(shift, what=what, personal=frozenset({near}))
    assert asked.startswith(
        f"--personal: there is no column '{near}' — did you mean '{'name' if near == 'nam' else 'who'}'?"
    )
    assert "no sample columns" in refused(shift, what="calls", personal=frozenset({"name"}))


def test_as_of_a_moment_is_what_was_there_then(shift: Shift) -> None:
    an_hour_ago = (shift.at - timedelta(hours=1)).isoformat()
    [row] = taken(shift, as_of=an_hour_ago)
    now = taken(shift)
    assert row == now[0]
    assert [r["interview_status"] for r in now] == ["ended", "open"]
    begun = (shift.at - timedelta(hours=2, seconds=1)).isoformat()
    assert len(taken(shift, as_of=begun)) <= 1
    assert taken(shift, as_of="2026-01-01") == []
    assert taken(shift, as_of="2026-01-01", what="calls") == []
    calls = taken(shift, as_of=an_hour_ago, what="calls")
    assert [call["case"] for call in calls] == ["A"]
    assert "--as-of" in refused(shift, as_of="2030-01-01")


def test_cases_with_codes_and_attempts_and_without_names(shift: Shift) -> None:
    rows = taken(shift, what="cases")
    assert [(r["case"], r["case_code"], r["case_group"], r["case_calls"], r["kind"]) for r in rows] == [
        ("A", "1.1", "I", "1", "1"), ("B", "2.21", "NC", "1", "2"), ("C", "2.20", "NC", "1", "2"),
    ]  # fmt: skip
    assert [r["case_interviewers"] for r in rows] == ["int 07", "int 08", "int 08"]
    assert not any(word in str(rows) for word in ("Alice", "Bert", "312555"))
    assert [r["case"] for r in taken(shift, what="cases", where="kind == 2")] == ["B", "C"]


def test_calls_with_outcomes_and_notes_for_supervisors_alone(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = taken(shift, what="calls")
    assert [(r["case"], r["attempt"], r["call"], r["position"], r["interviewer"]) for r in rows] == [
        ("A", "1", "1", "1", "int 07"), ("B", "1", "1", "1", "int 08"), ("C", "1", "1", "1", "int 08"),
    ]  # fmt: skip
    assert [r["outcome"] for r in rows][1:] == ["callback", "no_answer"]
    assert "mother" not in str(rows)
    login(monkeypatch, "ann")
    assert "only a supervisor" in refused(shift, what="calls", all_personal=True)
    login(monkeypatch, "sue")
    assert taken(shift, what="calls", all_personal=True)[1]["call_note"] == "call the mother"
    [alice, *_] = taken(shift, what="cases", all_personal=True, raw=True)
    assert (alice["contact_name"], alice["contact_numbers"]) == ("Alice Adams", "+13125550100")


def test_several_files_in_one_go_and_none_where_one_cannot_be(shift: Shift) -> None:
    done = export_files(shift.file, wished(shift, to=""), ["a.csv", "b.jsonl", "c.sss", "d.sps"])
    assert [(made.to, made.beside) for made in done] == [
        ("a.csv", ""), ("b.jsonl", ""), ("c.sss", "c_sss.csv"), ("d.sps", "d_sps.csv"),
    ]  # fmt: skip
    assert all(
        Path(name).stat().st_mode & 0o777 == 0o600
        for made in done
        for name in (made.to, made.beside)
        if name
    )
    barred = attempt(export_files, shift.file, wished(shift, to=""), ["e.csv", "a.csv"])
    assert (str(barred).startswith("a.csv: the file exists"), Path("e.csv").exists()) == (
        True,
        False,
    )
    barred = attempt(export_files, shift.file, wished(shift, to=""), ["f_sss.csv", "f.sss"])
    assert str(barred).startswith("f.sss: f_sss.csv is written by f_sss.csv too")
    assert not Path("f_sss.csv").exists()


def test_no_format_takes_the_data_of_another(shift: Shift) -> None:
    done = export_files(shift.file, wished(shift, to=""), ["x.csv", "x.sps", "x.r", "x.sss"])
    fixed = export_file(shift.file, wished(shift, to="x.sss", format="sss-fixed", force=True))
    files = [name for made in (*done, fixed) for name in (made.to, made.beside) if name]
    assert len(set(files)) == len(files) - 1  # x.sss alone is written anew
    for described in ("x.sps", "x.r", "x.sss"):
        named = {
            name for name in files if name != described and name in Path(described).read_text()
        }
        assert len(named) == 1, "the one with its data"


def test_labels_that_change_nothing_are_said_to(shift: Shift) -> None:
    for name, said in (("l.csv", False), ("l.jsonl", False), ("l.sss", True), ("l.ddi.xml", True)):
        both = []
        for labels in (False, True):
            made = export_file(shift.file, wished(shift, to=name, labels=labels, force=True))
            assert any("--labels has no effect" in note for note in made.notes) == (labels and said)
            file = Path(made.beside or name)
            both.append(file.read_bytes())
        assert (both[0] == both[1]) == said, name


def test_what_is_filled_in_leaves_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    items = """
compute: {office: "'sector' if kind == 1 else 'district'"}
items:
  - {id: who, type: text, text: "Your name?", label: Name}
  - {id: own, type: single, text: "Is **your {office}** large {{or small}}?", options: {1: "{who|You} says yes", 2: "No"}}
"""
    shift = Shift(tmp_path, items, CASES, people=PEOPLE)
    for name in ("x.sps", "x.r", "x.sss", "x.ddi.xml"):
        export_file(shift.file, wished(shift, to=name))
        text = (
            Path(name).read_text(encoding="utf-8").replace(r"\u2039", "‹").replace(r"\u203A", "›")
        )
        assert "Is your ‹office› large {or small}?" in text, name
        assert "{office}" not in text, name
        assert "‹who› says yes" in text, name


def test_a_file_that_stands_where_the_data_would_go_stays(shift: Shift) -> None:
    Path("g_sss.csv").write_text("theirs")
    assert refused(shift, to="g.sss").startswith("g_sss.csv: the file exists")
    assert (Path("g_sss.csv").read_text(), Path("g.sss").exists()) == ("theirs", False)


def test_the_command_says_what_went_where(shift: Shift) -> None:
    asked = [str(shift.file), "--db", shift.db, "--people", str(shift._list())]
    answer = CliRunner().invoke(
        build_app(), ["export", *asked, "--what", "answers", "-o", "x.jsonl", "-o", "y.tsv"]
    )
    assert answer.exit_code == 0, answer.output
    assert "x.jsonl: 4 answers, 20 columns, from" in answer.stderr
    assert "y.tsv: 4 answers" in answer.stderr
    assert "left out as personal: who (" in answer.stderr
    lists = CliRunner().invoke(build_app(), ["export", *asked, "--formats"])
    assert {"csv", "jsonl", "sss", "ddi", "sps", "r"} <= {
        line.split()[0] for line in lists.stdout.splitlines()
    }


@pytest.mark.parametrize(
    ("outs", "told"),
    [
        (["field.yaml/x.csv"], "field.yaml/x.csv: field.yaml is not a folder"),
        (["."], ".: this is a folder — specify a file in it"),
        (["a.csv", "a.csv"], "a.csv: it is specified twice"),
        (["-", "-"], "-o: standard output is specified twice"),
        (["a.csv", "./a.csv"], "./a.csv: a.csv is written by a.csv too"),
        (["a.csv", "b.nothing"], "b.nothing: no ending of the name chooses a format: "),
    ],
)
def test_where_one_file_cannot_be_none_is_begun(shift: Shift, outs: list[str], told: str) -> None:
    barred = attempt(export_files, shift.file, wished(shift, to=""), outs, stdout=io.StringIO())
    assert str(barred).startswith(told)
    assert not Path("a.csv").exists()


@pytest.mark.parametrize("option", ["--where", "--as-of", "--variables", "--bundle", "-o"])
def test_an_option_with_nothing_in_it_does_not_mean_everything(shift: Shift, option: str) -> None:
    answer = CliRunner().invoke(
        build_app(), ["export", str(shift.file), "--db", shift.db, option, ""]
    )
    assert answer.exit_code == 2
    assert (answer.stdout, "the value is empty" in answer.stderr) == ("", True)


def test_cases_name_themselves_and_whoever_ruled_by_a_pseudonym(shift: Shift) -> None:
    request = Request(
        path=str(shift.file), at=shift.at, db=shift.db, by="sue", people=shift._list()
    )
    Path("interviewers.csv").write_text(PEOPLE.replace("sue,,", "sue,int 01,"))
    assert isinstance(
        correct_outcome(request, "C", "not_eligible", note="closed"), CaseActionResult
    )
    ruled = {row["unit"]: row["case_why"] for row in taken(shift, what="cases")}
    assert (set(ruled), ruled["C"]) == ({"A", "B", "C"}, "outcome set by int 01")


def test_of_an_anonymised_interview_the_answers_that_are_left_are_rows(shift: Shift) -> None:
    before = taken(shift, what="answers")
    with shift.study() as study:
        done = anonymize_person(replace(study, at=shift.at), "A", why="kept for 90 days")
    assert done.interviews == 1
    assert taken(shift, what="answers") == before  # personal ones were none of them
