"""Countries and their regions: public holidays, weekend days, calling hours, and the time zones of regions.

Regions and holidays come from the `holidays` library, weekend days from Unicode CLDR (a test compares them with
Babel). The module reads no clock and no file.
"""

import sys
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from types import ModuleType
from typing import Any, Final, NamedTuple

from survey_cli.instrument.schema.hours import Hours, parse_hours
from survey_cli.problems import find_nearest

COUNTRIES: Final = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
    CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
    SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
    UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 (shorter to read than 249 strings)
)
"""ISO 3166-1 alpha-2 codes."""

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
        return self.saturday if weekday == 5 else self.sunday if weekday == 6 else self.weekdays


_RULES: Final = """
AU 09:00-20:00 09:00-17:00 09:00-17:00 Telecommunications (Telemarketing and Research Calls) Industry Standard 2017, on research calls
CA 09:00-21:30 10:00-18:00 10:00-18:00 CRTC, Key Unsolicited Telecommunications Rules, on telemarketing; surveys are exempt
DE 09:00-21:00 10:00-20:00 10:00-18:00 Richtlinie für telefonische Befragungen (ADM, ASI, BVM, DGOF), a rule of the profession
US 08:00-21:00 08:00-21:00 08:00-21:00 47 CFR 64.1200(c)(1), on telephone solicitations
"""  # noqa: E501
"""Country, hours on weekdays, Saturdays and Sundays, and the source."""


def _read_rules() -> Mapping[str, CallingRule]:
    rules = {}
    for line in _RULES.strip().splitlines():
        country, *days, source = line.split(" ", 4)
        weekdays, saturday, sunday = (hours for day in days if isinstance(hours := parse_hours(day), Hours))
        rules[country] = CallingRule(weekdays, saturday, sunday, source)
    return rules


CALLING_RULES: Final = _read_rules()
"""Laws and professional rules. A country that is missing here has some too: `check` says that none are known."""

USUAL_WORKDAY: Final = Hours(9 * 60, 20 * 60 + 30)
USUAL_WEEKEND: Final = Hours(10 * 60, 17 * 60)
_WEEKENDS: Final = {
    **dict.fromkeys(("BH", "DZ", "EG", "IL", "IQ", "JO", "KW", "LY", "OM", "QA", "SA", "SD", "SY", "YE"), (4, 5)),
    "AF": (3, 4),
    "IN": (6,),
    "IR": (4,),
    "UG": (6,),
}
"""Weekend days, Monday is 0, where they are not Saturday and Sunday."""


def find_weekend(country: str) -> tuple[int, ...]:
    """Return the weekend days of a country, Monday is 0; Saturday and Sunday where the country is not known."""
    return _WEEKENDS.get(country, (5, 6))


def build_usual_hours(country: str) -> dict[int, Hours]:
    """Return the calling hours by day of the week for a study that defines none.

    Workdays 09:00-20:30, so that the last interview is over near 21:00; the other day of the weekend 10:00-17:00; never
    on the day of rest.
    """
    weekend = find_weekend(country)
    rest_day = 5 if country == "IL" else 4 if 4 in weekend else 6
    return {day: USUAL_WEEKEND if day in weekend else USUAL_WORKDAY for day in range(7) if day != rest_day}


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
    names = {code: code for code in calendar.subdivisions} | dict(getattr(calendar, "subdivisions_aliases", {}))
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
        calendar = holidays.country_holidays(country, subdiv=subdivision, years=year, language=english[0])
    return {day: name for day, name in calendar.items() if day.year == year}


_ZONES: Final = """
AU Australia: Adelaide SA, Brisbane QLD, Darwin NT, Hobart TAS, Melbourne VIC, Perth WA, Sydney ACT NSW
BR America: Araguaina TO, Bahia BA, Belem AP PA, Boa_Vista RR, Campo_Grande MS, Cuiaba MT, Eirunepe AM
BR America: Fortaleza CE MA PB PI RN, Maceio AL SE, Manaus AM, Porto_Velho RO, Recife PE, Rio_Branco AC
BR America: Sao_Paulo DF ES GO MG PR RJ RS SC SP
CA America: Cambridge_Bay NU, Edmonton AB BC NT, Goose_Bay NL, Halifax NS PE, Iqaluit NU, Moncton NB
CA America: Rankin_Inlet NU, Regina SK, St_Johns NL, Toronto ON QC, Vancouver BC, Whitehorse YT, Winnipeg MB ON
US America: Adak AK, Anchorage AK, Boise ID OR
US America: Chicago AL AR FL IA IL IN KS KY LA MI MN MO MS ND NE OK SD TN TX WI
US America: Denver AZ CO KS MT ND NE NM SD TX UT WY, Detroit MI, Indiana/Indianapolis IN
US America: Los_Angeles CA ID NV OR WA, New_York CT DC DE FL GA KY MA MD ME NC NH NJ NY OH PA RI SC TN VA VT WV
US America: Phoenix AZ, Puerto_Rico PR
US Pacific: Guam GU, Honolulu HI
"""
"""Time zones by region, for countries with several zones whose regions are often in samples (IANA, zone.tab)."""


def _group_zones_by_region() -> Mapping[str, tuple[str, ...]]:
    zones: dict[str, tuple[str, ...]] = {}
    for line in _ZONES.strip().splitlines():
        country_and_area, _, cities = line.partition(": ")
        country, area = country_and_area.split()
        for city, *regions in map(str.split, cities.split(", ")):
            for key in (f"{country}-{region}" for region in regions):
                zones[key] = (*zones.get(key, ()), f"{area}/{city}")
    return zones


REGION_ZONES: Final = _group_zones_by_region()
"""The time zones of a region; a region in two zones is called only while both are open."""
