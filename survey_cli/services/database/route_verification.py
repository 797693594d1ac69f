"""Comparison of what is stored of an interview with its journal: its row, and the route.

The route follows from the journal. What can be wrong was written or damaged from outside: an event,
or the data row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, assert_never

from survey_cli.engine.codec import encode_timestamp
from survey_cli.engine.events import (
    OFFICE_EVENTS,
    InterviewEnded,
    InterviewEvent,
    InterviewMigrated,
    InterviewStarted,
)
from survey_cli.engine.interview import Interview
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.engine.route_reasons import (
    Exclusion,
    RouteReason,
    explain_absence,
    find_end,
    walk_with_answers,
)
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument, ItemGroup
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.store import ExportRow
from survey_cli.table.columns import build_blocks, build_columns, build_row, find_personal_names
from survey_cli.table.paradata import format_value
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Missing, Place, Variable, get_missing

UNASKED: Final = (NOT_ASKED, NOT_REACHED)
"""The missing values of an item without an answer."""


def find_differences(interview: Interview, line: ExportRow) -> list[str]:
    """Return the names of the columns whose values differ from those of the journal."""
    # What the office does afterwards changes neither the time nor the interviewer of the row.
    own_events = [event for event in interview.events if not isinstance(event, OFFICE_EVENTS)]
    first = interview.start.stamp
    last = own_events[-1].stamp
    compared = {
        "case_key": (line.case, interview.start.case),
        "status": (line.status, interview.status),
        "outcome": (line.outcome, interview.outcome),
        "began_at": (line.began_at, encode_timestamp(first.at)),
        "updated_at": (line.updated_at, encode_timestamp(last.at)),
        "by": (line.by, last.by),
    }
    return [name for name, (stored, derived) in compared.items() if stored != derived]


def explain_rejected_event(
    find_version: Callable[[str], Instrument], journal: Sequence[InterviewEvent]
) -> str:
    """Explain why a journal can't be replayed, by the first event that does not fit the route.

    The explanation is empty if it can be replayed.
    """
    interview: Interview | None = None
    for seq, event in enumerate(journal, 1):
        if isinstance(event, InterviewStarted) and interview is None:
            interview = Interview.begin(find_version(event.instrument), event)
            continue
        if interview is None:
            return "it has no beginning"
        if isinstance(event, InterviewMigrated):
            newer = find_version(event.instrument)
            interview = Interview.replay(newer, (*interview.events, event))
            continue

        after = interview.step(event)
        if isinstance(after, Rejection):
            return f"event {seq}: {_explain_rejection(interview, event, after)}"
        interview = after
    return ""


def _explain_rejection(interview: Interview, event: InterviewEvent, rejection: Rejection) -> str:
    """Explain why the interview rejects an event: by the route, if that is the reason."""
    place: Place | None = getattr(event, "place", None)
    open_place = interview.place
    if isinstance(event, InterviewEnded) and open_place is not None:
        return f"it ends, but {open_place} has no answer and is on the route"
    if place is None or place == open_place or interview.status != "open":
        return rejection.why

    answers = interview.machine.recorded_answers
    reason = explain_absence(interview.machine, answers, place)
    if reason is not None:
        return f"{place} has an answer but {describe_reason(interview.instrument, reason, place)}"
    if open_place is not None and place not in answers:
        return f"{place} has an answer but {open_place}, which is asked before it, has none"
    return rejection.why


def describe_reason(instrument: Instrument, reason: RouteReason, place: Place) -> str:
    """Describe why a place is off the route.

    describe_reason(…)  # "ask_if `q1 == 1` (study.yaml:7:15) is not true: q1 = 2"
    """
    personal = find_personal_names(instrument)
    described = []
    for name, value in reason.values.items():
        if name in personal:
            described.append(f"{name} is personal")
        else:
            described.append(f"{name} = {_format(value)}")
    values = ", ".join(described)
    node = reason.node
    match reason.exclusion:
        case Exclusion.EARLIER_END:
            return f"the interview ends before it, at {reason.values['end']}"
        case Exclusion.NO_TURN:
            roster = node.id if node is not None else ""
            return f"the roster {roster} has no turn {place.turn}: {values}"
        case Exclusion.NO_OPTION:
            return f"none of its options is offered: {values}"
        case Exclusion.ASK_IF:
            outcome = "not true"
        case Exclusion.UNLESS:
            outcome = "true"
        case _:
            assert_never(reason.exclusion)

    condition = reason.condition
    assert node is not None
    assert condition is not None
    key = reason.exclusion.value
    of_group = f" of {node.id}" if isinstance(node, ItemGroup) else ""
    position = _locate(node, key)
    where = f" ({position})" if position else ""
    return f"{key}{of_group} `{condition.text}`{where} is {outcome}: {values}"


def _locate(node: CompiledItem | ItemGroup, key: str) -> str:
    """Return the position of a condition in the text of its version.

    It is empty if the condition is not written at the node itself.
    """
    spec = node.question if isinstance(node, CompiledItem) else node.spec
    written = getattr(spec, "_node", None)
    value = written.get(key) if written is not None else None
    return str(value.where) if isinstance(value, YamlScalar) else ""


def _format(value: Any) -> str:
    """Return a value as the exports write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Missing):
        return value.kind
    return format_value(value)


def iterate_row_differences(
    interview: Interview, variables: Sequence[Variable], stored_cells: Sequence[Cell]
) -> Iterator[str]:
    """Yield where a data row differs from the journal, and what follows for the route."""
    instrument = interview.instrument
    own_columns = build_columns(instrument)
    own_names = {(variable.name, variable.storage) for variable in own_columns}
    personal = {variable.name for variable in own_columns if variable.personal}

    # Columns that this program would build otherwise are not compared.
    stored = {}
    for variable, cell in zip(variables, stored_cells, strict=True):
        if (variable.name, variable.storage) in own_names:
            stored[variable.name] = cell

    derived = iter(build_row(interview))
    answers = dict(interview.evaluate_route().answers)
    changed: dict[Place, str] = {}
    for block in build_blocks(instrument, instrument.language):
        in_journal = tuple(next(derived) for _ in block.variables)
        in_data = tuple(
            stored.get(variable.name, cell)
            for variable, cell in zip(block.variables, in_journal, strict=True)
        )
        if in_data == in_journal:
            continue

        is_hidden = any(variable.name in personal for variable in block.variables)
        if block.item is None or block.source != "item":
            values = ""
            if not is_hidden:
                values = f": {_join(in_data)} in the data, {_join(in_journal)} from its journal"
            yield f"{block.id} differs from its journal{values}"
            continue

        place = Place(block.id, block.turn)
        answer = _read_answer(block.item, block.variables, in_data)
        if answer is not None:
            answers[place] = answer
            if is_hidden:
                changed[place] = "has another answer in the data than in its journal"
            else:
                changed[place] = (
                    f"is {_join(in_data)} in the data, and {_join(in_journal)} in its journal"
                )
        elif place in answers:
            del answers[place]
            changed[place] = "has no answer in the data"
        else:
            changed[place] = "is marked as not asked or not reached"
    if changed:
        yield from _iterate_consequences(interview, answers, changed)


def _iterate_consequences(
    interview: Interview, answers: Mapping[Place, RecordedAnswer], changed: Mapping[Place, str]
) -> Iterator[str]:
    """Yield what is wrong with the changed places, and with others because of them."""
    instrument = interview.instrument
    before = interview.evaluate_route()
    state, excluding = walk_with_answers(interview.machine, answers)
    for place in dict.fromkeys((*changed, *answers)):
        reason = None
        if place in answers:
            reason = explain_absence(interview.machine, answers, place)
        if reason is not None:
            yield f"{place} has an answer but {describe_reason(instrument, reason, place)}"
        elif place in changed:
            is_lacking = place in state.unreached and place not in answers
            on_route = " and is on the route" if is_lacking else ""
            yield f"{place} {changed[place]}{on_route}"

    # An interview that goes on has not reached the rest of its route.
    if interview.status != "ended":
        return
    others = "with the other answers of the data"
    end = find_end(interview.machine, excluding)
    if end and Place(end) not in answers and Place(end) not in state.unreached:
        yield f"{end} is on the route {others}, and the interview ends there"

    order = {item: number for number, item in enumerate(instrument.items)}
    for place in sorted(state.unreached, key=lambda place: (order[place.item], place.turn or 0)):
        is_known = place in changed or place in answers or place in before.unreached
        if not is_known:
            yield f"{place} has no answer but is on the route {others}"


def _read_answer(
    item: CompiledItem, variables: Sequence[Variable], cells: tuple[Cell, ...]
) -> RecordedAnswer | None:
    """Return the answer in the cells of an item; None if they say that there is none."""
    question = item.question
    if cells[0] in (*UNASKED, ""):
        return None
    if any(cells == question.build_missing_cells(item, why) for why in UNASKED):
        return None
    for decline in item.declines:
        declined = get_missing(decline.id)
        if cells == question.build_declined_cells(item, declined):
            return RecordedAnswer(declined)

    options = {
        variable.option: cell
        for variable, cell in zip(variables, cells, strict=True)
        if variable.option is not None
    }
    if not options:
        return RecordedAnswer(cells[0])
    return RecordedAnswer(tuple(code for code, cell in options.items() if cell == 1))


def _join(cells: Sequence[Cell]) -> str:
    return " ".join(_format(cell) for cell in cells if cell != "")
