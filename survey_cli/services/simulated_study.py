"""Study in memory for simulated fieldwork: its cases before any call, without personal data.

The study's database is only read.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final

from survey_cli.fieldwork.case import case as fieldwork
from survey_cli.fieldwork.case.events import (
    SAMPLE_STATION,
    CaseClaimed,
    CaseEvent,
    CaseReleased,
    CaseSampled,
    DoNotCallSet,
    HistoryEntry,
    NumberMarked,
)
from survey_cli.fieldwork.plan.plan import People
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.permissions import Action
from survey_cli.problems import ConfirmableError, UserError
from survey_cli.samples.cases.sample_file import SampleCase, read_sample
from survey_cli.services.sample.import_sample import (
    build_contact,
    build_sample_event,
    iterate_number_marks,
)
from survey_cli.store.cases.case_records import Contact, ContactNumber, NewCase
from survey_cli.study.consistency.upkeep import rebuild_queue
from survey_cli.study.open_study import OpenStudy, check_study_may, open_records, open_study

IMPORTED_BY: Final = "sample"
SAMPLE_EVENTS: Final = (CaseSampled, CaseReleased, NumberMarked, DoNotCallSet)
"""Events that come from the sample, before any call."""
IMPORT_EVENTS: Final = (CaseSampled, CaseReleased)
"""Those of them that calls don't cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedStudyOptions:
    """Which cases are simulated: invented ones, those of a file, or those of the study's database.

    The first that are given are used, in this order.
    """

    path: str
    at: datetime
    """When the cases were imported."""
    invented: Sequence[SampleCase] = ()
    sample: str = ""
    db: str | None = None
    people: People = field(default_factory=People)
    released: Collection[str] | None = None
    """Released replicates of invented cases or of a file's; None means all.

    Cases of the database are released as they are there.
    """


def load_simulation_cases(
    options: SimulatedStudyOptions, instrument: Instrument
) -> list[tuple[str, list[HistoryEntry]]]:
    """Load the cases, each with its history before any call."""
    if options.invented:
        cases = list(_iterate_sampled_cases(options.invented, instrument, options.released))
    elif options.sample:
        sample = read_sample(options.sample, instrument)
        if isinstance(sample, list):
            remedy = "correct them, then run the command again"
            raise UserError(options.sample, "the sample has problems", remedy, tuple(sample))
        cases = list(_iterate_sampled_cases(sample.cases, instrument, options.released))
    else:
        cases = _load_stored_cases(options)
    return [
        (key, [HistoryEntry(options.at, IMPORTED_BY, SAMPLE_STATION, event) for event in events])
        for key, events in cases
    ]


def open_simulated_study(options: SimulatedStudyOptions, rng: Random) -> OpenStudy:
    """Open the study in memory. The caller closes it."""
    instrument = open_instrument(options.path)
    cases = load_simulation_cases(options, instrument)
    invented = {case.key: case for case in options.invented}

    study = open_study(
        options.path, db=":memory:", create=True, by=IMPORTED_BY, invented=options.people
    )
    rebuild_queue(study, options.at)

    def build_cases() -> Iterator[NewCase]:
        for ordinal, (key, entries) in enumerate(cases, start=1):
            case = fieldwork.Case.from_history(key, entries)
            link = f"{rng.getrandbits(128):032x}"
            if key in invented:
                contact = build_contact(invented[key], instrument, link=link)
            else:
                contact = _build_nameless_contact(case, ordinal, link)
            position = schedule_case(case, study.plan, options.at)
            yield NewCase(key=key, entries=entries, queue_position=position, contact=contact)

    study.store.cases.imports.add(
        build_cases(),
        import_id=f"{rng.getrandbits(64):016x}",
        at=options.at,
        by=IMPORTED_BY,
        file=options.sample,
    )
    return study


def _iterate_sampled_cases(
    cases: Iterable[SampleCase], instrument: Instrument, released: Collection[str] | None
) -> Iterator[tuple[str, list[CaseEvent]]]:
    """Yield each case with the events that its sample brings."""
    for case in cases:
        events: list[CaseEvent] = [build_sample_event(case, instrument)]
        if released is None or case.replicate in released:
            events.append(CaseReleased())
        events += iterate_number_marks(case, ())
        yield case.key, events


def _load_stored_cases(options: SimulatedStudyOptions) -> list[tuple[str, list[CaseEvent]]]:
    """Load the stored cases, each as its sample brought it."""
    use_others = "use others: --sample cases.csv, --cases 500"
    try:
        study = open_records(options.path, db=options.db)
    except ConfirmableError:
        raise
    except UserError as error:
        remedy = f"{error.remedy}, or {use_others}" if error.remedy else use_others
        raise UserError(error.where, error.what, remedy, error.problems) from error

    cases = []
    with study:
        check_study_may(study, Action.SEE_CASES)
        for key, history in study.store.cases.queries.iterate_histories():
            events = _select_sample_events(history)
            if events:
                cases.append((key, events))
        where = study.where
    if not cases:
        raise UserError(where, "there are no cases yet", use_others)
    return cases


def _select_sample_events(history: Sequence[HistoryEntry]) -> list[CaseEvent]:
    """Return the events of a history that fieldwork did not cause.

    After the first claim, marks on numbers come from calls, and only imports and releases count.
    """
    selected: list[CaseEvent] = []
    was_claimed = False
    for entry in history:
        event = entry.event
        if isinstance(event, CaseClaimed):
            was_claimed = True
        kinds = IMPORT_EVENTS if was_claimed else SAMPLE_EVENTS
        if isinstance(event, kinds):
            selected.append(event)
    return selected


def _build_nameless_contact(case: fieldwork.Case, ordinal: int, link: str) -> Contact:
    """Return a contact with numbers that nobody has: no country has the code 999."""
    numbers = []
    for number in case.numbers:
        position = number.position
        e164 = f"+999{ordinal:08}{position % 100:02}"
        numbers.append(ContactNumber(position, "", e164, f"number {position}"))
    return Contact(link=link, numbers=tuple(numbers))
