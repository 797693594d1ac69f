"""The cells of items and sample columns: of their type, restricted to what can be answered."""

from collections.abc import Iterable
from typing import assert_never

from survey_cli.instrument.compiled.model import Instrument, list_column_options
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.instrument.schema.items.possible_answers import (
    Amount,
    AnyText,
    Day,
    OneCode,
    RespondentAnswers,
    SeveralCodes,
    TimeOfDay,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.proof.calendar_cells import DAYS, MINUTES, CalendarCell
from survey_cli.proof.cells import Cell, CodedCell, MultipleCell, OrderedCell, TextCell
from survey_cli.proof.clauses import TRUE, Clauses, Literal


def make_column_cell(clauses: Clauses, column: SampleColumn, instrument: Instrument) -> Cell:
    """Make the cell of a sample column, which may be empty."""
    if column.arms:
        arms = CodedCell(clauses, TRUE, (), map(str, column.arms))
        arms.require_answer()
        return arms
    if column.options is not None:
        return CodedCell(clauses, TRUE, (), list_column_options(instrument, column))
    match column.type:
        case "number":
            return OrderedCell(clauses, TRUE, (), whole=False)
        case "date" | "time":
            return CalendarCell(clauses, TRUE, ())
        case _:
            return TextCell(clauses, TRUE, ())


def make_item_cell(
    clauses: Clauses, item: CompiledItem, answers: RespondentAnswers, asked: Literal
) -> Cell:
    """Make the cell of an item that a respondent answers."""
    declines = [decline.id for decline in item.declines]
    match answers:
        case OneCode(codes=codes):
            return CodedCell(clauses, asked, declines, codes)
        case SeveralCodes(codes=codes):
            several = MultipleCell(clauses, asked, declines, codes)
            _limit_choices(several, answers)
            return several
        case Amount():
            number = OrderedCell(clauses, asked, declines, whole=not answers.decimals)
            number.restrict(_list_ranges(answers, item.kept_codes))
            return number
        case Day(is_partial=is_partial):
            day = CalendarCell(clauses, asked, declines, partial=is_partial)
            day.restrict([DAYS])
            return day
        case TimeOfDay():
            time_of_day = CalendarCell(clauses, asked, declines)
            time_of_day.restrict([MINUTES])
            return time_of_day
        case AnyText():
            return TextCell(clauses, asked, declines)
        case _:
            assert_never(answers)


def _limit_choices(cell: MultipleCell, answers: SeveralCodes) -> None:
    """Require as many choices as the item does, and an exclusive one without any other."""
    clauses = cell.clauses
    chosen = list(cell.chosen.values())
    exclusive = [cell.chosen[code] for code in answers.codes if code in answers.exclusive]

    for literal in exclusive:
        for other in chosen:
            if other != literal:
                clauses.require(-literal, -other)

    if answers.least == 1:
        clauses.imply(cell.answered, *chosen)
    elif answers.least > 1:
        enough = clauses.at_least(answers.least, chosen)
        # None of these is enough, however many are required
        clauses.imply(cell.answered, *exclusive, enough)
    if answers.most is not None and answers.most < len(chosen):
        clauses.require(-clauses.at_least(answers.most + 1, chosen))


def _list_ranges(answers: Amount, kept_codes: Iterable[float]) -> list[tuple[float, float]]:
    """List the ranges of the numbers that can be answered, whatever was answered before."""
    ranges: list[tuple[float, float]] = []
    for low, high in answers.ranges:
        if answers.decimals:
            ranges.append((low, high))
        else:
            ranges += _cut_out(low, high, kept_codes)
    return [*ranges, *((number, number) for number in answers.special)]


def _cut_out(low: float, high: float, codes: Iterable[float]) -> list[tuple[float, float]]:
    """List the ranges of whole numbers from `low` to `high` without these codes."""
    ranges = []
    for code in sorted(codes):
        if not low <= code <= high:
            continue
        if low < code:
            ranges.append((low, code - 1))
        low = code + 1
    return [*ranges, (low, high)]
