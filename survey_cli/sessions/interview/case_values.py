"""Values that a case brings to its interview: sample columns, time zone and language."""

from collections.abc import Mapping
from datetime import date, timedelta, tzinfo
from random import Random
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from survey_cli.engine.order import choose_arm
from survey_cli.instrument.compiled.model import Instrument, find_labels
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.instrument.texts.languages import find_language, list_languages
from survey_cli.instrument.texts.number_text import get_separators
from survey_cli.instrument.texts.translations import list_untranslated
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.samples.cases.columns import (
    InvalidValue,
    clean_text,
    find_column,
    make_reader,
)
from survey_cli.samples.cases.split_arms import draw_arm
from survey_cli.values import NOT_ASKED, Missing, Value
from survey_cli.wording import format_quantity, join_first

INVENTED_NAMES: Final = ("Alex Morgan", "Sam Rivera", "Robin Okafor", "Kim Larsen", "Lee Novak")


def find_zone(
    instrument: Instrument, sample: Mapping[str, Value | Missing], call_zone: str = ""
) -> tzinfo | None:
    """Find the time zone: that of the call, else the case's own, else the study's, else None."""
    if call_zone:
        return ZoneInfo(call_zone)

    column = find_column(instrument, "zone")
    name = _read_text(sample, column)
    fieldwork = instrument.document.fieldwork
    if not name and fieldwork is not None and fieldwork.zone:
        name = str(fieldwork.zone)
    if not name:
        return None

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        what = f"{name!r} is not a time zone"
        raise UserError(f"column {column}", what, "write one such as America/Chicago") from None


def resolve_language(
    instrument: Instrument, requested: str, sample: Mapping[str, Value | Missing]
) -> str:
    """Return the language to start in: the one requested, else the case's own, else the first."""
    own = _read_text(sample, find_column(instrument, "language"))
    language = find_requested_language(instrument, requested or own or instrument.language)
    why = explain_incomplete_language(instrument, language)
    if why:
        file = next(iter(instrument.texts))
        raise UserError("--language", why, f"`survey translations status {file}` lists all")
    return language


def _read_text(sample: Mapping[str, Value | Missing], column: str | None) -> str:
    """Return a text of the sample; empty if there is no such column, or the case has no value."""
    if column is None:
        return ""
    value = sample.get(column)
    return value if isinstance(value, str) else ""


def explain_incomplete_language(instrument: Instrument, language: str) -> str:
    """Return which texts a required language lacks; empty if interviews may use the language."""
    if language not in instrument.document.languages.required:
        return ""
    lacking = list_untranslated(instrument.document, instrument.language, language)
    if not lacking:
        return ""
    return f"{language} lacks {format_quantity(len(lacking), 'text')}: {join_first(lacking)}"


def find_requested_language(instrument: Instrument, requested: str) -> str:
    """Find a language of the questionnaire by its code or name. Raises UserError."""
    language = find_language(requested, instrument.languages)
    if not language:
        what = f"the questionnaire has no language {requested!r}"
        raise UserError(
            "--language", what, f"its languages are {list_languages(instrument.languages)}"
        )
    return language


def parse_sample_values(
    instrument: Instrument, case: str, typed: Mapping[str, str]
) -> dict[str, Value | Missing]:
    """Parse the case's sample values from what was typed."""
    for name in typed:
        if name not in instrument.sample:
            known = f"its columns are {', '.join(instrument.sample) or 'none'}"
            remedy = suggest_nearest(name, instrument.sample, otherwise=known)
            raise UserError(f"--set {name}", "the questionnaire has no such sample column", remedy)

    values: dict[str, Value | Missing] = {}
    for name, column in instrument.sample.items():
        text = clean_text(typed.get(name, ""))
        if column.role == "key":
            values[name] = case
        elif column.type == "split":
            values[name] = draw_arm(instrument, name, column, case)
        elif not text:
            values[name] = NOT_ASKED
        else:
            comma = get_separators(instrument.language).decimal == ","
            value = make_reader(instrument, column, decimal_comma=comma)(text)
            if isinstance(value, InvalidValue):
                raise UserError(f"--set {name}={text}", value.what, value.remedy)
            values[name] = value
    return values


def invent_sample_value(
    instrument: Instrument, name: str, column: SampleColumn, rng: Random
) -> Value | Missing:
    """Invent the value of one column for an invented case."""
    if column.role in ("zone", "country", "region", "language"):
        return NOT_ASKED
    if column.role == "name":
        return rng.choice(INVENTED_NAMES)
    if column.role == "phone":
        return f"202 555 01{rng.randint(0, 99):02}"
    match column.type:
        case "single":
            codes = list(find_labels(instrument, name, instrument.language))
            return rng.choice(codes or [NOT_ASKED])
        case "split":
            arms = {str(k): v for k, v in column.arms.items()}
            return choose_arm(arms, seed=rng.getrandbits(62), key=name, turn=None)
        case "number":
            return rng.randint(1, 100)
        case "date":
            return date(2026, 1, 1) - timedelta(days=rng.randint(0, 365))
        case _:
            label = name
            if column.label:
                label = str(column.label.get(instrument.language))
            return f"{label} {rng.randint(1, 99)}"
