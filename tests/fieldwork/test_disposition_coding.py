"""Disposition codes of cases: each rule at its edge."""

from fractions import Fraction
from itertools import combinations

import pytest

from support.case_histories import history, plan
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import (
    NEVER_DIALED_CODES,
    InterviewProgress,
    code_case,
    code_interview,
    is_known_eligible,
    rank_code,
    validate_override,
)
from survey_cli.fieldwork.case.events import (
    CaseErased,
    CaseReturned,
    DoNotCallSet,
    InterviewOpened,
    LanguageSet,
    NumberAdded,
    NumberDialed,
    NumberFacts,
    OutcomeRecorded,
)
from survey_cli.fieldwork.rates.dispositions import (
    DISPOSITIONS,
    SampleFrame,
    UncountableCode,
    find_group,
)
from survey_cli.fieldwork.rates.rates import DispositionCounts, compute_rates, estimate_eligibility
from survey_cli.problems import UserError

LIST, RDD = plan(), plan("frame: rdd")
SCREENED = plan("frame: rdd, eligible_from: n")
LISTED_SCREENED = plan("eligible_from: n")


def test_the_founding_example() -> None:
    """Of 35 units with 30 completes, 3 unanswered and 2 disconnected, RR1 is 30/35 = 85.7 %, not 90.9."""
    cases = [
        *(history(f"c{n}").at("2026-11-23 10:00").call("complete", code="1.1") for n in range(30)),
        *(history(f"n{n}").at("2026-11-23 10:00").call("no_answer") for n in range(3)),
        *(history(f"d{n}").at("2026-11-23 10:00").call("disconnected") for n in range(2)),
    ]
    numbers: dict[str, int] = {}
    for case in cases:
        group = find_group(case.code(LIST), frame="list")
        assert not isinstance(group, UncountableCode)
        numbers[group] = numbers.get(group, 0) + 1
    counts = DispositionCounts.from_groups(numbers)
    found = compute_rates(counts, estimate_eligibility(counts, frame="list"))
    assert Fraction(30, 35) == found.RR1
    assert f"{float(found.RR1):.1%}" == "85.7%"


# --- the table, read row by row as it was written down


@pytest.mark.parametrize(
    ("outcome", "rdd", "listed"),
    [
        ("no_answer", "3.13", "2.20"),
        ("busy", "3.12", "2.20"),
        ("machine", "3.14", "2.222"),
        ("machine_left", "3.14", "2.221"),
        ("blocked", "3.15", "3.15"),
        ("technical", "3.16", "3.16"),
        ("no_service", "4.33", "3.16"),
        ("fax", "4.20", "3.90"),
        ("disconnected", "4.32", "3.90"),
        ("changed", "4.41", "3.90"),
        ("hangup_intro", "3.21", "2.111"),
        ("callback", "3.21", "2.21"),
        ("appointment", "3.21", "2.21"),
        ("refusal_household_soft", "2.111", "2.111"),
        ("refusal_household_hard", "2.111", "2.111"),
        ("refusal_soft", "2.112", "2.112"),
        ("refusal_hard", "2.112", "2.112"),
        ("never_call", "2.112", "2.112"),
        ("language", "2.33", "2.33"),
        ("unable", "2.32", "2.32"),
        ("dead", "2.31", "2.31"),
        ("away", "2.21", "2.21"),
        ("wrong_number", "3.90", "3.90"),
        ("business", "4.51", "3.90"),
        ("not_eligible", "4.70", "4.70"),
        ("quota_full", "4.80", "4.80"),
        ("supervisor", "3.21", "2.36"),
        ("break_off", "2.12", "2.12"),
        ("withdrawn", "2.112", "2.112"),
        ("complete", "1.1", "1.1"),
    ],
)
def test_one_call_alone(outcome: str, rdd: str, listed: str) -> None:
    told = history().at("2026-11-23 10:00").call(outcome)
    assert (told.code(RDD), told.code(LIST)) == (rdd, listed)
    assert {rdd, listed} <= DISPOSITIONS.keys()


def test_a_case_that_nobody_dialled() -> None:
    assert {
        frame: code_case(Case(key="x"), plan(f"frame: {frame}")).code
        for frame in NEVER_DIALED_CODES
    } == {
        "list": "2.20",
        "establishment": "2.20",
        "rdd": "3.11",
    }


# --- precedence

ORDER = [
    ("complete", "1.1"),
    ("break_off", "1.2"),
    ("not_eligible", "4.70"),
    ("refusal_soft", "2.112"),
    ("break_off", "2.12"),
    ("refusal_household_soft", "2.111"),
    ("unable", "2.32"),
    ("away", "2.21"),
    ("callback", "3.21"),
    ("blocked", "3.15"),
]


@pytest.mark.parametrize(("better", "worse"), combinations(ORDER, 2))
def test_the_precedence_holds_in_either_order(
    better: tuple[str, str], worse: tuple[str, str]
) -> None:
    begun = history().at("2026-11-23 10:00")
    for first, then in ((better, worse), (worse, better)):
        told = begun.call(*first[:1], **_own(*first)).later(days=1).call(*then[:1], **_own(*then))
        assert told.code(RDD) == better[1]


def _own(outcome: str, code: str) -> dict[str, str]:
    return {"code": code} if outcome == "break_off" else {}


def test_of_equal_codes_the_latest_gives_it() -> None:
    told = history().at("2026-11-23 10:00").call("unable").later(days=1).call("language")
    assert told.coded(LIST)[:3] == ("2.33", "language", told.now)
    turned = history().at("2026-11-23 10:00").call("language").later(days=1).call("unable")
    assert turned.coded(LIST)[:2] == ("2.32", "unable")


def test_a_supervisors_final_code_is_before_a_complete() -> None:
    told = history().at("2026-11-23 10:00").call("complete", code="1.1").corrected("not_eligible")
    assert told.coded(LIST)[:2] == ("4.70", "not_eligible")
    assert told.coded(LIST).by == "sam"


def test_a_code_of_the_supervisors_own() -> None:
    told = history().at("2026-11-23 10:00").call("refusal_hard").corrected("not_eligible", "4.10")
    assert told.code() == "4.10"
    assert history().corrected("", "4.10").code() == "4.10"


def test_a_recording_is_not_told_by_a_person() -> None:
    """4.3x after a talk with a household that may belong: the talk is known, the tone is not."""
    known = (
        history()
        .at("2026-11-23 10:00")
        .call("callback", person=True)
        .later(days=1)
        .call("disconnected")
    )
    assert known.code(RDD) == "2.21"
    unknown = history().at("2026-11-23 10:00").call("callback").later(days=1).call("disconnected")
    assert unknown.code(RDD) == "4.32"


def test_a_later_no_answer_takes_nothing_away() -> None:
    for outcome, more in (
        ("refusal_soft", {}),
        ("not_eligible", {}),
        ("callback", {"eligible": True}),
    ):
        before = history().at("2026-11-23 10:00").call(outcome, **more)
        after = before.later(days=1).call("no_answer").later(days=1).call("no_answer")
        assert rank_code(after.code(RDD)) == rank_code(before.code(RDD)), outcome
        assert find_group(after.code(RDD)) == find_group(before.code(RDD)), outcome


# --- eligibility


def test_refusing_before_the_screening_is_no_refusal() -> None:
    refused = history().at("2026-11-23 10:00").call("refusal_soft")
    assert refused.code(SCREENED) == "3.21"
    knowing = history().at("2026-11-23 10:00").call("refusal_soft", eligible=True)
    assert (knowing.code(SCREENED), knowing.code(LISTED_SCREENED)) == ("2.112", "2.112")


@pytest.mark.parametrize("frame", ["list", "establishment"])
@pytest.mark.parametrize(
    "first", ["no_answer", "machine", "machine_left", "busy", "callback", "blocked"]
)
def test_a_known_unit_that_refuses_is_a_refusal_whatever_was_screened(
    frame: str, first: str
) -> None:
    """`[no_answer, refusal_hard]` counted as a non-contact, and a refusal alone as unknown: REF1 was 0.8 % for 7.5."""
    study = plan(f"frame: {frame}, eligible_from: n")
    tried = history().at("2026-11-23 10:00").call(first).later(days=2)
    assert tried.call("refusal_hard").code(study) == "2.112"
    assert tried.call("refusal_household_hard").code(study) == "2.111"
    assert tried.call("hangup_intro").code(study) == "2.111"
    assert tried.call("break_off").code(study) == "2.12"


def test_a_break_off_stored_as_unscreened_is_one_where_every_unit_is_known() -> None:
    """Earlier releases wrote 3.21 with the call."""
    told = history().at("2026-11-23 10:00").call("break_off", code="3.21")
    assert (told.code(LISTED_SCREENED), told.code(SCREENED)) == ("2.12", "3.21")
    assert told.later(days=8).call("callback", eligible=True).code(SCREENED) == "2.12"


def test_a_callback_to_a_person_who_was_not_screened_takes_no_refusals_place() -> None:
    """Both say that nobody was screened; 2.21 would make the case a non-contact."""
    told = history().at("2026-11-23 10:00").call("callback", person=True)
    assert told.code(SCREENED) == "3.21"
    refused = told.later(days=2).call("refusal_hard")
    assert refused.coded(SCREENED)[:2] == ("3.21", "refusal_hard")


def test_whoever_hangs_up_at_once_is_no_household_until_somebody_talks() -> None:
    hung_up = history().at("2026-11-23 10:00").call("hangup_intro")
    assert hung_up.later(days=4).call("no_answer").code(RDD) == "3.21"
    assert hung_up.later(days=4).call("machine").code(RDD) == "3.21"
    assert hung_up.later(days=4).call("callback").code(RDD) == "2.111"


def test_a_hangup_is_a_refusal_where_an_interview_waits_to_be_resumed() -> None:
    """Opening the questionnaire shows nothing yet: its first item may be the introduction."""
    claimed = history(numbers=2).at("2026-11-23 10:00").claim()
    opened = claimed.then(NumberDialed(1), InterviewOpened("i1"))
    assert opened.then(OutcomeRecorded("hangup_intro", 1)).close().code(RDD) == "3.21"
    business = opened.then(OutcomeRecorded("business", 1)).close().later(days=1)
    assert business.call("hangup_intro", 2).code(RDD) == "3.21"
    lost = claimed.then(InterviewOpened("i1"), CaseReturned("lapsed")).later(days=1)
    assert (lost.code(RDD), lost.call("hangup_intro").code(RDD)) == ("2.21", "2.111")
    fault = opened.then(OutcomeRecorded("technical", 1, interrupted=True)).close().later(days=1)
    assert (fault.code(RDD), fault.call("hangup_intro").code(RDD)) == ("2.21", "2.111")


def test_an_unanswered_listed_unit_is_no_contact_screening_or_not() -> None:
    """In a list frame the frame decides, whatever the questionnaire asks first."""
    told = history().at("2026-11-23 10:00").call("no_answer")
    assert told.code(LISTED_SCREENED) == "2.20"


def test_what_is_learnt_later_holds_for_what_was_said_before() -> None:
    told = history().at("2026-11-23 10:00").call("refusal_household_soft")
    assert told.code(SCREENED) == "3.21"
    assert told.later(days=8).call("callback", eligible=True).code(SCREENED) == "2.111"


def test_a_household_contact_makes_a_no_answer_a_non_contact() -> None:
    talked = history().at("2026-11-23 10:00").call("callback").later(days=1)
    assert talked.call("no_answer").code(RDD) == "2.20"
    assert talked.call("machine").code(RDD) == "2.222"
    assert talked.call("machine_left").code(RDD) == "2.221"
    assert talked.call("no_answer").code(SCREENED) == "3.21"  # who lives there may not belong
    before = history().at("2026-11-23 10:00").call("no_answer").later(days=1).call("callback")
    assert before.code(RDD) == "3.21"  # it is the talk that is the latest word
    wrong = history(numbers=2).at("2026-11-23 10:00").call("wrong_number", 1).later(days=1)
    assert wrong.call("no_answer", 2).code(RDD) == "3.13"  # another household


def test_away_and_callback_are_known_once_the_person_is() -> None:
    assert history().at("2026-11-23 10:00").call("callback", person=True).code(RDD) == "2.21"
    assert history().at("2026-11-23 10:00").call("callback").code(RDD) == "3.21"
    assert history().at("2026-11-23 10:00").call("away").code(SCREENED) == "3.21"
    assert history().at("2026-11-23 10:00").call("away", person=True).code(SCREENED) == "3.21"
    screened = history().at("2026-11-23 10:00").call("away", person=True, eligible=True)
    assert screened.code(SCREENED) == "2.21"


def test_a_hang_up_by_an_eligible_household_is_its_refusal() -> None:
    assert (
        history().at("2026-11-23 10:00").call("hangup_intro", eligible=True).code(SCREENED)
        == "2.111"
    )


# --- numbers


def test_a_dead_number_is_the_cases_only_when_no_other_is_left() -> None:
    two = history(numbers=2).at("2026-11-23 10:00").call("disconnected", 1)
    assert (two.code(RDD), two.code(LIST)) == ("3.11", "2.20")
    both = two.later(days=1).call("fax", 2)
    assert (both.code(RDD), both.code(LIST)) == ("4.20", "3.90")
    given = both.then(NumberAdded(NumberFacts(3)))
    assert (given.code(RDD), given.code(LIST)) == ("3.11", "2.20")


def test_a_number_on_the_list_is_not_a_dead_one() -> None:
    """A prohibition tells nothing about the household: the case stays unknown, and in the denominator."""
    told = (
        history(numbers=2)
        .at("2026-11-23 10:00")
        .call("disconnected", 1)
        .later(days=1)
        .call("no_answer", 2)
    )
    assert told.then(DoNotCallSet("registry")).code(RDD) == told.code(RDD) == "3.13"
    dead = history(numbers=2).at("2026-11-23 10:00").call("disconnected", 1).call("disconnected", 2)
    assert dead.then(DoNotCallSet("registry")).code(RDD) == "4.32"


def test_always_busy_only_where_every_call_was() -> None:
    busy = history().at("2026-11-23 10:00").call("busy").later(days=1).call("busy")
    assert busy.code(RDD) == "3.12"
    assert busy.later(days=1).call("technical").code(RDD) == "3.16"
    assert busy.later(days=1).call("no_answer").code(RDD) == "3.13"


def test_out_of_service_only_where_it_always_was() -> None:
    """4.33 leaves the denominator: a number that once rang was in service in the field period."""
    gone = history().at("2026-11-23 10:00").call("no_service").later(days=3).call("no_service")
    assert gone.code(RDD) == "4.33"
    assert gone.later(days=3).call("no_answer").code(RDD) == "3.13"
    rang = history().at("2026-11-23 10:00").call("no_answer").later(days=1).call("no_service")
    assert find_group(rang.code(RDD)) == "UH"


# --- interviews


def test_an_interview_that_waits_is_no_break_off() -> None:
    told = history().at("2026-11-23 10:00")
    assert told.call("break_off", code="2.12", eligible=True).code(RDD) == "2.12"
    assert told.appointment("2026-11-24 10:00", code="2.12", interrupted=True).code(LIST) == "2.21"
    assert told.call("callback", code="2.12", interrupted=True).code(SCREENED) == "3.21"
    assert told.call("callback", code="1.2", interrupted=True).code(LIST) == "1.2"
    lost = told.claim().then(InterviewOpened("i1"), CaseReturned("lapsed"))
    assert (lost.code(LIST), lost.code(RDD), lost.code(SCREENED)) == ("2.21", "2.21", "3.21")


def test_consent_withdrawn_takes_the_interview_with_it() -> None:
    told = (
        history()
        .at("2026-11-23 10:00")
        .call("complete", code="1.1")
        .later(days=1)
        .rings_us("withdrawn")
    )
    assert told.code(LIST) == "2.112"


def test_complete_partial_break_off() -> None:
    study = plan("frame: rdd, complete_from: last, partial_from: kind, eligible_from: n")

    def of(*passed: str) -> str:
        return code_interview(InterviewProgress(passed_items=frozenset(passed)), study)

    assert [of("hello"), of("hello", "n"), of("hello", "n", "kind"), of("n", "kind", "last")] == [
        "3.21",
        "2.12",
        "1.2",
        "1.1",
    ]
    assert not is_known_eligible(InterviewProgress(passed_items=frozenset({"hello"})), study)
    assert is_known_eligible(InterviewProgress(), plan())
    assert is_known_eligible(InterviewProgress(), LISTED_SCREENED)


def test_a_share_of_the_items_asked() -> None:
    study = plan("complete_from: {answered: 80%}, partial_from: {answered: 50%}")
    shares = {
        n: code_interview(InterviewProgress(answer_count=n, question_count=10), study)
        for n in (0, 4, 5, 7, 8, 10)
    }
    assert shares == {0: "2.12", 4: "2.12", 5: "1.2", 7: "1.2", 8: "1.1", 10: "1.1"}
    assert code_interview(InterviewProgress(), study) == "2.12"  # nothing of nothing is not enough
    screened = plan("frame: rdd, partial_from: {answered: 50%}, eligible_from: last")
    assert code_interview(InterviewProgress(answer_count=9, question_count=10), screened) == "3.21"
    known = plan("partial_from: {answered: 50%}, eligible_from: last")
    assert code_interview(InterviewProgress(answer_count=9, question_count=10), known) == "1.2"


def test_without_a_point_every_interview_that_stops_is_a_break_off() -> None:
    assert (
        code_interview(
            InterviewProgress(passed_items=frozenset({"last"}), answer_count=4, question_count=4),
            plan(),
        )
        == "2.12"
    )


# --- supervisors, languages, the study's own outcomes, erasing


def test_pending_until_the_supervisor_answers() -> None:
    told = history().at("2026-11-23 10:00").call("supervisor")
    assert (told.code(LIST), told.code(RDD)) == ("2.36", "3.21")
    answered = told.advised()
    assert (answered.code(LIST), answered.code(RDD)) == ("2.21", "3.21")


def test_a_slip_that_was_corrected_leaves_no_trace_in_the_code() -> None:
    slip = (
        history().at("2026-11-23 10:00").call("refusal_soft").later(hours=1).corrected("callback")
    )
    assert slip.code() == "2.21"
    assert slip.later(days=2).call("no_answer").code() == "2.20"
    assert slip.case.calls[0].keyed_outcome == "refusal_soft"


def test_a_supervisors_word_before_any_call_is_kept_beside_later_ones() -> None:
    spoke = history().at("2026-11-23 10:00").corrected("callback")
    assert (spoke.code(RDD), spoke.standing().status) == ("3.21", "ready")
    assert spoke.later(days=1).call("no_answer").code(RDD) == "3.21"
    assert spoke.later(days=1).call("refusal_soft").code(RDD) == "2.112"


@pytest.mark.parametrize("frame", ["list", "establishment", "rdd"])
def test_a_language_problem_counts_alike_whoever_speaks_the_language(frame: SampleFrame) -> None:
    told = history().at("2026-11-23 10:00").call("language").then(LanguageSet("es"))
    assert told.code(LIST) == "2.33"
    assert {find_group(code, frame=frame) for code in ("2.33", "2.332", "2.333")} == {"O"}


def test_a_studys_own_outcomes_count_as_written() -> None:
    study = plan(
        "frame: rdd",
        "\noutcomes: {moved: {name: Moved away, like: not_eligible, code: 4.10},"
        " deaf: {name: Hard of hearing, code: 2.32, moment: after, temporary: false},"
        " engaged: {name: Engaged, like: busy}}",
    )
    told = history().at("2026-11-23 10:00")
    assert told.call("moved").code(study) == "4.10"
    assert told.call("deaf").code(study) == "2.32"
    engaged = told.call("engaged").later(days=1).call("busy")
    assert engaged.code(study) == "3.12"


def test_erasing_changes_no_code() -> None:
    told = (
        history(numbers=2)
        .at("2026-11-23 10:00")
        .call("disconnected", 1)
        .later(days=1)
        .call("no_answer", 2)
    )
    for study in (LIST, RDD):
        assert told.then(CaseErased("asked for")).code(study) == told.code(study)


@pytest.mark.parametrize(
    ("outcome", "code", "says"),
    [
        ("", "", "blank"),
        ("refusal_hrad", "", "refusal_hard"),
        ("complete", "", "none was started"),
        ("callback", "1.1", "none was started"),
        ("", "2.0", "heading"),
        ("", "9.99", "not an AAPOR code"),
        ("supervisor", "", "a supervisor's answer"),
        ("appointment", "", "no appointment"),
        ("business", "", "not possible"),
    ],
)
def test_rulings_that_are_refused(outcome: str, code: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        validate_override(history().case, LIST, outcome=outcome, code=code)
    assert says in str(caught.value)
    assert caught.value.where == "case unit 7"
    assert caught.value.remedy


def test_rulings_that_are_taken() -> None:
    case = history().at("2026-11-23 10:00").call("no_answer").case
    for outcome, code in (
        ("refusal_hard", ""),
        ("callback", ""),
        ("", "4.10"),
        ("not_eligible", "4.10"),
    ):
        assert validate_override(case, LIST, outcome=outcome, code=code) is None
    begun = history().claim().then(InterviewOpened("i1"), CaseReturned("lapsed")).case
    assert validate_override(begun, LIST, outcome="complete") is None
    promised = history().at("2026-11-23 10:00").appointment("2026-11-24 11:00").case
    assert validate_override(promised, LIST, outcome="appointment") is None
