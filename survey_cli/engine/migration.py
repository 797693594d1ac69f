"""Migration of an unfinished interview to another version of its questionnaire: which answers carry over.

An answer carries over unless its place is gone or its meaning has changed, which the caller knows; whether it counts is
then decided by the route and the item of the new version, as after a correction.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from survey_cli.engine.events import EventStamp, InterviewMigrated
from survey_cli.engine.interview import Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem
from survey_cli.values import Place


class MigratedInterview(NamedTuple):
    """An interview under its new version, and what became of the answers that counted before."""

    interview: Interview
    kept: tuple[Place, ...]
    reopened: tuple[Place, ...]
    """On the route, but to be asked again."""
    off_route: tuple[Place, ...]
    """No longer asked in this interview."""


def migrate_interview(
    interview: Interview, instrument: Instrument, stamp: EventStamp, *, changed: Collection[str]
) -> MigratedInterview:
    """Take an interview to another version; `changed` are the items whose answers have another meaning in it."""
    recorded, items = interview.machine.recorded_answers, instrument.items
    dropped = [
        place
        for place in recorded
        if place.item in changed or not _has_place(instrument, interview, place)
    ]
    confirmed = [
        (place, index, inputs)
        for place, answer in recorded.items()
        if answer.confirmed_queries and place not in dropped
        for check, inputs in sorted(answer.confirmed_queries)
        if (index := _find_check(interview.instrument.items[place.item], check, items[place.item]))
        is not None
    ]
    lapsed = [place for place, answer in recorded.items() if answer.lapsed and place not in dropped]
    event = InterviewMigrated(
        stamp, instrument.hash, tuple(dropped), tuple(lapsed), tuple(confirmed)
    )
    after = Interview.replay(instrument, (*interview.events, event))
    route = after.evaluate_route()
    counted = [place for place in _list_counted(interview) if recorded[place].cell is not None]
    return MigratedInterview(
        after,
        kept=tuple(place for place in counted if place in route.answers),
        reopened=tuple(place for place in counted if place in route.unreached),
        off_route=tuple(
            place
            for place in counted
            if place not in route.answers and place not in route.unreached
        ),
    )


def _list_counted(interview: Interview) -> Iterable[Place]:
    """Return the places whose answer counts: those passed so far, or else all of the route, which takes longer."""
    machine = interview.machine
    passed = [stop.place for stop in machine.walk.stops if stop is not machine.current_stop]
    return (
        passed
        if len(passed) == len(machine.recorded_answers)
        else interview.evaluate_route().answers
    )


def _has_place(instrument: Instrument, interview: Interview, place: Place) -> bool:
    """Return whether the new version has this place, answered by the same side: the respondent or the computer."""
    item = instrument.items.get(place.item)
    if item is None or (item.roster is None) != (place.turn is None):
        return False
    earlier = interview.instrument.items[place.item].question
    return isinstance(item.question, ComputedItem) == isinstance(earlier, ComputedItem)


def _find_check(before: CompiledItem, index: int, after: CompiledItem) -> int | None:
    """Return the index of the query with the same condition in the new version."""
    queries = [(check.condition, check.aloud) if check.soft else None for check in after.checks]
    check = before.checks[index]
    same = (check.condition, check.aloud)
    return queries.index(same) if same in queries else None
