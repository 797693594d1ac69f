"""Preview session: an interview that is not stored, in which the author can go to any item and see the data.

A new interview is driven through the answers given before; questions that are open before the target are answered by
invention.
"""

import ast
from collections.abc import Callable, Collection, Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
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
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, EndItem
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.sessions.interview.case_values import find_zone
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession, ToLocal
from survey_cli.store import Store
from survey_cli.store.interviews.interview_store import InterviewStore
from survey_cli.table.columns import build_columns, build_row
from survey_cli.values import Cell, Missing, Place, Value, Variable
from survey_cli.wording import join_first

GivenAnswers: TypeAlias = Mapping[Place, RecordedAnswer]
EntryHints: TypeAlias = Mapping[str, tuple[str, ...]]
"""By the name of an item or a sample column: entries that conditions on the route mention."""

ENTRY_ATTEMPTS: Final = 40
"""Entries invented at one item before the search gives up."""
PATH_STRATEGIES: Final = ((40, False, False), (80, True, False), (80, True, True))
"""How many paths to a place are tried, whether earlier answers may change on them, and whether the case may."""
DECLINES_BY_FUNCTION: Final[Mapping[str, tuple[str, ...]]] = {
    "dk": (".dk",), "refused": (".refused",), "declined": (".dk", ".refused"), "answered": (".dk", ".refused"),
}  # fmt: skip
"""Functions of conditions, and the declines that change their result."""
QUOTA_STATES: Final = ("open", "full", "outside")
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

    Before the target, open questions are answered by invention; after it, answers are carried over as far as they go
    without a gap. Without a target, or where it is not on the route, the interview is at the first open place.
    `hints` names the items whose earlier answers may change, and entries worth trying there.
    """
    interview, hints = Interview.begin(instrument, began), hints or {}
    invented: list[Place] = []
    changed: list[Place] = []
    unfit: list[Place] = []
    is_past_target = to is None
    while interview.status == "open" and not interview.ending:
        machine = interview.machine
        stop = machine.current_stop
        assert stop is not None
        place, item = stop.place, stop.item
        earlier = given_answers.get(place)
        if machine.query is not None:
            confirmed = (
                [index for index, _ in earlier.confirmed_queries] if earlier is not None else []
            )
            if is_past_target and machine.query not in confirmed:
                break
            event: events.InterviewEvent = events.QueryConfirmed(stamp, place, machine.query)
        elif isinstance(item.question, ComputedItem):
            event = _compute_value(interview, place, stamp, rng if item.id in hints else None)
        else:
            is_past_target = is_past_target or place == to
            may_change = item.id in hints and not is_past_target
            if earlier is not None and not may_change and not (is_past_target and earlier.lapsed):
                after = interview.step(_repeat_answer(earlier, stamp, place))
                if isinstance(after, Interview):
                    interview = after
                    continue
                unfit.append(place)
            if is_past_target:
                break
            if (
                answered := _invent_answer(interview, stop, stamp, rng, hints.get(item.id, ()))
            ) is None:
                break
            if item.question.expects_answer:
                same = (
                    earlier is not None
                    and earlier.cell == answered.machine.recorded_answers[place].cell
                )
                fresh = earlier is None or place in unfit
                (invented if fresh else changed if not same else []).append(place)
            interview = answered
            continue
        after_event = interview.step(event)
        if isinstance(after_event, Rejection):
            break
        interview = after_event
    reached = is_past_target
    if to is not None and interview.place != to:
        after_return = (
            interview.step(events.PositionMoved(stamp, to, jump=jump)) if is_past_target else None
        )
        reached = isinstance(after_return, Interview)
        interview = after_return if isinstance(after_return, Interview) else interview
    lists = {"invented": tuple(invented), "changed": tuple(changed), "rejected": tuple(unfit)}
    return AnswerMigration(interview=interview, **lists, reached=reached)


def _compute_value(
    interview: Interview, place: Place, stamp: events.EventStamp, rng: Random | None
) -> events.ValueComputed:
    """Build the event of a computed item; a quota's state is drawn with `rng`, else it is open."""
    value, of = interview.compute_answer()
    if value is None:
        value = rng.choice(QUOTA_STATES) if rng is not None else "open"
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
    """Return the interview after an invented answer; None where none is accepted."""
    item, place, machine = stop.item, stop.place, interview.machine
    if isinstance(item.question, EndItem):
        return None
    if not item.question.expects_answer:
        after = interview.step(events.QuestionAnswered(stamp, place))
        return after if isinstance(after, Interview) else None
    for _ in range(ENTRY_ATTEMPTS):
        reply = item.question.invent(machine.walk.build_item_context(stop, machine.language), rng)
        if hints and rng.random() < 0.7:
            takes_several = isinstance(item.question, MultipleItem) and len(hints) > 1
            reply = (
                " ".join(rng.sample(hints, rng.randint(1, 2)))
                if takes_several
                else rng.choice(hints)
            )
        event: events.InterviewEvent | Rejection
        if (
            isinstance(reply, str)
            and reply[:1] == "."
            and any(d.id == reply[1:] for d in item.declines)
        ):
            event = events.QuestionDeclined(stamp, place, reply[1:])
        else:
            event = prompts.parse_reply(interview, reply, stamp)
        after = event if isinstance(event, Rejection) else interview.step(event)
        if isinstance(after, Interview):
            return after
    for decline in item.declines:
        after = interview.step(events.QuestionDeclined(stamp, place, decline.id))
        if isinstance(after, Interview):
            return after
    return None


def find_path(
    instrument: Instrument,
    begin: Callable[[int], events.InterviewStarted],
    given_answers: GivenAnswers,
    *,
    to: Place,
    stamp: events.EventStamp,
    seed: int,
) -> AnswerMigration | None:
    """Find a path to any place: with the answers given, then with other answers, then with another case.

    `begin(0)` starts the case as it is, `begin(n)` another one. Returns None where no path was found.
    """
    hints = find_hints(instrument, instrument.items[to.item], to.turn)
    follow = partial(carry_over, instrument, to=to, stamp=stamp, jump=True)
    steps = attempt = 0
    for number, answers, case in PATH_STRATEGIES:
        for _ in range(number):
            attempt += 1
            rng = Random(f"{seed}/{to}/{attempt}")
            began, tried = begin(attempt if case else 0), hints if answers else None
            migration = follow(began, given_answers, rng=rng, hints=tried)
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
            deciding_leaf = instrument.items.get(name)
            if (
                deciding_leaf is not None
                and deciding_leaf.where is not None
                and name not in followed
            ):
                followed.add(name)
                conditions.append(deciding_leaf.where)
                _add_turn_hints(instrument, deciding_leaf.source, 1, hints)
            hints.setdefault(name, []).extend(entries)
    _add_turn_hints(instrument, item.roster or "", turn or 1, hints)
    return {name: tuple(dict.fromkeys(entries)) for name, entries in hints.items()}


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
    enclosing: list[CompiledItem | object] = [
        g for g in instrument.groups.values() if item in g.items
    ]
    for other in instrument.items.values():
        if other is item:
            break
        if isinstance(other.question, EndItem):
            enclosing.append(other)
            enclosing += [g for g in instrument.groups.values() if other in g.items]
    conditions: list[Condition] = []
    for node in (item, *enclosing):
        for name in ("ask_if", "unless", "count"):
            condition = getattr(node, name, None)
            if isinstance(condition, Condition) and condition not in conditions:
                conditions.append(condition)
    return conditions


def _list_entries(node: ast.AST) -> tuple[str, ...]:
    """List the entries for a constant of a condition, with its neighbors; for a function, the declines it tests."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return DECLINES_BY_FUNCTION.get(node.func.id, ())
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return ()
    if isinstance(node.value, int):
        return tuple(str(node.value + by) for by in (0, 1, -1) if node.value + by >= 0)
    return (str(node.value),) if isinstance(node.value, float | str) else ()


def list_neighbors(before: Collection[str], after: Mapping[str, object], gone: str) -> list[str]:
    """List items to move to where one no longer exists, nearest first.

    These are the items in its place, those after it, then those before it. `before` and `after` are the items of
    both versions in written order.
    """
    old = list(before)
    if gone not in old:
        return []
    index = old.index(gone)
    behind = [item for item in old[index + 1 :] if item in after]
    ahead = [item for item in reversed(old[:index]) if item in after]
    new = list(after)
    first = new.index(ahead[0]) + 1 if ahead else 0
    last = new.index(behind[0]) if behind else len(new)
    old_items = set(old)
    return [*(item for item in new[first:last] if item not in old_items), *behind, *ahead]


STATION: Final = "preview"
MAX_PLACES_NAMED: Final = 6
"""Places named in one remark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewValue:
    """One column of the data at this point, as the analyst will get it."""

    name: str
    value: str
    """As exported: a code, a number, a text; or empty."""
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
    """Find the zone in which the case is called; None where none is known, or where the column names none."""
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
    """Starts an interview of the case, or with a number other than 0 of another one."""
    seed: int
    keyed: Mapping[Place, RecordedAnswer]
    """Answers of earlier versions and of other paths; those of the interview itself come first."""
    inventions: Mapping[Place, RecordedAnswer]
    """Answers that were invented; some may have been changed since."""
    remark: str = ""
    """What the last step did besides what its key says."""

    @property
    def variant(self) -> int:
        """The number of the invented case: 0 the first one, others where a path to an item needed another."""
        return self.interview.start.seed - self.seed

    def given_answers(self) -> Mapping[Place, RecordedAnswer]:
        """Return every answer, including those of places that are gone for now.

        Where a keyed answer no longer fits and another was invented, this is the keyed one.
        """
        replaced = self.keyed.keys() & self.invented_answers().keys()
        recorded = self.interview.machine.recorded_answers
        return {
            **self.keyed,
            **{place: answer for place, answer in recorded.items() if place not in replaced},
        }

    def invented_answers(self) -> Mapping[Place, RecordedAnswer]:
        """Return the answers that were invented and are still valid."""
        recorded = self.interview.machine.recorded_answers
        return {
            p: answer
            for p, answer in self.inventions.items()
            if p in recorded and recorded[p].cell == answer.cell
        }

    def list_items(self) -> tuple[AskedItem, ...]:
        """List every item that can be shown, in written order, with its answer or why it has none."""
        instrument, route = self.interview.instrument, self.interview.evaluate_route()
        asked = {item.place: item for item in asked_items.list_asked(self.interview)}
        rows: list[AskedItem] = []
        for place in self._iterate_places(route.known):
            if (item := asked.get(place)) is not None:
                rows.append(item)
                continue
            known = route.known.in_turn(place.turn) if place.turn else route.known
            words = to_plain_text(
                instrument.items[place.item].text.fill(known, self.interview.language)
            )
            state = "not reached" if place in route.unreached else "not asked"
            rows.append(AskedItem(place, words.replace("\n", " "), f"({state})"))
        return tuple(rows)

    def _iterate_places(self, known: Known) -> Iterator[Place]:
        """Iterate over all places, in written order; of a roster each turn, at least the first."""
        for roster, items in groupby(
            self.interview.instrument.items.values(), key=lambda item: item.roster
        ):
            shown = [item for item in items if not isinstance(item.question, ComputedItem)]
            turns: tuple[int | None, ...] = (None,)
            if roster:
                so_far = known.turns_of(roster)
                turns = so_far if isinstance(so_far, tuple) and so_far else (1,)
            for turn in turns:
                for item in shown:
                    yield Place(item.id, turn)

    def go_back(self) -> Rejection | None:
        """Go to the previous item; from the end of the interview, to its last one."""
        if self.interview.status == "open":
            return super().go_back()
        place = (
            prompts.find_previous_place(self.interview)
            if self.interview.place is None
            else self.interview.place
        )
        return (
            Rejection("there is nothing to go back to") if place is None else self._lead_to(place)
        )

    def jump(self, place: Place) -> Rejection | None:
        """Go to any item, asked or not: open questions before it are answered by invention, from the seed."""
        instrument = self.interview.instrument
        if (item := instrument.items.get(place.item)) is None:
            suggestion = suggest_nearest(
                place.item, instrument.items, otherwise="F3 lists the items"
            )
            return Rejection(f"there is no item {place.item}: {suggestion}")
        if isinstance(item.question, ComputedItem):
            return Rejection(f"{place.item} is answered by the computer, so it can't be shown")
        if item.roster is None:
            place = Place(place.item)
        elif place.turn is None:
            place = Place(place.item, 1)
        is_answered = (
            self.interview.status == "open" and place in self.interview.machine.recorded_answers
        )
        if is_answered and super().jump(place) is None and self.interview.place == place:
            return None
        return self._lead_to(place)

    def _lead_to(self, place: Place) -> Rejection | None:
        interview = self.interview

        def begin(variant: int) -> events.InterviewStarted:
            return self.begin(variant or self.variant)

        stamp, answers = self._stamp(), self.given_answers()
        migration = find_path(
            interview.instrument, begin, answers, to=place, stamp=stamp, seed=self.seed
        )
        if migration is None:
            item = interview.instrument.items[place.item]
            conditions = [c.text for c in list_conditions(interview.instrument, item)]
            why = f"; it depends on {conditions[0]}" if conditions else ""
            return Rejection(f"no invented answers lead to {place}{why}")
        self.remark = _describe_path(migration, interview.start.sample)
        self.keyed = {**self.given_answers(), **select_answers(migration, migration.changed)}
        invented = select_answers(migration, migration.invented + migration.changed)
        self.inventions = {**self.invented_answers(), **invented}
        self.interview, self._prompt_is_current, self._time_until_hangup = (
            migration.interview,
            False,
            None,
        )
        return self.advance()

    def list_values(self) -> tuple[PreviewValue, ...]:
        """List every column of the data as it would be exported now."""
        instrument, invented = self.interview.instrument, self.invented_answers()
        codes = {v.name: v for v in build_columns(instrument, self.interview.language)}
        return tuple(
            _build_value(codes[v.name], cell, invented)
            for v, cell in zip(build_columns(instrument), build_row(self.interview), strict=True)
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


def _describe_path(migration: AnswerMigration, sample: Mapping[str, Value | Missing]) -> str:
    """Describe what was done to get there."""
    parts = describe_migration(migration)
    changed_columns = [n for n, v in migration.interview.start.sample.items() if sample.get(n) != v]
    if changed_columns:
        now = migration.interview.start.sample
        parts.append(
            "another case: "
            + join_first((f"{n} {now[n]}" for n in changed_columns), MAX_PLACES_NAMED)
        )
    return "; ".join(parts)


def _build_value(variable: Variable, cell: Cell, invented: Container[Place]) -> PreviewValue:
    place = Place(variable.item, variable.turn)
    value, label, state = "", "", "answered"
    if isinstance(cell, Missing):
        state = cell.kind
        code, label = variable.declines.get(cell.kind, (None, cell.kind.replace("_", " ")))
        coded = variable.storage in ("integer", "decimal") or variable.labels
        value = str(code) if coded and code is not None else ""
    else:
        value = f"{cell:.10g}" if isinstance(cell, float) else str(cell)
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
