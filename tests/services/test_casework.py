"""What a supervisor sees of cases and does to them, at real stations with a clock of their own."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from support.command_line import folder  # noqa: F401 - a fixture
from support.shift import CASES, HEAD, ITEMS, Shift, interviewed, on
from survey_cli.cli.run_command import run_command
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.case.events import (
    AppointmentMade,
    AttemptClosed,
    CaseClaimed,
    CaseReturned,
    DoNotCallSet,
    HistoryEntry,
    InterviewOpened,
    OutcomeOverridden,
    OutcomeRecorded,
)
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.problems import OutdatedError, UserError
from survey_cli.reports.fieldwork.cases import CallabilityReport, CaseList, CaseSheet, QueueReport
from survey_cli.services.cases import case_actions
from survey_cli.services.cases.case_actions import CaseActionResult, CaseBatchResult
from survey_cli.services.cases.case_lists import (
    CaseFilter,
    explain_case,
    list_cases,
    list_cases_of_interest,
    list_queue,
    load_case_sheet,
)
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.do_not_call_list import (
    DoNotCallAddition,
    DoNotCallLookup,
    DoNotCallRequest,
    add_numbers,
    look_up_number,
)
from survey_cli.sessions.case.case_queue import CaseQueue
from survey_cli.sessions.station.station_views import IdleView
from survey_cli.store.cases.case_records import CaseUpdate
from survey_cli.store.cases.case_store import CaseStore
from survey_cli.study.consistency.person_erasure import is_erased
from survey_cli.study.consistency.upkeep import refresh_queue
from survey_cli.study.open_study import OpenStudy

PEOPLE = """login,languages,skills,role
ann,en,converter,interviewer
bob,en es,,interviewer
sue,,,supervisor
"""
QUOTAS = """
quotas:
  - {id: kinds, by: [kind], targets: {1: 1, 2: 5}}
"""
THREE = """unit,kind,name,phone,zone
A,1,Alice Adams,312 555 0100,America/Chicago
B,1,Bert Núñez,303 555 0101,America/Denver
C,2,Cleo Cole,312 555 0102,America/Chicago
"""


def request(shift: Shift, by: str = "sue") -> Request:
    return Request(path=str(shift.file), at=shift.at, db=shift.db, by=by, people=shift._list())


def done(result: object) -> CaseActionResult:
    assert isinstance(result, CaseActionResult), result
    return result


def refused(call: Callable[..., object], *args: object, **options: object) -> str:
    with pytest.raises(UserError) as caught:
        call(*args, **options)
    assert caught.value.remedy
    return str(caught.value)


def listed(shift: Shift, by: str = "sue", **wanted: object) -> list[str]:
    found = list_cases(request(shift, by), CaseFilter(**wanted))  # type: ignore[arg-type]
    assert isinstance(found, CaseList), found
    return [line.key for line in found.lines]


def queued(shift: Shift, interviewer: str = "", limit: int = 20) -> QueueReport:
    found = list_queue(request(shift), limit=limit, interviewer=interviewer)
    assert isinstance(found, QueueReport), found
    return found


def why_not(shift: Shift, key: str, interviewer: str = "ann") -> dict[str, str]:
    found = explain_case(request(shift), key, at=shift.at, interviewer=interviewer)
    assert isinstance(found, CallabilityReport), found
    return {
        verdict.rule: str(verdict.explanation) for verdict in found.verdicts if not verdict.allows
    }


# the queue


MIXED = HEAD.replace(
    "  zone:",
    "  lang: {type: text, role: language}\n  wave: {type: number, role: priority}\n  zone:",
)
MIXED = MIXED.replace('version: "1"', 'version: "1"\nlanguages: [en, es]').replace("en: ", "")
FIELD = """
fieldwork:
  frame: establishment
  country: US
  hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
  attempts: {total: 8, per_day: 3}
  refusals: {by: converter, soft_wait: 1d}
  dayparts: {day: "09:00-17:00", evening: "17:00-20:30"}
quotas:
  - {id: kinds, by: [kind], targets: {1: 2, 2: 40}}
"""
ZONES = (
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/New_York",
    "Pacific/Honolulu",
)
SPANISH = """
items:
  - {id: hello, type: read, text: {en: Hello., es: Hola.}}
  - {id: a, type: single, text: {en: "First?", es: "¿Uno?"}, options: {1: {en: "Yes", es: "Sí"}, 2: {en: "No", es: "No"}}}
"""


def a_mixed_study(place: Path, dice: Random) -> Shift:
    """Fifty cases in every state that calls may have left them in."""
    rows = (
        "".join(
            f"c{n:02},{dice.choice('12')},N{n},,{dice.choice(ZONES)},{dice.choice(['', '', 'es', 'en'])},"
            f"{dice.choice(['', '', '1', '-2', '3'])}\n"
            for n in range(50)
        )
        .replace(",,A", ",312 555 0100,A")
        .replace(",,P", ",312 555 0100,P")
    )
    shift = Shift(place, items=SPANISH, fieldwork=FIELD, head=MIXED, people=PEOPLE,
                  cases="unit,kind,name,phone,zone,lang,wave\n" + rows)  # fmt: skip
    with shift.study() as study:
        for key in list(study.store.cases.queries.iterate_keys()):
            past(study, key, shift.at, dice)
        for n in range(dice.randrange(4)):
            study.store.cases.quotas.take(
                f"complete {n}", [dice.choice(["kinds:1", "kinds:2"])], shift.at
            )
    return shift


def past(study: OpenStudy, key: str, now: datetime, dice: Random) -> None:
    """Some calls, a promise, an interview that was interrupted."""
    cases, entries = study.store.cases, []
    at = now - timedelta(days=6)
    for _ in range(dice.choice([0, 0, 1, 1, 2, 3])):
        at += timedelta(hours=dice.randrange(1, 40))
        by, outcome = (
            dice.choice(["ann", "bob"]),
            dice.choice(
                [
                    "no_answer",
                    "busy",
                    "refusal_soft",
                    "callback",
                    "appointment",
                    "machine",
                    "break_off",
                ]
            ),
        )
        entries += [HistoryEntry(at, by, "s1", CaseClaimed())]
        if outcome == "break_off":
            entries += [HistoryEntry(at, by, "s1", InterviewOpened("i1"))]
        entries += [
            HistoryEntry(at, by, "s1", OutcomeRecorded(outcome, 1, interrupted=dice.random() < 0.3))
        ]
        if outcome == "appointment":
            start = (now + timedelta(minutes=dice.randrange(-700, 60))).replace(tzinfo=None)
            policy = dice.choice(["anyone", "me", "me_first"])
            entries += [
                HistoryEntry(at, by, "s1", AppointmentMade(start.isoformat(timespec="minutes"),
                      (start + timedelta(minutes=30)).isoformat(timespec="minutes"), "UTC", owner=by, policy=policy))
            ]  # fmt: skip
        entries += [HistoryEntry(at, by, "s1", AttemptClosed())]
    if entries:
        history = cases.queries.read_history(key)
        case = Case.from_history(key, [*history, *entries])
        assert (
            cases.update(
                CaseUpdate(
                    key,
                    seq=len(history),
                    entries=entries,
                    queue_position=schedule_case(case, study.plan, now),
                )
            )
            is None
        )


@pytest.mark.parametrize("seed", range(5))
def test_the_queue_is_what_stations_claim_one_after_another(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    shift = a_mixed_study(tmp_path, dice)
    classes = set()
    for hours in (0, 3, 7.5):
        shift.later(hours=hours)
        interviewer = dice.choice(["ann", "bob"])
        report = queued(shift, interviewer, limit=60)
        classes |= {line.why.split()[0] for line in report.lines}
        with shift.study(interviewer) as study:
            stations = []
            for n in range(60):
                station = CaseQueue(study, f"s{n}")
                found = station.claim_next(shift.at, f"token {shift.at} {n}")
                if found is None:
                    break
                stations.append((found[0].key, f"token {shift.at} {n}"))
            assert [line.key for line in report.lines] == [key for key, _ in stations]
            assert not [
                line for line in report.turned_down if "the appointment is with" in line.why
            ]
            for key, token in stations:  # and everything goes back as it was
                history = study.store.cases.queries.read_history(key)
                given_back = HistoryEntry(shift.at, interviewer, "s", CaseReturned("given back"))
                stands = schedule_case(
                    Case.from_history(key, [*history, given_back]), study.plan, shift.at
                )
                study.store.cases.update(
                    CaseUpdate(key, len(history), [given_back], stands, token=token, release=True)
                )
    assert len(classes) > 1


def test_the_mixed_studies_hold_every_class(tmp_path: Path) -> None:
    """What the test above says rests upon it."""
    said = []
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        said += [
            line.why
            for line in queued(a_mixed_study(tmp_path / str(seed), Random(seed)), "ann", 60).lines
        ]
    for words in (
        "appointment",
        "first)",
        "interview was interrupted",
        "quota is",
        "priority",
        "never called",
    ):
        assert any(words in line for line in said), words


def test_another_ones_promise_comes_once_it_is_late(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE, people=PEOPLE)
    for key, when in (("A", "tomorrow 10:00"), ("C", "tomorrow 10:35")):
        ann = shift.station("ann", f"s{key}")
        assert ann.fetch_case(key).rejection is None
        assert ann.book_appointment(when, policy="me_first").rejection is None
        ann.start_break()
    shift.to("2026-11-25 10:40")
    mine, others = queued(shift, "ann"), queued(shift, "bob")
    assert [line.key for line in mine.lines] == ["A", "C", "B"]
    assert [line.key for line in others.lines] == ["A", "B"]
    assert others.turned_down == ()
    assert mine.lines[0].why.startswith("appointment Wed 25 Nov 10:00 there (ann first)")
    assert "owner" in why_not(shift, "C", "bob")
    shift.to("2026-11-25 10:51")
    assert [line.key for line in queued(shift, "bob").lines] == ["A", "C", "B"]


def test_a_queue_says_why_and_what_is_closed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE, people=PEOPLE)
    shift.to("2026-11-24 09:30")  # 08:30 in Denver
    report = queued(shift, "ann")
    assert {line.key for line in report.lines} == {"A", "C"}
    assert all(line.why == "never called" for line in report.lines)
    [closed] = report.closed
    assert (closed.key, closed.zone) == ("B", "America/Denver")
    assert "before 09:00 there" in closed.why
    assert closed.opens_at == datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    assert report.status_counts == ((2, "callable now"), (1, "outside calling hours"))


def test_a_board_lists_what_needs_somebody_first_and_a_sample_nobody_has_called_yet(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=THREE, people=PEOPLE)
    assert [line.key for line in list_cases_of_interest(request(shift), "")] == ["A", "B", "C"]
    ann = shift.station()
    assert ann.record_outcome("no_answer").rejection is None
    called = next(key for key in "ABC" if shift.case(key).calls)
    at_station, other = on(ann), (set("ABC") - {called, on(ann)}).pop()
    assert [line.key for line in list_cases_of_interest(request(shift), "")] == [
        at_station,
        called,
        other,
    ]


def test_why_and_the_queue_agree(tmp_path: Path) -> None:
    shift = a_mixed_study(tmp_path, Random(5))
    keys = {line.key for line in queued(shift, "bob", 60).lines}
    for key in listed(shift):
        found = explain_case(request(shift), key, at=shift.at, interviewer="bob")
        assert isinstance(found, CallabilityReport)
        assert found.is_allowed == (key in keys), (key, found)


def test_a_lease_that_ran_out_stands_anew(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    ann = shift.station("ann")
    key = on(ann)
    ann.open_interview()
    shift.later(minutes=25)
    with shift.study() as study:
        refresh_queue(study.store, study.plan, shift.at)
        assert study.store.cases.queries.read_history(key)[-1].event == CaseReturned("lapsed")
        row = study.store.cases.queries.find_row(key)
    assert row is not None
    assert row.position.rank[:1] == "2"  # its interview was interrupted
    assert queued(shift).lines[0].key == key


# corrections


def interview_of(shift: Shift, key: str) -> None:
    station = shift.station("ann")
    assert station.fetch_case(key).rejection is None
    interviewed(station, "1", "1", "1")
    assert station.close_interview().rejection is None
    station.start_break()


def test_a_complete_interview_corrected_away_gives_its_place_back(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS + QUOTAS, cases=THREE)
    interview_of(shift, "A")
    with shift.study() as study:
        assert study.store.cases.quotas.read_fill()["kinds:1"].completes == 1
    assert "kinds: Sector is full" in why_not(shift, "B")["quota"]
    assert "B" not in {line.key for line in queued(shift).lines}
    changed = done(
        case_actions.correct_outcome(
            request(shift), "A", "callback", note="it was the wrong person"
        )
    )
    assert (changed.position.status, changed.position.code) == ("waiting", "2.21")
    with shift.study() as study:
        assert study.store.cases.quotas.read_fill()["kinds:1"].completes == 0
    assert "quota" not in why_not(shift, "B")
    done(
        case_actions.correct_outcome(
            request(shift), "A", "complete", note="it was the right one after all"
        )
    )
    with shift.study() as study:
        assert study.store.cases.quotas.read_fill()["kinds:1"].completes == 1
    assert code_case(shift.case("A"), study.plan).code == "1.1"


def test_a_correction_keeps_what_was_keyed(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    shift.station("ann").record_outcome("refusal_hard", note="shouted")
    assert shift.row("A").status == "done"
    changed = done(
        case_actions.correct_outcome(request(shift), "A", "callback", note="was a misunderstanding")
    )
    assert (changed.position.status, changed.position.code) == ("waiting", "2.21")
    sheet = load_case_sheet(request(shift), "A")
    assert isinstance(sheet, CaseSheet)
    said = [f"{line.what}: {line.note}" for line in sheet.history]
    assert any("respondent refuses (hard)" in line and "shouted" in line for line in said)
    assert (
        said[-1]
        == "a supervisor corrected the outcome to call back, no time given: was a misunderstanding"
    )


def test_a_number_lives_and_dies_with_the_outcome_it_is_given(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    shift.station("ann").record_outcome("disconnected")
    assert shift.case("A").numbers[0].state == "dead"
    changed = done(case_actions.correct_outcome(request(shift), "A", "busy", note="heard the tape"))
    assert shift.case("A").numbers[0].state == "live"
    assert changed.position.status == "waiting"
    done(case_actions.correct_outcome(request(shift), "A", "wrong_number", note="heard it again"))
    assert shift.case("A").numbers[0].state == "dead"
    assert shift.row("A").status == "done"


def test_never_call_by_a_supervisor_holds_for_all_studies(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    shift.station("ann").record_outcome("no_answer")
    done(case_actions.correct_outcome(request(shift), "A", "never_call", note="a letter came"))
    with shift.study() as study:
        assert study.is_on_do_not_call_list(["+13125550100"])
    assert str(shift.row("A").position.reason.words) == "must not be called again"
    assert "may not be called again" in refused(case_actions.reopen_case, request(shift), "A")


def test_consent_that_is_withdrawn_by_letter_erases_the_answers(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS + QUOTAS, cases=THREE)
    interview_of(shift, "A")
    changed = done(
        case_actions.correct_outcome(request(shift), "A", "withdrawn", note="a letter came")
    )
    assert (changed.position.status, changed.position.code) == ("done", "2.112")
    with shift.study() as study:
        [interview] = study.store.interviews.list_rows(case="A")
        assert is_erased(study.store.interviews.read_journal(interview.id))
        assert study.store.cases.quotas.read_fill()["kinds:1"].completes == 0
        assert study.is_on_do_not_call_list(["+13125550100"])


@pytest.mark.parametrize(
    ("outcome", "code", "says"),
    [("", "", "blank"), ("calback", "", "did you mean 'callback'?"), ("complete", "", "requires an interview"),
     ("callback", "2.0", "heading"), ("callback", "9.9", "not an AAPOR code"), ("business", "", "not possible"),
     ("supervisor", "", "supervisor's answer"), ("changed", "", "sample import FILE cases.csv --update")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, outcome: str, code: str, says: str
) -> None:
    shift = Shift(tmp_path)
    assert says in refused(
        case_actions.correct_outcome, request(shift), "A", outcome, code=code, note="x"
    )
    assert shift.case("A").seq == 1
    assert shift.row("A").status == "ready"


def test_a_number_is_changed_once_the_case_has_the_new_one(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    assert shift.station("ann").record_outcome("busy").rejection is None
    says = refused(
        case_actions.correct_outcome, request(shift), "A", "changed", note="heard the tape"
    )
    assert "changed requires a call to the old number, and the new number in the case" in says
    assert shift.case("A").numbers[0].state == "live"
    shift.later(hours=1)
    shift.bring(CASES.replace("312 555 0100", "312 555 0199"), update=True)
    done(case_actions.correct_outcome(request(shift), "A", "changed", note="heard the tape"))
    assert [number.state for number in shift.case("A").numbers] == ["dead", "live"]
    assert shift.row("A").status != "done"


def test_a_code_is_kept_as_the_table_writes_it(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    assert (
        done(
            case_actions.correct_outcome(request(shift), "A", "", code="4.7", note="closed in May")
        ).position.code
        == "4.70"
    )
    assert shift.row("A").status == "done"
    assert refused(
        case_actions.correct_outcome, request(shift), "A", "callback", note=" "
    ).endswith("give it with --note")


def test_a_number_put_on_the_list_is_dialled_and_offered_no_more(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    ann = shift.station("ann")
    key = on(ann)
    number = {"A": "312 555 0100", "B": "303 555 0101", "C": "312 555 0102"}
    asks = DoNotCallRequest(at=shift.at, by="sue", db=shift.db, country="US")
    assert isinstance(add_numbers(asks, [number[key]], reason="a letter"), DoNotCallAddition)
    assert ann.dial().rejection is not None
    ann.start_break()
    assert key not in {line.key for line in queued(shift).lines}
    assert "do-not-call list" in why_not(shift, key)["do not call"]
    ann.end_break()
    seen = set()
    while on(ann):
        seen.add(on(ann))
        ann.record_outcome("no_answer")
    assert seen == {"A", "B", "C"} - {key}
    assert (
        str(shift.row(key).position.reason.words) == "must not be called again"
    )  # the claim found it


# a case at a station


def test_reasons_are_stored_without_control_characters(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    key = on(shift.station("ann"))
    case_actions.free_case(request(shift), key, note="went\x1b[31m home\x07")
    case_actions.correct_outcome(request(shift), key, "busy", note="said\x1b so")
    assert "needs a reason" in refused(
        case_actions.correct_outcome, request(shift), key, "busy", note=" \x1b"
    )
    with shift.study() as study:
        described = repr([entry.event for entry in study.store.cases.queries.read_history(key)])
    assert "went[31m home" in described
    assert "said so" in described


def test_a_case_at_a_station_is_not_touched_but_can_be_freed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    ann = shift.station("ann")
    key = on(ann)
    ann.dial()
    assert "ann has it at station of ann" in refused(
        case_actions.correct_outcome, request(shift), key, "busy", note="x"
    )
    found = case_actions.free_case(request(shift), key)
    assert isinstance(found, tuple), found
    assert (found[1].by, found[1].station, found[1].since) == ("ann", "of ann", shift.at)
    assert shift.row(key).status == "ready"
    lost = ann.record_outcome("busy").rejection
    assert isinstance(lost, Rejection)
    sheet = load_case_sheet(request(shift), key)
    assert isinstance(sheet, CaseSheet)
    assert [line.what for line in sheet.history][-2:] == [
        "call lost (station stopped) at number 1",
        "freed by a supervisor",
    ]
    assert "no station has it" in refused(case_actions.free_case, request(shift), key)


def test_an_interrupted_interview_keeps_its_place_until_its_case_is_done(tmp_path: Path) -> None:
    lookup = (
        ITEMS
        + "  - {id: place, type: lookup, quota: kinds}\n  - {id: z, type: number, text: Z?}\n"
        + QUOTAS
    )
    shift = Shift(tmp_path, items=lookup)

    def read_fill() -> CellFill:
        with shift.study() as study:
            return study.store.cases.quotas.read_fill()["kinds:1"]

    interviewed(shift.station("ann"), "1", "1", "1")
    assert read_fill() == (0, 1)
    assert isinstance(case_actions.free_case(request(shift), "A"), tuple)
    assert (read_fill(), shift.case("A").interrupted) == ((0, 1), True)
    case_actions.correct_outcome(request(shift), "A", "callback", note="rang back: next week")
    assert (read_fill(), shift.row("A").status == "done") == ((0, 1), False)
    case_actions.correct_outcome(request(shift), "A", "refusal_hard", note="rang back: never again")
    assert (read_fill(), shift.row("A").status) == ((0, 0), "done")


# two supervisors at the same time


TWO_SUPERVISORS = PEOPLE + "dora,,,supervisor\n"


def outdated(call: Callable[..., object], *args: object, **options: object) -> str:
    with pytest.raises(OutdatedError) as caught:
        call(*args, **options)
    return str(caught.value)


def corrections(shift: Shift, key: str = "A") -> list[str]:
    with shift.study() as study:
        events = [entry.event for entry in study.store.cases.queries.read_history(key)]
    return [event.outcome for event in events if isinstance(event, OutcomeOverridden)]


def test_a_case_that_another_supervisor_has_changed_since_it_was_seen_is_not_changed(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, people=TWO_SUPERVISORS)
    seen = shift.row("A").seq
    shift.later(minutes=2)
    done(
        case_actions.correct_outcome(
            request(shift, "dora"), "A", "busy", note="heard the tape", seen=seen
        )
    )
    says = outdated(
        case_actions.correct_outcome,
        request(shift),
        "A",
        "refusal_hard",
        note="wrote to us",
        seen=seen,
    )
    assert (
        f"changed by dora at {shift.at.astimezone():%H:%M} (a supervisor corrected the outcome to"
        in says
    )
    assert says.endswith("nothing was written — look at it again")
    assert corrections(shift) == ["busy"]
    now = shift.row("A").seq
    changed = done(
        case_actions.correct_outcome(request(shift), "A", "callback", note="rang", seen=now)
    )
    assert ", replacing busy (dora, 20" in changed.summary
    for action in (case_actions.answer_referral, case_actions.reopen_case):
        refused(action, request(shift), "A")
    says = outdated(case_actions.answer_referral, request(shift), "A", seen=seen)
    assert "by sue" in says
    assert "changed" in outdated(
        case_actions.reassign_appointments, request(shift), to="bob", key="A", seen=seen
    )


def test_of_two_commands_that_have_read_a_case_the_second_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, people=TWO_SUPERVISORS)
    update, others = CaseStore.update, ["dora"]

    def let_dora_write_first(self: CaseStore, change: CaseUpdate) -> object:
        if others:
            case_actions.correct_outcome(
                request(shift, others.pop()), "A", "busy", note="heard the tape"
            )
        return update(self, change)

    monkeypatch.setattr(CaseStore, "update", let_dora_write_first)
    assert "changed by dora" in outdated(
        case_actions.correct_outcome, request(shift), "A", "callback", note="rang"
    )
    assert corrections(shift) == ["busy"]


def test_a_case_is_freed_though_its_station_has_dialed_but_not_from_another_station(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, people=TWO_SUPERVISORS)
    ann = shift.station("ann")
    seen = shift.row(on(ann)).seq
    ann.dial()
    assert shift.row("A").seq > seen
    assert case_actions.free_case(request(shift), "A", seen=seen)[1].by == "ann"
    on(shift.station("bob"))
    assert "changed by bob" in outdated(case_actions.free_case, request(shift), "A", seen=seen)


# referred, finished, refused, promised


def test_a_referral_is_answered(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    assert "it was not referred" in refused(case_actions.answer_referral, request(shift), "A")
    shift.station("ann").record_outcome("supervisor", note="wants a letter first")
    assert shift.row("A").status == "held"
    assert listed(shift, status="held") == ["A"]
    assert (
        done(case_actions.answer_referral(request(shift), "A", note="letter sent")).position.status
        == "ready"
    )


def test_only_what_is_finished_is_reopened(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    assert "not finished" in refused(case_actions.reopen_case, request(shift), "A")
    interview_of(shift, "A")
    assert "complete" in refused(case_actions.reopen_case, request(shift), "A")
    shift.station("ann")
    done(
        case_actions.correct_outcome(
            request(shift), "C" if shift.row("C").holder is None else "B", "unable", note="x"
        )
    )
    key = listed(shift, code="2.32")[0]
    assert (
        done(case_actions.reopen_case(request(shift), key, why="better now")).position.status
        == "ready"
    )


def test_soft_refusals_are_put_back_and_hard_ones_are_not(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    for outcome in ("refusal_soft", "refusal_hard"):
        with shift.study() as study:
            for key in ("A", "B") if outcome == "refusal_soft" else ("C",):
                ruin(study, key, outcome, shift.at)
    assert listed(shift, status="done") == ["A", "B", "C"]
    asked = request(shift)
    none = case_actions.reopen_refusals(asked, before=shift.at - timedelta(days=30))
    assert isinstance(none, CaseBatchResult)
    assert none.changed == ()
    some = case_actions.reopen_refusals(asked, before=None)
    assert isinstance(some, CaseBatchResult)
    assert [changed.key for changed in some.changed] == ["A", "B"]
    assert listed(shift, status="done") == ["C"]
    again = case_actions.reopen_refusals(asked, before=None)
    assert isinstance(again, CaseBatchResult)
    assert again.changed == ()


def ruin(study: OpenStudy, key: str, outcome: str, at: datetime) -> None:
    """Two refusals."""
    history = study.store.cases.queries.read_history(key)
    entries = []
    for days in (9, 1):
        when = at - timedelta(days=days)
        entries += [
            HistoryEntry(when, "ann", "s", e)
            for e in (CaseClaimed(), OutcomeRecorded(outcome, 1), AttemptClosed())
        ]
    case = Case.from_history(key, [*history, *entries])
    study.store.cases.update(
        CaseUpdate(
            key,
            seq=len(history),
            entries=entries,
            queue_position=schedule_case(case, study.plan, at),
        )
    )


def promised(shift: Shift, *keys: str, keeper: str = "me") -> None:
    for key in keys:
        ann = shift.station("ann", f"s{key}")
        assert ann.fetch_case(key).rejection is None
        assert ann.book_appointment("tomorrow 10:00", policy=keeper).rejection is None  # type: ignore[arg-type]
        ann.start_break()


def test_promises_go_to_another(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE, people=PEOPLE)
    promised(shift, "A", "B")
    promised(shift, "C", keeper="anyone")
    assert "is not on the study's list of people" in refused(
        case_actions.reassign_appointments, request(shift), key="A", to="zoe"
    )
    assert "no appointments" in refused(
        case_actions.reassign_appointments, request(shift), all_of="bob", to="ann"
    )
    with shift.study() as study:  # whoever gave it, anyone may keep it
        case = shift.case("C")
        assert case.appointment is not None
        again = HistoryEntry(shift.at, "ann", "s1", case.appointment.details._replace(owner="ann"))
        stands = schedule_case(case.apply(again), study.plan, shift.at)
        assert (
            study.store.cases.update(
                CaseUpdate("C", seq=case.seq, entries=[again], queue_position=stands)
            )
            is None
        )
    moved = case_actions.reassign_appointments(request(shift), all_of="ann", to="bob")
    assert isinstance(moved, CaseBatchResult)
    assert sorted(changed.key for changed in moved.changed) == ["A", "B"]
    assert shift.row("A").position.owner == "bob"
    shift.to("2026-11-25 10:05")
    assert "A" in {line.key for line in queued(shift, "bob").lines}
    assert "A" not in {line.key for line in queued(shift, "ann").lines}
    given = case_actions.reassign_appointments(request(shift), key="A", to="anyone")
    assert isinstance(given, CaseBatchResult)
    assert "A" in {line.key for line in queued(shift, "ann").lines}


def test_a_promise_goes_to_nobody_who_does_not_speak(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=SPANISH, head=MIXED, people=PEOPLE, fieldwork=FIELD,
                  cases="unit,kind,name,phone,zone,lang,wave\nA,1,A,312 555 0100,America/Chicago,es,\n")  # fmt: skip
    bob = shift.station("bob")
    assert bob.book_appointment("tomorrow 10:00", policy="me").rejection is None
    assert "the case needs es, which ann does not speak" in refused(
        case_actions.reassign_appointments, request(shift), key="A", to="ann"
    )


# lists


def test_cases_are_found_by_what_they_are(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    assert listed(shift) == ["A", "B", "C"]
    assert listed(shift, where="kind == 1") == ["A", "B"]
    assert listed(shift, where="kind == 1 and unit != 'A'") == ["B"]
    assert listed(shift, where="name == 'Cleo Cole'") == ["C"]
    assert listed(shift, find="nunez") == ["B"]
    assert listed(shift, find="555-0102") == ["C"]
    assert listed(shift, limit=2) == ["A", "B"]
    assert listed(shift, find="555", where="kind == 2") == ["C"]
    for wanted, says in (
        (CaseFilter(where="a == 1"), "'a' is not a column of the sample"),
        (CaseFilter(where="kind = 1"), "is not a comparison"),
        (CaseFilter(where="kind == 3"), "3"),
        (CaseFilter(status="redy"), "did you mean 'ready'?"),
        (CaseFilter(outcome="bussy"), "did you mean 'busy'?"),
    ):
        assert says in refused(list_cases, request(shift), wanted)


def test_interviewers_see_no_names_and_change_nothing(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE, people=PEOPLE)
    shift.station("ann").book_appointment(
        "tomorrow 10:00", person="Mrs. Adams", note="Mrs. Adams sleeps long"
    )
    key = listed(shift, outcome="appointment")[0]
    seen = str(load_case_sheet(request(shift, "ann"), key)) + str(
        list_cases(request(shift, "ann"), CaseFilter())
    )
    for word in ("Adams", "Alice", "Bert", "Cleo", "55501", "555 01", "555-01"):
        assert word not in seen
    assert "Mrs. Adams" in str(load_case_sheet(request(shift), key))
    ann = request(shift, "ann")
    for call in (
        lambda: case_actions.correct_outcome(ann, key, "busy", note="x"),
        lambda: case_actions.answer_referral(ann, key),
        lambda: case_actions.reopen_case(ann, key),
        lambda: case_actions.reopen_refusals(ann, before=None),
        lambda: case_actions.release_replicates(ann, "all"),
        lambda: case_actions.free_case(ann, key),
        lambda: case_actions.reassign_appointments(ann, key=key, to="bob"),
    ):
        assert "only a supervisor may" in refused(call)
        assert "ask sue" in refused(call)
    for wanted in (CaseFilter(find="Adams"), CaseFilter(where="name == 'Bert Núñez'")):
        assert "only a supervisor may see" in refused(list_cases, ann, wanted)
    assert "is not on the study's list of people" in refused(
        list_cases, request(shift, "zoe"), CaseFilter()
    )


# the command line


@pytest.fixture(name="survey")
def a_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[str, str]]:
    shift = Shift(tmp_path, cases=THREE, people=PEOPLE)
    promised(shift, "A")
    monkeypatch.setattr("survey_cli.cli.output.datetimes.now", lambda: shift.at)

    def survey(command: str, *arguments: str, gives: int = 0) -> tuple[str, str]:
        where = ("--db", shift.db, "--people", str(shift._list()), "--by", "sue")
        code = run_command([*command.split(), str(shift.file), *arguments, *where])
        out, err = capsys.readouterr()
        assert code == gives, out + err
        return out, err

    return survey


def test_a_supervisors_evening(survey) -> None:
    out, err = survey("case list")
    assert [line.split()[0] for line in out.splitlines()] == ["case", "A", "B", "C"]
    assert "3 of 3 cases" in err
    out, _ = survey("case show", "A")
    assert "appointment: Wed 25 Nov 10:00 there (ann only)" in out
    assert "10:00 there" in out
    out, _ = survey("case why", "A", gives=1)
    assert "✗ no   due" in out
    assert "next: Wed 25 Nov" in out
    out, _ = survey("case why", "A", "--at", "2026-11-25T10:05-06:00", "--interviewer", "ann")
    assert "✗" not in out
    assert "may be called by ann" in out
    out, _ = survey(
        "case why", "A", "--at", "2026-11-25T10:05-06:00", "--interviewer", "bob", gives=1
    )
    assert "✗ no   owner" in out
    out, _ = survey("study people")
    assert [line.split()[0] for line in out.splitlines()] == ["login", "ann", "bob", "sue"]
    out, err = survey("case list", "--next", "-n", "1")
    assert len(out.splitlines()) == 2
    assert "2 callable now, 1 waiting for an appointment" in err
    _, err = survey("case reassign", "A", "--to", "bob", "--keeps", "first")
    assert "A: its appointment is now bob's; waiting" in err
    _, err = survey("case outcome", "B", "refusal_hard", "--note", "rang us")
    assert "B: corrected to respondent refuses (hard); done (outcome set by sue), code 2.112" in err
    _, err = survey("case outcome", "B", "busy", "--note", "no", "--seen", "1", gives=1)
    assert "case B: changed by sue at" in err
    _, err = survey("case reopen", "B", "--note", "rang again")
    assert "B: put back into the queue; ready" in err


def test_lists_for_programs(survey) -> None:
    out, _ = survey("case list", "--format", "csv")
    assert out.splitlines()[0].startswith("key,name,status,code,outcome,attempts,due_at")
    found = json.loads(survey("case list", "--format", "json")[0])
    assert [one["key"] for one in found] == ["A", "B", "C"]
    assert found[0]["due_at"] == "2026-11-25T16:00:00+00:00"
    sheet = json.loads(survey("case show", "A", "--format", "json")[0])
    assert sheet["numbers"][0]["shown"] == "(312) 555-0100"
    assert sheet["history"][0]["what"] == "imported with the sample"


def test_wrong_commands_are_answered_in_one_line(survey) -> None:
    for command, arguments, code, says in (
        ("case show", ("D",), 1, "there is no case 'D'"),
        ("case why", ("Al",), 1, "did you mean 'A'?"),
        ("case why", ("A", "--at", "soon"), 2, "write 2026-11-24 15:00"),
        ("case why", ("A", "--interviewer", "zoe"), 1, "is not on the study's list of people"),
        ("case reopen", (), 2, "give a case, or --refusals soft"),
        ("case reassign", ("A",), 2, "give the new owner of the appointment"),
        ("sample release", ("1",), 1, "no replicates"),
        ("case free", ("A",), 1, "no station has it"),
        ("case show", ("A", "--format", "csv"), 2, "'csv' is not one of"),
    ):
        out, err = survey(command, *arguments, gives=code)
        assert out == ""
        assert says in err
        assert len(err.strip().splitlines()) == 1


def test_a_case_that_is_corrected_is_taken_by_a_station_at_once(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station("ann")
    ann.record_outcome("unable")
    assert isinstance(ann.look().view, IdleView)
    done(case_actions.correct_outcome(request(shift), "A", "busy", note="wrong key"))
    with shift.study() as study:
        assert isinstance(study.store.cases.queries.read_history("A")[-1].event, OutcomeOverridden)
    shift.to("2026-11-24 17:30")  # it was called by day: the evening comes next
    ann.keep_alive()
    assert on(ann) == "A"


def test_a_list_of_people_with_mistakes_lets_nobody_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    people = tmp_path / "interviewers.csv"
    people.write_text(PEOPLE + "eve,,,boss\n")
    assert (
        run_command(
            [
                "case",
                "list",
                str(shift.file),
                "--db",
                shift.db,
                "--people",
                str(people),
                "--by",
                "sue",
            ]
        )
        == 1
    )
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"{people}:5: role: 'boss' is not a role — ")
    assert said[1:] == [
        f"{people}: the list of people cannot be read — correct it: it decides who may do what"
    ]
    missing = tmp_path / "nobody.csv"
    assert (
        run_command(["case", "list", str(shift.file), "--db", shift.db, "--people", str(missing)])
        == 1
    )
    assert capsys.readouterr().err == f"{missing}: there is no such file — check the path\n"


# never to be called again, by a slip


NUMBER = "+13125550100"


def listed_at(shift: Shift, number: str = NUMBER) -> DoNotCallLookup:
    found = look_up_number(DoNotCallRequest(at=shift.at, db=shift.db), number)
    assert isinstance(found, DoNotCallLookup), found
    return found


def slipped(shift: Shift, *before: str) -> None:
    """These outcomes of case A, one a week, and then the wrong one."""
    ann = shift.station("ann")
    for outcome in (*before, "never_call"):
        shift.later(days=7)
        ann.fetch_case("A")
        ann.dial()
        assert ann.record_outcome(outcome).rejection is None
    ann.end_shift()


@pytest.mark.parametrize(
    ("before", "keyed", "code"),
    [
        ((), "no_answer", "2.20"),
        (("refusal_soft",), "no_answer", "2.112"),
        ((), "callback", "2.21"),
        (("busy",), "refusal_soft", "2.112"),
    ],
)
def test_a_slip_of_never_call_again_is_undone_by_its_correction(
    tmp_path: Path, before: tuple[str, ...], keyed: str, code: str
) -> None:
    """It stands where it would had the right outcome been keyed, and its number may be dialled again."""
    for name in ("slip", "right"):
        (tmp_path / name).mkdir()
    shift, right = Shift(tmp_path / "slip"), Shift(tmp_path / "right")
    slipped(shift, *before)
    assert str(shift.row("A").position.reason.words) == "must not be called again"
    assert listed_at(shift).since is not None
    shift.later(minutes=5)
    changed = done(
        case_actions.correct_outcome(request(shift), "A", keyed, note="pressed the wrong key")
    )
    assert changed.position.code == code
    assert listed_at(shift).since is None
    off = listed_at(shift).removal
    assert off is not None
    assert (off.reason, off.by) == ("pressed the wrong key", "sue")
    ann = right.station("ann")
    for outcome in (*before, keyed):
        right.later(days=7)
        ann.fetch_case("A")
        ann.dial()
        assert ann.record_outcome(outcome).rejection is None
    stands, would = shift.row("A"), right.row("A")
    for name in ("status", "code", "outcome", "attempts", "reason", "bucket", "due_at"):
        assert getattr(stands.position, name) == getattr(would.position, name), name
    assert [number.state for number in shift.case("A").numbers] == ["live"]
    shift.later(days=30)
    bob = shift.station("bob")
    assert on(bob) == "A"
    assert bob.dial().rejection is None


def test_a_promise_that_the_slip_dropped_holds_again(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station("ann")
    ann.fetch_case("A")
    ann.dial()
    assert ann.book_appointment("Friday 3 pm").rejection is None
    before = shift.row("A").position.promised_at
    assert before is not None
    slipped(shift)
    assert shift.row("A").position.promised_at is None
    shift.to("2026-11-25 12:00")
    done(case_actions.correct_outcome(request(shift), "A", "no_answer", note="slip"))
    assert shift.case("A").appointment is not None


def test_a_number_that_was_listed_for_another_reason_stays_there(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    added = add_numbers(
        DoNotCallRequest(at=shift.at, db=shift.db, by="registry"),
        [NUMBER],
        reason="national registry",
    )
    assert isinstance(added, DoNotCallAddition)
    shift.later(minutes=1)
    with shift.study() as study:
        row = study.store.cases.queries.find_row("A")
        assert row is not None
        entries = [
            HistoryEntry(shift.at, "ann", "s1", OutcomeRecorded("never_call", 1)),
            HistoryEntry(shift.at, "ann", "s1", DoNotCallSet("never call again")),
            HistoryEntry(shift.at, "ann", "s1", AttemptClosed()),
        ]
        study.store.cases.update(CaseUpdate("A", seq=row.seq, entries=entries))
    said = refused(case_actions.correct_outcome, request(shift), "A", "no_answer", note="slip")
    assert "on the do-not-call list since 2026-11-24, by registry: national registry" in said
    assert shift.case("A").do_not_call
    assert listed_at(shift).since is not None


@pytest.mark.parametrize("called", [True, False])
def test_never_call_again_by_a_supervisors_slip_is_undone_too(tmp_path: Path, called: bool) -> None:
    shift = Shift(tmp_path)
    if called:
        assert shift.station("ann").record_outcome("no_answer").rejection is None
    done(case_actions.correct_outcome(request(shift), "A", "never_call", note="a letter came"))
    assert str(shift.row("A").position.reason.words) == "must not be called again"
    done(
        case_actions.correct_outcome(
            request(shift), "A", "callback", note="the letter was another's"
        )
    )
    assert shift.row("A").status == ("waiting" if called else "ready")
    assert listed_at(shift).since is None


def test_a_case_whose_number_was_listed_comes_back_once_it_is_taken_off(tmp_path: Path) -> None:
    """As the help of `do-not-call remove` says."""
    shift = Shift(tmp_path)
    ann, asks = shift.station("ann"), DoNotCallRequest(at=shift.at, db=shift.db, by="sue")
    assert ann.end_shift().rejection is None
    assert isinstance(
        add_numbers(asks, [NUMBER], reason="a wrong line of the registry"), DoNotCallAddition
    )
    assert ann.claim_next().rejection is None
    assert str(shift.row("A").position.reason.words) == "must not be called again"
    said = refused(
        case_actions.correct_outcome, request(shift), "A", "callback", note="it was wrong"
    )
    assert "if that is wrong too, first run: survey do-not-call remove" in said
    with shift.study() as study:
        study.do_not_call.remove([NUMBER], at=shift.at, reason="a wrong line", by="sue")
    done(case_actions.correct_outcome(request(shift), "A", "callback", note="it was wrong"))
    assert shift.row("A").status == "ready"
    assert [number.state for number in shift.case("A").numbers] == ["live"]


def test_withdrawn_consent_is_not_undone(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    slipped(shift)
    done(
        case_actions.correct_outcome(
            request(shift), "A", "withdrawn", note="asked for erasure, too"
        )
    )
    done(case_actions.correct_outcome(request(shift), "A", "callback", note="no"))
    assert shift.case("A").do_not_call
    assert listed_at(shift).since is not None


def test_an_outcome_that_forbids_calling_as_well_keeps_the_number_on_the_list(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path)
    slipped(shift)
    done(
        case_actions.correct_outcome(
            request(shift), "A", "withdrawn", note="asked for erasure, too"
        )
    )
    assert shift.case("A").do_not_call
    assert listed_at(shift).since is not None


def test_the_date_of_a_file_is_kept_and_the_earlier_of_two(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    registry = tmp_path / "registry.csv"
    registry.write_text("number,date,reason\n+13125550100,2019-03-01,registry\n+13125550101,,\n")
    asks = DoNotCallRequest(at=shift.at, db=shift.db)
    twice = tmp_path / "twice.csv"
    twice.write_text("number,date,reason\n+13125550108,2021-01-01,b\n+13125550108,2020-01-01,a\n")
    later = tmp_path / "later.csv"
    later.write_text("number,date,reason\n+13125550108,2022-01-01,c\n")
    assert isinstance(
        add_numbers(asks, [str(twice), str(later)], reason="from files"), DoNotCallAddition
    )
    oldest = listed_at(shift, "+13125550108")
    assert (oldest.since and oldest.since.year, oldest.reason) == (2020, "a")
    first = add_numbers(asks, [NUMBER], reason="asked by telephone")
    assert isinstance(first, DoNotCallAddition)
    assert first.new == 1
    made = add_numbers(asks, [str(registry)], reason="from a file")
    assert isinstance(made, DoNotCallAddition)
    assert (made.read, made.new) == (2, 1)
    found, other = listed_at(shift), listed_at(shift, "+13125550101")
    assert (found.since, found.reason) == (datetime(2019, 3, 1, tzinfo=UTC), "registry")
    assert (other.since, other.reason) == (shift.at, "from a file")
    again = add_numbers(asks, [NUMBER], reason="asked again")
    assert isinstance(again, DoNotCallAddition)
    assert (again.new, listed_at(shift).reason) == (0, "registry")
