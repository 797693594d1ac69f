"""Texts of appointments (`tomorrow 3pm`): the date and time they mean where the respondent is, also across clock
changes.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date
from hypothesis import assume, given
from hypothesis import strategies as st

from survey_cli.fieldwork.appointments.appointment import (
    AppointmentTime,
    UnclearAppointment,
    resolve_span,
)
from survey_cli.fieldwork.appointments.reading import parse_appointment
from survey_cli.fieldwork.calendar.calendar import Calendar, Daypart
from survey_cli.fieldwork.calendar.zones import to_wall_time
from survey_cli.fieldwork.case.codec import decode_case_event, encode_case_event
from survey_cli.fieldwork.case.events import AppointmentMade
from survey_cli.instrument.schema.hours import Hours

DENVER, NEW_YORK = "America/Denver", "America/New_York"
NOW = datetime(2026, 11, 24, 16, 20, 30, tzinfo=UTC)
"""A Tuesday, two days before Thanksgiving: 09:20 in Denver, 11:20 in New York."""
STUDY = Calendar(country="US", ends=date(2026, 12, 18))
NIGHT_AND_DAY = Calendar(hours=dict.fromkeys(range(7), Hours(0, 1440)), wide_hours=True)


def said(
    text: str,
    *,
    now: datetime = NOW,
    zones: tuple[str, ...] = (DENVER,),
    calendar: Calendar = STUDY,
) -> AppointmentTime | UnclearAppointment:
    return parse_appointment(text, now=now, zones=zones, calendar=calendar)


def meant(text: str, **more: object) -> AppointmentTime:
    answer = said(text, **more)  # type: ignore[arg-type]
    assert isinstance(answer, AppointmentTime), str(answer)
    return answer


def unclear(text: str, **more: object) -> UnclearAppointment:
    answer = said(text, **more)  # type: ignore[arg-type]
    assert isinstance(answer, UnclearAppointment), answer.text
    return answer


# --- understood

UNDERSTOOD = {
    "tomorrow 3pm": "Wed 25 Nov 15:00",
    "tomorrow 3 p.m.": "Wed 25 Nov 15:00",
    "3 o'clock tomorrow": "Wed 25 Nov 15:00",
    "3 in the afternoon tomorrow": "Wed 25 Nov 15:00",
    "Mañana 15h": "Wed 25 Nov 15:00",
    "mañana a las 3 de la tarde": "Wed 25 Nov 15:00",
    "15:00 tomorrow, wed": "Wed 25 Nov 15:00",
    "3pm": "Tue 24 Nov 15:00",
    "noon": "Tue 24 Nov 12:00",
    "tonight at 8": "Tue 24 Nov 20:00",
    "fri 10:30": "Fri 27 Nov 10:30",
    "lunes 10.30": "Mon 30 Nov 10:30",
    "el viernes a las 16:00": "Fri 27 Nov 16:00",
    "27 nov 14:00": "Fri 27 Nov 14:00",
    "nov 27th 2pm": "Fri 27 Nov 14:00",
    "27 de noviembre 14:00": "Fri 27 Nov 14:00",
    "27/11 2pm": "Fri 27 Nov 14:00",
    "11/27 2pm": "Fri 27 Nov 14:00",
    "12/5 2pm": "Sat 5 Dec 14:00",
    "27.11. 14:00": "Fri 27 Nov 14:00",
    "2026-11-27 15:00": "Fri 27 Nov 15:00",
    "2026-11-27T15:00": "Fri 27 Nov 15:00",
    "the 30th at 10": "Mon 30 Nov 10:00",
    "27 nov 2015": "Fri 27 Nov 20:15",
    "tuesday next week 11am": "Tue 1 Dec 11:00",
    "next tuesday 11": "Tue 1 Dec 11:00",
    "same time tomorrow": "Wed 25 Nov 09:20",
    "in 2 hours": "Tue 24 Nov 11:21",
    "in 20 min": "Tue 24 Nov 09:41",
    "in 20": "Tue 24 Nov 09:41",
    "fri half past 3": "Fri 27 Nov 15:30",
    "fri quarter to 4": "Fri 27 Nov 15:45",
    "quarter past 10 tomorrow": "Wed 25 Nov 10:15",
    "viernes a las 3 y media": "Fri 27 Nov 15:30",
    "half 12 fri": "Fri 27 Nov 12:30",
    "tomorrow ١٥:٣٠": "Wed 25 Nov 15:30",
    "in an hour and a half": "Tue 24 Nov 10:51",
    "en 2 horas": "Tue 24 Nov 11:21",
    "tomorrow 3": "Wed 25 Nov 15:00",
    "tomorrow 9": "Wed 25 Nov 09:00",
    "tomorrow 12": "Wed 25 Nov 12:00",
    "tomorrow 1030": "Wed 25 Nov 10:30",
    # spans in which to call
    "tomorrow": "Wed 25 Nov 09:00–20:30",
    "in 3 days": "Fri 27 Nov 09:00–20:30",
    "friday morning": "Fri 27 Nov 09:00–12:00",
    "mañana por la mañana": "Wed 25 Nov 09:00–12:00",
    "monday between 2 and 4": "Mon 30 Nov 14:00–16:00",
    "lunes entre las 2 y las 4": "Mon 30 Nov 14:00–16:00",
    "mon 14-16": "Mon 30 Nov 14:00–16:00",
    "mon 2-4pm": "Mon 30 Nov 14:00–16:00",
    "mon 11-1pm": "Mon 30 Nov 11:00–13:00",
    "after 5pm": "Tue 24 Nov 17:00–20:30",
    "fri after 5": "Fri 27 Nov 17:00–20:30",
    "before noon": "Tue 24 Nov 09:20–12:00",
    "evening": "Tue 24 Nov 17:00–20:30",
    "tomorrow between 19 and 22": "Wed 25 Nov 19:00–20:30",
    "next week": "Mon 30 Nov 09:00 to Sat 5 Dec 17:00",
    "weekend": "Sat 28 Nov 10:00–17:00",
}


@pytest.mark.parametrize(("text", "told"), UNDERSTOOD.items())
def test_what_people_type_is_understood(text: str, told: str) -> None:
    assert meant(text).text == told


def test_both_clocks_are_said() -> None:
    assert (
        meant("fri 3pm").format_both_clocks(NEW_YORK)
        == "Fri 27 Nov 15:00 there (America/Denver) · 17:00 here"
    )
    assert (
        meant("fri 2-4pm").format_both_clocks(NEW_YORK)
        == "Fri 27 Nov 14:00–16:00 there (America/Denver) · 16:00–18:00 here"
    )
    assert (
        meant("fri 8pm").format_both_clocks("Asia/Tokyo")
        == "Fri 27 Nov 20:00 there (America/Denver) · Sat 28 Nov 12:00 here"
    )
    assert (
        meant("fri 3pm").format_both_clocks(DENVER)
        == "Fri 27 Nov 15:00 there (America/Denver) · the same here"
    )
    assert meant("fri 3pm").format_both_clocks() == "Fri 27 Nov 15:00 there (America/Denver)"


def test_an_exact_time_lasts_half_an_hour_but_not_past_closing() -> None:
    assert (meant("fri 3pm").exact, meant("fri 2-4pm").exact) == (True, False)
    assert meant("fri 3pm").ends - meant("fri 3pm").starts == timedelta(minutes=30)
    assert meant("fri 20:15").wall_end.time() == time(20, 30)


def test_next_tuesday_says_which_date_it_takes() -> None:
    friday = meant("next friday 11", calendar=Calendar())
    assert (friday.text, friday.hint) == ("Fri 4 Dec 11:00", "not Fri 27 Nov, which is this week's")
    assert meant("next tuesday 11").hint == ""
    assert meant("friday 11").hint == ""


def test_the_countrys_way_of_writing_dates() -> None:
    def days(country: str | None) -> list[str]:
        answer = said("3/12 2pm", calendar=Calendar(country=country, holidays=False))
        return (
            [answer.text]
            if isinstance(answer, AppointmentTime)
            else [choice.text for choice in answer.choices]
        )

    assert days("GB") == days("MX") == ["Thu 3 Dec 14:00"]
    assert days("US") == ["Fri 12 Mar 2027 14:00"]
    assert set(days("CA")) == set(days(None)) == {"Thu 3 Dec 14:00", "Fri 12 Mar 2027 14:00"}


def test_a_studys_own_parts_of_the_day_have_its_hours() -> None:
    own = Calendar(
        parts=(
            Daypart("siesta", hours=Hours(14 * 60, 16 * 60)),
            Daypart("evening", hours=Hours(1140, 1230)),
        )
    )
    assert meant("fri siesta", calendar=own).text == "Fri 27 Nov 14:00–16:00"
    assert meant("fri evening", calendar=own).text == "Fri 27 Nov 19:00–20:30"


def test_a_year_ahead_is_remarked_upon() -> None:
    last_week = meant("20 nov 3pm", calendar=Calendar())
    assert (last_week.text, last_week.hint) == ("Sat 20 Nov 2027 15:00", "that is 12 months ahead")
    far = meant("20 oct 3pm", calendar=Calendar())
    assert (far.text, far.hint) == ("Wed 20 Oct 2027 15:00", "that is 11 months ahead")
    assert meant("20 jan 3pm", calendar=Calendar()).hint == ""


# --- asked or refused


@pytest.mark.parametrize(
    ("text", "words", "choices"),
    [
        (
            "tue 10:30",
            "Tue 24 Nov 10:30 or Tue 1 Dec 10:30? — choose",
            ["Tue 24 Nov 10:30", "Tue 1 Dec 10:30"],
        ),
        (
            "9am",
            "Tue 24 Nov 09:00 has passed there, where it is Tue 24 Nov 09:20 — write a later time",
            ["Wed 25 Nov 09:00"],
        ),
        (
            "26 nov 14:00",
            "nobody is called then: Thanksgiving Day, Thu 26 Nov — choose another day",
            ["Fri 27 Nov 14:00"],
        ),
        (
            "sun 3pm",
            "nobody is called then: Sunday there — choose another day",
            ["Mon 30 Nov 15:00"],
        ),
        (
            "fri 22:00",
            "the study does not call after 20:30 there on Fri 27 Nov — choose a time from 09:00 to 20:30 there",
            [],
        ),
        (
            "fri 7am",
            "the study does not call before 09:00 there on Fri 27 Nov — choose a time from 09:00 to 20:30 there",
            [],
        ),
        (
            "20 dec 3pm",
            "Sun 20 Dec is after the study's last day, Fri 18 Dec"
            " — choose an earlier day, or close the case with an outcome",
            [],
        ),
        ("20 nov 3pm", "Fri 20 Nov has passed — write a later day", []),
        ("2026-11-20 15:00", "Fri 20 Nov has passed — write a later day", []),
        ("tomorrow, thu 3pm", "Wed 25 Nov is not a Thursday — write the day or the date", []),
        ("31 nov", "there is no such day: 31/11 — write it like 26 nov", []),
        ("13/13 2pm", "there is no month 13 — write it like 26 nov", []),
        (
            "fri midnight",
            "midnight is the end of one day and the beginning of another — write 23:45 or 00:15, with its day",
            [],
        ),
        ("fri 3pm 4pm", "these are two times — write one, or between 2 and 4", []),
        ("9999-01-01 3pm", "the year 9999 is out of range — write it like 26 nov", []),
        ("0000-01-01 3pm", "the year 0 is out of range — write it like 26 nov", []),
        (
            "fri before 8am",
            "the study does not call before 09:00 there on Fri 27 Nov — choose a time from 09:00 to 20:30 there",
            [],
        ),
        (
            "fri 16:00-14:00",
            "the end is not later than the beginning — write it like between 2 and 4",
            [],
        ),
        ("30 feb 3pm", "there is no such day: 30/2 — write it like 26 nov", []),
        ("in 999 weeks", "Tue 16 Jan 2046 is too far ahead — write an earlier day", []),
        ("fri mon 3pm", "these are two days — write one of them", []),
        ("fri 25:00", "there is no time 25:00 — write 9:30, 9:30 pm or 21:30", []),
        (
            "fri 3pm Europe/Nowhere",
            "there is no time zone Europe/Nowhere — write it like America/Denver",
            [],
        ),
        (
            "next month",
            "which day of next month? — "
            + "write a day and a time: tomorrow 3pm, tue 10:30, weekdays after 6",
            [],
        ),
        (
            "whenever",
            "“whenever” is not understood — write a day and a time: tomorrow 3pm, tue 10:30, weekdays after 6",
            [],
        ),
        (
            "",
            "a day and a time are needed — write a day and a time: tomorrow 3pm, tue 10:30, weekdays after 6",
            [],
        ),
    ],
)
def test_what_is_not_certain_is_asked(text: str, words: str, choices: list[str]) -> None:
    answer = unclear(text)
    assert (str(answer), [choice.text for choice in answer.choices]) == (words, choices)


def test_an_hour_that_may_be_of_the_morning_or_the_evening_is_asked() -> None:
    wide = Calendar(hours=dict.fromkeys(range(7), Hours(8 * 60, 21 * 60)))
    assert [c.text for c in unclear("fri 8:30", calendar=wide).choices] == [
        "Fri 27 Nov 08:30",
        "Fri 27 Nov 20:30",
    ]
    assert meant("fri 08:30", calendar=wide).text == "Fri 27 Nov 08:30"
    assert meant("fri 8:30 in the evening", calendar=wide).text == "Fri 27 Nov 20:30"


def test_a_time_of_day_in_a_week_asks_for_the_day() -> None:
    answer = unclear("next week evening")
    assert answer.what == "which day of next week?"
    assert [c.text for c in answer.choices] == [
        f"{day} 17:00–20:30"
        for day in ("Mon 30 Nov", "Tue 1 Dec", "Wed 2 Dec", "Thu 3 Dec", "Fri 4 Dec")
    ]


def test_a_time_here_in_a_week_asks_for_the_day() -> None:
    """On the station's clock it was an error of the program."""
    answer = parse_appointment(
        "next week 17:00 here", now=NOW, zones=(DENVER,), calendar=STUDY, station_zone=NEW_YORK
    )
    assert isinstance(answer, UnclearAppointment)
    assert answer.what == "which day of next week?"
    assert [c.text for c in answer.choices] == [
        f"{day} 15:00"
        for day in ("Mon 30 Nov", "Tue 1 Dec", "Wed 2 Dec", "Thu 3 Dec", "Fri 4 Dec", "Sat 5 Dec")
    ]


def test_no_zone_no_appointment() -> None:
    assert (
        str(unclear("3pm", zones=()))
        == "no time zone is known for this case — set the time zone of the respondent"
    )


def test_of_several_zones_one_is_asked_for_where_it_makes_a_difference() -> None:
    zones = (DENVER, "America/Chicago")
    answer = unclear("fri 3pm", zones=zones)
    assert answer.what == "in which zone? This number may be in America/Denver or America/Chicago"
    assert [c.format_both_clocks() for c in answer.choices] == [
        f"Fri 27 Nov 15:00 there ({zone})" for zone in zones
    ]
    assert meant("fri 3pm America/Chicago", zones=zones).zone == "America/Chicago"
    assert (
        meant("fri 3pm", zones=(DENVER, "America/Phoenix")).zone == DENVER
    )  # the same clock in winter
    assert meant("in 3 hours", zones=zones).starts == datetime(2026, 11, 24, 19, 21, tzinfo=UTC)
    assert (
        "does not call after 20:30" in unclear("in 11 hours", zones=zones).what
    )  # 21:20 in Chicago, 20:20 in Denver


# --- the clock changes


def test_a_time_that_does_not_exist_is_asked_about() -> None:
    answer = unclear(
        "14 mar 02:30",
        zones=(NEW_YORK,),
        calendar=NIGHT_AND_DAY,
        now=datetime(2027, 3, 1, tzinfo=UTC),
    )
    assert str(answer) == (
        "02:30 does not exist there on Sun 14 Mar, because the clock is put forward — which time is meant?"
    )
    assert [c.text for c in answer.choices] == ["Sun 14 Mar 03:30", "Sun 14 Mar 01:30"]
    assert [c.starts for c in answer.choices] == [
        datetime(2027, 3, 14, 7, 30, tzinfo=UTC),
        datetime(2027, 3, 14, 6, 30, tzinfo=UTC),
    ]


def test_a_time_that_comes_twice_is_asked_about() -> None:
    autumn: dict[str, object] = {
        "zones": (NEW_YORK,),
        "calendar": NIGHT_AND_DAY,
        "now": datetime(2026, 10, 20, tzinfo=UTC),
    }
    answer = unclear("1 nov 01:30", **autumn)
    assert (
        answer.what
        == "01:30 occurs twice there on Sun 1 Nov, because the clock is put back: the first or the second?"
    )
    assert [c.starts.hour for c in answer.choices] == [5, 6]
    second = meant("1 nov 01:30 second", **autumn)
    assert second == answer.choices[1]
    assert resolve_span(second.make_event())[0] == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


def test_of_two_times_only_the_one_ahead_can_be_meant() -> None:
    between = datetime(2026, 11, 1, 5, 45, tzinfo=UTC)  # 01:45 the first time
    assert meant("01:30", zones=(NEW_YORK,), calendar=NIGHT_AND_DAY, now=between).fold == 1
    assert (
        meant("in 30 min", zones=(NEW_YORK,), calendar=NIGHT_AND_DAY, now=between).text
        == "Sun 1 Nov 01:15 (second)"
    )


CHANGES = [
    (NEW_YORK, date(2027, 3, 14)),
    (NEW_YORK, date(2026, 11, 1)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Australia/Sydney", date(2027, 4, 4)),
    ("Australia/Sydney", date(2026, 10, 4)),
    ("America/Santiago", date(2027, 4, 4)),
    ("America/Santiago", date(2026, 9, 6)),
]


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@given(before=st.integers(1, 20), after=st.integers(0, 20), minute=st.integers(9 * 60, 20 * 60 - 1))
def test_a_promise_across_a_change_rings_at_the_time_promised(
    zone: str, change: date, before: int, after: int, minute: int
) -> None:
    now = datetime.combine(change - timedelta(days=before), time(12), ZoneInfo(zone)).astimezone(
        UTC
    )
    day = change + timedelta(days=after)
    text = f"{day} {minute // 60:02}:{minute % 60:02}"
    daily = Calendar(hours=dict.fromkeys(range(7), Hours(540, 1230)))
    promise = meant(text, now=now, zones=(zone,), calendar=daily).make_event()
    kept = decode_case_event(*encode_case_event(promise))
    assert isinstance(kept, AppointmentMade)
    rings = resolve_span(kept)[0].astimezone(ZoneInfo(zone))
    assert f"{rings:%Y-%m-%d %H:%M}" == text
    # the clock did change in between: so many hours from now would have been wrong
    noon = datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
    assert noon - now != timedelta(days=before + after)


ZONES = st.sampled_from(
    [NEW_YORK, "Europe/Dublin", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"]
)
MINUTES = st.integers(0, 3 * 365 * 1440).map(
    lambda m: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=m)
)
NEAR_CHANGES = st.builds(
    lambda hour, minutes: hour + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, 11, 1, 5, tzinfo=UTC),
            datetime(2026, 4, 4, 14, tzinfo=UTC),
            datetime(2027, 3, 14, 6, tzinfo=UTC),
        ]
    ),
    st.integers(0, 180),
)


@given(ZONES, st.one_of(MINUTES, NEAR_CHANGES), st.integers(0, 400 * 1440), ZONES)
def test_what_is_echoed_is_read_as_the_same_moment(
    zone: str, at: datetime, ahead: int, station: str
) -> None:
    now = at - timedelta(minutes=ahead)
    wall = to_wall_time(zone, at)
    twice = " second" if wall.fold else " first"
    first = meant(f"{wall:%Y-%m-%d %H:%M}{twice}", now=now, zones=(zone,), calendar=NIGHT_AND_DAY)
    assert first.starts == at
    again = meant(
        first.format_both_clocks(station), now=now, zones=("Pacific/Apia",), calendar=NIGHT_AND_DAY
    )
    assert again == first
    assert again.ends >= again.starts


@given(st.integers(0, 30), st.integers(0, 1439), st.integers(1, 1440))
def test_an_echoed_span_is_read_as_the_same_span(days: int, start: int, length: int) -> None:
    end = start + length
    assume(end <= 1440)
    day = NOW.date() + timedelta(days=1 + days)
    text = f"{day} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    first = meant(text, calendar=NIGHT_AND_DAY)
    assert first.wall_end - first.wall == timedelta(minutes=length)
    assert meant(first.format_both_clocks(NEW_YORK), calendar=NIGHT_AND_DAY) == first


# fmt: off
WORDS = [
    "next", "tue", "3pm", "26", "nov", "second", "-", "/", "tomorrow", "between", "and", "2", "4", "in", "week",
    "evening", "31", "feb", "a", "la", "mañana", "0", "hours", "after", "the", "29th", "1/2", "today", "min",
]
# fmt: on


@given(
    st.one_of(
        st.text(max_size=30),
        st.lists(
            st.sampled_from(WORDS),
            max_size=7,
        ).map(" ".join),
    )
)
def test_whatever_is_typed_there_is_an_answer(text: str) -> None:
    answer = said(text, zones=(DENVER, NEW_YORK))
    times = [answer] if isinstance(answer, AppointmentTime) else list(answer.choices)
    assert all(STUDY.find_opening([choice.zone], max(choice.starts, NOW)).open for choice in times)
    assert all(choice.ends > NOW for choice in times)
    assert isinstance(answer, AppointmentTime) or answer.what


# --- promises


def test_a_promise_is_kept_as_it_was_said() -> None:
    promise = meant("fri 2-4pm").make_event(
        person="Ms Ortega", owner="jo", policy="me_first", note="ask for the supervisor"
    )
    assert promise[:4] == ("2026-11-27T14:00", "2026-11-27T16:00", DENVER, 0)
    assert decode_case_event(*encode_case_event(promise)) == promise


def test_a_time_that_comes_not_to_exist_is_due_when_the_clock_passes_over_it() -> None:
    promise = AppointmentMade(
        "2011-12-30T10:00", "2011-12-30T10:30", "Pacific/Apia"
    )  # Samoa had no such day
    passed = datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert resolve_span(promise) == (passed, passed)


def test_a_promise_across_a_repeated_hour_ends_after_it_begins() -> None:
    for fold, length in ((0, 90), (1, 30)):
        starts, ends = resolve_span(
            AppointmentMade("2026-11-01T01:45", "2026-11-01T02:15", NEW_YORK, fold)
        )
        assert ends - starts == timedelta(minutes=length)


def test_a_time_on_the_stations_clock_is_turned_into_theirs() -> None:
    def from_new_york(text: str, here: str = NEW_YORK) -> AppointmentTime | UnclearAppointment:
        return parse_appointment(text, now=NOW, zones=[DENVER], calendar=STUDY, station_zone=here)

    for text in ("fri 5pm here", "friday 17:00 here", "fri 5 here", "viernes 17:00 aquí"):
        answer = from_new_york(text)
        assert isinstance(answer, AppointmentTime), str(answer)
        assert (
            answer.format_both_clocks(NEW_YORK)
            == "Fri 27 Nov 15:00 there (America/Denver) · 17:00 here"
        )
    assert "does not call before" in str(from_new_york("fri 10am here")), (
        "hours are those of the respondent"
    )
    assert "“here” can be used with only one time of day" in str(
        from_new_york("friday morning here")
    )
    assert "time zone is not known" in str(from_new_york("fri 5pm here", here=""))


def test_a_part_of_the_day_beside_a_time_says_its_half_of_the_day() -> None:
    """Wherever the part ends: nobody who says 5 in the afternoon means 5 in the morning."""
    assert meant("tomorrow 5 in the afternoon").text == "Wed 25 Nov 17:00"
    assert meant("tomorrow evening 4").text == "Wed 25 Nov 16:00"
    assert "not in the night" in unclear("tomorrow 3 at night").what
    assert "not in the evening" in unclear("tomorrow 12 in the evening").what


def test_a_number_without_a_unit_is_never_a_time_of_day() -> None:
    answer = unclear("in 2")
    assert "minutes or hours?" in answer.what
    assert answer.remedy == "write in 2 min or in 2 hours"
    assert meant("in 90").text == "Tue 24 Nov 10:51"


IN_OTHER_LANGUAGES = {
    "de": {
        "morgen 15 Uhr": "Wed 25 Nov 15:00",
        "Freitag um 16 Uhr 30": "Fri 27 Nov 16:30",
        "fr 10:30 Uhr": "Fri 27 Nov 10:30",
        "am 27. November um 14 Uhr": "Fri 27 Nov 14:00",
        "27.11. 14 Uhr": "Fri 27 Nov 14:00",
        "Freitag halb 4": "Fri 27 Nov 15:30",
        "Freitag dreiviertel 4": "Fri 27 Nov 15:45",
        "morgen früh": "Wed 25 Nov 09:00–12:00",
        "Montag zwischen 14 und 16 Uhr": "Mon 30 Nov 14:00–16:00",
        "nächste Woche": "Mon 30 Nov 09:00 to Sat 5 Dec 17:00",
        "in 2 Stunden": "Tue 24 Nov 11:21",
        "heute nach 17 Uhr": "Tue 24 Nov 17:00–20:30",
        "Donnerstagnachmittag": None,
        "Freitag nachmittag": "Fri 27 Nov 12:00–17:00",
    },
    "pt": {
        "amanhã 15h": "Wed 25 Nov 15:00",
        "amanhã às 3 da tarde": "Wed 25 Nov 15:00",
        "amanhã às 6 da tarde": "Wed 25 Nov 18:00",
        "sexta-feira às 16h30": "Fri 27 Nov 16:30",
        "segunda entre 14h e 16h": "Mon 30 Nov 14:00–16:00",
        "27 de novembro às 14h": "Fri 27 Nov 14:00",
        "daqui a 2 horas": "Tue 24 Nov 11:21",
        "semana que vem": "Mon 30 Nov 09:00 to Sat 5 Dec 17:00",
    },
    "fr": {
        "demain 15h": "Wed 25 Nov 15:00",
        "vendredi à 16h30": "Fri 27 Nov 16:30",
        "demain après-midi": "Wed 25 Nov 12:00–17:00",
        "lundi entre 14h et 16h": "Mon 30 Nov 14:00–16:00",
        "le 27 novembre à 14 heures": "Fri 27 Nov 14:00",
        "dans 2 heures": "Tue 24 Nov 11:21",
    },
    "ru": {
        "завтра в 15:00": "Wed 25 Nov 15:00",
        "через 2 часа": "Tue 24 Nov 11:21",
        "завтра в 3 часа дня": "Wed 25 Nov 15:00",
        "в пятницу в 10": "Fri 27 Nov 10:00",
        "через 3 дня в 10:00": "Fri 27 Nov 10:00",
    },
    "it": {"domani alle 15:00": "Wed 25 Nov 15:00", "venerdì alle 4 e mezza": "Fri 27 Nov 16:30"},
    "hi": {
        "कल 15 बजे": "Wed 25 Nov 15:00",
        "कल शाम ५ बजे": "Wed 25 Nov 17:00",
        "शुक्रवार 10:30 बजे": "Fri 27 Nov 10:30",
        "27 नवंबर 14:00": "Fri 27 Nov 14:00",
        "2 घंटे बाद": "Tue 24 Nov 11:21",
        "साढ़े 3 बजे": "Tue 24 Nov 15:30",
    },
    "ar": {
        "بكرة ٣ العصر": "Wed 25 Nov 15:00",
        "غدا ٣ مساء": "Wed 25 Nov 15:00",
        "غدا ٥ عصرا": "Wed 25 Nov 17:00",
        "غدًا الساعة 15:00": "Wed 25 Nov 15:00",
        "الجمعة 10:30": "Fri 27 Nov 10:30",
        "27 نوفمبر 14:00": "Fri 27 Nov 14:00",
        "بعد ساعتين": "Tue 24 Nov 11:21",
        "غدا صباحا": "Wed 25 Nov 09:00–12:00",
    },
    "ja": {
        "明日15時": "Wed 25 Nov 15:00",
        "明日の午後3時半": "Wed 25 Nov 15:30",
        "金曜日10時30分": "Fri 27 Nov 10:30",
        "11月27日14時": "Fri 27 Nov 14:00",
        "2026年11月27日 14:00": "Fri 27 Nov 14:00",
        "2時間後": "Tue 24 Nov 11:21",
    },
    "zh": {
        "明天下午3点": "Wed 25 Nov 15:00",
        "11月27日14点": "Fri 27 Nov 14:00",
        "星期五10:30": "Fri 27 Nov 10:30",
    },
}


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        (language, text, told)
        for language, texts in IN_OTHER_LANGUAGES.items()
        for text, told in texts.items()
    ],
)
def test_what_people_type_in_the_studys_language_is_understood(
    language: str, text: str, told: str | None
) -> None:
    answer = parse_appointment(
        text, now=NOW, zones=[DENVER], calendar=STUDY, languages=["en", language]
    )
    if told is None:
        assert "is not understood" in str(answer)
    else:
        assert isinstance(answer, AppointmentTime), str(answer)
        assert answer.text == told


@pytest.mark.parametrize(("text", "told"), UNDERSTOOD.items())
def test_another_language_of_the_study_changes_no_english(text: str, told: str) -> None:
    answer = parse_appointment(
        text, now=NOW, zones=[DENVER], calendar=STUDY, languages=["en", "de", "ar", "ja"]
    )
    assert isinstance(answer, AppointmentTime), str(answer)
    assert answer.text == told


@pytest.mark.parametrize(
    "language",
    [
        "ar",
        "bn",
        "cs",
        "de",
        "el",
        "fr",
        "hi",
        "id",
        "it",
        "ja",
        "nl",
        "pl",
        "pt",
        "ru",
        "sv",
        "tr",
        "zh",
    ],
)
def test_a_date_that_the_program_prints_can_be_typed_for_an_appointment(language: str) -> None:
    forms = ("long",) if language in ("ja", "zh") else ("long", "d MMMM y")
    for day in (date(2026, 11, 27), date(2026, 12, 4)):
        for form in forms:
            text = f"{format_date(day, form, locale=language)} 14:00"
            answer = parse_appointment(
                text, now=NOW, zones=[DENVER], calendar=STUDY, languages=[language]
            )
            assert isinstance(answer, AppointmentTime), f"{text}: {answer}"
            assert answer.wall.date() == day


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("half past six", "Tue 24 Nov 18:30"),
        ("tomorrow at six", "Wed 25 Nov 18:00"),
        ("tomorrow six thirty", "Wed 25 Nov 18:30"),
        ("six o'clock tomorrow", "Wed 25 Nov 18:00"),
        ("quarter to seven tomorrow", "Wed 25 Nov 18:45"),
        ("weekdays", "Tue 24 Nov 09:20 to Fri 27 Nov 20:30"),
    ],
)
def test_times_are_typed_as_they_are_said(text: str, told: str) -> None:
    answer = parse_appointment(text, now=NOW, zones=[DENVER], calendar=STUDY)
    assert isinstance(answer, AppointmentTime), answer
    assert answer.text == told


def test_weekdays_after_six_asks_which_day() -> None:
    answer = parse_appointment("weekdays after 6", now=NOW, zones=[DENVER], calendar=STUDY)
    assert isinstance(answer, UnclearAppointment)
    assert [choice.text for choice in answer.choices][:2] == [
        "Tue 24 Nov 18:00–20:30",
        "Wed 25 Nov 18:00–20:30",
    ]


@pytest.mark.parametrize(("months", "day"), [("in a month", "24 Dec"), ("in 3 months", "24 Feb")])
def test_a_month_ahead_is_the_same_day_of_that_month(months: str, day: str) -> None:
    answer = parse_appointment(f"{months} 3pm", now=NOW, zones=[DENVER], calendar=STUDY)
    assert day in str(answer), "the study of these tests ends before it"
