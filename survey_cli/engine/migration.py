"""Migration of an unfinished interview to another version of its questionnaire.

An answer carries over unless its place is gone or its meaning has changed, which the caller knows.
Whether it counts is then decided by the route and the item of the new version, as after a
correction.
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
    """Take an interview to another version.

    `changed` are the items whose answers have another meaning in it.
    """
    recorded = interview.machine.recorded_answers
    dropped = []
    lapsed = []
    confirmed = []
    for place, answer in recorded.items():
        if place.item in changed or not _has_place(instrument, interview, place):
            dropped.append(place)
            continue

        if answer.lapsed:
            lapsed.append(place)
        before = interview.instrument.items[place.item]
        for check, inputs in sorted(answer.confirmed_queries):
            index = _find_check(before, check, instrument.items[place.item])
            if index is not None:
                confirmed.append((place, index, inputs))

    event = InterviewMigrated(
        stamp, instrument.hash, tuple(dropped), tuple(lapsed), tuple(confirmed)
    )
    after = Interview.replay(instrument, (*interview.events, event))
    return _compare_routes(interview, after)


def _compare_routes(before: Interview, after: Interview) -> MigratedInterview:
    """Return what became of the answers that counted before."""
    route = after.evaluate_route()
    recorded = before.machine.recorded_answers
    kept = []
    reopened = []
    off_route = []
    for place in _list_counted(before):
        if recorded[place].cell is None:
            continue  # a text that was read aloud
        if place in route.answers:
            kept.append(place)
        elif place in route.unreached:
            reopened.append(place)
        else:
            off_route.append(place)
    return MigratedInterview(after, tuple(kept), tuple(reopened), tuple(off_route))


def _list_counted(interview: Interview) -> Iterable[Place]:
    """Return the places whose answers count."""
    machine = interview.machine
    passed = [stop.place for stop in machine.walk.stops if stop is not machine.current_stop]

    # without answers ahead, the places passed so far are all; otherwise the route must be walked
    if len(passed) == len(machine.recorded_answers):
        return passed
    return interview.evaluate_route().answers


def _has_place(instrument: Instrument, interview: Interview, place: Place) -> bool:
    """Return whether the new version has this place, and the same side answers it.

    The sides are the respondent and the computer.
    """
    item = instrument.items.get(place.item)
    if item is None:
        return False
    if (item.roster is None) != (place.turn is None):
        return False
    earlier = interview.instrument.items[place.item].question
    return isinstance(item.question, ComputedItem) == isinstance(earlier, ComputedItem)


def _find_check(before: CompiledItem, index: int, after: CompiledItem) -> int | None:
    """Return the index of the query with the same condition in the new version."""
    wanted = before.checks[index]
    for position, check in enumerate(after.checks):
        is_same = check.condition == wanted.condition and check.aloud == wanted.aloud
        if check.soft and is_same:
            return position
    return None
