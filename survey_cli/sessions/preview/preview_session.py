"""Preview session: an unstored interview in which the author can go to any item and see the data.

A new interview is driven through the answers given before. Open questions before the target get
invented answers.
"""

import ast
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, tzinfo
from functools import partial
from itertools import groupby
from random import Random
from typing import Any, Final, TypeAlias

from survey_cli.engine import asked_items, events, prompts
from survey_cli.engine.asked_items import AskedItem
from survey_cli.engine.events import InterviewStarted
from survey_cli.engine.interview import Interview
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.engine.route import RouteStop
from survey_cli.entries import Rejection, to_plain_text
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.compiled.place_names import name_place
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.brackets import (
    LESS,
    NOT_LESS,
    BracketResultItem,
    BracketStepItem,
)
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import QUOTA_STATES, ComputedItem, EndItem
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.sessions.interview.case_values import find_zone
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession
from survey_cli.sessions.interview.mentioned_values import list_constant_values
from survey_cli.store import Store
from survey_cli.store.interviews.interview_store import InterviewStore
from survey_cli.table.columns import build_columns, build_row
from survey_cli.values import Cell, Missing, Place, Value, Variable, format_clock_time
from survey_cli.wording import join_first

GivenAnswers: TypeAlias = Mapping[Place, RecordedAnswer]
EntryHints: TypeAlias = Mapping[str, tuple[str, ...]]
"""Entries that conditions on the route mention, by the name of an item or a sample column."""

ENTRY_ATTEMPTS: Final = 40
"""Entries invented at one item before the search gives up."""
PATH_STRATEGIES: Final = ((40, False, False), (80, True, False), (80, True, True))
"""How many paths to try, whether earlier answers may change on them, and whether the case may."""
DECLINES_BY_FUNCTION: Final[Mapping[str, tuple[str, ...]]] = {
    "dk": (".dk",),
    "refused": (".refused",),
    "declined": (".dk", ".refused"),
    "answered": (".dk", ".refused"),
}
"""Functions of conditions, and the declines that change their result."""
MAX_EVENTS: Final = 30_000
"""Events that the search for one place may take, about a second's worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMigration:
    """A new interview, and what became of the earlier answers."""

    interview: Interview
    invented: tuple[Place, ...] = ()
    """Open places that were answered by invention."""
    changed: tuple[Place, ...] = ()
    """Places whose answer had to change."""
    rejected: tuple[Place, ...] = ()
    """Places whose answer is no longer accepted."""
    reached: bool = True
    """Whether the interview is at the target, or there was no target."""


def carry_over(
    instrument: Instrument,
    began: events.InterviewStarted,
    given_answers: GivenAnswers,
    *,
    to: Place | None,
    stamp: events.EventStamp,
    rng: Random,
    hints: EntryHints | None = None,
    jump: bool = False,
) -> AnswerMigration:
    """Drive a new interview through the answers of `given_answers` that fit, up to the target `to`.

    Before the target, open questions get invented answers; after it, answers are carried over up to
    the first gap. Without a target, or if it is not on the route, the interview stops at the first
    open place. `hints` names the items whose earlier answers may change, and entries to try there.
    """
    interview = Interview.begin(instrument, began)
    hints = hints or {}
    invented: list[Place] = []
    changed: list[Place] = []
    unfit: list[Place] = []
    is_past_target = to is None
    while interview.status == "open" and not interview.ending:
        machine = interview.machine
        stop = machine.current_stop
        assert stop is not None
        place = stop.place
        item = stop.item
        earlier = given_answers.get(place)

        # these take no answer: a check that asks about the last one, and a computed item
        event: events.InterviewEvent | None = None
        if machine.query is not None:
            if is_past_target and not _has_confirmed(earlier, machine.query):
                break
            event = events.QueryConfirmed(stamp, place, machine.query)
        elif isinstance(item.question, ComputedItem):
            # a quota's state is drawn only if the target may depend on it
            state_rng = rng if item.id in hints else None
            event = _compute_value(interview, place, stamp, state_rng)
        if event is not None:
            after_event = interview.step(event)
            if isinstance(after_event, Rejection):
                break
            interview = after_event
            continue

        # the earlier answer, unless the search for the target may try another one
        is_past_target = is_past_target or place == to
        may_change = item.id in hints and not is_past_target
        is_left_out = is_past_target and earlier is not None and earlier.lapsed
        if earlier is not None and not may_change and not is_left_out:
            after = interview.step(_repeat_answer(earlier, stamp, place))
            if isinstance(after, Interview):
                interview = after
                continue
            unfit.append(place)

        # the target, or after it the first gap
        if is_past_target:
            break

        answered = _invent_answer(interview, stop, stamp, rng, hints.get(item.id, ()))
        if answered is None:
            break
        if item.question.expects_answer:
            recorded = answered.machine.recorded_answers
            if earlier is None or place in unfit:
                invented.append(place)
            elif earlier.cell != recorded[place].cell:
                changed.append(place)
        interview = answered

    reached = False
    if is_past_target:
        interview, reached = _go_back_to(to, interview, stamp, jump=jump)
    return AnswerMigration(
        interview=interview,
        invented=tuple(invented),
        changed=tuple(changed),
        rejected=tuple(unfit),
        reached=reached,
    )


def _go_back_to(
    target: Place | None, interview: Interview, stamp: events.EventStamp, *, jump: bool
) -> tuple[Interview, bool]:
    """Go back to the target from the answers carried over after it; also say if that worked."""
    if target is None or interview.place == target:
        return interview, True
    after = interview.step(events.PositionMoved(stamp, target, jump=jump))
    if isinstance(after, Rejection):
        return interview, False
    return after, True


def _has_confirmed(answer: RecordedAnswer | None, query: int) -> bool:
    """Return whether an earlier answer was confirmed when this check asked."""
    if answer is None:
        return False
    return any(index == query for index, _ in answer.confirmed_queries)


def _compute_value(
    interview: Interview, place: Place, stamp: events.EventStamp, rng: Random | None
) -> events.ValueComputed:
    """Build the event of a computed item; a quota's state is drawn with `rng`, else it is open."""
    value, of = interview.compute_answer()
    if value is None and rng is not None:
        value = rng.choice(QUOTA_STATES)
    elif value is None:
        value = "open"
    return events.ValueComputed(stamp, place, value, of)


def _repeat_answer(
    answer: RecordedAnswer, stamp: events.EventStamp, place: Place
) -> events.InterviewEvent:
    """Build the event that records this answer again."""
    if isinstance(answer.cell, Missing):
        return events.QuestionDeclined(stamp, place, answer.cell.kind)
    return events.QuestionAnswered(stamp, place, answer.cell, answer.specify_texts)


def _invent_answer(
    interview: Interview,
    stop: RouteStop,
    stamp: events.EventStamp,
    rng: Random,
    hints: tuple[str, ...],
) -> Interview | None:
    """Return the interview after an invented answer; None if no answer is accepted."""
    item = stop.item
    place = stop.place
    machine = interview.machine
    if isinstance(item.question, EndItem):
        return None
    if not item.question.expects_answer:
        after = interview.step(events.QuestionAnswered(stamp, place))
        return after if isinstance(after, Interview) else None

    takes_several = isinstance(item.question, MultipleItem) and len(hints) > 1
    for _ in range(ENTRY_ATTEMPTS):
        # drawn even if a hint replaces it: the same seed leads to the same path
        reply = item.question.invent(machine.walk.build_item_context(stop, machine.language), rng)
        if hints and rng.random() < 0.7:
            if takes_several:
                reply = " ".join(rng.sample(hints, rng.randint(1, 2)))
            else:
                reply = rng.choice(hints)

        event: events.InterviewEvent | Rejection
        if isinstance(reply, str) and _is_decline(item, reply):
            event = events.QuestionDeclined(stamp, place, reply[1:])
        else:
            event = prompts.parse_reply(interview, reply, stamp)
        if isinstance(event, Rejection):
            continue
        after = interview.step(event)
        if isinstance(after, Interview):
            return after

    for decline in item.declines:
        after = interview.step(events.QuestionDeclined(stamp, place, decline.id))
        if isinstance(after, Interview):
            return after
    return None


def _is_decline(item: CompiledItem, reply: str) -> bool:
    """Return whether a reply such as `.dk` declines to answer the item."""
    return reply.startswith(".") and any(decline.id == reply[1:] for decline in item.declines)


def find_path(
    instrument: Instrument,
    begin: Callable[[int], events.InterviewStarted],
    given_answers: GivenAnswers,
    *,
    to: Place,
    stamp: events.EventStamp,
    seed: int,
) -> AnswerMigration | None:
    """Find a path to a place: with the given answers, then with others, then with another case.

    `begin(0)` starts the case as it is, `begin(n)` another one. Returns None if no path was found.
    """
    hints = find_hints(instrument, instrument.items[to.item], to.turn)
    follow = partial(carry_over, instrument, to=to, stamp=stamp, jump=True)
    steps = 0
    attempt = 0
    for path_count, answers_may_change, case_may_change in PATH_STRATEGIES:
        tried_hints = hints if answers_may_change else None
        for _ in range(path_count):
            attempt += 1
            rng = Random(f"{seed}/{to}/{attempt}")
            began = begin(attempt if case_may_change else 0)
            migration = follow(began, given_answers, rng=rng, hints=tried_hints)
            if migration.reached:
                return migration
            steps += len(migration.interview.events)
            if steps > MAX_EVENTS:
                return None
    return None


def find_hints(
    instrument: Instrument, item: CompiledItem, turn: int | None = None
) -> dict[str, tuple[str, ...]]:
    """Find the items, sample columns and entries that decide whether an item is reached."""
    conditions = list(list_conditions(instrument, item))
    hints: dict[str, list[str]] = {}
    followed: set[str] = set()
    while conditions:
        condition = conditions.pop()
        entries = [text for node in ast.walk(condition.tree) for text in _list_entries(node)]
        for name in condition.names:
            if name in instrument.computes and name not in followed:
                followed.add(name)
                conditions += instrument.computes[name].conditions.values()
            # what is taken from the turns of a roster depends on their number, and on its `where`
            item_named = instrument.items.get(name)
            if item_named is not None and item_named.where is not None and name not in followed:
                followed.add(name)
                conditions.append(item_named.where)
                _add_turn_hints(instrument, item_named.source, 1, hints)
            if item_named is not None:
                # a bracket has what its steps have found
                for source in item_named.sources:
                    hints.setdefault(source, []).extend(_STEP_ENTRIES)
            hints.setdefault(name, []).extend(entries)
    _add_turn_hints(instrument, item.roster or "", turn or 1, hints)
    return {name: tuple(dict.fromkeys(entries)) for name, entries in hints.items()}


_STEP_ENTRIES: Final = (str(NOT_LESS), str(LESS))


def _add_turn_hints(
    instrument: Instrument, roster: str, turn: int, hints: dict[str, list[str]]
) -> None:
    """Add hints that make a roster have this many turns."""
    group = instrument.groups.get(roster)
    if not isinstance(group, Roster):
        return
    if group.count is not None:
        for name in group.count.names:
            hints.setdefault(name, []).append(str(turn))
    if group.each is not None:
        hints.setdefault(group.each.id, []).extend(str(o.code) for o in group.each.options)
    if group.over is not None:
        _add_turn_hints(instrument, group.over.id, turn, hints)
    if group.until is not None:
        hints.setdefault(group.until.id, []).append("1")


def list_conditions(instrument: Instrument, item: CompiledItem) -> list[Condition]:
    """List the conditions of an item, of the groups around it, and of every `end` before it."""
    groups = instrument.groups.values()
    enclosing: list[CompiledItem | object] = [group for group in groups if item in group.items]
    # an `end` before the item lets through only those for whom its condition is false
    for other in instrument.items.values():
        if other is item:
            break
        if isinstance(other.question, EndItem):
            enclosing.append(other)
            enclosing += [group for group in groups if other in group.items]

    conditions: list[Condition] = []
    for node in (item, *enclosing):
        for name in ("ask_if", "unless", "count"):
            condition = getattr(node, name, None)
            if isinstance(condition, Condition) and condition not in conditions:
                conditions.append(condition)
    return conditions


def _list_entries(node: ast.AST) -> tuple[str, ...]:
    """List the entries for a condition's constant and its neighbors, or a function's declines."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return DECLINES_BY_FUNCTION.get(node.func.id, ())
    return list_constant_values(node)


def list_neighbors(before: Collection[str], after: Mapping[str, object], gone: str) -> list[str]:
    """List the items to move to if one no longer exists, nearest first.

    These are the items in its place, those after it, then those before it. `before` and `after` are
    the items of both versions in written order.
    """
    old = list(before)
    if gone not in old:
        return []

    index = old.index(gone)
    behind = [item for item in old[index + 1 :] if item in after]
    ahead = [item for item in reversed(old[:index]) if item in after]
    # what was written between the two neighbors that are left replaces the item
    new = list(after)
    first = 0
    last = len(new)
    if ahead:
        first = new.index(ahead[0]) + 1
    if behind:
        last = new.index(behind[0])
    old_items = set(old)
    replacing = [item for item in new[first:last] if item not in old_items]
    return replacing + behind + ahead


STATION: Final = "preview"
MAX_PLACES_NAMED: Final = 6
"""Places named in one remark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewValue:
    """One column of the data at this point, as the analyst will get it."""

    name: str
    value: str
    """A code, a number or a text; empty if a missing value has no code.

    Unlike in an export, a time has its seconds, and a decimal at most ten digits.
    """
    label: str
    """The code's label, or why there is no answer."""
    state: str
    """`answered`, or the kind of missing value: `dk`, `refused`, `not_asked`, `not_reached`, …"""
    place: Place
    """The place of the answer."""
    is_invented: bool
    """The answer was invented on the way to another item."""


class NullInterviewStore(InterviewStore):
    """Interviews of which nothing is stored."""

    def __init__(self) -> None:
        pass

    def append(self, *_: Any) -> None:
        return None

    def find_draft(self, *_: Any) -> None:
        return None

    def save_draft(self, *_: Any, **__: Any) -> None:
        return None


class NullStore(Store):
    """A store that has no database."""

    def __init__(self) -> None:
        self.interviews = NullInterviewStore()

    def close(self) -> None:
        return None


def find_usable_zone(
    instrument: Instrument, sample: Mapping[str, Value | Missing]
) -> tzinfo | None:
    """Find the case's time zone; None if it is unknown, or if its column names no zone."""
    try:
        return find_zone(instrument, sample)
    except UserError:
        return None


@dataclass(eq=False, kw_only=True)
class PreviewSession(InterviewSession):
    """An interview that is not stored, and in which the author can go anywhere."""

    id: str = STATION
    store: Store = field(default_factory=NullStore)
    link: CaseLink = field(default_factory=CaseLink)
    station: str = STATION
    to_local: ToLocal = datetime.astimezone
    practice: bool = True
    stored_in: str = "nowhere"
    begin: Callable[[int], InterviewStarted]
    """Starts an interview of the case with 0, of another case with any other number."""
    seed: int
    keyed: Mapping[Place, RecordedAnswer]
    """Answers of earlier versions and of other paths; those of the interview itself come first."""
    inventions: Mapping[Place, RecordedAnswer]
    """Answers that were invented; some may have been changed since."""
    remark: str = ""
    """What the last step did besides what its key says."""

    @property
    def variant(self) -> int:
        """The number of the invented case: not 0 if a path to an item needed another case."""
        return self.interview.start.seed - self.seed

    def given_answers(self) -> Mapping[Place, RecordedAnswer]:
        """Return every answer, including those of places that are gone for now.

        If a keyed answer no longer fits and another was invented, this is the keyed one.
        """
        replaced = self.keyed.keys() & self.invented_answers().keys()
        recorded = self.interview.machine.recorded_answers
        current = {place: answer for place, answer in recorded.items() if place not in replaced}
        return {**self.keyed, **current}

    def invented_answers(self) -> Mapping[Place, RecordedAnswer]:
        """Return the answers that were invented and are still valid."""
        recorded = self.interview.machine.recorded_answers
        return {
            p: answer
            for p, answer in self.inventions.items()
            if p in recorded and recorded[p].cell == answer.cell
        }

    def list_items(self) -> tuple[AskedItem, ...]:
        """List every item that can be shown, in written order, with its answer or its state."""
        instrument = self.interview.instrument
        language = self.interview.language
        route = self.interview.evaluate_route()
        asked = {item.place: item for item in asked_items.list_asked(self.interview)}
        rows: list[AskedItem] = []
        for place in self._iterate_places(route.known):
            item = asked.get(place)
            if item is not None:
                rows.append(item)
                continue

            known = route.known
            if place.turn:
                known = known.in_turn(place.turn)
            words = to_plain_text(instrument.items[place.item].text.fill(known, language))
            state = "not reached" if place in route.unreached else "not asked"
            key = name_place(instrument, place).key
            rows.append(AskedItem(place, words.replace("\n", " "), f"({state})", place_key=key))
        return tuple(rows)

    def _iterate_places(self, known: Known) -> Iterator[Place]:
        """Iterate over all places in written order; a roster has at least its first turn."""
        all_items = self.interview.instrument.items.values()
        for roster, items in groupby(all_items, key=lambda item: item.roster):
            shown = [item for item in items if not isinstance(item.question, ComputedItem)]
            turns: tuple[int | None, ...] = (None,)
            if roster:
                so_far = known.turns_of(roster)
                turns = so_far if isinstance(so_far, tuple) and so_far else (1,)
            for turn in turns:
                for item in shown:
                    yield Place(item.id, turn)

    def go_back(self) -> Rejection | None:
        """Go to the previous item; from a closed interview, to the item at which it closed."""
        if self.interview.status == "open":
            return super().go_back()
        # a complete interview is at no place: then to its last item
        place = self.interview.place
        if place is None:
            place = prompts.find_previous_place(self.interview)
        if place is None:
            return Rejection("there is nothing to go back to")
        return self._lead_to(place)

    def jump(self, place: Place) -> Rejection | None:
        """Go to any item, asked or not; open questions before it get answers from the seed."""
        instrument = self.interview.instrument
        item = instrument.items.get(place.item)
        if item is None:
            suggestion = suggest_nearest(
                place.item, instrument.items, otherwise="F3 lists the items"
            )
            return Rejection(f"there is no item {place.item}: {suggestion}")
        if isinstance(item.question, BracketResultItem):
            # a bracket is asked step by step, and what it finds follows from them
            item = _find_first_step(instrument, item.question.bracket)
            place = Place(item.id, place.turn)
        if isinstance(item.question, ComputedItem):
            return Rejection(f"{place.item} is answered by the computer, so it can't be shown")
        if item.roster is None:
            place = Place(place.item)
        elif place.turn is None:
            place = Place(place.item, 1)

        is_open = self.interview.status == "open"
        if is_open and place in self.interview.machine.recorded_answers:
            rejection = super().jump(place)
            # an answer that is off the route now can't be reached by moving alone
            if rejection is None and self.interview.place == place:
                return None
        return self._lead_to(place)

    def _lead_to(self, place: Place) -> Rejection | None:
        """Start the interview again and drive it to this place."""
        interview = self.interview

        def begin(variant: int) -> events.InterviewStarted:
            return self.begin(variant or self.variant)

        migration = find_path(
            interview.instrument,
            begin,
            self.given_answers(),
            to=place,
            stamp=self._stamp(),
            seed=self.seed,
        )
        if migration is None:
            item = interview.instrument.items[place.item]
            conditions = list_conditions(interview.instrument, item)
            why = f"; it depends on {conditions[0].text}" if conditions else ""
            name = name_place(interview.instrument, place).words
            return Rejection(f"no invented answers lead to {name}{why}")

        # in this order: both read the interview that is left
        self.remark = _describe_path(migration, interview.start.sample)
        self.keyed = {**self.given_answers(), **select_answers(migration, migration.changed)}
        invented = select_answers(migration, migration.invented + migration.changed)
        self.inventions = {**self.invented_answers(), **invented}
        self.interview = migration.interview
        self._prompt_is_current = False
        self._time_until_hangup = None
        return self.advance()

    def list_values(self) -> tuple[PreviewValue, ...]:
        """List every column of the data as it is now, in the order of an export."""
        instrument = self.interview.instrument
        invented = self.invented_answers()
        # labels in the interview's language; the row's order is that of the export
        labeled = {v.name: v for v in build_columns(instrument, self.interview.language)}
        row = build_row(self.interview)
        return tuple(
            _build_value(labeled[variable.name], cell, invented)
            for variable, cell in zip(build_columns(instrument), row, strict=True)
        )


def select_answers(
    migration: AnswerMigration, places: tuple[Place, ...]
) -> dict[Place, RecordedAnswer]:
    """Select the answers at these places."""
    answers = migration.interview.machine.recorded_answers
    return {place: answers[place] for place in places if place in answers}


def describe_migration(migration: AnswerMigration) -> list[str]:
    """Describe what became of the answers, a phrase for each kind of change."""
    kinds = {
        "invented": migration.invented,
        "answers changed": migration.changed,
        "answers that no longer fit": migration.rejected,
    }
    return [
        f"{what}: {join_first(places, MAX_PLACES_NAMED)}"
        for what, places in kinds.items()
        if places
    ]


def _find_first_step(instrument: Instrument, bracket: str) -> CompiledItem:
    """Return the step that a bracket begins with; one of them if that is drawn."""
    for item in instrument.items.values():
        if item.bracket == bracket and isinstance(item.question, BracketStepItem):
            return item
    raise KeyError(bracket)


def _describe_path(migration: AnswerMigration, sample: Mapping[str, Value | Missing]) -> str:
    """Describe what was done to get there."""
    parts = describe_migration(migration)
    now = migration.interview.start.sample
    changed_columns = [
        f"{name} {value}" for name, value in now.items() if sample.get(name) != value
    ]
    if changed_columns:
        parts.append(f"another case: {join_first(changed_columns, MAX_PLACES_NAMED)}")
    return "; ".join(parts)


def _build_value(variable: Variable, cell: Cell, invented: Container[Place]) -> PreviewValue:
    """Build the view of one exported cell."""
    place = Place(variable.item, variable.turn)
    value = ""
    label = ""
    state = "answered"
    if isinstance(cell, Missing):
        state = cell.kind
        code, label = variable.declines.get(cell.kind, (None, cell.kind.replace("_", " ")))
        # a text variable without codes is exported empty
        is_coded = variable.storage in ("integer", "decimal") or variable.labels
        if is_coded and code is not None:
            value = str(code)
    elif isinstance(cell, float):
        value = f"{cell:.10g}"
    elif isinstance(cell, time):
        value = format_clock_time(cell)
    else:
        value = str(cell)
        if isinstance(cell, int | str):
            label = variable.labels.get(cell, "")
    is_invented = place in invented
    return PreviewValue(
        name=variable.name,
        value=value,
        label=label,
        state=state,
        place=place,
        is_invented=is_invented,
    )
