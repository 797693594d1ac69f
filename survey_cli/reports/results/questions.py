"""Questions of a report: items in the order asked, with columns, wording and options."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from survey_cli.instrument.amounts import AmountReading
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, number_items
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.number_ranges import NumberRanges
from survey_cli.instrument.schema.items.amount_columns import KEYED_SUFFIX
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem, ScaleItem
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import CompiledItem, QuestionItem
from survey_cli.instrument.schema.items.typed import (
    DateItem,
    DurationItem,
    FreeTextItem,
    NumericItem,
    TimeItem,
)
from survey_cli.instrument.source.nodes import find_named
from survey_cli.reports.results.report_model import Battery, ItemKind, ReportItem, Side
from survey_cli.reports.texts import translate
from survey_cli.values import CODED_MARK, UNCLEAR, UNCODED, Cell, Code, Missing, Variable

DERIVED_SECTION: Final = "Derived variables"
"""The section of the variables of the analysis file."""
MAX_POINTS: Final = 100
"""A list with more codes is shown by those that were answered."""
UNASKED_KINDS: Final = ("not_asked", "not_reached")
_KINDS: Final[Sequence[tuple[type[object], ItemKind]]] = (
    (MultipleItem, "multiple"),
    (ScaleItem, "scale"),
    (NumericItem, "number"),
    (QuantityItem, "number"),
    (FreeTextItem, "words"),
    (DateItem, "date"),
    (TimeItem, "time"),
)


def get_missing_kind(cell: Cell) -> str:
    """Return why a cell is missing: `dk`, `not_asked`, …; empty for an answer."""
    return cell.kind if isinstance(cell, Missing) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPoint:
    """One answer that can be chosen."""

    code: Code
    label: str
    volunteered: bool = False
    missing: bool = False
    """Whether means exclude the answer."""
    side: Side = "apart"


class LimitColumns(NamedTuple):
    """The columns with the limits between which the amount of a bracket is."""

    low: str
    high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuestion(ReportItem):
    """One item, or one turn of it, with its columns and answers."""

    item: str
    columns: tuple[str, ...]
    """Columns of the answers: one per option of a multiple, else one."""
    variable: Variable
    """The variable of the first column."""
    base: str = ""
    """Who is asked, in the designer's words: `who disagreed`."""
    asked: str = ""
    """Who is asked, as its conditions say; empty if all are asked."""
    points: tuple[AnswerPoint, ...] = ()
    nets: tuple[tuple[str, tuple[Code, ...]], ...] = ()
    verbatim_columns: tuple[tuple[str, str], ...] = ()
    """Columns with the verbatim answers of an option, and the option's label."""
    ranges: NumberRanges = ()
    """The numbers that may be answered; labeled numbers outside of them are not quantities."""
    is_bracket: bool = False
    """Whether its answers are the intervals of a bracket."""
    limit_columns: LimitColumns | None = None
    """The columns with the limits of a bracket's answers; None if the data have none."""
    allows_none: bool = False
    """Whether a multiple may be answered with no option."""
    is_reported: bool = True
    """False if the questionnaire says `report: false`, and for items of the interviewer."""
    amounts: AmountReading | None = None
    """How amounts are read from the answers; None if they are amounts themselves."""
    has_amounts: bool = False
    """Whether some answers count as other numbers: see `CompiledItem.has_amounts`."""
    inputs: frozenset[str] = frozenset()
    """What a variable of the analysis file is computed from, or the item of codes."""
    code_of: Mapping[str, str] = field(default_factory=dict)
    """The code for each code of the item, if a variable is computed from one item."""

    def has_columns_of_its_own(self, inputs: frozenset[str]) -> bool:
        """Return whether columns of these variables are made of the question’s own answers.

        Such a table says nothing: of the men, all are men.
        """
        own_inputs = self.inputs or {self.item}
        are_of_own_columns = not inputs.isdisjoint((self.item, *self.columns))
        return own_inputs <= inputs or are_of_own_columns


def list_questions(
    instrument: Instrument,
    variables: Sequence[Variable],
    *,
    language: str = "",
    asked: Mapping[str, str] | None = None,
) -> tuple[tuple[ReportQuestion, ...], tuple[Battery, ...]]:
    """List the questions with columns among `variables`, and their batteries.

    They are in the order of the newest questionnaire. The codes of an item's open answers, the
    columns of `ITEM_code`, are a question after that of the item. Questions of older versions
    follow, and then the variables of the analysis file. Personal columns are never reported.
    """
    columns: dict[str, list[Variable]] = {}
    for variable in variables:
        if not variable.personal and variable.role in ("answer", "words"):
            columns.setdefault(variable.item, []).append(variable)
    walk = _QuestionWalk(
        columns=columns,
        numbers=number_items(instrument),
        language=language or instrument.language,
        asked=asked or {},
    )
    walk.visit(instrument.root.children, "", None)

    questions = walk.questions
    for old_columns in walk.columns.values():
        questions.extend(_build_old_questions(old_columns))
    questions.extend(_build_derived_questions(instrument, variables, walk.asked))
    return tuple(questions), tuple(walk.batteries)


@dataclass(slots=True, kw_only=True)
class _QuestionWalk:
    """A walk through the newest questionnaire, which collects its questions and batteries."""

    columns: dict[str, list[Variable]]
    """The columns of each item that was not visited yet."""
    numbers: Mapping[str, str]
    language: str
    asked: Mapping[str, str]
    questions: list[ReportQuestion] = field(default_factory=list)
    batteries: list[Battery] = field(default_factory=list)

    def visit(self, nodes: Sequence[CompiledNode], section: str, battery: ItemGroup | None) -> None:
        for node in nodes:
            if isinstance(node, CompiledItem):
                self._add_item(node, section, battery)
            elif isinstance(node.spec, BatteryItem):
                self._add_battery(node, node.spec, section)
                self.visit(node.children, section, node)
            else:
                own_title = ""
                if node.own_title is not None:
                    own_title = node.own_title.get_source_text(self.language)
                path = ": ".join(part for part in (section, own_title) if part)
                self.visit(node.children, path, None)

    def _add_item(self, item: CompiledItem, section: str, battery: ItemGroup | None) -> None:
        columns = self.columns.pop(item.id, [])
        is_interval = isinstance(item.question, BracketResultItem) and not item.question.part
        if item.question.expects_answer or is_interval:
            number = self.numbers[item.id]
            is_reported = _is_reported(item.question)
            for question in _build_questions(
                item, columns, self.language, section, battery, self.asked
            ):
                limit_columns = self._find_limit_columns(item, question.variable.turn)
                self.questions.append(
                    replace(
                        question,
                        number=number,
                        is_reported=is_reported,
                        limit_columns=limit_columns,
                    )
                )

        for question in _build_old_questions(self.columns.pop(f"{item.id}_code", [])):
            coded = replace(
                _translate_coded(question),
                section=section,
                asked=self.asked.get(item.id, ""),
                inputs=frozenset({item.id}),
            )
            self.questions.append(coded)

    def _find_limit_columns(self, item: CompiledItem, turn: int | None) -> LimitColumns | None:
        """Find the columns with the limits of a bracket; None if the item is no bracket.

        The walk comes to them after the intervals, so that their columns are still there.
        """
        if not isinstance(item.question, BracketResultItem):
            return None
        names = item.question.spec.limit_names
        low = self._find_column(names.low, turn)
        high = self._find_column(names.high, turn)
        if low is None or high is None:
            return None
        return LimitColumns(low, high)

    def _find_column(self, item: str, turn: int | None) -> str | None:
        """Find the column of an item in a turn; None if the data have none."""
        for variable in self.columns.get(item, []):
            if variable.turn == turn:
                return variable.name
        return None

    def _add_battery(self, group: ItemGroup, spec: BatteryItem, section: str) -> None:
        written = spec.title or spec.label
        title = str(written.get(self.language)) if written else ""
        intro = group.intro.get_source_text(self.language) if group.intro else ""
        battery = Battery(id=group.id, section=section, title=title or section, intro=intro)
        self.batteries.append(battery)


def _is_reported(question: QuestionItem) -> bool:
    """Return whether a report has the question if it isn't requested by name.

    What interviewers note about an interview is for the office, unless the questionnaire says
    `report: true`.
    """
    is_declared = "report" in question.model_fields_set
    if question.by == "interviewer" and not is_declared:
        return False
    return question.report


def _build_questions(
    item: CompiledItem,
    variables: Sequence[Variable],
    language: str,
    section: str,
    battery: ItemGroup | None,
    asked: Mapping[str, str],
) -> Iterator[ReportQuestion]:
    """Build one question per turn of an item."""
    question = item.question
    kind = _classify_question(question)
    spec = None
    if battery and isinstance(battery.spec, BatteryItem):
        spec = find_named(battery.spec.statements, item.id)
    # The chart of a battery is of a scale.
    if kind == "number":
        battery = None
    volunteered = {option.code for option in item.options if question.read and not option.read}
    labels = {option.code: str(option.label.get(language)) for option in item.options}

    for turn in dict.fromkeys(variable.turn for variable in variables):
        of_turn = [variable for variable in variables if variable.turn == turn]
        answers = [variable for variable in of_turn if variable.role == "answer"]
        if kind == "multiple":
            answers = [variable for variable in answers if variable.option is not None]
        amount_points = _build_amount_points(item, answers)
        if kind != "multiple":
            answers = _select_column(item, answers)
        if not answers:
            continue

        first = answers[0]
        if kind == "multiple":
            name = _name_multiple(item.id, turn)
            points = _build_multiple_points(answers, labels, volunteered)
        else:
            name = first.name
            if is_read_as_keyed(item):
                name = name.replace(KEYED_SUFFIX, "", 1)
            points = _build_points(first, volunteered, sided=kind == "scale" or battery is not None)
            points = (*amount_points, *points)
        point_labels = {point.code: point.label for point in points}
        turn_text = "" if turn is None else f" ({turn})"
        yield ReportQuestion(
            id=name,
            item=item.id,
            kind=kind,
            columns=tuple(variable.name for variable in answers),
            variable=first,
            label=f"{_add_unit(item, str(item.label.get(language)), language)}{turn_text}",
            wording=f"{_add_unit(item, item.text.get_source_text(language), language)}{turn_text}",
            statement=str(spec.text.get(language)) if spec is not None else "",
            instruction=item.instruction.get_source_text(language) if item.instruction else "",
            section=section,
            battery=battery.id if battery is not None else "",
            base=str(question.base.get(language)) if question.base else "",
            asked=asked.get(item.id, ""),
            points=points,
            nets=tuple(_iterate_nets(item)),
            verbatim_columns=tuple(
                (variable.name, point_labels.get(variable.option, ""))
                for variable in of_turn
                if variable.role == "words" and variable.option is not None
            ),
            ranges=question.ranges if isinstance(question, NumericItem) else (),
            is_bracket=isinstance(question, BracketResultItem),
            allows_none=isinstance(question, MultipleItem) and question.min == 0,
            amounts=item.amounts,
            has_amounts=item.has_amounts,
        )


def is_read_as_keyed(item: CompiledItem) -> bool:
    """Return whether the table of an item has a line for each option, and a mean of amounts."""
    return item.has_amounts and isinstance(item.question, CodedItem)


def _select_column(item: CompiledItem, answers: Sequence[Variable]) -> list[Variable]:
    """Select the column from which the table of a question with one answer is made."""
    if not is_read_as_keyed(item):
        return list(answers[:1])
    return list(answers[1:2])


def _add_unit(item: CompiledItem, text: str, language: str) -> str:
    """Add to a text of a question the unit of its mean if the text needn't say it."""
    if isinstance(item.question, QuantityItem):
        return item.question.label_main_unit(text, language)
    if isinstance(item.question, DurationItem):
        return f"{text} ({item.question.get_unit(language)})"
    return text


def _classify_question(question: QuestionItem) -> ItemKind:
    for question_type, kind in _KINDS:
        if isinstance(question, question_type):
            return kind
    return "single"


def _name_multiple(item: str, turn: int | None) -> str:
    """Return the name of a multiple, which has no column of its own."""
    return item if turn is None else f"{item}_{turn}"


def _iterate_nets(item: CompiledItem) -> Iterator[tuple[str, tuple[Code, ...]]]:
    """Yield the nets with their codes, in the order of the options; none without codes."""
    for name, written in item.question.nets.items():
        texts = set(map(str, written))
        codes = tuple(option.code for option in item.options if str(option.code) in texts)
        if codes:
            yield str(name), codes


def _build_points(
    variable: Variable, volunteered: set[Code], *, sided: bool
) -> tuple[AnswerPoint, ...]:
    """Build the points of a column's labeled codes. A long list has none.

    With `sided`, the first half of the points is left and the second right.
    """
    if len(variable.labels) > MAX_POINTS:
        return ()
    sides: dict[Code, Side] = {}
    if sided:
        codes = [
            code
            for code in variable.labels
            if code not in volunteered and code not in variable.user_missing
        ]
        half, odd = divmod(len(codes), 2)
        for position, code in enumerate(codes):
            if position < half:
                sides[code] = "left"
            elif odd and position == half:
                sides[code] = "middle"
            else:
                sides[code] = "right"
    return tuple(
        AnswerPoint(
            code=code,
            label=label,
            volunteered=code in volunteered,
            missing=code in variable.user_missing,
            side=sides.get(code, "apart"),
        )
        for code, label in variable.labels.items()
    )


def _build_amount_points(
    item: CompiledItem, variables: Sequence[Variable]
) -> tuple[AnswerPoint, ...]:
    """Build the points of amounts that an option of a number names: 0 for "None", keyed as 88.

    The column of amounts has the amount, and the one beside it the code and its label.
    """
    amounts = item.amounts
    if amounts is None or isinstance(item.question, CodedItem):
        return ()

    labels: Mapping[Code, str] = {}
    for variable in variables:
        if variable.name.endswith(KEYED_SUFFIX):
            labels = variable.labels
    points = {}
    for code, amount in amounts.values.items():
        if code in labels and isinstance(amount, int):
            points[amount] = AnswerPoint(code=amount, label=labels[code])
    return tuple(points.values())


def _build_multiple_points(
    variables: Sequence[Variable], labels: Mapping[Code, str], volunteered: set[Code]
) -> tuple[AnswerPoint, ...]:
    """Build the points of a multiple's columns.

    The label of an old option is at the end of its column's: `Media: Radio`.
    """
    return tuple(
        AnswerPoint(
            code=variable.option,
            label=labels.get(variable.option) or variable.label.rpartition(": ")[2],
            volunteered=variable.option in volunteered,
        )
        for variable in variables
        if variable.option is not None
    )


def _build_old_questions(variables: Sequence[Variable]) -> Iterator[ReportQuestion]:
    """Build questions that the newest questionnaire doesn't ask, or stores differently."""
    multiples: dict[int | None, list[Variable]] = {}
    for variable in variables:
        if variable.role == "answer" and variable.option is not None:
            multiples.setdefault(variable.turn, []).append(variable)
    for turn, of_turn in multiples.items():
        first = of_turn[0]
        yield ReportQuestion(
            id=_name_multiple(first.item, turn),
            item=first.item,
            kind="multiple",
            columns=tuple(variable.name for variable in of_turn),
            variable=first,
            label=first.label.rpartition(": ")[0] or first.item,
            wording=first.wording,
            points=_build_multiple_points(of_turn, {}, set()),
        )
    for variable in variables:
        if variable.role == "answer" and variable.option is None:
            yield _build_column_question(variable, _classify_variable(variable))


def _build_column_question(variable: Variable, kind: ItemKind) -> ReportQuestion:
    """Build a question from its only column."""
    return ReportQuestion(
        id=variable.name,
        item=variable.item,
        kind=kind,
        columns=(variable.name,),
        variable=variable,
        label=variable.label,
        wording=variable.wording,
        points=_build_points(variable, set(), sided=kind == "scale"),
    )


def _translate_coded(question: ReportQuestion) -> ReportQuestion:
    """Return the question of codes with the program's own words in the report's language."""
    label = question.label
    item_label, mark, _ = question.label.rpartition(CODED_MARK)
    if mark:
        label = translate("{label} (coded)", label=item_label)
    declines = dict(question.variable.declines)
    for kind in (UNCODED.kind, UNCLEAR.kind):
        if kind in declines:
            code, text = declines[kind]
            declines[kind] = (code, translate(text))
    return replace(question, label=label, variable=replace(question.variable, declines=declines))


def _build_derived_questions(
    instrument: Instrument, variables: Sequence[Variable], asked: Mapping[str, str]
) -> Iterator[ReportQuestion]:
    """Build the questions of the variables of the analysis file, in written order."""
    by_name = {variable.name: variable for variable in variables if variable.role == "compute"}
    inputs = trace_inputs(instrument)
    for name, compute in instrument.computes.items():
        variable = by_name.get(name)
        if compute.is_reported is None or variable is None or variable.personal:
            continue
        kind: ItemKind = "single" if variable.labels else _classify_variable(variable)
        base = ""
        if len(inputs[name]) == 1:
            (source,) = inputs[name]
            base = asked.get(source, "")
        if kind not in ("words", "time"):
            yield replace(
                _build_column_question(variable, kind),
                wording="",
                section=translate(DERIVED_SECTION),
                asked=base,
                is_reported=compute.is_reported,
                inputs=inputs[name],
                code_of=_trace_codes(instrument, name, inputs),
            )


def trace_inputs(instrument: Instrument) -> dict[str, frozenset[str]]:
    """Return the items and sample columns that computes come from, directly or not."""
    inputs: dict[str, frozenset[str]] = {}
    for name, compute in instrument.computes.items():
        read = frozenset[str]().union(
            *(condition.names for condition in compute.conditions.values())
        )
        of_others = [inputs[other] for other in read if other in inputs]
        inputs[name] = read.union(*of_others) - inputs.keys()
    return inputs


def _trace_codes(
    instrument: Instrument, name: str, inputs: Mapping[str, frozenset[str]]
) -> dict[str, str]:
    """Return which code a variable has for each code of the only item that it is computed from."""
    if len(inputs[name]) != 1:
        return {}
    (source,) = inputs[name]
    item = instrument.items.get(source)
    if item is None:
        return {}

    # The variable may be computed from others, which come from the same item.
    steps = [other for other, read in inputs.items() if read == inputs[name]]
    codes = {}
    for option in item.options:
        known = Known({source: option.code})
        for step in steps:
            condition = next(iter(instrument.computes[step].conditions.values()))
            known.values[step] = condition.evaluate(known)
        value = known.values[name]
        if isinstance(value, bool):
            value = int(value)
        codes[str(option.code)] = str(value)
    return codes


def _classify_variable(variable: Variable) -> ItemKind:
    match variable.storage:
        case "date":
            return "date"
        case "time":
            return "time"
        case "text" if not variable.labels:
            return "words"
        case _ if variable.measure == "scale":
            return "number"
        case _:
            return "scale" if variable.measure == "ordinal" else "single"
