"""The queue: when a case is due, before which others, for whom; each rule at its edge."""

from dataclasses import replace

import pytest

from support.case_histories import (
    DENVER,
    EVERYBODY,
    LOS_ANGELES,
    NEW_YORK,
    History,
    claimant,
    history,
    moment,
    plan,
)
from survey_cli.fieldwork.case.events import (
    AppointmentCanceled,
    AppointmentMade,
    AppointmentReassigned,
    CaseErased,
    CaseReleased,
    CaseReturned,
    CaseSampled,
    DoNotCallSet,
    InterviewOpened,
    LanguageSet,
    NumberAdded,
    NumberDialed,
    NumberFacts,
    NumberMarked,
    OutcomeRevoked,
    ScriptRead,
)
from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.fieldwork.queue.call_order import CallOrder
from survey_cli.fieldwork.queue.calling_rules import (
    check_rules,
    find_next_time,
    find_number_obstacle,
    is_allowed,
)
from survey_cli.fieldwork.queue.scheduling import count_refusals, parse_criteria, schedule_case

MONDAY = "2026-11-16 10:00"
WIDE = 'hours: {mon-sun: "00:00-24:00"}, reason: a test, holidays: false, dayparts: {all: mon-sun}'
"""No hours and no parts of the day: delays and limits alone."""
ANY = plan(WIDE)


def says(history_, study, rule: str, **more: object) -> str:
    """What a rule says that does not allow it; empty where it allows it."""
    found = {v.rule: v for v in check_rules(history_.case, study, history_.claimant(**more))}
    return "" if rule not in found or found[rule].allows else str(found[rule].explanation)


def words(history_, study, rule: str) -> str:
    """What a rule says, whether it allows it or not."""
    return next(
        str(v.explanation)
        for v in check_rules(history_.case, study, history_.claimant())
        if v.rule == rule
    )


# --- delays


@pytest.mark.parametrize(
    ("outcome", "due"),
    [
        ("no_answer", "2026-11-16 13:00"),
        ("busy", "2026-11-16 10:20"),
        ("machine_left", "2026-11-17 10:00"),
        ("technical", "2026-11-16 10:20"),
        ("blocked", "2026-11-19 10:00"),
        ("callback", "2026-11-17 10:00"),
        ("refusal_soft", "2026-11-23 10:00"),
        ("hangup_intro", "2026-11-19 10:00"),
    ],
)
def test_the_least_time_after_each_outcome(outcome: str, due: str) -> None:
    told = history().at(MONDAY).call(outcome)
    assert told.due(ANY) == due
    assert told.standing(ANY).status == "waiting"
    assert told.at(due).later(seconds=-1).standing(ANY).status == "waiting"
    assert told.at(due).standing(ANY).status == "ready"


def test_delays_as_the_study_writes_them() -> None:
    study = plan(WIDE + ", delays: {busy: 5m, refusal_soft: 2d}, refusals: {soft_wait: 9d}")
    told = history().at(MONDAY)
    assert told.call("busy").due(study) == "2026-11-16 10:05"
    assert (
        told.call("refusal_soft").due(study) == "2026-11-18 10:00"
    )  # its own word goes before soft_wait
    assert told.call("refusal_household_soft").due(study) == "2026-11-25 10:00"
    assert told.call("break_off", code="2.12").due(study) == "2026-11-25 10:00"


def test_a_studys_own_outcome_waits_like_the_one_it_is_like() -> None:
    own = (
        "\noutcomes: {engaged: {name: Engaged, like: busy}, asleep: {name: Asleep, like: busy},"
        " grumpy: {name: Grumpy, like: refusal_soft},"
        " crackle: {name: Crackle, code: 2.34, moment: after, temporary: true}}"
    )
    study = plan(WIDE + ", delays: {busy: 5m, asleep: 6h}, refusals: {max: 2, soft_wait: 9d}", own)
    told = history().at(MONDAY)
    assert told.call("engaged").due(study) == "2026-11-16 10:05"
    assert told.call("asleep").due(study) == "2026-11-16 16:00"
    assert told.call("grumpy").due(study) == "2026-11-25 10:00"
    assert told.call("crackle").due(study) == "2026-11-17 10:00"  # like none: a day after a talk
    assert told.call("crackle").standing(study).status == "waiting"
    assert (
        str(told.call("grumpy").later(days=9).call("grumpy").standing(study).reason.words)
        == "refused twice"
    )


def test_never_is_never() -> None:
    study = plan(WIDE + ", delays: {machine: never}")
    found = history().at(MONDAY).call("machine").standing(study)
    assert (found.status, str(found.reason.words)) == (
        "done",
        "never again after machine, no message",
    )


def test_the_longest_of_a_sittings_waits_holds() -> None:
    told = history(numbers=2).at(MONDAY).claim().dial("machine_left", 1).dial("busy", 2).close()
    assert told.due(ANY) == "2026-11-17 10:00"


def test_a_no_answer_does_not_cut_a_refusals_wait_short() -> None:
    told = history().at(MONDAY).call("refusal_soft").at("2026-11-17 10:00").call("no_answer")
    assert told.due(ANY) == "2026-11-23 10:00"
    talked = told.at("2026-11-18 10:00").rings_us("callback")
    assert talked.due(ANY) == "2026-11-19 10:00"  # they spoke with us since


# --- limits


def test_the_limit_of_attempts() -> None:
    study = plan(WIDE + ", attempts: {total: 3}")
    told = history().at(MONDAY)
    for left in (2, 1, 0):
        told = told.later(days=1).call("no_answer")
        assert (told.standing(study).status == "done") is (left == 0)
    assert told.standing(study)[:2] == ("done", None)
    assert str(told.standing(study).reason.words) == "the limit of attempts is reached"
    assert told.standing(study).code == "2.20"  # a status, no code
    assert says(told, study, "attempts") == "the limit of attempts is reached: 3 of 3 attempts made"


def test_the_limit_does_not_overwrite_a_refusal() -> None:
    study = plan(WIDE + ", attempts: {total: 2}")
    told = history().at(MONDAY).call("refusal_soft").later(days=8).call("no_answer")
    assert (told.standing(study).status, told.code(study)) == ("done", "2.112")


def test_so_often_in_a_day_there() -> None:
    study = plan(WIDE + ", attempts: {total: 9, per_day: 2}, delays: {no_answer: 1h}")
    told = history().at("2026-11-16 21:00").call("no_answer").at("23:59").call("no_answer")
    assert told.due(study) == "2026-11-17 00:59"  # an hour later is the next day anyhow
    early = history().at("2026-11-16 09:00").call("no_answer").at("12:00").call("no_answer")
    assert early.due(study) == "2026-11-17 00:00"
    assert str(early.standing(study).reason.words) == "twice on one day"
    assert early.at("2026-11-17 00:00").call("no_answer").due(study) == "2026-11-17 01:00"


def test_the_day_is_the_respondents_even_where_two_zones_are_possible() -> None:
    """22:30 in Denver is 21:30 in Los Angeles: both days must be over."""
    study = plan(WIDE + ", attempts: {total: 9, per_day: 1}, delays: {no_answer: 1h}")
    for zones in ((DENVER, LOS_ANGELES), (LOS_ANGELES, DENVER)):
        told = (
            history(zone="", facts=(NumberFacts(1, "mobile", zones),))
            .at("2026-11-16 22:30")
            .call("no_answer")
        )
        assert told.standing(study).due_at == moment("2026-11-17 00:00", LOS_ANGELES)


def test_so_often_in_a_part_of_the_day() -> None:
    study = plan(
        'hours: {mon-fri: "09:00-20:30"}, dayparts: {day: "09:00-17:00", evening: "17:00-20:30"},'
        "attempts: {total: 9, per_daypart: 1}"
    )
    told = history().at("2026-11-16 10:00").call("no_answer")
    assert parse_criteria(told.standing(study).bucket).dayparts == ("evening",)
    both = told.at("2026-11-17 18:00").call("no_answer")
    assert both.standing(study).status == "done"
    why = "the limit of attempts in each part of the day is reached"
    assert str(both.standing(study).reason.words) == why
    assert says(both, study, "attempts") == f"{why}: 2 of 9 attempts made"
    waits = history().at("2026-11-16 10:00").call("callback", interrupted=True)
    assert parse_criteria(waits.standing(study).bucket).dayparts == (
        "evening",
    )  # an interview that waits, too


@pytest.mark.parametrize(("after", "attempts"), [(59, 1), (60, 2)])
def test_redials_of_a_busy_line_within_the_hour_are_one_attempt(after: int, attempts: int) -> None:
    told = history().at(MONDAY).call("busy").later(minutes=after).call("busy")
    assert told.standing().attempts == attempts
    assert (
        history().at(MONDAY).call("busy").later(minutes=after).call("no_answer").standing().attempts
        == 2
    )


def test_the_hour_of_busy_redials_is_the_firsts() -> None:
    told = history().at(MONDAY)
    for _ in range(5):  # 10:00 … 11:20
        told = told.call("busy").later(minutes=20)
    assert told.standing().attempts == 2


def test_what_is_no_attempt() -> None:
    given_back = history().at(MONDAY).claim().then(CaseReturned("given back"))
    lapsed = history().at(MONDAY).claim().then(NumberDialed(1), CaseReturned("lapsed"))
    rang = history().at(MONDAY).rings_us("callback")
    assert [h.standing().attempts for h in (given_back, lapsed, rang)] == [0, 0, 0]
    two_numbers = (
        history(numbers=2).at(MONDAY).claim().dial("no_answer", 1).dial("no_answer", 2).close()
    )
    assert two_numbers.standing().attempts == 1


def test_another_number_may_be_dialled_in_the_last_attempt() -> None:
    study = plan(WIDE + ", attempts: {total: 1}")
    sitting = history(numbers=2).at(MONDAY).claim().dial("no_answer", 1)
    assert is_allowed(sitting.case, study, sitting.claimant(by_key=True))
    assert not is_allowed(sitting.close().case, study, sitting.claimant(by_key=True))


# --- refusals


def test_the_second_refusal_is_final_and_a_hard_one_at_once() -> None:
    told = history().at(MONDAY).call("refusal_soft")
    assert told.standing().status == "waiting"
    assert str(told.later(days=8).call("hangup_intro").standing().reason.words) == "refused twice"
    for hard in ("refusal_hard", "refusal_household_hard", "never_call", "withdrawn"):
        assert history().at(MONDAY).call(hard).standing().status == "done", hard
    assert (
        history().at(MONDAY).call("refusal_soft").standing(plan("refusals: {max: 1}")).status
        == "done"
    )


def test_a_break_off_that_counts_as_an_interview_is_no_refusal() -> None:
    assert (
        count_refusals(history().at(MONDAY).call("break_off", code="2.12").case.calls, plan()) == 1
    )
    partial = history().at(MONDAY).call("break_off", code="1.2")
    assert count_refusals(partial.case.calls, plan()) == 0
    assert partial.standing().status == "done"


def test_a_supervisor_puts_a_refusal_back_and_it_counts_anew() -> None:
    told = (
        history().at(MONDAY).call("refusal_soft").later(days=8).call("refusal_soft").later(hours=1)
    )
    back = told.reopened()
    assert back.standing(ANY).status == "ready"
    once = back.later(days=1).call("refusal_soft")
    assert once.standing(ANY).status == "waiting"
    assert (
        str(once.later(days=8).call("refusal_soft").standing(ANY).reason.words) == "refused twice"
    )
    assert back.code() == "2.112"


def test_a_wait_begins_with_the_correction_of_a_call_that_a_wrong_clock_dated() -> None:
    wrong = history().at("2032-01-13 10:00").call("no_answer")
    assert wrong.standing(ANY).due_at == moment("2032-01-13 13:00")
    right = replace(wrong, now=moment(MONDAY)).corrected("no_answer")
    assert right.standing(ANY).due_at == moment("2026-11-16 13:00")
    assert right.later(hours=4).call("no_answer").standing(ANY).due_at == moment("2026-11-16 17:00")


def test_a_case_at_its_limit_that_is_put_back_may_be_called_again() -> None:
    study = plan(WIDE + ", attempts: {total: 1}")
    told = history().at(MONDAY).call("no_answer").later(hours=1).reopened()
    assert told.standing(study).status == "ready"
    assert told.later(hours=1).call("no_answer").standing(study).status == "done"


def test_only_a_converter_calls_after_a_refusal() -> None:
    study = plan(WIDE + ", refusals: {by: converter}")
    told = history().at(MONDAY).call("refusal_soft").later(days=8)
    listed = {
        "pat": Interviewer(login="pat"),
        "kim": Interviewer(login="kim", skills=frozenset({"converter"})),
    }
    people = People(interviewers=listed)
    may = {
        login: is_allowed(
            told.case, study, claimant(told.now)._replace(who=listed[login], people=people)
        )
        for login in listed
    }
    assert may == {"pat": False, "kim": True}
    assert is_allowed(
        told.case, study, told.claimant()
    )  # a skill that nobody has is not waited for
    assert parse_criteria(told.reopened().standing(study).bucket).skill == "converter"
    promised = told.appointment("2026-11-25 10:00")
    assert parse_criteria(promised.standing(study).bucket).skill == ""  # who promises is converted


# --- promises


def test_a_promise_is_due_at_its_time_whatever_the_outcome_waits() -> None:
    told = history().at(MONDAY).appointment("2026-11-16 10:10")
    found = told.standing(ANY)
    assert (found.status, told.due(ANY), found.rank[0]) == ("waiting", "2026-11-16 10:10", "1")
    assert told.at("10:10").standing(ANY).status == "ready"


def test_the_call_in_which_it_is_made_does_not_keep_it() -> None:
    """However the station writes it down, and however near its time is."""
    begun = history().at(MONDAY).claim()
    promise = AppointmentMade("2026-11-16T10:10", "2026-11-16T10:30", DENVER)
    first = begun.then(promise).later(seconds=1).dial("appointment").close()
    last = begun.dial("appointment").later(seconds=1).then(promise).later(seconds=1).close()
    assert first.due(ANY) == last.due(ANY) == "2026-11-16 10:10"


def test_a_call_at_its_time_keeps_it_and_one_before_does_not() -> None:
    told = history().at(MONDAY).appointment("2026-11-18 15:00", "2026-11-18 16:00")
    assert told.at("2026-11-18 14:44").call("no_answer").standing(ANY).rank[0] == "1"
    kept = told.at("2026-11-18 14:45").call("no_answer")
    assert kept.standing(ANY).rank[0] == "4"
    assert kept.due(ANY) == "2026-11-18 15:15"  # missed: after half an hour, not three


def test_a_missed_promise_is_not_put_off_by_what_came_before_it() -> None:
    told = history().at(MONDAY).appointment("2026-11-18 15:00")
    left = told.at("2026-11-18 10:00").call("machine_left")  # a day, else
    assert left.at("2026-11-18 15:00").call("no_answer").due(ANY) == "2026-11-18 15:30"
    assert told.at("2026-11-18 15:00").call("busy").due(ANY) == "2026-11-18 15:20"


def test_missed_again_is_a_no_answer_like_any_other() -> None:
    told = history().at(MONDAY).appointment("2026-11-18 15:00", "2026-11-18 16:00")
    once = told.at("2026-11-18 15:00").call("no_answer")
    twice = once.at("2026-11-18 15:30").call("no_answer")
    assert twice.due(ANY) == "2026-11-18 16:00"  # they said they would be there till four
    assert twice.at("2026-11-18 16:10").call("no_answer").due(ANY) == "2026-11-18 19:10"


def test_speaking_with_somebody_ends_a_promise() -> None:
    told = history().at(MONDAY).appointment("2026-11-18 15:00")
    assert told.at("2026-11-17 10:00").rings_us("callback").standing(ANY).rank[0] == "4"
    assert told.at("2026-11-17 10:00").call("no_answer").standing(ANY).rank[0] == "1"
    moved = told.at("2026-11-17 10:00").appointment("2026-11-20 11:00")
    assert moved.due(ANY) == "2026-11-20 11:00"
    assert told.then(AppointmentCanceled("they wrote")).standing(ANY).rank[0] == "4"


def test_a_promise_may_use_one_attempt_more_than_the_limit() -> None:
    study = plan(WIDE + ", attempts: {total: 1}")
    told = history().at(MONDAY).appointment("2026-11-17 10:00")
    assert told.standing(study).status == "waiting"
    again = told.at("2026-11-17 10:00").appointment("2026-11-18 10:00")
    assert again.standing(study)[:2] == ("done", None)


def test_whose_promise_it_is() -> None:
    def at(text: str, login: str, policy: str) -> str:
        told = history().at(MONDAY).appointment("2026-11-17 15:00", policy=policy, owner="kim")  # type: ignore[arg-type]
        now = told.at(text)
        found = {v.rule: v for v in check_rules(now.case, ANY, now.claimant(login))}
        return "" if found["owner"].allows else f"{found['owner'].until}"

    assert at("2026-11-17 15:00", "pat", "anyone") == ""
    assert at("2026-11-17 15:00", "kim", "me") == ""
    assert at("2026-11-17 16:00", "pat", "me") == "None"
    assert at("2026-11-17 15:14", "pat", "me_first") == f"{moment('2026-11-17 15:15')}"
    assert at("2026-11-17 15:15", "pat", "me_first") == ""
    told = history().at(MONDAY).appointment("2026-11-17 15:00", policy="me", owner="kim")
    given = told.then(AppointmentReassigned("pat", "me")).at("2026-11-17 15:00")
    assert not says(given, ANY, "owner")
    assert given.standing(ANY).owner == "pat"


# --- interviews that wait


def test_an_interrupted_interview_comes_before_others_until_it_is_gone_on_with() -> None:
    told = history().at(MONDAY).call("callback", code="2.12", interrupted=True)
    assert told.standing(ANY).rank[0] == "2"
    assert told.later(days=1).call("no_answer", interrupted=False).standing(ANY).rank[0] == "2"
    assert told.later(days=1).appointment("2026-11-20 10:00").standing(ANY).rank[0] == "1"
    done = (
        told.later(days=1).claim().then(InterviewOpened("i1")).dial("complete", code="1.1").close()
    )
    assert done.standing(ANY).status == "done"


def test_a_partial_that_waits_is_called_again_and_one_broken_off_is_not() -> None:
    told = history().at(MONDAY)
    assert told.call("technical", code="1.2", interrupted=True).standing(ANY).rank[0] == "2"
    assert (
        told.appointment("2026-11-17 10:00", code="1.2", interrupted=True).standing(ANY).rank[0]
        == "1"
    )
    assert told.call("break_off", code="1.2").standing(ANY).status == "done"


def test_a_station_lost_in_the_middle_of_an_interview_leaves_it_waiting() -> None:
    told = (
        history().at(MONDAY).claim().then(NumberDialed(1), InterviewOpened("i1")).later(minutes=20)
    )
    lost = told.then(CaseReturned("lapsed"))
    assert (lost.standing(ANY).status, lost.standing(ANY).rank[0]) == ("ready", "2")


# --- parts of the day


def prefers(told: History, study: Plan) -> tuple[str, ...]:
    bucket = parse_criteria(told.standing(study).bucket)
    assert bucket.dayparts == (), "nothing waits for a part of the day unless it must"
    return bucket.prefers


def test_the_part_tried_least_is_preferred_and_no_other_is_shut() -> None:
    study = plan()
    told = history().at("2026-11-16 10:00").call("no_answer")
    assert prefers(told, study) == ("weekend", "evening")
    day = told.at("2026-11-17 10:00")
    assert is_allowed(day.case, study, day.claimant())
    assert words(day, study, "day part") == (
        "it is now day, and weekend or evening was tried least: cases that prefer day come first"
    )
    assert find_next_time(told.case, study, told.claimant()) == moment("2026-11-16 13:00")
    evening = told.at("2026-11-17 18:00").call("no_answer")
    assert prefers(evening, study) == ("weekend",)
    assert words(evening.at("2026-11-21 11:00"), study, "day part") == "weekend is allowed"
    all_three = evening.at("2026-11-21 12:00").call("no_answer")
    assert prefers(all_three, study) == ()


def test_among_callable_cases_the_part_tried_least_comes_first() -> None:
    """Appointments and interrupted interviews come before it, quotas and the sample's priority after it."""
    study = plan()
    turns = CallOrder.for_interviewer(
        study,
        people=EVERYBODY,
        who=Interviewer(login="ann"),
        at=moment("2026-11-17 18:00"),
        fill={},
    )
    by_day = history(priority=1).at("2026-11-16 10:00").call("no_answer").standing(study)
    in_the_evening = history(priority=9).at("2026-11-16 18:00").call("no_answer").standing(study)
    fresh = history(priority=5).standing(study)
    booked = history().at("2026-11-16 18:00").appointment("2026-11-17 18:00").standing(study)
    order = {
        name: turns.rank_case(parse_criteria(found.bucket), found.rank)
        for name, found in [
            ("by day", by_day),
            ("in the evening", in_the_evening),
            ("fresh", fresh),
            ("booked", booked),
        ]
    }
    assert sorted(order, key=lambda name: order[name]) == [
        "booked",
        "by day",
        "fresh",
        "in the evening",
    ]


def test_a_case_waits_for_the_part_tried_least_so_long_and_no_longer() -> None:
    study = plan("spread: wait, spread_wait: 24h")
    told = history().at("2026-11-16 10:00").call("no_answer")
    found = told.standing(study)
    assert (found.status, found.due_at) == ("waiting", moment("2026-11-16 17:00"))
    assert str(found.reason.words) == "weekend or evening, the part of the day tried least"
    both = told.at("2026-11-17 18:00").call(
        "no_answer"
    )  # Tuesday: the weekend is further off than a day
    assert both.standing(study).due_at == moment(
        "2026-11-18 21:00"
    )  # 24 hours after the delay of three is over
    later = both.at("2026-11-19 10:00")
    assert is_allowed(later.case, study, later.claimant())
    assert parse_criteria(later.standing(study).bucket).prefers == ("weekend",)
    longer = plan("spread: wait, spread_wait: 7d")
    assert both.standing(longer).due_at == moment("2026-11-21 10:00")
    assert plan("spread: wait").fingerprint == study.fingerprint != longer.fingerprint


def test_a_spread_that_is_off_is_off() -> None:
    for said in (
        "spread: off",
        'spread: off, dayparts: {day: "09:00-17:00", evening: "17:00-20:30"}',
    ):
        study = plan(said)
        told = history().at("2026-11-16 10:00").call("no_answer")
        assert prefers(told, study) == ()
        assert find_next_time(told.case, study, told.claimant()) == moment("2026-11-16 13:00")
        assert words(told.at("2026-11-17 10:00"), study, "day part") == "any time is allowed"
    limited = plan("spread: off, attempts: {per_daypart: 1}")
    told = history().at("2026-11-16 10:00").call("no_answer")
    assert parse_criteria(told.standing(limited).bucket).dayparts == ("weekend", "evening"), (
        "a limit is a limit"
    )


def test_a_part_of_weight_two_is_given_two_attempts_for_one() -> None:
    study = plan(
        'hours: {mon-fri: "09:00-20:30"},'
        'dayparts: {day: "09:00-17:00", evening: {hours: "17:00-20:30", weight: 2}}, attempts: {total: 20}'
    )
    told, made = history(), []
    for day in range(16, 28):
        if day in (21, 22):  # a weekend
            continue
        part = (prefers(told, study) or ("day",))[0]
        made.append(part)
        told = told.at(f"2026-11-{day} {'18:00' if part == 'evening' else '10:00'}").call(
            "no_answer"
        )
    assert made[:9].count("evening") == 6


def test_a_bucket_of_an_earlier_version_is_still_read() -> None:
    old = '[["America/Chicago"],["evening"],"es","","","anyone",["sectors"]]'
    assert str(parse_criteria(old)) == old
    assert parse_criteria(old).prefers == ()


def test_a_part_that_comes_no_more_is_not_preferred() -> None:
    study = plan("ends: 2026-11-20")  # a Friday
    told = (
        history().at("2026-11-16 10:00").call("no_answer").at("2026-11-17 18:00").call("no_answer")
    )
    assert prefers(told, study) == ("day", "evening")
    late = told.at("2026-11-20 18:00")
    assert is_allowed(late.case, study, late.claimant())


def test_a_part_outside_of_all_hours_is_not_waited_for() -> None:
    study = plan('hours: {mon-fri: "09:00-17:00"}')
    told = history().at("2026-11-16 10:00").call("no_answer")
    assert is_allowed(
        told.at("2026-11-17 10:00").case, study, told.at("2026-11-17 10:00").claimant()
    )


def test_a_part_that_two_zones_never_share_is_not_waited_for() -> None:
    study = plan(
        'hours: {mon-fri: "09:00-20:00"}, dayparts: {early: "09:00-11:00", late: "11:00-20:00"}'
    )
    facts = (NumberFacts(1, "mobile", (NEW_YORK, LOS_ANGELES)),)
    told = history(zone="", facts=facts).at("2026-11-16 13:00").call("no_answer")
    assert prefers(told, study) == ("late",)
    later = told.later(days=1)
    assert is_allowed(later.case, study, later.claimant())


# --- numbers and zones


def test_the_next_number() -> None:
    two = history(numbers=2).at(MONDAY)
    assert two.case.next_number.position == 1  # type: ignore[union-attr]
    sitting = two.claim().dial("no_answer")
    assert sitting.case.next_number.position == 2  # type: ignore[union-attr]
    closed = sitting.close()
    assert closed.case.next_number.position == 2  # type: ignore[union-attr]
    other = closed.later(days=1).call("no_answer")
    assert [call.number for call in other.case.calls] == [1, 2]
    assert other.case.next_number.position == 1  # type: ignore[union-attr]
    answered = other.later(days=1).call("no_answer", 1).later(days=1).call("callback", 2)
    assert answered.case.next_number.position == 2  # type: ignore[union-attr]
    dead = answered.then(NumberMarked(2, "dead"))
    assert dead.case.next_number.position == 1  # type: ignore[union-attr]


def test_the_zone_is_that_of_the_number_dialled_next() -> None:
    facts = (NumberFacts(1, "fixed", (NEW_YORK,)), NumberFacts(2, "mobile", (LOS_ANGELES,)))
    told = history(zone="", facts=facts).at(MONDAY)
    assert parse_criteria(told.standing().bucket).zones == (NEW_YORK,)
    assert parse_criteria(told.call("no_answer").standing().bucket).zones == (LOS_ANGELES,)
    second = told.case.find_number(2)
    assert second is not None
    early = moment("2026-11-16 09:30", NEW_YORK)
    obstacle = find_number_obstacle(told.case, second, plan(), early)
    assert str(obstacle) == "before 09:00 there (it is 06:30)"


def test_where_no_zone_is_known_a_supervisor_is_asked_and_the_case_not_called() -> None:
    told = history(zone="", facts=(NumberFacts(1),)).at(MONDAY)
    found = told.standing()
    assert (found.status, str(found.reason.words)) == (
        "held",
        "its time zone is not known: set the zone",
    )
    assert says(told, plan(), "supervisor") == str(found.reason.words)
    assert find_next_time(told.case, plan(), told.claimant()) is None
    assert told.standing(plan(f"zone: {DENVER}")).status == "ready"  # the study's
    other = history(zone="", facts=(NumberFacts(1), NumberFacts(2, "fixed", (DENVER,)))).at(MONDAY)
    assert other.case.next_number.position == 2  # type: ignore[union-attr]


def test_numbers_that_are_gone() -> None:
    none = history(facts=()).at(MONDAY)
    assert (none.standing().status, str(none.standing().reason.words)) == (
        "held",
        "it has no number: a supervisor must add one",
    )
    given = none.then(NumberAdded(NumberFacts(1)))
    assert given.standing().status == "ready"
    dead = given.call("disconnected")
    assert (dead.standing().status, str(dead.standing().reason.words)) == (
        "done",
        "no number is left",
    )
    assert dead.then(NumberAdded(NumberFacts(2))).standing().status == "ready"
    assert history(numbers=2).at(MONDAY).call("disconnected", 1).standing().status == "ready"


# --- the rest of a history


def test_unreleased_blocked_erased() -> None:
    told = history(replicate="B").at(MONDAY)
    assert (told.standing().status, str(told.standing().reason.words)) == (
        "unreleased",
        "replicate B is not released",
    )
    assert not is_allowed(told.case, plan(), told.claimant())
    assert told.then(CaseReleased()).standing().status == "ready"
    for event in (DoNotCallSet("registry"), CaseErased("asked for")):
        gone = told.then(CaseReleased(), event)
        assert gone.standing().status == "done"
        assert not is_allowed(gone.case, plan(), gone.claimant(by_key=True))
        assert gone.reopened().standing().status == "done"  # nobody puts that back


def test_a_later_import_changes_what_the_sample_says_and_nothing_else() -> None:
    told = (
        history(numbers=2, columns={"region": "West"})
        .at(MONDAY)
        .call("disconnected", 1)
        .then(LanguageSet("es"))
    )
    again = told.then(
        CaseSampled(
            {"region": "East"},
            (NumberFacts(1), NumberFacts(2, "mobile"), NumberFacts(3)),
            NEW_YORK,
            language="en",
            priority=2,
        )
    )
    case = again.case
    assert (case.columns["region"], case.zone, case.priority) == ("East", NEW_YORK, 2)
    assert [(n.position, n.line, n.state) for n in case.numbers] == [
        (1, "unknown", "dead"),
        (2, "mobile", "live"),
        (3, "unknown", "live"),
    ]
    assert case.language == "es"
    assert case.calls == told.case.calls


def test_a_supervisor_is_waited_for() -> None:
    study = plan(WIDE, "\noutcomes: {ask: {name: Ask the office, like: supervisor}}")
    for outcome in ("supervisor", "ask"):
        told = history().at(MONDAY).call(outcome)
        assert told.standing(study).status == "held"
        assert not is_allowed(
            told.later(days=9).case, study, told.later(days=9).claimant(by_key=True)
        )
        assert told.later(days=1).advised().standing(study).status == "ready"
        assert told.later(days=1).corrected("callback").standing(study).status == "ready"
        assert (
            str(told.later(days=1).corrected("refusal_hard").standing(study).reason.words)
            == "outcome set by sam"
        )


def test_an_outcome_keyed_by_a_slip_is_taken_back_with_all_it_did() -> None:
    sitting = (
        history(numbers=2)
        .at(MONDAY)
        .appointment("2026-11-18 10:00")
        .later(days=1)
        .claim()
        .then(NumberDialed(1))
    )
    for outcome in ("never_call", "disconnected", "supervisor", "callback", "refusal_hard"):
        keyed = sitting.dial(outcome, 1, eligible=True, person=True).then(
            LanguageSet("es"), ScriptRead("voicemail")
        )
        back = keyed.then(OutcomeRevoked()).case
        assert replace(back, seq=0, scripts_read=frozenset()) == replace(
            sitting.case, seq=0, before_outcome=None
        )
        assert back.scripts_read == {"voicemail"}
    ended = sitting.dial("refusal_hard", 1).close().then(OutcomeRevoked())
    assert ended.dial("no_answer", 1).close().standing(ANY).rank[0] == "1"


def test_taking_back_keeps_a_number_that_was_given() -> None:
    told = (
        history()
        .at(MONDAY)
        .claim()
        .dial("changed", 1)
        .then(NumberAdded(NumberFacts(2)), OutcomeRevoked())
    )
    assert [(n.position, n.state) for n in told.case.numbers] == [(1, "live"), (2, "live")]


# --- the order


def test_the_written_order() -> None:
    """Promises by their end, interrupted interviews, sample priority, due callbacks, fresh ones; longest rest first."""
    start = "2026-11-16 10:00"
    now = "2026-11-20 12:00"
    cases = {
        "promise till one": history("p1")
        .at(start)
        .appointment("2026-11-20 10:00", "2026-11-20 13:00"),
        "promise till half past twelve": history("p2")
        .at(start)
        .appointment("2026-11-20 12:00", "2026-11-20 12:30"),
        "interrupted": history("i").at(start).call("callback", interrupted=True),
        "urgent and fresh": history("u", priority=-1),
        "called on Monday": history("m").at(start).call("no_answer"),
        "called on Tuesday": history("t").at("2026-11-17 10:00").call("no_answer"),
        "fresh": history("f"),
        "later": history("l", priority=1).at(start).call("no_answer"),
    }
    found = {name: told.at(now).standing(ANY) for name, told in cases.items()}
    assert {s.status for s in found.values()} == {"ready"}
    assert sorted(found, key=lambda name: found[name].rank) == [
        "promise till half past twelve",
        "promise till one",
        "interrupted",
        "urgent and fresh",
        "called on Monday",
        "called on Tuesday",
        "fresh",
        "later",
    ]


def test_ties_fall_by_the_study_and_the_key_not_by_the_order_of_the_file() -> None:
    keys = [f"case {n}" for n in range(200)]
    by_rank = sorted(keys, key=lambda key: history(key).standing(ANY).rank)
    turned = [*reversed(keys)]
    assert by_rank == sorted(turned, key=lambda key: history(key).standing(ANY).rank)
    assert by_rank != sorted(keys)
    assert len({history(key).standing(ANY).rank for key in keys}) == 200
    study = replace(ANY, study="another")
    assert by_rank != sorted(keys, key=lambda key: history(key).standing(study).rank)


def test_somebody_who_rings_back_does_not_wait_for_delays() -> None:
    told = history().at(MONDAY).call("refusal_soft").later(days=1)
    assert says(told, ANY, "due").startswith("not due yet: 7d after")
    assert is_allowed(told.case, ANY, told.claimant(by_key=True))
    ends = plan(WIDE + ", ends: 2026-11-18")
    assert told.standing(ends).status == "done"  # seven days later the field is closed
    assert is_allowed(told.case, ends, told.claimant(by_key=True))
    assert not is_allowed(told.case, ANY, told.claimant(by_key=True, lease_holder="kim at s2"))
    assert not is_allowed(told.case, ANY, told.claimant(by_key=True, on_do_not_call_list=True))


def test_a_standing_hears_of_languages() -> None:
    told = history().at(MONDAY).call("language").then(LanguageSet("es")).later(days=2)
    listed = {"pat": Interviewer(login="pat", languages=frozenset({"en"}))}
    pat = told.claimant()._replace(who=listed["pat"], people=People(interviewers=listed))
    found = {v.rule: v for v in check_rules(told.case, ANY, pat)}
    assert (found["language"].allows, str(found["language"].explanation)) == (
        False,
        "it requires es, which no interviewer speaks",
    )
    assert schedule_case(told.case, ANY, told.now).status == "ready"
