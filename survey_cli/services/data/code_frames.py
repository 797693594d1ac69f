"""Code frames beside a questionnaire: checked, extended by a code, and as variables of a table."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
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
    matches = [name.fullmatch(file.name) for file in Path(path).parent.iterdir()]
    return sorted(match[1] for match in matches if match is not None)


def check_frame(
    source: InstrumentSource, instrument: Instrument, item: str
) -> tuple[CodeFrame | None, list[Problem]]:
    """Check a code frame against its questionnaire."""
    if source.tree is None:
        return None, list(source.problems)

    frame, found, _ = validate_file(source.tree, CodeFrame)
    problems = [*source.problems, *found]
    where = source.tree.where

    def report(rule: str, where: Position, what: str, remedy: str) -> None:
        problems.append(Problem(rule, where, item, what, remedy))

    open_items = list_open_items(instrument)
    if item not in open_items:
        what = f"there is no item {item!r}"
        if item in instrument.items:
            what = f"its answers are no texts: {item}"
        otherwise = (
            "name the file after an item of type text or verbatim, or with an option to specify"
        )
        report("no-open-item", where, what, suggest_nearest(item, open_items, otherwise=otherwise))

    own_name = re.compile(rf"{re.escape(item)}_code(_\d+)*")
    taken = [v.name for v in build_columns(instrument) if own_name.fullmatch(v.name)]
    if taken:
        what = f"the questionnaire has a variable {taken[0]} already"
        remedy = "rename that item: its answers and the codes would be one column"
        report("coded-variable", where, what, remedy)

    if frame is not None:
        first_codes: dict[str, int] = {}
        for code, spec in frame.codes.items():
            label = str(spec.label.get(instrument.language))
            first_code = first_codes.setdefault(label.casefold(), code)
            if first_code != code:
                what = f"codes {first_code} and {code} have the same label"
                report("same-label", spec.label.where, what, "keep one of them")
    return frame, problems


def list_open_items(instrument: Instrument) -> list[str]:
    """List the items that are answered in words: texts, and lists with options to specify."""
    open_items = []
    for item in instrument.items.values():
        is_text = isinstance(item.question, FreeTextItem)
        if is_text or any(option.specify for option in item.options):
            open_items.append(item.id)
    return open_items


def read_frame(path: str, instrument: Instrument, item: str) -> CodeFrame:
    """Read the code frame of an item, or return an empty one without a file.

    Raises UserError if it has errors.
    """
    file = locate_frame(path, item)
    if not file.exists():
        return CodeFrame()

    frame, problems = check_frame(load_source(file), instrument, item)
    if frame is None or select_errors(problems):
        remedy = f"fix it: survey check {file}"
        raise UserError(str(file), "the code frame has errors", remedy, tuple(problems))
    return frame


def add_code(path: str, instrument: Instrument, item: str, label: str) -> int:
    """Add a code at the end of an item's frame, and return it. The file is made if there isn't one.

    Everything else in the file stays as it is, also what another coder adds at the same time. A
    label that the frame has already returns its code. Raises UserError.
    """
    file = locate_frame(path, item)
    with lock_folder(file.parent, alone=True):
        frame = read_frame(path, instrument, item)
        for known, spec in frame.codes.items():
            if spec.label.get("").casefold() == label.casefold():
                return known

        code = max(frame.codes, default=0) + 1
        line = f"{code}: {_write_label(label)}"
        before = f"# The codes of {item}\nmultiple: false\n"
        if file.exists():
            before = file.read_text("utf-8")
        text = _insert_code(before, line)

        # Somebody may have written the file in another style of YAML.
        tree = load_source_text(text, str(file)).tree
        changed = None
        if tree is not None:
            changed, _, _ = validate_file(tree, CodeFrame)
        if changed is None or list(changed.codes) != [*frame.codes, code]:
            remedy = f"write its codes under each other, and this one last: {line}"
            raise UserError(str(file), "a code can't be added to the file as it is written", remedy)

        write_text_file(file, lambda stream: stream.write(text), force=True, public=True)
        return code


def _write_label(label: str) -> str:
    """Write a label as YAML, in quotes if it could be read as something else."""
    is_plain = re.fullmatch(r"[^\W\d][\w /()'-]*", label) and label not in YAML_NULLS
    if is_plain:
        return label
    return json.dumps(label, ensure_ascii=False)


def _insert_code(text: str, new_line: str) -> str:
    """Return the text of a frame with a line for one more code, after the last one."""
    lines = text.rstrip("\n").split("\n")
    start = _find_line(lines, r"codes:\s*(\{\}\s*)?(#|$)", 0)
    if start == len(lines):
        lines.append("codes:")
    lines[start] = lines[start].replace(" {}", "", 1)

    # The block ends at the next line that isn't indented.
    end = _find_line(lines, r"[^\s#]", start + 1)
    last = start
    indent = ""
    for number in range(start + 1, end):
        indented = re.match(r"( +)\S", lines[number])
        if indented is None:
            continue
        last = number
        is_comment = lines[number].lstrip().startswith("#")
        if not is_comment and not indent:
            indent = indented[1]
    lines.insert(last + 1, (indent or "  ") + new_line)
    return "\n".join(lines) + "\n"


def _find_line(lines: Sequence[str], pattern: str, start: int) -> int:
    """Return the number of the first line from `start` that begins so, or of the end."""
    for number in range(start, len(lines)):
        if re.match(pattern, lines[number]):
            return number
    return len(lines)


# ── variables ──


def append_coded_variables(
    data: DataTable, records: StudyRecords, until: datetime | None
) -> DataTable:
    """Append the coded variables of each item that has a code frame and a column of texts."""
    for item in list_frames(records.path):
        columns = find_text_columns(data.table, item)
        if not columns:
            continue

        frame = read_frame(records.path, records.instrument, item)
        codings = load_codings(records, item, until)
        table = _append_columns(data.table, item, frame, columns, codings)
        warnings = (*data.warnings, *_iterate_warnings(item, frame, codings))
        data = replace(data, table=table, warnings=warnings)
    return data


def _iterate_warnings(item: str, frame: CodeFrame, codings: Codings) -> Iterator[str]:
    """Yield why stored codings don't fit the frame as it is now."""
    given = [coding.codes or () for roles in codings.values() for coding in roles.values()]
    unknown = {code for codes in given for code in codes} - frame.codes.keys()
    if unknown:
        codes_text = join_first(sorted(unknown))
        yield f"{item}: codes that its frame does not have (any more): {codes_text}"
    if not frame.multiple and any(len(codes) > 1 for codes in given):
        yield f"{item}: only the first of several codes is here, as its frame is not multiple"


def find_text_columns(table: Table, item: str) -> dict[int | None, list[int]]:
    """Return the positions of the columns with what was answered to an item in words, by turn."""
    columns: dict[int | None, list[int]] = {}
    for position, variable in enumerate(table.variables):
        is_text = variable.role == "answer" and variable.storage == "text" and not variable.labels
        is_specified = variable.role == "words" and variable.option is not None
        if variable.item == item and (is_text or is_specified):
            columns.setdefault(variable.turn, []).append(position)
    return columns


def load_codings(records: StudyRecords, item: str, until: datetime | None = None) -> Codings:
    """Load the latest codings of an item's answers, up to a time."""
    interviews = records.store.interviews
    if until is None:
        stored = interviews.list_codings(item)
    else:
        stored = interviews.list_codings(item, encode_timestamp(until))

    codings: dict[tuple[str, int | None], dict[CodingRole, AnswerCoded]] = {}
    for interview, coding in stored:
        codings.setdefault((interview, coding.place.turn), {})[coding.role] = coding
    return codings


def read_open_text(cells: Sequence[str]) -> str:
    """Return what was answered in words, from the stored cells of its columns."""
    texts = [json.loads(cell) for cell in cells if cell.startswith('"')]
    return " / ".join(sorted(text for text in texts if text))


def select_valid(
    roles: Mapping[CodingRole, AnswerCoded], text: str
) -> dict[CodingRole, AnswerCoded]:
    """Return the codings, by role, that are of this text and were not taken back."""
    if not roles or not text:
        return {}

    digest = compute_text_digest(text)
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
    """Append the coded variables of an item, and their cells to each row."""
    built: list[Variable] = []
    for turn, positions in columns.items():
        built += _build_variables(table, item, frame, turn, positions[0])
    names = {variable.name for variable in table.variables}
    taken = [variable.name for variable in built if variable.name in names]
    if taken:
        what = f"the codes of {item} are the column {taken[0]}, and so is a variable"
        raise UserError(taken[0], what, "rename the variable in the analysis file")

    def build_cells(texts: Sequence[str]) -> Iterator[str]:
        for turn, positions in columns.items():
            text = read_open_text([texts[position] for position in positions])
            if text:
                # The first column has the interview's id, in quotes.
                roles = codings.get((texts[0][1:-1], turn), {})
                yield from _build_coded_cells(frame, select_valid(roles, text))
            else:
                first = texts[positions[0]]
                missing = first if first.startswith("{") else NOT_ASKED_TEXT
                yield from [missing] * _count_columns(frame)

    rows = (join_row([*texts, *build_cells(texts)]) for texts in table.iterate_texts())
    return replace(table, variables=(*table.variables, *built), rows=rows)


def _count_columns(frame: CodeFrame) -> int:
    """Return the number of coded variables of one turn: one, or one for each code."""
    return len(frame.codes) if frame.multiple else 1


def _build_coded_cells(frame: CodeFrame, roles: Mapping[CodingRole, AnswerCoded]) -> Iterator[str]:
    """Build the cells of an answer in words: its codes, or why it has none.

    The decision between two coders takes precedence, then the first coder.
    """
    coding = roles.get("final") or roles.get("first")
    if coding is None or coding.codes is None:
        yield from [encode_missing(UNCODED.kind)] * _count_columns(frame)
    elif not coding.codes:
        yield from [encode_missing(UNCLEAR.kind)] * _count_columns(frame)
    elif frame.multiple:
        for code in frame.codes:
            yield str(int(code in coding.codes))
    else:
        yield str(coding.codes[0])


def _build_variables(
    table: Table, item: str, frame: CodeFrame, turn: int | None, position: int
) -> list[Variable]:
    """Build the coded variables of one turn."""
    of = table.variables[position]
    end = "" if turn is None else f"_{turn}"
    label = _build_label(of, frame, turn, table.language)
    labels: dict[Code, str] = {
        code: str(spec.label.get(table.language)) for code, spec in frame.codes.items()
    }
    # Codes for what can't be a code of the frame, and isn't a decline's.
    used = {code for code, _ in of.declines.values()}
    free = (code for code in (-5, -4, -3, -2, *range(-10, -99, -1)) if code not in used)
    missing = {UNCODED.kind: (next(free), "Not coded"), UNCLEAR.kind: (next(free), "Unclear")}
    whole = replace(
        of,
        name=f"{item}_code{end}",
        label=label,
        labels=labels,
        storage="integer",
        measure="nominal",
        role="answer",
        item=f"{item}_code",
        option=None,
        declines={**of.declines, **missing},
    )
    if not frame.multiple:
        return [whole]

    flags: dict[Code, str] = {0: "Not mentioned", 1: "Mentioned"}
    variables = []
    for code, text in labels.items():
        name = f"{item}_code_{code}{end}"
        variables.append(
            replace(whole, name=name, label=f"{label}: {text}", labels=flags, option=code)
        )
    return variables


def _build_label(of: Variable, frame: CodeFrame, turn: int | None, language: str) -> str:
    """Return the label of a coded variable: the frame's own, or that of its column with a mark."""
    if frame.label is not None:
        label = str(frame.label.get(language))
        return label if turn is None else f"{label} ({turn})"

    label = of.label
    if of.option is not None:
        # The part before the option is the label of the item.
        label = of.label.rpartition(": ")[0] or of.label
    return label + CODED_MARK
