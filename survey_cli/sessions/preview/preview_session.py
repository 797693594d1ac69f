"""Preview session: an interview that is not stored, in which the author can go to any item and see the data."""

from collections import ChainMap
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Any, Final

from survey_cli.engine import asked_items, prompts
from survey_cli.engine.asked_items import AskedItem
from survey_cli.engine.events import InterviewStarted
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import RecordedAnswer
from survey_cli.entries import Rejection, to_plain_text
from survey_cli.fieldwork.plan.known_outcomes import build_outcome_table
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import ComputedItem
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.sessions.interview.case_values import find_zone
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession, SessionSetup
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.preview.answer_migration import AnswerMigration, find_path, list_conditions
from survey_cli.store import Store
from survey_cli.store.interviews.interview_store import InterviewStore
from survey_cli.table.columns import build_columns, build_row
from survey_cli.values import Cell, Missing, Place, Value, Variable
from survey_cli.wording import join_first

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


def find_usable_zone(instrument: Instrument, sample: Mapping[str, Value | Missing]) -> tzinfo | None:
    """Find the zone in which the case is called; None where none is known, or where the column names none."""
    try:
        return find_zone(instrument, sample)
    except UserError:
        return None


class PreviewSession(InterviewSession):
    """An interview that is not stored, and in which the author can go anywhere."""

    def __init__(
        self,
        interview: Interview,
        *,
        begin: Callable[[int], InterviewStarted],
        clock: Clock,
        given_answers: Mapping[Place, RecordedAnswer],
        invented_answers: Mapping[Place, RecordedAnswer],
        seed: int,
    ) -> None:
        instrument, sample = interview.instrument, interview.start.sample
        name_column = next((n for n, c in instrument.sample.items() if c.role == "name"), "")
        super().__init__(
            store=NullStore(),
            id=STATION,
            interview=interview,
            setup=SessionSetup(
                by=interview.start.stamp.by,
                station=STATION,
                clock=clock,
                zone=find_usable_zone(instrument, sample),
                to_local=datetime.astimezone,
                respondent=str(sample.get(name_column) or ""),
                notice="",
                practice=True,
                stored_in="nowhere",
            ),
            outcomes=build_outcome_table(instrument),
            link=CaseLink(),
        )
        self._begin = begin
        self._seed = seed
        self._given_answers = dict(given_answers)
        self._invented_answers = dict(invented_answers)
        self.remark = ""
        """What the last step did besides what its key says."""

    @property
    def variant(self) -> int:
        """The number of the invented case: 0 the first one, others where a path to an item needed another."""
        return self._interview.start.seed - self._seed

    def given_answers(self) -> Mapping[Place, RecordedAnswer]:
        """Return every answer, including those of places that are gone for now.

        Where a keyed answer no longer fits and another was invented, this is the keyed one.
        """
        replaced = self._given_answers.keys() & self.invented_answers().keys()
        recorded = self._interview.machine.recorded_answers
        return {**self._given_answers, **{place: answer for place, answer in recorded.items() if place not in replaced}}

    def invented_answers(self) -> Mapping[Place, RecordedAnswer]:
        """Return the answers that were invented and are still valid."""
        recorded = self._interview.machine.recorded_answers
        return {
            p: answer
            for p, answer in self._invented_answers.items()
            if p in recorded and recorded[p].cell == answer.cell
        }

    def list_items(self) -> tuple[AskedItem, ...]:
        """List every item that can be shown, in written order, with its answer or why it has none."""
        instrument, route = self._interview.instrument, self._interview.evaluate_route()
        asked = {item.place: item for item in asked_items.list_asked(self._interview)}
        rows: list[AskedItem] = []
        for place in self._iterate_places(route.env):
            if (item := asked.get(place)) is not None:
                rows.append(item)
                continue
            env = ChainMap({"#turn": place.turn}, dict(route.env)) if place.turn else route.env
            words = to_plain_text(instrument.items[place.item].text.fill(env, self._interview.language))
            state = "not reached" if place in route.unreached else "not asked"
            rows.append(AskedItem(place, words.replace("\n", " "), f"({state})"))
        return tuple(rows)

    def _iterate_places(self, env: Mapping[Any, Any]) -> Iterator[Place]:
        """Iterate over all places, in written order; of a roster each turn, at least the first."""
        for roster, items in groupby(self._interview.instrument.items.values(), key=lambda item: item.roster):
            shown = [item for item in items if not isinstance(item.question, ComputedItem)]
            for turn in (env.get("#" + roster) or (1,)) if roster else (None,):
                yield from (Place(item.id, turn) for item in shown)

    def go_back(self) -> Rejection | None:
        """Go to the previous item; from the end of the interview, to its last one."""
        if self._interview.status == "open":
            return super().go_back()
        place = prompts.find_previous_place(self._interview) if self._interview.place is None else self._interview.place
        return Rejection("there is nothing to go back to") if place is None else self._lead_to(place)

    def jump(self, place: Place) -> Rejection | None:
        """Go to any item, asked or not: open questions before it are answered by invention, from the seed."""
        instrument = self._interview.instrument
        item = instrument.items.get(place.item)
        if item is None:
            suggestion = suggest_nearest(place.item, instrument.items, otherwise="F3 lists the items")
            return Rejection(f"there is no item {place.item}: {suggestion}")
        if isinstance(item.question, ComputedItem):
            return Rejection(f"{place.item} is answered by the computer, so it can't be shown")
        if item.roster is None:
            place = Place(place.item)
        elif place.turn is None:
            place = Place(place.item, 1)
        if self._interview.status == "open" and place in self._interview.machine.recorded_answers:
            rejection = super().jump(place)
            if rejection is None and self._interview.place == place:
                return None
        return self._lead_to(place)

    def _lead_to(self, place: Place) -> Rejection | None:
        interview = self._interview
        migration = find_path(
            interview.instrument,
            lambda variant: self._begin(variant or self.variant),
            self.given_answers(),
            to=place,
            stamp=self._stamp(),
            seed=self._seed,
        )
        if migration is None:
            item = interview.instrument.items[place.item]
            conditions = [c.text for c in list_conditions(interview.instrument, item)]
            why = f"; it depends on {conditions[0]}" if conditions else ""
            return Rejection(f"no invented answers lead to {place}{why}")
        self.remark = _describe_path(migration, interview.start.sample)
        self._given_answers = {**self.given_answers(), **select_answers(migration, migration.changed)}
        self._invented_answers = {
            **self.invented_answers(),
            **select_answers(migration, migration.invented + migration.changed),
        }
        self._interview, self._prompt_is_current, self._time_until_hangup = migration.interview, False, None
        return self.advance()

    def list_values(self) -> tuple[PreviewValue, ...]:
        """List every column of the data as it would be exported now."""
        instrument, invented = self._interview.instrument, self.invented_answers()
        codes = {v.name: v for v in build_columns(instrument, self._interview.language)}
        return tuple(
            _build_value(codes[v.name], cell, invented)
            for v, cell in zip(build_columns(instrument), build_row(self._interview), strict=True)
        )


def select_answers(migration: AnswerMigration, places: tuple[Place, ...]) -> dict[Place, RecordedAnswer]:
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
    return [f"{what}: {join_first(places, MAX_PLACES_NAMED)}" for what, places in kinds.items() if places]


def _describe_path(migration: AnswerMigration, sample: Mapping[str, Value | Missing]) -> str:
    """Describe what was done to get there."""
    parts = describe_migration(migration)
    changed_columns = [n for n, v in migration.interview.start.sample.items() if sample.get(n) != v]
    if changed_columns:
        now = migration.interview.start.sample
        parts.append("another case: " + join_first((f"{n} {now[n]}" for n in changed_columns), MAX_PLACES_NAMED))
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
    return PreviewValue(
        name=variable.name, value=value, label=label, state=state, place=place, is_invented=place in invented
    )
