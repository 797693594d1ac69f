"""The interviews of a study as one table: which versions have some, what stands in each row, which rows are wanted.

Where nothing but the last state is asked for, rows are as their snapshots keep them; as of a moment, or by a condition
over more than plain answers, each journal is followed anew.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from json.encoder import encode_basestring
from typing import NamedTuple

from survey_cli.engine.codec import encode_cells
from survey_cli.engine.events import Erased, Event
from survey_cli.engine.interview import VERSION, Interview
from survey_cli.fieldwork.rates.dispositions import disposition
from survey_cli.instrument.compiled.external_symbols import compile_external_condition
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import UserError, did_you_mean, errors
from survey_cli.services.data.export_options import ORIGINS, Made, Ruled, Wish
from survey_cli.services.data.study_metadata import study_of
from survey_cli.services.database.derived_columns import differences
from survey_cli.services.progress_callback import Watched
from survey_cli.store import InstrumentRow, Line, Origin, Status, Store
from survey_cli.store.backends.errors import RESTORE
from survey_cli.study.version_changes import acceptance_of, version_words
from survey_cli.table import Part, admin, cells, columns, united
from survey_cli.table.answers_table import ANSWERS, answer_rows
from survey_cli.table.computes import Computing, asks_for_today, inputs_of, is_plain
from survey_cli.table.encoded_cells import cell_reader, cell_texts
from survey_cli.table.meaning_changes import Apart, Change, columns_apart
from survey_cli.table.paradata import EVENTS, Heading, event_rows
from survey_cli.table.personal import personal_names
from survey_cli.table.table import Table, outcome_labels
from survey_cli.values import NOT_ASKED, Cell, Code, Variable


class Stopped(Exception):
    """Why the rows cannot go on, found in the middle of them."""

    def __init__(self, trouble: UserError) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where interviews are taken from, and which."""

    store: Store
    instrument: Instrument
    """The newest version: the file's."""
    wish: Wish
    language: str
    shown: Mapping[str, str]
    """By login what stands for an interviewer."""
    until: datetime | None = None
    """What happened later is left out."""
    ruled: Mapping[str, Ruled] = field(default_factory=dict)
    """By interview what a supervisor's correction made of it."""

    @property
    def origins(self) -> tuple[Origin, ...]:
        return ORIGINS if self.wish.origin == "all" else (self.wish.origin,)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """Those that are listed now; as of a past moment each journal says."""
        return () if self.wish.partials or self.until is not None else ("ended",)

    @property
    def personal(self) -> bool:
        return self.wish.all_personal or bool(self.wish.personal)


class _Taken(NamedTuple):
    """An interview that is wanted."""

    line: Line
    journal: Sequence[Event] | None = None
    """Its events so far; None where nobody had to read them."""
    interview: Interview | None = None


def interview_table(source: Source) -> Made | UserError:
    """All versions that have interviews to export as one table. Without any, the file's own columns."""
    versions = _versions(source)
    if isinstance(versions, UserError):
        return versions
    parts = [version.part() for version in versions]
    uncomputed = tuple(versions[-1].uncomputed()) if versions else ()
    if not parts:
        language = source.language
        variables = (*admin(source.instrument, language), *columns(source.instrument, language))
        told = f"version {source.instrument.version}"
        parts.append(Part(version=told, variables=variables, rows=lambda: ()))
    wish = source.wish
    known = {name for part in parts for v in part.variables for name in (v.name, v.item)} - {""}
    if (unknown := unknown_personal(wish, known)) is not None:
        return unknown
    made = united(parts, language=source.language, personal=None if wish.all_personal else wish.personal)
    return Made(
        table=replace(made.table, study=study_of(source.instrument, source.language)),
        warnings=(*_namesakes([version.kept for version in versions]), *_corrections(source)),
        differences=(*map(str, made.differences), *uncomputed),
        left_out=made.left_out,
        ruled=source.ruled,
    )


def unknown_personal(wish: Wish, known: Collection[str]) -> UserError | None:
    """What is asked for with `--personal` and is none of these."""
    for name in sorted(wish.personal - set(known)):
        remedy = did_you_mean(name, known, otherwise="name an item")
        return UserError("--personal", f"there is no column {name!r}", remedy)
    return None


def event_table(source: Source) -> Made | UserError:
    """A row for each event of each interview."""
    return _long(source, EVENTS, "event", lambda v, journal, head: event_rows(v.instrument, journal, head))


def answer_table(source: Source) -> Made | UserError:
    """A row for each answer of each interview that counts."""
    return _long(
        source,
        ANSWERS,
        "answer",
        lambda v, journal, head: answer_rows(v.instrument, journal, head, v.language),
    )


def _long(
    source: Source,
    variables: tuple[Variable, ...],
    each: str,
    rows_of: "Callable[[_Version, Sequence[Event], Heading], Iterator[tuple[Cell, ...]]]",
) -> Made | UserError:
    versions = _versions(source)
    if isinstance(versions, UserError):
        return versions
    instruments = [version.instrument for version in versions] or [source.instrument]
    leaves = {name for instrument in instruments for name in instrument.leaves}
    secret = {name for instrument in instruments for name in personal_names(instrument)}
    if (unknown := unknown_personal(source.wish, leaves | secret)) is not None:
        return unknown

    def rows() -> Iterator[tuple[Cell, ...]]:
        for version in versions:
            for taken in version.taken():
                line = taken.line
                journal = taken.journal
                if journal is None:
                    journal = source.store.journal(line.id)
                head = Heading(
                    id=line.id,
                    case=line.case,
                    number=line.number,
                    origin=line.origin,
                    version=version.kept.version,
                    hidden=version.hidden,
                    shown=source.shown,
                )
                try:
                    yield from rows_of(version, journal, head)
                except ValueError as error:
                    raise _unfollowed(line, error) from error

    hidden = set() if source.wish.all_personal else (secret & leaves) - source.wish.personal
    study = study_of(source.instrument, source.language)
    return Made(
        table=Table(variables=variables, rows=rows(), language=source.language, study=study, each=each),
        warnings=tuple(_namesakes([version.kept for version in versions])),
        left_out=tuple(sorted(hidden)),
    )


def _versions(source: Source) -> "list[_Version] | UserError":
    """The versions that have interviews to export, the first kept first."""
    condition = wanted_condition(source.instrument, source.wish)
    if isinstance(condition, UserError):
        return condition
    kept_here = source.store.instruments()
    numbers = {
        kept.hash: source.store.how_many(kept.hash, origins=source.origins, statuses=source.statuses)
        for kept in kept_here
    }
    used = [kept for kept in kept_here if numbers[kept.hash]]
    watched = Watched(source.wish.tell, sum(numbers.values()))
    versions = []
    for kept in used:
        newest = source.instrument
        instrument = newest if kept.hash == newest.hash else rebuild_instrument(kept.texts, kept.hash)
        if isinstance(instrument, UserError):
            return instrument
        versions.append(
            _Version(
                source=source,
                instrument=instrument,
                kept=kept,
                told=version_words(kept, used),
                where=condition,
                watched=watched,
                language=source.language if source.language in instrument.languages else instrument.language,
            )
        )
    instruments = [version.instrument for version in versions]
    if instruments and instruments[-1].hash != source.instrument.hash:
        instruments.append(source.instrument)
    apart = columns_apart(instruments, lambda change: _means_the_same(source.store, change))
    return [
        replace(version, apart=own, number=number)
        for number, (version, own) in enumerate(zip(versions, apart, strict=False), 1)
    ]


def _means_the_same(store: Store, change: Change) -> bool:
    """Whether somebody has said so of a changed text."""
    accepted = acceptance_of(store, change)
    return accepted is not None and accepted.same


def wanted_condition(instrument: Instrument, wish: Wish) -> Condition | UserError | None:
    """The condition of `--where`; None where there is none. What is personal is asked about only by whoever gets it."""
    if not wish.where:
        return None
    condition, problems = compile_external_condition(instrument, wish.where, who="--where")
    if condition is None:
        first = errors(problems)[0]
        return UserError("--where", first.what, first.remedy)
    hidden = (personal_names(instrument) & condition.names) - wish.personal
    if hidden and not wish.all_personal:
        return personal_condition(min(hidden))
    return condition


def personal_condition(name: str) -> UserError:
    """Why nobody may ask about a column that is not asked for."""
    return UserError("--where", f"{name} is personal", f"leave it out, or add --personal {name}")


def _outcomes(source: Source) -> dict[Code, str]:
    """The outcomes of the newest version in words, and AAPOR's names of codes that supervisors gave alone."""
    labels = outcome_labels(source.instrument, source.language)
    for code in sorted({ruled.outcome for ruled in source.ruled.values()} - set(labels)):
        row = disposition(code)
        labels[code] = row.name if row is not None else f"Code {code}"
    return labels


def _corrections(source: Source) -> Iterator[str]:
    if number := len(source.ruled):
        many = "1 interview" if number == 1 else f"{number:,} interviews"
        yield f"interview_outcome is a supervisor's correction in {many}; what was keyed is among the calls"


def _namesakes(used: Sequence[InstrumentRow]) -> Iterator[str]:
    """Versions by one name that are several texts."""
    for name in dict.fromkeys(kept.version for kept in used):
        same = [kept for kept in used if kept.version == name]
        if len(same) > 1:
            which = f"version {name!r}" if name else "no version"
            days = ", ".join(_moment(kept) for kept in same)
            yield (
                f"{len(same)} different questionnaires say {which} (in use since {days}): "
                "raise version: whenever the file is edited"
            )


def _moment(kept: InstrumentRow) -> str:
    return f"{kept.kept_at:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """The interviews that began with one text of the instrument."""

    source: Source
    instrument: Instrument
    kept: InstrumentRow
    told: str
    where: Condition | None
    watched: Watched
    language: str
    apart: Mapping[str, Apart] = field(default_factory=dict)
    """Items, sample columns and computes that mean something else than in newer versions."""
    number: int = 1

    @property
    def hidden(self) -> frozenset[str]:
        """Items whose values are not to be said."""
        wish = self.source.wish
        return frozenset() if wish.all_personal else personal_names(self.instrument) - wish.personal

    def part(self) -> Part:
        own = columns(self.instrument, self.language)
        computing = self._computing()
        trusted = self._trusted(own)
        version = encode_basestring(self.kept.version)
        shown, ruled_by = self.source.shown, self.source.ruled

        def rows() -> Iterator[str]:
            for taken in self.taken():
                line, interview = taken.line, taken.interview
                data = line.cells if trusted and line.engine == str(VERSION) else None
                if interview is None and (data is None or not computing.can_read(data)):
                    _, interview = self._replayed(line)
                if interview is not None:
                    data = encode_cells(cells(interview))
                assert data is not None
                data = computing.row(data, interview)
                if (ruled := ruled_by.get(line.id)) is not None:
                    line = line._replace(outcome=ruled.outcome)
                yield _admin(line, version, shown.get(line.by, line.by)) + data[1:]

        known = admin(self.instrument, self.language, _outcomes(self.source))
        why = "it is computed from other answers there, or from answers with another meaning"
        without_input = {name: Apart(self.number, why) for name in computing.lacking}
        return Part(
            version=self.told,
            variables=(*known, *computing.variables),
            rows=rows,
            apart={**self.apart, **without_input},
        )

    def uncomputed(self) -> Iterator[str]:
        """What is said of computes of the questionnaire that are no column, for want of what they read."""
        computing = self._computing()
        there = {v.name for v in computing.variables}
        for name, compute in self.source.instrument.computes.items():
            if name not in there:
                reads = ", ".join(sorted(inputs_of(compute)))
                yield f"{name}: not computed: {self.told} does not have all that it reads ({reads}) in this meaning"

    def _computing(self) -> Computing:
        wish = self.source.wish
        wanted = None if wish.all_personal else wish.personal
        return Computing.of(self.instrument, self.source.instrument, self.apart, self.language, wanted)

    def _trusted(self, variables: Sequence[Variable]) -> bool:
        """Whether the kept cells are those of today's columns."""
        kept = [(v.name, v.storage, v.personal) for v in self.kept.variables]
        return [(v.name, v.storage, v.personal) for v in variables] == kept

    def taken(self) -> Iterator[_Taken]:
        """The interviews that are wanted, the first begun first."""
        source = self.source
        lines = self.watched(
            source.store.lines(
                self.kept.hash, origins=source.origins, statuses=source.statuses, personal=source.personal
            )
        )
        if source.until is not None:
            for line in lines:
                yield from self._then(line, source.until)
        elif self.where is None:
            for line in lines:
                yield _Taken(line)
        else:
            holds = self._holds(self.where)
            for line in lines:
                yield from holds(line)

    def _then(self, line: Line, until: datetime) -> Iterator[_Taken]:
        """An interview as it was at a moment; what was erased since is erased. None where it had not begun, or is not
        wanted."""
        journal = self.source.store.journal(line.id)
        if not journal or journal[0].stamp.at > until:
            return
        if not isinstance(journal[-1], Erased):
            journal = [event for event in journal if event.stamp.at <= until]
        interview = self._followed(line, journal)
        if not self.source.wish.partials and interview.status != "ended":
            return
        if self.where is not None and not self._is_true(self.where, interview, self._computing()):
            return
        last = next(e for e in reversed(journal) if not isinstance(e, Erased)).stamp
        line = line._replace(
            status=interview.status, outcome=interview.outcome, by=last.by, updated_at=last.at.isoformat()
        )
        yield _Taken(line, journal, interview)

    def _holds(self, where: Condition) -> Callable[[Line], Iterator[_Taken]]:
        """Of one interview after another, itself where the condition is true of it."""
        variables = columns(self.instrument, self.language)
        plain = {
            v.name: at
            for at, v in enumerate(variables)
            if is_plain(self.instrument, v) and v.name not in self.apart
        }
        quick = where.names <= plain.keys() and not asks_for_today(where) and self._trusted(variables)
        computing = self._computing()
        reads = {name: cell_reader(variables[plain[name]].storage) for name in where.names} if quick else {}

        def holds(line: Line) -> Iterator[_Taken]:
            if quick and line.cells is not None and line.engine == str(VERSION):
                texts = cell_texts(line.cells, len(variables))
                env = {name: read(texts[plain[name]]) for name, read in reads.items()}
                if where.evaluate(env) is True:
                    yield _Taken(line)
                return
            journal, interview = self._replayed(line)
            if self._is_true(where, interview, computing):
                yield _Taken(line, journal, interview)

        return holds

    def _is_true(self, where: Condition, interview: Interview, computing: Computing) -> bool:
        """Whether a condition holds of an interview; what its version did not have, or meant otherwise, was not asked."""
        known = computing.known(interview.standing().env)
        other = self.apart.keys() | computing.lacking
        lacking = {name for name in where.names if name not in known}
        lacking |= {key for key in known if (key[0] if isinstance(key, tuple) else key) in other}
        return where.evaluate({**known, **dict.fromkeys(lacking, NOT_ASKED)}) is True

    def _replayed(self, line: Line) -> tuple[Sequence[Event], Interview]:
        """An interview whose stored data are not taken as they are: its journal and what that gives. Stopped where the
        row beside it says something else."""
        journal = self.source.store.journal(line.id)
        interview = self._followed(line, journal)
        if differing := differences(interview, line):
            what = f"its row in the list of interviews differs from its journal ({', '.join(differing)})"
            remedy = f"`survey verify` lists all that differs; a backup is brought back by: {RESTORE}"
            raise Stopped(UserError(f"case {line.case}, interview {line.id[:8]}", what, remedy))
        return journal, interview

    def _followed(self, line: Line, journal: Sequence[Event]) -> Interview:
        try:
            return Interview.replay(self.instrument, journal)
        except ValueError as error:
            raise _unfollowed(line, error) from error


def _unfollowed(line: Line, error: ValueError) -> Stopped:
    what = f"its journal can't be followed ({str(error).partition(':')[0]})"  # the rest may quote an answer
    return Stopped(UserError(f"case {line.case}", what, "`survey verify` tells more"))


def _admin(line: Line, version: str, by: str) -> str:
    """The beginning of a row."""
    id, case, number, origin, status, outcome, began, updated, *_ = line
    text = encode_basestring
    return (
        f'["{id}",{text(case)},{number},"{origin}",{version},"{status}",{text(outcome)},'
        f'"{began[:19]}+00:00","{updated[:19]}+00:00",{text(by)},'
    )
