"""What a case brings to its interview: sample columns as typed or invented, its zone, its language. It opens nothing."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from random import Random
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from survey_cli.engine.order import arm
from survey_cli.instrument.document import SampleColumn
from survey_cli.instrument.items.question import tidy
from survey_cli.instrument.program import Instrument
from survey_cli.problems import Trouble, did_you_mean
from survey_cli.values import NOT_ASKED, Missing, Value

NAMES: Final = ("Alex Morgan", "Sam Rivera", "Robin Okafor", "Kim Larsen", "Lee Novak")


def key_column(instrument: Instrument) -> str | None:
    """The sample column that names a case."""
    return next((name for name, c in instrument.sample.items() if c.role == "key"), None)


def labels_of(instrument: Instrument, column: SampleColumn) -> dict[int | str, str]:
    """The codes of a sample column and their labels; empty where it is not coded."""
    options = column.options
    if isinstance(options, str):
        options = instrument.written.scales[options].options
    return {c: str((o.label or o.text).written(instrument.language)) for c, o in (options or {}).items()}


def field_zone(instrument: Instrument) -> str:
    fieldwork = instrument.written.fieldwork
    return str(fieldwork.zone) if fieldwork is not None and fieldwork.zone else ""


def zone_of(instrument: Instrument, sample: Mapping[str, Value | Missing]) -> tzinfo | Trouble:
    column = next((n for n, c in instrument.sample.items() if c.role == "zone"), None)
    said = sample.get(column) if column else None
    name = said if isinstance(said, str) and said else field_zone(instrument)
    if not name:
        return datetime.now().astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Trouble(f"column {column}", f"{name!r} is no time zone", "write one as America/Chicago")


def language_of(instrument: Instrument, wanted: str, sample: Mapping[str, Value | Missing]) -> str | Trouble:
    """The language to begin in: the one wanted, else the case's own, else the first."""
    column = next((n for n, c in instrument.sample.items() if c.role == "language"), None)
    said = sample.get(column) if column else None
    language = wanted or (said if isinstance(said, str) else "") or instrument.language
    return language if language in instrument.languages else no_language(instrument, language)


def no_language(instrument: Instrument, language: str) -> Trouble:
    return Trouble(
        "--language",
        f"the questionnaire has no language {language!r}",
        f"it has {', '.join(instrument.languages)}",
    )


def sample_of(
    instrument: Instrument, case: str, typed: Mapping[str, str]
) -> dict[str, Value | Missing] | Trouble:
    """The case's sample values from what was typed."""
    for name in typed:
        if name not in instrument.sample:
            remedy = did_you_mean(
                name, instrument.sample, otherwise=f"it has {', '.join(instrument.sample) or 'none'}"
            )
            return Trouble(f"--set {name}", "the instrument has no such sample column", remedy)
    made: dict[str, Value | Missing] = {}
    for name, column in instrument.sample.items():
        text = tidy(typed.get(name, ""), lines=False)
        if column.role == "key":
            made[name] = case
        elif column.type == "split":
            arms = {str(k): v for k, v in column.arms.items()}
            made[name] = arm(arms, seed=0, id=f"{instrument.id}/{name}/{case}", turn=None)
        elif not text:
            made[name] = NOT_ASKED
        else:
            value = _column_value(instrument, column, text)
            if value is None:
                return Trouble(
                    f"--set {name}={text}", "the value does not fit the column", _fitting(instrument, column)
                )
            made[name] = value
    return made


def _column_value(instrument: Instrument, column: SampleColumn, text: str) -> Value | None:
    match column.type:
        case "single":
            labels = labels_of(instrument, column)
            return next(
                (
                    c
                    for c, label in labels.items()
                    if text.casefold() in (str(c).casefold(), label.casefold())
                ),
                None,
            )
        case "number":
            try:
                value = float(text)
            except ValueError:
                return None
            if not abs(value) < 1e15:  # beyond, a decimal is no longer exact; and not a number at all
                return None
            return int(value) if value.is_integer() else value
        case "date":
            try:
                return date.fromisoformat(text)
            except ValueError:
                return None
        case _:
            return text


def _fitting(instrument: Instrument, column: SampleColumn) -> str:
    match column.type:
        case "single":
            return "it is one of " + ", ".join(
                f"{c} ({label})" for c, label in labels_of(instrument, column).items()
            )
        case "date":
            return "write the date as 2026-11-24"
        case _:
            return "write a number"


def invented_column(instrument: Instrument, name: str, column: SampleColumn, dice: Random) -> Value | Missing:
    """What an invented case brings in one column."""
    if column.role in ("zone", "language"):
        return NOT_ASKED
    if column.role == "name":
        return dice.choice(NAMES)
    if column.role == "phone":
        return f"202 555 01{dice.randint(0, 99):02}"
    label = str(column.label.written(instrument.language)) if column.label else name
    match column.type:
        case "single":
            return dice.choice(list(labels_of(instrument, column)) or [NOT_ASKED])
        case "split":
            arms = {str(k): v for k, v in column.arms.items()}
            return arm(arms, seed=dice.getrandbits(62), id=name, turn=None)
        case "number":
            return dice.randint(1, 100)
        case "date":
            return date(2026, 1, 1) - timedelta(days=dice.randint(0, 365))
        case _:
            return f"{label} {dice.randint(1, 99)}"
