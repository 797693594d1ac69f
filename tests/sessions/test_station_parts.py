"""The parts of a station, each built and used without the station: what it keeps, and what it returns."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.shift import CASES, FIELDWORK, Shift
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import NumberDialed, OutcomeRecorded
from survey_cli.problems import StoreError
from survey_cli.services.cases.floor import send_message
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.case.claimed_case import CaseEvents, InterviewState
from survey_cli.sessions.station.case_at_hand import CaseAtHand, WrittenEvents
from survey_cli.sessions.station.case_search import CaseSearch
from survey_cli.sessions.station.dialing import Telephone
from survey_cli.sessions.station.shift_record import ShiftRecord
from survey_cli.sessions.station.station_appointments import OpenAppointments
from survey_cli.sessions.station.station_cases import StationCases
from survey_cli.sessions.station.station_messages import StationMessages
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.station_study import StationStudy
from survey_cli.store.cases.case_records import LeaseLost

ZONE = ZoneInfo("America/Chicago")
THREE = CASES + "".join(
    f"{key},2,Person {key},312 555 010{n},America/Chicago\n" for n, key in enumerate("BC", 1)
)


@pytest.fixture(autouse=True)
def accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "sue")


def to_local(at: datetime) -> datetime:
    return at.astimezone(ZONE)


def build_studies(shift: Shift, by: str = "ann") -> StationStudies:
    study = StationStudy(shift.study(by), f"of {by}", lambda: shift.at, to_local, None, None)
    return StationStudies([study])


def build_cases(shift: Shift, by: str = "ann") -> tuple[StationCases, ShiftRecord]:
    studies = build_studies(shift, by)
    record = ShiftRecord(studies, f"of {by}", lambda: shift.at)
    tokens = iter(range(100))
    cases = StationCases(
        studies,
        record,
        OpenAppointments(studies, to_local),
        station=f"of {by}",
        clock=lambda: shift.at,
        to_local=to_local,
        make_token=lambda: f"{by} {next(tokens)}",
    )
    return cases, record


def claim(shift: Shift, key: str, by: str = "ann") -> CaseAtHand:
    study = build_studies(shift, by).current
    claimed = study.claims.claim(key, f"token of {by}")
    assert not isinstance(claimed, tuple)
    assert claimed is not None
    return CaseAtHand.load(study, claimed)


# the case at hand


def test_a_case_at_hand_moves_to_its_next_number_when_a_call_has_its_outcome(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=THREE)
    case = claim(shift, "A")
    added = case.build_number("312 555 0199", contact_link="link")
    assert not isinstance(added, Rejection)
    assert isinstance(case.write(added), WrittenEvents)
    assert case.claimed.current_number == 1

    written = case.write(CaseEvents(events=(NumberDialed(1),)))
    assert isinstance(written, WrittenEvents)
    assert [entry.event for entry in written.entries] == [NumberDialed(1)]
    assert case.is_called
    assert case.check_releasable() == Rejection("first key the outcome of this call")

    busy = case.build_outcome("no_answer", note="", number="", language="", contact_link="")
    assert not isinstance(busy, Rejection)
    assert not busy.release, "another number can be tried"
    assert isinstance(case.write(busy), WrittenEvents)
    assert case.claimed.current_number == 2
    assert case.check_releasable() is None


def test_an_unknown_outcome_is_rejected_and_nothing_is_written(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    case = claim(shift, "A")
    before = shift.case("A").seq
    unknown = case.build_outcome("gone_fishing", note="", number="", language="", contact_link="")
    assert unknown == Rejection("there is no outcome gone_fishing")
    assert shift.case("A").seq == before


def test_a_case_that_another_station_has_is_lost_and_says_who_has_it(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    case = claim(shift, "A", by="ann")
    shift.later(hours=2)
    claim(shift, "A", by="bob")
    lost = case.write(CaseEvents(events=(NumberDialed(1),)))
    assert isinstance(lost, LeaseLost)
    assert lost.message == "bob at station of bob has this case now"
    assert case.renew_lease() == lost
    assert NumberDialed(1) not in read_events(shift, "A")


def read_events(shift: Shift, key: str) -> list[object]:
    entries = shift.study().store.cases.queries.read_history(key)
    return [entry.event for entry in entries]


def test_an_interview_that_is_left_needs_an_outcome_and_one_that_ends_closes_its_case(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=THREE)
    case = claim(shift, "A")
    assert case.claimed.interview.state is InterviewState.NONE
    session = case.open_interview()
    assert not isinstance(session, Rejection)
    assert case.is_in_interview
    for reply in ("", "1"):
        assert session.reply(reply) is None
    assert session.suspend() is None
    assert case.close_interview() is None, "the case stays"
    assert not case.is_in_interview
    assert case.claimed.pending_input == "outcome"
    assert case.claimed.answers_in_call == 1
    assert case.claimed.interview.state is InterviewState.OPEN
    assert case.claimed.interview.text.startswith("open at ")

    session = case.open_interview()
    assert not isinstance(session, Rejection)
    for reply in ("2", "1"):
        assert session.reply(reply) is None
    closed = case.close_interview()
    assert isinstance(closed, WrittenEvents)
    assert closed.events.outcome == "complete"
    assert closed.events.release
    assert shift.row("A").position.outcome == "complete"


# the cases, one at a time


def test_after_an_outcome_the_next_case_is_at_hand_and_the_notice_is_about_the_last(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=THREE)
    cases, _ = build_cases(shift)
    assert cases.claim_next().rejection is None
    first = cases.at_hand
    assert first is not None
    refused = cases.claim_next()
    assert refused.rejection == Rejection("finish this case first: key its outcome, or leave it")
    assert refused.notice is None, "the notice that is shown stays"

    events = first.build_outcome("busy", note="", number="", language="", contact_link="")
    assert not isinstance(events, Rejection)
    result = cases.write(first, events)
    assert result.rejection is None
    assert result.can_be_undone
    assert result.notice == f"{first.respondent_name}: busy, stored at 10:00"
    assert cases.at_hand is not None
    assert cases.at_hand.key != first.key
    assert cases.entered is not None
    assert (cases.entered.key, cases.entered.outcome) == (first.key, "busy")


def test_an_outcome_is_revoked_once_and_its_call_goes_on(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    cases, _ = build_cases(shift)
    assert cases.revoke_entered().rejection == Rejection("there is no outcome to undo")
    assert cases.claim_next().rejection is None
    first = cases.at_hand
    assert first is not None
    assert cases.append(first, NumberDialed(1)).rejection is None
    events = first.build_outcome("busy", note="", number="", language="", contact_link="")
    assert not isinstance(events, Rejection)
    assert cases.write(first, events).rejection is None
    second = cases.at_hand
    assert second is not None

    assert cases.revoke_entered().rejection is None
    again = cases.at_hand
    assert again is not None
    assert again.key == first.key
    assert again.claimed.has_open_call
    assert shift.row(second.key).status == "ready", "nobody was called: it is in the queue again"
    assert cases.revoke_entered().rejection == Rejection("first key the outcome of this call")


def test_an_outcome_that_only_a_supervisor_corrects_can_not_be_undone(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    cases, _ = build_cases(shift)
    assert cases.claim_next().rejection is None
    case = cases.at_hand
    assert case is not None
    events = case.build_outcome("never_call", note="", number="", language="", contact_link="")
    assert not isinstance(events, Rejection)
    result = cases.write(case, events)
    assert not result.can_be_undone
    assert cases.entered is not None
    assert cases.entered.is_final


def test_without_a_case_it_is_known_why_and_a_case_that_is_put_back_was_not_called(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path)
    ann, _ = build_cases(shift, "ann")
    bob, _ = build_cases(shift, "bob")
    assert not bob.idle_view.was_searched
    assert ann.claim_next().rejection is None
    assert bob.claim_next().rejection is None
    assert bob.at_hand is None
    assert bob.idle_view.was_searched
    assert bob.idle_view.why == "1 at other stations"

    assert ann.leave().rejection is None
    assert ann.at_hand is None
    assert shift.row("A").status == "ready"
    assert not any(isinstance(event, OutcomeRecorded) for event in read_events(shift, "A"))


def test_no_case_is_claimed_during_a_break_or_after_a_call(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE, fieldwork=FIELDWORK + "  wrapup: 20s\n")
    cases, record = build_cases(shift)
    record.record("on")
    record.start_break("")
    assert cases.claim_next().rejection == Rejection("you are on a break")
    record.end_break()
    record.start_wrapup("A", "Alice", "busy")
    assert cases.claim_next().rejection == Rejection("the time after the call is not over yet")
    record.end_wrapup()
    assert cases.claim_next().rejection is None
    assert cases.at_hand is not None


# the shift


def test_a_shift_has_its_breaks_and_is_resumed_by_another_record(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    record = ShiftRecord(build_studies(shift), "of ann", lambda: shift.at)
    began = shift.at
    assert not record.is_on
    record.record("on")
    shift.later(minutes=30)
    record.start_break("lunch")
    assert record.open_break is not None
    assert record.open_break.reason == "lunch"
    shift.later(minutes=20)

    again = ShiftRecord(build_studies(shift), "of ann", lambda: shift.at)
    again.resume(began - timedelta(hours=1))
    assert again.is_on
    assert again.open_break == record.open_break
    again.end_break()
    again.end_break()  # once is enough
    shift.later(minutes=10)
    summary = again.summarize(to_local, case="")
    assert summary.paid_time + summary.unpaid_breaks == timedelta(hours=1)
    assert [taken.duration for taken in summary.breaks] == [timedelta(minutes=20)]


def test_the_time_after_a_call_is_time_on_the_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE, fieldwork=FIELDWORK + "  wrapup: 20s\n")
    record = ShiftRecord(build_studies(shift), "of ann", lambda: shift.at)
    record.record("on")
    record.start_wrapup("A", "Alice", "busy")
    assert record.wrapup is not None
    assert record.wrapup.until == shift.at + timedelta(seconds=20)
    shift.later(minutes=1)
    record.sign_off()
    assert record.wrapup is None
    assert not record.is_on
    assert record.summarize(to_local, case="").time_on_cases == timedelta(minutes=1)


# messages


def test_a_message_is_taken_once_and_listed_as_long_as_it_is_shown(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    studies = build_studies(shift)
    record = ShiftRecord(studies, "of ann", lambda: shift.at)
    messages = StationMessages(studies, record, clock=lambda: shift.at, to_local=to_local)
    assert messages.take() == ""
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    send_message(request, "coffee at three")
    assert messages.take() == "", "the database is read every few seconds"
    shift.later(minutes=1)
    assert messages.take() == "Message from sue (10:00): coffee at three"
    assert messages.take() == ""
    assert messages.list_shown() == ["10:00  coffee at three (sue)"]

    studies = build_studies(shift)
    record = ShiftRecord(studies, "of ann", lambda: shift.at)
    record.resume(shift.at - timedelta(hours=1))
    again = StationMessages(studies, record, clock=lambda: shift.at, to_local=to_local)
    assert again.take() == "", "it was seen before the station was started again"


# search, appointments


def test_a_search_finds_by_number_name_and_key_and_says_what_to_type(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    search = CaseSearch(build_studies(shift))
    assert search.find("  ") == ()
    assert [match.key for match in search.find("312 555 0102")] == ["C"]
    assert [match.key for match in search.find("Person B")] == ["B"]
    assert "C" in [match.key for match in search.find("C")]
    assert search.hint.startswith("type ")


def test_own_appointments_are_listed_and_one_is_due_shortly_before_its_time(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=THREE)
    case = claim(shift, "A")
    time = case.parse_time("11:00", 0, now=shift.at, station_zone=ZONE.key)
    events = case.build_appointment(time, policy="me", person=" the owner ", note="")  # type: ignore[arg-type]
    assert isinstance(case.write(events), WrittenEvents)

    appointments = OpenAppointments(build_studies(shift), to_local)
    [own] = appointments.list_own(shift.at)
    assert (own.key, own.person, own.is_late) == ("A", "the owner", False)
    appointments.look(shift.at)
    assert appointments.find_due(shift.at, left_out="") is None
    shift.later(minutes=56)
    appointments.look(shift.at)
    due = appointments.find_due(shift.at, left_out="")
    assert due is not None
    assert due.key == "A"
    assert appointments.find_due(shift.at, left_out="A") is None, "it is on the screen"


# the telephone


class Absent:
    """Respondents who are never at home."""

    def __init__(self) -> None:
        self.called_at: datetime | None = None

    def answer_call(self, case: Case, number: int, local_time: datetime) -> str:
        self.called_at = local_time
        return f"{case.key}: nobody answers number {number}"

    def answer_question(self, case: str, interview: object) -> str:
        return ""


def test_a_telephone_asks_for_the_number_to_be_dialed_runs_a_command_or_simulates(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=THREE)
    case = claim(shift, "A")
    number = case.current_number
    digits = case.claimed.find_number(1)
    assert number is not None
    assert digits is not None
    number = number._replace(line="fixed")  # a person must dial what may be a mobile
    called = (case.claimed.case, number, digits, case.study.plan, shift.at)

    by_hand = Telephone(command=(), respondents=None, to_local=to_local)
    assert by_hand.dial(*called) == (f"dial {digits.display}", "")

    broken = Telephone(command=("/no/such/program", "{tel}"), respondents=None, to_local=to_local)
    assert broken.dial(*called).text.startswith("/no/such/program could not be started")

    links: list[str] = []
    linked = Telephone(
        command=("false", "{tel}"), respondents=None, to_local=to_local, hand_link=links.append
    )
    assert linked.dial(*called).text == f"dial {digits.display}: tel:+13125550100"
    assert links == ["tel:+13125550100"]

    absent = Absent()
    practice = Telephone(command=("false", "{tel}"), respondents=absent, to_local=to_local)
    call = practice.dial(*called)
    assert call == (f"{digits.display} was dialed", "A: nobody answers number 1")
    assert absent.called_at is not None
    assert absent.called_at.tzinfo == ZONE, "on the respondent's clock"


@pytest.mark.parametrize("written", ["", "312 555 0100", "+1312;ext=2", "+1%2C9", "+1312555\n0100"])
def test_only_a_number_with_its_country_becomes_a_link(tmp_path: Path, written: str) -> None:
    shift = Shift(tmp_path, cases=THREE)
    case = claim(shift, "A")
    number = case.current_number
    digits = case.claimed.find_number(1)
    assert number is not None
    assert digits is not None
    links: list[str] = []
    linked = Telephone(command=(), respondents=None, to_local=to_local, hand_link=links.append)
    fixed = number._replace(line="fixed")
    odd = digits._replace(e164=written)
    call = linked.dial(case.claimed.case, fixed, odd, case.study.plan, shift.at)
    assert call.text == f"dial {digits.display}"
    assert links == []


def test_a_number_that_a_person_must_dial_is_shown_without_a_link(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    case = claim(shift, "A")
    number = case.current_number
    digits = case.claimed.find_number(1)
    assert number is not None
    assert digits is not None
    links: list[str] = []
    linked = Telephone(command=(), respondents=None, to_local=to_local, hand_link=links.append)
    mobile = number._replace(line="mobile")
    call = linked.dial(case.claimed.case, mobile, digits, case.study.plan, shift.at)
    assert call.text == f"dial {digits.display}"
    assert links == []


# one study


def test_a_study_that_was_read_again_says_so_once_even_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, cases=THREE)
    study = build_studies(shift).current
    study._notice = "the study's files changed and were read again"

    def fail(at: datetime) -> None:
        raise StoreError("field.db", "the disk is full", "make room")

    with monkeypatch.context() as broken:
        broken.setattr(study.news, "read_pause", fail)
        with pytest.raises(StoreError):
            study.check(shift.at, interviewing=False)
    told = study.check(shift.at, interviewing=False)
    assert told == (None, "the study's files changed and were read again")
    assert study.check(shift.at, interviewing=False).notice == ""
