"""Codebook: wording, base, codes, labels, missing values and source of each variable, as values.

Counts are included if there are data; percentages are not.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.schema.items import brackets, unasked_items
from survey_cli.instrument.schema.items.amount_columns import KEYED_SUFFIX
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.quantity import (
    QuantityColumn,
    QuantityItem,
    find_quantity_column,
    write_form,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumericItem
from survey_cli.outcomes import LOST, OUTCOMES
from survey_cli.reports.disclosure.suppression import find_hidden_parts
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD
from survey_cli.reports.results.crosstab import Crosstab, ResultOptions, Units, choose_units
from survey_cli.reports.results.linked_tables import build_tables
from survey_cli.reports.results.methods import build_study_lines
from survey_cli.reports.results.questions import MAX_POINTS, list_questions
from survey_cli.reports.results.report_model import MethodLine
from survey_cli.reports.rounding import HIDDEN_MARK
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.table.table import StudyDescription, is_timestamp
from survey_cli.values import Cell, Code, Missing, Variable
from survey_cli.wording import join_words


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookCode:
    """One code of a variable, or all values that have no code of their own."""

    code: str
    """The code in the data; empty for an empty cell, and for values without a code."""
    label: str
    missing: str = ""
    """`missing`, `don't know`, … if a program should treat it as missing; empty for an answer."""
    count_text: str = ""
    """Number of interviews; empty without data, and if the entry has several columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookColumn:
    """One of several columns described together: an option of a multiple, a turn."""

    number: int
    """Position in the data, from 1."""
    name: str
    label: str = ""
    """The option's label; empty if the column is not one of an option."""
    turn: int | None = None
    counts: tuple[str, ...] = ()
    """Numbers of interviews by code, then by missing value; empty without data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookVariable:
    """Entry for one variable, or for several that only differ by option or turn."""

    number: int
    """Position in the data, from 1; for several variables, that of the first."""
    name: str
    label: str
    wording: str
    asked: str
    """Who is asked: `Asked if …`, `Asked of all`; or how the value is determined."""
    intro: str = ""
    """The text read before a battery, at the battery's first statement."""
    instruction: str = ""
    section: str = ""
    storage: str
    """Name of the storage type: `whole number`, `text`, …"""
    measure: str
    source: str
    """`question q7`, `option 3 of q21`, `sample column kind`, …"""
    has_codes: bool = True
    """Whether the answers have codes; else `codes` has one line for all of them."""
    codes: tuple[CodebookCode, ...] = ()
    """Codes of answers."""
    missing: tuple[CodebookCode, ...] = ()
    """Codes of missing values."""
    columns: tuple[CodebookColumn, ...] = ()
    """The columns of an entry for several variables; empty for one variable."""
    range_text: str = ""
    """Range of the numbers without labels, `1 to 60`.

    It is empty without data, or if it would disclose a small count.
    """
    personal: bool = False
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the described columns."""
        return tuple(column.name for column in self.columns) or (self.name,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """All variables in the order of the data. The entry of the first has all options and turns."""

    title: str
    instrument: str
    version: str = ""
    language: str = "en"
    interviews: int | None = None
    """Number of interviews; None without data."""
    methods: tuple[MethodLine, ...] = ()
    variables: tuple[CodebookVariable, ...]
    notes: tuple[str, ...] = ()

    @property
    def column_count(self) -> int:
        """The number of columns of the data."""
        return sum(len(variable.names) for variable in self.variables)


STORAGE_NAMES: Final = {
    "integer": "whole number",
    "decimal": "number with decimals",
    "text": "text",
    "date": "date",
    "time": "time of day",
}
TIMESTAMP_NAME: Final = "date and time"
_MISSING_LABELS: Final = {
    "dk": "don't know",
    "refused": "refused",
    "no_amount": "no amount",
    "no_limit": "no upper limit",
    "not_asked": "not asked",
    "not_reached": "not reached",
}
_ROLE_SECTIONS: Final = {
    "admin": "About the interview",
    "sample": "From the sample",
    "order": "Orders that were drawn",
    "compute": "Computed from the answers",
}
_ENDS: Final = ("interrupted", "screened", "any", "end")
"""When outcomes are given that may end an interview."""
_DRAW_METHODS: Final = {
    "random": "by chance",
    "youngest": "the youngest",
    "next_birthday": "by the next birthday",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """Everything that the entries of one codebook have in common."""

    instrument: Instrument
    study: StudyDescription
    language: str
    answers: AnswerColumns | None
    threshold: int
    units: Units
    sections: Mapping[str, str]
    """The titles of the sections around each item."""
    intros: Mapping[str, str]
    """The text read before a battery, by the battery's first statement."""
    tables: Mapping[tuple[str, int | None], Crosstab]
    """The tables of a report of the same interviews with its hidden counts, by item and turn."""
    after_end: frozenset[str]
    """Items that come after one that may end the interview."""

    def find_item(self, variable: Variable) -> CompiledItem | None:
        """Return the variable's item; None if it has none, or one of an older version."""
        if variable.role not in ("answer", "words", "state"):
            return None
        return self.instrument.items.get(variable.item)

    def find_quantity_column(self, variable: Variable) -> QuantityColumn | None:
        """Return which column of a quantity a variable is; None if it is none."""
        item = self.find_item(variable)
        if item is None or not isinstance(item.question, QuantityItem):
            return None
        return find_quantity_column(variable)

    def count_cells(self, variable: Variable) -> Mapping[Cell, int] | None:
        """Count the interviews with each distinct cell; None if nothing is counted."""
        answers = self.answers
        if answers is None or variable.name not in answers.columns or variable.personal:
            return None
        cells = answers.read_cells(variable.name)
        counts: Counter[Cell] = Counter()
        for text, totals in answers.count(answers.columns[variable.name], ()).items():
            counts[cells[text]] += totals[0].people
        return counts


def build_codebook(
    variables: Sequence[Variable],
    instrument: Instrument,
    study: StudyDescription,
    answers: AnswerColumns | None = None,
    *,
    language: str,
    notes: Sequence[str] = (),
    threshold: int = DEFAULT_THRESHOLD,
) -> Codebook:
    """Build the codebook: every variable in the order of the data.

    The options of a multiple share one entry, and so do the turns of a roster item. Only the
    columns in `answers` have counts. Counts of fewer people than `threshold` are hidden, and a
    second count of a variable if only one is.
    """
    interviews = answers.interviews if answers is not None else None
    units = choose_units(instrument.document.study, interviews or 0)
    context = _Context(
        instrument=instrument,
        study=study,
        language=language,
        answers=answers,
        threshold=threshold,
        units=units,
        sections=dict(_iterate_section_titles(instrument.root.children, language, "")),
        intros={
            group.items[0].id: group.intro.get_source_text(language)
            for group in instrument.groups.values()
            if isinstance(group.spec, BatteryItem) and group.intro is not None and group.items
        },
        tables=_tabulate_questions(variables, instrument, answers, threshold, units),
        after_end=_find_items_after_end(instrument),
    )

    groups: dict[tuple[str, ...], list[tuple[int, Variable]]] = {}
    for number, variable in enumerate(variables, 1):
        groups.setdefault(_make_group_key(variable), []).append((number, variable))
    entries = [entry for group in groups.values() for entry in _build_entries(group, context)]

    if answers is not None and threshold > 1:
        if units == "anonymous":
            hidden = f"answers of fewer than {threshold} interviews."
        else:
            hidden = (
                f"fewer than {threshold} interviews, or a count that would reveal such a number."
            )
        notes = (*notes, f"{HIDDEN_MARK}: {hidden}")

    return Codebook(
        title=study.title,
        instrument=instrument.id,
        version=instrument.version,
        language=language,
        interviews=interviews,
        methods=build_study_lines(study, answers),
        variables=tuple(sorted(entries, key=lambda entry: entry.number)),
        notes=tuple(notes),
    )


def _find_items_after_end(instrument: Instrument) -> frozenset[str]:
    """Return the items that come after the first one that may end the interview."""
    after = []
    is_after_end = False
    for item in instrument.root.items:
        if is_after_end:
            after.append(item.id)
        elif isinstance(item.question, unasked_items.EndItem):
            is_after_end = True
    return frozenset(after)


def _tabulate_questions(
    variables: Sequence[Variable],
    instrument: Instrument,
    answers: AnswerColumns | None,
    threshold: int,
    units: Units,
) -> Mapping[tuple[str, int | None], Crosstab]:
    """Count as a report of the same interviews does, so that the codebook hides the same."""
    if answers is None or threshold < 2:
        return {}
    options = ResultOptions(threshold=threshold, units=units)
    counted = [variable for variable in variables if variable.name in answers.columns]
    questions, _ = list_questions(instrument, counted)
    tables = build_tables(questions, answers, (), options)
    return {(table.question.item, table.question.variable.turn): table for table in tables}


def _make_group_key(variable: Variable) -> tuple[str, ...]:
    """Return what the variables of one entry have in common."""
    if variable.option is not None and variable.role == "answer":
        return variable.role, variable.item, "options"
    if variable.turn is not None:
        name = variable.name.removesuffix(f"_{variable.turn}")
        return variable.role, variable.item, name, "turns"
    return variable.role, variable.name


def _iterate_section_titles(
    nodes: Sequence[CompiledNode], language: str, above: str
) -> Iterator[tuple[str, str]]:
    """Yield each item with the titles of the sections around it."""
    for node in nodes:
        yield node.id, above
        if isinstance(node, CompiledItem):
            continue

        # The title of a battery is no section: its statements are in the one around it.
        title = ""
        if node.own_title and not isinstance(node.spec, BatteryItem):
            title = node.own_title.get_source_text(language)
        path = ": ".join(part for part in (above, title) if part)
        yield node.id, path
        yield from _iterate_section_titles(node.children, language, path)

        # The question that ends a roster is none of its children.
        until = getattr(node, "until", None)
        if until is not None:
            yield until.id, path


def _build_entries(
    group: Sequence[tuple[int, Variable]], context: _Context
) -> list[CodebookVariable]:
    """Build one entry for a group, or one per variable if their codes differ."""
    entries = []
    pooled = Counter[Cell]()
    for number, variable in group:
        counts = context.count_cells(variable)
        entries.append(_build_variable(number, variable, counts, context))
        pooled.update(counts or {})
    labels = {
        tuple((line.code, line.label) for line in (*entry.codes, *entry.missing))
        for entry in entries
    }
    if len(entries) == 1 or len(labels) > 1:
        return entries
    variables = [variable for _, variable in group]
    return [_merge_entries(entries, variables, pooled, context)]


def _merge_entries(
    entries: Sequence[CodebookVariable],
    variables: Sequence[Variable],
    pooled: Mapping[Cell, int],
    context: _Context,
) -> CodebookVariable:
    """Merge the options of a multiple, or the turns of an item, into one entry.

    `pooled` has the counts of all columns.
    """
    first = entries[0]
    variable = variables[0]
    item = context.find_item(variable)
    is_multiple = variable.option is not None and variable.role == "answer"
    labels: dict[Code, str] = {}
    if is_multiple and item is not None:
        labels = {option.code: str(option.label.get(context.language)) for option in item.options}
    columns = []
    for entry, own_variable in zip(entries, variables, strict=True):
        label = ""
        if is_multiple and own_variable.option is not None:
            label = labels.get(own_variable.option, own_variable.label)
        lines = (*entry.codes, *entry.missing)
        columns.append(
            CodebookColumn(
                number=entry.number,
                name=entry.name,
                label=label,
                turn=own_variable.turn,
                counts=tuple(line.count_text for line in lines if line.count_text),
            )
        )

    # The entry is that of the first variable, without what is true of this one only.
    label = first.label
    source = first.source.removesuffix(f", turn {variable.turn}")
    notes = first.notes
    if is_multiple:
        source = f"question {variable.item}"
        notes = (*notes, "Several answers: one variable with 0 and 1 per option.")
        if item is not None:
            label = str(item.label.get(context.language))
    if variable.turn is not None:
        label = label.removesuffix(f" ({variable.turn})")
    return replace(
        first,
        label=label,
        source=source,
        codes=tuple(replace(code, count_text="") for code in first.codes),
        missing=tuple(replace(code, count_text="") for code in first.missing),
        columns=tuple(columns),
        range_text=_format_range(variable, pooled, context.threshold),
        notes=notes,
    )


def _build_variable(
    number: int, variable: Variable, counts: Mapping[Cell, int] | None, context: _Context
) -> CodebookVariable:
    item = context.find_item(variable)
    is_answer = variable.role == "answer"
    intro = ""
    instruction = ""
    notes = []
    if is_answer:
        intro = context.intros.get(variable.item, "")
        instruction = context.study.instructions.get(variable.item, "")
        if item is not None and item.question.by == "interviewer":
            notes.append("Not asked: the interviewer enters the answer.")
    label_count = len(variable.labels)
    if label_count > MAX_POINTS:
        notes.append(f"One of {label_count:,} codes; those in the data are listed.")
    section = _ROLE_SECTIONS.get(variable.role) or context.sections.get(variable.item)
    codes, missing = _build_codes(variable, counts, context)
    return CodebookVariable(
        number=number,
        name=variable.name,
        label="" if variable.label == variable.name else variable.label,
        wording=variable.wording if variable.role in ("answer", "words") else "",
        asked=_describe_asked(variable, context),
        intro=intro,
        instruction=instruction,
        section=section or "Questions",
        storage=_describe_storage(variable),
        measure=variable.measure if variable.role not in ("admin", "order", "words") else "",
        source=_describe_source(variable),
        has_codes=bool(_select_labels(variable, counts, context)),
        codes=codes,
        missing=missing,
        range_text=_format_range(variable, counts, context.threshold),
        personal=variable.personal,
        notes=tuple(notes),
    )


def _describe_storage(variable: Variable) -> str:
    return TIMESTAMP_NAME if is_timestamp(variable) else STORAGE_NAMES[variable.storage]


def _describe_asked(variable: Variable, context: _Context) -> str:
    """Return who is asked or, if nobody is, how the value is determined."""
    study = context.study
    groups = context.instrument.groups
    match variable.role:
        case "sample":
            return "Comes from the sample."
        case "compute":
            description = study.computes.get(variable.item, "")
            return f"Computed: {description}." if description else "Computed from the answers."
        case "order":
            ordered = "names of the items" if variable.item in groups else "codes of the options"
            order = f"the {ordered} in the order shown, separated by spaces"
            return f"Drawn for each interview: {order}."
        case "admin":
            return "Stored for every interview."

    item = context.find_item(variable)
    asked = study.universes.get(variable.item, "")
    if item is None and variable.item in groups:
        turns = study.rosters.get(variable.item, "")
        of_turns = f", {turns}" if turns else ""
        return f"Counted: the number of turns of {variable.item}{of_turns}."
    if item is None:
        return study.universes.get(
            variable.item, "Asked in an earlier version of the questionnaire."
        )
    if isinstance(item.question, brackets.BracketResultItem) and not item.question.part:
        steps = item.question.spec.describe_steps(context.language)
        return f"Found by unfolding brackets: {steps}. {asked}".rstrip()
    if isinstance(item.question, brackets.BracketAmountItem):
        return f"Asked if the respondent names an amount in {item.bracket}."
    if isinstance(item.question, unasked_items.ComputedItem):
        condition = asked.removeprefix("Asked").removesuffix(".")
        return f"{_describe_computer_answer(item)}{condition}."
    if variable.role == "words" and variable.option is not None:
        return f"Asked with option {variable.option}."
    if item.roster is not None:
        turns = study.rosters.get(item.roster, "")
        of_turns = f" ({turns})" if turns else ""
        in_turns = f"Asked in each turn of {item.roster}{of_turns}"
        if asked:
            return f"{in_turns}, {asked.removeprefix('Asked ')}"
        return f"{in_turns}."
    if asked:
        return asked
    if item.id in context.after_end:
        return "Asked of all who reached this item."
    return "Asked of all."


def _describe_computer_answer(item: CompiledItem) -> str:
    match item.question:
        case unasked_items.SplitItem() as split:
            arms = ", ".join(f"{arm} ({share})" for arm, share in split.arms.items())
            return f"Drawn by the computer with these shares: {arms}"
        case unasked_items.DrawItem(numbers=str() as numbers):
            return f"Drawn by the computer: a number of {numbers}, by chance"
        case unasked_items.DrawItem() as draw:
            return f"Drawn by the computer: a turn of {draw.from_}, {_DRAW_METHODS[draw.by]}"
        case unasked_items.PickItem(group=group, count=count, method=method):
            how = "those picked in the fewest interviews so far"
            if method == "random":
                how = "at random"
            return f"Picked by the computer: {count} of {group}, {how}"
        case unasked_items.LookupItem():
            return "Looked up by the computer"
        case brackets.BracketResultItem():
            return f"Computed from the steps of {item.bracket}"
        case _:
            return "Answered by the computer"


def _describe_source(variable: Variable) -> str:
    turn = "" if variable.turn is None else f", turn {variable.turn}"
    item = variable.item
    if variable.option is not None:
        item = f"option {variable.option} of {variable.item}"
    match variable.role:
        case "answer" if variable.option is not None:
            return f"{item}{turn}"
        case "answer":
            return f"question {item}{turn}" if item else "data"
        case "words":
            return f"words of {item}{turn}"
        case "state":
            return f"why {variable.item} is empty{turn}"
        case "order":
            return f"order of {variable.item or variable.name.removesuffix('_order')}"
        case "sample":
            return f"sample column {variable.item}"
        case "compute":
            return f"computed: {variable.wording}" if variable.wording else "computed"
        case _:
            return "interview"


def _select_labels(
    variable: Variable, counts: Mapping[Cell, int] | None, context: _Context
) -> Mapping[Code, str]:
    """Return the labels of the codes that the codebook lists.

    These are all but for a long list, and for outcomes: only those in the data or, without data,
    outcomes that end interviews.
    """
    if len(variable.labels) > MAX_POINTS:
        return {code: label for code, label in variable.labels.items() if code in (counts or ())}
    if variable.name != "interview_outcome" or variable.role != "admin":
        return variable.labels
    if counts is not None:
        return {code: name for code, name in variable.labels.items() if code in counts}
    own = context.instrument.document.outcomes
    not_ends = {
        name for name, outcome in OUTCOMES.items() if outcome.moment not in _ENDS or name == LOST
    }
    not_ends -= own.keys()
    return {code: name for code, name in variable.labels.items() if code not in not_ends}


class _CodeLine(NamedTuple):
    code: CodebookCode
    value: str
    """The code by which a report hides the line's count; empty if it has none."""
    interviews: int


def _build_codes(
    variable: Variable, counts: Mapping[Cell, int] | None, context: _Context
) -> tuple[tuple[CodebookCode, ...], tuple[CodebookCode, ...]]:
    """Build the codes of answers, with one line for all without a label, and of missing values."""
    # Every count is taken out of the rest by the line that has it.
    rest = dict(counts or {})
    labels = _select_labels(variable, counts, context)
    answers: list[_CodeLine] = []
    for code, label in labels.items():
        missing = "missing" if code in variable.user_missing else ""
        line = CodebookCode(code=str(code), label=label, missing=missing)
        answers.append(_CodeLine(line, str(code), rest.pop(code, 0)))

    # An empty text is no answer.
    without_words = rest.pop("", 0)
    others = sum(count for cell, count in rest.items() if not isinstance(cell, Missing))
    # The range of a number, and what its digits mean, is said even if other numbers have labels.
    limits = _describe_number_limits(variable, context)
    if others or not labels or limits:
        label = f"any {_describe_storage(variable)}{limits}"
        if labels:
            label = f"any other value{limits}"
        answers.append(_CodeLine(CodebookCode(code="", label=label), "", others))

    missings = _list_missing_codes(variable, rest)
    is_of_option = variable.role == "words" and variable.option is not None
    if without_words or is_of_option:
        line = CodebookCode(code="", label="No words", missing="no words")
        missings.append(_CodeLine(line, "", without_words))

    lines = [*answers, *missings]
    codes = [line.code for line in lines]
    if counts is not None:
        hidden = _find_hidden_lines(variable, answers, missings, context)
        for i, counted in enumerate(lines):
            count = HIDDEN_MARK if i in hidden else f"{counted.interviews:,}"
            codes[i] = replace(counted.code, count_text=count)
    return tuple(codes[: len(answers)]), tuple(codes[len(answers) :])


def _list_missing_codes(variable: Variable, rest: Mapping[Cell, int]) -> list[_CodeLine]:
    """List the codes of missing values; those that can't occur only if they do."""
    # Coded texts have codes for missing values. Other texts, dates and times have empty cells.
    has_codes = bool(variable.labels) or variable.storage not in ("text", "date", "time")
    is_of_option = variable.role == "words" and variable.option is not None
    lines = []
    for kind, (number, label) in variable.declines.items():
        count = sum(
            n for cell, n in rest.items() if isinstance(cell, Missing) and cell.kind == kind
        )
        can_occur = variable.role not in ("admin", "order") and not is_of_option
        if variable.role == "sample" and kind != "not_asked":
            can_occur = False
        if count or can_occur:
            code = CodebookCode(
                code=str(number) if has_codes else "",
                label=label,
                missing=_MISSING_LABELS.get(kind, kind),
            )
            lines.append(_CodeLine(code, str(number), count))
    return lines


def _find_hidden_lines(
    variable: Variable,
    answers: Sequence[_CodeLine],
    missings: Sequence[_CodeLine],
    context: _Context,
) -> Collection[int]:
    """Return the positions of hidden lines.

    A report hides the same ones of an item or a variable.
    """
    lines = [*answers, *missings]
    if context.find_quantity_column(variable) not in (None, QuantityColumn.MAIN):
        return _find_hidden_quantity_lines(variable, lines, context)
    is_item = variable.role in ("answer", "state", "words", "compute")
    table = context.tables.get((variable.item, variable.turn)) if is_item else None
    parts_threshold = 0 if context.units == "anonymous" else context.threshold
    if table is None:
        return find_hidden_parts([line.interviews for line in lines], parts_threshold)

    # Column 0 is the total, and a codebook has no others.
    hidden = [table.lines[i] for i in table.detail_rows if table.is_hidden(i, 0)]
    has_hidden_decline = any(line.kind == "decline" for line in hidden)
    # The code of verbatim answers and of ranges of numbers is empty.
    codes = {line.code for line in hidden}

    def hides_answer(code: str) -> bool:
        if variable.option is not None:
            # With 1, 0 and a decline adding up to the base, the decline would follow from 0.
            follows = code == "0" and has_hidden_decline
            return str(variable.option) in codes or follows
        if variable.role == "state":
            return "" in codes
        return code in codes

    if table.is_base_hidden(0) or (variable.role == "words" and hides_answer("")):
        return range(len(lines))
    if variable.role == "words":
        return find_hidden_parts([line.interviews for line in lines], parts_threshold)
    flags = [hides_answer(line.value) for line in answers]
    flags += [bool(line.value) and line.value in codes for line in missings]
    return [i for i, is_hidden in enumerate(flags) if is_hidden]


def _find_hidden_quantity_lines(
    variable: Variable, lines: Sequence[_CodeLine], context: _Context
) -> Collection[int]:
    """Return all lines of a column beside the main one of a quantity, or none.

    The columns have the same declines. If a report hides one, it would follow from this column.
    """
    table = context.tables.get((variable.item, variable.turn))
    is_hidden_there = table is not None and (
        table.is_base_hidden(0) or any(table.is_hidden(row, 0) for row in table.detail_rows)
    )
    threshold = 0 if context.units == "anonymous" else context.threshold
    if is_hidden_there or find_hidden_parts([line.interviews for line in lines], threshold):
        return range(len(lines))
    return ()


def _describe_number_limits(variable: Variable, context: _Context) -> str:
    """Return the range and unit of a number: ` from 0 to 168 hours`; empty for other variables."""
    item = context.find_item(variable)
    if item is None or variable.role != "answer":
        return ""
    question = item.question
    if isinstance(question, QuantityItem):
        column = context.find_quantity_column(variable)
        return _describe_quantity_limits(column, question, context.language)
    if not isinstance(question, NumericItem):
        return ""
    limits = {key: limit.words for key, limit in item.limits.items()}
    accepted = question.describe_ranges(limits, "{:.10g}".format)
    is_keyed = variable.name.startswith(f"{item.id}{KEYED_SUFFIX}")
    if item.has_amounts and not is_keyed:
        assert item.amounts is not None
        amounts = [f"{amount:.10g}" for amount in sorted(set(item.amounts.values.values()))]
        accepted += f", or {join_words(amounts, 'or')}"
    unit = question.get_unit(context.language)
    return f" from {accepted} {unit}".rstrip()


def _describe_quantity_limits(
    column: QuantityColumn | None, question: QuantityItem, language: str
) -> str:
    """Return what a column of a quantity contains: ` per week`, `: 2.. 1 to 99 per week`."""
    match column:
        case QuantityColumn.MAIN:
            return f" {question.describe_main_unit(language)}"
        case QuantityColumn.KEYED:
            accepted = [words.format_written(language) for words in question.list_words(language)]
            forms = [write_form(unit) for unit in question.quantity.units]
            pairs = zip(forms, accepted, strict=True)
            return ": " + ", ".join([f"{form} {amounts}" for form, amounts in pairs])
        case _:
            return ""


def _format_range(variable: Variable, counts: Mapping[Cell, int] | None, threshold: int) -> str:
    """Return the range of the numbers in the data; empty if too few people are at either end."""
    is_number = variable.measure == "scale" and variable.storage in ("integer", "decimal")
    if counts is None or not is_number:
        return ""
    numbers = sorted(
        cell for cell in counts if isinstance(cell, int | float) and cell not in variable.labels
    )
    if not numbers:
        return ""

    # The largest income may be that of one person, whom its amount would name.
    smallest = numbers[0]
    largest = numbers[-1]
    if min(counts[smallest], counts[largest]) < threshold:
        return ""
    return f"{smallest:.10g} to {largest:.10g}"
