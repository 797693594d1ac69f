"""Questions of a report: answered items in the order asked, with columns, wording, options and nets.

It reads no answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from survey_cli.instrument.compiled.item_numbers import number_items
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup
from survey_cli.instrument.schema.items.coded import MultipleItem, ScaleItem
from survey_cli.instrument.schema.items.groups import BatteryItem, SectionItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import DateItem, FreeTextItem, NumberItem, TimeItem
from survey_cli.reports.results.report_model import ItemKind, Side
from survey_cli.values import Code, Variable

UNASKED_KINDS: Final = ("not_asked", "not_reached")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPoint:
    """One answer that can be chosen."""

    code: Code
    label: str
    volunteered: bool = False
    missing: bool = False
    """Left out of means."""
    side: Side = "apart"
    column: str = ""
    """Of a multiple: its 0/1 column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuestion:
    """One item, or one turn of it."""

    id: str
    item: str
    kind: ItemKind
    columns: tuple[str, ...]
    """In which the answers stand: several for a multiple. For words, dates and times the column with the answer."""
    variable: Variable
    """The first of them."""
    label: str
    wording: str
    statement: str = ""
    """Of a battery: the statement alone."""
    instruction: str = ""
    section: str = ""
    battery: str = ""
    base: str = ""
    """Who is asked, in the designer's words: `who disagreed`."""
    asked: str = ""
    """The same from its conditions; empty where all are asked."""
    points: tuple[AnswerPoint, ...] = ()
    nets: tuple[tuple[str, tuple[Code, ...]], ...] = ()
    verbatim_columns: tuple[tuple[str, str], ...] = ()
    """Columns of words that go with an option, and its label."""
    least: float | None = None
    """Of a number: numbers with a label below it or above `most` stand for no quantity."""
    most: float | None = None
    allows_none: bool = False
    """A multiple that may be answered with nothing."""
    number: str = ""
    """Of the printed questionnaire; empty where the newest one does not ask it."""
    is_reported: bool = True
    """False where the questionnaire says `report: false`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryHead:
    """What the statements of a battery have in common."""

    id: str
    title: str
    intro: str
    section: str


def list_questions(
    instrument: Instrument, variables: Sequence[Variable], *, language: str = "", asked: Mapping[str, str] | None = None
) -> tuple[tuple[ReportQuestion, ...], tuple[BatteryHead, ...]]:
    """List the questions with columns among `variables`, in the order of the newest questionnaire.

    Questions of older versions follow. Personal columns are never reported.
    """
    language = language or instrument.language
    columns: dict[str, list[Variable]] = {}
    for v in variables:
        if not v.personal and v.role in ("answer", "words"):
            columns.setdefault(v.item, []).append(v)
    numbers = number_items(instrument)
    found: list[ReportQuestion] = []
    heads: list[BatteryHead] = []

    def walk(nodes: Sequence[CompiledNode], section: str, battery: ItemGroup | None) -> None:
        for node in nodes:
            if isinstance(node, CompiledItem):
                if node.question.expects_answer:
                    found.extend(
                        replace(question, number=numbers[node.id], is_reported=node.question.report)
                        for question in _build_questions(
                            node, columns.pop(node.id, []), language, section, battery, asked or {}
                        )
                    )
                else:
                    columns.pop(node.id, None)
                continue
            written = node.spec
            if isinstance(written, BatteryItem):
                title = written.title or written.label
                heads.append(
                    BatteryHead(
                        id=node.id,
                        title=str(title.get(language)) if title else "",
                        intro=node.intro.get_source_text(language) if node.intro else "",
                        section=section,
                    )
                )
                walk(node.children, section, node)
                continue
            own = node.title.get_source_text(language) if node.title else ""
            titled = own if own and (not section or isinstance(written, SectionItem)) else section
            walk(node.children, f"{section}: {own}" if section and own else titled, None)

    walk(instrument.root.children, "", None)
    for left in columns.values():
        found.extend(_build_old_questions(left))
    return tuple(found), tuple(heads)


def _build_questions(
    leaf: CompiledItem,
    variables: Sequence[Variable],
    language: str,
    section: str,
    battery: ItemGroup | None,
    asked: Mapping[str, str],
) -> Iterator[ReportQuestion]:
    question = leaf.question
    instruction = leaf.instruction.get_source_text(language) if leaf.instruction else ""
    kind = _classify_item(leaf)
    statement = ""
    if battery is not None and isinstance(battery.spec, BatteryItem):
        written = battery.spec.statements.get(leaf.id)  # type: ignore[call-overload]
        statement = str(written.text.get(language)) if written is not None else ""
    volunteered = {o.code for o in leaf.options if question.read and not o.read}
    nets = tuple(
        (str(name), tuple(o.code for o in leaf.options if str(o.code) in {str(c) for c in codes}))
        for name, codes in question.nets.items()
    )
    for turn in dict.fromkeys(v.turn for v in variables):
        here = [v for v in variables if v.turn == turn]
        answers = [v for v in here if v.role == "answer"]
        if not answers:
            continue
        first = answers[0]
        points: tuple[AnswerPoint, ...]
        if kind == "multiple":
            answers = [v for v in answers if v.option is not None]
            first = answers[0]
            known = {o.code: str(o.label.get(language)) for o in leaf.options}
            points = tuple(
                AnswerPoint(
                    code=v.option,
                    label=known.get(v.option) or _get_option_label(v.label),
                    volunteered=v.option in volunteered,
                    column=v.name,
                )
                for v in answers
                if v.option is not None
            )
        else:
            points = _build_points(first, volunteered, sided=kind == "scale" or battery is not None)
        turned = "" if turn is None else f" ({turn})"
        yield ReportQuestion(
            id=first.name if kind != "multiple" else leaf.id + ("" if turn is None else f"_{turn}"),
            item=leaf.id,
            kind=kind,
            columns=tuple(v.name for v in answers) if kind == "multiple" else (first.name,),
            variable=first,
            label=f"{leaf.label.get(language)}{turned}",
            wording=f"{leaf.text.get_source_text(language)}{turned}",
            statement=statement,
            instruction=instruction,
            section=section,
            battery=battery.id if battery is not None else "",
            base=str(question.base.get(language)) if question.base else "",
            asked=asked.get(leaf.id, ""),
            points=points,
            nets=tuple((name, codes) for name, codes in nets if codes),
            verbatim_columns=tuple(
                (v.name, next((p.label for p in points if p.code == v.option), ""))
                for v in here
                if v.role == "words" and v.option is not None
            ),
            least=question.min if isinstance(question, NumberItem) else None,
            most=question.max if isinstance(question, NumberItem) else None,
            allows_none=isinstance(question, MultipleItem) and question.min == 0,
        )


def _classify_item(leaf: CompiledItem) -> ItemKind:
    match leaf.question:
        case MultipleItem():
            return "multiple"
        case ScaleItem():
            return "scale"
        case NumberItem():
            return "number"
        case FreeTextItem():
            return "words"
        case DateItem():
            return "date"
        case TimeItem():
            return "time"
        case _:
            return "single"


def _build_points(variable: Variable, volunteered: set[Code], *, sided: bool) -> tuple[AnswerPoint, ...]:
    """The labeled codes of a column; of a scale the first half stands left, the second right."""
    substance = [c for c in variable.labels if c not in volunteered and c not in variable.user_missing]
    half = len(substance) / 2
    sides: dict[Code, Side] = {}
    for place, code in enumerate(substance if sided else ()):
        middle = len(substance) % 2 and place == len(substance) // 2
        sides[code] = "middle" if middle else "left" if place < half else "right"
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


def _get_option_label(label: str) -> str:
    """The option's words in the label of a column of a multiple: `Media: Radio`."""
    return label.rpartition(": ")[2]


def _build_old_questions(variables: Sequence[Variable]) -> Iterator[ReportQuestion]:
    """What the newest questionnaire does not ask any more, or keeps otherwise, as its columns tell."""
    several = [v for v in variables if v.option is not None and v.role == "answer"]
    for turn in dict.fromkeys(v.turn for v in several):
        here = [v for v in several if v.turn == turn]
        first = here[0]
        yield ReportQuestion(
            id=first.item + ("" if turn is None else f"_{turn}"),
            item=first.item,
            kind="multiple",
            columns=tuple(v.name for v in here),
            variable=first,
            label=first.label.rpartition(": ")[0] or first.item,
            wording=first.wording,
            points=tuple(
                AnswerPoint(code=v.option, label=_get_option_label(v.label), column=v.name)
                for v in here
                if v.option is not None
            ),
        )
    for v in variables:
        if v.role != "answer" or v.option is not None:
            continue
        yield ReportQuestion(
            id=v.name,
            item=v.item,
            kind=_classify_variable(v),
            columns=(v.name,),
            variable=v,
            label=v.label,
            wording=v.wording,
            points=_build_points(v, set(), sided=v.measure == "ordinal"),
        )


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
