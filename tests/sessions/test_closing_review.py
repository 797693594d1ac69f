"""The closing review: what it shows, how an answer is corrected from it, and that an interview left there is complete."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from support import postgres_server
from support.command_line import folder  # noqa: F401
from support.preview_study import FILE, TEXT, saved
from support.shift import CASES, Shift, on
from survey_cli.entries import ReadEntry, Rejection
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.services.cases.case_actions import free_case
from survey_cli.services.cases.case_lists import QueueReport, list_queue
from survey_cli.services.database.administration import list_interviews, verify_database
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.interview_session import ClosingReview, InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.preview.preview import Preview, PreviewOptions
from survey_cli.sessions.station.station import StationSession
from survey_cli.store.interviews.interview_store import InterviewStore
from survey_cli.values import Place

TWO = CASES + "B,2,Ben Brown,312 555 0101,America/Chicago\n"
ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: ok, type: single, text: May I begin?, options: {1: "Yes", 3: "Never"}, declines: []}
  - {id: never, type: end, ask_if: ok == 3, outcome: refusal_hard, text: Goodbye.}
  - {id: sex, type: single, text: Man or woman?, options: {1: Man, 2: Woman}}
  - {id: hours, type: number, text: Hours a week?, checks: [{expect: hours <= 60, soft: true, say: Is that so?}]}
  - {id: paid, type: number, text: Of these paid?, checks: [{expect: paid <= hours, say: More than the hours.}]}
quotas:
  - {id: men, where: sex == 1, target: 1}
"""


@pytest.fixture(params=["file", "server"], autouse=True)
def kept_somewhere(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Every test is run on a file and on a real server."""
    place = postgres_server.start_server() if request.param == "server" else ""
    if place:
        monkeypatch.setattr(
            Shift, "place", staticmethod(lambda folder: postgres_server.create_address())
        )
    yield
    Shift.close_all()
    if place:
        postgres_server.run_query(place, "DROP SCHEMA IF EXISTS survey_shared CASCADE")


def alone(shift: Shift, case: str = "A", *, review: bool = True, **how: bool) -> InterviewSession:
    """`survey interview --case`."""
    columns = {"zone": "America/Chicago"} if case == "Z" else {}
    session = start_or_resume(
        shift.file,
        StartOptions(
            case=case, interviewer="ann", db=shift.db, station="of ann", columns=columns, **how
        ),
        clock=lambda: shift.at,
    )
    session.review_before_end = review
    return session


def at_station(shift: Shift, by: str = "ann") -> tuple[StationSession, InterviewSession]:
    station = shift.station(by)
    assert station.fetch_case("A").rejection is None
    station.dial()
    session = station.open_interview().interview
    assert isinstance(session, InterviewSession), session
    session.review_before_end = True
    return station, session


def key(session: InterviewSession, *answers: str) -> None:
    """Key answers one after another, `.dk` and `.ok` among them; what is read goes by itself, except at a full quota."""
    entries = list(answers)
    while (prompt := session.prompt()) is not None and (
        entries or (isinstance(prompt.entry, ReadEntry) and prompt.ending != "quota_full")
    ):
        entry = "" if isinstance(prompt.entry, ReadEntry) else entries.pop(0)
        match entry.partition(" "):
            case (".ok", _, reason):
                assert session.confirm(reason) is None
            case (".dk", _, _):
                assert session.decline("dk") is None
            case _:
                assert session.reply(entry) is None


def review_of(session: InterviewSession) -> ClosingReview:
    review = session.closing_review()
    assert review is not None
    assert (session.prompt(), session.result()) == (None, None)
    return review


def status(shift: Shift, case: str = "A") -> list[tuple[str, str]]:
    return [
        (row.status, row.outcome)
        for row in list_interviews(shift.file, db=shift.db)[1]
        if row.case == case
    ]


def code(shift: Shift) -> str:
    return code_case(shift.case("A"), Plan.from_instrument(open_instrument(str(shift.file)))).code


def queued(shift: Shift) -> list[str]:
    """The cases that somebody would call next; the study is opened for it."""
    report = list_queue(Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue"), limit=10)
    assert isinstance(report, QueueReport), report
    return [line.key for line in report.lines]


def assert_complete(shift: Shift) -> None:
    """The interview and its case are complete, its quota place is taken, and nobody is called again."""
    row = shift.row("A")
    assert (status(shift), code(shift), row.status, row.holder) == (
        [("ended", "complete")],
        "1.1",
        "done",
        None,
    )
    assert shift.study().store.cases.quotas.read_fill()["men"] == (1, 0)
    assert "A" not in queued(shift)
    assert verify_database(shift.file, db=shift.db).findings == ()


def test_the_review_counts_the_steps_of_a_bracket_and_not_its_results(tmp_path: Path) -> None:
    items = """
items:
  - {id: ok, type: single, text: May I begin?, options: {1: "Yes", 3: "Never"}, declines: []}
  - {id: income, type: bracket, steps: [10, 20, 30], text: "Less than {amount}?"}
"""
    shift = Shift(tmp_path, items=items, cases=TWO)
    session = alone(shift)
    key(session, "1", "2", "1")
    assert review_of(session).answered == session.interview.answer_count == 3


def test_the_review_shows_declines_accepted_warnings_and_notes(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    _, session = at_station(shift)
    key(session, "1", ".dk", "70", ".ok two jobs")
    assert session.closing_review() is None
    assert session.add_note("hesitated") is None
    shift.later(minutes=3)
    key(session, "20")
    review = review_of(session)
    assert (review.answered, review.duration) == (4, timedelta(minutes=3))
    assert [(item.place, item.text, item.answer) for item in review.declined] == [
        (Place("sex"), "Man or woman?", "Don't know")
    ]
    assert [(item.place, item.answer, item.reason) for item in review.warnings] == [
        (Place("hours"), "70", "two jobs")
    ]
    assert [(note.place, note.text) for note in review.notes] == [(Place("paid"), "hesitated")]
    assert shift.row("A").holder is not None
    assert session.complete() is None
    assert session.closing_review() is None
    result = session.result()
    assert result is not None
    assert (result.status, result.answered) == ("ended", 4)
    assert status(shift) == [("ended", "complete")]


def test_a_warning_that_no_longer_applies_is_not_shown(tmp_path: Path) -> None:
    session = alone(Shift(tmp_path, items=ITEMS, cases=TWO))
    key(session, "1", "2", "70", ".ok", "20")
    assert [item.reason for item in review_of(session).warnings] == [""]
    assert session.jump(Place("hours")) is None
    key(session, "50")
    assert review_of(session).warnings == ()


@pytest.mark.parametrize("way", ["back", "jump"])
def test_an_answer_is_corrected_from_the_review(tmp_path: Path, way: str) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    session = alone(shift)
    key(session, "1", "1", "40", "20")
    review_of(session)
    assert (session.go_back() if way == "back" else session.jump(Place("paid"))) is None
    prompt = session.prompt()
    assert prompt is not None
    assert (prompt.place, session.closing_review()) == (Place("paid"), None)
    assert session.describe_answer(Place("paid")) == "20"
    key(session, "30")
    review_of(session)
    assert session.describe_answer(Place("paid")) == "30"
    assert session.complete() is None
    assert_complete(shift)


def test_the_quota_place_is_reserved_before_the_review_and_a_full_quota_has_none(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    session = alone(shift)
    key(session, "1", "1", "40", "20")
    assert session.list_quota_cells() == ("men (1 of 1)",)
    other = alone(shift, "B")
    key(other, "1", "1")
    assert other.closing_review() is None
    prompt = other.prompt()
    assert prompt is not None
    assert prompt.ending == "quota_full"
    assert other.list_quota_cells() == ()
    assert session.complete() is None
    assert_complete(shift)


def test_an_end_item_has_no_review(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    session = alone(shift)
    key(session, "3")
    assert session.closing_review() is None
    assert status(shift) == [("ended", "refusal_hard")]


def test_without_the_switch_the_last_answer_completes(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    session = alone(shift, review=False)
    key(session, "1", "1", "40", "20")
    assert session.closing_review() is None
    assert_complete(shift)


def test_nothing_is_complete_before_its_end(tmp_path: Path) -> None:
    session = alone(Shift(tmp_path, items=ITEMS, cases=TWO))
    key(session, "1", "1")
    assert isinstance(session.complete(), Rejection)


def test_what_is_rejected_at_the_review_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    session = alone(shift)
    key(session, "1", "1", "40", "20")
    for outcome in ("break_off", "callback"):
        rejection = session.stop(outcome)
        assert isinstance(rejection, Rejection)
        assert "everything is answered" in rejection.why
    assert isinstance(session.go_forward(), Rejection)

    def fail(*_: object) -> None:
        raise StoreError("there", "the disk is full", "make room")

    with monkeypatch.context() as patch:
        patch.setattr(InterviewStore, "append", fail)
        rejection = session.complete()
        assert isinstance(rejection, Rejection)
        assert "not saved: the disk is full" in rejection.why
    review_of(session)
    assert session.add_note("late thought") is None
    assert [(note.place, note.text) for note in review_of(session).notes] == [
        (Place("paid"), "late thought")
    ]
    assert session.complete() is None
    assert_complete(shift)


def test_consent_can_be_withdrawn_at_the_review(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    session = alone(shift)
    key(session, "1", "1", "40", "20")
    assert session.stop("withdrawn") is None
    assert status(shift) == [("ended", "withdrawn")]
    assert shift.study().store.cases.quotas.read_fill()["men"] == (0, 0)


# Interviews left at their review


def suspend(shift: Shift) -> None:
    station, session = at_station(shift)
    key(session, "1", "1", "40", "20")
    assert session.suspend() is None
    assert station.close_interview().rejection is None
    assert on(station) == "B"


def close(shift: Shift) -> None:
    session = alone(shift)
    key(session, "1", "1", "40", "20")
    session.close()


def kill_and_wait(shift: Shift) -> None:
    _, session = at_station(shift)
    key(session, "1", "1", "40", "20")
    shift.later(minutes=40)
    assert queued(shift) == ["B"]


def kill_and_return(shift: Shift) -> None:
    _, session = at_station(shift)
    key(session, "1", "1", "40", "20")
    shift.later(minutes=1)
    station = shift.station("ann")
    assert (
        "A: recorded as complete, because its closing review was on the screen"
        in station.look().notice
    )
    assert on(station) == "B"


def kill_and_fetch(shift: Shift) -> None:
    """Another station fetches the case by its key, when nobody has opened the study since the lease ended."""
    _, session = at_station(shift)
    bob = shift.station("bob")
    key(session, "1", "1", "40", "20")
    shift.later(minutes=40)
    assert bob.fetch_case("A").rejection is None
    assert bob.open_interview().rejection is not None
    assert bob.finish_case().rejection is None


def kill_and_free(shift: Shift) -> None:
    _, session = at_station(shift)
    key(session, "1", "1", "40", "20")
    free_case(Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue"), "A")


def kill_and_repeat(shift: Shift) -> None:
    """The same command again, with the case still leased."""
    key(alone(shift), "1", "1", "40", "20")
    with pytest.raises(UserError, match="finished"):
        alone(shift)


@pytest.mark.parametrize(
    "leave",
    [
        suspend,
        close,
        kill_and_wait,
        kill_and_return,
        kill_and_fetch,
        kill_and_free,
        kill_and_repeat,
    ],
)
def test_an_interview_left_at_its_review_is_complete(
    tmp_path: Path, leave: Callable[[Shift], None]
) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    leave(shift)
    assert_complete(shift)


def test_an_interview_without_a_sampled_case_is_complete_when_it_is_resumed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    key(alone(shift, "Z"), "1", "1", "40", "20")
    assert status(shift, "Z") == [("open", "")]
    again = alone(shift, "Z")
    assert "at its end" in again.notice
    assert again.prompt() is None
    assert status(shift, "Z") == [("ended", "complete")]
    assert verify_database(shift.file, db=shift.db).findings == ()


def test_a_correction_passes_the_review_and_leaving_it_ends_it_again(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    session = alone(shift)
    key(session, "1", "1", "40", "20")
    assert session.complete() is None
    session.close()
    again = alone(shift, reopen=True)
    assert again.jump(Place("hours")) is None
    key(again, "30")
    assert review_of(again).answered == 4
    assert again.go_back() is None
    assert again.suspend() is None
    assert_complete(shift)


@pytest.mark.parametrize("leave", ["lapse", "return"])
def test_an_interview_left_at_a_full_quota_is_not_taken_for_a_complete_one(
    tmp_path: Path, leave: str
) -> None:
    """The last answer decides the cell, which is full: nothing is left to ask, and yet it isn't complete."""
    items = ITEMS.replace("sex == 1", "paid == 20")
    shift = Shift(tmp_path, items=items, cases=TWO)
    first = alone(shift, "B")
    key(first, "1", "1", "40", "20")
    _, session = at_station(shift)
    key(session, "1", "1", "40", "20")
    assert session.closing_review() is None
    if leave == "lapse":
        shift.later(minutes=20)
        first.close()
        shift.later(minutes=20)
        queued(shift)
    else:
        shift.station("ann")
    assert status(shift) == [("open", "")]
    assert verify_database(shift.file, db=shift.db).findings == ()


def test_a_review_that_another_station_ended_can_only_be_left(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, cases=TWO)
    _, session = at_station(shift)
    key(session, "1", "1", "40", "20")
    shift.later(minutes=40)
    queued(shift)
    assert isinstance(session.complete(), Rejection)
    review_of(session)
    assert session.suspend() is None
    assert session.closing_review() is None
    result = session.result()
    assert result is not None
    assert result.status == "lost"
    assert_complete(shift)


# The preview


@pytest.mark.usefixtures("folder")
def test_a_preview_has_a_review_that_outlives_a_change_of_its_file(kept_somewhere: None) -> None:
    saved(TEXT.replace("  - {id: bye", "  # - {id: bye"))
    preview = Preview(FILE, PreviewOptions(columns={"kind": "1"}))
    preview.review_before_end = True
    session = preview.open().session
    key(session, "1", "2", "40")
    assert review_of(session).answered == 3
    saved(TEXT.replace("  - {id: bye", "  # - {id: bye").replace("How old", "How very old"))
    state = preview.reload() or preview.reload()
    assert state is not None
    assert review_of(state.session).answered == 3
    assert state.session.go_back() is None
    assert str(state.session.prompt().place) == "age"
    key(state.session, "41")
    assert state.session.complete() is None
    assert state.session.result() is not None
