"""Calling hours: a clock read minute by minute, published holidays, and days on which the clock changes."""

import timeit
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.scenario import instrument
from survey_cli.fieldwork.calendar.calendar import NO_ZONE_REASON, Calendar, Daypart
from survey_cli.fieldwork.calendar.zones import (
    classify_wall_time,
    find_day_start,
    find_midnight,
    iterate_intervals,
    to_utc,
    to_wall_time,
)
from survey_cli.instrument.countries import list_public_holidays
from survey_cli.instrument.schema.hours import Hours

NEW_YORK, LOS_ANGELES = "America/New_York", "America/Los_Angeles"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def there(zone: str, text: str) -> datetime:
    """The moment a wall clock of the zone shows this, by the standard library alone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def every_day(start: str, end: str, **more: object) -> Calendar:
    first, last = (int(t[:2]) * 60 + int(t[3:]) for t in (start, end))
    return Calendar(hours=dict.fromkeys(range(7), Hours(first, last)), wide_hours=True, **more)  # type: ignore[arg-type]


def spans(
    calendar: Calendar, zone: str, since: datetime, until: datetime
) -> list[tuple[datetime, datetime]]:
    """All open spans between two moments, walked as a scheduler would."""
    found = []
    while True:
        opens = calendar.find_opening([zone], since).next
        if opens is None or opens >= until:
            return found
        closes = calendar.find_opening([zone], opens).until
        assert closes is not None
        found.append((opens, closes))
        since = closes


def of(fieldwork: str) -> Calendar:
    study = instrument(f"items: [{{id: a, type: read, text: Hello}}]\nfieldwork: {{{fieldwork}}}\n")
    return Calendar.from_written(study.document.fieldwork)


# --- as it is written


def test_a_study_is_read_as_it_is_written() -> None:
    calendar = of(
        'country: US, hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}, closed: [2026-11-27], ends: 2026-12-18,'
        'dayparts: {day: "09:00-17:00", evening: "17:00-20:30", weekend: sat}'
    )
    assert calendar.hours == {**dict.fromkeys(range(5), Hours(540, 1230)), 5: Hours(600, 1020)}
    assert (calendar.closed_days, calendar.ends, calendar.country) == (
        {date(2026, 11, 27)},
        date(2026, 12, 18),
        "US",
    )
    assert [part.name for part in calendar.parts] == ["weekend", "day", "evening"]
    assert calendar.holidays
    assert not calendar.wide_hours


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2026-11-24 07:12", "before 09:00 there (it is 07:12)"),
        ("2026-11-24 20:30", "after 20:30 there (it is 20:30)"),
        ("2026-11-24 20:29", ""),
        ("2026-11-24 09:00", ""),
        ("2026-11-22 12:00", "Sunday there"),
        ("2026-11-27 12:00", "closed on Fri 27 Nov"),
        ("2026-11-26 12:00", "Thanksgiving Day, Thu 26 Nov"),
        ("2026-10-30 12:00", "before the study's first day, Mon 2 Nov"),
        ("2026-12-18 20:29", ""),
        ("2026-12-19 12:00", "after the study's last day, Fri 18 Dec"),
    ],
)
def test_why_it_is_closed_in_one_phrase(at: str, why: str) -> None:
    calendar = Calendar(
        country="US",
        closed_days=frozenset({date(2026, 11, 27)}),
        starts=date(2026, 11, 2),
        ends=date(2026, 12, 18),
    )
    opening = calendar.find_opening([NEW_YORK], there(NEW_YORK, at))
    assert (opening.open, opening.why) == (not why, why)


def test_without_hours_sundays_and_nights_are_left_alone() -> None:
    calendar = of("country: US")
    week = spans(calendar, NEW_YORK, utc("2026-10-18 00:00"), utc("2026-10-25 12:00"))
    local = [
        (f"{to_wall_time(NEW_YORK, a):%a %H:%M}", f"{to_wall_time(NEW_YORK, b):%H:%M}")
        for a, b in week
    ]
    assert local == [(f"{d} 09:00", "20:30") for d in ("Mon", "Tue", "Wed", "Thu", "Fri")] + [
        ("Sat 10:00", "17:00")
    ]
    assert Calendar.from_written(None) == Calendar(own_hours=False, own_parts=False)


def test_nobody_is_called_outside_the_band_without_a_reason() -> None:
    """47 CFR 64.1200(c)(1): not before 8 a.m. or after 9 p.m., local time at the called party's location."""
    wide = 'hours: {mon-sun: "00:00-24:00"}'
    assert (
        of(wide).find_opening([NEW_YORK], there(NEW_YORK, "2026-11-24 07:59")).why
        == "before 08:00 there (it is 07:59)"
    )
    assert of(wide).find_opening([NEW_YORK], there(NEW_YORK, "2026-11-24 08:00")).open
    assert not of(wide).find_opening([NEW_YORK], there(NEW_YORK, "2026-11-24 21:00")).open
    assert (
        of(wide + ", reason: Night shifts")
        .find_opening([NEW_YORK], there(NEW_YORK, "2026-11-24 03:00"))
        .open
    )


def test_what_lies_all_outside_the_band_is_never_open() -> None:
    assert (
        of('hours: {mon: "21:30-22:00"}').find_opening([NEW_YORK], utc("2026-11-24 12:00")).next
        is None
    )


# --- next, until, several zones


def test_the_next_opening_passes_over_a_long_weekend() -> None:
    calendar = Calendar(
        country="US", closed_days=frozenset({date(2026, 11, 27), date(2026, 11, 28)})
    )
    late = there(NEW_YORK, "2026-11-25 20:45")
    assert calendar.find_opening([NEW_YORK], late).next == there(NEW_YORK, "2026-11-30 09:00")


def test_there_is_no_next_opening_after_the_last_day() -> None:
    calendar = Calendar(ends=date(2026, 12, 18))
    assert calendar.find_opening([NEW_YORK], there(NEW_YORK, "2026-12-18 20:30")).next is None
    assert calendar.find_opening([NEW_YORK], there(NEW_YORK, "2026-12-18 08:00")).next == there(
        NEW_YORK, "2026-12-18 09:00"
    )


def test_the_search_begins_at_the_first_day_however_far() -> None:
    calendar = Calendar(starts=date(2030, 1, 7))
    assert calendar.find_opening([NEW_YORK], utc("2026-11-24 12:00")).next == there(
        NEW_YORK, "2030-01-07 09:00"
    )


def test_a_number_of_several_zones_is_called_only_where_all_agree() -> None:
    calendar, zones = Calendar(), [NEW_YORK, LOS_ANGELES]
    early = calendar.find_opening(zones, there(NEW_YORK, "2026-11-24 10:00"))
    assert early.why == "America/Los_Angeles: before 09:00 there (it is 07:00)"
    assert early.next == there(LOS_ANGELES, "2026-11-24 09:00")
    noon = calendar.find_opening(zones, there(NEW_YORK, "2026-11-24 13:00"))
    assert noon.open
    assert noon.until == there(NEW_YORK, "2026-11-24 20:30")
    assert calendar.find_opening(zones, there(LOS_ANGELES, "2026-11-24 19:00")).next == there(
        LOS_ANGELES, "2026-11-25 09:00"
    )


def test_zones_that_never_agree_are_never_called() -> None:
    calendar = every_day("09:00", "12:00")
    assert (
        calendar.find_opening(["Europe/London", "Asia/Tokyo"], utc("2026-11-24 12:00")).next is None
    )


def test_without_a_zone_nobody_is_called() -> None:
    assert Calendar().find_opening([], utc("2026-11-24 15:00")) == (
        False,
        NO_ZONE_REASON,
        None,
        None,
    )
    assert Calendar().find_next_opening([], utc("2026-11-24 15:00"), {"day"}) is None
    assert Calendar().find_daypart([], utc("2026-11-24 15:00")) == ""


# fmt: off
ZONES = st.sampled_from([
    NEW_YORK, "Europe/Dublin", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "America/Santiago",
    "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Chatham", "Antarctica/Troll", "America/Havana", "UTC",
])
CHANGES = st.sampled_from([
    "2011-12-30T10:00", "2010-11-07T02:31", "2026-03-08T07:00", "2026-11-01T06:00", "2026-10-03T15:30",
    "2026-04-04T15:00", "2026-03-29T01:00", "2026-10-25T01:00", "2026-03-29T03:00", "2026-11-01T05:00",
    "2026-03-22T03:00", "2026-09-06T04:00",
]).map(utc)
# fmt: on
MOMENTS = st.integers(0, 25 * 365 * 1440).map(lambda m: utc("2005-01-01") + timedelta(minutes=m))
MOMENT = st.one_of(
    MOMENTS, st.builds(lambda d, m: d + timedelta(minutes=m), CHANGES, st.integers(-1500, 1500))
)


@given(
    ZONES,
    MOMENT,
    st.tuples(st.integers(0, 1440), st.integers(0, 1440))
    .filter(lambda t: t[0] < t[1])
    .map(lambda t: Hours(*t)),
    st.sets(st.integers(0, 6), min_size=5),
)
@settings(max_examples=2 * settings().max_examples)
def test_open_is_what_a_clock_read_minute_by_minute_says(
    zone: str, at: datetime, hours: Hours, weekdays: set[int]
) -> None:
    calendar = Calendar(hours=dict.fromkeys(weekdays, hours), wide_hours=True)

    def open_at(moment: datetime) -> bool:
        wall = moment.astimezone(ZoneInfo(zone))
        return (
            wall.weekday() in weekdays and hours.start <= wall.hour * 60 + wall.minute < hours.end
        )

    opening = calendar.find_opening([zone], at)
    assert opening.open is open_at(at)
    assert opening.open is (opening.why == "") is (opening.until is not None)
    assert opening.next is not None
    minutes = int((opening.next - at).total_seconds()) // 60
    step = 1 if minutes < 300 else 7
    assert not any(open_at(at + timedelta(minutes=m)) for m in range(0, minutes, step))
    assert open_at(opening.next)
    if opening.until is not None:
        assert all(
            open_at(at + timedelta(minutes=m))
            for m in range(0, int((opening.until - at).total_seconds()) // 60, 7)
        )
        midnight = calendar.find_next_day(zone, at)
        assert opening.until == midnight or not open_at(opening.until)


@given(ZONES, MOMENT)
def test_the_next_day_is_the_first_moment_of_another_date(zone: str, at: datetime) -> None:
    calendar = Calendar()
    next_day = calendar.find_next_day(zone, at)
    assert next_day > at
    assert calendar.find_local_day(zone, next_day) > calendar.find_local_day(zone, at)
    assert calendar.find_local_day(
        zone, next_day - timedelta(seconds=1)
    ) == calendar.find_local_day(zone, at)


@given(ZONES, MOMENT, st.sampled_from(["day", "evening", "weekend"]))
def test_the_next_moment_in_a_part_is_open_and_in_it(zone: str, at: datetime, part: str) -> None:
    calendar = Calendar()
    found = calendar.find_next_opening([zone], at, {part})
    assert found is not None
    assert found >= at
    assert calendar.find_opening([zone], found).open
    assert calendar.find_daypart([zone], found) == part
    assert found - at < timedelta(days=9)


# --- days on which the clock changes


def test_an_hour_that_does_not_exist_is_not_called_in() -> None:
    """New York, 8 March 2026: 02:00 became 03:00 at 07:00 UTC."""
    calendar = every_day("01:00", "03:00")
    assert spans(calendar, NEW_YORK, utc("2026-03-08 00:00"), utc("2026-03-09 00:00")) == [
        (utc("2026-03-08 06:00"), utc("2026-03-08 07:00"))
    ]
    assert spans(
        every_day("02:30", "04:00"), NEW_YORK, utc("2026-03-08 00:00"), utc("2026-03-09 00:00")
    ) == [(utc("2026-03-08 07:00"), utc("2026-03-08 08:00"))]
    whole = every_day("02:00", "03:00").find_opening([NEW_YORK], utc("2026-03-08 06:59")).next
    assert whole == there(NEW_YORK, "2026-03-09 02:00")


def test_an_hour_that_comes_twice_is_called_in_twice() -> None:
    """New York, 1 November 2026: 02:00 became 01:00 at 06:00 UTC."""
    day = (utc("2026-11-01 04:00"), utc("2026-11-02 05:00"))
    assert spans(every_day("01:00", "03:00"), NEW_YORK, *day) == [
        (utc("2026-11-01 05:00"), utc("2026-11-01 08:00"))
    ]
    assert spans(every_day("00:30", "01:30"), NEW_YORK, *day) == [
        (utc("2026-11-01 04:30"), utc("2026-11-01 05:30")),
        (utc("2026-11-01 06:00"), utc("2026-11-01 06:30")),
    ]


def test_samoa_had_no_30_december_2011() -> None:
    calendar = every_day("09:00", "20:00")
    assert (
        to_wall_time("Pacific/Apia", utc("2011-12-30 10:00")).isoformat() == "2011-12-31T00:00:00"
    )
    eve = there("Pacific/Apia", "2011-12-29 20:30")
    assert calendar.find_opening(["Pacific/Apia"], eve).next == there(
        "Pacific/Apia", "2011-12-31 09:00"
    )
    assert calendar.find_next_day("Pacific/Apia", eve) == utc("2011-12-30 10:00")
    assert calendar.find_opening(["Pacific/Apia"], eve).next == utc("2011-12-30 19:00")


def test_lord_howe_puts_the_clock_on_by_half_an_hour() -> None:
    """4 October 2026, 02:00 became 02:30 at 15:30 UTC of the 3rd."""
    assert spans(
        every_day("01:30", "03:00"),
        "Australia/Lord_Howe",
        utc("2026-10-03 13:00"),
        utc("2026-10-04 12:00"),
    ) == [(utc("2026-10-03 15:00"), utc("2026-10-03 16:00"))]


def test_dublin_where_winter_is_the_exception() -> None:
    """25 October 2026: 02:00 became 01:00 at 01:00 UTC; `tzdata` has summer as the standard and winter as negative."""
    assert spans(
        every_day("01:00", "02:00"),
        "Europe/Dublin",
        utc("2026-10-24 22:00"),
        utc("2026-10-25 22:00"),
    ) == [(utc("2026-10-25 00:00"), utc("2026-10-25 02:00"))]
    assert every_day("09:00", "10:00").find_opening(["Europe/Dublin"], utc("2026-07-01 08:00")).open


def test_a_midnight_that_comes_twice() -> None:
    """St John's, 7 November 2010: 00:01 became 23:01 of the 6th. The second 23:30 is a moment of the 6th again."""
    calendar = every_day("23:00", "24:00")
    again = utc("2010-11-07 03:00")
    assert to_wall_time("America/St_Johns", again).isoformat() == "2010-11-06T23:30:00"
    assert calendar.find_opening(["America/St_Johns"], again).open
    assert calendar.find_next_day("America/St_Johns", again) == utc("2010-11-07 03:30")


@given(ZONES, MOMENT)
def test_a_wall_and_its_fold_lead_back_to_the_moment(zone: str, at: datetime) -> None:
    wall = to_wall_time(zone, at)
    assert to_utc(zone, wall) == at
    assert classify_wall_time(zone, wall) != "never"


@given(ZONES, MOMENT, st.integers(0, 3000), st.integers(0, 1))
def test_later_walls_are_never_earlier_moments(
    zone: str, at: datetime, minutes: int, fold: int
) -> None:
    wall = at.replace(tzinfo=None)
    later = wall + timedelta(minutes=minutes)
    assert to_utc(zone, wall.replace(fold=fold)) <= to_utc(zone, later.replace(fold=fold))


def test_a_day_lasts_as_long_as_its_stretches() -> None:
    def hours_of(day: date) -> float:
        start, end = (
            datetime.combine(d, datetime.min.time()) for d in (day, day + timedelta(days=1))
        )
        return (
            sum((b - a).total_seconds() for a, b in iterate_intervals(NEW_YORK, start, end)) / 3600
        )

    assert [hours_of(date(2026, *d)) for d in ((3, 7), (3, 8), (11, 1), (11, 2))] == [
        24,
        23,
        25,
        24,
    ]
    assert find_day_start("America/Havana", date(2026, 3, 8)) == utc(
        "2026-03-08 05:00"
    )  # 00:00 became 01:00


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("Europe/Berlin", "2026-06-01"),
        ("America/Havana", "2026-03-08"),  # 00:00 became 01:00
        ("America/Havana", "2026-11-01"),  # 01:00 became 00:00
        ("Australia/Lord_Howe", "2026-04-05"),
    ],
)
def test_midnight_keeps_its_own_offset_on_a_day_on_which_clocks_change(zone: str, day: str) -> None:
    midnight = find_day_start(zone, date.fromisoformat(day))

    def to_local(at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(zone))

    def to_fixed_offset(at: datetime) -> datetime:
        """Convert as `datetime.astimezone` without a zone: the result knows only its own offset."""
        local = to_local(at.astimezone(UTC))
        return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))

    for convert in (to_local, to_fixed_offset):
        for hour in (0, 0.5, 1.5, 9, 21):
            found = find_midnight(midnight + timedelta(hours=hour), convert)
            assert found.astimezone(UTC) == midnight
            assert f"{found:%Y-%m-%d}" == day


# --- parts of the day


def test_a_part_of_days_beats_one_of_hours() -> None:
    calendar = of('dayparts: {day: "09:00-17:00", evening: "17:00-20:30", weekend: sat}')
    moments = {
        "2026-11-24 16:59": "day",
        "2026-11-24 17:00": "evening",
        "2026-11-28 11:00": "weekend",
    }
    moments |= {"2026-11-29 11:00": "day", "2026-11-24 20:30": "", "2026-11-24 08:00": ""}
    assert {at: calendar.find_daypart([NEW_YORK], there(NEW_YORK, at)) for at in moments} == moments


def test_the_next_evening_is_in_the_respondents_zone_and_may_be_saturdays() -> None:
    calendar = Calendar(parts=(Daypart("evening", hours=Hours(16 * 60, 21 * 60)),))
    friday_night = there(LOS_ANGELES, "2026-11-27 20:40")
    assert calendar.find_next_opening([LOS_ANGELES], friday_night, {"evening"}) == there(
        LOS_ANGELES, "2026-11-28 16:00"
    )
    assert Calendar().find_next_opening([LOS_ANGELES], friday_night, {"evening"}) == there(
        LOS_ANGELES, "2026-11-30 17:00"
    )
    assert (
        Calendar(ends=date(2026, 11, 28)).find_next_opening(
            [LOS_ANGELES], friday_night, {"evening"}
        )
        is None
    )


def test_a_part_already_begun_is_now() -> None:
    at = there(NEW_YORK, "2026-11-24 18:11")
    assert Calendar().find_next_opening([NEW_YORK], at, {"evening"}) == at
    assert Calendar().find_next_opening([NEW_YORK], at, {"day", "evening"}) == at
    assert Calendar().find_next_opening([NEW_YORK], at, {"day"}) == there(
        NEW_YORK, "2026-11-25 09:00"
    )


# --- holidays

# fmt: off
FEDERAL = [
    "2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07",
    "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25", "2027-01-01", "2027-01-18", "2027-02-15",
    "2027-05-31", "2027-06-18", "2027-07-05", "2027-09-06", "2027-10-11", "2027-11-11", "2027-11-25",
    "2027-12-24", "2027-12-31",
]
# fmt: on
"""As the U.S. Office of Personnel Management publishes them: the days on which they are observed."""


@pytest.mark.parametrize("day", FEDERAL)
def test_federal_holidays_are_not_called_on(day: str) -> None:
    at = there(NEW_YORK, f"{day} 12:00")
    assert not Calendar(country="US").find_opening([NEW_YORK], at).open
    assert Calendar(country="US", holidays=False).find_opening([NEW_YORK], at).open
    assert of("country: US, holidays: false").find_opening([NEW_YORK], at).open


def test_working_days_of_two_years_are_all_but_the_federal_holidays() -> None:
    calendar = Calendar(country="US")
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(730)]
    assert [str(d) for d in days if d.weekday() < 5 and calendar.is_closed_day(d)] == FEDERAL


def test_holidays_are_the_countrys_and_named_in_english() -> None:
    assert list_public_holidays("MX", 2026)[date(2026, 9, 16)] == "Independence Day"
    assert list_public_holidays("DE", 2026)[date(2026, 10, 3)] == "German Unity Day"
    assert date(2026, 11, 26) not in list_public_holidays("GB", 2026)
    assert list_public_holidays("XX", 2026) == {}
    assert Calendar(country="XX").find_opening([NEW_YORK], there(NEW_YORK, "2026-11-26 12:00")).open
    assert Calendar().find_opening([NEW_YORK], there(NEW_YORK, "2026-11-26 12:00")).open


# --- cost


def test_asking_is_cheap() -> None:
    calendar, at, zones = Calendar(country="US"), there(NEW_YORK, "2026-11-24 12:00"), [NEW_YORK]
    assert calendar.find_opening(zones, at).open
    assert (
        min(timeit.repeat(lambda: calendar.find_opening(zones, at), number=1000, repeat=5)) < 0.020
    )  # 20 µs each


def test_a_search_in_vain_ends() -> None:
    began = timeit.default_timer()
    assert (
        Calendar(country="US").find_next_opening(
            [NEW_YORK, LOS_ANGELES], utc("2026-11-24 12:00"), {"night"}
        )
        is None
    )
    assert timeit.default_timer() - began < 2


def test_a_moment_may_come_in_any_zone_and_leaves_in_utc() -> None:
    at = datetime.fromisoformat("2026-11-24 12:00").replace(tzinfo=ZoneInfo(NEW_YORK))
    assert Calendar().find_opening([NEW_YORK], at).next == at
    assert str(Calendar().find_opening([NEW_YORK], at).next) == "2026-11-24 17:00:00+00:00"
    assert str(Calendar().find_next_opening([NEW_YORK], at, {"day"})) == "2026-11-24 17:00:00+00:00"
