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
    """Return the position in the data: `7`, or `7–9` for adjacent columns.

    It is the first one if other columns are between them.
    """
    if not variable.columns:
        return str(variable.number)
    numbers = sorted(column.number for column in variable.columns)
    first = numbers[0]
    last = numbers[-1]
    are_adjacent = last - first == len(numbers) - 1
    if are_adjacent:
        return f"{first}–{last}"
    return f"{first}"


def format_turns(variable: CodebookVariable) -> str:
    """Return `12 turns`; empty for less than two."""
    turns = {column.turn for column in variable.columns if column.turn is not None}
    if len(turns) < 2:
        return ""
    return f"{len(turns)} turns"


def list_directions(variable: CodebookVariable) -> tuple[tuple[str, str], ...]:
    """Return the text read before it and the instruction to the interviewer, with their labels."""
    directions = (
        ("Read before", flatten(variable.intro)),
        ("Interviewer", flatten(variable.instruction)),
    )
    return tuple((label, text) for label, text in directions if text)


def describe_facts(variable: CodebookVariable) -> str:
    """Return who is asked, type, source, and the values if no table lists them."""
    storage = variable.storage
    if variable.measure:
        storage = f"{storage}, {variable.measure}"
    facts = [variable.asked.removesuffix("."), storage, f"source: {variable.source}"]
    if variable.range_text:
        facts.append(f"range {variable.range_text}")
    if variable.personal:
        facts.append(PERSONAL_NOTE)
    facts.append(_describe_values(variable))
    sentences = [fact[:1].upper() + fact[1:] for fact in facts if fact]
    return ". ".join(sentences) + "."


def has_code_table(variable: CodebookVariable) -> bool:
    """Return whether its codes are shown as a table.

    One code, those of several variables, and `any text` are one line.
    """
    return variable.has_codes and not variable.columns and len(variable.codes) > 1


def list_remarks(variable: CodebookVariable) -> tuple[str, ...]:
    """List the variables of the entry if no table does, and why a cell may have no answer.

    For example: `Missing: -8 Don't know (5) · …`.
    """
    remarks = []
    if variable.columns and not build_column_grids(variable):
        remarks.append(f"Variables: {', '.join(variable.names)}")
    with_code = [_describe_code(code) for code in variable.missing if code.code]
    if with_code:
        remarks.append(f"Missing: {' · '.join(with_code)}")
    without_code = [_describe_code(code) for code in variable.missing if not code.code]
    if without_code:
        remarks.append(f"Empty: {' · '.join(without_code)}")
    return tuple(remarks)


def _describe_values(variable: CodebookVariable) -> str:
    """Return `Values: any text (11)` or `Codes: 1 Female · 2 Male`; empty if a table lists them."""
    if has_code_table(variable):
        return ""
    values = " · ".join(map(_describe_code, variable.codes))
    if variable.has_codes:
        return f"Codes: {values}"
    return f"Values: {values}"


def _describe_code(code: CodebookCode) -> str:
    """Return `-8 Don't know (5)`, with the kind of missing value if the label does not say it."""
    label = flatten(code.label)
    text = f"{code.code} {label}".strip()
    is_said = code.missing.casefold() == label.casefold()
    if code.missing and not is_said:
        text += f", {code.missing}"
    if code.count_text:
        text += f" ({code.count_text})"
    return text


def build_codes_grid(variable: CodebookVariable) -> Grid:
    """Return a table of the codes of a variable, with missing values and counts if known."""
    heads = [GridHead("", "Meaning")]
    columns = [
        [code.code or OTHER_VALUES for code in variable.codes],
        [flatten(code.label) for code in variable.codes],
    ]
    missing = [code.missing for code in variable.codes]
    if any(missing):
        heads.append(GridHead("", "Missing"))
        columns.append(missing)
    counts = [code.count_text for code in variable.codes]
    if any(counts):
        heads.append(GridHead("", "Interviews"))
        columns.append(counts)
    rows = zip(*columns, strict=True)
    return build_text_grid(f"Codes of {variable.name}", "Code", heads, rows)


def build_column_grids(variable: CodebookVariable) -> tuple[Grid, ...]:
    """Build tables of the variables of one entry, with a limited number of codes per table.

    They state what the variables are, and how many interviews have each code. Without counts, an
    option is a line and turns are omitted.
    """
    caption = f"Variables of {format_name(variable)}"
    content = GridHead("", "Content")
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
    if not options:
        return ()
    rows = [(_join_ends(names), flatten(label)) for label, names in options.items()]
    return (build_text_grid(caption, "Variable", [content], rows),)


def _describe_column(column: CodebookColumn) -> str:
    """Return `radio, turn 2`."""
    parts = []
    label = flatten(column.label)
    if label:
        parts.append(label)
    if column.turn is not None:
        parts.append(f"turn {column.turn}")
    return ", ".join(parts)


def _join_ends(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{names[0]} … {names[-1]}"
