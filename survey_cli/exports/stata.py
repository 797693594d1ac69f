"""Stata data files (.dta, release 118, Stata 14 and later): labeled codes and extended missing values.

Numbers, dates and times hold `.d` for don't know, `.r` refused, `.n` not reached, `.u` not asked, and another letter
for each decline of the study's own. Texts are empty where there is no answer: their companion column, `q_state`, says
why. A text column with labels holds the code of the missing value as a text; Stata cannot label texts. An option
marked as missing stays a code. Dates are days (`%td`), times are times of day (`%tcHH:MM`), timestamps are UTC. The
whole table is held in memory. A script (.do) opens such a file and sets the design of the sample for the `svy` commands.
"""

import errno
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from survey_cli.exports import conventions, limits, typed_columns
from survey_cli.exports.templating import write_template
from survey_cli.table.table import Table, is_timestamp
from survey_cli.values import Code, Variable
from survey_cli.wording import join_first

if TYPE_CHECKING:
    import polars as pl


MISSING_LETTERS: Final = {"dk": "d", "refused": "r", "not_reached": "n", "not_asked": "u"}
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
STATA_RELEASE: Final = 14
"""The Stata version whose file format is release 118."""
MAX_LABELED_VALUE: Final = 2_147_483_620
"""Largest value of Stata's type `long`; larger numbers are doubles, which have no labels."""
DISPLAY_WIDTHS: Final = (8, 80)
"""Minimum and maximum number of characters of a text that Stata shows; all are stored."""
HEADER_SIZE: Final = 2_000 + 2 * limits.STATA.columns
"""Maximum number of bytes before the column names; before them are the column types, of two bytes each."""
TIMESTAMP_TAG: Final = b"<timestamp>\x11"
NAMES_TAG: Final = b"<varnames>"
NAME_FIELD_SIZE: Final = 129
"""Length of a name field in bytes."""


def write_dta(table: Table, to: Path, options: conventions.WriteOptions) -> conventions.WriteResult:
    """Write the file. Raises ImportError without the libraries."""
    import pyreadstat

    final_names = limits.fit_names([v.name for v in table.variables], limits.STATA)
    # The library names label sets by a column's name and a number, which must fit together.
    names = limits.fit_names(
        final_names, replace(limits.STATA, name=limits.STATA.name - len(str(len(final_names))))
    )
    letters = assign_letters(table.variables)
    data = _build_data(table, names, letters)
    columns = list(zip(names, table.variables, strict=True))
    try:
        pyreadstat.write_dta(
            data,
            to,
            file_label=limits.STATA.fit(table.study.title, limits.STATA.label),
            column_labels=[
                limits.STATA.fit(limits.choose_label(v), limits.STATA.label) or None
                for v in table.variables
            ],
            version=STATA_RELEASE,
            variable_value_labels={
                name: labels for name, v in columns if (labels := _build_labels(v, letters))
            },
            missing_user_values={
                name: sorted({*letters.values()}) for name, v in columns if _has_letters(v)
            },
            variable_format={
                name: form for name, v in columns if (form := _choose_format(v, data[name]))
            },
        )
    except pyreadstat.ReadstatError as error:
        raise OSError(errno.EIO, str(error)) from error
    time = typed_columns.find_latest_entry(data)
    with to.open("r+b") as file:
        _overwrite(
            file, TIMESTAMP_TAG, f"{conventions.format_day(time)} {time:%Y %H:%M}".encode("ascii")
        )
        _overwrite(
            file,
            NAMES_TAG,
            b"".join(name.encode().ljust(NAME_FIELD_SIZE, b"\0") for name in final_names),
        )
    return conventions.WriteResult(data.height, tuple(_iterate_notes(table)))


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
    """Whether missing values are letters: not in texts, nor in administrative columns."""
    return variable.storage != "text" and variable.role != "admin"


def _build_labels(variable: Variable, letters: Mapping[str, str]) -> dict[Any, str]:
    """Return labels by value, or by letter of a missing value."""
    if variable.storage in (
        "text",
        "date",
        "time",
    ):  # a label of a date or time could only be a missing code's
        return {}
    labels: dict[Any, str] = {
        code: words for code, words in variable.labels.items() if _can_label(code)
    }
    for kind, (code, words) in conventions.list_offered_codes(variable).items():
        if kind in letters or _can_label(code):
            labels[letters.get(kind, code)] = limits.to_single_line(words) or kind
    return {
        code: limits.STATA.fit(words, limits.STATA.value_label, str(code))
        for code, words in labels.items()
    }


def _can_label(code: Code) -> bool:
    """Whether Stata can label a code."""
    return isinstance(code, int) and abs(code) <= MAX_LABELED_VALUE


def _choose_format(variable: Variable, column: "pl.Series") -> str:
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
            longest = column.str.len_chars().max()
            minimum, maximum = DISPLAY_WIDTHS
            return f"%-{min(max(longest, minimum), maximum)}s" if isinstance(longest, int) else ""


def _build_data(table: Table, names: Sequence[str], letters: Mapping[str, str]) -> "pl.DataFrame":
    """Return the rows as Stata stores them: numbers and dates, with letters for missing values."""
    import polars as pl

    values, kinds = [], []
    for at, (variable, name) in enumerate(zip(table.variables, names, strict=True)):
        text = pl.col(str(at))
        column = typed_columns.make_value_expression(variable, text)
        if _has_letters(variable):
            codes = conventions.list_missing_codes(variable)
            letter_by_kind = {kind: letters.get(kind) for kind in {**letters, **codes}}
            kinds.append(
                typed_columns.make_missing_expression(text, column, letter_by_kind).alias(name)
            )
            codes_without_letter = {
                kind: None if kind in letters else code for kind, (code, _) in codes.items()
            }
            if any(codes_without_letter.values()):
                column = typed_columns.make_coded_expression(text, column, codes_without_letter)
        elif variable.storage == "integer":
            column = column.cast(pl.Int64)
        elif variable.storage == "text" and not is_timestamp(variable):
            text_codes = {
                kind: str(code)
                for kind, (code, _) in conventions.list_missing_codes(variable).items()
            }
            if text_codes and variable.role != "admin":
                column = typed_columns.make_coded_expression(text, column, text_codes)
            column = column.fill_null("")
        values.append(column.alias(name))
    batches = typed_columns.convert_batches(
        table,
        lambda texts: [
            typed_columns.convert_columns(texts, columns) for columns in (values, kinds)
        ],
    )
    frames: list[pl.DataFrame] = [pl.concat(parts) for parts in zip(*batches, strict=True)]
    data, letter_columns = frames
    mixed = [
        _mix_letters(data[name], letter_columns[name], integer=v.storage == "integer")
        for name, v in zip(names, table.variables, strict=True)
        if _has_letters(v)
    ]
    return data.with_columns(mixed)


def _mix_letters(values: "pl.Series", letters: "pl.Series", *, integer: bool) -> "pl.Series":
    """Return values with letters in place of nulls, as the library expects; as integers if `integer` and they fit."""
    import polars as pl

    if integer and not (values.abs() > MAX_LABELED_VALUE).any():
        values = values.cast(pl.Int32)
    cells = [
        letter if value is None else value
        for value, letter in zip(values.to_list(), letters, strict=True)
    ]
    return pl.Series(values.name, cells, dtype=pl.Object)


def _overwrite(file: BinaryIO, tag: bytes, content: bytes) -> None:
    """Overwrite what follows a tag in the file's header."""
    file.seek(0)
    file.seek(file.read(HEADER_SIZE).index(tag) + len(tag))
    file.write(content)


def _iterate_notes(table: Table) -> Iterator[str]:
    labels: list[dict[Code, str]] = [
        limits.build_value_labels(v) if _has_letters(v) else {} for v in table.variables
    ]
    yield from limits.iterate_notes(table.variables, limits.STATA, labels=labels)
    letters = assign_letters(table.variables)
    if own_letters := {
        kind: letter for kind, letter in letters.items() if kind not in MISSING_LETTERS
    }:
        yield "extended missing values of the study: " + ", ".join(
            f".{x} {kind}" for kind, x in own_letters.items()
        )
    if left := sorted(
        {kind for v in table.variables for kind in v.declines if kind not in letters}
    ):
        yield f"{join_first(left)}: Stata has no letters left for them, so they are labeled codes"
    if bare := [v.name for v in table.variables if has_unlabeled_texts(v)]:
        yield f"{join_first(bare)}: Stata cannot label texts, so the codes have no labels"
    if large := [v.name for v in table.variables if list_too_large_codes(v)]:
        yield f"{join_first(large)}: Stata labels numbers up to {MAX_LABELED_VALUE:,}; larger codes have no labels"


def has_unlabeled_texts(variable: Variable) -> bool:
    """Whether its codes are texts that differ from their labels; Stata cannot label texts."""
    return (
        variable.storage == "text"
        and variable.role != "admin"
        and any(limits.to_single_line(words) != code for code, words in variable.labels.items())
    )


def list_too_large_codes(variable: Variable) -> list[Code]:
    """Return the numeric codes that are too large for a label in Stata."""
    return [code for code in variable.labels if variable.storage != "text" and not _can_label(code)]


# ── a script with the design ──


def write_stata_script(
    table: Table, to: Path, data: Path, data_name: str
) -> conventions.WriteResult:
    """Write the script, and the data that it opens as `data_name`. Raises ImportError without the libraries."""
    result = write_dta(table, data, conventions.WriteOptions())
    columns, study = [variable.name for variable in table.variables], table.study
    names = dict(zip(columns, limits.fit_names(columns, limits.STATA), strict=True))
    has_design = bool(conventions.list_design_columns(table))
    by_role = {
        role: " ".join(names[n] for n in columns)
        for role, columns in study.design.items()
        if has_design
    }
    count = len(study.design.get("replicate_weight", ()))
    factors = (
        [(count - 1) / count] if count and study.replication == "jk1" else study.replication_factors
    )
    with to.open("w", encoding="utf-8") as file:
        write_template(
            file,
            "stata_script.jinja",
            release=STATA_RELEASE,
            file=re.sub(r"[\\`$]", r"\\\g<0>", data_name),  # ` and $ begin the names of macros
            study=study,
            names=names,
            has_design=has_design,
            columns=by_role,
            factors=" ".join(f"{factor:.15g}" for factor in factors),
        )
    return result
