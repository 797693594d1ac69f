"""Code frames beside a questionnaire: found by name, checked, extended by a code; the coded variables of a table."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from survey_cli.engine.codec import encode_timestamp
from survey_cli.engine.events import AnswerCoded, CodingRole, compute_text_digest
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.code_frame import CODES_SUFFIX, CodeFrame
from survey_cli.instrument.schema.items.typed import FreeTextItem
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import InstrumentSource, load_source, load_source_text
from survey_cli.instrument.source.scalars import YAML_NULLS
from survey_cli.problems import Position, Problem, UserError, select_errors, suggest_nearest
from survey_cli.services.data.export_options import DataTable
from survey_cli.services.output_files import write_text_file
from survey_cli.store.backends.sqlite.database_files import lock_folder
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.columns import build_columns
from survey_cli.table.table import NOT_ASKED_TEXT, Table, encode_missing, join_row
from survey_cli.values import CODED_MARK, UNCLEAR, UNCODED, Code, Variable
from survey_cli.wording import join_first

Codings: TypeAlias = Mapping[tuple[str, int | None], Mapping[CodingRole, AnswerCoded]]
"""The latest coding in each role, by interview and turn of the roster."""


# ── files ──


def locate_frame(path: str, item: str) -> Path:
    """Return the file of an item's code frame beside a questionnaire."""
    return Path(path).with_suffix(f".{item}{CODES_SUFFIX}")


def list_frames(path: str) -> list[str]:
    """List the items with a code frame beside a questionnaire."""
    name = re.compile(rf"{re.escape(Path(path).stem)}\.(\w+){re.escape(CODES_SUFFIX)}")
    return sorted(
        found[1] for file in Path(path).parent.iterdir() if (found := name.fullmatch(file.name))
    )


def check_frame(
    source: InstrumentSource, instrument: Instrument, item: str
) -> tuple[CodeFrame | None, list[Problem]]:
    """Check a code frame against its questionnaire."""
    if source.tree is None:
        return None, list(source.problems)
    frame, found, _ = validate_file(source.tree, CodeFrame)
    problems, where = [*source.problems, *found], source.tree.where

    def report(rule: str, where: Position, what: str, remedy: str) -> None:
        problems.append(Problem(rule, where, item, what, remedy))

    open_items = list_open_items(instrument)
    if item not in open_items:
        what = (
            f"its answers are no texts: {item}"
            if item in instrument.items
            else f"there is no item {item!r}"
        )
        otherwise = (
            "name the file after an item of type text or verbatim, or with an option to specify"
        )
        report("no-open-item", where, what, suggest_nearest(item, open_items, otherwise=otherwise))
    names = (variable.name for variable in build_columns(instrument))
    if taken := next(
        (name for name in names if re.fullmatch(rf"{re.escape(item)}_code(_\d+)*", name)), ""
    ):
        what = f"the questionnaire has a variable {taken} already"
        report(
            "coded-variable",
            where,
            what,
            "rename that item: its answers and the codes would be one column",
        )
    labels: dict[str, int] = {}
    for code, spec in frame.codes.items() if frame is not None else ():
        label = str(spec.label.get(instrument.language))
        if (other := labels.setdefault(label.casefold(), code)) != code:
            report(
                "same-label",
                spec.label.where,
                f"codes {other} and {code} have the same label",
                "keep one of them",
            )
    return frame, problems


def list_open_items(instrument: Instrument) -> list[str]:
    """List the items that are answered in words: texts, and lists with options to specify."""
    items = instrument.items.values()
    return [
        i.id
        for i in items
        if isinstance(i.question, FreeTextItem) or any(option.specify for option in i.options)
    ]


def read_frame(path: str, instrument: Instrument, item: str) -> CodeFrame:
    """Read the code frame of an item; an empty one where there is no file. Raises UserError where it has errors."""
    file = locate_frame(path, item)
    if not file.exists():
        return CodeFrame()
    frame, problems = check_frame(load_source(file), instrument, item)
    if frame is None or select_errors(problems):
        raise UserError(
            str(file), "the code frame has errors", f"fix it: survey check {file}", tuple(problems)
        )
    return frame


def add_code(path: str, instrument: Instrument, item: str, label: str) -> int:
    """Add a code at the end of an item's frame, and return it; the file is made where there is none.

    Everything else in the file stays as it is, and what another coder adds at the same time as well. Raises UserError.
    """
    file = locate_frame(path, item)
    with lock_folder(file.parent, alone=True):
        frame = read_frame(path, instrument, item)
        same = (
            code
            for code, spec in frame.codes.items()
            if spec.label.get("").casefold() == label.casefold()
        )
        if (known := next(same, None)) is not None:
            return known
        code = max(frame.codes, default=0) + 1
        is_plain = re.fullmatch(r"[^\W\d][\w /()'-]*", label) and label not in YAML_NULLS
        line = f"{code}: {label if is_plain else json.dumps(label, ensure_ascii=False)}"
        before = (
            file.read_text("utf-8")
            if file.exists()
            else f"# The codes of {item}\nmultiple: false\n"
        )
        text = _insert_code(before, line)
        tree = load_source_text(text, str(file)).tree
        changed = validate_file(tree, CodeFrame)[0] if tree is not None else None
        if changed is None or list(changed.codes) != [*frame.codes, code]:
            remedy = f"write its codes under each other, and this one last: {line}"
            raise UserError(str(file), "a code can't be added to the file as it is written", remedy)
        write_text_file(file, lambda stream: stream.write(text), force=True, public=True)
        return code


def _insert_code(text: str, new_line: str) -> str:
    """Return the text of a frame with a line for one more code, after the last one."""
    lines = text.rstrip("\n").split("\n")
    start = next(
        (n for n, line in enumerate(lines) if re.match(r"codes:\s*(\{\}\s*)?(#|$)", line)),
        len(lines),
    )
    lines += [] if start < len(lines) else ["codes:"]
    lines[start] = lines[start].replace(" {}", "", 1)
    end = next(
        (n for n in range(start + 1, len(lines)) if re.match(r"[^\s#]", lines[n])), len(lines)
    )
    block = [
        (n, found[1])
        for n, line in enumerate(lines[:end])
        if n > start and (found := re.match(r"( +)\S", line))
    ]
    indent = next((indent for n, indent in block if not lines[n].lstrip().startswith("#")), "  ")
    lines.insert(block[-1][0] + 1 if block else start + 1, indent + new_line)
    return "\n".join(lines) + "\n"


# ── variables ──


def append_coded_variables(
    data: DataTable, records: StudyRecords, until: datetime | None
) -> DataTable:
    """Append the coded variables of each item that has a code frame and a column of texts in the table."""
    for item in list_frames(records.path):
        if columns := find_text_columns(data.table, item):
            frame = read_frame(records.path, records.instrument, item)
            codings = load_codings(records, item, until)
            used = {
                code
                for roles in codings.values()
                for coding in roles.values()
                for code in coding.codes or ()
            }
            warnings = list(data.warnings)
            if unknown := sorted(used - frame.codes.keys()):
                warnings.append(
                    f"{item}: codes that its frame does not have (any more): {join_first(unknown)}"
                )
            if not frame.multiple and any(
                len(c.codes or ()) > 1 for roles in codings.values() for c in roles.values()
            ):
                warnings.append(
                    f"{item}: only the first of several codes is here, as its frame is not multiple"
                )
            table = _append_columns(data.table, item, frame, columns, codings)
            data = replace(data, table=table, warnings=tuple(warnings))
    return data


def find_text_columns(table: Table, item: str) -> dict[int | None, list[int]]:
    """Return the positions of the columns with what was answered to an item in words, by turn."""
    columns: dict[int | None, list[int]] = {}
    for position, variable in enumerate(table.variables):
        is_text = variable.role == "answer" and variable.storage == "text" and not variable.labels
        if variable.item == item and (
            is_text or (variable.role == "words" and variable.option is not None)
        ):
            columns.setdefault(variable.turn, []).append(position)
    return columns


def load_codings(records: StudyRecords, item: str, until: datetime | None = None) -> Codings:
    """Load the latest codings of an item's answers, up to a time."""
    codings: dict[tuple[str, int | None], dict[CodingRole, AnswerCoded]] = {}
    stored = records.store.interviews.list_codings(
        item, *([encode_timestamp(until)] if until is not None else [])
    )
    for interview, coding in stored:
        codings.setdefault((interview, coding.place.turn), {})[coding.role] = coding
    return codings


def read_open_text(cells: Sequence[str]) -> str:
    """Return what was answered in words from the stored cells of its columns; empty where nothing was."""
    texts = [text for cell in cells if cell.startswith('"') and (text := json.loads(cell))]
    return " / ".join(sorted(texts))


def select_valid(
    roles: Mapping[CodingRole, AnswerCoded], text: str
) -> dict[CodingRole, AnswerCoded]:
    """Return the codings, by role, that are of this text and were not taken back."""
    digest = compute_text_digest(text) if roles and text else None
    return {
        role: coding
        for role, coding in roles.items()
        if coding.digest == digest and coding.codes is not None
    }


def _append_columns(
    table: Table,
    item: str,
    frame: CodeFrame,
    columns: Mapping[int | None, list[int]],
    codings: Codings,
) -> Table:
    built = {
        turn: _build_variables(table, item, frame, turn, at[0]) for turn, at in columns.items()
    }
    names = {variable.name for variable in table.variables}
    if taken := next((v.name for v in chain.from_iterable(built.values()) if v.name in names), ""):
        what = f"the codes of {item} are the column {taken}, and so is a variable"
        raise UserError(taken, what, "rename the variable in the analysis file")
    codes = list(frame.codes) if frame.multiple else [None]
    uncoded, unclear = encode_missing(UNCODED.kind), encode_missing(UNCLEAR.kind)

    def build_cells(texts: Sequence[str]) -> Iterator[str]:
        for turn, at in columns.items():
            text = read_open_text([texts[position] for position in at])
            if not text:
                missing = texts[at[0]] if texts[at[0]].startswith("{") else NOT_ASKED_TEXT
                yield from [missing] * len(codes)
                continue
            roles = select_valid(codings.get((texts[0][1:-1], turn), {}), text)
            coding = roles.get("final") or roles.get("first")
            given = coding.codes if coding is not None else None
            if not given:
                yield from [uncoded if given is None else unclear] * len(codes)
            else:
                yield from (str(given[0] if code is None else int(code in given)) for code in codes)

    rows = (join_row([*texts, *build_cells(texts)]) for texts in table.iterate_texts())
    return replace(
        table, variables=(*table.variables, *chain.from_iterable(built.values())), rows=rows
    )


def _build_variables(
    table: Table, item: str, frame: CodeFrame, turn: int | None, position: int
) -> list[Variable]:
    """Build the coded variables of one turn."""
    of, language = table.variables[position], table.language
    label = str(frame.label.get(language)) if frame.label is not None else of.label
    if frame.label is None:
        label = (label.rpartition(": ")[0] if of.option is not None else "") or label
        label += CODED_MARK
    elif turn is not None:
        label += f" ({turn})"
    used = {code for code, _ in of.declines.values()}
    free = (code for code in (-5, -4, -3, -2, *range(-10, -99, -1)) if code not in used)
    missing = {UNCODED.kind: (next(free), "Not coded"), UNCLEAR.kind: (next(free), "Unclear")}
    labels: dict[Code, str] = {
        code: str(spec.label.get(language)) for code, spec in frame.codes.items()
    }
    declines, end = {**of.declines, **missing}, "" if turn is None else f"_{turn}"
    whole = replace(
        of,
        storage="integer",
        measure="nominal",
        role="answer",
        item=f"{item}_code",
        declines=declines,
    )
    whole = replace(whole, name=f"{item}_code{end}", label=label, labels=labels, option=None)
    if not frame.multiple:
        return [whole]
    flags: dict[Code, str] = {0: "Not mentioned", 1: "Mentioned"}
    return [
        replace(
            whole,
            name=f"{item}_code_{code}{end}",
            label=f"{label}: {text}",
            labels=flags,
            option=code,
        )
        for code, text in labels.items()
    ]
