"""Regression tests of the calling rules."""

from fractions import Fraction

import pytest

from support.case_histories import DENVER, NEW_YORK, history, moment, plan
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import (
    InterviewProgress,
    code_interview,
    validate_override,
)
from survey_cli.fieldwork.case.events import HistoryEntry, OutcomeOverridden
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.fieldwork.queue.calling_rules import check_rules, find_next_time, is_allowed
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.fieldwork.rates.dispositions import find_group
from survey_cli.fieldwork.rates.rates import DispositionCounts, compute_rates, estimate_eligibility
from survey_cli.problems import UserError


@pytest.mark.parametrize("frame", ["list", "establishment", "rdd"])
def test_lesson_open_appointments_are_not_refusals(frame: str) -> None:
    study = plan(f"frame: {frame}")
    booked = [
        history("a").at("2026-11-16 10:00").appointment("2026-11-20 10:00"),
        history("b").at("2026-11-16 10:00").appointment("2026-11-20 10:00", person=True),
        # in the middle of an interview, for which a break-off would be 2.12
        history("c")
        .at("2026-11-16 10:00")
        .appointment("2026-11-20 10:00", code="2.12", interrupted=True),
    ]
    numbers: dict[str, int] = {"I": 1}
    for told in booked:
        group = find_group(told.code(study), frame=study.frame)
        assert group in ("NC", "UO")
        numbers[str(group)] = numbers.get(str(group), 0) + 1
    counts = DispositionCounts.from_groups(numbers)  # type: ignore[arg-type]
    found = compute_rates(counts, estimate_eligibility(counts, frame=study.frame))
    assert (found.REF1, Fraction(1, 4) == found.RR1) == (0, True)


def test_lesson_appointments_off_by_an_hour_after_a_clock_change() -> None:
    """Promised in summer for three in the afternoon in winter: three on the respondent's clock, not two."""
    told = (
        history(zone=NEW_YORK)
        .at("2026-10-26 11:00")
        .appointment("2026-11-02 15:00", "2026-11-02 15:30")
    )
    due = told.standing().due_at
    assert due is not None
    assert (
        due.isoformat() == "2026-11-02T20:00:00+00:00"
    )  # 15:00 EST; a fixed offset of October gives 19:00
    assert (due - told.now).total_seconds() / 3600 == 7 * 24 + 4 + 1  # the week has an hour more


def test_lesson_two_oclock_twice_in_one_night() -> None:
    study = plan('hours: {mon-sun: "00:00-24:00"}, reason: a test, holidays: false')
    first = history().at("2026-10-31 20:00").appointment("2026-11-01 01:30", "2026-11-01 01:45")
    booking = first.case.appointment
    assert booking is not None
    second = first.then(booking.details._replace(fold=1))
    assert first.standing(study).due_at == moment("2026-11-01 01:30")
    assert second.standing(study).due_at == moment("2026-11-01 01:30 again")


def test_lesson_attempts_scheduled_past_the_studys_end() -> None:
    study = plan("ends: 2026-11-20")  # a Friday; hours till 20:30
    told = history().at("2026-11-20 18:00").call("no_answer")  # due at 21:00
    found = told.standing(study)
    assert (found.status, found.due_at) == ("done", None)
    assert str(found.reason.words) == "3h after no answer, and nobody is called after Fri 20 Nov"
    assert find_next_time(told.case, study, told.claimant()) is None
    refused = history().at("2026-11-16 10:00").call("refusal_soft")
    assert refused.standing(study).status == "done"
    promised = history().at("2026-11-16 10:00").appointment("2026-11-21 10:00")
    assert promised.standing(study).status == "done"
    fresh = history().at("2026-11-20 20:29")
    assert fresh.standing(study).status == "ready"
    assert (
        str(fresh.at("20:30").standing(study).reason.words) == "nobody is called after Fri 20 Nov"
    )
    extended = plan("ends: 2026-11-27")
    assert told.standing(extended).status == "waiting"  # the field is prolonged: it comes back
    assert extended.fingerprint != study.fingerprint


def test_lesson_retries_outside_calling_hours() -> None:
    """The delay is over at 23:00: it rings the next morning, there."""
    told = history().at("2026-11-16 20:00").call("no_answer")
    study = plan("dayparts: {all: mon-sun}")
    at = find_next_time(told.case, study, told.claimant())
    assert at == moment("2026-11-17 09:00")
    night = told.at("2026-11-16 23:30")
    said = {v.rule: v for v in check_rules(night.case, study, night.claimant())}
    assert said["due"].allows
    assert (said["hours"].allows, said["hours"].until) == (False, at)
    assert (
        str(said["hours"].explanation)
        == "after 20:30 there (it is 23:30); America/Denver (the study's zone)"
    )


def test_lesson_quota_counted_over_cases_never_called() -> None:
    """A case in a cell fills nothing: neither when it is sampled, nor parked, nor called in vain."""
    more = """
sample: {sector: {type: single, options: {1: One}}}
quotas: [{id: sectors, where: sector == 1, target: 1}]
"""
    study = plan("frame: rdd", more)
    told = history(columns={"sector": 1}).at("2026-11-16 10:00")
    parked = told.claimant(full_cells={"sectors"})
    assert not is_allowed(told.case, study, parked)
    assert told.code(study) == "3.11"  # not 4.80: nobody was screened
    assert told.call("no_answer").code(study) == "3.13"
    assert study.quotas.list_full_cells({"sectors": CellFill(0, 0)}) == frozenset()


def test_lesson_completes_far_past_a_target() -> None:
    """Sixteen stations ask for a place as soon as the cell is known, and hold it: no more than the target finish."""
    study = plan("", "\nquotas: [{id: ones, where: kind == 1, target: 5}]\n")
    held = 0
    for _ in range(16):
        if not study.quotas.list_full_cells({"ones": CellFill(0, held)}):
            held += 1
    assert held == 5
    assert study.quotas.list_full_cells({"ones": CellFill(2, 3)}) == {"ones"}


def test_lesson_partials_rejected_by_the_quota_they_filled() -> None:
    study = plan("partial_from: kind", "\nquotas: [{id: ones, where: kind == 1, target: 1}]\n")
    assert study.quotas.list_full_cells({"ones": CellFill(1, 0)}) == {
        "ones"
    }  # by this partial interview
    assert code_interview(InterviewProgress(passed_items=frozenset({"kind"})), study) == "1.2"


@pytest.mark.parametrize("outcome", ["", "no_such_outcome"])
def test_lesson_a_blank_supervisor_outcome_makes_a_case_unreachable(outcome: str) -> None:
    """It is refused where it is keyed; and one that is in a history all the same keeps no case from being called."""
    told = history().at("2026-11-16 10:00").call("no_answer").later(days=1)
    with pytest.raises(UserError):
        validate_override(told.case, plan(), outcome=outcome)
    ruled = told.corrected(outcome)
    before, after = told.standing(), ruled.standing()
    assert (after.status, after.due_at, after.code) == (before.status, before.due_at, before.code)
    referred = history().at("2026-11-16 10:00").call("supervisor").later(days=1).corrected(outcome)
    assert referred.standing().status == "ready"
    fresh = history().at("2026-11-16 10:00")
    blank = Case.from_history(
        "unit 7", [*fresh.entries, HistoryEntry(fresh.now, "sam", "s1", OutcomeOverridden(outcome))]
    )
    assert schedule_case(blank, plan(), fresh.now).status == "ready"


def test_lesson_never_again_outlives_everything() -> None:
    told = history(numbers=3).at("2026-11-16 10:00").call("never_call")
    for later in (told, told.reopened(), told.corrected("callback"), told.advised()):
        assert later.standing().status == "done"
        assert not is_allowed(
            later.later(days=30).case, plan(), later.later(days=30).claimant(by_key=True)
        )
    assert told.case.live_numbers == ()


def test_lesson_a_zone_is_where_the_respondent_is() -> None:
    """08:30 in Denver is 10:30 at a station in New York: it does not ring."""
    told = history(zone=DENVER).at("2026-11-16 08:30")
    assert not is_allowed(told.case, plan(), told.claimant())
    assert is_allowed(told.at("09:00").case, plan(), told.at("09:00").claimant())
