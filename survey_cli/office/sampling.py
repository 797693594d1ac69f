"""Bringing a sample into the field: read, compared with what is kept, and only when all of it is sound kept, all or
nothing. What would happen can be had without its happening.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from random import Random
from typing import Final

from survey_cli.fieldwork import case as fieldwork
from survey_cli.fieldwork.events import Entry, Event, NumberFacts, NumberMarked, Released, Sampled
from survey_cli.fieldwork.policy import standing
from survey_cli.instrument.opening import open_instrument
from survey_cli.instrument.program import Instrument
from survey_cli.problems import Problem, Trouble
from survey_cli.samples.cases import Case, Sample, read_sample
from survey_cli.samples.numbers import Number
from survey_cli.samples.summary import Summary, summarised
from survey_cli.store import Store, StoreProblem
from survey_cli.store.case_records import Contact, ContactNumber, NewCase
from survey_cli.study.opening import Study, in_step, open_study
from survey_cli.values import Cell, Missing, Value

STATION: Final = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, or with a dry run would do."""

    where: str
    summary: Summary
    problems: tuple[Problem, ...]
    """Warnings, by line."""
    added: int
    updated: int
    dry: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a file is to be imported."""

    file: str
    sheet: str | None = None
    encoding: str | None = None
    update: bool = False
    """Cases that are kept already take on the file's values."""
    dry: bool = False
    """Say what would happen, and change nothing."""
    released: frozenset[str] | None = None
    """Replicates that are in the field from the beginning; None: none of them."""


def import_sample(
    path: str,
    wanted: Wanted,
    *,
    db: str | None = None,
    by: str = "",
    people: str | None = None,
    at: datetime,
    dice: Random,
    pause: Callable[[], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Imported | Trouble | list[Problem]:
    """Import the cases of a file. Problems where one of them is an error: then nothing was kept. The same file again
    changes nothing."""
    study = open_study(path, db=db, by=by, people=people, create=not wanted.dry)
    if isinstance(study, Trouble) and wanted.dry:
        study = _nothing_kept(path, study, by=by, people=people)
    if isinstance(study, Trouble):
        return study
    with study:
        try:
            return _imported(study, wanted, at=at, dice=dice, pause=pause, progress=progress)
        except StoreProblem as problem:
            return Trouble(problem.where, problem.what, problem.remedy)


def _nothing_kept(path: str, trouble: Trouble, *, by: str, people: str | None) -> Study | Trouble:
    """A dry run where nothing is kept yet looks at a database in memory."""
    instrument = open_instrument(path)
    if isinstance(instrument, Trouble):
        return instrument
    found = open_study(path, db=":memory:", by=by, people=people, create=True)
    return found if isinstance(found, Trouble) else replace(found, where=trouble.where)


def _imported(
    study: Study,
    wanted: Wanted,
    *,
    at: datetime,
    dice: Random,
    pause: Callable[[], None] | None,
    progress: Callable[[int, int], None] | None,
) -> Imported | list[Problem]:
    cases = study.store.cases
    cases.settle(pause=pause)
    kept = kept_values(study.store)
    sample = read_sample(
        wanted.file, study.instrument, sheet=wanted.sheet, encoding=wanted.encoding, existing=kept
    )
    if isinstance(sample, list):
        return sample
    listed = study.never_call.among({number.e164 for case in sample.cases for number in case.live})
    summary = summarised(sample, existing=kept, never_call=lambda number: number.e164 in listed)
    added = updated = 0
    if not wanted.dry:
        new = [case for case in sample.cases if case.key not in kept]
        added = (
            cases.add(
                _told(_made(new, study, wanted, at, dice, listed), len(new), progress),
                import_id=f"{dice.getrandbits(64):016x}",
                at=at,
                by=study.who.login,
                file=wanted.file,
                pause=pause,
            )
            if new
            else 0
        )
        in_step(study, at, pause=pause)
        if wanted.update:
            updated = _updated(sample, summary, study, at, dice)
    return Imported(
        where=study.where,
        summary=summary,
        problems=sample.problems,
        added=added,
        updated=updated,
        dry=wanted.dry,
    )


def kept_values(store: Store) -> dict[str, dict[str, Cell]]:
    """The sample values of every case that is kept, by key, those of personal columns among them."""
    personal = {key: contact.columns for key, contact in store.cases.contacts()}
    return {
        key: {**fieldwork.Case.of(key, history).columns, **personal.get(key, {})}
        for key, history in store.cases.histories()
    }


def _told(
    cases: Iterator[NewCase], whole: int, progress: Callable[[int, int], None] | None
) -> Iterator[NewCase]:
    for number, case in enumerate(cases, start=1):
        if progress is not None and (number % 500 == 0 or number == whole):
            progress(number, whole)
        yield case


def _made(
    cases: list[Case], study: Study, wanted: Wanted, at: datetime, dice: Random, listed: Collection[str]
) -> Iterator[NewCase]:
    for case in cases:
        events: list[Event] = [sampled(case, study.instrument)]
        if wanted.released is not None and case.replicate in wanted.released:
            events.append(Released())
        events += _marks(case, listed)
        entries = [Entry(at, study.who.login, STATION, event) for event in events]
        stands = standing(fieldwork.Case.of(case.key, entries), study.plan, at)
        yield NewCase(
            key=case.key,
            entries=entries,
            standing=stands,
            contact=contact_of(case, study.instrument, link=f"{dice.getrandbits(128):032x}"),
            mark=fingerprint(case),
        )


def positions(case: Case, kept: Contact | None = None) -> list[int]:
    """What each of its numbers is called by in its history: a number that is kept already goes on under its own."""
    known = {number.e164 or number.written: number.position for number in (kept.numbers if kept else ())}
    free = max(known.values(), default=0)
    found = []
    for number in case.numbers:
        said = number.read.e164 if isinstance(number.read, Number) else number.read.written
        if said not in known:
            free += 1
            known[said] = free
        found.append(known[said])
    return found


def sampled(case: Case, instrument: Instrument, kept: Contact | None = None) -> Sampled:
    """What the sample brings of a case that tells nobody who it is."""
    return Sampled(
        columns={
            name: value
            for name, value in case.values.items()
            if not instrument.sample[name].hidden
            and instrument.sample[name].role != "key"
            and not isinstance(value, Missing)
        },
        numbers=tuple(
            NumberFacts(position, number.read.line, number.read.zones if not case.zone else ())
            if isinstance(number.read, Number)
            else NumberFacts(position)
            for position, number in zip(positions(case, kept), case.numbers, strict=True)
        ),
        zone=case.zone,
        language=case.language,
        priority=case.priority,
        weight=case.weight,
        frame=case.frame,
        replicate=case.replicate,
    )


def _marks(case: Case, listed: Collection[str]) -> list[Event]:
    """Numbers that nothing can be made of, and such as are never to be called."""
    found: list[Event] = []
    for position, number in enumerate(case.numbers, start=1):
        if not isinstance(number.read, Number):
            found.append(NumberMarked(position, "dead", number.read.why))
        elif number.read.e164 in listed:
            found.append(NumberMarked(position, "never_call", "on the list"))
    return found


def contact_of(case: Case, instrument: Instrument, *, link: str, kept: Contact | None = None) -> Contact:
    """What tells who a case is; numbers that were kept before and are not in the file any more stay."""
    columns: dict[str, Value] = {
        name: value
        for name, value in case.values.items()
        if instrument.sample[name].hidden and not isinstance(value, Missing)
    }
    named = next((n for n, c in instrument.sample.items() if c.role == "name"), "")
    numbers = [
        ContactNumber(
            position,
            number.read.written,
            number.read.e164 if isinstance(number.read, Number) else "",
            _shown(number.read, case, instrument) if isinstance(number.read, Number) else number.read.written,
            number.read.extension if isinstance(number.read, Number) else "",
        )
        for position, number in zip(positions(case, kept), case.numbers, strict=True)
    ]
    if kept is not None:
        columns = {**kept.columns, **columns}
        brought = {number.position for number in numbers}
        numbers = [*(n for n in kept.numbers if n.position not in brought), *numbers]
    numbers.sort(key=lambda number: number.position)
    return Contact(link=link, name=str(columns.get(named, "")), columns=columns, numbers=tuple(numbers))


def _shown(number: Number, case: Case, instrument: Instrument) -> str:
    """As it is dialled from the study's country."""
    fieldwork_written = instrument.written.fieldwork
    country = str(fieldwork_written.country or "") if fieldwork_written is not None else ""
    return number.national if number.country == country or not country else number.international


def fingerprint(case: Case) -> str:
    """What its row says, short: an equal one has changed nothing."""
    said = sorted((name, repr(value)) for name, value in case.values.items())
    return blake2b(repr(said).encode(), digest_size=8).hexdigest()


def _updated(sample: Sample, summary: Summary, study: Study, at: datetime, dice: Random) -> int:
    """Give the cases that the file changes its values; what was called and answered stays."""
    cases, done = study.store.cases, 0
    changed = {change.case for change in summary.changes}
    for case in sample.cases:
        if case.key not in changed:
            continue
        history = cases.history(case.key)
        before = fieldwork.Case.of(case.key, history)
        kept = cases.contact(case.key)
        brought = sampled(case, study.instrument, kept)
        columns = {**before.columns, **{n: v for n, v in brought.columns.items() if n in sample.columns}}
        entry = Entry(at, study.who.login, STATION, brought._replace(columns=columns))
        link = kept.link if kept is not None else f"{dice.getrandbits(128):032x}"
        contact = contact_of(case, study.instrument, link=link, kept=kept)
        after = before.after(entry)
        lost = cases.write(
            case.key,
            seq=before.seq,
            entries=[entry],
            standing=standing(after, study.plan, at),
            force=True,
            contact=contact,
            mark=fingerprint(case),
        )
        done += lost is None
    return done
