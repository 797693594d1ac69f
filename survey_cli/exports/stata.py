"""Stata data files (.dta, release 118, since Stata 14): labeled codes, extended missing values.

Numbers, dates and times hold `.d` for don't know, `.r` refused, `.n` not reached, `.u` not asked,
and another letter for each decline of the study's own. A text without an answer is empty: its
companion column, `q_state`, says why. A text column with labels holds the code of the missing value
as a text; Stata cannot label texts. From edition 2 of the language on, each option marked as
missing has a letter of its own, too. Before, it stays a code. Dates are days (`%td`), times are
times of day (`%tcHH:MM`), timestamps are UTC. The whole table is held in memory. A script (.do)
opens such a file and sets the design of the sample for the `svy` commands.
"""

import errno
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from survey_cli.exports import conventions, limits, typed_columns
from survey_cli.exports.templating import write_template
from survey_cli.instrument.editions import AMOUNTS_EDITION
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
"""Maximum number of bytes before the column names, with the column types of two bytes each."""
TIMESTAMP_TAG: Final = b"<timestamp>\x11"
NAMES_TAG: Final = b"<varnames>"
NAME_FIELD_SIZE: Final = 129
"""Length of a name field in bytes."""


def write_dta(table: Table, to: Path, options: conventions.WriteOptions) -> conventions.WriteResult:
    """Write the file. Raises ImportError without the libraries."""
    import pyreadstat

    final_names = limits.fit_names([v.name for v in table.variables], limits.STATA)
    # The library names label sets by a column's name and a number, and may refuse both together as
    # too long. So names are shorter at first, and the final ones written into the finished file.
    digits = len(str(len(final_names)))
    names = limits.fit_names(final_names, replace(limits.STATA, name=limits.STATA.name - digits))

    letters = assign_column_letters(table.variables, table.study.edition)
    data = _build_data(table, names, letters)

    column_labels: list[str | None] = []
    # The annotations of the library name only numbers, but letters have labels too.
    value_labels: dict[str, dict[Any, str]] = {}
    missing_letters: dict[str, list[str]] = {}
    formats: dict[str, str] = {}
    for name, variable, of_column in zip(names, table.variables, letters, strict=True):
        label = limits.STATA.fit(limits.choose_label(variable), limits.STATA.label)
        column_labels.append(label)
        value_labels[name] = _build_labels(variable, of_column)
        if _has_letters(variable):
            missing_letters[name] = sorted({*of_column.kinds.values(), *of_column.options.values()})
        formats[name] = _choose_format(variable, data[name])

    try:
        pyreadstat.write_dta(
            data,
            to,
            file_label=limits.STATA.fit(table.study.title, limits.STATA.label),
            column_labels=column_labels,
            version=STATA_RELEASE,
            variable_value_labels=value_labels,
            missing_user_values=missing_letters,
            variable_format=formats,
        )
    except pyreadstat.ReadstatError as error:
        # Callers report an OSError; the library's own error has no number of the system.
        raise OSError(errno.EIO, str(error)) from error

    # The library writes the time of the clock.
    time = typed_columns.find_latest_entry(data)
    timestamp = f"{conventions.format_day(time)} {time:%Y %H:%M}"
    name_fields = [name.encode().ljust(NAME_FIELD_SIZE, b"\0") for name in final_names]
    with to.open("r+b") as file:
        _overwrite(file, TIMESTAMP_TAG, timestamp.encode("ascii"))
        _overwrite(file, NAMES_TAG, b"".join(name_fields))

    return conventions.WriteResult(data.height, tuple(_iterate_notes(table)))


class ColumnLetters(NamedTuple):
    """The letters of the extended missing values that a column may hold."""

    kinds: Mapping[str, str]
    """By kind of missing value, the same in all columns."""
    options: Mapping[Code, str]
    """By code of an option marked as missing."""


def assign_column_letters(variables: Sequence[Variable], edition: int) -> list[ColumnLetters]:
    """Assign the letters of each column.

    From edition 2 on, an option marked as missing has no amount. Stata would count its code among
    the answers, so it gets the first letter that no kind has. An option for which no letter is left
    keeps its code.
    """
    kinds = assign_letters(variables)
    free = [letter for letter in ALPHABET if letter not in kinds.values()]

    letters = []
    for variable in variables:
        options: dict[Code, str] = {}
        if edition >= AMOUNTS_EDITION and _has_letters(variable):
            options = dict(zip(variable.user_missing, free, strict=False))
        letters.append(ColumnLetters(kinds, options))
    return letters


def list_options_without_letter(variable: Variable, letters: ColumnLetters) -> list[Code]:
    """List the options marked as missing that Stata counts as answers."""
    if variable.storage == "text":  # nothing is counted there
        return []
    return [code for code in variable.user_missing if code not in letters.options]


def assign_letters(variables: Sequence[Variable]) -> dict[str, str]:
    """Assign a letter of the extended missing values to each kind, the same in all columns.

    A decline of the study's own gets its first letter if that is free, or else the first free one.
    A kind without a letter, because all are taken, keeps its code.
    """
    letters = dict(MISSING_LETTERS)
    kinds = dict.fromkeys(kind for variable in variables for kind in variable.declines)
    for kind in kinds:
        free = [letter for letter in ALPHABET if letter not in letters.values()]
        if kind in letters or not free:
            continue

        initial = kind[0].lower()
        letters[kind] = initial if initial in free else free[0]

    return letters


def _has_letters(variable: Variable) -> bool:
    """Return whether missing values are letters: not in texts, nor in administrative columns."""
    return variable.storage != "text" and variable.role != "admin"


def _build_labels(variable: Variable, letters: ColumnLetters) -> dict[Code, str]:
    """Return labels by value, or by letter of a missing value."""
    # Stata labels no texts. A label of a date or time could only belong to a missing value.
    if variable.storage in ("text", "date", "time"):
        return {}

    labels: dict[Code, str] = {}
    for code, words in variable.labels.items():
        if code in letters.options:
            labels[letters.options[code]] = words
        elif _can_label(code):
            labels[code] = words
    for kind, (code, words) in conventions.list_offered_codes(variable).items():
        words = limits.to_single_line(words) or kind
        if kind in letters.kinds:
            labels[letters.kinds[kind]] = words
        elif _can_label(code):
            labels[code] = words

    most = limits.STATA.value_label
    return {code: limits.STATA.fit(words, most, str(code)) for code, words in labels.items()}


def _can_label(code: Code) -> bool:
    """Return whether Stata can label a code."""
    return isinstance(code, int) and abs(code) <= MAX_LABELED_VALUE


def _choose_format(variable: Variable, column: "pl.Series") -> str:
    match variable.storage:
        case "integer":
            return "%12.0g"
        case "decimal":
            if variable.decimals:
                return f"%14.{variable.decimals}f"
            return "%14.0g"
        case "date":
            return "%td"
        case "time":
            return "%tcHH:MM"
        case "text":
            if is_timestamp(variable):
                return "%tc"
            longest = column.str.len_chars().max()
            if not isinstance(longest, int):
                # There are no rows. Without a format, the library chooses one.
                return ""
            minimum, maximum = DISPLAY_WIDTHS
            width = min(max(longest, minimum), maximum)
            return f"%-{width}s"


def _build_data(
    table: Table, names: Sequence[str], letters: Sequence[ColumnLetters]
) -> "pl.DataFrame":
    """Return the rows as Stata stores them: numbers and dates, with letters for missing values."""
    import polars as pl

    # A polars column has one type: values and letters are separate until all rows are read.
    value_columns = []
    letter_columns = []
    columns = zip(table.variables, names, letters, strict=True)
    for at, (variable, name, of_column) in enumerate(columns):
        text = pl.col(str(at))
        values = typed_columns.make_value_expression(variable, text)
        if _has_letters(variable):
            missing = _make_letter_expression(variable, text, values, of_column)
            letter_columns.append(missing.alias(name))
        stored = _make_stored_expression(variable, text, values, of_column)
        value_columns.append(stored.alias(name))

    def convert(texts: "pl.DataFrame") -> tuple[pl.DataFrame, pl.DataFrame]:
        values_of_batch = typed_columns.convert_columns(texts, value_columns)
        letters_of_batch = typed_columns.convert_columns(texts, letter_columns)
        return values_of_batch, letters_of_batch

    value_frames = []
    letter_frames = []
    for value_frame, letter_frame in typed_columns.convert_batches(table, convert):
        value_frames.append(value_frame)
        letter_frames.append(letter_frame)
    data = pl.concat(value_frames)
    letter_data = pl.concat(letter_frames)

    mixed = []
    for name, variable in zip(names, table.variables, strict=True):
        if _has_letters(variable):
            is_integer = variable.storage == "integer"
            mixed.append(_mix_letters(data[name], letter_data[name], integer=is_integer))
    return data.with_columns(mixed)


def _make_letter_expression(
    variable: Variable, text: "pl.Expr", values: "pl.Expr", letters: ColumnLetters
) -> "pl.Expr":
    """Make an expression for the letters of missing values; null for a kind that keeps its code."""
    import polars as pl

    codes = conventions.list_missing_codes(variable)
    letter_by_kind = {kind: letters.kinds.get(kind) for kind in {**letters.kinds, **codes}}
    of_kinds = typed_columns.make_missing_expression(text, values, letter_by_kind)
    return pl.coalesce(of_kinds, _make_option_expression(values, letters.options))


def _make_option_expression(values: "pl.Expr", letters: Mapping[Code, str]) -> "pl.Expr":
    """Make an expression for the letters of options marked as missing, null for other values."""
    import polars as pl

    # The values of all columns of numbers are floating-point numbers until they are stored.
    letter_by_number = {float(code): letter for code, letter in letters.items()}
    return values.replace_strict(letter_by_number, default=None, return_dtype=pl.String)


def _make_stored_expression(
    variable: Variable, text: "pl.Expr", values: "pl.Expr", letters: ColumnLetters
) -> "pl.Expr":
    """Make an expression for the values as Stata stores them, with the codes of missing values."""
    import polars as pl

    codes = {kind: code for kind, (code, _) in conventions.list_missing_codes(variable).items()}

    if _has_letters(variable):
        answers = values
        if letters.options:
            option_letter = _make_option_expression(values, letters.options)
            answers = pl.when(option_letter.is_null()).then(values)

        # Only kinds for which no letter was left have a code; the others stay null.
        kept: dict[str, int | None] = dict(codes)
        for kind in letters.kinds:
            if kind in kept:
                kept[kind] = None
        if not any(kept.values()):
            return answers
        coded = typed_columns.make_missing_expression(text, values, kept)
        return pl.coalesce(answers, coded)

    if variable.storage == "integer":
        return values.cast(pl.Int64)

    if variable.storage == "text" and not is_timestamp(variable):
        if codes and variable.role != "admin":
            text_codes = {kind: str(code) for kind, code in codes.items()}
            values = typed_columns.make_coded_expression(text, values, text_codes)
        return values.fill_null("")

    return values


def _mix_letters(values: "pl.Series", letters: "pl.Series", *, integer: bool) -> "pl.Series":
    """Return values with letters in place of nulls, as pyreadstat expects.

    With `integer`, they are integers unless one of them is too large.
    """
    import polars as pl

    if integer and not (values.abs() > MAX_LABELED_VALUE).any():
        values = values.cast(pl.Int32)

    cells: list[object] = []
    for value, letter in zip(values.to_list(), letters, strict=True):
        if value is None:
            cells.append(letter)
        else:
            cells.append(value)

    # Only a column of Python objects can hold both numbers and letters.
    return pl.Series(values.name, cells, dtype=pl.Object)


def _overwrite(file: BinaryIO, tag: bytes, content: bytes) -> None:
    """Overwrite what follows a tag in the file's header."""
    file.seek(0)
    header = file.read(HEADER_SIZE)
    file.seek(header.index(tag) + len(tag))
    file.write(content)


def _iterate_notes(table: Table) -> Iterator[str]:
    labels: list[dict[Code, str]] = []
    for variable in table.variables:
        if _has_letters(variable):
            labels.append(limits.build_value_labels(variable))
        else:
            labels.append({})
    yield from limits.iterate_notes(table.variables, limits.STATA, labels=labels)

    kind_letters = assign_letters(table.variables)
    own_letters = []
    for kind, letter in kind_letters.items():
        if kind not in MISSING_LETTERS:
            own_letters.append(f".{letter} {kind}")
    if own_letters:
        yield f"extended missing values of the study: {', '.join(own_letters)}"

    yield from _iterate_option_notes(table)

    kinds = {kind for variable in table.variables for kind in variable.declines}
    left = sorted(kinds - kind_letters.keys())
    if left:
        yield f"{join_first(left)}: Stata has no letters left for them, so they are labeled codes"

    bare = [variable.name for variable in table.variables if has_unlabeled_texts(variable)]
    if bare:
        yield f"{join_first(bare)}: Stata cannot label texts, so the codes have no labels"

    large = [variable.name for variable in table.variables if list_too_large_codes(variable)]
    if large:
        yield (
            f"{join_first(large)}: Stata labels numbers up to {MAX_LABELED_VALUE:,}; "
            "larger codes have no labels"
        )


def _iterate_option_notes(table: Table) -> Iterator[str]:
    """Yield notes on options marked as missing: their letters, or that they are counted."""
    letters = assign_column_letters(table.variables, table.study.edition)
    lettered = []
    counted = []
    for variable, of_column in zip(table.variables, letters, strict=True):
        options = [f"{code} = .{letter}" for code, letter in of_column.options.items()]
        if options:
            lettered.append(f"{variable.name} ({', '.join(options)})")
        codes = list_options_without_letter(variable, of_column)
        if codes:
            counted.append(f"{variable.name} ({', '.join(map(str, codes))})")

    if lettered:
        yield f"options without an amount are extended missing values: {join_first(lettered)}"
    if counted:
        yield f"Stata counts options marked as missing as answers: {join_first(counted)}"


def has_unlabeled_texts(variable: Variable) -> bool:
    """Return whether its codes are texts other than their labels; Stata cannot label texts."""
    if variable.storage != "text" or variable.role == "admin":
        return False
    return any(limits.to_single_line(words) != code for code, words in variable.labels.items())


def list_too_large_codes(variable: Variable) -> list[Code]:
    """Return the numeric codes that are too large for a label in Stata."""
    if variable.storage == "text":
        return []
    return [code for code in variable.labels if not _can_label(code)]


# ── a script with the design ──


def write_stata_script(
    table: Table, to: Path, data: Path, data_name: str
) -> conventions.WriteResult:
    """Write the script, and the data that it opens as `data_name`.

    Raises ImportError without the libraries.
    """
    result = write_dta(table, data, conventions.WriteOptions())

    study = table.study
    columns = [variable.name for variable in table.variables]
    names = dict(zip(columns, limits.fit_names(columns, limits.STATA), strict=True))

    has_design = bool(conventions.list_design_columns(table))
    by_role = {}
    if has_design:
        for role, design_columns in study.design.items():
            by_role[role] = " ".join(names[name] for name in design_columns)

    # Each of the R replicates of jk1 leaves out one unit, and has the multiplier (R - 1) / R.
    factors: Sequence[float] = study.replication_factors
    count = len(study.design.get("replicate_weight", ()))
    if count and study.replication == "jk1":
        factors = [(count - 1) / count]

    # In Stata, ` and $ begin the names of macros, and a backslash keeps them from it.
    escaped_name = re.sub(r"[\\`$]", r"\\\g<0>", data_name)
    with to.open("w", encoding="utf-8") as file:
        write_template(
            file,
            "stata_script.jinja",
            release=STATA_RELEASE,
            file=escaped_name,
            study=study,
            names=names,
            has_design=has_design,
            columns=by_role,
            factors=" ".join(f"{factor:.15g}" for factor in factors),
        )
    return result
