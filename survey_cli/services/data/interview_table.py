"""Tables of a study's interviews, answers and events, for all versions of the questionnaire.

Where only the last state is requested, rows are read from snapshots. As of an earlier time, or with a condition over
more than plain answers, each journal is replayed.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from json.encoder import encode_basestring
from typing import TypeAlias

from survey_cli.engine.codec import encode_cells
from survey_cli.engine.events import OFFICE_EVENTS, InterviewEvent, InterviewMigrated, find_erasure
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.engine.machine import InterviewStatus
from survey_cli.fieldwork.rates.dispositions import find_disposition
from survey_cli.instrument.analysis import Analysis
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.revisions.meaning_changes import find_separate_columns
from survey_cli.services.conditions import compile_condition
from survey_cli.services.data.export_options import (
    ORIGINS,
    DataTable,
    ExportOptions,
    OverriddenOutcome,
)
from survey_cli.services.data.study_metadata import describe_study
from survey_cli.services.database.route_verification import find_differences
from survey_cli.services.run_on_study import ProgressReporter
from survey_cli.store import ExportRow, InstrumentRow, InterviewOrigin, Store
from survey_cli.store.backends.errors import RESTORE_COMMAND
from survey_cli.study.versions import describe_version, is_accepted_as_same
from survey_cli.table.columns import build_columns, build_row, find_personal_names, have_same_cells
from survey_cli.table.paradata import (
    ANSWER_COLUMNS,
    EVENT_COLUMNS,
    RowHeading,
    iterate_answer_rows,
    iterate_event_rows,
)
from survey_cli.table.table import Table, build_admin_variables, build_outcome_labels, split_row
from survey_cli.table.versions import (
    ComputeUpdate,
    SeparateColumns,
    VersionRows,
    build_compute_update,
    combine_versions,
    list_inputs,
    reads_today,
)
from survey_cli.values import Cell, Code
from survey_cli.wording import format_quantity


class UnreadableInterviewError(UserError):
    """The data of an interview can't be read, found while iterating over rows: nothing is exported without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewSource:
    """Which interviews are read, and from where."""

    store: Store
    base: Instrument
    """The newest version: the file's."""
    analysis: Analysis
    """The same with the variables and filters of the analysis file."""
    options: ExportOptions
    language: str
    pseudonyms: Mapping[str, str]
    """Pseudonyms of interviewers, by login."""
    until: datetime | None = None
    """Later events are left out."""
    overrides: Mapping[str, OverriddenOutcome] = field(default_factory=dict)
    """Corrected outcomes, by interview."""
    left_out: Collection[str] = frozenset()
    """Interviews that are left out."""
    versions: dict[str, Instrument] = field(default_factory=dict)
    """Earlier versions of interviews that were taken to another one, as far as they were needed."""

    @property
    def instrument(self) -> Instrument:
        return self.analysis.instrument

    @property
    def origins(self) -> tuple[InterviewOrigin, ...]:
        match self.options.origin:
            case "all":
                return ORIGINS
            case "real":
                return "real", "imported"
            case origin if origin in ORIGINS:
                return (origin,)
            case origin:
                remedy = suggest_nearest(
                    origin, (*ORIGINS, "all"), otherwise=f"write all, {', '.join(ORIGINS)}"
                )
                raise UserError("--origin", f"there is no origin {origin!r}", remedy)

    @property
    def statuses(self) -> tuple[InterviewStatus, ...]:
        """Statuses selected in the store. As of a past time, each journal decides instead."""
        return () if self.options.partials or self.until is not None else ("ended",)

    def load_version(self, content_hash: str) -> Instrument:
        """Return the instrument of a stored version. Raises UserError."""
        if content_hash not in self.versions:
            stored = self.store.data.read_stored_text(content_hash)
            self.versions[content_hash] = rebuild_instrument(stored)
        return self.versions[content_hash]


_SelectedInterview: TypeAlias = tuple[ExportRow, Sequence[InterviewEvent] | None, Interview | None]
"""A selected interview: its row, its events and its state, None where they were not read."""


def build_interview_table(source: InterviewSource) -> DataTable:
    """Build one table of all versions that have interviews; without any, with the file's own columns."""
    versions = _load_versions(source)
    parts = [version.build_part() for version in versions]
    uncomputed = tuple(versions[-1].explain_uncomputed()) if versions else ()
    instrument, language, options = source.instrument, source.language, source.options
    if not parts:
        variables = (
            *build_admin_variables(instrument, language),
            *build_columns(instrument, language),
        )
        parts.append(
            VersionRows(
                version=f"version {instrument.version}", variables=variables, rows=lambda: ()
            )
        )
    known = {name for part in parts for v in part.variables for name in (v.name, v.item)} - {""}
    check_personal_names(options, known)
    study = describe_study(instrument, language)
    corrections = []
    if overrides := source.overrides:
        interviews = format_quantity(len(overrides), "interview")
        what = f"interview_outcome is a supervisor's correction in {interviews}; the calls have the original outcome"
        corrections.append(what)
    combined = combine_versions(
        parts,
        language=language,
        personal=None if options.all_personal else options.personal,
        current=build_columns(instrument, language),
    )
    return DataTable(
        analysis=source.analysis,
        table=replace(
            combined.table,
            study=replace(study, versions=tuple(version.label for version in versions)),
        ),
        warnings=(*_warn_of_equal_names([version.kept for version in versions]), *corrections),
        differences=(*combined.differences, *uncomputed),
        left_out=combined.left_out,
        overrides=source.overrides,
    )


def check_personal_names(options: ExportOptions, known: Collection[str]) -> None:
    """Check that every name given with `--personal` is known. Raises UserError."""
    for name in sorted(options.personal - set(known)):
        remedy = suggest_nearest(name, known, otherwise="use an item's id")
        raise UserError("--personal", f"there is no column {name!r}", remedy)


def build_long_table(source: InterviewSource, row_unit: str) -> DataTable:
    """Build a table with one row per `event`, or per current `answer`."""
    versions = _load_versions(source)
    instruments = [version.instrument for version in versions] or [source.instrument]
    items = {name for instrument in instruments for name in instrument.items}
    personal = {name for instrument in instruments for name in find_personal_names(instrument)}
    check_personal_names(source.options, items | personal)

    def rows() -> Iterator[tuple[Cell, ...]]:
        for version in versions:
            for line, journal, _ in version.select_interviews():
                if journal is None:
                    journal = source.store.interviews.read_journal(line.id)
                cells = line.id, line.case, line.number, line.origin, version.kept.version
                heading = RowHeading(cells, source.pseudonyms, version.hidden_items)
                try:
                    if row_unit == "event":
                        yield from iterate_event_rows(version.find_version, journal, heading)
                    else:
                        yield from iterate_answer_rows(
                            version.find_version, journal, heading, version.language
                        )
                except ValueError as error:
                    raise _make_replay_error(line, error) from error

    variables = EVENT_COLUMNS if row_unit == "event" else ANSWER_COLUMNS
    hidden = set() if source.options.all_personal else (personal & items) - source.options.personal
    study = describe_study(source.instrument, source.language)
    return DataTable(
        analysis=source.analysis,
        table=Table(
            variables=variables,
            rows=rows(),
            language=source.language,
            study=study,
            row_unit=row_unit,
        ),
        warnings=tuple(_warn_of_equal_names([version.kept for version in versions])),
        left_out=tuple(sorted(hidden)),
    )


def _load_versions(source: InterviewSource) -> "list[_Version]":
    """Return the versions that have interviews to export, the oldest first."""
    condition = parse_condition(source.instrument, source.options)
    stored = source.store.data.list_instruments()
    at_most = (
        1 if source.options.progress is None else sys.maxsize
    )  # nobody sees how many there are
    count = partial(
        source.store.data.count_interviews, origins=source.origins, statuses=source.statuses
    )
    counts = {row.hash: count(row.hash, at_most=at_most) for row in stored}
    used = [row for row in stored if counts[row.hash]]
    reporter = ProgressReporter(source.options.progress, sum(counts.values()))
    newest = source.base
    instruments = [
        newest if row.hash == newest.hash else rebuild_instrument(row.stored_text) for row in used
    ]
    later = [newest] if instruments and instruments[-1].hash != newest.hash else []
    separate = find_separate_columns(
        [*instruments, *later], lambda change: is_accepted_as_same(source.store, change)
    )
    build = partial(_Version, source=source, where=condition, reporter=reporter)
    return [
        build(
            instrument=instrument,
            kept=row,
            label=describe_version(row, used),
            apart=columns,
            number=number,
        )
        for number, (row, instrument, columns) in enumerate(
            zip(used, instruments, separate, strict=False), 1
        )
    ]


def parse_condition(instrument: Instrument, options: ExportOptions) -> Condition | None:
    """Parse the condition of `--where`; None where there is none.

    It may refer to personal items only where they are exported.
    """
    if not options.where:
        return None
    condition = compile_condition(instrument, options.where)
    names, computes = condition.names, instrument.computes
    while filters := {name for name in names if name in computes and not computes[name].is_column}:
        names = names.difference(filters).union(*(list_inputs(computes[name]) for name in filters))
    hidden = (find_personal_names(instrument) & names) - options.personal
    if hidden and not options.all_personal:
        raise make_personal_condition_error(min(hidden))
    return condition


def make_personal_condition_error(name: str) -> UserError:
    """Return the error for a condition over a personal column that is not exported."""
    return UserError("--where", f"{name} is personal", f"remove it, or add --personal {name}")


def _list_outcome_labels(source: InterviewSource) -> dict[Code, str]:
    """Labels of the newest version's outcomes, and AAPOR's names of codes that supervisors gave alone."""
    labels = build_outcome_labels(source.instrument, source.language)
    for code in sorted({override.outcome for override in source.overrides.values()} - set(labels)):
        row = find_disposition(code)
        labels[code] = row.name if row is not None else f"Code {code}"
    return labels


def _warn_of_equal_names(rows: Sequence[InstrumentRow]) -> Iterator[str]:
    """Yield a warning for each version name that several different texts have."""
    for name in dict.fromkeys(row.version for row in rows):
        same = [row for row in rows if row.version == name]
        if len(same) > 1:
            name_text = f"version {name!r}" if name else "no version"
            days = ", ".join(f"{row.kept_at:%Y-%m-%d %H:%M:%S} UTC" for row in same)
            yield (
                f"{len(same)} different questionnaires have {name_text} (in use since {days}): "
                "change version: each time you edit the file"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """The interviews that began with one text of the instrument."""

    source: InterviewSource
    instrument: Instrument
    kept: InstrumentRow
    label: str
    where: Condition | None
    reporter: ProgressReporter
    apart: Mapping[str, SeparateColumns]
    """Items, sample columns and computes with another meaning than in newer versions."""
    number: int

    @property
    def language(self) -> str:
        language = self.source.language
        return language if language in self.instrument.languages else self.instrument.language

    @property
    def hidden_items(self) -> frozenset[str]:
        """Items whose values are not exported."""
        options = self.source.options
        return (
            frozenset()
            if options.all_personal
            else find_personal_names(self.instrument) - options.personal
        )

    def find_version(self, content_hash: str) -> Instrument:
        """Return the instrument of a version, which an interview of this one may have had before."""
        return (
            self.instrument
            if content_hash == self.kept.hash
            else self.source.load_version(content_hash)
        )

    def build_part(self) -> VersionRows:
        own_columns = build_columns(self.instrument, self.language)
        computing = self._build_computing()
        has_current_columns = have_same_cells(own_columns, self.kept.variables)
        encode, version = encode_basestring, encode_basestring(self.kept.version)
        pseudonyms, overrides = self.source.pseudonyms, self.source.overrides
        update_stored, rules = computing.make_updater(), str(RULES_VERSION)

        def rows() -> Iterator[str]:
            for line, _, interview in self.select_interviews():
                # unpacked at once, which takes half the time of reading each field
                (
                    id,
                    case,
                    number,
                    origin,
                    status,
                    outcome,
                    began_at,
                    updated_at,
                    by,
                    engine,
                    cells,
                    language,
                ) = line
                stored = cells if has_current_columns and engine == rules else None
                data = update_stored(stored) if interview is None and stored is not None else None
                if data is None:
                    interview = interview or self._replay_and_compare(line)[1]
                    data = computing.update_row(encode_cells(build_row(interview)), interview)
                if (override := overrides.get(id)) is not None:
                    outcome = override.outcome
                yield (
                    f'["{id}",{encode(case)},{number},"{origin}",{version},"{status}",{encode(outcome)},'
                    f'"{began_at[:19]}+00:00","{updated_at[:19]}+00:00",{encode(pseudonyms.get(by, by))},'
                    f"{encode(language)},{data[1:]}"
                )

        admin_variables = build_admin_variables(
            self.instrument, self.language, _list_outcome_labels(self.source)
        )
        variables = (*admin_variables, *computing.variables)
        computed = "it was computed from other answers, or from answers with another meaning"
        own = self.instrument.computes
        whys = {
            name: computed if name in own else "it was not computed" for name in computing.lacking
        }
        separate = {
            **self.apart,
            **{name: SeparateColumns(self.number, why) for name, why in whys.items()},
        }
        return VersionRows(version=self.label, variables=variables, rows=rows, separate=separate)

    def explain_uncomputed(self) -> Iterator[str]:
        """Yield a note for each compute that is not a column because its inputs are missing."""
        computing = self._build_computing()
        columns = {v.name for v in computing.variables}
        for name, compute in self.source.instrument.computes.items():
            if compute.is_column and name not in columns:
                reads = ", ".join(sorted(list_inputs(compute)))
                yield f"{name}: not computed: {self.label} lacks inputs ({reads}) with their current meaning"

    def _build_computing(self) -> ComputeUpdate:
        options = self.source.options
        personal = None if options.all_personal else options.personal
        return build_compute_update(
            self.instrument, self.source.instrument, self.apart, self.language, personal
        )

    def select_interviews(self) -> Iterator[_SelectedInterview]:
        """Iterate over the selected interviews, the oldest first."""
        source, personal = (
            self.source,
            self.source.options.all_personal or bool(self.source.options.personal),
        )
        holds = (
            self._make_selector(self.where)
            if self.where is not None and source.until is None
            else None
        )
        lines = source.store.data.iterate_export_rows(
            self.kept.hash, origins=source.origins, statuses=source.statuses, personal=personal
        )
        for line in self.reporter(lines):
            if line.id in source.left_out:
                continue
            if source.until is not None:
                yield from self._select_as_of(line, source.until)
            elif holds is not None:
                yield from holds(line)
            else:
                yield line, None, None

    def _select_as_of(self, line: ExportRow, until: datetime) -> Iterator[_SelectedInterview]:
        """Yield the interview as it was at that time; what was erased since stays erased.

        Nothing where it had not begun, or is not selected.
        """
        journal = self.source.store.interviews.read_journal(line.id)
        if not journal or journal[0].stamp.at > until:
            return
        later: list[InterviewEvent] = []
        if find_erasure(journal) is None:
            later = [
                event
                for event in journal
                if event.stamp.at > until and isinstance(event, InterviewMigrated)
            ]
            journal = [event for event in journal if event.stamp.at <= until]
        interview = self._replay(
            line, (*journal, *later)
        )  # what was asked by then, as a row of the present version
        if not self.source.options.partials and interview.status != "ended":
            return
        if self.where is not None and not self._is_true(
            self.where, interview, self._build_computing()
        ):
            return
        last = next(e for e in reversed(journal) if not isinstance(e, OFFICE_EVENTS)).stamp
        line = line._replace(
            status=interview.status,
            outcome=interview.outcome,
            by=last.by,
            updated_at=last.at.isoformat(),
            language=interview.language,
        )
        yield line, journal, interview

    def _make_selector(
        self, where: Condition
    ) -> Callable[[ExportRow], Iterator[_SelectedInterview]]:
        """Return a function that yields an interview where the condition holds for it."""
        variables, computing = (
            build_columns(self.instrument, self.language),
            self._build_computing(),
        )
        has_other_meaning = not where.names.isdisjoint(self.apart.keys() | computing.lacking)
        must_replay = (
            has_other_meaning
            or reads_today(where)
            or not have_same_cells(variables, self.kept.variables)
        )
        read_known = computing.make_row_reader(where.names)

        def holds(line: ExportRow) -> Iterator[_SelectedInterview]:
            if not must_replay and line.cells is not None and line.engine == str(RULES_VERSION):
                known = read_known(split_row(line.cells, len(variables)))
                if known is not None:
                    if where.evaluate(known) is True:
                        yield line, None, None
                    return
            journal, interview = self._replay_and_compare(line)
            if self._is_true(where, interview, computing):
                yield line, journal, interview

        return holds

    def _is_true(self, where: Condition, interview: Interview, computing: ComputeUpdate) -> bool:
        """Return whether a condition holds for an interview.

        What its version did not have, or had with another meaning, counts as not asked.
        """
        known = interview.evaluate_route().known.copy()
        computing.add_computes(known)
        unknown = {name for name in where.names if not known.has_value(name)}
        known.mark_not_asked(unknown | self.apart.keys() | computing.lacking)
        return where.evaluate(known) is True

    def _replay_and_compare(self, line: ExportRow) -> tuple[Sequence[InterviewEvent], Interview]:
        """Replay an interview whose stored data are not used. Raises UserError where its row differs from its journal."""
        journal = self.source.store.interviews.read_journal(line.id)
        interview = self._replay(line, journal)
        if differing := find_differences(interview, line):
            what = f"its row in the list of interviews differs from its journal ({', '.join(differing)})"
            remedy = (
                f"`survey db verify` lists all differences; to restore a backup: {RESTORE_COMMAND}"
            )
            raise UnreadableInterviewError(
                f"case {line.case}, interview {line.id[:8]}", what, remedy
            )
        return journal, interview

    def _replay(self, line: ExportRow, journal: Sequence[InterviewEvent]) -> Interview:
        try:
            return Interview.replay(self.instrument, journal)
        except ValueError as error:
            raise _make_replay_error(line, error) from error


def _make_replay_error(line: ExportRow, error: ValueError) -> UnreadableInterviewError:
    what = f"its journal cannot be replayed ({str(error).partition(':')[0]})"  # the rest may contain an answer
    return UnreadableInterviewError(f"case {line.case}", what, "`survey db verify` gives details")
