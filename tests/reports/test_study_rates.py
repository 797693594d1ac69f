"""Rates of a study: case histories in a database, as of a date and time, against published and derived figures."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import postgres_server
from support.case_histories import History, history, moment, plan
from support.command_line import folder
from support.rates_both_ways import compare_rates
from support.stored_study import NOW, a_study, store_of
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseErased,
    CaseReleased,
    HistoryEntry,
    InterviewOpened,
    OutcomeOverridden,
)
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.fieldwork.rates.rates import DispositionCounts
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.disposition_counts import (
    DispositionOptions,
    count_dispositions,
    remove_sessions,
)
from survey_cli.reports.fieldwork.rates import (
    RateColumn,
    RateTable,
    describe_main_rates,
    format_rate,
)
from survey_cli.services.date_options import RequestedTime, parse_past_time, parse_start_time
from survey_cli.services.report.response_rates import RatesOptions, RatesReport, compute_study_rates
from survey_cli.services.run_on_study import Request
from survey_cli.store import InstrumentRow, InterviewRow
from survey_cli.store.cases.case_records import Lease
from survey_cli.store.interviews.records import InterviewOrigin
from survey_cli.study.open_study import open_study

__all__ = ["folder"]

DENVER = ZoneInfo("America/Denver")
DAY = "2026-11-23 10:00"


def units(*outcomes: str | None, first: int = 1, **sampled: Any) -> list[History]:
    """A unit for each outcome, called once; None was never called."""
    found = []
    for number, outcome in enumerate(outcomes, first):
        unit = history(f"unit {number:03}", **sampled).at(DAY)
        code = {"complete": "1.1", "break_off": "2.12"}.get(outcome or "", "")
        found.append(unit.call(outcome, code=code) if outcome else unit)
    return found


def rated(path: Any, *, now: datetime = NOW, **wish: Any) -> RateTable:
    made = compute_study_rates(Request(path=str(path), at=now), RatesOptions(**wish, zone=DENVER))
    assert isinstance(made, RatesReport), str(made)
    return made.table


def column(report: RateTable, by: str = "", frame: str = "") -> RateColumn:
    [found] = [c for c in report.columns if (c.frame, c.by) == (frame, by)]
    return found


def rate(of: RateColumn, name: str) -> Fraction | None:
    found: Fraction | None = getattr(of.rates, name)
    return found


def refused(path: Any, **wish: Any) -> str:
    with pytest.raises(UserError) as caught:
        compute_study_rates(Request(path=str(path), at=NOW), RatesOptions(**wish, zone=DENVER))
    made = caught.value
    return "\n".join(map(str, (*made.problems, made)))


# Published shape


def test_of_35_units_with_30_completes_the_response_rate_is_85_7() -> None:
    path = a_study(units(*["complete"] * 30, *["no_answer"] * 3, *["disconnected"] * 2))
    found = column(rated(path))
    assert format_rate(found.rates.RR1) == "85.7%"
    assert rate(found, "RR1") == Fraction(30, 35)
    assert found.counts == DispositionCounts(i=30, nc=3, uo=2)
    assert found.open_cases == 3  # a unit whose only number is dead is called no more


def test_a_case_never_dialled_stays_below_the_line() -> None:
    cases = units("complete", None, None, "refusal_hard")
    listed = column(rated(a_study(cases)))
    assert (listed.counts, listed.open_cases) == (DispositionCounts(i=1, r=1, nc=2), 2)


def test_of_random_digits_a_number_never_dialled_is_unknown_and_e_is_estimated() -> None:
    cases = units("complete", None, "not_eligible", "no_answer")
    report = rated(a_study(cases, fieldwork="frame: rdd, country: US"))
    found = column(report)
    assert found.counts == DispositionCounts(i=1, uh=2, ne=1)
    assert found.e is not None
    assert found.e.uh.value == Fraction(1, 2)
    assert rate(found, "RR3") == Fraction(1, 2)
    assert any("estimated by proportional allocation" in note for note in report.notes)


SCREENED = "frame: rdd, country: US, eligible_from: n"


def test_a_refusal_after_the_screening_stays_when_the_number_is_disconnected_later() -> None:
    talks = history("a").at(DAY).call("refusal_soft", eligible=True, person=True)
    cases = [talks.later(days=8).call("disconnected"), *units("complete")]
    found = column(rated(a_study(cases, fieldwork=SCREENED)))
    assert found.counts == DispositionCounts(i=1, r=1)
    assert rate(found, "RR1") == Fraction(1, 2)


def test_what_a_full_quota_does_to_e_is_said() -> None:
    """Those turned away lowered e from 0.49 to 0.29, and nothing said so."""
    away = [
        history(f"q{n}").at(DAY).call("quota_full", eligible=True, person=True) for n in range(2)
    ]
    path = a_study([*away, *units("complete", "not_eligible")], fieldwork=SCREENED)
    report = rated(path)
    found = column(report)
    assert found.e is not None
    assert found.e.uo.value == Fraction(1, 4)
    assert (
        "e: 2 eligible respondents were turned away by a full quota and count as not eligible (4.80), as in AAPOR’s "
        "Table 1; counted as eligible, e would be 0.7500. --e sets it"
    ) in report.notes
    given = rated(path, e="0.5")
    assert not any("full quota" in note for note in given.notes)


def test_refusals_before_the_screening_are_counted_beside_the_rates() -> None:
    refused = history("r").at(DAY).call("hangup_intro")
    again = history("s").at(DAY).call("refusal_household_soft").later(hours=4).call("no_answer")
    talked = history("t").at(DAY).call("callback")
    path = a_study([refused, again, talked, *units("complete")], fieldwork=SCREENED)
    text = (
        "3 conversations ended before the screening (3.21), 2 of them by a refusal: as eligibility is not known, "
        "they are no refusals in COOP and REF, and count as unknown"
    )
    for wish in ({}, {"as_of": "2026-11-23"}):
        report = rated(path, now=NOW, **wish)
        found = column(report)
        assert (found.counts.r, found.counts.uo, found.unscreened, found.unscreened_refusals) == (
            0,
            3,
            3,
            2,
        )
        assert text in report.notes
    assert describe_main_rates([found])[1] == (
        "3 conversations before the screening (3.21): not in COOP1 and REF1"
    )


# While cases are open


def test_open_appointments_are_no_refusals() -> None:
    promised = [
        history(f"promised {n}")
        .at(DAY)
        .appointment("2026-11-25 10:00", code="2.12", interrupted=True)
        for n in range(8)
    ]
    found = column(rated(a_study([*promised, *units("complete", "refusal_hard")])))
    assert found.counts == DispositionCounts(i=1, r=1, nc=8)
    assert (found.rates.REF1, found.open_cases) == (Fraction(1, 10), 8)


def test_finished_cases_alone_leave_the_open_ones_out_and_say_so() -> None:
    path = a_study(units("complete", "refusal_hard", "refusal_soft", "no_answer", None))
    report = rated(path, finalized=True)
    assert column(report).counts == DispositionCounts(i=1, r=1)
    assert "only finished cases: 3 cases that are open are left out" in report.notes
    assert "3 cases are open" in " ".join(rated(path).notes)
    assert column(rated(path)).counts == DispositionCounts(i=1, r=2, nc=2)


def test_cases_that_are_not_released_are_no_part_of_the_sample() -> None:
    report = rated(a_study([*units("complete"), *units(None, None, first=2, replicate="2")]))
    assert column(report).counts == DispositionCounts(i=1)
    assert any("2 cases whose replicate is not released" in note for note in report.notes)


def test_cases_never_called_stand_by_their_own_zone_and_replicate() -> None:
    # in Auckland the study's last day is over, in Denver it is noon
    there = [history(f"there {n}", zone="Pacific/Auckland") for n in range(2)]
    here = [history(f"here {n}") for n in range(3)]
    later = [
        history("later", replicate="2"),
        history("later still", replicate="2").then(CaseReleased()),
    ]
    report = rated(a_study([*there, *here, *later], fieldwork="ends: 2026-11-24"))
    assert (column(report).counts, column(report).open_cases) == (DispositionCounts(nc=6), 4)


def test_an_erased_case_counts_as_it_did() -> None:
    cases = units("complete", "refusal_hard")
    before = column(rated(a_study(cases)))
    path = a_study(
        [h.then(CaseErased("asked")) for h in units("complete", "refusal_hard", first=11)]
    )
    both = column(rated(path))  # the same database: the two and two that were erased
    assert before.counts == DispositionCounts(i=1, r=1)
    assert both.counts == DispositionCounts(i=2, r=2)


# As of another moment


def test_rates_as_of_two_dates_are_those_of_what_had_happened_by_then() -> None:
    cases = [
        history("a")
        .at("2026-11-17 10:00")
        .call("no_answer")
        .at("2026-11-19 10:00")
        .call("complete", code="1.1"),
        history("b")
        .at("2026-11-17 23:59")
        .call("refusal_soft")
        .at("2026-11-20 10:00")
        .call("complete", code="1.1"),
        history("c").at("2026-11-18 00:00").call("refusal_hard"),
    ]
    path = a_study(cases)
    first = rated(path, as_of="2026-11-17")
    assert column(first).counts == DispositionCounts(r=1, nc=2)
    assert column(first).open_cases == 3
    assert "as of the end of Tue 17 Nov 2026 (MST, UTC-07:00)" in first.title
    assert "had ended then: 3 cases were open" in " ".join(first.notes)
    assert column(rated(path, as_of="2026-11-18")).counts == DispositionCounts(r=2, nc=1)
    assert column(rated(path, as_of="2026-11-19 10:00")).counts == DispositionCounts(i=1, r=2)
    assert column(rated(path, as_of="2026-11-19T09:59-07:00")).counts == DispositionCounts(
        r=2, nc=1
    )
    assert column(rated(path)).counts == DispositionCounts(i=2, r=1)


def test_a_correction_counts_from_when_it_was_made() -> None:
    case = (
        history("a")
        .at("2026-11-17 10:00")
        .call("refusal_hard")
        .at("2026-11-20 10:00")
        .corrected("not_eligible")
    )
    path = a_study([case])
    assert column(rated(path, as_of="2026-11-19")).counts == DispositionCounts(r=1)
    assert column(rated(path)).counts == DispositionCounts(ne=1)


def test_before_the_sample_came_there_are_no_rates() -> None:
    assert "no case had been released by then" in refused(
        a_study(units("complete")), as_of="2026-01-01"
    )


def test_a_moment_is_read_on_the_clock_of_whoever_asks() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def read(text: str, zone: str) -> RequestedTime:
        found = parse_past_time(text, now, ZoneInfo(zone), option="--as-of")
        assert isinstance(found, RequestedTime)
        return found

    assert read("2026-11-20", "Asia/Tokyo").at == datetime(
        2026, 11, 20, 14, 59, 59, 999999, tzinfo=UTC
    )
    assert read("2026-11-24", "Asia/Tokyo") == (
        now,
        "Tue 24 Nov 2026 21:00 (JST, UTC+09:00)",
        False,
    )
    assert read("2026-11-20 08:30", "UTC").text == "Fri 20 Nov 2026 08:30 (UTC)"
    # the day the clock goes back has 25 hours, all of them its own
    assert read("2026-11-01", "America/Denver").at.hour == 6
    first = parse_start_time("2026-11-20", now, ZoneInfo("America/Denver"), option="--since")
    assert isinstance(first, RequestedTime)
    assert (first.at.day, first.at.hour) == (20, 7)
    with pytest.raises(UserError, match="--since: 2026-11-26 is in the future"):
        parse_start_time("2026-11-26", now, ZoneInfo("UTC"), option="--since")
    for wrong in ("2026-11-25", "tomorrow", "2026-13-01", "2026-11-24 23:00", "", "9999-12-31"):
        with pytest.raises(UserError):
            parse_past_time(wrong, now, ZoneInfo("UTC"), option="--as-of")


# By a column, by frames, with weights


def test_parts_by_a_column_add_up_to_the_whole_and_use_the_frames_e() -> None:
    ones = units("complete", "not_eligible", "no_answer", columns={"kind": 1})
    twos = units(
        "complete", "complete", "no_answer", "not_eligible", None, first=11, columns={"kind": 2}
    )
    none = units("no_answer", first=21)
    report = rated(a_study([*ones, *twos, *none], fieldwork="frame: rdd, country: US"), by="kind")
    assert [c.by for c in report.columns] == ["District", "Sector", "no value", ""]
    whole = column(report)
    parts = [c for c in report.columns if c.by]
    assert sum((c.counts for c in parts if c.counts), DispositionCounts()) == whole.counts
    assert sum(c.open_cases or 0 for c in parts) == whole.open_cases == 4
    assert {c.e for c in parts} == {whole.e}
    assert whole.e is not None
    assert whole.e.uh.value == Fraction(3, 5)
    assert "4 cases are open" in " ".join(
        report.notes
    )  # not once for the parts and once for the whole


def test_what_cannot_divide_the_cases_is_refused_with_what_can() -> None:
    path = a_study(units("complete"))
    assert "did you mean 'region'" in refused(path, by="regoin")
    assert "personal" in refused(path, by="name")
    assert "identifies cases" in refused(path, by="unit")
    many = a_study(
        [history(f"m{n}", columns={"region": f"r{n}"}) for n in range(61)], now=NOW
    )  # the same database
    assert "at most 60" in refused(many, by="region")


def test_weights_are_added_up_exactly_and_cases_without_one_count_as_one() -> None:
    cases = [
        *units(*["complete"] * 3, weight="0.1"),
        *units("no_answer", first=11, weight="0.3"),
        *units("refusal_hard", first=21),
    ]
    path = a_study(cases)
    report = rated(path, weighted=True)
    assert column(report).counts == DispositionCounts(i=Fraction(3, 10), nc=Fraction(3, 10), r=1)
    assert rate(column(report), "RR1") == Fraction(3, 16)
    assert rate(column(rated(path)), "RR1") == Fraction(3, 5)
    assert any("base weights (weight) of 5 cases" in note for note in report.notes)


def test_frames_are_never_added_up_and_a_composite_is_made_by_their_weights() -> None:
    land = units("complete", "no_answer", "not_eligible", frame="landline")
    cell = units("complete", "complete", "refusal_hard", first=11, frame="mobile")
    path = a_study([*land, *cell], fieldwork="frame: rdd, country: US")
    report = rated(path)
    assert [c.frame for c in report.columns] == ["landline", "mobile"]
    both = rated(path, composite="landline=0.5,mobile=0.5")
    assert rate(column(both, frame="composite"), "RR1") == Fraction(1, 2) * (
        Fraction(1, 2) + Fraction(2, 3)
    )
    assert column(both, frame="composite").counts is None
    assert "no frame 'mobil'" in refused(path, e="mobil=0.3")


# What else must be said, or must not count


def test_with_quotas_it_is_no_probability_sample() -> None:
    quota = "quotas:\n- {id: sectors, where: kind == 2, target: 14}\n"
    assert rated(a_study(units("complete"), more=quota)).heading.startswith(
        "not a probability sample"
    )
    assert rated(a_study(units("complete", first=2))).heading == ""


def test_practice_and_invented_interviews_do_not_count_nor_do_their_calls() -> None:
    def interviewed(key: str, interview: str) -> History:
        unit = history(key).at(DAY).claim().then(InterviewOpened(interview))
        return unit.dial("complete", code="1.1").close()

    path = a_study(
        [interviewed("a", "real 1"), interviewed("b", "trial 1"), interviewed("c", "made up")]
    )
    with store_of(path) as store:
        store.data.add_instrument(
            InstrumentRow(
                hash="c0", id="study", version="", title="", texts={}, variables=(), kept_at=NOW
            )
        )
        begun = history("x").entries[0]
        conducted: tuple[tuple[str, str, InterviewOrigin], ...]
        conducted = (
            ("a", "real 1", "real"),
            ("b", "trial 1", "practice"),
            ("c", "made up", "simulated"),
        )
        for key, id, origin in conducted:
            row = InterviewRow(
                id=id,
                case=key,
                instrument="c0",
                began_at=NOW,
                by="pat",
                updated_at=NOW,
                origin=origin,
            )
            _start(store, row, begun)
    report = rated(path)
    assert column(report).counts == DispositionCounts(i=1, nc=2)
    assert any(
        "2 practice or simulated interviews and their calls are not counted" in note
        for note in report.notes
    )
    assert column(rated(path, all_origins=True)).counts == DispositionCounts(i=3)


def _start(store: Any, row: InterviewRow, begun: HistoryEntry) -> None:
    from survey_cli.engine.events import EventStamp, InterviewStarted, SessionContext

    first = InterviewStarted(
        EventStamp(begun.at, "pat", "s1"),
        "c0",
        7,
        row.case,
        begun.at.date(),
        SessionContext("pat", "morning", "en"),
    )
    assert store.interviews.start(row, first) is None


def test_what_comes_between_two_sittings_stays_when_one_is_left_out() -> None:
    told = history("a").at(DAY).call("no_answer").at("11:00").claim().then(InterviewOpened("trial"))
    told = told.dial("complete", code="1.1").close().at("12:00").corrected("callback").call("busy")
    left = remove_sessions(told.entries, {"trial"})
    assert [type(e.event) for e in left].count(InterviewOpened) == 0
    assert [e.event for e in left if isinstance(e.event, OutcomeOverridden)] == [
        OutcomeOverridden("callback")
    ]
    assert (
        [type(e.event) for e in left].count(CaseClaimed)
        == [type(e.event) for e in left].count(AttemptClosed)
        == 2
    )
    assert remove_sessions(told.entries, ()) == list(told.entries)


def test_a_studys_own_outcome_counts_by_its_code_or_else_as_what_it_is_like() -> None:
    own = """outcomes:
  boss_refuses: {name: The boss refuses, like: refusal_hard, code: "2.111"}
  plain: {name: Refuses in other words, like: refusal_hard}
"""
    path = a_study(units("boss_refuses", "plain", "complete"), more=own)
    assert column(rated(path)).counts == DispositionCounts(i=1, r=2)


def test_a_code_that_no_group_counts_stops_the_report_and_names_the_case() -> None:
    path = a_study([history("unit 9").at(DAY).call("refusal_hard").corrected("", "3.0")])
    with pytest.raises(UserError) as caught:
        compute_study_rates(Request(path=str(path), at=NOW), RatesOptions(zone=DENVER))
    made = caught.value
    assert [p.who for p in made.problems] == ["case unit 9"]
    assert "no rates: 1 case has a code that belongs to no group" in str(made)


OUTCOMES = ("no_answer", "busy", "machine", "callback", "refusal_soft", "refusal_hard", "not_eligible", "complete",
            "disconnected", "away", "unable")  # fmt: skip


@given(
    st.lists(st.lists(st.sampled_from(OUTCOMES), max_size=4), min_size=1, max_size=12),
    st.integers(0, 4),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_replaying_to_a_moment_equals_never_having_seen_what_came_later(
    calls: Any, until: int
) -> None:
    cases = []
    for number, outcomes in enumerate(calls):
        zone, numbers = ((DENVER.key, 1), ("", 1), (DENVER.key, 0))[number % 3]
        unit = history(f"u{number}", columns={"kind": number % 3}, zone=zone, numbers=numbers)
        for day, outcome in enumerate(outcomes):
            unit = unit.at(f"2026-11-{17 + day} 10:00").call(
                outcome, code="1.1" if outcome == "complete" else ""
            )
        cases.append(unit)
    at = moment(f"2026-11-{16 + until} 23:00")
    wanted = DispositionOptions(at=at, by="kind")
    seen = [(h.key, [e for e in h.entries if e.at <= at]) for h in cases]
    found = count_dispositions(seen, plan(), wanted)
    whole = found.frames[0]
    assert sum((part.counts for part in found.parts), DispositionCounts()) == whole.counts
    assert whole.counts.sum_groups() == whole.cases == len(cases)
    own = Counter(h.code() for h in cases)
    now = count_dispositions(
        ((h.key, h.entries) for h in cases), plan(), DispositionOptions(at=NOW)
    ).frames[0]
    assert now.counts.i == own["1.1"]
    assert now.counts.sum_groups() == len(cases)
    assert now.open_cases == sum(schedule_case(h.case, plan(), NOW).status != "done" for h in cases)


# Computed once more, by somebody who has the exported tables alone

REFUSED = {
    "refusal_soft", "refusal_hard", "refusal_household_soft", "refusal_household_hard", "hangup_intro",
    "never_call", "break_off",
}  # fmt: skip
TALKED = {"callback", "appointment", "away"}
RANG_OUT = {"no_answer", "busy", "machine", "machine_left"}
CALLED = [
    *RANG_OUT, *TALKED, *REFUSED, "complete", "complete", "unable", "language", "not_eligible", "disconnected",
    "blocked", "technical", "no_service",
]  # fmt: skip


def _group(calls: list[dict[str, str]], *, known: bool) -> str:
    """The group of a case with one number, from its exported calls; `known`: the frame lists eligible units."""
    came = {call["outcome"] for call in calls}
    eligible = known or any(call["eligible"] == "1" for call in calls)
    dead = "disconnected" in came or (not known and came == {"no_service"})
    if any(call["interview_code"] == "1.1" for call in calls):
        return "I"
    if "not_eligible" in came:
        return "NE"
    for outcomes, group in (
        (REFUSED, "R"),
        ({"unable", "language"}, "O"),
        (TALKED, "NC"),
        (RANG_OUT, "NC"),
    ):
        if came & outcomes and eligible:
            return group
    if dead and not known:
        return "NE"
    if not came:
        return "NC" if known else "UH"
    if came & (REFUSED | TALKED | {"unable", "language"}):
        return "UO"
    return "UO" if dead else "UH"


@pytest.mark.parametrize(
    "fieldwork",
    [
        "frame: list",
        "frame: establishment",
        *(f"frame: {f}, eligible_from: n" for f in ("list", "establishment", "rdd")),
    ],
)
def test_the_rates_are_those_that_the_exported_calls_give(
    fieldwork: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known, dice = "rdd" not in fieldwork, Random(fieldwork)
    cases = []
    for number in range(120):
        case = history(f"unit {number:03}").at(DAY)
        for outcome in dice.choices(CALLED, k=dice.randrange(5)):
            code = "1.1" if outcome == "complete" else ""
            eligible = outcome == "complete" or (outcome not in RANG_OUT and dice.random() < 0.4)
            case = case.later(hours=5).call(outcome, code=code, eligible=eligible)
            if outcome in ("complete", "not_eligible", "disconnected", "never_call"):
                break
        cases.append(case)
    path = a_study(cases, fieldwork=f"country: US, {fieldwork}")
    rows: dict[str, list[dict[str, str]]] = {}
    for what in ("cases", "calls"):
        assert run_command(["export", str(path), "--what", what, "-o", f"{what}.csv"]) == 0
        with Path(f"{what}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows[what] = list(csv.DictReader(file))
    mine = {
        case["case"]: _group([c for c in rows["calls"] if c["case"] == case["case"]], known=known)
        for case in rows["cases"]
    }
    assert mine == {case["case"]: case["case_group"] for case in rows["cases"]}
    n = Counter(
        dict.fromkeys(("I", "P", "R", "NC", "O", "UH", "UO", "NE"), 0) | Counter(mine.values())
    )
    assert n["R"] > 20
    eligible, unknown = n["I"] + n["P"] + n["R"] + n["NC"] + n["O"], n["UH"] + n["UO"]
    e = Fraction(1) if known else Fraction(eligible, eligible + n["NE"])
    capsys.readouterr()
    assert run_command(["rates", str(path), "--format", "json"]) == 0
    exact = json.loads(capsys.readouterr().out)["columns"][0]["exact"]
    for name, rate_ in {
        "RR1": Fraction(n["I"], eligible + unknown),
        "RR3": n["I"] / (eligible + e * unknown),
        "COOP1": Fraction(n["I"], n["I"] + n["P"] + n["R"] + n["O"]),
        "COOP3": Fraction(n["I"], n["I"] + n["P"] + n["R"]),
        "REF1": Fraction(n["R"], eligible + unknown),
        "REF2": n["R"] / (eligible + e * unknown),
        "CON1": Fraction(n["I"] + n["P"] + n["R"] + n["O"], eligible + unknown),
        "CON3": Fraction(n["I"] + n["P"] + n["R"] + n["O"], eligible),
    }.items():
        assert Fraction(exact[name]) == rate_, name


# The command


@pytest.mark.parametrize("kept", ["file", "server"])
def test_a_file_and_a_server_give_the_same_rates(kept: str) -> None:
    where = postgres_server.create_address() if kept == "server" else None
    cases = [
        *units("complete", "no_answer", None, columns={"kind": 1}),
        *units("refusal_hard", first=11),
    ]
    path = a_study(cases, where=where)
    options = RatesOptions(by="kind", as_of="2026-11-23", zone=DENVER)
    made = compute_study_rates(Request(path=str(path), at=NOW, db=where), options)
    assert isinstance(made, RatesReport), str(made)
    assert column(made.table).counts == DispositionCounts(i=1, r=1, nc=2)
    assert column(made.table, "District").counts == DispositionCounts(i=1, nc=2)
    with open_study(path, db=where) as study:
        claim = Lease("token", "pat", "s1", NOW + timedelta(minutes=20))
        assert study.store.cases.claim_case("unit 003", claim, NOW) is not None
        now = compare_rates(study, NOW)
        assert now is not None
        assert (column(now).counts, column(now).open_cases) == (
            DispositionCounts(i=1, r=1, nc=2),
            2,
        )


def test_the_command_prints_counts_rates_and_what_is_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = a_study(units(*["complete"] * 30, *["no_answer"] * 3, *["disconnected"] * 2))
    assert run_command(["rates", str(path)]) == 0
    shown = capsys.readouterr().out
    assert [
        line.split()[-1]
        for line in shown.splitlines()
        if line.startswith(("cases", "open", "RR1  "))
    ] == [
        "35",
        "3",
        "85.7%",
    ]
    assert shown.startswith("study (frame: list of people), as of ")
    assert max(map(len, shown.splitlines())) <= 80
    assert (
        run_command(["rates", str(path), "--format", "json", "--as-of", "2026-11-23T23:00-07:00"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["columns"][0]["exact"]["RR1"] == "6/7"
    assert told["columns"][0]["open"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["study.yaml", "--counts", "x.csv"], "two sources of cases — give one of them"),
        ([], "the questionnaire is missing — survey rates study.yaml"),
        (["study.yaml", "--frame", "rdd"], "an instrument defines its own"),
        (["--counts", "x.csv", "--by", "kind"], "are only for an instrument's cases"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["rates", *arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_study_without_cases_is_told_how_to_get_some(capsys: pytest.CaptureFixture[str]) -> None:
    path = a_study()
    assert run_command(["rates", str(path)]) == 1
    assert "no case has been released yet" in capsys.readouterr().err


def test_codes_of_an_earlier_release_are_derived_anew_when_the_study_is_opened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A final refusal was kept as a non-contact in such a study; the database is right as soon as it is used."""
    told = history("unit 1").at(DAY).call("no_answer").later(days=1).call("refusal_hard")
    path = a_study([told], fieldwork="frame: list, country: US, eligible_from: n")
    with store_of(path) as store:
        row = store.cases.queries.find_row("unit 1")
        assert row is not None
        wrong = schedule_case(told.case, plan(), NOW)._replace(code="2.20")
        assert store.cases.update_queue_positions([("unit 1", row.seq, wrong)]) == 1
        store.settings.write("plan", "the mark of an earlier release")
    run_command(["db", "verify", str(path)])
    said = capsys.readouterr()
    assert "unit 1" not in said.out, "what another release derived is no damage"
    assert "the fieldwork rules have changed" in said.err
    assert run_command(["status", str(path)]) == 0
    capsys.readouterr()
    run_command(["db", "verify", str(path)])
    said = capsys.readouterr()
    assert "unit 1" not in said.out
    assert "the fieldwork rules have changed" not in said.err
    with store_of(path) as store:
        row = store.cases.queries.find_row("unit 1")
        assert row is not None
        assert row.position.code == "2.112"
