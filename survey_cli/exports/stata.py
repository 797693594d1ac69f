"""Stata data files (.dta, release 118, Stata 14 and later): labeled codes and extended missing values.

Numbers, dates and times hold `.d` for don't know, `.r` refused, `.n` not reached, `.u` not asked, and another letter
for each decline of the study's own. Texts are empty where there is no answer: their companion column, `q_state`, says
why. A text column with labels holds the code of the missing value as a text; Stata cannot label texts. An option
marked as missing stays a code. Dates are days (`%td`), times are times of day (`%tcHH:MM`), timestamps are UTC. The
whole table is held in memory.
"""

import errno
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from survey_cli.exports.limits import (
    STATA,
    build_value_labels,
    choose_label,
    fit_label,
    fit_names,
    iterate_notes,
    to_single_line,
)
from survey_cli.exports.missing_codes import list_missing_codes, list_offered_codes
from survey_cli.exports.options import WriteOptions
from survey_cli.exports.reproducible_time import DEFAULT_TIMESTAMP, format_day
from survey_cli.exports.typed_columns import (
    convert_columns,
    make_coded_expression,
    make_missing_expression,
    make_value_expression,
    read_batches,
)
from survey_cli.table import Table
from survey_cli.table.timestamps import LAST_ENTRY_COLUMN, is_timestamp
from survey_cli.values import Code, Variable
from survey_cli.wording import join_first

if TYPE_CHECKING:
    import polars as pl


MISSING_LETTERS: Final = {"dk": "d", "refused": "r", "not_reached": "n", "not_asked": "u"}
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
STATA_RELEASE: Final = 14
"""The program's, whose files are of release 118."""
MAX_LABELED_VALUE: Final = 2_147_483_620
"""The most that fits into Stata's `multiline_texts`; larger numbers are doubles, and have no labels."""
DISPLAY_WIDTHS: Final = (8, 80)
"""Letters of a text, the least and the most, that Stata is to show; all are kept."""
HEADER_SIZE: Final = 2_000
"""Bytes before the types of the columns, of two each, at most."""
TIMESTAMP_TAG: Final = b"<timestamp>\x11"
NAMES_TAG: Final = b"<varnames>"
NAME_FIELD_SIZE: Final = 129
"""Bytes of a name."""


def write_dta(table: Table, to: Path, options: WriteOptions) -> tuple[int, tuple[str, ...]]:
    """Write the file; return the number of rows and the notes. Raises ImportError without the libraries."""
    import pyreadstat

    final = fit_names([v.name for v in table.variables], STATA)
    # The library makes the names of label sets from a column's name and a number, which are to fit together.
    names = fit_names(final, replace(STATA, name=STATA.name - len(str(len(final)))))
    letters = assign_letters(table.variables)
    data = _build_data(table, names, letters)
    labels = {
        name: found
        for name, variable in zip(names, table.variables, strict=True)
        if (found := _build_labels(variable, letters))
    }
    absent = {
        name: sorted({*letters.values()}) for name, v in zip(names, table.variables, strict=True) if _has_letters(v)
    }
    try:
        pyreadstat.write_dta(
            data,
            to,
            file_label=STATA.shorten(to_single_line(table.study.title), STATA.label),
            column_labels=[fit_label(choose_label(v), STATA) or None for v in table.variables],
            version=STATA_RELEASE,
            variable_value_labels=labels,
            missing_user_values=absent,
            variable_format={
                name: form
                for name, v in zip(names, table.variables, strict=True)
                if (form := _choose_format(v, data[name]))
            },
        )
    except pyreadstat.ReadstatError as error:
        raise OSError(errno.EIO, str(error)) from error
    latest = data[LAST_ENTRY_COLUMN].max() if LAST_ENTRY_COLUMN in data.columns else None
    with to.open("r+b") as file:
        _write_timestamp(file, latest if isinstance(latest, datetime) else DEFAULT_TIMESTAMP)
        _write_names(file, final)
    return data.height, tuple(_iterate_notes(table))


def assign_letters(variables: Sequence[Variable]) -> dict[str, str]:
    """Assign a letter of the extended missing values to each kind, the same in all columns.

    A decline of the study's own gets its first letter if that is free, else the first free one. A kind for which no
    letter is left keeps its code.
    """
    letters = dict(MISSING_LETTERS)
    for kind in dict.fromkeys(kind for v in variables for kind in v.declines):
        free = [c for c in ALPHABET if c not in letters.values()]
        if kind not in letters and free:
            letters[kind] = kind[0].lower() if kind[0].lower() in free else free[0]
    return letters


def _has_letters(variable: Variable) -> bool:
    """Whether missings are told by letters: not in texts, nor in what nobody was asked."""
    return variable.storage != "text" and variable.role != "admin"


def _build_labels(variable: Variable, letters: Mapping[str, str]) -> dict[Any, str]:
    """By value or letter."""
    if variable.storage == "text":
        return {}
    found: dict[Any, str] = {
        code: STATA.shorten(to_single_line(words) or str(code), STATA.value_label)
        for code, words in variable.labels.items()
        if _can_label(code)
    }
    if variable.storage in ("date", "time"):  # a label of theirs could only be that of a missing
        return {}
    for kind, (code, words) in list_offered_codes(variable).items():
        if kind in letters or _can_label(code):
            found[letters.get(kind, code)] = STATA.shorten(to_single_line(words) or kind, STATA.value_label)
    return found


def _can_label(code: Code) -> bool:
    """Whether Stata can label a number."""
    return isinstance(code, int) and abs(code) <= MAX_LABELED_VALUE


def _choose_format(variable: Variable, held: "pl.Series") -> str:
    match variable.storage:
        case "integer":
            return "%12.0g"
        case "decimal":
            return f"%14.{variable.decimals}f" if variable.decimals else "%14.0g"
        case "date":
            return "%td"
        case "time":
            return "%tcHH:MM"
        case "text":
            if is_timestamp(variable):
                return "%tc"
            longest = held.str.len_chars().max()
            least, most = DISPLAY_WIDTHS
            return f"%-{min(max(longest, least), most)}s" if isinstance(longest, int) else ""


def _build_data(table: Table, names: Sequence[str], letters: Mapping[str, str]) -> "pl.DataFrame":
    """The rows as Stata has them: numbers and dates with letters among them where there is no answer."""
    import polars as pl

    values, kinds = [], []
    for at, (variable, name) in enumerate(zip(table.variables, names, strict=True)):
        text = pl.col(str(at))
        column = make_value_expression(variable.storage, text, moment=is_timestamp(variable))
        if _has_letters(variable):
            codes = list_missing_codes(variable)
            told = {kind: letters.get(kind) for kind in {**letters, **codes}}
            kinds.append(make_missing_expression(text).replace_strict(told, return_dtype=pl.String).alias(name))
            spare = {kind: None if kind in letters else code for kind, (code, _) in codes.items()}
            if any(spare.values()):
                column = make_coded_expression(text, column, spare)
        elif variable.storage == "integer":
            column = column.cast(pl.Int64)
        elif variable.storage == "text" and not is_timestamp(variable):
            asked = variable.role != "admin"
            words = {kind: str(code) for kind, (code, _) in list_missing_codes(variable).items() if asked}
            column = (make_coded_expression(text, column, words) if words else column).fill_null("")
        values.append(column.alias(name))
    made = [(convert_columns(texts, values), convert_columns(texts, kinds)) for texts in read_batches(table)]
    none = pl.DataFrame({str(at): [] for at in range(len(names))}).cast(pl.String)
    made = made or [(convert_columns(none, values), convert_columns(none, kinds))]
    data, why_not = pl.concat([values for values, _ in made]), pl.concat([kinds for _, kinds in made])
    mixed = [
        _mix_letters(data[name], why_not[name], whole=v.storage == "integer")
        for name, v in zip(names, table.variables, strict=True)
        if _has_letters(v)
    ]
    return data.with_columns(mixed)


def _mix_letters(values: "pl.Series", letters: "pl.Series", *, whole: bool) -> "pl.Series":
    """Values with letters where there are none, as the library takes them. `whole`: as whole numbers, where they fit."""
    import polars as pl

    if whole and not (values.abs() > MAX_LABELED_VALUE).any():
        values = values.cast(pl.Int32)
    cells = [why if value is None else value for value, why in zip(values.to_list(), letters, strict=True)]
    return pl.Series(values.name, cells, dtype=pl.Object)


def _write_timestamp(file: BinaryIO, moment: datetime) -> None:
    """Write the day and time of the file into it."""
    file.seek(0)
    file.seek(file.read(HEADER_SIZE).index(TIMESTAMP_TAG) + len(TIMESTAMP_TAG))
    file.write(f"{format_day(moment)} {moment:%Y %H:%M}".encode("ascii"))


def _write_names(file: BinaryIO, names: Sequence[str]) -> None:
    """Write the names of the columns into it, each in a field of its own."""
    file.seek(0)
    file.seek(file.read(HEADER_SIZE + 2 * len(names)).index(NAMES_TAG) + len(NAMES_TAG))
    file.write(b"".join(name.encode().ljust(NAME_FIELD_SIZE, b"\0") for name in names))


def _iterate_notes(table: Table) -> Iterator[str]:
    labels: list[dict[Code, str]] = [build_value_labels(v) if _has_letters(v) else {} for v in table.variables]
    yield from iterate_notes(table.variables, STATA, labels=labels)
    letters = assign_letters(table.variables)
    if own := {kind: letter for kind, letter in letters.items() if kind not in MISSING_LETTERS}:
        yield "extended missings of the study's own: " + ", ".join(f".{x} {kind}" for kind, x in own.items())
    if left := sorted({kind for v in table.variables for kind in v.declines if kind not in letters}):
        yield f"{join_first(left)}: Stata has no letter left; they are labeled codes"
    if bare := [v.name for v in table.variables if has_unlabeled_texts(v)]:
        yield f"{join_first(bare)}: Stata labels no texts; the codes stand without labels"
    if large := [v.name for v in table.variables if list_too_large_codes(v)]:
        yield f"{join_first(large)}: Stata labels numbers to {MAX_LABELED_VALUE:,}; larger codes stand without labels"


def has_unlabeled_texts(variable: Variable) -> bool:
    """Whether its codes are texts that mean something else than they say: Stata labels none."""
    return (
        variable.storage == "text"
        and variable.role != "admin"
        and any(to_single_line(words) != code for code, words in variable.labels.items())
    )


def list_too_large_codes(variable: Variable) -> list[Code]:
    """Its codes that Stata cannot label, though they are numbers."""
    return [code for code in variable.labels if variable.storage != "text" and not _can_label(code)]
