"""Trainees: what they may do before a supervisor releases them, and what changes then."""

from pathlib import Path

import pytest

from support.shift import Shift
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.problems import UserError
from survey_cli.services.cases.case_actions import list_case_choices, reassign_appointments
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.station.open_station import open_station
from survey_cli.study.open_study import NoLongerListedError, StudyFiles, open_study

PEOPLE = "login,role\nsue,supervisor\ntim,trainee\nann,interviewer\nal,analyst\n"


@pytest.fixture(name="shift")
def a_shift(tmp_path: Path):
    yield Shift(tmp_path, people=PEOPLE, at=Shift.at)
    Shift.close_all()


def run(shift: Shift, *words: str) -> int:
    people = str(shift.folder / "interviewers.csv")
    return run_command([*words, "--db", shift.db, "--people", people])


def test_a_trainee_is_told_to_practice(shift: Shift) -> None:
    refusal = attempt(open_station, shift.file, db=shift.db, interviewer="tim")
    assert isinstance(refusal, UserError)
    assert str(refusal) == (
        "tim: is a trainee, who practices until a supervisor releases them"
        " — add --practice, or ask sue for your release"
    )


def test_a_release_changes_one_cell_and_a_running_station_notices(
    shift: Shift, capsys: pytest.CaptureFixture[str]
) -> None:
    list_file = shift.folder / "interviewers.csv"
    list_file.chmod(0o640)
    study = shift.study()
    files = StudyFiles(study)

    command = ("study", "people", str(shift.file), "--release")
    assert run(shift, *command, "tim") == 0
    assert "tim is an interviewer now, in" in capsys.readouterr().err
    assert list_file.read_text() == PEOPLE.replace("trainee", "interviewer")
    assert list_file.stat().st_mode & 0o777 == 0o640
    assert files.has_changed()

    assert run(shift, *command, "tim") == 1
    assert "tim: is no trainee, but an interviewer — nothing was changed" in capsys.readouterr().err
    assert run(shift, *command, "tom") == 1
    assert "is not on the study's list of people — did you mean 'tim'?" in capsys.readouterr().err
    study.close()

    station = open_station(shift.file, db=shift.db, interviewer="tim", clock=lambda: shift.at)
    assert station.interviewer == "tim"
    station.close()


def test_no_case_waits_for_somebody_who_does_not_call(shift: Shift) -> None:
    request = Request(path=str(shift.file), at=shift.at, db=shift.db)
    assert list_case_choices(request).people == ("sue", "ann")
    with pytest.raises(UserError, match="tim: is a trainee, and calls no cases"):
        reassign_appointments(request, to="tim", key="A")


def test_a_station_ends_if_its_person_becomes_a_trainee(shift: Shift) -> None:
    with open_study(shift.file, db=shift.db, by="ann") as study:
        files = StudyFiles(study)
        list_file = shift.folder / "interviewers.csv"
        list_file.write_text(PEOPLE.replace("ann,interviewer", "ann,trainee"))
        with pytest.raises(NoLongerListedError, match="ann: is a trainee now, and calls no cases"):
            files.reread(study)
