"""Comparison of what is stored of an interview with its journal: its row, and answers off or missing on the route.

The route follows from the journal. What can be wrong was written or damaged from outside: an event, or the data row.
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


def find_differences(interview: Interview, line: ExportRow) -> list[str]:
    """Return the names of the exported row's columns whose values differ from those of the journal."""
    last = next(
        event for event in reversed(interview.events) if not isinstance(event, OFFICE_EVENTS)
    ).stamp
    compared = {
        "case_key": (line.case, interview.start.case),
        "status": (line.status, interview.status),
        "outcome": (line.outcome, interview.outcome),
        "began_at": (line.began_at, encode_timestamp(interview.start.stamp.at)),
        "updated_at": (line.updated_at, encode_timestamp(last.at)),
        "by": (line.by, last.by),
    }
    return [name for name, (stored, derived_value) in compared.items() if stored != derived_value]


def explain_rejected_event(
    find_version: Callable[[str], Instrument], journal: Sequence[InterviewEvent]
) -> str:
    """Explain why a journal cannot be replayed: the first event that does not fit the route; empty where it can be."""
    interview: Interview | None = None
    for seq, event in enumerate(journal, 1):
        if isinstance(event, InterviewStarted) and interview is None:
            interview = Interview.begin(find_version(event.instrument), event)
            continue
        if interview is None:
            return "it has no beginning"
        if isinstance(event, InterviewMigrated):
            interview = Interview.replay(find_version(event.instrument), (*interview.events, event))
            continue
        after = interview.step(event)
        if isinstance(after, Rejection):
            return f"event {seq}: {_explain_rejection(interview, event, after)}"
        interview = after
    return ""


def _explain_rejection(interview: Interview, event: InterviewEvent, rejection: Rejection) -> str:
    place: Place | None = getattr(event, "place", None)
    open_place = interview.place
    if isinstance(event, InterviewEnded) and open_place is not None:
        return f"it ends, but {open_place} has no answer and is on the route"
    if place is None or place == open_place or interview.status != "open":
        return rejection.why
    answers = interview.machine.recorded_answers
    if (reason := explain_absence(interview.machine, answers, place)) is not None:
        return f"{place} has an answer but {describe_reason(interview.instrument, reason, place)}"
    if open_place is not None and place not in answers:
        return f"{place} has an answer but {open_place}, which is asked before it, has none"
    return rejection.why


def describe_reason(instrument: Instrument, reason: RouteReason, place: Place) -> str:
    """Describe why a place is off the route: `ask_if (study.yaml:7:15) `q1 == 1` is false: q1 = 2`."""
    personal = find_personal_names(instrument)
    values = ", ".join(
        f"{name} is personal" if name in personal else f"{name} = {_format(value)}"
        for name, value in reason.values.items()
    )
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
    """Return the position of a condition in the text of its version; empty where it is not written at the node."""
    spec = node.question if isinstance(node, CompiledItem) else node.spec
    written = getattr(spec, "_node", None)
    value = written.get(key) if written is not None else None
    return str(value.where) if isinstance(value, YamlScalar) else ""


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.kind if isinstance(value, Missing) else format_value(value)


def iterate_row_differences(
    interview: Interview, variables: Sequence[Variable], stored_cells: Sequence[Cell]
) -> Iterator[str]:
    """Yield each place at which a data row is not what the journal gives, and what follows from that for the route."""
    instrument = interview.instrument
    own_columns = {(v.name, v.storage): v.personal for v in build_columns(instrument)}
    personal = {name for (name, _), is_personal in own_columns.items() if is_personal}
    columns = zip(variables, stored_cells, strict=True)
    stored = {v.name: cell for v, cell in columns if (v.name, v.storage) in own_columns}
    derived = iter(build_row(interview))
    route = interview.evaluate_route()
    answers, changed = dict(route.answers), dict[Place, str]()
    for block in build_blocks(instrument, instrument.language):
        cells = tuple(next(derived) for _ in block.variables)
        there = tuple(
            stored.get(v.name, cell) for v, cell in zip(block.variables, cells, strict=True)
        )
        if there == cells:
            continue
        hidden = any(v.name in personal for v in block.variables)
        if block.item is None or block.source != "item":
            values = (
                "" if hidden else f": {_join(there)} in the data, {_join(cells)} from its journal"
            )
            yield f"{block.id} differs from its journal{values}"
            continue
        place = Place(block.id, block.turn)
        answer = _read_answer(block.item, block.variables, there)
        if answer is None:
            has_answer = answers.pop(place, None) is not None
            changed[place] = (
                "has no answer in the data"
                if has_answer
                else "is marked as not asked or not reached"
            )
        else:
            changed[place] = f"is {_join(there)} in the data, and {_join(cells)} in its journal"
            if hidden:
                changed[place] = "has another answer in the data than in its journal"
            answers[place] = answer
    if changed:
        yield from _iterate_consequences(interview, answers, changed)


def _iterate_consequences(
    interview: Interview, answers: Mapping[Place, RecordedAnswer], changed: Mapping[Place, str]
) -> Iterator[str]:
    """Yield what is wrong with the changed places, and which others are off or on the route because of them."""
    instrument, before = interview.instrument, interview.evaluate_route()
    state, excluding = walk_with_answers(interview.machine, answers)
    for place in dict.fromkeys((*changed, *answers)):
        reason = explain_absence(interview.machine, answers, place) if place in answers else None
        if reason is not None:
            yield f"{place} has an answer but {describe_reason(instrument, reason, place)}"
        elif place in changed:
            on_route = (
                " and is on the route" if place in state.unreached and place not in answers else ""
            )
            yield f"{place} {changed[place]}{on_route}"
    if interview.status == "ended":
        end = find_end(interview.machine, excluding)
        if end and Place(end) not in answers and Place(end) not in state.unreached:
            yield f"{end} is on the route with the other answers of the data, and the interview ends there"
        order = list(instrument.items)
        for place in sorted(
            state.unreached, key=lambda place: (order.index(place.item), place.turn or 0)
        ):
            if not (place in changed or place in answers or place in before.unreached):
                yield f"{place} has no answer but is on the route with the other answers of the data"


def _read_answer(
    item: CompiledItem, variables: Sequence[Variable], cells: tuple[Cell, ...]
) -> RecordedAnswer | None:
    """Return the answer that the cells of an item hold; None where they say that it was not asked or not reached."""
    question = item.question
    if any(cells == question.build_missing_cells(item, why) for why in UNASKED) or cells[0] in (
        *UNASKED,
        "",
    ):
        return None
    for decline in item.declines:
        if cells == question.build_declined_cells(item, get_missing(decline.id)):
            return RecordedAnswer(get_missing(decline.id))
    options = [
        (v.option, cell) for v, cell in zip(variables, cells, strict=True) if v.option is not None
    ]
    return RecordedAnswer(
        tuple(code for code, cell in options if cell == 1) if options else cells[0]
    )


def _join(cells: Sequence[Cell]) -> str:
    return " ".join(_format(cell) for cell in cells if cell != "")
