"""Countries and their regions: public holidays, weekends, calling hours, and time zones.

Regions and holidays come from the `holidays` library, weekend days from Unicode CLDR (a test
compares them with Babel). The module reads no clock.
"""

import sys
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from types import ModuleType
from typing import Any, Final, NamedTuple

from survey_cli.instrument.schema.hours import Hours
from survey_cli.problems import find_nearest
from survey_cli.values import DateOrder

_COUNTRY_CODES: Final = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS
GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES: Final = frozenset(_COUNTRY_CODES.split())
"""ISO 3166-1 alpha-2 codes."""

MONTH_FIRST_COUNTRIES: Final = frozenset(
    {"US", "AS", "FM", "GU", "MH", "MP", "PH", "PR", "PW", "UM", "VI"}
)
"""Countries that write dates as 11/24/2026 (Unicode CLDR's short dates)."""
EITHER_ORDER_COUNTRIES: Final = frozenset({"CA"})
"""Countries where both orders are usual."""
YEAR_FIRST_COUNTRIES: Final = frozenset({"CN", "HU", "JP", "KR", "LT", "MN", "SE", "TW", "ZA"})
"""Countries where the year comes first, so that 3/4/2026 in a file would be a guess."""

THURSDAY: Final = 3
FRIDAY: Final = 4
SATURDAY: Final = 5
SUNDAY: Final = 6
"""Days of the week as `date.weekday` counts them: Monday is 0."""

PERMITTED_HOURS: Final = Hours(8 * 60, 21 * 60)
"""The hours within which people may be called, in the respondent's time zone, if their country's
own hours are not known."""


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


CALLING_RULES: Final = {
    "AU": CallingRule(
        weekdays=Hours(9 * 60, 20 * 60),
        saturday=Hours(9 * 60, 17 * 60),
        sunday=Hours(9 * 60, 17 * 60),
        source="Telecommunications (Telemarketing and Research Calls) Industry Standard 2017, "
        "on research calls",
    ),
    "CA": CallingRule(
        weekdays=Hours(9 * 60, 21 * 60 + 30),
        saturday=Hours(10 * 60, 18 * 60),
        sunday=Hours(10 * 60, 18 * 60),
        source="CRTC, Key Unsolicited Telecommunications Rules, on telemarketing; "
        "surveys are exempt",
    ),
    "DE": CallingRule(
        weekdays=Hours(9 * 60, 21 * 60),
        saturday=Hours(10 * 60, 20 * 60),
        sunday=Hours(10 * 60, 18 * 60),
        source="Richtlinie für telefonische Befragungen (ADM, ASI, BVM, DGOF), "
        "a rule of the profession",
    ),
    "US": CallingRule(
        weekdays=Hours(8 * 60, 21 * 60),
        saturday=Hours(8 * 60, 21 * 60),
        sunday=Hours(8 * 60, 21 * 60),
        source="47 CFR 64.1200(c)(1), on telephone solicitations",
    ),
}
"""Laws and professional rules. Other countries have some too: `check` says that it knows none."""

USUAL_WORKDAY: Final = Hours(9 * 60, 20 * 60 + 30)
USUAL_WEEKEND: Final = Hours(10 * 60, 17 * 60)

_FRIDAY_AND_SATURDAY: Final = "BH DZ EG IL IQ JO KW LY OM QA SA SD SY YE"
_WEEKENDS: Final[Mapping[str, tuple[int, ...]]] = {
    **dict.fromkeys(_FRIDAY_AND_SATURDAY.split(), (FRIDAY, SATURDAY)),
    "AF": (THURSDAY, FRIDAY),
    "IN": (SUNDAY,),
    "IR": (FRIDAY,),
    "UG": (SUNDAY,),
}
"""The weekend days of countries where they are not Saturday and Sunday."""


def find_weekend(country: str) -> tuple[int, ...]:
    """Return the weekend days of a country: Saturday and Sunday if nothing else is known."""
    return _WEEKENDS.get(country, (SATURDAY, SUNDAY))


def build_usual_hours(country: str) -> dict[int, Hours]:
    """Return the calling hours by day of the week for a study that defines none.

    On workdays 09:00-20:30, so that the last interview is over near 21:00. On the weekend
    10:00-17:00, but never on the day of rest.
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
    """Return the hours within which people of a country may be called on a day of the week."""
    rule = CALLING_RULES.get(country)
    return rule.find_hours(weekday) if rule is not None else PERMITTED_HOURS


def parse_country(region: str) -> str:
    """Return the country of `DE-BY`, or of `DE`."""
    return region[:2]


@cache
def _import_holidays() -> Any:
    """Import the `holidays` library without its countries.

    The library then imports each country when its holidays are needed. That is its intention too,
    but its package of countries imports all 250, which takes as long as the rest of a command.
    """
    import holidays

    package = ModuleType("holidays.countries")
    package.__path__ = [f"{folder}/countries" for folder in holidays.__path__]
    sys.modules.setdefault(package.__name__, package)
    return holidays


@lru_cache(maxsize=256)
def list_regions(country: str) -> Mapping[str, str]:
    """Return the regions of a country whose holidays are known, or an empty mapping.

    It maps the name and the code of a region, both in lower case, to the full code (`DE-BY`).
    """
    holidays = _import_holidays()
    try:
        calendar = holidays.country_holidays(country)
    except NotImplementedError:
        return {}

    codes_by_name = {code: code for code in calendar.subdivisions}
    codes_by_name |= calendar.subdivisions_aliases
    regions = {name.casefold(): f"{country}-{code}" for name, code in codes_by_name.items()}
    return regions | {full.casefold(): full for full in regions.values()}


def find_region(text: str, country: str) -> str:
    """Return the full code of a region; empty if there is none.

    In Germany `by`, `DE-BY` and `Bayern` are DE-BY.
    """
    return list_regions(country).get(text.strip().casefold(), "")


def suggest_region(text: str, country: str) -> str:
    """Suggest a region instead of one that does not exist: the nearest, or a few that exist."""
    regions = list_regions(country)
    near = find_nearest(text.strip().casefold(), regions)
    if near:
        return f"did you mean {regions[near]}?"

    codes = sorted(set(regions.values()))
    shown = codes[:4]
    if len(codes) > len(shown):
        shown.append("…")
    return f"write one of {', '.join(shown)}"


@lru_cache(maxsize=512)
def list_public_holidays(region: str, year: int) -> Mapping[date, str]:
    """Return the names of the public holidays of a country (`DE`) or a region (`DE-BY`), by day.

    They include the days on which a holiday is observed. Names are in English if the library has
    them. The mapping is empty for a country or region that the library does not know.
    """
    holidays = _import_holidays()
    country = parse_country(region)
    subdivision = region[3:] or None
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


_ZONES: Final[Mapping[str, Mapping[str, str]]] = {
    "AU": {
        "Australia/Adelaide": "SA",
        "Australia/Brisbane": "QLD",
        "Australia/Darwin": "NT",
        "Australia/Hobart": "TAS",
        "Australia/Melbourne": "VIC",
        "Australia/Perth": "WA",
        "Australia/Sydney": "ACT NSW",
    },
    "BR": {
        "America/Araguaina": "TO",
        "America/Bahia": "BA",
        "America/Belem": "AP PA",
        "America/Boa_Vista": "RR",
        "America/Campo_Grande": "MS",
        "America/Cuiaba": "MT",
        "America/Eirunepe": "AM",
        "America/Fortaleza": "CE MA PB PI RN",
        "America/Maceio": "AL SE",
        "America/Manaus": "AM",
        "America/Porto_Velho": "RO",
        "America/Recife": "PE",
        "America/Rio_Branco": "AC",
        "America/Sao_Paulo": "DF ES GO MG PR RJ RS SC SP",
    },
    "CA": {
        "America/Cambridge_Bay": "NU",
        "America/Edmonton": "AB BC NT",
        "America/Goose_Bay": "NL",
        "America/Halifax": "NS PE",
        "America/Iqaluit": "NU",
        "America/Moncton": "NB",
        "America/Rankin_Inlet": "NU",
        "America/Regina": "SK",
        "America/St_Johns": "NL",
        "America/Toronto": "ON QC",
        "America/Vancouver": "BC",
        "America/Whitehorse": "YT",
        "America/Winnipeg": "MB ON",
    },
    "US": {
        "America/Adak": "AK",
        "America/Anchorage": "AK",
        "America/Boise": "ID OR",
        "America/Chicago": "AL AR FL IA IL IN KS KY LA MI MN MO MS ND NE OK SD TN TX WI",
        "America/Denver": "AZ CO KS MT ND NE NM SD TX UT WY",
        "America/Detroit": "MI",
        "America/Indiana/Indianapolis": "IN",
        "America/Los_Angeles": "CA ID NV OR WA",
        "America/New_York": "CT DC DE FL GA KY MA MD ME NC NH NJ NY OH PA RI SC TN VA VT WV",
        "America/Phoenix": "AZ",
        "America/Puerto_Rico": "PR",
        "Pacific/Guam": "GU",
        "Pacific/Honolulu": "HI",
    },
}
"""The time zones of a country, and the regions in each: IANA, zone.tab.

Only countries with several zones whose regions are often in samples."""


def _group_zones_by_region() -> Mapping[str, tuple[str, ...]]:
    zones_by_region: dict[str, tuple[str, ...]] = {}
    for country, zones in _ZONES.items():
        for zone, regions in zones.items():
            for region in regions.split():
                full_code = f"{country}-{region}"
                others = zones_by_region.get(full_code, ())
                zones_by_region[full_code] = (*others, zone)
    return zones_by_region


REGION_ZONES: Final = _group_zones_by_region()
"""The time zones of each region. A region in two zones is called only while both are open."""


def find_date_order(country: str) -> DateOrder | None:
    """Return the order of day and month in `3/4/2026`; None for an unknown country, or both."""
    if country in MONTH_FIRST_COUNTRIES:
        return "mdy"
    if not country or country in EITHER_ORDER_COUNTRIES:
        return None
    return "dmy"
