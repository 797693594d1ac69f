"""Durations of work, one format on the board, at the station and in `survey study shift`."""

from datetime import timedelta

import pytest

from survey_cli.wording import format_work_time


@pytest.mark.parametrize(
    ("time", "written"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=40.9), "40 s"),
        (timedelta(minutes=15, seconds=22), "15 min"),
        (timedelta(hours=1, minutes=5), "1 h 05"),
        (timedelta(seconds=-3), "0 s"),
    ],
)
def test_a_working_time_cannot_be_taken_for_a_time_of_day(time: timedelta, written: str) -> None:
    assert format_work_time(time) == written
