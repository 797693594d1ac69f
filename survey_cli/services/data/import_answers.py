"""Import of answers from outside: the engine conducts an interview with each row of a data file.

All rows are imported or none. A row that is stored already, with the same answers, is passed over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from survey_cli.engine import events
from survey_cli.engine.events import EventStamp
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Machine
from survey_cli.engine.prompts import parse_reply_at
from survey_cli.engine.route import RouteStop
from survey_cli.engine.route_reasons import explain_absence
from survey_cli.entries import ExactText, Rejection, Reply
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.answer_map import AnswerMap
from survey_cli.instrument.schema.items.brackets import BracketStepItem
from survey_cli.instrument.schema.items.unasked_items import (
    QUOTA_STATES,
    ComputedItem,
    DrawItem,
    PickItem,
    SplitItem,
)
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import load_source
from survey_cli.instrument.texts.languages import find_language
from survey_cli.outcomes import OUTCOMES
from survey_cli.permissions import Action
from survey_cli.problems import Problem, UserError, select_errors, suggest_nearest
from survey_cli.samples.cases.answer_rows import GivenAnswer, find_answer_columns
from survey_cli.samples.cases.columns import (
    ColumnReader,
    InvalidValue,
    clean_text,
    find_column,
    make_role_reader,
)
from survey_cli.samples.files.data_file import read_data_file
from survey_cli.samples.files.sheet import (
    InputRow,
    InputSheet,
    ProblemCollector,
    iterate_whole_rows,
)
from survey_cli.services.data.bracket_answers import find_step_answer
from survey_cli.services.database.route_verification import describe_reason
from survey_cli.services.run_on_study import (
    ProgressCallback,
    ProgressReporter,
    Request,
    open_requested,
)
from survey_cli.store import InstrumentRow, WholeInterview
from survey_cli.store.database_location import has_database, locate_database
from survey_cli.study.location import find_people_file
from survey_cli.study.open_study import OpenStudy
from survey_cli.table.columns import IMPORT_STATION, NOON, build_blocks
from survey_cli.values import ADMIN_COLUMNS, NOT_ASKED, Missing, Place, Value
from survey_cli.wording import shorten

"""A supervisor's task."""
MAX_SEEDS: Final = 2_000
"""How many more seeds are tried for one that gives the arms, draws and picks of a row."""
DATE_LENGTH: Final = len("2026-01-31")
AnswerEvent: TypeAlias = events.QuestionAnswered | events.QuestionDeclined | events.ValueComputed


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerImportOptions:
    """Which file is imported, and how it is read."""

    data: str
    map: str = ""
    """The file that maps its columns. Without one, they have the names of the variables."""
    sheet: str | None = None
    encoding: str | None = None
    dry_run: bool = False
    """Report what would happen, and change nothing."""
    progress: ProgressCallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerImport:
    """What an import did, or in a dry run would do."""

    where: str
    rows: int = 0
    added: int = 0
    unused: Sequence[str] = ()
    """Columns of the file that are not read."""
    problems: Sequence[Problem] = ()
    """If one of them is an error, nothing was imported."""


class _Misfit(NamedTuple):
    """Why a row doesn't fit the route at the place that the interview has reached."""

    why: str


_DRAWN_OTHERWISE: Final = _Misfit("this can't be drawn here, or not together with earlier draws")
"""The misfit that another seed may not have."""


def import_answers(request: Request, options: AnswerImportOptions) -> AnswerImport:
    """Import the rows of a data file as interviews of origin `imported`. Raises UserError."""
    instrument = open_instrument(request.path)
    spec = _read_map(options.map)
    where = locate_database(request.path, instrument.id, request.db)
    is_new = not has_database(where)
    first = request
    if is_new:
        # Rows are checked with a database in memory, so that a rejected file leaves no database.
        people = request.people or find_people_file(request.path, where)
        first = replace(request, db=":memory:", people=people)

    with open_requested(first, Action.IMPORT_ANSWERS, create=True) as study:
        collector = ProblemCollector(options.data)
        sheet = read_data_file(
            options.data, collector, sheet=options.sheet, encoding=options.encoding
        )
        if sheet is None:
            return AnswerImport(where=where, problems=collector.list_problems())

        columns = _Columns(instrument, sheet, spec, collector)
        rows = []
        if not collector.has_errors:
            rows = list(iterate_whole_rows(sheet, collector))
        stamp = EventStamp(study.at, study.who.login, IMPORT_STATION)
        reader = _RowReader(instrument, columns, spec, collector, stamp)
        reported_rows = ProgressReporter(options.progress, len(rows))(rows)
        new = _read_new_interviews(study, reader, reported_rows)

        if not collector.has_errors and not options.dry_run:
            if is_new:
                with open_requested(request, Action.IMPORT_ANSWERS, create=True) as target:
                    _store(target, instrument, new, study.at)
            else:
                _store(study, instrument, new, study.at)
        return AnswerImport(
            where=where,
            rows=len(rows),
            added=len(new),
            unused=columns.list_unused(),
            problems=collector.list_problems(),
        )


def _read_map(file: str) -> AnswerMap:
    """Read the file that maps columns; without one, the map is empty. Raises UserError."""
    if not file:
        return AnswerMap()

    source = load_source(file)
    spec = None
    problems = list(source.problems)
    if source.tree is not None:
        spec, found, _ = validate_file(source.tree, AnswerMap)
        problems += found
    if spec is None or select_errors(problems):
        raise UserError(file, "the map has problems", "correct what is listed", tuple(problems))
    return spec


def _read_new_interviews(
    study: OpenStudy, reader: "_RowReader", rows: Iterable[InputRow]
) -> list[WholeInterview]:
    """Read the interviews of all rows, and return those that are not stored yet."""
    interviews = study.store.interviews
    stored = {row.id: row for row in interviews.list_rows(origin="imported")}
    new = []
    for row in rows:
        interview = reader.read(row)
        if interview is None:
            continue

        record = _build_record(interview)
        before = stored.get(record.interview.id)
        if before is None:
            new.append(record)
        elif not before.is_erased:
            # The answers of an erased interview are neither compared nor stored again.
            reader.compare(row, interview, interviews.read_journal(before.id))
    return new


def _build_record(interview: Interview) -> WholeInterview:
    # The same row has the same id again, by which it is found to be stored.
    name = f"survey-cli:{interview.instrument.id}:{interview.start.case}"
    return WholeInterview.from_interview(interview, str(uuid5(NAMESPACE_URL, name)), "imported")


def _store(
    study: OpenStudy, instrument: Instrument, new: Sequence[WholeInterview], at: datetime
) -> None:
    """Store the interviews, all or none. Raises UserError."""
    if not new:
        return

    study.store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=at))
    # Rows are written fastest in the order of their keys.
    ordered = sorted(new, key=lambda whole: whole.interview.id)
    try:
        study.store.interviews.add(ordered, at_once=True)
    except ValueError as error:
        what = (
            "somebody else has imported some of these rows meanwhile, and nothing was imported now"
        )
        raise UserError(study.where, what, "run the command again") from error


class _Columns:
    """The columns of a file by what they mean.

    It reports problems with the heading and the map.
    """

    def __init__(
        self,
        instrument: Instrument,
        sheet: InputSheet,
        spec: AnswerMap,
        collector: ProblemCollector,
    ) -> None:
        self._instrument = instrument
        self._spec = spec
        self._collector = collector
        self.names = [name.strip() for name in sheet.heading.cells]
        self._headings: dict[str, int] = {}
        """The first column of each name, in lower case."""
        for index, name in enumerate(self.names):
            if name:
                self._headings.setdefault(name.casefold(), index)

        self._check_map()
        self.places = find_answer_columns(
            instrument, self._headings, spec, decimal_comma=sheet.decimal_comma
        )
        self.key = self._find(spec.key, "interview_case", find_column(instrument, "key"))
        if self.key is None:
            what = "no column identifies a row"
            collector.add_error("answer-key", "", what, "name one in the map: key: COLUMN")
        self.began = self._find(spec.began, "interview_began")
        self.status = self._find("interview_status")
        self.outcome = self._find("interview_outcome")
        self.language = self._find("interview_language")
        self.sample = self._find_sample_columns(decimal_comma=sheet.decimal_comma)
        """The sample columns in the file, with functions that read their texts."""
        self._check_headings(sheet)

    def _find(self, *names: str | None) -> int | None:
        """Return the position of the first of these columns that the file has."""
        for name in names:
            if name and name.casefold() in self._headings:
                return self._headings[name.casefold()]
        return None

    def _find_sample_columns(self, *, decimal_comma: bool) -> dict[str, tuple[int, ColumnReader]]:
        mapped = {str(name): str(column) for name, column in self._spec.columns.items()}
        found = {}
        for name, column in self._instrument.sample.items():
            index = self._find(mapped.get(name), name)
            if index is not None:
                read = make_role_reader(self._instrument, column, decimal_comma=decimal_comma)
                found[name] = (index, read)
        return found

    def _check_map(self) -> None:
        """Report names in the map that the file or the questionnaire doesn't have."""
        spec = self._spec
        instrument = self._instrument

        for column in (spec.key, spec.began, *spec.columns.values()):
            if column and column.casefold() not in self._headings:
                what = f"{column.where}: the file has no column {str(column)!r}"
                self._report_map(what, "correct the map")

        variables: set[str] = set()
        for block in build_blocks(instrument, instrument.language):
            variables.update(variable.name for variable in block.variables)
            # All codes of a multiple may be in one column, which is named like the item.
            name_of_item = block.id
            if block.turn is not None:
                name_of_item = f"{block.id}_{block.turn}"
            variables.add(name_of_item)
        for name in (*spec.columns, *spec.recode):
            if name not in variables:
                remedy = suggest_nearest(name, variables, otherwise="correct the map")
                self._report_map(f"{name.where}: there is no variable {str(name)!r}", remedy)

        language = spec.language
        if language is not None and language not in instrument.languages:
            what = f"{language.where}: the questionnaire has no language {str(language)!r}"
            self._report_map(what, f"write one of {', '.join(instrument.languages)}")
        for key in spec.answers:
            if Place.parse(key).item not in instrument.items:
                self._report_map(f"{key.where}: there is no item {str(key)!r}", "correct the map")
        empty = spec.empty
        if empty is not None and empty not in instrument.declines:
            known = ", ".join(instrument.declines)
            what = f"{empty.where}: {str(empty)!r} is not a decline"
            self._report_map(what, f"write one of {known}")

    def _report_map(self, what: str, remedy: str) -> None:
        self._collector.add_error("answer-map", "", what, remedy)

    def _check_headings(self, sheet: InputSheet) -> None:
        """Report columns that are read, and whose name another column has too."""
        for index in sorted(self._find_used()):
            name = self.names[index]
            same = []
            for other, other_name in enumerate(self.names):
                if other_name.casefold() == name.casefold():
                    same.append(sheet.describe_column(other))
            if len(same) > 1:
                what = f"{same[0]} and {same[1]} both have this name"
                line = sheet.heading.line
                self._collector.add_error("heading", name, what, "keep one of them", line=line)

    def _find_used(self) -> set[int]:
        """Return the positions of the columns that are read."""
        used = {self.key, self.began, self.status, self.outcome, self.language}
        used.update(index for index, _ in self.sample.values())
        for columns in self.places.values():
            by_code = [cells for _, cells in (*columns.options, *columns.words)]
            for cells in (columns.answer, columns.state, columns.mentions, *by_code):
                if cells is not None:
                    used.add(cells.index)
        return {index for index in used if index is not None}

    def list_unused(self) -> list[str]:
        """Return the columns that are not read, without those that an export derives."""
        used = self._find_used()
        derived = {*ADMIN_COLUMNS, *self._instrument.computes}
        unused = []
        for index, name in enumerate(self.names):
            is_derived = name in derived or name.endswith(("_order", "_turns"))
            if name and index not in used and not is_derived:
                unused.append(name)
        return unused


class _RowReader:
    """Conducts an interview with each row of a file, and reports what doesn't fit."""

    def __init__(
        self,
        instrument: Instrument,
        columns: _Columns,
        spec: AnswerMap,
        collector: ProblemCollector,
        stamp: EventStamp,
    ) -> None:
        self.instrument = instrument
        self.columns = columns
        self.spec = spec
        self.collector = collector
        self.stamp = stamp
        self.fixed = {Place.parse(key): str(text) for key, text in spec.answers.items()}
        """Answers of all interviews, which the map gives."""
        self.lines: dict[str, int] = {}
        """The line of each key."""

    def read(self, row: InputRow) -> Interview | None:
        """Return the interview that a row makes; None, with problems, if it doesn't fit."""
        key = self._read_key(row)
        if key is None:
            return None
        began = self._read_start(row, key)
        if began is None:
            return None

        machine, misfit = self._run(row, began)
        seed = began.seed
        while misfit is _DRAWN_OTHERWISE and seed < began.seed + MAX_SEEDS:
            seed += 1
            machine, misfit = self._run(row, began._replace(seed=seed))

        if misfit is not None:
            self._report_misfit(row, machine, misfit)
            return None
        if self._reports_unasked(row, machine):
            return None
        return Interview(machine)

    def _read_key(self, row: InputRow) -> str | None:
        """Return the key of a row; None, with a problem, if it has none of its own."""
        assert self.columns.key is not None
        key = clean_text(row.cells[self.columns.key])
        if key and key not in self.lines:
            self.lines[key] = row.line
            return key

        what = "the key is empty"
        if key:
            what = f"line {self.lines[key]} has the same key"
        self._report(row, self.columns.key, key, what, "give each row a key of its own")
        return None

    def _run(self, row: InputRow, began: events.InterviewStarted) -> tuple[Machine, _Misfit | None]:
        """Answer an interview as the row says, and return why it came to no end."""
        machine = Machine.begin(self.instrument, began)
        while machine.status == "open":
            event = self._choose_event(machine, row, began.stamp)
            if isinstance(event, _Misfit):
                return machine, event
            rejection = machine.apply(event)
            if rejection is not None:
                return machine, _Misfit(rejection.why)
        return machine, None

    def compare(
        self, row: InputRow, interview: Interview, journal: Sequence[events.InterviewEvent]
    ) -> None:
        """Report the first answer that differs from those that were imported before."""
        before = _list_answers(journal)
        now = _list_answers(interview.events)
        for place in {**before, **now}:
            if before.get(place) != now.get(place):
                case = interview.start.case
                what = f"this row was imported before with another answer at {place}"
                remedy = "undo the change, or give the row another key"
                self._report(row, self.columns.key, case, what, remedy)
                return

    def _read_start(self, row: InputRow, key: str) -> events.InterviewStarted | None:
        """Return the beginning of an interview; None, with a problem, if a cell isn't valid."""
        at = self._read_time(row, key)
        if at is None:
            return None
        sample = self._read_sample(row, key)
        if sample is None:
            return None

        return events.InterviewStarted(
            self.stamp._replace(at=at),
            instrument=self.instrument.hash,
            # From the key, so that the same row has the same draws again.
            seed=int.from_bytes(sha256(key.encode()).digest()[:7]),
            case=key,
            today=at.date(),
            session=events.SessionContext(self.stamp.by, "morning", self._choose_language(row)),
            sample=sample,
        )

    def _read_time(self, row: InputRow, key: str) -> datetime | None:
        """Return when the interview began: by default at the import."""
        column = self.columns.began
        text = row.cells[column].strip() if column is not None else ""
        if not text:
            return self.stamp.at

        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            what = f"{shorten(text)!r} is no date"
            remedy = "write it as 2026-01-31 or 2026-01-31 18:05"
            self._report(row, column, key, what, remedy)
            return None

        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
            if len(text) <= DATE_LENGTH:
                at = at.replace(hour=NOON.hour)
        if at > self.stamp.at:
            self._report(row, column, key, "this is in the future", "correct the date")
            return None
        return at

    def _read_sample(self, row: InputRow, key: str) -> dict[str, Value | Missing] | None:
        """Return the sample values of a row."""
        sample: dict[str, Value | Missing] = {}
        for name, (index, read) in self.columns.sample.items():
            text = clean_text(row.cells[index])
            value = read(text) if text else NOT_ASKED
            if isinstance(value, InvalidValue):
                self._report(row, index, key, value.what, value.remedy)
                return None
            sample[name] = value
        return sample

    def _choose_language(self, row: InputRow) -> str:
        """Choose the language: that of the map, the one that an export names, or the first."""
        if self.spec.language is not None:
            return str(self.spec.language)
        exported = ""
        if self.columns.language is not None:
            exported = row.cells[self.columns.language]
        return find_language(exported, self.instrument.languages) or self.instrument.language

    def _choose_event(
        self, machine: Machine, row: InputRow, stamp: EventStamp
    ) -> events.InterviewEvent | _Misfit:
        """Return what happens next, or why the row doesn't fit here."""
        stop = machine.current_stop
        if stop is None:
            return _end_interview(machine, stamp)
        place = stop.place
        if machine.query is not None:
            return events.QueryConfirmed(stamp, place, machine.query)

        columns = self.columns.places.get(place)
        given = columns.read(row.cells) if columns is not None else None
        if isinstance(stop.item.question, BracketStepItem):
            given = find_step_answer(self.columns.places, row.cells, stop)
        if isinstance(stop.item.question, ComputedItem):
            return _compute_value(machine, stop, given, stamp)
        if not stop.item.question.expects_answer:
            return events.QuestionAnswered(stamp, place)
        if given is None:
            return self._answer_without_cell(machine, stop, row, stamp)
        if given.decline:
            return events.QuestionDeclined(stamp, place, given.decline)
        if given.code is not None:
            # The machine checks that the code is offered.
            return events.QuestionAnswered(stamp, place, given.code)
        assert given.reply is not None
        return _parse_reply(machine, stop, given.reply, stamp)

    def _answer_without_cell(
        self, machine: Machine, stop: RouteStop, row: InputRow, stamp: EventStamp
    ) -> events.InterviewEvent | _Misfit:
        """Return the answer that the map gives, or the end of an interview that isn't complete."""
        text = self.fixed.get(stop.place)
        if text is None:
            ending = self._end_incomplete(row, stamp)
            if ending is not None:
                return ending
            if self.spec.empty is not None:
                text = f".{self.spec.empty}"

        if text is None:
            column = "is empty" if stop.place in self.columns.places else "has no column"
            return _Misfit(f"it is asked, and {column}")
        if text.startswith(".") and text[1:] in self.instrument.declines:
            return events.QuestionDeclined(stamp, stop.place, text[1:])
        return _parse_reply(machine, stop, ExactText(text), stamp)

    def _end_incomplete(
        self, row: InputRow, stamp: EventStamp
    ) -> events.InterviewEvent | _Misfit | None:
        """Return the end of an interview that was suspended or stopped; None if it is complete."""
        status = self._read_cell(row, self.columns.status)
        outcome = self._read_cell(row, self.columns.outcome)
        is_suspended = status in ("open", "suspended")
        if not is_suspended and outcome in ("", "complete"):
            return None

        if outcome and outcome not in (*OUTCOMES, *self.instrument.document.outcomes):
            return _Misfit(f"it is not answered, and there is no outcome {outcome!r}")
        if is_suspended:
            return events.InterviewSuspended(stamp, outcome)
        return events.InterviewStopped(stamp, outcome)

    def _read_cell(self, row: InputRow, column: int | None) -> str:
        return row.cells[column].strip() if column is not None else ""

    def _reports_unasked(self, row: InputRow, machine: Machine) -> bool:
        """Report the first answer that the file has at a place off the route."""
        for place, columns in self.columns.places.items():
            is_computed = isinstance(columns.item.question, ComputedItem)
            if place in machine.recorded_answers or is_computed:
                continue
            if columns.read(row.cells) is None:
                continue

            why = "it is not reached"
            reason = explain_absence(machine, machine.recorded_answers, place)
            if reason is not None:
                why = describe_reason(self.instrument, reason, place)
            what = f"it has an answer and is not asked: {why}"
            remedy = "empty the cell, or correct the answer that decides"
            self._report(row, columns.first, str(place), what, remedy)
            return True
        return False

    def _report_misfit(self, row: InputRow, machine: Machine, misfit: _Misfit) -> None:
        stop = machine.current_stop
        place = stop.place if stop is not None else Place("")
        columns = self.columns.places.get(place)
        if columns is not None:
            remedy = "correct the cell, or give its code another meaning in the map: recode"
            self._report(row, columns.first, str(place), misfit.why, remedy)
            return

        key = f"columns: {{{place.item}: COLUMN}}, or answers: {{{place}: …}}"
        remedy = f"give its column in the map: {key}"
        self._report(row, None, str(place), misfit.why, remedy)

    def _report(self, row: InputRow, column: int | None, who: str, what: str, remedy: str) -> None:
        """Report a problem with a row, at one of its columns if it has one."""
        of = who
        if column is not None:
            of = self.columns.names[column]
            what = f"column {of}, {shorten(row.cells[column])!r}: {shorten(what, 300)}"
        self.collector.add_error("answer-row", shorten(who), what, remedy, line=row.line, of=of)


def _end_interview(machine: Machine, stamp: EventStamp) -> events.InterviewEvent:
    """Return the end of an interview at the end of its route."""
    outcome = OUTCOMES.get(machine.ending)
    if outcome is not None and outcome.temporary:
        return events.InterviewSuspended(stamp, machine.ending)
    return events.InterviewEnded(stamp, machine.ending)


def _compute_value(
    machine: Machine, stop: RouteStop, given: GivenAnswer | None, stamp: EventStamp
) -> events.InterviewEvent | _Misfit:
    """Return the value of an item that the computer answers."""
    value, of = Interview(machine).compute_answer()
    is_drawn = isinstance(stop.item.question, SplitItem | DrawItem | PickItem)
    if is_drawn and given is not None and not given.says(value):
        return _DRAWN_OTHERWISE

    if value is None:
        # The state of a quota, which only the file can tell.
        value = "open"
        for state in QUOTA_STATES:
            if given is not None and given.says(state):
                value = state
                break
    return events.ValueComputed(stamp, stop.place, value, of)


def _parse_reply(
    machine: Machine, stop: RouteStop, reply: Reply, stamp: EventStamp
) -> events.InterviewEvent | _Misfit:
    event = parse_reply_at(machine, stop, reply, stamp)
    if isinstance(event, Rejection):
        return _Misfit(event.why)
    return event


def _list_answers(journal: Sequence[events.InterviewEvent]) -> dict[Place, object]:
    """Return the answers of a journal of an imported interview by place."""
    answers: dict[Place, object] = {}
    for event in journal:
        if isinstance(event, AnswerEvent):
            # Without the stamp and the place: the time of another import is another one.
            answers[event.place] = event[2:]
    return answers
