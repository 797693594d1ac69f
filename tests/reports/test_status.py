"""The status of a study: call sessions against attempts, figures against the histories they are made of, and the
screen.
"""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_fieldwork_properties import histories

from support import postgres_server
from support.case_histories import LOS_ANGELES, NEW_YORK, History, history, moment, plan
from support.command_line import folder, written
from support.stored_study import NOW, a_study, store_of
from survey_cli.cli.commands.status import render_status
from survey_cli.fieldwork.case.activity import ActivityName, count_activity
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseNoteWritten,
    CaseReturned,
    HistoryEntry,
    InterviewOpened,
    LanguageSet,
    NumberDialed,
    NumberFacts,
    NumberMarked,
    OutcomeRecorded,
    OutcomeRevoked,
)
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.status import (
    AppointmentLine,
    FieldworkStatus,
    InterviewerStatusLine,
    NumberTotals,
    StatusInput,
    _build_hours,
)
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.database.backups import back_up_database
from survey_cli.services.run_on_study import Request
from survey_cli.store import Store
from survey_cli.store.cases import live_counts
from survey_cli.store.cases.case_records import Lease, NewCase

__all__ = ["folder"]

DENVER = ZoneInfo("America/Denver")
DAY = "2026-11-23 10:00"
PEOPLE = "login,role,pseudonym\nsam,supervisor,\nann,,A1\nbob,,B2\ncy,,\n"


def told(path: Any, *, by: str = "", since: str = "", now: datetime = NOW) -> FieldworkStatus:
    made = load_fieldwork_status(Request(path=str(path), at=now, by=by), since=since, zone=DENVER)
    assert isinstance(made, FieldworkStatus), str(made)
    return made


def person(report: FieldworkStatus, name: str) -> InterviewerStatusLine:
    [found] = [one for one in report.people if one.name == name]
    return found


def interviewed(
    unit: History, name: str, minutes: float, *, by: str = "ann", outcome: str = "complete"
) -> History:
    """A sitting in which an interview is held for so long."""
    begun = (
        unit.claim(by).later(minutes=1).then(InterviewOpened(name), by=by).later(minutes=minutes)
    )
    code = {"complete": "1.1", "break_off": "2.12"}.get(outcome, "")
    return (
        begun.dial(outcome, by=by, code=code, interrupted=outcome == "appointment")
        .later(seconds=30)
        .close()
    )


# Sittings


def counts(case: History) -> dict[ActivityName, int]:
    """What the history adds to the live counts, whatever the quarter of the hour."""
    sums: Counter[ActivityName] = Counter()
    for (_, name), number in count_activity(case.case, plan()).items():
        sums[name] += number
    return +sums


@given(histories(), st.sampled_from(["", "at once", "claimed again"]))
@settings(max_examples=2 * settings().max_examples)
def test_every_call_and_outcome_of_a_history_is_counted_once(case: History, slip: str) -> None:
    if slip and case.case.calls:
        case = case.later(minutes=1)
        case = case.claim("ann") if slip == "claimed again" else case
        case = case.then(OutcomeRevoked(), by="ann").dial("busy", by="ann").close()
    found = counts(case)
    totals: Counter[str | int] = Counter()
    for name, number in found.items():
        totals[name[0]] += number
    calls = case.case.calls
    assert totals["calls"] == sum(call.number > 0 for call in calls)
    assert totals["complete"] == totals["completes"] == sum(call.code == "1.1" for call in calls)
    assert totals["reached"] <= totals["sessions"] <= totals["calls"]
    first, last = case.entries[0].at, case.entries[-1].at
    assert 0 <= totals["seconds"] <= (last - first).total_seconds()


def test_a_session_whose_lease_ran_out_ends_with_its_last_event() -> None:
    unit = (
        history()
        .at(DAY)
        .claim()
        .later(minutes=3)
        .dial("callback")
        .later(minutes=20)
        .then(CaseReturned("lapsed"))
    )
    assert counts(unit)["seconds", "pat"] == 180


def test_a_session_that_goes_on_has_no_length_yet_and_one_without_a_call_has() -> None:
    given_back = history().at(DAY).claim().later(minutes=2).then(CaseReturned("given back"))
    found = counts(given_back.later(minutes=1).claim().later(hours=5).dial("busy"))
    assert (found["seconds", "pat"], found["calls", "pat"]) == (120, 1)


def test_the_length_of_an_interview_is_that_of_its_sessions_without_the_days_between() -> None:
    unit = interviewed(history().at("2026-11-17 10:00"), "i1", 4, outcome="appointment")
    unit = interviewed(unit.at("2026-11-19 10:00"), "i1", 7.5)
    assert [name for name in counts(unit) if name[0] == "lengths"] == [("lengths", "ann", 690)]


def test_a_corrected_outcome_counts_and_a_slip_does_not() -> None:
    slip = (
        history("a")
        .at(DAY)
        .claim("ann")
        .dial("refusal_hard", by="ann")
        .then(OutcomeRevoked(), by="ann")
    )
    slip = slip.dial("no_answer", by="ann").close()
    # as a station does it: the case was let go of already, and is taken once more
    late = history("c").at(DAY).call("refusal_hard", by="ann").later(minutes=2).claim("ann")
    late = late.then(OutcomeRevoked(), by="ann").later(minutes=1).dial("busy", by="ann").close()
    ruled = history("b").at(DAY).call("refusal_soft", by="ann").corrected("callback")
    found = person(told(a_study([slip, ruled, late])), "ann")
    assert (found.calls, found.refusals, found.conclusive_contacts) == (3, 0, 0)
    assert found.on_cases == timedelta(minutes=3)


# The figures


def test_every_case_is_counted_once_by_status_and_by_outcome() -> None:
    cases = [
        history("fresh"),
        history("later", replicate="2"),
        history("done").at(DAY).call("refusal_hard"),
        history("waits").at("2026-11-24 11:30").call("no_answer"),
        history("asks").at(DAY).call("supervisor", note="wants it in writing"),
        interviewed(history("whole").at(DAY), "i1", 10),
    ]
    report = told(a_study(cases))
    assert {s.status: s.cases for s in report.statuses} == {
        "done": 2,
        "by_all": 1,
        "delay": 1,
        "held": 1,
        "unreleased": 1,
    }
    assert sum(s.cases for s in report.statuses) == report.cases == 6
    assert [(o.name, o.cases, o.done) for o in report.outcomes] == [
        ("never called", 1, 0),
        ("No answer", 1, 0),
        ("Respondent refuses (hard)", 1, 1),
        ("Refer to supervisor", 1, 0),
        ("Complete", 1, 1),
    ]
    assert [(c.code, c.group, c.cases) for c in report.codes] == [
        ("1.1", "I", 1),
        ("2.112", "R", 1),
    ]
    assert report.codes[1].name == "Known respondent refusal"
    assert (report.progress.complete, report.progress.today) == (1, 0)


@pytest.mark.parametrize("kept", ["file", "server"])
def test_the_queue_is_parted_by_why_cases_may_not_be_called_now(kept: str) -> None:
    """It is noon of a Tuesday in Denver, and 08:00 in Pago Pago."""
    written(
        "responses/interviewers.csv",
        "login,role,languages\nsue,supervisor,\npostgres,supervisor,\nann,,en\n",
    )
    quotas = "quotas:\n- {id: kinds, by: [kind], targets: {1: 1, 2: 5}}\n"
    spread = (
        'spread: wait, dayparts: {day: "09:00-17:00", evening: "17:00-20:30"}, attempts: {total: 9}'
    )
    called = "2026-11-24 08:30"
    cases = [
        history("now", columns={"kind": 2}),
        history("now too"),
        history("far", zone="Pacific/Pago_Pago"),
        history("spanish").then(LanguageSet("es")),
        history("hers", zone=LOS_ANGELES)
        .at("2026-11-23 15:00")
        .appointment("2026-11-24 11:00", policy="me"),
        history("at two").at("2026-11-23 15:00").appointment("2026-11-24 14:00"),
        history("full", columns={"kind": 1}),
        history("full and waiting", columns={"kind": 1}).at(called).call("no_answer"),
        history("rests").at("2026-11-24 11:50").call("busy"),
        history("evening").at("2026-11-24 09:00").call("no_answer"),
    ]
    where = postgres_server.create_address() if kept == "server" else None
    path = a_study(cases, fieldwork=spread, more=quotas, where=where)
    with Store.open(where or "responses/study.db", create=False) as store:
        store.cases.quotas.take("i1", ["kinds:1"], NOW)
    people = "responses/interviewers.csv"
    report = load_fieldwork_status(
        Request(path=str(path), at=NOW, db=where, people=people), zone=DENVER
    )
    assert isinstance(report, FieldworkStatus), str(report)
    assert {s.status: s.cases for s in report.statuses} == {
        "by_all": 2,
        "by_some": 2,
        "hours": 1,
        "part": 1,
        "delay": 1,
        "appointment": 1,
        "quota": 2,
    }
    assert sum(s.cases for s in report.statuses) == report.cases == 10
    shown = "\n".join(render_status(report, cells=80))
    assert re.search(r"^  by_all +2  callable now, by every interviewer$", shown, re.MULTILINE)
    assert re.search(r"^  total +10$", shown, re.MULTILINE)


def test_where_there_are_no_cases_it_is_said_how_to_get_some() -> None:
    with pytest.raises(UserError) as caught:
        load_fieldwork_status(Request(path=str(a_study()), at=NOW), zone=DENVER)
    none = caught.value
    assert "survey sample import study.yaml" in str(none)


def test_what_is_due_by_now_is_ready_though_nobody_has_claimed_since() -> None:
    path = a_study([history("a").at("2026-11-24 11:30").call("no_answer")])
    assert [s.status for s in told(path).statuses] == ["delay"]
    assert [s.status for s in told(path, now=NOW + timedelta(hours=4)).statuses] == ["by_all"]


def test_attempts_are_counted_by_the_clock_where_the_respondent_is() -> None:
    # 15:30 in Los Angeles is day, 18:30 in New York evening: the same moment
    west = history("west", zone=LOS_ANGELES).at("2026-11-23 15:30").call("callback")
    east = history("east", zone=NEW_YORK).at("2026-11-23 18:30").call("no_answer")
    by_number = history("numbered", zone="", facts=(NumberFacts(1, "mobile", (NEW_YORK,)),))
    by_number = (
        History(by_number.key, NEW_YORK, by_number.now, by_number.entries)
        .at("2026-11-23 18:31")
        .call("busy")
    )
    saturday = history("sat").at("2026-11-21 11:00").call("refusal_soft")
    ringing = history("rang").at(DAY).rings_us("callback")
    report = told(a_study([west, east, by_number, saturday, ringing]))
    assert {d.daypart: (d.attempts, d.reached) for d in report.dayparts} == {
        "day": (1, 1),
        "evening": (2, 0),
        "weekend": (1, 1),
    }


def test_figures_of_an_interviewer_and_what_they_are_of() -> None:
    cases = [
        interviewed(history("a").at(DAY), "i1", 10),
        interviewed(history("b").at(DAY), "i2", 20),
        interviewed(history("c").at(DAY), "i3", 5, outcome="break_off"),
        interviewed(history("d").at(DAY), "i4", 8, by="bob"),
        *(history(f"n{n}").at("2026-11-20 09:00").call("no_answer", by="ann") for n in range(3)),
        history("r").at(DAY).claim("ann").later(minutes=30).dial("refusal_soft", by="ann").close(),
    ]
    report = told(a_study(cases))
    ann = person(report, "ann")
    assert (ann.complete, ann.calls, ann.refusals, ann.conclusive_contacts) == (2, 7, 2, 4)
    assert ann.on_cases == timedelta(minutes=10 + 20 + 5 + 3 * 1.5 + 30)
    assert ann.calls_per_hour == pytest.approx(7 / (69.5 / 60))
    assert ann.mean_length == timedelta(minutes=15)
    assert person(report, "bob").calls_per_hour is None  # of nine minutes nothing is said
    assert report.lengths is not None
    assert tuple(report.lengths) == (
        3,
        timedelta(minutes=10),
        timedelta(minutes=8),
        timedelta(minutes=20),
    )
    assert sum(one.complete for one in report.people) == report.progress.complete


def test_since_a_day_only_what_began_later_is_counted_and_cases_stand_as_they_are() -> None:
    cases = [
        interviewed(history("a").at("2026-11-20 23:50"), "i1", 15),
        interviewed(history("b").at("2026-11-21 00:00"), "i2", 5),
    ]
    report = told(a_study(cases), since="2026-11-21")
    assert report.period == "since Sat 21 Nov 2026 00:00 (MST, UTC-07:00)"
    assert person(report, "ann").complete == 1
    assert report.lengths is not None
    assert report.lengths.longest == timedelta(minutes=5)
    assert report.progress.complete == 2
    with pytest.raises(UserError):
        load_fieldwork_status(Request(path="study.yaml", at=NOW), since="yesterday", zone=DENVER)


def test_when_the_last_backup_was_made_is_known_and_shown_on_the_clock_of_who_asks(
    tmp_path: Path,
) -> None:
    path = a_study([history("a").at(DAY).call("busy")])
    assert told(path).data.backed_up is None
    assert (
        render_status(told(path), cells=80)[-1]
        == "backup: no backup yet; make one with survey db backup"
    )
    for hours, name in ((0, "one.db"), (2, "two.db")):
        back_up_database(path, tmp_path / name, at=NOW + timedelta(hours=hours))
    with pytest.raises(UserError):
        back_up_database(path, tmp_path / "two.db", at=NOW + timedelta(hours=3))
    made = (NOW + timedelta(hours=2)).astimezone(DENVER)
    assert told(path).data.backed_up == made
    assert render_status(told(path), cells=80)[-1] == f"backup: last made {made:%Y-%m-%d %H:%M}"


def test_completes_of_today_are_those_since_midnight_here() -> None:
    cases = [
        interviewed(
            history("a").at("2026-11-23 23:58"), "i1", 5
        ),  # begun yesterday, completed today
        interviewed(history("b").at("2026-11-23 22:58"), "i2", 5),
    ]
    assert told(a_study(cases)).progress.today == 1


@pytest.mark.parametrize(
    ("more", "target", "says"),
    [
        ("", None, ""),
        ("study: {size: 35}\n", 35, "study.size"),
        ("study: {size: 35}\nquotas:\n- {id: kinds, by: [kind], targets: {1: 6, 2: 5}}\n", 11, "quota kinds"),
        ("quotas:\n- {id: some, where: kind == 1, target: 6}\n", None, ""),
        # the smallest of them, not the largest: 60, 120 and 140 were shown while 90 were wanted
        ("quotas:\n- {id: all, target: 90}\n- {id: kinds, by: [kind], targets: {1: 60, 2: 80}}\n", 90, "quota all"),
        ("quotas:\n- {id: a, where: kind == 1, target: 6}\n- {id: b, where: kind == 2, target: 4}\n", 10,
         "quotas a and b"),
        ("quotas:\n- {id: kinds, by: [kind], targets: {1: 6, 2: 5}, soft: true}\n", 11, "quota kinds"),
        ("study: {target: 8, size: 35}\nquotas:\n- {id: kinds, by: [kind], targets: {1: 6, 2: 5}}\n", 8,
         "study.target"),
    ],
)  # fmt: skip
def test_the_target_is_the_studys_or_what_quotas_allow_or_the_population(
    more: str, target: Any, says: str
) -> None:
    progress = told(a_study([history("a")], more=more)).progress
    assert (progress.target, progress.target_of) == (target, says)


def test_quotas_that_take_nobody_any_more_need_attention() -> None:
    quotas = (
        "quotas:\n- {id: a, where: kind == 1, target: 0}\n- {id: b, where: kind == 2, target: 1}\n"
    )
    path = a_study([history("a", columns={"kind": 2})], more=f"study: {{target: 3}}\n{quotas}")
    said = "the quotas allow no more interviews: whoever is reached is turned away"
    alerts = told(path).alerts
    assert "the target of 3 can't be reached: the quotas allow 1" in alerts
    assert said not in alerts
    with store_of(path) as store:
        store.cases.quotas.take("i1", ["b"], NOW)
    assert said in told(path).alerts


def test_quota_cells_say_what_is_taken_held_and_closed() -> None:
    quotas = """quotas:
- {id: kinds, by: [kind], targets: {1: 2, 2: 5}}
- {id: north, where: region == 'N', target: 1, soft: true}
"""
    path = a_study([history("a", columns={"kind": 1})], more=quotas)
    with store_of(path) as store:
        store.cases.quotas.take("i1", ["kinds:1", "north"], NOW)
        store.cases.quotas.hold("i2", {"kinds:1": 2}, NOW)
    assert [tuple(cell) for cell in told(path).cells] == [
        ("kinds:1", 1, 1, 2, False, True, "kinds: District"),
        ("kinds:2", 0, 0, 5, False, False, "kinds: Sector"),
        ("north", 1, 0, 1, True, False, "north"),
    ]


def test_appointments_are_missed_due_today_or_later_on_both_clocks() -> None:
    cases = [
        history("a").at(DAY).appointment("2026-11-24 09:00"),
        history("b").at(DAY).appointment("2026-11-24 11:45"),
        history("c", zone=NEW_YORK)
        .at(DAY)
        .appointment("2026-11-24 18:00", policy="me", owner="ann"),
        history("d").at(DAY).appointment("2026-11-25 00:00"),
    ]
    found = told(a_study(cases)).data.appointments
    assert [(p.key, p.state) for p in found] == [
        ("a", "missed"),
        ("b", "due"),
        ("c", "today"),
        ("d", "later"),
    ]
    c: AppointmentLine = found[2]
    assert (f"{c.starts:%H:%M}", c.respondent_time, c.zone, c.owner) == (
        "16:00",
        "Tue 24 Nov 18:00",
        NEW_YORK,
        "ann",
    )


def test_who_sits_at_what_since_when_and_what_waits_for_a_supervisor() -> None:
    asks = (
        history("asks")
        .at(DAY)
        .call("supervisor", note="wants it in writing")
        .then(CaseNoteWritten("rang twice"))
    )
    path = a_study([asks, history("b")])
    with store_of(path) as store:
        [head] = store.cases.queries.list_queue_heads()
        store.cases.claim(
            head.bucket,
            Lease("t", "ann", "s7", NOW + timedelta(minutes=20)),
            NOW - timedelta(minutes=3),
        )
    report = told(path)
    [lease] = report.data.leases
    assert (lease.key, lease.who, lease.station) == ("b", "ann", "s7")
    assert lease.since == NOW - timedelta(minutes=3)
    assert [(h.key, h.note) for h in report.data.held] == [("asks", "rang twice")]
    # a lease that ran out is nobody's
    assert told(path, now=NOW + timedelta(hours=1)).data.leases == ()


def test_numbers_that_are_dead_or_never_to_be_called_are_counted() -> None:
    cases = [
        history("a", numbers=3).then(
            NumberMarked(1, "dead"), NumberMarked(2, "never_call"), NumberMarked(1, "never_call")
        ),
        history("b").at(DAY).call("disconnected"),
        history("c", numbers=2).then(NumberMarked(2, "dead"), NumberMarked(2, "live")),
    ]
    assert tuple(told(a_study(cases)).numbers) == (2, 1, 2, 0, 0)


def test_colleagues_are_pseudonyms_before_whoever_is_no_supervisor_and_notes_are_not_shown() -> (
    None
):
    cases = [
        *(history(login).at(DAY).call("no_answer", by=login) for login in ("ann", "bob", "cy")),
        history("asks").at(DAY).call("supervisor", by="ann", note="Mrs Smith is deaf"),
        history("p").at(DAY).appointment("2026-11-25 10:00", owner="bob"),
    ]
    path = a_study(cases)
    written("responses/interviewers.csv", f"{PEOPLE}sue,supervisor,\n")
    mine = told(path, by="ann")
    assert [one.name for one in mine.people] == ["ann", "B2", "interviewer 3", "interviewer 4"]
    assert ([p.owner for p in mine.data.appointments], [h.note for h in mine.data.held]) == (
        ["B2"],
        [""],
    )
    theirs = told(path, by="sam")
    assert [one.name for one in theirs.people] == ["ann", "bob", "cy", "pat"]
    assert [h.note for h in theirs.data.held] == ["Mrs Smith is deaf"]
    with pytest.raises(UserError):
        load_fieldwork_status(Request(path=str(path), at=NOW, by="eve"), zone=DENVER)


@pytest.mark.parametrize("kept", ["file", "server"])
def test_a_file_and_a_server_give_the_same_status(kept: str) -> None:
    where = postgres_server.create_address() if kept == "server" else None
    cases = [
        interviewed(history("a").at(DAY), "i1", 10),
        history("b").at(DAY).appointment("2026-11-25 10:00"),
        history("c").at(DAY).call("disconnected"),
        history("never"),
    ]
    path = a_study(cases, where=where)
    with Store.open(where or "responses/study.db", create=False) as store:
        assert sum(kind[-1] for kind in store.cases.counts.count_by_outcome()) == 4
    report = load_fieldwork_status(Request(path=str(path), at=NOW, db=where), zone=DENVER)
    assert isinstance(report, FieldworkStatus), str(report)
    assert {s.status: s.cases for s in report.statuses} == {
        "done": 2,
        "by_all": 1,
        "appointment": 1,
    }
    assert [p.key for p in report.data.appointments] == ["b"]
    assert person(report, "ann").complete == 1
    assert report.numbers.dead == 1


@pytest.mark.time_limit
def test_ten_thousand_cases_are_told_within_a_second() -> None:
    day = moment(DAY)
    sampled = history().entries[0]
    called = [
        HistoryEntry(day, f"i{n}", "s1", event)
        for n in range(7)
        for event in (CaseClaimed(), NumberDialed(1), OutcomeRecorded("busy", 1), AttemptClosed())
    ]
    stands = history().at(DAY).call("busy").standing()
    path = a_study()
    with store_of(path) as store:
        many = (
            NewCase(
                f"{n:05}", (sampled, *called[n % 7 * 4 :][:4]), stands._replace(rank=f"4{n:05}")
            )
            for n in range(10_000)
        )
        store.cases.imports.add(many, import_id="many", at=NOW, by="sam", file="units.csv")
    told(path)  # brings the queue in step with the plan once
    began = process_time()
    report = told(path)
    took = process_time() - began
    assert (report.people[0].name, report.people[0].calls) == ("i0", 1429)
    assert sum(part.attempts for part in report.dayparts) == 10_000
    assert took < 1, took


def test_counts_that_cannot_be_folded_any_more_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_counts, "MAX_APPENDED", 0)
    path = a_study(
        [
            interviewed(history(f"a{hour}").at(f"2026-11-23 {hour}:00"), "i1", 10)
            for hour in range(10, 20)
        ]
    )
    before = told(path)
    with store_of(path) as store:
        assert {
            quarter for (quarter,) in store.connector.read("SELECT DISTINCT quarter FROM counts")
        } > {""}
        written = store.connector.read("PRAGMA data_version")
        assert told(path).people == before.people
        assert store.connector.read("PRAGMA data_version") == written


def test_old_quarters_are_added_to_the_totals_and_the_counts_still_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also weeks after the last call, and after a correction of a call whose quarter is in the totals."""
    monkeypatch.setattr(live_counts, "MAX_APPENDED", -1_000)
    unit = interviewed(history("a").at("2026-11-10 10:00"), "i1", 10)
    path = a_study(
        [unit, interviewed(history("b").at(DAY), "i2", 20), history("c").at(DAY).call("busy")]
    )
    before = told(path)
    with store_of(path) as store:
        assert {
            quarter for (quarter,) in store.connector.read("SELECT DISTINCT quarter FROM counts")
        } > {""}
    for weeks in (0, 1, 3):
        report = told(path, now=NOW + timedelta(weeks=weeks))
        assert (report.people, report.lengths, report.dayparts) == (
            before.people,
            before.lengths,
            before.dayparts,
        )
        with store_of(path) as store:
            assert store.cases.counts.agree()
    with store_of(path) as store:
        assert store.connector.read("SELECT DISTINCT quarter FROM counts") == [("",)]
        [row] = [row for row in store.cases.queries.iterate_rows() if row.key == "c"]
        empty = row.position._replace(activity="{}")
        assert store.cases.update_queue_positions([("c", row.seq, empty)]) == 1
        assert store.cases.counts.agree()
        store.connector.run(
            "UPDATE counts SET quarter = '2026-11-20T10:00' WHERE name LIKE '%completes%'"
        )
        assert not store.cases.counts.agree()


@pytest.mark.parametrize("day", ["2026-11-01", "2026-03-08", "2026-03-09"])
def test_hours_are_those_of_the_clock_on_a_day_on_which_it_changes(day: str) -> None:
    """They were an hour off from the change on."""
    midnight = datetime.fromisoformat(f"{day} 00:00").replace(tzinfo=DENVER)
    ten = midnight.replace(hour=10, minute=15)
    data = StatusInput(
        at=midnight.replace(hour=12, minute=5),
        day_began=midnight,
        since=None,
        numbers=NumberTotals(0, 0, 0),
        case_counts=(),
        today={ten.astimezone(UTC): {("completes",): 2}},
    )
    hours = [(line.began.hour, line.complete) for line in _build_hours(data)]
    assert hours == [(10, 2), (11, 0), (12, 0)]
