"""Questions of a report: the answered items in the order asked, with columns, wording, options and nets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, number_items
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem, QuestionItem
from survey_cli.instrument.schema.items.typed import DateItem, FreeTextItem, NumberItem, TimeItem
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
    (NumberItem, "number"),
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
    """Who is asked, as its conditions say; empty where all are asked."""
    points: tuple[AnswerPoint, ...] = ()
    nets: tuple[tuple[str, tuple[Code, ...]], ...] = ()
    verbatim_columns: tuple[tuple[str, str], ...] = ()
    """Columns with the verbatim answers of an option, and the option's label."""
    least: float | None = None
    """The least number that may be answered; labeled numbers outside the limits are not quantities."""
    most: float | None = None
    """The greatest number that may be answered."""
    allows_none: bool = False
    """Whether a multiple may be answered with no option."""
    is_reported: bool = True
    """False if the questionnaire says `report: false`, and for items of the interviewer."""
    inputs: frozenset[str] = frozenset()
    """Of a variable of the analysis file: the items and sample columns that it is computed from; of codes: their item."""
    code_of: Mapping[str, str] = field(default_factory=dict)
    """Of a variable that is computed from one item: its code for each code of the item."""

    def has_columns_of_its_own(self, inputs: frozenset[str]) -> bool:
        """Return whether columns of these variables are made of the question’s own answers.

        Such a table says nothing: of the men, all are men.
        """
        return (self.inputs or {self.item}) <= inputs or not inputs.isdisjoint(
            (self.item, *self.columns)
        )


def list_questions(
    instrument: Instrument,
    variables: Sequence[Variable],
    *,
    language: str = "",
    asked: Mapping[str, str] | None = None,
) -> tuple[tuple[ReportQuestion, ...], tuple[Battery, ...]]:
    """List the questions with columns among `variables` in the order of the newest questionnaire, and their batteries.

    The codes of an item's open answers, the columns of `ITEM_code`, are a question after that of the item. Questions of
    older versions follow, and then the variables of the analysis file. Personal columns are never reported.
    """
    language = language or instrument.language
    columns: dict[str, list[Variable]] = {}
    for variable in variables:
        if not variable.personal and variable.role in ("answer", "words"):
            columns.setdefault(variable.item, []).append(variable)
    numbers = number_items(instrument)
    questions: list[ReportQuestion] = []
    batteries: list[Battery] = []

    def walk(nodes: Sequence[CompiledNode], section: str, battery: ItemGroup | None) -> None:
        for node in nodes:
            if isinstance(node, CompiledItem):
                own_columns = columns.pop(node.id, [])
                if node.question.expects_answer:
                    questions.extend(
                        replace(
                            question,
                            number=numbers[node.id],
                            is_reported=_is_reported(node.question),
                        )
                        for question in _build_questions(
                            node, own_columns, language, section, battery, asked or {}
                        )
                    )
                coded = map(
                    _translate_coded, _build_old_questions(columns.pop(f"{node.id}_code", []))
                )
                own = {
                    "section": section,
                    "asked": (asked or {}).get(node.id, ""),
                    "inputs": frozenset({node.id}),
                }
                questions.extend(replace(question, **own) for question in coded)  # type: ignore[arg-type]
                continue
            spec = node.spec
            if isinstance(spec, BatteryItem):
                written = spec.title or spec.label
                title = str(written.get(language)) if written else ""
                intro = node.intro.get_source_text(language) if node.intro else ""
                batteries.append(
                    Battery(id=node.id, section=section, title=title or section, intro=intro)
                )
                walk(node.children, section, node)
                continue
            own_title = node.title.get_source_text(language) if node.title else ""
            path = ": ".join(part for part in (section, own_title) if part)
            walk(node.children, path, None)

    walk(instrument.root.children, "", None)
    for old_columns in columns.values():
        questions.extend(_build_old_questions(old_columns))
    questions.extend(_build_derived_questions(instrument, variables, asked or {}))
    return tuple(questions), tuple(batteries)


def _is_reported(question: QuestionItem) -> bool:
    """Return whether a report has the question if it isn't requested by name.

    What interviewers note about an interview is for the office, unless the questionnaire says `report: true`.
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
    kind: ItemKind = next(
        (kind for question_type, kind in _KINDS if isinstance(question, question_type)), "single"
    )
    spec = None
    if battery and isinstance(battery.spec, BatteryItem):
        spec = battery.spec.statements.get(item.id)  # type: ignore[call-overload]  # a text with its position
    battery = None if kind == "number" else battery  # the chart of a battery is of a scale
    volunteered = {option.code for option in item.options if question.read and not option.read}
    nets = tuple(
        (
            str(name),
            tuple(
                option.code for option in item.options if str(option.code) in set(map(str, codes))
            ),
        )
        for name, codes in question.nets.items()
    )
    labels = {option.code: str(option.label.get(language)) for option in item.options}
    for turn in dict.fromkeys(variable.turn for variable in variables):
        of_turn = [variable for variable in variables if variable.turn == turn]
        answers = [variable for variable in of_turn if variable.role == "answer"]
        answers = (
            [variable for variable in answers if variable.option is not None]
            if kind == "multiple"
            else answers[:1]
        )
        if not answers:
            continue
        first = answers[0]
        if kind == "multiple":
            points = _build_multiple_points(answers, labels, volunteered)
        else:
            points = _build_points(first, volunteered, sided=kind == "scale" or battery is not None)
        point_labels = {point.code: point.label for point in points}
        turn_text = "" if turn is None else f" ({turn})"
        yield ReportQuestion(
            id=first.name if kind != "multiple" else item.id + ("" if turn is None else f"_{turn}"),
            item=item.id,
            kind=kind,
            columns=tuple(variable.name for variable in answers),
            variable=first,
            label=f"{item.label.get(language)}{turn_text}",
            wording=f"{item.text.get_source_text(language)}{turn_text}",
            statement=str(spec.text.get(language)) if spec is not None else "",
            instruction=item.instruction.get_source_text(language) if item.instruction else "",
            section=section,
            battery=battery.id if battery is not None else "",
            base=str(question.base.get(language)) if question.base else "",
            asked=asked.get(item.id, ""),
            points=points,
            nets=tuple((name, codes) for name, codes in nets if codes),
            verbatim_columns=tuple(
                (variable.name, point_labels.get(variable.option, ""))
                for variable in of_turn
                if variable.role == "words" and variable.option is not None
            ),
            least=question.lowest if isinstance(question, NumberItem) else None,
            most=question.highest if isinstance(question, NumberItem) else None,
            allows_none=isinstance(question, MultipleItem) and question.min == 0,
        )


def _build_points(
    variable: Variable, volunteered: set[Code], *, sided: bool
) -> tuple[AnswerPoint, ...]:
    """Build the points of a column's labeled codes; with `sided`, the first half is left and the second right.

    A long list has none.
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
            sides[code] = (
                "left" if position < half else "middle" if odd and position == half else "right"
            )
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


def _build_multiple_points(
    variables: Sequence[Variable], labels: Mapping[Code, str], volunteered: set[Code]
) -> tuple[AnswerPoint, ...]:
    """Build the points of a multiple's columns; an old option's label is at the end of its column's: `Media: Radio`."""
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
    """Build the questions that the newest questionnaire does not ask, or stores differently, from their columns."""
    multiples: dict[int | None, list[Variable]] = {}
    for variable in variables:
        if variable.role == "answer" and variable.option is not None:
            multiples.setdefault(variable.turn, []).append(variable)
    for turn, of_turn in multiples.items():
        first = of_turn[0]
        yield ReportQuestion(
            id=first.item + ("" if turn is None else f"_{turn}"),
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
    """Return the question of an item's codes with what the program itself calls it in the language of the report."""
    item_label, mark, _ = question.label.rpartition(CODED_MARK)
    label = translate("{label} (coded)", label=item_label) if mark else question.label
    ours = (UNCODED.kind, UNCLEAR.kind)
    declines = {
        kind: (code, translate(text) if kind in ours else text)
        for kind, (code, text) in question.variable.declines.items()
    }
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
        if kind not in ("words", "time"):
            yield replace(
                _build_column_question(variable, kind),
                wording="",
                section=translate(DERIVED_SECTION),
                asked=asked.get(min(inputs[name]), "") if len(inputs[name]) == 1 else "",
                is_reported=compute.is_reported,
                inputs=inputs[name],
                code_of=_trace_codes(instrument, name, inputs),
            )


def trace_inputs(instrument: Instrument) -> dict[str, frozenset[str]]:
    """Return the items and sample columns that each compute comes from, also by way of other computes."""
    inputs: dict[str, frozenset[str]] = {}
    for name, compute in instrument.computes.items():
        read = frozenset[str]().union(
            *(condition.names for condition in compute.conditions.values())
        )
        inputs[name] = (
            read.union(*(inputs[other] for other in read if other in inputs)) - inputs.keys()
        )
    return inputs


def _trace_codes(
    instrument: Instrument, name: str, inputs: Mapping[str, frozenset[str]]
) -> dict[str, str]:
    """Return which code a variable has for each code of the only item that it is computed from."""
    item = instrument.items.get(min(inputs[name])) if len(inputs[name]) == 1 else None
    steps = [other for other, read in inputs.items() if read == inputs[name]]
    codes = {}
    for option in item.options if item is not None else ():
        known = Known({min(inputs[name]): option.code})
        for step in steps:
            condition = next(iter(instrument.computes[step].conditions.values()))
            known.values[step] = condition.evaluate(known)
        value = known.values[name]
        codes[str(option.code)] = str(int(value) if isinstance(value, bool) else value)
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
