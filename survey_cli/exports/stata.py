"""Stata data files, .dta of release 118 (Stata 14 and later): codes with their labels, missings as extended missings.

Numbers, dates and times hold `.d` for don't know, `.r` refused, `.n` not reached, `.u` not asked, and a further letter
for each decline of the study's own. Texts are empty where there is no answer: their companion, `q_state`, says why. A
column of texts with labels has the code of the missing as a text; Stata labels no texts. An option marked as missing
stays a code. Dates are days (`%td`), times are times of day (`%tcHH:MM`), moments are UTC. The whole table is held in
memory.
"""

import errno
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from survey_cli.exports.limits import (
    STATA,
    fitted,
    fitting_names,
    label_of,
    listed,
    notes_of,
    plain,
    value_labels,
)
from survey_cli.exports.missing_codes import missing_codes, offered_codes
from survey_cli.exports.reproducible_time import NEVER, day_said
from survey_cli.exports.typed_columns import answered, coded, stretches, typed, why
from survey_cli.table import Table
from survey_cli.table.timestamps import LAST_ENTRY_COLUMN, is_timestamp
from survey_cli.values import Code, Variable

if TYPE_CHECKING:
    import polars as pl

    from survey_cli.exports.formats import Manner

LETTERS: Final = {"dk": "d", "refused": "r", "not_reached": "n", "not_asked": "u"}
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"
RELEASE: Final = 14
"""The program's, whose files are of release 118."""
LARGEST: Final = 2_147_483_620
"""The most that fits into Stata's `multiline_texts`; larger numbers are doubles, and have no labels."""
SHOWN: Final = (8, 80)
"""Letters of a text, the least and the most, that Stata is to show; all are kept."""
HEAD: Final = 2_000
"""Bytes before the types of the columns, of two each, at most."""
STAMP: Final = b"<timestamp>\x11"
NAMES: Final = b"<varnames>"
FIELD: Final = 129
"""Bytes of a name."""


def write_dta(table: Table, to: Path, manner: "Manner") -> tuple[int, tuple[str, ...]]:
    """The rows, and what is to be said. Raises ImportError where the libraries are missing."""
    import pyreadstat

    final = fitting_names([v.name for v in table.variables], STATA)
    # The library makes the names of label sets from a column's name and a number, which are to fit together.
    names = fitting_names(final, replace(STATA, name=STATA.name - len(str(len(final)))))
    letters = letters_of(table.variables)
    data = _data(table, names, letters)
    labels = {
        name: found
        for name, variable in zip(names, table.variables, strict=True)
        if (found := _labels(variable, letters))
    }
    absent = {
        name: sorted({*letters.values()})
        for name, v in zip(names, table.variables, strict=True)
        if _lettered(v)
    }
    try:
        pyreadstat.write_dta(
            data,
            to,
            file_label=STATA.cut(plain(table.study.title), STATA.label),
            column_labels=[fitted(label_of(v), STATA) or None for v in table.variables],
            version=RELEASE,
            variable_value_labels=labels,
            missing_user_values=absent,
            variable_format={
                name: form
                for name, v in zip(names, table.variables, strict=True)
                if (form := _format(v, data[name]))
            },
        )
    except pyreadstat.ReadstatError as error:
        raise OSError(errno.EIO, str(error)) from error
    latest = data[LAST_ENTRY_COLUMN].max() if LAST_ENTRY_COLUMN in data.columns else None
    with to.open("r+b") as file:
        _made_at(file, latest if isinstance(latest, datetime) else NEVER)
        _named(file, final)
    return data.height, tuple(_notes(table))


def letters_of(variables: Sequence[Variable]) -> dict[str, str]:
    """By kind the letter of the extended missing, the same in all columns: a decline of the study's own has its first
    letter, if that is free, else the first that is. A kind for which none is left keeps its code."""
    letters = dict(LETTERS)
    for kind in dict.fromkeys(kind for v in variables for kind in v.declines):
        free = [c for c in ALPHABET if c not in letters.values()]
        if kind not in letters and free:
            letters[kind] = kind[0].lower() if kind[0].lower() in free else free[0]
    return letters


def _lettered(variable: Variable) -> bool:
    """Whether missings are told by letters: not in texts, nor in what nobody was asked."""
    return variable.storage != "text" and variable.role != "admin"


def _labels(variable: Variable, letters: Mapping[str, str]) -> dict[Any, str]:
    """By value or letter."""
    if variable.storage == "text":
        return {}
    found: dict[Any, str] = {
        code: STATA.cut(plain(words) or str(code), STATA.value_label)
        for code, words in variable.labels.items()
        if _labelled(code)
    }
    if variable.storage in ("date", "time"):  # a label of theirs could only be that of a missing
        return {}
    for kind, (code, words) in offered_codes(variable).items():
        if kind in letters or _labelled(code):
            found[letters.get(kind, code)] = STATA.cut(plain(words) or kind, STATA.value_label)
    return found


def _labelled(code: Code) -> bool:
    """Whether Stata can label a number."""
    return isinstance(code, int) and abs(code) <= LARGEST


def _format(variable: Variable, held: "pl.Series") -> str:
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
            least, most = SHOWN
            return f"%-{min(max(longest, least), most)}s" if isinstance(longest, int) else ""


def _data(table: Table, names: Sequence[str], letters: Mapping[str, str]) -> "pl.DataFrame":
    """The rows as Stata has them: numbers and dates with letters among them where there is no answer."""
    import polars as pl

    values, kinds = [], []
    for at, (variable, name) in enumerate(zip(table.variables, names, strict=True)):
        text = pl.col(str(at))
        column = answered(variable.storage, text, moment=is_timestamp(variable))
        if _lettered(variable):
            codes = missing_codes(variable)
            told = {kind: letters.get(kind) for kind in {**letters, **codes}}
            kinds.append(why(text).replace_strict(told, return_dtype=pl.String).alias(name))
            spare = {kind: None if kind in letters else code for kind, (code, _) in codes.items()}
            if any(spare.values()):
                column = coded(text, column, spare)
        elif variable.storage == "integer":
            column = column.cast(pl.Int64)
        elif variable.storage == "text" and not is_timestamp(variable):
            asked = variable.role != "admin"
            words = {kind: str(code) for kind, (code, _) in missing_codes(variable).items() if asked}
            column = (coded(text, column, words) if words else column).fill_null("")
        values.append(column.alias(name))
    made = [(typed(texts, values), typed(texts, kinds)) for texts in stretches(table)]
    none = pl.DataFrame({str(at): [] for at in range(len(names))}).cast(pl.String)
    made = made or [(typed(none, values), typed(none, kinds))]
    data, why_not = pl.concat([values for values, _ in made]), pl.concat([kinds for _, kinds in made])
    mixed = [
        _mixed(data[name], why_not[name], whole=v.storage == "integer")
        for name, v in zip(names, table.variables, strict=True)
        if _lettered(v)
    ]
    return data.with_columns(mixed)


def _mixed(values: "pl.Series", letters: "pl.Series", *, whole: bool) -> "pl.Series":
    """Values with letters where there are none, as the library takes them. `whole`: as whole numbers, where they fit."""
    import polars as pl

    if whole and not (values.abs() > LARGEST).any():
        values = values.cast(pl.Int32)
    cells = [why if value is None else value for value, why in zip(values.to_list(), letters, strict=True)]
    return pl.Series(values.name, cells, dtype=pl.Object)


def _made_at(file: BinaryIO, moment: datetime) -> None:
    """Write the day and time of the file into it."""
    file.seek(0)
    file.seek(file.read(HEAD).index(STAMP) + len(STAMP))
    file.write(f"{day_said(moment)} {moment:%Y %H:%M}".encode("ascii"))


def _named(file: BinaryIO, names: Sequence[str]) -> None:
    """Write the names of the columns into it, each in a field of its own."""
    file.seek(0)
    file.seek(file.read(HEAD + 2 * len(names)).index(NAMES) + len(NAMES))
    file.write(b"".join(name.encode().ljust(FIELD, b"\0") for name in names))


def _notes(table: Table) -> Iterator[str]:
    labels: list[dict[Code, str]] = [value_labels(v) if _lettered(v) else {} for v in table.variables]
    yield from notes_of(table.variables, STATA, labels=labels)
    letters = letters_of(table.variables)
    if own := {kind: letter for kind, letter in letters.items() if kind not in LETTERS}:
        yield "extended missings of the study's own: " + ", ".join(f".{x} {kind}" for kind, x in own.items())
    if left := sorted({kind for v in table.variables for kind in v.declines if kind not in letters}):
        yield f"{listed(left)}: Stata has no letter left; they are labelled codes"
    if bare := [v.name for v in table.variables if unlabelled(v)]:
        yield f"{listed(bare)}: Stata labels no texts; the codes stand without labels"
    if large := [v.name for v in table.variables if too_large(v)]:
        yield f"{listed(large)}: Stata labels numbers to {LARGEST:,}; larger codes stand without labels"


def unlabelled(variable: Variable) -> bool:
    """Whether its codes are texts that mean something else than they say: Stata labels none."""
    return (
        variable.storage == "text"
        and variable.role != "admin"
        and any(plain(words) != code for code, words in variable.labels.items())
    )


def too_large(variable: Variable) -> list[Code]:
    """Its codes that Stata cannot label, though they are numbers."""
    return [code for code in variable.labels if variable.storage != "text" and not _labelled(code)]
