"""Readers for the values of sample columns, by a column's type and role."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Final, NamedTuple, TypeAlias
from zoneinfo import available_timezones

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.countries import COUNTRIES, find_region, list_regions, suggest_region
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.instrument.schema.items.question import normalize_text
from survey_cli.instrument.schema.options import OptionSpec
from survey_cli.instrument.texts.number_text import list_number_readings
from survey_cli.problems import suggest_nearest
from survey_cli.values import Code, Missing, Value


class InvalidValue(NamedTuple):
    """Reason why a text is no valid value of its column."""

    what: str
    remedy: str


ColumnReader: TypeAlias = Callable[[str], Value | InvalidValue]
"""Makes the value of a text that is not empty."""

MONTH_FIRST: Final = frozenset({"US", "AS", "FM", "GU", "MH", "MP", "PH", "PR", "PW", "UM", "VI"})
"""Countries where 11/24/2026 is a day (Unicode CLDR's short dates)."""
NO_SLASHES: Final = frozenset({"", "CA", "CN", "HU", "JP", "KR", "LT", "MN", "SE", "TW", "ZA"})
"""Countries where the year comes first, or both orders are in use: 3/4/2026 would be a guess."""
_DECIMAL: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?\Z", re.ASCII)
_POINT_ZERO: Final = re.compile(r"(-?\d+)\.0+\Z", re.ASCII)
_MIDNIGHT: Final = re.compile(r"[T ]00:00(:00(\.0+)?)?\Z")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\Z", re.ASCII)
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})\Z", re.ASCII)
_SAME_ALL_YEAR: Final = re.compile(r"(EST|MST|HST|GMT|UTC|UCT|Zulu|Greenwich|Etc/.*|GMT[+-]?0|Universal)\Z")
COUNTRY_REMEDY: Final = "write two letters: US, GB, ES"
_ZONES_BY_COMMON_NAME: Final = {
    "eastern": "America/New_York", "central": "America/Chicago", "mountain": "America/Denver",
    "pacific": "America/Los_Angeles", "alaska": "America/Anchorage", "hawaii": "Pacific/Honolulu",
    "arizona": "America/Phoenix", "et": "America/New_York", "edt": "America/New_York", "ct": "America/Chicago",
    "cst": "America/Chicago", "cdt": "America/Chicago", "mt": "America/Denver", "mdt": "America/Denver",
    "pt": "America/Los_Angeles", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles",
    "bst": "Europe/London", "cet": "Europe/Berlin",
}  # fmt: skip


def find_key_column(instrument: Instrument) -> str | None:
    """The sample column that names a case."""
    return next((name for name, c in instrument.sample.items() if c.role == "key"), None)


def find_column(instrument: Instrument, role: str) -> str | None:
    """The first sample column of a role."""
    return next((name for name, c in instrument.sample.items() if c.role == role), None)


def find_country(instrument: Instrument) -> str | None:
    """The country whose numbers and dates these are, in two capital letters."""
    fieldwork = instrument.document.fieldwork
    return str(fieldwork.country).upper() if fieldwork is not None and fieldwork.country else None


def build_labels(instrument: Instrument, column: SampleColumn) -> dict[Code, str]:
    """The codes of a sample column and their labels in the first language; empty where it is not coded."""
    return {c: str((o.label or o.text).get(instrument.language)) for c, o in _iterate_options(instrument, column)}


def iterate_labeled_values(
    instrument: Instrument, values: Mapping[str, object], *, without: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The label and the words of each sample column that has a value, those of some roles left out."""
    for name, column in instrument.sample.items():
        value = values.get(name)
        if column.role in without or value is None or isinstance(value, Missing) or value == "":
            continue
        labels = build_labels(instrument, column)
        words = labels.get(value, str(value)) if isinstance(value, int | str) else str(value)
        yield str(column.label.get(instrument.language)) if column.label else name, words


def clean_text(text: str, *, lines: bool = False) -> str:
    """Text as it is kept: trimmed, NFC, without control characters."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return normalize_text(text, lines=lines)


def make_reader(instrument: Instrument, column: SampleColumn, *, decimal_comma: bool = False) -> ColumnReader:
    """Reads values of the column's type. `decimal_comma`: 0,5 is a half, as in files parted by semicolons."""
    match column.type:
        case "single":
            return _make_single_reader(instrument, column)
        case "number":
            return _read_comma_number if decimal_comma else _read_point_number
        case "date":
            return make_date_reader(find_country(instrument) or "")
        case "split":
            return _make_arm_reader(column)
        case "text":
            return _read_text


def make_role_reader(instrument: Instrument, column: SampleColumn, *, decimal_comma: bool = False) -> ColumnReader:
    """The same, where the value must also be of use to the fieldwork: a zone, a language, a weight, a priority."""
    typed = make_reader(instrument, column, decimal_comma=decimal_comma)
    match column.role:
        case "zone":
            return _chain(typed, _check_zone)
        case "country":
            return _chain(typed, _check_country)
        case "language":
            return _chain(typed, lambda value: _check_language(instrument, value))
        case "weight":
            return _chain(typed, _check_weight)
        case "priority":
            return _chain(typed, _check_priority)
        case _:
            return typed


def _chain(first: ColumnReader, second: Callable[[Value], Value | InvalidValue]) -> ColumnReader:
    def read(text: str) -> Value | InvalidValue:
        value = first(text)
        return value if isinstance(value, InvalidValue) else second(value)

    return read


# ── by type ──────────────────────────────────────────────────────────────────────────────────────────────────


def _read_text(text: str) -> str:
    return text


def _iterate_options(instrument: Instrument, column: SampleColumn) -> Iterator[tuple[Code, OptionSpec]]:
    options = column.options
    if isinstance(options, str):
        options = instrument.document.scales[options].options
    yield from (options or {}).items()


def _make_single_reader(instrument: Instrument, column: SampleColumn) -> ColumnReader:
    labels = build_labels(instrument, column)
    fitting = "it is one of " + ", ".join(f"{c} ({label})" for c, label in labels.items())
    meant: dict[str, Code] = {}
    twice: set[str] = set()
    for code, option in _iterate_options(instrument, column):
        for text in {
            str(t).casefold() for one in (option.label, option.text) if one for _, t in one.iterate_languages()
        }:
            if meant.setdefault(text, code) != code:
                twice.add(text)
    meant = {text: code for text, code in meant.items() if text not in twice}
    meant |= {str(code).casefold(): code for code in labels}

    def read(text: str) -> Value | InvalidValue:
        code = meant.get(text.casefold())
        if code is None and (spreadsheet := _POINT_ZERO.match(text)):
            code = meant.get(spreadsheet[1])
        return InvalidValue("the value does not fit the column", fitting) if code is None else code

    return read


def _read_point_number(text: str) -> Value | InvalidValue:
    """A number of a file whose program writes decimals with a point."""
    if _DECIMAL.match(text):
        return _convert_number(float(text))
    readings = list_number_readings(text, None)
    remedy = "write a number"
    if len(readings) == 1 and "." not in text and "," in text:
        remedy = "write a point, not a comma" if readings[0].places else "write it without separators of thousands"
    elif readings:
        remedy = "write it without separators of thousands"
    return InvalidValue("the value does not fit the column", remedy)


def _read_comma_number(text: str) -> Value | InvalidValue:
    """A number of a file whose program writes decimals with a comma, or with a point."""
    readings = list_number_readings(text, None)
    if len(readings) > 1:
        return InvalidValue(f"{text} may be a decimal or thousands", "write it without separators of thousands")
    return _convert_number(readings[0].value) if readings else _read_point_number(text)


def _convert_number(value: float) -> Value | InvalidValue:
    if not abs(value) < 1e15:  # beyond, a decimal is no longer exact
        return InvalidValue("the number is too large to be kept exactly", "make the column a text")
    return int(value) if float(value).is_integer() else value


def make_date_reader(country: str) -> ColumnReader:
    """Reads days: 2026-11-24, and in the order usual in the country (two letters; empty where it is not known)."""
    plainly = "write the date as 2026-11-24"

    def read(text: str) -> Value | InvalidValue:
        text = _MIDNIGHT.sub("", text)
        if found := _YEAR_FIRST.match(text):
            year, month, day = (int(part) for part in found.groups())
        elif found := _YEAR_LAST.match(text):
            first, second, year = int(found[1]), int(found[3]), int(found[4])
            if found[2] != "." and country in NO_SLASHES:
                return InvalidValue("the order of day and month is not known", plainly)
            month, day = (first, second) if found[2] != "." and country in MONTH_FIRST else (second, first)
        else:
            return InvalidValue("the value does not fit the column", plainly)
        try:
            return date(year, month, day)
        except ValueError:
            order = f" where {month} is the month" if not text[:4].isdigit() else ""
            return InvalidValue(f"there is no such day{order}", plainly)

    return read


def _make_arm_reader(column: SampleColumn) -> ColumnReader:
    arms = {str(name).casefold(): str(name) for name in column.arms}
    remedy = f"it is one of {', '.join(arms.values())}; leave it empty to have it drawn"

    def read(text: str) -> Value | InvalidValue:
        found = arms.get(text.casefold())
        return found or InvalidValue("there is no such arm", remedy)

    return read


# ── by role ──────────────────────────────────────────────────────────────────────────────────────────────────


def is_zone(name: str) -> bool:
    """Whether it is the IANA name of a time zone."""
    return name in _list_zones()


def _check_zone(value: Value) -> Value | InvalidValue:
    name = str(value)
    if is_zone(name):
        if _SAME_ALL_YEAR.match(name):
            near = _ZONES_BY_COMMON_NAME.get(
                {"EST": "et", "MST": "arizona", "HST": "hawaii"}.get(name, ""), "Europe/London"
            )
            return InvalidValue(f"{name!r} has no summer time and no place", f"write the place, as {near}")
        return value
    meant = _ZONES_BY_COMMON_NAME.get(name.casefold()) or _ZONES_BY_COMMON_NAME.get(
        name.casefold().removesuffix("time").strip()
    )
    if meant is None:
        places = {zone.rpartition("/")[2].replace("_", " ").casefold(): zone for zone in sorted(_list_zones())}
        meant = places.get(name.replace("_", " ").casefold())
    remedy = (
        f"write {meant}" if meant else suggest_nearest(name, _list_zones(), otherwise="write one as America/Chicago")
    )
    return InvalidValue(f"{name!r} is no time zone", remedy)


@cache
def _list_zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def _check_country(value: Value) -> Value | InvalidValue:
    code = str(value).strip().upper()
    return code if code in COUNTRIES else InvalidValue(f"there is no country {str(value)!r}", COUNTRY_REMEDY)


def read_region(text: str, country: str) -> str | InvalidValue:
    """The full code of a region: `DE-BY` names its country itself, `BY` and `Bayern` are of this one."""
    named = text[:2].upper() if text[2:3] == "-" else country
    if not named:
        return InvalidValue(f"{text!r} does not say of which country it is", "write it as DE-BY")
    if found := find_region(text, named):
        return found
    if not list_regions(named):
        return InvalidValue(f"no regions of {named} are known", "leave it empty")
    return InvalidValue(f"{named} has no region {text!r}", suggest_region(text, named))


def _check_language(instrument: Instrument, value: Value) -> Value | InvalidValue:
    for language in instrument.languages:
        if str(value).casefold() == language.casefold():
            return value if isinstance(value, int) else language
    remedy = f"it has {', '.join(instrument.languages)}"
    return InvalidValue(f"the questionnaire has no language {str(value)!r}", remedy)


def _check_weight(value: Value) -> Value | InvalidValue:
    if isinstance(value, int | float) and value > 0:
        return value
    return InvalidValue("a weight is more than nothing", "correct it, or leave the case out")


def _check_priority(value: Value) -> Value | InvalidValue:
    if isinstance(value, int):
        return value
    return InvalidValue("a priority is a whole number", "write 1 for who is called first, 2 for who comes next")
