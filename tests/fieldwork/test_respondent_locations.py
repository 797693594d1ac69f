"""Where a respondent is: the time zone of a call, the holidays and hours of a country or region."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from babel import Locale, UnknownLocaleError

from support.case_histories import claimant, history
from support.command_line import folder, written
from support.scenario import instrument
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.calendar.calendar import Calendar, ClosingReason
from survey_cli.fieldwork.case.case import Case, find_call_zones, find_case_region
from survey_cli.fieldwork.case.events import LineType, NumberFacts
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.calling_rules import (
    check_rules,
    find_next_time,
    find_number_obstacle,
)
from survey_cli.instrument.countries import (
    CALLING_RULES,
    COUNTRIES,
    REGION_ZONES,
    build_usual_hours,
    find_region,
    find_weekend,
    list_public_holidays,
    list_regions,
)
from survey_cli.samples.cases.phone_numbers import ParsedNumber, read_number
from survey_cli.samples.cases.sample_file import SampleFile, read_sample
from survey_cli.store import Store
from survey_cli.store.cases.case_records import Contact, ContactNumber, NewCase

__all__ = ["folder"]

PERTH, SYDNEY, ADELAIDE = "Australia/Perth", "Australia/Sydney", "Australia/Adelaide"
AUSTRALIA = (
    ADELAIDE,
    "Australia/Brisbane",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    PERTH,
    SYDNEY,
)
COLUMNS = "unit: {role: key}, phone: {role: phone}, zone: {role: zone}, land: {role: country}, part: {role: region}"


def explain_number(*arguments: Any) -> str:
    """Why a number may not be dialed now; empty if it may."""
    obstacle = find_number_obstacle(*arguments)
    return "" if obstacle is None else str(obstacle)


def study(fieldwork: str) -> Plan:
    items = "- {id: n, type: number, text: How many?, min: 0, max: 9}"
    return Plan.from_instrument(
        instrument(
            f"sample: {{{COLUMNS}}}\nitems:\n{items}\nfieldwork: {{frame: list, {fieldwork}}}\n"
        )
    )


def unit(line: LineType, *zones: str, zone: str = "", **columns: Any) -> Any:
    return history(zone=zone, facts=(NumberFacts(1, line, zones),), columns=columns)


def of(case: Any, plan: Plan) -> tuple[tuple[str, ...], str]:
    return find_call_zones(case.case, case.case.next_number, plan)


# the zone of a call

SYDNEY_STUDY = study(f"country: AU, zone: {SYDNEY}")


def test_the_cases_own_zone_comes_first() -> None:
    # imports write the study's zone into cases without one: that is not their own
    case = history(
        zone="Australia/Darwin",
        facts=(NumberFacts(1, "fixed", (PERTH,)),),
        columns={"zone": "Australia/Darwin"},
    )
    assert of(case, SYDNEY_STUDY) == (("Australia/Darwin",), "the case's own zone")
    assert of(unit("fixed", PERTH, zone=SYDNEY), SYDNEY_STUDY) == ((PERTH,), "by its number")
    own = history(zone=SYDNEY, facts=(NumberFacts(1, "fixed", (PERTH,)),), columns={"zone": SYDNEY})
    assert of(own, SYDNEY_STUDY)[0] == (SYDNEY,)


def test_a_fixed_line_is_where_its_number_is() -> None:
    """A Perth landline of a study in Sydney rang at half past six in the morning there."""
    number = read_number("08 9321 1234", "AU")
    assert isinstance(number, ParsedNumber)
    case = unit(number.line, *number.zones, zone=SYDNEY)
    assert PERTH in of(case, SYDNEY_STUDY)[0]
    assert SYDNEY not in of(case, SYDNEY_STUDY)[0]
    half_past_six = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)  # 09:30 in Sydney, on a Wednesday
    [phone] = case.case.numbers
    assert "before 09:00 there" in explain_number(case.case, phone, SYDNEY_STUDY, half_past_six)
    assert not explain_number(case.case, phone, SYDNEY_STUDY, half_past_six.replace(day=25, hour=2))
    next_at = find_next_time(case.case, SYDNEY_STUDY, claimant(half_past_six))
    assert next_at is not None
    assert next_at.astimezone(UTC).hour == 1  # nine in Perth


def test_a_mobile_is_in_its_region_or_else_where_the_study_is() -> None:
    number = read_number("0412 345 678", "AU")
    assert isinstance(number, ParsedNumber)
    assert number.line == "mobile"
    assert len(number.zones) > 5
    plain = unit("mobile", *number.zones, zone=SYDNEY)
    assert of(plain, SYDNEY_STUDY)[0] == (SYDNEY,)
    assert "mobile" in of(plain, SYDNEY_STUDY)[1]
    in_perth = unit("mobile", *number.zones, zone=SYDNEY, part="AU-WA")
    assert of(in_perth, SYDNEY_STUDY) == ((PERTH,), "by its region, AU-WA")
    # another zone of the same clock is one of the number's too
    melbourne = unit("mobile", *number.zones, zone="Australia/Melbourne")
    assert of(melbourne, study("country: AU, zone: Australia/Melbourne"))[0] == (
        "Australia/Melbourne",
    )


def test_a_study_in_another_country_does_not_give_a_number_its_zone() -> None:
    case = unit("mobile", *AUSTRALIA, zone="America/New_York")
    assert of(case, study("country: US, zone: America/New_York")) == (
        AUSTRALIA,
        "all zones where its number may be",
    )
    assert of(unit("mobile", "Europe/Berlin"), study("country: US, zone: America/New_York"))[0] == (
        "Europe/Berlin",
    )


def test_without_any_zone_nobody_is_called() -> None:
    assert of(unit("unknown"), study("country: US")) == ((), "")
    assert of(unit("unknown"), study("country: US, zone: America/Chicago"))[0] == (
        "America/Chicago",
    )


def test_a_region_in_two_zones_is_narrowed_by_the_number() -> None:
    texas = study("country: US, zone: America/New_York")
    assert of(unit("unknown", part="US-TX"), texas)[0] == ("America/Chicago", "America/Denver")
    assert of(unit("unknown", "America/Chicago", part="US-TX"), texas)[0] == ("America/Chicago",)
    assert of(unit("unknown", "America/New_York", part="US-TX"), texas)[0] == (
        "America/Chicago",
        "America/Denver",
    )


def test_why_says_which_rule_gave_the_zone() -> None:
    at = datetime(2026, 11, 24, 3, tzinfo=UTC)
    said = {
        v.rule: str(v.explanation)
        for v in check_rules(unit("fixed", PERTH).case, SYDNEY_STUDY, claimant(at))
    }
    assert said["hours"] == f"open in {PERTH} (by its number)"
    late = datetime(2026, 11, 24, 13, tzinfo=UTC)
    said = {
        v.rule: str(v.explanation)
        for v in check_rules(unit("fixed", PERTH).case, SYDNEY_STUDY, claimant(late))
    }
    assert said["hours"] == f"after 20:00 there (it is 21:00); {PERTH} (by its number)"


# weekends and usual hours


def test_weekends_are_those_of_unicode() -> None:
    for country in sorted(COUNTRIES):
        try:
            locale = Locale.parse(f"und_{country}")
        except UnknownLocaleError:
            continue
        first, last = locale.weekend_start, locale.weekend_end
        assert find_weekend(country) == tuple(range(first, last + 1)), country


@pytest.mark.parametrize(
    ("country", "never", "short"),
    [
        ("EG", [4], [5]),
        ("IL", [5], [4]),
        ("IR", [4], []),
        ("AF", [4], [3]),
        ("IN", [6], []),
        ("DE", [6], [5]),
        ("", [6], [5]),
    ],
)
def test_nobody_is_called_on_the_day_of_rest(
    country: str, never: list[int], short: list[int]
) -> None:
    hours = build_usual_hours(country)
    assert [day for day in range(7) if day not in hours] == never
    assert [day for day in hours if hours[day].end == 17 * 60] == short


def test_in_egypt_sunday_is_a_workday_and_friday_is_not() -> None:
    calendar = study("country: EG, zone: Africa/Cairo").calendar
    friday, sunday = datetime(2026, 11, 27, 10, tzinfo=UTC), datetime(2026, 11, 29, 10, tzinfo=UTC)
    assert calendar.find_opening(["Africa/Cairo"], friday).why == "Friday there"
    assert calendar.find_opening(["Africa/Cairo"], sunday).open
    assert calendar.find_daypart(["Africa/Cairo"], friday) == "weekend"
    assert calendar.find_daypart(["Africa/Cairo"], sunday) == "day"


@pytest.mark.parametrize("country", sorted(CALLING_RULES))
def test_usual_hours_lie_within_what_a_country_allows(country: str) -> None:
    assert CALLING_RULES[country].source
    calendar = study(f"country: {country}").calendar
    for day in range(7):
        kept, rule = (
            calendar.find_hours(date(2026, 11, 23 + day)),
            CALLING_RULES[country].find_hours(day),
        )
        assert kept is None or rule.start <= kept.start < kept.end <= rule.end


def test_what_a_country_allows_is_kept_unless_there_is_a_reason() -> None:
    wide = 'country: DE, hours: {mon-sun: "08:00-21:00"}'
    saturday = date(2026, 11, 28)
    kept = study(wide).calendar.find_hours(saturday)
    assert kept is not None
    assert (kept.start, kept.end) == (10 * 60, 20 * 60)
    free = study(f"{wide}, reason: agreed with each unit").calendar.find_hours(saturday)
    assert free is not None
    assert (free.start, free.end) == (8 * 60, 21 * 60)


# regions


def test_holidays_of_a_region_are_kept_beside_the_countrys() -> None:
    epiphany, unity = date(2027, 1, 6), date(2026, 10, 3)
    assert epiphany not in list_public_holidays("DE", 2027)
    assert "Epiphany" in list_public_holidays("DE-BY", 2027)[epiphany]
    assert unity in list_public_holidays("DE-BY", 2026)
    bavaria = study("country: DE, region: BY, zone: Europe/Berlin").calendar
    assert bavaria.region == "DE-BY"
    closing = bavaria.find_closing(epiphany)
    assert closing is not None
    assert closing.reason is ClosingReason.HOLIDAY
    assert str(closing.words) == "Epiphany, Wed 6 Jan"
    assert not study("country: DE, zone: Europe/Berlin").calendar.is_closed_day(epiphany)


def test_each_case_has_the_holidays_of_its_own_region() -> None:
    plan = study("country: DE, zone: Europe/Berlin")
    noon = datetime(2027, 1, 6, 11, tzinfo=UTC)
    for region, holiday in (("DE-BY", True), ("DE-BE", False), ("", False), ("AT-9", True)):
        case = unit("mobile", "Europe/Berlin", part=region)
        said = {v.rule: v for v in check_rules(case.case, plan, claimant(noon))}
        assert said["hours"].allows is not holiday, region
        # the queue's bucket keeps the region, so that claiming goes by the same hours
        assert ("DE-BY" in case.standing(plan).bucket) == (region == "DE-BY")
    [phone] = unit("mobile", "Europe/Berlin").case.numbers
    assert "Epiphany" in explain_number(unit("mobile", part="DE-BY").case, phone, plan, noon)


def test_a_case_of_another_country_has_its_weekend_and_its_hours() -> None:
    plan = study("country: DE, zone: Europe/Berlin")
    case = unit("mobile", "Africa/Cairo", land="EG")
    assert find_case_region(case.case, plan) == "EG"
    friday, sunday = datetime(2026, 11, 27, 10, tzinfo=UTC), datetime(2026, 11, 29, 10, tzinfo=UTC)
    for at, is_open in ((friday, False), (sunday, True)):
        said = {v.rule: v for v in check_rules(case.case, plan, claimant(at))}
        assert said["hours"].allows is is_open
    own = study('country: DE, zone: Europe/Berlin, hours: {mon-fri: "09:00-18:00"}')
    said = {v.rule: v for v in check_rules(case.case, own, claimant(friday))}
    assert said["hours"].allows  # the study's hours, where it writes them, are for all


def test_the_studys_own_country_keeps_the_studys_region() -> None:
    plan = study("country: DE, region: BY, zone: Europe/Berlin")
    assert find_case_region(unit("mobile", land="DE").case, plan) == "DE-BY"
    assert find_case_region(unit("mobile", land="AT").case, plan) == "AT"
    assert find_case_region(unit("mobile", land="DE", part="DE-BE").case, plan) == "DE-BE"


def test_a_calendar_of_a_region_is_made_once() -> None:
    calendar = Calendar.from_written(None)
    assert calendar.for_region("DE-BY") is calendar.for_region("DE-BY")
    assert calendar.for_region("") is calendar


def test_regions_are_named_as_people_write_them() -> None:
    assert {find_region(t, "DE") for t in ("BY", "by", "DE-BY", "de-by", "Bayern", " Bayern ")} == {
        "DE-BY"
    }
    assert find_region("Victoria", "AU") == "AU-VIC"
    assert find_region("Bavaria-on-Sea", "DE") == ""
    assert list_regions("EG") == {}


def test_regions_with_zones_are_regions_that_exist() -> None:
    for region, zones in REGION_ZONES.items():
        country = region[:2]
        known = set(list_regions(country).values())
        assert region in known or region in {"US-PR", "US-GU"}, region
        assert zones


# the sample


def sample_of(rows: str, fieldwork: str) -> Any:
    file = written("cases.csv", "unit,phone,land,part\n" + rows)
    items = "- {id: n, type: number, text: How many?, min: 0, max: 9}"
    made = instrument(
        f"sample: {{{COLUMNS}}}\nitems:\n{items}\nfieldwork: {{frame: list, {fieldwork}}}\n"
    )
    return read_sample(Path(file), made)


def test_a_sample_brings_countries_and_regions() -> None:
    found = sample_of(
        "a,089 123456,,Bayern\nb,01 5123456,AT,\nc,,,AU-WA\nd,089 123456,,\n", "country: DE"
    )
    assert isinstance(found, SampleFile), found
    said = {case.key: (case.values["land"], case.values["part"]) for case in found.cases}
    assert [said[key][1] for key in "ac"] == ["DE-BY", "AU-WA"]
    assert said["b"][0] == "AT"
    first = {
        case.key: case.dialable_numbers[0].country for case in found.cases if case.dialable_numbers
    }
    assert first == {"a": "DE", "b": "AT", "d": "DE"}


def test_a_region_that_does_not_exist_is_told_with_the_nearest() -> None:
    found = sample_of("a,,,Bayrn\nb,,XX,\nc,,AT,DE-BY\nd,,EG,C\n", "country: DE")
    assert isinstance(found, list)
    said = "\n".join(map(str, found))
    assert "DE has no region 'Bayrn' — did you mean DE-BY?" in said
    assert "there is no country 'XX'" in said
    assert "DE-BY is not a region of AT, the country of this row" in said
    assert "the program knows no regions of EG" in said


def test_an_update_brings_the_zones_that_an_earlier_release_did_not_keep(folder: Path) -> None:
    """It wrote the study's zone into each case instead, and a Perth landline was called by Sydney's clock."""
    file = written(
        "study.yaml",
        f"instrument: study\ntitle: Study\nsample: {{{COLUMNS}}}\nfieldwork: {{frame: list, country: AU, zone: {SYDNEY}}}"
        "\nitems:\n- {id: n, type: number, text: How many?, min: 0, max: 9}\n",
    )
    Path("responses").mkdir()
    written("cases.csv", "unit,phone\nperth,08 9321 1234\nfree,1800 555 012\n")
    for key in ("perth", "free"):
        old = history(key, zone=SYDNEY, facts=(NumberFacts(1, "fixed"),))
        with Store.open(Path("responses/study.db"), create=True) as store:
            contact = Contact(link=key, numbers=(ContactNumber(1, "", "+61893211234", ""),))
            made = NewCase(
                key,
                old.entries,
                old.standing(SYDNEY_STUDY),
                contact=contact if key == "perth" else None,
            )
            store.cases.imports.add([made], import_id=key, at=old.now, by="sam", file="cases.csv")

    def zones() -> tuple[str, ...]:
        with Store.open(Path("responses/study.db"), create=False) as store:
            case = Case.from_history("perth", store.cases.queries.read_history("perth"))
            assert len(case.numbers) == 1
            return find_call_zones(case, case.numbers[0], SYDNEY_STUDY).names

    assert zones() == (SYDNEY,)
    assert run_command(["sample", "import", str(file), "cases.csv", "--update"]) == 0
    assert PERTH in zones()
    with Store.open(Path("responses/study.db"), create=False) as store:
        before = {
            key: len(list(store.cases.queries.read_history(key))) for key in ("perth", "free")
        }
    assert run_command(["sample", "import", str(file), "cases.csv", "--update"]) == 0
    with Store.open(Path("responses/study.db"), create=False) as store:
        assert {
            key: len(list(store.cases.queries.read_history(key))) for key in before
        } == before, "once is enough"
