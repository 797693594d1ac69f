"""Readers for the values of sample columns, by a column's type and role."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import cache, partial
from typing import Final, NamedTuple, TypeAlias
from zoneinfo import available_timezones

from survey_cli.instrument.compiled.model import Instrument, find_labels, list_column_options
from survey_cli.instrument.countries import (
    COUNTRIES,
    YEAR_FIRST_COUNTRIES,
    find_date_order,
    find_region,
    list_regions,
    suggest_region,
)
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.instrument.schema.items.question import normalize_text
from survey_cli.instrument.schema.options import list_value_labels
from survey_cli.instrument.texts.languages import find_language, list_languages
from survey_cli.instrument.texts.number_text import list_number_readings
from survey_cli.problems import suggest_nearest
from survey_cli.values import Code, Missing, Value


class InvalidValue(NamedTuple):
    """Reason why a text is not a valid value of its column, and what to do."""

    what: str
    remedy: str


ColumnReader: TypeAlias = Callable[[str], Value | InvalidValue]
"""Function that converts a text that is not empty to a value."""

HIDDEN_ROLES: Final = (
    "key",
    "phone",
    "zone",
    "name",
    "replicate",
    "priority",
    "weight",
    "language",
)
"""Roles of sample columns that an interviewer sees elsewhere, or not at all."""
_DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?\Z", re.ASCII)
_POINT_ZERO: Final = re.compile(r"(-?\d+)\.0+\Z", re.ASCII)
_MIDNIGHT: Final = re.compile(r"[T ]00:00(:00(\.0+)?)?\Z")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\Z", re.ASCII)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})\Z", re.ASCII)
_SAME_ALL_YEAR: Final = re.compile(
    r"(EST|MST|HST|GMT|UTC|UCT|Zulu|Greenwich|Etc/.*|GMT[+-]?0|Universal)\Z"
)
COUNTRY_REMEDY: Final = "write two letters, such as US, GB or ES"
_PLACES_OF_ZONES: Final = {
    "EST": "America/New_York",
    "MST": "America/Phoenix",
    "HST": "Pacific/Honolulu",
}
"""The place that is usually meant by the name of a zone that is the same all year."""
_ZONES_BY_COMMON_NAME: Final = {
    "eastern": "America/New_York",
    "central": "America/Chicago",
    "mountain": "America/Denver",
    "pacific": "America/Los_Angeles",
    "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
    "arizona": "America/Phoenix",
    "et": "America/New_York",
    "edt": "America/New_York",
    "ct": "America/Chicago",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "mt": "America/Denver",
    "mdt": "America/Denver",
    "pt": "America/Los_Angeles",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "bst": "Europe/London",
    "cet": "Europe/Berlin",
}


def find_column(instrument: Instrument, role: str) -> str | None:
    """Return the name of the first sample column with this role."""
    for name, column in instrument.sample.items():
        if column.role == role:
            return name
    return None


def list_columns(sample: Mapping[str, SampleColumn], role: str) -> list[str]:
    """Return the names of all sample columns with this role."""
    return [name for name, column in sample.items() if column.role == role]


def find_country(instrument: Instrument) -> str | None:
    """Return the study's country, in two capital letters."""
    fieldwork = instrument.document.fieldwork
    if fieldwork is None or not fieldwork.country:
        return None
    return str(fieldwork.country).upper()


def list_details(
    instrument: Instrument, values: Mapping[str, object]
) -> tuple[tuple[str, str], ...]:
    """Return label and text of the sample columns that the station doesn't show elsewhere."""
    return tuple(iterate_labeled_values(instrument, values, without=HIDDEN_ROLES))


def iterate_labeled_values(
    instrument: Instrument, values: Mapping[str, object], *, without: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield label and text of the sample columns that have a value, without those of some roles."""
    for name, column in instrument.sample.items():
        value = values.get(name)
        is_empty = value is None or value == "" or isinstance(value, Missing)
        if is_empty or column.role in without:
            continue

        text = str(value)
        if isinstance(value, int | str):
            labels = find_labels(instrument, name, instrument.language)
            text = labels.get(value, text)
        label = name
        if column.label:
            label = str(column.label.get(instrument.language))
        yield label, text


def clean_text(text: str, *, lines: bool = False) -> str:
    """Return the text as it is stored: trimmed, in NFC, without control characters.

    `lines` keeps line ends.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    return normalize_text(text, lines=lines)


def make_reader(
    instrument: Instrument, column: SampleColumn, *, decimal_comma: bool = False
) -> ColumnReader:
    """Return the reader for the column's type. With `decimal_comma`, 0,5 means a half."""
    match column.type:
        case "single":
            return _make_single_reader(instrument, column)
        case "number":
            return partial(_read_number, decimal_comma=decimal_comma)
        case "date":
            return make_date_reader(find_country(instrument) or "")
        case "split":
            return _make_arm_reader(column)
        case "text":
            return str


def make_role_reader(
    instrument: Instrument, column: SampleColumn, *, decimal_comma: bool = False
) -> ColumnReader:
    """Return a reader that also checks what the column's role requires, such as a time zone."""
    read_type = make_reader(instrument, column, decimal_comma=decimal_comma)
    checks: dict[str, Callable[[Value], Value | InvalidValue]] = {
        "zone": _check_zone,
        "country": _check_country,
        "language": lambda value: _check_language(instrument, value),
        "weight": _check_weight,
        "priority": _check_priority,
    }
    check = checks.get(column.role or "")
    if check is None:
        return read_type

    def read(text: str) -> Value | InvalidValue:
        value = read_type(text)
        if isinstance(value, InvalidValue):
            return value
        return check(value)

    return read


# ── by type ──────────────────────────────────────────────────────────────────────────────────────


def _make_single_reader(instrument: Instrument, column: SampleColumn) -> ColumnReader:
    """Return a reader of codes and of labels in any language.

    It doesn't accept a label that two codes share.
    """
    options = list_column_options(instrument, column)
    labels = list_value_labels(options, instrument.language)
    remedy = "write one of " + ", ".join(f"{code} ({label})" for code, label in labels.items())

    codes: dict[str, Code] = {}
    ambiguous: set[str] = set()
    for code, option in options.items():
        for wording in (option.label, option.text):
            if not wording:
                continue
            for _, text in wording.iterate_languages():
                folded = str(text).casefold()
                if codes.setdefault(folded, code) != code:
                    ambiguous.add(folded)
    for folded in ambiguous:
        del codes[folded]
    # A code takes precedence over a label that looks like it.
    codes |= {str(code).casefold(): code for code in labels}

    def read(text: str) -> Value | InvalidValue:
        code = codes.get(text.casefold())
        if code is None:
            as_decimal = _POINT_ZERO.match(text)  # a spreadsheet may write 1 as 1.0
            if as_decimal:
                code = codes.get(as_decimal[1])

        if code is None:
            return InvalidValue("the value does not fit the column", remedy)
        return code

    return read


def _read_number(text: str, *, decimal_comma: bool) -> Value | InvalidValue:
    """Read a number in the notation of the file, or in another in which it can mean only one."""
    if not decimal_comma and _DECIMAL.match(text):
        return _convert_number(float(text))

    readings = list_number_readings(text, None)
    if len(readings) > 1:
        what = f"{text} may be a decimal number or thousands"
        return InvalidValue(what, "write it without thousands separators")
    if readings:
        return _convert_number(readings[0].value)
    if _DECIMAL.match(text):  # such as 1e3
        return _convert_number(float(text))
    return InvalidValue("the value does not fit the column", "write a number")


def _convert_number(value: float) -> Value | InvalidValue:
    # Larger decimals aren't exact. `not <` also refuses a number that is none (nan).
    if not abs(value) < 1e15:
        what = "the number is too large to be stored exactly"
        return InvalidValue(what, "give the column type: text")

    if float(value).is_integer():
        return int(value)
    return value


def make_date_reader(country: str) -> Callable[[str], date | InvalidValue]:
    """Return a reader of dates such as 2026-11-24 and of dates in the order of the country.

    `country` is two letters, or empty if it isn't known.
    """
    remedy = "write the date as 2026-11-24"
    order = find_date_order(country)
    is_guess = order is None or country in YEAR_FIRST_COUNTRIES

    def read(text: str) -> date | InvalidValue:
        text = _MIDNIGHT.sub("", text)
        year_first = _YEAR_FIRST.match(text)
        year_last = _YEAR_LAST.match(text)

        if year_first:
            year = int(year_first[1])
            month = int(year_first[2])
            day = int(year_first[3])
        elif year_last:
            year = int(year_last[4])
            # With points, the day is first in every country.
            has_points = year_last[2] == "."
            if is_guess and not has_points:
                return InvalidValue("the order of day and month is not known", remedy)
            if order == "mdy" and not has_points:
                month = int(year_last[1])
                day = int(year_last[3])
            else:
                day = int(year_last[1])
                month = int(year_last[3])
        else:
            return InvalidValue("the value does not fit the column", remedy)

        try:
            return date(year, month, day)
        except ValueError:
            what = "there is no such day"
            if not text[:4].isdigit():  # the order was inferred, so the message says how
                what += f" where {month} is the month"
            return InvalidValue(what, remedy)

    return read


def _make_arm_reader(column: SampleColumn) -> ColumnReader:
    arms = {str(name).casefold(): str(name) for name in column.arms}
    remedy = f"write one of {', '.join(arms.values())}; leave it empty to have it drawn"

    def read(text: str) -> Value | InvalidValue:
        arm = arms.get(text.casefold())
        if not arm:
            return InvalidValue("the split has no such arm", remedy)
        return arm

    return read


# ── by role ──────────────────────────────────────────────────────────────────────────────────────


def _check_zone(value: Value) -> Value | InvalidValue:
    name = str(value)
    if _SAME_ALL_YEAR.match(name) and name in _list_zones():
        place = _PLACES_OF_ZONES.get(name, "Europe/London")
        what = f"{name!r} has no daylight saving time and names no place"
        return InvalidValue(what, f"write a place, such as {place}")
    if name in _list_zones():
        return value

    zone = _find_meant_zone(name)
    if zone is not None:
        remedy = f"write {zone}"
    else:
        otherwise = "write one such as America/Chicago"
        remedy = suggest_nearest(name, _list_zones(), otherwise=otherwise)
    return InvalidValue(f"{name!r} is not a time zone", remedy)


def _find_meant_zone(name: str) -> str | None:
    """Return the zone that a common name (`eastern time`) or a city means."""
    folded = name.casefold()
    without_time = folded.removesuffix("time").strip()
    for common_name in (folded, without_time):
        if common_name in _ZONES_BY_COMMON_NAME:
            return _ZONES_BY_COMMON_NAME[common_name]

    cities = {
        zone.rpartition("/")[2].replace("_", " ").casefold(): zone for zone in sorted(_list_zones())
    }
    return cities.get(folded.replace("_", " "))


@cache
def _list_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def _check_country(value: Value) -> Value | InvalidValue:
    code = str(value).strip().upper()
    if code not in COUNTRIES:
        return InvalidValue(f"there is no country {str(value)!r}", COUNTRY_REMEDY)
    return code


def read_region(text: str, country: str) -> str | InvalidValue:
    """Return the full code of a region, such as DE-BY; `BY` and `Bayern` need `country`."""
    if text[2:3] == "-":
        country = text[:2].upper()
    if not country:
        what = f"{text!r} does not say which country it is in"
        return InvalidValue(what, "write it with its country, such as DE-BY")

    region = find_region(text, country)
    if region:
        return region
    if not list_regions(country):
        return InvalidValue(f"the program knows no regions of {country}", "leave it empty")
    return InvalidValue(f"{country} has no region {text!r}", suggest_region(text, country))


def _check_language(instrument: Instrument, value: Value) -> Value | InvalidValue:
    language = find_language(str(value), instrument.languages)
    if language:
        return value if isinstance(value, int) else language
    remedy = f"its languages are {list_languages(instrument.languages)}"
    return InvalidValue(f"the questionnaire has no language {str(value)!r}", remedy)


def _check_weight(value: Value) -> Value | InvalidValue:
    if isinstance(value, int | float) and value > 0:
        return value
    return InvalidValue("a weight must be greater than 0", "correct it, or leave the case out")


def _check_priority(value: Value) -> Value | InvalidValue:
    if isinstance(value, int):
        return value
    return InvalidValue(
        "a priority must be a whole number",
        "write 1 for cases that are called first, 2 for the next",
    )
