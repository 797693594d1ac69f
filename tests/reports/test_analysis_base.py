"""The analysis base: which interviews count, when they were conducted, and how long they took."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scenario import instrument
from survey_cli.engine.codec import encode_cells, encode_timestamp
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.reports.results.analysis_base import AnalysisBase, InterviewSelection
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.table.table import ADMIN_VARIABLES, Table

PLAN = Plan.from_instrument(
    instrument("items:\n  - {id: q, type: single, text: Which?, options: {1: One, 2: Two}}\n")
)
BEGAN = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Interviewed(NamedTuple):
    """One interview."""

    began: datetime
    length: timedelta = timedelta(minutes=5)
    origin: str = "real"
    outcome: str = "complete"


def select(
    interviews: Sequence[Interviewed],
    selection: InterviewSelection = "partial",
    overrides: dict[str, str] | None = None,
) -> tuple[AnswerColumns, AnalysisBase]:
    base = AnalysisBase(PLAN, selection, overrides or {})
    rows = []
    for number, one in enumerate(interviews):
        times = map(encode_timestamp, (one.began, one.began + one.length))
        rows.append(
            encode_cells(
                (
                    f"i{number}",
                    "case",
                    1,
                    one.origin,
                    "1",
                    "ended",
                    one.outcome,
                    *times,
                    "sam",
                    "en",
                )
            )
        )
    return AnswerColumns.from_table(
        Table(variables=ADMIN_VARIABLES, rows=rows), select=base.select
    ), base


@given(st.lists(st.integers(-100 * 10**6, 400 * 10**6), max_size=40))
def test_the_median_length_is_exact(microseconds: list[int]) -> None:
    """An end before the start, by a clock that was set, is no length."""
    _, base = select(
        [Interviewed(BEGAN, timedelta(microseconds=length)) for length in microseconds]
    )
    lengths = [length for length in microseconds if length >= 0]
    seconds = base.compute_median_length()
    assert (seconds is None) == (not lengths)
    assert seconds is None or seconds * 10**6 == median(lengths)


def test_times_are_those_of_selected_interviews() -> None:
    late = Interviewed(BEGAN + timedelta(days=9), timedelta(hours=3), outcome="no_answer")
    interviews = [Interviewed(BEGAN + timedelta(days=1)), Interviewed(BEGAN), late]
    answers, base = select(interviews)
    assert base.find_period() == (BEGAN, BEGAN + timedelta(days=1))
    assert base.compute_median_length() == 300
    assert (base.interviews, base.complete, base.partial, base.left_out) == (2, 2, 0, 1)
    assert (answers.interviews, list(answers.columns["interview_id"])) == (2, ['"i0"', '"i1"'])
    _, everything = select(interviews, "all")
    assert everything.find_period() == (BEGAN, late.began)
    assert (everything.interviews, everything.complete, everything.whole, everything.left_out) == (
        3,
        2,
        2,
        0,
    )


@pytest.mark.parametrize(("selection", "kept"), [("complete", ["i1"]), ("partial", ["i0", "i1"])])
def test_corrected_outcomes_decide(selection: InterviewSelection, kept: list[str]) -> None:
    corrected = {"i0": "1.2", "i1": "1.1", "i2": "2.11"}
    interviews = [Interviewed(BEGAN), Interviewed(BEGAN, outcome="no_answer"), Interviewed(BEGAN)]
    answers, base = select(interviews, selection, corrected)
    assert list(answers.read_cells("interview_id").values()) == kept
    assert (base.complete, base.interviews, base.whole, base.left_out) == (
        1,
        len(kept),
        2,
        3 - len(kept),
    )


def test_the_time_of_an_import_is_no_start() -> None:
    """Two with the same time have that of the import; one alone, or noon of a day, is from the file."""
    at = BEGAN + timedelta(days=30)
    interviews = [Interviewed(BEGAN), *2 * [Interviewed(at, origin="imported")]]
    _, base = select(interviews)
    assert base.find_period() == (BEGAN, BEGAN)
    assert base.compute_median_length() == 300
    noon = Interviewed(at.replace(hour=12), timedelta(hours=1), "imported")
    _, base = select([*interviews, noon, noon])
    assert base.find_period() == (BEGAN, noon.began)
    assert base.compute_median_length() == 300, (
        "how imported interviews were conducted is not known"
    )
