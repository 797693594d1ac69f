"""Items that have been asked, with their questions and answers in words."""

from typing import NamedTuple, TypeAlias

from survey_cli.engine.answer_checks import list_accepted_warnings as list_warnings
from survey_cli.engine.events import QueryConfirmed, QuestionAnswered, QuestionDeclined
from survey_cli.engine.interview import Interview, RouteState
from survey_cli.engine.machine import Machine
from survey_cli.engine.prompts import format_decline
from survey_cli.engine.recorded_answers import RecordedAnswer, make_answer
from survey_cli.engine.route import RouteStop
from survey_cli.entries import to_plain_text
from survey_cli.instrument.compiled.place_names import name_place
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.question import AnswerWording, CompiledItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem
from survey_cli.values import HIDDEN_TEXT, Missing, Place

AnswerEvent: TypeAlias = QuestionAnswered | QuestionDeclined


class AskedItem(NamedTuple):
    """One line of a list of items, for reading and jumping."""

    place: Place
    text: str
    """The question, on one line."""
    answer: str
    """The answer in words: `3 Disagree`, `don't know`."""
    section: str = ""
    reason: str = ""
    """Why a warning about the answer was accepted; only in the list of those."""
    place_key: str = ""
    """What is typed to get to the place, if not the name of its item: `income 25000`."""

    @property
    def shown_place(self) -> str:
        """What the place is called in lists, and what is typed to get there."""
        return self.place_key or str(self.place)


def list_asked(interview: Interview) -> tuple[AskedItem, ...]:
    """Return all asked items whose answers count, in the order of the route.

    Items after the current one are among them, and the current one if it was answered before.
    """
    machine = interview.machine
    route = interview.evaluate_route()
    answers = dict(route.answers)
    stop = machine.current_stop
    if stop is not None and stop.place not in answers:
        earlier = machine.recorded_answers.get(stop.place)
        if earlier is not None:
            answers[stop.place] = earlier

    asked = []
    for place, answer in answers.items():
        question = machine.instrument.items[place.item].question
        if not isinstance(question, ComputedItem):
            asked.append(_build_item(machine, place, answer, route.known))
    return tuple(asked)


def find_route_before(interview: Interview, event: AnswerEvent) -> RouteState | None:
    """Return the route before a correction; None if the event doesn't change an answer.

    Call it before the event is applied: afterwards, the earlier interview would be replayed.
    """
    earlier = interview.machine.recorded_answers.get(event.place)
    if earlier is None:
        return None

    # the walk along the whole route takes longer the longer the interview is: it is spared for a
    # first answer, and for the same answer once more
    answer = make_answer(event)
    is_same = answer.cell == earlier.cell and answer.specify_texts == earlier.specify_texts
    if is_same and not earlier.lapsed:
        return None
    return interview.evaluate_route()


def list_dropped(before: RouteState, after: Interview, corrected: Place) -> tuple[str, ...]:
    """Return the answered questions that a correction takes off the route, in their order."""
    if after.status != "open":
        return ()

    remaining = after.evaluate_route()
    dropped = []
    for place, answer in before.answers.items():
        is_asked = after.instrument.items[place.item].question.expects_answer
        is_gone = place not in remaining.answers and place not in remaining.unreached
        if is_asked and is_gone and place != corrected and answer.cell is not None:
            dropped.append(_describe_question(after.machine, place, before.known))
    return tuple(dropped)


def list_recent(interview: Interview, limit: int) -> tuple[AskedItem, ...]:
    """Return the last items before the current one that have an answer, the newest first."""
    machine = interview.machine
    current = machine.current_stop
    recent: list[AskedItem] = []
    for stop in reversed(machine.walk.stops):
        if len(recent) == limit:
            break
        if stop is current or isinstance(stop.item.question, ComputedItem):
            continue
        answer = machine.recorded_answers.get(stop.place)
        if answer is not None and answer.cell is not None:
            recent.append(_build_item(machine, stop.place, answer, machine.walk.known))
    return tuple(recent)


def list_following(interview: Interview, limit: int) -> tuple[str, ...]:
    """Return the questions that may be asked next, each on one line.

    An answer still to come may take them off the route. The whole route is walked, which takes
    longer the longer the interview is.
    """
    machine = interview.machine
    route = interview.evaluate_route()
    following: list[str] = []
    for place in route.ahead:
        if len(following) == limit:
            break
        item = machine.instrument.items[place.item]
        if place != interview.place and item.question.expects_answer:
            following.append(_fill_text(machine, item, _go_to_place(route.known, place)))
    return tuple(following)


def describe_question(interview: Interview, place: Place) -> str:
    """Return the question at a place, on one line; its name if it has no text."""
    return _describe_question(interview.machine, place, interview.machine.walk.known)


def _describe_question(machine: Machine, place: Place, known: Known) -> str:
    text = _fill_text(machine, machine.instrument.items[place.item], _go_to_place(known, place))
    return text or str(place)


def describe_answer(interview: Interview, place: Place) -> str:
    """Return the answer at a place in words; empty if there is none that counts now."""
    machine = interview.machine
    answer = machine.recorded_answers.get(place)
    item = machine.instrument.items.get(place.item)
    if answer is None or item is None or answer.lapsed:
        return ""

    known = _go_to_place(machine.walk.known, place)
    wording = AnswerWording(machine.language, answer.specify_texts, known, with_code=False)
    return _format_answer(item, answer, wording)


def list_declined(interview: Interview) -> tuple[AskedItem, ...]:
    """Return the items up to the current one that the respondent declined to answer."""
    machine = interview.machine
    return tuple(
        _build_item(machine, stop.place, answer, machine.walk.known)
        for stop, answer in _list_answered_stops(machine)
        if isinstance(answer.cell, Missing)
    )


def list_accepted_warnings(interview: Interview) -> tuple[AskedItem, ...]:
    """Return the items up to the current one whose answers were confirmed after a warning."""
    machine = interview.machine
    reasons = _collect_reasons(machine)
    accepted = []
    for stop, answer in _list_answered_stops(machine):
        for check in list_warnings(machine.walk, stop, answer):
            line = _build_item(machine, stop.place, answer, machine.walk.known)
            accepted.append(line._replace(reason=reasons.get((stop.place, check), "")))
    return tuple(accepted)


def _collect_reasons(machine: Machine) -> dict[tuple[Place, int], str]:
    """Return the latest reason for each confirmation, by place and check."""
    reasons = {}
    for event in machine.events:
        if isinstance(event, QueryConfirmed):
            # what an interviewer wrote may repeat a personal answer
            is_hidden = machine.instrument.hidden and event.reason
            reasons[event.place, event.check] = HIDDEN_TEXT if is_hidden else event.reason
    return reasons


def _list_answered_stops(machine: Machine) -> list[tuple[RouteStop, RecordedAnswer]]:
    """Return the stops of the route so far that were asked, with their answers."""
    answered = []
    for stop in machine.walk.stops:
        answer = machine.recorded_answers.get(stop.place)
        if answer is not None and not isinstance(stop.item.question, ComputedItem):
            answered.append((stop, answer))
    return answered


def _build_item(machine: Machine, place: Place, answer: RecordedAnswer, known: Known) -> AskedItem:
    item = machine.instrument.items[place.item]
    language = machine.language
    there = _go_to_place(known, place)
    text = _fill_text(machine, item, there)
    section = to_plain_text(item.section.fill(there, language)) if item.section is not None else ""
    wording = AnswerWording(language, answer.specify_texts, there)
    key = name_place(machine.instrument, place).key
    return AskedItem(place, text, _format_answer(item, answer, wording), section, place_key=key)


def _fill_text(machine: Machine, item: CompiledItem, known: Known) -> str:
    """Return an item's question on one line; … stands for what is not known yet."""
    text = item.text.fill(known, machine.language, lambda: "…")
    return to_plain_text(text).replace("\n", " ")


def _go_to_place(known: Known, place: Place) -> Known:
    """Return what is known, in the turn of a place."""
    return known.in_turn(place.turn) if place.turn is not None else known


def _format_answer(item: CompiledItem, answer: RecordedAnswer, wording: AnswerWording) -> str:
    if answer.cell is None:
        return ""
    if item.id in wording.known.hidden:
        return HIDDEN_TEXT
    if isinstance(answer.cell, Missing):
        return format_decline(item, answer.cell, wording.language)
    return item.question.format_answer(item, answer.cell, wording)
