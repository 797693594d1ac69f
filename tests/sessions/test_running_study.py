"""A study that changes during fieldwork: files are read again between two cases and before each dial, a pause reaches
every station, and nothing in progress is lost.
"""

import asyncio
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.command_line import run_survey
from support.shift import CASES, FIELDWORK, ITEMS, OPTIONS, Shift, interviewed, on
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.plain import run_station
from survey_cli.problems import StoreError, UserError
from survey_cli.reports.fieldwork.cases import CallabilityReport
from survey_cli.reports.fieldwork.status import FieldworkStatus
from survey_cli.services.cases.case_lists import explain_case
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.questionnaire.version_check import accept_changes
from survey_cli.services.run_on_study import Request
from survey_cli.services.study_administration import pause_study, resume_study
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.open_station import open_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import CaseView, IdleView
from survey_cli.store.backends.address import is_server_address
from survey_cli.store.cases.case_store import CaseStore
from survey_cli.study.consistency.upkeep import PLAN_SETTING
from survey_cli.study.open_study import StudyFiles
from survey_cli.study.pause import Pause
from survey_cli.tui.station.screen import StationApp

FIVE = CASES + "".join(
    f"{key},2,Person {key},312 555 010{n},America/Chicago\n" for n, key in enumerate("BCDE", 1)
)
PEOPLE = "login,languages,skills,pseudonym,role\nann,,,I-01,\nbob,,,I-02,\nsue,,,S-01,supervisor\n"
QUOTA = """
quotas:
  - {id: yes, where: a == 1, target: 1}
"""
LOOKED_UP = """
items:
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: place, type: lookup, quota: yes}
  - {id: full, type: end, ask_if: "place == 'full'", outcome: quota_full, text: Bye}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}}
"""


def working(shift: Shift, by: str = "ann") -> StationSession:
    """A station that reads the study's files again, as one that was started from the command line does."""
    study = shift.study(by)
    return shift.station(by, options=replace(OPTIONS, files=[StudyFiles(study, shift._list())]))


def request(shift: Shift, by: str = "sue") -> Request:
    return Request(path=str(shift.file), at=shift.at, db=shift.db, by=by, people=shift._list())


def paused(shift: Shift, message: str = "") -> Pause:
    found = pause_study(request(shift), message)
    assert isinstance(found, Pause), found
    return found


def rewrite(shift: Shift, old: str, new: str) -> None:
    text = shift.file.read_text()
    assert old in text
    shift.file.write_text(text.replace(old, new))
    shift.publish()


def interviewed_until(talk: InterviewSession, end: str) -> None:
    """One answer of an interview by itself, which then stays open or is stopped with this outcome."""
    for entry in ("", "1"):
        assert talk.reply(entry) is None
    assert (talk.suspend() if end == "open" else talk.stop(end)) is None
    talk.close()


def idle(station: StationSession) -> IdleView:
    view = station.look().view
    assert isinstance(view, IdleView), view
    return view


# files that change


def test_changed_hours_reach_a_station_before_its_next_dial(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = working(shift)
    first = on(ann)
    rewrite(shift, '"09:00-20:30", sat', '"12:00-20:30", sat')  # it is 10:00
    said = ann.dial().rejection
    assert said is not None
    assert (
        said.why
        == "not now: before 12:00 there (it is 10:00); the study's files changed and were read again"
    )
    assert shift.case(first).open_attempt is None or not shift.case(first).open_attempt.dialed  # type: ignore[union-attr]
    assert ann.finish_case().rejection is None
    assert idle(ann).next_at is not None
    assert f"{idle(ann).next_at:%H:%M}" == "12:00"
    rewrite(shift, '"12:00-20:30", sat', '"09:00-20:30", sat')
    ann.keep_alive()
    assert on(ann)
    assert ann.look().notice == "the study's files changed and were read again"
    assert ann.dial().rejection is None


def test_a_day_that_is_closed_while_stations_work_ends_their_calls(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = working(shift)
    rewrite(shift, "  country: US\n", "  country: US\n  closed: [2026-11-24]\n")
    assert ann.record_outcome("no_answer").rejection is None
    assert f"{idle(ann).next_at:%a %H:%M}" == "Wed 09:00"


def test_changed_delays_and_limits_put_cases_elsewhere_in_the_queue(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = working(shift)
    assert ann.record_outcome("no_answer").rejection is None
    assert shift.row("A").position.due_at == shift.at + timedelta(hours=3)
    rewrite(shift, "  attempts: {total: 8, per_day: 3}", "  attempts: {total: 1}")
    ann.keep_alive()
    assert shift.row("A").status == "done"
    assert "limit" in str(shift.row("A").position.reason.words)
    rewrite(shift, "  attempts: {total: 1}", "  attempts: {total: 8}\n  delays: {no_answer: 1h}")
    ann.keep_alive()
    assert shift.row("A").position.due_at == shift.at + timedelta(hours=1)


def test_one_station_works_the_queue_out_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that died at it is followed by the next; the rules hold at every claim meanwhile."""
    shift = Shift(tmp_path, cases=FIVE)
    ann, bob = working(shift, "ann"), working(shift, "bob")
    rewrite(shift, "  attempts: {total: 8, per_day: 3}", "  attempts: {total: 1}")
    died = StoreError(shift.db, "the disk is full", "make room")

    def dies(*_: object, **__: object) -> int:
        raise died

    with monkeypatch.context() as broken:
        broken.setattr(CaseStore, "update_queue_positions", dies)
        assert ann.record_outcome("no_answer").rejection is not None
    if is_server_address(shift.db):  # there the queue was worked out when the version was published
        assert ann.claim_next().rejection is None
    assert bob.record_outcome("no_answer").rejection is None
    assert "read again" in bob.look().notice
    assert on(bob)
    shift.later(minutes=6)
    cat = working(shift, "cat")
    assert isinstance(cat.look().view, (CaseView, IdleView))
    rows = [shift.row(key) for key in "ABCDE"]
    assert (
        sum(row.status == "done" and "limit" in str(row.position.reason.words) for row in rows) == 2
    )


def test_a_case_that_was_closed_by_the_old_plan_stands_by_the_new_one(tmp_path: Path) -> None:
    """Its station was on the line while another had worked the queue out anew."""
    shift = Shift(tmp_path, cases=FIVE)
    ann, bob = working(shift, "ann"), working(shift, "bob")
    key = on(ann)
    assert ann.dial().rejection is None
    rewrite(
        shift,
        "  attempts: {total: 8, per_day: 3}",
        "  attempts: {total: 8}\n  delays: {no_answer: 1h}",
    )
    assert bob.record_outcome("busy").rejection is None
    assert "read again" in bob.look().notice
    assert ann.record_outcome("no_answer").rejection is None
    assert "read again" in ann.look().notice
    assert shift.row(key).position.due_at == shift.at + timedelta(hours=1)


def test_a_case_that_is_left_at_the_end_of_a_shift_stands_by_the_new_plan(tmp_path: Path) -> None:
    shift = Shift(
        tmp_path,
        cases="unit,kind,name,phone,zone\nA,1,Alice,312 555 0100; 312 555 0101,America/Chicago\n",
    )
    ann = working(shift)
    assert ann.dial().rejection is None
    assert ann.record_outcome("no_answer").rejection is None
    assert on(ann) == "A", "another number can be tried"
    rewrite(
        shift,
        "  attempts: {total: 8, per_day: 3}",
        "  attempts: {total: 8}\n  delays: {no_answer: 1h}",
    )
    assert ann.end_shift().rejection is None
    assert shift.row("A").position.due_at == shift.at + timedelta(hours=1)


def test_a_module_and_the_list_of_people_are_watched_too(tmp_path: Path) -> None:
    (tmp_path / "closing.yaml").write_text(
        'items:\n  - {id: c, type: single, text: Third?, options: {1: "Yes", 2: "No"}}\n'
    )
    items = ITEMS.replace(
        '  - {id: c, type: single, text: Third?, options: {1: "Yes", 2: "No"}}\n',
        "  - include: closing.yaml\n",
    )
    shift = Shift(tmp_path, items=items, cases=FIVE, people=PEOPLE)
    ann = working(shift)
    module = tmp_path / "closing.yaml"
    module.write_text(module.read_text().replace("Third?", "Third and last?"))
    shift.publish()
    assert ann.record_outcome("no_answer").rejection is None
    assert "read again" in ann.look().notice
    conduct = ann.open_interview().interview
    assert conduct is not None
    for entry in ("", "1", "1"):
        assert conduct.reply(entry) is None
    prompt = conduct.prompt()
    assert prompt is not None
    assert "".join(word.text for word in prompt.text) == "Third and last?"
    assert conduct.reply("1") is None
    (tmp_path / "interviewers.csv").write_text(PEOPLE.replace("ann,,,I-01,\n", ""))
    assert ann.close_interview().rejection is None
    assert "ann: is no longer on the study's list of people" in idle(ann).why
    (tmp_path / "interviewers.csv").write_text(PEOPLE)
    ann.keep_alive()
    assert on(ann)


def test_an_interview_that_goes_on_keeps_its_questionnaire(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = working(shift)
    conduct = ann.open_interview().interview
    assert conduct is not None
    assert conduct.reply("") is None
    shift.write(ITEMS.replace("Second?", "Other?").replace("Third?", "Last?"))
    ann.keep_alive()
    for expected in ("First?", "Second?", "Third?"):
        prompt = conduct.prompt()
        assert prompt is not None
        assert "".join(word.text for word in prompt.text) == expected
        assert conduct.reply("1") is None
    assert ann.close_interview().rejection is None
    assert shift.row("A").status == "done"


def test_a_file_with_errors_changes_nothing_and_that_is_said(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = working(shift)
    rewrite(shift, "type: single, text: First?", "type: singel, text: First?")
    assert ann.record_outcome("no_answer").rejection is None
    assert on(ann)
    assert "the instrument has a problem" in ann.look().notice
    assert f"survey check {shift.file}" in ann.look().notice
    assert "The station continues without the change" in ann.look().notice
    rewrite(shift, "type: singel, text: First?", "type: singlee, text: First?")
    said = ann.dial().dialing  # whose own words would take the place of the notice
    assert said.startswith("dial (312) 555-01")
    assert "The station continues without the change" in said
    rewrite(shift, "type: singlee, text: First?", "type: single, text: First?")
    assert ann.record_outcome("no_answer").rejection is None
    assert "read again" in ann.look().notice


def test_a_file_that_gives_old_answers_another_meaning_is_not_taken_over(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = working(shift)
    on(ann)
    ann.dial()
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    rewrite(
        shift,
        'text: First?, options: {1: "Yes", 2: "No"}',
        'text: First?, options: {1: "No", 2: "Yes"}',
    )
    if is_server_address(shift.db):
        assert "a: code 1 was 'Yes' and is 'No'" in str(shift.publish())
        assert ann.record_outcome("no_answer").rejection is None
        assert "The published questionnaire" in ann.look().notice
        return
    assert ann.record_outcome("no_answer").rejection is None
    assert "a: code 1 was 'Yes' and is 'No'" in ann.look().notice
    assert "The station continues without the change" in ann.look().notice
    shift.later(minutes=1)
    on(ann)
    assert ann.record_outcome("no_answer").rejection is None
    assert "read again" not in ann.look().notice, "nobody has accepted it yet"
    assert accept_changes(str(shift.file), ["a"], "the list was reversed", db=shift.db)
    assert ann.record_outcome("no_answer").rejection is None
    assert "read again" in ann.look().notice


def test_a_file_that_is_written_anew_unchanged_is_not_read_again(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = working(shift)
    shift.file.write_text(shift.file.read_text())
    assert ann.record_outcome("no_answer").rejection is None
    assert "read again" not in ann.look().notice


@pytest.mark.parametrize(("before", "after", "opens"), [(1, 2, True), (2, 1, False)])
def test_a_place_is_held_by_the_newest_target(
    before: int, after: int, opens: bool, tmp_path: Path
) -> None:
    """The interview began under the old target; the second one's place is decided by the new."""
    quota = QUOTA.replace("target: 1", f"target: {before}")
    shift = Shift(tmp_path, items=LOOKED_UP, cases=FIVE, fieldwork=FIELDWORK + quota)
    ann, bob = working(shift, "ann"), working(shift, "bob")
    interviewed(ann, "1", "1")
    conduct = bob.open_interview().interview
    assert conduct is not None
    rewrite(shift, f"target: {before}", f"target: {after}")
    assert ann.close_interview().rejection is None  # reads the file
    assert conduct.reply("1") is None
    prompt = conduct.prompt()
    assert prompt is not None
    assert (prompt.ending == "") is opens


# pauses


def test_a_paused_study_claims_and_dials_nothing_and_resumes_by_itself(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann, bob = shift.station("ann"), shift.station("bob")
    shown = on(ann)
    paused(shift, "the server moves")
    shift.later(minutes=2)
    said = ann.dial().rejection
    assert said is not None
    assert said.why == "Paused by sue since 10:00: the server moves"
    assert idle(ann).why == said.why
    assert idle(ann).study_is_paused
    assert shift.row(shown).status == "ready", "nobody had called it: it is in the queue again"
    assert bob.record_outcome("no_answer").rejection is None
    assert idle(bob).why == said.why
    assert ann.claim_next().rejection is None
    assert idle(ann).study_is_paused
    shift.later(minutes=3)
    ended = resume_study(request(shift))
    assert isinstance(ended, Pause)
    ann.keep_alive()
    bob.keep_alive()
    assert on(ann)
    assert on(bob)
    assert ann.dial().rejection is None


def test_a_case_that_waits_on_the_screen_goes_back_at_the_next_beat(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    shown = on(ann)
    paused(shift)
    ann.keep_alive()
    assert idle(ann).why == "Paused by sue since 10:00"
    assert shift.row(shown).status == "ready"


def test_an_interview_goes_on_to_its_end_under_a_pause(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    key = on(ann)
    assert ann.dial().rejection is None
    paused(shift)
    ann.keep_alive()
    assert on(ann) == key, "somebody is on the line"
    interviewed(ann, "1", "2", "1")
    assert ann.close_interview().rejection is None
    assert shift.row(key).position.outcome == "complete"
    assert idle(ann).study_is_paused


@pytest.mark.parametrize(
    ("before", "reopen", "begins"),
    [
        ("", False, False),
        ("open", False, True),
        ("refusal_hard", False, False),
        ("refusal_hard", True, True),
    ],
)
def test_no_interview_of_a_case_begins_under_a_pause(
    tmp_path: Path, before: str, reopen: bool, begins: bool
) -> None:
    shift = Shift(tmp_path)
    wanted = StartOptions(case="A", interviewer="ann", db=shift.db, station="two")
    if before:
        talk = start_or_resume(shift.file, wanted, clock=lambda: shift.at)
        assert isinstance(talk, InterviewSession), talk
        interviewed_until(talk, before)
    paused(shift, "the server moves")
    found = attempt(
        start_or_resume, shift.file, replace(wanted, reopen=reopen), clock=lambda: shift.at
    )
    if begins:
        assert isinstance(found, InterviewSession), found
        found.close()
    else:
        assert isinstance(found, UserError)
        assert re.fullmatch("Paused by sue since ..:..: the server moves", found.what)
        assert "study resume" in found.remedy
    assert shift.row("A").holder is None, "the case is free for whoever is next"


def test_the_interview_command_begins_no_call_under_a_pause(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    study = (str(shift.file), "--db", shift.db)

    def interview(key: str, *lines: str, code: int) -> str:
        arguments = ("interview", *study, "--case", key, "--plain")
        return "".join(
            run_survey(
                tmp_path, *arguments, code=code, keyed="".join(f"{line}\n" for line in lines)
            )
        )

    interview("A", "", "1", ".suspend", code=3)
    assert (
        run_command(["study", "pause", *study, "--by", "sue", "--message", "the server moves"]) == 0
    )
    before = shift.row("B")
    said = interview("B", "", "1", "2", "1", code=1)
    assert re.search(
        r"B: Paused by sue since \d\d:\d\d: the server moves — wait until .*: survey study resume",
        said,
    )
    assert "First?" not in said
    assert shift.row("B") == before
    interview("A", "2", "1", code=0)  # an interview that had begun goes on
    assert shift.row("A").position.outcome == "complete"
    assert run_command(["db", "verify", *study]) == 0
    assert run_command(["study", "resume", *study, "--by", "sue"]) == 0
    interview("B", "", "1", "2", "1", code=0)


async def press_about_a_case(station: StationSession) -> None:
    app = StationApp(station)
    async with app.run_test() as pilot:
        for key in ("i", "d", "x", "f5"):
            await pilot.press(key)
            await pilot.pause()
            assert app.station.why == "Paused by sue since 10:00: the server moves", key


def test_keys_about_a_case_say_the_pause(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    paused(shift, "the server moves")
    ann.keep_alive()
    asyncio.run(press_about_a_case(ann))
    said = io.StringIO()
    run_station(ann, io.StringIO(".interview\n.dial\n1\n.next\n\n.dail\n"), said, io.StringIO())
    assert said.getvalue().count("! Paused by sue since 10:00: the server moves\n") == 5
    assert "there is no case" not in said.getvalue()


def test_a_call_that_was_dialed_is_keyed_under_a_pause(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    key = on(ann)
    assert ann.dial().rejection is None
    paused(shift)
    assert ann.dial().rejection is not None
    assert on(ann) == key
    assert ann.book_appointment("tomorrow 3pm").rejection is None
    assert shift.row(key).position.promised_at is not None
    assert idle(ann).study_is_paused


def test_an_appointment_that_falls_due_in_a_pause_is_not_lost(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    assert ann.book_appointment("3pm").rejection is None
    shift.to("2026-11-24T15:00")
    ann.keep_alive()
    assert on(ann) == "A"
    ann.note_key()
    paused(shift)
    ann.keep_alive()
    assert idle(ann).study_is_paused
    row = shift.row("A")
    assert (row.status, row.position.promised_at) == ("ready", shift.at)
    shift.later(minutes=5)
    assert isinstance(resume_study(request(shift)), Pause)
    ann.keep_alive()
    view = ann.look().view
    assert isinstance(view, CaseView)
    assert "Tue 24 Nov 15:00" in view.appointment


def test_whoever_rings_back_is_found_but_nobody_is_dialed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    paused(shift, "fire drill")
    assert ann.fetch_case("C").rejection is None
    view = ann.look().view
    assert isinstance(view, CaseView)
    assert view.notice == "Don't dial this number: Paused by sue since 10:00: fire drill."
    assert ann.dial().rejection is not None


def test_status_and_why_say_that_the_study_is_paused(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    running = load_fieldwork_status(request(shift))
    assert isinstance(running, FieldworkStatus)
    assert running.data.paused == ""
    paused(shift, "lunch")
    found = load_fieldwork_status(request(shift))
    assert isinstance(found, FieldworkStatus)
    assert re.fullmatch(r"Paused by sue since \d\d:\d\d: lunch", found.data.paused)
    told = explain_case(request(shift), "A", at=shift.at)
    assert isinstance(told, CallabilityReport)
    assert not told.is_allowed
    assert told.verdicts[0].rule == "study"
    assert "lunch" in str(told.verdicts[0].explanation)


def test_only_a_supervisor_pauses(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, people=PEOPLE)
    with pytest.raises(UserError) as caught:
        pause_study(request(shift, by="ann"), "")
    refused = caught.value
    assert "only a supervisor may pause a study" in refused.what
    with pytest.raises(UserError):
        resume_study(request(shift))
    with pytest.raises(UserError):
        pause_study(request(shift), "x" * 201)


def test_pause_and_resume_from_the_command_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    study = (str(shift.file), "--db", shift.db)
    assert (
        run_command(["study", "pause", *study, "--by", "sue", "--message", "back at\x1b 15:00"])
        == 0
    )
    assert re.search(
        r"Paused by sue since \d\d:\d\d: back at 15:00; survey study resume", capfd.readouterr().err
    )
    assert run_command(["status", *study]) == 0
    assert re.search(
        r"^Paused by sue since \d\d:\d\d: back at 15:00$", capfd.readouterr().out, re.MULTILINE
    )
    assert run_command(["study", "resume", *study, "--by", "sue"]) == 0
    assert run_command(["study", "resume", *study, "--by", "sue"]) == 1
    assert "is not paused" in capfd.readouterr().err
    assert run_command(["status", *study]) == 0
    assert "Paused" not in capfd.readouterr().out


@pytest.mark.parametrize(("minutes", "left"), [(4, True), (40, False)])
def test_a_station_that_starts_leaves_the_queue_to_who_works_it_out_already(
    tmp_path: Path, minutes: int, left: bool
) -> None:
    """A million cases take minutes, in which every station would wait; one that was killed is not waited for."""
    shift = Shift(tmp_path, cases=FIVE)
    with shift.study() as study:
        begun = f"{study.plan.fingerprint} {shift.at.isoformat()}"
        study.store.settings.write(PLAN_SETTING, begun)
    shift.later(minutes=minutes)
    station = open_station(
        shift.file, db=shift.db, interviewer="ann", clock=lambda: shift.at, clock_is_right=True
    )
    assert on(station) == "A"
    station.close()
    with shift.study() as study:
        assert (study.store.settings.read(PLAN_SETTING) == begun) == left
