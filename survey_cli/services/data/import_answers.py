"""Import of answers from outside: each row of a data file is an interview, answered through the engine.

All rows are imported or none. A row that is stored already, with the same answers, is passed over.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias
from uuid import NAMESPACE_URL, uuid5

from survey_cli.engine import events
from survey_cli.engine.events import EventStamp
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Machine
from survey_cli.engine.prompts import parse_reply_at
from survey_cli.engine.route import RouteStop
from survey_cli.engine.route_reasons import explain_absence
from survey_cli.entries import ExactText, Rejection
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.answer_map import AnswerMap
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
from survey_cli.problems import Problem, UserError, select_errors, suggest_nearest
from survey_cli.samples.cases.answer_rows import PlaceColumns, find_answer_columns
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
from survey_cli.services.database.route_verification import describe_reason
from survey_cli.services.run_on_study import (
    ProgressCallback,
    ProgressReporter,
    Request,
    convert_to_study_time,
)
from survey_cli.store import InstrumentRow, WholeInterview
from survey_cli.store.database_location import locate_database
from survey_cli.study.location import locate_people_file
from survey_cli.study.open_study import OpenStudy, check_supervisor, open_study
from survey_cli.table.columns import IMPORT_STATION, NOON, build_blocks
from survey_cli.values import ADMIN_COLUMNS, NOT_ASKED, Missing, Place, Value
from survey_cli.wording import shorten

MAX_SEEDS: Final = 2_000
"""How many seeds are tried for one that gives the arms, draws and picks of a row."""
AnswerEvent: TypeAlias = events.QuestionAnswered | events.QuestionDeclined | events.ValueComputed


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerImportOptions:
    """Which file is imported, and how it is read."""

    data: str
    map: str = ""
    """The file that maps its columns; empty: its columns have the names of the variables."""
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
    """Where one of them is an error, nothing was imported."""


def import_answers(request: Request, options: AnswerImportOptions) -> AnswerImport:
    """Import the rows of a data file as interviews of origin `imported`. Raises UserError."""
    instrument = open_instrument(request.path)
    spec = _read_map(options.map)
    where = locate_database(request.path, instrument.id, request.db)
    exists = "://" in where or Path(where).exists()
    listed = locate_people_file(request.path, where)
    people = request.people or (str(listed) if listed is not None and listed.is_file() else None)
    open_database = partial(open_study, request.path, by=request.by, create=True)
    # without a database, rows are checked in memory: rejected ones leave no file
    with open_database(db=request.db if exists else ":memory:", people=people) as study:
        check_supervisor(study, "import answers")
        at = convert_to_study_time(study.store, request.at)
        collector = ProblemCollector(options.data)
        sheet = read_data_file(
            options.data, collector, sheet=options.sheet, encoding=options.encoding
        )
        if sheet is None:
            return AnswerImport(where=where, problems=collector.list_problems())
        stamp = EventStamp(at, study.who.login, IMPORT_STATION)
        reader = _RowReader(instrument, sheet, spec, collector, stamp)
        stored = {row.id: row for row in study.store.interviews.list_rows(origin="imported")}
        new = []
        rows = [] if collector.has_errors else list(iterate_whole_rows(sheet, collector))
        for row in ProgressReporter(options.progress, len(rows))(rows):
            interview = reader.read(row)
            if interview is None:
                continue
            record = _build_record(interview)
            before = stored.get(record.interview.id)
            if before is not None and before.is_erased:
                continue  # its answers are not stored again
            if before is not None:
                reader.compare(
                    row, interview, study.store.interviews.read_journal(record.interview.id)
                )
            else:
                new.append(record)
        problems = collector.list_problems()
        if not (collector.has_errors or options.dry_run):
            with (
                nullcontext(study)
                if exists
                else open_database(db=request.db, people=request.people) as target
            ):
                _store(target, instrument, new, at)
        unused = reader.list_unused_columns()
        return AnswerImport(
            where=where, rows=len(rows), added=len(new), unused=unused, problems=problems
        )


def _store(
    study: OpenStudy, instrument: Instrument, new: Sequence[WholeInterview], at: datetime
) -> None:
    if new:
        study.store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=at))
        try:
            # rows are written fastest in the order of their keys
            study.store.interviews.add(
                sorted(new, key=lambda whole: whole.interview.id), at_once=True
            )
        except ValueError as error:
            what = "somebody else has imported some of these rows meanwhile, and nothing was imported now"
            raise UserError(study.where, what, "run the command again") from error


def _read_map(file: str) -> AnswerMap:
    if not file:
        return AnswerMap()
    source = load_source(file)
    spec, problems = None, list(source.problems)
    if source.tree is not None:
        spec, more, _ = validate_file(source.tree, AnswerMap)
        problems += more
    if spec is None or select_errors(problems):
        raise UserError(file, "the map has problems", "correct what is listed", tuple(problems))
    return spec


def _build_record(interview: Interview) -> WholeInterview:
    id = uuid5(NAMESPACE_URL, f"survey-cli:{interview.instrument.id}:{interview.start.case}")
    return WholeInterview.from_interview(interview, str(id), "imported")


class _RowReader:
    """Answers one interview with each row of a file, and reports what does not fit."""

    def __init__(
        self,
        instrument: Instrument,
        sheet: InputSheet,
        spec: AnswerMap,
        collector: ProblemCollector,
        stamp: EventStamp,
    ) -> None:
        self.instrument, self.spec, self.collector, self.stamp = instrument, spec, collector, stamp
        self.names = [name.strip() for name in sheet.heading.cells]
        self.headings = {
            name.casefold(): index for index, name in reversed([*enumerate(self.names)]) if name
        }
        self._check_map()
        self.places = find_answer_columns(
            instrument, self.headings, spec, decimal_comma=sheet.decimal_comma
        )
        self.fixed = {Place.parse(key): str(text) for key, text in spec.answers.items()}
        self.key = self._find(spec.key, "interview_case", find_column(instrument, "key"))
        if self.key is None:
            what, remedy = "no column identifies a row", "name one in the map: key: COLUMN"
            collector.add_error("answer-key", "", what, remedy)
        self.began = self._find(spec.began, "interview_began")
        self.status, self.outcome = self._find("interview_status"), self._find("interview_outcome")
        self.language = self._find("interview_language")
        columns = {str(name): str(column) for name, column in spec.columns.items()}
        self.sample: dict[str, tuple[int, ColumnReader]] = {}
        for name, column in instrument.sample.items():
            if (index := self._find(columns.get(str(name)), name)) is not None:
                self.sample[name] = (
                    index,
                    make_role_reader(instrument, column, decimal_comma=sheet.decimal_comma),
                )
        for index in sorted(self._find_used_columns()):
            same = [
                other
                for other, name in enumerate(self.names)
                if name.casefold() == self.names[index].casefold()
            ]
            if len(same) > 1:
                what = f"{' and '.join(map(sheet.describe_column, same[:2]))} both have this name"
                collector.add_error(
                    "heading", self.names[index], what, "keep one of them", line=sheet.heading.line
                )
        self.lines: dict[str, int] = {}
        """The line of each key."""

    def _find(self, *names: object) -> int | None:
        return next(
            (
                self.headings[key]
                for name in names
                if name and (key := str(name).casefold()) in self.headings
            ),
            None,
        )

    def _check_map(self) -> None:
        spec, report = self.spec, partial(self.collector.add_error, "answer-map", "")
        for name in filter(None, (spec.key, spec.began, *spec.columns.values())):
            if str(name).casefold() not in self.headings:
                report(f"{name.where}: the file has no column {str(name)!r}", "correct the map")
        blocks = build_blocks(self.instrument, self.instrument.language)
        variables = {variable.name for block in blocks for variable in block.variables}
        variables |= {
            block.id if block.turn is None else f"{block.id}_{block.turn}" for block in blocks
        }
        for name in (*spec.columns, *spec.recode):
            if name not in variables:
                remedy = suggest_nearest(name, variables, otherwise="correct the map")
                report(f"{name.where}: there is no variable {str(name)!r}", remedy)
        if spec.language is not None and spec.language not in self.instrument.languages:
            what = (
                f"{spec.language.where}: the questionnaire has no language {str(spec.language)!r}"
            )
            report(what, f"write one of {', '.join(self.instrument.languages)}")
        for name in spec.answers:
            if Place.parse(name).item not in self.instrument.items:
                report(f"{name.where}: there is no item {str(name)!r}", "correct the map")
        if spec.empty is not None and spec.empty not in self.instrument.declines:
            known = ", ".join(self.instrument.declines)
            report(
                f"{spec.empty.where}: {str(spec.empty)!r} is not a decline", f"write one of {known}"
            )

    def _find_used_columns(self) -> set[int]:
        used = {
            self.key,
            self.began,
            self.status,
            self.outcome,
            self.language,
            *(index for index, _ in self.sample.values()),
        }
        for columns in self.places.values():
            by_code = [cell for _, cell in (*columns.options, *columns.words)]
            cells = (columns.answer, columns.state, columns.mentions, *by_code)
            used |= {cell.index for cell in cells if cell is not None}
        return {index for index in used if index is not None}

    def list_unused_columns(self) -> list[str]:
        """Return the columns that nothing reads."""
        used = self._find_used_columns()
        ignored = {*ADMIN_COLUMNS, *self.instrument.computes}
        return [
            name
            for index, name in enumerate(self.names)
            if name
            and index not in used
            and name not in ignored
            and not name.endswith(("_order", "_turns"))
        ]

    def read(self, row: InputRow) -> Interview | None:
        """Return the interview that a row makes; None, with problems, where it does not fit."""
        assert self.key is not None
        key = clean_text(row.cells[self.key])
        if not key or key in self.lines:
            what = f"line {self.lines[key]} has the same key" if key else "the key is empty"
            self._report(row, self.key, key, what, "give each row a key of its own")
            return None
        self.lines[key] = row.line
        began = self._read_start(row, key)
        if began is None:
            return None
        seed, last = began.seed, began.seed + MAX_SEEDS
        machine, why = self._run(row, began)
        while why is None and seed < last:
            seed += 1
            machine, why = self._run(row, began._replace(seed=seed))
        if why != "":
            self._report_place(
                row, machine, why or "this can't be drawn here, or not together with earlier draws"
            )
            return None
        return Interview(machine) if self._check_all_used(row, machine) else None

    def _run(self, row: InputRow, began: events.InterviewStarted) -> tuple[Machine, str | None]:
        """Answer an interview, and return why it came to no end; None where it was drawn with another seed."""
        machine = Machine.begin(self.instrument, began)
        while machine.status == "open":
            event = self._choose_event(machine, row, began.stamp)
            if event is None or isinstance(event, str):
                return machine, event
            if (rejection := machine.apply(event)) is not None:
                return machine, rejection.why
        return machine, ""

    def compare(
        self, row: InputRow, interview: Interview, journal: Sequence[events.InterviewEvent]
    ) -> None:
        """Report the first answer that differs from those that were imported before."""
        before, now = _list_answers(journal), _list_answers(interview.events)
        place = next(
            (place for place in {**before, **now} if before.get(place) != now.get(place)), None
        )
        if place is not None:
            what = f"this row was imported before with another answer at {place}"
            self._report(
                row,
                self.key or 0,
                interview.start.case,
                what,
                "undo the change, or give the row another key",
            )

    def _read_start(self, row: InputRow, key: str) -> events.InterviewStarted | None:
        at = self.stamp.at
        if self.began is not None and (text := row.cells[self.began].strip()):
            try:
                at = datetime.fromisoformat(text)
            except ValueError:
                remedy = "write it as 2026-01-31 or 2026-01-31 18:05"
                self._report(row, self.began, key, f"{shorten(text)!r} is no date", remedy)
                return None
            if at.tzinfo is None:
                has_hour = len(text) > len("2026-01-31")
                at = at.replace(tzinfo=UTC, hour=at.hour if has_hour else NOON.hour)
            if at > self.stamp.at:
                self._report(row, self.began, key, "this is in the future", "correct the date")
                return None
        sample: dict[str, Value | Missing] = {}
        for name, (index, read) in self.sample.items():
            text = clean_text(row.cells[index])
            value = read(text) if text else NOT_ASKED
            if isinstance(value, InvalidValue):
                self._report(row, index, key, value.what, value.remedy)
                return None
            sample[name] = value
        language = self._choose_language(row)
        return events.InterviewStarted(
            self.stamp._replace(at=at),
            instrument=self.instrument.hash,
            seed=int.from_bytes(sha256(key.encode()).digest()[:7]),
            case=key,
            today=at.date(),
            session=events.SessionContext(self.stamp.by, "morning", language),
            sample=sample,
        )

    def _choose_language(self, row: InputRow) -> str:
        """Choose the language of an interview: that of the map, else the one that an export names, else the first."""
        if self.spec.language is not None:
            return str(self.spec.language)
        exported = row.cells[self.language] if self.language is not None else ""
        return find_language(exported, self.instrument.languages) or self.instrument.language

    def _choose_event(
        self, machine: Machine, row: InputRow, stamp: EventStamp
    ) -> events.InterviewEvent | str | None:
        """Return what happens next, or why the row does not fit here; None where it was drawn with another seed."""
        stop = machine.current_stop
        if stop is None:
            outcome = OUTCOMES.get(machine.ending)
            is_temporary = outcome is not None and outcome.temporary
            return (events.InterviewSuspended if is_temporary else events.InterviewEnded)(
                stamp, machine.ending
            )
        question, place = stop.item.question, stop.place
        if machine.query is not None:
            return events.QueryConfirmed(stamp, place, machine.query)
        columns = self.places.get(place)
        given = columns.read(row.cells) if columns is not None else None
        if isinstance(question, ComputedItem):
            value, of = Interview(machine).compute_answer()
            if (
                isinstance(question, SplitItem | DrawItem | PickItem)
                and given is not None
                and not given.says(value)
            ):
                return None
            if value is None:
                value = next(
                    (state for state in QUOTA_STATES if given is not None and given.says(state)),
                    "open",
                )
            return events.ValueComputed(stamp, place, value, of)
        if not question.expects_answer:
            return events.QuestionAnswered(stamp, place)
        if given is None:
            return self._answer_without_cell(machine, stop, row, stamp)
        if given.decline:
            return events.QuestionDeclined(stamp, place, given.decline)
        if given.code is not None:  # the interview itself checks that it is offered
            return events.QuestionAnswered(stamp, place, given.code)
        assert given.reply is not None
        event = parse_reply_at(machine, stop, given.reply, stamp)
        return event.why if isinstance(event, Rejection) else event

    def _answer_without_cell(
        self, machine: Machine, stop: RouteStop, row: InputRow, stamp: EventStamp
    ) -> events.InterviewEvent | str:
        text = self.fixed.get(stop.place)
        status, outcome = (
            row.cells[at].strip() if at is not None else "" for at in (self.status, self.outcome)
        )
        if text is None and (status in ("open", "suspended") or outcome not in ("", "complete")):
            if outcome and outcome not in (*OUTCOMES, *self.instrument.document.outcomes):
                return f"it is not answered, and there is no outcome {outcome!r}"
            is_suspended = status in ("open", "suspended")
            return (events.InterviewSuspended if is_suspended else events.InterviewStopped)(
                stamp, outcome
            )
        if text is None and self.spec.empty is not None:
            text = f".{self.spec.empty}"
        if text is None:
            column = "is empty" if stop.place in self.places else "has no column"
            return f"it is asked, and {column}"
        if text.startswith(".") and text[1:] in self.instrument.declines:
            return events.QuestionDeclined(stamp, stop.place, text[1:])
        event = parse_reply_at(machine, stop, ExactText(text), stamp)
        return event.why if isinstance(event, Rejection) else event

    def _check_all_used(self, row: InputRow, machine: Machine) -> bool:
        """Report answers that the file has at places off the route."""
        for place, columns in self.places.items():
            if place in machine.recorded_answers or isinstance(columns.item.question, ComputedItem):
                continue
            if columns.read(row.cells) is None:
                continue
            reason = explain_absence(machine, machine.recorded_answers, place)
            why = (
                describe_reason(self.instrument, reason, place)
                if reason is not None
                else "it is not reached"
            )
            remedy = "empty the cell, or correct the answer that decides"
            self._report(
                row, columns.first, str(place), f"it has an answer and is not asked: {why}", remedy
            )
            return False
        return True

    def _report_place(self, row: InputRow, machine: Machine, why: str) -> None:
        place = machine.current_stop.place if machine.current_stop is not None else Place("")
        columns: PlaceColumns | None = self.places.get(place)
        remedy = "correct the cell, or give its code another meaning in the map: recode"
        if columns is None:
            remedy = f"give its column in the map: columns: {{{place.item}: COLUMN}}, or answers: {{{place}: …}}"
        self._report(row, columns.first if columns is not None else None, str(place), why, remedy)

    def _report(self, row: InputRow, column: int | None, who: str, what: str, remedy: str) -> None:
        if column is not None:
            what = (
                f"column {self.names[column]}, {shorten(row.cells[column])!r}: {shorten(what, 300)}"
            )
        self.collector.add_error(
            "answer-row",
            shorten(who),
            what,
            remedy,
            line=row.line,
            of=who if column is None else self.names[column],
        )


def _list_answers(journal: Sequence[events.InterviewEvent]) -> dict[Place, object]:
    """Return the answers of a journal of an imported interview by place."""
    return {event.place: event[2:] for event in journal if isinstance(event, AnswerEvent)}
