"""Countries and their regions: public holidays, weekend days, calling hours, and the time zones of regions.

Regions and holidays come from the `holidays` library, weekend days from Unicode CLDR (a test compares them with
Babel). The other tables are in JSON beside this module, which reads no clock and no other file.
"""

import json
import sys
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from survey_cli.instrument.schema.hours import Hours, parse_hours
from survey_cli.problems import find_nearest
from survey_cli.values import DateOrder

_TABLES: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
MONTH_FIRST_COUNTRIES: Final = frozenset(
    {"US", "AS", "FM", "GU", "MH", "MP", "PH", "PR", "PW", "UM", "VI"}
)
"""Countries that write dates as 11/24/2026 (Unicode CLDR's short dates)."""
EITHER_ORDER_COUNTRIES: Final = frozenset({"CA"})
"""Countries where both orders are usual."""
YEAR_FIRST_COUNTRIES: Final = frozenset({"CN", "HU", "JP", "KR", "LT", "MN", "SE", "TW", "ZA"})
"""Countries where the year comes first, so that 3/4/2026 in a file would be a guess."""
COUNTRIES: Final = frozenset(" ".join(_TABLES["countries"]).split())
"""ISO 3166-1 alpha-2 codes."""

FRIDAY: Final = 4
SATURDAY: Final = 5
SUNDAY: Final = 6
"""Days of the week as `date.weekday` counts them: Monday is 0."""

PERMITTED_HOURS: Final = Hours(8 * 60, 21 * 60)
"""The hours within which people may be called, in the respondent's time zone, where the country's own are not known."""


class CallingRule(NamedTuple):
    """The hours in which people may be called in a country, and the source of the rule."""

    weekdays: Hours
    saturday: Hours
    sunday: Hours
    source: str

    def find_hours(self, weekday: int) -> Hours:
        """Return the hours of a day of the week; Monday is 0."""
        if weekday == SATURDAY:
            return self.saturday
        if weekday == SUNDAY:
            return self.sunday
        return self.weekdays


def _read_rule(*cells: str) -> CallingRule:
    weekdays, saturday, sunday = (
        hours for cell in cells[:3] if isinstance(hours := parse_hours(cell), Hours)
    )
    return CallingRule(weekdays, saturday, sunday, cells[3])


CALLING_RULES: Final = {
    country: _read_rule(*cells) for country, cells in _TABLES["calling_rules"].items()
}
"""Laws and professional rules. A country that is missing here has some too: `check` says that none are known."""

USUAL_WORKDAY: Final = Hours(9 * 60, 20 * 60 + 30)
USUAL_WEEKEND: Final = Hours(10 * 60, 17 * 60)
_WEEKENDS: Final = {
    country: tuple(days) for key, days in _TABLES["weekends"].items() for country in key.split()
}
"""Weekend days, Monday is 0, where they are not Saturday and Sunday."""


def find_weekend(country: str) -> tuple[int, ...]:
    """Return the weekend days of a country, Monday is 0; Saturday and Sunday if it is not known."""
    return _WEEKENDS.get(country, (SATURDAY, SUNDAY))


def build_usual_hours(country: str) -> dict[int, Hours]:
    """Return the calling hours by day of the week for a study that defines none.

    Workdays 09:00-20:30, so that the last interview is over near 21:00; the other day of the weekend 10:00-17:00; never
    on the day of rest.
    """
    weekend = find_weekend(country)
    rest_day = SUNDAY
    if country == "IL":
        rest_day = SATURDAY
    elif FRIDAY in weekend:
        rest_day = FRIDAY

    return {
        day: USUAL_WEEKEND if day in weekend else USUAL_WORKDAY
        for day in range(7)
        if day != rest_day
    }


def find_permitted_hours(country: str, weekday: int) -> Hours:
    """Return the hours within which people in this country may be called on this day of the week."""
    rule = CALLING_RULES.get(country)
    return rule.find_hours(weekday) if rule is not None else PERMITTED_HOURS


def parse_country(region: str) -> str:
    """Return the country of `DE-BY`, or of `DE`."""
    return region[:2]


@cache
def _import_holidays() -> Any:
    """Import the `holidays` library without its countries, each of which is imported when it is asked for.

    The library means to do that itself, but its package of countries imports all 250, which takes as long as the rest
    of a command.
    """
    import holidays

    package = ModuleType("holidays.countries")
    package.__path__ = [f"{folder}/countries" for folder in holidays.__path__]
    sys.modules.setdefault(package.__name__, package)
    return holidays


@lru_cache(maxsize=256)
def list_regions(country: str) -> Mapping[str, str]:
    """Return the regions of a country whose holidays are known.

    Maps the name and the code, both in lower case, to the full code (`DE-BY`); empty where no region is known.
    """
    holidays = _import_holidays()
    try:
        calendar = holidays.country_holidays(country)
    except NotImplementedError:
        return {}
    names = {code: code for code in calendar.subdivisions} | dict(
        getattr(calendar, "subdivisions_aliases", {})
    )
    by_name = {name.casefold(): f"{country}-{code}" for name, code in names.items()}
    return by_name | {full.casefold(): full for full in by_name.values()}


def find_region(text: str, country: str) -> str:
    """Return the full code of a region: `by`, `DE-BY` and `Bayern` are DE-BY in Germany. Empty if there is none."""
    return list_regions(country).get(text.strip().casefold(), "")


def suggest_region(text: str, country: str) -> str:
    """Return the remedy for a region that does not exist: the nearest by name or code, or a few that exist."""
    regions = list_regions(country)
    codes = sorted(set(regions.values()))
    near = find_nearest(text.strip().casefold(), regions)
    listed = ", ".join(codes[:4]) + (", …" if len(codes) > 4 else "")
    return f"did you mean {regions[near]}?" if near else f"write one of {listed}"


@lru_cache(maxsize=512)
def list_public_holidays(region: str, year: int) -> Mapping[date, str]:
    """Return the names of the public holidays of a country (`DE`) or a region (`DE-BY`), by day.

    In English where the library has it, including the days on which a holiday is observed; empty for what the library
    does not know.
    """
    holidays = _import_holidays()
    country, subdivision = parse_country(region), region[3:] or None
    try:
        calendar = holidays.country_holidays(country, subdiv=subdivision, years=year)
    except NotImplementedError:
        return {}
    english = [language for language in calendar.supported_languages if language.startswith("en")]
    if english and calendar.default_language not in english:
        calendar = holidays.country_holidays(
            country, subdiv=subdivision, years=year, language=english[0]
        )
    return {day: name for day, name in calendar.items() if day.year == year}


def _group_zones_by_region() -> Mapping[str, tuple[str, ...]]:
    zones: dict[str, tuple[str, ...]] = {}
    for line in _TABLES["zones"]:
        country_and_area, _, cities = line.partition(": ")
        country, area = country_and_area.split()
        for city, *regions in map(str.split, cities.split(", ")):
            for key in (f"{country}-{region}" for region in regions):
                zones[key] = (*zones.get(key, ()), f"{area}/{city}")
    return zones


REGION_ZONES: Final = _group_zones_by_region()
"""The time zones of a region (IANA, zone.tab), for countries with several zones whose regions are often in samples; one
in two zones is called only while both are open."""


def find_date_order(country: str) -> DateOrder | None:
    """Return the order of day and month in `3/4/2026`; None if the country is not known or writes both."""
    if country in MONTH_FIRST_COUNTRIES:
        return "mdy"
    if not country or country in EITHER_ORDER_COUNTRIES:
        return None
    return "dmy"
