"""Codebook layout shared by all writers: sections, one-line descriptions, code grids."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from survey_cli.documents.report.report_layout import Grid, GridHead, build_text_grid
from survey_cli.documents.text_runs import flatten
from survey_cli.reports.codebook.codebook import (
    Codebook,
    CodebookCode,
    CodebookColumn,
    CodebookVariable,
)

OTHER_VALUES: Final = "other"
"""The code shown for values without a code."""
MAX_CODES_ACROSS: Final = 12
"""Maximum number of codes in one table, for the width of a page."""
PERSONAL_NOTE: Final = "Personal: exported only if requested"


def split_sections(codebook: Codebook) -> tuple[tuple[str, tuple[CodebookVariable, ...]], ...]:
    """Return the title and variables of each run of one section, in the order of the data."""
    return tuple(
        (flatten(title), tuple(group))
        for title, group in groupby(codebook.variables, key=lambda v: v.section)
    )


def format_name(variable: CodebookVariable) -> str:
    """Return `q7`, or `age_1 … age_12` for several variables."""
    return _join_ends(variable.names)


def format_position(variable: CodebookVariable) -> str:
    """Return the position in the data: `7`, or `7–9` for adjacent columns; the first position if others are between."""
    if not variable.columns:
        return str(variable.number)
    numbers = sorted(column.number for column in variable.columns)
    first, last = numbers[0], numbers[-1]
    return f"{first}–{last}" if last - first == len(numbers) - 1 else f"{first}"


def format_turns(variable: CodebookVariable) -> str:
    """Return `12 turns`; empty for less than two."""
    turns = {column.turn for column in variable.columns if column.turn is not None}
    return f"{len(turns)} turns" if len(turns) > 1 else ""


def list_directions(variable: CodebookVariable) -> tuple[tuple[str, str], ...]:
    """Return the text read before it and the instruction to the interviewer, each with a label."""
    directions = (
        ("Read before", flatten(variable.intro)),
        ("Interviewer", flatten(variable.instruction)),
    )
    return tuple((label, text) for label, text in directions if text)


def describe_facts(variable: CodebookVariable) -> str:
    """Return who is asked, type, source, and the values if no table lists them."""
    facts = [
        variable.asked.removesuffix("."),
        f"{variable.storage}, {variable.measure}" if variable.measure else variable.storage,
        f"source: {variable.source}",
        f"range {variable.range_text}" if variable.range_text else "",
        PERSONAL_NOTE if variable.personal else "",
        _describe_values(variable),
    ]
    return ". ".join(line[:1].upper() + line[1:] for line in facts if line) + "."


def has_code_table(variable: CodebookVariable) -> bool:
    """Whether its codes are shown as a table. One code, those of several variables, and `any text` are one line."""
    return variable.has_codes and not variable.columns and len(variable.codes) > 1


def list_remarks(variable: CodebookVariable) -> tuple[str, ...]:
    """List the variables of the entry where no table does, and why a cell may have no answer.

    For example: `Missing: -8 Don't know (5) · …`.
    """
    remarks = []
    if variable.columns and not build_column_grids(variable):
        remarks.append(f"Variables: {', '.join(variable.names)}")
    for name, has_code in (("Missing", True), ("Empty", False)):
        if codes := [
            _describe_code(code) for code in variable.missing if bool(code.code) == has_code
        ]:
            remarks.append(f"{name}: {' · '.join(codes)}")
    return tuple(remarks)


def _describe_values(variable: CodebookVariable) -> str:
    """Return `Values: any text (11)` or `Codes: 1 Female · 2 Male`; empty if a table lists them."""
    if has_code_table(variable):
        return ""
    values = " · ".join(map(_describe_code, variable.codes))
    return f"Codes: {values}" if variable.has_codes else f"Values: {values}"


def _describe_code(code: CodebookCode) -> str:
    """Return `-8 Don't know (5)`, with the kind of missing value if the label does not say it."""
    label = flatten(code.label)
    kind = code.missing if code.missing.casefold() != label.casefold() else ""
    text = f"{code.code} {label}".strip() + (f", {kind}" if kind else "")
    return f"{text} ({code.count_text})" if code.count_text else text


def build_codes_grid(variable: CodebookVariable) -> Grid:
    """Return a table of the codes of a variable, with missing values and counts if there are any."""
    columns = {
        "Meaning": [flatten(code.label) for code in variable.codes],
        "Missing": [code.missing for code in variable.codes],
        "Interviews": [code.count_text for code in variable.codes],
    }
    columns = {name: texts for name, texts in columns.items() if name == "Meaning" or any(texts)}
    codes = [code.code or OTHER_VALUES for code in variable.codes]
    heads = [GridHead("", name) for name in columns]
    return build_text_grid(
        f"Codes of {variable.name}", "Code", heads, zip(codes, *columns.values(), strict=True)
    )


def build_column_grids(variable: CodebookVariable) -> tuple[Grid, ...]:
    """Build tables of the variables of one entry, with a limited number of codes per table.

    They state what each variable is, and how many interviews have each code. Without counts, each option is a line and
    turns are omitted.
    """
    caption, content = f"Variables of {format_name(variable)}", GridHead("", "Content")
    if any(column.counts for column in variable.columns):
        codes = [
            code.code or code.missing or "any" for code in (*variable.codes, *variable.missing)
        ]
        parts = [slice(at, at + MAX_CODES_ACROSS) for at in range(0, len(codes), MAX_CODES_ACROSS)]
        grids = []
        for part in parts:
            heads = [content, *(GridHead("Interviews", code) for code in codes[part])]
            lines = [
                (column.name, _describe_column(column), *column.counts[part])
                for column in variable.columns
            ]
            grids.append(build_text_grid(caption, "Variable", heads, lines))
        return tuple(grids)
    options: dict[str, list[str]] = {}
    for column in variable.columns:
        if column.label:
            options.setdefault(column.label, []).append(column.name)
    rows = [(_join_ends(names), flatten(label)) for label, names in options.items()]
    return (build_text_grid(caption, "Variable", [content], rows),) if rows else ()


def _describe_column(column: CodebookColumn) -> str:
    """Return `radio, turn 2`."""
    turn = f"turn {column.turn}" if column.turn is not None else ""
    return ", ".join(part for part in (flatten(column.label), turn) if part)


def _join_ends(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}"
