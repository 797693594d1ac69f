"""Quality of interviewing: the arithmetic against enumeration, the indicators, planted falsifiers, the draw."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from benchmarks import quality as invented
from survey_cli.engine import events as ev
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.reports.quality.comparison import (
    Indicator,
    IndicatorResult,
    InterviewerComparison,
    compute_draw_moments,
)
from survey_cli.reports.quality.indicators import (
    INDICATORS,
    AnswerLayout,
    EarlierInterviews,
    EarlierVerbatims,
    count_events,
)
from survey_cli.reports.quality.quality_report import describe_flag, list_cells
from survey_cli.services.cases.review import compute_detection, draw_for_review
from survey_cli.table.columns import build_columns
from survey_cli.values import Place

STUDY = """\
instrument: q
title: Q
items:
  - {id: hello, type: read, text: one two three four five six seven eight nine}
  - {id: b, type: battery, from: 1, to: 5, statements: {s1: First, s2: Second, s3: Third}}
  - id: c
    type: scale
    text: And?
    options: {1: Bad, 2: So, 3: Good, 4: {text: Depends, missing: true}}
  - {id: d, type: single, text: Which?, options: {1: A, 2: B}}
  - id: n
    type: number
    text: How many?
    max: 99
    checks: {expect: n < 50, say: Many., soft: true}
    confirm: {if: n > 20, text: Sure?}
  - {id: m, type: multiple, text: Which of these?, options: {1: A, 2: B}}
"""
START = datetime(2026, 11, 24, 15, tzinfo=UTC)


def test_the_moments_of_a_draw_are_those_of_all_possible_draws() -> None:
    interviews = [(1, 4), (0, 5), (7, 9), (2, 2), (3, 11), (0, 1), (12, 20)]
    rate = sum(n for n, _ in interviews) / sum(d for _, d in interviews)
    powers = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3)]
    sums = [sum(n**a * d**b for n, d in interviews) for a, b in powers]
    for count in (1, 2, 3, 5):
        totals = [sum(n - rate * d for n, d in drawn) for drawn in combinations(interviews, count)]
        assert sum(totals) == pytest.approx(0, abs=1e-9)
        second, third = (sum(t**power for t in totals) / len(totals) for power in (2, 3))
        assert compute_draw_moments(sums, count) == pytest.approx((second, third))


def test_one_interviewer_alone_is_compared_with_nobody() -> None:
    def compare(others: int) -> list[IndicatorResult]:
        comparison = InterviewerComparison({"dk": Indicator("Do not know", "guessed", "")})
        for _ in range(20):
            comparison.add("ann", "", {"dk": (9, 10)})
        for _ in range(others):
            comparison.add("bob", "", {"dk": (0, 10)})
        return [result for results in comparison.assess().values() for result in results]

    assert all(result.p is not None for result in compare(5))
    assert [(result.p, result.flagged) for result in compare(4)] == [(None, False), (None, False)]


def test_impossible_interviews_of_the_only_interviewer_are_flagged() -> None:
    """84 interviews of three seconds, with one answer to all statements and one sentence."""
    limits = {name: INDICATORS[name] for name in ("fast", "same", "verbatim", "dont_know")}
    comparison = InterviewerComparison(limits)
    verbatims = EarlierVerbatims()
    for _ in range(84):
        words = verbatims.count("ann", [("why", "It is fine as it is"), ("what", "no")])
        comparison.add(
            "ann", "", {"fast": (9, 9), "same": (4, 4), "verbatim": words, "dont_know": (8, 9)}
        )
    results = {result.indicator: result for result in comparison.assess()["ann"]}
    assert [name for name, result in results.items() if result.flagged] == [
        "fast",
        "same",
        "verbatim",
    ]
    assert all(result.p is None for result in results.values()), "there is nobody to compare with"
    assert describe_flag(results["verbatim"]).endswith("98.8% of 84, more than 50%")


def test_planted_falsifiers_are_found_and_honest_interviewers_are_not_flagged(
    tmp_path: Path,
) -> None:
    """The benchmark `quality` shows it in 200 studies."""
    kinds, (wrong, honest) = invented.planted(invented.write_study(tmp_path), range(3))
    found, falsifiers = (sum(column) for column in zip(*kinds.values(), strict=True))
    assert found / falsifiers >= 0.8
    assert wrong / honest <= 0.05


def test_lasting_differences_between_interviewers_are_no_flag_and_case_mix_is_none() -> None:
    """Each interviewer has a level of her own; one works in the region where everybody says more."""
    comparison = InterviewerComparison({"x": Indicator("x", "more", "less")})
    for who in range(20):
        for number in range(40):
            comparison.add(f"i{who}", "north", {"x": (10 + who + number % 3, 100)})
    for who in ("i3", "south"):
        for number in range(40):
            comparison.add(who, "s", {"x": (80 + number % 3, 100)})
    results = comparison.assess()
    assert not any(result.flagged for own in results.values() for result in own)
    assert results["south"][0].expected == pytest.approx(0.81, abs=0.03)


def test_few_interviews_are_not_compared_and_one_more_odd_one_is_no_flag() -> None:
    comparison = InterviewerComparison({"x": Indicator("x", "more", "less")})
    for who in range(30):
        for number in range(
            20
        ):  # one respondent in twenty says don't know to half of the questions
            comparison.add(f"i{who}", "", {"x": (25 if number == who % 20 else number % 2, 50)})
    for _ in range(4):
        comparison.add("few", "", {"x": (50, 50)})
    for number in range(5):
        comparison.add("new", "", {"x": (25 if number == 3 else 0, 50)})
    for _ in range(6):
        comparison.add("odd", "", {"x": (25, 50)})
    results = comparison.assess()
    assert results["few"][0].p is None
    assert not results["new"][0].flagged
    assert results["odd"][0].flagged


def test_answers_are_counted_as_they_are_stored(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(STUDY)
    instrument = open_instrument(str(tmp_path / "q.yaml"))
    layout = AnswerLayout(instrument, build_columns(instrument))
    assert layout.count_answers(["1", "1", "3", "3", "1", "44", "1", "0"]) == {
        "same": (1, 2), "dont_know": (0, 7), "refused": (0, 7), "extreme": (3, 4), "middle": (1, 4), "asked": (7, 1),
    }  # fmt: skip
    dk, refused = '{"missing":"dk"}', '{"missing":"refused"}'
    assert layout.count_answers(["5", dk, "5", "4", refused, "null", dk, dk]) == {
        "same": (0, 0), "dont_know": (2, 6), "refused": (1, 6), "extreme": (2, 3), "middle": (0, 3), "asked": (6, 1),
    }  # fmt: skip
    signature = layout.make_signature(["1", "null", "x", "2", "1", "1", "1", "1"])
    assert [byte == 0 for byte in signature] == [
        False,
        True,
        False,
        False,
        False,
        False,
        False,
        False,
    ]


def test_events_are_counted_by_words_moves_and_warnings(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(STUDY)
    instrument = open_instrument(str(tmp_path / "q.yaml"))
    at = START

    def stamp(seconds: float) -> ev.EventStamp:
        nonlocal at
        at += timedelta(seconds=seconds)
        return ev.EventStamp(at, "ann", "s1")

    def answer(seconds: float, item: str, value: int = 1) -> ev.QuestionAnswered:
        return ev.QuestionAnswered(stamp(seconds), Place(item), value)

    session = ev.SessionContext("Ann", "morning", "en")
    journal = [
        ev.InterviewStarted(stamp(0), instrument.hash, 1, "A", at.date(), session),
        answer(1.9, "hello"),  # nine words take 2 seconds
        ev.NoteWritten(stamp(2), Place("s1"), "a note"),
        answer(0.2, "s1"),  # with the note
        ev.PositionMoved(stamp(1), Place("hello")),
        answer(0.1, "hello"),
        ev.InterviewSuspended(stamp(1)),
        ev.InterviewResumed(stamp(3600), session),
        answer(0.2, "s2"),
        answer(3, "n", 60),
        ev.QueryConfirmed(stamp(1), Place("n"), 0, "yes"),
        ev.QueryConfirmed(stamp(1), Place("n"), 1),  # read back to the respondent
        ev.InterviewEnded(stamp(1), "complete"),
        ev.InterviewReviewed(stamp(1), "drawn"),
    ]
    assert count_events(instrument, journal) == (
        "en",
        {"fast": (2, 4), "back": (1, 4), "warnings": (1, 4)},
    )


def test_an_interview_is_compared_with_own_and_others_earlier_ones() -> None:
    earlier = EarlierInterviews()
    assert earlier.compare("ann", "", "A", bytes([1, 1, 0, 1])) == (0, 0)
    assert earlier.compare("bob", "", "B", bytes([1, 2, 2, 2])) == (0, 0)
    assert earlier.compare("ann", "", "C", bytes([1, 1, 0, 2])) == (2 - 2, 3)
    assert earlier.compare("ann", "", "D", bytes([1, 1, 0, 2])) == (3 - 2, 3)
    assert earlier.compare("ann", "other", "E", bytes([1, 1, 0, 2])) == (0, 0)
    assert earlier.pairs["ann"][0] == ("D", "C", 3, 3)


def test_what_a_review_can_find() -> None:
    assert compute_detection(40, 4, 4) == pytest.approx(0.36, abs=0.005)
    assert compute_detection(40, 4, 40) == 1
    assert compute_detection(3, 0, 2) == 0


def test_the_first_five_a_share_and_two_per_week_are_drawn() -> None:
    days = [date(2026, 11, 2) + timedelta(days=n // 8) for n in range(200)]
    interviews = [(f"{who}{n}", who, day) for n, day in enumerate(days) for who in "ab"]
    none, tenth, fifth = (draw_for_review(interviews, {}, share, 1) for share in (0, 0.1, 0.2))
    assert {f"{who}{n}" for who in "ab" for n in range(5)} <= none.keys()
    weeks = [(who, day.isocalendar()[1]) for interview, who, day in interviews if interview in none]
    assert all(weeks.count(week) == (5 if week[1] == 45 else 2) for week in set(weeks))
    assert len(set(weeks)) == 8
    chance = {name for name, reason in tenth.items() if "random" in reason}
    assert 20 < len(chance) < 65
    assert chance < {name for name, reason in fifth.items() if "random" in reason}
    assert draw_for_review(interviews, tenth, 0.1, 1) == {}
    assert chance != {
        name
        for name, reason in draw_for_review(interviews, {}, 0.1, 2).items()
        if "random" in reason
    }


def test_a_share_is_shown_between_0_and_100_percent() -> None:
    result = IndicatorResult("same", 0.5, 0.9, -0.2, 1.43, 40, 0.2)
    assert list_cells(result)[3] == "0.0% to 100.0%"
